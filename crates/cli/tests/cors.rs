//! `sofetch cors`: each outcome with its exit code and what is told of it, as text and as JSON.

mod support;

use std::sync::{Arc, Mutex};

use sofetch_demo::Reply;
use support::{InWorld, Said, closed_port, server, sofetch};

const ORIGIN: &str = "https://javascript.info";
const PATCH: &[&str] = &["-X", "PATCH", "-H", "API-Key: secret", "--json", "{\"a\":1}", "--send", "always"];

fn cors(world: &InWorld, path: &str, more: &[&str]) -> Said {
    let url = format!("https://site.com{path}");
    world.sofetch(&[&["cors", &url, "--origin", ORIGIN], more].concat())
}

#[test]
fn a_granted_preflight() {
    let world = InWorld::start();
    let said = cors(&world, "/service.json", PATCH).ended(0);
    for word in [
        "PATCH",
        "OPTIONS",
        "Access-Control-Request-Method",
        "Access-Control-Allow-Methods",
        "API-Key",
        ORIGIN,
    ] {
        assert!(
            said.text().to_ascii_lowercase().contains(&word.to_ascii_lowercase()),
            "{word}: {}",
            said.text()
        );
    }
    assert_eq!(said.err, "");
    let methods: Vec<String> = world.world.api.requests().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["OPTIONS", "PATCH"]);
    assert_eq!(&world.world.api.requests()[1].body[..], b"{\"a\":1}");
}

#[test]
fn what_is_readable_ends_with_zero() {
    let world = InWorld::start();
    for path in [
        "/readable.json",
        "/open.json",
        "/exposed.json",
        "/gzip.json",
        "/error-500-readable.json",
        "/redirect/same-origin",
        "/redirect/cross-origin",
    ] {
        let said = cors(&world, path, &[]).ended(0);
        assert!(!said.text().is_empty() && said.err.is_empty(), "{path}: {said:?}");
    }
    world.sofetch(&["cors", "https://javascript.info/own.json", "--origin", ORIGIN]).ended(0);
    cors(&world, "/wildcards-granted.json", PATCH).ended(0);
}

#[test]
fn what_is_refused_ends_with_one_and_its_reason() {
    let world = InWorld::start();
    let table: [(&str, &[&str], &str); 17] = [
        ("/closed.json", &[], "Access-Control-Allow-Origin"),
        ("/other-origin.json", &[], "https://other.example"),
        ("/two-origins.json", &[], "https://javascript.info, https://other.example"),
        ("/trailing-slash.json", &[], "https://javascript.info/"),
        ("/account.json", &["--redirect", "error", "--mode", "same-origin"], "same-origin"),
        ("/wildcard-with-credentials.json", &["--credentials", "include"], "*"),
        ("/credentials-unsaid.json", &["--credentials", "include"], "Access-Control-Allow-Credentials"),
        ("/credentials-misspelt.json", &["--credentials", "include"], "True"),
        ("/method-refused.json", PATCH, "PATCH"),
        ("/header-refused.json", PATCH, "api-key"),
        ("/preflight-401.json", PATCH, "401"),
        ("/preflight-redirected.json", PATCH, "307"),
        ("/preflight-closed.json", PATCH, "Access-Control-Allow-Origin"),
        ("/granted-then-closed.json", PATCH, "Access-Control-Allow-Origin"),
        ("/redirect/cross-origin-refused", &[], "null"),
        ("/redirect/loop", &[], "20"),
        ("/redirect/not-http", &[], "data"),
    ];
    for (path, more, word) in table {
        let said = cors(&world, path, more).ended(1);
        assert!(
            said.text().to_ascii_lowercase().contains(&word.to_ascii_lowercase()),
            "{path}: {word}: {}",
            said.text()
        );
        assert_eq!(said.err, "", "{path}");
    }
    cors(&world, "/wildcards-granted.json", &["-H", "Authorization: Bearer x"]).ended(1);
}

#[test]
fn what_no_script_can_see_ends_with_one() {
    let world = InWorld::start();
    cors(&world, "/opaque.svg", &["--mode", "no-cors"]).ended(1);
    cors(&world, "/same-origin-only.svg", &["--mode", "no-cors"]).ended(1);
    cors(&world, "/redirect/same-origin", &["--redirect", "manual"]).ended(1);
    cors(&world, "/redirect/same-origin", &["--redirect", "error"]).ended(1);
}

#[test]
fn schemes_that_cannot_be_fetched_end_with_one() {
    for url in ["ftp://a.test/", "file:///etc/hostname", "mailto:a@a.test"] {
        sofetch(&["cors", url, "--origin", "https://a.test"]).ended(1);
    }
}

#[test]
fn requests_that_cannot_be_made_end_with_two() {
    let table: [&[&str]; 8] = [
        &["https://u:p@a.test/"],
        &["-X", "CONNECT", "https://a.test/"],
        &["-X", "a b", "https://a.test/"],
        &["-X", "PUT", "--mode", "no-cors", "https://a.test/"],
        &["-X", "GET", "-d", "a", "https://a.test/"],
        &["-H", "a b: c", "https://a.test/"],
        &["--cache", "only-if-cached", "https://a.test/"],
        &["https://a b/"],
    ];
    for args in table {
        let said = sofetch(&[&["cors", "--origin", "https://b.test"], args].concat()).ended(2);
        assert!(said.err.starts_with("sofetch: "), "{args:?}: {said:?}");
    }
    sofetch(&["cors", "https://a.test/"]).ended(2).complained("--origin");
    sofetch(&["cors", "https://a.test/", "--origin", "a.test"]).ended(2).complained("--origin");
    sofetch(&["cors"]).ended(2);
}

#[test]
fn a_network_that_fails_ends_with_three() {
    let at = format!("http://127.0.0.1:{}/", closed_port());
    let said = sofetch(&["cors", &at, "--origin", "http://a.test"]).ended(3);
    assert!(!said.text().is_empty(), "{said:?}");
    for reply in [Reply::close(), Reply::reset(), Reply::raw("SSH-2.0-nope\r\n")] {
        let server = server(move |_| reply.clone());
        sofetch(&["cors", &server.url("/"), "--origin", "http://a.test"]).ended(3);
    }
    let hang = server(|_| Reply::hang());
    sofetch(&["cors", &hang.url("/"), "--origin", "http://a.test", "--max-time", "0.2"]).ended(3);
}

#[test]
fn a_body_that_breaks_off_ends_with_three() {
    let server = server(|_| {
        Reply::new(200)
            .header("Access-Control-Allow-Origin", "*")
            .header("Content-Length", "10")
            .piece("abc")
            .as_given()
            .ending(sofetch_demo::Ending::Close)
    });
    sofetch(&["cors", &server.url("/"), "--origin", "http://a.test"]).ended(3);
}

#[test]
fn the_options_of_a_fetch_apply() {
    let world = InWorld::start();
    let path = world.folder.file("body");
    cors(&world, "/readable.json", &["-o", &path, "-v"]).ended(0);
    assert_eq!(std::fs::read(&path).expect("it is there"), b"{\"readable\":true}\n");
    world.sofetch(&["cors", "--page", "https://javascript.info/a", "/own.json"]).ended(0);
}

#[test]
fn a_status_of_400_is_readable_unless_fail_is_said() {
    let world = InWorld::start();
    cors(&world, "/error-500-readable.json", &[]).ended(0);
    cors(&world, "/error-500-readable.json", &["--fail"]).ended(4).complained("500");
}

#[test]
fn reports_are_json_with_a_schema() {
    let world = InWorld::start();
    for (path, more, code, kind) in [
        ("/service.json", PATCH, 0, "readable"),
        ("/method-refused.json", PATCH, 1, "refused"),
        ("/closed.json", &[], 1, "refused"),
        ("/opaque.svg", &["--mode", "no-cors"], 1, "unreadable"),
        ("/redirect/loop", &[], 1, "refused"),
    ] {
        let said = cors(&world, path, &[&["--report", "json"], more].concat()).ended(code);
        let report = said.json();
        assert_eq!(report["schema"], "sofetch-cors/1", "{path}");
        assert_eq!(report["verdict"]["kind"], kind, "{path}");
        assert_eq!(report["question"]["origin"], ORIGIN, "{path}");
    }
    let report = cors(&world, "/closed.json", &["--report", "json"]).ended(1).json();
    assert_eq!(report["verdict"]["ruling"]["rule"], "CorsCheck");
    assert_eq!(report["reached"]["status"], 200);
    assert_eq!(report["script"]["with"], "TypeError");
    let at = format!("http://127.0.0.1:{}/", closed_port());
    let said = sofetch(&["cors", &at, "--origin", "http://a.test", "--report", "json"]).ended(3);
    assert_eq!(said.json()["verdict"]["kind"], "network-failure");
    let said =
        sofetch(&["cors", "https://u:p@a.test/", "--origin", "http://a.test", "--report", "json"]).ended(2);
    assert_eq!(said.text(), "", "there is nothing to report of a request that is none");
}

/// The edits of the first set, as `(to the preflight?, name, value)`; a status is named by no name.
fn edits(report: &serde_json::Value) -> Vec<(bool, String, String)> {
    let answers = report["fixes"]["sets"][0]["answers"].as_array().expect("a set");
    let of_answer = |answer: &serde_json::Value| {
        let preflight = answer["to"] == "preflight";
        let edits = answer["edits"].as_array().expect("its edits").clone();
        edits.into_iter().map(move |edit| match edit["status"].as_u64() {
            Some(status) => (preflight, String::new(), status.to_string()),
            None => (preflight, text(&edit["name"]), text(&edit["value"])),
        })
    };
    answers.iter().flat_map(of_answer).collect()
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().expect("a string").to_owned()
}

#[test]
fn what_the_smallest_change_says_ends_with_zero_once_made() {
    let made: Arc<Mutex<Vec<(bool, String, String)>>> = Arc::default();
    let at_server = made.clone();
    // A server that knows nothing of CORS, and of OPTIONS only that it is not allowed.
    let server = server(move |request| {
        let preflight = request.method == "OPTIONS";
        let edits = at_server.lock().expect("no panic");
        let mine = || edits.iter().filter(move |(to, _, _)| *to == preflight);
        let status = mine().find(|(_, name, _)| name.is_empty()).map(|(_, _, status)| &**status);
        let reply = match (status, preflight) {
            (Some("204"), _) => Reply::new(204),
            (Some(other), _) => panic!("{other}"),
            (None, true) => Reply::new(405).body(""),
            (None, false) => Reply::ok("{}"),
        };
        mine()
            .filter(|(_, name, _)| !name.is_empty())
            .fold(reply, |reply, (_, name, value)| reply.header(name.clone(), value.clone()))
    });
    for (more, edits_wanted) in [
        (&[][..], 1),
        (&["--credentials", "include"], 2),
        (PATCH, 5),
        (&[PATCH, &["--credentials", "include"]].concat(), 7),
    ] {
        made.lock().expect("no panic").clear();
        let url = server.url("/");
        let ask = |last: &[&str]| sofetch(&[&["cors", &url, "--origin", ORIGIN], more, last].concat());
        let report = ask(&["--report", "json"]).ended(1).json();
        let told = ask(&[]).ended(1);
        let offered = edits(&report);
        assert_eq!(offered.len(), edits_wanted, "{more:?}: {offered:?}");
        for (_, name, value) in &offered {
            let line =
                if name.is_empty() { format!("+ status {value}\n") } else { format!("+ {name}: {value}\n") };
            assert!(told.text().contains(&line), "{line}: {}", told.text());
        }
        *made.lock().expect("no panic") = offered;
        ask(&[]).ended(0);
    }
}

#[test]
fn what_no_answer_can_change_has_no_fix_and_who_was_not_refused_needs_none() {
    let world = InWorld::start();
    for (path, code, has_fixes) in [("/readable.json", 0, false), ("/redirect/loop", 1, true)] {
        let report = cors(&world, path, &["--report", "json"]).ended(code).json();
        match has_fixes {
            true => assert_eq!(report["fixes"]["sets"], serde_json::json!([]), "{path}"),
            false => assert!(report["fixes"].is_null(), "{path}"),
        }
    }
    let looping = cors(&world, "/redirect/loop", &[]).ended(1);
    assert!(looping.text().contains("No change of the server's answers alone"), "{}", looping.text());
    // A sandboxed page with credentials: what would do is not advised.
    let said = world.sofetch(&[
        "cors",
        "https://site.com/closed.json",
        "--origin",
        "null",
        "--credentials",
        "include",
    ]);
    let said = said.ended(1);
    assert!(said.text().contains("Not advised, though it would pass:"), "{}", said.text());
}

#[test]
fn what_changes_something_is_not_sent_on_the_preflight_s_word_alone() {
    let world = InWorld::start();
    // Nobody sits at this terminal.
    let patch = &PATCH[..PATCH.len() - 2];
    let undecided = "The preflight grants the request, which was not sent.";
    for (row, more, code, sent, words) in [
        ("a preflight grants", patch, 5, &["OPTIONS"][..], undecided),
        ("never", &[patch, &["--send", "never"]].concat(), 5, &["OPTIONS"], undecided),
        ("always", &[patch, &["--send", "always"]].concat(), 0, &["OPTIONS", "PATCH"], "Readable."),
        ("a safe method", &["-H", "API-Key: secret"], 0, &["OPTIONS", "GET"], "Readable."),
        (
            "a safe method, and never",
            &["--send", "never"],
            5,
            &[],
            "The request was not sent: nothing is proved",
        ),
        ("what any form may send", &["-d", "a=b"], 1, &["POST"], "Refused."),
    ] {
        let before = world.world.api.requests().len();
        let said = cors(&world, "/service.json", more).ended(code);
        let seen: Vec<String> =
            world.world.api.requests().into_iter().skip(before).map(|request| request.method).collect();
        assert_eq!(seen, *sent, "{row}");
        assert!(said.text().contains(words), "{row}: {}", said.text());
        assert_eq!(said.err.contains("--send always"), code == 5, "{row}: {}", said.err);
    }
    // What stays unproved is said, and what it would take.
    let said = cors(&world, "/service.json", patch).ended(5);
    assert!(said.text().contains("Undecided."), "{}", said.text());
    assert!(said.text().contains(&format!("+ Access-Control-Allow-Origin: {ORIGIN}")), "{}", said.text());
    assert!(said.text().contains("(assumed: a bare 200; nothing was asked there yet)"), "{}", said.text());
    let report = cors(&world, "/service.json", &[patch, &["--report", "json"]].concat()).ended(5).json();
    assert_eq!(report["verdict"], serde_json::json!({ "kind": "undecided" }));
    assert_eq!(report["reached"]["sent"], false);
    assert_eq!(report["fixes"]["sets"][0]["answers"][0]["assumed"], true);
    // A refusal is one all the same.
    cors(&world, "/method-refused.json", patch).ended(1);
}

#[test]
fn a_browser_s_verdict_is_said_beside_the_standard_s_and_decides_where_it_is_asked_for() {
    let world = InWorld::start();
    let bearer = &["-H", "Authorization: Bearer x"][..];
    let today = "Chromium 156 and Firefox 153 let this pass today";
    let said = cors(&world, "/wildcards-granted.json", bearer).ended(1);
    assert!(said.text().contains(today), "{}", said.text());
    let report =
        cors(&world, "/wildcards-granted.json", &[bearer, &["--report", "json"]].concat()).ended(1).json();
    assert_eq!(report["departures"][0]["id"], "wildcard-authorization");
    assert_eq!(report["departures"][0]["browsers"], serde_json::json!(["chromium", "firefox"]));
    for browser in ["chromium", "firefox"] {
        let said = cors(&world, "/wildcards-granted.json", &[bearer, &["--as", browser]].concat()).ended(0);
        assert!(said.text().contains("as in browsers and against the Standard"), "{}", said.text());
    }
    // What no browser lets pass, none does.
    cors(&world, "/closed.json", &["--as", "chromium"]).ended(1);
}

#[test]
fn a_browser_sends_headers_as_it_does() {
    let server = server(|_| Reply::ok("x").header("Access-Control-Allow-Origin", "*"));
    let (url, long) = (server.url("/"), format!("Accept: {}", "a".repeat(100)));
    let ask = |more: &[&str]| {
        let before = server.requests().len();
        let said = sofetch(&[&["cors", &url, "--origin", "http://127.0.0.1:1"], more].concat());
        (said, server.requests().into_iter().skip(before).collect::<Vec<_>>())
    };
    // Two values of 100 bytes: safe apart, unsafe together.
    let (_, seen) = ask(&["-H", &long, "-H", &long]);
    assert_eq!(seen[0].method, "GET");
    let (said, seen) = ask(&["-H", &long, "-H", &long, "--as", "chromium"]);
    assert_eq!(seen[0].method, "OPTIONS");
    said.ended(1);
    let (said, seen) = ask(&["-H", "User-Agent: mine", "--as", "chromium"]);
    assert_eq!(seen[0].method, "GET");
    assert_ne!(seen[0].header("User-Agent").as_deref(), Some("mine"));
    said.ended(0).complained("user-agent is left out");
    let (_, seen) = ask(&["-H", "User-Agent: mine", "--as", "firefox"]);
    assert_eq!(seen[0].method, "OPTIONS", "the Standard and Firefox ask");
}

#[test]
fn a_public_page_that_asks_this_machine() {
    let server = server(|_| Reply::ok("x").header("Access-Control-Allow-Origin", "*"));
    let url = server.url("/");
    let ask = |origin: &str, more: &[&str]| sofetch(&[&["cors", &url, "--origin", origin], more].concat());
    for (origin, word, as_chromium) in [
        ("https://app.test", "asks the person", 5),
        ("http://app.test", "refuses before anything is sent", 1),
        ("http://localhost:3000", "", 0),
    ] {
        let said = ask(origin, &[]).ended(0);
        assert!(said.text().contains(word), "{origin}: {}", said.text());
        assert_eq!(said.text().contains("Local Network Access"), as_chromium != 0, "{origin}");
        ask(origin, &["--as", "chromium"]).ended(as_chromium);
        ask(origin, &["--as", "firefox"]).ended(0);
    }
}
