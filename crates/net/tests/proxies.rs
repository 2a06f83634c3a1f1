//! Proxies: absolute form, CONNECT, SOCKS5; and who hears of whose credentials.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sofetch_net::{NetworkConfig, NoProxy, Proxy, ProxyRules, ResolveOverride, TimeOuts};
use support::tls::*;
use support::*;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

type Heads = Arc<Mutex<Vec<String>>>;

/// An HTTP proxy that answers plain requests itself, and leads every tunnel to `to`.
async fn http_proxy(to: u16, heads: &Heads) -> u16 {
    let heads = heads.clone();
    let url = serve(move |_, mut peer| {
        let heads = heads.clone();
        async move {
            while let Some(head) = peer.head().await {
                let tunnel = head.starts_with("CONNECT ");
                heads.lock().unwrap().push(head);
                if !tunnel {
                    peer.write(OK).await;
                    continue;
                }
                peer.write("HTTP/1.1 103 Wait\r\n\r\nHTTP/1.1 200 Connected\r\nX: y\r\n\r\n").await;
                let mut origin = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut peer.stream, &mut origin).await;
                return;
            }
        }
    })
    .await;
    port_of(&url)
}

fn port_of(url: &str) -> u16 {
    url.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap()
}

fn through(said: &str) -> NetworkConfig {
    NetworkConfig { proxy: ProxyRules::all(said).unwrap(), ..NetworkConfig::default() }
}

/// An origin over TLS that keeps the heads it hears.
async fn origin(authority: &Authority, names: &[&str], heads: &Heads) -> u16 {
    let heads = heads.clone();
    serve_tls(authority.server(names, &["http/1.1"], false), move |_, mut peer| {
        let heads = heads.clone();
        async move {
            while let Some(head) = peer.head().await {
                heads.lock().unwrap().push(head);
                peer.write(OK).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn plain_requests_in_absolute_form() {
    let heads = Heads::default();
    let port = http_proxy(1, &heads).await;
    let network = network(through(&format!("http://user:p%40ss@127.0.0.1:{port}")));
    let recorder = Recorder::new();
    for _ in 0..2 {
        assert_eq!(ask("http://a.test/x?y#z").trace(&recorder).read(&network).await.unwrap().1, "ok");
    }
    let expected =
        "GET http://a.test/x?y HTTP/1.1\r\nHost: a.test\r\nProxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n";
    assert_eq!(*heads.lock().unwrap(), [expected, expected]);
    assert_eq!(
        recorder.said(),
        [
            "through proxy",
            "connecting",
            "connected",
            "sent GET 1",
            "head 200",
            "reused",
            "sent GET 1",
            "head 200"
        ]
    );
}

#[tokio::test]
async fn row_23_a_tunnel_hears_nothing_of_the_proxys_credentials() {
    let authority = Authority::new();
    let (proxy_heads, heads) = (Heads::default(), Heads::default());
    let port = origin(&authority, &["a.test"], &heads).await;
    let proxy = http_proxy(port, &proxy_heads).await;
    let mut config = authority.trusted(&[]);
    config.proxy = ProxyRules::all(&format!("http://user:secret@127.0.0.1:{proxy}")).unwrap();
    let network = network(config);
    let asked = ask("https://a.test/x").header("Proxy-Authorization", "Basic by-hand");
    let connection = asked.obtain(&network).await.unwrap();
    assert_eq!(&connection.timing_info().alpn_negotiated_protocol[..], b"http/1.1");
    assert_eq!(read(asked.over(connection).await.unwrap()).await.unwrap(), "ok");
    assert_eq!(*heads.lock().unwrap(), ["GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n"]);
    assert_eq!(
        *proxy_heads.lock().unwrap(),
        [
            "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\nProxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n"
        ]
    );
}

#[tokio::test]
async fn row_100_a_tunnel_does_not_make_a_certificate_better() {
    let (authority, heads) = (Authority::new(), Heads::default());
    let port = origin(&Authority::new(), &["a.test"], &heads).await;
    let wrong_name = origin(&authority, &["b.test"], &heads).await;
    for to in [port, wrong_name] {
        let proxy = http_proxy(to, &Heads::default()).await;
        for said in [format!("http://127.0.0.1:{proxy}"), format!("127.0.0.1:{proxy}")] {
            let mut config = authority.trusted(&[]);
            config.proxy = ProxyRules::all(&said).unwrap();
            assert_eq!(word(&ask("https://a.test/").send(&network(config)).await.err().unwrap()), "tls");
        }
    }
    assert!(heads.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_proxy_over_tls_and_row_44_its_sessions() {
    let authority = Authority::new();
    let heads = Heads::default();
    let port = origin(&authority, &["a.test", "proxy.test"], &heads).await;
    let resumed = Arc::new(Mutex::new(Vec::new()));
    let noticed = resumed.clone();
    // It asks for certificates: the client's must not be shown.
    let proxy = serve_tls(authority.server(&["proxy.test"], &["http/1.1"], true), move |_, mut peer| {
        let session = peer.stream.get_ref().1;
        noticed.lock().unwrap().push((
            session.handshake_kind() == Some(rustls::HandshakeKind::Resumed),
            session.peer_certificates().is_some(),
        ));
        async move {
            peer.head().await;
            peer.write("HTTP/1.1 200 OK\r\n\r\n").await;
            let mut origin = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut peer.stream, &mut origin).await;
        }
    })
    .await;
    let mut config = authority.trusted(&["proxy.test"]);
    config.proxy = ProxyRules::all(&format!("https://proxy.test:{proxy}")).unwrap();
    config.tls.client_identity = Some(authority.identity(&["client.test"]));
    let network = network(config);
    // The origin of the same name as the proxy: its session is not the proxy's, nor the other way round.
    for host in ["a.test", "proxy.test"] {
        assert_eq!(ask(&format!("https://{host}/")).read(&network).await.unwrap().1, "ok", "{host}");
    }
    assert_eq!(*resumed.lock().unwrap(), [(false, false), (true, false)], "resumed among proxies only");
}

#[tokio::test]
async fn rows_19_and_20_each_proxy_has_its_own_credentials_and_connections() {
    let (heads_1, heads_2) = (Heads::default(), Heads::default());
    let authority = Authority::new();
    let port = origin(&authority, &["a.test"], &Heads::default()).await;
    let (proxy_1, proxy_2) = (http_proxy(port, &heads_1).await, http_proxy(port, &heads_2).await);
    let mut config = authority.trusted(&[]);
    let (with, without) =
        (format!("http://user:secret@127.0.0.1:{proxy_1}"), format!("http://127.0.0.1:{proxy_2}"));
    config.proxy = ProxyRules {
        http: Some(Arc::new(Proxy::parse(&with).unwrap())),
        https: Some(Arc::new(Proxy::parse(&without).unwrap())),
        no_proxy: NoProxy::default(),
    };
    let network = network(config.clone());
    ask("http://a.test/").read(&network).await.unwrap();
    ask("https://a.test/").read(&network).await.unwrap();
    assert!(heads_1.lock().unwrap()[0].contains("Proxy-Authorization"));
    assert!(!heads_2.lock().unwrap()[0].contains("Proxy-Authorization"));
    // Other credentials for the same proxy are another proxy: its tunnel is not used for them.
    for said in [format!("http://other:secret@127.0.0.1:{proxy_2}"), format!("http://127.0.0.1:{proxy_2}")] {
        config.proxy.https = Some(Arc::new(Proxy::parse(&said).unwrap()));
        network.reconfigure(config.clone()).unwrap();
        let connection = ask("https://a.test/").obtain(&network).await.unwrap();
        assert!(!connection.reused());
    }
    let heads = heads_2.lock().unwrap();
    assert_eq!(heads.len(), 3);
    assert!(
        heads[1].contains("Proxy-Authorization: Basic b3RoZXI6c2VjcmV0")
            && !heads[2].contains("Proxy-Authorization")
    );
}

#[tokio::test]
async fn proxies_that_refuse() {
    for (row, answer, expected) in [
        ("a refusal", "HTTP/1.1 403 Forbidden\r\n\r\n", "proxy Refused { status: 403 }"),
        ("a question", "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "proxy AuthenticationRequired"),
        ("no HTTP", "SSH-2.0-OpenSSH\r\n\r\n", "proxy NotAProxy"),
        ("nothing", "", "proxy NotAProxy"),
        ("words before its turn", "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "proxy NotAProxy"),
    ] {
        let network = network(through(&once(answer).await));
        assert_eq!(word(&ask("https://a.test/").send(&network).await.err().expect(row)), expected, "{row}");
    }
    let endless = serve(|_, mut peer| async move {
        peer.head().await;
        peer.write("HTTP/1.1 200 OK\r\n").await;
        while peer.write("X: y\r\n".repeat(1000)).await {}
    })
    .await;
    let fault = ask("https://a.test/").send(&network(through(&endless))).await.err().unwrap();
    assert_eq!(word(&fault), "proxy NotAProxy");
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_says_nothing() {
    let url = serve(|_, mut peer| async move { peer.closed().await }).await;
    let mut config = through(&url);
    config.time_outs =
        TimeOuts { proxy: Some(Duration::from_secs(9)), resolve: None, connect: None, ..TimeOuts::default() };
    let fault = ask("https://a.test/").send(&network(config)).await.err().unwrap();
    assert_eq!(word(&fault), "timed-out Proxy");
}

#[tokio::test]
async fn not_for_those() {
    let url = always("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\norigin").await;
    let proxy = http_proxy(1, &Heads::default()).await;
    let mut config = through(&format!("http://127.0.0.1:{proxy}"));
    config.proxy.no_proxy = NoProxy::parse("127.0.0.1").unwrap();
    let network = network(config);
    assert_eq!(ask(&url).read(&network).await.unwrap().1, "origin");
    assert_eq!(ask("http://a.test/").read(&network).await.unwrap().1, "ok");
}

/// A SOCKS5 proxy that keeps what it was asked, and leads everywhere to `to`.
async fn socks_proxy(to: u16, asks_for_credentials: bool, heard: &Heads) -> u16 {
    let heard = heard.clone();
    let url = serve(move |_, mut peer| {
        let heard = heard.clone();
        async move {
            let offer = peer.take(2).await.unwrap();
            let methods = peer.take(offer[1].into()).await.unwrap();
            if asks_for_credentials {
                if !methods.contains(&2) {
                    peer.write([5, 0xff]).await;
                    return;
                }
                peer.write([5, 2]).await;
                let length = peer.take(2).await.unwrap()[1];
                let username = peer.take(length.into()).await.unwrap();
                let length = peer.take(1).await.unwrap()[0];
                let password = peer.take(length.into()).await.unwrap();
                let good = username == b"user" && password == b"p@ss";
                peer.write([1, u8::from(!good)]).await;
                if !good {
                    return;
                }
            } else {
                assert!(methods.contains(&0));
                peer.write([5, 0]).await;
            }
            let request = peer.take(4).await.unwrap();
            let target = match request[3] {
                1 => peer.take(4).await.unwrap().iter().map(u8::to_string).collect::<Vec<_>>().join("."),
                3 => {
                    let length = peer.take(1).await.unwrap()[0];
                    String::from_utf8(peer.take(length.into()).await.unwrap()).unwrap()
                }
                4 => format!("{:?}", peer.take(16).await.unwrap()),
                other => panic!("address type {other}"),
            };
            let port = peer.take(2).await.unwrap();
            heard.lock().unwrap().push(format!("{target}:{}", u16::from_be_bytes([port[0], port[1]])));
            if target == "refused.test" {
                peer.write([5, 2, 0, 1]).await;
                return;
            }
            peer.write([5, 0, 0, 3, 5, b'b', b'o', b'u', b'n', b'd', 0, 0]).await;
            let mut origin = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut peer.stream, &mut origin).await;
            let _ = origin.shutdown().await;
        }
    })
    .await;
    port_of(&url)
}

#[tokio::test]
async fn socks5_with_names_and_addresses() {
    let authority = Authority::new();
    let (plain, secure) =
        (port_of(&always(OK).await), origin(&authority, &["a.test"], &Heads::default()).await);
    let a_test =
        ResolveOverride { host: "a.test".into(), port: None, addresses: vec!["192.0.2.1".parse().unwrap()] };
    for (row, scheme, url, to, expected) in [
        ("names are resolved there", "socks5h", "http://a.test/", plain, "a.test:80"),
        ("names are resolved here", "socks5", "http://a.test/", plain, "192.0.2.1:80"),
        ("an address is one", "socks5h", "http://192.0.2.9:81/", plain, "192.0.2.9:81"),
        ("over TLS", "socks5h", "https://a.test/", secure, "a.test:443"),
    ] {
        for credentials in [false, true] {
            let heard = Heads::default();
            let port = socks_proxy(to, credentials, &heard).await;
            let mut config = authority.trusted(&[]);
            let user = if credentials { "user:p%40ss@" } else { "" };
            config.proxy = ProxyRules::all(&format!("{scheme}://{user}127.0.0.1:{port}")).unwrap();
            config.resolve_overrides.push(a_test.clone());
            assert_eq!(ask(url).read(&network(config)).await.unwrap().1, "ok", "{row}");
            assert_eq!(*heard.lock().unwrap(), [expected], "{row}");
        }
    }
}

#[tokio::test]
async fn socks5_that_refuses() {
    let heard = Heads::default();
    let (open, closed) = (socks_proxy(1, false, &heard).await, socks_proxy(1, true, &heard).await);
    for (row, proxy, url, expected) in [
        (
            "not allowed",
            format!("socks5h://127.0.0.1:{open}"),
            "http://refused.test/".to_owned(),
            "proxy Socks { reply: 2 }",
        ),
        (
            "no credentials",
            format!("socks5h://127.0.0.1:{closed}"),
            "http://a.test/".to_owned(),
            "proxy AuthenticationRequired",
        ),
        (
            "wrong ones",
            format!("socks5h://user:no@127.0.0.1:{closed}"),
            "http://a.test/".to_owned(),
            "proxy AuthenticationRequired",
        ),
        ("no SOCKS", not_socks().await, "http://a.test/".to_owned(), "proxy NotAProxy"),
        (
            "too long a name",
            format!("socks5h://127.0.0.1:{open}"),
            format!("http://{}test/", "a.".repeat(130)),
            "proxy Socks { reply: 4 }",
        ),
    ] {
        let config = through(&proxy);
        assert_eq!(word(&ask(&url).send(&network(config)).await.err().expect(row)), expected, "{row}");
    }
}

async fn not_socks() -> String {
    let url = serve(|_, mut peer| async move {
        peer.take(1).await;
        peer.write("HTTP/1.1 400 Bad Request\r\n\r\n").await;
        peer.closed().await;
    })
    .await;
    url.replace("http:", "socks5h:")
}
