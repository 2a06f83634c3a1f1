//! What goes wrong on the wire, what is sent again, and bodies: their codings, limits, streams and interim responses.
//!
//! Longer than most files because a network that loses bodies is written out here, which no other file needs.

use std::io::Write;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use sofetch_core::infrastructure::abort_reason::AbortReason;
use sofetch_core::infrastructure::bodies::{Body, BodyError};
use sofetch_core::infrastructure::requests::{Mode, Request};
use sofetch_core::infrastructure::timing::ConnectionTimingInfo;
use sofetch_core::ports::{
    Answer, BoxFuture, Connection, ConnectionRequest, ExchangeFault, Network, Protocol, WireRequest,
    WireResponse,
};
use sofetch_core::rulings::Reason;
use sofetch_core::wire_faults::{NetworkFault, PeerMisbehaved, Phase, WireFault};
use sofetch_fetching::fetch_params::Callbacks;
use sofetch_testkit::{Fate, Scripted, ScriptedNetwork, VirtualClock, get, post};

use crate::common::{A, ALLOW_A, B, Chunks, OWN, With, World, from, own, why};
use crate::ports::Slow;

fn closed(reused: bool) -> WireFault {
    WireFault::Closed { reused, cause: None }
}

fn fails(name: &str, row: Scripted, code: &str) {
    let world = World::new([row]);
    assert_eq!(world.err(from(A, OWN)).code(), code, "{name}");
    world.tells(&format!("wire/{name}"));
}

#[test]
fn faults_before_the_head() {
    fails(
        "resolve",
        get(OWN).cannot_connect(WireFault::Resolve { host: "a.test".into(), cause: None }),
        "resolve",
    );
    fails("connect", get(OWN).cannot_connect(WireFault::Connect { tried: vec![] }), "connect");
    fails("closed", get(OWN).fails(closed(false)), "closed");
    let timed_out = WireFault::TimedOut { phase: Phase::Head, after: std::time::Duration::from_secs(1) };
    fails("timed-out", get(OWN).fails(timed_out), "timed-out");
    fails(
        "invalid-head",
        get(OWN).fails(PeerMisbehaved::InvalidHead { detail: "status".into() }),
        "invalid-head",
    );
}

#[test]
fn a_fault_in_the_body_is_the_bodys() {
    let world = World::new([get(OWN).body("hel").body_fails(PeerMisbehaved::Truncated)]);
    let mut response = world.fetch(from(A, OWN)).expect("a head");
    let error = world.read(&mut response).expect_err("a cut body");
    assert!(error.aborted.is_none());
    assert_eq!(sofetch_fetching::body_reading::network_error_of(error).code(), "truncated");
    world.tells("wire/body-cut");
}

#[test]
fn a_dead_connection_is_tried_again() {
    let world =
        World::new([get(OWN), get(OWN).reused(true).fails_safely(closed(true)), get(OWN).body("alive")]);
    world.ok(from(A, OWN));
    assert_eq!(world.ok(from(A, OWN)).1, "alive");
    world.tells("wire/resent");
}

#[test]
fn the_last_try_is_over_a_new_connection() {
    let dead = || get(OWN).expects_new_connection(false).fails_safely(closed(true));
    let world = World::new([dead(), dead(), dead(), get(OWN).expects_new_connection(true).body("alive")]);
    assert_eq!(world.ok(from(A, OWN)).1, "alive");
}

#[test]
fn there_is_an_end_to_trying() {
    let world = World::new([get(OWN).fails_safely(closed(true)).times(4)]);
    assert_eq!(world.err(from(A, OWN)).code(), "closed");
    world.tells("wire/resent-to-the-end");
}

#[test]
fn what_may_have_reached_the_server_is_not_sent_again() {
    let world = World::new([post(OWN).expects_body("four").fails(closed(true))]);
    world.err(from(A, OWN).method("POST").body("four"));
    world.tells("wire/not-resent");
}

/// A network that keeps the bodies of what it failed to send.
struct Losing(ScriptedNetwork);

struct LosingConnection(Box<dyn Connection>);

impl Network for Losing {
    fn obtain_a_connection(
        &self,
        ask: ConnectionRequest,
    ) -> Answer<'_, Result<Box<dyn Connection>, NetworkFault>> {
        Answer::later(async move {
            let connection = self.0.obtain_a_connection(ask).await?;
            Ok(Box::new(LosingConnection(connection)) as Box<dyn Connection>)
        })
    }
}

impl Connection for LosingConnection {
    fn timing_info(&self) -> &ConnectionTimingInfo {
        self.0.timing_info()
    }
    fn protocol(&self) -> Protocol {
        self.0.protocol()
    }
    fn reused(&self) -> bool {
        self.0.reused()
    }
    fn exchange(
        self: Box<Self>,
        request: WireRequest,
    ) -> BoxFuture<'static, Result<WireResponse, ExchangeFault>> {
        Box::pin(async move {
            let lost = |fault: ExchangeFault| ExchangeFault { unread_body: None, ..fault };
            self.0.exchange(request).await.map_err(lost)
        })
    }
}

fn losing(script: impl IntoIterator<Item = Scripted>) -> World {
    let clock = VirtualClock::new();
    let network = ScriptedNetwork::by(&clock, script);
    let wrapped = network.clone();
    World::on(network, &clock, &Slow::default(), |agent| agent.network = Arc::new(Losing(wrapped)))
}

#[test]
fn a_body_that_does_not_come_back_is_made_again_from_its_source() {
    let world = losing([post(OWN).fails_safely(closed(true)), post(OWN).expects_body("four"), get(OWN)]);
    let told = Arc::new(Told::default());
    world.fetch_with(from(A, OWN).method("POST").body("four"), callbacks(&told)).expect("a response");
    assert_eq!(*told.ends.lock().unwrap(), 1);
    world.ok(from(A, OWN));
    world.network.assert_done();
}

#[test]
fn a_stream_that_does_not_come_back_is_an_error() {
    let world = losing([post(OWN).fails_safely(closed(true))]);
    assert_eq!(world.err(own(OWN).method("POST").stream(&["one"])).code(), "closed");
}

#[derive(Default)]
struct Told {
    lengths: Mutex<Vec<u64>>,
    ends: Mutex<usize>,
    hints: Mutex<Vec<u16>>,
}

fn callbacks(told: &Arc<Told>) -> Callbacks {
    let (lengths, ends, hints) = (told.clone(), told.clone(), told.clone());
    Callbacks {
        process_request_body_chunk_length: Some(Box::new(move |length| {
            lengths.lengths.lock().unwrap().push(length)
        })),
        process_request_end_of_body: Some(Box::new(move |()| *ends.ends.lock().unwrap() += 1)),
        process_early_hints_response: Some(Box::new(move |interim| {
            hints.hints.lock().unwrap().push(interim.status)
        })),
        process_response_end_of_body: None,
    }
}

#[test]
fn the_upload_is_told_once_however_often_it_is_sent() {
    for (request, lengths) in [
        (from(A, OWN).method("POST").body("four"), vec![4]),
        (from(A, OWN).method("POST"), vec![]),
        (own(OWN).method("POST").stream(&["one", "three"]), vec![3, 5]),
    ] {
        let told = Arc::new(Told::default());
        let body = ["", "four", "onethree"][lengths.len()];
        let dead = || post(OWN).fails_safely(closed(true));
        let world = World::new([dead(), dead(), post(OWN).expects_body(body)]);
        world.fetch_with(request, callbacks(&told)).expect("a response");
        assert_eq!((&*told.lengths.lock().unwrap(), *told.ends.lock().unwrap()), (&lengths, 1));
    }
}

#[test]
fn a_long_chunk_is_told_of_in_pieces() {
    static BYTES: [u8; (128 << 10) + 1] = [b'b'; (128 << 10) + 1];
    let body = str::from_utf8(&BYTES).expect("ASCII");
    let told = Arc::new(Told::default());
    let world = World::new([post(OWN).expects_body(body)]);
    world.fetch_with(from(A, OWN).method("POST").body(body), callbacks(&told)).expect("a response");
    assert_eq!(
        (&**told.lengths.lock().unwrap(), *told.ends.lock().unwrap()),
        (&[64 << 10, 64 << 10, 1][..], 1)
    );
}

#[test]
fn the_trace_tells_the_upload_once_too() {
    let world = World::new([post(OWN).fails_safely(closed(true)), post(OWN).expects_body("four")]);
    world.ok(from(A, OWN).method("POST").body("four"));
    world.tells("wire/upload-resent");
}

#[test]
fn early_hints_are_told_and_other_interims_are_not() {
    let told = Arc::new(Told::default());
    let world = World::new([get(OWN)
        .interim(100, &[])
        .interim(103, &[("Link", "</style.css>; rel=preload")])
        .body("x")]);
    world.fetch_with(from(A, OWN), callbacks(&told)).expect("a response");
    assert_eq!(*told.hints.lock().unwrap(), [103]);
    world.tells("wire/interims");
}

#[test]
fn a_stream_needs_http2() {
    let world =
        World::new([post(OWN), post(OWN).http2().expects_body("onetwo").expects_no_header("Content-Length")]);
    let request = || from(A, OWN).method("POST").stream(&["one", "two"]);
    world.err(request());
    world.ok(request());
    world.tells("wire/stream");
}

#[derive(Debug)]
struct Broken;
impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken")
    }
}
impl std::error::Error for Broken {}

fn broken(aborted: Option<AbortReason>) -> Request {
    let error = BodyError { aborted, cause: Arc::new(Broken) };
    from(A, OWN)
        .method("POST")
        .with(|request| request.body = Some(Body::from_stream(Chunks::of(&["one"]).then(error))))
}

#[test]
fn a_request_body_that_fails_ends_the_fetch() {
    let world = World::new([post(OWN).http2()]);
    let error = world.err(broken(None));
    let Reason::Wire(WireFault::RequestBody { cause }) = error.reason() else { panic!("{}", why(&error)) };
    assert!(cause.is::<Broken>());
    world.tells("wire/request-body-fails");
}

#[test]
fn a_request_body_that_is_aborted_aborts_the_fetch() {
    let world = World::new([post(OWN).http2()]);
    let error = world.err(broken(Some(AbortReason::AbortError)));
    assert!(error.is_aborted(), "{}", why(&error));
    world.tells("wire/request-body-aborts");
}

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().into()
}

#[test]
fn a_coded_body_is_decoded() {
    let body = gzip(b"hello hello hello hello hello hello");
    let world = World::new([get(OWN)
        .header("Content-Encoding", "gzip")
        .header("Content-Length", body.len().to_string())
        .chunks([body.slice(..7), body.slice(7..)])]);
    assert_eq!(world.ok(from(A, OWN)).1, "hello hello hello hello hello hello");
    world.tells("wire/gzip");
}

#[test]
fn codings_are_undone_from_the_last() {
    let body = gzip(&gzip(b"twice"));
    let world = World::new([get(OWN)
        .header("Content-Encoding", "gzip")
        .header("Content-Encoding", "x-gzip")
        .body(body)]);
    assert_eq!(world.ok(from(A, OWN)).1, "twice");
}

#[test]
fn unknown_codings_pass() {
    let world = World::new([get(OWN).header("Content-Encoding", "x-own").body("as it is")]);
    assert_eq!(world.ok(from(A, OWN)).1, "as it is");
}

#[test]
fn a_coding_that_is_not_there() {
    let world = World::new([get(OWN).header("Content-Encoding", "gzip").body("plain")]);
    let mut response = world.fetch(from(A, OWN)).expect("a head");
    world.read(&mut response).expect_err("no gzip");
    world.tells("wire/gzip-invalid");
}

#[test]
fn what_codings_are_called_in_timing() {
    for (headers, name) in [
        (&[][..], ""),
        (&["gzip"], "gzip"),
        (&["GZip"], "gzip"),
        (&["br"], "br"),
        (&["identity"], "identity"),
        (&["x-own"], "@unknown"),
        (&["gzip", "br"], "multiple"),
        (&["gzip, br"], "multiple"),
    ] {
        let row = headers.iter().fold(get(OWN), |row, value| row.header("Content-Encoding", *value));
        let world = World::new([row]);
        let response = world.fetch(from(A, OWN)).expect("a head");
        let info = response.internal().body_info.lock().unwrap();
        assert_eq!(info.content_encoding, name, "{headers:?}");
    }
}

#[test]
fn row_84_six_codings_are_too_many_however_they_are_spread() {
    let spread = |lines: &[&'static str]| {
        lines.iter().fold(get(OWN), |row, value| row.header("Content-Encoding", *value))
    };
    for (lines, name) in [
        (&["gzip, gzip, gzip, gzip, gzip, gzip"][..], "one-line"),
        (&["gzip", "br", "gzip", "br", "gzip", "br"], "six-lines"),
        (&["gzip,gzip,gzip", "identity, identity , gzip"], "two-lines"),
    ] {
        let world = World::new([spread(lines)]);
        assert_eq!(world.err(from(A, OWN)).code(), "too-many-codings", "{name}");
        world.tells(&format!("wire/row-84-{name}"));
    }
    World::new([spread(&["gzip, gzip, gzip", "gzip, gzip"])]).fetch(from(A, OWN)).expect("five are not");
}

#[test]
fn row_99_the_body_limit_holds_after_a_redirect() {
    let world = World::with(
        [
            get(OWN).redirects(302, "/next").body("longer than four"),
            get("https://a.test/next").chunks(["1234", "5"]),
        ],
        |agent| agent.settings.max_body_size = Some(4),
    );
    let mut response = world.fetch(from(A, OWN)).expect("a head");
    let error = world.read(&mut response).expect_err("too large");
    assert_eq!(sofetch_fetching::body_reading::network_error_of(error).code(), "body-too-large");
    assert_eq!(world.network.sent()[1].fate, Fate::Dropped);
    world.tells("wire/row-99");
}

#[test]
fn the_limit_is_of_decoded_bytes_and_itself_allowed() {
    let limited = |row| World::with([row], |agent| agent.settings.max_body_size = Some(1000));
    let world = limited(get(OWN).header("Content-Encoding", "gzip").body(gzip(&[b'x'; 1000])));
    assert_eq!(world.ok(from(A, OWN)).1.len(), 1000);
    let world = limited(get(OWN).header("Content-Encoding", "gzip").body(gzip(&[b'x'; 1001])));
    let mut response = world.fetch(from(A, OWN)).expect("a head");
    world.read(&mut response).expect_err("too large");
    let world = limited(get(OWN).body("x".repeat(1001)));
    let request = from(A, OWN).with(|request| request.integrity_metadata = "sha256-x".into());
    assert_eq!(world.err(request).code(), "body-too-large");
}

#[test]
fn rows_85_and_86_what_nobody_reads_is_not_pulled() {
    let pulled = Arc::new(Mutex::new(0));
    struct Endless(Arc<Mutex<usize>>);
    impl sofetch_core::infrastructure::bodies::ByteStream for Endless {
        fn poll_next(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<Bytes, BodyError>>> {
            *self.0.lock().unwrap() += 1;
            std::task::Poll::Ready(Some(Ok(gzip(&[0; 1024 * 1024]))))
        }
    }
    let counter = pulled.clone();
    let world = World::with([], move |agent| {
        agent.override_fetch = Some(Arc::new(crate::ports::Override::new(&Default::default(), move |_| {
            let mut response = crate::common::answered(200, &[], "");
            response.internal_mut().body = Some(Body::from_stream(Endless(counter.clone())));
            Some(Ok(response))
        })));
    });
    let mut response = world.fetch(from(A, OWN)).expect("a head");
    assert_eq!(*pulled.lock().unwrap(), 0, "nobody has read yet");
    let body = response.internal_mut().body.as_mut().expect("a body");
    world.executor.run(body.chunk()).expect("a chunk").expect("bytes");
    assert_eq!(*pulled.lock().unwrap(), 1, "one chunk was read");
}

#[test]
fn rows_85_and_86_a_coded_body_is_pulled_and_decoded_as_it_is_read() {
    let bomb = gzip(&vec![0; 50 * 1024 * 1024]);
    let chunks: Vec<Bytes> = bomb.chunks(1024).map(Bytes::copy_from_slice).collect();
    let world = World::new([get(OWN).header("Content-Encoding", "gzip").chunks(chunks)]);
    let mut response = world.fetch(from(A, OWN)).expect("a head");
    let info = response.internal().body_info.clone();
    assert_eq!(info.lock().unwrap().encoded_size, 0);
    let body = response.internal_mut().body.as_mut().expect("a body");
    let chunk = world.executor.run(body.chunk()).expect("a chunk").expect("bytes");
    assert!(chunk.len() <= 64 * 1024);
    let info = info.lock().unwrap();
    assert_eq!((info.encoded_size, info.decoded_size), (1024, chunk.len() as u64));
}

#[test]
fn row_75_an_interrupted_body_is_an_error_and_is_not_resumed() {
    let world = World::new([get(B)
        .headers(&[ALLOW_A, ("Content-Length", "10")])
        .body("12345")
        .body_fails(PeerMisbehaved::Truncated)]);
    let mut response = world.fetch(from(A, B)).expect("a head");
    let body = response.internal_mut().body.as_mut().expect("a body");
    let chunk = world.executor.run(body.chunk());
    assert_eq!(chunk.expect("a chunk").expect("bytes"), "12345");
    for _ in 0..3 {
        assert!(world.executor.run(body.chunk()).expect("no end").is_err(), "an error is for ever");
    }
    assert_eq!(world.network.lines().len(), 1);
    world.tells("wire/row-75");
}

#[test]
fn an_opaque_body_may_break_off_too() {
    let world = World::new([get(B).body("x").body_fails(PeerMisbehaved::Truncated)]);
    let mut response = world.fetch(from(A, B).mode(Mode::NoCors)).expect("a head");
    world.read(&mut response).expect_err("cut");
}
