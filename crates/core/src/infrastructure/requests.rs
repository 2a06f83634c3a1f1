//! [Requests](https://fetch.spec.whatwg.org/#requests): the input of fetch, with the enums that its fields are made of.
//!
//! Also what the section judges of a request alone: redirect-taint, serializing its origin, whether COEP allows
//! credentials. Longer than most files because the Standard's noun has more fields than any other.

use std::sync::Arc;

use bytes::Bytes;

use crate::infrastructure::bodies::Body;
use crate::infrastructure::clients::{Client, EmbedderPolicyValue, NetworkPartitionKey, PolicyContainer};
pub use crate::infrastructure::destinations::Destination;
use crate::infrastructure::header_list::HeaderList;
use crate::infrastructure::methods::Method;
use crate::infrastructure::origins::Origin;
pub use crate::infrastructure::referrer_policies::ReferrerPolicy;
use crate::infrastructure::url::Url;
use crate::infrastructure::words::words;

words! {
    /// <https://fetch.spec.whatwg.org/#concept-request-mode>
    Mode {
        SameOrigin = "same-origin",
        Cors = "cors",
        NoCors = "no-cors",
        Navigate = "navigate",
        WebSocket = "websocket",
        WebTransport = "webtransport",
    }
}

words! {
    /// <https://fetch.spec.whatwg.org/#concept-request-credentials-mode>
    CredentialsMode {
        Omit = "omit",
        SameOrigin = "same-origin",
        Include = "include",
    }
}

words! {
    /// <https://fetch.spec.whatwg.org/#concept-request-cache-mode>
    CacheMode {
        Default = "default",
        NoStore = "no-store",
        Reload = "reload",
        NoCache = "no-cache",
        ForceCache = "force-cache",
        OnlyIfCached = "only-if-cached",
    }
}

words! {
    /// <https://fetch.spec.whatwg.org/#concept-request-redirect-mode>
    RedirectMode {
        Follow = "follow",
        Error = "error",
        Manual = "manual",
    }
}

words! {
    /// <https://fetch.spec.whatwg.org/#concept-request-response-tainting>
    ResponseTainting {
        Basic = "basic",
        Cors = "cors",
        Opaque = "opaque",
    }
}

words! {
    /// <https://fetch.spec.whatwg.org/#request-initiator-type>
    InitiatorType {
        Audio = "audio",
        Beacon = "beacon",
        Body = "body",
        Css = "css",
        EarlyHints = "early-hints",
        Embed = "embed",
        Fetch = "fetch",
        Font = "font",
        Frame = "frame",
        Iframe = "iframe",
        Image = "image",
        Img = "img",
        Input = "input",
        Link = "link",
        Object = "object",
        Ping = "ping",
        Script = "script",
        Track = "track",
        Video = "video",
        XmlHttpRequest = "xmlhttprequest",
        Other = "other",
    }
}

words! {
    /// <https://fetch.spec.whatwg.org/#concept-request-initiator>
    Initiator {
        Empty = "",
        Download = "download",
        ImageSet = "imageset",
        Manifest = "manifest",
        Prefetch = "prefetch",
        Prerender = "prerender",
        Xslt = "xslt",
    }
}

words! {
    /// <https://fetch.spec.whatwg.org/#request-priority>
    Priority {
        High = "high",
        Low = "low",
        Auto = "auto",
    }
}

words! {
    /// <https://fetch.spec.whatwg.org/#request-service-workers-mode>
    ServiceWorkersMode {
        All = "all",
        None = "none",
    }
}

words! {
    /// <https://fetch.spec.whatwg.org/#concept-request-parser-metadata>
    ParserMetadata {
        Empty = "",
        ParserInserted = "parser-inserted",
        NotParserInserted = "not-parser-inserted",
    }
}

words! {
    /// <https://fetch.spec.whatwg.org/#concept-request-tainted-origin>
    RedirectTaint {
        SameOrigin = "same-origin",
        SameSite = "same-site",
        CrossSite = "cross-site",
    }
}

/// <https://fetch.spec.whatwg.org/#concept-request-referrer>
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Referrer {
    /// `"no-referrer"`
    NoReferrer,
    /// `"client"`
    Client,
    /// A URL.
    Url(Url),
}

/// <https://fetch.spec.whatwg.org/#concept-request-window>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraversableForUserPrompts {
    /// `"no-traversable"`: nobody is asked.
    NoTraversable,
    /// `"client"`: the client's, once fetching begins.
    Client,
    /// A traversable navigable: there is somebody to ask.
    Traversable,
}

/// <https://fetch.spec.whatwg.org/#concept-request>
#[derive(Debug)]
pub struct Request {
    /// <https://fetch.spec.whatwg.org/#concept-request-method>
    pub method: Method,
    /// <https://fetch.spec.whatwg.org/#local-urls-only-flag>
    pub local_urls_only: bool,
    /// <https://fetch.spec.whatwg.org/#concept-request-header-list>
    pub header_list: HeaderList,
    /// <https://fetch.spec.whatwg.org/#unsafe-request-flag>
    pub unsafe_request: bool,
    /// <https://fetch.spec.whatwg.org/#concept-request-body>
    pub body: Option<Body>,
    /// <https://fetch.spec.whatwg.org/#concept-request-client>
    pub client: Option<Arc<Client>>,
    /// <https://fetch.spec.whatwg.org/#concept-request-reserved-client>
    pub reserved_client: Option<Arc<Client>>,
    /// <https://fetch.spec.whatwg.org/#concept-request-replaces-client-id>
    pub replaces_client_id: String,
    /// <https://fetch.spec.whatwg.org/#concept-request-window>
    pub traversable_for_user_prompts: TraversableForUserPrompts,
    /// <https://fetch.spec.whatwg.org/#request-keepalive-flag>
    pub keepalive: bool,
    /// <https://fetch.spec.whatwg.org/#request-initiator-type>; `None` is null.
    pub initiator_type: Option<InitiatorType>,
    /// <https://fetch.spec.whatwg.org/#request-service-workers-mode>
    pub service_workers_mode: ServiceWorkersMode,
    /// <https://fetch.spec.whatwg.org/#concept-request-initiator>
    pub initiator: Initiator,
    /// <https://fetch.spec.whatwg.org/#concept-request-destination>
    pub destination: Destination,
    /// <https://fetch.spec.whatwg.org/#request-priority>
    pub priority: Priority,
    /// <https://fetch.spec.whatwg.org/#concept-request-origin>; `None` is `"client"`.
    pub origin: Option<Origin>,
    /// <https://fetch.spec.whatwg.org/#request-top-level-navigation-initiator-origin>
    pub top_level_navigation_initiator_origin: Option<Origin>,
    /// <https://fetch.spec.whatwg.org/#concept-request-policy-container>; `None` is `"client"`.
    pub policy_container: Option<Arc<PolicyContainer>>,
    /// <https://fetch.spec.whatwg.org/#concept-request-referrer>
    pub referrer: Referrer,
    /// <https://fetch.spec.whatwg.org/#concept-request-referrer-policy>
    pub referrer_policy: ReferrerPolicy,
    /// <https://fetch.spec.whatwg.org/#concept-request-mode>
    pub mode: Mode,
    /// <https://fetch.spec.whatwg.org/#use-cors-preflight-flag>
    pub use_cors_preflight: bool,
    /// <https://fetch.spec.whatwg.org/#concept-request-credentials-mode>
    pub credentials_mode: CredentialsMode,
    /// <https://fetch.spec.whatwg.org/#concept-request-use-url-credentials-flag>
    pub use_url_credentials: bool,
    /// <https://fetch.spec.whatwg.org/#concept-request-cache-mode>
    pub cache_mode: CacheMode,
    /// <https://fetch.spec.whatwg.org/#concept-request-redirect-mode>
    pub redirect_mode: RedirectMode,
    /// <https://fetch.spec.whatwg.org/#concept-request-integrity-metadata>
    pub integrity_metadata: String,
    /// <https://fetch.spec.whatwg.org/#concept-request-nonce-metadata>
    pub cryptographic_nonce_metadata: String,
    /// <https://fetch.spec.whatwg.org/#concept-request-parser-metadata>
    pub parser_metadata: ParserMetadata,
    /// <https://fetch.spec.whatwg.org/#concept-request-reload-navigation-flag>
    pub reload_navigation: bool,
    /// <https://fetch.spec.whatwg.org/#concept-request-history-navigation-flag>
    pub history_navigation: bool,
    /// <https://fetch.spec.whatwg.org/#request-user-activation>
    pub user_activation: bool,
    /// <https://fetch.spec.whatwg.org/#request-render-blocking>
    pub render_blocking: bool,
    // DEPARTS: not in the Standard, whose every request is a page's (or the browser's own).
    /// Is this fetch on the user's own behalf, and no page's? Then no origin asks, nothing is tainted and nothing
    /// filtered, as with curl.
    pub owner: bool,
    /// <https://fetch.spec.whatwg.org/#concept-request-url-list>: one URL or more.
    url_list: Vec<Url>,
    /// <https://fetch.spec.whatwg.org/#concept-request-redirect-count>
    pub redirect_count: u32,
    /// <https://fetch.spec.whatwg.org/#concept-request-response-tainting>
    pub response_tainting: ResponseTainting,
    /// <https://fetch.spec.whatwg.org/#no-cache-prevent-cache-control>
    pub prevent_no_cache_cache_control_header_modification: bool,
    /// <https://fetch.spec.whatwg.org/#timing-allow-failed>
    pub timing_allow_failed: bool,
    /// <https://fetch.spec.whatwg.org/#request-navigation-timing-allow-values-list>
    pub navigation_timing_allow_values_list: Vec<Vec<String>>,
}

impl Request {
    /// A request with the Standard's defaults for everything but its URL.
    pub fn new(url: Url) -> Request {
        Request {
            method: Method::GET,
            local_urls_only: false,
            header_list: HeaderList::new(),
            unsafe_request: false,
            body: None,
            client: None,
            reserved_client: None,
            replaces_client_id: String::new(),
            traversable_for_user_prompts: TraversableForUserPrompts::Client,
            keepalive: false,
            initiator_type: None,
            service_workers_mode: ServiceWorkersMode::All,
            initiator: Initiator::Empty,
            destination: Destination::Empty,
            priority: Priority::Auto,
            origin: None,
            top_level_navigation_initiator_origin: None,
            policy_container: None,
            referrer: Referrer::Client,
            referrer_policy: ReferrerPolicy::Empty,
            mode: Mode::NoCors,
            use_cors_preflight: false,
            credentials_mode: CredentialsMode::SameOrigin,
            use_url_credentials: false,
            cache_mode: CacheMode::Default,
            redirect_mode: RedirectMode::Follow,
            integrity_metadata: String::new(),
            cryptographic_nonce_metadata: String::new(),
            parser_metadata: ParserMetadata::Empty,
            reload_navigation: false,
            history_navigation: false,
            user_activation: false,
            render_blocking: false,
            owner: false,
            url_list: vec![url],
            redirect_count: 0,
            response_tainting: ResponseTainting::Basic,
            prevent_no_cache_cache_control_header_modification: false,
            timing_allow_failed: false,
            navigation_timing_allow_values_list: Vec::new(),
        }
    }

    /// <https://fetch.spec.whatwg.org/#concept-request-url>: the first of the URL list.
    pub fn url(&self) -> &Url {
        self.url_list.first().expect("a URL list is never empty: `new` fills it and nothing empties it")
    }

    /// <https://fetch.spec.whatwg.org/#concept-request-current-url>: the last of the URL list.
    pub fn current_url(&self) -> &Url {
        self.url_list.last().expect("a URL list is never empty: `new` fills it and nothing empties it")
    }

    /// <https://fetch.spec.whatwg.org/#concept-request-url-list>
    pub fn url_list(&self) -> &[Url] {
        &self.url_list
    }

    /// Changes the current URL in place (upgrades, prompted credentials).
    pub fn set_current_url(&mut self, url: Url) {
        let last = self.url_list.len() - 1;
        self.url_list[last] = url;
    }

    /// Appends to the URL list (redirects).
    pub fn push_url(&mut self, url: Url) {
        self.url_list.push(url);
    }

    /// Replaces the whole URL list (a preflight asks for its request's).
    pub fn with_url_list_of(mut self, other: &Request) -> Request {
        self.url_list = other.url_list.clone();
        self
    }

    /// The origin, once populated from the client; an opaque one no other equals until then.
    pub fn origin_or_opaque(&self) -> Origin {
        self.origin.clone().unwrap_or_else(Origin::new_opaque)
    }

    /// <https://fetch.spec.whatwg.org/#subresource-request>
    pub fn is_subresource_request(&self) -> bool {
        use Destination::*;
        matches!(
            self.destination,
            Audio
                | AudioWorklet
                | Font
                | Image
                | Json
                | Manifest
                | PaintWorklet
                | Script
                | Style
                | Text
                | Track
                | Video
                | Xslt
                | Empty
        )
    }

    /// <https://fetch.spec.whatwg.org/#navigation-request>
    pub fn is_navigation_request(&self) -> bool {
        use Destination::*;
        matches!(self.destination, Document | Embed | Frame | Iframe | Object)
    }

    /// <https://fetch.spec.whatwg.org/#concept-request-tainted-origin>
    pub fn redirect_taint(&self) -> RedirectTaint {
        if self.url_list.len() < 2 {
            return RedirectTaint::SameOrigin;
        }
        let origin = self.origin_or_opaque();
        let mut taint = RedirectTaint::SameOrigin;
        for pair in self.url_list.windows(2) {
            let (last, url) = (&pair[0], &pair[1]);
            if last.same_origin(url) || last.same_origin_with(&origin) {
                continue;
            }
            let last_origin = last.origin();
            if !url.origin().same_site(&last_origin) && !origin.same_site(&last_origin) {
                return RedirectTaint::CrossSite;
            }
            taint = RedirectTaint::SameSite;
        }
        taint
    }

    /// <https://fetch.spec.whatwg.org/#serializing-a-request-origin>; isomorphic encoded it is
    /// <https://fetch.spec.whatwg.org/#byte-serializing-a-request-origin>.
    pub fn serialize_origin(&self) -> String {
        if self.redirect_taint() != RedirectTaint::SameOrigin {
            return "null".to_owned();
        }
        self.origin.as_ref().map_or_else(|| "null".to_owned(), Origin::serialize)
    }

    /// The current URL becomes the whole of the URL list, as a request that a script changes starts anew.
    pub fn keep_current_url(&mut self) {
        self.url_list.drain(..self.url_list.len() - 1);
    }

    /// <https://fetch.spec.whatwg.org/#concept-request-clone>; the body is teed without a limit.
    pub fn clone_request(&mut self) -> Request {
        let body = self.body.as_mut().map(Body::clone_body);
        Request { body, ..self.clone_without_body() }
    }

    /// Everything but the body: what goes on when the body itself moves on.
    pub fn clone_without_body(&self) -> Request {
        Request {
            method: self.method.clone(),
            local_urls_only: self.local_urls_only,
            // NB: what goes on is dressed; a page's request gets seven headers more.
            header_list: self.header_list.clone_with_room(7),
            unsafe_request: self.unsafe_request,
            body: None,
            client: self.client.clone(),
            reserved_client: self.reserved_client.clone(),
            replaces_client_id: self.replaces_client_id.clone(),
            traversable_for_user_prompts: self.traversable_for_user_prompts,
            keepalive: self.keepalive,
            initiator_type: self.initiator_type,
            service_workers_mode: self.service_workers_mode,
            initiator: self.initiator,
            destination: self.destination,
            priority: self.priority,
            origin: self.origin.clone(),
            top_level_navigation_initiator_origin: self.top_level_navigation_initiator_origin.clone(),
            policy_container: self.policy_container.clone(),
            referrer: self.referrer.clone(),
            referrer_policy: self.referrer_policy,
            mode: self.mode,
            use_cors_preflight: self.use_cors_preflight,
            credentials_mode: self.credentials_mode,
            use_url_credentials: self.use_url_credentials,
            cache_mode: self.cache_mode,
            redirect_mode: self.redirect_mode,
            integrity_metadata: self.integrity_metadata.clone(),
            cryptographic_nonce_metadata: self.cryptographic_nonce_metadata.clone(),
            parser_metadata: self.parser_metadata,
            reload_navigation: self.reload_navigation,
            history_navigation: self.history_navigation,
            user_activation: self.user_activation,
            render_blocking: self.render_blocking,
            owner: self.owner,
            url_list: self.url_list.clone(),
            redirect_count: self.redirect_count,
            response_tainting: self.response_tainting,
            prevent_no_cache_cache_control_header_modification: self
                .prevent_no_cache_cache_control_header_modification,
            timing_allow_failed: self.timing_allow_failed,
            navigation_timing_allow_values_list: self.navigation_timing_allow_values_list.clone(),
        }
    }

    /// <https://fetch.spec.whatwg.org/#concept-request-add-range-header>
    pub fn add_range_header(&mut self, first: u64, last: Option<u64>) {
        let value = match last {
            Some(last) => format!("bytes={first}-{last}"),
            None => format!("bytes={first}-"),
        };
        self.header_list.append("Range", Bytes::from(value));
    }

    /// <https://fetch.spec.whatwg.org/#cross-origin-embedder-policy-allows-credentials>
    pub fn embedder_policy_allows_credentials(&self) -> bool {
        // 2, 3. Only "no-cors" requests of a client are in question.
        let (Mode::NoCors, Some(client)) = (self.mode, &self.client) else { return true };
        // 4. Only "credentialless" refuses.
        if client.policy_container.embedder_policy.value != EmbedderPolicyValue::Credentialless {
            return true;
        }
        // 5. NB: the text allows same origin only *with* a taint; without one it must be allowed too, or no
        // credentialless page could send its own cookies.
        // DEPARTS: read as "same origin, and not tainted".
        self.origin.as_ref().is_some_and(|origin| self.current_url().same_origin_with(origin))
            && self.redirect_taint() == RedirectTaint::SameOrigin
    }

    /// <https://fetch.spec.whatwg.org/#request-determine-the-network-partition-key>
    pub fn network_partition_key(&self) -> Option<NetworkPartitionKey> {
        self.reserved_client.as_ref().or(self.client.as_ref()).map(|client| client.network_partition_key())
    }

    /// <https://fetch.spec.whatwg.org/#determine-the-http-cache-partition>: the network partition key names it; without
    /// one there is no cache.
    pub fn http_cache_partition(&self) -> Option<NetworkPartitionKey> {
        self.network_partition_key()
    }

    /// <https://fetch.spec.whatwg.org/#request-determine-the-environment>
    pub fn environment(&self) -> Option<&Arc<Client>> {
        self.reserved_client.as_ref().or(self.client.as_ref())
    }
}
