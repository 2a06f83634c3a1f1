//! A config file's lines: names and values.

use super::What;

/// A line that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: usize,
    pub(super) name: String,
    pub(super) value: Option<String>,
}

/// The lines of a file; empty ones and comments are left out.
pub(super) fn lines(text: &str) -> Result<Vec<Line>, (usize, What)> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let (number, line) = (at + 1, line.trim());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = match line.split_once('=') {
            Some((name, value)) => (name, Some(unquoted(value.trim()).ok_or((number, What::Quote))?)),
            None => (line.split_once(" #").map_or(line, |(name, _)| name), None),
        };
        let name = name.trim();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
        if name.is_empty() || name.starts_with('-') || !name.bytes().all(is_name) {
            return Err((number, What::Name));
        }
        lines.push(Line { number, name: name.to_owned(), value });
    }
    Ok(lines)
}

/// A value up to a comment, which a blank comes before; or one in double quotes, where a backslash makes the next character
/// plain.
fn unquoted(said: &str) -> Option<String> {
    let Some(quoted) = said.strip_prefix('"') else {
        let plain =
            if said.starts_with('#') { "" } else { said.split_once(" #").map_or(said, |(plain, _)| plain) };
        return Some(plain.trim_end().to_owned());
    };
    let mut value = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => break,
            '\\' => value.push(characters.next()?),
            other => value.push(other),
        }
    }
    let behind = characters.as_str().trim_start();
    (behind.is_empty() || behind.starts_with('#')).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_table() {
        type Row = (&'static str, &'static str, Option<(&'static str, Option<&'static str>)>);
        let table: &[Row] = &[
            ("an option", "insecure", Some(("insecure", None))),
            ("a value", "max-time = 3", Some(("max-time", Some("3")))),
            ("without blanks", "max-time=3", Some(("max-time", Some("3")))),
            ("equals signs of the value", "header = Cookie: a=b", Some(("header", Some("Cookie: a=b")))),
            ("an empty value", "proxy =", Some(("proxy", Some("")))),
            ("a comment behind a value", "max-time = 3 # seconds", Some(("max-time", Some("3")))),
            ("a comment behind an option", "http1.1 # old", Some(("http1.1", None))),
            ("a value that has a hash", "header = A: b#c", Some(("header", Some("A: b#c")))),
            ("quotes", r#"header = "A: \"b\" # c" # d"#, Some(("header", Some("A: \"b\" # c")))),
            ("an open quote", "header = \"A", None),
            ("something behind a quote", "header = \"A\" b", None),
            ("dashes", "--insecure", None),
            ("no name", "= 3", None),
            ("two words", "max time = 3", None),
        ];
        for (name, text, expected) in table {
            let expected = expected.map(|(name, value)| {
                vec![Line { number: 3, name: name.to_owned(), value: value.map(str::to_owned) }]
            });
            assert_eq!(lines(&format!("\u{feff}# c\r\n\r\n  {text}\r\n")).ok(), expected, "{name}");
        }
    }
}
