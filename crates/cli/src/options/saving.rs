//! `--output`, `--download`, `--continue` and `--overwrite`: where the body goes.

use std::path::PathBuf;

use super::usage::UsageError;
use crate::args::SavingArgs;
use crate::download::DownloadOptions;

/// The file of `--output`; `None` for `-`.
pub(crate) fn output(said: Option<PathBuf>) -> Option<PathBuf> {
    said.filter(|path| path.as_os_str() != "-")
}

/// What is downloaded, beside this file.
pub(crate) fn download(
    args: &SavingArgs,
    output: Option<&PathBuf>,
) -> Result<Option<DownloadOptions>, UsageError> {
    if args.resume && !args.download && output.is_none() {
        return Err(UsageError::NothingToContinue);
    }
    let wanted = args.download || args.resume;
    Ok(wanted.then(|| DownloadOptions {
        to: output.cloned(),
        resume: args.resume,
        overwrite: args.overwrite,
    }))
}
