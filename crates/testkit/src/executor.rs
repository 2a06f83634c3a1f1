//! One thread, first come first served: an executor whose order is the same each time, and the `Tasks` port.
//!
//! When nothing can go on it panics and says who waits, rather than hang.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use sofetch_core::ports::{BoxFuture, Tasks};

use crate::clock::VirtualClock;
use crate::lock;

/// Runs a future to its end on an executor of its own, where no time passes.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    Executor::new(&VirtualClock::new()).run(future)
}

/// Runs futures and the tasks that they spawn. Its clones are the same executor.
#[derive(Clone)]
pub struct Executor(Arc<Shared>);

struct Shared {
    queue: Arc<Queue>,
    tasks: Mutex<Spawned>,
    clock: VirtualClock,
}

#[derive(Default)]
struct Spawned {
    by_number: BTreeMap<u64, BoxFuture<'static, ()>>,
    last: u64,
}

/// Who can go on, in order, each once.
type Queue = Mutex<VecDeque<u64>>;

struct TaskWaker {
    number: u64,
    queue: Arc<Queue>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let mut queue = lock(&self.queue);
        if !queue.contains(&self.number) {
            queue.push_back(self.number);
        }
    }
}

/// What a future that was [started](Executor::start) came to.
#[derive(Debug)]
pub struct Started<T>(Arc<Mutex<Option<T>>>);

impl<T> Started<T> {
    /// Its value, once; `None` while it runs.
    pub fn take(&self) -> Option<T> {
        lock(&self.0).take()
    }

    /// Has it ended?
    pub fn is_ready(&self) -> bool {
        lock(&self.0).is_some()
    }
}

impl Executor {
    /// An executor by this clock.
    pub fn new(clock: &VirtualClock) -> Executor {
        Executor(Arc::new(Shared { queue: Arc::default(), tasks: Mutex::default(), clock: clock.clone() }))
    }

    /// Its clock.
    pub fn clock(&self) -> &VirtualClock {
        &self.0.clock
    }

    /// Runs the future to its end, then what it spawned as far as it goes. No time passes unless the future advances the clock.
    ///
    /// # Panics
    /// When the future waits and nothing can go on.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.drive(future, || false)
    }

    /// As [`Executor::run`], but when all wait, the clock goes on to the next sleeper.
    ///
    /// # Panics
    /// When the future waits, nothing can go on and nobody sleeps.
    pub fn run_letting_time_pass<T>(&self, future: impl Future<Output = T>) -> T {
        self.drive(future, || match self.0.clock.until_next() {
            Some(duration) => {
                self.0.clock.advance(duration);
                true
            }
            None => false,
        })
    }

    /// Starts a future as a task and keeps its value for the test.
    pub fn start<T: Send + 'static>(&self, future: impl Future<Output = T> + Send + 'static) -> Started<T> {
        let value = Arc::new(Mutex::new(None));
        let started = Started(value.clone());
        self.spawn(Box::pin(async move {
            let ended = future.await;
            *lock(&value) = Some(ended);
        }));
        started
    }

    /// Runs the tasks as far as they go.
    pub fn run_until_stalled(&self) {
        while let Some(number) = self.next_ready() {
            self.poll_task(number);
        }
    }

    /// Lets so much time pass, stopping at each sleeper's time and running the tasks as far as they go.
    pub fn pass(&self, duration: Duration) {
        self.run_until_stalled();
        let mut left = duration;
        while let Some(next) = self.0.clock.until_next().filter(|&next| next <= left) {
            self.0.clock.advance(next);
            left -= next;
            self.run_until_stalled();
        }
        self.0.clock.advance(left);
    }

    /// How many tasks have not ended.
    pub fn waiting_tasks(&self) -> usize {
        lock(&self.0.tasks).by_number.len()
    }

    fn drive<T>(&self, future: impl Future<Output = T>, mut move_on: impl FnMut() -> bool) -> T {
        let mut future = pin!(future);
        let own = self.next_number();
        let waker = self.waker(own);
        waker.wake_by_ref();
        loop {
            match self.next_ready() {
                Some(number) if number == own => {
                    if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                        self.run_until_stalled();
                        return value;
                    }
                }
                Some(number) => self.poll_task(number),
                None if move_on() => {}
                None => panic!("nothing can go on: the future waits; {}", self.who_waits()),
            }
        }
    }

    fn poll_task(&self, number: u64) {
        // Taken out while it is polled, so that it may spawn. One that ended may still be woken.
        let Some(mut task) = lock(&self.0.tasks).by_number.remove(&number) else { return };
        if task.as_mut().poll(&mut Context::from_waker(&self.waker(number))).is_pending() {
            lock(&self.0.tasks).by_number.insert(number, task);
        }
    }

    fn who_waits(&self) -> String {
        let numbers: Vec<u64> = lock(&self.0.tasks).by_number.keys().copied().collect();
        let tasks = match &numbers[..] {
            [] => "no spawned task is left".to_owned(),
            numbers => format!("{} spawned tasks wait (numbers {numbers:?})", numbers.len()),
        };
        match self.0.clock.until_next() {
            None => format!("{tasks}; nobody sleeps"),
            Some(next) => format!(
                "{tasks}; {} sleep, the next for {next:?}: advance the clock, or run letting time pass",
                self.0.clock.sleepers()
            ),
        }
    }

    fn next_ready(&self) -> Option<u64> {
        lock(&self.0.queue).pop_front()
    }

    fn next_number(&self) -> u64 {
        let mut tasks = lock(&self.0.tasks);
        tasks.last += 1;
        tasks.last
    }

    fn waker(&self, number: u64) -> Waker {
        Waker::from(Arc::new(TaskWaker { number, queue: self.0.queue.clone() }))
    }
}

impl Tasks for Executor {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        let number = self.next_number();
        lock(&self.0.tasks).by_number.insert(number, task);
        self.waker(number).wake();
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Executor({} tasks)", self.waiting_tasks())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Gate;
    use sofetch_core::ports::{Clock, Timers};

    #[test]
    fn tasks_run_in_the_order_in_which_they_were_spawned() {
        let executor = Executor::new(&VirtualClock::new());
        let order = Arc::new(Mutex::new(Vec::new()));
        let (inner, log) = (executor.clone(), order.clone());
        let value = executor.run(async move {
            for number in 1..=3 {
                let (log, again) = (log.clone(), inner.clone());
                inner.spawn(Box::pin(async move {
                    lock(&log).push(number);
                    let log = log.clone();
                    again.spawn(Box::pin(async move { lock(&log).push(number * 10) }));
                }));
            }
            lock(&log).push(0);
            "done"
        });
        assert_eq!(value, "done");
        assert_eq!(*lock(&order), [0, 1, 2, 3, 10, 20, 30]);
        assert_eq!(executor.waiting_tasks(), 0);
    }

    #[test]
    fn a_future_may_borrow_and_need_not_be_send() {
        let local = std::rc::Rc::new(7);
        assert_eq!(run(async { *local + 1 }), 8);
    }

    #[test]
    fn started_futures_keep_their_value() {
        let executor = Executor::new(&VirtualClock::new());
        let gate = Gate::new();
        let passing = gate.clone();
        let started = executor.start(async move {
            passing.passed().await;
            5
        });
        executor.run_until_stalled();
        assert_eq!((started.is_ready(), executor.waiting_tasks()), (false, 1));
        gate.open();
        executor.run_until_stalled();
        assert_eq!(started.take(), Some(5));
    }

    #[test]
    #[should_panic(expected = "nothing can go on: the future waits; no spawned task is left; nobody sleeps")]
    fn a_stall_is_a_panic() {
        run(std::future::pending::<()>());
    }

    #[test]
    #[should_panic(expected = "1 spawned tasks wait (numbers [2]); 1 sleep, the next for 1s")]
    fn a_stall_says_who_waits() {
        let executor = Executor::new(&VirtualClock::new());
        let sleep = executor.clock().sleep(Duration::from_secs(1));
        let tasks = executor.clone();
        executor.run(async move {
            tasks.spawn(sleep);
            std::future::pending::<()>().await;
        });
    }

    #[test]
    fn time_passes_when_all_wait() {
        let executor = Executor::new(&VirtualClock::new());
        let clock = executor.clock().clone();
        let hour = Duration::from_secs(3600);
        executor.run_letting_time_pass(async {
            clock.sleep(hour).await;
            clock.sleep(hour).await;
        });
        assert_eq!(clock.wall().0, crate::clock::WALL_START.0 + 7200);
    }
}
