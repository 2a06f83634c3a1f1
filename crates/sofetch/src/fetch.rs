//! [`fetch`], and the one way that every face goes: a request of the face becomes the engine's, and its answer a response.

use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sofetch_core::infrastructure::abort_reason::AbortReason;
use sofetch_core::infrastructure::bodies::{BodyError, ByteStream};
use sofetch_core::infrastructure::clients::Client;
use sofetch_core::infrastructure::multipart::boundary_from;
use sofetch_core::infrastructure::requests::Request as CoreRequest;
use sofetch_core::ports::Interim;
use sofetch_core::rules::header_guards::Guard;
use sofetch_core::rulings::{Fetched, NetworkError};
use sofetch_core::trace::Trace;
use sofetch_fetching::body_reading::canceled_with;
use sofetch_fetching::fetch_params::{Callbacks, FetchController};
use tokio::sync::oneshot;

use crate::abort::{AbortSignal, Registration};
use crate::agent::{Engine, UserAgent};
use crate::error::Error;
use crate::headers::Headers;
use crate::request::{Request, ToldHints};
use crate::response::Response;
use crate::retry;

/// <https://fetch.spec.whatwg.org/#dom-global-fetch>, on your own behalf with the [shared agent](UserAgent::shared): no origin asks, nothing is hidden.
///
/// The input is a URL or a [`Request`]. Any status is an answer; an error means that there is none.
///
/// # Errors
/// See [`ErrorKind`](crate::ErrorKind).
pub async fn fetch(input: impl Into<Request>) -> Result<Response, Error> {
    UserAgent::shared().fetch(input).await
}

/// Fetches for a page's client, or on the user's own behalf.
pub(crate) async fn fetch_for(
    agent: UserAgent,
    client: Option<Arc<Client>>,
    mut request: Request,
) -> Result<Response, Error> {
    let engine = agent.engine()?;
    let mut ends = Ends::of(&mut request, engine);
    ends.agent = agent.must_outlive_its_bodies().then(|| agent.clone());
    let observer = request.observer.take().or_else(|| agent.observer());
    let trace = observer.map_or_else(Trace::off, Trace::new);
    let url = request.url(client.as_ref())?;
    let random = engine.user_agent.random.clone();
    let boundary = move || {
        let mut seed = [0; 16];
        random.fill(&mut seed);
        boundary_from(seed)
    };
    let request = request
        .into_core(url.clone(), client.as_ref(), boundary)
        .map_err(|error| error.with_url(Some(&url)))?;
    let fetched = retry::fetch_with_retries(&agent, engine, Box::new(request), &mut ends, trace).await;
    let mut response = fetched.map_err(|error| Error::network(error).with_url(Some(&url)))?;
    if let Some(body) = response.internal_mut().body.as_mut()
        && ends.reach_the_body()
    {
        body.pipe_through(|stream| WatchedBody::new(stream, ends));
    }
    Ok(Response::of(response, Guard::Immutable))
}

/// One attempt.
pub(crate) async fn attempt(
    engine: &Engine,
    request: Box<CoreRequest>,
    ends: &mut Ends,
    trace: Trace,
) -> Fetched {
    let controller = FetchController::new();
    ends.watch(&controller, engine);
    let callbacks = ends.callbacks();
    if let Some(error) = controller.appropriate_network_error() {
        return Err(error);
    }
    sofetch_fetching::fetch::fetch(engine.user_agent.clone(), request, callbacks, controller, trace).await
}

/// One attempt of a face with objects of its own, within the agent's limit.
pub(crate) async fn fetch_core(
    engine: &Engine,
    request: Box<CoreRequest>,
    callbacks: Callbacks,
    controller: Arc<FetchController>,
    trace: Trace,
) -> Fetched {
    let mut ends = Ends { deadline: engine.timeout.and_then(from_now), ..Ends::default() };
    ends.watch(&controller, engine);
    let agent = engine.user_agent.clone();
    let mut response = sofetch_fetching::fetch::fetch(agent, request, callbacks, controller, trace).await?;
    if let Some(body) = response.internal_mut().body.as_mut()
        && ends.reach_the_body()
    {
        body.pipe_through(|stream| WatchedBody::new(stream, ends));
    }
    Ok(response)
}

fn boxed(told: impl Fn(u64) + Send + Sync + 'static) -> Box<dyn Fn(u64) + Send + Sync> {
    Box::new(told)
}

type Told<T> = Arc<dyn Fn(T) + Send + Sync>;

/// What may end a fetch from elsewhere, and who is told of its progress; it goes with the body once there is one.
#[derive(Default)]
pub(crate) struct Ends {
    signal: Option<AbortSignal>,
    deadline: Option<Instant>,
    registration: Option<Registration>,
    /// What the signal and the deadline abort.
    controller: Option<Arc<FetchController>>,
    /// Dropped, it ends the task that waits for the deadline.
    alarm: Option<oneshot::Sender<()>>,
    /// An agent whose runtime ends with it, for as long as there is something to read.
    agent: Option<UserAgent>,
    on_upload: Option<Told<u64>>,
    on_download: Option<Told<u64>>,
    on_timing: Option<Told<crate::ReportedTiming>>,
    on_early_hints: Option<Arc<ToldHints>>,
}

impl Ends {
    pub(crate) fn of(request: &mut Request, engine: &Engine) -> Ends {
        let signal = request.signal.take();
        let whole = request.timeout.or(engine.timeout).and_then(from_now);
        let deadline = signal.as_ref().and_then(AbortSignal::deadline).into_iter().chain(whole).min();
        Ends {
            signal,
            deadline,
            registration: None,
            controller: None,
            alarm: None,
            agent: None,
            on_upload: request.on_upload.take().map(Arc::from),
            on_download: request.on_download.take().map(Arc::from),
            on_timing: request.on_timing.take().map(Arc::from),
            on_early_hints: request.on_early_hints.take().map(Arc::from),
        }
    }

    pub(crate) fn signal(&self) -> Option<&AbortSignal> {
        self.signal.as_ref()
    }

    pub(crate) fn callbacks(&self) -> Callbacks {
        Callbacks {
            process_request_body_chunk_length: self
                .on_upload
                .clone()
                .map(|told| boxed(move |length| told(length))),
            process_request_end_of_body: None,
            process_early_hints_response: self.on_early_hints.clone().map(
                |told| -> Box<dyn Fn(_) + Send + Sync> {
                    Box::new(move |hints: Interim| {
                        told(&Headers::from_list(hints.header_list, Guard::Immutable))
                    })
                },
            ),
            process_response_end_of_body: self
                .on_timing
                .clone()
                .map(|told| -> Box<dyn Fn(_) + Send + Sync> { Box::new(move |timing| told(timing)) }),
        }
    }

    pub(crate) fn watch(&mut self, controller: &Arc<FetchController>, engine: &Engine) {
        self.controller = (self.signal.is_some() || self.deadline.is_some()).then(|| controller.clone());
        if let Some(signal) = &self.signal {
            let weak = Arc::downgrade(controller);
            self.registration = Some(signal.on_abort(move |reason| abort(&weak, reason)));
        }
        if let Some(deadline) = self.deadline {
            let weak = Arc::downgrade(controller);
            let sleep = engine.timers.sleep(deadline.saturating_duration_since(Instant::now()));
            let (alarm, mut over) = oneshot::channel();
            self.alarm = Some(alarm);
            engine.user_agent.tasks.spawn(Box::pin(async move {
                tokio::select! {
                    () = sleep => abort(&weak, AbortReason::TimeoutError),
                    // NB: a deadline far away must not outlive a fetch that is done: there may be very many.
                    _ = &mut over => {}
                }
            }));
        }
    }

    /// How long is left before the deadline, if there is one.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Waits, but no longer than the signal lets us: `Some` is its reason.
    pub(crate) async fn unless_aborted(&self, wait: impl Future<Output = ()>) -> Option<AbortReason> {
        let Some(signal) = &self.signal else {
            wait.await;
            return None;
        };
        let (tell, aborted) = oneshot::channel();
        let _registration = signal.on_abort(move |reason| {
            // Nobody listens once the wait is over.
            let _ = tell.send(reason);
        });
        tokio::select! {
            biased;
            Ok(reason) = aborted => Some(reason),
            () = wait => None,
        }
    }

    fn reach_the_body(&self) -> bool {
        self.registration.is_some()
            || self.alarm.is_some()
            || self.agent.is_some()
            || self.on_download.is_some()
    }
}

/// `None` where no clock knows the moment.
fn from_now(after: Duration) -> Option<Instant> {
    Instant::now().checked_add(after)
}

fn abort(controller: &Weak<FetchController>, reason: AbortReason) {
    if let Some(controller) = controller.upgrade() {
        controller.abort(reason);
    }
}

/// Keeps what may end the body, and what it needs, as long as the body; tells of its progress.
struct WatchedBody {
    stream: Box<dyn ByteStream>,
    ends: Ends,
}

impl WatchedBody {
    fn new(stream: Box<dyn ByteStream>, mut ends: Ends) -> WatchedBody {
        // NB: a body of the network's ends with the controller anyway; others would read on.
        let stream = match ends.controller.take() {
            Some(controller) => canceled_with(stream, controller),
            None => stream,
        };
        WatchedBody { stream, ends }
    }
}

impl ByteStream for WatchedBody {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let next = self.stream.poll_next(context);
        if let (Poll::Ready(Some(Ok(chunk))), Some(told)) = (&next, &self.ends.on_download) {
            told(chunk.len() as u64);
        }
        next
    }
}

/// The network error of a fetch that never began.
pub(crate) fn timed_out() -> NetworkError {
    NetworkError::new(AbortReason::TimeoutError)
}
