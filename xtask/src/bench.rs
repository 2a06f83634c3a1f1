//! `cargo xtask bench`: builds the package of the benches, which is no member of the workspace, and hands it the arguments.

use std::process::Command;

use crate::{Outcome, sources};

/// Its head says what it measures, how, and which arguments it takes.
pub(crate) fn bench(arguments: &[&str]) -> Outcome {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
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
