//! Fetches that are ended: aborted, terminated or dropped at every await, in the body, with their page; and what is kept alive.

use std::sync::Arc;

use sofetch_core::infrastructure::abort_reason::AbortReason;
use sofetch_core::infrastructure::requests::Request;
use sofetch_core::ports::{Freshness, HandledFetch};
use sofetch_core::rulings::Reason;
use sofetch_fetching::fetch_params::FetchController;
use sofetch_testkit::{Fate, Gate, Scripted, ScriptedNetwork, VirtualClock, get, options, post, put};

use crate::common::{A, ALLOW_A, B, OWN, With, World, from, own, page, why};
use crate::ports::{Asked, Cache, Cookies, Entries, Folder, Hsts, Override, Slow, Worker};

/// Where a fetch waits: a port by its name, or a row of the script that waits for the gate itself.
struct Await {
    name: &'static str,
    script: Vec<Scripted>,
    request: Request,
    /// What is fetched before, unhindered.
    before: Option<Request>,
}

fn at(name: &'static str, script: impl IntoIterator<Item = Scripted>, request: Request) -> Await {
    Await { name, script: script.into_iter().collect(), request, before: None }
}

fn awaits(gate: &Gate) -> Vec<Await> {
    let same = || from(A, OWN);
    let unsafely = || from(A, B).method("PUT");
    let granted = || options(B).replies(204).headers(&[ALLOW_A, ("Access-Control-Allow-Methods", "PUT")]);
    let asks = || get(OWN).replies(401).header("WWW-Authenticate", "Basic realm=r");
    // A cache that has its copy would hold the exchange.
    let unstored = |row: Scripted| row.header("Cache-Control", "no-store");
    let whole = |mut request: Request| {
        request.integrity_metadata = "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=".to_owned();
        request
    };
    vec![
        at("hsts-look-up", [get("http://b.test/")], from("http://b.test/", "http://b.test/")),
        at("override", [get(OWN)], same()),
        at("file", [], own("file:///x")),
        at("handle-fetch", [get(OWN)], same()),
        at("preflight-look-up", [granted(), put(B).headers(&[ALLOW_A])], unsafely()),
        at("preflight-connection", [granted().connects_behind(gate), put(B).headers(&[ALLOW_A])], unsafely()),
        at("preflight-head", [granted().behind(gate), put(B).headers(&[ALLOW_A])], unsafely()),
        at("preflight-remember", [granted(), put(B).headers(&[ALLOW_A])], unsafely()),
        at("cookie-header", [get(OWN)], same()),
        at("entry", [get(OWN)], same()),
        at("cache-select", [get(OWN)], same()),
        at("connection", [get(OWN).connects_behind(gate)], same()),
        at("head", [get(OWN).behind(gate)], same()),
        at("second-try", [get(OWN).fails_safely(closed()), get(OWN).behind(gate)], same()),
        at("set-cookie", [get(OWN).header("Set-Cookie", "a=b")], same()),
        at("hsts-note", [get(OWN).header("Strict-Transport-Security", "max-age=1")], same()),
        at("cache-store", [get(OWN)], same()),
        at("cache-invalidate", [post(OWN)], same().method("POST")),
        Await { before: Some(same()), ..at("cache-freshen", [get(OWN), get(OWN).replies(304)], same()) },
        at("prompt", [asks(), get("https://user:word@a.test/x")], same()),
        at("second-authentication", [asks(), get("https://user:word@a.test/x").behind(gate)], same()),
        at("entry-create", [asks(), unstored(get("https://user:word@a.test/x"))], same()),
        at("redirect", [get(OWN).redirects(302, "/y"), get("https://a.test/y").behind(gate)], same()),
        at("integrity", [unstored(get(OWN)).body("hel").gate(gate).body("lo")], whole(same())),
    ]
}

fn closed() -> sofetch_core::wire_faults::WireFault {
    sofetch_core::wire_faults::WireFault::Closed { reused: true, cause: None }
}

/// A world with every port, where the await of that name waits.
fn waiting(gate: &Gate, case: &Await) -> World {
    let slow = Slow::at(case.name, gate);
    let clock = VirtualClock::new();
    let network = ScriptedNetwork::by(&clock, case.script.clone());
    let cache = Arc::new(Cache::new(&slow));
    let port = cache.clone();
    let mut world = World::on(network, &clock, &slow, |agent| {
        agent.cookies = Some(Arc::new(Cookies::new(&slow)));
        agent.hsts = Some(Arc::new(Hsts::new(&slow)));
        agent.authentication_entries = Some(Arc::new(Entries::new(&slow)));
        agent.http_cache = Some(port);
        agent.prompt = Some(Arc::new(Asked::new(&slow, &[("user", "word")])));
        agent.service_workers = Some(Arc::new(Worker::new(&slow, |_| HandledFetch::None)));
        agent.override_fetch = Some(Arc::new(Override::new(&slow, |_| None)));
        agent.files = Some(Arc::new(Folder([("/x", "text")].into(), slow.clone())));
    });
    if let Some(request) = &case.before {
        world.ok(request.clone_without_body());
        cache.is(OWN, Freshness::Stale);
        world.story = sofetch_testkit::Story::brief();
    }
    world
}

fn each(test: impl Fn(&World, &Gate, Request, &'static str)) {
    let count = awaits(&Gate::new()).len();
    for index in 0..count {
        let gate = Gate::new();
        let case = awaits(&gate).swap_remove(index);
        let world = waiting(&gate, &case);
        test(&world, &gate, case.request, case.name);
    }
}

#[test]
fn aborted_at_every_await() {
    each(|world, gate, request, name| {
        let (started, controller) = world.start(request);
        assert!(gate.is_waited_for() && !started.is_ready(), "{name}");
        controller.abort(AbortReason::Other(Arc::new(name)));
        world.executor.run_until_stalled();
        let error = started.take().expect("an end").expect_err("an abort");
        let Reason::Aborted(AbortReason::Other(reason)) = error.reason() else {
            panic!("{name}: {}", why(&error))
        };
        assert_eq!(reason.downcast_ref::<&str>(), Some(&name));
        assert_eq!(world.executor.waiting_tasks(), 0, "{name}");
        assert!(world.network.sent().iter().all(|sent| sent.fate != Fate::Open), "{name}");
        sofetch_testkit::check_story!(world.story, &format!("ends/aborted-at-{name}"));
    });
}

#[test]
fn terminated_at_every_await() {
    each(|world, _, request, name| {
        let (started, controller) = world.start(request);
        controller.terminate();
        world.executor.run_until_stalled();
        let error = started.take().expect("an end").expect_err("a termination");
        assert!(matches!(error.reason(), Reason::Terminated), "{name}: {}", why(&error));
        assert!(!error.is_aborted());
    });
}

#[test]
fn every_await_goes_on_when_its_gate_opens() {
    each(|world, gate, request, name| {
        let (started, _) = world.start(request);
        assert!(!started.is_ready(), "{name}");
        gate.open();
        world.executor.run_until_stalled();
        let mut response =
            started.take().expect("an end").unwrap_or_else(|error| panic!("{name}: {error:?}"));
        world.read(&mut response).expect("a body");
        world.network.assert_done();
    });
}

#[test]
fn dropped_at_every_await() {
    each(|world, _, request, name| {
        {
            let controller = FetchController::new();
            let mut fetching = Box::pin(sofetch_fetching::fetch::fetch(
                world.agent.clone(),
                Box::new(request),
                Default::default(),
                controller,
                world.story.trace(),
            ));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(fetching.as_mut().poll(&mut context).is_pending(), "{name}");
        }
        assert!(world.network.sent().iter().all(|sent| sent.fate != Fate::Open), "{name}");
    });
}

#[test]
fn aborted_before_it_began() {
    let world = World::new([]);
    let controller = FetchController::new();
    controller.abort(AbortReason::TimeoutError);
    let fetching = sofetch_fetching::fetch::fetch(
        world.agent.clone(),
        Box::new(from(A, OWN)),
        Default::default(),
        controller,
        world.story.trace(),
    );
    let error = world.executor.run(fetching).expect_err("an abort");
    assert_eq!(error.code(), "timed-out");
    world.tells("ends/aborted-before");
}

#[test]
fn the_first_end_counts() {
    let controller = FetchController::new();
    controller.terminate();
    controller.abort(AbortReason::AbortError);
    assert!(!controller.appropriate_network_error().expect("an end").is_aborted());
    let controller = FetchController::new();
    controller.abort(AbortReason::AbortError);
    controller.abort(AbortReason::TimeoutError);
    controller.terminate();
    assert_eq!(controller.appropriate_network_error().expect("an end").code(), "aborted");
}

#[test]
fn a_body_is_aborted_while_it_is_awaited() {
    let gate = Gate::new();
    let world = World::new([get(OWN).body("hel").gate(&gate).body("lo")]);
    let (started, controller) = world.start(from(A, OWN));
    let mut response = started.take().expect("a head").expect("a response");
    let mut body = response.internal_mut().body.take().expect("a body");
    let read = world.executor.start(async move {
        let first = body.chunk().await;
        (first, body.chunk().await, body.chunk().await)
    });
    world.executor.run_until_stalled();
    assert!(gate.is_waited_for() && !read.is_ready());
    controller.abort(AbortReason::TimeoutError);
    world.executor.run_until_stalled();
    let (first, second, third) = read.take().expect("an end");
    assert_eq!(first.expect("a chunk").expect("bytes"), "hel");
    assert!(matches!(
        second.expect("no end").expect_err("an abort").aborted,
        Some(AbortReason::TimeoutError)
    ));
    assert!(third.expect("no end").is_err());
    assert_eq!(world.network.sent()[0].fate, Fate::Dropped);
    world.tells("ends/body-aborted");
}

#[test]
fn a_body_is_terminated_between_two_chunks() {
    let world = World::new([get(OWN).chunks(["hel", "lo"])]);
    let (started, controller) = world.start(from(A, OWN));
    let mut response = started.take().expect("a head").expect("a response");
    let body = response.internal_mut().body.as_mut().expect("a body");
    assert_eq!(world.executor.run(body.chunk()).expect("a chunk").expect("bytes"), "hel");
    controller.terminate();
    let error = world.executor.run(body.chunk()).expect("no end").expect_err("a termination");
    assert!(error.aborted.is_none());
    assert_eq!(world.network.sent()[0].fate, Fate::Dropped);
    world.tells("ends/body-terminated");
}

#[test]
fn an_abort_after_the_end_changes_nothing() {
    let world = World::new([get(OWN).body("hello")]);
    let (started, controller) = world.start(from(A, OWN));
    let mut response = started.take().expect("a head").expect("a response");
    assert_eq!(world.text(&mut response).expect("a body"), "hello");
    controller.abort(AbortReason::AbortError);
    assert_eq!(world.text(&mut response).expect("its end"), "");
}

#[test]
fn a_body_that_is_dropped_lets_go() {
    let world = World::new([get(OWN).chunks(["hel", "lo"])]);
    drop(world.fetch(from(A, OWN)).expect("a response"));
    assert_eq!(world.network.sent()[0].fate, Fate::Dropped);
}

#[test]
fn a_page_that_goes_takes_its_fetches_along() {
    let world = World::new([get(OWN).hangs(), get(OWN).body("x"), get(B).headers(&[ALLOW_A]).hangs()]);
    let (waiting, _) = world.start(from(A, OWN));
    let (reading, _) = world.start(from(A, OWN));
    let mut response = reading.take().expect("a head").expect("a response");
    let (others, _) = world.start(crate::common::from_client(page("https://a.test/another"), B));
    world.agent.terminate_fetch_group(&page(A).id);
    world.executor.run_until_stalled();
    let error = waiting.take().expect("an end").expect_err("a termination");
    assert!(matches!(error.reason(), Reason::Terminated));
    world.read(&mut response).expect_err("so does a body");
    assert!(!others.is_ready(), "another page's goes on");
}

#[test]
fn what_is_kept_alive_outlives_its_page() {
    let gate = Gate::new();
    let world = World::new([post(OWN).behind(&gate).body("kept")]);
    let request = from(A, OWN).method("POST").body("four").with(|request| request.keepalive = true);
    let (started, _) = world.start(request);
    world.agent.terminate_fetch_group(&page(A).id);
    gate.open();
    world.executor.run_until_stalled();
    let mut response = started.take().expect("a head").expect("a response");
    assert_eq!(world.text(&mut response).expect("a body"), "kept");
    world.tells("ends/kept-alive");
}

fn kept_alive(bytes: usize) -> Request {
    from(A, OWN).method("POST").with(|request| {
        request.keepalive = true;
        let body = bytes::Bytes::from(vec![b'x'; bytes]);
        request.body = Some(sofetch_core::infrastructure::bodies::Body::from_bytes(body));
    })
}

const QUOTA: usize = 64 * 1024;

#[test]
fn the_quota_is_whole_for_one() {
    let world = World::new([post(OWN)]);
    world.ok(kept_alive(QUOTA));
    assert_eq!(world.err(kept_alive(QUOTA + 1)).code(), "KeepaliveQuota");
    world.tells("ends/quota");
}

#[test]
fn the_quota_is_shared_until_a_fetch_is_done() {
    let world = World::new([post(OWN).body("x").times(4)]);
    let first = world.fetch(kept_alive(40_000)).expect("a response");
    assert_eq!(world.err(kept_alive(30_000)).code(), "KeepaliveQuota");
    // A body dropped unread is done as well.
    drop(first);
    let mut second = world.fetch(kept_alive(30_000)).expect("a response");
    assert_eq!(world.err(kept_alive(40_000)).code(), "KeepaliveQuota");
    // So is one that was read.
    world.read(&mut second).expect("a body");
    world.fetch(kept_alive(40_000)).expect("a response");
    world.ok(from(A, OWN).method("POST").with(|request| request.keepalive = true));
    world.tells("ends/quota-shared");
}

#[test]
fn the_quota_is_each_pages_own() {
    let world = World::new([post(OWN).body("x").times(2)]);
    let _first = world.fetch(kept_alive(QUOTA)).expect("a response");
    let request = crate::common::from_client(page("https://a.test/another"), OWN);
    let other = kept_alive(QUOTA);
    let request = request.method("POST").with(|request| {
        request.keepalive = true;
        request.body = other.body;
    });
    world.fetch(request).expect("a response");
}

#[test]
fn a_fetch_that_fails_is_done() {
    let world = World::new([post(OWN).fails(closed()), post(OWN)]);
    world.err(kept_alive(QUOTA));
    world.ok(kept_alive(QUOTA));
}

#[test]
fn a_redirect_does_not_count_twice() {
    let world = World::new([post(OWN).redirects(307, "/y"), post("https://a.test/y")]);
    world.ok(kept_alive(QUOTA));
}
