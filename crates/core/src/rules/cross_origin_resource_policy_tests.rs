//! Tables of the CORP check: who may embed what, and what is reported.

use std::sync::Arc;

use super::CrossOriginResourcePolicy::*;
use super::*;
use crate::infrastructure::clients::{Client, Global, PolicyContainer};
use crate::infrastructure::url::Url;

fn url(url: &str) -> Url {
    Url::parse(url, None).expect("a URL of the tests")
}

fn response(at: &str, policies: &[&'static str], with_credentials: bool) -> InternalResponse {
    let mut response = InternalResponse {
        url_list: vec![url(at)],
        request_includes_credentials: with_credentials,
        ..InternalResponse::default()
    };
    for &policy in policies {
        response.header_list.append("Cross-Origin-Resource-Policy", policy);
    }
    response
}

fn client(enforced: EmbedderPolicyValue, report_only: EmbedderPolicyValue) -> Client {
    let url = url("https://app.test/");
    Client {
        id: "1".into(),
        creation_url: url.clone(),
        top_level_creation_url: None,
        top_level_origin: None,
        origin: url.origin(),
        api_base_url: url.clone(),
        policy_container: Arc::new(PolicyContainer {
            embedder_policy: EmbedderPolicy {
                value: enforced,
                reporting_endpoint: "main".into(),
                report_only_value: report_only,
                report_only_reporting_endpoint: "trial".into(),
            },
            ..PolicyContainer::default()
        }),
        cross_origin_isolated_capability: false,
        global: Global::Worker { service_worker: false },
        has_cross_site_ancestor: false,
        restricts_mixed_content: false,
        offline: false,
        emulated_user_agent: None,
        emulated_language: None,
        permissions_policy: Default::default(),
    }
}

fn not_same_origin(imposed_by: ImposedBy, said: Option<&str>, resource: &str) -> CrossOriginResourcePolicy {
    NotSameOrigin {
        imposed_by,
        said: said.map(str::to_owned),
        origin: "https://app.test".into(),
        resource_origin: resource.into(),
    }
}

#[test]
fn internal_check_table() {
    use EmbedderPolicyValue::{Credentialless, RequireCorp, UnsafeNone};
    let (own, other) = ("https://app.test/x", "https://b.test/x");
    let b = "https://b.test";
    type Row<'a> =
        (&'a str, EmbedderPolicyValue, bool, bool, &'a str, &'a [&'static str], CrossOriginResourcePolicy);
    let table: &[Row<'_>] = &[
        ("no policy", UnsafeNone, false, true, other, &[], NoPolicy { said: None }),
        (
            "same-origin, same origin",
            UnsafeNone,
            false,
            true,
            own,
            &["same-origin"],
            SameOrigin { imposed_by: ImposedBy::Header },
        ),
        (
            "same-origin, another",
            UnsafeNone,
            false,
            true,
            other,
            &["same-origin"],
            not_same_origin(ImposedBy::Header, Some("same-origin"), b),
        ),
        ("cross-origin", RequireCorp, false, true, other, &["cross-origin"], CrossOrigin),
        (
            "case counts",
            UnsafeNone,
            false,
            true,
            other,
            &["Same-Origin"],
            NoPolicy { said: Some("Same-Origin".into()) },
        ),
        (
            "two words are none",
            UnsafeNone,
            false,
            true,
            other,
            &["same-site, same-origin"],
            NoPolicy { said: Some("same-site, same-origin".into()) },
        ),
        (
            "two headers are none",
            UnsafeNone,
            false,
            true,
            other,
            &["same-origin", "same-origin"],
            NoPolicy { said: Some("same-origin, same-origin".into()) },
        ),
        (
            "require-corp refuses silence",
            RequireCorp,
            false,
            false,
            other,
            &[],
            not_same_origin(ImposedBy::RequireCorp, None, b),
        ),
        (
            "and what is no policy",
            RequireCorp,
            false,
            false,
            other,
            &["x"],
            not_same_origin(ImposedBy::RequireCorp, Some("x"), b),
        ),
        (
            "but not of its own origin",
            RequireCorp,
            false,
            false,
            own,
            &[],
            SameOrigin { imposed_by: ImposedBy::RequireCorp },
        ),
        (
            "credentialless refuses what brought credentials",
            Credentialless,
            false,
            true,
            other,
            &[],
            not_same_origin(ImposedBy::Credentialless, None, b),
        ),
        ("and allows what brought none", Credentialless, false, false, other, &[], NoPolicy { said: None }),
        (
            "but no silent frame",
            Credentialless,
            true,
            false,
            other,
            &[],
            not_same_origin(ImposedBy::Credentialless, None, b),
        ),
        (
            "a frame without an embedder policy",
            UnsafeNone,
            true,
            true,
            other,
            &["same-origin"],
            NavigationWithoutEmbedderPolicy,
        ),
    ];
    for (name, value, navigation, credentials, at, policies, verdict) in table {
        let origin = url("https://app.test").origin();
        let found = cross_origin_resource_policy_internal_check(
            &origin,
            *value,
            &response(at, policies, *credentials),
            *navigation,
        );
        assert_eq!(found, *verdict, "{name}");
        assert_eq!(found.blocks(), matches!(found, NotSameOrigin { .. }), "{name}");
    }
}

#[test]
fn same_site_table() {
    let refused = |origin: &str, resource: &str| NotSameSite {
        origin: origin.into(),
        resource_origin: resource.into(),
    };
    for (name, origin, at, verdict) in [
        ("the same host", "https://a.test", "https://a.test/x", SameSite),
        ("a subdomain", "https://a.example.com", "https://b.example.com:8443/x", SameSite),
        ("an insecure resource for a secure page", "https://example.com", "http://example.com/x", SameSite),
        ("insecure both", "http://example.com", "http://img.example.com/x", SameSite),
        (
            "a secure resource for an insecure page",
            "http://example.com",
            "https://example.com/x",
            InsecureEmbedder {
                origin: "http://example.com".into(),
                resource_origin: "https://example.com".into(),
            },
        ),
        (
            "a sibling under a public suffix",
            "https://a.github.io",
            "https://b.github.io/x",
            refused("https://a.github.io", "https://b.github.io"),
        ),
        (
            "another site",
            "https://example.com",
            "https://example.org/x",
            refused("https://example.com", "https://example.org"),
        ),
        ("the same address", "http://127.0.0.1:1", "http://127.0.0.1:2/x", SameSite),
        (
            "another address",
            "http://127.0.0.1",
            "http://127.0.0.2/x",
            refused("http://127.0.0.1", "http://127.0.0.2"),
        ),
    ] {
        let found = cross_origin_resource_policy_internal_check(
            &url(origin).origin(),
            EmbedderPolicyValue::UnsafeNone,
            &response(at, &["same-site"], true),
            false,
        );
        assert_eq!(found, verdict, "{name}");
    }
}

#[test]
fn an_opaque_origin_is_same_site_with_nobody_else() {
    let origin = Origin::new_opaque();
    let check = |policy| {
        cross_origin_resource_policy_internal_check(
            &origin,
            EmbedderPolicyValue::UnsafeNone,
            &response("https://a.test/x", &[policy], true),
            false,
        )
    };
    assert!(check("same-origin").blocks());
    assert!(check("same-site").blocks());
    assert!(!check("cross-origin").blocks());
}

#[test]
fn the_last_url_is_compared_and_the_first_reported() {
    let mut redirected = response("https://user:secret@app.test/from#fragment", &["same-origin"], true);
    redirected.url_list.push(url("https://b.test/to"));
    let origin = url("https://app.test").origin();
    assert!(
        cross_origin_resource_policy_internal_check(
            &origin,
            EmbedderPolicyValue::UnsafeNone,
            &redirected,
            false
        )
        .blocks()
    );
    assert_eq!(serialize_a_response_url_for_reporting(&redirected), "https://app.test/from");
}

#[test]
fn reports_table() {
    use EmbedderPolicyValue::{Credentialless, RequireCorp, UnsafeNone};
    let report = |endpoint: &str, report_only| CorpViolationReport {
        endpoint: endpoint.into(),
        blocked_url: "https://b.test/x".into(),
        destination: Destination::Image,
        report_only,
    };
    type Row<'a> = (
        &'a str,
        Option<(EmbedderPolicyValue, EmbedderPolicyValue)>,
        &'a [&'static str],
        bool,
        Vec<CorpViolationReport>,
    );
    let table: &[Row<'_>] = &[
        ("no client, no embedder policy", None, &[], false, vec![]),
        ("neither value", Some((UnsafeNone, UnsafeNone)), &[], false, vec![]),
        (
            "the resource's own refusal is not reported",
            Some((RequireCorp, RequireCorp)),
            &["same-origin"],
            true,
            vec![],
        ),
        ("report only", Some((UnsafeNone, RequireCorp)), &[], false, vec![report("trial", true)]),
        ("enforced", Some((RequireCorp, UnsafeNone)), &[], true, vec![report("main", false)]),
        (
            "both",
            Some((Credentialless, RequireCorp)),
            &[],
            true,
            vec![report("trial", true), report("main", false)],
        ),
        ("both satisfied", Some((RequireCorp, RequireCorp)), &["cross-origin"], false, vec![]),
    ];
    for (name, policy, policies, blocks, reports) in table {
        let client = policy.map(|(enforced, report_only)| client(enforced, report_only));
        let mut request = Request::new(url("https://b.test/x"));
        request.origin = Some(url("https://app.test").origin());
        request.destination = Destination::Image;
        request.client = client.map(Arc::new);
        let response = response("https://b.test/x", policies, true);
        let (verdict, found) = cross_origin_resource_policy_check(&request, &response);
        assert_eq!(verdict.blocks(), *blocks, "{name}");
        assert_eq!(found, *reports, "{name}");
    }
    assert_eq!(
        report("trial", true).body(),
        [
            ("type", "corp".into()),
            ("blockedURL", "https://b.test/x".into()),
            ("destination", "image".into()),
            ("disposition", "reporting".into()),
        ]
    );
}
