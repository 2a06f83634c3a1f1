//! What sofetch's tests stand on: no socket, no sleep, no chance, and a printed tree to compare.
//!
//! - [`clock`]: time that passes when the test says so.
//! - [`executor`]: one thread, first come first served; a stall is a panic that says who waits.
//! - [`random`]: the same numbers each time.
//! - [`gate`]: what a scripted answer waits for.
//! - [`script`], [`scripted_network`]: the Network port from a list of expectations and answers.
//! - [`story`](mod@story): the trace as an indented tree, kept in files (`UPDATE_STORIES=1` rewrites them).
//! - [`loopback`]: several origins on 127.0.0.1, for the tests that do need sockets; [`web_socket`]: what they say over a WebSocket;
//!   [`http2`]: the same over HTTP/2.
//!
//! All of it fails by panicking: it serves tests alone.

pub mod clock;
pub mod executor;
pub mod gate;
pub mod http2;
pub mod loopback;
pub mod random;
pub mod script;
mod scripted_exchange;
pub mod scripted_network;
pub mod story;
pub mod web_socket;

pub use clock::VirtualClock;
pub use executor::{Executor, Started, run};
pub use gate::Gate;
pub use random::SeededRandom;
pub use script::{Scripted, delete, get, head, on, options, patch, post, put};
pub use scripted_network::{Fate, ScriptedNetwork, Sent};
pub use story::{Story, story};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock that outlives a panicking test's hold of it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
