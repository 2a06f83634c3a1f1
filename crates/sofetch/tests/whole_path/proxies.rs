//! Proxies and TLS: rows 19, 20, 23, 24, 44, 46, 48 and 100, and each kind of proxy at its work.

use std::sync::Arc;

use sofetch::core::wire_faults::ProxyFault;
use sofetch::net::{NetworkConfig, NoProxy, ProxyRules, SystemClock, TokioNetwork};
use sofetch::{CredentialsMode, Request, UserAgent, WireFault};
use sofetch_testkit::loopback::{
    Identity, Reply, Server, ServerConfig, answering, authority, serve, serve_https, start,
};

use crate::support::{
    Proxy, RawServer, SECRET, Web, agent_with, assert_no_secret, go, on, port_is_at,
    servers_that_are_not_believed, trust, wire,
};

fn rules(url: &str) -> ProxyRules {
    ProxyRules::all(url).expect("a proxy's URL")
}

/// An HTTP proxy that answers for every server.
fn absolute_form_proxy() -> Server {
    serve(|request| match crate::support::redirection(request) {
        Some((status, to)) => Reply::new(status).header("Location", to),
        None => Reply::ok("by proxy"),
    })
}

#[test]
fn plain_http_goes_in_absolute_form() {
    let proxy = absolute_form_proxy();
    on(async {
        let agent =
            agent_with(|config| config.proxy = rules(&format!("http://user:pass@{}", proxy.address())));
        let mut response = agent.fetch("http://a.test:8080/x?y").await.expect("an answer");
        assert_eq!(response.text().await.expect("text"), "by proxy");
    });
    let seen = &proxy.requests()[0];
    assert_eq!(seen.target, "http://a.test:8080/x?y");
    assert_eq!(seen.header("Host").as_deref(), Some("a.test:8080"));
    assert_eq!(seen.header("Proxy-Authorization").as_deref(), Some("Basic dXNlcjpwYXNz"));
}

#[test]
fn https_goes_through_a_tunnel() {
    let web = Web::new();
    let proxy = Proxy::connecting_to(web.secure.address());
    on(async {
        let agent = agent_with(|config| {
            trust(config, &web.authority);
            config.proxy = rules(&format!("http://user:pass@{}", proxy.address()));
        });
        assert_eq!(agent.fetch("https://a.test/x").await.expect("an answer").status(), 200);
    });
    let asked = proxy.asked().remove(0);
    assert!(asked.starts_with("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n"), "{asked}");
    assert!(asked.contains("Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"), "{asked}");
    assert_eq!(web.secure.requests()[0].target, "/x");
}

#[test]
fn socks_proxies_tunnel_everything() {
    let web = Web::new();
    for (scheme, asked_for) in [("socks5", "[127, 0, 0, 1]:80"), ("socks5h", "a.test:80")] {
        let proxy = Proxy::socks_to(web.plain.address());
        on(async {
            let agent = agent_with(|config| {
                config.proxy = rules(&format!("{scheme}://user:pass@{}", proxy.address()));
                config.resolve_overrides.push(sofetch::net::ResolveOverride {
                    host: "a.test".into(),
                    port: None,
                    addresses: vec![std::net::Ipv4Addr::LOCALHOST.into()],
                });
            });
            assert_eq!(agent.fetch("http://a.test/x").await.expect("an answer").status(), 200);
        });
        assert_eq!(proxy.asked(), [format!("user:pass@{asked_for}")]);
    }
    assert!(web.plain.requests().iter().all(|request| request.target == "/x"));
}

#[test]
fn what_a_proxy_refuses_is_told() {
    type Row = (&'static str, &'static str, Vec<u8>, fn(&ProxyFault) -> bool);
    let rows: [Row; 6] = [
        ("407", "http", b"HTTP/1.1 407 Who\r\n\r\n".to_vec(), |fault| {
            matches!(fault, ProxyFault::AuthenticationRequired)
        }),
        ("503", "http", b"HTTP/1.1 503 No\r\n\r\n".to_vec(), |fault| {
            matches!(fault, ProxyFault::Refused { status: 503 })
        }),
        ("another protocol", "http", b"SSH-2.0-x\r\n\r\n".to_vec(), |fault| {
            matches!(fault, ProxyFault::NotAProxy)
        }),
        ("bytes before ours", "http", b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n".to_vec(), |fault| {
            matches!(fault, ProxyFault::NotAProxy)
        }),
        ("no method of ours", "socks5h", vec![5, 255], |fault| {
            matches!(fault, ProxyFault::AuthenticationRequired)
        }),
        ("SOCKS refuses", "socks5h", vec![5, 0, 5, 5, 0, 1, 0, 0, 0, 0, 0, 0], |fault| {
            matches!(fault, ProxyFault::Socks { reply: 5 })
        }),
    ];
    for (row, scheme, said, is_it) in rows {
        let proxy = RawServer::new(move |mut stream| {
            use std::io::{Read, Write};
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(&said);
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        });
        on(async {
            let agent =
                agent_with(|config| config.proxy = rules(&format!("{scheme}://u:pw@{}", proxy.address)));
            let error = agent.fetch("https://a.test/").await.expect_err(row);
            let WireFault::Proxy { proxy, detail } = wire(&error) else { panic!("{row}: {error:?}") };
            assert!(is_it(detail), "{row}: {detail:?}");
            assert!(!proxy.contains("pw") && !format!("{error:?}{error:#}").contains("pw"), "{row}");
        });
    }
}

#[test]
fn row_19_a_proxy_s_credentials_are_for_that_proxy() {
    let web = Web::new();
    let plain_proxy = absolute_form_proxy();
    let secure_proxy = Proxy::connecting_to(web.secure.address());
    on(async {
        let agent = agent_with(|config| {
            trust(config, &web.authority);
            config.proxy.http = rules(&format!("http://user:{SECRET}@{}", plain_proxy.address())).http;
            config.proxy.https = rules(&format!("http://{}", secure_proxy.address())).https;
        });
        agent.fetch(go("http://a.test", 302, "https://a.test/x")).await.expect("an answer");
    });
    let credentials = plain_proxy.requests()[0].header("Proxy-Authorization");
    assert_eq!(credentials.as_deref(), Some("Basic dXNlcjpzM2NyZXQ="));
    assert!(!secure_proxy.asked()[0].contains("Proxy-Authorization"), "{:?}", secure_proxy.asked());
    assert_eq!(web.secure.requests()[0].header("Proxy-Authorization"), None);
}

/// A network whose configuration can change under an agent.
fn changing(first: impl FnOnce(&mut NetworkConfig)) -> (Arc<TokioNetwork>, UserAgent) {
    let mut config = NetworkConfig::default();
    first(&mut config);
    let network = TokioNetwork::new(config, Arc::new(SystemClock::new())).expect("usable");
    let network = Arc::new(network.with_handle(tokio::runtime::Handle::current()));
    let agent = UserAgent::builder().network(network.clone()).build().expect("usable");
    (network, agent)
}

async fn read(agent: &UserAgent, request: impl Into<Request>) {
    agent.fetch(request).await.expect("an answer").bytes().await.expect("a body");
}

#[test]
fn row_20_a_tunnel_is_not_used_under_other_credentials() {
    let web = Web::new();
    let proxy = Proxy::connecting_to(web.secure.address());
    let configure = |config: &mut NetworkConfig, credentials: &str| {
        trust(config, &web.authority);
        config.proxy = rules(&format!("http://{credentials}{}", proxy.address()));
    };
    on(async {
        let (network, agent) = changing(|config| configure(config, "one:1@"));
        read(&agent, "https://a.test/").await;
        read(&agent, "https://a.test/").await;
        assert_eq!(proxy.asked().len(), 1, "the tunnel is kept");
        for credentials in ["two:2@", ""] {
            let mut config = NetworkConfig::default();
            configure(&mut config, credentials);
            network.reconfigure(config).expect("usable");
            read(&agent, "https://a.test/").await;
        }
        let asked = proxy.asked();
        assert_eq!(asked.len(), 3);
        assert!(asked[1].contains("Basic dHdvOjI="), "{asked:?}");
        assert!(!asked[2].contains("Proxy-Authorization"), "{asked:?}");
        // A fetch without credentials has a connection of its own.
        read(&agent, Request::new("https://a.test/").credentials(CredentialsMode::Omit)).await;
        assert_eq!(proxy.asked().len(), 4);
    });
}

#[test]
fn row_23_proxy_authorization_is_never_within_the_tunnel() {
    let web = Web::new();
    let proxy = Proxy::connecting_to(web.secure.address());
    let socks = Proxy::socks_to(web.plain.address());
    on(async {
        let by_hand = |url: &str| Request::new(url).header("Proxy-Authorization", SECRET);
        let agent = agent_with(|config| {
            trust(config, &web.authority);
            config.proxy = rules(&format!("http://user:{SECRET}@{}", proxy.address()));
        });
        read(&agent, by_hand("https://a.test/")).await;
        let agent = agent_with(|config| {
            config.proxy = rules(&format!("socks5h://user:{SECRET}@{}", socks.address()))
        });
        read(&agent, by_hand("http://a.test/")).await;
    });
    for server in [&web.plain, &web.secure] {
        assert_eq!(server.requests().len(), 1);
        assert_no_secret(&server.requests()[0], "in the tunnel");
    }
}

#[test]
fn row_24_hosts_match_at_label_borders() {
    let web = Web::new();
    let proxy = absolute_form_proxy();
    on(async {
        let agent = agent_with(|config| {
            web.configure(config);
            config.proxy = rules(&format!("http://{}", proxy.address()));
            config.proxy.no_proxy = NoProxy::parse("example.com").expect("a host");
        });
        for host in ["example.com", "notexample.com", "sub.example.com", "example.com.evil.test"] {
            agent.fetch(format!("http://{host}/")).await.expect("an answer");
        }
    });
    let hosts = |server: &Server| -> Vec<_> {
        server.requests().iter().filter_map(|request| request.header("Host")).collect()
    };
    assert_eq!(hosts(&web.plain), ["example.com", "sub.example.com"]);
    assert_eq!(hosts(&proxy), ["notexample.com", "example.com.evil.test"]);
}

#[test]
fn row_44_a_proxy_s_sessions_are_not_an_origin_s() {
    // One server, one name, is the proxy and the origin: a session of the one would fit the other.
    let authority = authority();
    let server = serve_https(&authority, &["a.test"], |_| Reply::ok(""));
    on(async {
        let (network, agent) = changing(|config| {
            trust(config, &authority);
            port_is_at(config, 443, server.address());
        });
        read(&agent, "https://a.test/").await;
        let mut config = NetworkConfig::default();
        trust(&mut config, &authority);
        config.resolve_overrides.push(sofetch::net::ResolveOverride {
            host: "a.test".into(),
            port: None,
            addresses: vec![server.address().ip()],
        });
        config.proxy = rules(&format!("https://a.test:{}", server.address().port()));
        network.reconfigure(config).expect("usable");
        read(&agent, "http://b.test/").await;
    });
    // NB: whose sessions are resumed with whom is seen in `net`'s tests; here proxy and origin work apart.
    let targets: Vec<_> = server.requests().iter().map(|request| request.target.clone()).collect();
    assert_eq!(targets, ["/", "http://b.test/"]);
    assert_eq!(server.connections(), 2);
}

#[test]
fn row_46_a_connection_is_not_used_under_other_tls_settings() {
    let own = authority();
    let stranger = authority();
    let server = start(ServerConfig::https(
        stranger.issue(&["a.test"]).expect("a name"),
        answering(|_| Reply::ok("")),
    ));
    let configure = |config: &mut NetworkConfig| {
        trust(config, &own);
        port_is_at(config, 443, server.address());
    };
    on(async {
        let (network, agent) = changing(|config| {
            configure(config);
            config.tls.danger_accept_invalid_certs = true;
        });
        read(&agent, "https://a.test/").await;
        read(&agent, "https://a.test/").await;
        assert_eq!(server.connections(), 1);
        let mut config = NetworkConfig::default();
        configure(&mut config);
        network.reconfigure(config).expect("usable");
        let error = agent.fetch("https://a.test/").await.expect_err("it is believed no more");
        assert!(error.is_tls(), "{error:?}");
        // Other roots,
        let mut config = NetworkConfig::default();
        configure(&mut config);
        trust(&mut config, &stranger);
        network.reconfigure(config).expect("usable");
        read(&agent, "https://a.test/").await;
        let before = server.connections();
        // another ALPN.
        let mut config = NetworkConfig::default();
        configure(&mut config);
        trust(&mut config, &stranger);
        config.versions = sofetch::net::HttpVersions::Http1Only;
        network.reconfigure(config).expect("usable");
        read(&agent, "https://a.test/").await;
        assert_eq!(server.connections(), before + 1);
    });
}

#[test]
fn row_48_a_partial_wildcard_matches_nobody() {
    let authority = authority();
    let names = ["x*.test", "*", "*.*.example.test"];
    let server = serve_https(&authority, &names, |_| Reply::ok(""));
    let good = serve_https(&authority, &["*.good.test"], |_| Reply::ok(""));
    on(async {
        let agent = agent_with(|config| {
            trust(config, &authority);
            port_is_at(config, 443, server.address());
            port_is_at(config, 8443, good.address());
        });
        for host in ["xn--bcher-kva.test", "x.test", "xa.test", "test", "a.b.example.test"] {
            let error = agent.fetch(format!("https://{host}/")).await.expect_err(host);
            assert!(error.is_tls(), "{host}: {error:?}");
        }
        read(&agent, "https://a.good.test:8443/").await;
        assert!(agent.fetch("https://a.b.good.test:8443/").await.expect_err("one label").is_tls());
    });
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn row_100_certificates_are_judged_behind_a_proxy_too() {
    let own = authority();
    for (row, server) in servers_that_are_not_believed(&own, "a.test") {
        let http = Proxy::connecting_to(server.address());
        let socks = Proxy::socks_to(server.address());
        on(async {
            for url in [
                format!("http://{}", http.address()),
                format!("socks5h://{}", socks.address()),
                String::new(),
            ] {
                let agent = agent_with(|config| {
                    trust(config, &own);
                    match &*url {
                        "" => port_is_at(config, 443, server.address()),
                        url => config.proxy = rules(url),
                    }
                });
                let request = Request::new("https://a.test/").bearer(SECRET);
                let error = agent.fetch(request).await.expect_err(row);
                assert!(error.is_tls(), "{row} by {url:?}: {error:?}");
                assert!(format!("{error:#}").contains("certificate"), "{row}: {error:#}");
            }
        });
        assert_eq!(server.requests().len(), 0, "{row}");
    }
    // The proxy's own certificate counts as much.
    let bad_proxy = start(ServerConfig::https(
        Identity::self_signed(&["proxy.test"]).expect("an identity"),
        answering(|_| Reply::ok("")),
    ));
    on(async {
        let agent = agent_with(|config| {
            trust(config, &own);
            config.proxy = rules(&format!("https://{}", bad_proxy.address()));
        });
        assert!(agent.fetch("http://a.test/").await.expect_err("no proxy of ours").is_tls());
    });
}
