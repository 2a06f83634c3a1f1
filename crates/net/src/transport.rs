//! The seam in front of HTTP/1.1: what an exchange asks of a codec, and what the one behind it cannot carry.
//!
//! Behind it is hyper (`hyper_transport.rs`). Against what browsers carry, hyper over `http` loses or refuses:
//!
//! | case | what becomes of it |
//! |---|---|
//! | case of a request's header names | each word capitalised: right for the names that the engine writes, not for `x-foo` or `DNT` |
//! | several request headers of one name, apart | sent side by side, where the first of them stands |
//! | control bytes (but tab) in a request's header value | [`WireFault::CannotCarry`] |
//! | a request target over 65,534 bytes, or bytes that `http::Uri` refuses | [`WireFault::CannotCarry`] |
//! | case of a response's header names | lower case |
//! | several response headers of one name, apart | kept in order, side by side where the first of them stands |
//! | control bytes in a response's header value | invalid head, as it must be for NUL |
//! | a status below 100 or not of three digits | invalid head; browsers take 0 to 999 |
//! | a reason phrase with bytes above 0x7F | empty |
//! | HTTP/1.0 with chunks, `ICY 200`, HTTP/0.9 | invalid head |
//! | the `Content-Length` values that were refused | not told |
//!
//! A codec of our own behind this trait would lift all of them.

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};

use sofetch_core::infrastructure::header_list::{Header, HeaderList};
use sofetch_core::infrastructure::header_names::KnownName;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::statuses::Status;
use sofetch_core::infrastructure::timing::Timestamp;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::ports::{Clock, Interim};
use sofetch_core::rules::verdict::said;
use sofetch_core::trace::{Event, Trace, WireEvent};
use sofetch_core::wire_faults::{NetworkFault, WireFault};

use crate::socket::{Socket, Traffic};
use crate::upload::Upload;

/// One HTTP/1.1 connection, driven by whoever polls it. One exchange at a time.
pub(crate) trait Transport: Send {
    /// Is it idle and still open, as far as one look tells?
    fn is_alive(&mut self) -> bool;

    /// Hands a request over; nothing is sent before the first poll. Its interim responses go where
    /// [`Transport::interims`] are told to.
    fn start(&mut self, head: RequestHead<'_>, body: Option<Upload>) -> Result<(), WireFault>;

    /// The interim responses of the exchange.
    fn interims(&self) -> &Interims;

    /// The final response's head.
    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<ResponseHead, HeadFailure>>;

    /// More of the response's body; `None` at its end.
    fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, NetworkFault>>>;

    /// Did the body end, as far as is known without polling?
    fn body_has_ended(&self) -> bool;

    /// After the response's end: can it carry another exchange?
    fn may_be_reused(&mut self) -> bool;

    /// After a 101: the socket, and what was read of it beyond the head; `None` where the codec has none to give. It carries no
    /// other exchange.
    fn poll_upgraded(&mut self, context: &mut Context<'_>) -> Poll<Option<(Socket, Bytes)>>;

    /// What is noticed of the traffic.
    fn traffic(&self) -> &Arc<Traffic>;
}

/// No head came.
pub(crate) struct HeadFailure {
    pub(crate) fault: NetworkFault,
    /// Was the request handed back, as nothing of it was ever written?
    pub(crate) unwritten: bool,
}

/// A request's head.
pub(crate) struct RequestHead<'a> {
    pub(crate) method: &'a Method,
    pub(crate) url: &'a Url,
    pub(crate) header_list: &'a HeaderList,
    /// In absolute form, for a proxy.
    pub(crate) absolute: bool,
    /// Must the body be sent in chunks?
    pub(crate) chunked: bool,
}

/// A final response's head.
pub(crate) struct ResponseHead {
    pub(crate) status: Status,
    pub(crate) status_message: Bytes,
    pub(crate) header_list: HeaderList,
}

/// Interim responses of one exchange after the other: counted, told, and too many at last.
#[derive(Clone)]
pub(crate) struct Interims(Arc<Told>);

struct Told {
    listener: Mutex<Listener>,
    limit: usize,
    clock: Arc<dyn Clock>,
    traffic: Option<Arc<Traffic>>,
}

#[derive(Default)]
struct Listener {
    count: usize,
    on_interim: Option<Box<dyn FnMut(Interim) + Send>>,
    trace: Trace,
}

impl Interims {
    pub(crate) fn new(limit: usize, clock: Arc<dyn Clock>, traffic: Option<Arc<Traffic>>) -> Interims {
        Interims(Arc::new(Told { listener: Mutex::default(), limit, clock, traffic }))
    }

    /// An exchange begins: none came yet.
    pub(crate) fn begin(&self, on_interim: Option<Box<dyn FnMut(Interim) + Send>>, trace: Trace) {
        *self.listener() = Listener { count: 0, on_interim, trace };
    }

    /// No more will come: nobody is kept for them.
    pub(crate) fn end(&self) {
        self.begin(None, Trace::default());
    }

    /// One came. Over the limit none is told any more.
    pub(crate) fn tell(&self, status: Status, headers: &HeaderMap) {
        let told = &*self.0;
        let started_at = self.started_at();
        if let Some(traffic) = &told.traffic {
            traffic.next_response();
        }
        let mut listener = self.listener();
        listener.count += 1;
        if listener.count > told.limit || (listener.on_interim.is_none() && !listener.trace.is_on()) {
            return;
        }
        let header_list = header_list(headers);
        listener.trace.emit(|| Event::Wire(WireEvent::Interim { status, header_list: header_list.clone() }));
        if let Some(on_interim) = &mut listener.on_interim {
            on_interim(Interim { status, header_list, started_at });
        }
    }

    /// When the response being received began, or now.
    pub(crate) fn started_at(&self) -> Timestamp {
        let noticed = self.0.traffic.as_ref().and_then(|traffic| traffic.first_read_at());
        noticed.unwrap_or_else(|| self.0.clock.now())
    }

    pub(crate) fn are_too_many(&self) -> bool {
        self.listener().count > self.0.limit
    }

    pub(crate) fn limit(&self) -> usize {
        self.0.limit
    }

    fn listener(&self) -> MutexGuard<'_, Listener> {
        self.0.listener.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A header list as `http` has it, names that are the transport's own left out.
///
/// `host` is the `Host` of a list without one; `room` is for so many headers more.
pub(crate) fn header_map(
    header_list: &HeaderList,
    host: Option<&HeaderValue>,
    room: usize,
) -> Result<HeaderMap, WireFault> {
    // NB: `http` panics beyond its capacity, except when asked like this.
    let mut map = HeaderMap::try_with_capacity(header_list.len() + usize::from(host.is_some()) + room)
        .map_err(|_| too_many_headers(header_list))?;
    if let Some(host) = host {
        // NB: a `Host` of the caller's takes the place of ours, and is first all the same.
        let said_host = header_list.first_known(KnownName::HOST).map(|header| header_value(header.value()));
        let host = said_host.unwrap_or_else(|| Ok(host.clone()));
        map.try_insert(http::header::HOST, host?).map_err(|_| too_many_headers(header_list))?;
    }
    // NB: `Connection` is the transport's, but for who asks for another protocol.
    let upgrades = header_list.first_known(KnownName::UPGRADE).is_some();
    for header in header_list {
        match header.known() {
            KnownName::HOST | KnownName::TRANSFER_ENCODING => continue,
            KnownName::CONNECTION if !upgrades => continue,
            _ => {}
        }
        map.try_append(header_name(header)?, header_value(header.value())?)
            .map_err(|_| too_many_headers(header_list))?;
    }
    Ok(map)
}

/// The known names as `http` has them, which would read each anew.
static NAMES: LazyLock<Vec<HeaderName>> =
    LazyLock::new(|| KnownName::all().filter_map(KnownName::as_str).map(HeaderName::from_static).collect());

fn header_name(header: &Header) -> Result<HeaderName, WireFault> {
    match header.known().index().and_then(|index| NAMES.get(index)) {
        Some(known) => Ok(known.clone()),
        None => HeaderName::from_bytes(header.name())
            .map_err(|_| WireFault::CannotCarry { what: "header-name", said: said(header.name()) }),
    }
}

pub(crate) fn too_many_headers(header_list: &HeaderList) -> WireFault {
    WireFault::CannotCarry { what: "header-list", said: format!("{} headers", header_list.len()) }
}

fn header_value(value: &Bytes) -> Result<HeaderValue, WireFault> {
    HeaderValue::from_maybe_shared(value.clone())
        .map_err(|_| WireFault::CannotCarry { what: "header-value", said: said(value) })
}

/// A received header map as a header list: names and values are slices of one buffer.
pub(crate) fn header_list(headers: &HeaderMap) -> HeaderList {
    let length = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let mut buffer = BytesMut::with_capacity(length);
    for (name, value) in headers {
        buffer.extend_from_slice(name.as_str().as_bytes());
        buffer.extend_from_slice(value.as_bytes());
    }
    let mut buffer = buffer.freeze();
    let mut list = HeaderList::with_capacity(headers.len());
    for (name, value) in headers {
        let name = buffer.split_to(name.as_str().len());
        list.push_received(name, buffer.split_to(value.len()));
    }
    list
}

/// The body's length that the header list announces; an error is a value that is no length.
pub(crate) fn announced_length(header_list: &HeaderList) -> Result<Option<u64>, WireFault> {
    let Some(value) = header_list.get("content-length") else { return Ok(None) };
    let digits =
        std::str::from_utf8(&value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match digits.and_then(|digits| digits.parse().ok()) {
        Some(length) => Ok(Some(length)),
        None => Err(WireFault::CannotCarry { what: "content-length", said: said(&value) }),
    }
}

/// How a request's body is framed: the length to announce, `None` for chunks.
pub(crate) fn framing(
    header_list: &HeaderList,
    length: Option<Option<u64>>,
) -> Result<Option<u64>, WireFault> {
    let announced = announced_length(header_list)?;
    match (length, announced) {
        // A length that is not the body's would make the rest of it the next request.
        (None, Some(1..)) => Err(disagreement(announced)),
        (None, _) => Ok(Some(0)),
        (Some(Some(known)), Some(announced)) if known != announced => Err(disagreement(Some(announced))),
        (Some(known), announced) => Ok(announced.or(known)),
    }
}

fn disagreement(announced: Option<u64>) -> WireFault {
    WireFault::CannotCarry {
        what: "content-length",
        said: announced.map(|length| length.to_string()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(headers: &[(&'static str, &'static str)]) -> HeaderList {
        let mut list = HeaderList::new();
        for (name, value) in headers {
            list.append(*name, *value);
        }
        list
    }

    #[test]
    fn row_71_every_body_is_framed() {
        let length = |value| list(&[("Content-Length", value)]);
        for (row, header_list, body, expected) in [
            ("no body, nothing said", list(&[]), None, Ok(Some(0))),
            ("no body, zero said", length("0"), None, Ok(Some(0))),
            ("no body, some said", length("1"), None, Err("1")),
            ("a body of known length", list(&[]), Some(Some(3)), Ok(Some(3))),
            ("a body of the length that is said", length("3"), Some(Some(3)), Ok(Some(3))),
            ("a body of another length", length("4"), Some(Some(3)), Err("4")),
            ("a stream goes in chunks", list(&[]), Some(None), Ok(None)),
            ("a stream whose length is said", length("5"), Some(None), Ok(Some(5))),
            ("a length with a sign", length("+5"), Some(None), Err("+5")),
            (
                "two lengths",
                list(&[("content-length", "1"), ("content-length", "2")]),
                Some(None),
                Err("1, 2"),
            ),
        ] {
            match (framing(&header_list, body), expected) {
                (Ok(framed), Ok(expected)) => assert_eq!(framed, expected, "{row}"),
                (Err(WireFault::CannotCarry { said, .. }), Err(expected)) => {
                    assert_eq!(said, expected, "{row}")
                }
                (other, _) => panic!("{row}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_the_transports_own_is_left_out() {
        let given = list(&[
            ("Accept", "*/*"),
            ("Connection", "x"),
            ("Transfer-Encoding", "y"),
            ("X", "1"),
            ("x", "2"),
        ]);
        let host = HeaderValue::from_static("a.test:8080");
        let map = header_map(&given, Some(&host), 0).expect("it can be carried");
        let sent: Vec<_> =
            map.iter().map(|(name, value)| format!("{name}: {}", value.to_str().expect("text"))).collect();
        assert_eq!(sent, ["host: a.test:8080", "accept: */*", "x: 1", "x: 2"]);
        let fault = header_map(&list(&[("A", "\x01")]), None, 0).expect_err("a control byte");
        assert!(matches!(fault, WireFault::CannotCarry { what: "header-value", said } if said == "\x01"));
    }

    #[test]
    fn received_headers_keep_their_bytes() {
        let mut map = HeaderMap::new();
        map.append("a", HeaderValue::from_bytes(b"\xe9").expect("a value"));
        map.append("b", HeaderValue::from_static(""));
        map.append("a", HeaderValue::from_static("2"));
        let list = header_list(&map);
        let read: Vec<_> = list.iter().map(|header| (header.name(), header.value().as_ref())).collect();
        assert_eq!(read, [(&b"a"[..], &b"\xe9"[..]), (b"a", b"2"), (b"b", b"")]);
    }
}
