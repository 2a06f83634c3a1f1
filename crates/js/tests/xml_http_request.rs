//! `XMLHttpRequest` from scripts, over loopback: states and events in their order, uploads, synchronous requests; each script says what
//! it saw, line by line.

mod support;

use std::io::Read as _;
use std::net::TcpListener;
use std::time::Duration;

use sofetch::Url;
use sofetch_js::{Ending, Global, Runtime};
use sofetch_testkit::loopback::{Reply, RequestSeen, Server, serve};
use support::{Page, run};

/// `/json`, `/hang` and the like; the rest is an echo of the request.
fn answer(request: &RequestSeen) -> Reply {
    match request.path() {
        "/json" => Reply::ok(r#"{"entries":[1,2,3]}"#).header("Content-Type", "application/json"),
        "/missing" => Reply::new(404).body("no such thing"),
        "/hang" => Reply::hang(),
        "/empty" => Reply::new(204),
        "/latin1" => Reply::ok(&b"\xE9"[..]).header("Content-Type", "text/plain;charset=windows-1252"),
        "/xml" => Reply::ok(&b"<?xml version='1.0' encoding='windows-1252'?>\xE9"[..]),
        "/redirect" => Reply::new(302).header("Location", "/json"),
        "/resend" => Reply::new(307).header("Location", "/echo"),
        "/headers" => {
            Reply::ok("").header("b", "2").header("__a", "1").header("B", "3").header("Set-Cookie", "c=d")
        }
        _ => {
            let content_type = request.header("content-type").unwrap_or_default();
            let content_type = content_type.split("boundary=").next().unwrap_or_default();
            let body = String::from_utf8_lossy(&request.body);
            let x = request.header("x").unwrap_or_default();
            Reply::ok(format!("{} [{content_type}] [{x}] {body}", request.method))
                .header("Content-Type", "text/plain")
        }
    }
}

/// What scripts may use: a request that is open, and one that tells its events.
const HEAD: &str = r#"
    const open = (method, url, isAsync = true) => { const xhr = new XMLHttpRequest(); xhr.open(method, url, isAsync); return xhr; };
    const types = ["loadstart", "progress", "abort", "error", "load", "timeout", "loadend"];
    const tell = (xhr, log) => {
      xhr.addEventListener("readystatechange", () => log.push(xhr.readyState));
      for (const type of types) xhr.addEventListener(type, e => log.push(`${type} ${e.loaded}/${e.total}`));
      return xhr;
    };
    const tellUpload = (xhr, log) => {
      for (const type of types) xhr.upload.addEventListener(type, e => log.push(`upload ${type} ${e.loaded}/${e.total}`));
      return xhr;
    };
    const thrown = steps => { try { steps(); return "nothing"; } catch (e) { return e.name; } };
    const sent = (xhr, body) => new Promise(resolve => { xhr.onloadend = () => resolve(xhr); xhr.send(body); });
"#;

fn server() -> Server {
    serve(answer)
}

/// What each script of a page of this server prints.
fn check_in(global: Global, cases: &[(&str, &str, &[&str])]) {
    let server = server();
    for (name, script, expected) in cases {
        let script = format!("{HEAD} (async () => {{ {script} }})();");
        let page = Page { global, ..Page::of(&server.url("/page/")) };
        assert_eq!(run(page, &script), *expected, "{name}");
    }
}

#[test]
fn events_table() {
    check_in(
        Global::Window,
        &[
            (
                "a response",
                r#"const log = []; const xhr = tell(open("GET", "/json"), log);
               await sent(xhr); console.log(log.join(", ")); console.log(xhr.status, xhr.statusText, xhr.responseURL.endsWith("/json"));"#,
                &["loadstart 0/0, 2, 3, progress 19/19, 4, load 19/19, loadend 19/19", "200 OK true"],
            ),
            (
                "no body",
                r#"const log = []; await sent(tell(open("GET", "/empty"), log)); console.log(log.join(", "));"#,
                &["loadstart 0/0, 2, progress 0/0, 4, load 0/0, loadend 0/0"],
            ),
            (
                "an upload",
                r#"const log = []; const xhr = tellUpload(open("POST", "/echo"), log);
               await sent(xhr, "abc"); console.log(log.join(", ")); console.log(xhr.responseText);"#,
                &[
                    "upload loadstart 0/3, upload progress 3/3, upload load 3/3, upload loadend 3/3",
                    "POST [text/plain;charset=UTF-8] [] abc",
                ],
            ),
            (
                "an upload that a redirect sends once more is told of once, and before the answer",
                r#"const log = []; const xhr = tellUpload(open("POST", "/resend"), log); xhr.onload = () => log.push("load");
               await sent(xhr, "abc"); console.log(log.join(", ")); console.log(xhr.responseText);"#,
                &[
                    "upload loadstart 0/3, upload progress 3/3, upload load 3/3, upload loadend 3/3, load",
                    "POST [text/plain;charset=UTF-8] [] abc",
                ],
            ),
            (
                "an error",
                r#"const log = []; const xhr = tellUpload(tell(open("POST", "http://127.0.0.1:1/"), log), log);
               await sent(xhr, "abc"); console.log(log.join(", ")); console.log(xhr.status, xhr.responseURL, xhr.getAllResponseHeaders());"#,
                &[
                    "loadstart 0/0, upload loadstart 0/3, 4, upload error 0/0, upload loadend 0/0, error 0/0, loadend 0/0",
                    "0  ",
                ],
            ),
            (
                "a time that is over, set while it is under way",
                r#"const log = []; const xhr = tell(open("GET", "/hang"), log); setTimeout(() => { xhr.timeout = 5; }, 10);
               await sent(xhr); console.log(log.join(", "), xhr.readyState);"#,
                &["loadstart 0/0, 4, timeout 0/0, loadend 0/0 4"],
            ),
            (
                "abort() under way, and where nothing is",
                r#"const log = []; const xhr = tell(open("GET", "/hang"), log); xhr.abort(); log.push("-"); xhr.send(); xhr.abort();
               console.log(log.join(", "), xhr.readyState);"#,
                &["-, loadstart 0/0, 4, abort 0/0, loadend 0/0 0"],
            ),
            (
                "open() in a handler ends what was under way",
                r#"const log = []; const xhr = open("GET", "/json"); tell(xhr, log); let again = true;
               await new Promise(resolve => {
                 xhr.onreadystatechange = () => { if (xhr.readyState === 2 && again) { again = false; xhr.open("GET", "/missing"); resolve(); } };
                 xhr.send();
               });
               await sent(open("GET", "/json"));
               console.log(xhr.readyState, log.join(", ")); await sent(xhr); console.log(xhr.status, xhr.responseText);"#,
                &["1 loadstart 0/0, 2, 1", "404 no such thing"],
            ),
            (
                "microtasks run after each listener of a task",
                r#"const log = []; const xhr = open("GET", "/empty");
               xhr.addEventListener("load", () => { log.push("a"); Promise.resolve().then(() => log.push("b")); });
               xhr.addEventListener("load", () => log.push("c")); await sent(xhr); console.log(log.join(""));"#,
                &["abc"],
            ),
        ],
    );
}

#[test]
fn requests_table() {
    check_in(
        Global::Window,
        &[
            (
                "what open() throws",
                r#"const xhr = new XMLHttpRequest();
               for (const [method, url] of [["a b", "/"], ["TRACE", "/"], ["GET", "http://["]]) console.log(thrown(() => xhr.open(method, url)));
               console.log(thrown(() => xhr.send()), thrown(() => xhr.setRequestHeader("a", "b")));"#,
                &["SyntaxError", "SecurityError", "SyntaxError", "InvalidStateError InvalidStateError"],
            ),
            (
                "headers are combined; some are nobody's to set",
                r#"const xhr = open("post", "/echo"); xhr.setRequestHeader("x", "1"); xhr.setRequestHeader("X", " 2 "); xhr.setRequestHeader("Host", "a");
               console.log(thrown(() => xhr.setRequestHeader("a b", "")), thrown(() => xhr.setRequestHeader("a", "\n\0")));
               console.log((await sent(xhr)).responseText);"#,
                &["SyntaxError SyntaxError", "POST [] [1, 2] "],
            ),
            (
                "bodies and their types",
                r#"for (const body of ["a", new Blob(["b"], { type: "x/y" }), new Uint8Array([99]), new URLSearchParams("d=é"), null])
                 console.log((await sent(open("POST", "/echo"), body)).responseText);
               const xhr = open("POST", "/echo"); xhr.setRequestHeader("Content-Type", "a/b;charset=latin1;c=d");
               console.log((await sent(xhr, "é")).responseText, (await sent(open("GET", "/echo"), "a")).responseText);"#,
                &[
                    "POST [text/plain;charset=UTF-8] [] a",
                    "POST [x/y] [] b",
                    "POST [] [] c",
                    "POST [application/x-www-form-urlencoded;charset=UTF-8] [] d=%C3%A9",
                    "POST [] [] ",
                    "POST [a/b;charset=UTF-8;c=d] [] é GET [] [] ",
                ],
            ),
        ],
    );
}

#[test]
fn responses_table() {
    check_in(
        Global::Window,
        &[
            (
                "every type of one",
                r#"for (const type of ["", "text", "json", "arraybuffer", "blob", "document"]) {
                 const xhr = open("GET", "/json"); xhr.responseType = type; const { response } = await sent(xhr);
                 console.log(type, response === xhr.response, response === null ? response : response.constructor.name);
               }"#,
                &[
                    " true String",
                    "text true String",
                    "json true Object",
                    "arraybuffer true ArrayBuffer",
                    "blob true Blob",
                    "document true null",
                ],
            ),
            (
                "encodings: of the type, of the XML declaration, of whoever overrides them",
                r#"const text = async (url, mime) => {
                 const xhr = open("GET", url); if (mime !== undefined) xhr.overrideMimeType(mime); return (await sent(xhr)).responseText.at(-1);
               };
               console.log(await text("/latin1"), await text("/latin1", "a/b;charset=koi8-r"), await text("/latin1", "a/b"), await text("/xml"));"#,
                &["é И é é"],
            ),
            (
                "headers are sorted as if they were upper case; cookies are nobody's to read",
                r#"const xhr = await sent(open("GET", "/headers")); const all = xhr.getAllResponseHeaders();
               console.log(JSON.stringify(all.slice(0, all.indexOf("\r\n"))), all.endsWith("\r\n__a: 1\r\n"));
               console.log(xhr.getResponseHeader("B"), xhr.getResponseHeader("set-cookie"), xhr.getResponseHeader("no name"));"#,
                &[r#""b: 2, 3" true"#, "2, 3 null null"],
            ),
            (
                "what is no text, no document, or too late",
                r#"const xhr = await sent(open("GET", "/json")); console.log(xhr.responseXML, thrown(() => { xhr.responseType = "text"; }));
               console.log(thrown(() => xhr.overrideMimeType("a/b"))); xhr.open("GET", "/json"); xhr.responseType = "json";
               console.log(thrown(() => xhr.responseText), thrown(() => xhr.responseXML)); await sent(xhr);
               console.log(xhr.response.entries.length, thrown(() => { xhr.withCredentials = true; }));"#,
                &[
                    "null InvalidStateError",
                    "InvalidStateError",
                    "InvalidStateError InvalidStateError",
                    "3 InvalidStateError",
                ],
            ),
        ],
    );
}

#[test]
fn synchronous_requests_table() {
    check_in(
        Global::Window,
        &[
            (
                "a response, while nothing else runs",
                r#"const log = []; setTimeout(() => log.push("timer")); const xhr = tell(open("POST", "/echo", false), log); xhr.send("a");
               console.log(log.join(", ")); console.log(xhr.responseText);"#,
                &["4, load 36/36, loadend 36/36", "POST [text/plain;charset=UTF-8] [] a"],
            ),
            (
                "an error is thrown",
                r#"const log = []; const xhr = tell(open("GET", "http://127.0.0.1:1/", false), log);
               console.log(thrown(() => xhr.send()), xhr.readyState, log.length);"#,
                &["NetworkError 4 0"],
            ),
            (
                "a window's has neither a time-out nor a response type",
                r#"const xhr = new XMLHttpRequest(); xhr.timeout = 1; console.log(thrown(() => xhr.open("GET", "/", false)));
               xhr.timeout = 0; xhr.responseType = "json"; console.log(thrown(() => xhr.open("GET", "/", false)));
               xhr.responseType = ""; xhr.open("GET", "/", false);
               console.log(thrown(() => { xhr.timeout = 1; }), thrown(() => { xhr.responseType = "json"; }));"#,
                &["InvalidAccessError", "InvalidAccessError", "InvalidAccessError InvalidAccessError"],
            ),
        ],
    );
    check_in(
        Global::Worker,
        &[(
            "a worker's has both, and no documents",
            r#"const xhr = open("GET", "/hang", false); xhr.timeout = 20; console.log(thrown(() => xhr.send()), xhr.readyState);
               xhr.open("GET", "/redirect", false); xhr.timeout = 0; xhr.responseType = "document"; xhr.responseType = "json"; xhr.send();
               console.log(xhr.response.entries.length, xhr.responseURL.endsWith("/json"), "responseXML" in xhr);"#,
            &["TimeoutError 4", "3 true false"],
        )],
    );
}

#[test]
fn what_waits_for_a_response_ends_with_the_time_limit() {
    let server = server();
    let script = r#"const xhr = new XMLHttpRequest(); xhr.open("GET", "/hang", false); for (;;) { try { xhr.send(); } catch {} }"#;
    // On a busy machine a short limit is over before the script has asked.
    for limit in [200, 2_000, 60_000].map(Duration::from_millis) {
        let mut runtime = Runtime::builder()
            .base_url(Url::parse(&server.url("/"), None).expect("a URL"))
            .time_limit(limit)
            .build()
            .expect("a runtime");
        let began = runtime.run_script(script, "test.js").is_ok();
        assert_eq!(runtime.run_until_idle(), Ending::TimedOut);
        if began && !server.requests_to("/hang").is_empty() {
            return;
        }
    }
    panic!("it never asked");
}

#[test]
fn what_the_server_does_not_take_is_not_sent() {
    // It reads the head and no further.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
    let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a connection");
        let mut byte = [0];
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            socket.read_exact(&mut byte).expect("a head");
            head.extend(byte);
        }
        socket
    });
    let script = r#"const xhr = new XMLHttpRequest(), types = ["load", "loadend", "timeout"]; xhr.open("POST", "/"); xhr.timeout = 500;
        for (const type of types) xhr.upload.addEventListener(type, event => console.log("upload", type, event.loaded));
        xhr.upload.onprogress = ({ loaded, total }) => { if (loaded === total) console.log("all is said to be sent"); };
        xhr.ontimeout = () => console.log("timeout"); xhr.send(new Uint8Array(64 << 20));"#;
    assert_eq!(run(Page::of(&url), script), ["upload timeout 0", "upload loadend 0", "timeout"]);
    drop(server.join().expect("no panic"));
}
