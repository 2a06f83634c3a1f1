//! `WebSocket` from scripts, over loopback: states and events in their order, what may be sent and said at the end, what a server
//! can do, how long the event loop lives for it, and what is said when nobody is there any more.
//!
//! Over 400 lines: a table for each part of a socket's life.

mod support;

use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use sofetch::{Url, UserAgent};
use sofetch_js::{Ending, Global, Runtime, THREAD_STACK_BYTES};
use sofetch_testkit::http2::{Http2Config, Http2Server};
use sofetch_testkit::loopback::{
    CertificateAuthority, Ending as Closing, Reply, RequestSeen, Server, on_tokio, serve,
};
use sofetch_testkit::web_socket::{accept, echo, frame, goodbye};
use support::lines::Lines;
use support::{Page, run};

fn answer(request: &RequestSeen) -> Reply {
    match request.path() {
        "/echo" => echo(request),
        "/hang" => Reply::hang(),
        "/silent" => accept(request).frame().ending(Closing::Hang),
        "/404" => Reply::new(404),
        "/redirect" => Reply::new(302).header("Location", "/echo"),
        "/other" => echo(request).without("Sec-WebSocket-Protocol").header("Sec-WebSocket-Protocol", "other"),
        "/bye" => accept(request).piece(goodbye(4001, "bye")).frame(),
        "/bye-nothing" => accept(request).piece(frame(0x88, b"")).frame(),
        "/drop" => accept(request),
        "/bad" => accept(request).piece(frame(0xc1, b"a")).frame().ending(Closing::Hang),
        "/utf8" => accept(request).piece(frame(0x81, b"\xff")).frame().ending(Closing::Hang),
        "/three" => accept(request)
            .piece(frame(0x81, b"one"))
            .piece(frame(0x82, &[1, 2]))
            .piece(frame(0x81, b"three"))
            .piece(goodbye(1000, ""))
            .frame(),
        path => panic!("nobody asks for {path}"),
    }
}

/// What scripts may use: a socket that tells its events.
const HEAD: &str = r#"
    const open = (path, protocols = []) => {
      const socket = new WebSocket(new URL(path, location.href), protocols);
      socket.addEventListener("open", () => console.log(`open ${socket.readyState} ${socket.protocol}`.trim()));
      socket.addEventListener("message", ({ data }) => console.log(`message ${typeof data === "string" ? data : data.constructor.name}`));
      socket.addEventListener("error", (event) => console.log(`error ${socket.readyState} ${event.constructor.name}`));
      socket.addEventListener("close", ({ code, reason, wasClean }) => console.log(`close ${socket.readyState} ${code} ${wasClean} ${reason}`.trim()));
      return socket;
    };
    const thrown = (steps) => { try { steps(); return "nothing"; } catch (error) { return error.name; } };
"#;

fn check(cases: &[(&str, &str, &[&str])]) {
    let server = serve(answer);
    for (name, script, expected) in cases {
        let script = format!("{HEAD} (async () => {{ {script} }})();");
        for global in [Global::Window, Global::Worker] {
            let page = Page { global, ..Page::of(&server.url("/page/")) };
            assert_eq!(run(page, &script), *expected, "{name}, {global:?}");
        }
    }
}

#[test]
fn constructor_table() {
    check(&[
        (
            "URLs",
            r#"for (const url of ["foo:", "ws://a b/", "ftp://a/", "data:,x", "ws://a/#", "ws://a/#x", "wss:"]) console.log(url, thrown(() => new WebSocket(url)));
               for (const url of ["ws://a.test:1/x?y", "wss://a.test", "http://a.test/x", "https://a.test:8443/", "/x"]) console.log(new WebSocket(url).url.replace(location.host, "HOST"));"#,
            &[
                "foo: SyntaxError",
                "ws://a b/ SyntaxError",
                "ftp://a/ SyntaxError",
                "data:,x SyntaxError",
                "ws://a/# SyntaxError",
                "ws://a/#x SyntaxError",
                "wss: SyntaxError",
                "ws://a.test:1/x?y",
                "wss://a.test/",
                "ws://a.test/x",
                "wss://a.test:8443/",
                "ws://HOST/x",
            ],
        ),
        (
            "subprotocols",
            r#"for (const list of ["", "a b", "a,b", "é", "a\r\nb: c", "\ud800", ["a", "a"], ["a", ""]]) console.log(thrown(() => new WebSocket("/hang", list)));
               console.log(thrown(() => new WebSocket("/hang", ["a", "A"])), thrown(() => new WebSocket("/hang", [])));"#,
            &[
                "SyntaxError",
                "SyntaxError",
                "SyntaxError",
                "SyntaxError",
                "SyntaxError",
                "SyntaxError",
                "SyntaxError",
                "SyntaxError",
                "nothing nothing",
            ],
        ),
        (
            "a new one",
            r#"const socket = new WebSocket("/hang");
               console.log(socket.readyState, socket.bufferedAmount, JSON.stringify(socket.protocol), JSON.stringify(socket.extensions), socket.binaryType);
               socket.binaryType = "arraybuffer"; socket.binaryType = "x"; console.log(socket.binaryType);
               console.log(WebSocket.CONNECTING, WebSocket.OPEN, socket.CLOSING, socket.CLOSED, thrown(() => socket.send("x")), socket.bufferedAmount);"#,
            &[r#"0 0 "" "" blob"#, "arraybuffer", "0 1 2 3 InvalidStateError 0"],
        ),
        (
            "a CloseEvent of one's own",
            r#"const event = new CloseEvent("close", { code: 65537, reason: "\ud800x", wasClean: 1 });
               console.log(event.code, event.reason === "\ufffdx", event.wasClean, new CloseEvent("x").code, event instanceof Event);"#,
            &["1 true true 0 true"],
        ),
    ]);
}

#[test]
fn over_http2() {
    let authority = sofetch_testkit::loopback::authority();
    let config = Http2Config::new(authority.issue(&["127.0.0.1"]).expect("a name"));
    let server = Http2Server::start(config, |stream| async move {
        match &*stream.asked.path {
            "/echo" => stream.echo().await,
            "/404" => stream.answer(404, &[], ""),
            "/drop" => drop(stream.accept(&[])),
            _ => stream.answer(200, &[], "fetched"),
        }
    });
    let script = r#"
        const opened = [1, 2, 3].map(() => open("/echo", ["a", "b"]));
        const next = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
        for (const socket of opened) await next(socket, "open");
        console.log(await (await fetch("/")).text());
        for (const [index, socket] of opened.entries()) {
          socket.send(new Uint8Array(200000));
          const { data } = await next(socket, "message");
          console.log(data.size, socket.bufferedAmount);
          socket.close(3000 + index, "done");
          await next(socket, "close");
        }
        for (const path of ["/404", "/drop"]) await next(open(path), "close");
        open("/echo").addEventListener("open", ({ target }) => target.close());"#;
    for global in [Global::Window, Global::Worker] {
        let page = Page { global, ..secure_page(&server, &authority) };
        let lines = run(page, &format!("{HEAD} (async () => {{ {script} }})();"));
        let expected = [
            "open 1 a",
            "open 1 a",
            "open 1 a",
            "fetched",
            "message Blob",
            "200000 0",
            "close 3 3000 true done",
            "message Blob",
            "200000 0",
            "close 3 3001 true done",
            "message Blob",
            "200000 0",
            "close 3 3002 true done",
            "error 3 Event",
            "close 3 1006 false",
            "open 1",
            "close 3 1006 false",
            "open 1",
            "close 3 1005 true",
        ];
        assert_eq!(lines, expected, "{global:?}");
    }
    // One for each run's agent.
    assert_eq!(server.connections(), 2);
}

fn secure_page(server: &Http2Server, authority: &CertificateAuthority) -> Page {
    let pem = authority.pem().to_owned();
    let agent = UserAgent::builder().network_config(move |config| {
        config.tls.roots = sofetch::net::Roots::Only;
        config.tls.extra_ca_pem = pem.into();
    });
    Page { agent, ..Page::of(&format!("https://{}/page/", server.address())) }
}

#[test]
fn last_words_leave_over_http2_though_their_stream_is_reset() {
    let (tell, told) = mpsc::channel();
    let authority = sofetch_testkit::loopback::authority();
    let config = Http2Config::new(authority.issue(&["127.0.0.1"]).expect("a name"));
    let server = Http2Server::start(config, move |stream| {
        let tell = tell.clone();
        async move {
            let mut socket = stream.accept(&[]);
            while let Some(frame) = socket.read_frame().await {
                tell.send(Some((frame.first, frame.payload.to_vec()))).expect("the test listens");
            }
            tell.send(None).expect("the test listens");
        }
    });
    let script = r#"const socket = new WebSocket("/"); socket.onopen = () => socket.send("hello");"#;
    assert_eq!(run(secure_page(&server, &authority), script), [""; 0]);
    // NB: a guard against a hang, and no more.
    let next = || told.recv_timeout(Duration::from_secs(60)).expect("the stream ends");
    let frames: Vec<_> = std::iter::from_fn(next).collect();
    assert_eq!(frames, [(0x81, b"hello".to_vec()), (0x88, 1001_u16.to_be_bytes().to_vec())]);
}

#[test]
fn messages_table() {
    check(&[
        (
            "there and back",
            r#"const socket = open("/echo", ["a", "b"]);
               socket.onopen = () => { socket.send("h\u00e9\ud800"); console.log(socket.bufferedAmount); };
               socket.onmessage = ({ data, origin, isTrusted, ports, lastEventId }) => {
                 console.log(data === "h\u00e9\ufffd", origin === location.origin.replace("http", "ws"), isTrusted, ports.length, lastEventId === "", socket.bufferedAmount);
                 socket.close(3000, "done");
                 console.log(socket.readyState);
               };"#,
            &[
                "open 1 a",
                "6",
                "message h\u{e9}\u{fffd}",
                "true true true 0 true 0",
                "2",
                "close 3 3000 true done",
            ],
        ),
        (
            "bytes, as a blob or a buffer",
            r#"const socket = open("/echo");
               const kinds = [new Uint8Array([1, 2, 3]).subarray(1), new DataView(new ArrayBuffer(4), 1, 2), new ArrayBuffer(0), new Blob(["ab", new Uint8Array([9])])];
               socket.onopen = () => { for (const kind of kinds) socket.send(kind); console.log(socket.bufferedAmount); };
               const came = [];
               socket.onmessage = ({ data }) => {
                 came.push(data);
                 socket.binaryType = came.length % 2 ? "arraybuffer" : "blob";
                 if (came.length === 4) socket.close();
               };
               socket.onclose = async () => {
                 for (const data of came) console.log(data instanceof Blob, [...new Uint8Array(data instanceof Blob ? await data.arrayBuffer() : data)].join());
               };"#,
            &[
                "open 1",
                "7",
                "message Blob",
                "message ArrayBuffer",
                "message Blob",
                "message ArrayBuffer",
                "close 3 1005 true",
                "true 2,3",
                "false 0,0",
                "true ",
                "false 97,98,9",
            ],
        ),
        (
            "what is sent after close() only counts",
            r#"const socket = open("/echo");
               socket.onopen = () => { socket.close(1000); socket.send("abc"); socket.send(new Blob(["xy"])); socket.send(new Uint8Array(3)); console.log(socket.bufferedAmount); };
               socket.onclose = () => { socket.send("d"); console.log(socket.bufferedAmount); };"#,
            &["open 1", "8", "close 3 1000 true", "9"],
        ),
        (
            "each is a task of its own, and what comes after close() is none",
            r#"const socket = new WebSocket("/three"); const log = [];
               socket.onmessage = ({ data }) => { log.push(typeof data); Promise.resolve().then(() => log.push("microtask")); if (typeof data !== "string") socket.close(); };
               socket.addEventListener("message", () => log.push("second"));
               socket.onclose = () => console.log(log.join(" "));"#,
            &["string microtask second object microtask second"],
        ),
        (
            "no other kinds, and no wrong ones",
            r#"const socket = open("/echo");
               socket.onopen = () => { console.log(thrown(() => socket.send()), thrown(() => socket.send(new DataView(new SharedArrayBuffer(1)))), thrown(() => socket.send(Symbol()))); socket.send(null); };
               socket.onmessage = () => socket.close();"#,
            &["open 1", "TypeError TypeError TypeError", "message null", "close 3 1005 true"],
        ),
    ]);
}

#[test]
fn ends_table() {
    check(&[
        ("a goodbye of the server's", r#"open("/bye");"#, &["open 1", "close 3 4001 true bye"]),
        ("one without a code", r#"open("/bye-nothing");"#, &["open 1", "close 3 1005 true"]),
        ("none", r#"open("/drop");"#, &["open 1", "close 3 1006 false"]),
        ("a frame that may not be", r#"open("/bad");"#, &["open 1", "error 3 Event", "close 3 1006 false"]),
        ("text that is none", r#"open("/utf8");"#, &["open 1", "error 3 Event", "close 3 1006 false"]),
        ("no WebSocket", r#"open("/404");"#, &["error 3 Event", "close 3 1006 false"]),
        ("a redirect", r#"open("/redirect");"#, &["error 3 Event", "close 3 1006 false"]),
        ("another subprotocol", r#"open("/other", "mine");"#, &["error 3 Event", "close 3 1006 false"]),
        ("no server", r#"open("ws://127.0.0.1:1/");"#, &["error 3 Event", "close 3 1006 false"]),
        (
            "close() before it is open",
            r#"const socket = open("/hang"); socket.close(1000); console.log(socket.readyState); socket.close();"#,
            &["2", "error 3 Event", "close 3 1006 false"],
        ),
        (
            "what cannot be said",
            r#"const socket = open("/echo");
               socket.onopen = () => {
                 for (const code of [0, 999, 1001, 1005, 2999, 5000, 65536, NaN, "x", null]) console.log(thrown(() => socket.close(code)));
                 console.log(thrown(() => socket.close(1000, "é".repeat(62))), thrown(() => socket.close(undefined, "x".repeat(124))), socket.readyState);
                 socket.close(1000.4, "é".repeat(61));
               };
               socket.onclose = ({ reason }) => console.log(reason.length);"#,
            &[
                "open 1",
                "InvalidAccessError",
                "InvalidAccessError",
                "InvalidAccessError",
                "InvalidAccessError",
                "InvalidAccessError",
                "InvalidAccessError",
                "InvalidAccessError",
                "InvalidAccessError",
                "InvalidAccessError",
                "InvalidAccessError",
                "SyntaxError SyntaxError 1",
                "close 3 1000 true \u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
                "61",
            ],
        ),
    ]);
}

#[test]
fn a_policy_refuses_and_an_end_is_all_that_script_learns() {
    let server = serve(answer);
    let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
    let url = server.url("/page/");
    let ran = thread.spawn(move || {
        let lines = Lines::default();
        let mut runtime = Runtime::builder()
            .base_url(Url::parse(&url, None).expect("a URL"))
            .page(true)
            .csp("connect-src 'none'")
            .printer(Rc::new(lines.clone()))
            .build()
            .expect("a runtime");
        let script = format!(
            "{HEAD} addEventListener('securitypolicyviolation', (event) => console.log(event.effectiveDirective)); open('/echo');"
        );
        runtime.run_script(&script, "test.js").expect("a script");
        assert_eq!(runtime.run_until_idle(), Ending::Idle);
        lines.take()
    });
    let lines = ran.expect("a thread").join().expect("no panic");
    assert_eq!(lines, ["connect-src", "error 3 Event", "close 3 1006 false"]);
    assert_eq!(server.connections(), 0);
}

/// What the server saw of a script whose page went away when the event loop had nothing more to live for.
fn frames_after(script: &str) -> Vec<(u8, Vec<u8>)> {
    let server = serve(answer);
    let script = format!("{HEAD} {script}");
    assert_eq!(run(Page::of(&server.url("/")), &script), [""; 0]);
    on_tokio(server.until_open_connections(0));
    seen(&server)
}

fn seen(server: &Server) -> Vec<(u8, Vec<u8>)> {
    server.frames().into_iter().map(|frame| (frame.first, frame.payload.to_vec())).collect()
}

#[test]
fn the_event_loop_lives_for_who_listens() {
    let going_away = (0x88, 1001_u16.to_be_bytes().to_vec());
    let hello = (0x81, b"hello".to_vec());
    for (name, script, expected) in [
        ("nobody listens, so nothing is waited for", r#"new WebSocket("/hang");"#, vec![]),
        (
            "open is waited for, and what is sent then",
            r#"const socket = new WebSocket("/silent"); socket.onopen = () => socket.send("hello");"#,
            vec![hello.clone()],
        ),
        (
            "who says goodbye and does not listen to the answer",
            r#"const socket = new WebSocket("/echo"); socket.onopen = () => { socket.send("hello"); socket.close(3001); };"#,
            vec![hello.clone(), (0x88, 3001_u16.to_be_bytes().to_vec())],
        ),
        (
            "whoever stops listening",
            r#"const socket = new WebSocket("/echo"); socket.onopen = () => { socket.send("hello"); };
               socket.onmessage = () => { socket.onmessage = null; };"#,
            vec![hello, going_away],
        ),
    ] {
        assert_eq!(frames_after(script), expected, "{name}");
    }
}

#[test]
fn what_was_ordered_goes_out_before_the_end() {
    const SOCKETS: usize = 50;
    let script = format!(
        r#"const sockets = Array.from({{ length: {SOCKETS} }}, () => new WebSocket("/echo"));
           const opened = sockets.map(socket => new Promise(resolve => {{ socket.onopen = resolve; }}));
           Promise.all(opened).then(() => {{ for (const socket of sockets) socket.close(3001); }});"#
    );
    let closed = (0x88, 3001_u16.to_be_bytes().to_vec());
    assert_eq!(frames_after(&script), vec![closed; SOCKETS]);
}

#[test]
fn a_socket_that_nobody_can_hear_is_collected() {
    let server = serve(answer);
    let script = r#"
        const opened = new Promise(resolve => { let socket = new WebSocket("/echo"); socket.addEventListener("open", () => { socket = undefined; resolve(); }, { once: true }); });
        opened.then(() => {
          let rounds = 0;
          const fill = () => { let waste = []; for (let i = 0; i < 20000; i++) waste.push({ waste }); if (++rounds < 200) setTimeout(fill); };
          fill();
        });"#;
    assert_eq!(run(Page::of(&server.url("/")), script), [""; 0]);
    on_tokio(server.until_open_connections(0));
    // NB: without a code, as who is collected has none to say; 1001 were the page's own end.
    assert_eq!(seen(&server), [(0x88, vec![])]);
}

#[test]
fn what_a_server_does_not_take_is_bounded() {
    let server = serve(|request| accept(request).ending(Closing::Hang).wait(&std::sync::Arc::default()));
    let url = server.url("/");
    let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
    let ran = thread.spawn(move || {
        let lines = Lines::default();
        let mut runtime = Runtime::builder()
            .base_url(Url::parse(&url, None).expect("a URL"))
            .page(true)
            .max_memory(64 << 20)
            .time_limit(Duration::from_secs(60))
            .printer(Rc::new(lines.clone()))
            .build()
            .expect("a runtime");
        let script = format!(
            "{HEAD} const socket = open('/'); const piece = new Uint8Array(1 << 20);
             socket.onopen = () => {{ for (let i = 0; i < 256; i++) socket.send(piece); console.log(socket.bufferedAmount === 256 << 20); }};"
        );
        runtime.run_script(&script, "test.js").expect("a script");
        assert_eq!(runtime.run_until_idle(), Ending::Idle);
        lines.take()
    });
    let lines = ran.expect("a thread").join().expect("no panic");
    assert_eq!(lines, ["open 1", "true", "error 3 Event", "close 3 1006 false"]);
}

#[test]
fn what_script_does_not_take_stays_with_the_server() {
    // More than there is memory for, were it read before it is taken.
    let big = frame(0x82, &vec![0; 1 << 20]);
    let server = serve(move |request| {
        (0..200).fold(accept(request), |reply, _| reply.piece(big.clone())).piece(goodbye(1000, "")).frame()
    });
    let url = server.url("/");
    let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
    let ran = thread.spawn(move || {
        let lines = Lines::default();
        let mut runtime = Runtime::builder()
            .base_url(Url::parse(&url, None).expect("a URL"))
            .page(true)
            .max_memory(48 << 20)
            .printer(Rc::new(lines.clone()))
            .build()
            .expect("a runtime");
        let script = "const socket = new WebSocket('/'); socket.binaryType = 'arraybuffer'; let count = 0;
             socket.onmessage = ({ data }) => { if (data.byteLength === 1 << 20) count++; };
             socket.onclose = ({ code }) => console.log(code, count);";
        runtime.run_script(script, "test.js").expect("a script");
        assert_eq!(runtime.run_until_idle(), Ending::Idle);
        lines.take()
    });
    assert_eq!(ran.expect("a thread").join().expect("no panic"), ["1000 200"]);
}

#[test]
fn on_the_users_own_behalf_no_origin_is_told() {
    let server = serve(answer);
    let page =
        Page { url: server.url("/"), global: Global::Window, agent: UserAgent::builder(), page: false };
    let script = format!("{HEAD} const socket = open('/echo'); socket.onopen = () => socket.close(1000);");
    assert_eq!(run(page, &script), ["open 1", "close 3 1000 true"]);
    assert_eq!(server.requests()[0].header("origin"), None);
}
