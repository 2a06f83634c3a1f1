//! Tables of which edit answers which refusal, and of what an edit does to an answer.

use super::*;
use crate::infrastructure::requests::Destination;
use crate::rules::cross_origin_resource_policy::ImposedBy;

fn sent(headers: &[(&'static str, &'static str)]) -> HeaderList {
    let mut list = HeaderList::new();
    headers.iter().for_each(|(name, value)| list.append(*name, *value));
    list
}

fn owned(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

/// What is offered for a refusal, in words: `name: value`, `-name`, `status`, with `!` before what opens more.
fn words(ruling: Ruling, credentials: bool, headers: &[(&'static str, &'static str)]) -> Vec<String> {
    let sent = sent(headers);
    candidates(&ruling, &RefusedExchange { sent: &sent, credentials })
        .into_iter()
        .map(|candidate| {
            let mark = if candidate.opens.is_some() { "!" } else { "" };
            match candidate.change {
                Change::Set { name, value } => format!("{mark}{name}: {value}"),
                Change::Remove { name } => format!("{mark}-{name}"),
                Change::Status { status } => format!("{mark}{status}"),
            }
        })
        .collect()
}

#[test]
fn the_edits_of_a_refused_cors_check() {
    let mismatch = || CorsCheck::OriginMismatch {
        allowed: "*".to_owned(),
        origin: "https://a.test".to_owned(),
        tainted: false,
        credentials: false,
    };
    let no_credentials = || CorsCheck::CredentialsNotAllowed { said: Some("True".to_owned()) };
    let a = &[("Origin", "https://a.test")];
    let null = &[("Origin", "null")];
    let exact = &["Access-Control-Allow-Origin: https://a.test"];
    let null_refused = "!Access-Control-Allow-Origin: null";
    type Row<'a> = (&'a str, CorsCheck, bool, &'a [(&'static str, &'static str)], &'a [&'a str]);
    let table: &[Row<'_>] = &[
        ("nothing said", CorsCheck::NoAllowOrigin, false, a, exact),
        ("nothing said, with credentials", CorsCheck::NoAllowOrigin, true, a, exact),
        ("another", mismatch(), false, a, exact),
        ("everybody is not enough", mismatch(), true, a, exact),
        (
            "an opaque origin is let in with everybody",
            CorsCheck::NoAllowOrigin,
            false,
            null,
            &["Access-Control-Allow-Origin: *", null_refused],
        ),
        ("but never with credentials", mismatch(), true, null, &[null_refused]),
        ("no credentials", no_credentials(), true, a, &["Access-Control-Allow-Credentials: true"]),
        ("who sent no origin cannot be named", CorsCheck::NoAllowOrigin, false, &[], &[]),
        ("what passed needs nothing", CorsCheck::AnyOrigin, false, a, &[]),
    ];
    for (row, check, credentials, headers, expected) in table {
        assert_eq!(words(Ruling::CorsCheck(check.clone()), *credentials, headers), *expected, "{row}");
        // The preflight's own check asks for the same.
        let preflight = PreflightAnswer::CorsCheckFailed(check.clone());
        assert_eq!(words(Ruling::PreflightAnswer(preflight), *credentials, headers), *expected, "{row}");
    }
}

#[test]
fn the_edits_of_a_refused_preflight() {
    let asked: &[(&'static str, &'static str)] = &[
        ("Origin", "https://a.test"),
        ("Access-Control-Request-Method", "PATCH"),
        ("Access-Control-Request-Headers", "api-key,authorization,content-type"),
    ];
    let get: &[(&'static str, &'static str)] = &[("Access-Control-Request-Method", "GET")];
    let method = |allowed: &[&str], wildcard_refused| PreflightAnswer::MethodNotAllowed {
        method: "PATCH".to_owned(),
        allowed: owned(allowed),
        wildcard_refused,
    };
    let header = |allowed: &[&str]| PreflightAnswer::HeaderNotAllowed {
        name: "api-key".to_owned(),
        allowed: owned(allowed),
        wildcard_refused: false,
    };
    let methods = |said: &str| PreflightAnswer::UnparsableMethods { said: said.to_owned() };
    let headers = |said: &str| PreflightAnswer::UnparsableHeaders { said: said.to_owned() };
    type Row<'a> = (&'a str, PreflightAnswer, bool, &'a [(&'static str, &'static str)], &'a [&'a str]);
    let table: &[Row<'_>] = &[
        ("no ok status", PreflightAnswer::NotOkStatus { status: 405 }, false, asked, &["204"]),
        ("a redirect", PreflightAnswer::NotOkStatus { status: 307 }, false, asked, &["204"]),
        ("no method", method(&[], false), false, asked, &["Access-Control-Allow-Methods: PATCH"]),
        (
            "others stay allowed",
            method(&["GET", "PUT"], false),
            false,
            asked,
            &["Access-Control-Allow-Methods: GET, PUT, PATCH"],
        ),
        (
            "`*` stays for who needs it",
            method(&["*"], true),
            true,
            asked,
            &["Access-Control-Allow-Methods: *, PATCH"],
        ),
        (
            "all missing names at once, in the case that was there",
            header(&["Content-Type"]),
            false,
            asked,
            &["Access-Control-Allow-Headers: Content-Type, api-key, authorization"],
        ),
        (
            "with credentials `*` is a name",
            header(&["*"]),
            true,
            asked,
            &["Access-Control-Allow-Headers: *, api-key, authorization, content-type"],
        ),
        (
            "`*` never covers authorization",
            PreflightAnswer::NonWildcardHeaderNotListed {
                name: "authorization".to_owned(),
                allowed: owned(&["*"]),
            },
            false,
            asked,
            &["Access-Control-Allow-Headers: *, authorization"],
        ),
        (
            "a list by blanks",
            methods("GET PUT; PATCH"),
            false,
            asked,
            &["Access-Control-Allow-Methods: GET, PUT, PATCH"],
        ),
        ("no word in it", methods("\u{e9}("), false, asked, &["Access-Control-Allow-Methods: PATCH"]),
        ("a method that needs no leave", methods("é"), false, get, &["-Access-Control-Allow-Methods"]),
        (
            "names by blanks",
            headers("[\"API-Key\" \"x y\"]"),
            false,
            asked,
            &["Access-Control-Allow-Headers: API-Key, x, y, authorization, content-type"],
        ),
        ("no names asked", headers("(é)"), false, get, &["-Access-Control-Allow-Headers"]),
        (
            "granted",
            PreflightAnswer::Granted {
                methods: Vec::new(),
                header_names: Vec::new(),
                max_age: 5,
                max_age_said: None,
                covered_by_departure: false,
            },
            false,
            asked,
            &[],
        ),
    ];
    for (row, answer, credentials, headers, expected) in table {
        assert_eq!(words(Ruling::PreflightAnswer(answer.clone()), *credentials, headers), *expected, "{row}");
    }
}

#[test]
fn the_edits_of_the_other_rules() {
    let corp = |origin: &str, resource: &str| {
        Ruling::CrossOriginResourcePolicy(CrossOriginResourcePolicy::NotSameOrigin {
            imposed_by: ImposedBy::Header,
            said: Some("same-origin".to_owned()),
            origin: origin.to_owned(),
            resource_origin: resource.to_owned(),
        })
    };
    let to = || "https://b.test/".to_owned();
    let table = [
        (
            "a page of the site is let in, and nobody else",
            corp("https://a.test", "https://static.a.test"),
            &["Cross-Origin-Resource-Policy: same-site"][..],
        ),
        (
            "another site",
            corp("https://a.test", "https://b.test"),
            &["Cross-Origin-Resource-Policy: cross-origin"],
        ),
        ("no site at all", corp("null", "https://b.test"), &["Cross-Origin-Resource-Policy: cross-origin"]),
        (
            "the embedder's policy asks",
            Ruling::CrossOriginResourcePolicy(CrossOriginResourcePolicy::NotSameSite {
                origin: "https://a.test".to_owned(),
                resource_origin: "https://b.test".to_owned(),
            }),
            &["Cross-Origin-Resource-Policy: cross-origin"],
        ),
        (
            "a policy that lets in needs nothing",
            Ruling::CrossOriginResourcePolicy(CrossOriginResourcePolicy::SameSite),
            &[],
        ),
        (
            "credentials in a redirect",
            Ruling::Redirect(Redirect::TaintedWithCredentials { to: to() }),
            &["Location: https://b.test/"],
        ),
        (
            "no script",
            Ruling::NosniffBlocking(NosniffBlocking::NotJavaScript {
                destination: Destination::Script,
                said: None,
            }),
            &["Content-Type: text/javascript"],
        ),
        (
            "never a script",
            Ruling::MimeTypeBlocking(MimeTypeBlocking::NeverAScript {
                destination: Destination::Script,
                essence: "image/png".to_owned(),
            }),
            &["Content-Type: text/javascript"],
        ),
        (
            "no style",
            Ruling::NosniffBlocking(NosniffBlocking::NotCss { said: None }),
            &["Content-Type: text/css"],
        ),
        ("nothing that an answer could change", Ruling::Redirect(Redirect::TooMany { count: 21 }), &[]),
    ];
    for (row, ruling, expected) in table {
        assert_eq!(words(ruling, false, &[]), *expected, "{row}");
    }
}

#[test]
fn an_edit_changes_one_thing_of_an_answer() {
    let before = || sent(&[("A", "1"), ("B", "2"), ("a", "3")]);
    let lines = |list: &HeaderList| {
        list.iter()
            .map(|header| format!("{}: {}", said(header.name()), said(header.value())))
            .collect::<Vec<_>>()
    };
    let table = [
        ("in place of all lines", Change::set("a", "x"), 200, &["A: x", "B: 2"][..]),
        ("a new one", Change::set("C", "x"), 200, &["A: 1", "B: 2", "A: 3", "C: x"]),
        ("a byte for a character", Change::set("B", "\u{e9}"), 200, &["A: 1", "B: \u{e9}", "A: 3"]),
        ("all lines go", Change::Remove { name: "A".to_owned() }, 200, &["B: 2"]),
        ("what is not there", Change::Remove { name: "C".to_owned() }, 200, &["A: 1", "B: 2", "A: 3"]),
        ("the status alone", Change::Status { status: 204 }, 204, &["A: 1", "B: 2", "A: 3"]),
    ];
    for (row, change, expected_status, expected) in table {
        let (mut status, mut list) = (200, before());
        change.apply(&mut status, &mut list);
        assert_eq!(status, expected_status, "{row}");
        assert_eq!(lines(&list), *expected, "{row}");
    }
    let mut list = HeaderList::new();
    Change::set("A", "\u{e9}\u{20ac}").apply(&mut 200, &mut list);
    assert_eq!(list.get("A").as_deref(), Some("\u{e9}\u{20ac}".as_bytes()), "no byte: as UTF-8");
}

#[test]
fn edits_of_one_thing() {
    let remove = |name: &str| Change::Remove { name: name.to_owned() };
    let status = |status| Change::Status { status };
    for (one, other, same) in [
        (Change::set("Vary", "a"), remove("vary"), true),
        (Change::set("Vary", "a"), Change::set("Vary", "b"), true),
        (Change::set("Vary", "a"), remove("Date"), false),
        (status(200), status(204), true),
        (status(200), remove("Vary"), false),
    ] {
        assert_eq!(one.is_of_same_thing(&other), same, "{one:?} {other:?}");
        assert_eq!(other.is_of_same_thing(&one), same, "{other:?} {one:?}");
    }
}
