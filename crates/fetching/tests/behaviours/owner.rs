//! Fetches on the user's own behalf: no origin asks, nothing is tainted, nothing filtered; what protects the user stays.

use std::sync::Arc;

use sofetch_core::infrastructure::requests::{
    CredentialsMode, Destination, Mode, RedirectMode, Referrer, ReferrerPolicy,
};
use sofetch_core::infrastructure::responses::ResponseType;
use sofetch_core::rules::response_filtering::shown_header_list;
use sofetch_core::rules::unencoded_digest::Verified;
use sofetch_testkit::{get, patch, post};

use crate::common::{B, C, With, World, own, url};
use crate::ports::{Cookies, Entries, Hsts, Slow};

#[test]
fn a_plain_get() {
    let world =
        World::new([get(B).header("Set-Cookie", "a=b").header("X-Any", "1").body("all of it")]).in_full();
    let (response, text) = world.ok(own(B));
    assert_eq!((response.response_type(), text.as_str()), (ResponseType::Basic, "all of it"));
    assert!(response.filter().is_none());
    assert_eq!(shown_header_list(&response).len(), 2);
    assert!(!world.network.sent()[0].page);
    world.tells("owner/get");
}

#[test]
fn no_mode_is_in_its_way() {
    for mode in [Mode::Cors, Mode::NoCors, Mode::SameOrigin] {
        for redirect in [RedirectMode::Follow, RedirectMode::Error, RedirectMode::Manual] {
            let world = World::new([get(B)
                .expects_no_header("Origin")
                .expects_no_header("Referer")
                .expects_no_header("Sec-Fetch-Site")
                .expects_no_header("Sec-Fetch-Mode")
                .expects_no_header("Sec-Fetch-Dest")]);
            assert_eq!(world.ok(own(B).mode(mode).redirect(redirect)).0.response_type(), ResponseType::Basic);
        }
    }
}

#[test]
fn a_patch_asks_nobody() {
    let world =
        World::new([patch(B).expects_body("{}").expects_header("API-Key", "k").expects_no_header("Origin")]);
    world.ok(own(B).method("PATCH").header("API-Key", "k").body("{}"));
    world.tells("owner/patch");
}

#[test]
fn no_port_is_bad() {
    let world = World::new([get("http://b.test:6667/")]);
    world.ok(own("http://b.test:6667/"));
}

#[test]
fn a_redirect_is_seen_as_it_is() {
    let world = World::new([get(B).redirects(302, C).body("over there")]);
    let (response, text) = world.ok(own(B).redirect(RedirectMode::Manual));
    assert_eq!((response.status(), text.as_str()), (302, "over there"));
    assert_eq!(response.response_type(), ResponseType::Basic);
    assert!(shown_header_list(&response).contains("Location"));
    world.tells("owner/manual");
}

#[test]
fn a_redirect_may_be_refused() {
    let world = World::new([get(B).redirects(302, C)]);
    world.err(own(B).redirect(RedirectMode::Error));
    world.tells("owner/redirect-error");
}

#[test]
fn a_redirect_across_origins_is_followed_plainly() {
    let world = World::new([get(B).redirects(302, C), get(C).expects_no_header("Origin").body("there")]);
    let (response, text) = world.ok(own(B));
    assert_eq!((response.response_type(), text.as_str()), (ResponseType::Basic, "there"));
    world.tells("owner/redirect");
}

#[test]
fn a_redirect_may_bring_credentials() {
    let world = World::new([
        get(B).redirects(302, "https://user:word@c.test/y"),
        get("https://user:word@c.test/y").expects_header("Authorization", "Basic dXNlcjp3b3Jk"),
    ]);
    world.ok(own(B));
    world.tells("owner/redirect-with-credentials");
}

#[test]
fn a_fall_from_https_is_followed() {
    let world = World::new([get(B).redirects(302, "http://c.test/"), get("http://c.test/")]);
    world.ok(own(B));
}

#[test]
fn cookies_go_by_url() {
    let cookies = Cookies::new(&Slow::default()).with("b.test", "of=b").with("c.test", "of=c");
    let world = World::with(
        [
            get(B).expects_header("Cookie", "of=b").header("Set-Cookie", "more=b").redirects(302, C),
            get(C).expects_header("Cookie", "of=c").expects_credentials(true).redirects(302, B),
            get(B).expects_header("Cookie", "of=b; more=b"),
            get(B).expects_no_header("Cookie"),
        ],
        |agent| agent.cookies = Some(Arc::new(cookies)),
    );
    world.ok(own(B));
    world.ok(own(B).credentials(CredentialsMode::Omit));
    world.tells("owner/cookies");
}

#[test]
fn a_cookie_by_hand_joins_those_of_the_store() {
    let cookies = Cookies::new(&Slow::default()).with("b.test", "of=b");
    let world = World::with([get(B).expects_header("Cookie", "mine=1; of=b")], |agent| {
        agent.cookies = Some(Arc::new(cookies));
    });
    world.ok(own(B).header("Cookie", "mine=1"));
    let lines = world.network.sent()[0].header_list.iter().filter(|header| header.is_named("Cookie")).count();
    assert_eq!(lines, 1);
}

#[test]
fn credentials_in_the_url_are_sent_at_once() {
    let entries = Entries::new(&Slow::default()).with("https://b.test", "Basic entry");
    let world = World::with(
        [
            get("https://user:word@b.test/x").expects_header("Authorization", "Basic dXNlcjp3b3Jk"),
            get(B).expects_header("Authorization", "Basic entry"),
            get("https://user:word@b.test/x").expects_header("Authorization", "Bearer t"),
        ],
        |agent| agent.authentication_entries = Some(Arc::new(entries)),
    );
    world.ok(own("https://user:word@b.test/x"));
    world.ok(own(B));
    world.ok(own("https://user:word@b.test/x").header("Authorization", "Bearer t"));
    world.tells("owner/url-credentials");
}

#[test]
fn a_401_and_a_407_are_answers() {
    let world = World::new([get(B).replies(401).body("who?"), get(B).replies(407).body("proxy?")]);
    assert_eq!(world.ok(own(B)).1, "who?");
    assert_eq!(world.ok(own(B)).1, "proxy?");
    world.tells("owner/401-and-407");
}

#[test]
fn a_421_takes_another_connection() {
    let world = World::new([get(B).replies(421), get(B).expects_new_connection(true)]);
    assert_eq!(world.ok(own(B)).0.status(), 200);
}

#[test]
fn a_stream_goes_in_chunks() {
    let world = World::new([post(B).expects_body("onetwo").expects_no_header("Content-Length")]);
    world.ok(own(B).method("POST").stream(&["one", "two"]));
    world.tells("owner/stream");
}

#[test]
fn a_referrer_is_sent_if_one_is_given() {
    let refers = |policy| {
        own(B).with(|request| {
            request.referrer = Referrer::Url(url("https://user:word@a.test/page#x"));
            request.referrer_policy = policy;
        })
    };
    let world = World::new([
        get(B).expects_header("Referer", "https://a.test/"),
        get(B).expects_header("Referer", "https://a.test/page"),
    ]);
    world.ok(refers(ReferrerPolicy::Empty));
    world.ok(refers(ReferrerPolicy::UnsafeUrl));
}

#[test]
fn known_hosts_are_asked_over_https() {
    let hsts = Hsts::new(&Slow::default());
    let world = World::with([get(B).header("Strict-Transport-Security", "max-age=9"), get(B)], |agent| {
        agent.hsts = Some(Arc::new(hsts))
    });
    world.ok(own(B));
    world.ok(own("http://b.test/x"));
    world.tells("owner/hsts");
}

#[test]
fn nothing_is_blocked_for_its_type() {
    let world =
        World::new([get(B).header("X-Content-Type-Options", "nosniff").header("Content-Type", "image/png")]);
    world.ok(own(B).destination(Destination::Empty));
}

#[test]
fn integrity_is_kept() {
    let world = World::new([get(B).body("tampered")]);
    let request = own(B).with(|request| request.integrity_metadata = "sha256-x".to_owned());
    assert_eq!(world.err(request).code(), "Integrity");
}

/// By sha-256, of other bytes.
const WRONG: &str = "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:";

#[test]
fn what_the_server_says_of_a_body_is_verified_where_asked() {
    let wrong = get(B).header("Unencoded-Digest", WRONG).body("tampered");
    let world = World::new([wrong.clone()]);
    assert_eq!(world.ok(own(B)).1, "tampered");
    world.tells("owner/unencoded-digest");
    let world = World::with([wrong], |agent| agent.settings.unencoded_digest = Verified::Owners);
    assert_eq!(world.err(own(B)).code(), "UnencodedDigest");
}

#[test]
fn a_keepalive_has_no_page_and_no_quota() {
    let world = World::new([post(B)]);
    world.ok(own(B).method("POST").with(|request| {
        request.keepalive = true;
        request.body = Some(sofetch_core::infrastructure::bodies::Body::from_bytes(vec![0; 100_000]));
    }));
}
