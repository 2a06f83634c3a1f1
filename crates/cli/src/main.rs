//! `sofetch`: fetches a URL, or tells why a browser would refuse it. Reads the arguments, runs the command, says how it ended.
//!
//! - `args`: as typed; `complaints`: why they are none; `options`: what they mean; `making`: the agent, page and request that follow.
//! - `fetch_command`, `cors_command`, `audit_command`, `tour_command`: the commands, the tour's stops in `tour`; `run_command`: scripts, `script_lines`: what they
//!   print, `watchers`: who listens to their fetches; `repl_command`: scripts as they are typed, in `repl`; `realm`: the global of either.
//! - `lab_command`: the lab's page, and what it asks of this program.
//! - `authentication`: who the user is; `download`: bodies that become files; `batch`: many URLs.
//! - `listening`: who hears what is fetched, `har_file`: and writes it down.
//! - `output`, `terminal_body`, `json_text`, `progress`: what is printed, and how; `telling`: what `inspect` says of a recording, in colour;
//!   `words`: sentences that only the faces need; `ending`: exit codes.

mod args;
mod audit_command;
mod authentication;
mod batch;
mod complaints;
mod config;
mod cors_command;
mod download;
mod ending;
mod export;
mod fetch_command;
mod generate_command;
mod har_file;
mod import;
mod items;
mod json_text;
mod lab_command;
mod listening;
mod making;
mod offline;
mod offline_command;
mod options;
mod output;
mod probing;
mod progress;
mod realm;
mod repl;
mod repl_command;
mod run_command;
mod script_lines;
mod sending;
mod telling;
mod terminal_body;
mod tour;
mod tour_command;
mod watchers;
mod words;

use std::process::ExitCode;

use args::{Args, ColorWhen, Command, CorsCommand, FetchArgs, ServerOption};
use ending::{Ending, Failure};
use options::{AuditOptions, Options, secrets};
use output::{Quiet, Streams};

fn main() -> ExitCode {
    let args = match Args::of_process() {
        Ok(args) => args,
        Err(exit_code) => return exit_code,
    };
    let (quiet, color, secrets) = match &args.command {
        Some(Command::Cors(cors)) => match &cors.command {
            Some(CorsCommand::Audit(audit)) => {
                let quiet = if audit.silent { Quiet::All } else { Quiet::Nothing };
                (quiet, ColorWhen::Auto, secrets(audit.show_secrets))
            }
            None => (quiet(&cors.fetch), cors.fetch.printing.color, secrets(cors.fetch.show_secrets)),
        },
        Some(Command::Tour(tour)) => (Quiet::Nothing, ColorWhen::Auto, secrets(tour.show_secrets)),
        Some(Command::Lab(lab)) => (Quiet::Nothing, ColorWhen::Auto, secrets(lab.show_secrets)),
        Some(Command::Run(run)) => (Quiet::Nothing, ColorWhen::Auto, secrets(run.show_secrets)),
        Some(Command::Repl(repl)) => (Quiet::Nothing, ColorWhen::Auto, secrets(repl.show_secrets)),
        Some(Command::Generate(_)) => (Quiet::Nothing, ColorWhen::Auto, secrets(false)),
        None => (quiet(&args.fetch), args.fetch.printing.color, secrets(args.fetch.show_secrets)),
    };
    let streams = Streams::of_process(quiet, color);
    let ending = run(args, &streams);
    if let Err(failure) = &ending
        && let Some(words) = failure.words(secrets)
    {
        streams.error(&words);
    }
    match ending {
        Ok(exit_code) => exit_code,
        Err(failure) => failure.ending().exit_code(),
    }
}

/// `--silent`, and `--show-error` beside it.
fn quiet(args: &FetchArgs) -> Quiet {
    match (args.silent, args.show_error) {
        (false, _) => Quiet::Nothing,
        (true, true) => Quiet::Notes,
        (true, false) => Quiet::All,
    }
}

fn run(args: Args, streams: &Streams) -> Result<ExitCode, Failure> {
    match args.command {
        Some(Command::Run(run)) => return run_command::run(*run, streams),
        Some(Command::Repl(repl)) => return repl_command::run(*repl, streams),
        Some(Command::Tour(tour)) => return tour_command::run(&tour, streams).map(Ending::exit_code),
        Some(Command::Generate(generate)) => {
            return generate_command::run(generate.what).map(Ending::exit_code);
        }
        _ => {}
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Start)?;
    let ending = match args.command {
        None => {
            let options = Options::of_fetch(args.fetch)?;
            match options.batch.clone() {
                Some(batch) => runtime.block_on(batch::run(batch, options, streams)),
                None if offline_command::is_wanted(&options.show) => {
                    runtime.block_on(offline_command::run(options, streams))
                }
                None => runtime.block_on(fetch_command::run(options, streams)),
            }
        }
        Some(Command::Cors(mut cors)) => match cors.command.take() {
            Some(CorsCommand::Audit(audit)) => {
                let options = AuditOptions::of(*audit)?;
                runtime.block_on(audit_command::run(options, streams))
            }
            None if matches!(cors.server, Some(ServerOption::List)) => cors_command::list_servers(streams),
            None => {
                let options = Options::of_cors(*cors, streams)?;
                match offline_command::is_wanted(&options.show) {
                    true => runtime.block_on(offline_command::run(options, streams)),
                    false => runtime.block_on(cors_command::run(options, streams)),
                }
            }
        },
        Some(Command::Lab(lab)) => runtime.block_on(lab_command::run(*lab, streams)),
        Some(Command::Run(_) | Command::Repl(_) | Command::Tour(_) | Command::Generate(_)) => {
            unreachable!("they need no runtime of this kind")
        }
    };
    // A look-up that was given up goes on in the system: nobody waits for it.
    runtime.shutdown_background();
    ending.map(Ending::exit_code)
}
