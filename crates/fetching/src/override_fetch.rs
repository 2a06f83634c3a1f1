//! [Override fetch](https://fetch.spec.whatwg.org/#concept-override-fetch): the door for mocks and inspectors, before anything else happens.

use sofetch_core::rulings::Fetched;
use sofetch_core::trace::Algorithm;

use crate::fetch_params::FetchParams;
use crate::http_fetch::http_fetch;
use crate::scheme_fetch::scheme_fetch;

/// Override fetch's first argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverrideType {
    /// "scheme-fetch"
    SchemeFetch,
    /// "http-fetch"
    HttpFetch,
}

/// <https://fetch.spec.whatwg.org/#concept-override-fetch>
pub async fn override_fetch(
    override_type: OverrideType,
    fetch: &mut FetchParams,
    make_cors_preflight: bool,
) -> Fetched {
    let _room = fetch.trace.enter(Algorithm::OverrideFetch);
    // 2, 3. Somebody may answer in everybody's stead.
    if let Some(response) = potentially_override_response(fetch).await? {
        return response;
    }
    // 4. Otherwise it goes its way.
    match override_type {
        OverrideType::SchemeFetch => scheme_fetch(fetch).await,
        OverrideType::HttpFetch => http_fetch(fetch, make_cors_preflight).await,
    }
}

/// <https://fetch.spec.whatwg.org/#potentially-override-response-for-a-request>
async fn potentially_override_response(
    fetch: &FetchParams,
) -> Result<Option<Fetched>, sofetch_core::rulings::NetworkError> {
    match fetch.user_agent.override_fetch.clone() {
        None => Ok(None),
        Some(port) => fetch.unless_canceled(port.potentially_override_response(&fetch.request)).await,
    }
}
