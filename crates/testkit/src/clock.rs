//! Time that passes when the test says so: the `Clock` and `Timers` ports.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sofetch_core::infrastructure::timing::{Timestamp, WallTime};
use sofetch_core::ports::{BoxFuture, Clock, Timers};

use crate::lock;

/// Where a new clock stands: one second after the time origin, so that no moment is 0, which means "not yet".
pub const START: Timestamp = Timestamp(1_000_000_000);
/// Where its wall stands: `Tue, 14 Nov 2023 22:13:20 GMT`.
pub const WALL_START: WallTime = WallTime(1_700_000_000);

/// A clock of the test's. Its clones are the same clock.
#[derive(Clone)]
pub struct VirtualClock(Arc<Mutex<State>>);

struct State {
    now: u64,
    /// The wall clock's reading at [`START`].
    wall_start: i64,
    /// By deadline, then by order of asking.
    sleepers: BTreeMap<(u64, u64), Option<Waker>>,
    asked: u64,
}

impl VirtualClock {
    /// A clock at [`START`] and [`WALL_START`].
    pub fn new() -> VirtualClock {
        VirtualClock(Arc::new(Mutex::new(State {
            now: START.0,
            wall_start: WALL_START.0,
            sleepers: BTreeMap::new(),
            asked: 0,
        })))
    }

    /// The same with the wall clock at this time now.
    #[must_use]
    pub fn at(self, wall: WallTime) -> VirtualClock {
        self.set_wall(wall);
        self
    }

    /// Sets the wall clock, as a user may; the monotonic clock does not notice.
    pub fn set_wall(&self, wall: WallTime) {
        let mut state = lock(&self.0);
        state.wall_start = wall.0 - elapsed_seconds(state.now);
    }

    /// Lets time pass and wakes all whose time has come, earliest first.
    ///
    /// Those who are woken run later, and find the whole time passed: [`crate::Executor::pass`] stops at each.
    pub fn advance(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let wakers: Vec<Waker> = {
            let mut state = lock(&self.0);
            state.now = state.now.saturating_add(nanoseconds);
            let now = state.now;
            state.sleepers.range_mut(..=(now, u64::MAX)).filter_map(|(_, waker)| waker.take()).collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// How long until the next sleeper wakes; `None` where nobody sleeps.
    pub fn until_next(&self) -> Option<Duration> {
        let state = lock(&self.0);
        let (&(deadline, _), _) = state.sleepers.first_key_value()?;
        Some(Duration::from_nanos(deadline.saturating_sub(state.now)))
    }

    /// How many sleep.
    pub fn sleepers(&self) -> usize {
        lock(&self.0).sleepers.len()
    }
}

fn elapsed_seconds(now: u64) -> i64 {
    ((now - START.0) / 1_000_000_000) as i64
}

impl Default for VirtualClock {
    fn default() -> Self {
        VirtualClock::new()
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VirtualClock({:?})", self.now())
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp(lock(&self.0).now)
    }

    fn wall(&self) -> WallTime {
        let state = lock(&self.0);
        WallTime(state.wall_start + elapsed_seconds(state.now))
    }
}

impl Timers for VirtualClock {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut state = lock(&self.0);
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let key = (state.now.saturating_add(nanoseconds), state.asked);
        state.asked += 1;
        state.sleepers.insert(key, None);
        Box::pin(Sleep { clock: self.clone(), key })
    }
}

struct Sleep {
    clock: VirtualClock,
    key: (u64, u64),
}

impl Future for Sleep {
    type Output = ();
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.clock.0);
        if state.now >= self.key.0 {
            state.sleepers.remove(&self.key);
            return Poll::Ready(());
        }
        state.sleepers.insert(self.key, Some(context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        lock(&self.clock.0).sleepers.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Executor;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn both_clocks_go_together_and_the_wall_can_be_set() {
        let clock = VirtualClock::new();
        assert_eq!((clock.now(), clock.wall()), (START, WALL_START));
        clock.advance(Duration::from_millis(2500));
        assert_eq!(clock.now().since(START), Duration::from_millis(2500));
        assert_eq!(clock.wall(), WallTime(WALL_START.0 + 2));
        clock.set_wall(WallTime(5));
        clock.advance(SECOND);
        assert_eq!(clock.wall(), WallTime(6));
        assert_eq!(VirtualClock::new().at(WallTime(9)).wall(), WallTime(9));
    }

    #[test]
    fn sleepers_wake_in_the_order_of_their_time() {
        let executor = Executor::new(&VirtualClock::new());
        let clock = executor.clock().clone();
        let woken = Arc::new(Mutex::new(Vec::new()));
        for (name, seconds) in [("late", 3), ("early", 1), ("early too", 1), ("at once", 0)] {
            let (sleep, woken, clock) = (clock.sleep(SECOND * seconds), woken.clone(), clock.clone());
            executor.start(async move {
                sleep.await;
                lock(&woken).push((name, clock.now().since(START).as_secs()));
            });
        }
        executor.run_until_stalled();
        assert_eq!(*lock(&woken), [("at once", 0)]);
        assert_eq!(clock.until_next(), Some(SECOND));
        executor.pass(SECOND * 5);
        assert_eq!(*lock(&woken), [("at once", 0), ("early", 1), ("early too", 1), ("late", 3)]);
        assert_eq!((clock.now().since(START), clock.sleepers()), (SECOND * 5, 0));
    }

    #[test]
    fn a_dropped_sleep_is_forgotten() {
        let clock = VirtualClock::new();
        drop(clock.sleep(SECOND));
        assert_eq!((clock.sleepers(), clock.until_next()), (0, None));
        let forever = clock.sleep(Duration::MAX);
        clock.advance(SECOND);
        assert_eq!(clock.sleepers(), 1);
        drop(forever);
    }
}
