//! Which proxy a URL goes through. How one gets through it is in `tunnel.rs`.
//!
//! A proxy's credentials go to that proxy and nowhere else: they are never in a tunnel, nor at another proxy.

use std::fmt;
use std::sync::Arc;

use sofetch_core::infrastructure::base64::forgiving_base64_encode;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::wire_faults::{ProxyFault, WireFault};

use crate::config::ConfigError;
use crate::no_proxy::NoProxy;

/// Which proxy a URL goes through. The default is none.
#[derive(Clone, Debug, Default)]
pub struct ProxyRules {
    /// For `http:` URLs.
    pub http: Option<Arc<Proxy>>,
    /// For `https:` URLs.
    pub https: Option<Arc<Proxy>>,
    /// Who is reached without one.
    pub no_proxy: NoProxy,
}

impl ProxyRules {
    /// One proxy for every URL.
    pub fn all(url: &str) -> Result<ProxyRules, ConfigError> {
        let proxy = Arc::new(Proxy::parse(url)?);
        Ok(ProxyRules { http: Some(proxy.clone()), https: Some(proxy), no_proxy: NoProxy::default() })
    }

    /// `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in lower or upper case, of this process.
    pub fn from_environment() -> Result<ProxyRules, ConfigError> {
        ProxyRules::from_variables(|name| std::env::var(name).ok())
    }

    /// The same, of an environment of the caller's.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<ProxyRules, ConfigError> {
        let said = |name: &str| {
            let set = |name: &str| variable(name).filter(|value| !value.is_empty());
            set(name).or_else(|| {
                // NB: a CGI server hands the request's `Proxy` header over as HTTP_PROXY ("httpoxy").
                let from_a_request = name == "http_proxy" && variable("REQUEST_METHOD").is_some();
                if from_a_request { None } else { set(&name.to_ascii_uppercase()) }
            })
        };
        let proxy = |name: &str| {
            said(name).or_else(|| said("all_proxy")).map(|url| Proxy::parse(&url).map(Arc::new)).transpose()
        };
        Ok(ProxyRules {
            http: proxy("http_proxy")?,
            https: proxy("https_proxy")?,
            no_proxy: NoProxy::parse_what_is_known(&said("no_proxy").unwrap_or_default()),
        })
    }

    /// "Finding proxies for url": one, or none for "DIRECT".
    pub fn for_url(&self, url: &Url) -> Option<&Arc<Proxy>> {
        let proxy = if url.scheme() == "https" { self.https.as_ref() } else { self.http.as_ref() }?;
        let port = url.port_or_default().unwrap_or_default();
        (!self.no_proxy.matches(url.hostname(), port)).then_some(proxy)
    }
}

/// A proxy.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    pub(crate) kind: ProxyKind,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) username: Vec<u8>,
    pub(crate) password: Vec<u8>,
}

/// What a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ProxyKind {
    Http,
    /// HTTP within TLS.
    Https,
    /// Names are resolved here.
    Socks5,
    /// Names are resolved there (`socks5h`).
    Socks5Remote,
}

impl Proxy {
    /// A proxy by its URL: `http`, `https`, `socks5` or `socks5h`; a bare host and port are `http`.
    pub fn parse(said: &str) -> Result<Proxy, ConfigError> {
        let with_scheme = if said.contains("://") { said.to_owned() } else { format!("http://{said}") };
        let Ok(url) = Url::parse(&with_scheme, None) else {
            return Err(ConfigError::Proxy { said: without_userinfo(&with_scheme) });
        };
        let (kind, default_port) = match url.scheme() {
            "http" => (ProxyKind::Http, 80),
            "https" => (ProxyKind::Https, 443),
            "socks5" => (ProxyKind::Socks5, 1080),
            "socks5h" | "socks" => (ProxyKind::Socks5Remote, 1080),
            _ => return Err(ConfigError::Proxy { said: url.with_credentials("", "").href().to_owned() }),
        };
        let username = percent_decode(url.username());
        let password = percent_decode(url.password());
        // RFC 1929 counts both in a byte.
        let too_long = username.len() > 255 || password.len() > 255;
        if url.hostname().is_empty() || (too_long && !matches!(kind, ProxyKind::Http | ProxyKind::Https)) {
            return Err(ConfigError::Proxy { said: url.with_credentials("", "").href().to_owned() });
        }
        Ok(Proxy {
            kind,
            host: url.hostname().to_ascii_lowercase(),
            port: url.port().unwrap_or(default_port),
            username,
            password,
        })
    }

    /// Is a URL's request sent to it in absolute form, rather than through a tunnel?
    pub(crate) fn takes_absolute_form(&self, secure: bool) -> bool {
        !secure && matches!(self.kind, ProxyKind::Http | ProxyKind::Https)
    }

    /// The `Proxy-Authorization` value, if the URL has credentials.
    pub(crate) fn authorization(&self) -> Option<String> {
        if self.username.is_empty() && self.password.is_empty() {
            return None;
        }
        let pair = [&self.username[..], b":", &self.password[..]].concat();
        Some(format!("Basic {}", forgiving_base64_encode(&pair)))
    }

    /// Its fault.
    pub(crate) fn fault(&self, detail: ProxyFault) -> WireFault {
        WireFault::Proxy { proxy: self.to_string(), detail }
    }
}

impl fmt::Display for Proxy {
    /// The URL, credentials left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            ProxyKind::Http => "http",
            ProxyKind::Https => "https",
            ProxyKind::Socks5 => "socks5",
            ProxyKind::Socks5Remote => "socks5h",
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

fn without_userinfo(said: &str) -> String {
    match (said.find("://"), said.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!("{}{}", &said[..scheme + 3], &said[at + 1..]),
        _ => said.to_owned(),
    }
}

fn percent_decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let digit = |index: usize| bytes.get(index).and_then(|&byte| (byte as char).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        match (bytes[index], digit(index + 1), digit(index + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                index += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                index += 1;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(variables: &[(&str, &str)]) -> ProxyRules {
        ProxyRules::from_variables(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
        .expect("the row's variables are in order")
    }

    fn proxy_of(rules: &ProxyRules, url: &str) -> Option<String> {
        let url = Url::parse(url, None).expect("the row's URL parses");
        rules.for_url(&url).map(|proxy| proxy.to_string())
    }

    #[test]
    fn the_environment_chooses() {
        for (row, variables, url, expected) in [
            ("nothing set, no proxy", vec![], "http://a.test/", None),
            ("lower case", vec![("http_proxy", "p:3128")], "http://a.test/", Some("http://p:3128")),
            ("upper case", vec![("HTTP_PROXY", "http://p:3128")], "http://a.test/", Some("http://p:3128")),
            (
                "lower case wins",
                vec![("HTTP_PROXY", "no:1"), ("http_proxy", "p:2")],
                "http://a.test/",
                Some("http://p:2"),
            ),
            (
                "upper case is a stranger's in CGI",
                vec![("HTTP_PROXY", "evil:1"), ("REQUEST_METHOD", "GET")],
                "http://a.test/",
                None,
            ),
            (
                "but HTTPS_PROXY is not",
                vec![("HTTPS_PROXY", "p:1"), ("REQUEST_METHOD", "GET")],
                "https://a.test/",
                Some("http://p:1"),
            ),
            ("by scheme", vec![("http_proxy", "p:1")], "https://a.test/", None),
            ("for all", vec![("all_proxy", "socks5://p")], "https://a.test/", Some("socks5://p:1080")),
            (
                "empty is unset",
                vec![("http_proxy", ""), ("ALL_PROXY", "p:9")],
                "http://a.test/",
                Some("http://p:9"),
            ),
            ("not these", vec![("all_proxy", "p:9"), ("no_proxy", "a.test")], "http://a.test/", None),
        ] {
            assert_eq!(proxy_of(&rules(&variables), url).as_deref(), expected, "{row}");
        }
    }

    #[test]
    fn credentials_are_decoded_and_never_shown() {
        let proxy = Proxy::parse("http://us%65r:p%40ss@proxy.test:8080").expect("a proxy");
        assert_eq!(proxy.authorization().as_deref(), Some("Basic dXNlcjpwQHNz"));
        assert_eq!(format!("{proxy} {proxy:?}"), "http://proxy.test:8080 Proxy(http://proxy.test:8080)");
        let bad = Proxy::parse("gopher://user:secret@proxy.test").expect_err("no proxy of ours");
        assert!(!format!("{bad:?}").contains("secret"));
        let bad = Proxy::parse("http://user:secret@[").expect_err("no URL");
        assert!(!format!("{bad:?}").contains("secret"));
    }
}
