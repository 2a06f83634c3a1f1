//! The stop about cross-site request forgery: what CORS does not stop, and what does.

use super::{Act, Expect, Stop, Told};

pub(super) const CSRF: Stop = Stop {
    name: "csrf",
    title: "CSRF: what CORS does not stop, and what does",
    acts: &[
        Act {
            note: "The visitor has signed in at site.com, and opens this page of another origin:",
            script: Some(
                r#"self.post = (path) => fetch("https://site.com" + path, {
  method: "POST", mode: "no-cors", credentials: "include",
  body: new URLSearchParams({ to: "mallory", amount: "100" }),
});
const response = await post("/transfer");
console.log(response.type, response.status);"#,
            ),
            expects: &[
                Expect::Console(&["opaque 0"]),
                Expect::Requests(&["POST https://site.com/transfer"]),
                Expect::Sent(0, "Authorization: Basic YWRhOmxvdmVsYWNl"),
                Expect::Sent(0, "Sec-Fetch-Site: cross-site"),
                Expect::Answered(0, 200),
                Expect::Fetches(&[Told::Unreadable]),
            ],
            ..Act::USUAL
        },
        Act {
            note: "A server that wants a token of its own pages, which no other origin can read:",
            script: Some(r#"await post("/transfer-with-token");"#),
            expects: &[
                Expect::Console(&[]),
                Expect::Requests(&["POST https://site.com/transfer-with-token"]),
                Expect::Answered(0, 403),
                Expect::Fetches(&[Told::Unreadable]),
            ],
            ..Act::USUAL
        },
        Act {
            note: "A server that asks Sec-Fetch-Site, which no script can set:",
            script: Some(r#"await post("/transfer-same-site");"#),
            expects: &[
                Expect::Console(&[]),
                Expect::Requests(&["POST https://site.com/transfer-same-site"]),
                Expect::Sent(0, "Sec-Fetch-Site: cross-site"),
                Expect::Answered(0, 403),
                Expect::Fetches(&[Told::Unreadable]),
            ],
            ..Act::USUAL
        },
    ],
    signed_in: true,
    matters: &["sec-fetch-site"],
    lesson: "The 200 is the harm: the transfer was made, though the page could not read that it was; what helps is a token, a \
             look at Sec-Fetch-Site or Origin, or a session in a SameSite cookie, which would not have come along (here it is \
             a password: sofetch keeps no cookies yet).",
    link: "https://fetch.spec.whatwg.org/#append-a-request-origin-header",
};
