//! RFC 1952 for [handle content codings](https://fetch.spec.whatwg.org/#handle-content-codings): headers, checksums, member after member.
//!
//! What follows the last member and is none is ignored, as browsers do. A cut within a later member, even within its
//! first bytes, is an error like any other.

use flate2::{Crc, Decompress};

use super::decoders::{inflate, is_full};

/// One body: its members.
pub(super) struct Gzip {
    part: GzipPart,
    /// The bytes of a part of known length, as far as they came.
    held: [u8; 10],
    count: usize,
    /// Of the header's optional parts, those still to come.
    flags: u8,
    /// Was there a whole member before?
    later: bool,
    /// Over the header's bytes, then over the decoded bytes.
    crc: Crc,
    inflate: Option<Decompress>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum GzipPart {
    Head,
    ExtraLength,
    Extra(u16),
    Name,
    Comment,
    HeadCrc,
    Body,
    Trailer,
    Junk,
}

const FHCRC: u8 = 0x02;
const FEXTRA: u8 = 0x04;
const FNAME: u8 = 0x08;
const FCOMMENT: u8 = 0x10;
const RESERVED: u8 = 0xE0;

impl Gzip {
    pub(super) fn new() -> Gzip {
        Gzip {
            part: GzipPart::Head,
            held: [0; 10],
            count: 0,
            flags: 0,
            later: false,
            crc: Crc::new(),
            inflate: None,
        }
    }

    pub(super) fn is_at_end(&self) -> bool {
        match self.part {
            GzipPart::Junk => true,
            GzipPart::Head => self.later && self.count == 0,
            _ => false,
        }
    }

    pub(super) fn run(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<usize, String> {
        let mut used = 0;
        loop {
            match self.part {
                GzipPart::Junk => return Ok(input.len()),
                GzipPart::Body => {
                    if is_full(output) {
                        return Ok(used);
                    }
                    let decoder = self.inflate.get_or_insert_with(|| Decompress::new(false));
                    let start = output.len();
                    let ended = inflate(decoder, input, output, &mut used);
                    self.crc.update(&output[start..]);
                    if !ended? {
                        return Ok(used);
                    }
                    decoder.reset(false);
                    self.turn_to(GzipPart::Trailer);
                }
                _ => {
                    let Some(&byte) = input.get(used) else { return Ok(used) };
                    used += 1;
                    self.frame(byte)?;
                }
            }
        }
    }

    /// One byte of a header or trailer.
    fn frame(&mut self, byte: u8) -> Result<(), String> {
        // The header's own checksum leaves itself out.
        if !matches!(self.part, GzipPart::HeadCrc | GzipPart::Trailer) {
            self.crc.update(&[byte]);
        }
        match self.part {
            GzipPart::Head => self.head(byte)?,
            GzipPart::ExtraLength => {
                if self.holds(byte, 2) {
                    match u16::from_le_bytes([self.held[0], self.held[1]]) {
                        0 => self.turn_to_next_option(),
                        length => self.turn_to(GzipPart::Extra(length)),
                    }
                }
            }
            GzipPart::Extra(1) => self.turn_to_next_option(),
            GzipPart::Extra(left) => self.part = GzipPart::Extra(left - 1),
            GzipPart::Name | GzipPart::Comment => {
                if byte == 0 {
                    self.turn_to_next_option();
                }
            }
            GzipPart::HeadCrc => {
                if self.holds(byte, 2) {
                    if u16::from_le_bytes([self.held[0], self.held[1]]) != self.crc.sum() as u16 {
                        return Err("header-crc".to_owned());
                    }
                    self.turn_to_next_option();
                }
            }
            GzipPart::Trailer => {
                if self.holds(byte, 8) {
                    self.trailer()?;
                }
            }
            GzipPart::Body | GzipPart::Junk => {}
        }
        Ok(())
    }

    fn head(&mut self, byte: u8) -> Result<(), String> {
        const MAGIC: [u8; 3] = [0x1F, 0x8B, 8];
        if MAGIC.get(self.count).is_some_and(|&wanted| wanted != byte) {
            if !self.later {
                return Err("no-gzip-header".to_owned());
            }
            self.part = GzipPart::Junk;
            return Ok(());
        }
        if self.count == 3 && byte & RESERVED != 0 {
            return Err("reserved-flags".to_owned());
        }
        if self.holds(byte, 10) {
            self.flags = self.held[3];
            self.turn_to_next_option();
        }
        Ok(())
    }

    fn trailer(&mut self) -> Result<(), String> {
        let [a, b, c, d, e, f, g, h, ..] = self.held;
        if u32::from_le_bytes([a, b, c, d]) != self.crc.sum() {
            return Err("crc".to_owned());
        }
        if u32::from_le_bytes([e, f, g, h]) != self.crc.amount() {
            return Err("length".to_owned());
        }
        self.later = true;
        self.crc.reset();
        self.turn_to(GzipPart::Head);
        Ok(())
    }

    /// Keeps a byte; are there `length` of them?
    fn holds(&mut self, byte: u8, length: usize) -> bool {
        self.held[self.count] = byte;
        self.count += 1;
        self.count == length
    }

    fn turn_to(&mut self, part: GzipPart) {
        self.part = part;
        self.count = 0;
    }

    fn turn_to_next_option(&mut self) {
        let options = [
            (FEXTRA, GzipPart::ExtraLength),
            (FNAME, GzipPart::Name),
            (FCOMMENT, GzipPart::Comment),
            (FHCRC, GzipPart::HeadCrc),
        ];
        for (flag, part) in options {
            if self.flags & flag != 0 {
                self.flags &= !flag;
                return self.turn_to(part);
            }
        }
        self.crc.reset();
        self.turn_to(GzipPart::Body);
    }
}
