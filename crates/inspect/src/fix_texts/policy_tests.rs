//! From edits and answers to a policy.

use bytes::Bytes;
use sofetch_core::fixes::{AnswerId, Edit};
use sofetch_core::infrastructure::connections::Protocol;
use sofetch_core::infrastructure::methods::Method;

use super::*;
use crate::test_recordings::{headers, url};

const PAGE: &str = "https://a.test";
const X: &str = "https://b.test/x?n=1";

type List<'a> = &'a [(&'static str, &'a str)];

fn edit(to: AnswerTo, change: Change, at: &str) -> OfferedEdit {
    let method = if to == AnswerTo::Preflight { Method::OPTIONS } else { Method::PATCH };
    let answer = AnswerId { hop: 0, to };
    OfferedEdit {
        edit: Edit { answer, change },
        method,
        url: url(at),
        was: None,
        assumed: false,
        opens: None,
    }
}

fn set(to: AnswerTo, name: &str, value: &str) -> OfferedEdit {
    edit(to, Change::Set { name: name.into(), value: value.into() }, X)
}

fn answer(to: AnswerTo, method: Method, sent: List<'_>, status: Status, list: List<'_>) -> TapedAnswer {
    TapedAnswer {
        id: AnswerId { hop: 0, to },
        method,
        url: url(X),
        sent: headers(sent),
        status: Some(status),
        status_message: Bytes::new(),
        header_list: headers(list),
        body: Bytes::new(),
        protocol: Protocol::Http1,
    }
}

fn request(status: Status, list: List<'_>) -> TapedAnswer {
    answer(Request, Method::PATCH, &[("Origin", PAGE)], status, list)
}

fn preflight(status: Status, list: List<'_>) -> TapedAnswer {
    let sent = [
        ("Origin", PAGE),
        ("Access-Control-Request-Method", "PATCH"),
        ("Access-Control-Request-Headers", "api-key,content-type"),
    ];
    answer(Preflight, Method::OPTIONS, &sent, status, list)
}

fn policies(
    edits: Vec<OfferedEdit>,
    answers: Vec<TapedAnswer>,
    credentials: bool,
) -> Vec<Result<ServerPolicy, Unwritable>> {
    let tape = Tape { answers, credentials };
    let policies = ServerPolicy::of(&EditSet { edits }, &tape, Secrets::Redacted);
    policies.into_iter().map(|(_, policy)| policy).collect()
}

fn policy(edits: Vec<OfferedEdit>, answers: Vec<TapedAnswer>, credentials: bool) -> ServerPolicy {
    policies(edits, answers, credentials).remove(0).expect("a policy")
}

fn cors(edits: Vec<OfferedEdit>, answers: Vec<TapedAnswer>, credentials: bool) -> CorsPolicy {
    policy(edits, answers, credentials).cors.expect("of CORS")
}

use AnswerTo::{Preflight, Request};

#[test]
fn a_closed_answer_is_opened_to_the_page_that_asked_and_nobody_else() {
    let policy = policy(vec![set(Request, ALLOW_ORIGIN, PAGE)], vec![request(200, &[])], false);
    assert_eq!(
        policy,
        ServerPolicy {
            path: "/x".into(),
            cors: Some(CorsPolicy {
                origins: Origins::One(PAGE.into()),
                credentials: false,
                preflight: false,
                methods: vec!["PATCH".into()],
                headers: Vec::new(),
                expose: Vec::new(),
                max_age: None,
            }),
            set: Vec::new(),
            remove: Vec::new(),
            status: 200,
            notes: vec![Note::ThisPath { path: "/x".into() }],
        }
    );
}

#[test]
fn what_was_allowed_stays_and_what_was_asked_is_added() {
    let before = [
        (ALLOW_ORIGIN, PAGE),
        (ALLOW_METHODS, "GET, PUT"),
        (ALLOW_HEADERS, "X-Old, Content-Type"),
        ("Access-Control-Max-Age", "600"),
    ];
    let edits = vec![
        set(Preflight, ALLOW_METHODS, "GET, PUT, PATCH"),
        set(Preflight, ALLOW_HEADERS, "X-Old, Content-Type, api-key"),
    ];
    let exposed = [(ALLOW_ORIGIN, PAGE), ("Access-Control-Expose-Headers", "X-Total, *, a'b")];
    let cors = cors(edits, vec![preflight(204, &before), request(200, &exposed)], false);
    assert_eq!(cors.methods, ["GET", "PUT", "PATCH"]);
    assert_eq!(cors.headers, ["X-Old", "Content-Type", "api-key"]);
    assert_eq!(cors.expose, ["X-Total"]);
    assert_eq!((cors.max_age, cors.preflight), (Some(600), true));
    assert_eq!(cors.origins, Origins::One(PAGE.into()));
}

#[test]
fn credentials_are_allowed_to_who_asked_with_them_or_had_them() {
    let other = [(ALLOW_ORIGIN, "https://other.test"), (ALLOW_CREDENTIALS, "true")];
    let origin = || vec![set(Request, ALLOW_ORIGIN, PAGE)];
    for (name, edits, answer, asked, expected) in [
        ("asked with them", origin(), request(200, &[]), true, true),
        ("asked without", origin(), request(200, &[]), false, false),
        ("another had them", origin(), request(200, &other), false, false),
        (
            "this one had them",
            vec![set(Preflight, ALLOW_METHODS, "PATCH")],
            preflight(204, &[(ALLOW_ORIGIN, PAGE), (ALLOW_CREDENTIALS, "true")]),
            false,
            true,
        ),
        (
            "anybody has none",
            vec![set(Request, ALLOW_ORIGIN, "*")],
            request(200, &[(ALLOW_CREDENTIALS, "true")]),
            true,
            false,
        ),
    ] {
        assert_eq!(cors(edits, vec![answer], asked).credentials, expected, "{name}");
    }
}

#[test]
fn who_table() {
    let methods = || vec![set(Preflight, ALLOW_METHODS, "PATCH")];
    for (name, edits, said, expected) in [
        ("a named one", vec![set(Request, ALLOW_ORIGIN, PAGE)], "*", Origins::One(PAGE.into())),
        ("anybody, for a page without a name", vec![set(Request, ALLOW_ORIGIN, "*")], "", Origins::Any),
        ("anybody, as before", methods(), "*", Origins::Any),
        ("the one that was let in before", methods(), PAGE, Origins::One(PAGE.into())),
    ] {
        assert_eq!(
            cors(edits, vec![preflight(204, &[(ALLOW_ORIGIN, said)])], false).origins,
            expected,
            "{name}"
        );
    }
}

#[test]
fn notes_table() {
    let origin = || vec![set(Request, ALLOW_ORIGIN, PAGE)];
    let status = |to, status| vec![edit(to, Change::Status { status }, X), set(Request, ALLOW_ORIGIN, PAGE)];
    let twice = [(ALLOW_ORIGIN, PAGE), (ALLOW_ORIGIN, PAGE)];
    let two = "https://a.test, https://a.test";
    for (name, edits, answer, expected) in [
        (
            "twice",
            origin(),
            request(200, &twice),
            vec![Note::Doubled { name: ALLOW_ORIGIN, said: two.into() }],
        ),
        (
            "several in one",
            origin(),
            request(200, &[(ALLOW_ORIGIN, two)]),
            vec![Note::SeveralOrigins { said: two.into() }],
        ),
        (
            "another origin",
            origin(),
            request(200, &[(ALLOW_ORIGIN, "https://c.test")]),
            vec![
                Note::AlreadySet { name: ALLOW_ORIGIN },
                Note::OtherOrigin { said: "https://c.test".into() },
            ],
        ),
        (
            "any",
            origin(),
            request(200, &[(ALLOW_ORIGIN, "*")]),
            vec![Note::AlreadySet { name: ALLOW_ORIGIN }, Note::AnyOrigin],
        ),
        (
            "what is no origin",
            origin(),
            request(200, &[(ALLOW_ORIGIN, "https://a.test/")]),
            vec![Note::AlreadySet { name: ALLOW_ORIGIN }],
        ),
        (
            "anybody in place of one",
            vec![set(Request, ALLOW_ORIGIN, "*")],
            request(200, &[(ALLOW_ORIGIN, PAGE)]),
            vec![Note::AlreadySet { name: ALLOW_ORIGIN }, Note::OpensToAll { said: PAGE.into() }],
        ),
        ("an error", origin(), request(500, &[]), vec![Note::ErrorStatus { status: 500 }]),
        (
            "a refusing preflight",
            status(Preflight, 204),
            preflight(401, &[]),
            vec![Note::PreflightStatus { status: 401 }],
        ),
        ("another status", status(Request, 200), request(206, &[]), vec![Note::StatusWanted { status: 200 }]),
        (
            "a wildcard",
            vec![set(Preflight, ALLOW_HEADERS, "*, authorization")],
            preflight(204, &[(ALLOW_ORIGIN, "*")]),
            vec![Note::AlreadySet { name: ALLOW_ORIGIN }, Note::Wildcard { name: ALLOW_HEADERS }],
        ),
    ] {
        let mut notes = policy(edits, vec![answer], false).notes;
        assert_eq!(notes.pop(), Some(Note::ThisPath { path: "/x".into() }), "{name}");
        assert_eq!(notes, expected, "{name}");
    }
}

#[test]
fn each_url_has_its_own_policy_whatever_its_query() {
    let origin = || Change::Set { name: ALLOW_ORIGIN.into(), value: PAGE.into() };
    let edits = ["https://b.test/x?a", "https://b.test/x?b", "https://b.test/y", "https://c.test/x"];
    let edits = edits.iter().map(|at| edit(Request, origin(), at)).collect();
    let policies = ServerPolicy::of(&EditSet { edits }, &Tape::default(), Secrets::Redacted);
    let urls: Vec<&str> = policies.iter().map(|(url, _)| url.href()).collect();
    assert_eq!(urls, ["https://b.test/x", "https://b.test/y", "https://c.test/x"]);
}

#[test]
fn other_headers_are_set_and_removed() {
    let remove = edit(Request, Change::Remove { name: "Unencoded-Digest".into() }, X);
    let edits = vec![set(Request, "Cross-Origin-Resource-Policy", "same-site"), remove];
    let policy = policy(edits, vec![request(200, &[])], false);
    assert_eq!(policy.cors, None);
    assert_eq!(policy.set, [("Cross-Origin-Resource-Policy".to_owned(), "same-site".to_owned())]);
    assert_eq!(policy.remove, ["Unencoded-Digest"]);
}

#[test]
fn what_no_configuration_should_hold_is_refused() {
    let origin = |origin: &str| vec![set(Request, ALLOW_ORIGIN, origin)];
    let name = |name: &str| Unwritable::Name { name: name.into() };
    let at = |origin: &str| Unwritable::Origin { origin: origin.into() };
    for (edits, expected) in [
        (origin("https://a\".test"), at("https://a\".test")),
        (origin("https://$a.test"), at("https://$a.test")),
        (origin("https://*.test"), at("https://*.test")),
        (origin("app://a.test"), at("app://a.test")),
        (vec![set(Preflight, ALLOW_METHODS, "GET, A'B")], name("A'B")),
        (vec![set(Preflight, ALLOW_HEADERS, "x`y")], name("x`y")),
        (vec![set(Request, "X;Y", "1")], name("X;Y")),
        (vec![edit(Request, Change::Remove { name: "X}".into() }, X)], name("X}")),
        (vec![set(Request, "Location", "https://c.test/\n")], Unwritable::Character { character: '\n' }),
        (vec![edit(Request, Change::Status { status: 200 }, X)], Unwritable::NothingToSet),
    ] {
        assert_eq!(policies(edits, vec![request(200, &[])], false), [Err(expected)]);
    }
}

#[test]
fn paths_decode_to_text_or_are_refused() {
    let decoded = |path: &str| {
        let mut policy = policy(vec![set(Request, ALLOW_ORIGIN, PAGE)], vec![], false);
        policy.path = path.into();
        policy.decoded_path()
    };
    assert_eq!(decoded("/a%20b%2").as_deref(), Ok("/a b%2"));
    assert_eq!(decoded("/%C3%A9").as_deref(), Ok("/é"));
    assert_eq!(decoded("/%FF"), Err(Unwritable::PathNotText));
    assert_eq!(decoded("/%0d"), Err(Unwritable::Character { character: '\r' }));
}
