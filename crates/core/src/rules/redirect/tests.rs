//! Tables of refusals and rewritings, and the peers' faults with credentials on redirects.

use super::*;
use crate::infrastructure::bodies::{Body, BodySource};
use crate::infrastructure::header_list::HeaderList;
use crate::infrastructure::origins::Origin;

const A: &str = "https://a.test/start";
/// Each is another origin than [`A`]'s: other host, port, scheme, subdomain, parent, and a name that ends or begins alike.
const ELSEWHERE: [&str; 8] = [
    "https://b.test/",
    "https://a.test:444/",
    "http://a.test/",
    "https://sub.a.test/",
    "https://test/",
    "https://nota.test/",
    "https://a.test.evil.test/",
    "https://a.test./",
];
const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

fn url(input: &str) -> Url {
    Url::parse(input, None).expect("a URL of the table")
}

fn request(to: &str) -> Request {
    let mut request = Request::new(url(to));
    request.origin = Some(url(A).origin());
    request
}

fn status(status: u16) -> InternalResponse {
    InternalResponse { status, ..Default::default() }
}

fn judge(request: &Request, code: u16, to: &str) -> (Redirect, Option<Rewrite>) {
    redirect(request, &status(code), LocationUrl::Url(url(to)), &[], Departures::default())
}

/// Follows, as an owner without a page, and hands the headers back.
fn follow(request: &mut Request, code: u16, to: &str, sensitive: &[String]) {
    request.owner = true;
    let location = LocationUrl::Url(url(to));
    let (verdict, rewrite) = redirect(request, &status(code), location, sensitive, Departures::default());
    assert!(!verdict.blocks(), "{verdict:?}");
    rewrite.expect("a rewrite, since it is followed").apply(request);
}

fn names(headers: &HeaderList) -> Vec<String> {
    headers.iter().map(|header| said(header.name()).to_ascii_lowercase()).collect()
}

#[test]
fn refusals_table() {
    type Change = fn(&mut Request);
    let unchanged: Change = |_| {};
    let cors: Change = |request| request.mode = Mode::Cors;
    let tainted: Change = |request| request.response_tainting = ResponseTainting::Cors;
    let stream: Change = |request| {
        request.method = Method::POST;
        request.body = Some(Body::from_chunks([], BodySource::Null));
    };
    let tired: Change = |request| request.redirect_count = 20;
    for (row, change, code, to, refusal) in [
        ("data", unchanged, 302, "data:,x", Some(Redirect::NotHttpScheme { scheme: "data".into() })),
        ("about", unchanged, 302, "about:blank", Some(Redirect::NotHttpScheme { scheme: "about".into() })),
        ("file", unchanged, 302, "file:///etc", Some(Redirect::NotHttpScheme { scheme: "file".into() })),
        ("ws", unchanged, 302, "ws://a.test/", Some(Redirect::NotHttpScheme { scheme: "ws".into() })),
        ("the 21st", tired, 302, "https://a.test/", Some(Redirect::TooMany { count: 20 })),
        (
            "credentials to another origin under cors",
            cors,
            302,
            "https://user:secret@b.test/",
            Some(Redirect::CorsWithCredentials {
                to: "https://b.test/".into(),
                origin: "https://a.test".into(),
            }),
        ),
        (
            "a lone username",
            cors,
            302,
            "https://user@b.test/",
            Some(Redirect::CorsWithCredentials {
                to: "https://b.test/".into(),
                origin: "https://a.test".into(),
            }),
        ),
        ("credentials to the request's own origin", cors, 302, "https://user:secret@a.test/", None),
        ("credentials without cors", unchanged, 302, "https://user:secret@b.test/", None),
        (
            "credentials home again, tainted",
            tainted,
            302,
            "https://user:secret@a.test/",
            Some(Redirect::TaintedWithCredentials { to: "https://a.test/".into() }),
        ),
        (
            "a stream with 307",
            stream,
            307,
            "https://a.test/",
            Some(Redirect::BodyNotReplayable { status: 307 }),
        ),
        (
            "a stream with 301",
            stream,
            301,
            "https://a.test/",
            Some(Redirect::BodyNotReplayable { status: 301 }),
        ),
        ("a stream with 303", stream, 303, "https://a.test/", None),
        ("nothing odd", unchanged, 302, "https://b.test/", None),
    ] {
        let mut request = request(A);
        change(&mut request);
        let (verdict, rewrite) = judge(&request, code, to);
        assert_eq!(verdict.blocks(), refusal.is_some(), "{row}: {verdict:?}");
        assert_eq!(rewrite.is_some(), refusal.is_none(), "{row}");
        if let Some(refusal) = refusal {
            assert_eq!(verdict, refusal, "{row}");
        }
    }
}

#[test]
fn without_a_usable_location() {
    let request = request(A);
    let said = "http://[".to_owned();
    for (location, verdict) in [
        (LocationUrl::Null, Redirect::NotARedirect),
        (LocationUrl::Failure { said: said.clone() }, Redirect::InvalidLocation { said }),
    ] {
        let got = redirect(&request, &status(302), location, &[], Departures::default());
        assert_eq!(got, (verdict, None));
    }
    assert!(!Redirect::NotARedirect.blocks());
}

#[test]
fn on_the_users_own_behalf_a_redirect_may_bring_credentials() {
    let mut request = request("https://a.test/");
    request.mode = Mode::Cors;
    let location = LocationUrl::Url(url("https://user:secret@b.test/"));
    request.owner = true;
    let (verdict, rewrite) = redirect(&request, &status(302), location, &[], Departures::default());
    assert!(!verdict.blocks(), "{verdict:?}");
    assert!(rewrite.is_some_and(|rewrite| rewrite.location.includes_credentials()));
}

#[test]
fn an_unpopulated_origin_is_nobodys() {
    let mut request = Request::new(url(A));
    request.mode = Mode::Cors;
    let (verdict, _) = judge(&request, 302, "https://user@a.test/");
    assert!(matches!(verdict, Redirect::CorsWithCredentials { .. }));
    request.origin = Some(Origin::new_opaque());
    assert!(judge(&request, 302, "https://user@a.test/").0.blocks());
}

#[test]
fn method_and_body_table() {
    for (method, becomes_get) in [
        ("GET", [false, false, false, false, false]),
        ("HEAD", [false, false, false, false, false]),
        ("POST", [true, true, true, false, false]),
        ("PUT", [false, false, true, false, false]),
        ("DELETE", [false, false, true, false, false]),
        ("post", [false, false, true, false, false]),
        ("OPTIONS", [false, false, true, false, false]),
    ] {
        for (code, becomes_get) in STATUSES.into_iter().zip(becomes_get) {
            let mut request = request(A);
            request.method = Method::new(method.as_bytes()).expect("a method");
            request.body = (!matches!(method, "GET" | "HEAD")).then(|| Body::from_bytes("x"));
            let had_body = request.body.is_some();
            for name in ["content-type", "Content-Language", "X-Own", "Content-Encoding", "Content-Location"]
            {
                request.header_list.append(name, "v");
            }
            let (verdict, rewrite) = judge(&request, code, "https://a.test/next");
            let Redirect::Followed { from, to, method_changed, removed_headers, count } = verdict else {
                panic!("{method} {code}: not followed");
            };
            assert_eq!((from.as_str(), to.as_str(), count), (A, "https://a.test/next", 1));
            let changed = becomes_get.then(|| (method.to_owned(), "GET".to_owned()));
            assert_eq!(method_changed, changed, "{method} {code}");
            rewrite.expect("a rewrite").apply(&mut request);
            assert_eq!(request.method.as_str(), if becomes_get { "GET" } else { method }, "{method} {code}");
            assert_eq!(request.body.is_some(), had_body && !becomes_get, "{method} {code}");
            let own = request.header_list.contains("x-own");
            assert!(own && request.header_list.contains("content-type") != becomes_get, "{method} {code}");
            assert_eq!(removed_headers.len(), if becomes_get { 4 } else { 0 });
            assert_eq!(request.header_list.len(), 5 - removed_headers.len());
            assert_eq!((request.current_url().href(), request.redirect_count), ("https://a.test/next", 1));
            assert_eq!(request.url_list().len(), 2);
        }
    }
}

#[test]
fn the_twentieth_redirect_is_followed_and_no_more() {
    let mut request = request(A);
    for count in 1..=20 {
        let (verdict, rewrite) = judge(&request, 302, A);
        assert!(matches!(verdict, Redirect::Followed { count: now, .. } if now == count));
        rewrite.expect("a rewrite").apply(&mut request);
    }
    assert_eq!(judge(&request, 302, A), (Redirect::TooMany { count: 20 }, None));
}

#[test]
fn no_password_is_shown() {
    let (verdict, rewrite) =
        judge(&request("https://user:secret@a.test/"), 302, "https://user:secret@b.test/");
    assert!(!format!("{verdict:?}").contains("secret"));
    assert_eq!(rewrite.expect("a rewrite").location.password(), "secret");
}

#[test]
fn a_page_loses_authorization_and_nothing_else() {
    for code in STATUSES {
        for to in ELSEWHERE {
            let mut request = request(A);
            for name in ["authorization", "AUTHORIZATION", "X-Api-Key", "Accept"] {
                request.header_list.append(name, "v");
            }
            let (verdict, rewrite) = judge(&request, code, to);
            rewrite.expect("a rewrite").apply(&mut request);
            assert_eq!(names(&request.header_list), ["x-api-key", "accept"], "{code} to {to}");
            let Redirect::Followed { removed_headers, .. } = verdict else { panic!("followed") };
            assert_eq!(removed_headers, ["authorization"; 2], "as appended: in the first one's case");
        }
        for to in ["https://a.test/next", "https://a.test:443/", "https://user@a.test/"] {
            let mut request = request(A);
            request.header_list.append("Authorization", "v");
            judge(&request, code, to).1.expect("a rewrite").apply(&mut request);
            assert!(request.header_list.contains("authorization"), "{code} to {to}");
        }
    }
}

/// An owner's request with each of `secrets` and a harmless header, sent from [`A`] to each other origin by each status.
fn across_every_border(secrets: &[&'static str], sensitive: &[String]) {
    for code in STATUSES {
        for to in ELSEWHERE {
            for method in [Method::GET, Method::POST] {
                let mut request = request(A);
                request.method = method;
                for secret in secrets {
                    request.header_list.append(*secret, "secret");
                }
                request.header_list.append("Accept", "v");
                follow(&mut request, code, to, sensitive);
                assert_eq!(names(&request.header_list), ["accept"], "{code} to {to}");
            }
        }
        let mut request = request(A);
        for secret in secrets {
            request.header_list.append(*secret, "secret");
        }
        follow(&mut request, code, "https://a.test/next", sensitive);
        assert_eq!(request.header_list.len(), secrets.len(), "{code} within the origin");
    }
}

#[test]
fn row_1_headers_set_by_hand_do_not_cross_origins() {
    across_every_border(&["Cookie", "Authorization", "Proxy-Authorization", "Host"], &[]);
}

#[test]
fn row_3_proxy_authorization_does_not_cross_origins() {
    across_every_border(&["Proxy-Authorization"], &[]);
}

#[test]
fn row_5_authorization_is_not_restored_on_the_way_home() {
    for code in STATUSES {
        let mut request = request(A);
        request.header_list.append("Authorization", "secret");
        request.header_list.append("Cookie", "secret");
        follow(&mut request, code, "https://b.test/", &[]);
        follow(&mut request, code, A, &[]);
        assert!(request.header_list.is_empty(), "{code}");
        assert_eq!(request.current_url().href(), A);
    }
}

#[test]
fn row_8_a_fall_to_http_on_the_same_host_strips() {
    for code in STATUSES {
        let mut request = request("https://a.test/");
        request.header_list.append("Authorization", "secret");
        request.header_list.append("Cookie", "secret");
        follow(&mut request, code, "http://a.test/", &[]);
        assert!(request.header_list.is_empty(), "{code}");
    }
}

#[test]
fn row_9_names_are_matched_in_any_case() {
    across_every_border(&["pROXY-aUTHORIZATION", "COOKIE", "authorization", "hOsT"], &[]);
}

#[test]
fn row_11_an_owners_sensitive_headers_stay_with_their_origin() {
    across_every_border(
        &["X-API-Key", "x-api-key", "X-Auth-Token"],
        &["x-Api-Key".into(), "X-Auth-Token".into()],
    );
}

#[test]
fn row_15_another_port_is_another_origin() {
    for to in ["https://a.test:444/", "https://a.test:80/", "http://a.test:443/"] {
        let mut request = request(A);
        request.header_list.append("Authorization", "secret");
        follow(&mut request, 302, to, &[]);
        assert!(request.header_list.is_empty(), "{to}");
    }
}

#[test]
fn row_16_custom_headers_and_cookies_stop_at_another_port_or_scheme() {
    for to in ["https://a.test:444/", "http://a.test/"] {
        let mut request = request(A);
        for name in ["Cookie", "X-Custom", "cookie"] {
            request.header_list.append(name, "secret");
        }
        follow(&mut request, 307, to, &["X-Custom".into()]);
        assert!(request.header_list.is_empty(), "{to}");
    }
}

#[test]
fn an_owners_framing_of_a_dropped_body_is_dropped() {
    let mut request = request(A);
    request.method = Method::POST;
    request.body = Some(Body::from_bytes("x"));
    for name in ["Content-Length", "Transfer-Encoding", "Expect", "Content-Type"] {
        request.header_list.append(name, "v");
    }
    follow(&mut request, 303, "https://a.test/", &[]);
    assert!(request.header_list.is_empty() && request.body.is_none());
}

#[test]
fn a_browser_refuses_credentials_within_one_origin_where_it_was_asked_to() {
    let as_browser = Departures { no_credentials_in_redirects: true, ..Departures::default() };
    let cors: fn(&mut Request) = |request| request.mode = Mode::Cors;
    for (row, change, departures, to, blocks) in [
        ("the Standard", cors, Departures::default(), "https://user@a.test/", false),
        ("a browser", cors, as_browser, "https://user@a.test/", true),
        ("a browser, and no user", cors, as_browser, "https://a.test/there", false),
        ("the Standard without cors", |_| {}, Departures::default(), "https://user@b.test/", false),
        ("a browser without cors", |_| {}, as_browser, "https://user@b.test/", true),
        ("a navigation", |request| request.mode = Mode::Navigate, as_browser, "https://user@b.test/", false),
        (
            "the user himself",
            |request| (request.owner, request.mode) = (true, Mode::Cors),
            as_browser,
            "https://u@a.test/",
            false,
        ),
    ] {
        let mut request = request(A);
        change(&mut request);
        let (verdict, _) = redirect(&request, &status(302), LocationUrl::Url(url(to)), &[], departures);
        assert_eq!(verdict.blocks(), blocks, "{row}: {verdict:?}");
    }
}
