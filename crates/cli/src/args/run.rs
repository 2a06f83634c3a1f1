//! What `sofetch run` takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use sofetch::ReferrerPolicy;

use super::values::{referrer_policy, seconds, size};
use super::{ConfigArgs, NetworkArgs};

pub(super) const RUN_EXAMPLES: &str = "\
Examples:
  sofetch run page.js
  sofetch run --base-url https://app.example/ page.js
  sofetch run --module --eval 'console.log((await fetch(\"data:,hi\")).status)'
  sofetch run --base-url https://app.example/ --module https://app.example/main.js
  pbpaste | sofetch run -v --base-url https://app.example/ -

Scripts run in one global, in this order; then its event loop until nothing is
left to do. They fetch as a page: CORS applies, and a page of a file has an
opaque origin (--base-url gives another, --no-page lifts the rules).

A module imports what its page may: from the network with CORS, and files of
its own folder and below if the page is a file's. Nothing else reads files.

There is no document, and the engine has no Intl, no Temporal and no
WebAssembly. docs/js.md says what is there, and what each limit means.

What a browser's \"Copy as fetch\" copies runs as pasted; where it begins with
await, as a module (--module).

Exit codes:
  0    nothing is left to do
  1    an exception or a rejection that nobody caught
  2    usage: wrong options, or a script that cannot be read
  3    no thread could be started, or the output not be written
  124  the time limit came first";

/// What `sofetch run` takes.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct RunArgs {
    /// The scripts, run in one global in this order; `-` is standard input, a URL is a module that the page fetches
    #[arg(required_unless_present = "eval", value_name = "SCRIPT")]
    pub(crate) scripts: Vec<PathBuf>,
    /// A script in place of a file's, run after them (repeatable)
    #[arg(long, value_name = "CODE", help_heading = "Scripts")]
    pub(crate) eval: Vec<String>,
    /// All scripts are modules, not only those of .mjs files
    #[arg(long, help_heading = "Scripts")]
    pub(crate) module: bool,
    /// The global.
    #[command(flatten)]
    pub(crate) realm: RealmArgs,
    /// A limit on the whole run, in seconds; what runs then is ended, with exit code 124
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = seconds, help_heading = "Scripts")]
    pub(crate) script_timeout: Option<Duration>,
    /// Tell each fetch's decisions on standard error, when it has answered
    #[arg(short = 'v', long, help_heading = "Output")]
    pub(crate) verbose: bool,
    /// Write all exchanges of the run to a file, as HAR 1.2
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) har: Option<PathBuf>,
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

/// The global that scripts find, and whose they are: for each command that runs some.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct RealmArgs {
    /// An import map, whose relative URLs are relative to the page, or to this file if the page is a file's (repeatable)
    #[arg(long, value_name = "FILE", help_heading = "Scripts")]
    pub(crate) import_map: Vec<PathBuf>,
    /// The page's URL: location, base URL, origin and referrer (default: a file's, whose origin is opaque)
    #[arg(long, value_name = "URL", help_heading = "Scripts")]
    pub(crate) base_url: Option<String>,
    /// The global that scripts find
    #[arg(long, value_name = "KIND", default_value = "window", help_heading = "Scripts")]
    pub(crate) global: GlobalKind,
    /// The page's referrer policy: no-referrer, origin, strict-origin, unsafe-url ...
    #[arg(long, value_name = "POLICY", value_parser = referrer_policy, conflicts_with = "no_page", help_heading = "Scripts")]
    pub(crate) referrer_policy: Option<ReferrerPolicy>,
    /// A Content-Security-Policy of the page; several all bind it
    #[arg(long, value_name = "POLICY", conflicts_with = "no_page", help_heading = "Scripts")]
    pub(crate) csp: Vec<String>,
    /// One that refuses nothing: what violates it is an event
    #[arg(long, value_name = "POLICY", conflicts_with = "no_page", help_heading = "Scripts")]
    pub(crate) csp_report_only: Vec<String>,
    /// The page's Integrity-Policy, as blocked-destinations=(script): its modules need integrity metadata then
    #[arg(long, value_name = "VALUE", conflicts_with = "no_page", help_heading = "Scripts")]
    pub(crate) integrity_policy: Option<String>,
    /// One that refuses nothing: what violates it is reported
    #[arg(long, value_name = "VALUE", conflicts_with = "no_page", help_heading = "Scripts")]
    pub(crate) integrity_policy_report_only: Option<String>,
    /// The page's Reporting-Endpoints, as name="URL": its policies' report-to sends reports there (repeatable)
    #[arg(long, value_name = "VALUE", conflicts_with = "no_page", help_heading = "Scripts")]
    pub(crate) reporting_endpoints: Vec<String>,
    /// The page's Permissions-Policy, as deferred-fetch=(): how much fetchLater() may keep
    #[arg(long, value_name = "VALUE", conflicts_with = "no_page", help_heading = "Scripts")]
    pub(crate) permissions_policy: Option<String>,
    /// Fetch on your own behalf: no origin, no CORS, nothing hidden
    #[arg(long, help_heading = "Scripts")]
    pub(crate) no_page: bool,
    /// A limit on what scripts hold, in bytes, or with k, M or G; one byte more is an error that they can catch
    #[arg(long, value_name = "BYTES", value_parser = size, help_heading = "Scripts")]
    pub(crate) max_memory: Option<u64>,
}

/// Which global is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum GlobalKind {
    /// A window's, without a document
    #[default]
    Window,
    /// A dedicated worker's
    Worker,
}
