//! Random hostile bytes in every place that strangers fill, and every printer: nothing that could steer a terminal, hide text or
//! turn its direction comes through, and no stranger begins a line.
//!
//! The bytes are made from a seed, which a failure names.

use std::cell::Cell;
use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use bytes::Bytes;
use sofetch_core::fixes::{AnswerId, AnswerTo, Change, Edit, EditSet, OfferedEdit, SmallestChanges};
use sofetch_core::infrastructure::connections::Protocol;
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::rules::cors_check::CorsCheck;
use sofetch_core::rules::cors_preflight::{PreflightAnswer, PreflightNeed};
use sofetch_core::rules::cors_safelists::cors_unsafe_request_header_names;
use sofetch_core::rules::redirect::Redirect;
use sofetch_core::rules::response_tainting::ResponseTaintingFork;
use sofetch_core::rules::verdict::said;
use sofetch_core::rulings::{NetworkError, Ruling};
use sofetch_core::tape::Tape;
use sofetch_core::trace::{Algorithm, Event, Observer, Outcome, Purpose, RequestSnapshot, Trace, WireEvent};
use sofetch_core::wire_faults::{PeerMisbehaved, WireFault};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

use crate::har::{har, har_entries};
use crate::har_bodies::tell_body;
use crate::json::{printed, printed_line};
use crate::recording::Recording;
use crate::safe_text::{escaped, is_unsafe, redacted};
use crate::test_recordings::{recorded, ruled};
use crate::{CorsStory, Options, Secrets, Spans, bars, timeline, timeline_json, tree, waterfall};

/// Hostile bytes, from a seed.
pub(crate) struct Hostile(u64);

/// What terminals obey, readers are misled by, and formats end at.
const PIECES: &[&[u8]] = &[
    b"\x1b[31m",
    b"\x1b[2J\x1b[H",
    b"\x1b]0;owned\x07",
    b"\x1b]8;;http://x.test\x1b\\link\x1b]8;;\x1b\\",
    b"\x1b]52;c;b3duZWQ=\x07",
    b"\x1bP$q\"p\x1b\\",
    b"\x1b(0",
    b"\x1bc",
    b"\x9b31m",
    b"\x9d0;owned\x9c",
    "\u{9b}31m\u{85}".as_bytes(),
    "\u{202e}gpj\u{202c}".as_bytes(),
    "\u{2066}\u{2069}\u{200f}".as_bytes(),
    "\u{2028}\u{2029}".as_bytes(),
    "\u{feff}\u{200b}\u{200d}\u{ad}".as_bytes(),
    "\u{e0041}\u{fe0f}\u{fffb}".as_bytes(),
    b"\xff\xfe",
    b"\xc0\x9b",
    b"\xed\xa0\x80",
    b"\xe2\x80",
    b"\xf0\x9f\x98",
    b"\r\nFORGED: line",
    b"\nFORGED: line",
    b"\rFORGED",
    b"\x08\x08\x08\x7f",
    b"\0",
    b"\t\x0b\x0c",
    b"`\"'\\</pre>]]>&amp;",
    b"\\x1B[31m \\u{202E}",
    b"\x1b",
    b"https://u:hush@x.test/?token=hush",
];

impl Hostile {
    pub(crate) fn new(seed: u64) -> Hostile {
        Hostile(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// splitmix64
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// A few pieces, bytes and characters; now and then very many.
    pub(crate) fn bytes(&mut self) -> Vec<u8> {
        let count = if self.below(400) == 0 { 3_000 } else { self.below(6) };
        let mut bytes = Vec::new();
        for _ in 0..count {
            match self.below(4) {
                0 => bytes.push(self.next() as u8),
                1 => {
                    let code = [0xA0, 0x3000, 0x1_0000, 0x11_0000][self.below(4)];
                    let code = (self.next() % code) as u32;
                    let character = char::from_u32(code).unwrap_or('\u{fffd}');
                    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                _ => bytes.extend_from_slice(PIECES[self.below(PIECES.len())]),
            }
        }
        bytes
    }

    /// As text: lossy, or a byte a character, as evidence is.
    pub(crate) fn text(&mut self) -> String {
        let bytes = self.bytes();
        match self.below(2) {
            0 => String::from_utf8_lossy(&bytes).into_owned(),
            _ => said(&bytes),
        }
    }

    fn list(&mut self) -> Vec<String> {
        (0..self.below(12)).map(|_| self.text()).collect()
    }

    fn url(&mut self) -> Url {
        let texts = [self.text(), self.text(), self.text(), self.text()];
        let whole = format!("https://{}.test/{}?{}#{}", texts[0], texts[1], texts[2], texts[3]);
        let path = format!("https://u:hush@b.test/{}?{}#{}", texts[1], texts[2], texts[3]);
        let other = format!("{}:{}", self.one(&["data", "lamp", "javascript"]), texts[1]);
        let parsed = match self.below(3) {
            0 => Url::parse(&whole, None),
            1 => Url::parse(&other, None),
            _ => Url::parse(&path, None),
        };
        parsed.or_else(|_| Url::parse("https://b.test/", None)).expect("a URL of the tests")
    }

    fn method(&mut self) -> Method {
        let bytes = self.bytes();
        Method::new(&bytes).unwrap_or_else(|_| self.one(&[Method::GET, Method::OPTIONS, Method::PATCH]))
    }

    fn headers(&mut self) -> HeaderList {
        const NAMES: [&str; 9] = [
            "Access-Control-Allow-Origin",
            "Access-Control-Allow-Headers",
            "Access-Control-Expose-Headers",
            "Location",
            "Content-Type",
            "Set-Cookie",
            "Authorization",
            "Vary",
            "Content-Length",
        ];
        let mut list = HeaderList::new();
        for _ in 0..self.below(6) {
            let name = match self.below(2) {
                0 => self.bytes(),
                _ => self.one(&NAMES).as_bytes().to_vec(),
            };
            list.append(name, self.bytes());
        }
        list
    }

    fn ruling(&mut self) -> Ruling {
        match self.below(7) {
            0 => CorsCheck::OriginMismatch {
                allowed: self.text(),
                origin: self.text(),
                tainted: self.below(2) == 0,
                credentials: self.below(2) == 0,
            }
            .into(),
            1 => CorsCheck::CredentialsNotAllowed { said: Some(self.text()) }.into(),
            2 => PreflightAnswer::HeaderNotAllowed {
                name: self.text(),
                allowed: self.list(),
                wildcard_refused: true,
            }
            .into(),
            3 => PreflightAnswer::UnparsableMethods { said: self.text() }.into(),
            4 => Redirect::InvalidLocation { said: self.text() }.into(),
            5 => Redirect::Followed {
                from: self.text(),
                to: self.text(),
                method_changed: Some((self.text(), self.text())),
                removed_headers: self.list(),
                count: 1,
            }
            .into(),
            _ => {
                let unsafe_names = cors_unsafe_request_header_names(&self.headers());
                let unsafe_method = Some(self.text());
                let need = PreflightNeed::Needed { flag_set: true, unsafe_method, unsafe_names };
                ResponseTaintingFork::CorsWithPreflight(need).into()
            }
        }
    }

    fn error(&mut self) -> NetworkError {
        match self.below(4) {
            0 => NetworkError::new(self.ruling()),
            1 => NetworkError::new(WireFault::Resolve { host: self.text(), cause: None }),
            2 => NetworkError::new(PeerMisbehaved::InvalidHead { detail: self.text() }),
            _ => NetworkError::new(WireFault::UnixSocket {
                path: self.text(),
                cause: Arc::new(std::io::Error::other(self.text())),
            }),
        }
    }

    fn request(&mut self) -> Event {
        Event::Request(Box::new(RequestSnapshot {
            method: self.method(),
            url: self.url(),
            header_list: self.headers(),
            mode: "cors",
            credentials_mode: self.one(&["include", "same-origin"]),
            origin: if self.below(2) == 0 { self.text() } else { "https://a.test".to_owned() },
            redirect_count: self.below(3) as u32,
        }))
    }

    fn wire(&mut self) -> WireEvent {
        let address = ([10, 0, 0, 1], 443).into();
        match self.below(12) {
            0 => WireEvent::Resolving { host: self.text() },
            1 => WireEvent::ConnectFailed { address, error: self.text() },
            2 => WireEvent::ConnectingToUnixSocket { path: self.text() },
            3 => WireEvent::ConnectedToUnixSocket { path: self.text() },
            4 => WireEvent::ThroughProxy { proxy: self.text() },
            5 => WireEvent::TlsStarted { host: self.text() },
            6 => WireEvent::TlsDone { version: self.text(), cipher_suite: self.text(), alpn: self.text() },
            7 => WireEvent::Interim { status: 103, header_list: self.headers() },
            8 | 9 => WireEvent::Sent {
                method: self.method(),
                url: self.url(),
                header_list: self.headers(),
                protocol: Protocol::Http1,
            },
            _ => WireEvent::Head {
                status: self.one(&[200, 302, 500]),
                status_message: Bytes::from(self.bytes()),
                header_list: self.headers(),
                protocol: self.one(&[Protocol::Http1, Protocol::Http2]),
                remote_address: Some(address),
            },
        }
    }

    fn events(&mut self, trace: &Trace) {
        let event = self.request();
        trace.emit(|| event);
        for _ in 0..self.below(8) {
            let event = match self.below(4) {
                0 => ruled(self.ruling()),
                1 => Event::Rewrote {
                    header: self.one(&["Origin", "Referer", "Cookie"]),
                    value: Some(Bytes::from(self.bytes())),
                },
                _ => Event::Wire(self.wire()),
            };
            trace.emit(|| event);
        }
    }

    fn recording(&mut self) -> Recording {
        recorded(|trace| self.tell(trace))
    }

    fn tell(&mut self, trace: &Trace) {
        let _room = trace.enter(Algorithm::MainFetch);
        self.events(trace);
        if self.below(2) == 0 {
            let child = trace.child(self.one(&[Purpose::Preflight, Purpose::Retry, Purpose::Revalidation]));
            let _room = child.enter(Algorithm::CorsPreflightFetch);
            self.events(&child);
            let ruling = self.ruling();
            child.emit(|| ruled(ruling));
        }
        self.events(trace);
        let outcome = match self.below(2) {
            0 => Outcome::NetworkError(self.error()),
            _ => Outcome::Response {
                response_type: self.one(&["cors", "basic", "opaque", "default"]),
                status: 200,
                internal_status: 200,
                header_list: self.headers(),
                url: Some(self.url()),
            },
        };
        trace.emit(|| Event::Ended(outcome));
        let error = Some(self.error());
        trace.emit(|| Event::BodyEnded { encoded: 1, decoded: 2, error });
    }

    fn changes(&mut self) -> SmallestChanges {
        let mut set = || {
            let mut edits = Vec::new();
            for _ in 0..=self.below(4) {
                let change = match self.below(3) {
                    0 => Change::Remove { name: self.text() },
                    1 => Change::Status { status: 204 },
                    _ => Change::Set { name: self.text(), value: self.text() },
                };
                let to = self.one(&[AnswerTo::Preflight, AnswerTo::Request]);
                edits.push(OfferedEdit {
                    edit: Edit { answer: AnswerId { hop: 0, to }, change },
                    method: self.method(),
                    url: self.url(),
                    was: Some(self.text()),
                    assumed: false,
                    opens: None,
                });
            }
            EditSet { edits }
        };
        SmallestChanges { sets: vec![set(), set()], refused: vec![set()] }
    }
}

thread_local! {
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// Hostile text, another each time that a test asks.
pub(crate) fn hostile_text() -> String {
    let seed = NEXT.get();
    NEXT.set(seed + 1);
    Hostile::new(seed).text()
}

/// Nothing that a terminal or a reader is misled by; line breaks are the printer's own.
#[track_caller]
pub(crate) fn assert_safe(what: &str, seed: u64, text: &str) {
    let wild = text.chars().find(|&character| character != '\n' && is_unsafe(character));
    assert_eq!(wild, None, "{what}, seed {seed}: {}", text.escape_debug());
    let forged = text.lines().find(|line| line.trim_start().starts_with("FORGED"));
    assert_eq!(forged, None, "{what}, seed {seed}: a stranger began a line");
}

/// The same of a text with colours, which are ours: no other escape sequence is there.
#[track_caller]
fn assert_safe_in_colour(what: &str, seed: u64, text: &str) {
    let mut plain = text.to_owned();
    for code in 0..100 {
        plain = plain.replace(&format!("\x1b[{code}m"), "");
    }
    assert_safe(what, seed, &plain);
}

#[test]
fn every_printer_of_a_recording_is_safe() {
    for seed in 0..400 {
        let mut hostile = Hostile::new(seed);
        let recording = hostile.recording();
        for secrets in [Secrets::Redacted, Secrets::Shown] {
            let plain = Options { colour: false, secrets, verbose: true };
            let colour = Options { colour: true, secrets, verbose: false };
            let hops = timeline(&recording);
            let mut entries = har_entries(&recording, SystemTime::UNIX_EPOCH, secrets);
            tell_body(&mut entries, &hostile.bytes(), secrets);
            for (what, text) in [
                ("the tree", tree(&recording, plain)),
                ("the recording as JSON", recording.to_json_text(secrets)),
                ("the recording as a line of JSON", printed_line(&recording.to_json(secrets))),
                ("the bars", bars(&hops, secrets)),
                ("the waterfall", waterfall(&hops, plain)),
                ("the timeline as JSON", printed(&timeline_json(&hops, secrets))),
                ("HAR", printed(&har(entries))),
            ] {
                assert_safe(what, seed, &text);
            }
            assert_safe_in_colour("the tree in colour", seed, &tree(&recording, colour));
            assert_safe_in_colour("the waterfall in colour", seed, &waterfall(&hops, colour));
            let fetch = recording.first().expect("a fetch");
            let tape = Tape::of(fetch.events_of_exchange());
            let story = CorsStory::of(fetch, secrets).expect("a story");
            let story = story.with_fixes(&hostile.changes(), &tape, None);
            assert_safe("the story", seed, &story.text(plain));
            assert_safe_in_colour("the story in colour", seed, &story.text(colour));
            assert_safe("the story as JSON", seed, &story.to_json_text());
            // Whoever reads the value and not the text gets lines that are safe by themselves.
            for hop in &story.hops {
                let preflight = hop.preflight.iter().flat_map(|preflight| &preflight.exchanges);
                for line in preflight
                    .chain(&hop.exchanges)
                    .flat_map(|exchange| exchange.sent.iter().chain(&exchange.received))
                {
                    assert_safe("a line of the story", seed, line);
                    assert!(!line.contains('\n'), "seed {seed}: {line}");
                }
            }
        }
    }
}

#[test]
fn every_text_that_is_escaped_is_safe_and_stays_so() {
    for seed in 0..5_000 {
        let bytes = Hostile::new(seed).bytes();
        let once = escaped(&bytes).into_owned();
        assert_safe("escaped", seed, &once);
        assert!(!once.contains('\n'), "seed {seed}");
        assert_eq!(escaped(&once), once, "seed {seed}: escaping twice is escaping once");
        for secrets in [Secrets::Redacted, Secrets::Shown] {
            for name in ["X-A", "Cookie", "Authorization", "Location"] {
                assert_safe(name, seed, &redacted(name.as_bytes(), &bytes, secrets));
            }
        }
    }
}

/// Hears texts as a subscriber does that writes them down as they are.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

struct Texts<'a>(&'a mut Vec<String>);

impl Visit for Texts<'_> {
    fn record_str(&mut self, _: &Field, value: &str) {
        self.0.push(value.to_owned());
    }
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        let _infallible = write!(text, "{value:?}");
        self.0.push(text);
    }
}

impl Subscriber for &'static Heard {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        attributes.record(&mut Texts(&mut self.0.lock().expect("no panic")));
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut Texts(&mut self.0.lock().expect("no panic")));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn what_is_told_to_tracing_is_safe() {
    let heard: &'static Heard = Box::leak(Box::default());
    tracing::subscriber::with_default(heard, || {
        for seed in 0..200 {
            let spans: Arc<dyn Observer> = Spans::new();
            Hostile::new(seed).tell(&Trace::new(spans));
            for text in heard.0.lock().expect("no panic").drain(..) {
                assert_safe("a field", seed, &text);
                assert!(!text.contains('\n'), "seed {seed}: {text}");
            }
        }
    });
}

#[test]
fn every_form_of_an_audit_is_safe() {
    for seed in 0..60 {
        NEXT.set(seed * 1_000);
        let audit = crate::audit::hostile_audit();
        for (what, text) in [
            ("the audit", audit.text(Options { verbose: true, ..Options::default() })),
            ("the audit as JSON", audit.to_json_text()),
            ("the audit as SARIF", audit.to_sarif_text()),
            ("the audit as JUnit", audit.to_junit(None)),
        ] {
            assert_safe(what, seed, &text);
        }
        assert_safe_in_colour(
            "the audit in colour",
            seed,
            &audit.text(Options { colour: true, ..Options::default() }),
        );
    }
}
