//! The matrices that the policy tests are generated from: referrers, mixed content, upgrades, `Sec-Fetch-Site`.
//!
//! A row of a matrix is walked as main fetch would, hop by hop: upgrade, block, find the referrer, follow the redirect.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use sofetch_core::infrastructure::clients::{Client, Global, PolicyContainer};
use sofetch_core::infrastructure::requests::{
    Destination, Initiator, Mode, Referrer, ReferrerPolicy, Request,
};
use sofetch_core::infrastructure::url::Url;
use sofetch_core::rules::fetch_metadata::{FetchMetadata, fetch_metadata};
use sofetch_core::rules::mixed_content::{
    should_fetching_request_be_blocked_as_mixed_content, upgrade_a_mixed_content_request,
    upgrade_request_to_a_potentially_trustworthy_url,
};
use sofetch_core::rules::referrer::determine_requests_referrer;
use sofetch_core::rules::verdict::Verdict;

use crate::data::{cases, read, read_text, text};

fn url(input: &str) -> Url {
    Url::parse(input, None).expect("a URL of the matrix")
}

fn window(page: &Url, upgrade_insecure_requests: bool) -> Client {
    Client {
        id: "1".to_owned(),
        creation_url: page.clone(),
        top_level_creation_url: Some(page.clone()),
        top_level_origin: Some(page.origin()),
        origin: page.origin(),
        api_base_url: page.clone(),
        policy_container: Arc::new(PolicyContainer { upgrade_insecure_requests, ..Default::default() }),
        cross_origin_isolated_capability: false,
        global: Global::Window { traversable: true, top_level: true, document_url: page.clone() },
        has_cross_site_ancestor: false,
        restricts_mixed_content: page.is_potentially_trustworthy(),
        offline: false,
        emulated_user_agent: None,
        emulated_language: None,
        permissions_policy: Default::default(),
    }
}

/// The values that a member of an expansion stands for: one, several, or `*` for all.
fn expand<'a>(value: Option<&'a Value>, all: &[&'a str]) -> Vec<&'a str> {
    match value {
        Some(Value::String(one)) if one == "*" => all.to_vec(),
        Some(Value::String(one)) if all.contains(&one.as_str()) => vec![one],
        Some(Value::Array(several)) => {
            several.iter().filter_map(Value::as_str).filter(|one| all.contains(one)).collect()
        }
        _ => Vec::new(),
    }
}

/// Every row of a matrix, overriding ones last.
fn rows(matrix: &Value) -> Vec<&Value> {
    let specifications = matrix["specification"].as_array().expect("specifications");
    let rows = || specifications.iter().flat_map(|part| cases(&part["test_expansion"]));
    let is_override = |row: &&Value| text(row, "expansion") == Some("override");
    rows().filter(|row| !is_override(row)).chain(rows().filter(is_override)).collect()
}

/// The URLs of a request to `origin` that is redirected so.
fn hops(origin: &str, redirection: &str) -> Vec<Url> {
    let (relation, scheme) = origin.split_once('-').expect("same-http and such");
    let secure = scheme.starts_with("https") || scheme.starts_with("wss");
    let of = |secure: bool, same: bool| {
        url(&format!("http{}://{}.test/x", if secure { "s" } else { "" }, if same { "a" } else { "b" }))
    };
    let same = relation == "same";
    let first = of(secure, same);
    match redirection {
        "no-redirect" => vec![first],
        "keep-origin" | "keep-scheme" => vec![first.clone(), first],
        "swap-origin" => vec![first, of(secure, !same)],
        "swap-scheme" => vec![first, of(!secure, same)],
        "downgrade" => vec![of(true, same), of(false, same)],
        other => panic!("no redirection {other}"),
    }
}

#[test]
fn referrer_policy_matrix() {
    let file = "referrer-policy/spec.src.json";
    let Some(matrix) = read(file, 308) else { return };
    let mut expectations = BTreeMap::new();
    for row in rows(&matrix) {
        for scheme in expand(row.get("source_scheme"), &["http", "https"]) {
            for origin in expand(row.get("origin"), &["same-http", "same-https", "cross-http", "cross-https"])
            {
                for redirection in
                    expand(row.get("redirection"), &["no-redirect", "keep-origin", "swap-origin"])
                {
                    let key = (text(row, "delivery_value"), scheme, origin, redirection);
                    expectations.insert(key, text(row, "expectation").expect("an expectation"));
                }
            }
        }
    }
    for (row, expectation) in &expectations {
        let (delivered, scheme, origin, redirection) = *row;
        let policy = match delivered {
            None | Some("default") => ReferrerPolicy::Empty,
            Some("never") => ReferrerPolicy::NoReferrer,
            Some("always") => ReferrerPolicy::UnsafeUrl,
            Some("origin-when-crossorigin") => ReferrerPolicy::OriginWhenCrossOrigin,
            Some(word) => ReferrerPolicy::from_word(word).expect("a policy"),
        };
        let page = url(&format!("{scheme}://user:pass@a.test/page?q#f"));
        let urls = hops(origin, redirection);
        let mut request = Request::new(urls[0].clone());
        request.client = Some(Arc::new(window(&page, false)));
        request.referrer_policy = policy;
        for (hop, to) in urls.iter().enumerate() {
            if hop > 0 {
                request.push_url(to.clone());
            }
            // What one hop found is the next one's source.
            if request.referrer != Referrer::NoReferrer {
                request.referrer = match determine_requests_referrer(&request).1 {
                    Some(url) => Referrer::Url(url),
                    None => Referrer::NoReferrer,
                };
            }
        }
        let sent = match request.referrer {
            Referrer::Url(url) => Some(url.href().to_owned()),
            Referrer::NoReferrer => None,
            Referrer::Client => panic!("never determined"),
        };
        let expected = match *expectation {
            "omitted" => None,
            "origin" => Some(format!("{scheme}://a.test/")),
            "stripped-referrer" => Some(format!("{scheme}://a.test/page?q")),
            other => panic!("no expectation {other}"),
        };
        assert_eq!(sent, expected, "{row:?}");
    }
    println!("{} cases of {file}", expectations.len());
    assert_eq!(expectations.len(), 308, "cases of {file}");
}

/// What each kind of subresource asks with.
const SUBRESOURCES: [(&str, Destination, Initiator); 23] = [
    ("audio-tag", Destination::Audio, Initiator::Empty),
    ("beacon", Destination::Empty, Initiator::Empty),
    ("fetch", Destination::Empty, Initiator::Empty),
    ("img-tag", Destination::Image, Initiator::Empty),
    ("link-css-tag", Destination::Style, Initiator::Empty),
    ("link-prefetch-tag", Destination::Empty, Initiator::Prefetch),
    ("object-tag", Destination::Object, Initiator::Empty),
    ("picture-tag", Destination::Image, Initiator::ImageSet),
    ("script-tag", Destination::Script, Initiator::Empty),
    ("script-tag-dynamic-import", Destination::Script, Initiator::Empty),
    ("sharedworker-classic", Destination::SharedWorker, Initiator::Empty),
    ("sharedworker-import", Destination::SharedWorker, Initiator::Empty),
    ("sharedworker-module", Destination::SharedWorker, Initiator::Empty),
    ("video-tag", Destination::Video, Initiator::Empty),
    ("websocket", Destination::Empty, Initiator::Empty),
    ("worker-classic", Destination::Worker, Initiator::Empty),
    ("worker-import", Destination::Worker, Initiator::Empty),
    ("worker-module", Destination::Worker, Initiator::Empty),
    ("worklet-audio", Destination::AudioWorklet, Initiator::Empty),
    ("worklet-paint", Destination::PaintWorklet, Initiator::Empty),
    ("worklet-paint-import-data", Destination::PaintWorklet, Initiator::Empty),
    ("iframe-tag", Destination::Iframe, Initiator::Empty),
    ("xhr", Destination::Empty, Initiator::Empty),
];

/// Walks the hops as main fetch would: is the request blocked, and at which URLs was it?
fn walk(subresource: &str, urls: &[Url], policy: bool) -> (bool, Vec<Url>) {
    let (_, destination, initiator) =
        SUBRESOURCES.into_iter().find(|(name, ..)| *name == subresource).expect("a subresource");
    let page = url("https://a.test/page");
    let mut request = Request::new(urls[0].clone());
    request.origin = Some(page.origin());
    request.client = Some(Arc::new(window(&page, policy)));
    (request.destination, request.initiator) = (destination, initiator);
    if subresource == "websocket" {
        request.mode = Mode::WebSocket;
    }
    for (hop, to) in urls.iter().enumerate() {
        if hop > 0 {
            request.push_url(to.clone());
        }
        for upgrade in [upgrade_request_to_a_potentially_trustworthy_url, upgrade_a_mixed_content_request] {
            if let (_, Some(upgraded)) = upgrade(&request) {
                request.set_current_url(upgraded);
            }
        }
        if should_fetching_request_be_blocked_as_mixed_content(&request).blocks() {
            return (true, request.url_list().to_vec());
        }
    }
    (false, request.url_list().to_vec())
}

#[test]
fn mixed_content_matrix() {
    let file = "mixed-content/spec.src.json";
    let Some(matrix) = read(file, 180) else { return };
    let kinds: Vec<&str> = SUBRESOURCES.iter().map(|(name, ..)| *name).collect();
    let origins = [
        "same-http",
        "cross-http",
        "same-https",
        "cross-https",
        "same-ws",
        "cross-ws",
        "same-wss",
        "cross-wss",
    ];
    let mut seen = 0;
    for row in rows(&matrix) {
        // The opt-in was `block-all-mixed-content`, which is no more.
        if text(row, "delivery_value") == Some("opt-in") {
            continue;
        }
        for subresource in expand(row.get("subresource"), &kinds) {
            for origin in expand(row.get("origin"), &origins) {
                for redirection in
                    expand(row.get("redirection"), &["no-redirect", "keep-scheme", "swap-scheme"])
                {
                    seen += 1;
                    let (blocked, at) = walk(subresource, &hops(origin, redirection), false);
                    let expected = text(row, "expectation") == Some("blocked");
                    assert_eq!(blocked, expected, "{subresource} to {origin}, {redirection}: {at:?}");
                }
            }
        }
    }
    println!("{seen} cases of {file}");
    assert_eq!(seen, 180, "cases of {file}");
}

#[test]
fn upgrade_insecure_requests_matrix() {
    let file = "upgrade-insecure-requests/spec.src.json";
    let Some(matrix) = read(file, 240) else { return };
    // What the matrix leaves out stays out: elements that are upgraded without any policy, and secure first hops.
    let kinds: Vec<&str> = SUBRESOURCES
        .iter()
        .map(|(name, ..)| *name)
        .filter(|name| !name.ends_with("-tag") || *name == "iframe-tag")
        .collect();
    let origins = ["same-https", "cross-https", "same-http-downgrade", "cross-http-downgrade"];
    let mut expectations = BTreeMap::new();
    for row in rows(&matrix) {
        for subresource in expand(row.get("subresource"), &kinds) {
            for origin in expand(row.get("origin"), &origins) {
                for redirection in expand(row.get("redirection"), &["no-redirect", "downgrade"]) {
                    let policy = text(row, "delivery_value") == Some("upgrade");
                    let expectation = text(row, "expectation").expect("an expectation");
                    expectations.insert((policy, subresource, origin, redirection), expectation);
                }
            }
        }
    }
    for (case, expectation) in &expectations {
        let (policy, subresource, origin, redirection) = *case;
        let (blocked, at) = walk(subresource, &hops(origin, redirection), policy);
        assert_eq!(blocked, *expectation == "blocked", "{case:?}: {at:?}");
        assert!(blocked || at.iter().all(Url::is_potentially_trustworthy), "{case:?}: {at:?}");
    }
    println!("{} cases of {file}", expectations.len());
    assert_eq!(expectations.len(), 2 * kinds.len() * 4 * 2, "cases of {file}");
}

#[test]
fn fetch_metadata_matrix() {
    let file = "fetch/metadata/tools/fetch-metadata.conf.yml";
    let Some(matrix) = read_text(file, 30) else { return };
    let origin = |name: &str| {
        let (scheme, site) = name
            .strip_prefix("https")
            .map_or(("http", name.strip_prefix("http").expect("a scheme")), |site| ("https", site));
        let host = match site {
            "Origin" => "a.example.com",
            "SameSite" => "b.example.com",
            "CrossSite" => "other.test",
            other => panic!("no site {other}"),
        };
        url(&format!("{scheme}://{host}/"))
    };
    // Of each case: whose header, at which origins, with what value; "NULL" where none is sent.
    let (mut found, mut header, mut default): (Vec<(String, Vec<Url>, String)>, _, _) =
        (Vec::new(), String::new(), String::new());
    let mut in_defaults = false;
    for line in matrix.lines() {
        let line = line.trim().trim_start_matches("- ");
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim().trim_matches(['\'', '"']);
        match key {
            "all_subtests" => (in_defaults, default) = (true, String::new()),
            "common_axis" | "template_axes" => in_defaults = false,
            "headerName" => header = value.to_owned(),
            "origins" => {
                let urls: Vec<Url> = value
                    .trim_matches(['[', ']'])
                    .split(',')
                    .map(str::trim)
                    .filter(|name| name.starts_with("http"))
                    .map(origin)
                    .collect();
                found.push((header.clone(), urls, default.clone()));
            }
            "expected" => match found.last_mut() {
                Some((.., expected)) if !in_defaults => *expected = value.to_owned(),
                // The last case states its origins once for all of it, and its value after them.
                Some((of, urls, expected)) if *of == header && expected.is_empty() && !urls.is_empty() => {
                    *expected = value.to_owned();
                }
                _ => default = value.to_owned(),
            },
            _ => {}
        }
    }
    let mut seen = 0;
    for (header, urls, expected) in found.iter().filter(|(_, urls, _)| !urls.is_empty()) {
        let page = url("https://a.example.com/");
        let mut request = Request::new(urls[0].clone());
        for redirected in &urls[1..] {
            request.push_url(redirected.clone());
        }
        request.origin = Some(page.origin());
        request.client = Some(Arc::new(window(&page, false)));
        let verdict = fetch_metadata(&request);
        // `Sec-Fetch-User` is missing for more reasons, and `Sec-Fetch-Storage-Access` is not in the text.
        let always_sent = matches!(header.as_str(), "sec-fetch-site" | "sec-fetch-mode" | "sec-fetch-dest");
        if expected == "NULL" && always_sent {
            seen += 1;
            assert_eq!(verdict, FetchMetadata::NotTrustworthy, "{header} {urls:?}");
        } else if header == "sec-fetch-site" {
            seen += 1;
            let sent: BTreeMap<_, _> = verdict.headers().collect();
            assert_eq!(sent.get("Sec-Fetch-Site").copied(), Some(expected.as_str()), "{urls:?}");
        }
    }
    println!("{seen} cases of {file}");
    assert_eq!(seen, 30, "cases of {file}");
}
