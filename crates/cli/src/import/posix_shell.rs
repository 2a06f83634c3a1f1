//! Command lines in the quotes of POSIX shells, and `$'...'` as bash has it. Nothing is expanded: what a shell would compute
//! is a fault.

use super::Faulty;
use super::faults::Fault;
use super::words::{Collector, Command, Cursor};

/// The commands of a text.
pub(super) fn commands(text: &str) -> Faulty<Vec<Command>> {
    let mut words = Collector::default();
    let mut cursor = Cursor::new(text);
    while let Some(character) = cursor.peek() {
        let at = cursor.at;
        cursor.next();
        match character {
            '\\' if cursor.take_line_break() => {}
            '\\' => match cursor.next() {
                Some(plain) => words.push(at, plain),
                None => words.push(at, '\\'),
            },
            '\'' => single_quoted(&mut cursor, at, words.word(at))?,
            '"' => double_quoted(&mut cursor, at, words.word(at))?,
            '$' if cursor.take("'") => ansi_c_quoted(&mut cursor, at, words.word(at))?,
            '$' if cursor.take("\"") => double_quoted(&mut cursor, at, words.word(at))?,
            '$' if expands(&cursor) => return Err((Fault::Expansion, at)),
            '`' => return Err((Fault::Expansion, at)),
            ' ' | '\t' | '\r' => words.end_word(),
            ';' | '\n' | '&' => words.end_command(),
            '|' | '<' | '>' | '(' | ')' => return Err((Fault::ShellSyntax(character), at)),
            '#' if words.between_words() => {
                while cursor.peek().is_some_and(|character| character != '\n') {
                    cursor.next();
                }
            }
            // NB: patterns and braces are plain to who matches no file; DevTools quotes them anyway.
            other => words.push(at, other),
        }
    }
    Ok(words.finish())
}

/// Does a shell take the `$` before this for the begin of something?
fn expands(cursor: &Cursor<'_>) -> bool {
    let begins = |next: char| next.is_ascii_alphanumeric() || "_{(*@#?-$!".contains(next);
    cursor.peek().is_some_and(begins)
}

fn single_quoted(cursor: &mut Cursor<'_>, at: usize, word: &mut Vec<u8>) -> Faulty<()> {
    let length = cursor.rest().find('\'').ok_or((Fault::Unclosed("a quote"), at))?;
    word.extend(cursor.rest()[..length].bytes());
    cursor.at += length + 1;
    Ok(())
}

fn double_quoted(cursor: &mut Cursor<'_>, at: usize, word: &mut Vec<u8>) -> Faulty<()> {
    loop {
        let here = cursor.at;
        match cursor.next().ok_or((Fault::Unclosed("a quote"), at))? {
            '"' => return Ok(()),
            '\\' if cursor.take_line_break() => {}
            '\\' => match cursor.peek().filter(|next| "$`\"\\".contains(*next)) {
                Some(plain) => {
                    word.extend(plain.encode_utf8(&mut [0; 4]).bytes());
                    cursor.next();
                }
                None => word.push(b'\\'),
            },
            '`' => return Err((Fault::Expansion, here)),
            '$' if expands(cursor) => return Err((Fault::Expansion, here)),
            other => word.extend(other.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
}

/// `$'...'`, whose escapes may make any bytes.
fn ansi_c_quoted(cursor: &mut Cursor<'_>, at: usize, word: &mut Vec<u8>) -> Faulty<()> {
    loop {
        let here = cursor.at;
        let character = cursor.next().ok_or((Fault::Unclosed("a quote"), at))?;
        if character == '\'' {
            return Ok(());
        }
        if character != '\\' {
            word.extend(character.encode_utf8(&mut [0; 4]).bytes());
            continue;
        }
        let wrong = (Fault::Escape, here);
        let byte = match cursor.next().ok_or((Fault::Unclosed("a quote"), at))? {
            'a' => 0x07,
            'b' => 0x08,
            'e' | 'E' => 0x1B,
            'f' => 0x0C,
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            'v' => 0x0B,
            plain @ ('\\' | '\'' | '"' | '?') => plain as u8,
            'x' => cursor.digits(16, 2).ok_or(wrong.clone())? as u8,
            letter @ ('u' | 'U') => {
                let digits = if letter == 'u' { 4 } else { 8 };
                let code = cursor.digits(16, digits).ok_or(wrong.clone())?;
                // NB: a surrogate alone is no character; DevTools writes both halves of a pair so.
                let code = match code {
                    0xD800..=0xDBFF if cursor.take("\\u") => {
                        let low = cursor.digits(16, 4).filter(|low| (0xDC00..=0xDFFF).contains(low));
                        0x10000 + ((code - 0xD800) << 10) + (low.ok_or(wrong.clone())? - 0xDC00)
                    }
                    code => code,
                };
                let character = char::from_u32(code).ok_or(wrong)?;
                word.extend(character.encode_utf8(&mut [0; 4]).bytes());
                continue;
            }
            octal @ '0'..='7' => {
                cursor.at -= octal.len_utf8();
                cursor.digits(8, 3).ok_or(wrong.clone())? as u8
            }
            _ => return Err(wrong),
        };
        // NB: to a shell NUL is the end of the word; no argument has one.
        if byte == 0 {
            return Err((Fault::Escape, here));
        }
        word.push(byte);
    }
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
            ("words", "a b  c", &[&["a", "b", "c"]]),
            ("a line that goes on", "a \\\n  b \\\r\n c", &[&["a", "b", "c"]]),
            ("single quotes", r#"a 'b \ "$c"' ''"#, &[&["a", r#"b \ "$c""#, ""]]),
            ("a quote between quotes", r"'it'\''s'", &[&["it's"]]),
            ("double quotes", r#""a \"b\" \$c \d \\""#, &[&[r#"a "b" $c \d \"#]]),
            ("pieces of one word", r#"a'b'"c"\ d"#, &[&["abc d"]]),
            ("ANSI-C quotes", r"$'it\'s\n\t\u00e9\x21\041\\'", &[&["it's\n\t\u{e9}!!\\"]]),
            ("a character outside the BMP", r"$'\ud83d\ude00\U0001f600'", &[&["\u{1f600}\u{1f600}"]]),
            ("two commands", "a b ;\nc d & e", &[&["a", "b"], &["c", "d"], &["e"]]),
            ("a comment", "a # b 'c\nd#e", &[&["a"], &["d#e"]]),
            ("a lone dollar", "a$ '$b' \"$\"", &[&["a$", "$b", "$"]]),
            ("nothing", " \n", &[]),
        ];
        for (name, text, expected) in table {
            let expected: Vec<Vec<String>> =
                expected.iter().map(|words| words.iter().map(|&word| word.to_owned()).collect()).collect();
            assert_eq!(read(text), Ok(expected), "{name}");
        }
        let bytes = &commands(r"$'\xff\x00'");
        assert_eq!(*bytes, Err((Fault::Escape, 6)), "no argument has a NUL");
        assert_eq!(commands(r"$'\xffa'").expect("words")[0][0].bytes, b"\xFFa");
    }

    #[test]
    fn what_a_shell_would_do_is_not_done() {
        let table = [
            ("an open quote", "a 'b", Fault::Unclosed("a quote"), 2),
            ("an open double quote", "a \"b\\\"", Fault::Unclosed("a quote"), 2),
            ("an open ANSI-C quote", "a $'b\\'", Fault::Unclosed("a quote"), 2),
            ("a variable", "a $HOME", Fault::Expansion, 2),
            ("one in quotes", "a \"b$HOME\"", Fault::Expansion, 4),
            ("a command", "a $(b)", Fault::Expansion, 2),
            ("one in backquotes", "a \"`b`\"", Fault::Expansion, 3),
            ("a pipe", "a | b", Fault::ShellSyntax('|'), 2),
            ("a file", "a > b", Fault::ShellSyntax('>'), 2),
            ("an escape", r"a $'\q'", Fault::Escape, 4),
            ("half a character", r"a $'\ud83d'", Fault::Escape, 4),
        ];
        for (name, text, fault, at) in table {
            assert_eq!(read(text), Err((fault, at)), "{name}");
        }
    }
}
