//! [Percent-encoded bytes](https://url.spec.whatwg.org/#percent-encoded-bytes): decoding, the percent-encode sets, encoding after any encoding.
//!
//! URLs themselves are encoded by their parser (`url.rs`); this is for what is put into one and for form data.

use std::borrow::Cow;

use encoding_rs::{EncoderResult, Encoding, UTF_8};

/// A [percent-encode set](https://url.spec.whatwg.org/#percent-encode-set): a flag a byte; all above 0x7E are in every set.
pub struct PercentEncodeSet {
    included: [bool; 256],
    /// Only the form set writes a space as `+`.
    space_as_plus: bool,
}

impl PercentEncodeSet {
    /// Is a code point of this value (or a byte of this value) encoded?
    pub fn contains(&self, byte: u8) -> bool {
        self.included[byte as usize]
    }

    const fn and(&self, more: &[u8]) -> PercentEncodeSet {
        let mut included = self.included;
        let mut index = 0;
        while index < more.len() {
            included[more[index] as usize] = true;
            index += 1;
        }
        PercentEncodeSet { included, space_as_plus: false }
    }

    const fn controls() -> PercentEncodeSet {
        let mut included = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            included[byte] = byte < 0x20 || byte > 0x7E;
            byte += 1;
        }
        PercentEncodeSet { included, space_as_plus: false }
    }

    const fn spaces_as_plus(mut self) -> PercentEncodeSet {
        self.space_as_plus = true;
        self
    }
}

/// <https://url.spec.whatwg.org/#c0-control-percent-encode-set>
pub const C0_CONTROL: &PercentEncodeSet = &PercentEncodeSet::controls();
/// <https://url.spec.whatwg.org/#fragment-percent-encode-set>
pub const FRAGMENT: &PercentEncodeSet = &C0_CONTROL.and(b" \"<>`");
/// <https://url.spec.whatwg.org/#query-percent-encode-set>
pub const QUERY: &PercentEncodeSet = &C0_CONTROL.and(b" \"#<>");
/// <https://url.spec.whatwg.org/#special-query-percent-encode-set>
pub const SPECIAL_QUERY: &PercentEncodeSet = &QUERY.and(b"'");
/// <https://url.spec.whatwg.org/#path-percent-encode-set>
pub const PATH: &PercentEncodeSet = &QUERY.and(b"?^`{}");
/// <https://url.spec.whatwg.org/#userinfo-percent-encode-set>
pub const USERINFO: &PercentEncodeSet = &PATH.and(b"/:;=@[\\]|");
/// <https://url.spec.whatwg.org/#component-percent-encode-set>
pub const COMPONENT: &PercentEncodeSet = &USERINFO.and(b"$%&+,");
/// <https://url.spec.whatwg.org/#application-x-www-form-urlencoded-percent-encode-set>
pub const FORM_URLENCODED: &PercentEncodeSet = &COMPONENT.and(b"!'()~").spaces_as_plus();

/// <https://url.spec.whatwg.org/#percent-decode>; borrows where there is nothing to decode.
pub fn percent_decode(input: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = input.iter().position(|&byte| byte == b'%') else { return Cow::Borrowed(input) };
    let mut output = Vec::with_capacity(input.len());
    output.extend_from_slice(&input[..first]);
    let mut rest = &input[first..];
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte == b'%'
            && let [high, low, after @ ..] = tail
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            output.push(high << 4 | low);
            rest = after;
        } else {
            output.push(*byte);
        }
    }
    Cow::Owned(output)
}

/// <https://url.spec.whatwg.org/#string-utf-8-percent-encode>; borrows where there is nothing to encode.
pub fn utf8_percent_encode<'a>(input: &'a str, set: &PercentEncodeSet) -> Cow<'a, str> {
    if !input.bytes().any(|byte| set.contains(byte)) {
        return Cow::Borrowed(input);
    }
    let mut output = String::with_capacity(input.len() + input.len() / 2);
    append_encoded(input.as_bytes(), set, &mut output);
    Cow::Owned(output)
}

/// <https://url.spec.whatwg.org/#string-percent-encode-after-encoding>. Its callers pass UTF-8, or one of the sets
/// for queries and forms; what `encoding` cannot say becomes a percent-encoded character reference.
pub fn percent_encode_after_encoding(
    encoding: &'static Encoding,
    input: &str,
    set: &PercentEncodeSet,
) -> String {
    if encoding == UTF_8 {
        return utf8_percent_encode(input, set).into_owned();
    }
    // 3 to 6. One encoder for the whole input: the state of ISO-2022-JP outlives an error.
    let mut encoder = encoding.new_encoder();
    let mut output = String::with_capacity(input.len());
    let mut rest = input;
    // 7. Until the encoder has neither input nor an error left.
    loop {
        let mut buffer = [0; 512];
        let (result, read, written) = encoder.encode_from_utf8_without_replacement(rest, &mut buffer, true);
        rest = &rest[read..];
        // 7.3 The bytes, each encoded or not.
        append_encoded(&buffer[..written], set, &mut output);
        // 7.4 An error is written as a reference to the code point that the encoder names.
        match result {
            EncoderResult::InputEmpty => return output,
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(code_point) => {
                output.push_str("%26%23");
                output.push_str(&u32::from(code_point).to_string());
                output.push_str("%3B");
            }
        }
    }
}

/// Appends each byte as it is, as `+`, or percent-encoded.
pub(crate) fn append_encoded(bytes: &[u8], set: &PercentEncodeSet, output: &mut String) {
    for &byte in bytes {
        if byte == b' ' && set.space_as_plus {
            output.push('+');
        } else if set.contains(byte) {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            output.push('%');
            output.push(DIGITS[(byte >> 4) as usize] as char);
            output.push(DIGITS[(byte & 0xF) as usize] as char);
        } else {
            // NB: every set holds all bytes above 0x7E, so this one is ASCII.
            output.push(byte as char);
        }
    }
}

fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::mime_types::wpt_data;

    #[test]
    fn percent_decode_table() {
        for (name, input, output) in [
            ("nothing to decode", &b"abc"[..], &b"abc"[..]),
            ("two hex digits of either case", b"%41%6a%4A", b"AjJ"),
            ("a lone percent stays", b"%", b"%"),
            ("one digit is not enough", b"%4", b"%4"),
            ("a digit that is none", b"%4g%zz", b"%4g%zz"),
            ("an encoded percent is not decoded twice", b"%2541", b"%41"),
            ("a percent before an encoded byte", b"%%41", b"%A"),
            ("the Standard's example", b"%25%s%1G", b"%%s%1G"),
            ("bytes above ASCII", b"\xFF%FF", b"\xFF\xFF"),
        ] {
            assert_eq!(&*percent_decode(input), output, "{name}");
        }
        assert!(matches!(percent_decode(b"abc"), Cow::Borrowed(_)));
    }

    #[test]
    fn the_sets_hold_what_the_standard_lists() {
        let held = |set: &PercentEncodeSet| {
            (0x20..0x7F).filter(|&byte| set.contains(byte)).map(|byte| byte as char).collect::<String>()
        };
        for (name, set, expected) in [
            ("C0 control", C0_CONTROL, ""),
            ("fragment", FRAGMENT, " \"<>`"),
            ("query", QUERY, " \"#<>"),
            ("special-query", SPECIAL_QUERY, " \"#'<>"),
            ("path", PATH, " \"#<>?^`{}"),
            ("userinfo", USERINFO, " \"#/:;<=>?@[\\]^`{|}"),
            ("component", COMPONENT, " \"#$%&+,/:;<=>?@[\\]^`{|}"),
            ("form", FORM_URLENCODED, " !\"#$%&'()+,/:;<=>?@[\\]^`{|}~"),
        ] {
            assert_eq!(held(set), expected, "{name}");
            assert!((0..0x20).chain(0x7F..=0xFF).all(|byte| set.contains(byte)), "{name}");
        }
    }

    #[test]
    fn percent_encode_table() {
        let label = |label: &str| Encoding::for_label(label.as_bytes()).expect("a label of the table");
        for (encoding, input, set, output) in [
            ("shift_jis", " ", SPECIAL_QUERY, "%20"),
            ("shift_jis", "\u{2261}", SPECIAL_QUERY, "%81%DF"),
            ("shift_jis", "\u{203D}", SPECIAL_QUERY, "%26%238253%3B"),
            ("iso-2022-jp", "\u{A5}", SPECIAL_QUERY, "%1B(J\\%1B(B"),
            ("shift_jis", "1+1 \u{2261} 2%20\u{203D}", FORM_URLENCODED, "1%2B1+%81%DF+2%2520%26%238253%3B"),
            ("utf-8", "\u{2261}", USERINFO, "%E2%89%A1"),
            ("utf-8", "Say what\u{203D}", USERINFO, "Say%20what%E2%80%BD"),
            ("utf-8", "a b", FORM_URLENCODED, "a+b"),
            ("utf-8", "a b", COMPONENT, "a%20b"),
            ("windows-1252", "\r\n\0", QUERY, "%0D%0A%00"),
        ] {
            assert_eq!(
                percent_encode_after_encoding(label(encoding), input, set),
                output,
                "{encoding} {input}"
            );
        }
        assert!(matches!(utf8_percent_encode("a-b", COMPONENT), Cow::Borrowed("a-b")));
    }

    #[test]
    fn an_input_longer_than_the_buffer_is_encoded_whole() {
        let long = "\u{E9}\u{203D}".repeat(2000);
        let encoded = percent_encode_after_encoding(encoding_rs::ISO_8859_2, &long, QUERY);
        assert_eq!(encoded, "%E9%26%238253%3B".repeat(2000));
    }

    #[test]
    fn wpt_percent_encoding() {
        for case in wpt_data::cases("url/resources/percent-encoding.json", 7) {
            let input = wpt_data::text(&case["input"]);
            for (label, output) in case["output"].as_object().expect("an object in the data") {
                let encoding = Encoding::for_label(label.as_bytes()).expect("a known encoding");
                let encoded = percent_encode_after_encoding(encoding, input, SPECIAL_QUERY);
                assert_eq!(encoded, wpt_data::text(output), "{input:?} in {label}");
            }
        }
    }
}
