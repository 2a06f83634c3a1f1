//! A request's body on its way out: counted against its announced length, watched, and given back where it is unread.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use sofetch_core::infrastructure::bodies::Body;
use sofetch_core::wire_faults::{Cause, WireFault};

/// A body that the transport and the exchange both hold: the one reads it, the other learns how far that got.
#[derive(Clone)]
pub(crate) struct Upload(Arc<Mutex<State>>);

struct State {
    body: Option<Body>,
    announced: Option<u64>,
    handed_over: u64,
    touched: bool,
    ended: bool,
    failed: Option<Cause>,
}

impl Upload {
    /// `announced` is what the header list says, else the body's own length, else nothing: chunks.
    pub(crate) fn new(body: Body, announced: Option<u64>) -> Upload {
        Upload(Arc::new(Mutex::new(State {
            body: Some(body),
            announced,
            handed_over: 0,
            touched: false,
            ended: false,
            failed: None,
        })))
    }

    /// The next chunk; after the end or a failure, `None`.
    pub(crate) fn poll_chunk(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, UploadFailed>>> {
        let mut state = self.state();
        let state = &mut *state;
        let Some(body) = &mut state.body else { return Poll::Ready(None) };
        let next = match body.poll_chunk(context) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(next) => next,
        };
        state.touched = true;
        let cause: Cause = match next {
            Some(Ok(chunk)) => {
                state.handed_over += chunk.len() as u64;
                if state.announced.is_none_or(|announced| state.handed_over <= announced) {
                    return Poll::Ready(Some(Ok(chunk)));
                }
                Arc::new(WrongLength)
            }
            None if state.announced.is_none_or(|announced| state.handed_over == announced) => {
                state.ended = true;
                state.body = None;
                return Poll::Ready(None);
            }
            None => Arc::new(WrongLength),
            Some(Err(error)) => Arc::new(error),
        };
        state.failed = Some(cause);
        state.body = None;
        Poll::Ready(Some(Err(UploadFailed)))
    }

    /// Did the transport take all of it?
    pub(crate) fn has_ended(&self) -> bool {
        let state = self.state();
        state.ended || (state.touched && state.announced == Some(state.handed_over))
    }

    /// How many bytes the transport took.
    pub(crate) fn handed_over(&self) -> u64 {
        self.state().handed_over
    }

    /// The body's own fault, if it failed.
    pub(crate) fn fault(&self) -> Option<WireFault> {
        self.state().failed.clone().map(|cause| WireFault::RequestBody { cause })
    }

    /// The body, if nothing was read of it.
    pub(crate) fn take_unread(&self) -> Option<Body> {
        let mut state = self.state();
        if state.touched { None } else { state.body.take() }
    }

    pub(crate) fn announced(&self) -> Option<u64> {
        self.state().announced
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body failed; why is with [`Upload::fault`].
#[derive(Debug)]
pub(crate) struct UploadFailed;

impl fmt::Display for UploadFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("upload-failed")
    }
}

impl std::error::Error for UploadFailed {}

/// A body that is not as long as was announced: on the wire, what is missing or too much would be the next request's.
#[derive(Debug)]
struct WrongLength;

impl fmt::Display for WrongLength {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wrong-length")
    }
}

impl std::error::Error for WrongLength {}

/// An upload, or nothing, as hyper wants it.
pub(crate) struct OutgoingBody(pub(crate) Option<Upload>);

impl http_body::Body for OutgoingBody {
    type Data = Bytes;
    type Error = UploadFailed;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadFailed>>> {
        match &self.0 {
            None => Poll::Ready(None),
            Some(upload) => upload.poll_chunk(context).map(|next| next.map(|chunk| chunk.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            None => SizeHint::with_exact(0),
            Some(upload) => upload.announced().map_or_else(SizeHint::default, SizeHint::with_exact),
        }
    }
}
