//! What those who judge share: the question, the answers, and the findings so far, one a rule.

use sofetch_core::infrastructure::requests::CredentialsMode;
use sofetch_core::infrastructure::statuses::is_redirect_status;

use super::answers::{Access, Answer, AuditExchange};
use super::askers::{Asker, Role};
use super::evidence::{Evidence, cut};
use super::plan::{AuditQuestion, Purpose};
use super::rules::{Rule, Severity};
use crate::lines::shown_text;
use crate::safe_text::Secrets;

/// A rule that was broken.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which.
    pub rule: Rule,
    /// How grave it is here.
    pub severity: Severity,
    /// What was seen, a sentence each; safe to print.
    pub details: Vec<String>,
    /// Where it was seen; the first few.
    pub evidence: Vec<Evidence>,
}

/// No more of each are kept: a server that errs everywhere errs alike.
const DETAILS: usize = 4;
const EVIDENCE: usize = 2;

/// An audit under way.
pub(crate) struct Case<'a> {
    pub(crate) question: &'a AuditQuestion,
    pub(crate) exchanges: &'a [AuditExchange],
    pub(crate) secrets: Secrets,
    pub(crate) findings: Vec<Finding>,
}

/// A question and an answer to it.
pub(crate) type Asked<'a> = (&'a AuditExchange, &'a Asker, &'a Answer);

impl<'a> Case<'a> {
    /// Every answer to a script's GET of the URL.
    pub(crate) fn reads(&self) -> impl Iterator<Item = Asked<'a>> + use<'a> {
        self.of_purpose(Purpose::Read)
    }

    /// Every answer to what was sent for this.
    pub(crate) fn of_purpose(&self, purpose: Purpose) -> impl Iterator<Item = Asked<'a>> + use<'a> {
        self.exchanges
            .iter()
            .filter(move |exchange| exchange.probe.purpose == purpose)
            .filter_map(|exchange| exchange.asked().map(|(asker, answer)| (exchange, asker, answer)))
    }

    /// The answer to the GET of the first in this role.
    pub(crate) fn read_of(&self, role: Role) -> Option<Asked<'a>> {
        self.reads().find(|(_, asker, _)| asker.role == role)
    }

    /// May this very origin read?
    pub(crate) fn reads_as(&self, asker: &Asker) -> Access {
        let own = |(_, other, _): &Asked<'_>| other.origin.as_str() == asker.origin.as_str();
        self.reads().find(own).map_or(Access::No, |(exchange, ..)| exchange.access())
    }

    /// Are those who are named to send credentials?
    pub(crate) fn includes_credentials(&self) -> bool {
        self.question.credentials_mode == CredentialsMode::Include
    }

    /// Was this rule found broken?
    pub(crate) fn has(&self, rule: Rule) -> bool {
        self.findings.iter().any(|finding| finding.rule == rule)
    }

    /// A rule is broken here. `credentials`: are they at stake?
    pub(crate) fn find(&mut self, rule: Rule, credentials: bool, detail: String, seen: &AuditExchange) {
        let severity = rule.severity(credentials);
        let detail = cut(&shown_text(&detail, self.secrets));
        let Some(finding) = self.findings.iter_mut().find(|finding| finding.rule == rule) else {
            let (details, evidence) = (vec![detail], vec![Evidence::of(seen, self.secrets)]);
            self.findings.push(Finding { rule, severity, details, evidence });
            return;
        };
        finding.severity = finding.severity.max(severity);
        if !finding.details.contains(&detail) && finding.details.len() < DETAILS {
            finding.details.push(detail);
        }
        if finding.evidence.len() < EVIDENCE {
            let evidence = Evidence::of(seen, self.secrets);
            if !finding.evidence.contains(&evidence) {
                finding.evidence.push(evidence);
            }
        }
    }
}

impl Answer {
    /// Is it an error's?
    pub(crate) fn is_error(&self) -> bool {
        self.status >= 400
    }

    /// Does it send elsewhere?
    pub(crate) fn is_redirect(&self) -> bool {
        is_redirect_status(self.status)
    }
}

/// ` with credentials`, or nothing.
pub(crate) fn with_credentials(access: Access) -> &'static str {
    if access == Access::Credentials { " with credentials" } else { "" }
}
