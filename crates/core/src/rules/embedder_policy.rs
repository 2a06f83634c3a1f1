//! [Embedder policy checks](https://html.spec.whatwg.org/#embedder-policy-checks): may who has this policy make a worker that has that one?
//!
//! Judges no fetch, and queues no report: both are the caller's, who runs the worker.

use crate::infrastructure::clients::EmbedderPolicy;
use crate::infrastructure::reports::Report;
use crate::infrastructure::responses::InternalResponse;
use crate::rules::cross_origin_resource_policy::serialize_a_response_url_for_reporting;

/// The verdict of [`check_a_global_objects_embedder_policy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlobalObjectsEmbedderPolicy {
    /// Step 5: the owner has no policy that a worker would have to have.
    NotAsked,
    /// Step 5: it is compatible with cross-origin isolation, as its owner's is.
    Compatible,
    /// Step 7: its owner's is, and it is not.
    NotCompatible,
}

/// <https://html.spec.whatwg.org/#check-a-global-object's-embedder-policy>, of a dedicated worker: the verdict, and the reports that are to be
/// queued for the owner, in order.
pub fn check_a_global_objects_embedder_policy(
    policy: &EmbedderPolicy,
    owner_policy: &EmbedderPolicy,
    response: &InternalResponse,
) -> (GlobalObjectsEmbedderPolicy, Vec<Report>) {
    // 1. NB: all workers here are dedicated ones.
    // 2, 3.
    let is_compatible = policy.value.is_compatible_with_cross_origin_isolation();
    let mut reports = Vec::new();
    // 4.
    if owner_policy.report_only_value.is_compatible_with_cross_origin_isolation() && !is_compatible {
        reports.push(violation(response, &owner_policy.report_only_reporting_endpoint, "reporting"));
    }
    // 5.
    if !owner_policy.value.is_compatible_with_cross_origin_isolation() {
        return (GlobalObjectsEmbedderPolicy::NotAsked, reports);
    }
    if is_compatible {
        return (GlobalObjectsEmbedderPolicy::Compatible, reports);
    }
    // 6, 7.
    reports.push(violation(response, &owner_policy.reporting_endpoint, "enforce"));
    (GlobalObjectsEmbedderPolicy::NotCompatible, reports)
}

/// <https://html.spec.whatwg.org/#queue-a-cross-origin-embedder-policy-inheritance-violation>, of a worker. 3 is the caller's.
fn violation(response: &InternalResponse, endpoint: &str, disposition: &str) -> Report {
    // 1, 2.
    let body = vec![
        ("type", "worker initialization".into()),
        ("blockedURL", serialize_a_response_url_for_reporting(response).into()),
        ("disposition", disposition.into()),
    ];
    Report { kind: "coep", endpoint: endpoint.to_owned(), body }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::clients::EmbedderPolicyValue::{
        self, Credentialless, RequireCorp, UnsafeNone,
    };
    use crate::infrastructure::reports::ReportValue;
    use crate::infrastructure::url::Url;

    fn policy(value: EmbedderPolicyValue, report_only_value: EmbedderPolicyValue) -> EmbedderPolicy {
        EmbedderPolicy {
            value,
            reporting_endpoint: "enforced".to_owned(),
            report_only_value,
            report_only_reporting_endpoint: "watched".to_owned(),
        }
    }

    #[test]
    fn a_worker_and_its_owner_table() {
        use GlobalObjectsEmbedderPolicy::{Compatible, NotAsked, NotCompatible};
        let url = Url::parse("https://u:p@a.test/w.js#f", None).expect("a URL");
        let response = InternalResponse { url_list: vec![url], ..InternalResponse::default() };
        for (name, owner, value, expected, told) in [
            ("nobody has one", policy(UnsafeNone, UnsafeNone), UnsafeNone, NotAsked, &[][..]),
            ("the worker alone", policy(UnsafeNone, UnsafeNone), RequireCorp, NotAsked, &[]),
            ("both, of either kind", policy(RequireCorp, RequireCorp), Credentialless, Compatible, &[]),
            ("the owner alone", policy(Credentialless, UnsafeNone), UnsafeNone, NotCompatible, &["enforced"]),
            ("which is only watched", policy(UnsafeNone, RequireCorp), UnsafeNone, NotAsked, &["watched"]),
            (
                "and both",
                policy(RequireCorp, RequireCorp),
                UnsafeNone,
                NotCompatible,
                &["watched", "enforced"],
            ),
        ] {
            let of_worker = policy(value, UnsafeNone);
            let (verdict, reports) = check_a_global_objects_embedder_policy(&of_worker, &owner, &response);
            assert_eq!(verdict, expected, "{name}");
            let endpoints: Vec<&str> = reports.iter().map(|report| &*report.endpoint).collect();
            assert_eq!(endpoints, told, "{name}");
            for report in reports {
                let blocked = ReportValue::Text("https://a.test/w.js".to_owned());
                assert!(report.kind == "coep" && report.body.contains(&("blockedURL", blocked)), "{name}");
            }
        }
    }
}
