//! `sofetch repl`: entries of a person, one after the other, in one global; or those of standard input.
//!
//! This thread talks with the person (`repl/editor.rs`), another one runs the scripts (`repl/scripts.rs`): what they print while the
//! person types stands above what is typed (`repl/lines.rs`). Entries that begin with a dot are commands (`repl/commands.rs`).

use std::io::{self, BufRead, IsTerminal};
use std::process::ExitCode;
use std::sync::Arc;

use sofetch_inspect::LastFetches;
use sofetch_js::{EntryReader, Read, THREAD_STACK_BYTES};

use crate::args::ReplArgs;
use crate::ending::Failure;
use crate::output::Streams;
use crate::realm::decode;
use crate::repl::commands::{self, Session};
use crate::repl::editor::{Editor, Typed};
use crate::repl::interrupts;
use crate::repl::lines::Lines;
use crate::repl::scripts::{self, Place};
use crate::words::repl as words;

/// An entry that threw.
const UNCAUGHT: u8 = 1;

/// So many fetches are kept.
const LAST_FETCHES: usize = 50;

/// Until it ends.
pub(crate) fn run(args: ReplArgs, streams: &Streams) -> Result<ExitCode, Failure> {
    let place = Place::of(&args, streams)?;
    let fetches = LastFetches::new(LAST_FETCHES);
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let above = is_terminal.then(Arc::<Lines>::default);
    let (scripts, serving) = scripts::pair();
    std::thread::scope(|scope| {
        let mut session = Session::new(&args, place, fetches.clone(), scripts, streams);
        let thread = std::thread::Builder::new().name("script".to_owned()).stack_size(THREAD_STACK_BYTES);
        let lines = above.clone();
        let serve = || serving.serve(&args, &fetches, lines);
        thread.spawn_scoped(scope, serve).map_err(Failure::Start)?;
        session.scripts.renew(session.place.clone())?;
        let reader = EntryReader::new().map_err(Failure::Script)?;
        match &above {
            Some(lines) => converse(&mut session, reader, &args, lines),
            None => read_all(&mut session, reader),
        }
    })
}

/// With a person.
fn converse(
    session: &mut Session<'_>,
    mut reader: EntryReader,
    args: &ReplArgs,
    lines: &Arc<Lines>,
) -> Result<ExitCode, Failure> {
    session.is_terminal = true;
    let interrupts = session.scripts.interrupts.clone();
    interrupts::listen(&session.scripts)?;
    let mut editor = Editor::new(args, session.scripts.clone(), lines.clone(), session.streams)?;
    session.tell(&words::welcome(&session.place.words()))?;
    let mut text = String::new();
    // Ctrl-C twice in a row, with nothing typed, is the end.
    let mut wants_to_leave = false;
    loop {
        match editor.line(if text.is_empty() { "> " } else { "... " })? {
            Typed::End => return Ok(ExitCode::SUCCESS),
            Typed::Interrupted { something } => {
                if !something && text.is_empty() && !session.scripts.interrupt_what_runs() {
                    if wants_to_leave {
                        return Ok(ExitCode::SUCCESS);
                    }
                    wants_to_leave = true;
                    session.tell(words::HOW_TO_LEAVE)?;
                }
                text.clear();
                continue;
            }
            Typed::Line(line) => {
                interrupts.typed();
                text.push_str(if text.is_empty() { "" } else { "\n" });
                text.push_str(&line);
            }
        }
        wants_to_leave = false;
        let is_over = match reader.read(&text) {
            _ if commands::is_command(&text) => {
                editor.remember(&text);
                session.command(&text, &mut reader)?
            }
            Read::More => {
                if interrupts.done() {
                    text.clear();
                }
                continue;
            }
            Read::Nothing => false,
            Read::Entry(entry) => {
                editor.remember(&text);
                session.enter(&text, entry)?;
                false
            }
        };
        interrupts.done();
        if is_over {
            return Ok(ExitCode::SUCCESS);
        }
        text.clear();
    }
}

/// Without one: entries as they come, then whatever is under way.
fn read_all(session: &mut Session<'_>, mut reader: EntryReader) -> Result<ExitCode, Failure> {
    let mut input = io::stdin().lock();
    let (mut text, mut is_over) = (String::new(), false);
    while !is_over {
        let mut bytes = Vec::new();
        // What cannot be read any more is over.
        let is_end = input.read_until(b'\n', &mut bytes).map_or(true, |length| length == 0);
        text.push_str(&decode(&bytes));
        is_over = is_end;
        let read = if is_end { reader.read_whole(&text) } else { reader.read(&text) };
        match read {
            // What is still under way is nobody's wish any more.
            _ if commands::is_command(&text) && session.command(text.trim(), &mut reader)? => {
                return Ok(exit_code(session.has_failed));
            }
            _ if commands::is_command(&text) => {}
            Read::More => continue,
            Read::Nothing => {}
            Read::Entry(entry) => session.enter(text.trim_end(), entry)?,
        }
        text.clear();
    }
    Ok(exit_code(session.scripts.finish()? || session.has_failed))
}

fn exit_code(failed: bool) -> ExitCode {
    if failed { ExitCode::from(UNCAUGHT) } else { ExitCode::SUCCESS }
}
