//! What a person at a terminal sees. The terminal is util-linux's `script`; where there is none, the tests say so and return.

mod support;

use std::process::{Command, Stdio};

use sofetch_demo::Reply;
use support::{Folder, server};

/// What a terminal is sent by this command line; `None` where there is no terminal to be had.
fn on_terminal(no_color: bool, args: &[&str]) -> Option<String> {
    let output = terminal(no_color, args)?.stdin(Stdio::null()).output().expect("it ran before");
    Some(String::from_utf8(output.stdout).expect("UTF-8").replace("\r\n", "\n"))
}

/// The same, to be run.
fn terminal(no_color: bool, args: &[&str]) -> Option<Command> {
    let has_script = Command::new("script").arg("--version").output();
    if !has_script.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("util-linux")) {
        println!("skipped 1 case: no `script` of util-linux");
        return None;
    }
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let words: Vec<String> =
        std::iter::once(env!("CARGO_BIN_EXE_sofetch")).chain(args.iter().copied()).map(quoted).collect();
    let mut command = Command::new("script");
    command
        .args(["-qec", &words.join(" "), "/dev/null"])
        .env("TERM", "xterm")
        .env("NO_COLOR", if no_color { "1" } else { "" })
        .env_remove("http_proxy")
        .env_remove("HTTP_PROXY")
        .env_remove("all_proxy")
        .env_remove("ALL_PROXY");
    Some(command)
}

#[test]
fn json_is_laid_out_and_coloured() {
    let server = server(|_| Reply::ok("{\"a\":[1]}").header("Content-Type", "application/json"));
    let url = server.url("/");
    let Some(text) = on_terminal(false, &[&url]) else { return };
    assert_eq!(text, "{\n  \u{1b}[34m\"a\"\u{1b}[0m: [\n    \u{1b}[36m1\u{1b}[0m\n  ]\n}\n");
    let Some(text) = on_terminal(true, &[&url]) else { return };
    assert_eq!(text, "{\n  \"a\": [\n    1\n  ]\n}\n");
}

#[test]
fn text_is_escaped_and_binary_is_not_shown() {
    let server = server(|request| match request.path() {
        "/text" => Reply::ok("\u{1b}[31mred\n\u{1b}]0;owned\u{7}").header("Content-Type", "text/plain"),
        _ => Reply::ok("\u{89}PNG\0\u{1b}[31m").header("Content-Type", "image/png"),
    });
    let Some(text) = on_terminal(true, &[&server.url("/text")]) else { return };
    assert_eq!(text, "\\x1B[31mred\n\\x1B]0;owned\\x07\n");
    let Some(text) = on_terminal(true, &[&server.url("/binary")]) else { return };
    assert!(text.starts_with("sofetch: note: ") && text.contains("--output"), "{text:?}");
}

#[test]
fn heads_are_escaped() {
    let server = server(|_| {
        Reply::with_status_line("HTTP/1.1 200 \u{9b}31m")
            .header("X-Hostile", "\u{9b}31m\u{202e}")
            .body("body")
    });
    let Some(text) = on_terminal(true, &["-i", &server.url("/")]) else { return };
    // NB: HTTP/1.1 through hyper loses a reason phrase that is not ASCII, and the case of names.
    assert_eq!(text, "HTTP/1.1 200\nx-hostile: \\x9B31m\\u{202E}\ncontent-length: 4\n\nbody\n");
}

#[test]
fn a_download_has_a_progress_bar() {
    let folder = Folder::new();
    let server = server(|_| Reply::ok(vec![b'a'; 2048]));
    let path = folder.file("saved");
    let Some(text) = on_terminal(true, &["-o", &path, &server.url("/")]) else { return };
    assert!(text.contains("100% [##############################] 2.0 KiB of 2.0 KiB"), "{text:?}");
    let silent = on_terminal(true, &["-s", "-o", &path, &server.url("/")]);
    assert_eq!(silent.as_deref(), Some(""));
}

#[test]
fn the_tour_waits_for_a_key_where_it_is_asked_to() {
    // The input is at its end, which ends the tour at its first wait.
    let args = ["tour", "--stop", "simple", "--stop", "same-origin", "--step"];
    let Some(text) = on_terminal(false, &args) else { return };
    assert!(text.contains("1/14  ") && !text.contains("6/14  "), "{text:?}");
    assert!(text.contains("\u{1b}[32mReadable.\u{1b}[0m"), "{text:?}");
    let Some(text) = on_terminal(true, &args[..5]) else { return };
    assert!(text.contains("1/14  ") && text.contains("6/14  ") && !text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn stories_and_reports_are_coloured() {
    let server = server(|_| Reply::ok("x"));
    let url = server.url("/");
    let Some(text) = on_terminal(false, &["cors", &url, "--origin", "http://a.test"]) else { return };
    assert!(text.contains("\u{1b}["), "{text:?}");
    let Some(text) = on_terminal(true, &["cors", &url, "--origin", "http://a.test"]) else { return };
    assert!(!text.contains('\u{1b}'), "{text:?}");
    let Some(text) = on_terminal(false, &["--report", "json", &url]) else { return };
    assert!(text.contains("\u{1b}[34m\"schema\"\u{1b}[0m"), "{text:?}");
    let Some(text) = on_terminal(false, &["-v", &url]) else { return };
    assert!(text.contains("\u{1b}["), "{text:?}");
}

#[test]
fn events_are_coloured_and_tame() {
    let server = server(|_| {
        Reply::ok("event: a\ndata: {\"b\":1}\nid: \u{1b}]0;owned\u{7}\n\n")
            .header("Content-Type", "text/event-stream")
    });
    let url = server.url("/");
    let Some(text) = on_terminal(false, &[&url]) else { return };
    let key = |name: &str| format!("\u{1b}[34m{name}\u{1b}[0m");
    let data = format!("{{{}: \u{1b}[36m1\u{1b}[0m}}", key("\"b\""));
    let expected =
        format!("{}: a\n{}: {data}\n{}: \\x1B]0;owned\\x07\n\n", key("event"), key("data"), key("id"));
    assert_eq!(text, expected);
    let Some(text) = on_terminal(false, &["--raw", &url]) else { return };
    assert_eq!(text, "event: a\ndata: {\"b\":1}\nid: \\x1B]0;owned\\x07\n\n");
    let Some(text) = on_terminal(false, &["--color", "never", &url]) else { return };
    assert!(!text.contains('\u{1b}'), "{text:?}");
    let Some(text) = on_terminal(false, &["--timeline", "-o", "/dev/null", "-s", &url]) else { return };
    assert!(text.contains("Timeline of ") && text.contains("\u{1b}["), "{text:?}");
}

/// NB: that nothing is echoed is rpassword's promise; a test of it would depend on who is faster.
#[test]
fn a_password_that_was_left_out_is_asked_for() {
    use std::io::{Read, Write};

    let server = server(|_| Reply::ok("you"));
    let Some(mut child) = terminal(true, &["-u", "user", &server.url("/")]).map(|mut command| {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it ran before")
    }) else {
        return;
    };
    let mut out = child.stdout.take().expect("piped");
    let mut seen = Vec::new();
    while !seen.ends_with(b"password of user: ") {
        let mut byte = [0];
        out.read_exact(&mut byte).expect("it asks");
        seen.push(byte[0]);
    }
    let mut typed = child.stdin.take().expect("piped");
    typed.write_all(b"hush\n").expect("it listens");
    out.read_to_end(&mut seen).expect("it ends");
    drop(typed);
    assert!(child.wait().expect("it ends").success());
    assert!(String::from_utf8_lossy(&seen).trim_end().ends_with("you"), "{}", String::from_utf8_lossy(&seen));
    assert_eq!(server.requests()[0].header("Authorization").as_deref(), Some("Basic dXNlcjpodXNo"));
}
