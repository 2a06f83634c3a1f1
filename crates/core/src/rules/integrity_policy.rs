//! [Integrity-Policy](https://w3c.github.io/webappsec-subresource-integrity/#integrity-policy-section): may this be fetched without integrity metadata that will be verified?
//!
//! Judges what is asked for, never the digest itself (`subresource_integrity.rs` does).

use crate::infrastructure::integrity_policies::IntegrityPolicy;
use crate::infrastructure::reports::{Report, ReportValue, strip_url_for_use_in_reports};
use crate::infrastructure::requests::{Destination, Mode, Request};
use crate::rules::subresource_integrity::parse_metadata;
use crate::rules::verdict::Verdict;

/// The verdict of [`should_request_be_blocked_by_integrity_policy`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IntegrityPolicyBlocking {
    /// Step 3: there is metadata, and the body will be there to be verified.
    HasMetadata,
    /// Step 4: a local URL.
    LocalUrl,
    /// Step 9: nobody whom a policy binds asks.
    NoGlobal,
    /// No policy is for this destination.
    NotGoverned {
        /// Which.
        destination: Destination,
    },
    /// A policy is violated that is only reported.
    Reported {
        /// For which destination.
        destination: Destination,
        /// What is missing.
        missing: Missing,
    },
    /// The policy that is enforced is violated.
    Blocked {
        /// For which destination.
        destination: Destination,
        /// What is missing.
        missing: Missing,
    },
}

/// What of integrity a request misses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// Integrity metadata, or such that is understood.
    Metadata,
    /// A mode whose responses can be verified: "cors" or "same-origin".
    Mode,
}

impl Verdict for IntegrityPolicyBlocking {
    const ANCHOR: &'static str = "https://w3c.github.io/webappsec-subresource-integrity/#should-request-be-blocked-by-integrity-policy-section";
    fn blocks(&self) -> bool {
        matches!(self, IntegrityPolicyBlocking::Blocked { .. })
    }
}

/// <https://w3c.github.io/webappsec-subresource-integrity/#should-request-be-blocked-by-integrity-policy-section>
///
/// The verdict, and the reports to be queued; `None` where no policy is there to be violated.
pub fn should_request_be_blocked_by_integrity_policy(
    request: &Request,
) -> Option<(IntegrityPolicyBlocking, Vec<Report>)> {
    let alone = |verdict| Some((verdict, Vec::new()));
    // 1, 5 to 7. Asked first, since it decides for nearly all.
    let container = request.policy_container.as_ref()?;
    let (policy, report_policy) = (&container.integrity_policy, &container.report_only_integrity_policy);
    let empty = IntegrityPolicy::default();
    if *policy == empty && *report_policy == empty {
        return None;
    }
    // 2, 3.
    let has_metadata = parse_metadata(&request.integrity_metadata).next().is_some();
    if has_metadata && matches!(request.mode, Mode::Cors | Mode::SameOrigin) {
        return alone(IntegrityPolicyBlocking::HasMetadata);
    }
    // 4. NB: the first URL; no redirect leads to a local one.
    if request.url().is_local() {
        return alone(IntegrityPolicyBlocking::LocalUrl);
    }
    // 8, 9. NB: every global here is a window or a worker.
    let Some(client) = &request.client else { return alone(IntegrityPolicyBlocking::NoGlobal) };
    // 10 to 13.
    let destination = request.destination;
    let (block, report_block) = (policy.blocks(destination), report_policy.blocks(destination));
    if !block && !report_block {
        return alone(IntegrityPolicyBlocking::NotGoverned { destination });
    }
    // 14. The reports.
    let document_url = strip_url_for_use_in_reports(client.global_url());
    let blocked_url = strip_url_for_use_in_reports(request.url());
    let report = |endpoint: &String, report_only: bool| Report {
        kind: "integrity-violation",
        endpoint: endpoint.clone(),
        body: vec![
            ("documentURL", document_url.clone().into()),
            ("blockedURL", blocked_url.clone().into()),
            ("destination", destination.as_str().into()),
            ("reportOnly", ReportValue::Boolean(report_only)),
        ],
    };
    let mut reports = Vec::new();
    if block {
        reports.extend(policy.endpoints.iter().map(|endpoint| report(endpoint, false)));
    }
    if report_block {
        reports.extend(report_policy.endpoints.iter().map(|endpoint| report(endpoint, true)));
    }
    // 15.
    let missing = if has_metadata { Missing::Mode } else { Missing::Metadata };
    let verdict = match block {
        true => IntegrityPolicyBlocking::Blocked { destination, missing },
        false => IntegrityPolicyBlocking::Reported { destination, missing },
    };
    Some((verdict, reports))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::infrastructure::clients::tests::{window, worker};
    use crate::infrastructure::url::Url;

    const SHA: &str = "sha256-AAAA";

    /// A request of a document with these policies; an empty one is none.
    fn request(policies: [&str; 2], to: &str, destination: Destination) -> Request {
        let mut client = window("https://u:p@a.test/page#top");
        let policy = |value: &str| match value {
            "" => IntegrityPolicy::default(),
            value => IntegrityPolicy::parse(value.as_bytes()).expect("a dictionary"),
        };
        let container = Arc::make_mut(&mut client.policy_container);
        container.integrity_policy = policy(policies[0]);
        container.report_only_integrity_policy = policy(policies[1]);
        let mut request = Request::new(Url::parse(to, None).expect("a URL of the table"));
        request.policy_container = Some(client.policy_container.clone());
        request.client = Some(Arc::new(client));
        request.destination = destination;
        request
    }

    #[test]
    fn integrity_policy_table() {
        use Destination::{Image, Script, Style};
        use IntegrityPolicyBlocking as Is;
        use Missing::Metadata;
        use Mode::{Cors, NoCors, SameOrigin};
        const SCRIPTS: &str = "blocked-destinations=(script)";
        const B: &str = "https://b.test/x";
        let (blocked, reported) = (
            |destination, missing| Some(Is::Blocked { destination, missing }),
            |destination, missing| Some(Is::Reported { destination, missing }),
        );
        for (row, policies, to, destination, mode, metadata, verdict) in [
            ("no policy", ["", ""], B, Script, Cors, "", None),
            (
                "nothing blocked",
                ["sources=(inline)", ""],
                B,
                Script,
                Cors,
                "",
                Some(Is::NotGoverned { destination: Script }),
            ),
            ("no metadata", [SCRIPTS, ""], B, Script, Cors, "", blocked(Script, Metadata)),
            (
                "no metadata that is understood",
                [SCRIPTS, ""],
                B,
                Script,
                Cors,
                "md5-AAAA",
                blocked(Script, Metadata),
            ),
            ("metadata", [SCRIPTS, ""], B, Script, Cors, SHA, Some(Is::HasMetadata)),
            ("metadata, same-origin", [SCRIPTS, ""], B, Script, SameOrigin, SHA, Some(Is::HasMetadata)),
            (
                "what cannot be verified",
                [SCRIPTS, ""],
                B,
                Script,
                NoCors,
                SHA,
                blocked(Script, Missing::Mode),
            ),
            ("a data: URL", [SCRIPTS, ""], "data:,x", Script, Cors, "", Some(Is::LocalUrl)),
            (
                "another destination",
                [SCRIPTS, ""],
                B,
                Image,
                Cors,
                "",
                Some(Is::NotGoverned { destination: Image }),
            ),
            (
                "another source",
                ["blocked-destinations=(script), sources=()", ""],
                B,
                Script,
                Cors,
                "",
                Some(Is::NotGoverned { destination: Script }),
            ),
            ("only reported", ["", SCRIPTS], B, Script, Cors, "", reported(Script, Metadata)),
            ("both", [SCRIPTS, SCRIPTS], B, Script, Cors, "", blocked(Script, Metadata)),
            (
                "one each",
                ["blocked-destinations=(style)", SCRIPTS],
                B,
                Style,
                Cors,
                "",
                blocked(Style, Metadata),
            ),
        ] {
            let mut request = request(policies, to, destination);
            (request.mode, request.integrity_metadata) = (mode, metadata.to_owned());
            let got = should_request_be_blocked_by_integrity_policy(&request).map(|(verdict, reports)| {
                assert!(reports.is_empty(), "{row}: nobody is to be told");
                verdict
            });
            assert_eq!(got, verdict, "{row}");
            request.client = None;
            let unbound = should_request_be_blocked_by_integrity_policy(&request);
            assert!(unbound.is_none_or(|(verdict, _)| !verdict.blocks()), "{row}, without a client");
        }
    }

    #[test]
    fn each_endpoint_is_told() {
        let both = [
            "blocked-destinations=(script), endpoints=(a b)",
            "blocked-destinations=(script style), endpoints=(c)",
        ];
        let told = |request: &Request| {
            let (_, reports) = should_request_be_blocked_by_integrity_policy(request).expect("policies");
            assert!(reports.iter().all(|report| report.kind == "integrity-violation"));
            let told: Vec<(String, String)> = reports
                .iter()
                .map(|report| {
                    let values = report.body.iter().map(|(_, value)| match value {
                        ReportValue::Text(text) => text.clone(),
                        other => serde_json::to_string(other).expect("a value of JSON"),
                    });
                    (report.endpoint.clone(), values.collect::<Vec<_>>().join(" "))
                })
                .collect();
            told
        };
        let pairs = |expected: &[(&str, &str)]| -> Vec<(String, String)> {
            expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
        };
        let script = request(both, "https://u:p@b.test/x?q#f", Destination::Script);
        let body = "https://a.test/page https://b.test/x?q script";
        let (enforced, watched) = (format!("{body} false"), format!("{body} true"));
        assert_eq!(told(&script), pairs(&[("a", &enforced), ("b", &enforced), ("c", &watched)]));
        let mut style = request(both, "https://b.test/x", Destination::Style);
        let container = style.policy_container.clone();
        style.client = Some(Arc::new(worker("https://a.test/w.js", "https://a.test/")));
        style.policy_container = container;
        assert_eq!(told(&style), pairs(&[("c", "https://a.test/w.js https://b.test/x style true")]));
    }
}
