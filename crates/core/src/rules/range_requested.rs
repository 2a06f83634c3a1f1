//! [Main fetch](https://fetch.spec.whatwg.org/#concept-main-fetch)'s guard against partial responses that nobody asked for.
//!
//! A service worker may keep the opaque answer to a media element's range and hand it to a script element: the part could be
//! read as code though the whole could not.

use crate::infrastructure::requests::Request;
use crate::infrastructure::responses::{Response, ResponseType};
use crate::infrastructure::statuses::{Status, is_range_status};
use crate::rules::verdict::Verdict;

/// The verdict of [`range_requested_block`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RangeRequested {
    /// The response is not opaque: whoever reads it sees its status.
    NotOpaque,
    /// The status is no range status.
    NotRangeStatus,
    /// The server answered so without being asked for a range.
    RangeNotRequested,
    /// This request asks for a range.
    RequestHasRange,
    /// Another request asked for a range; this one did not.
    OthersRange {
        /// 206 or 416.
        status: Status,
    },
}

impl Verdict for RangeRequested {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-main-fetch";
    fn blocks(&self) -> bool {
        matches!(self, RangeRequested::OthersRange { .. })
    }
}

/// Step 21 of <https://fetch.spec.whatwg.org/#concept-main-fetch>
pub fn range_requested_block(request: &Request, response: &Response) -> RangeRequested {
    if response.response_type() != ResponseType::Opaque {
        return RangeRequested::NotOpaque;
    }
    let internal = response.internal();
    if !is_range_status(internal.status) {
        return RangeRequested::NotRangeStatus;
    }
    if !internal.range_requested {
        return RangeRequested::RangeNotRequested;
    }
    if request.header_list.contains("Range") {
        return RangeRequested::RequestHasRange;
    }
    RangeRequested::OthersRange { status: internal.status }
}

#[cfg(test)]
mod tests {
    use super::RangeRequested::*;
    use super::*;
    use crate::infrastructure::responses::{Filter, InternalResponse};
    use crate::infrastructure::url::Url;

    fn judge(filter: Option<Filter>, status: Status, range_requested: bool, range: bool) -> RangeRequested {
        let mut request = Request::new(Url::parse("https://b.test/media", None).expect("a URL of the tests"));
        if range {
            request.add_range_header(0, Some(9));
        }
        let mut response =
            Response::new(InternalResponse { status, range_requested, ..InternalResponse::default() });
        if let Some(filter) = filter {
            response = response.filtered(filter);
        }
        range_requested_block(&request, &response)
    }

    #[test]
    fn range_requested_table() {
        let opaque = Some(Filter::Opaque);
        for (name, filter, status, flag, range, verdict) in [
            ("another request's part", opaque, 206, true, false, OthersRange { status: 206 }),
            ("another request's refusal", opaque, 416, true, false, OthersRange { status: 416 }),
            ("the own part", opaque, 206, true, true, RequestHasRange),
            ("a whole", opaque, 200, true, false, NotRangeStatus),
            ("a part that the server gave unasked", opaque, 206, false, false, RangeNotRequested),
            ("seen through CORS", Some(Filter::Cors), 206, true, false, NotOpaque),
            ("same-origin", Some(Filter::Basic), 206, true, false, NotOpaque),
            ("made by a script", None, 206, true, false, NotOpaque),
            ("an opaque redirect", Some(Filter::OpaqueRedirect), 206, true, false, NotOpaque),
        ] {
            let found = judge(filter, status, flag, range);
            assert_eq!(found, verdict, "{name}");
            assert_eq!(found.blocks(), matches!(found, OthersRange { .. }), "{name}");
        }
    }

    #[test]
    fn row_61_an_opaque_part_is_no_answer_to_a_request_without_range() {
        assert!(judge(Some(Filter::Opaque), 206, true, false).blocks());
        assert!(judge(Some(Filter::Opaque), 416, true, false).blocks());
    }
}
