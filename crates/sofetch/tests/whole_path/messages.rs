//! What stands on the wire, and what comes off it: rows 62, 63, 67 to 75 and 98.
//!
//! Long by its rows: each is a test of its own.

use std::sync::{Arc, Mutex};

use sofetch::core::infrastructure::form_data::FormDataEntry;
use sofetch::core::infrastructure::timing::ResponseBodyInfo;
use sofetch::core::rules::cors_check::CorsCheck;
use sofetch::{
    Blob, Bytes, CredentialsMode, Error, ErrorKind, File, FormData, Headers, Misuse, Mode, PeerMisbehaved,
    Request, Response, ResponseType, Ruling, WireFault,
};
use sofetch_testkit::loopback::{Reply, serve, serve_reply};

use crate::support::{RawServer, agent, on, peer, read_head, readable, ruling, say, wire};

#[test]
fn row_62_every_route_of_an_opaque_response_goes_through_its_filter() {
    let server = serve_reply(Reply::ok("{\"secret\":1}").header("Content-Type", "application/json"));
    on(async {
        let page = agent().page("http://app.test/").expect("a URL");
        let opaque = || async {
            page.fetch(Request::new(server.url("/secret")).mode(Mode::NoCors)).await.expect("opaque")
        };
        let mut response = opaque().await;
        assert_eq!(response.response_type(), ResponseType::Opaque);
        assert_eq!((response.url(), response.url_list().len(), response.redirected()), ("", 0, false));
        assert_eq!((response.status(), response.ok(), response.status_text()), (0, false, String::new()));
        assert!(response.headers().is_empty() && response.mime_type().is_none());
        assert!(!response.has_body());
        assert_eq!(response.bytes().await.expect("nothing"), "");
        assert_eq!(response.bytes_at_most(9).await.expect("nothing"), "");
        assert_eq!(response.text().await.expect("nothing"), "");
        assert_eq!(response.text_with_charset().await.expect("nothing"), "");
        assert_eq!(response.blob().await.expect("nothing").size(), 0);
        assert!(response.json::<serde_json::Value>().await.expect_err("nothing").is_decode());
        assert!(response.form_data().await.expect_err("nothing").is_decode());
        assert_eq!(response.body().expect("nothing").chunk().await.expect("nothing"), None);
        let mut twin = response.clone().expect("nothing was used");
        assert_eq!(
            (twin.response_type(), twin.text().await.expect("nothing")),
            (ResponseType::Opaque, String::new())
        );
        assert!(!format!("{:?}", opaque().await).contains("secret"));
        // `http` has no status 0, and nobody is told of a 200.
        let error = http::Response::try_from(opaque().await).expect_err("it cannot be said");
        assert_eq!(error.kind(), ErrorKind::Misuse(Misuse::InvalidStatus));
    });
}

#[test]
fn row_63_timing_across_origins_tells_nothing_without_leave() {
    let hidden = serve(|request| match request.path() {
        "/go" => readable(Reply::new(302).header("Location", "/end")),
        _ => readable(Reply::ok("12345").header("Content-Encoding", "identity")),
    });
    let allowed = serve_reply(readable(Reply::ok("12345")).header("Timing-Allow-Origin", "*"));
    on(async {
        let page = agent().page("http://app.test/").expect("a URL");
        let measure = |url: String| {
            let page = page.clone();
            async move {
                let told = Arc::new(Mutex::new(None));
                let tell = told.clone();
                let request = Request::new(url).on_timing(move |timing| {
                    *tell.lock().expect("no panic with it") = Some(timing);
                });
                page.fetch(request).await.expect("readable").bytes().await.expect("bytes");
                told.lock().expect("no panic with it").take().expect("told at the end")
            }
        };
        let opaque = measure(hidden.url("/go")).await;
        let info = &opaque.timing_info;
        assert!(!opaque.timing_allow_passed);
        assert_eq!((info.redirect_start_time.0, info.redirect_end_time.0), (0, 0));
        assert_eq!(info.final_network_request_start_time.0, 0);
        assert_eq!(info.final_network_response_start_time.0, 0);
        assert!(info.final_connection_timing_info.is_none());
        assert!(info.server_timing_headers.is_empty());
        let open = measure(allowed.url("/")).await;
        assert!(open.timing_allow_passed);
        assert_ne!(open.timing_info.final_network_request_start_time.0, 0);
        // Of an opaque response not even sizes.
        let told = Arc::new(Mutex::new(None));
        let tell = told.clone();
        let request = Request::new(hidden.url("/x")).mode(Mode::NoCors).on_timing(move |timing| {
            *tell.lock().expect("no panic with it") = Some(timing.body_info);
        });
        drop(page.fetch(request).await.expect("opaque").into_core().into_internal().body);
        let sizes: Option<ResponseBodyInfo> = told.lock().expect("no panic with it").take();
        assert!(sizes.is_none_or(|sizes| (sizes.encoded_size, sizes.decoded_size) == (0, 0)));
    });
}

#[test]
fn row_66_what_a_server_allows_is_taken_to_the_byte() {
    let mismatch = |allowed: &str| CorsCheck::OriginMismatch {
        allowed: allowed.to_owned(),
        origin: "http://app.test".to_owned(),
        tainted: false,
        credentials: true,
    };
    on(async {
        let agent = agent();
        for allowed in [
            "http://app.test.evil.test",
            "http://notapp.test",
            "http://app.test/",
            "http://APP.TEST",
            "http://app.test:80",
            "https://app.test",
            "http://*.test",
            "http://app.test, http://app.test",
            "app.test",
            "null",
            "*",
        ] {
            let server = serve(move |_| {
                Reply::ok("x")
                    .header("Access-Control-Allow-Origin", allowed)
                    .header("Access-Control-Allow-Credentials", "true")
            });
            let page = agent.page("http://app.test/").expect("a URL");
            let request = Request::new(server.url("/")).credentials(CredentialsMode::Include);
            let error = page.fetch(request).await.expect_err(allowed);
            assert_eq!(*ruling(&error), Ruling::CorsCheck(mismatch(allowed)));
        }
        for said in ["True", "TRUE", "1", "true, true", ""] {
            let server = serve(move |_| {
                Reply::ok("x")
                    .header("Access-Control-Allow-Origin", "http://app.test")
                    .header("Access-Control-Allow-Credentials", said)
            });
            let page = agent.page("http://app.test/").expect("a URL");
            let request = Request::new(server.url("/")).credentials(CredentialsMode::Include);
            let error = page.fetch(request).await.expect_err(said);
            assert!(
                matches!(ruling(&error), Ruling::CorsCheck(CorsCheck::CredentialsNotAllowed { .. })),
                "{said}"
            );
        }
    });
}

#[test]
fn row_67_integrity_accepts_what_matches_and_nothing_else() {
    // Of "hello\n".
    const SHA256: &str = "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM=";
    const SHA384: &str = "HQ8oTv4+3qS5yjvVFPoTSxfq42HMx6Hu/v+AG5vWYE4B8h9r8knvAwWZ8MIY8rqM";
    const SHA512: &str =
        "58IrmUxZ2c8rSOVJseJGZmNgRZMNPafBrLKZ0cO3+TH5Sq5B7dosKyB6NuEPi8uNRSI+VIePWzFufOO2vAGWKQ==";
    let server = serve_reply(readable(Reply::ok("hello\n")));
    let tampered = serve_reply(readable(Reply::ok("hell0\n")));
    let other = SHA256.replace('W', "X");
    let rows = [
        ("one that matches", format!("sha256-{SHA256}"), true, false),
        ("in base64url", format!("sha384-{}", SHA384.replace('+', "-").replace('/', "_")), true, false),
        ("with options", format!("sha512-{SHA512}?ct=text/plain"), true, false),
        ("two of one kind, one matches", format!("sha256-{other} sha256-{SHA256}"), true, false),
        ("a valid one beside an unknown kind", format!("md5-xxxx sha256-{SHA256}"), true, false),
        (
            "the strongest counts, and does not match",
            format!("sha256-{SHA256} sha512-{SHA384}"),
            false,
            false,
        ),
        ("one that does not match", format!("sha256-{other}"), false, false),
        ("nothing that can be judged", "md5-xxxx".to_owned(), true, true),
    ];
    on(async {
        let agent = agent();
        let page = agent.page("http://app.test/").expect("a URL");
        for (row, metadata, intact, broken) in rows {
            for (server, expected) in [(&server, intact), (&tampered, broken)] {
                let request = || Request::new(server.url("/")).integrity(&metadata);
                for fetched in [agent.fetch(request()).await, page.fetch(request()).await] {
                    match fetched {
                        Ok(mut response) => {
                            assert!(expected, "{row}");
                            assert_eq!(response.bytes().await.expect("bytes").len(), 6, "{row}");
                        }
                        Err(error) => {
                            assert!(!expected, "{row}: {error:#}");
                            assert!(matches!(ruling(&error), Ruling::Integrity(_)), "{row}: {error:#}");
                        }
                    }
                }
            }
        }
        // A page cannot judge what it may not see.
        let request = Request::new(server.url("/")).mode(Mode::NoCors).integrity(format!("sha256-{SHA256}"));
        assert!(page.fetch(request).await.expect_err("opaque").is_refused());
    });
}

/// What a raw server hears of one request, as far as it is sent: head and body.
fn heard(request: impl FnOnce(String) -> Request) -> (Result<Response, Error>, String) {
    let heard = Arc::new(Mutex::new(String::new()));
    let tell = heard.clone();
    let server = RawServer::new(move |mut stream| {
        let head = read_head(&mut stream);
        let length =
            head.split("Content-Length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        let _ = std::io::Read::read_exact(&mut stream, &mut body);
        let said = head + &String::from_utf8_lossy(&body);
        tell.lock().expect("no panic with it").push_str(&said);
        say(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    });
    let fetched = on(async { agent().fetch(request(server.url("/"))).await });
    let heard = heard.lock().expect("no panic with it").clone();
    (fetched, heard)
}

const BREAKS: [&str; 4] = ["\r\nX-Injected: 1", "\nX-Injected: 1", "\rX-Injected: 1", "\0X-Injected: 1"];

/// No line of what was sent is one that was smuggled in.
#[track_caller]
fn assert_whole(heard: &str, row: &str) {
    assert!(!heard.lines().any(|line| line.starts_with("X-Injected")), "{row}: {heard}");
    assert!(!heard.contains("\rX-Injected") && !heard.contains('\0'), "{row}: {heard}");
}

#[test]
fn row_68_no_line_break_of_the_callers_reaches_the_wire() {
    for injected in BREAKS {
        for (row, misuse, request) in [
            (
                "a method",
                Misuse::InvalidMethod,
                Request::new("http://127.0.0.1/").method(format!("GET{injected}")),
            ),
            (
                "a header's name",
                Misuse::InvalidHeaderName,
                Request::new("http://127.0.0.1/").header(format!("A{injected}"), "x"),
            ),
            (
                "a header's value",
                Misuse::InvalidHeaderValue,
                Request::new("http://127.0.0.1/").header("A", format!("x{injected}")),
            ),
            (
                "a host header",
                Misuse::InvalidHeaderValue,
                Request::new("http://127.0.0.1/").header("Host", format!("x{injected}")),
            ),
            (
                "a token",
                Misuse::InvalidHeaderValue,
                Request::new("http://127.0.0.1/").bearer(&format!("x{injected}")),
            ),
            ("a URL's host", Misuse::InvalidUrl, Request::new(format!("http://[{injected}]/"))),
        ] {
            let error = on(async { agent().fetch(request).await }).expect_err(row);
            assert_eq!(error.kind(), ErrorKind::Misuse(misuse), "{row}: {injected:?}");
        }
        // In a path and a query it is stripped or escaped, as the URL Standard has it.
        let (fetched, said) = heard(|url| Request::new(format!("{url}p{injected}?q{injected}#f{injected}")));
        fetched.expect("an answer");
        assert_whole(&said, "a path");
        // A blob's type that could not be a header is none.
        let blob = Blob::new([Bytes::from("x")], &format!("text/plain{injected}"));
        let (fetched, said) = heard(|url| Request::new(url).method("POST").blob(blob));
        fetched.expect("an answer");
        assert_whole(&said, "a blob's type");
        assert!(!said.contains("Content-Type"), "{said}");
        // In a form, names, file names and types are escaped or dropped; a value is its own part's body.
        let mut form = FormData::default();
        let file = File {
            blob: Blob::new([Bytes::from("x")], &format!("text/plain{injected}")),
            name: format!("name\"{injected}"),
            last_modified: 0,
        };
        form.append(FormDataEntry::create(format!("field\"{injected}"), file, None, 0));
        let (fetched, said) = heard(|url| Request::new(url).method("POST").form_data(form));
        fetched.expect("an answer");
        let head = said.split("\r\n\r\n").next().unwrap_or_default();
        assert_whole(head, "a form's head");
        assert!(!said.lines().any(|line| line.starts_with("X-Injected")), "{said}");
        assert!(!said.contains("\rX-Injected"), "{said}");
    }
}

#[test]
fn row_69_header_values_are_checked_whoever_gives_them() {
    on(async {
        let agent = agent();
        let page = agent.page("http://app.test/").expect("a URL");
        for value in ["a\r\nb", "a\nb", "a\rb", "a\0b"] {
            assert!(Headers::from_pairs([("X", value)]).expect_err(value).is_misuse());
            let request = || Request::new("http://127.0.0.1:9/").set_header("X", value);
            assert!(agent.fetch(request()).await.expect_err(value).is_misuse());
            assert!(page.fetch(request()).await.expect_err(value).is_misuse());
        }
    });
    // Other control bytes are header values to the Standard; what the codec cannot carry it says, and sends nothing.
    let (fetched, said) = heard(|url| Request::new(url).header("X", "a\x01b"));
    let error = fetched.expect_err("hyper cannot carry it");
    assert!(matches!(wire(&error), WireFault::CannotCarry { what: "header-value", .. }));
    assert_eq!(said, "");
}

#[test]
fn row_70_nobody_sets_what_frames_a_message() {
    let server = serve(|_| readable(Reply::ok("")));
    let names = [
        "Content-Length",
        "content-length",
        "Transfer-Encoding",
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "Upgrade",
        "TE",
        "Trailer",
    ];
    on(async {
        let agent = agent();
        let page = agent.page("http://app.test/").expect("a URL");
        for name in names {
            for method in ["GET", "POST"] {
                let request = || Request::new(server.url("/")).method(method).header(name, "5");
                let error = agent.fetch(request()).await.expect_err(name);
                assert_eq!(error.kind(), ErrorKind::Misuse(Misuse::FramingHeader), "{name}");
                // A page's is left out without a word, as the Standard has it.
                page.fetch(request()).await.expect(name);
            }
        }
        let converted = http::Request::post(server.url("/converted")).header("Content-Length", "99");
        agent.fetch(converted.body("abc").expect("a request")).await.expect("framed by its body");
    });
    for request in server.requests() {
        let length = if request.target == "/converted" { "3" } else { "0" };
        let expected = (request.method == "POST").then(|| length.to_owned());
        assert_eq!(request.header("Content-Length"), expected);
        assert_eq!((request.header("Transfer-Encoding"), request.header("TE")), (None, None));
    }
    assert_eq!(server.complaints(), [""; 0]);
}

#[test]
fn row_71_a_body_under_get_is_a_page_s_error_and_framed_for_the_owner() {
    let server = serve(|request| readable(Reply::ok(request.body.clone())));
    on(async {
        let agent = agent();
        let page = agent.page("http://app.test/").expect("a URL");
        for method in ["GET", "HEAD"] {
            let request =
                || Request::new(server.url("/")).method(method).body("GET /smuggled HTTP/1.1\r\n\r\n");
            let error = page.fetch(request()).await.expect_err(method);
            assert_eq!(error.kind(), ErrorKind::Misuse(Misuse::BodyNotAllowed));
            agent.fetch(request()).await.expect("an answer").bytes().await.expect("a body");
            // What follows on the same connection is the next request and nothing else.
            agent.fetch(server.url("/next")).await.expect("an answer").bytes().await.expect("a body");
        }
    });
    let lines: Vec<_> =
        server.requests().iter().map(|request| (request.target.clone(), request.body.len())).collect();
    let pair = [("/".to_owned(), 26), ("/next".to_owned(), 0)];
    assert_eq!(lines, [pair.clone(), pair].concat());
    assert_eq!((server.complaints(), server.connections()), (Vec::new(), 1));
}

/// Fetches from a server that says this, and reads the body.
fn read(bytes: impl Into<Vec<u8>>) -> Result<Bytes, Error> {
    let server = RawServer::saying(bytes);
    on(async { agent().fetch(server.url("/")).await?.bytes().await })
}

#[test]
fn row_72_chunk_sizes_that_are_none() {
    for size in [
        "8000000000000000",
        "10000000000000000",
        "FFFFFFFFFFFFFFFF",
        "FFFFFFFFFFFFFFFFF",
        "100000000000000000000000000000001",
        "0x10",
        "-1",
        "+1",
        "1 1",
        "",
        "g",
        "1\u{0}",
    ] {
        let said = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\na\r\n0\r\n\r\n");
        let error = read(said).expect_err(size);
        let fault = peer(&error);
        assert!(
            matches!(fault, PeerMisbehaved::InvalidChunk { .. } | PeerMisbehaved::Truncated),
            "{size:?}: {fault:?}"
        );
    }
    for (row, rest) in [
        ("a chunk longer than it says", "1\r\nab\r\n0\r\n\r\n"),
        ("no line break after a chunk", "1\r\na0\r\n\r\n"),
        ("a bare line feed after a size", "1\na\r\n0\r\n\r\n"),
        ("no last chunk", "1\r\na\r\n"),
        ("a cut in a size", "1\r\na\r\n1"),
        ("a cut in a chunk", "5\r\nab"),
        ("a cut in the trailers", "1\r\na\r\n0\r\nX: y\r\n"),
    ] {
        let error =
            read(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{rest}")).expect_err(row);
        assert!(
            matches!(peer(&error), PeerMisbehaved::InvalidChunk { .. } | PeerMisbehaved::Truncated),
            "{row}: {error:?}"
        );
    }
    let spaced =
        read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1 ;x=\"y\"\r\na\r\n0\r\nT: v\r\n\r\n");
    assert_eq!(spaced.expect("spaces before an extension are allowed"), "a");
}

#[test]
fn row_73_framing_that_does_not_agree() {
    let head = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n1\r\na\r\n0\r\n\r\n");
    for (row, fields) in [
        ("lengths that differ, in one", "Content-Length: 3, 4"),
        ("lengths that differ, in two", "Content-Length: 3\r\nContent-Length: 4"),
        ("a length with a sign", "Content-Length: +5"),
        ("a length with a fraction", "Content-Length: 5.0"),
        ("a length beyond 64 bits", "Content-Length: 18446744073709551616"),
        ("a negative length", "Content-Length: -1"),
    ] {
        let error = read(head(fields)).expect_err(row);
        assert!(matches!(peer(&error), PeerMisbehaved::ContentLength { .. }), "{row}: {error:?}");
    }
    let error = read("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")
        .expect_err("HTTP/1.0 has no chunks");
    assert!(matches!(peer(&error), PeerMisbehaved::InvalidHead { .. }), "{error:?}");
    // Chunks win over a length, and such a connection carries nothing after it.
    let server = serve(|request| match request.path() {
        "/both" => Reply::new(200)
            .header("Content-Length", "3")
            .header("Transfer-Encoding", "chunked")
            .as_given()
            .body("1\r\na\r\n0\r\n\r\n"),
        _ => Reply::ok("next"),
    });
    on(async {
        let agent = agent();
        assert_eq!(
            agent.fetch(server.url("/both")).await.expect("a head").bytes().await.expect("chunks"),
            "a"
        );
        assert_eq!(
            agent.fetch(server.url("/")).await.expect("a head").bytes().await.expect("a body"),
            "next"
        );
    });
    assert_eq!(server.connections(), 2);
}

#[test]
fn row_74_header_blocks_that_end_oddly() {
    for (row, said, status) in [
        ("a carriage return alone between headers", "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n", None),
        ("a block ended by CR CR LF", "HTTP/1.1 200 OK\r\nA: b\r\n\r\rX", None),
        ("NUL in a value", "HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n", None),
        ("no status", "HTTP/1.1 \r\n\r\n", None),
        ("another protocol", "SSH-2.0-x\r\n\r\n", None),
        ("nothing but a line break", "\r\n\r\n\r\n", None),
        ("line feeds alone", "HTTP/1.1 200 OK\nA: b\nContent-Length: 0\n\n", Some(200)),
        ("a folded header", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n", Some(200)),
    ] {
        let server = RawServer::saying(said);
        let fetched = on(async { agent().fetch(server.url("/")).await });
        match (fetched, status) {
            (Ok(response), Some(status)) => assert_eq!(response.status(), status, "{row}"),
            (Err(error), None) => {
                let ended = matches!(error.reason(), Some(sofetch::Reason::Wire(WireFault::Closed { .. })));
                assert!(ended || error.kind() == ErrorKind::Peer, "{row}: {error:?}");
            }
            (other, _) => panic!("{row}: {other:?}"),
        }
    }
    // A name with a blank before its colon names nothing that anybody acts upon.
    let server =
        RawServer::saying("HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\nContent-Length: 2\r\n\r\nab");
    match on(async { agent().fetch(server.url("/")).await?.bytes().await }) {
        Ok(body) => assert_eq!(body, "ab"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Peer),
    }
}

#[test]
fn row_75_an_interrupted_body_is_an_error_and_nothing_is_resumed() {
    let server = serve(|_| {
        Reply::new(200)
            .header("Content-Length", "10")
            .header("Accept-Ranges", "bytes")
            .header("ETag", "\"x\"")
            .as_given()
            .body("12345")
            .ending(sofetch_testkit::loopback::Ending::Close)
    });
    on(async {
        let agent =
            sofetch::UserAgent::builder().retry(sofetch::Retry::default()).build().expect("the defaults");
        let mut response = agent.fetch(server.url("/")).await.expect("a head");
        let error = response.bytes().await.expect_err("half a body");
        assert_eq!(*peer(&error), PeerMisbehaved::Truncated);
    });
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn row_98_bytes_are_those_that_were_sent() {
    let body: Vec<u8> = (0..2000u32).map(|n| (n % 251) as u8).collect();
    for announced in [1999, 2000, 2001] {
        let mut said = format!("HTTP/1.1 200 OK\r\nContent-Length: {announced}\r\n\r\n").into_bytes();
        said.extend_from_slice(&body);
        match read(said) {
            Ok(bytes) => {
                assert!(announced <= 2000);
                assert_eq!(bytes, body[..announced]);
            }
            Err(error) => {
                assert_eq!(announced, 2001);
                assert_eq!(*peer(&error), PeerMisbehaved::Truncated);
            }
        }
    }
}
