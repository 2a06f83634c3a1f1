//! [Header values](https://fetch.spec.whatwg.org/#header-value): normalize; get, decode, and split; extract by ABNF.
//!
//! Bytes of strangers: each function is linear in its input and fails by name. Half of the file is tables of tests.

use std::borrow::Cow;

use crate::infrastructure::header_list::{Header, HeaderList};
use crate::infrastructure::header_names::KnownName;
use crate::infrastructure::methods::is_token;

/// <https://fetch.spec.whatwg.org/#http-tab-or-space-byte>
pub fn is_http_tab_or_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b' ')
}

/// <https://fetch.spec.whatwg.org/#http-whitespace-byte>
pub fn is_http_whitespace(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' ')
}

/// <https://infra.spec.whatwg.org/#isomorphic-decode>
pub fn isomorphic_decode(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| byte as char).collect()
}

/// <https://fetch.spec.whatwg.org/#header-name>: a token.
pub fn is_header_name(name: &[u8]) -> bool {
    is_token(name)
}

/// <https://fetch.spec.whatwg.org/#header-value>
pub fn is_header_value(value: &[u8]) -> bool {
    invalid_value_byte(value).is_none()
}

/// Where the first byte stands that keeps `value` from being a [header value](https://fetch.spec.whatwg.org/#header-value).
pub fn invalid_value_byte(value: &[u8]) -> Option<usize> {
    // Blank ends first: they are looked at in two bytes. The rest without a branch a byte.
    if value.first().copied().is_some_and(is_http_tab_or_space) {
        return Some(0);
    }
    if value.last().copied().is_some_and(is_http_tab_or_space) {
        return Some(value.len() - 1);
    }
    let is_bad = |byte: u8| (byte == 0) | (byte == b'\n') | (byte == b'\r');
    if !value.iter().fold(false, |bad, &byte| bad | is_bad(byte)) {
        return None;
    }
    value.iter().position(|&byte| is_bad(byte))
}

/// <https://fetch.spec.whatwg.org/#concept-header-value-normalize>: without the HTTP whitespace around it.
pub fn normalize(potential_value: &[u8]) -> &[u8] {
    trim(potential_value, is_http_whitespace)
}

fn trim(mut bytes: &[u8], is_blank: impl Fn(u8) -> bool) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_blank(*first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && is_blank(*last)
    {
        bytes = rest;
    }
    bytes
}

/// <https://fetch.spec.whatwg.org/#concept-header-list-get-decode-split>: `None` where there is no such header.
pub fn get_decode_and_split(name: &str, list: &HeaderList) -> Option<Vec<String>> {
    Some(get_decode_and_split_value(&list.get(name)?))
}

/// <https://fetch.spec.whatwg.org/#header-value-get-decode-and-split>: at commas that no quoted string holds.
pub fn get_decode_and_split_value(value: &[u8]) -> Vec<String> {
    // 1 - 4. NB: the temporary value is always a run of the input, since quoted strings are kept as they stand.
    let mut position = 0;
    let mut values = Vec::new();
    let mut start = 0;
    loop {
        // 5.1. Up to a quote or a comma.
        let run = value[position..].iter().position(|byte| matches!(byte, b'"' | b','));
        position = run.map_or(value.len(), |run| position + run);
        // 5.2. A quoted string, and on.
        if value.get(position) == Some(&b'"') {
            collect_an_http_quoted_string(value, &mut position, false);
            if position < value.len() {
                continue;
            }
        }
        // 5.3 - 5.5. Trimmed, it is a value.
        values.push(isomorphic_decode(trim(&value[start..position], is_http_tab_or_space)));
        // 5.6. The end.
        if position >= value.len() {
            return values;
        }
        // 5.7, 5.8. Past the comma.
        position += 1;
        start = position;
    }
}

/// <https://fetch.spec.whatwg.org/#collect-an-http-quoted-string>: `position` is that of the opening quote, and then past the end.
///
/// Bytes stand for code points: those of an isomorphic-decoded string, or of UTF-8, where nothing but ASCII matters.
pub fn collect_an_http_quoted_string<'a>(
    input: &'a [u8],
    position: &mut usize,
    extract_value: bool,
) -> Cow<'a, [u8]> {
    // 1, 3, 4. From the opening quote.
    let position_start = *position;
    debug_assert_eq!(input.get(position_start), Some(&b'"'));
    let mut at = (position_start + 1).min(input.len());
    // 2. The value is copied only where a backslash makes it differ from the input.
    let value_start = at;
    let mut copied: Option<Vec<u8>> = None;
    let mut copied_to = at;
    let value_end = loop {
        // 5.1, 5.2. Up to a quote, a backslash or the end.
        match input[at..].iter().position(|byte| matches!(byte, b'"' | b'\\')) {
            None => {
                at = input.len();
                break at;
            }
            Some(run) => at += run,
        }
        // 5.3, 5.4, 5.6. A quote ends it.
        if input[at] == b'"' {
            at += 1;
            break at - 1;
        }
        // 5.5. A backslash stands for what follows it, or at the end for itself.
        at += 1;
        if at == input.len() {
            break at;
        }
        if extract_value {
            let value = copied.get_or_insert_default();
            value.extend_from_slice(&input[copied_to..at - 1]);
            copied_to = at;
        }
        at += 1;
    };
    *position = at;
    // 6, 7. The value, or all of it as it stands.
    if !extract_value {
        return Cow::Borrowed(&input[position_start..at]);
    }
    match copied {
        None => Cow::Borrowed(&input[value_start..value_end]),
        Some(mut value) => {
            value.extend_from_slice(&input[copied_to..value_end]);
            Cow::Owned(value)
        }
    }
}

/// What [`extract_header_list_values`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderListValues {
    /// Null: no such header.
    Null,
    /// Failure: the value does not fit the header's ABNF, or a single-valued header came twice.
    Failure {
        /// The combined value, isomorphic decoded.
        said: String,
    },
    /// The values, in order.
    Values(Vec<Vec<u8>>),
}

/// A header's value that does not fit the ABNF of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutsideAbnf;

/// What may stand in a header's value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Abnf {
    /// `#token`
    Tokens,
    /// `1*DIGIT`
    DeltaSeconds,
    /// One value of any bytes.
    Single,
}

impl Abnf {
    fn of(name: KnownName) -> Abnf {
        match name {
            KnownName::ACCESS_CONTROL_ALLOW_HEADERS
            | KnownName::ACCESS_CONTROL_ALLOW_METHODS
            | KnownName::ACCESS_CONTROL_EXPOSE_HEADERS
            | KnownName::ACCESS_CONTROL_REQUEST_HEADERS
            | KnownName::CONTENT_ENCODING
            | KnownName::REFERRER_POLICY => Abnf::Tokens,
            KnownName::ACCESS_CONTROL_MAX_AGE => Abnf::DeltaSeconds,
            // NB: `Location` is no URI reference on the web: what the URL parser takes of it is the caller's question.
            _ => Abnf::Single,
        }
    }
}

/// <https://fetch.spec.whatwg.org/#extract-header-values>
///
/// For the names that Fetch extracts. Any other name has one value of any bytes.
pub fn extract_header_values(header: &Header) -> Result<Vec<Vec<u8>>, OutsideAbnf> {
    let mut values = Vec::new();
    extract_into(&mut values, header)?;
    // NB: one value or more: an empty `Content-Encoding` is the empty string, which its reader asks for.
    if values.is_empty() && header.known() == KnownName::CONTENT_ENCODING {
        values.push(Vec::new());
    }
    Ok(values)
}

fn extract_into(values: &mut Vec<Vec<u8>>, header: &Header) -> Result<(), OutsideAbnf> {
    let value = trim(header.value(), is_http_tab_or_space);
    match Abnf::of(header.known()) {
        Abnf::Single => values.push(value.to_vec()),
        Abnf::DeltaSeconds if value.is_empty() || !value.iter().all(u8::is_ascii_digit) => {
            return Err(OutsideAbnf);
        }
        Abnf::DeltaSeconds => values.push(value.to_vec()),
        // Elements of a list may be empty, with blanks around the commas.
        Abnf::Tokens => {
            for element in value.split(|&byte| byte == b',') {
                let element = trim(element, is_http_tab_or_space);
                if is_token(element) {
                    values.push(element.to_vec());
                } else if !element.is_empty() {
                    return Err(OutsideAbnf);
                }
            }
        }
    }
    Ok(())
}

/// <https://fetch.spec.whatwg.org/#extract-header-list-values>
pub fn extract_header_list_values(name: &str, list: &HeaderList) -> HeaderListValues {
    // 1. No such header.
    let Some(first) = list.first(name) else { return HeaderListValues::Null };
    let failure =
        || HeaderListValues::Failure { said: isomorphic_decode(&list.get(name).unwrap_or_default()) };
    // 2. Twice where once is allowed.
    let is_list = Abnf::of(first.known()) == Abnf::Tokens;
    let mut headers = list.iter().filter(|header| header.is_same_name(first));
    if !is_list && headers.clone().nth(1).is_some() {
        return failure();
    }
    // 3, 4. Each header's values, in order; one failure is a failure of all.
    let mut values = Vec::new();
    if headers.try_for_each(|header| extract_into(&mut values, header)).is_err() {
        return failure();
    }
    // NB: one value or more, as above; but an empty header beside one that names a coding adds nothing to it.
    if values.is_empty() && first.known() == KnownName::CONTENT_ENCODING {
        values.push(Vec::new());
    }
    // 5. All of them.
    HeaderListValues::Values(values)
}

/// What [`extract_max_age`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxAge {
    /// No such header.
    Null,
    /// No number of seconds, or more than one header.
    Failure,
    /// Seconds, [`u64::MAX`] for as many or more.
    Seconds(u64),
}

/// [Extract header list values](https://fetch.spec.whatwg.org/#extract-header-list-values) of
/// [`Access-Control-Max-Age`](https://fetch.spec.whatwg.org/#http-access-control-max-age), as a number.
pub fn extract_max_age(list: &HeaderList) -> MaxAge {
    match extract_header_list_values("access-control-max-age", list) {
        HeaderListValues::Null => MaxAge::Null,
        HeaderListValues::Failure { .. } => MaxAge::Failure,
        HeaderListValues::Values(values) => match values.as_slice() {
            [digits] => MaxAge::Seconds(saturating_decimal(digits)),
            _ => MaxAge::Failure,
        },
    }
}

/// ASCII digits as a number, [`u64::MAX`] where it does not fit.
pub fn saturating_decimal(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number: u64, digit| {
        number.saturating_mul(10).saturating_add(u64::from(digit.wrapping_sub(b'0')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    /// Headers as on the network, a line each.
    fn list(lines: &str) -> HeaderList {
        let mut list = HeaderList::new();
        for line in lines.split("\n").filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').expect("a colon");
            let value: Vec<u8> = value.chars().map(|char| char as u8).collect();
            list.append(Bytes::copy_from_slice(name.as_bytes()), normalize(&value).to_vec());
        }
        list
    }

    #[test]
    fn normalize_trims_http_whitespace_and_no_other_byte() {
        for (value, normalized) in [
            ("", ""),
            (" \t\r\n", ""),
            ("a", "a"),
            ("\r\n a b\t \n", "a b"),
            ("\x0Ba\x0C", "\x0Ba\x0C"),
            ("\0 a \0", "\0 a \0"),
        ] {
            assert_eq!(normalize(value.as_bytes()), normalized.as_bytes(), "{value:?}");
        }
    }

    #[test]
    fn row_89_a_mebibyte_of_spaces_is_trimmed_in_linear_time() {
        let spaces = vec![b' '; 1 << 20];
        assert_eq!(normalize(&spaces), b"");
        let around = [&spaces[..], b"a", &spaces, b"b", &spaces].concat();
        let normalized = normalize(&around);
        assert_eq!(normalized.len(), (1 << 20) + 2);
        // A slice of the input: each end was walked once, and the spaces inside not at all.
        assert!(std::ptr::eq(&normalized[0], &around[1 << 20]));
        assert!(is_header_value(normalized));
        assert_eq!(get_decode_and_split_value(&around)[0].len(), (1 << 20) + 2);
    }

    #[test]
    fn values_have_no_blank_ends_and_no_nul_cr_or_lf() {
        for (value, invalid) in [
            (&b""[..], None),
            (b"a b", None),
            (b"\x01\x7F\xFF", None),
            (b"\x0Ba\x0C", None),
            (b" a", Some(0)),
            (b"a\t", Some(1)),
            (b"a\tb", None),
        ] {
            assert_eq!(invalid_value_byte(value), invalid, "{value:?}");
        }
    }

    #[test]
    fn row_68_cr_lf_and_nul_make_neither_name_nor_value() {
        for byte in *b"\0\r\n" {
            for at in 0..3 {
                let mut bytes = *b"abc";
                bytes[at] = byte;
                assert!(!is_header_name(&bytes));
                assert_eq!(invalid_value_byte(&bytes), Some(at));
            }
        }
        assert_eq!(invalid_value_byte(b"a\r\nX-Evil: 1"), Some(1));
        assert!(!is_header_name(b""));
        assert!(!is_header_name(b"a:"));
    }

    #[test]
    fn get_decode_and_split_table() {
        for (lines, expected) in [
            ("A: nosniff,", Some(&["nosniff", ""][..])),
            ("A: nosniff\nB: sniff\nA:", Some(&["nosniff", ""])),
            ("A:\nB: sniff", Some(&[""])),
            ("B: sniff", None),
            ("A: text/html;\", x/x", Some(&["text/html;\", x/x"])),
            ("A: text/html;\"\nA: x/x", Some(&["text/html;\", x/x"])),
            ("A: x/x;test=\"hi\",y/y", Some(&["x/x;test=\"hi\"", "y/y"])),
            ("A: x/x;test=\"hi\"\nC: **bingo**\nA: y/y", Some(&["x/x;test=\"hi\"", "y/y"])),
            ("A: x / x,,,1", Some(&["x / x", "", "", "1"])),
            ("A: x / x\nA: ,\nA: 1", Some(&["x / x", "", "", "1"])),
            ("A: \"1,2\", 3", Some(&["\"1,2\"", "3"])),
            ("A: \"1,2\"\nD: 4\nA: 3", Some(&["\"1,2\"", "3"])),
            ("A: \"a\\\",b\" c,d", Some(&["\"a\\\",b\" c", "d"])),
            ("A: \"a\"\"b,c\",d", Some(&["\"a\"\"b,c\"", "d"])),
            ("A: \"a\\", Some(&["\"a\\"])),
            ("A: \"", Some(&["\""])),
            ("A: \u{b}a\u{b}, \u{e9}", Some(&["\u{b}a\u{b}", "\u{e9}"])),
        ] {
            let expected: Option<Vec<String>> =
                expected.map(|values| values.iter().map(|&value| value.to_owned()).collect());
            assert_eq!(get_decode_and_split("a", &list(lines)), expected, "{lines:?}");
        }
    }

    #[test]
    fn quoted_string_table() {
        for (input, as_it_stands, value, end) in [
            (r#""\"#, r#""\"#, r#"\"#, 2),
            (r#""Hello" World"#, r#""Hello""#, "Hello", 7),
            (r#""Hello \\ World\"""#, r#""Hello \\ World\"""#, r#"Hello \ World""#, 18),
            (r#"""#, r#"""#, "", 1),
            (r#""""#, r#""""#, "", 2),
            (r#""a\b\c"d"#, r#""a\b\c""#, "abc", 7),
            (r#""a\b"#, r#""a\b"#, "ab", 4),
            (r#""a\bc\"#, r#""a\bc\"#, r#"abc\"#, 6),
            (r#""open"#, r#""open"#, "open", 5),
            ("\"\\\u{e9}\"", "\"\\\u{e9}\"", "\u{e9}", 5),
        ] {
            for (extract_value, expected) in [(false, as_it_stands), (true, value)] {
                let mut position = 0;
                let found = collect_an_http_quoted_string(input.as_bytes(), &mut position, extract_value);
                assert_eq!(found, expected.as_bytes(), "{input} {extract_value}");
                assert_eq!(position, end, "{input}");
            }
        }
        let mut position = 2;
        assert_eq!(&*collect_an_http_quoted_string(b"a=\"b\";c", &mut position, true), b"b");
        assert_eq!(position, 5);
    }

    #[test]
    fn extract_header_list_values_table() {
        let values = |values: &[&str]| {
            HeaderListValues::Values(values.iter().map(|value| value.as_bytes().to_vec()).collect())
        };
        let failure = |said: &str| HeaderListValues::Failure { said: said.to_owned() };
        for (name, lines, expected) in [
            ("Location", "X: y", HeaderListValues::Null),
            ("Location", "location: /a b\u{e9},c", HeaderListValues::Values(vec![b"/a b\xE9,c".to_vec()])),
            ("Location", "Location:", values(&[""])),
            ("Location", "Location: /a\nlocation: /a", failure("/a, /a")),
            (
                "Access-Control-Expose-Headers",
                "access-control-expose-headers: a,B , *",
                values(&["a", "B", "*"]),
            ),
            ("Access-Control-Expose-Headers", "Access-Control-Expose-Headers:", values(&[])),
            ("Access-Control-Expose-Headers", "Access-Control-Expose-Headers: ,\t,, a,", values(&["a"])),
            ("Access-Control-Expose-Headers", "Access-Control-Expose-Headers: a b", failure("a b")),
            ("Access-Control-Expose-Headers", "Access-Control-Expose-Headers: \"a\"", failure("\"a\"")),
            ("Access-Control-Expose-Headers", "Access-Control-Expose-Headers: a\u{b}", failure("a\u{b}")),
            (
                "Access-Control-Allow-Headers",
                "Access-Control-Allow-Headers: a\nAccess-Control-Allow-Headers: b, c",
                values(&["a", "b", "c"]),
            ),
            (
                "Access-Control-Allow-Headers",
                "Access-Control-Allow-Headers: a\nX: y\nAccess-Control-Allow-Headers: @",
                failure("a, @"),
            ),
            (
                "Access-Control-Allow-Methods",
                "Access-Control-Allow-Methods: PUT,patch",
                values(&["PUT", "patch"]),
            ),
            ("Access-Control-Allow-Methods", "Access-Control-Allow-Methods: PUT/1", failure("PUT/1")),
            ("Access-Control-Max-Age", "Access-Control-Max-Age: 007", values(&["007"])),
            ("Access-Control-Max-Age", "Access-Control-Max-Age: -1", failure("-1")),
            ("Content-Encoding", "Content-Encoding: GZIP, br", values(&["GZIP", "br"])),
            ("Content-Encoding", "Content-Encoding:", values(&[""])),
            ("Content-Encoding", "Content-Encoding:\nContent-Encoding: ,", values(&[""])),
            ("Content-Encoding", "Content-Encoding:\nContent-Encoding: gzip", values(&["gzip"])),
            ("Content-Encoding", "Content-Encoding: gzip;q=1", failure("gzip;q=1")),
            ("Referrer-Policy", "Referrer-Policy: no-referrer,, origin", values(&["no-referrer", "origin"])),
            ("Service-Worker-Allowed", "Service-Worker-Allowed: /a, b", values(&["/a, b"])),
        ] {
            assert_eq!(extract_header_list_values(name, &list(lines)), expected, "{lines:?}");
        }
    }

    #[test]
    fn extract_header_values_looks_at_one_header() {
        let list =
            list("Access-Control-Allow-Methods: A, b\nAccess-Control-Allow-Methods: /\nContent-Encoding:");
        let of = |index| extract_header_values(list.iter().nth(index).expect("a header of the list"));
        assert_eq!(of(0), Ok(vec![b"A".to_vec(), b"b".to_vec()]));
        assert_eq!(of(1), Err(OutsideAbnf));
        assert_eq!(of(2), Ok(vec![Vec::new()]));
    }

    #[test]
    fn max_age_table() {
        for (lines, expected) in [
            ("X: y", MaxAge::Null),
            ("Access-Control-Max-Age: 0", MaxAge::Seconds(0)),
            ("access-control-max-age:\t600 ", MaxAge::Seconds(600)),
            ("Access-Control-Max-Age: 18446744073709551615", MaxAge::Seconds(u64::MAX)),
            ("Access-Control-Max-Age: 18446744073709551616", MaxAge::Seconds(u64::MAX)),
            ("Access-Control-Max-Age: 99999999999999999999999999", MaxAge::Seconds(u64::MAX)),
            ("Access-Control-Max-Age:", MaxAge::Failure),
            ("Access-Control-Max-Age: 5 0", MaxAge::Failure),
            ("Access-Control-Max-Age: +5", MaxAge::Failure),
            ("Access-Control-Max-Age: 5.0", MaxAge::Failure),
            ("Access-Control-Max-Age: \u{b2}", MaxAge::Failure),
            ("Access-Control-Max-Age: 5, 5", MaxAge::Failure),
            ("Access-Control-Max-Age: 5\nAccess-Control-Max-Age: 5", MaxAge::Failure),
        ] {
            assert_eq!(extract_max_age(&list(lines)), expected, "{lines:?}");
        }
    }
}
