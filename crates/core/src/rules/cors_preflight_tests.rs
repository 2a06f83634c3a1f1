//! Tables of the CORS-preflight fetch: when it is needed, what it asks, what its answers grant.
//!
//! Long because every step of the answer has rows of its own, with credentials and without.

use super::PreflightAnswer::*;
use super::*;
use crate::infrastructure::requests::{Destination, Initiator, Referrer, ReferrerPolicy};
use crate::infrastructure::url::Url;
use crate::rules::cors_safelists::CorsSafelist;

fn url(url: &str) -> Url {
    Url::parse(url, None).expect("a URL of the tests")
}

fn owned(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

fn unsafe_names(names: &[&str]) -> Vec<UnsafeName> {
    names.iter().map(|&name| UnsafeName { name: name.to_owned(), because: CorsSafelist::NotListed }).collect()
}

fn request(method: &str, credentials_mode: CredentialsMode) -> Request {
    let mut request = Request::new(url("https://api.test/items"));
    request.method = Method::new(method.as_bytes()).expect("a method of the tests");
    request.origin = Some(url("https://app.test").origin());
    request.mode = Mode::Cors;
    request.unsafe_request = true;
    request.credentials_mode = credentials_mode;
    request
}

#[test]
fn preflight_need_table() {
    let needed = |flag_set, method: Option<&str>, names: &[&str]| PreflightNeed::Needed {
        flag_set,
        unsafe_method: method.map(str::to_owned),
        unsafe_names: unsafe_names(names),
    };
    type Row<'a> = (&'a str, &'a str, bool, bool, &'a [&'a str], PreflightNeed);
    let table: &[Row<'_>] = &[
        ("GET alone is simple", "GET", true, false, &[], PreflightNeed::Simple),
        ("POST alone is simple", "POST", true, false, &[], PreflightNeed::Simple),
        ("PATCH is not", "PATCH", true, false, &[], needed(false, Some("PATCH"), &[])),
        ("patch is not either", "patch", true, false, &[], needed(false, Some("patch"), &[])),
        ("a name is enough", "GET", true, false, &["x-a"], needed(false, None, &["x-a"])),
        (
            "all reasons are told",
            "PUT",
            true,
            true,
            &["x-a", "x-b"],
            needed(true, Some("PUT"), &["x-a", "x-b"]),
        ),
        ("the flag alone is enough", "GET", false, true, &[], needed(true, None, &[])),
        ("the caller vouches", "PUT", false, false, &["x-a"], PreflightNeed::Vouched),
    ];
    for (name, method, unsafe_request, flag, names, need) in table {
        let mut request = request(method, CredentialsMode::SameOrigin);
        request.unsafe_request = *unsafe_request;
        request.use_cors_preflight = *flag;
        for &name in *names {
            request.header_list.append(bytes::Bytes::from(name.to_ascii_uppercase()), "?");
        }
        assert_eq!(preflight_need(&request), *need, "{name}");
    }
    let mut no_cors = request("PUT", CredentialsMode::Include);
    no_cors.mode = Mode::NoCors;
    assert_eq!(preflight_need(&no_cors), PreflightNeed::NotCors);
}

#[test]
fn the_question_is_written_to_the_byte() {
    let mut request = request("PATCH", CredentialsMode::Include);
    request.push_url(url("https://api.test/moved"));
    request.initiator = Initiator::Manifest;
    request.destination = Destination::Font;
    request.referrer = Referrer::Url(url("https://app.test/page"));
    request.referrer_policy = ReferrerPolicy::Origin;
    request.header_list.append("X-B", "2");
    request.header_list.append("Authorization", "Bearer secret");
    request.body = Some(crate::infrastructure::bodies::Body::from_bytes("body"));
    let preflight = preflight_request(&request, &unsafe_names(&["authorization", "content-type", "x-b"]));

    let headers: Vec<(&[u8], &[u8])> =
        preflight.header_list.iter().map(|header| (header.name(), &header.value()[..])).collect();
    assert_eq!(
        headers,
        [
            (&b"Accept"[..], &b"*/*"[..]),
            (b"Access-Control-Request-Method", b"PATCH"),
            (b"Access-Control-Request-Headers", b"authorization,content-type,x-b"),
        ]
    );
    assert_eq!(preflight.method, Method::OPTIONS);
    assert_eq!(preflight.url_list(), request.url_list());
    assert_eq!(preflight.initiator, Initiator::Manifest);
    assert_eq!(preflight.destination, Destination::Font);
    assert!(preflight.origin_or_opaque().same_origin(&request.origin_or_opaque()));
    assert_eq!(preflight.referrer, request.referrer);
    assert_eq!(preflight.referrer_policy, ReferrerPolicy::Origin);
    assert_eq!(preflight.mode, Mode::Cors);
    assert_eq!(preflight.response_tainting, ResponseTainting::Cors);
    // What it must not take over: credentials, body, client.
    assert_eq!(preflight.credentials_mode, CredentialsMode::SameOrigin);
    assert!(preflight.body.is_none() && preflight.client.is_none());

    let preflight = preflight_request(&request, &[]);
    assert!(!preflight.header_list.contains("Access-Control-Request-Headers"));
}

const OK: &[(&str, &str)] =
    &[("Access-Control-Allow-Origin", "https://app.test"), ("Access-Control-Allow-Credentials", "true")];

fn response(status: Status, headers: &[(&'static str, &'static str)]) -> InternalResponse {
    let mut response = InternalResponse { status, ..InternalResponse::default() };
    for &(name, value) in headers {
        response.header_list.append(name, value);
    }
    response
}

fn list(values: &[&str]) -> HeaderListValues {
    HeaderListValues::Values(values.iter().map(|value| value.as_bytes().to_vec()).collect())
}

fn answered(
    request: &Request,
    names: &[&str],
    methods: HeaderListValues,
    header_names: HeaderListValues,
) -> PreflightAnswer {
    let answer = Said { methods, header_names, max_age: HeaderListValues::Null };
    judge(request, &unsafe_names(names), &response(204, OK), answer, 7200, Departures::default())
}

#[test]
fn the_check_comes_before_the_status_and_both_before_the_lists() {
    let request = request("PUT", CredentialsMode::Omit);
    let answer = |status, headers| {
        preflight_answer(&request, &[], &response(status, headers), 7200, Departures::default())
    };
    assert_eq!(answer(404, &[]), CorsCheckFailed(CorsCheck::NoAllowOrigin));
    for status in [301, 307, 403, 404, 500, 199] {
        assert_eq!(answer(status, OK), NotOkStatus { status });
    }
    assert!(answer(404, OK).blocks());
}

#[test]
fn the_credentials_mode_is_the_requests_not_the_preflights() {
    let request = request("PUT", CredentialsMode::Include);
    let star = response(200, &[("Access-Control-Allow-Origin", "*")]);
    assert!(matches!(
        preflight_answer(&request, &[], &star, 7200, Departures::default()),
        CorsCheckFailed(CorsCheck::OriginMismatch { credentials: true, .. })
    ));
}

#[test]
fn answer_table() {
    use CredentialsMode::{Include, Omit};
    let failure = || HeaderListValues::Failure { said: "PUT, @".into() };
    let none = || HeaderListValues::Null;
    let granted = |methods: &[&str], names: &[&str]| Granted {
        methods: owned(methods),
        header_names: owned(names),
        max_age: 5,
        max_age_said: None,
        covered_by_departure: false,
    };
    let method_refused = |method: &str, allowed: &[&str], wildcard_refused| MethodNotAllowed {
        method: method.into(),
        allowed: owned(allowed),
        wildcard_refused,
    };
    let header_refused = |name: &str, allowed: &[&str], wildcard_refused| HeaderNotAllowed {
        name: name.into(),
        allowed: owned(allowed),
        wildcard_refused,
    };
    type Row<'a> = (
        &'a str,
        &'a str,
        CredentialsMode,
        &'a [&'a str],
        HeaderListValues,
        HeaderListValues,
        PreflightAnswer,
    );
    let table: &[Row<'_>] = &[
        (
            "the method is listed",
            "PUT",
            Omit,
            &[],
            list(&["GET", "PUT"]),
            none(),
            granted(&["GET", "PUT"], &[]),
        ),
        ("nothing is listed", "PUT", Omit, &[], none(), none(), method_refused("PUT", &[], false)),
        (
            "another is listed",
            "PUT",
            Omit,
            &[],
            list(&["DELETE"]),
            none(),
            method_refused("PUT", &["DELETE"], false),
        ),
        (
            "case counts",
            "patch",
            Omit,
            &[],
            list(&["PATCH"]),
            none(),
            method_refused("patch", &["PATCH"], false),
        ),
        ("star covers a method", "PUT", Omit, &[], list(&["*"]), none(), granted(&["*"], &[])),
        (
            "star covers no method with credentials",
            "PUT",
            Include,
            &[],
            list(&["*"]),
            none(),
            method_refused("PUT", &["*"], true),
        ),
        ("the method * is listed by its name", "*", Include, &[], list(&["*"]), none(), granted(&["*"], &[])),
        (
            "a safelisted method needs no word",
            "POST",
            Include,
            &[],
            list(&["PUT"]),
            none(),
            granted(&["PUT"], &[]),
        ),
        (
            "methods that do not parse",
            "PUT",
            Omit,
            &[],
            failure(),
            none(),
            UnparsableMethods { said: "PUT, @".into() },
        ),
        (
            "names that do not parse",
            "PUT",
            Omit,
            &[],
            none(),
            failure(),
            UnparsableHeaders { said: "PUT, @".into() },
        ),
        (
            "names are compared without case",
            "GET",
            Include,
            &["content-type", "x-a"],
            none(),
            list(&["X-A", "Content-Type"]),
            granted(&[], &["X-A", "Content-Type"]),
        ),
        (
            "the first name that is not listed",
            "GET",
            Omit,
            &["x-a", "x-b", "x-c"],
            none(),
            list(&["x-a"]),
            header_refused("x-b", &["x-a"], false),
        ),
        ("no list, no names", "GET", Omit, &["x-a"], none(), none(), header_refused("x-a", &[], false)),
        ("star covers names", "GET", Omit, &["x-a", "x-b"], none(), list(&["*"]), granted(&[], &["*"])),
        (
            "star covers no name with credentials",
            "GET",
            Include,
            &["x-a"],
            none(),
            list(&["*"]),
            header_refused("x-a", &["*"], true),
        ),
        (
            "the name * is listed by its name",
            "GET",
            Include,
            &["*"],
            none(),
            list(&["*"]),
            granted(&[], &["*"]),
        ),
    ];
    for (name, method, mode, unsafe_names, methods, names, verdict) in table {
        let request = request(method, *mode);
        let found = answered(&request, unsafe_names, methods.clone(), names.clone());
        assert_eq!(found, *verdict, "{name}");
        assert_eq!(found.blocks(), !matches!(found, Granted { .. }), "{name}");
    }
}

#[test]
fn star_never_covers_authorization() {
    for mode in [CredentialsMode::Omit, CredentialsMode::Include] {
        let mut request = request("GET", mode);
        request.header_list.append("AUTHORIZATION", "Basic x");
        assert_eq!(
            answered(&request, &["authorization"], HeaderListValues::Null, list(&["*"])),
            NonWildcardHeaderNotListed { name: "authorization".into(), allowed: owned(&["*"]) }
        );
        assert!(
            !answered(&request, &["authorization"], HeaderListValues::Null, list(&["*", "Authorization"]))
                .blocks()
        );
    }
}

#[test]
fn the_flag_grants_its_own_method_where_nothing_is_said() {
    let mut request = request("PUT", CredentialsMode::Omit);
    request.use_cors_preflight = true;
    let granted = answered(&request, &[], HeaderListValues::Null, HeaderListValues::Null);
    assert!(matches!(granted, Granted { methods, .. } if methods == ["PUT"]));
    // An empty header is not nothing.
    assert!(answered(&request, &[], list(&[]), HeaderListValues::Null).blocks());
}

#[test]
fn max_age_table() {
    let failure = HeaderListValues::Failure { said: "-1".into() };
    for (name, said, max_age, max_age_said) in [
        ("unsaid is five seconds", HeaderListValues::Null, 5, None),
        ("what does not parse is five seconds", failure, 5, Some("-1")),
        ("zero is zero", list(&["0"]), 0, Some("0")),
        ("a minute is a minute", list(&["60"]), 60, Some("60")),
        ("our limit is the limit", list(&["86400"]), 7200, Some("86400")),
        (
            "a number without end is our limit",
            list(&["99999999999999999999999"]),
            7200,
            Some("99999999999999999999999"),
        ),
        ("an empty value is five seconds", list(&[""]), 5, Some("")),
    ] {
        let request = request("GET", CredentialsMode::Omit);
        let answer =
            Said { methods: HeaderListValues::Null, header_names: HeaderListValues::Null, max_age: said };
        assert_eq!(
            judge(&request, &[], &response(200, OK), answer, 7200, Departures::default()),
            Granted {
                methods: vec![],
                header_names: vec![],
                max_age,
                max_age_said: max_age_said.map(str::to_owned),
                covered_by_departure: false,
            },
            "{name}"
        );
    }
}

#[test]
fn a_grant_is_the_requests_own() {
    let request = request("PUT", CredentialsMode::Include);
    let answer = answered(&request, &[], list(&["PUT"]), list(&["X-A"]));
    assert_eq!(
        answer.grant(&request),
        Some(Grant {
            scope: EntryScope::of(&request),
            credentials: true,
            max_age: 5,
            methods: owned(&["PUT"]),
            header_names: owned(&["X-A"]),
        })
    );
    assert_eq!(NotOkStatus { status: 404 }.grant(&request), None);
}

#[test]
fn row_66_star_with_credentials_is_named() {
    let request = request("PUT", CredentialsMode::Include);
    assert!(matches!(
        answered(&request, &[], list(&["*"]), HeaderListValues::Null),
        MethodNotAllowed { wildcard_refused: true, .. }
    ));
    assert!(matches!(
        answered(&request, &["x-a"], list(&["PUT"]), list(&["*"])),
        HeaderNotAllowed { wildcard_refused: true, .. }
    ));
}

#[test]
fn headers_of_an_answer_are_read_by_their_grammar() {
    let mut request = request("PUT", CredentialsMode::Omit);
    request.header_list.append("X-A", "1");
    let names = cors_unsafe_request_header_names(&request.header_list);
    let answer = |headers: &[(&'static str, &'static str)]| {
        preflight_answer(
            &request,
            &names,
            &response(204, &[OK, headers].concat()),
            7200,
            Departures::default(),
        )
    };
    let granted = answer(&[
        ("access-control-allow-methods", "GET ,PUT,,"),
        ("Access-Control-Allow-Headers", "x-b"),
        ("access-control-allow-headers", "X-A"),
        ("access-control-max-age", "60"),
    ]);
    assert_eq!(
        granted,
        Granted {
            methods: owned(&["GET", "PUT"]),
            header_names: owned(&["x-b", "X-A"]),
            max_age: 60,
            max_age_said: Some("60".into()),
            covered_by_departure: false,
        }
    );
    assert!(matches!(answer(&[("access-control-allow-methods", "PUT; GET")]), UnparsableMethods { .. }));
    assert!(matches!(
        answer(&[("access-control-allow-methods", "PUT"), ("access-control-allow-headers", "x-a x-b")]),
        UnparsableHeaders { .. }
    ));
    // Two max-ages are none.
    let twice = [
        ("access-control-allow-methods", "*"),
        ("access-control-allow-headers", "*"),
        ("access-control-max-age", "60"),
        ("access-control-max-age", "60"),
    ];
    assert!(matches!(answer(&twice), Granted { max_age: 5, .. }));
}

#[test]
fn a_browser_s_wildcard_covers_authorization_where_it_was_asked_to() {
    let as_browser = Departures { wildcard_covers_authorization: true, ..Departures::default() };
    let refused = |allowed: &[&str]| NonWildcardHeaderNotListed {
        name: "authorization".into(),
        allowed: owned(allowed),
    };
    let granted = |names: &[&str], covered_by_departure| Granted {
        methods: vec![],
        header_names: owned(names),
        max_age: 5,
        max_age_said: None,
        covered_by_departure,
    };
    let (omit, include) = (CredentialsMode::Omit, CredentialsMode::Include);
    for (row, credentials, departures, names, expected) in [
        ("the Standard", omit, Departures::default(), &["*"][..], refused(&["*"])),
        ("a browser", omit, as_browser, &["*"], granted(&["*"], true)),
        ("a browser, with credentials", include, as_browser, &["*"], refused(&["*"])),
        ("a browser, and no wildcard", omit, as_browser, &["x-a"], refused(&["x-a"])),
        ("it is listed", omit, as_browser, &["Authorization"], granted(&["Authorization"], false)),
    ] {
        let mut request = request("GET", credentials);
        request.header_list.append("Authorization", "Bearer b");
        let answer = Said {
            methods: HeaderListValues::Null,
            header_names: HeaderListValues::Values(
                names.iter().map(|name| name.as_bytes().to_vec()).collect(),
            ),
            max_age: HeaderListValues::Null,
        };
        let allowed = match credentials {
            CredentialsMode::Include => response(
                204,
                &[
                    ("Access-Control-Allow-Origin", "https://app.test"),
                    ("Access-Control-Allow-Credentials", "true"),
                ],
            ),
            _ => response(204, OK),
        };
        let got = judge(&request, &unsafe_names(&["authorization"]), &allowed, answer, 7200, departures);
        assert_eq!(got, expected, "{row}");
    }
}
