//! [Deferred fetching](https://fetch.spec.whatwg.org/#deferred-fetch): requests that wait in their page's fetch group, and are sent when it ends or after a time.
//!
//! Nobody waits for what they come to. Judges nothing: whether a request may wait is `fetch_later`'s, whether it may be sent is the fetch's own.

use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use sofetch_core::infrastructure::abort_reason::AbortReason;
use sofetch_core::infrastructure::requests::{Request, ServiceWorkersMode};
use sofetch_core::rules::deferred_fetching::Waiting;
use sofetch_core::rulings::{Fetched, NetworkError};
use sofetch_core::trace::{Algorithm, Event, Outcome, Trace};

use crate::fetch::{fetch_deferred_by, populate_request_from_client};
use crate::fetch_groups::FetchGroup;
use crate::fetch_params::{Callbacks, FetchController};
use crate::user_agent::UserAgent;

/// So much of a response is read that nobody asked for, in bytes: a short one gives its connection back.
const READ_UNSEEN: usize = 64 * 1024;

/// <https://fetch.spec.whatwg.org/#deferred-fetch-record>
pub struct DeferredFetchRecord {
    user_agent: Weak<UserAgent>,
    group: Weak<FetchGroup>,
    /// What it takes of the quota, while it waits.
    quota: Waiting,
    state: Mutex<State>,
}

/// <https://fetch.spec.whatwg.org/#deferred-fetch-record-invoke-state>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvokeState {
    /// It waits.
    Pending,
    /// It is under way, or done.
    Sent,
    /// It is never sent.
    Aborted,
}

struct State {
    invoke_state: InvokeState,
    /// Until it is sent or aborted.
    deferred: Option<Deferred>,
    /// Is the fetch done, or will there be none?
    is_done: bool,
    wakers: Vec<Waker>,
}

/// A request with all that its fetch is to be given.
pub struct Deferred {
    /// <https://fetch.spec.whatwg.org/#deferred-fetch-record-request>
    pub request: Box<Request>,
    /// <https://fetch.spec.whatwg.org/#deferred-fetch-record-notify-invoked>: runs when it is sent, whatever sends it.
    pub notify_invoked: Box<dyn FnOnce() + Send>,
    /// What the fetch tells its caller.
    pub callbacks: Callbacks,
    /// How long the fetch may take, once it is sent. NB: the caller's own limit; the text has none.
    pub time_limit: Option<Duration>,
    /// The fetch's, once it is sent.
    pub controller: Arc<FetchController>,
    /// Where its events go.
    pub trace: Trace,
}

impl DeferredFetchRecord {
    /// What became of it.
    pub fn invoke_state(&self) -> InvokeState {
        self.lock().invoke_state
    }

    /// What it takes of the quota, while it waits.
    pub(crate) fn waiting(&self) -> Option<Waiting> {
        self.lock().deferred.is_some().then(|| self.quota.clone())
    }

    /// Sets its invoke state to "aborted": it is not sent any more. What was sent goes on.
    pub fn abort(&self, reason: AbortReason) {
        let Some(deferred) = self.settle(InvokeState::Aborted) else { return };
        let error = NetworkError::new(reason);
        deferred.trace.emit(|| Event::Ended(Outcome::NetworkError(error)));
        self.be_done();
    }

    /// Waits until its fetch is done, or nothing will come of it.
    pub async fn done(&self) {
        self.until(|state| state.is_done).await;
    }

    /// Waits until it is sent, or never will be.
    pub async fn settled(&self) {
        self.until(|state| state.invoke_state != InvokeState::Pending).await;
    }

    async fn until(&self, is_over: impl Fn(&State) -> bool) {
        poll_fn(|context| self.poll_until(&is_over, context)).await;
    }

    fn poll_until(&self, is_over: &impl Fn(&State) -> bool, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if is_over(&state) {
            return Poll::Ready(());
        }
        if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            state.wakers.push(context.waker().clone());
        }
        Poll::Pending
    }

    /// Takes what waits, if it still does.
    fn settle(&self, invoke_state: InvokeState) -> Option<Deferred> {
        let mut state = self.lock();
        let deferred = state.deferred.take()?;
        state.invoke_state = invoke_state;
        wake(state);
        Some(deferred)
    }

    fn be_done(&self) {
        let mut state = self.lock();
        state.is_done = true;
        wake(state);
        if let Some(group) = self.group.upgrade() {
            group.remove_deferred(self);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(mut state: MutexGuard<'_, State>) {
    let wakers = std::mem::take(&mut state.wakers);
    // The wakers may run code of the executor's: not under our lock.
    drop(state);
    wakers.into_iter().for_each(Waker::wake);
}

/// <https://fetch.spec.whatwg.org/#queue-a-deferred-fetch>
///
/// The record; the caller appends it (5) and has it processed in time (6).
pub(crate) fn queue_a_deferred_fetch(
    user_agent: &Arc<UserAgent>,
    group: &Arc<FetchGroup>,
    mut deferred: Deferred,
) -> Arc<DeferredFetchRecord> {
    let request = &mut deferred.request;
    // 1.
    populate_request_from_client(request);
    // 2, 3.
    request.service_workers_mode = ServiceWorkersMode::None;
    request.keepalive = true;
    // 4, 7.
    Arc::new(DeferredFetchRecord {
        user_agent: Arc::downgrade(user_agent),
        group: Arc::downgrade(group),
        quota: Waiting::of(&deferred.request),
        state: Mutex::new(State {
            invoke_state: InvokeState::Pending,
            deferred: Some(deferred),
            is_done: false,
            wakers: Vec::new(),
        }),
    })
}

/// Step 6 of it. NB: no page here is ever in the background.
pub(crate) fn process_after(user_agent: &UserAgent, record: &Arc<DeferredFetchRecord>, after: Duration) {
    let Some(timers) = &user_agent.timers else { return };
    let (sleep, record) = (timers.sleep(after), record.clone());
    user_agent.tasks.spawn(Box::pin(async move {
        // What was sent or aborted meanwhile has no need of a timer.
        either(sleep, record.settled()).await;
        process_a_deferred_fetch(&record);
    }));
}

/// Waits for one of the two.
async fn either(first: impl Future<Output = ()>, second: impl Future<Output = ()>) {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|context| match first.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending => second.as_mut().poll(context),
    })
    .await;
}

/// <https://fetch.spec.whatwg.org/#process-deferred-fetches>
///
/// All that are under way then.
pub(crate) fn process_deferred_fetches(group: &FetchGroup) -> Vec<Arc<DeferredFetchRecord>> {
    let records = group.deferred();
    records.iter().for_each(process_a_deferred_fetch);
    records
}

/// <https://fetch.spec.whatwg.org/#process-a-deferred-fetch>
fn process_a_deferred_fetch(record: &Arc<DeferredFetchRecord>) {
    // 1, 2.
    let Some(deferred) = record.settle(InvokeState::Sent) else { return };
    let Deferred { request, notify_invoked, callbacks, time_limit, controller, trace } = deferred;
    // NB: left before the fetch begins, which may do so elsewhere.
    drop(trace.enter(Algorithm::ProcessADeferredFetch));
    // 3. NB: an agent that is gone sends nothing.
    let done = Done(record.clone());
    let Some(user_agent) = record.user_agent.upgrade() else { return };
    let (tasks, group) = (user_agent.tasks.clone(), record.group.upgrade());
    let over = time_limit.and_then(|limit| Some(user_agent.timers.as_ref()?.sleep(limit)));
    let its_controller = controller.clone();
    let fetching = fetch_deferred_by(group, user_agent, request, callbacks, controller, trace);
    tasks.spawn(Box::pin(async move {
        let limited = async {
            match over {
                Some(over) => over.await,
                None => pending().await,
            }
            its_controller.abort(AbortReason::TimeoutError);
            pending().await
        };
        either(async { read_unseen(fetching.await).await }, limited).await;
        drop(done);
    }));
    // 4. NB: the task is the caller's.
    notify_invoked();
}

/// Sets what is done, also where the task was dropped with its runtime.
struct Done(Arc<DeferredFetchRecord>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.be_done();
    }
}

async fn read_unseen(fetched: Fetched) {
    let Ok(mut response) = fetched else { return };
    let Some(mut body) = response.internal_mut().body.take() else { return };
    let mut read = 0;
    while let Some(Ok(chunk)) = body.chunk().await {
        read += chunk.len();
        if read > READ_UNSEEN {
            return;
        }
    }
}
