//! [Mixed Content](https://w3c.github.io/webappsec-mixed-content/),
//! [Upgrade Insecure Requests](https://w3c.github.io/webappsec-upgrade-insecure-requests/) and main fetch's local-URLs-only
//! step: what an authenticated client may ask for, and what is made `https` first.
//!
//! All of them look at the current URL: main fetch runs anew for each redirect, and a redirected request is upgraded
//! and refused as a first one is. Whether the client restricts mixed content is known to its face, which sees the ancestors.

use crate::infrastructure::clients::Client;
use crate::infrastructure::origins::Origin;
use crate::infrastructure::requests::{Destination, Initiator, Request};
use crate::infrastructure::responses::InternalResponse;
use crate::infrastructure::url::Url;
use crate::rules::verdict::Verdict;

/// The verdict of [`upgrade_request_to_a_potentially_trustworthy_url`] and of [`upgrade_a_mixed_content_request`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Upgrade {
    /// The URL is potentially trustworthy as it is.
    NotNeeded,
    /// The scheme is not `http`: nothing to upgrade to.
    NotHttp {
        /// Which.
        scheme: String,
    },
    /// No policy of the client asks for it.
    NoPolicy,
    /// A top-level navigation elsewhere is left alone.
    TopLevelNavigation,
    /// The client does not restrict mixed content.
    NotRestricted,
    /// The host is an IP address.
    IpAddress,
    /// Not an image, audio or video (or an image of an image set): refused later instead.
    NotUpgradeable {
        /// What it is for.
        destination: Destination,
    },
    /// Made `https`, because `upgrade-insecure-requests` says so.
    UpgradeInsecureRequests,
    /// Made `https`, because it is upgradeable mixed content.
    MixedContent,
}

impl Verdict for Upgrade {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-main-fetch";
    fn blocks(&self) -> bool {
        false
    }
}

/// <https://w3c.github.io/webappsec-upgrade-insecure-requests/#upgrade-request>; the URL is the new current URL.
///
/// Its step 1 is [`upgrade_insecure_requests_header`].
pub fn upgrade_request_to_a_potentially_trustworthy_url(request: &Request) -> (Upgrade, Option<Url>) {
    // 3, 4. Asked first, since it decides for nearly all.
    let Some(client) = &request.client else { return (Upgrade::NoPolicy, None) };
    if !client.policy_container.upgrade_insecure_requests {
        return (Upgrade::NoPolicy, None);
    }
    // 2. A top-level navigation is upgraded for hosts that opted in only.
    // SKIPS 2.1: a request does not say that it is a form's submission; a face with forms would.
    let url = request.current_url();
    if request.destination == Destination::Document && !opted_into_navigation_upgrades(client, url) {
        return (Upgrade::TopLevelNavigation, None);
    }
    // 5.
    upgraded(url, Upgrade::UpgradeInsecureRequests)
}

/// Is the URL's host and port in the client's
/// [upgrade insecure navigations set](https://w3c.github.io/webappsec-upgrade-insecure-requests/#upgrade-insecure-navigations-set)?
// DEPARTS: of that set we keep the client's own entry, not those that it inherited.
fn opted_into_navigation_upgrades(client: &Client, url: &Url) -> bool {
    match &client.origin {
        Origin::Tuple(tuple) => tuple.port == url.port() && Some(&tuple.host) == url.host().as_ref(),
        Origin::Opaque(_) => false,
    }
}

/// The header that a navigation request says its willingness to be upgraded with (step 1 of
/// [upgrading](https://w3c.github.io/webappsec-upgrade-insecure-requests/#upgrade-request)); `None` where it has it already.
// NB: we have no preload list, so that no host is a preloadable one and every navigation says it.
pub fn upgrade_insecure_requests_header(request: &Request) -> Option<(&'static str, &'static str)> {
    let header = ("Upgrade-Insecure-Requests", "1");
    // Main fetch comes here again after each redirect.
    (request.is_navigation_request() && !request.header_list.contains(header.0)).then_some(header)
}

/// <https://w3c.github.io/webappsec-mixed-content/#upgrade-algorithm>; the URL is the new current URL.
pub fn upgrade_a_mixed_content_request(request: &Request) -> (Upgrade, Option<Url>) {
    let url = request.current_url();
    // 1.1 Nothing to do.
    if url.is_potentially_trustworthy() {
        return (Upgrade::NotNeeded, None);
    }
    // 1.3 Before 1.2, because it costs less.
    if !restricts_mixed_content(request) {
        return (Upgrade::NotRestricted, None);
    }
    // 1.2 Addresses rarely have a certificate.
    if url.host().is_some_and(|host| host.is_ip_address()) {
        return (Upgrade::IpAddress, None);
    }
    // 1.4, 1.5 Only what was once tolerated is upgraded.
    let destination = request.destination;
    let upgradeable = matches!(destination, Destination::Image | Destination::Audio | Destination::Video);
    if !upgradeable || (destination == Destination::Image && request.initiator == Initiator::ImageSet) {
        return (Upgrade::NotUpgradeable { destination }, None);
    }
    // 2.
    upgraded(url, Upgrade::MixedContent)
}

fn upgraded(url: &Url, reason: Upgrade) -> (Upgrade, Option<Url>) {
    match url.scheme() {
        "http" => (reason, Some(url.with_scheme("https"))),
        _ if url.is_potentially_trustworthy() => (Upgrade::NotNeeded, None),
        scheme => (Upgrade::NotHttp { scheme: scheme.to_owned() }, None),
    }
}

/// <https://w3c.github.io/webappsec-mixed-content/#categorize-settings-object>, as the client's face found it; no client,
/// no restriction.
fn restricts_mixed_content(request: &Request) -> bool {
    request.client.as_ref().is_some_and(|client| client.restricts_mixed_content)
}

/// The verdict of [`should_fetching_request_be_blocked_as_mixed_content`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MixedContentRequest {
    /// The URL is potentially trustworthy.
    Trustworthy,
    /// The client does not restrict mixed content.
    NotRestricted,
    /// A top-level navigation.
    TopLevelNavigation,
    /// An authenticated client asks for what is not.
    Blocked {
        /// The URL's scheme.
        scheme: String,
        /// What it was for.
        destination: Destination,
    },
}

impl Verdict for MixedContentRequest {
    const ANCHOR: &'static str = "https://w3c.github.io/webappsec-mixed-content/#should-block-fetch";
    fn blocks(&self) -> bool {
        matches!(self, MixedContentRequest::Blocked { .. })
    }
}

/// <https://w3c.github.io/webappsec-mixed-content/#should-block-fetch>
// SKIPS 1.3: nobody can allow mixed content here; a person's override would be a field of the client.
pub fn should_fetching_request_be_blocked_as_mixed_content(request: &Request) -> MixedContentRequest {
    let url = request.current_url();
    // 1.1
    if !restricts_mixed_content(request) {
        return MixedContentRequest::NotRestricted;
    }
    // 1.2
    if url.is_potentially_trustworthy() {
        return MixedContentRequest::Trustworthy;
    }
    // 1.4
    if is_top_level_navigation(request) {
        return MixedContentRequest::TopLevelNavigation;
    }
    // 2.
    MixedContentRequest::Blocked { scheme: url.scheme().to_owned(), destination: request.destination }
}

/// The verdict of [`should_response_to_request_be_blocked_as_mixed_content`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MixedContentResponse {
    /// The response's URL is potentially trustworthy.
    Trustworthy,
    /// The client does not restrict mixed content.
    NotRestricted,
    /// A top-level navigation.
    TopLevelNavigation,
    /// The answer came from a URL that the client may not use (by way of a service worker, say).
    Blocked {
        /// The scheme of the response's URL; `None` where it has no URL.
        scheme: Option<String>,
        /// What it was for.
        destination: Destination,
    },
}

impl Verdict for MixedContentResponse {
    const ANCHOR: &'static str = "https://w3c.github.io/webappsec-mixed-content/#should-block-response";
    fn blocks(&self) -> bool {
        matches!(self, MixedContentResponse::Blocked { .. })
    }
}

/// <https://w3c.github.io/webappsec-mixed-content/#should-block-response>
// SKIPS 1.3: as above.
pub fn should_response_to_request_be_blocked_as_mixed_content(
    request: &Request,
    response: &InternalResponse,
) -> MixedContentResponse {
    // 1.1
    if !restricts_mixed_content(request) {
        return MixedContentResponse::NotRestricted;
    }
    // 1.2 NB: main fetch has given a response without URLs those of the request by now.
    let url = response.url();
    if url.is_some_and(Url::is_potentially_trustworthy) {
        return MixedContentResponse::Trustworthy;
    }
    // 1.4
    if is_top_level_navigation(request) {
        return MixedContentResponse::TopLevelNavigation;
    }
    // 2.
    let scheme = url.map(|url| url.scheme().to_owned());
    MixedContentResponse::Blocked { scheme, destination: request.destination }
}

/// A document that no other contains: a nested one has a destination of its container's.
fn is_top_level_navigation(request: &Request) -> bool {
    request.destination == Destination::Document
}

/// The verdict of [`local_urls_only`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LocalUrlsOnly {
    /// The flag is not set.
    NotAsked,
    /// The current URL is local.
    Local,
    /// It is not.
    NotLocal {
        /// Its scheme.
        scheme: String,
    },
}

impl Verdict for LocalUrlsOnly {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#local-urls-only-flag";
    fn blocks(&self) -> bool {
        matches!(self, LocalUrlsOnly::NotLocal { .. })
    }
}

/// Main fetch's step 3: a request with the
/// [local-URLs-only flag](https://fetch.spec.whatwg.org/#local-urls-only-flag) stays with local URLs.
pub fn local_urls_only(request: &Request) -> LocalUrlsOnly {
    let url = request.current_url();
    match (request.local_urls_only, url.is_local()) {
        (false, _) => LocalUrlsOnly::NotAsked,
        (true, true) => LocalUrlsOnly::Local,
        (true, false) => LocalUrlsOnly::NotLocal { scheme: url.scheme().to_owned() },
    }
}

#[cfg(test)]
mod tests;
