//! Stops at the page's own origin: a simple fetch, the mode that goes nowhere else, bodies that are read once.

use super::{Act, Expect, Stop, Told};

pub(super) const SIMPLE: Stop = Stop {
    name: "simple",
    title: "A simple fetch: a promise of a response",
    acts: &[Act {
        script: Some(
            r#"const response = await fetch("/data.json");
const data = await response.json();
console.log(response.ok, response.status, response.type, data.entries);
const missing = await fetch("/missing.json");
console.log(missing.ok, missing.status);"#,
        ),
        expects: &[
            Expect::Console(&["true 200 basic [\"one\", \"two\"]", "false 404"]),
            Expect::Requests(&[
                "GET https://javascript.info/data.json",
                "GET https://javascript.info/missing.json",
            ]),
            Expect::Fetches(&[Told::Readable, Told::Readable]),
            // Of one's own origin nobody must be told it.
            Expect::NotSent(0, "Origin"),
        ],
        ..Act::USUAL
    }],
    lesson: "Any status is an answer, so look at `response.ok`; the promise is rejected only where there is no response at \
             all.",
    link: "https://fetch.spec.whatwg.org/#fetch-method",
    ..Stop::USUAL
};

pub(super) const SAME_ORIGIN: Stop = Stop {
    name: "same-origin",
    title: "Mode \"same-origin\": no request leaves for another origin",
    acts: &[Act {
        script: Some(
            r#"const typed = "https://site.com/open.json";
await fetch(typed, { mode: "same-origin" }).then(
  (response) => console.log("Response succeeded?", response.ok),
  () => console.log("Please enter a same-origin URL!"),
);"#,
        ),
        expects: &[
            Expect::Console(&["Please enter a same-origin URL!"]),
            Expect::Requests(&[]),
            Expect::Fetches(&[Told::Refused("ResponseTaintingFork")]),
        ],
        ..Act::USUAL
    }],
    lesson: "A page that fetches what somebody typed says so with this mode: the refusal comes before anything is sent.",
    link: "https://fetch.spec.whatwg.org/#concept-request-mode",
    ..Stop::USUAL
};

pub(super) const CLONE: Stop = Stop {
    name: "clone",
    title: "A body is read once: clone first, read later",
    acts: &[Act {
        script: Some(
            r#"const response = await fetch("/data.json");
const copy = response.clone();
const texts = [await copy.text(), await response.text()];
console.log(texts[0] === texts[1], copy.bodyUsed, response.bodyUsed);
await response.text();"#,
        ),
        expects: &[
            Expect::Console(&["true true true"]),
            Expect::Uncaught("TypeError"),
            Expect::Requests(&["GET https://javascript.info/data.json"]),
            Expect::Answered(0, 200),
            Expect::Fetches(&[Told::Readable]),
        ],
        ..Act::USUAL
    }],
    lesson: "A body is a stream: `clone()` makes two of it before it is read, and reading one a second time is the script's own \
             error, of which no server hears.",
    link: "https://fetch.spec.whatwg.org/#dom-response-clone",
    ..Stop::USUAL
};
