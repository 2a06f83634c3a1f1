//! A certificate authority made at start, and servers that its certificates vouch for.

use std::future::Future;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use sofetch_net::{ClientIdentity, NetworkConfig, ResolveOverride, Roots, TlsConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Peer;

#[derive(PartialEq)]
pub enum Clients {
    Anybody,
    /// For a certificate, which they need not have.
    Asked,
    /// Only those with a certificate.
    Known,
}

pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "test authority");
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Authority { issuer: Issuer::new(params, key), certificate }
    }

    pub fn pem(&self) -> Vec<u8> {
        self.certificate.pem().into_bytes()
    }

    /// A certificate for these names and its key, PEM.
    pub fn identity(&self, names: &[&str]) -> ClientIdentity {
        let (certificate, key) = self.issue(names);
        ClientIdentity {
            certificate_pem: certificate.pem().into_bytes(),
            key_pem: key.serialize_pem().into_bytes(),
        }
    }

    fn issue(&self, names: &[&str]) -> (rcgen::Certificate, KeyPair) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        (CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// A server's configuration for these names; `clients` asks for certificates of this authority.
    pub fn server(&self, names: &[&str], alpn: &[&str], clients: bool) -> ServerConfig {
        self.server_for(names, alpn, if clients { Clients::Asked } else { Clients::Anybody })
    }

    pub fn server_for(&self, names: &[&str], alpn: &[&str], clients: Clients) -> ServerConfig {
        let (certificate, key) = self.issue(names);
        let provider = provider();
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if clients != Clients::Anybody {
            let mut roots = RootCertStore::empty();
            roots.add(self.certificate.der().clone()).unwrap();
            let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            if clients == Clients::Asked {
                verifier = verifier.allow_unauthenticated();
            }
            let verifier = verifier.build().unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }

    /// Believes this authority and no other, and finds `*.test` and its like on this machine.
    pub fn trusted(&self, hosts: &[&str]) -> NetworkConfig {
        NetworkConfig {
            tls: TlsConfig { roots: Roots::Only, extra_ca_pem: self.pem(), ..TlsConfig::default() },
            resolve_overrides: hosts
                .iter()
                .map(|host| ResolveOverride {
                    host: (*host).to_owned(),
                    port: None,
                    addresses: vec!["127.0.0.1".parse().unwrap()],
                })
                .collect(),
            ..NetworkConfig::default()
        }
    }
}

/// A TLS server; its port. `serve` is given each connection whose handshake succeeds.
pub async fn serve_tls<F, Fut>(config: ServerConfig, serve: F) -> u16
where
    F: Fn(usize, Peer<TlsStream<TcpStream>>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (acceptor, serve) = (TlsAcceptor::from(Arc::new(config)), Arc::new(serve));
    tokio::spawn(async move {
        for index in 0.. {
            let Ok((stream, _)) = listener.accept().await else { return };
            let (acceptor, serve) = (acceptor.clone(), serve.clone());
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(index, Peer::new(stream)).await;
                }
            });
        }
    });
    port
}

/// A TLS server that answers every request alike.
pub async fn always_tls(config: ServerConfig, answer: &'static str) -> u16 {
    serve_tls(config, move |_, mut peer| async move {
        while peer.head().await.is_some() {
            peer.write(answer).await;
        }
    })
    .await
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    #[cfg(feature = "ring")]
    return Arc::new(rustls::crypto::ring::default_provider());
    #[cfg(not(feature = "ring"))]
    return Arc::new(rustls::crypto::aws_lc_rs::default_provider());
}
