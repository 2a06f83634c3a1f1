//! The stop about giving up: what 2015 promised for later.

use super::{Act, Expect, Stop, Told};

pub(super) const ABORT: Stop = Stop {
    name: "abort",
    title: "Abort: to give up an answer, or the rest of a body",
    acts: &[
        Act {
            note: "An answer that never comes:",
            script: Some(
                r#"const controller = new AbortController();
setTimeout(() => controller.abort(), 300);
await fetch("https://site.com/never.json", { signal: controller.signal })
  .catch((error) => console.log(error.name));"#,
            ),
            // NB: whether the request is out by then is the machine's to say.
            expects: &[Expect::Console(&["AbortError"]), Expect::Fetches(&[Told::GivenUp])],
            ..Act::USUAL
        },
        Act {
            note: "One that comes, with a body that does not end:",
            script: Some(
                r#"const controller = new AbortController();
const { signal } = controller;
const response = await fetch("https://site.com/gated.txt", { signal });
console.log(response.status);
controller.abort();
await response.text().catch((error) => console.log(error.name));"#,
            ),
            expects: &[
                Expect::Console(&["200", "AbortError"]),
                Expect::Requests(&["GET https://site.com/gated.txt"]),
                Expect::Fetches(&[Told::Readable]),
            ],
            ..Act::USUAL
        },
    ],
    lesson: "What the article of 2015 hoped for: one signal ends the fetch or its body, and a script can tell it from every \
             other failure, which is a TypeError.",
    link: "https://fetch.spec.whatwg.org/#abort-fetch",
    ..Stop::USUAL
};
