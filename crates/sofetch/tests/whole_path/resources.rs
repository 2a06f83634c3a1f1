//! What a server may cost its client: rows 84 to 90, 94 and 99. Memory itself is measured in `tests/memory.rs`.
//!
//! Long by its rows: each is a test of its own.

use std::io::Write;
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use sofetch::core::infrastructure::form_data::FormDataEntry;
use sofetch::{ErrorKind, FormData, Headers, PeerMisbehaved, Request, UserAgent, WireFault};
use sofetch_testkit::loopback::{Reply, serve, serve_reply};

use crate::bombs;
use crate::h2::{END_HEADERS, HEADERS, PUSH_PROMISE, answering_http2, fields, serve_http2};
use crate::support::{RawServer, agent, agent_with, http2_agent, on, peer, read_head, wire};

#[test]
fn row_84_more_than_five_codings_are_an_error_however_they_are_said() {
    on(async {
        let agent = agent();
        for (row, lines, count) in [
            ("six in one line", vec!["gzip, gzip, gzip, gzip, gzip, gzip".to_owned()], Some(6)),
            ("six lines", vec!["gzip".to_owned(); 6], Some(6)),
            ("three lines of two", vec!["gzip, br".to_owned(); 3], Some(6)),
            ("six identities", vec!["identity".to_owned(); 6], Some(6)),
            ("ninety", vec!["gzip".to_owned(); 90], Some(90)),
            ("five", vec!["gzip".to_owned(); 5], None),
        ] {
            let server = serve(move |_| {
                lines
                    .iter()
                    .fold(Reply::new(200), |reply, line| reply.header("Content-Encoding", line.clone()))
            });
            match (agent.fetch(server.url("/")).await, count) {
                (Err(error), Some(count)) => {
                    assert_eq!(*peer(&error), PeerMisbehaved::TooManyCodings { count, limit: 5 }, "{row}");
                }
                (Ok(mut response), None) => assert_eq!(response.bytes().await.expect("nothing"), "", "{row}"),
                (other, _) => panic!("{row}: {other:?}"),
            }
        }
    });
}

#[test]
fn row_85_and_88_a_bomb_goes_off_a_piece_at_a_time() {
    // Each makes gigabytes of what it sends; who reads 8 MiB of it gets pieces, and the server sends no more than that takes.
    for (coding, first, then) in bombs::endless() {
        let server = RawServer::repeating(
            [format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n\r\n").as_bytes(), &first].concat(),
            then,
        );
        on(async {
            let mut response = agent().fetch(server.url("/")).await.expect("a head");
            let mut body = response.body().expect("unread");
            let mut read = 0;
            while read < 8 << 20 {
                let chunk = body.chunk().await.expect("no end").expect("no end");
                assert!(chunk.len() <= 64 * 1024, "{coding}: {}", chunk.len());
                read += chunk.len();
            }
        });
    }
}

#[test]
fn row_85_limits_of_size_and_ratio_end_it() {
    for (coding, first, then) in bombs::endless() {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n\r\n");
        let server = RawServer::repeating([head.as_bytes(), &first].concat(), then);
        on(async {
            let builder = || UserAgent::builder();
            let ratio = builder().settings(|settings| settings.codings.max_ratio = Some(50));
            let decoded = builder().settings(|settings| settings.codings.max_decoded = Some(1 << 20));
            for limited in [ratio, decoded] {
                let agent = limited.build().expect("usable");
                let mut response = agent.fetch(server.url("/")).await.expect("a head");
                let error = response.bytes().await.expect_err("over the limit");
                let PeerMisbehaved::DecompressionLimit { coding: named, decoded, encoded } = peer(&error)
                else {
                    panic!("{coding}: {error:?}")
                };
                assert_eq!(*named, coding);
                assert!(
                    *decoded <= (1 << 20) + 64 * 1024 && encoded < decoded,
                    "{coding}: {decoded} of {encoded}"
                );
            }
            // The caller's limits count what was decoded.
            let mut response = agent().fetch(server.url("/")).await.expect("a head");
            let error = response.bytes_at_most(100_000).await.expect_err("over the limit");
            assert_eq!(error.kind(), ErrorKind::TooLarge);
            let agent = builder().max_body_size(100_000).build().expect("usable");
            let mut response = agent.fetch(server.url("/")).await.expect("a head");
            let error = response.bytes().await.expect_err("over the limit");
            assert_eq!(error.kind(), ErrorKind::TooLarge);
            assert_eq!(*peer(&error), PeerMisbehaved::BodyTooLarge { limit: 100_000 });
        });
    }
}

#[test]
fn row_88_windows_beyond_what_browsers_take_are_refused() {
    // A window of 2^27 bytes, where browsers take 2^23; and brotli's "large window" dialect, which is not HTTP's.
    let zstd: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd, 0, 17 << 3, 0x0b, 0, 0, b'x'];
    let brotli: &[u8] = &[0x11, 0x5c, 0x40, 0, 0, 0x90, 0, 0xa9, 0x41, 0x90, 0xa9, 3, 0x0f, 0xa7, 7];
    for (coding, body) in [("zstd", zstd), ("br", brotli)] {
        let server = serve_reply(Reply::ok(body).header("Content-Encoding", coding));
        on(async {
            let mut response = agent().fetch(server.url("/")).await.expect("a head");
            let error = response.bytes().await.expect_err("no such window");
            assert!(matches!(peer(&error), PeerMisbehaved::InvalidCoding { .. }), "{coding}: {error:?}");
        });
    }
}

/// How a server's writing came to its end.
#[derive(Debug, PartialEq)]
enum Wrote {
    /// The client took no more, after so many bytes.
    Paused(usize),
    /// All of it went out.
    Everything,
}

/// Far more than the buffers of a loopback connection hold.
const PLENTY: usize = 64 << 20;

/// Writes plenty, and tells whether the client took it.
fn write_plenty(stream: &mut TcpStream, told: &Sender<Wrote>) {
    let chunk = vec![b'x'; 64 * 1024];
    // Nobody waits for this time in vain: it passes once, when the client has stopped reading, as it should.
    stream.set_write_timeout(Some(Duration::from_millis(300))).expect("not zero");
    let mut written = 0;
    while written < PLENTY {
        match stream.write(&chunk) {
            Ok(count) => written += count,
            Err(_) => {
                let _ = told.send(Wrote::Paused(written));
                return;
            }
        }
    }
    let _ = told.send(Wrote::Everything);
}

fn writing_plenty() -> (RawServer, Receiver<Wrote>) {
    let (told, wrote) = channel();
    let server = RawServer::new(move |mut stream| {
        read_head(&mut stream);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {PLENTY}\r\n\r\n");
        if stream.write_all(head.as_bytes()).is_ok() {
            write_plenty(&mut stream, &told);
        }
    });
    (server, wrote)
}

#[test]
fn row_86_a_body_that_nobody_reads_stays_with_its_server() {
    let (server, wrote) = writing_plenty();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let response = runtime.block_on(async { agent().fetch(server.url("/")).await }).expect("a head");
    // The runtime goes on while nobody reads.
    assert!(matches!(wrote.recv().expect("told"), Wrote::Paused(written) if written < PLENTY / 2));
    drop(response);
}

#[test]
fn row_86_nor_does_a_clone_that_is_not_read_hold_more_than_its_limit() {
    let (server, wrote) = writing_plenty();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let (mut read, unread) = runtime.block_on(async {
        let mut response = agent().fetch(server.url("/")).await.expect("a head");
        let twin = response.clone_at_most(1 << 20).expect("unread");
        (response, twin)
    });
    // The faster is read to its end, if it gets there.
    let reading = runtime.spawn(async move { read.bytes().await.map(|bytes| bytes.len()) });
    assert!(matches!(wrote.recv().expect("told"), Wrote::Paused(written) if written < PLENTY / 2));
    assert!(!reading.is_finished());
    // Once the slower is gone, it gets there: what was cut is cut.
    drop(unread);
    let error = runtime.block_on(reading).expect("no panic").expect_err("the server left");
    assert_eq!(*peer(&error), PeerMisbehaved::Truncated);
}

#[test]
fn row_86_an_http2_stream_has_its_window_and_no_more() {
    let (told, window) = channel();
    let server = serve_http2(move |peer| {
        let _ = told.send(peer.settings.iter().find(|(id, _)| *id == 4).map(|(_, value)| *value));
        let stream = peer.next_request()?;
        peer.send(HEADERS, END_HEADERS, stream, &fields(&[(":status", "200")]))?;
        // As if there were no window.
        let chunk = vec![b'x'; 16 * 1024];
        for _ in 0..(PLENTY / chunk.len()) {
            peer.send(crate::h2::DATA, 0, stream, &chunk)?;
        }
        peer.send(crate::h2::DATA, crate::h2::END_STREAM, stream, b"")
    });
    on(async {
        let mut response = http2_agent().fetch(server.url("/")).await.expect("a head");
        assert_eq!(window.recv().expect("settings"), Some(1 << 20));
        // Other work goes on; the flood ends the connection, not our memory.
        let other = serve_reply(Reply::ok("x"));
        for _ in 0..50 {
            agent().fetch(other.url("/")).await.expect("an answer").bytes().await.expect("a body");
        }
        let mut body = response.body().expect("unread");
        let mut read = 0;
        let error = loop {
            match body.chunk().await {
                Ok(Some(chunk)) => read += chunk.len(),
                Ok(None) => panic!("all of it was taken"),
                Err(error) => break error,
            }
        };
        assert!(read <= 2 << 20, "{read}");
        assert!(matches!(error.kind(), ErrorKind::Peer | ErrorKind::Network), "{error:?}");
    });
}

#[test]
fn row_87_headers_without_end_are_an_error_at_the_limit() {
    for (row, first, then) in [
        ("lines without end", "HTTP/1.1 200 OK\r\n", "X-Name: 0123456789abcdef\r\n"),
        ("a line without end", "HTTP/1.1 200 OK\r\nX-Name: ", "0123456789abcdef"),
        ("a name without end", "HTTP/1.1 200 OK\r\n", "xxxxxxxxxxxxxxxx"),
        ("a folded line without end", "HTTP/1.1 200 OK\r\nX: y\r\n", " zzzzzzzzzzzzzzzz\r\n"),
        ("a reason without end", "HTTP/1.1 200 ", "OK OK OK OK OK "),
        ("line breaks without end", "\r\n", "\r\n\r\n\r\n\r\n"),
    ] {
        // A thousand at a time: the server shall not be what is slow.
        let server = RawServer::repeating(first, then.repeat(1000));
        let error = on(async { agent().fetch(server.url("/")).await }).expect_err(row);
        assert!(
            matches!(peer(&error), PeerMisbehaved::HeadTooLarge { .. } | PeerMisbehaved::InvalidHead { .. }),
            "{row}: {error:?}"
        );
    }
    // Just below the limits all is well.
    let many = serve(|_| (0..90).fold(Reply::ok("x"), |reply, _| reply.header("X-Name", vec![b'x'; 2000])));
    let response = on(async { agent().fetch(many.url("/")).await }).expect("90 headers of 2,000 bytes");
    assert_eq!(response.headers().get_all("x-name").len(), 90);
    let large = serve(|_| Reply::ok("x").header("X-Large", vec![b'x'; 300 * 1024]));
    let error = on(async { agent().fetch(large.url("/")).await }).expect_err("300 KiB");
    assert_eq!(*peer(&error), PeerMisbehaved::HeadTooLarge { limit: 256 * 1024 });
    let wider = agent_with(|config| config.limits.head_bytes = 512 * 1024);
    on(async { wider.fetch(large.url("/")).await }).expect("the owner allows it");
}

#[test]
fn row_87_interim_responses_without_end_are_counted() {
    for interim in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"] {
        let server = RawServer::repeating("", interim.repeat(10));
        let error = on(async { agent().fetch(server.url("/")).await }).expect_err("no end");
        assert_eq!(*peer(&error), PeerMisbehaved::TooManyInterims { limit: 32 });
    }
    let server = answering_http2(|peer, stream| {
        loop {
            peer.send(HEADERS, END_HEADERS, stream, &fields(&[(":status", "103")]))?;
        }
    });
    let error = on(async { http2_agent().fetch(server.url("/")).await }).expect_err("no end");
    assert!(
        matches!(peer(&error), PeerMisbehaved::TooManyInterims { limit: 32 } | PeerMisbehaved::Http2 { .. }),
        "{error:?}"
    );
}

#[test]
fn row_89_a_mebibyte_of_spaces_is_trimmed() {
    let spaces = " ".repeat(1 << 20);
    let mut headers = Headers::new();
    headers.append("A", format!("{spaces}x{spaces}")).expect("a valid value");
    assert_eq!(headers.get("a").as_deref(), Some("x"));
    headers.append("B", &spaces).expect("a valid value");
    assert_eq!(headers.get("b").as_deref(), Some(""));
    // On the wire it is a large head like any other.
    let server = RawServer::saying(format!(
        "HTTP/1.1 200 OK\r\nA:{}x\r\nContent-Length: 0\r\n\r\n",
        &spaces[..200_000]
    ));
    let response = on(async { agent().fetch(server.url("/")).await }).expect("below the limit");
    assert_eq!(response.headers().get("a").as_deref(), Some("x"));
}

#[test]
fn row_90_boundaries_are_long_random_and_not_in_the_parts() {
    let server = serve(|_| Reply::ok(""));
    on(async {
        let agent = agent();
        for _ in 0..20 {
            let mut form = FormData::default();
            form.append(FormDataEntry::create("a", "------WebKitFormBoundary\r\n--", None, 0));
            agent
                .fetch(Request::new(server.url("/")).method("POST").form_data(form))
                .await
                .expect("an answer");
        }
    });
    let mut seen = std::collections::BTreeSet::new();
    for request in server.requests() {
        let content_type = request.header("Content-Type").expect("a type");
        let boundary =
            content_type.strip_prefix("multipart/form-data; boundary=").expect("a boundary").to_owned();
        // 64 bits are 11 characters of base64, 16 of hexadecimal.
        assert!(boundary.len() >= 16 + 11, "{boundary}");
        let body = String::from_utf8_lossy(&request.body).into_owned();
        assert_eq!(body.matches(&format!("--{boundary}")).count(), 2, "{body}");
        seen.insert(boundary);
    }
    assert_eq!(seen.len(), 20);
    let common = |a: &String, b: &String| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let longest = seen.iter().zip(seen.iter().skip(1)).map(|(a, b)| common(a, b)).max().expect("20 of them");
    let shortest = seen.iter().map(String::len).min().expect("20 of them");
    assert!(shortest - longest >= 11, "too much of it is the same: {seen:?}");
}

#[test]
fn row_94_server_push_is_refused() {
    let (told, settings) = channel();
    let server = serve_http2(move |peer| {
        let _ = told.send(peer.settings.clone());
        let stream = peer.next_request()?;
        let mut promise = 2u32.to_be_bytes().to_vec();
        promise.extend(fields(&[
            (":method", "GET"),
            (":scheme", "http"),
            (":authority", "a.test"),
            (":path", "/pushed"),
        ]));
        peer.send(PUSH_PROMISE, END_HEADERS, stream, &promise)?;
        peer.respond(stream, b"x")
    });
    on(async {
        let error = match http2_agent().fetch(server.url("/")).await {
            Ok(mut response) => response.bytes().await.expect_err("a promise that nobody asked for"),
            Err(error) => error,
        };
        assert!(matches!(peer(&error), PeerMisbehaved::Http2 { .. }), "{error:?}");
    });
    let settings = settings.recv().expect("settings");
    assert!(settings.contains(&(2, 0)), "SETTINGS_ENABLE_PUSH is 0: {settings:?}");
}

#[test]
fn row_99_limits_count_at_every_hop_and_at_the_end() {
    let server = serve(|request| match request.path() {
        // The body of a redirect is nobody's; it is not read at all.
        "/large-redirect" => Reply::new(302).header("Location", "/small").body(vec![b'x'; 200_000]),
        "/to-large" => Reply::new(302).header("Location", "/large"),
        "/large" => Reply::ok(vec![b'x'; 200_000]),
        _ => Reply::ok("small"),
    });
    let endless = RawServer::repeating(
        format!(
            "HTTP/1.1 302 Found\r\nLocation: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
            server.url("/small")
        ),
        "1\r\nx\r\n".repeat(1000),
    );
    on(async {
        let agent = UserAgent::builder().max_body_size(100_000).build().expect("usable");
        for url in [server.url("/large"), server.url("/to-large")] {
            let mut response = agent.fetch(&url).await.expect("a head");
            let error = response.bytes().await.expect_err("too large");
            assert_eq!(
                (error.kind(), peer(&error)),
                (ErrorKind::TooLarge, &PeerMisbehaved::BodyTooLarge { limit: 100_000 })
            );
            let mut body = agent.fetch(&url).await.expect("a head").body().expect("unread");
            let error = loop {
                if let Err(error) = body.chunk().await {
                    break error;
                }
            };
            assert_eq!(error.kind(), ErrorKind::TooLarge);
        }
        for url in [server.url("/large-redirect"), endless.url("/")] {
            assert_eq!(agent.fetch(&url).await.expect("a head").text().await.expect("small"), "small");
        }
        // A head over the limit is one at any hop.
        let huge = serve(|_| Reply::new(302).header("X", vec![b'x'; 300 * 1024]).header("Location", "/"));
        let to = huge.url("/");
        let outer = serve(move |_| Reply::new(302).header("Location", to.clone()));
        let error = agent.fetch(outer.url("/")).await.expect_err("a large head");
        assert!(matches!(peer(&error), PeerMisbehaved::HeadTooLarge { .. }));
        let slow = serve(|_| Reply::hang());
        let to = slow.url("/");
        let outer = serve(move |_| Reply::new(302).header("Location", to.clone()));
        let agent = UserAgent::builder().head_timeout(Duration::from_millis(20)).build().expect("usable");
        let error = agent.fetch(outer.url("/")).await.expect_err("no head");
        assert!(matches!(wire(&error), WireFault::TimedOut { phase: sofetch::Phase::Head, .. }));
    });
}
