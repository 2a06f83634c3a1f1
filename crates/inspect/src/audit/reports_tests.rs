//! The forms for machines, held against what their readers insist on.

use serde_json::Value;

use super::tests::{audit, named};
use super::*;
use crate::hostile_tests::hostile_text;
use crate::tree::Options;

const HOSTILE: &str = "\u{1b}[31m\u{9b}2J\u{202e}<script>&\"']]>\u{fffe}";

/// A server that says what steers terminals, breaks XML, and is too long.
fn hostile() -> Audit {
    let mut kept = named("unexpected-origin-allowed");
    kept.change = |seen, said| {
        said.headers.push(("Access-Control-Allow-Origin", HOSTILE.to_owned()));
        said.headers.push(("Access-Control-Allow-Methods", HOSTILE.to_owned()));
        said.headers.push(("Vary", "a".repeat(65536)));
        said.headers.push(("Set-Cookie", "sid=hush".to_owned()));
        if seen.method == "GET" {
            said.status = 302;
            said.headers.push(("Location", format!("https://u:hush@a.test/{HOSTILE}")));
        }
    };
    audit(&kept)
}

/// A server that says anything, another thing each time.
pub(crate) fn hostile_audit() -> Audit {
    let mut kept = named("unexpected-origin-allowed");
    kept.change = |seen, said| {
        for name in [
            "Access-Control-Allow-Origin",
            "Access-Control-Allow-Methods",
            "Access-Control-Allow-Headers",
            "Access-Control-Max-Age",
            "Vary",
            "Cache-Control",
            "Set-Cookie",
            "Location",
        ] {
            if seen.path.len() % 2 == 0 || name.len() % 3 != 0 {
                said.headers.push((name, hostile_text()));
            }
        }
    };
    audit(&kept)
}

#[track_caller]
fn assert_tame(text: &str) {
    let wild = text
        .chars()
        .find(|&character| (character.is_control() && character != '\n') || character == '\u{202e}');
    assert_eq!(wild, None, "{text:?}");
    assert!(!text.contains("hush"), "{text}");
    assert!(text.len() < 200_000, "{} bytes", text.len());
}

#[test]
fn hostile_answers_are_tame_in_every_form() {
    let audit = hostile();
    assert!(audit.worst().is_some());
    let text = audit.text(Options::default());
    assert!(text.contains("\\x1B[31m"), "{text}");
    for form in [text, audit.to_json_text(), audit.to_sarif_text()] {
        assert_tame(&form);
    }
    let xml = audit.to_junit(Some(Severity::Low));
    assert_tame(&xml);
    assert!(!xml.contains("<script>") && !xml.contains('\u{fffe}'), "no XML may hold it");
    well_formed(&xml);
}

#[test]
fn the_json_form() {
    let json = audit(&named("origin-reflected")).to_json();
    assert_eq!(json["schema"], "sofetch-cors-audit/1");
    assert_eq!(json["worst"], "critical");
    let finding = &json["findings"][0];
    assert_eq!((&finding["rule"], &finding["severity"]), (&"origin-reflected".into(), &"critical".into()));
    assert_eq!(finding["evidence"][0]["status"], 200);
    assert!(
        finding["evidence"][0]["request"][0].as_str().is_some_and(|line| line.starts_with("GET https://"))
    );
    assert_eq!(json["matrix"][0]["origin"], "https://app.example.com");
    assert_eq!(json["matrix"][0]["methods"][0]["answer"], "with-credentials");
    assert_eq!(json["preflights"]["remembered"][0]["browser"], "Chromium");
    assert_eq!(json["requests"]["left_out"], 0);
}

/// What the schema requires of the parts that are used, and what GitHub's reader requires besides: a location whose URI has no
/// scheme, rules with `security-severity`, fingerprints that are strings.
#[test]
fn the_sarif_form() {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).expect("a text").to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    for audit in [audit(&named("origin-reflected")), audit(&named("preflight-fails")), hostile()] {
        let log = audit.to_sarif();
        assert_eq!(log["version"], "2.1.0");
        assert!(text(&log["$schema"]).ends_with("sarif-2.1.0.json"));
        let runs = list(&log["runs"]);
        assert_eq!(runs.len(), 1);
        let driver = &runs[0]["tool"]["driver"];
        text(&driver["name"]);
        let rules = list(&driver["rules"]);
        assert_eq!(rules.len(), RULES.len());
        for rule in &rules {
            text(&rule["id"]);
            assert!(text(&rule["name"]).chars().all(|letter| letter.is_ascii_alphanumeric()));
            for member in ["shortDescription", "fullDescription", "help"] {
                text(&rule[member]["text"]);
            }
            assert!(text(&rule["helpUri"]).starts_with("https://"));
            assert!(["note", "warning", "error"].contains(&&*text(&rule["defaultConfiguration"]["level"])));
            let score: f64 = text(&rule["properties"]["security-severity"]).parse().expect("a number");
            assert!((0.0..=10.0).contains(&score));
        }
        assert_eq!(runs[0]["invocations"][0]["executionSuccessful"], true);
        for notification in list(&runs[0]["invocations"][0]["toolExecutionNotifications"]) {
            text(&notification["message"]["text"]);
        }
        let results = list(&runs[0]["results"]);
        assert_eq!(results.len(), audit.findings.len());
        for result in &results {
            text(&result["message"]["text"]);
            let index =
                usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("a small one");
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert!(["note", "warning", "error"].contains(&&*text(&result["level"])));
            let location = &list(&result["locations"])[0]["physicalLocation"];
            let uri = text(&location["artifactLocation"]["uri"]);
            assert_eq!(uri, "api.example.com/items");
            assert!(location["region"]["startLine"].as_u64().is_some_and(|line| line >= 1));
            let fingerprints = result["partialFingerprints"].as_object().expect("an object");
            assert!(!fingerprints.is_empty() && fingerprints.values().all(Value::is_string));
            for member in ["webRequest", "webResponse"] {
                let headers = result[member]["headers"].as_object();
                assert!(headers.is_some_and(|headers| headers.values().all(Value::is_string)), "{result}");
            }
            assert!(
                result["webResponse"]["statusCode"].is_u64() && result["webRequest"]["method"].is_string()
            );
        }
    }
}

#[test]
fn places_are_relative_urls() {
    for (url, place) in [
        ("https://u:hush@api.test/items?token=hush#x", "api.test/items"),
        ("http://127.0.0.1:8080/", "127.0.0.1%3A8080/"),
        ("http://[::1]/a b", "%5B%3A%3A1%5D/a%20b"),
    ] {
        let url = Url::parse(url, None).expect("a URL of the tests");
        assert_eq!(super::place(&url), place);
        let base = Url::parse("https://base.test/", None).expect("a URL of the tests");
        let resolved = Url::parse(place, Some(&base)).expect("a relative URL");
        assert!(resolved.same_origin(&base), "{place}");
    }
}

#[test]
fn the_junit_form() {
    let audit = audit(&named("wildcard-despite-origins"));
    let attribute = |line: &str, name: &str| {
        let start = line.find(&format!(" {name}=\"")).expect(name) + name.len() + 3;
        line[start..].split('"').next().unwrap_or_default().to_owned()
    };
    for (fail_on, failures) in
        [(None, 0), (Some(Severity::High), 0), (Some(Severity::Medium), 0), (Some(Severity::Low), 1)]
    {
        let xml = audit.to_junit(fail_on);
        well_formed(&xml);
        let suite = xml.lines().find(|line| line.contains("<testsuite ")).expect("a suite");
        assert_eq!(attribute(suite, "tests"), RULES.len().to_string());
        assert_eq!(attribute(suite, "failures"), failures.to_string());
        assert_eq!(xml.matches("<testcase ").count(), RULES.len());
        assert_eq!(xml.matches("<failure ").count(), failures);
        assert_eq!(xml.matches("      <system-out>").count(), 1 - failures, "what does not fail is told");
    }
}

/// Elements are closed in their order, attributes quoted, and nothing stands bare that must be written as an entity.
fn well_formed(xml: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("a declaration");
    while let Some(start) = rest.find('<') {
        entities(&rest[..start]);
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-'), "{name}");
        assert_eq!(attributes.matches('"').count() % 2, 0, "{attributes}");
        entities(attributes);
        if !closed {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest:?}");
}

fn entities(text: &str) {
    for after in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;"].into_iter().any(|name| after.starts_with(name));
        assert!(known, "&{after}");
    }
}
