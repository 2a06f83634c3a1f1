//! [Single ranges](https://fetch.spec.whatwg.org/#simple-range-header-value) of `Range`, and the `Content-Range` that answers one.

use crate::infrastructure::header_values::{is_http_tab_or_space, saturating_decimal};

/// A range with one open end at most: `bytes=0-9`, `bytes=5-` and `bytes=-500`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SingleRange {
    /// The first byte; null: `end` bytes from the end.
    pub start: Option<u64>,
    /// The last byte, inclusive; null: to the end.
    pub end: Option<u64>,
}

/// Not a single range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotASingleRange;

/// <https://fetch.spec.whatwg.org/#simple-range-header-value>
///
/// A number beyond 64 bits is [`u64::MAX`]: as far behind the end of any resource.
pub fn parse_a_single_range_header_value(
    value: &[u8],
    allow_whitespace: bool,
) -> Result<SingleRange, NotASingleRange> {
    // 1 - 3. The unit, in lower case.
    let mut rest = value.strip_prefix(b"bytes").ok_or(NotASingleRange)?;
    // 4 - 7. `=`, with blanks around it where they are allowed.
    skip_blanks(&mut rest, allow_whitespace);
    rest = rest.strip_prefix(b"=").ok_or(NotASingleRange)?;
    skip_blanks(&mut rest, allow_whitespace);
    // 8, 9. The start.
    let start = collect_digits(&mut rest);
    // 10 - 13. `-`.
    skip_blanks(&mut rest, allow_whitespace);
    rest = rest.strip_prefix(b"-").ok_or(NotASingleRange)?;
    skip_blanks(&mut rest, allow_whitespace);
    // 14, 15. The end.
    let end = collect_digits(&mut rest);
    // 16, 17. Nothing more, and one number at least.
    if !rest.is_empty() || (start.is_none() && end.is_none()) {
        return Err(NotASingleRange);
    }
    // 18. In order. NB: compared as digits, since the numbers may have been capped.
    if let (Some(start), Some(end)) = (start, end)
        && (start.len(), start) > (end.len(), end)
    {
        return Err(NotASingleRange);
    }
    // 19. Both.
    Ok(SingleRange { start: start.map(saturating_decimal), end: end.map(saturating_decimal) })
}

/// <https://fetch.spec.whatwg.org/#build-a-content-range>
pub fn build_a_content_range(range_start: u64, range_end: u64, full_length: u64) -> Vec<u8> {
    format!("bytes {range_start}-{range_end}/{full_length}").into_bytes()
}

fn skip_blanks(rest: &mut &[u8], allow_whitespace: bool) {
    while allow_whitespace
        && let [first, after @ ..] = rest
        && is_http_tab_or_space(*first)
    {
        *rest = after;
    }
}

/// The ASCII digits at the front without leading zeros: `None` for none at all, empty for 0.
fn collect_digits<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, after) = rest.split_at(count);
    *rest = after;
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    (count > 0).then(|| &digits[zeros..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_range_table() {
        let range = |start, end| Some(SingleRange { start, end });
        // Value, without whitespace allowed, with it.
        for (value, strict, lenient) in [
            ("bytes=0-9", range(Some(0), Some(9)), range(Some(0), Some(9))),
            ("bytes=5-", range(Some(5), None), range(Some(5), None)),
            ("bytes=-500", range(None, Some(500)), range(None, Some(500))),
            ("bytes=0-0", range(Some(0), Some(0)), range(Some(0), Some(0))),
            ("bytes=007-0010", range(Some(7), Some(10)), range(Some(7), Some(10))),
            ("bytes \t=\t 1 \t-\t 2", None, range(Some(1), Some(2))),
            ("bytes= -5", None, range(None, Some(5))),
            ("bytes=1- ", None, range(Some(1), None)),
            ("bytes=1-2 ", None, None),
            (" bytes=1-2", None, None),
            ("bytes=1 2-3", None, None),
            ("bytes=\n1-2", None, None),
            ("bytes=-", None, None),
            ("bytes=", None, None),
            ("bytes", None, None),
            ("", None, None),
            ("byte=1-2", None, None),
            ("Bytes=1-2", None, None),
            ("bytes 0-", None, None),
            ("bytes=2-1", None, None),
            ("bytes=10-9", None, None),
            ("bytes=1-2,4-5", None, None),
            ("bytes=1-2-3", None, None),
            ("bytes=+1-2", None, None),
            ("bytes=a-b", None, None),
            (
                "bytes=18446744073709551615-18446744073709551616",
                range(Some(u64::MAX), Some(u64::MAX)),
                range(Some(u64::MAX), Some(u64::MAX)),
            ),
            ("bytes=18446744073709551617-18446744073709551616", None, None),
            ("bytes=99999999999999999999999999-", range(Some(u64::MAX), None), range(Some(u64::MAX), None)),
        ] {
            assert_eq!(parse_a_single_range_header_value(value.as_bytes(), false).ok(), strict, "{value:?}");
            assert_eq!(parse_a_single_range_header_value(value.as_bytes(), true).ok(), lenient, "{value:?}");
        }
    }

    #[test]
    fn content_range_is_built() {
        assert_eq!(build_a_content_range(0, 9, 100), b"bytes 0-9/100");
        let most = u64::MAX;
        assert_eq!(build_a_content_range(most, most, most), format!("bytes {most}-{most}/{most}").as_bytes());
    }
}
