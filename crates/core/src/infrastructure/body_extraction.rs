//! [Extract and safely extract a body](https://fetch.spec.whatwg.org/#bodyinit-unions): from what a caller hands over to a body with its type.
//!
//! Text, forms and blobs become chunks known beforehand; only a stream of the caller's stays a stream.

use std::sync::Arc;

use bytes::Bytes;

use crate::infrastructure::blobs::Blob;
use crate::infrastructure::bodies::{Body, BodySource, ByteStream};
use crate::infrastructure::form_data::FormData;
use crate::infrastructure::multipart::{multipart_form_data_encode, safe_boundary};
use crate::infrastructure::urlencoded::urlencoded_serializer;

/// <https://fetch.spec.whatwg.org/#bodyinit>, or a byte sequence.
pub enum BodyInit {
    /// A `ReadableStream` object. Owned, so neither disturbed nor locked.
    Stream(Box<dyn ByteStream>),
    /// A byte sequence, or a copy of the bytes that a `BufferSource` object held.
    Bytes(Bytes),
    /// A `Blob` object.
    Blob(Blob),
    /// A `FormData` object's entry list.
    FormData(FormData),
    /// A `URLSearchParams` object's list.
    UrlSearchParams(Vec<(String, String)>),
    /// A scalar value string.
    Text(String),
}

impl BodyInit {
    /// Is this the one that cannot be made again?
    pub fn is_stream(&self) -> bool {
        matches!(self, BodyInit::Stream(_))
    }
}

/// <https://fetch.spec.whatwg.org/#body-with-type>
#[derive(Debug)]
pub struct BodyWithType {
    /// The body.
    pub body: Body,
    /// The type, a header value; `None` is null.
    pub content_type: Option<Bytes>,
}

/// A stream with *keepalive* true: extract's `TypeError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamWithKeepalive;

impl std::fmt::Display for StreamWithKeepalive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a stream cannot be the body of a keepalive request")
    }
}
impl std::error::Error for StreamWithKeepalive {}

/// [`extract`] with its optional *keepalive* argument.
pub fn extract_with_keepalive(
    object: BodyInit,
    keepalive: bool,
    boundary: impl FnOnce() -> String,
) -> Result<BodyWithType, StreamWithKeepalive> {
    match keepalive && object.is_stream() {
        true => Err(StreamWithKeepalive),
        false => Ok(extract(object, boundary)),
    }
}

/// <https://fetch.spec.whatwg.org/#concept-bodyinit-extract> without *keepalive*, and so, a stream being owned and
/// undisturbed, also <https://fetch.spec.whatwg.org/#bodyinit-safely-extract>. `boundary` is asked only for a form.
pub fn extract(object: BodyInit, boundary: impl FnOnce() -> String) -> BodyWithType {
    let (body, content_type) = match object {
        // 10, ReadableStream: source, length and type stay null.
        BodyInit::Stream(stream) => (Body::from_boxed_stream(stream), None),
        // 10, byte sequence and BufferSource; 11.
        BodyInit::Bytes(bytes) => (Body::from_bytes(bytes), None),
        // 10, Blob: an empty type is no type.
        BodyInit::Blob(blob) => {
            let content_type = match blob.content_type() {
                "" => None,
                content_type => Some(Bytes::copy_from_slice(content_type.as_bytes())),
            };
            (Body::from_blob(blob), content_type)
        }
        // 10, FormData. NB: the Standard leaves the length open; what we are about to send we can count.
        BodyInit::FormData(form_data) => {
            let boundary: Arc<str> = safe_boundary(&boundary()).into();
            let content_type = format!("multipart/form-data; boundary={boundary}");
            (form_data_body(form_data, boundary), Some(content_type.into()))
        }
        // 10, URLSearchParams; 11.
        BodyInit::UrlSearchParams(list) => {
            let tuples = list.iter().map(|(name, value)| (&**name, &**value));
            let body = Body::from_bytes(urlencoded_serializer(tuples, None));
            (body, Some(Bytes::from_static(b"application/x-www-form-urlencoded;charset=UTF-8")))
        }
        // 10, scalar value string; 11.
        BodyInit::Text(text) => {
            (Body::from_bytes(text), Some(Bytes::from_static(b"text/plain;charset=UTF-8")))
        }
    };
    // 13, 14.
    BodyWithType { body, content_type }
}

/// A body's source, safely extracted once more: what a redirect, a 401 or a 421 sends again. A form writes the same
/// bytes under the same boundary. `None` for a source that is null.
pub fn safely_extract_source(source: &BodySource) -> Option<Body> {
    match source {
        BodySource::Null => None,
        BodySource::Bytes(bytes) => Some(Body::from_bytes(bytes.clone())),
        BodySource::Blob(blob) => Some(Body::from_blob(blob.clone())),
        BodySource::FormData(form_data, boundary) => {
            Some(form_data_body(form_data.clone(), boundary.clone()))
        }
    }
}

fn form_data_body(form_data: FormData, boundary: Arc<str>) -> Body {
    let chunks = multipart_form_data_encode(&form_data, &boundary);
    Body::from_chunks(chunks, BodySource::FormData(form_data, boundary))
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::*;
    use crate::infrastructure::bodies::BodyError;
    use crate::infrastructure::form_data::FormDataEntry;

    struct OneChunk(Option<Bytes>);

    impl ByteStream for OneChunk {
        fn poll_next(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
            Poll::Ready(self.0.take().map(Ok))
        }
    }

    fn read(body: &mut Body) -> Vec<u8> {
        let mut context = Context::from_waker(Waker::noop());
        let mut read = Vec::new();
        while let Poll::Ready(Some(chunk)) = body.poll_chunk(&mut context) {
            read.extend_from_slice(&chunk.expect("a body of the table"));
        }
        read
    }

    fn form() -> FormData {
        FormData { entries: vec![FormDataEntry::create("a", "b", None, 0)] }
    }

    const FORM: &[u8] = b"--xy\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--xy--\r\n";

    #[test]
    fn extract_table() {
        let blob =
            |content_type| Blob::new([Bytes::from_static(b"ab"), Bytes::from_static(b"c")], content_type);
        let pairs = || vec![("a b".to_owned(), "\u{E9}".to_owned())];
        let length = |bytes: &[u8]| Some(bytes.len() as u64);
        for (name, init, bytes, source, length, content_type) in [
            ("bytes have no type", BodyInit::Bytes("abc".into()), &b"abc"[..], "bytes", Some(3), None),
            (
                "text is UTF-8",
                BodyInit::Text("\u{E9}".into()),
                b"\xC3\xA9",
                "bytes",
                Some(2),
                Some("text/plain;charset=UTF-8"),
            ),
            (
                "empty text has a type and a length",
                BodyInit::Text(String::new()),
                b"",
                "bytes",
                Some(0),
                Some("text/plain;charset=UTF-8"),
            ),
            ("a blob with a type", BodyInit::Blob(blob("X/y")), b"abc", "blob", Some(3), Some("x/y")),
            ("a blob without one", BodyInit::Blob(blob("")), b"abc", "blob", Some(3), None),
            (
                "parameters",
                BodyInit::UrlSearchParams(pairs()),
                b"a+b=%C3%A9",
                "bytes",
                Some(10),
                Some("application/x-www-form-urlencoded;charset=UTF-8"),
            ),
            (
                "a form",
                BodyInit::FormData(form()),
                FORM,
                "form",
                length(FORM),
                Some("multipart/form-data; boundary=xy"),
            ),
            (
                "a stream",
                BodyInit::Stream(Box::new(OneChunk(Some("abc".into())))),
                b"abc",
                "null",
                None,
                None,
            ),
        ] {
            let BodyWithType { mut body, content_type: found } = extract(init, || "xy".to_owned());
            assert_eq!(found.as_deref(), content_type.map(str::as_bytes), "{name}");
            assert_eq!(body.length, length, "{name}");
            let found = match &body.source {
                BodySource::Null => "null",
                BodySource::Bytes(whole) => {
                    assert_eq!(whole, bytes, "{name}");
                    "bytes"
                }
                BodySource::Blob(_) => "blob",
                BodySource::FormData(..) => "form",
            };
            assert_eq!(found, source, "{name}");
            // What the source makes again is what is sent, to the byte.
            if let Some(mut again) = safely_extract_source(&body.source) {
                assert_eq!(again.length, body.length, "{name}");
                assert_eq!(read(&mut again), bytes, "{name}");
                assert!(!again.source.is_null(), "{name}");
            }
            assert_eq!(read(&mut body), bytes, "{name}");
        }
    }

    #[test]
    fn only_a_form_asks_for_a_boundary() {
        let text = extract(BodyInit::Text("x".into()), || unreachable!("no form"));
        assert_eq!(text.body.length, Some(1));
    }

    #[test]
    fn a_stream_cannot_be_sent_again_nor_kept_alive() {
        let stream = || BodyInit::Stream(Box::new(OneChunk(None)));
        let boundary = String::new;
        assert!(extract_with_keepalive(stream(), true, boundary).is_err());
        assert!(extract_with_keepalive(BodyInit::Text(String::new()), true, boundary).is_ok());
        let streamed = extract_with_keepalive(stream(), false, boundary).expect("no keepalive");
        assert!(safely_extract_source(&streamed.body.source).is_none());
    }

    #[test]
    fn a_form_sent_again_keeps_its_boundary() {
        let first = extract(BodyInit::FormData(form()), || "xy".to_owned());
        let mut again = safely_extract_source(&first.body.source).expect("a source");
        for _ in 0..3 {
            again = safely_extract_source(&again.source).expect("a source");
            assert!(matches!(&again.source, BodySource::FormData(_, boundary) if &**boundary == "xy"));
        }
        assert_eq!(read(&mut again), FORM);
    }

    #[test]
    fn row_68_no_content_type_holds_line_breaks_or_nul() {
        let hostile = "a\r\nX-Injected: 1\0";
        let blob = Blob::new([Bytes::from_static(b"x")], hostile);
        assert_eq!(extract(BodyInit::Blob(blob), String::new).content_type, None);
        let form = extract(BodyInit::FormData(form()), || hostile.to_owned());
        assert_eq!(form.content_type.as_deref(), Some(&b"multipart/form-data; boundary=aX-Injected1"[..]));
        let BodyWithType { mut body, .. } = form;
        assert!(read(&mut body).starts_with(b"--aX-Injected1\r\n"), "body and type name the same boundary");
    }
}
