//! What `inspect` tells of a recording: the tree, the report, violations, the version of HTTP.

use sofetch::core::infrastructure::connections::Protocol;
use sofetch::core::rules::content_security_policy::CspBlocking;
use sofetch::core::trace::WireEvent;
use sofetch::{Event, Ruling};
use sofetch_inspect::tree::{Options, tree};
use sofetch_inspect::{Entry, RecordedFetch, Recording, Secrets, words};

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

/// The version in which the last response of the fetch itself came, as status lines write it.
pub(crate) fn http_version(recording: &Recording) -> &'static str {
    let entries = recording.fetches.iter().flat_map(|fetch| &fetch.entries);
    let heads = entries.filter_map(|entry| match entry {
        Entry::Event(timed) => match &timed.event {
            Event::Wire(WireEvent::Head { protocol, .. }) => Some(*protocol),
            _ => None,
        },
        Entry::Child(_) => None,
    });
    match heads.last() {
        Some(Protocol::Http1) => "HTTP/1.1",
        Some(Protocol::Http2) => "HTTP/2",
        None => "HTTP",
    }
}
