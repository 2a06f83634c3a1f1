//! From and to the `http` crate's types.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use sofetch_core::infrastructure::bodies::Body;

use crate::body::BodyStream;
use crate::error::Error;
use crate::request::Request;
use crate::response::Response;

impl<B: Into<Bytes>> From<http::Request<B>> for Request {
    fn from(request: http::Request<B>) -> Request {
        let (parts, body) = request.into_parts();
        let mut converted = Request::new(parts.uri.to_string()).method(parts.method.as_str());
        for (name, value) in &parts.headers {
            converted = converted.header(name.as_str(), value.as_bytes());
        }
        let body = body.into();
        if body.is_empty() { converted } else { converted.body(body) }
    }
}

impl From<Response> for http::Response<HttpBody> {
    /// What the response shows: of an opaque one a status of 200 (`http` has no 0) without headers and body.
    fn from(response: Response) -> http::Response<HttpBody> {
        let mut converted = http::Response::new(HttpBody(BodyStream(None)));
        if let Ok(status) = http::StatusCode::from_u16(response.status()) {
            *converted.status_mut() = status;
        }
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
        *converted.body_mut() = HttpBody(BodyStream(body));
        converted
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
