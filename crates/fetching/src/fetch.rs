//! [Fetch](https://fetch.spec.whatwg.org/#concept-fetch): the entrance. Makes the fetch params, populates the request from its client, joins the fetch group.

use std::sync::Arc;

use sofetch_core::infrastructure::clients::{Global, PolicyContainer};
use sofetch_core::infrastructure::origins::Origin;
use sofetch_core::infrastructure::requests::{Destination, Initiator, Request, TraversableForUserPrompts};
use sofetch_core::rulings::Fetched;
use sofetch_core::trace::{Algorithm, Trace};

use crate::fetch_groups::FetchGroup;
use crate::fetch_params::{Callbacks, FetchController, FetchParams};
use crate::main_fetch::main_fetch;
use crate::user_agent::UserAgent;

/// <https://fetch.spec.whatwg.org/#concept-fetch>
///
/// The future is the fetch: dropping it ends it, and its value is what processResponse would be given. The controller
/// aborts it from elsewhere, and the body after it.
pub fn fetch(
    user_agent: Arc<UserAgent>,
    request: Box<Request>,
    callbacks: Callbacks,
    controller: Arc<FetchController>,
    trace: Trace,
) -> impl Future<Output = Fetched> + Send {
    fetch_deferred_by(None, user_agent, request, callbacks, controller, trace)
}

/// The same of a request that this fetch group may have deferred.
pub(crate) async fn fetch_deferred_by(
    group: Option<Arc<FetchGroup>>,
    user_agent: Arc<UserAgent>,
    mut request: Box<Request>,
    callbacks: Callbacks,
    controller: Arc<FetchController>,
    trace: Trace,
) -> Fetched {
    let _room = trace.enter(Algorithm::Fetch);
    // 1. NB: early hints are vetted for navigations alone; a face may look at them all the same.
    // 4. Origin, policy container and the rest come from the client.
    populate_request_from_client(&mut request);
    // 2, 3, 5, 6, 8. The fetch params. NB: the task destination is the caller's own task, which awaits.
    let mut fetch = FetchParams::new(user_agent, request, callbacks, controller, trace.clone());
    fetch.deferred_by = group;
    // 7. Timing starts.
    let start_time = fetch.coarsened_now();
    {
        let render_blocking = fetch.request.render_blocking;
        let mut timing = fetch.timing();
        (timing.start_time, timing.post_redirect_start_time) = (start_time, start_time);
        timing.render_blocking = render_blocking;
    }
    // 9. A byte sequence is a body from the start here.
    // SKIPS 10: WebDriver BiDi's cloned bodies; who drives a browser by BiDi would need them.
    // SKIPS 11: preloaded resources belong to documents.
    // 12. What is acceptable, by destination.
    if !fetch.request.header_list.contains("Accept") {
        let value = accept(&fetch.request);
        append(&mut fetch, "Accept", value);
    }
    // 13. An emulated language goes first,
    if !fetch.request.header_list.contains("Accept-Language") {
        let emulated = fetch.request.client.as_ref().and_then(|client| client.emulated_language.clone());
        if let Some(language) = emulated {
            append(&mut fetch, "Accept-Language", language);
        // 14. then the user agent's.
        } else if let Some(language) = fetch.user_agent.settings.accept_language.clone() {
            append(&mut fetch, "Accept-Language", language);
        }
    }
    // SKIPS 15: no transport here weighs its requests; one that does would read the request's priority.
    // 16. A subresource request joins its client's fetch group.
    fetch.join_fetch_group();
    // 17. Main fetch; 18. the controller is the caller's already.
    main_fetch(&mut fetch, false).await
}

fn append(fetch: &mut FetchParams, name: &'static str, value: impl Into<bytes::Bytes>) {
    let mut request = std::mem::take(&mut fetch.request.header_list);
    let value = value.into();
    fetch.trace.emit(|| sofetch_core::trace::Event::Rewrote { header: name, value: Some(value.clone()) });
    request.append(name, value);
    fetch.request.header_list = request;
}

/// Step 12's table.
fn accept(request: &Request) -> &'static str {
    const DOCUMENT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    match request.destination {
        _ if request.initiator == Initiator::Prefetch => DOCUMENT,
        Destination::Document | Destination::Frame | Destination::Iframe => DOCUMENT,
        Destination::Image => "image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
        Destination::Json => "application/json,*/*;q=0.5",
        Destination::Style => "text/css,*/*;q=0.1",
        Destination::Text => "text/plain,*/*;q=0.5",
        _ => "*/*",
    }
}

/// <https://fetch.spec.whatwg.org/#populate-request-from-client>
pub fn populate_request_from_client(request: &mut Request) {
    // 1. Somebody to ask is there only behind a window's navigable.
    if request.traversable_for_user_prompts == TraversableForUserPrompts::Client {
        request.traversable_for_user_prompts = match request.client.as_deref().map(|client| &client.global) {
            Some(Global::Window { traversable: true, .. }) => TraversableForUserPrompts::Traversable,
            _ => TraversableForUserPrompts::NoTraversable,
        };
    }
    // 2. The origin; without a client nobody asks, so an opaque one.
    if request.origin.is_none() {
        request.origin = Some(match &request.client {
            Some(client) => client.origin.clone(),
            None => Origin::new_opaque(),
        });
    }
    // 3. The policy container.
    if request.policy_container.is_none() {
        request.policy_container = Some(match &request.client {
            Some(client) => client.policy_container.clone(),
            None => Arc::new(PolicyContainer::default()),
        });
    }
}
