//! Command lines in the quotes of PowerShell. Of what it computes only `$([char]N)` is read, which DevTools writes for
//! characters beyond ASCII.

use super::Faulty;
use super::faults::Fault;
use super::words::{Collector, Command, Cursor};

/// The commands of a text.
pub(super) fn commands(text: &str) -> Faulty<Vec<Command>> {
    let mut words = Collector::default();
    let mut cursor = Cursor::new(text);
    while let Some(character) = cursor.peek() {
        let at = cursor.at;
        match character {
            '\'' | '"' => {
                let text = quoted(&mut cursor)?;
                words.word(at).extend(text.bytes());
                continue;
            }
            _ => cursor.next(),
        };
        match character {
            '`' if cursor.take_line_break() => words.end_word(),
            '`' => {
                let plain = escaped(&mut cursor, at)?;
                words.push(at, plain);
            }
            ' ' | '\t' | '\r' => words.end_word(),
            ';' | '\n' => words.end_command(),
            '$' if cursor
                .peek()
                .is_some_and(|next| next.is_ascii_alphanumeric() || "_{(:".contains(next)) =>
            {
                return Err((Fault::Expansion, at));
            }
            '|' | '<' | '>' | '(' | ')' | '&' | '{' | '}' => return Err((Fault::ShellSyntax(character), at)),
            '#' if words.between_words() => {
                while cursor.peek().is_some_and(|character| character != '\n') {
                    cursor.next();
                }
            }
            other => words.push(at, other),
        }
    }
    Ok(words.finish())
}

/// A text in quotes, at which the cursor stands.
pub(super) fn quoted(cursor: &mut Cursor<'_>) -> Faulty<String> {
    let begin = cursor.at;
    let quote = cursor.next();
    // NB: `$([char]N)` gives halves of characters: only both together are one.
    let mut units: Vec<u16> = Vec::new();
    let push =
        |units: &mut Vec<u16>, character: char| units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
    loop {
        let at = cursor.at;
        let character = cursor.next().ok_or((Fault::Unclosed("a quote"), begin))?;
        if Some(character) == quote {
            // Two quotes are a plain one.
            if cursor.peek() != quote {
                return String::from_utf16(&units).map_err(|_| (Fault::Escape, begin));
            }
            cursor.next();
            push(&mut units, character);
            continue;
        }
        match character {
            '`' if quote == Some('"') => push(&mut units, escaped(cursor, at)?),
            '$' if quote == Some('"') && cursor.take("([char]") => {
                let unit = cursor.digits(10, 5).and_then(|unit| u16::try_from(unit).ok());
                units.push(unit.filter(|_| cursor.take(")")).ok_or((Fault::Escape, at))?);
            }
            '$' if quote == Some('"')
                && cursor
                    .peek()
                    .is_some_and(|next| next.is_ascii_alphanumeric() || "_{(:".contains(next)) =>
            {
                return Err((Fault::Expansion, at));
            }
            other => push(&mut units, other),
        }
    }
}

/// What follows a backquote.
fn escaped(cursor: &mut Cursor<'_>, at: usize) -> Faulty<char> {
    let wrong = (Fault::Escape, at);
    Ok(match cursor.next().ok_or(wrong.clone())? {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'e' => '\u{1b}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        'u' if cursor.take("{") => {
            let code = cursor.digits(16, 6).filter(|_| cursor.take("}"));
            code.and_then(char::from_u32).ok_or(wrong)?
        }
        plain => plain,
    })
}

#[cfg(test)]
mod tests {
    use super::super::words::texts;
    use super::*;

    fn read(text: &str) -> Result<Vec<Vec<String>>, (Fault, usize)> {
        commands(text).map(texts)
    }

    #[test]
    fn words_of_commands() {
        let table: &[(&str, &str, &[&[&str]])] = &[
            ("single quotes", "curl.exe 'it''s' '$a `b'", &[&["curl.exe", "it's", "$a `b"]]),
            ("double quotes", "\"a `\"b`\" \"\"c\"\" `$d`n``\"", &[&["a \"b\" \"c\" $d\n`"]]),
            (
                "characters by number",
                "\"$([char]233)$([char]55357)$([char]56832)`u{1f600}\"",
                &[&["\u{e9}\u{1f600}\u{1f600}"]],
            ),
            ("a line that goes on", "curl.exe 'a' `\r\n  -H 'b'", &[&["curl.exe", "a", "-H", "b"]]),
            ("two commands", "a b;\nc", &[&["a", "b"], &["c"]]),
        ];
        for (name, text, expected) in table {
            let expected: Vec<Vec<String>> =
                expected.iter().map(|words| words.iter().map(|&word| word.to_owned()).collect()).collect();
            assert_eq!(read(text), Ok(expected), "{name}");
        }
        let table = [
            ("an open quote", "a 'b", Fault::Unclosed("a quote"), 2),
            ("a variable", "a \"$b\"", Fault::Expansion, 3),
            ("a command", "a \"$(b)\"", Fault::Expansion, 3),
            ("half a character", "a \"$([char]55357)\"", Fault::Escape, 2),
            ("a pipe", "a | b", Fault::ShellSyntax('|'), 2),
        ];
        for (name, text, fault, at) in table {
            assert_eq!(read(text), Err((fault, at)), "{name}");
        }
    }
}
