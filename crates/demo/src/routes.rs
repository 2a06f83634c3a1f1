//! The routes of the demonstrations, as data: path, what it shows, and the answers, of which the first that is for the
//! request's method is given.
//!
//! Longer than most files because a route is written a header a line; there is nothing to it but the table.

use crate::decisions::{self, Decide};

use RouteBody::{Decided, Empty, Gated, Gzip, Never, Slow, Text};

/// One path of an origin.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The path, without a query.
    pub path: &'static str,
    /// What a cross-origin fetch to it shows.
    pub shows: &'static str,
    /// The answers, by method.
    pub answers: &'static [RouteAnswer],
}

/// One answer of a route.
#[derive(Clone, Copy, Debug)]
pub struct RouteAnswer {
    /// The methods it is for; empty for all that no answer above it takes.
    pub methods: &'static [&'static str],
    /// The status.
    pub status: u16,
    /// The headers, exactly.
    pub headers: &'static [(&'static str, &'static str)],
    /// The body.
    pub body: RouteBody,
}

/// The body of a route's answer.
#[derive(Clone, Copy, Debug)]
pub enum RouteBody {
    /// None.
    Empty,
    /// This text.
    Text(&'static str),
    /// This text in gzip.
    Gzip(&'static str),
    /// Chunks, with a pause of 300 ms between two.
    Slow(&'static [&'static str]),
    /// A chunk, and after [`World::open_gate`](crate::World::open_gate) another.
    Gated(&'static str, &'static str),
    /// What the request deserves, which may be another status too.
    Decided(Decide),
    /// Not a byte of an answer, not even its head.
    Never,
}

const JSON: (&str, &str) = ("Content-Type", "application/json");
const TEXT: (&str, &str) = ("Content-Type", "text/plain");
const SVG: (&str, &str) = ("Content-Type", "image/svg+xml");
const FOR_PAGE: (&str, &str) = ("Access-Control-Allow-Origin", "https://javascript.info");
const FOR_ANY: (&str, &str) = ("Access-Control-Allow-Origin", "*");
const WITH_CREDENTIALS: (&str, &str) = ("Access-Control-Allow-Credentials", "true");
const READ: &[&str] = &["GET", "HEAD"];
const ALL: &[&str] = &[];

const fn on(
    methods: &'static [&'static str],
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: RouteBody,
) -> RouteAnswer {
    RouteAnswer { methods, status, headers, body }
}

const fn route(path: &'static str, shows: &'static str, answers: &'static [RouteAnswer]) -> Route {
    Route { path, shows, answers }
}

const SERVICE: RouteBody = Text("{\"service\":\"updated\"}\n");
const READABLE: RouteBody = Text("{\"readable\":true}\n");
const UNREADABLE: RouteBody = Text("{\"readable\":false}\n");
const PICTURE: RouteBody = Text(
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"8\" height=\"8\"><path d=\"M0 0h8v8z\"/></svg>\n",
);

/// The routes of `https://site.com`.
pub const API_ROUTES: &[Route] = &[
    route(
        "/service.json",
        "a PATCH with API-Key: asked for by a preflight, granted, made",
        &[
            on(
                &["OPTIONS"],
                200,
                &[
                    FOR_PAGE,
                    ("Access-Control-Allow-Methods", "PUT,PATCH,DELETE"),
                    ("Access-Control-Allow-Headers", "API-Key,Content-Type,If-Modified-Since,Cache-Control"),
                    ("Access-Control-Max-Age", "86400"),
                ],
                Empty,
            ),
            on(&["GET", "HEAD", "PUT", "PATCH", "DELETE"], 200, &[FOR_PAGE, JSON], SERVICE),
        ],
    ),
    // What the CORS check says.
    route("/readable.json", "readable by the page", &[on(READ, 200, &[FOR_PAGE, JSON], READABLE)]),
    route(
        "/open.json",
        "readable by any origin, without credentials",
        &[on(READ, 200, &[FOR_ANY, JSON], READABLE)],
    ),
    route("/closed.json", "no Access-Control-Allow-Origin", &[on(ALL, 200, &[JSON], UNREADABLE)]),
    route(
        "/other-origin.json",
        "another origin is allowed",
        &[on(READ, 200, &[("Access-Control-Allow-Origin", "https://other.example"), JSON], UNREADABLE)],
    ),
    route(
        "/two-origins.json",
        "two origins in one header allow neither",
        &[on(
            READ,
            200,
            &[("Access-Control-Allow-Origin", "https://javascript.info, https://other.example"), JSON],
            UNREADABLE,
        )],
    ),
    route(
        "/trailing-slash.json",
        "a slash after the origin makes it another text",
        &[on(READ, 200, &[("Access-Control-Allow-Origin", "https://javascript.info/"), JSON], UNREADABLE)],
    ),
    route(
        "/account.json",
        "readable with credentials",
        &[on(
            READ,
            200,
            &[
                FOR_PAGE,
                WITH_CREDENTIALS,
                JSON,
                ("Cache-Control", "no-store"),
                ("Set-Cookie", "session=1; Secure; HttpOnly; SameSite=None"),
            ],
            READABLE,
        )],
    ),
    route(
        "/wildcard-with-credentials.json",
        "a star does not go with credentials",
        &[on(READ, 200, &[FOR_ANY, WITH_CREDENTIALS, JSON], READABLE)],
    ),
    route(
        "/credentials-unsaid.json",
        "credentials are not allowed",
        &[on(READ, 200, &[FOR_PAGE, JSON], READABLE)],
    ),
    route(
        "/credentials-misspelt.json",
        "only `true` allows credentials",
        &[on(READ, 200, &[FOR_PAGE, ("Access-Control-Allow-Credentials", "True"), JSON], READABLE)],
    ),
    // What the preflight says.
    route(
        "/method-refused.json",
        "the preflight grants PUT and DELETE only",
        &[
            on(
                &["OPTIONS"],
                204,
                &[
                    FOR_PAGE,
                    ("Access-Control-Allow-Methods", "PUT,DELETE"),
                    ("Access-Control-Allow-Headers", "API-Key,Content-Type"),
                ],
                Empty,
            ),
            on(ALL, 200, &[FOR_PAGE, JSON], SERVICE),
        ],
    ),
    route(
        "/header-refused.json",
        "the preflight does not grant API-Key",
        &[
            on(
                &["OPTIONS"],
                204,
                &[
                    FOR_PAGE,
                    ("Access-Control-Allow-Methods", "PUT,PATCH,DELETE"),
                    ("Access-Control-Allow-Headers", "Content-Type"),
                ],
                Empty,
            ),
            on(ALL, 200, &[FOR_PAGE, JSON], SERVICE),
        ],
    ),
    route(
        "/wildcards-granted.json",
        "stars grant all but Authorization",
        &[
            on(
                &["OPTIONS"],
                204,
                &[FOR_ANY, ("Access-Control-Allow-Methods", "*"), ("Access-Control-Allow-Headers", "*")],
                Empty,
            ),
            on(ALL, 200, &[FOR_ANY, JSON], SERVICE),
        ],
    ),
    route(
        "/preflight-401.json",
        "the preflight is asked to log in",
        &[
            on(&["OPTIONS"], 401, &[FOR_PAGE, ("WWW-Authenticate", "Basic realm=\"site\"")], Empty),
            on(ALL, 200, &[FOR_PAGE, JSON], SERVICE),
        ],
    ),
    route(
        "/preflight-redirected.json",
        "the preflight is redirected",
        &[
            on(&["OPTIONS"], 307, &[FOR_PAGE, ("Location", "https://site.com/service.json")], Empty),
            on(ALL, 200, &[FOR_PAGE, JSON], SERVICE),
        ],
    ),
    route(
        "/preflight-closed.json",
        "the preflight's answer has no CORS headers",
        &[
            on(&["OPTIONS"], 200, &[("Allow", "GET,PATCH,OPTIONS")], Empty),
            on(ALL, 200, &[FOR_PAGE, JSON], SERVICE),
        ],
    ),
    route(
        "/granted-then-closed.json",
        "granted by the preflight, unreadable all the same",
        &[
            on(
                &["OPTIONS"],
                204,
                &[
                    FOR_PAGE,
                    ("Access-Control-Allow-Methods", "PATCH"),
                    ("Access-Control-Allow-Headers", "API-Key,Content-Type"),
                ],
                Empty,
            ),
            on(ALL, 200, &[JSON], SERVICE),
        ],
    ),
    route(
        "/error-500.json",
        "an error page without CORS headers hides the error",
        &[on(ALL, 500, &[JSON], Text("{\"error\":\"broken\"}\n"))],
    ),
    route(
        "/error-500-readable.json",
        "an error that the page may read",
        &[on(ALL, 500, &[FOR_PAGE, JSON], Text("{\"error\":\"broken\"}\n"))],
    ),
    // Redirects.
    route(
        "/redirect/same-origin",
        "redirected within site.com",
        &[on(READ, 302, &[FOR_PAGE, ("Location", "/readable.json")], Empty)],
    ),
    route(
        "/redirect/cross-origin",
        "redirected back to the page's origin: the origin is `null` from there on",
        &[on(READ, 302, &[FOR_PAGE, ("Location", "https://javascript.info/open.json")], Empty)],
    ),
    route(
        "/redirect/cross-origin-refused",
        "as above, to a response for the page's origin only",
        &[on(READ, 302, &[FOR_PAGE, ("Location", "https://javascript.info/own.json")], Empty)],
    ),
    route(
        "/redirect/closed",
        "a redirect that lacks CORS headers itself",
        &[on(READ, 302, &[("Location", "/readable.json")], Empty)],
    ),
    route(
        "/redirect/loop",
        "a redirect to itself",
        &[on(READ, 302, &[FOR_PAGE, ("Location", "/redirect/loop")], Empty)],
    ),
    route(
        "/redirect/credentials",
        "a Location with a username and a password",
        &[on(READ, 302, &[FOR_PAGE, ("Location", "https://user:secret@site.com/readable.json")], Empty)],
    ),
    route(
        "/redirect/not-http",
        "a Location that is not HTTP(S)",
        &[on(READ, 302, &[FOR_PAGE, ("Location", "data:text/plain,no")], Empty)],
    ),
    // What a page sees of what it may read.
    route("/opaque.svg", "opaque under no-cors", &[on(READ, 200, &[SVG], PICTURE)]),
    route(
        "/same-origin-only.svg",
        "blocked under no-cors by Cross-Origin-Resource-Policy",
        &[on(READ, 200, &[SVG, ("Cross-Origin-Resource-Policy", "same-origin")], PICTURE)],
    ),
    route(
        "/exposed.json",
        "X-Request-Id is exposed, X-Internal is not",
        &[on(
            READ,
            200,
            &[
                FOR_PAGE,
                ("Access-Control-Expose-Headers", "X-Request-Id"),
                ("X-Request-Id", "42"),
                ("X-Internal", "hidden"),
                ("Date", "Tue, 10 Mar 2015 12:00:00 GMT"),
                JSON,
            ],
            READABLE,
        )],
    ),
    // Bodies.
    route(
        "/gzip.json",
        "a body in gzip",
        &[on(READ, 200, &[FOR_PAGE, JSON, ("Content-Encoding", "gzip")], Gzip("{\"readable\":true}\n"))],
    ),
    route(
        "/slow.txt",
        "a body that takes its time",
        &[on(READ, 200, &[FOR_PAGE, TEXT], Slow(&["one\n", "two\n", "three\n"]))],
    ),
    route(
        "/gated.txt",
        "a body that waits to be let on",
        &[on(READ, 200, &[FOR_PAGE, TEXT], Gated("before\n", "after\n"))],
    ),
    route("/never.json", "an answer that never comes", &[on(READ, 200, &[], Never)]),
    // What the request says counts.
    route(
        "/submit",
        "a form, as any page may send one",
        &[on(&["POST"], 200, &[FOR_PAGE, JSON], Decided(decisions::submit))],
    ),
    route(
        "/who.json",
        "who asks, as far as credentials say it",
        &[on(READ, 200, &[FOR_PAGE, WITH_CREDENTIALS, JSON], Decided(decisions::who))],
    ),
    route(
        "/graphql",
        "GraphQL: by POST only after a preflight, errors inside a 200",
        &[
            on(
                &["OPTIONS"],
                204,
                &[
                    FOR_PAGE,
                    ("Access-Control-Allow-Methods", "POST"),
                    ("Access-Control-Allow-Headers", "Content-Type"),
                ],
                Empty,
            ),
            on(&["GET", "POST"], 200, &[FOR_PAGE, JSON], Decided(decisions::graphql)),
        ],
    ),
    // Who may act in the visitor's name.
    route(
        "/transfer",
        "does what whoever is signed in asks, wherever it comes from",
        &[on(&["POST"], 200, &[JSON], Decided(decisions::transfer))],
    ),
    route(
        "/transfer-with-token",
        "wants a token that only its own pages can read",
        &[on(&["POST"], 200, &[JSON], Decided(decisions::transfer_with_token))],
    ),
    route(
        "/transfer-same-site",
        "asks Sec-Fetch-Site where the request comes from",
        &[on(&["POST"], 200, &[JSON], Decided(decisions::transfer_same_site))],
    ),
];

/// The routes of `https://javascript.info`.
pub const PAGE_ROUTES: &[Route] = &[
    route(
        "/",
        "the page",
        &[on(
            READ,
            200,
            &[("Content-Type", "text/html; charset=utf-8")],
            Text("<!doctype html><title>The page</title>\n"),
        )],
    ),
    route(
        "/own.json",
        "same-origin: readable; from elsewhere for the page's origin only",
        &[on(ALL, 200, &[FOR_PAGE, JSON], READABLE)],
    ),
    route("/open.json", "readable by any origin", &[on(READ, 200, &[FOR_ANY, JSON], READABLE)]),
    route(
        "/data.json",
        "what the page itself fetches",
        &[on(READ, 200, &[JSON], Text("{\"entries\":[\"one\",\"two\"]}\n"))],
    ),
    route(
        "/away",
        "redirected from the page's origin to site.com",
        &[on(READ, 302, &[("Location", "https://site.com/readable.json")], Empty)],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::{API_ORIGIN, PAGE_ORIGIN};

    #[test]
    fn every_path_stands_once_and_has_an_answer() {
        for routes in [API_ROUTES, PAGE_ROUTES] {
            for (index, route) in routes.iter().enumerate() {
                assert!(route.path.starts_with('/') && !route.path.contains('?'), "{}", route.path);
                assert!(!route.answers.is_empty() && !route.shows.is_empty(), "{}", route.path);
                assert!(routes[..index].iter().all(|other| other.path != route.path), "{}", route.path);
            }
        }
    }

    #[test]
    fn every_location_within_the_world_is_a_route() {
        for answer in API_ROUTES.iter().chain(PAGE_ROUTES).flat_map(|route| route.answers) {
            let Some((_, location)) = answer.headers.iter().find(|(name, _)| *name == "Location") else {
                continue;
            };
            let location = location.replace("user:secret@", "");
            let (routes, path) = match location.strip_prefix(PAGE_ORIGIN) {
                Some(path) => (PAGE_ROUTES, path),
                None => (API_ROUTES, location.strip_prefix(API_ORIGIN).unwrap_or(&location)),
            };
            assert!(path.starts_with("data:") || routes.iter().any(|route| route.path == path), "{location}");
        }
    }

    #[test]
    fn the_preflight_answers_as_the_note_has_it() {
        let headers = API_ROUTES[0].answers[0].headers;
        assert_eq!(
            headers,
            [
                ("Access-Control-Allow-Origin", "https://javascript.info"),
                ("Access-Control-Allow-Methods", "PUT,PATCH,DELETE"),
                ("Access-Control-Allow-Headers", "API-Key,Content-Type,If-Modified-Since,Cache-Control"),
                ("Access-Control-Max-Age", "86400"),
            ]
        );
    }
}
