//! Tables of what matches what.

use super::*;

fn url(input: &str) -> Url {
    Url::parse(input, None).expect("a URL of the table")
}

fn list(words: &str) -> Vec<String> {
    words.split_ascii_whitespace().map(str::to_owned).collect()
}

/// Which word of a list matches, for a page of `own`.
fn matching<'a>(to: &str, list: &'a [String], own: &str, redirect_count: u32) -> Option<&'a str> {
    matching_url(&url(to), list, Some(&url(own).origin()), redirect_count)
}

const OWN: &str = "https://a.test/";
const INSECURE: &str = "http://a.test/";

#[test]
fn url_table() {
    for (row, own, to, word, matched) in [
        ("a star: http", OWN, "http://b.test/", "*", true),
        ("a star: https", INSECURE, "https://b.test:8443/p", "*", true),
        ("a star: an address", OWN, "http://192.0.2.7/", "*", true),
        ("a star: data", OWN, "data:,x", "*", false),
        ("a star: blob", OWN, "blob:https://a.test/1", "*", false),
        ("a star: a web socket", OWN, "wss://b.test/", "*", false),
        ("a star: the page's own scheme", "ws://a.test/", "ws://b.test/", "*", true),
        ("a scheme", OWN, "https://b.test/", "https:", true),
        ("a scheme in capitals", OWN, "https://b.test/", "HTTPS:", true),
        ("a scheme, upgraded", OWN, "https://b.test/", "http:", true),
        ("a scheme, downgraded", OWN, "http://b.test/", "https:", false),
        ("a web socket, upgraded", OWN, "wss://b.test/", "ws:", true),
        ("a web socket's scheme for http", OWN, "http://b.test/", "ws:", true),
        ("a web socket's scheme for https", OWN, "https://b.test/", "wss:", true),
        ("a secure web socket's scheme for http", OWN, "http://b.test/", "wss:", false),
        ("a secure web socket, downgraded", OWN, "ws://b.test/", "wss:", false),
        ("http for a web socket", OWN, "ws://b.test/", "http:", false),
        ("data", OWN, "data:,x", "data:", true),
        ("blob", OWN, "blob:https://a.test/1", "blob:", true),
        ("another scheme", OWN, "data:,x", "blob:", false),
        ("a host", OWN, "https://b.test/", "b.test", true),
        ("a host in capitals", OWN, "https://b.test/", "B.Test", true),
        ("another host", OWN, "https://c.test/", "b.test", false),
        ("a name under it", OWN, "https://x.b.test/", "b.test", false),
        ("a host over a lesser scheme than the page's", OWN, "http://b.test/", "b.test", false),
        ("a host over a better scheme", INSECURE, "https://b.test/", "b.test", true),
        ("a host with its scheme", OWN, "http://b.test/", "http://b.test", true),
        ("and upgraded", OWN, "https://b.test/", "http://b.test", true),
        ("and downgraded", OWN, "http://b.test/", "https://b.test", false),
        ("a trailing dot is another host", OWN, "https://b.test./", "b.test", false),
        ("names under", OWN, "https://x.b.test/", "*.b.test", true),
        ("names far under", OWN, "https://y.x.b.test/", "*.B.test", true),
        ("not the name itself", OWN, "https://b.test/", "*.b.test", false),
        ("not by the string", OWN, "https://xb.test/", "*.b.test", false),
        ("any host", OWN, "https://b.test/", "https://*", true),
        ("any host, no address", OWN, "https://192.0.2.7/", "https://*", false),
        ("an address", OWN, "https://192.0.2.7/", "192.0.2.7", false),
        ("the one address", OWN, "https://127.0.0.1/", "127.0.0.1", true),
        ("the one address, otherwise", OWN, "https://127.0.0.2/", "127.0.0.1", false),
        ("the one address is no name's", OWN, "https://localhost/", "127.0.0.1", false),
        ("an IPv6 address has no expression", OWN, "https://[::1]/", "[::1]", false),
        ("no host", OWN, "data:,x", "data://b.test", false),
        ("an opaque host", OWN, "x://b.test/", "x://b.test", false),
        ("the default port, unsaid", OWN, "https://b.test/", "b.test", true),
        ("the default port, said", OWN, "https://b.test/", "b.test:443", true),
        ("the default port of another scheme", OWN, "https://b.test/", "b.test:80", false),
        ("a port unsaid", OWN, "https://b.test:8443/", "b.test", false),
        ("a port said", OWN, "https://b.test:8443/", "b.test:8443", true),
        ("another port", OWN, "https://b.test:8443/", "b.test:8444", false),
        ("any port", OWN, "https://b.test:8443/", "b.test:*", true),
        ("any port, the default", OWN, "https://b.test/", "b.test:*", true),
        ("zeros before", OWN, "https://b.test:8443/", "b.test:008443", true),
        ("a number that is no port", OWN, "https://b.test/", "b.test:99999999999999999999", false),
        ("a number that wraps to it", OWN, "https://b.test/", "b.test:65979", false),
        ("self", OWN, "https://a.test/x", "'self'", true),
        ("self in capitals", OWN, "https://a.test/x", "'SELF'", true),
        ("self and another host", OWN, "https://b.test/", "'self'", false),
        ("self and another port", OWN, "https://a.test:8443/", "'self'", false),
        ("self, upgraded", INSECURE, "https://a.test/", "'self'", true),
        ("self, upgraded at its port", "http://a.test:81/", "https://a.test:81/", "'self'", true),
        ("self, upgraded elsewhere", "http://a.test:81/", "https://a.test/", "'self'", false),
        ("self, downgraded", OWN, "http://a.test/", "'self'", false),
        ("self as a web socket", INSECURE, "ws://a.test/", "'self'", true),
        ("self as a secure web socket", OWN, "wss://a.test/", "'self'", true),
        ("self as a lesser web socket", OWN, "ws://a.test/", "'self'", false),
        ("self and an address", "http://[::1]:81/", "http://[::1]:81/x", "'self'", true),
        ("self and a blob of its own", OWN, "blob:https://a.test/1", "'self'", false),
        ("self of nobody", "data:,x", "data:,x", "'self'", false),
        ("none", OWN, "https://a.test/", "'none'", false),
        ("a nonce", OWN, "https://a.test/", "'nonce-a'", false),
        ("another keyword", OWN, "https://a.test/", "'unsafe-inline'", false),
        ("no expression", OWN, "https://b.test/", "https://b.test?", false),
    ] {
        let list = list(word);
        assert_eq!(matching(to, &list, own, 0), matched.then_some(word), "{row}");
    }
}

#[test]
fn path_table() {
    for (row, path, word, matched) in [
        ("no path", "/x", "b.test", true),
        ("the root is all", "/x/y", "b.test/", true),
        ("a file", "/x/y.js", "b.test/x/y.js", true),
        ("a file and its query", "/x/y.js?q#f", "b.test/x/y.js", true),
        ("another file", "/x/z.js", "b.test/x/y.js", false),
        ("another case", "/x/Y.js", "b.test/x/y.js", false),
        ("a folder", "/x/y.js", "b.test/x/", true),
        ("a folder itself", "/x/", "b.test/x/", true),
        ("a folder far above", "/x/y/z", "b.test/x/", true),
        ("a folder without its slash", "/x", "b.test/x/", false),
        ("a file with a slash", "/x/", "b.test/x", false),
        ("a file is no folder", "/x/y.js", "b.test/x", false),
        ("not by the string", "/xy", "b.test/x", false),
        ("decoded in the expression", "/x/y", "b.test/%78/y", true),
        ("decoded in the URL", "/%78/y", "b.test/x/y", true),
        ("an encoded slash is none", "/x%2Fy", "b.test/x/y", false),
        ("an encoded slash is itself", "/x%2fy", "b.test/x%2Fy", true),
        ("what expressions cannot say they encode", "/x;y,z", "b.test/x%3By%2Cz", true),
    ] {
        let list = list(word);
        assert_eq!(
            matching(&format!("https://b.test{path}"), &list, OWN, 0),
            matched.then_some(word),
            "{row}"
        );
        let redirected = matching(&format!("https://b.test{path}"), &list, OWN, 1);
        assert_eq!(redirected, Some(word), "{row}: after a redirect no path counts");
    }
}

#[test]
fn lists_match_by_any_word() {
    for (row, words, matched) in [
        ("an empty list", "", None),
        ("none", "'none'", None),
        ("none has no effect beside others", "'none' b.test", Some("b.test")),
        ("the first that matches", "a.test https: b.test", Some("https:")),
        ("none that matches", "a.test c.test", None),
    ] {
        let list = list(words);
        assert_eq!(matching("https://b.test/", &list, OWN, 0), matched, "{row}");
    }
    let nobody = list("'self' b.test *");
    let matching = |to: &str| matching_url(&url(to), &nobody, None, 0);
    assert_eq!(matching("https://b.test/"), Some("*"), "without an origin neither self nor a bare host");
    assert_eq!(matching("data:,x"), None);
}

#[test]
fn nonces_match_identically() {
    for (row, nonce, words, matched) in [
        ("the same", "abc=", "'self' 'nonce-abc='", Some("'nonce-abc='")),
        ("the keyword in capitals", "abc", "'NONCE-abc'", Some("'NONCE-abc'")),
        ("another case", "ABC", "'nonce-abc'", None),
        ("the same bytes in the other alphabet", "a-b", "'nonce-a+b'", None),
        ("an empty one", "", "'nonce-'", None),
        ("what no list can have", "a b", "'nonce-a b'", None),
        ("none in the list", "abc", "*", None),
    ] {
        assert_eq!(matching_nonce(nonce, &list(words)), matched, "{row}");
    }
}

#[test]
fn integrity_metadata_is_a_part_of_the_list() {
    for (row, metadata, words, matched) in [
        ("one", "sha256-abc=", "'sha256-abc='", true),
        ("one of several", "sha256-abc=", "'sha384-x' 'sha256-abc='", true),
        ("several, all there", "sha256-a sha384-b", "'sha384-b' 'sha256-a'", true),
        ("several, one missing", "sha256-a sha384-b", "'sha256-a'", false),
        ("another algorithm", "sha384-a", "'sha256-a'", false),
        ("another digest", "sha256-b", "'sha256-a'", false),
        ("capitals in the token", "SHA256-a", "'Sha256-a'", true),
        ("capitals in the digest", "sha256-A", "'sha256-a'", false),
        ("the other alphabet", "sha256-a+b/c", "'sha256-a-b_c'", true),
        ("what is not understood does not count", "md5-x sha256-a", "'sha256-a'", true),
        ("nothing that is understood", "md5-x", "'sha256-a'", false),
        ("no metadata", "", "'sha256-a'", false),
        ("no hash in the list", "sha256-a", "* 'unsafe-inline'", false),
    ] {
        assert_eq!(integrity_metadata_matches(metadata, &list(words)), matched, "{row}");
    }
}

#[test]
fn what_would_match_does() {
    for (to, word) in [
        ("https://a.test/x", "'self'"),
        ("https://b.test/x?q", "https://b.test"),
        ("http://b.test:8080/x", "http://b.test:8080"),
        ("wss://b.test/", "wss://b.test"),
        ("http://127.0.0.1:81/", "http://127.0.0.1:81"),
        ("http://192.0.2.7/", "http:"),
        ("http://[::1]:81/", "http:"),
        ("https://a_b.test/", "https:"),
        ("data:,x", "data:"),
        ("blob:https://a.test/1", "blob:"),
    ] {
        let own = url(OWN).origin();
        let found = expression_for(&url(to), Some(&own));
        assert_eq!(found, word);
        for redirect_count in [0, 1] {
            let list = [found.clone()];
            assert!(matching_url(&url(to), &list, Some(&own), redirect_count).is_some(), "{to}");
        }
    }
}
