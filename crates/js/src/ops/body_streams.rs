//! A body whose stream script has asked for: read ahead by a task, up to a limit, so that a chunk is there when it is pulled, and a
//! body that breaks off is known to have broken off before anybody pulls again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use rquickjs::{Array, Ctx, Function, IntoJs, Object, Result, Value};
use sofetch::core::infrastructure::bodies::{Body, BodyError};
use tokio::sync::Notify;

use crate::handles::Handle;
use crate::host::{Host, Plain, call_back, promise_on_the_side};
use crate::ledger::Ledger;
use crate::ops::bodies::{BodyHandle, network_error, next_chunk};
use crate::ops::set;
use crate::values::new_list;

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, body_stream, stream_chunk, stream_cancel);
    Ok(())
}

/// How much is read ahead of script, in bytes; a chunk more than that at most.
const AHEAD_BYTES: usize = 128 * 1024;

/// Script's end of it. Dropped, it ends the reading, and what that holds of the network.
struct StreamHandle(Arc<Shared>);

impl Drop for StreamHandle {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

struct Shared {
    /// What waits for script is entered here.
    ledger: Arc<Ledger>,
    state: Mutex<State>,
    chunk_came: Notify,
    room_came: Notify,
}

#[derive(Default)]
struct State {
    chunks: VecDeque<Bytes>,
    bytes: usize,
    ended: Option<std::result::Result<(), BodyError>>,
    canceled: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cancel(&self) {
        let mut state = self.lock();
        state.canceled = true;
        self.forget(&mut state);
        drop(state);
        self.room_came.notify_one();
        self.chunk_came.notify_one();
    }

    fn take(&self) -> Option<Step> {
        let mut state = self.lock();
        if let Some(chunk) = state.chunks.pop_front() {
            state.bytes -= chunk.len();
            self.ledger.remove(chunk.len());
            drop(state);
            self.room_came.notify_one();
            return Some(Step::Chunk(chunk));
        }
        match &state.ended {
            _ if state.canceled => Some(Step::End),
            Some(Ok(())) => Some(Step::End),
            Some(Err(error)) => Some(Step::Failed(error.clone())),
            None => None,
        }
    }

    /// Reads the body to its end, as far as script keeps up: how it ended.
    async fn read(&self, mut body: Body) -> std::result::Result<(), BodyError> {
        loop {
            // NB: a notification that came before it is waited for is kept.
            while !self.has_room() {
                self.room_came.notified().await;
            }
            let next = tokio::select! {
                biased;
                () = self.canceled() => return Ok(()),
                next = next_chunk(&mut body) => next,
            };
            if let Some(ended) = self.give(next) {
                return ended;
            }
        }
    }

    /// May more be read? Whoever canceled is not kept waiting.
    fn has_room(&self) -> bool {
        let state = self.lock();
        state.canceled || state.bytes < AHEAD_BYTES
    }

    /// Keeps a chunk for script, or how the body ended.
    fn give(
        &self,
        next: Option<std::result::Result<Bytes, BodyError>>,
    ) -> Option<std::result::Result<(), BodyError>> {
        let mut state = self.lock();
        let ended = match next {
            Some(Ok(chunk)) => {
                if !state.canceled {
                    state.bytes += chunk.len();
                    self.ledger.add(chunk.len());
                    state.chunks.push_back(chunk);
                }
                None
            }
            Some(Err(error)) => Some(Err(error)),
            None => Some(Ok(())),
        };
        state.ended.clone_from(&ended);
        drop(state);
        self.chunk_came.notify_one();
        ended
    }

    fn forget(&self, state: &mut State) {
        state.chunks.clear();
        self.ledger.remove(std::mem::take(&mut state.bytes));
    }

    async fn canceled(&self) {
        while !self.lock().canceled {
            self.room_came.notified().await;
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let mut state = std::mem::take(&mut *self.lock());
        self.forget(&mut state);
    }
}

enum Step {
    Chunk(Bytes),
    End,
    Failed(BodyError),
}

/// The stream of a body, which is taken: its handle, and a promise that is rejected when the body breaks off.
///
/// Nothing waits for that promise but script, so the loop does not live for it.
fn body_stream<'js>(ctx: Ctx<'js>, body: Handle) -> Result<Array<'js>> {
    let shared = Arc::new(Shared {
        ledger: Host::of(&ctx).ledger.clone(),
        state: Mutex::default(),
        chunk_came: Notify::new(),
        room_came: Notify::new(),
    });
    let taken = body.get::<BodyHandle>(&ctx)?.take();
    let reader = shared.clone();
    let ended = promise_on_the_side(&ctx, async move {
        let Some(body) = taken else { return Ok(Plain::Undefined) };
        match reader.read(body).await {
            Ok(()) => Ok(Plain::Undefined),
            Err(error) => Err(network_error(&error)),
        }
    })?;
    let pair = new_list(&ctx)?;
    pair.set(0, Handle::new(StreamHandle(shared)).into_js(&ctx)?)?;
    pair.set(1, ended)?;
    Ok(pair)
}

/// The next chunk, an ArrayBuffer; `null` at the end. Where it has yet to come it is `undefined`, and one of the functions is
/// called later.
fn stream_chunk<'js>(
    ctx: Ctx<'js>,
    stream: Handle,
    fulfilled: Function<'js>,
    rejected: Function<'js>,
) -> Result<Value<'js>> {
    let shared = stream.get::<StreamHandle>(&ctx)?.0.clone();
    match shared.take() {
        Some(Step::Chunk(chunk)) => Plain::Bytes(chunk).into_js(&ctx),
        Some(Step::End) => Plain::Null.into_js(&ctx),
        Some(Step::Failed(error)) => Err(network_error(&error).throw(&ctx)),
        None => {
            call_back(&ctx, fulfilled, rejected, async move {
                loop {
                    match shared.take() {
                        Some(Step::Chunk(chunk)) => return Ok(Plain::Bytes(chunk)),
                        Some(Step::End) => return Ok(Plain::Null),
                        Some(Step::Failed(error)) => return Err(network_error(&error)),
                        None => shared.chunk_came.notified().await,
                    }
                }
            });
            Ok(Value::new_undefined(ctx))
        }
    }
}

/// Nobody reads it any more.
fn stream_cancel(ctx: Ctx<'_>, stream: Handle) -> Result<()> {
    stream.get::<StreamHandle>(&ctx)?.0.cancel();
    Ok(())
}
