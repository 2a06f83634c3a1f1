//! [TAO check](https://fetch.spec.whatwg.org/#concept-tao-check): may this origin see the timing of this response?
//!
//! A failing check never blocks: it sets the request's timing allow failed flag, which stays over redirects.

use crate::infrastructure::header_values::get_decode_and_split;
use crate::infrastructure::origins::Origin;
use crate::infrastructure::requests::{Mode, Request, ResponseTainting};
use crate::infrastructure::responses::InternalResponse;
use crate::rules::verdict::Verdict;

/// The verdict of [`tao_check`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaoCheck {
    /// Step 4: `*`.
    AnyOrigin,
    /// Step 5: the origin is listed.
    OriginListed,
    /// Step 7: the tainting is "basic".
    Basic,
    /// Step 2: a response before this one had failed.
    FailedBefore,
    /// Step 6: a navigation to another origin than the one that asked.
    CrossOriginNavigation,
    /// Step 8: the origin is not listed.
    NotListed {
        /// What `Timing-Allow-Origin` said, `None` for nothing.
        said: Option<Vec<String>>,
    },
}

impl TaoCheck {
    /// Is it a failure, upon which the request's timing allow failed flag is set?
    pub fn fails(&self) -> bool {
        !matches!(self, TaoCheck::AnyOrigin | TaoCheck::OriginListed | TaoCheck::Basic)
    }
}

impl Verdict for TaoCheck {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-tao-check";
    fn blocks(&self) -> bool {
        false
    }
}

/// <https://fetch.spec.whatwg.org/#concept-tao-check>
pub fn tao_check(request: &Request, response: &InternalResponse) -> TaoCheck {
    // 1 is an assertion: the origin is populated before anything is fetched.
    // 2. One failure in a chain of redirects is a failure of the whole.
    if request.timing_allow_failed {
        return TaoCheck::FailedBefore;
    }
    // 3-5. The header allows everybody, or this origin.
    let values = get_decode_and_split("Timing-Allow-Origin", &response.header_list);
    if let Some(values) = &values {
        if values.iter().any(|value| value == "*") {
            return TaoCheck::AnyOrigin;
        }
        let origin = request.serialize_origin();
        if values.contains(&origin) {
            return TaoCheck::OriginListed;
        }
    }
    // 6. In a nested navigation the origin is the container's, which must not learn of another origin's document.
    if request.mode == Mode::Navigate
        && !request.origin.as_ref().is_some_and(|origin| request.current_url().same_origin_with(origin))
    {
        return TaoCheck::CrossOriginNavigation;
    }
    // 7. Who is same origin sees its own.
    if request.response_tainting == ResponseTainting::Basic {
        return TaoCheck::Basic;
    }
    // 8. Nobody else does.
    TaoCheck::NotListed { said: values }
}

/// <https://fetch.spec.whatwg.org/#append-to-a-requests-navigation-timing-allow-values-list>
pub fn append_navigation_timing_allow_values(request: &mut Request, response: &InternalResponse) {
    // 1 is an assertion: HTTP fetch asks only for navigation requests.
    // 2-4. A redirect without the header allows nobody, which must be remembered too.
    let values = get_decode_and_split("Timing-Allow-Origin", &response.header_list).unwrap_or_default();
    request.navigation_timing_allow_values_list.push(values);
}

/// The verdict of [`navigation_tao_check`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NavigationTaoCheck {
    /// Step 2: every redirect allows the destination's origin.
    Allowed,
    /// Step 1.3: a redirect does not.
    NotListed {
        /// Which, counted from 0.
        redirect: usize,
        /// What its `Timing-Allow-Origin` said.
        said: Vec<String>,
    },
}

impl Verdict for NavigationTaoCheck {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#navigation-tao-check";
    fn blocks(&self) -> bool {
        false
    }
}

/// <https://fetch.spec.whatwg.org/#navigation-tao-check>
pub fn navigation_tao_check(response: &InternalResponse, destination_origin: &Origin) -> NavigationTaoCheck {
    let list = &response.navigation_timing_allow_values_list;
    if list.is_empty() {
        return NavigationTaoCheck::Allowed;
    }
    // 1. Each redirect allows everybody or this origin; the first that does not decides.
    let origin = destination_origin.serialize();
    let refuses = |values: &Vec<String>| !values.iter().any(|value| value == "*" || *value == origin);
    match list.iter().position(refuses) {
        Some(redirect) => NavigationTaoCheck::NotListed { redirect, said: list[redirect].clone() },
        // 2. None refused.
        None => NavigationTaoCheck::Allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::timing::{FetchTimingInfo, Timestamp};
    use crate::infrastructure::url::Url;

    fn url(url: &str) -> Url {
        Url::parse(url, None).expect("a URL of the tests")
    }

    fn strings(values: &[&str]) -> Vec<String> {
        values.iter().map(|&value| value.to_owned()).collect()
    }

    fn response(values: Option<&[&'static str]>) -> InternalResponse {
        let mut response = InternalResponse::default();
        for &value in values.unwrap_or_default() {
            response.header_list.append("Timing-Allow-Origin", value);
        }
        response
    }

    fn request(mode: Mode, tainting: ResponseTainting, to: &str) -> Request {
        let mut request = Request::new(url(to));
        request.origin = Some(url("https://app.test").origin());
        request.mode = mode;
        request.response_tainting = tainting;
        request
    }

    #[test]
    fn tao_check_table() {
        use ResponseTainting::{Basic, Cors, Opaque};
        let (own, other) = ("https://app.test/x", "https://api.test/x");
        type Row<'a> = (&'a str, Mode, ResponseTainting, &'a str, Option<&'a [&'static str]>, TaoCheck);
        let not_listed = |said: Option<&[&str]>| TaoCheck::NotListed { said: said.map(strings) };
        let table: &[Row<'_>] = &[
            ("same origin needs no header", Mode::Cors, Basic, own, None, TaoCheck::Basic),
            ("cross-origin without the header fails", Mode::Cors, Cors, other, None, not_listed(None)),
            ("opaque without the header fails", Mode::NoCors, Opaque, other, None, not_listed(None)),
            ("star passes", Mode::NoCors, Opaque, other, Some(&["*"]), TaoCheck::AnyOrigin),
            ("star among others passes", Mode::NoCors, Opaque, other, Some(&["x", "*"]), TaoCheck::AnyOrigin),
            ("star in one value passes", Mode::NoCors, Opaque, other, Some(&["x,*"]), TaoCheck::AnyOrigin),
            (
                "a quoted star is none",
                Mode::Cors,
                Cors,
                other,
                Some(&["\"*\""]),
                not_listed(Some(&["\"*\""])),
            ),
            (
                "the origin passes",
                Mode::Cors,
                Cors,
                other,
                Some(&["https://b.test", "https://app.test"]),
                TaoCheck::OriginListed,
            ),
            (
                "another origin fails",
                Mode::Cors,
                Cors,
                other,
                Some(&["https://b.test"]),
                not_listed(Some(&["https://b.test"])),
            ),
            (
                "case counts",
                Mode::Cors,
                Cors,
                other,
                Some(&["https://APP.test"]),
                not_listed(Some(&["https://APP.test"])),
            ),
            (
                "a header that lists others does not take same origin away",
                Mode::Cors,
                Basic,
                own,
                Some(&["https://b.test"]),
                TaoCheck::Basic,
            ),
            (
                "a nested navigation to another origin fails",
                Mode::Navigate,
                Basic,
                other,
                None,
                TaoCheck::CrossOriginNavigation,
            ),
            ("unless it is listed", Mode::Navigate, Basic, other, Some(&["*"]), TaoCheck::AnyOrigin),
            ("a navigation to the own origin passes", Mode::Navigate, Basic, own, None, TaoCheck::Basic),
        ];
        for (name, mode, tainting, to, values, verdict) in table {
            let found = tao_check(&request(*mode, *tainting, to), &response(*values));
            assert_eq!(found, *verdict, "{name}");
            assert!(!found.blocks(), "{name}");
        }
    }

    #[test]
    fn a_failure_before_stays_a_failure() {
        let mut request = request(Mode::Cors, ResponseTainting::Basic, "https://app.test/x");
        request.timing_allow_failed = true;
        assert_eq!(tao_check(&request, &response(Some(&["*"]))), TaoCheck::FailedBefore);
    }

    #[test]
    fn a_tainted_origin_is_listed_as_null_only() {
        let mut request = request(Mode::Cors, ResponseTainting::Cors, "https://api.test/x");
        request.push_url(url("https://other.test/"));
        assert!(tao_check(&request, &response(Some(&["https://app.test"]))).fails());
        assert!(!tao_check(&request, &response(Some(&["null"]))).fails());
    }

    #[test]
    fn row_63_timing_of_another_origin_is_opaque_without_the_header() {
        let request = request(Mode::NoCors, ResponseTainting::Opaque, "https://api.test/x");
        assert!(tao_check(&request, &response(None)).fails());
        // What is reported then: the start, and nothing that the other origin's server or its redirects made.
        let time = Timestamp;
        let info = FetchTimingInfo {
            start_time: time(7),
            redirect_start_time: time(8),
            redirect_end_time: time(9),
            post_redirect_start_time: time(10),
            final_network_request_start_time: time(11),
            final_network_response_start_time: time(12),
            end_time: time(13),
            server_timing_headers: strings(&["db;dur=53"]),
            ..FetchTimingInfo::default()
        };
        let shown = FetchTimingInfo {
            start_time: time(7),
            post_redirect_start_time: time(7),
            ..FetchTimingInfo::default()
        };
        assert_eq!(info.opaque(), shown);
    }

    #[test]
    fn navigation_tao_check_table() {
        let not_listed =
            |redirect, said: &[&str]| NavigationTaoCheck::NotListed { redirect, said: strings(said) };
        type Row<'a> = (&'a str, &'a [&'a [&'static str]], NavigationTaoCheck);
        let table: &[Row<'_>] = &[
            ("no redirects, nothing to ask", &[], NavigationTaoCheck::Allowed),
            ("all allow", &[&["*"], &["https://end.test"]], NavigationTaoCheck::Allowed),
            ("a silent redirect refuses", &[&["*"], &[]], not_listed(1, &[])),
            (
                "another origin is not ours",
                &[&["https://x.test"], &["*"]],
                not_listed(0, &["https://x.test"]),
            ),
        ];
        for (name, list, verdict) in table {
            let mut request = request(Mode::Navigate, ResponseTainting::Basic, "https://end.test/");
            for &values in *list {
                append_navigation_timing_allow_values(&mut request, &response(Some(values)));
            }
            let response = InternalResponse {
                navigation_timing_allow_values_list: request.navigation_timing_allow_values_list,
                ..InternalResponse::default()
            };
            assert_eq!(
                navigation_tao_check(&response, &url("https://end.test").origin()),
                *verdict,
                "{name}"
            );
        }
    }
}
