//! `sofetch URL --page` and `--origin`: the same fetch under a page's rules.

mod support;

use support::{InWorld, server, sofetch};

const PAGE: &[&str] = &["--page", "https://javascript.info/article/"];
const ORIGIN: &[&str] = &["--origin", "https://javascript.info"];

fn on<'a>(rules: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [rules, more].concat()
}

#[test]
fn a_page_reads_what_it_may() {
    let world = InWorld::start();
    for rules in [PAGE, ORIGIN] {
        let said = world.sofetch(&on(rules, &["https://site.com/readable.json"])).ended(0);
        assert_eq!(said.text(), "{\"readable\":true}\n");
    }
    let request = &world.world.api.requests()[0];
    assert_eq!(request.header("Origin").as_deref(), Some("https://javascript.info"));
    assert_eq!(request.header("Referer").as_deref(), Some("https://javascript.info/"));
    assert_eq!(request.header("Sec-Fetch-Mode").as_deref(), Some("cors"));
    assert_eq!(request.header("Sec-Fetch-Site").as_deref(), Some("cross-site"));
}

#[test]
fn what_a_page_may_not_read_is_not_printed() {
    let world = InWorld::start();
    let refused = [
        "closed.json",
        "other-origin.json",
        "two-origins.json",
        "trailing-slash.json",
        "redirect/closed",
        "redirect/loop",
        "redirect/credentials",
        "redirect/not-http",
        "error-500.json",
    ];
    for path in refused {
        let said = world.sofetch(&on(ORIGIN, &["-i", &format!("https://site.com/{path}")])).ended(1);
        assert_eq!(said.text(), "", "{path}");
        assert_eq!(said.err.lines().count(), 1, "{}", said.err);
        assert!(said.err.starts_with("sofetch: "), "{}", said.err);
    }
}

#[test]
fn the_user_reads_all_of_it() {
    let world = InWorld::start();
    let said = world.sofetch(&["https://site.com/closed.json"]).ended(0);
    assert_eq!(said.text(), "{\"readable\":false}\n");
    assert_eq!(world.world.api.requests()[0].header("Origin"), None);
}

#[test]
fn relative_urls_are_the_pages() {
    let world = InWorld::start();
    world.sofetch(&on(PAGE, &["../own.json"])).ended(0);
    world.sofetch(&on(PAGE, &["/own.json"])).ended(0);
    assert_eq!(world.world.page.requests_to("/own.json").len(), 2);
    sofetch(&["/own.json"]).ended(2);
}

#[test]
fn a_preflight_is_asked_for_and_obeyed() {
    let world = InWorld::start();
    let patch = ["-X", "PATCH", "-H", "API-Key: secret", "--json", "{}"];
    let url = "https://site.com/service.json";
    let said = world.sofetch(&[ORIGIN, &patch, &[url]].concat()).ended(0);
    assert_eq!(said.text(), "{\"service\":\"updated\"}\n");
    let methods: Vec<String> = world.world.api.requests().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["OPTIONS", "PATCH"]);
    let refused = "https://site.com/method-refused.json";
    world.sofetch(&[ORIGIN, &patch, &[refused]].concat()).ended(1).complained("PATCH");
    let methods: Vec<String> = world
        .world
        .api
        .requests_to("/method-refused.json")
        .into_iter()
        .map(|request| request.method)
        .collect();
    assert_eq!(methods, ["OPTIONS"], "what is not granted is not sent");
}

#[test]
fn modes() {
    let world = InWorld::start();
    let said =
        world.sofetch(&on(ORIGIN, &["-i", "--mode", "no-cors", "https://site.com/opaque.svg"])).ended(0);
    assert_eq!(said.text(), "HTTP/1.1 0\r\n\r\n", "an opaque response shows nothing");
    world.sofetch(&on(ORIGIN, &["--mode", "no-cors", "https://site.com/same-origin-only.svg"])).ended(1);
    world.sofetch(&on(ORIGIN, &["--mode", "same-origin", "https://site.com/open.json"])).ended(1);
    world.sofetch(&on(ORIGIN, &["--mode", "same-origin", "https://javascript.info/own.json"])).ended(0);
    world.sofetch(&on(ORIGIN, &["--mode", "no-cors", "-X", "PUT", "https://site.com/"])).ended(2);
    world
        .sofetch(&on(ORIGIN, &["--cache", "only-if-cached", "https://site.com/"]))
        .ended(2)
        .complained("same-origin");
}

#[test]
fn credentials() {
    let world = InWorld::start();
    let fetch = |mode, path: &str| {
        world.sofetch(&on(ORIGIN, &["--credentials", mode, &format!("https://site.com/{path}")])).code
    };
    assert_eq!(fetch("include", "account.json"), 0);
    assert_eq!(fetch("include", "wildcard-with-credentials.json"), 1);
    assert_eq!(fetch("include", "credentials-unsaid.json"), 1);
    assert_eq!(fetch("include", "credentials-misspelt.json"), 1);
    assert_eq!(fetch("omit", "wildcard-with-credentials.json"), 0);
    assert_eq!(fetch("same-origin", "credentials-unsaid.json"), 0);
}

#[test]
fn a_page_sees_the_headers_that_are_exposed() {
    let world = InWorld::start();
    let url = "https://site.com/exposed.json";
    let said = world.sofetch(&on(ORIGIN, &["-i", url])).ended(0);
    let head = said.text().to_ascii_lowercase();
    assert!(head.contains("x-request-id: 42") && !head.contains("x-internal"), "{head}");
    let own = world.sofetch(&["-i", url]).ended(0).text().to_ascii_lowercase();
    assert!(own.contains("x-internal: hidden"), "{own}");
}

#[test]
fn an_opaque_origin_is_null() {
    let world = InWorld::start();
    world.sofetch(&["--origin", "null", "https://site.com/open.json"]).ended(0);
    assert_eq!(world.world.api.requests()[0].header("Origin").as_deref(), Some("null"));
    world.sofetch(&["--origin", "null", "https://site.com/readable.json"]).ended(1);
}

#[test]
fn headers_that_no_page_sets_are_left_out_and_told_of() {
    let world = InWorld::start();
    let args =
        ["-H", "Cookie: a=secret", "-H", "Origin: https://evil.test", "https://site.com/readable.json"];
    let said = world
        .sofetch(&on(ORIGIN, &args))
        .ended(0)
        .complained("Cookie is left out")
        .complained("Origin is left out");
    assert!(!said.err.contains("secret"), "{}", said.err);
    let request = &world.world.api.requests()[0];
    assert_eq!(request.header("Cookie"), None);
    assert_eq!(request.header("Origin").as_deref(), Some("https://javascript.info"));
    let silent = world.sofetch(&on(ORIGIN, &[&["-s"][..], &args].concat())).ended(0);
    assert_eq!(silent.err, "");
}

#[test]
fn a_page_has_no_body_under_get_and_no_credentials_in_urls() {
    let world = InWorld::start();
    world
        .sofetch(&on(ORIGIN, &["-X", "GET", "-d", "a", "https://site.com/open.json"]))
        .ended(2)
        .complained("body");
    world.sofetch(&on(ORIGIN, &["https://u:p@site.com/open.json"])).ended(2).complained("password");
    world.sofetch(&on(ORIGIN, &["-X", "TRACE", "https://site.com/open.json"])).ended(2);
    assert!(world.world.api.requests().is_empty());
}

#[test]
fn manual_redirects_are_opaque_to_a_page() {
    let world = InWorld::start();
    let url = "https://site.com/redirect/same-origin";
    let said = world.sofetch(&on(ORIGIN, &["-i", "--redirect", "manual", url])).ended(0);
    assert_eq!(said.text(), "HTTP/1.1 0\r\n\r\n");
    let own = world.sofetch(&["-i", "--redirect", "manual", url]).ended(0);
    assert!(own.text().starts_with("HTTP/1.1 302 Found\r\n"), "{}", own.text());
}

#[test]
fn a_secure_page_fetches_nothing_insecure() {
    let other = server(|_| sofetch_demo::Reply::ok("no").header("Access-Control-Allow-Origin", "*"));
    let port = other.address().port();
    let resolve = format!("a.test:{port}:127.0.0.1");
    sofetch(&[
        "--origin",
        "https://javascript.info",
        "--resolve",
        &resolve,
        &format!("http://a.test:{port}/"),
    ])
    .ended(1);
    assert_eq!(other.connections(), 0);
}

#[test]
fn bad_ports_are_refused_to_pages() {
    sofetch(&["--origin", "http://a.test", "http://127.0.0.1:6000/"]).ended(1).complained("6000");
}

#[test]
fn row_27_a_referrer_has_neither_password_nor_fragment() {
    let world = InWorld::start();
    for policy in ["unsafe-url", "no-referrer-when-downgrade", "origin", "strict-origin-when-cross-origin"] {
        let said = world.sofetch(&[
            "--page",
            "https://user:secret@javascript.info/a#fragment",
            "--referrer-policy",
            policy,
            "https://site.com/readable.json",
        ]);
        said.ended(0);
    }
    for request in world.world.api.requests() {
        let referrer = request.header("Referer").expect("each of these policies sends one");
        assert!(!referrer.contains(['@', '#']) && !referrer.contains("secret"), "{referrer}");
    }
}

#[test]
fn row_26_a_url_is_resolved_as_urls_are() {
    let world = InWorld::start();
    // Two slashes leave the page's host: that is URL resolution, and the page's rules see the host that is meant.
    world.sofetch(&on(PAGE, &["//site.com/closed.json"])).ended(1);
    world.sofetch(&on(PAGE, &["//site.com/readable.json"])).ended(0);
    assert_eq!(world.world.page.requests().len(), 0);
    // `--mode same-origin` is the option that pins the origin.
    world.sofetch(&on(PAGE, &["--mode", "same-origin", "//site.com/readable.json"])).ended(1);
    world.sofetch(&on(PAGE, &["--mode", "same-origin", "https://site.com/readable.json"])).ended(1);
    world.sofetch(&on(PAGE, &["--mode", "same-origin", "/away"])).ended(1);
    assert_eq!(world.world.api.requests().len(), 2, "none of these three got there");
}
