//! `docs/schema.md` against real reports: every member of a report is on the page, of the type that the page says, and nothing
//! that the page promises is missing.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sofetch_demo::Reply;
use support::{InWorld, closed_port, server, sofetch};

/// The page's objects: members and their types.
struct Page(BTreeMap<String, Vec<Member>>);

struct Member {
    name: String,
    optional: bool,
    kind: String,
}

impl Page {
    fn read() -> Page {
        let text = include_str!("../../../docs/schema.md");
        let mut objects: BTreeMap<String, Vec<Member>> = BTreeMap::new();
        let mut object = String::new();
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("### ") {
                object = name.to_owned();
                objects.insert(object.clone(), Vec::new());
            }
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [name, kind, _] = cells[..] else { continue };
            let Some(name) = name.strip_prefix('`').and_then(|name| name.strip_suffix('`')) else { continue };
            if let Some(members) = objects.get_mut(&object) {
                let optional = name.ends_with('?');
                members.push(Member {
                    name: name.trim_end_matches('?').to_owned(),
                    optional,
                    kind: kind.to_owned(),
                });
            }
        }
        Page(objects)
    }

    /// Holds a value against a type, and notes which objects were met.
    fn hold(&self, value: &Value, kind: &str, place: &str, met: &mut BTreeSet<String>) {
        let wrong = || panic!("{place}: {value} is not of type {kind}");
        if let Some(kind) = kind.strip_suffix(" or null") {
            if !value.is_null() {
                self.hold(value, kind, place, met);
            }
            return;
        }
        if let Some(kind) = kind.strip_prefix("list of ") {
            let Value::Array(items) = value else { return wrong() };
            for (at, item) in items.iter().enumerate() {
                self.hold(item, kind, &format!("{place}[{at}]"), met);
            }
            return;
        }
        if let Some(words) = kind.strip_prefix("one of ") {
            let known = value.as_str().is_some_and(|word| words.split(", ").any(|known| known == word));
            if !known {
                wrong();
            }
            return;
        }
        let right = match kind {
            "text" => value.is_string(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "any" => true,
            "pair" => {
                value.as_array().is_some_and(|pair| pair.len() == 2 && pair.iter().all(Value::is_string))
            }
            object => return self.hold_object(value, object, place, met),
        };
        if !right {
            wrong();
        }
    }

    fn hold_object(&self, value: &Value, object: &str, place: &str, met: &mut BTreeSet<String>) {
        let Value::Object(members) = value else { panic!("{place}: {value} is no {object}") };
        // Events, verdicts and scripts say which they are.
        let (tag, common): (_, &[&str]) = match object {
            "event" => (Some("event"), &["at", "event"]),
            "verdict" | "script" | "unwritable" => (Some("kind"), &["kind"]),
            "edit" => (Some("kind"), &["kind", "was"]),
            _ => (None, &[]),
        };
        let object = match tag {
            Some(tag) => format!("{object}: {}", members[tag].as_str().expect("a word")),
            None => object.to_owned(),
        };
        let known =
            self.0.get(&object).unwrap_or_else(|| panic!("{place}: there is no {object:?} on the page"));
        met.insert(object.clone());
        for member in known {
            match members.get(&member.name) {
                Some(value) => self.hold(value, &member.kind, &format!("{place}.{}", member.name), met),
                None => assert!(member.optional, "{place}: {object} has no {}", member.name),
            }
        }
        for name in members.keys().filter(|name| !common.contains(&name.as_str())) {
            assert!(
                known.iter().any(|member| member.name == *name),
                "{place}: {name:?} of {object} is not on the page"
            );
        }
    }
}

#[test]
fn reports_are_as_the_page_says() {
    let (page, mut met) = (Page::read(), BTreeSet::new());
    let world = InWorld::start();
    let origin = ["--origin", "https://javascript.info"];
    let patch = ["-X", "PATCH", "-H", "API-Key: x", "--json", "{}", "https://site.com/service.json"];
    let redirected = server(|request| match request.path() {
        "/there" => Reply::ok("ok").interim(103, &[("Link", "</x>")]),
        _ => Reply::new(302).header("Location", "/there"),
    });
    let (there, closed) = (redirected.url("/"), format!("http://127.0.0.1:{}/", closed_port()));
    let cut = server(|_| Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"));
    let cut = cut.url("/");
    let trace = |args: &[&str]| world.sofetch(&[&["--report", "json"], args].concat()).json();
    let story =
        |args: &[&str]| world.sofetch(&[&["cors", "--report", "json"], &origin[..], args].concat()).json();
    let traces = [
        trace(&[&origin[..], &patch[..]].concat()),
        trace(&[&origin[..], &["https://site.com/closed.json"]].concat()),
        trace(&[&there]),
        trace(&[&closed]),
        trace(&[&cut]),
        trace(&["--resolve", "a.test:80:127.0.0.1", "--no-private", "http://a.test/"]),
        trace(&["-x", &format!("http://127.0.0.1:{}", closed_port()), "http://a.test/"]),
        trace(&["data:,x"]),
        trace(&["--timeline", &there]),
    ];
    for recording in &traces {
        page.hold(recording, "recording", "recording", &mut met);
    }
    let stories = [
        story(&[&patch[..], &["--send", "always", "--timeline"]].concat()),
        story(&patch),
        story(&[&patch[..], &["--as", "chromium"]].concat()),
        story(&["-H", "Authorization: Bearer x", "https://site.com/wildcards-granted.json"]),
        story(&["https://site.com/preflight-401.json", "-X", "PUT", "--probe"]),
        story(&["http://127.0.0.1:1/", "--as", "chromium"]),
        story(&["https://site.com/closed.json"]),
        story(&["https://site.com/closed.json", "--server", "nginx"]),
        story(&["--mode", "no-cors", "https://site.com/service.json"]),
        story(&["https://site.com:1/"]),
        story(&[&closed]),
    ];
    for value in &stories {
        page.hold(value, "story", "story", &mut met);
    }
    // A page that came over http, and one that asks for a list of methods that is none.
    let asked = server(|request| match request.method.as_str() {
        "OPTIONS" => Reply::new(204)
            .header("Access-Control-Allow-Origin", "*")
            .header("Access-Control-Allow-Methods", "GET POST")
            .header("Access-Control-Allow-Headers", "x-a"),
        _ => Reply::ok("x").header("Access-Control-Allow-Origin", "*"),
    });
    let asked_url = asked.url("/");
    for args in [
        &["--origin", "http://a.test", "--as", "chromium"][..],
        &["--origin", "https://a.test", "--as", "chromium"],
        &["--origin", "https://a.test", "-H", "X-A: 1"],
        &["--origin", "null", "--credentials", "include"],
    ] {
        let report = sofetch(&[&["cors", "--report", "json", &asked_url], args].concat()).json();
        page.hold(&report, "story", "story", &mut met);
    }
    let plain = server(|request| match request.path() {
        "/away" => Reply::new(302)
            .header("Location", "http://u:p@127.0.0.1:2/")
            .header("Access-Control-Allow-Origin", "*"),
        _ => Reply::ok("x"),
    });
    for (path, more) in [
        ("/a$b", &["--server", "nginx"][..]),
        ("/%FF", &["--server", "go"]),
        ("/a*", &["--server", "spring"]),
        ("/", &["--server", "s3", "-X", "PATCH"]),
        ("/", &["--server", "nginx", "-X", "A'B"]),
        ("/away", &["--server", "s3"]),
        ("/", &["--server", "nginx", "--origin", "https://$.test"]),
    ] {
        let origin = if more.contains(&"--origin") { &[][..] } else { &["--origin", "https://a.test"] };
        let url = plain.url(path);
        let page_of = [&["cors", "--report", "json", &url], origin].concat();
        page.hold(&sofetch(&[&page_of[..], more].concat()).json(), "story", "story", &mut met);
    }
    for more in [&[][..], &["--origin", "https://a.test", "-X", "PATCH", "--header-name", "x-b"]] {
        let audit = sofetch(&[&["cors", "audit", "--report", "json", &asked_url], more].concat()).json();
        page.hold(&audit, "audit", "audit", &mut met);
    }
    let open = server(|_| {
        Reply::ok("x")
            .header("Access-Control-Allow-Origin", "*")
            .header("Access-Control-Allow-Methods", "*")
            .header("Access-Control-Allow-Headers", "*")
    });
    let audit = sofetch(&["cors", "audit", "--report", "json", &open.url("/"), "-X", "PATCH"]).json();
    page.hold(&audit, "audit", "audit", &mut met);
    let lines = format!("{asked_url}\nhttp://a b/\n{closed}\n");
    let batch = support::sofetch_with(&["--batch", "-", "--report", "json"], lines.as_bytes());
    for line in batch.text().lines() {
        page.hold(&serde_json::from_str(line).expect("JSON"), "batch-line", "batch", &mut met);
    }
    let tour = sofetch(&["tour", "--report", "json"]).json();
    page.hold(&tour, "tour", "tour", &mut met);
    // Whatever no report here has cannot be held against the page; each needs what loopback or one fetch does not give.
    let absent: Vec<&str> =
        page.0.keys().map(String::as_str).filter(|object| !met.contains(*object)).collect();
    let expected = [
        "edit",
        "event",
        "event: deferred",
        "event: other",
        "event: resolving",
        "event: reused",
        "event: waiting",
        "pair",
        "script",
        "script: nothing",
        "unwritable",
        "unwritable: nothing-to-set",
        "verdict",
        "verdict: unfinished",
    ];
    let unexpected: Vec<&&str> = absent.iter().filter(|object| !expected.contains(*object)).collect();
    assert!(unexpected.is_empty(), "no report here has {unexpected:?}");
}
