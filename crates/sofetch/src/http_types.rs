//! From and to the `http` crate's types.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use sofetch_core::infrastructure::bodies::Body;
use sofetch_core::infrastructure::header_list::HeaderList;

use crate::body::BodyStream;
use crate::error::{Error, ErrorKind, Misuse};
use crate::headers::{Guard, Headers, is_framing_name};
use crate::request::Request;
use crate::response::Response;

impl<B: Into<Bytes>> From<http::Request<B>> for Request {
    /// Headers that frame the body or belong to the connection are left out: they follow from the body.
    fn from(request: http::Request<B>) -> Request {
        let (parts, body) = request.into_parts();
        let mut converted = Request::new(parts.uri.to_string()).method(parts.method.as_str());
        for (name, value) in &parts.headers {
            if !is_framing_name(name.as_str().as_bytes()) {
                converted = converted.header(name.as_str(), value.as_bytes());
            }
        }
        let body = body.into();
        if body.is_empty() { converted } else { converted.body(body) }
    }
}

impl TryFrom<Response> for http::Response<HttpBody> {
    type Error = Error;

    /// What the response shows. One that is opaque, or an error, has a status of 0, which `http` cannot say: nobody
    /// shall take it for a 200. One that was read has nothing left to read.
    fn try_from(response: Response) -> Result<http::Response<HttpBody>, Error> {
        if response.body_used() {
            return Err(Error::of(ErrorKind::BodyUsed));
        }
        let url = response.url_list().last().cloned();
        let status = http::StatusCode::from_u16(response.status())
            .map_err(|_| Error::misuse(Misuse::InvalidStatus).with_url(url.as_ref()))?;
        let mut converted = http::Response::new(HttpBody(BodyStream::new(None, None)));
        *converted.status_mut() = status;
        for (name, value) in response.headers().iter() {
            let name = http::HeaderName::from_bytes(name);
            let value = http::HeaderValue::from_bytes(value);
            // NB: `http` has no room for control bytes in values; such a header is left out.
            if let (Ok(name), Ok(value)) = (name, value) {
                converted.headers_mut().append(name, value);
            }
        }
        let mut core = response.into_core();
        let body = core.body_mut().map(|body| std::mem::replace(body, Body::from_bytes(Bytes::new())));
        *converted.body_mut() = HttpBody(BodyStream::new(body, url));
        Ok(converted)
    }
}

impl<B: Into<Bytes>> TryFrom<http::Response<B>> for Response {
    type Error = Error;

    /// A response of one's own making, for overrides and tests. An empty body is none.
    fn try_from(response: http::Response<B>) -> Result<Response, Error> {
        let (parts, body) = response.into_parts();
        let body = Some(body.into()).filter(|body: &Bytes| !body.is_empty());
        Response::new(parts.status.as_u16(), Headers::from(&parts.headers), body)
    }
}

impl From<&http::HeaderMap> for Headers {
    fn from(map: &http::HeaderMap) -> Headers {
        let mut list = HeaderList::with_capacity(map.len());
        for (name, value) in map {
            list.append(
                Bytes::copy_from_slice(name.as_str().as_bytes()),
                Bytes::copy_from_slice(value.as_bytes()),
            );
        }
        Headers::from_list(list, Guard::None)
    }
}

impl TryFrom<&Headers> for http::HeaderMap {
    type Error = Error;

    /// Fails on a value that `http` has no room for (a control byte).
    fn try_from(headers: &Headers) -> Result<http::HeaderMap, Error> {
        let mut map = http::HeaderMap::new();
        for (name, value) in headers.iter() {
            let name =
                http::HeaderName::from_bytes(name).map_err(|_| Error::misuse(Misuse::InvalidHeaderName))?;
            let value = http::HeaderValue::from_bytes(value)
                .map_err(|_| Error::misuse(Misuse::InvalidHeaderValue))?;
            map.try_append(name, value).map_err(|_| Error::misuse(Misuse::CannotCarry))?;
        }
        Ok(map)
    }
}

/// A response's body as an `http_body::Body`.
#[derive(Debug)]
pub struct HttpBody(pub(crate) BodyStream);

impl http_body::Body for HttpBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let stream = Pin::new(&mut self.0);
        futures_core::Stream::poll_next(stream, context).map(|next| next.map(|chunk| chunk.map(Frame::data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_go_there_and_back() {
        let headers = Headers::from_pairs([("a", "1"), ("a", "2"), ("b", "\u{e9}")]).expect("valid pairs");
        let map = http::HeaderMap::try_from(&headers).expect("what `http` has room for");
        assert_eq!(Headers::from(&map).get_all("a"), ["1", "2"]);
        assert_eq!(Headers::from(&map).get_bytes("b"), headers.get_bytes("b"));
        let control = Headers::from_pairs([("a", "\u{1}")]).expect("a value of the Standard's");
        assert!(http::HeaderMap::try_from(&control).expect_err("`http` has no room").is_misuse());
    }

    #[test]
    fn a_response_of_ones_own() {
        let built = http::Response::builder().status(418).header("a", "1").body("tea").expect("a response");
        let response = Response::try_from(built).expect("a status within bounds");
        assert_eq!((response.status(), response.headers().get("a").as_deref()), (418, Some("1")));
    }
}
