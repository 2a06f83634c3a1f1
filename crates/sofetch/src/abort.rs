//! [AbortController and AbortSignal](https://dom.spec.whatwg.org/#aborting-ongoing-activities): a fetch, and the body after it, ended from elsewhere.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sofetch_core::infrastructure::abort_reason::AbortReason;

/// <https://dom.spec.whatwg.org/#abortcontroller>
#[derive(Clone, Debug, Default)]
pub struct AbortController {
    signal: AbortSignal,
}

impl AbortController {
    /// A controller with a signal that is not aborted.
    pub fn new() -> AbortController {
        AbortController::default()
    }

    /// <https://dom.spec.whatwg.org/#dom-abortcontroller-signal>
    pub fn signal(&self) -> AbortSignal {
        self.signal.clone()
    }

    /// <https://dom.spec.whatwg.org/#dom-abortcontroller-abort> with an `AbortError`. Calling it again does nothing.
    pub fn abort(&self) {
        self.signal.signal_abort(AbortReason::AbortError);
    }

    /// As [`AbortController::abort`], with a reason of the caller's, which [`Error::reason`](crate::Error::reason)
    /// gives back.
    pub fn abort_with(&self, reason: impl std::any::Any + Send + Sync) {
        self.signal.signal_abort(AbortReason::Other(Arc::new(reason)));
    }
}

/// <https://dom.spec.whatwg.org/#abortsignal>. Clones are the same signal.
#[derive(Clone, Default)]
pub struct AbortSignal(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// `AbortSignal::timeout`, counted from its making.
    deadline: Option<Instant>,
    /// `AbortSignal::any`'s sources, kept so that their deadlines count.
    sources: Vec<AbortSignal>,
    /// Our places in the sources: a signal that lives for long forgets those that followed it and are gone.
    followed: Mutex<Vec<Registration>>,
}

#[derive(Default)]
struct State {
    reason: Option<AbortReason>,
    algorithms: Vec<(u64, Algorithm)>,
    next: u64,
}

type Algorithm = Box<dyn FnOnce(AbortReason) + Send>;

impl AbortSignal {
    /// <https://dom.spec.whatwg.org/#dom-abortsignal-abort>: a signal that is aborted already.
    pub fn abort() -> AbortSignal {
        let signal = AbortSignal::default();
        signal.signal_abort(AbortReason::AbortError);
        signal
    }

    /// <https://dom.spec.whatwg.org/#dom-abortsignal-timeout>: aborted with a `TimeoutError` once the time is over,
    /// counted from now.
    pub fn timeout(after: Duration) -> AbortSignal {
        AbortSignal(Arc::new(Shared { deadline: Instant::now().checked_add(after), ..Shared::default() }))
    }

    /// <https://dom.spec.whatwg.org/#dom-abortsignal-any>: aborted as soon as one of them is, with its reason.
    pub fn any(signals: impl IntoIterator<Item = AbortSignal>) -> AbortSignal {
        let sources: Vec<AbortSignal> = signals.into_iter().collect();
        let dependent = AbortSignal(Arc::new(Shared { sources, ..Shared::default() }));
        let mut followed = Vec::with_capacity(dependent.0.sources.len());
        for source in &dependent.0.sources {
            let weak = Arc::downgrade(&dependent.0);
            followed.push(source.on_abort(move |reason| {
                if let Some(shared) = weak.upgrade() {
                    AbortSignal(shared).signal_abort(reason);
                }
            }));
        }
        *dependent.0.followed.lock().unwrap_or_else(PoisonError::into_inner) = followed;
        dependent
    }

    /// <https://dom.spec.whatwg.org/#dom-abortsignal-aborted>
    pub fn is_aborted(&self) -> bool {
        self.reason().is_some()
    }

    /// <https://dom.spec.whatwg.org/#dom-abortsignal-reason>
    pub fn reason(&self) -> Option<AbortReason> {
        if let Some(reason) = self.lock().reason.clone() {
            return Some(reason);
        }
        if self.deadline().is_some_and(|deadline| deadline <= Instant::now()) {
            self.signal_abort(AbortReason::TimeoutError);
            return self.lock().reason.clone();
        }
        None
    }

    /// <https://dom.spec.whatwg.org/#abortsignal-add>: runs the algorithm when the signal is aborted, at once if it
    /// is. Dropping the registration takes it back.
    ///
    /// A signal has no clock of its own: that its [`timeout`](AbortSignal::timeout) is over shows when somebody looks,
    /// and a fetch that was given the signal does; the algorithm runs then.
    pub fn on_abort(&self, algorithm: impl FnOnce(AbortReason) + Send + 'static) -> Registration {
        let id = self.add(Box::new(algorithm));
        Registration { signal: self.clone(), id }
    }

    /// The earliest deadline of this signal and its sources.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let own = self.0.deadline;
        self.0.sources.iter().filter_map(AbortSignal::deadline).chain(own).min()
    }

    fn add(&self, algorithm: Algorithm) -> u64 {
        let reason = self.reason();
        let mut state = self.lock();
        state.next += 1;
        let id = state.next;
        // NB: aborted between the two looks; the reason in the state counts.
        match reason.or_else(|| state.reason.clone()) {
            Some(reason) => {
                drop(state);
                algorithm(reason);
            }
            None => state.algorithms.push((id, algorithm)),
        }
        id
    }

    pub(crate) fn signal_abort(&self, reason: AbortReason) {
        let mut state = self.lock();
        if state.reason.is_some() {
            return;
        }
        state.reason = Some(reason.clone());
        let algorithms = std::mem::take(&mut state.algorithms);
        // The algorithms are the callers' code: not under our lock.
        drop(state);
        algorithms.into_iter().for_each(|(_, algorithm)| algorithm(reason.clone()));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for AbortSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortSignal").field("reason", &self.lock().reason).finish_non_exhaustive()
    }
}

/// An abort algorithm's place in its signal.
#[must_use = "dropping it takes the algorithm back"]
#[derive(Debug)]
pub struct Registration {
    signal: AbortSignal,
    id: u64,
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut state = self.signal.lock();
        let index = state.algorithms.iter().position(|(id, _)| *id == self.id);
        let taken = index.map(|index| state.algorithms.remove(index));
        drop(state);
        drop(taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn counted(signal: &AbortSignal) -> (Arc<AtomicUsize>, Registration) {
        let count = Arc::new(AtomicUsize::new(0));
        let inner = count.clone();
        let registration = signal.on_abort(move |_| {
            inner.fetch_add(1, Ordering::SeqCst);
        });
        (count, registration)
    }

    #[test]
    fn an_algorithm_runs_once() {
        let controller = AbortController::new();
        let (count, _registration) = counted(&controller.signal());
        controller.abort();
        controller.abort_with("again");
        assert_eq!(count.load(Ordering::SeqCst), 1);
        assert!(matches!(controller.signal().reason(), Some(AbortReason::AbortError)));
    }

    #[test]
    fn an_algorithm_added_late_runs_at_once() {
        let (count, _registration) = counted(&AbortSignal::abort());
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_dropped_registration_never_runs() {
        let controller = AbortController::new();
        let (count, registration) = counted(&controller.signal());
        drop(registration);
        controller.abort();
        assert_eq!(count.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn any_follows_the_first_with_its_reason() {
        let (a, b) = (AbortController::new(), AbortController::new());
        let any = AbortSignal::any([a.signal(), b.signal()]);
        assert!(!any.is_aborted());
        b.abort_with("b");
        a.abort();
        let Some(AbortReason::Other(reason)) = any.reason() else { panic!("b's reason") };
        assert_eq!(reason.downcast_ref::<&str>(), Some(&"b"));
        assert!(AbortSignal::any([AbortSignal::abort()]).is_aborted());
    }

    #[test]
    fn a_long_lived_signal_forgets_who_followed_it() {
        let controller = AbortController::new();
        for _ in 0..1000 {
            drop(AbortSignal::any([controller.signal()]));
        }
        assert_eq!(controller.signal.lock().algorithms.len(), 0);
    }

    #[test]
    fn a_timeout_is_over_when_its_time_is() {
        assert!(matches!(AbortSignal::timeout(Duration::ZERO).reason(), Some(AbortReason::TimeoutError)));
        let far = AbortSignal::timeout(Duration::from_secs(3600));
        assert!(!far.is_aborted());
        assert!(AbortSignal::any([far, AbortSignal::timeout(Duration::ZERO)]).is_aborted());
    }
}
