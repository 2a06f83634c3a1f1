//! [HTTP-redirect fetch](https://fetch.spec.whatwg.org/#concept-http-redirect-fetch): judge the redirect, rewrite the request, go back to main fetch.

use sofetch_core::infrastructure::body_extraction::safely_extract_source;
use sofetch_core::infrastructure::responses::Response;
use sofetch_core::rules::redirect::redirect;
use sofetch_core::rules::referrer::referrer_policy_on_redirect;
use sofetch_core::rulings::Fetched;
use sofetch_core::trace::Algorithm;

use crate::fetch_params::FetchParams;
use crate::main_fetch::main_fetch;

/// <https://fetch.spec.whatwg.org/#concept-http-redirect-fetch>
pub async fn http_redirect_fetch(fetch: &mut FetchParams, response: Response) -> Fetched {
    let _room = fetch.trace.enter(Algorithm::HttpRedirectFetch);
    // 1 to 11. Where to, and may it be followed?
    let location = response.internal().location_url(fetch.request.current_url().fragment());
    let sensitive = fetch.user_agent.settings.sensitive_headers.clone();
    let departures = fetch.user_agent.settings.departures;
    let (verdict, rewrite) = redirect(&fetch.request, response.internal(), location, &sensitive, departures);
    fetch.judge(verdict)?;
    let Some(rewrite) = rewrite else { return Ok(response) };
    // 8, 12, 13, 18. Count, method, headers and URL list.
    rewrite.apply(&mut fetch.request);
    // 14. The body is made again from its source.
    if let Some(body) = &fetch.request.body {
        fetch.request.body = safely_extract_source(&body.source);
    }
    // 15 to 17. Times.
    let now = fetch.coarsened_now();
    {
        let mut timing = fetch.timing();
        timing.redirect_end_time = now;
        timing.post_redirect_start_time = now;
        if timing.redirect_start_time.0 == 0 {
            timing.redirect_start_time = timing.start_time;
        }
    }
    // 19. The redirect may set another referrer policy.
    if let Some(policy) = referrer_policy_on_redirect(&response.internal().header_list) {
        fetch.request.referrer_policy = policy;
    }
    // NB: the redirect's own body is of no use; dropping it lets the connection drain or close.
    drop(response);
    // SKIPS 21: "manual" redirects are followed by HTML's navigate, which we do not have.
    // 20, 22. Main fetch, to get the response tainting right.
    main_fetch(fetch, true).await
}
