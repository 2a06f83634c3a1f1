//! Requests that need nobody's leave: same origin, plain CORS, "no-cors", "same-origin"; what a response shows, and what `Accept` says.

use bytes::Bytes;
use sofetch_core::infrastructure::requests::{CredentialsMode, Destination, Initiator, Mode, RedirectMode};
use sofetch_core::infrastructure::responses::ResponseType;
use sofetch_core::rules::response_filtering::shown_header_list;
use sofetch_testkit::{delete, get, head, post};

use crate::common::{A, ALLOW_A, B, OWN, With, World, from, from_client, page};

#[test]
fn same_origin_get() {
    let world =
        World::new([get(OWN).header("X-Any", "1").header("Set-Cookie", "a=b").body("hello")]).in_full();
    let (response, text) = world.ok(from(A, OWN));
    assert_eq!((response.response_type(), text.as_str()), (ResponseType::Basic, "hello"));
    assert!(!shown_header_list(&response).contains("Set-Cookie"));
    assert!(shown_header_list(&response).contains("X-Any"));
    world.tells("simple/same-origin-get");
}

#[test]
fn cross_origin_get_that_anybody_may_read() {
    let world =
        World::new([get(B).header("Access-Control-Allow-Origin", "*").header("X-Any", "1").body("b")])
            .in_full();
    let (response, text) = world.ok(from(A, B));
    assert_eq!((response.response_type(), text.as_str()), (ResponseType::Cors, "b"));
    assert!(!shown_header_list(&response).contains("X-Any"));
    world.tells("simple/cors-any-origin");
}

#[test]
fn cross_origin_get_that_this_origin_may_read() {
    let world = World::new([get(B).headers(&[ALLOW_A])]);
    world.ok(from(A, B));
    world.tells("simple/cors-this-origin");
}

#[test]
fn cross_origin_get_that_says_nothing_is_refused() {
    let world = World::new([get(B).body("secret")]);
    world.err(from(A, B));
    world.tells("simple/cors-refused-no-header");
}

#[test]
fn cross_origin_get_for_another_origin_is_refused() {
    let world = World::new([get(B).header("Access-Control-Allow-Origin", "https://c.test")]);
    world.err(from(A, B));
    world.tells("simple/cors-refused-other-origin");
}

#[test]
fn exposed_headers_are_shown() {
    let world = World::new([get(B)
        .headers(&[ALLOW_A, ("Access-Control-Expose-Headers", "X-One, x-two")])
        .headers(&[("X-One", "1"), ("X-Two", "2"), ("X-Three", "3"), ("Set-Cookie", "a=b")])]);
    let (response, _) = world.ok(from(A, B));
    let shown: Vec<String> = shown_header_list(&response)
        .iter()
        .map(|header| String::from_utf8_lossy(header.name()).into_owned())
        .collect();
    assert_eq!(shown, ["X-One", "X-Two"]);
    world.tells("simple/exposed-headers");
}

#[test]
fn a_star_exposes_everything_but_cookies() {
    let world = World::new([get(B)
        .headers(&[ALLOW_A, ("Access-Control-Expose-Headers", "*")])
        .headers(&[("X-One", "1"), ("Set-Cookie", "a=b")])]);
    let (response, _) = world.ok(from(A, B));
    assert!(shown_header_list(&response).contains("X-One"));
    assert!(!shown_header_list(&response).contains("Set-Cookie"));
    world.tells("simple/exposed-star");
}

#[test]
fn with_credentials_a_star_exposes_a_header_of_that_name() {
    let world = World::new([get(B)
        .headers(&[ALLOW_A, ("Access-Control-Allow-Credentials", "true")])
        .headers(&[("Access-Control-Expose-Headers", "*"), ("X-One", "1")])]);
    let (response, _) = world.ok(from(A, B).credentials(CredentialsMode::Include));
    assert!(!shown_header_list(&response).contains("X-One"));
    world.tells("simple/exposed-star-with-credentials");
}

#[test]
fn an_unparsable_exposure_is_none() {
    let world = World::new([get(B).headers(&[
        ALLOW_A,
        ("Access-Control-Expose-Headers", "X-One X-Two"),
        ("X-One", "1"),
    ])]);
    let (response, _) = world.ok(from(A, B));
    assert!(!shown_header_list(&response).contains("X-One"));
    world.tells("simple/exposed-unparsable");
}

#[test]
fn no_cors_is_opaque() {
    let world = World::new([get(B).body("secret")]).in_full();
    let (response, _) = world.ok(from(A, B).mode(Mode::NoCors));
    assert_eq!(response.response_type(), ResponseType::Opaque);
    assert_eq!((response.status(), response.url_list().len()), (0, 0));
    assert!(shown_header_list(&response).is_empty());
    world.tells("simple/no-cors");
}

#[test]
fn no_cors_to_the_own_origin_is_basic() {
    let world = World::new([get(OWN)]);
    let (response, _) = world.ok(from(A, OWN).mode(Mode::NoCors));
    assert_eq!(response.response_type(), ResponseType::Basic);
    world.tells("simple/no-cors-same-origin");
}

#[test]
fn no_cors_must_follow_redirects() {
    for (mode, name) in [(RedirectMode::Error, "error"), (RedirectMode::Manual, "manual")] {
        let world = World::new([]);
        world.err(from(A, B).mode(Mode::NoCors).redirect(mode));
        world.tells(&format!("simple/no-cors-redirect-{name}"));
    }
}

#[test]
fn same_origin_mode_stays_at_home() {
    let world = World::new([get(OWN)]);
    world.ok(from(A, OWN).mode(Mode::SameOrigin));
    world.tells("simple/same-origin-mode");
}

#[test]
fn same_origin_mode_is_refused_elsewhere() {
    let world = World::new([]);
    world.err(from(A, B).mode(Mode::SameOrigin));
    world.tells("simple/same-origin-mode-refused");
}

#[test]
fn cors_is_for_http() {
    let world = World::new([]);
    world.err(from(A, "ftp://b.test/x"));
    world.tells("simple/cors-scheme-refused");
}

#[test]
fn a_bad_port_is_refused() {
    let world = World::new([]);
    world.err(from(A, "https://a.test:6667/"));
    world.tells("simple/bad-port");
}

#[test]
fn local_urls_only_is_refused_elsewhere_and_granted_there() {
    let world = World::new([]);
    world.err(from(A, OWN).with(|request| request.local_urls_only = true));
    let (_, text) = world.ok(from(A, "data:,hi").with(|request| request.local_urls_only = true));
    assert_eq!(text, "hi");
    world.tells("simple/local-urls-only");
}

#[test]
fn a_post_says_its_origin_and_length() {
    let world = World::new([post(OWN).expects_body("four").body("ok")]).in_full();
    world.ok(from(A, OWN).method("POST").body("four"));
    world.tells("simple/same-origin-post");
}

#[test]
fn a_post_without_a_body_has_length_0() {
    let world = World::new([post(OWN).expects_header("Content-Length", "0")]);
    world.ok(from(A, OWN).method("POST"));
    world.tells("simple/same-origin-empty-post");
}

#[test]
fn a_delete_to_the_own_origin_asks_nobody() {
    let world = World::new([delete(OWN).expects_no_header("Content-Length").replies(204)]);
    let (response, _) = world.ok(from(A, OWN).method("DELETE"));
    assert!(response.internal().body.is_none());
    world.tells("simple/same-origin-delete-204");
}

#[test]
fn a_head_has_no_body() {
    let world = World::new([head(OWN).header("Content-Length", "5")]);
    let (response, text) = world.ok(from(A, OWN).method("HEAD"));
    assert!(response.internal().body.is_none() && text.is_empty());
    world.tells("simple/head");
}

#[test]
fn a_205_with_a_body_loses_it() {
    let world = World::new([get(OWN).replies(205).body("against the law")]);
    let (response, _) = world.ok(from(A, OWN));
    assert!(response.internal().body.is_none());
    world.tells("simple/205-with-a-body");
}

#[test]
fn a_range_asks_for_no_coding() {
    let world = World::with(
        [get(OWN).expects_header("Accept-Encoding", "identity").replies(206).body("ell")],
        |agent| agent.settings.accept_encoding = Bytes::from_static(b"gzip"),
    );
    let (response, _) = world.ok(from(A, OWN).header("Range", "bytes=1-3"));
    assert!(response.internal().range_requested);
    world.tells("simple/range");
}

#[test]
fn what_an_agent_says_of_itself() {
    let world = World::with([get(OWN), get("http://a.test/plain")], |agent| {
        agent.settings.user_agent = Some(Bytes::from_static(b"sofetch/1"));
        agent.settings.accept_language = Some(Bytes::from_static(b"de"));
        agent.settings.accept_encoding = Bytes::from_static(b"gzip, br");
        agent.settings.accept_encoding_insecure = Bytes::from_static(b"gzip");
    })
    .in_full();
    world.ok(from(A, OWN));
    world.ok(from("http://a.test/", "http://a.test/plain"));
    world.tells("simple/agent-headers");
}

#[test]
fn what_a_page_says_itself_stays() {
    let world = World::with([get(OWN)], |agent| {
        agent.settings.user_agent = Some(Bytes::from_static(b"sofetch/1"));
        agent.settings.accept_language = Some(Bytes::from_static(b"de"));
        agent.settings.accept_encoding = Bytes::from_static(b"gzip, br");
    });
    let request = from(A, OWN).header("Accept", "x/y").header("Accept-Language", "fr");
    world.ok(request.header("User-Agent", "me").header("Accept-Encoding", "br"));
    world.tells("simple/own-headers");
}

#[test]
fn a_client_may_be_emulated() {
    let world = World::with([get(OWN)], |agent| {
        agent.settings.user_agent = Some(Bytes::from_static(b"sofetch/1"));
        agent.settings.accept_language = Some(Bytes::from_static(b"de"));
    });
    let mut client = page(A);
    client.emulated_user_agent = Some("phone".to_owned());
    client.emulated_language = Some("eo".to_owned());
    world.ok(from_client(client, OWN));
    world.tells("simple/emulated");
}

#[test]
fn accept_by_destination() {
    use Destination::*;
    for (destination, accept) in [
        (Empty, "*/*"),
        (Script, "*/*"),
        (Image, "image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"),
        (Json, "application/json,*/*;q=0.5"),
        (Style, "text/css,*/*;q=0.1"),
        (Text, "text/plain,*/*;q=0.5"),
    ] {
        let world = World::new([get(OWN).expects_header("Accept", accept)]);
        world.ok(from(A, OWN).destination(destination));
    }
    for destination in [Document, Frame, Iframe] {
        let world = World::new([get(OWN)
            .expects_header("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")]);
        world.ok(from(A, OWN).mode(Mode::Navigate).destination(destination));
    }
}

#[test]
fn a_prefetch_says_its_purpose() {
    let world = World::new([get(OWN)]);
    world.ok(from(A, OWN).with(|request| request.initiator = Initiator::Prefetch));
    world.tells("simple/prefetch");
}

#[test]
fn a_navigation_of_a_person() {
    let world = World::new([get(B)]).in_full();
    let request = from(A, B).mode(Mode::Navigate).destination(Destination::Document);
    let (response, _) = world.ok(request.with(|request| request.user_activation = true));
    assert_eq!(response.response_type(), ResponseType::Basic);
    world.tells("simple/navigation");
}

#[test]
fn an_offline_client_reaches_nothing() {
    let world = World::new([]);
    let mut client = page(A);
    client.offline = true;
    world.err(from_client(client, OWN));
    world.tells("simple/offline");
}
