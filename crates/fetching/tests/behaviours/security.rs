//! Rows of the field's security history, through the whole path: each test bears the number of its row.
//!
//! Longer than most files because the rows share their table of elsewheres. What belongs to one algorithm alone stands
//! with it: 63 in `timing.rs`, 75, 84 to 86 and 99 in `wire.rs`.

use std::collections::HashMap;
use std::sync::Arc;

use sofetch_core::infrastructure::clients::Client;
use sofetch_core::infrastructure::requests::{CredentialsMode, Mode, ReferrerPolicy, Request};
use sofetch_core::infrastructure::responses::Response;
use sofetch_core::ports::HandledFetch;
use sofetch_core::rules::response_filtering::shown_header_list;
use sofetch_fetching::user_agent::UserAgent;
use sofetch_testkit::{ScriptedNetwork, Sent, VirtualClock, get, on};

use crate::common::{
    A, ALLOW_A, B, OWN, With, World, answered, from, from_client, own, page, page_with, url,
};
use crate::ports::{Cache, Cookies, Entries, Hsts, Override, Slow, Worker};

const START: &str = "https://a.test/start";
/// Other host, other port, other scheme, a subdomain, a superdomain.
const ELSEWHERE: [&str; 5] = [
    "https://b.test/end",
    "https://a.test:8443/end",
    "http://a.test/end",
    "https://sub.a.test/end",
    "https://test/end",
];
const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

/// What the last URL saw of a request that was redirected there.
fn at_the_end(
    request: &dyn Fn() -> Request,
    hops: &[&'static str],
    status: u16,
    change: &dyn Fn(&mut UserAgent),
) -> Sent {
    let method = request().method.to_string();
    let mut from = request().current_url().href().to_owned();
    let mut script = Vec::new();
    for to in hops {
        script.push(on(&method, &from).redirects(status, *to));
        from = (*to).to_owned();
    }
    script.push(on(&method, &from));
    let world = World::with(script, |agent| change(agent));
    world.ok(request());
    world.network.sent().pop().expect("a request")
}

fn everywhere(request: impl Fn() -> Request, check: impl Fn(&Sent, &str)) {
    for to in ELSEWHERE {
        for status in STATUSES {
            check(&at_the_end(&request, &[to], status, &|_| {}), &format!("{status} to {to}"));
        }
    }
}

fn lacks(names: &'static [&'static str]) -> impl Fn(&Sent, &str) {
    move |sent, row| {
        for name in names {
            assert_eq!(sent.header(name), None, "{name}: {row}");
        }
    }
}

fn by_hand() -> Request {
    own(START)
        .header("Cookie", "a=b")
        .header("Authorization", "Bearer t")
        .header("Proxy-Authorization", "Basic x")
        .header("Host", "a.test")
        .header("X-Kept", "1")
}

#[test]
fn rows_1_2_6_and_7_headers_set_by_hand_do_not_cross_origins() {
    everywhere(by_hand, lacks(&["Cookie", "Authorization", "Proxy-Authorization", "Host"]));
    everywhere(by_hand, |sent, row| assert_eq!(sent.header("X-Kept").as_deref(), Some("1"), "{row}"));
}

#[test]
fn row_4_every_way_into_the_engine_strips() {
    // A page, whose guards let Authorization alone through; with it comes a preflight, which never carries it.
    let allows =
        [("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Headers", "authorization, x-one")];
    for to in ["https://b.test/end", "https://a.test:8443/end", "https://sub.a.test/end"] {
        for status in STATUSES {
            let world = World::new([
                get(START).expects_header("Authorization", "Bearer t").redirects(status, to),
                on("OPTIONS", to).replies(204).headers(&allows).expects_no_header("Authorization"),
                get(to).expects_no_header("Authorization").expects_header("X-One", "1").headers(&allows),
            ]);
            world.ok(from(A, START).header("Authorization", "Bearer t").header("X-One", "1"));
            world.network.assert_done();
        }
    }
    // A revalidation behind a stale answer.
    let cache = Arc::new(Cache::new(&Slow::default()));
    let port = cache.clone();
    let world = World::with(
        [
            get(START).body("stored"),
            get(START).expects_header("Authorization", "Bearer t").redirects(302, "https://b.test/end"),
            get("https://b.test/end").expects_no_header("Authorization"),
        ],
        |agent| agent.http_cache = Some(port),
    );
    world.ok(own(START));
    cache.is(START, sofetch_core::ports::Freshness::StaleWhileRevalidate);
    assert_eq!(world.ok(by_hand()).1, "stored");
    world.network.assert_done();
}

#[test]
fn row_5_authorization_is_not_restored_on_the_way_home() {
    for status in STATUSES {
        let hops = ["https://b.test/middle", "https://a.test/end"];
        let sent = at_the_end(&by_hand, &hops, status, &|_| {});
        lacks(&["Cookie", "Authorization", "Proxy-Authorization"])(&sent, "home again");
    }
}

#[test]
fn row_8_a_fall_to_http_strips() {
    let sent = at_the_end(&by_hand, &["http://a.test/end"], 302, &|_| {});
    lacks(&["Cookie", "Authorization", "Proxy-Authorization"])(&sent, "http");
    // And a rise to https as well: the scheme is part of the origin.
    let up = || {
        let mut request = by_hand();
        request.set_current_url(url("http://a.test/start"));
        request
    };
    lacks(&["Cookie", "Authorization"])(&at_the_end(&up, &["https://a.test/end"], 302, &|_| {}), "https");
}

#[test]
fn row_9_names_are_matched_in_any_case() {
    everywhere(
        || {
            own(START)
                .header("pRoXy-AuThOrIzAtIoN", "Basic x")
                .header("COOKIE", "a=b")
                .header("authorization", "t")
        },
        lacks(&["Proxy-Authorization", "Cookie", "Authorization"]),
    );
}

#[test]
fn rows_11_and_14_sensitive_headers_stay_with_their_origin() {
    let change = |agent: &mut UserAgent| {
        agent.settings.sensitive_headers = vec!["x-api-key".to_owned(), "x-token".to_owned()].into();
    };
    let request = || own(START).header("X-API-Key", "k").header("X-Token", "t").header("X-Kept", "1");
    for to in ELSEWHERE {
        let sent = at_the_end(&request, &[to], 302, &change);
        lacks(&["X-API-Key", "X-Token"])(&sent, to);
        assert!(sent.header("X-Kept").is_some());
    }
    let sent = at_the_end(&request, &["https://a.test/end"], 302, &change);
    assert_eq!(sent.header("X-API-Key").as_deref(), Some("k"), "the own origin keeps them");
    // As the Standard has it, a page's own headers other than Authorization go along.
    let sent = at_the_end(&request, &["https://b.test/end"], 302, &|_| {});
    assert_eq!(sent.header("X-API-Key").as_deref(), Some("k"));
}

#[test]
fn row_12_headers_are_stripped_however_they_were_put_together() {
    type Built = fn(&mut Request);
    let built: [Built; 4] = [
        |request| request.header_list.append("Authorization", "one"),
        |request| {
            request.header_list.append("Authorization", "one");
            request.header_list.append("authorization", "two");
        },
        |request| request.header_list.set("Authorization", "one"),
        |request| {
            request.header_list.append("Authorization", "one");
            request.header_list.combine("AUTHORIZATION", "two");
        },
    ];
    for build in built {
        everywhere(|| own(START).with(build), lacks(&["Authorization"]));
    }
}

#[test]
fn row_13_proxy_authorization_does_not_cross_hosts() {
    everywhere(|| own(START).header("Proxy-Authorization", "Basic x"), lacks(&["Proxy-Authorization"]));
}

#[test]
fn rows_15_and_16_another_port_or_scheme_is_another_origin() {
    for to in ["https://a.test:8443/end", "http://a.test/end", "http://a.test:443/end"] {
        for status in STATUSES {
            lacks(&["Cookie", "Authorization"])(&at_the_end(&by_hand, &[to], status, &|_| {}), to);
        }
    }
}

#[test]
fn row_17_credentials_are_bound_to_their_origin() {
    // From the URL.
    everywhere(|| own("https://user:word@a.test/start"), lacks(&["Authorization"]));
    // From the store of entries, and from that of cookies.
    let change = |agent: &mut UserAgent| {
        let slow = Slow::default();
        agent.authentication_entries =
            Some(Arc::new(Entries::new(&slow).with("https://a.test", "Basic entry")));
        agent.cookies = Some(Arc::new(Cookies::new(&slow).with("a.test", "of=a")));
    };
    for to in ELSEWHERE {
        lacks(&["Authorization"])(&at_the_end(&|| own(START), &[to], 302, &change), to);
    }
    for to in ["https://b.test/end", "https://sub.a.test/end"] {
        lacks(&["Cookie"])(&at_the_end(&|| own(START), &[to], 302, &change), to);
    }
    // A page that brings its credentials along brings each host its own.
    let allows = [("Access-Control-Allow-Credentials", "true")];
    let world = World::with(
        [
            get(START).expects_header("Authorization", "Basic entry").redirects(302, B),
            get(B)
                .expects_no_header("Authorization")
                .expects_no_header("Cookie")
                .headers(&allows)
                .headers(&[ALLOW_A]),
        ],
        |agent| change(agent),
    );
    world.ok(from(A, START).credentials(CredentialsMode::Include));
}

#[test]
fn row_27_no_referrer_has_a_password_or_a_fragment() {
    for policy in ReferrerPolicy::ALL {
        for to in [OWN, B, "http://b.test/x"] {
            let mut client: Client = page_with("https://user:word@a.test/page#secret", |policies| {
                policies.referrer_policy = *policy
            });
            client.restricts_mixed_content = false;
            let world = World::new([get(to).headers(&[ALLOW_A])]);
            world.ok(from_client(client, to));
            let referrer = world.network.sent()[0].header("Referer").unwrap_or_default();
            for secret in ["user", "word", "secret", "#", "@"] {
                assert!(!referrer.contains(secret), "{policy:?} to {to}: {referrer}");
            }
        }
    }
}

fn plain(to: &str) -> Request {
    from("http://c.test/", to).mode(Mode::NoCors)
}

fn remembers_hsts(agent: &mut UserAgent) {
    agent.hsts = Some(Arc::new(Hsts::new(&Slow::default())));
}

const STS: (&str, &str) = ("Strict-Transport-Security", "max-age=60");

#[test]
fn row_42_hsts_holds_for_each_request_after_it() {
    let world = World::with([get(B).headers(&[STS]), get(B).times(2)], remembers_hsts);
    world.ok(plain(B));
    world.ok(plain("http://b.test/x"));
    world.ok(own("http://b.test/x"));
    world.network.assert_done();
}

#[test]
fn row_42_hsts_holds_for_twenty_at_once() {
    let clock = VirtualClock::new();
    let network = ScriptedNetwork::in_any_order(&clock, [get(B).headers(&[STS]), get(B).times(20)]);
    let world = World::on(network, &clock, &Slow::default(), remembers_hsts);
    world.ok(plain(B));
    let started: Vec<_> = (0..20).map(|_| world.start(plain("http://b.test/x")).0).collect();
    world.executor.run_until_stalled();
    assert!(started.into_iter().all(|fetch| fetch.take().is_some_and(|fetched| fetched.is_ok())));
    assert!(world.network.lines().iter().all(|line| line == "GET https://b.test/x"));
    world.network.assert_done();
}

#[test]
fn row_61_a_part_of_an_opaque_whole_shows_no_size() {
    let world = World::new([get(B)
        .replies(206)
        .headers(&[("Content-Range", "bytes 0-0/12345"), ("Content-Length", "1")])
        .body("x")]);
    let (response, _) = world.ok(from(A, B).mode(Mode::NoCors).header("Range", "bytes=0-0"));
    assert!(shown_header_list(&response).is_empty());
    assert_eq!((response.status(), response.internal().range_requested), (0, true));
    world.tells("security/row-61-range");
}

#[test]
fn row_61_a_worker_cannot_pass_a_part_off_as_the_whole() {
    let part = |status| {
        move |_: Request| {
            let mut response = answered(status, &[("Content-Range", "bytes 0-0/12345")], "x");
            response.internal_mut().range_requested = true;
            response.internal_mut().url_list = vec![url(B)];
            HandledFetch::Response(Ok(
                response.filtered(sofetch_core::infrastructure::responses::Filter::Opaque)
            ))
        }
    };
    for status in [206, 416] {
        let world = World::with([], |agent| {
            agent.service_workers = Some(Arc::new(Worker::new(&Slow::default(), part(status))));
        });
        world.err(from(A, B).mode(Mode::NoCors));
        world.tells(&format!("security/row-61-worker-{status}"));
        world.ok(from(A, B).mode(Mode::NoCors).header("Range", "bytes=0-0"));
    }
}

#[test]
fn row_61_a_part_that_nobody_asked_for_is_the_servers_own() {
    let world = World::new([get(B).replies(206)]);
    world.ok(from(A, B).mode(Mode::NoCors));
    world.tells("security/row-61-unasked");
}

#[test]
fn row_62_every_route_of_a_response_passes_the_filter() {
    const HEADERS: [(&str, &str); 3] = [("Set-Cookie", "a=b"), ("X-Secret", "1"), ("Content-Type", "text/x")];
    let secret = || answered(200, &HEADERS, "secret");
    let cache = || Arc::new(Cache::new(&Slow::default()));
    type Route = (&'static str, World, usize);
    let routes: Vec<Route> = vec![
        ("the network", World::new([get(B).headers(&HEADERS).body("secret")]), 0),
        ("a redirect", World::new([get(B).redirects(302, B), get(B).headers(&HEADERS).body("secret")]), 0),
        (
            "the cache",
            World::with([get(B).headers(&HEADERS).body("secret")], |agent| agent.http_cache = Some(cache())),
            1,
        ),
        (
            "a worker",
            World::with([], |agent| {
                let worker = move |_: Request| HandledFetch::Response(Ok(secret()));
                agent.service_workers = Some(Arc::new(Worker::new(&Slow::default(), worker)));
            }),
            0,
        ),
        (
            "an override",
            World::with([], |agent| {
                agent.override_fetch =
                    Some(Arc::new(Override::new(&Slow::default(), move |_| Some(Ok(secret())))));
            }),
            0,
        ),
    ];
    let shows_nothing = |route: &str, response: &mut Response| {
        assert!(shown_header_list(response).is_empty(), "{route}");
        assert!(response.body_mut().is_none(), "{route}");
        assert_eq!(
            (response.status(), response.status_message(), response.url_list().len()),
            (0, &b""[..], 0)
        );
    };
    for (route, world, before) in routes {
        for _ in 0..before {
            world.ok(from(A, B).mode(Mode::NoCors));
        }
        let mut response = world.fetch(from(A, B).mode(Mode::NoCors)).expect("a response");
        shows_nothing(route, &mut response);
        shows_nothing(route, &mut response.clone_response());
        world.network.assert_done();
    }
}

#[test]
fn row_83_no_scheme_goes_round_the_guard() {
    // The network panics if it is asked: what stays in the process never reaches it.
    for to in ["data:text/plain,x", "about:blank"] {
        World::new([]).ok(own(to));
    }
    for to in [
        "file:///etc/passwd",
        "ftp://b.test/",
        "gopher://b.test/",
        "javascript:x",
        "x-unknown:x",
        "ws://b.test/",
        "view-source:https://b.test/",
        "blob:https://b.test/none",
    ] {
        World::new([]).err(own(to));
        World::new([]).err(from_client(page(A), to).mode(Mode::NoCors));
    }
    // Nor does a redirect leave HTTP.
    for to in ["data:,x", "about:blank", "file:///etc/passwd", "ftp://b.test/", "blob:https://a.test/none"] {
        for request in [own(OWN), from(A, OWN)] {
            let world = World::with([get(OWN).redirects(302, to)], |agent| {
                agent.files = Some(Arc::new(crate::ports::Folder(HashMap::new(), Slow::default())));
            });
            assert_eq!(world.err(request).code(), "Redirect", "{to}");
        }
    }
}
