//! Redirects: each status, what becomes of method, body, headers and origin, and each way one is refused.

use sofetch_core::infrastructure::requests::{
    CredentialsMode, Destination, Mode, RedirectMode, Referrer, ReferrerPolicy,
};
use sofetch_core::infrastructure::responses::ResponseType;
use sofetch_testkit::{Scripted, get, head, on, options, post, put};

use crate::common::{A, ALLOW_A, B, C, OWN, With, World, from, from_client, page_with};

const ALLOW_ALL: (&str, &str) = ("Access-Control-Allow-Origin", "*");
const NEXT: &str = "https://a.test/next";

fn goes(status: u16, to: &'static str) -> Scripted {
    get(OWN).redirects(status, to)
}

#[test]
fn each_status_is_followed() {
    for status in [301, 302, 303, 307, 308] {
        let world = World::new([goes(status, "/next#part").body("ignored"), get(NEXT).body("here")]);
        let (response, text) = world.ok(from(A, OWN));
        assert_eq!(text, "here");
        assert_eq!(response.url_list().len(), 2);
        assert_eq!(response.internal().url().map(|url| url.href()), Some("https://a.test/next#part"));
        world.tells(&format!("redirects/followed-{status}"));
    }
}

#[test]
fn a_status_without_a_location_is_an_answer() {
    let world = World::new([get(OWN).replies(302).body("no way")]);
    let (response, text) = world.ok(from(A, OWN));
    assert_eq!((response.status(), text.as_str()), (302, "no way"));
    world.tells("redirects/no-location");
}

#[test]
fn a_304_is_no_redirect() {
    let world = World::new([get(OWN).replies(304).header("Location", "/next")]);
    assert_eq!(world.ok(from(A, OWN)).0.status(), 304);
}

#[test]
fn post_by_status() {
    for (status, kept) in [(301, false), (302, false), (303, false), (307, true), (308, true)] {
        let next = if kept {
            post(NEXT).expects_body("four").expects_header("Content-Type", "x/y")
        } else {
            get(NEXT).expects_no_header("Content-Type").expects_no_header("Content-Length")
        };
        let world = World::new([post(OWN).redirects(status, "/next"), next]);
        world.ok(from(A, OWN).method("POST").header("Content-Type", "x/y").body("four"));
        world.tells(&format!("redirects/post-{status}"));
    }
}

#[test]
fn put_by_status() {
    for status in [301, 302, 303, 307, 308] {
        let next = if status == 303 { get(NEXT) } else { put(NEXT).expects_body("four") };
        let world = World::new([put(OWN).redirects(status, "/next"), next]);
        world.ok(from(A, OWN).method("PUT").body("four"));
    }
}

#[test]
fn head_stays_head() {
    for status in [301, 302, 303, 307, 308] {
        let world = World::new([head(OWN).redirects(status, "/next"), head(NEXT)]);
        world.ok(from(A, OWN).method("HEAD"));
    }
}

#[test]
fn to_another_origin_it_becomes_cors() {
    let world =
        World::new([goes(302, B), get(B).expects_header("Origin", "https://a.test").headers(&[ALLOW_A])]);
    let (response, _) = world.ok(from(A, OWN));
    assert_eq!(response.response_type(), ResponseType::Cors);
    world.tells("redirects/to-another-origin");
}

#[test]
fn to_another_origin_that_does_not_allow_it() {
    let world = World::new([goes(302, B), get(B)]);
    world.err(from(A, OWN));
    world.tells("redirects/to-another-origin-refused");
}

#[test]
fn from_another_origin_to_a_third_the_origin_is_null() {
    let world = World::new([
        get(B).headers(&[ALLOW_A]).redirects(302, C),
        get(C).expects_header("Origin", "null").headers(&[ALLOW_ALL]),
    ]);
    world.ok(from(A, B));
    world.tells("redirects/tainted");
}

#[test]
fn a_tainted_origin_is_not_the_pages() {
    let world = World::new([
        get(B).headers(&[ALLOW_A]).redirects(302, C),
        get(C).header("Access-Control-Allow-Origin", "https://a.test"),
    ]);
    world.err(from(A, B));
    world.tells("redirects/tainted-refused");
}

#[test]
fn from_another_origin_back_home_stays_cors() {
    let world = World::new([
        get(B).headers(&[ALLOW_A]).redirects(302, OWN),
        get(OWN).expects_header("Origin", "null").header("Access-Control-Allow-Origin", "null"),
    ]);
    let (response, _) = world.ok(from(A, B));
    assert_eq!(response.response_type(), ResponseType::Cors);
    world.tells("redirects/back-home");
}

#[test]
fn a_redirect_must_itself_be_allowed() {
    let world = World::new([get(B).redirects(302, C)]);
    world.err(from(A, B));
    world.tells("redirects/redirect-itself-refused");
}

#[test]
fn a_preflight_is_asked_anew_of_the_next_origin() {
    let allow = ("Access-Control-Allow-Headers", "x-one");
    let world = World::new([
        options(B).replies(204).headers(&[ALLOW_A, allow]),
        get(B).headers(&[ALLOW_A]).redirects(307, C),
        options(C).expects_header("Origin", "null").replies(204).headers(&[ALLOW_ALL, allow]),
        get(C).expects_header("X-One", "1").headers(&[ALLOW_ALL]),
    ]);
    world.ok(from(A, B).header("X-One", "1"));
    world.tells("redirects/preflight-each-origin");
}

#[test]
fn credentials_of_the_redirected() {
    let allow = ("Access-Control-Allow-Credentials", "true");
    let world = World::new([
        get(B).expects_credentials(true).headers(&[ALLOW_A, allow]).redirects(302, C),
        get(C).expects_credentials(true).header("Access-Control-Allow-Origin", "null").headers(&[allow]),
    ]);
    world.ok(from(A, B).credentials(CredentialsMode::Include));
    world.tells("redirects/with-credentials");
}

#[test]
fn same_origin_credentials_end_at_the_border() {
    let world = World::new([
        goes(302, B).expects_credentials(true),
        get(B).expects_credentials(false).headers(&[ALLOW_A]),
    ]);
    world.ok(from(A, OWN));
}

#[test]
fn credentials_in_the_location_of_another_origin() {
    let world = World::new([goes(302, "https://user:word@b.test/x")]);
    world.err(from(A, OWN));
    world.tells("redirects/location-with-credentials");
}

#[test]
fn credentials_in_the_location_once_tainted() {
    let world = World::new([get(B).headers(&[ALLOW_A]).redirects(302, "https://user:word@a.test/x")]);
    world.err(from(A, B));
    world.tells("redirects/location-with-credentials-tainted");
}

#[test]
fn credentials_in_the_own_location_are_followed() {
    let world =
        World::new([goes(302, "https://user:word@a.test/next"), get("https://user:word@a.test/next")]);
    world.ok(from(A, OWN));
    world.tells("redirects/location-with-own-credentials");
}

#[test]
fn a_location_that_is_no_url() {
    let world = World::new([goes(302, "https://[")]);
    world.err(from(A, OWN));
    world.tells("redirects/location-invalid");
}

#[test]
fn two_locations() {
    let world = World::new([goes(302, "/one").header("Location", "/two")]);
    world.err(from(A, OWN));
    world.tells("redirects/location-twice");
}

#[test]
fn a_location_that_is_not_http() {
    for (to, name) in [("data:,x", "data"), ("file:///etc/passwd", "file"), ("about:blank", "about")] {
        let world = World::new([goes(302, to)]);
        world.err(from(A, OWN));
        world.tells(&format!("redirects/location-{name}"));
    }
}

#[test]
fn the_loop_ends_after_twenty() {
    let world = World::new([goes(302, "/x").times(21)]);
    world.err(from(A, OWN));
    assert_eq!(world.network.sent().len(), 21);
    world.tells("redirects/loop");
}

#[test]
fn error_mode() {
    let world = World::new([goes(302, "/next")]);
    world.err(from(A, OWN).redirect(RedirectMode::Error));
    world.tells("redirects/error-mode");
}

#[test]
fn manual_mode_is_an_opaque_redirect() {
    let world = World::new([goes(302, "/next").header("X-Any", "1")]);
    let (response, _) = world.ok(from(A, OWN).redirect(RedirectMode::Manual));
    assert_eq!(response.response_type(), ResponseType::OpaqueRedirect);
    assert_eq!((response.status(), response.url_list().len()), (0, 1));
    world.tells("redirects/manual-mode");
}

#[test]
fn a_navigation_follows_by_hand() {
    let world = World::new([goes(302, "/next").header("Timing-Allow-Origin", "*")]);
    let request = from(A, OWN).mode(Mode::Navigate).destination(Destination::Document);
    let (response, _) = world.ok(request.redirect(RedirectMode::Manual));
    assert_eq!(response.status(), 302);
    assert_eq!(response.internal().navigation_timing_allow_values_list, [["*"]]);
    world.tells("redirects/manual-navigation");
}

#[test]
fn a_stream_cannot_be_sent_again() {
    let world = World::new([post(OWN).http2().redirects(307, "/next")]);
    world.err(from(A, OWN).method("POST").stream(&["one", "two"]));
    world.tells("redirects/stream-307");
}

#[test]
fn a_stream_is_not_needed_after_303() {
    let world = World::new([post(OWN).http2().expects_body("onetwo").redirects(303, "/next"), get(NEXT)]);
    world.ok(from(A, OWN).method("POST").stream(&["one", "two"]));
    world.tells("redirects/stream-303");
}

#[test]
fn the_fragment_goes_along() {
    for (to, at_last) in
        [("/next", "https://a.test/next#mine"), ("/next#theirs", "https://a.test/next#theirs")]
    {
        let world = World::new([goes(302, to), get(NEXT)]);
        let (response, _) = world.ok(from(A, "https://a.test/x#mine"));
        assert_eq!(response.internal().url().map(|url| url.href()), Some(at_last));
    }
}

#[test]
fn a_redirect_sets_another_referrer_policy() {
    let world = World::new([
        goes(302, "/next").header("Referrer-Policy", "no-referrer"),
        get(NEXT).expects_no_header("Referer"),
    ]);
    world.ok(from(A, OWN));
    world.tells("redirects/referrer-policy");
}

#[test]
fn a_wider_policy_does_not_bring_back_what_was_stripped() {
    let world = World::new([
        get(B)
            .expects_header("Referer", "https://a.test/")
            .headers(&[ALLOW_A])
            .redirects(302, C)
            .header("Referrer-Policy", "unsafe-url"),
        get(C).expects_header("Referer", "https://a.test/").headers(&[ALLOW_ALL]),
    ]);
    world.ok(from(A, B));
}

#[test]
fn authorization_ends_at_the_border() {
    let world = World::new([
        goes(302, B).expects_header("Authorization", "Bearer t"),
        get(B).expects_no_header("Authorization").headers(&[ALLOW_A]).redirects(302, OWN),
        get(OWN).expects_no_header("Authorization").headers(&[ALLOW_ALL]),
    ]);
    world.ok(from(A, OWN).header("Authorization", "Bearer t"));
    world.tells("redirects/authorization");
}

#[test]
fn same_origin_mode_is_not_led_astray() {
    let world = World::new([goes(302, B)]);
    world.err(from(A, OWN).mode(Mode::SameOrigin));
    world.tells("redirects/same-origin-mode");
}

#[test]
fn no_cors_becomes_opaque_on_the_way() {
    let world = World::new([goes(302, B), get(B)]);
    let (response, _) = world.ok(from(A, OWN).mode(Mode::NoCors));
    assert_eq!(response.response_type(), ResponseType::Opaque);
    world.tells("redirects/no-cors");
}

#[test]
fn a_bad_port_at_the_end_of_a_redirect() {
    let world = World::new([goes(302, "https://a.test:25/")]);
    world.err(from(A, OWN));
    world.tells("redirects/bad-port");
}

#[test]
fn mixed_content_at_the_end_of_a_redirect() {
    let world = World::new([goes(302, "http://a.test/next")]);
    world.err(from(A, OWN));
    world.tells("redirects/mixed-content");
}

#[test]
fn an_options_of_the_pages_own_is_kept() {
    let world = World::new([on("OPTIONS", OWN).redirects(302, "/next"), on("OPTIONS", NEXT)]);
    world.ok(from(A, OWN).method("OPTIONS"));
}

#[test]
fn a_policy_of_the_page_is_followed_on_each_hop() {
    let client = page_with(A, |policies| policies.referrer_policy = ReferrerPolicy::SameOrigin);
    let world = World::new([
        goes(302, B).expects_header("Referer", "https://a.test/page?q=1"),
        get(B).expects_no_header("Referer").headers(&[ALLOW_A]),
    ]);
    let request = from_client(client, OWN);
    assert_eq!(request.referrer, Referrer::Client);
    world.ok(request);
}
