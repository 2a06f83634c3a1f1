//! Servers that err, each in a way of its own, and the cause that probes name.

use std::collections::HashSet;

use sofetch_core::fixes::AnswerId;
use sofetch_core::infrastructure::connections::Protocol;
use sofetch_core::rules::cors_check::CorsCheck;
use sofetch_core::rules::cors_preflight::PreflightAnswer;

use super::*;
use crate::safe_text::is_unsafe;

/// What a server sees of a request.
#[derive(Default)]
struct Seen<'a> {
    method: &'a str,
    origin: Option<String>,
    /// The method that a preflight asks for.
    asks: Option<String>,
    names: Vec<String>,
}

type Answered = (u16, Vec<(&'static str, String)>);
type Server = fn(&Seen<'_>) -> Answered;

const OURS: &str = "https://app.test";

/// Allows this to the origin that asks, in the manner of libraries that say nothing at all where one part is refused.
fn silent(seen: &Seen<'_>, origins: &[&str], methods: &[&str], names: &[&str]) -> Answered {
    let status = if seen.asks.is_some() { 204 } else { 200 };
    let Some(origin) = seen.origin.as_deref().filter(|origin| origins.contains(origin)) else {
        return (status, vec![("Vary", "Origin".to_owned())]);
    };
    let allow = ("Access-Control-Allow-Origin", origin.to_owned());
    let Some(asks) = &seen.asks else { return (status, vec![allow]) };
    if !methods.contains(&&**asks) || !seen.names.iter().all(|name| names.contains(&&**name)) {
        return (status, Vec::new());
    }
    (
        status,
        vec![
            allow,
            ("Access-Control-Allow-Methods", methods.join(", ")),
            ("Access-Control-Allow-Headers", names.join(", ")),
        ],
    )
}

fn open(status: u16) -> Answered {
    (status, vec![("Access-Control-Allow-Origin", "*".to_owned())])
}

fn seen_of(method: &'static str, headers: &HeaderList) -> Seen<'static> {
    let text = |name: &str| headers.get(name).map(|value| said(&value));
    Seen {
        method,
        origin: text("Origin"),
        asks: text("Access-Control-Request-Method"),
        names: text("Access-Control-Request-Headers")
            .map(|names| names.split(',').map(|name| name.trim().to_owned()).collect())
            .unwrap_or_default(),
    }
}

fn answer((status, headers): Answered) -> Answer {
    let mut header_list = HeaderList::new();
    headers.into_iter().for_each(|(name, value)| header_list.append(name, value.into_bytes()));
    Answer { status, header_list }
}

/// A PATCH with `api-key` of a page, refused at its preflight or after it.
fn question(server: Server, at: AnswerTo, credentials: bool) -> ProbeQuestion {
    let url = Url::parse("https://api.test/items", None).expect("a URL of the tests");
    let origin = Url::parse(OURS, None).expect("a URL of the tests").origin();
    let names = vec!["api-key".to_owned()];
    let seen = match at {
        AnswerTo::Preflight => Seen {
            method: "OPTIONS",
            origin: Some(OURS.to_owned()),
            asks: Some("PATCH".to_owned()),
            names: names.clone(),
        },
        AnswerTo::Request => Seen { method: "PATCH", origin: Some(OURS.to_owned()), ..Seen::default() },
    };
    let granted = at == AnswerTo::Request;
    ProbeQuestion {
        url,
        origin,
        method: Method::PATCH,
        header_names: names,
        credentials,
        at,
        answer: answer(server(&seen)),
        granted,
    }
}

fn probed(question: &ProbeQuestion, server: Server) -> Vec<Probed> {
    plan(question)
        .into_iter()
        .map(|request| {
            let seen = seen_of(request.method.as_str(), &request.headers);
            Probed { answer: Ok(answer(server(&seen))), request }
        })
        .collect()
}

#[test]
fn each_cause_is_told_from_the_others() {
    use AnswerTo::{Preflight, Request};
    type Row<'a> = (&'a str, Server, AnswerTo, bool, &'a [Cause]);
    let table: &[Row<'_>] = &[
        (
            "another origin may",
            |seen| silent(seen, &["https://api.test"], &["GET", "PATCH"], &["api-key"]),
            Preflight,
            false,
            &[Cause::OriginRefused],
        ),
        (
            "the headers",
            |seen| silent(seen, &[OURS], &["GET", "PATCH"], &[]),
            Preflight,
            false,
            &[Cause::HeaderRefused],
        ),
        (
            "the method",
            |seen| silent(seen, &[OURS], &["GET", "POST"], &["api-key"]),
            Preflight,
            false,
            &[Cause::MethodRefused],
        ),
        (
            "both",
            |seen| silent(seen, &[OURS], &["GET"], &[]),
            Preflight,
            false,
            &[Cause::HeaderRefused, Cause::MethodRefused],
        ),
        (
            "OPTIONS leads to nothing",
            |seen| if seen.method == "OPTIONS" { (405, Vec::new()) } else { open(200) },
            Preflight,
            false,
            &[Cause::OptionsNotRouted],
        ),
        (
            "OPTIONS leads to something else",
            |seen| if seen.method == "OPTIONS" { (200, Vec::new()) } else { open(200) },
            Preflight,
            false,
            &[Cause::OptionsNotRouted],
        ),
        ("a token is wanted", |_| (401, Vec::new()), Preflight, false, &[Cause::AuthenticationBeforeCors]),
        (
            "every OPTIONS is forbidden",
            |seen| if seen.method == "OPTIONS" { (403, Vec::new()) } else { (200, Vec::new()) },
            Preflight,
            false,
            &[Cause::AuthenticationBeforeCors],
        ),
        (
            "all is elsewhere",
            |_| (301, vec![("Location", "https://www.api.test/items".to_owned())]),
            Preflight,
            false,
            &[Cause::Redirected],
        ),
        ("CORS is nowhere", |_| (200, Vec::new()), Preflight, false, &[Cause::NoCors]),
        (
            "credentials are not allowed",
            |seen| silent(seen, &[OURS], &["PATCH", "GET"], &["api-key"]),
            Preflight,
            true,
            &[Cause::CredentialsRefused],
        ),
        (
            "an error's page",
            |seen| {
                if seen.asks.is_some() {
                    silent(seen, &[OURS], &["GET", "PATCH"], &["api-key"])
                } else {
                    (500, Vec::new())
                }
            },
            Request,
            false,
            &[Cause::ErrorPageWithoutHeaders],
        ),
        (
            "a login's page",
            |seen| {
                if seen.asks.is_some() {
                    silent(seen, &[OURS], &["GET", "PATCH"], &["api-key"])
                } else {
                    (401, Vec::new())
                }
            },
            Request,
            false,
            &[Cause::AuthenticationBeforeCors],
        ),
        (
            "another origin may read",
            |seen| silent(seen, &["https://api.test"], &[], &[]),
            Request,
            false,
            &[Cause::OriginRefused],
        ),
        (
            "GET alone",
            |seen| if seen.method == "GET" { silent(seen, &[OURS], &[], &[]) } else { (200, Vec::new()) },
            Request,
            false,
            &[Cause::MethodWithoutHeaders],
        ),
        ("credentials, and everybody", |_| open(200), Request, true, &[Cause::CredentialsRefused]),
        (
            "a redirect without headers",
            |seen| {
                if seen.method == "PATCH" {
                    (302, vec![("Location", "/login?token=hush".to_owned())])
                } else {
                    open(200)
                }
            },
            Request,
            false,
            &[Cause::Redirected],
        ),
        ("nothing anywhere", |_| (200, Vec::new()), Request, false, &[Cause::NoCors]),
    ];
    for (row, server, at, credentials, expected) in table {
        let question = question(*server, *at, *credentials);
        let diagnoses = diagnose(&question, &probed(&question, *server), Secrets::Redacted);
        let causes: Vec<Cause> = diagnoses.iter().map(|diagnosis| diagnosis.cause).collect();
        assert_eq!(causes, *expected, "{row}: {diagnoses:?}");
        for Diagnosis { words, .. } in &diagnoses {
            assert!(words.ends_with('.') && !words.contains("hush"), "{row}: {words}");
        }
    }
}

#[test]
fn probes_are_few_and_safe_and_each_is_another() {
    let closed: Server = |_| (200, Vec::new());
    for at in [AnswerTo::Preflight, AnswerTo::Request] {
        let question = question(closed, at, false);
        let plan = plan(&question);
        assert!(plan.len() <= MOST, "{}", plan.len());
        let kinds: HashSet<&str> = plan.iter().map(|request| request.kind.words()).collect();
        assert_eq!(kinds.len(), plan.len());
        for request in &plan {
            let preflight = request.headers.contains("Access-Control-Request-Method");
            assert_eq!(preflight, request.ask.is_some());
            assert_eq!(request.headers.contains("Origin"), request.origin.is_some());
            assert!(!request.headers.contains("Authorization") && !request.headers.contains("Cookie"));
        }
    }
}

#[test]
fn what_did_not_answer_tells_nothing() {
    let closed: Server = |_| (200, Vec::new());
    let question = question(closed, AnswerTo::Preflight, false);
    let failed: Vec<Probed> = plan(&question)
        .into_iter()
        .map(|request| Probed { request, answer: Err("Could not connect.".to_owned()) })
        .collect();
    let probes = Probes::of(&question, &failed, Secrets::Redacted);
    assert!(probes.diagnoses.is_empty(), "{probes:?}");
    assert!(probes.requests.iter().all(|probe| probe.line().ends_with(": Could not connect.")));
}

#[test]
fn a_probe_s_line_is_safe() {
    let odd: Server = |_| {
        (
            302,
            vec![
                ("Access-Control-Allow-Origin", "\u{1b}[31m\u{202e}".to_owned()),
                ("Location", "\u{9b}31m".to_owned()),
            ],
        )
    };
    let question = question(odd, AnswerTo::Preflight, false);
    let probes = Probes::of(&question, &probed(&question, odd), Secrets::Redacted);
    let all = serde_json::to_string(&probes).expect("JSON")
        + &probes.requests.iter().map(ProbeStory::line).collect::<String>();
    assert!(!all.chars().any(is_unsafe), "{all}");
}

#[test]
fn a_question_is_what_was_refused() {
    let headers = |list: &[(&'static str, &str)]| {
        let mut headers = HeaderList::new();
        list.iter().for_each(|(name, value)| headers.append(*name, value.as_bytes().to_vec()));
        headers
    };
    let answered = |to, method: &str, sent: &[(&'static str, &str)], status| TapedAnswer {
        id: AnswerId { hop: 0, to },
        method: Method::new(method.as_bytes()).expect("a method of the tests"),
        url: Url::parse("https://u:p@b.test/x", None).expect("a URL of the tests"),
        sent: headers(sent),
        status,
        status_message: Default::default(),
        header_list: HeaderList::new(),
        body: Default::default(),
        protocol: Protocol::Http1,
    };
    let preflight = answered(
        AnswerTo::Preflight,
        "OPTIONS",
        &[
            ("Origin", "null"),
            ("Access-Control-Request-Method", "PATCH"),
            ("Access-Control-Request-Headers", "a,b"),
        ],
        Some(204),
    );
    let refused = Ruling::PreflightAnswer(PreflightAnswer::NotOkStatus { status: 204 });
    let tape = Tape { answers: vec![preflight.clone()], credentials: true };
    let question = ProbeQuestion::of(&tape, &refused).expect("CORS refused");
    assert_eq!((question.method.as_str(), &*question.origin.serialize()), ("PATCH", "null"));
    assert_eq!(question.header_names, ["a", "b"]);
    assert_eq!(question.url.href(), "https://b.test/x", "nobody's password goes along");
    assert!(question.credentials && !question.granted);
    let patch = answered(AnswerTo::Request, "PATCH", &[("Origin", "https://a.test")], Some(200));
    let check = Ruling::CorsCheck(CorsCheck::NoAllowOrigin);
    let tape = Tape { answers: vec![preflight, patch], credentials: false };
    let question = ProbeQuestion::of(&tape, &check).expect("CORS refused");
    assert!(question.granted);
    assert_eq!((question.method.as_str(), question.at), ("PATCH", AnswerTo::Request));
    // Not CORS, not answered, nobody's.
    let port = Ruling::PortBlocking(sofetch_core::rules::port_blocking::PortBlocking::Allowed);
    assert!(ProbeQuestion::of(&tape, &port).is_none());
    let unanswered = answered(AnswerTo::Request, "GET", &[("Origin", "https://a.test")], None);
    assert!(ProbeQuestion::of(&Tape { answers: vec![unanswered], credentials: false }, &check).is_none());
    assert!(ProbeQuestion::of(&Tape::default(), &check).is_none());
}
