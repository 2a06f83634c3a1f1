//! [Fetch groups](https://fetch.spec.whatwg.org/#fetch-groups): the fetches of a client, ended with it, and what it deferred, sent then; and the keepalive quota.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sofetch_core::rules::deferred_fetching::Waiting;

use crate::deferred_fetching::{DeferredFetchRecord, process_deferred_fetches};
use crate::fetch_params::FetchController;

/// <https://fetch.spec.whatwg.org/#concept-fetch-group>
#[derive(Default)]
pub struct FetchGroup {
    records: Mutex<Vec<Arc<FetchRecord>>>,
    /// Those that wait or are under way.
    deferred: Mutex<Vec<Arc<DeferredFetchRecord>>>,
}

/// <https://fetch.spec.whatwg.org/#concept-fetch-record>: of the request, what the group asks for.
pub struct FetchRecord {
    controller: Arc<FetchController>,
    keepalive: bool,
    body_length: u64,
    /// <https://fetch.spec.whatwg.org/#done-flag>
    done: AtomicBool,
}

impl FetchGroup {
    /// Appends a record; it leaves the group when it is done.
    pub(crate) fn append(
        self: &Arc<Self>,
        controller: Arc<FetchController>,
        keepalive: bool,
        body_length: u64,
    ) -> Membership {
        let record =
            Arc::new(FetchRecord { controller, keepalive, body_length, done: AtomicBool::new(false) });
        self.lock().push(record.clone());
        Membership { group: self.clone(), record }
    }

    /// Bytes of keepalive bodies in flight ([HTTP-network-or-cache fetch](https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch), step 8.10).
    // DEPARTS: without those of `own`. Its record joined the group before it asks, so the text counts its body twice and
    // halves a quota of 64 KiB; browsers grant the whole.
    pub(crate) fn inflight_keepalive_bytes(&self, own: &Arc<FetchController>) -> u64 {
        self.lock()
            .iter()
            .filter(|record| record.keepalive && !record.done.load(Ordering::Acquire))
            .filter(|record| !Arc::ptr_eq(&record.controller, own))
            .map(|record| record.body_length)
            .sum()
    }

    /// <https://fetch.spec.whatwg.org/#concept-fetch-group-terminate>
    ///
    /// What was deferred, and is under way now.
    pub(crate) fn terminate(&self) -> Vec<Arc<DeferredFetchRecord>> {
        // 1. Whatever is neither done nor kept alive ends. NB: what a termination wakes may leave the group there and
        // then, so it is not locked meanwhile.
        let records = self.lock().clone();
        for record in records {
            if !record.done.load(Ordering::Acquire) && !record.keepalive {
                record.controller.terminate();
            }
        }
        // 2.
        process_deferred_fetches(self)
    }

    /// Appends the record that `judge` makes, if it lets one in beside what waits already; it leaves the group when it is done. One
    /// after the other.
    pub(crate) fn append_deferred<V>(
        &self,
        judge: impl FnOnce(Vec<Waiting>) -> (V, Option<Arc<DeferredFetchRecord>>),
    ) -> (V, Option<Arc<DeferredFetchRecord>>) {
        let mut deferred = self.lock_deferred();
        let waiting = deferred.iter().filter_map(|record| record.waiting()).collect();
        let judged = judge(waiting);
        deferred.extend(judged.1.clone());
        judged
    }

    /// Those that wait or are under way.
    pub(crate) fn deferred(&self) -> Vec<Arc<DeferredFetchRecord>> {
        self.lock_deferred().clone()
    }

    /// A deferred fetch is done.
    pub(crate) fn remove_deferred(&self, record: &DeferredFetchRecord) {
        // NB: what goes with it may run a stranger's code: after the lock.
        let mut deferred = self.lock_deferred();
        let at = deferred.iter().position(|other| std::ptr::eq(&**other, record));
        let removed = at.map(|at| deferred.remove(at));
        drop(deferred);
        drop(removed);
    }

    fn lock_deferred(&self) -> MutexGuard<'_, Vec<Arc<DeferredFetchRecord>>> {
        self.deferred.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<FetchRecord>>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A record's place in its group; dropping it sets the done flag.
pub(crate) struct Membership {
    group: Arc<FetchGroup>,
    record: Arc<FetchRecord>,
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.record.done.store(true, Ordering::Release);
        self.group.lock().retain(|record| !Arc::ptr_eq(record, &self.record));
    }
}
