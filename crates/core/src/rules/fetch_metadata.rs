//! [Fetch Metadata](https://w3c.github.io/webappsec-fetch-metadata/): what a server is told of how a request came about; and
//! `Sec-Purpose`.
//!
//! Said only where the current URL is potentially trustworthy.

use crate::infrastructure::origins::Origin;
use crate::infrastructure::requests::{Destination, Initiator, Mode, Request};
use crate::infrastructure::words::words;
use crate::rules::verdict::Verdict;

words! {
    /// What `Sec-Fetch-Site` says: how the initiator stands to every URL that the request has been at.
    InitiatorSite {
        None = "none",
        SameOrigin = "same-origin",
        SameSite = "same-site",
        CrossSite = "cross-site",
    }
}

/// The verdict of [`fetch_metadata`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FetchMetadata {
    /// Step 1: the current URL is not potentially trustworthy.
    NotTrustworthy,
    /// Steps 2 to 5: the headers that are set.
    Sent {
        /// `Sec-Fetch-Dest`; the empty string is sent as `empty`.
        destination: Destination,
        /// `Sec-Fetch-Mode`
        mode: Mode,
        /// `Sec-Fetch-Site`
        site: InitiatorSite,
        /// Is there a `Sec-Fetch-User`?
        user: bool,
    },
}

impl Verdict for FetchMetadata {
    const ANCHOR: &'static str = "https://w3c.github.io/webappsec-fetch-metadata/#abstract-opdef-append-the-fetch-metadata-headers-for-a-request";
    fn blocks(&self) -> bool {
        false
    }
}

impl FetchMetadata {
    /// The headers to set, in the order in which they are set.
    pub fn headers(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let headers = match self {
            FetchMetadata::NotTrustworthy => [None; 4],
            FetchMetadata::Sent { destination, mode, site, user } => {
                let destination =
                    if destination == Destination::Empty { "empty" } else { destination.as_str() };
                [
                    Some(("Sec-Fetch-Dest", destination)),
                    Some(("Sec-Fetch-Mode", mode.as_str())),
                    Some(("Sec-Fetch-Site", site.as_str())),
                    user.then_some(("Sec-Fetch-User", "?1")),
                ]
            }
        };
        headers.into_iter().flatten()
    }
}

/// <https://w3c.github.io/webappsec-fetch-metadata/#abstract-opdef-append-the-fetch-metadata-headers-for-a-request>
// NB: "url" of the text is read as the current URL: it is the server there who is told.
pub fn fetch_metadata(request: &Request) -> FetchMetadata {
    // 1.
    if !request.current_url().is_potentially_trustworthy() {
        return FetchMetadata::NotTrustworthy;
    }
    // 2 - 5.
    FetchMetadata::Sent {
        destination: request.destination,
        mode: request.mode,
        site: initiator_site(request),
        user: request.is_navigation_request() && request.user_activation,
    }
}

/// <https://w3c.github.io/webappsec-fetch-metadata/#abstract-opdef-set-site>
fn initiator_site(request: &Request) -> InitiatorSite {
    // 4. A person's own doing: a navigation that no page asked for.
    if request.is_navigation_request() && request.client.is_none() {
        return InitiatorSite::None;
    }
    // 3.
    let mut site = InitiatorSite::SameOrigin;
    // 5. The worst of all URLs, so that a redirect cannot launder.
    let opaque;
    let origin = match &request.origin {
        Some(origin) => origin,
        None => {
            opaque = Origin::new_opaque();
            &opaque
        }
    };
    for url in request.url_list() {
        if url.same_origin_with(origin) {
            continue;
        }
        if !url.same_site_with(origin) {
            return InitiatorSite::CrossSite;
        }
        site = InitiatorSite::SameSite;
    }
    site
}

/// HTTP-network-or-cache fetch's [`Sec-Purpose`](https://fetch.spec.whatwg.org/#sec-purpose-header): said of a prefetch.
pub fn sec_purpose(request: &Request) -> Option<(&'static str, &'static str)> {
    (request.initiator == Initiator::Prefetch).then_some(("Sec-Purpose", "prefetch"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::clients::tests::window;
    use crate::infrastructure::url::Url;
    use std::sync::Arc;

    fn url(input: &str) -> Url {
        Url::parse(input, None).expect("a URL of the table")
    }

    /// A request by a page at `from` that has been at each of `urls`.
    fn request(from: &str, urls: &[&str]) -> Request {
        let mut request = Request::new(url(urls[0]));
        for redirected in &urls[1..] {
            request.push_url(url(redirected));
        }
        let client = window(from);
        request.origin = Some(client.origin.clone());
        request.client = Some(Arc::new(client));
        request
    }

    #[test]
    fn site_table() {
        use InitiatorSite::{CrossSite, SameOrigin, SameSite};
        const A: &str = "https://a.example.com/";
        for (row, from, urls, site) in [
            ("home", A, &["https://a.example.com/x"][..], Some(SameOrigin)),
            ("a sibling", A, &["https://b.example.com/"], Some(SameSite)),
            ("another port", A, &["https://a.example.com:444/"], Some(SameSite)),
            ("elsewhere", A, &["https://other.test/"], Some(CrossSite)),
            ("under one public suffix", "https://a.github.io/", &["https://b.github.io/"], Some(CrossSite)),
            ("another scheme", "http://a.example.com/", &[A], Some(CrossSite)),
            ("an opaque origin", "data:,x", &[A], Some(CrossSite)),
            ("over a sibling", A, &["https://b.example.com/", A], Some(SameSite)),
            ("home, then a sibling", A, &[A, "https://b.example.com/"], Some(SameSite)),
            ("over elsewhere", A, &["https://other.test/", A], Some(CrossSite)),
            (
                "over a sibling and elsewhere",
                A,
                &["https://b.example.com/", "https://other.test/", A],
                Some(CrossSite),
            ),
            ("over http", A, &["http://a.example.com/", A], Some(CrossSite)),
            ("to http", A, &["http://a.example.com/"], None),
            ("over https to http", A, &[A, "http://a.example.com/"], None),
            ("loopback", "http://localhost:1/", &["http://localhost:2/"], Some(SameSite)),
        ] {
            let got = match fetch_metadata(&request(from, urls)) {
                FetchMetadata::Sent { site, .. } => Some(site),
                FetchMetadata::NotTrustworthy => None,
            };
            assert_eq!(got, site, "{row}");
        }
    }

    #[test]
    fn header_table() {
        type Change = fn(&mut Request);
        let plain: Change = |_| {};
        let image: Change = |request| request.destination = Destination::Image;
        let cors: Change = |request| request.mode = Mode::Cors;
        let activated: Change = |request| request.user_activation = true;
        let navigation: Change = |request| {
            (request.mode, request.destination) = (Mode::Navigate, Destination::Document);
        };
        let clicked: Change = |request| {
            (request.mode, request.destination) = (Mode::Navigate, Destination::Document);
            request.user_activation = true;
        };
        let typed: Change = |request| {
            (request.mode, request.destination) = (Mode::Navigate, Destination::Document);
            (request.user_activation, request.client) = (true, None);
        };
        let unpopulated: Change = |request| (request.origin, request.client) = (None, None);
        for (row, change, expected) in [
            ("fetch()", plain, &["empty", "no-cors", "same-origin"][..]),
            ("an image", image, &["image", "no-cors", "same-origin"]),
            ("under cors", cors, &["empty", "cors", "same-origin"]),
            ("activation without navigation", activated, &["empty", "no-cors", "same-origin"]),
            ("a script's navigation", navigation, &["document", "navigate", "same-origin"]),
            ("a click", clicked, &["document", "navigate", "same-origin", "?1"]),
            ("an address typed", typed, &["document", "navigate", "none", "?1"]),
            ("a program without a page", unpopulated, &["empty", "no-cors", "cross-site"]),
        ] {
            let mut request = request("https://a.test/", &["https://a.test/x"]);
            change(&mut request);
            let verdict = fetch_metadata(&request);
            let (names, values): (Vec<_>, Vec<_>) = verdict.headers().unzip();
            assert_eq!(values, expected, "{row}");
            let all = ["Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User"];
            assert_eq!(names, all[..names.len()], "{row}");
            assert!(!verdict.blocks());
        }
        let insecure = fetch_metadata(&request("http://a.test/", &["http://a.test/"]));
        assert_eq!((insecure, insecure.headers().count()), (FetchMetadata::NotTrustworthy, 0));
    }

    #[test]
    fn only_a_prefetch_has_a_purpose() {
        for initiator in Initiator::ALL {
            let mut request = request("https://a.test/", &["https://a.test/"]);
            request.initiator = *initiator;
            let expected = (*initiator == Initiator::Prefetch).then_some(("Sec-Purpose", "prefetch"));
            assert_eq!(sec_purpose(&request), expected);
        }
    }
}
