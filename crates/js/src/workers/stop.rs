//! [`Stop`]: whether what a runtime runs is to end: another thread said so, its time is over, or that of whoever made it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Of one runtime. The engine asks now and then, whatever script is doing.
#[derive(Default)]
pub(crate) struct Stop {
    interrupted: AtomicBool,
    /// The same of this runtime alone, until it is told to go on: its workers know nothing of it.
    held_up: AtomicBool,
    deadline: Option<Instant>,
    /// A worker's owner.
    owner: Option<Arc<Stop>>,
}

impl Stop {
    /// Of a page's own runtime.
    pub(crate) fn at(deadline: Option<Instant>) -> Stop {
        Stop { deadline, ..Stop::default() }
    }

    /// Of a worker's: whatever ends its owner ends it.
    pub(crate) fn within(owner: Arc<Stop>) -> Stop {
        Stop { deadline: owner.deadline, owner: Some(owner), ..Stop::default() }
    }

    pub(crate) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::SeqCst);
    }

    /// Ends what runs in this realm, and nothing of its workers'.
    pub(crate) fn hold_up(&self) {
        self.held_up.store(true, Ordering::SeqCst);
    }

    /// Forgets that another thread ended it: did one? And its workers?
    pub(crate) fn resume(&self) -> (bool, bool) {
        let interrupted = self.interrupted.swap(false, Ordering::SeqCst);
        (self.held_up.swap(false, Ordering::SeqCst) || interrupted, interrupted)
    }

    /// Did another thread end it, or who made it?
    pub(crate) fn is_interrupted(&self) -> bool {
        let mut stop = Some(self);
        while let Some(here) = stop {
            if here.interrupted.load(Ordering::SeqCst) {
                return true;
            }
            stop = here.owner.as_deref();
        }
        false
    }

    /// The same, or is it held up?
    pub(crate) fn is_stopped(&self) -> bool {
        self.held_up.load(Ordering::SeqCst) || self.is_interrupted()
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Is nothing to run any more?
    pub(crate) fn is_over(&self) -> bool {
        self.is_stopped() || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_an_owner_ends_what_it_made() {
        let page = Arc::new(Stop::default());
        let worker = Arc::new(Stop::within(page.clone()));
        let nested = Stop::within(worker.clone());
        let beside = Stop::within(page.clone());
        worker.interrupt();
        assert_eq!(
            [&page, &worker]
                .map(|stop| stop.is_over())
                .into_iter()
                .chain([nested.is_over(), beside.is_over()])
                .collect::<Vec<_>>(),
            [false, true, true, false]
        );
        page.interrupt();
        assert!(beside.is_over() && page.is_interrupted());
        let page = Arc::new(Stop::default());
        let worker = Stop::within(page.clone());
        page.hold_up();
        assert!(page.is_over() && !page.is_interrupted() && !worker.is_over());
        assert_eq!((page.resume(), page.is_over()), ((true, false), false));
        page.interrupt();
        assert_eq!((worker.is_over(), page.resume(), page.resume()), (true, (true, true), (false, false)));
        let late = Arc::new(Stop::at(Some(Instant::now())));
        assert!(late.is_over() && !late.is_interrupted() && Stop::within(late).is_over());
    }
}
