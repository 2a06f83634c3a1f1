//! The audit for people.

use super::{Audit, Cell, Evidence, Finding, Row, Severity};
use crate::tree::{Options, Paint, painted};

impl Audit {
    /// The audit as plain text. The lines' secrets were settled when it was made.
    pub fn text(&self, options: Options) -> String {
        let mut page = Page { text: String::new(), options };
        page.line(0, Paint::Room, &format!("CORS audit of {}", self.url));
        let trusted = match self.trusted.is_empty() {
            true => "nobody is named".to_owned(),
            false => {
                format!(
                    "to be allowed (credentials \"{}\"): {}",
                    self.credentials_mode.as_str(),
                    self.trusted.join(", ")
                )
            }
        };
        page.line(0, Paint::Plain, &trusted);
        for finding in &self.findings {
            page.finding(finding);
        }
        page.matrix(&self.matrix);
        page.economy(self);
        page.gap();
        for note in &self.notes {
            page.line(0, Paint::Dim, &format!("note: {note}"));
        }
        page.line(0, Paint::Room, &self.sum());
        page.text
    }

    /// How much was found, in a line.
    pub fn sum(&self) -> String {
        let counts: Vec<String> = Severity::ALL
            .into_iter()
            .filter_map(|severity| match self.count(severity) {
                0 => None,
                count => Some(format!("{count} {severity}")),
            })
            .collect();
        let found = if counts.is_empty() { "nothing".to_owned() } else { counts.join(", ") };
        format!("Found: {found}. {} requests, {} answered.", self.sent, self.answered)
    }
}

struct Page {
    text: String,
    options: Options,
}

impl Page {
    fn line(&mut self, depth: usize, paint: Paint, text: &str) {
        self.text.push_str(&"  ".repeat(depth));
        self.text.push_str(&painted(text, paint, self.options));
        self.text.push('\n');
    }

    fn gap(&mut self) {
        self.text.push('\n');
    }

    fn finding(&mut self, finding: &Finding) {
        let facts = finding.rule.facts();
        let paint = match finding.severity {
            Severity::Critical | Severity::High => Paint::Bad,
            Severity::Medium | Severity::Low => Paint::Warn,
            Severity::Info => Paint::Plain,
        };
        self.gap();
        self.line(0, paint, &format!("{} {}: {}", finding.severity, facts.id, facts.title));
        for detail in &finding.details {
            self.line(1, Paint::Plain, detail);
        }
        self.line(1, Paint::Plain, facts.why);
        for evidence in &finding.evidence {
            self.evidence(evidence);
        }
        self.line(1, Paint::Good, &format!("Fix: {}", facts.fix));
        self.line(1, Paint::Dim, &facts.anchor());
    }

    fn evidence(&mut self, evidence: &Evidence) {
        for line in &evidence.request {
            self.line(1, Paint::Out, &format!("> {line}"));
        }
        let status = evidence.status.map(|status| status.to_string()).unwrap_or_default();
        for line in std::iter::once(&status).chain(&evidence.response) {
            self.line(1, Paint::In, &format!("< {line}"));
        }
    }

    fn matrix(&mut self, rows: &[Row]) {
        self.gap();
        self.line(0, Paint::Room, "Origins, what they may read, and what they may send");
        for row in rows {
            let read = row.read.map_or("unknown", |access| access.as_str());
            self.line(1, Paint::Plain, &format!("{} ({}): read {read}", row.origin, row.role.as_str()));
            for (kind, cells) in [("methods", &row.methods), ("headers", &row.header_names)] {
                let cells: Vec<String> = cells
                    .iter()
                    // What was not asked about is no news.
                    .filter(|(_, cell)| *cell != Cell::Unknown)
                    .map(|(name, cell)| format!("{name} {}", cell.as_str()))
                    .collect();
                if !cells.is_empty() {
                    self.line(2, Paint::Plain, &format!("{kind}: {}", cells.join(", ")));
                }
            }
        }
    }

    fn economy(&mut self, audit: &Audit) {
        let economy = &audit.economy;
        self.gap();
        self.line(0, Paint::Room, "Preflights");
        for cost in &economy.requests {
            let text = match (cost.reasons.is_empty(), cost.instead) {
                (true, _) => format!("{}: none", cost.request),
                (false, None) => format!("{}: one, as {}", cost.request, cost.reasons.join("; ")),
                (false, Some(instead)) => {
                    format!("{}: one, as {}; spared by: {instead}", cost.request, cost.reasons.join("; "))
                }
            };
            self.line(1, Paint::Plain, &text);
        }
        if !economy.remembered.is_empty() {
            let said = economy.max_age_said.as_deref().unwrap_or("absent");
            let remembered: Vec<String> = economy
                .remembered
                .iter()
                .map(|(browser, seconds)| format!("{browser} {seconds} s"))
                .collect();
            let text = format!("Access-Control-Max-Age is {said}: remembered by {}", remembered.join(", "));
            self.line(1, Paint::Plain, &text);
        }
        for advice in &economy.advice {
            self.line(1, Paint::Plain, advice);
        }
    }
}
