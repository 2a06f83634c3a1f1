//! The house's own checks: `cargo xtask check` is the one command, here and in continuous integration.
//!
//! Each step is a command of its own. Nothing here is used at run time; `peers`, `fix-proofs`, `wpt`, and what `bench`, `chromium`,
//! `lab` and `har` start alone open sockets, on loopback; `fix-proofs` and `--install` alone ask package registries.

mod arrows;
mod bench;
mod check;
mod fix_proofs;
mod licences;
mod load;
mod outside;
mod peers;
mod rooms;
mod sources;
mod standard;
mod wpt;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  check [--require-data] [--require-chromium] [--require-node] [--tested]
                               all of the following; with the flags, absent test data or programs are a failure;
                               --tested leaves out the tests, which were run before
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
  chromium [--install] [--require-chromium] [CASE]
                               generated CORS cases, asked of Chromium and of `sofetch cors`; --install fetches what is missing
  har [--install] [--require-node]
                               what --har writes, held against HAR's schema
  load [N]                     the tests of aborts and errors, N times on busy cores, each under a watchdog; not in check
  licences                     licences, bans and version floors of all dependencies
  lab [--install] [--require-chromium]
                               the lab's page, used in Chromium (tests/lab/README.md)
  bench [ARGUMENTS]            what a fetch costs beside its peers, over loopback; see benches/src/main.rs
  bench js [ARGUMENTS]         what scripts cost beside Node, Deno and Bun; see benches/src/js.rs
  wpt [ARGUMENTS]              web-platform-tests against the JavaScript face; `wpt --help` tells the arguments
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let require = |what: &str| words.contains(&what);
    let checked = words.iter().skip(1).all(|word| check::FLAGS.contains(word));
    let outcome = match words[..] {
        ["check", ..] if checked => check::check(&words[1..]),
        ["fmt"] => check::fmt(),
        ["clippy"] => check::clippy(),
        ["doc"] => check::doc(),
        ["test"] | ["test", "--require-data"] => check::test(require("--require-data")),
        ["chromium", ref arguments @ ..] => outside::chromium(arguments),
        ["lab", ref arguments @ ..] => outside::lab(arguments),
        ["har", ref arguments @ ..] => outside::har(arguments),
        ["arrows"] => arrows::arrows(),
        ["licences"] => licences::licences(),
        ["load"] => load::load(None),
        ["load", runs] => load::load(Some(runs)),
        ["burn"] => load::burn(),
        ["fix-proofs"] => fix_proofs::fix_proofs(None),
        ["fix-proofs", server] => fix_proofs::fix_proofs(Some(server)),
        ["peers"] => peers::write(),
        ["peers", "--check"] => peers::compare(),
        ["rooms"] => rooms::write(),
        ["rooms", "--check"] => rooms::compare(),
        ["rooms", "--standard", path] => rooms::read_standard(path, None),
        ["rooms", "--standard", path, "--pin", pin] => rooms::read_standard(path, Some(pin)),
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
