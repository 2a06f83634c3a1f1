//! The stop about credentials modes: who is let know who asks.

use super::{Act, Expect, Stop, Told};

pub(super) const CREDENTIALS: Stop = Stop {
    name: "credentials",
    title: "Credentials: omit, same-origin, include",
    acts: &[
        Act {
            note: "The visitor has signed in at site.com before, with a name and a password:",
            script: Some(
                r#"const who = "https://site.com/who.json";
for (const credentials of ["omit", "same-origin", "include"]) {
  const response = await fetch(who, { credentials });
  console.log(credentials, (await response.json()).user);
}"#,
            ),
            expects: &[
                Expect::Console(&["omit null", "same-origin null", "include ada"]),
                Expect::Requests(&[
                    "GET https://site.com/who.json",
                    "GET https://site.com/who.json",
                    "GET https://site.com/who.json",
                ]),
                Expect::NotSent(0, "Authorization"),
                Expect::NotSent(1, "Authorization"),
                Expect::Sent(2, "Authorization: Basic YWRhOmxvdmVsYWNl"),
                Expect::Fetches(&[Told::Readable, Told::Readable, Told::Readable]),
            ],
            ..Act::USUAL
        },
        Act {
            note: "A star allows any origin, and so none with credentials:",
            script: Some(
                r#"const star = "https://site.com/wildcard-with-credentials.json";
await fetch(star, { credentials: "include" });"#,
            ),
            expects: &[
                Expect::Console(&[]),
                Expect::Uncaught("TypeError"),
                Expect::Requests(&["GET https://site.com/wildcard-with-credentials.json"]),
                Expect::Received(0, "access-control-allow-origin: *"),
                Expect::Fetches(&[Told::Refused("CorsCheck")]),
            ],
            ..Act::USUAL
        },
    ],
    signed_in: true,
    lesson: "The default is \"same-origin\" (the article still had \"omit\"); across origins credentials go with \"include\" \
             alone, cookies by the same rule, and the answer must then name the origin and say \
             Access-Control-Allow-Credentials: true.",
    link: "https://fetch.spec.whatwg.org/#cors-protocol-and-credentials",
    ..Stop::USUAL
};
