//! The smallest change, held against real servers: five hundred random exchanges that a page was refused. The set of edits
//! that is offered is made at the server, and the same fetch passes; with any part of it, it is refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use sofetch::core::fixes::{AnswerId, AnswerTo, Edit, EditSet};
use sofetch::core::infrastructure::header_list::HeaderList;
use sofetch::core::ports::Random;
use sofetch::core::tape::Tape;
use sofetch::core::trace::{Event, Observer, TraceId};
use sofetch::{CredentialsMode, Error, Origin, Page, Reason, Request, Response};
use sofetch_testkit::loopback::{Reply, RequestSeen};
use sofetch_testkit::random::SeededRandom;

use crate::support::{Web, on};

const EXCHANGES: usize = 500;

/// What a server says to one request.
#[derive(Clone, Debug, Default)]
struct Said {
    status: u16,
    headers: Vec<(&'static str, String)>,
}

/// What is asked, and how each URL answers the preflight and the request.
#[derive(Debug)]
struct Exchange {
    opaque: bool,
    credentials: bool,
    method: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    hops: Vec<(&'static str, Said, Said)>,
}

/// The answers of the exchange at hand, and the edits made of them.
#[derive(Default)]
struct AtServer {
    answers: HashMap<AnswerId, Said>,
    edits: Vec<Edit>,
}

impl AtServer {
    fn reply(&self, request: &RequestSeen) -> Reply {
        let hop = request.path().trim_start_matches("/hop").parse().expect("a path of this test");
        let preflight = request.method == "OPTIONS";
        let to = if preflight { AnswerTo::Preflight } else { AnswerTo::Request };
        let id = AnswerId { hop, to };
        // A hop that the exchange does not have is one that no edit should lead to.
        let said = self.answers.get(&id).cloned().unwrap_or(Said { status: 500, headers: Vec::new() });
        let (mut status, mut list) = (said.status, HeaderList::new());
        for (name, value) in said.headers {
            list.append(name, value.into_bytes());
        }
        for edit in self.edits.iter().filter(|edit| edit.answer == id) {
            edit.change.apply(&mut status, &mut list);
        }
        let reply = if status == 204 { Reply::new(status) } else { Reply::new(status).body("x") };
        list.iter().fold(reply, |reply, header| reply.header(header.name().to_vec(), header.value().clone()))
    }
}

struct Dice(SeededRandom);

impl Dice {
    fn below(&self, bound: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % bound as u64).expect("it is below")
    }

    fn one<T: Clone>(&self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn exchange(&self) -> Exchange {
        let opaque = self.below(12) == 0;
        let all = [("X-A", "1"), ("Authorization", "Bearer b"), ("Content-Type", "application/json")];
        let hops: Vec<&'static str> =
            (0..=self.below(3)).map(|_| self.one(&["b.test", "b.test", "c.test", "a.test"])).collect();
        let method = self.one(&["GET", "GET", "POST", "PUT", "PATCH", "DELETE"]);
        let said = |hop: usize| {
            let mut answer = self.said(opaque, false, method);
            if let Some(next) = hops.get(hop + 1) {
                answer.status = self.one(&[302, 307, 308]);
                let user = self.one(&["", "", "", "", "u:p@"]);
                answer.headers.push(("Location", format!("http://{user}{next}/hop{}", hop + 1)));
            }
            answer
        };
        Exchange {
            opaque,
            credentials: self.below(2) == 0,
            method,
            headers: all.into_iter().filter(|_| self.below(3) == 0).collect(),
            hops: (0..hops.len())
                .map(|hop| (hops[hop], self.said(opaque, true, method), said(hop)))
                .collect(),
        }
    }

    fn said(&self, opaque: bool, preflight: bool, method: &str) -> Said {
        let mut headers = Vec::new();
        let own = if opaque { "null" } else { "http://a.test" };
        for origin in self.one(&[&[own][..], &[own], &["*"], &[], &["http://A.test"], &[own, own], &["null"]])
        {
            headers.push(("Access-Control-Allow-Origin", (*origin).to_owned()));
        }
        if let Some(value) = self.one(&[Some("true"), Some("true"), None, Some("True")]) {
            headers.push(("Access-Control-Allow-Credentials", value.to_owned()));
        }
        if !preflight {
            return Said { status: self.one(&[200, 201, 404, 500]), headers };
        }
        // A preflight that is remembered would not be asked again.
        headers.push(("Access-Control-Max-Age", "0".to_owned()));
        if let Some(value) = self.one(&[Some(method), Some("*"), None, Some("GET, HEAD"), Some("GET PUT")]) {
            headers.push(("Access-Control-Allow-Methods", value.to_owned()));
        }
        let all = "x-a, Authorization, content-type";
        if let Some(value) = self.one(&[Some(all), Some("*"), None, Some("content-type"), Some("x a")]) {
            headers.push(("Access-Control-Allow-Headers", value.to_owned()));
        }
        Said { status: self.one(&[204, 200, 204, 405, 302]), headers }
    }
}

#[derive(Default)]
struct Heard(Mutex<Vec<Event>>);

impl Observer for Heard {
    fn begin(&self) -> u32 {
        0
    }

    fn event(&self, _: TraceId, event: &Event) {
        self.0.lock().expect("no panic").push(event.clone());
    }
}

impl Exchange {
    fn request(&self) -> Request {
        let request = Request::new(format!("http://{}/hop0", self.hops[0].0)).method(self.method);
        let mode = if self.credentials { CredentialsMode::Include } else { CredentialsMode::SameOrigin };
        let request = request.credentials(mode);
        self.headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
    }

    fn answers(&self) -> HashMap<AnswerId, Said> {
        let ids = (0_u32..).zip(&self.hops).flat_map(|(hop, (_, preflight, request))| {
            [(AnswerTo::Preflight, preflight), (AnswerTo::Request, request)]
                .map(|(to, said)| (AnswerId { hop, to }, said.clone()))
        });
        ids.collect()
    }

    /// Fetches, and tells what was answered.
    async fn fetch(&self, page: &Page) -> (Result<Response, Error>, Arc<Tape>) {
        let heard = Arc::new(Heard::default());
        let fetched = page.fetch(self.request().observer(heard.clone())).await;
        let tape = Tape::of(heard.0.lock().expect("no panic").iter());
        (fetched, Arc::new(tape))
    }
}

fn edits(set: &EditSet) -> Vec<Edit> {
    set.edits.iter().map(|offered| offered.edit.clone()).collect()
}

#[test]
fn what_is_offered_passes_and_no_part_of_it_does() {
    let at_server = Arc::new(Mutex::new(AtServer::default()));
    let answering = at_server.clone();
    let web = Web::answering(move |request| answering.lock().expect("no panic").reply(request));
    let agent = web.agent();
    let own = agent.page("http://a.test/").expect("a URL");
    let sandboxed = agent.page_builder("http://a.test/").origin(Origin::new_opaque()).build().expect("a URL");
    let make = |edits: Vec<Edit>| at_server.lock().expect("no panic").edits = edits;
    let dice = Dice(SeededRandom::new(19));
    let (mut refused, mut never, mut parts, mut more_rounds) = (0, 0, 0, 0);
    on(async {
        while refused < EXCHANGES {
            let exchange = dice.exchange();
            let page = if exchange.opaque { &sandboxed } else { &own };
            *at_server.lock().expect("no panic") =
                AtServer { answers: exchange.answers(), edits: Vec::new() };
            let (fetched, tape) = exchange.fetch(page).await;
            let Err(error) = fetched else { continue };
            assert!(matches!(error.reason(), Some(Reason::Ruling(_))), "{error}: {exchange:?}");
            refused += 1;
            let found = page.smallest_changes(&tape, || exchange.request()).await.expect("a request");
            let Some(set) = found.sets.first() else {
                // Only a page without an origin that is worth a name is sent away, and only with credentials.
                assert!(exchange.credentials && !found.refused.is_empty(), "{error}: {exchange:?}");
                never += 1;
                continue;
            };
            assert!(found.sets.iter().all(|other| other.edits.len() == set.edits.len()));
            for set in &found.sets {
                for part in (0..(1_u32 << set.edits.len()) - 1).map(|mask| kept(set, mask)) {
                    if part.iter().filter(|edit| tape.answer(edit.answer).is_some()).count() < set.seen() {
                        make(part.clone());
                        let (fetched, _) = exchange.fetch(page).await;
                        assert!(fetched.is_err(), "{part:?} is enough: {exchange:?}");
                        parts += 1;
                    }
                }
            }
            // What was assumed may turn out otherwise: then there is more to say, and it is said of what is seen now.
            let (mut tape, mut made) = (tape, edits(set));
            loop {
                make(made.clone());
                let (fetched, seen) = exchange.fetch(page).await;
                let Err(error) = fetched else { break };
                assert!(seen.answers.len() > tape.answers.len(), "{error}: {made:?} of {exchange:?}");
                more_rounds += 1;
                tape = seen;
                let found = page.smallest_changes(&tape, || exchange.request()).await.expect("a request");
                let Some(set) = found.sets.first() else {
                    assert!(exchange.credentials && !found.refused.is_empty(), "{error}: {exchange:?}");
                    never += 1;
                    break;
                };
                for edit in edits(set) {
                    let same = |known: &Edit| {
                        known.answer == edit.answer && known.change.is_of_same_thing(&edit.change)
                    };
                    made.retain(|known| !same(known));
                    made.push(edit);
                }
            }
        }
    });
    // The dice are loaded the same way each time: what is wanted of them is that every branch was gone.
    assert!(never > 10 && parts > EXCHANGES && more_rounds > 10, "{never} {parts} {more_rounds}");
}

/// The edits of the set whose bits are set.
fn kept(set: &EditSet, mask: u32) -> Vec<Edit> {
    edits(set)
        .into_iter()
        .enumerate()
        .filter(|(bit, _)| mask & (1 << bit) != 0)
        .map(|(_, edit)| edit)
        .collect()
}
