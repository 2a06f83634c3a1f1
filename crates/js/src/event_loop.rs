//! [The event loop](https://html.spec.whatwg.org/#event-loops): tasks of any thread, timers, and a microtask checkpoint after each.
//!
//! One thread runs script. What takes time goes on elsewhere and comes back as a task; as long as something of it is
//! under way, or a timer is set, the loop lives. Tasks go first in, first out, whatever their source but one: an order that
//! every source's own is part of. Of a due timer and a task the older goes first, so that neither keeps the other waiting.
//!
//! A page and its workers have a loop each. One that has nothing to do is idle, until there is a task for it: a [`Census`] counts the
//! others, and where there are none, nothing will ever come.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rquickjs::Ctx;

use crate::workers::census::Census;

/// Steps on the thread that runs script. An error is an exception that nobody caught.
pub(crate) type Task = Box<dyn for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<()> + Send>;

/// Where any thread puts tasks.
#[derive(Clone)]
pub(crate) struct TaskQueue(Arc<Shared>);

/// NB: not a channel of the standard library, which wakes the loop while it holds a lock that the loop takes next: where both
/// share a processor, that is one more trip from thread to thread for each task.
struct Shared {
    made: Instant,
    state: Mutex<State>,
    came: Condvar,
    census: Arc<Census>,
}

#[derive(Default)]
struct State {
    /// Each with the moment since when it has been there.
    tasks: VecDeque<(Instant, Task)>,
    loop_waits: bool,
    /// Is it not counted by the census? NB: changed under this lock alone, together with the count.
    is_idle: bool,
    /// NB: a loop that was ended from elsewhere may not know it yet, where native code keeps it.
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
        self.add(Box::new(task), true, false);
    }

    /// The same of a task source that goes before all others.
    pub(crate) fn queue_first(
        &self,
        task: impl for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<()> + Send + 'static,
    ) {
        self.add(Box::new(task), true, true);
    }

    /// The same of a task that another follows at once, by whoever queues this one: the loop is not woken for each.
    pub(crate) fn queue_before_another(
        &self,
        task: impl for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<()> + Send + 'static,
    ) {
        self.add(Box::new(task), false, false);
    }

    fn add(&self, task: Task, wakes: bool, goes_first: bool) {
        let mut state = self.0.lock();
        // A loop that has ended runs nothing: who still had something to say to its scripts may drop it, when nothing is locked.
        if state.loop_ended {
            drop(state);
            drop(task);
            return;
        }
        match goes_first {
            // No timer is older.
            true => state.tasks.push_front((self.0.made, task)),
            false => state.tasks.push_back((Instant::now(), task)),
        }
        if std::mem::take(&mut state.is_idle) {
            self.0.census.add();
        }
        let loop_waits = wakes && std::mem::take(&mut state.loop_waits);
        drop(state);
        if loop_waits {
            self.0.came.notify_one();
        }
    }

    /// Ends the loop: it is counted no more, waits no more, and no task is run.
    pub(crate) fn end(&self) {
        let mut state = self.0.lock();
        state.loop_ended = true;
        state.loop_waits = false;
        let was_idle = std::mem::replace(&mut state.is_idle, true);
        let left = std::mem::take(&mut state.tasks);
        drop(state);
        self.0.came.notify_all();
        drop(left);
        if !was_idle {
            self.0.census.remove();
        }
    }

    /// Has the loop nothing to do?
    pub(crate) fn is_idle(&self) -> bool {
        self.0.lock().is_idle
    }

    /// Is there no task?
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().tasks.is_empty()
    }

    /// Has the loop look again whether it is to go on: it waits no longer, and has no task more than before.
    pub(crate) fn wake(&self) {
        let mut state = self.0.lock();
        state.loop_waits = false;
        drop(state);
        self.0.came.notify_all();
    }
}

/// What ended the waiting of a loop that had nothing to do.
pub(crate) enum Idled {
    Task(Task),
    /// The moment has come.
    Time,
    /// Nothing will come, or nothing is to run any more.
    Over,
}

/// The other end of it.
pub(crate) struct Tasks(Arc<Shared>);

/// A loop's queue; the loop is counted from now on.
pub(crate) fn task_queue(census: Arc<Census>) -> (TaskQueue, Tasks) {
    census.add();
    let shared =
        Arc::new(Shared { made: Instant::now(), state: Mutex::default(), came: Condvar::new(), census });
    (TaskQueue(shared.clone()), Tasks(shared))
}

impl Tasks {
    /// The next task; waits for it no longer than `until` or the end of the loop, and for ever without that.
    pub(crate) fn next(&self, until: Option<Instant>) -> Option<Task> {
        let mut state = self.0.lock();
        loop {
            if let Some((_, task)) = state.tasks.pop_front() {
                state.loop_waits = false;
                return Some(task);
            }
            if state.loop_ended {
                return None;
            }
            state.loop_waits = true;
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self.0.came.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return None,
                Some(left) => self.0.came.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }

    /// Waits as a loop that has nothing to do: until there is a task, `is_over` says so, or the moment has come.
    ///
    /// Whoever changes what `is_over` says calls [`TaskQueue::wake`] then. It is asked under the queue's lock.
    pub(crate) fn idle(&self, until: Option<Instant>, is_over: impl Fn() -> bool) -> Idled {
        let mut state = self.0.lock();
        if state.tasks.is_empty() && !state.is_idle {
            state.is_idle = true;
            drop(state);
            // NB: not under this lock: the last who becomes idle wakes the outermost loop, under that one's.
            self.0.census.remove();
            state = self.0.lock();
        }
        let idled = loop {
            if let Some((_, task)) = state.tasks.pop_front() {
                break Idled::Task(task);
            }
            if state.loop_ended || is_over() {
                break Idled::Over;
            }
            state.loop_waits = true;
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self.0.came.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => break Idled::Time,
                Some(left) => self.0.came.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        };
        state.loop_waits = false;
        if !state.loop_ended && std::mem::take(&mut state.is_idle) {
            self.0.census.add();
        }
        idled
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
        // NB: it is counted no more, whoever ends it again.
        let was_idle = std::mem::replace(&mut state.is_idle, true);
        let left = std::mem::take(&mut state.tasks);
        drop(state);
        if !was_idle {
            self.0.census.remove();
        }
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
        let (queue, tasks) = task_queue(Arc::default());
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
    fn one_source_goes_before_all_others() {
        let (queue, tasks) = task_queue(Arc::default());
        let due = Instant::now();
        let (done, dropped) = std::sync::mpsc::channel::<u8>();
        let ready = |tasks: &Tasks| {
            drop(tasks.ready().expect("a task"));
            dropped.try_recv().err()
        };
        let other = done.clone();
        queue.queue(move |_| other.send(1).map_err(|_| rquickjs::Error::Unknown));
        queue.queue_first(move |_| done.send(2).map_err(|_| rquickjs::Error::Unknown));
        assert!(tasks.ready_since().is_some_and(|since| since <= due), "no timer is older");
        // What went first was dropped first: the sender of the other is there yet.
        assert_eq!(ready(&tasks), Some(std::sync::mpsc::TryRecvError::Empty));
        assert!(tasks.ready_since().is_some_and(|since| since >= due));
        assert_eq!(ready(&tasks), Some(std::sync::mpsc::TryRecvError::Disconnected));
    }

    #[test]
    fn a_loop_is_counted_once_whoever_ends_it() {
        let census = Arc::<Census>::default();
        let (outermost, waiting) = task_queue(census.clone());
        census.set_outermost(Some(outermost.clone()));
        let (queue, tasks) = task_queue(census.clone());
        let idling = std::thread::spawn(move || {
            let came = matches!(tasks.idle(None, || false), Idled::Task(_));
            (came, matches!(tasks.idle(None, || false), Idled::Over), tasks)
        });
        queue.queue(|_| Ok(()));
        // It is idle again, or will be; then nobody has anything to do but this.
        while !queue.is_idle() {
            std::thread::yield_now();
        }
        assert!(!census.is_idle());
        queue.end();
        queue.end();
        let (came, over, tasks) = idling.join().expect("a thread");
        assert!(came && over);
        drop(tasks);
        queue.end();
        queue.queue(|_| Ok(()));
        assert!(!census.is_idle());
        assert!(matches!(waiting.idle(None, || census.is_idle()), Idled::Over));
        drop(waiting);
        assert!(census.is_idle());
        census.set_outermost(None);
    }

    #[test]
    fn a_moment_that_no_clock_knows_never_comes() {
        let mut timers = Timers::default();
        timers.set(1, Duration::MAX, true);
        assert!(!timers.keep_alive());
    }
}
