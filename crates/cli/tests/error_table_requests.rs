//! The table of CORS errors, by its rows' numbers: what of the request makes a preflight necessary, and how often it is asked.
//!
//! Row 25 has no server: what listens to an upload is a script's. `inspect/words/sentences_tests.rs` has its words.

mod support;

use sofetch_demo::Reply;
use support::rows::{ALLOW_HEADERS, ALLOW_ORIGIN, PAGE, REFUSED, Row, hold};
use support::{server, sofetch};

const LAMP: &[&str] = &["-H", "X-Lamp: 1"];
const ORIGIN_FIXES: [&str; 2] = [
    "preflight + Access-Control-Allow-Origin: http://app.test",
    "request + Access-Control-Allow-Origin: http://app.test",
];

/// An answer that anybody may read, granted by this list of headers.
fn grants(headers: &'static str) -> Reply {
    Reply::ok("x").header(ALLOW_ORIGIN, "*").header(ALLOW_HEADERS, headers)
}

#[test]
fn rows_23_24_and_50_headers_that_become_unsafe() {
    const LONG: &str = "Accept: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_eq!(LONG.len(), "Accept: ".len() + 142);
    let options_unknown = |request: &sofetch_demo::RequestSeen, _: &str| match &*request.method {
        "OPTIONS" => Reply::new(404).body(""),
        _ => grants(""),
    };
    let unsafe_header = |number, name, args, says, fixes| Row {
        number,
        name,
        args,
        answer: options_unknown,
        code: "PreflightMissingAllowOriginHeader",
        says,
        fixes,
        rule: "PreflightAnswer",
        ..REFUSED
    };
    hold(&[
        unsafe_header(
            23,
            "a value of 142 bytes",
            &["-H", LONG],
            &[
                "the header `accept` is not safelisted (its value has 142 bytes; a safelisted one has at most 128)",
                "The request would need no preflight, if `accept` had at most 128 bytes.",
            ],
            &[
                "preflight status 204",
                ORIGIN_FIXES[0],
                "preflight + Access-Control-Allow-Headers: accept",
                ORIGIN_FIXES[1],
            ],
        ),
        unsafe_header(
            23,
            "a byte",
            &["-H", "Accept: a(b"],
            &[
                "the header `accept` is not safelisted (its value has `(` at offset 1, which is not safelisted there)",
                "The request would need no preflight, if `accept` were without that byte.",
            ],
            &[
                "preflight status 204",
                ORIGIN_FIXES[0],
                "preflight + Access-Control-Allow-Headers: accept",
                ORIGIN_FIXES[1],
            ],
        ),
        unsafe_header(
            24,
            "the last bytes",
            &["-H", "Range: bytes=-10"],
            &[
                "the header `range` is not safelisted (its value `bytes=-10` does not say where the range starts)",
                "The request would need no preflight, if `range` said where it starts, as bytes=0-499 does.",
            ],
            &[
                "preflight status 204",
                ORIGIN_FIXES[0],
                "preflight + Access-Control-Allow-Headers: range",
                ORIGIN_FIXES[1],
            ],
        ),
        unsafe_header(
            50,
            "the client allows itself",
            &["-H", "Access-Control-Allow-Origin: *"],
            &[
                "the header `access-control-allow-origin` is not safelisted",
                "Delete `access-control-allow-origin` from the client: that is for answers to say, and in a request it allows nothing and makes a preflight necessary.",
                "The request would need no preflight, if it were without `access-control-allow-origin`.",
            ],
            &[
                "preflight status 204",
                ORIGIN_FIXES[0],
                "preflight + Access-Control-Allow-Headers: access-control-allow-origin",
                ORIGIN_FIXES[1],
            ],
        ),
    ]);
    // 1024 bytes together.
    let together = ["Accept", "Accept-Language", "Content-Language"];
    let server = server(|_| Reply::new(404).body(""));
    let values: Vec<String> = (0..9).map(|at| format!("{}: {}", together[at % 3], "a".repeat(120))).collect();
    let url = server.url("/");
    let mut args = vec!["cors", &url, "--origin", PAGE];
    values.iter().for_each(|value| args.extend(["-H", value]));
    let said = sofetch(&args).ended(1);
    for word in [
        "the header `accept` is not safelisted (the safelisted values have 1080 bytes together; 1024 are the limit)",
        "The request would need no preflight, if the safelisted headers had at most 1024 bytes together.",
    ] {
        assert!(said.text().contains(word), "{word}: {}", said.text());
    }
}

#[test]
fn row_51_what_no_page_can_set_is_left_out() {
    let server = server(|_| grants(""));
    let url = server.url("/");
    let names = ["Origin: http://x.test", "Cookie: a=b", "Host: x.test"];
    let args = ["cors", &url, "--origin", PAGE, "-H", names[0], "-H", names[1], "-H", names[2]];
    let said = sofetch(&args).ended(0);
    for name in ["Origin", "Cookie", "Host"] {
        assert!(said.err.contains(&format!("{name} is left out: no page can set it")), "{}", said.err);
    }
    let request = &server.requests()[0];
    assert_eq!(request.method, "GET", "and nothing of it makes a preflight necessary");
    assert_eq!(request.header("Origin").as_deref(), Some(PAGE));
    assert_eq!(request.header("Cookie"), None);
    assert_ne!(request.header("Host").as_deref(), Some("x.test"));
}

#[test]
fn row_52_a_preflight_before_every_call() {
    let readable = |name, answer, says| Row {
        number: 52,
        name,
        args: LAMP,
        answer,
        ends: 0,
        kind: "readable",
        rule: "",
        says,
        ..REFUSED
    };
    hold(&[
        readable(
            "nothing says how long",
            |_, _| grants("x-lamp"),
            &[
                "for 5 seconds (the default).",
                "The preflight is asked again after 5 seconds: send `Access-Control-Max-Age: 7200`, which is as long as Chromium remembers (for each URL, query included).",
            ],
        ),
        readable(
            "it is forbidden to remember",
            |_, _| grants("x-lamp").header("Access-Control-Max-Age", "0"),
            &["The preflight is asked before each such request: send `Access-Control-Max-Age: 7200`"],
        ),
        readable(
            "longer than browsers remember",
            |_, _| grants("x-lamp").header("Access-Control-Max-Age", "86401"),
            &[
                "Not 86401 seconds: Chromium 156 for 7200, Firefox 153 for 86400, WebKit for 600 remember it at most.",
            ],
        ),
        readable(
            "any header, and Authorization",
            |_, _| grants("*, authorization").header("Access-Control-Max-Age", "600"),
            &[
                "The preflight grants the safelisted methods and the headers `*` and `authorization`, for 600 seconds.",
            ],
        ),
    ]);
}
