//! [`Interrupt`]: ends what a runtime runs, from any thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::event_loop::TaskQueue;

/// Ends what a [`Runtime`](crate::Runtime) runs. Clones end the same one; one whose runtime is gone does nothing.
#[derive(Clone)]
pub struct Interrupt {
    interrupted: Arc<AtomicBool>,
    queue: TaskQueue,
}

impl Interrupt {
    pub(crate) fn new(interrupted: Arc<AtomicBool>, queue: TaskQueue) -> Interrupt {
        Interrupt { interrupted, queue }
    }

    /// Ends the script that runs, which cannot catch it, or the waiting of the loop. The runtime runs nothing after that,
    /// until it is told to forget it ([`Runtime::resume`](crate::Runtime::resume)).
    ///
    /// NB: what the engine does in one go, such as sorting a long array, ends first.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
        // A loop that waits looks again when there is a task.
        self.queue.queue(|_| Ok(()));
    }

    /// Was this asked for already?
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interrupt").field("is_interrupted", &self.is_interrupted()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_to_any_thread() {
        fn any<T: Send + Sync + Clone>() {}
        any::<Interrupt>();
    }
}
