//! Service workers before the network, and the door for overrides before everything.

use std::sync::Arc;

use sofetch_core::infrastructure::requests::{Destination, Mode, RedirectMode, Request, ServiceWorkersMode};
use sofetch_core::infrastructure::responses::{Filter, ResponseType};
use sofetch_core::infrastructure::timing::{ServiceWorkerTimingInfo, Timestamp};
use sofetch_core::ports::HandledFetch;
use sofetch_core::rulings::{NetworkError, Reason};
use sofetch_fetching::user_agent::UserAgent;
use sofetch_testkit::{get, post};

use crate::common::{A, ALLOW_A, B, C, OWN, With, World, answered, from, url};
use crate::ports::{Override, Slow, Worker};

fn worker(handler: impl Fn(Request) -> HandledFetch + Send + Sync + 'static) -> impl FnOnce(&mut UserAgent) {
    move |agent| agent.service_workers = Some(Arc::new(Worker::new(&Slow::default(), handler)))
}

fn answers(
    response: impl Fn() -> sofetch_core::infrastructure::responses::Response + Send + Sync + 'static,
) -> impl FnOnce(&mut UserAgent) {
    worker(move |_| HandledFetch::Response(Ok(response())))
}

#[test]
fn a_worker_answers() {
    let world = World::with([], answers(|| answered(200, &[("X-By", "worker")], "from the worker")));
    let (response, text) = world.ok(from(A, OWN));
    assert_eq!((response.response_type(), text.as_str()), (ResponseType::Basic, "from the worker"));
    assert_eq!(response.url_list().len(), 1);
    world.tells("workers/answers");
}

#[test]
fn a_worker_answers_across_origins_without_a_cors_check() {
    let world = World::with([], answers(|| answered(200, &[], "x")));
    assert_eq!(world.ok(from(A, B)).0.response_type(), ResponseType::Cors);
    world.tells("workers/answers-cors");
}

#[test]
fn a_worker_spares_the_preflight() {
    let world = World::with([], answers(|| answered(200, &[], "x")));
    world.ok(from(A, B).method("PUT").body("four"));
    world.tells("workers/spares-the-preflight");
}

#[test]
fn a_worker_that_does_not_want_to() {
    let timing = ServiceWorkerTimingInfo { start_time: Timestamp(7), ..Default::default() };
    let world = World::with(
        [get(OWN).times(2)],
        worker(move |request| match request.header_list.contains("X-Timing") {
            true => HandledFetch::TimingInfo(timing.clone()),
            false => HandledFetch::None,
        }),
    );
    world.ok(from(A, OWN));
    world.ok(from(A, OWN).header("X-Timing", "1"));
    world.tells("workers/passes");
}

#[test]
fn some_requests_never_reach_a_worker() {
    let world = World::with([get(OWN).times(3)], worker(|_| panic!("a worker was asked")));
    world.ok(from(A, OWN).with(|request| request.service_workers_mode = ServiceWorkersMode::None));
    world.ok(from(A, OWN).mode(Mode::NoCors).destination(Destination::Object));
    world.ok(from(A, OWN).mode(Mode::SameOrigin).destination(Destination::ServiceWorker));
    world.network.assert_done();
}

#[test]
fn a_redirect_of_the_network_is_not_shown_to_a_worker() {
    let world = World::with(
        [get(OWN).redirects(302, "/next"), get("https://a.test/next")],
        worker(|request| {
            assert_eq!(request.current_url().href(), OWN);
            HandledFetch::None
        }),
    );
    world.ok(from(A, OWN));
    world.tells("workers/redirect-of-the-network");
}

#[test]
fn a_redirect_of_the_worker_is_shown_to_it_again() {
    let world = World::with(
        [],
        worker(|request| {
            let first = request.current_url().href() == OWN;
            let mut response = match first {
                true => answered(302, &[("Location", "/next")], ""),
                false => answered(200, &[], "there"),
            };
            response.internal_mut().url_list = vec![request.current_url().clone()];
            HandledFetch::Response(Ok(response))
        }),
    );
    assert_eq!(world.ok(from(A, OWN)).1, "there");
    world.tells("workers/redirect-of-the-worker");
}

#[test]
fn a_redirect_of_the_worker_sends_the_body_again() {
    let world = World::with(
        [post("https://a.test/next").expects_body("four")],
        worker(|request| match request.current_url().href() == OWN {
            true => HandledFetch::Response(Ok(answered(307, &[("Location", "https://a.test/next")], ""))),
            false => HandledFetch::None,
        }),
    );
    world.ok(from(A, OWN).method("POST").body("four"));
    world.tells("workers/redirect-with-a-body");
}

#[test]
fn a_redirect_of_the_worker_cannot_send_a_stream_again() {
    let redirects = || answered(307, &[("Location", "https://a.test/next")], "");
    let world = World::with([], answers(redirects));
    world.err(from(A, OWN).method("POST").stream(&["four"]));
    world.tells("workers/redirect-with-a-stream");
}

#[test]
fn a_worker_reads_the_body() {
    let world = World::with(
        [post(OWN).expects_body("four")],
        worker(|mut request| {
            let body = request.body.as_mut().expect("a body");
            assert_eq!(&sofetch_testkit::run(body.read_all(None)).expect("bytes")[..], b"four");
            HandledFetch::None
        }),
    );
    world.ok(from(A, OWN).method("POST").body("four"));
}

#[test]
fn a_worker_answers_with_an_error() {
    let world = World::with([], worker(|_| HandledFetch::Response(Err(NetworkError::new(Reason::Answered)))));
    world.err(from(A, OWN));
    world.tells("workers/refused-error");
}

fn refused(name: &str, filter: Filter, request: Request) {
    let world = World::with([], answers(move || answered(200, &[], "x").filtered(filter)));
    world.err(request);
    world.tells(&format!("workers/refused-{name}"));
}

#[test]
fn the_gate() {
    refused("cors-for-same-origin", Filter::Cors, from(A, OWN).mode(Mode::SameOrigin));
    refused("opaque-for-cors", Filter::Opaque, from(A, B));
    refused("opaque-redirect-for-follow", Filter::OpaqueRedirect, from(A, OWN));
    let world = World::with(
        [],
        answers(|| {
            let mut response = answered(200, &[], "x");
            response.internal_mut().url_list = vec![url(OWN), url("https://a.test/next")];
            response
        }),
    );
    world.err(from(A, OWN).redirect(RedirectMode::Error));
    world.tells("workers/refused-redirected");
}

#[test]
fn the_gate_lets_pass_what_the_network_could_have_given() {
    let passes = |filter: Filter, request: Request| {
        let world = World::with([], answers(move || answered(200, &[], "x").filtered(filter)));
        world.ok(request).0.response_type()
    };
    assert_eq!(passes(Filter::Opaque, from(A, B).mode(Mode::NoCors)), ResponseType::Opaque);
    assert_eq!(passes(Filter::Cors, from(A, OWN)), ResponseType::Cors);
    let manual = from(A, OWN).redirect(RedirectMode::Manual);
    assert_eq!(passes(Filter::OpaqueRedirect, manual), ResponseType::OpaqueRedirect);
}

#[test]
fn an_opaque_answer_must_be_embeddable() {
    let world = World::with(
        [],
        answers(|| {
            let mut response = answered(200, &[("Cross-Origin-Resource-Policy", "same-origin")], "x");
            response.internal_mut().url_list = vec![url(C)];
            response.filtered(Filter::Opaque)
        }),
    );
    world.err(from(A, B).mode(Mode::NoCors));
    world.tells("workers/refused-corp");
}

#[test]
fn an_opaque_answer_of_the_own_origin_is_its_own() {
    let world = World::with(
        [],
        answers(|| {
            let mut response = answered(200, &[("Cross-Origin-Resource-Policy", "same-origin")], "x");
            response.internal_mut().url_list = vec![url(OWN)];
            response.filtered(Filter::Opaque)
        }),
    );
    world.ok(from(A, B).mode(Mode::NoCors));
    world.tells("workers/corp-same-origin");
}

fn overrides(
    door: impl Fn(&Request) -> Option<sofetch_core::rulings::Fetched> + Send + Sync + 'static,
) -> impl FnOnce(&mut UserAgent) {
    move |agent| agent.override_fetch = Some(Arc::new(Override::new(&Slow::default(), door)))
}

#[test]
fn an_override_answers() {
    let door =
        |request: &Request| (request.current_url().path() == "/x").then(|| Ok(answered(200, &[], "a mock")));
    let world = World::with([get("https://a.test/real").body("real")], overrides(door));
    assert_eq!(world.ok(from(A, OWN)).1, "a mock");
    assert_eq!(world.ok(from(A, "https://a.test/real")).1, "real");
    world.tells("workers/override");
}

#[test]
fn an_override_refuses() {
    let world = World::with([], overrides(|_| Some(Err(NetworkError::new(Reason::Answered)))));
    assert_eq!(world.err(from(A, OWN)).code(), "answered");
    world.tells("workers/override-refuses");
}

#[test]
fn an_override_may_meet_the_end_of_a_redirect() {
    let door = |request: &Request| {
        (request.current_url().hostname() == "b.test").then(|| Ok(answered(200, &[], "shim")))
    };
    let world = World::with([get(OWN).redirects(302, B).headers(&[ALLOW_A])], overrides(door));
    assert_eq!(world.ok(from(A, OWN)).1, "shim");
    world.tells("workers/override-after-redirect");
}
