//! The audit as JSON, schema `sofetch-cors-audit/1`; `docs/schema.md` describes it.

use serde::Serialize;
use serde_json::Value;

use super::{Audit, Cell, Evidence, Finding, Severity};
use crate::json::{printed, to_value};

/// The schema's name and version.
pub(crate) const SCHEMA: &str = "sofetch-cors-audit/1";

impl Audit {
    /// The audit as a JSON value of schema `sofetch-cors-audit/1`.
    pub fn to_json(&self) -> Value {
        to_value(&AuditJson {
            schema: SCHEMA,
            url: &self.url,
            trusted: &self.trusted,
            credentials_mode: self.credentials_mode.as_str(),
            worst: self.worst(),
            findings: self.findings.iter().map(FindingJson::of).collect(),
            matrix: self
                .matrix
                .iter()
                .map(|row| RowJson {
                    origin: &row.origin,
                    role: row.role.as_str(),
                    read: row.read.map(|access| access.as_str()),
                    methods: cells(&row.methods),
                    headers: cells(&row.header_names),
                })
                .collect(),
            preflights: EconomyJson {
                requests: self
                    .economy
                    .requests
                    .iter()
                    .map(|cost| CostJson {
                        request: &cost.request,
                        preflight: !cost.reasons.is_empty(),
                        reasons: &cost.reasons,
                        instead: cost.instead,
                    })
                    .collect(),
                max_age_said: self.economy.max_age_said.as_deref(),
                remembered: self
                    .economy
                    .remembered
                    .iter()
                    .map(|&(browser, seconds)| RememberedJson { browser, seconds })
                    .collect(),
                advice: &self.economy.advice,
            },
            notes: &self.notes,
            requests: RequestsJson { sent: self.sent, answered: self.answered, left_out: self.left_out },
        })
    }

    /// The same, printed for people and terminals: see [`printed`].
    pub fn to_json_text(&self) -> String {
        printed(&self.to_json())
    }
}

fn cells(cells: &[(String, Cell)]) -> Vec<CellJson<'_>> {
    cells.iter().map(|(name, cell)| CellJson { name, answer: cell.as_str() }).collect()
}

#[derive(Serialize)]
struct AuditJson<'a> {
    schema: &'static str,
    url: &'a str,
    trusted: &'a [String],
    credentials_mode: &'static str,
    worst: Option<Severity>,
    findings: Vec<FindingJson<'a>>,
    matrix: Vec<RowJson<'a>>,
    preflights: EconomyJson<'a>,
    notes: &'a [String],
    requests: RequestsJson,
}

#[derive(Serialize)]
struct FindingJson<'a> {
    rule: &'static str,
    severity: Severity,
    title: &'static str,
    details: &'a [String],
    why: &'static str,
    fix: &'static str,
    anchor: String,
    evidence: &'a [Evidence],
}

impl FindingJson<'_> {
    fn of(finding: &Finding) -> FindingJson<'_> {
        let facts = finding.rule.facts();
        FindingJson {
            rule: facts.id,
            severity: finding.severity,
            title: facts.title,
            details: &finding.details,
            why: facts.why,
            fix: facts.fix,
            anchor: facts.anchor(),
            evidence: &finding.evidence,
        }
    }
}

#[derive(Serialize)]
struct RowJson<'a> {
    origin: &'a str,
    role: &'static str,
    read: Option<&'static str>,
    methods: Vec<CellJson<'a>>,
    headers: Vec<CellJson<'a>>,
}

#[derive(Serialize)]
struct CellJson<'a> {
    name: &'a str,
    answer: &'static str,
}

#[derive(Serialize)]
struct EconomyJson<'a> {
    requests: Vec<CostJson<'a>>,
    max_age_said: Option<&'a str>,
    remembered: Vec<RememberedJson>,
    advice: &'a [&'static str],
}

#[derive(Serialize)]
struct CostJson<'a> {
    request: &'a str,
    preflight: bool,
    reasons: &'a [String],
    instead: Option<&'static str>,
}

#[derive(Serialize)]
struct RememberedJson {
    browser: &'static str,
    seconds: u64,
}

#[derive(Serialize)]
struct RequestsJson {
    sent: usize,
    answered: usize,
    left_out: usize,
}
