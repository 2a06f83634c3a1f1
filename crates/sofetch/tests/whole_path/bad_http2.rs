//! HTTP/2 from servers that break it, frame by frame: row 93 among others.

use sofetch::{Error, ErrorKind, PeerMisbehaved, Reason, Request, Response, WireFault};

use crate::h2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, Peer, RST_STREAM, SETTINGS,
    WINDOW_UPDATE, answering_http2, fields, frame, serve_http2,
};
use crate::support::{RawServer, http2_agent, on, peer};

const OK: [(&str, &str); 1] = [(":status", "200")];

fn fetch(server: &RawServer) -> Result<Response, Error> {
    on(async { http2_agent().fetch(server.url("/")).await })
}

/// Fetches and reads.
fn read(server: &RawServer) -> Result<Vec<u8>, Error> {
    on(async { Ok(http2_agent().fetch(server.url("/")).await?.bytes().await?.to_vec()) })
}

#[track_caller]
fn assert_http2(error: &Error, row: &str) {
    let ended =
        matches!(error.reason(), Some(Reason::Wire(WireFault::Closed { .. } | WireFault::BodyCut { .. })));
    let broke = matches!(error.reason(), Some(Reason::Peer(PeerMisbehaved::Http2 { .. })));
    assert!(ended || broke, "{row}: {error:?}");
}

#[test]
fn a_server_of_frames_is_understood() {
    let server = answering_http2(|peer, stream| peer.respond(stream, b"hello"));
    assert_eq!(read(&server).expect("an answer"), b"hello");
}

#[test]
fn a_reset_without_an_error_before_the_end_is_no_end() {
    for (row, sent) in [("after nothing", &b""[..]), ("after some", b"12345")] {
        let server = answering_http2(move |peer, stream| {
            peer.send(HEADERS, END_HEADERS, stream, &fields(&[(":status", "200"), ("content-length", "9")]))?;
            peer.send(DATA, 0, stream, sent)?;
            peer.send(RST_STREAM, 0, stream, &0u32.to_be_bytes())
        });
        let error = read(&server).expect_err(row);
        assert_eq!(*peer(&error), PeerMisbehaved::Truncated, "{row}");
        let server = answering_http2(move |peer, stream| {
            peer.send(HEADERS, END_HEADERS, stream, &fields(&OK))?;
            peer.send(DATA, 0, stream, sent)?;
            peer.send(RST_STREAM, 0, stream, &0u32.to_be_bytes())
        });
        assert_eq!(*peer(&read(&server).expect_err(row)), PeerMisbehaved::Truncated, "{row}, of no length");
    }
}

#[test]
fn resets_before_the_head_and_within_the_body() {
    for code in [0u32, 1, 2, 5, 7, 8, 11, 12, 13, 0xffff_ffff] {
        let server =
            answering_http2(move |peer, stream| peer.send(RST_STREAM, 0, stream, &code.to_be_bytes()));
        assert_http2(&fetch(&server).expect_err("no head"), "before the head");
        let server = answering_http2(move |peer, stream| {
            peer.send(HEADERS, END_HEADERS, stream, &fields(&OK))?;
            peer.send(RST_STREAM, 0, stream, &code.to_be_bytes())
        });
        let error = read(&server).expect_err("no body");
        assert!(matches!(error.kind(), ErrorKind::Peer | ErrorKind::Network), "{code}: {error:?}");
    }
}

#[test]
fn bodies_against_their_content_length() {
    for (announced, outcome) in [("4", None), ("5", Some(5)), ("6", None), ("18446744073709551615", None)] {
        let server = answering_http2(move |peer, stream| {
            peer.send(
                HEADERS,
                END_HEADERS,
                stream,
                &fields(&[(":status", "200"), ("content-length", announced)]),
            )?;
            peer.send(DATA, END_STREAM, stream, b"12345")
        });
        match (read(&server), outcome) {
            (Ok(body), Some(length)) => assert_eq!(body.len(), length),
            (Err(error), None) => assert!(matches!(error.kind(), ErrorKind::Peer), "{announced}: {error:?}"),
            (other, _) => panic!("{announced}: {other:?}"),
        }
    }
}

#[test]
fn heads_that_are_none() {
    for (row, head) in [
        ("no status", vec![("a", "b")]),
        ("two statuses", vec![(":status", "200"), (":status", "201")]),
        ("a status of letters", vec![(":status", "abc")]),
        ("a status of four digits", vec![(":status", "2000")]),
        ("a status after a header", vec![("a", "b"), (":status", "200")]),
        ("an unknown pseudo-header", vec![(":status", "200"), (":x", "y")]),
        ("a name in upper case", vec![(":status", "200"), ("A", "b")]),
        ("a header of the connection's", vec![(":status", "200"), ("connection", "close")]),
        ("transfer-encoding", vec![(":status", "200"), ("transfer-encoding", "chunked")]),
        ("a line break in a value", vec![(":status", "200"), ("a", "b\r\nc: d")]),
        ("NUL in a value", vec![(":status", "200"), ("a", "b\0c")]),
    ] {
        let server = answering_http2(move |peer, stream| {
            peer.send(HEADERS, END_HEADERS | END_STREAM, stream, &fields(&head))
        });
        assert_http2(&read(&server).expect_err(row), row);
    }
}

#[test]
fn request_pseudo_headers_in_a_response() {
    for name in [":method", ":path", ":scheme", ":authority"] {
        let server = answering_http2(move |peer, stream| {
            let head = fields(&[(":status", "200"), (name, "x")]);
            peer.send(HEADERS, END_HEADERS, stream, &head)?;
            peer.send(DATA, END_STREAM, stream, b"hello")
        });
        let error = fetch(&server).expect_err(name);
        assert_http2(&error, name);
        assert!(format!("{:?}", peer(&error)).contains("request-pseudo-headers"), "{name}: {error:?}");
    }
}

#[test]
fn request_pseudo_headers_in_an_interim_response_and_in_trailers() {
    let server = answering_http2(|peer, stream| {
        peer.send(HEADERS, END_HEADERS, stream, &fields(&[(":status", "103"), (":path", "/")]))?;
        peer.respond(stream, b"hello")
    });
    let error = fetch(&server).expect_err("interim");
    assert!(format!("{:?}", peer(&error)).contains("request-pseudo-headers"), "{error:?}");
    let server = answering_http2(|peer, stream| {
        peer.send(HEADERS, END_HEADERS, stream, &fields(&[(":status", "200")]))?;
        peer.send(DATA, 0, stream, b"hello")?;
        peer.send(HEADERS, END_HEADERS | END_STREAM, stream, &fields(&[(":method", "GET")]))
    });
    let error = read(&server).expect_err("trailers");
    assert!(format!("{:?}", peer(&error)).contains("request-pseudo-headers"), "{error:?}");
}

#[test]
fn after_a_response_with_request_pseudo_headers_comes_a_connection_of_its_own() {
    let answered = std::sync::atomic::AtomicUsize::new(0);
    let server = answering_http2(move |peer, stream| {
        match answered.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            1 => peer.send(HEADERS, END_HEADERS | END_STREAM, stream, &[0x88, 0x82]),
            _ => peer.respond(stream, b"hello"),
        }
    });
    let agent = http2_agent();
    on(async {
        let mut first = agent.fetch(server.url("/")).await.expect("the first");
        assert_eq!(first.bytes().await.expect("a body"), "hello");
        // NB: asked once only: what is malformed is not asked for again, though the connection was used before.
        assert_http2(&agent.fetch(server.url("/")).await.expect_err("malformed"), "the second");
        let mut third = agent.fetch(server.url("/")).await.expect("the third");
        assert_eq!(third.bytes().await.expect("a body"), "hello");
    });
}

#[test]
fn row_93_floods_end_the_exchange() {
    type Flood = fn(&mut Peer, u32) -> std::io::Result<()>;
    let rows: [(&str, Flood); 9] = [
        ("empty DATA frames", |peer, stream| {
            peer.send(HEADERS, END_HEADERS, stream, &fields(&OK))?;
            let many = frame(DATA, 0, stream, b"").repeat(1000);
            loop {
                peer.send_raw(&many)?;
            }
        }),
        ("padding and nothing else", |peer, stream| {
            peer.send(HEADERS, END_HEADERS, stream, &fields(&OK))?;
            let padded = frame(DATA, 8, stream, &[3, 0, 0, 0]).repeat(1000);
            loop {
                peer.send_raw(&padded)?;
            }
        }),
        ("CONTINUATION without end", |peer, stream| {
            peer.send(HEADERS, 0, stream, &fields(&OK))?;
            let more = frame(CONTINUATION, 0, stream, &fields(&[("a", "0123456789abcdef")])).repeat(1000);
            loop {
                peer.send_raw(&more)?;
            }
        }),
        ("empty CONTINUATION without end", |peer, stream| {
            peer.send(HEADERS, 0, stream, &fields(&OK))?;
            let more = frame(CONTINUATION, 0, stream, b"").repeat(1000);
            loop {
                peer.send_raw(&more)?;
            }
        }),
        ("a head that is too large", |peer, stream| {
            let large = "x".repeat(16_000);
            peer.send(HEADERS, 0, stream, &fields(&OK))?;
            for _ in 0..30 {
                peer.send(CONTINUATION, 0, stream, &fields(&[("a", &large)]))?;
            }
            peer.send(CONTINUATION, END_HEADERS | END_STREAM, stream, b"")
        }),
        ("resets of streams that never were", |peer, _| {
            let resets: Vec<u8> =
                (0..1000u32).flat_map(|n| frame(RST_STREAM, 0, 2 * n + 101, &[0; 4])).collect();
            loop {
                peer.send_raw(&resets)?;
            }
        }),
        ("a window that overflows", |peer, _| {
            peer.send(WINDOW_UPDATE, 0, 0, &0x7fff_ffffu32.to_be_bytes())?;
            peer.send(WINDOW_UPDATE, 0, 0, &0x7fff_ffffu32.to_be_bytes())
        }),
        ("a frame that is too large", |peer, stream| {
            peer.send_raw(&[0xff, 0xff, 0xff, DATA, 0])?;
            peer.send_raw(&stream.to_be_bytes())
        }),
        ("DATA before HEADERS", |peer, stream| peer.send(DATA, END_STREAM, stream, b"x")),
    ];
    for (row, flood) in rows {
        let server = answering_http2(flood);
        let error = read(&server).expect_err(row);
        let kind = error.kind();
        assert!(matches!(kind, ErrorKind::Peer | ErrorKind::Network), "{row}: {error:?}");
        assert!(error.is_network(), "{row}: {error:?}");
    }
}

#[test]
fn row_93_pings_and_settings_in_between_cost_nothing() {
    let server = answering_http2(|peer, stream| {
        peer.send_raw(&frame(PING, 0, 0, &[0; 8]).repeat(1000))?;
        peer.send_raw(&frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]).repeat(1000))?;
        peer.respond(stream, b"hello")
    });
    // An answer, or the end of a connection that was flooded.
    match read(&server) {
        Ok(body) => assert_eq!(body, b"hello"),
        Err(error) => assert!(error.is_network(), "{error:?}"),
    }
}

#[test]
fn a_connection_that_goes_away() {
    // Before anything: what was not processed is sent again over another one, three times at the most.
    let server = serve_http2(|peer| {
        peer.next_request()?;
        peer.send(GOAWAY, 0, 0, &[0; 8])
    });
    assert_http2(&fetch(&server).expect_err("it always goes"), "a GOAWAY for nothing");
    // In the middle: streams below its number go on.
    let server = serve_http2(|peer| {
        let stream = peer.next_request()?;
        peer.send(GOAWAY, 0, 0, &[&stream.to_be_bytes()[..], &[0; 4]].concat())?;
        peer.respond(stream, b"hello")
    });
    on(async {
        let agent = http2_agent();
        for _ in 0..3 {
            let mut response = agent.fetch(server.url("/")).await.expect("an answer");
            assert_eq!(response.bytes().await.expect("a body"), "hello");
        }
    });
    // With an error.
    let server = serve_http2(|peer| {
        let stream = peer.next_request()?;
        peer.send(HEADERS, END_HEADERS, stream, &fields(&OK))?;
        peer.send(GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 2])
    });
    assert_http2(&read(&server).expect_err("gone"), "a GOAWAY with an error");
}

#[test]
fn trailers_without_end_and_trailers_in_order() {
    let server = answering_http2(|peer, stream| {
        peer.send(HEADERS, END_HEADERS, stream, &fields(&OK))?;
        peer.send(DATA, 0, stream, b"hello")?;
        peer.send(HEADERS, END_HEADERS | END_STREAM, stream, &fields(&[("t", "v")]))
    });
    assert_eq!(read(&server).expect("trailers are read and left"), b"hello");
    let server = answering_http2(|peer, stream| {
        peer.send(HEADERS, END_HEADERS, stream, &fields(&OK))?;
        peer.send(DATA, 0, stream, b"hello")?;
        peer.send(HEADERS, END_STREAM, stream, &fields(&[("t", "v")]))?;
        let more = frame(CONTINUATION, 0, stream, &fields(&[("a", "0123456789abcdef")])).repeat(1000);
        loop {
            peer.send_raw(&more)?;
        }
    });
    assert_http2(&read(&server).expect_err("no end"), "trailers without end");
    let server = answering_http2(|peer, stream| {
        peer.send(HEADERS, END_HEADERS, stream, &fields(&OK))?;
        peer.send(HEADERS, END_HEADERS, stream, &fields(&[("t", "v")]))
    });
    assert_http2(
        &read(&server).expect_err("trailers that do not end"),
        "trailers that do not end the stream",
    );
}

#[test]
fn a_prior_knowledge_server_that_speaks_something_else() {
    let server = RawServer::new(|mut stream| {
        use std::io::{Read, Write};
        let _ = stream.read(&mut [0; 100]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    assert_http2(&fetch(&server).expect_err("no HTTP/2"), "HTTP/1.1");
}

#[test]
fn an_upload_that_the_server_stops() {
    // REFUSED_STREAM: nothing was done with it; NO_ERROR after a whole response: the rest is not wanted.
    let server = answering_http2(|peer, stream| {
        peer.send(HEADERS, END_HEADERS, stream, &fields(&[(":status", "413")]))?;
        peer.send(DATA, END_STREAM, stream, b"too large")?;
        peer.send(RST_STREAM, 0, stream, &0u32.to_be_bytes())
    });
    on(async {
        let upload = Request::new(server.url("/")).method("POST").body(vec![b'x'; 4 << 20]);
        let mut response = http2_agent().fetch(upload).await.expect("an answer");
        assert_eq!((response.status(), &*response.text().await.expect("text")), (413, "too large"));
    });
    let server = answering_http2(|peer, stream| peer.send(RST_STREAM, 0, stream, &7u32.to_be_bytes()));
    on(async {
        let upload = Request::new(server.url("/")).method("POST").body(vec![b'x'; 4 << 20]);
        let error = http2_agent().fetch(upload).await.expect_err("always refused");
        assert_http2(&error, "REFUSED_STREAM");
    });
    // Refused once, and then not: the body is sent again, whole.
    let times = std::sync::atomic::AtomicUsize::new(0);
    let server = answering_http2(move |peer, stream| {
        if times.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            // What the refused stream took of the connection's window is given back.
            peer.send(WINDOW_UPDATE, 0, 0, &(1u32 << 20).to_be_bytes())?;
            return peer.send(RST_STREAM, 0, stream, &7u32.to_be_bytes());
        }
        let length = peer.read_body(stream)?.len().to_string();
        peer.respond(stream, length.as_bytes())
    });
    on(async {
        let told = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
        let tell = told.clone();
        let upload =
            Request::new(server.url("/")).method("POST").body(vec![b'x'; 60_000]).on_upload(move |bytes| {
                tell.fetch_add(bytes, std::sync::atomic::Ordering::SeqCst);
            });
        let mut response = http2_agent().fetch(upload).await.expect("taken in the end");
        assert_eq!(response.text().await.expect("text"), "60000");
        // What was handed over twice is told twice, and no more.
        assert!(told.load(std::sync::atomic::Ordering::SeqCst) <= 120_000);
    });
}
