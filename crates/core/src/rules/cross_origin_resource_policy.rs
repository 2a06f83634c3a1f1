//! [Cross-Origin-Resource-Policy](https://fetch.spec.whatwg.org/#cross-origin-resource-policy-header): may this origin embed this resource without CORS?
//!
//! Judges opaque responses (HTTP fetch) and nested navigations (HTML). What violates an embedder policy is said in
//! reports that the caller queues.

use crate::infrastructure::clients::{EmbedderPolicy, EmbedderPolicyValue};
use crate::infrastructure::origins::Origin;
use crate::infrastructure::reports::ReportValue;
use crate::infrastructure::requests::{Destination, Request};
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

/// A report of the kind `coep`.
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
    pub fn body(&self) -> Vec<(&'static str, ReportValue)> {
        vec![
            ("type", "corp".into()),
            ("blockedURL", self.blocked_url.as_str().into()),
            ("destination", self.destination.as_str().into()),
            ("disposition", if self.report_only { "reporting" } else { "enforce" }.into()),
        ]
    }
}

/// <https://fetch.spec.whatwg.org/#cross-origin-resource-policy-check>
///
/// As HTTP fetch asks it, never for a navigation: the verdict, and the reports that are to be queued, in order.
pub fn cross_origin_resource_policy_check(
    request: &Request,
    response: &InternalResponse,
) -> (CrossOriginResourcePolicy, Vec<CorpViolationReport>) {
    let origin = request.origin_or_opaque();
    // SKIPS 1: only HTML's navigate asks for a navigation, which we do not have.
    let check = |value| cross_origin_resource_policy_internal_check(&origin, value, response, false);
    // 3. What the resource itself refuses is no violation of an embedder policy.
    let own = check(EmbedderPolicyValue::UnsafeNone);
    // 2. NB: without a client, or with neither value set, the two other checks would repeat the first.
    let Some(client) = &request.client else { return (own, Vec::new()) };
    let policy = &client.policy_container.embedder_policy;
    let none = EmbedderPolicyValue::UnsafeNone;
    if own.blocks() || (policy.value == none && policy.report_only_value == none) {
        return (own, Vec::new());
    }
    // 4. What the report-only policy would have refused is reported.
    let mut reports = Vec::new();
    if check(policy.report_only_value).blocks() {
        reports.push(report(response, policy, request.destination, true));
    }
    // 5-7. What the enforced one refuses is reported and refused.
    let verdict = check(policy.value);
    if verdict.blocks() {
        reports.push(report(response, policy, request.destination, false));
    }
    (verdict, reports)
}

/// <https://fetch.spec.whatwg.org/#queue-a-cross-origin-embedder-policy-corp-violation-report>
fn report(
    response: &InternalResponse,
    policy: &EmbedderPolicy,
    destination: Destination,
    report_only: bool,
) -> CorpViolationReport {
    // 1. Each policy has its own endpoint.
    let endpoint =
        if report_only { &policy.report_only_reporting_endpoint } else { &policy.reporting_endpoint };
    // 2-4. The rest of the report. 5 is the caller's: he queues it.
    CorpViolationReport {
        endpoint: endpoint.clone(),
        blocked_url: serialize_a_response_url_for_reporting(response),
        destination,
        report_only,
    }
}

/// <https://fetch.spec.whatwg.org/#serialize-a-response-url-for-reporting>
///
/// A response without URLs has the empty string.
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
#[path = "cross_origin_resource_policy_tests.rs"]
mod tests;
