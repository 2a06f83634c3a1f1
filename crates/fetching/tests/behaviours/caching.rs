//! The HTTP cache as HTTP-network-or-cache fetch uses it: each cache mode over what is fresh, stale and in between.

use std::sync::Arc;

use sofetch_core::infrastructure::requests::{CacheMode, Mode, Request};
use sofetch_core::infrastructure::responses::CacheState;
use sofetch_core::ports::Freshness;
use sofetch_core::rules::response_filtering::shown_header_list;
use sofetch_testkit::{Executor, Scripted, ScriptedNetwork, VirtualClock, get, post};

use crate::common::{A, B, OWN, With, World, from, from_client, own, page, url};
use crate::ports::{Cache, Slow};

const ETAG: (&str, &str) = ("ETag", "\"1\"");
const MODIFIED: (&str, &str) = ("Last-Modified", "Tue, 14 Nov 2023 22:13:20 GMT");

fn cached(script: impl IntoIterator<Item = Scripted>) -> (World, Arc<Cache>) {
    let cache = Arc::new(Cache::new(&Slow::default()));
    let port = cache.clone();
    let world = World::with(script, |agent| agent.http_cache = Some(port));
    (world, cache)
}

/// The first answer, stored; it is told in no story.
fn stores(freshness: Freshness, then: impl IntoIterator<Item = Scripted>) -> (World, Arc<Cache>) {
    let first = get(OWN).headers(&[ETAG, MODIFIED]).header("X-Age", "old").body("stored");
    let (mut world, cache) = cached(std::iter::once(first).chain(then));
    assert_eq!(world.ok(from(A, OWN)).1, "stored");
    assert_eq!(cache.calls(), ["select https://a.test/x", "store https://a.test/x"]);
    cache.is(OWN, freshness);
    world.story = sofetch_testkit::Story::brief();
    (world, cache)
}

fn uses(
    name: &str,
    mode: CacheMode,
    freshness: Freshness,
    then: Vec<Scripted>,
    text: &str,
    state: CacheState,
) {
    let (world, _) = stores(freshness, then);
    let (response, got) = world.ok(from(A, OWN).cache(mode));
    assert_eq!((got.as_str(), response.internal().cache_state), (text, state), "{name}");
    world.tells(&format!("caching/{name}"));
}

#[test]
fn what_is_stored_is_used() {
    use CacheMode::{Default, ForceCache};
    use Freshness::{Fresh, Stale, StaleWhileRevalidate};
    uses("fresh", Default, Fresh, vec![], "stored", CacheState::Local);
    uses("force-cache-stale", ForceCache, Stale, vec![], "stored", CacheState::Local);
    uses(
        "force-cache-while-revalidate",
        ForceCache,
        StaleWhileRevalidate,
        vec![],
        "stored",
        CacheState::Local,
    );
}

#[test]
fn what_is_stale_is_validated() {
    let asks =
        || get(OWN).expects_header("If-None-Match", "\"1\"").expects_header("If-Modified-Since", MODIFIED.1);
    let (stale, default) = (Freshness::Stale, CacheMode::Default);
    let same = asks().replies(304).header("X-Age", "new");
    uses("stale-not-modified", default, stale, vec![same], "stored", CacheState::Validated);
    let other = asks().body("new");
    uses("stale-modified", default, stale, vec![other], "new", CacheState::Empty);
    let same = asks().expects_header("Cache-Control", "max-age=0").replies(304);
    let (no_cache, fresh) = (CacheMode::NoCache, Freshness::Fresh);
    uses("no-cache-not-modified", no_cache, fresh, vec![same], "stored", CacheState::Validated);
}

#[test]
fn a_validated_response_has_the_new_headers() {
    let (world, cache) = stores(Freshness::Stale, [get(OWN).replies(304).header("X-Age", "new")]);
    let (response, _) = world.ok(from(A, OWN));
    assert_eq!(response.status(), 200);
    assert_eq!(shown_header_list(&response).get("X-Age").as_deref(), Some(&b"new"[..]));
    assert_eq!(cache.calls(), ["select https://a.test/x", "freshen https://a.test/x"]);
    // And is fresh from then on.
    assert_eq!(world.ok(from(A, OWN)).0.internal().cache_state, CacheState::Local);
    world.network.assert_done();
}

#[test]
fn modes_that_pass_the_cache_by() {
    for (mode, stored, name) in [(CacheMode::Reload, true, "reload"), (CacheMode::NoStore, false, "no-store")]
    {
        let row = get(OWN)
            .expects_header("Cache-Control", "no-cache")
            .expects_header("Pragma", "no-cache")
            .expects_no_header("If-None-Match")
            .body("new");
        let (world, cache) = stores(Freshness::Fresh, [row]);
        assert_eq!(world.ok(from(A, OWN).cache(mode)).1, "new");
        let store: &[&str] = if stored { &["store https://a.test/x"] } else { &[] };
        assert_eq!(cache.calls(), store);
        world.tells(&format!("caching/{name}"));
    }
}

#[test]
fn cache_headers_of_the_pages_own_stay() {
    let (world, _) =
        cached([get(OWN).expects_header("Cache-Control", "max-age=9").expects_header("Pragma", "x")]);
    let request = from(A, OWN).cache(CacheMode::NoStore);
    world.ok(request.header("Cache-Control", "max-age=9").header("Pragma", "x"));
    let (world, _) = cached([get(OWN).expects_header("Cache-Control", "max-age=9")]);
    world.ok(from(A, OWN).cache(CacheMode::NoCache).header("Cache-Control", "max-age=9"));
}

#[test]
fn only_if_cached() {
    let request = || from(A, OWN).mode(Mode::SameOrigin).cache(CacheMode::OnlyIfCached);
    let (world, _) = stores(Freshness::Stale, []);
    assert_eq!(world.ok(request()).1, "stored");
    world.tells("caching/only-if-cached");
    let (world, _) = cached([]);
    world.err(request());
    world.tells("caching/only-if-cached-nothing");
    // Without a cache there is nothing either.
    let world = World::new([]);
    world.err(request());
}

#[test]
fn only_if_cached_without_a_partition_goes_to_the_network() {
    let (world, cache) = cached([get(OWN)]);
    let request = from(A, OWN).with(|request| {
        request.origin = Some(url(A).origin());
        request.client = None;
    });
    world.ok(request.cache(CacheMode::OnlyIfCached));
    assert!(cache.calls().is_empty());
    world.tells("caching/only-if-cached-without-a-partition");
}

#[test]
fn partitions_do_not_share() {
    let framed = |top: &str| {
        let mut client = page(A);
        client.top_level_origin = Some(url(top).origin());
        from_client(client, OWN)
    };
    let (world, _) = cached([get(OWN).body("one"), get(OWN).body("two")]);
    assert_eq!(world.ok(framed("https://one.test/")).1, "one");
    assert_eq!(world.ok(framed("https://two.test/")).1, "two");
    assert_eq!(world.ok(framed("https://one.test/")).1, "one");
    world.network.assert_done();
}

#[test]
fn the_users_own_cache_is_apart_from_pages() {
    let (world, _) = cached([get(OWN).body("own"), get(OWN).body("page's")]);
    assert_eq!(world.ok(own(OWN)).1, "own");
    assert_eq!(world.ok(from(OWN, OWN)).1, "page's");
    assert_eq!(world.ok(own(OWN)).1, "own");
    world.network.assert_done();
    world.tells("caching/own-partition");
}

#[test]
fn conditions_of_the_pages_own_switch_it_off() {
    for (name, value) in [
        ("If-Modified-Since", MODIFIED.1),
        ("If-None-Match", "\"1\""),
        ("If-Unmodified-Since", MODIFIED.1),
        ("If-Match", "\"1\""),
        ("If-Range", "\"1\""),
    ] {
        let (world, cache) = stores(Freshness::Fresh, [get(OWN).replies(304)]);
        assert_eq!(world.ok(from(A, OWN).header(name, value)).0.status(), 304);
        assert!(cache.calls().is_empty(), "{name}");
    }
    let (world, _) = stores(Freshness::Fresh, [get(OWN).replies(304)]);
    world.ok(from(A, OWN).header("If-None-Match", "\"1\""));
    world.tells("caching/own-conditions");
}

#[test]
fn stale_while_revalidate_answers_at_once_and_asks_behind() {
    let (world, cache) = stores(
        Freshness::StaleWhileRevalidate,
        [get(OWN).expects_header("If-None-Match", "\"1\"").expects_no_header("Cache-Control").body("new")],
    );
    let (response, text) = world.ok(from(A, OWN));
    assert_eq!((text.as_str(), response.internal().cache_state), ("stored", CacheState::Local));
    assert_eq!(world.executor.waiting_tasks(), 0);
    cache.is(OWN, Freshness::Fresh);
    assert_eq!(world.ok(from(A, OWN)).1, "new");
    world.tells("caching/stale-while-revalidate");
}

#[test]
fn stale_while_revalidate_without_anybodys_client_is_used_as_it_is() {
    let (world, cache) = stores(Freshness::StaleWhileRevalidate, []);
    let reserved = page(A);
    let request = from(A, OWN).with(|request| {
        request.origin = Some(url(A).origin());
        request.client = None;
        request.reserved_client = Some(Arc::new(reserved));
    });
    assert_eq!(world.ok(request).1, "stored");
    assert_eq!(cache.calls(), ["select https://a.test/x"]);
}

#[test]
fn a_revalidation_ends_with_its_page() {
    let clock = VirtualClock::new();
    let network = ScriptedNetwork::by(&clock, [get(OWN).body("stored"), get(OWN).hangs()]);
    let cache = Arc::new(Cache::new(&Slow::default()));
    let port = cache.clone();
    let world = World::on(network, &clock, &Slow::default(), |agent| agent.http_cache = Some(port));
    world.ok(from(A, OWN));
    cache.is(OWN, Freshness::StaleWhileRevalidate);
    let executor: &Executor = &world.executor;
    world.ok(from(A, OWN));
    assert_eq!(executor.waiting_tasks(), 1, "the revalidation hangs");
    world.agent.terminate_fetch_group(&page(A).id);
    executor.run_until_stalled();
    assert_eq!(executor.waiting_tasks(), 0);
    assert_eq!(world.network.sent()[1].fate, sofetch_testkit::Fate::Dropped);
}

#[test]
fn an_unsafe_method_invalidates() {
    let (world, cache) = stores(Freshness::Fresh, [post(OWN).replies(200), get(OWN).body("new")]);
    world.ok(from(A, OWN).method("POST"));
    assert_eq!(
        cache.calls(),
        ["select https://a.test/x", "invalidate https://a.test/x", "pass over https://a.test/x"]
    );
    assert_eq!(world.ok(from(A, OWN)).1, "new");
    world.network.assert_done();
}

#[test]
fn an_unsafe_method_that_fails_invalidates_nothing() {
    for status in [404, 500, 199 + 201] {
        let (world, _) = stores(Freshness::Fresh, [post(OWN).replies(status)]);
        world.ok(from(A, OWN).method("POST").cache(CacheMode::NoStore));
        assert_eq!(world.ok(from(A, OWN)).1, "stored");
    }
}

#[test]
fn a_redirect_is_judged_from_the_cache_as_from_the_network() {
    let (world, _) = cached([get(OWN).redirects(302, B), get(B), get(OWN).redirects(302, B)]);
    world.err(from(A, OWN));
    // The answer of B was stored, and is still not to be read.
    let error = world.err(from(A, OWN));
    assert_eq!(error.code(), "CorsCheck");
    world.tells("caching/cors-from-the-cache");
}

#[test]
fn a_body_is_stored_while_it_is_read() {
    let (world, _) = cached([get(OWN).chunks(["one ", "two"])]);
    let mut first = world.fetch(from(A, OWN)).unwrap();
    let mut second = world.fetch(from(A, OWN)).unwrap();
    assert_eq!(world.text(&mut first).unwrap(), "one two");
    assert_eq!(world.text(&mut second).unwrap(), "one two");
}

#[test]
fn a_range_marks_a_cached_response_too() {
    let (world, _) = stores(Freshness::Fresh, []);
    let request: Request = from(A, OWN).header("Range", "bytes=0-");
    assert!(world.ok(request).0.internal().range_requested);
}
