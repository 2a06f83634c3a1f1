//! The formats behind [handle content codings](https://fetch.spec.whatwg.org/#handle-content-codings): deflate, brotli and zstd here, gzip in `gzip.rs`.
//!
//! Each run uses up its input or fills its output, so that a decoder never waits with bytes in hand. Errors are the
//! libraries' own words. Windows are capped as browsers cap them: brotli at 16 MiB, zstd at 8 MiB.

use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};
use flate2::{Decompress, FlushDecompress, Status};
use sofetch_core::wire_faults::PeerMisbehaved;
use zstd::stream::raw::{self, DParameter, InBuffer, Operation, OutBuffer};

use super::gzip::Gzip;

/// A coding that we decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    /// The coding of this name, in any case.
    pub(super) fn named(name: &[u8]) -> Option<Coding> {
        let is = |word: &str| name.eq_ignore_ascii_case(word.as_bytes());
        Some(match name.len() {
            2 if is("br") => Coding::Brotli,
            4 if is("gzip") => Coding::Gzip,
            4 if is("zstd") => Coding::Zstd,
            6 if is("x-gzip") => Coding::Gzip,
            7 if is("deflate") => Coding::Deflate,
            _ => return None,
        })
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "br",
            Coding::Zstd => "zstd",
        }
    }

    pub(super) fn invalid(self, detail: String) -> PeerMisbehaved {
        PeerMisbehaved::InvalidCoding { coding: self.word(), detail }
    }
}

/// One stream being decoded.
pub(super) enum Decoder {
    Gzip(Gzip),
    Deflate(Deflate),
    Brotli(Brotli),
    Zstd(Zstd),
}

impl Decoder {
    pub(super) fn new(coding: Coding) -> Result<Decoder, String> {
        Ok(match coding {
            Coding::Gzip => Decoder::Gzip(Gzip::new()),
            Coding::Deflate => Decoder::Deflate(Deflate::Sniffing { first: None }),
            Coding::Brotli => Decoder::Brotli(Brotli::new()),
            Coding::Zstd => Decoder::Zstd(Zstd::new()?),
        })
    }

    /// Decodes into what `output` has room for, and says how much of `input` was used: all of it unless the output
    /// is full. Bytes already written stand even when an error follows.
    pub(super) fn run(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, String> {
        match self {
            Decoder::Gzip(decoder) => decoder.run(input, output),
            Decoder::Deflate(decoder) => decoder.run(input, output),
            Decoder::Brotli(decoder) => decoder.run(input, output),
            Decoder::Zstd(decoder) => decoder.run(input, output),
        }
    }

    /// May the input end here?
    pub(super) fn is_at_end(&self) -> bool {
        match self {
            Decoder::Gzip(decoder) => decoder.is_at_end(),
            Decoder::Deflate(decoder) => matches!(decoder, Deflate::Junk),
            Decoder::Brotli(decoder) => decoder.done,
            Decoder::Zstd(decoder) => decoder.between_frames,
        }
    }
}

pub(super) fn is_full(output: &Vec<u8>) -> bool {
    output.len() == output.capacity()
}

/// Inflates until the output is full, the input used or the stream at its end (the second value).
pub(super) fn inflate(
    inflate: &mut Decompress,
    input: &[u8],
    output: &mut Vec<u8>,
    used: &mut usize,
) -> Result<bool, String> {
    loop {
        let (taken, written) = (inflate.total_in(), output.len());
        let status = inflate
            .decompress_vec(&input[*used..], output, FlushDecompress::None)
            .map_err(|error| error.to_string())?;
        let taken = (inflate.total_in() - taken) as usize;
        *used += taken;
        if status == Status::StreamEnd {
            return Ok(true);
        }
        if is_full(output) || *used == input.len() {
            return Ok(false);
        }
        if taken == 0 && output.len() == written {
            return Err("stalled".to_owned());
        }
    }
}

/// RFC 1950 as HTTP says, or RFC 1951 bare as many servers do: the first two bytes tell them apart, as in browsers.
/// What follows the end is ignored.
pub(super) enum Deflate {
    Sniffing { first: Option<u8> },
    Inflating(Decompress),
    Junk,
}

impl Deflate {
    fn run(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, String> {
        let mut used = 0;
        if let Deflate::Sniffing { first } = self {
            let (head, taken) = match (*first, input) {
                (Some(one), [two, ..]) => ([one, *two], 1),
                (None, [one, two, ..]) => ([*one, *two], 2),
                (None, [one]) => {
                    *first = Some(*one);
                    return Ok(1);
                }
                (_, []) => return Ok(0),
            };
            used = taken;
            // Method 8, a window of at most 32 KiB, and a sum that 31 divides.
            let is_zlib =
                head[0] & 0x0F == 8 && head[0] >> 4 <= 7 && u16::from_be_bytes(head).is_multiple_of(31);
            let mut decoder = Decompress::new(is_zlib);
            *self = match inflate(&mut decoder, &head, output, &mut 0)? {
                true => Deflate::Junk,
                false => Deflate::Inflating(decoder),
            };
        }
        if let Deflate::Inflating(decoder) = self
            && !is_full(output)
            && inflate(decoder, input, output, &mut used)?
        {
            *self = Deflate::Junk;
        }
        Ok(if matches!(self, Deflate::Junk) { input.len() } else { used })
    }
}

/// RFC 7932, without the large windows of its successor. What follows the end is ignored.
pub(super) struct Brotli {
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    done: bool,
}

impl Brotli {
    fn new() -> Brotli {
        let alloc = StandardAlloc::default;
        Brotli { state: Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())), done: false }
    }

    fn run(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, String> {
        if self.done {
            return Ok(input.len());
        }
        output.resize(output.capacity(), 0);
        let (mut left, mut used, mut room, mut written) = (input.len(), 0, output.len(), 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut used,
            input,
            &mut room,
            &mut written,
            output,
            &mut 0,
            &mut self.state,
        );
        output.truncate(written);
        match result {
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => Ok(used),
            BrotliResult::ResultSuccess => {
                self.done = true;
                Ok(input.len())
            }
            BrotliResult::ResultFailure => Err(format!("{:?}", self.state.error_code)),
        }
    }
}

/// RFC 8878: frames and skippable frames, and nothing else after them.
pub(super) struct Zstd {
    decoder: raw::Decoder<'static>,
    between_frames: bool,
}

/// RFC 9659: 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;

impl Zstd {
    fn new() -> Result<Zstd, String> {
        let new = || {
            let mut decoder = raw::Decoder::new()?;
            decoder.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG))?;
            Ok(Zstd { decoder, between_frames: true })
        };
        new().map_err(|error: std::io::Error| error.to_string())
    }

    fn run(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, String> {
        let mut used = 0;
        // NB: between frames a run without input would begin the next frame.
        if input.is_empty() && self.between_frames {
            return Ok(0);
        }
        loop {
            let written = output.len();
            let mut source = InBuffer::around(&input[used..]);
            let hint = self
                .decoder
                .run(&mut source, &mut OutBuffer::around_pos(output, written))
                .map_err(|error| error.to_string())?;
            let taken = source.pos();
            used += taken;
            self.between_frames = hint == 0;
            if is_full(output) || used == input.len() {
                return Ok(used);
            }
            if taken == 0 && output.len() == written {
                return Err("stalled".to_owned());
            }
        }
    }
}
