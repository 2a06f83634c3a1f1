//! Stories: the trace of a fetch as an indented tree, a line an event, compared with a file.
//!
//! ```text
//! main-fetch
//!   ruled {"rule":"port-blocking","verdict":"allowed"}
//!   preflight:
//!     > OPTIONS https://b.test/x http/1.1 {Accept: */*}
//! ```
//! A child (preflight, revalidation ...) stands where it began, whole, whenever its events came.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::ports::Protocol;
use sofetch_core::rulings::Ruling;
use sofetch_core::trace::{Event, Observer, Outcome, Trace, TraceId, WireEvent};

use crate::lock;

/// A new story.
pub fn story() -> Story {
    Story::new()
}

/// Compares a story with `tests/stories/{name}.txt` of the crate that calls it.
#[macro_export]
macro_rules! check_story {
    ($story:expr, $name:expr) => {
        $story.compare(env!("CARGO_MANIFEST_DIR"), $name)
    };
}

/// Records what the traces of it tell. Its clones are the same story.
///
/// As an [`Observer`] of its own it tells one fetch from the next by their beginnings; for fetches side by side, take a
/// [`Story::trace`] for each.
#[derive(Clone, Default)]
pub struct Story(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    brief: bool,
    /// How many fetches began.
    fetches: usize,
    chapters: HashMap<(usize, TraceId), Chapter>,
    rulings: Vec<Ruling>,
}

/// What one fetch, or one child of it, told.
#[derive(Default)]
struct Chapter {
    depth: usize,
    items: Vec<(usize, Item)>,
}

enum Item {
    Line(String),
    Child(TraceId),
}

impl Story {
    /// An empty one.
    pub fn new() -> Story {
        Story::default()
    }

    /// An empty one that leaves out what a quiet fetch says each time: [`QUIET`] rulings, and what the engine wrote into a
    /// request, which stands in the line that sends it.
    pub fn brief() -> Story {
        Story(Arc::new(Mutex::new(Told { brief: true, ..Told::default() })))
    }

    /// A trace for one fetch, told in this story.
    pub fn trace(&self) -> Trace {
        let fetch = {
            let mut told = lock(&self.0);
            told.fetches += 1;
            told.fetches
        };
        Trace::new(Arc::new(OneFetch { story: self.clone(), fetch }))
    }

    /// The tree; an empty line stands between two fetches.
    pub fn text(&self) -> String {
        let told = lock(&self.0);
        let mut text = String::new();
        for fetch in 1..=told.fetches {
            if fetch > 1 {
                text.push('\n');
            }
            told.print(&mut text, (fetch, TraceId(1)), 0);
        }
        text
    }

    /// Every ruling, in the order in which they came.
    pub fn rulings(&self) -> Vec<Ruling> {
        lock(&self.0).rulings.clone()
    }

    /// Compares with `tests/stories/{name}.txt` under the crate's folder; `UPDATE_STORIES=1` writes it instead.
    ///
    /// # Panics
    /// When they differ.
    pub fn compare(&self, manifest_dir: &str, name: &str) {
        let path: PathBuf = [manifest_dir, "tests", "stories", &format!("{name}.txt")].iter().collect();
        let update = std::env::var_os("UPDATE_STORIES").is_some_and(|value| value == "1");
        if let Err(difference) = self.compare_with_file(&path, update) {
            panic!("{difference}");
        }
    }

    /// The same with a file named in full; the difference is told, not panicked.
    pub fn compare_with_file(&self, path: &Path, update: bool) -> Result<(), String> {
        let text = self.text();
        let written = std::fs::read_to_string(path).ok();
        if written.as_deref() == Some(&*text) {
            return Ok(());
        }
        if update {
            let folder = path.parent().unwrap_or(Path::new("."));
            return std::fs::create_dir_all(folder)
                .and_then(|()| std::fs::write(path, &text))
                .map_err(|error| format!("{} cannot be written: {error}", path.display()));
        }
        let path = path.display();
        Err(match written {
            None => format!("there is no story {path}; UPDATE_STORIES=1 writes it. It would be:\n{text}"),
            Some(written) => format!(
                "{path} tells another story; UPDATE_STORIES=1 rewrites it.\n{}Now it is:\n{text}",
                first_difference(&written, &text)
            ),
        })
    }

    fn tell(&self, fetch: usize, id: TraceId, event: &Event) {
        let mut told = lock(&self.0);
        if let Event::Ruled(ruling) = event {
            told.rulings.push((**ruling).clone());
        }
        if told.brief && is_quiet(event) {
            return;
        }
        match event {
            Event::Began { parent: Some(parent), purpose } => {
                let purpose = purpose.map_or("child", |purpose| purpose.as_str());
                let chapter = told.chapters.entry((fetch, *parent)).or_default();
                chapter.items.push((chapter.depth, Item::Line(format!("{purpose}:"))));
                chapter.items.push((chapter.depth + 1, Item::Child(id)));
            }
            Event::Began { parent: None, .. } => {}
            Event::Left(_) => {
                let chapter = told.chapters.entry((fetch, id)).or_default();
                chapter.depth = chapter.depth.saturating_sub(1);
            }
            event => {
                let chapter = told.chapters.entry((fetch, id)).or_default();
                chapter.items.push((chapter.depth, Item::Line(line(event))));
                if let Event::Entered(_) = event {
                    chapter.depth += 1;
                }
            }
        }
    }
}

impl Told {
    fn print(&self, text: &mut String, chapter: (usize, TraceId), indent: usize) {
        let Some(told) = self.chapters.get(&chapter) else { return };
        for (depth, item) in &told.items {
            match item {
                Item::Child(id) => self.print(text, (chapter.0, *id), indent + depth),
                Item::Line(line) => {
                    text.push_str(&"  ".repeat(indent + depth));
                    text.push_str(line.trim_end());
                    text.push('\n');
                }
            }
        }
    }
}

impl Observer for Story {
    fn event(&self, id: TraceId, event: &Event) {
        let fetch = {
            let mut told = lock(&self.0);
            if let Event::Began { parent: None, .. } = event {
                told.fetches += 1;
            }
            told.fetches
        };
        self.tell(fetch, id, event);
    }
}

struct OneFetch {
    story: Story,
    fetch: usize,
}

impl Observer for OneFetch {
    fn event(&self, id: TraceId, event: &Event) {
        self.story.tell(self.fetch, id, event);
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// What nearly every fetch is ruled, by rule and verdict; any verdict where none is named.
pub const QUIET: [(&str, Option<&str>); 18] = [
    ("local-urls-only", Some("not-asked")),
    ("upgrade", Some("no-policy")),
    ("upgrade", Some("not-needed")),
    ("upgrade", Some("not-restricted")),
    ("port-blocking", Some("allowed")),
    ("mixed-content-request", Some("trustworthy")),
    ("mixed-content-request", Some("not-restricted")),
    ("scheme-fetch", Some("http")),
    ("fetch-metadata", None),
    ("conditional-headers", Some("unchanged")),
    ("network-gate", Some("open")),
    ("authentication-need", Some("none")),
    ("mixed-content-response", Some("trustworthy")),
    ("mixed-content-response", Some("not-restricted")),
    ("mime-type-blocking", Some("not-script-like")),
    ("nosniff-blocking", Some("not-asked")),
    ("range-requested", Some("not-opaque")),
    ("range-requested", Some("not-range-status")),
];

fn is_quiet(event: &Event) -> bool {
    match event {
        Event::Rewrote { .. } => true,
        Event::Ruled(ruling) => {
            let json = serde_json::to_value(ruling).expect("a ruling is plain data");
            QUIET.iter().any(|(rule, verdict)| {
                json["rule"] == *rule && verdict.is_none_or(|verdict| json["verdict"] == verdict)
            })
        }
        _ => false,
    }
}

fn line(event: &Event) -> String {
    match event {
        Event::Entered(algorithm) => algorithm.as_str().to_owned(),
        Event::Request(request) => format!(
            "request {} {} mode={} credentials={} origin={} redirects={} {}",
            request.method,
            request.url,
            request.mode,
            request.credentials_mode,
            request.origin,
            request.redirect_count,
            headers(&request.header_list)
        ),
        Event::Deferred { method, url, activate_after } => {
            let after = activate_after.map_or(String::new(), |after| format!(" for {after:?} at most"));
            format!("deferred {method} {url}{after}")
        }
        Event::Ruled(ruling) => {
            let word = if ruling.blocks() { "refused" } else { "ruled" };
            let json = serde_json::to_string(ruling).expect("a ruling is plain data");
            format!("{word} {json}")
        }
        Event::Rewrote { header, value: Some(value) } => {
            format!("rewrote {header}: {}", value.escape_ascii())
        }
        Event::Rewrote { header, value: None } => format!("removed {header}"),
        Event::Wire(event) => wire_line(event),
        Event::BodyEnded { encoded, decoded, error } => {
            let error = error.as_ref().map_or(String::new(), |error| format!(", {}", error.code()));
            format!("body ended: {encoded} bytes encoded, {decoded} decoded{error}")
        }
        Event::Ended(Outcome::Response { response_type, status, internal_status, header_list, url }) => {
            let url = url.as_ref().map_or("no URL", |url| url.href());
            format!("ended: {response_type} {status} (of {internal_status}) {url} {}", headers(header_list))
        }
        Event::Ended(Outcome::NetworkError(error)) => format!("ended: network error {}", error.code()),
        other => format!("{other:?}"),
    }
}

fn wire_line(event: &WireEvent) -> String {
    match event {
        WireEvent::Resolving { host } => format!("~ resolving {}", host.escape_default()),
        WireEvent::Resolved { addresses } => format!("~ resolved {addresses:?}"),
        WireEvent::Connecting { address } => format!("~ connecting {address}"),
        WireEvent::ConnectFailed { address, error } => {
            format!("~ connecting {address} failed: {}", error.escape_default())
        }
        WireEvent::Connected { address } => format!("~ connected {address}"),
        WireEvent::ConnectingToUnixSocket { path } => format!("~ connecting {}", path.escape_default()),
        WireEvent::ConnectedToUnixSocket { path } => format!("~ connected {}", path.escape_default()),
        WireEvent::ThroughProxy { proxy } => format!("~ through {}", proxy.escape_default()),
        WireEvent::TlsStarted { host } => format!("~ tls {}", host.escape_default()),
        WireEvent::TlsDone { version, cipher_suite, alpn } => {
            format!("~ tls done {version} {cipher_suite} {}", alpn.escape_default())
        }
        WireEvent::Reused { protocol } => format!("~ reused {}", word(*protocol)),
        WireEvent::Sent { method, url, header_list, protocol } => {
            format!("> {method} {url} {} {}", word(*protocol), headers(header_list))
        }
        WireEvent::BodySent { bytes } => format!("> {bytes} bytes"),
        WireEvent::Interim { status, header_list } => format!("< {status} {}", headers(header_list)),
        WireEvent::Head { status, status_message, header_list, protocol, .. } => {
            let mut line = format!("< {status}");
            if !status_message.is_empty() {
                line.push_str(&format!(" {}", status_message.escape_ascii()));
            }
            format!("{line} {} {}", word(*protocol), headers(header_list))
        }
        other => format!("~ {other:?}"),
    }
}

fn word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Http1 => "http/1.1",
        Protocol::Http2 => "h2",
    }
}

/// In order, values and all: a story's secrets are the test's own.
fn headers(list: &HeaderList) -> String {
    let headers: Vec<String> = list
        .iter()
        .map(|header| format!("{}: {}", header.name().escape_ascii(), header.value().escape_ascii()))
        .collect();
    format!("{{{}}}", headers.join(" | "))
}

fn first_difference(written: &str, told: &str) -> String {
    let (mut written, mut told) = (written.lines(), told.lines());
    for number in 1.. {
        match (written.next(), told.next()) {
            (None, None) => break,
            (a, b) if a == b => {}
            (a, b) => {
                let (a, b) = (a.unwrap_or("(its end)"), b.unwrap_or("(its end)"));
                return format!("Line {number} was: {a}\nLine {number} is:  {b}\n");
            }
        }
    }
    "They differ in line ends only.\n".to_owned()
}
