//! [Responses](https://fetch.spec.whatwg.org/#responses): what fetch answers with, and the four views that filter it.
//!
//! A filtered response wraps its internal response and copies nothing; which headers a view shows is judged in
//! `rules/response_filtering.rs`. A network error is not a response here but the `Err` of `Fetched`.

use bytes::Bytes;

use crate::infrastructure::bodies::Body;
use crate::infrastructure::header_list::HeaderList;
use crate::infrastructure::header_values::{HeaderListValues, extract_header_list_values};
use crate::infrastructure::requests::RedirectTaint;
use crate::infrastructure::statuses::{Status, is_redirect_status};
use crate::infrastructure::timing::{ResponseBodyInfo, ServiceWorkerTimingInfo};
use crate::infrastructure::url::Url;
use crate::infrastructure::web_sockets::Upgraded;

/// <https://fetch.spec.whatwg.org/#concept-response-type>; `error` never stands in a [`Response`] that a fetch returned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponseType {
    /// Same-origin, seen through a basic filtered response.
    Basic,
    /// Cross-origin and allowed, seen through a CORS filtered response.
    Cors,
    /// Made by a constructor, or not filtered (yet).
    #[default]
    Default,
    /// A network error, made by `Response.error()`.
    Error,
    /// Cross-origin under "no-cors".
    Opaque,
    /// A redirect under "manual".
    OpaqueRedirect,
}

impl ResponseType {
    /// As the API says it.
    pub fn as_str(self) -> &'static str {
        match self {
            ResponseType::Basic => "basic",
            ResponseType::Cors => "cors",
            ResponseType::Default => "default",
            ResponseType::Error => "error",
            ResponseType::Opaque => "opaque",
            ResponseType::OpaqueRedirect => "opaqueredirect",
        }
    }
}

/// <https://fetch.spec.whatwg.org/#concept-response-cache-state>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CacheState {
    /// The empty string.
    #[default]
    Empty,
    /// Answered by the cache alone.
    Local,
    /// Answered by the cache after the server said 304.
    Validated,
}

/// <https://fetch.spec.whatwg.org/#concept-filtered-response>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// <https://fetch.spec.whatwg.org/#concept-filtered-response-basic>
    Basic,
    /// <https://fetch.spec.whatwg.org/#concept-filtered-response-cors>
    Cors,
    /// <https://fetch.spec.whatwg.org/#concept-filtered-response-opaque>
    Opaque,
    /// <https://fetch.spec.whatwg.org/#concept-filtered-response-opaque-redirect>
    OpaqueRedirect,
}

/// <https://fetch.spec.whatwg.org/#concept-response>: an internal response, perhaps behind a filter.
#[derive(Debug, Default)]
pub struct Response {
    filter: Option<Filter>,
    internal: Box<InternalResponse>,
}

/// A response that is neither a network error nor filtered.
#[derive(Debug)]
pub struct InternalResponse {
    /// `Default` or `Error`, or what a service worker made of it.
    pub response_type: ResponseType,
    /// <https://fetch.spec.whatwg.org/#concept-response-aborted>
    pub aborted: bool,
    /// <https://fetch.spec.whatwg.org/#concept-response-url-list>
    pub url_list: Vec<Url>,
    /// <https://fetch.spec.whatwg.org/#concept-response-status>
    pub status: Status,
    /// <https://fetch.spec.whatwg.org/#concept-response-status-message>
    pub status_message: Bytes,
    /// <https://fetch.spec.whatwg.org/#concept-response-header-list>
    pub header_list: HeaderList,
    /// <https://fetch.spec.whatwg.org/#concept-response-body>
    pub body: Option<Body>,
    /// <https://fetch.spec.whatwg.org/#concept-response-cache-state>
    pub cache_state: CacheState,
    /// <https://fetch.spec.whatwg.org/#concept-response-cors-exposed-header-name-list>
    pub cors_exposed_header_name_list: Vec<Vec<u8>>,
    /// <https://fetch.spec.whatwg.org/#concept-response-range-requested-flag>
    pub range_requested: bool,
    /// <https://fetch.spec.whatwg.org/#response-request-includes-credentials>
    pub request_includes_credentials: bool,
    /// <https://fetch.spec.whatwg.org/#concept-response-timing-allow-passed>
    pub timing_allow_passed: bool,
    /// <https://fetch.spec.whatwg.org/#response-navigation-timing-allow-values-list>
    pub navigation_timing_allow_values_list: Vec<Vec<String>>,
    /// <https://fetch.spec.whatwg.org/#concept-response-body-info>; sizes grow while the body is read.
    pub body_info: std::sync::Arc<std::sync::Mutex<ResponseBodyInfo>>,
    /// <https://fetch.spec.whatwg.org/#response-service-worker-timing-info>
    pub service_worker_timing_info: Option<ServiceWorkerTimingInfo>,
    /// <https://fetch.spec.whatwg.org/#response-redirect-taint>
    pub redirect_taint: RedirectTaint,
    /// The connection, where the server switched protocols on it as it was asked to.
    pub upgraded: Option<Upgraded>,
}

impl Default for InternalResponse {
    fn default() -> Self {
        InternalResponse {
            response_type: ResponseType::Default,
            aborted: false,
            url_list: Vec::new(),
            status: 200,
            status_message: Bytes::new(),
            header_list: HeaderList::new(),
            body: None,
            cache_state: CacheState::Empty,
            cors_exposed_header_name_list: Vec::new(),
            range_requested: false,
            request_includes_credentials: true,
            timing_allow_passed: false,
            navigation_timing_allow_values_list: Vec::new(),
            body_info: Default::default(),
            service_worker_timing_info: None,
            redirect_taint: RedirectTaint::SameOrigin,
            upgraded: None,
        }
    }
}

/// What [`InternalResponse::location_url`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocationUrl {
    /// Null: no redirect status, or no `Location`.
    Null,
    /// Failure: more than one `Location`, or one that does not parse.
    Failure {
        /// The value, isomorphic decoded.
        said: String,
    },
    /// A URL.
    Url(Url),
}

fn escaped(byte: u8) -> String {
    if byte.is_ascii() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}

impl InternalResponse {
    /// <https://fetch.spec.whatwg.org/#concept-response-url>
    pub fn url(&self) -> Option<&Url> {
        self.url_list.last()
    }

    /// <https://fetch.spec.whatwg.org/#concept-response-location-url>
    pub fn location_url(&self, request_fragment: Option<&str>) -> LocationUrl {
        // 1. Only a redirect status has one.
        if !is_redirect_status(self.status) {
            return LocationUrl::Null;
        }
        // 2. Extracting, not getting: `Location` is single-valued.
        let location = match extract_header_list_values("Location", &self.header_list) {
            HeaderListValues::Null => return LocationUrl::Null,
            HeaderListValues::Failure { said } => return LocationUrl::Failure { said },
            HeaderListValues::Values(values) => values.into_iter().next().unwrap_or_default(),
        };
        // 3. Parse it with the response's URL. NB: the text does not say what a string these bytes are; what is no UTF-8 goes
        // back to the server as it came, percent-encoded (https://github.com/whatwg/fetch/issues/883).
        let said = String::from_utf8(location).unwrap_or_else(|bytes| {
            let said: Vec<String> = bytes.into_bytes().iter().map(|&byte| escaped(byte)).collect();
            said.concat()
        });
        let Ok(url) = Url::parse(&said, self.url()) else { return LocationUrl::Failure { said } };
        // 4. A fragment is carried over unless the new URL has its own.
        LocationUrl::Url(match url.fragment() {
            None if request_fragment.is_some() => url.with_fragment(request_fragment),
            _ => url,
        })
    }

    fn clone_response(&mut self, tee_limit: Option<usize>) -> InternalResponse {
        InternalResponse {
            response_type: self.response_type,
            aborted: self.aborted,
            url_list: self.url_list.clone(),
            status: self.status,
            status_message: self.status_message.clone(),
            header_list: self.header_list.clone(),
            body: self.body.as_mut().map(|body| body.tee(tee_limit)),
            cache_state: self.cache_state,
            cors_exposed_header_name_list: self.cors_exposed_header_name_list.clone(),
            range_requested: self.range_requested,
            request_includes_credentials: self.request_includes_credentials,
            timing_allow_passed: self.timing_allow_passed,
            navigation_timing_allow_values_list: self.navigation_timing_allow_values_list.clone(),
            body_info: self.body_info.clone(),
            service_worker_timing_info: self.service_worker_timing_info.clone(),
            redirect_taint: self.redirect_taint,
            upgraded: None,
        }
    }
}

impl Response {
    /// An unfiltered response.
    pub fn new(internal: InternalResponse) -> Response {
        Response { filter: None, internal: Box::new(internal) }
    }

    /// The filtered response whose internal response is this one's.
    #[must_use]
    pub fn filtered(mut self, filter: Filter) -> Response {
        self.filter = Some(filter);
        self
    }

    /// Through which filter this response is seen.
    pub fn filter(&self) -> Option<Filter> {
        self.filter
    }

    /// The [internal response](https://fetch.spec.whatwg.org/#concept-internal-response) (or the response itself, unfiltered).
    pub fn internal(&self) -> &InternalResponse {
        &self.internal
    }

    /// As [`Response::internal`], to change.
    pub fn internal_mut(&mut self) -> &mut InternalResponse {
        &mut self.internal
    }

    /// The internal response itself.
    pub fn into_internal(self) -> InternalResponse {
        *self.internal
    }

    /// <https://fetch.spec.whatwg.org/#concept-response-type>
    pub fn response_type(&self) -> ResponseType {
        match self.filter {
            None => self.internal.response_type,
            Some(Filter::Basic) => ResponseType::Basic,
            Some(Filter::Cors) => ResponseType::Cors,
            Some(Filter::Opaque) => ResponseType::Opaque,
            Some(Filter::OpaqueRedirect) => ResponseType::OpaqueRedirect,
        }
    }

    /// Is nothing but the type (and, for a redirect, the URL list) shown?
    pub fn is_opaque(&self) -> bool {
        matches!(self.filter, Some(Filter::Opaque | Filter::OpaqueRedirect))
    }

    /// <https://fetch.spec.whatwg.org/#concept-response-url-list>, as seen.
    pub fn url_list(&self) -> &[Url] {
        if self.filter == Some(Filter::Opaque) { &[] } else { &self.internal.url_list }
    }

    /// <https://fetch.spec.whatwg.org/#concept-response-status>, as seen.
    pub fn status(&self) -> Status {
        if self.is_opaque() { 0 } else { self.internal.status }
    }

    /// <https://fetch.spec.whatwg.org/#concept-response-status-message>, as seen.
    pub fn status_message(&self) -> &[u8] {
        if self.is_opaque() { b"" } else { &self.internal.status_message }
    }

    /// <https://fetch.spec.whatwg.org/#concept-response-body>, as seen.
    pub fn body_mut(&mut self) -> Option<&mut Body> {
        if self.is_opaque() { None } else { self.internal.body.as_mut() }
    }

    /// <https://fetch.spec.whatwg.org/#concept-response-clone>
    pub fn clone_response(&mut self) -> Response {
        self.clone_with_tee_limit(None)
    }

    /// As [`Response::clone_response`], with the faster body waiting once the slower is `limit` bytes behind.
    pub fn clone_with_tee_limit(&mut self, limit: Option<usize>) -> Response {
        Response { filter: self.filter, internal: Box::new(self.internal.clone_response(limit)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_a_location_table() {
        for (name, said, expected) in [
            ("escaped", &b"/%E2%98%83%e2%98%83"[..], "https://a.test/%E2%98%83%e2%98%83"),
            ("UTF-8", b"/?\xE2\x98\x83", "https://a.test/?%E2%98%83"),
            ("no UTF-8", b"/\xFF?\xE2\x98\x83\xFF%", "https://a.test/%FF?%E2%98%83%FF%"),
            ("no UTF-8, in a host", b"//\xFF.test/", "not a URL"),
            ("UTF-8, in a host", b"//\xC3\xBF.test/", "https://xn--wda.test/"),
        ] {
            let mut response = InternalResponse { status: 302, ..InternalResponse::default() };
            response.url_list.push(Url::parse("https://a.test/", None).unwrap());
            response.header_list.append("Location", said.to_vec());
            let found = match response.location_url(None) {
                LocationUrl::Url(url) => url.href().to_owned(),
                _ => "not a URL".to_owned(),
            };
            assert_eq!(found, expected, "{name}");
        }
    }
}
