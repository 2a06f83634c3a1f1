//! Tables of directives and destinations, of the three checks, and of what is reported.

use std::sync::Arc;

use super::*;
use crate::infrastructure::clients::tests::{window, worker};
use crate::infrastructure::requests::{Destination, Initiator, ParserMetadata};

const PAGE: &str = "https://u:p@a.test/page?q#top";
const B: &str = "https://b.test/x";

fn url(input: &str) -> Url {
    Url::parse(input, None).expect("a URL of the table")
}

/// A request of a document that was delivered with these policies.
fn request(enforced: &str, reported: &str, to: &str) -> Request {
    let mut client = window(PAGE);
    let list = &mut Arc::make_mut(&mut client.policy_container).csp_list;
    list.self_origin = Some(client.origin.clone());
    list.deliver(enforced, Disposition::Enforce);
    list.deliver(reported, Disposition::Report);
    let mut request = Request::new(url(to));
    request.policy_container = Some(client.policy_container.clone());
    request.client = Some(Arc::new(client));
    request
}

fn for_destination(enforced: &str, to: &str, destination: Destination) -> Request {
    let mut request = request(enforced, "", to);
    request.destination = destination;
    request
}

fn verdict(request: &Request) -> CspBlocking {
    should_request_be_blocked_by_csp(request).expect("a policy that is enforced").0
}

/// The directive that refused, with the one it stood for.
fn refused_by(request: &Request) -> Option<(String, &'static str)> {
    match verdict(request) {
        CspBlocking::Blocked { violations, .. } => {
            let [violation] = &violations[..] else { panic!("one policy: {violations:?}") };
            Some((violation.violated_directive.clone(), violation.effective_directive))
        }
        _ => None,
    }
}

#[test]
fn each_destination_has_its_directives() {
    use Destination::*;
    for (destinations, fallbacks) in [
        (&[Empty, Json, Text, WebIdentity, Document][..], &["connect-src", "default-src"][..]),
        (&[Manifest], &["manifest-src", "default-src"]),
        (&[Object, Embed], &["object-src", "default-src"]),
        (&[Frame, Iframe], &["frame-src", "child-src", "default-src"]),
        (&[Audio, Track, Video], &["media-src", "default-src"]),
        (&[Font], &["font-src", "default-src"]),
        (&[Image], &["img-src", "default-src"]),
        (&[Style], &["style-src-elem", "style-src", "default-src"]),
        (&[Script, Xslt, AudioWorklet, PaintWorklet], &["script-src-elem", "script-src", "default-src"]),
        (&[ServiceWorker, SharedWorker, Worker], &["worker-src", "child-src", "script-src", "default-src"]),
        (&[Report], &[]),
    ] {
        const ALL: [&str; 17] = [
            "child-src",
            "connect-src",
            "default-src",
            "font-src",
            "form-action",
            "frame-src",
            "img-src",
            "manifest-src",
            "media-src",
            "object-src",
            "script-src",
            "script-src-attr",
            "script-src-elem",
            "style-src",
            "style-src-attr",
            "style-src-elem",
            "worker-src",
        ];
        for &destination in destinations {
            for name in ALL {
                // It alone: it is asked if it is among them.
                let alone = for_destination(&format!("{name} 'none'"), B, destination);
                let expected =
                    fallbacks.contains(&name).then(|| (name.to_owned(), *fallbacks.first().expect("one")));
                assert_eq!(refused_by(&alone), expected, "{name} for {destination:?}");
                assert_eq!(
                    matches!(verdict(&alone), CspBlocking::NotGoverned { check: Check::Request }),
                    expected.is_none()
                );
            }
            // Each stands before those that follow, wherever the policy has it.
            for pair in fallbacks.windows(2) {
                let policy = format!("{} 'none'; {} *", pair[1], pair[0]);
                assert_eq!(refused_by(&for_destination(&policy, B, destination)), None, "{policy}");
                let policy = format!("{} *; {} 'none'", pair[1], pair[0]);
                let (directive, _) = refused_by(&for_destination(&policy, B, destination)).expect("refused");
                assert_eq!(directive, pair[0], "{policy}");
            }
        }
    }
    let listed = Destination::ALL.len();
    assert_eq!(listed, 24, "each destination of the Standard is in the table");
}

#[test]
fn scripts_and_styles_have_more_ways_to_be_allowed() {
    use Destination::{Empty, Script, Style, Worker};
    let sha = "sha256-abc=";
    let expression = |word: &str| AllowedBy::SourceExpression(word.to_owned());
    let nonce = || AllowedBy::Nonce("'nonce-n'".to_owned());
    let digest = || AllowedBy::IntegrityMetadata;
    for (row, policy, destination, parsed, granted, by) in [
        ("a nonce", "script-src 'nonce-n'", Script, false, true, Some(nonce())),
        ("no nonce", "script-src 'nonce-n'", Script, false, false, None),
        ("a nonce by default", "default-src 'nonce-n'", Script, false, true, Some(nonce())),
        ("a nonce of another", "script-src 'nonce-m'", Script, false, true, None),
        ("a nonce for a style", "style-src 'nonce-n'", Style, false, true, Some(nonce())),
        ("a nonce for a worker", "script-src 'nonce-n'", Worker, false, true, Some(nonce())),
        ("none for what is a worker's alone", "worker-src 'nonce-n'", Worker, false, true, None),
        ("nor by default", "default-src 'nonce-n'", Worker, false, true, None),
        ("none for a fetch", "connect-src 'nonce-n'", Empty, false, true, None),
        ("a digest", "script-src 'sha256-abc='", Script, false, true, Some(digest())),
        ("a digest that is not asked for", "script-src 'sha256-abc='", Script, false, false, None),
        ("none for a style", "style-src 'sha256-abc='", Style, false, true, None),
        ("a URL", "script-src b.test", Script, true, false, Some(expression("b.test"))),
        (
            "strict: a script's script",
            "script-src 'Strict-Dynamic'",
            Script,
            false,
            false,
            Some(AllowedBy::StrictDynamic),
        ),
        ("strict: the parser's", "script-src 'strict-dynamic' b.test", Script, true, false, None),
        (
            "strict: the parser's with a nonce",
            "script-src 'strict-dynamic' 'nonce-n'",
            Script,
            true,
            true,
            Some(nonce()),
        ),
        (
            "strict: the parser's with a digest",
            "script-src 'strict-dynamic' 'sha256-abc='",
            Script,
            true,
            true,
            Some(digest()),
        ),
        (
            "strict by default",
            "default-src 'strict-dynamic'",
            Script,
            false,
            false,
            Some(AllowedBy::StrictDynamic),
        ),
        ("strict is no style's", "style-src 'strict-dynamic'", Style, false, false, None),
        ("strict is no fetch's", "default-src 'strict-dynamic'", Empty, false, false, None),
    ] {
        let mut request = for_destination(policy, B, destination);
        if parsed {
            request.parser_metadata = ParserMetadata::ParserInserted;
        }
        if granted {
            request.cryptographic_nonce_metadata = "n".to_owned();
            request.integrity_metadata = sha.to_owned();
        }
        // The answer is judged as the request is.
        let response = InternalResponse { url_list: vec![url(B)], ..InternalResponse::default() };
        let (answered, _) = should_response_to_request_be_blocked_by_csp(&request, &response).expect("asked");
        for verdict in [verdict(&request), answered] {
            match (&by, verdict) {
                (Some(by), CspBlocking::Allowed { by: said, .. }) => assert_eq!(said[0].by, *by, "{row}"),
                (None, CspBlocking::Blocked { violations, .. }) => {
                    let strict = policy.contains("strict-dynamic") && destination == Script;
                    assert_eq!(violations[0].remedy == Remedy::NonceOrHash, strict, "{row}");
                }
                (_, other) => panic!("{row}: {other:?}"),
            }
        }
    }
}

#[test]
fn what_is_fetched_before_its_time() {
    for (row, initiator, policy, to, refused) in [
        ("no default", Initiator::Prefetch, "img-src 'none'", B, false),
        ("by default", Initiator::Prefetch, "default-src b.test", B, false),
        ("not by default", Initiator::Prefetch, "default-src 'self'", B, true),
        ("by any directive", Initiator::Prefetch, "default-src 'none'; img-src b.test", B, false),
        (
            "by no directive of fetches",
            Initiator::Prefetch,
            "default-src 'none'; form-action b.test",
            B,
            true,
        ),
        ("a prerendering is a navigation's to judge", Initiator::Prerender, "default-src 'none'", B, false),
        ("a download is a fetch", Initiator::Download, "default-src 'none'", B, true),
    ] {
        let mut request = request(policy, "", to);
        request.initiator = initiator;
        assert_eq!(verdict(&request).blocks(), refused, "{row}");
        if refused && initiator == Initiator::Prefetch {
            assert_eq!(refused_by(&request), Some(("default-src".to_owned(), "default-src")), "{row}");
        }
    }
}

#[test]
fn every_policy_is_asked() {
    let check = Check::Request;
    let permission = |directive: &str, word: &str| Permission {
        directive: directive.to_owned(),
        by: AllowedBy::SourceExpression(word.to_owned()),
    };
    let both = request("connect-src b.test, default-src https:, img-src 'none'", "", B);
    let by = vec![permission("connect-src", "b.test"), permission("default-src", "https:")];
    assert_eq!(verdict(&both), CspBlocking::Allowed { check, by });
    let CspBlocking::Blocked { violations, .. } =
        verdict(&request("connect-src b.test, default-src 'self', connect-src", "", B))
    else {
        panic!("refused")
    };
    let said: Vec<(&str, &str)> =
        violations.iter().map(|violation| (&*violation.policy, &*violation.violated_directive)).collect();
    assert_eq!(said, [("default-src 'self'", "default-src"), ("connect-src", "connect-src")]);
    assert!(violations.iter().all(|one| one.remedy == Remedy::SourceExpression("https://b.test".to_owned())));
    assert_eq!(should_request_be_blocked_by_csp(&request("", "connect-src 'none'", B)), None);
    let mut unbound = request("connect-src 'none'", "", B);
    unbound.policy_container = None;
    assert_eq!(should_request_be_blocked_by_csp(&unbound), None);
}

#[test]
fn what_is_only_reported_refuses_nothing() {
    let request = request("connect-src b.test", "connect-src 'self', default-src b.test", B);
    let (verdict, reports) = report_csp_violations_for_request(&request).expect("reported policies");
    let CspBlocking::Reported { check: Check::RequestReportOnly, violations } = &verdict else {
        panic!("{verdict:?}")
    };
    assert!(!verdict.blocks());
    assert_eq!((violations.len(), reports.len()), (1, 1));
    assert_eq!(violations[0].disposition, Disposition::Report);
    assert!(!self::verdict(&request).blocks());
}

#[test]
fn a_redirect_is_judged_by_where_it_leads_and_without_its_path() {
    let mut request = request("connect-src b.test/x c.test/only", "", B);
    assert!(!verdict(&request).blocks());
    request.push_url(url("https://c.test/other"));
    assert!(verdict(&request).blocks(), "the path counts before a redirect");
    request.redirect_count = 1;
    assert!(!verdict(&request).blocks());
    request.push_url(url("https://u:p@d.test/secret"));
    request.redirect_count = 2;
    let (verdict, reports) = should_request_be_blocked_by_csp(&request).expect("a policy");
    let CspBlocking::Blocked { violations, .. } = verdict else { panic!("refused") };
    assert_eq!(violations[0].url, "https://d.test/secret", "the owner is told where it led");
    assert_eq!(violations[0].redirect_count, 2);
    let blocked = reports[0].body.iter().find(|(key, _)| *key == "blockedURL").expect("a key");
    assert_eq!(blocked.1, B.into(), "the page is not");
}

#[test]
fn answers_from_elsewhere_are_judged() {
    let ask = |enforced: &str, reported: &str, from: &[&str]| {
        let request = request(enforced, reported, B);
        let url_list = from.iter().map(|from| url(from)).collect();
        let response = InternalResponse { url_list, ..InternalResponse::default() };
        should_response_to_request_be_blocked_by_csp(&request, &response)
    };
    const ONLY_B: &str = "connect-src b.test";
    const C: &str = "https://c.test/y";
    let blocks = |asked: Option<(CspBlocking, Vec<Report>)>| asked.map(|(verdict, _)| verdict.blocks());
    for (row, enforced, reported, from, blocked) in [
        ("no policy", "", "", &[C][..], None),
        ("the same URL", ONLY_B, "", &[B], Some(false)),
        ("no URL", ONLY_B, "", &[], Some(false)),
        ("another URL", ONLY_B, "", &[C], Some(true)),
        ("the last counts", ONLY_B, "", &[C, B], Some(false)),
        ("another URL, reported", "", ONLY_B, &[C], Some(false)),
        ("the same URL was reported already", "", "connect-src 'none'", &[B], None),
    ] {
        assert_eq!(blocks(ask(enforced, reported, from)), blocked, "{row}");
    }
    let (verdict, reports) = ask("", ONLY_B, &[C]).expect("a policy");
    let CspBlocking::Reported { check: Check::Response, violations } = verdict else { panic!("reported") };
    assert_eq!((&*violations[0].url, reports.len()), (C, 1));
    let (verdict, reports) = ask(ONLY_B, ONLY_B, &[C]).expect("policies");
    let CspBlocking::Blocked { violations, .. } = verdict else { panic!("refused") };
    assert_eq!((violations.len(), reports.len()), (2, 2), "both are told");
}

#[test]
fn violations_are_reported() {
    let told = |request: &Request| {
        let (_, reports) = should_request_be_blocked_by_csp(request).expect("a policy");
        reports
    };
    let keys = |report: &Report| report.body.iter().map(|(key, _)| *key).collect::<Vec<_>>();
    let value = |report: &Report, key: &str| {
        report.body.iter().find(|(known, _)| *known == key).map(|(_, value)| value.clone())
    };
    // Nobody named: one report, for a face's event.
    let to = "https://u:p@b.test/x?q#f";
    let policy = "default-src 'self'";
    let reports = told(&request(policy, "", to));
    let [report] = &reports[..] else { panic!("{reports:?}") };
    assert_eq!((report.kind, &*report.endpoint), ("csp-violation", ""));
    for (key, expected) in [
        ("documentURL", "https://a.test/page?q"),
        ("referrer", ""),
        ("blockedURL", "https://b.test/x?q"),
        ("effectiveDirective", "connect-src"),
        ("originalPolicy", policy),
        ("sample", ""),
        ("disposition", "enforce"),
    ] {
        assert_eq!(value(report, key), Some(expected.into()), "{key}");
    }
    assert_eq!(value(report, "statusCode"), Some(ReportValue::Number(0)));
    for key in ["sourceFile", "lineNumber", "columnNumber"] {
        assert_eq!(value(report, key), Some(ReportValue::Null), "{key}");
    }
    assert_eq!(keys(report).len(), 11);
    // An endpoint.
    let reports = told(&request("default-src 'self'; report-to main; report-uri /r", "", B));
    let [report] = &reports[..] else { panic!("report-to is in place of report-uri: {reports:?}") };
    assert_eq!((report.kind, &*report.endpoint), ("csp-violation", "main"));
    // URLs, relative to the page.
    let reports = told(&request("default-src 'self'; report-uri /r http:// https://c.test/r", "", "data:,x"));
    let endpoints: Vec<(&str, &str)> =
        reports.iter().map(|report| (report.kind, &*report.endpoint)).collect();
    assert_eq!(
        endpoints,
        [("csp-report", "https://u:p@a.test/r"), ("csp-report", "https://c.test/r"), ("csp-violation", "")]
    );
    for (key, expected) in [
        ("document-uri", "https://a.test/page?q"),
        ("blocked-uri", "data"),
        ("violated-directive", "connect-src"),
        ("effective-directive", "connect-src"),
        ("original-policy", "default-src 'self'; report-uri /r http:// https://c.test/r"),
        ("disposition", "enforce"),
    ] {
        assert_eq!(value(&reports[0], key), Some(expected.into()), "{key}");
    }
    // A worker names itself, and nobody names nobody.
    let mut by_worker = request(policy, "", B);
    by_worker.client = Some(Arc::new(worker("https://a.test/w.js", "https://a.test/")));
    assert_eq!(value(&told(&by_worker)[0], "documentURL"), Some("https://a.test/w.js".into()));
    by_worker.client = None;
    assert_eq!(value(&told(&by_worker)[0], "documentURL"), Some("".into()));
}
