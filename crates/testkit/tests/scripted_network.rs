//! The scripted network as a fetch would use it: rows met, reuse, faults, delays, bodies, and the stories told of them.
//!
//! One file, for all of it drives the same few lines of harness; each test is a row of what a script can say, and
//! reads on its own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use sofetch_core::infrastructure::bodies::{Body, BodyError};
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::ports::{
    ConnectionRequest, ExchangeFault, Interim, Network, Protocol, WireRequest, WireResponse,
};
use sofetch_core::rules::port_blocking::PortBlocking;
use sofetch_core::rulings::{NetworkError, Ruling};
use sofetch_core::trace::{Algorithm, Event, Outcome, Purpose, Trace};
use sofetch_core::wire_faults::{NetworkFault, PeerMisbehaved, WireFault};
use sofetch_testkit::{
    Executor, Fate, Gate, ScriptedNetwork, VirtualClock, check_story, get, head, options, patch, post, run,
    story,
};

const URL: &str = "https://b.test/x";

/// What a test asks of the network.
struct Ask {
    method: Method,
    url: Url,
    header_list: HeaderList,
    body: Option<Body>,
    credentials: bool,
    new: bool,
    trace: Trace,
    interims: Arc<Mutex<Vec<Interim>>>,
}

fn ask(method: Method, url: &str) -> Ask {
    Ask {
        method,
        url: Url::parse(url, None).expect("a URL"),
        header_list: HeaderList::new(),
        body: None,
        credentials: false,
        new: false,
        trace: Trace::off(),
        interims: Arc::default(),
    }
}

fn ask_get() -> Ask {
    ask(Method::GET, URL)
}

async fn exchange(network: &ScriptedNetwork, ask: Ask) -> Result<WireResponse, ExchangeFault> {
    let asked = ConnectionRequest {
        key: None,
        url: ask.url.clone(),
        credentials: ask.credentials,
        new: ask.new,
        web_socket: false,
        page: true,
        trace: ask.trace.clone(),
    };
    let connection = network.obtain_a_connection(asked).await.map_err(|fault| ExchangeFault {
        fault,
        resend_is_safe: false,
        unread_body: None,
    })?;
    let interims = ask.interims;
    let request = WireRequest {
        method: ask.method,
        url: ask.url,
        header_list: std::sync::Arc::new(ask.header_list),
        body: ask.body,
        on_interim: Some(Box::new(move |interim| interims.lock().expect("a lock").push(interim))),
        trace: ask.trace,
    };
    connection.exchange(request).await
}

async fn read(response: WireResponse) -> Result<Bytes, BodyError> {
    match response.body {
        Some(stream) => Body::from_stream(Streamed(stream)).read_all(None).await,
        None => Ok(Bytes::from_static(b"(no body)")),
    }
}

struct Streamed(Box<dyn sofetch_core::infrastructure::bodies::ByteStream>);

impl sofetch_core::infrastructure::bodies::ByteStream for Streamed {
    fn poll_next(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Bytes, BodyError>>> {
        self.0.poll_next(context)
    }
}

#[test]
fn a_row_is_answered_as_it_says() {
    let network = ScriptedNetwork::new([get(URL)
        .expects_header("Accept", "*/*")
        .expects_no_header("Cookie")
        .replies(404)
        .header("X-a", "1")
        .chunks(["one ", "two"])]);
    let mut asked = ask_get();
    asked.header_list.append("Accept", "*/*");
    let (head, body) = run(async {
        let response = exchange(&network, asked).await.expect("a response");
        (
            (response.status, response.status_message.clone(), response.header_list.clone()),
            read(response).await,
        )
    });
    assert_eq!((head.0, &head.1[..]), (404, &b"Not Found"[..]));
    assert_eq!(head.2.get("x-A").as_deref(), Some(&b"1"[..]));
    assert_eq!(&body.expect("a body")[..], b"one two");
    let [sent] = &network.sent()[..] else { panic!("one request") };
    assert_eq!(
        (sent.line(), sent.header("accept")),
        ("GET https://b.test/x".to_owned(), Some("*/*".to_owned()))
    );
    assert_eq!((sent.fate, sent.body.clone(), sent.page), (Fate::Finished, None, true));
    network.assert_done();
}

#[test]
fn responses_that_have_no_body() {
    let network =
        ScriptedNetwork::new([get(URL).replies(204), get(URL).replies(304), head(URL).replies(200)]);
    for method in [Method::GET, Method::GET, Method::HEAD] {
        let response = run(exchange(&network, ask(method, URL))).expect("a response");
        assert!(response.body.is_none());
    }
    assert!(network.sent().iter().all(|sent| sent.fate == Fate::Finished));
}

#[test]
fn connections_are_used_again_under_their_key() {
    let row = || get(URL).body("x");
    let network = ScriptedNetwork::new([
        row(),
        row(),
        row(),
        row(),
        row().closes(),
        row(),
        row().http2(),
        row().http2(),
    ]);
    let credentials = |mut ask: Ask| {
        ask.credentials = true;
        ask
    };
    let new = |mut ask: Ask| {
        ask.new = true;
        ask
    };
    run(async {
        for asked in [ask_get(), ask_get(), credentials(ask_get()), new(ask_get())] {
            read(exchange(&network, asked).await.expect("a response")).await.expect("a body");
        }
        for _ in 0..4 {
            read(exchange(&network, ask_get()).await.expect("a response")).await.expect("a body");
        }
    });
    let connections: Vec<(u64, bool)> =
        network.sent().iter().map(|sent| (sent.connection, sent.reused)).collect();
    assert_eq!(connections[..4], [(1, false), (1, true), (2, false), (3, false)]);
    assert_eq!(connections[4..6], [(3, true), (1, true)], "3 was closed after its second request");
    assert_eq!(connections[6..], [(1, true), (1, true)]);
}

#[test]
fn a_connection_in_use_is_not_shared_over_http1_but_over_http2() {
    for (http2, connections) in [(false, [1, 2]), (true, [1, 1])] {
        let row = || if http2 { get(URL).http2() } else { get(URL) };
        let network = ScriptedNetwork::new([row(), row()]);
        let _held = run(async {
            let first = exchange(&network, ask_get()).await.expect("a response");
            let second = exchange(&network, ask_get()).await.expect("a response");
            assert_eq!(first.protocol, if http2 { Protocol::Http2 } else { Protocol::Http1 });
            [first, second]
        });
        assert_eq!(network.sent().iter().map(|sent| sent.connection).collect::<Vec<_>>(), connections);
    }
}

#[test]
fn request_bodies_are_read_and_held_against_the_script() {
    let network = ScriptedNetwork::new([
        post(URL).expects_body("hello"),
        post(URL).without_reading_the_body().replies(413),
        get(URL).expects_body(""),
    ]);
    for (method, body) in [(Method::POST, Some("hello")), (Method::POST, Some("long")), (Method::GET, None)] {
        let mut asked = ask(method, URL);
        asked.body = body.map(Body::from_bytes);
        run(exchange(&network, asked)).expect("a response");
    }
    let bodies: Vec<_> = network.sent().iter().map(|sent| (sent.body.clone(), sent.body_length)).collect();
    assert_eq!(bodies, [(Some(Bytes::from("hello")), Some(5)), (None, Some(4)), (None, None)]);
}

#[test]
fn faults_come_where_the_script_has_them() {
    let closed = || WireFault::Closed { reused: true, cause: None };
    let network = ScriptedNetwork::new([
        get(URL).cannot_connect(WireFault::Connect { tried: Vec::new() }),
        post(URL).reused(true).fails_safely(closed()),
        post(URL).fails(PeerMisbehaved::HeadTooLarge { limit: 1 }),
        get(URL).body("half").body_fails(PeerMisbehaved::Truncated),
    ]);
    run(async {
        let failed = exchange(&network, ask_get()).await.map(drop).expect_err("no connection");
        assert!(matches!(failed.fault, NetworkFault::Wire(WireFault::Connect { .. })));

        let mut asked = ask(Method::POST, URL);
        asked.body = Some(Body::from_bytes("unread"));
        let failed = exchange(&network, asked).await.map(drop).expect_err("a dead connection");
        assert!(failed.resend_is_safe);
        let mut unread = failed.unread_body.expect("the body comes back");
        assert_eq!(&unread.read_all(None).await.expect("bytes")[..], b"unread");

        let mut asked = ask(Method::POST, URL);
        asked.body = Some(Body::from_bytes("read"));
        let failed = exchange(&network, asked).await.map(drop).expect_err("a broken head");
        assert!(!failed.resend_is_safe && failed.unread_body.is_none());

        let error = read(exchange(&network, ask_get()).await.expect("a head")).await.expect_err("a cut body");
        assert_eq!(error.cause.downcast_ref(), Some(&PeerMisbehaved::Truncated));
    });
    assert!(network.sent().iter().all(|sent| sent.fate == Fate::Failed));
    assert_eq!(network.sent().iter().map(|sent| sent.reused).collect::<Vec<_>>(), [true, false, false]);
}

#[test]
fn delays_pass_on_the_virtual_clock() {
    let clock = VirtualClock::new();
    let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
    let network = ScriptedNetwork::by(
        &clock,
        [get(URL).connects_after(second).after(minute).body("a").pause(minute).body("b")],
    );
    let executor = Executor::new(&clock);
    let body = executor.run_letting_time_pass(async {
        let response = exchange(&network, ask_get()).await.expect("a response");
        assert_eq!(response.started_at.since(sofetch_testkit::clock::START), second + minute);
        read(response).await.expect("a body")
    });
    assert_eq!(&body[..], b"ab");
    assert_eq!(
        sofetch_core::ports::Clock::now(&clock).since(sofetch_testkit::clock::START),
        second + minute * 2
    );
}

#[test]
fn gates_hold_head_and_body_and_what_is_dropped_is_noted() {
    let (head_gate, body_gate) = (Gate::new(), Gate::new());
    let row = get(URL).behind(&head_gate).body("a").gate(&body_gate).body("b").body_hangs();
    let network = ScriptedNetwork::new([row, get(URL).hangs()]);
    let executor = Executor::new(&VirtualClock::new());
    let running = network.clone();
    let response = executor.start(async move { exchange(&running, ask_get()).await });
    executor.run_until_stalled();
    assert!(!response.is_ready() && head_gate.is_waited_for());
    head_gate.open();
    executor.run_until_stalled();
    let mut stream = response.take().expect("it answered").expect("a response").body.expect("a body");
    let next = executor.start(async move {
        let mut seen = Vec::new();
        for _ in 0..2 {
            seen.push(std::future::poll_fn(|context| stream.poll_next(context)).await);
        }
        (seen.len(), stream)
    });
    executor.run_until_stalled();
    assert!(!next.is_ready() && body_gate.is_waited_for());
    body_gate.open();
    executor.run_until_stalled();
    let (chunks, stream) = next.take().expect("two chunks came");
    assert_eq!((chunks, network.sent()[0].fate), (2, Fate::Open));
    drop(stream);
    assert_eq!(network.sent()[0].fate, Fate::Dropped);
    run(async {
        let mut hanging = Box::pin(exchange(&network, ask_get()));
        let polled =
            std::future::poll_fn(|context| std::task::Poll::Ready(hanging.as_mut().poll(context))).await;
        assert!(polled.is_pending());
    });
    assert_eq!(network.sent()[1].fate, Fate::Dropped);
}

#[test]
fn interims_come_before_the_head() {
    let network =
        ScriptedNetwork::new([get(URL).interim(103, &[("Link", "</a>")]).interim(100, &[]).replies(200)]);
    let asked = ask_get();
    let heard = asked.interims.clone();
    run(exchange(&network, asked)).expect("a response");
    let heard: Vec<_> = heard.lock().expect("a lock").iter().map(|interim| interim.status).collect();
    assert_eq!(heard, [103, 100]);
}

#[test]
fn rows_in_any_order() {
    let script = [get(URL).times(2).body("get"), options(URL).replies(204), get("https://c.test/").body("c")];
    let network = ScriptedNetwork::in_any_order(&VirtualClock::new(), script);
    for (method, url, status) in [
        (Method::OPTIONS, URL, 204),
        (Method::GET, "https://c.test/#fragments-do-not-count", 200),
        (Method::GET, URL, 200),
        (Method::GET, URL, 200),
    ] {
        let response = run(exchange(&network, ask(method.clone(), url))).expect("a response");
        assert_eq!(response.status, status, "{method} {url}");
    }
    network.assert_done();
}

#[test]
#[should_panic(expected = "expected GET https://b.test/x, got POST https://b.test/x")]
fn another_method_is_a_panic() {
    let _ = run(exchange(&ScriptedNetwork::new([get(URL)]), ask(Method::POST, URL)));
}

#[test]
#[should_panic(
    expected = "a connection for https://b.test/x is not in the script. Next in the script: [\"GET https://a.test/\"]"
)]
fn another_url_is_a_panic() {
    let _ = run(exchange(&ScriptedNetwork::new([get("https://a.test/")]), ask_get()));
}

#[test]
#[should_panic(expected = "GET https://b.test/x: expected Origin: https://a.test, got None")]
fn a_missing_header_is_a_panic() {
    let _ = run(exchange(
        &ScriptedNetwork::new([get(URL).expects_header("Origin", "https://a.test")]),
        ask_get(),
    ));
}

#[test]
#[should_panic(expected = "the script has rows left: [\"GET https://b.test/x\"]; sent: []")]
fn a_row_that_was_not_met_is_a_panic() {
    ScriptedNetwork::new([get(URL)]).assert_done();
}

/// A procedure in small, with rooms and a child, as fetching has them.
async fn preflighted_patch(network: &ScriptedNetwork, trace: &Trace) {
    let _main = trace.enter(Algorithm::MainFetch);
    trace.emit(|| Event::Ruled(Box::new(PortBlocking::Allowed.into())));
    let _http = trace.enter(Algorithm::HttpFetch);
    let child = trace.child(Purpose::Preflight);
    let mut preflight = ask(Method::OPTIONS, URL);
    preflight.trace = child.clone();
    preflight.header_list.append("Access-Control-Request-Method", "PATCH");
    let answer = {
        let _room = child.enter(Algorithm::CorsPreflightFetch);
        exchange(network, preflight).await.expect("a response")
    };
    trace.emit(|| Event::Rewrote { header: "Origin", value: Some("https://a.test".into()) });
    // The child goes on while the parent does.
    read(answer).await.expect("an end");
    child.emit(|| Event::BodyEnded { encoded: 0, decoded: 0, error: None });
    let mut patch = ask(Method::PATCH, URL);
    patch.trace = trace.clone();
    patch.body = Some(Body::from_bytes("{}"));
    patch.header_list.append("Origin", "https://a.test");
    exchange(network, patch).await.expect("a response");
}

#[test]
fn a_story_with_a_child() {
    let network = ScriptedNetwork::new([
        options(URL).replies(204).header("Access-Control-Allow-Origin", "*"),
        patch(URL)
            .interim(103, &[("Link", "</a>")])
            .replies(200)
            .header("Content-Type", "a/b\r\n")
            .body("{}"),
    ]);
    let story = story();
    run(preflighted_patch(&network, &story.trace()));
    check_story!(story, "a_story_with_a_child");
    assert_eq!(story.rulings(), [Ruling::from(PortBlocking::Allowed)]);
}

#[test]
fn two_fetches_in_one_story() {
    let story = story();
    let end = |trace: &Trace| {
        let error = NetworkError::new(Ruling::from(PortBlocking::BadPort { port: 25 }));
        trace.emit(|| Event::Ended(Outcome::NetworkError(error)));
    };
    let (first, second) = (story.trace(), story.trace());
    second.emit(|| Event::Ruled(Box::new(PortBlocking::BadPort { port: 25 }.into())));
    first.emit(|| Event::Entered(Algorithm::Fetch));
    end(&second);
    // As an observer, which other code makes traces of.
    let third = Trace::new(Arc::new(story.clone()));
    end(&third);
    assert_eq!(
        story.text(),
        "fetch\n\n\
         refused {\"rule\":\"port-blocking\",\"verdict\":{\"bad-port\":{\"port\":25}}}\n\
         ended: network error PortBlocking\n\n\
         ended: network error PortBlocking\n"
    );
}

#[test]
fn stories_are_compared_and_rewritten() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("stories");
    let path = folder.join("a.txt");
    let _ = std::fs::remove_dir_all(&folder);
    let story = story();
    story.trace().emit(|| Event::Entered(Algorithm::Fetch));
    let missing = story.compare_with_file(&path, false).expect_err("there is none");
    assert!(
        missing.starts_with("there is no story ") && missing.ends_with("It would be:\nfetch\n"),
        "{missing}"
    );
    story.compare_with_file(&path, true).expect("written");
    story.compare_with_file(&path, false).expect("the same");
    std::fs::write(&path, "main-fetch\n").expect("written");
    let other = story.compare_with_file(&path, false).expect_err("another");
    assert!(other.contains("Line 1 was: main-fetch\nLine 1 is:  fetch\n"), "{other}");
}
