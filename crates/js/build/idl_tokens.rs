//! Words of an IDL file: <https://webidl.spec.whatwg.org/#idl-grammar>.

use std::collections::VecDeque;
use std::fmt;

use crate::idl::{At, IdlError};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Word(String),
    Number(String),
    String(String),
    Punctuation(&'static str),
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Word(text) | Token::Number(text) | Token::String(text) => f.write_str(text),
            Token::Punctuation(text) => f.write_str(text),
        }
    }
}

/// What is left of a file.
pub(crate) struct Tokens {
    file: String,
    left: VecDeque<(usize, Token)>,
    line: usize,
}

impl Tokens {
    pub(crate) fn at_end(&self) -> bool {
        self.left.is_empty()
    }

    /// Where the next token stands.
    pub(crate) fn here(&self) -> At {
        At { file: self.file.clone(), line: self.left.front().map_or(self.line, |(line, _)| *line) }
    }

    pub(crate) fn fail<T>(&self, message: String) -> Result<T, IdlError> {
        Err(IdlError { at: At { file: self.file.clone(), line: self.line }, message })
    }

    pub(crate) fn next(&mut self) -> Result<Token, IdlError> {
        match self.left.pop_front() {
            Some((line, token)) => {
                self.line = line;
                Ok(token)
            }
            None => self.fail("the file ends too early".to_owned()),
        }
    }

    pub(crate) fn peek_is(&self, text: &str) -> bool {
        self.is_at(0, text)
    }

    pub(crate) fn second_is(&self, text: &str) -> bool {
        self.is_at(1, text)
    }

    fn is_at(&self, index: usize, text: &str) -> bool {
        match self.left.get(index) {
            Some((_, Token::Word(word))) => word == text,
            Some((_, Token::Punctuation(p))) => *p == text,
            _ => false,
        }
    }

    /// Takes the next token if it is this one.
    pub(crate) fn take(&mut self, text: &str) -> bool {
        let is = self.peek_is(text);
        if is && let Some((line, _)) = self.left.pop_front() {
            self.line = line;
        }
        is
    }

    pub(crate) fn expect(&mut self, text: &str) -> Result<(), IdlError> {
        if self.take(text) {
            return Ok(());
        }
        let found = self.next()?;
        self.fail(format!("expected '{text}', found '{found}'"))
    }

    /// An identifier; a leading underscore only keeps it from being a keyword.
    pub(crate) fn identifier(&mut self) -> Result<String, IdlError> {
        match self.next()? {
            Token::Word(word) => Ok(word.strip_prefix('_').map_or(word.clone(), str::to_owned)),
            other => self.fail(format!("expected a name, found '{other}'")),
        }
    }
}

const PUNCTUATION: [&str; 16] =
    ["...", "[", "]", "(", ")", "{", "}", "<", ">", ",", ";", ":", "=", "?", "*", "."];

pub(crate) fn tokenize(file: &str, text: &str) -> Result<Tokens, IdlError> {
    let mut left = VecDeque::new();
    let mut line = 1;
    let mut rest = text;
    let error = |line, message: String| Err(IdlError { at: At { file: file.to_owned(), line }, message });
    while let Some(c) = rest.chars().next() {
        if c == '\n' {
            line += 1;
            rest = &rest[1..];
        } else if c.is_whitespace() {
            rest = &rest[c.len_utf8()..];
        } else if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if rest.starts_with("/*") {
            let Some(end) = rest.find("*/") else { return error(line, "a comment does not end".to_owned()) };
            line += rest[..end].matches('\n').count();
            rest = &rest[end + 2..];
        } else if c == '"' {
            let Some(end) = rest[1..].find('"') else {
                return error(line, "a string does not end".to_owned());
            };
            left.push_back((line, Token::String(rest[1..=end].to_owned())));
            rest = &rest[end + 2..];
        } else if let Some(token) = PUNCTUATION.iter().find(|p| rest.starts_with(**p)) {
            left.push_back((line, Token::Punctuation(token)));
            rest = &rest[token.len()..];
        } else if c.is_ascii_alphanumeric() || c == '_' || c == '-' {
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
                .unwrap_or(rest.len());
            // `DOMString...` ends before its dots.
            let end = rest[..end].find("...").unwrap_or(end);
            let word = rest[..end].to_owned();
            let number = word.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
            left.push_back((line, if number { Token::Number(word) } else { Token::Word(word) }));
            rest = &rest[end..];
        } else {
            return error(line, format!("'{c}' has no meaning here"));
        }
    }
    Ok(Tokens { file: file.to_owned(), left, line: 1 })
}
