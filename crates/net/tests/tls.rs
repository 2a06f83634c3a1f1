//! TLS: who is believed, what is shown to whom, whose sessions are resumed.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use rustls::HandshakeKind;
use sofetch_core::infrastructure::timing::Timestamp;
use sofetch_net::{
    ConfigError, HttpVersions, NetworkConfig, Roots, SystemClock, TimeOuts, TlsConfig, TokioNetwork,
};
use support::tls::*;
use support::*;
use tokio::sync::mpsc;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn certificates_that_are_believed_and_those_that_are_not() {
    let (authority, other) = (Authority::new(), Authority::new());
    let hosts = ["a.test", "b.test", "www.a.test", "x.www.a.test", "xn--bcher-kva.test", "xyz.test"];
    for (row, names, host, believed) in [
        ("its name", vec!["a.test"], "a.test", true),
        ("its name with a dot at the end", vec!["a.test"], "a.test.", true),
        ("another name", vec!["a.test"], "b.test", false),
        ("a wildcard", vec!["*.a.test"], "www.a.test", true),
        ("a wildcard is one label", vec!["*.a.test"], "x.www.a.test", false),
        ("a wildcard is not none", vec!["*.a.test"], "a.test", false),
        ("its address", vec!["127.0.0.1"], "127.0.0.1", true),
        ("another address", vec!["127.0.0.2"], "127.0.0.1", false),
        ("row 48: part of a label is no wildcard for an IDN", vec!["x*.test"], "b\u{fc}cher.test", false),
        ("row 48: nor for any other name", vec!["x*.test"], "xyz.test", false),
    ] {
        let mut config = authority.trusted(&hosts);
        config.resolve_overrides.push(sofetch_net::ResolveOverride {
            host: "a.test.".into(),
            port: None,
            addresses: vec!["127.0.0.1".parse().unwrap()],
        });
        let port = always_tls(authority.server(&names, &[], false), OK).await;
        let read = ask(&format!("https://{host}:{port}/")).read(&network(config)).await;
        match read {
            Ok((_, body)) => assert!(believed && body == "ok", "{row}"),
            Err(fault) => assert!(!believed && word(&fault) == "tls", "{row}: {fault:?}"),
        }
    }
    // Somebody else's authority is believed by nobody, unless the owner believes everybody.
    let port = always_tls(other.server(&["a.test"], &[], false), OK).await;
    let url = format!("https://a.test:{port}/");
    let strict = authority.trusted(&hosts);
    let mut careless = strict.clone();
    careless.tls.danger_accept_invalid_certs = true;
    let mut mozilla = strict.clone();
    mozilla.tls.roots = Roots::Mozilla;
    assert_eq!(word(&ask(&url).read(&network(strict)).await.unwrap_err()), "tls");
    assert_eq!(word(&ask(&url).read(&network(mozilla)).await.unwrap_err()), "tls");
    assert_eq!(ask(&url).read(&network(careless)).await.unwrap().1, "ok");
    // The platform's roots, and ours besides.
    let mut besides = other.trusted(&hosts);
    besides.tls.roots = Roots::Platform;
    assert_eq!(ask(&url).read(&network(besides)).await.unwrap().1, "ok");
}

#[tokio::test]
async fn the_handshake_has_its_times_and_events() {
    let authority = Authority::new();
    let port = always_tls(authority.server(&["a.test"], &["http/1.1"], false), OK).await;
    let network = network(authority.trusted(&["a.test"]));
    let recorder = Recorder::new();
    let asked = ask(&format!("https://a.test:{port}/")).trace(&recorder);
    let connection = asked.obtain(&network).await.unwrap();
    let timing = connection.timing_info().clone();
    assert!(timing.domain_lookup_start_time > Timestamp(0));
    assert!(timing.domain_lookup_end_time >= timing.domain_lookup_start_time);
    assert!(timing.connection_start_time >= timing.domain_lookup_end_time);
    assert!(timing.secure_connection_start_time >= timing.connection_start_time);
    assert!(timing.connection_end_time >= timing.secure_connection_start_time);
    asked.over(connection).await.unwrap();
    assert_eq!(
        recorder.said(),
        [
            "resolved 1",
            "connecting",
            "connected",
            "tls a.test",
            "tls done http/1.1",
            "sent GET 0",
            "head 200"
        ]
    );
}

#[tokio::test]
async fn something_that_does_not_speak_tls() {
    let authority = Authority::new();
    let url = serve(|_, mut peer| async move {
        peer.take(1).await;
        peer.write("HTTP/1.1 400 Bad Request\r\n\r\n").await;
        peer.closed().await;
    })
    .await
    .replace("http:", "https:");
    let fault = ask(&url).send(&network(authority.trusted(&[]))).await.err().unwrap();
    assert_eq!(word(&fault), "tls");
}

/// What the server saw of each connection: a client's certificate? resumed?
async fn noticing(authority: &Authority) -> (u16, mpsc::UnboundedReceiver<(bool, bool)>) {
    let (notices, noticed) = mpsc::unbounded_channel();
    let config = authority.server(&["a.test"], &[], true);
    let port = serve_tls(config, move |_, mut peer| {
        let notices = notices.clone();
        async move {
            let session = peer.stream.get_ref().1;
            let resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
            notices.send((session.peer_certificates().is_some(), resumed)).unwrap();
            while peer.head().await.is_some() {
                peer.write(OK).await;
            }
        }
    })
    .await;
    (port, noticed)
}

#[tokio::test]
async fn without_credentials_no_certificate_is_shown_and_no_session_is_shared() {
    let authority = Authority::new();
    let (port, mut noticed) = noticing(&authority).await;
    let mut config = authority.trusted(&["a.test"]);
    config.tls.client_identity = Some(authority.identity(&["client.test"]));
    let network = network(config);
    let url = format!("https://a.test:{port}/");
    let mut fresh = async |credentials, site: Option<&str>| {
        let mut asked = ask(&url).credentials(credentials);
        asked.request.new = true;
        asked.request.key = site.map(|site| {
            let url = sofetch_core::infrastructure::url::Url::parse(site, None).unwrap();
            sofetch_core::infrastructure::clients::NetworkPartitionKey { top_level_site: url.origin().site() }
        });
        assert_eq!(asked.read(&network).await.unwrap().1, "ok");
        noticed.recv().await.unwrap()
    };
    assert_eq!(fresh(true, None).await, (true, false), "shown, and new");
    assert_eq!(fresh(true, None).await, (true, true), "resumed");
    assert_eq!(fresh(false, None).await, (false, false), "neither shown nor resumed");
    assert_eq!(fresh(false, None).await, (false, true), "resumed among its own");
    assert_eq!(
        fresh(true, Some("https://b.test")).await,
        (true, false),
        "another partition's is not resumed"
    );
    assert_eq!(fresh(true, Some("https://b.test")).await, (true, true));
}

#[tokio::test]
async fn row_46_a_changed_configuration_resumes_nothing() {
    let authority = Authority::new();
    let (port, mut noticed) = noticing(&authority).await;
    let network = network(authority.trusted(&["a.test"]));
    let url = format!("https://a.test:{port}/");
    assert_eq!(ask(&url).read(&network).await.unwrap().1, "ok");
    assert_eq!(noticed.recv().await.unwrap(), (false, false));
    let mut shown = authority.trusted(&["a.test"]);
    shown.tls.client_identity = Some(authority.identity(&["client.test"]));
    network.reconfigure(shown).unwrap();
    assert_eq!(ask(&url).read(&network).await.unwrap().1, "ok");
    assert_eq!(noticed.recv().await.unwrap(), (true, false));
    // No longer believed: the connection that is open does not help.
    network.reconfigure(Authority::new().trusted(&["a.test"])).unwrap();
    assert_eq!(word(&ask(&url).read(&network).await.unwrap_err()), "tls");
}

#[test]
fn what_cannot_be_used_is_told_at_once() {
    let made = |config| TokioNetwork::new(config, Arc::new(SystemClock::new())).map(|_| ());
    let tls = |tls| NetworkConfig { tls, ..NetworkConfig::default() };
    let authority = Authority::new();
    let mut mixed = authority.identity(&["a.test"]);
    mixed.key_pem = authority.identity(&["a.test"]).key_pem;
    let mut nonsense = authority.identity(&["a.test"]);
    nonsense.key_pem = b"nonsense".to_vec();
    for (row, config, expected) in [
        (
            "no PEM",
            tls(TlsConfig { extra_ca_pem: b"nonsense".to_vec(), ..TlsConfig::default() }),
            Some("pem"),
        ),
        ("only these, and none", tls(TlsConfig { roots: Roots::Only, ..TlsConfig::default() }), Some("pem")),
        ("no key", tls(TlsConfig { client_identity: Some(nonsense), ..TlsConfig::default() }), Some("pem")),
        (
            "another's key",
            tls(TlsConfig { client_identity: Some(mixed), ..TlsConfig::default() }),
            Some("tls"),
        ),
        (
            "in order",
            tls(TlsConfig { client_identity: Some(authority.identity(&["a.test"])), ..TlsConfig::default() }),
            None,
        ),
    ] {
        let error: Option<ConfigError> = made(config).err();
        assert_eq!(error.map(|error| error.to_string()).as_deref(), expected, "{row}");
    }
}

#[tokio::test]
async fn versions_that_are_wanted_and_not_spoken() {
    let authority = Authority::new();
    let port = always_tls(authority.server(&["a.test"], &[], false), OK).await;
    let mut config = authority.trusted(&["a.test"]);
    config.versions = HttpVersions::Http2Only;
    let fault = ask(&format!("https://a.test:{port}/")).send(&network(config)).await.err().unwrap();
    assert_eq!(word(&fault), "http2 not-negotiated");
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_and_gets_none() {
    let authority = Authority::new();
    let config = authority.server_for(&["a.test"], &[], Clients::Known);
    let port = always_tls(config, OK).await;
    let url = format!("https://a.test:{port}/");
    let fault = ask(&url).read(&network(authority.trusted(&["a.test"]))).await.unwrap_err();
    assert_eq!(word(&fault), "tls", "{fault:?}");
    let mut known = authority.trusted(&["a.test"]);
    known.tls.client_identity = Some(authority.identity(&["client.test"]));
    assert_eq!(ask(&url).read(&network(known)).await.unwrap().1, "ok");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_halts() {
    let authority = Authority::new();
    let url = serve(|_, mut peer| async move { peer.closed().await }).await.replace("http:", "https:");
    let mut config = authority.trusted(&[]);
    config.time_outs =
        TimeOuts { tls: Some(Duration::from_secs(9)), resolve: None, connect: None, ..TimeOuts::default() };
    assert_eq!(word(&ask(&url).send(&network(config)).await.err().unwrap()), "timed-out Tls");
}
