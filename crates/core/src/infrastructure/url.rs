//! [URLs](https://url.spec.whatwg.org/): one newtype over ada-url, the only URL parser of the house.
//!
//! Cheap to clone (shared); every part is a slice of the href. Nothing else may take a URL apart.

use std::fmt;
use std::sync::Arc;

use crate::infrastructure::blobs::BlobUrlEntry;
use crate::infrastructure::origins::{Host, Origin};

/// <https://url.spec.whatwg.org/#concept-url>, with its
/// [blob URL entry](https://url.spec.whatwg.org/#concept-url-blob-entry).
#[derive(Clone)]
pub struct Url {
    ada: Arc<ada_url::Url>,
    blob_url_entry: Option<Arc<BlobUrlEntry>>,
}

/// What was handed over is not a valid URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidUrl {
    /// The input as given.
    pub input: String,
}

impl fmt::Display for InvalidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid URL: {:?}", self.input)
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
        if self.ada.host_type() == ada_url::HostType::IPV4 {
            if let Ok(address) = hostname.parse() {
                return Some(Host::Ipv4(address));
            }
        }
        Some(Host::Domain(hostname.into()))
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
        matches!(self.scheme(), "http" | "https" | "ws" | "wss" | "ftp" | "file")
    }

    /// <https://fetch.spec.whatwg.org/#http-scheme>: `http` or `https`.
    pub fn has_http_scheme(&self) -> bool {
        matches!(self.scheme(), "http" | "https")
    }

    /// <https://fetch.spec.whatwg.org/#is-local>: `about`, `blob` or `data`.
    pub fn is_local(&self) -> bool {
        matches!(self.scheme(), "about" | "blob" | "data")
    }

    /// <https://url.spec.whatwg.org/#include-credentials>
    pub fn includes_credentials(&self) -> bool {
        !self.username().is_empty() || !self.password().is_empty()
    }

    /// <https://url.spec.whatwg.org/#concept-url-origin>
    pub fn origin(&self) -> Origin {
        match self.scheme() {
            "blob" => {
                if let Some(entry) = &self.blob_url_entry {
                    return entry.origin.clone();
                }
                match Url::parse(self.path(), None) {
                    Ok(path_url) if matches!(path_url.scheme(), "http" | "https" | "file") => {
                        path_url.origin()
                    }
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
        if self.is_special() && other.is_special() && self.scheme() != "file" {
            return self.scheme() == other.scheme()
                && self.hostname() == other.hostname()
                && self.ada.port() == other.ada.port();
        }
        self.origin().same_origin(&other.origin())
    }

    /// Is this URL's origin same origin with `origin`? Without building the URL's origin where it is special.
    pub fn same_origin_with(&self, origin: &Origin) -> bool {
        match origin {
            Origin::Tuple(tuple) if self.is_special() && self.scheme() != "file" => {
                *tuple.scheme == *self.scheme()
                    && tuple.port == self.port()
                    && self.host().as_ref() == Some(&tuple.host)
            }
            origin => self.origin().same_origin(origin),
        }
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
        self.changed(|ada| ada.set_hash(fragment))
    }

    /// The same URL with this query; `None` removes it.
    #[must_use]
    pub fn with_query(&self, query: Option<&str>) -> Url {
        self.changed(|ada| ada.set_search(query))
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
            "href" => ada.set_href(value).is_ok(),
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
            write!(f, "Url({} with credentials redacted)", self.with_credentials("", ""))
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
