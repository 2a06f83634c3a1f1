//! The table of CORS errors, by its rows' numbers: what browsers refuse without a word, or what is no error at all.
//!
//! Row 38 has no server: the command sends bytes, never a stream; `inspect/words/sentences_tests.rs` has its words.

mod support;

use sofetch_demo::{Reply, RequestSeen};
use support::rows::{ALLOW_CREDENTIALS, ALLOW_ORIGIN, PAGE, REFUSED, Row, hold};
use support::{InWorld, closed_port, plain_server, server, sofetch};

/// What redirects to there, readable by anybody.
fn to(location: impl Into<String>) -> Reply {
    Reply::new(302).header(ALLOW_ORIGIN, "*").header("Location", location.into())
}

fn open() -> Reply {
    Reply::ok("x").header(ALLOW_ORIGIN, "*")
}

#[test]
fn rows_28_to_31_redirects() {
    const REDIRECT: Row = Row { rule: "Redirect", ..REFUSED };
    hold(&[
        Row {
            number: 28,
            name: "a password in Location",
            answer: |request, there| match request.path() {
                "/there" => open(),
                _ => to(format!("{}/there", there.replace("://", "://user:hush@"))),
            },
            code: "RedirectContainsCredentials",
            says: &["has a username or password", "Leave username and password out of Location."],
            fixes: &["request + Location: {there}/there", "request + Access-Control-Allow-Origin: *"],
            ..REDIRECT
        },
        Row {
            number: 29,
            name: "a scheme that is not HTTP's",
            answer: |_, _| to("data:text/plain,x"),
            code: "redirect-scheme-not-http",
            says: &[
                "Location has the scheme `data`; redirects lead to http and https only.",
                "Redirect to http or https.",
            ],
            ..REDIRECT
        },
        Row {
            number: 30,
            name: "a loop",
            answer: |_, _| to("/"),
            code: "redirect-too-many",
            says: &[
                "There have been 20 redirects; no more are followed.",
                "Break the loop: cookies that are not kept, slashes at the end, http and https are the usual causes.",
            ],
            ..REDIRECT
        },
        Row {
            number: 31,
            name: "redirects are errors, by the caller's own word",
            args: &["--redirect", "error"],
            answer: |_, _| to("/there"),
            rule: "RedirectMode",
            code: "redirect-mode-error",
            says: &[
                "The status is 302, and the redirect mode is \"error\".",
                "Ask the final URL, or use redirect mode \"follow\".",
            ],
            ..REDIRECT
        },
    ]);
}

#[test]
fn rows_32_to_36_modes_and_what_is_not_cors() {
    hold(&[
        Row {
            number: 32,
            name: "another origin under same-origin",
            args: &["--mode", "same-origin"],
            rule: "ResponseTaintingFork",
            code: "DisallowedByMode",
            says: &[
                "The mode is \"same-origin\", and the URL's origin",
                "is not this page's origin `http://app.test`.",
                "Use mode \"cors\", or ask the page's own origin.",
            ],
            ..REFUSED
        },
        Row {
            number: 33,
            name: "no-cors",
            args: &["--mode", "no-cors"],
            kind: "unreadable",
            rule: "",
            says: &[
                "There is a response, and the script can read nothing of it: its type is \"opaque\".",
                "Mode \"no-cors\" and redirect mode \"manual\" mend nothing, they hide the answer: status 0, no body.",
            ],
            ..REFUSED
        },
        Row {
            number: 34,
            name: "no-cors follows redirects, or asks nothing",
            args: &["--mode", "no-cors", "--redirect", "manual"],
            rule: "ResponseTaintingFork",
            code: "NoCorsRedirectModeNotFollow",
            says: &[
                "The mode is \"no-cors\", and the redirect mode is \"manual\", not \"follow\".",
                "Use mode \"cors\", or follow redirects.",
            ],
            ..REFUSED
        },
        Row {
            number: 35,
            name: "a resource for its own origin",
            args: &["--mode", "no-cors"],
            answer: |_, _| open().header("Cross-Origin-Resource-Policy", "same-origin"),
            rule: "CrossOriginResourcePolicy",
            code: "corp-not-same-origin",
            says: &[
                "Cross-Origin-Resource-Policy is \"same-origin\", and this page's origin `http://app.test` is not the resource's origin",
                "Send Cross-Origin-Resource-Policy: cross-origin with the resource, or ask for it with CORS.",
            ],
            fixes: &["request + Cross-Origin-Resource-Policy: cross-origin"],
            ..REFUSED
        },
        Row {
            number: 35,
            name: "a resource for its own site",
            args: &["--mode", "no-cors"],
            answer: |_, _| open().header("Cross-Origin-Resource-Policy", "same-site"),
            rule: "CrossOriginResourcePolicy",
            code: "corp-not-same-site",
            says: &["Cross-Origin-Resource-Policy is `same-site`"],
            fixes: &["request + Cross-Origin-Resource-Policy: cross-origin"],
            ..REFUSED
        },
        Row {
            number: 36,
            name: "the connection is closed",
            answer: |_, _| Reply::close(),
            ends: 3,
            kind: "network-failure",
            rule: "",
            says: &["connection was closed before a response came"],
            ..REFUSED
        },
    ]);
    // Nobody listens; and a name that is none. NB: its empty label is refused before any server of names is asked.
    let refused = format!("http://127.0.0.1:{}/", closed_port());
    for (url, code, word, hint) in [
        (
            &*refused,
            "connect",
            "Could not connect to 127.0.0.1",
            "Check that the server runs and listens on this port.",
        ),
        ("http://a..test/", "resolve", "The name `a..test` did not resolve", "Check the name."),
    ] {
        let ask = |more: &[&str]| sofetch(&[&["cors", url, "--origin", PAGE], more].concat()).ended(3);
        let said = ask(&[]);
        for word in ["Not CORS: the network failed.", word, hint] {
            assert!(said.text().contains(word), "{word}: {}", said.text());
        }
        let report = ask(&["--report", "json"]).json();
        assert_eq!(report["verdict"]["kind"], "network-failure");
        assert_eq!(report["verdict"]["error"]["code"], code, "{report}");
        assert!(!said.text().contains("curl"), "it would not work there either: {}", said.text());
    }
}

/// What is refused before anything is sent: what is asked, the rule, its code, what is said.
#[test]
fn rows_37_39_and_46_what_is_not_even_sent() {
    let server = plain_server();
    let mixed = ["--connect-to".to_owned(), format!("shop.test:80:{}", server.address())];
    for (number, page, url, rule, code, says) in [
        (
            37,
            PAGE,
            "http://site.test:6000/",
            "PortBlocking",
            "bad-port",
            ["Port 6000 is a bad port: another protocol is spoken there.", "Serve on another port."],
        ),
        (
            39,
            PAGE,
            "file:///etc/hostname",
            "ResponseTaintingFork",
            "CorsDisabledScheme",
            [
                "The URL's scheme is `file`; CORS is for http and https only.",
                "Serve the resource over http or https.",
            ],
        ),
        (
            46,
            "https://app.test",
            "http://shop.test/",
            "MixedContentRequest",
            "mixed-content",
            [
                "The page is secure, and asks over `http` for a fetch by script: mixed content.",
                "Ask over https.",
            ],
        ),
    ] {
        let ask = |more: &[&str]| {
            let args = ["cors", url, "--origin", page, &mixed[0], &mixed[1]];
            sofetch(&[&args, more].concat()).ended(1)
        };
        let (said, report) = (ask(&[]), ask(&["--report", "json"]).json());
        for word in says.into_iter().chain(["The request was not sent."]) {
            assert!(said.text().contains(word), "row {number}: {word}: {}", said.text());
        }
        let ruling = &report["verdict"]["ruling"];
        assert_eq!(
            (ruling["rule"].as_str(), ruling["code"].as_str()),
            (Some(rule), Some(code)),
            "row {number}"
        );
        assert_eq!(report["fixes"]["sets"], serde_json::json!([]), "row {number}: no answer could help");
    }
    assert_eq!(server.requests(), []);
}

#[test]
fn rows_40_and_42_requests_that_cannot_be_made() {
    for (number, args, word) in [
        (
            40,
            &["http://user:hush@site.test/"][..],
            "a page's request has no username and password in its URL: an Authorization header has them",
        ),
        (
            42,
            &["--cache", "only-if-cached", "http://site.test/"],
            "--cache only-if-cached needs --mode same-origin",
        ),
    ] {
        let said = sofetch(&[&["cors", "--origin", PAGE], args].concat()).ended(2);
        assert!(said.err.contains(word), "row {number}: {}", said.err);
        assert!(!said.err.contains("hush"), "row {number}: {}", said.err);
    }
}

#[test]
fn row_41_another_digest() {
    let sha = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let server = server(|_| open());
    let url = server.url("/");
    let ask = |more: &[&str]| {
        sofetch(&[&["cors", &url, "--origin", PAGE, "--integrity", sha], more].concat()).ended(1)
    };
    for (args, words) in [
        (
            &[][..],
            [
                "expected was `sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=`.",
                "Correct the integrity value, or find out who changed the resource.",
            ],
        ),
        (
            &["--mode", "no-cors"],
            [
                "A digest was expected, and the response has no body.",
                "Ask with mode \"cors\": an opaque response shows no body to hash.",
            ],
        ),
    ] {
        let said = ask(args);
        for word in words {
            assert!(said.text().contains(word), "{word}: {}", said.text());
        }
        let report = ask(&[args, &["--report", "json"]].concat()).json();
        assert_eq!(report["verdict"]["ruling"]["code"], "integrity", "{report}");
    }
}

#[test]
fn row_44_a_header_that_is_not_exposed() {
    let readable = |name, args, answer, says| Row {
        number: 44,
        name,
        args,
        answer,
        ends: 0,
        kind: "readable",
        rule: "",
        says,
        ..REFUSED
    };
    hold(&[
        readable(
            "nothing is exposed",
            &[],
            |_, _| open().header("X-Total", "2"),
            &["x-total", "cannot be read: Access-Control-Expose-Headers does not list it"],
        ),
        readable(
            "any, with credentials",
            &["--credentials", "include"],
            |_, _| {
                Reply::ok("x")
                    .header(ALLOW_ORIGIN, PAGE)
                    .header(ALLOW_CREDENTIALS, "true")
                    .header("Access-Control-Expose-Headers", "*")
                    .header("X-Total", "2")
            },
            &[
                "`*` is no wildcard for a request with credentials",
                "cannot be read: Access-Control-Expose-Headers does not list it",
            ],
        ),
    ]);
}

#[test]
fn row_45_local_network_access() {
    let server = server(|_| open());
    let url = server.url("/");
    for (page, ends, kind, code, words) in [
        (
            "https://app.test",
            5,
            "up-to-the-person",
            "LocalNetworkAccessPermissionDenied",
            [
                "asks the person at it before anything is sent (Local Network Access): the address is \"loopback\".",
                "No header of the server's changes that",
            ],
        ),
        (
            "http://app.test",
            1,
            "refused-by-browser",
            "InsecureLocalNetwork",
            [
                "refuses before anything is sent (Local Network Access): the address is \"loopback\", and the page did not come over https.",
                "Serve the page over https",
            ],
        ),
    ] {
        let ask = |more: &[&str]| sofetch(&[&["cors", &url, "--origin", page], more].concat());
        // By the Standard it passes; what Chromium does is said beside it.
        let said = ask(&[]).ended(0);
        words.iter().for_each(|word| assert!(said.text().contains(word), "{word}: {}", said.text()));
        let report = ask(&["--as", "chromium", "--report", "json"]).ended(ends).json();
        assert_eq!(report["verdict"]["kind"], kind);
        assert_eq!(report["departures"][0]["id"], "local-network-access");
        assert_eq!(report["departures"][0]["code"], code);
    }
}

#[test]
fn row_48_it_works_in_curl() {
    let world = InWorld::start();
    let words =
        "That it works in curl or Postman says nothing: they are no pages, and CORS does not bind them.";
    // The same request without a page is answered, and shown.
    let own = world.sofetch(&["https://site.com/closed.json"]).ended(0);
    assert_eq!(own.text(), "{\"readable\":false}\n");
    let asked = |path: &str| {
        world.sofetch(&["cors", &format!("https://site.com{path}"), "--origin", "https://javascript.info"])
    };
    let told = asked("/closed.json").ended(1);
    assert!(told.text().contains(words), "{}", told.text());
    assert!(told.text().contains("The request reached the server and it answered 200."), "{}", told.text());
    assert!(!asked("/readable.json").ended(0).text().contains(words));
}

/// The server is asked once for what it was asked: nothing of a row is guessed.
#[test]
fn what_is_said_was_seen() {
    let server = server(|request: &RequestSeen| {
        assert_eq!(request.header("Origin").as_deref(), Some(PAGE));
        open()
    });
    sofetch(&["cors", &server.url("/"), "--origin", PAGE]).ended(0);
    assert_eq!(server.requests().len(), 1);
}
