//! [`Interrupt`]: ends what a runtime runs, from any thread.

use std::sync::Arc;

use crate::event_loop::TaskQueue;
use crate::workers::stop::Stop;

/// Ends what a [`Runtime`](crate::Runtime) and its workers run. Clones end the same one; one whose runtime is gone does nothing.
#[derive(Clone)]
pub struct Interrupt {
    stop: Arc<Stop>,
    queue: TaskQueue,
}

impl Interrupt {
    pub(crate) fn new(stop: Arc<Stop>, queue: TaskQueue) -> Interrupt {
        Interrupt { stop, queue }
    }

    /// Ends the script that runs, which cannot catch it, or the waiting of the loop. The runtime runs nothing after that,
    /// until it is told to forget it ([`Runtime::resume`](crate::Runtime::resume)).
    ///
    /// NB: what the engine does in one go, such as sorting a long array, ends first.
    pub fn interrupt(&self) {
        self.stop.interrupt();
        // A loop that waits looks again when there is a task.
        self.queue.queue(|_| Ok(()));
    }

    /// Was this asked for already?
    pub fn is_interrupted(&self) -> bool {
        self.stop.is_interrupted()
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
