//! [CompressionStream and DecompressionStream](https://compression.spec.whatwg.org/): bytes in, pieces out.
//!
//! A piece is at most 64 KiB. A chunk that becomes very much more is decompressed as its pieces are taken: the prelude
//! asks for the next ones when somebody wants them.

mod gzip;

use std::cell::RefCell;

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress, Status};
use rquickjs::{Array, Ctx, Exception, Object, Result, Value};

use crate::handles::Handle;
use crate::ledger::hold;
use crate::ops::buffer_sources::{new_uint8_array, with_bytes};
use crate::ops::set;
use crate::values::{Text, new_list};
use gzip::Frame;

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, compression_new, compress, decompression_new, decompress, decompression_has_more);
    Ok(())
}

/// The most bytes of a piece.
const PIECE: usize = 64 * 1024;

/// The most bytes that are compressed at once.
const LONG_CHUNK: usize = 4 << 20;

/// When a chunk became so many pieces, the others wait until they are asked for.
const MOST_PIECES: u32 = 16;

/// <https://compression.spec.whatwg.org/#supported-formats>
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Deflate,
    DeflateRaw,
    Gzip,
}

impl Format {
    fn named(name: &str) -> Format {
        match name {
            "deflate" => Format::Deflate,
            "deflate-raw" => Format::DeflateRaw,
            _ => Format::Gzip,
        }
    }
}

/// A compression context of a direction, made with the first chunk.
struct Context<T> {
    format: Format,
    /// With what stands for its size in the ledger.
    made: RefCell<Option<(T, Bytes)>>,
}

impl<T: 'static> Context<T> {
    fn handle(format: &Text) -> Handle {
        Handle::new(Context::<T> { format: Format::named(&format.0), made: RefCell::new(None) })
    }

    fn with<R>(
        &self,
        ctx: &Ctx<'_>,
        (make, size): (fn(Format) -> T, usize),
        steps: impl FnOnce(&mut T) -> R,
    ) -> Result<R> {
        let mut made = self.made.borrow_mut();
        let (context, _) = match &mut *made {
            Some(made) => made,
            none => none.insert((make(self.format), hold(ctx, Bytes::from_static(&SIZE[..size]))?)),
        };
        Ok(steps(context))
    }
}

/// The ledger counts bytes: as many of these as a context has of its own, within the library.
static SIZE: [u8; 320 * 1024] = [0; 320 * 1024];
const COMPRESSOR: (fn(Format) -> Compressor, usize) = (Compressor::new, 320 * 1024);
const DECOMPRESSOR: (fn(Format) -> Decompressor, usize) = (Decompressor::new, 48 * 1024);

fn compression_new(format: Text) -> Handle {
    Context::<Compressor>::handle(&format)
}

/// Appends the pieces that a chunk becomes to `pieces`, as `Uint8Array`s; with `finish`, those at the end. `from` is
/// where in the chunk to begin, and what is given where to go on: not all of a long one is compressed at once, so that
/// script can be interrupted.
fn compress<'js>(
    ctx: Ctx<'js>,
    context: Handle,
    chunk: Value<'js>,
    from: usize,
    finish: bool,
    pieces: Array<'js>,
) -> Result<Option<usize>> {
    let context = context.get::<Context<Compressor>>(&ctx)?;
    let mut pieces = Pieces::after(pieces);
    context.with(&ctx, COMPRESSOR, |compressor| {
        with_bytes(&ctx, &chunk, |input| {
            let to = from.saturating_add(LONG_CHUNK).min(input.len());
            let part = input.get(from..to).unwrap_or_default();
            compressor.run(part, finish, &mut |piece| pieces.append(piece))?;
            Ok((to < input.len()).then_some(to))
        })
    })?
}

fn decompression_new(format: Text) -> Handle {
    Context::<Decompressor>::handle(&format)
}

/// The first pieces that a chunk becomes, or the next ones where it is empty; with `finish`, those at the end.
fn decompress<'js>(ctx: Ctx<'js>, context: Handle, chunk: Value<'js>, finish: bool) -> Result<Array<'js>> {
    let context = context.get::<Context<Decompressor>>(&ctx)?;
    let mut pieces = Pieces::after(new_list(&ctx)?);
    let result = context.with(&ctx, DECOMPRESSOR, |decompressor| {
        let is_new = with_bytes(&ctx, &chunk, |input| {
            decompressor.run(input, &mut |piece| pieces.append(piece)).map(|()| !input.is_empty())
        })?;
        if is_new && decompressor.has_more {
            decompressor.rest = hold(&ctx, std::mem::take(&mut decompressor.rest))?;
        }
        match finish && !decompressor.is_at_end() {
            true => Err("it ends too early".into()),
            false => Ok(()),
        }
    })?;
    match result {
        Ok(()) => Ok(pieces.array),
        Err(Stopped::Engine(error)) => Err(error),
        Err(Stopped::Invalid(what)) => {
            Err(Exception::throw_type(&ctx, &format!("The compressed data was not valid: {what}.")))
        }
    }
}

/// Does the last chunk still have pieces?
fn decompression_has_more(ctx: Ctx<'_>, context: Handle) -> Result<bool> {
    let context = context.get::<Context<Decompressor>>(&ctx)?;
    let has_more = context.made.borrow().as_ref().is_some_and(|(decompressor, _)| decompressor.has_more);
    Ok(has_more)
}

/// What was made, in the engine's own memory.
struct Pieces<'js> {
    array: Array<'js>,
    count: usize,
}

impl<'js> Pieces<'js> {
    fn after(array: Array<'js>) -> Pieces<'js> {
        Pieces { count: array.len(), array }
    }

    fn append(&mut self, piece: &[u8]) -> Result<()> {
        self.array.set(self.count, new_uint8_array(self.array.ctx(), piece)?)?;
        self.count += 1;
        Ok(())
    }
}

/// A [compression context](https://compression.spec.whatwg.org/#compression-context).
struct Compressor {
    deflate: Compress,
    /// What stands around the body, where the format is gzip.
    gzip: Option<Crc>,
    began: bool,
}

impl Compressor {
    fn new(format: Format) -> Compressor {
        let deflate = Compress::new(Compression::default(), format == Format::Deflate);
        Compressor { deflate, gzip: (format == Format::Gzip).then(Crc::new), began: false }
    }

    fn run(&mut self, input: &[u8], finish: bool, emit: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut output = Vec::with_capacity(PIECE);
        if let Some(crc) = &mut self.gzip {
            crc.update(input);
            if !self.began {
                output.extend_from_slice(&gzip::HEADER);
            }
        }
        self.began = true;
        let flush = if finish { FlushCompress::Finish } else { FlushCompress::None };
        let mut rest = input;
        loop {
            let taken = self.deflate.total_in();
            let status = self.deflate.compress_vec(rest, &mut output, flush);
            rest = &rest[(self.deflate.total_in() - taken) as usize..];
            let is_done = match status {
                Ok(Status::StreamEnd) => true,
                _ => !finish && rest.is_empty() && output.len() < output.capacity(),
            };
            if is_done {
                break;
            }
            emit(&output)?;
            output.clear();
        }
        if let Some(crc) = &self.gzip
            && finish
        {
            output.extend_from_slice(&gzip::trailer(crc));
        }
        if output.is_empty() { Ok(()) } else { emit(&output) }
    }
}

/// Why there is no more.
enum Stopped {
    /// The engine threw, for want of memory.
    Engine(rquickjs::Error),
    /// The input is none of this format.
    Invalid(String),
}

impl From<rquickjs::Error> for Stopped {
    fn from(error: rquickjs::Error) -> Stopped {
        Stopped::Engine(error)
    }
}

impl From<&str> for Stopped {
    fn from(what: &str) -> Stopped {
        Stopped::Invalid(what.to_owned())
    }
}

/// A compression context of the other direction.
struct Decompressor {
    inflate: Decompress,
    /// What stands around the body, where the format is gzip.
    frame: Option<Frame>,
    ended: bool,
    /// Of the last chunk, what was not read yet.
    rest: Bytes,
    has_more: bool,
}

impl Decompressor {
    fn new(format: Format) -> Decompressor {
        Decompressor {
            inflate: Decompress::new(format == Format::Deflate),
            frame: (format == Format::Gzip).then(Frame::new),
            ended: false,
            rest: Bytes::new(),
            has_more: false,
        }
    }

    fn is_at_end(&self) -> bool {
        self.ended && self.frame.as_ref().is_none_or(Frame::is_at_end)
    }

    fn run(
        &mut self,
        input: &[u8],
        emit: &mut impl FnMut(&[u8]) -> Result<()>,
    ) -> std::result::Result<(), Stopped> {
        let mut rest = std::mem::take(&mut self.rest);
        if rest.is_empty() {
            let used = self.run_on(input, emit)?;
            if self.has_more {
                self.rest = Bytes::copy_from_slice(&input[used..]);
            }
            return Ok(());
        }
        if !input.is_empty() {
            rest = [&rest, input].concat().into();
        }
        let used = self.run_on(&rest, emit)?;
        if self.has_more {
            self.rest = rest.slice(used..);
        }
        Ok(())
    }

    /// How much was used: all of it, unless there is more.
    fn run_on(
        &mut self,
        input: &[u8],
        emit: &mut impl FnMut(&[u8]) -> Result<()>,
    ) -> std::result::Result<usize, Stopped> {
        self.has_more = false;
        let mut rest = input;
        if let Some(frame) = &mut self.frame {
            frame.read_header(&mut rest)?;
            if !frame.is_at_body() {
                return Ok(input.len());
            }
        }
        let mut output = Vec::with_capacity(PIECE);
        let mut count = 0;
        while !self.ended {
            if count == MOST_PIECES {
                self.has_more = true;
                return Ok(input.len() - rest.len());
            }
            output.clear();
            let taken = self.inflate.total_in();
            let status = self.inflate.decompress_vec(rest, &mut output, FlushDecompress::None);
            let status = status.map_err(|error| Stopped::Invalid(error.to_string()))?;
            let taken = (self.inflate.total_in() - taken) as usize;
            rest = &rest[taken..];
            if let Some(frame) = &mut self.frame {
                frame.note(&output);
            }
            if !output.is_empty() {
                emit(&output)?;
                count += 1;
            }
            self.ended = status == Status::StreamEnd;
            if !self.ended && output.len() < output.capacity() {
                if rest.is_empty() {
                    return Ok(input.len());
                }
                if taken == 0 && output.is_empty() {
                    return Err("it goes on for nothing".into());
                }
            }
        }
        if let Some(frame) = &mut self.frame {
            frame.read_trailer(&mut rest)?;
        }
        match rest {
            [] => Ok(input.len()),
            _ => Err("it goes on after its end".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMATS: [Format; 3] = [Format::Deflate, Format::DeflateRaw, Format::Gzip];

    fn compress(format: Format, chunks: &[&[u8]]) -> Vec<u8> {
        let mut compressor = Compressor::new(format);
        let mut output = Vec::new();
        let mut emit = |piece: &[u8]| {
            assert!(!piece.is_empty());
            output.extend_from_slice(piece);
            Ok(())
        };
        for chunk in chunks {
            compressor.run(chunk, false, &mut emit).expect("memory");
        }
        compressor.run(&[], true, &mut emit).expect("memory");
        output
    }

    /// What is decompressed, and whether that was all; an error is `None`. The most pieces of a run are counted.
    fn decompress(format: Format, chunks: &[&[u8]]) -> Option<(Vec<u8>, bool)> {
        let mut decompressor = Decompressor::new(format);
        let mut output = Vec::new();
        for chunk in chunks {
            let mut chunk = *chunk;
            loop {
                let mut count = 0;
                let ran = decompressor.run(chunk, &mut |piece: &[u8]| {
                    assert!(!piece.is_empty() && piece.len() <= PIECE);
                    count += 1;
                    output.extend_from_slice(piece);
                    Ok(())
                });
                ran.ok()?;
                assert!(count <= MOST_PIECES);
                if !decompressor.has_more {
                    break;
                }
                chunk = &[];
            }
        }
        let ended = decompressor.is_at_end();
        Some((output, ended))
    }

    #[test]
    fn what_is_compressed_comes_back() {
        let noise: Vec<u8> = (0..300_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let zeros = vec![0; 5_000_000];
        for format in FORMATS {
            for chunks in
                [&[][..], &[&b""[..]], &[b"a"], &[b"a", b"", b"bc"], &[&noise], &[&zeros], &[&noise, &zeros]]
            {
                let compressed = compress(format, chunks);
                let whole = Some((chunks.concat(), true));
                assert!(decompress(format, &[&compressed]) == whole);
                let bytes: Vec<&[u8]> = compressed.chunks(1).collect();
                assert!(decompress(format, &bytes) == whole, "a byte at a time");
            }
        }
    }

    #[test]
    fn what_is_cut_has_no_end() {
        for format in FORMATS {
            let compressed = compress(format, &[b"expected output"]);
            for end in 0..compressed.len() {
                let (_, ended) = decompress(format, &[&compressed[..end]]).expect("nothing wrong so far");
                assert!(!ended, "{end}");
            }
        }
    }

    #[test]
    fn what_follows_the_end_is_an_error() {
        for format in FORMATS {
            let compressed = compress(format, &[b"expected output"]);
            assert_eq!(decompress(format, &[&compressed, b"\0"]), None);
            assert_eq!(decompress(format, &[&[&compressed[..], b"\0"].concat()]), None);
            assert_eq!(decompress(format, &[&compressed, &compressed]), None, "a second member too");
            assert!(decompress(format, &[&compressed, b""]).is_some());
        }
    }

    #[test]
    fn deflate_table() {
        let valid = compress(Format::Deflate, &[b"x"]);
        let with = |index: usize, byte: u8| {
            let mut damaged = valid.clone();
            let index = if index < 2 { index } else { valid.len() + 1 - index };
            damaged[index] = byte;
            damaged
        };
        for (name, stream, is_valid) in [
            ("as it was", valid.clone(), true),
            ("the level says nothing", with(1, 0x01), true),
            ("another method", with(0, 0x79), false),
            ("a window that is too large", [&[0x88, 0x1C], &valid[2..]].concat(), false),
            ("a dictionary", [&[0x78, 0xBB, 0, 0, 0, 0], &valid[2..]].concat(), false),
            ("a wrong check of the header", with(1, 0x9D), false),
            ("a wrong checksum", with(2, 0xFF), false),
        ] {
            let decompressed = decompress(Format::Deflate, &[&stream]);
            assert_eq!(decompressed == Some((b"x".to_vec(), true)), is_valid, "{name}");
        }
    }

    #[test]
    fn gzip_table() {
        let body = compress(Format::DeflateRaw, &[b"x"]);
        let trailer = {
            let mut crc = Crc::new();
            crc.update(b"x");
            gzip::trailer(&crc)
        };
        let member = |flags: u8, options: &[u8]| {
            let header = [0x1F, 0x8B, 8, flags, 1, 2, 3, 4, 5, 6];
            [&header[..], options, &body, &trailer].concat()
        };
        let with_crc = {
            let mut crc = Crc::new();
            crc.update(&[0x1F, 0x8B, 8, 2, 1, 2, 3, 4, 5, 6]);
            member(2, &(crc.sum() as u16).to_le_bytes())
        };
        let damaged = |index: usize| {
            let mut member = member(0, b"");
            let index = if index < 10 { index } else { member.len() + 10 - 1 - index };
            member[index] ^= 1;
            member
        };
        for (name, member, valid) in [
            ("text is a word about the body", member(1, b""), true),
            ("an extra field is passed over", member(4, b"\x02\0ab"), true),
            ("an empty one too", member(4, b"\0\0"), true),
            ("a name and a comment end in NUL", member(24, b"name\0comment\0"), true),
            ("the header's checksum is checked", member(2, b"\0\0"), false),
            ("and may be right", with_crc, true),
            ("reserved flags are an error", member(32, b""), false),
            ("the first byte", damaged(0), false),
            ("the method", damaged(2), false),
            ("the time says nothing", damaged(4), true),
            ("the length", damaged(10), false),
            ("the checksum", damaged(14), false),
        ] {
            let decompressed = decompress(Format::Gzip, &[&member]);
            assert_eq!(decompressed == Some((b"x".to_vec(), true)), valid, "{name}");
        }
    }
}
