//! `sofetch tour`: fetches explained one by one, offline, between two origins that this command serves itself.

use std::io::{self, IsTerminal};

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
            .spawn_scoped(scope, || tour(&chosen, args, &teller, streams))
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
    args: &TourArgs,
    teller: &Teller,
    streams: &Streams,
) -> Result<Ending, Failure> {
    let as_json = args.report.is_some();
    let say = |text: &str| if as_json { Ok(()) } else { streams.out_text(text).map_err(Failure::stdout) };
    let waits = args.step && io::stdout().is_terminal() && io::stdin().is_terminal();
    say(&teller.welcome())?;
    let mut told = Vec::new();
    for (place, stop) in chosen {
        if waits && !told.is_empty() {
            say(&teller.pause())?;
            if !is_line_typed() {
                say("\n")?;
                break;
            }
        }
        say(&teller.title(*place, stop))?;
        let world = World::start().map_err(Failure::Start)?;
        let ran = play(stop, &world, teller.secrets)?;
        say(&format!("{}\n", teller.stop(&ran)))?;
        told.push(ran);
    }
    say(&teller.farewell(&told))?;
    if as_json {
        streams.out_json(&report(&told)).map_err(Failure::stdout)?;
    }
    for ran in &told {
        for sentence in ran.wrong() {
            streams.error(&format!("the stop `{}` came out otherwise: {}", ran.stop.name, escaped(sentence)));
        }
    }
    Ok(ending(&told))
}

/// Is a line typed? At the end of the input nobody wants more.
fn is_line_typed() -> bool {
    io::stdin().read_line(&mut String::new()).is_ok_and(|length| length > 0)
}

fn ending(told: &[StopRan]) -> Ending {
    if told.iter().all(StopRan::is_right) { Ending::Answered } else { Ending::Refused }
}

#[cfg(test)]
mod tests {
    use sofetch_demo::site::{API_HOST, PAGE_HOST};
    use sofetch_demo::{AnswerChange, AnswerEdit};
    use sofetch_inspect::Secrets;

    use super::*;
    use crate::output::Paint;

    fn stop(name: &str) -> &'static Stop {
        STOPS.iter().find(|stop| stop.name == name).unwrap_or_else(|| panic!("no stop {name}"))
    }

    #[test]
    fn stops_are_chosen_by_name_and_number_and_told_in_their_order() {
        let places = |named: &[&str]| {
            let named: Vec<String> = named.iter().map(|&said| said.to_owned()).collect();
            chosen(&named).map(|chosen| chosen.iter().map(|(place, _)| *place).collect::<Vec<_>>())
        };
        let all: Vec<usize> = (1..=STOPS.len()).collect();
        assert_eq!(places(&[]).expect("all of them"), all);
        assert_eq!(places(&["3", "simple", "preflight"]).expect("there are"), [1, 3]);
        for unknown in ["0", "15", "-1", "", "Simple", "simple "] {
            assert!(
                matches!(places(&["1", unknown]), Err(UsageError::Stop(said)) if said == unknown),
                "{unknown}"
            );
        }
    }

    #[test]
    fn a_stop_whose_servers_answer_otherwise_comes_out_otherwise() {
        let set =
            |name: &str, value: &str| AnswerEdit::Set { name: name.to_owned(), value: value.to_owned() };
        let remove = |name: &str| AnswerEdit::Remove { name: name.to_owned() };
        let allowed = "Access-Control-Allow-Origin";
        let page = "https://javascript.info";
        // Without "same-origin", of which no server hears.
        let rows = [
            ("simple", PAGE_HOST, "GET", "/data.json", AnswerEdit::Status(500)),
            ("form", API_HOST, "POST", "/submit", remove(allowed)),
            (
                "preflight",
                API_HOST,
                "OPTIONS",
                "/service.json",
                set("Access-Control-Allow-Headers", "Content-Type"),
            ),
            ("preflight", API_HOST, "OPTIONS", "/service.json", set("Access-Control-Max-Age", "0")),
            ("answer", API_HOST, "PATCH", "/granted-then-closed.json", set(allowed, page)),
            ("refused", API_HOST, "GET", "/other-origin.json", set(allowed, page)),
            ("opaque", API_HOST, "GET", "/opaque.svg", AnswerEdit::Status(404)),
            ("exposed", API_HOST, "GET", "/exposed.json", set("Access-Control-Expose-Headers", "*")),
            ("credentials", API_HOST, "GET", "/wildcard-with-credentials.json", set(allowed, page)),
            ("credentials", API_HOST, "GET", "/who.json", remove("Access-Control-Allow-Credentials")),
            ("redirect", PAGE_HOST, "GET", "/own.json", set(allowed, "null")),
            ("clone", PAGE_HOST, "GET", "/data.json", AnswerEdit::Status(404)),
            ("abort", API_HOST, "GET", "/gated.txt", AnswerEdit::Status(404)),
            ("graphql", API_HOST, "POST", "/graphql", AnswerEdit::Status(400)),
            ("csrf", API_HOST, "POST", "/transfer", AnswerEdit::Status(403)),
            ("csrf", API_HOST, "POST", "/transfer-same-site", AnswerEdit::Status(200)),
        ];
        let teller = Teller { paint: Paint::off(), secrets: Secrets::Redacted };
        for (name, host, method, path, edit) in rows {
            let world = World::start().expect("loopback ports");
            let row = format!("{name}: {edit:?}");
            world.change(AnswerChange {
                host: host.to_owned(),
                method: method.to_owned(),
                path: path.to_owned(),
                edit,
            });
            let ran = play(stop(name), &world, Secrets::Redacted).expect(&row);
            assert!(!ran.is_right(), "{row}");
            assert!(teller.stop(&ran).contains("\u{2717} This is not what must come of it: "), "{row}");
            let told = [ran];
            assert!(teller.farewell(&told).contains("0 of 1 stops"), "{row}");
            assert_eq!(ending(&told), Ending::Refused, "{row}");
            let json: serde_json::Value = serde_json::from_str(&report(&told)).expect("JSON");
            assert_eq!(json["right"], false, "{row}");
            assert!(json["stops"][0]["wrong"][0].is_string(), "{row}");
        }
    }
}
