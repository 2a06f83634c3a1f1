//! The owner's word before a request goes on the wire: what is kept back is never seen, and what was asked is all there.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use sofetch::core::ports::BoxFuture;
use sofetch::{
    BodyError, ByteStream, Bytes, ErrorKind, Outgoing, Reason, Request, SendPolicy, Url, UserAgent, WireFault,
};

use crate::support::{Web, go, on};

/// Lets through what it is told to, and remembers what it was asked.
struct Only {
    let_through: fn(&Outgoing) -> bool,
    asked: Mutex<Vec<String>>,
}

impl SendPolicy for Only {
    fn may_send(&self, request: Outgoing) -> BoxFuture<'_, bool> {
        Box::pin(async move {
            let preflight = if request.preflight { "preflight " } else { "" };
            let line = format!("{preflight}{} {}", request.method, request.url);
            self.asked.lock().expect("no panic").push(line);
            // A policy may take its time: a person is asked.
            tokio::task::yield_now().await;
            (self.let_through)(&request)
        })
    }
}

fn agent(web: &Web, let_through: fn(&Outgoing) -> bool) -> (UserAgent, Arc<Only>) {
    let policy = Arc::new(Only { let_through, asked: Mutex::default() });
    (web.builder().send_policy(policy.clone()).build().expect("usable"), policy)
}

fn patch(url: &str) -> Request {
    Request::new(url).method("PATCH").header("API-Key", "k").body("{}")
}

#[test]
fn what_is_kept_back_is_never_sent() {
    let web = Web::new();
    type Row<'a> = (&'a str, Request, fn(&Outgoing) -> bool, &'a [&'a str], &'a [&'a str]);
    let to_c = go("http://b.test", 307, "http://c.test/x");
    let redirected = ["GET http://b.test/go?status=307&to=http://c.test/x", "GET http://c.test/x"];
    let table: [Row<'_>; 4] = [
        ("nothing at all", Request::new("http://b.test/"), |_| false, &["GET http://b.test/"], &[]),
        (
            "the preflight alone",
            patch("http://b.test/"),
            |request| request.preflight,
            &["preflight OPTIONS http://b.test/", "PATCH http://b.test/"],
            &["OPTIONS"],
        ),
        (
            "an OPTIONS of the script's own is no preflight",
            Request::new("http://b.test/").method("OPTIONS"),
            |request| request.preflight,
            &["preflight OPTIONS http://b.test/", "OPTIONS http://b.test/"],
            &["OPTIONS"],
        ),
        (
            "one host",
            Request::new(&*to_c),
            |request| request.url.href().starts_with("http://b.test/"),
            &redirected,
            &["GET"],
        ),
    ];
    on(async {
        for (row, request, let_through, asked, sent) in table {
            let (agent, policy) = agent(&web, let_through);
            let before = web.plain.requests().len();
            let page = agent.page("http://a.test/").expect("a URL");
            let error = page.fetch(request).await.expect_err(row);
            assert_eq!(error.kind(), ErrorKind::Withheld, "{row}");
            assert!(matches!(error.reason(), Some(Reason::Wire(WireFault::Withheld))), "{row}");
            assert_eq!(*policy.asked.lock().expect("no panic"), *asked, "{row}");
            let seen: Vec<String> =
                web.plain.requests().into_iter().skip(before).map(|request| request.method).collect();
            assert_eq!(seen, *sent, "{row}");
        }
    });
}

#[test]
fn what_is_let_through_is_as_without_a_policy() {
    let web = Web::new();
    on(async {
        let (agent, policy) = agent(&web, |_| true);
        let page = agent.page("http://a.test/").expect("a URL");
        let mut response = page.fetch(patch("http://b.test/")).await.expect("granted");
        assert_eq!(response.text().await.expect("a body"), "hello");
        assert_eq!(policy.asked.lock().expect("no panic").len(), 2);
        assert_eq!(web.plain.requests()[1].body, b"{}"[..]);
    });
}

/// Lets through what is for one host, and notes the lengths of bodies.
struct OneHost {
    connected: Mutex<Vec<String>>,
    lengths: Mutex<Vec<Option<u64>>>,
}

impl SendPolicy for OneHost {
    fn may_connect(&self, url: &Url) -> bool {
        self.connected.lock().expect("no panic").push(url.href().to_owned());
        url.hostname() == "b.test"
    }

    fn may_send(&self, request: Outgoing) -> BoxFuture<'_, bool> {
        self.lengths.lock().expect("no panic").push(request.body_length);
        Box::pin(async { true })
    }
}

#[test]
fn what_may_not_be_connected_to_is_not_even_looked_up() {
    let web = Web::new();
    on(async {
        for (row, request, connected, lengths) in [
            ("at once", Request::new("http://nowhere.test/"), &["http://nowhere.test/"][..], &[][..]),
            (
                "after a redirect",
                Request::new(go("http://b.test", 307, "http://nowhere.test/x")),
                &["http://b.test/go?status=307&to=http://nowhere.test/x", "http://nowhere.test/x"],
                &[Some(0)],
            ),
            ("by a preflight", patch("http://nowhere.test/"), &["http://nowhere.test/"], &[]),
        ] {
            let policy = Arc::new(OneHost { connected: Mutex::default(), lengths: Mutex::default() });
            let agent = web.builder().send_policy(policy.clone()).build().expect("usable");
            let error = agent.page("http://a.test/").expect("a URL").fetch(request).await.expect_err(row);
            assert_eq!(error.kind(), ErrorKind::Withheld, "{row}");
            assert_eq!(*policy.connected.lock().expect("no panic"), connected, "{row}");
            assert_eq!(*policy.lengths.lock().expect("no panic"), lengths, "{row}");
        }
    });
}

/// A body of one chunk, of which nobody knows the length.
struct Once(Option<Bytes>);

impl ByteStream for Once {
    fn poll_next(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

#[test]
fn the_length_of_what_would_be_sent_is_told() {
    let web = Web::new();
    on(async {
        let policy = Arc::new(OneHost { connected: Mutex::default(), lengths: Mutex::default() });
        let agent = web.builder().send_policy(policy.clone()).build().expect("usable");
        let post = || Request::new("http://b.test/").method("POST");
        for request in [post().body("123"), post().stream(Once(Some(Bytes::from_static(b"12345"))))] {
            agent.fetch(request).await.expect("let through");
        }
        assert_eq!(*policy.lengths.lock().expect("no panic"), [Some(3), None]);
    });
}
