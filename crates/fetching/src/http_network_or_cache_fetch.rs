//! [HTTP-network-or-cache fetch](https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch): dress the request, look into the cache, go to the network; then 401, 407 and 421.

use bytes::Bytes;
use sofetch_core::infrastructure::bodies::{Body, BodySource};
use sofetch_core::infrastructure::body_extraction::safely_extract_source;
use sofetch_core::infrastructure::clients::NetworkPartitionKey;
use sofetch_core::infrastructure::requests::{CacheMode, Request, ServiceWorkersMode};
use sofetch_core::infrastructure::responses::{CacheState, Response};
use sofetch_core::ports::{CredentialsPrompt, Freshness};
use sofetch_core::rules::authentication::{AuthenticationNeed, authentication_need};
use sofetch_core::rules::network_gate::network_after_cache;
use sofetch_core::rules::{fetch_metadata, origin_header, request_headers};
use sofetch_core::rulings::{Fetched, NetworkError};
use sofetch_core::trace::{Algorithm, Purpose};

use crate::fetch_params::{Callbacks, FetchParams};
use crate::http_network_fetch::http_network_fetch;
use crate::main_fetch::main_fetch;

/// <https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch>
///
/// A 401, 407 or 421 begins it anew: a loop rather than a call of itself, which would have to be boxed.
pub(crate) async fn http_network_or_cache_fetch(
    fetch: &mut FetchParams,
    mut is_authentication_fetch: bool,
    mut is_new_connection_fetch: bool,
) -> Fetched {
    loop {
        let room = fetch.trace.enter(Algorithm::HttpNetworkOrCacheFetch);
        // 8.1. The request that is dressed and sent; the fetch's own stays as it was.
        let mut http_request = clone_for_the_wire(&mut fetch.request);
        // 8.3 to 8.22.
        let include_credentials = dress(fetch, &mut http_request, is_authentication_fetch).await?;
        // 8.23. SKIPS: WebDriver BiDi's "before request sent" is the trace's wire events.
        // 8.24 to 8.26. The cache, 9, 10. and the network.
        let mut response =
            cache_or_network(fetch, &mut http_request, include_credentials, is_new_connection_fetch).await?;
        // 11 to 13. What the response knows of its request.
        let internal = response.internal_mut();
        internal.url_list = http_request.url_list().to_vec();
        internal.range_requested |= http_request.header_list.contains("Range");
        internal.request_includes_credentials = include_credentials;
        let status = internal.status;
        drop(http_request);
        // 14 to 16. Some answers ask for another fetch.
        let need = authentication_need(
            &fetch.request,
            status,
            include_credentials,
            is_authentication_fetch,
            is_new_connection_fetch,
        );
        let need = fetch.judge(need)?;
        if let Some(authenticated) =
            refetch_arguments(fetch, need, &response, is_authentication_fetch).await?
        {
            (is_authentication_fetch, is_new_connection_fetch) = authenticated;
            drop(response);
            drop(room);
            continue;
        }
        // 17. What the user typed is remembered for the realm.
        if is_authentication_fetch && let Some(entries) = fetch.user_agent.authentication_entries.clone() {
            entries.create(&fetch.request, &response).await;
        }
        return Ok(response);
    }
}

/// Step 8.1. NB: a body without a source cannot be sent twice, so it is handed on rather than teed; what stays behind
/// still says that it has no source.
fn clone_for_the_wire(request: &mut Request) -> Request {
    let body = request.body.as_mut().map(|body| {
        if !body.source.is_null() {
            return body.clone_body();
        }
        let mut spent = Body::from_chunks([], BodySource::Null);
        spent.length = body.length;
        std::mem::replace(body, spent)
    });
    let mut http_request = request.clone_without_body();
    http_request.body = body;
    http_request
}

/// Steps 8.3 to 8.22: credentials, lengths, and every header that is not the page's own.
async fn dress(
    fetch: &FetchParams,
    http_request: &mut Request,
    is_authentication_fetch: bool,
) -> Result<bool, NetworkError> {
    // 8.3, 8.4. Are credentials included?
    let credentials = fetch.judge(request_headers::include_credentials(&fetch.request))?;
    let include_credentials = credentials.includes();
    // 8.5 to 8.9. Content-Length.
    if let Some(value) = request_headers::content_length(http_request) {
        fetch.append_header(http_request, "Content-Length", value);
    }
    // 8.10. What is kept alive has a quota.
    if http_request.keepalive
        && let Some(group) = fetch.user_agent.fetch_group(http_request)
    {
        let inflight = group.inflight_keepalive_bytes(&fetch.controller);
        fetch.judge(request_headers::keepalive_quota(http_request, inflight))?;
    }
    // 8.11. Referer.
    if let Some(value) = request_headers::referer(http_request) {
        fetch.append_header(http_request, "Referer", value);
    }
    if !http_request.owner {
        // 8.12. Origin.
        let origin = fetch.judge(origin_header::origin_header(http_request))?;
        if let Some(value) = origin.value() {
            fetch.append_header(http_request, "Origin", value.to_owned());
        }
        // 8.13. Fetch metadata.
        for (name, value) in fetch.judge(fetch_metadata::fetch_metadata(http_request))?.headers() {
            fetch.set_header(http_request, name, value);
        }
    }
    // 8.14. Sec-Purpose.
    if let Some((name, value)) = fetch_metadata::sec_purpose(http_request) {
        fetch.set_header(http_request, name, value);
    }
    // 8.15. User-Agent.
    if !http_request.header_list.contains("User-Agent") {
        let emulated = http_request.client.as_ref().and_then(|client| client.emulated_user_agent.clone());
        if let Some(value) =
            emulated.map(Bytes::from).or_else(|| fetch.user_agent.settings.user_agent.clone())
        {
            fetch.append_header(http_request, "User-Agent", value);
        }
    }
    // 8.16. Conditions of the caller's own switch the cache off.
    fetch.judge(request_headers::conditional_headers(http_request))?;
    http_request.cache_mode = request_headers::cache_mode(http_request);
    // 8.17, 8.18. Cache-Control and Pragma.
    let cache_headers: [_; 2] = collect_two(request_headers::cache_headers(http_request));
    for (name, value) in cache_headers.into_iter().flatten() {
        fetch.append_header(http_request, name, value);
    }
    // 8.19, 8.20. Accept-Encoding.
    let settings = &fetch.user_agent.settings;
    let (secure, insecure) = (&settings.accept_encoding, &settings.accept_encoding_insecure);
    if let Some(value) = request_headers::accept_encoding(http_request, secure, insecure) {
        fetch.append_header(http_request, "Accept-Encoding", value);
    }
    // 8.21. Cookie and Authorization.
    if include_credentials {
        append_credentials(fetch, http_request, is_authentication_fetch).await?;
    }
    // 8.22. NB: proxy-authentication entries belong to the transport, which alone knows its proxy.
    Ok(include_credentials)
}

fn collect_two<T>(mut items: impl Iterator<Item = T>) -> [Option<T>; 2] {
    [items.next(), items.next()]
}

/// Step 8.21.
async fn append_credentials(
    fetch: &FetchParams,
    http_request: &mut Request,
    is_authentication_fetch: bool,
) -> Result<(), NetworkError> {
    // 8.21.1. Cookies.
    if let Some(cookies) = fetch.user_agent.cookies.clone() {
        let now = fetch.user_agent.clock.wall();
        let value = fetch.unless_canceled(cookies.cookie_header(http_request, now)).await?;
        if let Some(value) = value {
            fetch.append_header(http_request, "Cookie", value);
        }
    }
    // 8.21.2. An authentication entry, or the URL's own credentials.
    if http_request.header_list.contains("Authorization") {
        return Ok(());
    }
    let url_has_credentials = http_request.current_url().includes_credentials();
    let mut value = None;
    if (!http_request.use_url_credentials || !url_has_credentials)
        && let Some(entries) = fetch.user_agent.authentication_entries.clone()
    {
        value = fetch.unless_canceled(entries.entry(http_request)).await?;
    }
    // DEPARTS: on the user's own behalf credentials in a URL are sent at once, as curl sends them.
    if value.is_none() && url_has_credentials && (is_authentication_fetch || http_request.owner) {
        value = Some(request_headers::basic_authorization(http_request.current_url()));
    }
    if let Some(value) = value {
        fetch.append_header(http_request, "Authorization", value);
    }
    Ok(())
}

/// Steps 8.24 to 10: the cache, then the network.
async fn cache_or_network(
    fetch: &mut FetchParams,
    http_request: &mut Request,
    include_credentials: bool,
    is_new_connection_fetch: bool,
) -> Fetched {
    // 8.24, 8.25. Without a partition there is no cache.
    let partition = http_request.http_cache_partition();
    if partition.is_none() {
        http_request.cache_mode = CacheMode::NoStore;
    }
    let cache = fetch.user_agent.http_cache.clone();
    let Some((partition, cache)) = partition.zip(cache) else {
        fetch.judge(network_after_cache(http_request))?;
        return http_network_fetch(fetch, http_request, include_credentials, is_new_connection_fetch).await;
    };
    let mut stored = None;
    let mut revalidating = false;
    // 8.26. A stored response, if the cache mode wants one.
    if !matches!(http_request.cache_mode, CacheMode::NoStore | CacheMode::Reload) {
        let now = fetch.user_agent.clock.wall();
        let selected = fetch.unless_canceled(cache.select(&partition, http_request, now)).await?;
        if let Some(selected) = selected {
            match (selected.freshness, http_request.cache_mode) {
                (Freshness::StaleWhileRevalidate, CacheMode::Default) if http_request.client.is_some() => {
                    revalidate_in_parallel(fetch);
                    return Ok(from_cache(selected.response, CacheState::Local));
                }
                // NB: "no-cache" validates even what is fresh; the other two take even what is stale.
                (freshness, mode)
                    if mode == CacheMode::NoCache
                        || (freshness != Freshness::Fresh
                            && !matches!(mode, CacheMode::ForceCache | CacheMode::OnlyIfCached)) =>
                {
                    revalidating = true;
                    append_validators(fetch, http_request, &selected.response);
                    stored = Some(selected.response);
                }
                _ => return Ok(from_cache(selected.response, CacheState::Local)),
            }
        }
    }
    // 10.1, 10.2. The network.
    fetch.judge(network_after_cache(http_request))?;
    let mut forward =
        http_network_fetch(fetch, http_request, include_credentials, is_new_connection_fetch).await?;
    settle(fetch, &partition, http_request, &mut forward, stored, revalidating)
        .await
        .map(|from_cache| from_cache.unwrap_or(forward))
}

/// Steps 10.3 to 10.5: invalidate, freshen or store. `Some` is the stored response, validated.
async fn settle(
    fetch: &FetchParams,
    partition: &NetworkPartitionKey,
    http_request: &Request,
    forward: &mut Response,
    mut stored: Option<Response>,
    revalidating: bool,
) -> Result<Option<Response>, NetworkError> {
    let Some(cache) = fetch.user_agent.http_cache.clone() else { return Ok(None) };
    let status = forward.internal().status;
    // 10.3. An unsafe method that went well makes stored responses invalid.
    if http_request.method.is_unsafe() && (200..=399).contains(&status) {
        fetch.unless_canceled(cache.invalidate(partition, http_request, forward)).await?;
        stored = None;
    }
    let now = fetch.user_agent.clock.wall();
    // 10.4. Validated: the stored response, with the new headers.
    if let (true, 304, Some(stored)) = (revalidating, status, stored) {
        let fresh =
            fetch.unless_canceled(cache.freshen(partition, http_request, stored, forward, now)).await?;
        return Ok(Some(from_cache(fresh, CacheState::Validated)));
    }
    // 10.5. Stored, if the rules of caching allow.
    if http_request.cache_mode != CacheMode::NoStore {
        fetch.unless_canceled(cache.store(partition, http_request, forward, now)).await?;
    }
    Ok(None)
}

fn from_cache(mut response: Response, state: CacheState) -> Response {
    response.internal_mut().cache_state = state;
    response
}

/// Step 8.26.2.2.2: the stored response's validators.
fn append_validators(fetch: &FetchParams, http_request: &mut Request, stored: &Response) {
    let list = &stored.internal().header_list;
    for (validator, condition) in [("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")] {
        if let Some(value) = list.get(validator) {
            fetch.append_header(http_request, condition, Bytes::copy_from_slice(&value));
        }
    }
}

/// Step 8.26.2.1: a main fetch of its own, only to update the cache.
fn revalidate_in_parallel(fetch: &mut FetchParams) {
    let mut request = fetch.request.clone_request();
    request.cache_mode = CacheMode::NoCache;
    request.prevent_no_cache_cache_control_header_modification = true;
    request.service_workers_mode = ServiceWorkersMode::None;
    let mut revalidation = FetchParams {
        user_agent: fetch.user_agent.clone(),
        request: Box::new(request),
        callbacks: Callbacks::default().into(),
        controller: crate::fetch_params::FetchController::new(),
        timing_info: Default::default(),
        cross_origin_isolated_capability: fetch.cross_origin_isolated_capability,
        trace: fetch.trace.child(Purpose::Revalidation),
        membership: None,
    };
    fetch.user_agent.tasks.clone().spawn(Box::pin(async move {
        let mut fetched = main_fetch(&mut revalidation, false).await;
        // The cache reads the body while it passes.
        if let Some(body) = fetched.as_mut().ok().and_then(|response| response.internal_mut().body.as_mut()) {
            while let Some(Ok(_)) = body.chunk().await {}
        }
    }));
}

/// Steps 14 to 16: the arguments of the fetch that the status asks for, once whoever is to be asked has answered.
async fn refetch_arguments(
    fetch: &mut FetchParams,
    need: AuthenticationNeed,
    response: &Response,
    is_authentication_fetch: bool,
) -> Result<Option<(bool, bool)>, NetworkError> {
    match need {
        AuthenticationNeed::AskUser | AuthenticationNeed::UseUrlCredentials => {
            // 14.2. The body once more.
            replay_body(&mut fetch.request);
            // 14.3. The user is asked; giving nothing keeps the 401.
            if need == AuthenticationNeed::AskUser {
                fetch.check_canceled()?;
                let Some((username, password)) = ask(fetch, response, "WWW-Authenticate", false).await?
                else {
                    return Ok(None);
                };
                let url = fetch.request.current_url().with_credentials(&username, &password);
                fetch.request.set_current_url(url);
            }
            // 14.4.
            Ok(Some((true, false)))
        }
        AuthenticationNeed::AskUserForProxy => {
            // 15.3, 15.4. SKIPS: proxy-authentication entries are the transport's settings, which a prompt cannot change.
            Ok(None)
        }
        AuthenticationNeed::NewConnection => {
            // 16.1, 16.2.
            fetch.check_canceled()?;
            replay_body(&mut fetch.request);
            Ok(Some((is_authentication_fetch, true)))
        }
        _ => Ok(None),
    }
}

fn replay_body(request: &mut Request) {
    if let Some(body) = &request.body {
        request.body = safely_extract_source(&body.source);
    }
}

async fn ask(
    fetch: &FetchParams,
    response: &Response,
    challenge: &str,
    proxy: bool,
) -> Result<Option<(String, String)>, NetworkError> {
    let Some(prompt) = fetch.user_agent.prompt.clone() else { return Ok(None) };
    let challenge = response.internal().header_list.get(challenge).unwrap_or_default().into_owned();
    let url = fetch.request.current_url().clone();
    let asked = prompt.credentials(CredentialsPrompt { url: &url, challenge: &challenge, proxy });
    fetch.unless_canceled(asked).await
}
