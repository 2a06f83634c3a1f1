//! The URL parser, its setters, domain to ASCII and origins, case by case.

use sofetch_core::infrastructure::url::Url;

use crate::data::{cases, read, text};

/// An attribute of the API's `URL`, by its IDL name.
fn attribute(url: &Url, name: &str) -> String {
    let delimited = |delimiter: &str, part: Option<&str>| match part {
        None | Some("") => String::new(),
        Some(part) => format!("{delimiter}{part}"),
    };
    match name {
        "href" => url.href().to_owned(),
        "origin" => url.origin().serialize(),
        "protocol" => format!("{}:", url.scheme()),
        "username" => url.username().to_owned(),
        "password" => url.password().to_owned(),
        "host" => url.host_and_port().to_owned(),
        "hostname" => url.hostname().to_owned(),
        "port" => url.port().map(|port| port.to_string()).unwrap_or_default(),
        "pathname" => url.path().to_owned(),
        "search" => delimited("?", url.query()),
        "hash" => delimited("#", url.fragment()),
        other => panic!("no attribute {other}"),
    }
}

const ATTRIBUTES: [&str; 11] = [
    "href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search",
    "hash",
];

fn report(file: &str, seen: usize, expected: usize, failed: Vec<String>) {
    assert_eq!(failed, Vec::<String>::new(), "{} of {seen} cases of {file} fail", failed.len());
    assert_eq!(seen, expected, "cases of {file}");
}

fn parser_cases(file: &str, expected: usize) {
    let Some(data) = read(file, expected) else { return };
    let (mut seen, mut failed) = (0, Vec::new());
    for case in cases(&data) {
        seen += 1;
        let input = text(case, "input").expect("an input");
        let parsed = match text(case, "base") {
            None => Url::parse(input, None),
            Some(base) => Url::parse(base, None).and_then(|base| Url::parse(input, Some(&base))),
        };
        match parsed {
            Ok(url) if case.get("failure").is_none() => {
                for name in ATTRIBUTES {
                    if let Some(expected) = text(case, name) {
                        let got = attribute(&url, name);
                        if got != expected {
                            failed.push(format!("{input:?}: {name} {got:?}, not {expected:?}"));
                        }
                    }
                }
                if Url::parse(url.href(), None).as_ref() != Ok(&url) {
                    failed.push(format!("{input:?}: the href does not parse to itself"));
                }
                if url.same_origin_with(&url.origin()) != (attribute(&url, "origin") != "null") {
                    failed.push(format!("{input:?}: not same origin with its own origin"));
                }
                let host = url.host().map(|host| host.to_string()).unwrap_or_default();
                if host != url.hostname() {
                    failed.push(format!("{input:?}: host {host:?}, not {:?}", url.hostname()));
                }
            }
            Err(_) if case.get("failure").is_some() => {}
            Ok(url) => failed.push(format!("{input:?}: {url:?}, not failure")),
            Err(_) => failed.push(format!("{input:?}: failure")),
        }
    }
    report(file, seen, expected, failed);
}

#[test]
fn urltestdata() {
    parser_cases("url/resources/urltestdata.json", 891);
}

#[test]
fn urltestdata_with_lone_surrogates() {
    parser_cases("url/resources/urltestdata-javascript-only.json", 1);
}

#[test]
fn setters_tests() {
    let file = "url/resources/setters_tests.json";
    let Some(data) = read(file, 278) else { return };
    let (mut seen, mut failed) = (0, Vec::new());
    for (setter, list) in data.as_object().expect("an object").iter().filter(|(name, _)| *name != "comment") {
        for case in cases(list) {
            seen += 1;
            let href = text(case, "href").expect("an href");
            let value = text(case, "new_value").expect("a value");
            let mut url = Url::parse(href, None).expect("a URL");
            let kept = url.clone();
            url.set(setter, value);
            for (name, expected) in case["expected"].as_object().expect("attributes") {
                let got = attribute(&url, name);
                if Some(got.as_str()) != expected.as_str() {
                    failed.push(format!("{href:?}.{setter} = {value:?}: {name} {got:?}, not {expected}"));
                }
            }
            if kept.href() != Url::parse(href, None).expect("a URL").href() {
                failed.push(format!("{href:?}.{setter} = {value:?}: a clone changed"));
            }
        }
    }
    report(file, seen, 278, failed);
}

/// Delimiters that would end the host are percent-encoded, as the tests' own harness does.
fn encode_host_ending_code_points(input: &str) -> String {
    let encode = |c: char| match c {
        ':' | '/' | '?' | '#' | '\\' => format!("%{:02X}", c as u32),
        c => c.to_string(),
    };
    input.chars().map(encode).collect()
}

fn domain_cases(file: &str, expected: usize, encode: fn(&str) -> String, setters: bool) {
    let Some(data) = read(file, expected) else { return };
    let (mut seen, mut failed) = (0, Vec::new());
    for case in cases(&data) {
        seen += 1;
        let input = text(case, "input").expect("an input");
        // The empty host of a special URL cannot be tried through the parser.
        if input.is_empty() {
            continue;
        }
        let output = text(case, "output").filter(|output| !output.is_empty());
        match (Url::parse(&format!("https://{}/x", encode(input)), None), output) {
            (Ok(url), Some(output)) => {
                let right = url.host_and_port() == output
                    && url.hostname() == output
                    && url.path() == "/x"
                    && url.href() == format!("https://{output}/x");
                if !right {
                    failed.push(format!("{input:?}: {url:?}, not {output:?}"));
                }
            }
            (Err(_), None) => {}
            (got, output) => failed.push(format!("{input:?}: {got:?}, not {output:?}")),
        }
        for setter in ["host", "hostname"].iter().filter(|_| setters) {
            let mut url = Url::parse("https://x/x", None).expect("a URL");
            url.set(setter, input);
            if url.hostname() != output.unwrap_or("x") {
                failed.push(format!("{setter} = {input:?}: {url:?}, not {output:?}"));
            }
        }
    }
    report(file, seen, expected, failed);
}

#[test]
fn toascii() {
    domain_cases("url/resources/toascii.json", 87, str::to_owned, true);
}

#[test]
fn row_78_idna_test_v2() {
    domain_cases("url/resources/IdnaTestV2.json", 2671, encode_host_ending_code_points, false);
}

#[test]
fn idna_test_v2_removed() {
    domain_cases("url/resources/IdnaTestV2-removed.json", 20, encode_host_ending_code_points, false);
}
