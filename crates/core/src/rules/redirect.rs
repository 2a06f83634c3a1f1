//! [HTTP-redirect fetch](https://fetch.spec.whatwg.org/#concept-http-redirect-fetch): may this redirect be followed, and with
//! what left of the request?
//!
//! One verdict for steps 3 to 14. The procedure makes the body again from its source, keeps the times, lets
//! `rules/referrer.rs` read the response's policy, and recurs.

use crate::infrastructure::methods::Method;
use crate::infrastructure::requests::{Mode, Request, ResponseTainting};
use crate::infrastructure::responses::{InternalResponse, LocationUrl};
use crate::infrastructure::url::Url;
use crate::rules::departures::Departures;
use crate::rules::verdict::{Verdict, said};

/// The verdict of [`redirect`]. Its URLs are without credentials.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Redirect {
    /// Step 4: no redirect status, or no `Location`; the response is the answer.
    NotARedirect,
    /// Step 18: the request goes to another URL.
    Followed {
        /// The URL that redirects.
        from: String,
        /// Where to.
        to: String,
        /// The method before and after, where it changed.
        method_changed: Option<(String, String)>,
        /// The headers that the request had and loses, in the case they came in.
        removed_headers: Vec<String>,
        /// How many redirects there have been, this one among them.
        count: u32,
    },
    /// Step 5: `Location` is not a URL, or there are several.
    InvalidLocation {
        /// Its value.
        said: String,
    },
    /// Step 6: HTTP redirects lead to HTTP.
    NotHttpScheme {
        /// The scheme of `Location`.
        scheme: String,
    },
    /// Step 7: one redirect more than the Standard grants.
    TooMany {
        /// How many there have been.
        count: u32,
    },
    /// Step 9: under "cors", a URL of another origin may not bring a username or password.
    CorsWithCredentials {
        /// The URL.
        to: String,
        /// The request's origin.
        origin: String,
    },
    /// Step 10: nor may any URL, once another origin had a say.
    TaintedWithCredentials {
        /// The URL.
        to: String,
    },
    /// No step's doing, but a browser's: no URL that a page is redirected to may bring them.
    WithCredentials {
        /// The URL.
        to: String,
    },
    /// Step 11: the body was a stream, which is gone.
    BodyNotReplayable {
        /// The status that wants the body sent again.
        status: u16,
    },
}

impl Verdict for Redirect {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-http-redirect-fetch";
    fn blocks(&self) -> bool {
        !matches!(self, Redirect::NotARedirect | Redirect::Followed { .. })
    }
}

/// What following a redirect makes of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// The URL that is appended to the URL list.
    pub location: Url,
    /// The method, where it changes.
    pub new_method: Option<Method>,
    /// Is the body set to null?
    pub drop_body: bool,
    /// The names of headers to delete, each of which the request has.
    pub delete_headers: Vec<String>,
}

/// <https://fetch.spec.whatwg.org/#request-body-header-name>
const REQUEST_BODY_HEADERS: [&str; 4] =
    ["Content-Encoding", "Content-Language", "Content-Location", "Content-Type"];
/// <https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name>
const NON_WILDCARD_HEADERS: [&str; 1] = ["Authorization"];
/// What an owner may have framed a body with, and must not be said of none.
const OWNERS_BODY_HEADERS: [&str; 3] = ["Content-Length", "Transfer-Encoding", "Expect"];
/// What an owner may have meant for one origin.
const OWNERS_ORIGIN_HEADERS: [&str; 3] = ["Cookie", "Proxy-Authorization", "Host"];

/// Steps 3 to 14 of <https://fetch.spec.whatwg.org/#concept-http-redirect-fetch>, and 18's evidence.
///
/// `location` is the internal response's location URL given the current URL's fragment. `sensitive` are further names that
/// an owner wants to leave behind with the origin. The rewrite is there exactly where the redirect is followed.
// DEPARTS: `sensitive` and an owner's request remove more than step 13 does: under no guard nothing stops an owner from
// setting a cookie by hand, and peers were faulted for sending it on.
pub fn redirect(
    request: &Request,
    internal_response: &InternalResponse,
    location: LocationUrl,
    sensitive: &[String],
    departures: Departures,
) -> (Redirect, Option<Rewrite>) {
    let status = internal_response.status;
    // 3 - 5.
    let location = match location {
        LocationUrl::Null => return (Redirect::NotARedirect, None),
        LocationUrl::Failure { said } => return (Redirect::InvalidLocation { said }, None),
        LocationUrl::Url(url) => url,
    };
    // 6.
    if !location.has_http_scheme() {
        return (Redirect::NotHttpScheme { scheme: location.scheme().to_owned() }, None);
    }
    // 7, 8.
    if request.redirect_count >= LONGEST_CHAIN {
        return (Redirect::TooMany { count: request.redirect_count }, None);
    }
    // DEPARTS: CORS is for pages. On the user's own behalf credentials in a redirect are the server's affair: they
    // are its own, and go where it says.
    if location.includes_credentials() && !request.owner {
        // 9.
        let same_origin = request.origin.as_ref().is_some_and(|origin| location.same_origin_with(origin));
        if request.mode == Mode::Cors && !same_origin {
            let origin = request.origin_or_opaque().serialize();
            return (Redirect::CorsWithCredentials { to: shown(&location), origin }, None);
        }
        // 10. Another origin redirected to this one.
        if request.response_tainting == ResponseTainting::Cors {
            return (Redirect::TaintedWithCredentials { to: shown(&location) }, None);
        }
        // DEPARTS: within the origin and without CORS too, where it was asked to do as a browser does.
        if departures.no_credentials_in_redirects && request.mode != Mode::Navigate {
            return (Redirect::WithCredentials { to: shown(&location) }, None);
        }
    }
    // 11.
    if status != 303 && request.body.as_ref().is_some_and(|body| body.source.is_null()) {
        return (Redirect::BodyNotReplayable { status }, None);
    }
    // 12. What a form's answer has always done.
    let becomes_get = match status {
        301 | 302 => request.method == Method::POST,
        303 => request.method != Method::GET && request.method != Method::HEAD,
        _ => false,
    };
    let mut delete_headers = Vec::new();
    let mut delete = |names: &[&str]| {
        delete_headers
            .extend(names.iter().filter(|name| request.header_list.contains(name)).map(ToString::to_string));
    };
    if becomes_get {
        delete(&REQUEST_BODY_HEADERS);
        if request.owner {
            delete(&OWNERS_BODY_HEADERS);
        }
    }
    // 13. The moment another origin is seen. The names do not come back if the way leads home.
    if !request.current_url().same_origin(&location) {
        delete(&NON_WILDCARD_HEADERS);
        if request.owner {
            delete(&OWNERS_ORIGIN_HEADERS);
        }
        for name in sensitive {
            delete(&[name.as_str()]);
        }
    }
    let removed_headers = request
        .header_list
        .iter()
        .filter(|header| delete_headers.iter().any(|name| header.is_named(name)))
        .map(|header| said(header.name()))
        .collect();
    let verdict = Redirect::Followed {
        from: shown(request.current_url()),
        to: shown(&location),
        method_changed: becomes_get.then(|| (request.method.as_str().to_owned(), "GET".to_owned())),
        removed_headers,
        count: request.redirect_count + 1,
    };
    let new_method = becomes_get.then_some(Method::GET);
    (verdict, Some(Rewrite { location, new_method, drop_body: becomes_get, delete_headers }))
}

/// More redirects than this are refused.
const LONGEST_CHAIN: u32 = 20;

impl Rewrite {
    /// Steps 8, 12, 13 and 18. A body that stays must then be made again from its source (step 14).
    pub fn apply(self, request: &mut Request) {
        // 8.
        request.redirect_count += 1;
        // 12.
        if let Some(method) = self.new_method {
            request.method = method;
        }
        if self.drop_body {
            request.body = None;
        }
        // 12, 13.
        for name in &self.delete_headers {
            request.header_list.delete(name);
        }
        // 18.
        request.push_url(self.location);
    }
}

fn shown(url: &Url) -> String {
    url.without_credentials().href().to_owned()
}

#[cfg(test)]
mod tests;
