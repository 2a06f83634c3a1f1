//! `cargo xtask licences`: what licences our dependencies have, which crates we refuse, and below which version.
//!
//! The same rules stand in `deny.toml` for those who have cargo-deny; that the two agree is checked here.

use serde_json::Value;

use crate::{Outcome, check, sources};

/// Licences that a dependency may be under.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-3-Clause",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that may not be in the tree, with what stands for them.
const BANNED: &[(&str, &str)] = &[
    ("openssl", "rustls"),
    ("openssl-sys", "rustls"),
    ("native-tls", "rustls"),
    ("webpki", "rustls-webpki; RUSTSEC-2023-0052"),
    ("trust-dns-proto", "hickory-proto"),
    ("trust-dns-resolver", "hickory-resolver"),
    ("async-std", "the ports; discontinued"),
];

/// Where one of these is in the tree, it is at least of this version.
const FLOORS: &[(&str, &str, &str)] = &[
    ("h2", "0.4.16", "floods of resets, CONTINUATION and empty DATA"),
    ("bytes", "1.11.1", "RUSTSEC-2026-0007"),
    ("rustls-webpki", "0.103.13", "RUSTSEC-2026-0098, -0099, -0104, -0049"),
    ("idna", "1.0.3", "RUSTSEC-2024-0421"),
    ("hickory-proto", "0.26.1", "RUSTSEC-2026-0118, -0119, -0120"),
    ("hickory-resolver", "0.26.1", "RUSTSEC-2026-0118, -0119, -0120"),
];

/// Licences, bans and floors, and cargo-deny where it is installed.
pub(crate) fn licences() -> Outcome {
    let metadata = check::metadata(&[])?;
    let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut faults: Vec<String> = packages.iter().flat_map(package).collect();
    let deny = std::fs::read_to_string(sources::root().join("deny.toml")).unwrap_or_default();
    faults.extend(missing_in(&deny));
    let deny = check::cargo_deny();
    match (faults.is_empty(), deny) {
        (true, Ok(said)) => Ok(format!("licences: {} packages; {said}", packages.len())),
        (_, deny) => Err(faults.into_iter().chain(deny.err().unwrap_or_default()).collect()),
    }
}

fn package(package: &Value) -> Vec<String> {
    let name = package["name"].as_str().unwrap_or_default();
    let version = package["version"].as_str().unwrap_or_default();
    let mut faults = Vec::new();
    match package["license"].as_str() {
        Some(licence) if is_allowed(licence) => {}
        Some(licence) => faults.push(format!("{name} {version}: licence {licence}")),
        None => faults.push(format!("{name} {version}: no licence that can be read")),
    }
    if let Some((_, instead)) = BANNED.iter().find(|(banned, _)| *banned == name) {
        faults.push(format!("{name} {version}: banned; instead: {instead}"));
    }
    for (_, floor, why) in FLOORS.iter().filter(|(crate_name, ..)| *crate_name == name) {
        if parts(version) < parts(floor) {
            faults.push(format!("{name} {version}: at least {floor} ({why})"));
        }
    }
    faults
}

/// A version as it compares; what comes before a release is below it.
fn parts(version: &str) -> ([u64; 3], bool) {
    let version = version.split('+').next().unwrap_or_default();
    let (numbers, release) = match version.split_once('-') {
        Some((numbers, _)) => (numbers, false),
        None => (version, true),
    };
    let mut numbers = numbers.split('.').map(|number| number.parse().unwrap_or(0));
    ([(); 3].map(|()| numbers.next().unwrap_or(0)), release)
}

/// Does an SPDX expression let us choose allowed licences only? The old `A/B` is `A OR B`.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    any_of(&mut words) == Some(true) && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

/// `None` is an expression that cannot be read.
fn any_of(words: &mut Words<'_>) -> Option<bool> {
    let mut allowed = all_of(words)?;
    while words.next_if_eq(&"OR").is_some() {
        allowed |= all_of(words)?;
    }
    Some(allowed)
}

fn all_of(words: &mut Words<'_>) -> Option<bool> {
    let mut allowed = one(words)?;
    while words.next_if_eq(&"AND").is_some() {
        allowed &= one(words)?;
    }
    Some(allowed)
}

fn one(words: &mut Words<'_>) -> Option<bool> {
    match words.next()? {
        "(" => {
            let allowed = any_of(words)?;
            (words.next()? == ")").then_some(allowed)
        }
        ")" | "OR" | "AND" | "WITH" => None,
        licence => {
            // An exception only ever allows more.
            if words.next_if_eq(&"WITH").is_some() {
                words.next()?;
            }
            Some(LICENCES.contains(&licence))
        }
    }
}

/// What of our rules `deny.toml` does not say.
fn missing_in(deny: &str) -> Vec<String> {
    let licences = LICENCES.iter().map(|licence| format!("\"{licence}\""));
    let banned = BANNED.iter().map(|(name, _)| format!("crate = \"{name}\""));
    let floors = FLOORS.iter().map(|(name, floor, _)| format!("crate = \"{name}:<{floor}\""));
    let rules = licences.chain(banned).chain(floors);
    rules.filter(|rule| !deny.contains(rule)).map(|rule| format!("deny.toml: does not say {rule}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licence_expressions_table() {
        for (expression, allowed) in [
            ("MIT", true),
            ("GPL-3.0-only", false),
            ("GPL-3.0-only OR MIT", true),
            ("GPL-3.0-only AND MIT", false),
            ("MIT/Apache-2.0", true),
            ("(MIT OR GPL-3.0-only) AND ISC", true),
            ("MIT OR GPL-3.0-only AND LGPL-3.0-only", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("(MIT", false),
            ("MIT MIT", false),
            ("MIT OR", false),
            ("", false),
        ] {
            assert_eq!(is_allowed(expression), allowed, "{expression}");
        }
    }

    #[test]
    fn packages_table() {
        for (name, version, licence, faults) in [
            ("h2", "0.4.16", "MIT", 0),
            ("h2", "0.4.15", "MIT", 1),
            ("h2", "1.0.0", "MIT", 0),
            ("h2", "0.4.16-rc.1", "MIT", 1),
            ("bytes", "1.9.9", "MIT", 1),
            ("openssl-sys", "9.9.9", "MIT", 1),
            ("any", "0.1.0+zstd.1.5.7", "GPL-3.0-only", 1),
        ] {
            let found = package(&serde_json::json!({"name": name, "version": version, "license": licence}));
            assert_eq!(found.len(), faults, "{name} {version}: {found:?}");
        }
        assert_eq!(
            package(&serde_json::json!({"name": "any", "version": "1.0.0", "license": null})).len(),
            1
        );
    }

    fn floor_holds(name: &str, below: &str) {
        let at = |version: &str| {
            package(&serde_json::json!({"name": name, "version": version, "license": "MIT"})).len()
        };
        assert_eq!(at(below), 1, "{name} {below} has the fault");
        let (_, floor, _) =
            FLOORS.iter().find(|(floored, ..)| *floored == name).expect("a floor of the table");
        assert_eq!(at(floor), 0, "{name} {floor}");
    }

    #[test]
    fn row_47_webpki_has_its_floor() {
        floor_holds("rustls-webpki", "0.103.12");
    }

    #[test]
    fn row_93_h2_has_its_floor() {
        floor_holds("h2", "0.4.15");
    }

    #[test]
    fn row_96_bytes_has_its_floor() {
        floor_holds("bytes", "1.11.0");
    }

    #[test]
    fn row_97_hickory_has_its_floor() {
        floor_holds("hickory-resolver", "0.26.0");
    }

    #[test]
    fn deny_toml_must_say_the_same() {
        assert_eq!(missing_in("").len(), LICENCES.len() + BANNED.len() + FLOORS.len());
    }
}
