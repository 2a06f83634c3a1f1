//! `fetchLater()` over loopback: what it refuses, when it sends, and what script sees of that.
//!
//! Over 400 lines: each end that a page can have, and each kind of body, is a test with a script of its own.

#[path = "support/reasons.rs"]
mod reasons;
mod support;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use reasons::Reasons;
use sofetch::{Url, UserAgent};
use sofetch_js::{Ending, Global, Runtime, RuntimeBuilder, THREAD_STACK_BYTES};
use sofetch_testkit::loopback::{Reply, RequestSeen, Server, on_tokio, serve};
use support::lines::Lines;
use support::{Page, run};

fn answer(request: &RequestSeen) -> Reply {
    match request.path() {
        "/hang" => Reply::hang(),
        _ => Reply::new(204),
    }
}

fn seen(server: &Server) -> Vec<String> {
    let line = |request: RequestSeen| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        format!("{} {} {body}", request.method, request.path())
    };
    server.requests().into_iter().map(line).collect()
}

/// Runs a script in a page of the server, and then what the test does with the runtime; what it printed.
fn with_runtime(
    server: &Server,
    change: impl FnOnce(RuntimeBuilder) -> RuntimeBuilder + Send + 'static,
    script: &str,
    then: impl FnOnce(Runtime) + Send + 'static,
) -> Vec<String> {
    let (url, script) = (server.url("/page"), script.to_owned());
    let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES).spawn(move || {
        let lines = Lines::default();
        let builder = Runtime::builder()
            .base_url(Url::parse(&url, None).expect("a URL"))
            .time_limit(Duration::from_secs(60))
            .printer(Rc::new(lines.clone()));
        let mut runtime = change(builder).build().expect("a runtime");
        runtime.run_script(&script, "test.js").expect("a script");
        assert_eq!(runtime.run_until_idle(), Ending::Idle);
        then(runtime);
        lines.take()
    });
    thread.expect("a thread").join().expect("no panic")
}

fn closed(server: &Server, script: &str) -> Vec<String> {
    with_runtime(
        server,
        |builder| builder,
        script,
        |mut runtime| {
            assert_eq!(runtime.close(None), Ending::Idle);
        },
    )
}

#[test]
fn what_waits_is_sent_when_the_page_is_left() {
    let server = serve(answer);
    let printed = closed(
        &server,
        r#"const result = fetchLater("/later", { method: "POST", body: "x", activateAfter: 3600000 });
           console.log(result.activated, Object.prototype.toString.call(result), Object.keys(FetchLaterResult.prototype));
           fetch("/now").then(() => console.log(result.activated));"#,
    );
    assert_eq!(printed, [r#"false [object FetchLaterResult] ["activated"]"#, "false"]);
    assert_eq!(seen(&server), ["GET /now ", "POST /later x"]);
    let request = server.requests().pop().expect("it came");
    assert_eq!(request.header("referer"), Some(server.url("/page")));
    assert_eq!(request.header("sec-fetch-mode").as_deref(), Some("cors"));
}

#[test]
fn a_runtime_that_is_dropped_sends_it_too() {
    let server = serve(answer);
    assert_eq!(run(Page::of(&server.url("/")), "fetchLater('/a'); fetchLater('/b');").len(), 0);
    let mut seen = seen(&server);
    seen.sort();
    assert_eq!(seen, ["GET /a ", "GET /b "]);
}

#[test]
fn what_waits_is_sent_in_time() {
    let server = serve(answer);
    // The interval keeps the loop until it is sent.
    let printed = closed(
        &server,
        r#"const result = fetchLater("/later", { activateAfter: 0 });
           console.log(result.activated);
           const keeps = setInterval(() => {
             if (!result.activated) return;
             clearInterval(keeps);
             console.log("activated", result.activated);
           }, 1);"#,
    );
    assert_eq!(printed, ["false", "activated true"]);
    assert_eq!(seen(&server), ["GET /later "]);
}

#[test]
fn waiting_keeps_no_loop() {
    let server = serve(answer);
    let printed =
        with_runtime(&server, |builder| builder, "fetchLater('/later', { activateAfter: 1e300 });", drop);
    assert!(printed.is_empty());
    assert_eq!(seen(&server), ["GET /later "]);
}

#[test]
fn what_is_refused_table() {
    let quota = |script: &str| {
        format!(
            "(() => {{ try {{ {script}; }} catch (e) {{ return `${{e.name}} ${{e.quota}} ${{e.requested}} ${{e instanceof QuotaExceededError}}`; }} }})()"
        )
    };
    let own = |script: &str| script.to_owned();
    for (row, script, expected) in [
        ("no argument", own("fetchLater()"), "TypeError"),
        ("no URL", own("fetchLater('https://a b/')"), "TypeError"),
        ("another scheme", own("fetchLater('data:,x')"), "TypeError"),
        ("no scheme of HTTP, with a host", own("fetchLater('wss://a.test/')"), "TypeError"),
        ("plain HTTP", own("fetchLater('http://a.test/')"), "TypeError"),
        ("a method that is forbidden", own("fetchLater('/', { method: 'TRACE' })"), "TypeError"),
        ("a time before now", own("fetchLater('/', { activateAfter: -1 })"), "RangeError"),
        ("no time", own("fetchLater('/', { activateAfter: NaN })"), "TypeError"),
        (
            "the constructor's errors first",
            own("fetchLater('https://a b/', { activateAfter: -1 })"),
            "TypeError",
        ),
        ("the time before the scheme", own("fetchLater('data:,x', { activateAfter: -1 })"), "RangeError"),
        (
            "a stream",
            own("fetchLater('/', { method: 'POST', body: new ReadableStream(), duplex: 'half' })"),
            "TypeError",
        ),
        ("aborted before", own("fetchLater('/', { signal: AbortSignal.abort() })"), "AbortError"),
        (
            "the abort before the time",
            own("fetchLater('/', { signal: AbortSignal.abort(), activateAfter: -1 })"),
            "AbortError",
        ),
        (
            "too long",
            quota("fetchLater('https://a.test/', { method: 'POST', body: new Uint8Array(65522) })"),
            "QuotaExceededError 65536 65537 true",
        ),
        (
            "too much together",
            quota(
                "fetchLater('https://a.test/', { method: 'POST', body: new Uint8Array(65521), signal: later.signal }); fetchLater('https://a.test/', { referrer: location.href })",
            ),
            "QuotaExceededError 0 33 true",
        ),
        ("another this", own("fetchLater.call({}, '/')"), "TypeError"),
        (
            "another receiver",
            own("Object.getOwnPropertyDescriptor(FetchLaterResult.prototype, 'activated').get.call({})"),
            "TypeError",
        ),
        ("a result cannot be made", own("new FetchLaterResult()"), "TypeError"),
        (
            "nor changed",
            own("(() => { 'use strict'; fetchLater('/', { signal: later.signal }).activated = true; })()"),
            "TypeError",
        ),
    ] {
        let script = format!(
            "const later = new AbortController();
             try {{ console.log({script}); }} catch (e) {{ console.log(e.name); }}
             later.abort();"
        );
        // An own scheme and host, that the length of its URL is known.
        let page = Page::of("https://page.test/");
        let server = serve(answer);
        let printed = run(page, &script);
        assert_eq!((printed, server.requests().len()), (vec![expected.to_owned()], 0), "{row}");
    }
}

#[test]
fn a_signal_keeps_it_back() {
    let server = serve(answer);
    let printed = closed(
        &server,
        r#"const controller = new AbortController();
           const { signal } = controller;
           const kept = fetchLater("/kept", { signal, activateAfter: 3600000 });
           const sent = fetchLater("/sent", { signal, activateAfter: 0 });
           const request = new Request("/request", { signal });
           const late = fetchLater(request);
           const keeps = setInterval(() => {
             if (!sent.activated) return;
             clearInterval(keeps);
             controller.abort();
             console.log(kept.activated, sent.activated, late.activated);
             try { fetchLater(request); } catch (error) { console.log(error === signal.reason); }
           }, 1);"#,
    );
    assert_eq!(printed, ["false true false", "true"]);
    assert_eq!(seen(&server), ["GET /sent "]);
}

#[test]
fn bodies_are_sent_as_a_fetch_sends_them() {
    let server = serve(answer);
    for (row, init, expected) in [
        ("text", "body: 'x'", "x"),
        ("no text", "body: ''", ""),
        ("bytes", "body: new Uint8Array([65, 66])", "AB"),
        ("a blob", "body: new Blob(['xy'])", "xy"),
        ("parameters", "body: new URLSearchParams('a=b')", "a=b"),
    ] {
        closed(&server, &format!("fetchLater('/a', {{ method: 'POST', {init} }});"));
        assert_eq!(seen(&server).pop(), Some(format!("POST /a {expected}")), "{row}");
    }
    // That of a request goes with it, also where script has looked at its stream.
    for look in ["", "request.body;"] {
        let script = format!(
            "const request = new Request('/b', {{ method: 'POST', body: 'z' }}); {look} fetchLater(request); console.log(request.bodyUsed);"
        );
        assert_eq!(closed(&server, &script), ["true"]);
        assert_eq!(seen(&server).pop().as_deref(), Some("POST /b z"), "{look}");
    }
}

#[test]
fn windows_have_it_and_secure_ones_only() {
    const SCRIPT: &str = "console.log(typeof fetchLater, typeof FetchLaterResult);
        if (typeof fetchLater === 'function') {
          const { enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(self, 'fetchLater');
          console.log(fetchLater.length, enumerable, writable, configurable);
        }";
    for (row, url, global, expected) in [
        ("a window", "https://a.test/", Global::Window, &["function function", "1 true true true"][..]),
        ("this machine", "http://localhost/", Global::Window, &["function function", "1 true true true"]),
        ("an insecure one", "http://a.test/", Global::Window, &["undefined function"]),
        ("a worker", "https://a.test/", Global::Worker, &["undefined undefined"]),
    ] {
        assert_eq!(run(Page { global, ..Page::of(url) }, SCRIPT), expected, "{row}");
    }
}

#[test]
fn on_the_users_own_behalf() {
    let server = serve(answer);
    let url = server.url("/a");
    let script = format!("fetchLater('{url}'); console.log('waits');");
    let printed = run(Page { page: false, ..Page::of("https://page.test/") }, &script);
    assert_eq!((printed, seen(&server)), (vec!["waits".to_owned()], vec!["GET /a ".to_owned()]));
    assert_eq!(server.requests()[0].header("origin"), None);
}

#[test]
fn policies_judge_when_it_is_sent() {
    let (server, other) = (serve(answer), serve(answer));
    let to = other.url("/a");
    let with_policy = |builder: RuntimeBuilder| builder.csp("connect-src 'self'; report-uri /reports");
    // In time the page hears of it; with its end only the collector does.
    let in_time = with_runtime(
        &server,
        with_policy,
        &format!(
            "const keeps = setInterval(() => {{}}, 1000);
             addEventListener('securitypolicyviolation', (event) => {{ console.log(event.violatedDirective); clearInterval(keeps); }});
             fetchLater('{to}', {{ activateAfter: 0 }});"
        ),
        |mut runtime| assert_eq!(runtime.close(None), Ending::Idle),
    );
    assert_eq!(in_time, ["connect-src"]);
    let at_the_end = with_runtime(
        &server,
        with_policy,
        &format!(
            "addEventListener('securitypolicyviolation', () => console.log('heard')); fetchLater('{to}');"
        ),
        |mut runtime| assert_eq!(runtime.close(None), Ending::Idle),
    );
    assert!(at_the_end.is_empty(), "{at_the_end:?}");
    let reports = seen(&server).into_iter().filter(|line| line.starts_with("POST /reports")).count();
    assert_eq!((reports, other.requests().len()), (2, 0));
}

#[test]
fn who_never_answers_is_given_up() {
    let server = serve(answer);
    let reasons = Arc::new(Reasons::default());
    let agent = UserAgent::builder().observer(reasons.clone());
    let soon = |builder: RuntimeBuilder| builder.agent(agent).report_time_limit(Duration::from_millis(20));
    let printed = with_runtime(&server, soon, "fetchLater('/hang');", |mut runtime| {
        assert_eq!(runtime.close(None), Ending::Idle);
    });
    assert!(printed.is_empty());
    assert_eq!(*reasons.0.lock().expect("nobody panicked"), ["timed-out"]);
}

#[test]
fn an_interrupt_ends_the_waiting() {
    let server = Arc::new(serve(answer));
    let seen = server.clone();
    with_runtime(
        &server,
        |builder| builder,
        "fetchLater('/hang');",
        move |mut runtime| {
            let handle = runtime.interrupt_handle();
            let interrupts = std::thread::spawn(move || {
                on_tokio(seen.until_requests(1));
                handle.interrupt();
            });
            assert_eq!(runtime.close(None), Ending::Interrupted);
            interrupts.join().expect("no panic");
        },
    );
}

#[test]
fn it_has_its_entry_in_the_performance_timeline() {
    let server = serve(answer);
    let printed = closed(
        &server,
        "new PerformanceObserver((list, observer) => { for (const entry of list.getEntries()) console.log(entry.name.split('/').at(-1), entry.initiatorType); observer.disconnect(); clearInterval(keeps); }).observe({ type: 'resource' });
         const keeps = setInterval(() => {}, 1000); fetchLater('/later', { activateAfter: 0 });",
    );
    assert_eq!(printed, ["later fetch"]);
}

#[test]
fn it_reads_nothing_that_script_gave_to_all_objects() {
    let server = serve(answer);
    let printed = closed(
        &server,
        "let asked = 0; for (const name of ['length', 0, 1, 2]) Object.defineProperty(Object.prototype, name, { configurable: true, get() { asked++; return 1; } });
         const result = fetchLater('/later'); console.log(asked, result instanceof FetchLaterResult);",
    );
    assert_eq!(printed, ["0 true"]);
    assert_eq!(seen(&server), ["GET /later "]);
}

#[test]
fn a_page_says_how_much_may_wait() {
    let server = serve(answer);
    let printed = with_runtime(
        &server,
        |builder| builder.permissions_policy("deferred-fetch=()"),
        "try { fetchLater('/a'); } catch (error) { console.log(error.name, error.quota); }",
        |mut runtime| assert_eq!(runtime.close(None), Ending::Idle),
    );
    assert_eq!((printed, server.requests().len()), (vec!["QuotaExceededError 0".to_owned()], 0));
    assert!(Runtime::builder().permissions_policy("=").build().is_err());
}

#[test]
fn a_page_that_was_left_does_nothing_more() {
    let server = serve(answer);
    let printed = closed(&server, "globalThis.later = fetchLater('/later');");
    assert!(printed.is_empty());
    let printed = with_runtime(
        &server,
        |builder| builder,
        "",
        |mut runtime| {
            runtime.run_script("fetch('/hang').catch(() => console.log('rejected')); setTimeout(() => console.log('fired'), 0);", "a.js").expect("a script");
            runtime.run_script("globalThis.result = fetchLater('/later');", "b.js").expect("a script");
            runtime.close(None);
            runtime.close(None);
            let said = runtime.evaluate(
                "(() => { try { fetchLater('/more'); } catch (error) { return `${error.name} ${result.activated}`; } })()",
            );
            assert_eq!(said.expect("a value"), "TypeError false");
            assert_eq!(runtime.run_until_idle(), Ending::Idle);
        },
    );
    assert!(printed.is_empty(), "{printed:?}");
    assert_eq!(seen(&server).iter().filter(|line| line.contains("later")).count(), 2);
}

#[test]
fn nobody_waits_longer_than_asked() {
    let server = serve(answer);
    with_runtime(
        &server,
        |builder| builder,
        "fetchLater('/hang');",
        |mut runtime| {
            runtime.close(Some(Duration::from_millis(20)));
            // What still hangs has up to a second of the drop.
        },
    );
    let interrupted = with_runtime(
        &server,
        |builder| builder,
        "fetchLater('/hang');",
        |mut runtime| {
            runtime.interrupt_handle().interrupt();
            runtime.close(None);
        },
    );
    assert!(interrupted.is_empty());
}

#[test]
fn what_was_replaced_changes_nothing() {
    let server = serve(answer);
    let printed = closed(
        &server,
        r#"Request = undefined; Map.prototype.set = Map.prototype.get = Map.prototype.delete = () => { console.log("seen"); };
           Object.defineProperty(Object.prototype, "activateAfter", { get() { console.log("got"); return undefined; }, configurable: true });
           const result = fetchLater("/a", { method: "POST", body: "x" });
           console.log(result.activated);"#,
    );
    // The dictionary itself is script's, and what it inherits.
    assert_eq!(printed, ["got", "false"]);
    assert_eq!(seen(&server), ["POST /a x"]);
}
