//! An HTTP/2 server by hand, a frame at a time, so that it can break any rule.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use crate::support::RawServer;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
const ACK: u8 = 1;

/// A frame that the client sent.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// A client's connection after both sides said their settings.
pub(crate) struct Peer {
    stream: TcpStream,
    /// The client's first SETTINGS, as pairs.
    pub(crate) settings: Vec<(u16, u32)>,
}

/// Hands each connection over after the prefaces.
pub(crate) fn serve_http2(serve: impl Fn(&mut Peer) -> io::Result<()> + Send + Sync + 'static) -> RawServer {
    RawServer::new(move |stream| {
        // A client that leaves, however early, ends the connection; what it made of it, the test sees.
        if let Ok(mut peer) = Peer::accept(stream) {
            let _ = serve(&mut peer);
            let _ = peer.drain();
        }
    })
}

/// Answers every request with these frames, of which the stream's number is filled in where it is 1.
pub(crate) fn answering_http2(
    answer: impl Fn(&mut Peer, u32) -> io::Result<()> + Send + Sync + 'static,
) -> RawServer {
    serve_http2(move |peer| {
        loop {
            let stream = peer.next_request()?;
            answer(peer, stream)?;
        }
    })
}

impl Peer {
    fn accept(mut stream: TcpStream) -> io::Result<Peer> {
        let mut preface = [0; 24];
        stream.read_exact(&mut preface)?;
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        let mut peer = Peer { stream, settings: Vec::new() };
        peer.send(SETTINGS, 0, 0, &[])?;
        let first = peer.read()?;
        assert_eq!(first.kind, SETTINGS);
        peer.settings = first
            .payload
            .chunks_exact(6)
            .map(|pair| {
                let value = u32::from_be_bytes([pair[2], pair[3], pair[4], pair[5]]);
                (u16::from_be_bytes([pair[0], pair[1]]), value)
            })
            .collect();
        peer.send(SETTINGS, ACK, 0, &[])?;
        Ok(peer)
    }

    pub(crate) fn read(&mut self) -> io::Result<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]) & 0x7FFF_FFFF;
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload)?;
        Ok(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    /// The stream of the next request, once its head is here; pings are answered meanwhile.
    pub(crate) fn next_request(&mut self) -> io::Result<u32> {
        loop {
            let frame = self.read()?;
            match frame.kind {
                HEADERS => return Ok(frame.stream),
                PING if frame.flags & ACK == 0 => self.send(PING, ACK, 0, &frame.payload)?,
                _ => {}
            }
        }
    }

    /// The rest of a request's body, up to its end.
    pub(crate) fn read_body(&mut self, stream: u32) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let frame = self.read()?;
            if (frame.kind, frame.stream) == (DATA, stream) {
                body.extend_from_slice(&frame.payload);
                if frame.flags & END_STREAM != 0 {
                    return Ok(body);
                }
            }
        }
    }

    pub(crate) fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
        self.stream.write_all(&frame(kind, flags, stream, payload))
    }

    pub(crate) fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// A whole response.
    pub(crate) fn respond(&mut self, stream: u32, body: &[u8]) -> io::Result<()> {
        self.send(HEADERS, END_HEADERS, stream, &fields(&[(":status", "200")]))?;
        self.send(DATA, END_STREAM, stream, body)
    }

    fn drain(&mut self) -> io::Result<u64> {
        self.stream.shutdown(std::net::Shutdown::Write)?;
        io::copy(&mut self.stream, &mut io::sink())
    }
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("no test sends that much").to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// A header block of literals that nothing indexes (RFC 7541, section 6.2.2).
pub(crate) fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            put_length(&mut block, text.len());
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

/// An integer with a prefix of seven bits (RFC 7541, section 5.1).
fn put_length(block: &mut Vec<u8>, length: usize) {
    if length < 127 {
        return block.push(length as u8);
    }
    block.push(127);
    let mut rest = length - 127;
    while rest >= 128 {
        block.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    block.push(rest as u8);
}
