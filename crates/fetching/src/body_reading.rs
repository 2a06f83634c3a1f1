//! Bodies on their way: the [transmit-request-body loop](https://fetch.spec.whatwg.org/#concept-http-network-fetch) (step 8.5), the pulled
//! stream of a response's body (steps 10 to 18), and the end of it.
//!
//! [Incrementally read](https://fetch.spec.whatwg.org/#body-incrementally-read) and
//! [fully read](https://fetch.spec.whatwg.org/#body-fully-read) are `Body::chunk` and `Body::read_all`: whoever awaits them is the task destination.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use sofetch_core::infrastructure::bodies::{Body, BodyError, ByteStream, TooLarge};
use sofetch_core::rulings::{NetworkError, Reason};
use sofetch_core::trace::{Event, Trace, WireEvent};
use sofetch_core::wire_faults::{NetworkFault, PeerMisbehaved, WireFault};

use crate::fetch_params::{Callbacks, Cancellation, FetchController, FetchParams};

/// The network error that a body's error is, seen from the procedure.
pub fn network_error_of(error: BodyError) -> NetworkError {
    if let Some(reason) = error.aborted {
        return NetworkError::new(reason);
    }
    if let Some(own) = error.cause.downcast_ref::<NetworkError>() {
        return own.clone();
    }
    if let Some(fault) = error.cause.downcast_ref::<NetworkFault>() {
        return NetworkError::new(fault.clone());
    }
    if let Some(fault) = error.cause.downcast_ref::<WireFault>() {
        return NetworkError::new(fault.clone());
    }
    if let Some(fault) = error.cause.downcast_ref::<PeerMisbehaved>() {
        return NetworkError::new(fault.clone());
    }
    if let Some(TooLarge { limit }) = error.cause.downcast_ref::<TooLarge>() {
        return NetworkError::new(PeerMisbehaved::BodyTooLarge { limit: *limit });
    }
    NetworkError::new(WireFault::BodyCut { cause: Some(error.cause) })
}

fn body_error_of(error: NetworkError) -> BodyError {
    let aborted = match error.reason() {
        Reason::Aborted(reason) => Some(reason.clone()),
        _ => None,
    };
    BodyError { aborted, cause: Arc::new(error) }
}

/// HTTP-network fetch, step 8.5: the transmission of a request's body, with the algorithms that are told of it.
///
/// One for each HTTP-network fetch, however often a dead connection makes it send again: the end is told once.
pub(crate) struct Transmission {
    callbacks: Arc<Callbacks>,
    controller: Arc<FetchController>,
    trace: Trace,
    end_was_told: AtomicBool,
}

impl Transmission {
    /// `None` where nobody listens and nothing can fail.
    pub(crate) fn of(fetch: &FetchParams, body: Option<&Body>) -> Option<Arc<Transmission>> {
        let callbacks = &fetch.callbacks;
        let told = callbacks.process_request_body_chunk_length.is_some()
            || callbacks.process_request_end_of_body.is_some()
            || fetch.trace.is_on();
        (told || body.is_some_and(|body| body.source.is_null())).then(|| {
            Arc::new(Transmission {
                callbacks: callbacks.clone(),
                controller: fetch.controller.clone(),
                trace: fetch.trace.clone(),
                end_was_told: AtomicBool::new(false),
            })
        })
    }

    /// The body as the transport is to pull it. Without a body its end is now.
    pub(crate) fn transmit(self: &Arc<Self>, body: &mut Option<Body>) {
        match body {
            None => self.process_end_of_body(),
            Some(body) => {
                let transmission = self.clone();
                body.pipe_through(|stream| TransmittedBody { stream, piece: Bytes::new(), transmission });
            }
        }
    }

    /// processBodyChunk; transmitting is the transport's.
    fn process_body_chunk(&self, length: u64) {
        if self.controller.is_canceled() {
            return;
        }
        self.trace.emit(|| Event::Wire(WireEvent::BodySent { bytes: length }));
        if let Some(process) = &self.callbacks.process_request_body_chunk_length {
            process(length);
        }
    }

    /// processEndOfBody.
    fn process_end_of_body(&self) {
        if self.controller.is_canceled() || self.end_was_told.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Some(process) = &self.callbacks.process_request_end_of_body {
            process(());
        }
    }

    /// processBodyError: an abort of its own as an abort, anything else as a termination, which keeps what happened.
    fn process_body_error(&self, error: &BodyError) {
        match &error.aborted {
            Some(reason) => self.controller.abort(reason.clone()),
            None => {
                let cause = error.cause.clone();
                self.controller.terminate_because(NetworkError::new(WireFault::RequestBody { cause }));
            }
        }
    }
}

/// As much is told of, in bytes, before the transport asks for more. It asks when it has room: what is told of without being on its way
/// is so much, and the transport's buffer.
const PIECE: usize = 64 << 10;

struct TransmittedBody {
    stream: Box<dyn ByteStream>,
    /// What is left of a longer chunk.
    piece: Bytes,
    transmission: Arc<Transmission>,
}

impl TransmittedBody {
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        if self.piece.is_empty() {
            match std::task::ready!(self.stream.poll_next(context)) {
                Some(Ok(chunk)) => self.piece = chunk,
                ended => return Poll::Ready(ended),
            }
        }
        let length = self.piece.len().min(PIECE);
        Poll::Ready(Some(Ok(self.piece.split_to(length))))
    }
}

impl ByteStream for TransmittedBody {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let next = self.poll_piece(context);
        match &next {
            Poll::Ready(Some(Ok(bytes))) => self.transmission.process_body_chunk(bytes.len() as u64),
            Poll::Ready(None) => self.transmission.process_end_of_body(),
            Poll::Ready(Some(Err(error))) => self.transmission.process_body_error(error),
            Poll::Pending => {}
        }
        next
    }
}

/// A request's body whose stream is canceled: its source and length still say whether it could be sent again.
pub(crate) fn cancel(body: &mut Body) {
    body.pipe_through(|_| Spent);
}

struct Spent;

impl ByteStream for Spent {
    fn poll_next(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        Poll::Ready(None)
    }
}

/// A body that did not come from the network (a cache's, a worker's, an override's), canceled with the fetch all the same.
pub fn canceled_with(stream: Box<dyn ByteStream>, controller: Arc<FetchController>) -> Box<dyn ByteStream> {
    Box::new(NetworkBody::new(stream, controller, None))
}

/// HTTP-network fetch, steps 10 to 18: the response's body, pulled; canceled with the fetch.
// NB: pulling is the back-pressure, and there is no buffer of ours, so nothing is suspended or resumed. Dropping it is
// cancelAlgorithm (step 13): the transport closes the connection or resets its stream.
pub(crate) struct NetworkBody {
    stream: Option<Box<dyn ByteStream>>,
    cancellation: Cancellation,
    limit: Option<u64>,
    read: u64,
}

impl NetworkBody {
    pub(crate) fn new(
        stream: Box<dyn ByteStream>,
        controller: Arc<FetchController>,
        limit: Option<u64>,
    ) -> NetworkBody {
        NetworkBody { stream: Some(stream), cancellation: Cancellation::new(controller), limit, read: 0 }
    }

    fn fail(&mut self, error: NetworkError) -> Poll<Option<Result<Bytes, BodyError>>> {
        // Dropping the transport's stream closes the connection, or resets the HTTP/2 stream.
        self.stream = None;
        Poll::Ready(Some(Err(body_error_of(error))))
    }
}

impl ByteStream for NetworkBody {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(None) };
        // 18.2. Canceled: an aborted fetch errors the stream with its reason, a terminated one with a TypeError.
        if let Some(error) = self.cancellation.controller.appropriate_network_error() {
            return self.fail(error);
        }
        match stream.poll_next(context) {
            Poll::Ready(Some(Ok(bytes))) => {
                self.read += bytes.len() as u64;
                match self.limit {
                    Some(limit) if self.read > limit => {
                        self.fail(NetworkError::new(PeerMisbehaved::BodyTooLarge { limit }))
                    }
                    _ => Poll::Ready(Some(Ok(bytes))),
                }
            }
            Poll::Ready(None) => {
                self.stream = None;
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => {
                let error = network_error_of(error);
                self.fail(error)
            }
            Poll::Pending => match self.cancellation.poll(context) {
                Poll::Ready(error) => self.fail(error),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

/// Fetch response handover's identity transform: tells, once, how many bytes passed and how the body ended. What is
/// dropped unread tells nothing, but lets go of what `notify` holds.
pub(crate) struct NotifiedBody<F: FnOnce(u64, Option<BodyError>) + Send> {
    stream: Box<dyn ByteStream>,
    passed: u64,
    notify: Option<F>,
}

impl<F: FnOnce(u64, Option<BodyError>) + Send> NotifiedBody<F> {
    pub(crate) fn new(stream: Box<dyn ByteStream>, notify: F) -> Self {
        NotifiedBody { stream, passed: 0, notify: Some(notify) }
    }
}

impl<F: FnOnce(u64, Option<BodyError>) + Send> ByteStream for NotifiedBody<F> {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let next = self.stream.poll_next(context);
        let ended = match &next {
            Poll::Ready(Some(Ok(bytes))) => {
                self.passed += bytes.len() as u64;
                return next;
            }
            Poll::Ready(Some(Err(error))) => Some(error.clone()),
            Poll::Ready(None) => None,
            Poll::Pending => return next,
        };
        if let Some(notify) = self.notify.take() {
            notify(self.passed, ended);
        }
        next
    }
}
