//! What preflights cost: which requests have one, how long each browser remembers it, and what would spare it.

use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::origins::Origin;
use sofetch_core::infrastructure::requests::{Mode, Request};
use sofetch_core::infrastructure::url::Url;
use sofetch_core::rules::cors_preflight::{PreflightNeed, preflight_need};

use super::case::Case;
use super::matrix::granted_max_age;
use super::plan::headers_named;
use crate::browsers::MAX_AGE_LIMITS;
use crate::safe_text::escaped;
use crate::words::preflight_reasons;

/// What preflights cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Economy {
    /// Each kind of request that was asked about.
    pub requests: Vec<Cost>,
    /// What Access-Control-Max-Age says, where a preflight was granted; safe to print.
    pub max_age_said: Option<String>,
    /// For how many seconds each browser remembers a preflight that was granted; none where none was.
    pub remembered: Vec<(&'static str, u64)>,
    /// What would spare preflights, a sentence each.
    pub advice: Vec<&'static str>,
}

/// What one kind of request costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// `PUT`, or `GET with authorization`; safe to print.
    pub request: String,
    /// Why it has a preflight, a clause each; none if it has none.
    pub reasons: Vec<String>,
    /// What would spare it, if anything would.
    pub instead: Option<&'static str>,
}

pub(crate) fn economy(case: &Case<'_>) -> Economy {
    let question = case.question;
    let mut requests = vec![cost(&question.url, Method::GET, None)];
    for method in question.methods_asked() {
        if method != Method::GET && !method.is_forbidden() {
            requests.push(cost(&question.url, method, None));
        }
    }
    for name in question.header_names_asked() {
        requests.push(cost(&question.url, Method::GET, Some(name)));
    }
    let granted = granted_max_age(case);
    let remembered = match granted {
        Some((seconds, _)) => MAX_AGE_LIMITS.map(|(browser, cap)| (browser, seconds.min(cap))).to_vec(),
        None => Vec::new(),
    };
    let mut advice = Vec::new();
    if requests.iter().any(|cost| !cost.reasons.is_empty()) {
        if remembered.iter().any(|(browser, seconds)| *browser == "Chromium" && *seconds < 7200) {
            advice.push("`Access-Control-Max-Age: 7200` is as long as Chromium remembers (Firefox: 86400, WebKit: 600; without it, 5).");
        }
        if question.url.query().is_some() {
            advice.push("Preflights are remembered for each URL, query included: what changes with each request is better in the body.");
        }
        advice.push(
            "Served from the page's own origin, for instance by a reverse proxy, no request has a preflight.",
        );
    }
    Economy { requests, max_age_said: granted.and_then(|(_, said)| said), remembered, advice }
}

fn cost(url: &Url, method: Method, header_name: Option<String>) -> Cost {
    let shown = escaped(method.as_str()).into_owned();
    let what = match &header_name {
        Some(name) => format!("{shown} with {}", escaped(name)),
        None => shown,
    };
    let mut request = Request::new(url.clone());
    request.origin = Some(Origin::new_opaque());
    request.mode = Mode::Cors;
    request.unsafe_request = true;
    request.header_list = headers_named(header_name.as_slice());
    request.method = method;
    let PreflightNeed::Needed { flag_set, unsafe_method, unsafe_names } = preflight_need(&request) else {
        return Cost { request: what, reasons: Vec::new(), instead: None };
    };
    let instead = match header_name.as_deref() {
        None => Some("POST, with a Content-Type that is safelisted"),
        Some("content-type") => Some(
            "text/plain or a form's type, if the server checks Origin: forms of every page send them too",
        ),
        Some("authorization") => None,
        Some("range") => Some("a range with a start, such as bytes=0-499"),
        Some(_) => Some("leave the header out, or put it into the query or the body"),
    };
    let reasons = preflight_reasons(flag_set, unsafe_method.as_deref(), &unsafe_names);
    Cost { request: what, reasons, instead }
}
