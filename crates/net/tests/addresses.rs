//! The address guard at work: on every connection, after resolution, whatever the spelling.
#![allow(clippy::unwrap_used)]

mod support;

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sofetch_core::ports::BoxFuture;
use sofetch_net::{AddressPolicy, ConnectTo, NetworkConfig, ProxyRules, Resolve, ResolveOverride};
use support::*;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

fn guarded() -> NetworkConfig {
    NetworkConfig { addresses: AddressPolicy::PublicOnly, ..NetworkConfig::default() }
}

/// Answers each time with the next of its answers.
struct Answers(Mutex<Vec<Vec<&'static str>>>, AtomicUsize);

impl Answers {
    fn new(mut answers: Vec<Vec<&'static str>>) -> Arc<Answers> {
        answers.reverse();
        Arc::new(Answers(Mutex::new(answers), AtomicUsize::new(0)))
    }
}

impl Resolve for Answers {
    fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let answer = self.0.lock().unwrap().pop().ok_or_else(|| io::Error::other("no more answers"));
        Box::pin(async move { Ok(answer?.iter().map(|address| address.parse().unwrap()).collect()) })
    }
}

#[tokio::test]
async fn rows_79_and_82_spellings_of_this_machine_are_refused() {
    let port = always(OK).await.trim_end_matches('/').rsplit(':').next().unwrap().to_owned();
    let (open, guarded) = (network(NetworkConfig::default()), network(guarded()));
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "0177.0.0.1",
        "0x7f000001",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "\u{ff11}27.0.0.1",
        "0",
        "localhost",
        "a.localhost",
        "LOCALHOST.",
        "[::ffff:127.0.0.1]",
        "[::fFFf:7f00:1]",
    ] {
        let url = format!("http://{host}:{port}/");
        let fault = ask(&url).send(&guarded).await.err().expect(host);
        assert!(word(&fault).starts_with("address-refused "), "{host}: {fault:?}");
        // The spelling does reach this machine where it is allowed to.
        assert_eq!(ask(&url).read(&open).await.unwrap().1, "ok", "{host}");
    }
}

#[tokio::test]
async fn row_81_a_public_name_at_a_private_address_is_refused() {
    let url = always(OK).await;
    let port = url.trim_end_matches('/').rsplit(':').next().unwrap();
    for (row, answers, expected) in [
        ("this machine", vec!["127.0.0.1"], "address-refused Loopback"),
        ("in IPv6", vec!["::1"], "address-refused Loopback Address"),
        ("mapped", vec!["::ffff:127.0.0.1"], "address-refused Loopback"),
        ("translated", vec!["64:ff9b::7f00:1"], "address-refused Loopback"),
        ("the cloud's secrets", vec!["169.254.169.254"], "address-refused Link Local"),
        ("several", vec!["10.0.0.1", "fd00::1"], "address-refused Private-Use"),
    ] {
        let network = network(NetworkConfig { resolver: Some(Answers::new(vec![answers])), ..guarded() });
        let fault = ask(&format!("http://public.example:{port}/")).send(&network).await.err().expect(row);
        assert_eq!(word(&fault), expected, "{row}");
    }
}

#[tokio::test]
async fn row_81_a_second_answer_is_judged_like_the_first() {
    let url = always(OK).await;
    let port = url.trim_end_matches('/').rsplit(':').next().unwrap();
    let answers = Answers::new(vec![vec!["127.0.0.1"], vec!["127.0.0.1"]]);
    let network = network(NetworkConfig { resolver: Some(answers.clone()), ..NetworkConfig::default() });
    let asked = || {
        let mut asked = ask(&format!("http://rebinding.example:{port}/"));
        asked.request.new = true;
        asked
    };
    assert_eq!(asked().read(&network).await.unwrap().1, "ok");
    // The guard comes in between; the connection that is open already is of no use.
    network.reconfigure(NetworkConfig { resolver: Some(answers.clone()), ..guarded() }).unwrap();
    let mut again = asked();
    again.request.new = false;
    assert_eq!(word(&again.send(&network).await.err().unwrap()), "address-refused Loopback");
    assert_eq!(answers.1.load(Ordering::SeqCst), 2, "asked for each connection");
}

#[tokio::test]
async fn row_80_no_other_way_leads_past_the_guard() {
    let url = always(OK).await;
    let port: u16 = url.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    let here: IpAddr = "127.0.0.1".parse().unwrap();
    let overridden = NetworkConfig {
        resolve_overrides: vec![ResolveOverride { host: "a.test".into(), port: None, addresses: vec![here] }],
        ..guarded()
    };
    let elsewhere = NetworkConfig {
        connect_to: vec![ConnectTo {
            host: Some("a.test".into()),
            port: None,
            to_host: Some("127.0.0.1".into()),
            to_port: Some(port),
        }],
        ..guarded()
    };
    let a_proxy = |said: &str| NetworkConfig { proxy: ProxyRules::all(said).unwrap(), ..guarded() };
    let proxy_here = a_proxy(&url);
    let mut proxy_by_name = a_proxy(&format!("http://proxy.test:{port}"));
    proxy_by_name.resolver = Some(Answers::new(vec![vec!["127.0.0.1"]]));
    for (row, config, url) in [
        ("an override", overridden, format!("http://a.test:{port}/")),
        ("connect-to", elsewhere, "http://a.test/".to_owned()),
        ("a proxy's own address", proxy_here.clone(), "http://a.test/".to_owned()),
        ("a proxy's own name", proxy_by_name, "http://a.test/".to_owned()),
        ("an address told to a proxy", proxy_here.clone(), "http://169.254.169.254/".to_owned()),
        ("the same, for a tunnel", proxy_here.clone(), "https://10.0.0.1/".to_owned()),
        ("localhost told to a proxy", proxy_here, "http://localhost/".to_owned()),
        ("SOCKS", a_proxy(&format!("socks5h://127.0.0.1:{port}")), "http://a.test/".to_owned()),
    ] {
        let fault = ask(&url).send(&network(config)).await.err().expect(row);
        assert!(word(&fault).starts_with("address-refused "), "{row}: {fault:?}");
    }
}

#[tokio::test]
async fn a_resolver_that_fails() {
    for (row, answers) in [("an error", vec![]), ("no address", vec![vec![]])] {
        let config = NetworkConfig { resolver: Some(Answers::new(answers)), ..NetworkConfig::default() };
        let recorder = Recorder::new();
        let fault =
            ask("http://nowhere.test/").trace(&recorder).send(&network(config)).await.err().expect(row);
        assert_eq!(word(&fault), "resolve", "{row}");
        assert_eq!(recorder.said(), ["resolving nowhere.test"], "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_resolver_that_halts() {
    struct Halting;
    impl Resolve for Halting {
        fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
            Box::pin(std::future::pending())
        }
    }
    let config = NetworkConfig { resolver: Some(Arc::new(Halting)), ..NetworkConfig::default() };
    let fault = ask("http://nowhere.test/").send(&network(config)).await.err().unwrap();
    assert_eq!(word(&fault), "timed-out Resolve");
}
