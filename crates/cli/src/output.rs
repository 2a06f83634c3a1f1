//! Where words and bodies go: to a person at a terminal (coloured, escaped; `terminal_body`) or down a pipe (as they are).

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use sofetch::Bytes;
use sofetch_inspect::Secrets;
use sofetch_inspect::safe_text::{escaped, redacted};

use crate::args::ColorWhen;
use crate::json_text;

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

    /// Colours where they are asked for; else on a terminal, unless `NO_COLOR` is set or the terminal has none.
    fn of(is_terminal: bool, when: ColorWhen) -> Paint {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Paint(match when {
            ColorWhen::Auto => is_terminal && !set("NO_COLOR") && !dumb,
            ColorWhen::Always => true,
            ColorWhen::Never => false,
        })
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
#[derive(Clone, Copy)]
pub(crate) struct Streams {
    /// Is standard error one?
    pub(crate) err_is_terminal: bool,
    /// Is standard output for a person: escaped, laid out, nothing binary?
    pub(crate) for_person: bool,
    /// Standard output's colours.
    pub(crate) paint_out: Paint,
    /// Standard error's.
    pub(crate) paint_err: Paint,
    /// What standard error is to be spared.
    pub(crate) quiet: Quiet,
}

impl Streams {
    /// Those of this process.
    pub(crate) fn of_process(quiet: Quiet, color: ColorWhen) -> Streams {
        let (out_is_terminal, err_is_terminal) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Streams {
            err_is_terminal,
            for_person: out_is_terminal || color == ColorWhen::Always,
            paint_out: Paint::of(out_is_terminal, color),
            paint_err: Paint::of(err_is_terminal, color),
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
        let coloured = if self.for_person { json_text::indented(json, self.paint_out) } else { None };
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

/// Is this a media type whose bodies are JSON?
pub(crate) fn is_json(essence: &str) -> bool {
    matches!(essence, "application/json" | "text/json") || essence.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

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
