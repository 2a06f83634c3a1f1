//! A value's text in colours. They are put on the text that is printed, which they do not change.

use crate::output::{Paint, Tone};

/// What an object is, in brackets.
const KINDS: [&str; 9] = [
    "Function",
    "AsyncFunction",
    "GeneratorFunction",
    "AsyncGeneratorFunction",
    "class ",
    "Getter",
    "Setter",
    "Circular",
    "Proxy",
];

/// The text, painted.
pub(crate) fn painted(text: &str, paint: Paint) -> String {
    if !paint.is_on() {
        return text.to_owned();
    }
    let mut painted = String::with_capacity(text.len() * 2);
    let mut rest = text;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let (length, tone) = token(rest, before);
        let (said, after) = rest.split_at(length);
        match tone {
            Some(tone) => painted.push_str(&paint.tone(tone, said)),
            None => painted.push_str(said),
        }
        before = said.chars().next_back().unwrap_or(first);
        rest = after;
    }
    painted
}

/// How long the next token is, and its tone.
fn token(text: &str, before: char) -> (usize, Option<Tone>) {
    let first = text.chars().next().unwrap_or_default();
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    match first {
        '"' => (quoted(text), Some(Tone::Text)),
        '[' if KINDS.iter().any(|kind| text[1..].starts_with(kind)) => {
            let end = text.find(['\n', ']']).filter(|end| text[*end..].starts_with(']'));
            end.map_or((1, None), |end| (end + 1, Some(Tone::Key)))
        }
        '<' => {
            match ["<pending>", "<rejected>", "<items unknown>"].iter().find(|word| text.starts_with(*word)) {
                Some(word) => (word.len(), Some(Tone::Faint)),
                None => (1, None),
            }
        }
        c if c.is_ascii_digit() && is_date(text) => {
            (text.find('Z').map_or(1, |end| end + 1), Some(Tone::Number))
        }
        // NB: places in stacks, and the size of a collection, are none.
        _ if !is_word(before)
            && !matches!(before, '-' | ':' | '.' | '/' | '(')
            && text.strip_prefix('-').unwrap_or(text).starts_with(|c: char| c.is_ascii_digit()) =>
        {
            let end = text[1..]
                .find(|c: char| !is_word(c) && !matches!(c, '.' | '+'))
                .map_or(text.len(), |end| end + 1);
            // A key of an object is none.
            let tone = if text[end..].starts_with(": ") { None } else { Some(Tone::Number) };
            (end, tone)
        }
        c if is_word(c) => {
            let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
            let tone = match &text[..end] {
                "true" | "false" | "NaN" | "Infinity" => Some(Tone::Number),
                "null" | "undefined" => Some(Tone::Word),
                _ => None,
            };
            (end, if text[end..].starts_with(": ") { None } else { tone })
        }
        c => (c.len_utf8(), None),
    }
}

/// `1970-01-01T00:00:00.000Z`
fn is_date(text: &str) -> bool {
    let date = text.get(..24).filter(|date| date.ends_with('Z'));
    date.is_some_and(|date| {
        let form = |(c, form): (char, char)| if form == '0' { c.is_ascii_digit() } else { c == form };
        date.chars().zip("0000-00-00T00:00:00.000Z".chars()).all(form)
    })
}

/// Up to the quote that ends it.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_table() {
        let table = [
            ("{ a: 1, b: \"x\" }", "{ a: <36:1>, b: <32:\"x\"> }"),
            ("[1, -2.5e+3, 3n]", "[<36:1>, <36:-2.5e+3>, <36:3n>]"),
            ("\"a \\\" 1\"", "<32:\"a \\\" 1\">"),
            ("[null, undefined, true]", "[<33:null>, <33:undefined>, <36:true>]"),
            ("[Function: f1]", "<34:[Function: f1]>"),
            ("[Thing { a1: x2 }]", "[Thing { a1: x2 }]"),
            ("Promise { <pending> }", "Promise { <2:<pending>> }"),
            ("{ 1: 2 }", "{ 1: <36:2> }"),
            ("\"open", "<32:\"open>"),
            ("ä-1", "ä-1"),
            ("[-1, 1970-01-01T00:00:00.000Z]", "[<36:-1>, <36:1970-01-01T00:00:00.000Z>]"),
            ("Map(2) { 1 => 2 }", "Map(2) { <36:1> => <36:2> }"),
            ("at f (entry-1:2:3)", "at f (entry-1:2:3)"),
            ("at http://127.0.0.1:80/a.js:1:2", "at http://127.0.0.1:80/a.js:1:2"),
        ];
        for (text, expected) in table {
            let said = painted(text, Paint::on()).replace("\x1b[0m", ">").replace("\x1b[", "<");
            let said = ["36", "32", "33", "34", "2"]
                .iter()
                .fold(said, |said, code| said.replace(&format!("<{code}m"), &format!("<{code}:")));
            assert_eq!(said, expected);
        }
        assert_eq!(painted("[1]", Paint::off()), "[1]");
    }
}
