//! The lines of `--batch`: what each asks for, read by a thread of its own, a few ahead and no more.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sofetch::core::infrastructure::methods::Method;
use tokio::sync::mpsc;

use crate::options::UsageError;

/// A longer line is none.
const LONGEST: u64 = 1 << 20;

/// What a line asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Line {
    pub(crate) url: String,
    /// `None` is the command's own.
    pub(crate) method: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<LineBody>,
}

/// The body of a line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LineBody {
    Text(String),
    Json(serde_json::Value),
}

/// Why a line asks for nothing.
#[derive(Debug)]
pub(crate) enum LineError {
    TooLong,
    NotUtf8,
    Words,
    Method(String),
    TwoBodies,
    /// Its value is neither a text nor a number.
    Header(String),
    Json(serde_json::Error),
    Url(UsageError),
    /// The file could not be read any further.
    File(io::Error),
}

/// A line and its number, from 1.
pub(crate) type Numbered = (u64, Result<Line, LineError>);

/// The file's lines, as they are asked for. Empty lines and comments (`#`) are passed over.
pub(crate) fn read(path: &Path) -> Result<mpsc::Receiver<Numbered>, UsageError> {
    let failed = |path: PathBuf| move |error| UsageError::File { path, error };
    // NB: reading may wait, for a person or a pipe, while fetches go on.
    let input: Box<dyn Read + Send> = match path.to_str() {
        Some("-") => Box::new(io::stdin()),
        _ => Box::new(File::open(path).map_err(failed(path.to_owned()))?),
    };
    let (lines, receiver) = mpsc::channel(1);
    let reading = std::thread::Builder::new().name("batch".to_owned());
    // It ends with the file, or when nobody listens any more.
    reading.spawn(move || send_lines(BufReader::new(input), &lines)).map_err(failed(path.to_owned()))?;
    Ok(receiver)
}

fn send_lines(mut input: impl BufRead, lines: &mpsc::Sender<Numbered>) {
    let mut number = 0;
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        number += 1;
        let line = match input.by_ref().take(LONGEST + 1).read_until(b'\n', &mut bytes) {
            Ok(0) => return,
            Ok(_) if bytes.len() as u64 > LONGEST => Err(LineError::TooLong),
            Ok(_) => match parse(&bytes) {
                Some(line) => line,
                None => continue,
            },
            Err(error) => Err(LineError::File(error)),
        };
        let over = matches!(line, Err(LineError::File(_)));
        let too_long = matches!(line, Err(LineError::TooLong));
        if lines.blocking_send((number, line)).is_err() || over || too_long && skip_line(&mut input).is_err()
        {
            return;
        }
    }
}

/// The rest of a line that is too long.
fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let length = end.map_or(buffer.len(), |end| end + 1);
        input.consume(length);
        if end.is_some() || length == 0 {
            return Ok(());
        }
    }
}

/// One line; `None` where it asks for nothing.
fn parse(bytes: &[u8]) -> Option<Result<Line, LineError>> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Some(Err(LineError::NotUtf8)) };
    // A byte order mark begins files of some systems.
    let text = text.trim_start_matches('\u{feff}').trim();
    match text.chars().next() {
        None | Some('#') => None,
        Some('{') => Some(of_json(text)),
        Some(_) => Some(of_words(text)),
    }
}

fn of_words(text: &str) -> Result<Line, LineError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (method, url) = match words[..] {
        [url] => (None, url),
        [method, url] => (Some(method.to_owned()), url),
        _ => return Err(LineError::Words),
    };
    checked(Line { url: url.to_owned(), method, ..Line::default() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineJson {
    url: String,
    method: Option<String>,
    #[serde(default)]
    headers: serde_json::Map<String, serde_json::Value>,
    body: Option<String>,
    json: Option<serde_json::Value>,
}

fn of_json(text: &str) -> Result<Line, LineError> {
    let line: LineJson = serde_json::from_str(text).map_err(LineError::Json)?;
    let body = match (line.body, line.json) {
        (Some(_), Some(_)) => return Err(LineError::TwoBodies),
        (Some(text), None) => Some(LineBody::Text(text)),
        (None, Some(value)) => Some(LineBody::Json(value)),
        (None, None) => None,
    };
    let mut headers = Vec::new();
    for (name, value) in line.headers {
        match value {
            serde_json::Value::String(value) => headers.push((name, value)),
            serde_json::Value::Number(value) => headers.push((name, value.to_string())),
            _ => return Err(LineError::Header(name)),
        }
    }
    checked(Line { url: line.url, method: line.method, headers, body })
}

fn checked(line: Line) -> Result<Line, LineError> {
    match &line.method {
        Some(method) if Method::new(method.as_bytes()).is_err() => Err(LineError::Method(method.clone())),
        _ => Ok(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(url: &str, method: Option<&str>) -> Line {
        Line { url: url.to_owned(), method: method.map(str::to_owned), ..Line::default() }
    }

    #[test]
    fn line_table() {
        let table = [
            ("a URL", "https://a.test/x\n", Some(line("https://a.test/x", None))),
            ("a method", "  PATCH \t a.test \r\n", Some(line("a.test", Some("PATCH")))),
            ("JSON", r#"{"url":"a.test","method":"put"}"#, Some(line("a.test", Some("put")))),
            (
                "JSON with all",
                r#"{"url":"a.test","headers":{"A":"b","N":1},"json":{"c":[1]}}"#,
                Some(Line {
                    headers: vec![("A".to_owned(), "b".to_owned()), ("N".to_owned(), "1".to_owned())],
                    body: Some(LineBody::Json(serde_json::json!({ "c": [1] }))),
                    ..line("a.test", None)
                }),
            ),
            (
                "JSON with a text",
                r#"{"url":"a b","body":"x"}"#,
                Some(Line { body: Some(LineBody::Text("x".to_owned())), ..line("a b", None) }),
            ),
            ("a byte order mark", "\u{feff}a.test", Some(line("a.test", None))),
            ("a comment", "# a.test", None),
            ("nothing", " \t\r\n", None),
        ];
        for (name, text, expected) in table {
            let found =
                parse(text.as_bytes()).map(|line| line.unwrap_or_else(|error| panic!("{name}: {error:?}")));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn lines_that_are_none() {
        for text in [
            &b"\xff"[..],
            b"a b c",
            b"G\"T a.test",
            b"{",
            b"{\"url\":1}",
            b"{\"method\":\"GET\"}",
            b"{\"url\":\"a\",\"uri\":\"b\"}",
            b"{\"url\":\"a\",\"body\":\"b\",\"json\":1}",
            b"{\"url\":\"a\",\"method\":\"a b\"}",
            b"{\"url\":\"a\",\"headers\":{\"b\":[]}}",
        ] {
            assert!(matches!(parse(text), Some(Err(_))), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let text = format!("a.test\n\n{}\nb.test", "x".repeat(3 << 20));
        let (sender, mut receiver) = mpsc::channel(9);
        std::thread::spawn(move || send_lines(BufReader::new(text.as_bytes()), &sender))
            .join()
            .expect("it ends");
        let mut seen = Vec::new();
        while let Some((number, line)) = receiver.blocking_recv() {
            seen.push((number, line.ok().map(|line| line.url)));
        }
        assert_eq!(seen, [(1, Some("a.test".to_owned())), (3, None), (4, Some("b.test".to_owned()))]);
    }
}
