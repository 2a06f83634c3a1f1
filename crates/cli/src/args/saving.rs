//! Where the body goes, beyond `-o`.

const HEADING: &str = "Output";

/// For `sofetch URL`.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct SavingArgs {
    /// Save the body to a file in this folder: -o's, or the one that the server names (Content-Disposition), or that of the URL. A name that is taken gets a number
    #[arg(short = 'O', long, conflicts_with = "head", help_heading = HEADING)]
    pub(crate) download: bool,
    /// Go on with a download that ended early, if the server still has the same
    #[arg(long = "continue", conflicts_with_all = ["method", "body", "head"], help_heading = HEADING)]
    pub(crate) resume: bool,
    /// Let --download replace a file that is there
    #[arg(long, requires = "download", help_heading = HEADING)]
    pub(crate) overwrite: bool,
}
