//! [CORS-preflight fetch](https://fetch.spec.whatwg.org/#cors-preflight-fetch-0): is one needed, what it asks, what its answer grants.
//!
//! The fetching itself is `cors_preflight_fetch.rs`'s; what a grant leaves behind is the cache's.

use std::collections::HashSet;

use bytes::Bytes;

use crate::infrastructure::header_list::HeaderList;
use crate::infrastructure::header_values::{HeaderListValues, extract_header_list_values};
use crate::infrastructure::methods::Method;
use crate::infrastructure::requests::{CredentialsMode, Mode, Request, ResponseTainting};
use crate::infrastructure::responses::InternalResponse;
use crate::infrastructure::statuses::{Status, is_ok_status};
use crate::rules::cors_check::{CorsCheck, cors_check};
use crate::rules::cors_preflight_cache::{EntryScope, Grant};
use crate::rules::cors_safelists::{UnsafeName, cors_unsafe_request_header_names};
use crate::rules::departures::Departures;
use crate::rules::verdict::{Verdict, said};

/// Seconds that a grant lasts when the server says nothing of it.
const DEFAULT_MAX_AGE: u64 = 5;

/// The verdict of [`preflight_need`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PreflightNeed {
    /// The mode is not "cors": nobody asks.
    NotCors,
    /// Method and headers are safelisted, and nothing demands a preflight.
    Simple,
    /// Something is unsafe, but the unsafe-request flag is unset: the caller vouches for it.
    Vouched,
    /// A preflight goes first, for every reason that is given here.
    Needed {
        /// Is the use-CORS-preflight flag set?
        flag_set: bool,
        /// The method, where it is not CORS-safelisted.
        unsafe_method: Option<String>,
        /// The CORS-unsafe request-header names, and why they are.
        unsafe_names: Vec<UnsafeName>,
    },
}

impl Verdict for PreflightNeed {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#cors-preflight-fetch";
    fn blocks(&self) -> bool {
        false
    }
}

/// Main fetch's question before its last fork: must permission be asked first?
pub fn preflight_need(request: &Request) -> PreflightNeed {
    if request.mode != Mode::Cors {
        return PreflightNeed::NotCors;
    }
    let unsafe_names = cors_unsafe_request_header_names(&request.header_list);
    let safelisted = request.method.is_cors_safelisted();
    let anything_unsafe = !safelisted || !unsafe_names.is_empty();
    // The flag alone is enough; otherwise the unsafe-request flag and something unsafe.
    if request.use_cors_preflight || (request.unsafe_request && anything_unsafe) {
        return PreflightNeed::Needed {
            flag_set: request.use_cors_preflight,
            unsafe_method: (!safelisted).then(|| request.method.as_str().to_owned()),
            unsafe_names,
        };
    }
    if anything_unsafe { PreflightNeed::Vouched } else { PreflightNeed::Simple }
}

/// The preflight itself: steps 1 to 5 of <https://fetch.spec.whatwg.org/#cors-preflight-fetch-0>.
pub fn preflight_request(request: &Request, unsafe_names: &[UnsafeName]) -> Request {
    // 1. OPTIONS to the same URL. NB: no credentials of the request's: it asks for the origin alone.
    let mut preflight = Request::new(request.current_url().clone()).with_url_list_of(request);
    // DEPARTS: with the request's client, and so in its network partition. The Standard's preflight has none: all pages
    // would share one connection for theirs, and each request would open a second. Chromium sends both over one.
    preflight.client = request.client.clone();
    preflight.method = Method::OPTIONS;
    preflight.initiator = request.initiator;
    preflight.destination = request.destination;
    preflight.origin = request.origin.clone();
    preflight.referrer = request.referrer.clone();
    preflight.referrer_policy = request.referrer_policy;
    preflight.mode = Mode::Cors;
    preflight.response_tainting = ResponseTainting::Cors;
    // 2. Any answer will do.
    let mut headers = HeaderList::with_capacity(8);
    headers.append("Accept", "*/*");
    // 3. The method, safelisted or not.
    headers.append("Access-Control-Request-Method", Bytes::from(request.method.as_str().to_owned()));
    // 4, 5. The names, sorted and in lower case as they come, by a bare comma: that is how it has always been sent.
    if !unsafe_names.is_empty() {
        let names: Vec<&str> = unsafe_names.iter().map(|unsafe_name| &*unsafe_name.name).collect();
        headers.append("Access-Control-Request-Headers", Bytes::from(names.join(",")));
    }
    preflight.header_list = headers;
    preflight
}

/// The verdict of [`preflight_answer`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PreflightAnswer {
    /// Step 7: the CORS check failed.
    CorsCheckFailed(CorsCheck),
    /// Step 7: the status is not an ok status; a redirect is none.
    NotOkStatus {
        /// Which.
        status: Status,
    },
    /// Step 7.3: `Access-Control-Allow-Methods` is not a list of methods.
    UnparsableMethods {
        /// What it said.
        said: String,
    },
    /// Step 7.3: `Access-Control-Allow-Headers` is not a list of names.
    UnparsableHeaders {
        /// What it said.
        said: String,
    },
    /// Step 7.5: the method is not listed.
    MethodNotAllowed {
        /// The request's.
        method: String,
        /// The methods that are.
        allowed: Vec<String>,
        /// Is `*` among them, refused because credentials were asked for?
        wildcard_refused: bool,
    },
    /// Step 7.6: a name that `*` never covers is not listed.
    NonWildcardHeaderNotListed {
        /// Which.
        name: String,
        /// The names that are.
        allowed: Vec<String>,
    },
    /// Step 7.7: an unsafe name is not listed.
    HeaderNotAllowed {
        /// The first such.
        name: String,
        /// The names that are.
        allowed: Vec<String>,
        /// Is `*` among them, refused because credentials were asked for?
        wildcard_refused: bool,
    },
    /// Steps 7.8 to 7.10: granted.
    Granted {
        /// For these methods, `*` among them.
        methods: Vec<String>,
        /// For these header names, `*` among them.
        header_names: Vec<String>,
        /// For so many seconds.
        max_age: u64,
        /// What `Access-Control-Max-Age` said, `None` for nothing.
        max_age_said: Option<String>,
        /// Did `*` cover `Authorization`, which it does in browsers and not in the Standard?
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        covered_by_departure: bool,
    },
}

impl Verdict for PreflightAnswer {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#cors-preflight-fetch-0";
    fn blocks(&self) -> bool {
        !matches!(self, PreflightAnswer::Granted { .. })
    }
}

impl PreflightAnswer {
    /// What the cache shall remember of it (steps 7.12 to 7.15); `None` unless it was granted.
    pub fn grant(&self, request: &Request) -> Option<Grant> {
        let PreflightAnswer::Granted { methods, header_names, max_age, .. } = self else { return None };
        Some(Grant {
            scope: EntryScope::of(request),
            credentials: request.credentials_mode == CredentialsMode::Include,
            max_age: *max_age,
            methods: methods.clone(),
            header_names: header_names.clone(),
        })
    }
}

/// Step 7 of <https://fetch.spec.whatwg.org/#cors-preflight-fetch-0>: what did the answer to `request`'s preflight grant?
///
/// `unsafe_names` are the CORS-unsafe request-header names with the request's header list; no grant lasts longer than
/// `imposed_limit` seconds.
pub fn preflight_answer(
    request: &Request,
    unsafe_names: &[UnsafeName],
    response: &InternalResponse,
    imposed_limit: u64,
    departures: Departures,
) -> PreflightAnswer {
    let headers = &response.header_list;
    let said = Said {
        methods: extract_header_list_values("Access-Control-Allow-Methods", headers),
        header_names: extract_header_list_values("Access-Control-Allow-Headers", headers),
        max_age: extract_header_list_values("Access-Control-Max-Age", headers),
    };
    judge(request, unsafe_names, response, said, imposed_limit, departures)
}

/// What the three headers of an answer say, extracted.
struct Said {
    methods: HeaderListValues,
    header_names: HeaderListValues,
    max_age: HeaderListValues,
}

fn judge(
    request: &Request,
    unsafe_names: &[UnsafeName],
    response: &InternalResponse,
    answer: Said,
    imposed_limit: u64,
    departures: Departures,
) -> PreflightAnswer {
    // 7. The check is on the request, not on its preflight: its credentials mode counts.
    let check = cors_check(request, response);
    if check.blocks() {
        return PreflightAnswer::CorsCheckFailed(check);
    }
    if !is_ok_status(response.status) {
        return PreflightAnswer::NotOkStatus { status: response.status };
    }
    // 7.1-7.3. Both lists must be lists.
    let methods = match answer.methods {
        HeaderListValues::Failure { said } => return PreflightAnswer::UnparsableMethods { said },
        HeaderListValues::Values(methods) => Some(strings(&methods)),
        HeaderListValues::Null => None,
    };
    let header_names = match answer.header_names {
        HeaderListValues::Failure { said } => return PreflightAnswer::UnparsableHeaders { said },
        HeaderListValues::Values(names) => strings(&names),
        HeaderListValues::Null => Vec::new(),
    };
    // 7.4. So that a preflight that only the flag demanded is remembered.
    let methods = methods.unwrap_or_else(|| match request.use_cors_preflight {
        true => vec![request.method.as_str().to_owned()],
        false => Vec::new(),
    });
    let credentials = request.credentials_mode == CredentialsMode::Include;
    // 7.5. A method is compared with its case; the safelisted need no word.
    let method = request.method.as_str();
    let wildcard = methods.iter().any(|said| said == "*");
    if !methods.iter().any(|said| said == method)
        && !request.method.is_cors_safelisted()
        && (credentials || !wildcard)
    {
        return PreflightAnswer::MethodNotAllowed {
            method: method.to_owned(),
            allowed: methods,
            wildcard_refused: wildcard,
        };
    }
    let listed: HashSet<String> = header_names.iter().map(|name| name.to_ascii_lowercase()).collect();
    // 7.6. `*` never covers these names, with credentials or without.
    let non_wildcard = request.header_list.iter().filter_map(|header| {
        let known = header.known();
        known.as_str().filter(|_| known.is_cors_non_wildcard_request_header_name())
    });
    let mut covered_by_departure = false;
    for name in non_wildcard {
        if !listed.contains(name) {
            // DEPARTS: where it was asked to, as browsers do.
            if departures.wildcard_covers_authorization && !credentials && listed.contains("*") {
                covered_by_departure = true;
                continue;
            }
            let name = name.to_owned();
            return PreflightAnswer::NonWildcardHeaderNotListed { name, allowed: header_names };
        }
    }
    // 7.7. Every unsafe name is listed, or `*` covers it where there are no credentials.
    let wildcard = listed.contains("*");
    let refused = |name: &&UnsafeName| !listed.contains(&name.name) && (credentials || !wildcard);
    if let Some(UnsafeName { name, .. }) = unsafe_names.iter().find(refused) {
        let name = name.clone();
        return PreflightAnswer::HeaderNotAllowed { name, allowed: header_names, wildcard_refused: wildcard };
    }
    // 7.8, 7.9. What is no number of seconds counts as unsaid.
    let max_age_said = match answer.max_age {
        HeaderListValues::Null => None,
        HeaderListValues::Failure { said } => Some(said),
        HeaderListValues::Values(values) => values.first().map(|value| said(value)),
    };
    let max_age = max_age_said.as_deref().and_then(delta_seconds).unwrap_or(DEFAULT_MAX_AGE);
    // 7.10. Not longer than we let anybody.
    let max_age = max_age.min(imposed_limit);
    // 7.11-7.15 are the caller's: the cache takes the grant.
    PreflightAnswer::Granted { methods, header_names, max_age, max_age_said, covered_by_departure }
}

fn strings(values: &[Vec<u8>]) -> Vec<String> {
    values.iter().map(|value| said(value)).collect()
}

/// [delta-seconds](https://www.rfc-editor.org/rfc/rfc9111#section-1.2.2); what does not fit is the greatest number.
fn delta_seconds(said: &str) -> Option<u64> {
    if said.is_empty() || !said.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(said.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
#[path = "cors_preflight_tests.rs"]
mod tests;
