//! [Bodies](https://fetch.spec.whatwg.org/#bodies): a stream, its source, its length; cloning tees.
//!
//! The stream is ours ([`ByteStream`]); a body over bytes or a blob never allocates one, and its clones share the bytes.
//! Longer than most files because teeing stands here too: it is private to bodies, and a clone of a clone joins the
//! tee there is rather than standing on it, so that ten thousand clones are not ten thousand calls deep.

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
    /// One chunk, or, empty, the end.
    Bytes(Bytes),
    Chunks(VecDeque<Bytes>),
    Pulled(Box<dyn ByteStream>),
    Branch(Branch),
    /// What was read ahead, and the rest.
    Ahead(VecDeque<Bytes>, Box<Stream>),
    Failed(BodyError),
}

impl Stream {
    const ENDED: Stream = Stream::Bytes(Bytes::new());

    fn into_boxed(self) -> Box<dyn ByteStream> {
        match self {
            Stream::Pulled(stream) => stream,
            Stream::Branch(branch) => Box::new(branch),
            stream => Box::new(stream),
        }
    }
}

impl ByteStream for Stream {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        match self {
            Stream::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Stream::Bytes(bytes) => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
            Stream::Chunks(chunks) => Poll::Ready(chunks.pop_front().map(Ok)),
            Stream::Pulled(stream) => stream.poll_next(context),
            Stream::Branch(branch) => branch.poll_next(context),
            Stream::Ahead(chunks, rest) => match chunks.pop_front() {
                Some(chunk) => Poll::Ready(Some(Ok(chunk))),
                None => rest.poll_next(context),
            },
            Stream::Failed(error) => Poll::Ready(Some(Err(error.clone()))),
        }
    }
}

impl Body {
    /// <https://fetch.spec.whatwg.org/#byte-sequence-as-a-body>
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Body {
        let bytes = bytes.into();
        Body {
            stream: Mutex::new(Stream::Bytes(bytes.clone())),
            length: Some(bytes.len() as u64),
            source: BodySource::Bytes(bytes),
        }
    }

    /// Chunks known beforehand under a source of the caller's (blobs, serialized forms).
    pub fn from_chunks(chunks: impl IntoIterator<Item = Bytes>, source: BodySource) -> Body {
        let chunks: VecDeque<Bytes> = chunks.into_iter().filter(|chunk| !chunk.is_empty()).collect();
        let length = chunks.iter().map(|chunk| chunk.len() as u64).sum();
        Body { stream: Mutex::new(Stream::Chunks(chunks)), source, length: Some(length) }
    }

    /// A blob: its segments, its size, itself as the source.
    pub fn from_blob(blob: Blob) -> Body {
        Body::from_chunks(blob.clone().segments().iter().cloned(), BodySource::Blob(blob))
    }

    /// A stream: source null, length null.
    pub fn from_stream(stream: impl ByteStream + 'static) -> Body {
        Body::from_boxed_stream(Box::new(stream))
    }

    /// As [`Body::from_stream`], of a stream that is boxed already.
    pub fn from_boxed_stream(stream: Box<dyn ByteStream>) -> Body {
        Body { stream: Mutex::new(Stream::Pulled(stream)), source: BodySource::Null, length: None }
    }

    /// The next chunk. Empty chunks are passed over. The end and an error are for ever: every later poll says the same,
    /// so that nobody takes a body that broke off for one that ended.
    pub fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let stream = self.stream();
        loop {
            let next = stream.poll_next(context);
            match &next {
                Poll::Ready(Some(Ok(chunk))) if chunk.is_empty() => continue,
                Poll::Ready(Some(Ok(_))) | Poll::Pending => {}
                // What held the stream's resources goes now.
                Poll::Ready(None) => *stream = Stream::ENDED,
                Poll::Ready(Some(Err(error))) => *stream = Stream::Failed(error.clone()),
            }
            return next;
        }
    }

    /// Reads what is there already, up to about `limit` bytes, without waiting: is all of it here now? A short body then
    /// holds nothing of the network any more, and whoever reads it waits for nobody.
    pub fn read_ahead(&mut self, limit: usize) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        let (mut chunks, mut length) = (VecDeque::new(), 0);
        while !self.is_whole() && length < limit {
            match self.poll_chunk(&mut context) {
                Poll::Ready(Some(Ok(chunk))) => {
                    length += chunk.len();
                    chunks.push_back(chunk);
                }
                // It says so again when it is asked again.
                Poll::Ready(Some(Err(_)) | None) | Poll::Pending => break,
            }
        }
        if chunks.is_empty() {
            return self.is_whole();
        }
        let stream = self.stream();
        *stream = match std::mem::replace(stream, Stream::ENDED) {
            Stream::Bytes(bytes) => {
                chunks.extend(Some(bytes).filter(|bytes| !bytes.is_empty()));
                Stream::Chunks(chunks)
            }
            Stream::Chunks(rest) => {
                chunks.extend(rest);
                Stream::Chunks(chunks)
            }
            rest => Stream::Ahead(chunks, Box::new(rest)),
        };
        self.is_whole()
    }

    /// Is everything that it will give here already?
    pub fn is_whole(&mut self) -> bool {
        matches!(self.stream(), Stream::Bytes(_) | Stream::Chunks(_))
    }

    /// Is it whole, and has nothing more to give?
    pub fn is_at_end(&mut self) -> bool {
        match self.stream() {
            Stream::Bytes(bytes) => bytes.is_empty(),
            Stream::Chunks(chunks) => chunks.is_empty(),
            _ => false,
        }
    }

    /// <https://fetch.spec.whatwg.org/#body-incrementally-read>, a step of it: the next chunk, `None` at the end.
    /// Dropping the future loses nothing.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, BodyError>> {
        poll_fn(|context| self.poll_chunk(context)).await
    }

    /// <https://fetch.spec.whatwg.org/#body-fully-read>: all that is left, joined. `limit` bounds it: one byte more is an error that says so.
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
    ///
    /// With a limit, both must be read side by side: who reads one to its end before the other waits for ever.
    pub fn tee(&mut self, limit: Option<usize>) -> Body {
        let (source, length) = (self.source.clone(), self.length);
        let stream = self.stream();
        let (own, other) = match std::mem::replace(stream, Stream::ENDED) {
            Stream::Bytes(bytes) => (Stream::Bytes(bytes.clone()), Stream::Bytes(bytes)),
            Stream::Chunks(chunks) => (Stream::Chunks(chunks.clone()), Stream::Chunks(chunks)),
            Stream::Failed(error) => (Stream::Failed(error.clone()), Stream::Failed(error)),
            Stream::Branch(branch) if branch.tee.limit == limit => {
                let other = branch.fork();
                (Stream::Branch(branch), Stream::Branch(other))
            }
            stream => {
                let own = Branch::first_of(Tee::new(stream.into_boxed(), limit));
                let other = own.fork();
                (Stream::Branch(own), Stream::Branch(other))
            }
        };
        *stream = own;
        Body { stream: Mutex::new(other), source, length }
    }

    /// The body's stream piped through `through`; source and length stay.
    pub fn pipe_through<S: ByteStream + 'static>(&mut self, through: impl FnOnce(Box<dyn ByteStream>) -> S) {
        let stream = self.stream();
        let whole = std::mem::replace(stream, Stream::ENDED).into_boxed();
        *stream = Stream::Pulled(Box::new(through(whole)));
    }

    /// The body as a stream of its own.
    pub fn into_stream(self) -> Box<dyn ByteStream> {
        self.stream.into_inner().unwrap_or_else(PoisonError::into_inner).into_boxed()
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

/// <https://streams.spec.whatwg.org/#readablestream-tee>, over our pulled streams and for any number of branches.
// DEPARTS: a branch gives what it has queued before it gives an error, where a `ReadableStream` drops its queue: what
// arrived is worth reading, and the error comes all the same. https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaulttee
struct Tee {
    state: Mutex<TeeState>,
    wakers: Arc<BranchWakers>,
    limit: Option<usize>,
}

struct TeeState {
    source: TeeSource,
    /// By index; `None` where a branch was dropped.
    branches: Vec<Option<BranchState>>,
    /// The indices of those.
    free: Vec<usize>,
}

enum TeeSource {
    Idle(Box<dyn ByteStream>),
    /// A branch polls it, with the state unlocked: whatever the source does meanwhile, waking a task that drops a
    /// branch for one, finds no lock held. `awaited` when another branch came by and must be woken.
    Polled {
        awaited: bool,
    },
    Ended(Option<BodyError>),
}

#[derive(Clone, Default)]
struct BranchState {
    queue: VecDeque<Bytes>,
    queued: usize,
}

/// The source knows one waker; whichever branch polled, all may be waiting for what it wakes. Apart from the tee,
/// so that the source, which keeps it, does not keep itself.
#[derive(Default)]
struct BranchWakers(Mutex<Vec<Option<Waker>>>);

impl BranchWakers {
    /// Keeps the waker of a branch; gives back the one it replaces, to be dropped where no lock is held.
    fn keep(&self, index: usize, context: &Context<'_>) -> Option<Waker> {
        let mut wakers = lock(&self.0);
        if wakers.len() <= index {
            wakers.resize(index + 1, None);
        }
        match &wakers[index] {
            Some(waker) if waker.will_wake(context.waker()) => None,
            _ => wakers[index].replace(context.waker().clone()),
        }
    }

    fn forget(&self, index: usize) -> Option<Waker> {
        lock(&self.0).get_mut(index)?.take()
    }

    /// Wakes outside the lock: a woken task may poll or drop a branch there and then.
    fn wake_all_but(&self, index: Option<usize>) {
        let mut next = 0;
        loop {
            let waker = {
                let mut wakers = lock(&self.0);
                if next == wakers.len() {
                    return;
                }
                if index == Some(next) { None } else { wakers[next].take() }
            };
            next += 1;
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

impl Wake for BranchWakers {
    fn wake(self: Arc<Self>) {
        self.wake_all_but(None);
    }
}

impl Tee {
    fn new(source: Box<dyn ByteStream>, limit: Option<usize>) -> Tee {
        Tee {
            state: Mutex::new(TeeState {
                source: TeeSource::Idle(source),
                branches: Vec::new(),
                free: Vec::new(),
            }),
            wakers: Arc::default(),
            limit,
        }
    }

    /// Is a branch with so much in its queue too far behind? NB: one with nothing queued never is, not even under
    /// a limit of 0: else all would wait for all.
    fn is_too_far_behind(&self, queued: usize) -> bool {
        self.limit.is_some_and(|limit| queued >= limit.max(1))
    }
}

struct Branch {
    tee: Arc<Tee>,
    index: usize,
}

impl Branch {
    fn first_of(tee: Tee) -> Branch {
        lock(&tee.state).branches.push(Some(BranchState::default()));
        Branch { tee: Arc::new(tee), index: 0 }
    }

    /// Another branch that stands where this one stands.
    fn fork(&self) -> Branch {
        let mut state = lock(&self.tee.state);
        let fork = state.branches[self.index].clone();
        let index = match state.free.pop() {
            Some(index) => {
                state.branches[index] = fork;
                index
            }
            None => {
                state.branches.push(fork);
                state.branches.len() - 1
            }
        };
        Branch { tee: self.tee.clone(), index }
    }

    /// After a poll: the source goes back, what it gave goes to the other branches, and they are told.
    fn give_back(&self, source: Box<dyn ByteStream>, next: &Poll<Option<Result<Bytes, BodyError>>>) {
        let mut state = lock(&self.tee.state);
        let awaited = matches!(state.source, TeeSource::Polled { awaited: true });
        // NB: a source that has ended is dropped with the arguments, after the lock.
        state.source = match next {
            Poll::Ready(None) => TeeSource::Ended(None),
            Poll::Ready(Some(Err(error))) => TeeSource::Ended(Some(error.clone())),
            _ => TeeSource::Idle(source),
        };
        if let Poll::Ready(Some(Ok(chunk))) = next
            && !chunk.is_empty()
        {
            let others = state.branches.iter_mut().enumerate().filter(|(index, _)| *index != self.index);
            for branch in others.filter_map(|(_, branch)| branch.as_mut()) {
                branch.queued += chunk.len();
                branch.queue.push_back(chunk.clone());
            }
        }
        drop(state);
        if awaited || next.is_ready() {
            self.tee.wakers.wake_all_but(Some(self.index));
        }
    }
}

impl ByteStream for Branch {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let tee = &*self.tee;
        // NB: declared before the guard, so dropped after it.
        let _replaced;
        let mut state = lock(&tee.state);
        let TeeState { source, branches, .. } = &mut *state;
        if let Some(own) = &mut branches[self.index]
            && let Some(chunk) = own.queue.pop_front()
        {
            let was_too_far_behind = tee.is_too_far_behind(own.queued);
            own.queued -= chunk.len();
            let caught_up = was_too_far_behind && !tee.is_too_far_behind(own.queued);
            drop(state);
            if caught_up {
                tee.wakers.wake_all_but(Some(self.index));
            }
            return Poll::Ready(Some(Ok(chunk)));
        }
        if let TeeSource::Ended(error) = source {
            return Poll::Ready(error.clone().map(Err));
        }
        _replaced = tee.wakers.keep(self.index, context);
        // The own queue is empty, so whoever is too far behind is another.
        if branches.iter().flatten().any(|branch| tee.is_too_far_behind(branch.queued)) {
            return Poll::Pending;
        }
        let mut polled = match std::mem::replace(source, TeeSource::Polled { awaited: true }) {
            TeeSource::Idle(polled) => polled,
            // Another thread is at it (or the source polls its own branch): it will wake us.
            _ => return Poll::Pending,
        };
        *source = TeeSource::Polled { awaited: false };
        drop(state);
        let unwinding = EndOnUnwind(tee);
        let all = Waker::from(tee.wakers.clone());
        let next = polled.poll_next(&mut Context::from_waker(&all));
        std::mem::forget(unwinding);
        self.give_back(polled, &next);
        next
    }
}

/// Dropped only when the source panicked: the other branches would wait for it for ever.
struct EndOnUnwind<'a>(&'a Tee);

impl Drop for EndOnUnwind<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).source = TeeSource::Ended(Some(BodyError::new(StreamPanicked)));
        self.0.wakers.wake_all_but(None);
    }
}

/// A body's stream panicked in the hands of another reader.
#[derive(Clone, Copy, Debug)]
struct StreamPanicked;

impl fmt::Display for StreamPanicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body's stream panicked")
    }
}
impl std::error::Error for StreamPanicked {}

impl Drop for Branch {
    fn drop(&mut self) {
        // NB: chunks and wakers may run a stranger's code when dropped: after the locks.
        let mut state = lock(&self.tee.state);
        let own = state.branches[self.index].take();
        let _waker = self.tee.wakers.forget(self.index);
        state.free.push(self.index);
        drop(state);
        // Nobody else waits for this branch: a source that was ready woke all.
        if own.is_some_and(|own| self.tee.is_too_far_behind(own.queued)) {
            self.tee.wakers.wake_all_but(Some(self.index));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "bodies_tests.rs"]
mod tests;
