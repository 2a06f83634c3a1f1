//! [HTTP-network-or-cache fetch](https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch): dress the request, look into the cache, go to the network; then 401, 407 and 421.
//!
//! Longer than most files because the algorithm is the Standard's longest; its parts stand in its own order.

use bytes::Bytes;
use sofetch_core::infrastructure::bodies::{Body, BodySource};
use sofetch_core::infrastructure::body_extraction::safely_extract_source;
use sofetch_core::infrastructure::clients::NetworkPartitionKey;
use sofetch_core::infrastructure::requests::{CacheMode, Mode, Request, ServiceWorkersMode};
use sofetch_core::infrastructure::responses::{CacheState, Response};
use sofetch_core::infrastructure::url::Url;
use sofetch_core::ports::{BoxFuture, CredentialsPrompt, Freshness, HttpCache, StoredResponse};
use sofetch_core::rules::authentication::{AuthenticationNeed, authentication_need, may_answer_challenge};
use sofetch_core::rules::network_gate::network_after_cache;
use sofetch_core::rules::{fetch_metadata, origin_header, request_headers};
use sofetch_core::rulings::{Fetched, NetworkError};
use sofetch_core::trace::{Algorithm, Purpose};

use crate::fetch_params::{Callbacks, FetchController, FetchParams};
use crate::http_network_fetch::http_network_fetch;
use crate::main_fetch::main_fetch;

/// <https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch>
///
/// Called by itself it is boxed; the first time it is not.
pub(crate) async fn http_network_or_cache_fetch(
    fetch: &mut FetchParams,
    is_authentication_fetch: bool,
    is_new_connection_fetch: bool,
) -> Fetched {
    let _room = fetch.trace.enter(Algorithm::HttpNetworkOrCacheFetch);
    // 8.1, 8.2. The request that is dressed and sent; the fetch's own stays as it was, for it may be sent again.
    // NB: also where 8.1 would spare the clone. A 421 comes back here even then, and must not find it dressed.
    let mut http_request = clone_for_the_wire(&mut fetch.request);
    // 8.3 to 8.22.
    let include_credentials = dress(fetch, &mut http_request, is_authentication_fetch).await?;
    // SKIPS 8.23, 10: WebDriver BiDi's steps; the trace tells what was sent and what came.
    // 8.24 to 8.26, 9, 11. The cache and the network.
    let mut response =
        cache_or_network(fetch, &mut http_request, include_credentials, is_new_connection_fetch).await?;
    // 12 to 14. What the response knows of its request.
    let internal = response.internal_mut();
    internal.url_list = http_request.url_list().to_vec();
    internal.range_requested |= http_request.header_list.contains("Range");
    internal.request_includes_credentials = include_credentials;
    let status = internal.status;
    drop(http_request);
    // 15 to 17. Some answers ask for another fetch.
    let mut need = authentication_need(
        &fetch.request,
        status,
        include_credentials,
        is_authentication_fetch,
        is_new_connection_fetch,
    );
    // DEPARTS: the Standard's credentials are those of a URL, which no scheme but Basic can use. An entry whose value follows
    // from the challenge (Digest, RFC 7616) answers before anybody is asked.
    if may_answer_challenge(&fetch.request, status, need)
        && let Some(entries) = fetch.user_agent.authentication_entries.clone()
        && fetch
            .unless_canceled(entries.answers_challenge(&fetch.request, &response, is_authentication_fetch))
            .await?
    {
        need = AuthenticationNeed::AnswerChallenge;
    }
    let need = fetch.judge(need)?;
    match refetch(fetch, need, &response).await? {
        // 18, 19.
        None => remember_credentials(fetch, response, is_authentication_fetch).await,
        Some(Refetch::WithCredentials { unauthenticated }) => {
            drop(response);
            // 15.4. NB: the rest of these steps was run there, on its response.
            let fetched = anew(fetch, true, false).await;
            hide_typed_credentials(fetch, fetched, unauthenticated)
        }
        Some(Refetch::OverNewConnection) => {
            drop(response);
            // 17.2. NB: as above.
            anew(fetch, is_authentication_fetch, true).await
        }
    }
}

/// Itself once more, for a 401 or a 421.
fn anew(
    fetch: &mut FetchParams,
    is_authentication_fetch: bool,
    is_new_connection_fetch: bool,
) -> BoxFuture<'_, Fetched> {
    Box::pin(http_network_or_cache_fetch(fetch, is_authentication_fetch, is_new_connection_fetch))
}

/// Step 8.2.1. NB: a body without a source cannot be sent twice, so it is handed on rather than teed; what stays behind
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
    // DEPARTS: not what was deferred, which had a larger one when it was let in: the text accepts what it then drops.
    if http_request.keepalive
        && fetch.deferred_by.is_none()
        && let Some(group) = fetch.user_agent.fetch_group(http_request)
    {
        let inflight = group.inflight_keepalive_bytes(&fetch.controller);
        fetch.judge(request_headers::keepalive_quota(http_request, inflight))?;
    }
    // 8.11. Referer.
    if let Some(value) = request_headers::referer(http_request) {
        fetch.append_header(http_request, "Referer", value);
    }
    // DEPARTS: on the user's own behalf there is no origin to tell, and nobody who initiated.
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
    let settings = &fetch.user_agent.settings;
    let default = settings.user_agent.clone().unwrap_or_default();
    if let Some(value) = request_headers::user_agent(http_request, &default) {
        fetch.append_header(http_request, "User-Agent", value);
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
        match (value, http_request.header_list.get("Cookie")) {
            (None, _) => {}
            (Some(value), None) => fetch.append_header(http_request, "Cookie", value),
            // NB: no page can have set one. What a user set by hand goes first, and all in one header (RFC 6265, 5.4).
            (Some(value), Some(own)) => {
                let joined = [&own[..], b"; ", &value[..]].concat();
                fetch.set_header(http_request, "Cookie", joined);
            }
        }
    }
    // 8.21.2. An authentication entry, or the URL's own credentials.
    if http_request.header_list.contains("Authorization") {
        return Ok(());
    }
    let url_has_credentials = http_request.current_url().includes_credentials();
    // 8.21.2.3. DEPARTS: before 8.21.2.2. An entry that was there has just been refused, and must not stand before what
    // the user typed since; and on the user's own behalf credentials in a URL are sent at once, as curl sends them.
    // So are those of a WebSocket's URL, which the text leaves unused where nobody can be asked (web-platform-tests,
    // websockets/basic-auth.any.js).
    let at_once = http_request.owner || http_request.mode == Mode::WebSocket;
    let mut value = None;
    if url_has_credentials && (is_authentication_fetch || at_once) {
        value = Some(request_headers::basic_authorization(http_request.current_url()));
    // 8.21.2.2.
    } else if (!http_request.use_url_credentials || !url_has_credentials)
        && let Some(entries) = fetch.user_agent.authentication_entries.clone()
    {
        value = fetch.unless_canceled(entries.entry(http_request)).await?;
    }
    // 8.21.2.4.
    if let Some(value) = value {
        fetch.append_header(http_request, "Authorization", value);
    }
    Ok(())
}

/// Steps 8.24 to 11: the cache, then the network.
async fn cache_or_network(
    fetch: &mut FetchParams,
    http_request: &mut Request,
    include_credentials: bool,
    is_new_connection_fetch: bool,
) -> Fetched {
    // 8.24, 8.25. Without a partition there is no cache. NB: without a cache the partition matters to "only-if-cached"
    // alone, and naming it is not free.
    let cache = fetch.user_agent.http_cache.clone();
    let mut partition = None;
    if cache.is_some() || http_request.cache_mode == CacheMode::OnlyIfCached {
        partition = http_cache_partition(fetch, http_request);
        if partition.is_none() {
            http_request.cache_mode = CacheMode::NoStore;
        }
    }
    let Some((partition, cache)) = partition.zip(cache) else {
        // 11.1, 11.2.
        fetch.judge(network_after_cache(http_request))?;
        return http_network_fetch(fetch, http_request, include_credentials, is_new_connection_fetch).await;
    };
    let mut stored = None;
    // 8.26. A stored response, if the cache mode wants one.
    if !matches!(http_request.cache_mode, CacheMode::NoStore | CacheMode::Reload) {
        // 8.26.1.
        let now = fetch.user_agent.clock.wall();
        let selected = fetch.unless_canceled(cache.select(&partition, http_request, now)).await?;
        // 8.26.2.
        if let Some(StoredResponse { response, freshness }) = selected {
            match use_of_stored(http_request, freshness) {
                // 8.26.2.2.3.
                UseOfStored::AsItIs => return Ok(from_cache(response, CacheState::Local)),
                // 8.26.2.1.
                UseOfStored::AndRevalidate => {
                    revalidate_in_parallel(fetch);
                    return Ok(from_cache(response, CacheState::Local));
                }
                // 8.26.2.2.1, 8.26.2.2.2.
                UseOfStored::Validate => {
                    append_validators(fetch, http_request, &response);
                    stored = Some(response);
                }
            }
        }
    }
    // 11.1, 11.2. The network.
    fetch.judge(network_after_cache(http_request))?;
    let mut forward =
        http_network_fetch(fetch, http_request, include_credentials, is_new_connection_fetch).await?;
    let validated = settle(fetch, &*cache, &partition, http_request, &mut forward, stored).await?;
    Ok(validated.unwrap_or(forward))
}

// DEPARTS: on the user's own behalf there is no client whose page stands at the top, and yet a cache, apart from all
// pages' caches.
fn http_cache_partition(fetch: &FetchParams, http_request: &Request) -> Option<NetworkPartitionKey> {
    let own = || http_request.owner.then(|| fetch.user_agent.own_partition.clone());
    http_request.http_cache_partition().or_else(own)
}

enum UseOfStored {
    AsItIs,
    AndRevalidate,
    Validate,
}

/// The conditions of step 8.26.2.
fn use_of_stored(http_request: &Request, freshness: Freshness) -> UseOfStored {
    let somebodys = http_request.client.is_some() || http_request.owner;
    match (http_request.cache_mode, freshness) {
        (CacheMode::Default, Freshness::StaleWhileRevalidate) if somebodys => UseOfStored::AndRevalidate,
        (CacheMode::ForceCache | CacheMode::OnlyIfCached, _) => UseOfStored::AsItIs,
        // NB: the text leaves it to HTTP caching that "no-cache" (`max-age=0` in the request) makes what is fresh stale.
        (CacheMode::NoCache, _) | (_, Freshness::Stale) => UseOfStored::Validate,
        _ => UseOfStored::AsItIs,
    }
}

/// Steps 11.3 to 11.5: invalidate, freshen or store. `Some` is the stored response, validated.
async fn settle(
    fetch: &FetchParams,
    cache: &dyn HttpCache,
    partition: &NetworkPartitionKey,
    http_request: &Request,
    forward: &mut Response,
    mut stored: Option<Response>,
) -> Result<Option<Response>, NetworkError> {
    let status = forward.internal().status;
    // 11.3. An unsafe method that went well makes stored responses invalid.
    if http_request.method.is_unsafe() && (200..=399).contains(&status) {
        fetch.unless_canceled(cache.invalidate(partition, http_request, forward)).await?;
        stored = None;
    }
    let now = fetch.user_agent.clock.wall();
    // 11.4. Validated: the stored response, with the new headers.
    if let (304, Some(stored)) = (status, stored) {
        let fresh =
            fetch.unless_canceled(cache.freshen(partition, http_request, stored, forward, now)).await?;
        return Ok(Some(from_cache(fresh, CacheState::Validated)));
    }
    // 11.5.2. Stored, if the rules of caching allow. NB: network errors are not.
    if http_request.cache_mode != CacheMode::NoStore {
        fetch.unless_canceled(cache.store(partition, http_request, forward, now)).await?;
    }
    Ok(None)
}

fn from_cache(mut response: Response, state: CacheState) -> Response {
    response.internal_mut().cache_state = state;
    response
}

/// Steps 8.26.2.2.2.1 and 8.26.2.2.2.2: the stored response's validators.
fn append_validators(fetch: &FetchParams, http_request: &mut Request, stored: &Response) {
    let list = &stored.internal().header_list;
    for (validator, condition) in [("ETag", "If-None-Match"), ("Last-Modified", "If-Modified-Since")] {
        if let Some(value) = list.get(validator) {
            fetch.append_header(http_request, condition, Bytes::copy_from_slice(&value));
        }
    }
}

/// Steps 8.26.2.1.3 to 8.26.2.1.7: a main fetch of its own, only to update the cache.
fn revalidate_in_parallel(fetch: &mut FetchParams) {
    let mut request = fetch.request.clone_request();
    request.cache_mode = CacheMode::NoCache;
    request.prevent_no_cache_cache_control_header_modification = true;
    request.service_workers_mode = ServiceWorkersMode::None;
    let mut revalidation = FetchParams::new(
        fetch.user_agent.clone(),
        Box::new(request),
        Callbacks::default(),
        FetchController::new(),
        fetch.trace.child(Purpose::Revalidation),
    );
    // It is issued in the client's context: if the client goes, so does it.
    revalidation.join_fetch_group();
    fetch.user_agent.tasks.clone().spawn(Box::pin(async move {
        let mut fetched = main_fetch(&mut revalidation, false).await;
        // The cache reads the body while it passes.
        if let Some(body) = fetched.as_mut().ok().and_then(|response| response.internal_mut().body.as_mut()) {
            while let Some(Ok(_)) = body.chunk().await {}
        }
    }));
}

/// How steps 15 and 17 fetch again.
enum Refetch {
    /// Step 15.4. With what the user typed in the URL, which is given as it was before; `None` where the URL had them, or an
    /// entry has.
    WithCredentials { unauthenticated: Option<Url> },
    /// Step 17.2.
    OverNewConnection,
}

/// Steps 15 to 17, but for the fetch itself; `None` where the response stands.
async fn refetch(
    fetch: &mut FetchParams,
    need: AuthenticationNeed,
    response: &Response,
) -> Result<Option<Refetch>, NetworkError> {
    match need {
        AuthenticationNeed::UseUrlCredentials | AuthenticationNeed::AnswerChallenge => {
            // 15.2.
            replay_body(&mut fetch.request);
            Ok(Some(Refetch::WithCredentials { unauthenticated: None }))
        }
        AuthenticationNeed::AskUser => {
            // 15.3.1.
            fetch.check_canceled()?;
            // 15.3.2. Whoever gives nothing keeps the 401.
            let Some((username, password)) = ask_the_user(fetch, response).await? else { return Ok(None) };
            // 15.2.
            replay_body(&mut fetch.request);
            // 15.3.3, 15.3.4.
            let unauthenticated = fetch.request.current_url().clone();
            fetch.request.set_current_url(unauthenticated.with_credentials(&username, &password));
            Ok(Some(Refetch::WithCredentials { unauthenticated: Some(unauthenticated) }))
        }
        // SKIPS 16.4: proxy-authentication entries are settings of the transport, which a prompt cannot change; an agent
        // whose proxies ask anew would need it.
        AuthenticationNeed::AskUserForProxy => Ok(None),
        AuthenticationNeed::NewConnection => {
            // 17.1.
            fetch.check_canceled()?;
            replay_body(&mut fetch.request);
            Ok(Some(Refetch::OverNewConnection))
        }
        _ => Ok(None),
    }
}

fn replay_body(request: &mut Request) {
    if let Some(body) = &request.body {
        request.body = safely_extract_source(&body.source);
    }
}

async fn ask_the_user(
    fetch: &FetchParams,
    response: &Response,
) -> Result<Option<(String, String)>, NetworkError> {
    let Some(prompt) = fetch.user_agent.prompt.clone() else { return Ok(None) };
    let challenge = response.internal().header_list.get("WWW-Authenticate").unwrap_or_default();
    let url = fetch.request.current_url();
    fetch
        .unless_canceled(prompt.credentials(CredentialsPrompt { url, challenge: &challenge, proxy: false }))
        .await
}

// DEPARTS: in the text what the user typed stays in the URL, and so would be shown to the page as the response's URL and
// be inherited by a relative redirect. The authentication entry knows it from now on.
fn hide_typed_credentials(
    fetch: &mut FetchParams,
    fetched: Fetched,
    unauthenticated: Option<Url>,
) -> Fetched {
    let Some(url) = unauthenticated else { return fetched };
    fetch.request.set_current_url(url.clone());
    let mut response = fetched?;
    if let Some(last) = response.internal_mut().url_list.last_mut() {
        *last = url;
    }
    Ok(response)
}

/// Step 18: what the user typed is remembered for the realm.
async fn remember_credentials(
    fetch: &FetchParams,
    response: Response,
    is_authentication_fetch: bool,
) -> Fetched {
    if is_authentication_fetch && let Some(entries) = &fetch.user_agent.authentication_entries {
        fetch.unless_canceled(entries.create(&fetch.request, &response)).await?;
    }
    Ok(response)
}
