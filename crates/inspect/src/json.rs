//! A recording as JSON, schema `sofetch-trace/1`; `docs/schema.md` describes it.
//!
//! The shape is these types: a field that is added keeps the schema's name, one that changes or goes makes a new one.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;
use sofetch_core::infrastructure::connections::Protocol;
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::timing::Timestamp;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::rulings::{NetworkError, Ruling};
use sofetch_core::trace::{Algorithm, Event, Outcome, Purpose, WireEvent};

use crate::codes::code;
use crate::recording::{Entry, RecordedFetch, Recording, Timed};
use crate::safe_text::{Secrets, is_unsafe, redacted_urls, redacted_value};
use crate::words::{Weight, hint, hint_for_network_error, weight, words, words_for_network_error};

/// The schema's name and version.
pub const SCHEMA: &str = "sofetch-trace/1";

impl Recording {
    /// The recording as a JSON value of schema [`SCHEMA`].
    pub fn to_json(&self, secrets: Secrets) -> Value {
        let writer = Writer { start: self.start(), secrets };
        let recording = RecordingJson {
            schema: SCHEMA,
            dropped: self.dropped,
            fetches: self.fetches.iter().map(|fetch| writer.fetch(fetch)).collect(),
        };
        to_value(&recording)
    }

    /// The same, printed for people and terminals: see [`printed`].
    pub fn to_json_text(&self, secrets: Secrets) -> String {
        printed(&self.to_json(secrets))
    }
}

/// JSON text with two blanks of indentation, in which also those characters are escaped that could lead a terminal or a
/// reader astray; whoever parses it gets the value all the same.
pub fn printed(value: &Value) -> String {
    safe(serde_json::to_string_pretty(value).unwrap_or_default())
}

/// The same on one line, for reports that have one a line.
pub fn printed_line(value: &Value) -> String {
    safe(value.to_string())
}

fn safe(text: String) -> String {
    if !text.chars().any(|character| character != '\n' && is_unsafe(character)) {
        return text;
    }
    let mut safe = String::with_capacity(text.len() + 64);
    let mut units = [0_u16; 2];
    for character in text.chars() {
        // NB: outside strings JSON is ASCII, and within them line feeds are escaped already.
        if character == '\n' || !is_unsafe(character) {
            safe.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut units) {
            safe.push_str(&format!("\\u{unit:04x}"));
        }
    }
    safe
}

/// A value of ours as JSON: all keys are strings and nothing fails.
pub(crate) fn to_value<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

/// A ruling: its serde form, with where it stands, what it did, and its sentence.
#[derive(Serialize)]
pub(crate) struct RulingJson {
    rule: &'static str,
    verdict: Value,
    anchor: &'static str,
    blocks: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    weight: Weight,
    words: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl RulingJson {
    pub(crate) fn of(ruling: &Ruling, secrets: Secrets) -> RulingJson {
        let mut verdict = to_value(ruling);
        let mut verdict = verdict.get_mut("verdict").map(Value::take).unwrap_or_default();
        redact(&mut verdict, secrets);
        RulingJson {
            rule: ruling.rule(),
            verdict,
            anchor: ruling.anchor(),
            blocks: ruling.blocks(),
            code: code(ruling),
            weight: weight(ruling),
            words: words(ruling),
            hint: hint(ruling),
        }
    }
}

/// Evidence may hold URLs, and they credentials.
fn redact(value: &mut Value, secrets: Secrets) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(clean) = redacted_urls(text, secrets) {
                *text = clean;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, secrets)),
        Value::Object(members) => members.values_mut().for_each(|member| redact(member, secrets)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A network error: its code, its sentence, and the ruling where there is one.
#[derive(Serialize)]
pub(crate) struct NetworkErrorJson {
    code: &'static str,
    words: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ruling: Option<RulingJson>,
}

impl NetworkErrorJson {
    pub(crate) fn of(error: &NetworkError, secrets: Secrets) -> NetworkErrorJson {
        NetworkErrorJson {
            code: error.code(),
            words: words_for_network_error(error),
            hint: hint_for_network_error(error),
            ruling: error.ruling().map(|ruling| RulingJson::of(ruling, secrets)),
        }
    }
}

#[derive(Serialize)]
struct RecordingJson {
    schema: &'static str,
    dropped: u64,
    fetches: Vec<FetchJson>,
}

#[derive(Serialize)]
struct FetchJson {
    id: u64,
    parent: Option<u64>,
    purpose: Option<Purpose>,
    began: f64,
    events: Vec<EntryJson>,
}

#[derive(Serialize)]
struct EntryJson {
    at: f64,
    #[serde(flatten)]
    event: EventJson,
}

type Headers = Vec<(String, String)>;

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "snake_case")]
enum EventJson {
    Child {
        fetch: FetchJson,
    },
    Entered {
        algorithm: Algorithm,
    },
    Left {
        algorithm: Algorithm,
    },
    Deferred {
        method: String,
        url: String,
        activate_after: Option<f64>,
    },
    Request {
        method: String,
        url: String,
        headers: Headers,
        mode: &'static str,
        credentials_mode: &'static str,
        origin: String,
        redirect_count: u32,
    },
    Ruled {
        ruling: RulingJson,
    },
    Rewrote {
        header: &'static str,
        value: Option<String>,
    },
    Waiting {
        limit: usize,
    },
    Resolving {
        host: String,
    },
    Resolved {
        addresses: Vec<String>,
    },
    Connecting {
        address: String,
    },
    ConnectFailed {
        address: String,
        error: String,
    },
    Connected {
        address: String,
    },
    ConnectingToUnixSocket {
        path: String,
    },
    ConnectedToUnixSocket {
        path: String,
    },
    ThroughProxy {
        proxy: String,
    },
    TlsStarted {
        host: String,
    },
    TlsDone {
        version: String,
        cipher_suite: String,
        alpn: String,
    },
    Reused {
        protocol: Protocol,
    },
    Sent {
        method: String,
        url: String,
        headers: Headers,
        protocol: Protocol,
    },
    BodySent {
        bytes: u64,
    },
    Interim {
        status: u16,
        headers: Headers,
    },
    Head {
        status: u16,
        status_message: String,
        headers: Headers,
        protocol: Protocol,
        remote_address: Option<String>,
    },
    BodyEnded {
        encoded: u64,
        decoded: u64,
        error: Option<NetworkErrorJson>,
    },
    Response {
        response_type: &'static str,
        status: u16,
        internal_status: u16,
        headers: Headers,
        url: Option<String>,
    },
    NetworkError {
        error: NetworkErrorJson,
    },
    Other,
}

struct Writer {
    start: Timestamp,
    secrets: Secrets,
}

impl Writer {
    fn fetch(&self, fetch: &RecordedFetch) -> FetchJson {
        FetchJson {
            id: fetch.id.0,
            parent: fetch.parent.map(|parent| parent.0),
            purpose: fetch.purpose,
            began: self.millis(fetch.began),
            events: fetch.entries.iter().map(|entry| self.entry(entry)).collect(),
        }
    }

    fn entry(&self, entry: &Entry) -> EntryJson {
        match entry {
            Entry::Event(Timed { at, event }) => EntryJson { at: self.millis(*at), event: self.event(event) },
            Entry::Child(child) => EntryJson {
                at: self.millis(child.began),
                event: EventJson::Child { fetch: self.fetch(child) },
            },
        }
    }

    fn event(&self, event: &Event) -> EventJson {
        match event {
            Event::Entered(algorithm) => EventJson::Entered { algorithm: *algorithm },
            Event::Left(algorithm) => EventJson::Left { algorithm: *algorithm },
            Event::Deferred { method, url, activate_after } => EventJson::Deferred {
                method: method.as_str().to_owned(),
                url: self.url(url),
                activate_after: activate_after.map(|after| after.as_secs_f64() * 1e3),
            },
            Event::Request(request) => EventJson::Request {
                method: request.method.as_str().to_owned(),
                url: self.url(&request.url),
                headers: self.headers(&request.header_list),
                mode: request.mode,
                credentials_mode: request.credentials_mode,
                origin: request.origin.clone(),
                redirect_count: request.redirect_count,
            },
            Event::Ruled(ruling) => EventJson::Ruled { ruling: RulingJson::of(ruling, self.secrets) },
            Event::Rewrote { header, value } => EventJson::Rewrote {
                header,
                value: value.as_ref().map(|value| redacted_value(header.as_bytes(), value, self.secrets)),
            },
            Event::Wire(wire) => self.wire(wire),
            Event::BodyEnded { encoded, decoded, error } => EventJson::BodyEnded {
                encoded: *encoded,
                decoded: *decoded,
                error: error.as_ref().map(|error| NetworkErrorJson::of(error, self.secrets)),
            },
            Event::Ended(Outcome::Response { response_type, status, internal_status, header_list, url }) => {
                EventJson::Response {
                    response_type,
                    status: *status,
                    internal_status: *internal_status,
                    headers: self.headers(header_list),
                    url: url.as_ref().map(|url| self.url(url)),
                }
            }
            Event::Ended(Outcome::NetworkError(error)) => {
                EventJson::NetworkError { error: NetworkErrorJson::of(error, self.secrets) }
            }
            // `Began` is the fetch itself; what is new has no form yet.
            _ => EventJson::Other,
        }
    }

    fn wire(&self, wire: &WireEvent) -> EventJson {
        match wire {
            WireEvent::Waiting { limit } => EventJson::Waiting { limit: *limit },
            WireEvent::Resolving { host } => EventJson::Resolving { host: host.clone() },
            WireEvent::Resolved { addresses } => {
                EventJson::Resolved { addresses: addresses.iter().map(ToString::to_string).collect() }
            }
            WireEvent::Connecting { address } => EventJson::Connecting { address: address.to_string() },
            WireEvent::ConnectFailed { address, error } => {
                EventJson::ConnectFailed { address: address.to_string(), error: self.text(error) }
            }
            WireEvent::Connected { address } => EventJson::Connected { address: address.to_string() },
            WireEvent::ConnectingToUnixSocket { path } => {
                EventJson::ConnectingToUnixSocket { path: self.text(path) }
            }
            WireEvent::ConnectedToUnixSocket { path } => {
                EventJson::ConnectedToUnixSocket { path: self.text(path) }
            }
            WireEvent::ThroughProxy { proxy } => EventJson::ThroughProxy { proxy: self.text(proxy) },
            WireEvent::TlsStarted { host } => EventJson::TlsStarted { host: host.clone() },
            WireEvent::TlsDone { version, cipher_suite, alpn } => EventJson::TlsDone {
                version: version.clone(),
                cipher_suite: cipher_suite.clone(),
                alpn: alpn.clone(),
            },
            WireEvent::Reused { protocol } => EventJson::Reused { protocol: *protocol },
            WireEvent::Sent { method, url, header_list, protocol } => EventJson::Sent {
                method: method.as_str().to_owned(),
                url: self.url(url),
                headers: self.headers(header_list),
                protocol: *protocol,
            },
            WireEvent::BodySent { bytes } => EventJson::BodySent { bytes: *bytes },
            WireEvent::Interim { status, header_list } => {
                EventJson::Interim { status: *status, headers: self.headers(header_list) }
            }
            WireEvent::Head { status, status_message, header_list, protocol, remote_address } => {
                EventJson::Head {
                    status: *status,
                    status_message: redacted_value(b"", status_message, self.secrets),
                    headers: self.headers(header_list),
                    protocol: *protocol,
                    remote_address: remote_address.map(|address| address.to_string()),
                }
            }
            _ => EventJson::Other,
        }
    }

    fn headers(&self, list: &HeaderList) -> Headers {
        list.iter()
            .map(|header| {
                let name = crate::safe_text::text_of(header.name());
                (name, redacted_value(header.name(), header.value(), self.secrets))
            })
            .collect()
    }

    fn url(&self, url: &Url) -> String {
        self.text(url.href())
    }

    fn text(&self, text: &str) -> String {
        redacted_urls(text, self.secrets).into_owned()
    }

    /// Milliseconds since the first fetch began, to the microsecond.
    fn millis(&self, at: Timestamp) -> f64 {
        at.since(self.start).as_micros() as f64 / 1e3
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
