//! Credentials and referrers on redirects, through every face: rows 1 to 18, 21 and 25 to 28.
//!
//! Long by its rows: each is a test of its own, and several end in the same table.

use std::sync::Arc;

use sofetch::core::ports::{Answer, AuthenticationEntries, CredentialsPrompt, Prompt};
use sofetch::core::rules::redirect::Redirect;
use sofetch::{Bytes, CredentialsMode, Headers, Mode, ReferrerPolicy, Request, Retry, Ruling, UserAgent};
use sofetch_testkit::loopback::{Origins, Reply, serve};

use crate::support::{REDIRECTS, SECRET, Web, agent, answer, assert_no_secret, go, on, readable, ruling};

const A: &str = "http://a.test";

/// Other origins than A: another host, port, scheme, and a subdomain.
const OTHERS: [&str; 4] = ["http://b.test", "http://a.test:8080", "https://a.test", "http://sub.a.test"];

/// A request of the owner's with everything that is meant for one origin.
fn loaded(url: &str) -> Request {
    Request::new(url)
        .header("Authorization", format!("Bearer {SECRET}"))
        .header("Cookie", format!("sid={SECRET}"))
        .header("Proxy-Authorization", format!("Basic {SECRET}"))
}

/// Fetches A by way of `from`, redirected to each other origin with each status; no other origin sees the secret.
fn strips(web: &Web, from: &str, others: &[&str], request: impl Fn(&str) -> Request) {
    on(async {
        let agent = web.agent();
        for to in others {
            for status in REDIRECTS {
                let path = format!("{to}/{status}");
                let response = agent.fetch(request(&go(from, status, &path))).await.expect("an answer");
                assert_eq!(response.url(), path);
            }
        }
    });
    for to in others {
        let seen = web.seen_by(to);
        assert_eq!(seen.len(), REDIRECTS.len(), "{to}");
        seen.iter().for_each(|request| assert_no_secret(request, to));
    }
}

#[test]
fn row_01_cookie_authorization_proxy_authorization_and_host_stay_with_their_origin() {
    let web = Web::new();
    strips(&web, A, &OTHERS, loaded);
    let first = &web.seen_by(A)[0];
    assert_eq!(first.header("Cookie").as_deref(), Some("sid=s3cret"));
    assert_eq!(first.header("Authorization").as_deref(), Some("Bearer s3cret"));
    on(async {
        // A Host of the caller's own is A's alone.
        let request = Request::new(go(A, 302, "http://b.test/x")).header("Host", "spoof.test");
        web.agent().fetch(request).await.expect("an answer");
    });
    assert_eq!(web.seen_by("http://spoof.test").len(), 1);
    assert_eq!(web.seen_by("http://b.test").last().expect("followed").target, "/x");
}

#[test]
fn row_02_every_public_call_that_follows_redirects_strips() {
    let (first, second) = (serve(answer), serve(answer));
    let url = || go(&first.url(""), 302, &second.url("/seen"));
    let authorized = || Request::new(url()).header("Authorization", format!("Bearer {SECRET}"));
    on(async {
        let agent = agent();
        let page = agent.page(&first.url("/")).expect("a URL");
        agent.fetch(authorized()).await.expect("the agent's own");
        page.fetch(authorized()).await.expect("a page's");
        sofetch::fetch(authorized()).await.expect("the shared agent's");
        let converted = http::Request::get(url()).header("Authorization", format!("Bearer {SECRET}"));
        agent.fetch(converted.body("").expect("a request")).await.expect("converted");
        #[cfg(feature = "tower")]
        {
            use tower_service::Service;
            agent.clone().call(authorized()).await.expect("a service's");
            page.clone().call(authorized()).await.expect("a page as a service");
        }
    });
    #[cfg(feature = "blocking")]
    sofetch::blocking::fetch(authorized()).expect("waited for");
    let arrived = second.requests_to("/seen");
    assert!(arrived.len() >= 4);
    arrived.iter().for_each(|request| assert_no_secret(request, "any call"));
    let sent = first.requests().iter().filter(|request| request.header("Authorization").is_some()).count();
    assert_eq!(sent, arrived.iter().filter(|request| request.method == "GET").count());
}

#[test]
fn row_03_proxy_authorization_stays_home() {
    let web = Web::new();
    strips(&web, A, &["http://b.test"], |url| {
        Request::new(url).header("Proxy-Authorization", format!("Basic {SECRET}"))
    });
    // It never was the origin's to see, either.
    web.seen_by(A).iter().for_each(|request| assert_no_secret(request, "A"));
}

#[test]
fn row_04_preflights_retries_uploads_and_clones_strip_too() {
    let web = Web::answering(|request| match request.path() {
        "/busy" => readable(Reply::new(503)),
        _ => answer(request),
    });
    on(async {
        let agent = web.builder().retry(Retry { retries: 2, budget: 1.0, ..Retry::default() });
        let agent = agent.build().expect("a usable configuration");
        let busy = loaded(&go(A, 307, "http://b.test/busy"));
        assert_eq!(agent.fetch(busy).await.expect("an answer").status(), 503);
        let upload = loaded(&go(A, 307, "http://b.test/upload")).method("POST").body("x");
        agent.fetch(upload).await.expect("an answer");
        let page = agent.page("http://app.test/").expect("a URL");
        let asked = Request::new(go(A, 307, "http://b.test/asked"))
            .method("PUT")
            .header("Authorization", format!("Bearer {SECRET}"))
            .body("x");
        page.fetch(asked).await.expect("granted, twice");
    });
    let seen = web.seen_by("http://b.test");
    let lines: Vec<_> = seen.iter().map(|request| format!("{} {}", request.method, request.target)).collect();
    assert_eq!(
        lines,
        ["GET /busy", "GET /busy", "GET /busy", "POST /upload", "OPTIONS /asked", "PUT /asked"]
    );
    seen.iter().for_each(|request| assert_no_secret(request, "B"));
    web.seen_by(A).iter().filter(|request| request.method == "OPTIONS").for_each(|request| {
        assert_no_secret(request, "a preflight");
    });
}

#[test]
fn row_05_what_was_stripped_is_not_restored_on_the_way_home() {
    let web = Web::new();
    on(async {
        let agent = web.agent();
        for status in REDIRECTS {
            let home = go("http://b.test", status, &format!("{A}/home"));
            let response = agent.fetch(loaded(&go(A, status, &home))).await.expect("an answer");
            assert_eq!((response.url(), response.url_list().len()), ("http://a.test/home", 3));
        }
    });
    for request in web.seen_by("http://b.test") {
        assert_no_secret(&request, "B");
    }
    for request in web.seen_by(A).iter().filter(|request| request.target == "/home") {
        assert_no_secret(request, "A again");
    }
}

#[test]
fn row_06_a_third_party_sees_nothing() {
    let web = Web::new();
    on(async {
        let on_to_c = go("http://b.test", 302, "http://c.test/end");
        web.agent().fetch(loaded(&go(A, 301, &on_to_c))).await.expect("an answer");
    });
    for origin in ["http://b.test", "http://c.test"] {
        let seen = web.seen_by(origin);
        assert_eq!(seen.len(), 1, "{origin}");
        assert_no_secret(&seen[0], origin);
    }
}

#[test]
fn row_07_a_page_s_authorization_stays_with_its_origin() {
    let web = Web::new();
    on(async {
        let page = web.agent().page("http://a.test/").expect("a URL");
        for status in REDIRECTS {
            let request = loaded(&go("", status, &format!("http://b.test/{status}")));
            page.fetch(request).await.expect("readable");
        }
    });
    let seen = web.seen_by("http://b.test");
    assert!(seen.len() >= REDIRECTS.len());
    seen.iter().for_each(|request| assert_no_secret(request, "B"));
    // What a page may not set was never sent, to nobody.
    for request in web.seen_by(A) {
        assert_eq!(request.header("Authorization").as_deref(), Some("Bearer s3cret"));
        assert_eq!((request.header("Cookie"), request.header("Proxy-Authorization")), (None, None));
    }
}

#[test]
fn row_08_another_scheme_is_another_origin() {
    let web = Web::new();
    strips(&web, "https://a.test", &["http://a.test"], loaded);
    strips(&web, A, &["https://b.test"], loaded);
}

#[test]
fn row_09_names_strip_in_any_case() {
    let web = Web::new();
    strips(&web, A, &OTHERS, |url| {
        Request::new(url)
            .header("pRoXy-AuThOrIzAtIoN", format!("Basic {SECRET}"))
            .header("AUTHORIZATION", format!("Bearer {SECRET}"))
            .header("cOOKIE", format!("sid={SECRET}"))
    });
}

#[test]
fn row_10_the_host_of_location_is_the_host_connected() {
    let origins = Origins::new()
        .with("a.test", |request| {
            let to = request.header("X-To").unwrap_or_default();
            if request.path() == "/start" { Reply::new(302).header("Location", to) } else { Reply::ok("") }
        })
        .with("b.test", |_| Reply::ok(""));
    for (location, host, path) in [
        ("https://b.test/x", "b.test", "/x"),
        ("https://b.test\\@a.test/x", "b.test", "/@a.test/x"),
        ("https://a.test@b.test/x", "b.test", "/x"),
        ("https://a.test:443@b.test/x", "b.test", "/x"),
        ("https://b.test#@a.test/", "b.test", "/"),
        ("https://b.test?@a.test/", "b.test", "/?@a.test/"),
        ("https:\t//b.te\tst/x", "b.test", "/x"),
        ("//b.test/x", "b.test", "/x"),
        ("\\\\b.test\\x", "b.test", "/x"),
        ("/\\b.test/x", "b.test", "/x"),
        ("///b.test/x", "b.test", "/x"),
        ("https:///b.test/x", "b.test", "/x"),
        ("https:/\\b.test/x", "b.test", "/x"),
        ("https:b.test/x", "a.test", "/b.test/x"),
        ("https://b%2Etest/x", "b.test", "/x"),
        ("https://%62.test/x", "b.test", "/x"),
        ("https://B.TEST:443/x", "b.test", "/x"),
        ("/x%00@b.test", "a.test", "/x%00@b.test"),
        ("/.//b.test/x", "a.test", "//b.test/x"),
    ] {
        let (a, b) = (origins.server("a.test"), origins.server("b.test"));
        let before = (a.requests().len(), b.requests().len());
        on(async {
            let mut builder = UserAgent::builder()
                .network_config(|config| crate::support::trust(config, &origins.authority));
            for (host, port, address) in origins.addresses() {
                builder = builder.connect_to(&host, port, address);
            }
            let agent = builder.build().expect("a usable configuration");
            let request = Request::new("https://a.test/start").header("X-To", location);
            let response = agent.fetch(request).await.expect(location);
            let url = sofetch::Url::parse(response.url(), None).expect("a URL");
            assert_eq!((url.hostname(), url.path_and_query()), (host, path), "{location}");
        });
        let arrived: Vec<_> = [&a.requests()[before.0..], &b.requests()[before.1..]].concat();
        assert_eq!(arrived.len(), 2, "{location}");
        let last = origins.server(host).requests().pop().expect("it was followed");
        assert_eq!(last.target, path, "{location}");
        assert_eq!(last.header("Host").as_deref(), Some(host), "{location}");
        assert_eq!(last.tls_sni.as_deref(), Some(host), "{location}");
    }
}

#[test]
fn row_11_sensitive_headers_stay_with_their_origin() {
    let web = Web::new();
    on(async {
        let agent = web.builder().sensitive_headers(["X-API-Key"]).build().expect("usable");
        let request = || Request::new(go(A, 302, "http://b.test/x")).header("x-api-key", SECRET);
        agent.fetch(request()).await.expect("an answer");
        agent.page("http://a.test/").expect("a URL").fetch(request()).await.expect("readable");
        // The way home does not bring it back.
        let round = go(A, 302, &go("http://b.test", 302, "http://a.test/home"));
        agent.fetch(Request::new(round).header("X-Api-Key", SECRET)).await.expect("an answer");
    });
    web.seen_by("http://b.test").iter().for_each(|request| assert_no_secret(request, "B"));
    let seen = web.seen_by(A);
    let carried = |request: &&sofetch_testkit::loopback::RequestSeen| request.header("X-API-Key").is_some();
    assert_eq!(seen.iter().filter(carried).count(), 3);
    assert!(!seen.iter().any(|request| request.target == "/home" && request.header("X-API-Key").is_some()));
}

#[test]
fn row_12_headers_strip_however_they_were_built() {
    let web = Web::new();
    fn value() -> String {
        format!("Bearer {SECRET}")
    }
    let pairs = || [("Authorization", value()), ("Cookie", value())];
    type Build = Box<dyn Fn(&str) -> Request>;
    let built: [(&str, Build); 6] = [
        ("one by one", Box::new(move |url| Request::new(url).header("Authorization", value()))),
        ("set", Box::new(move |url| Request::new(url).set_header("Authorization", value()))),
        (
            "appended twice",
            Box::new(move |url| {
                Request::new(url).header("Authorization", value()).header("authorization", value())
            }),
        ),
        ("bearer", Box::new(|url| Request::new(url).bearer(SECRET))),
        (
            "pairs",
            Box::new(move |url| {
                Request::new(url).headers(&Headers::from_pairs(pairs()).expect("valid pairs"))
            }),
        ),
        (
            "a map",
            Box::new(move |url| {
                let map = std::collections::BTreeMap::from(pairs());
                Request::new(url).headers(&Headers::from_pairs(map).expect("valid pairs"))
            }),
        ),
    ];
    on(async {
        let agent = web.agent();
        for (how, request) in &built {
            agent.fetch(request(&go(A, 302, "http://b.test/x"))).await.expect(how);
        }
    });
    let seen = web.seen_by("http://b.test");
    assert_eq!(seen.len(), built.len());
    seen.iter().zip(&built).for_each(|(request, (how, _))| assert_no_secret(request, how));
    assert!(web.seen_by(A).iter().all(|request| request.header("Authorization").is_some()));
}

#[test]
fn row_13_proxy_authorization_stays_home_over_tls() {
    let web = Web::new();
    strips(&web, "https://a.test", &["https://b.test", "https://a.test:8443"], loaded);
}

#[test]
fn row_14_many_sensitive_names_at_once() {
    const NAMES: [&str; 4] = ["X-API-Key", "x-auth-token", "X-Goog-Api-Key", "Private-Token"];
    let web = Web::new();
    on(async {
        let agent = web.builder().sensitive_headers(NAMES).build().expect("usable");
        let mut request = Request::new(go(A, 308, "http://b.test/x")).header("X-Harmless", "kept");
        for name in NAMES {
            request = request.header(name.to_ascii_uppercase(), SECRET);
        }
        agent.fetch(request).await.expect("an answer");
    });
    let seen = web.seen_by("http://b.test");
    assert_no_secret(&seen[0], "B");
    assert_eq!(seen[0].header("X-Harmless").as_deref(), Some("kept"));
}

#[test]
fn row_15_another_port_is_another_origin() {
    let web = Web::new();
    strips(&web, A, &["http://a.test:8080"], loaded);
    strips(&web, "http://a.test:8080", &["http://b.test"], loaded);
}

#[test]
fn row_16_sensitive_headers_and_cookies_at_another_port_or_scheme() {
    let web = Web::new();
    on(async {
        let agent = web.builder().sensitive_headers(["X-Custom"]).build().expect("usable");
        for to in ["http://a.test:8080", "https://a.test"] {
            let request = Request::new(go(A, 302, &format!("{to}/x")))
                .header("X-Custom", SECRET)
                .header("Cookie", format!("sid={SECRET}"));
            agent.fetch(request).await.expect("an answer");
            assert_no_secret(&web.seen_by(to)[0], to);
        }
    });
}

/// Knows one origin's credentials.
struct Entries(&'static str);

impl AuthenticationEntries for Entries {
    fn entry<'a>(
        &'a self,
        request: &'a sofetch::core::infrastructure::requests::Request,
    ) -> Answer<'a, Option<Bytes>> {
        let own = request.current_url().origin().serialize() == self.0;
        Answer::ready(own.then(|| Bytes::from(format!("Basic {SECRET}"))))
    }

    fn create<'a>(
        &'a self,
        _: &'a sofetch::core::infrastructure::requests::Request,
        _: &'a sofetch::core::infrastructure::responses::Response,
    ) -> Answer<'a, ()> {
        Answer::ready(())
    }
}

#[test]
fn row_17_credentials_of_every_kind_are_bound_to_their_origin() {
    let web = Web::new();
    on(async {
        // In the URL,
        let url = go("http://user:s3cret@a.test", 302, "http://b.test/url");
        web.agent().fetch(url).await.expect("an answer");
        // in a header,
        web.agent()
            .fetch(Request::new(go(A, 302, "http://b.test/header")).bearer(SECRET))
            .await
            .expect("an answer");
        // from a store.
        let agent = web.builder().authentication_entries(Some(Arc::new(Entries(A)))).build().expect("usable");
        agent.fetch(go(A, 302, "http://b.test/store")).await.expect("an answer");
    });
    assert!(web.seen_by(A).iter().all(|request| request.header("Authorization").is_some()));
    let seen = web.seen_by("http://b.test");
    assert_eq!(seen.len(), 3);
    for request in seen {
        assert_no_secret(&request, &request.target);
        assert_eq!(request.header("Authorization"), None, "{}", request.target);
    }
}

#[test]
fn row_18_a_user_without_a_password_does_not_get_another_s() {
    let web = Web::new();
    on(async {
        let agent = web.builder().authentication_entries(Some(Arc::new(Entries(A)))).build().expect("usable");
        agent.fetch("http://bob@a.test/").await.expect("an answer");
        agent.fetch(go(A, 302, "http://bob@b.test/x")).await.expect("an answer");
    });
    let basic_bob = Some("Basic Ym9iOg==");
    assert_eq!(web.seen_by(A)[0].header("Authorization").as_deref(), basic_bob);
    assert_eq!(web.seen_by("http://b.test")[0].header("Authorization").as_deref(), basic_bob);
}

/// Types the same credentials whenever asked.
struct Typing;

impl Prompt for Typing {
    fn credentials<'a>(&'a self, _: CredentialsPrompt<'a>) -> Answer<'a, Option<(String, String)>> {
        Answer::ready(Some(("user".to_owned(), SECRET.to_owned())))
    }
}

#[test]
fn row_21_what_was_typed_for_one_origin_is_not_sent_to_another() {
    let web = Web::answering(|request| {
        let reply = match request.header("Authorization") {
            None if request.path() == "/locked" => {
                Reply::new(401).header("WWW-Authenticate", "Basic realm=\"same\"")
            }
            _ => Reply::ok("in"),
        };
        reply
            .header("Access-Control-Allow-Origin", "http://a.test")
            .header("Access-Control-Allow-Credentials", "true")
    });
    on(async {
        let agent = web.builder().prompt(Arc::new(Typing)).build().expect("usable");
        let page = agent.page("http://a.test/").expect("a URL");
        let include = |url: &str| Request::new(url).credentials(CredentialsMode::Include);
        assert_eq!(page.fetch(include("/locked")).await.expect("typed").status(), 200);
        assert_eq!(page.fetch(include("/locked")).await.expect("remembered").status(), 200);
        let other = page.fetch(include("http://b.test/locked")).await.expect("readable");
        assert_eq!(other.status(), 401);
    });
    let seen = web.seen_by(A);
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[2].header("Authorization").as_deref(), Some("Basic dXNlcjpzM2NyZXQ="));
    assert!(web.seen_by("http://b.test").iter().all(|request| request.header("Authorization").is_none()));
}

#[test]
fn row_25_nothing_is_added_across_origins_but_what_the_standard_adds() {
    let web = Web::new();
    on(async {
        let agent = web.builder().accept_language(Some("en")).build().expect("usable");
        let page = agent.page("https://a.test/page?q#f").expect("a URL");
        page.fetch("https://b.test/x").await.expect("readable");
    });
    let seen = web.seen_by("https://b.test");
    let lines: Vec<String> = seen[0]
        .headers
        .iter()
        .map(|(name, value)| format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value)))
        .collect();
    let user_agent = concat!("User-Agent: sofetch/", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        lines,
        [
            "Host: b.test",
            "Accept: */*",
            "Accept-Language: en",
            "Referer: https://a.test/",
            "Origin: https://a.test",
            "Sec-Fetch-Dest: empty",
            "Sec-Fetch-Mode: cors",
            "Sec-Fetch-Site: cross-site",
            user_agent,
            "Accept-Encoding: gzip, deflate, br, zstd",
        ]
    );
}

#[test]
fn row_26_a_base_url_is_a_base_and_same_origin_is_the_pin() {
    let web = Web::new();
    on(async {
        let agent = web.agent();
        let page = agent.page_builder("http://a.test/").base_url("/base/").build().expect("a URL");
        page.fetch("x").await.expect("below the base");
        assert_eq!(web.seen_by(A)[0].target, "/base/x");
        for escape in ["//b.test/x", "http://b.test/x", "\\\\b.test/x", "http:\\\\b.test/x"] {
            let response = page.fetch(escape).await.expect("URLs are resolved as the URL Standard has it");
            assert_eq!(response.url(), "http://b.test/x", "{escape}");
            let pinned = Request::new(escape).mode(Mode::SameOrigin);
            let error = page.fetch(pinned).await.expect_err(escape);
            assert!(matches!(ruling(&error), Ruling::ResponseTaintingFork(_)), "{error:?}");
            // Nor does a redirect lead out.
            let led = Request::new(go("", 302, "http://b.test/x")).mode(Mode::SameOrigin);
            assert!(page.fetch(led).await.expect_err(escape).is_refused());
        }
    });
    assert_eq!(web.seen_by("http://b.test").len(), 4);
}

#[test]
fn row_27_referer_has_neither_credentials_nor_fragment_under_any_policy() {
    let web = Web::new();
    on(async {
        for policy in ReferrerPolicy::ALL {
            let agent = web.agent();
            let page = agent.page("https://user:s3cret@a.test/page?q#s3cret").expect("a URL");
            for url in ["https://a.test/same", "https://b.test/other", "http://c.test/down"] {
                let request = Request::new(url).referrer_policy(*policy);
                // A page of https: gets nothing of http:; that is mixed content, and not this row's.
                let fetched = page.fetch(request).await;
                assert_eq!(fetched.is_ok(), !url.starts_with("http:"), "{url}");
            }
            let own = Request::new("http://b.test/own").referrer("http://user:s3cret@a.test/page#s3cret");
            agent.fetch(own.referrer_policy(*policy)).await.expect("an answer");
        }
    });
    let mut referers = std::collections::BTreeSet::new();
    for server in [&web.plain, &web.secure] {
        for request in server.requests() {
            assert_no_secret(&request, &request.target);
            referers.extend(request.header("Referer"));
        }
    }
    assert!(referers.contains("https://a.test/page?q"), "{referers:?}");
    assert!(referers.iter().all(|referer| !referer.contains(['@', '#'])), "{referers:?}");
}

#[test]
fn row_28_no_referrer_means_none_whatever_came_before() {
    let web = Web::new();
    on(async {
        let page = web.agent().page("http://a.test/secret-page").expect("a URL");
        for referrer in ["/one", "", "about:client", ""] {
            page.fetch(Request::new("/x").referrer(referrer)).await.expect("an answer");
        }
    });
    let seen = web.seen_by(A);
    let referers: Vec<_> = seen.iter().map(|request| request.header("Referer")).collect();
    let said = |path: &str| Some(format!("http://a.test/{path}"));
    assert_eq!(referers, [said("one"), None, said("secret-page"), None]);
}

#[test]
fn a_location_with_credentials_is_the_page_s_to_refuse() {
    let web = Web::answering(|request| match request.path() {
        "/start" => readable(Reply::new(302).header("Location", "http://user:pass@b.test/x")),
        _ => answer(request),
    });
    on(async {
        let agent = web.agent();
        let url = format!("{A}/start");
        let page = agent.page("http://app.test/").expect("a URL");
        let error = page.fetch(&url).await.expect_err("across origins, with credentials");
        assert!(matches!(ruling(&error), Ruling::Redirect(Redirect::CorsWithCredentials { .. })));
        assert!(!format!("{error:?}{error:#}").contains("pass"), "{error:?}");
        agent.fetch(&url).await.expect("no origin asks");
    });
    let seen = web.seen_by("http://b.test");
    assert_eq!(seen[0].header("Authorization").as_deref(), Some("Basic dXNlcjpwYXNz"));
}
