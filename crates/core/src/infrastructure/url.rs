//! [URLs](https://url.spec.whatwg.org/): one newtype over ada-url, the only URL parser of the house.
//!
//! Cheap to clone (shared); every part is a slice of the href. Nothing else may take a URL apart. Longer than most
//! files because each question that the Standards ask of a URL stands here, with its tests.

use std::fmt;
use std::sync::Arc;

use ada_url::SchemeType;

use crate::infrastructure::blobs::BlobUrlEntry;
use crate::infrastructure::origins::{self, Host, Origin};

/// <https://url.spec.whatwg.org/#concept-url>, with its
/// [blob URL entry](https://url.spec.whatwg.org/#concept-url-blob-entry).
#[derive(Clone)]
pub struct Url {
    ada: Arc<ada_url::Url>,
    blob_url_entry: Option<Arc<BlobUrlEntry>>,
}

/// What was handed over is not a valid URL.
#[derive(Clone, PartialEq, Eq)]
pub struct InvalidUrl {
    /// The input as given, credentials and all: not for a log.
    pub input: String,
}

impl InvalidUrl {
    /// The input without what may be credentials. Nothing is certain of what does not parse: all before the last `@`
    /// counts, but the scheme.
    pub fn redacted(&self) -> String {
        let start = match (self.input.find("://"), self.input.find(':')) {
            (Some(at), _) => at + 3,
            (None, Some(at)) => at + 1,
            (None, None) => 0,
        };
        match self.input.rfind('@') {
            Some(at) if at >= start => {
                format!("{}[redacted]{}", &self.input[..start], &self.input[at..])
            }
            _ => self.input.clone(),
        }
    }
}

impl fmt::Display for InvalidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid URL: {:?}", self.redacted())
    }
}

impl fmt::Debug for InvalidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InvalidUrl").field("input", &self.redacted()).finish()
    }
}

impl std::error::Error for InvalidUrl {}

impl Url {
    /// <https://url.spec.whatwg.org/#concept-url-parser>, with an optional base URL.
    pub fn parse(input: &str, base: Option<&Url>) -> Result<Url, InvalidUrl> {
        match ada_url::Url::parse(input, base.map(Url::href)) {
            Ok(ada) => Ok(Url { ada: Arc::new(ada), blob_url_entry: None }),
            Err(_) => Err(InvalidUrl { input: input.to_owned() }),
        }
    }

    /// The same URL with a blob URL entry (the URL parser's last step, for `blob:` URLs the store knows).
    #[must_use]
    pub fn with_blob_url_entry(mut self, entry: Arc<BlobUrlEntry>) -> Url {
        self.blob_url_entry = Some(entry);
        self
    }

    /// <https://url.spec.whatwg.org/#concept-url-blob-entry>
    pub fn blob_url_entry(&self) -> Option<&Arc<BlobUrlEntry>> {
        self.blob_url_entry.as_ref()
    }

    /// <https://url.spec.whatwg.org/#concept-url-serializer>, fragment included.
    pub fn href(&self) -> &str {
        self.ada.href()
    }

    /// The serialization with *exclude fragment* set to true.
    pub fn href_without_fragment(&self) -> &str {
        let href = self.href();
        match self.ada.components().hash_start {
            Some(start) => &href[..start as usize],
            None => href,
        }
    }

    /// The scheme, without its colon.
    pub fn scheme(&self) -> &str {
        let protocol = self.ada.protocol();
        &protocol[..protocol.len() - 1]
    }

    /// The username, percent-encoded; empty when there is none.
    pub fn username(&self) -> &str {
        self.ada.username()
    }

    /// The password, percent-encoded; empty when there is none.
    pub fn password(&self) -> &str {
        self.ada.password()
    }

    /// The host, serialized; empty for an empty or null host (see [`Url::host`]).
    pub fn hostname(&self) -> &str {
        self.ada.hostname()
    }

    /// Host and port, serialized.
    pub fn host_and_port(&self) -> &str {
        self.ada.host()
    }

    /// <https://url.spec.whatwg.org/#concept-url-host>: `None` for a null host.
    pub fn host(&self) -> Option<Host> {
        if !self.ada.has_hostname() {
            return None;
        }
        let hostname = self.ada.hostname();
        if hostname.is_empty() {
            return Some(Host::Empty);
        }
        if let Some(inner) = hostname.strip_prefix('[') {
            let address = inner.trim_end_matches(']').parse().ok()?;
            return Some(Host::Ipv6(address));
        }
        if !self.is_special() {
            return Some(Host::Opaque(hostname.into()));
        }
        // The host parser leaves no domain that reads as an address.
        match hostname.parse() {
            Ok(address) => Some(Host::Ipv4(address)),
            Err(_) => Some(Host::Domain(hostname.into())),
        }
    }

    /// <https://url.spec.whatwg.org/#concept-url-port>: `None` is the scheme's default (or no port at all).
    pub fn port(&self) -> Option<u16> {
        self.ada.port().parse().ok()
    }

    /// The port to connect to: the URL's, else the scheme's default.
    pub fn port_or_default(&self) -> Option<u16> {
        self.port().or(match self.scheme() {
            "http" | "ws" => Some(80),
            "https" | "wss" => Some(443),
            "ftp" => Some(21),
            _ => None,
        })
    }

    /// <https://url.spec.whatwg.org/#url-path-serializer>
    pub fn path(&self) -> &str {
        self.ada.pathname()
    }

    /// <https://url.spec.whatwg.org/#concept-url-query>: `None` is null, `Some("")` a lone `?`.
    pub fn query(&self) -> Option<&str> {
        let components = self.ada.components();
        let start = components.search_start? as usize;
        let href = self.href();
        let end = components.hash_start.map_or(href.len(), |hash| hash as usize);
        Some(&href[start + 1..end])
    }

    /// <https://url.spec.whatwg.org/#concept-url-fragment>: `None` is null, `Some("")` a lone `#`.
    pub fn fragment(&self) -> Option<&str> {
        let start = self.ada.components().hash_start? as usize;
        Some(&self.href()[start + 1..])
    }

    /// Path and query as an HTTP request line carries them ([origin-form](https://www.rfc-editor.org/rfc/rfc9112#section-3.2.1)).
    pub fn path_and_query(&self) -> &str {
        let components = self.ada.components();
        let href = self.href();
        let end = components.hash_start.map_or(href.len(), |hash| hash as usize);
        let start = components.pathname_start.map_or(end, |start| start as usize);
        &href[start..end]
    }

    /// <https://url.spec.whatwg.org/#is-special>
    pub fn is_special(&self) -> bool {
        self.ada.scheme_type() != SchemeType::NotSpecial
    }

    /// <https://fetch.spec.whatwg.org/#http-scheme>: `http` or `https`.
    pub fn has_http_scheme(&self) -> bool {
        matches!(self.ada.scheme_type(), SchemeType::Http | SchemeType::Https)
    }

    /// <https://fetch.spec.whatwg.org/#is-local>: `about`, `blob` or `data`.
    pub fn is_local(&self) -> bool {
        matches!(self.scheme(), "about" | "blob" | "data")
    }

    /// <https://url.spec.whatwg.org/#include-credentials>
    pub fn includes_credentials(&self) -> bool {
        self.ada.has_non_empty_username() || self.ada.has_non_empty_password()
    }

    /// <https://w3c.github.io/webappsec-secure-contexts/#is-url-trustworthy>: can what it delivers be trusted to be
    /// what was sent? Without building the origin.
    pub fn is_potentially_trustworthy(&self) -> bool {
        match self.ada.scheme_type() {
            // NB: a `file:` URL has an opaque origin, but the text wants files trusted.
            SchemeType::Https | SchemeType::Wss | SchemeType::File => true,
            SchemeType::Http | SchemeType::Ws | SchemeType::Ftp => origins::is_loopback(self.hostname()),
            SchemeType::NotSpecial => match self.scheme() {
                // 1. What a document or a worker made of nothing inherits its creator's standing.
                "about" => matches!(self.path(), "blank" | "srcdoc"),
                // 2.
                "data" => true,
                // 3. The origin: of a `blob:` URL that of its maker, else opaque.
                "blob" => self.origin().is_potentially_trustworthy(),
                _ => false,
            },
        }
    }

    /// <https://url.spec.whatwg.org/#concept-url-origin>
    pub fn origin(&self) -> Origin {
        match self.scheme() {
            "blob" => {
                if let Some(entry) = &self.blob_url_entry {
                    return entry.origin.clone();
                }
                match Url::parse(self.path(), None) {
                    Ok(path) if matches!(path.scheme(), "http" | "https" | "file") => path.origin(),
                    _ => Origin::new_opaque(),
                }
            }
            scheme @ ("ftp" | "http" | "https" | "ws" | "wss") => match self.host() {
                Some(host) => Origin::tuple(scheme, host, self.port()),
                None => Origin::new_opaque(),
            },
            _ => Origin::new_opaque(),
        }
    }

    /// Is this URL's origin same origin with the other's? By slices where both are special.
    pub fn same_origin(&self, other: &Url) -> bool {
        match (self.before_path(), other.before_path()) {
            (Some(a), Some(b)) => a == b,
            _ => self.origin().same_origin(&other.origin()),
        }
    }

    /// Is this URL's origin same origin with `origin`? Without building the URL's origin where it is special.
    pub fn same_origin_with(&self, origin: &Origin) -> bool {
        match origin {
            Origin::Tuple(tuple) if self.has_tuple_origin() => {
                *tuple.scheme == *self.scheme()
                    && tuple.host.serializes_as(self.hostname())
                    && tuple.port == self.port()
            }
            origin => self.origin().same_origin(origin),
        }
    }

    /// Is this URL's origin schemefully same site with `origin`?
    pub fn same_site_with(&self, origin: &Origin) -> bool {
        self.same_origin_with(origin) || self.origin().same_site(origin)
    }

    /// Has it a tuple origin, whatever the rest of it says?
    fn has_tuple_origin(&self) -> bool {
        !matches!(self.ada.scheme_type(), SchemeType::NotSpecial | SchemeType::File)
    }

    /// The href up to the path where that is exactly the serialized origin: the scheme gives tuple origins, and no
    /// credentials stand between.
    fn before_path(&self) -> Option<&str> {
        if !self.has_tuple_origin() {
            return None;
        }
        let components = self.ada.components();
        // Without credentials the host starts right after `//`; with them, at the `@`.
        if components.host_start != components.protocol_end + 2 {
            return None;
        }
        Some(&self.href()[..components.pathname_start? as usize])
    }

    /// The same URL with another scheme; unchanged where the URL Standard's setter refuses.
    #[must_use]
    pub fn with_scheme(&self, scheme: &str) -> Url {
        self.changed(|ada| {
            // The setter's refusal leaves the URL as it was: what callers ask for (http to https) it always grants.
            let _ = ada.set_protocol(scheme);
        })
    }

    /// The same URL with this fragment; `None` removes it.
    #[must_use]
    pub fn with_fragment(&self, fragment: Option<&str>) -> Url {
        match fragment {
            // The setter takes one `#` off, and takes nothing for null.
            Some("") => self.reparsed(format!("{}#", self.href_without_fragment())),
            Some(fragment) => self.changed(|ada| ada.set_hash(Some(&format!("#{fragment}")))),
            None => self.changed(|ada| ada.set_hash(None)),
        }
    }

    /// The same URL with this query; `None` removes it.
    #[must_use]
    pub fn with_query(&self, query: Option<&str>) -> Url {
        match query {
            // The setter takes one `?` off, and takes nothing for null.
            Some("") => {
                let components = self.ada.components();
                let href = self.href();
                let hash = components.hash_start.map_or(href.len(), |hash| hash as usize);
                let end = components.search_start.map_or(hash, |search| search as usize);
                self.reparsed(format!("{}?{}", &href[..end], &href[hash..]))
            }
            Some(query) => self.changed(|ada| ada.set_search(Some(&format!("?{query}")))),
            None => self.changed(|ada| ada.set_search(None)),
        }
    }

    /// The same URL with this username and password ([set the username](https://url.spec.whatwg.org/#set-the-username)).
    #[must_use]
    pub fn with_credentials(&self, username: &str, password: &str) -> Url {
        self.changed(|ada| {
            let _ = ada.set_username(Some(username));
            let _ = ada.set_password(Some(password));
        })
    }

    /// The same URL with another path, query and fragment removed. `path` is encoded as the setter does.
    #[must_use]
    pub fn with_path_only(&self, path: &str) -> Url {
        self.changed(|ada| {
            ada.set_hash(None);
            ada.set_search(None);
            let _ = ada.set_pathname(Some(path));
        })
    }

    /// One of the API's setters by its IDL name (`href`, `protocol`, `host` ...); `false` when it does not exist or refuses.
    pub fn set(&mut self, attribute: &str, value: &str) -> bool {
        let ada = Arc::make_mut(&mut self.ada);
        match attribute {
            "href" => {
                let granted = ada.set_href(value).is_ok();
                if granted {
                    // Another URL: the entry was the old one's.
                    self.blob_url_entry = None;
                }
                granted
            }
            "protocol" => ada.set_protocol(value).is_ok(),
            "username" => ada.set_username(Some(value)).is_ok(),
            "password" => ada.set_password(Some(value)).is_ok(),
            "host" => ada.set_host(Some(value)).is_ok(),
            "hostname" => ada.set_hostname(Some(value)).is_ok(),
            "port" => ada.set_port(Some(value)).is_ok(),
            "pathname" => ada.set_pathname(Some(value)).is_ok(),
            "search" => {
                ada.set_search(Some(value));
                true
            }
            "hash" => {
                ada.set_hash(Some(value));
                true
            }
            _ => false,
        }
    }

    /// The URL without username and password, for whatever a person may see.
    #[must_use]
    pub fn without_credentials(&self) -> Url {
        if self.includes_credentials() { self.with_credentials("", "") } else { self.clone() }
    }

    fn reparsed(&self, href: String) -> Url {
        match Url::parse(&href, None) {
            Ok(url) => Url { blob_url_entry: self.blob_url_entry.clone(), ..url },
            Err(_) => self.clone(),
        }
    }

    fn changed(&self, change: impl FnOnce(&mut ada_url::Url)) -> Url {
        let mut url = self.clone();
        change(Arc::make_mut(&mut url.ada));
        url
    }
}

impl PartialEq for Url {
    /// <https://url.spec.whatwg.org/#concept-url-equals>
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.ada, &other.ada) || self.href() == other.href()
    }
}
impl Eq for Url {}

impl std::hash::Hash for Url {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.href().hash(state);
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.href())
    }
}

impl fmt::Debug for Url {
    /// Credentials never reach a log by way of `{:?}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.includes_credentials() {
            write!(f, "Url({} with credentials redacted)", self.without_credentials())
        } else {
            write!(f, "Url({})", self.href())
        }
    }
}

impl std::str::FromStr for Url {
    type Err = InvalidUrl;
    fn from_str(input: &str) -> Result<Url, InvalidUrl> {
        Url::parse(input, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn url(input: &str) -> Url {
        Url::parse(input, None).expect("a URL of the table")
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
}
