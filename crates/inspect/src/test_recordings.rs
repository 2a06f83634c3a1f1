//! Hand-made recordings for the tests of this crate: real traces, told by hand, with a clock that ticks once an event.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use sofetch_core::infrastructure::connections::Protocol;
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::timing::{Timestamp, WallTime};
use sofetch_core::infrastructure::url::Url;
use sofetch_core::ports::Clock;
use sofetch_core::rules::cors_check::CorsCheck;
use sofetch_core::rules::cors_preflight::{PreflightAnswer, PreflightNeed};
use sofetch_core::rules::cors_preflight_cache::CacheLookUp;
use sofetch_core::rules::cors_safelists::cors_unsafe_request_header_names;
use sofetch_core::rules::port_blocking::PortBlocking;
use sofetch_core::rules::response_tainting::ResponseTaintingFork;
use sofetch_core::rules::tao_check::TaoCheck;
use sofetch_core::rulings::{NetworkError, Ruling};
use sofetch_core::trace::{Algorithm, Event, Outcome, Purpose, RequestSnapshot, Trace, WireEvent};

use crate::recording::{Recorder, Recording};

/// A millisecond later each time it is asked.
#[derive(Default)]
pub(crate) struct Ticks(AtomicU64);

impl Clock for Ticks {
    fn now(&self) -> Timestamp {
        Timestamp(5_000_000 + self.0.fetch_add(1_000_000, Ordering::Relaxed))
    }
    fn wall(&self) -> WallTime {
        WallTime(0)
    }
}

pub(crate) fn url(text: &str) -> Url {
    Url::parse(text, None).expect("a valid URL")
}

pub(crate) fn headers(list: &[(&'static str, &str)]) -> HeaderList {
    let mut headers = HeaderList::new();
    for (name, value) in list {
        headers.append(*name, Bytes::from(value.as_bytes().to_vec()));
    }
    headers
}

pub(crate) fn request(method: Method, target: &str, list: &[(&'static str, &str)]) -> Event {
    Event::Request(Box::new(RequestSnapshot {
        method,
        url: url(target),
        header_list: headers(list),
        mode: "cors",
        credentials_mode: "same-origin",
        origin: "https://a.test".to_owned(),
        redirect_count: 0,
    }))
}

pub(crate) fn sent(method: Method, target: &str, list: &[(&'static str, &str)]) -> Event {
    let (url, header_list) = (url(target), headers(list));
    Event::Wire(WireEvent::Sent { method, url, header_list, protocol: Protocol::Http1 })
}

pub(crate) fn head(status: u16, message: &'static str, list: &[(&'static str, &str)]) -> Event {
    Event::Wire(WireEvent::Head {
        status,
        status_message: Bytes::from_static(message.as_bytes()),
        header_list: headers(list),
        protocol: Protocol::Http1,
        remote_address: Some(([10, 0, 0, 1], 443).into()),
    })
}

pub(crate) fn ruled(ruling: impl Into<Ruling>) -> Event {
    Event::Ruled(Box::new(ruling.into()))
}

/// What follows when a trace is told by `tell`.
pub(crate) fn recorded(tell: impl FnOnce(&Trace)) -> Recording {
    let recorder = Recorder::with_clock(Arc::new(Ticks::default()));
    tell(&Trace::new(recorder.clone()));
    recorder.take()
}

const B: &str = "https://me:hunter2@b.test/x?token=hunter2&n=1";
const SECRETS: [(&str, &str); 3] =
    [("Authorization", "Bearer hunter2"), ("Cookie", "sid=hunter2"), ("Content-Type", "application/json")];

/// A PATCH of another origin whose preflight is granted, and whose answer is judged so.
pub(crate) fn patch_with_json(check: CorsCheck, status: u16) -> Recording {
    recorded(|trace| {
        let _fetch = trace.enter(Algorithm::Fetch);
        let main = trace.enter(Algorithm::MainFetch);
        trace.emit(|| request(Method::PATCH, B, &SECRETS));
        trace.emit(|| ruled(PortBlocking::Allowed));
        let unsafe_names = cors_unsafe_request_header_names(&headers(&SECRETS));
        let need =
            PreflightNeed::Needed { flag_set: false, unsafe_method: Some("PATCH".into()), unsafe_names };
        trace.emit(|| ruled(ResponseTaintingFork::CorsWithPreflight(need)));
        let door = trace.enter(Algorithm::OverrideFetch);
        let http = trace.enter(Algorithm::HttpFetch);
        trace.emit(|| ruled(CacheLookUp::MethodMiss { method: "PATCH".into() }));
        preflight(
            trace,
            PreflightAnswer::Granted {
                methods: vec!["PATCH".into()],
                header_names: vec!["content-type".into(), "authorization".into()],
                max_age: 5,
                max_age_said: None,
                covered_by_departure: false,
            },
        );
        let network = trace.enter(Algorithm::HttpNetworkFetch);
        let origin = Bytes::from_static(b"https://a.test");
        trace.emit(|| Event::Rewrote { header: "Origin", value: Some(origin) });
        trace.emit(|| Event::Rewrote { header: "Cookie", value: Some(Bytes::from_static(b"sid=hunter2")) });
        trace.emit(|| sent(Method::PATCH, B, &SECRETS));
        trace.emit(|| Event::Wire(WireEvent::BodySent { bytes: 2 }));
        trace.emit(|| Event::Wire(WireEvent::BodySent { bytes: 3 }));
        let answer = [
            ("Content-Type", "text/plain"),
            ("Set-Cookie", "sid=hunter2"),
            ("X-Odd", "\x1b[31m\u{202e}"),
            ("Access-Control-Expose-Headers", "X-Shown"),
            ("X-Shown", "1"),
        ];
        trace.emit(|| head(status, "Fine", &answer));
        drop(network);
        let refused = Ruling::from(check.clone());
        trace.emit(|| ruled(check));
        let outcome = if refused.blocks() {
            Outcome::NetworkError(NetworkError::new(refused))
        } else {
            trace.emit(|| ruled(TaoCheck::NotListed { said: None }));
            Outcome::Response {
                response_type: "cors",
                status,
                internal_status: status,
                header_list: headers(&answer),
                url: Some(url(B)),
            }
        };
        drop((http, door, main));
        let _handover = trace.enter(Algorithm::FetchResponseHandover);
        let answered = matches!(outcome, Outcome::Response { .. });
        trace.emit(|| Event::Ended(outcome));
        if answered {
            trace.emit(|| Event::BodyEnded { encoded: 10, decoded: 20, error: None });
        }
    })
}

/// The preflight of that PATCH as a child, answered and judged.
pub(crate) fn preflight(trace: &Trace, answer: PreflightAnswer) {
    let child = trace.child(Purpose::Preflight);
    let _room = child.enter(Algorithm::CorsPreflightFetch);
    let asks = [
        ("Access-Control-Request-Method", "PATCH"),
        ("Access-Control-Request-Headers", "authorization,content-type"),
    ];
    child.emit(|| request(Method::OPTIONS, B, &asks));
    let network = child.enter(Algorithm::HttpNetworkFetch);
    let address = ([10, 0, 0, 1], 443).into();
    child.emit(|| Event::Wire(WireEvent::Resolving { host: "b.test".into() }));
    child.emit(|| Event::Wire(WireEvent::Resolved { addresses: vec![address] }));
    child.emit(|| Event::Wire(WireEvent::Connecting { address }));
    child.emit(|| Event::Wire(WireEvent::Connected { address }));
    child.emit(|| Event::Wire(WireEvent::TlsStarted { host: "b.test".into() }));
    child.emit(|| {
        Event::Wire(WireEvent::TlsDone {
            version: "TLSv1_3".into(),
            cipher_suite: "TLS13_AES_128_GCM_SHA256".into(),
            alpn: "http/1.1".into(),
        })
    });
    child.emit(|| sent(Method::OPTIONS, B, &asks));
    child.emit(|| head(204, "", &[("Access-Control-Allow-Methods", "PATCH")]));
    drop(network);
    child.emit(|| ruled(answer));
}

/// The same PATCH, refused at its preflight.
pub(crate) fn patch_refused_at_preflight() -> Recording {
    recorded(|trace| {
        let main = trace.enter(Algorithm::MainFetch);
        trace.emit(|| request(Method::PATCH, B, &SECRETS));
        let answer = PreflightAnswer::NotOkStatus { status: 405 };
        preflight(trace, answer.clone());
        drop(main);
        trace.emit(|| Event::Ended(Outcome::NetworkError(NetworkError::new(Ruling::from(answer)))));
    })
}
