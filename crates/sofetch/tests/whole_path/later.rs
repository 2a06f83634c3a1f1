//! What a page fetches later: sent when it is left, dropped, or after a time, and refused at once where it may not wait.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sofetch::core::infrastructure::bodies::BodyError;
use sofetch::core::rules::deferred_fetching::DeferredFetch;
use sofetch::{AbortController, AbortSignal, ByteStream, Bytes, Misuse, Request, Ruling, UserAgent};
use sofetch_testkit::loopback::{Reply, Server, serve, serve_reply};

use crate::support::{agent, on, ruling};

fn post(path: &str) -> Request {
    Request::new(path).method("POST").body("x")
}

fn seen(server: &Server) -> Vec<String> {
    server.requests().iter().map(|request| format!("{} {}", request.method, request.path())).collect()
}

#[test]
fn what_waits_is_sent_when_the_page_is_left() {
    let server = serve_reply(Reply::ok("unread"));
    on(async {
        let page = agent().page(&server.url("/page")).expect("a URL");
        let result = page.fetch_later(post("/later"), None).expect("room");
        let another = page.fetch_later(post("/much-later"), Some(Duration::MAX)).expect("room");
        page.fetch("/now").await.expect("an answer");
        assert!(!result.activated() && seen(&server) == ["GET /now"]);
        page.close_and_wait().await;
        assert!(result.activated() && another.activated());
        let mut seen = seen(&server);
        seen[1..].sort();
        assert_eq!(seen, ["GET /now", "POST /later", "POST /much-later"]);
        let request = server.requests().pop().expect("it came");
        assert_eq!(request.header("Sec-Fetch-Mode").as_deref(), Some("cors"));
        assert_eq!(request.header("Referer"), Some(server.url("/page")));
        assert_eq!(request.body, "x");
    });
}

#[test]
fn what_waits_is_sent_in_time() {
    let server = serve_reply(Reply::ok(""));
    on(async {
        let page = agent().page(&server.url("/")).expect("a URL");
        let result = page.fetch_later(post("/later"), Some(Duration::ZERO)).expect("room");
        server.until_requests(1).await;
        assert!(result.activated());
        page.close_and_wait().await;
        assert_eq!(seen(&server).len(), 1);
    });
}

#[test]
fn a_page_that_is_dropped_sends_it_too() {
    let server = serve_reply(Reply::ok(""));
    on(async {
        let page = agent().page(&server.url("/")).expect("a URL");
        page.fetch_later(post("/later"), None).expect("room");
        drop(page);
        server.until_requests(1).await;
    });
}

#[test]
fn an_agent_s_own_runtime_lives_until_it_is_sent() {
    let server = serve_reply(Reply::ok(""));
    {
        let agent = UserAgent::builder().own_runtime().build().expect("the defaults");
        let page = agent.page(&server.url("/")).expect("a URL");
        page.fetch_later(post("/later"), None).expect("room");
    }
    on(server.until_requests(1));
}

#[test]
fn a_signal_keeps_it_back() {
    let server = serve_reply(Reply::ok(""));
    on(async {
        let page = agent().page(&server.url("/")).expect("a URL");
        let controller = AbortController::new();
        let aborted = page.fetch_later(post("/a").signal(&controller.signal()), None).expect("room");
        let in_time = AbortSignal::timeout(Duration::ZERO);
        let over = page.fetch_later(post("/b").signal(&in_time), None).expect_err("it is over");
        assert!(over.is_timeout(), "{over:?}");
        let never = AbortController::new();
        page.fetch_later(post("/c").signal(&never.signal()), None).expect("room");
        controller.abort();
        let error = page.fetch_later(post("/d").signal(&controller.signal()), None).expect_err("aborted");
        assert!(error.is_aborted(), "{error:?}");
        page.close_and_wait().await;
        never.abort();
        assert!(!aborted.activated());
        assert_eq!(seen(&server), ["POST /c"]);
    });
}

#[test]
fn a_deadline_keeps_it_back() {
    let server = serve_reply(Reply::ok(""));
    on(async {
        let page = agent().page(&server.url("/")).expect("a URL");
        let signal = AbortSignal::timeout(Duration::from_millis(20));
        let (told, over) = tokio::sync::oneshot::channel();
        let result = page.fetch_later(post("/a").signal(&signal), None).expect("room");
        // Nobody else looks at the signal's clock.
        let _registration = signal.on_abort(|_| told.send(()).expect("who waits"));
        over.await.expect("an abort");
        page.close_and_wait().await;
        assert!(!result.activated() && seen(&server).is_empty());
    });
}

#[test]
fn a_time_limit_counts_from_when_it_is_sent() {
    let server = serve(|_| Reply::hang());
    on(async {
        let page = agent().page(&server.url("/")).expect("a URL");
        let result = page.fetch_later(post("/a").timeout(Duration::from_millis(20)), None).expect("room");
        page.close_and_wait().await;
        assert!(result.activated());
    });
}

struct Endless;

impl ByteStream for Endless {
    fn poll_next(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Bytes, BodyError>>> {
        std::task::Poll::Pending
    }
}

#[test]
fn refusals_are_told_at_once() {
    on(async {
        let page = agent().page("https://a.test/").expect("a URL");
        let left = agent().page("https://a.test/").expect("a URL");
        left.close();
        let worker = agent().page_builder("https://a.test/").worker(true).build().expect("a page");
        let policy = agent().page_builder("https://a.test/").permissions_policy("deferred-fetch=()");
        let poor = policy.build().expect("a policy");
        let long = || post("/").body(vec![b'x'; 64 * 1024]);
        for (row, page, request, expected) in [
            ("left", &left, post("/"), "NotFullyActive"),
            ("a worker", &worker, post("/"), "NotFullyActive"),
            ("no HTTP", &page, Request::new("blob:https://a.test/x"), "SchemeRefused"),
            ("plain HTTP", &page, post("http://a.test/"), "NotPotentiallyTrustworthy"),
            ("a stream", &page, post("/").stream(Endless), "BodyWithoutLength"),
            ("too long", &page, long(), "QuotaExceeded { quota: 65536, requested: 65551 }"),
            ("a page that may not", &poor, post("/"), "QuotaExceeded { quota: 0"),
        ] {
            let error = page.fetch_later(request, None).expect_err(row);
            let Ruling::DeferredFetch(verdict) = ruling(&error) else { panic!("{row}: {error:?}") };
            assert!(format!("{verdict:?}").starts_with(expected), "{row}: {verdict:?}");
            assert!(error.is_refused() && !matches!(verdict, DeferredFetch::Within { .. }), "{row}");
        }
        for (row, request, expected) in [
            ("no URL", Request::new("https://a b/"), Misuse::InvalidUrl),
            ("no method", post("/").method("a b"), Misuse::InvalidMethod),
        ] {
            let error = page.fetch_later(request, None).expect_err(row);
            assert_eq!(error.kind(), sofetch::ErrorKind::Misuse(expected), "{row}");
        }
        assert!(agent().page_builder("https://a.test/").permissions_policy("=").build().is_err());
    });
}

#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl sofetch::Observer for Told {
    fn event(&self, _: sofetch::TraceId, event: &sofetch::Event) {
        let said = match event {
            sofetch::Event::Deferred { url, .. } => format!("deferred {}", url.path()),
            sofetch::Event::Ended(_) => "ended".to_owned(),
            _ => return,
        };
        self.0.lock().expect("nobody panicked").push(said);
    }
}

#[test]
fn an_observer_is_told_of_both() {
    let server = serve_reply(Reply::ok(""));
    on(async {
        let told = Arc::<Told>::default();
        let page = agent().page(&server.url("/")).expect("a URL");
        page.fetch_later(post("/a").observer(told.clone()), None).expect("room");
        assert_eq!(*told.0.lock().expect("nobody panicked"), ["deferred /a"]);
        page.close_and_wait().await;
        assert_eq!(*told.0.lock().expect("nobody panicked"), ["deferred /a", "ended"]);
    });
}
