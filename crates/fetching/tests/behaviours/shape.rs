//! The shape of a fetch: its future is small and may move between threads.

use std::sync::Arc;

use sofetch_core::rulings::Fetched;
use sofetch_core::trace::Trace;
use sofetch_fetching::fetch::fetch;
use sofetch_fetching::fetch_params::{Callbacks, FetchController, FetchParams};
use sofetch_fetching::user_agent::UserAgent;

use crate::common::{A, OWN, World, from};

fn fetching() -> impl Future<Output = Fetched> + Send + 'static {
    let world = World::new([]);
    let request = Box::new(from(A, OWN));
    fetch(world.agent.clone(), request, Callbacks::default(), FetchController::new(), Trace::off())
}

#[test]
fn the_future_of_a_fetch_is_small() {
    let size = size_of_val(&fetching());
    println!("{size} bytes");
    assert!(size <= 4 * 1024, "{size} bytes");
}

#[test]
fn the_boxed_futures_inside_are_bounded_too() {
    let world = World::new([]);
    let mut params = params(&world);
    let main = size_of_val(&*sofetch_fetching::main_fetch::main_fetch(&mut params, false));
    println!("main fetch: {main} bytes");
    assert!(main <= 16 * 1024, "main fetch: {main} bytes");
}

fn params(world: &World) -> FetchParams {
    let request = Box::new(from(A, OWN));
    FetchParams::new(world.agent.clone(), request, Callbacks::default(), FetchController::new(), Trace::off())
}

#[test]
fn a_fetch_may_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send(&fetching());
    is_send_and_sync::<FetchController>();
    is_send_and_sync::<UserAgent>();
    is_send_and_sync::<Callbacks>();
    is_send_and_sync::<Arc<UserAgent>>();
    let world = World::new([sofetch_testkit::get(OWN).body("x")]);
    let response = world.fetch(from(A, OWN)).expect("a response");
    is_send(&response);
}
