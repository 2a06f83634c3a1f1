//! Stories of hand-made recordings.

use std::sync::Arc;

use serde_json::json;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::rules::cors_check::CorsCheck;
use sofetch_core::rules::cors_preflight::PreflightAnswer;
use sofetch_core::rules::redirect::Redirect;
use sofetch_core::trace::Algorithm;
use sofetch_core::wire_faults::{PeerMisbehaved, WireFault};

use super::*;
use crate::recording::Recording;
use crate::safe_text::is_unsafe;
use crate::test_recordings::{
    head, headers, patch_refused_at_preflight, patch_with_json, recorded, request, ruled, sent, url,
};
use crate::tree::Options;

fn story(recording: &Recording) -> CorsStory {
    CorsStory::of(recording.first().expect("a fetch"), Secrets::Redacted).expect("a story")
}

fn simple_get(target: &'static str, outcome: impl FnOnce() -> Outcome) -> Recording {
    recorded(|trace| {
        let _main = trace.enter(Algorithm::MainFetch);
        trace.emit(|| request(Method::GET, target, &[]));
        trace.emit(|| sent(Method::GET, target, &[]));
        trace.emit(|| head(200, "OK", &[("Content-Type", "text/plain")]));
        trace.emit(|| Event::Ended(outcome()));
    })
}

fn response(response_type: &'static str, list: &[(&'static str, &str)]) -> Outcome {
    Outcome::Response {
        response_type,
        status: if response_type == "opaque" { 0 } else { 200 },
        internal_status: 200,
        header_list: headers(list),
        url: Some(url("https://b.test/#here")),
    }
}

#[test]
fn a_readable_response_with_its_preflight() {
    let story = story(&patch_with_json(CorsCheck::AnyOrigin, 200));
    let expected = r#"PATCH https://[redacted]@b.test/x?token=[redacted]&n=1
asked by a page of https://a.test, mode "cors", credentials "same-origin"
with Authorization: Bearer [redacted]
with Cookie: [redacted]
with Content-Type: application/json

Same origin?  no: the URL is of https://b.test
Preflight?    yes
  - the method `PATCH` is not safelisted
  - the header `authorization` is not safelisted
  - the header `content-type` is not safelisted (`application/json` is not a type that a form could send)
  - the header `cookie` is not safelisted
  · No earlier preflight that is still remembered granted the method `PATCH`.

  > OPTIONS https://[redacted]@b.test/x?token=[redacted]&n=1 http/1.1
  > Access-Control-Request-Method: PATCH
  > Access-Control-Request-Headers: authorization,content-type
  < http/1.1 204
  < Access-Control-Allow-Methods: PATCH
  ✓ The preflight grants the methods `PATCH` and the headers `content-type` and `authorization`, for 5 seconds (the default).

  > PATCH https://[redacted]@b.test/x?token=[redacted]&n=1 http/1.1
  > Authorization: Bearer [redacted]
  > Cookie: [redacted]
  > Content-Type: application/json
  < http/1.1 200 Fine
  < Content-Type: text/plain
  < Set-Cookie: [redacted]
  < X-Odd: \x1B[31m\u{202E}
  < Access-Control-Expose-Headers: X-Shown
  < X-Shown: 1
  ✓ Access-Control-Allow-Origin is `*`: any origin may read.

Readable.
  The script may read the response.
  The preflight is asked again after 5 seconds: send `Access-Control-Max-Age: 7200`, which is as long as Chromium remembers (for each URL, query included).
  If https://a.test is a public page, Chromium 156 asks the person at it before anything is sent (Local Network Access): the address is "local". No header of the server's changes that: the person's leave does, or a page of the same network. An http URL under a public name also needs `targetAddressSpace: "local"` in fetch()'s init.
The script sees: a response of type "cors", status 200, https://[redacted]@b.test/x?token=[redacted]&n=1
  content-type: can be read: its name is safelisted
  x-shown: can be read: Access-Control-Expose-Headers says so
  access-control-expose-headers: cannot be read: Access-Control-Expose-Headers does not list it
  set-cookie: cannot be read: no script may read it, whatever the server exposes
  x-odd: cannot be read: Access-Control-Expose-Headers does not list it
"#;
    assert_eq!(story.text(Options::default()), expected);
    assert!(story.is_readable());
    assert_eq!(story.reached, Reached::Answered { status: 200 });
}

#[test]
fn a_refused_answer_has_reached_the_server() {
    let story = story(&patch_with_json(CorsCheck::NoAllowOrigin, 500));
    let text = story.text(Options::default());
    assert!(text.contains("  ✗ There is no Access-Control-Allow-Origin.\n"), "{text}");
    assert!(text.contains("The request reached the server and it answered 500."), "{text}");
    assert!(text.contains("Look at the 500 first"), "{text}");
    assert!(text.contains("The script sees: TypeError, and no reason."), "{text}");
    let value = story.to_json();
    assert_eq!(value["schema"], "sofetch-cors/1");
    assert_eq!(value["verdict"]["kind"], "refused");
    assert_eq!(value["verdict"]["ruling"]["verdict"], "no-allow-origin");
    assert_eq!(value["reached"], json!({ "sent": true, "status": 500 }));
    assert_eq!(value["script"], json!({ "kind": "rejected", "with": "TypeError" }));
    assert_eq!(value["hops"][0]["preflight"]["exchanges"][0]["status"], 204);
    assert_eq!(value["hops"][0]["same_origin"], false);
    let parsed: serde_json::Value = serde_json::from_str(&story.to_json_text()).expect("JSON");
    assert_eq!(parsed, value);
}

#[test]
fn a_refused_preflight_sends_nothing_more() {
    let story = story(&patch_refused_at_preflight());
    assert_eq!(story.reached, Reached::NotSent);
    let refused = PreflightAnswer::NotOkStatus { status: 405 };
    assert!(
        matches!(&story.verdict, StoryVerdict::Refused { ruling: Ruling::PreflightAnswer(answer) } if *answer == refused)
    );
    assert!(story.text(Options::default()).contains("The request was not sent."));
    assert_eq!(story.to_json()["reached"], json!({ "sent": false, "status": null }));
}

#[test]
fn verdicts_by_outcome() {
    let down = || {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let tried = vec![(([10, 0, 0, 1], 443).into(), Arc::new(refused) as _)];
        Outcome::NetworkError(NetworkError::new(WireFault::Connect { tried }))
    };
    let aborted = || Outcome::NetworkError(NetworkError::new(AbortReason::TimeoutError));
    type Case = (&'static str, Box<dyn FnOnce() -> Outcome>, &'static str, &'static str);
    let cases: [Case; 5] = [
        ("a CORS response can be read", Box::new(|| response("cors", &[])), "readable", "response"),
        ("an opaque one cannot", Box::new(|| response("opaque", &[("A", "1")])), "unreadable", "response"),
        (
            "an opaque redirect neither",
            Box::new(|| response("opaqueredirect", &[])),
            "unreadable",
            "response",
        ),
        ("a dead server is not CORS", Box::new(down), "network-failure", "rejected"),
        ("nor is who gave up", Box::new(aborted), "network-failure", "rejected"),
    ];
    for (row, outcome, verdict, script) in cases {
        let story = story(&simple_get("https://b.test/", outcome));
        let value = story.to_json();
        assert_eq!(value["verdict"]["kind"], verdict, "{row}");
        assert_eq!(value["script"]["kind"], script, "{row}");
        assert!(!story.text(Options::default()).is_empty(), "{row}");
    }
    let gone = recorded(|trace| trace.emit(|| request(Method::GET, "https://b.test/", &[])));
    assert_eq!(story(&gone).to_json()["verdict"]["kind"], "unfinished");
    assert!(CorsStory::of(recorded(|_| {}).first().expect("a fetch"), Secrets::Redacted).is_none());
}

#[test]
fn an_opaque_response_shows_neither_headers_nor_its_url() {
    let story = story(&simple_get("https://b.test/", || response("opaque", &[("Content-Type", "a/b")])));
    let ScriptView::Response { url, readable, hidden, .. } = &story.script else { panic!("a response") };
    assert_eq!(*url, None);
    assert!(readable.is_empty());
    assert_eq!(hidden[..], [("content-type".to_owned(), Shown::Opaque)]);
}

#[test]
fn the_url_that_a_script_sees_has_no_fragment() {
    let story = story(&simple_get("https://b.test/#here", || response("cors", &[])));
    let ScriptView::Response { url, .. } = &story.script else { panic!("a response") };
    assert_eq!(url.as_deref(), Some("https://b.test/"));
}

#[test]
fn row_66_what_one_exchange_shows_of_loose_servers_is_said() {
    for (row, headers, remarks) in [
        ("everybody", &[("Access-Control-Allow-Origin", "*")][..], &[][..]),
        ("one origin", &[("Access-Control-Allow-Origin", "https://a.test")], &[Remark::NoVary]),
        (
            "one origin, and it varies",
            &[("Access-Control-Allow-Origin", "https://a.test"), ("Vary", "a, ORIGIN")],
            &[],
        ),
        ("null", &[("Access-Control-Allow-Origin", "null"), ("Vary", "*")], &[Remark::NullAllowed]),
    ] {
        let story = story(&simple_get("https://b.test/", || response("cors", headers)));
        assert_eq!(story.remarks[..], *remarks, "{row}");
        assert_eq!(story.text(Options::default()).matches("Note: ").count(), remarks.len(), "{row}");
    }
}

#[test]
fn a_body_that_broke_off_is_told() {
    let recording = recorded(|trace| {
        trace.emit(|| request(Method::GET, "https://b.test/", &[]));
        trace.emit(|| Event::Ended(response("cors", &[])));
        let error = NetworkError::new(PeerMisbehaved::Truncated);
        trace.emit(|| Event::BodyEnded { encoded: 1, decoded: 1, error: Some(error) });
    });
    let story = story(&recording);
    assert!(story.is_readable(), "the promise of fetch() was fulfilled before");
    assert!(story.verdict_words().contains("breaks off. The body ended before"), "{}", story.verdict_words());
    assert_eq!(story.to_json()["body_error"]["code"], "truncated");
}

#[test]
fn a_preflight_without_headers_points_at_its_status() {
    let answer = PreflightAnswer::CorsCheckFailed(CorsCheck::NoAllowOrigin);
    for (row, status, first) in [
        ("a page of errors", 405, "Look at the 405 first. Route OPTIONS"),
        ("a login", 401, "Look at the 401 first. Answer OPTIONS before authentication"),
        ("an answer that was meant", 204, "On the answer to OPTIONS"),
    ] {
        let recording = recorded(|trace| {
            trace.emit(|| request(Method::PUT, "https://b.test/", &[]));
            let child = trace.child(Purpose::Preflight);
            child.emit(|| sent(Method::OPTIONS, "https://b.test/", &[]));
            child.emit(|| head(status, "", &[]));
            child.emit(|| ruled(answer.clone()));
            trace.emit(|| {
                Event::Ended(Outcome::NetworkError(NetworkError::new(Ruling::from(answer.clone()))))
            });
        });
        let hint = story(&recording).verdict_hint().expect("a hint");
        assert!(hint.starts_with(first), "{row}: {hint}");
    }
}

#[test]
fn same_origin_needs_no_cors() {
    let story = story(&simple_get("https://a.test/y", || response("basic", &[("Set-Cookie", "a=b")])));
    assert!(story.hops[0].same_origin);
    assert!(story.hops[0].preflight.is_none());
    let ScriptView::Response { hidden, .. } = &story.script else { panic!("a response") };
    assert_eq!(hidden[..], [("set-cookie".to_owned(), Shown::ForbiddenResponseHeader)]);
}

#[test]
fn the_owner_sees_all() {
    let recording = recorded(|trace| {
        trace.emit(|| request(Method::GET, "https://b.test/", &[]));
        trace.emit(|| {
            ruled(ResponseTaintingFork::Basic(sofetch_core::rules::response_tainting::BasicBecause::Owner))
        });
        trace.emit(|| Event::Ended(response("basic", &[("Set-Cookie", "a=b")])));
    });
    let story = story(&recording);
    assert!(!story.page);
    assert!(story.text(Options::default()).contains("asked by no page"));
    let ScriptView::Response { readable, .. } = &story.script else { panic!("a response") };
    assert_eq!(readable[..], [("set-cookie".to_owned(), Shown::Unfiltered)]);
}

#[test]
fn a_redirect_is_a_hop_of_its_own() {
    let check = CorsCheck::OriginMismatch {
        allowed: "https://a.test".into(),
        origin: "null".into(),
        tainted: true,
        credentials: false,
    };
    let recording = recorded(|trace| {
        trace.emit(|| request(Method::GET, "https://b.test/", &[]));
        trace.emit(|| sent(Method::GET, "https://b.test/", &[]));
        trace.emit(|| head(302, "Found", &[("Location", "https://c.test/?token=hunter2")]));
        trace.emit(|| {
            ruled(Redirect::Followed {
                from: "https://b.test/".into(),
                to: "https://c.test/?token=hunter2".into(),
                method_changed: None,
                removed_headers: vec![],
                count: 1,
            })
        });
        trace.emit(|| request(Method::GET, "https://c.test/?token=hunter2", &[]));
        trace.emit(|| sent(Method::GET, "https://c.test/?token=hunter2", &[]));
        trace.emit(|| head(200, "OK", &[("X-Title", "\x1b]0;owned\x07")]));
        trace.emit(|| ruled(check.clone()));
        trace.emit(|| Event::Ended(Outcome::NetworkError(NetworkError::new(Ruling::from(check.clone())))));
    });
    let story = story(&recording);
    assert_eq!(story.hops.len(), 2);
    let text = story.text(Options::default());
    assert!(text.contains("Redirected to GET https://c.test/?token=[redacted]\n"), "{text}");
    assert!(text.contains("The request reached the server and it answered 200."), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    assert!(!text.chars().any(|shown| shown != '\n' && is_unsafe(shown)), "{text}");
}

#[test]
fn fixes_stand_between_the_verdict_and_what_the_script_sees() {
    let story = story(&patch_refused_at_preflight());
    assert_eq!(story.to_json()["fixes"], json!(null), "nobody looked");
    let story = story.with_fixes(&SmallestChanges::default(), &Default::default(), None);
    assert_eq!(story.to_json()["fixes"], json!({ "sets": [], "refused": [] }));
    let text = story.text(Options::default());
    let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("{words}: {text}"));
    let fixes = place("\nNo change of the server's answers alone would let it pass.\n");
    assert!(place("\nRefused.\n") < fixes && fixes < place("\nThe script sees: "));
}
