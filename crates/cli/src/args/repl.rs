//! What `sofetch repl` takes.

use super::{ConfigArgs, NetworkArgs, RealmArgs};

pub(super) const REPL_EXAMPLES: &str = "\
Examples:
  sofetch repl
  sofetch repl --base-url https://app.example/
  sofetch repl --origin https://app.example
  echo 'const r = await fetch(\"data:,hi\"); r.status' | sofetch repl

An entry is run in the global of `sofetch run`. It may have await and import;
what it declares may be declared again; its value is printed and is `_`, what
it threw is `_error`. An entry that is not complete goes on in the next line.

Commands are entries of their own: .help lists them. .cors tells what CORS made
of the last fetch, and what would have let it pass; .timeline, .har and
.fetches tell of it and of those before; .origin URL makes this another page.

Tab completes. Ctrl-C clears what is typed, or ends what runs; Ctrl-D ends.
Entries are kept in $SOFETCH_HISTORY (empty: nowhere), or sofetch/history in
the user's folder of states; not those that begin with a space.

Where standard input is no terminal, entries are read from it, there is no
prompt, and what is undefined is not printed. Its end waits for what is under
way.

Exit codes:
  0  it was ended, or every entry that was read came to a value
  1  an entry threw, a command failed, or nobody caught an exception or a
     rejection; only where standard input is no terminal
  2  usage: wrong options
  3  no thread could be started, or the output not be written";

/// What `sofetch repl` takes.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ReplArgs {
    /// The global.
    #[command(flatten)]
    pub(crate) realm: RealmArgs,
    /// The page's origin, `null` for an opaque one: its URL is that of the root
    #[arg(long, conflicts_with_all = ["base_url", "no_page"], help_heading = "Scripts")]
    pub(crate) origin: Option<String>,
    /// Neither read nor keep a history of entries
    #[arg(long, help_heading = "Output")]
    pub(crate) no_history: bool,
    /// Print secrets as they are, and write them
    #[arg(long, help_heading = "Output")]
    pub(crate) show_secrets: bool,
    /// The network.
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    /// The config file.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}
