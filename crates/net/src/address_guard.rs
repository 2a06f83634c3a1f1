//! The address guard: may this very address be connected to when only public ones may?
//!
//! Judges addresses, never names: whoever connects asks here after resolution, so no spelling and no second answer
//! of a resolver gets past. An allow-list at heart: IPv6 outside global unicast is refused without being named.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sofetch_core::wire_faults::WireFault;

use crate::config::AddressPolicy;

/// Refuses an address that the policy does not allow, with its block's registered name.
pub(crate) fn judge(policy: AddressPolicy, address: IpAddr) -> Result<(), WireFault> {
    match policy {
        AddressPolicy::Any => Ok(()),
        AddressPolicy::PublicOnly => match special_purpose_block(address) {
            Some(block) => Err(WireFault::AddressRefused { address, block }),
            None => Ok(()),
        },
    }
}

/// The special-purpose block that an address belongs to, by its name in the
/// [IANA registries](https://www.iana.org/assignments/iana-ipv6-special-registry); `None` for public addresses.
pub fn special_purpose_block(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => of_ipv4(address),
        IpAddr::V6(address) => of_ipv6(address),
    }
}

/// First address, prefix length, name.
const IPV4: &[([u8; 4], u32, &str)] = &[
    ([0, 0, 0, 0], 8, "This network"),
    ([10, 0, 0, 0], 8, "Private-Use"),
    ([100, 64, 0, 0], 10, "Shared Address Space"),
    ([127, 0, 0, 0], 8, "Loopback"),
    ([169, 254, 0, 0], 16, "Link Local"),
    ([172, 16, 0, 0], 12, "Private-Use"),
    ([192, 0, 0, 0], 24, "IETF Protocol Assignments"),
    ([192, 0, 2, 0], 24, "Documentation (TEST-NET-1)"),
    ([192, 88, 99, 0], 24, "Deprecated (6to4 Relay Anycast)"),
    ([192, 168, 0, 0], 16, "Private-Use"),
    ([198, 18, 0, 0], 15, "Benchmarking"),
    ([198, 51, 100, 0], 24, "Documentation (TEST-NET-2)"),
    ([203, 0, 113, 0], 24, "Documentation (TEST-NET-3)"),
    ([224, 0, 0, 0], 4, "Multicast"),
    ([255, 255, 255, 255], 32, "Limited Broadcast"),
    ([240, 0, 0, 0], 4, "Reserved"),
];

/// First address, prefix length, name. The wider block stands after the narrower.
const IPV6: &[([u16; 8], u32, &str)] = &[
    ([0, 0, 0, 0, 0, 0, 0, 1], 128, "Loopback Address"),
    ([0; 8], 128, "Unspecified Address"),
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "IPv4-IPv6 Translat."),
    ([0x100, 0, 0, 0, 0, 0, 0, 0], 64, "Discard-Only Address Block"),
    ([0x100, 0, 0, 1, 0, 0, 0, 0], 64, "Dummy IPv6 Prefix"),
    ([0x2001, 2, 0, 0, 0, 0, 0, 0], 48, "Benchmarking"),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "Documentation"),
    ([0x2001, 0x10, 0, 0, 0, 0, 0, 0], 28, "Deprecated (previously ORCHID)"),
    ([0x2001, 0x20, 0, 0, 0, 0, 0, 0], 28, "ORCHIDv2"),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "Documentation"),
    ([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, "Segment Routing (SRv6) SIDs"),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "Unique-Local"),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "Link-Local Unicast"),
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, "Deprecated (Site-Local)"),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "Multicast"),
];

fn of_ipv4(address: Ipv4Addr) -> Option<&'static str> {
    let bits = address.to_bits();
    IPV4.iter()
        .find(|(first, length, _)| {
            let shift = 32 - length;
            bits >> shift == Ipv4Addr::from(*first).to_bits() >> shift
        })
        .map(|(_, _, name)| *name)
}

fn of_ipv6(address: Ipv6Addr) -> Option<&'static str> {
    let bits = address.to_bits();
    let named = IPV6.iter().find(|(first, length, _)| {
        let shift = 128 - length;
        bits >> shift == Ipv6Addr::from(*first).to_bits() >> shift
    });
    if let Some((_, _, name)) = named {
        return Some(name);
    }
    // What carries an IPv4 address is no better than that address.
    let pieces = address.segments();
    let ipv4 = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    let last = ipv4(pieces[6], pieces[7]);
    match pieces {
        // Mapped (RFC 4291), translated (RFC 2765) and NAT64 (RFC 6052): the address is the IPv4 one.
        [0, 0, 0, 0, 0, 0xffff, _, _] | [0, 0, 0, 0, 0xffff, 0, _, _] | [0x64, 0xff9b, 0, 0, 0, 0, _, _] => {
            return of_ipv4(last);
        }
        // Compatible: deprecated, whatever it carries.
        [0, 0, 0, 0, 0, 0, _, _] => return of_ipv4(last).or(Some("Deprecated (IPv4-Compatible)")),
        // Teredo: the server's address, and the client's with its bits turned.
        [0x2001, 0, server_high, server_low, _, _, _, _] => {
            let client = Ipv4Addr::from_bits(!last.to_bits());
            if let Some(name) = of_ipv4(ipv4(server_high, server_low)).or_else(|| of_ipv4(client)) {
                return Some(name);
            }
        }
        // 6to4.
        [0x2002, high, low, _, _, _, _, _] => {
            if let Some(name) = of_ipv4(ipv4(high, low)) {
                return Some(name);
            }
        }
        _ => {}
    }
    // ISATAP interface identifiers (RFC 5214) ride on any prefix.
    if matches!((pieces[4], pieces[5]), (0 | 0x200, 0x5efe))
        && let Some(name) = of_ipv4(last)
    {
        return Some(name);
    }
    // Only 2000::/3 is global unicast; the rest is not given out.
    (pieces[0] >> 13 != 1).then_some("Not Global Unicast")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sofetch_core::infrastructure::origins::Host;
    use sofetch_core::infrastructure::url::Url;

    fn of_url(spelling: &str) -> Option<&'static str> {
        let url = Url::parse(spelling, None).expect("the row's URL parses");
        match url.host() {
            Some(Host::Ipv4(address)) => special_purpose_block(address.into()),
            Some(Host::Ipv6(address)) => special_purpose_block(address.into()),
            other => panic!("{spelling} has the host {other:?}"),
        }
    }

    #[test]
    fn row_79_and_82_forty_spellings_of_what_is_not_public() {
        for (spelling, block) in [
            ("http://127.0.0.1/", "Loopback"),
            ("http://127.1/", "Loopback"),
            ("http://127.0.1/", "Loopback"),
            ("http://0x7f.1/", "Loopback"),
            ("http://0x7f000001/", "Loopback"),
            ("http://2130706433/", "Loopback"),
            ("http://017700000001/", "Loopback"),
            ("http://0177.0.0.1/", "Loopback"),
            ("http://0177.0x0.0.01/", "Loopback"),
            ("http://127.255.255.254./", "Loopback"),
            ("http://%31%32%37.0.0.1/", "Loopback"),
            ("http://\u{ff11}\u{ff12}\u{ff17}.0.0.1/", "Loopback"),
            ("http://127\u{3002}0\u{3002}0\u{3002}1/", "Loopback"),
            ("http://0/", "This network"),
            ("http://0.0.0.0/", "This network"),
            ("http://00000000/", "This network"),
            ("http://10.0.0.1/", "Private-Use"),
            ("http://0xA.1/", "Private-Use"),
            ("http://172.31.255.255/", "Private-Use"),
            ("http://192.168.1/", "Private-Use"),
            ("http://0xc0a80001/", "Private-Use"),
            ("http://169.254.169.254/", "Link Local"),
            ("http://2852039166/", "Link Local"),
            ("http://0xa9.0xfe.0xa9.0xfe/", "Link Local"),
            ("http://100.64.0.1/", "Shared Address Space"),
            ("http://100.127.255.255/", "Shared Address Space"),
            ("http://198.19.0.1/", "Benchmarking"),
            ("http://192.0.0.8/", "IETF Protocol Assignments"),
            ("http://192.0.2.1/", "Documentation (TEST-NET-1)"),
            ("http://198.51.100.1/", "Documentation (TEST-NET-2)"),
            ("http://203.0.113.1/", "Documentation (TEST-NET-3)"),
            ("http://192.88.99.1/", "Deprecated (6to4 Relay Anycast)"),
            ("http://224.0.0.1/", "Multicast"),
            ("http://240.0.0.1/", "Reserved"),
            ("http://4294967295/", "Limited Broadcast"),
            ("http://[::1]/", "Loopback Address"),
            ("http://[0:0:0:0:0:0:0:1]/", "Loopback Address"),
            ("http://[::]/", "Unspecified Address"),
            ("http://[::ffff:127.0.0.1]/", "Loopback"),
            ("http://[::fFFf:7f00:1]/", "Loopback"),
            ("http://[0:0:0:0:0:ffff:10.1.2.3]/", "Private-Use"),
            ("http://[::ffff:0:127.0.0.1]/", "Loopback"),
            ("http://[::127.0.0.1]/", "Loopback"),
            ("http://[::8.8.8.8]/", "Deprecated (IPv4-Compatible)"),
            ("http://[64:ff9b::7f00:1]/", "Loopback"),
            ("http://[64:ff9b::169.254.169.254]/", "Link Local"),
            ("http://[64:ff9b:1::808:808]/", "IPv4-IPv6 Translat."),
            ("http://[2002:7f00:1::]/", "Loopback"),
            ("http://[2002:a00:1::8]/", "Private-Use"),
            ("http://[2001:0:7f00:1::]/", "Loopback"),
            ("http://[2001:0:808:808:0:0:80ff:fffe]/", "Loopback"),
            ("http://[fd00::1]/", "Unique-Local"),
            ("http://[fc00::1]/", "Unique-Local"),
            ("http://[fe80::1]/", "Link-Local Unicast"),
            ("http://[fec0::1]/", "Deprecated (Site-Local)"),
            ("http://[ff02::1]/", "Multicast"),
            ("http://[2001:db8::1]/", "Documentation"),
            ("http://[3fff::1]/", "Documentation"),
            ("http://[100::1]/", "Discard-Only Address Block"),
            ("http://[5f00::1]/", "Segment Routing (SRv6) SIDs"),
            ("http://[2001:2::1]/", "Benchmarking"),
            ("http://[2a00:1450::5efe:7f00:1]/", "Loopback"),
            ("http://[4000::1]/", "Not Global Unicast"),
        ] {
            assert_eq!(of_url(spelling), Some(block), "{spelling}");
        }
    }

    #[test]
    fn public_addresses_pass() {
        for spelling in [
            "http://8.8.8.8/",
            "http://1.1.1.1/",
            "http://172.32.0.1/",
            "http://192.0.1.1/",
            "http://100.128.0.1/",
            "http://223.255.255.255/",
            "http://[2606:4700:4700::1111]/",
            "http://[::ffff:8.8.8.8]/",
            "http://[64:ff9b::808:808]/",
            "http://[2002:808:808::1]/",
            "http://[2001:0:808:808:0:0:f7f7:f7f7]/",
        ] {
            assert_eq!(of_url(spelling), None, "{spelling}");
        }
    }
}
