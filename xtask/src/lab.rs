//! `cargo xtask lab`: the lab's page in a real browser (tests/lab), where there is one.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, check, sources};

/// The variable that names a folder in which playwright-core is installed, and axe-core if it is.
const FOLDER: &str = "SOFETCH_BROWSER";

/// Builds the command and uses its page; fails where there is no browser to do so.
pub(crate) fn lab() -> Outcome {
    let folder =
        folder().ok_or_else(|| vec![format!("lab: {FOLDER} names no folder with playwright-core")])?;
    check::build("sofetch-cli")?;
    // We stand beside it.
    let ours = std::env::current_exe().map_err(|error| vec![format!("where we are: {error}")])?;
    let command = ours.with_file_name(format!("sofetch{}", std::env::consts::EXE_SUFFIX));
    let status = Command::new("node")
        .arg(sources::root().join("tests/lab/lab.mjs"))
        .env("SOFETCH", command)
        .current_dir(folder)
        .status();
    match status {
        Ok(status) if status.success() => Ok("lab: well".to_owned()),
        Ok(status) => Err(vec![format!("lab: {status}")]),
        Err(error) => Err(vec![format!("node: {error}")]),
    }
}

/// The same as a step of `check`: where nobody names a browser, it says so and is no fault.
pub(crate) fn step() -> Outcome {
    match folder() {
        Some(_) => lab(),
        None => Ok(format!("lab: not run in a browser: {FOLDER} names none (tests/lab/README.md)")),
    }
}

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os(FOLDER).map(PathBuf::from)?;
    let folder = std::path::absolute(folder).ok()?;
    has_playwright(&folder).then_some(folder)
}

fn has_playwright(folder: &Path) -> bool {
    folder.join("node_modules/playwright-core").is_dir()
}
