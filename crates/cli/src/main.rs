//! `sofetch`: fetches a URL, or tells why a browser would refuse it. Reads the arguments, runs the command, says how it ended.
//!
//! - `args`: as typed; `complaints`: why they are none; `options`: what they mean; `making`: the agent, page and request that follow.
//! - `fetch_command`, `cors_command`, `demo_command`: the three commands; `run_command`: scripts, `script_lines`: what they
//!   print, `watchers`: who listens to their fetches.
//! - `output`, `json_text`, `progress`: what is printed, and how; `telling`: what `inspect` says of a recording, in colour;
//!   `words`: sentences that only the faces need; `ending`: exit codes.

mod args;
mod complaints;
mod cors_command;
mod demo_command;
mod ending;
mod fetch_command;
mod json_text;
mod making;
mod options;
mod output;
mod progress;
mod run_command;
mod script_lines;
mod telling;
mod watchers;
mod words;

use std::process::ExitCode;

use args::{Args, Command, FetchArgs, ServerOption};
use ending::{Ending, Failure};
use options::{Options, secrets};
use output::{Quiet, Streams};

fn main() -> ExitCode {
    let args = match Args::of_process() {
        Ok(args) => args,
        Err(exit_code) => return exit_code,
    };
    let (quiet, secrets) = match &args.command {
        Some(Command::Cors(cors)) => (quiet(&cors.fetch), secrets(cors.fetch.show_secrets)),
        Some(Command::Demo(demo)) => (Quiet::Nothing, secrets(demo.show_secrets)),
        Some(Command::Run(run)) => (Quiet::Nothing, secrets(run.show_secrets)),
        None => (quiet(&args.fetch), secrets(args.fetch.show_secrets)),
    };
    let streams = Streams::of_process(quiet);
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
    if let Some(Command::Run(run)) = args.command {
        return run_command::run(*run, streams);
    }
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Start)?;
    let ending = match args.command {
        None => {
            let options = Options::of_fetch(args.fetch)?;
            runtime.block_on(fetch_command::run(options, streams))
        }
        Some(Command::Cors(cors)) => {
            let server = match cors.server {
                Some(ServerOption::List) => {
                    return cors_command::list_servers(streams).map(Ending::exit_code);
                }
                Some(ServerOption::Named(server)) => Some(server),
                None => None,
            };
            let options = Options::of_cors(cors.fetch, server)?;
            runtime.block_on(cors_command::run(options, streams))
        }
        Some(Command::Demo(demo)) => runtime.block_on(demo_command::run(&demo, streams)),
        Some(Command::Run(_)) => unreachable!("it has a runtime of its own"),
    };
    // A look-up that was given up goes on in the system: nobody waits for it.
    runtime.shutdown_background();
    ending.map(Ending::exit_code)
}
