//! What a page's own policies keep it from: Content Security Policy, before each request and on the answer, upgraded requests,
//! Integrity-Policy.

use std::sync::{Arc, Mutex};

use sofetch_core::infrastructure::clients::Client;
use sofetch_core::infrastructure::content_security_policies::Disposition;
use sofetch_core::infrastructure::integrity_policies::IntegrityPolicy;
use sofetch_core::infrastructure::reports::ReportValue;
use sofetch_core::infrastructure::requests::{Destination, Mode, ParserMetadata, Request};
use sofetch_core::ports::{Report, Reports};
use sofetch_testkit::{Scripted, get};

use crate::common::{A, ALLOW_A, B, C, OWN, With, World, answered, from_client, own, page_with, url};
use crate::ports::{Override, Slow};

/// Keeps what is reported, as it is.
#[derive(Default)]
struct Told(Mutex<Vec<Report>>);

impl Reports for Told {
    fn queue(&self, report: Report) {
        self.0.lock().unwrap().push(report);
    }
}

impl Told {
    /// Kind, endpoint, and the values of these keys.
    fn values(&self, keys: &[&str]) -> Vec<String> {
        let values = |report: &Report| -> Vec<String> {
            let value = |key| match report.body.iter().find(|(known, _)| known == key) {
                Some((_, ReportValue::Text(text))) => text.clone(),
                Some((_, ReportValue::Boolean(value))) => value.to_string(),
                Some((_, other)) => format!("{other:?}"),
                None => "(unsaid)".to_owned(),
            };
            keys.iter().map(value).collect()
        };
        let reports = self.0.lock().unwrap();
        reports
            .iter()
            .map(|report| format!("{} to {:?}: {}", report.kind, report.endpoint, values(report).join(" ")))
            .collect()
    }
}

/// A world, and what is reported in it.
fn told(script: impl IntoIterator<Item = Scripted>) -> (World, Arc<Told>) {
    let told = Arc::new(Told::default());
    let port = told.clone();
    (World::with(script, |agent| agent.reports = Some(port)), told)
}

/// A page at `at` that was delivered with these policies.
fn delivered(at: &str, enforced: &str, reported: &str) -> Client {
    page_with(at, |policies| {
        policies.csp_list.self_origin = Some(url(at).origin());
        policies.csp_list.deliver(enforced, Disposition::Enforce);
        policies.csp_list.deliver(reported, Disposition::Report);
        policies.upgrade_insecure_requests = policies.csp_list.upgrades_insecure_requests();
    })
}

fn under(enforced: &str, to: &str) -> Request {
    from_client(delivered(A, enforced, ""), to)
}

const CSP_KEYS: &[&str] = &["disposition", "effectiveDirective", "blockedURL", "originalPolicy"];

#[test]
fn what_is_refused_is_not_sent() {
    let (world, told) = told([]);
    let error = world.err(under("connect-src 'self'; report-to main", B));
    assert_eq!(error.code(), "CspBlocking");
    // Nor is its preflight.
    world.err(under("default-src 'none'", B).method("PATCH").header("API-Key", "key"));
    // And no URL has the policy's grace for being local.
    world.err(under("connect-src 'self'", "data:,x"));
    assert_eq!(
        told.values(CSP_KEYS),
        [
            "csp-violation to \"main\": enforce connect-src https://b.test/x connect-src 'self'; report-to main",
            "csp-violation to \"\": enforce connect-src https://b.test/x default-src 'none'",
            "csp-violation to \"\": enforce connect-src data connect-src 'self'",
        ]
    );
    world.tells("policies/refused");
}

#[test]
fn what_is_allowed_is_sent() {
    let (world, told) = told([get(OWN), get(B).headers(&[ALLOW_A])]);
    world.ok(under("default-src 'none'; connect-src 'self'", OWN));
    world.ok(under("connect-src https://*.test, img-src 'none'", B));
    assert!(told.values(&[]).is_empty());
    world.tells("policies/allowed");
}

#[test]
fn a_redirect_is_asked_for_anew() {
    let (world, told) = told([get(OWN).redirects(302, "https://b.test/secret?key=1")]);
    world.err(under("connect-src 'self'", OWN));
    // NB: the page is told of the URL that it asked for, and of no other.
    assert_eq!(
        told.values(CSP_KEYS),
        ["csp-violation to \"\": enforce connect-src https://a.test/x connect-src 'self'"]
    );
    world.tells("policies/refused-after-a-redirect");
}

#[test]
fn paths_do_not_count_after_a_redirect() {
    let world = World::new([get(OWN).redirects(302, B), get(B).headers(&[ALLOW_A])]);
    const POLICY: &str = "connect-src 'self' https://b.test/another";
    world.ok(under(POLICY, OWN));
    world.err(under(POLICY, B));
    world.tells("policies/paths-and-redirects");
}

#[test]
fn what_is_only_reported_passes() {
    let (world, told) = told([get(OWN).redirects(302, B), get(B).headers(&[ALLOW_A])]);
    world.ok(from_client(delivered(A, "connect-src *", "connect-src 'self'; report-uri /csp"), OWN));
    assert_eq!(
        told.values(&["disposition", "blocked-uri"]),
        [
            "csp-report to \"https://a.test/csp\": report https://a.test/x",
            "csp-violation to \"\": report (unsaid)",
        ],
        "once, and not again for the answer"
    );
    world.tells("policies/report-only");
}

#[test]
fn upgrades_come_between_the_reports_and_the_checks() {
    const POLICY: &str = "connect-src https:";
    let (world, told) = told([get("https://b.test/x").header("Access-Control-Allow-Origin", "*")]);
    let client = || {
        let policy = format!("{POLICY}; upgrade-insecure-requests");
        delivered("http://a.test/", &policy, POLICY)
    };
    let (response, _) = world.ok(from_client(client(), "http://b.test/x"));
    assert_eq!(response.internal().url().map(|url| url.href()), Some(B));
    assert_eq!(
        told.values(CSP_KEYS),
        ["csp-violation to \"\": report connect-src http://b.test/x connect-src https:"]
    );
    world.tells("policies/upgraded");
    // Asked for by a policy that is only reported, it has no effect.
    let world = World::new([get("http://b.test/x").header("Access-Control-Allow-Origin", "*")]);
    world.ok(from_client(delivered("http://a.test/", "", "upgrade-insecure-requests"), "http://b.test/x"));
    world.network.assert_done();
}

#[test]
fn an_answer_may_come_from_elsewhere() {
    let reports = Arc::new(Told::default());
    let port = reports.clone();
    let world = World::with([], |agent| {
        agent.reports = Some(port);
        agent.override_fetch = Some(Arc::new(Override::new(&Slow::default(), |_| {
            let mut response = answered(200, &[], "x");
            response.internal_mut().url_list = vec![url(C)];
            Some(Ok(response))
        })));
    });
    world.ok(under("connect-src https://c.test 'self'", OWN));
    world.err(under("connect-src 'self'", OWN));
    world.ok(from_client(delivered(A, "", "connect-src 'self'"), OWN));
    assert_eq!(
        reports.values(CSP_KEYS),
        [
            "csp-violation to \"\": enforce connect-src https://a.test/x connect-src 'self'",
            "csp-violation to \"\": report connect-src https://a.test/x connect-src 'self'",
        ]
    );
    world.tells("policies/answered-from-elsewhere");
}

#[test]
fn scripts_are_trusted_by_who_brings_them() {
    const POLICY: &str = "script-src 'strict-dynamic' 'nonce-n' https://b.test";
    let script = || under(POLICY, B).mode(Mode::NoCors).destination(Destination::Script);
    let parsed = || script().with(|request| request.parser_metadata = ParserMetadata::ParserInserted);
    let world = World::new([get(B).times(2)]);
    world.ok(script());
    world.ok(parsed().with(|request| request.cryptographic_nonce_metadata = "n".to_owned()));
    world.err(parsed());
    world.tells("policies/strict-dynamic");
}

#[test]
fn other_reasons_keep_their_order() {
    let world = World::new([]);
    // Mixed content is judged before, and Integrity-Policy behind.
    assert_eq!(world.err(under("connect-src 'none'", "http://b.test/x")).code(), "MixedContentRequest");
    let both = page_with(A, |policies| {
        policies.csp_list.deliver("script-src 'none'", Disposition::Enforce);
        policies.integrity_policy = scripts_need_integrity();
    });
    let script = from_client(both, B).destination(Destination::Script);
    assert_eq!(world.err(script).code(), "CspBlocking");
    world.network.assert_done();
}

#[test]
fn nobody_s_policies_bind_the_user() {
    let world = World::new([get(B)]);
    world.ok(own(B));
    world.tells("policies/owner");
}

fn scripts_need_integrity() -> IntegrityPolicy {
    IntegrityPolicy::parse(b"blocked-destinations=(script), endpoints=(main)").expect("a dictionary")
}

#[test]
fn scripts_without_integrity() {
    const BODY: &str = "let x";
    let metadata = "sha256-dXKOHtfmzrnYeAHYBCbUmBpIqmNFRVEF6ulA+ucuqt0=";
    let enforced = || page_with(A, |policies| policies.integrity_policy = scripts_need_integrity());
    let reported =
        || page_with(A, |policies| policies.report_only_integrity_policy = scripts_need_integrity());
    let script = |client: Client| from_client(client, B).destination(Destination::Script);
    let (world, told) = told([get(B).headers(&[ALLOW_A]).body(BODY).times(2), get(B).body(BODY)]);
    assert_eq!(world.err(script(enforced())).code(), "IntegrityPolicyBlocking");
    let with = |request: Request| request.with(|request| request.integrity_metadata = metadata.to_owned());
    world.ok(with(script(enforced())));
    // What mode "no-cors" gets cannot be verified.
    world.err(with(script(enforced())).mode(Mode::NoCors));
    world.ok(script(reported()));
    world.ok(from_client(enforced(), B).mode(Mode::NoCors).destination(Destination::Style));
    let keys = &["documentURL", "blockedURL", "destination", "reportOnly"];
    let report = |only| {
        format!("integrity-violation to \"main\": https://a.test/page?q=1 https://b.test/x script {only}")
    };
    assert_eq!(told.values(keys), [report(false), report(false), report(true)]);
    world.tells("policies/integrity");
}
