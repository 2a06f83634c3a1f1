//! What `inspect` tells of a recording: the tree, the report, violations, the version of HTTP.

use sofetch::core::infrastructure::connections::Protocol;
use sofetch::core::rules::content_security_policy::CspBlocking;
use sofetch::core::trace::WireEvent;
use sofetch::{Event, Ruling};
use sofetch_inspect::tree::{Options, tree};
use sofetch_inspect::{Entry, RecordedFetch, Recording, Secrets, words};

use crate::offline::Outgoing;
use crate::output::Paint;

/// The decisions, a line each.
pub(crate) fn decisions(recording: &Recording, secrets: Secrets, paint: Paint) -> String {
    tree(recording, options(secrets, paint))
}

/// How `inspect` prints for this stream.
pub(crate) fn options(secrets: Secrets, paint: Paint) -> Options {
    Options { colour: paint.is_on(), secrets, verbose: false }
}

/// What violates policies that are only reported, a sentence each.
pub(crate) fn reported(recording: &Recording) -> Vec<String> {
    let events = recording.fetches.iter().flat_map(RecordedFetch::events);
    let violations = events.filter_map(|timed| match &timed.event {
        Event::Ruled(ruling) if matches!(**ruling, Ruling::CspBlocking(CspBlocking::Reported { .. })) => {
            Some(words(ruling))
        }
        _ => None,
    });
    violations.collect()
}

/// The head of the request that was sent last for the fetch itself; its body is not recorded.
pub(crate) fn last_sent(recording: &Recording) -> Option<Outgoing> {
    let sent = wire_events(recording).filter_map(|event| match event {
        WireEvent::Sent { method, url, header_list, protocol } => Some(Outgoing {
            method: method.as_str().to_owned(),
            url: url.clone(),
            headers: header_list.clone(),
            body: None,
            protocol: *protocol,
        }),
        _ => None,
    });
    sent.last()
}

/// What was measured, a line each: from the fetch's begin to its last event, and who answered.
pub(crate) fn measured(recording: &Recording) -> String {
    let Some(fetch) = recording.fetches.first() else { return String::new() };
    let ended = fetch.entries.iter().filter_map(|entry| match entry {
        Entry::Event(timed) => Some(timed.at),
        Entry::Child(_) => None,
    });
    let elapsed = ended.last().unwrap_or(fetch.began).since(fetch.began);
    let mut lines = format!("\nElapsed time: {:.6}s\n", elapsed.as_secs_f64());
    let heads = wire_events(recording).filter_map(|event| match event {
        WireEvent::Head { remote_address, .. } => *remote_address,
        _ => None,
    });
    if let Some(address) = heads.last() {
        lines.push_str(&format!("Remote address: {address}\n"));
    }
    lines
}

/// The wire's events of the fetch itself.
fn wire_events(recording: &Recording) -> impl Iterator<Item = &WireEvent> {
    let entries = recording.fetches.iter().flat_map(|fetch| &fetch.entries);
    entries.filter_map(|entry| match entry {
        Entry::Event(timed) => match &timed.event {
            Event::Wire(event) => Some(event),
            _ => None,
        },
        Entry::Child(_) => None,
    })
}

/// The version in which the last response of the fetch itself came, as status lines write it.
pub(crate) fn http_version(recording: &Recording) -> &'static str {
    let heads = wire_events(recording).filter_map(|event| match event {
        WireEvent::Head { protocol, .. } => Some(*protocol),
        _ => None,
    });
    match heads.last() {
        Some(Protocol::Http1) => "HTTP/1.1",
        Some(Protocol::Http2) => "HTTP/2",
        None => "HTTP",
    }
}
