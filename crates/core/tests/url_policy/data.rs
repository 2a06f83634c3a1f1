//! Where the data lies, and how to read it: JSON with lone surrogates, line comments and trailing commas.

use std::path::PathBuf;

use serde_json::Value;

/// The file's value; `None`, after a line that says so, where there is no data folder.
pub(crate) fn read(file: &str, cases: usize) -> Option<Value> {
    read_text(file, cases).map(|text| serde_json::from_str(&strict(&text)).expect("JSON"))
}

/// The file's text; `None`, after a line that says so, where there is no data folder.
pub(crate) fn read_text(file: &str, cases: usize) -> Option<String> {
    let shared = std::env::var_os("SHARED_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    match std::fs::read_to_string(shared.join("wpt-data").join(file)) {
        Ok(text) => Some(text),
        Err(_) => {
            assert!(std::env::var_os("SOFETCH_REQUIRE_DATA").is_none(), "no {file}");
            println!("skipped {cases} cases of {file}: no data folder");
            None
        }
    }
}

/// The cases of an array: strings between them are comments.
pub(crate) fn cases(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten().filter(|case| case.is_object())
}

/// A member that is a string.
pub(crate) fn text<'a>(case: &'a Value, name: &str) -> Option<&'a str> {
    case.get(name).and_then(Value::as_str)
}

/// Strict JSON: no comment lines, no trailing commas, each lone surrogate U+FFFD.
fn strict(text: &str) -> String {
    let mut lines = String::with_capacity(text.len());
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        lines.push_str(line);
        lines.push('\n');
    }
    let mut strict = String::with_capacity(lines.len());
    let mut rest = lines.as_str();
    let mut in_string = false;
    while let Some(next) = rest.chars().next() {
        let mut taken = next.len_utf8();
        match next {
            '\\' if in_string => match (unit(rest), unit(rest.get(6..).unwrap_or(""))) {
                (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => taken = 12,
                (Some(0xD800..=0xDFFF), _) => {
                    strict.push('\u{FFFD}');
                    rest = &rest[6..];
                    continue;
                }
                _ => taken = 2,
            },
            '"' => in_string = !in_string,
            ',' if !in_string && rest[1..].trim_start().starts_with([']', '}']) => {
                rest = &rest[1..];
                continue;
            }
            _ => {}
        }
        strict.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    strict
}

/// The code unit of a leading `\uXXXX`.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

#[test]
fn the_reader_is_tolerant() {
    let read =
        strict("// c\n[\"\\ud800x\", \"\\ud83d\\ude00\", \"\\\\ud800\", \"//\", \",]\", {\"a\": 1,},\n]");
    let value: Value = serde_json::from_str(&read).expect("JSON");
    assert_eq!(value, serde_json::json!(["\u{FFFD}x", "\u{1F600}", "\\ud800", "//", ",]", {"a": 1}]));
}
