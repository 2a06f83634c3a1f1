//! WebSockets over HTTP/2 ([RFC 8441](https://www.rfc-editor.org/rfc/rfc8441)): streams beside those of fetches, ends of streams as ends of sockets, and servers that take
//! them over HTTP/1.1 alone.
//!
//! Over 400 lines: what a server does beside it is told with each test.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use h2::Reason as Code;
use sofetch::core::rules::web_sockets::WebSocketHandshake;
use sofetch::core::trace::{Event, Observer, TraceId, WireEvent};
use sofetch::net::{HttpVersions, NetworkConfig};
use sofetch::{
    AbortController, Bytes, ErrorKind, PeerMisbehaved, Reason, Request, Ruling, UserAgent, WebSocket,
    WebSocketBreach, WebSocketMessage, WireFault,
};
use sofetch_testkit::http2::{Http2Config, Http2Server, Http2Stream};
use sofetch_testkit::loopback::{CertificateAuthority, authority, serve};
use sofetch_testkit::web_socket::{echo, frame, goodbye};
use tokio::sync::Notify;

use crate::support::{agent_with, on, port_is_at, ruling, trust, wire};

fn text(text: &str) -> WebSocketMessage {
    WebSocketMessage::from(text)
}

/// `a.test` and `b.test` at their default port.
struct Host {
    server: Http2Server,
    authority: CertificateAuthority,
}

impl Host {
    fn new<F>(
        change: impl FnOnce(&mut Http2Config),
        handler: impl Fn(Http2Stream) -> F + Send + Sync + 'static,
    ) -> Host
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let authority = authority();
        let mut config = Http2Config::new(authority.issue(&["a.test", "b.test"]).expect("names"));
        change(&mut config);
        Host { server: Http2Server::start(config, handler), authority }
    }

    /// Sends back what a WebSocket says; a fetch is answered by its path.
    fn echoing(change: impl FnOnce(&mut Http2Config)) -> Host {
        Host::new(change, answer)
    }

    fn agent_with(&self, change: impl FnOnce(&mut NetworkConfig)) -> UserAgent {
        agent_with(|config| {
            trust(config, &self.authority);
            port_is_at(config, 443, self.server.address());
            change(config);
        })
    }

    fn agent(&self) -> UserAgent {
        self.agent_with(|_| {})
    }
}

async fn answer(stream: Http2Stream) {
    match stream.asked.protocol {
        Some(_) => stream.echo().await,
        None => stream.answer(200, &[], "fetched"),
    }
}

async fn fetched(agent: &UserAgent, url: &str) {
    let text = agent.fetch(url).await.expect("an answer").text().await.expect("text");
    assert_eq!(text, "fetched");
}

async fn echoes(socket: &mut WebSocket, said: impl Into<WebSocketMessage>) {
    let said = said.into();
    socket.send(said.clone()).await.expect("sent");
    assert_eq!(socket.next().await.expect("an echo"), Some(said));
}

#[test]
fn messages_go_and_come_back_over_a_stream() {
    let host = Host::echoing(|_| {});
    on(async {
        let agent = host.agent();
        let page = agent.page("https://b.test/page").expect("a page");
        let mut socket = page.web_socket("wss://a.test/chat?x", &["a", "b"]).await.expect("a connection");
        assert_eq!((socket.protocol(), socket.extensions()), (Some("a"), ""));
        for said in [text("hello"), text(""), WebSocketMessage::from(vec![0_u8, 1, 255])] {
            echoes(&mut socket, said).await;
        }
        // Longer than any window.
        echoes(&mut socket, Bytes::from(vec![7; 3 << 20])).await;
        let closure = socket.close(3000, "enough").await.expect("a goodbye");
        assert_eq!((closure.code, &*closure.reason, closure.was_clean), (3000, "enough", true));
    });
    let asked = host.server.asked().remove(0);
    assert_eq!((&*asked.method, asked.protocol.as_deref()), ("CONNECT", Some("websocket")));
    assert_eq!((asked.scheme.as_deref(), asked.authority.as_deref()), (Some("https"), Some("a.test")));
    assert_eq!(asked.path, "/chat?x");
    assert_eq!(asked.header("sec-websocket-version"), Some("13"));
    assert_eq!(asked.header("sec-websocket-protocol"), Some("a, b"));
    assert_eq!(asked.header("sec-websocket-extensions"), Some("permessage-deflate"));
    assert_eq!(asked.header("origin"), Some("https://b.test"));
    assert_eq!(asked.header("sec-fetch-mode"), Some("websocket"));
    for name in ["upgrade", "connection", "sec-websocket-key", "host"] {
        assert_eq!(asked.header(name), None, "{name}");
    }
}

#[test]
fn many_share_a_connection_with_the_fetches_of_their_origin() {
    let host = Host::echoing(|_| {});
    on(async {
        let agent = host.agent();
        // Whoever comes first: a fetch beside a handshake waits for its connection, and the other way round.
        let (first, ()) =
            tokio::join!(agent.web_socket("wss://a.test/0", &[]), fetched(&agent, "https://a.test/"));
        let mut sockets = vec![first.expect("a connection")];
        for index in 1..20 {
            let (socket, ()) = tokio::join!(
                agent.web_socket(format!("wss://a.test/{index}"), &[]),
                fetched(&agent, "https://a.test/")
            );
            sockets.push(socket.expect("a connection"));
        }
        for (index, socket) in sockets.iter_mut().enumerate() {
            echoes(socket, index.to_string()).await;
        }
        fetched(&agent, "https://a.test/").await;
        assert_eq!(host.server.connections(), 1);
        // Another host is another connection, and so is another partition.
        agent.web_socket("wss://b.test/", &[]).await.expect("a connection");
        assert_eq!(host.server.connections(), 2);
        let page = agent.page("https://b.test/").expect("a page");
        page.web_socket("wss://a.test/", &[]).await.expect("a connection");
        assert_eq!(host.server.connections(), 3);
        for socket in sockets {
            assert!(socket.close(1000, "").await.expect("a goodbye").was_clean);
        }
    });
}

#[test]
fn a_fetch_comes_first_and_its_connection_is_used() {
    let host = Host::echoing(|_| {});
    on(async {
        let agent = host.agent();
        fetched(&agent, "https://a.test/").await;
        let (socket, ()) = tokio::join!(
            agent.web_socket("wss://a.test/", &[]),
            // NB: under way together, and to another host: nobody's turn is waited for.
            fetched(&agent, "https://b.test/")
        );
        echoes(&mut socket.expect("a connection"), "a").await;
    });
    assert_eq!(host.server.connections(), 2);
}

#[test]
fn sockets_leave_room_for_fetches_and_for_each_other() {
    let host = Host::echoing(|config| config.streams = 2);
    on(async {
        let agent = host.agent();
        let mut sockets = Vec::new();
        for _ in 0..5 {
            let mut socket = agent.web_socket("wss://a.test/", &[]).await.expect("a connection");
            echoes(&mut socket, "a").await;
            fetched(&agent, "https://a.test/").await;
            sockets.push(socket);
        }
        for socket in &mut sockets {
            echoes(socket, "b").await;
        }
    });
    assert!(host.server.connections() <= 4, "{}", host.server.connections());
}

/// What went over the wire, in words.
#[derive(Default)]
struct Wire(Mutex<Vec<String>>);

impl Observer for Wire {
    fn event(&self, _: TraceId, event: &Event) {
        let said = match event {
            Event::Wire(WireEvent::TlsDone { alpn, .. }) => format!("tls {alpn}"),
            Event::Wire(WireEvent::Reused { protocol }) => format!("reused {protocol:?}"),
            Event::Wire(WireEvent::Sent { method, protocol, .. }) => format!("sent {method} {protocol:?}"),
            Event::Wire(WireEvent::Head { status, protocol, .. }) => format!("head {status} {protocol:?}"),
            _ => return,
        };
        self.0.lock().expect("no panic").push(said);
    }
}

async fn told(agent: &UserAgent, url: &str) -> Vec<String> {
    let wire = Arc::new(Wire::default());
    let request = Request::new(url).observer(wire.clone());
    let mut socket = agent.web_socket(request, &[]).await.expect("a connection");
    echoes(&mut socket, "a").await;
    std::mem::take(&mut wire.0.lock().expect("no panic"))
}

#[test]
fn who_takes_none_over_http2_is_asked_over_http1_and_remembered() {
    let http1 = serve(echo);
    let host = Host::echoing(|config| {
        config.connect_protocol = false;
        config.http1 = Some(http1.address());
    });
    on(async {
        let agent = host.agent();
        let fallen_back = ["tls h2", "tls http/1.1", "sent GET Http1", "head 101 Http1"];
        assert_eq!(told(&agent, "wss://a.test/").await, fallen_back);
        // Its HTTP/2 connection is there for fetches.
        fetched(&agent, "https://a.test/").await;
        assert_eq!((host.server.connections(), host.server.http1_connections()), (1, 1));
        let http1_alone = ["tls http/1.1", "sent GET Http1", "head 101 Http1"];
        assert_eq!(told(&agent, "wss://a.test/").await, http1_alone);
        // Whether that connection is still there or not.
        host.server.go_away();
        assert_eq!(told(&agent, "wss://a.test/").await, http1_alone);
        assert_eq!((host.server.connections(), host.server.http1_connections()), (1, 3));
        // Another host is not known, nor is this one from elsewhere.
        assert_eq!(told(&agent, "wss://b.test/").await, fallen_back);
        assert!(host.server.asked().iter().all(|asked| asked.method == "GET"));
    });
}

#[test]
fn which_http_is_told() {
    let host = Host::echoing(|_| {});
    on(async {
        let agent = host.agent();
        let new = ["tls h2", "sent CONNECT Http2", "head 200 Http2"];
        assert_eq!(told(&agent, "wss://a.test/").await, new);
        let again = ["reused Http2", "sent CONNECT Http2", "head 200 Http2"];
        assert_eq!(told(&agent, "wss://a.test/").await, again);
    });
    // Who chooses HTTP/1.1 is asked over the same connection; who may speak nothing else is offered nothing else.
    let http1 = serve(echo);
    let authority = authority();
    let secure = sofetch_testkit::loopback::serve_https(&authority, &["a.test"], echo);
    on(async {
        let agent = agent_with(|config| {
            trust(config, &authority);
            port_is_at(config, 443, secure.address());
        });
        let direct = ["tls http/1.1", "sent GET Http1", "head 101 Http1"];
        assert_eq!(told(&agent, "wss://a.test/").await, direct);
        assert_eq!(told(&agent, "wss://a.test/").await, direct);
        assert_eq!(secure.connections(), 2);
        let host = Host::echoing(|config| config.http1 = Some(http1.address()));
        let agent = host.agent_with(|config| config.versions = HttpVersions::Http1Only);
        assert_eq!(told(&agent, "wss://a.test/").await, direct);
    });
}

#[test]
fn answers_that_open_nothing() {
    use WebSocketHandshake::*;
    type Headers = &'static [(&'static str, &'static str)];
    let rows: [(&str, u16, Headers, &[&str], WebSocketHandshake); 7] = [
        ("403", 403, &[], &[], NotSwitched { status: 403 }),
        ("404", 404, &[], &[], NotSwitched { status: 404 }),
        ("401", 401, &[("www-authenticate", "Basic")], &[], NotSwitched { status: 401 }),
        ("500", 500, &[], &[], NotSwitched { status: 500 }),
        ("no protocol", 200, &[], &["a"], ProtocolNotTaken),
        (
            "another",
            200,
            &[("sec-websocket-protocol", "b")],
            &["a"],
            ProtocolNotAsked { said: "b".to_owned() },
        ),
        ("an extension", 200, &[("sec-websocket-extensions", "x")], &[], Extension { said: "x".to_owned() }),
    ];
    for (row, status, headers, protocols, expected) in rows {
        let host = Host::new(|_| {}, move |stream| async move { stream.answer(status, headers, "no") });
        on(async {
            let error = host.agent().web_socket("wss://a.test/", protocols).await.expect_err(row);
            assert_eq!(*ruling(&error), Ruling::WebSocketHandshake(expected), "{row}");
        });
        assert_eq!(host.server.asked().len(), 1, "{row}");
    }
    let host = Host::new(|_| {}, |stream| async move { stream.answer(302, &[("location", "/x")], "") });
    on(async {
        let error = host.agent().web_socket("wss://a.test/", &[]).await.expect_err("a redirect");
        assert!(matches!(ruling(&error), Ruling::RedirectMode(_)), "{error:?}");
    });
    assert_eq!(host.server.asked().len(), 1);
    // What an HTTP/1.1 server would have to prove is not asked for, and any success is one.
    let host = Host::new(
        |_| {},
        |stream| async move {
            let mut socket = stream.accept(&[("sec-websocket-accept", "nothing")]);
            socket.say(goodbye(1000, "")).await;
            while socket.read_frame().await.is_some() {}
        },
    );
    on(async {
        host.agent().web_socket("wss://a.test/", &[]).await.expect("a connection");
    });
}

#[test]
fn ends_table() {
    type Ends = fn(&str) -> Bytes;
    let said: Ends = |row| match row {
        "a goodbye" | "a goodbye and a peaceful reset" => goodbye(4001, "bye"),
        "half a message" => Bytes::from_static(&[0x81, 5, b'a']),
        "a goodbye without an end" => goodbye(1000, ""),
        _ => Bytes::new(),
    };
    for (row, code, reason, was_clean) in [
        ("a goodbye", 4001, "bye", true),
        ("a goodbye and a peaceful reset", 4001, "bye", true),
        ("an end without a goodbye", 1006, "", false),
        ("half a message", 1006, "", false),
        ("a reset", 1006, "", false),
        // It goes on without a word: who waits for it to leave leaves first, and all was said.
        ("a goodbye without an end", 1000, "", true),
    ] {
        let host = Host::new(
            |_| {},
            move |stream| async move {
                let mut socket = stream.accept(&[]);
                socket.say(said(row)).await;
                match row {
                    "a reset" => {
                        // NB: h2 forgets what it has not sent yet.
                        socket.say(frame(0x89, b"")).await;
                        socket.read_frame().await.expect("a pong");
                        return socket.reset(Code::CANCEL);
                    }
                    "a goodbye without an end" => {
                        socket.read_frame().await;
                        socket.until_reset().await;
                        return;
                    }
                    "a goodbye" | "a goodbye and a peaceful reset" => {
                        let answer = socket.read_frame().await.expect("an answer");
                        assert_eq!((answer.first, &answer.payload[..2]), (0x88, &4001_u16.to_be_bytes()[..]));
                    }
                    _ => {}
                }
                if row == "a goodbye and a peaceful reset" {
                    return socket.reset(Code::NO_ERROR);
                }
                socket.end();
                while socket.read_frame().await.is_some() {}
            },
        );
        on(async {
            let agent = host.agent_with(|config| {
                if row == "a goodbye without an end" {
                    config.time_outs.close = Some(std::time::Duration::from_millis(1));
                }
            });
            let mut socket = agent.web_socket("wss://a.test/", &[]).await.expect("a connection");
            let next = socket.next().await;
            assert_eq!(next.is_ok(), was_clean, "{row}: {next:?}");
            let closure = socket.closure().expect("closed").clone();
            assert_eq!(
                (closure.code, &*closure.reason, closure.was_clean, closure.failed),
                (code, reason, was_clean, false),
                "{row}"
            );
            if let Err(error) = next {
                assert!(matches!(wire(&error), WireFault::Closed { .. }), "{row}: {error:?}");
            }
        });
        assert_eq!(host.server.asked().len(), 1, "{row}");
    }
}

#[test]
fn pings_are_answered_and_breaches_are_told_before_the_reset() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (tell, done) = (told.clone(), Arc::new(Notify::new()));
    let is_done = done.clone();
    let host = Host::new(
        |_| {},
        move |stream| {
            let (tell, done) = (tell.clone(), is_done.clone());
            async move {
                let mut socket = stream.accept(&[]);
                socket.say(frame(0x89, b"one")).await;
                let seen = socket.read_frame().await;
                tell.lock().expect("no panic").extend(seen);
                // A mask, which no server may use.
                socket.say(Bytes::from_static(&[0x81, 0x81, 0, 0, 0, 0, b'a'])).await;
                let seen = socket.read_frame().await;
                tell.lock().expect("no panic").extend(seen);
                socket.until_reset().await;
                done.notify_one();
            }
        },
    );
    on(async {
        let agent = host.agent();
        let mut socket = agent.web_socket("wss://a.test/", &[]).await.expect("a connection");
        let error = socket.next().await.expect_err("a breach");
        let breach = WebSocketBreach::Masked;
        assert!(
            matches!(error.reason(), Some(Reason::Peer(PeerMisbehaved::WebSocket { breach: found })) if *found == breach),
            "{error:?}"
        );
        drop(socket);
        done.notified().await;
    });
    let told = told.lock().expect("no panic");
    assert_eq!((told[0].first, &told[0].payload[..]), (0x8a, &b"one"[..]));
    assert_eq!((told[1].first, &told[1].payload[..]), (0x88, &1002_u16.to_be_bytes()[..]));
    assert!(told.iter().all(|frame| frame.mask.is_some()));
}

#[test]
fn an_abort_resets_the_stream_and_nothing_else() {
    let (arrived, reset) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell_arrived, tell_reset) = (arrived.clone(), reset.clone());
    let host = Host::new(
        |_| {},
        move |mut stream| {
            let (arrived, reset) = (tell_arrived.clone(), tell_reset.clone());
            async move {
                if stream.asked.path != "/hang" {
                    return answer(stream).await;
                }
                arrived.notify_one();
                assert_eq!(stream.until_reset().await, Some(Code::CANCEL));
                reset.notify_one();
            }
        },
    );
    on(async {
        let agent = host.agent();
        let controller = AbortController::new();
        let request = Request::new("wss://a.test/hang").signal(&controller.signal());
        let opening = agent.web_socket(request, &[]);
        let (error, ()) = tokio::join!(opening, async {
            arrived.notified().await;
            controller.abort();
        });
        assert_eq!(error.expect_err("aborted").kind(), ErrorKind::Aborted);
        reset.notified().await;
        // Its turn is over, and the connection lives.
        let mut socket = agent.web_socket("wss://a.test/", &[]).await.expect("a connection");
        echoes(&mut socket, "a").await;
        fetched(&agent, "https://a.test/").await;
        assert_eq!(host.server.connections(), 1);
    });
}

#[test]
fn who_goes_away_says_so() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let (tell, done) = (told.clone(), Arc::new(Notify::new()));
    let is_done = done.clone();
    let host = Host::new(
        |_| {},
        move |stream| {
            let (tell, done) = (tell.clone(), is_done.clone());
            async move {
                let mut socket = stream.accept(&[]);
                let said = socket.read_frame().await.expect("a goodbye");
                tell.lock().expect("no panic").push(said.payload);
                socket.say(goodbye(1001, "")).await;
                socket.end();
                done.notify_one();
                while socket.read_frame().await.is_some() {}
            }
        },
    );
    on(async {
        let agent = host.agent();
        let page = agent.page("https://b.test/").expect("a page");
        let mut socket = page.web_socket("wss://a.test/", &[]).await.expect("a connection");
        page.close();
        socket.next().await.expect_err("the page is gone");
        done.notified().await;
        // Dropped, it says goodbye without a code.
        drop(agent.web_socket("wss://a.test/", &[]).await.expect("a connection"));
        done.notified().await;
    });
    assert_eq!(*told.lock().expect("no panic"), [Bytes::from_static(&[3, 0xe9]), Bytes::new()]);
}

#[test]
fn a_connection_that_goes_away_keeps_its_sockets_and_gets_no_more() {
    let host = Host::echoing(|_| {});
    on(async {
        let agent = host.agent();
        let mut old = agent.web_socket("wss://a.test/", &[]).await.expect("a connection");
        echoes(&mut old, "a").await;
        host.server.go_away();
        // The GOAWAY is there before the echo is, which is said later.
        echoes(&mut old, "b").await;
        let mut new = agent.web_socket("wss://a.test/", &[]).await.expect("a connection");
        echoes(&mut new, "c").await;
        fetched(&agent, "https://a.test/").await;
        echoes(&mut old, "d").await;
        assert_eq!(host.server.connections(), 2);
        assert!(old.close(1000, "").await.expect("a goodbye").was_clean);
    });
}

#[test]
fn a_stream_that_was_refused_is_asked_for_again() {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let host = Host::new(
        |_| {},
        move |stream| {
            let nth = counter.fetch_add(1, Ordering::SeqCst);
            async move {
                match nth {
                    0 => stream.reset(Code::REFUSED_STREAM),
                    1 => stream.echo().await,
                    _ => stream.reset(Code::INTERNAL_ERROR),
                }
            }
        },
    );
    on(async {
        let agent = host.agent();
        let mut socket = agent.web_socket("wss://a.test/", &[]).await.expect("the second time");
        echoes(&mut socket, "a").await;
        let error = agent.web_socket("wss://a.test/", &[]).await.expect_err("a reset");
        assert!(matches!(error.reason(), Some(Reason::Peer(PeerMisbehaved::Http2 { .. }))), "{error:?}");
    });
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[test]
fn a_server_that_does_not_read_is_not_sent_much_and_one_that_is_not_read_sends_not_much() {
    let may_read = Arc::new(Notify::new());
    let gate = may_read.clone();
    let big = 4 << 20;
    let host = Host::new(
        |_| {},
        move |stream| {
            let gate = gate.clone();
            async move {
                let mut socket = stream.accept(&[]);
                gate.notified().await;
                let seen = socket.read_message().await;
                assert_eq!(seen.len(), big);
                // Said in pieces that nobody reads yet: it does not come to its end before they are.
                socket.say(frame(0x82, &vec![1; 4 << 20])).await;
                socket.say(frame(0x81, b"end")).await;
                while socket.read_frame().await.is_some() {}
            }
        },
    );
    on(async {
        let agent = host.agent();
        let mut socket = agent.web_socket("wss://a.test/", &[]).await.expect("a connection");
        {
            let sending = socket.send(vec![0_u8; big]);
            tokio::pin!(sending);
            // The server's window is full: whatever else happens on the same connection, this does not end.
            tokio::select! {
                biased;
                _ = &mut sending => panic!("nobody reads"),
                () = fetched_of(&agent) => {}
            }
            may_read.notify_one();
            sending.await.expect("sent");
        }
        let Some(WebSocketMessage::Binary(bytes)) = socket.next().await.expect("a message") else {
            panic!("bytes were sent");
        };
        assert_eq!(bytes.len(), big);
        assert_eq!(socket.next().await.expect("a message"), Some(text("end")));
    });
}

/// Twice an exchange with another server, which takes longer than what could be done at once.
async fn fetched_of(agent: &UserAgent) {
    let other = serve(|_| sofetch_testkit::loopback::Reply::ok("a"));
    for _ in 0..2 {
        agent.fetch(other.url("/")).await.expect("an answer").text().await.expect("text");
    }
}
