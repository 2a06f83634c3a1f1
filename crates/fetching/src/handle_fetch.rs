//! Service Workers' [handle fetch](https://w3c.github.io/ServiceWorker/#handle-fetch), as HTTP fetch calls it: the port answers, the gate judges in `http_fetch.rs`.

use sofetch_core::infrastructure::requests::{Destination, Request};
use sofetch_core::ports::HandledFetch;
use sofetch_core::rulings::NetworkError;
use sofetch_core::trace::Algorithm;

use crate::fetch_params::FetchParams;

/// HTTP fetch, steps 3.1 to 3.4: a clone of the request goes to the worker, if any could want it.
pub(crate) async fn handle_fetch(fetch: &mut FetchParams) -> Result<HandledFetch, NetworkError> {
    let Some(service_workers) = fetch.user_agent.service_workers.clone() else {
        return Ok(HandledFetch::None);
    };
    if skips_service_workers(&fetch.request) || !service_workers.may_handle(&fetch.request) {
        return Ok(HandledFetch::None);
    }
    let _room = fetch.trace.enter(Algorithm::HandleFetch);
    // 3.1, 3.2. NB: our streams carry bytes alone, so the transform that checks for them has nothing to do.
    let request_for_service_worker = fetch.request.clone_request();
    fetch.unless_canceled(service_workers.handle_fetch(request_for_service_worker)).await
}

/// Handle fetch's own first refusals: plug-ins' and workers' requests never reach a worker.
fn skips_service_workers(request: &Request) -> bool {
    matches!(
        request.destination,
        Destination::Embed | Destination::Object | Destination::ServiceWorker | Destination::WebIdentity
    )
}
