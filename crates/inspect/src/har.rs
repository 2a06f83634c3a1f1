//! Recordings as [HAR 1.2](http://www.softwareishard.com/blog/har-12-spec/), which browsers' tools and many others read.
//!
//! An entry is an exchange: a redirect's, a preflight's and a retry's are entries of their own. A fetch that reached no
//! network has one, too, whose status is 0 unless it was answered all the same. What is ours has a name that begins with `_`.
//! The file is longer than most because all that the format asks for is here.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};
use sofetch_core::infrastructure::connections::Protocol;
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::timing::Timestamp;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::infrastructure::urlencoded::urlencoded_parser;
use sofetch_core::rulings::NetworkError;
use sofetch_core::trace::{Event, Outcome, WireEvent};

use crate::recording::{Entry, RecordedFetch, Recording};
use crate::safe_text::{Secrets, redacted_urls, redacted_value, text_of};
use crate::words::{purpose, words_for_network_error};

/// The document that these entries make, in the order in which they began.
pub fn har(mut entries: Vec<Value>) -> Value {
    // NB: times of one length and one zone, so that their texts are in their order.
    entries.sort_by(|a, b| a["startedDateTime"].as_str().cmp(&b["startedDateTime"].as_str()));
    json!({
        "log": {
            "version": "1.2",
            "creator": { "name": "sofetch", "version": env!("CARGO_PKG_VERSION") },
            "entries": entries,
        }
    })
}

/// The entries of a recording. `began` is the wall clock's time when the recording's was 0.
pub fn har_entries(recording: &Recording, began: SystemTime, secrets: Secrets) -> Vec<Value> {
    let mut entries = Vec::new();
    for fetch in &recording.fetches {
        entries_of(fetch, &Writer { began, secrets }, &mut entries);
    }
    entries
}

fn entries_of(fetch: &RecordedFetch, writer: &Writer, entries: &mut Vec<Value>) {
    let mut exchanges = Exchanges { done: Vec::new(), open: None, last_request: None, body: None };
    let (mut outcome, mut end) = (None, fetch.began);
    for entry in &fetch.entries {
        match entry {
            Entry::Child(child) => entries_of(child, writer, entries),
            Entry::Event(timed) => {
                end = timed.at;
                exchanges.hear(timed.at, &timed.event);
                if let Event::Ended(ended) = &timed.event {
                    outcome = Some(ended);
                }
            }
        }
    }
    exchanges.done.extend(exchanges.open);
    if exchanges.done.is_empty() {
        // Nothing went over a wire: what was asked, and how it was answered.
        let mut exchange = Exchange::new(fetch.began);
        exchange.asked = exchanges.last_request;
        exchange.ended = Some(end);
        if let Some(Outcome::Response { internal_status, header_list, .. }) = outcome {
            exchange.answer =
                Some(Answer { status: *internal_status, message: b"", headers: header_list, on: None });
        }
        exchange.body = exchanges.body;
        exchanges.done.push(exchange);
    }
    if let (Some(Outcome::NetworkError(error)), Some(last)) = (outcome, exchanges.done.last_mut()) {
        last.error = Some(error);
        last.ended.get_or_insert(end);
    }
    for exchange in &exchanges.done {
        let mut entry = writer.entry(exchange);
        if let (Some(object), Some(why)) = (entry.as_object_mut(), fetch.purpose) {
            object.insert("_purpose".to_owned(), purpose(why).into());
        }
        entries.push(entry);
    }
}

/// The exchanges of a fetch while its events are heard.
struct Exchanges<'a> {
    done: Vec<Exchange<'a>>,
    open: Option<Exchange<'a>>,
    /// What main fetch was asked last, until something is sent.
    last_request: Option<Asked<'a>>,
    body: Option<Body>,
}

/// A request, as far as it is known.
#[derive(Clone, Copy)]
struct Asked<'a> {
    method: &'a Method,
    url: &'a Url,
    headers: &'a HeaderList,
    /// On which HTTP it was sent; `None` where it was not.
    on: Option<Protocol>,
}

/// A response's head.
#[derive(Clone, Copy)]
struct Answer<'a> {
    status: u16,
    message: &'a [u8],
    headers: &'a HeaderList,
    on: Option<Protocol>,
}

/// How long a body was that was read to its end.
#[derive(Clone, Copy)]
struct Body {
    encoded: u64,
    decoded: u64,
}

/// One exchange, or the attempt at one.
struct Exchange<'a> {
    began: Timestamp,
    asked: Option<Asked<'a>>,
    answer: Option<Answer<'a>>,
    body: Option<Body>,
    sent_bytes: u64,
    address: Option<String>,
    error: Option<&'a NetworkError>,
    dns: Span,
    connect: Span,
    tls: Span,
    sent: Option<Timestamp>,
    body_sent: Option<Timestamp>,
    head: Option<Timestamp>,
    ended: Option<Timestamp>,
}

/// From the first beginning to the last end.
#[derive(Clone, Copy, Default)]
struct Span(Option<Timestamp>, Option<Timestamp>);

impl Span {
    fn begin(&mut self, at: Timestamp) {
        self.0.get_or_insert(at);
    }

    fn end(&mut self, at: Timestamp) {
        self.1 = Some(at);
    }

    fn length(self) -> Option<Duration> {
        Some(self.1?.since(self.0?))
    }
}

impl Exchange<'_> {
    fn new(began: Timestamp) -> Self {
        Exchange {
            began,
            asked: None,
            answer: None,
            body: None,
            sent_bytes: 0,
            address: None,
            error: None,
            dns: Span::default(),
            connect: Span::default(),
            tls: Span::default(),
            sent: None,
            body_sent: None,
            head: None,
            ended: None,
        }
    }
}

impl<'a> Exchanges<'a> {
    fn hear(&mut self, at: Timestamp, event: &'a Event) {
        match event {
            Event::Request(request) => {
                self.last_request = Some(Asked {
                    method: &request.method,
                    url: &request.url,
                    headers: &request.header_list,
                    on: None,
                });
            }
            Event::Wire(wire) => self.hear_wire(at, wire),
            Event::BodyEnded { encoded, decoded, .. } => {
                let body = Body { encoded: *encoded, decoded: *decoded };
                self.body = Some(body);
                if let Some(open) = self.open.as_mut().filter(|open| open.head.is_some()) {
                    open.body = Some(body);
                    open.ended = Some(at);
                }
            }
            _ => {}
        }
    }

    fn hear_wire(&mut self, at: Timestamp, wire: &'a WireEvent) {
        match wire {
            WireEvent::Waiting { .. } | WireEvent::Reused { .. } | WireEvent::ThroughProxy { .. } => {
                self.open(at);
            }
            WireEvent::Resolving { .. } => self.open(at).dns.begin(at),
            WireEvent::Resolved { .. } => self.open(at).dns.end(at),
            WireEvent::Connecting { .. } | WireEvent::ConnectingToUnixSocket { .. } => {
                self.open(at).connect.begin(at);
            }
            WireEvent::Connected { .. }
            | WireEvent::ConnectedToUnixSocket { .. }
            | WireEvent::ConnectFailed { .. } => self.open(at).connect.end(at),
            WireEvent::TlsStarted { .. } => self.open(at).tls.begin(at),
            WireEvent::TlsDone { .. } => {
                let open = self.open(at);
                open.tls.end(at);
                open.connect.end(at);
            }
            WireEvent::Sent { method, url, header_list, protocol } => {
                let open = self.open(at);
                open.sent = Some(at);
                open.asked = Some(Asked { method, url, headers: header_list, on: Some(*protocol) });
            }
            WireEvent::BodySent { bytes } => {
                if let Some(open) = &mut self.open {
                    open.sent_bytes = open.sent_bytes.saturating_add(*bytes);
                    // What is sent after the answer began is none of the time before it.
                    if open.head.is_none() {
                        open.body_sent = Some(at);
                    }
                }
            }
            WireEvent::Head { status, status_message, header_list, protocol, remote_address } => {
                if let Some(open) = &mut self.open {
                    open.head = Some(at);
                    open.ended = Some(at);
                    open.address = remote_address.map(|address| address.ip().to_string());
                    open.answer = Some(Answer {
                        status: *status,
                        message: status_message,
                        headers: header_list,
                        on: Some(*protocol),
                    });
                }
            }
            _ => {}
        }
    }

    /// The exchange that this belongs to: what is on its way, or another after one that was sent.
    fn open(&mut self, at: Timestamp) -> &mut Exchange<'a> {
        if self.open.as_ref().is_some_and(|open| open.sent.is_some()) {
            self.done.extend(self.open.take());
        }
        let asked = self.last_request;
        self.open.get_or_insert_with(|| Exchange { asked, ..Exchange::new(at) })
    }
}

struct Writer {
    began: SystemTime,
    secrets: Secrets,
}

impl Writer {
    fn entry(&self, exchange: &Exchange<'_>) -> Value {
        // Each moment is no earlier than the one before it, whatever was not told.
        let sent = exchange.sent.or(exchange.ended).unwrap_or(exchange.began).max(exchange.began);
        let all_sent = exchange.body_sent.unwrap_or(sent).max(sent);
        let head = exchange.head.or(exchange.ended).unwrap_or(all_sent).max(all_sent);
        let end = exchange.ended.unwrap_or(head).max(head);
        let prepared = sent.since(exchange.began);
        let dns = exchange.dns.length().unwrap_or_default().min(prepared);
        let connect = exchange.connect.length().unwrap_or_default().min(prepared.saturating_sub(dns));
        let known =
            |span: Span, length: Duration| if span.length().is_some() { millis(length) } else { json!(-1) };
        let mut entry = json!({
            "startedDateTime": date_time(self.began + Duration::from_nanos(exchange.began.0)),
            "time": millis(end.since(exchange.began)),
            "request": self.request(exchange),
            "response": self.response(exchange),
            "cache": {},
            "timings": {
                "blocked": millis(prepared.saturating_sub(dns + connect)),
                "dns": known(exchange.dns, dns),
                "connect": known(exchange.connect, connect),
                "ssl": known(exchange.tls, exchange.tls.length().unwrap_or_default().min(connect)),
                "send": millis(all_sent.since(sent)),
                "wait": millis(head.since(all_sent)),
                "receive": millis(end.since(head)),
            },
        });
        if let (Some(object), Some(address)) = (entry.as_object_mut(), &exchange.address) {
            object.insert("serverIPAddress".to_owned(), address.clone().into());
        }
        if let (Some(object), Some(error)) = (entry.as_object_mut(), exchange.error) {
            let words = words_for_network_error(error);
            object.insert("comment".to_owned(), redacted_urls(&words, self.secrets).into());
        }
        entry
    }

    fn request(&self, exchange: &Exchange<'_>) -> Value {
        let Some(asked) = exchange.asked else {
            // The recording began too late to have heard of it.
            return json!({
                "method": "", "url": "", "httpVersion": "", "cookies": [], "headers": [], "queryString": [],
                "headersSize": -1, "bodySize": -1,
            });
        };
        let target = asked.url.path_and_query().len();
        // What was announced is what was sent, if anything was: the transport keeps to it.
        let announced = self.value(asked.headers, "Content-Length").parse().ok();
        let sent_bytes = announced.filter(|_| exchange.sent_bytes > 0).unwrap_or(exchange.sent_bytes);
        let mut request = json!({
            "method": asked.method.as_str(),
            "url": redacted_urls(asked.url.href_without_fragment(), self.secrets),
            "httpVersion": version(asked.on),
            "cookies": self.cookies(asked.headers, b"Cookie"),
            "headers": self.headers(asked.headers),
            "queryString": self.query(asked.url),
            "headersSize": head_size(asked.on, asked.method.as_str().len() + target + "  HTTP/1.1".len(), asked.headers),
            "bodySize": sent_bytes,
        });
        if let (Some(object), true) = (request.as_object_mut(), sent_bytes > 0) {
            let post_data = json!({
                "mimeType": self.value(asked.headers, "Content-Type"),
                "text": "",
                "comment": "the body is not recorded",
            });
            object.insert("postData".to_owned(), post_data);
        }
        request
    }

    fn response(&self, exchange: &Exchange<'_>) -> Value {
        let body = exchange.body;
        let size = |size: Option<u64>| size.map_or(json!(-1), Value::from);
        let mut response = match exchange.answer {
            Some(answer) => json!({
                "status": answer.status,
                "statusText": redacted_value(b"", answer.message, self.secrets),
                "httpVersion": version(answer.on),
                "cookies": self.cookies(answer.headers, b"Set-Cookie"),
                "headers": self.headers(answer.headers),
                // What nobody read to its end is of no known size; this member has no word for that.
                "content": {
                    "size": body.map_or(0, |body| body.decoded),
                    "mimeType": self.value(answer.headers, "Content-Type"),
                },
                "redirectURL": self.value(answer.headers, "Location"),
                "headersSize":
                    head_size(answer.on, "HTTP/1.1 200 ".len() + answer.message.len(), answer.headers),
                "bodySize": size(body.map(|body| body.encoded)),
            }),
            None => json!({
                "status": 0, "statusText": "", "httpVersion": "", "cookies": [], "headers": [],
                "content": { "size": 0, "mimeType": "" }, "redirectURL": "", "headersSize": -1, "bodySize": -1,
            }),
        };
        if let (Some(object), Some(error)) = (response.as_object_mut(), exchange.error) {
            object.insert("_error".to_owned(), error.code().into());
        }
        response
    }

    fn headers(&self, list: &HeaderList) -> Value {
        let header = |name: &[u8], value: &[u8]| json!({ "name": text_of(name), "value": redacted_value(name, value, self.secrets) });
        list.iter().map(|field| header(field.name(), field.value())).collect()
    }

    /// The first value of this name, or nothing.
    fn value(&self, list: &HeaderList, name: &str) -> String {
        let mut fields = list.iter();
        let field = fields.find(|field| field.name().eq_ignore_ascii_case(name.as_bytes()));
        field.map(|field| redacted_value(field.name(), field.value(), self.secrets)).unwrap_or_default()
    }

    /// Names and values; none at all where they are secret.
    fn cookies(&self, list: &HeaderList, name: &[u8]) -> Value {
        if self.secrets == Secrets::Redacted {
            return json!([]);
        }
        let texts = list
            .iter()
            .filter(|field| field.name().eq_ignore_ascii_case(name))
            .map(|field| text_of(field.value()));
        let mut cookies = Vec::new();
        for text in texts {
            match name {
                b"Cookie" => cookies.extend(text.split(';').map(|pair| Value::Object(cookie(pair)))),
                _ => cookies.push(set_cookie(&text)),
            }
        }
        cookies.into()
    }

    fn query(&self, url: &Url) -> Value {
        let query = format!("?{}", url.query().unwrap_or_default());
        let query = redacted_urls(&query, self.secrets);
        let pairs = urlencoded_parser(query.trim_start_matches('?').as_bytes());
        pairs.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
    }
}

fn cookie(pair: &str) -> Map<String, Value> {
    let (name, value) = pair.split_once('=').unwrap_or(("", pair));
    let mut cookie = Map::new();
    cookie.insert("name".to_owned(), name.trim().into());
    cookie.insert("value".to_owned(), value.trim().into());
    cookie
}

/// A cookie that is set, with the attributes that HAR has and that are written as it has them.
fn set_cookie(text: &str) -> Value {
    let mut parts = text.split(';');
    let mut cookie = cookie(parts.next().unwrap_or_default());
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        match &*name.trim().to_ascii_lowercase() {
            attribute @ ("path" | "domain") => cookie.insert(attribute.to_owned(), value.trim().into()),
            "httponly" => cookie.insert("httpOnly".to_owned(), true.into()),
            "secure" => cookie.insert("secure".to_owned(), true.into()),
            _ => None,
        };
    }
    Value::Object(cookie)
}

fn version(on: Option<Protocol>) -> &'static str {
    match on {
        Some(Protocol::Http1) => "HTTP/1.1",
        Some(Protocol::Http2) => "HTTP/2",
        None => "",
    }
}

/// How many bytes a head takes up to its empty line, with a blank after each colon; -1 where headers are compressed.
fn head_size(on: Option<Protocol>, first_line: usize, headers: &HeaderList) -> Value {
    match on {
        Some(Protocol::Http1) => {
            let lines: usize = headers.iter().map(|field| field.name().len() + field.value().len() + 4).sum();
            (first_line + 2 + lines + 2).into()
        }
        Some(Protocol::Http2) | None => json!(-1),
    }
}

/// Milliseconds, to the microsecond.
fn millis(duration: Duration) -> Value {
    json!(duration.as_micros() as f64 / 1e3)
}

/// `2015-03-17T09:05:00.000Z`; what is before 1970 is its beginning.
fn date_time(at: SystemTime) -> String {
    let since_epoch = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (seconds, millis) = (since_epoch.as_secs(), since_epoch.subsec_millis());
    let (mut days, of_day) = (seconds / 86_400, seconds % 86_400);
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z", month + 1, days + 1)
}

#[cfg(test)]
#[path = "har_tests.rs"]
mod tests;
