//! Reads one HTTP/1.1 request from a connection: head, then body by length or chunks. Strict and bounded.
//!
//! Strict because it stands for the servers that our own client must not confuse: what it calls malformed, a test
//! wants to hear of. It follows [RFC 9112](https://www.rfc-editor.org/rfc/rfc9112).

use std::fmt;
use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::request_seen::{RequestSeen, named, said};

/// A head larger than this is malformed.
pub(crate) const HEAD_LIMIT: usize = 1 << 20;
/// A body larger than this is malformed.
pub(crate) const BODY_LIMIT: usize = 64 << 20;
const READ_AHEAD: usize = 64 << 10;

/// Why there is no request.
#[derive(Debug)]
pub(crate) enum NoRequest {
    /// The client left between two requests.
    Gone,
    /// The client left within one.
    Cut,
    /// The transport failed.
    Io(io::Error),
    /// It is not HTTP/1.1 as the RFC has it.
    Malformed(String),
}

impl NoRequest {
    /// The same, known to have happened after the request began.
    fn within(self) -> NoRequest {
        match self {
            NoRequest::Gone => NoRequest::Cut,
            other => other,
        }
    }
}

impl From<io::Error> for NoRequest {
    fn from(error: io::Error) -> NoRequest {
        NoRequest::Io(error)
    }
}

impl fmt::Display for NoRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoRequest::Gone => f.write_str("the client left"),
            NoRequest::Cut => f.write_str("the client left within a request"),
            NoRequest::Io(error) => write!(f, "the transport failed: {error}"),
            NoRequest::Malformed(what) => write!(f, "malformed: {what}"),
        }
    }
}

/// A transport with what was read from it and not yet used.
pub(crate) struct Transport<S> {
    pub(crate) stream: S,
    pub(crate) buffer: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Transport<S> {
    pub(crate) fn new(stream: S) -> Transport<S> {
        Transport { stream, buffer: BytesMut::new() }
    }

    /// Reads the head of the next request.
    pub(crate) async fn read_head(&mut self) -> Result<RequestSeen, NoRequest> {
        // Empty lines before a request line are to be passed over (section 2.2).
        let mut first = self.read_line(HEAD_LIMIT).await;
        while matches!(&first, Ok(line) if line.is_empty()) {
            first = self.read_line(HEAD_LIMIT).await;
        }
        let line = first?;
        let line = std::str::from_utf8(&line)
            .map_err(|_| NoRequest::Malformed("the request line is not ASCII".to_owned()))?;
        let mut parts = line.split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NoRequest::Malformed(format!("request line {line:?}")));
        };
        if !is_token(method.as_bytes())
            || target.is_empty()
            || !target.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(NoRequest::Malformed(format!("request line {line:?}")));
        }
        if !matches!(version, "HTTP/1.1" | "HTTP/1.0") {
            return Err(NoRequest::Malformed(format!("version {version:?}")));
        }
        let mut request = RequestSeen {
            method: method.to_owned(),
            target: target.to_owned(),
            version: version.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            trailers: Vec::new(),
            connection: 0,
            tls_sni: None,
        };
        request.headers = self.read_fields(HEAD_LIMIT - line.len()).await.map_err(NoRequest::within)?;
        if version == "HTTP/1.1" && named(&request.headers, "Host").count() != 1 {
            return Err(NoRequest::Malformed("not exactly one Host".to_owned()));
        }
        Ok(request)
    }

    /// Reads the body that the head announces.
    pub(crate) async fn read_body(&mut self, request: &mut RequestSeen) -> Result<(), NoRequest> {
        self.read_framed_body(request).await.map_err(NoRequest::within)
    }

    async fn read_framed_body(&mut self, request: &mut RequestSeen) -> Result<(), NoRequest> {
        let framing = body_framing(&request.headers)?;
        let expects =
            named(&request.headers, "Expect").any(|value| value.eq_ignore_ascii_case(b"100-continue"));
        if expects && !matches!(framing, BodyFraming::Length(0)) && request.version == "HTTP/1.1" {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
            self.stream.flush().await?;
        }
        match framing {
            BodyFraming::Length(length) => request.body = self.read_exactly(length).await?,
            BodyFraming::Chunked => {
                let mut body = BytesMut::new();
                loop {
                    let line = self.read_line(READ_AHEAD).await?;
                    let size = chunk_size(&line)?;
                    if size == 0 {
                        break;
                    }
                    if size > BODY_LIMIT - body.len() {
                        return Err(NoRequest::Malformed("a body over the limit".to_owned()));
                    }
                    body.extend_from_slice(&self.read_exactly(size).await?);
                    if !self.read_line(0).await?.is_empty() {
                        return Err(NoRequest::Malformed("a chunk longer than it says".to_owned()));
                    }
                }
                request.body = body.freeze();
                request.trailers = self.read_fields(HEAD_LIMIT).await?;
            }
        }
        Ok(())
    }

    /// Waits for `future`, but no longer than the client stays.
    pub(crate) async fn unless_gone<T>(&mut self, future: impl Future<Output = T>) -> Result<T, NoRequest> {
        tokio::pin!(future);
        loop {
            // A client that sends on and on is not read further; then only the future decides.
            if self.buffer.len() >= READ_AHEAD {
                return Ok(future.await);
            }
            tokio::select! {
                biased;
                value = &mut future => return Ok(value),
                read = self.stream.read_buf(&mut self.buffer) => {
                    if read? == 0 {
                        return Err(NoRequest::Gone);
                    }
                }
            }
        }
    }

    /// A line without its CR LF, which may be no longer than `limit`.
    async fn read_line(&mut self, limit: usize) -> Result<Bytes, NoRequest> {
        let mut searched = 0;
        loop {
            if let Some(at) = self.buffer[searched..].iter().position(|&byte| byte == b'\n') {
                let mut line = self.buffer.split_to(searched + at + 1).freeze();
                line.truncate(line.len() - 1);
                if line.last() != Some(&b'\r') {
                    return Err(NoRequest::Malformed("a line that ends without CR".to_owned()));
                }
                line.truncate(line.len() - 1);
                if line.len() > limit {
                    return Err(NoRequest::Malformed("a line over the limit".to_owned()));
                }
                return Ok(line);
            }
            searched = self.buffer.len();
            if searched > limit + 2 {
                return Err(NoRequest::Malformed("a line over the limit".to_owned()));
            }
            self.read_more().await?;
        }
    }

    /// Header or trailer fields up to the empty line, which together may be no longer than `limit`.
    async fn read_fields(&mut self, limit: usize) -> Result<Vec<(Bytes, Bytes)>, NoRequest> {
        let mut left = limit;
        let mut fields = Vec::new();
        loop {
            let line = self.read_line(left).await?;
            if line.is_empty() {
                return Ok(fields);
            }
            left = left.saturating_sub(line.len() + 2);
            let colon = line.iter().position(|&byte| byte == b':');
            let Some(colon) = colon.filter(|&colon| is_token(&line[..colon])) else {
                return Err(NoRequest::Malformed(format!("header {:?}", said(&line))));
            };
            let value = line.slice_ref(trim(&line[colon + 1..]));
            if value.iter().any(|&byte| matches!(byte, 0 | b'\r')) {
                return Err(NoRequest::Malformed(format!("header {:?}", said(&line))));
            }
            fields.push((line.slice(..colon), value));
        }
    }

    async fn read_exactly(&mut self, length: usize) -> Result<Bytes, NoRequest> {
        while self.buffer.len() < length {
            self.read_more().await?;
        }
        Ok(self.buffer.split_to(length).freeze())
    }

    async fn read_more(&mut self) -> Result<(), NoRequest> {
        self.buffer.reserve(8 << 10);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 if self.buffer.is_empty() => Err(NoRequest::Gone),
            0 => Err(NoRequest::Cut),
            _ => Ok(()),
        }
    }

    /// Forgets what was read and not used.
    pub(crate) fn forget(&mut self) {
        self.buffer.clear();
    }
}

enum BodyFraming {
    Length(usize),
    Chunked,
}

/// [Message body length](https://www.rfc-editor.org/rfc/rfc9112#section-6.3), for requests.
fn body_framing(headers: &[(Bytes, Bytes)]) -> Result<BodyFraming, NoRequest> {
    let mut codings = named(headers, "Transfer-Encoding");
    let mut lengths = named(headers, "Content-Length");
    match (codings.next(), lengths.next()) {
        (Some(coding), None) if codings.next().is_none() && coding.eq_ignore_ascii_case(b"chunked") => {
            Ok(BodyFraming::Chunked)
        }
        (Some(_), None) => Err(NoRequest::Malformed("a transfer coding other than chunked".to_owned())),
        (Some(_), Some(_)) => {
            Err(NoRequest::Malformed("both Transfer-Encoding and Content-Length".to_owned()))
        }
        (None, None) => Ok(BodyFraming::Length(0)),
        (None, Some(_)) if lengths.next().is_some() => {
            Err(NoRequest::Malformed("more than one Content-Length".to_owned()))
        }
        (None, Some(length)) => {
            let digits = !length.is_empty() && length.iter().all(u8::is_ascii_digit);
            let length = said(length).parse().ok().filter(|&length| digits && length <= BODY_LIMIT);
            length
                .map(BodyFraming::Length)
                .ok_or_else(|| NoRequest::Malformed("a Content-Length that is none".to_owned()))
        }
    }
}

fn chunk_size(line: &[u8]) -> Result<usize, NoRequest> {
    let digits = line.split(|&byte| byte == b';').next().unwrap_or_default();
    let size = (!digits.is_empty() && digits.len() <= 8 && digits.iter().all(u8::is_ascii_hexdigit))
        .then(|| usize::from_str_radix(&said(digits), 16).ok())
        .flatten();
    size.ok_or_else(|| NoRequest::Malformed(format!("chunk size {:?}", said(line))))
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

fn is_token(bytes: &[u8]) -> bool {
    let is_token_byte = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !bytes.is_empty() && bytes.iter().all(is_token_byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &'static [u8]) -> Result<RequestSeen, NoRequest> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let (mut client, server) = tokio::io::duplex(1 << 16);
            client.write_all(bytes).await?;
            client.shutdown().await?;
            let mut transport = Transport::new(server);
            let mut request = transport.read_head().await?;
            transport.read_body(&mut request).await?;
            Ok(request)
        })
    }

    #[test]
    fn requests_that_are_read() {
        for (name, bytes, method, target, body) in [
            ("no body", &b"GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n"[..], "GET", "/a?b", &b""[..]),
            ("empty lines before", b"\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "/", b""),
            ("a length", b"POST / HTTP/1.1\r\nhost:x\r\ncontent-length:3\r\n\r\nabcd", "POST", "/", b"abc"),
            (
                "chunks",
                b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n",
                "PUT",
                "/",
                b"abc0123456789",
            ),
            ("HTTP/1.0 needs no Host", b"GET / HTTP/1.0\r\n\r\n", "GET", "/", b""),
            ("any token is a method", b"pAtCh * HTTP/1.1\r\nHost: x\r\n\r\n", "pAtCh", "*", b""),
        ] {
            let request = read(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!((&*request.method, &*request.target, &request.body[..]), (method, target, body), "{name}");
        }
    }

    #[test]
    fn headers_keep_order_case_and_bytes() {
        let request =
            read(b"GET / HTTP/1.1\r\nHoSt: x\r\nB:\t 1 \r\na:\r\nb: \xFF2\r\n\r\n").expect("a request");
        assert_eq!(request.header_names(), ["HoSt", "B", "a", "b"]);
        assert_eq!(request.header("b").as_deref(), Some("1, \u{FF}2"));
        assert_eq!(request.header("a").as_deref(), Some(""));
        assert_eq!(request.header("c"), None);
    }

    #[test]
    fn trailers_are_kept() {
        let request =
            read(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n");
        assert_eq!(request.expect("a request").trailers, [(Bytes::from("A"), Bytes::from("b"))]);
    }

    #[test]
    fn requests_that_are_malformed() {
        for (name, bytes) in [
            ("two blanks", &b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n"[..]),
            ("a blank in the target", b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("no target", b"GET HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            ("no Host", b"GET / HTTP/1.1\r\n\r\n"),
            ("two Hosts", b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"),
            ("a bare LF", b"GET / HTTP/1.1\nHost: x\r\n\r\n"),
            ("a bare CR", b"GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n"),
            ("NUL in a value", b"GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n"),
            ("a blank before the colon", b"GET / HTTP/1.1\r\nHost : x\r\n\r\n"),
            ("a folded header", b"GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n"),
            ("both framings", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            ("two lengths", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"),
            ("a signed length", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na"),
            ("a length beyond all", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"),
            ("gzip as transfer coding", b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
            ("a chunk size that is none", b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n"),
            ("a chunk that is too long", b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n"),
            ("a chunk size beyond all", b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n"),
        ] {
            assert!(matches!(read(bytes), Err(NoRequest::Malformed(_))), "{name}: {:?}", read(bytes));
        }
    }

    #[test]
    fn a_client_that_leaves_is_told_apart() {
        assert!(matches!(read(b""), Err(NoRequest::Gone)));
        assert!(matches!(read(b"GET / HT"), Err(NoRequest::Cut)));
        let cut = read(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab");
        assert!(matches!(cut, Err(NoRequest::Cut)));
    }

    #[test]
    fn keep_alive_as_the_version_has_it() {
        for (bytes, keeps) in [
            (&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], true),
            (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: TE, Close\r\n\r\n", false),
            (b"GET / HTTP/1.0\r\n\r\n", false),
            (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
        ] {
            assert_eq!(read(bytes).expect("a request").keeps_alive(), keeps);
        }
    }
}
