//! [`Content-Length`](https://fetch.spec.whatwg.org/#content-length-header), as Fetch reads it and HTTP does not.

use crate::infrastructure::header_list::HeaderList;
use crate::infrastructure::header_values::{get_decode_and_split_value, isomorphic_decode};

/// What [`extract_a_length`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentLength {
    /// Null: no such header, or one that is no number.
    Null,
    /// Failure: the values differ, or no 64 bits hold the number.
    Failure {
        /// The combined value, isomorphic decoded.
        said: String,
    },
    /// The length, in bytes.
    Length(u64),
}

/// <https://fetch.spec.whatwg.org/#header-list-extract-a-length>
pub fn extract_a_length(headers: &HeaderList) -> ContentLength {
    // 1, 2. The combined value.
    let Some(combined) = headers.get("content-length") else { return ContentLength::Null };
    // NB: nearly every response has one number, which needs no list.
    if !combined.is_empty() && combined.iter().all(u8::is_ascii_digit) {
        return decimal(&combined);
    }
    // 3, 4. All values are one, to the code point: 030 is not 30.
    let values = get_decode_and_split_value(&combined);
    if values.windows(2).any(|pair| pair[0] != pair[1]) {
        return ContentLength::Failure { said: isomorphic_decode(&combined) };
    }
    // 5. No number is no length.
    match values.first() {
        Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            // 6. The number.
            decimal(digits.as_bytes())
        }
        _ => ContentLength::Null,
    }
}

// DEPARTS: a number beyond 64 bits is a failure; the Standard has no largest length, but no body has that many bytes.
fn decimal(digits: &[u8]) -> ContentLength {
    let number = digits.iter().try_fold(0, |number: u64, digit| {
        number.checked_mul(10)?.checked_add(u64::from(digit.wrapping_sub(b'0')))
    });
    match number {
        Some(length) => ContentLength::Length(length),
        None => ContentLength::Failure { said: isomorphic_decode(digits) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::header_values::normalize;
    use crate::infrastructure::mime_types::wpt_data::cases;
    use bytes::Bytes;

    fn extracted(lines: &str) -> ContentLength {
        let mut list = HeaderList::new();
        for line in lines.split("\r\n") {
            let (name, value) = line.split_once(':').expect("a colon");
            list.append(Bytes::copy_from_slice(name.as_bytes()), normalize(value.as_bytes()).to_vec());
        }
        extract_a_length(&list)
    }

    #[test]
    fn extract_a_length_table() {
        let failure = |said: &str| ContentLength::Failure { said: said.to_owned() };
        for (lines, expected) in [
            ("X: 1", ContentLength::Null),
            ("content-length: 0", ContentLength::Length(0)),
            ("Content-Length: 30, 30\r\nCONTENT-LENGTH: 30", ContentLength::Length(30)),
            ("Content-Length: 030", ContentLength::Length(30)),
            ("Content-Length: 030, 30", failure("030, 30")),
            ("Content-Length: 30\r\nContent-Length:", failure("30, ")),
            ("Content-Length:", ContentLength::Null),
            ("Content-Length: ,", ContentLength::Null),
            ("Content-Length: x, x", ContentLength::Null),
            ("Content-Length: x, y", failure("x, y")),
            ("Content-Length: \"30\"", ContentLength::Null),
            ("Content-Length: +30", ContentLength::Null),
            ("Content-Length: 18446744073709551615", ContentLength::Length(u64::MAX)),
            ("Content-Length: 18446744073709551616", failure("18446744073709551616")),
            ("Content-Length: 99999999999999999999, 99999999999999999999", failure("99999999999999999999")),
        ] {
            assert_eq!(extracted(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn wpt_content_lengths() {
        const CASES: usize = 35;
        // In that data a body of 42 bytes follows: null reads all of it, 30 so many, failure is null.
        for case in cases("fetch/content-length/resources/content-lengths.json", CASES) {
            let lines = case["input"].as_str().expect("an input");
            let read = match extracted(lines) {
                ContentLength::Null => Some(42),
                ContentLength::Failure { .. } => None,
                ContentLength::Length(length) => Some(length),
            };
            assert_eq!(read, case["output"].as_u64(), "{lines:?}");
        }
    }
}
