//! [Resolve an origin](https://fetch.spec.whatwg.org/#resolve-an-origin): a host to the addresses it may be reached at.
//!
//! Says where a host is, not whether one may go there: that is `address_guard.rs`, asked at each connection.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sofetch_core::infrastructure::origins::Host;
use sofetch_core::ports::BoxFuture;
use sofetch_core::trace::{Event, Trace, WireEvent};
use sofetch_core::wire_faults::{Phase, WireFault};

use crate::config::NetworkConfig;

/// Turns names into addresses.
pub trait Resolve: Send + Sync {
    /// The addresses of a host name, best first. Never asked for addresses or for `localhost`.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;
}

/// The system's resolver: `getaddrinfo` on a thread for blocking work.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// <https://fetch.spec.whatwg.org/#resolve-an-origin>, of a host and the port to connect to.
///
/// Nothing is cached, so the network partition key has no part.
pub(crate) async fn resolve_an_origin(
    config: &NetworkConfig,
    host: &str,
    port: u16,
    trace: &Trace,
) -> Result<Vec<SocketAddr>, WireFault> {
    // DEPARTS: what the owner of the agent overrides is asked first, as curl's --resolve is.
    if let Some(addresses) = config.overridden(host, port) {
        trace.emit(|| Event::Wire(WireEvent::Resolved { addresses: addresses.clone() }));
        return Ok(addresses);
    }
    // 1. An address is its own.
    if let Some(address) = literal(host) {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    // 2. localhost is this machine, whatever a resolver would say.
    if Host::Domain(host.into()).is_localhost() {
        let addresses = vec![
            SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port),
            SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port),
        ];
        trace.emit(|| Event::Wire(WireEvent::Resolved { addresses: addresses.clone() }));
        return Ok(addresses);
    }
    // 3, 4. Ask.
    trace.emit(|| Event::Wire(WireEvent::Resolving { host: host.to_owned() }));
    let asked = async {
        match &config.resolver {
            Some(resolver) => resolver.resolve(host).await,
            None => SystemResolver.resolve(host).await,
        }
    };
    let failure = |cause| WireFault::Resolve { host: host.to_owned(), cause };
    let found = within(config.time_outs.resolve, Phase::Resolve, asked)
        .await?
        .map_err(|error| failure(Some(Arc::new(error))))?;
    let mut addresses: Vec<SocketAddr> = Vec::with_capacity(found.len());
    for address in found {
        let address = SocketAddr::new(address, port);
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    // 5. No address is a failure.
    if addresses.is_empty() {
        return Err(failure(None));
    }
    trace.emit(|| Event::Wire(WireEvent::Resolved { addresses: addresses.clone() }));
    Ok(addresses)
}

/// The address that a host of a URL (or of a proxy's) is, brackets or not.
pub(crate) fn literal(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

/// A future under a time-out of its phase. Only for tasks of the IO runtime.
pub(crate) async fn within<T>(
    after: Option<Duration>,
    phase: Phase,
    future: impl Future<Output = T>,
) -> Result<T, WireFault> {
    match after {
        None => Ok(future.await),
        Some(after) => {
            tokio::time::timeout(after, future).await.map_err(|_| WireFault::TimedOut { phase, after })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConnectTo, ResolveOverride};

    struct Fixed(Vec<IpAddr>);

    impl Resolve for Fixed {
        fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
            Box::pin(async { Ok(self.0.clone()) })
        }
    }

    async fn resolved(config: &NetworkConfig, host: &str) -> Result<Vec<String>, WireFault> {
        let found = resolve_an_origin(config, host, 80, &Trace::off()).await?;
        Ok(found.iter().map(ToString::to_string).collect())
    }

    #[tokio::test]
    async fn hosts_and_where_they_are() {
        let address: IpAddr = "192.0.2.7".parse().expect("an address");
        let config = NetworkConfig {
            resolver: Some(Arc::new(Fixed(vec![address, address]))),
            resolve_overrides: vec![
                ResolveOverride {
                    host: "over.test".into(),
                    port: Some(80),
                    addresses: vec![Ipv4Addr::LOCALHOST.into()],
                },
                ResolveOverride { host: "other.test".into(), port: Some(81), addresses: vec![] },
            ],
            ..NetworkConfig::default()
        };
        for (row, host, expected) in [
            ("an IPv4 address is its own", "127.0.0.9", vec!["127.0.0.9:80"]),
            ("an IPv6 address is its own", "[2001:db8::1]", vec!["[2001:db8::1]:80"]),
            ("localhost is this machine", "localhost", vec!["[::1]:80", "127.0.0.1:80"]),
            ("and so is a name under it", "a.localhost.", vec!["[::1]:80", "127.0.0.1:80"]),
            ("a name is asked for, once each", "a.test", vec!["192.0.2.7:80"]),
            ("an override answers first", "OVER.test", vec!["127.0.0.1:80"]),
            ("a dot at the end names the same host", "over.test.", vec!["127.0.0.1:80"]),
            ("an override for another port does not", "other.test", vec!["192.0.2.7:80"]),
            ("a name that ends like localhost is none", "notlocalhost", vec!["192.0.2.7:80"]),
        ] {
            assert_eq!(resolved(&config, host).await.expect(row), expected, "{row}");
        }
    }

    #[tokio::test]
    async fn no_address_is_a_failure() {
        let config = NetworkConfig { resolver: Some(Arc::new(Fixed(vec![]))), ..NetworkConfig::default() };
        assert!(matches!(resolved(&config, "a.test").await, Err(WireFault::Resolve { .. })));
    }

    #[test]
    fn connect_to_changes_the_place_and_nothing_else() {
        let config = NetworkConfig {
            connect_to: vec![
                ConnectTo {
                    host: Some("a.test".into()),
                    port: None,
                    to_host: Some("b.test".into()),
                    to_port: None,
                },
                ConnectTo { host: None, port: Some(443), to_host: None, to_port: Some(8443) },
            ],
            ..NetworkConfig::default()
        };
        assert_eq!(config.place("a.test", 80), ("b.test".to_owned(), 80));
        assert_eq!(config.place("c.test", 443), ("c.test".to_owned(), 8443));
        assert_eq!(config.place("c.test", 80), ("c.test".to_owned(), 80));
    }
}
