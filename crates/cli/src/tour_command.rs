//! `sofetch tour`: fetches explained one by one, offline, between two origins that this command serves itself.

use std::io;

use sofetch_demo::World;
use sofetch_inspect::safe_text::escaped;
use sofetch_js::THREAD_STACK_BYTES;

use crate::args::TourArgs;
use crate::ending::{Ending, Failure};
use crate::options::{UsageError, secrets};
use crate::output::Streams;
use crate::tour::{STOPS, Stop, StopRan, Teller, play, report};

/// Runs the command.
pub(crate) fn run(args: &TourArgs, streams: &Streams) -> Result<Ending, Failure> {
    let teller = Teller { paint: streams.paint_out, secrets: secrets(args.show_secrets) };
    if args.list {
        streams.out_text(&teller.list()).map_err(Failure::stdout)?;
        return Ok(Ending::Answered);
    }
    let chosen = chosen(&args.stops)?;
    std::thread::scope(|scope| {
        // Scripts have their stack whatever the thread of the process has.
        let thread = std::thread::Builder::new().name("tour".to_owned()).stack_size(THREAD_STACK_BYTES);
        let ran = thread
            .spawn_scoped(scope, || tour(&chosen, World::start, args, &teller, streams))
            .map_err(Failure::Start)?
            .join();
        ran.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The stops that are named, in the tour's order; all where none is.
fn chosen(named: &[String]) -> Result<Vec<(usize, &'static Stop)>, UsageError> {
    let is_named = |place: usize, stop: &Stop, said: &str| {
        said == stop.name || said.parse().is_ok_and(|number: usize| number == place)
    };
    let all = || STOPS.iter().enumerate().map(|(index, stop)| (index + 1, stop));
    if let Some(unknown) = named.iter().find(|said| !all().any(|(place, stop)| is_named(place, stop, said))) {
        return Err(UsageError::Stop(unknown.clone()));
    }
    let wanted =
        |place: usize, stop: &Stop| named.is_empty() || named.iter().any(|said| is_named(place, stop, said));
    Ok(all().filter(|(place, stop)| wanted(*place, stop)).collect())
}

/// Goes from stop to stop, each in a world of its own, so that none depends on those before it.
fn tour(
    chosen: &[(usize, &'static Stop)],
    world: impl Fn() -> io::Result<World>,
    args: &TourArgs,
    teller: &Teller,
    streams: &Streams,
) -> Result<Ending, Failure> {
    let as_json = args.report.is_some();
    let waits = args.step && streams.out_is_terminal && io::IsTerminal::is_terminal(&io::stdin());
    let say = |text: &str| if as_json { Ok(()) } else { streams.out_text(text).map_err(Failure::stdout) };
    say(&teller.welcome())?;
    let mut told: Vec<StopRan> = Vec::new();
    for (place, stop) in chosen {
        if waits && !told.is_empty() && !next() {
            return Ok(Ending::Answered);
        }
        say(&teller.title(*place, stop))?;
        let world = world().map_err(Failure::Start)?;
        let ran = play(stop, &world, teller.secrets)?;
        say(&format!("{}\n", teller.stop(&ran)))?;
        told.push(ran);
    }
    say(&teller.farewell(&told))?;
    if as_json {
        streams.out_json(&report(&told)).map_err(Failure::stdout)?;
    }
    let mut wrong = told.iter().filter(|ran| !ran.is_right()).peekable();
    let ending = if wrong.peek().is_none() { Ending::Answered } else { Ending::Refused };
    for ran in wrong {
        for sentence in ran.wrong() {
            streams.error(&format!("the stop `{}` came out otherwise: {}", ran.stop.name, escaped(sentence)));
        }
    }
    Ok(ending)
}

/// Waits for a line. `false` at its end: nobody wants more.
fn next() -> bool {
    let mut line = String::new();
    io::stdin().read_line(&mut line).is_ok_and(|length| length > 0)
}
