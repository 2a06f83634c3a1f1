//! The table of CORS errors, by its rows' numbers: what the preflight is answered, and what it grants.

mod support;

use sofetch_demo::Reply;
use support::rows::{
    ALLOW_CREDENTIALS, ALLOW_HEADERS, ALLOW_METHODS, ALLOW_ORIGIN, PAGE, REFUSED, Row, hold,
};

const PUT: &[&str] = &["-X", "PUT"];
const JSON: &[&str] = &["--json", "{}"];
const LAMP: &[&str] = &["-H", "X-Lamp: 1"];
const ORIGIN_FIXES: [&str; 2] = [
    "preflight + Access-Control-Allow-Origin: http://app.test",
    "request + Access-Control-Allow-Origin: http://app.test",
];

/// A preflight row: the request itself would be readable.
const PREFLIGHT: Row = Row { rule: "PreflightAnswer", ..REFUSED };

/// An answer that anybody may read, granted by these two lists.
fn grants(methods: &'static str, headers: &'static str) -> Reply {
    let reply = Reply::ok("x").header(ALLOW_ORIGIN, "*");
    let reply = if methods.is_empty() { reply } else { reply.header(ALLOW_METHODS, methods) };
    if headers.is_empty() { reply } else { reply.header(ALLOW_HEADERS, headers) }
}

/// The same for this page with credentials.
fn grants_with_credentials(methods: &'static str, headers: &'static str) -> Reply {
    Reply::ok("x")
        .header(ALLOW_ORIGIN, PAGE)
        .header(ALLOW_CREDENTIALS, "true")
        .header(ALLOW_METHODS, methods)
        .header(ALLOW_HEADERS, headers)
}

#[test]
fn rows_4_to_6_what_answers_options() {
    hold(&[
        Row {
            number: 4,
            name: "authentication answers OPTIONS",
            args: PUT,
            answer: |_, _| Reply::new(401).header("WWW-Authenticate", "Basic"),
            code: "PreflightMissingAllowOriginHeader",
            says: &[
                "The preflight is refused. There is no Access-Control-Allow-Origin. The request was not sent.",
                "Look at the 401 first. Answer OPTIONS before authentication: a preflight carries no credentials.",
            ],
            fixes: &[
                "preflight status 204",
                ORIGIN_FIXES[0],
                "preflight + Access-Control-Allow-Methods: PUT",
                ORIGIN_FIXES[1],
            ],
            ..PREFLIGHT
        },
        Row {
            number: 4,
            name: "what answers OPTIONS knows nothing of CORS",
            args: PUT,
            answer: |_, _| Reply::new(204).header("Allow", "GET, PUT"),
            code: "PreflightMissingAllowOriginHeader",
            says: &[
                "On the answer to OPTIONS, before any authentication: Send Access-Control-Allow-Origin with this page's origin",
            ],
            fixes: &[ORIGIN_FIXES[0], "preflight + Access-Control-Allow-Methods: PUT", ORIGIN_FIXES[1]],
            ..PREFLIGHT
        },
        Row {
            number: 5,
            name: "OPTIONS is not routed",
            args: PUT,
            answer: |_, _| Reply::new(405).header(ALLOW_ORIGIN, "*").header(ALLOW_METHODS, "PUT"),
            code: "PreflightInvalidStatus",
            says: &[
                "The preflight was answered with status 405, which is not 200 to 299.",
                "Route OPTIONS to what answers CORS, and answer 204.",
            ],
            fixes: &["preflight status 204", ORIGIN_FIXES[1]],
            ..PREFLIGHT
        },
        Row {
            number: 6,
            name: "OPTIONS is redirected",
            args: PUT,
            answer: |_, _| {
                Reply::new(308)
                    .header("Location", "/things/")
                    .header(ALLOW_ORIGIN, "*")
                    .header(ALLOW_METHODS, "PUT")
            },
            code: "PreflightDisallowedRedirect",
            says: &[
                "The preflight was answered with status 308 (redirects are not followed), which is not 200 to 299.",
                "The preflight is sent on to `/things/`. Ask the final URL; mind trailing slashes, http and https, redirects to a login.",
            ],
            fixes: &["preflight status 204", ORIGIN_FIXES[1]],
            ..PREFLIGHT
        },
    ]);
}

#[test]
fn rows_15_to_17_methods() {
    hold(&[
        Row {
            number: 15,
            name: "another method is granted",
            args: PUT,
            answer: |_, _| grants("PATCH, DELETE", ""),
            code: "MethodDisallowedByPreflightResponse",
            says: &[
                "Access-Control-Allow-Methods lists `PATCH` and `DELETE`, not the method `PUT`.",
                "Send Access-Control-Allow-Methods: PUT on the answer to OPTIONS.",
            ],
            fixes: &["preflight + Access-Control-Allow-Methods: PATCH, DELETE, PUT", ORIGIN_FIXES[1]],
            ..PREFLIGHT
        },
        Row {
            number: 15,
            name: "no method is spoken of",
            args: PUT,
            answer: |_, _| grants("", ""),
            code: "MethodDisallowedByPreflightResponse",
            says: &[
                "Access-Control-Allow-Methods lists nothing, not the method `PUT`.",
                "Without a list GET, HEAD and POST alone are allowed.",
            ],
            fixes: &["preflight + Access-Control-Allow-Methods: PUT", ORIGIN_FIXES[1]],
            ..PREFLIGHT
        },
        Row {
            number: 16,
            name: "patch is not PATCH",
            args: &["-X", "patch"],
            answer: |_, _| grants("GET, PATCH", ""),
            code: "MethodDisallowedByPreflightResponse",
            says: &[
                "Access-Control-Allow-Methods lists `GET` and `PATCH`, not the method `patch`.",
                "Write `PATCH` in the client: this method's case is kept.",
            ],
            fixes: &["preflight + Access-Control-Allow-Methods: GET, PATCH, patch", ORIGIN_FIXES[1]],
            ..PREFLIGHT
        },
        Row {
            number: 17,
            name: "any method, with credentials",
            args: &["-X", "PUT", "--credentials", "include"],
            answer: |_, _| grants_with_credentials("*", ""),
            code: "MethodDisallowedByPreflightResponse",
            says: &[
                "Access-Control-Allow-Methods lists `*`, not the method `PUT`; `*` is no wildcard for a request with credentials.",
                "Send Access-Control-Allow-Methods: PUT on the answer to OPTIONS.",
            ],
            fixes: &[
                "preflight + Access-Control-Allow-Methods: *, PUT",
                "request + Access-Control-Allow-Origin: http://app.test",
                "request + Access-Control-Allow-Credentials: true",
            ],
            ..PREFLIGHT
        },
    ]);
}

#[test]
fn rows_18_to_22_headers_and_lists() {
    hold(&[
        Row {
            number: 18,
            name: "another header is granted",
            args: LAMP,
            answer: |_, _| grants("", "X-Shade"),
            code: "HeaderDisallowedByPreflightResponse",
            says: &[
                "the header `x-lamp` is not safelisted",
                "Access-Control-Allow-Headers lists `X-Shade`, not the header `x-lamp`.",
                "Send Access-Control-Allow-Headers: x-lamp on the answer to OPTIONS.",
            ],
            fixes: &["preflight + Access-Control-Allow-Headers: X-Shade, x-lamp", ORIGIN_FIXES[1]],
            ..PREFLIGHT
        },
        Row {
            number: 19,
            name: "JSON is not what a form sends",
            args: JSON,
            answer: |_, _| grants("", ""),
            code: "HeaderDisallowedByPreflightResponse",
            says: &[
                "the header `content-type` is not safelisted (`application/json` is not a type that a form could send)",
                "Access-Control-Allow-Headers lists nothing, not the header `content-type`.",
                "Send Access-Control-Allow-Headers: content-type on the answer to OPTIONS.",
            ],
            fixes: &["preflight + Access-Control-Allow-Headers: content-type", ORIGIN_FIXES[1]],
            ..PREFLIGHT
        },
        Row {
            number: 20,
            name: "any header, with credentials",
            args: &["-H", "X-Lamp: 1", "--credentials", "include"],
            answer: |_, _| grants_with_credentials("GET", "*"),
            code: "HeaderDisallowedByPreflightResponse",
            says: &[
                "Access-Control-Allow-Headers lists `*`, not the header `x-lamp`; `*` is no wildcard for a request with credentials.",
            ],
            fixes: &[
                "preflight + Access-Control-Allow-Headers: *, x-lamp",
                "request + Access-Control-Allow-Origin: http://app.test",
                "request + Access-Control-Allow-Credentials: true",
            ],
            ..PREFLIGHT
        },
        Row {
            number: 21,
            name: "any header is not Authorization",
            args: &["-H", "Authorization: Bearer x"],
            answer: |_, _| grants("", "*"),
            code: "HeaderDisallowedByPreflightResponse",
            says: &[
                "Access-Control-Allow-Headers lists `*`, not `authorization`, which `*` never covers.",
                "Chromium 156 and Firefox 153 let this pass today, without credentials",
            ],
            fixes: &["preflight + Access-Control-Allow-Headers: *, authorization", ORIGIN_FIXES[1]],
            ..PREFLIGHT
        },
        Row {
            number: 22,
            name: "methods without commas",
            args: PUT,
            answer: |_, _| grants("PUT GET", ""),
            code: "InvalidAllowMethodsPreflightResponse",
            says: &[
                "Access-Control-Allow-Methods is `PUT GET`, which is not a list of methods.",
                "Write tokens with commas between them.",
            ],
            fixes: &["preflight + Access-Control-Allow-Methods: PUT, GET", ORIGIN_FIXES[1]],
            ..PREFLIGHT
        },
        Row {
            number: 22,
            name: "headers without commas",
            args: LAMP,
            answer: |_, _| grants("", "x-lamp x-shade"),
            code: "InvalidAllowHeadersPreflightResponse",
            says: &[
                "Access-Control-Allow-Headers is `x-lamp x-shade`, which is not a list of header names.",
                "Write tokens with commas between them.",
            ],
            fixes: &["preflight + Access-Control-Allow-Headers: x-lamp, x-shade", ORIGIN_FIXES[1]],
            ..PREFLIGHT
        },
    ]);
}
