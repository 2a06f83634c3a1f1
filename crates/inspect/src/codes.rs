//! Stable codes of refusals, for machines: Chromium's own word where it has one for the very same thing, else ours.
//!
//! A code in capitals is one of Chromium's `CorsError` values, so that a report can be compared with its DevTools protocol;
//! what it hides from its console has a word with hyphens, of its `BlockedReason` where there is one. `docs/schema.md` lists all.

use sofetch_core::infrastructure::url::Url;
use sofetch_core::rules::authentication::AuthenticationNeed;
use sofetch_core::rules::content_security_policy::CspBlocking;
use sofetch_core::rules::cors_check::CorsCheck;
use sofetch_core::rules::cors_preflight::PreflightAnswer;
use sofetch_core::rules::cross_origin_resource_policy::{CrossOriginResourcePolicy, ImposedBy};
use sofetch_core::rules::integrity_policy::IntegrityPolicyBlocking;
use sofetch_core::rules::network_gate::NetworkGate;
use sofetch_core::rules::redirect::Redirect;
use sofetch_core::rules::redirect_mode::RedirectModeVerdict;
use sofetch_core::rules::response_tainting::ResponseTaintingFork;
use sofetch_core::rules::schemes::SchemeFetch;
use sofetch_core::rulings::Ruling;
use sofetch_core::service_workers::gate::ServiceWorkerGate;

use crate::safe_text::as_written;

/// The code of a ruling that blocks; `None` for one that does not.
pub fn code(ruling: &Ruling) -> Option<&'static str> {
    if !ruling.blocks() {
        return None;
    }
    let code = match ruling {
        Ruling::CorsCheck(check) => of_cors_check(check).0,
        Ruling::PreflightAnswer(answer) => of_preflight_answer(answer)?,
        Ruling::ResponseTaintingFork(fork) => of_fork(fork)?,
        Ruling::Redirect(redirect) => of_redirect(redirect)?,
        Ruling::RedirectMode(RedirectModeVerdict::ErrorMode { .. }) => "redirect-mode-error",
        Ruling::CrossOriginResourcePolicy(verdict) => of_resource_policy(verdict)?,
        Ruling::PortBlocking(_) => "bad-port",
        Ruling::MixedContentRequest(_) | Ruling::MixedContentResponse(_) => "mixed-content",
        Ruling::CspBlocking(CspBlocking::Blocked { .. }) => "csp",
        Ruling::IntegrityPolicyBlocking(IntegrityPolicyBlocking::Blocked { .. }) => "integrity-policy",
        Ruling::Integrity(_) => "integrity",
        Ruling::UnencodedDigest(_) => "unencoded-digest",
        Ruling::NosniffBlocking(_) | Ruling::MimeTypeBlocking(_) => "content-type",
        Ruling::NetworkGate(gate) => match gate {
            NetworkGate::Open => return None,
            NetworkGate::OnlyIfCached => "not-cached",
            NetworkGate::Offline => "offline",
            NetworkGate::StreamOverHttp1 => "stream-over-http1",
        },
        Ruling::KeepaliveQuota(_) => "keepalive-quota",
        Ruling::DeferredFetch(_) => "not-deferred",
        Ruling::RangeRequested(_) => "range-not-requested",
        Ruling::LocalUrlsOnly(_) => "local-urls-only",
        Ruling::AuthenticationNeed(need) => match need {
            AuthenticationNeed::ProxyWithoutUser => "proxy-authentication",
            _ => "body-not-replayable",
        },
        Ruling::ServiceWorkerGate(gate) => match gate {
            ServiceWorkerGate::Error => "service-worker-error",
            _ => "service-worker-response",
        },
        Ruling::WebSocketHandshake(_) => "websocket-handshake",
        Ruling::SchemeFetch(scheme) => match scheme {
            SchemeFetch::FileRefused => "file-refused",
            SchemeFetch::Unsupported { .. } => "scheme-unsupported",
            SchemeFetch::DataInvalid => "data-invalid",
            _ => "local-url-refused",
        },
        // These never block; were one to, it would have no code, and the table of `words/tests.rs` would say so.
        _ => return None,
    };
    Some(code)
}

/// As Chromium calls it where the request's own answer is checked, and where its preflight's is.
fn of_cors_check(check: &CorsCheck) -> (&'static str, &'static str) {
    match check {
        CorsCheck::OriginMismatch { allowed, credentials: true, .. } if allowed == "*" => {
            ("WildcardOriginNotAllowed", "PreflightWildcardOriginNotAllowed")
        }
        CorsCheck::OriginMismatch { allowed, .. } if allowed.contains([',', ' ']) => {
            ("MultipleAllowOriginValues", "PreflightMultipleAllowOriginValues")
        }
        CorsCheck::OriginMismatch { allowed, .. }
            if allowed != "null" && Url::parse(&as_written(allowed), None).is_err() =>
        {
            ("InvalidAllowOriginValue", "PreflightInvalidAllowOriginValue")
        }
        CorsCheck::OriginMismatch { .. } => ("AllowOriginMismatch", "PreflightAllowOriginMismatch"),
        CorsCheck::CredentialsNotAllowed { .. } => {
            ("InvalidAllowCredentials", "PreflightInvalidAllowCredentials")
        }
        CorsCheck::NoAllowOrigin
        | CorsCheck::AnyOrigin
        | CorsCheck::OriginMatches
        | CorsCheck::OriginMatchesWithCredentials => {
            ("MissingAllowOriginHeader", "PreflightMissingAllowOriginHeader")
        }
    }
}

fn of_preflight_answer(answer: &PreflightAnswer) -> Option<&'static str> {
    Some(match answer {
        PreflightAnswer::Granted { .. } => return None,
        PreflightAnswer::CorsCheckFailed(check) => of_cors_check(check).1,
        // NB: only these lead elsewhere; a 304 is but a status that is not ok.
        PreflightAnswer::NotOkStatus { status: 301 | 302 | 303 | 307 | 308 } => "PreflightDisallowedRedirect",
        PreflightAnswer::NotOkStatus { .. } => "PreflightInvalidStatus",
        PreflightAnswer::UnparsableMethods { .. } => "InvalidAllowMethodsPreflightResponse",
        PreflightAnswer::UnparsableHeaders { .. } => "InvalidAllowHeadersPreflightResponse",
        PreflightAnswer::MethodNotAllowed { .. } => "MethodDisallowedByPreflightResponse",
        PreflightAnswer::NonWildcardHeaderNotListed { .. } | PreflightAnswer::HeaderNotAllowed { .. } => {
            "HeaderDisallowedByPreflightResponse"
        }
    })
}

fn of_fork(fork: &ResponseTaintingFork) -> Option<&'static str> {
    match fork {
        ResponseTaintingFork::SameOriginModeRefused { .. } => Some("DisallowedByMode"),
        ResponseTaintingFork::NoCorsRedirectModeRefused { .. } => Some("NoCorsRedirectModeNotFollow"),
        ResponseTaintingFork::SchemeRefused { .. } => Some("CorsDisabledScheme"),
        ResponseTaintingFork::Preloaded
        | ResponseTaintingFork::Basic(_)
        | ResponseTaintingFork::Opaque
        | ResponseTaintingFork::CorsWithPreflight(_)
        | ResponseTaintingFork::Cors => None,
    }
}

fn of_redirect(redirect: &Redirect) -> Option<&'static str> {
    match redirect {
        Redirect::NotARedirect | Redirect::Followed { .. } => None,
        Redirect::InvalidLocation { .. } => Some("redirect-location-invalid"),
        Redirect::NotHttpScheme { .. } => Some("redirect-scheme-not-http"),
        Redirect::TooMany { .. } => Some("redirect-too-many"),
        Redirect::CorsWithCredentials { .. }
        | Redirect::TaintedWithCredentials { .. }
        | Redirect::WithCredentials { .. } => Some("RedirectContainsCredentials"),
        Redirect::BodyNotReplayable { .. } => Some("body-not-replayable"),
    }
}

fn of_resource_policy(verdict: &CrossOriginResourcePolicy) -> Option<&'static str> {
    match verdict {
        CrossOriginResourcePolicy::NotSameOrigin { imposed_by: ImposedBy::Header, .. } => {
            Some("corp-not-same-origin")
        }
        CrossOriginResourcePolicy::NotSameOrigin { .. } => {
            Some("corp-not-same-origin-after-defaulted-to-same-origin-by-coep")
        }
        CrossOriginResourcePolicy::NotSameSite { .. }
        | CrossOriginResourcePolicy::InsecureEmbedder { .. } => Some("corp-not-same-site"),
        CrossOriginResourcePolicy::NavigationWithoutEmbedderPolicy
        | CrossOriginResourcePolicy::NoPolicy { .. }
        | CrossOriginResourcePolicy::CrossOrigin
        | CrossOriginResourcePolicy::SameOrigin { .. }
        | CrossOriginResourcePolicy::SameSite => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Each ruling that blocks has a code, and the page tells of it. `words/tests.rs` has one of each.
    pub(crate) fn check(row: &str, ruling: &Ruling) {
        let page = include_str!("../../../docs/schema.md");
        match code(ruling) {
            Some(code) => {
                assert!(page.contains(&format!("`{code}`")), "{row}: {code} is not on docs/schema.md");
                assert!(ruling.blocks(), "{row}");
            }
            None => assert!(!ruling.blocks(), "{row}: it blocks and has no code: {ruling:?}"),
        }
    }

    fn mismatch(allowed: &str, credentials: bool) -> CorsCheck {
        let origin = "https://a.test".into();
        CorsCheck::OriginMismatch { allowed: allowed.into(), origin, tainted: false, credentials }
    }

    #[test]
    fn codes_of_the_cors_check_are_chromiums() {
        for (row, check, code_of_answer) in [
            ("no header", CorsCheck::NoAllowOrigin, "MissingAllowOriginHeader"),
            ("any, with credentials", mismatch("*", true), "WildcardOriginNotAllowed"),
            ("a list", mismatch("https://a.test, https://b.test", false), "MultipleAllowOriginValues"),
            ("any twice", mismatch("*, *", true), "MultipleAllowOriginValues"),
            ("nothing", mismatch("", false), "InvalidAllowOriginValue"),
            ("no scheme", mismatch("a.test", false), "InvalidAllowOriginValue"),
            ("a pattern is a URL all the same", mismatch("https://*.a.test", false), "AllowOriginMismatch"),
            ("null is an origin", mismatch("null", false), "AllowOriginMismatch"),
            ("another", mismatch("https://b.test", true), "AllowOriginMismatch"),
            (
                "credentials",
                CorsCheck::CredentialsNotAllowed { said: Some("True".into()) },
                "InvalidAllowCredentials",
            ),
        ] {
            assert_eq!(code(&Ruling::from(check.clone())), Some(code_of_answer), "{row}");
            let preflight = PreflightAnswer::CorsCheckFailed(check);
            assert_eq!(code(&preflight.into()), Some(&*format!("Preflight{code_of_answer}")), "{row}");
        }
        assert_eq!(code(&CorsCheck::AnyOrigin.into()), None, "what passes has none");
    }

    #[test]
    fn a_preflight_s_status_is_a_redirect_or_is_none() {
        for status in [301, 302, 303, 307, 308] {
            let answer = PreflightAnswer::NotOkStatus { status };
            assert_eq!(code(&answer.into()), Some("PreflightDisallowedRedirect"), "{status}");
        }
        for status in [199, 300, 304, 401, 500] {
            let answer = PreflightAnswer::NotOkStatus { status };
            assert_eq!(code(&answer.into()), Some("PreflightInvalidStatus"), "{status}");
        }
    }
}
