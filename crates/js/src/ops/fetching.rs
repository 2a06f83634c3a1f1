//! `fetch()`: the engine's own, in another thread; what comes back is a response or a `TypeError`.

use std::sync::Arc;

use rquickjs::{Ctx, Function, Object, Result};
use sofetch::AbortReason;
use sofetch::engine::FetchController;

use crate::handles::Handle;
use crate::host::{Host, Plain, Thrown, call_back};
use crate::ops::beacons::counted;
use crate::ops::bodies::BodyHandle;
use crate::ops::reading_ahead::{read_ahead, read_unseen};
use crate::ops::requests::Request;
use crate::ops::responses::Response;
use crate::ops::{resource_timing, set};
use crate::values::Text;

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, fetch_start, fetch_abort);
    Ok(())
}

/// [Fetches](https://fetch.spec.whatwg.org/#concept-fetch) a request with this body: its controller. Later one of the functions is called, with
/// the response or an error.
fn fetch_start<'js>(
    ctx: Ctx<'js>,
    request: Handle,
    body: Option<Handle>,
    fulfilled: Function<'js>,
    rejected: Function<'js>,
) -> Result<Handle> {
    let host = Host::of(&ctx);
    let mut request = request.get::<Request>(&ctx)?.to_core();
    if let Some(body) = body {
        request.body = body.get::<BodyHandle>(&ctx)?.take();
    }
    let callbacks = counted(&host, &request, resource_timing::callbacks(&host, &request));
    // NB: what is kept alive outlives its page, as far as the end of the runtime waits for it.
    let last_words = request.keepalive.then(|| host.last_words.subscribe());
    let controller = FetchController::new();
    let (agent, its_controller, ledger) = (host.agent.clone(), controller.clone(), host.ledger.clone());
    call_back(&ctx, fulfilled, rejected, async move {
        let _last_words = last_words;
        match agent.fetch_core(Box::new(request), callbacks, its_controller).await {
            Ok(Ok(mut response)) => {
                // NB: script has no way to an opaque response's body, which holds a connection all the same.
                if response.is_opaque() {
                    if let Some(body) = response.internal_mut().body.take() {
                        read_unseen(body);
                    }
                } else if let Some(body) = response.body_mut() {
                    read_ahead(body, ledger);
                }
                Ok(Plain::Handle(Box::new(move || Handle::new(Response::new(response)))))
            }
            // NB: a page's script is told no more; the reason is the observer's.
            Ok(Err(_)) => Err(Thrown::Type("Failed to fetch".to_owned())),
            Err(error) => Err(Thrown::Type(error.to_string())),
        }
    });
    Ok(Handle::new(controller))
}

/// [Aborts](https://fetch.spec.whatwg.org/#fetch-controller-abort) for a reason of this kind, or an own one that says so much; script's
/// value itself stays with the prelude.
fn fetch_abort(ctx: Ctx<'_>, controller: Handle, kind: Text, said: Text) -> Result<()> {
    controller.get::<Arc<FetchController>>(&ctx)?.abort(abort_reason(&kind, said));
    Ok(())
}

pub(super) fn abort_reason(kind: &Text, said: Text) -> AbortReason {
    match &*kind.0 {
        "AbortError" => AbortReason::AbortError,
        "TimeoutError" => AbortReason::TimeoutError,
        _ => AbortReason::Other(Arc::new(said.0)),
    }
}
