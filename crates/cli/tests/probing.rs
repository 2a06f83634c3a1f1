//! `sofetch cors --probe`: a few more requests after a refusal, and the cause that they show.

mod support;

use sofetch_demo::{Reply, RequestSeen, Server};
use support::{Said, server, sofetch};

const ORIGIN: &str = "https://app.example";

/// As libraries do that say nothing at all where one part of the question is refused.
fn silent(request: &RequestSeen) -> Reply {
    let preflight = request.header("Access-Control-Request-Method");
    let reply = if preflight.is_some() { Reply::new(204) } else { Reply::ok("{}") };
    let names = request.header("Access-Control-Request-Headers").unwrap_or_default();
    if request.header("Origin").as_deref() != Some(ORIGIN) || names.contains("api-key") {
        return reply;
    }
    reply
        .header("Access-Control-Allow-Origin", ORIGIN)
        .header("Access-Control-Allow-Methods", "PATCH")
        .header("Access-Control-Allow-Headers", "content-type")
}

fn patch(server: &Server, more: &[&str]) -> Said {
    let url = server.url("/items/1");
    let args = ["cors", &url, "--origin", ORIGIN, "-X", "PATCH", "-H", "API-Key: k", "--json", "{}"];
    sofetch(&[&args[..], more].concat())
}

#[test]
fn a_refused_header_is_told_from_a_refused_origin() {
    let server = server(silent);
    let said = patch(&server, &["--probe"]).ended(1);
    assert!(said.text().contains("The headers are what is refused: `api-key`"), "{}", said.text());
    assert!(said.text().contains("more requests show:"), "{}", said.text());
    let methods: Vec<String> = server.requests().into_iter().map(|request| request.method).collect();
    assert!(methods.len() <= 9, "the question and eight more: {methods:?}");
    assert!(methods.iter().all(|method| method == "OPTIONS" || method == "GET"), "{methods:?}");
    for request in server.requests() {
        assert_eq!(request.header("API-Key"), None, "what was typed for the request is no probe's");
    }
}

#[test]
fn probes_are_sent_where_they_are_asked_for_and_something_was_refused() {
    let refusing = server(silent);
    let report = patch(&refusing, &["--report", "json"]).ended(1).json();
    assert!(report["probes"].is_null());
    assert_eq!(refusing.requests().len(), 1);
    let report = patch(&refusing, &["--report", "json", "--probe"]).ended(1).json();
    assert_eq!(report["probes"]["diagnoses"][0]["cause"], "header-refused");
    let kinds: Vec<&str> = report["probes"]["requests"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|probe| probe["kind"].as_str().expect("a word"))
        .collect();
    assert_eq!(kinds[0], "no-script");
    assert_eq!(refusing.requests().len(), 2 + kinds.len());
    let open = server(|_| Reply::ok("{}").header("Access-Control-Allow-Origin", "*"));
    let url = open.url("/");
    let report = sofetch(&["cors", &url, "--origin", ORIGIN, "--probe", "--report", "json"]).ended(0).json();
    assert!(report["probes"].is_null());
    assert_eq!(open.requests().len(), 1, "nothing was refused");
}

#[test]
fn nothing_but_preflights_where_nothing_else_may_be_sent() {
    let server = server(silent);
    patch(&server, &["--probe", "--send", "never"]).ended(1);
    let requests = server.requests();
    assert!(requests.len() > 1);
    assert!(requests.iter().all(|request| request.header("Access-Control-Request-Method").is_some()));
}

#[test]
fn causes_by_server() {
    let auth = |request: &RequestSeen| match request.method.as_str() {
        "OPTIONS" => Reply::new(401).header("WWW-Authenticate", "Bearer").body(""),
        _ => Reply::new(401).body(""),
    };
    let unrouted = |request: &RequestSeen| match request.method.as_str() {
        "OPTIONS" => Reply::new(404).body("no such route"),
        _ => Reply::ok("{}").header("Access-Control-Allow-Origin", "*"),
    };
    let elsewhere = |_: &RequestSeen| Reply::new(308).header("Location", "/items/1/");
    let closed = |_: &RequestSeen| Reply::ok("{}");
    type Answers = fn(&RequestSeen) -> Reply;
    let table: [(&str, Answers, &str); 4] = [
        ("authentication-before-cors", auth, "OPTIONS is answered 401"),
        ("options-not-routed", unrouted, "OPTIONS is answered 404, GET 200"),
        ("redirected", elsewhere, "Whoever asks is redirected to /items/1/"),
        ("no-cors", closed, "CORS is not set up here"),
    ];
    for (cause, answers, words) in table {
        let server = server(answers);
        let said = patch(&server, &["--probe"]).ended(1);
        assert!(said.text().contains(words), "{cause}: {}", said.text());
        let report = patch(&server, &["--probe", "--report", "json"]).ended(1).json();
        assert_eq!(report["probes"]["diagnoses"][0]["cause"], cause);
    }
}
