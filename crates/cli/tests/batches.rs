//! `--batch`, `--parallel` and `--retry`.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use sofetch_demo::{Reply, Server, ServerConfig, answering_later};
use support::{Folder, Said, closed_port, command, said, server, sofetch, sofetch_with};
use tokio::sync::Barrier;

fn rows(said: &Said) -> Vec<Value> {
    let mut rows: Vec<Value> =
        said.text().lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    rows.sort_by_key(|row| row["line"].as_u64());
    rows
}

#[test]
fn a_row_for_each_line() {
    let server = server(|request| match request.path() {
        "/missing" => Reply::new(404).body("no"),
        _ => Reply::ok("four"),
    });
    let closed = format!("http://127.0.0.1:{}/", closed_port());
    let list = format!(
        "# a comment\n{}\nDELETE {}\n\n{{\"url\":\"{}\",\"headers\":{{\"A\":\"b\"}},\"json\":{{\"c\":1}}}}\n{}\n{closed}\nnot a url at all\n",
        server.url("/a?token=hush"),
        server.url("/b"),
        server.url("/c"),
        server.url("/missing"),
    );
    let folder = Folder::new();
    let path = folder.write("list", list.as_bytes());
    let heard = sofetch(&["--batch", &path, "--report", "json", "-H", "X: y"]).ended(3);
    assert!(heard.err.contains("6 fetched, 2 of them failed"), "{}", heard.err);
    assert!(!heard.text().contains("hush"), "{}", heard.text());
    let rows = rows(&heard);
    let statuses: Vec<_> = rows.iter().map(|row| (row["line"].as_u64(), row["status"].as_u64())).collect();
    let status = |line, status| (Some(line), status);
    assert_eq!(
        statuses,
        [
            status(2, Some(200)),
            status(3, Some(200)),
            status(5, Some(200)),
            status(6, Some(404)),
            status(7, None),
            status(8, None)
        ]
    );
    assert_eq!((rows[0]["bytes"].as_u64(), rows[0]["exit_code"].as_u64()), (Some(4), Some(0)));
    assert_eq!((rows[4]["exit_code"].as_u64(), rows[5]["exit_code"].as_u64()), (Some(3), Some(2)));
    assert!(rows[4]["error"].as_str().is_some_and(|words| words.contains("connect")), "{}", rows[4]);
    let posted = server.requests().into_iter().find(|request| request.path() == "/c").expect("it came");
    assert_eq!((&*posted.method, &posted.body[..]), ("POST", &b"{\"c\":1}"[..]));
    assert_eq!(posted.header("Content-Type").as_deref(), Some("application/json"));
    assert_eq!((posted.header("A").as_deref(), posted.header("X").as_deref()), (Some("b"), Some("y")));
    assert!(server.requests().iter().any(|request| request.method == "DELETE" && request.path() == "/b"));
    // Under --fail a status is a failure, and the highest code is the batch's.
    let heard = sofetch(&["--batch", &path, "--fail", "-s"]).ended(4);
    assert_eq!(heard.text().lines().count(), 6, "{}", heard.text());
    assert!(heard.text().contains("404") && heard.text().contains("  GET "), "{}", heard.text());
    assert_eq!(heard.err, "");
}

#[test]
fn standard_input_is_fetched_while_it_comes() {
    let server = server(|_| Reply::ok("x"));
    let mut command = command(&["--batch", "-", "-s"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the command was built");
    let mut input = child.stdin.take().expect("piped");
    let mut rows = BufReader::new(child.stdout.take().expect("piped")).lines();
    for path in ["/a", "/b"] {
        writeln!(input, "{}", server.url(path)).expect("it reads");
        // NB: the next line is written only once this one's row is there.
        assert!(rows.next().expect("a row").expect("text").ends_with(path));
    }
    drop(input);
    assert!(child.wait().expect("it ends").success());
}

/// A server that answers once so many requests are there at the same time.
fn meeting(count: usize) -> (Server, Arc<AtomicUsize>) {
    let (barrier, most, now) =
        (Arc::new(Barrier::new(count)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let handler = answering_later(move |_| {
        let (barrier, most, now) = (barrier.clone(), most.clone(), now.clone());
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            barrier.wait().await;
            now.fetch_sub(1, Ordering::SeqCst);
            Reply::ok("x")
        }
    });
    (Server::start(ServerConfig::http(handler)).expect("a loopback port"), seen)
}

#[test]
fn so_many_at_a_time_and_no_more() {
    let (server, most) = meeting(3);
    let list: String = (0..9).map(|number| server.url(&format!("/{number}\n"))).collect();
    // NB: with fewer than three at a time no answer would ever come.
    sofetch_with(&["--batch", "-", "--parallel", "3"], list.as_bytes()).ended(0);
    assert_eq!((server.requests().len(), most.load(Ordering::SeqCst)), (9, 3));
    sofetch(&["--batch", "-", "--parallel", "0"]).ended(2);
    sofetch(&["--parallel", "2", "http://127.0.0.1:1/"]).ended(2);
}

#[test]
fn a_batch_of_downloads() {
    let server = server(|request| Reply::ok(request.path().to_owned()));
    let folder = Folder::new();
    let list: String = ["/x/a", "/y/a", "/z/b"].map(|path| server.url(&format!("{path}\n"))).concat();
    let path = folder.write("list", list.as_bytes());
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).expect("a folder of one's own");
    let mut command = command(&["--batch", &path, "-O", "--report", "json"]);
    command.current_dir(&inner);
    let heard = said(command).ended(0);
    let mut found: Vec<(String, String)> = rows(&heard)
        .iter()
        .map(|row| {
            let file = row["file"].as_str().expect("a file").to_owned();
            let text = std::fs::read_to_string(inner.join(&file)).expect("it was saved");
            assert!(row["url"].as_str().expect("a URL").ends_with(&text), "{row}");
            (file, text)
        })
        .collect();
    found.sort();
    let names: Vec<&str> = found.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["a", "a-1", "b"], "{found:?}");
    assert_eq!(std::fs::read_dir(&inner).expect("a folder").count(), 3);
}

#[test]
fn rows_are_safe() {
    let list = "http://127.0.0.1:1/\u{1b}[31m\u{202e}\n\u{1b}]0;x\u{7} y z\nhttps://u:hush@\u{1b}[2J/\n";
    for more in [&[][..], &["--report", "json"]] {
        let heard = sofetch_with(&[&["--batch", "-"], more].concat(), list.as_bytes()).ended(3);
        assert!(!heard.text().contains(['\u{1b}', '\u{202e}', '\u{7}']), "{}", heard.text());
        assert!(!heard.err.contains('\u{1b}') && !heard.text().contains("hush"), "{}", heard.text());
    }
}

#[test]
fn credentials_are_each_urls_own() {
    let server = server(|_| Reply::ok("x"));
    let port = server.address().port();
    let folder = Folder::new();
    let netrc = folder.write("netrc", b"machine localhost login ann password p\n");
    let list = format!("http://127.0.0.1:{port}/a\nhttp://localhost:{port}/b\n");
    sofetch_with(&["--batch", "-", "--netrc-file", &netrc], list.as_bytes()).ended(0);
    for request in server.requests() {
        assert_eq!(request.header("Authorization").is_some(), request.path() == "/b");
    }
}

/// Answers 503 so often, then well.
fn busy(times: usize, retry_after: &'static str) -> Server {
    let left = AtomicUsize::new(times);
    server(move |_| match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) {
        Ok(_) => Reply::new(503).header("Retry-After", retry_after),
        Err(_) => Reply::ok("well"),
    })
}

#[test]
fn what_may_pass_is_tried_again() {
    let server = busy(2, "0");
    assert_eq!(sofetch(&["--retry", "2", &server.url("/")]).ended(0).text(), "well");
    assert_eq!(server.requests().len(), 3);
    let server = busy(2, "0");
    sofetch(&["--retry", "1", "--fail", &server.url("/")]).ended(4);
    assert_eq!(server.requests().len(), 2);
    // Not what may be done twice, unless that is said.
    let server = busy(1, "0");
    sofetch(&["--retry", "1", "--fail", "-d", "a", &server.url("/")]).ended(4);
    assert_eq!(server.requests().len(), 1);
    let server = busy(1, "0");
    sofetch(&["--retry", "1", "--retry-all", "--fail", "-d", "a", &server.url("/")]).ended(0);
    assert!(server.requests().iter().all(|request| request.body == "a"));
    // A server that says a later time than one would wait is left.
    let server = busy(1, "3600");
    sofetch(&["--retry", "1", "--fail", &server.url("/")]).ended(4);
    assert_eq!(server.requests().len(), 1);
    // So is one that says more than the user's own limit.
    let server = busy(1, "2");
    sofetch(&["--retry", "1", "--retry-max-wait", "1", "--fail", &server.url("/")]).ended(4);
    assert_eq!(server.requests().len(), 1);
    let server = busy(12, "0");
    let list = server.url("/\n").repeat(4);
    sofetch_with(&["--batch", "-", "--retry", "12", "--fail"], list.as_bytes()).ended(0);
    assert_eq!(server.requests().len(), 16);
    sofetch(&["--retry-all", &server.url("/")]).ended(2);
    sofetch(&["cors", "--retry", "1", "--origin", "https://a.test", &server.url("/")])
        .ended(2)
        .complained("not for cors");
}

#[test]
fn options_that_say_nothing() {
    let url = "http://127.0.0.1:1/";
    for args in [&["--batch", "-", url][..], &["--batch", "-", "-o", "x"], &["--batch", "-", "--har", "x"]] {
        sofetch(args).ended(2);
    }
    sofetch(&["--batch", "/nonexistent/list"]).ended(2).complained("nonexistent");
}
