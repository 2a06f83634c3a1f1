//! Events as `tracing` has them: a room is a span, a ruling or something on the wire is an event. [`Both`] lets two listen.
//!
//! Target is `sofetch`. What refuses is a warning, what decides is information, what idles is a trace; credentials are
//! redacted always, for a log is nobody's own.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sofetch_core::trace::{Algorithm, Event, Observer, Outcome, TraceId, WireEvent};
use tracing::Span;

use crate::safe_text::{Secrets, escaped, redacted, redacted_urls};
use crate::words::{Weight, purpose, weight, words, words_for_network_error};

/// Two observers as one.
pub struct Both(pub Arc<dyn Observer>, pub Arc<dyn Observer>);

impl Observer for Both {
    fn event(&self, id: TraceId, event: &Event) {
        self.0.event(id, event);
        self.1.event(id, event);
    }

    fn begin(&self) -> u32 {
        // Both hear the same ids: whichever counts further tells them apart.
        self.0.begin().max(self.1.begin())
    }
}

/// An observer that speaks to `tracing`.
///
/// One serves any number of fetches, each under spans of its own, as a recorder does. Its spans are children of the span that was
/// current when it was made.
pub struct Spans {
    within: Span,
    rooms: Mutex<HashMap<TraceId, Vec<Span>>>,
    begun: AtomicU32,
}

impl Spans {
    /// An observer for a fetch that belongs to the current span.
    pub fn new() -> Arc<Spans> {
        Arc::new(Spans { within: Span::current(), rooms: Mutex::default(), begun: AtomicU32::new(0) })
    }

    fn innermost(&self, id: TraceId) -> Span {
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.get(&id).and_then(|spans| spans.last()).unwrap_or(&self.within).clone()
    }

    /// NB: what an earlier fetch of that id left behind is closed.
    fn open(&self, id: TraceId, span: Option<Span>) {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let left = match span {
            Some(span) => rooms.insert(id, vec![span]),
            None => rooms.remove(&id),
        };
        drop(rooms);
        drop(left);
    }

    fn push(&self, id: TraceId, span: Span) {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default().push(span);
    }

    fn pop(&self, id: TraceId) -> Option<Span> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let spans = rooms.get_mut(&id)?;
        let span = spans.pop();
        if spans.is_empty() {
            rooms.remove(&id);
        }
        span
    }
}

impl Observer for Spans {
    fn begin(&self) -> u32 {
        self.begun.fetch_add(1, Ordering::Relaxed)
    }

    fn event(&self, id: TraceId, event: &Event) {
        // NB: no lock is held while a subscriber runs: it may fetch.
        match event {
            Event::Began { parent, purpose: why } => {
                let span = parent.map(|parent| {
                    let why = why.map_or("child", purpose);
                    tracing::debug_span!(target: "sofetch", parent: &self.innermost(parent), "child", purpose = why)
                });
                self.open(id, span);
            }
            Event::Entered(algorithm) => {
                let span = room(*algorithm, &self.innermost(id));
                self.push(id, span);
            }
            Event::Left(_) => drop(self.pop(id)),
            event => tell(&self.innermost(id), event),
        }
    }
}

/// A span's name is fixed where it stands in the code; so each algorithm has its own.
fn room(algorithm: Algorithm, within: &Span) -> Span {
    macro_rules! rooms {
        ($($algorithm:ident $name:literal,)*) => {
            match algorithm {
                $(Algorithm::$algorithm => tracing::debug_span!(target: "sofetch", parent: within, $name),)*
            }
        };
    }
    rooms! {
        Fetch "fetch",
        MainFetch "main-fetch",
        OverrideFetch "override-fetch",
        SchemeFetch "scheme-fetch",
        HttpFetch "http-fetch",
        HandleFetch "handle-fetch",
        HttpRedirectFetch "http-redirect-fetch",
        HttpNetworkOrCacheFetch "http-network-or-cache-fetch",
        HttpNetworkFetch "http-network-fetch",
        CorsPreflightFetch "cors-preflight-fetch",
        FetchResponseHandover "fetch-response-handover",
        EstablishAWebSocketConnection "establish-a-websocket-connection",
        FetchLater "fetch-later",
        ProcessADeferredFetch "process-a-deferred-fetch",
    }
}

fn tell(span: &Span, event: &Event) {
    match event {
        Event::Request(request) => {
            let (method, url) = (request.method.as_str(), url(request.url.href()));
            tracing::debug!(target: "sofetch", parent: span, method, url, mode = request.mode, "request");
        }
        Event::Deferred { method, url: later, .. } => {
            let (method, url) = (method.as_str(), url(later.href()));
            tracing::debug!(target: "sofetch", parent: span, method, url, "deferred");
        }
        Event::Ruled(ruling) => {
            let (rule, words) = (ruling.rule(), words(ruling));
            match weight(ruling) {
                Weight::Refused => tracing::warn!(target: "sofetch", parent: span, rule, "{words}"),
                Weight::Failed => tracing::info!(target: "sofetch", parent: span, rule, "{words}"),
                Weight::Passed | Weight::Noted => {
                    tracing::debug!(target: "sofetch", parent: span, rule, "{words}")
                }
                Weight::Idle => tracing::trace!(target: "sofetch", parent: span, rule, "{words}"),
            }
        }
        Event::Rewrote { header, value } => {
            let value = value.as_ref().map(|value| redacted(header.as_bytes(), value, Secrets::Redacted));
            let value = value.as_deref();
            tracing::trace!(target: "sofetch", parent: span, header, value, "header set by the engine");
        }
        Event::Wire(wire) => tell_wire(span, wire),
        Event::BodyEnded { encoded, decoded, error } => {
            let error = error.as_ref().map(words_for_network_error);
            let error = error.as_deref();
            tracing::debug!(target: "sofetch", parent: span, encoded, decoded, error, "body ended");
        }
        Event::Ended(Outcome::Response { response_type, status, internal_status, .. }) => {
            tracing::debug!(target: "sofetch", parent: span, response_type, status, internal_status, "answered");
        }
        Event::Ended(Outcome::NetworkError(error)) => {
            let (code, words) = (error.code(), words_for_network_error(error));
            tracing::warn!(target: "sofetch", parent: span, code, "network error: {words}");
        }
        _ => {}
    }
}

fn tell_wire(span: &Span, wire: &WireEvent) {
    match wire {
        WireEvent::Waiting { limit } => {
            tracing::debug!(target: "sofetch", parent: span, limit, "waiting for a connection");
        }
        WireEvent::Resolving { host } => {
            tracing::trace!(target: "sofetch", parent: span, host = &*escaped(host), "resolving");
        }
        WireEvent::Resolved { addresses } => {
            tracing::trace!(target: "sofetch", parent: span, ?addresses, "resolved");
        }
        WireEvent::Connecting { address } => {
            tracing::trace!(target: "sofetch", parent: span, %address, "connecting");
        }
        WireEvent::ConnectFailed { address, error } => {
            tracing::debug!(target: "sofetch", parent: span, %address, error = &*escaped(error), "connecting failed");
        }
        WireEvent::Connected { address } => {
            tracing::trace!(target: "sofetch", parent: span, %address, "connected");
        }
        WireEvent::ConnectingToUnixSocket { path } => {
            tracing::trace!(target: "sofetch", parent: span, path = &*escaped(path), "connecting to a socket");
        }
        WireEvent::ConnectedToUnixSocket { path } => {
            tracing::trace!(target: "sofetch", parent: span, path = &*escaped(path), "connected to a socket");
        }
        WireEvent::ThroughProxy { proxy } => {
            tracing::debug!(target: "sofetch", parent: span, proxy = url(proxy), "through a proxy");
        }
        WireEvent::TlsStarted { host } => {
            tracing::trace!(target: "sofetch", parent: span, host = &*escaped(host), "TLS handshake");
        }
        WireEvent::TlsDone { version, cipher_suite, alpn } => {
            let [version, cipher_suite, alpn] = [version, cipher_suite, alpn].map(|said| escaped(said));
            let (version, cipher_suite, alpn) = (&*version, &*cipher_suite, &*alpn);
            tracing::trace!(target: "sofetch", parent: span, version, cipher_suite, alpn, "TLS handshake done");
        }
        WireEvent::Reused { protocol } => {
            tracing::trace!(target: "sofetch", parent: span, protocol = protocol.as_str(), "connection reused");
        }
        WireEvent::Sent { method, url: sent_to, protocol, .. } => {
            let (method, url) = (method.as_str(), url(sent_to.href()));
            tracing::debug!(target: "sofetch", parent: span, method, url, protocol = protocol.as_str(), "sent");
        }
        WireEvent::BodySent { bytes } => {
            tracing::trace!(target: "sofetch", parent: span, bytes, "body sent");
        }
        WireEvent::Interim { status, .. } => {
            tracing::debug!(target: "sofetch", parent: span, status, "interim response");
        }
        WireEvent::Head { status, protocol, .. } => {
            tracing::debug!(target: "sofetch", parent: span, status, protocol = protocol.as_str(), "response head");
        }
        _ => {}
    }
}

fn url(url: &str) -> String {
    escaped(&*redacted_urls(url, Secrets::Redacted)).into_owned()
}

#[cfg(test)]
#[path = "tracing_tests.rs"]
mod tests;
