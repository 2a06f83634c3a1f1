//! Many URLs, and second tries.

use std::path::PathBuf;
use std::time::Duration;

const HEADING: &str = "Batch";

/// For `sofetch URL`.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct BatchArgs {
    /// Fetch every URL of a file (`-` standard input), one a line: URL, METHOD URL, or JSON with url, method, headers, body or json. Bodies are read and left, or saved (--download)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["url", "output", "include", "har", "timeline", "raw", "stream"], help_heading = HEADING)]
    pub(crate) batch: Option<PathBuf>,
    /// How many of them at a time (default 4)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256), help_heading = HEADING)]
    pub(crate) parallel: Option<u16>,
    /// Try again so often, with growing waits, what the network or 429, 502, 503 or 504 ended; only methods that do the same twice
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100), help_heading = HEADING)]
    pub(crate) retry: Option<u32>,
    /// Try other methods again, too: the server may then have done a thing twice
    #[arg(long, requires = "retry", help_heading = HEADING)]
    pub(crate) retry_all: bool,
    /// The longest wait before a second try, in seconds (default 30); a server that says a later time (Retry-After) is left
    #[arg(long, value_name = "SECONDS", requires = "retry", value_parser = super::seconds, help_heading = HEADING)]
    pub(crate) retry_max_wait: Option<Duration>,
}
