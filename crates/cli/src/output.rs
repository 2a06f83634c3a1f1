//! Where words and bodies go: to a person at a terminal (coloured, escaped, nothing binary) or down a pipe (as they are).

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use sofetch::Bytes;
use sofetch_inspect::Secrets;
use sofetch_inspect::safe_text::{escaped, redacted};

use crate::json_text;

/// A body of JSON is laid out whole, if it is no larger than this; a larger one is shown as it comes.
const JSON_LIMIT: usize = 1 << 20;

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Key,
    Text,
    Number,
    Word,
    Bad,
    Faint,
    Strong,
}

/// Colours, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paint(bool);

impl Paint {
    /// No colours.
    #[cfg(test)]
    pub(crate) fn off() -> Paint {
        Paint(false)
    }

    /// Colours.
    #[cfg(test)]
    pub(crate) fn on() -> Paint {
        Paint(true)
    }

    /// Are there colours?
    pub(crate) fn is_on(self) -> bool {
        self.0
    }

    /// Colours on a terminal, unless `NO_COLOR` is set or the terminal has none.
    fn of(is_terminal: bool) -> Paint {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Paint(is_terminal && !set("NO_COLOR") && !dumb)
    }

    /// The text in the colour of its tone.
    pub(crate) fn tone<'a>(self, tone: Tone, text: &'a str) -> Cow<'a, str> {
        let code = match tone {
            _ if !self.0 => return Cow::Borrowed(text),
            Tone::Key => "34",
            Tone::Text => "32",
            Tone::Number => "36",
            Tone::Word => "33",
            Tone::Bad => "31",
            Tone::Faint => "2",
            Tone::Strong => "1",
        };
        Cow::Owned(format!("\x1b[{code}m{text}\x1b[0m"))
    }
}

/// What standard error is spared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quiet {
    /// Nothing.
    Nothing,
    /// Notes and progress.
    Notes,
    /// Errors too.
    All,
}

/// The two streams, and what they are.
pub(crate) struct Streams {
    /// Is standard output a terminal?
    pub(crate) out_is_terminal: bool,
    /// Is standard error one?
    pub(crate) err_is_terminal: bool,
    /// Standard output's colours.
    pub(crate) paint_out: Paint,
    /// Standard error's.
    pub(crate) paint_err: Paint,
    /// What standard error is to be spared.
    pub(crate) quiet: Quiet,
}

impl Streams {
    /// Those of this process.
    pub(crate) fn of_process(quiet: Quiet) -> Streams {
        let (out_is_terminal, err_is_terminal) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Streams {
            out_is_terminal,
            err_is_terminal,
            paint_out: Paint::of(out_is_terminal),
            paint_err: Paint::of(err_is_terminal),
            quiet,
        }
    }

    /// One line on standard error: `sofetch: ...`. The words are safe to print already.
    pub(crate) fn error(&self, words: &str) {
        if self.quiet != Quiet::All {
            self.tell(Tone::Bad, words);
        }
    }

    /// A remark beside the answer.
    pub(crate) fn note(&self, words: &str) {
        if self.quiet == Quiet::Nothing {
            self.tell(Tone::Faint, &format!("note: {words}"));
        }
    }

    fn tell(&self, tone: Tone, words: &str) {
        // Nobody is left to tell that standard error is gone.
        let _ = writeln!(io::stderr(), "{} {words}", self.paint_err.tone(tone, "sofetch:"));
    }

    /// Text of ours on standard error, as it is.
    pub(crate) fn err_text(&self, text: &str) {
        let _ = io::stderr().write_all(text.as_bytes());
    }

    /// Text of ours on standard output.
    pub(crate) fn out_text(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// A JSON report, in colour on a terminal.
    pub(crate) fn out_json(&self, json: &str) -> io::Result<()> {
        let coloured = if self.out_is_terminal { json_text::indented(json, self.paint_out) } else { None };
        match coloured {
            Some(text) => self.out_text(&text),
            None => self.out_text(&format!("{}\n", json.trim_end())),
        }
    }
}

/// The head of a response as `--include` prints it: safe text on a terminal, bytes in a pipe; secrets redacted in both.
pub(crate) fn head_bytes<'a>(
    status_line: &[u8],
    headers: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    secrets: Secrets,
    terminal: Option<Paint>,
) -> Vec<u8> {
    let mut head = Vec::new();
    let line_end: &[u8] = if terminal.is_some() { b"\n" } else { b"\r\n" };
    match terminal {
        Some(paint) => head.extend(paint.tone(Tone::Strong, &escaped(status_line)).as_bytes()),
        None => head.extend(status_line),
    }
    head.extend(line_end);
    for (name, value) in headers {
        let safe = redacted(name, value, secrets);
        match terminal {
            Some(paint) => {
                head.extend(format!("{}: {safe}", paint.tone(Tone::Key, &escaped(name))).as_bytes())
            }
            None => {
                head.extend(name);
                head.extend(b": ");
                // NB: what has no secret in it goes out byte for byte, escapes and all.
                let untouched = safe == redacted(name, value, Secrets::Shown);
                head.extend(if untouched { value } else { safe.as_bytes() });
            }
        }
        head.extend(line_end);
    }
    head.extend(line_end);
    head
}

/// Who takes a body, chunk by chunk.
pub(crate) trait Sink {
    /// One chunk. `false`: no more is wanted.
    fn chunk(&mut self, chunk: &Bytes) -> io::Result<bool>;
    /// That was all.
    fn end(&mut self) -> io::Result<()>;
}

/// As it is, and at once: whoever reads the pipe may wait for it.
pub(crate) struct PlainBody<W: Write>(pub(crate) W);

impl<W: Write> Sink for PlainBody<W> {
    fn chunk(&mut self, chunk: &Bytes) -> io::Result<bool> {
        self.0.write_all(chunk)?;
        self.0.flush()?;
        Ok(true)
    }

    fn end(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// For a person: text is escaped, JSON is laid out, binary is not shown.
pub(crate) struct TerminalBody<W: Write> {
    to: W,
    paint: Paint,
    /// JSON so far; `None` once it is shown as it comes.
    json: Option<Vec<u8>>,
    /// The first bytes of a character whose last have not come.
    held: Vec<u8>,
    ends_with_line: bool,
    /// Was there anything that a terminal is not shown?
    pub(crate) binary: bool,
}

impl<W: Write> TerminalBody<W> {
    /// Of a body that says, or does not say, that it is JSON.
    pub(crate) fn new(to: W, paint: Paint, is_json: bool) -> TerminalBody<W> {
        let json = is_json.then(Vec::new);
        TerminalBody { to, paint, json, held: Vec::new(), ends_with_line: true, binary: false }
    }

    /// Text with its line breaks and tabs; all else that a terminal would obey is shown by number.
    fn text(&mut self, bytes: &[u8]) -> io::Result<()> {
        let bytes = [&*std::mem::take(&mut self.held), bytes].concat();
        let whole = bytes.len() - unfinished(&bytes);
        let (text, held) = bytes.split_at(whole);
        self.held = held.to_vec();
        self.write(text)
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        for piece in text.split_inclusive(|byte| matches!(byte, b'\n' | b'\t')) {
            let (plain, last) = match piece.split_last() {
                Some((last @ (b'\n' | b'\t'), plain)) => (plain, Some(*last)),
                _ => (piece, None),
            };
            // A line break may have two bytes.
            let plain = if last == Some(b'\n') { plain.strip_suffix(b"\r").unwrap_or(plain) } else { plain };
            self.to.write_all(escaped(plain).as_bytes())?;
            self.to.write_all(last.as_slice())?;
            self.ends_with_line = last == Some(b'\n');
        }
        self.to.flush()
    }
}

impl<W: Write> Sink for TerminalBody<W> {
    fn chunk(&mut self, chunk: &Bytes) -> io::Result<bool> {
        // No text has a NUL.
        if chunk.contains(&0) {
            self.binary = true;
            return Ok(false);
        }
        match &mut self.json {
            Some(json) if json.len() + chunk.len() <= JSON_LIMIT => json.extend_from_slice(chunk),
            Some(json) => {
                let json = std::mem::take(json);
                self.json = None;
                self.text(&json)?;
                self.text(chunk)?;
            }
            None => self.text(chunk)?,
        }
        Ok(true)
    }

    fn end(&mut self) -> io::Result<()> {
        if let Some(json) = self.json.take() {
            let text = std::str::from_utf8(&json).ok();
            if let Some(laid_out) = text.and_then(|text| json_text::indented(text, self.paint)) {
                self.to.write_all(laid_out.as_bytes())?;
                return self.to.flush();
            }
            self.text(&json)?;
        }
        let held = std::mem::take(&mut self.held);
        self.write(&held)?;
        // The prompt begins a line of its own.
        if !self.ends_with_line {
            self.to.write_all(b"\n")?;
        }
        self.to.flush()
    }
}

/// How many bytes at the end are the beginning of a character that may yet be finished.
fn unfinished(bytes: &[u8]) -> usize {
    match std::str::from_utf8(&bytes[bytes.len().saturating_sub(3)..]) {
        Ok(_) => 0,
        Err(_) => (1..=bytes.len().min(3))
            .find(|&length| {
                let wanted = match bytes[bytes.len() - length] {
                    0xC2..=0xDF => 2,
                    0xE0..=0xEF => 3,
                    0xF0..=0xF4 => 4,
                    _ => 0,
                };
                length < wanted && bytes[bytes.len() - length + 1..].iter().all(|byte| byte & 0xC0 == 0x80)
            })
            .unwrap_or(0),
    }
}

/// Is this a media type whose bodies are JSON?
pub(crate) fn is_json(essence: &str) -> bool {
    matches!(essence, "application/json" | "text/json") || essence.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(is_json: bool, chunks: &[&[u8]]) -> (String, bool) {
        let mut to = Vec::new();
        let mut body = TerminalBody::new(&mut to, Paint::off(), is_json);
        for chunk in chunks {
            if !body.chunk(&Bytes::copy_from_slice(chunk)).expect("a Vec takes all") {
                break;
            }
        }
        body.end().expect("a Vec takes all");
        let binary = body.binary;
        (String::from_utf8(to).expect("text"), binary)
    }

    #[test]
    fn text_on_a_terminal() {
        let table: [(&str, &[&[u8]], &str); 8] = [
            ("lines and tabs stay", &[b"a\tb\nc\n"], "a\tb\nc\n"),
            ("the last line is ended", &[b"a"], "a\n"),
            ("two bytes break a line", &[b"a\r\nb\n"], "a\nb\n"),
            ("a lone carriage return overwrites nothing", &[b"a\rb\n"], "a\\x0Db\n"),
            ("an escape sequence is shown", &[b"\x1b[31mred\x1b]0;t\x07\n"], "\\x1B[31mred\\x1B]0;t\\x07\n"),
            ("so is a control of one byte", &["\u{9b}31m\n".as_bytes()], "\\x9B31m\n"),
            ("a character in two chunks", &[b"\xc3", b"\xa9\n"], "\u{e9}\n"),
            ("what is no UTF-8", &[b"\xff\xc3\n\xe2\x82"], "\\xFF\\xC3\n\\xE2\\x82\n"),
        ];
        for (name, chunks, expected) in table {
            assert_eq!(shown(false, chunks), (expected.to_owned(), false), "{name}");
        }
    }

    #[test]
    fn binary_is_not_shown() {
        let (text, binary) = shown(false, &[b"\x89PNG\r\n\x1a\n\0\0\0"]);
        assert!(binary && text.is_empty(), "{text:?}");
    }

    #[test]
    fn json_on_a_terminal() {
        assert_eq!(shown(true, &[b"{\"a\"", b":1}"]).0, "{\n  \"a\": 1\n}\n");
        assert_eq!(shown(true, &[b"{\"a\x1b\":"]).0, "{\"a\\x1B\":\n", "what is none is text");
        let large = format!("[{}1]", "1,".repeat(JSON_LIMIT));
        assert_eq!(
            shown(true, &[large.as_bytes()]).0,
            format!("{large}\n"),
            "what is large is shown as it comes"
        );
    }

    #[test]
    fn heads() {
        let headers: [(&[u8], &[u8]); 4] = [
            (b"A", b"\x1b[31m"),
            (b"Set-Cookie", b"a=secret"),
            (b"B", b"\xe9"),
            (b"Location", b"https://u:p@a.test/"),
        ];
        let head =
            |secrets, terminal| head_bytes(b"HTTP/1.1 200 \x1b[2J", headers.into_iter(), secrets, terminal);
        assert_eq!(
            String::from_utf8(head(Secrets::Redacted, Some(Paint::off()))).expect("text"),
            "HTTP/1.1 200 \\x1B[2J\nA: \\x1B[31m\nSet-Cookie: [redacted]\nB: \\xE9\nLocation: https://[redacted]@a.test/\n\n"
        );
        assert_eq!(
            head(Secrets::Redacted, None),
            b"HTTP/1.1 200 \x1b[2J\r\nA: \x1b[31m\r\nSet-Cookie: [redacted]\r\nB: \xe9\r\nLocation: https://[redacted]@a.test/\r\n\r\n"
        );
        assert_eq!(
            head(Secrets::Shown, None),
            b"HTTP/1.1 200 \x1b[2J\r\nA: \x1b[31m\r\nSet-Cookie: a=secret\r\nB: \xe9\r\nLocation: https://u:p@a.test/\r\n\r\n"
        );
    }

    #[test]
    fn media_types_of_json() {
        assert!(is_json("application/json") && is_json("application/problem+json") && is_json("text/json"));
        assert!(!is_json("text/html") && !is_json("application/jsonp") && !is_json(""));
    }
}
