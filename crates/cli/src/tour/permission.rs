//! Stops about permission: what needs none, what a preflight asks, what the answer must say again, and how a refusal is mended.

use super::{Act, Expect, Stop, Told};

pub(super) const FORM: Stop = Stop {
    name: "form",
    title: "A form's POST to another origin: nobody is asked first",
    acts: &[Act {
        script: Some(
            r#"const form = new URLSearchParams({ firstName: "Nikhil", favColor: "blue" });
const response = await fetch("https://site.com/submit", {
  method: "POST", body: form,
});
console.log(response.type, (await response.json()).saved.favColor);"#,
        ),
        expects: &[
            Expect::Console(&["cors blue"]),
            Expect::Requests(&["POST https://site.com/submit"]),
            Expect::Sent(0, "Content-Type: application/x-www-form-urlencoded;charset=UTF-8"),
            Expect::Sent(0, "Origin: https://javascript.info"),
            Expect::Fetches(&[Told::Readable]),
        ],
        ..Act::USUAL
    }],
    lesson: "Forms could always send this from any page, so no preflight asks for it; only whether the script may read the \
             answer is the server's to say.",
    link: "https://fetch.spec.whatwg.org/#cors-safelisted-request-header",
    ..Stop::USUAL
};

pub(super) const PREFLIGHT: Stop = Stop {
    name: "preflight",
    title: "The PATCH of the note, and the question that goes before it",
    acts: &[
        Act {
            script: Some(
                r#"const response = await fetch("https://site.com/service.json", {
  method: "PATCH",
  headers: { "Content-Type": "application/json", "API-Key": "secret" },
});
console.log(response.status, (await response.json()).service);"#,
            ),
            expects: &[
                Expect::Console(&["200 updated"]),
                Expect::Requests(&[
                    "OPTIONS https://site.com/service.json",
                    "PATCH https://site.com/service.json",
                ]),
                Expect::Sent(0, "Access-Control-Request-Method: PATCH"),
                Expect::Sent(0, "Access-Control-Request-Headers: api-key,content-type"),
                Expect::NotSent(0, "API-Key"),
                Expect::Sent(1, "API-Key: secret"),
                Expect::Sent(1, "Origin: https://javascript.info"),
                Expect::Fetches(&[Told::Readable]),
            ],
            ..Act::USUAL
        },
        Act {
            note: "The same script again, while Access-Control-Max-Age lasts:",
            expects: &[
                Expect::Console(&["200 updated"]),
                Expect::Requests(&["PATCH https://site.com/service.json"]),
                Expect::Fetches(&[Told::Readable]),
            ],
            ..Act::USUAL
        },
    ],
    lesson: "The note has `Content-Type,API-Key` as the script writes them; the Standard lower-cases the names, sorts them and \
             joins them by a comma without a space, so that these bytes are `api-key,content-type` whatever the script wrote \
             (the answer may write them in any case).",
    link: "https://fetch.spec.whatwg.org/#cors-preflight-fetch",
    ..Stop::USUAL
};

pub(super) const ANSWER: Stop = Stop {
    name: "answer",
    title: "Granted, then closed: the real answer must allow the origin again",
    acts: &[Act {
        script: Some(
            r#"await fetch("https://site.com/granted-then-closed.json", {
  method: "PATCH",
  headers: { "API-Key": "secret" },
});"#,
        ),
        expects: &[
            Expect::Console(&[]),
            Expect::Uncaught("TypeError"),
            Expect::Requests(&[
                "OPTIONS https://site.com/granted-then-closed.json",
                "PATCH https://site.com/granted-then-closed.json",
            ]),
            Expect::Answered(1, 200),
            Expect::Fetches(&[Told::Refused("CorsCheck")]),
        ],
        ..Act::USUAL
    }],
    lesson: "A preflight grants the sending, never the reading: here the PATCH is done, and the script is told that it failed.",
    link: "https://fetch.spec.whatwg.org/#concept-cors-check",
    ..Stop::USUAL
};

pub(super) const REFUSED: Stop = Stop {
    name: "refused",
    title: "A refused origin, and the smallest change that lets it pass",
    acts: &[
        Act {
            script: Some(
                r#"const response = await fetch("https://site.com/other-origin.json");
console.log(response.status, response.type);"#,
            ),
            fixes: true,
            expects: &[
                Expect::Console(&[]),
                Expect::Uncaught("TypeError"),
                Expect::Requests(&["GET https://site.com/other-origin.json"]),
                Expect::Fetches(&[Told::Refused("CorsCheck")]),
            ],
            ..Act::USUAL
        },
        Act {
            note: "The server makes this change, and the same script runs again:",
            changed: true,
            expects: &[
                Expect::Console(&["200 cors"]),
                Expect::Requests(&["GET https://site.com/other-origin.json"]),
                Expect::Fetches(&[Told::Readable]),
            ],
            ..Act::USUAL
        },
    ],
    lesson: "CORS is the server's word: no option of `fetch()` reads what the server does not allow, and the script never \
             learns why, so look here, or at the server.",
    link: "https://fetch.spec.whatwg.org/#http-cors-protocol",
    ..Stop::USUAL
};
