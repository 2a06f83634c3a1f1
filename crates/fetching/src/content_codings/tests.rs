//! Tests of [handle content codings](https://fetch.spec.whatwg.org/#handle-content-codings): round trips, ends, damage, bombs.
//!
//! Longer than a file should be: what each format must bear (every split, every cut, junk, damage) is one loop over
//! all formats, and the bombs and the stream share its encoders. Nothing is read from disk; noise has a fixed seed.

use std::collections::VecDeque;
use std::io::Write;
use std::task::Waker;

use flate2::{Compression, Crc, GzBuilder, write};

use super::*;

type Encoder = fn(&[u8]) -> Vec<u8>;

const FORMATS: [(&str, Encoder); 5] =
    [("gzip", gzip), ("deflate", zlib), ("deflate", deflate), ("br", br), ("zstd", zstd)];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = write::GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = write::ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = write::DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn br(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 5, lgwin: 18, ..Default::default() };
    brotli::BrotliCompress(&mut &bytes[..], &mut encoded, &parameters).unwrap();
    encoded
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Text that compresses, with some bytes that do not.
fn sample(length: usize) -> Vec<u8> {
    let mut random = Random(7);
    (0..length).map(|at| if at % 9 == 0 { random.next() as u8 } else { b"a sample "[at % 9] }).collect()
}

/// Xorshift, from a fixed seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

fn codings(names: &[&str], limits: Limits) -> ContentCodings {
    ContentCodings::new(names, limits).unwrap().expect("codings that we know")
}

/// Feeds the pieces, checks each chunk's size, and joins what came before the end or the error.
fn decode_with(mut codings: ContentCodings, pieces: &[&[u8]]) -> (Vec<u8>, Result<(), PeerMisbehaved>) {
    let mut pieces = pieces.iter();
    let mut decoded = Vec::new();
    loop {
        match codings.next() {
            Ok(Step::Chunk(chunk)) => {
                assert!(!chunk.is_empty() && chunk.len() <= PIECE, "a piece of {}", chunk.len());
                decoded.extend_from_slice(&chunk);
            }
            Ok(Step::Hungry) => match pieces.next() {
                Some(piece) => codings.feed(Bytes::copy_from_slice(piece)),
                None => codings.finish(),
            },
            Ok(Step::Busy) => {}
            Ok(Step::End) => {
                assert_eq!(codings.next(), Ok(Step::End), "the end stays the end");
                return (decoded, Ok(()));
            }
            Err(failure) => {
                assert_eq!(codings.next(), Err(failure.clone()), "an error stays");
                return (decoded, Err(failure));
            }
        }
    }
}

fn decode(names: &[&str], pieces: &[&[u8]]) -> Result<Vec<u8>, PeerMisbehaved> {
    let (decoded, end) = decode_with(codings(names, Limits::default()), pieces);
    end.map(|()| decoded)
}

fn detail(result: Result<Vec<u8>, PeerMisbehaved>) -> String {
    match result {
        Err(PeerMisbehaved::InvalidCoding { detail, .. }) => detail,
        other => panic!("not a coding's error: {other:?}"),
    }
}

#[test]
fn which_codings_make_decoders_table() {
    let five = ["gzip", "br", "zstd", "deflate", "x-gzip"];
    let table: [(&str, &[&str], Option<usize>); 10] = [
        ("no coding passes the bytes", &[], None),
        ("an empty value passes the bytes", &[""], None),
        ("identity passes the bytes", &["identity"], None),
        ("an unknown coding passes the bytes", &["compress"], None),
        ("one unknown coding in a chain passes all bytes", &["gzip", "dcb", "br"], None),
        ("case does not matter", &["GZip"], Some(1)),
        ("x-gzip is gzip", &["X-GZIP"], Some(1)),
        ("identity in a chain is nothing", &["identity", "br"], Some(1)),
        ("five are allowed", &five, Some(5)),
        ("a name with a space is unknown", &["gzip "], None),
    ];
    for (name, names, layers) in table {
        let made = ContentCodings::new(names, Limits::default()).unwrap();
        assert_eq!(made.map(|codings| codings.layers.len()), layers, "{name}");
    }
    assert!(ContentCodings::supports(b"BR") && !ContentCodings::supports(b"identity"));
}

#[test]
fn row_84_more_than_five_codings_are_an_error_wherever_they_stand() {
    for names in [&["gzip"; 6][..], &["gzip", "br", "unknown", "identity", "zstd", "x"], &["gzip"; 5000]] {
        let Err(failure) = ContentCodings::new(names, Limits::default()) else { panic!("{}", names.len()) };
        assert_eq!(failure, PeerMisbehaved::TooManyCodings { count: names.len(), limit: 5 });
    }
}

#[test]
fn every_format_decodes_whole_split_at_every_byte_and_byte_by_byte() {
    let body = sample(700);
    for (name, encode) in FORMATS {
        let encoded = encode(&body);
        assert_eq!(decode(&[name], &[&encoded]).unwrap(), body, "{name}");
        for at in 0..=encoded.len() {
            let (start, end) = encoded.split_at(at);
            assert_eq!(decode(&[name], &[start, end]).unwrap(), body, "{name} split at {at}");
        }
        let bytes: Vec<&[u8]> = encoded.chunks(1).collect();
        assert_eq!(decode(&[name], &bytes).unwrap(), body, "{name} byte by byte");
    }
}

#[test]
fn bodies_of_many_pieces_decode() {
    let body = sample(300_000);
    for (name, encode) in FORMATS {
        let encoded = encode(&body);
        assert!(decode(&[name], &[&encoded]).unwrap() == body, "{name}");
        let pieces: Vec<&[u8]> = encoded.chunks(977).collect();
        assert!(decode(&[name], &pieces).unwrap() == body, "{name} in chunks");
    }
}

#[test]
fn a_body_cut_at_any_byte_is_an_error() {
    let body = sample(500);
    for (name, encode) in FORMATS {
        let encoded = encode(&body);
        for at in 1..encoded.len() {
            let cut = decode(&[name], &[&encoded[..at]]);
            assert!(cut.is_err(), "{name} cut at {at} of {}", encoded.len());
            let bytes: Vec<&[u8]> = encoded[..at].chunks(1).collect();
            assert_eq!(detail(decode(&[name], &bytes)), "unexpected-end", "{name} cut at {at}, byte by byte");
        }
    }
}

#[test]
fn a_cut_body_gives_what_it_had_before_the_error() {
    let encoded = gzip(&sample(200_000));
    let (decoded, end) = decode_with(codings(&["gzip"], Limits::default()), &[&encoded[..encoded.len() - 1]]);
    assert!(decoded == sample(200_000) && end.is_err());
}

#[test]
fn a_body_without_a_byte_stays_empty() {
    for name in ["gzip", "x-gzip", "deflate", "br", "zstd"] {
        assert_eq!(decode(&[name], &[]).unwrap(), b"", "{name}");
        assert_eq!(decode(&[name, "gzip", name], &[b""]).unwrap(), b"", "{name} in a chain");
    }
    // A chain whose outer layer is a whole stream of nothing.
    assert_eq!(decode(&["br", "gzip"], &[&gzip(b"")]).unwrap(), b"");
}

#[test]
fn an_empty_stream_is_empty() {
    for (name, encode) in FORMATS {
        assert_eq!(decode(&[name], &[&encode(b"")]).unwrap(), b"", "{name}");
    }
}

#[test]
fn chains_are_undone_from_the_last_to_the_first() {
    let body = sample(5_000);
    let encoded = gzip(&zstd(&br(&zlib(&deflate(&body)))));
    let names = ["deflate", "deflate", "br", "zstd", "gzip"];
    assert_eq!(decode(&names, &[&encoded]).unwrap(), body);
    let bytes: Vec<&[u8]> = encoded.chunks(1).collect();
    assert_eq!(decode(&names, &bytes).unwrap(), body);
    assert!(decode(&["gzip", "br"], &[&gzip(&br(&body))]).is_err(), "the wrong order");
}

#[test]
fn gzip_members_follow_one_another_and_junk_after_them_is_ignored() {
    let two = [gzip(b"one "), gzip(b"two")].concat();
    for junk in [&b""[..], b"\0", b"junk", b"\x1f\x00", b"\x1f\x8b\x00", &[0; 512]] {
        let encoded = [&two, junk].concat();
        for at in 0..=encoded.len() {
            let (start, end) = encoded.split_at(at);
            assert_eq!(decode(&["gzip"], &[start, end]).unwrap(), b"one two", "{junk:?} split at {at}");
        }
    }
    let first = gzip(b"one ").len();
    for at in first + 1..two.len() {
        assert!(decode(&["gzip"], &[&two[..at]]).is_err(), "the second member cut at {at}");
    }
    assert_eq!(decode(&["gzip"], &[&two[..first]]).unwrap(), b"one ");
    assert_eq!(detail(decode(&["gzip"], &[b"\0junk first"])), "no-gzip-header");
}

#[test]
fn junk_after_deflate_and_brotli_is_ignored_and_after_zstd_it_is_not() {
    for (name, encode) in FORMATS {
        let encoded = [&encode(b"body")[..], b"junk"].concat();
        for at in 0..=encoded.len() {
            let (start, end) = encoded.split_at(at);
            let decoded = decode(&[name], &[start, end]);
            assert_eq!(decoded.ok().as_deref(), (name != "zstd").then_some(&b"body"[..]), "{name} at {at}");
        }
    }
}

/// A header with every optional part: the encoder's, with the checksum that it cannot write put in.
fn gzip_with_all_parts(body: &[u8]) -> (Vec<u8>, usize) {
    let builder = GzBuilder::new().extra([9; 300]).filename("a name").comment("a comment").mtime(1);
    let mut encoder = builder.write(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    let mut encoded = encoder.finish().unwrap();
    let head = 10 + 2 + 300 + "a name\0".len() + "a comment\0".len();
    encoded[3] |= 0x02;
    let mut crc = Crc::new();
    crc.update(&encoded[..head]);
    encoded.splice(head..head, (crc.sum() as u16).to_le_bytes());
    (encoded, head)
}

#[test]
fn gzip_headers_are_read_part_by_part_and_checked() {
    let (encoded, head) = gzip_with_all_parts(b"body");
    for at in 0..=encoded.len() {
        let (start, end) = encoded.split_at(at);
        assert_eq!(decode(&["gzip"], &[start, end]).unwrap(), b"body", "split at {at}");
    }
    let last = encoded.len() - 1;
    for (name, at, wrong) in [
        ("a wrong header checksum", head, "header-crc"),
        ("a name other than its checksum says", 320, "header-crc"),
        ("a wrong checksum", last - 7, "crc"),
        ("a wrong length", last, "length"),
        ("a wrong magic number", 0, "no-gzip-header"),
        ("a method that is not deflate", 2, "no-gzip-header"),
    ] {
        let mut damaged = encoded.clone();
        damaged[at] ^= 1;
        assert_eq!(detail(decode(&["gzip"], &[&damaged])), wrong, "{name}");
    }
    let mut reserved = encoded;
    reserved[3] |= 0x20;
    assert_eq!(detail(decode(&["gzip"], &[&reserved])), "reserved-flags");
}

#[test]
fn gzip_extra_fields_may_be_empty() {
    let mut encoded = gzip(b"body");
    encoded[3] |= 0x04;
    encoded.splice(10..10, [0, 0]);
    assert_eq!(decode(&["gzip"], &[&encoded]).unwrap(), b"body");
}

#[test]
fn deflate_checks_what_zlib_promises() {
    let mut encoded = zlib(b"body");
    *encoded.last_mut().unwrap() ^= 1;
    assert!(decode(&["deflate"], &[&encoded]).is_err(), "the checksum");
    // A preset dictionary that nobody has: the flag, with the header's sum put right.
    assert!(decode(&["deflate"], &[&[0x78, 0xBB, 1, 2, 3, 4, 0x4B, 0x4C, 0x04, 0x00]]).is_err());
}

#[test]
fn zstd_frames_follow_one_another_and_skippable_ones_are_skipped() {
    let skippable = [&0x184D_2A53_u32.to_le_bytes()[..], &5u32.to_le_bytes(), b"skip!"].concat();
    let encoded = [&skippable[..], &zstd(b"one "), &skippable, &zstd(b"two"), &skippable].concat();
    for at in 0..=encoded.len() {
        let (start, end) = encoded.split_at(at);
        assert_eq!(decode(&["zstd"], &[start, end]).unwrap(), b"one two", "split at {at}");
    }
    assert_eq!(decode(&["zstd"], &[&skippable]).unwrap(), b"", "nothing but a skippable frame");
    assert!(decode(&["zstd"], &[&skippable[..9]]).is_err(), "a skippable frame cut");
}

#[test]
fn damaged_bodies_never_panic() {
    let body = sample(900);
    let mut random = Random(0x00C0_FFEE);
    for (name, encode) in FORMATS {
        let encoded = encode(&body);
        for round in 0..400 {
            let mut damaged = encoded.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(damaged.len());
                match random.below(4) {
                    0 => damaged[at] = random.next() as u8,
                    1 => damaged[at] ^= 1 << random.below(8),
                    2 => drop(damaged.drain(at..(at + 5).min(damaged.len()))),
                    _ => damaged.insert(at, random.next() as u8),
                }
                if damaged.is_empty() {
                    damaged.push(0);
                }
            }
            let (start, end) = damaged.split_at(random.below(damaged.len()));
            let limits = Limits { max_decoded: Some(1 << 20), ..Limits::default() };
            let (_, result) = decode_with(codings(&[name], limits), &[start, end]);
            if name == "gzip" && result.is_ok() {
                // Its checksum holds: nothing but the header's free bytes, or bytes after the end, can differ.
                assert_eq!(decode(&[name], &[&damaged]).unwrap(), body, "round {round}");
            }
        }
        for _ in 0..400 {
            let noise: Vec<u8> = (0..random.below(60)).map(|_| random.next() as u8).collect();
            let limits = Limits { max_decoded: Some(1 << 20), ..Limits::default() };
            let _ = decode_with(codings(&[name], limits), &[&noise]);
        }
    }
}

/// Reads `pieces` pieces of a body that would never end, and says what of the input is left untouched.
fn read_some(mut codings: ContentCodings, encoded: &Bytes, pieces: usize) -> usize {
    codings.feed(encoded.clone());
    for _ in 0..pieces {
        match codings.next().unwrap() {
            Step::Chunk(chunk) => assert!(chunk.len() <= PIECE),
            step => panic!("{step:?}"),
        }
    }
    assert!(
        codings.layers[1..].iter().all(|layer| layer.input.len() <= PIECE),
        "layers hold a piece at most"
    );
    codings.layers[0].input.len()
}

#[test]
fn row_85_a_bomb_of_ten_mebibytes_is_read_piece_by_piece() {
    let zeros = vec![0; 1 << 20];
    for (name, encode) in [("gzip", gzip as Encoder), ("zstd", zstd)] {
        let one = encode(&zeros);
        let encoded = Bytes::from(one.repeat((10 << 20) / one.len()));
        let left = read_some(codings(&[name], Limits::default()), &encoded, 100);
        assert!(left > (9 << 20), "{name}: {left} bytes are still to be decoded");
    }
    // A bomb in a bomb.
    let encoded = Bytes::from(gzip(&gzip(&zeros).repeat(1024)));
    read_some(codings(&["gzip", "gzip"], Limits::default()), &encoded, 100);
}

#[test]
fn row_85_ratio_and_size_are_limited_for_each_layer_where_asked() {
    let bomb = gzip(&vec![0; 4 << 20]);
    let limit = |limits| decode_with(codings(&["gzip"], limits), &[&bomb]).1;
    let ratio = Limits { max_ratio: Some(100), ..Limits::default() };
    let Err(PeerMisbehaved::DecompressionLimit { coding: "gzip", decoded, encoded }) = limit(ratio) else {
        panic!("the ratio is limited");
    };
    assert!(decoded > 1 << 20 && decoded <= (1 << 20) + PIECE as u64 && encoded < 4096);
    assert!(limit(Limits { ratio_floor: 4 << 20, ..ratio }).is_ok(), "under the floor no ratio counts");
    assert!(limit(Limits { max_ratio: Some(2000), ..ratio }).is_ok());
    let size = Limits { max_decoded: Some(100_000), ..Limits::default() };
    assert!(matches!(limit(size), Err(PeerMisbehaved::DecompressionLimit { .. })));
    assert!(limit(Limits { max_decoded: Some(4 << 20), ..size }).is_ok(), "exactly the limit is allowed");
    // The inner layer shrinks to nothing what the outer one blew up: the outer one is limited by itself.
    let outer = [&gzip(b"")[..], &vec![0; 4 << 20]].concat();
    let (_, result) = decode_with(codings(&["gzip", "br"], ratio), &[&br(&outer)]);
    assert!(matches!(result, Err(PeerMisbehaved::DecompressionLimit { coding: "br", .. })));
}

#[test]
fn row_85_a_bomb_that_decodes_to_nothing_lets_others_run() {
    // An endless file name, packed: the outer layer makes bytes that the inner one never shows.
    let mut header = gzip(b"")[..10].to_vec();
    header[3] |= 0x08;
    header.resize(32 << 20, b'a');
    let mut codings = codings(&["gzip", "zstd"], Limits::default());
    codings.feed(zstd(&header).into());
    let mut steps = Vec::new();
    while steps.last() != Some(&Step::Hungry) {
        steps.push(codings.next().unwrap());
    }
    assert!(steps.len() > 4 && steps[..steps.len() - 1].iter().all(|step| *step == Step::Busy));
}

#[test]
fn row_88_windows_of_brotli_and_zstd_are_capped() {
    // A window of 2^23 bytes is allowed, one of 2^24 is not.
    for (log, allowed) in [(23, true), (24, false)] {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(log).unwrap();
        encoder.write_all(b"body").unwrap();
        encoder.flush().unwrap();
        let encoded = encoder.finish().unwrap();
        assert_eq!(decode(&["zstd"], &[&encoded]).is_ok(), allowed, "zstd, 2^{log}");
    }
    // A header that asks for the largest window that the format can write.
    assert!(decode(&["zstd"], &[&[0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xFF, 0x01, 0x00, 0x00]]).is_err());
    for (large, allowed) in [(false, true), (true, false)] {
        let mut encoded = Vec::new();
        let parameters = brotli::enc::BrotliEncoderParams {
            quality: 5,
            lgwin: if large { 26 } else { 24 },
            large_window: large,
            ..Default::default()
        };
        brotli::BrotliCompress(&mut &b"body"[..], &mut encoded, &parameters).unwrap();
        assert_eq!(decode(&["br"], &[&encoded]).is_ok(), allowed, "brotli, large window {large}");
    }
}

#[test]
fn row_88_brotli_and_zstd_bombs_are_read_piece_by_piece() {
    let zeros = vec![0; 4 << 20];
    for (name, encode) in [("br", br as Encoder), ("zstd", zstd)] {
        let encoded = Bytes::from(encode(&zeros));
        assert!(encoded.len() < 1024, "{name}: a bomb");
        read_some(codings(&[name], Limits::default()), &encoded, 40);
        let limits = Limits { max_ratio: Some(200), ..Limits::default() };
        assert!(decode_with(codings(&[name], limits), &[&encoded]).1.is_err(), "{name}");
    }
}

/// A body's stream as a script: what each poll answers.
struct Script(VecDeque<Poll<Option<Result<Bytes, BodyError>>>>);

impl ByteStream for Script {
    fn poll_next(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        self.0.pop_front().unwrap_or(Poll::Ready(None))
    }
}

fn decoded(
    script: impl IntoIterator<Item = Poll<Option<Result<Bytes, BodyError>>>>,
    names: &[&str],
) -> (Decoded, Arc<Mutex<ResponseBodyInfo>>) {
    let info = Arc::default();
    let codings = ContentCodings::new(names, Limits::default()).unwrap();
    (Decoded::new(Box::new(Script(script.into_iter().collect())), codings, Arc::clone(&info)), info)
}

fn chunk(bytes: &[u8]) -> Poll<Option<Result<Bytes, BodyError>>> {
    Poll::Ready(Some(Ok(Bytes::copy_from_slice(bytes))))
}

#[test]
fn decoded_streams_and_counts() {
    let body = sample(100_000);
    let encoded = br(&body);
    let (start, end) = encoded.split_at(1000);
    let (mut stream, info) = decoded([Poll::Pending, chunk(start), Poll::Pending, chunk(end)], &["br"]);
    let mut context = Context::from_waker(Waker::noop());
    let (mut all, mut pending) = (Vec::new(), 0);
    loop {
        match stream.poll_next(&mut context) {
            Poll::Pending => {
                if pending == 0 {
                    assert_eq!(*info.lock().unwrap(), ResponseBodyInfo::default());
                }
                pending += 1;
            }
            Poll::Ready(Some(chunk)) => all.extend_from_slice(&chunk.unwrap()),
            Poll::Ready(None) => break,
        }
    }
    let info = info.lock().unwrap();
    assert!(all == body && pending == 2);
    assert_eq!((info.encoded_size, info.decoded_size), (encoded.len() as u64, 100_000));
}

#[test]
fn decoded_without_codings_passes_and_counts() {
    let (mut stream, info) = decoded([chunk(b"as it is")], &["unknown"]);
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Some(Ok(bytes))) = stream.poll_next(&mut context) else { panic!("bytes") };
    assert_eq!(bytes, "as it is");
    assert!(matches!(stream.poll_next(&mut context), Poll::Ready(None)));
    let info = info.lock().unwrap();
    assert_eq!((info.encoded_size, info.decoded_size), (8, 8));
}

#[test]
fn decoded_answers_errors_of_both_kinds() {
    let mut context = Context::from_waker(Waker::noop());
    let (mut stream, _) = decoded([chunk(b"not gzip")], &["gzip"]);
    let Poll::Ready(Some(Err(error))) = stream.poll_next(&mut context) else { panic!("an error") };
    let cause = error.cause.downcast_ref::<PeerMisbehaved>();
    assert!(matches!(cause, Some(PeerMisbehaved::InvalidCoding { coding: "gzip", .. })));
    let broken = BodyError::new(PeerMisbehaved::Truncated);
    let (mut stream, _) = decoded([Poll::Ready(Some(Err(broken)))], &["gzip"]);
    let Poll::Ready(Some(Err(error))) = stream.poll_next(&mut context) else { panic!("an error") };
    assert_eq!(error.cause.downcast_ref(), Some(&PeerMisbehaved::Truncated));
}
