//! [An event stream](https://html.spec.whatwg.org/#event-stream-interpretation): bytes as they come, events as they are whole.
//!
//! The bytes are UTF-8, but a line's end is ASCII: each line is decoded by itself, which comes to the same as the decoding of the whole.

use std::mem;
use std::sync::Arc;

/// How much of a line and of the event that it belongs to is kept, in bytes.
// NB: the Standard knows no such limit. Whoever sends a line or an event without end would fill all memory otherwise.
const MOST: usize = 16 << 20;

/// An event that was dispatched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Empty for `message`.
    pub(crate) event_type: String,
    pub(crate) data: String,
    /// The last event ID string, as it was then. Shared: a long one may be that of very many events.
    pub(crate) last_event_id: Arc<str>,
}

/// A line or an event is larger than is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMuch;

/// One stream, from its first byte on.
pub(crate) struct EventStream {
    /// What came of the line that has no end yet; of a comment nothing but its colon.
    line: Vec<u8>,
    /// Was the last byte a carriage return? A line feed behind it ends no other line.
    after_return: bool,
    /// Are we behind the byte order mark, or where it would have been?
    begun: bool,
    data: String,
    event_type: String,
    /// The last event ID buffer, which outlives its event.
    id: Arc<str>,
    /// The [last event ID string](https://html.spec.whatwg.org/#concept-event-stream-last-event-id).
    last_event_id: Arc<str>,
    /// The [reconnection time](https://html.spec.whatwg.org/#concept-event-stream-reconnection-time) that the stream asked for, in milliseconds.
    reconnection_time: Option<u64>,
    most: usize,
}

impl EventStream {
    /// A new one of a source whose last event ID string is this.
    // DEPARTS: the buffer begins with it, not empty, as in browsers: an event without an ID has that of the last one that had
    // any, also behind a reconnection, as the text's own note says. https://html.spec.whatwg.org/#event-stream-interpretation
    pub(crate) fn new(last_event_id: Arc<str>) -> EventStream {
        EventStream {
            line: Vec::new(),
            after_return: false,
            begun: false,
            data: String::new(),
            event_type: String::new(),
            id: last_event_id.clone(),
            last_event_id,
            reconnection_time: None,
            most: MOST,
        }
    }

    /// The last event ID string.
    pub(crate) fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// What the stream asked for, in milliseconds.
    pub(crate) fn reconnection_time(&self) -> Option<u64> {
        self.reconnection_time
    }

    /// How many bytes wait for the end of their line or event.
    pub(crate) fn held(&self) -> usize {
        self.line.len() + self.data.len() + self.event_type.len() + self.id.len() + self.last_event_id.len()
    }

    /// Takes some more of the stream: the events that it completes, in their order.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<Message>, TooMuch> {
        let mut messages = Vec::new();
        while let Some(&first) = bytes.first() {
            if mem::take(&mut self.after_return) && first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let (of_line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            self.extend_line(of_line);
            if self.held() > self.most {
                return Err(TooMuch);
            }
            if let Some((end, rest)) = rest.split_first() {
                self.after_return = *end == b'\r';
                messages.extend(self.end_line());
                bytes = rest;
            } else {
                break;
            }
        }
        Ok(messages)
    }

    fn extend_line(&mut self, bytes: &[u8]) {
        // Who cannot be sure yet whether the stream begins with a mark waits for the rest of it.
        self.line.extend_from_slice(bytes);
        if !self.begun && !BYTE_ORDER_MARK.starts_with(&self.line) {
            self.begun = true;
            if self.line.starts_with(BYTE_ORDER_MARK) {
                self.line.drain(..BYTE_ORDER_MARK.len());
            }
        }
        if self.begun && self.line.first() == Some(&b':') {
            self.line.truncate(1);
        }
    }

    /// Processes the line, which is whole.
    fn end_line(&mut self) -> Option<Message> {
        let mut line = mem::take(&mut self.line);
        if !mem::replace(&mut self.begun, true) && line == BYTE_ORDER_MARK {
            line.clear();
        }
        if line.is_empty() {
            return self.dispatch();
        }
        let line = String::from_utf8_lossy(&line);
        match line.split_once(':') {
            Some(("", _)) => {}
            Some((field, value)) => self.process(field, value.strip_prefix(' ').unwrap_or(value)),
            None => self.process(&line, ""),
        }
        None
    }

    /// <https://html.spec.whatwg.org/#processField>
    fn process(&mut self, field: &str, value: &str) {
        match field {
            "event" => value.clone_into(&mut self.event_type),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "id" if !value.contains('\0') => self.id = value.into(),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                // What is too large for a number is for ever.
                self.reconnection_time = Some(value.parse().unwrap_or(u64::MAX));
            }
            _ => {}
        }
    }

    /// <https://html.spec.whatwg.org/#dispatchMessage>, up to the event itself.
    fn dispatch(&mut self) -> Option<Message> {
        // 1.
        self.last_event_id = self.id.clone();
        // 2, 7.
        let mut data = mem::take(&mut self.data);
        let event_type = mem::take(&mut self.event_type);
        if data.is_empty() {
            return None;
        }
        // 3.
        data.pop();
        Some(Message { event_type, data, last_event_id: self.last_event_id.clone() })
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

#[cfg(test)]
mod tests {
    use super::*;

    /// Each as `type|data|id`, whatever the pieces in which the stream comes.
    fn check(row: &str, stream: &[u8], expected: &[&str]) -> EventStream {
        let mut whole = None;
        for size in [1, 2, 3, 7, stream.len().max(1)] {
            let mut parser = EventStream::new("".into());
            let mut seen = Vec::new();
            for piece in stream.chunks(size) {
                seen.extend(parser.push(piece).expect("not too much"));
            }
            let seen: Vec<String> = seen
                .iter()
                .map(|one| format!("{}|{}|{}", one.event_type, one.data, one.last_event_id))
                .collect();
            assert_eq!(seen, expected, "{row}, in pieces of {size}");
            whole = Some(parser);
        }
        whole.expect("there are sizes")
    }

    #[test]
    fn streams_table() {
        for (row, stream, expected) in [
            ("one event", &b"data: a\n\n"[..], &["|a|"][..]),
            ("the Standard's stock", b"data: YHOO\ndata: +2\ndata: 10\n\n", &["|YHOO\n+2\n10|"]),
            ("an event that has no end is none", b"data: a\n\ndata: b\n", &["|a|"]),
            ("line feeds, returns, both", b"data: a\r\rdata: b\r\n\r\ndata: c\n\r\n", &["|a|", "|b|", "|c|"]),
            ("a return, then a line feed of its own event", b"data: a\r\n\ndata: b\r\n\r", &["|a|", "|b|"]),
            ("two returns are two ends", b"data: a\r\rdata\r\r\r", &["|a|", "||"]),
            ("a mark at the beginning", b"\xEF\xBB\xBFdata: a\n\n", &["|a|"]),
            ("one mark, not two", b"\xEF\xBB\xBF\xEF\xBB\xBFdata: a\n\ndata: b\n\n", &["|b|"]),
            ("a mark alone is an empty line", b"\xEF\xBB\xBF\ndata: a\n\n", &["|a|"]),
            ("half a mark is a name", b"\xEF\xBB\ndata: a\n\n", &["|a|"]),
            ("a mark within a stream is a character", b"data: \xEF\xBB\xBFa\n\n", &["|\u{FEFF}a|"]),
            ("a comment", b": c\n:\n::\ndata: a\n:data: b\n\n", &["|a|"]),
            ("a colon within a value", b"data: a:b: c\n\n", &["|a:b: c|"]),
            ("one space, not two", b"data:  a\ndata:b\ndata:\tc\n\n", &["| a\nb\n\tc|"]),
            ("names are literal", b"Data: a\n data: b\ndata : c\ndata: d\n\n", &["|d|"]),
            ("names without a colon", b"data\n\ndata\ndata\n\ndata:\n", &["||", "|\n|"]),
            ("a type", b"event: x\ndata: a\n\ndata: b\n\n", &["x|a|", "|b|"]),
            ("the last type counts, an empty one too", b"event: x\nevent\ndata: a\n\n", &["|a|"]),
            ("a type without data is forgotten", b"event: x\n\ndata: a\n\n", &["|a|"]),
            ("an ID stays", b"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", &["|a|1", "|b|1", "|c|"]),
            ("an ID with NUL is none", b"id: 1\nid: 2\0\ndata: a\n\n", &["|a|1"]),
            ("an ID without data counts", b"id: 1\n\ndata: a\n\n", &["|a|1"]),
            ("NUL in data", b"data: \0\n\n", &["|\0|"]),
            ("what is no UTF-8", b"data: \xE2\x82\ndata: \xFF\n\n", &["|\u{FFFD}\n\u{FFFD}|"]),
            ("beyond ASCII", "data: \u{2026}\u{1F600}\n\n".as_bytes(), &["|\u{2026}\u{1F600}|"]),
            ("nothing", b"", &[]),
            ("nothing but ends", b"\n\r\n\r\r\n\n", &[]),
        ] {
            check(row, stream, expected);
        }
    }

    #[test]
    fn reconnection_times_table() {
        for (row, said, expected) in [
            ("a number", "retry: 3000\n", Some(3000)),
            ("octal it is not", "retry:03000\n", Some(3000)),
            ("at once", "retry: 0\n", Some(0)),
            ("nothing", "retry\nretry:\n", None),
            ("a sign", "retry: -1\nretry: +1\n", None),
            ("other digits", "retry: 1e3\nretry: \u{0661}\nretry:  1\n", None),
            ("bogus after good", "retry: 5\nretry: 5x\n", Some(5)),
            ("more than a number holds", "retry: 99999999999999999999999\n", Some(u64::MAX)),
            ("without an end of the line", "retry: 5", None),
        ] {
            let parser = check(row, said.as_bytes(), &[]);
            assert_eq!(parser.reconnection_time(), expected, "{row}");
        }
    }

    #[test]
    fn the_last_event_id_is_that_of_the_last_event() {
        let mut parser = EventStream::new("before".into());
        parser.push(b"id: 1\n").expect("not too much");
        assert_eq!(parser.last_event_id(), "before");
        parser.push(b"\nid: 2\n").expect("not too much");
        assert_eq!(parser.last_event_id(), "1");
    }

    #[test]
    fn row_91_what_has_no_end_is_too_much() {
        for (row, piece, fits) in [
            ("a line", "xxxxxxxx", false),
            ("fields without a blank line", "data: x\n", false),
            ("a comment", ":xxxxxxx", true),
            ("comments", ": xxxxx\n", true),
            ("fields that replace each other", "event: x\nid: y\n", true),
            ("unknown fields", "x: yyyy\n", true),
            ("events", "data: x\n\n", true),
        ] {
            let mut parser = EventStream { most: 1000, ..EventStream::new("".into()) };
            let mut most = 0;
            let pushed = (0..1000).try_for_each(|_| {
                let pushed = parser.push(piece.as_bytes()).map(|_| ());
                most = most.max(parser.held());
                pushed
            });
            assert_eq!(pushed.is_ok(), fits, "{row}");
            assert!(most <= 1000 + piece.len(), "{row}: {most}");
        }
    }
}
