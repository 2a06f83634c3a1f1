//! [HTTP fetch](https://fetch.spec.whatwg.org/#concept-http-fetch) step 3's gate: five answers that a service worker may not give.
//!
//! A worker may answer with any response it holds; one that this request could not have got from the network is refused.

use crate::infrastructure::requests::{Mode, RedirectMode, Request};
use crate::infrastructure::responses::{Response, ResponseType};
use crate::rules::verdict::Verdict;

/// The verdict of [`service_worker_gate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceWorkerGate {
    /// None of the five.
    Passed,
    /// The response is a network error.
    Error,
    /// A "cors" response for a "same-origin" request.
    CorsForSameOrigin,
    /// An opaque response for a request that is not "no-cors".
    OpaqueOutsideNoCors {
        /// The request's mode.
        mode: Mode,
    },
    /// An opaque redirect for a request whose redirect mode is not "manual".
    OpaqueRedirectOutsideManual {
        /// The request's redirect mode.
        redirect_mode: RedirectMode,
    },
    /// A redirected response for a request whose redirect mode is not "follow".
    RedirectedOutsideFollow {
        /// The request's redirect mode.
        redirect_mode: RedirectMode,
        /// How many URLs the response has been at.
        urls: usize,
    },
}

impl Verdict for ServiceWorkerGate {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-http-fetch";
    fn blocks(&self) -> bool {
        !matches!(self, ServiceWorkerGate::Passed)
    }
}

/// Step 3.5.7 of <https://fetch.spec.whatwg.org/#concept-http-fetch>
pub fn service_worker_gate(request: &Request, response: &Response) -> ServiceWorkerGate {
    let (mode, redirect_mode) = (request.mode, request.redirect_mode);
    // The type is the view's, not the internal response's.
    match response.response_type() {
        ResponseType::Error => return ServiceWorkerGate::Error,
        ResponseType::Cors if mode == Mode::SameOrigin => return ServiceWorkerGate::CorsForSameOrigin,
        ResponseType::Opaque if mode != Mode::NoCors => {
            return ServiceWorkerGate::OpaqueOutsideNoCors { mode };
        }
        ResponseType::OpaqueRedirect if redirect_mode != RedirectMode::Manual => {
            return ServiceWorkerGate::OpaqueRedirectOutsideManual { redirect_mode };
        }
        _ => {}
    }
    // NB: so is the URL list: an opaque response shows none, wherever it has been.
    let urls = response.url_list().len();
    if redirect_mode != RedirectMode::Follow && urls > 1 {
        return ServiceWorkerGate::RedirectedOutsideFollow { redirect_mode, urls };
    }
    ServiceWorkerGate::Passed
}

#[cfg(test)]
mod tests {
    use super::ServiceWorkerGate::*;
    use super::*;
    use crate::infrastructure::responses::{Filter, InternalResponse};
    use crate::infrastructure::url::Url;

    #[test]
    fn gate_table() {
        use RedirectMode::{Follow, Manual};
        let url = Url::parse("https://a.test/", None).expect("a URL of the tests");
        let response = |filter: Option<Filter>, response_type, urls| {
            let response = Response::new(InternalResponse {
                response_type,
                url_list: vec![url.clone(); urls],
                ..InternalResponse::default()
            });
            match filter {
                Some(filter) => response.filtered(filter),
                None => response,
            }
        };
        let made = || response(None, ResponseType::Default, 0);
        let seen = |filter, urls| response(Some(filter), ResponseType::Default, urls);
        let redirected = |redirect_mode, urls| RedirectedOutsideFollow { redirect_mode, urls };
        for (name, mode, redirect_mode, response, verdict) in [
            ("made by a constructor", Mode::Cors, Follow, made(), Passed),
            ("made, for a navigation", Mode::Navigate, Manual, made(), Passed),
            ("Response.error()", Mode::NoCors, Follow, response(None, ResponseType::Error, 0), Error),
            ("cors for cors", Mode::Cors, Follow, seen(Filter::Cors, 1), Passed),
            ("cors for no-cors", Mode::NoCors, Follow, seen(Filter::Cors, 1), Passed),
            ("cors for same-origin", Mode::SameOrigin, Follow, seen(Filter::Cors, 1), CorsForSameOrigin),
            ("basic for same-origin", Mode::SameOrigin, Follow, seen(Filter::Basic, 1), Passed),
            ("opaque for no-cors", Mode::NoCors, Follow, seen(Filter::Opaque, 1), Passed),
            (
                "opaque for cors",
                Mode::Cors,
                Follow,
                seen(Filter::Opaque, 1),
                OpaqueOutsideNoCors { mode: Mode::Cors },
            ),
            (
                "opaque for a navigation",
                Mode::Navigate,
                Manual,
                seen(Filter::Opaque, 1),
                OpaqueOutsideNoCors { mode: Mode::Navigate },
            ),
            (
                "an opaque redirect for manual",
                Mode::Navigate,
                Manual,
                seen(Filter::OpaqueRedirect, 1),
                Passed,
            ),
            (
                "an opaque redirect for follow",
                Mode::Cors,
                Follow,
                seen(Filter::OpaqueRedirect, 1),
                OpaqueRedirectOutsideManual { redirect_mode: Follow },
            ),
            (
                "an opaque redirect for error",
                Mode::Cors,
                RedirectMode::Error,
                seen(Filter::OpaqueRedirect, 1),
                OpaqueRedirectOutsideManual { redirect_mode: RedirectMode::Error },
            ),
            ("redirected, for follow", Mode::Cors, Follow, seen(Filter::Basic, 2), Passed),
            ("redirected, for manual", Mode::Navigate, Manual, seen(Filter::Basic, 2), redirected(Manual, 2)),
            (
                "redirected, for error",
                Mode::Cors,
                RedirectMode::Error,
                seen(Filter::Cors, 3),
                redirected(RedirectMode::Error, 3),
            ),
            (
                "an opaque response shows no URLs",
                Mode::NoCors,
                RedirectMode::Error,
                seen(Filter::Opaque, 2),
                Passed,
            ),
        ] {
            let mut request = Request::new(url.clone());
            request.mode = mode;
            request.redirect_mode = redirect_mode;
            let found = service_worker_gate(&request, &response);
            assert_eq!(found, verdict, "{name}");
            assert_eq!(found.blocks(), verdict != Passed, "{name}");
        }
    }
}
