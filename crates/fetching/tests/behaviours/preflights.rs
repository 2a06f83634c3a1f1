//! Permission asked first: what needs it, what grants it, each way it is refused, and how long it is remembered.

use std::time::Duration;

use sofetch_core::infrastructure::requests::{CredentialsMode, Request};
use sofetch_testkit::{Scripted, delete, get, options, patch, post, put};

use crate::common::{A, ALLOW_A, B, With, World, from, from_client, page};

const METHODS: &str = "Access-Control-Allow-Methods";
const HEADERS: &str = "Access-Control-Allow-Headers";
const MAX_AGE: &str = "Access-Control-Max-Age";
const CREDENTIALS: (&str, &str) = ("Access-Control-Allow-Credentials", "true");

fn asks() -> Scripted {
    options(B).replies(204).headers(&[ALLOW_A])
}

/// A PUT, which a preflight must allow, refused by this answer.
fn refused(name: &str, answer: Scripted, request: Request) {
    let world = World::new([answer]);
    world.err(request);
    world.tells(&format!("preflights/{name}"));
}

fn put_it() -> Request {
    from(A, B).method("PUT").body("four")
}

#[test]
fn a_put_is_granted() {
    let world = World::new([
        asks()
            .expects_header("Access-Control-Request-Method", "PUT")
            .expects_no_header("Access-Control-Request-Headers")
            .expects_no_header("Content-Length")
            .expects_credentials(false)
            .header(METHODS, "PUT"),
        put(B).expects_body("four").headers(&[ALLOW_A]).body("done"),
    ])
    .in_full();
    let (_, text) = world.ok(put_it());
    assert_eq!(text, "done");
    world.tells("preflights/granted-put");
}

#[test]
fn a_patch_with_an_api_key() {
    let world = World::new([
        asks()
            .expects_header("Access-Control-Request-Method", "PATCH")
            .expects_header("Access-Control-Request-Headers", "api-key,content-type")
            .header(METHODS, "PATCH")
            .header(HEADERS, "API-Key, Content-Type"),
        patch(B).expects_header("API-Key", "k").headers(&[ALLOW_A]),
    ]);
    let request = from(A, B).method("PATCH").header("API-Key", "k");
    world.ok(request.header("Content-Type", "application/json").body("{}"));
    world.tells("preflights/patch-with-api-key");
}

#[test]
fn a_patch_whose_api_key_is_not_allowed() {
    let request = from(A, B).method("PATCH").header("API-Key", "k");
    let answer = asks().header(METHODS, "PATCH").header(HEADERS, "Content-Type");
    refused("patch-api-key-refused", answer, request.header("Content-Type", "application/json").body("{}"));
}

#[test]
fn a_lower_case_patch_is_another_method() {
    let request = from(A, B).method("patch");
    refused("refused-lower-case-patch", asks().header(METHODS, "PATCH"), request);
}

#[test]
fn stars_grant_without_credentials() {
    let world = World::new([
        asks().header(METHODS, "*").header(HEADERS, "*"),
        delete(B).header("Access-Control-Allow-Origin", "*"),
    ]);
    world.ok(from(A, B).method("DELETE").header("X-One", "1").header("X-Two", "2"));
    world.tells("preflights/granted-stars");
}

#[test]
fn a_safelisted_method_needs_no_word() {
    let world = World::new([asks().header(HEADERS, "x-one"), post(B).headers(&[ALLOW_A])]);
    world.ok(from(A, B).method("POST").header("X-One", "1").body("b"));
    world.tells("preflights/granted-post-with-header");
}

#[test]
fn credentials_are_granted_by_name() {
    let world = World::new([
        asks().headers(&[CREDENTIALS, (METHODS, "PUT"), (HEADERS, "x-one")]),
        put(B).expects_credentials(true).headers(&[ALLOW_A, CREDENTIALS]),
    ]);
    world.ok(put_it().header("X-One", "1").credentials(CredentialsMode::Include));
    world.tells("preflights/granted-with-credentials");
}

#[test]
fn an_allowed_authorization() {
    let world = World::new([
        asks().header(HEADERS, "Authorization"),
        get(B).expects_header("Authorization", "Bearer t").headers(&[ALLOW_A]),
    ]);
    world.ok(from(A, B).header("Authorization", "Bearer t"));
    world.tells("preflights/granted-authorization");
}

#[test]
fn the_flag_alone_asks() {
    let world = World::new([asks(), get(B).headers(&[ALLOW_A])]);
    world.ok(from(A, B).with(|request| request.use_cors_preflight = true));
    world.tells("preflights/granted-by-flag");
}

#[test]
fn a_caller_that_vouches_asks_nobody() {
    let world = World::new([get(B).headers(&[ALLOW_A])]);
    world.ok(from(A, B).header("X-One", "1").with(|request| request.unsafe_request = false));
    world.tells("preflights/vouched");
}

#[test]
fn a_granted_preflight_is_no_pass() {
    let world = World::new([asks().header(METHODS, "PUT"), put(B)]);
    world.err(put_it());
    world.tells("preflights/refused-afterwards");
}

#[test]
fn refused_by_its_cors_check() {
    refused("refused-cors-check", options(B).replies(204).header(METHODS, "PUT"), put_it());
}

#[test]
fn refused_without_credentials_allowed() {
    let answer = asks().header(METHODS, "PUT");
    refused("refused-credentials", answer, put_it().credentials(CredentialsMode::Include));
}

#[test]
fn refused_by_its_status() {
    refused("refused-status-404", asks().replies(404).header(METHODS, "PUT"), put_it());
}

#[test]
fn refused_by_a_redirect_of_it() {
    refused("refused-redirect", asks().redirects(307, "/elsewhere"), put_it());
}

#[test]
fn refused_methods_that_are_no_list() {
    refused("refused-methods-unparsable", asks().header(METHODS, "PUT DELETE"), put_it());
}

#[test]
fn refused_headers_that_are_no_list() {
    let answer = asks().header(METHODS, "PUT").header(HEADERS, "bad value");
    refused("refused-headers-unparsable", answer, put_it());
}

#[test]
fn refused_method() {
    refused("refused-method", asks().header(METHODS, "DELETE"), put_it());
}

#[test]
fn refused_method_star_with_credentials() {
    let answer = asks().headers(&[CREDENTIALS, (METHODS, "*")]);
    refused("refused-method-star", answer, put_it().credentials(CredentialsMode::Include));
}

#[test]
fn refused_header() {
    refused("refused-header", asks().header(HEADERS, "x-two"), from(A, B).header("X-One", "1"));
}

#[test]
fn refused_header_star_with_credentials() {
    let request = from(A, B).header("X-One", "1").credentials(CredentialsMode::Include);
    refused("refused-header-star", asks().headers(&[CREDENTIALS, (HEADERS, "*")]), request);
}

#[test]
fn a_star_never_allows_authorization() {
    let request = from(A, B).header("Authorization", "Bearer t");
    refused("refused-authorization-star", asks().header(HEADERS, "*"), request);
}

#[test]
fn why_headers_are_unsafe() {
    let long: &'static str = "x".repeat(129).leak();
    let wide: &'static str = "x".repeat(128).leak();
    let languages = |request: Request| {
        let languages = [
            "Accept",
            "Accept-Language",
            "Content-Language",
            "Accept",
            "Accept",
            "Accept",
            "Accept",
            "Accept",
            "Accept",
        ];
        languages.into_iter().fold(request, |request, name| request.header(name, wide))
    };
    for (name, request) in [
        ("too-long", from(A, B).header("Accept", long)),
        ("unsafe-byte", from(A, B).header("Accept", "(x)")),
        ("no-mime-type", from(A, B).method("POST").header("Content-Type", "x")),
        ("unsafe-mime-type", from(A, B).method("POST").header("Content-Type", "application/json")),
        ("no-single-range", from(A, B).header("Range", "bytes=0-1,2-3")),
        ("no-range-start", from(A, B).header("Range", "bytes=-1")),
        ("too-long-together", languages(from(A, B))),
    ] {
        let world = World::new([asks()]);
        world.err(request);
        world.tells(&format!("preflights/unsafe-{name}"));
    }
}

#[test]
fn safelisted_headers_need_no_leave() {
    let world = World::new([post(B).headers(&[ALLOW_A])]);
    let request = from(A, B).method("POST").header("Accept", "x/y").header("Accept-Language", "de");
    world.ok(request.header("Content-Type", "text/plain;charset=x").header("Range", "bytes=0-1"));
    world.tells("preflights/none-needed");
}

#[test]
fn a_grant_is_remembered() {
    let world = World::new([
        asks().header(METHODS, "PUT, DELETE").header(MAX_AGE, "60"),
        put(B).headers(&[ALLOW_A]).times(2),
        delete(B).headers(&[ALLOW_A]),
    ]);
    world.ok(put_it());
    world.ok(put_it());
    world.ok(from(A, B).method("DELETE"));
    world.tells("preflights/remembered");
}

#[test]
fn a_grant_without_max_age_lasts_five_seconds() {
    let world = World::new([
        asks().header(METHODS, "PUT"),
        put(B).headers(&[ALLOW_A]).times(2),
        asks().header(METHODS, "PUT"),
        put(B).headers(&[ALLOW_A]),
    ]);
    world.ok(put_it());
    world.clock.advance(Duration::from_millis(4_999));
    world.ok(put_it());
    world.clock.advance(Duration::from_millis(2));
    world.ok(put_it());
    world.tells("preflights/expired");
}

#[test]
fn a_grant_is_capped() {
    let world = World::with(
        [
            asks().header(METHODS, "PUT").header(MAX_AGE, "100000"),
            put(B).headers(&[ALLOW_A]),
            asks().header(METHODS, "PUT"),
            put(B).headers(&[ALLOW_A]),
        ],
        |agent| agent.settings.preflight_max_age_limit = 10,
    );
    world.ok(put_it());
    world.clock.advance(Duration::from_secs(11));
    world.ok(put_it());
    world.tells("preflights/capped");
}

#[test]
fn a_grant_for_no_time_is_not_remembered() {
    let world = World::new([
        asks().header(METHODS, "PUT").header(MAX_AGE, "0"),
        put(B).headers(&[ALLOW_A]),
        asks().header(METHODS, "PUT"),
        put(B).headers(&[ALLOW_A]),
    ]);
    world.ok(put_it());
    world.ok(put_it());
    world.network.assert_done();
}

#[test]
fn a_grant_misses_another_header_name() {
    let world = World::new([
        asks().header(HEADERS, "x-one").header(MAX_AGE, "60"),
        get(B).headers(&[ALLOW_A]),
        asks().header(HEADERS, "x-one, x-two"),
        get(B).headers(&[ALLOW_A]),
    ]);
    world.ok(from(A, B).header("X-One", "1"));
    world.ok(from(A, B).header("X-One", "1").header("X-Two", "1"));
    world.tells("preflights/misses-a-header-name");
}

#[test]
fn a_grant_without_credentials_is_none_with_them() {
    let world = World::new([
        asks().header(METHODS, "PUT").header(MAX_AGE, "60"),
        put(B).headers(&[ALLOW_A]),
        asks().headers(&[CREDENTIALS, (METHODS, "PUT")]),
        put(B).headers(&[ALLOW_A, CREDENTIALS]),
    ]);
    world.ok(put_it());
    world.ok(put_it().credentials(CredentialsMode::Include));
    world.tells("preflights/misses-with-credentials");
}

#[test]
fn a_grant_is_for_one_partition() {
    let framed = |top: &str| {
        let top = crate::common::url(top);
        let mut client = page(A);
        client.top_level_origin = Some(top.origin());
        from_client(client, B).method("PUT")
    };
    let grants = || asks().header(METHODS, "PUT").header(MAX_AGE, "60");
    let world = World::new([grants(), put(B).headers(&[ALLOW_A]), grants(), put(B).headers(&[ALLOW_A])]);
    world.ok(framed("https://one.test/"));
    world.ok(framed("https://two.test/"));
    world.network.assert_done();
}

#[test]
fn a_failure_takes_grants_back() {
    let world = World::new([
        asks().header(METHODS, "PUT").header(MAX_AGE, "60"),
        put(B).headers(&[ALLOW_A]),
        put(B),
        asks().header(METHODS, "PUT"),
        put(B).headers(&[ALLOW_A]),
    ]);
    world.ok(put_it());
    world.err(put_it());
    world.ok(put_it());
    world.tells("preflights/cleared-by-a-failure");
}
