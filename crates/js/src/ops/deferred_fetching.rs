//! `fetchLater()`: the engine's own; the prelude is told when what waited was sent.

use std::sync::Arc;
use std::time::Duration;

use rquickjs::{Array, Ctx, Object, Result, Value};
use sofetch::core::infrastructure::bodies::Body;
use sofetch::core::rules::deferred_fetching::DeferredFetch;
use sofetch::engine::{Deferred, DeferredFetchRecord, FetchController};
use sofetch::{Bytes, Ruling};

use crate::handles::Handle;
use crate::host::Host;
use crate::ops::bodies::BodyHandle;
use crate::ops::fetching::abort_reason;
use crate::ops::requests::Request;
use crate::ops::resource_timing;
use crate::ops::set;
use crate::throwing::throw_type;
use crate::values::{Text, new_list};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, fetch_later, fetch_later_abort);
    Ok(())
}

/// Steps 7 to 15 of [fetchLater()](https://fetch.spec.whatwg.org/#dom-window-fetchlater), of a request with this body or one of unknown length: its record, and where there is no
/// room for it instead the quota and what was requested, as a list of all three. The hook `activateDeferredFetch` is called with the number when it was sent.
fn fetch_later<'js>(
    ctx: Ctx<'js>,
    request: Handle,
    body: Option<Handle>,
    is_stream: bool,
    activate_after: Option<f64>,
    number: f64,
) -> Result<Array<'js>> {
    let host = Host::of(&ctx);
    let mut request = request.get::<Request>(&ctx)?.to_core();
    if let Some(body) = body {
        request.body = body.get::<BodyHandle>(&ctx)?.take();
    }
    if is_stream {
        let mut body = Body::from_bytes(Bytes::new());
        body.length = None;
        request.body = Some(body);
    }
    let callbacks = resource_timing::callbacks(&host, &request);
    let queue = host.queue.clone();
    let deferred = Deferred {
        request: Box::new(request),
        // NB: the deferred fetch task source goes before others. A page that was left runs no tasks.
        notify_invoked: Box::new(move || {
            queue.queue_first(move |ctx| {
                let host = Host::of(ctx);
                if host.left.get() {
                    Ok(())
                } else {
                    host.hook(ctx, "activateDeferredFetch")?.call((number,))
                }
            });
        }),
        callbacks,
        // Nobody hears of its answer, and whoever says nothing is given up.
        time_limit: Some(host.limits.reports()),
        controller: FetchController::new(),
        trace: host.agent.trace(),
    };
    let after = activate_after.map(of_milliseconds);
    let queued = host.agent.fetch_later_core(deferred, after, !host.left.get());
    let error = match queued.map_err(|error| throw_type(&ctx, &error.to_string()))? {
        Ok(record) => {
            let list = new_list(&ctx)?;
            list.set(0, Handle::new(record))?;
            return Ok(list);
        }
        Err(error) => error,
    };
    let message = match error.ruling() {
        Some(Ruling::DeferredFetch(DeferredFetch::QuotaExceeded { quota, requested })) => {
            let list = new_list(&ctx)?;
            list.set(0, Value::new_undefined(ctx.clone()))?;
            list.set(1, *quota as f64)?;
            list.set(2, *requested as f64)?;
            return Ok(list);
        }
        Some(Ruling::DeferredFetch(DeferredFetch::NotFullyActive)) => "The page was left",
        Some(Ruling::DeferredFetch(DeferredFetch::BodyWithoutLength)) => "A stream cannot wait",
        Some(Ruling::DeferredFetch(DeferredFetch::NotPotentiallyTrustworthy { .. })) => {
            "The URL is not potentially trustworthy"
        }
        _ => "The URL is not one of http: or https:",
    };
    Err(throw_type(&ctx, message))
}

/// What is too long for a clock never comes.
fn of_milliseconds(milliseconds: f64) -> Duration {
    Duration::try_from_secs_f64(milliseconds.max(0.0) / 1e3).unwrap_or(Duration::MAX)
}

/// Aborts it, if it still waits, for a reason as of `fetch_abort`.
fn fetch_later_abort(ctx: Ctx<'_>, record: Handle, kind: Text, said: Text) -> Result<()> {
    record.get::<Arc<DeferredFetchRecord>>(&ctx)?.abort(abort_reason(&kind, said));
    Ok(())
}
