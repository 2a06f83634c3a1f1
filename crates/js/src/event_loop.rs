//! [The event loop](https://html.spec.whatwg.org/#event-loops): tasks of any thread, timers, and a microtask checkpoint after each.
//!
//! One thread runs script. What takes time goes on elsewhere and comes back as a task; as long as something of it is
//! under way, or a timer is set, the loop lives. Tasks go first in, first out, whatever their source: an order that
//! every source's own is part of. Of a due timer and a task the older goes first, so that neither keeps the other waiting.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rquickjs::Ctx;

/// Steps on the thread that runs script. An error is an exception that nobody caught.
pub(crate) type Task = Box<dyn for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<()> + Send>;

/// Where any thread puts tasks.
#[derive(Clone)]
pub(crate) struct TaskQueue(Arc<Shared>);

/// NB: not a channel of the standard library, which wakes the loop while it holds a lock that the loop takes next: where both
/// share a processor, that is one more trip from thread to thread for each task.
#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    came: Condvar,
}

#[derive(Default)]
struct State {
    /// Each with the moment since when it has been there.
    tasks: VecDeque<(Instant, Task)>,
    loop_waits: bool,
    loop_ended: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TaskQueue {
    /// <https://html.spec.whatwg.org/#queue-a-task>
    pub(crate) fn queue(
        &self,
        task: impl for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<()> + Send + 'static,
    ) {
        let task: Task = Box::new(task);
        let mut state = self.0.lock();
        // A loop that has ended runs nothing: who still had something to say to its scripts may drop it, when nothing is locked.
        if state.loop_ended {
            drop(state);
            drop(task);
            return;
        }
        state.tasks.push_back((Instant::now(), task));
        let loop_waits = std::mem::take(&mut state.loop_waits);
        drop(state);
        if loop_waits {
            self.0.came.notify_one();
        }
    }
}

/// The other end of it.
pub(crate) struct Tasks(Arc<Shared>);

pub(crate) fn task_queue() -> (TaskQueue, Tasks) {
    let shared = Arc::<Shared>::default();
    (TaskQueue(shared.clone()), Tasks(shared))
}

impl Tasks {
    /// The next task; waits for it no longer than `until`, and for ever without that.
    pub(crate) fn next(&self, until: Option<Instant>) -> Option<Task> {
        let mut state = self.0.lock();
        loop {
            if let Some((_, task)) = state.tasks.pop_front() {
                state.loop_waits = false;
                return Some(task);
            }
            state.loop_waits = true;
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self.0.came.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return None,
                Some(left) => self.0.came.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }

    /// The next task that is there already.
    pub(crate) fn ready(&self) -> Option<Task> {
        self.0.lock().tasks.pop_front().map(|(_, task)| task)
    }

    /// Since when that has been there.
    pub(crate) fn ready_since(&self) -> Option<Instant> {
        self.0.lock().tasks.front().map(|(since, _)| *since)
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.loop_ended = true;
        let left = std::mem::take(&mut state.tasks);
        drop(state);
        // NB: what goes with a task may queue another.
        drop(left);
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
    fn tasks_come_in_order_and_go_with_their_loop() {
        let (queue, tasks) = task_queue();
        assert!(tasks.ready().is_none() && tasks.next(Some(Instant::now())).is_none());
        let other = queue.clone();
        let (done, dropped) = std::sync::mpsc::channel::<u8>();
        for number in [1, 2] {
            let done = done.clone();
            other.queue(move |_| {
                let _ = done.send(number);
                Ok(())
            });
        }
        assert!(tasks.ready().is_some() && tasks.next(None).is_some() && tasks.ready().is_none());
        let waiting = std::thread::spawn(move || (tasks.next(None).is_some(), tasks));
        queue.queue(|_| Ok(()));
        let (came, tasks) = waiting.join().expect("a thread that waits for a task");
        assert!(came);
        other.queue(move |_| {
            let _ = done.send(3);
            Ok(())
        });
        drop(tasks);
        queue.queue(|_| Ok(()));
        assert_eq!(dropped.try_recv(), Err(std::sync::mpsc::TryRecvError::Disconnected));
    }

    #[test]
    fn a_moment_that_no_clock_knows_never_comes() {
        let mut timers = Timers::default();
        timers.set(1, Duration::MAX, true);
        assert!(!timers.keep_alive());
    }
}
