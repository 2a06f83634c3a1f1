//! What a page is kept from or kept to: CORP and COEP, nosniff and MIME types, mixed content, upgrades, HSTS, referrer
//! policies, integrity, unencoded digests, ranges. Long by its stories: one a behaviour, in the order in which main fetch
//! judges.

use std::sync::Arc;

use sofetch_core::infrastructure::clients::{Client, EmbedderPolicy, EmbedderPolicyValue};
use sofetch_core::infrastructure::requests::{
    CredentialsMode, Destination, Initiator, Mode, Referrer, ReferrerPolicy, Request,
};
use sofetch_testkit::{Scripted, get, post};

use crate::common::{A, ALLOW_A, B, C, OWN, With, World, from, from_client, page, page_with, url};
use crate::ports::{Hsts, Kept, Slow};

const CORP: &str = "Cross-Origin-Resource-Policy";

fn embeds(name: &str, client: Client, row: Scripted, to: &str, granted: bool) {
    let reports = Arc::new(Kept::default());
    let kept = reports.clone();
    let world = World::with([row], |agent| agent.reports = Some(kept));
    let request = from_client(client, to).mode(Mode::NoCors).credentials(CredentialsMode::Include);
    assert_eq!(world.fetch(request).is_ok(), granted, "{name}");
    for report in &*reports.0.lock().unwrap() {
        assert!(report.contains("blockedURL"), "{report}");
    }
    world.tells(&format!("isolation/{name}"));
}

#[test]
fn a_resource_says_who_may_embed_it() {
    for (said, granted, name) in [
        ("cross-origin", true, "corp-cross-origin"),
        ("same-site", false, "corp-same-site"),
        ("same-origin", false, "corp-same-origin"),
        ("anything", true, "corp-no-policy"),
    ] {
        embeds(name, page(A), get(B).header(CORP, said), B, granted);
    }
}

#[test]
fn a_neighbour_of_the_same_site_may_embed() {
    let to = "https://img.example.com/x";
    embeds("corp-neighbour", page("https://www.example.com/"), get(to).header(CORP, "same-site"), to, true);
    let insecure = page("http://www.example.com/");
    embeds("corp-insecure-neighbour", insecure, get(to).header(CORP, "same-site"), to, false);
}

fn with_coep(value: EmbedderPolicyValue, report_only: EmbedderPolicyValue) -> Client {
    page_with(A, |policies| {
        policies.embedder_policy = EmbedderPolicy {
            value,
            reporting_endpoint: "enforced".into(),
            report_only_value: report_only,
            report_only_reporting_endpoint: "watched".into(),
        };
    })
}

#[test]
fn an_embedder_that_insists() {
    use EmbedderPolicyValue::{Credentialless, RequireCorp, UnsafeNone};
    embeds("coep-require-corp", with_coep(RequireCorp, UnsafeNone), get(B), B, false);
    let row = get(B).header(CORP, "cross-origin");
    embeds("coep-require-corp-granted", with_coep(RequireCorp, UnsafeNone), row, B, true);
    embeds("coep-credentialless", with_coep(Credentialless, UnsafeNone), get(B), B, true);
    embeds("coep-report-only", with_coep(UnsafeNone, RequireCorp), get(B), B, true);
}

#[test]
fn violations_are_reported_to_their_endpoints() {
    let reports = Arc::new(Kept::default());
    let kept = reports.clone();
    let world = World::with([get("https://b.test/x")], |agent| agent.reports = Some(kept));
    let client = with_coep(EmbedderPolicyValue::RequireCorp, EmbedderPolicyValue::RequireCorp);
    let request = from_client(client, "https://b.test/x#secret").mode(Mode::NoCors);
    world.err(request.destination(Destination::Image));
    let reports = reports.0.lock().unwrap();
    let body = |disposition| {
        format!(
            r#"[("type", Text("corp")), ("blockedURL", Text("https://b.test/x")), ("destination", Text("image")), ("disposition", Text("{disposition}"))]"#
        )
    };
    assert_eq!(
        *reports,
        [
            format!("coep to \"watched\": {}", body("reporting")),
            format!("coep to \"enforced\": {}", body("enforce"))
        ]
    );
}

fn loads(name: &str, destination: Destination, row: Scripted, granted: bool) {
    let world = World::new([row]);
    let fetched = world.fetch(from(A, OWN).mode(Mode::NoCors).destination(destination));
    assert_eq!(fetched.is_ok(), granted, "{name}");
    world.tells(&format!("isolation/{name}"));
}

#[test]
fn nosniff() {
    use Destination::{Image, Script, Style};
    let row = |value, content_type| {
        get(OWN).header("X-Content-Type-Options", value).header("Content-Type", content_type)
    };
    loads("nosniff-script", Script, row("nosniff", "text/plain"), false);
    loads("nosniff-script-fits", Script, row("nosniff", "text/javascript"), true);
    loads("nosniff-style", Style, row("nosniff", "text/plain"), false);
    loads("nosniff-style-fits", Style, row("nosniff", "text/css"), true);
    loads("nosniff-image", Image, row("nosniff", "text/plain"), true);
    loads("nosniff-other-value", Script, row("sniff", "text/plain"), true);
}

#[test]
fn mime_types() {
    use Destination::{Empty, Script};
    let row = |content_type| get(OWN).header("Content-Type", content_type);
    loads("mime-image-as-script", Script, row("image/png"), false);
    loads("mime-csv-as-script", Script, row("text/csv"), false);
    loads("mime-text-as-script", Script, row("text/plain"), true);
    loads("mime-none-as-script", Script, get(OWN), true);
    loads("mime-image-as-anything", Empty, row("image/png"), true);
}

#[test]
fn mixed_content_is_refused() {
    let world = World::new([]);
    world.err(from(A, "http://b.test/x"));
    world.err(from(A, "http://b.test/x").destination(Destination::Script).mode(Mode::NoCors));
    world.tells("isolation/mixed-content");
}

#[test]
fn mixed_images_are_upgraded() {
    for (destination, name) in
        [(Destination::Image, "image"), (Destination::Audio, "audio"), (Destination::Video, "video")]
    {
        let world = World::new([get(B)]);
        world.ok(from(A, "http://b.test/x").mode(Mode::NoCors).destination(destination));
        world.tells(&format!("isolation/mixed-{name}-upgraded"));
    }
}

#[test]
fn mixed_images_of_a_set_or_at_an_address_are_not() {
    let world = World::new([]);
    let image = |to| from(A, to).mode(Mode::NoCors).destination(Destination::Image);
    world.err(image("http://b.test/x").with(|request| request.initiator = Initiator::ImageSet));
    world.err(image("http://192.0.2.7/x"));
    world.tells("isolation/mixed-image-refused");
}

#[test]
fn this_machine_is_no_mixed_content() {
    let world = World::new([get("http://localhost:8080/x")]);
    world.ok(from(A, "http://localhost:8080/x").mode(Mode::NoCors));
    world.tells("isolation/mixed-localhost");
}

#[test]
fn a_top_level_navigation_is_no_mixed_content() {
    let world = World::new([get("http://b.test/x")]);
    world.ok(from(A, "http://b.test/x").mode(Mode::Navigate).destination(Destination::Document));
    world.tells("isolation/mixed-navigation");
}

#[test]
fn an_answer_may_be_mixed_content_too() {
    let world = World::with([], |agent| {
        agent.override_fetch = Some(Arc::new(crate::ports::Override::new(&Slow::default(), |_| {
            let mut response = crate::common::answered(200, &[], "x");
            response.internal_mut().url_list = vec![url("http://b.test/x")];
            Some(Ok(response))
        })));
    });
    world.err(from(A, OWN));
    world.tells("isolation/mixed-response");
}

#[test]
fn a_policy_upgrades_insecure_requests() {
    let client = || {
        let mut client = page_with("http://a.test/", |policies| policies.upgrade_insecure_requests = true);
        client.restricts_mixed_content = false;
        client
    };
    let world = World::new([
        get("https://a.test/x").header("Access-Control-Allow-Origin", "*"),
        get("http://b.test/"),
    ]);
    world.ok(from_client(client(), "http://a.test/x"));
    let navigation = from_client(client(), "http://b.test/").mode(Mode::Navigate);
    world.ok(navigation.destination(Destination::Document));
    world.err(from_client(client(), "ftp://a.test/x"));
    world.tells("isolation/upgrade-insecure-requests");
}

fn knows(
    host: &'static str,
    header: &'static str,
) -> impl FnOnce(&mut sofetch_fetching::user_agent::UserAgent) {
    move |agent| agent.hsts = Some(Arc::new(Hsts::new(&Slow::default()).knows(host, header)))
}

#[test]
fn known_hosts_are_asked_over_https() {
    let change = knows("b.test", "max-age=60; includeSubDomains");
    let world = World::with([get("https://b.test/x"), get("https://sub.b.test/x")], change);
    let to = |to| from("http://a.test/", to).mode(Mode::NoCors);
    world.ok(to("http://b.test/x"));
    world.ok(to("http://sub.b.test/x"));
    world.tells("isolation/hsts-upgraded");
}

#[test]
fn other_hosts_are_not() {
    let change = knows("b.test", "max-age=60");
    let hosts = ["http://sub.b.test/x", "http://192.0.2.7/x", "http://localhost/x"];
    let world = World::with(hosts.map(get), change);
    for host in hosts {
        world.ok(from("http://a.test/", host).mode(Mode::NoCors));
    }
    world.tells("isolation/hsts-not-upgraded");
}

#[test]
fn a_port_survives_the_upgrade() {
    let change = knows("b.test", "max-age=60");
    let world = World::with([get("https://b.test:8080/x"), get("https://b.test/x")], change);
    world.ok(from("http://a.test/", "http://b.test:8080/x").mode(Mode::NoCors));
    world.ok(from("http://a.test/", "http://b.test:80/x").mode(Mode::NoCors));
    world.network.assert_done();
}

#[test]
fn hsts_comes_before_the_fork() {
    let change = knows("a.test", "max-age=60");
    // Another scheme is another origin: what was same-origin becomes CORS.
    let world = World::with([get("https://a.test/x").header("Access-Control-Allow-Origin", "*")], change);
    world.ok(from("http://a.test/", "http://a.test/x"));
    world.tells("isolation/hsts-same-origin");
}

#[test]
fn hsts_is_noted_over_https_alone() {
    const STS: (&str, &str) = ("Strict-Transport-Security", "max-age=60");
    let to = |to| from("http://c.test/", to).mode(Mode::NoCors);
    let world = World::with(
        [
            get("http://a.test/x").headers(&[STS]).times(2),
            get(OWN).headers(&[STS, ("Strict-Transport-Security", "max-age=0")]),
            get(OWN),
        ],
        |agent| agent.hsts = Some(Arc::new(Hsts::new(&Slow::default()))),
    );
    world.ok(to("http://a.test/x"));
    world.ok(to("http://a.test/x"));
    // Of two headers the first counts.
    world.ok(to(OWN));
    world.ok(to("http://a.test/x"));
    assert_eq!(world.network.lines()[3], "GET https://a.test/x");
    world.tells("isolation/hsts-noted");
}

fn refers(policy: ReferrerPolicy, to: &str) -> Option<String> {
    let world = World::new([get(to).headers(&[ALLOW_A])]);
    let mut client = page_with(A, |policies| policies.referrer_policy = policy);
    client.restricts_mixed_content = false;
    world.ok(from_client(client, to));
    world.network.sent()[0].header("Referer")
}

#[test]
fn referrer_policies() {
    use ReferrerPolicy as P;
    let (whole, origin) = (Some("https://a.test/page?q=1"), Some("https://a.test/"));
    for (policy, own, other, downgrade) in [
        (P::Empty, whole, origin, None),
        (P::NoReferrer, None, None, None),
        (P::NoReferrerWhenDowngrade, whole, whole, None),
        (P::SameOrigin, whole, None, None),
        (P::Origin, origin, origin, origin),
        (P::StrictOrigin, origin, origin, None),
        (P::OriginWhenCrossOrigin, whole, origin, origin),
        (P::StrictOriginWhenCrossOrigin, whole, origin, None),
        (P::UnsafeUrl, whole, whole, whole),
    ] {
        for (to, expected) in [(OWN, own), (B, other), ("http://b.test/x", downgrade)] {
            assert_eq!(refers(policy, to).as_deref(), expected, "{policy:?} to {to}");
        }
    }
}

#[test]
fn the_requests_own_policy_and_referrer_come_first() {
    let to = |change: fn(&mut Request)| {
        from_client(page_with(A, |policies| policies.referrer_policy = ReferrerPolicy::UnsafeUrl), OWN)
            .with(change)
    };
    let world = World::new([
        get(OWN).expects_header("Referer", "https://a.test/"),
        get(OWN).expects_no_header("Referer"),
        get(OWN).expects_header("Referer", "https://a.test/elsewhere"),
        get(OWN).expects_header("Referer", "https://a.test/"),
    ]);
    world.ok(to(|request| request.referrer_policy = ReferrerPolicy::Origin));
    world.ok(to(|request| request.referrer = Referrer::NoReferrer));
    world.ok(to(|request| request.referrer = Referrer::Url(url("https://a.test/elsewhere#x"))));
    world.ok(to(|request| {
        request.referrer = Referrer::Url(url(&format!("https://a.test/{}", "x".repeat(5_000))));
    }));
    world.network.assert_done();
}

#[test]
fn pages_that_refer_to_nothing() {
    let mut sandboxed = page(A);
    sandboxed.origin = sofetch_core::infrastructure::origins::Origin::new_opaque();
    let world = World::new([get(B).header("Access-Control-Allow-Origin", "*").times(2)]);
    world.ok(from_client(sandboxed, B));
    world.ok(from("data:text/html,x", B));
    world.tells("isolation/referrer-none");
}

#[test]
fn a_policy_hides_the_origin_of_a_post() {
    let world = World::new([
        post(OWN).expects_header("Origin", "null"),
        post(OWN).expects_header("Origin", "https://a.test"),
        post(C).expects_header("Origin", "null"),
    ]);
    let posts = |to, policy| {
        let request = from(A, to).mode(Mode::NoCors).method("POST").body("x");
        request.with(|request| request.referrer_policy = policy)
    };
    world.ok(posts(OWN, ReferrerPolicy::NoReferrer));
    world.ok(posts(OWN, ReferrerPolicy::SameOrigin));
    world.ok(posts(C, ReferrerPolicy::SameOrigin));
    world.tells("isolation/origin-hidden");
}

const HELLO: &str = "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";

fn with_integrity(name: &str, metadata: &str, mode: Mode, granted: bool) {
    let world = World::new([get(B).headers(&[ALLOW_A]).chunks(["hel", "lo"])]);
    let request = from(A, B).mode(mode).with(|request| request.integrity_metadata = metadata.to_owned());
    let fetched = world.fetch(request);
    assert_eq!(fetched.is_ok(), granted, "{name}");
    if let Ok(mut response) = fetched {
        assert_eq!(world.text(&mut response).unwrap(), "hello");
    }
    world.tells(&format!("isolation/integrity-{name}"));
}

#[test]
fn integrity() {
    with_integrity("matches", HELLO, Mode::Cors, true);
    with_integrity("one-of-two", &format!("sha256-wrong {HELLO}"), Mode::Cors, true);
    with_integrity("unknown-algorithm", "md5-x", Mode::Cors, true);
    with_integrity("mismatch", "sha256-wrong", Mode::Cors, false);
    with_integrity("opaque", HELLO, Mode::NoCors, false);
}

#[test]
fn integrity_of_no_body() {
    let world = World::new([get(OWN).replies(204)]);
    world.err(from(A, OWN).with(|request| request.integrity_metadata = HELLO.to_owned()));
    world.tells("isolation/integrity-no-body");
}

#[test]
fn integrity_of_a_body_that_breaks_off() {
    let fault = sofetch_core::wire_faults::PeerMisbehaved::Truncated;
    let world = World::new([get(OWN).body("hel").body_fails(fault)]);
    let error = world.err(from(A, OWN).with(|request| request.integrity_metadata = HELLO.to_owned()));
    assert_eq!(error.code(), "truncated");
    world.tells("isolation/integrity-cut");
}

/// "hello" by sha-256, and something else by sha-512.
const RIGHT: &str = "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:";
const WRONG: &str =
    "sha-512=:MJ7MSJwS1utMxA9QyQLytNDtd+5RGnx6m808qG1M2G+YndNbxf9JlnDaNCVbRbDP2DDoH2Bdz33FVC6TrpzXbw==:";

fn with_unencoded_digest(name: &str, said: &[&'static str], integrity: &str, mode: Mode, granted: bool) {
    let headers: Vec<_> = said.iter().map(|said| ("Unencoded-Digest", *said)).chain([ALLOW_A]).collect();
    let world = World::new([get(B).headers(&headers).chunks(["hel", "lo"])]);
    let fetched =
        world.fetch(from(A, B).mode(mode).with(|request| request.integrity_metadata = integrity.to_owned()));
    assert_eq!(fetched.is_ok(), granted, "{name}");
    if let (Mode::Cors, Ok(mut response)) = (mode, fetched) {
        assert_eq!(world.text(&mut response).unwrap(), "hello");
    }
    world.tells(&format!("isolation/unencoded-digest-{name}"));
}

#[test]
fn unencoded_digest() {
    with_unencoded_digest("matches", &[RIGHT], "", Mode::Cors, true);
    with_unencoded_digest("mismatch", &[RIGHT, WRONG], "", Mode::Cors, false);
    with_unencoded_digest("unknown", &["md5=:AAAA:"], "", Mode::Cors, true);
    with_unencoded_digest("unparsable", &["sha-256=:"], "", Mode::Cors, true);
    with_unencoded_digest("and-integrity", &[RIGHT], HELLO, Mode::Cors, true);
    with_unencoded_digest("without-integrity", &[RIGHT], "sha256-wrong", Mode::Cors, false);
    with_unencoded_digest("against-integrity", &[WRONG], HELLO, Mode::Cors, false);
    with_unencoded_digest("opaque", &[WRONG], "", Mode::NoCors, true);
}

#[test]
fn unencoded_digest_of_less_than_the_whole() {
    let world = World::new([
        get(OWN).replies(206).header("Unencoded-Digest", WRONG).body("ell"),
        get(OWN).replies(204).header("Unencoded-Digest", WRONG),
    ]);
    assert_eq!(world.ok(from(A, OWN)).1, "ell");
    world.ok(from(A, OWN));
    world.tells("isolation/unencoded-digest-partial");
}
