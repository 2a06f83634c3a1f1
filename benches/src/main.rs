//! What a fetch costs, beside its peers: `cargo xtask bench`, or `cargo run --release` in this folder.
//!
//! ```text
//! cargo xtask bench [--rows NAME,..] [--clients NAME,..] [--rounds N] [--two-cpus] [--instr] [--json] [--strict] [--list]
//! ```
//!
//! - `--rows`, `--clients`: only those; a name may be the beginning of several
//! - `--rounds N`: so many interleaved rounds (5), of which medians are taken; 0 measures no CPU time
//! - `--two-cpus`: server and client have a CPU each, where they share one otherwise
//! - `--instr`: counts instructions too, where valgrind is installed
//! - `--json`: one JSON object in place of the table
//! - `--strict`: a bar that is not met is a failure
//!
//! `cargo xtask bench js` runs scripts instead: see js.rs.
//!
//! # Method
//!
//! The server is hyper on one thread of a process of its own; each client is a process of its own, pinned to the same
//! CPU. Both are this program in another mode (`serve`, `client`), they meet over loopback alone, and
//! every process is bounded in requests and in time. A client warms up (connections, handshakes, caches), then takes
//! its mark, does its work, and takes its mark again: a mark is its process's own CPU clock, all threads, user and
//! system. All clients of a row run in turn, round after round, so that whatever else the machine does hits them alike;
//! a figure is the median of its rounds, and a ratio is of medians of the same run. `stream-1g` alone counts the server's
//! CPU with the client's: see `Row::counts_server`.
//!
//! With `--two-cpus` the client is pinned to the last CPU instead. Then whoever writes to a process that sleeps pays for
//! waking it across CPUs: in a virtual machine that is more than what most clients do for a request. It flattens all
//! ratios of rows with one request at a time, and with 64 at once it is charged or not as the two happen to keep step.
//!
//! Instructions are callgrind's count for 2,048 requests less that for 1,024, divided by 1,024: user code only, start-up
//! and connects cancelled out. It repeats within a few per cent under any load, which CPU time does not.
//!
//! # The clients
//!
//! - `sofetch`: on the user's own behalf (`UserAgent::fetch`)
//! - `sofetch-page`: as a page of the server's origin, so that a browser's rules run; over HTTP/1.1 a page has six
//!   connections to a host, as in browsers, so that its 64 at once queue
//! - `reqwest`: `Client::get`, without cookies, decompression or proxies
//! - `hyper`: `hyper::client::conn` on connections of its own, polled in the caller's task (over HTTP/2 by one task)
//!
//! Each is given the URL as text where it takes one, and reads the whole body. All TLS is rustls over `ring`, with one
//! authority made at start as its only root.

mod clients;
mod js;
mod js_measure;
mod js_report;
mod measure;
mod report;
mod rows;
mod server;

use std::process::ExitCode;

use crate::rows::{CLIENTS, ROWS};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str = "\
sofetch-benches [--rows NAME,..] [--clients NAME,..] [--rounds N] [--two-cpus] [--instr] [--json] [--strict] [--list]
";

/// What is asked for on the command line.
struct Asked {
    rows: Vec<String>,
    clients: Vec<String>,
    rounds: usize,
    two_cpus: bool,
    instructions: bool,
    json: bool,
    strict: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["serve"] => server::serve(),
        ["js", ref arguments @ ..] => js::bench(arguments),
        ["client", row, client, requests] => clients::run(row, client, requests),
        ["--list"] => {
            for row in &ROWS {
                println!("{:<12} {}", row.name, row.what);
            }
            println!("clients: {}", CLIENTS.join(", "));
            Ok(true)
        }
        _ => match asked(&arguments) {
            Some(asked) => bench(&asked),
            None => {
                eprint!("{USAGE}");
                return ExitCode::from(2);
            }
        },
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn asked(arguments: &[String]) -> Option<Asked> {
    let mut asked = Asked {
        rows: Vec::new(),
        clients: Vec::new(),
        rounds: 5,
        two_cpus: false,
        instructions: false,
        json: false,
        strict: false,
    };
    let list = |value: &String| value.split(',').map(str::to_owned).collect::<Vec<_>>();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--rows" => asked.rows = list(arguments.next()?),
            "--clients" => asked.clients = list(arguments.next()?),
            "--rounds" => asked.rounds = arguments.next()?.parse().ok()?,
            "--two-cpus" => asked.two_cpus = true,
            "--instr" => asked.instructions = true,
            "--json" => asked.json = true,
            "--strict" => asked.strict = true,
            _ => return None,
        }
    }
    Some(asked)
}

/// Measures and reports. Is all well, as far as that was asked?
fn bench(asked: &Asked) -> Result<bool, Failure> {
    let results = measure::measure(asked)?;
    if asked.json {
        println!("{:#}", report::json(&results, asked));
    } else {
        print!("{}", report::table(&results, asked));
    }
    Ok(!asked.strict || results.iter().all(|result| report::bars(result).iter().all(|bar| bar.met)))
}
