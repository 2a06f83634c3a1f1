//! [Request](https://fetch.spec.whatwg.org/#request-class): what to fetch, and how. Built by chaining; what is wrong comes out when it is fetched.
//!
//! Long by its setters, one for each member of `RequestInit` and each of ours; the rules stand in `into_core`, in the
//! order of `new Request()`'s steps.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;
use sofetch_core::infrastructure::blobs::Blob;
use sofetch_core::infrastructure::bodies::ByteStream;
use sofetch_core::infrastructure::body_extraction::{BodyInit, extract_with_keepalive};
use sofetch_core::infrastructure::clients::Client;
use sofetch_core::infrastructure::form_data::FormData;
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::requests::{
    CacheMode, CredentialsMode, Destination, InitiatorType, Mode, Priority, RedirectMode, Referrer,
    ReferrerPolicy, Request as CoreRequest,
};
use sofetch_core::infrastructure::url::Url;
use sofetch_core::rules::header_guards::{self, Guard};
use std::sync::Arc;
use std::time::Duration;

use crate::abort::AbortSignal;
use crate::error::{Error, Misuse};
use crate::headers::{Headers, owner_append, thrown};

/// <https://fetch.spec.whatwg.org/#request-class>
///
/// ```
/// # #[derive(serde::Serialize)] struct Item { name: &'static str }
/// use sofetch::Request;
/// let request = Request::new("https://api.test/items/1")
///     .method("PATCH")
///     .header("API-Key", "key")
///     .json(&Item { name: "lamp" });
/// ```
///
/// Nothing is checked before the fetch: only then is it known whose it is (a page's, or the user's own), and a relative
/// URL resolved.
#[must_use = "a request does nothing until it is fetched"]
pub struct Request {
    input: Input,
    method: Option<String>,
    headers: Vec<HeaderOperation>,
    body: Option<BodyInit>,
    /// Is the body JSON, whose type comes with it unless a header says otherwise?
    is_json: bool,
    mode: Option<Mode>,
    credentials: Option<CredentialsMode>,
    cache: Option<CacheMode>,
    redirect: Option<RedirectMode>,
    referrer: Option<String>,
    referrer_policy: Option<ReferrerPolicy>,
    integrity: Option<String>,
    priority: Option<Priority>,
    keepalive: bool,
    use_cors_preflight: bool,
    destination: Destination,
    nonce: String,
    pub(crate) signal: Option<AbortSignal>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) on_upload: Option<Box<dyn Fn(u64) + Send + Sync>>,
    pub(crate) on_download: Option<Box<dyn Fn(u64) + Send + Sync>>,
    pub(crate) on_timing: Option<Box<dyn Fn(sofetch_fetching::fetch_params::ReportedTiming) + Send + Sync>>,
    pub(crate) on_early_hints: Option<Box<ToldHints>>,
    pub(crate) observer: Option<Arc<dyn sofetch_core::trace::Observer>>,
    error: Option<Error>,
}

/// Who is told of early hints.
pub(crate) type ToldHints = dyn Fn(&Headers) + Send + Sync;

enum Input {
    Text(String),
    Url(Url),
}

struct HeaderOperation {
    name: Vec<u8>,
    value: Vec<u8>,
    replace: bool,
}

impl Request {
    /// A GET of this URL, relative to the page's base URL if there is a page.
    pub fn new(input: impl Into<String>) -> Request {
        Request::of(Input::Text(input.into()))
    }

    /// A GET of this URL.
    pub fn from_url(url: Url) -> Request {
        Request::of(Input::Url(url))
    }

    fn of(input: Input) -> Request {
        Request {
            input,
            method: None,
            headers: Vec::new(),
            body: None,
            is_json: false,
            mode: None,
            credentials: None,
            cache: None,
            redirect: None,
            referrer: None,
            referrer_policy: None,
            integrity: None,
            priority: None,
            keepalive: false,
            use_cors_preflight: false,
            destination: Destination::Empty,
            nonce: String::new(),
            signal: None,
            timeout: None,
            on_upload: None,
            on_download: None,
            on_timing: None,
            on_early_hints: None,
            observer: None,
            error: None,
        }
    }

    /// The method. Six are upper-cased (`get` is `GET`); `patch` is not `PATCH`.
    pub fn method(mut self, method: impl Into<String>) -> Request {
        self.method = Some(method.into());
        self
    }

    /// Appends a header.
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Request {
        let (name, value) = (name.as_ref().to_vec(), value.as_ref().to_vec());
        self.headers.push(HeaderOperation { name, value, replace: false });
        self
    }

    /// Sets a header, in place of all before it of that name.
    pub fn set_header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Request {
        let (name, value) = (name.as_ref().to_vec(), value.as_ref().to_vec());
        self.headers.push(HeaderOperation { name, value, replace: true });
        self
    }

    /// Appends each of these headers.
    pub fn headers(mut self, headers: &Headers) -> Request {
        for (name, value) in headers.iter() {
            self = self.header(name, value);
        }
        self
    }

    /// A bearer token: `Authorization: Bearer ..`.
    pub fn bearer(self, token: &str) -> Request {
        self.set_header("Authorization", format!("Bearer {token}"))
    }

    /// A body of bytes, without a type.
    pub fn body(self, body: impl Into<Bytes>) -> Request {
        self.body_init(BodyInit::Bytes(body.into()))
    }

    /// A body of text: `text/plain;charset=UTF-8`.
    pub fn text(self, text: impl Into<String>) -> Request {
        self.body_init(BodyInit::Text(text.into()))
    }

    /// A body of JSON: `application/json`, unless a header says otherwise.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Request {
        match serde_json::to_vec(value) {
            Ok(bytes) => {
                self = self.body(bytes);
                self.is_json = true;
            }
            Err(error) => self.error = Some(Error::misuse(Misuse::Serialize).with_source(error)),
        }
        self
    }

    /// A body of `application/x-www-form-urlencoded` pairs.
    pub fn url_search_params<N: Into<String>, V: Into<String>>(
        self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Request {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self.body_init(BodyInit::UrlSearchParams(pairs))
    }

    /// A body of multipart/form-data; its boundary comes from a CSPRNG.
    pub fn form_data(self, form_data: FormData) -> Request {
        self.body_init(BodyInit::FormData(form_data))
    }

    /// A blob, with its type.
    pub fn blob(self, blob: Blob) -> Request {
        self.body_init(BodyInit::Blob(blob))
    }

    /// A streamed body: it cannot be sent twice, so no redirect but 303 can be followed; a page sends it over HTTP/2
    /// only and always asks first (preflight). It cannot be kept alive.
    pub fn stream(self, stream: impl ByteStream + 'static) -> Request {
        self.body_init(BodyInit::Stream(Box::new(stream)))
    }

    fn body_init(mut self, init: BodyInit) -> Request {
        self.body = Some(init);
        self.is_json = false;
        self
    }

    /// <https://fetch.spec.whatwg.org/#dom-request-mode>: "cors" unless said otherwise.
    pub fn mode(mut self, mode: Mode) -> Request {
        self.mode = Some(mode);
        self
    }

    /// <https://fetch.spec.whatwg.org/#dom-request-credentials>: "same-origin" unless said otherwise.
    pub fn credentials(mut self, credentials: CredentialsMode) -> Request {
        self.credentials = Some(credentials);
        self
    }

    /// <https://fetch.spec.whatwg.org/#dom-request-cache>
    pub fn cache(mut self, cache: CacheMode) -> Request {
        self.cache = Some(cache);
        self
    }

    /// <https://fetch.spec.whatwg.org/#dom-request-redirect>: "follow" unless said otherwise.
    pub fn redirect(mut self, redirect: RedirectMode) -> Request {
        self.redirect = Some(redirect);
        self
    }

    /// <https://fetch.spec.whatwg.org/#dom-request-referrer>: a URL, `about:client`, or the empty string for none.
    pub fn referrer(mut self, referrer: impl Into<String>) -> Request {
        self.referrer = Some(referrer.into());
        self
    }

    /// <https://fetch.spec.whatwg.org/#dom-request-referrerpolicy>
    pub fn referrer_policy(mut self, policy: ReferrerPolicy) -> Request {
        self.referrer_policy = Some(policy);
        self
    }

    /// <https://fetch.spec.whatwg.org/#dom-request-integrity>
    pub fn integrity(mut self, metadata: impl Into<String>) -> Request {
        self.integrity = Some(metadata.into());
        self
    }

    /// <https://fetch.spec.whatwg.org/#request-priority>
    pub fn priority(mut self, priority: Priority) -> Request {
        self.priority = Some(priority);
        self
    }

    /// <https://fetch.spec.whatwg.org/#dom-request-keepalive>: may outlive its page, within 64 KiB of bodies.
    pub fn keepalive(mut self, keepalive: bool) -> Request {
        self.keepalive = keepalive;
        self
    }

    /// Sets the [use-CORS-preflight flag](https://fetch.spec.whatwg.org/#use-cors-preflight-flag), as an upload listener of XMLHttpRequest does.
    pub fn use_cors_preflight(mut self, flag: bool) -> Request {
        self.use_cors_preflight = flag;
        self
    }

    /// The [destination](https://fetch.spec.whatwg.org/#concept-request-destination), as the element of a page gives it (an
    /// image's, a script's) and `fetch()` has none: it decides which directive of a policy judges, and how. Says nothing on
    /// the user's own behalf; those of navigations and workers are a misuse.
    pub fn destination(mut self, destination: Destination) -> Request {
        self.destination = destination;
        self
    }

    /// The [cryptographic nonce](https://fetch.spec.whatwg.org/#concept-request-nonce-metadata), as a script or a style has it
    /// beside its destination.
    pub fn nonce(mut self, nonce: impl Into<String>) -> Request {
        self.nonce = nonce.into();
        self
    }

    /// <https://fetch.spec.whatwg.org/#dom-request-signal>: aborts the fetch and, later, its body.
    pub fn signal(mut self, signal: &AbortSignal) -> Request {
        self.signal = Some(signal.clone());
        self
    }

    /// A limit on the whole fetch, its body included; in place of the agent's.
    pub fn timeout(mut self, after: Duration) -> Request {
        self.timeout = Some(after);
        self
    }

    /// Told of every chunk of the body that is handed to the transport, with its length in bytes.
    pub fn on_upload(mut self, told: impl Fn(u64) + Send + Sync + 'static) -> Request {
        self.on_upload = Some(Box::new(told));
        self
    }

    /// Told of every chunk of the response's body that is read, with its decoded length in bytes.
    pub fn on_download(mut self, told: impl Fn(u64) + Send + Sync + 'static) -> Request {
        self.on_download = Some(Box::new(told));
        self
    }

    /// Told, once the body has ended, what Resource Timing would be.
    pub fn on_timing(
        mut self,
        told: impl Fn(sofetch_fetching::fetch_params::ReportedTiming) + Send + Sync + 'static,
    ) -> Request {
        self.on_timing = Some(Box::new(told));
        self
    }

    /// Told of the headers of each 103 Early Hints. The Standard hands them to navigations alone: on your own behalf
    /// nothing is in the way.
    pub fn on_early_hints(mut self, told: impl Fn(&Headers) + Send + Sync + 'static) -> Request {
        self.on_early_hints = Some(Box::new(told));
        self
    }

    /// Told of every event of this fetch, in place of the agent's observer.
    pub fn observer(mut self, observer: Arc<dyn sofetch_core::trace::Observer>) -> Request {
        self.observer = Some(observer);
        self
    }

    /// The URL, parsed: step 5 of [`Request::into_core`], which goes on from there.
    pub(crate) fn url(&self, client: Option<&Arc<Client>>) -> Result<Url, Error> {
        match &self.input {
            Input::Url(url) => Ok(url.clone()),
            Input::Text(text) => Ok(Url::parse(text, client.map(|client| &client.api_base_url))?),
        }
    }

    /// <https://fetch.spec.whatwg.org/#dom-request>, for a page's client or the user's own behalf.
    pub(crate) fn into_core(
        self,
        url: Url,
        client: Option<&Arc<Client>>,
        boundary: impl FnOnce() -> String,
    ) -> Result<CoreRequest, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        // 5. A page's URL has no credentials in it.
        if client.is_some() && url.includes_credentials() {
            return Err(Error::misuse(Misuse::UrlWithCredentials));
        }
        let mut request = CoreRequest::new(url);
        request.client = client.cloned();
        request.owner = client.is_none();
        request.unsafe_request = true;
        request.initiator_type = Some(InitiatorType::Fetch);
        request.keepalive = self.keepalive;
        request.use_cors_preflight = self.use_cors_preflight;
        // NB: no step of these: `fetch()` makes requests without a destination.
        if client.is_some() {
            request.destination = self.destination;
            request.cryptographic_nonce_metadata = self.nonce;
            if !request.is_subresource_request() {
                return Err(Error::misuse(Misuse::Destination));
            }
        }
        // 14. The referrer: another origin's, or about:client, is the client's own.
        if let Some(referrer) = self.referrer {
            request.referrer = parse_referrer(&referrer, client)?;
        }
        // 15.
        if let Some(policy) = self.referrer_policy {
            request.referrer_policy = policy;
        }
        // 16 to 19. The mode: "cors" where nothing is said.
        let mode = self.mode.unwrap_or(Mode::Cors);
        if matches!(mode, Mode::Navigate | Mode::WebSocket | Mode::WebTransport) {
            return Err(Error::misuse(Misuse::NavigateMode));
        }
        request.mode = mode;
        // 20 to 25.
        request.credentials_mode = self.credentials.unwrap_or(CredentialsMode::SameOrigin);
        request.cache_mode = self.cache.unwrap_or(CacheMode::Default);
        if request.cache_mode == CacheMode::OnlyIfCached && mode != Mode::SameOrigin && client.is_some() {
            return Err(Error::misuse(Misuse::OnlyIfCachedMode));
        }
        request.redirect_mode = self.redirect.unwrap_or(RedirectMode::Follow);
        request.integrity_metadata = self.integrity.unwrap_or_default();
        request.priority = self.priority.unwrap_or(Priority::Auto);
        // 26. The method.
        if let Some(method) = self.method {
            let method = Method::new(method.as_bytes())
                .map_err(|error| Error::misuse(Misuse::InvalidMethod).with_source(error))?;
            if method.is_forbidden() && (client.is_some() || method == Method::CONNECT) {
                return Err(Error::misuse(Misuse::ForbiddenMethod));
            }
            request.method = method.normalize();
        }
        // 32. "no-cors" has few methods, and a guard of its own.
        let mut guard = Guard::Request;
        if mode == Mode::NoCors && client.is_some() {
            if !request.method.is_cors_safelisted() {
                return Err(Error::misuse(Misuse::MethodNotSafelisted));
            }
            guard = Guard::RequestNoCors;
        }
        // 33. The headers.
        let mut list = HeaderList::with_capacity(self.headers.len() + 2);
        for HeaderOperation { name, value, replace } in self.headers {
            match (client.is_some(), replace) {
                (false, replace) => owner_append(&mut list, &name, &value, replace)?,
                (true, false) => thrown(header_guards::append(&mut list, guard, name, value))?,
                (true, true) => thrown(header_guards::set(&mut list, guard, name, value))?,
            }
        }
        // 36. GET and HEAD have no body. DEPARTS: on the user's own behalf they may, and it is always framed.
        let body_allowed = client.is_none() || !matches!(request.method.as_str(), "GET" | "HEAD");
        if let Some(init) = self.body {
            if !body_allowed {
                return Err(Error::misuse(Misuse::BodyNotAllowed));
            }
            // 37 to 39. The body and its type; a stream asks first.
            let streamed = matches!(init, BodyInit::Stream(_));
            let extracted = extract_with_keepalive(init, request.keepalive, boundary)
                .map_err(|error| Error::misuse(Misuse::KeepaliveStream).with_source(error))?;
            let json = self.is_json.then(|| Bytes::from_static(b"application/json"));
            if let (Some(content_type), false) =
                (json.or(extracted.content_type), list.contains("Content-Type"))
            {
                // NB: behind the guard, or a blob could have any type under "no-cors".
                let guard = if client.is_some() { guard } else { Guard::None };
                thrown(header_guards::append(&mut list, guard, "Content-Type", content_type))?;
            }
            if streamed {
                if !matches!(mode, Mode::SameOrigin | Mode::Cors) {
                    return Err(Error::misuse(Misuse::StreamMode));
                }
                request.use_cors_preflight = true;
            }
            request.body = Some(extracted.body);
        }
        request.header_list = list;
        Ok(request)
    }
}

/// Step 14.
fn parse_referrer(referrer: &str, client: Option<&Arc<Client>>) -> Result<Referrer, Error> {
    if referrer.is_empty() {
        return Ok(Referrer::NoReferrer);
    }
    let parsed = Url::parse(referrer, client.map(|client| &client.api_base_url))?;
    if parsed.scheme() == "about" && parsed.path() == "client" {
        return Ok(Referrer::Client);
    }
    match client {
        Some(client) if !parsed.same_origin_with(&client.origin) => Ok(Referrer::Client),
        _ => Ok(Referrer::Url(parsed)),
    }
}

impl From<&str> for Request {
    fn from(input: &str) -> Request {
        Request::new(input)
    }
}

impl From<&String> for Request {
    fn from(input: &String) -> Request {
        Request::new(input.as_str())
    }
}

impl From<String> for Request {
    fn from(input: String) -> Request {
        Request::new(input)
    }
}

impl From<Url> for Request {
    fn from(url: Url) -> Request {
        Request::from_url(url)
    }
}

impl From<&Url> for Request {
    fn from(url: &Url) -> Request {
        Request::from_url(url.clone())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Request");
        match &self.input {
            Input::Url(url) => debug.field("url", url),
            Input::Text(text) => match Url::parse(text, None) {
                Ok(url) => debug.field("url", &url),
                Err(error) => debug.field("input", &error.redacted()),
            },
        };
        debug.field("method", &self.method.as_deref().unwrap_or("GET")).finish_non_exhaustive()
    }
}
