//! What each filter shows, by every route that a response has.

use super::*;
use crate::infrastructure::bodies::Body;
use crate::infrastructure::responses::ResponseType;
use crate::infrastructure::url::Url;

const HEADERS: [(&str, &str); 8] = [
    ("Content-Type", "text/plain"),
    ("SET-COOKIE", "session=secret"),
    ("set-cookie2", "session=secret"),
    ("X-Secret", "42"),
    ("X-Shown", "1"),
    ("Content-Range", "bytes 0-9/1234"),
    ("cache-control", "no-store"),
    ("x-shown", "2"),
];

fn internal() -> InternalResponse {
    let mut response = InternalResponse {
        url_list: vec![
            Url::parse("https://b.test/from", None).expect("a URL of the tests"),
            Url::parse("https://b.test/to?token", None).expect("a URL of the tests"),
        ],
        status: 206,
        status_message: "Partial".into(),
        body: Some(Body::from_bytes("secret")),
        ..InternalResponse::default()
    };
    for (name, value) in HEADERS {
        response.header_list.append(name, value);
    }
    response
}

fn exposing(names: &[&str]) -> InternalResponse {
    let names = names.iter().map(|name| name.as_bytes().to_vec()).collect();
    InternalResponse { cors_exposed_header_name_list: names, ..internal() }
}

fn shown(response: &Response) -> Vec<String> {
    shown_header_list(response).iter().map(|header| said(header.name()).to_ascii_lowercase()).collect()
}

#[test]
fn shown_headers_table() {
    let many: Vec<String> = (0..40).map(|number| format!("x-{number}")).chain(["X-SHOWN".into()]).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let safelisted = ["content-type", "cache-control"];
    let with_shown = ["content-type", "x-shown", "cache-control", "x-shown"];
    let basic = ["content-type", "x-secret", "x-shown", "content-range", "cache-control", "x-shown"];
    type Row<'a> = (&'a str, Filter, &'a [&'a str], &'a [&'a str]);
    let table: &[Row<'_>] = &[
        ("basic hides cookies alone", Filter::Basic, &[], &basic),
        ("what is exposed means nothing to basic", Filter::Basic, &["set-cookie"], &basic),
        ("cors shows the safelist", Filter::Cors, &[], &safelisted),
        ("and what is exposed", Filter::Cors, &["x-shown"], &with_shown),
        ("in any case", Filter::Cors, &["X-sHOWN"], &with_shown),
        ("cookies are exposed by nobody", Filter::Cors, &["set-cookie", "Set-Cookie2"], &safelisted),
        ("a name that is not there", Filter::Cors, &["x-other"], &safelisted),
        ("* in the list is a name", Filter::Cors, &["*"], &safelisted),
        ("a long list", Filter::Cors, &many, &with_shown),
        ("opaque shows nothing", Filter::Opaque, &["x-shown"], &[]),
        ("an opaque redirect shows nothing", Filter::OpaqueRedirect, &["x-shown"], &[]),
    ];
    for (name, filter, exposed, expected) in table {
        let response = Response::new(exposing(exposed)).filtered(*filter);
        assert_eq!(shown(&response), *expected, "{name}");
        // The explainer says of each header what the list does.
        for (header, _) in HEADERS {
            let is_shown = expected.contains(&&*header.to_ascii_lowercase());
            assert_eq!(why_hidden(&response, header).is_shown(), is_shown, "{name}: {header}");
        }
        assert_eq!(why_hidden(&response, "x-absent"), Shown::Absent, "{name}");
    }
}

#[test]
fn why_table() {
    let of = |filter, name| why_hidden(&Response::new(exposing(&["x-shown"])).filtered(filter), name);
    for (filter, name, verdict) in [
        (Filter::Basic, "x-secret", Shown::Basic),
        (Filter::Basic, "Set-Cookie", Shown::ForbiddenResponseHeader),
        (Filter::Cors, "Content-Type", Shown::Safelisted),
        (Filter::Cors, "X-Shown", Shown::Exposed),
        (Filter::Cors, "x-secret", Shown::NotExposed),
        (Filter::Cors, "set-cookie", Shown::ForbiddenResponseHeader),
        (Filter::Opaque, "content-type", Shown::Opaque),
        (Filter::OpaqueRedirect, "content-type", Shown::OpaqueRedirect),
    ] {
        assert_eq!(of(filter, name), verdict, "{filter:?} {name}");
    }
    assert_eq!(why_hidden(&Response::new(internal()), "set-cookie"), Shown::Unfiltered);
}

#[test]
fn nothing_is_copied_where_nothing_is_hidden() {
    let mut plain = InternalResponse::default();
    plain.header_list.append("Content-Type", "text/plain");
    for filter in [Filter::Basic, Filter::Cors] {
        let mut internal = InternalResponse::default();
        internal.header_list.append("Content-Type", "text/plain");
        assert!(matches!(shown_header_list(&Response::new(internal).filtered(filter)), Cow::Borrowed(_)));
    }
    assert!(matches!(shown_header_list(&Response::new(plain)), Cow::Borrowed(_)));
}

#[test]
fn exposed_names_table() {
    use CredentialsMode::{Include, SameOrigin};
    let list = |names: &[&str]| {
        HeaderListValues::Values(names.iter().map(|name| name.as_bytes().to_vec()).collect())
    };
    let listed = |names: &[&str], wildcard_refused| CorsExposedHeaderNames::Listed {
        names: names.iter().map(|&name| name.to_owned()).collect(),
        wildcard_refused,
    };
    let failure = HeaderListValues::Failure { said: "a b".into() };
    let unparsable = CorsExposedHeaderNames::Unparsable { said: "a b".into() };
    type Row<'a> = (&'a str, CredentialsMode, HeaderListValues, CorsExposedHeaderNames, Shown);
    let table: Vec<Row<'_>> = vec![
        ("unsaid", SameOrigin, HeaderListValues::Null, CorsExposedHeaderNames::Unsaid, Shown::NotExposed),
        ("no list", SameOrigin, failure, unparsable, Shown::NotExposed),
        ("an empty list", SameOrigin, list(&[]), listed(&[], false), Shown::NotExposed),
        ("a name", Include, list(&["X-Secret"]), listed(&["X-Secret"], false), Shown::Exposed),
        ("star", SameOrigin, list(&["a", "*"]), CorsExposedHeaderNames::Everything, Shown::Exposed),
        ("star with credentials", Include, list(&["*"]), listed(&["*"], true), Shown::NotExposed),
    ];
    for (name, mode, names, verdict, secret) in table {
        let mut internal = internal();
        assert_eq!(set_exposed(mode, names, &mut internal), verdict, "{name}");
        let response = Response::new(internal).filtered(Filter::Cors);
        assert_eq!(why_hidden(&response, "x-secret"), secret, "{name}");
        assert_eq!(why_hidden(&response, "set-cookie"), Shown::ForbiddenResponseHeader, "{name}");
    }
}

#[test]
fn the_header_is_read_by_its_grammar() {
    for (said, verdict) in [
        ("x-secret, X-Other", Shown::Exposed),
        (",x-secret", Shown::Exposed),
        ("x-secret x-other", Shown::NotExposed),
        ("*", Shown::Exposed),
        ("x-other", Shown::NotExposed),
    ] {
        let mut internal = internal();
        internal.header_list.append("access-control-expose-headers", said);
        set_cors_exposed_header_name_list(CredentialsMode::Omit, &mut internal);
        let response = Response::new(internal).filtered(Filter::Cors);
        assert_eq!(why_hidden(&response, "X-Secret"), verdict, "{said}");
    }
}

#[test]
fn taintings_have_their_filters() {
    let filters = ResponseTainting::ALL.iter().map(|&tainting| filter_for(tainting));
    assert!(filters.eq([Filter::Basic, Filter::Cors, Filter::Opaque]));
}

#[test]
fn row_61_the_size_behind_a_range_is_not_shown() {
    for filter in [Filter::Opaque, Filter::OpaqueRedirect, Filter::Cors] {
        let response = Response::new(internal()).filtered(filter);
        assert!(!shown_header_list(&response).contains("Content-Range"), "{filter:?}");
    }
}

#[test]
fn row_62_every_route_to_an_opaque_response_shows_nothing() {
    for (filter, urls) in [(Filter::Opaque, 0), (Filter::OpaqueRedirect, 2)] {
        let mut original = Response::new(internal()).filtered(filter);
        // A clone is seen through the same filter, and so is its clone.
        let mut clone = original.clone_response();
        let clones_clone = clone.clone_with_tee_limit(Some(1));
        for mut response in [original, clone, clones_clone] {
            assert_eq!(response.filter(), Some(filter));
            assert_eq!(response.url_list().len(), urls);
            assert_eq!(response.status(), 0);
            assert_eq!(response.status_message(), b"");
            assert!(response.body_mut().is_none());
            assert!(shown_header_list(&response).is_empty());
            assert!(matches!(response.response_type(), ResponseType::Opaque | ResponseType::OpaqueRedirect));
        }
    }
}

#[test]
fn row_62_no_filter_shows_a_cookie() {
    for filter in [Filter::Basic, Filter::Cors, Filter::Opaque, Filter::OpaqueRedirect] {
        let response = Response::new(exposing(&["set-cookie", "set-cookie2", "*"])).filtered(filter);
        let list = shown_header_list(&response);
        assert!(!list.contains("Set-Cookie") && !list.contains("Set-Cookie2"), "{filter:?}");
        assert!(!shown(&response).iter().any(|name| name.starts_with("set-cookie")), "{filter:?}");
    }
}
