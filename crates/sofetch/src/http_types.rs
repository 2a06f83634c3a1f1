//! From and to the `http` crate's types.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use sofetch_core::infrastructure::bodies::Body;

use crate::body::BodyStream;
use crate::error::{Error, ErrorKind, Misuse};
use crate::headers::is_framing_name;
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
