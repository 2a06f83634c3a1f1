//! `examples/js` through the command, against servers of loopback: what each script prints, and what it asked.

mod support;

use sofetch_demo::{Reply, RequestSeen, Server};
use support::{Said, server, sofetch};

fn run(name: &str, page: &Server) -> Said {
    let path = format!("{}/../../examples/js/{name}", env!("CARGO_MANIFEST_DIR"));
    sofetch(&["run", "--base-url", &page.url("/page/"), &path])
}

fn json(text: &'static str) -> Reply {
    Reply::ok(text).header("Content-Type", "application/json")
}

#[test]
fn every_example_is_run_here() {
    let folder = format!("{}/../../examples/js", env!("CARGO_MANIFEST_DIR"));
    let files =
        std::fs::read_dir(folder).expect("it is there").map(|file| file.expect("it is there").file_name());
    let mut names: Vec<_> = files.map(|name| name.into_string().expect("a plain name")).collect();
    names.sort();
    assert_eq!(names, ["article.js", "background_requests.js"]);
}

#[test]
fn article() {
    let page = server(|request| match request.path() {
        "/page/data.json" => json(r#"{"entries":[1,2,3]}"#),
        "/page/submit" if request.header("content-type").as_deref() == Some(FORM) => {
            Reply::new(200).body("saved")
        }
        _ => Reply::new(404),
    });
    let said = run("article.js", &page).ended(0);
    let expected = "\
fetch: yes
headers: false first, second
deleted: null
immutable: TypeError
content-length of a request: null
request: GET cors include copy: POST
entries: 1 2 3
saved
type: application/zip used: false
sheep used: false twin used: true
a second time: TypeError
";
    assert_eq!((said.text(), &*said.err), (expected, ""));
    let asked = page.requests();
    let said: Vec<_> = asked.iter().map(|request| (&*request.method, request.path())).collect();
    assert_eq!(said, [("GET", "/page/data.json"), ("POST", "/page/submit")]);
    assert_eq!(asked[1].body, b"firstName=Ada&favColor=blue"[..]);
}

#[test]
fn article_tells_what_went_wrong() {
    let page = server(|request| match request.path() {
        "/page/submit" => Reply::new(401),
        _ => Reply::new(404),
    });
    let said = run("article.js", &page).ended(0);
    assert!(said.text().contains("not quite: 404\nnot authorized\n"), "{}", said.text());
}

const FORM: &str = "application/x-www-form-urlencoded;charset=UTF-8";

#[test]
fn background_requests() {
    let other = server(|request| {
        let open = Reply::ok("{}").header("Access-Control-Allow-Origin", "*");
        match (request.path(), &*request.method) {
            ("/open", "OPTIONS") => open
                .header("Access-Control-Allow-Methods", "PATCH")
                .header("Access-Control-Allow-Headers", "api-key, content-type"),
            ("/open", "PATCH") => open,
            _ => Reply::ok("not for you"),
        }
    });
    let at = other.url("");
    let page = server(move |request: &RequestSeen| {
        let body = String::from_utf8_lossy(&request.body);
        match (request.path(), &*request.method) {
            ("/page/items", "POST") => {
                Reply::new(201).header("Content-Type", "application/json").body(request.body.clone())
            }
            ("/page/graphql", "POST") if body.contains("item(id: 1)") => {
                json(r#"{"data":{"item":{"name":"lamp"}}}"#)
            }
            ("/page/other", _) => Reply::ok(at.clone()),
            ("/page/form", "GET") => Reply::ok("t-1"),
            ("/page/form", "POST") => Reply::new(if body.contains("token=t-1") { 200 } else { 403 }),
            _ => Reply::new(404),
        }
    });
    let said = run("background_requests.js", &page).ended(0);
    let expected = "\
promise: Hello
caught: task failed
rest: 201 lamp
graphql: lamp
closed: TypeError
open: cors 200
with token: 200 without: 403
";
    assert_eq!((said.text(), &*said.err), (expected, ""));
    let methods: Vec<_> = other.requests().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["GET", "OPTIONS", "PATCH"], "what is not for reading was asked all the same");
}
