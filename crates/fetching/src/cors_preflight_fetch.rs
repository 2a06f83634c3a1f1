//! [CORS-preflight fetch](https://fetch.spec.whatwg.org/#cors-preflight-fetch-0): ask with OPTIONS, judge the answer, remember what it grants.

use sofetch_core::rules::cors_preflight::{preflight_answer, preflight_request};
use sofetch_core::rules::cors_safelists::cors_unsafe_request_header_names;
use sofetch_core::rulings::NetworkError;
use sofetch_core::trace::{Algorithm, Event, Purpose, RequestSnapshot};

use crate::fetch_params::{Callbacks, FetchParams};
use crate::http_network_or_cache_fetch::http_network_or_cache_fetch;
use crate::response_handover::outcome;

/// <https://fetch.spec.whatwg.org/#cors-preflight-fetch-0>
pub async fn cors_preflight_fetch(fetch: &mut FetchParams) -> Result<(), NetworkError> {
    let trace = fetch.trace.child(Purpose::Preflight);
    let _room = trace.enter(Algorithm::CorsPreflightFetch);
    // 1 to 5. The question.
    let unsafe_names = cors_unsafe_request_header_names(&fetch.request.header_list);
    let preflight = preflight_request(&fetch.request, &unsafe_names);
    trace.emit(|| {
        Event::Request(Box::new(RequestSnapshot {
            method: preflight.method.clone(),
            url: preflight.current_url().clone(),
            header_list: preflight.header_list.clone(),
            mode: preflight.mode.as_str(),
            credentials_mode: preflight.credentials_mode.as_str(),
            origin: preflight.serialize_origin(),
            redirect_count: 0,
        }))
    });
    // 6. New fetch params. NB: the controller is the fetch's own, so that an abort reaches its preflight.
    let mut preflight_fetch = FetchParams::new(
        fetch.user_agent.clone(),
        Box::new(preflight),
        Callbacks::default(),
        fetch.controller.clone(),
        trace,
    );
    let fetched = http_network_or_cache_fetch(&mut preflight_fetch, false, false).await;
    preflight_fetch.trace.emit(|| Event::Ended(outcome(&fetched)));
    let response = fetched?;
    // 7, 8. The answer, judged on the request itself: its credentials mode counts.
    let limit = fetch.user_agent.settings.preflight_max_age_limit;
    let departures = fetch.user_agent.settings.departures;
    let answer = preflight_answer(&fetch.request, &unsafe_names, response.internal(), limit, departures);
    // 7.11 to 7.15. What it grants is remembered, or lengthened.
    let Some(grant) = preflight_fetch.judge(answer)?.grant(&fetch.request) else { return Ok(()) };
    let cache = fetch.user_agent.preflight_cache.clone();
    let now = fetch.user_agent.clock.now();
    fetch.unless_canceled(cache.remember(&grant, now)).await
}
