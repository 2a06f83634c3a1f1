//! A Unix domain socket in the place of every address.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use sofetch_core::wire_faults::{NetworkFault, WireFault};
use sofetch_net::{AddressPolicy, ConfigError, NetworkConfig, ProxyRules, SystemClock, TokioNetwork};
use support::tls::Authority;
use support::*;
use tokio::net::UnixListener;
use tokio_rustls::TlsAcceptor;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A path that goes with its owner. NB: such paths are short, or the system refuses them.
struct Place(PathBuf);

impl Place {
    fn new() -> Place {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Place(std::env::temp_dir().join(format!("sofetch-{}-{number}", std::process::id())))
    }

    fn config(&self) -> NetworkConfig {
        NetworkConfig { unix_socket: Some(self.0.clone()), ..NetworkConfig::default() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Answers every request with its own head; the count is of connections.
fn echo(place: &Place) -> Arc<AtomicUsize> {
    let listener = UnixListener::bind(&place.0).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut peer = Peer::new(stream);
                while let Some(head) = peer.head().await {
                    peer.write(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{head}", head.len()))
                        .await;
                }
            });
        }
    });
    count
}

#[tokio::test]
async fn no_name_is_looked_up_and_host_stays() {
    let place = Place::new();
    let count = echo(&place);
    let network = network(place.config());
    let recorder = Recorder::new();
    let (status, head) = ask("http://nowhere.test:81/x").trace(&recorder).read(&network).await.unwrap();
    assert_eq!(status, 200);
    assert!(head.starts_with("GET /x HTTP/1.1\r\n"), "{head}");
    assert!(head.to_ascii_lowercase().contains("host: nowhere.test:81\r\n"), "{head}");
    assert_eq!(recorder.said()[..2], ["connecting to a socket", "connected to a socket"]);
    ask("http://nowhere.test:81/y").read(&network).await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 1, "its connections are pooled like others");
    ask("http://elsewhere.test/").read(&network).await.unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 2, "but not shared by hosts");
}

#[tokio::test]
async fn no_proxy_is_asked() {
    let place = Place::new();
    echo(&place);
    let proxy = ProxyRules::all("http://127.0.0.1:1").unwrap();
    let network = network(NetworkConfig { proxy, ..place.config() });
    let (_, head) = ask("http://nowhere.test/").read(&network).await.unwrap();
    assert!(head.starts_with("GET / HTTP/1.1\r\n"), "{head}");
}

#[tokio::test]
async fn tls_is_the_hosts() {
    let place = Place::new();
    let authority = Authority::new();
    let acceptor = TlsAcceptor::from(Arc::new(authority.server(&["a.test"], &[], false)));
    let listener = UnixListener::bind(&place.0).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let mut peer = Peer::new(stream);
                while peer.head().await.is_some() {
                    peer.write(OK).await;
                }
            });
        }
    });
    let mut config = place.config();
    config.tls.extra_ca_pem = authority.pem();
    let network = network(config);
    assert_eq!(ask("https://a.test/").read(&network).await.unwrap().0, 200);
    let other = ask("https://b.test/").read(&network).await.unwrap_err();
    assert_eq!(word(&other), "tls", "the certificate is not this host's");
}

#[tokio::test]
async fn nobody_listens() {
    let place = Place::new();
    let fault = ask("http://a.test/").read(&network(place.config())).await.unwrap_err();
    let NetworkFault::Wire(WireFault::UnixSocket { path, .. }) = fault else { panic!("{fault:?}") };
    assert_eq!(path, place.0.to_string_lossy());
}

#[test]
fn only_public_addresses_is_a_contradiction() {
    let config = NetworkConfig { addresses: AddressPolicy::PublicOnly, ..Place::new().config() };
    let made = TokioNetwork::new(config, Arc::new(SystemClock::new()));
    assert!(matches!(made.map(|_| ()), Err(ConfigError::UnixSocket)));
}
