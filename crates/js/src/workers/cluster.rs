//! [`Cluster`]: what a page and all its workers share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::broadcasting::Channels;
use super::census::Census;
use super::dedicated::GRACE;
use super::lines::Lines;
use super::ports::Transit;
use super::stop::Stop;
use crate::event_loop::TaskQueue;

/// How long whoever waits for threads goes without a look at whether it is to end itself.
const LOOK: Duration = Duration::from_millis(10);

/// A page's with its workers, and theirs.
pub(crate) struct Cluster {
    pub(crate) census: Arc<Census>,
    pub(crate) channels: Channels,
    pub(crate) transit: Arc<Transit>,
    /// What workers print.
    pub(crate) lines: Lines,
    /// Where the reports of a client's fetches go, by the client's identifier.
    reports: Mutex<HashMap<String, TaskQueue>>,
    /// Did an exception or a rejection find nobody to take it?
    uncaught: AtomicBool,
    realms: AtomicU64,
    max_workers: usize,
    seats: Mutex<Seats>,
    left: Condvar,
}

#[derive(Default)]
struct Seats {
    taken: usize,
    /// Of these so many were told to end.
    ending: usize,
}

impl Cluster {
    pub(crate) fn new(census: Arc<Census>, outermost: TaskQueue, max_workers: usize) -> Cluster {
        Cluster {
            census,
            channels: Channels::default(),
            transit: Arc::default(),
            lines: Lines::new(outermost),
            reports: Mutex::default(),
            uncaught: AtomicBool::new(false),
            realms: AtomicU64::new(0),
            max_workers,
            seats: Mutex::default(),
            left: Condvar::new(),
        }
    }

    /// Another number for each realm.
    pub(crate) fn next_realm(&self) -> u64 {
        self.realms.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn set_uncaught(&self) {
        self.uncaught.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_uncaught(&self) -> bool {
        self.uncaught.load(Ordering::Relaxed)
    }

    /// Where the reports of this client's fetches go from now on.
    pub(crate) fn report_to(&self, client_id: &str, queue: Option<TaskQueue>) {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        match queue {
            Some(queue) => reports.insert(client_id.to_owned(), queue),
            None => reports.remove(client_id),
        };
    }

    pub(crate) fn queue_of_client(&self, client_id: &str) -> Option<TaskQueue> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).get(client_id).cloned()
    }

    /// A seat for a worker, or none where there are as many workers as may be.
    ///
    /// NB: one that was told to end has its seat until its thread is through. Who makes and ends workers without a pause waits for that
    /// here, so that it gets no more threads than who does not.
    pub(crate) fn take_seat(self: &Arc<Cluster>, stop: &Stop) -> Option<Seat> {
        self.take_seat_within(GRACE, stop)
    }

    fn take_seat_within(self: &Arc<Cluster>, patience: Duration, stop: &Stop) -> Option<Seat> {
        let is_full = |seats: &Seats| seats.taken >= self.max_workers;
        let (mut seats, _) = self.wait_while(patience, stop, |seats| is_full(seats) && seats.ending > 0);
        if is_full(&seats) {
            return None;
        }
        seats.taken += 1;
        drop(seats);
        Some(Seat { cluster: self.clone(), is_ending: Arc::default() })
    }

    /// Waits for the threads of workers that were told to end, as long as [`GRACE`]: they may have something to tell.
    /// Were there any, and have all ended?
    pub(crate) fn wait_for_ending(&self, stop: &Stop) -> bool {
        self.wait_for_ending_within(GRACE, stop)
    }

    fn wait_for_ending_within(&self, patience: Duration, stop: &Stop) -> bool {
        let (seats, has_waited) = self.wait_while(patience, stop, |seats| seats.ending > 0);
        has_waited && seats.ending == 0
    }

    /// Waits as long as this is so, and as the patience lasts, and unless the caller is to end itself. Was there anything to wait for?
    fn wait_while(
        &self,
        patience: Duration,
        stop: &Stop,
        is_so: impl Fn(&Seats) -> bool,
    ) -> (MutexGuard<'_, Seats>, bool) {
        let until = Instant::now() + patience;
        let mut seats = self.seats();
        let has_waited = is_so(&seats);
        while is_so(&seats) && !stop.is_over() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            seats = self.left.wait_timeout(seats, left.min(LOOK)).unwrap_or_else(PoisonError::into_inner).0;
        }
        (seats, has_waited)
    }

    pub(crate) fn max_workers(&self) -> usize {
        self.max_workers
    }

    /// How many workers there are.
    #[cfg(test)]
    pub(crate) fn workers(&self) -> usize {
        self.seats().taken
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A worker's place among those that may be, until its thread is through.
pub(crate) struct Seat {
    cluster: Arc<Cluster>,
    is_ending: Arc<AtomicBool>,
}

impl Seat {
    /// Who says that it ends.
    pub(crate) fn notice(&self) -> Notice {
        Notice { cluster: self.cluster.clone(), is_ending: self.is_ending.clone() }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.cluster.seats();
        seats.taken -= 1;
        if self.is_ending.swap(true, Ordering::SeqCst) {
            seats.ending -= 1;
        }
        drop(seats);
        self.cluster.left.notify_all();
    }
}

/// The owner's word that a worker is to end.
pub(crate) struct Notice {
    cluster: Arc<Cluster>,
    is_ending: Arc<AtomicBool>,
}

impl Notice {
    pub(crate) fn give(&self) {
        let mut seats = self.cluster.seats();
        if !self.is_ending.swap(true, Ordering::SeqCst) {
            seats.ending += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_loop::task_queue;

    fn of_two() -> Arc<Cluster> {
        let census = Arc::<Census>::default();
        let (queue, _tasks) = task_queue(census.clone());
        Arc::new(Cluster::new(census, queue, 2))
    }

    #[test]
    fn seats_are_counted_until_their_threads_are_through() {
        let (cluster, stop) = (of_two(), Stop::default());
        let (first, second) = (cluster.take_seat(&stop), cluster.take_seat(&stop));
        assert!(first.is_some() && second.is_some() && cluster.take_seat(&stop).is_none());
        drop(first);
        assert_eq!(cluster.workers(), 1);
        let third = cluster.take_seat(&stop).expect("a seat was left");
        let notice = third.notice();
        notice.give();
        notice.give();
        let leaving = std::thread::spawn(move || drop(third));
        assert!(cluster.take_seat(&stop).is_some(), "who is told to end is waited for");
        leaving.join().expect("a thread");
        notice.give();
        assert_eq!((cluster.workers(), cluster.seats().ending), (1, 0));
    }

    /// NB: who does not look waits for an hour.
    #[test]
    fn who_is_to_end_waits_for_nobody() {
        let cluster = of_two();
        let free = Stop::default();
        let seats =
            [cluster.take_seat(&free), cluster.take_seat(&free)].map(|seat| seat.expect("it is free"));
        seats[0].notice().give();
        let hour = Duration::from_secs(3600);
        let soon = Stop::at(Some(Instant::now() + Duration::from_millis(20)));
        assert!(
            cluster.take_seat_within(hour, &soon).is_none() && !cluster.wait_for_ending_within(hour, &soon)
        );
        let owner = Arc::new(Stop::default());
        let stop = Arc::new(Stop::within(owner.clone()));
        let waiting = [true, false].map(|for_seat| {
            let (cluster, stop) = (cluster.clone(), stop.clone());
            std::thread::spawn(move || match for_seat {
                true => cluster.take_seat_within(hour, &stop).is_some(),
                false => cluster.wait_for_ending_within(hour, &stop),
            })
        });
        owner.interrupt();
        assert_eq!(waiting.map(|thread| thread.join().expect("no panic")), [false, false]);
    }
}
