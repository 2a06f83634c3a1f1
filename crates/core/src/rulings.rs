//! The sum of all verdicts ([`Ruling`]), and what a fetch ends with: [`Fetched`], a response or a [`NetworkError`] that bears its ruling.
//!
//! Adding a rule means adding a line to the list; `inspect` then does not compile until it has words for it.

use std::fmt;
use std::sync::Arc;

use crate::infrastructure::abort_reason::AbortReason;
use crate::infrastructure::responses::Response;
use crate::rules::verdict::Verdict;
use crate::wire_faults::{NetworkFault, PeerMisbehaved, WireFault};

macro_rules! rulings {
    ($($(#[$meta:meta])* $name:ident($path:path),)*) => {
        /// One verdict of any rule.
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        #[serde(tag = "rule", content = "verdict", rename_all = "kebab-case")]
        #[allow(missing_docs)]
        pub enum Ruling { $($(#[$meta])* $name($path),)* }

        $(impl From<$path> for Ruling {
            fn from(verdict: $path) -> Ruling { Ruling::$name(verdict) }
        })*

        impl Ruling {
            /// Does it turn the fetch into a network error?
            pub fn blocks(&self) -> bool {
                match self { $(Ruling::$name(verdict) => Verdict::blocks(verdict),)* }
            }

            /// Where the rule stands in its Standard.
            pub fn anchor(&self) -> &'static str {
                match self { $(Ruling::$name(_) => <$path as Verdict>::ANCHOR,)* }
            }

            /// The rule's name, as in reports.
            pub fn rule(&self) -> &'static str {
                match self { $(Ruling::$name(_) => stringify!($name),)* }
            }
        }
    };
}

rulings! {
    PortBlocking(crate::rules::port_blocking::PortBlocking),
    CorsCheck(crate::rules::cors_check::CorsCheck),
    TaoCheck(crate::rules::tao_check::TaoCheck),
    NavigationTaoCheck(crate::rules::tao_check::NavigationTaoCheck),
    PreflightNeed(crate::rules::cors_preflight::PreflightNeed),
    PreflightAnswer(crate::rules::cors_preflight::PreflightAnswer),
    CacheLookUp(crate::rules::cors_preflight_cache::CacheLookUp),
    CrossOriginResourcePolicy(crate::rules::cross_origin_resource_policy::CrossOriginResourcePolicy),
    ResponseTaintingFork(crate::rules::response_tainting::ResponseTaintingFork),
    CorsExposedHeaderNames(crate::rules::response_filtering::CorsExposedHeaderNames),
    Shown(crate::rules::response_filtering::Shown),
    IncludeCredentials(crate::rules::request_headers::IncludeCredentials),
    KeepaliveQuota(crate::rules::request_headers::KeepaliveQuota),
    DeferredFetch(crate::rules::deferred_fetching::DeferredFetch),
    ConditionalHeaders(crate::rules::request_headers::ConditionalHeaders),
    Integrity(crate::rules::subresource_integrity::Integrity),
    UnencodedDigest(crate::rules::unencoded_digest::UnencodedDigest),
    RangeRequested(crate::rules::range_requested::RangeRequested),
    ServiceWorkerGate(crate::service_workers::gate::ServiceWorkerGate),
    HstsUpgrade(crate::hsts::HstsUpgrade),
    Upgrade(crate::rules::mixed_content::Upgrade),
    MixedContentRequest(crate::rules::mixed_content::MixedContentRequest),
    MixedContentResponse(crate::rules::mixed_content::MixedContentResponse),
    CspBlocking(crate::rules::content_security_policy::CspBlocking),
    IntegrityPolicyBlocking(crate::rules::integrity_policy::IntegrityPolicyBlocking),
    LocalUrlsOnly(crate::rules::mixed_content::LocalUrlsOnly),
    ReferrerDecision(crate::rules::referrer::ReferrerDecision),
    Redirect(crate::rules::redirect::Redirect),
    FetchMetadata(crate::rules::fetch_metadata::FetchMetadata),
    OriginHeader(crate::rules::origin_header::OriginHeader),
    HeaderGuard(crate::rules::header_guards::HeaderGuard),
    CorsSafelist(crate::rules::cors_safelists::CorsSafelist),
    CorsExposure(crate::rules::cors_safelists::CorsExposure),
    NosniffBlocking(crate::rules::mime_blocking::NosniffBlocking),
    MimeTypeBlocking(crate::rules::mime_blocking::MimeTypeBlocking),
    NetworkGate(crate::rules::network_gate::NetworkGate),
    RedirectMode(crate::rules::redirect_mode::RedirectModeVerdict),
    AuthenticationNeed(crate::rules::authentication::AuthenticationNeed),
    SchemeFetch(crate::rules::schemes::SchemeFetch),
    WebSocketHandshake(crate::rules::web_sockets::WebSocketHandshake),
}

/// <https://fetch.spec.whatwg.org/#concept-network-error>, with why. Cheap to clone.
#[derive(Clone)]
pub struct NetworkError(Arc<Reason>);

/// Why a fetch ended in a network error.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// A rule refused.
    Ruling(Ruling),
    /// The network failed.
    Wire(WireFault),
    /// The server broke HTTP.
    Peer(PeerMisbehaved),
    /// <https://fetch.spec.whatwg.org/#concept-aborted-network-error>
    Aborted(AbortReason),
    /// The fetch controller was terminated.
    Terminated,
    /// An override or a service worker answered with a network error of its own.
    Answered,
}

impl NetworkError {
    /// A network error with this reason.
    pub fn new(reason: impl Into<Reason>) -> NetworkError {
        NetworkError(Arc::new(reason.into()))
    }

    /// Why.
    pub fn reason(&self) -> &Reason {
        &self.0
    }

    /// The [aborted flag](https://fetch.spec.whatwg.org/#concept-response-aborted).
    pub fn is_aborted(&self) -> bool {
        matches!(*self.0, Reason::Aborted(_))
    }

    /// The ruling, where a rule refused.
    pub fn ruling(&self) -> Option<&Ruling> {
        match &*self.0 {
            Reason::Ruling(ruling) => Some(ruling),
            _ => None,
        }
    }

    /// A stable code for reports: the rule's name, or the fault's.
    pub fn code(&self) -> &'static str {
        match &*self.0 {
            Reason::Ruling(ruling) => ruling.rule(),
            Reason::Wire(fault) => fault.code(),
            Reason::Peer(fault) => fault.code(),
            Reason::Aborted(AbortReason::TimeoutError) => "timed-out",
            Reason::Aborted(_) => "aborted",
            Reason::Terminated => "terminated",
            Reason::Answered => "answered",
        }
    }
}

impl fmt::Debug for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NetworkError({:?})", self.0)
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "network error: {}", self.code())
    }
}

impl std::error::Error for NetworkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            Reason::Wire(fault) => Some(fault),
            Reason::Peer(fault) => Some(fault),
            _ => None,
        }
    }
}

impl From<Ruling> for Reason {
    fn from(ruling: Ruling) -> Reason {
        Reason::Ruling(ruling)
    }
}

impl From<NetworkFault> for Reason {
    fn from(fault: NetworkFault) -> Reason {
        match fault {
            NetworkFault::Wire(fault) => Reason::Wire(fault),
            NetworkFault::Peer(fault) => Reason::Peer(fault),
        }
    }
}

impl From<WireFault> for Reason {
    fn from(fault: WireFault) -> Reason {
        Reason::Wire(fault)
    }
}

impl From<PeerMisbehaved> for Reason {
    fn from(fault: PeerMisbehaved) -> Reason {
        Reason::Peer(fault)
    }
}

impl From<AbortReason> for Reason {
    fn from(reason: AbortReason) -> Reason {
        Reason::Aborted(reason)
    }
}

/// What a fetch ends with. A network error becomes a response of type "error" once, in the face.
pub type Fetched = Result<Response, NetworkError>;
