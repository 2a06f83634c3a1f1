//! [Main fetch](https://fetch.spec.whatwg.org/#concept-main-fetch)'s fork: which way a request goes, and how its response is tainted.
//!
//! One value for the eight branches; main fetch goes the way it names.

use crate::infrastructure::destinations::Destination;
use crate::infrastructure::requests::{Mode, RedirectMode, Request, ResponseTainting};
use crate::rules::cors_preflight::{PreflightNeed, preflight_need};
use crate::rules::verdict::Verdict;

/// The verdict of [`fork`]: the first of the branches that matches.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResponseTaintingFork {
    /// There is a preloaded response candidate: it is the answer.
    Preloaded,
    /// The response will be "basic"; by scheme fetch.
    Basic(BasicBecause),
    /// The mode is "same-origin", and the URL is another origin's.
    SameOriginModeRefused {
        /// Who asks.
        origin: String,
        /// Whose the URL is.
        url_origin: String,
    },
    /// The mode is "no-cors", and redirects are not to be followed.
    NoCorsRedirectModeRefused {
        /// What they are to be.
        redirect_mode: RedirectMode,
    },
    /// The response will be "opaque"; by scheme fetch.
    Opaque,
    /// CORS is for HTTP(S) only.
    SchemeRefused {
        /// The URL's.
        scheme: String,
    },
    /// The response will be "cors"; by HTTP fetch, which asks for permission first.
    CorsWithPreflight(PreflightNeed),
    /// The response will be "cors"; by HTTP fetch.
    Cors,
}

/// Why a response is "basic".
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BasicBecause {
    /// Same origin, and no other origin on the way.
    SameOrigin,
    /// A `data:` URL.
    Data,
    /// The mode is "navigate".
    Navigate,
    /// The mode is "websocket".
    WebSocket,
    /// The mode is "webtransport".
    WebTransport,
    /// On the user's own behalf: no origin asks.
    Owner,
}

impl ResponseTaintingFork {
    /// What the request's response tainting is to be set to, where the way sets it.
    pub fn tainting(&self) -> Option<ResponseTainting> {
        use ResponseTaintingFork::*;
        match self {
            Basic(_) => Some(ResponseTainting::Basic),
            Opaque => Some(ResponseTainting::Opaque),
            CorsWithPreflight(_) | Cors => Some(ResponseTainting::Cors),
            Preloaded
            | SameOriginModeRefused { .. }
            | NoCorsRedirectModeRefused { .. }
            | SchemeRefused { .. } => None,
        }
    }
}

impl Verdict for ResponseTaintingFork {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-main-fetch";
    fn blocks(&self) -> bool {
        use ResponseTaintingFork::*;
        matches!(self, SameOriginModeRefused { .. } | NoCorsRedirectModeRefused { .. } | SchemeRefused { .. })
    }
}

/// Step 12 of <https://fetch.spec.whatwg.org/#concept-main-fetch>; `has_preloaded`: is there a preloaded response candidate?
pub fn fork(request: &Request, has_preloaded: bool) -> ResponseTaintingFork {
    if has_preloaded {
        return ResponseTaintingFork::Preloaded;
    }
    // DEPARTS: on the user's own behalf no origin is another's.
    if request.owner {
        return ResponseTaintingFork::Basic(BasicBecause::Owner);
    }
    // Three reasons for "basic". NB: same origin counts only while no redirect has left it: a tainting stays.
    let url = request.current_url();
    let same_origin = || request.origin.as_ref().is_some_and(|origin| url.same_origin_with(origin));
    if request.response_tainting == ResponseTainting::Basic && same_origin() {
        return ResponseTaintingFork::Basic(BasicBecause::SameOrigin);
    }
    if url.scheme() == "data" {
        return ResponseTaintingFork::Basic(BasicBecause::Data);
    }
    match request.mode {
        Mode::Navigate => return ResponseTaintingFork::Basic(BasicBecause::Navigate),
        Mode::WebSocket => return ResponseTaintingFork::Basic(BasicBecause::WebSocket),
        Mode::WebTransport => return ResponseTaintingFork::Basic(BasicBecause::WebTransport),
        Mode::SameOrigin => {
            return ResponseTaintingFork::SameOriginModeRefused {
                origin: request
                    .origin
                    .as_ref()
                    .map_or_else(|| "null".to_owned(), |origin| origin.serialize()),
                url_origin: url.origin().serialize(),
            };
        }
        // A redirect's target must not show in whether "manual" or "error" met one.
        // DEPARTS: nobody looks at the answer to a report, which CSP sends so, and browsers deliver:
        // https://w3c.github.io/webappsec-csp/#report-violation
        Mode::NoCors
            if request.redirect_mode != RedirectMode::Follow
                && request.destination != Destination::Report =>
        {
            return ResponseTaintingFork::NoCorsRedirectModeRefused { redirect_mode: request.redirect_mode };
        }
        Mode::NoCors => return ResponseTaintingFork::Opaque,
        Mode::Cors => {}
    }
    if !url.has_http_scheme() {
        return ResponseTaintingFork::SchemeRefused { scheme: url.scheme().to_owned() };
    }
    match preflight_need(request) {
        need @ PreflightNeed::Needed { .. } => ResponseTaintingFork::CorsWithPreflight(need),
        _ => ResponseTaintingFork::Cors,
    }
}

#[cfg(test)]
mod tests {
    use super::ResponseTaintingFork::*;
    use super::*;
    use crate::infrastructure::methods::Method;
    use crate::infrastructure::origins::Origin;
    use crate::infrastructure::url::Url;
    use crate::rules::cors_safelists::{CorsSafelist, UnsafeName};

    fn request(mode: Mode, to: &str) -> Request {
        let url = |url| Url::parse(url, None).expect("a URL of the tests");
        let mut request = Request::new(url(to));
        request.origin = Some(url("https://app.test").origin());
        request.mode = mode;
        request.unsafe_request = true;
        request
    }

    #[test]
    fn fork_table() {
        use Mode::{Navigate, NoCors, WebSocket, WebTransport};
        let (own, other) = ("https://app.test/x", "https://api.test/x");
        let scheme = |scheme: &str| SchemeRefused { scheme: scheme.into() };
        let refused = |url_origin: &str| SameOriginModeRefused {
            origin: "https://app.test".into(),
            url_origin: url_origin.into(),
        };
        for (name, mode, to, verdict) in [
            ("same origin", Mode::Cors, own, Basic(BasicBecause::SameOrigin)),
            ("same origin under no-cors", NoCors, own, Basic(BasicBecause::SameOrigin)),
            ("same origin under same-origin", Mode::SameOrigin, own, Basic(BasicBecause::SameOrigin)),
            ("another port is another origin", Mode::Cors, "https://app.test:8443/x", Cors),
            ("a data: URL", Mode::SameOrigin, "data:,x", Basic(BasicBecause::Data)),
            ("a data: URL under no-cors", NoCors, "data:,x", Basic(BasicBecause::Data)),
            ("a navigation", Navigate, other, Basic(BasicBecause::Navigate)),
            ("a WebSocket", WebSocket, "wss://api.test/x", Basic(BasicBecause::WebSocket)),
            ("a WebTransport", WebTransport, other, Basic(BasicBecause::WebTransport)),
            ("same-origin mode refuses another", Mode::SameOrigin, other, refused("https://api.test")),
            ("same-origin mode refuses about:", Mode::SameOrigin, "about:blank", refused("null")),
            ("no-cors", NoCors, other, Opaque),
            ("no-cors asks for any scheme", NoCors, "file:///etc/passwd", Opaque),
            ("cors asks for HTTP only", Mode::Cors, "file:///etc/passwd", scheme("file")),
            ("no blob of another origin", Mode::Cors, "blob:https://api.test/1", scheme("blob")),
            ("nor about:", Mode::Cors, "about:blank", scheme("about")),
            ("cors", Mode::Cors, other, Cors),
        ] {
            let found = fork(&request(mode, to), false);
            assert_eq!(found, verdict, "{name}");
            assert_eq!(found.blocks(), found.tainting().is_none(), "{name}");
        }
    }

    #[test]
    fn a_preloaded_response_is_the_answer_before_all_else() {
        let request = request(Mode::SameOrigin, "https://api.test/x");
        assert_eq!(fork(&request, true), Preloaded);
    }

    #[test]
    fn back_home_after_another_origin_is_not_basic() {
        let mut request = request(Mode::Cors, "https://app.test/x");
        request.response_tainting = ResponseTainting::Cors;
        assert_eq!(fork(&request, false), Cors);
    }

    #[test]
    fn no_cors_must_follow_redirects() {
        for redirect_mode in [RedirectMode::Manual, RedirectMode::Error] {
            let mut request = request(Mode::NoCors, "https://api.test/x");
            request.redirect_mode = redirect_mode;
            assert_eq!(fork(&request, false), NoCorsRedirectModeRefused { redirect_mode });
            request.destination = Destination::Report;
            assert_eq!(fork(&request, false), Opaque, "of a report nobody sees the answer");
        }
    }

    #[test]
    fn an_opaque_origin_is_same_origin_with_no_url() {
        let mut request = request(Mode::Cors, "https://app.test/x");
        request.origin = Some(Origin::new_opaque());
        assert_eq!(fork(&request, false), Cors);
        request.origin = None;
        assert_eq!(fork(&request, false), Cors);
    }

    #[test]
    fn preflights_bear_their_reasons() {
        let needed = |flag_set, method: Option<&str>, names: &[&str]| {
            CorsWithPreflight(PreflightNeed::Needed {
                flag_set,
                unsafe_method: method.map(str::to_owned),
                unsafe_names: names
                    .iter()
                    .map(|&name| UnsafeName { name: name.to_owned(), because: CorsSafelist::NotListed })
                    .collect(),
            })
        };
        let mut request = request(Mode::Cors, "https://api.test/x");
        request.header_list.append("X-A", "1");
        assert_eq!(fork(&request, false), needed(false, None, &["x-a"]));
        request.method = Method::PATCH;
        assert_eq!(fork(&request, false), needed(false, Some("PATCH"), &["x-a"]));
        request.unsafe_request = false;
        assert_eq!(fork(&request, false), Cors);
        request.use_cors_preflight = true;
        request.header_list.delete("X-A");
        assert_eq!(fork(&request, false), needed(true, Some("PATCH"), &[]));
        assert_eq!(fork(&request, false).tainting(), Some(ResponseTainting::Cors));
    }

    #[test]
    fn the_users_own_fetch_is_never_cross_origin() {
        for mode in [Mode::Cors, Mode::NoCors, Mode::SameOrigin] {
            let mut request = request(mode, "https://api.test/x");
            request.owner = true;
            assert_eq!(fork(&request, false), Basic(BasicBecause::Owner));
            assert_eq!(fork(&request, true), Preloaded);
        }
    }
}
