//! JavaScript's literals: texts, numbers, words, arrays and objects, with comments and commas as people write them. Nothing is
//! evaluated.

use super::Faulty;
use super::faults::Fault;
use super::words::Cursor;

/// A value, and the byte of the text at which it begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value {
    pub(super) at: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Halves of characters that stand alone are U+FFFD, as fetch makes them.
    Text(String),
    /// As it is written.
    Number(String),
    True,
    False,
    /// null or undefined
    Null,
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
}

/// Literals in literals are no deeper than this.
const DEPTH: usize = 64;

/// Goes behind white space and comments.
pub(super) fn skip(cursor: &mut Cursor<'_>) -> Faulty<()> {
    loop {
        let at = cursor.at;
        if cursor.take("//") {
            while cursor.peek().is_some_and(|character| !matches!(character, '\n' | '\r')) {
                cursor.next();
            }
        } else if cursor.take("/*") {
            let length = cursor.rest().find("*/").ok_or((Fault::Unclosed("a comment"), at))?;
            cursor.at += length + 2;
        } else if cursor.peek().is_some_and(|character| character.is_whitespace() || character == '\u{FEFF}')
        {
            cursor.next();
        } else {
            return Ok(());
        }
    }
}

/// Goes behind white space and this, which must stand there.
pub(super) fn expect(cursor: &mut Cursor<'_>, text: &'static str) -> Faulty<()> {
    skip(cursor)?;
    if cursor.take(text) { Ok(()) } else { Err((Fault::Expected(text), cursor.at)) }
}

/// The value that stands here.
pub(super) fn value(cursor: &mut Cursor<'_>) -> Faulty<Value> {
    value_at_depth(cursor, 0)
}

fn value_at_depth(cursor: &mut Cursor<'_>, depth: usize) -> Faulty<Value> {
    skip(cursor)?;
    let at = cursor.at;
    let wrong = (Fault::Expected("a value"), at);
    if depth > DEPTH {
        return Err(wrong);
    }
    let kind = match cursor.peek().ok_or(wrong.clone())? {
        '"' | '\'' | '`' => Kind::Text(text(cursor)?),
        '[' => Kind::Array(array(cursor, depth)?),
        '{' => Kind::Object(object(cursor, depth)?),
        '-' | '.' | '0'..='9' => {
            let length = cursor
                .rest()
                .find(|character: char| !(character.is_ascii_alphanumeric() || "+-._".contains(character)))
                .unwrap_or(cursor.rest().len());
            let number = cursor.rest()[..length].to_owned();
            cursor.at += length;
            Kind::Number(number)
        }
        _ => match word(cursor) {
            "true" => Kind::True,
            "false" => Kind::False,
            "null" | "undefined" => Kind::Null,
            _ => return Err(wrong),
        },
    };
    Ok(Value { at, kind })
}

/// An identifier, or nothing.
pub(super) fn word<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    let rest = cursor.rest();
    let length = rest
        .find(|character: char| !(character.is_alphanumeric() || matches!(character, '_' | '$')))
        .unwrap_or(rest.len());
    cursor.at += length;
    &rest[..length]
}

fn array(cursor: &mut Cursor<'_>, depth: usize) -> Faulty<Vec<Value>> {
    let begin = cursor.at;
    cursor.take("[");
    let mut values = Vec::new();
    loop {
        skip(cursor)?;
        if cursor.take("]") {
            return Ok(values);
        }
        if cursor.peek().is_none() {
            return Err((Fault::Unclosed("a bracket"), begin));
        }
        values.push(value_at_depth(cursor, depth + 1)?);
        separator(cursor, ']', begin)?;
    }
}

fn object(cursor: &mut Cursor<'_>, depth: usize) -> Faulty<Vec<(String, Value)>> {
    let begin = cursor.at;
    cursor.take("{");
    let mut members = Vec::new();
    loop {
        skip(cursor)?;
        if cursor.take("}") {
            return Ok(members);
        }
        let at = cursor.at;
        let name = match cursor.peek() {
            None => return Err((Fault::Unclosed("a bracket"), begin)),
            Some('"' | '\'') => text(cursor)?,
            Some(_) => word(cursor).to_owned(),
        };
        if cursor.at == at {
            return Err((Fault::Expected("a name"), at));
        }
        expect(cursor, ":")?;
        let value = value_at_depth(cursor, depth + 1)?;
        // The last of one name counts.
        members.retain(|(known, _)| *known != name);
        members.push((name, value));
        separator(cursor, '}', begin)?;
    }
}

fn separator(cursor: &mut Cursor<'_>, end: char, begin: usize) -> Faulty<()> {
    skip(cursor)?;
    match cursor.peek() {
        None => Err((Fault::Unclosed("a bracket"), begin)),
        Some(',') => {
            cursor.next();
            Ok(())
        }
        Some(other) if other == end => Ok(()),
        Some(_) => Err((Fault::Expected("a comma"), cursor.at)),
    }
}

/// A text in any of the three quotes; in backquotes nothing may be put in.
fn text(cursor: &mut Cursor<'_>) -> Faulty<String> {
    let begin = cursor.at;
    let quote = cursor.next();
    let mut units: Vec<u16> = Vec::new();
    loop {
        let at = cursor.at;
        let unclosed = (Fault::Unclosed("a quote"), begin);
        let character = cursor.next().ok_or(unclosed.clone())?;
        if Some(character) == quote {
            return Ok(String::from_utf16_lossy(&units));
        }
        let plain = match character {
            '\n' | '\r' if quote != Some('`') => return Err(unclosed),
            '$' if quote == Some('`') && cursor.peek() == Some('{') => return Err((Fault::Expansion, at)),
            '\\' => match escaped(cursor, at)? {
                Some(Unit::Whole(character)) => character,
                Some(Unit::Half(unit)) => {
                    units.push(unit);
                    continue;
                }
                None => continue,
            },
            other => other,
        };
        units.extend_from_slice(plain.encode_utf16(&mut [0; 2]));
    }
}

enum Unit {
    Whole(char),
    Half(u16),
}

/// What follows a backslash; a line break is nothing.
fn escaped(cursor: &mut Cursor<'_>, at: usize) -> Faulty<Option<Unit>> {
    let wrong = (Fault::Escape, at);
    if cursor.take_line_break() || cursor.take("\r") || cursor.take("\u{2028}") || cursor.take("\u{2029}") {
        return Ok(None);
    }
    let start = cursor.at;
    let digits = |cursor: &mut Cursor<'_>, count: usize| {
        let begin = cursor.at;
        cursor.digits(16, count).filter(|_| cursor.at - begin == count).ok_or(wrong.clone())
    };
    Ok(Some(match cursor.next().ok_or(wrong.clone())? {
        'n' => Unit::Whole('\n'),
        'r' => Unit::Whole('\r'),
        't' => Unit::Whole('\t'),
        'b' => Unit::Whole('\u{8}'),
        'f' => Unit::Whole('\u{c}'),
        'v' => Unit::Whole('\u{b}'),
        'x' => Unit::Half(digits(cursor, 2)? as u16),
        'u' if cursor.take("{") => {
            let code = cursor.digits(16, 6).filter(|_| cursor.take("}"));
            Unit::Whole(code.and_then(char::from_u32).ok_or(wrong)?)
        }
        'u' => Unit::Half(digits(cursor, 4)? as u16),
        '0' if !cursor.peek().is_some_and(|next| next.is_ascii_digit()) => Unit::Whole('\0'),
        '0'..='9' => return Err((Fault::Escape, start - 1)),
        plain => Unit::Whole(plain),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Faulty<Kind> {
        value(&mut Cursor::new(text)).map(|value| value.kind)
    }

    #[test]
    fn texts() {
        let table = [
            ("double quotes", r#""a\"b'c""#, "a\"b'c"),
            ("single quotes", r#"'a\'b"c'"#, "a'b\"c"),
            ("backquotes", "`a\n$b`", "a\n$b"),
            ("escapes", r"'\n\r\t\x41\u0042\u{1f600}\0\/\q'", "\n\r\tAB\u{1f600}\0/q"),
            ("a pair", r"'\ud83d\ude00'", "\u{1f600}"),
            ("half a character", r"'\ud83d!'", "\u{fffd}!"),
            ("a line that goes on", "'a\\\nb'", "ab"),
        ];
        for (name, text, expected) in table {
            assert_eq!(read(text), Ok(Kind::Text(expected.to_owned())), "{name}");
        }
    }

    #[test]
    fn objects_as_people_write_them() {
        let Ok(Kind::Object(members)) =
            read("{ // so\n a: 1.5e3, 'b': [true, null,], \"c\": {}, a: false, /* end */ }")
        else {
            panic!("no object");
        };
        let names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["b", "c", "a"]);
        assert_eq!(members[2].1.kind, Kind::False);
    }

    #[test]
    fn what_is_no_literal() {
        let table = [
            ("nothing", "  ", Fault::Expected("a value"), 2),
            ("a name", "abc", Fault::Expected("a value"), 0),
            ("an open text", "'a", Fault::Unclosed("a quote"), 0),
            ("a line break", "'a\n'", Fault::Unclosed("a quote"), 0),
            ("something put in", "`a${b}`", Fault::Expansion, 2),
            ("an open array", "[1,", Fault::Unclosed("a bracket"), 0),
            ("an open object", "{a:1", Fault::Unclosed("a bracket"), 0),
            ("an open comment", "/* a", Fault::Unclosed("a comment"), 0),
            ("no comma", "[1 2]", Fault::Expected("a comma"), 3),
            ("no colon", "{a 1}", Fault::Expected(":"), 3),
            ("no name", "{[a]: 1}", Fault::Expected("a name"), 1),
            ("an escape", r"'\x4'", Fault::Escape, 1),
            ("an octal one", r"'\12'", Fault::Escape, 1),
        ];
        for (name, text, fault, at) in table {
            assert_eq!(read(text), Err((fault, at)), "{name}");
        }
        assert!(read(&"[".repeat(100_000)).is_err());
    }
}
