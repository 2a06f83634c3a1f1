//! [Origins](https://html.spec.whatwg.org/#concept-origin) and [sites](https://html.spec.whatwg.org/#site): who asks, who answers.
//!
//! A leaf: the origin *of a URL* is in `url.rs`, that *of a request* in `requests.rs`. A little long for its tables
//! of hosts and sites.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, OnceLock};

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
    /// <https://url.spec.whatwg.org/#host-public-suffix>: `None` for what is no domain. A trailing dot stays; a name
    /// under no listed suffix has its last label for one.
    pub fn public_suffix(&self) -> Option<&str> {
        match self {
            // NB: `psl::suffix_str` would take the trailing dot off.
            Host::Domain(domain) => std::str::from_utf8(psl::suffix(domain.as_bytes())?.as_bytes()).ok(),
            _ => None,
        }
    }

    /// <https://url.spec.whatwg.org/#host-registrable-domain>: the public suffix and one label more, with the trailing dot.
    pub fn registrable_domain(&self) -> Option<&str> {
        match self {
            Host::Domain(domain) => std::str::from_utf8(psl::domain(domain.as_bytes())?.as_bytes()).ok(),
            _ => None,
        }
    }

    /// Is this an IP address, of either family?
    pub fn is_ip_address(&self) -> bool {
        matches!(self, Host::Ipv4(_) | Host::Ipv6(_))
    }

    /// Is this `localhost`, or a name under it? (A trailing dot counts as none.)
    pub fn is_localhost(&self) -> bool {
        matches!(self, Host::Domain(domain) if is_localhost(domain))
    }

    /// Is `hostname`, the host of a URL as it stands in the href, this host?
    pub(crate) fn serializes_as(&self, hostname: &str) -> bool {
        match self {
            Host::Domain(domain) | Host::Opaque(domain) => **domain == *hostname,
            Host::Ipv4(address) => serialized_ipv4(hostname) == Some(*address),
            Host::Ipv6(address) => {
                let inner = hostname.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
                inner.and_then(|inner| inner.parse().ok()) == Some(*address)
            }
            Host::Empty => hostname.is_empty(),
        }
    }
}

/// Is `hostname`, the host of a special URL as it stands in the href, this machine (127.0.0.0/8, ::1, localhost)?
pub(crate) fn is_loopback(hostname: &str) -> bool {
    match hostname.as_bytes().first() {
        Some(b'1') if hostname.starts_with("127.") => is_ipv4(hostname) || is_localhost(hostname),
        Some(b'[') => hostname == "[::1]",
        _ => is_localhost(hostname),
    }
}

fn is_localhost(domain: &str) -> bool {
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    domain.strip_suffix("localhost").is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// Is `hostname`, the host of a special URL as it stands in the href, an IPv4 address?
/// [The host parser](https://url.spec.whatwg.org/#ends-in-a-number-checker) leaves no other name whose last label is a number.
pub(crate) fn is_ipv4(hostname: &str) -> bool {
    let label = hostname.bytes().rev().take_while(|&byte| byte != b'.');
    hostname.ends_with(|last: char| last.is_ascii_digit())
        && label.into_iter().all(|byte| byte.is_ascii_digit())
}

/// An IPv4 address as the [host serializer](https://url.spec.whatwg.org/#concept-ipv4-serializer) writes it, and in no other spelling.
///
/// By hand, as it is asked several times in each fetch of an address.
pub(crate) fn serialized_ipv4(hostname: &str) -> Option<Ipv4Addr> {
    let (mut address, mut dots, mut value, mut digits) = (0_u32, 0, 0_u32, 0);
    let mut end_of_octet = |value: u32, digits: u32| {
        let canonical = matches!((digits, value), (1, 0..=9) | (2, 10..=99) | (3, 100..=255));
        address = address << 8 | value;
        canonical
    };
    if hostname.len() > 15 {
        return None;
    }
    for byte in hostname.bytes() {
        match byte {
            b'0'..=b'9' if digits < 3 => {
                value = value * 10 + u32::from(byte - b'0');
                digits += 1;
            }
            b'.' if dots < 3 && end_of_octet(value, digits) => {
                dots += 1;
                (value, digits) = (0, 0);
            }
            _ => return None,
        }
    }
    (dots == 3 && end_of_octet(value, digits)).then(|| Ipv4Addr::from(address))
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
#[derive(Clone, Debug)]
pub struct TupleOrigin {
    /// Without the colon.
    pub scheme: Box<str>,
    /// Never empty.
    pub host: Host,
    /// `None` is the scheme's default port.
    pub port: Option<u16>,
    /// Its site once it was asked for, as finding the registrable domain is dear; `None` is the origin itself.
    site: OnceLock<Option<Site>>,
    /// Its serialization once it was asked for.
    serialized: OnceLock<Box<str>>,
}

impl TupleOrigin {
    /// The site, unless it is this very tuple.
    fn other_site(&self) -> Option<Site> {
        let host = match self.host.registrable_domain() {
            Some(domain) if !matches!(&self.host, Host::Domain(own) if **own == *domain) => {
                Host::Domain(domain.into())
            }
            _ if self.port.is_none() => return None,
            _ => self.host.clone(),
        };
        Some(Site(Origin::tuple(&self.scheme, host, None)))
    }

    /// <https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin>
    pub(crate) fn serialize(&self) -> &str {
        self.serialized.get_or_init(|| {
            let (scheme, host) = (&self.scheme, &self.host);
            let text = match self.port {
                None => format!("{scheme}://{host}"),
                Some(port) => format!("{scheme}://{host}:{port}"),
            };
            text.into()
        })
    }

    fn parts(&self) -> (&str, &Host, Option<u16>) {
        (&self.scheme, &self.host, self.port)
    }
}

impl PartialEq for TupleOrigin {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}
impl Eq for TupleOrigin {}

impl std::hash::Hash for TupleOrigin {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl Origin {
    /// A new opaque origin, the same as no other.
    pub fn new_opaque() -> Self {
        Origin::Opaque(OpaqueOrigin(Arc::new(0)))
    }

    /// A tuple origin. `port` is `None` for the scheme's default port.
    pub fn tuple(scheme: &str, host: Host, port: Option<u16>) -> Self {
        let (site, serialized) = (OnceLock::new(), OnceLock::new());
        Origin::Tuple(Arc::new(TupleOrigin { scheme: scheme.into(), host, port, site, serialized }))
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
        match (self, other) {
            (Origin::Tuple(a), Origin::Tuple(b)) => {
                Arc::ptr_eq(a, b)
                    || (a.scheme == b.scheme
                        && match (a.host.registrable_domain(), b.host.registrable_domain()) {
                            (None, None) => a.host == b.host,
                            (a, b) => a == b,
                        })
            }
            _ => self.same_origin(other),
        }
    }

    /// <https://html.spec.whatwg.org/#obtain-a-site>
    pub fn site(&self) -> Site {
        match self {
            Origin::Opaque(_) => Site(self.clone()),
            Origin::Tuple(tuple) => {
                let site = tuple.site.get_or_init(|| tuple.other_site());
                site.clone().unwrap_or_else(|| Site(self.clone()))
            }
        }
    }

    /// <https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin>
    pub fn serialize(&self) -> String {
        self.as_str().to_owned()
    }

    /// The same, lent.
    pub fn as_str(&self) -> &str {
        match self {
            Origin::Opaque(_) => "null",
            Origin::Tuple(tuple) => tuple.serialize(),
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
        write!(f, "Origin({})", self.as_str())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::url::Url;

    fn url(input: &str) -> Url {
        Url::parse(input, None).expect("a URL of the table")
    }

    fn origin(input: &str) -> Origin {
        url(input).origin()
    }

    #[test]
    fn addresses_are_read_as_they_are_serialized_and_in_no_other_way() {
        for address in [[127, 0, 0, 1], [0; 4], [255; 4], [10, 20, 100, 9]].map(Ipv4Addr::from) {
            assert_eq!(serialized_ipv4(&address.to_string()), Some(address));
        }
        for other in [
            "",
            "1",
            "1.2.3",
            "1.2.3.",
            ".1.2.3",
            "1..2.3",
            "1.2.3.4.5",
            "01.2.3.4",
            "1.2.3.00",
            "256.1.1.1",
            "1.2.3.999",
            "1.2.3.a",
            "a.2.3.4",
            "1.2.3.4 ",
            "+1.2.3.4",
            "1111111111111111.2.3.4",
            "1.2.3.0x4",
        ] {
            assert_eq!(serialized_ipv4(other), None, "{other}");
        }
    }

    #[test]
    fn a_site_is_the_same_however_often_it_is_asked_for() {
        for (input, expected) in [
            ("https://www.example.com:8443/", "https://example.com"),
            ("https://example.com/", "https://example.com"),
            ("https://example.com:8443/", "https://example.com"),
            ("http://127.0.0.1:80/", "http://127.0.0.1"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1"),
        ] {
            let origin = origin(input);
            let (first, again) = (origin.site(), origin.clone().site());
            assert_eq!(first.serialize(), expected);
            assert_eq!(first, again);
            assert_eq!(first, self::origin(input).site());
        }
    }

    #[test]
    fn suffixes_and_registrable_domains() {
        for (input, suffix, registrable) in [
            ("com", Some("com"), None),
            ("example.com", Some("com"), Some("example.com")),
            ("sub.www.example.com", Some("com"), Some("example.com")),
            ("EXAMPLE.COM", Some("com"), Some("example.com")),
            ("example.com.", Some("com."), Some("example.com.")),
            ("a.example.co.uk", Some("co.uk"), Some("example.co.uk")),
            ("github.io", Some("github.io"), None),
            ("whatwg.github.io", Some("github.io"), Some("whatwg.github.io")),
            ("www.ck", Some("ck"), Some("www.ck")),
            ("a.b.other.ck", Some("other.ck"), Some("b.other.ck")),
            ("x.\u{516c}\u{53f8}.cn", Some("xn--55qx5d.cn"), Some("x.xn--55qx5d.cn")),
            ("sub.example.unlisted", Some("unlisted"), Some("example.unlisted")),
            ("sub.example.unlisted.", Some("unlisted."), Some("example.unlisted.")),
            ("localhost", Some("localhost"), None),
            ("localhost.", Some("localhost."), None),
            ("a.localhost.", Some("localhost."), Some("a.localhost.")),
            ("127.0.0.1", None, None),
            ("[::1]", None, None),
        ] {
            let host = url(&format!("https://{input}/")).host().expect("a host");
            assert_eq!(host.public_suffix(), suffix, "{input}");
            assert_eq!(host.registrable_domain(), registrable, "{input}");
        }
        assert_eq!(Host::Opaque("a.example.com".into()).public_suffix(), None);
        for odd in [".", "..", "...", "a..", "a..com", "", ".com"] {
            // No input makes it panic, and the suffix keeps the end of the host.
            let host = Host::Domain(odd.into());
            assert!(host.public_suffix().is_none_or(|suffix| odd.ends_with(suffix)), "{odd:?}");
            assert!(host.registrable_domain().is_none_or(|domain| odd.ends_with(domain)), "{odd:?}");
        }
    }

    #[test]
    fn same_site_table() {
        for (row, a, b, same) in [
            ("one origin", "https://a.test/", "https://a.test/", true),
            (
                "two names under one registrable domain",
                "https://a.example.com/",
                "https://b.example.com/",
                true,
            ),
            ("another port", "https://example.com:444/", "https://example.com/", true),
            ("another scheme", "http://example.com/", "https://example.com/", false),
            ("two names under a public suffix", "https://a.github.io/", "https://b.github.io/", false),
            ("a public suffix and a name under it", "https://github.io/", "https://a.github.io/", false),
            ("two names under a two-label suffix", "https://a.co.uk/", "https://b.co.uk/", false),
            ("a trailing dot", "https://example.com./", "https://example.com/", false),
            ("two trailing dots", "https://a.example.com./", "https://b.example.com./", true),
            ("localhost with itself", "http://localhost:1/", "http://localhost:2/", true),
            ("localhost with a name under it", "http://localhost/", "http://a.localhost/", false),
            ("an address with itself", "http://127.0.0.1:1/", "http://127.0.0.1:2/", true),
            ("two addresses with the same end", "http://1.0.0.1/", "http://2.0.0.1/", false),
            ("an IPv6 address with itself", "http://[::1]:1/", "http://[::1]:2/", true),
            ("a suffix by string only", "https://notexample.com/", "https://example.com/", false),
            ("two opaque origins", "data:,x", "data:,x", false),
            ("an opaque origin and a tuple", "data:,x", "https://a.test/", false),
        ] {
            let (a_origin, b_origin) = (origin(a), origin(b));
            assert_eq!(a_origin.same_site(&b_origin), same, "{row}");
            assert_eq!(b_origin.same_site(&a_origin), same, "{row}");
            assert_eq!(a_origin.site() == b_origin.site(), same, "{row}, by sites");
            assert_eq!(url(a).same_site_with(&b_origin), same, "{row}, with a URL");
        }
        let opaque = Origin::new_opaque();
        assert!(opaque.same_site(&opaque.clone()) && opaque.same_origin(&opaque.clone()));
        assert_eq!(opaque.site(), opaque.clone().site());
        assert_eq!(origin("https://a.example.com:444/").site().serialize(), "https://example.com");
    }

    #[test]
    fn ipv6_addresses_are_serialized_as_the_url_standard_does() {
        for (input, serialized) in [
            ("[::]", "[::]"),
            ("[::1]", "[::1]"),
            ("[1::]", "[1::]"),
            ("[1:0:0:2:0:0:0:3]", "[1:0:0:2::3]"),
            ("[1:0:0:2:0:0:3:4]", "[1::2:0:0:3:4]"),
            ("[1:0:2:0:3:0:4:0]", "[1:0:2:0:3:0:4:0]"),
            ("[0:0:1::]", "[0:0:1::]"),
            ("[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
            ("[2001:DB8::0A]", "[2001:db8::a]"),
            ("[1:2:3:4:5:6:0:0]", "[1:2:3:4:5:6::]"),
            ("[0:0:3:4:5:6:7:8]", "[::3:4:5:6:7:8]"),
        ] {
            let url = url(&format!("http://{input}/"));
            assert_eq!(url.hostname(), serialized);
            let host = url.host().expect("a host");
            assert_eq!(host.to_string(), serialized);
            assert!(host.serializes_as(serialized) && !host.serializes_as("[::9]"));
        }
    }

    #[test]
    fn origins_are_trustworthy_by_scheme_or_host() {
        for (input, trustworthy) in [
            ("https://a.test/", true),
            ("http://a.test/", false),
            ("http://127.0.0.9:81/", true),
            ("http://[::1]/", true),
            ("http://[::ffff:127.0.0.1]/", false),
            ("http://localhost/", true),
            ("http://a.localhost./", true),
            ("http://alocalhost/", false),
            ("data:,x", false),
        ] {
            assert_eq!(origin(input).is_potentially_trustworthy(), trustworthy, "{input}");
        }
    }
}
