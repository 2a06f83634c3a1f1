//! How the answer is shown, beyond `-i` and `-v`.

use std::path::PathBuf;

use clap::ValueEnum;

const HEADING: &str = "Output";

/// For `sofetch URL` and `sofetch cors URL`.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct PrintingArgs {
    /// Colours, and bodies laid out: on a terminal, always, or never (NO_COLOR counts under auto)
    #[arg(long, visible_alias = "colour", value_name = "WHEN", default_value = "auto", help_heading = HEADING)]
    pub(crate) color: ColorWhen,
    /// Show the body's text as it came, neither laid out nor coloured (on a terminal still escaped)
    #[arg(long, help_heading = HEADING)]
    pub(crate) raw: bool,
    /// Show each line of a JSON body as it comes, as is done with NDJSON and with event streams anyway
    #[arg(long, conflicts_with = "raw", help_heading = HEADING)]
    pub(crate) stream: bool,
    /// Show when each exchange did what: on standard error, or in the report
    #[arg(long, help_heading = HEADING)]
    pub(crate) timeline: bool,
    /// Write all exchanges to a file, as HAR 1.2
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub(crate) har: Option<PathBuf>,
}

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    /// On a terminal
    #[default]
    Auto,
    /// Always, and bodies laid out as on a terminal
    Always,
    /// Never
    Never,
}
