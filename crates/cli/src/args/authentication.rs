//! Who the user is.

use std::path::PathBuf;

const HEADING: &str = "Authentication";

/// For `sofetch URL` and `sofetch cors URL`.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct AuthenticationArgs {
    /// A name and a password, for every URL that is typed or in the batch, not for other origins that they redirect to; without a password it is asked for
    #[arg(short = 'u', long, visible_alias = "user", value_name = "USER[:PASSWORD]", conflicts_with = "bearer", help_heading = HEADING)]
    pub(crate) auth: Option<String>,
    /// A token, sent as `Authorization: Bearer`
    #[arg(long, value_name = "TOKEN", help_heading = HEADING)]
    pub(crate) bearer: Option<String>,
    /// Answer the server's challenge by Digest, which sends no password (otherwise Basic)
    #[arg(long, conflicts_with = "bearer", help_heading = HEADING)]
    pub(crate) digest: bool,
    /// Names and passwords by host, from $NETRC or ~/.netrc
    #[arg(short = 'n', long, conflicts_with_all = ["auth", "bearer"], help_heading = HEADING)]
    pub(crate) netrc: bool,
    /// The same from this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["auth", "bearer"], help_heading = HEADING)]
    pub(crate) netrc_file: Option<PathBuf>,
}
