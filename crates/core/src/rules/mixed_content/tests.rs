//! Tables of what is upgraded, and of what is refused.

use super::*;
use crate::infrastructure::clients::tests::window;
use std::sync::Arc;

fn url(input: &str) -> Url {
    Url::parse(input, None).expect("a URL of the table")
}

/// A request for `to` by a document at `from`; `None` is no client.
fn request(from: Option<&str>, to: &str, destination: Destination) -> Request {
    let mut request = Request::new(url(to));
    request.client = from.map(|from| Arc::new(window(from)));
    request.destination = destination;
    request
}

fn with_policy(mut request: Request) -> Request {
    let mut client = request.client.as_deref().expect("a client").clone();
    Arc::make_mut(&mut client.policy_container).upgrade_insecure_requests = true;
    request.client = Some(Arc::new(client));
    request
}

const SECURE: Option<&str> = Some("https://a.test/page");
const INSECURE: Option<&str> = Some("http://a.test/page");

#[test]
fn mixed_content_table() {
    use Destination::*;
    use MixedContentRequest as Request;
    let blocked = |scheme: &str, destination| Request::Blocked { scheme: scheme.into(), destination };
    for (row, from, to, destination, verdict) in [
        ("https", SECURE, "https://b.test/", Script, Request::Trustworthy),
        ("http", SECURE, "http://b.test/", Script, blocked("http", Script)),
        ("http of the same host", SECURE, "http://a.test/", Empty, blocked("http", Empty)),
        ("http for an image, if not upgraded", SECURE, "http://b.test/", Image, blocked("http", Image)),
        ("http in a frame", SECURE, "http://b.test/", Iframe, blocked("http", Iframe)),
        ("http at the top", SECURE, "http://b.test/", Document, Request::TopLevelNavigation),
        ("loopback", SECURE, "http://127.0.0.1/", Script, Request::Trustworthy),
        ("localhost", SECURE, "http://localhost:81/", Script, Request::Trustworthy),
        ("data", SECURE, "data:,x", Script, Request::Trustworthy),
        ("a blob of an http page", SECURE, "blob:http://b.test/1", Script, blocked("blob", Script)),
        ("http by an http page", INSECURE, "http://b.test/", Script, Request::NotRestricted),
        ("no client", None, "http://b.test/", Script, Request::NotRestricted),
    ] {
        let request = request(from, to, destination);
        let got = should_fetching_request_be_blocked_as_mixed_content(&request);
        assert_eq!(got, verdict, "{row}");
        assert_eq!(got.blocks(), matches!(got, Request::Blocked { .. }));
    }
}

#[test]
fn a_redirect_is_judged_by_its_current_url() {
    let mut request = request(SECURE, "https://b.test/", Destination::Script);
    request.push_url(url("http://b.test/"));
    assert!(should_fetching_request_be_blocked_as_mixed_content(&request).blocks());
}

#[test]
fn responses_table() {
    use MixedContentResponse as Response;
    let document = Destination::Document;
    for (row, from, destination, answered, verdict) in [
        ("https", SECURE, Destination::Empty, Some("https://b.test/"), Response::Trustworthy),
        (
            "a worker's answer from http",
            SECURE,
            Destination::Empty,
            Some("http://b.test/"),
            Response::Blocked { scheme: Some("http".into()), destination: Destination::Empty },
        ),
        (
            "no URL",
            SECURE,
            Destination::Empty,
            None,
            Response::Blocked { scheme: None, destination: Destination::Empty },
        ),
        ("at the top", SECURE, document, Some("http://b.test/"), Response::TopLevelNavigation),
        ("by an http page", INSECURE, Destination::Empty, Some("http://b.test/"), Response::NotRestricted),
    ] {
        let request = request(from, "https://b.test/", destination);
        let response =
            InternalResponse { url_list: answered.map(url).into_iter().collect(), ..Default::default() };
        let got = should_response_to_request_be_blocked_as_mixed_content(&request, &response);
        assert_eq!(got, verdict, "{row}");
    }
}

#[test]
fn mixed_content_upgrade_table() {
    use Destination::*;
    let not_upgradeable = |destination| Upgrade::NotUpgradeable { destination };
    for (row, from, to, destination, verdict, becomes) in [
        ("an image", SECURE, "http://b.test/x?y", Image, Upgrade::MixedContent, Some("https://b.test/x?y")),
        (
            "audio on a port",
            SECURE,
            "http://b.test:81/",
            Audio,
            Upgrade::MixedContent,
            Some("https://b.test:81/"),
        ),
        ("video", SECURE, "http://b.test/", Video, Upgrade::MixedContent, Some("https://b.test/")),
        ("a script", SECURE, "http://b.test/", Script, not_upgradeable(Script), None),
        ("fetch()", SECURE, "http://b.test/", Empty, not_upgradeable(Empty), None),
        ("an address", SECURE, "http://192.0.2.1/", Image, Upgrade::IpAddress, None),
        ("an IPv6 address", SECURE, "http://[2001:db8::1]/", Image, Upgrade::IpAddress, None),
        ("loopback", SECURE, "http://127.0.0.1/", Image, Upgrade::NotNeeded, None),
        ("https", SECURE, "https://b.test/", Image, Upgrade::NotNeeded, None),
        ("by an http page", INSECURE, "http://b.test/", Image, Upgrade::NotRestricted, None),
        ("no client", None, "http://b.test/", Image, Upgrade::NotRestricted, None),
        ("ftp", SECURE, "ftp://b.test/", Image, Upgrade::NotHttp { scheme: "ftp".into() }, None),
    ] {
        let (got, new) = upgrade_a_mixed_content_request(&request(from, to, destination));
        assert_eq!((got, new.as_ref().map(Url::href)), (verdict, becomes), "{row}");
    }
    let mut of_a_set = request(SECURE, "http://b.test/", Image);
    of_a_set.initiator = Initiator::ImageSet;
    assert_eq!(upgrade_a_mixed_content_request(&of_a_set), (not_upgradeable(Image), None));
}

#[test]
fn upgrade_insecure_requests_table() {
    use Destination::*;
    for (row, from, to, destination, verdict, becomes) in [
        (
            "fetch()",
            "https://a.test/",
            "http://b.test/",
            Empty,
            Upgrade::UpgradeInsecureRequests,
            Some("https://b.test/"),
        ),
        (
            "an http page too",
            "http://a.test/",
            "http://b.test/",
            Script,
            Upgrade::UpgradeInsecureRequests,
            Some("https://b.test/"),
        ),
        (
            "an address too",
            "https://a.test/",
            "http://192.0.2.1:81/",
            Empty,
            Upgrade::UpgradeInsecureRequests,
            Some("https://192.0.2.1:81/"),
        ),
        (
            "a frame",
            "https://a.test/",
            "http://b.test/",
            Iframe,
            Upgrade::UpgradeInsecureRequests,
            Some("https://b.test/"),
        ),
        (
            "to its own host",
            "https://a.test/",
            "http://a.test/x",
            Document,
            Upgrade::UpgradeInsecureRequests,
            Some("https://a.test/x"),
        ),
        (
            "to another port of it",
            "https://a.test/",
            "http://a.test:81/x",
            Document,
            Upgrade::TopLevelNavigation,
            None,
        ),
        ("to elsewhere", "https://a.test/", "http://b.test/", Document, Upgrade::TopLevelNavigation, None),
        ("https", "https://a.test/", "https://b.test/", Empty, Upgrade::NotNeeded, None),
        ("data", "https://a.test/", "data:,x", Empty, Upgrade::NotNeeded, None),
        ("ftp", "https://a.test/", "ftp://b.test/", Empty, Upgrade::NotHttp { scheme: "ftp".into() }, None),
    ] {
        let request = with_policy(request(Some(from), to, destination));
        let (got, new) = upgrade_request_to_a_potentially_trustworthy_url(&request);
        assert_eq!((got, new.as_ref().map(Url::href)), (verdict, becomes), "{row}");
    }
    let no_policy = request(SECURE, "http://b.test/", Empty);
    assert_eq!(upgrade_request_to_a_potentially_trustworthy_url(&no_policy), (Upgrade::NoPolicy, None));
    let no_client = request(None, "http://b.test/", Empty);
    assert_eq!(upgrade_request_to_a_potentially_trustworthy_url(&no_client), (Upgrade::NoPolicy, None));
}

#[test]
fn navigations_say_once_that_they_can_be_upgraded() {
    let mut navigation = request(SECURE, "http://b.test/", Destination::Iframe);
    let (name, value) = upgrade_insecure_requests_header(&navigation).expect("a header");
    navigation.header_list.append(name, value);
    assert_eq!(upgrade_insecure_requests_header(&navigation), None);
    assert_eq!(
        upgrade_insecure_requests_header(&request(SECURE, "http://b.test/", Destination::Image)),
        None
    );
}

#[test]
fn local_urls_only_table() {
    for (row, flag, to, verdict) in [
        ("not asked", false, "http://a.test/", LocalUrlsOnly::NotAsked),
        ("data", true, "data:,x", LocalUrlsOnly::Local),
        ("about", true, "about:blank", LocalUrlsOnly::Local),
        ("blob", true, "blob:https://a.test/1", LocalUrlsOnly::Local),
        ("http", true, "http://a.test/", LocalUrlsOnly::NotLocal { scheme: "http".into() }),
        ("file", true, "file:///x", LocalUrlsOnly::NotLocal { scheme: "file".into() }),
    ] {
        let mut request = request(None, to, Destination::Empty);
        request.local_urls_only = flag;
        assert_eq!(local_urls_only(&request), verdict, "{row}");
        assert_eq!(verdict.blocks(), matches!(verdict, LocalUrlsOnly::NotLocal { .. }));
    }
}
