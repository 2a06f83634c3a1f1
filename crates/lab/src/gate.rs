//! Who may call: a request for the address that is listened on, from the lab's own page, by whoever knows the token.
//!
//! Any page in the same browser can send requests to loopback, and any name can be made to lead there. The `Host` header keeps
//! names out, `Origin` and `Sec-Fetch-Site` other pages, and the token other users and programs of the machine.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use subtle::ConstantTimeEq;

/// The header that bears the token. No form can set it, and no page of another origin without a preflight, which nobody grants.
pub(crate) const TOKEN_HEADER: &str = "lab-token";

/// The random bytes of a token.
pub(crate) const TOKEN_BYTES: usize = 32;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// It is the lab's own page, or whoever was given the token.
    Open,
    /// It names another host than the address that is listened on, or several, or none.
    OtherHost,
    /// It comes from a page of another origin.
    OtherOrigin,
    /// The browser says that it does not come from the same origin.
    OtherSite,
    /// It has no token, or several.
    NoToken,
    /// It has another.
    OtherToken,
}

impl Gate {
    /// For programs.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Gate::Open => "open",
            Gate::OtherHost => "other-host",
            Gate::OtherOrigin => "other-origin",
            Gate::OtherSite => "other-site",
            Gate::NoToken => "no-token",
            Gate::OtherToken => "other-token",
        }
    }
}

/// A secret of one run, in hexadecimal digits.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    /// Of random bytes.
    pub(crate) fn new(random: [u8; TOKEN_BYTES]) -> Token {
        Token(random.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// To be shown to its owner alone.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Is it this one? It takes as long for one that is nearly right as for any other of its length.
    pub(crate) fn is(&self, said: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(said).into()
    }
}

/// May the page's files be given out? `authorities` are the addresses that are listened on.
pub(crate) fn for_page(headers: &HeaderMap, authorities: &[String]) -> Gate {
    let known =
        |said: &HeaderValue| authorities.iter().any(|authority| said.as_bytes() == authority.as_bytes());
    match only(headers, &header::HOST) {
        Some(said) if known(said) => Gate::Open,
        _ => Gate::OtherHost,
    }
}

/// May a call be answered? Who is no browser says nothing of sites and origins: the token is enough then.
pub(crate) fn for_call(headers: &HeaderMap, authorities: &[String], token: &Token) -> Gate {
    let host = for_page(headers, authorities);
    if host != Gate::Open {
        return host;
    }
    let site = HeaderName::from_static("sec-fetch-site");
    if headers.contains_key(&site) && only(headers, &site).is_none_or(|said| said != "same-origin") {
        return Gate::OtherSite;
    }
    if headers.contains_key(header::ORIGIN) {
        let host = only(headers, &header::HOST).and_then(|said| said.to_str().ok()).unwrap_or_default();
        let own = format!("http://{host}");
        if only(headers, &header::ORIGIN).is_none_or(|said| said.as_bytes() != own.as_bytes()) {
            return Gate::OtherOrigin;
        }
    }
    match only(headers, &HeaderName::from_static(TOKEN_HEADER)) {
        None => Gate::NoToken,
        Some(said) if token.is(said.as_bytes()) => Gate::Open,
        Some(_) => Gate::OtherToken,
    }
}

/// The value of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    first.filter(|_| values.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            (name, HeaderValue::from_bytes(value.as_bytes()).expect("a value"))
        };
        let mut map = HeaderMap::new();
        list.iter().map(pair).for_each(|(name, value)| {
            map.append(name, value);
        });
        map
    }

    #[test]
    fn calls_table() {
        let token = Token::new([0xAB; TOKEN_BYTES]);
        let (good, other, short) = ("ab".repeat(32), "ac".repeat(32), "ab".repeat(31));
        let authorities = ["127.0.0.1:4000".to_owned(), "[::1]:4000".to_owned()];
        let host = ("host", "127.0.0.1:4000");
        type Row<'a> = (&'a str, Vec<(&'a str, &'a str)>, Gate);
        let table: Vec<Row<'_>> = vec![
            (
                "the page itself",
                vec![
                    host,
                    ("origin", "http://127.0.0.1:4000"),
                    ("sec-fetch-site", "same-origin"),
                    ("lab-token", &good),
                ],
                Gate::Open,
            ),
            ("no browser, with the token", vec![host, ("lab-token", &good)], Gate::Open),
            ("the other address", vec![("host", "[::1]:4000"), ("lab-token", &good)], Gate::Open),
            ("no host", vec![("lab-token", &good)], Gate::OtherHost),
            (
                "a name that leads here",
                vec![("host", "rebound.test:4000"), ("lab-token", &good)],
                Gate::OtherHost,
            ),
            ("localhost is a name", vec![("host", "localhost:4000"), ("lab-token", &good)], Gate::OtherHost),
            ("another port", vec![("host", "127.0.0.1:4001"), ("lab-token", &good)], Gate::OtherHost),
            ("no port", vec![("host", "127.0.0.1"), ("lab-token", &good)], Gate::OtherHost),
            ("two hosts", vec![host, ("host", "a.test"), ("lab-token", &good)], Gate::OtherHost),
            (
                "another page",
                vec![host, ("origin", "https://a.test"), ("lab-token", &good)],
                Gate::OtherOrigin,
            ),
            ("a sandboxed page", vec![host, ("origin", "null"), ("lab-token", &good)], Gate::OtherOrigin),
            (
                "the page at the other address",
                vec![host, ("origin", "http://[::1]:4000"), ("lab-token", &good)],
                Gate::OtherOrigin,
            ),
            (
                "two origins",
                vec![host, ("origin", "http://127.0.0.1:4000"), ("origin", "x"), ("lab-token", &good)],
                Gate::OtherOrigin,
            ),
            (
                "another server of this machine",
                vec![host, ("sec-fetch-site", "same-site"), ("lab-token", &good)],
                Gate::OtherSite,
            ),
            (
                "a link from elsewhere",
                vec![host, ("sec-fetch-site", "cross-site"), ("lab-token", &good)],
                Gate::OtherSite,
            ),
            (
                "the address bar",
                vec![host, ("sec-fetch-site", "none"), ("lab-token", &good)],
                Gate::OtherSite,
            ),
            ("no token", vec![host, ("origin", "http://127.0.0.1:4000")], Gate::NoToken),
            ("two tokens", vec![host, ("lab-token", &good), ("lab-token", &good)], Gate::NoToken),
            ("another token", vec![host, ("lab-token", &other)], Gate::OtherToken),
            ("a part of it", vec![host, ("lab-token", &short)], Gate::OtherToken),
            ("an empty one", vec![host, ("lab-token", "")], Gate::OtherToken),
        ];
        for (name, list, expected) in table {
            assert_eq!(for_call(&headers(&list), &authorities, &token), expected, "{name}");
        }
    }

    #[test]
    fn a_page_may_be_linked_to_by_its_address_alone() {
        let authorities = ["127.0.0.1:4000".to_owned()];
        let at = |list: &[(&str, &str)]| for_page(&headers(list), &authorities);
        assert_eq!(at(&[("host", "127.0.0.1:4000"), ("sec-fetch-site", "cross-site")]), Gate::Open);
        assert_eq!(at(&[("host", "rebound.test:4000")]), Gate::OtherHost);
        assert_eq!(at(&[]), Gate::OtherHost);
    }
}
