//! What strangers sent never steers a terminal, and what is secret is not printed. NB: a pipe gets bodies and headers byte
//! for byte; standard error, `--include` on a terminal and reports are escaped wherever they go.

mod support;

use sofetch_demo::Reply;
use support::{Folder, InWorld, server, sofetch};

const HOSTILE: &str = "\u{1b}[31m\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}";
/// The same without the bytes that hyper takes for a broken head.
const CARRIED: &str = "\u{9b}31m\u{9d}0;owned\u{9c}\u{202e}";

/// Nothing that a terminal obeys.
#[track_caller]
fn assert_tame(text: &str) {
    let wild = text
        .chars()
        .find(|&character| (character.is_control() && character != '\n') || character == '\u{202e}');
    assert_eq!(wild, None, "{text:?}");
}

#[test]
fn hostile_responses_are_tame_on_standard_error() {
    let hostile = |status: u16, text: &str| {
        Reply::with_status_line(format!("HTTP/1.1 {status} {text}"))
            .header("X-Hostile", text.to_owned())
            .header("Access-Control-Allow-Origin", text.to_owned())
            .header("Location", format!("/{text}"))
            .body(HOSTILE)
    };
    for (text, refused) in [(CARRIED, 1), (HOSTILE, 3)] {
        for status in [200, 302, 404] {
            let server = server(move |_| hostile(status, text));
            let url = server.url("/");
            let said = sofetch(&["-v", "--fail", "--redirect", "error", &url]);
            assert_tame(&said.err);
            let said = sofetch(&["-v", "--origin", "http://a.test", &url]).ended(refused);
            assert_tame(&said.err);
            let said = sofetch(&["cors", "--origin", "http://a.test", &url]).ended(refused);
            assert_tame(&said.err);
            assert_tame(said.text());
            let said =
                sofetch(&["cors", "--origin", "http://a.test", &url, "--report", "json"]).ended(refused);
            assert_tame(said.text());
        }
    }
}

#[test]
fn hostile_heads_are_tame_on_standard_error() {
    for head in [
        format!("HTTP/1.1 200 OK\r\nBad{HOSTILE}Name: x\r\n\r\n"),
        format!("{HOSTILE}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {HOSTILE}\r\n\r\n"),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{HOSTILE}\r\n"),
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n{HOSTILE}"),
    ] {
        let bytes = head.clone();
        let server = server(move |_| Reply::raw(bytes.clone()));
        let said = sofetch(&["-v", &server.url("/")]);
        assert!(matches!(said.code, 0 | 3), "{head:?}: {said:?}");
        assert_tame(&said.err);
    }
}

#[test]
fn hostile_arguments_are_tame_on_standard_error() {
    let folder = Folder::new();
    for args in [
        &[HOSTILE][..],
        &["--origin", HOSTILE, "a.test"],
        &["-H", HOSTILE, "a.test"],
        &["--resolve", HOSTILE, "a.test"],
        &["--cacert", HOSTILE, "a.test"],
        &["-F", HOSTILE, "a.test"],
        &["--proxy", HOSTILE, "a.test"],
        &["--mode", HOSTILE, "a.test"],
        &[&format!("--{HOSTILE}"), "a.test"],
    ] {
        assert_tame(&sofetch(args).ended(2).err);
    }
    let server = support::plain_server();
    let path = folder.file(&format!("no/{HOSTILE}"));
    assert_tame(&sofetch(&["-o", &path, &server.url("/")]).ended(3).err);
}

#[test]
fn a_pipe_gets_what_was_sent() {
    let server = server(|_| Reply::ok(HOSTILE).header("Content-Type", "text/plain"));
    assert_eq!(sofetch(&[&server.url("/")]).ended(0).out, HOSTILE.as_bytes());
}

#[test]
fn secrets_are_redacted_unless_asked_for() {
    let server = server(|_| {
        Reply::ok("body").header("Set-Cookie", "session=hush-1; HttpOnly").header("X-Api-Key", "hush-2")
    });
    let url = server.url_for("user:hush-3@127.0.0.1", "/?access_token=hush-4");
    let args = [
        "-i",
        "-v",
        "-H",
        "Authorization: Bearer hush-5",
        "-H",
        "Cookie: a=hush-6",
        "-H",
        "API-Key: hush-7",
        &url,
    ];
    let said = sofetch(&args).ended(0);
    let all = format!("{}{}", said.text(), said.err);
    assert!(!all.contains("hush"), "{all}");
    assert!(said.text().contains("[redacted]") && said.err.contains("[redacted]"), "{all}");
    let shown = sofetch(&[&["--show-secrets"][..], &args].concat()).ended(0);
    for hush in ["hush-1", "hush-2"] {
        assert!(shown.text().contains(hush), "{hush}: {}", shown.text());
    }
    for hush in ["hush-4", "hush-5", "hush-6", "hush-7"] {
        assert!(shown.err.contains(hush), "{hush}: {}", shown.err);
    }
    let request = &server.requests()[0];
    assert_eq!(
        request.header("API-Key").as_deref(),
        Some("hush-7"),
        "what is not printed is sent all the same"
    );
}

#[test]
fn secrets_are_redacted_in_reports_and_errors() {
    let world = InWorld::start();
    let patch = ["-X", "PATCH", "-H", "API-Key: hush", "--json", "{}"];
    for path in ["service.json?token=hush", "method-refused.json?token=hush"] {
        let url = format!("https://site.com/{path}");
        for report in [&["--report", "json"][..], &[]] {
            let args = [&["cors", "--origin", "https://javascript.info", &url][..], &patch, report].concat();
            let said = world.sofetch(&args);
            assert!(!said.text().contains("hush") && !said.err.contains("hush"), "{said:?}");
            let said = world.sofetch(&[&args[1..], &["-v"]].concat());
            assert!(!said.text().contains("hush") && !said.err.contains("hush"), "{said:?}");
        }
    }
    let url = format!("http://user:hush@127.0.0.1:{}/?token=hush", support::closed_port());
    let said = sofetch(&[&url]).ended(3);
    assert!(!said.err.contains("hush"), "{}", said.err);
}

#[test]
fn secrets_are_redacted_in_complaints_about_usage() {
    for args in [
        &["https://user:hush@a.test:99999/"][..],
        &["user:hush@a.test:99999"],
        &["https://a.test:99999/?token=hush"],
        &["-H", "Authorization hush", "a.test"],
        &["-H", "Authorization: hush\r\nx", "a.test"],
        &["--origin", "https://user:hush@a.test", "a.test"],
        &["--page", "https://user:hush@a.test:99999", "a.test"],
        &["--proxy", "ftp://user:hush@a.test", "a.test"],
        &["--proxy", "http://user:hush@a b", "a.test"],
    ] {
        let said = sofetch(args).ended(2);
        assert!(!said.err.contains("hush"), "{}", said.err);
    }
}

#[test]
fn row_22_what_one_origin_is_given_does_not_follow_a_redirect_to_another() {
    let world = InWorld::start();
    let page = &world.world.page;
    world
        .sofetch(&[
            "-H",
            "Cookie: a=hush",
            "-H",
            "Authorization: Basic aHVzaA==",
            "https://javascript.info/away",
        ])
        .ended(0);
    let first = &page.requests()[0];
    assert!(first.header("Cookie").is_some() && first.header("Authorization").is_some());
    let second = &world.world.api.requests()[0];
    assert_eq!((second.header("Cookie"), second.header("Authorization")), (None, None));
}

#[test]
fn file_names_of_strangers_are_nobodys() {
    let folder = Folder::new();
    let server =
        server(|_| Reply::ok("x").header("Content-Disposition", "attachment; filename=\"../../theirs\""));
    let path = folder.file("mine");
    let said = sofetch(&["-o", &path, &server.url("/..%2F..%2Fetc")]).ended(0);
    assert_eq!(said.err, "");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
#[cfg(unix)]
fn arguments_that_are_not_utf_8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let run = |before: &[&str], bytes: &[u8], after: &[&str]| {
        let mut command = support::command(before);
        command.arg(OsStr::from_bytes(bytes)).args(after);
        support::said(command)
    };
    let server = server(|_| Reply::ok("ok"));
    let url = server.url("/");
    run(&["-H"], b"X-Bytes: a\xE9", &["-d", "a", &url]).ended(0);
    for option in ["-d", "--data-binary", "--json"] {
        run(&[option], b"a\xFFb", &[&url]).ended(0);
    }
    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    assert!(requests[1..].iter().all(|request| request.body[..] == *b"a\xFFb"));
    run(&[], b"http://127.0.0.1:1/\xFF", &[]).ended(2).complained("the URL is not UTF-8");
    run(&["-F"], b"a=\xFF", &[&url]).ended(2).complained("-F is not UTF-8");
    run(&["--json", "1", "--page"], b"hush\xFF", &[&url])
        .ended(2)
        .complained("argument 4, after --page, is not UTF-8");
    // A file may have any name, and is not the one to blame.
    run(&["-o"], b"/nowhere/\xFF", &[&url]).ended(3).complained("/nowhere/\\xFF");
}

#[test]
fn errors_are_shown_under_silent_if_asked_for() {
    let url = format!("http://127.0.0.1:{}/", support::closed_port());
    assert_eq!(sofetch(&["-s", &url]).ended(3).err, "");
    let said = sofetch(&["-sSL", "--compressed", "--mode", "cors", &url]).ended(3);
    assert_eq!(said.err.lines().count(), 1, "the error, and no note: {}", said.err);
}
