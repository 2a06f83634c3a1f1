//! [application/x-www-form-urlencoded](https://url.spec.whatwg.org/#application/x-www-form-urlencoded): parser and serializer.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

use crate::infrastructure::percent_encoding::{
    FORM_URLENCODED, append_encoded, percent_decode, percent_encode_after_encoding,
};

/// <https://url.spec.whatwg.org/#concept-urlencoded-parser>: names and values, in order. For the string parser, pass
/// the string's bytes.
pub fn urlencoded_parser(input: &[u8]) -> Vec<(String, String)> {
    // 1, 2. The sequences between the ampersands.
    input
        .split(|&byte| byte == b'&')
        // 3.1 Empty ones are passed over.
        .filter(|bytes| !bytes.is_empty())
        .map(|bytes| {
            // 3.2, 3.3 The first equals sign divides; without one, all is name.
            let (name, value) = match bytes.iter().position(|&byte| byte == b'=') {
                Some(equals) => (&bytes[..equals], &bytes[equals + 1..]),
                None => (bytes, &[][..]),
            };
            // 3.4 to 3.6
            (decode(name), decode(value))
        })
        .collect()
}

/// <https://url.spec.whatwg.org/#concept-urlencoded-serializer>, in UTF-8 unless another encoding is given.
pub fn urlencoded_serializer<'a>(
    tuples: impl IntoIterator<Item = (&'a str, &'a str)>,
    encoding: Option<&'static Encoding>,
) -> String {
    // 1. UTF-16 and the replacement encoding cannot be written: UTF-8 stands in.
    let encoding = encoding.map_or(UTF_8, Encoding::output_encoding);
    let encode = |string: &str, output: &mut String| {
        if encoding == UTF_8 {
            append_encoded(string.as_bytes(), FORM_URLENCODED, output);
        } else {
            output.push_str(&percent_encode_after_encoding(encoding, string, FORM_URLENCODED));
        }
    };
    // 2, 3.
    let mut output = String::new();
    for (name, value) in tuples {
        if !output.is_empty() {
            output.push('&');
        }
        encode(name, &mut output);
        output.push('=');
        encode(value, &mut output);
    }
    output
}

/// Plus is a space before anything is percent-decoded; then UTF-8 decode without BOM, which keeps a BOM.
fn decode(bytes: &[u8]) -> String {
    let spaced: Cow<'_, [u8]> = if bytes.contains(&b'+') {
        bytes.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect()
    } else {
        bytes.into()
    };
    String::from_utf8_lossy(&percent_decode(&spaced)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::mime_types::wpt_data;

    fn pairs(tuples: &[(String, String)]) -> Vec<(&str, &str)> {
        tuples.iter().map(|(name, value)| (&**name, &**value)).collect()
    }

    #[test]
    fn parser_table() {
        for (name, input, expected) in [
            ("nothing is an empty list", "", &[][..]),
            ("only separators are an empty list", "&&&", &[]),
            ("no equals sign, no value", "a", &[("a", "")]),
            ("a name may be empty", "=b", &[("", "b")]),
            ("nothing but an equals sign is a pair", "=", &[("", "")]),
            ("the first equals sign divides", "a=b=c", &[("a", "b=c")]),
            ("plus is a space, an encoded plus is not", "a+b=%2B", &[("a b", "+")]),
            ("broken percents stay", "%=%4&%zz", &[("%", "%4"), ("%zz", "")]),
            ("bytes that are not UTF-8 are replaced", "%FF", &[("\u{FFFD}", "")]),
            ("a semicolon separates nothing", "a;b=c", &[("a;b", "c")]),
        ] {
            assert_eq!(pairs(&urlencoded_parser(input.as_bytes())), expected, "{name}");
        }
    }

    #[test]
    fn serializer_table() {
        for (name, tuples, expected) in [
            ("no tuples", &[][..], ""),
            ("spaces are plus", &[("a b", "c d")], "a+b=c+d"),
            ("what separates is encoded", &[("a&b=c", "+%")], "a%26b%3Dc=%2B%25"),
            ("CR, LF and NUL are encoded", &[("a\r\n\0", "")], "a%0D%0A%00="),
            ("only four signs stay", &[("*-._", "~!'()")], "*-._=%7E%21%27%28%29"),
            ("an empty first tuple still separates", &[("", ""), ("", "")], "=&="),
        ] {
            assert_eq!(urlencoded_serializer(tuples.iter().copied(), None), expected, "{name}");
        }
    }

    #[test]
    fn other_encodings_are_asked_for_by_name() {
        let tuples = [("\u{E9}", "\u{203D}")];
        let serialize = |encoding| urlencoded_serializer(tuples, Some(encoding));
        assert_eq!(serialize(encoding_rs::WINDOWS_1252), "%E9=%26%238253%3B");
        assert_eq!(serialize(encoding_rs::UTF_16LE), "%C3%A9=%E2%80%BD");
        assert_eq!(serialize(encoding_rs::REPLACEMENT), "%C3%A9=%E2%80%BD");
    }

    #[test]
    fn what_is_serialized_is_parsed_back() {
        let all: String = ('\0'..='\u{17F}').collect();
        let serialized = urlencoded_serializer([(&*all, &*all), ("", "x")], None);
        assert!(serialized.is_ascii());
        assert_eq!(pairs(&urlencoded_parser(serialized.as_bytes())), [(&*all, &*all), ("", "x")]);
    }

    #[test]
    fn row_35_names_that_are_special_to_scripts_are_plain_names() {
        let parsed = urlencoded_parser(b"__proto__=1&constructor=2&__proto__=3");
        assert_eq!(pairs(&parsed), [("__proto__", "1"), ("constructor", "2"), ("__proto__", "3")]);
    }

    #[test]
    fn wpt_urlencoded_parser() {
        for case in wpt_data::cases("url/resources/urlencoded-parser-data.json", 35) {
            let input = wpt_data::text(&case["input"]);
            let expected: Vec<(&str, &str)> = case["output"]
                .as_array()
                .expect("an array in the data")
                .iter()
                .map(|pair| (wpt_data::text(&pair[0]), wpt_data::text(&pair[1])))
                .collect();
            assert_eq!(pairs(&urlencoded_parser(input.as_bytes())), expected, "{input:?}");
        }
    }
}
