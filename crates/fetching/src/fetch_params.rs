//! [Fetch params](https://fetch.spec.whatwg.org/#fetch-params) and the [fetch controller](https://fetch.spec.whatwg.org/#fetch-controller): `judge`, abort, terminate.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use sofetch_core::infrastructure::abort_reason::AbortReason;
use sofetch_core::infrastructure::header_list::Name;
use sofetch_core::infrastructure::requests::Request;
use sofetch_core::infrastructure::responses::CacheState;
use sofetch_core::infrastructure::statuses::Status;
use sofetch_core::infrastructure::timing::{FetchTimingInfo, ResponseBodyInfo, Timestamp};
use sofetch_core::ports::{Interim, Report};
use sofetch_core::rules::verdict::Verdict;
use sofetch_core::rulings::{NetworkError, Reason, Ruling};
use sofetch_core::trace::{Event, Trace};

use crate::fetch_groups::{FetchGroup, Membership};
use crate::user_agent::UserAgent;

/// <https://fetch.spec.whatwg.org/#fetch-params>
pub struct FetchParams {
    /// Whose fetch this is.
    pub user_agent: Arc<UserAgent>,
    /// <https://fetch.spec.whatwg.org/#fetch-params-request>
    pub request: Box<Request>,
    /// The algorithms given to fetch.
    pub callbacks: Arc<Callbacks>,
    /// <https://fetch.spec.whatwg.org/#fetch-params-controller>
    pub controller: Arc<FetchController>,
    /// <https://fetch.spec.whatwg.org/#fetch-params-timing-info>
    pub timing_info: Arc<Mutex<FetchTimingInfo>>,
    /// <https://fetch.spec.whatwg.org/#fetch-params-cross-origin-isolated-capability>
    pub cross_origin_isolated_capability: bool,
    /// Where its events go.
    pub trace: Trace,
    pub(crate) membership: Option<Membership>,
    /// The group that deferred it, which may be gone from the user agent's by now.
    pub(crate) deferred_by: Option<Arc<FetchGroup>>,
}

/// The algorithms that a caller may give to [fetch](https://fetch.spec.whatwg.org/#concept-fetch); processResponse is the
/// future's own value, processResponseConsumeBody reading the body of it.
#[derive(Default)]
pub struct Callbacks {
    /// <https://fetch.spec.whatwg.org/#process-request-body>: bytes of the body handed to the transport.
    pub process_request_body_chunk_length: Option<Process<u64>>,
    /// <https://fetch.spec.whatwg.org/#process-request-end-of-body>
    pub process_request_end_of_body: Option<Process<()>>,
    /// <https://fetch.spec.whatwg.org/#fetch-processearlyhintsresponse>
    pub process_early_hints_response: Option<Process<Interim>>,
    /// <https://fetch.spec.whatwg.org/#process-response-end-of-body>, with what Resource Timing would be told. A body that
    /// broke off, or that nobody reads to its end, has no end.
    pub process_response_end_of_body: Option<Process<ReportedTiming>>,
}

/// An algorithm that is told of something.
pub type Process<T> = Box<dyn Fn(T) + Send + Sync>;

/// What [fetch response handover](https://fetch.spec.whatwg.org/#fetch-finale) reports once the body has ended.
#[derive(Clone, Debug)]
pub struct ReportedTiming {
    /// Would the Standard mark resource timing: an HTTP(S) URL, and an initiator type?
    pub is_to_be_marked: bool,
    /// Opaque where the TAO check failed.
    pub timing_info: FetchTimingInfo,
    /// Of the response as seen.
    pub body_info: ResponseBodyInfo,
    /// Empty where the TAO check failed.
    pub cache_state: CacheState,
    /// 0 where the redirect chain hides it.
    pub response_status: Status,
    /// May the details be shown?
    pub timing_allow_passed: bool,
}

impl FetchParams {
    /// Fetch params as they are at first; the cross-origin isolated capability is the client's.
    pub fn new(
        user_agent: Arc<UserAgent>,
        request: Box<Request>,
        callbacks: Callbacks,
        controller: Arc<FetchController>,
        trace: Trace,
    ) -> FetchParams {
        let cross_origin_isolated_capability =
            request.client.as_ref().is_some_and(|client| client.cross_origin_isolated_capability);
        FetchParams {
            user_agent,
            request,
            callbacks: Arc::new(callbacks),
            controller,
            timing_info: Arc::default(),
            cross_origin_isolated_capability,
            trace,
            membership: None,
            deferred_by: None,
        }
    }

    /// Passes a verdict: recorded, and turned into a network error if it blocks.
    #[inline]
    pub fn judge<V: Verdict + Into<Ruling> + Clone>(&self, verdict: V) -> Result<V, NetworkError> {
        if !verdict.blocks() && !self.trace.is_on() {
            return Ok(verdict);
        }
        self.judge_aloud(verdict)
    }

    #[cold]
    fn judge_aloud<V: Verdict + Into<Ruling> + Clone>(&self, verdict: V) -> Result<V, NetworkError> {
        let blocks = verdict.blocks();
        let ruling: Ruling = verdict.clone().into();
        self.trace.emit(|| Event::Ruled(Box::new(ruling.clone())));
        if blocks { Err(NetworkError::new(ruling)) } else { Ok(verdict) }
    }

    /// Passes the verdict of a rule on a page's policies, if there is one, and queues what it wants reported.
    pub(crate) fn judge_policy<V: Verdict + Into<Ruling> + Clone>(
        &self,
        judged: Option<(V, Vec<Report>)>,
    ) -> Result<(), NetworkError> {
        let Some((verdict, reports)) = judged else { return Ok(()) };
        reports.into_iter().for_each(|report| self.queue_report(report));
        self.judge(verdict).map(|_| ())
    }

    /// Queues a report of the request's client.
    pub(crate) fn queue_report(&self, report: Report) {
        match (&self.user_agent.reports, &self.request.client) {
            (Some(port), Some(client)) => port.queue_of(client, report),
            (Some(port), None) => port.queue(report),
            (None, _) => {}
        }
    }

    /// "Run these steps, but abort when canceled": the future's value, or the
    /// [appropriate network error](https://fetch.spec.whatwg.org/#appropriate-network-error).
    pub fn unless_canceled<T, F: Future<Output = T>>(
        &self,
        steps: F,
    ) -> impl Future<Output = Result<T, NetworkError>> + use<T, F> {
        unless_canceled(self.controller.clone(), steps)
    }

    /// Returns the appropriate network error if the fetch is canceled.
    pub fn check_canceled(&self) -> Result<(), NetworkError> {
        match self.controller.appropriate_network_error() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// The coarsened shared current time.
    pub fn coarsened_now(&self) -> Timestamp {
        self.user_agent.clock.now().coarsen(self.cross_origin_isolated_capability)
    }

    /// The timing info, to be read or changed at once.
    pub fn timing(&self) -> MutexGuard<'_, FetchTimingInfo> {
        self.timing_info.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetch, step 16: a record in the client's fetch group, for as long as the done flag is unset.
    pub(crate) fn join_fetch_group(&mut self) {
        if self.request.is_subresource_request()
            && let Some(group) =
                self.deferred_by.clone().or_else(|| self.user_agent.fetch_group(&self.request))
        {
            let length = self.request.body.as_ref().and_then(|body| body.length).unwrap_or(0);
            self.membership = Some(group.append(self.controller.clone(), self.request.keepalive, length));
        }
    }

    /// Appends a header to `request` and tells so.
    pub fn append_header(&self, request: &mut Request, name: &'static str, value: impl Into<Bytes>) {
        let value = value.into();
        self.trace.emit(|| Event::Rewrote { header: name, value: Some(value.clone()) });
        request.header_list.append(Name::from(name), value);
    }

    /// Sets a header of `request` and tells so.
    pub fn set_header(&self, request: &mut Request, name: &'static str, value: impl Into<Bytes>) {
        let value = value.into();
        self.trace.emit(|| Event::Rewrote { header: name, value: Some(value.clone()) });
        request.header_list.set(Name::from(name), value);
    }
}

/// As [`FetchParams::unless_canceled`], without the params.
pub(crate) async fn unless_canceled<T>(
    controller: Arc<FetchController>,
    steps: impl Future<Output = T>,
) -> Result<T, NetworkError> {
    let mut steps = pin!(steps);
    let mut cancellation = Cancellation::new(controller);
    poll_fn(|context| {
        if let Some(error) = cancellation.controller.appropriate_network_error() {
            return Poll::Ready(Err(error));
        }
        match steps.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Ok(value)),
            Poll::Pending => cancellation.poll(context).map(Err),
        }
    })
    .await
}

/// <https://fetch.spec.whatwg.org/#fetch-controller>. Shared between the caller and the fetch.
///
/// Its state is "ongoing" until the first call of [`abort`](FetchController::abort) or
/// [`terminate`](FetchController::terminate); later ones change nothing.
// SKIPS: full timing info and next manual redirect steps are for HTML's navigate, which we do not have.
#[derive(Default)]
pub struct FetchController {
    canceled: AtomicBool,
    inner: Mutex<Canceled>,
}

#[derive(Default)]
struct Canceled {
    why: Option<NetworkError>,
    /// The one who waits; nearly always there is no other.
    waker: Option<(u64, Waker)>,
    others: Vec<(u64, Waker)>,
    next: u64,
}

impl FetchController {
    /// A controller in state "ongoing".
    pub fn new() -> Arc<FetchController> {
        Arc::default()
    }

    /// <https://fetch.spec.whatwg.org/#fetch-controller-abort>
    pub fn abort(&self, reason: AbortReason) {
        self.cancel(NetworkError::new(reason));
    }

    /// <https://fetch.spec.whatwg.org/#fetch-controller-terminate>
    pub fn terminate(&self) {
        self.cancel(NetworkError::new(Reason::Terminated));
    }

    /// Terminates it for a reason of the engine's own, which the appropriate network error then bears.
    pub(crate) fn terminate_because(&self, why: NetworkError) {
        self.cancel(why);
    }

    fn cancel(&self, why: NetworkError) {
        let mut inner = self.lock();
        if inner.why.is_none() {
            inner.why = Some(why);
            self.canceled.store(true, Ordering::Release);
            wake(inner);
        }
    }

    /// <https://fetch.spec.whatwg.org/#fetch-params-canceled>
    pub fn is_canceled(&self) -> bool {
        self.canceled.load(Ordering::Acquire)
    }

    /// <https://fetch.spec.whatwg.org/#appropriate-network-error>, if the fetch is canceled.
    pub fn appropriate_network_error(&self) -> Option<NetworkError> {
        if self.is_canceled() { self.lock().why.clone() } else { None }
    }

    fn lock(&self) -> MutexGuard<'_, Canceled> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wake(mut inner: MutexGuard<'_, Canceled>) {
    let (waker, others) = (inner.waker.take(), std::mem::take(&mut inner.others));
    // The wakers may run code of the executor's: not under our lock.
    drop(inner);
    waker.into_iter().chain(others).for_each(|(_, waker)| waker.wake());
}

/// A wait for a controller's cancellation. Registers a waker only when polled, and takes it back when dropped.
pub(crate) struct Cancellation {
    pub(crate) controller: Arc<FetchController>,
    id: Option<u64>,
}

impl Cancellation {
    pub(crate) fn new(controller: Arc<FetchController>) -> Cancellation {
        Cancellation { controller, id: None }
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<NetworkError> {
        let mut inner = self.controller.lock();
        if let Some(why) = &inner.why {
            return Poll::Ready(why.clone());
        }
        let id = *self.id.get_or_insert_with(|| {
            inner.next += 1;
            inner.next
        });
        let Canceled { waker: first, others, .. } = &mut *inner;
        let own = first.iter_mut().chain(others.iter_mut()).find(|(other, _)| *other == id);
        if let Some((_, waker)) = own {
            waker.clone_from(context.waker());
            return Poll::Pending;
        }
        let own = (id, context.waker().clone());
        match first {
            None => *first = Some(own),
            Some(_) => others.push(own),
        }
        Poll::Pending
    }
}

impl Drop for Cancellation {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let mut inner = self.controller.lock();
            match inner.waker.take_if(|(other, _)| *other == id) {
                // NB: a waker may run a stranger's code when dropped: after the lock.
                Some(own) => {
                    drop(inner);
                    drop(own);
                }
                None => inner.others.retain(|(other, _)| *other != id),
            }
        }
    }
}
