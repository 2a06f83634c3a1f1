//! `EventSource` from scripts, over loopback: states and events in their order, reconnections, what ends it; each script says what it
//! saw, line by line.

mod support;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sofetch::{Url, UserAgent};
use sofetch_js::{Ending, Global, Runtime, RuntimeBuilder, Value};
use sofetch_testkit::loopback::{Ending as Closing, Reply, RequestSeen, Server, serve};
use support::lines::Lines;
use support::{Page, run};

fn stream(text: &str) -> Reply {
    Reply::ok(text.to_owned()).header("Content-Type", "text/event-stream; charset=x")
}

/// The `n`th request to this server that asks for `/turns` gets another answer than the one before.
fn server() -> Server {
    let turns = AtomicUsize::new(0);
    serve(move |request| answer(request, || turns.fetch_add(1, Ordering::SeqCst)))
}

fn answer(request: &RequestSeen, turn: impl Fn() -> usize) -> Reply {
    let said = |name: &str| request.header(name).unwrap_or_else(|| "-".to_owned());
    match request.path() {
        "/one" => stream("retry: 0\ndata: one\n\n"),
        "/quiet" => stream("").chunked().piece("data: a\n\n").wait(&Arc::default()),
        // More of one line, and of one event, than is kept; and what would be.
        "/line" => stream(&"x".repeat(17 << 20)),
        "/fields" => stream(&format!("data: {}\n", "x".repeat(1 << 20)).repeat(17)),
        "/long" => stream(&"x".repeat(14 << 20)),
        "/comment" => stream(&format!(": {}\ndata: a\n\n", "x".repeat(17 << 20))),
        "/open" => stream("data: a\n\nevent: x\ndata: b\n\n: c\n\ndata: d").chunked(),
        "/redirect" => Reply::new(302).header("Location", "/one"),
        "/html" => Reply::ok("data: a\n\n").header("Content-Type", "text/html"),
        "/untyped" => Reply::ok("data: a\n\n"),
        "/status" => Reply::new(204).header("Content-Type", "text/event-stream"),
        "/hang" => Reply::hang(),
        "/turns" => match turn() {
            // NB: a connection that was used before would be given up for another in silence.
            0 => stream("retry: 0\nid: \u{e9}1\ndata: first\n\nid: 2\ndata: never whole")
                .ending(Closing::Close),
            1 => Reply::reset(),
            2 => stream(&format!("data: {}\n\nid\ndata\n\n", said("last-event-id"))),
            3 => stream(&format!("data: {}\n\n", said("last-event-id"))),
            _ => Reply::new(404),
        },
        "/headers" => stream(&format!(
            "retry: 0\ndata: {} {} {} {}\n\n",
            said("accept"),
            said("cache-control"),
            said("sec-fetch-mode"),
            said("sec-fetch-dest"),
        )),
        "/cors" => {
            let allowed = stream(&format!("retry: 0\ndata: {}\n\n", said("origin")))
                .header("Access-Control-Allow-Origin", said("origin"));
            if request.target.contains("credentials") {
                allowed.header("Access-Control-Allow-Credentials", "true")
            } else {
                allowed
            }
        }
        path => panic!("nobody asks for {path}"),
    }
}

/// What scripts may use: a source that tells its events.
const HEAD: &str = r#"
    const names = ["CONNECTING", "OPEN", "CLOSED"];
    const tell = (source, until = "message") => new Promise(resolve => {
      for (const type of ["open", "message", "x", "error"]) {
        source.addEventListener(type, event => {
          console.log(`${type} ${names[source.readyState]} ${event.data ?? ""}`.trim());
          if (type === until || source.readyState === EventSource.CLOSED) { source.close(); resolve(event); }
        });
      }
    });
"#;

fn check(cases: &[(&str, &str, &[&str])]) {
    let other = server();
    for (name, script, expected) in cases {
        // Another for each: it counts.
        let server = server();
        let script = script.replace("OTHER", other.url("").trim_end_matches('/'));
        let script = format!("{HEAD} (async () => {{ {script} }})();");
        for global in [Global::Window, Global::Worker] {
            if global == Global::Worker && script.contains("/turns") {
                continue;
            }
            let page = Page { global, ..Page::of(&server.url("/page/")) };
            let origin = server.url("");
            let printed: Vec<String> = run(page, &script)
                .iter()
                .map(|line| line.replace(origin.trim_end_matches('/'), "ORIGIN"))
                .collect();
            assert_eq!(printed, *expected, "{name}, {global:?}");
        }
    }
}

#[test]
fn events_table() {
    check(&[
        (
            "an event",
            r#"const source = new EventSource("/one"); console.log(source.readyState, source.withCredentials, source.url === location.origin + "/one");
               const event = await tell(source);
               console.log(event instanceof MessageEvent, event.isTrusted, event.origin === location.origin, event.lastEventId, event.source, event.ports.length);
               console.log(source.readyState);"#,
            &["0 false true", "open OPEN", "message OPEN one", "true true true  null 0", "2"],
        ),
        (
            "several, of other types, and one that never becomes whole",
            r#"await tell(new EventSource("/open"), "error");"#,
            &["open OPEN", "message OPEN a", "x OPEN b", "error CONNECTING"],
        ),
        (
            "each is a task of its own",
            r#"const source = new EventSource("/open"); const log = [];
               source.onmessage = () => { log.push("event"); Promise.resolve().then(() => log.push("microtask")); };
               source.addEventListener("message", () => log.push("second"));
               source.addEventListener("x", () => log.push("x"));
               source.onerror = () => { source.close(); console.log(log.join(", ")); };"#,
            &["event, microtask, second, x"],
        ),
        (
            "handlers and close() within one",
            r#"const source = new EventSource("/open");
               source.onmessage = function (event) { console.log(this === source, event.data); source.close(); };
               source.addEventListener("x", () => console.log("never")); source.onerror = () => console.log("never");"#,
            &["true a"],
        ),
        (
            "close() before there is an answer",
            r#"const source = new EventSource("/hang"); source.onerror = () => console.log("never"); source.close(); source.close();
               console.log(source.readyState);"#,
            &["2"],
        ),
        (
            "close() in open",
            r#"const source = new EventSource("/one"); source.onopen = () => source.close(); source.onmessage = () => console.log("never");"#,
            &[],
        ),
        (
            "close() while it waits to connect again",
            r#"const source = new EventSource("/open"); source.onerror = () => { source.close(); console.log("closed"); };"#,
            &["closed"],
        ),
        (
            "what is no URL",
            r#"try { new EventSource("https://a b/"); } catch (e) { console.log(e instanceof DOMException, e.name); }
               try { new EventSource(); } catch (e) { console.log(e.name); } try { EventSource("/"); } catch (e) { console.log(e.name); }"#,
            &["true SyntaxError", "TypeError", "TypeError"],
        ),
        (
            "the interface",
            r#"console.log(EventSource.length, EventSource.OPEN, EventSource.prototype.CLOSED, String(EventSource.prototype), new EventSource("data:,").close());"#,
            &["1 1 2 [object EventSource] undefined"],
        ),
        (
            "of a data: URL",
            r#"const event = await tell(new EventSource("data:text/event-stream,data:%20a%0A%0A")); console.log(event.origin);"#,
            &["open OPEN", "message OPEN a", "null"],
        ),
    ]);
}

#[test]
fn connections_table() {
    check(&[
        (
            "connected again, with the last ID and without one, until the server says no",
            r#"await tell(new EventSource("/turns"), "never");"#,
            &[
                "open OPEN",
                "message OPEN first",
                "error CONNECTING",
                "error CONNECTING",
                "open OPEN",
                "message OPEN \u{c3}\u{a9}1",
                "message OPEN",
                "error CONNECTING",
                "open OPEN",
                "message OPEN -",
                "error CONNECTING",
                "error CLOSED",
            ],
        ),
        ("a redirect", r#"await tell(new EventSource("/redirect"));"#, &["open OPEN", "message OPEN one"]),
        ("another type", r#"await tell(new EventSource("/html"));"#, &["error CLOSED"]),
        ("no type", r#"await tell(new EventSource("/untyped"));"#, &["error CLOSED"]),
        ("another status", r#"await tell(new EventSource("/status"));"#, &["error CLOSED"]),
        ("what the rules refuse", r#"await tell(new EventSource("mailto:a@a.test"));"#, &["error CLOSED"]),
        ("a bad port", r#"await tell(new EventSource("http://127.0.0.1:9/"));"#, &["error CLOSED"]),
        (
            "its headers",
            r#"await tell(new EventSource("/headers"));"#,
            &["open OPEN", "message OPEN text/event-stream no-cache cors empty"],
        ),
    ]);
}

#[test]
fn origins_table() {
    check(&[
        (
            "another origin that allows nothing",
            r#"await tell(new EventSource("OTHER/one"));"#,
            &["error CLOSED"],
        ),
        (
            "another origin that allows it",
            r#"const source = new EventSource("OTHER/cors"); const event = await tell(source);
               console.log(event.data === location.origin, event.origin === "OTHER");"#,
            &["open OPEN", "message OPEN ORIGIN", "true true"],
        ),
        (
            "with credentials, and leave for them",
            r#"const source = new EventSource("OTHER/cors?credentials", { withCredentials: true }); console.log(source.withCredentials); await tell(source);"#,
            &["true", "open OPEN", "message OPEN ORIGIN"],
        ),
        (
            "with credentials, without leave",
            r#"await tell(new EventSource("OTHER/cors", { withCredentials: true }));"#,
            &["error CLOSED"],
        ),
    ]);
}

#[test]
fn row_91_what_has_no_end_fails_the_connection() {
    check(&[
        ("a line", r#"await tell(new EventSource("/line"));"#, &["open OPEN", "error CLOSED"]),
        ("an event", r#"await tell(new EventSource("/fields"));"#, &["open OPEN", "error CLOSED"]),
        (
            "of a comment nothing is kept",
            r#"await tell(new EventSource("/comment"));"#,
            &["open OPEN", "message OPEN a"],
        ),
    ]);
}

/// What a script prints in a runtime that these steps make and end; how it ended.
fn run_in(
    script: String,
    make: impl FnOnce(RuntimeBuilder) -> Runtime + Send + 'static,
) -> (Ending, Vec<String>) {
    let thread = std::thread::Builder::new().stack_size(sofetch_js::THREAD_STACK_BYTES);
    let ran = thread.spawn(move || {
        let lines = Lines::default();
        let mut runtime = make(Runtime::builder().printer(Rc::new(lines.clone())));
        runtime.run_script(&script, "test.js").expect("no limit");
        (runtime.run_until_idle(), lines.take())
    });
    ran.expect("a thread").join().expect("no panic")
}

#[test]
fn row_91_a_limit_holds_what_waits_for_its_end() {
    let server = server();
    let url = Url::parse(&server.url("/page/"), None).expect("a URL");
    let script = format!(r#"{HEAD} tell(new EventSource("/long"));"#);
    for (limit, expected) in [(8 << 20, "error CLOSED"), (64 << 20, "error CONNECTING")] {
        // What is whole is reconnected to; it is closed then.
        let script = script.replace("/long\")", "/long\"), \"error\"");
        let url = url.clone();
        let make = move |builder: RuntimeBuilder| {
            builder.base_url(url).max_memory(limit).build().expect("a runtime")
        };
        let printed = run_in(script, make);
        assert_eq!(printed, (Ending::Idle, vec!["open OPEN".to_owned(), expected.to_owned()]), "{limit}");
    }
}

#[test]
fn an_open_source_keeps_the_loop_and_ends_with_the_runtime() {
    let server = server();
    let url = Url::parse(&server.url("/page/"), None).expect("a URL");
    let script = r#"const source = new EventSource("/quiet"); source.onmessage = () => { console.log(source.readyState); stop(); };"#;
    let ended = run_in(script.to_owned(), move |builder| {
        let mut runtime = builder.base_url(url).build().expect("a runtime");
        let interrupt = runtime.interrupt_handle();
        let stop = runtime.define("stop", move |_| {
            interrupt.interrupt();
            Ok(Value::Undefined)
        });
        stop.expect("a function");
        runtime
    });
    // It did not become idle while the source was open, which nobody closed.
    assert_eq!(ended, (Ending::Interrupted, vec!["1".to_owned()]));
}

#[test]
fn a_limit_of_time_on_each_fetch_ends_no_source() {
    let server = server();
    let url = Url::parse(&server.url("/page/"), None).expect("a URL");
    let script = format!(r#"{HEAD} tell(new EventSource("/hang"), "error");"#);
    let ended = run_in(script, move |builder| {
        let agent = UserAgent::builder().timeout(Duration::from_millis(1));
        builder.agent(agent).base_url(url).build().expect("a runtime")
    });
    assert_eq!(ended, (Ending::Idle, vec!["error CONNECTING".to_owned()]));
}
