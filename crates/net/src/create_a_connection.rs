//! [Create a connection](https://fetch.spec.whatwg.org/#create-a-connection): proxy, TCP or a Unix socket, TLS, ALPN, and their times.
//!
//! Runs as a task of the IO runtime: sockets are registered where they are made, and time-outs ring there.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use tokio_rustls::TlsConnector;

use sofetch_core::infrastructure::clients::NetworkPartitionKey;
use sofetch_core::infrastructure::origins::Host;
use sofetch_core::infrastructure::timing::{ConnectionTimingInfo, Timestamp};
use sofetch_core::ports::{Clock, Protocol};
use sofetch_core::trace::{Event, Trace, WireEvent};
use sofetch_core::wire_faults::{NetworkFault, PeerMisbehaved, Phase, WireFault};

use crate::address_guard;
use crate::config::{HttpVersions, NetworkConfig};
use crate::errors::tls_fault;
use crate::happy_eyeballs;
use crate::http2_connection::Http2;
use crate::hyper_transport::HyperTransport;
use crate::pool::Landed;
use crate::proxy::{Proxy, ProxyKind};
use crate::resolve_an_origin::{literal, resolve_an_origin, within};
use crate::runtime::IoRuntime;
use crate::socket::{Socket, Traffic, WatchedSocket};
use crate::tls::{SessionScope, Tls, server_name};
use crate::tunnel::{self, SocksTarget};
use crate::unix_socket;

/// A configuration in force. Each has its own connections: what was made under another is not used under this one.
pub(crate) struct Settings {
    pub(crate) config: NetworkConfig,
    pub(crate) tls: Tls,
}

/// All that keys a connection.
pub(crate) struct Destination {
    pub(crate) key: Option<NetworkPartitionKey>,
    pub(crate) secure: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) credentials: bool,
    /// Is it a WebSocket's own? Then it speaks HTTP/1.1, within a tunnel wherever there is a proxy.
    pub(crate) web_socket: bool,
    pub(crate) proxy: Option<Arc<Proxy>>,
    pub(crate) settings: Arc<Settings>,
}

impl Destination {
    /// Could a connection to it turn out to be shared?
    pub(crate) fn may_speak_http2(&self) -> bool {
        match self.versions() {
            HttpVersions::Negotiated => self.secure,
            HttpVersions::Http1Only => false,
            HttpVersions::Http2Only => true,
        }
    }

    fn versions(&self) -> HttpVersions {
        if self.web_socket { HttpVersions::Http1Only } else { self.settings.config.versions }
    }

    /// Is it reached through a proxy that takes requests in absolute form?
    fn absolute_form(&self) -> bool {
        // RFC 6455, section 4.1: the proxy is asked to connect, whatever the scheme.
        !self.web_socket && self.proxy.as_ref().is_some_and(|proxy| proxy.takes_absolute_form(self.secure))
    }
}

/// What there is to say of a connection.
pub(crate) struct About {
    pub(crate) timing: ConnectionTimingInfo,
    /// Whom the socket is connected to: the proxy, where there is one; a Unix domain socket has no address.
    pub(crate) remote_address: Option<SocketAddr>,
    /// The name that the server's certificate bears.
    pub(crate) tls_host: Option<String>,
    /// The proxy that takes requests in absolute form, if that is what this leads to.
    pub(crate) absolute_form: Option<Arc<Proxy>>,
}

/// <https://fetch.spec.whatwg.org/#record-connection-timing-info>: transport, proxy and the whole handshake are done.
/// The handshake's own start was noted before it began; there is neither false start nor early data.
fn record_connection_timing_info(timing: &mut ConnectionTimingInfo, now: Timestamp) {
    timing.connection_end_time = now;
}

/// <https://fetch.spec.whatwg.org/#create-a-connection>
pub(crate) async fn create_a_connection(
    to: &Destination,
    runtime: &Arc<IoRuntime>,
    clock: &Arc<dyn Clock>,
    trace: &Trace,
) -> Result<Landed, NetworkFault> {
    let config = &to.settings.config;
    let mut timing = ConnectionTimingInfo { domain_lookup_start_time: clock.now(), ..Default::default() };
    let (host, port) = config.place(&to.host, to.port);
    let addresses = match &to.proxy {
        // A socket of the file system needs no name.
        None if config.unix_socket.is_some() => Vec::new(),
        None => resolve_an_origin(config, &host, port, trace).await?,
        Some(proxy) => {
            judge_what_a_proxy_is_told(config, &host)?;
            trace.emit(|| Event::Wire(WireEvent::ThroughProxy { proxy: proxy.to_string() }));
            Vec::new()
        }
    };
    timing.domain_lookup_end_time = clock.now();
    // 1. The connection's time begins.
    timing.connection_start_time = clock.now();
    // 2. Establish it, through the proxy if there is one.
    let (mut socket, remote_address) = match (&to.proxy, &config.unix_socket) {
        (None, Some(path)) => {
            let connecting = unix_socket::connect(path, trace);
            (within(config.time_outs.connect, Phase::Connect, connecting).await??, None)
        }
        (None, None) => {
            let connecting = happy_eyeballs::connect(addresses, config.addresses, trace);
            let (tcp, address) = within(config.time_outs.connect, Phase::Connect, connecting).await??;
            (Socket::Tcp(tcp), Some(address))
        }
        (Some(proxy), _) => {
            let (socket, address) = connect_through(to, proxy, &host, port, trace).await?;
            (socket, Some(address))
        }
    };
    let mut protocol = match to.versions() {
        HttpVersions::Http2Only => Protocol::Http2,
        _ => Protocol::Http1,
    };
    if to.secure {
        timing.secure_connection_start_time = clock.now();
        let (key, credentials) = (to.key.clone(), to.credentials);
        let scope = if to.web_socket {
            SessionScope::WebSocket { key, credentials }
        } else {
            SessionScope::Origin { key, credentials }
        };
        socket = handshake(&to.settings, socket, &to.host, &scope, trace).await?;
        protocol = match (&socket, to.versions()) {
            (Socket::Tls(tls), _) if tls.get_ref().1.alpn_protocol() == Some(b"h2") => Protocol::Http2,
            (_, HttpVersions::Http2Only) => {
                return Err(PeerMisbehaved::Http2 { detail: "not-negotiated".to_owned() }.into());
            }
            _ => Protocol::Http1,
        };
    }
    record_connection_timing_info(&mut timing, clock.now());
    // 3. The ALPN protocol ID, of the tunnelled protocol where there is a tunnel.
    timing.alpn_negotiated_protocol = Bytes::from_static(match protocol {
        Protocol::Http1 => b"http/1.1",
        Protocol::Http2 => b"h2",
    });
    let tls_host = to.secure.then(|| to.host.clone());
    let about = Arc::new(About {
        timing,
        remote_address,
        tls_host: tls_host.clone(),
        absolute_form: to.proxy.clone().filter(|_| to.absolute_form()),
    });
    // 4. Return it.
    match protocol {
        Protocol::Http1 => {
            let watched =
                WatchedSocket { socket, traffic: Arc::new(Traffic::default()), clock: clock.clone() };
            let transport = HyperTransport::handshake(watched, &config.limits, tls_host).await?;
            Ok(Landed::Http1(Box::new(transport), about))
        }
        Protocol::Http2 => {
            Ok(Landed::Http2(Http2::handshake(socket, &config.limits, about, runtime, clock).await?))
        }
    }
}

/// A proxy's own host is judged like any other; that of the URL, as far as it is not for the proxy to resolve.
fn judge_what_a_proxy_is_told(config: &NetworkConfig, host: &str) -> Result<(), WireFault> {
    if let Some(address) = literal(host) {
        return address_guard::judge(config.addresses, address);
    }
    if Host::Domain(host.into()).is_localhost() {
        return address_guard::judge(config.addresses, std::net::Ipv4Addr::LOCALHOST.into());
    }
    Ok(())
}

/// A socket to the proxy, and through it.
async fn connect_through(
    to: &Destination,
    proxy: &Proxy,
    host: &str,
    port: u16,
    trace: &Trace,
) -> Result<(Socket, SocketAddr), NetworkFault> {
    let config = &to.settings.config;
    let time_outs = &config.time_outs;
    let addresses = resolve_an_origin(config, &proxy.host, proxy.port, trace).await?;
    let connecting = happy_eyeballs::connect(addresses, config.addresses, trace);
    let (tcp, address) = within(time_outs.connect, Phase::Connect, connecting).await??;
    let mut socket = Socket::Tcp(tcp);
    match proxy.kind {
        ProxyKind::Http | ProxyKind::Https => {
            if proxy.kind == ProxyKind::Https {
                socket = handshake(&to.settings, socket, &proxy.host, &SessionScope::Proxy, trace).await?;
            }
            if !to.absolute_form() {
                let tunnelling = tunnel::connect_through_http(proxy, &mut socket, host, port);
                within(time_outs.proxy, Phase::Proxy, tunnelling).await??;
            }
        }
        ProxyKind::Socks5 => {
            let found = resolve_an_origin(config, host, port, trace).await?;
            let judge = |address: &SocketAddr| address_guard::judge(config.addresses, address.ip());
            // The first that is allowed, else why the first is not.
            let allowed = found.iter().find(|address| judge(address).is_ok()).or(found.first());
            let Some(address) = allowed else {
                return Err(WireFault::Resolve { host: host.to_owned(), cause: None }.into());
            };
            judge(address)?;
            let target = SocksTarget::Address(address.ip());
            let asking = tunnel::connect_through_socks5(proxy, &mut socket, target, port);
            within(time_outs.proxy, Phase::Proxy, asking).await??;
        }
        ProxyKind::Socks5Remote => {
            let asking = tunnel::connect_through_socks5(proxy, &mut socket, tunnel::socks_target(host), port);
            within(time_outs.proxy, Phase::Proxy, asking).await??;
        }
    }
    Ok((socket, address))
}

/// The TLS handshake, for the name of the URL's host (or of the proxy's).
async fn handshake(
    settings: &Settings,
    socket: Socket,
    host: &str,
    scope: &SessionScope,
    trace: &Trace,
) -> Result<Socket, WireFault> {
    let failed = |cause: rustls::Error| WireFault::Tls { host: host.to_owned(), cause: Arc::new(cause) };
    trace.emit(|| Event::Wire(WireEvent::TlsStarted { host: host.to_owned() }));
    let shaking = async {
        let config = settings.tls.client_config(scope).await.map_err(failed)?;
        let name = server_name(host).ok_or_else(|| {
            failed(rustls::Error::General("a host that no certificate can bear".to_owned()))
        })?;
        TlsConnector::from(config).connect(name, socket).await.map_err(|error| tls_fault(host, error))
    };
    let tls = within(settings.config.time_outs.tls, Phase::Tls, shaking).await??;
    trace.emit(|| {
        let session = tls.get_ref().1;
        Event::Wire(WireEvent::TlsDone {
            version: session.protocol_version().map(|version| format!("{version:?}")).unwrap_or_default(),
            cipher_suite: session
                .negotiated_cipher_suite()
                .map(|suite| format!("{:?}", suite.suite()))
                .unwrap_or_default(),
            alpn: String::from_utf8_lossy(session.alpn_protocol().unwrap_or_default()).into_owned(),
        })
    });
    Ok(Socket::Tls(Box::new(tls)))
}
