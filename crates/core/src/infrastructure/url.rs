//! [URLs](https://url.spec.whatwg.org/): one newtype over ada-url, the only URL parser of the house.
//!
//! Cheap to clone (shared); every part is a slice of the href. Nothing else may take a URL apart. Longer than most
//! files because each question that the Standards ask of a URL stands here.

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
        // What begins so is parsed alike against every base; the base would be parsed first, and for nothing.
        let base = base.filter(|_| !input.starts_with("https://") && !input.starts_with("http://"));
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
        match origins::serialized_ipv4(hostname) {
            Some(address) => Some(Host::Ipv4(address)),
            None => Some(Host::Domain(hostname.into())),
        }
    }

    /// Is the host a [domain](https://url.spec.whatwg.org/#concept-domain)? Without building it.
    pub fn has_domain(&self) -> bool {
        let hostname = self.hostname();
        self.is_special() && !hostname.is_empty() && !hostname.starts_with('[') && !origins::is_ipv4(hostname)
    }

    /// <https://url.spec.whatwg.org/#concept-url-port>: `None` is the scheme's default (or no port at all).
    pub fn port(&self) -> Option<u16> {
        self.ada.components().port.and_then(|port| u16::try_from(port).ok())
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

    /// Where the parts stand in the href, for who keeps that and not the URL.
    pub fn offsets(&self) -> Offsets {
        let components = self.ada.components();
        let end = self.href().len() as u32;
        let hash_start = components.hash_start.unwrap_or(end);
        let search_start = components.search_start.unwrap_or(hash_start);
        let path_start = components.pathname_start.unwrap_or(search_start);
        let host_start = match self.href().as_bytes().get(components.host_start as usize) {
            Some(b'@') if components.host_start < components.host_end => components.host_start + 1,
            _ => components.host_start,
        };
        Offsets {
            scheme_end: components.protocol_end,
            username_end: components.username_end,
            password_end: components.host_start,
            host_start,
            hostname_end: components.host_end,
            // NB: a path that would read as a host has `/.` before it, which is not the host's.
            host_end: host_start + self.ada.host().len() as u32,
            path_start,
            search_start,
            hash_start,
        }
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
            Origin::Tuple(tuple) if self.has_tuple_origin() => match self.before_path() {
                Some(before) => before == tuple.serialize(),
                None => {
                    *tuple.scheme == *self.scheme()
                        && tuple.host.serializes_as(self.hostname())
                        && tuple.port == self.port()
                }
            },
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

/// Where the parts of a URL stand in its href, which is ASCII. A part ends where the next begins, but for what is said here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offsets {
    /// After the scheme's colon.
    pub scheme_end: u32,
    /// The username begins two slashes after the scheme's end, and is empty where that is no less.
    pub username_end: u32,
    /// The password begins a colon after the username's end, and is empty where that is no less.
    pub password_end: u32,
    /// The host's first character.
    pub host_start: u32,
    /// A port follows after a colon, if the host goes on.
    pub hostname_end: u32,
    /// The end of host and port.
    pub host_end: u32,
    /// The path's first character.
    pub path_start: u32,
    /// The question mark, or the path's end.
    pub search_start: u32,
    /// The number sign, or the href's end.
    pub hash_start: u32,
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
#[path = "url_tests.rs"]
mod tests;
