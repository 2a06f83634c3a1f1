//! [Filtered responses](https://fetch.spec.whatwg.org/#concept-filtered-response): what a view shows of its internal response's headers.
//!
//! The one gate: whoever shows a response's headers to somebody asks [`shown_header_list`]; nobody else decides.

use std::borrow::Cow;

use crate::infrastructure::header_list::{Header, HeaderList};
use crate::infrastructure::header_values::{HeaderListValues, extract_header_list_values};
use crate::infrastructure::requests::{CredentialsMode, ResponseTainting};
use crate::infrastructure::responses::{Filter, InternalResponse, Response};
use crate::rules::verdict::{Verdict, said};

/// Which filter a response gets by its request's response tainting (step 14.2 of
/// [main fetch](https://fetch.spec.whatwg.org/#concept-main-fetch)).
pub fn filter_for(tainting: ResponseTainting) -> Filter {
    match tainting {
        ResponseTainting::Basic => Filter::Basic,
        ResponseTainting::Cors => Filter::Cors,
        ResponseTainting::Opaque => Filter::Opaque,
    }
}

/// The verdict of [`set_cors_exposed_header_name_list`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CorsExposedHeaderNames {
    /// No `Access-Control-Expose-Headers`: only the safelisted names are shown.
    Unsaid,
    /// It is no list of names: as if unsaid.
    Unparsable {
        /// What it said.
        said: String,
    },
    /// `*`, and no credentials: every name.
    Everything,
    /// These names.
    Listed {
        /// Which.
        names: Vec<String>,
        /// Is `*` among them, a mere name because credentials were asked for?
        wildcard_refused: bool,
    },
}

impl Verdict for CorsExposedHeaderNames {
    const ANCHOR: &'static str =
        "https://fetch.spec.whatwg.org/#concept-response-cors-exposed-header-name-list";
    fn blocks(&self) -> bool {
        false
    }
}

/// Step 14.1 of [main fetch](https://fetch.spec.whatwg.org/#concept-main-fetch), for a response tainting of "cors".
pub fn set_cors_exposed_header_name_list(
    credentials_mode: CredentialsMode,
    response: &mut InternalResponse,
) -> CorsExposedHeaderNames {
    // 1. The names that the server exposes.
    let names = extract_header_list_values("Access-Control-Expose-Headers", &response.header_list);
    set_exposed(credentials_mode, names, response)
}

fn set_exposed(
    credentials_mode: CredentialsMode,
    names: HeaderListValues,
    response: &mut InternalResponse,
) -> CorsExposedHeaderNames {
    let names = match names {
        HeaderListValues::Null => return CorsExposedHeaderNames::Unsaid,
        HeaderListValues::Failure { said } => return CorsExposedHeaderNames::Unparsable { said },
        HeaderListValues::Values(names) => names,
    };
    // 2. `*` is every name that there is, where there are no credentials.
    let wildcard = names.iter().any(|name| name == b"*");
    if credentials_mode != CredentialsMode::Include && wildcard {
        response.cors_exposed_header_name_list =
            HeaderList::sorted_lowercase_set(response.header_list.iter().map(Header::name));
        return CorsExposedHeaderNames::Everything;
    }
    // 3. Otherwise the names themselves.
    let verdict = CorsExposedHeaderNames::Listed {
        names: names.iter().map(|name| said(name)).collect(),
        wildcard_refused: wildcard,
    };
    response.cors_exposed_header_name_list = names;
    verdict
}

/// The [header list](https://fetch.spec.whatwg.org/#concept-response-header-list) of a response as seen through its filter;
/// borrowed where the filter hides nothing.
pub fn shown_header_list(response: &Response) -> Cow<'_, HeaderList> {
    let all = &response.internal().header_list;
    match response.filter() {
        None => Cow::Borrowed(all),
        Some(Filter::Basic) => keep(all, |header| !header.known().is_forbidden_response_header_name()),
        Some(Filter::Cors) => {
            let exposed = Exposed::of(&response.internal().cors_exposed_header_name_list);
            keep(all, |header| exposed.judge(header).is_shown())
        }
        Some(Filter::Opaque | Filter::OpaqueRedirect) => Cow::Owned(HeaderList::new()),
    }
}

fn keep(all: &HeaderList, shows: impl Fn(&Header) -> bool) -> Cow<'_, HeaderList> {
    if all.iter().all(&shows) {
        return Cow::Borrowed(all);
    }
    let mut shown = all.clone();
    shown.retain(shows);
    Cow::Owned(shown)
}

/// Is a header shown through a response's filter, and why (not)? The verdict of [`why_hidden`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// The response has no such header.
    Absent,
    /// Shown: no filter.
    Unfiltered,
    /// Shown: the response is "basic".
    Basic,
    /// Shown: "cors", and the name is safelisted.
    Safelisted,
    /// Shown: "cors", and the server exposes the name.
    Exposed,
    /// Hidden: a forbidden response-header name, whatever the server exposes.
    ForbiddenResponseHeader,
    /// Hidden: "cors", and the server does not expose the name.
    NotExposed,
    /// Hidden: an opaque response shows nothing.
    Opaque,
    /// Hidden: an opaque redirect shows nothing.
    OpaqueRedirect,
}

impl Shown {
    /// Is it shown?
    pub fn is_shown(self) -> bool {
        matches!(self, Shown::Unfiltered | Shown::Basic | Shown::Safelisted | Shown::Exposed)
    }
}

impl Verdict for Shown {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-filtered-response";
    fn blocks(&self) -> bool {
        false
    }
}

/// Why [`shown_header_list`] shows or hides the headers of that name.
pub fn why_hidden(response: &Response, name: &str) -> Shown {
    let Some(header) = response.internal().header_list.first(name) else { return Shown::Absent };
    match response.filter() {
        None => Shown::Unfiltered,
        Some(Filter::Basic) if header.known().is_forbidden_response_header_name() => {
            Shown::ForbiddenResponseHeader
        }
        Some(Filter::Basic) => Shown::Basic,
        Some(Filter::Cors) => Exposed::of(&response.internal().cors_exposed_header_name_list).judge(header),
        Some(Filter::Opaque) => Shown::Opaque,
        Some(Filter::OpaqueRedirect) => Shown::OpaqueRedirect,
    }
}

/// The CORS-exposed header-name list, to be searched: a long one is sorted once, so that the whole stays linear.
enum Exposed<'a> {
    Few(&'a [Vec<u8>]),
    Many(Vec<Vec<u8>>),
}

impl Exposed<'_> {
    fn of(list: &[Vec<u8>]) -> Exposed<'_> {
        match list.len() {
            0..=16 => Exposed::Few(list),
            _ => Exposed::Many(HeaderList::sorted_lowercase_set(list.iter().map(Vec::as_slice))),
        }
    }

    /// <https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name>
    fn judge(&self, header: &Header) -> Shown {
        // Most headers are judged by the id of their name alone.
        let known = header.known();
        if known.is_cors_safelisted_response_header_name() {
            return Shown::Safelisted;
        }
        if known.is_forbidden_response_header_name() {
            return Shown::ForbiddenResponseHeader;
        }
        let name = header.name();
        let is_listed = match self {
            Exposed::Few(list) => list.iter().any(|exposed| exposed.eq_ignore_ascii_case(name)),
            Exposed::Many(list) => list.binary_search(&name.to_ascii_lowercase()).is_ok(),
        };
        if is_listed { Shown::Exposed } else { Shown::NotExposed }
    }
}

#[cfg(test)]
#[path = "response_filtering_tests.rs"]
mod tests;
