//! Command lines in the quotes of Windows' cmd.exe: first the carets are cmd's, then quotes and backslashes are those of the C
//! runtime, by which programs take their command line apart.

use super::Faulty;
use super::faults::Fault;
use super::words::{Collector, Command, Cursor};

/// A character that is past cmd.
#[derive(Clone, Copy)]
struct Past {
    at: usize,
    character: char,
}

/// The commands of a text.
pub(super) fn commands(text: &str) -> Faulty<Vec<Command>> {
    let lines = lines(text)?;
    let doubled = lines.iter().all(|line| backslashes_are_doubled(line));
    let mut commands = Vec::new();
    for line in lines {
        commands.extend(split(&line, doubled)?);
    }
    Ok(commands)
}

/// What cmd hands over for each command.
fn lines(text: &str) -> Faulty<Vec<Vec<Past>>> {
    let mut lines = vec![Vec::new()];
    let mut cursor = Cursor::new(text);
    let mut quoted = false;
    let carets_count = carets_count_in_quotes(text);
    while let Some(character) = cursor.peek() {
        let at = cursor.at;
        cursor.next();
        let last = lines.last_mut().expect("a line is there from the beginning");
        match character {
            '^' if !quoted || carets_count => {
                // A caret at a line's end takes the break away and makes plain what follows, a break too.
                if cursor.take_line_break() {
                    if cursor.take_line_break() {
                        last.push(Past { at, character: '\n' });
                    }
                } else if let Some(plain) = cursor.next() {
                    last.push(Past { at, character: plain });
                }
            }
            '\r' | '\n' => {
                quoted = false;
                lines.push(Vec::new());
            }
            '&' if !quoted => lines.push(Vec::new()),
            '|' | '<' | '>' if !quoted => return Err((Fault::ShellSyntax(character), at)),
            // NB: `%^NAME%` is how a name is kept from being one.
            '%' if names_a_variable(cursor.rest()) => return Err((Fault::Expansion, at)),
            _ => {
                quoted ^= character == '"';
                last.push(Past { at, character });
            }
        }
    }
    Ok(lines)
}

/// For some years DevTools put carets into plain quotes, where cmd.exe takes them for themselves. They were meant all the same:
/// so it is where a quote has both, or where no character that it puts them before is without.
fn carets_count_in_quotes(text: &str) -> bool {
    let (mut quoted, mut before, mut found) = (false, ' ', false);
    for character in text.chars() {
        if quoted
            && before != '^'
            && matches!(character, '{' | '}' | '[' | ']' | '%' | '#' | '$' | '!' | '@' | '<' | '>' | '|')
        {
            return false;
        }
        found |= quoted && before == '^' && character != '^';
        quoted ^= character == '"' && before != '^';
        before = character;
    }
    found
}

fn names_a_variable(rest: &str) -> bool {
    let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let named = length > 0 && !rest.as_bytes()[0].is_ascii_digit();
    named && rest[length..].starts_with('%')
}

/// DevTools doubles every backslash, also where the C runtime takes two for two. Where all are doubled, it was DevTools, and
/// one was meant.
fn backslashes_are_doubled(line: &[Past]) -> bool {
    let mut index = 0;
    while index < line.len() {
        let count = line[index..].iter().take_while(|past| past.character == '\\').count();
        index += count;
        // NB: the backslash before a bracket of a URL is for curl, and is written last.
        let other = |past: &Past| matches!(past.character, '"' | '[' | ']' | '{' | '}');
        if count % 2 == 1 && !line.get(index).is_some_and(other) {
            return false;
        }
        index += 1;
    }
    true
}

/// The C runtime's rules: 2n backslashes before a quote are n and a quote, 2n+1 are n and a plain quote, others are themselves;
/// two quotes within quotes are a plain one.
fn split(line: &[Past], doubled: bool) -> Faulty<Vec<Command>> {
    let mut words = Collector::default();
    let mut open: Option<usize> = None;
    let mut index = 0;
    while let Some(&Past { at, character }) = line.get(index) {
        index += 1;
        match character {
            '\\' => {
                let more = line[index..].iter().take_while(|past| past.character == '\\').count();
                let count = more + 1;
                index += more;
                let before_quote = line.get(index).is_some_and(|past| past.character == '"');
                let kept = if before_quote {
                    count / 2
                } else if doubled {
                    count.div_ceil(2)
                } else {
                    count
                };
                words.word(at).extend(std::iter::repeat_n(b'\\', kept));
                if before_quote && count % 2 == 1 {
                    words.push(at, '"');
                    index += 1;
                }
            }
            '"' => {
                words.word(at);
                let doubled = open.is_some() && line.get(index).is_some_and(|past| past.character == '"');
                if doubled {
                    words.push(at, '"');
                    index += 1;
                } else {
                    open = if open.is_some() { None } else { Some(at) };
                }
            }
            ' ' | '\t' if open.is_none() => words.end_word(),
            other => words.push(at, other),
        }
    }
    match open {
        Some(at) => Err((Fault::Unclosed("a quote"), at)),
        None => Ok(words.finish()),
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
            ("words in quotes", "curl \"a b\" c", &[&["curl", "a b", "c"]]),
            ("quotes behind carets", "curl ^\"a ^& b^\"", &[&["curl", "a & b"]]),
            ("a line that goes on", "curl ^\r\n  ^\"a^\" ^\n  b", &[&["curl", "a", "b"]]),
            ("JSON behind carets", r#"-d ^"^{^\^"a^\^":^[1^]^}^""#, &[&["-d", r#"{"a":[1]}"#]]),
            ("JSON in quotes", r#"-d "{\"a\":\"b\\\\c\"}""#, &[&["-d", r#"{"a":"b\\c"}"#]]),
            ("a backslash of DevTools", r#"^"a^\^\nb^" ^"c^\^\^\^"^""#, &[&["a\\nb", "c\\\""]]),
            ("two backslashes beside one", r#""a\\n" "b\c""#, &[&[r"a\\n", r"b\c"]]),
            ("doubled quotes", r#""{""a"":1}""#, &[&[r#"{"a":1}"#]]),
            ("a line break", "^\"a^\n\nb^\"", &[&["a\nb"]]),
            ("a line break of Windows", "^\"a^\r\n\r\nb^\"", &[&["a\nb"]]),
            ("backslashes", r#"a\b "c\\" d\\"e f""#, &[&[r"a\b", r"c\", r"d\e f"]]),
            ("a percent sign", "^\"50^% %^HOME%^\" 5%", &[&["50% %HOME%", "5%"]]),
            ("an empty word", "a ^\"^\" b", &[&["a", "", "b"]]),
            ("two commands", "curl a &\r\ncurl b", &[&["curl", "a"], &["curl", "b"]]),
            ("a caret in quotes is a caret", "\"a^b{}\"", &[&["a^b{}"]]),
            (
                "unless DevTools put it there",
                r#"curl "https://a.test/?a=1^&b=^{" -d "^{^\^"a^\^":1^}""#,
                &[&["curl", "https://a.test/?a=1&b={", "-d", r#"{"a":1}"#]],
            ),
            ("line breaks between quotes", "\"a\"^\n\n\"b\"", &[&["a\nb"]]),
            ("percent signs between quotes", "\"a\"%\"\"%\"b\"", &[&["a%%b"]]),
            (
                "a bracket of a URL",
                r#"^"https://a.test/^\^[x^\^]^" ^"a^\^\b^""#,
                &[&[r"https://a.test/\[x\]", r"a\b"]],
            ),
        ];
        for (name, text, expected) in table {
            let expected: Vec<Vec<String>> =
                expected.iter().map(|words| words.iter().map(|&word| word.to_owned()).collect()).collect();
            assert_eq!(read(text), Ok(expected), "{name}");
        }
        assert_eq!(read("a \"b"), Err((Fault::Unclosed("a quote"), 2)));
        assert_eq!(read("a %HOME%"), Err((Fault::Expansion, 2)));
        assert_eq!(read("a | b"), Err((Fault::ShellSyntax('|'), 2)));
    }
}
