//! A tape hears what went over the wire, and a replay answers with it.

use sofetch_core::fixes::Change;
use sofetch_core::trace::Event;

use super::*;
use crate::smallest_changes::tests::{GET, PATCH, answered, answering, on, page};

fn set(hop: u32, to: AnswerTo, name: &str, value: &str) -> Edit {
    let change = Change::Set { name: name.to_owned(), value: value.to_owned() };
    Edit { answer: AnswerId { hop, to }, change }
}

const GRANTED: &[(&str, &str)] = &[
    ("Access-Control-Allow-Origin", "https://app.test"),
    ("Access-Control-Allow-Methods", "PATCH"),
    ("Access-Control-Allow-Headers", "api-key, content-type"),
];

#[test]
fn a_tape_is_what_its_events_tell() {
    on(async {
        let tape = Arc::new(answering(&[
            answered(0, AnswerTo::Preflight, PATCH.0, "https://api.test/", 204, GRANTED),
            answered(
                0,
                AnswerTo::Request,
                PATCH.0,
                "https://api.test/",
                307,
                &[("Access-Control-Allow-Origin", "*"), ("Location", "https://api.test/there")],
            ),
            answered(1, AnswerTo::Preflight, PATCH.0, "https://api.test/there", 204, GRANTED),
            answered(1, AnswerTo::Request, PATCH.0, "https://api.test/there", 200, &GRANTED[..1]),
        ]));
        let heard = Arc::new(Heard::default());
        let replay = Arc::new(Replay::new(tape.clone(), Vec::new()));
        let again = page("https://app.test/").over(replay.clone()).expect("randomness");
        let response = again.fetch(PATCH.request("https://api.test/").observer(heard.clone())).await;
        assert_eq!(response.expect("granted").status(), 200);
        let events = heard.0.lock().expect("no panic");
        let copy = Tape::of(events.iter());
        assert!(!copy.credentials);
        let lines = |tape: &Tape| {
            let line = |answer: &TapedAnswer| {
                format!("{:?} {} {:?} {:?}", answer.id, answer.url, answer.status, answer.header_list)
            };
            tape.answers.iter().map(line).collect::<Vec<_>>()
        };
        assert_eq!(lines(&copy), lines(&tape));
        assert_eq!(copy.answers[0].sent.get("Access-Control-Request-Method").as_deref(), Some(&b"PATCH"[..]));
        assert_eq!(copy.answers[3].sent.get("api-key").as_deref(), Some(&b"k"[..]));
        let served = replay.served();
        assert_eq!(served.len(), 4);
        assert!(served.iter().all(|served| !served.assumed));
    });
}

#[test]
fn what_was_never_answered_is_assumed_and_edits_apply_to_it() {
    on(async {
        let tape = Arc::new(Tape::default());
        let edits = vec![set(0, AnswerTo::Request, "Access-Control-Allow-Origin", "*")];
        let replay = Arc::new(Replay::new(tape, edits));
        let page = page("https://app.test/").over(replay.clone()).expect("randomness");
        let response = page.fetch(GET.request("https://api.test/")).await.expect("the edit lets it");
        assert_eq!(response.status(), 200);
        let served = replay.served();
        assert!(served[0].assumed);
        assert!(served[0].header_list.is_empty(), "as it was before the edits");
    });
}

#[test]
fn an_answer_is_given_once_and_to_its_own_request() {
    on(async {
        let open = &[("Access-Control-Allow-Origin", "*")][..];
        let tape =
            Arc::new(answering(&[answered(0, AnswerTo::Request, "GET", "https://api.test/", 200, open)]));
        let replay = Arc::new(Replay::new(tape, Vec::new()));
        let page = page("https://app.test/").over(replay.clone()).expect("randomness");
        assert!(page.fetch(GET.request("https://api.test/other")).await.is_err(), "another URL");
        assert!(
            page.fetch(GET.request("https://api.test/#fragment")).await.is_ok(),
            "a fragment is not sent"
        );
        assert!(page.fetch(GET.request("https://api.test/")).await.is_err(), "it was given");
        let assumed: Vec<bool> = replay.served().iter().map(|served| served.assumed).collect();
        assert_eq!(assumed, [true, false, true]);
    });
}

#[test]
fn an_edited_status_has_no_phrase() {
    on(async {
        let open = &[("Access-Control-Allow-Origin", "*")][..];
        let mut answer = answered(0, AnswerTo::Request, "GET", "https://api.test/", 200, open);
        answer.status_message = "Fine".into();
        let tape = Arc::new(answering(&[answer]));
        for (status, phrase) in [(200, "Fine"), (404, "")] {
            let change = Change::Status { status };
            let edit = Edit { answer: AnswerId { hop: 0, to: AnswerTo::Request }, change };
            let replay = Arc::new(Replay::new(tape.clone(), vec![edit]));
            let page = page("https://app.test/").over(replay).expect("randomness");
            let response = page.fetch(GET.request("https://api.test/")).await.expect("open");
            assert_eq!((response.status(), &*response.status_text()), (status, phrase));
        }
    });
}

#[derive(Default)]
struct Heard(Mutex<Vec<Event>>);

impl sofetch_core::trace::Observer for Heard {
    fn begin(&self) -> u32 {
        0
    }

    fn event(&self, _: sofetch_core::trace::TraceId, event: &Event) {
        self.0.lock().expect("no panic").push(event.clone());
    }
}
