//! The JSON form keeps its shape.

use serde_json::json;
use sofetch_core::rules::cors_check::CorsCheck;

use super::*;
use crate::test_recordings::patch_with_json;

#[test]
fn the_shape_of_a_recording() {
    let recording = patch_with_json(CorsCheck::AnyOrigin, 200);
    let value = recording.to_json(Secrets::Redacted);
    assert_eq!(value["schema"], "sofetch-trace/1");
    assert_eq!(value["dropped"], 0);
    let root = &value["fetches"][0];
    assert_eq!((&root["id"], &root["parent"], &root["purpose"]), (&json!(1), &Value::Null, &Value::Null));
    assert_eq!(root["began"], 0.0);
    let events = root["events"].as_array().expect("events");
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().expect("a name")).collect();
    assert_eq!(
        names,
        [
            "entered",
            "entered",
            "request",
            "ruled",
            "ruled",
            "entered",
            "entered",
            "ruled",
            "child",
            "entered",
            "rewrote",
            "rewrote",
            "sent",
            "body-sent",
            "head",
            "left",
            "ruled",
            "ruled",
            "left",
            "left",
            "left",
            "entered",
            "response",
            "body-ended",
            "left",
            "left"
        ]
    );
    assert_eq!(events[0], json!({ "at": 1.0, "event": "entered", "algorithm": "fetch" }));
    assert_eq!(
        events[2],
        json!({
            "at": 3.0,
            "event": "request",
            "method": "PATCH",
            "url": "https://[redacted]@b.test/x?token=[redacted]&n=1",
            "headers": [
                ["Authorization", "Bearer [redacted]"],
                ["Cookie", "[redacted]"],
                ["Content-Type", "application/json"]
            ],
            "mode": "cors",
            "credentials_mode": "same-origin",
            "origin": "https://a.test",
            "redirect_count": 0
        })
    );
    assert_eq!(
        events[3],
        json!({
            "at": 4.0,
            "event": "ruled",
            "ruling": {
                "rule": "PortBlocking",
                "verdict": "allowed",
                "anchor": "https://fetch.spec.whatwg.org/#block-bad-port",
                "blocks": false,
                "weight": "idle",
                "words": "The port is not a bad port."
            }
        })
    );
    let child = &events[8]["fetch"];
    assert_eq!(
        (&child["id"], &child["parent"], &child["purpose"]),
        (&json!(2), &json!(1), &json!("preflight"))
    );
    assert_eq!(events[8]["at"], child["began"]);
    assert_eq!(events[10]["value"], "https://a.test");
    assert_eq!(
        events[11],
        json!({ "at": events[11]["at"], "event": "rewrote", "header": "Cookie", "value": "[redacted]" })
    );
    assert_eq!(events[13]["bytes"], 5, "chunks are summed up");
    assert_eq!(events[14]["remote_address"], "10.0.0.1:443");
    assert_eq!(events[14]["protocol"], "http/1.1");
    assert_eq!(events[22]["response_type"], "cors");
}

#[test]
fn a_refusal_is_told_with_its_ruling() {
    let check = CorsCheck::CredentialsNotAllowed { said: Some("https://u:hunter2@x.test/".into()) };
    let value = patch_with_json(check, 500).to_json(Secrets::Redacted);
    let events = value["fetches"][0]["events"].as_array().expect("events");
    let ended = events.iter().find(|event| event["event"] == "network-error").expect("it ended so");
    let ruling = &ended["error"]["ruling"];
    assert_eq!(ended["error"]["code"], "CorsCheck");
    assert_eq!(ruling["blocks"], true);
    assert_eq!(ruling["weight"], "refused");
    let verdict = json!({ "credentials-not-allowed": { "said": "https://[redacted]@x.test/" } });
    assert_eq!(ruling["verdict"], verdict);
    assert_eq!(ended["error"]["words"], ruling["words"]);
    assert!(ruling["hint"].is_string());
}

#[test]
fn printed_json_leads_no_terminal_astray_and_is_the_same_value() {
    let recording = patch_with_json(CorsCheck::AnyOrigin, 200);
    let text = recording.to_json_text(Secrets::Redacted);
    assert!(!text.chars().any(|character| character != '\n' && is_unsafe(character)), "{text}");
    let parsed: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(parsed, recording.to_json(Secrets::Redacted));
    assert!(text.contains("\\u202e") && text.contains("\\u001b"), "{text}");
    let odd = json!({ "tag": "\u{e0041}\u{1f600}" });
    assert_eq!(serde_json::from_str::<Value>(&printed(&odd)).expect("JSON"), odd);
}

#[test]
fn nothing_shows_credentials_unless_asked() {
    let refused = CorsCheck::OriginMismatch {
        allowed: "https://u:hunter2@x.test".into(),
        origin: "https://a.test".into(),
        tainted: false,
        credentials: false,
    };
    for check in [CorsCheck::AnyOrigin, refused] {
        let recording = patch_with_json(check, 200);
        let story =
            crate::CorsStory::of(recording.first().expect("a fetch"), Secrets::Redacted).expect("a story");
        let options = crate::Options { verbose: true, ..Default::default() };
        for text in [
            format!("{recording:?}"),
            recording.to_json_text(Secrets::Redacted),
            crate::tree(&recording, options),
            story.text(options),
            story.to_json_text(),
            crate::bars(&crate::timeline(&recording), Secrets::Redacted),
        ] {
            assert!(!text.contains("hunter2"), "{text}");
        }
        assert!(recording.to_json_text(Secrets::Shown).contains("Bearer hunter2"));
        let shown = crate::Options { secrets: Secrets::Shown, ..options };
        assert!(crate::tree(&recording, shown).contains("Cookie: sid=hunter2"));
    }
}

#[test]
fn a_line_is_one_and_safe() {
    let value = serde_json::json!({ "a": "x\u{1b}[31m\u{202e}\n\u{9b}" });
    let line = crate::json::printed_line(&value);
    assert!(line.is_ascii() && !line.contains(['\n', '\u{1b}']), "{line}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&line).expect("JSON"), value);
}
