//! `NO_PROXY`: which hosts are reached without a proxy. Names match at label borders, never by suffix of text.

use std::net::IpAddr;

use crate::config::ConfigError;
use crate::resolve_an_origin::literal;

/// The hosts that are reached without a proxy. The default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    host: Pattern,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    Everything,
    /// The name and all names under it.
    Domain(String),
    /// The addresses that share their first bits with this one.
    Block(IpAddr, u32),
}

impl NoProxy {
    /// Entries between commas or spaces: `*`, a name (with or without a leading dot or `*.`), an address, a block such
    /// as `10.0.0.0/8`; each but the first and the last with a port if it applies to that port alone.
    pub fn parse(said: &str) -> Result<NoProxy, ConfigError> {
        let entries = split(said)
            .map(|entry| parse_entry(entry).ok_or_else(|| ConfigError::NoProxy { said: entry.to_owned() }))
            .collect::<Result<_, _>>()?;
        Ok(NoProxy { entries })
    }

    /// The same without the entries that are none: an environment is shared with programs of other tastes.
    pub(crate) fn parse_what_is_known(said: &str) -> NoProxy {
        NoProxy { entries: split(said).filter_map(parse_entry).collect() }
    }

    /// Is this host, as a URL serializes it, reached without a proxy?
    pub fn matches(&self, host: &str, port: u16) -> bool {
        if self.entries.is_empty() {
            return false;
        }
        let address = literal(host).map(canonical);
        let name = host.strip_suffix('.').unwrap_or(host);
        self.entries.iter().any(|entry| {
            entry.port.is_none_or(|wanted| wanted == port)
                && match (&entry.host, address) {
                    (Pattern::Everything, _) => true,
                    (Pattern::Block(block, length), Some(address)) => within(address, *block, *length),
                    (Pattern::Domain(domain), None) => is_at_or_under(name, domain),
                    (Pattern::Block(..), None) | (Pattern::Domain(_), Some(_)) => false,
                }
        })
    }
}

fn split(said: &str) -> impl Iterator<Item = &str> {
    said.split(|letter: char| letter == ',' || letter.is_ascii_whitespace()).filter(|entry| !entry.is_empty())
}

fn parse_entry(entry: &str) -> Option<Entry> {
    if entry == "*" {
        return Some(Entry { host: Pattern::Everything, port: None });
    }
    if let Some((block, length)) = entry.split_once('/') {
        let block = literal(block)?;
        let length = length.parse().ok()?;
        let bits = if block.is_ipv4() { 32 } else { 128 };
        return (length <= bits).then_some(Entry { host: Pattern::Block(block, length), port: None });
    }
    let whole = |address: IpAddr| {
        Pattern::Block(canonical(address), if canonical(address).is_ipv4() { 32 } else { 128 })
    };
    if let Some(address) = literal(entry) {
        return Some(Entry { host: whole(address), port: None });
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (entry, None),
    };
    if let Some(address) = literal(host) {
        return Some(Entry { host: whole(address), port });
    }
    let name = host.strip_prefix("*.").or(host.strip_prefix('.')).unwrap_or(host);
    let name = name.strip_suffix('.').unwrap_or(name);
    (!name.is_empty()).then(|| Entry { host: Pattern::Domain(name.to_ascii_lowercase()), port })
}

/// A mapped address is its IPv4 address.
fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn within(address: IpAddr, block: IpAddr, length: u32) -> bool {
    let same =
        |one: u128, other: u128, bits: u32| length == 0 || one >> (bits - length) == other >> (bits - length);
    match (address, block) {
        (IpAddr::V4(address), IpAddr::V4(block)) => {
            same(address.to_bits().into(), block.to_bits().into(), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(block)) => same(address.to_bits(), block.to_bits(), 128),
        _ => false,
    }
}

fn is_at_or_under(name: &str, domain: &str) -> bool {
    let Some(start) = name.len().checked_sub(domain.len()) else { return false };
    let (above, end) = name.as_bytes().split_at(start);
    end.eq_ignore_ascii_case(domain.as_bytes()) && (above.is_empty() || above.ends_with(b"."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_24_names_match_at_label_borders() {
        for (row, said, host, port, expected) in [
            ("nothing matches nothing", "", "a.test", 80, false),
            ("a star is everything", "*", "a.test", 80, true),
            ("the name", "example.com", "example.com", 80, true),
            ("a name under it", "example.com", "www.example.com", 80, true),
            ("not a name that only ends like it", "example.com", "notexample.com", 80, false),
            ("nor one that begins like it", "example.com", "example.com.evil.test", 80, false),
            ("a leading dot is the same", ".example.com", "example.com", 80, true),
            ("and still keeps to borders", ".example.com", "notexample.com", 80, false),
            ("a star and a dot too", "*.example.com", "www.example.com", 80, true),
            ("case does not matter", "EXAMPLE.com", "Example.COM", 80, true),
            ("a trailing dot does not matter", "example.com.", "example.com.", 80, true),
            ("its port", "example.com:8080", "example.com", 8080, true),
            ("another port", "example.com:8080", "example.com", 80, false),
            ("the second entry", "a.test, b.test", "b.test", 80, true),
            ("spaces part too", "a.test b.test", "b.test", 80, true),
            ("an address", "127.0.0.1", "127.0.0.1", 80, true),
            ("an address is no suffix", "0.0.1", "127.0.0.1", 80, false),
            ("an address with a port", "127.0.0.1:81", "127.0.0.1", 80, false),
            ("a block", "10.0.0.0/8", "10.255.0.1", 80, true),
            ("outside the block", "10.0.0.0/8", "11.0.0.1", 80, false),
            ("all of a family", "0.0.0.0/0", "11.0.0.1", 80, true),
            ("a name is in no block", "0.0.0.0/0", "a.test", 80, false),
            ("IPv6", "::1", "[::1]", 80, true),
            ("IPv6 in brackets with a port", "[::1]:80", "[::1]", 80, true),
            ("an IPv6 block", "fd00::/8", "[fdff::1]", 80, true),
            ("a mapped address is its IPv4 address", "127.0.0.0/8", "[::ffff:7f00:1]", 80, true),
        ] {
            let list = NoProxy::parse(said).expect(row);
            assert_eq!(list.matches(host, port), expected, "{row}");
        }
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        for said in ["10.0.0.0/33", "a.test:port", "10.0.0/8", "."] {
            assert!(matches!(NoProxy::parse(said), Err(ConfigError::NoProxy { .. })), "{said}");
        }
    }
}
