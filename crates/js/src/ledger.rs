//! [`Ledger`]: the native bytes that script's objects hold, of which the engine's collector knows nothing.
//!
//! Whoever copies bytes out of script, or gives it some to hold, enters them; they are crossed out with the last who
//! shares them, on whatever thread that is. Many new ones are a reason to collect, more than the limit an error.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use rquickjs::{Ctx, Exception, Result};

use crate::host::Host;

/// So many bytes more than the last collection left are a reason for another, at least.
const COLLECT_AFTER: u64 = 64 << 20;

/// What is held.
pub(crate) struct Ledger {
    held: AtomicU64,
    /// With how many bytes it is time to collect.
    collect_at: AtomicU64,
    /// The most that may be held.
    limit: AtomicU64,
}

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger {
            held: AtomicU64::new(0),
            collect_at: AtomicU64::new(COLLECT_AFTER),
            limit: AtomicU64::new(u64::MAX),
        }
    }
}

impl Ledger {
    pub(crate) fn set_limit(&self, bytes: usize) {
        self.limit.store(bytes as u64, Ordering::Relaxed);
    }

    fn enter(self: &Arc<Ledger>, bytes: Bytes) -> Bytes {
        self.held.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Bytes::from_owner(Entry { ledger: self.clone(), bytes })
    }

    /// How much would be held with so many more bytes?
    fn with(&self, bytes: usize) -> u64 {
        self.held.load(Ordering::Relaxed).saturating_add(bytes as u64)
    }

    fn is_due(&self, bytes: usize) -> bool {
        let held = self.with(bytes);
        held >= self.collect_at.load(Ordering::Relaxed) || held > self.limit.load(Ordering::Relaxed)
    }

    /// After a collection: the next is due when there is as much again.
    fn has_collected(&self) {
        let held = self.held.load(Ordering::Relaxed);
        self.collect_at.store(held.saturating_add(held.max(COLLECT_AFTER)), Ordering::Relaxed);
    }
}

/// The same bytes, entered for as long as anyone shares them.
///
/// # Errors
/// See [`room_for`].
pub(crate) fn hold(ctx: &Ctx<'_>, bytes: Bytes) -> Result<Bytes> {
    room_for(ctx, bytes.len())?;
    Ok(Host::of(ctx).ledger.enter(bytes))
}

/// Is there room for so many bytes more? Collects where it is time to.
///
/// # Errors
/// A `RangeError` where they are more than the limit leaves room for.
pub(crate) fn room_for(ctx: &Ctx<'_>, bytes: usize) -> Result<()> {
    let host = Host::of(ctx);
    let ledger = &host.ledger;
    if ledger.is_due(bytes) {
        ctx.run_gc();
        ledger.has_collected();
        if ledger.with(bytes) > ledger.limit.load(Ordering::Relaxed) {
            return Err(Exception::throw_range(ctx, "out of memory"));
        }
    }
    Ok(())
}

/// Bytes that were entered.
struct Entry {
    ledger: Arc<Ledger>,
    bytes: Bytes,
}

impl AsRef<[u8]> for Entry {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.ledger.held.fetch_sub(self.bytes.len() as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_held_until_the_last_who_shares_them_is_gone() {
        let ledger = Arc::new(Ledger::default());
        let whole = ledger.enter(Bytes::from_static(b"abcdef"));
        let part = whole.slice(2..3);
        drop(whole);
        assert_eq!(ledger.with(0), 6);
        drop(part);
        assert_eq!(ledger.with(0), 0);
    }

    #[test]
    fn a_collection_is_due_when_there_is_as_much_again() {
        let ledger = Arc::new(Ledger::default());
        let most = COLLECT_AFTER as usize;
        assert!(!ledger.is_due(most - 1) && ledger.is_due(most));
        let held = ledger.enter(vec![0; 3 * most].into());
        ledger.has_collected();
        assert!(!ledger.is_due(3 * most - 1) && ledger.is_due(3 * most));
        drop(held);
        ledger.set_limit(10);
        assert!(!ledger.is_due(10) && ledger.is_due(11));
    }
}
