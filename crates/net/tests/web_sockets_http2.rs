//! Servers of WebSockets over HTTP/2 frame by frame: what they say of themselves and when, and how a stream may end.
#![allow(clippy::unwrap_used)]

mod support;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sofetch_core::infrastructure::web_sockets::{
    WebSocketClosure, WebSocketConnection, WebSocketEvent, WebSocketTerms,
};
use sofetch_core::ports::{ExchangeFault, Protocol, WireResponse};
use sofetch_core::wire_faults::NetworkFault;
use sofetch_net::{NetworkConfig, TokioNetwork};
use support::tls::*;
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::server::TlsStream;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const STATUS_200: u8 = 0x88;

/// SETTINGS_ENABLE_CONNECT_PROTOCOL = 1
const TAKES_WEB_SOCKETS: [u8; 6] = [0, 8, 0, 0, 0, 1];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

fn data(flags: u8, payload: &[u8]) -> Vec<u8> {
    frame(DATA, flags, 1, payload)
}

fn reset(reason: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, 1, &reason.to_be_bytes())
}

/// A Close frame of a server's.
const GOODBYE: [u8; 4] = [0x88, 2, 0x03, 0xe8];

/// The client's next frame: its kind, its flags, what it says.
async fn heard(stream: &mut TlsStream<TcpStream>) -> Option<(u8, u8, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.ok()?;
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    stream.read_exact(&mut payload).await.ok()?;
    Some((head[3], head[4], payload))
}

async fn until(stream: &mut TlsStream<TcpStream>, kind: u8) -> Option<Vec<u8>> {
    loop {
        let (heard, _, payload) = heard(stream).await?;
        if heard == kind {
            return Some(payload);
        }
    }
}

async fn preface(stream: &mut TlsStream<TcpStream>) {
    stream.read_exact(&mut [0; 24]).await.unwrap();
}

fn handshake(port: u16) -> Ask {
    let mut ask = ask(&format!("https://a.test:{port}/chat"))
        .header("Upgrade", "websocket")
        .header("Connection", "Upgrade")
        .header("Sec-WebSocket-Key", "x");
    ask.request.web_socket = true;
    ask
}

fn opened(answer: Result<WireResponse, ExchangeFault>) -> Box<dyn WebSocketConnection> {
    let answer = answer.unwrap();
    assert_eq!((answer.status, answer.protocol), (200, Protocol::Http2));
    let upgraded = answer.upgraded.expect("a stream of its own").into_connection();
    upgraded.speak_web_socket(&WebSocketTerms::default(), Box::new(|| [1, 2, 3, 4]))
}

/// Drives it to its end.
async fn closure(connection: &mut dyn WebSocketConnection) -> WebSocketClosure {
    loop {
        if let WebSocketEvent::Closed(closure) = poll_fn(|context| connection.poll_event(true, context)).await
        {
            return closure;
        }
    }
}

#[tokio::test]
async fn ends_of_streams_are_ends_of_sockets() {
    let close = || data(0, &GOODBYE);
    for (row, answer, code, was_clean, fault) in [
        ("a goodbye and an end", [close(), data(END_STREAM, &[])].concat(), 1000, true, None),
        // Whoever ended in peace wants nothing more (RFC 9113, section 8.1): our goodbye is not missed.
        (
            "and a reset without an error",
            [close(), data(END_STREAM, &[]), reset(0)].concat(),
            1000,
            true,
            None,
        ),
        (
            "a goodbye in two frames",
            [data(0, &GOODBYE[..1]), data(END_STREAM, &GOODBYE[1..])].concat(),
            1000,
            true,
            None,
        ),
        ("an end", data(END_STREAM, &[]), 1006, false, Some("closed reused=true")),
        ("a reset without an error", reset(0), 1006, false, Some("closed reused=true")),
        ("a reset", reset(8), 1006, false, Some("closed reused=true")),
        ("a reset behind a goodbye", [close(), reset(8)].concat(), 1000, false, Some("closed reused=true")),
        ("no more than empty frames", data(0, &[]).repeat(20_000), 1006, false, Some("closed reused=true")),
    ] {
        let authority = Authority::new();
        let answer = Arc::new(answer);
        let port = serve_tls(authority.server(&["a.test"], &["h2"], false), move |_, peer| {
            let (mut stream, answer) = (peer.stream, answer.clone());
            async move {
                preface(&mut stream).await;
                stream.write_all(&frame(SETTINGS, 0, 0, &TAKES_WEB_SOCKETS)).await.unwrap();
                until(&mut stream, HEADERS).await.unwrap();
                stream.write_all(&frame(HEADERS, END_HEADERS, 1, &[STATUS_200])).await.unwrap();
                until(&mut stream, DATA).await.unwrap();
                stream.write_all(&answer).await.unwrap();
                while heard(&mut stream).await.is_some() {}
            }
        })
        .await;
        let network = network(authority.trusted(&["a.test"]));
        let ask = handshake(port);
        let connection = ask.obtain(&network).await.unwrap();
        let mut connection = opened(ask.over(connection).await);
        // The server waits for it, so that its head is read before there is a reset.
        connection.send("go on".into());
        let closure = closure(&mut *connection).await;
        assert_eq!((closure.code, closure.was_clean), (code, was_clean), "{row}: {closure:?}");
        assert_eq!(closure.fault.as_ref().map(word).as_deref(), fault, "{row}: {closure:?}");
    }
}

#[tokio::test]
async fn the_first_settings_are_waited_for_and_decide() {
    let authority = Authority::new();
    let (say, may_say) = oneshot::channel::<()>();
    let (heard_end, end) = oneshot::channel();
    let may_say = std::sync::Mutex::new(Some((may_say, heard_end)));
    let port = serve_tls(authority.server(&["a.test"], &["h2"], false), move |_, peer| {
        let mut stream = peer.stream;
        let (may_say, heard_end) = may_say.lock().unwrap().take().expect("one connection");
        async move {
            preface(&mut stream).await;
            may_say.await.unwrap();
            let settings = frame(SETTINGS, 0, 0, &TAKES_WEB_SOCKETS);
            stream.write_all(&settings[..12]).await.unwrap();
            stream.flush().await.unwrap();
            stream.write_all(&settings[12..]).await.unwrap();
            until(&mut stream, HEADERS).await.unwrap();
            stream.write_all(&frame(HEADERS, END_HEADERS, 1, &[STATUS_200])).await.unwrap();
            let said = until(&mut stream, DATA).await.unwrap();
            stream.write_all(&data(END_STREAM, &GOODBYE)).await.unwrap();
            assert_eq!(said[..2], [0x88, 0x80], "a goodbye under a mask");
            let end = heard_data(&mut stream).await.unwrap();
            heard_end.send(end).unwrap();
        }
    })
    .await;
    let network = network(authority.trusted(&["a.test"]));
    let ask = handshake(port);
    let mut obtaining = std::pin::pin!(ask.obtain(&network));
    // Nothing is asked before.
    tokio::select! {
        biased;
        _ = &mut obtaining => panic!("the server has said nothing"),
        () = async { for _ in 0..100 { tokio::task::yield_now().await } } => {}
    }
    say.send(()).unwrap();
    let connection = obtaining.await.unwrap();
    let mut connection = opened(handshake(port).over(connection).await);
    connection.start_the_closing_handshake(None, "");
    assert_eq!(closure(&mut *connection).await.code, 1000);
    assert_eq!(end.await.unwrap(), (DATA, END_STREAM, Vec::new()), "an end for an end");
}

async fn heard_data(stream: &mut TlsStream<TcpStream>) -> Option<(u8, u8, Vec<u8>)> {
    loop {
        let frame = heard(stream).await?;
        if frame.0 == DATA {
            return Some(frame);
        }
    }
}

/// Speaks HTTP/2 with these SETTINGS where that is what the client chose first, else an HTTP/1.1 that takes no WebSockets; counts either.
async fn server(authority: &Authority, settings: Vec<Vec<u8>>) -> (u16, Arc<[AtomicUsize; 2]>) {
    let counts = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let counted = counts.clone();
    let port = serve_tls(authority.server(&["a.test"], &["h2", "http/1.1"], false), move |_, mut peer| {
        let (settings, counted) = (settings.clone(), counted.clone());
        async move {
            if peer.stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                counted[0].fetch_add(1, Ordering::SeqCst);
                preface(&mut peer.stream).await;
                for settings in settings {
                    peer.write(frame(SETTINGS, 0, 0, &settings)).await;
                }
                while heard(&mut peer.stream).await.is_some() {}
            } else {
                counted[1].fetch_add(1, Ordering::SeqCst);
                while peer.head().await.is_some() {
                    peer.write("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
                }
            }
        }
    })
    .await;
    (port, counts)
}

async fn asked(network: &TokioNetwork, port: u16) -> Result<Protocol, NetworkFault> {
    let ask = handshake(port);
    let connection = ask.obtain(network).await?;
    let protocol = connection.protocol();
    if protocol == Protocol::Http1 {
        // It is counted by the time that it answers.
        assert_eq!(ask.over(connection).await.unwrap().status, 404);
    }
    Ok(protocol)
}

#[tokio::test]
async fn what_the_settings_say_is_remembered_until_the_configuration_changes() {
    let authority = Authority::new();
    for (row, settings, takes_them) in [
        ("yes", vec![TAKES_WEB_SOCKETS.to_vec()], true),
        ("nothing", vec![vec![]], false),
        ("no", vec![vec![0, 8, 0, 0, 0, 0]], false),
        ("something else", vec![vec![0, 3, 0, 0, 0, 1]], false),
    ] {
        let (port, counts) = server(&authority, settings).await;
        let counts = || [counts[0].load(Ordering::SeqCst), counts[1].load(Ordering::SeqCst)];
        let network = network(authority.trusted(&["a.test"]));
        let protocol = if takes_them { Protocol::Http2 } else { Protocol::Http1 };
        assert_eq!(asked(&network, port).await.unwrap(), protocol, "{row}");
        network.close_idle_connections();
        assert_eq!(asked(&network, port).await.unwrap(), protocol, "{row}");
        assert_eq!(counts(), if takes_them { [2, 0] } else { [1, 2] }, "{row}");
        network.reconfigure(authority.trusted(&["a.test"])).unwrap();
        assert_eq!(asked(&network, port).await.unwrap(), protocol, "{row}");
        assert_eq!(counts(), if takes_them { [3, 0] } else { [2, 3] }, "{row}");
    }
}

#[tokio::test]
async fn servers_that_never_say_what_they_can() {
    let authority = Authority::new();
    let (port, _) = server(&authority, Vec::new()).await;
    let mut config = authority.trusted(&["a.test"]);
    config.time_outs.connect = Some(Duration::from_millis(1));
    let fault = asked(&network(config), port).await.unwrap_err();
    assert!(word(&fault).starts_with("timed-out Connect"), "{fault:?}");
    // Who leaves without a word has told at least that.
    let port = serve_tls(authority.server(&["a.test"], &["h2"], false), |_, mut peer| async move {
        preface(&mut peer.stream).await;
    })
    .await;
    let ask = handshake(port);
    let network = network(NetworkConfig { ..authority.trusted(&["a.test"]) });
    let connection = ask.obtain(&network).await.unwrap();
    let fault = ask.over(connection).await.map(|answer| answer.status).unwrap_err();
    assert!(word(&fault.fault).starts_with("closed"), "{fault:?}");
    assert!(!fault.resend_is_safe);
}
