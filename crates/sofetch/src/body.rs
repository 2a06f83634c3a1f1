//! The [Body mixin](https://fetch.spec.whatwg.org/#body-mixin) over a response: read once, as text, JSON, bytes, a blob, form data, or a stream of chunks.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use serde::de::DeserializeOwned;
use sofetch_core::infrastructure::bodies::Body;
use sofetch_core::infrastructure::package_data::text_of;
use sofetch_core::infrastructure::url::Url;

use crate::error::{Error, ErrorKind};

/// The chunks of a response's body, as they come from the socket. Dropping it before its end drains a little or
/// closes the connection; nothing is read ahead, so a body nobody reads holds no memory.
#[derive(Debug)]
pub struct BodyStream {
    body: Option<Body>,
    url: Option<Url>,
}

impl BodyStream {
    /// `url` is said in errors.
    pub(crate) fn new(body: Option<Body>, url: Option<Url>) -> BodyStream {
        BodyStream { body, url }
    }

    /// The next chunk; `None` at the end. Cancel-safe: a dropped future loses no bytes.
    ///
    /// # Errors
    /// The network's, the server's, or an abort.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        std::future::poll_fn(|context| self.poll_chunk(context)).await.transpose()
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let url = self.url.as_ref();
        body.poll_chunk(context)
            .map(|next| next.map(|chunk| chunk.map_err(|error| Error::body(error).with_url(url))))
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes, Error>;
    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_chunk(context)
    }
}

/// [Parse JSON from bytes](https://infra.spec.whatwg.org/#parse-json-bytes-to-a-javascript-value), by serde: UTF-8 decode
/// first, so that a byte order mark goes and what is no UTF-8 becomes U+FFFD.
// DEPARTS: an escaped lone surrogate is an error, for no Rust string can hold it.
pub(crate) fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let parsed = match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_str(&text_of(bytes)),
    };
    parsed.map_err(|error| Error::of(ErrorKind::Decode).with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_decoded_before_it_is_parsed() {
        for (row, bytes, parsed) in [
            ("plain", &b"\"a\""[..], Some("a")),
            ("a byte order mark", b"\xEF\xBB\xBF\"a\"", Some("a")),
            ("what is no UTF-8", b"\"\xFF\"", Some("\u{FFFD}")),
            ("no JSON", b"a", None),
        ] {
            assert_eq!(parse_json::<String>(bytes).ok().as_deref(), parsed, "{row}");
        }
    }
}
