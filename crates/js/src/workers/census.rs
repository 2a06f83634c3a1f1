//! [`Census`]: how many loops of a page and its workers have something to do.
//!
//! A loop is counted while it runs, while something of it is under way, and from the moment that a task is queued to it. Who queues
//! one is counted itself, or stands for something under way: so the count never comes to nothing while a message is on its way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::event_loop::TaskQueue;

/// Of a page and its workers.
#[derive(Default)]
pub(crate) struct Census {
    busy: AtomicUsize,
    /// Which loop waits for all.
    outermost: Mutex<Option<TaskQueue>>,
}

impl Census {
    /// Says whose loop ends when all are idle.
    pub(crate) fn set_outermost(&self, queue: Option<TaskQueue>) {
        *self.outermost.lock().unwrap_or_else(PoisonError::into_inner) = queue;
    }

    /// One loop more has something to do.
    pub(crate) fn add(&self) {
        self.busy.fetch_add(1, Ordering::SeqCst);
    }

    /// One loop less. NB: the caller holds no queue's lock.
    pub(crate) fn remove(&self) {
        if self.busy.fetch_sub(1, Ordering::SeqCst) != 1 {
            return;
        }
        let outermost = self.outermost.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(outermost) = outermost {
            outermost.wake();
        }
    }

    /// Is there none?
    pub(crate) fn is_idle(&self) -> bool {
        self.busy.load(Ordering::SeqCst) == 0
    }
}
