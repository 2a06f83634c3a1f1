//! [Content Security Policy](https://w3c.github.io/webappsec-csp/#fetch-integration) as far as it judges a fetch: may the page ask this URL for this destination, and have this answer?
//!
//! Three checks, each in its place of main fetch; those of the request again at each redirect.
//!
//! `source_expressions.rs` knows the words, `matching.rs` compares with them, `directives.rs` chooses the directive and asks it,
//! `misread.rs` says what a policy says in vain.

// SKIPS html-integration, webrtc-integration, ecma-integration, wasm-integration: inline script and style, navigations, frames'
// ancestors, `base-uri`, `sandbox`, WebRTC, `eval` and WebAssembly are a document's or an engine's; a face that has such would
// ask its own rule.
// SKIPS report-violation 3.1 to 3.3: the event `securitypolicyviolation` is a face's for scripts, made of the report.

mod directives;
mod matching;
mod misread;
mod source_expressions;

use crate::infrastructure::content_security_policies::{CspList, Disposition, Policy};
use crate::infrastructure::reports::{Report, ReportValue, strip_url_for_use_in_reports};
use crate::infrastructure::requests::Request;
use crate::infrastructure::responses::InternalResponse;
use crate::infrastructure::url::Url;
use crate::infrastructure::words::words;
use crate::rules::verdict::Verdict;

pub use directives::{AllowedBy, Remedy, effective_directive_for_a_request};
use directives::{Judgement, post_request_checks, pre_request_checks};
pub use misread::{Misread, misread};
pub use source_expressions::{HostSource, Keyword, SourceExpression};

words! {
    /// Which of the three checks judged.
    Check {
        RequestReportOnly = "request-report-only",
        Request = "request",
        Response = "response",
    }
}

/// The verdict of all three checks.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CspBlocking {
    /// There are policies, and no directive of theirs is for such a request.
    NotGoverned {
        /// Which check.
        check: Check,
    },
    /// Whatever directive is for it allows it.
    Allowed {
        /// Which check.
        check: Check,
        /// By which words, a policy each.
        by: Vec<Permission>,
    },
    /// Policies are violated that are only reported.
    Reported {
        /// Which check.
        check: Check,
        /// A policy each.
        violations: Vec<Violation>,
    },
    /// A policy is violated that is enforced.
    Blocked {
        /// Which check.
        check: Check,
        /// A policy each, those among them that are only reported.
        violations: Vec<Violation>,
    },
}

impl Verdict for CspBlocking {
    const ANCHOR: &'static str = "https://w3c.github.io/webappsec-csp/#fetch-integration";
    fn blocks(&self) -> bool {
        matches!(self, CspBlocking::Blocked { .. })
    }
}

/// That a policy allows it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Permission {
    /// The directive that was asked.
    pub directive: String,
    /// By what.
    pub by: AllowedBy,
}

/// <https://w3c.github.io/webappsec-csp/#violation>, with the evidence that whoever owns the program is shown.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Violation {
    /// Is the policy enforced, or only reported?
    pub disposition: Disposition,
    /// The policy, as it was delivered.
    pub policy: String,
    /// The directive that is for such a request.
    pub effective_directive: &'static str,
    /// The directive that stood for it: itself, or one that it falls back on.
    pub violated_directive: String,
    /// What that one says.
    pub source_list: Vec<String>,
    /// The URL that was judged, without credentials. NB: it may be a redirect's, which no page is told.
    pub url: String,
    /// How many redirects led there.
    pub redirect_count: u32,
    /// What would have allowed it.
    pub remedy: Remedy,
}

/// <https://w3c.github.io/webappsec-csp/#report-for-request>
///
/// The verdict, and the reports to be queued; `None` where no policy is only reported.
pub fn report_csp_violations_for_request(request: &Request) -> Option<(CspBlocking, Vec<Report>)> {
    // 1, 2.
    judge(request, Check::RequestReportOnly, request.current_url(), |policy, list| {
        // 2.1
        (policy.disposition == Disposition::Report).then(|| pre_request_checks(request, policy, list))
    })
}

/// <https://w3c.github.io/webappsec-csp/#should-block-request>
///
/// The verdict, and the reports to be queued; `None` where no policy is enforced.
pub fn should_request_be_blocked_by_csp(request: &Request) -> Option<(CspBlocking, Vec<Report>)> {
    // 1 to 3.
    judge(request, Check::Request, request.current_url(), |policy, list| {
        // 3.1
        (policy.disposition == Disposition::Enforce).then(|| pre_request_checks(request, policy, list))
    })
}

/// <https://w3c.github.io/webappsec-csp/#should-block-response>
///
/// The verdict, and the reports to be queued; `None` where no policy is asked.
pub fn should_response_to_request_be_blocked_by_csp(
    request: &Request,
    response: &InternalResponse,
) -> Option<(CspBlocking, Vec<Report>)> {
    // NB: main fetch has given a response without URLs those of the request by now.
    let url = response.url().unwrap_or(request.current_url());
    // DEPARTS: where the answer came from the URL that was asked, a policy that is only reported was asked of it already, and
    // as in browsers nobody is told twice. What a service worker answers may come from elsewhere.
    let from_elsewhere = url != request.current_url();
    // 1 to 3.
    judge(request, Check::Response, url, |policy, list| {
        (policy.disposition == Disposition::Enforce || from_elsewhere)
            .then(|| post_request_checks(request, url, policy, list))
    })
}

/// What the policies together come to; those that are not asked answer `None`.
fn judge<'r>(
    request: &'r Request,
    check: Check,
    url: &Url,
    ask: impl Fn(&'r Policy, &'r CspList) -> Option<Judgement<'r>>,
) -> Option<(CspBlocking, Vec<Report>)> {
    let list = &request.policy_container.as_ref()?.csp_list;
    let (mut asked, mut by) = (false, Vec::new());
    let (mut violations, mut reports) = (Vec::new(), Vec::new());
    for policy in &list.policies {
        let Some(judgement) = ask(policy, list) else { continue };
        asked = true;
        match judgement {
            Judgement::NotGoverned => {}
            Judgement::Allowed { directive, by: what } => {
                by.push(Permission { directive: directive.name.clone(), by: what });
            }
            Judgement::Violates { effective, directive, remedy } => {
                let violation = Violation {
                    disposition: policy.disposition,
                    policy: policy.serialized.clone(),
                    effective_directive: effective,
                    violated_directive: directive.name.clone(),
                    source_list: directive.value.clone(),
                    url: url.without_credentials().href().to_owned(),
                    redirect_count: request.redirect_count,
                    remedy,
                };
                report_violation(request, policy, &violation, &mut reports);
                violations.push(violation);
            }
        }
    }
    let enforced = |violation: &Violation| violation.disposition == Disposition::Enforce;
    let verdict = match (asked, violations.iter().any(enforced), violations.is_empty()) {
        (false, ..) => return None,
        (_, true, _) => CspBlocking::Blocked { check, violations },
        (_, _, false) => CspBlocking::Reported { check, violations },
        _ if by.is_empty() => CspBlocking::NotGoverned { check },
        _ => CspBlocking::Allowed { check, by },
    };
    Some((verdict, reports))
}

/// <https://w3c.github.io/webappsec-csp/#report-violation>, of a
/// [violation for a request](https://w3c.github.io/webappsec-csp/#create-violation-for-request)
///
/// One report of the kind `csp-violation`, to nowhere if the policy names no endpoint: a face for scripts makes its event of it
/// (step 3.3). And one of the kind `csp-report` for each URL of a `report-uri` that counts.
// SKIPS 3.4.2.3, 3.5.3: who takes the reports sends them, as the face for scripts does.
fn report_violation(request: &Request, policy: &Policy, violation: &Violation, reports: &mut Vec<Report>) {
    let client = request.client.as_deref();
    let document =
        client.map_or_else(String::new, |client| strip_url_for_use_in_reports(client.global_url()));
    // NB: the request's first URL; where redirects led is not for the page.
    let blocked = strip_url_for_use_in_reports(request.url());
    let effective = violation.effective_directive.to_owned();
    let (original, disposition) = (violation.policy.clone(), violation.disposition.as_str().to_owned());
    // SKIPS create 2 to 4: a client knows neither who referred to its document nor with what status that came; one for
    // documents would say so.
    let (referrer, status, sample) = (ReportValue::from(""), ReportValue::Number(0), ReportValue::from(""));
    let report_to = policy.directive("report-to");
    // 3.4. The deprecated way, where there is no other.
    if let (None, Some(report_uri)) = (report_to, policy.directive("report-uri")) {
        for token in &report_uri.value {
            let Ok(endpoint) = Url::parse(token, client.map(|client| client.global_url())) else { continue };
            reports.push(Report {
                kind: "csp-report",
                endpoint: endpoint.href().to_owned(),
                body: vec![
                    ("document-uri", document.as_str().into()),
                    ("referrer", referrer.clone()),
                    ("blocked-uri", blocked.as_str().into()),
                    ("effective-directive", effective.as_str().into()),
                    ("violated-directive", effective.as_str().into()),
                    ("original-policy", original.as_str().into()),
                    ("disposition", disposition.as_str().into()),
                    ("status-code", status.clone()),
                    ("script-sample", sample.clone()),
                ],
            });
        }
    }
    // 3.5.
    reports.push(Report {
        kind: "csp-violation",
        endpoint: report_to.and_then(|directive| directive.value.first()).cloned().unwrap_or_default(),
        body: vec![
            ("documentURL", document.into()),
            ("referrer", referrer),
            ("blockedURL", blocked.into()),
            ("effectiveDirective", effective.into()),
            ("originalPolicy", original.into()),
            ("sourceFile", ReportValue::Null),
            ("sample", sample),
            ("disposition", disposition.into()),
            ("statusCode", status),
            ("lineNumber", ReportValue::Null),
            ("columnNumber", ReportValue::Null),
        ],
    });
}

#[cfg(test)]
mod tests;
