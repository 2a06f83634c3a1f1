//! Tables of policies, sources and headers.

use std::sync::Arc;

use super::*;
use crate::infrastructure::clients::tests::{window, worker};

fn url(input: &str) -> Url {
    Url::parse(input, None).expect("a URL of the table")
}

fn request(referrer: Referrer, policy: ReferrerPolicy, to: &str) -> Request {
    let mut request = Request::new(url(to));
    request.referrer = referrer;
    request.referrer_policy = policy;
    request
}

fn sent(request: &Request) -> Option<String> {
    determine_requests_referrer(request).1.map(|url| url.href().to_owned())
}

#[test]
fn every_policy_by_where_the_request_goes() {
    const FULL: Option<&str> = Some("https://a.test/p?q");
    const ORIGIN: Option<&str> = Some("https://a.test/");
    // The columns: same origin, another origin, a downgrade.
    for (policy, row) in [
        (ReferrerPolicy::NoReferrer, [None, None, None]),
        (ReferrerPolicy::NoReferrerWhenDowngrade, [FULL, FULL, None]),
        (ReferrerPolicy::SameOrigin, [FULL, None, None]),
        (ReferrerPolicy::Origin, [ORIGIN, ORIGIN, ORIGIN]),
        (ReferrerPolicy::StrictOrigin, [ORIGIN, ORIGIN, None]),
        (ReferrerPolicy::OriginWhenCrossOrigin, [FULL, ORIGIN, ORIGIN]),
        (ReferrerPolicy::StrictOriginWhenCrossOrigin, [FULL, ORIGIN, None]),
        (ReferrerPolicy::UnsafeUrl, [FULL, FULL, FULL]),
        (ReferrerPolicy::Empty, [FULL, ORIGIN, None]),
    ] {
        for (to, expected) in ["https://a.test/x", "https://b.test/x", "http://a.test/x"].into_iter().zip(row)
        {
            let request = request(Referrer::Url(url("https://a.test/p?q")), policy, to);
            assert_eq!(sent(&request).as_deref(), expected, "{policy:?} to {to}");
            let (verdict, _) = determine_requests_referrer(&request);
            match (verdict, expected) {
                (ReferrerDecision::None { .. }, None) => {}
                (ReferrerDecision::Origin { .. }, ORIGIN) | (ReferrerDecision::Full { .. }, FULL) => {}
                other => panic!("{policy:?} to {to}: {other:?}"),
            }
        }
    }
}

#[test]
fn the_verdict_says_why() {
    use ReferrerPolicy::{
        NoReferrer, SameOrigin, StrictOrigin, StrictOriginWhenCrossOrigin as Default, UnsafeUrl,
    };
    use ReferrerReason::*;
    let long = format!("https://a.test/{}", "x".repeat(5000));
    for (row, from, policy, to, verdict) in [
        (
            "the policy",
            "https://a.test/",
            NoReferrer,
            "https://a.test/",
            ReferrerDecision::None { policy: NoReferrer, why: Always },
        ),
        (
            "the policy, as ever",
            "https://a.test/",
            UnsafeUrl,
            "http://b.test/",
            ReferrerDecision::Full { policy: UnsafeUrl, why: Always },
        ),
        (
            "same origin",
            "https://a.test/",
            Default,
            "https://a.test/x",
            ReferrerDecision::Full { policy: Default, why: ReferrerReason::SameOrigin },
        ),
        (
            "cross origin",
            "https://a.test/",
            Default,
            "https://b.test/",
            ReferrerDecision::Origin { policy: Default, why: CrossOrigin },
        ),
        (
            "cross origin refused",
            "https://a.test/",
            SameOrigin,
            "https://b.test/",
            ReferrerDecision::None { policy: SameOrigin, why: CrossOrigin },
        ),
        (
            "a downgrade",
            "https://a.test/",
            Default,
            "http://a.test/",
            ReferrerDecision::None { policy: Default, why: Downgrade },
        ),
        (
            "an upgrade is none",
            "http://a.test/",
            StrictOrigin,
            "https://a.test/",
            ReferrerDecision::Origin { policy: StrictOrigin, why: NoDowngrade },
        ),
        (
            "http to http is none",
            "http://a.test/",
            StrictOrigin,
            "http://b.test/",
            ReferrerDecision::Origin { policy: StrictOrigin, why: NoDowngrade },
        ),
        (
            "to loopback is none",
            "https://a.test/",
            Default,
            "http://127.0.0.1/",
            ReferrerDecision::Origin { policy: Default, why: CrossOrigin },
        ),
        (
            "from loopback is one",
            "http://localhost/",
            Default,
            "http://b.test/",
            ReferrerDecision::None { policy: Default, why: Downgrade },
        ),
        (
            "length",
            &long,
            UnsafeUrl,
            "https://a.test/",
            ReferrerDecision::Origin { policy: UnsafeUrl, why: TooLong },
        ),
        (
            "a local scheme",
            "data:,x",
            UnsafeUrl,
            "https://a.test/",
            ReferrerDecision::None { policy: UnsafeUrl, why: LocalScheme },
        ),
        (
            "the empty policy is the default",
            "https://a.test/",
            ReferrerPolicy::Empty,
            "https://b.test/",
            ReferrerDecision::Origin { policy: Default, why: CrossOrigin },
        ),
    ] {
        let (got, _) = determine_requests_referrer(&request(Referrer::Url(url(from)), policy, to));
        assert_eq!(got, verdict, "{row}");
        assert!(!got.blocks());
    }
}

#[test]
fn where_a_client_comes_from() {
    use ReferrerReason::{LocalScheme, NoClient, OpaqueOrigin};
    let sandboxed = || {
        let mut client = window("https://a.test/page");
        client.origin = crate::infrastructure::origins::Origin::new_opaque();
        client
    };
    let srcdoc = || {
        let mut client = window("https://a.test/container");
        client.creation_url = url("about:srcdoc");
        client
    };
    for (row, client, expected) in [
        ("a document", Some(window("https://a.test/page")), Ok("https://a.test/page")),
        ("an iframe srcdoc document has its container's URL", Some(srcdoc()), Ok("https://a.test/container")),
        ("a document of an opaque origin", Some(sandboxed()), Err(OpaqueOrigin)),
        ("a data: document", Some(window("data:,x")), Err(OpaqueOrigin)),
        ("a worker", Some(worker("https://a.test/w.js", "https://a.test/")), Ok("https://a.test/w.js")),
        ("a blob: worker", Some(worker("blob:https://a.test/1", "https://a.test/")), Err(LocalScheme)),
        ("a data: worker", Some(worker("data:,x", "https://a.test/")), Err(LocalScheme)),
        ("nobody", None, Err(NoClient)),
    ] {
        let mut request = request(Referrer::Client, ReferrerPolicy::UnsafeUrl, "https://a.test/");
        request.client = client.map(Arc::new);
        let (verdict, got) = determine_requests_referrer(&request);
        match expected {
            Ok(expected) => assert_eq!(got.expect("a referrer").href(), expected, "{row}"),
            Err(why) => {
                assert_eq!(
                    verdict,
                    ReferrerDecision::None { policy: ReferrerPolicy::UnsafeUrl, why },
                    "{row}"
                );
                assert_eq!(got, None, "{row}");
            }
        }
    }
}

#[test]
fn the_length_counts_what_would_be_sent() {
    let padded = |length: usize| {
        let start = "https://a.test/";
        format!("{start}{}", "x".repeat(length - start.len()))
    };
    for (row, from, expected) in [
        ("4096 is not too long", padded(4096), padded(4096)),
        ("4097 is", padded(4097), "https://a.test/".to_owned()),
        ("a fragment does not count", format!("{}#fragment", padded(4096)), padded(4096)),
        ("nor does a password", padded(4096).replace("https://", "https://user:password@"), padded(4096)),
    ] {
        let request = request(Referrer::Url(url(&from)), ReferrerPolicy::UnsafeUrl, "https://b.test/");
        assert_eq!(sent(&request), Some(expected), "{row}");
    }
}

#[test]
fn the_origin_alone_keeps_scheme_host_and_port() {
    for (from, expected) in [
        ("http://u:p@a.test:8080/p?q#f", "http://a.test:8080/"),
        ("https://[::1]:444/p", "https://[::1]:444/"),
        ("file:///home/p", "file:///"),
        ("foo://h/p?q", "foo://h/"),
        ("foo:/p", "foo:/"),
        ("mailto:somebody@a.test", "mailto:/"),
    ] {
        let request = request(Referrer::Url(url(from)), ReferrerPolicy::Origin, "http://b.test/");
        assert_eq!(sent(&request).as_deref(), Some(expected), "{from}");
    }
}

#[test]
fn headers_table() {
    for (row, values, policy) in [
        ("no header", &[][..], ReferrerPolicy::Empty),
        ("one token", &["origin"], ReferrerPolicy::Origin),
        ("the last token", &["origin, no-referrer"], ReferrerPolicy::NoReferrer),
        ("the last of several headers", &["origin", "unsafe-url"], ReferrerPolicy::UnsafeUrl),
        ("an unknown last token", &["origin, future-policy"], ReferrerPolicy::Origin),
        ("an unknown last header", &["origin", "future-policy"], ReferrerPolicy::Origin),
        ("only unknown tokens", &["future-policy"], ReferrerPolicy::Empty),
        ("white space and empty items", &[" ,\t origin ,,"], ReferrerPolicy::Origin),
        ("in any case", &["No-Referrer"], ReferrerPolicy::NoReferrer),
        ("an empty value", &[""], ReferrerPolicy::Empty),
        ("the legacy words of <meta> are none here", &["never, always, default"], ReferrerPolicy::Empty),
        ("a quoted token is none", &["origin, \"unsafe-url\""], ReferrerPolicy::Origin),
        ("bytes that are no token", &["origin, \u{1}unsafe-url"], ReferrerPolicy::Origin),
    ] {
        let mut headers = HeaderList::new();
        for value in values {
            headers.append("Referrer-Policy", value.as_bytes().to_vec());
        }
        assert_eq!(parse_a_referrer_policy(&headers), policy, "{row}");
        let expected = (policy != ReferrerPolicy::Empty).then_some(policy);
        assert_eq!(referrer_policy_on_redirect(&headers), expected, "{row}");
    }
}

#[test]
fn row_27_neither_credentials_nor_fragment_leave_under_any_policy() {
    let source = url("https://user:secret@a.test/p?q#fragment");
    let mut client = window("https://a.test/");
    if let Global::Window { document_url, .. } = &mut client.global {
        *document_url = source.clone();
    }
    let client = Arc::new(client);
    for policy in ReferrerPolicy::ALL {
        for to in ["https://a.test/", "https://b.test/", "http://a.test/", "https://user:secret@a.test/"] {
            for referrer in [Referrer::Client, Referrer::Url(source.clone())] {
                let mut request = request(referrer, *policy, to);
                request.client = Some(client.clone());
                let sent = sent(&request).unwrap_or_default();
                for secret in ["user", "secret", "@", "fragment", "#"] {
                    assert!(!sent.contains(secret), "{policy:?} to {to}: {sent}");
                }
            }
        }
    }
}

#[test]
fn row_28_a_request_without_a_referrer_sends_none_whatever_went_before() {
    let mut request =
        request(Referrer::Url(url("https://a.test/p")), ReferrerPolicy::UnsafeUrl, "https://b.test/");
    request.client = Some(Arc::new(window("https://a.test/client")));
    assert!(sent(&request).is_some());
    for policy in ReferrerPolicy::ALL {
        request.referrer = Referrer::NoReferrer;
        request.referrer_policy = *policy;
        let (verdict, sent) = determine_requests_referrer(&request);
        assert_eq!(sent, None);
        assert!(matches!(verdict, ReferrerDecision::None { why: ReferrerReason::NotWanted, .. }));
    }
}
