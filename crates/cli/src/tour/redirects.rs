//! The stop about redirects: what crosses two origins has none of its own any more.

use super::{Act, Expect, Stop, Told};

pub(super) const REDIRECT: Stop = Stop {
    name: "redirect",
    title: "A redirect across origins: from there on the origin is `null`",
    acts: &[
        Act {
            script: Some(
                r#"const response = await fetch("https://site.com/redirect/cross-origin");
console.log(response.redirected, response.url, response.type);"#,
            ),
            expects: &[
                Expect::Console(&["true https://javascript.info/open.json cors"]),
                Expect::Requests(&[
                    "GET https://site.com/redirect/cross-origin",
                    "GET https://javascript.info/open.json",
                ]),
                Expect::Sent(0, "Origin: https://javascript.info"),
                Expect::Sent(1, "Origin: null"),
                Expect::Fetches(&[Told::Readable]),
            ],
            ..Act::USUAL
        },
        Act {
            note: "To a resource that is for the page's own origin alone:",
            script: Some(r#"await fetch("https://site.com/redirect/cross-origin-refused");"#),
            expects: &[
                Expect::Console(&[]),
                Expect::Uncaught("TypeError"),
                Expect::Requests(&[
                    "GET https://site.com/redirect/cross-origin-refused",
                    "GET https://javascript.info/own.json",
                ]),
                Expect::Sent(1, "Origin: null"),
                Expect::Fetches(&[Told::Refused("CorsCheck")]),
            ],
            ..Act::USUAL
        },
    ],
    lesson: "Every hop's answer must allow the page, and once another origin has chosen where to go, the last server cannot \
             know whose wish it is: it is asked as `null`, though here it is the page's own server.",
    link: "https://fetch.spec.whatwg.org/#concept-http-redirect-fetch",
    ..Stop::USUAL
};
