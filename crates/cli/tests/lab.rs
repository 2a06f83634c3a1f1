//! `sofetch lab`, asked as its page asks: what it tells is what `sofetch cors` tells, what may change something waits for a word,
//! and other tools' texts are taken in and given out.

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::{Value, json};
use sofetch_demo::Reply;
use support::{InWorld, command, server, sofetch, sofetch_with};

/// A lab that ends with its owner.
struct Lab {
    process: Child,
    origin: String,
    token: String,
}

impl Lab {
    fn start(options: &[&str]) -> Lab {
        let mut process = command(&[&["lab", "--no-open"], options].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command was built");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        // The last one, so that every address is tried by one test or another.
        let count = if options.contains(&"--ipv6") { 2 } else { 1 };
        let links: Vec<String> =
            lines.by_ref().take(count).map(|line| line.expect("it prints its addresses")).collect();
        let (origin, token) = links[count - 1].split_once("/#token=").expect("an address with a token");
        Lab { process, origin: origin.to_owned(), token: token.to_owned() }
    }

    /// What is answered to a call, and with which status.
    fn ask(&self, name: &str, document: &Value) -> (u16, Value) {
        let url = format!("{}/api/{name}", self.origin);
        let token = format!("Lab-Token: {}", self.token);
        let said = sofetch_with(
            &[&url, "--proxy", "", "-H", &token, "--json", "@-", "-i"],
            document.to_string().as_bytes(),
        );
        let text = said.ended(0).text().replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        (status, serde_json::from_str(body).expect("JSON"))
    }

    fn call(&self, name: &str, document: Value) -> Value {
        let (status, answer) = self.ask(name, &document);
        assert_eq!(status, 200, "{answer}");
        answer
    }

    fn examples(&self) -> Vec<Value> {
        self.call("about", json!({}))["examples"].as_array().expect("a list").clone()
    }

    /// The example of this path.
    fn example(&self, path: &str) -> Value {
        let url = format!("https://site.com{path}");
        let found = self.examples().into_iter().find(|example| example["ask"]["url"] == *url);
        found.unwrap_or_else(|| panic!("{path}"))["ask"].clone()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn kind(told: &Value) -> &str {
    told["story"]["verdict"]["kind"].as_str().expect("a verdict")
}

/// The story without what differs from run to run: times, and the ports of servers of one's own.
fn timeless(mut story: Value) -> Value {
    story.as_object_mut().expect("a story").remove("timeline");
    story
}

#[test]
fn every_example_is_told_as_cors_tells_it() {
    let lab = Lab::start(&[]);
    let world = InWorld::start();
    let examples = lab.examples();
    assert!(examples.len() > 20);
    for example in examples {
        let ask = &example["ask"];
        let text = |name: &str| ask[name].as_str().unwrap_or_default().to_owned();
        let told = lab.call("run", json!({ "ask": ask, "send": true }));
        assert_eq!(told["embedded"], true);
        let mut args = vec!["cors".to_owned(), text("url"), "--origin".to_owned(), text("origin")];
        args.extend(["--report", "json", "--send", "always", "-X"].map(str::to_owned));
        args.push(text("method"));
        for header in ask["headers"].as_array().into_iter().flatten() {
            let part = |at: usize| header[at].as_str().unwrap_or_default().to_owned();
            args.extend(["-H".to_owned(), format!("{}: {}", part(0), part(1))]);
        }
        for (option, name) in [("--data-raw", "body"), ("--mode", "mode"), ("--credentials", "credentials")] {
            if !text(name).is_empty() {
                args.extend([option.to_owned(), text(name)]);
            }
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let story = world.sofetch(&args).json();
        assert_eq!(timeless(told["story"].clone()), timeless(story), "{}", text("url"));
    }
}

#[test]
fn what_may_change_something_waits_for_a_word() {
    let lab = Lab::start(&[]);
    let ask = lab.example("/service.json");
    let told = lab.call("run", json!({ "ask": ask }));
    assert_eq!(kind(&told), "undecided");
    assert_eq!(told["story"]["reached"]["sent"], false);
    let answers = told["answers"].as_array().expect("a list");
    let assumed: Vec<bool> = answers.iter().map(|answer| answer["assumed"] == true).collect();
    assert_eq!(assumed, [false, true], "the preflight's answer came, the request's is assumed");
    let told = lab.call("run", json!({ "ask": ask, "send": true }));
    assert_eq!((kind(&told), &told["story"]["reached"]["status"]), ("readable", &json!(200)));
}

#[test]
fn a_fix_that_is_tried_lets_it_pass() {
    let lab = Lab::start(&[]);
    for path in
        ["/header-refused.json", "/closed.json", "/wildcard-with-credentials.json", "/redirect/closed"]
    {
        let told = lab.call("run", json!({ "ask": lab.example(path) }));
        assert_eq!(kind(&told), "refused", "{path}");
        let sets = told["story"]["fixes"]["sets"].as_array().expect("a list");
        assert!(!sets.is_empty(), "{path}");
        for set in sets {
            let mut edits = Vec::new();
            for answer in set["answers"].as_array().expect("a list") {
                for edit in answer["edits"].as_array().expect("a list") {
                    let mut change = edit.clone();
                    change.as_object_mut().expect("an object").remove("was");
                    edits.push(
                        json!({ "answer": { "hop": answer["hop"], "to": answer["to"] }, "change": change }),
                    );
                }
            }
            let replayed = lab.call("replay", json!({ "exchange": told["exchange"], "edits": edits }));
            assert_eq!(kind(&replayed), "readable", "{path}: {set}");
        }
        let same = lab.call("replay", json!({ "exchange": told["exchange"], "edits": [] }));
        assert_eq!(kind(&same), "refused", "{path}: as it was");
    }
}

#[test]
fn a_browsers_verdict_is_had_where_one_departs() {
    let lab = Lab::start(&[]);
    let ask = lab.example("/wildcards-granted.json");
    assert_eq!(kind(&lab.call("run", json!({ "ask": ask, "send": true }))), "refused");
    let mut ask = ask;
    ask["decide_as"] = json!("chromium");
    assert_eq!(kind(&lab.call("run", json!({ "ask": ask, "send": true }))), "readable");
}

#[test]
fn what_devtools_copied_is_what_is_asked() {
    let lab = Lab::start(&[]);
    let told = lab.call(
        "import",
        json!({ "text": "await fetch(\"https://site.com/closed.json\", {\"headers\":{\"api-key\":\"k\"},\"referrer\":\"https://javascript.info/\",\"body\":null,\"method\":\"GET\",\"mode\":\"cors\",\"credentials\":\"omit\"});" }),
    );
    let ask = &told["ask"];
    assert_eq!(ask["origin"], "https://javascript.info/");
    assert_eq!((&ask["method"], &ask["credentials"]), (&json!("GET"), &json!("omit")));
    assert_eq!(ask["headers"], json!([["api-key", "k"]]));
    assert_eq!(kind(&lab.call("run", json!({ "ask": ask }))), "refused");
    let told = lab
        .call("import", json!({ "text": "curl https://site.com/x -H 'A: b'", "origin": "https://a.test" }));
    assert_eq!(
        (&told["ask"]["origin"], &told["ask"]["headers"]),
        (&json!("https://a.test"), &json!([["A", "b"]]))
    );
    for (text, word) in
        [("rm -rf /", "neither like a curl"), ("curl -d @secrets https://a.test", "would read a file")]
    {
        let (status, answer) = lab.ask("import", &json!({ "text": text }));
        let words = answer["words"].as_str().expect("a sentence");
        assert!(status == 422 && words.contains(word), "{text}: {words}");
    }
}

#[test]
fn a_har_goes_out_and_comes_back() {
    // What is redacted on the way out is not asked when it comes back.
    let lab = Lab::start(&["--show-secrets"]);
    let ask = lab.example("/header-refused.json");
    let first = lab.call("run", json!({ "ask": ask }));
    let har = lab.call("har", json!({ "exchange": first["exchange"] }));
    assert_eq!(har["log"]["version"], "1.2");
    // NB: both may have begun in the same millisecond.
    let entries = har["log"]["entries"].as_array().expect("a list");
    let unsent = entries.iter().position(|entry| entry["request"]["method"] == "PATCH").expect("an entry");
    assert_eq!(entries.len(), 2, "the one that never came to be sent, and its preflight");
    let own = json!({ "text": har.to_string(), "entry": unsent + 1, "origin": "https://javascript.info" });
    assert_eq!(lab.call("import", own)["story"]["verdict"], first["story"]["verdict"]);
    // As a browser writes it: the request that it blocked stands behind its preflight, with all its headers.
    let mut har = har;
    har["log"]["entries"].as_array_mut().expect("a list").remove(unsent);
    let blocked = json!({
        "request": { "method": "PATCH", "url": ask["url"], "bodySize": 15,
            "headers": [{ "name": "origin", "value": "https://javascript.info" },
                { "name": "content-type", "value": "application/json" }, { "name": "api-key", "value": "key" }],
            "postData": { "mimeType": "application/json", "text": "{\"name\":\"lamp\"}" } },
        "response": { "status": 0, "headers": [] },
    });
    har["log"]["entries"].as_array_mut().expect("a list").push(blocked);
    let text = har.to_string();
    let several = lab.call("import", json!({ "text": text }));
    assert_eq!(several["several"].as_array().map(Vec::len), Some(2));
    let told = lab.call("import", json!({ "text": text, "entry": 2 }));
    assert_eq!(told["ask"]["origin"], "https://javascript.info");
    assert_eq!(kind(&told), "refused");
    assert_eq!(told["story"]["verdict"], first["story"]["verdict"], "the same verdict, without a server");
    let edits = json!([{ "answer": { "hop": 0, "to": "preflight" }, "change": { "kind": "set", "name": "Access-Control-Allow-Headers", "value": "*" } }]);
    let replayed = lab.call("replay", json!({ "exchange": told["exchange"], "edits": edits }));
    assert_eq!(replayed["story"]["verdict"]["ruling"]["rule"], "CorsCheck", "the preflight passes now");
    let (status, refusal) = lab.ask("har", &json!({ "exchange": told["exchange"] }));
    assert_eq!((status, &refusal["error"]), (409, &json!("not-recorded")));
}

#[test]
fn the_networks_options_count_and_the_demo_can_be_left_out() {
    let server = server(|_| Reply::ok("ok").header("Access-Control-Allow-Origin", "*"));
    let connect_to = format!("site.com:80:127.0.0.1:{}", server.address().port());
    let lab = Lab::start(&["--no-demo", "--proxy", "", "--connect-to", &connect_to]);
    assert!(lab.examples().is_empty());
    let ask = json!({ "origin": "http://a.test", "url": "http://site.com/x" });
    let told = lab.call("run", json!({ "ask": ask }));
    assert_eq!((kind(&told), &told["embedded"]), ("readable", &json!(false)));
    assert_eq!(server.requests_to("/x").len(), 1);
    let guarded = Lab::start(&["--no-demo", "--proxy", "", "--no-private"]);
    let ask = json!({ "origin": "http://a.test", "url": server.url("/y") });
    assert_eq!(kind(&guarded.call("run", json!({ "ask": ask }))), "network-failure");
    assert!(server.requests_to("/y").is_empty());
}

#[test]
fn nothing_leaves_the_demos_world() {
    let lab = Lab::start(&[]);
    let ask = lab.example("/redirect/cross-origin");
    assert_eq!(kind(&lab.call("run", json!({ "ask": ask }))), "readable");
    // Of what is not served by this program nothing is known there: not even where it is.
    for path in ["/redirect/not-http", "/redirect/credentials"] {
        let ask = json!({ "origin": "https://javascript.info", "url": format!("https://site.com{path}") });
        assert_eq!(kind(&lab.call("run", json!({ "ask": ask }))), "refused", "{path}");
    }
}

#[test]
fn what_cannot_be_asked_is_told() {
    let lab = Lab::start(&[]);
    for (ask, word) in [
        (json!({ "origin": "", "url": "https://site.com/" }), "Who asks?"),
        (json!({ "origin": "a b", "url": "https://site.com/" }), "neither an origin"),
        (json!({ "origin": "https://a.test", "url": "" }), "is not a URL"),
        (json!({ "origin": "https://a.test", "url": "https://site.com/", "method": "A B" }), "no method"),
        (json!({ "origin": "https://a.test", "url": "https://site.com/", "method": "CONNECT" }), "CONNECT"),
        (
            json!({ "origin": "https://a.test", "url": "https://site.com/", "method": "GET", "body": "x" }),
            "no body",
        ),
        (
            json!({ "origin": "https://a.test", "url": "https://site.com/", "headers": [["a b", "c"]] }),
            "not a token",
        ),
    ] {
        let (status, answer) = lab.ask("run", &json!({ "ask": ask }));
        let words = answer["words"].as_str().expect("a sentence");
        assert!(status == 422 && words.contains(word), "{ask}: {words}");
    }
    let told = lab.call(
        "run",
        json!({ "ask": { "origin": "https://javascript.info", "url": "https://site.com/open.json",
        "headers": [["Cookie", "a=b"]] } }),
    );
    assert!(told["notes"][0].as_str().expect("a note").contains("Cookie"), "{}", told["notes"]);
}

#[test]
fn it_listens_on_ipv6_if_asked() {
    // Not every machine has it.
    if std::net::TcpListener::bind(("::1", 0)).is_err() {
        return;
    }
    let lab = Lab::start(&["--ipv6"]);
    assert!(lab.origin.starts_with("http://[::1]:"), "{}", lab.origin);
    assert!(!lab.examples().is_empty());
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    sofetch(&["lab", "--no-open", "--port", &port]).ended(3);
}
