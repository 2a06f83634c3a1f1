//! The task that drives an HTTP/2 connection, and how far it is: what h2 does not tell, and who shares the connection must know.
//!
//! Two things are waited for: the server's SETTINGS, which say whether it takes WebSockets, and that bytes which a stream was given have left for the
//! socket, without which a goodbye could be lost with its stream.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// What is noticed of a connection's bytes, by the socket that they go through.
#[derive(Default)]
pub(crate) struct Noticed {
    /// Did a response bear a request's pseudo-header? Then the connection is ended.
    pub(crate) request_pseudo_headers: AtomicBool,
    /// Did the server say what it can do?
    pub(crate) settings_came: AtomicBool,
    /// Has all that was written left?
    pub(crate) flushed: AtomicBool,
}

/// How far the driver is.
pub(crate) struct Progress {
    noticed: Arc<Noticed>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How often a stream was given something, and how much of that has left.
    given: u64,
    left: u64,
    has_settings: bool,
    ended: bool,
    driver: Option<Waker>,
    waiters: Vec<Waker>,
}

impl Progress {
    pub(crate) fn new(noticed: Arc<Noticed>) -> Progress {
        Progress { noticed, state: Mutex::default() }
    }

    /// Drives the connection to its end. Dropped, it has ended, too.
    pub(crate) async fn drive<E>(&self, connection: impl Future<Output = Result<(), E>>) {
        let _driven = Driven(self);
        let mut connection = pin!(connection);
        // Its end ends the streams too, each with its own error.
        let _ = poll_fn(|context| {
            let given = self.begins(context);
            let polled = connection.as_mut().poll(context);
            self.went(given);
            polled
        })
        .await;
    }

    fn begins(&self, context: &Context<'_>) -> u64 {
        let mut state = self.state();
        match &mut state.driver {
            Some(driver) => driver.clone_from(context.waker()),
            None => state.driver = Some(context.waker().clone()),
        }
        state.given
    }

    /// NB: what was given while it went may not have been seen.
    fn went(&self, given: u64) {
        if !self.noticed.flushed.load(Ordering::Acquire) {
            return;
        }
        let mut state = self.state();
        // NB: h2 heeds SETTINGS as it answers them, and the answer has left.
        let has_settings = self.noticed.settings_came.load(Ordering::Acquire);
        if state.left == given && state.has_settings == has_settings {
            return;
        }
        (state.left, state.has_settings) = (given, has_settings);
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        waiters.into_iter().for_each(Waker::wake);
    }

    /// A stream was given something: which one it was.
    pub(crate) fn given(&self) -> u64 {
        let mut state = self.state();
        state.given += 1;
        state.given
    }

    /// Ready once that one has left; false where it never will.
    pub(crate) fn poll_left(&self, which: u64, context: &Context<'_>) -> Poll<bool> {
        let mut state = self.state();
        if state.left >= which {
            return Poll::Ready(true);
        }
        if state.ended {
            return Poll::Ready(false);
        }
        state.wait(context);
        // It may have looked before this was given.
        let driver = state.driver.clone();
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
        Poll::Pending
    }

    /// Ready once the server said what it can do; false where it never will.
    pub(crate) fn poll_settings(&self, context: &Context<'_>) -> Poll<bool> {
        let mut state = self.state();
        if state.has_settings || state.ended {
            return Poll::Ready(state.has_settings);
        }
        state.wait(context);
        Poll::Pending
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.state().ended
    }

    /// Did a response bear a request's pseudo-header?
    pub(crate) fn had_request_pseudo_headers(&self) -> bool {
        self.noticed.request_pseudo_headers.load(Ordering::Acquire)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wait(&mut self, context: &Context<'_>) {
        if !self.waiters.iter().any(|waiter| waiter.will_wake(context.waker())) {
            self.waiters.push(context.waker().clone());
        }
    }
}

/// Falls with the driver.
struct Driven<'a>(&'a Progress);

impl Drop for Driven<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.ended = true;
        state.driver = None;
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        waiters.into_iter().for_each(Waker::wake);
    }
}
