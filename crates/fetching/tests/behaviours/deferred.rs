//! What is fetched later: when its time has come, when its page ends, or never; and how much may wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use sofetch_core::infrastructure::abort_reason::AbortReason;
use sofetch_core::infrastructure::bodies::Body;
use sofetch_core::infrastructure::clients::Global;
use sofetch_core::infrastructure::content_security_policies::Disposition;
use sofetch_core::infrastructure::requests::Request;
use sofetch_core::ports::HandledFetch;
use sofetch_core::rulings::{NetworkError, Reason, Ruling};
use sofetch_fetching::deferred_fetching::{Deferred, DeferredFetchRecord, InvokeState};
use sofetch_fetching::fetch_later::fetch_later;
use sofetch_fetching::fetch_params::{Callbacks, FetchController};
use sofetch_fetching::user_agent::NO_CLIENT;
use sofetch_testkit::{Gate, get, options, post};

use crate::common::{A, ALLOW_A, B, C, OWN, With, World, from, from_client, own, page, page_with};
use crate::ports::{Slow, Worker};

const SECOND: Duration = Duration::from_secs(1);

/// How many were told that they were sent.
type Told = Arc<AtomicUsize>;

fn later_when(
    world: &World,
    request: Request,
    after: Option<Duration>,
    is_fully_active: bool,
) -> Result<(Arc<DeferredFetchRecord>, Told), NetworkError> {
    let told = Told::default();
    let counted = told.clone();
    let deferred = Deferred {
        request: Box::new(request),
        notify_invoked: Box::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        }),
        callbacks: Callbacks::default(),
        time_limit: Some(SECOND * 60),
        controller: FetchController::new(),
        trace: world.story.trace(),
    };
    let record = fetch_later(&world.agent, deferred, after, is_fully_active)?;
    world.executor.run_until_stalled();
    Ok((record, told))
}

fn later(world: &World, request: Request, after: Option<Duration>) -> (Arc<DeferredFetchRecord>, Told) {
    later_when(world, request, after, true).expect("room for it")
}

fn leave(world: &World) -> usize {
    let under_way = world.agent.terminate_fetch_group(&page(A).id).len();
    world.executor.run_until_stalled();
    under_way
}

fn times(told: &Told) -> usize {
    told.load(Ordering::Relaxed)
}

fn sized(to: &str, bytes: usize) -> Request {
    from(A, to)
        .method("POST")
        .with(|request| request.body = Some(Body::from_bytes(Bytes::from(vec![b'x'; bytes]))))
}

/// Without what counts beside the body.
const ROOM: usize = 64 * 1024 - B.len();

#[test]
fn what_waits_is_sent_with_the_end_of_its_page() {
    let world = World::new([post(B).headers(&[ALLOW_A]).body("unread")]);
    let (record, told) = later(&world, from(A, B).method("POST").body("x"), None);
    assert_eq!(
        (record.invoke_state(), times(&told), world.network.sent().len()),
        (InvokeState::Pending, 0, 0)
    );
    assert_eq!(leave(&world), 1);
    assert_eq!((record.invoke_state(), times(&told)), (InvokeState::Sent, 1));
    world.executor.run(record.done());
    // It is sent once.
    assert_eq!(leave(&world), 0);
    world.tells("deferred/sent-with-the-end-of-the-page");
}

#[test]
fn what_waits_is_sent_when_its_time_has_come() {
    let world = World::new([get(B).headers(&[ALLOW_A])]);
    let (record, told) = later(&world, from(A, B), Some(SECOND));
    world.executor.pass(SECOND / 2);
    assert_eq!((record.invoke_state(), times(&told)), (InvokeState::Pending, 0));
    world.executor.pass(SECOND);
    assert_eq!((record.invoke_state(), times(&told)), (InvokeState::Sent, 1));
    assert_eq!(leave(&world), 0);
    world.tells("deferred/sent-in-time");
}

#[test]
fn the_end_of_the_page_ends_the_waiting() {
    let world = World::new([get(B).headers(&[ALLOW_A])]);
    let (_, told) = later(&world, from(A, B), Some(SECOND));
    leave(&world);
    assert_eq!((times(&told), world.clock.sleepers(), world.executor.waiting_tasks()), (1, 0, 0));
    world.network.assert_done();
}

#[test]
fn a_page_that_is_forgotten_has_ended() {
    let world = World::new([get(OWN).hangs(), get(B).headers(&[ALLOW_A])]);
    let (fetching, _) = world.start(from(A, OWN));
    let (record, _) = later(&world, from(A, B), None);
    world.agent.forget_fetch_group(&page(A).id);
    world.executor.run_until_stalled();
    assert_eq!(record.invoke_state(), InvokeState::Sent);
    assert!(!fetching.is_ready(), "what it fetches goes on");
    world.network.assert_done();
}

#[test]
fn what_was_sent_outlives_its_page() {
    let gate = Gate::new();
    let world = World::new([post(OWN).behind(&gate)]);
    let (record, _) = later(&world, from(A, OWN).method("POST").body("x"), Some(Duration::ZERO));
    assert!(gate.is_waited_for());
    assert_eq!(leave(&world), 1, "it is still under way");
    let mut done = Box::pin(record.done());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(done.as_mut().poll(&mut context).is_pending());
    gate.open();
    world.executor.run_until_stalled();
    assert!(done.as_mut().poll(&mut context).is_ready());
    world.network.assert_done();
}

#[test]
fn what_was_sent_may_take_so_long() {
    let world = World::new([get(B).hangs()]);
    let (record, _) = later(&world, from(A, B), None);
    leave(&world);
    world.executor.pass(SECOND * 60);
    world.executor.run(record.done());
    assert_eq!((world.clock.sleepers(), world.executor.waiting_tasks()), (0, 0));
    world.tells("deferred/timed-out");
}

#[test]
fn what_is_aborted_is_never_sent() {
    let world = World::new([]);
    let (record, told) = later(&world, from(A, B), Some(SECOND));
    record.abort(AbortReason::AbortError);
    world.executor.pass(SECOND * 2);
    assert_eq!(leave(&world), 0);
    assert_eq!((record.invoke_state(), times(&told)), (InvokeState::Aborted, 0));
    assert_eq!((world.clock.sleepers(), world.executor.waiting_tasks()), (0, 0));
    world.executor.run(record.done());
    world.tells("deferred/aborted");
}

#[test]
fn what_was_sent_is_aborted_no_more() {
    let world = World::new([get(B).headers(&[ALLOW_A])]);
    let (record, _) = later(&world, from(A, B), None);
    leave(&world);
    record.abort(AbortReason::AbortError);
    assert_eq!(record.invoke_state(), InvokeState::Sent);
}

#[test]
fn refused_at_once() {
    let world = World::new([]);
    let worker = || {
        let mut client = page(A);
        client.global = Global::Worker { service_worker: false };
        client
    };
    let stream = || from(A, B).method("POST").stream(&["x"]);
    for (row, request, is_fully_active, expected) in [
        ("left", from(A, B), false, "NotFullyActive"),
        ("a worker", from_client(worker(), B), true, "NotFullyActive"),
        ("another scheme", from(A, "data:,x"), true, "SchemeRefused"),
        ("plain HTTP", from(A, "http://b.test/"), true, "NotPotentiallyTrustworthy"),
        ("a stream", stream(), true, "BodyWithoutLength"),
        ("too long", sized(B, ROOM + 1), true, "QuotaExceeded"),
    ] {
        let Err(error) = later_when(&world, request, None, is_fully_active) else {
            panic!("{row}: deferred")
        };
        let Reason::Ruling(Ruling::DeferredFetch(verdict)) = error.reason() else { panic!("{row}: {error}") };
        assert!(format!("{verdict:?}").starts_with(expected), "{row}: {verdict:?}");
    }
    assert_eq!(leave(&world), 0);
    world.tells("deferred/refused");
}

fn exceeded(world: &World, request: Request) -> (u64, u64) {
    let Err(error) = later_when(world, request, None, true) else { panic!("there was room") };
    let Reason::Ruling(Ruling::DeferredFetch(verdict)) = error.reason() else { panic!("{error}") };
    let sofetch_core::rules::deferred_fetching::DeferredFetch::QuotaExceeded { quota, requested } = verdict
    else {
        panic!("{verdict:?}")
    };
    (*quota, *requested)
}

#[test]
fn the_quota_is_that_of_what_waits() {
    let answered = |to: &'static str| post(to).headers(&[ALLOW_A]);
    let world = World::new([answered(B), answered(C), answered(B)]);
    let (first, _) = later(&world, sized(B, ROOM), None);
    // The same origin's is used up, another's is not.
    assert_eq!(exceeded(&world, from(A, B)), (0, B.len() as u64));
    later(&world, sized(C, ROOM), None);
    // What was aborted waits no more, nor what was sent.
    first.abort(AbortReason::AbortError);
    later(&world, sized(B, ROOM), Some(SECOND));
    exceeded(&world, from(A, B));
    world.executor.pass(SECOND);
    later(&world, sized(B, ROOM), None);
    leave(&world);
    world.network.assert_done();
}

#[test]
fn each_page_has_its_own_quota() {
    let world = World::new([]);
    later(&world, sized(B, ROOM), None);
    let mut request = sized(B, ROOM);
    request.client = Some(Arc::new(page("https://a.test/another")));
    later(&world, request, None);
}

#[test]
fn what_was_let_in_is_not_measured_again() {
    // The quota of what is kept alive is smaller.
    let world = World::new([post(B).headers(&[ALLOW_A]), post(C).headers(&[ALLOW_A])]);
    later(&world, sized(B, ROOM), None);
    later(&world, sized(C, ROOM), None);
    leave(&world);
    world.tells("deferred/both-of-two-long-ones");
}

#[test]
fn policies_judge_when_it_is_sent() {
    let world = World::new([]);
    let client = page_with(A, |policies| {
        policies.csp_list.deliver("connect-src 'self'", Disposition::Enforce);
    });
    let (record, told) = later(&world, from_client(client, B), None);
    leave(&world);
    assert_eq!((record.invoke_state(), times(&told)), (InvokeState::Sent, 1));
    world.tells("deferred/refused-by-csp");
}

#[test]
fn it_asks_first_where_a_fetch_would() {
    let world = World::new([options(B).replies(204)]);
    later(&world, from(A, B).method("PUT"), None);
    leave(&world);
    world.tells("deferred/preflight");
}

#[test]
fn no_service_worker_sees_it() {
    let clock = sofetch_testkit::VirtualClock::new();
    let network = sofetch_testkit::ScriptedNetwork::by(&clock, [get(OWN)]);
    let slow = Slow::default();
    let world = World::on(network, &clock, &slow, |agent| {
        agent.service_workers =
            Some(Arc::new(Worker::new(&slow, |_| -> HandledFetch { panic!("it was asked") })));
    });
    later(&world, from(A, OWN), None);
    leave(&world);
    world.network.assert_done();
}

#[test]
fn on_the_users_own_behalf() {
    let world = World::new([get("http://b.test/")]);
    let (record, _) = later(&world, own("http://b.test/"), None);
    assert_eq!(leave(&world), 0, "no page's end is that of the user's");
    assert_eq!(record.invoke_state(), InvokeState::Pending);
    world.agent.terminate_fetch_group(NO_CLIENT);
    world.executor.run_until_stalled();
    world.tells("deferred/own");
}

#[test]
fn an_agent_that_is_gone_sends_nothing() {
    let world = World::new([]);
    let (record, _) = later(&world, from(A, B), None);
    drop(world.agent);
    world.executor.run_until_stalled();
    assert_eq!(record.invoke_state(), InvokeState::Pending);
}
