//! The Rust face through real sockets: fetch, pages, bodies, clone, abort, progress.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sofetch::{AbortController, CredentialsMode, Mode, RedirectMode, Request, ResponseType, UserAgent};
use sofetch_testkit::loopback::{Reply, on_tokio, serve};

fn agent() -> UserAgent {
    UserAgent::builder().build().expect("the defaults")
}

#[test]
fn three_lines_to_a_json_document() {
    let server = serve(|_| Reply::ok(r#"{"name":"lamp"}"#).header("Content-Type", "application/json"));
    let url = server.url("/items/1");
    on_tokio(async {
        let mut response = agent().fetch(&url).await.expect("an answer");
        let document: serde_json::Value = response.json().await.expect("JSON");
        assert_eq!(document["name"], "lamp");
        assert!(response.body_used());
        assert!(response.json::<serde_json::Value>().await.expect_err("read once").is_body_used());
    });
    let seen = &server.requests()[0];
    assert_eq!(seen.header("Accept").as_deref(), Some("*/*"));
    assert!(seen.header("User-Agent").is_some_and(|value| value.starts_with("sofetch/")));
    assert_eq!(seen.header("Origin"), None);
    assert_eq!(seen.header("Sec-Fetch-Mode"), None);
}

#[test]
fn without_a_runtime_the_agent_has_its_own() {
    let server = serve(|_| Reply::ok("hello"));
    let text = sofetch_wait(async {
        let mut response = sofetch::fetch(server.url("/")).await.expect("an answer");
        response.text().await.expect("text")
    });
    assert_eq!(text, "hello");
}

/// A ten-line executor: no runtime of tokio's anywhere near the caller.
fn sofetch_wait<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut std::task::Context::from_waker(&waker)) {
            std::task::Poll::Ready(value) => return value,
            std::task::Poll::Pending => std::thread::park(),
        }
    }
}

#[test]
fn a_page_is_refused_with_a_reason_and_the_owner_is_not() {
    let server = serve(|_| Reply::ok("secret").header("Set-Cookie", "a=1"));
    let url = server.url("/");
    on_tokio(async {
        let agent = agent();
        let page = agent.page("http://app.test/").expect("a URL");
        let error = page.fetch(&url).await.expect_err("no Access-Control-Allow-Origin");
        assert!(error.is_refused());
        assert!(format!("{error:#}").contains("NoAllowOrigin"), "{error:#}");
        let mut response = agent.fetch(&url).await.expect("no origin asks");
        assert_eq!(response.headers().get_set_cookie(), ["a=1"]);
        assert_eq!(response.text().await.expect("text"), "secret");
        let opaque = page.fetch(Request::new(&url).mode(Mode::NoCors)).await.expect("opaque");
        assert_eq!((opaque.response_type(), opaque.status(), opaque.url()), (ResponseType::Opaque, 0, ""));
    });
}

#[test]
fn the_notes_patch_is_preflighted_once() {
    let server = serve(|request| {
        let reply = Reply::ok("{}").header("Access-Control-Allow-Origin", "http://app.test");
        match &*request.method {
            "OPTIONS" => reply
                .header("Access-Control-Allow-Methods", "PUT,PATCH,DELETE")
                .header("Access-Control-Allow-Headers", "API-Key,Content-Type")
                .header("Access-Control-Max-Age", "86400"),
            _ => reply,
        }
    });
    let url = server.url("/service.json");
    on_tokio(async {
        let page = agent().page("http://app.test/").expect("a URL");
        for _ in 0..2 {
            let request =
                Request::new(&url).method("PATCH").header("API-Key", "secret").json(&serde_json::json!({}));
            let response = page.fetch(request).await.expect("granted");
            assert_eq!((response.response_type(), response.status()), (ResponseType::Cors, 200));
        }
    });
    let methods: Vec<_> = server.requests().iter().map(|request| request.method.clone()).collect();
    assert_eq!(methods, ["OPTIONS", "PATCH", "PATCH"]);
    let question = server.requests()[0].header("Access-Control-Request-Headers");
    assert_eq!(question.as_deref(), Some("api-key,content-type"));
}

#[test]
fn manual_redirects_are_opaque_to_a_page_and_real_to_the_owner() {
    let server = serve(|_| Reply::new(302).header("Location", "/there"));
    let url = server.url("/here");
    on_tokio(async {
        let agent = agent();
        let own = agent.fetch(Request::new(&url).redirect(RedirectMode::Manual)).await.expect("the redirect");
        assert_eq!((own.status(), own.headers().get("Location").as_deref()), (302, Some("/there")));
        let page = agent.page(&server.url("/")).expect("a URL");
        let seen = page.fetch(Request::new(&url).redirect(RedirectMode::Manual)).await.expect("opaque");
        assert_eq!((seen.response_type(), seen.status()), (ResponseType::OpaqueRedirect, 0));
    });
}

#[test]
fn a_clone_reads_the_same_bytes() {
    let body: Vec<u8> = (0..300_000u32).map(|n| n as u8).collect();
    let sent = body.clone();
    let server = serve(move |_| Reply::ok(sent.clone()));
    let url = server.url("/");
    on_tokio(async {
        let mut response = agent().fetch(&url).await.expect("an answer");
        let mut twin = response.clone().expect("not read yet");
        let (a, b) = tokio::join!(response.bytes(), twin.bytes());
        assert_eq!(a.expect("bytes"), body);
        assert_eq!(b.expect("bytes"), body);
        assert!(response.clone().expect_err("read").is_body_used());
    });
}

#[test]
fn an_abort_reaches_the_fetch_and_the_body() {
    let server = serve(|_| Reply::hang());
    let url = server.url("/");
    let half = serve(|_| {
        Reply::new(200)
            .header("Content-Length", "10")
            .as_given()
            .body("12345")
            .ending(sofetch_testkit::loopback::Ending::Hang)
    });
    let half_url = half.url("/");
    on_tokio(async {
        let agent = agent();
        let controller = AbortController::new();
        let fetching = agent.fetch(Request::new(&url).signal(&controller.signal()));
        let aborting = async {
            server.until_requests(1).await;
            controller.abort();
        };
        let (fetched, ()) = tokio::join!(fetching, aborting);
        assert!(fetched.expect_err("aborted").is_aborted());

        let controller = AbortController::new();
        let mut response =
            agent.fetch(Request::new(&half_url).signal(&controller.signal())).await.expect("a head");
        let mut body = response.body().expect("unread");
        assert_eq!(body.chunk().await.expect("a chunk").as_deref(), Some(&b"12345"[..]));
        controller.abort_with("enough");
        assert!(body.chunk().await.expect_err("aborted").is_aborted());
        assert!(
            agent
                .fetch(Request::new(&url).signal(&controller.signal()))
                .await
                .expect_err("at once")
                .is_aborted()
        );
    });
}

#[test]
fn an_abort_reaches_a_body_that_no_network_sent() {
    on_tokio(async {
        let controller = AbortController::new();
        let request = Request::new("data:,hello").signal(&controller.signal());
        let mut response = agent().fetch(request).await.expect("a data: URL");
        controller.abort();
        assert!(response.text().await.expect_err("aborted").is_aborted());
    });
}

#[test]
fn progress_is_told_both_ways() {
    let server = serve(|request| Reply::ok(request.body.clone()));
    let url = server.url("/");
    let (up, down) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (up_told, down_told) = (up.clone(), down.clone());
    on_tokio(async {
        let request = Request::new(&url)
            .method("POST")
            .body(vec![7; 100_000])
            .on_upload(move |bytes| {
                up_told.fetch_add(bytes, Ordering::SeqCst);
            })
            .on_download(move |bytes| {
                down_told.fetch_add(bytes, Ordering::SeqCst);
            });
        let bytes = agent().fetch(request).await.expect("an answer").bytes().await.expect("bytes");
        assert_eq!(bytes.len(), 100_000);
    });
    assert_eq!((up.load(Ordering::SeqCst), down.load(Ordering::SeqCst)), (100_000, 100_000));
}

#[test]
fn early_hints_are_told() {
    let server = serve(|_| Reply::ok("x").interim(103, &[("Link", "</a.css>; rel=preload")]));
    let hints = Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = hints.clone();
    on_tokio(async {
        let request = Request::new(server.url("/")).on_early_hints(move |headers| {
            heard.lock().expect("nobody panicked").push(headers.get("Link"));
        });
        agent().fetch(request).await.expect("an answer");
    });
    assert_eq!(*hints.lock().expect("nobody panicked"), [Some("</a.css>; rel=preload".to_owned())]);
}

#[test]
fn misuse_is_an_error_before_anything_is_sent() {
    on_tokio(async {
        let agent = agent();
        let page = agent.page("https://app.test/").expect("a URL");
        let url = "https://api.test/";
        for (row, request) in [
            ("no URL", Request::new("http://")),
            ("credentials in a page's URL", Request::new("https://a:b@api.test/")),
            ("no method", Request::new(url).method("a b")),
            ("a forbidden method", Request::new(url).method("TRACE")),
            ("a body under GET", Request::new(url).body("x")),
            ("a bad header name", Request::new(url).header("a b", "x")),
            ("a bad header value", Request::new(url).header("a", "x\ny")),
            ("navigate", Request::new(url).mode(Mode::Navigate)),
            ("PUT under no-cors", Request::new(url).mode(Mode::NoCors).method("PUT")),
        ] {
            let error = page.fetch(request).await.expect_err(row);
            assert!(error.is_misuse(), "{row}: {error:?}");
        }
        for name in
            ["Content-Length", "Transfer-Encoding", "Connection", "TE", "Upgrade", "Trailer", "Keep-Alive"]
        {
            let error = agent.fetch(Request::new(url).header(name, "1")).await.expect_err(name);
            assert!(error.is_misuse(), "{name}: {error:?}");
        }
    });
}

#[test]
fn credentials_never_show_in_debug() {
    let request = Request::new("https://user:secret@api.test/");
    assert!(!format!("{request:?}").contains("secret"));
    on_tokio(async {
        let request = Request::new("https://user:secret@127.0.0.1:1/").credentials(CredentialsMode::Include);
        let error = agent().fetch(request).await.expect_err("nobody listens");
        assert!(!format!("{error} {error:#}").contains("secret"), "{error:#}");
    });
}
