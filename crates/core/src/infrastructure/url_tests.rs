//! Tables of `url.rs`.

use super::*;

fn url(input: &str) -> Url {
    Url::parse(input, None).expect("a URL of the table")
}

#[test]
fn a_base_changes_nothing_for_what_names_its_own_host() {
    let bases = ["https://u:p@base.test:8/a/b?c#d", "http://base.test/", "file:///C:/x", "data:,x"].map(url);
    for input in [
        "https://a.test/x/../y?z",
        "http://a.test",
        "http:///a.test/x",
        "https://A.test:443/",
        "http://\\a.test",
    ] {
        for base in &bases {
            assert_eq!(Url::parse(input, Some(base)).expect(input), url(input), "{input} at {base}");
        }
    }
    assert!(Url::parse("http://", Some(&bases[0])).is_err());
    assert_eq!(Url::parse("https:x", Some(&bases[0])).expect("a path").path(), "/a/x");
    assert_eq!(Url::parse(" http:/x", Some(&bases[1])).expect("a path").hostname(), "base.test");
}

#[test]
fn hosts_that_are_domains() {
    for (input, expected) in [
        ("http://a.test/", true),
        ("http://a.test1/", true),
        ("https://localhost/", true),
        ("http://127.0.0.1/", false),
        ("http://0x7f.1/", false),
        ("http://[::1]/", false),
        ("file:///x", false),
        ("foo://a.test/", false),
        ("data:,x", false),
    ] {
        let url = url(input);
        assert_eq!(url.has_domain(), expected, "{input}");
        assert_eq!(matches!(url.host(), Some(Host::Domain(_))), expected, "{input}");
    }
}

#[test]
fn host_kinds() {
    let domain = |name: &str| Some(Host::Domain(name.into()));
    let opaque = |name: &str| Some(Host::Opaque(name.into()));
    for (row, input, host) in [
        ("a domain is lower case", "http://A.Test/", domain("a.test")),
        ("a domain is ASCII", "http://b\u{fc}cher.test/", domain("xn--bcher-kva.test")),
        ("an ideographic full stop is a dot", "http://a\u{3002}test/", domain("a.test")),
        ("a trailing dot stays", "http://a.test./", domain("a.test.")),
        ("an IPv4 address", "http://127.1/", Some(Host::Ipv4([127, 0, 0, 1].into()))),
        ("an IPv4 address in hexadecimal", "ws://0x7f.1/", Some(Host::Ipv4([127, 0, 0, 1].into()))),
        ("an IPv6 address", "http://[::1]/", Some(Host::Ipv6([0, 0, 0, 0, 0, 0, 0, 1].into()))),
        (
            "an IPv6 address of no special scheme",
            "foo://[::2]/",
            Some(Host::Ipv6([0, 0, 0, 0, 0, 0, 0, 2].into())),
        ),
        ("digits under no special scheme are opaque", "foo://127.0.0.1/", opaque("127.0.0.1")),
        ("case of an opaque host stays", "foo://A%41/", opaque("A%41")),
        ("a file of this machine", "file:///x", Some(Host::Empty)),
        ("localhost is a file's empty host", "file://localhost/x", Some(Host::Empty)),
        ("a file of another machine", "file://h/x", domain("h")),
        ("an empty host under no special scheme", "foo:///x", Some(Host::Empty)),
        ("no host", "foo:/x", None),
        ("no host with an opaque path", "data:,x", None),
    ] {
        assert_eq!(url(input).host(), host, "{row}");
    }
    assert_eq!(
        Url::parse("x", Some(&url("http://1.2.3.4/"))).expect("a path").host(),
        url("http://1.2.3.4").host()
    );
}

#[test]
fn null_is_not_empty() {
    for (input, query, fragment) in [
        ("http://a.test/", None, None),
        ("http://a.test/?", Some(""), None),
        ("http://a.test/#", None, Some("")),
        ("http://a.test/?#", Some(""), Some("")),
        ("http://a.test/?q?#f#", Some("q?"), Some("f#")),
        ("data:x?q#f", Some("q"), Some("f")),
    ] {
        let parsed = url(input);
        assert_eq!((parsed.query(), parsed.fragment()), (query, fragment), "{input}");
        let base = url("http://a.test/?old#old");
        let rebuilt = base.with_query(query).with_fragment(fragment);
        if !input.starts_with("data:") {
            assert_eq!(rebuilt.href(), input, "put back");
        }
    }
    let doubled = url("http://a.test/").with_fragment(Some("#f")).with_query(Some("?q"));
    assert_eq!(doubled.href(), "http://a.test/??q##f", "no leading delimiter is lost");
}

#[test]
fn slices_for_the_wire() {
    for (input, without_fragment, path_and_query) in [
        ("http://u:p@a.test:8080/p/?q#f", "http://u:p@a.test:8080/p/?q", "/p/?q"),
        ("http://a.test", "http://a.test/", "/"),
        ("http://a.test?#", "http://a.test/?", "/?"),
        ("foo:/..//p", "foo:/.//p", "//p"),
        ("data:,x#f", "data:,x", ",x"),
    ] {
        assert_eq!(url(input).href_without_fragment(), without_fragment);
        assert_eq!(url(input).path_and_query(), path_and_query);
    }
}

#[test]
fn same_origin_table() {
    for (row, a, b, same) in [
        ("path, query, fragment do not matter", "http://a.test/x?y#z", "http://a.test/", true),
        ("nor do credentials", "http://u:p@a.test/", "http://v@a.test/", true),
        ("nor on one side", "http://u@a.test:81/", "http://a.test:81/", true),
        ("the default port is no port", "https://a.test:443/", "https://a.test/", true),
        ("another port", "http://a.test:81/", "http://a.test/", false),
        ("another scheme", "http://a.test/", "https://a.test/", false),
        ("another scheme on its port", "http://a.test:443/", "https://a.test/", false),
        ("another host", "http://a.test/", "http://b.test/", false),
        ("a name of which the other is the end", "http://nota.test/", "http://a.test/", false),
        ("a name of which the other is the beginning", "http://a.test.evil/", "http://a.test/", false),
        ("a trailing dot", "http://a.test./", "http://a.test/", false),
        ("one address, two spellings", "http://127.1/", "http://0x7f000001/", true),
        ("one address, two spellings, six", "http://[::1]/", "http://[0:0::1]/", true),
        ("a blob's maker", "blob:https://a.test/1", "https://a.test/", true),
        ("a blob of no tuple origin", "blob:data:,x", "blob:data:,x", false),
        ("files", "file:///x", "file:///x", false),
        ("opaque origins", "data:,x", "data:,x", false),
    ] {
        let (a, b) = (url(a), url(b));
        assert_eq!(a.same_origin(&b), same, "{row}");
        assert_eq!(b.same_origin(&a), same, "{row}");
        assert_eq!(a.same_origin_with(&b.origin()), same, "{row}, with an origin");
        assert_eq!(a.origin().same_origin(&b.origin()), same, "{row}, by origins");
    }
}

#[test]
fn potentially_trustworthy_table() {
    for (input, trustworthy) in [
        ("https://a.test/", true),
        ("wss://a.test/", true),
        ("http://a.test/", false),
        ("ws://a.test/", false),
        ("ftp://a.test/", false),
        ("http://127.255.0.1/", true),
        ("http://128.0.0.1/", false),
        ("http://127.evil.test/", false),
        ("http://[::1]:8080/", true),
        ("http://[::2]/", false),
        ("http://[::ffff:7f00:1]/", false),
        ("http://localhost/", true),
        ("http://localhost./", true),
        ("http://a.localhost./", true),
        ("http://notlocalhost/", false),
        ("http://localhost.evil.test/", false),
        ("file:///x", true),
        ("data:,x", true),
        ("about:blank", true),
        ("about:blank?q#f", true),
        ("about:srcdoc", true),
        ("about:config", false),
        ("blob:https://a.test/1", true),
        ("blob:http://a.test/1", false),
        ("blob:null/1", false),
        ("foo://localhost/", false),
    ] {
        assert_eq!(url(input).is_potentially_trustworthy(), trustworthy, "{input}");
    }
}

#[test]
fn a_scheme_is_changed_where_the_setter_grants_it() {
    for (input, scheme, href) in [
        ("http://a.test/x?y#z", "https", "https://a.test/x?y#z"),
        ("http://a.test:80/", "https", "https://a.test/"),
        ("http://a.test:443/", "https", "https://a.test/"),
        ("http://u:p@a.test:8080/", "https", "https://u:p@a.test:8080/"),
        ("http://a.test/", "foo", "http://a.test/"),
    ] {
        assert_eq!(url(input).with_scheme(scheme).href(), href);
    }
}

#[test]
fn row_27_debug_shows_no_credentials() {
    for input in ["http://user:secret@a.test/x", "http://:secret@a.test/", "foo://secret@h"] {
        let shown = format!("{:?}", url(input));
        assert!(!shown.contains("secret") && !shown.contains("user"), "{shown}");
        assert!(shown.contains("redacted"), "{shown}");
    }
    assert_eq!(format!("{:?}", url("http://a.test/")), "Url(http://a.test/)");
}

#[test]
fn what_does_not_parse_keeps_its_credentials_to_itself() {
    for (input, shown) in [
        ("http://user:secret@host:99999/", "http://[redacted]@host:99999/"),
        ("http://user:sec/ret@host/", "http://[redacted]@host/"),
        ("http:user:secret@[", "http:[redacted]@["),
        ("//user:secret@[/", "//user:[redacted]@[/"),
        ("user@", "[redacted]@"),
        ("http://[", "http://["),
        ("/a b", "/a b"),
    ] {
        let invalid = InvalidUrl { input: input.to_owned() };
        assert_eq!(invalid.redacted(), shown);
        assert!(!format!("{invalid} {invalid:?}").contains("secret"), "{invalid}");
    }
}

#[test]
fn offsets_cut_the_href_where_the_getters_do() {
    for input in [
        "https://a.test",
        "https://a.test:8443/x/y?q#f",
        "https://u@a.test/",
        "https://u:p@a.test:1/x",
        "https://:p@a.test/",
        "http://[::1]:1/",
        "file:///etc/x?",
        "file://host/x#",
        "foo:",
        "foo:x?y#z",
        "foo:/.//x",
        "foo:///x",
        "foo://h",
        "foo://u:p@h:1?q",
        "foo:///?q",
        "data:,x#",
        "blob:https://a.test/1-2",
        "mailto:u@a.test",
    ] {
        let url = url(input);
        let (href, at) = (url.href(), url.offsets());
        let cut = |from: u32, to: u32| href.get(from as usize..to as usize).unwrap_or_default();
        assert_eq!(cut(0, at.scheme_end), format!("{}:", url.scheme()), "{href}");
        assert_eq!(cut(at.scheme_end + 2, at.username_end), url.username(), "{href}");
        assert_eq!(cut(at.username_end + 1, at.password_end), url.password(), "{href}");
        assert_eq!(cut(at.host_start, at.hostname_end), url.hostname(), "{href}");
        assert_eq!(cut(at.host_start, at.host_end), url.host_and_port(), "{href}");
        let port = url.port().map(|port| port.to_string()).unwrap_or_default();
        assert_eq!(cut(at.hostname_end + 1, at.host_end), port, "{href}");
        assert_eq!(cut(at.path_start, at.search_start), url.path(), "{href}");
        assert_eq!(cut(at.search_start, at.hash_start).strip_prefix('?'), url.query(), "{href}");
        assert_eq!(cut(at.hash_start, href.len() as u32).strip_prefix('#'), url.fragment(), "{href}");
    }
}
