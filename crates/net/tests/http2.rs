//! HTTP/2: one connection for many, faults of servers frame by frame, cancelling, windows.
//!
//! Over 400 lines: the frames are written by hand, and every test needs them or the server beside them.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Response;
use sofetch_core::infrastructure::bodies::Body;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::ports::Protocol;
use sofetch_net::{HttpVersions, Limits, NetworkConfig};
use support::tls::*;
use support::*;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

fn prior_knowledge() -> NetworkConfig {
    NetworkConfig { versions: HttpVersions::Http2Only, ..NetworkConfig::default() }
}

/// Serves HTTP/2 over a stream with the `h2` crate: the path is the body, a request's body is echoed.
async fn echo<S: AsyncRead + AsyncWrite + Unpin>(stream: S, streams_at_once: u32) {
    let mut connection = h2::server::Builder::new()
        .max_concurrent_streams(streams_at_once)
        .handshake::<_, Bytes>(stream)
        .await
        .unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        tokio::spawn(async move {
            let path = request.uri().path().to_owned();
            let mut body = request.into_body();
            let mut said = path.into_bytes();
            while let Some(Ok(chunk)) = body.data().await {
                body.flow_control().release_capacity(chunk.len()).unwrap();
                said.extend_from_slice(&chunk);
            }
            let mut stream = respond.send_response(Response::new(()), false).unwrap();
            stream.send_data(said.into(), true).unwrap();
        });
    }
}

#[tokio::test]
async fn a_hundred_fetches_share_one_connection() {
    let authority = Authority::new();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = connections.clone();
    let config = authority.server(&["a.test"], &["h2", "http/1.1"], false);
    let port = serve_tls(config, move |_, peer| {
        counter.fetch_add(1, Ordering::SeqCst);
        echo(peer.stream, 10)
    })
    .await;
    let network = Arc::new(network(authority.trusted(&["a.test"])));
    let mut fetches = Vec::new();
    for index in 0..100 {
        let (network, url) = (network.clone(), format!("https://a.test:{port}/{index}"));
        fetches.push(tokio::spawn(async move { ask(&url).read(&network).await }));
    }
    for (index, fetch) in fetches.into_iter().enumerate() {
        assert_eq!(fetch.await.unwrap().unwrap(), (200, format!("/{index}")));
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    let recorder = Recorder::new();
    let asked = ask(&format!("https://a.test:{port}/again")).trace(&recorder);
    let connection = asked.obtain(&network).await.unwrap();
    assert!(connection.reused() && connection.protocol() == Protocol::Http2);
    assert_eq!(&connection.timing_info().alpn_negotiated_protocol[..], b"h2");
    let response = asked.over(connection).await.unwrap();
    assert!(response.status_message.is_empty() && response.protocol == Protocol::Http2);
    assert_eq!(recorder.said(), ["reused", "sent GET 0", "head 200"]);
    // Another partition, or no credentials, is another connection.
    ask(&format!("https://a.test:{port}/")).credentials(false).read(&network).await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_server_without_http2_serves_them_all_the_same() {
    let authority = Authority::new();
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let port = always_tls(authority.server(&["a.test"], &["http/1.1"], false), answer).await;
    let network = Arc::new(network(authority.trusted(&["a.test"])));
    let mut fetches = Vec::new();
    for _ in 0..30 {
        let (network, url) = (network.clone(), format!("https://a.test:{port}/"));
        fetches.push(tokio::spawn(async move { ask(&url).page().read(&network).await }));
    }
    for fetch in fetches {
        assert_eq!(fetch.await.unwrap().unwrap().1, "ok");
    }
}

#[tokio::test]
async fn who_waits_for_anothers_connection_hears_of_its_failure_and_outlives_its_leaving() {
    let authority = Authority::new();
    let accepted = Arc::new(AtomicUsize::new(0));
    // Not believed: one handshake fails for all.
    let counter = accepted.clone();
    let url = serve(move |_, mut peer| {
        counter.fetch_add(1, Ordering::SeqCst);
        async move {
            peer.take(1).await;
        }
    })
    .await
    .replace("http:", "https:");
    let network = Arc::new(network(authority.trusted(&["a.test"])));
    let mut fetches = Vec::new();
    for _ in 0..20 {
        let (network, url) = (network.clone(), url.clone());
        fetches.push(tokio::spawn(async move { ask(&url).read(&network).await }));
    }
    for fetch in fetches {
        assert_eq!(word(&fetch.await.unwrap().unwrap_err()), "tls");
    }
    assert_eq!(accepted.load(Ordering::SeqCst), 1);
    // The one who set out leaves; the others get what it set out for.
    let (knocked, mut knocks) = mpsc::unbounded_channel();
    let (open, opened) = oneshot::channel::<()>();
    let opened = Mutex::new(Some(opened));
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(authority.server(&["a.test"], &["h2"], false)));
    let url = serve(move |_, peer| {
        let (opened, acceptor) = (opened.lock().unwrap().take().expect("one connection"), acceptor.clone());
        knocked.send(()).unwrap();
        async move {
            opened.await.unwrap();
            echo(acceptor.accept(peer.stream).await.unwrap(), 100).await;
        }
    })
    .await;
    let url = url.replace("http://127.0.0.1", "https://a.test");
    let first = tokio::spawn({
        let (network, url) = (network.clone(), url.clone());
        async move { ask(&url).read(&network).await }
    });
    knocks.recv().await.unwrap();
    let second = tokio::spawn({
        let (network, url) = (network.clone(), url.clone());
        async move { ask(&url).read(&network).await }
    });
    tokio::task::yield_now().await;
    first.abort();
    assert!(first.await.is_err());
    open.send(()).unwrap();
    assert_eq!(second.await.unwrap().unwrap().1, "/");
}

#[tokio::test]
async fn uploads() {
    let url = serve(|_, peer| echo(peer.stream, 100)).await;
    let network = network(prior_knowledge());
    let large = "x".repeat(300_000);
    let sent = Body::from_bytes(large.clone());
    assert_eq!(
        ask(&url).method(Method::POST).body(sent).read(&network).await.unwrap().1,
        format!("/{large}")
    );
    assert_eq!(
        ask(&url).method(Method::PUT).body(streamed(&["a", "", "bc"])).read(&network).await.unwrap().1,
        "/abc"
    );
    assert_eq!(ask(&url).body(streamed(&["GET"])).read(&network).await.unwrap().1, "/GET");
    assert_eq!(
        ask(&url).method(Method::POST).body(Body::from_bytes("")).read(&network).await.unwrap().1,
        "/"
    );
    let mut wrong = ask(&url).method(Method::POST).body(streamed(&["four"]));
    wrong.header_list.append("Content-Length", "5");
    assert_eq!(word(&wrong.read(&network).await.unwrap_err()), "request-body");
    let refused = ask(&url).header("X", "\x01").read(&network).await.unwrap_err();
    assert_eq!(word(&refused), "cannot-carry header-value \"\\u{1}\"");
}

#[tokio::test]
async fn what_belongs_to_a_connection_is_not_sent() {
    let (heads, mut heard) = mpsc::unbounded_channel();
    let url = serve(move |_, peer| {
        let heads = heads.clone();
        async move {
            let mut connection = h2::server::handshake(peer.stream).await.unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                heads.send(format!("{} {:?}", request.uri(), request.headers())).unwrap();
                let mut interim = Response::new(());
                *interim.status_mut() = http::StatusCode::EARLY_HINTS;
                respond.send_informational(interim).unwrap();
                respond.send_response(Response::new(()), true).unwrap();
            }
        }
    })
    .await;
    let network = network(prior_knowledge());
    let recorder = Recorder::new();
    let asked = ask(&format!("{url}a?b#c"))
        .header("Accept", "*/*")
        .header("Connection", "x")
        .header("Keep-Alive", "x")
        .header("Upgrade", "x")
        .header("TE", "gzip")
        .header("Proxy-Authorization", "x")
        .trace(&recorder);
    let response = asked.send(&network).await.unwrap();
    assert_eq!(read(response).await.unwrap(), "");
    assert_eq!(heard.recv().await.unwrap(), format!("{url}a?b {{\"accept\": \"*/*\"}}"));
    assert_eq!(recorder.said(), ["connecting", "connected", "sent GET 5", "interim 103", "head 200"]);
}

/// A frame: <https://www.rfc-editor.org/rfc/rfc9113#section-4.1>
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn headers(flags: u8, block: &[u8]) -> Vec<u8> {
    frame(HEADERS, flags | END_HEADERS, 1, block)
}

/// A literal header field without indexing (RFC 7541, section 6.2.2).
fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![0, name.len() as u8];
    field.extend(name.as_bytes());
    field.push(value.len() as u8);
    field.extend(value.as_bytes());
    field
}

const STATUS_200: u8 = 0x88;

/// Reads the client's frames up to its first HEADERS; gives its SETTINGS.
async fn heard_a_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.ok()?;
    let mut settings = Vec::new();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.ok()?;
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).await.ok()?;
        match head[3] {
            SETTINGS if head[4] == 0 => settings = payload,
            HEADERS => return Some(settings),
            _ => {}
        }
    }
}

/// A server that hears one request and answers it with these bytes, then again and again with those.
async fn raw(answer: Vec<u8>, endless: Vec<u8>) -> String {
    let (answer, endless) = (Arc::new(answer), Arc::new(endless));
    serve(move |_, mut peer| {
        let (answer, endless) = (answer.clone(), endless.clone());
        async move {
            if heard_a_request(&mut peer.stream).await.is_none() {
                return;
            }
            peer.write(frame(SETTINGS, 0, 0, &[])).await;
            peer.write(&answer[..]).await;
            if endless.is_empty() {
                // The client must see what was written before it sees the end.
                let _ = peer.stream.shutdown().await;
                peer.closed().await;
                return;
            }
            let (mut reader, mut writer) = tokio::io::split(peer.stream);
            tokio::spawn(async move { while matches!(reader.read(&mut [0; 4096]).await, Ok(1..)) {} });
            let many = endless.repeat(64);
            while writer.write_all(&many).await.is_ok() {}
        }
    })
    .await
}

#[tokio::test]
async fn rows_93_94_and_98_faults_of_servers() {
    let data = |flags, payload: &[u8]| frame(DATA, flags, 1, payload);
    let reset = |reason: u32| frame(RST_STREAM, 0, 1, &reason.to_be_bytes());
    let with_length = |length: &str| {
        let mut block = vec![STATUS_200];
        block.extend(literal("content-length", length));
        headers(0, &block)
    };
    let ok = || headers(0, &[STATUS_200]);
    let none = Vec::new;
    for (row, answer, endless, expected) in [
        ("whole", [ok(), data(END_STREAM, b"hello")].concat(), none(), Ok("hello")),
        (
            "whole, and the rest of the request not wanted",
            [ok(), data(END_STREAM, b"hello"), reset(0)].concat(),
            none(),
            Ok("hello"),
        ),
        (
            "reset without an error before the end",
            [ok(), data(0, b"hello"), reset(0)].concat(),
            none(),
            Err("truncated"),
        ),
        ("reset", [ok(), data(0, b"hello"), reset(8)].concat(), none(), Err("http2 ")),
        ("reset before the head", reset(2), none(), Err("http2 ")),
        ("cut", [ok(), data(0, b"hello")].concat(), none(), Err("body-cut")),
        ("cut before the head", none(), none(), Err("closed reused=false")),
        (
            "row 98: one byte short",
            [with_length("6"), data(END_STREAM, b"hello")].concat(),
            none(),
            Err("http2 "),
        ),
        (
            "row 98: one byte over",
            [with_length("4"), data(END_STREAM, b"hello")].concat(),
            none(),
            Err("http2 "),
        ),
        ("no status", headers(END_STREAM, &literal("x", "y")), none(), Err("http2 ")),
        (
            "upper case in a name",
            headers(END_STREAM, &[vec![STATUS_200], literal("X", "y")].concat()),
            none(),
            Err("http2 "),
        ),
        (
            "a pseudo-header after a field",
            headers(END_STREAM, &[vec![STATUS_200], literal("x", "y"), literal(":status", "200")].concat()),
            none(),
            Err("http2 "),
        ),
        (
            "row 94: a push",
            frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2, 0x82, 0x84, 0x86]),
            none(),
            Err("http2 "),
        ),
        ("row 93: empty frames", ok(), data(0, b""), Err("http2 ")),
        (
            "row 93: CONTINUATION",
            frame(HEADERS, 0, 1, &[STATUS_200]),
            frame(CONTINUATION, 0, 1, &literal("x", "y")),
            Err("http2 "),
        ),
        (
            "row 93: interim responses",
            none(),
            headers(0, &[vec![0x08, 3], b"103".to_vec()].concat()),
            Err("too-many-interims"),
        ),
        (
            "row 93: resets of streams that are not",
            none(),
            frame(RST_STREAM, 0, 7, &8u32.to_be_bytes()),
            Err("http2 "),
        ),
        ("no HTTP/2 at all", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), none(), Err("http2 ")),
    ] {
        let url = raw(answer, endless).await;
        let read = ask(&url).read(&network(prior_knowledge())).await;
        match (&read, expected) {
            (Ok((_, body)), Ok(expected)) => assert_eq!(body, expected, "{row}"),
            (Err(fault), Err(expected)) => assert!(word(fault).starts_with(expected), "{row}: {fault:?}"),
            (other, _) => panic!("{row}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_head_over_the_limit() {
    let mut block = vec![STATUS_200];
    for _ in 0..100 {
        block.extend(literal("x", &"y".repeat(100)));
    }
    let url = raw(headers(END_STREAM, &block), Vec::new()).await;
    let limits = Limits { head_bytes: 8 * 1024, ..Limits::default() };
    let fault = ask(&url).read(&network(NetworkConfig { limits, ..prior_knowledge() })).await.unwrap_err();
    assert!(word(&fault).starts_with("http2 ") || word(&fault) == "head-too-large", "{fault:?}");
    assert_eq!(ask(&url).read(&network(prior_knowledge())).await.unwrap().0, 200);
}

#[tokio::test]
async fn row_94_push_is_refused_from_the_start() {
    let (settings, told) = oneshot::channel();
    let settings = Mutex::new(Some(settings));
    let url = serve(move |_, mut peer| {
        let settings = settings.lock().unwrap().take();
        async move { settings.unwrap().send(heard_a_request(&mut peer.stream).await.unwrap()).unwrap() }
    })
    .await;
    let _ = ask(&url).send(&network(prior_knowledge())).await;
    let settings = told.await.unwrap();
    let value = |id: u16| {
        settings
            .chunks(6)
            .find(|setting| setting[..2] == id.to_be_bytes())
            .map(|setting| setting[2..].to_vec())
    };
    assert_eq!(value(2).unwrap(), [0, 0, 0, 0], "ENABLE_PUSH");
    assert_eq!(value(6).unwrap(), (256u32 * 1024).to_be_bytes(), "MAX_HEADER_LIST_SIZE");
}

#[tokio::test]
async fn what_may_be_sent_again() {
    let goaway =
        |last: u32, reason: u32| frame(GOAWAY, 0, 0, &[last.to_be_bytes(), reason.to_be_bytes()].concat());
    for (row, answer, method, safe) in [
        ("refused", frame(RST_STREAM, 0, 1, &7u32.to_be_bytes()), Method::POST, true),
        ("going away before it", goaway(0, 0), Method::POST, true),
        ("another reset", frame(RST_STREAM, 0, 1, &2u32.to_be_bytes()), Method::GET, false),
        ("a new connection that closes", Vec::new(), Method::GET, false),
    ] {
        let url = raw(answer, Vec::new()).await;
        let asked = ask(&url).method(method);
        let network = network(prior_knowledge());
        let connection = asked.obtain(&network).await.unwrap();
        let fault = asked.over(connection).await.err().expect(row);
        assert_eq!(fault.resend_is_safe, safe, "{row}: {fault:?}");
        // It is not offered again.
        assert!(!ask(&url).obtain(&network).await.unwrap().reused(), "{row}");
        if row == "another reset" {
            break;
        }
    }
}

/// A server that answers with a head and says how its stream ended.
async fn telling_of_resets(starts: bool) -> (String, mpsc::UnboundedReceiver<&'static str>) {
    let (says, said) = mpsc::unbounded_channel();
    let url = serve(move |_, peer| {
        let says = says.clone();
        async move {
            let mut connection = h2::server::handshake(peer.stream).await.unwrap();
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let says = says.clone();
                if request.uri().path() == "/plain" {
                    respond.send_response(Response::new(()), true).unwrap();
                    continue;
                }
                tokio::spawn(async move {
                    if !starts {
                        says.send("heard").unwrap();
                        std::future::poll_fn(|context| respond.poll_reset(context)).await.unwrap();
                        return says.send("reset").unwrap();
                    }
                    let mut stream = respond.send_response(Response::new(()), false).unwrap();
                    stream.send_data(Bytes::from_static(b"some"), false).unwrap();
                    std::future::poll_fn(|context| stream.poll_reset(context)).await.unwrap();
                    says.send("reset").unwrap();
                });
            }
        }
    })
    .await;
    (url, said)
}

#[tokio::test]
async fn dropping_a_body_or_an_exchange_resets_the_stream_alone() {
    let network = network(prior_knowledge());
    let (url, mut said) = telling_of_resets(true).await;
    drop(ask(&url).send(&network).await.unwrap());
    assert_eq!(said.recv().await.unwrap(), "reset");
    let asked = ask(&format!("{url}plain"));
    let connection = asked.obtain(&network).await.unwrap();
    assert!(connection.reused());
    assert_eq!(asked.over(connection).await.unwrap().status, 200);
    let (url, mut said) = telling_of_resets(false).await;
    tokio::select! {
        _ = ask(&url).send(&network) => panic!("nothing was answered"),
        heard = said.recv() => assert_eq!(heard.unwrap(), "heard"),
    }
    assert_eq!(said.recv().await.unwrap(), "reset");
}

#[tokio::test]
async fn row_86_an_unread_body_stops_at_its_window() {
    let (says, said) = oneshot::channel();
    let says = Mutex::new(Some(says));
    let url = serve(move |_, peer| {
        let says = says.lock().unwrap().take();
        async move {
            let mut connection = h2::server::handshake(peer.stream).await.unwrap();
            let (_, mut respond) = connection.accept().await.unwrap().unwrap();
            tokio::spawn(async move {
                let mut stream = respond.send_response(Response::new(()), false).unwrap();
                let mut sent = 0;
                loop {
                    stream.reserve_capacity(1 << 16);
                    match std::future::poll_fn(|context| stream.poll_capacity(context)).await {
                        Some(Ok(room)) => {
                            stream.send_data(vec![0; room].into(), false).unwrap();
                            sent += room;
                        }
                        _ => break,
                    }
                }
                says.unwrap().send(sent).unwrap();
            });
            while connection.accept().await.is_some() {}
        }
    })
    .await;
    let limits = Limits { http2_stream_window: 1 << 20, ..Limits::default() };
    let network = network(NetworkConfig { limits, ..prior_knowledge() });
    let response = ask(&url).send(&network).await.unwrap();
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    drop(response);
    assert!(said.await.unwrap() <= 1 << 20);
}
