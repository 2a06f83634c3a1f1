//! The house's own checks: `cargo xtask check` is the one command, here and in continuous integration.
//!
//! Each step is a command of its own. Nothing here is used at run time; `peers`, `fix-proofs`, `wpt`, `lab` and what `bench` starts
//! (a package of its own) alone open sockets, on loopback; `fix-proofs` alone fetches what it lacks.

mod arrows;
mod bench;
mod check;
mod fix_proofs;
mod lab;
mod licences;
mod peers;
mod rooms;
mod sources;
mod standard;
mod wpt;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  check [--require-data]       all of the following; with the flag, absent test data is a failure
  fmt                          cargo fmt --check
  clippy                       cargo clippy on everything, warnings denied
  doc                          cargo doc, warnings denied
  arrows                       packages and modules know only whom they may; heads, sizes, words
  rooms [--check]              writes ROOMS.md, or compares it with what would be written
  rooms --standard FETCH_BS [--pin COMMIT]
                               reads the Standard's source into spec/anchors.tsv
  test [--require-data]        cargo test on everything
  peers [--check]              runs docs/peers against the servers that are installed, writes or compares; not in check
  fix-proofs [SERVER]          configuration that `sofetch cors` offers, in real servers; fetches what is missing; not in check
  licences                     licences, bans and version floors of all dependencies
  lab                          the lab's page in a browser; SOFETCH_BROWSER names where (tests/lab/README.md)
  bench [ARGUMENTS]            what a fetch costs beside its peers, over loopback; see benches/src/main.rs
  bench js [ARGUMENTS]         what scripts cost beside Node, Deno and Bun; see benches/src/js.rs
  wpt [ARGUMENTS]              web-platform-tests against the JavaScript face; `wpt --help` tells the arguments
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let require_data = words.contains(&"--require-data");
    let outcome = match words[..] {
        ["check"] | ["check", "--require-data"] => check::check(require_data),
        ["fmt"] => check::fmt(),
        ["clippy"] => check::clippy(),
        ["doc"] => check::doc(),
        ["test"] | ["test", "--require-data"] => check::test(require_data),
        ["arrows"] => arrows::arrows(),
        ["licences"] => licences::licences(),
        ["fix-proofs"] => fix_proofs::fix_proofs(None),
        ["fix-proofs", server] => fix_proofs::fix_proofs(Some(server)),
        ["peers"] => peers::write(),
        ["peers", "--check"] => peers::compare(),
        ["rooms"] => rooms::write(),
        ["rooms", "--check"] => rooms::compare(),
        ["rooms", "--standard", path] => rooms::read_standard(path, None),
        ["rooms", "--standard", path, "--pin", pin] => rooms::read_standard(path, Some(pin)),
        ["lab"] => lab::lab(),
        ["bench", ref arguments @ ..] => bench::bench(arguments),
        ["wpt", ref arguments @ ..] => wpt::wpt(arguments),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(faults) => {
            for fault in &faults {
                eprintln!("{fault}");
            }
            ExitCode::FAILURE
        }
    }
}

/// What a step ends with: a line on what it saw, or all that it found wrong.
type Outcome = Result<String, Vec<String>>;
