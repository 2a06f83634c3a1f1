//! The audit as a JUnit report, which build servers show as tests: each rule is one.

use std::fmt::Write as _;

use super::{Audit, Finding, RULES, Severity};

impl Audit {
    /// The audit as JUnit XML. A rule that is broken at least this gravely has failed; one that is broken less gravely says
    /// so and has passed. Under `None` none fails.
    pub fn to_junit(&self, fail_on: Option<Severity>) -> String {
        let fails = |finding: &&Finding| fail_on.is_some_and(|least| finding.severity >= least);
        let failures = self.findings.iter().filter(fails).count();
        let counts = format!("tests=\"{}\" failures=\"{failures}\" errors=\"0\"", RULES.len());
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let url = attribute(&self.url);
        // NB: writing to a String does not fail.
        let _ = writeln!(xml, "<testsuites name=\"sofetch cors audit\" {counts}>");
        let _ = writeln!(xml, "  <testsuite name=\"{url}\" {counts} skipped=\"0\">");
        for facts in RULES {
            let _ = write!(
                xml,
                "    <testcase classname=\"{url}\" name=\"{}: {}\"",
                facts.id,
                attribute(facts.title)
            );
            let Some(finding) = self.findings.iter().find(|finding| finding.rule == facts.rule) else {
                xml.push_str("/>\n");
                continue;
            };
            let said = text(&story(finding));
            let _ = match fails(&finding) {
                true => writeln!(
                    xml,
                    ">\n      <failure message=\"{}\" type=\"{}\">{said}</failure>\n    </testcase>",
                    attribute(&finding.details.join(" ")),
                    finding.severity
                ),
                false => writeln!(xml, ">\n      <system-out>{said}</system-out>\n    </testcase>"),
            };
        }
        if !self.notes.is_empty() {
            let _ = writeln!(xml, "    <system-out>{}</system-out>", text(&self.notes.join("\n")));
        }
        xml.push_str("  </testsuite>\n</testsuites>\n");
        xml
    }
}

fn story(finding: &Finding) -> String {
    let facts = finding.rule.facts();
    let mut lines = vec![format!("{} ({}): {}", facts.id, finding.severity, facts.title)];
    lines.extend(finding.details.iter().cloned());
    lines.push(facts.why.to_owned());
    for evidence in &finding.evidence {
        lines.extend(evidence.request.iter().map(|line| format!("> {line}")));
        lines.extend(evidence.status.map(|status| format!("< {status}")));
        lines.extend(evidence.response.iter().map(|line| format!("< {line}")));
    }
    lines.push(format!("Fix: {}", facts.fix));
    lines.push(facts.anchor());
    lines.join("\n")
}

/// Character data. What no XML may hold at all is replaced; the rest of that kind was escaped when the lines were made.
fn text(said: &str) -> String {
    let mut safe = String::with_capacity(said.len());
    for character in said.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '\n' => safe.push('\n'),
            '\0'..='\x1F' | '\u{FFFE}' | '\u{FFFF}' => safe.push('\u{FFFD}'),
            other => safe.push(other),
        }
    }
    safe
}

/// An attribute's value.
fn attribute(said: &str) -> String {
    text(said).replace('"', "&quot;").replace('\n', " ")
}
