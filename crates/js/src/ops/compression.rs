//! [CompressionStream and DecompressionStream](https://compression.spec.whatwg.org/): bytes in, pieces out.
//!
//! A piece is at most 64 KiB. A chunk that becomes very much more is decompressed as its pieces are taken: the prelude
//! asks for the next ones when somebody wants them.

mod gzip;

use std::cell::RefCell;

use flate2::{Compress, Compression, Crc, Decompress, FlushCompress, FlushDecompress, Status};
use rquickjs::{Array, Ctx, Exception, Object, Result, Value};

use crate::handles::Handle;
use crate::ops::buffer_sources::{new_uint8_array, with_bytes};
use crate::ops::set;
use crate::values::Text;
use gzip::Frame;

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, compression_new, compress, decompression_new, decompress, decompression_has_more);
    Ok(())
}

/// The most bytes of a piece.
const PIECE: usize = 64 * 1024;

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

fn compression_new(format: Text) -> Handle {
    Handle::new(RefCell::new(Compressor::new(Format::named(&format.0))))
}

/// The pieces that a chunk becomes, as `Uint8Array`s; with `finish`, those at the end.
fn compress<'js>(ctx: Ctx<'js>, context: Handle, chunk: Value<'js>, finish: bool) -> Result<Array<'js>> {
    let compressor = context.get::<RefCell<Compressor>>(&ctx)?;
    let mut pieces = Pieces::new(&ctx)?;
    with_bytes(&ctx, &chunk, |input| {
        compressor.borrow_mut().run(input, finish, &mut |piece| pieces.append(piece))
    })?;
    Ok(pieces.array)
}

fn decompression_new(format: Text) -> Handle {
    Handle::new(RefCell::new(Decompressor::new(Format::named(&format.0))))
}

/// The first pieces that a chunk becomes, or the next ones where it is empty; with `finish`, those at the end.
fn decompress<'js>(ctx: Ctx<'js>, context: Handle, chunk: Value<'js>, finish: bool) -> Result<Array<'js>> {
    let decompressor = context.get::<RefCell<Decompressor>>(&ctx)?;
    let mut decompressor = decompressor.borrow_mut();
    let mut pieces = Pieces::new(&ctx)?;
    let result = with_bytes(&ctx, &chunk, |input| decompressor.run(input, &mut |piece| pieces.append(piece)));
    match result {
        Err(Stopped::Engine(error)) => Err(error),
        Err(Stopped::Invalid(what)) => {
            Err(Exception::throw_type(&ctx, &format!("The compressed data was not valid: {what}.")))
        }
        Ok(()) if finish && !decompressor.is_at_end() => {
            Err(Exception::throw_type(&ctx, "The compressed data ended too early."))
        }
        Ok(()) => Ok(pieces.array),
    }
}

/// Does the last chunk still have pieces?
fn decompression_has_more(ctx: Ctx<'_>, context: Handle) -> Result<bool> {
    let decompressor = context.get::<RefCell<Decompressor>>(&ctx)?;
    let has_more = decompressor.borrow().has_more;
    Ok(has_more)
}

/// What was made, in the engine's own memory.
struct Pieces<'js> {
    array: Array<'js>,
    count: usize,
}

impl<'js> Pieces<'js> {
    fn new(ctx: &Ctx<'js>) -> Result<Pieces<'js>> {
        Ok(Pieces { array: Array::new(ctx.clone())?, count: 0 })
    }

    fn append(&mut self, piece: &[u8]) -> Result<()> {
        self.array.set(self.count, new_uint8_array(self.array.ctx(), piece)?)?;
        self.count += 1;
        Ok(())
    }
}

/// A [compression context](https://compression.spec.whatwg.org/#compression-context).
struct Compressor {
    format: Format,
    deflate: Compress,
    /// Of gzip's trailer.
    crc: Crc,
    output: Vec<u8>,
}

impl Compressor {
    fn new(format: Format) -> Compressor {
        let mut output = Vec::with_capacity(PIECE);
        if format == Format::Gzip {
            output.extend_from_slice(&gzip::HEADER);
        }
        let deflate = Compress::new(Compression::default(), format == Format::Deflate);
        Compressor { format, deflate, crc: Crc::new(), output }
    }

    fn run(&mut self, input: &[u8], finish: bool, emit: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        if self.format == Format::Gzip {
            self.crc.update(input);
        }
        let flush = if finish { FlushCompress::Finish } else { FlushCompress::None };
        let mut rest = input;
        loop {
            let taken = self.deflate.total_in();
            let status = self.deflate.compress_vec(rest, &mut self.output, flush);
            rest = &rest[(self.deflate.total_in() - taken) as usize..];
            let is_done = match status {
                Ok(Status::StreamEnd) => true,
                _ => !finish && rest.is_empty() && self.output.len() < self.output.capacity(),
            };
            if is_done {
                break;
            }
            self.emit(emit)?;
        }
        if finish && self.format == Format::Gzip {
            self.output.extend_from_slice(&gzip::trailer(&self.crc));
        }
        self.emit(emit)
    }

    fn emit(&mut self, emit: &mut impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        if !self.output.is_empty() {
            emit(&self.output)?;
            self.output.clear();
        }
        Ok(())
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
    output: Vec<u8>,
    /// What the last chunk still has.
    rest: Vec<u8>,
    has_more: bool,
}

impl Decompressor {
    fn new(format: Format) -> Decompressor {
        Decompressor {
            inflate: Decompress::new(format == Format::Deflate),
            frame: (format == Format::Gzip).then(Frame::new),
            ended: false,
            output: Vec::with_capacity(PIECE),
            rest: Vec::new(),
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
            return self.run_on(input, emit);
        }
        rest.extend_from_slice(input);
        self.run_on(&rest, emit)
    }

    fn run_on(
        &mut self,
        input: &[u8],
        emit: &mut impl FnMut(&[u8]) -> Result<()>,
    ) -> std::result::Result<(), Stopped> {
        self.has_more = false;
        let mut input = input;
        if let Some(frame) = &mut self.frame {
            frame.read_header(&mut input)?;
            if !frame.is_at_body() {
                return Ok(());
            }
        }
        let mut count = 0;
        while !self.ended {
            if count == MOST_PIECES {
                self.has_more = true;
                self.rest = input.to_vec();
                return Ok(());
            }
            self.output.clear();
            let taken = self.inflate.total_in();
            let status = self.inflate.decompress_vec(input, &mut self.output, FlushDecompress::None);
            let status = status.map_err(|error| Stopped::Invalid(error.to_string()))?;
            let taken = (self.inflate.total_in() - taken) as usize;
            input = &input[taken..];
            if let Some(frame) = &mut self.frame {
                frame.note(&self.output);
            }
            if !self.output.is_empty() {
                emit(&self.output)?;
                count += 1;
            }
            self.ended = status == Status::StreamEnd;
            if !self.ended && self.output.len() < self.output.capacity() {
                if input.is_empty() {
                    return Ok(());
                }
                if taken == 0 && self.output.is_empty() {
                    return Err("it goes on for nothing".into());
                }
            }
        }
        if let Some(frame) = &mut self.frame {
            frame.read_trailer(&mut input)?;
        }
        match input {
            [] => Ok(()),
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
