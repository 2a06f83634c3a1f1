//! `cargo xtask bench`: builds the package of the benches, which is no member of the workspace, and hands it the arguments.

use std::process::Command;

use crate::{Outcome, sources};

/// Its head says what it measures, how, and which arguments it takes.
pub(crate) fn bench(arguments: &[&str]) -> Outcome {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // Scripts are run by the command as it is released, which is the workspace's.
    let runs_scripts = arguments.first() == Some(&"js");
    if runs_scripts && !arguments.contains(&"--command") && !arguments.contains(&"--list") {
        let status = Command::new(&cargo)
            .args(["build", "--quiet", "--release", "--package", "sofetch-cli", "--target-dir", "target"])
            .current_dir(sources::root())
            .status();
        match status {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(vec![format!("bench: {status}")]),
            Err(error) => return Err(vec![format!("bench: {error}")]),
        }
    }
    let status = Command::new(cargo)
        .args(["run", "--quiet", "--release", "--manifest-path", "benches/Cargo.toml"])
        .args(["--target-dir", "target/benches", "--"])
        .args(arguments)
        .current_dir(sources::root())
        .status();
    match status {
        Ok(status) if status.success() => Ok(String::new()),
        Ok(status) => Err(vec![format!("bench: {status}")]),
        Err(error) => Err(vec![format!("bench: {error}")]),
    }
}
