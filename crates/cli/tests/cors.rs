//! `sofetch cors`: each outcome with its exit code and what is told of it, as text and as JSON.

mod support;

use std::sync::{Arc, Mutex};

use sofetch_demo::Reply;
use support::{InWorld, Said, closed_port, server, sofetch};

const ORIGIN: &str = "https://javascript.info";
const PATCH: &[&str] = &["-X", "PATCH", "-H", "API-Key: secret", "--json", "{\"a\":1}"];

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
fn the_smallest_change_is_told_as_configuration() {
    let closed = server(|request| match request.path() {
        "/nginx" => Reply::ok("{}").header("Server", "nginx/1.22.1"),
        _ => Reply::ok("{}"),
    });
    let ask = |path: &str, more: &[&str]| {
        sofetch(&[&["cors", &closed.url(path), "--origin", ORIGIN], more].concat()).ended(1)
    };
    let texts = |path: &str, more: &[&str]| {
        let report = ask(path, &[more, &["--report", "json"]].concat()).json();
        report["fixes"]["sets"][0]["texts"].clone()
    };

    // The server is recognized, or named, or asked for.
    let guessed = texts("/nginx", &[]);
    assert_eq!((&guessed[0]["server"], &guessed[0]["guessed"]), (&"nginx".into(), &true.into()), "{guessed}");
    let config = text(&guessed[0]["text"]);
    assert!(config.contains("location = /nginx {") && config.contains(ORIGIN), "{config}");
    let told = ask("/nginx", &[]);
    assert!(config.lines().all(|line| told.text().contains(line)), "{}", told.text());
    let named = texts("/nginx", &["--server", "express"]);
    assert_eq!((&named[0]["server"], &named[0]["guessed"]), (&"express".into(), &false.into()), "{named}");
    assert!(text(&named[0]["text"]).contains("app.all('/nginx', cors({"), "{named}");
    assert_eq!(texts("/nobody", &[]), serde_json::json!([]));
    assert!(ask("/nobody", &[]).text().contains("--server NAME, one of nginx, apache,"));

    // What it cannot quote it does not write.
    let refused = texts("/a$b", &["--server", "nginx"]);
    assert_eq!(refused[0]["refused"], serde_json::json!({ "kind": "character", "character": "$" }));
    assert!(refused[0]["text"].is_null(), "{refused}");

    // What is not advised has no text.
    let more = ["--credentials", "include", "--server", "nginx", "--report", "json"];
    let sandboxed = sofetch(&[&["cors", &closed.url("/nginx"), "--origin", "null"], &more[..]].concat());
    let report = sandboxed.ended(1).json();
    assert_eq!(report["fixes"]["refused"][0]["texts"], serde_json::json!([]), "{report}");
}

#[test]
fn servers_are_listed() {
    let said = sofetch(&["cors", "--server", "list"]).ended(0);
    for name in ["nginx ", "axum ", "fastapi ", "s3 "] {
        assert!(said.text().lines().any(|line| line.starts_with(name)), "{name}: {}", said.text());
    }
    sofetch(&["cors", "https://a.test", "--origin", "https://b.test", "--server", "iis5"])
        .ended(2)
        .complained("nginx");
    sofetch(&["cors", "--server", "nginx"]).ended(2).complained("URL");
    sofetch(&["https://a.test", "--server", "nginx"]).ended(2);
}
