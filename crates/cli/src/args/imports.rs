//! A request that another tool wrote down.

use std::path::PathBuf;

/// `--import`, and which of several.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct ImportArgs {
    /// Send what a file says (`-` is standard input): DevTools' "Copy as cURL", "Copy as PowerShell" or "Copy as fetch", or a HAR file. What else is said here comes before it; it reads no file and sets no option of the network
    #[arg(long, value_name = "FILE", help_heading = "Request")]
    pub(crate) import: Option<PathBuf>,
    /// Which request of several: its number, from 1, or its URL or a part of it
    #[arg(long, value_name = "NUMBER|URL", requires = "import", help_heading = "Request")]
    pub(crate) entry: Option<String>,
}
