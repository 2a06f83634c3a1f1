//! Tables of headers, of known hosts and of main fetch's question.

use super::*;

const NOW: WallTime = WallTime(1_000_000);
const YEAR: &[u8] = b"max-age=31536000";
const YEAR_WITH_SUBDOMAINS: &[u8] = b"max-age=31536000; includeSubDomains";

fn url(input: &str) -> Url {
    Url::parse(input, None).expect("a URL of the table")
}

fn later(seconds: i64) -> WallTime {
    WallTime(NOW.0 + seconds)
}

#[test]
fn headers_that_are_heeded() {
    for (row, value, max_age, include_sub_domains) in [
        ("max-age alone", "max-age=31536000", 31_536_000, false),
        ("with includeSubDomains", "max-age=15768000 ; includeSubDomains", 15_768_000, true),
        ("in the other order", "includeSubDomains;max-age=1", 1, true),
        ("a quoted max-age", "max-age=\"31536000\"", 31_536_000, false),
        ("a quoted max-age with an escape", "max-age=\"3\\1\"", 31, false),
        ("names in any case", "MAX-AGE=1; INCLUDESUBDOMAINS", 1, true),
        ("white space around =", "max-age = 1", 1, false),
        ("empty directives", " ;; max-age=1 ; ;", 1, false),
        ("unknown directives", "preload; max-age=1; x=y; z=\"a;b\\\";\"", 1, false),
        ("an unknown directive twice", "x; max-age=1; x", 1, false),
        ("a max-age in a foreign value is none", "x=\"; max-age=0;\"; max-age=7", 7, false),
        ("zero", "max-age=0", 0, false),
        ("leading zeros", "max-age=007", 7, false),
        ("more than fits", "max-age=99999999999999999999999999", u64::MAX, false),
    ] {
        let policy = StrictTransportSecurity { max_age, include_sub_domains };
        assert_eq!(StrictTransportSecurity::parse(value.as_bytes()), Ok(policy), "{row}");
    }
}

#[test]
fn headers_that_are_ignored() {
    use HstsHeaderFault::*;
    let syntax = |said: &str| Syntax { said: said.to_owned() };
    for (row, value, fault) in [
        ("nothing", "", NoMaxAge),
        ("no max-age", "includeSubDomains", NoMaxAge),
        ("max-age twice", "max-age=1; Max-Age=1", Duplicate { name: "max-age".into() }),
        (
            "includeSubDomains twice",
            "max-age=1; includeSubDomains; includeSubDomains",
            Duplicate { name: "includesubdomains".into() },
        ),
        ("includeSubDomains with a value", "max-age=1; includeSubDomains=1", IncludeSubDomainsWithValue),
        ("max-age without a value", "max-age", InvalidMaxAge { said: String::new() }),
        ("max-age with an empty value", "max-age=", syntax("max-age=")),
        ("max-age with an empty quoted value", "max-age=\"\"", InvalidMaxAge { said: String::new() }),
        ("a sign", "max-age=-1", InvalidMaxAge { said: "-1".into() }),
        ("a fraction", "max-age=1.5", InvalidMaxAge { said: "1.5".into() }),
        ("a unit", "max-age=1d", InvalidMaxAge { said: "1d".into() }),
        ("a comma for a semicolon", "max-age=1, includeSubDomains", syntax("max-age=1, includeSubDomains")),
        ("an open quote", "max-age=\"1", syntax("max-age=\"1")),
        ("an escaped end", "max-age=\"1\\\"", syntax("max-age=\"1\\\"")),
        ("bytes after a quoted value", "max-age=\"1\"2\"", syntax("max-age=\"1\"2\"")),
        ("a name that is no token", "max-age=1; a b", syntax("a b")),
        ("no name", "max-age=1; =x", syntax("=x")),
        ("a control byte", "max-age=1; x\u{1}", syntax("x\u{1}")),
    ] {
        assert_eq!(StrictTransportSecurity::parse(value.as_bytes()), Err(fault), "{row}");
    }
}

#[test]
fn any_byte_parses_or_is_refused() {
    for byte in 0..=u8::MAX {
        for template in [&b"max-age=1;@"[..], b"@", b"max-age=@", b"max-age=\"@", b"max-age=\"@\"", b"\"@;\\"]
        {
            let value: Vec<u8> = template.iter().map(|&b| if b == b'@' { byte } else { b }).collect();
            let _ = StrictTransportSecurity::parse(&value);
        }
    }
    let long = [b";".repeat(1 << 16), b"x=\"\\\"".repeat(1 << 14)].concat();
    assert!(StrictTransportSecurity::parse(&long).is_err());
}

#[test]
fn matching_table() {
    let mut hosts = HstsHosts::new(100);
    hosts.note("plain.test", YEAR, NOW);
    hosts.note("wide.test", YEAR_WITH_SUBDOMAINS, NOW);
    hosts.note("short.wide.test", b"max-age=10", NOW);
    let under_wide = || HstsMatch::Superdomain { domain: "wide.test".to_owned() };
    for (row, host, seconds, verdict) in [
        ("the host itself", "plain.test", 0, HstsMatch::Congruent),
        ("in another case", "PLAIN.test", 0, HstsMatch::Congruent),
        ("with a trailing dot", "plain.test.", 0, HstsMatch::Congruent),
        ("below, without includeSubDomains", "a.plain.test", 0, HstsMatch::Unknown),
        ("below, with it", "a.wide.test", 0, under_wide()),
        ("two labels below", "a.b.wide.test.", 0, under_wide()),
        ("above", "test", 0, HstsMatch::Unknown),
        ("alike by string only", "nowide.test", 0, HstsMatch::Unknown),
        ("known twice", "short.wide.test", 0, HstsMatch::Congruent),
        ("known twice, its own entry expired", "short.wide.test", 10, under_wide()),
        ("in its last second", "wide.test", 31_535_999, HstsMatch::Congruent),
        ("expired", "wide.test", 31_536_000, HstsMatch::Unknown),
        ("below an expired one", "a.wide.test", 31_536_000, HstsMatch::Unknown),
        ("an address", "127.0.0.1", 0, HstsMatch::Unknown),
        ("nothing", "", 0, HstsMatch::Unknown),
        ("a dot", ".", 0, HstsMatch::Unknown),
    ] {
        assert_eq!(hosts.matches(host, later(seconds)), verdict, "{row}");
    }
}

#[test]
fn noting_table() {
    let mut hosts = HstsHosts::new(100);
    for address in ["127.0.0.1", "127.0.0.1.", "[::1]", "", &"a.".repeat(1 << 15)] {
        assert_eq!(hosts.note(address, YEAR, NOW), HstsNoted::NotDomain, "{address:?}");
    }
    assert!(hosts.is_empty());
    let policy = StrictTransportSecurity { max_age: 10, include_sub_domains: true };
    assert_eq!(hosts.note("A.test.", b"max-age=10;includeSubDomains", NOW), HstsNoted::Known { policy });
    let ignored = HstsNoted::Ignored { fault: HstsHeaderFault::NoMaxAge };
    assert_eq!(hosts.note("a.test", b"includeSubDomains", NOW), ignored, "what was known stays");
    assert_eq!(hosts.matches("b.a.test", NOW), HstsMatch::Superdomain { domain: "a.test".into() });
    hosts.note("a.test", b"max-age=20", NOW);
    assert_eq!(hosts.matches("b.a.test", NOW), HstsMatch::Unknown, "the newer header replaces the older");
    assert_eq!(hosts.matches("a.test", later(15)), HstsMatch::Congruent);
    assert_eq!(hosts.note("a.test", b"max-age=0;includeSubDomains", NOW), HstsNoted::Forgotten);
    assert!(hosts.is_empty() && hosts.matches("a.test", NOW) == HstsMatch::Unknown);
    assert_eq!(hosts.note("a.test", b"max-age=0", NOW), HstsNoted::Forgotten, "also if never known");
    hosts.note("a.test", b"max-age=99999999999999999999", WallTime(i64::MAX - 1));
    assert_eq!(hosts.matches("a.test", WallTime(i64::MAX - 1)), HstsMatch::Congruent, "no overflow");
}

#[test]
fn the_limit_holds_and_the_first_to_expire_makes_room() {
    let mut hosts = HstsHosts::new(3);
    for index in 0..100 {
        hosts.note(&format!("h{index}.test"), format!("max-age={}", 100 - index).as_bytes(), NOW);
        assert!(hosts.len() <= 3);
    }
    assert_eq!(hosts.matches("h0.test", NOW), HstsMatch::Congruent);
    assert_eq!(hosts.matches("h1.test", NOW), HstsMatch::Congruent);
    assert_eq!(hosts.matches("h98.test", NOW), HstsMatch::Unknown);
    hosts.note("h1.test", b"max-age=5", NOW);
    assert_eq!(hosts.len(), 3, "a known host takes no second place");
    hosts.expire(later(5));
    assert_eq!(hosts.iter(later(5)).map(|(name, ..)| name).collect::<Vec<_>>(), ["h0.test"]);
    let mut none = HstsHosts::new(0);
    none.note("a.test", YEAR, NOW);
    assert!(none.is_empty());
}

#[test]
fn entries_can_be_kept_elsewhere() {
    let mut hosts = HstsHosts::new(10);
    hosts.note("a.test", YEAR_WITH_SUBDOMAINS, NOW);
    hosts.note("b.test", b"max-age=1", NOW);
    let mut restored = HstsHosts::new(10);
    for (name, expires, include_sub_domains) in hosts.iter(later(1)) {
        restored.restore(name, expires, include_sub_domains);
    }
    assert_eq!(restored.len(), 1);
    assert_eq!(restored.matches("x.a.test", NOW), HstsMatch::Superdomain { domain: "a.test".into() });
}

#[test]
fn upgrade_table() {
    use HstsMatch::{Congruent, Unknown};
    let upgraded = || HstsUpgrade::Upgraded { by: Congruent };
    for (row, input, known, verdict) in [
        ("a known host", "http://a.test/", Congruent, upgraded()),
        ("a known host on a port", "http://a.test:8080/", Congruent, upgraded()),
        ("an unknown host", "http://a.test/", Unknown, HstsUpgrade::Unknown),
        ("https already", "https://a.test/", Congruent, HstsUpgrade::NotHttp),
        ("ws is main fetch's http before it comes here", "ws://a.test/", Congruent, HstsUpgrade::NotHttp),
        ("no host at all", "data:,x", Congruent, HstsUpgrade::NotHttp),
        ("an IPv4 address", "http://127.0.0.1/", Congruent, HstsUpgrade::NotDomain),
        ("an IPv6 address", "http://[::1]/", Congruent, HstsUpgrade::NotDomain),
        ("localhost", "http://localhost/", Congruent, HstsUpgrade::Localhost),
        ("localhost with a dot", "http://localhost./", Congruent, HstsUpgrade::Localhost),
        ("a name under localhost", "http://a.localhost./", Congruent, HstsUpgrade::Localhost),
        ("a name that ends alike", "http://notlocalhost/", Congruent, upgraded()),
    ] {
        let verdict_of = hsts_upgrade(&url(input), &known);
        assert_eq!(verdict_of, verdict, "{row}");
        assert!(!verdict_of.blocks());
    }
}

#[test]
fn row_40_a_subdomain_that_asks_to_be_forgotten_leaves_its_parent() {
    let mut hosts = HstsHosts::new(10);
    hosts.note("parent.test", YEAR_WITH_SUBDOMAINS, NOW);
    hosts.note("sub.parent.test", b"max-age=10", NOW);
    hosts.note("sub.parent.test", b"max-age=0", NOW);
    assert_eq!(hosts.matches("parent.test", later(20)), HstsMatch::Congruent);
    let by_parent = HstsMatch::Superdomain { domain: "parent.test".into() };
    assert_eq!(hosts.matches("sub.parent.test", later(20)), by_parent);
    // Nor does a shorter life of the subdomain's entry shorten the parent's.
    hosts.note("sub.parent.test", b"max-age=10; includeSubDomains", NOW);
    assert_eq!(hosts.matches("sub.parent.test", later(20)), by_parent);
    assert_eq!(hosts.matches("x.sub.parent.test", later(20)), by_parent);
}

#[test]
fn row_41_trailing_dots_and_idn_dots_are_upgraded_alike() {
    let mut hosts = HstsHosts::new(10);
    hosts.note(url("https://a.test/").hostname(), YEAR, NOW);
    hosts.note(url("https://b.test./").hostname(), YEAR, NOW);
    for input in [
        "http://a.test/",
        "http://a.test./",
        "http://a\u{3002}test/",
        "http://a\u{FF0E}test\u{FF61}/",
        "http://A.TEST/",
        "http://b.test/",
        "http://b.test./",
        "http://%62.test/",
    ] {
        let from = url(input);
        let known = hosts.matches(from.hostname(), NOW);
        assert_eq!(
            hsts_upgrade(&from, &known),
            HstsUpgrade::Upgraded { by: HstsMatch::Congruent },
            "{input}"
        );
        assert_eq!(from.with_scheme("https").scheme(), "https");
    }
}

#[test]
fn row_42_every_later_request_is_upgraded_serially() {
    let mut hosts = HstsHosts::new(10);
    hosts.note("a.test", b"max-age=60", NOW);
    for second in 0..60 {
        let known = hosts.matches("a.test", later(second));
        let verdict = hsts_upgrade(&url("http://a.test/x"), &known);
        assert_eq!(verdict, HstsUpgrade::Upgraded { by: HstsMatch::Congruent }, "after {second} seconds");
    }
}
