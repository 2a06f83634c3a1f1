//! JSON for a reader at a terminal: indented and coloured, its values and their order untouched.
//!
//! Works on the text, not on a value: no number loses a digit and no key its place.

use std::borrow::Cow;

use sofetch_inspect::safe_text::escaped;

use crate::output::{Paint, Tone};

/// Deeper documents are left as they are: their indentation would outgrow them.
const DEPTH: usize = 64;

/// The document, indented; `None` if the text is no JSON document, or one that is too deep.
pub(crate) fn indented(text: &str, paint: Paint) -> Option<String> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    let mut printer = Printer { out: String::with_capacity(text.len() * 2), paint, depth: 0 };
    let mut rest = text.trim_start_matches(WHITE);
    while let Some(first) = rest.chars().next() {
        let length = token_length(rest);
        let (token, after) = rest.split_at(length);
        let after = after.trim_start_matches(WHITE);
        match first {
            '{' | '[' => {
                if printer.depth >= DEPTH {
                    return None;
                }
                printer.out.push(first);
                if after.starts_with(['}', ']']) {
                    printer.out.push_str(&after[..1]);
                    rest = after[1..].trim_start_matches(WHITE);
                    continue;
                }
                printer.depth += 1;
                printer.new_line();
            }
            '}' | ']' => {
                printer.depth -= 1;
                printer.new_line();
                printer.out.push(first);
            }
            ',' => {
                printer.out.push(',');
                printer.new_line();
            }
            ':' => printer.out.push_str(": "),
            _ => printer.push(tone_of(first, after), token),
        }
        rest = after;
    }
    printer.out.push('\n');
    Some(printer.out)
}

/// The document on one line, coloured; `None` if the text is no JSON document.
pub(crate) fn coloured(text: &str, paint: Paint) -> Option<String> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    let mut printer = Printer { out: String::with_capacity(text.len() * 2), paint, depth: 0 };
    let mut rest = text.trim_start_matches(WHITE);
    while let Some(first) = rest.chars().next() {
        let (token, after) = rest.split_at(token_length(rest));
        rest = after.trim_start_matches(WHITE);
        match first {
            '{' | '[' | '}' | ']' => printer.out.push(first),
            ',' => printer.out.push_str(", "),
            ':' => printer.out.push_str(": "),
            _ => printer.push(tone_of(first, rest), token),
        }
    }
    Some(printer.out)
}

/// Of a token that begins like this and is followed by that.
fn tone_of(first: char, after: &str) -> Tone {
    match first {
        '"' if after.starts_with(':') => Tone::Key,
        '"' => Tone::Text,
        '-' | '0'..='9' => Tone::Number,
        _ => Tone::Word,
    }
}

const WHITE: [char; 4] = [' ', '\t', '\n', '\r'];

/// The text is valid JSON, so that a token is told by its first character.
fn token_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    match bytes.first() {
        Some(b'"') => {
            let mut at = 1;
            while at < bytes.len() && bytes[at] != b'"' {
                at += if bytes[at] == b'\\' { 2 } else { 1 };
            }
            (at + 1).min(bytes.len())
        }
        Some(b'{' | b'}' | b'[' | b']' | b',' | b':') => 1,
        _ => rest.find(['{', '}', '[', ']', ',', ':', ' ', '\t', '\n', '\r']).unwrap_or(rest.len()),
    }
}

struct Printer {
    out: String,
    paint: Paint,
    depth: usize,
}

impl Printer {
    fn new_line(&mut self) {
        self.out.push('\n');
        for _ in 0..self.depth {
            self.out.push_str("  ");
        }
    }

    fn push(&mut self, tone: Tone, token: &str) {
        let safe: Cow<'_, str> = escaped(token);
        self.out.push_str(&self.paint.tone(tone, &safe));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Option<String> {
        indented(text, Paint::off())
    }

    #[test]
    fn documents_are_indented_and_nothing_else() {
        let table = [
            ("a value", "1", "1\n"),
            (
                "an object",
                r#"{"b":1,"a":[true,null]}"#,
                "{\n  \"b\": 1,\n  \"a\": [\n    true,\n    null\n  ]\n}\n",
            ),
            ("what is empty", "{ \"a\" : [ ] , \"b\" : { } }", "{\n  \"a\": [],\n  \"b\": {}\n}\n"),
            (
                "digits stay",
                "[1.10,1e400,12345678901234567890]",
                "[\n  1.10,\n  1e400,\n  12345678901234567890\n]\n",
            ),
            ("punctuation in texts", r#"["{,}:\"\\"]"#, "[\n  \"{,}:\\\"\\\\\"\n]\n"),
            ("a key twice", r#"{"a":1,"a":2}"#, "{\n  \"a\": 1,\n  \"a\": 2\n}\n"),
            ("white space around", " \r\n[1] \n", "[\n  1\n]\n"),
        ];
        for (name, text, expected) in table {
            assert_eq!(plain(text).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn what_is_no_document_is_left_alone() {
        for text in ["", "{", "[1,]", "{'a':1}", "1 2", "\u{1b}[31m", "\"\u{1b}\""] {
            assert_eq!(plain(text), None, "{text:?}");
        }
    }

    #[test]
    fn on_one_line() {
        let paint = Paint::off();
        assert_eq!(
            coloured("{ \"a\" : [1,\n{}] , \"b\":null}", paint).as_deref(),
            Some("{\"a\": [1, {}], \"b\": null}")
        );
        assert_eq!(coloured("{", paint), None);
        let key = Paint::on().tone(Tone::Key, "\"a\"").into_owned();
        assert!(coloured("{\"a\":1}", Paint::on()).is_some_and(|text| text.contains(&key)));
    }

    #[test]
    fn a_deep_document_is_left_alone() {
        assert!(plain(&format!("{}{}", "[".repeat(64), "]".repeat(64))).is_some());
        assert_eq!(plain(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))), None);
    }

    #[test]
    fn what_could_steer_a_terminal_is_escaped() {
        let text = plain("[\"\u{9b}31m\u{202e}\u{7f}\"]").expect("JSON allows them in a text");
        assert!(!text.contains(['\u{9b}', '\u{202e}', '\u{7f}']), "{text:?}");
    }

    #[test]
    fn each_kind_has_its_colour() {
        let text = indented(r#"{"a":"b","c":1,"d":null}"#, Paint::on()).expect("a document");
        for (tone, token) in
            [(Tone::Key, "\"a\""), (Tone::Text, "\"b\""), (Tone::Number, "1"), (Tone::Word, "null")]
        {
            assert!(text.contains(&*Paint::on().tone(tone, token)), "{token} in {text:?}");
        }
    }
}
