//! What is reported of times and sizes once the body has ended, and to whom it is opaque.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sofetch_core::infrastructure::requests::{CredentialsMode, Mode, Request};
use sofetch_core::infrastructure::responses::CacheState;
use sofetch_core::infrastructure::timing::{ServiceWorkerTimingInfo, Timestamp};
use sofetch_core::ports::HandledFetch;
use sofetch_core::wire_faults::PeerMisbehaved;
use sofetch_fetching::fetch_params::{Callbacks, ReportedTiming};
use sofetch_testkit::clock::START;
use sofetch_testkit::{get, options, put};

use crate::common::{A, ALLOW_A, B, C, OWN, With, World, answered, from, from_client, own, page};
use crate::ports::{Slow, Worker};

const MS: Duration = Duration::from_millis(1);

fn reports(world: &World, request: Request) -> Vec<ReportedTiming> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    let callbacks = Callbacks {
        process_response_end_of_body: Some(Box::new(move |timing| tell.lock().unwrap().push(timing))),
        ..Callbacks::default()
    };
    if let Ok(mut response) = world.fetch_with(request, callbacks) {
        let _ = world.read(&mut response);
    }
    let mut told = told.lock().unwrap();
    std::mem::take(&mut told)
}

fn report(world: &World, request: Request) -> ReportedTiming {
    let reported = reports(world, request);
    let [report] = &reported[..] else { panic!("{} reports", reported.len()) };
    report.clone()
}

fn after(milliseconds: u64) -> Timestamp {
    Timestamp(START.0 + milliseconds * 1_000_000)
}

#[test]
fn the_times_of_a_fetch() {
    let world = World::new([get(OWN)
        .header("Content-Type", "text/html;charset=x")
        .header("Server-Timing", "db;dur=5, cache")
        .connects_after(10 * MS)
        .after(20 * MS)
        .interim(103, &[])
        .body("hel")
        .pause(30 * MS)
        .body("lo")]);
    let report = report(&world, from(A, OWN));
    let times = &report.timing_info;
    assert_eq!((times.start_time, times.post_redirect_start_time), (after(0), after(0)));
    assert_eq!(times.redirect_start_time, Timestamp(0));
    assert_eq!(times.final_network_request_start_time, after(10));
    assert_eq!(times.first_interim_network_response_start_time, after(30));
    assert_eq!(times.final_network_response_start_time, after(30));
    assert_eq!(times.end_time, after(60));
    let connection = times.final_connection_timing_info.as_ref().expect("a connection");
    assert_eq!(
        (connection.connection_start_time, &connection.alpn_negotiated_protocol[..]),
        (after(10), &b"http/1.1"[..])
    );
    assert_eq!(times.server_timing_headers, ["db;dur=5", "cache"]);
    assert_eq!((report.body_info.encoded_size, report.body_info.decoded_size), (5, 5));
    assert_eq!(report.body_info.content_type, "text/html");
    assert_eq!((report.response_status, report.cache_state), (200, CacheState::Empty));
    assert!(report.timing_allow_passed && report.is_to_be_marked);
}

#[test]
fn clocks_are_coarse_unless_the_page_is_isolated() {
    for (isolated, nanoseconds) in [(false, 200_000), (true, 260_000)] {
        let world = World::new([get(OWN).after(Duration::from_nanos(264_321))]);
        let mut client = page(A);
        client.cross_origin_isolated_capability = isolated;
        let report = report(&world, from_client(client, OWN));
        let since = report.timing_info.final_network_response_start_time.since(START);
        assert_eq!(since, Duration::from_nanos(nanoseconds));
    }
}

#[test]
fn a_reused_connection_shows_none_of_its_times() {
    let world = World::new([get(OWN).times(2)]);
    report(&world, from(A, OWN));
    world.clock.advance(MS);
    let report = report(&world, from(A, OWN));
    let connection = report.timing_info.final_connection_timing_info.expect("a connection");
    assert_eq!((connection.connection_start_time, connection.domain_lookup_start_time), (after(1), after(1)));
}

#[test]
fn redirects_have_times_of_their_own() {
    let world = World::new([
        get(OWN).redirects(302, "/y").after(10 * MS),
        get("https://a.test/y").redirects(302, "/z").after(10 * MS),
        get("https://a.test/z").after(10 * MS),
    ]);
    let times = report(&world, from(A, OWN)).timing_info;
    assert_eq!((times.start_time, times.redirect_start_time), (after(0), after(0)));
    assert_eq!((times.redirect_end_time, times.post_redirect_start_time), (after(20), after(20)));
    assert_eq!(times.final_network_response_start_time, after(30));
}

#[test]
fn another_origin_shows_its_times_only_if_it_says_so() {
    for (said, passes) in [
        (None, false),
        (Some("*"), true),
        (Some("https://a.test"), true),
        (Some("https://c.test, https://a.test"), true),
        (Some("https://c.test"), false),
        (Some("null"), false),
    ] {
        let row = get(B).headers(&[ALLOW_A]).after(10 * MS).body("four");
        let row = match said {
            Some(said) => row.header("Timing-Allow-Origin", said),
            None => row,
        };
        let world = World::new([row]);
        let report = report(&world, from(A, B));
        if said == Some("https://a.test") {
            world.tells("timing/allowed-by-name");
        }
        assert_eq!(report.timing_allow_passed, passes, "{said:?}");
        let times = &report.timing_info;
        let shown = times.final_network_response_start_time == after(10);
        assert_eq!((shown, times.final_connection_timing_info.is_some()), (passes, passes), "{said:?}");
        assert_eq!(times.start_time, after(0));
        // What a script may read it may also weigh.
        assert_eq!((report.body_info.decoded_size, report.response_status), (4, 200));
    }
}

#[test]
fn row_63_an_opaque_response_tells_nothing_of_itself() {
    let world = World::new([get(B)
        .after(10 * MS)
        .header("Server-Timing", "secret;dur=1")
        .header("Content-Type", "text/html")
        .body("secret length")]);
    let report = report(&world, from(A, B).mode(Mode::NoCors));
    assert_eq!(report.body_info, Default::default());
    assert_eq!(report.response_status, 0);
    assert!(!report.timing_allow_passed);
    let opaque = sofetch_core::infrastructure::timing::FetchTimingInfo {
        start_time: after(0),
        post_redirect_start_time: after(0),
        end_time: after(10),
        ..Default::default()
    };
    assert_eq!(report.timing_info, opaque);
}

#[test]
fn row_63_one_redirect_without_leave_hides_them_all() {
    let world = World::new([
        get(B).headers(&[ALLOW_A]).redirects(302, C),
        get(C).header("Access-Control-Allow-Origin", "*").header("Timing-Allow-Origin", "*"),
    ]);
    let report = report(&world, from(A, B));
    assert!(!report.timing_allow_passed);
    let times = report.timing_info;
    assert_eq!((times.redirect_start_time, times.redirect_end_time), (Timestamp(0), Timestamp(0)));
}

#[test]
fn a_preflight_counts_for_nothing() {
    let world = World::new([
        options(B).replies(204).headers(&[ALLOW_A, ("Access-Control-Allow-Methods", "PUT")]).after(10 * MS),
        put(B).headers(&[ALLOW_A, ("Timing-Allow-Origin", "*")]).after(5 * MS),
    ]);
    let times = report(&world, from(A, B).method("PUT")).timing_info;
    assert_eq!((times.start_time, times.final_network_request_start_time), (after(0), after(10)));
    assert_eq!(times.final_network_response_start_time, after(15));
}

#[test]
fn a_network_error_is_opaque() {
    let world = World::new([get(B).after(10 * MS)]);
    let report = report(&world, from(A, B));
    assert_eq!((report.timing_info.start_time, report.timing_info.end_time), (after(0), after(10)));
    assert_eq!((report.response_status, report.timing_allow_passed), (0, false));
}

#[test]
fn a_body_that_breaks_off_has_no_end() {
    let world = World::new([get(OWN).body("x").body_fails(PeerMisbehaved::Truncated)]);
    assert!(reports(&world, from(A, OWN)).is_empty());
}

#[test]
fn no_body_has_its_end_at_once() {
    let world = World::new([get(OWN).replies(204).after(10 * MS)]);
    assert_eq!(report(&world, from(A, OWN)).timing_info.end_time, after(10));
}

#[test]
fn content_types_are_minimized() {
    for (said, minimized) in [
        ("text/javascript;charset=x", "text/javascript"),
        ("text/x-secret", "text/x-secret"),
        ("image/png", "image/png"),
        ("image/x-secret", ""),
        ("audio/ogg", "audio/ogg"),
        ("video/webm", "video/webm"),
        ("font/woff2", "font/woff2"),
        ("application/wasm", "application/wasm"),
        ("application/x-secret", ""),
        ("secret/png", ""),
        ("nonsense", ""),
    ] {
        let world = World::new([get(OWN).header("Content-Type", said)]);
        assert_eq!(report(&world, from(A, OWN)).body_info.content_type, minimized, "{said}");
    }
}

#[test]
fn what_is_not_to_be_marked() {
    let world = World::new([get(OWN)]);
    assert!(!report(&world, from(A, "data:,x")).is_to_be_marked);
    assert!(!report(&world, from(A, OWN).with(|request| request.initiator_type = None)).is_to_be_marked);
}

#[test]
fn server_timing_is_for_secure_contexts() {
    let world = World::new([get("http://b.test/").header("Server-Timing", "x")]);
    let report = report(&world, from("http://b.test/", "http://b.test/"));
    assert!(report.timing_info.server_timing_headers.is_empty());
}

#[test]
fn a_worker_has_times_too() {
    let worker = ServiceWorkerTimingInfo { start_time: Timestamp(5), ..Default::default() };
    let given = worker.clone();
    let world = World::with([], |agent| {
        agent.service_workers = Some(Arc::new(Worker::new(&Slow::default(), move |_| {
            let mut response = answered(200, &[], "x");
            response.internal_mut().service_worker_timing_info = Some(given.clone());
            HandledFetch::Response(Ok(response))
        })));
    });
    let times = report(&world, from(A, OWN)).timing_info;
    assert_eq!(times.final_service_worker_start_time, after(0));
    assert_eq!(times.service_worker_timing_info, Some(worker));
    assert!(times.final_connection_timing_info.is_none());
}

#[test]
fn the_users_own_fetch_hides_no_times() {
    let world = World::new([get(B).redirects(302, C).after(MS), get(C).after(MS).body("four")]);
    let report = report(&world, own(B).credentials(CredentialsMode::Omit));
    assert!(report.timing_allow_passed);
    assert_eq!(report.timing_info.final_network_response_start_time, after(2));
    assert_eq!((report.response_status, report.body_info.decoded_size), (200, 4));
}
