//! TLS: what is believed, what is shown, and whose sessions are resumed with whom.
//!
//! Nothing here is process-global. Roots are read when the first TLS connection is made, never before: they cost more
//! than all else a short run does. Sessions are kept apart by partition, by credentials, and between origins and
//! proxies; there is no early data (0-RTT).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use sofetch_core::infrastructure::clients::NetworkPartitionKey;

use crate::config::{ConfigError, HttpVersions, Roots, TlsConfig};

/// How many partitions' sessions are kept apart before all are forgotten.
const SESSION_SCOPES: usize = 256;

/// The crypto provider: the owner's, else the one that this crate was built with.
pub(crate) fn crypto_provider(
    given: Option<&Arc<CryptoProvider>>,
) -> Result<Arc<CryptoProvider>, ConfigError> {
    if let Some(provider) = given {
        return Ok(provider.clone());
    }
    #[cfg(feature = "aws-lc-rs")]
    return Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
    return Ok(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    Err(ConfigError::NoCryptoProvider)
}

/// Whose sessions may be resumed together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SessionScope {
    /// Handshakes with proxies: never shown the client's certificate.
    Proxy,
    /// Handshakes with origins, for connections that are a WebSocket's own: they speak HTTP/1.1 first.
    WebSocket { key: Option<NetworkPartitionKey>, credentials: bool },
    /// Handshakes with origins.
    Origin { key: Option<NetworkPartitionKey>, credentials: bool },
}

/// The configuration parsed, and the client configs made of it so far.
pub(crate) struct Tls {
    provider: Arc<CryptoProvider>,
    roots: Roots,
    extra: Vec<CertificateDer<'static>>,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    accept_invalid: bool,
    alpn: Vec<Vec<u8>>,
    verifier: tokio::sync::OnceCell<Arc<dyn ServerCertVerifier>>,
    configs: Mutex<HashMap<SessionScope, Arc<ClientConfig>>>,
}

impl Tls {
    pub(crate) fn new(config: &TlsConfig, versions: HttpVersions) -> Result<Tls, ConfigError> {
        let identity = match &config.client_identity {
            None => None,
            Some(identity) => {
                let chain = certificates("client_identity.certificate_pem", &identity.certificate_pem)?;
                let key = PrivateKeyDer::from_pem_slice(&identity.key_pem)
                    .map_err(|error| pem("client_identity.key_pem", &error))?;
                Some((chain, key))
            }
        };
        let extra = if config.extra_ca_pem.is_empty() && config.roots != Roots::Only {
            Vec::new()
        } else {
            certificates("extra_ca_pem", &config.extra_ca_pem)?
        };
        let tls = Tls {
            provider: crypto_provider(config.provider.as_ref())?,
            roots: config.roots,
            extra,
            identity,
            accept_invalid: config.danger_accept_invalid_certs,
            alpn: match versions {
                HttpVersions::Negotiated => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
                HttpVersions::Http1Only => vec![b"http/1.1".to_vec()],
                HttpVersions::Http2Only => vec![b"h2".to_vec()],
            },
            verifier: tokio::sync::OnceCell::new(),
            configs: Mutex::default(),
        };
        // What cannot be used is told now, not at the first handshake.
        let mut store = RootCertStore::empty();
        for certificate in &tls.extra {
            store.add(certificate.clone()).map_err(|cause| ConfigError::Tls { cause })?;
        }
        if tls.identity.is_some() {
            tls.build(Arc::new(Anybody(tls.provider.clone())), true, &tls.alpn)
                .map_err(|cause| ConfigError::Tls { cause })?;
        }
        Ok(tls)
    }

    /// The client config of a scope. Only for tasks of the IO runtime: the first call reads the roots on a thread.
    pub(crate) async fn client_config(
        &self,
        scope: &SessionScope,
    ) -> Result<Arc<ClientConfig>, rustls::Error> {
        if let Some(config) = self.configs.lock().unwrap_or_else(PoisonError::into_inner).get(scope) {
            return Ok(config.clone());
        }
        let verifier = self.verifier.get_or_try_init(|| self.read_roots()).await?.clone();
        let (shows_identity, alpn) = match scope {
            // A proxy is asked to tunnel, in HTTP/1.1.
            SessionScope::Proxy => (false, &vec![b"http/1.1".to_vec()]),
            SessionScope::WebSocket { credentials, .. } => (*credentials, &vec![b"http/1.1".to_vec()]),
            SessionScope::Origin { credentials, .. } => (*credentials, &self.alpn),
        };
        let config = Arc::new(self.build(verifier, shows_identity, alpn)?);
        let mut configs = self.configs.lock().unwrap_or_else(PoisonError::into_inner);
        if configs.len() >= SESSION_SCOPES {
            configs.clear();
        }
        Ok(configs.entry(scope.clone()).or_insert(config).clone())
    }

    fn build(
        &self,
        verifier: Arc<dyn ServerCertVerifier>,
        shows_identity: bool,
        alpn: &[Vec<u8>],
    ) -> Result<ClientConfig, rustls::Error> {
        let builder = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        // NB: each config has a session store of its own; that is what keeps the scopes apart.
        let mut config = match &self.identity {
            Some((chain, key)) if shows_identity => {
                builder.with_client_auth_cert(chain.clone(), key.clone_key())?
            }
            _ => builder.with_no_client_auth(),
        };
        config.alpn_protocols = alpn.to_vec();
        config.enable_early_data = false;
        Ok(config)
    }

    async fn read_roots(&self) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
        if self.accept_invalid {
            return Ok(Arc::new(Anybody(self.provider.clone())));
        }
        let mut store = RootCertStore::empty();
        for certificate in &self.extra {
            store.add(certificate.clone())?;
        }
        match self.roots {
            Roots::Only => {}
            Roots::Mozilla => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Roots::Platform => {
                let (extra, provider) = (self.extra.clone(), self.provider.clone());
                // NB: on Linux the platform's verifier reads some 150 files.
                let read = tokio::task::spawn_blocking(move || {
                    rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider)
                });
                match read.await {
                    Ok(Ok(verifier)) => return Ok(Arc::new(verifier)),
                    // A machine without a trust store, such as a bare container.
                    _ => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
                }
            }
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), self.provider.clone())
            .build()
            .map_err(|error| rustls::Error::Other(rustls::OtherError(Arc::new(error))))?;
        Ok(verifier)
    }
}

/// The name that a certificate must bear for a host of a URL.
pub(crate) fn server_name(host: &str) -> Option<ServerName<'static>> {
    match crate::resolve_an_origin::literal(host) {
        Some(address) => Some(ServerName::IpAddress(address.into())),
        None => ServerName::try_from(host.strip_suffix('.').unwrap_or(host).to_owned()).ok(),
    }
}

fn certificates(field: &'static str, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let certificates = CertificateDer::pem_slice_iter(text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| pem(field, &error))?;
    if certificates.is_empty() {
        return Err(ConfigError::Pem { field, detail: "no certificate".to_owned() });
    }
    Ok(certificates)
}

fn pem(field: &'static str, error: &rustls::pki_types::pem::Error) -> ConfigError {
    ConfigError::Pem { field, detail: error.to_string() }
}

/// Believes every certificate; the handshake's signatures are checked still.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
