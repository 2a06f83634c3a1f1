//! [Append a request `Origin` header](https://fetch.spec.whatwg.org/#append-a-request-origin-header): is the server told
//! who asks?

use crate::infrastructure::methods::Method;
use crate::infrastructure::origins::Origin;
use crate::infrastructure::requests::{Mode, ReferrerPolicy, Request, ResponseTainting};
use crate::rules::verdict::Verdict;

/// The verdict of [`origin_header`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OriginHeader {
    /// Neither step 3 nor step 4: `GET` or `HEAD`, and no one asked for CORS.
    NotSent,
    /// Step 3: the response tainting is "cors", or the request opens a WebSocket or WebTransport.
    Asked {
        /// The serialized request origin.
        origin: String,
    },
    /// Step 4: neither `GET` nor `HEAD`.
    UnsafeMethod {
        /// The serialized request origin.
        origin: String,
    },
    /// Step 4.1: neither `GET` nor `HEAD`, but the referrer policy hides the origin behind `null`.
    Hidden {
        /// The policy that was followed.
        policy: ReferrerPolicy,
    },
}

impl Verdict for OriginHeader {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#append-a-request-origin-header";
    fn blocks(&self) -> bool {
        false
    }
}

impl OriginHeader {
    /// The header's value; `None` where none is appended.
    pub fn value(&self) -> Option<&str> {
        match self {
            OriginHeader::NotSent => None,
            OriginHeader::Asked { origin } | OriginHeader::UnsafeMethod { origin } => Some(origin),
            OriginHeader::Hidden { .. } => Some("null"),
        }
    }
}

/// <https://fetch.spec.whatwg.org/#append-a-request-origin-header>
pub fn origin_header(request: &Request) -> OriginHeader {
    // 2 is left until it is needed: most requests are `GET`, and their origin is not told.
    // 3.
    if request.response_tainting == ResponseTainting::Cors
        || matches!(request.mode, Mode::WebSocket | Mode::WebTransport)
    {
        return OriginHeader::Asked { origin: request.serialize_origin() };
    }
    // 4.
    if request.method == Method::GET || request.method == Method::HEAD {
        return OriginHeader::NotSent;
    }
    // 4.1 Who did not opt into sharing the origin has the referrer policy to hide it.
    if request.mode != Mode::Cors && hides_origin(request) {
        return OriginHeader::Hidden { policy: request.referrer_policy };
    }
    // 4.2
    OriginHeader::UnsafeMethod { origin: request.serialize_origin() }
}

fn hides_origin(request: &Request) -> bool {
    let url = request.current_url();
    match request.referrer_policy {
        ReferrerPolicy::NoReferrer => true,
        // DEPARTS: the text knows no empty policy here. Where no policy was delivered it means the default for the
        // referrer, and a default that hides the referrer on a downgrade cannot mean to show the origin.
        ReferrerPolicy::Empty
        | ReferrerPolicy::NoReferrerWhenDowngrade
        | ReferrerPolicy::StrictOrigin
        | ReferrerPolicy::StrictOriginWhenCrossOrigin => {
            request.origin.as_ref().and_then(Origin::scheme) == Some("https") && url.scheme() != "https"
        }
        ReferrerPolicy::SameOrigin => {
            !request.origin.as_ref().is_some_and(|origin| url.same_origin_with(origin))
        }
        ReferrerPolicy::Origin | ReferrerPolicy::OriginWhenCrossOrigin | ReferrerPolicy::UnsafeUrl => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::url::Url;

    fn url(input: &str) -> Url {
        Url::parse(input, None).expect("a URL of the table")
    }

    fn request(method: Method, from: &str, to: &str) -> Request {
        let mut request = Request::new(url(to));
        request.method = method;
        request.origin = Some(url(from).origin());
        request.referrer_policy = ReferrerPolicy::UnsafeUrl;
        request
    }

    const A: &str = "https://a.test/";

    #[test]
    fn when_it_is_sent() {
        type Change = fn(&mut Request);
        let plain: Change = |_| {};
        let tainted: Change = |request| request.response_tainting = ResponseTainting::Cors;
        let cors: Change = |request| request.mode = Mode::Cors;
        let socket: Change = |request| request.mode = Mode::WebSocket;
        let transport: Change = |request| request.mode = Mode::WebTransport;
        let a = || "https://a.test".to_owned();
        let asked = || OriginHeader::Asked { origin: a() };
        let sent = || OriginHeader::UnsafeMethod { origin: a() };
        for (row, method, change, verdict) in [
            ("GET", Method::GET, plain, OriginHeader::NotSent),
            ("HEAD", Method::HEAD, plain, OriginHeader::NotSent),
            ("GET under cors within the origin", Method::GET, cors, OriginHeader::NotSent),
            ("GET, tainted", Method::GET, tainted, asked()),
            ("HEAD, tainted", Method::HEAD, tainted, asked()),
            ("a WebSocket", Method::GET, socket, asked()),
            ("a WebTransport", Method::GET, transport, asked()),
            ("POST", Method::POST, plain, sent()),
            ("POST under cors within the origin", Method::POST, cors, sent()),
            ("OPTIONS", Method::OPTIONS, plain, sent()),
            ("PUT, tainted", Method::PUT, tainted, asked()),
        ] {
            let mut request = request(method, A, A);
            change(&mut request);
            let got = origin_header(&request);
            assert_eq!(got, verdict, "{row}");
            let value = (verdict != OriginHeader::NotSent).then_some("https://a.test");
            assert_eq!(got.value(), value, "{row}");
            assert!(!got.blocks());
        }
    }

    #[test]
    fn every_policy_hides_what_it_says() {
        // The columns: same origin, another origin, a downgrade, http to http.
        for (policy, hidden) in [
            (ReferrerPolicy::NoReferrer, [true, true, true, true]),
            (ReferrerPolicy::NoReferrerWhenDowngrade, [false, false, true, false]),
            (ReferrerPolicy::SameOrigin, [false, true, true, true]),
            (ReferrerPolicy::Origin, [false; 4]),
            (ReferrerPolicy::StrictOrigin, [false, false, true, false]),
            (ReferrerPolicy::OriginWhenCrossOrigin, [false; 4]),
            (ReferrerPolicy::StrictOriginWhenCrossOrigin, [false, false, true, false]),
            (ReferrerPolicy::UnsafeUrl, [false; 4]),
            (ReferrerPolicy::Empty, [false, false, true, false]),
        ] {
            let ways =
                [(A, A), (A, "https://b.test/"), (A, "http://a.test/"), ("http://a.test/", "http://b.test/")];
            for ((from, to), hidden) in ways.into_iter().zip(hidden) {
                let mut request = request(Method::POST, from, to);
                request.referrer_policy = policy;
                let shown = url(from).origin().serialize();
                let expected = if hidden { "null" } else { &shown };
                assert_eq!(origin_header(&request).value(), Some(expected), "{policy:?} {from} to {to}");
                // Who speaks CORS has opted in, and no policy hides it.
                request.mode = Mode::Cors;
                assert_eq!(origin_header(&request).value(), Some(&*shown), "{policy:?} {from} to {to}, cors");
            }
        }
    }

    #[test]
    fn a_tainted_way_or_an_opaque_origin_is_null() {
        for (row, from, urls, expected) in [
            ("straight", A, &["https://b.test/"][..], "https://a.test"),
            ("redirected by one's own origin", A, &[A, "https://b.test/"], "https://a.test"),
            ("redirected by another origin", A, &["https://b.test/", A], "null"),
            (
                "redirected by a sibling",
                "https://a.example.com/",
                &["https://b.example.com/", "https://a.example.com/"],
                "null",
            ),
            ("within another origin", A, &["https://b.test/1", "https://b.test/2"], "https://a.test"),
            ("an opaque origin", "data:,x", &["https://b.test/"], "null"),
        ] {
            let mut request = request(Method::GET, from, urls[0]);
            for redirected in &urls[1..] {
                request.push_url(url(redirected));
            }
            request.response_tainting = ResponseTainting::Cors;
            assert_eq!(origin_header(&request).value(), Some(expected), "{row}");
        }
    }
}
