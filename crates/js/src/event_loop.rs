//! [The event loop](https://html.spec.whatwg.org/#event-loops): tasks of any thread, timers, and a microtask checkpoint after each.
//!
//! One thread runs script. What takes time goes on elsewhere and comes back as a task; as long as something of it is
//! under way, or a timer is set, the loop lives. Tasks go first in, first out, whatever their source: an order that
//! every source's own is part of. Of a due timer and a task the older goes first, so that neither keeps the other waiting.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rquickjs::Ctx;

/// Steps on the thread that runs script. An error is an exception that nobody caught.
pub(crate) type Task = Box<dyn for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<()> + Send>;

/// Where any thread puts tasks.
#[derive(Clone)]
pub(crate) struct TaskQueue(mpsc::Sender<(Instant, Task)>);

impl TaskQueue {
    /// <https://html.spec.whatwg.org/#queue-a-task>
    pub(crate) fn queue(
        &self,
        task: impl for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<()> + Send + 'static,
    ) {
        // A loop that has ended runs nothing: who still had something to say to its scripts may drop it.
        let _ = self.0.send((Instant::now(), Box::new(task)));
    }
}

/// The other end of it.
pub(crate) struct Tasks {
    receiver: mpsc::Receiver<(Instant, Task)>,
    /// The next, where its age was asked for.
    first: Option<(Instant, Task)>,
}

pub(crate) fn task_queue() -> (TaskQueue, Tasks) {
    let (sender, receiver) = mpsc::channel();
    (TaskQueue(sender), Tasks { receiver, first: None })
}

impl Tasks {
    /// The next task; waits for it no longer than `until`, and for ever without that.
    pub(crate) fn next(&mut self, until: Option<Instant>) -> Option<Task> {
        if let Some(task) = self.ready() {
            return Some(task);
        }
        let next = match until {
            None => self.receiver.recv().ok(),
            Some(until) => self.receiver.recv_timeout(until.saturating_duration_since(Instant::now())).ok(),
        };
        next.map(|(_, task)| task)
    }

    /// The next task that is there already.
    pub(crate) fn ready(&mut self) -> Option<Task> {
        self.first.take().or_else(|| self.receiver.try_recv().ok()).map(|(_, task)| task)
    }

    /// Since when that has been there.
    pub(crate) fn ready_since(&mut self) -> Option<Instant> {
        self.first = self.first.take().or_else(|| self.receiver.try_recv().ok());
        self.first.as_ref().map(|(since, _)| *since)
    }
}

/// [Active timers](https://html.spec.whatwg.org/#map-of-active-timers) in the order in which they are due; which steps they run is the prelude's to know.
#[derive(Default)]
pub(crate) struct Timers {
    due: BTreeMap<(Instant, u64), u32>,
    by_id: BTreeMap<u32, (Instant, u64, bool)>,
    count: u64,
    /// How many of them keep the loop alive.
    keeping: usize,
}

impl Timers {
    /// Sets a timer; those set earlier for the same moment go first.
    pub(crate) fn set(&mut self, id: u32, after: Duration, keeps_alive: bool) {
        self.clear(id);
        let Some(at) = Instant::now().checked_add(after) else { return };
        self.count += 1;
        self.keeping += usize::from(keeps_alive);
        self.due.insert((at, self.count), id);
        self.by_id.insert(id, (at, self.count, keeps_alive));
    }

    pub(crate) fn clear(&mut self, id: u32) {
        if let Some((at, count, keeps_alive)) = self.by_id.remove(&id) {
            self.due.remove(&(at, count));
            self.keeping -= usize::from(keeps_alive);
        }
    }

    /// When the first is due.
    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the first, if it is due.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<u32> {
        let id = *self.due.first_entry().filter(|entry| entry.key().0 <= now)?.get();
        self.clear(id);
        Some(id)
    }

    /// Is there one that the loop must wait for?
    pub(crate) fn keep_alive(&self) -> bool {
        self.keeping > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_are_due_in_order_and_once() {
        let mut timers = Timers::default();
        timers.set(3, Duration::from_secs(3600), true);
        for id in [2, 1, 7] {
            timers.set(id, Duration::ZERO, false);
        }
        timers.clear(1);
        timers.set(2, Duration::ZERO, false);
        let now = Instant::now();
        assert_eq!(timers.take_due(now), Some(7));
        assert_eq!(timers.take_due(now), Some(2), "set again, it goes last");
        assert_eq!(timers.take_due(now), None);
        assert!(timers.keep_alive() && timers.next_at().is_some_and(|at| at > now));
        timers.clear(3);
        assert!(!timers.keep_alive());
    }

    #[test]
    fn a_moment_that_no_clock_knows_never_comes() {
        let mut timers = Timers::default();
        timers.set(1, Duration::MAX, true);
        assert!(!timers.keep_alive());
    }
}
