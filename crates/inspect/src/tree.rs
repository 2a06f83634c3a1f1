//! A recording as an indented tree: rooms, rulings as sentences, what went over the wire and when. What `-v` prints.

use std::fmt::Write as _;
use std::time::Duration;

use sofetch_core::infrastructure::timing::Timestamp;
use sofetch_core::rulings::Ruling;
use sofetch_core::trace::{Algorithm, Event, Outcome, WireEvent};

use crate::lines::{header_lines, request_line, shown_text, shown_url, status_line};
use crate::recording::{Entry, RecordedFetch, Recording, Timed};
use crate::safe_text::{Secrets, escaped, redacted};
use crate::timeline::millis;
use crate::words::{
    Weight, hint, hint_for_network_error, purpose, title, weight, words, words_for_network_error,
};

/// How a tree or a story is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// With colours, by ANSI escape sequences.
    pub colour: bool,
    /// May credentials be shown?
    pub secrets: Secrets,
    /// Rulings that had nothing to judge, too, and every room.
    pub verbose: bool,
}

/// The tree of a recording, a line an event.
pub fn tree(recording: &Recording, options: Options) -> String {
    let mut printer = Printer { text: String::new(), start: recording.start(), options, owner: false };
    for fetch in &recording.fetches {
        printer.fetch(fetch, 0);
    }
    if recording.dropped > 0 {
        printer.line(0, Paint::Dim, &format!("({} more events were not kept)", recording.dropped));
    }
    printer.text
}

/// What a line's colour says.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Paint {
    Plain,
    Room,
    Good,
    Bad,
    Warn,
    Out,
    In,
    Dim,
}

impl Paint {
    fn code(self) -> &'static str {
        match self {
            Paint::Plain => "",
            Paint::Room => "1",
            Paint::Good => "32",
            Paint::Bad => "31",
            Paint::Warn => "33",
            Paint::Out => "36",
            Paint::In => "35",
            Paint::Dim => "2",
        }
    }
}

/// The text in colour, if colours are wanted.
pub(crate) fn painted(text: &str, paint: Paint, options: Options) -> String {
    if options.colour && paint != Paint::Plain {
        format!("\x1b[{}m{text}\x1b[0m", paint.code())
    } else {
        text.to_owned()
    }
}

/// The mark before a ruling, and its colour.
pub(crate) fn mark(weight: Weight) -> (&'static str, Paint) {
    match weight {
        Weight::Idle => ("\u{b7}", Paint::Dim),
        Weight::Noted => ("\u{b7}", Paint::Plain),
        Weight::Passed => ("\u{2713}", Paint::Good),
        Weight::Failed => ("!", Paint::Warn),
        Weight::Refused => ("\u{2717}", Paint::Bad),
    }
}

/// A room that was entered: its level, and whether its name was printed yet.
struct Room {
    algorithm: Algorithm,
    level: usize,
    printed: bool,
}

struct Printer {
    text: String,
    start: Timestamp,
    options: Options,
    /// Does no page ask?
    owner: bool,
}

impl Printer {
    fn fetch(&mut self, fetch: &RecordedFetch, base: usize) {
        let mut rooms: Vec<Room> = Vec::new();
        self.owner = fetch.is_owners();
        for entry in &fetch.entries {
            match entry {
                Entry::Child(child) => {
                    let level = self.open(&mut rooms, base);
                    let name = child.purpose.map_or("child", purpose);
                    self.line(level, Paint::Room, name);
                    self.fetch(child, level + 1);
                }
                Entry::Event(Timed { event: Event::Entered(algorithm), .. }) => {
                    self.enter(&mut rooms, base, *algorithm);
                }
                Entry::Event(Timed { event: Event::Left(algorithm), .. }) => {
                    // NB: rooms that are skipped were not pushed.
                    if rooms.last().is_some_and(|room| room.algorithm == *algorithm) {
                        rooms.pop();
                    }
                }
                Entry::Event(timed) if self.shows(&timed.event) => {
                    let level = self.open(&mut rooms, base);
                    self.event(level, timed.at.since(self.start), &timed.event);
                }
                Entry::Event(_) => {}
            }
        }
    }

    fn enter(&mut self, rooms: &mut Vec<Room>, base: usize, algorithm: Algorithm) {
        let passage = matches!(algorithm, Algorithm::OverrideFetch | Algorithm::FetchResponseHandover);
        if passage && !self.options.verbose {
            return;
        }
        // A redirect comes back to main fetch; it stands beside the first, or twenty would leave the screen.
        let came_back =
            rooms.iter().find(|room| room.algorithm == algorithm && algorithm == Algorithm::MainFetch);
        let level = match (came_back, rooms.last()) {
            (Some(first), _) => first.level,
            (None, Some(room)) => room.level + 1,
            (None, None) => base,
        };
        rooms.push(Room { algorithm, level, printed: false });
        if self.options.verbose {
            self.open(rooms, base);
        }
    }

    /// Prints the names of rooms that are entered and were not printed; the level of what happens within.
    fn open(&mut self, rooms: &mut [Room], base: usize) -> usize {
        for room in rooms.iter_mut().filter(|room| !room.printed) {
            room.printed = true;
            self.line(room.level, Paint::Room, title(room.algorithm));
        }
        rooms.last().map_or(base, |room| room.level + 1)
    }

    fn shows(&self, event: &Event) -> bool {
        match event {
            Event::Ruled(ruling) => self.options.verbose || weight(ruling) != Weight::Idle,
            Event::Began { .. } => false,
            _ => true,
        }
    }

    fn event(&mut self, level: usize, at: Duration, event: &Event) {
        let secrets = self.options.secrets;
        match event {
            Event::Request(request) => {
                let line = request_line(&request.method, &request.url, secrets);
                if self.owner {
                    return self.line(level, Paint::Plain, &line);
                }
                let origin = shown_text(&request.origin, secrets);
                let (mode, credentials) = (request.mode, request.credentials_mode);
                let line = format!("{line} from {origin}, mode \"{mode}\", credentials \"{credentials}\"");
                self.line(level, Paint::Plain, &line);
            }
            Event::Deferred { method, url, activate_after } => {
                let line = request_line(method, url, secrets);
                let after = activate_after.map(|after| format!(", or {} from now", millis(after)));
                let line = format!("{line} waits until its page ends{}", after.unwrap_or_default());
                self.timed(level, Paint::Plain, &line, at);
            }
            Event::Ruled(ruling) => self.ruling(level, ruling),
            Event::Rewrote { header, value: Some(value) } => {
                let value = redacted(header.as_bytes(), value, secrets);
                self.line(level, Paint::Dim, &format!("+ {header}: {value}"));
            }
            Event::Rewrote { header, value: None } => self.line(level, Paint::Dim, &format!("- {header}")),
            Event::Wire(wire) => self.wire(level, at, wire),
            Event::BodyEnded { encoded, decoded, error } => {
                let mut line = format!("body ended after {encoded} bytes");
                if encoded != decoded {
                    let _infallible = write!(line, ", {decoded} decoded");
                }
                match error {
                    None => self.timed(level, Paint::Plain, &line, at),
                    Some(error) => {
                        self.timed(level, Paint::Bad, &line, at);
                        self.line(level, Paint::Bad, &format!("\u{2717} {}", words_for_network_error(error)));
                    }
                }
            }
            Event::Ended(outcome) => self.outcome(level, at, outcome),
            _ => {}
        }
    }

    fn ruling(&mut self, level: usize, ruling: &Ruling) {
        let (sign, paint) = mark(weight(ruling));
        self.line(level, paint, &format!("{sign} {}", words(ruling)));
        if let (true, Some(hint)) = (ruling.blocks(), hint(ruling)) {
            self.line(level + 1, Paint::Plain, &hint);
        }
    }

    fn outcome(&mut self, level: usize, at: Duration, outcome: &Outcome) {
        match outcome {
            Outcome::Response { response_type, status, internal_status, url, .. } => {
                let mut line = format!("answered: a response of type \"{response_type}\", status {status}");
                if status != internal_status {
                    let _infallible = write!(line, " (the server said {internal_status})");
                }
                if let (true, Some(url)) = (self.options.verbose, url) {
                    let _infallible = write!(line, ", {}", shown_url(url, self.options.secrets));
                }
                self.timed(level, Paint::Good, &line, at);
            }
            Outcome::NetworkError(error) => {
                self.timed(level, Paint::Bad, &format!("network error: {}", error.code()), at);
                // A ruling was told when it was made.
                if error.ruling().is_none() {
                    self.line(level, Paint::Bad, &format!("\u{2717} {}", words_for_network_error(error)));
                    if let Some(hint) = hint_for_network_error(error) {
                        self.line(level + 1, Paint::Plain, &hint);
                    }
                }
            }
        }
    }

    fn wire(&mut self, level: usize, at: Duration, wire: &WireEvent) {
        let secrets = self.options.secrets;
        let (paint, line) = match wire {
            WireEvent::Waiting { limit } => {
                (Paint::Dim, format!("waiting for a connection: all {limit} to this host are in use"))
            }
            WireEvent::Resolving { host } => (Paint::Dim, format!("resolving {}", escaped(host))),
            WireEvent::Resolved { addresses } => {
                let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                (Paint::Dim, format!("resolved: {}", addresses.join(", ")))
            }
            WireEvent::Connecting { address } => (Paint::Dim, format!("connecting to {address}")),
            WireEvent::ConnectFailed { address, error } => {
                (Paint::Warn, format!("could not connect to {address}: {}", shown_text(error, secrets)))
            }
            WireEvent::Connected { address } => (Paint::Dim, format!("connected to {address}")),
            WireEvent::ConnectingToUnixSocket { path } => {
                (Paint::Dim, format!("connecting to the socket {}", escaped(path)))
            }
            WireEvent::ConnectedToUnixSocket { path } => {
                (Paint::Dim, format!("connected to the socket {}", escaped(path)))
            }
            WireEvent::ThroughProxy { proxy } => {
                (Paint::Dim, format!("through the proxy {}", shown_text(proxy, secrets)))
            }
            WireEvent::TlsStarted { host } => (Paint::Dim, format!("TLS handshake with {}", escaped(host))),
            WireEvent::TlsDone { version, cipher_suite, alpn } => {
                let alpn = if alpn.is_empty() { "no ALPN".into() } else { escaped(alpn) };
                (Paint::Dim, format!("TLS: {}, {}, {alpn}", escaped(version), escaped(cipher_suite)))
            }
            WireEvent::Reused { protocol } => {
                (Paint::Dim, format!("reusing a connection, {}", protocol.as_str()))
            }
            WireEvent::Sent { method, url, header_list, protocol } => {
                let line = request_line(method, url, secrets);
                self.timed(level, Paint::Out, &format!("> {line} {}", protocol.as_str()), at);
                for line in header_lines(header_list, secrets) {
                    self.line(level, Paint::Out, &format!("> {line}"));
                }
                return;
            }
            WireEvent::BodySent { bytes } => (Paint::Out, format!("> ({bytes} bytes of the body)")),
            WireEvent::Interim { status, header_list } => {
                self.timed(level, Paint::In, &format!("< {status} (interim)"), at);
                for line in header_lines(header_list, secrets) {
                    self.line(level, Paint::In, &format!("< {line}"));
                }
                return;
            }
            WireEvent::Head { status, status_message, header_list, protocol, .. } => {
                let line = status_line(*status, status_message, *protocol, secrets);
                self.timed(level, Paint::In, &format!("< {line}"), at);
                for line in header_lines(header_list, secrets) {
                    self.line(level, Paint::In, &format!("< {line}"));
                }
                return;
            }
            _ => return,
        };
        self.timed(level, paint, &line, at);
    }

    fn line(&mut self, level: usize, paint: Paint, line: &str) {
        self.text.push_str(&"  ".repeat(level));
        self.text.push_str(&painted(line, paint, self.options));
        self.text.push('\n');
    }

    fn timed(&mut self, level: usize, paint: Paint, line: &str, at: Duration) {
        self.text.push_str(&"  ".repeat(level));
        self.text.push_str(&painted(line, paint, self.options));
        self.text.push_str(&painted(&format!("  [{}]", millis(at)), Paint::Dim, self.options));
        self.text.push('\n');
    }
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
