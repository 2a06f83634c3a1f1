//! HTTP/1.1 responses of servers that write raw bytes: what is read, what is refused, what ends a connection.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::{Arc, Mutex};

use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::timing::Timestamp;
use sofetch_net::{Limits, NetworkConfig};
use support::*;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn ipv6_and_localhost() {
    let Ok(listener) = tokio::net::TcpListener::bind("[::1]:0").await else {
        println!("skipped 2 cases: this machine has no IPv6");
        return;
    };
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let mut peer = Peer::new(listener.accept().await.unwrap().0);
            tokio::spawn(async move {
                while peer.head().await.is_some() {
                    peer.write(OK).await;
                }
            });
        }
    });
    let network = network(NetworkConfig::default());
    for host in ["[::1]", "localhost"] {
        let answer = ask(&format!("http://{host}:{port}/")).read(&network).await.unwrap();
        assert_eq!(answer, (200, "ok".to_owned()), "{host}");
    }
}

#[tokio::test]
async fn localhost_falls_back_to_ipv4() {
    let url = always(OK).await.replace("127.0.0.1", "localhost");
    let recorder = Recorder::new();
    let network = network(NetworkConfig::default());
    assert_eq!(ask(&url).trace(&recorder).read(&network).await.unwrap().1, "ok");
    assert_eq!(
        recorder.said(),
        ["resolved 2", "connecting", "connect failed", "connecting", "connected", "sent GET 0", "head 200"]
    );
}

#[tokio::test]
async fn bodies_and_their_ends() {
    let network = network(NetworkConfig::default());
    for (row, answer, expected) in [
        ("a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Ok("hello")),
        (
            "rows 75 and 98: one byte short",
            "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello",
            Err("truncated"),
        ),
        ("row 98: one byte over", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhello", Ok("hell")),
        ("no length: to the end", "HTTP/1.1 200 OK\r\n\r\nhello", Ok("hello")),
        ("an empty one", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Ok("")),
        (
            "chunks",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nT: t\r\n\r\n",
            Ok("hello"),
        ),
        (
            "row 75: chunks without their end",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            Err("truncated"),
        ),
        (
            "row 75: a chunk without its end",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello",
            Err("truncated"),
        ),
        (
            "row 72: 2 to the 64th",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\nhello",
            Err("invalid-chunk"),
        ),
        (
            "row 72: 2 to the 64th and more",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n",
            Err("invalid-chunk"),
        ),
        (
            "row 72: 2 to the 63rd is never reached",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8000000000000000\r\nhello",
            Err("truncated"),
        ),
        (
            "row 72: a sign",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n",
            Err("invalid-chunk"),
        ),
        (
            "row 72: 0x",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
            Err("invalid-chunk"),
        ),
        (
            "row 72: a space before",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n",
            Err("invalid-chunk"),
        ),
        (
            "row 72: a space within",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 5\r\nhello\r\n0\r\n\r\n",
            Err("invalid-chunk"),
        ),
        (
            "a chunk longer than it says",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
            Err("invalid-chunk"),
        ),
        ("a 204 has none", "HTTP/1.1 204 No Content\r\n\r\n", Ok("")),
        ("a 205 has none", "HTTP/1.1 205 Reset Content\r\nContent-Length: 5\r\n\r\nhello", Ok("")),
    ] {
        let url = once(answer).await;
        let read = ask(&url).read(&network).await;
        match (&read, expected) {
            (Ok((_, body)), Ok(expected)) => assert_eq!(body, expected, "{row}"),
            (Err(fault), Err(expected)) => assert_eq!(word(fault), expected, "{row}"),
            (other, _) => panic!("{row}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn heads_as_they_are_taken() {
    let network = network(NetworkConfig::default());
    for (row, answer, expected) in [
        ("no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", Ok("200 ''")),
        ("an empty reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", Ok("200 ''")),
        ("an odd reason", "HTTP/1.1 200 Fine by me\r\nContent-Length: 0\r\n\r\n", Ok("200 'Fine by me'")),
        ("an odd status", "HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n", Ok("999 'X'")),
        ("HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", Ok("200 'OK'")),
        ("row 74: bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", Ok("200 'OK'")),
        (
            "row 74: a folded line",
            "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
            Ok("200 'OK' x=a b"),
        ),
        (
            "row 74: a space before the colon is none of the name",
            "HTTP/1.1 200 OK\r\nX : a\r\nContent-Length : 0\r\n\r\n",
            Ok("200 'OK' x=a"),
        ),
        (
            "row 74: a line without a colon",
            "HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 0\r\n\r\n",
            Err("invalid-head"),
        ),
        (
            "a line that cannot be read may be the one that refuses",
            "HTTP/1.1 200 OK\r\nACAO: *\r\nACAO: \u{1}evil\r\nContent-Length: 0\r\n\r\n",
            Err("invalid-head"),
        ),
        (
            "row 73: a transfer coding that we do not know",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            Err("invalid-head"),
        ),
        ("row 74: a NUL", "HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n", Err("invalid-head")),
        (
            "row 74: a lone carriage return",
            "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
            Err("invalid-head"),
        ),
        (
            "row 74: a head ended by half an end",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\rX",
            Err("invalid-head"),
        ),
        ("row 73: two lengths that agree", "HTTP/1.1 200 OK\r\nContent-Length: 0, 0\r\n\r\n", Ok("200 'OK'")),
        (
            "row 73: two that do not",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
            Err("content-length"),
        ),
        (
            "row 73: two in a list that do not",
            "HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nabc",
            Err("content-length"),
        ),
        ("row 73: a sign", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", Err("content-length")),
        ("row 73: negative", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", Err("content-length")),
        (
            "row 73: chunks over HTTP/1.0",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            Err("invalid-head"),
        ),
        ("nothing", "", Err("closed reused=false")),
        ("half a head", "HTTP/1.1 200 OK\r\nX: ", Err("closed reused=false")),
        ("no HTTP", "SSH-2.0-OpenSSH\r\n\r\n", Err("invalid-head")),
    ] {
        let url = once(answer).await;
        match (ask(&url).send(&network).await, expected) {
            (Ok(response), Ok(expected)) => {
                let reason = String::from_utf8_lossy(&response.status_message).into_owned();
                let x = response.header_list.get("x").map(|x| format!(" x={}", String::from_utf8_lossy(&x)));
                assert_eq!(
                    format!("{} '{reason}'{}", response.status, x.unwrap_or_default()),
                    expected,
                    "{row}"
                );
            }
            (Err(fault), Err(expected)) => assert_eq!(word(&fault), expected, "{row}: {fault:?}"),
            (Ok(response), Err(_)) => panic!("{row}: taken, {}", response.status),
            (Err(fault), Ok(_)) => panic!("{row}: {fault:?}"),
        }
    }
}

#[tokio::test]
async fn a_head_request_has_no_body_and_keeps_its_connection() {
    let url = serve(|index, mut peer| async move {
        assert_eq!(index, 0, "one connection is enough");
        peer.head().await;
        peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await;
        peer.head().await;
        peer.write("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n").await;
        peer.head().await;
        peer.write(OK).await;
    })
    .await;
    let network = network(NetworkConfig::default());
    let response = ask(&url).method(Method::HEAD).send(&network).await.unwrap();
    assert!(response.body.is_none());
    let response = ask(&url).send(&network).await.unwrap();
    assert!(response.status == 304 && response.body.is_none());
    assert_eq!(ask(&url).read(&network).await.unwrap().1, "ok");
}

#[tokio::test]
async fn connections_whose_next_response_could_be_another_are_not_used_again() {
    for (row, answer) in [
        ("a 204 with a payload", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"),
        ("a 304 with a payload", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("a 205 with a payload", "HTTP/1.1 205 Reset Content\r\nContent-Length: 5\r\n\r\nhello"),
        (
            "row 73: both framings",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        ),
        ("Connection: close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
        ("HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        ("more than the length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\nevil"),
        ("101", "HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    ] {
        let url = serve(move |index, mut peer| async move {
            while peer.head().await.is_some() {
                peer.write(if index == 0 { answer } else { OK }).await;
            }
        })
        .await;
        let network = network(NetworkConfig::default());
        ask(&url).read(&network).await.unwrap();
        let asked = ask(&url);
        let connection = asked.obtain(&network).await.unwrap();
        assert!(!connection.reused(), "{row}");
        assert_eq!(read(asked.over(connection).await.unwrap()).await.unwrap(), "ok", "{row}");
    }
}

#[tokio::test]
async fn interim_responses_are_told_and_counted() {
    let url =
        always(format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{OK}"))
            .await;
    let network = network(NetworkConfig::default());
    let (told, recorder) = (Arc::new(Mutex::new(Vec::new())), Recorder::new());
    let listener = told.clone();
    let mut asked = ask(&url).trace(&recorder);
    asked.on_interim = Some(Box::new(move |interim| {
        assert!(interim.started_at > Timestamp(0));
        let link = interim.header_list.get("link").map(|link| link.into_owned());
        listener.lock().unwrap().push((interim.status, link));
    }));
    assert_eq!(asked.read(&network).await.unwrap().1, "ok");
    assert_eq!(*told.lock().unwrap(), [(100, None), (103, Some(b"</a>".to_vec()))]);
    assert_eq!(
        recorder.said(),
        ["connecting", "connected", "sent GET 0", "interim 100", "interim 103", "head 200"]
    );
}

#[tokio::test]
async fn row_87_floods_end_at_the_limits() {
    // Forever the same, until the client is gone.
    async fn endless(start: &'static str, line: &'static str) -> String {
        serve(move |_, mut peer| async move {
            peer.head().await;
            peer.write(start).await;
            while peer.write(line.repeat(100)).await {}
        })
        .await
    }
    let network = network(NetworkConfig::default());
    for (row, start, line, expected) in [
        ("interim responses", "", "HTTP/1.1 103 Early Hints\r\n\r\n", "too-many-interims"),
        (
            "headers",
            "HTTP/1.1 200 OK\r\n",
            "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n",
            "invalid-head",
        ),
        (
            "one header",
            "HTTP/1.1 200 OK\r\nX: ",
            "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
            "head-too-large",
        ),
        (
            "a status line",
            "HTTP/1.1 200 ",
            "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
            "head-too-large",
        ),
        (
            "chunk extensions",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
            "yyyyyyyyyyyyyyyyyyyyyyyyyy",
            "invalid-chunk",
        ),
        (
            "trailers",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            "X: yyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n",
            "invalid-chunk",
        ),
    ] {
        let url = endless(start, line).await;
        let fault = ask(&url).read(&network).await.expect_err(row);
        assert_eq!(word(&fault), expected, "{row}: {fault:?}");
    }
}

#[tokio::test]
async fn limits_are_the_owners() {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: {}\r\n\r\nok", "x".repeat(100_000));
    let many = format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{}\r\nok", "X: y\r\n".repeat(200));
    for (row, answer, limits, expected) in [
        ("a large head", head.clone(), Limits::default(), Ok(())),
        (
            "a large head, refused",
            head,
            Limits { head_bytes: 50_000, ..Limits::default() },
            Err("head-too-large"),
        ),
        ("many headers", many.clone(), Limits { head_count: 256, ..Limits::default() }, Ok(())),
        ("many headers, refused", many, Limits::default(), Err("invalid-head")),
    ] {
        let url = always(answer).await;
        let network = network(NetworkConfig { limits, ..NetworkConfig::default() });
        let read = ask(&url).read(&network).await;
        assert_eq!(read.as_ref().map(|_| ()).map_err(word), expected.map_err(str::to_owned), "{row}");
    }
}
