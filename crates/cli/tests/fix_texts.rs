//! `sofetch cors --server`: the smallest change as configuration, and who gets which.

mod support;

use sofetch_demo::Reply;
use support::{server, sofetch};

const ORIGIN: &str = "https://javascript.info";

fn text(value: &serde_json::Value) -> String {
    value.as_str().expect("a string").to_owned()
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

    // Where nothing was refused yet, only who is asked for.
    let undecided = |more: &[&str]| {
        let args = ["cors", &closed.url("/nginx"), "--origin", ORIGIN, "--send", "never"];
        sofetch(&[&args[..], more].concat()).ended(5)
    };
    assert!(!undecided(&[]).text().contains("--server NAME"));
    assert!(undecided(&["--server", "caddy"]).text().contains("For Caddy, at "));

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
