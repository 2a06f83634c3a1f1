//! Rows of the table of CORS errors: a server that errs, and what `sofetch cors` says of it, as text and as JSON.

use serde_json::Value;
use sofetch_demo::{Reply, RequestSeen};

use super::{server, sofetch};

/// The page that asks, where a row has no other.
pub const PAGE: &str = "http://app.test";
pub const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";
pub const ALLOW_CREDENTIALS: &str = "Access-Control-Allow-Credentials";
pub const ALLOW_METHODS: &str = "Access-Control-Allow-Methods";
pub const ALLOW_HEADERS: &str = "Access-Control-Allow-Headers";

/// One row.
pub struct Row {
    /// Of the table.
    pub number: u8,
    /// What is wrong.
    pub name: &'static str,
    /// The page's origin.
    pub page: &'static str,
    /// What is asked, besides.
    pub args: &'static [&'static str],
    /// The server. It is told where another one is, of another origin, that answers by the same rule.
    pub answer: fn(&RequestSeen, &str) -> Reply,
    /// How the command ends.
    pub ends: i32,
    /// The verdict's kind.
    pub kind: &'static str,
    /// Which rule refused, and its code; empty for none.
    pub rule: &'static str,
    pub code: &'static str,
    /// What is said, in the text and in the JSON.
    pub says: &'static [&'static str],
    /// The first of the smallest changes, an edit each: `preflight + Name: value`, `request status 204`; the other
    /// server is `{there}`.
    pub fixes: &'static [&'static str],
}

/// What most rows have.
pub const REFUSED: Row = Row {
    number: 0,
    name: "",
    page: PAGE,
    args: &[],
    answer: |_, _| Reply::ok("x"),
    ends: 1,
    kind: "refused",
    rule: "CorsCheck",
    code: "",
    says: &[],
    fixes: &[],
};

impl Row {
    /// Asks twice, for the text and for the JSON.
    pub fn holds(&self) {
        let answer = self.answer;
        let other = server(move |request| answer(request, ""));
        let base = other.url("");
        let there = base.clone();
        let server = server(move |request| answer(request, &there));
        let url = server.url("/");
        let ask = |more: &[&str]| {
            let args =
                [&["cors", &url, "--origin", self.page, "--send", "always", "-m", "60"], self.args, more];
            sofetch(&args.concat()).ended(self.ends)
        };
        let row = format!("row {}, {}", self.number, self.name);
        let text = ask(&[]);
        let report = ask(&["--report", "json"]).json();
        let told = strings(&report);
        for word in self.says {
            assert!(text.text().contains(word), "{row}: {word:?} is not in: {}", text.text());
            assert!(told.contains(word), "{row}: {word:?} is not in: {told}");
        }
        let verdict = &report["verdict"];
        assert_eq!(verdict["kind"], self.kind, "{row}: {}", text.text());
        let said = |member: &str| verdict["ruling"][member].as_str().unwrap_or_default();
        assert_eq!((said("rule"), said("code")), (self.rule, self.code), "{row}: {}", text.text());
        let edits: Vec<String> =
            edits(&report).into_iter().map(|edit| edit.replace(&base, "{there}")).collect();
        assert_eq!(edits, self.fixes, "{row}: {}", text.text());
    }
}

/// Holds each row, all at once, and tells of each that does not.
pub fn hold(rows: &[Row]) {
    std::thread::scope(|scope| {
        let all: Vec<_> = rows.iter().map(|row| scope.spawn(|| row.holds())).collect();
        let failed = all.into_iter().map(|row| row.join()).filter(Result::is_err).count();
        assert_eq!(failed, 0, "rows failed, see above");
    });
}

/// The edits of the first set.
fn edits(report: &Value) -> Vec<String> {
    let mut edits = Vec::new();
    for answer in report["fixes"]["sets"][0]["answers"].as_array().into_iter().flatten() {
        let to = answer["to"].as_str().expect("a word");
        for edit in answer["edits"].as_array().expect("its edits") {
            let text = |member: &str| edit[member].as_str().unwrap_or_default();
            edits.push(match text("kind") {
                "set" => format!("{to} + {}: {}", text("name"), text("value")),
                "remove" => format!("{to} - {}", text("name")),
                _ => format!("{to} status {}", edit["status"]),
            });
        }
    }
    edits
}

/// All texts of a report, a line each.
fn strings(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text}\n"),
        Value::Array(items) => items.iter().map(strings).collect(),
        Value::Object(members) => members.values().map(strings).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}
