//! A certificate authority made at start, and the identities that it issues: good, expired, not yet valid, self-signed.
//!
//! Nothing is written to disk and no clock is read: certificates run from 1975 to 4096 unless they are made faulty.

use std::fmt;
use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// An authority that nobody trusts until told to.
pub struct CertificateAuthority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

/// A certificate with its key: what a server shows.
#[derive(Clone)]
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<Vec<u8>>,
}

impl CertificateAuthority {
    /// A new one, with a key of its own.
    pub fn new() -> io::Result<CertificateAuthority> {
        let mut params = named("sofetch demo authority", &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params.self_signed(&key).map_err(io::Error::other)?;
        Ok(CertificateAuthority {
            pem: certificate.pem(),
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        })
    }

    /// An identity for these host names and IP addresses. For a server of another name it is the wrong one.
    pub fn issue(&self, names: &[&str]) -> io::Result<Identity> {
        self.sign(named(names.first().unwrap_or(&"nobody"), names)?)
    }

    /// One that ran out in 2001.
    pub fn issue_expired(&self, names: &[&str]) -> io::Result<Identity> {
        let mut params = named("expired", names)?;
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2001, 1, 1);
        self.sign(params)
    }

    /// One that begins in 4000.
    pub fn issue_not_yet_valid(&self, names: &[&str]) -> io::Result<Identity> {
        let mut params = named("not yet valid", names)?;
        params.not_before = date_time_ymd(4000, 1, 1);
        self.sign(params)
    }

    /// The authority's certificate, to be trusted by a client.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The same as DER.
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// A store that trusts this authority and no other.
    pub fn roots(&self) -> io::Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).map_err(io::Error::other)?;
        Ok(roots)
    }

    /// A client's configuration that trusts this authority and no other, offering these protocols by ALPN.
    pub fn client_config(&self, alpn: &[&[u8]]) -> io::Result<Arc<ClientConfig>> {
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(self.roots()?)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(Arc::new(config))
    }

    fn sign(&self, mut params: CertificateParams) -> io::Result<Identity> {
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(io::Error::other)?;
        Ok(Identity {
            chain: vec![certificate.der().clone(), self.certificate.clone()],
            key: Arc::new(key.serialize_der()),
        })
    }
}

impl Identity {
    /// One that vouches for itself, so that no authority does.
    pub fn self_signed(names: &[&str]) -> io::Result<Identity> {
        let params = named("self-signed", names)?;
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params.self_signed(&key).map_err(io::Error::other)?;
        Ok(Identity { chain: vec![certificate.der().clone()], key: Arc::new(key.serialize_der()) })
    }

    /// The certificate that names the hosts.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.chain[0]
    }

    /// A server's configuration that shows this identity and speaks these protocols by ALPN.
    pub fn server_config(&self, alpn: &[&[u8]]) -> io::Result<Arc<ServerConfig>> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.to_vec()));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), key)
            .map_err(io::Error::other)?;
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Ok(Arc::new(config))
    }
}

impl fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertificateAuthority")
    }
}

impl fmt::Debug for Identity {
    /// The key never reaches a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity")
    }
}

/// Named explicitly: with two providers in one build, rustls has no default.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn named(common_name: &str, names: &[&str]) -> io::Result<CertificateParams> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}
