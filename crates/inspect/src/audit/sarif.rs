//! The audit as [SARIF 2.1.0](https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html), which code hosts and build
//! servers read.

use serde_json::{Map, Value, json};

use super::{Audit, Evidence, Finding, RULES, RuleFacts, Severity};
use crate::json::printed;

/// Where the rules are described.
const RULES_PAGE: &str = "https://github.com/sofetch/sofetch/blob/main/docs/audit.md";

impl Audit {
    /// The audit as a SARIF log. Every rule is in it, so that one that is no longer broken is seen to be mended.
    pub fn to_sarif(&self) -> Value {
        let rules: Vec<Value> = RULES.iter().map(rule).collect();
        let results: Vec<Value> = self.findings.iter().map(|finding| self.result(finding)).collect();
        let notes: Vec<Value> =
            self.notes.iter().map(|note| json!({ "level": "note", "message": { "text": note } })).collect();
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": {
                    "driver": {
                        "name": "sofetch cors audit",
                        "version": env!("CARGO_PKG_VERSION"),
                        "informationUri": "https://github.com/sofetch/sofetch",
                        "rules": rules,
                    }
                },
                "invocations": [{
                    "executionSuccessful": true,
                    "toolExecutionNotifications": notes,
                }],
                "results": results,
            }],
        })
    }

    /// The same, printed for people and terminals: see [`printed`].
    pub fn to_sarif_text(&self) -> String {
        printed(&self.to_sarif())
    }

    fn result(&self, finding: &Finding) -> Value {
        let facts = finding.rule.facts();
        let mut result = json!({
            "ruleId": facts.id,
            "ruleIndex": facts.rule as usize,
            "level": level(finding.severity),
            "message": { "text": format!("{}: {}", self.url, message(finding)) },
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": { "uri": self.place },
                    // NB: some readers insist on a region, which an answer does not have.
                    "region": { "startLine": 1 },
                }
            }],
            // One finding a rule and URL: this is what stays the same from run to run.
            "partialFingerprints": { "ruleAndUrl/v1": format!("{} {}", facts.id, self.place) },
            "properties": { "severity": finding.severity },
        });
        if let (Some(evidence), Value::Object(members)) = (finding.evidence.first(), &mut result) {
            members.insert("webRequest".to_owned(), web_request(evidence));
            members.insert("webResponse".to_owned(), web_response(evidence));
        }
        result
    }
}

fn rule(facts: &RuleFacts) -> Value {
    json!({
        "id": facts.id,
        "name": name(facts.id),
        "shortDescription": { "text": facts.title },
        "fullDescription": { "text": facts.why },
        "help": {
            "text": facts.fix,
            "markdown": format!("{}\n\n{} [The law]({}).", facts.why, facts.fix, facts.anchor()),
        },
        "helpUri": format!("{RULES_PAGE}#{}", facts.id),
        "defaultConfiguration": { "level": level(facts.severity) },
        "properties": {
            "tags": ["security", "cors"],
            "precision": "high",
            "security-severity": score(facts.severity),
        },
    })
}

/// `origin-reflected` to `OriginReflected`.
fn name(id: &str) -> String {
    id.split('-')
        .flat_map(|word| word.chars().enumerate())
        .map(|(index, letter)| if index == 0 { letter.to_ascii_uppercase() } else { letter })
        .collect()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// A number within the bands that code hosts make of it: over 9, over 7, over 4, over 0.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.0",
        Severity::Low => "2.0",
        Severity::Info => "0.0",
    }
}

fn message(finding: &Finding) -> String {
    let facts = finding.rule.facts();
    format!("{}. {} {} {}", facts.title, finding.details.join(" "), facts.why, facts.fix)
}

fn web_request(evidence: &Evidence) -> Value {
    let (line, headers) = evidence.request.split_first().map_or(("", &[][..]), |(line, rest)| (line, rest));
    let (method, target) = line.split_once(' ').unwrap_or((line, ""));
    json!({ "protocol": "HTTP", "method": method, "target": target, "headers": fields(headers) })
}

fn web_response(evidence: &Evidence) -> Value {
    match evidence.status {
        Some(status) => json!({ "statusCode": status, "headers": fields(&evidence.response) }),
        None => json!({ "noResponseReceived": true }),
    }
}

/// Lines as an object; what came twice is joined by a comma, as everywhere.
fn fields(lines: &[String]) -> Value {
    let mut members = Map::new();
    for (name, value) in lines.iter().filter_map(|line| line.split_once(": ")) {
        let joined = match members.get(name).and_then(Value::as_str) {
            Some(before) => format!("{before}, {value}"),
            None => value.to_owned(),
        };
        members.insert(name.to_owned(), Value::String(joined));
    }
    Value::Object(members)
}
