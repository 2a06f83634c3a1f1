//! [Cross-Origin-Resource-Policy](https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header): may this origin embed this resource without CORS?
//!
//! Judges opaque responses (HTTP fetch) and nested navigations (HTML). What violates an embedder policy is said in
//! reports that the caller queues.

use crate::infrastructure::clients::{Client, EmbedderPolicy, EmbedderPolicyValue};
use crate::infrastructure::origins::Origin;
use crate::infrastructure::requests::Destination;
use crate::infrastructure::responses::InternalResponse;
use crate::rules::verdict::{Verdict, said};

/// The verdict of [`cross_origin_resource_policy_check`] and [`cross_origin_resource_policy_internal_check`].
///
/// `said` is always what the header said, `None` for nothing; two headers are one joined value, which is no policy.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CrossOriginResourcePolicy {
    /// Step 1: a nested navigation without an embedder policy.
    NavigationWithoutEmbedderPolicy,
    /// Step 5: no policy, neither the resource's nor the embedder's.
    NoPolicy {
        /// What the header said, if anything: it was no policy.
        said: Option<String>,
    },
    /// Step 5: the resource is for everybody.
    CrossOrigin,
    /// Step 5: the origin is the resource's.
    SameOrigin {
        /// Whose policy asked.
        imposed_by: ImposedBy,
    },
    /// Step 5: the site is the resource's.
    SameSite,
    /// Step 5: the policy is same-origin, and the origin is another.
    NotSameOrigin {
        /// Whose policy asked.
        imposed_by: ImposedBy,
        /// What the header said.
        said: Option<String>,
        /// Who embeds.
        origin: String,
        /// Whose the resource is.
        resource_origin: String,
    },
    /// Step 5: the policy is same-site, and the site is another.
    NotSameSite {
        /// Who embeds.
        origin: String,
        /// Whose the resource is.
        resource_origin: String,
    },
    /// Step 5: the policy is same-site, and a page that came insecurely embeds what came securely.
    InsecureEmbedder {
        /// Who embeds.
        origin: String,
        /// Whose the resource is.
        resource_origin: String,
    },
}

/// Who imposed a "same-origin" policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImposedBy {
    /// The resource, by its header.
    Header,
    /// The embedder, by `Cross-Origin-Embedder-Policy: require-corp`.
    RequireCorp,
    /// The embedder, by `Cross-Origin-Embedder-Policy: credentialless`.
    Credentialless,
}

impl Verdict for CrossOriginResourcePolicy {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#cross-origin-resource-policy-check";
    fn blocks(&self) -> bool {
        use CrossOriginResourcePolicy::*;
        match self {
            NavigationWithoutEmbedderPolicy
            | NoPolicy { .. }
            | CrossOrigin
            | SameOrigin { .. }
            | SameSite => false,
            NotSameOrigin { .. } | NotSameSite { .. } | InsecureEmbedder { .. } => true,
        }
    }
}

/// What the check found: its verdict, and the reports that are to be queued, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossOriginResourcePolicyCheck {
    /// The verdict.
    pub verdict: CrossOriginResourcePolicy,
    /// None, one or two.
    pub reports: Vec<CorpViolationReport>,
}

/// <https://fetch.spec.whatwg.org/#queue-a-cross-origin-embedder-policy-corp-violation-report>: a report of the kind `coep`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorpViolationReport {
    /// The endpoint's name; empty for nowhere.
    pub endpoint: String,
    /// The response's first URL, without credentials and fragment.
    pub blocked_url: String,
    /// The request's destination.
    pub destination: Destination,
    /// Was it only reported, not enforced?
    pub report_only: bool,
}

impl CorpViolationReport {
    /// The properties of its body.
    pub fn body(&self) -> Vec<(&'static str, String)> {
        vec![
            ("type", "corp".to_owned()),
            ("blockedURL", self.blocked_url.clone()),
            ("destination", self.destination.as_str().to_owned()),
            ("disposition", if self.report_only { "reporting" } else { "enforce" }.to_owned()),
        ]
    }
}

/// <https://fetch.spec.whatwg.org/#cross-origin-resource-policy-check>; without a settings object there is no embedder policy.
pub fn cross_origin_resource_policy_check(
    origin: &Origin,
    settings_object: Option<&Client>,
    destination: Destination,
    response: &InternalResponse,
    for_navigation: bool,
) -> CrossOriginResourcePolicyCheck {
    let check = |value| cross_origin_resource_policy_internal_check(origin, value, response, for_navigation);
    let only = |verdict| CrossOriginResourcePolicyCheck { verdict, reports: Vec::new() };
    // 3. What the resource itself refuses is no violation of an embedder policy.
    let own = check(EmbedderPolicyValue::UnsafeNone);
    // 2. NB: with neither value set, the two other checks would repeat the first.
    let Some(policy) = settings_object.map(|client| &client.policy_container.embedder_policy) else {
        return only(own);
    };
    let none = EmbedderPolicyValue::UnsafeNone;
    if own.blocks() || (policy.value == none && policy.report_only_value == none) {
        return only(own);
    }
    // 4. What the report-only policy would have refused is reported.
    let mut reports = Vec::new();
    if check(policy.report_only_value).blocks() {
        reports.push(report(response, policy, destination, true));
    }
    // 5-7. What the enforced one refuses is reported and refused.
    let verdict = check(policy.value);
    if verdict.blocks() {
        reports.push(report(response, policy, destination, false));
    }
    CrossOriginResourcePolicyCheck { verdict, reports }
}

fn report(
    response: &InternalResponse,
    policy: &EmbedderPolicy,
    destination: Destination,
    report_only: bool,
) -> CorpViolationReport {
    // 1. Each policy has its own endpoint.
    let endpoint =
        if report_only { &policy.report_only_reporting_endpoint } else { &policy.reporting_endpoint };
    // 2-4. The rest of the report.
    CorpViolationReport {
        endpoint: endpoint.clone(),
        blocked_url: serialize_a_response_url_for_reporting(response),
        destination,
        report_only,
    }
}

/// <https://fetch.spec.whatwg.org/#serialize-a-response-url-for-reporting>; a response without URLs has the empty string.
pub fn serialize_a_response_url_for_reporting(response: &InternalResponse) -> String {
    // 1, 2. NB: the first URL, so that a report tells nothing of where redirects led.
    let Some(url) = response.url_list.first() else { return String::new() };
    // 3-5. Without credentials and fragment.
    match url.includes_credentials() {
        true => url.with_credentials("", "").href_without_fragment().to_owned(),
        false => url.href_without_fragment().to_owned(),
    }
}

/// <https://fetch.spec.whatwg.org/#cross-origin-resource-policy-internal-check>
pub fn cross_origin_resource_policy_internal_check(
    origin: &Origin,
    embedder_policy_value: EmbedderPolicyValue,
    response: &InternalResponse,
    for_navigation: bool,
) -> CrossOriginResourcePolicy {
    // 1. Without an embedder policy a frame may hold anything.
    if for_navigation && embedder_policy_value == EmbedderPolicyValue::UnsafeNone {
        return CrossOriginResourcePolicy::NavigationWithoutEmbedderPolicy;
    }
    // 2, 3. One of three words in their case, else no policy.
    let header = response.header_list.get("Cross-Origin-Resource-Policy");
    let said = || header.as_deref().map(said);
    let imposed_by = match header.as_deref() {
        Some(b"cross-origin") => return CrossOriginResourcePolicy::CrossOrigin,
        Some(b"same-site") => return same_site_policy(origin, response),
        Some(b"same-origin") => ImposedBy::Header,
        // 4. Where the resource is silent, the embedder may insist.
        _ => match embedder_policy_value {
            EmbedderPolicyValue::RequireCorp => ImposedBy::RequireCorp,
            EmbedderPolicyValue::Credentialless
                if response.request_includes_credentials || for_navigation =>
            {
                ImposedBy::Credentialless
            }
            _ => return CrossOriginResourcePolicy::NoPolicy { said: said() },
        },
    };
    // 5. "same-origin". NB: a response without a URL has no origin to be the same.
    if response.url().is_some_and(|url| url.same_origin_with(origin)) {
        return CrossOriginResourcePolicy::SameOrigin { imposed_by };
    }
    CrossOriginResourcePolicy::NotSameOrigin {
        imposed_by,
        said: said(),
        origin: origin.serialize(),
        resource_origin: resource_origin(response),
    }
}

/// Step 5 for the policy "same-site".
fn same_site_policy(origin: &Origin, response: &InternalResponse) -> CrossOriginResourcePolicy {
    let url = response.url();
    let same_site = url.is_some_and(|url| schemelessly_same_site(origin, &url.origin()));
    let (origin_said, resource_origin) = (|| origin.serialize(), || resource_origin(response));
    if !same_site {
        return CrossOriginResourcePolicy::NotSameSite {
            origin: origin_said(),
            resource_origin: resource_origin(),
        };
    }
    // What came securely is for those who came securely.
    if origin.scheme() == Some("https") || url.is_none_or(|url| url.scheme() != "https") {
        return CrossOriginResourcePolicy::SameSite;
    }
    CrossOriginResourcePolicy::InsecureEmbedder { origin: origin_said(), resource_origin: resource_origin() }
}

fn resource_origin(response: &InternalResponse) -> String {
    response.url().map_or_else(|| "null".to_owned(), |url| url.origin().serialize())
}

/// <https://html.spec.whatwg.org/#schemelessly-same-site>
fn schemelessly_same_site(a: &Origin, b: &Origin) -> bool {
    // 1. Opaque origins are same site with themselves.
    let (Some(host_a), Some(host_b)) = (a.host(), b.host()) else { return a.same_origin(b) };
    // 2. The same registrable domain, or the same host where there is none.
    match (host_a.registrable_domain(), host_b.registrable_domain()) {
        (None, None) => host_a == host_b,
        (domain_a, domain_b) => domain_a == domain_b,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::CrossOriginResourcePolicy::*;
    use super::*;
    use crate::infrastructure::clients::{Global, PolicyContainer};
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
        }
    }

    fn not_same_origin(
        imposed_by: ImposedBy,
        said: Option<&str>,
        resource: &str,
    ) -> CrossOriginResourcePolicy {
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
        type Row<'a> = (
            &'a str,
            EmbedderPolicyValue,
            bool,
            bool,
            &'a str,
            &'a [&'static str],
            CrossOriginResourcePolicy,
        );
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
            (
                "and allows what brought none",
                Credentialless,
                false,
                false,
                other,
                &[],
                NoPolicy { said: None },
            ),
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
            (
                "an insecure resource for a secure page",
                "https://example.com",
                "http://example.com/x",
                SameSite,
            ),
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
            let found = cross_origin_resource_policy_check(
                &url("https://app.test").origin(),
                client.as_ref(),
                Destination::Image,
                &response("https://b.test/x", policies, true),
                false,
            );
            assert_eq!(found.verdict.blocks(), *blocks, "{name}");
            assert_eq!(found.reports, *reports, "{name}");
        }
        assert_eq!(
            report("trial", true).body(),
            [
                ("type", "corp".to_owned()),
                ("blockedURL", "https://b.test/x".to_owned()),
                ("destination", "image".to_owned()),
                ("disposition", "reporting".to_owned()),
            ]
        );
    }
}
