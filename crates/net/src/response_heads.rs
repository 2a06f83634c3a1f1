//! Request pseudo-headers in an HTTP/2 response, which the h2 crate drops and which make a response malformed.
//!
//! Looks at the header blocks (RFC 9113, section 4.3) as they come, before h2 does, and decodes nothing: only which
//! field a representation names (RFC 7541, section 6) matters. The dynamic table need not be kept, since a
//! pseudo-header that would enter it ends the connection first. What h2 refuses by itself is left to it.
//!
//! On the way it is noticed what h2 does not tell: that the server's SETTINGS are here, and that all is written.
//!
//! Over 400 lines, as the tables of its tests stand beside it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http2_driver::Noticed;
use crate::socket::Socket;

/// The code of the fault, in a [`PeerMisbehaved::Http2`](sofetch_core::wire_faults::PeerMisbehaved::Http2).
pub(crate) const REQUEST_PSEUDO_HEADERS: &str = "request-pseudo-headers";

/// A socket that fails once a response bears a request's pseudo-header.
///
/// RFC 9113 calls it a stream error (section 8.1.1) and lets anybody take one for a connection error (section 5.4.1).
pub(crate) struct InspectedSocket {
    socket: Socket,
    frames: Frames,
    noticed: Arc<Noticed>,
}

impl InspectedSocket {
    /// `noticed` tells afterwards why it failed: h2 does not hand on an io error's source.
    pub(crate) fn new(socket: Socket, noticed: Arc<Noticed>) -> InspectedSocket {
        InspectedSocket { socket, frames: Frames::default(), noticed }
    }
}

impl AsyncRead for InspectedSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.socket).poll_read(context, buffer);
        if self.frames.read(buffer.filled().get(before..).unwrap_or_default()).is_err() {
            self.noticed.request_pseudo_headers.store(true, Ordering::Release);
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, REQUEST_PSEUDO_HEADERS)));
        }
        if self.frames.settings_came {
            self.noticed.settings_came.store(true, Ordering::Release);
        }
        poll
    }
}

impl AsyncWrite for InspectedSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.noticed.flushed.store(false, Ordering::Release);
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.socket).poll_flush(context);
        self.noticed.flushed.store(matches!(poll, Poll::Ready(Ok(()))), Ordering::Release);
        poll
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.noticed.flushed.store(false, Ordering::Release);
        Pin::new(&mut self.socket).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}

const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
const ACK: u8 = 0x1;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;
const FRAME_HEAD_BYTES: usize = 9;

/// A field that only requests have.
#[derive(Debug, PartialEq)]
struct RequestPseudoHeader;

/// The frames of one direction, read byte for byte as they come.
#[derive(Default)]
struct Frames {
    head: [u8; FRAME_HEAD_BYTES],
    /// How much of `head` is here.
    head_bytes: usize,
    /// What is to come of the frame: its padding's length, its priority, its fragment of a header block, the rest.
    pad_length: bool,
    priority: usize,
    fragment: usize,
    rest: usize,
    fields: Fields,
    /// Is it a SETTINGS frame of the peer's own?
    is_settings: bool,
    /// Was there one, to its end?
    settings_came: bool,
}

impl Frames {
    fn read(&mut self, mut bytes: &[u8]) -> Result<(), RequestPseudoHeader> {
        while let Some((&first, after)) = bytes.split_first() {
            if self.pad_length {
                let padding = usize::from(first).min(self.fragment);
                (self.pad_length, self.fragment, self.rest) = (false, self.fragment - padding, padding);
                bytes = after;
            } else if self.priority > 0 {
                self.priority -= take(&mut bytes, self.priority).len();
            } else if self.fragment > 0 {
                let fragment = take(&mut bytes, self.fragment);
                self.fragment -= fragment.len();
                self.fields.read(fragment)?;
            } else if self.rest > 0 {
                self.rest -= take(&mut bytes, self.rest).len();
            } else {
                bytes = after;
                self.head[self.head_bytes] = first;
                self.head_bytes += 1;
                if self.head_bytes == FRAME_HEAD_BYTES {
                    self.head_bytes = 0;
                    self.begin();
                }
            }
            self.settings_came |= self.is_settings && self.rest == 0;
        }
        Ok(())
    }

    /// A frame's head is whole. <https://www.rfc-editor.org/rfc/rfc9113#section-4.1>
    fn begin(&mut self) {
        let [a, b, c, kind, flags, ..] = self.head;
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        self.is_settings = kind == SETTINGS && flags & ACK == 0;
        match kind {
            HEADERS => {
                self.fields = Fields::default();
                // NB: a frame too short for what its flags say ends the connection in h2.
                self.pad_length = flags & PADDED != 0 && length > 0;
                let left = length - usize::from(self.pad_length);
                self.priority = if flags & PRIORITY != 0 { left.min(5) } else { 0 };
                self.fragment = left - self.priority;
            }
            CONTINUATION => self.fragment = length,
            _ => self.rest = length,
        }
    }
}

/// The first of `bytes`, as many as there are up to `most`.
fn take<'a>(bytes: &mut &'a [u8], most: usize) -> &'a [u8] {
    let (taken, left) = bytes.split_at(most.min(bytes.len()));
    *bytes = left;
    taken
}

/// The last of the static table's entries that are a request's pseudo-headers (RFC 7541, appendix A); `:status` follows.
const LAST_OF_REQUESTS: u64 = 7;

/// `:status` as it is and under the Huffman code, which has one way to write a string.
const STATUS: (&[u8], &[u8]) = (b":status", &[0xb8, 0x84, 0x8d, 0x36, 0xa3]);

/// The field representations of one header block.
#[derive(Default)]
struct Fields {
    at: At,
    /// The beginning of a literal name.
    name: Vec<u8>,
}

/// What the next byte is.
#[derive(Clone, Copy, Default)]
enum At {
    /// A representation's first.
    #[default]
    Representation,
    /// One more of an integer.
    Integer { value: u64, shift: u32, of: Integer },
    /// The first of a string's length.
    Length { of: Text },
    /// One of a string.
    Within { left: u64, of: Text },
}

#[derive(Clone, Copy)]
enum Integer {
    /// The index of a field.
    Field,
    /// The index of a literal's name; none is 0.
    Name,
    /// The dynamic table's size.
    TableSize,
    /// A string's length.
    Length(Text),
}

#[derive(Clone, Copy)]
enum Text {
    Name { huffman: bool },
    Value,
}

impl Fields {
    fn read(&mut self, mut bytes: &[u8]) -> Result<(), RequestPseudoHeader> {
        while let Some((&first, after)) = bytes.split_first() {
            match self.at {
                At::Representation => {
                    bytes = after;
                    // <https://www.rfc-editor.org/rfc/rfc7541#section-6>
                    let (prefix, of) = match first {
                        0x80.. => (7, Integer::Field),
                        0x40.. => (6, Integer::Name),
                        0x20.. => (5, Integer::TableSize),
                        _ => (4, Integer::Name),
                    };
                    self.integer(first, prefix, of)?;
                }
                At::Integer { value, shift, of } => {
                    bytes = after;
                    // NB: h2 ends the connection at integers that long.
                    let value = value.saturating_add(u64::from(first & 0x7F) << shift.min(56));
                    match first & 0x80 {
                        0 => self.read_integer(value, of)?,
                        _ => self.at = At::Integer { value, shift: shift.saturating_add(7), of },
                    }
                }
                At::Length { of } => {
                    bytes = after;
                    let of = match of {
                        Text::Name { .. } => Text::Name { huffman: first & 0x80 != 0 },
                        Text::Value => Text::Value,
                    };
                    self.integer(first, 7, Integer::Length(of))?;
                }
                At::Within { left, of } => {
                    let text = take(&mut bytes, usize::try_from(left).unwrap_or(usize::MAX));
                    if let Text::Name { .. } = of {
                        // One byte more than `:status` has tells a longer name apart.
                        let room = (STATUS.0.len() + 1).saturating_sub(self.name.len());
                        self.name.extend_from_slice(&text[..text.len().min(room)]);
                    }
                    self.within(left - text.len() as u64, of)?;
                }
            }
        }
        Ok(())
    }

    /// An integer's first byte. <https://www.rfc-editor.org/rfc/rfc7541#section-5.1>
    fn integer(&mut self, first: u8, prefix: u32, of: Integer) -> Result<(), RequestPseudoHeader> {
        let most = (1 << prefix) - 1;
        let value = u64::from(first) & most;
        if value < most {
            return self.read_integer(value, of);
        }
        self.at = At::Integer { value, shift: 0, of };
        Ok(())
    }

    fn read_integer(&mut self, value: u64, of: Integer) -> Result<(), RequestPseudoHeader> {
        match of {
            Integer::Field | Integer::Name if (1..=LAST_OF_REQUESTS).contains(&value) => {
                return Err(RequestPseudoHeader);
            }
            Integer::Field | Integer::TableSize => self.at = At::Representation,
            Integer::Name if value == 0 => {
                self.name.clear();
                self.at = At::Length { of: Text::Name { huffman: false } };
            }
            Integer::Name => self.at = At::Length { of: Text::Value },
            Integer::Length(of) => return self.within(value, of),
        }
        Ok(())
    }

    /// So much of a string is to come.
    fn within(&mut self, left: u64, of: Text) -> Result<(), RequestPseudoHeader> {
        self.at = match of {
            _ if left > 0 => At::Within { left, of },
            Text::Name { huffman } if is_of_requests(&self.name, huffman) => return Err(RequestPseudoHeader),
            Text::Name { .. } => At::Length { of: Text::Value },
            Text::Value => At::Representation,
        };
        Ok(())
    }
}

/// Does a pseudo-header other than `:status` begin so?
fn is_of_requests(name: &[u8], huffman: bool) -> bool {
    match (name.first(), huffman) {
        (Some(b':'), false) => name != STATUS.0,
        // A colon's code is the seven bits 1011100.
        (Some(0xb8 | 0xb9), true) => name != STATUS.1,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Literal, neither indexed nor Huffman coded.
    fn literal(first: u8, name: &[u8], value: &[u8]) -> Vec<u8> {
        [&[first, name.len() as u8], name, &[value.len() as u8], value].concat()
    }

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = (payload.len() as u32).to_be_bytes();
        [&length[1..], &[kind, flags, 0, 0, 0, 1], payload].concat()
    }

    /// Read whole, and byte for byte.
    fn read(bytes: &[u8]) -> Result<(), RequestPseudoHeader> {
        let whole = Frames::default().read(bytes);
        let mut frames = Frames::default();
        let apart = bytes.iter().try_for_each(|byte| frames.read(&[*byte]));
        assert_eq!(whole, apart, "however it is cut");
        whole
    }

    #[test]
    fn representations_table() {
        let long = [b"a".repeat(300), b":method".to_vec()].concat();
        let huffman = |name: &[u8]| [&[0, 0x80 | name.len() as u8], name, &[1, b'x']].concat();
        for (row, block, malformed) in [
            ("nothing", vec![], false),
            (":status 200 by its index", vec![0x88], false),
            (":status 302 by its name's index", [&[0x48, 3], &b"302"[..]].concat(), false),
            (":status spelled", literal(0x40, b":status", b"200"), false),
            (":status spelled under Huffman", huffman(&[0xb8, 0x84, 0x8d, 0x36, 0xa3]), false),
            ("another field by its index", vec![0x88, 0xbe, 0xff, 0x01], false),
            ("a size update", vec![0x3f, 0xe1, 0x1f, 0x88], false),
            (":method within a value", literal(0, b"a", b":method"), false),
            (":authority by its index", vec![0x88, 0x81], true),
            (":method GET by its index", vec![0x82], true),
            (":scheme https by its index", vec![0x88, 0x87], true),
            ("a literal by its name's index, kept", [&[0x41, 1], &b"a"[..]].concat(), true),
            ("a literal by its name's index", [&[0x04, 1], &b"/"[..]].concat(), true),
            ("a literal by its name's index, never kept", [&[0x14, 1], &b"/"[..]].concat(), true),
            (":method spelled", literal(0, b":method", b"GET"), true),
            (":protocol spelled, kept", literal(0x40, b":protocol", b"x"), true),
            ("one that begins as :status", literal(0x10, b":statuses", b"x"), true),
            ("a colon alone", literal(0, b":", b""), true),
            (":path under Huffman", huffman(&[0xb9, 0x58, 0xd3, 0x3f]), true),
            ("after a size update", vec![0x20, 0x82], true),
            (
                "after a long value",
                [&[0, 1, b'a', 0x7f, 0xb4, 0x01], &long[..], &literal(0, b":path", b"")].concat(),
                true,
            ),
        ] {
            let expected = if malformed { Err(RequestPseudoHeader) } else { Ok(()) };
            assert_eq!(read(&frame(HEADERS, 4, &block)), expected, "{row}");
            let split = block.len() / 2;
            let continued =
                [frame(HEADERS, 0, &block[..split]), frame(CONTINUATION, 4, &block[split..])].concat();
            assert_eq!(read(&continued), expected, "{row}, continued");
            let padded = [&[3][..], &[0; 5], &block, &[0x82; 3]].concat();
            assert_eq!(read(&frame(HEADERS, PADDED | PRIORITY, &padded)), expected, "{row}, padded");
        }
    }

    #[test]
    fn other_frames_hold_no_fields() {
        let bytes = [
            frame(4, 0, &[0x82; 6]),
            frame(HEADERS, 4, &[0x88]),
            frame(0, 0, &[0x82; 300]),
            frame(HEADERS, 5, &literal(0, b"trailer", b"x")),
        ]
        .concat();
        assert_eq!(read(&bytes), Ok(()));
        assert_eq!(read(&[bytes, frame(HEADERS, 5, &[0x82])].concat()), Err(RequestPseudoHeader));
    }

    #[test]
    fn settings_have_come_once_they_are_whole() {
        let whole = frame(SETTINGS, 0, &[0, 8, 0, 0, 0, 1]);
        for (row, bytes, expected) in [
            ("nothing", &[][..], false),
            ("all of them", &whole[..], true),
            ("the head alone", &whole[..FRAME_HEAD_BYTES], false),
            ("all but a byte", &whole[..whole.len() - 1], false),
            ("none at all", &frame(SETTINGS, 0, &[]), true),
            ("an answer to ours", &frame(SETTINGS, ACK, &[]), false),
            ("another frame", &frame(6, 0, &[0; 8]), false),
        ] {
            let mut frames = Frames::default();
            assert_eq!(frames.read(bytes), Ok(()), "{row}");
            assert_eq!(frames.settings_came, expected, "{row}");
        }
    }

    #[test]
    fn what_is_no_frame_at_all_panics_nowhere() {
        for (row, bytes) in [
            ("padding beyond the frame", frame(HEADERS, PADDED, &[200, 0x88])),
            ("padding without a frame", frame(HEADERS, PADDED, &[])),
            ("half a priority", frame(HEADERS, PRIORITY, &[0, 0])),
            ("an integer without end", frame(HEADERS, 4, &[0xff; 400])),
            (
                "a length of 2^60",
                frame(HEADERS, 4, &[0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, b':']),
            ),
        ] {
            assert_eq!(read(&bytes), Ok(()), "{row}");
        }
    }
}
