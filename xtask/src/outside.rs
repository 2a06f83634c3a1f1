//! `cargo xtask chromium`, `cargo xtask lab`, `cargo xtask har`: what is held against programs that nobody here wrote, and where these come from.
//!
//! Nothing of it is kept in the repository: Node's packages, of pinned versions, stand in a folder of the user's cache; Chromium, Node
//! and openssl are the system's. What is missing is said, and is a failure only where it is required; `--install` fetches it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Outcome, check, sources};

/// Node's packages, each with the one version that was tried.
const PACKAGES: [(&str, &str); 3] =
    [("playwright-core", "1.65.1"), ("axe-core", "4.14.1"), ("har-validator", "5.1.5")];

/// What the system must have, by the command that it is run by; and Debian's package.
const PROGRAMS: [(&str, &str); 3] = [("node", "nodejs"), ("npm", "npm"), ("openssl", "openssl")];

/// Chromium under the names that it goes by.
const CHROMIUMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked<'a> {
    install: bool,
    require: bool,
    rest: Vec<&'a str>,
}

impl<'a> Asked<'a> {
    fn read(arguments: &[&'a str]) -> Asked<'a> {
        let mut asked = Asked::default();
        for argument in arguments {
            match *argument {
                "--install" => asked.install = true,
                "--require-chromium" | "--require-node" => asked.require = true,
                other => asked.rest.push(other),
            }
        }
        asked
    }
}

/// `cargo xtask chromium`: generated cases, asked of Chromium and of `sofetch cors`.
pub(crate) fn chromium(arguments: &[&str]) -> Outcome {
    let asked = Asked::read(arguments);
    let mut said = Vec::new();
    if asked.install {
        said.extend(install(true));
        if asked.rest.is_empty() && !asked.require {
            return Ok(said.join("\n"));
        }
    }
    let (Some(chromium), Some(folder)) = (find_chromium(), ready("playwright-core")) else {
        return left_out(said, "chromium", asked.require, &missing(true, "playwright-core"));
    };
    let script = sources::root().join("tests/chromium/generated.mjs");
    let mut node = Command::new("node");
    node.arg(script).args(&asked.rest).current_dir(folder).env("CHROMIUM", chromium);
    run(said, node)
}

/// `cargo xtask lab`: the lab's page, used in Chromium.
pub(crate) fn lab(arguments: &[&str]) -> Outcome {
    let asked = Asked::read(arguments);
    let mut said = Vec::new();
    if asked.install {
        said.extend(install(true));
        if !asked.require {
            return Ok(said.join("\n"));
        }
    }
    let (Some(chromium), Some(folder)) = (find_chromium(), ready("axe-core").and(ready("playwright-core")))
    else {
        let missing = [missing(true, "playwright-core"), missing(false, "axe-core")].concat();
        return left_out(said, "lab", asked.require, &missing);
    };
    let mut node = Command::new("node");
    node.arg(sources::root().join("tests/lab/lab.mjs")).current_dir(folder).env("CHROMIUM", chromium);
    run(said, node)
}

/// `cargo xtask har`: what `--har` writes, held against HAR's own schema.
pub(crate) fn har(arguments: &[&str]) -> Outcome {
    let asked = Asked::read(arguments);
    let mut said = Vec::new();
    if asked.install {
        said.extend(install(false));
        if !asked.require {
            return Ok(said.join("\n"));
        }
    }
    let Some(folder) = ready("har-validator") else {
        return left_out(said, "har", asked.require, &missing(false, "har-validator"));
    };
    let mut node = Command::new("node");
    node.arg(sources::root().join("tests/har/validate.mjs")).current_dir(folder);
    run(said, node)
}

/// Runs a script with the command that was built last.
fn run(mut said: Vec<String>, mut node: Command) -> Outcome {
    node.env("SOFETCH", check::build_debug_command()?);
    // NB: no proxy and no options of whoever runs this.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().to_ascii_lowercase().ends_with("_proxy") {
            node.env_remove(&name);
        }
    }
    let output = node
        .env("SOFETCH_CONFIG", "")
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| vec![format!("node: {error}")])?;
    said.push(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
    if output.status.success() { Ok(said.join("\n")) } else { Err(said) }
}

/// A step that cannot run says so, and has passed nothing.
fn left_out(mut said: Vec<String>, step: &str, required: bool, missing: &[String]) -> Outcome {
    let missing = missing.join(", ");
    said.push(format!(
        "{step}: left out, nothing was compared: {missing} not found (`cargo xtask {step} --install` fetches it)"
    ));
    if required { Err(said) } else { Ok(said.join("\n")) }
}

/// What is not here, in words.
fn missing(browser: bool, package: &str) -> Vec<String> {
    let programs = PROGRAMS.iter().filter(|(program, _)| find(program).is_none());
    let mut missing: Vec<String> = programs.map(|(program, _)| (*program).to_owned()).collect();
    if browser && find_chromium().is_none() {
        missing.push("chromium".to_owned());
    }
    if folder().is_none_or(|folder| !has(&folder, package)) {
        missing.push(package.to_owned());
    }
    missing
}

/// The folder with Node's packages, if this one is there and Node is, too.
fn ready(package: &str) -> Option<PathBuf> {
    PROGRAMS.iter().all(|(program, _)| find(program).is_some()).then_some(())?;
    folder().filter(|folder| has(folder, package))
}

/// Is the package there, in the version that was tried?
fn has(folder: &Path, package: &str) -> bool {
    let version = PACKAGES.iter().find(|(name, _)| *name == package).map(|(_, version)| *version);
    let manifest =
        fs::read(folder.join("node_modules").join(package).join("package.json")).unwrap_or_default();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap_or_default();
    version.is_some() && manifest["version"].as_str() == version
}

/// Outside the repository: `SOFETCH_NODE_FOLDER`, else a folder of the user's cache.
fn folder() -> Option<PathBuf> {
    let cache = || {
        let home = std::env::home_dir().map(|home| home.join(".cache"));
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or(home)?;
        Some(cache.join("sofetch-node"))
    };
    std::env::var_os("SOFETCH_NODE_FOLDER").map(PathBuf::from).or_else(cache)
}

fn find_chromium() -> Option<PathBuf> {
    match std::env::var_os("CHROMIUM") {
        Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
        None => CHROMIUMS.iter().find_map(|name| find(name)),
    }
}

/// Where a program stands in the path.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path).map(|folder| folder.join(&file)).find(|path| path.is_file())
}

/// Fetches what is missing, as far as this user may; what came of it, a line each. What could not be had is told by the step.
fn install(browser: bool) -> Vec<String> {
    let mut said = Vec::new();
    let mut packages: Vec<&str> =
        PROGRAMS.iter().filter(|(program, _)| find(program).is_none()).map(|(_, package)| *package).collect();
    if browser && find_chromium().is_none() {
        packages.push("chromium");
    }
    if !packages.is_empty() {
        said.push(match find("apt-get") {
            Some(_) if is_root() => {
                let quick = ["-q", "-y", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20"];
                let get = |arguments: &[&str]| {
                    let mut command = Command::new("apt-get");
                    command.args(quick).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
                    well(command)
                };
                let updated = get(&["update"]);
                let installed = get(&[&["install", "--no-install-recommends"], &packages[..]].concat());
                format!("apt-get: {} {}", packages.join(" "), outcome(updated && installed))
            }
            _ => format!("{}: neither root nor apt-get is here to install it", packages.join(", ")),
        });
    }
    let Some(folder) = folder() else {
        said.push("there is no cache folder for Node's packages".to_owned());
        return said;
    };
    let absent: Vec<String> = PACKAGES
        .iter()
        .filter(|(name, _)| !has(&folder, name))
        .map(|(name, version)| format!("{name}@{version}"))
        .collect();
    if !absent.is_empty() && find("npm").is_some() && fs::create_dir_all(&folder).is_ok() {
        let mut npm = Command::new("npm");
        npm.args([
            "install",
            "--no-audit",
            "--no-fund",
            "--no-save",
            "--ignore-scripts",
            "--fetch-retries=1",
        ])
        .args(PACKAGES.iter().map(|(name, version)| format!("{name}@{version}")))
        .arg("--prefix")
        .arg(&folder)
        .current_dir(&folder);
        said.push(format!("npm: {} {}", absent.join(" "), outcome(well(npm))));
    }
    if said.is_empty() {
        said.push("all is here".to_owned());
    }
    said
}

fn outcome(well: bool) -> &'static str {
    if well { "installed" } else { "could not be installed" }
}

/// Runs a command of somebody else's, which may be chatty.
fn well(mut command: Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_and_fails_only_where_it_is_required() {
        let missing = ["chromium".to_owned(), "node".to_owned()];
        let said = left_out(Vec::new(), "chromium", false, &missing).expect("a step that is left out");
        assert!(said.contains("left out, nothing was compared: chromium, node not found"), "{said}");
        assert!(left_out(Vec::new(), "chromium", true, &missing).is_err());
    }

    #[test]
    fn arguments_are_ours_or_the_script_s() {
        assert_eq!(
            Asked::read(&["--install", "75", "--require-chromium"]),
            Asked { install: true, require: true, rest: vec!["75"] }
        );
        assert_eq!(Asked::read(&[]), Asked::default());
    }

    #[test]
    fn a_package_of_another_version_is_none() {
        let folder = std::env::temp_dir().join(format!("sofetch-outside-{}", std::process::id()));
        let package = folder.join("node_modules/har-validator");
        fs::create_dir_all(&package).expect("a folder");
        for (version, there) in [("5.1.5", true), ("5.1.4", false)] {
            fs::write(package.join("package.json"), format!("{{\"version\":\"{version}\"}}"))
                .expect("a file");
            assert_eq!(has(&folder, "har-validator"), there, "{version}");
        }
        assert!(!has(&folder, "playwright-core"));
        fs::remove_dir_all(&folder).expect("it is ours");
    }
}
