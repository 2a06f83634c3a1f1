//! [HTTP fetch](https://fetch.spec.whatwg.org/#concept-http-fetch): a service worker may answer; else the preflight and the network; CORS, TAO and CORP checks; redirects.

use sofetch_core::infrastructure::requests::{RedirectMode, ResponseTainting, ServiceWorkersMode};
use sofetch_core::infrastructure::responses::{Filter, Response, ResponseType};
use sofetch_core::infrastructure::statuses::is_redirect_status;
use sofetch_core::ports::{HandledFetch, Report};
use sofetch_core::rules::cors_check::cors_check;
use sofetch_core::rules::cors_preflight_cache::{CacheLookUp, Question};
use sofetch_core::rules::cors_safelists::cors_unsafe_request_header_names;
use sofetch_core::rules::cross_origin_resource_policy::cross_origin_resource_policy_check;
use sofetch_core::rules::redirect_mode::{RedirectModeVerdict, redirect_mode};
use sofetch_core::rules::tao_check::{append_navigation_timing_allow_values, tao_check};
use sofetch_core::rulings::{Fetched, NetworkError};
use sofetch_core::service_workers::gate::{ServiceWorkerGate, service_worker_gate};
use sofetch_core::trace::Algorithm;

use crate::body_reading::cancel;
use crate::cors_preflight_fetch::cors_preflight_fetch;
use crate::fetch_params::FetchParams;
use crate::handle_fetch::handle_fetch;
use crate::http_network_or_cache_fetch::http_network_or_cache_fetch;
use crate::http_redirect_fetch::http_redirect_fetch;

/// <https://fetch.spec.whatwg.org/#concept-http-fetch>
pub async fn http_fetch(fetch: &mut FetchParams, make_cors_preflight: bool) -> Fetched {
    let _room = fetch.trace.enter(Algorithm::HttpFetch);
    // 3. A service worker may answer first.
    let mut response = match ask_service_worker(fetch).await? {
        Some(response) => response,
        None => {
            // 4.1. Ask permission, unless the preflight cache remembers it.
            if make_cors_preflight && !is_permission_remembered(fetch).await? {
                cors_preflight_fetch(fetch).await?;
            }
            // 4.2. What the network redirects, no worker sees.
            if fetch.request.redirect_mode == RedirectMode::Follow {
                fetch.request.service_workers_mode = ServiceWorkersMode::None;
            }
            // 4.3.
            let response = http_network_or_cache_fetch(fetch, false, false).await?;
            // 4.4. Only the network's word is CORS-checked.
            if fetch.request.response_tainting == ResponseTainting::Cors {
                fetch.judge(cors_check(&fetch.request, response.internal()))?;
            }
            // 4.5. A failed TAO check hides times, and nothing else.
            let tao = tao_check(&fetch.request, response.internal());
            if tao.fails() {
                fetch.request.timing_allow_failed = true;
            }
            fetch.judge(tao)?;
            response
        }
    };
    // 5. What is opaque must say that it may be embedded.
    if fetch.request.response_tainting == ResponseTainting::Opaque
        || response.response_type() == ResponseType::Opaque
    {
        let (verdict, violations) = cross_origin_resource_policy_check(&fetch.request, response.internal());
        for violation in violations {
            let body = violation.body();
            fetch.queue_report(Report { kind: "coep", endpoint: violation.endpoint, body });
        }
        fetch.judge(verdict)?;
    }
    // 6. Redirects.
    let status = response.internal().status;
    if is_redirect_status(status) {
        // 6.1.
        if fetch.request.is_navigation_request() {
            append_navigation_timing_allow_values(&mut fetch.request, response.internal());
        }
        // 6.2. NB: that is how a dropped response ends: the transport resets a stream whose body it still sends.
        // 6.3. By the redirect mode.
        match fetch.judge(redirect_mode(&fetch.request, status))? {
            RedirectModeVerdict::OpaqueRedirect => response = response.filtered(Filter::OpaqueRedirect),
            RedirectModeVerdict::Follow => return http_redirect_fetch(fetch, response).await,
            // SKIPS 6.3: a navigation's next manual redirect steps are for HTML's navigate.
            _ => {}
        }
    }
    Ok(response)
}

/// Step 3: `None` sends the request on to the network.
async fn ask_service_worker(fetch: &mut FetchParams) -> Result<Option<Response>, NetworkError> {
    if fetch.request.service_workers_mode != ServiceWorkersMode::All
        || fetch.user_agent.service_workers.is_none()
    {
        return Ok(None);
    }
    // 3.3. The clock is read before the worker starts.
    let start_time = fetch.coarsened_now();
    match handle_fetch(fetch).await? {
        HandledFetch::None => Ok(None),
        HandledFetch::TimingInfo(timing_info) => {
            fetch.timing().service_worker_timing_info = Some(timing_info);
            Ok(None)
        }
        // 3.5. Its answer counts, if it passes the gate.
        HandledFetch::Response(answered) => {
            let response = match answered {
                Ok(response) => response,
                Err(error) => {
                    fetch.judge(ServiceWorkerGate::Error)?;
                    return Err(error);
                }
            };
            {
                let mut timing = fetch.timing();
                timing.final_service_worker_start_time = start_time;
                timing.service_worker_timing_info = response.internal().service_worker_timing_info.clone();
            }
            // 3.5.4. The worker had a clone of the body; ours is canceled. NB: a redirect of the worker's may still make it
            // again from its source.
            if let Some(body) = &mut fetch.request.body {
                cancel(body);
            }
            // 3.5.7.
            fetch.judge(service_worker_gate(&fetch.request, &response))?;
            Ok(Some(response))
        }
    }
}

/// Step 4.1's conditions, asked of the preflight cache.
async fn is_permission_remembered(fetch: &FetchParams) -> Result<bool, NetworkError> {
    let unsafe_names = cors_unsafe_request_header_names(&fetch.request.header_list);
    let question = Question::of(&fetch.request, &unsafe_names);
    let cache = fetch.user_agent.preflight_cache.clone();
    let now = fetch.user_agent.clock.now();
    let remembered = fetch.unless_canceled(cache.look_up(&question, now)).await?;
    Ok(fetch.judge(remembered)? == CacheLookUp::Remembered)
}
