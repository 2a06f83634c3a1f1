//! The faces' objects: headers behind guards, responses of one's own, conversions, the service, the blocking face, and
//! what is printed of them.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use sofetch::core::infrastructure::requests::Request as CoreRequest;
use sofetch::core::ports::{Answer, OverrideFetch};
use sofetch::core::rulings::Fetched;
use sofetch::net::ProxyRules;
use sofetch::{
    AbortController, AbortReason, Bytes, Error, ErrorKind, Guard, Headers, Misuse, Mode, NetworkError, Page,
    Reason, Request, Response, ResponseType, UserAgent,
};
use sofetch_testkit::loopback::{Reply, serve, serve_reply};

use crate::support::{agent, on, readable};

#[test]
fn a_fetched_response_s_headers_are_immutable() {
    let server = serve_reply(Reply::ok("x").header("X", "1").header("x", "2"));
    on(async {
        let mut response = agent().fetch(server.url("/")).await.expect("an answer");
        assert_eq!(response.headers().guard(), Guard::Immutable);
        let headers = response.headers_mut();
        for refused in [headers.append("Y", "1"), headers.set("X", "1"), headers.delete("X")] {
            assert_eq!(refused.expect_err("immutable").kind(), ErrorKind::Misuse(Misuse::Immutable));
        }
        assert_eq!(response.headers().get_all("X"), ["1", "2"]);
        assert!(response.with_status_text("x").expect_err("immutable").is_misuse());
    });
}

#[test]
fn headers_behind_each_guard() {
    let mut response = Response::new(200, Headers::new(), None).expect("a response");
    let headers = response.headers_mut();
    assert_eq!(headers.guard(), Guard::Response);
    headers.append("Set-Cookie", "a=1").expect("left out without a word");
    headers.append("X", "1").expect("a header");
    assert_eq!((headers.has("Set-Cookie"), headers.get("x").as_deref()), (false, Some("1")));
    // What a page's request may not say is left out on its way.
    let server = serve(|_| readable(Reply::ok("")));
    on(async {
        let agent = agent();
        let page = agent.page(&server.url("/")).expect("a URL");
        let names = [
            "Cookie",
            "Host",
            "Origin",
            "Referer",
            "Sec-Fetch-Site",
            "Proxy-X",
            "Sec-X",
            "Accept-Encoding",
            "Date",
            "Via",
        ];
        let forbidden = || {
            names
                .iter()
                .fold(Request::new("/"), |request, name| request.header(name, "mine"))
                .header("X", "kept")
        };
        page.fetch(forbidden()).await.expect("an answer");
        page.fetch(Request::new("/").header("X-HTTP-Method-Override", "TRACE")).await.expect("an answer");
        // "no-cors": only what a form could send, and only so long.
        let no_cors = Request::new("/")
            .mode(Mode::NoCors)
            .header("Accept", "text/plain")
            .header("Content-Type", "application/json")
            .header("X", "1")
            .header("Accept-Language", "x".repeat(200));
        page.fetch(no_cors).await.expect("an answer");
        agent.fetch(forbidden()).await.expect_err("a relative URL is a page's");
    });
    let seen = server.requests();
    assert!(seen[0].headers.iter().all(|(_, value)| value != "mine"), "{seen:?}");
    assert_eq!(seen[0].header("X").as_deref(), Some("kept"));
    assert_eq!(seen[1].header("X-HTTP-Method-Override"), None);
    assert_eq!(seen[2].header("Accept").as_deref(), Some("text/plain"));
    for name in ["Content-Type", "X", "Accept-Language"] {
        assert_eq!(seen[2].header(name), None, "{name}");
    }
}

#[test]
fn responses_of_one_s_own() {
    let error = Response::error();
    assert_eq!(
        (error.response_type(), error.status(), error.headers().guard()),
        (ResponseType::Error, 0, Guard::Immutable)
    );
    assert!(http::Response::try_from(error).expect_err("nobody takes it for a 200").is_misuse());
    let redirect = Response::redirect("https://a.test/x", 307).expect("a redirect");
    assert_eq!(redirect.headers().get("Location").as_deref(), Some("https://a.test/x"));
    assert_eq!((redirect.status(), redirect.headers().guard()), (307, Guard::Immutable));
    for (url, status, misuse) in [
        ("https://a.test/", 200, Misuse::InvalidStatus),
        ("https://a.test/", 304, Misuse::InvalidStatus),
        ("x", 302, Misuse::InvalidUrl),
    ] {
        let error = Response::redirect(url, status).expect_err(url);
        assert_eq!(error.kind(), ErrorKind::Misuse(misuse));
    }
    for (status, body, misuse) in [
        (199, None, Misuse::InvalidStatus),
        (600, None, Misuse::InvalidStatus),
        (204, Some("x"), Misuse::NullBodyStatus),
        (304, Some(""), Misuse::NullBodyStatus),
    ] {
        let error =
            Response::new(status, Headers::new(), body.map(Bytes::from)).expect_err("no such response");
        assert_eq!(error.kind(), ErrorKind::Misuse(misuse), "{status}");
    }
    let named =
        |text: &str| Response::new(200, Headers::new(), None).expect("a response").with_status_text(text);
    assert_eq!(named("Fin\u{e9}").expect("a phrase").status_text(), "Fin\u{e9}");
    for text in ["a\r\nb", "\0", "\u{20ac}"] {
        assert_eq!(named(text).expect_err(text).kind(), ErrorKind::Misuse(Misuse::InvalidStatusText));
    }
    on(async {
        let mut json = Response::from_json(&serde_json::json!({"a": [1, 2]})).expect("JSON");
        assert_eq!(json.headers().get("Content-Type").as_deref(), Some("application/json"));
        assert_eq!(json.json::<serde_json::Value>().await.expect("JSON")["a"][1], 2);
        assert!(json.text().await.expect_err("read").is_body_used());
        let mut empty = Response::new(204, Headers::new(), None).expect("a response");
        assert_eq!((empty.text().await.expect("nothing"), empty.body_used()), (String::new(), false));
    });
    assert_eq!(
        Response::new(500, Headers::new(), None).expect("one").error_for_status().expect_err("500").status(),
        500
    );
}

#[test]
fn a_response_of_one_s_own_answers_for_the_network() {
    struct Mock;
    impl OverrideFetch for Mock {
        fn potentially_override_response<'a>(
            &'a self,
            request: &'a CoreRequest,
        ) -> Answer<'a, Option<Fetched>> {
            Answer::ready(match request.current_url().path() {
                "/mock" => {
                    let headers = Headers::from_pairs([("Set-Cookie", "a=1")]).expect("a header");
                    let mut response =
                        Response::new(200, headers, Some("mocked".into())).expect("a response");
                    response.headers_mut().append("X", "1").expect("a header");
                    Some(Ok(response.into_core()))
                }
                "/no" => Some(Err(NetworkError::new(Reason::Answered))),
                _ => None,
            })
        }
    }
    let server = serve_reply(Reply::ok("real"));
    on(async {
        let agent = UserAgent::builder().override_fetch(Arc::new(Mock)).build().expect("usable");
        let mut response = agent.fetch(server.url("/mock")).await.expect("mocked");
        assert_eq!(response.headers().get_all("set-cookie"), ["a=1"]);
        assert_eq!(
            (response.headers().get("X").as_deref(), response.text().await.expect("text")),
            (Some("1"), "mocked".into())
        );
        let error = agent.fetch(server.url("/no")).await.expect_err("answered so");
        assert!(error.is_refused() && matches!(error.reason(), Some(Reason::Answered)));
        assert_eq!(agent.fetch(server.url("/")).await.expect("real").text().await.expect("text"), "real");
    });
}

#[test]
fn from_and_to_the_http_crate() {
    use http_body::Body;
    let server = serve(|request| {
        Reply::ok(request.body.clone())
            .header("X-Method", request.method.clone())
            .header("X", "1")
            .header("X", "2")
    });
    on(async {
        let request = http::Request::put(server.url("/x?y"))
            .header("X-Own", "1")
            .header("Content-Length", "4")
            .header("Connection", "close")
            .body(Bytes::from("body"));
        let response = agent().fetch(request.expect("a request")).await.expect("an answer");
        let converted = http::Response::try_from(response).expect("all of it can be said");
        assert_eq!(converted.status(), http::StatusCode::OK);
        assert_eq!(converted.headers()["x-method"], "PUT");
        assert_eq!(converted.headers().get_all("x").iter().count(), 2);
        let mut body = pin!(converted.into_body());
        let mut read = Vec::new();
        while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
            read.extend_from_slice(&frame.expect("a frame").into_data().expect("data"));
        }
        assert_eq!(read, b"body");
        // One that was read has nothing to convert.
        let mut used = agent().fetch(server.url("/")).await.expect("an answer");
        used.bytes().await.expect("bytes");
        assert!(http::Response::try_from(used).expect_err("it was read").is_body_used());
    });
    assert_eq!(server.requests()[0].header("X-Own").as_deref(), Some("1"));
    assert_eq!(server.requests()[0].header("Content-Length").as_deref(), Some("4"));
}

#[cfg(feature = "tower")]
#[test]
fn agents_and_pages_are_services() {
    use tower_service::Service;
    async fn call<S>(mut service: S, url: String) -> Result<Response, Error>
    where
        S: Service<Request, Response = Response, Error = Error>,
    {
        poll_fn(|context| service.poll_ready(context)).await?;
        service.call(Request::new(url)).await
    }
    let server = serve_reply(Reply::ok("x"));
    on(async {
        let agent = agent();
        let page = agent.page("http://app.test/").expect("a URL");
        assert_eq!(call(agent, server.url("/")).await.expect("an answer").status(), 200);
        assert!(call(page, server.url("/")).await.expect_err("another origin's").is_refused());
    });
}

#[cfg(feature = "blocking")]
#[test]
fn the_blocking_face() {
    use std::io::Read;
    let server = serve(|request| match request.path() {
        "/json" => Reply::ok("{\"a\":1}"),
        "/form" => Reply::ok("a=1&b=2").header("Content-Type", "application/x-www-form-urlencoded"),
        "/cut" => Reply::new(200)
            .header("Content-Length", "9")
            .as_given()
            .body("123")
            .ending(sofetch_testkit::loopback::Ending::Close),
        _ => Reply::ok("hello ").chunked().piece("world").header("Content-Type", "text/plain"),
    });
    let fetch = |path: &str| sofetch::blocking::fetch(server.url(path)).expect("an answer");
    assert_eq!(fetch("/").text().expect("text"), "hello world");
    assert_eq!(fetch("/").bytes().expect("bytes"), "hello world");
    assert_eq!(fetch("/").blob().expect("a blob").content_type(), "text/plain");
    assert_eq!(fetch("/json").json::<serde_json::Value>().expect("JSON")["a"], 1);
    assert!(fetch("/form").form_data().expect("a form").has("b"));
    let mut text = String::new();
    let mut response = fetch("/");
    response.reader().expect("unread").read_to_string(&mut text).expect("text");
    assert_eq!((&*text, response.status()), ("hello world", 200));
    assert!(response.reader().expect_err("read").is_body_used());
    let error = fetch("/cut").reader().expect("unread").read_to_end(&mut Vec::new()).expect_err("cut");
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).expect("ours");
    assert_eq!(inner.kind(), ErrorKind::Peer);
    assert!(sofetch::blocking::fetch("http://[").expect_err("no URL").is_misuse());
    // Any future of an agent with a runtime of its own.
    let agent = UserAgent::builder().own_runtime().build().expect("usable");
    let mut response = sofetch::blocking::wait(agent.fetch(server.url("/"))).expect("an answer");
    drop(agent);
    assert_eq!(sofetch::blocking::wait(response.text()).expect("text"), "hello world");
}

#[test]
fn futures_are_send_and_small() {
    fn spawned<T: Send>(future: &T) -> usize {
        std::mem::size_of_val(future)
    }
    fn shared<T: Send + Sync + 'static>() {}
    shared::<UserAgent>();
    shared::<Page>();
    shared::<Error>();
    shared::<Headers>();
    shared::<sofetch::AbortSignal>();
    fn sent<T: Send + 'static>() {}
    sent::<Response>();
    sent::<Request>();
    sent::<sofetch::BodyStream>();
    let agent = agent();
    let page = agent.page("http://app.test/").expect("a URL");
    let mut response = Response::from_json(&1).expect("JSON");
    const LIMIT: usize = 4096;
    assert!(spawned(&agent.fetch("http://a.test/")) <= LIMIT, "{}", spawned(&agent.fetch("http://a.test/")));
    assert!(spawned(&page.fetch(Request::new("http://a.test/"))) <= LIMIT);
    assert!(spawned(&sofetch::fetch("http://a.test/")) <= LIMIT);
    assert!(spawned(&response.bytes()) <= LIMIT);
    assert!(spawned(&response.json::<serde_json::Value>()) <= LIMIT);
    assert!(spawned(&response.form_data()) <= LIMIT);
}

#[test]
fn secrets_are_not_printed() {
    const SECRET: &str = "s3cret";
    let printed = |thing: &dyn std::fmt::Debug| {
        let text = format!("{thing:?} {thing:#?}");
        assert!(!text.contains(SECRET), "{text}");
    };
    printed(&Request::new("https://user:s3cret@a.test/"));
    printed(&Request::new("https://user:s3cret@a.test:99999/"));
    printed(&Request::new("https://user:s3cret@[/"));
    printed(&Request::new("http://a.test/").bearer(SECRET).header("Cookie", SECRET).body(SECRET));
    let rules = ProxyRules::all("http://user:s3cret@127.0.0.1:1").expect("a proxy");
    let builder = UserAgent::builder()
        .network_config(|config| config.proxy = rules)
        .network_config(|config| config.tls.client_identity = None);
    printed(&builder);
    let agent = builder.build().expect("usable");
    printed(&agent);
    printed(&agent.page("https://user:s3cret@a.test/").expect("a URL"));
    printed(&agent.page_builder("https://user:s3cret@a.test/"));
    on(async {
        for url in [
            "https://user:s3cret@[/",
            "http://user:s3cret@127.0.0.1:99999/",
            "http://user:s3cret@127.0.0.1:1/",
        ] {
            let error = agent.fetch(url).await.expect_err(url);
            printed(&error);
            let text = format!("{error} {error:#}");
            assert!(!text.contains(SECRET), "{text}");
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                printed(&error);
                assert!(!error.to_string().contains(SECRET), "{error}");
                cause = error.source();
            }
        }
        let server = serve_reply(Reply::ok("body s3cret"));
        let own = sofetch_testkit::loopback::url(&server, "/").with_credentials("user", SECRET);
        let response = UserAgent::builder().build().expect("usable").fetch(own).await.expect("an answer");
        printed(&response);
    });
}

#[test]
fn an_error_prints_its_chain() {
    on(async {
        let agent = agent();
        let gone = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port");
        let error = agent.fetch(format!("http://{gone}/p?q#f")).await.expect_err("nobody there");
        assert_eq!(error.to_string(), format!("network failure: connect (http://{gone}/p)"));
        let chain = format!("{error:#}");
        assert!(chain.starts_with(&format!("{error}: ")), "{chain}");
        assert_eq!(chain.matches("connect (").count(), 1, "{chain}");
        assert!(!chain.contains(": connect:"), "the fault is said once: {chain}");
        let cause = std::error::Error::source(&error).expect("the system's word");
        assert!(cause.downcast_ref::<std::io::Error>().is_some(), "{cause:?}");
        let server = serve_reply(Reply::ok(""));
        let page = agent.page("http://app.test/").expect("a URL");
        let error = page.fetch(server.url("/")).await.expect_err("another origin's");
        let chain = format!("{error:#}");
        assert!(error.to_string().starts_with("refused: CorsCheck ("), "{error}");
        assert!(chain.contains("NoAllowOrigin") && chain.contains("fetch.spec.whatwg.org/#"), "{chain}");
    });
}

#[test]
fn a_reason_of_the_callers_comes_back() {
    let server = serve(|_| Reply::hang());
    on(async {
        let controller = AbortController::new();
        let agent = agent();
        let fetching = agent.fetch(Request::new(server.url("/")).signal(&controller.signal()));
        let (fetched, ()) = tokio::join!(fetching, async {
            server.until_requests(1).await;
            controller.abort_with(42u8);
        });
        let error = fetched.expect_err("aborted");
        let Some(Reason::Aborted(AbortReason::Other(reason))) = error.reason() else { panic!("{error:?}") };
        assert_eq!(reason.downcast_ref::<u8>(), Some(&42));
    });
}
