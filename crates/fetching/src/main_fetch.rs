//! [Main fetch](https://fetch.spec.whatwg.org/#concept-main-fetch): upgrades, blocks, the referrer, then the fork by response tainting; afterwards the filter and what may still block.

use sofetch_core::hsts::{HstsMatch, HstsUpgrade, hsts_upgrade};
use sofetch_core::infrastructure::bodies::Body;
use sofetch_core::infrastructure::requests::{Referrer, ReferrerPolicy, Request, ResponseTainting};
use sofetch_core::infrastructure::responses::{Response, ResponseType};
use sofetch_core::infrastructure::statuses::is_null_body_status;
use sofetch_core::ports::BoxFuture;
use sofetch_core::rules::response_tainting::ResponseTaintingFork;
use sofetch_core::rules::unencoded_digest::AssertedDigests;
use sofetch_core::rules::{
    content_security_policy as csp, cors_preflight_cache::EntryScope, integrity_policy, mime_blocking,
    mixed_content, port_blocking, range_requested, referrer, response_filtering, response_tainting,
    subresource_integrity, unencoded_digest,
};
use sofetch_core::rulings::{Fetched, NetworkError};
use sofetch_core::trace::{Algorithm, Event, RequestSnapshot};

use crate::body_reading::network_error_of;
use crate::fetch_params::FetchParams;
use crate::override_fetch::{OverrideType, override_fetch};
use crate::response_handover::fetch_response_handover;

/// <https://fetch.spec.whatwg.org/#concept-main-fetch>
///
/// Boxed, for HTTP-redirect fetch comes back here.
pub fn main_fetch(fetch: &mut FetchParams, recursive: bool) -> BoxFuture<'_, Fetched> {
    Box::pin(async move {
        let _room = fetch.trace.enter(Algorithm::MainFetch);
        fetch.trace.emit(|| Event::Request(Box::new(snapshot(&fetch.request))));
        let fetched = answer(fetch).await;
        // 13. A redirect's answer is filtered once, by the main fetch that began it all.
        if recursive {
            return fetched;
        }
        let fetched = filter_and_block(fetch, fetched).await;
        // 23, 24. NB: step 11's "in parallel" is the future itself.
        fetch_response_handover(fetch, fetched)
    })
}

/// Steps 1 to 12: from the request to a response that nobody has filtered yet.
async fn answer(fetch: &mut FetchParams) -> Fetched {
    // 3. Local URLs only, where the request says so.
    fetch.judge(mixed_content::local_urls_only(&fetch.request))?;
    // 4. What violates policies that are only reported, by the URL as it was asked for.
    fetch.judge_policy(csp::report_csp_violations_for_request(&fetch.request))?;
    // 5. A navigation says that it would be upgraded, and is where `upgrade-insecure-requests` says so.
    if let Some((name, value)) = mixed_content::upgrade_insecure_requests_header(&fetch.request) {
        fetch.trace.emit(|| Event::Rewrote { header: name, value: Some(value.into()) });
        fetch.request.header_list.append(name, value);
    }
    let (verdict, upgraded) = mixed_content::upgrade_request_to_a_potentially_trustworthy_url(&fetch.request);
    fetch.judge(verdict)?;
    upgrade(fetch, upgraded);
    // 6. Mixed content that is upgraded rather than blocked.
    let (verdict, upgraded) = mixed_content::upgrade_a_mixed_content_request(&fetch.request);
    fetch.judge(verdict)?;
    upgrade(fetch, upgraded);
    // 7. What is blocked before it begins.
    fetch.judge(port_blocking::should_request_be_blocked_due_to_a_bad_port(&fetch.request))?;
    fetch.judge(mixed_content::should_fetching_request_be_blocked_as_mixed_content(&fetch.request))?;
    fetch.judge_policy(csp::should_request_be_blocked_by_csp(&fetch.request))?;
    fetch.judge_policy(integrity_policy::should_request_be_blocked_by_integrity_policy(&fetch.request))?;
    // 8. An empty referrer policy is the policy container's.
    if fetch.request.referrer_policy == ReferrerPolicy::Empty
        && let Some(container) = &fetch.request.policy_container
    {
        fetch.request.referrer_policy = container.referrer_policy;
    }
    // 9. The referrer.
    if fetch.request.referrer != Referrer::NoReferrer {
        let (verdict, referrer) = referrer::determine_requests_referrer(&fetch.request);
        fetch.judge(verdict)?;
        fetch.request.referrer = referrer.map_or(Referrer::NoReferrer, Referrer::Url);
    }
    // 10. Known HSTS hosts are asked over https. NB: no HTTPS resource records: the system's resolver has none.
    upgrade_known_hsts_host(fetch).await?;
    // 12. The fork.
    let fork = fetch.judge(response_tainting::fork(&fetch.request, false))?;
    match fork {
        ResponseTaintingFork::Basic(_) => {
            fetch.request.response_tainting = ResponseTainting::Basic;
            override_fetch(OverrideType::SchemeFetch, fetch, false).await
        }
        ResponseTaintingFork::Opaque => {
            fetch.request.response_tainting = ResponseTainting::Opaque;
            override_fetch(OverrideType::SchemeFetch, fetch, false).await
        }
        ResponseTaintingFork::CorsWithPreflight(_) => {
            fetch.request.response_tainting = ResponseTainting::Cors;
            let fetched = override_fetch(OverrideType::HttpFetch, fetch, true).await;
            // A failure takes back what earlier preflights granted. NB: an abort is one too, so this await is not cut short.
            if fetched.is_err() {
                let scope = EntryScope::of(&fetch.request);
                fetch.user_agent.preflight_cache.clone().clear(&scope).await;
            }
            fetched
        }
        _ => {
            fetch.request.response_tainting = ResponseTainting::Cors;
            override_fetch(OverrideType::HttpFetch, fetch, false).await
        }
    }
}

fn upgrade(fetch: &mut FetchParams, upgraded: Option<sofetch_core::infrastructure::url::Url>) {
    if let Some(url) = upgraded {
        fetch.request.set_current_url(url);
    }
}

/// Step 10.
async fn upgrade_known_hsts_host(fetch: &mut FetchParams) -> Result<(), NetworkError> {
    if fetch.request.current_url().scheme() != "http" {
        return Ok(());
    }
    let Some(hsts) = fetch.user_agent.hsts.clone() else { return Ok(()) };
    let url = fetch.request.current_url().clone();
    // Only a domain can be known: others are not looked up.
    let mut verdict = hsts_upgrade(&url, &HstsMatch::Unknown);
    if verdict == HstsUpgrade::Unknown {
        let now = fetch.user_agent.clock.wall();
        let known = fetch.unless_canceled(hsts.is_known_host(url.hostname(), now)).await?;
        verdict = hsts_upgrade(&url, &known);
    }
    if let HstsUpgrade::Upgraded { .. } = fetch.judge(verdict)? {
        fetch.request.set_current_url(url.with_scheme("https"));
    }
    Ok(())
}

/// Steps 14 to 23: the filter, and what may block a response that is here.
async fn filter_and_block(fetch: &mut FetchParams, fetched: Fetched) -> Fetched {
    let mut response = fetched?;
    // 14. A response that nobody filtered (a service worker's may be) is filtered by the request's tainting.
    if response.filter().is_none() && !fetch.request.owner {
        if fetch.request.response_tainting == ResponseTainting::Cors {
            let mode = fetch.request.credentials_mode;
            fetch.judge(response_filtering::set_cors_exposed_header_name_list(
                mode,
                response.internal_mut(),
            ))?;
        }
        response = response.filtered(response_filtering::filter_for(fetch.request.response_tainting));
    } else if response.filter().is_none() {
        // DEPARTS: on the user's own behalf nothing is hidden; the type is "basic" all the same.
        response.internal_mut().response_type = ResponseType::Basic;
    }
    let request = &fetch.request;
    // 15, 16. The internal response knows its URLs.
    let internal = response.internal_mut();
    if internal.url_list.is_empty() {
        internal.url_list = request.url_list().to_vec();
    }
    // 17.
    internal.redirect_taint = request.redirect_taint();
    // 18.
    if request.is_navigation_request() {
        internal.navigation_timing_allow_values_list = request.navigation_timing_allow_values_list.clone();
    }
    // 19.
    if !request.timing_allow_failed {
        internal.timing_allow_passed = true;
    }
    // 20. What the response itself may be blocked for.
    fetch.judge(mixed_content::should_response_to_request_be_blocked_as_mixed_content(
        request,
        response.internal(),
    ))?;
    fetch.judge_policy(csp::should_response_to_request_be_blocked_by_csp(request, response.internal()))?;
    fetch.judge(mime_blocking::should_response_to_request_be_blocked_due_to_its_mime_type(
        request,
        response.internal(),
    ))?;
    fetch.judge(mime_blocking::should_response_to_request_be_blocked_due_to_nosniff(
        request,
        response.internal(),
    ))?;
    // 21. No part of an opaque response to somebody who asked for the whole.
    fetch.judge(range_requested::range_requested_block(request, &response))?;
    // 22. Some responses have no body, whatever the server sent.
    let status = response.internal().status;
    if matches!(request.method.as_str(), "HEAD" | "CONNECT") || is_null_body_status(status) {
        response.internal_mut().body = None;
    }
    // 23. Integrity wants the whole body first.
    // DEPARTS: so does what the server says of it, which no text asks yet (https://github.com/whatwg/fetch/pull/1867).
    let asserted = asserted_digests(fetch, &response)?;
    let metadata = fetch.request.integrity_metadata.clone();
    if !metadata.is_empty() || asserted.is_some() {
        let bytes = match response.body_mut() {
            None => None,
            Some(body) => {
                let limit = fetch.user_agent.settings.max_body_size;
                let read = fetch.unless_canceled(body.read_all(limit)).await?;
                Some(read.map_err(network_error_of)?)
            }
        };
        if let (Some(bytes), Some(digests)) = (&bytes, &asserted) {
            fetch.judge(unencoded_digest::unencoded_digest(bytes, digests))?;
        }
        if !metadata.is_empty() {
            fetch.judge(subresource_integrity::integrity(bytes.as_deref(), &metadata))?;
        }
        if let (Some(bytes), Some(body)) = (bytes, response.body_mut()) {
            *body = Body::from_bytes(bytes);
        }
    }
    Ok(response)
}

/// The digests that the server says the body has, where they are to be verified. Nothing is told where it says none.
fn asserted_digests(
    fetch: &FetchParams,
    response: &Response,
) -> Result<Option<AssertedDigests>, NetworkError> {
    if !response.internal().header_list.contains(unencoded_digest::UNENCODED_DIGEST) {
        return Ok(None);
    }
    let verified = fetch.user_agent.settings.unencoded_digest;
    match unencoded_digest::asserted_digests(&fetch.request, response, verified) {
        Ok(digests) => Ok(Some(digests)),
        Err(verdict) => fetch.judge(verdict).map(|_| None),
    }
}

fn snapshot(request: &Request) -> RequestSnapshot {
    RequestSnapshot {
        method: request.method.clone(),
        url: request.current_url().clone(),
        header_list: request.header_list.clone(),
        mode: request.mode.as_str(),
        credentials_mode: request.credentials_mode.as_str(),
        origin: request.serialize_origin(),
        redirect_count: request.redirect_count,
    }
}
