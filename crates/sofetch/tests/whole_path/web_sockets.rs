//! WebSockets: the handshake as a fetch with all its judgements, messages, the closing handshake, and row 92: what a hostile
//! server may do.
//!
//! Over 400 lines: a socket has a life after its answer, and each part of it has its table here.

use std::sync::Arc;
use std::time::Duration;

use sofetch::core::rules::web_sockets::WebSocketHandshake;
use sofetch::net::{AddressPolicy, ProxyRules};
use sofetch::{
    Bytes, Error, ErrorKind, Misuse, NetworkFault, PeerMisbehaved, Phase, Reason, Request, Ruling, WebSocket,
    WebSocketBreach, WebSocketMessage, WireFault,
};
use sofetch_testkit::loopback::{Ending, Reply, RequestSeen, Server, ServerConfig, answering, serve, start};
use sofetch_testkit::web_socket::{accept, echo, frame, goodbye};
use tokio::sync::Notify;

use crate::support::{Proxy, Web, agent, agent_with, on, ruling, trust, wire};

pub(crate) fn ws(server: &Server, path: &str) -> String {
    format!("ws://{}{path}", server.address())
}

fn text(text: &str) -> WebSocketMessage {
    WebSocketMessage::from(text)
}

/// A server that takes each handshake and says what `script` adds to that.
pub(crate) fn saying(script: impl Fn(Reply) -> Reply + Send + Sync + 'static) -> Server {
    serve(move |request| script(accept(request)))
}

#[test]
fn messages_go_and_come_back() {
    let server = serve(echo);
    on(async {
        let mut socket = agent().web_socket(ws(&server, "/chat?x"), &["a", "b"]).await.expect("a connection");
        assert_eq!((socket.protocol(), socket.extensions()), (Some("a"), ""));
        let long = "\u{e9}".repeat(100_000);
        let messages = [
            text("hello"),
            text(""),
            WebSocketMessage::from(vec![0_u8, 1, 255]),
            text(&long),
            WebSocketMessage::Binary(Bytes::from(vec![7; 70_000])),
        ];
        for message in messages {
            socket.send(message.clone()).await.expect("sent");
            assert_eq!(socket.next().await.expect("an echo"), Some(message));
        }
        let closure = socket.close(3000, "enough").await.expect("a goodbye");
        assert_eq!((closure.code, &*closure.reason, closure.was_clean), (3000, "enough", true));
    });
    let request = server.requests().remove(0);
    assert_eq!(request.target, "/chat?x");
    let header = |name| request.header(name);
    assert_eq!(header("connection").as_deref(), Some("Upgrade"));
    assert_eq!(header("upgrade").as_deref(), Some("websocket"));
    assert_eq!(header("sec-websocket-version").as_deref(), Some("13"));
    assert_eq!(header("sec-websocket-protocol").as_deref(), Some("a, b"));
    assert_eq!(header("origin"), None, "nobody asks but the user");
    // Every frame is masked, and no mask is like another; what is long goes in several.
    let frames = server.frames();
    assert!(frames.len() > 6, "{}", frames.len());
    let mut masks: Vec<_> = frames.iter().map(|frame| frame.mask.expect("a mask")).collect();
    masks.sort_unstable();
    masks.dedup();
    assert_eq!(masks.len(), frames.len());
    assert!(frames.iter().all(|frame| frame.payload.len() <= 64 * 1024));
}

#[test]
fn a_page_asks_as_its_origin_and_sets_no_headers() {
    let server = serve(echo);
    on(async {
        let agent = agent();
        let page = agent.page(&server.url("/page/")).expect("a page");
        let relative = Request::new("chat").header("X-Own", "1");
        let socket = page.web_socket(relative, &[]).await.expect("a connection");
        assert_eq!(socket.url().href(), server.url("/page/chat"));
        let other = agent.page("http://site.test/").expect("a page");
        other.web_socket(ws(&server, "/other"), &[]).await.expect("no CORS, but an Origin");
    });
    let requests = server.requests();
    let seen = |at: usize, name| requests[at].header(name);
    assert_eq!((seen(0, "x-own"), seen(0, "referer")), (None, None));
    assert_eq!(seen(0, "origin").as_deref(), Some(server.url("").trim_end_matches('/')));
    assert_eq!(seen(0, "sec-fetch-mode").as_deref(), Some("websocket"));
    assert_eq!(seen(1, "origin").as_deref(), Some("http://site.test"));
}

#[test]
fn an_owner_sets_headers_but_not_those_of_the_handshake() {
    let server = serve(echo);
    on(async {
        let agent = agent();
        let request = Request::new(ws(&server, "/")).header("Origin", "https://a.test").header("X-Own", "1");
        agent.web_socket(request, &[]).await.expect("a connection");
        for request in [
            Request::new(ws(&server, "/")).header("Sec-WebSocket-Key", "x"),
            Request::new(ws(&server, "/")).header("Connection", "close"),
            Request::new(ws(&server, "/")).method("POST"),
        ] {
            let error = agent.web_socket(request, &[]).await.expect_err("no such header");
            assert_eq!(error.kind(), ErrorKind::Misuse(Misuse::FramingHeader));
        }
        for (url, protocols, misuse) in [
            ("ftp://a.test/", &[][..], Misuse::InvalidUrl),
            ("ws://a.test/#x", &[], Misuse::InvalidUrl),
            ("ws://a.test/", &["a", "a"], Misuse::InvalidProtocol),
            ("ws://a.test/", &["a\r\nX-Evil: 1"], Misuse::InvalidProtocol),
        ] {
            let error = agent.web_socket(url, protocols).await.expect_err(url);
            assert_eq!(error.kind(), ErrorKind::Misuse(misuse), "{url}");
        }
    });
    let request = server.requests().remove(0);
    assert_eq!(server.requests().len(), 1);
    assert_eq!(request.header("origin").as_deref(), Some("https://a.test"));
    assert_eq!(request.header("x-own").as_deref(), Some("1"));
}

#[test]
fn answers_that_open_nothing() {
    use WebSocketHandshake::*;
    type Answer = fn(&RequestSeen) -> Reply;
    let rows: [(&str, Answer, &[&str], WebSocketHandshake); 8] = [
        ("200", |_| Reply::ok("x".repeat(1 << 16)), &[], NotSwitched { status: 200 }),
        ("401", |_| Reply::new(401).header("WWW-Authenticate", "Basic"), &[], NotSwitched { status: 401 }),
        ("404", |_| Reply::new(404), &[], NotSwitched { status: 404 }),
        ("no protocol", |request| accept(request), &["a"], ProtocolNotTaken),
        (
            "another",
            |request| accept(request).header("Sec-WebSocket-Protocol", "b"),
            &["a"],
            ProtocolNotAsked { said: "b".to_owned() },
        ),
        (
            "an extension",
            |request| accept(request).header("Sec-WebSocket-Extensions", "x"),
            &[],
            Extension { said: "x".to_owned() },
        ),
        ("no upgrade", |request| accept(request).without("Upgrade"), &[], Upgrade { said: None }),
        ("no connection", |request| accept(request).without("Connection"), &[], Connection { said: None }),
    ];
    for (row, answer, protocols, expected) in rows {
        let server = serve(answer);
        on(async {
            let error = agent().web_socket(ws(&server, "/"), protocols).await.expect_err(row);
            assert_eq!(*ruling(&error), Ruling::WebSocketHandshake(expected), "{row}");
            server.until_open_connections(0).await;
        });
    }
    // Without an Accept, or with one that is a guess.
    for reply in
        [Reply::new(101), Reply::new(101).header("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")]
    {
        let reply = reply.header("Upgrade", "websocket").header("Connection", "Upgrade").as_given();
        let server = serve(move |_| reply.clone());
        on(async {
            let error = agent().web_socket(ws(&server, "/"), &[]).await.expect_err("no proof");
            let Ruling::WebSocketHandshake(Accept { expected, .. }) = ruling(&error) else {
                panic!("{error:?}");
            };
            assert_eq!(expected.len(), 28);
        });
    }
    // A redirect is followed nowhere.
    let server = serve(|_| Reply::new(302).header("Location", "/elsewhere"));
    on(async {
        let error = agent().web_socket(ws(&server, "/"), &[]).await.expect_err("a redirect");
        assert!(matches!(ruling(&error), Ruling::RedirectMode(_)), "{error:?}");
    });
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn what_refuses_a_fetch_refuses_a_handshake() {
    let server = serve(echo);
    on(async {
        let agent = agent();
        let page = agent.page_builder("https://a.test/").csp("connect-src 'none'");
        let page = page.build().expect("a page");
        let error = page.web_socket("wss://a.test/", &[]).await.expect_err("CSP");
        assert!(matches!(ruling(&error), Ruling::CspBlocking(_)), "{error:?}");
        let page = agent.page("https://a.test/").expect("a page");
        let error = page.web_socket("ws://b.test/", &[]).await.expect_err("mixed content");
        assert!(matches!(ruling(&error), Ruling::MixedContentRequest(_)), "{error:?}");
        let page = agent.page("http://a.test/").expect("a page");
        let error = page.web_socket("ws://b.test:22/", &[]).await.expect_err("a bad port");
        assert!(matches!(ruling(&error), Ruling::PortBlocking(_)), "{error:?}");
        let guarded = agent_with(|config| config.addresses = AddressPolicy::PublicOnly);
        let error = guarded.web_socket(ws(&server, "/"), &[]).await.expect_err("loopback");
        assert!(matches!(wire(&error), WireFault::AddressRefused { .. }), "{error:?}");
    });
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_policy_may_allow_web_sockets_by_their_scheme() {
    let server = serve(echo);
    on(async {
        let page = agent().page_builder("http://a.test/").csp("connect-src ws:");
        let page = page.build().expect("a page");
        page.web_socket(ws(&server, "/"), &[]).await.expect("allowed");
    });
}

#[test]
fn known_hsts_hosts_are_asked_over_tls() {
    let web = Web::answering(|request| match request.header("upgrade") {
        Some(_) => echo(request),
        None => Reply::ok("").header("Strict-Transport-Security", "max-age=1000"),
    });
    on(async {
        let agent = agent_with(|config| web.configure(config));
        agent.fetch("https://a.test/").await.expect("a note");
        let mut socket = agent.web_socket("ws://a.test/x", &[]).await.expect("a connection");
        socket.send("a").await.expect("sent");
        assert_eq!(socket.next().await.expect("an echo"), Some(text("a")));
    });
    let asked = web.secure.requests_to("/x").remove(0);
    assert_eq!((asked.tls_sni.as_deref(), web.plain.requests().len()), (Some("a.test"), 0));
}

#[test]
fn it_goes_through_a_tunnel_whatever_the_scheme() {
    let server = serve(echo);
    let proxy = Proxy::connecting_to(server.address());
    on(async {
        let rules = ProxyRules::all(&format!("http://{}", proxy.address())).expect("a proxy's URL");
        let agent = agent_with(|config| config.proxy = rules);
        let mut socket = agent.web_socket("ws://a.test/x", &[]).await.expect("a connection");
        socket.send("a").await.expect("sent");
        assert_eq!(socket.next().await.expect("an echo"), Some(text("a")));
    });
    assert!(proxy.asked()[0].starts_with("CONNECT a.test:80 HTTP/1.1\r\n"), "{:?}", proxy.asked());
    assert_eq!(server.requests()[0].target, "/x");
}

#[test]
fn over_tls_and_http1() {
    let authority = sofetch_testkit::loopback::authority();
    let identity = authority.issue(&["127.0.0.1"]).expect("a name");
    let server = start(ServerConfig::https(identity, answering(echo)));
    on(async {
        let agent = agent_with(|config| trust(config, &authority));
        let mut socket =
            agent.web_socket(format!("wss://{}/", server.address()), &[]).await.expect("a connection");
        socket.send("a").await.expect("sent");
        assert_eq!(socket.next().await.expect("an echo"), Some(text("a")));
    });
}

#[test]
fn a_connection_is_nobody_elses() {
    let server = serve(|request| match request.header("upgrade") {
        Some(_) => echo(request),
        None => Reply::ok("a"),
    });
    on(async {
        let agent = agent();
        agent.fetch(server.url("/")).await.expect("an answer").text().await.expect("text");
        let _one = agent.web_socket(ws(&server, "/"), &[]).await.expect("a connection");
        let _other = agent.web_socket(ws(&server, "/"), &[]).await.expect("another");
        agent.fetch(server.url("/")).await.expect("an answer").text().await.expect("text");
    });
    assert_eq!(server.connections(), 3);
}

#[test]
fn handshakes_with_a_host_come_one_by_one() {
    let first_may_go = Arc::new(Notify::new());
    let gate = first_may_go.clone();
    let server = start(ServerConfig::http(sofetch_testkit::loopback::answering_later(move |request| {
        let gate = gate.clone();
        async move {
            if request.path() == "/first" {
                gate.notified().await;
            }
            echo(&request)
        }
    })));
    on(async {
        let agent = agent();
        let open = |path: &str| {
            let (agent, url) = (agent.clone(), ws(&server, path));
            tokio::spawn(async move { agent.web_socket(url, &[]).await })
        };
        let first = open("/first");
        server.until_requests(1).await;
        let second = open("/second");
        // Whatever the second could have done in between, another server has answered twice.
        let other = serve(|_| Reply::ok(""));
        for _ in 0..2 {
            agent.fetch(other.url("/")).await.expect("an answer");
        }
        assert_eq!(server.connections(), 1);
        first_may_go.notify_one();
        first.await.expect("no panic").expect("a connection");
        second.await.expect("no panic").expect("a connection");
    });
    let paths: Vec<_> = server.requests().iter().map(|request| request.path().to_owned()).collect();
    assert_eq!(paths, ["/first", "/second"]);
}

/// What ends the connection, after it was opened.
async fn ended(socket: &mut WebSocket) -> Error {
    loop {
        match socket.next().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a clean end"),
            Err(error) => return error,
        }
    }
}

#[test]
fn row_92_frames_that_no_server_may_send() {
    use WebSocketBreach::*;
    let limit = 1000;
    let fragments = || {
        let part = frame(0x00, &[b'x'; 100]);
        [&frame(0x01, b"")[..], &part.repeat(11)].concat().into()
    };
    let huge: [&'static [u8]; 3] = [
        &[0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0],
        &[0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ];
    let rows: Vec<(&str, Bytes, WebSocketBreach, u16)> = vec![
        ("a mask", Bytes::from_static(&[0x81, 0x81, 0, 0, 0, 0, b'a']), Masked, 1002),
        ("a reserved bit", frame(0xc1, b"a"), ReservedBit, 1002),
        ("an opcode of data", frame(0x83, b"a"), Opcode, 1002),
        ("an opcode of control", frame(0x8b, b"a"), Opcode, 1002),
        ("a ping in fragments", frame(0x09, b"a"), FragmentedControl, 1002),
        ("a long ping", frame(0x89, &[0; 126]), LongControl, 1002),
        ("a fragment of nothing", frame(0x80, b"a"), Fragments, 1002),
        ("no UTF-8", frame(0x81, b"\xff"), Utf8, 1007),
        ("half a code", frame(0x88, &[3]), CloseCode, 1002),
        ("a code that nobody sends", goodbye(1005, ""), CloseCode, 1002),
        ("too long", frame(0x82, &[0; 1001]), TooLarge { limit }, 1009),
        ("without an end", fragments(), TooLarge { limit }, 1009),
        ("four gibibytes", Bytes::from_static(huge[0]), TooLarge { limit }, 1009),
        ("eight exbibytes", Bytes::from_static(huge[1]), TooLarge { limit }, 1009),
        ("more than there can be", Bytes::from_static(huge[2]), TooLarge { limit }, 1009),
    ];
    for (row, bytes, breach, code) in rows {
        let server = saying(move |reply| reply.piece(bytes.clone()).frame().ending(Ending::Hang));
        on(async {
            let agent = agent_with(|config| config.limits.web_socket_message_bytes = limit);
            let mut socket = agent.web_socket(ws(&server, "/"), &[]).await.expect("a connection");
            let error = ended(&mut socket).await;
            let Some(Reason::Peer(PeerMisbehaved::WebSocket { breach: found })) = error.reason() else {
                panic!("{row}: {error:?}");
            };
            assert_eq!(*found, breach, "{row}");
            let closure = socket.closure().expect("closed");
            assert_eq!((closure.code, closure.was_clean, closure.failed), (1006, false, true), "{row}");
            server.until_frames(1).await;
        });
        // The server is told.
        let told = server.frames().remove(0);
        assert_eq!((told.first, &told.payload[..]), (0x88, &code.to_be_bytes()[..]), "{row}");
    }
}

#[test]
fn compressed_messages_are_read_and_bombs_are_not() {
    // "Hello" of RFC 7692, section 7.2.3.1, and a megabyte of zeros in a kilobyte.
    let hello = frame(0xc1, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, &vec![0; 1 << 20]).expect("a vector takes all");
    std::io::Write::flush(&mut encoder).expect("a vector takes all");
    let zeros = encoder.get_ref();
    let bomb = frame(0xc2, &zeros[..zeros.len() - 4]);
    let server = saying(move |reply| {
        reply
            .header("Sec-WebSocket-Extensions", "permessage-deflate")
            .piece(hello.clone())
            .piece(bomb.clone())
            .ending(Ending::Hang)
    });
    on(async {
        let agent = agent_with(|config| config.limits.web_socket_message_bytes = 1 << 19);
        let mut socket = agent.web_socket(ws(&server, "/"), &[]).await.expect("a connection");
        assert_eq!(socket.extensions(), "permessage-deflate");
        assert_eq!(socket.next().await.expect("a message"), Some(text("Hello")));
        let error = ended(&mut socket).await;
        let breach = WebSocketBreach::TooLarge { limit: 1 << 19 };
        assert!(
            matches!(error.reason(), Some(Reason::Peer(PeerMisbehaved::WebSocket { breach: found })) if *found == breach),
            "{error:?}"
        );
    });
}

#[test]
fn ends_table() {
    let rows: Vec<(&str, Server, u16, &str, bool)> = vec![
        ("a goodbye", saying(|reply| reply.piece(goodbye(1000, "bye")).frame()), 1000, "bye", true),
        ("of any code", saying(|reply| reply.piece(goodbye(4999, "")).frame()), 4999, "", true),
        ("without a code", saying(|reply| reply.piece(frame(0x88, b"")).frame()), 1005, "", true),
        (
            "and more behind it",
            saying(|reply| reply.piece(goodbye(1001, "")).piece(frame(0x81, b"late")).frame()),
            1001,
            "",
            true,
        ),
        ("no goodbye", saying(|reply| reply), 1006, "", false),
        (
            "half a message",
            saying(|reply| reply.piece(Bytes::from_static(&[0x81, 5, b'a']))),
            1006,
            "",
            false,
        ),
        ("a reset", saying(|reply| reply.ending(Ending::Reset)), 1006, "", false),
        // It hangs after its goodbye: who waits for it to leave leaves first, and all was said.
        (
            "no end",
            saying(|reply| reply.piece(goodbye(1000, "")).frame().ending(Ending::Hang)),
            1000,
            "",
            true,
        ),
    ];
    for (row, server, code, reason, was_clean) in rows {
        on(async {
            let agent = agent_with(|config| {
                config.time_outs.close = None;
                config.time_outs.tcp_close = Some(Duration::from_millis(1));
            });
            let agent = if row == "no end" { agent } else { self::agent() };
            let mut socket = agent.web_socket(ws(&server, "/"), &[]).await.expect("a connection");
            let next = socket.next().await;
            assert_eq!(next.is_ok(), was_clean, "{row}: {next:?}");
            let closure = socket.closure().expect("closed").clone();
            assert_eq!(
                (closure.code, &*closure.reason, closure.was_clean, closure.failed),
                (code, reason, was_clean, false),
                "{row}"
            );
            let error = socket.send("late").await.expect_err(row);
            assert_eq!(error.kind(), ErrorKind::Misuse(Misuse::Closed), "{row}");
        });
        if was_clean {
            on(server.until_frames(1));
            let answer = server.frames().remove(0);
            assert_eq!(answer.first, 0x88, "{row}");
            let said = if code == 1005 { Vec::new() } else { code.to_be_bytes().to_vec() };
            assert_eq!(answer.payload, said, "{row}");
        }
    }
}

#[test]
fn a_server_that_does_not_close_is_left() {
    let server = saying(|reply| reply.frame().ending(Ending::Hang));
    on(async {
        let agent = agent_with(|config| config.time_outs.close = Some(Duration::from_millis(1)));
        let socket = agent.web_socket(ws(&server, "/"), &[]).await.expect("a connection");
        let closure = socket.close(None, "").await.expect("an end");
        assert_eq!((closure.code, closure.was_clean, closure.failed), (1006, false, false));
        let Some(NetworkFault::Wire(WireFault::TimedOut { phase: Phase::Close, .. })) = closure.fault else {
            panic!("{closure:?}");
        };
        server.until_open_connections(0).await;
    });
}

#[test]
fn a_server_that_talks_on_is_left_all_the_same() {
    let flood = frame(0x81, &[b'x'; 60_000]).repeat(2_000);
    let server = saying(move |reply| reply.piece(flood.clone()).ending(Ending::Hang));
    on(async {
        let agent = agent_with(|config| config.time_outs.close = Some(Duration::from_millis(1)));
        let socket = agent.web_socket(ws(&server, "/"), &[]).await.expect("a connection");
        let closure = socket.close(1000, "").await.expect("an end");
        assert_eq!((closure.code, closure.was_clean), (1006, false));
    });
}

#[test]
fn pings_are_answered_and_a_flood_of_them_by_the_last() {
    let flood = frame(0x89, &[b'p'; 125]).repeat(100_000);
    let last = frame(0x89, b"last");
    let server = saying(move |reply| {
        reply
            .piece(frame(0x89, b"one"))
            .frame()
            .piece(flood.clone())
            .piece(last.clone())
            .piece(frame(0x81, b"a"))
            .echo()
    });
    on(async {
        let mut socket = agent().web_socket(ws(&server, "/"), &[]).await.expect("a connection");
        assert_eq!(socket.next().await.expect("a message"), Some(text("a")));
        socket.close(1000, "").await.expect("a goodbye");
    });
    let frames = server.frames();
    assert_eq!((frames[0].first, &frames[0].payload[..]), (0x8a, &b"one"[..]));
    let pongs: Vec<_> = frames.iter().filter(|frame| frame.first == 0x8a).collect();
    assert_eq!(pongs.last().map(|pong| &pong.payload[..]), Some(&b"last"[..]));
}

#[test]
fn large_messages_come_whole_one_by_one() {
    let written = Arc::new(Notify::new());
    let told = written.clone();
    let server = saying(move |reply| {
        let big = frame(0x82, &vec![0; 1 << 20]);
        (0..64).fold(reply, |reply, _| reply.piece(big.clone())).wait(&told).ending(Ending::Hang)
    });
    on(async {
        let mut socket = agent().web_socket(ws(&server, "/"), &[]).await.expect("a connection");
        for _ in 0..64 {
            let Some(message) = socket.next().await.expect("a message") else { panic!("an end") };
            assert_eq!(message.len(), 1 << 20);
        }
        written.notify_one();
    });
}

#[test]
fn a_page_that_is_closed_says_goodbye() {
    let server = serve(echo);
    on(async {
        let page = agent().page(&server.url("/")).expect("a page");
        let mut socket = page.web_socket("/", &[]).await.expect("a connection");
        page.close();
        let error = socket.next().await.expect_err("the page is gone");
        assert!(error.is_aborted(), "{error:?}");
    });
    let goodbye = server.frames().remove(0);
    assert_eq!((goodbye.first, &goodbye.payload[..]), (0x88, &1001_u16.to_be_bytes()[..]));
}

#[test]
fn a_dropped_one_says_goodbye_without_a_code() {
    let server = serve(echo);
    on(async {
        let agent = agent();
        drop(agent.web_socket(ws(&server, "/"), &[]).await.expect("a connection"));
        server.until_frames(1).await;
        server.until_open_connections(0).await;
    });
    let goodbye = server.frames().remove(0);
    assert_eq!((goodbye.first, goodbye.payload.len()), (0x88, 0));
}

#[test]
fn what_cannot_be_said_at_the_end_is_not() {
    let server = serve(echo);
    on(async {
        for (code, reason) in [(999, ""), (1001, ""), (2999, ""), (5000, ""), (1000, &*"x".repeat(124))] {
            let socket = agent().web_socket(ws(&server, "/"), &[]).await.expect("a connection");
            let error = socket.close(code, reason).await.expect_err("no such goodbye");
            assert_eq!(error.kind(), ErrorKind::Misuse(Misuse::InvalidClose), "{code}");
        }
    });
}
