//! `cargo xtask check`: every step, one after the other, and a list of those that failed.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::{Outcome, arrows, licences, outside, rooms, sources, wpt};

/// What may be required of the machine, and that the tests were run before.
pub(crate) const FLAGS: [&str; 4] = ["--require-data", "--require-chromium", "--require-node", "--tested"];

/// All steps, with some of [`FLAGS`]. A failed step does not stop the next: one run tells everything.
pub(crate) fn check(flags: &[&str]) -> Outcome {
    let require_data = flags.contains(&FLAGS[0]);
    let required = |flag: &'static str| if flags.contains(&flag) { vec![flag] } else { Vec::new() };
    let (chromium, node) = (required(FLAGS[1]), required(FLAGS[2]));
    let steps: [(&str, &dyn Fn() -> Outcome); 11] = [
        ("fmt", &fmt),
        ("arrows", &arrows::arrows),
        ("rooms", &rooms::compare),
        ("licences", &licences::licences),
        ("clippy", &clippy),
        ("doc", &doc),
        ("test", &|| test(require_data)),
        ("wpt", &wpt::step),
        ("chromium", &|| outside::chromium(&chromium)),
        ("lab", &|| outside::lab(&chromium)),
        ("har", &|| outside::har(&node)),
    ];
    let mut failed = Vec::new();
    for (name, step) in steps {
        if name == "test" && flags.contains(&FLAGS[3]) {
            continue;
        }
        println!("== {name}");
        match step() {
            Ok(said) => println!("{said}"),
            Err(faults) => {
                for fault in faults {
                    println!("{fault}");
                }
                failed.push(name);
            }
        }
    }
    match failed[..] {
        [] => Ok("check: all is well".to_owned()),
        _ => Err(vec![format!("check: failed: {}", failed.join(", "))]),
    }
}

/// `cargo fmt --check`
pub(crate) fn fmt() -> Outcome {
    cargo(&["fmt", "--all", "--check"], &[])
}

/// `cargo clippy` on every target.
pub(crate) fn clippy() -> Outcome {
    cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], &[])
}

/// `cargo doc`; broken links are errors.
pub(crate) fn doc() -> Outcome {
    cargo(&["doc", "--workspace", "--no-deps"], &[("RUSTDOCFLAGS", "-D warnings")])
}

/// `cargo test`. Tests over data that is kept beside the repository skip themselves unless it is required.
pub(crate) fn test(require_data: bool) -> Outcome {
    let environment: &[_] = if require_data { &[("SOFETCH_REQUIRE_DATA", "1")] } else { &[] };
    cargo(&["test", "--workspace"], environment)
}

/// `cargo build` of one package.
pub(crate) fn build(package: &str) -> Outcome {
    cargo(&["build", "--quiet", "--package", package], &[])
}

/// Builds the command as it is measured, and says where it is.
pub(crate) fn build_command() -> Result<PathBuf, Vec<String>> {
    cargo(&["build", "--quiet", "--release", "--package", "sofetch-cli"], &[])?;
    built("release")
}

/// Builds the command as it is tested, and says where it is.
pub(crate) fn build_debug_command() -> Result<PathBuf, Vec<String>> {
    build("sofetch-cli")?;
    built("debug")
}

fn built(profile: &str) -> Result<PathBuf, Vec<String>> {
    // We stand in a folder beside it.
    let ours = std::env::current_exe().map_err(|error| vec![format!("where we are: {error}")])?;
    let target = ours.ancestors().nth(2).unwrap_or(&ours);
    Ok(target.join(profile).join(format!("sofetch{}", std::env::consts::EXE_SUFFIX)))
}

fn cargo(arguments: &[&str], environment: &[(&str, &str)]) -> Outcome {
    let said = format!("cargo {}", arguments.join(" "));
    let status =
        command().args(arguments).envs(environment.iter().copied()).current_dir(sources::root()).status();
    match status {
        Ok(status) if status.success() => Ok(format!("{said}: well")),
        Ok(status) => Err(vec![format!("{said}: {status}")]),
        Err(error) => Err(vec![format!("{said}: {error}")]),
    }
}

/// The cargo that runs us.
pub(crate) fn command() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// `cargo metadata` as JSON.
pub(crate) fn metadata(arguments: &[&str]) -> Result<serde_json::Value, Vec<String>> {
    let output = command()
        .args(["metadata", "--format-version", "1"])
        .args(arguments)
        .current_dir(sources::root())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| vec![format!("cargo metadata: {error}")])?;
    serde_json::from_slice(&output.stdout).map_err(|error| vec![format!("cargo metadata: {error}")])
}

/// Runs cargo-deny where it is installed; says what it did.
pub(crate) fn cargo_deny() -> Outcome {
    let installed = command()
        .args(["deny", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !installed {
        return Ok("cargo-deny is not installed: only our own check of deny.toml's rules ran".to_owned());
    }
    cargo(&["deny", "check", "licenses", "bans"], &[])
}
