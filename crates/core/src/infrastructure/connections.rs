//! What the rules ask of a [connection](https://fetch.spec.whatwg.org/#connections): which HTTP it speaks.

/// Which HTTP a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub enum Protocol {
    /// HTTP/1.x
    #[serde(rename = "http/1.1")]
    Http1,
    /// HTTP/2
    #[serde(rename = "h2")]
    Http2,
}

impl Protocol {
    /// Its ALPN protocol id.
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Http1 => "http/1.1",
            Protocol::Http2 => "h2",
        }
    }
}
