//! [`Page::fetch_later`](crate::Page::fetch_later): requests that are sent when their page is left, or after a time.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sofetch_core::infrastructure::clients::Client;
use sofetch_core::infrastructure::multipart::boundary_from;
use sofetch_core::rulings::NetworkError;
use sofetch_core::trace::Trace;
use sofetch_fetching::deferred_fetching::{Deferred, DeferredFetchRecord, InvokeState};
use sofetch_fetching::fetch_later::fetch_later;
use sofetch_fetching::fetch_params::FetchController;

use crate::abort::{AbortSignal, Registration};
use crate::agent::{Engine, UserAgent};
use crate::error::Error;
use crate::fetch::Ends;
use crate::request::Request;

/// <https://fetch.spec.whatwg.org/#fetchlaterresult>: whether a request was sent. Dropping it changes nothing.
#[derive(Clone)]
pub struct FetchLaterResult(Arc<DeferredFetchRecord>);

impl FetchLaterResult {
    /// <https://fetch.spec.whatwg.org/#dom-fetchlaterresult-activated>
    ///
    /// Was it sent? One that was aborted before never is.
    pub fn activated(&self) -> bool {
        self.0.invoke_state() == InvokeState::Sent
    }
}

impl fmt::Debug for FetchLaterResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchLaterResult").field("activated", &self.activated()).finish()
    }
}

/// What was deferred and is under way.
#[derive(Clone, Default)]
pub struct UnderWay(Vec<Arc<DeferredFetchRecord>>);

impl UnderWay {
    /// For who waits for it or not. NB: an agent with a runtime of its own lives until it is done.
    pub(crate) fn of(agent: &UserAgent, engine: &Engine, records: Vec<Arc<DeferredFetchRecord>>) -> UnderWay {
        let under_way = UnderWay(records);
        if !under_way.is_empty() && agent.must_outlive_its_bodies() {
            let (agent, done) = (agent.clone(), under_way.clone().done());
            engine.user_agent.tasks.spawn(Box::pin(async move {
                done.await;
                drop(agent);
            }));
        }
        under_way
    }

    /// Is there nothing?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Waits until each has its answer, or has failed.
    pub async fn done(self) {
        for record in self.0 {
            record.done().await;
        }
    }
}

/// The steps before 7, and 16.
pub(crate) fn fetch_later_for(
    agent: &UserAgent,
    client: &Arc<Client>,
    mut request: Request,
    activate_after: Option<Duration>,
    is_fully_active: bool,
) -> Result<FetchLaterResult, Error> {
    let engine = agent.engine()?;
    let time_limit = request.timeout.or(engine.timeout);
    let ends = Ends::of(&mut request, engine);
    let observer = request.observer.take().or_else(|| agent.observer());
    // 1.
    let url = request.url(Some(client))?;
    let random = engine.user_agent.random.clone();
    let boundary = move || {
        let mut seed = [0; 16];
        random.fill(&mut seed);
        boundary_from(seed)
    };
    let request =
        request.into_core(url.clone(), Some(client), boundary).map_err(|error| error.with_url(Some(&url)))?;
    // 2.
    let signal = ends.signal();
    if let Some(reason) = signal.and_then(AbortSignal::reason) {
        return Err(Error::network(NetworkError::new(reason)).with_url(Some(&url)));
    }
    // 7 to 15. NB: once it is sent, or aborted, its place in the signal is given back.
    let place = Arc::new(Mutex::new(None::<Registration>));
    let own_place = place.clone();
    let deferred = Deferred {
        request: Box::new(request),
        notify_invoked: Box::new(move || drop(own_place)),
        callbacks: ends.callbacks(),
        time_limit,
        controller: FetchController::new(),
        trace: observer.map_or_else(Trace::off, Trace::new),
    };
    let record = fetch_later(&engine.user_agent, deferred, activate_after, is_fully_active)
        .map_err(|error| Error::network(error).with_url(Some(&url)))?;
    // 16.
    if let Some(signal) = signal {
        let weak = Arc::downgrade(&record);
        let registration = signal.on_abort(move |reason| {
            if let Some(record) = weak.upgrade() {
                record.abort(reason);
            }
        });
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(registration);
        watch(engine, signal, record.clone());
    }
    Ok(FetchLaterResult(record))
}

/// A signal has no clock of its own: somebody looks at its deadline.
fn watch(engine: &Engine, signal: &AbortSignal, record: Arc<DeferredFetchRecord>) {
    let Some(deadline) = signal.deadline() else { return };
    let sleep = engine.timers.sleep(deadline.saturating_duration_since(Instant::now()));
    let signal = signal.clone();
    engine.user_agent.tasks.spawn(Box::pin(async move {
        tokio::select! {
            () = sleep => drop(signal.reason()),
            () = record.settled() => {}
        }
    }));
}
