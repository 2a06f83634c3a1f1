//! [CORS check](https://fetch.spec.whatwg.org/#concept-cors-check): may this origin read this response?
//!
//! Judges what the network said, never a 304 or a service worker's answer (HTTP fetch sees to that).

use crate::infrastructure::requests::{CredentialsMode, RedirectTaint, Request};
use crate::infrastructure::responses::InternalResponse;
use crate::rules::verdict::{Verdict, said};

/// The verdict of [`cors_check`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CorsCheck {
    /// Step 3: `*`, and no credentials.
    AnyOrigin,
    /// Step 5: the origin itself, and no credentials.
    OriginMatches,
    /// Step 7: the origin itself, and credentials are allowed.
    OriginMatchesWithCredentials,
    /// Step 2: no `Access-Control-Allow-Origin`.
    NoAllowOrigin,
    /// Step 4: another value than the request's origin.
    OriginMismatch {
        /// What `Access-Control-Allow-Origin` said, several joined.
        allowed: String,
        /// The serialized origin that it was compared with.
        origin: String,
        /// Is that origin `null` because redirects tainted the request?
        tainted: bool,
        /// Were credentials asked for (so that `*` could not be enough)?
        credentials: bool,
    },
    /// Step 8: credentials were asked for and not allowed.
    CredentialsNotAllowed {
        /// What `Access-Control-Allow-Credentials` said, `None` for nothing.
        said: Option<String>,
    },
}

impl Verdict for CorsCheck {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-cors-check";
    fn blocks(&self) -> bool {
        match self {
            CorsCheck::AnyOrigin | CorsCheck::OriginMatches | CorsCheck::OriginMatchesWithCredentials => {
                false
            }
            CorsCheck::NoAllowOrigin
            | CorsCheck::OriginMismatch { .. }
            | CorsCheck::CredentialsNotAllowed { .. } => true,
        }
    }
}

/// <https://fetch.spec.whatwg.org/#concept-cors-check>
pub fn cors_check(request: &Request, response: &InternalResponse) -> CorsCheck {
    // 1, 2. Without the header nobody may read. NB: several headers are one joined value, which no origin equals.
    let Some(allowed) = response.header_list.get("Access-Control-Allow-Origin") else {
        return CorsCheck::NoAllowOrigin;
    };
    // 3. `*` is for everybody who brings no credentials.
    let credentials = request.credentials_mode == CredentialsMode::Include;
    if !credentials && *allowed == *b"*" {
        return CorsCheck::AnyOrigin;
    }
    // 4. Otherwise it must be the origin, byte for byte.
    let origin = request.serialize_origin();
    if *allowed != *origin.as_bytes() {
        let tainted = request.redirect_taint() != RedirectTaint::SameOrigin;
        return CorsCheck::OriginMismatch { allowed: said(&allowed), origin, tainted, credentials };
    }
    // 5. Without credentials that is enough.
    if !credentials {
        return CorsCheck::OriginMatches;
    }
    // 6, 7. With them, `true` must be said too: these four bytes, in this case.
    match response.header_list.get("Access-Control-Allow-Credentials") {
        Some(value) if *value == *b"true" => CorsCheck::OriginMatchesWithCredentials,
        // 8. Anything else refuses.
        value => CorsCheck::CredentialsNotAllowed { said: value.map(|value| said(&value)) },
    }
}

#[cfg(test)]
mod tests {
    use super::CorsCheck::*;
    use super::*;
    use crate::infrastructure::origins::Origin;
    use crate::infrastructure::url::Url;

    fn url(url: &str) -> Url {
        Url::parse(url, None).expect("a URL of the tests")
    }

    fn request(origin: Origin, credentials_mode: CredentialsMode) -> Request {
        let mut request = Request::new(url("https://api.test/items"));
        request.origin = Some(origin);
        request.credentials_mode = credentials_mode;
        request
    }

    fn answer(headers: &[(&'static str, &'static str)]) -> InternalResponse {
        let mut response = InternalResponse::default();
        for &(name, value) in headers {
            response.header_list.append(name, value);
        }
        response
    }

    fn mismatch(allowed: &str, origin: &str, tainted: bool, credentials: bool) -> CorsCheck {
        OriginMismatch { allowed: allowed.into(), origin: origin.into(), tainted, credentials }
    }

    const ORIGIN: &str = "access-control-allow-origin";
    const CREDENTIALS: &str = "access-control-allow-credentials";

    #[test]
    fn cors_check_table() {
        let app = "https://app.test";
        type Row<'a> = (&'a str, CredentialsMode, &'a [(&'static str, &'static str)], CorsCheck);
        let table: &[Row<'_>] = &[
            ("nothing said fails", CredentialsMode::SameOrigin, &[], NoAllowOrigin),
            ("star passes without credentials", CredentialsMode::SameOrigin, &[(ORIGIN, "*")], AnyOrigin),
            ("star passes when credentials are omitted", CredentialsMode::Omit, &[(ORIGIN, "*")], AnyOrigin),
            (
                "star fails with credentials",
                CredentialsMode::Include,
                &[(ORIGIN, "*"), (CREDENTIALS, "true")],
                mismatch("*", app, false, true),
            ),
            (
                "the origin itself passes",
                CredentialsMode::Omit,
                &[(ORIGIN, "https://app.test")],
                OriginMatches,
            ),
            (
                "the origin and true pass with credentials",
                CredentialsMode::Include,
                &[(ORIGIN, "https://app.test"), (CREDENTIALS, "true")],
                OriginMatchesWithCredentials,
            ),
            (
                "credentials are not asked about when none are sent",
                CredentialsMode::SameOrigin,
                &[(ORIGIN, "https://app.test"), (CREDENTIALS, "no")],
                OriginMatches,
            ),
            (
                "credentials must be said",
                CredentialsMode::Include,
                &[(ORIGIN, "https://app.test")],
                CredentialsNotAllowed { said: None },
            ),
            (
                "credentials must say true in lower case",
                CredentialsMode::Include,
                &[(ORIGIN, "https://app.test"), (CREDENTIALS, "TRUE")],
                CredentialsNotAllowed { said: Some("TRUE".into()) },
            ),
            (
                "true said twice is not true",
                CredentialsMode::Include,
                &[(ORIGIN, "https://app.test"), (CREDENTIALS, "true"), (CREDENTIALS, "true")],
                CredentialsNotAllowed { said: Some("true, true".into()) },
            ),
            (
                "two headers match nobody",
                CredentialsMode::Omit,
                &[(ORIGIN, "https://app.test"), (ORIGIN, "https://app.test")],
                mismatch("https://app.test, https://app.test", app, false, false),
            ),
            (
                "star said twice is not star",
                CredentialsMode::Omit,
                &[(ORIGIN, "*"), (ORIGIN, "*")],
                mismatch("*, *", app, false, false),
            ),
            (
                "a list of origins matches nobody",
                CredentialsMode::Omit,
                &[(ORIGIN, "https://app.test https://b.test")],
                mismatch("https://app.test https://b.test", app, false, false),
            ),
            (
                "the path's slash is not part of an origin",
                CredentialsMode::Omit,
                &[(ORIGIN, "https://app.test/")],
                mismatch("https://app.test/", app, false, false),
            ),
            (
                "case counts",
                CredentialsMode::Omit,
                &[(ORIGIN, "https://APP.test")],
                mismatch("https://APP.test", app, false, false),
            ),
            (
                "the scheme counts",
                CredentialsMode::Omit,
                &[(ORIGIN, "http://app.test")],
                mismatch("http://app.test", app, false, false),
            ),
            (
                "the default port is not written",
                CredentialsMode::Omit,
                &[(ORIGIN, "https://app.test:443")],
                mismatch("https://app.test:443", app, false, false),
            ),
            (
                "an empty value is a value",
                CredentialsMode::Omit,
                &[(ORIGIN, "")],
                mismatch("", app, false, false),
            ),
        ];
        for (name, mode, headers, verdict) in table {
            let request = request(url("https://app.test").origin(), *mode);
            let found = cors_check(&request, &answer(headers));
            assert_eq!(found, *verdict, "{name}");
            let passes = matches!(found, AnyOrigin | OriginMatches | OriginMatchesWithCredentials);
            assert_eq!(found.blocks(), !passes, "{name}");
        }
    }

    #[test]
    fn an_opaque_origin_is_null() {
        let request = request(Origin::new_opaque(), CredentialsMode::Omit);
        assert_eq!(cors_check(&request, &answer(&[(ORIGIN, "null")])), OriginMatches);
        assert_eq!(
            cors_check(&request, &answer(&[(ORIGIN, "https://app.test")])),
            mismatch("https://app.test", "null", false, false)
        );
    }

    #[test]
    fn a_redirect_over_a_third_origin_makes_it_null() {
        let mut request = request(url("https://app.test").origin(), CredentialsMode::Include);
        request.push_url(url("https://other.test/"));
        assert_eq!(
            cors_check(&request, &answer(&[(ORIGIN, "https://app.test"), (CREDENTIALS, "true")])),
            mismatch("https://app.test", "null", true, true)
        );
        assert_eq!(
            cors_check(&request, &answer(&[(ORIGIN, "null"), (CREDENTIALS, "true")])),
            OriginMatchesWithCredentials
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_evidence_too() {
        let mut response = InternalResponse::default();
        response.header_list.append("Access-Control-Allow-Origin", &b"\xff\x00"[..]);
        let request = request(url("https://app.test").origin(), CredentialsMode::Omit);
        assert_eq!(cors_check(&request, &response), mismatch("\u{ff}\0", "https://app.test", false, false));
    }

    #[test]
    fn row_66_what_servers_match_loosely_is_matched_to_the_byte() {
        // What a server allows to a neighbour in name does not allow us: no suffix, prefix or pattern is understood.
        for (origin, allowed) in [
            ("https://barfoo.com", "https://foo.com"),
            ("https://foo.com.evil.test", "https://foo.com"),
            ("https://foo.co", "https://foo.com"),
            ("https://a.foo.com", "https://*.foo.com"),
            ("https://foo.com", "https://foo.*"),
            ("https://foo.com", "null"),
        ] {
            let request = request(url(origin).origin(), CredentialsMode::Include);
            assert_eq!(
                cors_check(&request, &answer(&[(ORIGIN, allowed), (CREDENTIALS, "true")])),
                mismatch(allowed, origin, false, true)
            );
        }
        // A reflected origin with credentials is allowed by the letter: the finding is the explainer's, by this verdict.
        let reflected = request(url("https://evil.test").origin(), CredentialsMode::Include);
        let answer = answer(&[(ORIGIN, "https://evil.test"), (CREDENTIALS, "true")]);
        assert_eq!(cors_check(&reflected, &answer), OriginMatchesWithCredentials);
    }
}
