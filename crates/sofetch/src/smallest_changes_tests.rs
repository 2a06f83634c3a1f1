//! Tables of refused exchanges and the smallest changes that let them pass.

use std::future::Future;

use bytes::Bytes;
use sofetch_core::fixes::{AnswerTo, Change};
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::requests::CredentialsMode;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::ports::Protocol;
use sofetch_core::tape::TapedAnswer;

use super::*;
use crate::agent::UserAgent;

/// A request of the tests: its method, and whether it brings a body and a header.
pub(crate) struct Asked(pub(crate) &'static str, bool);

pub(crate) const GET: Asked = Asked("GET", false);
pub(crate) const PATCH: Asked = Asked("PATCH", true);

impl Asked {
    pub(crate) fn request(&self, url: &str) -> Request {
        let request = Request::new(url).method(self.0);
        match self.1 {
            true => request.header("API-Key", "k").header("Content-Type", "application/json").body("{}"),
            false => request,
        }
    }
}

pub(crate) fn on<T>(future: impl Future<Output = T>) -> T {
    sofetch_testkit::loopback::on_tokio(future)
}

/// A page of this URL; what it fetches is only ever replayed.
pub(crate) fn page(url: &str) -> Page {
    UserAgent::builder().build().expect("the defaults").page(url).expect("a URL of the tests")
}

pub(crate) fn answering(answers: &[TapedAnswer]) -> Tape {
    Tape { answers: answers.to_vec(), ..Tape::default() }
}

pub(crate) fn answered(
    hop: u32,
    to: AnswerTo,
    method: &str,
    url: &str,
    status: u16,
    headers: &[(&str, &str)],
) -> TapedAnswer {
    let mut header_list = HeaderList::new();
    for (name, value) in headers {
        header_list.append(name.as_bytes().to_vec(), Bytes::copy_from_slice(value.as_bytes()));
    }
    let method = if to == AnswerTo::Preflight { "OPTIONS" } else { method };
    TapedAnswer {
        id: AnswerId { hop, to },
        method: Method::new(method.as_bytes()).expect("a method of the tests"),
        url: Url::parse(url, None).expect("a URL of the tests"),
        sent: HeaderList::new(),
        status: Some(status),
        status_message: Bytes::new(),
        header_list,
        body: Bytes::new(),
        protocol: Protocol::Http1,
    }
}

/// A set in words, an edit each: `preflight 0: Name: value`, with `?` where the answer is assumed.
fn words(sets: &[EditSet]) -> Vec<Vec<String>> {
    let line = |offered: &OfferedEdit| {
        let AnswerId { hop, to } = offered.edit.answer;
        let to = if to == AnswerTo::Preflight { "preflight" } else { "request" };
        let mark = if offered.assumed { "?" } else { "" };
        match &offered.edit.change {
            Change::Set { name, value } => {
                let name = name.trim_start_matches("Access-Control-");
                format!("{to} {hop}{mark}: {name}: {value}")
            }
            Change::Remove { name } => format!("{to} {hop}{mark}: -{name}"),
            Change::Status { status } => format!("{to} {hop}{mark}: {status}"),
        }
    };
    sets.iter().map(|set| set.edits.iter().map(line).collect()).collect()
}

async fn changes(
    page: &Page,
    mut tape: Tape,
    credentials: bool,
    request: impl Fn() -> Request,
) -> SmallestChanges {
    tape.credentials = credentials;
    let mode = if credentials { CredentialsMode::Include } else { CredentialsMode::SameOrigin };
    page.smallest_changes(&Arc::new(tape), || request().credentials(mode))
        .await
        .expect("a request that can be made")
}

const API: &str = "https://api.test/";

#[test]
fn one_set_of_edits() {
    use AnswerTo::{Preflight, Request};
    let preflight = |status, headers| answered(0, Preflight, "", API, status, headers);
    let patch = |status, headers| answered(0, Request, "PATCH", API, status, headers);
    let get = |hop, url, status, headers| answered(hop, Request, "GET", url, status, headers);
    type Row<'a> = (&'a str, &'a Asked, bool, Vec<TapedAnswer>, &'a [&'a str]);
    let table: Vec<Row<'_>> = vec![
        (
            "a closed answer",
            &GET,
            false,
            vec![get(0, API, 200, &[])],
            &["request 0: Allow-Origin: https://app.test"],
        ),
        (
            "everybody, but with credentials",
            &GET,
            true,
            vec![get(0, API, 200, &[("Access-Control-Allow-Origin", "*")])],
            &["request 0: Allow-Credentials: true", "request 0: Allow-Origin: https://app.test"],
        ),
        (
            "a refused OPTIONS: what the PATCH would answer is assumed",
            &PATCH,
            false,
            vec![preflight(405, &[])],
            &[
                "preflight 0: Allow-Headers: api-key, content-type",
                "preflight 0: Allow-Methods: PATCH",
                "preflight 0: Allow-Origin: https://app.test",
                "preflight 0: 204",
                "request 0?: Allow-Origin: https://app.test",
            ],
        ),
        (
            "with credentials both answers allow them: nine edits, six of what was seen",
            &PATCH,
            true,
            vec![preflight(302, &[("Access-Control-Allow-Headers", "*")])],
            &[
                "preflight 0: Allow-Credentials: true",
                "preflight 0: Allow-Headers: *, api-key, content-type",
                "preflight 0: Allow-Methods: PATCH",
                "preflight 0: Allow-Origin: https://app.test",
                "preflight 0: 204",
                "request 0?: Allow-Credentials: true",
                "request 0?: Allow-Origin: https://app.test",
            ],
        ),
        (
            "granted, then closed",
            &PATCH,
            false,
            vec![
                preflight(
                    204,
                    &[
                        ("Access-Control-Allow-Origin", "*"),
                        ("Access-Control-Allow-Methods", "PATCH"),
                        ("Access-Control-Allow-Headers", "*"),
                    ],
                ),
                patch(200, &[]),
            ],
            &["request 0: Allow-Origin: https://app.test"],
        ),
        (
            "the redirect must allow it, and so must its target",
            &GET,
            false,
            vec![get(0, API, 302, &[("Location", "/there")])],
            &["request 0: Allow-Origin: https://app.test", "request 1?: Allow-Origin: https://app.test"],
        ),
        (
            "a second origin makes the request's null, which only `*` lets in",
            &GET,
            false,
            vec![
                get(0, API, 302, &[("Location", "https://cdn.test/"), ("Access-Control-Allow-Origin", "*")]),
                get(1, "https://cdn.test/", 200, &[("Access-Control-Allow-Origin", "https://app.test")]),
            ],
            &["request 1: Allow-Origin: *"],
        ),
        (
            "a redirect that brings a password",
            &GET,
            false,
            vec![get(
                0,
                API,
                302,
                &[("Location", "https://u:p@api.test/there"), ("Access-Control-Allow-Origin", "*")],
            )],
            &["request 0: Location: https://api.test/there", "request 1?: Allow-Origin: https://app.test"],
        ),
        (
            "what is readable needs nothing",
            &GET,
            false,
            vec![get(0, API, 200, &[("Access-Control-Allow-Origin", "*")])],
            &[],
        ),
    ];
    let page = page("https://app.test/");
    on(async {
        for (row, asked, credentials, answers, expected) in table {
            let found = changes(&page, answering(&answers), credentials, || asked.request(API)).await;
            let expected: Vec<Vec<String>> = match expected.is_empty() {
                true => Vec::new(),
                false => vec![expected.iter().map(|&line| line.to_owned()).collect()],
            };
            assert_eq!(words(&found.sets), expected, "{row}");
        }
    });
}

#[test]
fn all_smallest_sets_are_found() {
    // The method needs no leave: that it is listed does as well as that there is no list.
    let headers = [
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Methods", "GET POST"),
        ("Access-Control-Allow-Headers", "x-a"),
    ];
    let answers = [
        answered(0, AnswerTo::Preflight, "", API, 204, &headers),
        answered(0, AnswerTo::Request, "GET", API, 200, &headers[..1]),
    ];
    on(async {
        let page = page("https://app.test/");
        let found = changes(&page, answering(&answers), false, || GET.request(API).header("X-A", "1")).await;
        assert_eq!(
            words(&found.sets),
            [["preflight 0: Allow-Methods: GET, POST"], ["preflight 0: -Access-Control-Allow-Methods"],]
        );
    });
}

#[test]
fn sets_that_open_more_are_refused() {
    let refused = |credentials| async move {
        let page = page("data:text/html,x");
        let closed = answering(&[answered(0, AnswerTo::Request, "GET", API, 200, &[])]);
        changes(&page, closed, credentials, || GET.request(API)).await
    };
    on(async {
        let found = refused(false).await;
        assert_eq!(words(&found.sets), [["request 0: Allow-Origin: *"]]);
        assert_eq!(words(&found.refused), [["request 0: Allow-Origin: null"]]);
        assert_eq!(found.refused[0].opens(), Some(OpensMore::Null));
        let found = refused(true).await;
        assert!(words(&found.sets).is_empty());
        assert_eq!(
            words(&found.refused),
            [["request 0: Allow-Credentials: true", "request 0: Allow-Origin: null",]]
        );
        assert_eq!(found.refused[0].opens(), Some(OpensMore::NullWithCredentials));
    });
}

#[test]
fn what_no_answer_can_change_has_no_fix() {
    let loops = [("Location", "/"), ("Access-Control-Allow-Origin", "*")];
    let around: Vec<TapedAnswer> =
        (0..21).map(|hop| answered(hop, AnswerTo::Request, "GET", API, 302, &loops)).collect();
    let elsewhere = [("Location", "data:,x"), ("Access-Control-Allow-Origin", "*")];
    let table = [
        ("a port that no page may ask", "https://api.test:25/", Vec::new()),
        ("a redirect without end", API, around),
        ("a redirect out of HTTP", API, vec![answered(0, AnswerTo::Request, "GET", API, 302, &elsewhere)]),
    ];
    on(async {
        let page = page("https://app.test/");
        for (row, url, answers) in table {
            let found = changes(&page, answering(&answers), false, || GET.request(url)).await;
            assert!(words(&found.sets).is_empty() && words(&found.refused).is_empty(), "{row}");
        }
    });
}

#[test]
fn an_edit_knows_what_was_there() {
    on(async {
        let page = page("https://app.test/");
        let said = [("Access-Control-Allow-Origin", "https://a.test"), ("access-control-allow-origin", "*")];
        let tape = answering(&[answered(0, AnswerTo::Request, "GET", API, 200, &said)]);
        let found = changes(&page, tape, false, || GET.request(API)).await;
        let edit = &found.sets[0].edits[0];
        assert_eq!(edit.was.as_deref(), Some("https://a.test, *"));
        assert_eq!((edit.method.as_str(), edit.url.href()), ("GET", API));
    });
}

#[test]
fn a_request_that_cannot_be_made_is_an_error() {
    on(async {
        let page = page("https://app.test/");
        let error = page.smallest_changes(&Arc::new(Tape::default()), || Request::new("https://a b/")).await;
        assert!(error.is_err());
    });
}
