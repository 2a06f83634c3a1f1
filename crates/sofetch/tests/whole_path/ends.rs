//! What ends a fetch from elsewhere, or begins it again: signals, time-outs by phase, deadlines, retries.

use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sofetch::core::ports::BoxFuture;
use sofetch::net::{ProxyRules, Resolve};
use sofetch::{
    AbortController, AbortReason, AbortSignal, Error, ErrorKind, Phase, Reason, Request, Retry, RetryMethods,
    UserAgent, UserAgentBuilder, WireFault,
};
use sofetch_testkit::loopback::{Ending, Reply, Server, serve, serve_reply};

use crate::support::{RawServer, agent, agent_with, on, wire};

/// Long enough for what works, short enough for what never comes.
const SOON: Duration = Duration::from_millis(30);
/// Nobody waits for it.
const NEVER: Duration = Duration::from_secs(3600);

fn hanging() -> Server {
    serve(|request| match request.path() {
        "/half" => {
            Reply::new(200).header("Content-Length", "9").as_given().body("12345").ending(Ending::Hang)
        }
        _ => Reply::hang(),
    })
}

#[track_caller]
fn assert_timed_out(error: &Error, expected: Phase) {
    assert!(error.is_timeout() && error.is_network() && error.kind() == ErrorKind::TimedOut, "{error:?}");
    assert_eq!(error.timed_out_phase(), Some(expected), "{error:?}");
}

#[test]
fn resolving_has_its_time() {
    struct Silent;
    impl Resolve for Silent {
        fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, std::io::Result<Vec<std::net::IpAddr>>> {
            Box::pin(std::future::pending())
        }
    }
    on(async {
        let agent = UserAgent::builder()
            .network_config(|config| config.resolver = Some(Arc::new(Silent)))
            .connect_timeout(SOON)
            .build()
            .expect("usable");
        assert_timed_out(&agent.fetch("http://a.test/").await.expect_err("no name"), Phase::Resolve);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn connecting_has_its_time() {
    on(async {
        // A listener that accepts nobody, with as many waiting as it lets.
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a port is free");
        let listener = socket.listen(0).expect("it listens");
        let address = listener.local_addr().expect("it is bound");
        let mut waiting = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            waiting.push(stream);
        }
        let agent = agent_with(|config| config.time_outs.connect = Some(SOON));
        let error = agent.fetch(format!("http://{address}/")).await.expect_err("no place");
        assert_timed_out(&error, Phase::Connect);
    });
}

#[test]
fn proxies_and_tls_have_their_time() {
    let deaf = RawServer::new(|mut stream| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    on(async {
        for scheme in ["http", "socks5h"] {
            let agent = agent_with(|config| {
                config.proxy = ProxyRules::all(&format!("{scheme}://{}", deaf.address)).expect("a proxy");
                config.time_outs.proxy = Some(SOON);
            });
            assert_timed_out(&agent.fetch("https://a.test/").await.expect_err("silence"), Phase::Proxy);
        }
        let agent = agent_with(|config| {
            config.tls.roots = sofetch::net::Roots::Mozilla;
            config.time_outs.tls = Some(SOON);
        });
        let error = agent.fetch(format!("https://{}/", deaf.address)).await.expect_err("silence");
        assert_timed_out(&error, Phase::Tls);
    });
}

#[test]
fn sending_waiting_and_reading_have_their_time() {
    let server = hanging();
    let never_reading = RawServer::new(|stream| {
        std::thread::park();
        drop(stream);
    });
    on(async {
        let agent = agent_with(|config| config.time_outs.send = Some(SOON));
        let upload = Request::new(never_reading.url("/")).method("POST").body(vec![0; 32 << 20]);
        assert_timed_out(&agent.fetch(upload).await.expect_err("nobody takes it"), Phase::Send);
        let agent = UserAgent::builder().head_timeout(SOON).build().expect("usable");
        assert_timed_out(&agent.fetch(server.url("/")).await.expect_err("no head"), Phase::Head);
        let agent = UserAgent::builder().body_idle_timeout(SOON).build().expect("usable");
        let mut response = agent.fetch(server.url("/half")).await.expect("a head");
        let error = response.bytes().await.expect_err("half a body");
        assert_timed_out(&error, Phase::Body);
        assert_eq!(error.url().map(|url| url.path()), Some("/half"));
    });
}

#[test]
fn queueing_has_its_time() {
    let server = hanging();
    on(async {
        let agent = agent_with(|config| {
            config.pool.page_connections_per_host = 1;
            config.time_outs.queue = Some(SOON);
        });
        let page = agent.page(&server.url("/")).expect("a URL");
        let holding = page.fetch("/half").await.expect("a head");
        assert_timed_out(&page.fetch("/").await.expect_err("no place"), Phase::Queue);
        // The owner's are not counted.
        drop(agent.fetch(server.url("/half")).await.expect("a head"));
        drop(holding);
    });
}

#[test]
fn a_deadline_reaches_every_phase() {
    let server = hanging();
    on(async {
        let fetches = || {
            let request = || Request::new(server.url("/"));
            let agent = agent();
            let limited = UserAgent::builder().timeout(SOON).build().expect("usable");
            [
                (agent.clone(), request().timeout(SOON)),
                (limited.clone(), request()),
                (agent.clone(), request().signal(&AbortSignal::timeout(SOON))),
                (
                    agent,
                    request()
                        .signal(&AbortSignal::any([AbortSignal::timeout(NEVER), AbortSignal::timeout(SOON)])),
                ),
            ]
        };
        for (agent, request) in fetches() {
            assert_timed_out(&agent.fetch(request).await.expect_err("no head"), Phase::Whole);
        }
        // The body's too. NB: the head must come first, so the deadline is a little later.
        let limits: [fn(Request) -> Request; 2] = [
            |request| request.timeout(20 * SOON),
            |request| request.signal(&AbortSignal::timeout(20 * SOON)),
        ];
        for limit in limits {
            let request = limit(Request::new(server.url("/half")));
            // On a machine that is very slow the head comes too late already.
            let error = match agent().fetch(request).await {
                Ok(mut response) => response.bytes().await.expect_err("half a body"),
                Err(error) => error,
            };
            assert_timed_out(&error, Phase::Whole);
            assert!(matches!(error.reason(), Some(Reason::Aborted(AbortReason::TimeoutError))));
        }
        // The request's own limit goes before the agent's, and one that is over sends nothing.
        let limited = UserAgent::builder().timeout(Duration::ZERO).build().expect("usable");
        let quick = serve_reply(Reply::ok("x"));
        limited.fetch(Request::new(quick.url("/")).timeout(NEVER)).await.expect("an answer");
        let over = Request::new(quick.url("/")).signal(&AbortSignal::timeout(Duration::ZERO));
        assert_timed_out(&limited.fetch(over).await.expect_err("over"), Phase::Whole);
        assert_eq!(quick.requests().len(), 1);
    });
}

#[test]
fn any_of_several_signals_ends_the_body() {
    let server = hanging();
    on(async {
        let agent = agent();
        let (first, second) = (AbortController::new(), AbortController::new());
        let any = || AbortSignal::any([first.signal(), second.signal(), AbortSignal::timeout(NEVER)]);
        let mut response =
            agent.fetch(Request::new(server.url("/half")).signal(&any())).await.expect("a head");
        let mut twin = response.clone().expect("unread");
        second.abort();
        first.abort_with("late");
        for response in [&mut response, &mut twin] {
            let error = response.bytes().await.expect_err("aborted");
            assert!(error.is_aborted() && !error.is_timeout() && !error.is_network(), "{error:?}");
            assert!(matches!(error.reason(), Some(Reason::Aborted(AbortReason::AbortError))), "{error:?}");
        }
        let error =
            agent.fetch(Request::new(server.url("/")).signal(&any())).await.expect_err("aborted before");
        assert!(error.is_aborted());
        server.until_open_connections(0).await;
        assert_eq!(server.requests().len(), 1);
        // A body that was read is nobody's to abort.
        let controller = AbortController::new();
        let quick = serve_reply(Reply::ok("x"));
        let mut response =
            agent.fetch(Request::new(quick.url("/")).signal(&controller.signal())).await.expect("an answer");
        assert_eq!(response.text().await.expect("text"), "x");
        controller.abort();
    });
}

#[test]
fn dropping_the_future_ends_the_fetch() {
    let server = hanging();
    on(async {
        let agent = agent();
        tokio::select! {
            biased;
            _ = agent.fetch(server.url("/")) => panic!("nobody answers"),
            () = server.until_requests(1) => {}
        }
        server.until_open_connections(0).await;
    });
}

/// Answers as scripted, one reply a request, the last for ever.
fn scripted(replies: Vec<Reply>) -> Server {
    let next = AtomicUsize::new(0);
    serve(move |_| replies[next.fetch_add(1, Ordering::SeqCst).min(replies.len() - 1)].clone())
}

fn retrying(change: impl FnOnce(&mut Retry)) -> UserAgentBuilder {
    let mut retry =
        Retry { retries: 2, longest_wait: Duration::from_millis(1), budget: 1.0, ..Retry::default() };
    change(&mut retry);
    UserAgent::builder().retry(retry)
}

#[test]
fn what_may_pass_is_tried_again() {
    let busy = || Reply::new(503);
    let after = |seconds: &'static str| Reply::new(429).header("Retry-After", seconds);
    struct Once;
    impl sofetch::ByteStream for Once {
        fn poll_next(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<sofetch::Bytes, sofetch::BodyError>>> {
            std::task::Poll::Ready(None)
        }
    }
    let get = || Request::new("");
    /// Name, replies, request, how many requests are seen, the status at last (none: an error).
    type Row = (&'static str, Vec<Reply>, Request, usize, Option<u16>);
    let rows: [Row; 12] = [
        ("503, then well", vec![busy(), Reply::ok("x")], get(), 2, Some(200)),
        ("503 to the end", vec![busy()], get(), 3, Some(503)),
        ("502 and 504", vec![Reply::new(502), Reply::new(504), Reply::ok("x")], get(), 3, Some(200)),
        ("500 stands", vec![Reply::new(500), Reply::ok("x")], get(), 1, Some(500)),
        ("a reset before the head", vec![Reply::reset(), Reply::ok("x")], get(), 2, Some(200)),
        ("a reset to the end", vec![Reply::reset()], get(), 3, None),
        ("a broken head stands", vec![Reply::raw("x\r\n\r\n"), Reply::ok("x")], get(), 1, None),
        ("Retry-After now", vec![after("0"), Reply::ok("x")], get(), 2, Some(200)),
        ("Retry-After much later", vec![after("3600"), Reply::ok("x")], get(), 1, Some(429)),
        (
            "POST is not idempotent",
            vec![busy(), Reply::ok("x")],
            get().method("POST").body("x"),
            1,
            Some(503),
        ),
        ("PUT is", vec![busy(), Reply::ok("x")], get().method("PUT").body("x"), 2, Some(200)),
        ("a stream is gone", vec![busy(), Reply::ok("x")], get().method("PUT").stream(Once), 1, Some(503)),
    ];
    on(async {
        for (row, replies, request, requests, status) in rows {
            let server = scripted(replies);
            let agent = retrying(|_| {}).build().expect("usable");
            let page = agent.page(&server.url("/")).expect("a URL");
            // A page resolves; the stream is the owner's alone, over HTTP/1.1.
            let fetched = if row == "a stream is gone" {
                agent.fetch(Request::new(server.url("/")).method("PUT").stream(Once)).await
            } else {
                page.fetch(request).await
            };
            assert_eq!(fetched.as_ref().ok().map(|response| response.status()), status, "{row}: {fetched:?}");
            assert_eq!(server.requests().len(), requests, "{row}");
            let bodies = server
                .requests()
                .iter()
                .filter(|request| request.method == "PUT")
                .all(|request| request.body == "x" || row == "a stream is gone");
            assert!(bodies, "{row}: each try sends the whole body");
        }
        // Whoever says so may have it all twice.
        let server = scripted(vec![busy(), Reply::ok("x")]);
        let agent_of_all = retrying(|retry| retry.methods = RetryMethods::All).build().expect("usable");
        let request = Request::new(server.url("/")).method("POST").body("x");
        assert_eq!(agent_of_all.fetch(request).await.expect("an answer").status(), 200);
        assert!(server.requests().iter().all(|request| request.body == "x"));
        // Off unless asked for.
        let server = scripted(vec![busy(), Reply::ok("x")]);
        assert_eq!(agent().fetch(server.url("/")).await.expect("an answer").status(), 503);
    });
}

#[test]
fn the_budget_ends_retries_for_all() {
    let server = scripted(vec![Reply::new(503)]);
    on(async {
        let agent = retrying(|retry| retry.budget = 0.0).build().expect("usable");
        for _ in 0..8 {
            assert_eq!(agent.fetch(server.url("/")).await.expect("an answer").status(), 503);
        }
    });
    // Ten are there from the start; then none is earned.
    assert_eq!(server.requests().len(), 8 + 10);
}

#[test]
fn a_wait_before_a_retry_ends_with_its_signal_and_never_outlasts_a_deadline() {
    let server = scripted(vec![Reply::new(503).header("Retry-After", "3000")]);
    let gone = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port");
    on(async {
        let agent = retrying(|retry| retry.longest_wait = NEVER).build().expect("usable");
        let controller = AbortController::new();
        let fetching = agent.fetch(Request::new(server.url("/")).signal(&controller.signal()));
        let (fetched, ()) = tokio::join!(fetching, async {
            server.until_requests(1).await;
            controller.abort();
        });
        assert!(fetched.expect_err("aborted").is_aborted());
        // Waiting longer than there is time is of no use: the answer stands, or the time is over.
        let request = Request::new(server.url("/")).timeout(Duration::from_secs(1000));
        assert_eq!(agent.fetch(request).await.expect("an answer").status(), 503);
        let request = Request::new(format!("http://{gone}/")).timeout(Duration::from_millis(50));
        let error = agent.fetch(request).await.expect_err("nobody there");
        assert!(error.is_timeout() || matches!(wire(&error), WireFault::Connect { .. }), "{error:?}");
    });
}
