//! The table of CORS errors, by its rows' numbers: what a server says that is no leave to read, and what is said of it.
//!
//! `error_table_preflights.rs` has the rows about preflights, `error_table_requests.rs` those about what makes them necessary,
//! `error_table_silent.rs` those of which browsers say nothing.

mod support;

use sofetch_demo::Reply;
use support::rows::{ALLOW_CREDENTIALS, ALLOW_ORIGIN, PAGE, REFUSED, Row, hold};

const INCLUDE: &[&str] = &["--credentials", "include"];
const ORIGIN_FIX: &[&str] = &["request + Access-Control-Allow-Origin: http://app.test"];

fn allowing(origin: &'static str) -> Reply {
    Reply::ok("x").header(ALLOW_ORIGIN, origin)
}

#[test]
fn rows_1_to_3_no_header_at_all() {
    hold(&[
        Row {
            number: 1,
            name: "nobody set it",
            code: "MissingAllowOriginHeader",
            says: &[
                "There is no Access-Control-Allow-Origin. The request reached the server and it answered 200.",
                "Send Access-Control-Allow-Origin with this page's origin, on errors and redirects too.",
            ],
            fixes: ORIGIN_FIX,
            ..REFUSED
        },
        Row {
            number: 2,
            name: "an error page",
            answer: |_, _| Reply::new(500).body("broken"),
            code: "MissingAllowOriginHeader",
            says: &[
                "it answered 500.",
                "Look at the 500 first: error pages often miss their CORS headers (nginx adds them with `always` alone; a middleware must stand outermost).",
            ],
            fixes: ORIGIN_FIX,
            ..REFUSED
        },
        Row {
            number: 3,
            name: "authentication refuses after a good preflight",
            args: &["-H", "X-Lamp: 1"],
            answer: |request, _| match &*request.method {
                "OPTIONS" => allowing("*").header("Access-Control-Allow-Headers", "x-lamp"),
                _ => Reply::new(401).body("who?"),
            },
            code: "MissingAllowOriginHeader",
            says: &[
                "The preflight grants the safelisted methods and the headers `x-lamp`",
                "it answered 401.",
                "Look at the 401 first: who refuses access often answers before CORS headers are set. CORS belongs outside authentication, so that a refusal can be read.",
            ],
            fixes: ORIGIN_FIX,
            ..REFUSED
        },
    ]);
}

#[test]
fn rows_7_and_8_another_origin_and_the_near_misses() {
    const MISMATCH: &str = "AllowOriginMismatch";
    let miss = |name, page, answer, says, fixes| Row {
        number: 8,
        name,
        page,
        answer,
        code: MISMATCH,
        says,
        fixes,
        ..REFUSED
    };
    hold(&[
        Row {
            number: 7,
            name: "another origin",
            answer: |_, _| allowing("http://apt.test"),
            code: MISMATCH,
            says: &[
                "Access-Control-Allow-Origin is `http://apt.test`, not this page's origin `http://app.test`.",
                "They differ first at offset 9, where `t` stands in place of `p`. Send Access-Control-Allow-Origin: http://app.test, and Vary: Origin where several origins are allowed.",
            ],
            fixes: ORIGIN_FIX,
            ..REFUSED
        },
        miss(
            "a slash",
            PAGE,
            |_, _| allowing("http://app.test/"),
            &["Leave out the slash at the end (offset 15)."],
            ORIGIN_FIX,
        ),
        miss(
            "http for https",
            "https://app.test",
            |_, _| allowing("http://app.test"),
            &["The schemes differ: `http` is allowed, and the page came over `https`."],
            &["request + Access-Control-Allow-Origin: https://app.test"],
        ),
        miss(
            "another port",
            "http://app.test:3000",
            |_, _| allowing("http://app.test"),
            &["The ports differ: 80 (not written) is allowed, and the page's is `3000`."],
            &["request + Access-Control-Allow-Origin: http://app.test:3000"],
        ),
        miss(
            "the scheme's own port",
            PAGE,
            |_, _| allowing("http://app.test:80"),
            &["Leave out `:80`: an origin does not name its scheme's own port."],
            ORIGIN_FIX,
        ),
        miss(
            "localhost for 127.0.0.1",
            "http://127.0.0.1:3000",
            |_, _| allowing("http://localhost:3000"),
            &["`localhost` and `127.0.0.1` are one machine, and two origins."],
            &["request + Access-Control-Allow-Origin: http://127.0.0.1:3000"],
        ),
        miss(
            "upper case",
            PAGE,
            |_, _| allowing("HTTP://app.test"),
            &["Write it in lower case: they differ first at offset 0, where `H` stands in place of `h`."],
            ORIGIN_FIX,
        ),
        miss(
            "www",
            PAGE,
            |_, _| allowing("http://www.app.test"),
            &["They differ by `www.`: these are two origins."],
            ORIGIN_FIX,
        ),
        miss(
            "a path",
            PAGE,
            |_, _| allowing("http://app.test/shop"),
            &["Leave out `/shop`: an origin has no path."],
            ORIGIN_FIX,
        ),
        miss(
            "a subdomain",
            PAGE,
            |_, _| allowing("http://api.app.test"),
            &["One is a subdomain of the other: these are two origins."],
            ORIGIN_FIX,
        ),
        miss(
            "a byte that cannot be seen",
            PAGE,
            |_, _| allowing("http://app.test\u{200b}"),
            &[
                "Access-Control-Allow-Origin is `http://app.test\\u{200B}`",
                "They differ at offset 15, where the origin ends and the byte 0xE2 follows.",
            ],
            ORIGIN_FIX,
        ),
    ]);
}

#[test]
fn rows_9_and_10_what_is_no_single_origin() {
    hold(&[
        Row {
            number: 9,
            name: "no scheme",
            answer: |_, _| allowing("app.test"),
            code: "InvalidAllowOriginValue",
            says: &["Write the scheme too: `http://`."],
            fixes: ORIGIN_FIX,
            ..REFUSED
        },
        Row {
            number: 9,
            name: "nothing",
            answer: |_, _| allowing(""),
            code: "InvalidAllowOriginValue",
            says: &["Access-Control-Allow-Origin is ``", "The value is empty."],
            fixes: ORIGIN_FIX,
            ..REFUSED
        },
        Row {
            number: 9,
            name: "a pattern",
            answer: |_, _| allowing("http://*.test"),
            // NB: Chromium takes it for a URL of another origin.
            code: "AllowOriginMismatch",
            says: &[
                "Patterns mean nothing here. Send Access-Control-Allow-Origin: http://app.test, and Vary: Origin.",
            ],
            fixes: ORIGIN_FIX,
            ..REFUSED
        },
        Row {
            number: 9,
            name: "quotes",
            answer: |_, _| allowing("\"http://app.test\""),
            code: "InvalidAllowOriginValue",
            says: &["Write the origin and nothing around it: no quotes, no brackets."],
            fixes: ORIGIN_FIX,
            ..REFUSED
        },
        Row {
            number: 10,
            name: "a list with commas",
            answer: |_, _| allowing("http://app.test, http://b.test"),
            code: "MultipleAllowOriginValues",
            says: &[
                "Access-Control-Allow-Origin is `http://app.test, http://b.test`, not this page's origin",
                "Send one value: the header was sent twice, or lists several. This page's origin is among them, but it must be the only one.",
            ],
            fixes: ORIGIN_FIX,
            ..REFUSED
        },
        Row {
            number: 10,
            name: "two layers each add it",
            answer: |_, _| allowing("*").header(ALLOW_ORIGIN, "*"),
            code: "MultipleAllowOriginValues",
            says: &[
                "Send one value: `*` is there 2 times, as when a proxy and the application each add the header.",
            ],
            fixes: ORIGIN_FIX,
            ..REFUSED
        },
    ]);
}

#[test]
fn rows_11_to_14_credentials() {
    const BOTH: &[&str] = &[
        "request + Access-Control-Allow-Origin: http://app.test",
        "request + Access-Control-Allow-Credentials: true",
    ];
    hold(&[
        Row {
            number: 11,
            name: "any origin",
            args: INCLUDE,
            answer: |_, _| allowing("*"),
            code: "WildcardOriginNotAllowed",
            says: &[
                "Access-Control-Allow-Origin is `*`, which is no wildcard for a request with credentials.",
                "Send Access-Control-Allow-Origin: http://app.test, and Vary: Origin; or do not ask with credentials.",
            ],
            fixes: BOTH,
            ..REFUSED
        },
        Row {
            number: 12,
            name: "credentials are not spoken of",
            args: INCLUDE,
            answer: |_, _| allowing(PAGE),
            code: "InvalidAllowCredentials",
            says: &[
                "The request has credentials, and there is no Access-Control-Allow-Credentials.",
                "Send Access-Control-Allow-Credentials: true, or do not ask with credentials.",
            ],
            fixes: &BOTH[1..],
            ..REFUSED
        },
        Row {
            number: 13,
            name: "True",
            args: INCLUDE,
            answer: |_, _| allowing(PAGE).header(ALLOW_CREDENTIALS, "True"),
            code: "InvalidAllowCredentials",
            says: &[
                "Access-Control-Allow-Credentials is `True`, not `true`.",
                "Write `true` in lower case, or do not ask with credentials.",
            ],
            fixes: &BOTH[1..],
            ..REFUSED
        },
        Row {
            number: 14,
            name: "the preflight must allow them as well",
            args: &["--credentials", "include", "-X", "PUT"],
            answer: |request, _| match &*request.method {
                "OPTIONS" => allowing(PAGE).header("Access-Control-Allow-Methods", "PUT"),
                _ => allowing(PAGE).header(ALLOW_CREDENTIALS, "true"),
            },
            rule: "PreflightAnswer",
            code: "PreflightInvalidAllowCredentials",
            says: &[
                "The preflight is refused. The request has credentials, and there is no Access-Control-Allow-Credentials.",
                "On the answer to OPTIONS as well as on the request's own: Send Access-Control-Allow-Credentials: true",
            ],
            // What the request itself would be answered is not known yet.
            fixes: &[
                "preflight + Access-Control-Allow-Credentials: true",
                "request + Access-Control-Allow-Origin: http://app.test",
                "request + Access-Control-Allow-Credentials: true",
            ],
            ..REFUSED
        },
    ]);
}

#[test]
fn rows_26_27_and_43_what_becomes_of_the_origin() {
    hold(&[
        Row {
            number: 26,
            name: "another origin redirects to a third",
            answer: |request, there| match request.path() {
                "/there" => allowing(PAGE),
                _ => Reply::new(302).header(ALLOW_ORIGIN, PAGE).header("Location", format!("{there}/there")),
            },
            code: "AllowOriginMismatch",
            says: &[
                "Access-Control-Allow-Origin is `http://app.test`, not `null`, which redirects made of this page's origin.",
                "Ask the last URL directly: after redirects across origins the origin is `null`, and to allow `null` is to allow anybody.",
            ],
            fixes: &["request + Access-Control-Allow-Origin: *"],
            ..REFUSED
        },
        Row {
            number: 27,
            name: "the redirect itself has no leave",
            answer: |request, _| match request.path() {
                "/there" => allowing("*"),
                _ => Reply::new(302).header("Location", "/there"),
            },
            code: "MissingAllowOriginHeader",
            says: &[
                "There is no Access-Control-Allow-Origin. The request reached the server and it answered 302.",
                "It is the redirect's own answer that is refused: each hop is checked.",
            ],
            // Nothing is known of where it leads: that is assumed to say nothing either.
            fixes: &[
                "request + Access-Control-Allow-Origin: http://app.test",
                "request + Access-Control-Allow-Origin: http://app.test",
            ],
            ..REFUSED
        },
        Row {
            number: 43,
            name: "a sandboxed page",
            page: "null",
            answer: |_, _| allowing(PAGE),
            code: "AllowOriginMismatch",
            says: &[
                "Access-Control-Allow-Origin is `http://app.test`, not this page's origin `null`.",
                "The page's origin is `null`, as in a sandboxed frame, a file or a data: URL: serve it over http or https, or give its frame `allow-same-origin`.",
            ],
            fixes: &["request + Access-Control-Allow-Origin: *"],
            ..REFUSED
        },
    ]);
}
