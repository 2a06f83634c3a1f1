//! Pages and their policies: referrers, COEP, upgrades, HSTS, the keepalive quota, and their end.

use std::sync::{Arc, Mutex};

use sofetch::core::ports::{Report, Reports};
use sofetch::core::rules::content_security_policy::{Check, CspBlocking, Remedy};
use sofetch::core::rules::cross_origin_resource_policy::CrossOriginResourcePolicy;
use sofetch::core::rules::integrity_policy::{IntegrityPolicyBlocking, Missing};
use sofetch::{
    CredentialsMode, Destination, EmbedderPolicy, EmbedderPolicyValue, Mode, Origin, Reason, ReferrerPolicy,
    Request, ResponseType, Ruling, UserAgent,
};
use sofetch_testkit::loopback::{Ending, Reply, serve, serve_reply};

use crate::support::{Web, agent, on, readable, ruling};

#[test]
fn a_page_s_referrer_policy_is_its_requests() {
    let web = Web::new();
    let page_url = "http://a.test/dir/page?q#f";
    on(async {
        for (policy, same, cross) in [
            (ReferrerPolicy::Empty, Some(page_url), Some("http://a.test/")),
            (ReferrerPolicy::NoReferrer, None, None),
            (ReferrerPolicy::Origin, Some("http://a.test/"), Some("http://a.test/")),
            (ReferrerPolicy::SameOrigin, Some(page_url), None),
            (ReferrerPolicy::UnsafeUrl, Some(page_url), Some(page_url)),
            (ReferrerPolicy::OriginWhenCrossOrigin, Some(page_url), Some("http://a.test/")),
        ] {
            let builder = web.agent().page_builder(page_url);
            let page = builder.referrer_policy(policy).build().expect("a URL");
            for (url, expected) in [("http://a.test/x", same), ("http://b.test/x", cross)] {
                page.fetch(url).await.expect("readable");
                let said = web.plain.requests().pop().expect("it came").header("Referer");
                let expected = expected.map(|url| url.split('#').next().unwrap_or_default());
                assert_eq!(said.as_deref(), expected, "{policy:?} {url}");
            }
            // A request's own goes before it.
            page.fetch(Request::new("/x").referrer_policy(ReferrerPolicy::NoReferrer))
                .await
                .expect("an answer");
            assert_eq!(web.plain.requests().pop().expect("it came").header("Referer"), None);
        }
        // A redirect may change it.
        let page = web.agent().page(page_url).expect("a URL");
        let strict = serve(|_| {
            readable(Reply::new(302))
                .header("Referrer-Policy", "no-referrer")
                .header("Location", "http://b.test/strict")
        });
        page.fetch(strict.url("/")).await.expect("readable");
        assert_eq!(web.plain.requests().pop().expect("it came").header("Referer"), None);
    });
}

#[test]
fn an_embedder_policy_asks_for_a_resource_policy() {
    let bare = serve_reply(Reply::ok("x"));
    let open = serve_reply(Reply::ok("x").header("Cross-Origin-Resource-Policy", "cross-origin"));
    let closed = serve_reply(Reply::ok("x").header("Cross-Origin-Resource-Policy", "same-origin"));
    on(async {
        let agent = agent();
        let page = |value| {
            let policy = EmbedderPolicy { value, ..EmbedderPolicy::default() };
            agent.page_builder("http://app.test/").embedder_policy(policy).build().expect("a URL")
        };
        let fetch = async |value, url: String| {
            let request = Request::new(url).mode(Mode::NoCors).credentials(CredentialsMode::Include);
            page(value).fetch(request).await
        };
        use EmbedderPolicyValue::{Credentialless, RequireCorp, UnsafeNone};
        for (value, server, passes) in [
            (UnsafeNone, &bare, true),
            (RequireCorp, &bare, false),
            (RequireCorp, &open, true),
            (UnsafeNone, &closed, false),
            (Credentialless, &bare, true),
        ] {
            match fetch(value, server.url("/")).await {
                Ok(response) => {
                    assert!(passes, "{value:?}");
                    assert_eq!(response.response_type(), ResponseType::Opaque);
                }
                Err(error) => {
                    assert!(!passes, "{value:?}: {error:?}");
                    let Ruling::CrossOriginResourcePolicy(verdict) = ruling(&error) else {
                        panic!("{error:?}")
                    };
                    let _: &CrossOriginResourcePolicy = verdict;
                }
            }
        }
    });
}

#[test]
fn insecure_requests_are_upgraded_or_blocked() {
    let web = Web::new();
    on(async {
        let agent = web.agent();
        let upgrading =
            agent.page_builder("https://a.test/").upgrade_insecure_requests(true).build().expect("a URL");
        let response = upgrading.fetch("http://b.test/x").await.expect("upgraded");
        assert_eq!(response.url(), "https://b.test/x");
        let blocking = agent.page("https://a.test/").expect("a URL");
        let error = blocking.fetch("http://b.test/x").await.expect_err("mixed content");
        assert!(matches!(ruling(&error), Ruling::MixedContentRequest(_)), "{error:?}");
        // So is a frame in a secure page; and where a redirect leads.
        let framed =
            agent.page_builder("http://a.test/").top_level("https://c.test/").build().expect("a URL");
        assert!(matches!(
            ruling(&framed.fetch("http://b.test/x").await.expect_err("mixed content")),
            Ruling::MixedContentRequest(_)
        ));
        let led = crate::support::go("https://b.test", 302, "http://b.test/x");
        assert!(matches!(
            ruling(&blocking.fetch(led).await.expect_err("mixed content")),
            Ruling::MixedContentRequest(_)
        ));
        // This machine's own servers are trusted.
        let local = web.plain.url("/local");
        blocking.fetch(&local).await.expect("loopback is potentially trustworthy");
    });
    assert!(web.seen_by("http://b.test").is_empty());
}

#[derive(Default)]
struct Told(Mutex<Vec<Report>>);

impl Reports for Told {
    fn queue(&self, report: Report) {
        self.0.lock().expect("nobody panicked").push(report);
    }
}

#[test]
fn a_policy_says_whom_a_page_may_ask() {
    let web = Web::new();
    let told = Arc::new(Told::default());
    on(async {
        let agent = web.builder().reports(told.clone()).build().expect("a usable configuration");
        let builder = || agent.page_builder("http://a.test/page");
        let page =
            builder().csp("default-src 'none'; connect-src 'self' https://b.test").build().expect("a URL");
        page.fetch("/own").await.expect("itself");
        page.fetch("https://b.test/x").await.expect("listed");
        let error = page.fetch("http://b.test/x").await.expect_err("the scheme is another");
        let Ruling::CspBlocking(CspBlocking::Blocked { check: Check::Request, violations }) = ruling(&error)
        else {
            panic!("{error:?}")
        };
        assert_eq!(violations[0].violated_directive, "connect-src");
        assert_eq!(violations[0].remedy, Remedy::SourceExpression("http://b.test".to_owned()));
        let led = crate::support::go("http://a.test", 302, "http://b.test/x");
        let error = page.fetch(led).await.expect_err("where it leads");
        assert!(matches!(ruling(&error), Ruling::CspBlocking(_)), "{error:?}");
        // An element's request has its own directive.
        let image = Request::new("/x").destination(Destination::Image).mode(Mode::NoCors);
        let error = page.fetch(image).await.expect_err("no image");
        let Ruling::CspBlocking(CspBlocking::Blocked { violations, .. }) = ruling(&error) else {
            panic!("{error:?}")
        };
        assert_eq!(
            (&*violations[0].violated_directive, violations[0].effective_directive),
            ("default-src", "img-src")
        );
        let strict = builder().csp("script-src 'nonce-n'").build().expect("a URL");
        let script = || Request::new("/x").destination(Destination::Script);
        assert!(strict.fetch(script()).await.is_err());
        strict.fetch(script().nonce("n")).await.expect("its nonce");
        // One policy does not lift another, and a sandbox has still its URL for `'self'`.
        let both = builder().csp("connect-src *").csp("connect-src 'self'").origin(Origin::new_opaque());
        let both = both.build().expect("a URL");
        both.fetch("/opaque").await.expect("itself");
        assert!(both.fetch("http://c.test/x").await.is_err());
        // What is only reported passes, and nobody on the user's own behalf is asked.
        let reported = told.0.lock().expect("nobody panicked").len();
        assert_eq!(reported, 5, "one for each refusal");
        let watched = builder().csp_report_only("connect-src 'self'; report-to main").build().expect("a URL");
        watched.fetch("http://c.test/x").await.expect("only reported");
        agent.fetch("http://c.test/owner").await.expect("an answer");
    });
    assert!(web.seen_by("http://b.test").is_empty());
    let paths: Vec<String> =
        web.seen_by("http://c.test").iter().map(|request| request.path().to_owned()).collect();
    assert_eq!(paths, ["/x", "/owner"]);
    let reports = told.0.lock().expect("nobody panicked");
    let report = reports.last().expect("the watched one's");
    assert_eq!((reports.len(), report.kind, &*report.endpoint), (6, "csp-violation", "main"));
}

#[test]
fn a_policy_upgrades_and_one_that_is_only_reported_does_not() {
    let web = Web::new();
    on(async {
        let agent = web.agent();
        let upgrading =
            agent.page_builder("http://a.test/").csp("upgrade-insecure-requests; connect-src https:");
        let response = upgrading.build().expect("a URL").fetch("http://b.test/x").await.expect("upgraded");
        assert_eq!(response.url(), "https://b.test/x");
        let watched = agent.page_builder("http://a.test/").csp_report_only("upgrade-insecure-requests");
        let response = watched.build().expect("a URL").fetch("http://b.test/x").await.expect("as it is");
        assert_eq!(response.url(), "http://b.test/x");
    });
}

#[test]
fn an_integrity_policy_asks_for_integrity() {
    let web = Web::new();
    on(async {
        let agent = web.agent();
        let policy = "blocked-destinations=(script)";
        let page = agent.page_builder("http://a.test/").integrity_policy(policy).build().expect("a URL");
        let script = || Request::new("http://b.test/x").destination(Destination::Script);
        let error = page.fetch(script()).await.expect_err("no metadata");
        assert_eq!(
            ruling(&error),
            &Ruling::IntegrityPolicyBlocking(IntegrityPolicyBlocking::Blocked {
                destination: Destination::Script,
                missing: Missing::Metadata,
            })
        );
        let error = page.fetch(script().integrity("sha256-AAAA")).await.expect_err("another digest");
        assert!(matches!(ruling(&error), Ruling::Integrity(_)), "{error:?}");
        page.fetch("http://b.test/x").await.expect("no script");
        let watched = agent.page_builder("http://a.test/").integrity_policy_report_only(policy);
        watched.build().expect("a URL").fetch(script()).await.expect("only reported");
    });
}

#[test]
fn known_hsts_hosts_are_asked_over_https() {
    let web = Web::answering(|request| {
        let reply = readable(Reply::ok(""));
        match request.path() {
            "/set" => reply.header("Strict-Transport-Security", "max-age=1000; includeSubDomains"),
            "/forget" => reply.header("Strict-Transport-Security", "max-age=0"),
            _ => reply,
        }
    });
    on(async {
        let agent = web.agent();
        let scheme = async |url: &str| {
            let response = agent.fetch(url).await.expect(url);
            response.url().split(':').next().unwrap_or_default().to_owned()
        };
        // Plain HTTP sets nothing.
        assert_eq!(scheme("http://a.test/set").await, "http");
        assert_eq!(scheme("http://a.test/").await, "http");
        assert_eq!(scheme("https://a.test/set").await, "https");
        for (url, expected) in [
            ("http://a.test/", "https"),
            ("http://sub.a.test/", "https"),
            ("http://A.TEST/", "https"),
            ("http://b.test/", "http"),
            ("http://a.test/?after", "https"),
        ] {
            assert_eq!(scheme(url).await, expected, "{url}");
        }
        // Twenty at once are all upgraded.
        let fetches = (0..20).map(|n| {
            let agent = agent.clone();
            tokio::spawn(async move {
                let response = agent.fetch(format!("http://a.test/{n}")).await.expect("an answer");
                response.url().starts_with("https:")
            })
        });
        for fetch in fetches.collect::<Vec<_>>() {
            assert!(fetch.await.expect("no panic"));
        }
        // Another agent knows nothing of it; and what is forgotten is.
        assert!(web.agent().fetch("http://a.test/").await.expect("an answer").url().starts_with("http:"));
        assert_eq!(scheme("https://a.test/forget").await, "https");
        assert_eq!(scheme("http://a.test/").await, "http");
        let off = web.builder().hsts(None).build().expect("usable");
        off.fetch("https://a.test/set").await.expect("an answer");
        assert!(off.fetch("http://a.test/").await.expect("an answer").url().starts_with("http:"));
    });
}

#[test]
fn a_page_that_is_left_ends_its_fetches_but_those_kept_alive() {
    let server = serve(|request| match request.path() {
        "/half" => {
            Reply::new(200).header("Content-Length", "9").as_given().body("12345").ending(Ending::Hang)
        }
        "/kept" => Reply::ok("kept"),
        _ => Reply::hang(),
    });
    on(async {
        let agent = agent();
        let page = agent.page(&server.url("/")).expect("a URL");
        let mut half = page.fetch("/half").await.expect("a head");
        let mut kept = page.fetch(Request::new("/kept").keepalive(true)).await.expect("a head");
        let (fetched, ()) = tokio::join!(page.fetch("/"), async {
            server.until_requests(3).await;
            page.close();
        });
        let error = fetched.expect_err("left");
        assert!(error.is_aborted() && matches!(error.reason(), Some(Reason::Terminated)), "{error:?}");
        assert!(half.bytes().await.expect_err("left").is_aborted());
        assert_eq!(kept.text().await.expect("kept alive"), "kept");
        // Another page of the same agent goes on.
        let other = agent.page(&server.url("/")).expect("a URL");
        let mut half = other.fetch("/half").await.expect("a head");
        page.close();
        let mut body = half.body().expect("unread");
        assert_eq!(body.chunk().await.expect("a chunk").expect("a chunk"), "12345");
        // Dropped is not left: what was begun may be read.
        let kept = agent.page(&server.url("/")).expect("a URL").fetch("/kept").await;
        assert_eq!(kept.expect("a head").text().await.expect("text"), "kept");
    });
}

#[test]
fn kept_alive_bodies_have_a_quota() {
    let server =
        serve(|request| if request.path() == "/hang" { Reply::hang() } else { readable(Reply::ok("")) });
    on(async {
        let agent = agent();
        let page = agent.page(&server.url("/")).expect("a URL");
        let post = |path: &str, length: usize| {
            Request::new(path).method("POST").keepalive(true).body(vec![b'x'; length])
        };
        page.fetch(post("/", 64 * 1024)).await.expect("all of the quota");
        let error = page.fetch(post("/", 64 * 1024 + 1)).await.expect_err("a byte too much");
        assert!(matches!(ruling(&error), Ruling::KeepaliveQuota(_)), "{error:?}");
        // What is in flight counts.
        let flying = page.fetch(post("/hang", 40 * 1024));
        tokio::select! {
            biased;
            _ = flying => panic!("nobody answers"),
            () = async {
                server.until_requests(2).await;
                let error = page.fetch(post("/", 40 * 1024)).await.expect_err("together too much");
                assert!(matches!(ruling(&error), Ruling::KeepaliveQuota(_)), "{error:?}");
                page.fetch(post("/", 20 * 1024)).await.expect("together enough");
                // Another page has a quota of its own, and the owner none.
                let other = agent.page(&server.url("/")).expect("a URL");
                other.fetch(post("/", 40 * 1024)).await.expect("its own");
                agent.fetch(post(&server.url("/"), 100 * 1024)).await.expect("the owner's");
            } => {}
        }
        page.fetch(post("/", 40 * 1024)).await.expect("what ended counts no more");
    });
}

#[test]
fn an_opaque_origin_is_null() {
    let server = serve(|request| {
        let origin = request.header("Origin").unwrap_or_default();
        Reply::ok("").header("Access-Control-Allow-Origin", origin)
    });
    on(async {
        let builder = agent().page_builder(&server.url("/"));
        let page = builder.origin(Origin::new_opaque()).build().expect("a URL");
        let response = page.fetch("/x").await.expect("null is allowed");
        assert_eq!(response.response_type(), ResponseType::Cors);
        assert_eq!(server.requests()[0].header("Origin").as_deref(), Some("null"));
        let agent =
            UserAgent::builder().user_agent(None).accept_language(Some("fr")).build().expect("usable");
        agent.fetch(server.url("/")).await.expect("an answer");
    });
    let seen = &server.requests()[1];
    assert_eq!((seen.header("User-Agent"), seen.header("Accept-Language").as_deref()), (None, Some("fr")));
}

#[test]
fn a_page_may_not_fetch_from_a_bad_port() {
    on(async {
        let page = agent().page("http://app.test/").expect("a URL");
        let error = page.fetch("http://127.0.0.1:25/").await.expect_err("mail");
        assert!(matches!(ruling(&error), Ruling::PortBlocking(_)));
    });
}
