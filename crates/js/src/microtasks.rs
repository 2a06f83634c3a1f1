//! [`perform`]: the engine's jobs one at a time, and what they throw.

use std::ptr;

use rquickjs::{Ctx, Error, Result, qjs};

/// Performs the oldest [microtask](https://html.spec.whatwg.org/#perform-a-microtask-checkpoint); `false` where there is none.
///
/// NB: the binding's own function keeps to itself what a job throws. Promises' throw nothing, a `FinalizationRegistry`'s may.
#[allow(unsafe_code)]
pub(crate) fn perform(ctx: &Ctx<'_>) -> Result<bool> {
    let mut of = ptr::null_mut();
    // SAFETY: the runtime is the context's, which is its only one: what the job throws is there for it to catch.
    let performed = unsafe { qjs::JS_ExecutePendingJob(qjs::JS_GetRuntime(ctx.as_raw().as_ptr()), &mut of) };
    match performed {
        0 => Ok(false),
        1.. => Ok(true),
        _ => Err(Error::Exception),
    }
}
