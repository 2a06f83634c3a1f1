//! [gzip](https://www.rfc-editor.org/rfc/rfc1952) of few bytes, stored and not compressed: enough to be decoded.

/// One member with one stored block. `None` where the bytes do not fit into one.
pub(crate) fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(bytes.len()).ok()?;
    let mut member = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    // The last block, stored: its length, the length's complement, the bytes.
    member.push(1);
    member.extend_from_slice(&length.to_le_bytes());
    member.extend_from_slice(&(!length).to_le_bytes());
    member.extend_from_slice(bytes);
    member.extend_from_slice(&crc32(bytes).to_le_bytes());
    member.extend_from_slice(&u32::from(length).to_le_bytes());
    Some(member)
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_of_the_digits() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_member_has_head_block_and_tail() {
        let member = gzip(b"ab").expect("two bytes fit");
        assert_eq!(member[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
        assert_eq!(member[10..17], [1, 2, 0, 0xfd, 0xff, b'a', b'b']);
        assert_eq!(member[21..], [2, 0, 0, 0]);
        assert_eq!(gzip(&vec![0; 1 << 16]), None);
    }
}
