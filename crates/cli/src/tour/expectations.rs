//! What must come of an act. Whatever came out otherwise is a sentence; none is the proof that the stop tells the truth.

use sofetch_inspect::CorsStory;
use sofetch_inspect::cors_story::{Exchange, StoryVerdict};

use super::stage::ConsoleLine;

/// One thing that must be so.
#[derive(Debug)]
pub(crate) enum Expect {
    /// The console's lines, but for those of errors that nobody caught.
    Console(&'static [&'static str]),
    /// An error of this name that nobody caught. Without this there must be none.
    Uncaught(&'static str),
    /// The requests that were sent, in order, preflights among them: method and URL.
    Requests(&'static [&'static str]),
    /// The request of this place was sent with this line.
    Sent(usize, &'static str),
    /// It was sent without a header of this name.
    NotSent(usize, &'static str),
    /// Its answer came with this line.
    Received(usize, &'static str),
    /// It was answered with this status.
    Answered(usize, u16),
    /// How each fetch ended, in order.
    Fetches(&'static [Told]),
}

/// How a fetch ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// The script reads the response.
    Readable,
    /// It has one, and reads nothing of it.
    Unreadable,
    /// This rule refused.
    Refused(&'static str),
    /// The script gave it up before there was a response.
    GivenUp,
}

/// All that came out otherwise. The stories are those with their secrets shown.
pub(super) fn differences(expects: &[Expect], console: &[ConsoleLine], stories: &[CorsStory]) -> Vec<String> {
    let exchanges = exchanges(stories);
    let mut wrong: Vec<String> =
        expects.iter().filter_map(|expect| difference(expect, console, stories, &exchanges)).collect();
    let uncaught = console.iter().find(|line| line.uncaught);
    if let Some(line) = uncaught
        && !expects.iter().any(|expect| matches!(expect, Expect::Uncaught(_)))
    {
        wrong.push(format!("the console has {:?}", line.text));
    }
    wrong
}

fn difference(
    expect: &Expect,
    console: &[ConsoleLine],
    stories: &[CorsStory],
    exchanges: &[&Exchange],
) -> Option<String> {
    let exchange = |place: usize| exchanges.get(place).copied();
    let header = |place: usize, name: &str| {
        let lines = exchange(place).map(|exchange| &exchange.sent[..]).unwrap_or_default();
        lines.iter().skip(1).find(|line| name_of(line).eq_ignore_ascii_case(name))
    };
    match expect {
        Expect::Console(expected) => {
            let lines: Vec<&str> =
                console.iter().filter(|line| !line.uncaught).map(|line| &*line.text).collect();
            (lines != *expected).then(|| format!("the console says {lines:?}, not {expected:?}"))
        }
        Expect::Uncaught(name) => {
            let has = console.iter().any(|line| line.uncaught && line.text.contains(name));
            (!has).then(|| format!("no {name} is left uncaught"))
        }
        Expect::Requests(expected) => {
            let requests: Vec<&str> = exchanges.iter().map(|exchange| request_of(exchange)).collect();
            (requests != *expected).then(|| format!("the requests are {requests:?}, not {expected:?}"))
        }
        Expect::Sent(place, line) => {
            let has = exchange(*place).is_some_and(|exchange| exchange.sent.iter().any(|sent| sent == line));
            let said = header(*place, name_of(line)).map_or("none", |said| said);
            (!has).then(|| format!("request {place} has no line {line:?}: of this name it has {said:?}"))
        }
        Expect::NotSent(place, name) => {
            header(*place, name).map(|said| format!("request {place} has the line {said:?}"))
        }
        Expect::Received(place, line) => {
            let has = exchange(*place).is_some_and(|exchange| {
                exchange.received.iter().any(|received| received.eq_ignore_ascii_case(line))
            });
            (!has).then(|| format!("the answer to request {place} has no line {line:?}"))
        }
        Expect::Answered(place, status) => {
            let said = exchange(*place).and_then(|exchange| exchange.status);
            (said != Some(*status)).then(|| format!("request {place} was answered {said:?}, not {status}"))
        }
        Expect::Fetches(expected) => {
            let told: Vec<Option<Told>> = stories.iter().map(told).collect();
            let same = told.len() == expected.len()
                && told.iter().zip(*expected).all(|(told, expected)| *told == Some(*expected));
            (!same).then(|| format!("the fetches ended as {told:?}, not {expected:?}"))
        }
    }
}

fn told(story: &CorsStory) -> Option<Told> {
    Some(match &story.verdict {
        StoryVerdict::Readable if story.body_error.is_none() => Told::Readable,
        StoryVerdict::Unreadable { .. } => Told::Unreadable,
        StoryVerdict::Refused { ruling } => Told::Refused(ruling.rule()),
        StoryVerdict::NetworkFailure { error } if error.is_aborted() => Told::GivenUp,
        _ => return None,
    })
}

/// What went over the wire, in order.
pub(super) fn exchanges(stories: &[CorsStory]) -> Vec<&Exchange> {
    let hops = stories.iter().flat_map(|story| &story.hops);
    hops.flat_map(|hop| {
        let preflight = hop.preflight.iter().flat_map(|preflight| &preflight.exchanges);
        preflight.chain(&hop.exchanges)
    })
    .collect()
}

/// Method and URL.
pub(super) fn request_of(exchange: &Exchange) -> &str {
    let line = exchange.sent.first().map(|line| &**line).unwrap_or_default();
    line.rsplit_once(' ').map_or(line, |(request, _version)| request)
}

fn name_of(line: &str) -> &str {
    line.split(':').next().unwrap_or_default()
}
