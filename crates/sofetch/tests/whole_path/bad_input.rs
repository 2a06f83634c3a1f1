//! Whatever a server says over HTTP/1.1 or TLS, or a caller gives, is a typed error: no panic, no hang, no memory
//! without bounds. HTTP/2 has a file of its own, and the security rows what they name.
//!
//! Long by its tables: what a stranger can say is a row each.

use std::io::Write;
use std::sync::Arc;

use sofetch::core::rules::redirect::Redirect;
use sofetch::{
    Bytes, Error, ErrorKind, Misuse, Mode, NetworkFault, PeerMisbehaved, Reason, RedirectMode, Request,
    Ruling, UserAgent, WireFault,
};
use sofetch_testkit::loopback::{
    Ending, Reply, ServerConfig, answering, authority, serve, serve_reply, start,
};

use crate::support::{
    RawServer, Web, agent, agent_with, go, on, peer, port_is_at, read_head, ruling,
    servers_that_are_not_believed, trust, wire,
};

/// Fetches from a server that says this, and reads the body.
fn read(bytes: impl Into<Vec<u8>>) -> Result<Bytes, Error> {
    let server = RawServer::saying(bytes);
    on(async { agent().fetch(server.url("/")).await?.bytes().await })
}

#[test]
fn lengths_of_64_bits() {
    // As large as can be said: the body is simply not that long.
    for length in ["9223372036854775807", "9223372036854775808", "18446744073709551613"] {
        let error =
            read(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nabc")).expect_err(length);
        assert!(
            matches!(peer(&error), PeerMisbehaved::Truncated | PeerMisbehaved::ContentLength { .. }),
            "{length}: {error:?}"
        );
    }
    for length in
        ["18446744073709551614", "18446744073709551615", "18446744073709551616", "99999999999999999999999"]
    {
        let error =
            read(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nabc")).expect_err(length);
        assert_eq!(error.kind(), ErrorKind::Peer, "{length}: {error:?}");
    }
    // A range that cannot be.
    let server = serve_reply(
        Reply::new(206)
            .header("Content-Range", "bytes 18446744073709551615-18446744073709551616/*")
            .body("x"),
    );
    let request = Request::new(server.url("/")).header("Range", "bytes=18446744073709551615-");
    assert_eq!(on(async { agent().fetch(request).await }).expect("an answer").status(), 206);
}

#[test]
fn heads_that_are_none() {
    for said in [
        "",
        "H",
        "HTTP/1.1",
        "HTTP/1.1 2",
        "HTTP/1.1 20x OK\r\n\r\n",
        "HTTP/1.1 99999 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 -20 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b",
        "HTTP/1.1 200 OK\r\nA: b\r\n",
        "HTTP/1.1 200 OK\r\n\0: b\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}",
        "<html>",
    ] {
        let error = read(said).expect_err(said);
        let closed = matches!(error.reason(), Some(Reason::Wire(WireFault::Closed { reused: false, .. })));
        assert!(closed || matches!(error.kind(), ErrorKind::Peer), "{said:?}: {error:?}");
        assert!(error.is_network());
    }
    // Every byte, at the beginning and in a header: an answer or an error.
    for byte in 0..=255u8 {
        for said in [
            [&[byte][..], b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"].concat(),
            [b"HTTP/1.1 200 O", &[byte][..], b"K\r\nContent-Length: 0\r\n\r\n"].concat(),
            [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA", &[byte][..], b"B: c\r\n\r\n"].concat(),
            [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: b", &[byte][..], b"c\r\n\r\n"].concat(),
        ] {
            if let Err(error) = read(said) {
                assert!(error.is_network(), "{byte}: {error:?}");
            }
        }
    }
}

#[test]
fn a_reset_in_every_phase() {
    let reset = |bytes: &'static [u8]| serve(move |_| Reply::raw(bytes).ending(Ending::Reset));
    on(async {
        let agent = agent();
        // Before a byte, within the head,
        for server in [serve(|_| Reply::reset()), reset(b"HTTP/1.1 20"), reset(b"HTTP/1.1 200 OK\r\nA: b")] {
            let error = agent.fetch(server.url("/")).await.expect_err("no head");
            assert!(matches!(wire(&error), WireFault::Closed { .. }), "{error:?}");
            let upload = Request::new(server.url("/")).method("POST").body(vec![b'x'; 1 << 20]);
            assert!(matches!(
                wire(&agent.fetch(upload).await.expect_err("no head")),
                WireFault::Closed { .. }
            ));
        }
        // within each kind of body,
        for server in [
            reset(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123"),
            reset(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n123\r\n"),
            reset(b"HTTP/1.1 200 OK\r\n\r\n123"),
            reset(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08"),
        ] {
            // The reset may overtake the head.
            let error = match agent.fetch(server.url("/")).await {
                Ok(mut response) => response.bytes().await.expect_err("half a body"),
                Err(error) => error,
            };
            let cut = matches!(
                error.reason(),
                Some(
                    Reason::Wire(WireFault::BodyCut { .. } | WireFault::Closed { .. })
                        | Reason::Peer(PeerMisbehaved::Truncated)
                )
            );
            assert!(cut, "{error:?}");
        }
        // within the TLS handshake,
        let deaf = RawServer::new(|mut stream| {
            use std::io::Read;
            let _ = stream.read(&mut [0; 100]);
        });
        let error = agent.fetch(format!("https://{}/", deaf.address)).await.expect_err("no handshake");
        assert!(error.is_tls(), "{error:?}");
        // and before it all.
        let gone = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let error =
            agent.fetch(format!("http://{}/", gone.expect("a port"))).await.expect_err("nobody there");
        let WireFault::Connect { tried } = wire(&error) else { panic!("{error:?}") };
        assert_eq!(tried.len(), 1);
        assert!(error.is_connect() && format!("{error:#}").contains("refused"), "{error:#}");
    });
}

/// `ab`, stored.
const GZIP: [u8; 25] =
    [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 1, 2, 0, 253, 255, b'a', b'b', 0x6d, 0x48, 0x83, 0x9e, 2, 0, 0, 0];

fn coded(body: &[u8]) -> Reply {
    Reply::ok(body.to_vec()).header("Content-Encoding", "gzip")
}

#[test]
fn a_cut_tls_stream_is_no_end() {
    let authority = authority();
    let identity = authority.issue(&["a.test"]).expect("a name");
    let server = start(ServerConfig::https(
        identity,
        answering(|request| match request.path() {
            "/until-close" => Reply::ok("12345").until_close().ending(Ending::Close),
            "/until-cut" => Reply::ok("12345").until_close().ending(Ending::Cut),
            "/coded" => coded(&GZIP).until_close().ending(Ending::Cut),
            "/coded-in-part" => coded(&GZIP[..20]).until_close().ending(Ending::Cut),
            "/coded-and-short" => coded(&GZIP).header("Content-Length", "99").as_given().ending(Ending::Cut),
            _ => Reply::new(200).header("Content-Length", "9").as_given().body("12345").ending(Ending::Cut),
        }),
    ));
    on(async {
        let agent = agent_with(|config| {
            trust(config, &authority);
            port_is_at(config, 443, server.address());
        });
        let read = async |path: &str| {
            agent.fetch(format!("https://a.test{path}")).await.expect("a head").bytes().await
        };
        assert_eq!(read("/until-close").await.expect("ended"), "12345");
        // An attacker could have cut it: nothing framed it.
        for path in ["/until-cut", "/length", "/coded-in-part", "/coded-and-short"] {
            let error = read(path).await.expect_err(path);
            assert_eq!(*peer(&error), PeerMisbehaved::Truncated, "{path}");
        }
        // A coding that says where it ends was not cut.
        assert_eq!(read("/coded").await.expect("whole"), "ab");
        // A page takes the connection's end for the body's, as browsers do, where nothing says more.
        let page = agent.page("https://a.test/").expect("a page");
        let read = async |path: &str| page.fetch(path).await.expect("a head").bytes().await;
        assert_eq!(read("/until-cut").await.expect("ended"), "12345");
        for path in ["/length", "/coded-in-part", "/coded-and-short"] {
            assert_eq!(*peer(&read(path).await.expect_err(path)), PeerMisbehaved::Truncated, "{path}");
        }
    });
}

#[test]
fn trailers_without_end() {
    for line in ["X-Name: 0123456789abcdef\r\n", "0123456789abcdef"] {
        let server = RawServer::repeating(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n",
            line.repeat(1000),
        );
        let error = on(async { agent().fetch(server.url("/")).await?.bytes().await }).expect_err("no end");
        assert!(matches!(peer(&error), PeerMisbehaved::InvalidChunk { .. }), "{error:?}");
    }
    // An extension of a chunk without end.
    let server =
        RawServer::repeating("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", ";x=y".repeat(1000));
    let error = on(async { agent().fetch(server.url("/")).await?.bytes().await }).expect_err("no end");
    assert!(matches!(peer(&error), PeerMisbehaved::InvalidChunk { .. }), "{error:?}");
}

#[test]
fn bodies_that_do_not_decode() {
    let rows: [(&str, &[u8]); 8] = [
        ("gzip", b"not gzip at all"),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\xff"),
        ("gzip", b"\x1f\x8b\x08\xe0\0\0\0\0\0\xff"),
        ("deflate", b"\x78\x9c\xff\xff\xff\xff"),
        ("br", b"\xff\xff\xff\xff\xff"),
        ("zstd", b"not zstd at all"),
        ("zstd", b"\x28\xb5\x2f\xfd"),
        ("gzip, br", b"\xff\xff\xff\xff\xff"),
    ];
    on(async {
        let agent = agent();
        for (coding, body) in rows {
            let server = serve_reply(Reply::ok(body).header("Content-Encoding", coding));
            let error = agent.fetch(server.url("/")).await.expect("a head").bytes().await.expect_err(coding);
            assert!(matches!(peer(&error), PeerMisbehaved::InvalidCoding { .. }), "{coding}: {error:?}");
        }
        // Nothing is decoded of a chain that is known in part only, nor of no body at all.
        let server = serve_reply(Reply::ok("as it is").header("Content-Encoding", "gzip, x-unknown"));
        assert_eq!(
            agent.fetch(server.url("/")).await.expect("a head").text().await.expect("text"),
            "as it is"
        );
        let server = serve_reply(Reply::ok("").header("Content-Encoding", "gzip"));
        assert_eq!(agent.fetch(server.url("/")).await.expect("a head").text().await.expect("text"), "");
    });
}

#[test]
fn redirects_that_lead_nowhere() {
    let server = serve(|request| match request.path() {
        "/loop" => Reply::new(302).header("Location", "/loop"),
        "/twenty" => {
            let count: u32 = request.query().and_then(|count| count.parse().ok()).unwrap_or_default();
            if count == 20 {
                Reply::ok("")
            } else {
                Reply::new(302).header("Location", format!("?{}", count + 1))
            }
        }
        "/two" => Reply::new(302).header("Location", "/a").header("Location", "/b"),
        "/none" => Reply::new(302),
        path => Reply::new(302).header(
            "Location",
            match path {
                "/host" => &b"http://[/"[..],
                "/port" => b"http://a:99999/",
                "/scheme" => b"mailto:a@b.test",
                _ => b"http://user:s3cret@[/",
            },
        ),
    });
    on(async {
        let agent = agent();
        let page = agent.page(&server.url("/")).expect("a URL");
        let error = agent.fetch(server.url("/loop")).await.expect_err("a loop");
        assert_eq!(*ruling(&error), Ruling::Redirect(Redirect::TooMany { count: 20 }));
        assert_eq!(server.requests_to("/loop").len(), 21);
        assert_eq!(agent.fetch(server.url("/twenty?0")).await.expect("twenty").url_list().len(), 21);
        for path in ["/host", "/port", "/user"] {
            for fetched in [agent.fetch(server.url(path)).await, page.fetch(path).await] {
                let error = fetched.expect_err(path);
                assert!(
                    matches!(ruling(&error), Ruling::Redirect(Redirect::InvalidLocation { .. })),
                    "{path}: {error:?}"
                );
            }
            // Who follows nothing may look at it.
            let manual = Request::new(server.url(path)).redirect(RedirectMode::Manual);
            assert_eq!(agent.fetch(manual).await.expect("the redirect").status(), 302);
        }
        let error = agent.fetch(server.url("/scheme")).await.expect_err("no HTTP");
        assert!(matches!(ruling(&error), Ruling::Redirect(Redirect::NotHttpScheme { .. })));
        assert_eq!(agent.fetch(server.url("/none")).await.expect("an answer").status(), 302);
        assert!(agent.fetch(server.url("/two")).await.is_err());
        let refused = Request::new(server.url("/loop")).redirect(RedirectMode::Error);
        assert!(matches!(
            ruling(&agent.fetch(refused).await.expect_err("an error")),
            Ruling::RedirectMode(_)
        ));
        // A body that is gone cannot be sent again.
        let stream =
            Request::new(go(&server.url(""), 307, "/x")).method("POST").stream(Once(Some("x".into())));
        let error = agent.fetch(stream).await.expect_err("not replayable");
        assert!(error.is_refused(), "{error:?}");
    });
}

/// A stream of one chunk.
struct Once(Option<Bytes>);

impl sofetch::ByteStream for Once {
    fn poll_next(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Bytes, sofetch::BodyError>>> {
        std::task::Poll::Ready(self.0.take().map(Ok))
    }
}

#[test]
fn whatever_the_caller_gives() {
    let server = serve(|_| Reply::ok(""));
    on(async {
        let agent = agent();
        let page = agent.page(&server.url("/")).expect("a URL");
        for url in [
            "",
            "/",
            "//",
            "http://",
            "http:///",
            "http://a b/",
            "http://[::1",
            "http://a:65536/",
            "\0",
            "http://\u{fffd}/",
            "http://%/",
        ] {
            let error = agent.fetch(url).await.expect_err(url);
            assert_eq!(error.kind(), ErrorKind::Misuse(Misuse::InvalidUrl), "{url:?}");
            assert!(error.reason().is_none() && std::error::Error::source(&error).is_some());
        }
        assert!(agent.page("app.test").expect_err("no URL").is_misuse());
        assert!(
            agent
                .page_builder("http://app.test/")
                .base_url("http://[")
                .build()
                .expect_err("no URL")
                .is_misuse()
        );
        assert!(
            agent.page_builder("http://app.test/").top_level("x").build().expect_err("no URL").is_misuse()
        );
        type Change = fn(sofetch::PageBuilder) -> sofetch::PageBuilder;
        let policies: [Change; 5] = [
            |builder| builder.csp(" ; ,"),
            |builder| builder.csp_report_only("\u{e9}"),
            |builder| builder.integrity_policy("blocked-destinations=(script"),
            |builder| builder.integrity_policy_report_only("=").integrity_policy(""),
            |builder| builder.csp(";").csp("default-src *"),
        ];
        for change in policies {
            let error = change(agent.page_builder("http://app.test/")).build().expect_err("no policy");
            assert_eq!(error.kind(), ErrorKind::Misuse(Misuse::InvalidPolicy));
        }
        assert!(agent.page_builder("http://app.test/").csp("").integrity_policy("").build().is_ok());
        // Every byte, in a name, a value and a method: an answer, a refusal of ours, or of the codec's.
        for byte in 0..=255u8 {
            for request in [
                Request::new(server.url("/")).header([b'a', byte], "x"),
                Request::new(server.url("/")).header("a", [b'x', byte, b'x']),
                Request::new(server.url("/")).method(format!("A{}", byte as char)),
            ] {
                if let Err(error) = agent.fetch(request).await {
                    let carried = matches!(error.reason(), Some(Reason::Wire(WireFault::CannotCarry { .. })));
                    assert!(error.is_misuse() || carried, "{byte}: {error:?}");
                }
            }
        }
        for (row, misuse, request) in [
            ("keepalive with a stream", Misuse::KeepaliveStream, {
                Request::new("/").method("POST").keepalive(true).stream(Once(None))
            }),
            ("a stream under no-cors", Misuse::StreamMode, {
                Request::new("/").method("POST").mode(Mode::NoCors).stream(Once(None))
            }),
            ("a referrer that is none", Misuse::InvalidUrl, Request::new("/").referrer("http://[")),
            ("JSON that is none", Misuse::Serialize, {
                Request::new("/").method("POST").json(&std::collections::BTreeMap::from([(vec![1], 1)]))
            }),
            ("only-if-cached across origins", Misuse::OnlyIfCachedMode, {
                Request::new("/").cache(sofetch::CacheMode::OnlyIfCached)
            }),
            ("a navigation's destination", Misuse::Destination, {
                Request::new("/").destination(sofetch::Destination::Document)
            }),
            ("a worker's destination", Misuse::Destination, {
                Request::new("/").destination(sofetch::Destination::Worker)
            }),
        ] {
            let error = page.fetch(request).await.expect_err(row);
            assert_eq!(error.kind(), ErrorKind::Misuse(misuse), "{row}");
        }
        // A long URL is sent or refused; a very long one is refused.
        let long = format!("{}{}", server.url("/"), "x".repeat(60_000));
        agent.fetch(&long).await.expect("an answer");
        let longer = format!("{}{}", server.url("/"), "x".repeat(70_000));
        let error = agent.fetch(&longer).await.expect_err("over the codec's limit");
        assert!(matches!(wire(&error), WireFault::CannotCarry { what: "request-target", .. }));
        // So are more headers than the codec's map holds.
        let many = (0..40_000)
            .fold(Request::new(server.url("/")), |request, n| request.header(format!("x-{n}"), ""));
        let error = agent.fetch(many).await.expect_err("over the codec's limit");
        assert!(matches!(wire(&error), WireFault::CannotCarry { what: "header-list", .. }));
    });
    assert_eq!(server.complaints(), [""; 0]);
}

#[test]
fn a_body_of_the_caller_s_that_fails() {
    struct Failing(bool);
    impl sofetch::ByteStream for Failing {
        fn poll_next(
            &mut self,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<Bytes, sofetch::BodyError>>> {
            let first = std::mem::replace(&mut self.0, false);
            std::task::Poll::Ready(Some(if first {
                Ok(Bytes::from_static(b"some"))
            } else {
                Err(sofetch::BodyError::new(std::io::Error::other("the disk is gone")))
            }))
        }
    }
    let server = serve(|_| Reply::ok(""));
    on(async {
        let agent = agent();
        for first in [true, false] {
            let request = Request::new(server.url("/")).method("POST").stream(Failing(first));
            let error = agent.fetch(request).await.expect_err("half a body");
            assert!(!error.is_misuse() && !error.is_refused(), "{error:?}");
        }
    });
    assert_eq!(server.requests().len(), 0, "a part was not taken for the whole");
}

#[test]
fn certificates_that_are_not_believed() {
    let own = authority();
    for (row, server) in servers_that_are_not_believed(&own, "a.test") {
        on(async {
            let configure = |config: &mut sofetch::net::NetworkConfig| {
                trust(config, &own);
                port_is_at(config, 443, server.address());
            };
            let error = agent_with(configure).fetch("https://a.test/").await.expect_err(row);
            assert!(
                error.is_tls() && error.is_connect() && error.kind() == ErrorKind::Network,
                "{row}: {error:?}"
            );
            let anybody = UserAgent::builder().network_config(configure).danger_accept_invalid_certs(true);
            anybody.build().expect("usable").fetch("https://a.test/").await.expect("whoever it is");
        });
    }
    // Plain HTTP where TLS is spoken, and the other way round.
    let web = Web::new();
    on(async {
        let agent = web.agent();
        let plain = web.plain.address().port();
        let error = agent.fetch(format!("https://127.0.0.1:{plain}/")).await.expect_err("no TLS");
        assert!(error.is_tls(), "{error:?}");
        let secure = web.secure.address().port();
        let error = agent.fetch(format!("http://127.0.0.1:{secure}/")).await.expect_err("TLS");
        assert!(error.is_network(), "{error:?}");
    });
    // Settings that cannot be used are told when the agent is made.
    for broken in [
        UserAgent::builder().add_root_certificates_pem("no PEM"),
        UserAgent::builder().client_identity_pem("no PEM", "no key"),
    ] {
        let error = broken.build().expect_err("no PEM");
        assert_eq!(error.kind(), ErrorKind::Misuse(Misuse::Settings));
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

#[test]
fn two_runtimes_share_an_agent_and_the_first_is_dropped() {
    let server = serve(|request| match request.path() {
        "/half" => {
            Reply::new(200).header("Content-Length", "9").as_given().body("12345").ending(Ending::Hang)
        }
        "/hang" => Reply::hang(),
        _ => Reply::ok("here"),
    });
    let agent = agent();
    let first = runtime();
    first.block_on(async { agent.fetch(server.url("/")).await?.bytes().await }).expect("the first runtime's");
    // While the first lives, its sockets serve the second.
    on(async { agent.fetch(server.url("/")).await?.bytes().await })
        .expect("the second's, by the first's sockets");
    assert_eq!(server.connections(), 1);
    let mut half = first.block_on(async { agent.fetch(server.url("/half")).await }).expect("a head");
    // One waits while the runtime goes.
    let (waiting, url) = (agent.clone(), server.url("/hang"));
    let waiter = std::thread::spawn(move || on(async { waiting.fetch(&url).await }));
    on(server.until_requests(4));
    first.shutdown_background();
    let error = waiter.join().expect("no panic").expect_err("nobody will answer");
    assert!(matches!(wire(&error), WireFault::RuntimeGone), "{error:?}");
    let error = on(half.bytes()).expect_err("nobody will read");
    assert!(matches!(wire(&error), WireFault::RuntimeGone), "{error:?}");
    for _ in 0..2 {
        let error =
            on(async { agent.fetch(server.url("/")).await }).expect_err("there is no runtime any more");
        assert!(matches!(wire(&error), WireFault::RuntimeGone), "{error:?}");
    }
    // A deadline still is one.
    let request = Request::new(server.url("/")).timeout(std::time::Duration::from_secs(3600));
    assert!(on(async { agent.fetch(request).await }).is_err());
    // An agent with a runtime of its own does not care whose the callers are.
    let own = UserAgent::builder().own_runtime().build().expect("usable");
    for _ in 0..2 {
        let passing = runtime();
        passing.block_on(async { own.fetch(server.url("/")).await?.bytes().await }).expect("its own sockets");
        passing.shutdown_background();
    }
}

#[test]
fn a_body_outlives_its_agent() {
    let server = serve(|_| Reply::ok(vec![b'x'; 300_000]));
    for own_runtime in [true, false] {
        on(async {
            let builder = UserAgent::builder();
            let builder = if own_runtime { builder.own_runtime() } else { builder };
            let agent = builder.build().expect("usable");
            let mut response = agent.fetch(server.url("/")).await.expect("a head");
            drop(agent);
            assert_eq!(response.bytes().await.expect("a body").len(), 300_000);
        });
    }
}

#[test]
fn faults_have_words_and_sources() {
    let fault: NetworkFault = PeerMisbehaved::Truncated.into();
    assert_eq!(fault.to_string(), "truncated");
    let server = RawServer::new(|mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n1");
    });
    let error =
        on(async { agent().fetch(server.url("/p?token=s3cret#f")).await?.bytes().await }).expect_err("cut");
    let shown = format!("{error} {error:#}");
    assert!(shown.contains("truncated") && shown.contains(&server.url("/p")), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
    let shared: Arc<dyn std::error::Error + Send + Sync> = Arc::new(error);
    assert!(shared.source().is_none());
}
