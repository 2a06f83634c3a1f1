//! The CORS-preflight cache: what is remembered, for whom, for how long, and what is forgotten.

use super::*;
use crate::infrastructure::origins::Origin;

const SECOND: u64 = 1_000_000_000;

fn at(seconds: u64) -> Timestamp {
    Timestamp(seconds * SECOND)
}

fn scope(site: &str, origin: &str, url: &str) -> EntryScope {
    let parse = |url| Url::parse(url, None).expect("a URL of the tests");
    EntryScope {
        key: Some(NetworkPartitionKey { top_level_site: parse(site).origin().site() }),
        origin: origin.into(),
        url: parse(url),
    }
}

fn own() -> EntryScope {
    scope("https://app.test", "https://app.test", "https://api.test/items")
}

fn grant(scope: EntryScope, credentials: bool, max_age: u64, methods: &[&str], names: &[&str]) -> Grant {
    let strings = |list: &[&str]| list.iter().map(|&item| item.to_owned()).collect();
    Grant { scope, credentials, max_age, methods: strings(methods), header_names: strings(names) }
}

fn question(scope: EntryScope, credentials: bool, method: Option<&str>, names: &[&str]) -> Question {
    Question {
        scope,
        credentials,
        method: method.map(|method| Method::new(method.as_bytes()).expect("a method of the tests")),
        unsafe_names: names.iter().map(|&name| name.to_owned()).collect(),
    }
}

fn method_miss(method: &str) -> CacheLookUp {
    CacheLookUp::MethodMiss { method: method.into() }
}

fn name_miss(name: &str) -> CacheLookUp {
    CacheLookUp::HeaderNameMiss { name: name.into() }
}

#[test]
fn look_up_table() {
    use CacheLookUp::Remembered;
    type Row<'a> =
        (&'a str, (bool, &'a [&'a str], &'a [&'a str]), (bool, Option<&'a str>, &'a [&'a str]), CacheLookUp);
    let table: &[Row<'_>] = &[
        ("nothing is asked", (false, &[], &[]), (false, None, &[]), Remembered),
        ("the method", (false, &["PUT"], &[]), (false, Some("PUT"), &[]), Remembered),
        ("another method", (false, &["PUT"], &[]), (false, Some("DELETE"), &[]), method_miss("DELETE")),
        (
            "a method in another case",
            (false, &["PATCH"], &[]),
            (false, Some("patch"), &[]),
            method_miss("patch"),
        ),
        ("a name in any case", (false, &[], &["X-A"]), (false, None, &["x-a"]), Remembered),
        ("a name asked in any case", (false, &[], &["x-a"]), (false, None, &["X-A"]), Remembered),
        ("the first name missing", (false, &[], &["x-a"]), (false, None, &["x-a", "x-b"]), name_miss("x-b")),
        ("a method is no name", (false, &["X-A"], &[]), (false, None, &["x-a"]), name_miss("x-a")),
        ("star for methods", (false, &["*"], &[]), (false, Some("PUT"), &[]), Remembered),
        ("star for names", (false, &[], &["*"]), (false, None, &["x-a", "x-b"]), Remembered),
        (
            "star never for authorization",
            (false, &[], &["*"]),
            (false, None, &["authorization"]),
            name_miss("authorization"),
        ),
        (
            "authorization by its name",
            (false, &[], &["Authorization"]),
            (false, None, &["authorization"]),
            Remembered,
        ),
        (
            "with credentials, for those with",
            (true, &["PUT"], &["x-a"]),
            (true, Some("PUT"), &["x-a"]),
            Remembered,
        ),
        (
            "with credentials, for those without too",
            (true, &["PUT"], &[]),
            (false, Some("PUT"), &[]),
            Remembered,
        ),
        ("without, not for those with", (false, &["PUT"], &[]), (true, Some("PUT"), &[]), method_miss("PUT")),
        (
            "a star said to credentials is no star for them",
            (true, &["*"], &[]),
            (true, Some("PUT"), &[]),
            method_miss("PUT"),
        ),
        ("nor for their names", (true, &[], &["x-a", "*"]), (true, None, &["x-b"]), name_miss("x-b")),
        ("the method named * is its own name", (true, &["*"], &[]), (true, Some("*"), &[]), Remembered),
    ];
    for (name, (credentials, methods, names), (asks_with, method, unsafe_names), verdict) in table {
        let mut cache = CorsPreflightCache::new(100);
        cache.remember(&grant(own(), *credentials, 60, methods, names), at(1));
        let question = question(own(), *asks_with, *method, unsafe_names);
        assert_eq!(cache.look_up(&question, at(2)), *verdict, "{name}");
    }
}

#[test]
fn every_part_of_the_scope_counts() {
    let mut cache = CorsPreflightCache::new(100);
    cache.remember(&grant(own(), true, 60, &["PUT"], &[]), at(0));
    let mut keyless = own();
    keyless.key = None;
    for (name, other) in [
        ("another partition", scope("https://else.test", "https://app.test", "https://api.test/items")),
        ("no partition", keyless),
        ("another origin", scope("https://app.test", "https://b.test", "https://api.test/items")),
        ("another path", scope("https://app.test", "https://app.test", "https://api.test/other")),
        ("another query", scope("https://app.test", "https://app.test", "https://api.test/items?x")),
    ] {
        let question = question(other, false, Some("PUT"), &[]);
        assert_eq!(cache.look_up(&question, at(1)), method_miss("PUT"), "{name}");
    }
    assert_eq!(cache.look_up(&question(own(), false, Some("PUT"), &[]), at(1)), CacheLookUp::Remembered);
}

#[test]
fn an_entry_lives_its_max_age_and_no_longer() {
    let mut cache = CorsPreflightCache::new(100);
    cache.remember(&grant(own(), false, 5, &["PUT"], &[]), at(10));
    let question = question(own(), false, Some("PUT"), &[]);
    assert_eq!(cache.look_up(&question, Timestamp(15 * SECOND - 1)), CacheLookUp::Remembered);
    assert_eq!(cache.look_up(&question, at(15)), method_miss("PUT"));
    // What has expired makes room when something new comes.
    cache.remember(&grant(own(), false, 5, &["DELETE"], &[]), at(16));
    assert_eq!(cache.len(), 1);
}

#[test]
fn zero_seconds_are_not_remembered_and_end_what_was() {
    let mut cache = CorsPreflightCache::new(100);
    let question = question(own(), false, Some("PUT"), &[]);
    cache.remember(&grant(own(), false, 60, &["PUT"], &[]), at(1));
    cache.remember(&grant(own(), false, 0, &["PUT"], &[]), at(2));
    assert_eq!(cache.look_up(&question, at(2)), method_miss("PUT"));
}

#[test]
fn a_new_answer_renews_the_entry_and_makes_no_second_one() {
    let mut cache = CorsPreflightCache::new(100);
    let question = question(own(), false, Some("PUT"), &["x-a"]);
    cache.remember(&grant(own(), false, 5, &["PUT"], &["X-A"]), at(0));
    cache.remember(&grant(own(), false, 5, &["PUT"], &["x-a"]), at(4));
    assert_eq!(cache.len(), 2);
    assert_eq!(cache.look_up(&question, at(8)), CacheLookUp::Remembered);
    assert_eq!(cache.look_up(&question, at(9)), method_miss("PUT"));
    // A star that matches is renewed in the place of the name that was said.
    cache.remember(&grant(own(), false, 5, &["*"], &[]), at(20));
    cache.remember(&grant(own(), false, 5, &["PUT"], &[]), at(24));
    assert_eq!(cache.len(), 1);
}

#[test]
fn a_grant_with_credentials_does_not_renew_an_entry_without() {
    let mut cache = CorsPreflightCache::new(100);
    cache.remember(&grant(own(), false, 5, &["PUT"], &[]), at(0));
    cache.remember(&grant(own(), true, 60, &["PUT"], &[]), at(1));
    assert_eq!(cache.len(), 2);
    assert_eq!(cache.look_up(&question(own(), true, Some("PUT"), &[]), at(30)), CacheLookUp::Remembered);
}

#[test]
fn a_name_said_twice_is_one_entry() {
    let mut cache = CorsPreflightCache::new(100);
    cache.remember(&grant(own(), false, 5, &["PUT", "PUT"], &["x-a", "X-A", "x-a"]), at(0));
    assert_eq!(cache.len(), 2);
}

#[test]
fn clearing_forgets_the_scope_and_leaves_others() {
    let mut cache = CorsPreflightCache::new(100);
    let other = scope("https://app.test", "https://app.test", "https://api.test/other");
    cache.remember(&grant(own(), false, 60, &["PUT"], &["x-a"]), at(0));
    cache.remember(&grant(other.clone(), false, 60, &["PUT"], &[]), at(0));
    cache.clear(&own());
    assert_eq!(cache.len(), 1);
    assert_eq!(cache.look_up(&question(own(), false, Some("PUT"), &[]), at(1)), method_miss("PUT"));
    assert_eq!(cache.look_up(&question(other, false, Some("PUT"), &[]), at(1)), CacheLookUp::Remembered);
    cache.clear(&own());
}

#[test]
fn over_the_cap_the_soonest_to_expire_goes() {
    let mut cache = CorsPreflightCache::new(2);
    let of = |path: &str| scope("https://app.test", "https://app.test", &format!("https://api.test/{path}"));
    cache.remember(&grant(of("long"), false, 600, &["PUT"], &[]), at(0));
    cache.remember(&grant(of("short"), false, 60, &["PUT"], &[]), at(0));
    cache.remember(&grant(of("middle"), false, 300, &["PUT"], &[]), at(0));
    assert_eq!(cache.len(), 2);
    let remembers =
        |path| cache.look_up(&question(of(path), false, Some("PUT"), &[]), at(1)) == CacheLookUp::Remembered;
    assert!(remembers("long") && remembers("middle") && !remembers("short"));
}

#[test]
fn a_thousand_names_stay_under_the_cap() {
    let mut cache = CorsPreflightCache::new(64);
    let names: Vec<String> = (0..1000).map(|number| format!("x-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    cache.remember(&grant(own(), false, u64::MAX, &names, &names), at(0));
    assert_eq!(cache.len(), 64);
    assert_eq!(cache.scopes.len(), 1);
    cache.clear(&own());
    assert!(cache.is_empty() && cache.scopes.is_empty());
}

#[test]
fn row_60_entries_are_partitioned_and_go_when_the_host_resolves_elsewhere() {
    let mut cache = CorsPreflightCache::new(100);
    let elsewhere = scope("https://app.test", "https://app.test", "https://other.test/");
    let other_port = scope("https://app.test", "https://app.test", "https://api.test:8443/");
    let other_site = scope("https://else.test", "https://else.test", "http://api.test/");
    for scope in [own(), elsewhere.clone(), other_port.clone(), other_site.clone()] {
        cache.remember(&grant(scope, false, 60, &["PUT"], &["x-a"]), at(0));
    }
    cache.clear_host("api.test");
    assert_eq!(cache.len(), 2);
    for scope in [own(), other_port, other_site] {
        assert_eq!(cache.look_up(&question(scope, false, Some("PUT"), &[]), at(1)), method_miss("PUT"));
    }
    assert_eq!(cache.look_up(&question(elsewhere, false, Some("PUT"), &[]), at(1)), CacheLookUp::Remembered);
}

#[test]
fn a_question_asks_for_the_method_only_where_it_needs_permission() {
    let mut request = Request::new(Url::parse("https://api.test/items", None).expect("a URL of the tests"));
    request.origin = Some(Origin::new_opaque());
    assert_eq!(Question::of(&request, &[]).method, None);
    request.use_cors_preflight = true;
    assert_eq!(Question::of(&request, &[]).method, Some(Method::GET));
    request.use_cors_preflight = false;
    request.method = Method::PUT;
    request.credentials_mode = CredentialsMode::Include;
    request.header_list.append("X-A", "1");
    let unsafe_names = crate::rules::cors_safelists::cors_unsafe_request_header_names(&request.header_list);
    let question = Question::of(&request, &unsafe_names);
    assert_eq!(question.method, Some(Method::PUT));
    assert!(question.credentials && question.unsafe_names == ["x-a"]);
    assert_eq!((question.scope.key, question.scope.origin.as_str()), (None, "null"));
}
