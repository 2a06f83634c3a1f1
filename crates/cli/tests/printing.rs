//! `--timeline`, `--har`, `--color`, `--raw` and `--stream`.

mod support;

use std::io::Read;
use std::process::Stdio;
use std::sync::Arc;

use sofetch_demo::Reply;
use support::{Folder, InWorld, closed_port, command, server, sofetch};

#[test]
fn a_waterfall_has_a_bar_for_each_hop() {
    let server = server(|request| match request.path() {
        "/from" => Reply::new(302).header("Location", "/to?token=hush"),
        _ => Reply::ok("ok"),
    });
    let said = sofetch(&["--timeline", &server.url("/from")]).ended(0);
    assert_eq!(said.text(), "ok", "standard output is the body's");
    let lines: Vec<&str> = said.err.lines().collect();
    assert_eq!(lines.len(), 5, "{}", said.err);
    assert!(lines[0].starts_with("Timeline of ") && lines[0].contains(". wait"), "{}", said.err);
    assert!(lines[1].contains("302  GET http://") && lines[1].ends_with("/from"), "{}", said.err);
    assert!(lines[2].contains("connect") && lines[2].contains("wait"), "{}", said.err);
    assert!(
        lines[3].contains("200  GET http://") && lines[3].ends_with("/to?token=[redacted]"),
        "{}",
        said.err
    );
    assert!(lines[4].contains("connection reused") && lines[4].contains("body"), "{}", said.err);
    let failed = sofetch(&["--timeline", &format!("127.0.0.1:{}", closed_port())]).ended(3);
    assert!(failed.err.contains("(nothing sent)"), "{}", failed.err);
}

#[test]
fn a_timeline_in_the_reports() {
    let world = InWorld::start();
    let cors = [
        "cors",
        "--origin",
        "https://javascript.info",
        "-X",
        "PATCH",
        "--send",
        "always",
        "--json",
        "{}",
        "https://site.com/service.json",
    ];
    let said = world.sofetch(&[&cors[..], &["--timeline"]].concat()).ended(0);
    assert!(said.err.contains("OPTIONS https://site.com/service.json  (preflight)"), "{}", said.err);
    assert!(
        said.err.contains("PATCH https://site.com/service.json\n") && said.err.contains("TLS "),
        "{}",
        said.err
    );
    let said = world.sofetch(&[&cors[..], &["--timeline", "--report", "json"]].concat()).ended(0);
    assert_eq!(said.err, "");
    let report = said.json();
    assert_eq!(report["timeline"][0]["purpose"], "preflight");
    assert_eq!(report["timeline"][1]["method"], "PATCH");
    let plain =
        world.sofetch(&["--timeline", "--report", "json", "https://site.com/service.json"]).ended(0).json();
    let steps: Vec<&str> = plain["timeline"][0]["phases"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|phase| phase["step"].as_str().expect("a word"))
        .collect();
    assert!(steps.contains(&"tls") && steps.contains(&"wait") && steps.contains(&"body"), "{steps:?}");
    let without = world.sofetch(&["--report", "json", "https://site.com/service.json"]).ended(0).json();
    assert!(without.get("timeline").is_none());
}

#[test]
fn exchanges_as_har() {
    let folder = Folder::new();
    let path = folder.file("har");
    let read = || -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(&path).expect("it was written")).expect("JSON")
    };
    let server = server(|request| match request.path() {
        "/from" => Reply::new(302).header("Location", "/to"),
        _ => Reply::new(500).body("no"),
    });
    sofetch(&["--har", &path, "-H", "Cookie: hush", "--fail", &server.url("/from")]).ended(4);
    let har = read();
    let entries = har["log"]["entries"].as_array().expect("a list");
    let statuses: Vec<_> = entries.iter().map(|entry| entry["response"]["status"].as_u64()).collect();
    assert_eq!(statuses, [Some(302), Some(500)], "written even where the command fails");
    assert!(!har.to_string().contains("hush"));
    let world = InWorld::start();
    let args = [
        "cors",
        "--har",
        &path,
        "--origin",
        "https://javascript.info",
        "-X",
        "PATCH",
        "--send",
        "always",
        "https://site.com/service.json",
    ];
    world.sofetch(&args).ended(0);
    assert_eq!(read()["log"]["entries"][0]["_purpose"], "preflight");
    sofetch(&["--har", &folder.file("none/har"), &server.url("/")]).ended(2).complained("none");
}

#[test]
fn colours_where_they_are_asked_for() {
    let server = server(|_| Reply::ok("{\"a\":\"\u{9b}31m\"}").header("Content-Type", "application/json"));
    let url = server.url("/");
    assert_eq!(sofetch(&[&url]).ended(0).text(), "{\"a\":\"\u{9b}31m\"}", "a pipe gets what was sent");
    let said = sofetch(&["--color", "always", &url]).ended(0);
    assert_eq!(said.text(), "{\n  \u{1b}[34m\"a\"\u{1b}[0m: \u{1b}[32m\"\\x9B31m\"\u{1b}[0m\n}\n");
    let said = sofetch(&["--colour=always", "--raw", &url]).ended(0);
    assert_eq!(said.text(), "{\"a\":\"\\x9B31m\"}\n");
    let said = sofetch(&["--color", "never", "-v", &url]).ended(0);
    assert!(!said.err.contains('\u{1b}') && said.text().starts_with("{\"a\""), "{}", said.err);
    sofetch(&["--color", "sometimes", &url]).ended(2).complained("--color");
}

#[test]
fn lines_and_events_are_shown_as_they_come() {
    for (content_type, args, first, second, shown) in [
        (
            "application/x-ndjson",
            &["--color", "always"][..],
            "[1]\n",
            "[2]\n",
            "[\n  \u{1b}[36m1\u{1b}[0m\n]\n",
        ),
        (
            "application/json",
            &["--color", "always", "--stream"],
            "[1]\n",
            "[2]\n",
            "[\n  \u{1b}[36m1\u{1b}[0m\n]\n",
        ),
        (
            "text/event-stream",
            &["--color", "always"],
            "data: 1\n\n",
            "data: 2\n\n",
            "\u{1b}[34mdata\u{1b}[0m: \u{1b}[36m1\u{1b}[0m\n\n",
        ),
        ("text/event-stream", &[], "data: 1\n\n", "data: 2\n\n", "data: 1\n\n"),
        ("application/x-ndjson", &[], "[1]\n", "[2]\n", "[1]\n"),
    ] {
        let go_on = Arc::new(tokio::sync::Notify::new());
        let waited = go_on.clone();
        let server = server(move |_| {
            Reply::new(200)
                .header("Content-Type", content_type)
                .chunked()
                .piece(first)
                .wait(&waited)
                .piece(second)
        });
        let mut command = command(&[args, &[&server.url("/")]].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the command was built");
        let mut out = child.stdout.take().expect("piped");
        // NB: the server says no more until this is read; a command that held the line back would hang here.
        let mut read = vec![0; shown.len()];
        out.read_exact(&mut read).expect("it is printed");
        assert_eq!(String::from_utf8_lossy(&read), shown, "{content_type} {args:?}");
        go_on.notify_one();
        out.read_to_end(&mut read).expect("it ends");
        assert!(child.wait().expect("it ends").success());
    }
}
