//! How `sofetch run` ends: what the page's end sends, who is told of it, and what is written when nobody answers.

mod support;

use std::fs;

use serde_json::Value;
use sofetch::core::rules::web_sockets::accept_of;
use sofetch_demo::{Reply, RequestSeen, Server};
use support::{Folder, Said, server, sofetch};

fn answer(request: &RequestSeen) -> Reply {
    match request.path() {
        "/hang" => Reply::hang(),
        "/socket" => Reply::new(101)
            .header("Upgrade", "websocket")
            .header("Connection", "Upgrade")
            .header(
                "Sec-WebSocket-Accept",
                accept_of(&request.header("sec-websocket-key").unwrap_or_default()),
            )
            .as_given()
            .echo(),
        _ => Reply::new(204),
    }
}

/// On the page of this server.
fn on(server: &Server, args: &[&str]) -> Said {
    sofetch(&[&["run", "--base-url", &server.url("/page/")], args].concat())
}

fn urls(har: &str) -> Vec<String> {
    let text = fs::read_to_string(har).expect("it was written");
    let har: Value = serde_json::from_str(&text).expect("JSON");
    let entries = har["log"]["entries"].as_array().expect("entries").iter();
    entries.map(|entry| entry["request"]["url"].to_string()).collect()
}

#[test]
fn the_end_of_the_run_is_the_page_s() {
    let page = server(answer);
    let later = "fetchLater('/later', { method: 'POST', body: 'x' });";
    let said = on(&page, &["-v", "--eval", later]).ended(0);
    assert!(said.err.contains("/later waits until its page ends"), "{}", said.err);
    assert!(said.err.contains("(1 bytes of the body)"), "{}", said.err);
    // On a busy machine the limit may come before the script has begun.
    for limit in ["0.2", "2", "20"] {
        on(&page, &["--script-timeout", limit, "--eval", &format!("{later} for (;;);")]).ended(124);
        if page.requests().len() > 1 {
            break;
        }
    }
    let asked = page.requests();
    let said: Vec<_> = asked.iter().map(|request| (&*request.method, request.path())).collect();
    assert_eq!(said, [("POST", "/later"); 2]);
}

#[test]
fn a_permissions_policy_says_what_may_wait() {
    let page = server(answer);
    let script =
        "try { fetchLater('/later'); console.log('waits'); } catch (error) { console.log(error.name); }";
    for (policy, expected) in
        [("deferred-fetch=()", "QuotaExceededError\n"), ("deferred-fetch=(self)", "waits\n")]
    {
        let said = on(&page, &["--permissions-policy", policy, "--eval", script]).ended(0);
        assert_eq!(said.text(), expected, "{policy}");
    }
    assert_eq!(page.requests().len(), 1);
}

#[test]
fn what_is_told_at_the_end_is_told_though_nobody_answers_last_words() {
    let server = server(answer);
    let folder = Folder::new();
    let path = folder.file("run.har");
    for script in ["fetch('/hang', { keepalive: true }); for (;;);", "fetchLater('/hang');"] {
        on(&server, &["--script-timeout", "2", "--har", &path, "--eval", script]).ended(124);
        let urls = urls(&path);
        assert!(urls.len() == 1 && urls[0].contains("/hang"), "{script}: {urls:?}");
    }
}

#[test]
fn who_is_told_of_the_page_s_end_is_told_though_nothing_is_waited_for() {
    let page = server(answer);
    let open = "const socket = new WebSocket('/socket'); socket.onopen = () => { socket.onopen = null; };";
    on(&page, &["--eval", open]).ended(0);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(page.until_open_connections(0));
    let frames: Vec<_> =
        page.frames().into_iter().map(|frame| (frame.first, frame.payload.to_vec())).collect();
    assert_eq!(frames, [(0x88, 1001_u16.to_be_bytes().to_vec())]);
}
