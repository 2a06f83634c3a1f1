//! Where a stop is played: its own world of servers, a page's runtime that reaches nothing else, and a recorder that hears
//! every fetch.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sofetch::core::fixes::{Change, EditSet, SmallestChanges};
use sofetch::core::infrastructure::{requests, responses};
use sofetch::core::ports::{Answer, AuthenticationEntries};
use sofetch::core::tape::Tape;
use sofetch::core::trace::RequestSnapshot;
use sofetch::net::ConnectTo;
use sofetch::{Bytes, CredentialsMode, Mode, Request, Url, UserAgentBuilder};
use sofetch_demo::decisions::VISITOR;
use sofetch_demo::site::{API_ORIGIN, PAGE_ORIGIN};
use sofetch_demo::{AnswerChange, AnswerEdit, World};
use sofetch_inspect::cors_story::Fixes;
use sofetch_inspect::{CorsStory, Recorder, Recording, Secrets};
use sofetch_js::{Ending, Printer, Runtime};

use super::expectations::{differences, exchanges, request_of};
use super::{Act, Stop};
use crate::ending::Failure;
use crate::making::agent_builder;
use crate::options::NetworkOptions;

/// No stop takes a tenth of it; it keeps a broken one from waiting for ever.
const LIMIT: Duration = Duration::from_secs(60);

/// A stop and what came of it.
pub(crate) struct StopRan {
    /// Which.
    pub(crate) stop: &'static Stop,
    /// Its acts, in order.
    pub(crate) acts: Vec<ActRan>,
}

impl StopRan {
    /// What came out otherwise, a sentence each.
    pub(crate) fn wrong(&self) -> impl Iterator<Item = &str> {
        self.acts.iter().flat_map(|act| &act.wrong).map(|wrong| &**wrong)
    }

    /// Did all come out as it must?
    pub(crate) fn is_right(&self) -> bool {
        self.wrong().next().is_none()
    }
}

/// An act and what came of it.
pub(crate) struct ActRan {
    /// Which.
    pub(crate) act: &'static Act,
    /// What the server changed before.
    pub(crate) changed: Option<Fixes>,
    /// What ran.
    pub(crate) script: &'static str,
    /// What its console shows.
    pub(crate) console: Vec<ConsoleLine>,
    /// Its fetches, in order.
    pub(crate) stories: Vec<CorsStory>,
    /// What came out otherwise, a sentence each.
    pub(crate) wrong: Vec<String>,
}

/// A line of the console.
#[derive(Clone, Debug)]
pub(crate) struct ConsoleLine {
    /// As it was printed: not safe for a terminal yet.
    pub(crate) text: String,
    /// Is it an error's that nobody caught?
    pub(crate) uncaught: bool,
}

/// Plays a stop in this world.
pub(crate) fn play(stop: &'static Stop, world: &World, secrets: Secrets) -> Result<StopRan, Failure> {
    let recorder = Recorder::new();
    let console = Rc::new(Console::default());
    let mut agent = agent(world).observer(recorder.clone());
    if stop.signed_in {
        agent = agent.authentication_entries(Some(Arc::new(SignedIn)));
    }
    let page = Url::parse(PAGE_ORIGIN, None).expect("the page's URL is one");
    let builder = Runtime::builder().agent(agent).base_url(page).time_limit(LIMIT).printer(console.clone());
    let mut runtime = builder.build().map_err(Failure::Script)?;
    let mut stage = Stage::new(world, secrets);
    let mut acts = Vec::new();
    for act in stop.acts {
        let changed = act.changed.then(|| stage.change()).flatten();
        stage.script = act.script.unwrap_or(stage.script);
        runtime.run_module(stage.script, "page.js").map_err(Failure::Script)?;
        let ending = runtime.run_until_idle();
        let mut ran = stage.told(act, &recorder.take(), console.take(), changed)?;
        if ending != Ending::Idle {
            ran.wrong.push("the script did not end".to_owned());
        }
        acts.push(ran);
    }
    Ok(StopRan { stop, acts })
}

/// An agent that knows this world and nothing else.
fn agent(world: &World) -> UserAgentBuilder {
    let mut places: Vec<ConnectTo> = world
        .addresses()
        .into_iter()
        .map(|(host, port, address)| ConnectTo {
            host: Some(host.to_owned()),
            port: Some(port),
            to_host: Some(address.ip().to_string()),
            to_port: Some(address.port()),
        })
        .collect();
    // Whatever else is asked for comes to the page's server, whose certificate is not for it: nothing leaves loopback.
    let server = world.page.address();
    places.push(ConnectTo {
        host: None,
        port: None,
        to_host: Some(server.ip().to_string()),
        to_port: Some(server.port()),
    });
    // NB: the default has no proxy; one of the environment would lead away from here.
    agent_builder(NetworkOptions {
        connect_to: places,
        roots: world.ca_pem().as_bytes().to_vec(),
        only_these_roots: true,
        ..NetworkOptions::default()
    })
}

/// That the visitor has told `https://site.com` a name and a password.
struct SignedIn;

impl AuthenticationEntries for SignedIn {
    fn entry<'a>(&'a self, request: &'a requests::Request) -> Answer<'a, Option<Bytes>> {
        let known = request.current_url().origin().serialize() == API_ORIGIN;
        Answer::Ready(Some(known.then(|| Bytes::from_static(VISITOR.as_bytes()))))
    }

    fn create<'a>(&'a self, _: &'a requests::Request, _: &'a responses::Response) -> Answer<'a, ()> {
        Answer::Ready(Some(()))
    }
}

/// Keeps what scripts print.
#[derive(Default)]
struct Console(RefCell<Vec<ConsoleLine>>);

impl Console {
    fn take(&self) -> Vec<ConsoleLine> {
        self.0.take()
    }
}

impl Printer for Console {
    fn out(&self, line: &str) {
        self.0.borrow_mut().push(ConsoleLine { text: line.to_owned(), uncaught: false });
    }

    fn error(&self, line: &str) {
        // NB: no stop says anything on console.error itself.
        self.0.borrow_mut().push(ConsoleLine { text: line.to_owned(), uncaught: true });
    }
}

/// What acts leave behind for those after them.
struct Stage<'a> {
    world: &'a World,
    secrets: Secrets,
    changes: Option<SmallestChanges>,
    script: &'static str,
    /// How many requests each server saw before.
    seen: [usize; 2],
    /// What was given up before an answer came: a server may see it yet, or never.
    on_their_way: Vec<String>,
}

impl<'a> Stage<'a> {
    fn new(world: &'a World, secrets: Secrets) -> Stage<'a> {
        Stage { world, secrets, changes: None, script: "", seen: [0; 2], on_their_way: Vec::new() }
    }

    fn told(
        &mut self,
        act: &'static Act,
        recording: &Recording,
        console: Vec<ConsoleLine>,
        changed: Option<Fixes>,
    ) -> Result<ActRan, Failure> {
        let stories = |secrets| -> Vec<CorsStory> {
            let stories = recording.fetches.iter().filter_map(|fetch| CorsStory::of(fetch, secrets));
            // NB: whether a body that is given up ends with an error or is let go of before is a race, and the same to script.
            let settled = |mut story: CorsStory| {
                story.body_error.take_if(|error| error.is_aborted());
                story
            };
            stories.map(settled).collect()
        };
        let plain = stories(Secrets::Shown);
        let mut wrong = differences(act.expects, &console, &plain);
        wrong.extend(self.unseen(&plain));
        if act.changed && changed.is_none() {
            wrong.push("no change is known that the server could make".to_owned());
        }
        let mut stories = stories(self.secrets);
        if act.fixes
            && let Some((changes, tape)) = self.smallest_changes(recording)?
            && let Some(story) = stories.pop()
        {
            stories.push(story.with_fixes(&changes, &tape, None));
            self.changes = Some(changes);
        }
        Ok(ActRan { act, changed, script: self.script, console, stories, wrong })
    }

    /// Did the servers see what the engine says that it sent? Each answered request must be among those that they saw since
    /// the act before, and they may have seen no other.
    fn unseen(&mut self, stories: &[CorsStory]) -> Option<String> {
        let servers = [(PAGE_ORIGIN, &self.world.page), (API_ORIGIN, &self.world.api)];
        let mut seen = Vec::new();
        for ((origin, server), earlier) in servers.into_iter().zip(&mut self.seen) {
            let requests = server.requests();
            let new = requests.iter().skip(std::mem::replace(earlier, requests.len()));
            seen.extend(new.map(|request| format!("{} {origin}{}", request.method, request.target)));
        }
        for exchange in exchanges(stories) {
            let request = request_of(exchange);
            match seen.iter().position(|seen| seen == request) {
                Some(at) => {
                    seen.swap_remove(at);
                }
                None if exchange.status.is_some() => return Some(format!("no server saw {request}")),
                None => self.on_their_way.push(request.to_owned()),
            }
        }
        seen.retain(|seen| !self.on_their_way.contains(seen));
        (!seen.is_empty()).then(|| format!("the servers saw {seen:?} too"))
    }

    /// What would have let the act's last fetch pass, and what that was found by.
    fn smallest_changes(
        &self,
        recording: &Recording,
    ) -> Result<Option<(SmallestChanges, Arc<Tape>)>, Failure> {
        let mut asked = recording.fetches.iter().rev().filter_map(|fetch| Some((fetch, fetch.request()?)));
        let Some((fetch, asked)) = asked.next() else {
            return Ok(None);
        };
        let tape = Arc::new(Tape::of(fetch.events_of_exchange()));
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Start)?;
        let changes = runtime.block_on(async {
            let page = agent(self.world).build()?.page(PAGE_ORIGIN)?;
            Ok::<_, Failure>(page.smallest_changes(&tape, || again(asked)).await?)
        })?;
        Ok(Some((changes, tape)))
    }

    /// Makes the smallest change at the servers: what was changed.
    fn change(&mut self) -> Option<Fixes> {
        let changes = self.changes.take()?;
        let set: &EditSet = changes.sets.first()?;
        for offered in &set.edits {
            let edit = match offered.edit.change.clone() {
                Change::Set { name, value } => AnswerEdit::Set { name, value },
                Change::Remove { name } => AnswerEdit::Remove { name },
                Change::Status { status } => AnswerEdit::Status(status),
            };
            self.world.change(AnswerChange {
                host: offered.url.hostname().to_owned(),
                method: offered.method.as_str().to_owned(),
                path: offered.url.path().to_owned(),
                edit,
            });
        }
        let made = SmallestChanges { sets: vec![set.clone()], refused: Vec::new() };
        Some(Fixes::of(&made, self.secrets))
    }
}

/// The request once more, but for its body.
fn again(asked: &RequestSnapshot) -> Request {
    let mut request = Request::from_url(asked.url.clone()).method(asked.method.as_str());
    for header in asked.header_list.iter() {
        request = request.header(header.name(), header.value());
    }
    if let Some(mode) = Mode::from_word(asked.mode) {
        request = request.mode(mode);
    }
    match CredentialsMode::from_word(asked.credentials_mode) {
        Some(mode) => request.credentials(mode),
        None => request,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Expect, Told};
    use super::*;

    #[test]
    fn nothing_leaves_the_world() {
        const AWAY: Stop = Stop {
            name: "away",
            acts: &[Act {
                script: Some(
                    r#"for (const url of ["https://example.com/", "http://192.0.2.1/", "https://site.com:444/"])
  await fetch(url).catch((error) => console.log(error.name));"#,
                ),
                expects: &[Expect::Console(&["TypeError", "TypeError", "TypeError"])],
                ..Act::USUAL
            }],
            ..Stop::USUAL
        };
        let world = World::start().expect("loopback ports");
        let ran = play(&AWAY, &world, Secrets::Redacted).expect("it starts");
        assert_eq!(ran.wrong().collect::<Vec<_>>(), [""; 0]);
        // The one over http is mixed content, which is not sent at all.
        assert!(world.page.connections() >= 2, "they came to the page's server");
        assert_eq!(world.api.connections(), 0);
        assert!(world.page.requests().is_empty() && !world.page.complaints().is_empty());
    }

    #[test]
    fn servers_that_see_more_or_less_than_was_sent_are_told_of() {
        const QUIET: Stop = Stop {
            name: "quiet",
            acts: &[Act {
                script: Some(r#"await fetch("/data.json");"#),
                expects: &[Expect::Fetches(&[Told::Readable])],
                ..Act::USUAL
            }],
            ..Stop::USUAL
        };
        let world = World::start().expect("loopback ports");
        let ran = play(&QUIET, &world, Secrets::Redacted).expect("it starts");
        assert!(ran.is_right());
        let mut stage = Stage::new(&world, Secrets::Redacted);
        let said = stage.unseen(&[]).expect("nobody says that it was sent");
        assert!(said.contains("GET https://javascript.info/data.json"), "{said}");
        let said = stage.unseen(&ran.acts[0].stories).expect("it was seen before");
        assert_eq!(said, "no server saw GET https://javascript.info/data.json");
    }
}
