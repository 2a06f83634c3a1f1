//! The fetches to begin with, from a page of the demonstrations' world to its API: they need no network.

use serde::Serialize;
use sofetch_demo::{API_ROUTES, PAGE_ROUTES, Route};

use crate::ports::Ask;

const PAGE_ORIGIN: &str = "https://javascript.info";
const API_ORIGIN: &str = "https://site.com";
const KEY: (&str, &str) = ("API-Key", "key");
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// What an example is about. The page has the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Topic {
    /// May the script read it?
    Reading,
    /// With credentials.
    Credentials,
    /// Permission is asked first.
    Preflights,
    /// On the way to another URL.
    Redirects,
}

/// A fetch, and what it shows.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Example {
    pub(crate) topic: Topic,
    pub(crate) shows: &'static str,
    pub(crate) ask: Ask,
}

struct Row {
    topic: Topic,
    path: &'static str,
    method: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: Option<&'static str>,
    credentials: &'static str,
    mode: &'static str,
}

const fn get(topic: Topic, path: &'static str) -> Row {
    Row { topic, path, method: "GET", headers: &[], body: None, credentials: "", mode: "" }
}

const fn with_credentials(path: &'static str) -> Row {
    Row { credentials: "include", ..get(Topic::Credentials, path) }
}

const fn patch(path: &'static str) -> Row {
    Row {
        method: "PATCH",
        headers: &[JSON, KEY],
        body: Some("{\"name\":\"lamp\"}"),
        ..get(Topic::Preflights, path)
    }
}

/// The first one is what the page begins with.
const ROWS: &[Row] = &[
    patch("/header-refused.json"),
    patch("/service.json"),
    patch("/method-refused.json"),
    patch("/preflight-closed.json"),
    patch("/preflight-401.json"),
    patch("/preflight-redirected.json"),
    patch("/granted-then-closed.json"),
    Row { headers: &[JSON, ("Authorization", "Bearer token")], ..patch("/wildcards-granted.json") },
    get(Topic::Reading, "/readable.json"),
    get(Topic::Reading, "/closed.json"),
    get(Topic::Reading, "/other-origin.json"),
    get(Topic::Reading, "/two-origins.json"),
    get(Topic::Reading, "/trailing-slash.json"),
    get(Topic::Reading, "/error-500.json"),
    Row { mode: "no-cors", ..get(Topic::Reading, "/opaque.svg") },
    with_credentials("/account.json"),
    with_credentials("/wildcard-with-credentials.json"),
    with_credentials("/credentials-unsaid.json"),
    with_credentials("/credentials-misspelt.json"),
    get(Topic::Redirects, "/redirect/same-origin"),
    get(Topic::Redirects, "/redirect/cross-origin"),
    get(Topic::Redirects, "/redirect/cross-origin-refused"),
    get(Topic::Redirects, "/redirect/closed"),
    get(Topic::Redirects, "/redirect/loop"),
];

/// All of them; none where the demonstrations' servers are not there.
pub(crate) fn examples(embedded: bool) -> Vec<Example> {
    if !embedded {
        return Vec::new();
    }
    let example = |row: &Row| {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Example {
            topic: row.topic,
            shows: route(row.path).map_or("", |route| route.shows),
            ask: Ask {
                origin: PAGE_ORIGIN.to_owned(),
                url: format!("{API_ORIGIN}{}", row.path),
                method: row.method.to_owned(),
                headers: row.headers.iter().map(owned).collect(),
                body: row.body.map(str::to_owned),
                credentials: row.credentials.to_owned(),
                mode: row.mode.to_owned(),
                ..Ask::default()
            },
        }
    };
    ROWS.iter().map(example).collect()
}

fn route(path: &str) -> Option<&'static Route> {
    API_ROUTES.iter().chain(PAGE_ROUTES).find(|route| route.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_has_a_route() {
        for row in ROWS {
            assert!(route(row.path).is_some_and(|route| !route.shows.is_empty()), "{}", row.path);
        }
        assert_eq!(examples(true).len(), ROWS.len());
        assert!(examples(false).is_empty());
    }
}
