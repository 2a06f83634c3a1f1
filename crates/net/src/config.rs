//! What an owner may set of the network: names, proxies, TLS, addresses, time-outs, limits, the pool.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::CryptoProvider;

use crate::proxy::ProxyRules;
use crate::resolve_an_origin::Resolve;

/// All that a [`TokioNetwork`](crate::TokioNetwork) is told. The default is a plain network: the system's resolver and
/// roots, no proxy, every address, HTTP/2 where the server agrees.
#[derive(Clone, Default)]
pub struct NetworkConfig {
    /// Who turns names into addresses; `None` is the system (`getaddrinfo`).
    pub resolver: Option<Arc<dyn Resolve>>,
    /// Addresses that stand for a host and port, asked before any resolver (curl's `--resolve`).
    pub resolve_overrides: Vec<ResolveOverride>,
    /// Hosts and ports that are connected to in place of others (curl's `--connect-to`); the URL, `Host` and the
    /// certificate's name stay those of the request.
    pub connect_to: Vec<ConnectTo>,
    /// Which proxy a URL goes through.
    pub proxy: ProxyRules,
    /// A Unix domain socket that stands for every host and port: nothing is resolved, and no proxy is asked. URL, `Host`
    /// and the certificate's name stay those of the request. It is no address, so [`AddressPolicy::PublicOnly`] and this
    /// are settings that contradict each other; and where there are no such sockets this is none that can be used.
    pub unix_socket: Option<PathBuf>,
    /// Certificates, keys and how far they are trusted.
    pub tls: TlsConfig,
    /// Which addresses may be connected to.
    pub addresses: AddressPolicy,
    /// How long each phase may take.
    pub time_outs: TimeOuts,
    /// How much a server may say.
    pub limits: Limits,
    /// How connections are kept.
    pub pool: PoolConfig,
    /// Which versions of HTTP are spoken.
    pub versions: HttpVersions,
}

impl fmt::Debug for NetworkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkConfig")
            .field("proxy", &self.proxy)
            .field("unix_socket", &self.unix_socket)
            .field("addresses", &self.addresses)
            .field("time_outs", &self.time_outs)
            .field("limits", &self.limits)
            .field("pool", &self.pool)
            .field("versions", &self.versions)
            .finish_non_exhaustive()
    }
}

/// A name that is not looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveOverride {
    /// The host, as a URL serializes it.
    pub host: String,
    /// The port; `None` is every port.
    pub port: Option<u16>,
    /// Where it is, in the order in which they are tried.
    pub addresses: Vec<IpAddr>,
}

/// A place that is connected to in place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTo {
    /// The URL's host; `None` is every host.
    pub host: Option<String>,
    /// The URL's port; `None` is every port.
    pub port: Option<u16>,
    /// The host to connect to; `None` keeps the URL's.
    pub to_host: Option<String>,
    /// The port to connect to; `None` keeps the URL's.
    pub to_port: Option<u16>,
}

/// Which addresses may be connected to. Judged on the very address of every connection, a proxy's too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressPolicy {
    /// Every address.
    #[default]
    Any,
    /// Global unicast addresses only: neither private networks nor this machine, in no spelling.
    ///
    /// A host name that an HTTP or `socks5h` proxy resolves cannot be judged here; its address literals can, and are.
    PublicOnly,
}

/// Certificates, keys and how far they are trusted.
#[derive(Clone, Default)]
pub struct TlsConfig {
    /// Whose certificates are believed.
    pub roots: Roots,
    /// PEM certificates that are believed besides (or, with [`Roots::Only`], alone).
    pub extra_ca_pem: Vec<u8>,
    /// The client's certificate; shown on connections that carry credentials, and on no others.
    pub client_identity: Option<ClientIdentity>,
    /// Believes every certificate: what is read may then come from anybody.
    pub danger_accept_invalid_certs: bool,
    /// The cryptography; `None` is the one that this crate was built with.
    pub provider: Option<Arc<CryptoProvider>>,
}

/// Whose certificates are believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Roots {
    /// The platform's, or Mozilla's list as of this build where the platform has none.
    #[default]
    Platform,
    /// Mozilla's list as of this build.
    Mozilla,
    /// None but [`TlsConfig::extra_ca_pem`].
    Only,
}

/// A client certificate and its key, PEM.
#[derive(Clone)]
pub struct ClientIdentity {
    /// The certificate, then the rest of its chain.
    pub certificate_pem: Vec<u8>,
    /// The private key: PKCS#8, PKCS#1 or SEC1.
    pub key_pem: Vec<u8>,
}

/// How long each phase may take; `None` is for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeOuts {
    /// Waiting for a place under the per-host limit.
    pub queue: Option<Duration>,
    /// Resolving a name.
    pub resolve: Option<Duration>,
    /// Connecting a transport, all addresses together.
    pub connect: Option<Duration>,
    /// Talking to a proxy before it lets us through.
    pub proxy: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
    /// Sending the request.
    pub send: Option<Duration>,
    /// From the request's end to the final response's head.
    pub head: Option<Duration>,
    /// Between two pieces of a response's body, while somebody asks for them.
    pub body: Option<Duration>,
    /// From the end of a WebSocket's request to the final response's head; [`head`](TimeOuts::head) counts, too.
    pub open: Option<Duration>,
    /// From the start of a WebSocket's closing handshake to its end, as long as nothing queued before goes out.
    pub close: Option<Duration>,
    /// From there to the server's end of the TCP connection, which is its to close
    /// ([RFC 6455, section 7.1.1](https://www.rfc-editor.org/rfc/rfc6455#section-7.1.1)). All was said: what ends so ends cleanly.
    pub tcp_close: Option<Duration>,
}

impl Default for TimeOuts {
    /// Connecting is bounded (30 s a phase), and so are the handshakes of a WebSocket, as in Chromium (4 minutes for the opening one, 10 s for
    /// the closing one, 2 s for the end of TCP after that); waiting for a server that is connected is the caller's to bound.
    fn default() -> Self {
        let bounded = Some(Duration::from_secs(30));
        TimeOuts {
            queue: None,
            resolve: bounded,
            connect: bounded,
            proxy: bounded,
            tls: bounded,
            send: None,
            head: None,
            body: None,
            open: Some(Duration::from_secs(240)),
            close: Some(Duration::from_secs(10)),
            tcp_close: Some(Duration::from_secs(2)),
        }
    }
}

/// How much a server may say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a response's head, and of its trailers.
    pub head_bytes: usize,
    /// Headers of a response over HTTP/1.
    pub head_count: usize,
    /// Interim (1xx) responses to one request.
    pub interims: usize,
    /// Empty DATA frames in a row over HTTP/2.
    pub empty_frames: usize,
    /// Bytes of an unread body that are read away so that its HTTP/1 connection may live on.
    pub drain_bytes: usize,
    /// Bytes that an HTTP/2 server may send of one body before somebody reads it.
    pub http2_stream_window: u32,
    /// Bytes that an HTTP/2 server may send of all bodies of a connection before somebody reads them.
    pub http2_connection_window: u32,
    /// Bytes of a message that a server sends over a WebSocket, decompressed; a larger one ends the connection.
    pub web_socket_message_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            head_bytes: 256 * 1024,
            head_count: 100,
            interims: 32,
            empty_frames: 64,
            drain_bytes: 64 * 1024,
            http2_stream_window: 1024 * 1024,
            http2_connection_window: 8 * 1024 * 1024,
            web_socket_message_bytes: 64 * 1024 * 1024,
        }
    }
}

/// How connections are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    /// How long an unused connection is kept; zero keeps none.
    pub idle_time_out: Duration,
    /// How many unused HTTP/1 connections a host may have.
    pub idle_per_host: usize,
    /// How many HTTP/1 connections a page may have to one host; the others queue, first come first served.
    pub page_connections_per_host: usize,
    /// The same for fetches that are no page's; `None` is no limit.
    pub connections_per_host: Option<usize>,
}

impl Default for PoolConfig {
    fn default() -> Self {
        PoolConfig {
            idle_time_out: Duration::from_secs(90),
            idle_per_host: 32,
            page_connections_per_host: 6,
            connections_per_host: None,
        }
    }
}

/// Which versions of HTTP are spoken. A WebSocket is opened over HTTP/2 only where there is TLS and the server takes it so; else its handshake is
/// HTTP/1.1, whatever is set here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpVersions {
    /// HTTP/2 or HTTP/1.1 over TLS, as the server chooses; HTTP/1.1 without TLS.
    #[default]
    Negotiated,
    /// HTTP/1.1 alone.
    Http1Only,
    /// HTTP/2 alone, without TLS too (prior knowledge).
    Http2Only,
}

/// The configuration cannot be used.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// No PEM of the kind that was expected, or a broken one.
    Pem {
        /// Which field.
        field: &'static str,
        /// The parser's word for it.
        detail: String,
    },
    /// TLS cannot be set up.
    Tls {
        /// The library's error.
        cause: rustls::Error,
    },
    /// The crate was built without cryptography, and none was given.
    NoCryptoProvider,
    /// A proxy's URL is not one that we can use.
    Proxy {
        /// The URL as given, credentials left out.
        said: String,
    },
    /// A `no_proxy` entry that is none.
    NoProxy {
        /// The entry.
        said: String,
    },
    /// A Unix domain socket where only public addresses may be connected to, or where there are no such sockets.
    UnixSocket,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ConfigError::Pem { .. } => "pem",
            ConfigError::Tls { .. } => "tls",
            ConfigError::NoCryptoProvider => "no-crypto-provider",
            ConfigError::Proxy { .. } => "proxy",
            ConfigError::NoProxy { .. } => "no-proxy",
            ConfigError::UnixSocket => "unix-socket",
        })
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ConfigError::Tls { cause } => Some(cause),
            _ => None,
        }
    }
}

impl NetworkConfig {
    /// What contradicts itself.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let refused = self.addresses == AddressPolicy::PublicOnly || cfg!(not(unix));
        if self.unix_socket.is_some() && refused { Err(ConfigError::UnixSocket) } else { Ok(()) }
    }

    /// The place to connect to for a URL's host and port.
    pub(crate) fn place(&self, host: &str, port: u16) -> (String, u16) {
        let told = self.connect_to.iter().find(|told| {
            told.host.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(host))
                && told.port.is_none_or(|wanted| wanted == port)
        });
        match told {
            Some(told) => {
                (told.to_host.clone().unwrap_or_else(|| host.to_owned()), told.to_port.unwrap_or(port))
            }
            None => (host.to_owned(), port),
        }
    }

    /// The addresses that stand for a host and port.
    pub(crate) fn overridden(&self, host: &str, port: u16) -> Option<Vec<SocketAddr>> {
        // A dot at the end is the root's, and the host the same.
        let bare = |host: &'_ str| host.len() - usize::from(host.ends_with('.'));
        let is_same = |one: &str, other: &str| one[..bare(one)].eq_ignore_ascii_case(&other[..bare(other)]);
        self.resolve_overrides
            .iter()
            .find(|entry| is_same(&entry.host, host) && entry.port.is_none_or(|wanted| wanted == port))
            .map(|entry| entry.addresses.iter().map(|&address| SocketAddr::new(address, port)).collect())
    }
}
