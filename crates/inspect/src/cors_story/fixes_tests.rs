//! Sets of edits as lines and as JSON, those with strangers' words among them.

use serde_json::json;
use sofetch_core::fixes::{AnswerId, Edit};
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::url::Url;

use super::*;
use crate::safe_text::is_unsafe;

fn offered(to: AnswerTo, change: Change, was: Option<&str>) -> OfferedEdit {
    OfferedEdit {
        edit: Edit { answer: AnswerId { hop: 0, to }, change },
        method: if to == AnswerTo::Preflight { Method::OPTIONS } else { Method::PATCH },
        url: Url::parse("https://u:p@b.test/x?token=hunter2", None).expect("a URL of the tests"),
        was: was.map(str::to_owned),
        assumed: to == AnswerTo::Request,
        opens: None,
    }
}

fn set(name: &str, value: &str) -> Change {
    Change::Set { name: name.to_owned(), value: value.to_owned() }
}

fn text(fixes: &Fixes) -> String {
    fixes
        .lines("The smallest change that would let it pass")
        .into_iter()
        .map(|(level, line)| format!("{}{line}\n", "  ".repeat(level)))
        .collect()
}

/// A refused OPTIONS, and what it would take.
fn refused_options() -> SmallestChanges {
    use AnswerTo::{Preflight, Request};
    let edits = vec![
        offered(Preflight, set("Access-Control-Allow-Methods", "GET, PATCH"), Some("GET")),
        offered(Preflight, set("Access-Control-Allow-Origin", "https://a.test"), None),
        offered(Preflight, Change::Status { status: 204 }, None),
        offered(Request, set("Access-Control-Allow-Origin", "https://a.test"), None),
    ];
    SmallestChanges { sets: vec![EditSet { edits }], refused: Vec::new() }
}

#[test]
fn edits_are_lines_of_their_answers() {
    let fixes = Fixes::of(&refused_options(), Secrets::Redacted);
    let expected = "\
The smallest change that would let it pass, 4 edits:
  the answer to OPTIONS https://[redacted]@b.test/x?token=[redacted]
    + status 204
    + Access-Control-Allow-Origin: https://a.test
    + Access-Control-Allow-Methods: GET, PATCH    (was: GET)
  the answer to PATCH https://[redacted]@b.test/x?token=[redacted] (assumed: a bare 200; nothing was asked there yet)
    + Access-Control-Allow-Origin: https://a.test
  An answer that names an origin says `Vary: Origin` too, or a cache gives it to a page of another. Take the origin from a list of those that may; to return whatever origin asks lets everybody in. What every page may read can say `*` instead, which no credentials go with.
";
    assert_eq!(text(&fixes), expected);
}

#[test]
fn the_json_of_a_set() {
    let fixes = Fixes::of(&refused_options(), Secrets::Redacted);
    let value = serde_json::to_value(&fixes).expect("JSON");
    let answer = &value["sets"][0]["answers"][0];
    assert_eq!(answer["to"], "preflight");
    assert_eq!(answer["hop"], 0);
    assert_eq!(answer["assumed"], false);
    assert_eq!(
        answer["edits"],
        json!([
            { "kind": "status", "status": 204, "was": null },
            { "kind": "set", "name": "Access-Control-Allow-Origin", "value": "https://a.test", "was": null },
            { "kind": "set", "name": "Access-Control-Allow-Methods", "value": "GET, PATCH", "was": "GET" },
        ])
    );
    assert_eq!(value["sets"][0]["answers"][1]["assumed"], true);
    assert_eq!(value["sets"][0]["opens"], json!(null));
    assert_eq!(value["refused"], json!([]));
}

#[test]
fn what_opens_more_is_not_advised_and_says_why() {
    for (opens, word, reason) in [
        (OpensMore::Null, "null", "`*` says as much"),
        (OpensMore::NullWithCredentials, "null-with-credentials", "reads what is the user's"),
    ] {
        let mut edit = offered(AnswerTo::Request, set("Access-Control-Allow-Origin", "null"), None);
        edit.opens = Some(opens);
        let changes = SmallestChanges { sets: Vec::new(), refused: vec![EditSet { edits: vec![edit] }] };
        let fixes = Fixes::of(&changes, Secrets::Redacted);
        let text = text(&fixes);
        assert!(text.starts_with("Not advised, though it would pass:\n"), "{text}");
        assert!(text.contains(reason), "{text}");
        assert!(!text.contains("Vary"), "{text}");
        assert_eq!(serde_json::to_value(&fixes).expect("JSON")["refused"][0]["opens"], word);
    }
}

#[test]
fn each_further_set_is_an_or() {
    let one = |change| EditSet { edits: vec![offered(AnswerTo::Preflight, change, None)] };
    let remove = Change::Remove { name: "Access-Control-Allow-Methods".to_owned() };
    let sets = vec![one(set("Access-Control-Allow-Methods", "GET")), one(remove)];
    let text = text(&Fixes::of(&SmallestChanges { sets, refused: Vec::new() }, Secrets::Redacted));
    assert!(text.contains("pass, 1 edit:\n"), "{text}");
    assert!(text.contains("Or, 1 edit as well:\n"), "{text}");
    assert!(text.contains("    - Access-Control-Allow-Methods\n"), "{text}");
}

#[test]
fn strangers_words_are_escaped_and_secrets_kept() {
    let edits = vec![
        offered(AnswerTo::Preflight, set("Access-Control-Allow-Headers", "x\x1b[31m"), Some("\u{202e}a")),
        offered(
            AnswerTo::Request,
            set("Location", "https://b.test/?token=hunter2"),
            Some("https://u:hunter2@b.test/?token=hunter2"),
        ),
    ];
    let changes = SmallestChanges { sets: vec![EditSet { edits }], refused: Vec::new() };
    let fixes = Fixes::of(&changes, Secrets::Redacted);
    for text in [text(&fixes), serde_json::to_string(&fixes).expect("JSON")] {
        assert!(!text.contains("hunter2"), "{text}");
        assert!(!text.chars().any(|shown| shown != '\n' && is_unsafe(shown)), "{text}");
    }
    assert!(text(&Fixes::of(&changes, Secrets::Shown)).contains("token=hunter2"));
}
