//! [RFC 1952](https://www.rfc-editor.org/rfc/rfc1952) for the [gzip format](https://compression.spec.whatwg.org/#supported-formats): one member, and what stands around its body.

use flate2::Crc;

/// No name, no time, no word about level or system.
pub(super) const HEADER: [u8; 10] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];

/// The checksum and the length of what was compressed.
pub(super) fn trailer(crc: &Crc) -> [u8; 8] {
    let ([a, b, c, d], [e, f, g, h]) = (crc.sum().to_le_bytes(), crc.amount().to_le_bytes());
    [a, b, c, d, e, f, g, h]
}

/// Where in a member the input stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Fixed,
    ExtraLength,
    Extra { left: u16 },
    Name,
    Comment,
    HeaderCrc,
    Body,
    End,
}

/// The parts that a flag announces, in their order.
const OPTIONS: [(u8, Part); 4] =
    [(0x04, Part::ExtraLength), (0x08, Part::Name), (0x10, Part::Comment), (0x02, Part::HeaderCrc)];
const RESERVED: u8 = 0xE0;

/// Reads what is no body, however it is cut into chunks.
pub(super) struct Frame {
    part: Part,
    /// The bytes of a part of known length, as far as they came.
    held: [u8; 10],
    count: usize,
    /// Options still to come.
    flags: u8,
    /// Of the header, then of the body.
    crc: Crc,
}

impl Frame {
    pub(super) fn new() -> Frame {
        Frame { part: Part::Fixed, held: [0; 10], count: 0, flags: 0, crc: Crc::new() }
    }

    pub(super) fn is_at_body(&self) -> bool {
        matches!(self.part, Part::Body | Part::End)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.part == Part::End
    }

    /// Bytes of the body, decompressed.
    pub(super) fn note(&mut self, body: &[u8]) {
        self.crc.update(body);
    }

    pub(super) fn read_header(&mut self, input: &mut &[u8]) -> Result<(), &'static str> {
        while !self.is_at_body() {
            let Some((&byte, rest)) = input.split_first() else { return Ok(()) };
            *input = rest;
            if self.part != Part::HeaderCrc {
                self.crc.update(&[byte]);
            }
            match self.part {
                Part::Fixed => {
                    if HEADER[..3].get(self.count).is_some_and(|wanted| *wanted != byte) {
                        return Err("it does not begin as gzip does");
                    }
                    if self.holds(byte, 10) {
                        self.flags = self.held[3];
                        if self.flags & RESERVED != 0 {
                            return Err("a reserved flag is set");
                        }
                        self.next_option();
                    }
                }
                Part::ExtraLength => {
                    if self.holds(byte, 2) {
                        match u16::from_le_bytes([self.held[0], self.held[1]]) {
                            0 => self.next_option(),
                            left => self.part = Part::Extra { left },
                        }
                    }
                }
                Part::Extra { left: 1 } => self.next_option(),
                Part::Extra { left } => self.part = Part::Extra { left: left - 1 },
                Part::Name | Part::Comment if byte == 0 => self.next_option(),
                Part::HeaderCrc => {
                    if self.holds(byte, 2) {
                        if self.held[..2] != self.crc.sum().to_le_bytes()[..2] {
                            return Err("its header's checksum is wrong");
                        }
                        self.next_option();
                    }
                }
                Part::Name | Part::Comment | Part::Body | Part::End => {}
            }
        }
        Ok(())
    }

    pub(super) fn read_trailer(&mut self, input: &mut &[u8]) -> Result<(), &'static str> {
        while self.part != Part::End {
            let Some((&byte, rest)) = input.split_first() else { return Ok(()) };
            *input = rest;
            if self.holds(byte, 8) {
                if self.held[..8] != trailer(&self.crc) {
                    return Err("its checksum or its length is wrong");
                }
                self.part = Part::End;
            }
        }
        Ok(())
    }

    /// Keeps a byte; are there `length` of them?
    fn holds(&mut self, byte: u8, length: usize) -> bool {
        self.held[self.count] = byte;
        self.count += 1;
        self.count == length
    }

    fn next_option(&mut self) {
        self.count = 0;
        for (flag, part) in OPTIONS {
            if self.flags & flag != 0 {
                self.flags &= !flag;
                self.part = part;
                return;
            }
        }
        self.crc.reset();
        self.part = Part::Body;
    }
}
