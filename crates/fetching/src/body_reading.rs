//! Bodies on their way: the [transmit-request-body loop](https://fetch.spec.whatwg.org/#concept-http-network-fetch) (step 8.5), the pulled
//! stream of a response's body (steps 9 to 16), and the end of it.
//!
//! [Incrementally read](https://fetch.spec.whatwg.org/#body-incrementally-read) and
//! [fully read](https://fetch.spec.whatwg.org/#body-fully-read) are `Body::chunk` and `Body::read_all`: whoever awaits them is the task destination.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use sofetch_core::infrastructure::bodies::{Body, BodyError, ByteStream, TooLarge};
use sofetch_core::rulings::{NetworkError, Reason};
use sofetch_core::trace::{Event, Trace, WireEvent};
use sofetch_core::wire_faults::{NetworkFault, PeerMisbehaved, WireFault};

use crate::fetch_params::{Callbacks, Cancellation, FetchController};

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

/// HTTP-network fetch, step 8.5: the request's body as the transport pulls it, with its two algorithms.
pub(crate) fn transmit_request_body(
    mut body: Body,
    callbacks: Arc<Callbacks>,
    controller: Arc<FetchController>,
    trace: Trace,
) -> Body {
    if callbacks.process_request_body_chunk_length.is_none()
        && callbacks.process_request_end_of_body.is_none()
        && !trace.is_on()
        && !body.source.is_null()
    {
        // Nobody listens, and bytes cannot fail.
        return body;
    }
    body.pipe_through(|stream| TransmittedBody { stream, callbacks, controller, trace, ended: false });
    body
}

struct TransmittedBody {
    stream: Box<dyn ByteStream>,
    callbacks: Arc<Callbacks>,
    controller: Arc<FetchController>,
    trace: Trace,
    ended: bool,
}

impl ByteStream for TransmittedBody {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let next = match self.stream.poll_next(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(next) => next,
        };
        match &next {
            Some(Ok(bytes)) => {
                let length = bytes.len() as u64;
                self.trace.emit(|| Event::Wire(WireEvent::BodySent { bytes: length }));
                if let Some(process) = &self.callbacks.process_request_body_chunk_length {
                    process(length);
                }
            }
            None if !self.ended => {
                self.ended = true;
                if let Some(process) = &self.callbacks.process_request_end_of_body {
                    process(());
                }
            }
            None => {}
            // A stream's error ends the fetch: an abort of its own as an abort, anything else as a termination.
            Some(Err(error)) => match &error.aborted {
                Some(reason) => self.controller.abort(reason.clone()),
                None => self.controller.terminate(),
            },
        }
        Poll::Ready(next)
    }
}

/// HTTP-network fetch, steps 9 to 16: the response's body, pulled; canceled with the fetch.
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
        // 16.2. Canceled: an aborted fetch errors the stream with its reason, a terminated one with a TypeError.
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

/// Fetch response handover's identity transform: tells, once, how the body ended (or that it was dropped unread).
pub(crate) struct NotifiedBody<F: FnOnce(Option<BodyError>) + Send> {
    stream: Box<dyn ByteStream>,
    notify: Option<F>,
}

impl<F: FnOnce(Option<BodyError>) + Send> NotifiedBody<F> {
    pub(crate) fn new(stream: Box<dyn ByteStream>, notify: F) -> Self {
        NotifiedBody { stream, notify: Some(notify) }
    }
}

impl<F: FnOnce(Option<BodyError>) + Send> ByteStream for NotifiedBody<F> {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let next = self.stream.poll_next(context);
        let ended = match &next {
            Poll::Ready(None) => None,
            Poll::Ready(Some(Err(error))) => Some(error.clone()),
            _ => return next,
        };
        if let Some(notify) = self.notify.take() {
            notify(ended);
        }
        next
    }
}
