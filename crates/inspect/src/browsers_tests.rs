//! Recordings that meet a departure, and their neighbours that do not.

use std::net::SocketAddr;

use sofetch_core::infrastructure::methods::Method;
use sofetch_core::rules::cors_safelists::{CorsSafelist, UnsafeName};
use sofetch_core::trace::{Purpose, Trace};

use super::*;
use crate::test_recordings::{recorded, request, ruled};

fn met(tell: impl FnOnce(&Trace)) -> Vec<(&'static str, Effect, String)> {
    let recording = recorded(tell);
    let departures = departures(recording.first().expect("a fetch"));
    departures.into_iter().map(|departure| (departure.id, departure.effect, departure.words)).collect()
}

fn ids(tell: impl FnOnce(&Trace)) -> Vec<&'static str> {
    met(tell).into_iter().map(|(id, _, _)| id).collect()
}

#[test]
fn a_wildcard_over_authorization() {
    for (allowed, expected) in [(&["*"][..], &["wildcard-authorization"][..]), (&["content-type"], &[])] {
        let answer = PreflightAnswer::NonWildcardHeaderNotListed {
            name: "authorization".to_owned(),
            allowed: allowed.iter().map(|&name| name.to_owned()).collect(),
        };
        let got = ids(|trace| {
            trace.emit(|| request(Method::GET, "https://b.test/", &[]));
            trace.child(Purpose::Preflight).emit(|| ruled(answer));
        });
        assert_eq!(got, expected, "{allowed:?}");
    }
}

#[test]
fn how_long_a_preflight_is_remembered() {
    let all = "Not 100000 seconds: Chromium 156 for 7200, Firefox 153 for 86400, WebKit for 600 remember it at most.";
    for (said, expected) in [
        (Some("100000"), Some(all)),
        (Some("7200"), Some("Not 7200 seconds: WebKit for 600 remember it at most.")),
        (Some("600"), None),
        (Some("soon"), None),
        (None, None),
    ] {
        let got = met(|trace| {
            trace.emit(|| {
                ruled(PreflightAnswer::Granted {
                    methods: Vec::new(),
                    header_names: Vec::new(),
                    max_age: 5,
                    max_age_said: said.map(str::to_owned),
                    covered_by_departure: false,
                })
            });
        });
        let words: Vec<&str> = got.iter().map(|(_, _, words)| &**words).collect();
        assert_eq!(words, expected.into_iter().collect::<Vec<_>>(), "{said:?}");
    }
}

#[test]
fn a_user_agent_of_a_script_s() {
    let need = |names: &[&str], method: Option<&str>| PreflightNeed::Needed {
        flag_set: false,
        unsafe_method: method.map(str::to_owned),
        unsafe_names: names
            .iter()
            .map(|&name| UnsafeName { name: name.to_owned(), because: CorsSafelist::NotListed })
            .collect(),
    };
    for (need, expected) in [
        (
            need(&["user-agent"], None),
            Some("Chromium 156 leaves a script's User-Agent out, and asks no preflight."),
        ),
        (need(&["user-agent", "x-a"], None), Some("Chromium 156 leaves a script's User-Agent out.")),
        (need(&["user-agent"], Some("PUT")), Some("Chromium 156 leaves a script's User-Agent out.")),
        (need(&["x-a"], None), None),
        (PreflightNeed::Simple, None),
    ] {
        let row = format!("{need:?}");
        let got = met(|trace| trace.emit(|| ruled(ResponseTaintingFork::CorsWithPreflight(need))));
        let words: Vec<&str> = got.iter().map(|(_, _, words)| &**words).collect();
        assert_eq!(words, expected.into_iter().collect::<Vec<_>>(), "{row}");
    }
}

#[test]
fn values_that_are_unsafe_together() {
    let (long, longer) = ("a".repeat(100), "a".repeat(129));
    for (row, target, list, expected) in [
        ("each is short", "https://b.test/", &[("Accept", &*long), ("accept", &*long)][..], true),
        ("they stay short", "https://b.test/", &[("Accept", "a"), ("Accept", "b")], false),
        ("one is long by itself", "https://b.test/", &[("Accept", &*longer)], false),
        ("one's own origin", "https://a.test/", &[("Accept", &*long), ("Accept", &*long)], false),
    ] {
        let got = ids(|trace| trace.emit(|| request(Method::GET, target, list)));
        assert_eq!(got.contains(&"combined-values"), expected, "{row}");
    }
}

#[test]
fn a_redirect_that_brings_a_password() {
    let hop = |count, target: &'static str| {
        let Event::Request(mut snapshot) = request(Method::GET, target, &[]) else { unreachable!() };
        snapshot.redirect_count = count;
        move || Event::Request(snapshot)
    };
    for (count, target, expected) in [
        (1, "https://u:p@a.test/", &["credentials-in-redirect"][..]),
        (1, "https://a.test/", &[]),
        (0, "https://u:p@a.test/", &[]),
    ] {
        assert_eq!(ids(|trace| trace.emit(hop(count, target))), expected, "{count} {target}");
    }
}

#[test]
fn a_public_page_and_an_address_of_one_s_own_network() {
    let asks = Effect::AsksThePerson;
    type Row<'a> = (&'a str, &'a str, &'a str, Option<SocketAddr>, bool, Option<Effect>);
    let table: [Row<'_>; 12] = [
        ("an address of this machine", "https://a.test", "http://127.0.0.1/", None, false, Some(asks)),
        ("its name", "https://a.test", "http://localhost:8080/", None, false, Some(asks)),
        ("of the network", "https://a.test", "http://192.168.1.1/", None, false, Some(asks)),
        ("in version 6", "https://a.test", "http://[fd00::1]/", None, false, Some(asks)),
        ("mapped", "https://a.test", "http://[::ffff:10.0.0.1]/", None, false, Some(asks)),
        (
            "a page that came over http",
            "http://a.test",
            "http://127.0.0.1/",
            None,
            false,
            Some(Effect::Refuses),
        ),
        (
            "a name that leads there",
            "https://a.test",
            "https://b.test/",
            Some(([10, 0, 0, 1], 443).into()),
            true,
            Some(asks),
        ),
        (
            "an address given by hand",
            "https://a.test",
            "https://b.test/",
            Some(([10, 0, 0, 1], 443).into()),
            false,
            None,
        ),
        (
            "a name that leads elsewhere",
            "https://a.test",
            "https://b.test/",
            Some(([9, 9, 9, 9], 443).into()),
            true,
            None,
        ),
        ("a page of this machine", "http://localhost", "http://127.0.0.1/", None, false, None),
        ("a page of the network", "http://10.0.0.2", "http://127.0.0.1/", None, false, None),
        ("a page without an origin", "null", "http://127.0.0.1/", None, false, None),
    ];
    for (row, origin, target, connected, resolved, expected) in table {
        let got = met(|trace| {
            let Event::Request(mut snapshot) = request(Method::GET, target, &[]) else { unreachable!() };
            snapshot.origin = origin.to_owned();
            trace.emit(|| Event::Request(snapshot));
            if resolved {
                trace.emit(|| Event::Wire(WireEvent::Resolving { host: "b.test".to_owned() }));
            }
            if let Some(address) = connected {
                trace.emit(|| Event::Wire(WireEvent::Connected { address }));
            }
        });
        assert_eq!(
            got.iter().map(|(_, effect, _)| *effect).collect::<Vec<_>>(),
            expected.into_iter().collect::<Vec<_>>(),
            "{row}"
        );
    }
}

#[test]
fn what_is_met_twice_is_said_once() {
    let got = ids(|trace| {
        for target in ["http://127.0.0.1/1", "http://127.0.0.1/2"] {
            trace.emit(|| request(Method::GET, target, &[]));
        }
    });
    assert_eq!(got, ["local-network-access"]);
}
