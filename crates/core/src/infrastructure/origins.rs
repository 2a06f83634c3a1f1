//! [Origins](https://html.spec.whatwg.org/#concept-origin) and [sites](https://html.spec.whatwg.org/#site): who asks, who answers.
//!
//! A leaf: the origin *of a URL* is in `url.rs`, that *of a request* in `requests.rs`.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// <https://url.spec.whatwg.org/#concept-host>
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A domain, in ASCII, lower case.
    Domain(Box<str>),
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
    /// An IPv6 address.
    Ipv6(Ipv6Addr),
    /// The host of a URL whose scheme is not special, percent-encoded.
    Opaque(Box<str>),
    /// The empty host (`file:` URLs).
    Empty,
}

impl Host {
    /// <https://url.spec.whatwg.org/#host-public-suffix>: `None` for addresses and opaque hosts.
    pub fn public_suffix(&self) -> Option<&str> {
        match self {
            Host::Domain(domain) => psl::suffix_str(domain),
            _ => None,
        }
    }

    /// <https://url.spec.whatwg.org/#host-registrable-domain>: the public suffix and one label more.
    pub fn registrable_domain(&self) -> Option<&str> {
        match self {
            Host::Domain(domain) => psl::domain_str(domain),
            _ => None,
        }
    }

    /// Is this an IP address, of either family?
    pub fn is_ip_address(&self) -> bool {
        matches!(self, Host::Ipv4(_) | Host::Ipv6(_))
    }

    /// Is this `localhost`, or a name under it? (A trailing dot counts as none.)
    pub fn is_localhost(&self) -> bool {
        let Host::Domain(domain) = self else { return false };
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        domain == "localhost" || domain.ends_with(".localhost")
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Domain(domain) | Host::Opaque(domain) => f.write_str(domain),
            Host::Ipv4(address) => write!(f, "{address}"),
            Host::Ipv6(address) => write!(f, "[{}]", serialize_ipv6(address)),
            Host::Empty => Ok(()),
        }
    }
}

/// <https://url.spec.whatwg.org/#concept-ipv6-serializer>: std prints mapped addresses with dots, the URL Standard does not.
fn serialize_ipv6(address: &Ipv6Addr) -> String {
    let pieces = address.segments();
    let (mut best_start, mut best_length) = (0, 0);
    let mut index = 0;
    while index < 8 {
        let start = index;
        while index < 8 && pieces[index] == 0 {
            index += 1;
        }
        if index - start > best_length {
            (best_start, best_length) = (start, index - start);
        }
        index += 1;
    }
    let mut serialized = String::new();
    let mut index = 0;
    while index < 8 {
        if best_length > 1 && index == best_start {
            serialized.push_str("::");
            index += best_length;
            continue;
        }
        if !serialized.is_empty() && !serialized.ends_with(':') {
            serialized.push(':');
        }
        serialized.push_str(&format!("{:x}", pieces[index]));
        index += 1;
    }
    serialized
}

/// <https://html.spec.whatwg.org/#concept-origin>
#[derive(Clone)]
pub enum Origin {
    /// Serializes as `null`; same origin with itself and its clones only.
    Opaque(OpaqueOrigin),
    /// Scheme, host and port.
    Tuple(Arc<TupleOrigin>),
}

/// The identity of an [opaque origin](https://html.spec.whatwg.org/#concept-origin-opaque).
#[derive(Clone)]
pub struct OpaqueOrigin(Arc<u8>);

/// <https://html.spec.whatwg.org/#concept-origin-tuple>; the domain (`document.domain`) belongs to documents.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TupleOrigin {
    /// Without the colon.
    pub scheme: Box<str>,
    /// Never empty.
    pub host: Host,
    /// `None` is the scheme's default port.
    pub port: Option<u16>,
}

impl Origin {
    /// A new opaque origin, the same as no other.
    pub fn new_opaque() -> Self {
        Origin::Opaque(OpaqueOrigin(Arc::new(0)))
    }

    /// A tuple origin. `port` is `None` for the scheme's default port.
    pub fn tuple(scheme: &str, host: Host, port: Option<u16>) -> Self {
        Origin::Tuple(Arc::new(TupleOrigin { scheme: scheme.into(), host, port }))
    }

    /// Is this an opaque origin?
    pub fn is_opaque(&self) -> bool {
        matches!(self, Origin::Opaque(_))
    }

    /// The scheme, for a tuple origin.
    pub fn scheme(&self) -> Option<&str> {
        match self {
            Origin::Opaque(_) => None,
            Origin::Tuple(tuple) => Some(&tuple.scheme),
        }
    }

    /// The host, for a tuple origin.
    pub fn host(&self) -> Option<&Host> {
        match self {
            Origin::Opaque(_) => None,
            Origin::Tuple(tuple) => Some(&tuple.host),
        }
    }

    /// <https://html.spec.whatwg.org/#same-origin>
    pub fn same_origin(&self, other: &Origin) -> bool {
        match (self, other) {
            (Origin::Opaque(a), Origin::Opaque(b)) => Arc::ptr_eq(&a.0, &b.0),
            (Origin::Tuple(a), Origin::Tuple(b)) => Arc::ptr_eq(a, b) || a == b,
            _ => false,
        }
    }

    /// <https://html.spec.whatwg.org/#same-site>, schemefully.
    pub fn same_site(&self, other: &Origin) -> bool {
        self.site().same_site(&other.site())
    }

    /// <https://html.spec.whatwg.org/#obtain-a-site>
    pub fn site(&self) -> Site {
        match self {
            Origin::Opaque(_) => Site(self.clone()),
            Origin::Tuple(tuple) => match tuple.host.registrable_domain() {
                None => Site(Origin::tuple(&tuple.scheme, tuple.host.clone(), None)),
                Some(domain) => Site(Origin::tuple(&tuple.scheme, Host::Domain(domain.into()), None)),
            },
        }
    }

    /// <https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin>
    pub fn serialize(&self) -> String {
        match self {
            Origin::Opaque(_) => "null".to_owned(),
            Origin::Tuple(tuple) => match tuple.port {
                None => format!("{}://{}", tuple.scheme, tuple.host),
                Some(port) => format!("{}://{}:{}", tuple.scheme, tuple.host, port),
            },
        }
    }

    /// <https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy>: may it be treated as authenticated?
    pub fn is_potentially_trustworthy(&self) -> bool {
        match self {
            Origin::Opaque(_) => false,
            Origin::Tuple(tuple) => {
                matches!(&*tuple.scheme, "https" | "wss" | "file")
                    || match &tuple.host {
                        Host::Ipv4(address) => address.is_loopback(),
                        Host::Ipv6(address) => address.is_loopback(),
                        host => host.is_localhost(),
                    }
            }
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({})", self.serialize())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.serialize())
    }
}

/// <https://html.spec.whatwg.org/#site>: an opaque origin, or a scheme and a registrable domain (or host).
#[derive(Clone, Debug)]
pub struct Site(Origin);

impl Site {
    /// <https://html.spec.whatwg.org/#concept-site-same-site>
    pub fn same_site(&self, other: &Site) -> bool {
        self.0.same_origin(&other.0)
    }

    /// As `scheme://domain`, or `null`.
    pub fn serialize(&self) -> String {
        self.0.serialize()
    }
}

impl PartialEq for Site {
    fn eq(&self, other: &Self) -> bool {
        self.same_site(other)
    }
}
impl Eq for Site {}

impl std::hash::Hash for Site {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        match &self.0 {
            Origin::Opaque(opaque) => (Arc::as_ptr(&opaque.0) as usize).hash(state),
            Origin::Tuple(tuple) => tuple.hash(state),
        }
    }
}
