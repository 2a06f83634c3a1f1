//! HTTP/1.1 requests to servers that read raw bytes: what is sent, what may be sent again, what dropping does.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use sofetch_core::infrastructure::bodies::{Body, BodyError};
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::timing::Timestamp;
use sofetch_net::{NetworkConfig, TimeOuts};
use support::*;
use tokio::sync::{mpsc, oneshot};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn a_request_as_it_is_written_and_its_events() {
    let (heads, mut heard) = mpsc::unbounded_channel();
    let url = serve(move |_, mut peer| {
        let heads = heads.clone();
        async move {
            while let Some(head) = peer.head().await {
                heads.send(head).unwrap();
                peer.write(OK).await;
            }
        }
    })
    .await;
    let network = network(NetworkConfig::default());
    let recorder = Recorder::new();
    let asked = ask(&format!("{url}p%20q?a|b[]#fragment"))
        .header("Accept", "*/*")
        .header("Sec-Fetch-Mode", "cors")
        .header("Proxy-Authorization", "Basic secret")
        .trace(&recorder);
    let connection = asked.obtain(&network).await.unwrap();
    assert!(!connection.reused());
    let timing = connection.timing_info().clone();
    assert!(
        timing.connection_start_time > Timestamp(0)
            && timing.connection_end_time >= timing.connection_start_time
    );
    assert_eq!(timing.secure_connection_start_time, Timestamp(0));
    assert_eq!(&timing.alpn_negotiated_protocol[..], b"http/1.1");
    let response = asked.over(connection).await.unwrap();
    assert_eq!((response.status, &response.status_message[..]), (200, &b"OK"[..]));
    assert!(response.started_at >= timing.connection_end_time);
    assert_eq!(response.remote_address.unwrap().ip().to_string(), "127.0.0.1");
    assert_eq!(read(response).await.unwrap(), "ok");
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    assert_eq!(
        heard.recv().await.unwrap(),
        format!("GET /p%20q?a|b[] HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nSec-Fetch-Mode: cors\r\n\r\n")
    );
    assert_eq!(recorder.said(), ["connecting", "connected", "sent GET 2", "head 200"]);
    // The second request uses the same connection, and says so.
    let asked = ask(&url).trace(&recorder);
    let connection = asked.obtain(&network).await.unwrap();
    assert!(connection.reused());
    assert_eq!(connection.timing_info(), &timing);
    assert_eq!(read(asked.over(connection).await.unwrap()).await.unwrap(), "ok");
    assert_eq!(recorder.said(), ["reused", "sent GET 0", "head 200"]);
}

#[tokio::test]
async fn requests_with_bodies() {
    let (said, mut heard) = mpsc::unbounded_channel();
    let url = serve(move |_, mut peer| {
        let said = said.clone();
        async move {
            while let Some(head) = peer.head().await {
                let body = if head.contains("Transfer-Encoding: chunked") {
                    let mut body = Vec::new();
                    while !body.ends_with(b"0\r\n\r\n") {
                        body.extend(peer.take(1).await.unwrap());
                    }
                    body
                } else {
                    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
                    peer.take(length.map_or(0, |length| length.parse().unwrap())).await.unwrap()
                };
                let framing: Vec<_> =
                    head.lines().filter(|line| line.contains("ength") || line.contains("Enc")).collect();
                said.send(format!("{} | {}", framing.join(","), String::from_utf8_lossy(&body))).unwrap();
                peer.write(OK).await;
            }
        }
    })
    .await;
    let network = network(NetworkConfig::default());
    let recorder = Recorder::new();
    for (row, asked, expected) in [
        (
            "bytes",
            ask(&url).method(Method::POST).body(Body::from_bytes("hello")),
            "Content-Length: 5 | hello",
        ),
        (
            "bytes whose length is in the list",
            ask(&url).method(Method::PUT).header("Content-Length", "5").body(Body::from_bytes("hello")),
            "Content-Length: 5 | hello",
        ),
        ("no bytes", ask(&url).method(Method::POST).header("Content-Length", "0"), "Content-Length: 0 | "),
        ("an empty body", ask(&url).method(Method::POST).body(Body::from_bytes("")), "Content-Length: 0 | "),
        (
            "a stream",
            ask(&url).method(Method::POST).body(streamed(&["hel", "lo"])),
            "Transfer-Encoding: chunked | 3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        ),
        (
            "row 71: a GET with bytes",
            ask(&url).body(Body::from_bytes("GET /evil")),
            "Content-Length: 9 | GET /evil",
        ),
        (
            "row 71: a GET with a stream",
            ask(&url).body(streamed(&["GET /evil"])),
            "Transfer-Encoding: chunked | 9\r\nGET /evil\r\n0\r\n\r\n",
        ),
        (
            "a method of one's own",
            ask(&url).method(Method::new(b"patch").unwrap()).body(Body::from_bytes("x")),
            "Content-Length: 1 | x",
        ),
    ] {
        assert_eq!(asked.trace(&recorder).read(&network).await.unwrap().1, "ok", "{row}");
        assert_eq!(heard.recv().await.unwrap(), expected, "{row}");
    }
    // Who transmits a body tells of its chunks; the transport does not tell again.
    assert!(!recorder.said().iter().any(|said| said.starts_with("body ")));
}

#[tokio::test]
async fn bodies_that_fail_cut_the_request_short() {
    #[derive(Debug)]
    struct Oops;
    impl std::fmt::Display for Oops {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("oops")
        }
    }
    impl std::error::Error for Oops {}
    let url = serve(|_, mut peer| async move { peer.closed().await }).await;
    let network = network(NetworkConfig::default());
    let (sender, receiver) = mpsc::unbounded_channel();
    sender.send(Ok(Bytes::from_static(b"some"))).unwrap();
    sender.send(Err(BodyError::new(Oops))).unwrap();
    let failing = ask(&url).method(Method::POST).body(Body::from_stream(Fed(receiver)));
    let mut short = ask(&url).method(Method::POST).body(streamed(&["four"]));
    short.header_list.append("Content-Length", "5");
    let mut long = ask(&url).method(Method::POST).body(streamed(&["sixsix"]));
    long.header_list.append("Content-Length", "5");
    for (row, asked) in [("it fails", failing), ("it is short", short), ("it is long", long)] {
        let fault = asked.send(&network).await.err().expect(row);
        assert_eq!(word(&fault), "request-body", "{row}: {fault:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_carried_is_told_and_costs_no_connection() {
    let url = always_on_one_connection(OK).await;
    let network = network(NetworkConfig::default());
    let long = format!("{url}{}", "x".repeat(70_000));
    let mut odd = HeaderList::new();
    odd.append("a b", "x");
    for (asked, expected) in [
        (ask(&url).header("X", "a\x01b"), "cannot-carry header-value \"a\\u{1}b\""),
        (Ask { header_list: odd, ..ask(&url) }, "cannot-carry header-name \"a b\""),
        (ask(&url).header("Content-Length", "5"), "cannot-carry content-length \"5\""),
    ] {
        assert_eq!(word(&asked.send(&network).await.err().unwrap()), expected);
    }
    let fault = ask(&long).send(&network).await.err().unwrap();
    assert!(word(&fault).starts_with("cannot-carry request-target"));
    assert_eq!(ask(&url).read(&network).await.unwrap().1, "ok");
}

#[tokio::test]
async fn a_connection_that_died_in_the_pool_and_what_may_be_sent_again() {
    // Answers once, and is gone as soon as it hears of a second request.
    let url = serve(|_, mut peer| async move {
        peer.head().await;
        peer.write(OK).await;
        peer.head().await;
    })
    .await;
    for (row, method, body, safe, given_back) in [
        ("a GET", Method::GET, None, true, false),
        ("a DELETE without a body", Method::DELETE, None, true, false),
        ("a POST without a body may have been acted upon", Method::POST, None, false, false),
        ("a body that was read", Method::PUT, Some(Body::from_bytes("x")), false, false),
    ] {
        let network = network(NetworkConfig::default());
        assert_eq!(ask(&url).read(&network).await.unwrap().1, "ok");
        let asked = Ask { body, ..ask(&url).method(method) };
        let connection = asked.obtain(&network).await.unwrap();
        assert!(connection.reused(), "{row}");
        let fault = asked.over(connection).await.err().expect(row);
        assert_eq!(word(&fault.fault), "closed reused=true", "{row}: {fault:?}");
        assert_eq!((fault.resend_is_safe, fault.unread_body.is_some()), (safe, given_back), "{row}");
    }
    // A new connection that dies is the server's doing.
    let url = once("").await;
    let asked = ask(&url);
    let network = network(NetworkConfig::default());
    let connection = asked.obtain(&network).await.unwrap();
    let fault = asked.over(connection).await.err().unwrap();
    assert_eq!((word(&fault.fault).as_str(), fault.resend_is_safe), ("closed reused=false", false));
}

#[tokio::test]
async fn an_unread_stream_is_given_back() {
    let url = serve(|_, mut peer| async move {
        peer.head().await;
        peer.write(OK).await;
        peer.head().await;
    })
    .await;
    let network = network(NetworkConfig::default());
    ask(&url).read(&network).await.unwrap();
    let (_sender, receiver) = mpsc::unbounded_channel();
    let asked = ask(&url).method(Method::POST).body(Body::from_stream(Fed(receiver)));
    let connection = asked.obtain(&network).await.unwrap();
    let fault = asked.over(connection).await.err().unwrap();
    assert!(fault.resend_is_safe && fault.unread_body.is_some());
}

#[tokio::test]
async fn a_body_dropped_near_its_end_keeps_the_connection() {
    let (written, all) = oneshot::channel();
    let written = Mutex::new(Some(written));
    let url = serve(move |index, mut peer| {
        assert_eq!(index, 0, "one connection is enough");
        let written = written.lock().unwrap().take();
        async move {
            peer.head().await;
            let body = "x".repeat(20_000);
            peer.write(format!("HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n{body}")).await;
            written.unwrap().send(()).unwrap();
            peer.head().await;
            peer.write(OK).await;
        }
    })
    .await;
    let network = network(NetworkConfig::default());
    let mut body = body_of(ask(&url).send(&network).await.unwrap());
    all.await.unwrap();
    assert!(!body.chunk().await.unwrap().unwrap().is_empty());
    // The runtime hears of what has arrived when it has nothing better to do.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    drop(body);
    assert_eq!(ask(&url).read(&network).await.unwrap().1, "ok");
}

#[tokio::test]
async fn row_86_an_unread_body_is_not_gathered_and_its_drop_closes() {
    let (written, total) = oneshot::channel();
    let written = Mutex::new(Some(written));
    let url = serve(move |_, mut peer| {
        let written = written.lock().unwrap().take();
        async move {
            peer.head().await;
            peer.write("HTTP/1.1 200 OK\r\n\r\n").await;
            let (chunk, mut count) = (vec![0; 1 << 16], 0u64);
            while count < 1 << 30 && peer.write(&chunk).await {
                count += chunk.len() as u64;
            }
            written.unwrap().send(count).unwrap();
        }
    })
    .await;
    let network = network(NetworkConfig::default());
    let response = ask(&url).send(&network).await.unwrap();
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
    drop(response);
    assert!(total.await.unwrap() < 64 << 20, "only what sockets buffer is written");
}

#[tokio::test]
async fn dropping_the_exchange_closes_the_connection() {
    let (arrived, heard) = oneshot::channel();
    let (gone, closed) = oneshot::channel();
    let ends = Mutex::new(Some((arrived, gone)));
    let url = serve(move |_, mut peer| {
        let ends = ends.lock().unwrap().take();
        async move {
            let (arrived, gone) = ends.unwrap();
            peer.head().await;
            arrived.send(()).unwrap();
            peer.closed().await;
            gone.send(()).unwrap();
        }
    })
    .await;
    let network = network(NetworkConfig::default());
    tokio::select! {
        _ = ask(&url).send(&network) => panic!("nothing was answered"),
        heard = heard => heard.unwrap(),
    }
    closed.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn time_outs_of_the_exchange() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let none = TimeOuts { resolve: None, connect: None, proxy: None, tls: None, ..TimeOuts::default() };
    let silent = serve(|_, mut peer| async move { peer.closed().await }).await;
    let halting = serve(|_, mut peer| async move {
        peer.head().await;
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").await;
        peer.closed().await;
    })
    .await;
    for (row, url, time_outs, body, expected) in [
        ("no head", &silent, TimeOuts { head: seconds(9), ..none.clone() }, false, "timed-out Head"),
        ("no more body", &halting, TimeOuts { body: seconds(9), ..none.clone() }, false, "timed-out Body"),
        (
            "a request that halts",
            &silent,
            TimeOuts { send: seconds(9), head: seconds(1), ..none },
            true,
            "timed-out Send",
        ),
    ] {
        let network = network(NetworkConfig { time_outs, ..NetworkConfig::default() });
        let (_sender, receiver) = mpsc::unbounded_channel();
        let mut asked = ask(url);
        asked.body = body.then(|| Body::from_stream(Fed(receiver)));
        let fault = asked.read(&network).await.expect_err(row);
        assert_eq!(word(&fault), expected, "{row}");
    }
}
