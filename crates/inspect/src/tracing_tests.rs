//! Spans and events as a subscriber hears them.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use sofetch_core::rules::cors_check::CorsCheck;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

use super::*;
use crate::recording::{Entry, RecordedFetch, Recorder};
use crate::test_recordings::patch_with_json;

/// Writes down what it hears, a line each.
#[derive(Default)]
struct Written {
    next: AtomicU64,
    lines: Mutex<Vec<String>>,
    names: Mutex<HashMap<u64, &'static str>>,
    handles: Mutex<HashMap<u64, usize>>,
}

impl Written {
    fn line(&self, line: String) {
        self.lines.lock().expect("no panic").push(line);
    }
    fn name(&self, id: Option<&Id>) -> &'static str {
        id.and_then(|id| self.names.lock().expect("no panic").get(&id.into_u64()).copied()).unwrap_or("-")
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _infallible = write!(self.0, " {}={value:?}", field.name());
    }
}

impl Subscriber for &'static Written {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sofetch"
    }
    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let id = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        let name = attributes.metadata().name();
        self.line(format!("span {name} in {}", self.name(attributes.parent())));
        self.names.lock().expect("no panic").insert(id, name);
        Id::from_u64(id)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields(String::new());
        event.record(&mut fields);
        let level = event.metadata().level();
        self.line(format!("{level} in {}:{}", self.name(event.parent()), fields.0));
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
    fn clone_span(&self, id: &Id) -> Id {
        *self.handles.lock().expect("no panic").entry(id.into_u64()).or_default() += 1;
        id.clone()
    }
    fn try_close(&self, id: Id) -> bool {
        let mut handles = self.handles.lock().expect("no panic");
        let handles = handles.entry(id.into_u64()).or_default();
        if *handles > 0 {
            *handles -= 1;
            return false;
        }
        self.line(format!("close {}", self.name(Some(&id))));
        true
    }
}

/// Tells an observer what was recorded, as the engine told it.
fn replay(fetch: &RecordedFetch, observer: &dyn Observer) {
    observer.event(fetch.id, &Event::Began { parent: fetch.parent, purpose: fetch.purpose });
    for entry in &fetch.entries {
        match entry {
            Entry::Event(timed) => observer.event(fetch.id, &timed.event),
            Entry::Child(child) => replay(child, observer),
        }
    }
}

#[test]
fn rooms_are_spans_and_rulings_events() {
    let written: &'static Written = Box::leak(Box::default());
    let recording = patch_with_json(CorsCheck::NoAllowOrigin, 500);
    let fetch = recording.first().expect("a fetch");
    let recorder = Recorder::new();
    tracing::subscriber::with_default(written, || {
        replay(fetch, &Both(Spans::new(), recorder.clone()));
    });
    let lines = written.lines.lock().expect("no panic").clone();
    let expected = [
        "span fetch in -",
        "span main-fetch in fetch",
        "DEBUG in main-fetch: message=request method=\"PATCH\" url=\"https://[redacted]@b.test/x?token=[redacted]&n=1\" mode=\"cors\"",
        "TRACE in main-fetch: message=The port is not a bad port. rule=\"PortBlocking\"",
        "span http-fetch in override-fetch",
        "span child in http-fetch",
        "span cors-preflight-fetch in child",
        "close http-network-fetch",
        "TRACE in http-network-fetch: message=header set by the engine header=\"Cookie\" value=\"[redacted]\"",
        "WARN in http-fetch: message=There is no Access-Control-Allow-Origin. rule=\"CorsCheck\"",
        "close main-fetch",
        "close fetch",
    ];
    let mut rest = lines.iter();
    for line in expected {
        assert!(
            rest.any(|heard| heard == line),
            "{line}\nis not where it should be in\n{}",
            lines.join("\n")
        );
    }
    assert!(!lines.join("\n").contains("hunter2"), "{}", lines.join("\n"));
    let opened = lines.iter().filter(|line| line.starts_with("span ")).count();
    let closed = lines.iter().filter(|line| line.starts_with("close ")).count();
    assert_eq!(opened, closed, "{}", lines.join("\n"));
    let heard = recorder.recording();
    assert_eq!(heard.first().expect("a fetch").entries.len(), fetch.entries.len(), "both have heard it");
}
