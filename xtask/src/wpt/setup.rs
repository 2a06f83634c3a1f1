//! `cargo xtask wpt --setup DIR`: a tree of web-platform-tests, without its history and what no listed test needs.
//!
//! Beside a checkout there may be a script that lays one out without GitHub; that is asked first.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::listing;
use crate::{Outcome, sources};

const SUITE: &str = "https://github.com/web-platform-tests/wpt";

/// What tests of every folder, and the server, take from elsewhere.
const COMMON: [&str; 9] =
    ["common", "docs", "fonts", "images", "interfaces", "media", "resources", "service-workers", "tools"];

/// Makes the tree, unless one is there.
pub(super) fn setup(folder: &Path) -> Outcome {
    let said = format!(
        "{}: a tree of web-platform-tests. Its server needs Python 3.9 or later and openssl; the names of its hosts are \
         given to the command, and no file of hosts has to be changed.",
        folder.display()
    );
    if folder.join("resources/testharness.js").is_file() {
        return Ok(said);
    }
    let beside = std::env::var_os("SHARED_DIR").map_or_else(|| sources::root().join("../shared"), Into::into);
    let script = beside.join("tools/wpt-tree.sh");
    if script.is_file() {
        run(Command::new("bash").arg(script).arg(folder))?;
        return Ok(said);
    }
    let listed = listing::read_list(&super::read("wpt/applicable.txt")?)?;
    let folders = listed.iter().filter_map(|row| row.path.split('/').nth(1));
    let folders: BTreeSet<&str> = folders.chain(COMMON).collect();
    run(Command::new("git")
        .args(["clone", "--depth", "1", "--filter=blob:none", "--sparse", SUITE])
        .arg(folder))?;
    run(Command::new("git").arg("-C").arg(folder).args(["sparse-checkout", "set"]).args(folders))?;
    mend(folder).map_err(|error| vec![format!("{}: {error}", folder.display())])?;
    Ok(said)
}

/// The suite's server reads an HTTP/2 connection that its peer closed for ever, and takes a processor for it.
fn mend(folder: &Path) -> std::io::Result<()> {
    let path = folder.join("tools/wptserve/wptserve/server.py");
    let text = fs::read_to_string(&path)?;
    fs::write(&path, text.replace("if data == '':", "if not data:"))
}

fn run(command: &mut Command) -> Result<(), Vec<String>> {
    println!("{command:?}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(vec![format!("{command:?}: {status}")]),
        Err(error) => Err(vec![format!("{command:?}: {error}")]),
    }
}
