//! What a scripted answer waits for, until the test opens it.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use crate::lock;

/// Shut at first, then open for ever. Its clones are the same gate.
#[derive(Clone, Default)]
pub struct Gate(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    open: bool,
    waiting: Vec<Waker>,
}

impl Gate {
    /// A gate that is shut.
    pub fn new() -> Gate {
        Gate::default()
    }

    /// Opens it and wakes all who wait.
    pub fn open(&self) {
        let waiting = {
            let mut state = lock(&self.0);
            state.open = true;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Is it open?
    pub fn is_open(&self) -> bool {
        lock(&self.0).open
    }

    /// Does anybody wait before it?
    pub fn is_waited_for(&self) -> bool {
        !lock(&self.0).waiting.is_empty()
    }

    /// Resolves once it is open.
    pub async fn passed(&self) {
        poll_fn(|context| self.poll_passed(context)).await;
    }

    /// The same as a poll.
    pub fn poll_passed(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.0);
        if state.open {
            return Poll::Ready(());
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
            state.waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_open() { "Gate(open)" } else { "Gate(shut)" })
    }
}
