//! Tables for `safe_text.rs`.

use super::*;

#[test]
fn escaping_table() {
    for (row, said, shown) in [
        ("plain text stays", &b"plain ~ text"[..], "plain ~ text"),
        ("letters of other scripts stay", "\u{e9}\u{4f60}\u{1f600}".as_bytes(), "\u{e9}\u{4f60}\u{1f600}"),
        ("an escape sequence is shown", b"\x1b[31mred\x1b[0m", "\\x1B[31mred\\x1B[0m"),
        ("a title is not set", b"\x1b]0;owned\x07", "\\x1B]0;owned\\x07"),
        ("lines do not break", b"a\r\nb\tc\0", "a\\x0D\\x0Ab\\x09c\\x00"),
        ("DEL", b"\x7f", "\\x7F"),
        ("a C1 control sequence introducer", "\u{9b}31m".as_bytes(), "\\x9B31m"),
        ("no UTF-8", b"caf\xe9 \xff", "caf\\xE9 \\xFF"),
        ("a cut character", b"\xe4\xbd", "\\xE4\\xBD"),
        ("a right-to-left override", "gpj.\u{202e}exe".as_bytes(), "gpj.\\u{202E}exe"),
        ("isolates", "\u{2066}x\u{2069}".as_bytes(), "\\u{2066}x\\u{2069}"),
        ("line and paragraph separators", "\u{2028}\u{2029}".as_bytes(), "\\u{2028}\\u{2029}"),
        ("characters that nobody sees", "a\u{200b}b\u{feff}".as_bytes(), "a\\u{200B}b\\u{FEFF}"),
        ("tag characters", "\u{e0041}".as_bytes(), "\\u{E0041}"),
    ] {
        let once = escaped(said);
        assert_eq!(once, shown, "{row}");
        assert_eq!(escaped(&*once), once, "{row}: twice is once");
    }
    assert!(matches!(escaped("borrowed \u{e9}"), Cow::Borrowed(_)));
}

#[test]
fn every_character_is_either_plain_or_shown_by_number() {
    for character in (0..=0x10_FFFF).filter_map(char::from_u32) {
        let text = character.to_string();
        let safe = escaped(&text);
        assert!(!safe.chars().any(|shown| shown.is_control() || is_unsafe(shown)), "{character:?}");
    }
}

#[test]
fn headers_that_carry_credentials_are_redacted() {
    for (name, value, shown) in [
        ("Authorization", "Bearer hunter2", "Bearer [redacted]"),
        ("authorization", "basic aHVudGVyMg==", "Basic [redacted]"),
        ("Authorization", "hunter2 x", "[redacted]"),
        ("Authorization", "Bearerhunter2", "[redacted]"),
        ("Proxy-Authorization", "Basic hunter2", "Basic [redacted]"),
        ("COOKIE", "sid=hunter2", "[redacted]"),
        ("Set-Cookie", "sid=hunter2; Secure", "[redacted]"),
        ("X-Api-Key", "hunter2", "[redacted]"),
        ("X-Auth-Token", "hunter2", "[redacted]"),
        ("Location", "https://me:hunter2@a.test/", "https://[redacted]@a.test/"),
        (
            "Referer",
            "https://a.test/?access_token=hunter2&x=1",
            "https://a.test/?access_token=[redacted]&x=1",
        ),
        ("Accept", "text/html;q=1", "text/html;q=1"),
        ("X-Odd", "\x1b[2J", "\\x1B[2J"),
    ] {
        assert_eq!(redacted(name.as_bytes(), value.as_bytes(), Secrets::Redacted), shown, "{name}: {value}");
        let clear = redacted(name.as_bytes(), value.as_bytes(), Secrets::Shown);
        assert_eq!(clear, escaped(value), "{name}: {value}");
    }
}

#[test]
fn urls_lose_their_credentials() {
    for (row, text, shown) in [
        ("a plain URL stays", "https://a.test/x?y=1#z", "https://a.test/x?y=1#z"),
        ("username and password", "https://u:hunter2@a.test/", "https://[redacted]@a.test/"),
        ("an at sign in the password", "https://u:hunter2@hunter2@a.test", "https://[redacted]@a.test"),
        ("one slash, as a parser takes it", "https:/u:hunter2@a.test/", "https:/[redacted]@a.test/"),
        ("no slash", "http:u:hunter2@a.test/", "http:[redacted]@a.test/"),
        ("backslashes", "https:\\\\u:hunter2@a.test\\x", "https:\\\\[redacted]@a.test\\x"),
        (
            "after what only looks like a URL",
            "a:// https://u:hunter2@a.test/",
            "a:// https://[redacted]@a.test/",
        ),
        ("after many such", "a://b:c://d:// http:u:hunter2@a.test/", "a://b:c://d://[redacted]@a.test/"),
        ("no scheme", "//u:hunter2@a.test/", "//[redacted]@a.test/"),
        ("another scheme", "redis://:hunter2@db:6379", "redis://[redacted]@db:6379"),
        ("upper case", "HTTPS:u:hunter2@a.test", "HTTPS:[redacted]@a.test"),
        ("an at sign in a path stays", "https://a.test/@me/x", "https://a.test/@me/x"),
        ("an address in a sentence stays", "write to me@a.test", "write to me@a.test"),
        ("a token", "/cb?code=hunter2&state=1", "/cb?code=[redacted]&state=1"),
        ("in the fragment", "/cb#id_token=hunter2", "/cb#id_token=[redacted]"),
        ("an encoded name", "?access%5ftoken=hunter2", "?access%5ftoken=[redacted]"),
        ("a signed URL", "?X-Amz-Signature=hunter2&a=b", "?X-Amz-Signature=[redacted]&a=b"),
        ("a second question mark", "?a=b?token=hunter2", "?a=b?token=[redacted]"),
        ("an empty value", "?token=&x=1", "?token=&x=1"),
        ("a broken escape in a name", "?%zz%5=1&%", "?%zz%5=1&%"),
        (
            "both, twice",
            "https://u:hunter2@a.test/?sig=hunter2 then https://v:hunter2@b.test/",
            "https://[redacted]@a.test/?sig=[redacted] then https://[redacted]@b.test/",
        ),
    ] {
        assert_eq!(redacted_urls(text, Secrets::Redacted), shown, "{row}");
        assert_eq!(redacted_urls(text, Secrets::Shown), text, "{row}");
    }
}

#[test]
fn evidence_is_read_as_its_sender_wrote_it() {
    let said = sofetch_core::rules::verdict::said;
    assert_eq!(as_written(&said("caf\u{e9} \u{4f60}".as_bytes())), "caf\u{e9} \u{4f60}");
    assert_eq!(as_written(&said(b"caf\xe9")), "caf\u{e9}");
    assert_eq!(as_written("plain"), "plain");
}

#[test]
fn bytes_in_json_are_text_or_isomorphic() {
    assert_eq!(text_of("\u{e9}".as_bytes()), "\u{e9}");
    assert_eq!(text_of(b"\xe9\xff"), "\u{e9}\u{ff}");
}
