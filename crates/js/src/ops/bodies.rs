//! [Bodies](https://fetch.spec.whatwg.org/#bodies) that Rust reads: of bytes, blobs and forms, and what the network sends. The prelude
//! has a stream of its own over one as soon as script asks for it, and its own pump for a stream of script's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use rquickjs::{Array, Ctx, Exception, Function, IntoJs, Object, Result, Value};
use sofetch::core::infrastructure::bodies::{Body, BodyError, ByteStream};
use sofetch::core::infrastructure::body_extraction::{BodyInit, BodyWithType, extract};
use sofetch::core::infrastructure::multipart::boundary_from;
use sofetch::core::infrastructure::package_data::text_of;
use sofetch::{Blob, FormData};
use tokio::sync::Notify;

use crate::handles::Handle;
use crate::host::{Host, Plain, Thrown, call_back};
use crate::ledger::{Charge, Ledger};
use crate::ops::set;
use crate::values::{Data, ENTERED_FROM, Text, new_list};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, body_of_bytes, body_of_text, body_of_blob, body_of_form);
    set!(ctx, ops, body_read_now, body_read_later, body_cancel, body_tee, body_blob, utf8_decode);
    Ok(())
}

/// The largest chunk that a script is handed; smaller ones are joined up to it, where they are there already.
const CHUNK_BYTES: usize = 64 * 1024;

/// A body that Rust reads; taken once, by its reader or by a fetch.
pub(crate) struct BodyHandle {
    shared: Arc<Shared>,
    // Counts it, as long as it lives.
    _held: Option<Held>,
    // What it holds itself is entered as long as it lives.
    _charge: Option<Charge>,
}

/// A body that holds something of the network, as long as its handle lives and nobody has read it.
struct Held(Host);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.held_bodies.set(self.0.held_bodies.get() - 1);
    }
}

struct Shared {
    /// `None` while somebody reads, and when it was taken.
    body: Mutex<Option<Body>>,
    /// Is it a branch whose lag behind another is entered already?
    is_branch: AtomicBool,
    canceled: AtomicBool,
    cancellation: Notify,
}

impl BodyHandle {
    pub(crate) fn new(body: Body) -> BodyHandle {
        let shared = Shared {
            body: Mutex::new(Some(body)),
            is_branch: AtomicBool::new(false),
            canceled: AtomicBool::new(false),
            cancellation: Notify::new(),
        };
        BodyHandle { shared: Arc::new(shared), _held: None, _charge: None }
    }

    /// Of a response: as long as script keeps it unread, it keeps a connection.
    pub(crate) fn of_network(ctx: &Ctx<'_>, mut body: Body) -> Result<BodyHandle> {
        if body.is_whole() {
            return BodyHandle::new(body).charged(ctx);
        }
        let host = Host::of(ctx);
        host.held_bodies.set(host.held_bodies.get() + 1);
        host.bodies_made.set(host.bodies_made.get() + 1);
        Ok(BodyHandle { _held: Some(Held(host)), ..BodyHandle::new(body) })
    }

    /// Of bytes that nobody else has.
    fn charged(self, ctx: &Ctx<'_>) -> Result<BodyHandle> {
        let length = self.shared.lock().as_ref().and_then(|body| body.length).unwrap_or(0);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let charge = if length < ENTERED_FROM { None } else { Some(Charge::new(ctx, length)?) };
        Ok(BodyHandle { _charge: charge, ..self })
    }

    /// The body itself, for a fetch.
    pub(crate) fn take(&self) -> Option<Body> {
        self.shared.lock().take()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Option<Body>> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads with `read`, unless it is canceled meanwhile; the body stays where it was.
    async fn read<T>(&self, read: impl AsyncFnOnce(&mut Body) -> T) -> Option<T> {
        let mut body = self.lock().take()?;
        let read = {
            let canceled = self.cancellation.notified();
            if self.canceled.load(Ordering::Acquire) {
                return None;
            }
            tokio::select! {
                biased;
                () = canceled => return None,
                read = read(&mut body) => read,
            }
        };
        if !self.canceled.load(Ordering::Acquire) {
            *self.lock() = Some(body);
        }
        Some(read)
    }
}

/// A handle, and the type that goes with it.
fn handle_and_type<'js>(ctx: &Ctx<'js>, extracted: BodyWithType, is_entered: bool) -> Result<Array<'js>> {
    let pair = new_list(ctx)?;
    pair.set(1, extracted.content_type.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))?;
    pair.set(2, extracted.body.length.map(|length| length as f64))?;
    let body = BodyHandle::new(extracted.body);
    let body = if is_entered { body } else { body.charged(ctx)? };
    pair.set(0, Handle::new(body).into_js(ctx)?)?;
    Ok(pair)
}

fn extracted<'js>(ctx: &Ctx<'js>, init: BodyInit) -> Result<Array<'js>> {
    // The bytes of buffers and blobs are entered already.
    let is_entered = matches!(init, BodyInit::Bytes(_) | BodyInit::Blob(_));
    let host = Host::of(ctx);
    let boundary = || {
        let mut seed = [0; 16];
        // An agent without an engine fetches nothing; what it would have sent may be bounded by anything.
        let _ = host.agent.fill_random(&mut seed);
        boundary_from(seed)
    };
    handle_and_type(ctx, extract(init, boundary), is_entered)
}

/// [Extracts](https://fetch.spec.whatwg.org/#concept-bodyinit-extract): the body, its type or `undefined`, its length.
fn body_of_bytes<'js>(ctx: Ctx<'js>, bytes: Data) -> Result<Array<'js>> {
    extracted(&ctx, BodyInit::Bytes(bytes.0))
}

fn body_of_text<'js>(ctx: Ctx<'js>, text: Text) -> Result<Array<'js>> {
    extracted(&ctx, BodyInit::Text(text.0))
}

fn body_of_blob<'js>(ctx: Ctx<'js>, blob: Handle) -> Result<Array<'js>> {
    let blob = blob.get::<Blob>(&ctx)?;
    extracted(&ctx, BodyInit::Blob((*blob).clone()))
}

/// Of what `form_data_extract` gave.
fn body_of_form<'js>(ctx: Ctx<'js>, form_data: Handle) -> Result<Array<'js>> {
    let form_data = form_data.get::<FormData>(&ctx)?;
    extracted(&ctx, BodyInit::FormData((*form_data).clone()))
}

pub(super) fn network_error(error: &BodyError) -> Thrown {
    // NB: a page's script is told no more; the reason is the observer's.
    let _ = error;
    Thrown::Type("the body could not be read to its end".to_owned())
}

/// [Fully reads](https://fetch.spec.whatwg.org/#body-fully-read) what is there already, which needs no other thread: an ArrayBuffer, or a
/// string where `as_text`; `undefined` where some of it has yet to come.
fn body_read_now<'js>(ctx: Ctx<'js>, body: Handle, as_text: bool) -> Result<Value<'js>> {
    let shared = &body.get::<BodyHandle>(&ctx)?.shared;
    let mut taken = shared.lock().take();
    if let Some(body) = &mut taken
        && let Some(read) = read_at_once(body)
    {
        return match read {
            Ok(bytes) => package(bytes, as_text).into_js(&ctx),
            Err(error) => Err(network_error(&error).throw(&ctx)),
        };
    }
    *shared.lock() = taken;
    Ok(Value::new_undefined(ctx))
}

/// As [`body_read_now`] once all has come: one of the functions is called.
fn body_read_later<'js>(
    ctx: Ctx<'js>,
    body: Handle,
    as_text: bool,
    fulfilled: Function<'js>,
    rejected: Function<'js>,
) -> Result<()> {
    let shared = body.get::<BodyHandle>(&ctx)?.shared.clone();
    let ledger = Host::of(&ctx).ledger.clone();
    call_back(&ctx, fulfilled, rejected, async move {
        match shared.read(async |body| read_within(body, ledger).await).await {
            Some(Ok(bytes)) => Ok(package(bytes, as_text)),
            Some(Err(error)) => Err(error),
            None => Err(Thrown::Dom("AbortError", "The reading was canceled.".to_owned())),
        }
    });
    Ok(())
}

fn package(bytes: Bytes, as_text: bool) -> Plain {
    match as_text {
        true => Plain::Text(text_of(&bytes)),
        false => Plain::Bytes(bytes),
    }
}

/// All that is left of a body, entered as it comes.
async fn read_within(body: &mut Body, ledger: Arc<Ledger>) -> std::result::Result<Bytes, Thrown> {
    let mut charge = Charge::empty(ledger);
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    while let Some(chunk) = body.chunk().await {
        let chunk = chunk.map_err(|error| network_error(&error))?;
        if !charge.grow_later(chunk.len()).await {
            return Err(Thrown::Range("out of memory".to_owned()));
        }
        if first.is_empty() && joined.is_empty() {
            first = chunk;
            continue;
        }
        joined.extend_from_slice(&std::mem::take(&mut first));
        joined.extend_from_slice(&chunk);
    }
    let bytes = if joined.is_empty() { first } else { joined.freeze() };
    Ok(if bytes.len() < ENTERED_FROM { bytes } else { charge.into_bytes(bytes) })
}

/// A body that both branches of a tee read: what one is behind the other is entered.
struct Entered(Body, Arc<Ledger>);

impl ByteStream for Entered {
    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Bytes, BodyError>>> {
        let Poll::Ready(next) = self.0.poll_chunk(context) else { return Poll::Pending };
        Poll::Ready(next.map(|chunk| {
            let room = self.1.try_enter(chunk?);
            room.ok_or_else(|| BodyError::new(std::io::Error::from(std::io::ErrorKind::OutOfMemory)))
        }))
    }
}

/// All of a body whose bytes are known; `None`, with nothing lost, where it has yet to come.
fn read_at_once(body: &mut Body) -> Option<std::result::Result<Bytes, BodyError>> {
    if !body.is_whole() {
        return None;
    }
    let mut context = Context::from_waker(Waker::noop());
    let mut joined = BytesMut::new();
    loop {
        match body.poll_chunk(&mut context) {
            Poll::Ready(Some(Ok(chunk))) if joined.is_empty() && body.length == Some(chunk.len() as u64) => {
                return Some(Ok(chunk));
            }
            Poll::Ready(Some(Ok(chunk))) => joined.extend_from_slice(&chunk),
            Poll::Ready(Some(Err(error))) => return Some(Err(error)),
            Poll::Ready(None) => return Some(Ok(joined.freeze())),
            // What is whole waits for nothing.
            Poll::Pending => return Some(Err(BodyError::new(std::io::Error::other("a whole body waits")))),
        }
    }
}

/// A chunk, joined with those behind it that are there already.
pub(super) async fn next_chunk(body: &mut Body) -> Option<std::result::Result<Bytes, BodyError>> {
    let mut first = match body.chunk().await? {
        Ok(chunk) => chunk,
        Err(error) => return Some(Err(error)),
    };
    if first.len() > CHUNK_BYTES || body.length == Some(first.len() as u64) {
        return Some(Ok(first));
    }
    let mut joined = BytesMut::new();
    let mut context = Context::from_waker(Waker::noop());
    while first.len() + joined.len() < CHUNK_BYTES {
        // NB: an error or an end is for ever: the next poll says it again.
        let Poll::Ready(Some(Ok(chunk))) = body.poll_chunk(&mut context) else { break };
        if !first.is_empty() {
            joined.extend_from_slice(&std::mem::take(&mut first));
        }
        joined.extend_from_slice(&chunk);
    }
    Some(Ok(if joined.is_empty() { first } else { joined.freeze() }))
}

/// Nobody reads it any more: what it holds of the network is closed or given back.
fn body_cancel(ctx: Ctx<'_>, body: Handle) -> Result<()> {
    let shared = &body.get::<BodyHandle>(&ctx)?.shared;
    shared.canceled.store(true, Ordering::Release);
    shared.lock().take();
    shared.cancellation.notify_waiters();
    Ok(())
}

/// [Clones](https://fetch.spec.whatwg.org/#concept-body-clone): the other branch.
fn body_tee(ctx: Ctx<'_>, body: Handle) -> Result<Handle> {
    let body = body.get::<BodyHandle>(&ctx)?;
    let other = body.shared.lock().as_mut().map(|unread| {
        // NB: once, however many clones there are: each wrapping is a call deeper.
        if !unread.is_whole() && !body.shared.is_branch.swap(true, Ordering::AcqRel) {
            let length = unread.length;
            let source = std::mem::replace(unread, Body::from_bytes(Bytes::new()));
            *unread = Body::from_stream(Entered(source, Host::of(&ctx).ledger.clone()));
            unread.length = length;
        }
        unread.clone_body()
    });
    let other = other.ok_or_else(|| Exception::throw_type(&ctx, "the body is being read"))?;
    let other = BodyHandle::new(other);
    other.shared.is_branch.store(body.shared.is_branch.load(Ordering::Acquire), Ordering::Release);
    Ok(Handle::new(other))
}

/// A blob of these bytes.
fn body_blob(bytes: Data, content_type: Text) -> Handle {
    Handle::new(Blob::of_type([bytes.0], content_type.0))
}

/// <https://encoding.spec.whatwg.org/#utf-8-decode>
fn utf8_decode(bytes: Data) -> String {
    text_of(&bytes.0)
}
