//! The trace: what a fetch tells whoever listens. Algorithms entered and left, rulings, the wire; nothing decides here.
//!
//! A [`Trace`] is always there and may be off: then it costs a branch, and no event is even built.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;

use crate::infrastructure::connections::Protocol;
use crate::infrastructure::header_list::HeaderList;
use crate::infrastructure::header_names::is_secret_name;
use crate::infrastructure::methods::Method;
use crate::infrastructure::statuses::Status;
use crate::infrastructure::url::Url;
use crate::infrastructure::words::words;
use crate::rulings::{NetworkError, Ruling};

words! {
    /// The algorithms that a trace names.
    Algorithm {
        Fetch = "fetch",
        MainFetch = "main-fetch",
        OverrideFetch = "override-fetch",
        SchemeFetch = "scheme-fetch",
        HttpFetch = "http-fetch",
        HandleFetch = "handle-fetch",
        HttpRedirectFetch = "http-redirect-fetch",
        HttpNetworkOrCacheFetch = "http-network-or-cache-fetch",
        HttpNetworkFetch = "http-network-fetch",
        CorsPreflightFetch = "cors-preflight-fetch",
        FetchResponseHandover = "fetch-response-handover",
        EstablishAWebSocketConnection = "establish-a-websocket-connection",
        FetchLater = "fetch-later",
        ProcessADeferredFetch = "process-a-deferred-fetch",
    }
}

words! {
    /// Why a trace has a child.
    Purpose {
        Preflight = "preflight",
        Revalidation = "revalidation",
        Retry = "retry",
    }
}

/// Which fetch (or child of one) an event belongs to; unique under one observer's root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
pub struct TraceId(pub u64);

/// Listens. Every method is called from within the fetch: it must not block.
pub trait Observer: Send + Sync {
    /// Something happened in the fetch `id`. Events of one fetch come in order.
    fn event(&self, id: TraceId, event: &Event);

    /// A number for a fetch that begins: the upper half of its ids, and of its children's. Who listens to several
    /// fetches at once gives each its own.
    fn begin(&self) -> u32 {
        0
    }
}

/// What can happen.
#[derive(Clone)]
#[non_exhaustive]
pub enum Event {
    /// A fetch began, or a child of one.
    Began {
        /// The fetch it serves.
        parent: Option<TraceId>,
        /// What for.
        purpose: Option<Purpose>,
    },
    /// An algorithm begins.
    Entered(Algorithm),
    /// It is left, by whatever door.
    Left(Algorithm),
    /// A request waits to be sent: until its time has come or its page is left. [`Event::Entered`] with
    /// [`Algorithm::ProcessADeferredFetch`] ends that.
    Deferred {
        /// Its method.
        method: Method,
        /// Its URL.
        url: Url,
        /// How long at most.
        activate_after: Option<Duration>,
    },
    /// A request is about to be judged by main fetch; again at each redirect.
    Request(Box<RequestSnapshot>),
    /// A rule judged.
    Ruled(Box<Ruling>),
    /// The engine changed a header of the request.
    Rewrote {
        /// The name, in the Standard's case.
        header: &'static str,
        /// The new value; `None` when it was removed.
        value: Option<Bytes>,
    },
    /// Something happened on the wire.
    Wire(WireEvent),
    /// The body was read to its end (or failed).
    BodyEnded {
        /// Bytes before content codings.
        encoded: u64,
        /// Bytes after.
        decoded: u64,
        /// What cut it short.
        error: Option<NetworkError>,
    },
    /// The fetch answered.
    Ended(Outcome),
}

impl fmt::Debug for Event {
    /// Credentials never reach a log by way of `{:?}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Began { parent, purpose } => {
                f.debug_struct("Began").field("parent", parent).field("purpose", purpose).finish()
            }
            Event::Entered(algorithm) => f.debug_tuple("Entered").field(algorithm).finish(),
            Event::Left(algorithm) => f.debug_tuple("Left").field(algorithm).finish(),
            Event::Deferred { method, url, activate_after } => f
                .debug_struct("Deferred")
                .field("method", method)
                .field("url", url)
                .field("activate_after", activate_after)
                .finish(),
            Event::Request(snapshot) => f.debug_tuple("Request").field(snapshot).finish(),
            Event::Ruled(ruling) => f.debug_tuple("Ruled").field(ruling).finish(),
            Event::Rewrote { header, value } => {
                let secret = is_secret_name(header.as_bytes());
                let shown = value.as_ref().map(|value| if secret { &b"[redacted]"[..] } else { value });
                let shown = shown.map(|value| value.escape_ascii().to_string());
                f.debug_struct("Rewrote").field("header", header).field("value", &shown).finish()
            }
            Event::Wire(event) => f.debug_tuple("Wire").field(event).finish(),
            Event::BodyEnded { encoded, decoded, error } => f
                .debug_struct("BodyEnded")
                .field("encoded", encoded)
                .field("decoded", decoded)
                .field("error", error)
                .finish(),
            Event::Ended(outcome) => f.debug_tuple("Ended").field(outcome).finish(),
        }
    }
}

/// The request as main fetch sees it.
#[derive(Clone, Debug)]
pub struct RequestSnapshot {
    /// The method.
    pub method: Method,
    /// The current URL.
    pub url: Url,
    /// The request's own headers, before dressing.
    pub header_list: HeaderList,
    /// The mode's word.
    pub mode: &'static str,
    /// The credentials mode's word.
    pub credentials_mode: &'static str,
    /// The origin, serialized.
    pub origin: String,
    /// How many redirects came before.
    pub redirect_count: u32,
}

/// How a fetch answered.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// With a response: type and status as the caller sees them, and as the server sent them.
    Response {
        /// The response type's word.
        response_type: &'static str,
        /// As seen.
        status: Status,
        /// Of the internal response.
        internal_status: Status,
        /// The internal response's headers.
        header_list: HeaderList,
        /// The last URL.
        url: Option<Url>,
    },
    /// With a network error.
    NetworkError(NetworkError),
}

/// The wire's life.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum WireEvent {
    /// All the connections that a host may have are in use: the fetch waits for one.
    Waiting {
        /// How many there may be.
        limit: usize,
    },
    /// A name is looked up.
    Resolving {
        /// The name.
        host: String,
    },
    /// It was found.
    Resolved {
        /// In the order in which they are tried.
        addresses: Vec<SocketAddr>,
    },
    /// A transport is being connected.
    Connecting {
        /// To whom.
        address: SocketAddr,
    },
    /// It did not connect.
    ConnectFailed {
        /// To whom.
        address: SocketAddr,
        /// The io error's text.
        error: String,
    },
    /// It is connected.
    Connected {
        /// To whom.
        address: SocketAddr,
    },
    /// A Unix domain socket is being connected to, in place of an address.
    ConnectingToUnixSocket {
        /// Its path.
        path: String,
    },
    /// It is connected.
    ConnectedToUnixSocket {
        /// Its path.
        path: String,
    },
    /// A proxy is in between.
    ThroughProxy {
        /// Its URL without credentials.
        proxy: String,
    },
    /// The TLS handshake begins.
    TlsStarted {
        /// The name asked for.
        host: String,
    },
    /// It ended.
    TlsDone {
        /// `TLSv1_3` ...
        version: String,
        /// The cipher suite.
        cipher_suite: String,
        /// The protocol agreed on, empty for none.
        alpn: String,
    },
    /// A connection of the pool is used again.
    Reused {
        /// Which HTTP it speaks.
        protocol: Protocol,
    },
    /// The request's head was sent.
    Sent {
        /// The method.
        method: Method,
        /// The URL.
        url: Url,
        /// The headers, in the order in which they were handed to the transport.
        header_list: HeaderList,
        /// Which HTTP.
        protocol: Protocol,
    },
    /// Bytes of the request's body were handed to the transport.
    BodySent {
        /// How many.
        bytes: u64,
    },
    /// An interim response came.
    Interim {
        /// 100 to 199.
        status: Status,
        /// Its headers.
        header_list: HeaderList,
    },
    /// The final response's head came.
    Head {
        /// The status.
        status: Status,
        /// The reason phrase.
        status_message: Bytes,
        /// The headers.
        header_list: HeaderList,
        /// Which HTTP.
        protocol: Protocol,
        /// The address that the socket is connected to.
        remote_address: Option<SocketAddr>,
    },
}

/// Where a fetch's events go. Cheap to clone; off by default.
#[derive(Clone, Default)]
pub struct Trace(Option<Arc<Root>>, u64);

struct Root {
    observer: Arc<dyn Observer>,
    next: AtomicU64,
}

impl Trace {
    /// No observer.
    pub fn off() -> Trace {
        Trace(None, 0)
    }

    /// Tells `observer` that a fetch began, and all that follows.
    pub fn new(observer: Arc<dyn Observer>) -> Trace {
        let base = u64::from(observer.begin()) << 32;
        let trace = Trace(Some(Arc::new(Root { observer, next: AtomicU64::new(base | 2) })), base | 1);
        trace.emit(|| Event::Began { parent: None, purpose: None });
        trace
    }

    /// Is anybody listening?
    #[inline]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Tells an event, built only if somebody listens.
    #[inline]
    pub fn emit(&self, event: impl FnOnce() -> Event) {
        if let Some(root) = &self.0 {
            root.observer.event(TraceId(self.1), &event());
        }
    }

    /// Tells that an algorithm is entered; the guard tells that it is left.
    #[inline]
    pub fn enter(&self, algorithm: Algorithm) -> Room {
        self.emit(|| Event::Entered(algorithm));
        Room { trace: self.clone(), algorithm }
    }

    /// A trace of its own under this one.
    #[must_use]
    pub fn child(&self, purpose: Purpose) -> Trace {
        let Some(root) = &self.0 else { return Trace::off() };
        let child = Trace(Some(root.clone()), root.next.fetch_add(1, Ordering::Relaxed));
        child.emit(|| Event::Began { parent: Some(TraceId(self.1)), purpose: Some(purpose) });
        child
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_on() { "Trace(on)" } else { "Trace(off)" })
    }
}

/// Tells, when dropped, that an algorithm is left.
#[must_use = "dropping it at once tells that the algorithm is left"]
pub struct Room {
    trace: Trace,
    algorithm: Algorithm,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.trace.emit(|| Event::Left(self.algorithm));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::atomic::AtomicU32;

    #[derive(Default)]
    struct Ids(AtomicU32, Mutex<Vec<u64>>);

    impl Observer for Ids {
        fn event(&self, id: TraceId, _: &Event) {
            self.1.lock().expect("no test panics while it listens").push(id.0);
        }
        fn begin(&self) -> u32 {
            self.0.fetch_add(1, Ordering::Relaxed)
        }
    }

    #[test]
    fn fetches_of_one_observer_are_told_apart() {
        let observer = Arc::new(Ids::default());
        let (a, b) = (Trace::new(observer.clone()), Trace::new(observer.clone()));
        let (child_of_b, child_of_a) = (b.child(Purpose::Preflight), a.child(Purpose::Preflight));
        drop(child_of_a.enter(Algorithm::Fetch));
        drop(child_of_b.enter(Algorithm::Fetch));
        let ids = observer.1.lock().expect("nobody panicked").clone();
        assert_eq!(ids, [1, 1 << 32 | 1, 1 << 32 | 2, 2, 2, 2, 1 << 32 | 2, 1 << 32 | 2]);
    }

    #[test]
    fn off_builds_no_event() {
        let trace = Trace::off();
        trace.emit(|| unreachable!("nobody listens"));
        assert!(!trace.child(Purpose::Retry).is_on());
    }

    #[test]
    fn credentials_are_redacted_in_debug() {
        let event = Event::Rewrote { header: "Cookie", value: Some(Bytes::from_static(b"a=secret")) };
        assert!(!format!("{event:?}").contains("secret"));
        let event = Event::Rewrote { header: "Origin", value: Some(Bytes::from_static(b"https://a.test")) };
        assert!(format!("{event:?}").contains("https://a.test"));
    }
}
