//! Strangers' words inside a configuration's own quotes. What a language cannot quote is refused, never guessed at.

use serde::Serialize;

use crate::safe_text::is_unsafe;

/// Why there is no text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Unwritable {
    /// A character that cannot be shown, or that this server's configuration has no way to quote.
    Character {
        /// Which.
        character: char,
    },
    /// The path decodes to no text.
    PathNotText,
    /// The path has characters that are patterns to this server.
    PathPattern {
        /// The path.
        path: String,
    },
    /// The origin has characters that no host name in use has.
    Origin {
        /// The origin.
        origin: String,
    },
    /// The server knows no such method, or would change its case.
    Method {
        /// The method.
        method: String,
    },
    /// A method or a header name has characters that no name in use has.
    Name {
        /// The name.
        name: String,
    },
    /// The server has no setting for this header.
    NoSetting {
        /// The header's name.
        name: String,
    },
    /// Nothing of it is a matter of configuration.
    NothingToSet,
}

impl Unwritable {
    /// The reason in a sentence.
    pub fn words(&self) -> String {
        match self {
            Unwritable::Character { character } => {
                format!("No text: its configuration has no safe way to write {character:?}.")
            }
            Unwritable::PathNotText => "No text: the path decodes to no text.".to_owned(),
            Unwritable::PathPattern { path } => {
                format!(
                    "No text: `{path}` has characters that are patterns to this server. Choose the path by hand."
                )
            }
            Unwritable::Origin { origin } => {
                format!("No text: `{origin}` has characters that no host name in use has.")
            }
            Unwritable::Method { method } => {
                format!("No text: this server cannot allow the method `{method}`.")
            }
            Unwritable::Name { name } => format!("No text: `{name}` has characters that no name in use has."),
            Unwritable::NoSetting { name } => format!("No text: this server has no setting for `{name}`."),
            Unwritable::NothingToSet => {
                "No text: this is for the application, not for its configuration.".to_owned()
            }
        }
    }
}

/// In quotes, backslashes before backslashes and before the quote: a string of Rust, JavaScript, Go, Python, Java and C#,
/// and (with `'`) of Ruby and PHP, which interpolate nothing there.
pub(super) fn quoted(text: &str, quote: char) -> Result<String, Unwritable> {
    quoted_without(text, quote, &[])
}

/// As [`quoted`], where no backslash helps against some characters.
pub(super) fn quoted_without(text: &str, quote: char, refused: &[char]) -> Result<String, Unwritable> {
    if let Some(character) = text.chars().find(|&char| is_unsafe(char) || refused.contains(&char)) {
        return Err(Unwritable::Character { character });
    }
    let mut string = String::with_capacity(text.len() + 2);
    string.push(quote);
    for character in text.chars() {
        if character == quote || character == '\\' {
            string.push('\\');
        }
        string.push(character);
    }
    string.push(quote);
    Ok(string)
}

/// Each in its quotes, with commas between.
pub(super) fn list<T: AsRef<str>>(texts: &[T], quote: char) -> Result<String, Unwritable> {
    let strings: Result<Vec<String>, Unwritable> =
        texts.iter().map(|text| quoted(text.as_ref(), quote)).collect();
    Ok(strings?.join(", "))
}

/// A text that a regular expression matches as it stands.
pub(super) fn literal_pattern(text: &str) -> String {
    let mut pattern = String::new();
    for character in text.chars() {
        if character.is_ascii_punctuation() && !matches!(character, '/' | ':' | '-' | '_') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_table() {
        let refused = |character| Err(Unwritable::Character { character });
        for (name, text, quote, expected) in [
            ("plain", "a", '"', Ok(r#""a""#)),
            ("its own quote", r#"a"b"#, '"', Ok(r#""a\"b""#)),
            ("the other", "a'b", '"', Ok(r#""a'b""#)),
            ("single quotes", "a'b", '\'', Ok(r"'a\'b'")),
            ("a backslash before the quote", r"a\'", '\'', Ok(r"'a\\\''")),
            ("a backslash at the end", r"a\", '"', Ok(r#""a\\""#)),
            ("what is code elsewhere", "${a}#{b}`c`$d", '\'', Ok("'${a}#{b}`c`$d'")),
            ("an escape of Java", r"\u0022", '"', Ok(r#""\\u0022""#)),
            ("a line break", "a\nb", '"', refused('\n')),
            ("a NUL", "\0", '"', refused('\0')),
            ("what turns text", "\u{202e}", '"', refused('\u{202e}')),
        ] {
            assert_eq!(quoted(text, quote), expected.map(str::to_owned), "{name}");
        }
        assert_eq!(quoted_without("a$b", '"', &['$']), refused('$').map(str::to_owned));
    }

    #[test]
    fn patterns_are_literal() {
        assert_eq!(literal_pattern("https://a.test:1/(x)|$"), r"https://a\.test:1/\(x\)\|\$");
    }
}
