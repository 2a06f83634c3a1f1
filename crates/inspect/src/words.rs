//! One plain sentence for each verdict of each rule, and one hint for each that blocks. Every human sentence of the house is here.
//!
//! No match has an arm for the rest: a new verdict does not compile until it has its sentence. What strangers said stands
//! in backticks, escaped, cut and without credentials.

mod cors;
mod deferred;
mod faults;
mod headers;
mod near_miss;
mod policies;
mod quoting;
mod reading;
mod requests;
mod responses;
#[cfg(test)]
mod sentences_tests;
#[cfg(test)]
mod tests;
mod web_sockets;

use sofetch_core::rulings::Ruling;
use sofetch_core::trace::{Algorithm, Purpose};

pub(crate) use cors::preflight_reasons;
pub use faults::{
    hint_for_network_error, hint_for_wire_fault, words_for_network_error, words_for_peer_misbehaved,
    words_for_wire_fault,
};
pub use policies::words_for_misread;

/// How much a verdict says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// There was nothing to judge.
    Idle,
    /// A fact that decides what follows.
    Noted,
    /// A check that might have failed, and did not.
    Passed,
    /// A check that failed without turning the fetch into a network error.
    Failed,
    /// It turned the fetch into a network error.
    Refused,
}

/// A verdict that can be said.
pub trait Words {
    /// What was judged, on what evidence, and which way it went.
    fn words(&self) -> String;

    /// What to change, where it refused.
    fn hint(&self) -> Option<String> {
        None
    }

    /// How much it says.
    fn weight(&self) -> Weight;
}

/// Weighs a verdict: what blocks is refused, then as the patterns say, else it is noted.
macro_rules! weighed {
    ($($weight:ident: $verdicts:pat),*) => {
        fn weight(&self) -> $crate::words::Weight {
            match self {
                verdict if sofetch_core::rules::verdict::Verdict::blocks(verdict) => $crate::words::Weight::Refused,
                $($verdicts => $crate::words::Weight::$weight,)*
                #[allow(unreachable_patterns)]
                _ => $crate::words::Weight::Noted,
            }
        }
    };
}
use weighed;

/// The ruling as [`Words`].
fn sayable(ruling: &Ruling) -> &dyn Words {
    match ruling {
        Ruling::PortBlocking(verdict) => verdict,
        Ruling::CorsCheck(verdict) => verdict,
        Ruling::TaoCheck(verdict) => verdict,
        Ruling::NavigationTaoCheck(verdict) => verdict,
        Ruling::PreflightNeed(verdict) => verdict,
        Ruling::PreflightAnswer(verdict) => verdict,
        Ruling::CacheLookUp(verdict) => verdict,
        Ruling::CrossOriginResourcePolicy(verdict) => verdict,
        Ruling::ResponseTaintingFork(verdict) => verdict,
        Ruling::CorsExposedHeaderNames(verdict) => verdict,
        Ruling::Shown(verdict) => verdict,
        Ruling::IncludeCredentials(verdict) => verdict,
        Ruling::KeepaliveQuota(verdict) => verdict,
        Ruling::DeferredFetch(verdict) => verdict,
        Ruling::ConditionalHeaders(verdict) => verdict,
        Ruling::Integrity(verdict) => verdict,
        Ruling::UnencodedDigest(verdict) => verdict,
        Ruling::RangeRequested(verdict) => verdict,
        Ruling::ServiceWorkerGate(verdict) => verdict,
        Ruling::HstsUpgrade(verdict) => verdict,
        Ruling::Upgrade(verdict) => verdict,
        Ruling::MixedContentRequest(verdict) => verdict,
        Ruling::MixedContentResponse(verdict) => verdict,
        Ruling::CspBlocking(verdict) => verdict,
        Ruling::IntegrityPolicyBlocking(verdict) => verdict,
        Ruling::LocalUrlsOnly(verdict) => verdict,
        Ruling::ReferrerDecision(verdict) => verdict,
        Ruling::Redirect(verdict) => verdict,
        Ruling::FetchMetadata(verdict) => verdict,
        Ruling::OriginHeader(verdict) => verdict,
        Ruling::HeaderGuard(verdict) => verdict,
        Ruling::CorsSafelist(verdict) => verdict,
        Ruling::CorsExposure(verdict) => verdict,
        Ruling::NetworkGate(verdict) => verdict,
        Ruling::RedirectMode(verdict) => verdict,
        Ruling::AuthenticationNeed(verdict) => verdict,
        Ruling::SchemeFetch(verdict) => verdict,
        Ruling::NosniffBlocking(verdict) => verdict,
        Ruling::MimeTypeBlocking(verdict) => verdict,
        Ruling::WebSocketHandshake(verdict) => verdict,
    }
}

/// One sentence: what was judged, on what evidence, and which way it went.
pub fn words(ruling: &Ruling) -> String {
    sayable(ruling).words()
}

/// What to change so that a ruling that blocks would not.
pub fn hint(ruling: &Ruling) -> Option<String> {
    sayable(ruling).hint()
}

/// How much a ruling says.
pub fn weight(ruling: &Ruling) -> Weight {
    sayable(ruling).weight()
}

/// The Standard's name of an algorithm.
pub fn title(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Fetch => "fetch",
        Algorithm::MainFetch => "main fetch",
        Algorithm::OverrideFetch => "override fetch",
        Algorithm::SchemeFetch => "scheme fetch",
        Algorithm::HttpFetch => "HTTP fetch",
        Algorithm::HandleFetch => "handle fetch",
        Algorithm::HttpRedirectFetch => "HTTP-redirect fetch",
        Algorithm::HttpNetworkOrCacheFetch => "HTTP-network-or-cache fetch",
        Algorithm::HttpNetworkFetch => "HTTP-network fetch",
        Algorithm::CorsPreflightFetch => "CORS-preflight fetch",
        Algorithm::FetchResponseHandover => "fetch response handover",
        Algorithm::EstablishAWebSocketConnection => "establish a WebSocket connection",
        Algorithm::FetchLater => "fetch later",
        Algorithm::ProcessADeferredFetch => "process a deferred fetch",
    }
}

/// Why a trace has a child, in a word.
pub fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Preflight => "preflight",
        Purpose::Revalidation => "revalidation",
        Purpose::Retry => "retry",
    }
}
