//! [`Interrupt`]: ends what a runtime runs, from any thread; and what the engine is told when it asks whether that is so.

use std::sync::Arc;

use rquickjs::{Ctx, qjs};

use crate::event_loop::TaskQueue;
use crate::microtasks;
use crate::workers::stop::Stop;

/// Ends what a [`Runtime`](crate::Runtime) and its workers run. Clones end the same one; one whose runtime is gone does nothing.
#[derive(Clone)]
pub struct Interrupt {
    stop: Arc<Stop>,
    queue: TaskQueue,
}

impl Interrupt {
    pub(crate) fn new(stop: Arc<Stop>, queue: TaskQueue) -> Interrupt {
        Interrupt { stop, queue }
    }

    /// Ends the script that runs, which cannot catch it, or the waiting of the loop. The runtime runs nothing after that,
    /// until it is told to forget it ([`Runtime::resume`](crate::Runtime::resume)).
    ///
    /// NB: what the engine does in one go, such as sorting a long array, ends first.
    pub fn interrupt(&self) {
        self.stop.interrupt();
        // A loop that waits looks again when there is a task.
        self.queue.queue(|_| Ok(()));
    }

    /// Was this asked for already?
    pub fn is_interrupted(&self) -> bool {
        self.stop.is_interrupted()
    }
}

impl std::fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interrupt").field("is_interrupted", &self.is_interrupted()).finish()
    }
}

/// So far beyond its top lies the stack's end when nothing may be called any more: whatever calls finds itself beyond that.
const NO_STACK: usize = (64_usize << 20).wrapping_neg();

/// Is what runs to end? The engine asks now and then.
///
/// NB: some of its own functions take what ends a script for any other exception, which a promise they make is then rejected with (the
/// executor of `new Promise()`, `then` of what a promise is resolved with). What called them would go on, and a loop around them never
/// end. So nothing can be called from then on: what goes on meets the next such question in a loop of its own.
#[allow(unsafe_code)]
pub(crate) fn interrupted(ctx: &Ctx<'_>, stop: Arc<Stop>) -> Box<dyn FnMut() -> bool> {
    // SAFETY: the context has a runtime, and is not used here any more.
    let engine = unsafe { qjs::JS_GetRuntime(ctx.as_raw().as_ptr()) };
    Box::new(move || {
        let is_over = stop.is_over();
        if is_over {
            // SAFETY: it is this engine that asks, so that it lives; it reads the stack's bound only where it calls something.
            unsafe { qjs::JS_SetMaxStackSize(engine, NO_STACK as _) };
        }
        is_over
    })
}

/// More microtasks than an end ever leaves: the engine looks after some thousand steps, and ends who goes on without a call.
const MANY: usize = 10_000_000;

/// Gets rid of the microtasks of whom an end came to, before it is forgotten: none of them can call anything.
#[allow(unsafe_code)]
pub(crate) fn drop_microtasks(ctx: &Ctx<'_>) {
    // SAFETY: the runtime is the context's.
    unsafe { qjs::JS_SetMaxStackSize(qjs::JS_GetRuntime(ctx.as_raw().as_ptr()), NO_STACK as _) };
    for _ in 0..MANY {
        match microtasks::perform(ctx) {
            Ok(true) => {}
            Ok(false) => break,
            Err(_) => drop(ctx.catch()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_to_any_thread() {
        fn any<T: Send + Sync + Clone>() {}
        any::<Interrupt>();
    }
}
