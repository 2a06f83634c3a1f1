//! Stops about what a script sees of a response: nothing of an opaque one, some headers of a cross-origin one.

use super::{Act, Expect, Stop, Told};

pub(super) const OPAQUE: Stop = Stop {
    name: "opaque",
    title: "Mode \"no-cors\": a response of which the script can read nothing",
    acts: &[Act {
        script: Some(
            r#"const picture = "https://site.com/opaque.svg";
const response = await fetch(picture, { mode: "no-cors" });
console.log(response.type, response.status, [...response.headers].length);
console.log(JSON.stringify(await response.text()));"#,
        ),
        expects: &[
            Expect::Console(&["opaque 0 0", "\"\""]),
            Expect::Requests(&["GET https://site.com/opaque.svg"]),
            Expect::Answered(0, 200),
            Expect::Fetches(&[Told::Unreadable]),
        ],
        ..Act::USUAL
    }],
    lesson: "Such a response may be shown or stored (an image, a script) and never be read: this mode does not help against a \
             CORS error.",
    link: "https://fetch.spec.whatwg.org/#concept-filtered-response-opaque",
    ..Stop::USUAL
};

pub(super) const EXPOSED: Stop = Stop {
    name: "exposed",
    title: "Headers of another origin: seven names, and the exposed",
    acts: &[Act {
        script: Some(
            r#"const { headers } = await fetch("https://site.com/exposed.json");
for (const name of ["Content-Type", "X-Request-Id", "X-Internal", "Date"])
  console.log(name, headers.get(name));"#,
        ),
        expects: &[
            Expect::Console(&[
                "Content-Type application/json",
                "X-Request-Id 42",
                "X-Internal null",
                "Date null",
            ]),
            Expect::Requests(&["GET https://site.com/exposed.json"]),
            Expect::Received(0, "x-internal: hidden"),
            Expect::Fetches(&[Told::Readable]),
        ],
        ..Act::USUAL
    }],
    matters: &["content-type"],
    lesson: "All came over the wire; a script sees Cache-Control, Content-Language, Content-Length, Content-Type, Expires, \
             Last-Modified and Pragma, and of all others (`Date` too) what Access-Control-Expose-Headers lists.",
    link: "https://fetch.spec.whatwg.org/#http-access-control-expose-headers",
    ..Stop::USUAL
};
