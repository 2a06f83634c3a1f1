//! Frames and what they mean, a table for each section.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use tungstenite::protocol::frame::FrameHeader;

use super::*;
use WebSocketBreach::{
    CloseCode, Compression as Undecodable, FragmentedControl, Fragments as OutOfOrder, LongControl, Masked,
    ReservedBit, TooLarge, Utf8,
};

const LIMIT: usize = 1000;

/// Frames, each as its first byte and its payload.
type Frames<'a> = &'a [(u8, &'a [u8])];

/// What they bring, and what was wrong with the last.
type Brought = (Vec<Received>, Option<WebSocketBreach>);

/// The first byte of a frame as it stands on the wire, and its payload.
fn frame(first: u8, payload: &[u8]) -> Frame {
    let header = FrameHeader {
        is_final: first & 0x80 != 0,
        rsv1: first & 0x40 != 0,
        rsv2: first & 0x20 != 0,
        rsv3: first & 0x10 != 0,
        opcode: OpCode::from(first & 0x0f),
        mask: None,
    };
    Frame::from_payload(header, payload.to_vec().into())
}

/// What the frames bring, one by one, up to a breach.
fn received(assembly: &mut Assembly, frames: Frames<'_>) -> Brought {
    let mut all = Vec::new();
    for (first, payload) in frames {
        match assembly.take(frame(*first, payload)) {
            Ok(received) => all.extend(received),
            Err(breach) => return (all, Some(breach)),
        }
    }
    (all, None)
}

fn text(text: &str) -> Received {
    Received::Message(WebSocketMessage::Text(text.to_owned()))
}

fn binary(bytes: &[u8]) -> Received {
    Received::Message(WebSocketMessage::Binary(Bytes::copy_from_slice(bytes)))
}

#[test]
fn frames_table() {
    let ping = |bytes: &[u8]| Received::Ping(Bytes::copy_from_slice(bytes));
    let long = [b'x'; 126];
    let most = [b'x'; LIMIT];
    let rows: &[(&str, Frames<'_>, Brought)] = &[
        ("text", &[(0x81, b"a")], (vec![text("a")], None)),
        ("empty text", &[(0x81, b"")], (vec![text("")], None)),
        ("bytes", &[(0x82, &[0, 255])], (vec![binary(&[0, 255])], None)),
        ("fragments", &[(0x01, b"a"), (0x00, b""), (0x00, b"b"), (0x80, b"c")], (vec![text("abc")], None)),
        ("fragments of nothing", &[(0x02, b""), (0x80, b"")], (vec![binary(b"")], None)),
        ("a ping within", &[(0x01, b"a"), (0x89, b"p"), (0x80, b"b")], (vec![ping(b"p"), text("ab")], None)),
        ("a pong that nobody asked for", &[(0x8a, b"p"), (0x81, b"a")], (vec![text("a")], None)),
        ("a fragment of nothing", &[(0x80, b"a")], (vec![], Some(OutOfOrder))),
        ("a message within another", &[(0x01, b"a"), (0x81, b"b")], (vec![], Some(OutOfOrder))),
        (
            "a fragment after the last",
            &[(0x01, b""), (0x80, b""), (0x80, b"")],
            (vec![text("")], Some(OutOfOrder)),
        ),
        ("a control frame in fragments", &[(0x09, b"p")], (vec![], Some(FragmentedControl))),
        ("a goodbye in fragments", &[(0x08, b"")], (vec![], Some(FragmentedControl))),
        ("a long ping", &[(0x89, &long)], (vec![], Some(LongControl))),
        ("a ping as long as may be", &[(0x89, &long[1..])], (vec![ping(&long[1..])], None)),
        ("a first reserved bit", &[(0xc1, b"a")], (vec![], Some(ReservedBit))),
        ("a second one", &[(0xa1, b"a")], (vec![], Some(ReservedBit))),
        ("a third one", &[(0x91, b"a")], (vec![], Some(ReservedBit))),
        ("one on a ping", &[(0xc9, b"p")], (vec![], Some(ReservedBit))),
        ("as much as may be", &[(0x82, &most)], (vec![binary(&most)], None)),
        ("more, in fragments", &[(0x02, &most), (0x80, b"x")], (vec![], Some(TooLarge { limit: LIMIT }))),
        ("no UTF-8", &[(0x81, b"\xff")], (vec![], Some(Utf8))),
        ("a surrogate", &[(0x81, b"\xed\xa0\x80")], (vec![], Some(Utf8))),
        ("no UTF-8 in a fragment", &[(0x01, b"a\xff")], (vec![], Some(Utf8))),
        ("a character in two", &[(0x01, b"\xc3"), (0x80, b"\xa9")], (vec![text("\u{e9}")], None)),
        ("a character cut short", &[(0x01, b"\xc3"), (0x80, b"")], (vec![], Some(Utf8))),
        ("a goodbye", &[(0x88, b"")], (vec![Received::Close(None, String::new())], None)),
        ("with a code", &[(0x88, &[3, 232])], (vec![Received::Close(Some(1000), String::new())], None)),
        (
            "and a reason",
            &[(0x88, b"\x0f\xa0hi")],
            (vec![Received::Close(Some(4000), "hi".to_owned())], None),
        ),
        ("with half a code", &[(0x88, &[3])], (vec![], Some(CloseCode))),
        ("with one that nobody sends", &[(0x88, &[3, 237])], (vec![], Some(CloseCode))),
        ("with a reason that is no UTF-8", &[(0x88, b"\x03\xe8\xff")], (vec![], Some(Utf8))),
    ];
    for (row, frames, expected) in rows {
        let all = received(&mut Assembly::new(LIMIT, None), frames);
        assert_eq!(all, *expected, "{row}");
    }
    let mut masked = frame(0x81, b"a");
    masked.header_mut().mask = Some([0; 4]);
    assert_eq!(Assembly::new(LIMIT, None).take(masked), Err(Masked), "a mask");
}

#[test]
fn there_is_room_for_the_rest_of_a_message_and_for_a_ping() {
    let mut assembly = Assembly::new(LIMIT, None);
    assert_eq!(assembly.room(), LIMIT);
    received(&mut assembly, &[(0x02, &[0; 300])]);
    assert_eq!(assembly.room(), LIMIT - 300);
    received(&mut assembly, &[(0x00, &[0; 690])]);
    assert_eq!(assembly.room(), 125);
}

/// A message as a server compresses it, its tail left out.
fn deflated(message: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(message).expect("a vector takes all");
    encoder.flush().expect("a vector takes all");
    let mut bytes = encoder.get_ref().clone();
    let tail = bytes.split_off(bytes.len() - 4);
    assert_eq!(tail, [0, 0, 0xff, 0xff]);
    bytes
}

#[test]
fn compression_table() {
    let compressed = deflated(b"hello hello hello hello");
    let (one, two) = compressed.split_at(3);
    let bomb = deflated(&vec![0; 1 << 20]);
    // RFC 7692, section 7.2.3.2: the second "Hello" of one stream, as a reference to the first.
    let (first, second): (&[u8], &[u8]) =
        (&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], &[0xf2, 0x00, 0x11, 0x00, 0x00]);
    // Section 7.2.3.4: a block that says it is the last.
    let last: &[u8] = &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    let hello = || text("Hello");
    let rows: &[(&str, bool, Frames<'_>, Brought)] = &[
        ("a message", false, &[(0xc1, &compressed)], (vec![text("hello hello hello hello")], None)),
        ("in fragments", false, &[(0x41, one), (0x80, two)], (vec![text("hello hello hello hello")], None)),
        ("a plain one", false, &[(0x81, b"a")], (vec![text("a")], None)),
        ("nothing", false, &[(0xc1, &[0x00])], (vec![text("")], None)),
        ("the context is kept", false, &[(0xc1, first), (0xc1, second)], (vec![hello(), hello()], None)),
        // NB: what refers to a context that is not kept should not decompress; the decompressor takes zeros for it.
        ("or not", true, &[(0xc1, first), (0xc1, second)], (vec![hello(), text("H\0\0\0\0")], None)),
        ("a last block", false, &[(0xc1, last), (0xc1, first)], (vec![hello(), hello()], None)),
        ("nonsense", false, &[(0xc1, b"\xff\xff\xff")], (vec![], Some(Undecodable))),
        ("a bomb", false, &[(0xc2, &bomb)], (vec![], Some(TooLarge { limit: LIMIT }))),
        ("the bit on a fragment", false, &[(0x41, one), (0xc0, two)], (vec![], Some(ReservedBit))),
        ("the bit on a ping", false, &[(0xc9, b"")], (vec![], Some(ReservedBit))),
    ];
    for (row, server_no_context_takeover, frames, expected) in rows {
        let deflate = PermessageDeflate { server_no_context_takeover: *server_no_context_takeover };
        let all = received(&mut Assembly::new(LIMIT, Some(deflate)), frames);
        assert_eq!(all, *expected, "{row}");
    }
}
