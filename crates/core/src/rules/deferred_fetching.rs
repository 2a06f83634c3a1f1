//! [Deferred fetching](https://fetch.spec.whatwg.org/#deferred-fetch): what may be deferred, and how much of it may wait at a time.
//!
//! A document here stands alone: it contains no other, and of those that contain it the one at the top is known. So a page in a
//! frame is taken for one that this one contains, and what frames of its own would reserve is not taken off.

use crate::infrastructure::clients::{Client, Global};
use crate::infrastructure::origins::Origin;
use crate::infrastructure::permissions_policies::{Feature, PermissionsPolicy};
use crate::infrastructure::requests::{Referrer, Request};
use crate::rules::verdict::Verdict;

const KIBIBYTE: u64 = 1024;

/// What all documents under one top-level traversable may have waiting at a time, in bytes.
pub const WHOLE_QUOTA: u64 = 640 * KIBIBYTE;

/// <https://fetch.spec.whatwg.org/#quota-reserved-for-deferred-fetch-minimal>
pub const RESERVED_FOR_MINIMAL: u64 = 128 * KIBIBYTE;

/// What may wait for one origin.
pub const QUOTA_FOR_REQUEST_ORIGIN: u64 = 64 * KIBIBYTE;

/// The verdict of [`fetch_later`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeferredFetch {
    /// Step 13: there is room for it.
    Within {
        /// What is left of the quota without it, in bytes.
        quota: u64,
        /// Its total request length.
        requested: u64,
    },
    /// Step 7: there is no document, or it is not fully active any more.
    NotFullyActive,
    /// Step 8: not an HTTP(S) scheme.
    SchemeRefused {
        /// Which.
        scheme: String,
    },
    /// Step 9: whoever is on the way could read it or answer it.
    NotPotentiallyTrustworthy {
        /// Where to, serialized.
        origin: String,
    },
    /// Step 10: a body of no known length.
    BodyWithoutLength,
    /// Step 13: too much would wait.
    QuotaExceeded {
        /// What is left of the quota, in bytes.
        quota: u64,
        /// The total request length.
        requested: u64,
    },
}

impl Verdict for DeferredFetch {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#dom-window-fetchlater";
    fn blocks(&self) -> bool {
        !matches!(self, DeferredFetch::Within { .. })
    }
}

/// Something that waits to be sent: for what origin, and how long it is.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Of its request's URL.
    pub origin: Origin,
    /// Its total request length.
    pub length: u64,
}

impl Waiting {
    /// Of this request.
    pub fn of(request: &Request) -> Waiting {
        Waiting { origin: request.url().origin(), length: total_request_length(request) }
    }
}

/// Steps 7 to 13 of [fetchLater()](https://fetch.spec.whatwg.org/#dom-window-fetchlater): may the request be deferred, beside what waits already?
pub fn fetch_later(
    request: &Request,
    is_fully_active: bool,
    waiting: impl IntoIterator<Item = Waiting>,
) -> DeferredFetch {
    // 7. NB: a worker has no document.
    let is_document =
        request.client.as_ref().is_none_or(|client| matches!(client.global, Global::Window { .. }));
    if !is_fully_active || !is_document {
        return DeferredFetch::NotFullyActive;
    }
    // 8.
    let url = request.url();
    if !url.has_http_scheme() {
        return DeferredFetch::SchemeRefused { scheme: url.scheme().to_owned() };
    }
    // 9.
    // DEPARTS: on the user's own behalf every URL may be asked, now and later.
    if !request.owner && !url.is_potentially_trustworthy() {
        return DeferredFetch::NotPotentiallyTrustworthy { origin: url.origin().serialize() };
    }
    // 10.
    if request.body.as_ref().is_some_and(|body| body.length.is_none()) {
        return DeferredFetch::BodyWithoutLength;
    }
    // 11 to 13.
    let quota = available_deferred_fetch_quota(request.client.as_deref(), waiting, &url.origin());
    let requested = total_request_length(request);
    match quota < requested {
        true => DeferredFetch::QuotaExceeded { quota, requested },
        false => DeferredFetch::Within { quota, requested },
    }
}

/// <https://fetch.spec.whatwg.org/#total-request-length>
pub fn total_request_length(request: &Request) -> u64 {
    // 1.
    let url = request.url().href_without_fragment().len();
    // 2. NB: only a URL has a serialization. What "client" comes to is known when it is sent.
    let referrer = match &request.referrer {
        Referrer::Url(url) => url.href().len(),
        Referrer::NoReferrer | Referrer::Client => 0,
    };
    // 3.
    let headers: usize =
        request.header_list.iter().map(|header| header.name().len() + header.value().len()).sum();
    // 4.
    let body = request.body.as_ref().and_then(|body| body.length).unwrap_or(0);
    ((url + referrer + headers) as u64).saturating_add(body)
}

/// <https://fetch.spec.whatwg.org/#available-deferred-fetch-quota>
///
/// `None` is the user's own page, which is at the top.
pub fn available_deferred_fetch_quota(
    document: Option<&Client>,
    waiting: impl IntoIterator<Item = Waiting>,
    origin: &Origin,
) -> u64 {
    // 1 to 5.
    let control = deferred_fetch_control_document(document);
    let allowed = control.is_allowed_to_use(Feature::DeferredFetch);
    let minimal_allowed = control.is_allowed_to_use(Feature::DeferredFetchMinimal);
    // 6.
    let mut quota = match control.reserved {
        None if !allowed => 0,
        None if !minimal_allowed => WHOLE_QUOTA,
        None => WHOLE_QUOTA - RESERVED_FOR_MINIMAL,
        Some(ReservedQuota::Normal) if allowed => ReservedQuota::Normal.bytes(),
        Some(ReservedQuota::Minimal) if minimal_allowed => ReservedQuota::Minimal.bytes(),
        Some(_) => 0,
    };
    // 7.
    let mut quota_for_request_origin = QUOTA_FOR_REQUEST_ORIGIN;
    // SKIPS 8.1: what the containers of a document reserve; there are none.
    // 8.2.
    for Waiting { origin: its_origin, length } in waiting {
        quota = quota.saturating_sub(length);
        if its_origin.same_origin(origin) {
            quota_for_request_origin = quota_for_request_origin.saturating_sub(length);
        }
    }
    // 9 to 11.
    quota.min(quota_for_request_origin)
}

/// <https://fetch.spec.whatwg.org/#reserved-deferred-fetch-quota>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReservedQuota {
    /// Nothing.
    None,
    /// <https://fetch.spec.whatwg.org/#reserved-deferred-fetch-quota-minimal-quota>
    Minimal,
    /// <https://fetch.spec.whatwg.org/#reserved-deferred-fetch-quota-normal-quota>
    Normal,
}

impl ReservedQuota {
    /// In bytes.
    pub fn bytes(self) -> u64 {
        match self {
            ReservedQuota::None => 0,
            ReservedQuota::Minimal => 8 * KIBIBYTE,
            ReservedQuota::Normal => 64 * KIBIBYTE,
        }
    }
}

/// Whose quota it is.
struct ControlDocument<'a> {
    /// Its origin, and what it declares; `None` where nobody knows.
    document: Option<&'a Client>,
    /// What its container reserved for it; `None` at the top.
    reserved: Option<ReservedQuota>,
}

impl ControlDocument<'_> {
    /// <https://html.spec.whatwg.org/#allowed-to-use>
    fn is_allowed_to_use(&self, feature: Feature) -> bool {
        let Some(document) = self.document else { return true };
        let own = &document.origin;
        let inherited = match (self.reserved, &document.top_level_origin) {
            (Some(_), Some(top)) => PermissionsPolicy::default().lets_inherit(feature, top, own),
            _ => true,
        };
        inherited && document.permissions_policy.enables(feature, own, own)
    }
}

/// <https://fetch.spec.whatwg.org/#deferred-fetch-control-document>
fn deferred_fetch_control_document(document: Option<&Client>) -> ControlDocument<'_> {
    let Some(client) = document else { return ControlDocument { document: None, reserved: None } };
    match container_document_origin(client) {
        None => ControlDocument { document, reserved: None },
        // NB: the one that contains it is at the top, and what that declares is not known.
        Some(container) if container.same_origin(&client.origin) => {
            ControlDocument { document: None, reserved: None }
        }
        Some(container) => {
            let reserved = reserve_deferred_fetch_quota(container, &client.origin);
            let reserved = potentially_free_deferred_fetch_quota(reserved, container, client);
            ControlDocument { document, reserved: Some(reserved) }
        }
    }
}

/// Of the origin of a document's container document, which is null at the top.
fn container_document_origin(client: &Client) -> Option<&Origin> {
    match client.global {
        Global::Window { top_level: false, .. } => client.top_level_origin.as_ref(),
        _ => None,
    }
}

/// <https://fetch.spec.whatwg.org/#reserve-deferred-fetch-quota>
///
/// Of a container in a document at the top that declares nothing.
fn reserve_deferred_fetch_quota(control_document: &Origin, origin_to_navigate_to: &Origin) -> ReservedQuota {
    let inherited =
        |feature| PermissionsPolicy::default().lets_inherit(feature, control_document, origin_to_navigate_to);
    // 3. NB: as long as nothing waits there, the control document has more than that.
    if inherited(Feature::DeferredFetch) {
        return ReservedQuota::Normal;
    }
    // 4. NB: nobody counts containers here, so there are never too many.
    if inherited(Feature::DeferredFetchMinimal) { ReservedQuota::Minimal } else { ReservedQuota::None }
}

/// <https://fetch.spec.whatwg.org/#potentially-free-deferred-fetch-quota>
///
/// What is left of it.
fn potentially_free_deferred_fetch_quota(
    reserved: ReservedQuota,
    container_document: &Origin,
    document: &Client,
) -> ReservedQuota {
    if container_document.same_origin(&document.origin) { ReservedQuota::None } else { reserved }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::infrastructure::bodies::Body;
    use crate::infrastructure::clients::tests::{window, worker};
    use crate::infrastructure::url::Url;

    fn url(text: &str) -> Url {
        Url::parse(text, None).expect("a URL of the test")
    }

    fn request(to: &str, client: Client) -> Request {
        let mut request = Request::new(url(to));
        request.client = Some(Arc::new(client));
        request
    }

    fn with_body(mut request: Request, length: Option<u64>) -> Request {
        let mut body = Body::from_bytes("");
        body.length = length;
        request.body = Some(body);
        request
    }

    fn framed(page: &str, top: &str) -> Client {
        let top = url(top);
        let document_url = url(page);
        Client {
            top_level_origin: Some(top.origin()),
            top_level_creation_url: Some(top),
            global: Global::Window { traversable: true, top_level: false, document_url },
            ..window(page)
        }
    }

    fn declaring(value: &str, client: Client) -> Client {
        let permissions_policy = PermissionsPolicy::parse(value.as_bytes()).expect("a dictionary");
        Client { permissions_policy, ..client }
    }

    const PAGE: &str = "https://a.test/";
    const B: &str = "https://b.test/";

    #[test]
    fn fetch_later_table() {
        use DeferredFetch::*;
        let page = || window(PAGE);
        let own = |to: &str| {
            let mut request = Request::new(url(to));
            request.owner = true;
            request
        };
        let within = |requested| Within { quota: QUOTA_FOR_REQUEST_ORIGIN, requested };
        let most = QUOTA_FOR_REQUEST_ORIGIN;
        for (row, request, is_fully_active, expected) in [
            ("a GET", request(B, page()), true, within(15)),
            ("this machine", request("http://localhost/", page()), true, within(17)),
            ("a page that was left", request(B, page()), false, NotFullyActive),
            ("a worker", request(B, worker("https://a.test/w", PAGE)), true, NotFullyActive),
            ("the scheme after that", request("about:blank", page()), false, NotFullyActive),
            (
                "another scheme",
                request("about:blank", page()),
                true,
                SchemeRefused { scheme: "about".into() },
            ),
            (
                "of the file system",
                request("file:///x", page()),
                true,
                SchemeRefused { scheme: "file".into() },
            ),
            (
                "plain HTTP",
                with_body(request("http://b.test/", page()), None),
                true,
                NotPotentiallyTrustworthy { origin: "http://b.test".into() },
            ),
            ("plain HTTP for oneself", own("http://b.test/"), true, within(14)),
            ("a stream", with_body(request(B, page()), None), true, BodyWithoutLength),
            ("an empty body", with_body(request(B, page()), Some(0)), true, within(15)),
            ("all there is", with_body(request(B, page()), Some(most - 15)), true, within(most)),
            (
                "a byte more",
                with_body(request(B, page()), Some(most - 14)),
                true,
                QuotaExceeded { quota: most, requested: most + 1 },
            ),
            (
                "more than there are numbers",
                with_body(request(B, page()), Some(u64::MAX)),
                true,
                QuotaExceeded { quota: most, requested: u64::MAX },
            ),
        ] {
            assert_eq!(fetch_later(&request, is_fully_active, []), expected, "{row}");
        }
    }

    #[test]
    fn total_request_length_table() {
        let plain = || request("https://b.test/", window(PAGE));
        let with = |change: fn(&mut Request)| {
            let mut request = plain();
            change(&mut request);
            request
        };
        for (row, request, expected) in [
            ("the URL", plain(), 15),
            ("without its fragment", request("https://b.test/#top", window(PAGE)), 15),
            ("a header's name and value", with(|request| request.header_list.append("ab", "cde")), 20),
            ("its own referrer", with(|request| request.referrer = Referrer::Url(url(PAGE))), 30),
            ("no referrer", with(|request| request.referrer = Referrer::NoReferrer), 15),
            ("a body", with_body(plain(), Some(100)), 115),
        ] {
            assert_eq!(total_request_length(&request), expected, "{row}");
        }
    }

    #[test]
    fn available_quota_table() {
        let kib = |count: u64| count * KIBIBYTE;
        // So many for b.test, and so many for others.
        let waiting = |own: u64, others: u64| {
            let of = |origin: &str, length| Waiting { origin: url(origin).origin(), length };
            [of(B, own), of("https://c.test/", others)]
        };
        for (row, document, own, others, expected) in [
            ("a page at the top", Some(window(PAGE)), 0, 0, kib(64)),
            ("the user's own", None, 0, 0, kib(64)),
            ("some for the same origin", Some(window(PAGE)), kib(60), 0, kib(4)),
            ("all for the same origin", Some(window(PAGE)), kib(64), 0, 0),
            ("much for others", Some(window(PAGE)), 0, kib(448), kib(64)),
            ("nearly all for others", Some(window(PAGE)), 0, kib(512) - 1, 1),
            ("all for others", Some(window(PAGE)), 0, kib(512), 0),
            ("more than there is", Some(window(PAGE)), 0, kib(600), 0),
            ("nothing lent", Some(declaring("deferred-fetch-minimal=()", window(PAGE))), 0, kib(639), kib(1)),
            ("nothing allowed", Some(declaring("deferred-fetch=()", window(PAGE))), 0, 0, 0),
            ("a frame of the same origin", Some(framed(PAGE, "https://a.test/top")), 0, 0, kib(64)),
            ("a frame of another", Some(framed(PAGE, B)), 0, 0, kib(8)),
            ("some of that", Some(framed(PAGE, B)), kib(1), kib(2), kib(5)),
            ("one that declines", Some(declaring("deferred-fetch-minimal=()", framed(PAGE, B))), 0, 0, 0),
            ("a frame without an origin", Some(framed("data:,x", B)), 0, 0, kib(8)),
        ] {
            let quota =
                available_deferred_fetch_quota(document.as_ref(), waiting(own, others), &url(B).origin());
            assert_eq!(quota, expected, "{row}");
        }
    }
}
