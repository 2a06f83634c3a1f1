//! `navigator.sendBeacon()` over loopback: what arrives, what asks first, and how much may be under way.

mod support;

use std::sync::Arc;

use sofetch_js::Global;
use sofetch_testkit::loopback::{Reply, RequestSeen, Server, serve};
use support::{Page, run};

fn answer(request: &RequestSeen) -> Reply {
    match (&*request.method, request.path()) {
        ("OPTIONS", "/allowed") => Reply::new(204)
            .header("Access-Control-Allow-Origin", request.header("origin").unwrap_or_default())
            .header("Access-Control-Allow-Credentials", "true")
            .header("Access-Control-Allow-Headers", "content-type"),
        (_, "/open") => Reply::new(200).chunked().piece("x").wait(&Arc::default()),
        _ => Reply::new(204),
    }
}

/// What this script prints on a page of one server, and what that server and another (`OTHER`) saw.
fn sent(script: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    let (own, other) = (serve(answer), serve(answer));
    let script = script.replace("OTHER", other.url("").trim_end_matches('/'));
    let printed = run(Page::of(&own.url("/page")), &script);
    (printed, seen(&own), seen(&other))
}

fn seen(server: &Server) -> Vec<String> {
    let line = |request: RequestSeen| {
        let header = |name: &str| request.header(name).unwrap_or_else(|| "-".to_owned());
        let content_type = header("content-type");
        let content_type = content_type.split("boundary=").next().unwrap_or_default().to_owned();
        let body = if content_type.starts_with("multipart/") {
            "a form".to_owned()
        } else {
            String::from_utf8_lossy(&request.body).into_owned()
        };
        format!("{} {} [{content_type}] {} {body}", request.method, request.path(), header("sec-fetch-mode"))
    };
    server.requests().into_iter().map(line).collect()
}

#[test]
fn data_table() {
    for (row, data, expected) in [
        ("nothing", "", "POST /a [-] no-cors "),
        ("null", ", null", "POST /a [-] no-cors "),
        ("text", ", 'x\u{e9}'", "POST /a [text/plain;charset=UTF-8] no-cors x\u{e9}"),
        ("no text", ", ''", "POST /a [text/plain;charset=UTF-8] no-cors "),
        (
            "parameters",
            ", new URLSearchParams('a=b')",
            "POST /a [application/x-www-form-urlencoded;charset=UTF-8] no-cors a=b",
        ),
        ("bytes", ", new Uint8Array([65, 66])", "POST /a [-] no-cors AB"),
        ("a blob without a type", ", new Blob(['x'])", "POST /a [-] no-cors x"),
        (
            "a blob of a type that is safe",
            ", new Blob(['x'], { type: 'text/plain' })",
            "POST /a [text/plain] no-cors x",
        ),
        ("a blob of another type", ", new Blob(['x'], { type: 'a/b' })", "POST /a [a/b] cors x"),
        (
            "a form",
            ", (() => { const f = new FormData(); f.append('a', 'b'); return f; })()",
            "POST /a [multipart/form-data; ] no-cors a form",
        ),
    ] {
        let (printed, own, _) = sent(&format!("console.log(navigator.sendBeacon('/a'{data}));"));
        assert_eq!((&*printed, &*own), (&["true".to_owned()][..], &[expected.to_owned()][..]), "{row}");
    }
}

#[test]
fn other_origins_are_asked_where_the_type_is_not_safe() {
    for (row, script, expected) in [
        (
            "safe",
            "navigator.sendBeacon('OTHER/a', 'x')",
            &["POST /a [text/plain;charset=UTF-8] no-cors x"][..],
        ),
        (
            "not safe",
            "navigator.sendBeacon('OTHER/a', new Blob(['x'], { type: 'a/b' }))",
            &["OPTIONS /a [-] cors "],
        ),
        (
            "not safe, and allowed",
            "navigator.sendBeacon('OTHER/allowed', new Blob(['x'], { type: 'a/b' }))",
            &["OPTIONS /allowed [-] cors ", "POST /allowed [a/b] cors x"],
        ),
    ] {
        let (printed, _, other) = sent(&format!("console.log({script});"));
        assert_eq!(printed, ["true"], "{row}");
        assert_eq!(other, expected, "{row}");
    }
}

#[test]
fn what_is_no_beacon_table() {
    for (row, script, expected) in [
        ("no URL", "navigator.sendBeacon('https://a b/')", "TypeError"),
        ("another scheme", "navigator.sendBeacon('data:,x')", "TypeError"),
        ("no argument", "navigator.sendBeacon()", "TypeError"),
        ("a stream", "navigator.sendBeacon('/a', new ReadableStream())", "TypeError"),
        ("another this", "navigator.sendBeacon.call({}, '/a')", "TypeError"),
        ("more than the quota", "navigator.sendBeacon('/a', 'x'.repeat(65537))", "false"),
    ] {
        let script = format!("try {{ console.log({script}); }} catch (e) {{ console.log(e.name); }}");
        let (printed, own, _) = sent(&script);
        assert_eq!((printed, own.len()), (vec![expected.to_owned()], 0), "{row}");
    }
}

#[test]
fn the_quota_is_that_of_all_that_is_kept_alive() {
    const SEND: &str = r#"
        const send = (size, path) => navigator.sendBeacon(path, "x".repeat(size));
        const keep = (size, path) => fetch(path, { method: "POST", body: "x".repeat(size), keepalive: true });
        // The interval keeps the loop until the entry is there.
        const reported = () => new Promise(resolve => {
          const keeps = setInterval(() => {}, 1000);
          new PerformanceObserver(() => { clearInterval(keeps); resolve(); }).observe({ type: "resource", buffered: true });
        });
    "#;
    for (row, script, expected, requests) in [
        (
            "what never ends counts",
            r#"console.log(send(65536, "/open"), send(0, "/a"), send(1, "/a"));"#,
            "true true false",
            2,
        ),
        (
            "what has its answer counts no more",
            r#"(async () => { send(65536, "/a"); await reported(); console.log(send(65536, "/a")); })();"#,
            "true",
            2,
        ),
        (
            "fetches that are kept alive count",
            r#"(async () => { await keep(60000, "/open"); console.log(send(6000, "/a"), send(5536, "/a")); })();"#,
            "false true",
            2,
        ),
        (
            "others do not",
            r#"(async () => { await fetch("/open", { method: "POST", body: "x".repeat(60000) }); console.log(send(65536, "/a")); })();"#,
            "true",
            2,
        ),
    ] {
        let (printed, own, _) = sent(&format!("{SEND} {script}"));
        assert_eq!((printed, own.len()), (vec![expected.to_owned()], requests), "{row}");
    }
}

#[test]
fn a_body_that_never_ends_keeps_nobody_waiting() {
    let (printed, own, _) = sent("console.log(navigator.sendBeacon('/open', 'x'));");
    assert_eq!((printed, own.len()), (vec!["true".to_owned()], 1));
}

#[test]
fn workers_have_none() {
    let server = serve(answer);
    let page = Page { global: Global::Worker, ..Page::of(&server.url("/")) };
    assert_eq!(run(page, "console.log('sendBeacon' in navigator);"), ["false"]);
}

#[test]
fn mixed_content_is_not_queued() {
    let printed = run(
        Page::of("https://page.test/"),
        "console.log(navigator.sendBeacon('http://page.test/a'), navigator.sendBeacon('http://127.0.0.1:1/a'));",
    );
    // The port is a bad one: what main fetch refuses for another reason it refuses in silence.
    assert_eq!(printed, ["false true"]);
}
