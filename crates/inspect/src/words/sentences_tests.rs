//! The sentences that matter most, word for word.

use sofetch_core::infrastructure::content_security_policies::Disposition;
use sofetch_core::rules::content_security_policy::{Check, CspBlocking, Remedy, Violation};
use sofetch_core::rules::cors_check::CorsCheck;
use sofetch_core::rules::cors_preflight::{PreflightAnswer, PreflightNeed};
use sofetch_core::rules::cors_safelists::{CorsSafelist, UnsafeName};
use sofetch_core::rules::network_gate::NetworkGate;
use sofetch_core::rules::port_blocking::PortBlocking;
use sofetch_core::rules::response_tainting::ResponseTaintingFork;
use sofetch_core::rules::verdict::said;

use super::*;

#[test]
fn sentences_word_for_word() {
    let mismatch = |allowed: &str, origin: &str, tainted, credentials| {
        Ruling::from(CorsCheck::OriginMismatch {
            allowed: allowed.into(),
            origin: origin.into(),
            tainted,
            credentials,
        })
    };
    let a = "https://a.test";
    for (ruling, sentence, advice) in [
        (
            mismatch("https://b.test", a, false, false),
            "Access-Control-Allow-Origin is `https://b.test`, not this page's origin `https://a.test`.",
            "They differ first at offset 8, where `b` stands in place of `a`. Send Access-Control-Allow-Origin: https://a.test, and Vary: Origin where several origins are allowed.",
        ),
        (
            mismatch("https://a.test/", a, false, false),
            "Access-Control-Allow-Origin is `https://a.test/`, not this page's origin `https://a.test`.",
            "Leave out the slash at the end (offset 14). Send Access-Control-Allow-Origin: https://a.test.",
        ),
        (
            mismatch("https://A.test", a, false, false),
            "Access-Control-Allow-Origin is `https://A.test`, not this page's origin `https://a.test`.",
            "Write it in lower case: they differ first at offset 8, where `A` stands in place of `a`. Send Access-Control-Allow-Origin: https://a.test.",
        ),
        (
            mismatch("http://a.test", a, false, false),
            "Access-Control-Allow-Origin is `http://a.test`, not this page's origin `https://a.test`.",
            "The schemes differ: `http` is allowed, and the page came over `https`. Send Access-Control-Allow-Origin: https://a.test.",
        ),
        (
            mismatch("https://a.test:8443", a, false, true),
            "Access-Control-Allow-Origin is `https://a.test:8443`, not this page's origin `https://a.test`.",
            "The ports differ: `8443` is allowed, and the page's is 443 (not written). Send Access-Control-Allow-Origin: https://a.test.",
        ),
        (
            mismatch("a.test", a, false, false),
            "Access-Control-Allow-Origin is `a.test`, not this page's origin `https://a.test`.",
            "Write the scheme too: `https://`. Send Access-Control-Allow-Origin: https://a.test.",
        ),
        (
            mismatch("https://www.a.test", a, false, false),
            "Access-Control-Allow-Origin is `https://www.a.test`, not this page's origin `https://a.test`.",
            "They differ by `www.`: these are two origins. Send Access-Control-Allow-Origin: https://a.test.",
        ),
        (
            mismatch("https://a.test, https://a.test", a, false, false),
            "Access-Control-Allow-Origin is `https://a.test, https://a.test`, not this page's origin `https://a.test`.",
            "Send one value: `https://a.test` is there 2 times, as when a proxy and the application each add the header.",
        ),
        (
            mismatch("https://*.test", a, false, false),
            "Access-Control-Allow-Origin is `https://*.test`, not this page's origin `https://a.test`.",
            "Patterns mean nothing here. Send Access-Control-Allow-Origin: https://a.test, and Vary: Origin.",
        ),
        (
            mismatch("", a, false, false),
            "Access-Control-Allow-Origin is ``, not this page's origin `https://a.test`.",
            "The value is empty. Send Access-Control-Allow-Origin: https://a.test.",
        ),
        (
            mismatch("*", a, false, true),
            "Access-Control-Allow-Origin is `*`, which is no wildcard for a request with credentials.",
            "Send Access-Control-Allow-Origin: https://a.test, and Vary: Origin; or do not ask with credentials.",
        ),
        (
            mismatch("https://a.test", "null", true, false),
            "Access-Control-Allow-Origin is `https://a.test`, not `null`, which redirects made of this page's origin.",
            "Ask the last URL directly: after redirects across origins the origin is `null`, and to allow `null` is to allow anybody.",
        ),
        (
            PreflightAnswer::MethodNotAllowed {
                method: "patch".into(),
                allowed: vec!["GET".into(), "PATCH".into()],
                wildcard_refused: false,
            }
            .into(),
            "Access-Control-Allow-Methods lists `GET` and `PATCH`, not the method `patch`.",
            "Write `PATCH` in the client: this method's case is kept.",
        ),
        (
            PreflightAnswer::HeaderNotAllowed {
                name: "x-a".into(),
                allowed: vec!["*".into()],
                wildcard_refused: true,
            }
            .into(),
            "Access-Control-Allow-Headers lists `*`, not the header `x-a`; `*` is no wildcard for a request with credentials.",
            "Send Access-Control-Allow-Headers: x-a on the answer to OPTIONS.",
        ),
        (
            PortBlocking::BadPort { port: 25 }.into(),
            "Port 25 is a bad port: another protocol is spoken there.",
            "Serve on another port.",
        ),
        (
            NetworkGate::StreamOverHttp1.into(),
            "The body is a stream, and the connection speaks HTTP/1.1: it could not be sent again.",
            "Serve over HTTP/2, or send bytes instead of a stream.",
        ),
    ] {
        assert_eq!(words(&ruling), sentence);
        assert_eq!(hint(&ruling).as_deref(), Some(advice));
        assert_eq!(weight(&ruling), Weight::Refused);
    }
    let needed = PreflightNeed::Needed {
        flag_set: true,
        unsafe_method: Some("PATCH".into()),
        unsafe_names: vec![
            UnsafeName {
                name: "content-type".into(),
                because: CorsSafelist::UnsafeMimeType { essence: "application/json".into() },
            },
            UnsafeName { name: "x-a".into(), because: CorsSafelist::NotListed },
        ],
    };
    assert_eq!(
        words(&ResponseTaintingFork::CorsWithPreflight(needed).into()),
        "The URL is of another origin. A preflight goes first: the method `PATCH` is not safelisted; the header \
         `content-type` is not safelisted (`application/json` is not a type that a form could send); the header `x-a` \
         is not safelisted; somebody listens to the upload."
    );
}

#[test]
fn evidence_is_read_as_utf_8_where_it_is() {
    let check = CorsCheck::CredentialsNotAllowed { said: Some(said("wahr \u{2713}".as_bytes())) };
    assert!(check.words().contains("`wahr \u{2713}`"), "{}", check.words());
}

#[test]
fn algorithms_and_purposes_have_names() {
    for &algorithm in Algorithm::ALL {
        assert_eq!(
            title(algorithm).replace([' ', '-'], "").to_lowercase(),
            algorithm.as_str().replace('-', "")
        );
    }
    for &child in Purpose::ALL {
        assert_eq!(purpose(child), child.as_str());
    }
}

#[test]
fn a_policy_says_who_refused_and_what_would_not() {
    let violation = |policy: &str, directive: &str, words: &[&str]| Violation {
        disposition: Disposition::Enforce,
        policy: policy.to_owned(),
        effective_directive: "connect-src",
        violated_directive: directive.to_owned(),
        source_list: words.iter().map(|word| (*word).to_owned()).collect(),
        url: "https://b.test/x".to_owned(),
        redirect_count: 0,
        remedy: Remedy::SourceExpression("https://b.test".to_owned()),
    };
    let blocked =
        |violation| Ruling::from(CspBlocking::Blocked { check: Check::Request, violations: vec![violation] });
    let redirected = Violation { redirect_count: 1, ..violation("connect-src", "connect-src", &[]) };
    for (ruling, sentence, advice) in [
        (
            blocked(violation("connect-src 'self'", "connect-src", &["'self'"])),
            "`connect-src` of the page's Content Security Policy `connect-src 'self'` does not allow `https://b.test/x`.",
            "Add `https://b.test` to `connect-src`.",
        ),
        (
            blocked(violation("default-src 'none'", "default-src", &["'none'"])),
            "`default-src` of the page's Content Security Policy `default-src 'none'` (it stands in for `connect-src`, which is not there) does not allow `https://b.test/x`.",
            "In `default-src`, write `https://b.test` in place of `'none'`, or have a `connect-src` with it.",
        ),
        (
            blocked(redirected),
            "`connect-src` of the page's Content Security Policy `connect-src` (it is empty, which allows nothing) does not allow `https://b.test/x`, where a redirect led.",
            "Write `https://b.test` into `connect-src`.",
        ),
    ] {
        assert_eq!(words(&ruling), sentence);
        assert_eq!(hint(&ruling).as_deref(), Some(advice));
    }
    let watched = Violation {
        disposition: Disposition::Report,
        ..violation("connect-src a.test", "connect-src", &["a.test"])
    };
    let ruling =
        Ruling::from(CspBlocking::Reported { check: Check::RequestReportOnly, violations: vec![watched] });
    assert_eq!(
        words(&ruling),
        "`connect-src` of the page's report-only Content Security Policy `connect-src a.test` does not allow `https://b.test/x`, which is only reported."
    );
}
