//! [Base64](https://infra.spec.whatwg.org/#forgiving-base64): the encoder, and the decoder that forgives missing padding and white space.
//!
//! What is forgiven is data-url's business; text that needs none of it is decoded here, four characters at a time.

use data_url::forgiving_base64;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Of each byte the place in the alphabet, or what no place is.
const PLACES: [u8; 256] = {
    let mut places = [NO_PLACE; 256];
    let mut place = 0;
    while place < ALPHABET.len() {
        places[ALPHABET[place] as usize] = place as u8;
        place += 1;
    }
    places
};
const NO_PLACE: u8 = 0xFF;

/// What was to be decoded is not base64, however much is forgiven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotBase64;

/// <https://infra.spec.whatwg.org/#forgiving-base64-encode>: [RFC 4648](https://www.rfc-editor.org/rfc/rfc4648#section-4), padded.
pub fn forgiving_base64_encode(bytes: &[u8]) -> String {
    let digits = |bits: u32| [18, 12, 6, 0].map(|shift| ALPHABET[(bits >> shift & 0x3F) as usize]);
    let mut encoded = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    let (triples, rest) = bytes.as_chunks::<3>();
    for &[a, b, c] in triples {
        encoded.extend_from_slice(&digits(u32::from(a) << 16 | u32::from(b) << 8 | u32::from(c)));
    }
    match *rest {
        [a] => {
            let [first, second, ..] = digits(u32::from(a) << 16);
            encoded.extend_from_slice(&[first, second, b'=', b'=']);
        }
        [a, b] => {
            let [first, second, third, _] = digits(u32::from(a) << 16 | u32::from(b) << 8);
            encoded.extend_from_slice(&[first, second, third, b'=']);
        }
        _ => {}
    }
    String::from_utf8(encoded).expect("the alphabet is ASCII")
}

/// <https://infra.spec.whatwg.org/#forgiving-base64-decode>
pub fn forgiving_base64_decode(data: &[u8]) -> Result<Vec<u8>, NotBase64> {
    let mut decoded = Vec::with_capacity(data.len() / 4 * 3 + 3);
    let mut rest = data;
    while let Some((group, after)) = rest.split_first_chunk::<4>() {
        let [a, b, c, d] = group.map(|byte| PLACES[usize::from(byte)]);
        // No place has the highest bit.
        if (a | b | c | d) & 0x80 != 0 {
            break;
        }
        decoded.extend_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
        rest = after;
    }
    // NB: whole groups go off without changing how long the rest is by fours, which is what padding goes by.
    decoded.extend(forgiving_base64::decode_to_vec(rest).map_err(|_| NotBase64)?);
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encode_table() {
        for (bytes, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(forgiving_base64_encode(bytes.as_bytes()), encoded);
            assert_eq!(forgiving_base64_decode(encoded.as_bytes()).as_deref(), Ok(bytes.as_bytes()));
        }
        assert_eq!(forgiving_base64_encode(&[0xFB, 0xFF, 0xFE]), "+//+");
    }

    #[test]
    fn decode_table() {
        for (name, data, bytes) in [
            ("white space is nothing", " Z\tg\n=\r=\x0C", Ok(&b"f"[..])),
            ("a vertical tab is none", "Zg==\x0B", Err(NotBase64)),
            ("padding may be missing", "Zg", Ok(b"f")),
            ("half a padding may not", "Zg=", Err(NotBase64)),
            ("padding alone is too much", "=", Err(NotBase64)),
            ("a lone letter is no byte", "Z", Err(NotBase64)),
            ("nothing follows padding", "Zg==Zg==", Err(NotBase64)),
            ("bits that are left over are dropped", "Zh", Ok(b"f")),
            ("white space within whole groups", "Zm9v Zm9 v", Ok(b"foofoo")),
            ("nor padding within", "Zm9vZg==Zm9v", Err(NotBase64)),
            ("a lone letter after whole groups", "Zm9vZ", Err(NotBase64)),
            ("padding after whole groups", "Zm9v=", Err(NotBase64)),
            ("the alphabet of URLs is another", "-_-_", Err(NotBase64)),
        ] {
            assert_eq!(forgiving_base64_decode(data.as_bytes()).as_deref(), bytes.as_deref(), "{name}");
        }
    }
}
