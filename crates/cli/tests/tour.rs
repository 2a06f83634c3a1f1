//! `sofetch tour`: every stop, alone and among the others, as text and as JSON.

mod support;

use std::collections::HashSet;

use serde_json::Value;
use sofetch_demo::Reply;
use support::{command, said, server, sofetch};

/// The names of all stops, as `--list` has them.
fn names() -> Vec<String> {
    let listed = sofetch(&["tour", "--list"]).ended(0);
    let name = |line: &str| line.split_whitespace().nth(1).map(str::to_owned);
    listed.text().lines().filter_map(name).collect()
}

#[test]
fn every_stop_comes_out_as_it_must() {
    let told = sofetch(&["tour"]).ended(0);
    assert_eq!(told.err, "");
    let text = told.text();
    let names = names();
    assert_eq!(names.len(), 14);
    assert!(text.contains("All 14 stops came out as the Standard has it."), "{text}");
    let title = |(index, name): (usize, &String)| {
        text.lines()
            .position(|line| line.starts_with(&format!("{}/14  ", index + 1)) && line.ends_with(&**name))
    };
    let places: Vec<Option<usize>> = names.iter().enumerate().map(title).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
    for line in [
        "  > OPTIONS https://site.com/service.json http/1.1",
        "  > Access-Control-Request-Headers: api-key,content-type",
        "  > API-Key: [redacted]",
        "  A preflight is needed, and an earlier one is remembered.",
        "  The smallest change that would let it pass, 1 edit:",
        "      + Access-Control-Allow-Origin: https://javascript.info",
        "  > Origin: null",
        "  < http/1.1 403 Forbidden",
        "  console: Uncaught TypeError: Failed to fetch",
    ] {
        assert!(text.lines().any(|own| own == line), "{line:?} is not in: {text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours in a pipe");
    assert!(!text.contains("lovelace") && !text.contains("YWRh"), "secrets are redacted: {text}");
}

#[test]
fn the_text_fits_into_eighty_columns() {
    let told = sofetch(&["tour"]).ended(0);
    let wide: Vec<&str> = told.text().lines().filter(|line| line.chars().count() > 80).collect();
    assert_eq!(wide, [""; 0]);
}

#[test]
fn each_stop_runs_alone() {
    for (index, name) in names().iter().enumerate() {
        let place = (index + 1).to_string();
        let by_name = sofetch(&["tour", "--stop", name]).ended(0);
        for usual in ["> Accept", "> Referer", "> User-Agent", "> Sec-Fetch-Mode", "< content-length"] {
            assert!(!by_name.text().contains(usual), "{name}: {usual}");
        }
        let by_number = sofetch(&["tour", "--stop", &place]).ended(0);
        // NB: how far the fetch of this one came when it was given up is the machine's to say.
        if name != "abort" {
            assert_eq!(by_name.text(), by_number.text(), "a run is as another");
        }
        assert!(by_name.text().contains(&format!("{place}/14  ")), "{name}: {}", by_name.text());
        assert!(by_name.text().contains("The stop came out as the Standard has it."), "{name}");
    }
}

#[test]
fn stops_that_are_none_are_usage() {
    for stop in ["none", "0", "15", "\u{1b}[31m"] {
        let said = sofetch(&["tour", "--stop", stop]).ended(2).complained("no such stop");
        assert!(said.out.is_empty() && !said.err.contains('\u{1b}'), "{}", said.err);
    }
    sofetch(&["tour", "--list", "--report", "json"]).ended(2);
    sofetch(&["-v", "tour"]).ended(2).complained("the command comes first");
}

#[test]
fn the_report() {
    let report = sofetch(&["tour", "--report", "json"]).ended(0).json();
    assert_eq!(report["schema"], "sofetch-tour/1");
    assert_eq!(report["right"], true);
    let stops = list(&report["stops"]);
    let own: Vec<&str> = stops.iter().filter_map(|stop| stop["name"].as_str()).collect();
    assert_eq!(own, names());
    for (index, stop) in stops.iter().enumerate() {
        assert_eq!(stop["number"], index + 1);
        assert_eq!((&stop["right"], list(&stop["wrong"]).len()), (&Value::Bool(true), 0));
        assert!(stop["link"].as_str().is_some_and(|link| link.starts_with("https://")));
        assert!(stop["title"].is_string() && stop["lesson"].is_string());
        for act in list(&stop["acts"]) {
            assert!(act["script"].is_string() && act["console"].is_array(), "{act}");
            assert!(list(&act["fetches"]).iter().all(|fetch| fetch["schema"] == "sofetch-cors/1"), "{act}");
        }
    }
    let of = |name: &str| stops.iter().find(|stop| stop["name"] == name).expect(name);
    let kinds = |name: &str| -> Vec<Value> {
        let acts = list(&of(name)["acts"]);
        acts.iter()
            .flat_map(|act| list(&act["fetches"]))
            .map(|fetch| fetch["verdict"]["kind"].clone())
            .collect()
    };
    assert_eq!(kinds("preflight"), ["readable", "readable"]);
    assert_eq!(kinds("refused"), ["refused", "readable"]);
    assert_eq!(kinds("credentials"), ["readable", "readable", "readable", "refused"]);
    assert_eq!(kinds("csrf"), ["unreadable", "unreadable", "unreadable"]);
    let refused = &of("refused")["acts"];
    assert_eq!(refused[0]["fetches"][0]["fixes"]["sets"][0], refused[1]["changed"]["sets"][0]);
    assert_eq!(refused[0]["changed"], Value::Null);
    assert_eq!(refused[0]["console"][0]["uncaught"], true);
}

#[test]
fn secrets_are_shown_on_demand() {
    let shown = sofetch(&["tour", "--stop", "credentials", "--show-secrets"]).ended(0);
    assert!(shown.text().contains("> Authorization: Basic YWRhOmxvdmVsYWNl"), "{}", shown.text());
    let args = ["tour", "--stop", "csrf", "--report", "json"];
    let redacted = sofetch(&args).ended(0);
    assert!(!redacted.text().contains("YWRh"));
    let shown = sofetch(&[&args[..], &["--show-secrets"]].concat()).ended(0);
    assert!(shown.text().contains("Authorization: Basic YWRhOmxvdmVsYWNl"));
}

#[test]
fn no_proxy_of_the_environment_is_asked() {
    let proxy = server(|_| Reply::new(502));
    let mut command = command(&["tour", "--stop", "simple", "--stop", "refused"]);
    for name in ["http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(name, proxy.url(""));
    }
    said(command).ended(0);
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn nobody_waits_for_keys_but_at_a_terminal() {
    // Standard input is at its end: whoever waited for a line would end at the first stop.
    let told = sofetch(&["tour", "--step"]).ended(0);
    let titles: HashSet<&str> = told.text().lines().filter(|line| line.contains("/14  ")).collect();
    assert_eq!(titles.len(), 14);
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}
