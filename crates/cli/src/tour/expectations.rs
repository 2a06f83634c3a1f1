//! What must come of an act. Whatever came out otherwise is a sentence; none is the proof that the stop tells the truth.

use sofetch_inspect::cors_story::{Exchange, StoryVerdict};
use sofetch_inspect::safe_text::redacted;
use sofetch_inspect::{CorsStory, Secrets};

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
    /// The request of this place (the first is 0) was sent with this line.
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
            let said = header(*place, name_of(line)).map_or("none".to_owned(), |said| without_secret(said));
            (!has)
                .then(|| format!("request {} has no line `{}`, but {said}", place + 1, without_secret(line)))
        }
        Expect::NotSent(place, name) => {
            let said = header(*place, name);
            said.map(|said| format!("request {} has the line `{}`", place + 1, without_secret(said)))
        }
        Expect::Received(place, line) => {
            let has = exchange(*place).is_some_and(|exchange| {
                exchange.received.iter().any(|received| received.eq_ignore_ascii_case(line))
            });
            (!has).then(|| {
                format!("the answer to request {} has no line `{}`", place + 1, without_secret(line))
            })
        }
        Expect::Answered(place, status) => {
            let said = exchange(*place).and_then(|exchange| exchange.status);
            let said = said.map_or("nothing".to_owned(), |said| said.to_string());
            (said != status.to_string())
                .then(|| format!("request {} was answered with {said}, not {status}", place + 1))
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

fn without_secret(line: &str) -> String {
    match line.split_once(": ") {
        Some((name, value)) => {
            format!("{name}: {}", redacted(name.as_bytes(), value.as_bytes(), Secrets::Redacted))
        }
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use sofetch_demo::World;

    use super::super::{Act, Stop, play};
    use super::*;

    const PATCH: Stop = Stop {
        name: "patch",
        acts: &[Act {
            script: Some(
                r#"await fetch("https://site.com/service.json", { method: "PATCH", headers: { "API-Key": "hush" } });
console.log("done");
await fetch("https://site.com/closed.json");"#,
            ),
            expects: &[],
            ..Act::USUAL
        }],
        ..Stop::USUAL
    };

    #[test]
    fn each_expectation_tells_what_is_so_from_what_is_not() {
        use Expect::{Answered, Console, Fetches, NotSent, Received, Requests, Sent, Uncaught};
        let world = World::start().expect("loopback ports");
        let ran = play(&PATCH, &world, Secrets::Shown).expect("it starts");
        let (console, stories) = (&ran.acts[0].console, &ran.acts[0].stories);
        let wrong = |expect: Expect| differences(&[expect, Uncaught("TypeError")], console, stories);
        const ALL: &[&str] = &[
            "OPTIONS https://site.com/service.json",
            "PATCH https://site.com/service.json",
            "GET https://site.com/closed.json",
        ];
        for so in [
            Console(&["done"]),
            Requests(ALL),
            Sent(1, "API-Key: hush"),
            NotSent(0, "API-Key"),
            Received(0, "Access-Control-Max-Age: 86400"),
            Answered(2, 200),
            Fetches(&[Told::Readable, Told::Refused("CorsCheck")]),
        ] {
            let said = format!("{so:?}");
            assert_eq!(wrong(so), [""; 0], "{said}");
        }
        for not in [
            Console(&[]),
            Console(&["done", "done"]),
            Uncaught("AbortError"),
            Requests(&ALL[..2]),
            Requests(&[]),
            Sent(0, "API-Key: hush"),
            Sent(1, "API-Key: hus"),
            Sent(3, "Origin: https://javascript.info"),
            NotSent(1, "api-key"),
            Received(1, "Access-Control-Max-Age: 86400"),
            Answered(2, 201),
            Answered(3, 200),
            Fetches(&[Told::Readable]),
            Fetches(&[Told::Readable, Told::Readable]),
            Fetches(&[Told::Readable, Told::Refused("Redirect")]),
            Fetches(&[Told::Readable, Told::GivenUp]),
            Fetches(&[Told::Unreadable, Told::Refused("CorsCheck")]),
        ] {
            let said = format!("{not:?}");
            let wrong = wrong(not);
            assert_eq!(wrong.len(), 1, "{said}: {wrong:?}");
            assert!(!wrong[0].contains("hus"), "a secret stays one: {wrong:?}");
        }
        assert_eq!(differences(&[], console, stories).len(), 1, "what nobody caught must be expected");
    }
}
