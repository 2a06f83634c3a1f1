//! What `sofetch cors` takes besides what every fetch does.

use clap::ValueEnum;
use sofetch_inspect::fix_texts::{SERVERS, Server, server_named};

use super::{CorsCommand, FetchArgs};

pub(super) const EXAMPLES: &str = "\
Examples:
  sofetch cors https://api.example/items --origin https://app.example
  sofetch cors https://api.example/items/1 --origin https://app.example \\
      -X PATCH -H 'API-Key: key' --json @item.json
  sofetch cors https://api.example/account --page https://app.example/ \\
      --credentials include --report json
  sofetch cors https://api.example/items --page https://app.example/ \\
      --csp \"default-src 'self'; connect-src https://api.example\"
  sofetch cors localhost:8080/items --origin https://app.example --server nginx
  sofetch cors audit https://api.example/items --origin https://app.example

The request is really sent, as a browser would: first the preflight if the
rules ask for one, and if it is granted, the request itself. A method that may
change something (all but GET, HEAD and OPTIONS) is not sent on the preflight's
word alone: a person at the terminal is asked, or --send says so. `cors audit`
looks for what is wrong with a server; a host of that name needs its scheme.

Exit codes:
  0  the script would read the response
  1  it would not: refused by the rules, or unreadable (an opaque response)
  2  usage: wrong options, or a request that cannot be made
  3  the network failed, a time-out or a limit was reached
  4  readable, with a status of 400 or above, under --fail
  5  undecided: nothing refused it, and the request itself was not sent";

/// What `sofetch cors` takes: a fetch, or the audit.
#[derive(Debug, Default, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    // NB: what is changed goes to the end, and the items come after the URL.
    mut_arg("url", |url| url.required_unless_present_any(["import", "batch", "server"])),
    mut_arg("items", |items| items)
)]
pub(crate) struct CorsArgs {
    /// The audit, if it is one.
    #[command(subcommand)]
    pub(crate) command: Option<CorsCommand>,
    /// Whether the request itself is sent
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = "Page rules")]
    pub(crate) send: Send,
    /// After a refusal, ask a few more questions that tell its causes apart: at most 8, with safe methods
    #[arg(long, help_heading = "Page rules")]
    pub(crate) probe: bool,
    /// Decide as this browser where it departs from the Standard; headers go as it sends them
    #[arg(long = "as", value_name = "BROWSER", help_heading = "Page rules")]
    pub(crate) as_browser: Option<BrowserName>,
    /// Print what would let it pass as configuration of this server (`list` names them all; otherwise it is guessed)
    #[arg(long, value_name = "NAME", value_parser = server, help_heading = "Output")]
    pub(crate) server: Option<ServerOption>,
    /// What every fetch takes.
    #[command(flatten)]
    pub(crate) fetch: FetchArgs,
}

/// A browser that was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BrowserName {
    /// Chromium 156
    Chromium,
    /// Firefox 153
    Firefox,
}

/// When the request itself is sent; a preflight always is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Send {
    /// At once if it needs no preflight or its method is safe; else once a person at the terminal agrees
    #[default]
    Auto,
    /// Never
    Never,
    /// As a browser would
    Always,
}

/// `--server`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ServerOption {
    /// All names are asked for.
    List,
    /// This one.
    Named(&'static Server),
}

fn server(word: &str) -> Result<ServerOption, String> {
    if word == "list" {
        return Ok(ServerOption::List);
    }
    let names = || SERVERS.iter().map(|server| server.name).collect::<Vec<_>>().join(", ");
    server_named(word).map(ServerOption::Named).ok_or_else(|| format!("it is list or one of {}", names()))
}
