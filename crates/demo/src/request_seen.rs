//! What a server saw: one request, to the byte.

use bytes::Bytes;

/// A request as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestSeen {
    /// The method, in its case.
    pub method: String,
    /// The request target, as it stood in the request line.
    pub target: String,
    /// `HTTP/1.1` or `HTTP/1.0`.
    pub version: String,
    /// Every header, in order, in its case; white space around the value left out.
    pub headers: Vec<(Bytes, Bytes)>,
    /// The body, its chunks joined.
    pub body: Bytes,
    /// The trailers of a chunked body.
    pub trailers: Vec<(Bytes, Bytes)>,
    /// Which of the server's connections it came by, from 1.
    pub connection: u64,
    /// The name asked for in the TLS handshake; `None` without TLS or name.
    pub tls_sni: Option<String>,
}

impl RequestSeen {
    /// The values of that name joined by `, `; `None` where there is none.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<String> = named(&self.headers, name).map(|value| said(value)).collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// The names of all headers, in order and case.
    pub fn header_names(&self) -> Vec<String> {
        self.headers.iter().map(|(name, _)| said(name)).collect()
    }

    /// The target up to its query. In absolute-form (to a proxy) it is the whole target.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// What follows the first `?` of the target.
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// Does the client leave the connection open for another request?
    pub fn keeps_alive(&self) -> bool {
        let said = self.header("Connection").unwrap_or_default().to_ascii_lowercase();
        let mut options = said.split(',').map(str::trim);
        match &*self.version {
            "HTTP/1.0" => options.any(|option| option == "keep-alive"),
            _ => options.all(|option| option != "close"),
        }
    }
}

/// The values of the fields of that name.
pub(crate) fn named<'a>(fields: &'a [(Bytes, Bytes)], name: &'a str) -> impl Iterator<Item = &'a Bytes> {
    fields.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
}

/// Bytes as text, a byte a character.
pub(crate) fn said(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| byte as char).collect()
}
