//! The lab over real sockets: who is let in, under which policy the page is served, what a call may bring and cost, and what becomes
//! of what hostile servers send.

mod support;

use std::net::TcpListener;
use std::sync::Arc;

use serde_json::{Value, json};
use sofetch_demo::{Reply, Server, ServerConfig, answering};
use support::Serving;

fn ask(url: &str) -> String {
    json!({ "ask": { "origin": "https://a.test", "url": url } }).to_string()
}

#[test]
fn who_is_not_the_page_is_not_answered() {
    let lab = Serving::start();
    let own = format!("http://{}", lab.authority);
    let with = |headers: &[(&str, &str)]| lab.call_with("about", "{}", headers).refusal();
    let good = ("Lab-Token", &*lab.token);
    assert_eq!(lab.call("about", "{}").status, 200);
    assert_eq!(lab.call_with("about", "{}", &[good]).status, 200, "no browser, with the token");
    assert_eq!(with(&[]), (403, "no-token".into()));
    assert_eq!(with(&[("Lab-Token", &"0".repeat(64))]), (403, "other-token".into()));
    assert_eq!(with(&[("Origin", "https://a.test"), good]), (403, "other-origin".into()));
    assert_eq!(with(&[("Origin", &own), ("Sec-Fetch-Site", "cross-site"), good]), (403, "other-site".into()));
    assert_eq!(with(&[("Origin", &own), ("Sec-Fetch-Site", "same-site"), good]), (403, "other-site".into()));
    let (_, port) = lab.authority.split_once(':').expect("a port");
    for host in ["rebound.test", &format!("rebound.test:{port}"), &format!("localhost:{port}"), ""] {
        for (method, path) in [("POST", "/api/about"), ("GET", "/"), ("GET", "/lab.js"), ("GET", "/nowhere")]
        {
            let headers = [("Host", host), ("Content-Type", "application/json"), good];
            let answer = lab.send(method, path, "{}", &headers);
            assert_eq!(answer.refusal(), (421, "other-host".into()), "{method} {path} at {host:?}");
        }
    }
    let forms = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain; application/json",
    ];
    for content_type in forms {
        let headers = [("Host", &*lab.authority), ("Content-Type", content_type), good];
        assert_eq!(lab.send("POST", "/api/about", "{}", &headers).status, 415, "{content_type}");
    }
    let preflight =
        [("Host", &*lab.authority), ("Origin", "https://a.test"), ("Access-Control-Request-Method", "POST")];
    let answer = lab.send("OPTIONS", "/api/run", "", &preflight);
    assert!(
        answer.status >= 400 && !answer.headers.iter().any(|(name, _)| name.starts_with("access-control")),
        "{answer:?}"
    );
    assert_eq!(
        lab.send(
            "GET",
            "/api/about",
            "",
            &[("Host", &lab.authority), ("Content-Type", "application/json"), good]
        )
        .status,
        405
    );
}

#[test]
fn everything_is_served_under_the_policy() {
    let lab = Serving::start();
    let host = [("Host", &*lab.authority)];
    for (path, status) in
        [("/", 200), ("/lab.js", 200), ("/lab.css", 200), ("/nowhere", 404), ("/../Cargo.toml", 404)]
    {
        let answer = lab.send("GET", path, "", &host);
        assert_eq!(answer.status, status, "{path}");
        let policy = answer.header("content-security-policy").expect("a policy");
        assert_eq!(
            policy,
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'",
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert!(!answer.body.contains(&lab.token) && !answer.body.contains(&lab.once), "{path}");
        assert!(!answer.headers.iter().any(|(name, _)| name.starts_with("access-control")), "{path}");
    }
    let worker = lab.send("GET", "/runner.js", "", &host);
    assert_eq!(worker.header("content-security-policy"), Some("default-src 'none'; connect-src *"));
    assert_eq!(worker.header("x-content-type-options"), Some("nosniff"));
}

#[test]
fn a_link_opens_once() {
    let lab = Serving::start();
    let enter = |code: &str| lab.call_with("enter", "{}", &[("Lab-Token", code)]);
    assert_eq!(enter("guessed").refusal(), (403, "other-token".into()));
    assert_eq!(lab.call_with("about", "{}", &[("Lab-Token", &lab.once)]).refusal().0, 403, "it is no token");
    let elsewhere = lab.call_with("enter", "{}", &[("Lab-Token", &lab.once), ("Origin", "https://a.test")]);
    assert_eq!(elsewhere.refusal(), (403, "other-origin".into()), "and is not used up");
    assert_eq!(enter(&lab.once).json()["token"], lab.token);
    assert_eq!(enter(&lab.once).refusal(), (403, "link-used".into()));
}

#[test]
fn what_is_too_much_is_refused() {
    let lab = Serving::start();
    let long = json!({ "ask": { "body": "x".repeat(1 << 20) } }).to_string();
    assert_eq!(lab.call("run", &long).status, 413);
    let text = json!({ "text": "x".repeat(2 << 20) }).to_string();
    assert_eq!(lab.call("import", &text).refusal(), (422, "impossible".into()), "an import may be longer");
    for (name, body) in [
        ("run", ""),
        ("run", "null"),
        ("run", "{\"ask\":{\"origin\":7}}"),
        ("run", "{\"ask\":{},\"more\":1}"),
        ("run", "{\"ask\":{\"more\":1}}"),
        ("replay", "{\"exchange\":-1,\"edits\":[]}"),
        (
            "replay",
            "{\"exchange\":1,\"edits\":[{\"answer\":{\"hop\":0,\"to\":\"nobody\"},\"change\":{\"kind\":\"status\",\"status\":200}}]}",
        ),
        ("run", "{\"ask\":{},\"server\":\"nobody's\"}"),
        ("about", "[1]"),
    ] {
        assert_eq!(lab.call(name, body).refusal(), (400, "not-understood".into()), "{name} {body}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(lab.call("run", &deep).refusal(), (400, "not-understood".into()));
    assert_eq!(
        lab.call("replay", "{\"exchange\":9,\"edits\":[]}").refusal(),
        (410, "no-such-exchange".into())
    );
    assert_eq!(lab.call("har", "{\"exchange\":9}").refusal(), (410, "no-such-exchange".into()));
}

#[test]
fn so_many_fetch_at_once_and_no_more() {
    let lab = Arc::new(Serving::start());
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port");
    let url = format!("http://{}/", silent.local_addr().expect("it is bound"));
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let (lab, body) = (lab.clone(), ask(&url));
            std::thread::spawn(move || lab.call("run", &body))
        })
        .collect();
    // All eight are under way once each has its connection.
    let connections: Vec<_> = (0..8).map(|_| silent.accept().expect("a connection").0).collect();
    assert_eq!(lab.call("run", &ask(&url)).refusal(), (429, "busy".into()));
    drop(silent);
    drop(connections);
    for call in calls {
        let told = call.join().expect("no panic").json();
        assert_eq!(told["story"]["verdict"]["kind"], "network-failure");
    }
    assert_eq!(lab.call("run", &ask(&url)).status, 200, "there is a place again");
}

#[test]
fn only_the_last_exchanges_are_kept() {
    let lab = Serving::start();
    let server = plain(|_| Reply::ok("ok"));
    let run = || lab.call("run", &ask(&server)).json()["exchange"].as_u64().expect("a number");
    let first = run();
    let replay =
        |exchange: u64| lab.call("replay", &json!({ "exchange": exchange, "edits": [] }).to_string()).status;
    assert_eq!(replay(first), 200);
    let later: Vec<u64> = (0..32).map(|_| run()).collect();
    assert_eq!((replay(first), replay(later[0]), replay(later[31])), (410, 200, 200));
}

/// A server with one answer, and its URL; it ends with the process.
fn plain(answer: impl Fn(&sofetch_demo::RequestSeen) -> Reply + Send + Sync + 'static) -> String {
    let server = Server::start(ServerConfig::http(answering(answer))).expect("a loopback port");
    let url = format!("http://{}/", server.address());
    std::mem::forget(server);
    url
}

#[test]
fn what_a_server_says_stays_a_text() {
    let lab = Serving::start();
    let server = plain(|_| {
        Reply::ok("ok")
            .header("Access-Control-Allow-Origin", "<img src=x onerror=alert(1)>")
            .header("X-Steering", "\u{202e}\u{9b}31m")
            .header("Set-Cookie", "session=hush")
            .header("Location", "https://user:hush@b.test/?token=hush")
    });
    let answer = lab.call("run", &ask(&server));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(!answer.body.contains("hush"), "{}", answer.body);
    assert!(!answer.body.contains('\u{202e}') && !answer.body.contains('\u{9b}'), "{}", answer.body);
    let told = answer.json();
    assert_eq!(told["story"]["verdict"]["kind"], "refused");
    let headers = told["answers"][0]["headers"].as_array().expect("a list");
    let said = |name: &str| headers.iter().find(|pair| pair[0] == name).map(|pair| pair[1].clone());
    assert_eq!(
        said("access-control-allow-origin"),
        Some(json!("<img src=x onerror=alert(1)>")),
        "as a value"
    );
    assert_eq!(said("set-cookie"), Some(json!("[redacted]")));
}

#[test]
fn an_edit_changes_the_verdict_and_nothing_is_sent() {
    let lab = Serving::start();
    let server = Server::start(ServerConfig::http(answering(|_| Reply::ok("ok")))).expect("a loopback port");
    let told = lab.call("run", &ask(&format!("http://{}/x", server.address()))).json();
    assert_eq!(told["story"]["verdict"]["kind"], "refused");
    let seen = server.requests().len();
    let replay = |change: Value| {
        let edits = json!([{ "answer": { "hop": 0, "to": "request" }, "change": change }]);
        lab.call("replay", &json!({ "exchange": told["exchange"], "edits": edits }).to_string())
    };
    let set = |value: &str| json!({ "kind": "set", "name": "Access-Control-Allow-Origin", "value": value });
    let allowed = replay(set("https://a.test")).json();
    assert_eq!(allowed["story"]["verdict"]["kind"], "readable");
    assert_eq!(allowed["story"]["schema"], "sofetch-cors/1");
    let other = replay(set("https://other.test")).json();
    assert_eq!(other["story"]["verdict"]["kind"], "refused");
    assert_eq!(other["story"]["fixes"]["sets"][0]["answers"][0]["edits"][0]["was"], "https://other.test");
    let document = json!({ "exchange": told["exchange"], "edits": [], "server": "nginx" }).to_string();
    let configured = lab.call("replay", &document).json();
    let text = &configured["story"]["fixes"]["sets"][0]["texts"][0];
    assert_eq!((&text["server"], &text["guessed"]), (&json!("nginx"), &json!(false)));
    assert!(text["text"].as_str().is_some_and(|text| text.contains("https://a.test")), "{text}");
    for (change, code) in [
        (set("a\r\nX: b"), "header-value"),
        (json!({ "kind": "set", "name": "a b", "value": "" }), "header-name"),
        (json!({ "kind": "status", "status": 101 }), "status"),
    ] {
        assert_eq!(replay(change).refusal(), (422, code.to_owned()));
    }
    assert_eq!(server.requests().len(), seen, "nothing was sent");
}
