//! Serves one connection: reads requests, asks the handler, writes replies to the byte.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::reply::{Ending, Framing, Head, Piece, Reply};
use crate::request_reader::{NoRequest, Transport};
use crate::request_seen::RequestSeen;
use crate::server::Shared;

/// What is read and thrown away before a socket is closed, so that no reset overtakes the reply.
const DRAIN_LIMIT: usize = 8 << 20;

/// A transport that can be reset.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// Serves the connection until either side ends it.
pub(crate) async fn serve(shared: &Shared, number: u64, stream: TcpStream, tls: Option<TlsAcceptor>) {
    // A peer that left already cannot be told to wait less: what matters shows when it is read.
    let _ = stream.set_nodelay(true);
    let end = match tls {
        None => serve_requests(shared, number, None, stream).await,
        Some(acceptor) => match acceptor.accept(stream).await {
            Ok(stream) => {
                let sni = stream.get_ref().1.server_name().map(str::to_owned);
                serve_requests(shared, number, sni, stream).await
            }
            Err(error) => return shared.complain(format!("TLS handshake: {error}")),
        },
    };
    if let Err(NoRequest::Malformed(what)) = end {
        shared.complain(what);
    }
}

async fn serve_requests<S: Socket>(
    shared: &Shared,
    number: u64,
    sni: Option<String>,
    stream: S,
) -> Result<(), NoRequest> {
    let mut transport = Transport::new(stream);
    loop {
        let (request, reply) = match read_and_ask(shared, number, &sni, &mut transport).await {
            Ok(pair) => pair,
            Err(NoRequest::Malformed(what)) => {
                write_reply(shared, &mut transport, &Reply::new(400), "GET").await?;
                finish(&mut transport, Ending::Close).await?;
                return Err(NoRequest::Malformed(what));
            }
            Err(other) => return Err(other),
        };
        write_reply(shared, &mut transport, &reply, &request.method).await?;
        let ending = match reply.ending {
            Ending::KeepAlive if reply.framing == Framing::UntilClose || !request.keeps_alive() => {
                Ending::Close
            }
            ending => ending,
        };
        if ending != Ending::KeepAlive {
            return Ok(finish(&mut transport, ending).await?);
        }
    }
}

async fn read_and_ask<S: Socket>(
    shared: &Shared,
    number: u64,
    sni: &Option<String>,
    transport: &mut Transport<S>,
) -> Result<(RequestSeen, Reply), NoRequest> {
    let mut request = transport.read_head().await?;
    request.connection = number;
    request.tls_sni = sni.clone();
    if let Some(reply) = shared.config.before_body.as_ref().and_then(|before_body| before_body(&request)) {
        shared.saw(&request);
        // The body is still to come on the wire: only a close tells it from the next request.
        let ending = if reply.ending == Ending::KeepAlive { Ending::Close } else { reply.ending };
        return Ok((request, reply.ending(ending)));
    }
    transport.read_body(&mut request).await?;
    shared.saw(&request);
    let reply = transport.unless_gone((shared.config.handler)(request.clone())).await?;
    Ok((request, reply))
}

/// Writes all of the reply but its ending.
async fn write_reply<S: Socket>(
    shared: &Shared,
    transport: &mut Transport<S>,
    reply: &Reply,
    method: &str,
) -> Result<(), NoRequest> {
    let mut bytes = BytesMut::new();
    for interim in &reply.interims {
        put_head(&mut bytes, interim, None);
    }
    let status = reply.status();
    let bodiless = reply.framing != Framing::AsGiven
        && (method == "HEAD" || matches!(status, Some(100..=199 | 204 | 304)));
    if let Some(head) = &reply.head {
        put_head(&mut bytes, head, framing_header(reply, head, status));
    }
    transport.stream.write_all(&bytes).await?;
    transport.stream.flush().await?;
    if bodiless {
        return Ok(());
    }
    let chunked = reply.framing == Framing::Chunked;
    for piece in &reply.body {
        match piece {
            Piece::Bytes(piece) if piece.is_empty() => {}
            Piece::Bytes(piece) => {
                if chunked {
                    transport.stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
                }
                transport.stream.write_all(piece).await?;
                if chunked {
                    transport.stream.write_all(b"\r\n").await?;
                }
                transport.stream.flush().await?;
            }
            Piece::Wait(notify) => transport.unless_gone(notify.notified()).await?,
            Piece::Frame => match transport.read_frame().await? {
                Some(seen) => shared.saw_frame(seen),
                None => break,
            },
            Piece::Echo => transport.echo(|seen| shared.saw_frame(seen)).await?,
            Piece::Pause(duration) => transport.unless_gone(tokio::time::sleep(*duration)).await?,
        }
    }
    // A reply that ends badly ends before its body does.
    if chunked && matches!(reply.ending, Ending::KeepAlive | Ending::Close) {
        let mut end = BytesMut::from(&b"0\r\n"[..]);
        put_fields(&mut end, &reply.trailers);
        end.put_slice(b"\r\n");
        transport.stream.write_all(&end).await?;
        transport.stream.flush().await?;
    }
    Ok(())
}

/// The framing's header, where it needs one and the handler gave none.
fn framing_header(reply: &Reply, head: &Head, status: Option<u16>) -> Option<(Bytes, Bytes)> {
    match reply.framing {
        Framing::Fixed if !head.has("Content-Length") && !matches!(status, Some(100..=199 | 204 | 304)) => {
            let length: usize = reply.body.iter().map(Piece::len).sum();
            Some(("Content-Length".into(), length.to_string().into()))
        }
        Framing::Chunked if !head.has("Transfer-Encoding") => {
            Some(("Transfer-Encoding".into(), "chunked".into()))
        }
        _ => None,
    }
}

fn put_head(bytes: &mut BytesMut, head: &Head, more: Option<(Bytes, Bytes)>) {
    bytes.put_slice(&head.status_line);
    bytes.put_slice(b"\r\n");
    put_fields(bytes, &head.headers);
    put_fields(bytes, more.as_slice());
    bytes.put_slice(b"\r\n");
}

fn put_fields(bytes: &mut BytesMut, fields: &[(Bytes, Bytes)]) {
    for (name, value) in fields {
        bytes.put_slice(name);
        bytes.put_slice(b": ");
        bytes.put_slice(value);
        bytes.put_slice(b"\r\n");
    }
}

async fn finish<S: Socket>(transport: &mut Transport<S>, ending: Ending) -> io::Result<()> {
    match ending {
        Ending::KeepAlive | Ending::Cut => Ok(()),
        Ending::Reset => transport.stream.tcp().set_zero_linger(),
        Ending::Hang => drain(transport, usize::MAX).await,
        Ending::Close => {
            transport.stream.shutdown().await?;
            drain(transport, DRAIN_LIMIT).await
        }
    }
}

/// Reads and forgets until the client leaves or has sent more than `limit`.
async fn drain<S: Socket>(transport: &mut Transport<S>, limit: usize) -> io::Result<()> {
    let mut drained = 0;
    while drained < limit {
        transport.forget();
        match transport.stream.read_buf(&mut transport.buffer).await? {
            0 => break,
            read => drained += read,
        }
    }
    Ok(())
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Piece::Bytes(bytes) => bytes.len(),
            Piece::Wait(_) | Piece::Pause(_) | Piece::Frame | Piece::Echo => 0,
        }
    }
}
