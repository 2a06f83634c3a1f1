//! Streams of script's that a request sends: the prelude's pump puts chunks in, the fetch takes them out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use rquickjs::{Array, Ctx, IntoJs, Object, Result, Value};
use sofetch::core::infrastructure::bodies::{Body, BodyError, ByteStream};
use tokio::sync::Notify;

use crate::handles::Handle;
use crate::host::{Plain, promise};
use crate::ops::bodies::BodyHandle;
use crate::ops::set;
use crate::values::{Data, new_list};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, upload_new, upload_push, upload_end);
    Ok(())
}

/// A stream of script's on its way into a request: chunks go in one by one, each when there is room for it.
struct Upload(Arc<Pipe>);

#[derive(Default)]
struct Pipe {
    state: Mutex<PipeState>,
    room: Notify,
}

#[derive(Default)]
struct PipeState {
    chunk: Option<Bytes>,
    ended: Option<std::result::Result<(), BodyError>>,
    /// The reader went away.
    gone: bool,
    reader: Option<Waker>,
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, PipeState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It ends once: what failed does not become whole.
    fn end(&self, ended: std::result::Result<(), BodyError>) {
        let reader = {
            let mut state = self.lock();
            state.ended.get_or_insert(ended);
            state.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

struct PipeEnd(Arc<Pipe>);

impl ByteStream for PipeEnd {
    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::result::Result<Bytes, BodyError>>> {
        let mut state = self.0.lock();
        if let Some(chunk) = state.chunk.take() {
            drop(state);
            self.0.room.notify_waiters();
            return Poll::Ready(Some(Ok(chunk)));
        }
        match &state.ended {
            Some(Ok(())) => Poll::Ready(None),
            Some(Err(error)) => Poll::Ready(Some(Err(error.clone()))),
            None => {
                state.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for PipeEnd {
    fn drop(&mut self) {
        self.0.lock().gone = true;
        self.0.room.notify_waiters();
    }
}

/// A body fed by `upload_push`: its feeder and the body.
fn upload_new<'js>(ctx: Ctx<'js>) -> Result<Array<'js>> {
    let pipe = Arc::new(Pipe::default());
    let pair = new_list(&ctx)?;
    pair.set(1, Handle::new(BodyHandle::new(Body::from_stream(PipeEnd(pipe.clone())))).into_js(&ctx)?)?;
    pair.set(0, Handle::new(Upload(pipe)).into_js(&ctx)?)?;
    Ok(pair)
}

/// Hands a chunk over: a promise of "was it wanted?", which waits until it was taken.
fn upload_push<'js>(ctx: Ctx<'js>, upload: Handle, chunk: Data) -> Result<Value<'js>> {
    let pipe = upload.get::<Upload>(&ctx)?.0.clone();
    let reader = {
        let mut state = pipe.lock();
        state.chunk = Some(chunk.0);
        state.reader.take()
    };
    if let Some(reader) = reader {
        reader.wake();
    }
    let taken = async move {
        loop {
            let room = pipe.room.notified();
            let mut room = std::pin::pin!(room);
            // Before the look, so that what happens after it is heard.
            room.as_mut().enable();
            let (gone, waits) = {
                let state = pipe.lock();
                (state.gone, state.chunk.is_some())
            };
            if gone || !waits {
                return Ok(Plain::Bool(!gone));
            }
            room.await;
        }
    };
    promise(&ctx, taken)?.into_js(&ctx)
}

/// The end of the stream, or that it failed; nothing is heard of it after that.
fn upload_end(ctx: Ctx<'_>, upload: Handle, failed: bool) -> Result<()> {
    upload.get::<Upload>(&ctx)?.0.end(match failed {
        true => Err(BodyError::new(std::io::Error::other("the script's stream failed"))),
        false => Ok(()),
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_ends_once() {
        let failure = || Err(BodyError::new(std::io::Error::other("aborted")));
        for (name, ends, is_whole) in [
            ("an end", vec![Ok(())], true),
            ("a failure", vec![failure()], false),
            ("an abort, which closes the stream too", vec![failure(), Ok(())], false),
            ("an abort of what was whole", vec![Ok(()), failure()], true),
        ] {
            let pipe = Arc::new(Pipe::default());
            ends.into_iter().for_each(|end| pipe.end(end));
            let next = PipeEnd(pipe).poll_next(&mut Context::from_waker(Waker::noop()));
            assert_eq!(matches!(next, Poll::Ready(None)), is_whole, "{name}");
            assert_eq!(matches!(next, Poll::Ready(Some(Err(_)))), !is_whole, "{name}");
        }
    }
}
