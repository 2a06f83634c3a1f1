//! What is fetched, and for whom: the URL with the scheme that was left out, `--page` and `--origin`.

use sofetch::Url;
use sofetch::core::infrastructure::origins::Host;
use sofetch::core::infrastructure::urlencoded::urlencoded_serializer;

use super::policies::PolicyOptions;
use super::usage::UsageError;

/// On whose behalf a page's fetch is made.
#[derive(Clone, Debug)]
pub(crate) struct PageOption {
    /// The page's URL; an origin alone has the root's.
    pub(crate) url: Url,
    /// Is its origin an opaque one instead of the URL's?
    pub(crate) opaque: bool,
    /// What it was delivered with.
    pub(crate) policies: PolicyOptions,
}

/// `--page`, with a scheme put before it where it has none.
pub(crate) fn page(said: &str) -> Result<PageOption, UsageError> {
    let url = url(said, None).ok().filter(is_a_pages).ok_or_else(|| UsageError::Page(said.to_owned()))?;
    Ok(PageOption { url, opaque: false, policies: PolicyOptions::default() })
}

/// Can a page have this URL? Others lead to none, such as `javascript:` and `ftp:`.
pub(crate) fn is_a_pages(url: &Url) -> bool {
    url.has_http_scheme() || matches!(url.scheme(), "file" | "about" | "data" | "blob")
}

/// `--origin`: `null`, or the origin and nothing more.
pub(crate) fn origin(said: &str) -> Result<PageOption, UsageError> {
    if said == "null" {
        let url = Url::parse("about:blank", None).expect("about:blank is a valid URL");
        return Ok(PageOption { url, opaque: true, policies: PolicyOptions::default() });
    }
    let wrong = || UsageError::Origin(said.to_owned());
    let url = Url::parse(said, None).map_err(|_| wrong())?;
    let more = url.includes_credentials() || !matches!(url.path(), "" | "/");
    if more || !url.has_http_scheme() || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong());
    }
    Ok(PageOption { url, opaque: false, policies: PolicyOptions::default() })
}

/// The URL to fetch. Relative to a page if there is one and it begins like a relative URL; otherwise, without a scheme,
/// it begins with a host: `https:`, or `http:` on this machine.
pub(crate) fn url(said: &str, page: Option<&PageOption>) -> Result<Url, UsageError> {
    let wrong = || UsageError::Url(without_user(said));
    let text = said.trim();
    if text.is_empty() {
        return Err(wrong());
    }
    // NB: clap takes a command's word for a URL once an option stood before it.
    if matches!(text, "cors" | "tour" | "generate" | "lab" | "repl" | "run") {
        return Err(UsageError::CommandLate(text.to_owned()));
    }
    if has_scheme(text) {
        return Url::parse(text, None).map_err(|_| wrong());
    }
    if text.starts_with(['/', '.', '?', '#']) {
        let base = page.map(|page| &page.url).ok_or_else(wrong)?;
        return Url::parse(text, Some(base)).map_err(|_| wrong());
    }
    let text = if text.starts_with(':') { format!("localhost{text}") } else { text.to_owned() };
    let url = Url::parse(&format!("http://{text}"), None).map_err(|_| wrong())?;
    if is_this_machine(url.host().as_ref()) {
        return Ok(url);
    }
    Url::parse(&format!("https://{text}"), None).map_err(|_| wrong())
}

/// A text that is no URL may have a password all the same.
pub(crate) fn without_user(said: &str) -> String {
    let start = said.find("://").map_or(0, |at| at + 3);
    let end = said[start..].find(['/', '?', '#']).map_or(said.len(), |length| start + length);
    match said[start..end].rfind('@') {
        Some(at) => format!("{}[redacted]{}", &said[..start], &said[start + at..]),
        None => said.to_owned(),
    }
}

/// Does it begin with a scheme? `host:port` does not, though a URL parser would think so.
pub(crate) fn has_scheme(text: &str) -> bool {
    const WITHOUT_HOST: [&str; 7] = ["about", "blob", "data", "file", "javascript", "mailto", "urn"];
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let scheme_like = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|other| other.is_ascii_alphanumeric() || matches!(other, '+' | '-' | '.'));
    if !scheme_like {
        return false;
    }
    if rest.starts_with("//") || WITHOUT_HOST.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return true;
    }
    // `user:password@host`
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return false;
    }
    let after_port = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
    !(after_port.is_empty() || after_port.starts_with(['/', '?', '#']))
}

fn is_this_machine(host: Option<&Host>) -> bool {
    match host {
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
        Some(host) => host.is_localhost(),
        None => false,
    }
}

/// The URL with these parameters after those that it has.
pub(super) fn with_parameters(url: Url, parameters: &[(String, String)]) -> Url {
    if parameters.is_empty() {
        return url;
    }
    let pairs = parameters.iter().map(|(name, value)| (&**name, &**value));
    let added = urlencoded_serializer(pairs, None);
    let query = match url.query() {
        None | Some("") => added,
        Some(query) => format!("{query}&{added}"),
    };
    url.with_query(Some(&query))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_table() {
        let table = [
            ("a whole URL stays", "http://a.test/x", Some("http://a.test/x")),
            ("a host is https", "a.test", Some("https://a.test/")),
            ("a host with a path", "a.test/x?y#z", Some("https://a.test/x?y#z")),
            ("a host and a port are no scheme", "a.test:8443/x", Some("https://a.test:8443/x")),
            ("localhost is http", "localhost/x", Some("http://localhost/x")),
            ("localhost with a port", "localhost:3000", Some("http://localhost:3000/")),
            ("a name under localhost", "a.localhost:3000", Some("http://a.localhost:3000/")),
            ("a name that only ends so", "notlocalhost", Some("https://notlocalhost/")),
            ("a loopback address", "127.1.2.3:80/x", Some("http://127.1.2.3/x")),
            ("another spelling of one", "0x7f.1", Some("http://127.0.0.1/")),
            ("a loopback address of IPv6", "[::1]:8080", Some("http://[::1]:8080/")),
            ("another address", "192.0.2.1", Some("https://192.0.2.1/")),
            ("a port alone is localhost's", ":3000/x", Some("http://localhost:3000/x")),
            ("a user before the host", "user@a.test", Some("https://user@a.test/")),
            ("so is a password", "user:pw@a.test:1", Some("https://user:pw@a.test:1/")),
            ("data has a scheme", "data:1", Some("data:1")),
            ("so has blob", "blob:https://a.test/1", Some("blob:https://a.test/1")),
            ("and a scheme nobody knows", "foo:bar", Some("foo:bar")),
            ("white space around is left out", " a.test ", Some("https://a.test/")),
            ("the word of a command with its scheme is a host", "https://cors", Some("https://cors/")),
            ("the word of a command is none", "tour", None),
            ("a path needs a page", "/x", None),
            ("an empty text is none", "", None),
            ("a space in a host", "a b", None),
            ("a host that is none", "https://", None),
        ];
        for (name, said, expected) in table {
            let url = url(said, None).ok();
            assert_eq!(url.as_ref().map(Url::href), expected, "{name}");
        }
    }

    #[test]
    fn page_table() {
        let table = [
            ("a whole URL", "http://a.test/x", Some("http://a.test/x")),
            ("a host", "a.test/x", Some("https://a.test/x")),
            ("a file", "file:///x", Some("file:///x")),
            ("an empty document", "about:blank", Some("about:blank")),
            ("data", "data:text/html,x", Some("data:text/html,x")),
            ("a script", "javascript:1", None),
            ("an address", "mailto:a@a.test", None),
            ("what no page is fetched by", "ftp://a.test/", None),
            ("a WebSocket", "ws://a.test/", None),
            ("a scheme nobody knows", "foo://bar", None),
        ];
        for (name, said, expected) in table {
            let page = page(said).ok();
            assert_eq!(page.as_ref().map(|page| page.url.href()), expected, "{name}");
        }
    }

    #[test]
    fn parameters_come_after_those_of_the_url() {
        let with = |said: &str, pairs: &[(&str, &str)]| {
            let pairs: Vec<_> =
                pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
            with_parameters(url(said, None).expect("a URL"), &pairs).href().to_owned()
        };
        assert_eq!(with("a.test/x", &[("b", "c d"), ("e&", "=")]), "https://a.test/x?b=c+d&e%26=%3D");
        assert_eq!(with("a.test/?a=1#f", &[("b", "\u{e9}")]), "https://a.test/?a=1&b=%C3%A9#f");
        assert_eq!(with("a.test/?", &[("b", "")]), "https://a.test/?b=");
        assert_eq!(with("a.test/?", &[]), "https://a.test/?");
    }

    #[test]
    fn relative_urls_are_the_pages() {
        let page = page("https://a.test/b/c").expect("a page");
        let table = [
            ("/x", "https://a.test/x"),
            ("./x", "https://a.test/b/x"),
            ("../x", "https://a.test/x"),
            ("?x", "https://a.test/b/c?x"),
            ("//b.test/x", "https://b.test/x"),
            ("b.test/x", "https://b.test/x"),
        ];
        for (said, expected) in table {
            assert_eq!(url(said, Some(&page)).expect(said).href(), expected);
        }
    }

    #[test]
    fn origin_table() {
        let table = [
            ("an origin", "https://a.test", Some("https://a.test")),
            ("a slash is forgiven", "https://a.test/", Some("https://a.test")),
            ("a port", "https://a.test:8443", Some("https://a.test:8443")),
            ("the default port is not said", "https://a.test:443", Some("https://a.test")),
            ("case does not matter", "HTTPS://A.test", Some("https://a.test")),
            ("null is opaque", "null", Some("null")),
            ("a path is too much", "https://a.test/x", None),
            ("a query is too much", "https://a.test/?x", None),
            ("a user is too much", "https://u@a.test", None),
            ("a host is too little", "a.test", None),
            ("data has none of its own", "data:,x", None),
            ("a star is none", "*", None),
            ("no page is of ftp", "ftp://a.test", None),
            ("nor of a WebSocket", "wss://a.test", None),
            ("nor is one of an app", "app://a.test", None),
        ];
        for (name, said, expected) in table {
            let page = origin(said).ok();
            let serialized =
                page.map(|page| if page.opaque { "null".to_owned() } else { page.url.origin().serialize() });
            assert_eq!(serialized.as_deref(), expected, "{name}");
        }
    }
}
