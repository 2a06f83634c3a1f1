//! When each exchange did what: being deferred, resolving, connecting, TLS, sending, waiting, the body. As data, and as bars of one line.

use std::time::Duration;

use serde::Serialize;
use sofetch_core::infrastructure::timing::Timestamp;
use sofetch_core::trace::{Algorithm, Event, Purpose, TraceId, WireEvent};

use crate::recording::{Entry, RecordedFetch, Recording};
use crate::safe_text::{Secrets, escaped, redacted_urls};

/// What an exchange spends its time with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Waiting for its page to end, or for its time.
    Deferred,
    /// Looking up the name.
    Resolve,
    /// Connecting.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Sending the request's body.
    Send,
    /// Waiting for the response's head.
    Wait,
    /// Reading the response's body.
    Body,
}

impl Step {
    /// The letter that stands for it in a bar.
    pub fn letter(self) -> char {
        match self {
            Step::Deferred => 'd',
            Step::Resolve => 'r',
            Step::Connect => 'c',
            Step::Tls => 't',
            Step::Send => 's',
            Step::Wait => '.',
            Step::Body => '=',
        }
    }
}

/// A step with its times, counted from the beginning of the recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Which.
    pub step: Step,
    /// From.
    pub start: Duration,
    /// To.
    pub end: Duration,
}

/// One exchange, or the attempt at one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Whose.
    pub fetch: TraceId,
    /// Why that fetch was begun, for a child.
    pub purpose: Option<Purpose>,
    /// Method and URL, if the request was sent.
    pub request: Option<(String, String)>,
    /// The status, if an answer came.
    pub status: Option<u16>,
    /// Was a connection of the pool used?
    pub reused: bool,
    /// What it did, in order.
    pub phases: Vec<Phase>,
}

impl Hop {
    /// When it began.
    pub fn start(&self) -> Duration {
        self.phases.first().map_or(Duration::ZERO, |phase| phase.start)
    }

    /// When it ended.
    pub fn end(&self) -> Duration {
        self.phases.iter().map(|phase| phase.end).max().unwrap_or_default()
    }
}

/// The exchanges of a recording, in the order in which they began.
pub fn timeline(recording: &Recording) -> Vec<Hop> {
    let mut hops = Vec::new();
    for fetch in &recording.fetches {
        hops_of(fetch, recording.start(), &mut hops);
    }
    hops.sort_by_key(Hop::start);
    hops
}

fn hops_of(fetch: &RecordedFetch, origin: Timestamp, hops: &mut Vec<Hop>) {
    let mut open = Open { fetch, hop: None, mark: Duration::ZERO };
    for entry in &fetch.entries {
        match entry {
            Entry::Child(child) => hops_of(child, origin, hops),
            Entry::Event(timed) => open.hear(timed.at.since(origin), &timed.event, hops),
        }
    }
    hops.extend(open.hop);
}

/// The exchange that is being heard of.
struct Open<'a> {
    fetch: &'a RecordedFetch,
    hop: Option<Hop>,
    /// When the step began that is going on.
    mark: Duration,
}

impl Open<'_> {
    fn hear(&mut self, at: Duration, event: &Event, hops: &mut Vec<Hop>) {
        match event {
            Event::Wire(wire) => self.hear_wire(at, wire, hops),
            Event::Deferred { .. } => self.prepare(at, hops),
            Event::Entered(Algorithm::ProcessADeferredFetch) => self.end_step(Step::Deferred, at),
            // NB: a body that nobody waits for (a redirect's, a preflight's) has no end of its own.
            Event::BodyEnded { .. } if self.hop.as_ref().is_some_and(|hop| hop.status.is_some()) => {
                self.end_step(Step::Body, at);
                hops.extend(self.hop.take());
            }
            _ => {}
        }
    }

    fn hear_wire(&mut self, at: Duration, wire: &WireEvent, hops: &mut Vec<Hop>) {
        match wire {
            WireEvent::Resolving { .. } => self.prepare(at, hops),
            WireEvent::Resolved { .. } => self.end_step(Step::Resolve, at),
            // Of several attempts the first begins the step, and the one that connects ends it.
            WireEvent::Connecting { .. } | WireEvent::ConnectingToUnixSocket { .. } => {
                self.prepare(at, hops);
                if self.connect().is_none() {
                    self.mark = at;
                    self.end_step(Step::Connect, at);
                }
            }
            WireEvent::Connected { .. }
            | WireEvent::ConnectedToUnixSocket { .. }
            | WireEvent::ConnectFailed { .. } => {
                self.mark = at;
                if let Some(phase) = self.connect() {
                    phase.end = at;
                }
            }
            WireEvent::TlsStarted { .. } => self.mark = at,
            WireEvent::TlsDone { .. } => self.end_step(Step::Tls, at),
            WireEvent::Reused { .. } => {
                self.prepare(at, hops);
                if let Some(hop) = &mut self.hop {
                    hop.reused = true;
                }
            }
            WireEvent::Sent { method, url, .. } => {
                self.prepare(at, hops);
                self.mark = at;
                if let Some(hop) = &mut self.hop {
                    hop.request = Some((method.as_str().to_owned(), url.href().to_owned()));
                }
            }
            WireEvent::BodySent { .. } => self.end_step(Step::Send, at),
            WireEvent::Head { status, .. } => {
                self.end_step(Step::Wait, at);
                if let Some(hop) = &mut self.hop {
                    hop.status = Some(*status);
                }
            }
            _ => {}
        }
    }

    /// An exchange is on its way; the one before it, if it was sent, is over.
    fn prepare(&mut self, at: Duration, hops: &mut Vec<Hop>) {
        if self.hop.as_ref().is_some_and(|hop| hop.request.is_some()) {
            hops.extend(self.hop.take());
        }
        if self.hop.is_none() {
            self.mark = at;
            self.hop = Some(Hop {
                fetch: self.fetch.id,
                purpose: self.fetch.purpose,
                request: None,
                status: None,
                reused: false,
                phases: Vec::new(),
            });
        }
    }

    fn connect(&mut self) -> Option<&mut Phase> {
        self.hop.as_mut()?.phases.iter_mut().find(|phase| phase.step == Step::Connect)
    }

    fn end_step(&mut self, step: Step, at: Duration) {
        let start = self.mark;
        if let Some(hop) = &mut self.hop {
            hop.phases.push(Phase { step, start, end: at });
        }
        self.mark = at;
    }
}

/// Letters of a bar.
const WIDTH: usize = 40;

/// The exchanges as bars on one scale, a line each: `d` deferred, `r` resolve, `c` connect, `t` TLS, `s` send, `.` wait, `=` body.
pub fn bars(hops: &[Hop], secrets: Secrets) -> String {
    let (start, whole) = span(hops);
    let mut text = String::new();
    for hop in hops {
        let (method, url) = match &hop.request {
            Some((method, url)) => (escaped(method), redacted_urls(url, secrets)),
            None => ("(nothing sent)".into(), "".into()),
        };
        let status = hop.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
        let spent = millis(hop.end().saturating_sub(hop.start()));
        let bar = bar(hop, start, whole);
        text.push_str(&format!("|{bar}| {spent:>10}  {status}  {method} {}\n", escaped(&*url)));
    }
    text
}

/// When the first began, and how long it is from there to the last end.
pub(crate) fn span(hops: &[Hop]) -> (Duration, Duration) {
    let start = hops.iter().map(Hop::start).min().unwrap_or_default();
    (start, hops.iter().map(Hop::end).max().unwrap_or_default().saturating_sub(start))
}

pub(crate) fn bar(hop: &Hop, start: Duration, whole: Duration) -> String {
    let column = |at: Duration| {
        let part = at.saturating_sub(start).as_nanos() * WIDTH as u128 / whole.as_nanos().max(1);
        usize::try_from(part).unwrap_or(WIDTH).min(WIDTH)
    };
    let mut letters = [' '; WIDTH];
    for phase in &hop.phases {
        let from = column(phase.start).min(WIDTH - 1);
        // However short, a step is seen.
        let to = column(phase.end).max(from + 1);
        letters[from..to].fill(phase.step.letter());
    }
    letters.iter().collect()
}

/// `12.3 ms`.
pub(crate) fn millis(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1e3)
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
