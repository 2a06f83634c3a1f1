//! Which host is connected to, and which may be: rows 76, 77 and 79 to 83.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sofetch::core::infrastructure::requests::Request as CoreRequest;
use sofetch::core::infrastructure::responses::{InternalResponse, Response as CoreResponse};
use sofetch::core::ports::{Answer, BoxFuture, HandledFetch, ServiceWorkers};
use sofetch::net::{ProxyRules, Resolve};
use sofetch::{Error, Mode, Request, Ruling, UserAgent, UserAgentBuilder, WireFault};
use sofetch_store::memory::MemoryBlobUrls;
use sofetch_testkit::loopback::{Reply, ServerConfig, answering, serve, serve_reply, start};

use crate::support::{Web, agent, on, ruling, wire};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Public by its block; nothing of these tests ever connects to it.
const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8));

fn guarded() -> UserAgentBuilder {
    UserAgent::builder().public_only(true)
}

#[track_caller]
fn assert_guarded(fetched: Result<sofetch::Response, Error>, row: &str) {
    let error = fetched.expect_err(row);
    assert!(matches!(wire(&error), WireFault::AddressRefused { .. }), "{row}: {error:?}");
    assert!(error.is_connect(), "{row}");
}

#[test]
fn row_76_a_path_never_changes_the_origin() {
    let web = Web::new();
    on(async {
        let agent = web.agent();
        for path in
            ["//127.0.0.1/x", "/\\127.0.0.1/x", "/@127.0.0.1/x", "/x@127.0.0.1:80/", "/.//127.0.0.1/x"]
        {
            let response = agent.fetch(format!("http://a.test{path}")).await.expect("an answer");
            assert!(response.url().starts_with("http://a.test/"), "{path}");
        }
    });
    let targets: Vec<_> = web.seen_by("http://a.test").into_iter().map(|request| request.target).collect();
    assert_eq!(
        targets,
        ["//127.0.0.1/x", "//127.0.0.1/x", "/@127.0.0.1/x", "/x@127.0.0.1:80/", "//127.0.0.1/x"]
    );
}

#[test]
fn row_77_the_host_connected_is_the_url_s() {
    struct Noting(std::sync::Mutex<Vec<String>>);
    impl Resolve for Noting {
        fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, std::io::Result<Vec<IpAddr>>> {
            self.0.lock().expect("no panic with it").push(host.to_owned());
            Box::pin(async { Ok(vec![LOOPBACK]) })
        }
    }
    let server = serve_reply(Reply::ok(""));
    let noting = Arc::new(Noting(Default::default()));
    let resolver = noting.clone();
    let agent = UserAgent::builder()
        .network_config(|config| config.resolver = Some(resolver))
        .build()
        .expect("usable");
    let port = server.address().port();
    on(async {
        for host in [
            "a.test%2F@b.test",
            "a.test%2f.b.test",
            "a.test%23b",
            "a.test%40b",
            "a%00b",
            "a b",
            "a%5Cb",
            "[::1",
        ] {
            let fetched = agent.fetch(format!("http://{host}:{port}/")).await;
            match fetched {
                // `%2F` before an `@` is a username's.
                Ok(response) => assert!(response.url().contains("b.test"), "{host}"),
                Err(error) => assert!(error.is_misuse(), "{host}: {error:?}"),
            }
        }
        for (host, resolved) in [
            ("EXAMPLE.test", "example.test"),
            ("b\u{fc}cher.test", "xn--bcher-kva.test"),
            ("a\u{3002}test", "a.test"),
        ] {
            let response = agent.fetch(format!("http://{host}:{port}/")).await.expect("an answer");
            assert!(response.url().starts_with(&format!("http://{resolved}:{port}/")));
        }
    });
    let mut asked = noting.0.lock().expect("no panic with it").clone();
    asked.dedup();
    assert_eq!(asked, ["b.test", "example.test", "xn--bcher-kva.test", "a.test"]);
    let hosts: Vec<_> = server.requests().iter().filter_map(|request| request.header("Host")).collect();
    assert!(hosts.iter().all(|host| !host.contains(['%', '@', '/'])), "{hosts:?}");
}

#[test]
fn row_79_no_spelling_of_a_private_address_is_connected_to() {
    let server = serve_reply(Reply::ok("private"));
    let port = server.address().port();
    let spellings = [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
        "127\u{3002}0\u{3002}0\u{3002}1",
        "0",
        "0.0.0.0",
        "10.0.0.1",
        "192.168.0.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "198.18.0.1",
        "192.0.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::fFFf:7f00:1]",
        "[::ffff:0:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[2001:db8::1]",
        "[100::1]",
        "localhost",
        "LOCALHOST",
        "a.localhost",
        "localhost.",
    ];
    on(async {
        let agent = guarded().build().expect("usable");
        for host in spellings {
            assert_guarded(agent.fetch(format!("http://{host}:{port}/")).await, host);
        }
    });
    assert_eq!(server.connections(), 0);
}

/// A first hop that needs no address: it redirects to what its path says.
struct FirstHop;

impl ServiceWorkers for FirstHop {
    fn may_handle(&self, request: &CoreRequest) -> bool {
        request.current_url().hostname() == "public.test"
    }

    fn handle_fetch(&self, request: CoreRequest) -> Answer<'_, HandledFetch> {
        let mut internal = InternalResponse { status: 302, ..InternalResponse::default() };
        internal.url_list = request.url_list().to_vec();
        internal.header_list.append("Location", request.current_url().path()[1..].to_owned());
        Answer::ready(HandledFetch::Response(Ok(CoreResponse::new(internal))))
    }
}

#[test]
fn row_80_every_hop_is_guarded() {
    let inner = serve_reply(Reply::ok("private"));
    let secure = crate::support::Web::new();
    on(async {
        for public_only in [true, false] {
            let agent = UserAgent::builder()
                .public_only(public_only)
                .service_workers(Arc::new(FirstHop))
                .danger_accept_invalid_certs(true)
                .build()
                .expect("usable");
            for first in ["http", "https"] {
                for target in [inner.url("/"), secure.secure.url("/")] {
                    let fetched = agent.fetch(format!("{first}://public.test/{target}")).await;
                    if public_only {
                        assert_guarded(fetched, &target);
                        assert_eq!((inner.connections(), secure.secure.connections()), (0, 0));
                    } else {
                        assert_eq!(fetched.expect("followed").url(), target);
                    }
                }
            }
        }
        // For a page as for the owner, in any mode.
        let agent = guarded().service_workers(Arc::new(FirstHop)).build().expect("usable");
        let page = agent.page("http://app.test/").expect("a URL");
        for mode in [Mode::Cors, Mode::NoCors] {
            let request = Request::new(format!("http://public.test/{}", inner.url("/"))).mode(mode);
            assert_guarded(page.fetch(request).await, "a page's");
        }
    });
}

/// Answers loopback for every name.
struct Lying(AtomicUsize);

impl Resolve for Lying {
    fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, std::io::Result<Vec<IpAddr>>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(vec![LOOPBACK, "::1".parse().expect("an address")]) })
    }
}

#[test]
fn row_81_a_public_name_with_a_private_address_is_refused_whenever_it_is_asked() {
    let server = serve_reply(Reply::ok("private"));
    let port = server.address().port();
    let lying = Arc::new(Lying(AtomicUsize::new(0)));
    let resolver = lying.clone();
    on(async {
        let agent =
            guarded().network_config(|config| config.resolver = Some(resolver)).build().expect("usable");
        for _ in 0..3 {
            assert_guarded(agent.fetch(format!("http://rebound.test:{port}/")).await, "a rebound name");
        }
        // Not by the owner's own mapping either.
        let mapped = guarded().resolve("mapped.test", port, [LOOPBACK]).build().expect("usable");
        assert_guarded(mapped.fetch(format!("http://mapped.test:{port}/")).await, "a mapped name");
        let led = guarded().connect_to("led.test", 80, server.address()).build().expect("usable");
        assert_guarded(led.fetch("http://led.test/").await, "a place led to");
    });
    assert_eq!(lying.0.load(Ordering::SeqCst), 3);
    assert_eq!(server.connections(), 0);
}

#[test]
fn row_81_proxies_are_guarded_and_so_is_what_they_are_told() {
    let proxy = serve_reply(Reply::ok("by proxy"));
    on(async {
        for scheme in ["http", "socks5", "socks5h"] {
            let rules = ProxyRules::all(&format!("{scheme}://{}", proxy.address())).expect("a proxy");
            let agent = guarded().network_config(|config| config.proxy = rules).build().expect("usable");
            assert_guarded(agent.fetch("http://example.test/").await, scheme);
            assert_guarded(agent.fetch(format!("http://{PUBLIC}/")).await, scheme);
            assert_guarded(agent.fetch("http://10.0.0.1/").await, scheme);
        }
    });
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn row_82_octal_and_short_spellings_are_one_address() {
    let server = serve_reply(Reply::ok("here"));
    let port = server.address().port();
    on(async {
        let agent = agent();
        for host in ["0177.0.0.01", "127.1", "0x7F.0X0.1", "2130706433"] {
            let response = agent.fetch(format!("http://{host}:{port}/")).await.expect(host);
            assert_eq!(response.url(), format!("http://127.0.0.1:{port}/"), "{host}");
            assert_guarded(
                guarded().build().expect("usable").fetch(format!("http://{host}:{port}/")).await,
                host,
            );
        }
        for host in ["127.0.0.1.1", "256.0.0.1", "127.0.0.0x100", "0x100000000", "1.2.3.09"] {
            assert!(agent.fetch(format!("http://{host}:{port}/")).await.expect_err(host).is_misuse());
        }
    });
}

#[test]
fn row_83_local_schemes_stay_and_the_others_are_refused() {
    let url = sofetch::Url::parse("blob:null/00000000-0000-4000-8000-000000000000", None).expect("a URL");
    let store = Arc::new(MemoryBlobUrls::default());
    let origin = sofetch::Origin::new_opaque();
    let entry = sofetch::core::infrastructure::blobs::BlobUrlEntry {
        object: sofetch::Blob::new(["blob".into()], "text/plain"),
        top_level_site: origin.site(),
        origin,
    };
    let blob = store.add(&url, entry);
    on(async {
        let agent = guarded().blob_urls(store).build().expect("usable");
        // These never leave the process: the guard has nothing to guard.
        assert_eq!(agent.fetch("data:,data").await.expect("local").text().await.expect("text"), "data");
        assert_eq!(agent.fetch("about:blank").await.expect("local").text().await.expect("text"), "");
        let own = agent.fetch(&blob).await;
        assert_eq!(own.expect("local").text().await.expect("text"), "blob");
        for refused in [
            "file:///etc/passwd",
            "ftp://127.0.0.1/",
            "ws://127.0.0.1/",
            "gopher://x/",
            "javascript:1",
            "about:x",
        ] {
            let error = agent.fetch(refused).await.expect_err(refused);
            assert!(matches!(ruling(&error), Ruling::SchemeFetch(_)), "{refused}: {error:?}");
        }
        // Nor does a redirect lead to them.
        let server = serve(|request| Reply::new(302).header("Location", request.target[1..].to_owned()));
        let plain = UserAgent::builder().build().expect("usable");
        for target in ["data:,x", "about:blank", "file:///etc/passwd", "ftp://127.0.0.1/"] {
            let error = plain.fetch(server.url(&format!("/{target}"))).await.expect_err(target);
            assert!(matches!(ruling(&error), Ruling::Redirect(_)), "{target}: {error:?}");
        }
    });
}

#[test]
fn a_server_on_ipv6_is_reached() {
    let server = start(ServerConfig::http(answering(|_| Reply::ok("six"))).on_ipv6());
    let port = server.address().port();
    on(async {
        let agent = agent();
        for host in ["[::1]", "[0:0::1]", "localhost", "six.localhost"] {
            let mut response = agent.fetch(format!("http://{host}:{port}/")).await.expect(host);
            assert_eq!(response.text().await.expect("text"), "six");
        }
    });
    assert_eq!(server.requests()[0].header("Host"), Some(format!("[::1]:{port}")));
}
