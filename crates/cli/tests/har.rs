//! `--har`: the shape that HAR 1.2 asks for, member by member, and what `--import` reads back of it. `tests/har` holds the same
//! kinds of files against the format's own schema, where Node is.

mod support;

use serde_json::Value;
use sofetch_demo::{Reply, RequestSeen, Server};
use support::{Folder, InWorld, closed_port, plain_server, server, sofetch};

/// A type of a member of HAR 1.2.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    /// A number that may be -1 for what is not known.
    Size,
    /// Milliseconds, or -1.
    Time,
    Date,
    Flag,
    Object(&'static str),
    List(&'static str),
}

use Kind::{Date, Flag, List, Object, Size, Text, Time};

/// An object's members: name, type, and must it be there?
type Members = &'static [(&'static str, Kind, bool)];

/// Each object of the format.
const MEMBERS: &[(&str, Members)] = &[
    ("file", &[("log", Object("log"), true)]),
    (
        "log",
        &[
            ("version", Text, true),
            ("creator", Object("creator"), true),
            ("entries", List("entry"), true),
            ("comment", Text, false),
        ],
    ),
    ("creator", &[("name", Text, true), ("version", Text, true)]),
    (
        "entry",
        &[
            ("startedDateTime", Date, true),
            ("time", Time, true),
            ("request", Object("request"), true),
            ("response", Object("response"), true),
            ("cache", Object("cache"), true),
            ("timings", Object("timings"), true),
            ("serverIPAddress", Text, false),
            ("comment", Text, false),
        ],
    ),
    (
        "request",
        &[
            ("method", Text, true),
            ("url", Text, true),
            ("httpVersion", Text, true),
            ("cookies", List("cookie"), true),
            ("headers", List("pair"), true),
            ("queryString", List("pair"), true),
            ("postData", Object("postData"), false),
            ("headersSize", Size, true),
            ("bodySize", Size, true),
        ],
    ),
    ("postData", &[("mimeType", Text, true), ("text", Text, true), ("comment", Text, false)]),
    (
        "response",
        &[
            ("status", Size, true),
            ("statusText", Text, true),
            ("httpVersion", Text, true),
            ("cookies", List("cookie"), true),
            ("headers", List("pair"), true),
            ("content", Object("content"), true),
            ("redirectURL", Text, true),
            ("headersSize", Size, true),
            ("bodySize", Size, true),
        ],
    ),
    ("content", &[("size", Size, true), ("mimeType", Text, true)]),
    ("cache", &[]),
    (
        "timings",
        &[
            ("blocked", Time, true),
            ("dns", Time, true),
            ("connect", Time, true),
            ("ssl", Time, true),
            ("send", Time, true),
            ("wait", Time, true),
            ("receive", Time, true),
        ],
    ),
    ("pair", &[("name", Text, true), ("value", Text, true)]),
    (
        "cookie",
        &[
            ("name", Text, true),
            ("value", Text, true),
            ("path", Text, false),
            ("domain", Text, false),
            ("httpOnly", Flag, false),
            ("secure", Flag, false),
        ],
    ),
];

/// Holds a value against an object of the format: nothing is missing, of another type, or there without leave.
fn hold(value: &Value, object: &str, place: &str) {
    let members = value.as_object().unwrap_or_else(|| panic!("{place} is no object: {value}"));
    let (_, known) = MEMBERS.iter().find(|(name, _)| *name == object).expect("it is in the list");
    for (name, kind, required) in *known {
        let Some(value) = members.get(*name) else {
            assert!(!required, "{place} has no {name}: {value}");
            continue;
        };
        let place = format!("{place}.{name}");
        let right = match kind {
            Text => value.is_string(),
            Flag => value.is_boolean(),
            Size => value.as_i64().is_some_and(|number| number >= -1),
            Time => value.as_f64().is_some_and(|number| number >= 0.0 || number == -1.0),
            Date => value.as_str().is_some_and(is_date),
            Object(object) => {
                hold(value, object, &place);
                true
            }
            List(object) => {
                let items = value.as_array().unwrap_or_else(|| panic!("{place} is no list: {value}"));
                items.iter().enumerate().for_each(|(at, item)| hold(item, object, &format!("{place}[{at}]")));
                true
            }
        };
        assert!(right, "{place}: {value} is not {kind:?}");
    }
    for name in members.keys().filter(|name| !name.starts_with('_')) {
        assert!(known.iter().any(|(known, _, _)| known == name), "{place}: {name} is not of HAR 1.2");
    }
}

/// `2015-03-17T09:05:00.000Z`, of ISO 8601.
fn is_date(said: &str) -> bool {
    let shape: String = said.chars().map(|one| if one.is_ascii_digit() { '0' } else { one }).collect();
    shape == "0000-00-00T00:00:00.000Z"
}

/// The entries of a file that is of the right shape.
fn entries(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("it was written");
    assert!(!text.chars().any(|one| one != '\n' && one.is_control()), "{text:?}");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    hold(&file, "file", "file");
    assert_eq!(file["log"]["version"], "1.2");
    file["log"]["entries"].as_array().expect("a list").clone()
}

fn echo() -> Server {
    server(|request| match request.path() {
        "/kept" => Reply::new(307).header("Location", "/"),
        "/dropped" => Reply::new(303).header("Location", "/"),
        _ => {
            Reply::ok("x").header("Set-Cookie", "a=b; Path=/; HttpOnly").header("X-Odd", "\u{9b}31m\u{202e}")
        }
    })
}

#[test]
fn every_kind_of_exchange_has_the_shape_of_the_format() {
    let (server, folder, world) = (echo(), Folder::new(), InWorld::start());
    let path = folder.file("har");
    let closed = format!("http://127.0.0.1:{}/", closed_port());
    let cut = support::server(|_| Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"));
    for (row, args, code, count) in [
        ("a GET with a query", &[&*server.url("/?a=1&b=%20&c")][..], 0, 1),
        ("with secrets shown", &["--show-secrets", "-H", "Cookie: a=b; c", &server.url("/")], 0, 1),
        ("a form", &["-d", "a=1", &server.url("/")], 0, 1),
        ("a file", &["-F", "a=1", "--show-secrets", &server.url("/")], 0, 1),
        ("redirects", &["--json", "{}", &server.url("/kept")], 0, 2),
        ("nobody answers", &[&closed], 3, 1),
        ("half an answer", &[&cut.url("/")], 3, 1),
        ("no network at all", &["data:,x"], 0, 1),
        ("a page that is refused", &["--origin", "http://a.test", &server.url("/")], 1, 1),
        ("an address that is refused", &["--no-private", &server.url("/")], 1, 1),
    ] {
        sofetch(&[&["--har", &path], args].concat()).ended(code);
        assert_eq!(entries(&path).len(), count, "{row}");
    }
    let patch = ["cors", "--har", &path, "--origin", "https://javascript.info", "--send", "always"];
    world.sofetch(&[&patch[..], &["-X", "PATCH", "https://site.com/service.json"]].concat()).ended(0);
    assert_eq!(entries(&path).len(), 2);
}

fn body_of(entry: &Value) -> (&str, Option<&str>) {
    let post_data = &entry["request"]["postData"];
    (post_data["text"].as_str().unwrap_or_default(), post_data["comment"].as_str())
}

#[test]
fn bodies_are_told_but_for_their_secrets() {
    let (server, folder) = (echo(), Folder::new());
    let path = folder.file("har");
    let url = server.url("/");
    let cleaned = Some("secrets of the body are redacted");
    let untold = Some("the body is left out: what of it is secret cannot be told, --show-secrets writes it");
    for (row, args, text, comment, shown) in [
        ("a form", &["-d", "a=1&b=2"][..], "a=1&b=2", None, "a=1&b=2"),
        ("a password", &["-d", "u=1&password=hush"], "u=1&password=[redacted]", cleaned, "u=1&password=hush"),
        ("JSON", &["--json", "{\"b\": 1}"], "{\"b\": 1}", None, "{\"b\": 1}"),
        (
            "a token within JSON",
            &["--json", "{\"a\":{\"token\":\"hush\"}}"],
            "{\"a\":{\"token\":\"[redacted]\"}}",
            cleaned,
            "{\"a\":{\"token\":\"hush\"}}",
        ),
        ("text", &["-H", "Content-Type: text/plain", "-d", "hush"], "", untold, "hush"),
    ] {
        sofetch(&[&["--har", &path, &url], args].concat()).ended(0);
        assert_eq!(body_of(&entries(&path)[0]), (text, comment), "{row}");
        assert!(!std::fs::read_to_string(&path).expect("a file").contains("hush"), "{row}");
        sofetch(&[&["--har", &path, "--show-secrets", &url], args].concat()).ended(0);
        assert_eq!(body_of(&entries(&path)[0]), (shown, None), "{row}, shown");
    }
    // A body goes where a redirect takes it, and nowhere else.
    sofetch(&["--har", &path, "-d", "a=1", &server.url("/kept")]).ended(0);
    let kept = entries(&path);
    assert_eq!((body_of(&kept[0]).0, body_of(&kept[1]).0), ("a=1", "a=1"));
    sofetch(&["--har", &path, "-d", "a=1", &server.url("/dropped")]).ended(0);
    let dropped = entries(&path);
    assert_eq!((body_of(&dropped[0]).0, dropped[1]["request"].get("postData")), ("a=1", None));
    // The preflight has none.
    let asked = support::server(|_| {
        Reply::ok("x").header("Access-Control-Allow-Origin", "*").header("Access-Control-Allow-Headers", "*")
    });
    let args = ["--origin", "http://a.test", "--json", "{}", "--send", "always", "--har", &path];
    sofetch(&[&["cors", &asked.url("/")], &args[..]].concat()).ended(0);
    let asked = entries(&path);
    assert_eq!((asked[0]["request"].get("postData"), body_of(&asked[1]).0), (None, "{}"));
}

/// What of a request was said by its sender.
fn said(request: &RequestSeen) -> (String, String, Vec<(String, String)>, Vec<u8>) {
    let mut headers: Vec<(String, String)> = request
        .headers
        .iter()
        .map(|(name, value)| {
            (String::from_utf8_lossy(name).to_lowercase(), String::from_utf8_lossy(value).into_owned())
        })
        .collect();
    headers.sort();
    (request.method.clone(), request.target.clone(), headers, request.body.to_vec())
}

#[test]
fn what_is_written_is_sent_again_when_it_is_read_back() {
    let (server, folder) = (plain_server(), Folder::new());
    let path = folder.file("har");
    let url = server.url("/x?q=\u{e9}");
    for (row, args) in [
        ("a GET", &["-H", "X-A: 1, \"2\""][..]),
        ("a HEAD", &["-I"]),
        ("a form", &["-d", "a=1&b=%20&c=\u{e9}"]),
        ("JSON", &["-X", "PUT", "--json", "{ \"a\":\t\"\\u0000 \u{202e} \u{1f600}\" }"]),
        (
            "text with breaks and controls",
            &["-H", "Content-Type: text/plain", "--data-binary", "a\r\n\u{1b}[31m\u{9b}\u{2028}"],
        ),
        ("a multipart form", &["-F", "a=1", "-F", "b=\u{e9}"]),
        ("credentials", &["-H", "Authorization: Bearer x", "-H", "Cookie: a=b"]),
    ] {
        sofetch(&[&["--har", &path, "--show-secrets", &url], args].concat()).ended(0);
        let first = server.requests().pop().expect("it was sent");
        sofetch(&["--import", &path]).ended(0);
        let again = server.requests().pop().expect("it was sent");
        assert_eq!(said(&again), said(&first), "{row}");
    }
    // What the file does not hold is asked for, and not guessed.
    sofetch(&["--har", &path, "-d", "password=hush", &url]).ended(0);
    sofetch(&["--import", &path]).ended(2).complained("had a body, which the file does not hold");
}
