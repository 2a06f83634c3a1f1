//! A body for a person: text is escaped, JSON is laid out, lines of JSON and events as they come, binary is not shown.

use std::io::{self, Write};

use sofetch::Bytes;
use sofetch_inspect::safe_text::escaped;

use crate::json_text;
use crate::output::{Paint, Sink, Tone, is_json};

/// What is laid out whole (a document, or a line of a stream) is no larger than this; what is larger is shown as it comes.
const WHOLE_LIMIT: usize = 1 << 20;

/// How a body is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// As it comes.
    Text,
    /// A document of JSON, when it is whole.
    Json,
    /// A document of JSON a line, each when it is there.
    JsonLines,
    /// Lines of an [event stream](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation), as they come, JSON in them coloured.
    Events,
}

impl Layout {
    /// Of a body of this media type; `raw` and `stream` are the user's.
    pub(crate) fn of(essence: &str, raw: bool, stream: bool) -> Layout {
        match essence {
            _ if raw => Layout::Text,
            "text/event-stream" => Layout::Events,
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonlines"
            | "application/json-seq" => Layout::JsonLines,
            _ if is_json(essence) && stream => Layout::JsonLines,
            _ if is_json(essence) => Layout::Json,
            _ => Layout::Text,
        }
    }
}

/// Shows a body.
pub(crate) struct TerminalBody<W: Write> {
    to: W,
    paint: Paint,
    layout: Layout,
    /// What is not shown yet: a document so far, a line so far, or the first bytes of a character.
    held: Vec<u8>,
    ends_with_line: bool,
    /// Was there anything that a terminal is not shown?
    pub(crate) binary: bool,
}

impl<W: Write> TerminalBody<W> {
    pub(crate) fn new(to: W, paint: Paint, layout: Layout) -> TerminalBody<W> {
        TerminalBody { to, paint, layout, held: Vec::new(), ends_with_line: true, binary: false }
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

    /// Lines, each as soon as it is whole.
    fn lines(&mut self, chunk: &[u8]) -> io::Result<()> {
        for piece in chunk.split_inclusive(|&byte| byte == b'\n') {
            self.held.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.held);
                self.line(&line)?;
            }
        }
        if self.held.len() > WHOLE_LIMIT {
            // Whoever sends lines of this length has given up on lines.
            self.layout = Layout::Text;
            return self.text(b"");
        }
        self.to.flush()
    }

    /// One line with its end, if it has one.
    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        let laid_out = std::str::from_utf8(line).ok().and_then(|text| match self.layout {
            Layout::JsonLines => {
                // application/json-seq begins each text with a record separator.
                json_text::indented(text.trim_start_matches('\u{1e}'), self.paint)
            }
            Layout::Events => self.event_line(text),
            Layout::Text | Layout::Json => None,
        });
        match laid_out {
            Some(text) => {
                self.ends_with_line = true;
                self.to.write_all(text.as_bytes())
            }
            None => self.write(line),
        }
    }

    /// `data: {"a":1}`, the field's name and the JSON coloured.
    fn event_line(&self, line: &str) -> Option<String> {
        let (field, value) = line.trim_end_matches(['\n', '\r']).split_once(':')?;
        if !matches!(field, "data" | "event" | "id" | "retry") {
            return None;
        }
        let value = value.strip_prefix(' ').unwrap_or(value);
        let value = json_text::coloured(value, self.paint).unwrap_or_else(|| escaped(value).into_owned());
        Some(format!("{}: {value}\n", self.paint.tone(Tone::Key, field)))
    }
}

impl<W: Write> Sink for TerminalBody<W> {
    fn chunk(&mut self, chunk: &Bytes) -> io::Result<bool> {
        // No text has a NUL.
        if chunk.contains(&0) {
            self.binary = true;
            return Ok(false);
        }
        match self.layout {
            Layout::JsonLines | Layout::Events => self.lines(chunk)?,
            Layout::Json if self.held.len() + chunk.len() <= WHOLE_LIMIT => {
                self.held.extend_from_slice(chunk)
            }
            Layout::Json => {
                self.layout = Layout::Text;
                self.text(chunk)?;
            }
            Layout::Text => self.text(chunk)?,
        }
        Ok(true)
    }

    fn end(&mut self) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        match self.layout {
            Layout::Json => {
                let text = std::str::from_utf8(&held).ok();
                match text.and_then(|text| json_text::indented(text, self.paint)) {
                    Some(laid_out) => self.to.write_all(laid_out.as_bytes())?,
                    None => self.write(&held)?,
                }
            }
            Layout::JsonLines | Layout::Events if !held.is_empty() => self.line(&held)?,
            Layout::JsonLines | Layout::Events | Layout::Text => self.write(&held)?,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(layout: Layout, chunks: &[&[u8]]) -> (String, bool) {
        let mut to = Vec::new();
        let mut body = TerminalBody::new(&mut to, Paint::off(), layout);
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
            assert_eq!(shown(Layout::Text, chunks), (expected.to_owned(), false), "{name}");
        }
    }

    #[test]
    fn binary_is_not_shown() {
        for layout in [Layout::Text, Layout::Json, Layout::JsonLines, Layout::Events] {
            let (text, binary) = shown(layout, &[b"\x89PNG\r\n\x1a\n\0\0\0"]);
            assert!(binary && text.is_empty(), "{text:?}");
        }
    }

    #[test]
    fn json_on_a_terminal() {
        assert_eq!(shown(Layout::Json, &[b"{\"a\"", b":1}"]).0, "{\n  \"a\": 1\n}\n");
        assert_eq!(shown(Layout::Json, &[b"{\"a\x1b\":"]).0, "{\"a\\x1B\":\n", "what is none is text");
        assert_eq!(shown(Layout::Json, &[]).0, "");
        let large = format!("[{}1]", "1,".repeat(WHOLE_LIMIT));
        let (half, rest) = large.as_bytes().split_at(WHOLE_LIMIT / 2);
        assert_eq!(
            shown(Layout::Json, &[half, rest]).0,
            format!("{large}\n"),
            "what is large is shown as it comes"
        );
    }

    #[test]
    fn lines_of_json() {
        let table: [(&str, &[&[u8]], &str); 5] = [
            ("each is laid out", &[b"{\"a\":1}\n[2]\n"], "{\n  \"a\": 1\n}\n[\n  2\n]\n"),
            ("a line in two chunks", &[b"{\"a\"", b":1}\n"], "{\n  \"a\": 1\n}\n"),
            ("the last without its end", &[b"[1]\n", b"[2]"], "[\n  1\n]\n[\n  2\n]\n"),
            ("what is none is text", &[b"\x1b[2J\n\n[1]\n"], "\\x1B[2J\n\n[\n  1\n]\n"),
            ("sequences", &[b"\x1e[1]\n\x1e[2]\n"], "[\n  1\n]\n[\n  2\n]\n"),
        ];
        for (name, chunks, expected) in table {
            assert_eq!(shown(Layout::JsonLines, chunks).0, expected, "{name}");
        }
    }

    #[test]
    fn events() {
        let stream = b"event: a\r\ndata:{\"b\":[1,2]}\n: comment\x1b[2J\nid: \x1b]0;t\x07\nother: x\n\n";
        let expected = "event: a\ndata: {\"b\": [1, 2]}\n: comment\\x1B[2J\nid: \\x1B]0;t\\x07\nother: x\n\n";
        assert_eq!(shown(Layout::Events, &[stream]).0, expected);
    }

    #[test]
    fn a_line_is_there_before_the_next_comes() {
        let mut to = Vec::new();
        let mut body = TerminalBody::new(&mut to, Paint::off(), Layout::JsonLines);
        assert!(body.chunk(&Bytes::from_static(b"[1]\n[2")).expect("a Vec takes all"));
        drop(body);
        assert_eq!(to, b"[\n  1\n]\n");
    }

    #[test]
    fn a_line_without_end_is_not_held() {
        let long = "x".repeat(WHOLE_LIMIT + 1);
        let text = format!("{long}y\n[1]\n");
        for layout in [Layout::JsonLines, Layout::Events] {
            let bytes = text.as_bytes();
            let (first, rest) = bytes.split_at(WHOLE_LIMIT + 1);
            assert_eq!(shown(layout, &[first, rest]).0, text);
        }
    }

    #[test]
    fn layout_table() {
        for (essence, raw, stream, expected) in [
            ("application/json", false, false, Layout::Json),
            ("application/problem+json", false, true, Layout::JsonLines),
            ("application/json", true, false, Layout::Text),
            ("application/x-ndjson", false, false, Layout::JsonLines),
            ("application/json-seq", false, false, Layout::JsonLines),
            ("text/event-stream", false, false, Layout::Events),
            ("text/event-stream", true, false, Layout::Text),
            ("text/html", false, true, Layout::Text),
        ] {
            assert_eq!(Layout::of(essence, raw, stream), expected, "{essence} {raw} {stream}");
        }
    }
}
