//! HAR: the members that 1.2 requires, an entry an exchange, times that add up, nothing secret.

use sofetch_core::rules::cors_check::CorsCheck;
use sofetch_core::rules::port_blocking::PortBlocking;
use sofetch_core::rulings::Ruling;
use sofetch_core::trace::Trace;

use super::*;
use crate::test_recordings::{
    head, headers, patch_refused_at_preflight, patch_with_json, recorded, request, sent, url,
};

const BEGAN: SystemTime = SystemTime::UNIX_EPOCH;

fn entries(recording: &Recording, secrets: Secrets) -> Vec<Value> {
    let document = har(har_entries(recording, BEGAN, secrets));
    assert_required(&document);
    document["log"]["entries"].as_array().expect("a list").clone()
}

/// What 1.2 does not call optional, with its type.
fn assert_required(document: &Value) {
    let log = &document["log"];
    assert_eq!(log["version"], "1.2");
    assert!(log["creator"]["name"].is_string() && log["creator"]["version"].is_string());
    for entry in log["entries"].as_array().expect("entries") {
        let started = entry["startedDateTime"].as_str().expect("a date");
        assert!(started.len() == 24 && started.ends_with('Z') && started.as_bytes()[10] == b'T', "{started}");
        assert!(entry["cache"].is_object());
        let (request, response) = (&entry["request"], &entry["response"]);
        for (object, members) in [
            (request, &["method", "url", "httpVersion"][..]),
            (response, &["statusText", "httpVersion", "redirectURL"]),
            (&response["content"], &["mimeType"]),
        ] {
            members.iter().for_each(|name| assert!(object[name].is_string(), "{name}: {object}"));
        }
        for (object, members) in
            [(request, &["cookies", "headers", "queryString"][..]), (response, &["cookies", "headers"])]
        {
            for name in members {
                let pairs = object[name].as_array().unwrap_or_else(|| panic!("{name}: {object}"));
                assert!(pairs.iter().all(|pair| pair["name"].is_string() && pair["value"].is_string()));
            }
        }
        for (object, members) in [
            (request, &["headersSize", "bodySize"][..]),
            (response, &["status", "headersSize", "bodySize"]),
            (&response["content"], &["size"]),
        ] {
            members.iter().for_each(|name| assert!(object[name].is_i64(), "{name}: {object}"));
        }
        if let Some(posted) = request.get("postData") {
            assert!(posted["mimeType"].is_string() && posted["text"].is_string(), "{posted}");
        }
        let timings = entry["timings"].as_object().expect("timings");
        let time = |name: &str| timings[name].as_f64().unwrap_or_else(|| panic!("{name}: {timings:?}"));
        assert!(["send", "wait", "receive"].into_iter().all(|name| time(name) >= 0.0));
        // `ssl` is part of `connect`; -1 is for what did not happen.
        let parts = ["blocked", "dns", "connect", "send", "wait", "receive"];
        let sum: f64 = parts.into_iter().map(|name| time(name).max(0.0)).sum();
        let whole = entry["time"].as_f64().expect("a number");
        assert!((sum - whole).abs() < 0.01, "{sum} {entry}");
        assert!(time("ssl") <= time("connect"));
    }
}

#[test]
fn a_preflight_is_an_entry_of_its_own() {
    let entries = entries(&patch_with_json(CorsCheck::AnyOrigin, 200), Secrets::Redacted);
    let [preflight, patch] = &entries[..] else { panic!("two entries: {entries:?}") };
    assert_eq!(preflight["_purpose"], "preflight");
    assert_eq!(
        (&preflight["request"]["method"], &preflight["response"]["status"]),
        (&json!("OPTIONS"), &json!(204))
    );
    assert_eq!(preflight["startedDateTime"], "1970-01-01T00:00:00.018Z");
    assert_eq!(
        preflight["timings"],
        json!({ "blocked": 2.0, "dns": 1.0, "connect": 3.0, "ssl": 1.0, "send": 0.0, "wait": 1.0, "receive": 0.0 })
    );
    assert_eq!(preflight["serverIPAddress"], "10.0.0.1");
    assert!(patch.get("_purpose").is_none() && patch.get("comment").is_none());
    assert_eq!(
        (&patch["request"]["bodySize"], &patch["request"]["postData"]["mimeType"]),
        (&json!(5), &json!("application/json"))
    );
    assert_eq!(
        (&patch["response"]["bodySize"], &patch["response"]["content"]["size"]),
        (&json!(10), &json!(20))
    );
    assert_eq!(patch["timings"]["dns"], -1);
    assert_eq!(patch["request"]["httpVersion"], "HTTP/1.1");
}

#[test]
fn secrets_are_redacted_unless_asked_for() {
    let recording = patch_with_json(CorsCheck::AnyOrigin, 200);
    let redacted = Value::from(entries(&recording, Secrets::Redacted)).to_string();
    assert!(!redacted.contains("hunter2") && redacted.contains("[redacted]"), "{redacted}");
    let shown = entries(&recording, Secrets::Shown);
    assert_eq!(shown[1]["request"]["cookies"], json!([{ "name": "sid", "value": "hunter2" }]));
    assert_eq!(shown[1]["response"]["cookies"], json!([{ "name": "sid", "value": "hunter2" }]));
    assert_eq!(
        shown[1]["request"]["queryString"],
        json!([{ "name": "token", "value": "hunter2" }, { "name": "n", "value": "1" }])
    );
}

#[test]
fn what_failed_says_why() {
    let refused = entries(&patch_with_json(CorsCheck::NoAllowOrigin, 200), Secrets::Redacted);
    let last = refused.last().expect("two entries");
    assert_eq!(last["response"]["status"], 200, "what came over the wire");
    assert!(last["response"]["_error"].is_string() && last["comment"].is_string(), "{last}");
    let refused = entries(&patch_refused_at_preflight(), Secrets::Redacted);
    let statuses: Vec<_> =
        refused.iter().map(|entry| (&entry["request"]["method"], &entry["response"]["status"])).collect();
    assert_eq!(statuses, [(&json!("PATCH"), &json!(0)), (&json!("OPTIONS"), &json!(204))]);
}

fn answered(trace: &Trace, status: u16) {
    let outcome = Outcome::Response {
        response_type: "basic",
        status,
        internal_status: status,
        header_list: headers(&[("Content-Type", "text/plain")]),
        url: None,
    };
    trace.emit(|| Event::Ended(outcome));
}

#[test]
fn redirects_are_entries_of_their_own() {
    let recording = recorded(|trace| {
        trace.emit(|| request(Method::GET, "https://a.test/one", &[]));
        trace.emit(|| sent(Method::GET, "https://a.test/one", &[("Accept", "*/*")]));
        trace.emit(|| head(302, "Found", &[("Location", "/two?key=hunter2")]));
        trace.emit(|| request(Method::GET, "https://a.test/two", &[]));
        trace.emit(|| sent(Method::GET, "https://a.test/two#part", &[]));
        trace.emit(|| head(200, "OK", &[("Content-Type", "text/html")]));
        answered(trace, 200);
    });
    let entries = entries(&recording, Secrets::Redacted);
    let [one, two] = &entries[..] else { panic!("two entries: {entries:?}") };
    assert_eq!(one["response"]["redirectURL"], "/two?key=[redacted]");
    // GET /one HTTP/1.1, Accept: */*, an empty line.
    assert_eq!(one["request"]["headersSize"], 19 + 13 + 2);
    assert_eq!(two["request"]["url"], "https://a.test/two");
    assert_eq!(
        (&two["response"]["bodySize"], &two["response"]["content"]),
        (&json!(-1), &json!({ "size": 0, "mimeType": "text/html" }))
    );
}

#[test]
fn a_fetch_without_a_network_has_an_entry() {
    let recording = recorded(|trace| {
        trace.emit(|| request(Method::GET, "data:,hi", &[]));
        answered(trace, 200);
        trace.emit(|| Event::BodyEnded { encoded: 2, decoded: 2, error: None });
    });
    let entries = entries(&recording, Secrets::Redacted);
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (&entries[0]["request"]["url"], &entries[0]["response"]["status"]),
        (&json!("data:,hi"), &json!(200))
    );
    assert_eq!(entries[0]["response"]["content"], json!({ "size": 2, "mimeType": "text/plain" }));
    let refused = recorded(|trace| {
        let blocked = PortBlocking::BadPort { port: 25 };
        trace.emit(|| request(Method::GET, "http://a.test:25/", &[]));
        trace.emit(|| Event::Ended(Outcome::NetworkError(NetworkError::new(Ruling::from(blocked)))));
    });
    let entries = super::tests::entries(&refused, Secrets::Redacted);
    assert_eq!((entries.len(), &entries[0]["response"]["status"]), (1, &json!(0)));
    assert!(entries[0]["comment"].as_str().is_some_and(|words| words.contains("25")), "{entries:?}");
    assert!(
        super::tests::entries(&recorded(|_| {}), Secrets::Redacted).len() == 1,
        "one that was heard of no more"
    );
}

#[test]
fn set_cookies_have_their_attributes() {
    assert_eq!(
        set_cookie("a=b=c; Path=/x; HttpOnly; secure; Max-Age=5; Domain=a.test"),
        json!({ "name": "a", "value": "b=c", "path": "/x", "httpOnly": true, "secure": true, "domain": "a.test" })
    );
    assert_eq!(set_cookie("lone"), json!({ "name": "", "value": "lone" }));
}

#[test]
fn dates_table() {
    let table = [
        (0, 0, "1970-01-01T00:00:00.000Z"),
        (951_782_399, 999, "2000-02-28T23:59:59.999Z"),
        (951_782_400, 1, "2000-02-29T00:00:00.001Z"),
        (1_426_583_100, 0, "2015-03-17T09:05:00.000Z"),
        (4_107_542_400, 0, "2100-03-01T00:00:00.000Z"),
    ];
    for (seconds, millis, expected) in table {
        let at = BEGAN + Duration::from_secs(seconds) + Duration::from_millis(millis);
        assert_eq!(date_time(at), expected);
    }
    assert_eq!(date_time(BEGAN - Duration::from_secs(1)), "1970-01-01T00:00:00.000Z");
    assert_eq!(url("https://a.test/").path_and_query(), "/");
}
