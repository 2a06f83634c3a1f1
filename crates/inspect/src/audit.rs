//! `sofetch cors audit`: what a server's CORS allows, whom it should and does not, and what its preflights cost.
//!
//! Nothing is sent here: [`plan`] says what to ask, whoever has a network asks, and [`Audit::of`] judges the answers by the
//! rules of `core`. [`RULES`] is the table of what can be wrong; `audit/text.rs`, `json.rs`, `sarif.rs` and `junit.rs`
//! write what was found.

mod answers;
mod askers;
mod case;
mod economy;
mod evidence;
mod headers;
mod json;
mod junit;
mod matrix;
mod origins;
mod plan;
mod preflights;
mod rules;
mod sarif;
mod text;

use sofetch_core::infrastructure::requests::CredentialsMode;
use sofetch_core::infrastructure::url::Url;

use crate::lines::shown_url;
use crate::safe_text::{Secrets, escaped};

pub use answers::{Access, Answer, AuditExchange};
pub(crate) use answers::{granted, may_read};
pub use askers::{Asker, Role, Trick};
pub use case::Finding;
pub use economy::{Cost, Economy};
pub use evidence::Evidence;
pub use matrix::{Cell, Row};
pub(crate) use plan::origin_headers;
pub use plan::{About, Ask, AuditQuestion, Probe, Purpose, SafeMethod, plan};
pub use rules::{RULES, Rule, RuleFacts, Severity};

use case::Case;

/// What an audit found. Its lines are escaped, and redacted unless secrets were asked for.
#[derive(Clone, Debug)]
pub struct Audit {
    /// What was audited.
    pub url: String,
    /// The same as a relative URL, host and path alone: a place to point at.
    pub place: String,
    /// The origins that were named.
    pub trusted: Vec<String>,
    /// With "include", they were to be allowed with credentials.
    pub credentials_mode: CredentialsMode,
    /// What is wrong, the gravest first.
    pub findings: Vec<Finding>,
    /// What each origin may do.
    pub matrix: Vec<Row>,
    /// What preflights cost.
    pub economy: Economy,
    /// What else is to be said, a sentence each.
    pub notes: Vec<String>,
    /// How many requests were sent.
    pub sent: usize,
    /// How many of them were answered.
    pub answered: usize,
    /// How many were left out.
    pub left_out: usize,
}

impl Audit {
    /// Judges these answers to the requests of [`plan`], in its order; `left_out` of it were not sent.
    pub fn of(
        question: &AuditQuestion,
        exchanges: &[AuditExchange],
        left_out: usize,
        secrets: Secrets,
    ) -> Audit {
        let mut case = Case { question, exchanges, secrets, findings: Vec::new() };
        origins::judge(&mut case);
        preflights::judge(&mut case);
        headers::judge(&mut case);
        let mut findings = std::mem::take(&mut case.findings);
        findings.sort_by(|a, b| b.severity.cmp(&a.severity).then(a.rule.cmp(&b.rule)));
        let answered = exchanges.iter().filter(|exchange| exchange.answer.is_ok()).count();
        Audit {
            url: shown_url(&question.url, secrets),
            place: place(&question.url),
            trusted: question.trusted.iter().map(|origin| escaped(origin.as_str()).into_owned()).collect(),
            credentials_mode: question.credentials_mode,
            findings,
            matrix: matrix::matrix(&case),
            economy: economy::economy(&case),
            notes: notes(&case, left_out),
            sent: exchanges.len(),
            answered,
            left_out,
        }
    }

    /// The gravest that was found.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// How many of each severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// `api.test%3A8443/items`. NB: code hosts take whole files of results back for one location with a scheme, and a colon in
/// the first segment would make one.
fn place(url: &Url) -> String {
    let host = url.host_and_port().replace(':', "%3A").replace('[', "%5B").replace(']', "%5D");
    escaped(&format!("{host}{}", url.path())).into_owned()
}

fn notes(case: &Case<'_>, left_out: usize) -> Vec<String> {
    let mut notes = Vec::new();
    if case.question.trusted.is_empty() {
        notes.push(
            "No origin was named with --origin: whether the right ones are allowed was not judged."
                .to_owned(),
        );
    }
    let read = case.reads().any(|(exchange, ..)| exchange.access() != Access::No);
    if !read {
        notes.push(
            "No origin that was tried may read the answer; one that is not named cannot be found.".to_owned(),
        );
    }
    let baseline = case.exchanges.iter().find(|exchange| exchange.probe.purpose == Purpose::Baseline);
    if let Some(Ok(answer)) = baseline.map(|exchange| &exchange.answer) {
        if answer.is_redirect() {
            let to = answer
                .text("Location")
                .map(|said| evidence::cut(&crate::lines::shown_text(&said, case.secrets)));
            let to = to.unwrap_or_else(|| "nowhere".to_owned());
            notes.push(format!("The URL redirects ({}) to {to}: audit the final URL too.", answer.status));
        } else if answer.is_error() {
            notes.push(format!(
                "The URL answers {}: its answers to those who are let in may have other headers (-H sends credentials).",
                answer.status
            ));
        }
    }
    let failed: Vec<&String> =
        case.exchanges.iter().filter_map(|exchange| exchange.answer.as_ref().err()).collect();
    if let Some(first) = failed.first() {
        notes.push(format!(
            "{} of the requests got no answer. The first: {}",
            failed.len(),
            evidence::cut(first)
        ));
    }
    let limited = case
        .exchanges
        .iter()
        .filter(|exchange| exchange.answer.as_ref().is_ok_and(|answer| matches!(answer.status, 429 | 503)))
        .count();
    if limited > 0 {
        notes.push(format!(
            "{limited} requests were answered 429 or 503, which says nothing of CORS: fewer at a time (--parallel 1) may help."
        ));
    }
    if left_out > 0 {
        notes.push(format!("{left_out} requests of the plan were not sent: a limit was reached."));
    }
    notes
}

/// What stands before the rules.
const PAGE_HEAD: &str = "\
# What `sofetch cors audit` looks for

Written from the table in `crates/inspect/src/audit/rules.rs`; `UPDATE_DOCS=1 cargo test -p sofetch-inspect audit` writes it anew.

```
sofetch cors audit https://api.example/items --origin https://app.example -X PATCH --header-name api-key --credentials include
```

Only GET, HEAD and OPTIONS are sent, of which the last asks what others would be granted. `--origin` names who is to be allowed, and is
what most of the rules need: an origin that is not named cannot be found. `-H` logs in, for servers that say nothing to strangers.
Audit servers of your own. The others whose names are sent as `Origin` are never asked anything.

`--report sarif` is for code hosts (on GitHub: `github/codeql-action/upload-sarif`), `--report junit` for build servers, where each rule
is a test, and `--report json` for programs ([schema](schema.md)). The exit code is 1 where something is at least
as grave as `--fail-on` says, by default medium.

Where two severities stand, the second is of answers that are allowed without credentials: what they say, a stranger's own program
could fetch too, unless a firewall keeps it away.

| severity | means |
|---|---|
";

/// `docs/audit.md`: the table of rules, for people.
pub fn rules_page() -> String {
    let mut page = String::from(PAGE_HEAD);
    for severity in Severity::ALL {
        page.push_str(&format!("| {severity} | {} |\n", severity.words()));
    }
    page.push_str("\n| rule | severity | finds |\n|---|---|---|\n");
    for facts in RULES {
        page.push_str(&format!(
            "| [`{}`](#{}) | {} | {} |\n",
            facts.id,
            facts.id,
            severities(facts),
            facts.title
        ));
    }
    for facts in RULES {
        page.push_str(&format!(
            "\n## {}\n\n{} ({}). {}\n\n{} [The law]({}).\n",
            facts.id,
            facts.title,
            severities(facts),
            facts.why,
            facts.fix,
            facts.anchor()
        ));
    }
    page
}

fn severities(facts: &RuleFacts) -> String {
    match facts.anonymous {
        Some(anonymous) => format!("{} / {anonymous}", facts.severity),
        None => facts.severity.to_string(),
    }
}

#[cfg(test)]
pub(crate) use reports_tests::hostile_audit;
#[cfg(test)]
#[path = "audit/reports_tests.rs"]
mod reports_tests;
#[cfg(test)]
#[path = "audit/servers_tests.rs"]
mod servers_tests;
#[cfg(test)]
#[path = "audit/tests.rs"]
mod tests;
