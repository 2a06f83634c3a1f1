//! [Bodies](https://fetch.spec.whatwg.org/#bodies): a stream, its source, its length; cloning tees.
//!
//! The stream is ours ([`ByteStream`]); a body over bytes or a blob never allocates one, and its clones share the bytes.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use bytes::{Bytes, BytesMut};

use crate::infrastructure::abort_reason::AbortReason;
use crate::infrastructure::blobs::Blob;
use crate::infrastructure::form_data::FormData;

/// Chunks of bytes, pulled. `None` is the end; after it, or after an error, it is not polled again.
pub trait ByteStream: Send {
    /// The next chunk. A pending poll keeps the waker.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>>;
}

/// A body that ended before its end: aborted, or failed with a cause that the face can downcast.
#[derive(Clone, Debug)]
pub struct BodyError {
    /// Set when the fetch was aborted.
    pub aborted: Option<AbortReason>,
    /// What happened, with its own sources.
    pub cause: Arc<dyn std::error::Error + Send + Sync>,
}

impl BodyError {
    /// An error with this cause.
    pub fn new(cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        BodyError { aborted: None, cause: Arc::new(cause) }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body could not be read to its end")
    }
}

impl std::error::Error for BodyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.cause)
    }
}

/// <https://fetch.spec.whatwg.org/#concept-body-source>
#[derive(Clone, Debug, Default)]
pub enum BodySource {
    /// Null: the stream cannot be made again.
    #[default]
    Null,
    /// A byte sequence.
    Bytes(Bytes),
    /// A Blob object.
    Blob(Blob),
    /// A FormData object, with the boundary that its type names, so that a resend writes the same bytes.
    FormData(FormData, Arc<str>),
}

impl BodySource {
    /// Is this null?
    pub fn is_null(&self) -> bool {
        matches!(self, BodySource::Null)
    }
}

/// <https://fetch.spec.whatwg.org/#concept-body>
pub struct Body {
    stream: Mutex<Stream>,
    /// <https://fetch.spec.whatwg.org/#concept-body-source>
    pub source: BodySource,
    /// <https://fetch.spec.whatwg.org/#concept-body-total-bytes>, in bytes; `None` is null.
    pub length: Option<u64>,
}

enum Stream {
    Chunks(VecDeque<Bytes>),
    Stream(Box<dyn ByteStream>),
}

impl Body {
    /// <https://fetch.spec.whatwg.org/#byte-sequence-as-a-body>
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Body {
        let bytes = bytes.into();
        Body {
            stream: Mutex::new(Stream::Chunks([bytes.clone()].into())),
            length: Some(bytes.len() as u64),
            source: BodySource::Bytes(bytes),
        }
    }

    /// Chunks known beforehand under a source of the caller's (blobs, serialized forms).
    pub fn from_chunks(chunks: impl IntoIterator<Item = Bytes>, source: BodySource) -> Body {
        let chunks: VecDeque<Bytes> = chunks.into_iter().collect();
        let length = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        Body { stream: Mutex::new(Stream::Chunks(chunks)), source, length: Some(length) }
    }

    /// A stream: source null, length null.
    pub fn from_stream(stream: impl ByteStream + 'static) -> Body {
        Body { stream: Mutex::new(Stream::Stream(Box::new(stream))), source: BodySource::Null, length: None }
    }

    /// The next chunk. Empty chunks are passed over.
    pub fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        match self.stream() {
            Stream::Chunks(chunks) => loop {
                match chunks.pop_front() {
                    Some(chunk) if chunk.is_empty() => continue,
                    next => return Poll::Ready(next.map(Ok)),
                }
            },
            Stream::Stream(stream) => match stream.poll_next(context) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Some(Ok(chunk))) => Poll::Ready(Some(Ok(chunk))),
                // The end and errors are for ever: what held the stream's resources goes now.
                Poll::Ready(last) => {
                    *self.stream() = Stream::Chunks(VecDeque::new());
                    Poll::Ready(last)
                }
            },
        }
    }

    /// The next chunk; `None` at the end. Dropping the future loses nothing.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, BodyError>> {
        poll_fn(|context| self.poll_chunk(context)).await
    }

    /// All that is left, joined. `limit` bounds it: one byte more is an error that says so.
    pub async fn read_all(&mut self, limit: Option<u64>) -> Result<Bytes, BodyError> {
        let mut first = Bytes::new();
        let mut joined = BytesMut::new();
        while let Some(chunk) = self.chunk().await {
            let chunk = chunk?;
            let length = (first.len() + joined.len() + chunk.len()) as u64;
            if let Some(limit) = limit.filter(|&limit| length > limit) {
                return Err(BodyError::new(TooLarge { limit }));
            }
            if joined.is_empty() {
                if first.is_empty() {
                    first = chunk;
                    continue;
                }
                joined.extend_from_slice(&std::mem::take(&mut first));
            }
            joined.extend_from_slice(&chunk);
        }
        Ok(if joined.is_empty() { first } else { joined.freeze() })
    }

    /// <https://fetch.spec.whatwg.org/#concept-body-clone>: the slower branch's lag is unbounded, as the Standard has it.
    pub fn clone_body(&mut self) -> Body {
        self.tee(None)
    }

    /// As [`Body::clone_body`], but the faster branch waits once the slower is `limit` bytes behind.
    pub fn tee(&mut self, limit: Option<usize>) -> Body {
        let (source, length) = (self.source.clone(), self.length);
        let stream = self.stream();
        let branch = match stream {
            Stream::Chunks(chunks) => Stream::Chunks(chunks.clone()),
            Stream::Stream(_) => {
                let Stream::Stream(whole) = std::mem::replace(stream, Stream::Chunks(VecDeque::new())) else {
                    unreachable!("the arm above matched a stream");
                };
                let shared = Arc::new(Tee::new(whole, limit));
                *stream = Stream::Stream(Box::new(Branch { tee: shared.clone(), index: 0 }));
                Stream::Stream(Box::new(Branch { tee: shared, index: 1 }))
            }
        };
        Body { stream: Mutex::new(branch), source, length }
    }

    /// The body's stream piped through `through`; source and length stay.
    pub fn pipe_through<S: ByteStream + 'static>(&mut self, through: impl FnOnce(Box<dyn ByteStream>) -> S) {
        let stream = self.stream();
        let whole: Box<dyn ByteStream> = match std::mem::replace(stream, Stream::Chunks(VecDeque::new())) {
            Stream::Chunks(chunks) => Box::new(Chunks(chunks)),
            Stream::Stream(whole) => whole,
        };
        *stream = Stream::Stream(Box::new(through(whole)));
    }

    /// The body as a stream of its own.
    pub fn into_stream(self) -> Box<dyn ByteStream> {
        match self.stream.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Stream::Chunks(chunks) => Box::new(Chunks(chunks)),
            Stream::Stream(stream) => stream,
        }
    }

    fn stream(&mut self) -> &mut Stream {
        self.stream.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("length", &self.length)
            .field("replayable", &!self.source.is_null())
            .finish()
    }
}

/// A body went over the limit that its reader set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// In bytes.
    pub limit: u64,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body is larger than {} bytes", self.limit)
    }
}
impl std::error::Error for TooLarge {}

struct Chunks(VecDeque<Bytes>);

impl ByteStream for Chunks {
    fn poll_next(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

/// <https://streams.spec.whatwg.org/#readablestream-tee>, over our pulled streams.
struct Tee {
    state: Mutex<TeeState>,
    wakers: Arc<BranchWakers>,
    limit: Option<usize>,
}

struct TeeState {
    source: Option<Box<dyn ByteStream>>,
    error: Option<BodyError>,
    branches: [BranchState; 2],
}

#[derive(Default)]
struct BranchState {
    queue: VecDeque<Bytes>,
    queued: usize,
    dropped: bool,
}

/// The source knows one waker; whichever branch polled, both may be waiting for what it wakes.
#[derive(Default)]
struct BranchWakers([Mutex<Option<Waker>>; 2]);

impl Wake for BranchWakers {
    fn wake(self: Arc<Self>) {
        for waker in &self.0 {
            if let Some(waker) = lock(waker).take() {
                waker.wake();
            }
        }
    }
}

impl Tee {
    fn new(source: Box<dyn ByteStream>, limit: Option<usize>) -> Tee {
        Tee {
            state: Mutex::new(TeeState { source: Some(source), error: None, branches: Default::default() }),
            wakers: Arc::default(),
            limit,
        }
    }
}

struct Branch {
    tee: Arc<Tee>,
    index: usize,
}

impl ByteStream for Branch {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let mut state = lock(&self.tee.state);
        let TeeState { source, error, branches } = &mut *state;
        let own = &mut branches[self.index];
        if let Some(chunk) = own.queue.pop_front() {
            own.queued -= chunk.len();
            let roomy = self.tee.limit.is_some_and(|limit| own.queued < limit);
            drop(state);
            if roomy {
                wake(&self.tee.wakers.0[1 - self.index]);
            }
            return Poll::Ready(Some(Ok(chunk)));
        }
        let Some(stream) = source else { return Poll::Ready(error.clone().map(Err)) };
        *lock(&self.tee.wakers.0[self.index]) = Some(context.waker().clone());
        let other = &mut branches[1 - self.index];
        if !other.dropped && self.tee.limit.is_some_and(|limit| other.queued >= limit) {
            return Poll::Pending;
        }
        let both = Waker::from(self.tee.wakers.clone());
        let next = match stream.poll_next(&mut Context::from_waker(&both)) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(next) => next,
        };
        match &next {
            Some(Ok(chunk)) if !other.dropped => {
                other.queued += chunk.len();
                other.queue.push_back(chunk.clone());
            }
            Some(Ok(_)) => {}
            Some(Err(failure)) => {
                *error = Some(failure.clone());
                *source = None;
            }
            None => *source = None,
        }
        drop(state);
        wake(&self.tee.wakers.0[1 - self.index]);
        Poll::Ready(next)
    }
}

impl Drop for Branch {
    fn drop(&mut self) {
        let mut state = lock(&self.tee.state);
        state.branches[self.index] = BranchState { dropped: true, ..BranchState::default() };
        drop(state);
        wake(&self.tee.wakers.0[1 - self.index]);
    }
}

fn wake(waker: &Mutex<Option<Waker>>) {
    let waker = lock(waker).take();
    if let Some(waker) = waker {
        waker.wake();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
