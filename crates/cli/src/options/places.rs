//! `--resolve` and `--connect-to` in curl's syntax: hosts, ports and addresses between colons, IPv6 in brackets.

use std::net::IpAddr;

use sofetch::net::{ConnectTo, ResolveOverride};

use super::usage::UsageError;

/// `HOST:PORT:ADDR[,ADDR]`. A leading `+` (curl: let the entry age) changes nothing here.
pub(crate) fn resolve(said: &str) -> Result<ResolveOverride, UsageError> {
    let read = || {
        let (host, rest) = place(said.strip_prefix('+').unwrap_or(said))?;
        let (port, addresses) = rest.split_once(':')?;
        let addresses: Option<Vec<IpAddr>> =
            addresses.split(',').map(|text| bare(text).parse().ok()).collect();
        // NB: curl's `*` is any host; ours has no such entry, and a `-` takes back what nobody gave.
        let named = !host.is_empty() && host != "*" && !host.starts_with('-');
        let entry =
            ResolveOverride { host: host.to_owned(), port: Some(number(port)?), addresses: addresses? };
        named.then_some(entry)
    };
    read().ok_or_else(|| UsageError::Resolve(said.to_owned()))
}

/// `H1:P1:H2:P2`, each of which may be empty.
pub(crate) fn connect_to(said: &str) -> Result<ConnectTo, UsageError> {
    let read = || {
        let (host, rest) = place(said)?;
        let (port, rest) = rest.split_once(':')?;
        let (to_host, to_port) = place(rest)?;
        let name = |host: &str| (!host.is_empty()).then(|| host.to_owned());
        let port_of = |text: &str| if text.is_empty() { Some(None) } else { number(text).map(Some) };
        Some(ConnectTo {
            host: name(host),
            port: port_of(port)?,
            to_host: name(bare(to_host)),
            to_port: port_of(to_port)?,
        })
    };
    read().ok_or_else(|| UsageError::ConnectTo(said.to_owned()))
}

/// A host, in brackets if it has colons of its own, and what follows its colon. Brackets stay: URLs write them too.
fn place(text: &str) -> Option<(&str, &str)> {
    let end = if text.starts_with('[') { text.find(']')? + 1 } else { text.find(':')? };
    Some((&text[..end], text[end..].strip_prefix(':')?))
}

fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

fn number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolve_table() {
        let entry = |host: &str, port, addresses: &[&str]| {
            let addresses = addresses.iter().map(|text| text.parse().expect("an address")).collect();
            Some(ResolveOverride { host: host.to_owned(), port: Some(port), addresses })
        };
        let table = [
            ("one address", "a.test:443:127.0.0.1", entry("a.test", 443, &["127.0.0.1"])),
            ("several", "a.test:80:127.0.0.1,127.0.0.2", entry("a.test", 80, &["127.0.0.1", "127.0.0.2"])),
            ("IPv6 in brackets", "a.test:443:[::1]", entry("a.test", 443, &["::1"])),
            ("IPv6 without", "a.test:443:::1", entry("a.test", 443, &["::1"])),
            ("both families", "a.test:443:[::1],127.0.0.1", entry("a.test", 443, &["::1", "127.0.0.1"])),
            ("a host in brackets", "[::2]:443:[::1]", entry("[::2]", 443, &["::1"])),
            ("a plus is passed over", "+a.test:443:127.0.0.1", entry("a.test", 443, &["127.0.0.1"])),
            ("a name is no address", "a.test:443:b.test", None),
            ("no port", "a.test:127.0.0.1", None),
            ("a port too large", "a.test:65536:127.0.0.1", None),
            ("a signed port", "a.test:+1:127.0.0.1", None),
            ("no address", "a.test:443:", None),
            ("an empty address", "a.test:443:127.0.0.1,", None),
            ("any host", "*:443:127.0.0.1", None),
            ("taking back", "-a.test:443", None),
            ("no host", ":443:127.0.0.1", None),
            ("the address first", "127.0.0.1:443", None),
        ];
        for (name, said, expected) in table {
            assert_eq!(resolve(said).ok(), expected, "{name}");
        }
    }

    #[test]
    fn connect_to_table() {
        let told = |host: Option<&str>, port, to_host: Option<&str>, to_port| {
            let (host, to_host) = (host.map(str::to_owned), to_host.map(str::to_owned));
            Some(ConnectTo { host, port, to_host, to_port })
        };
        let table = [
            (
                "all four",
                "a.test:443:b.test:8443",
                told(Some("a.test"), Some(443), Some("b.test"), Some(8443)),
            ),
            ("every host", "::b.test:1", told(None, None, Some("b.test"), Some(1))),
            ("the port alone", "a.test:443::8443", told(Some("a.test"), Some(443), None, Some(8443))),
            ("the host alone", "a.test:443:b.test:", told(Some("a.test"), Some(443), Some("b.test"), None)),
            ("to IPv6", "a.test:443:[::1]:1", told(Some("a.test"), Some(443), Some("::1"), Some(1))),
            ("from IPv6", "[::1]:443:b.test:1", told(Some("[::1]"), Some(443), Some("b.test"), Some(1))),
            ("three parts", "a.test:443:b.test", None),
            ("a word for a port", "a.test:https:b.test:1", None),
            ("an open bracket", "[::1:443:b.test:1", None),
        ];
        for (name, said, expected) in table {
            assert_eq!(connect_to(said).ok(), expected, "{name}");
        }
    }
}
