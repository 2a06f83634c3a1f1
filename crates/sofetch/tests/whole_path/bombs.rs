//! Bodies that make very much of very little, written by hand.

/// For each coding its first bytes, and those that go on for ever after them (none: the first are the whole, 64 MiB).
pub(crate) fn endless() -> [(&'static str, Vec<u8>, Vec<u8>); 4] {
    // RFC 1951: a block of fixed codes, the letter, then "258 bytes from one back" again and again: 13 bits each, so
    // that eight of them are whole bytes.
    let mut bits = Bits::default();
    bits.put(&[0, 1, 0]);
    bits.put(&[1, 0, 1, 0, 1, 0, 0, 0]);
    bits.repeat();
    let deflated = bits.bytes;
    let mut bits = Bits::default();
    (0..8).for_each(|_| bits.repeat());
    let again = bits.bytes.repeat(100);
    let gzip = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff][..], &deflated].concat();
    let zlib = [&[0x78, 0x9c][..], &deflated].concat();
    // RFC 8878: a window of 2 MiB, then blocks of one byte 128 Ki times.
    let zstd = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x58];
    let block = [0x02, 0x00, 0x10, b'x'].repeat(100);
    [
        ("gzip", gzip, again.clone()),
        ("deflate", zlib, again),
        ("zstd", zstd, block),
        ("br", BROTLI_64_MIB.to_vec(), Vec::new()),
    ]
}

/// One letter, 64 Mi times.
const BROTLI_64_MIB: [u8; 52] = [
    0xcf, 0xff, 0xff, 0x7f, 0x00, 0x24, 0xf0, 0xe2, 0xb1, 0x40, 0x72, 0xef, 0xff, 0xf9, 0xff, 0xff, 0x0f,
    0x80, 0x04, 0x40, 0x1c, 0x16, 0x80, 0xee, 0xfd, 0x3f, 0xff, 0xff, 0xff, 0x01, 0x90, 0x00, 0x88, 0xc3,
    0x02, 0xd0, 0xbd, 0xff, 0xe7, 0xff, 0xff, 0x3f, 0x00, 0x12, 0x00, 0x71, 0x58, 0x00, 0xba, 0xf7, 0xff,
    0x03,
];

/// Bits, the first one lowest.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    fn put(&mut self, bits: &[u8]) {
        for bit in bits {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= bit << (self.count % 8);
            }
            self.count += 1;
        }
    }

    /// Length 258, distance 1.
    fn repeat(&mut self) {
        self.put(&[1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
    }
}
