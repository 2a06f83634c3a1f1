//! `cargo xtask arrows`: who may know whom, among packages and inside core; heads, sizes and words of every file.
//!
//! Packages are read from `cargo metadata`, modules from the code without comments, strings and tests. The tables are
//! the law; a package or a module that they do not name fails until somebody gave it its row.

use serde_json::Value;

use crate::sources::{Source, code_of, is_test_file, line_of, sources, without_tests};
use crate::{Outcome, check};

/// Each package with those of ours that it may use at run time. Tests may use all.
const PACKAGES: &[(&str, &[&str])] = &[
    ("sofetch-core", &[]),
    ("sofetch-fetching", &["sofetch-core"]),
    ("sofetch-net", &["sofetch-core"]),
    ("sofetch-store", &["sofetch-core"]),
    ("sofetch-inspect", &["sofetch-core"]),
    ("sofetch-demo", &[]),
    ("sofetch-lab", &["sofetch", "sofetch-inspect", "sofetch-demo"]),
    ("sofetch-testkit", &["sofetch-core", "sofetch-demo"]),
    ("sofetch-examples", &["sofetch", "sofetch-core", "sofetch-inspect", "sofetch-js", "sofetch-demo"]),
    ("sofetch", &["sofetch-core", "sofetch-fetching", "sofetch-net", "sofetch-store"]),
    ("sofetch-js", &["sofetch-core", "sofetch"]),
    (
        "sofetch-cli",
        &["sofetch-core", "sofetch", "sofetch-js", "sofetch-inspect", "sofetch-demo", "sofetch-lab"],
    ),
    ("xtask", &[]),
];

/// Core's modules, each with those that it may use beside itself. `rules/verdict` is a leaf that more may use.
const MODULES: &[(&str, &[&str])] = &[
    ("wire_faults", &[]),
    ("infrastructure", &["wire_faults"]),
    ("rules", &["infrastructure", "wire_faults"]),
    ("http_cache", NEIGHBOUR),
    ("cookies", NEIGHBOUR),
    ("hsts", NEIGHBOUR),
    ("service_workers", NEIGHBOUR),
    ("rulings", RULINGS),
    ("fixes", FIXES),
    ("trace", TRACE),
    ("ports", PORTS),
    ("tape", TAPE),
];
const NEIGHBOUR: &[&str] = &["infrastructure", "wire_faults", "rules::verdict"];
const RULINGS: &[&str] =
    &["wire_faults", "infrastructure", "rules", "http_cache", "cookies", "hsts", "service_workers"];
const FIXES: &[&str] = &["infrastructure", "rules", "rulings"];
const TAPE: &[&str] = &["infrastructure", "fixes", "trace"];
const TRACE: &[&str] = &[
    "wire_faults",
    "infrastructure",
    "rules",
    "http_cache",
    "cookies",
    "hsts",
    "service_workers",
    "rulings",
];
const PORTS: &[&str] = &[
    "wire_faults",
    "infrastructure",
    "rules",
    "http_cache",
    "cookies",
    "hsts",
    "service_workers",
    "rulings",
    "trace",
];

/// Words that the code of a package may not say: what reads a clock, opens, sleeps or runs tasks.
const UNSPEAKABLE: &[(&str, &[&str])] = &[
    (
        "crates/core/src/",
        &[
            "tokio",
            "hyper",
            "futures",
            "futures_core",
            "futures_util",
            "SystemTime",
            "Instant",
            "fs",
            "TcpStream",
            "UdpSocket",
            "thread",
            "thread_local",
        ],
    ),
    ("crates/fetching/src/", &["tokio", "hyper", "SystemTime", "Instant", "fs", "TcpStream", "thread_local"]),
];

/// Files over 600 lines, with the reason.
const LONG: &[(&str, &str)] = &[];

/// All arrows.
pub(crate) fn arrows() -> Outcome {
    let metadata = check::metadata(&["--no-deps"])?;
    let mut faults = package_arrows(&metadata);
    let mut files = sources("crates", &["rs"]);
    files.extend(sources("xtask", &["rs"]));
    for file in &files {
        faults.extend(module_arrows(file));
        faults.extend(unspeakable(file));
        faults.extend(head_and_size(file));
        faults.extend(unfinished(file));
    }
    for (path, _) in LONG {
        if !files.iter().any(|file| file.path == *path && file.text.lines().count() > 600) {
            faults.push(format!("{path}: listed as long, and is not: take it from the table"));
        }
    }
    let texts = sources("", &["rs", "toml", "md", "tsv", "js", "mjs", "idl", "json", "yml"]);
    for file in &texts {
        faults.extend(machine_paths(file));
    }
    match faults[..] {
        [] => Ok(format!("arrows: {} files of Rust, {} of text", files.len(), texts.len())),
        _ => Err(faults),
    }
}

fn package_arrows(metadata: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = PACKAGES.iter().find(|(package, _)| *package == name) else {
            faults.push(format!("{name}: a package that the table of arrows does not know"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = dependency["name"].as_str().unwrap_or_default();
            let ours = PACKAGES.iter().any(|(package, _)| *package == used);
            if ours && dependency["kind"].as_str() != Some("dev") && !allowed.contains(&used) {
                faults.push(format!("{name}: may not use {used}"));
            }
        }
    }
    faults
}

/// What one file of core uses of its siblings.
fn module_arrows(file: &Source) -> Vec<String> {
    let Some(inside) = file.path.strip_prefix("crates/core/src/") else { return Vec::new() };
    let module = inside.split(['/', '.']).next().unwrap_or_default();
    if module == "lib" || is_test_file(&file.path) {
        return Vec::new();
    }
    let Some((_, allowed)) = MODULES.iter().find(|(name, _)| *name == module) else {
        return vec![format!("{}: a module that the table of arrows does not know", file.path)];
    };
    let code = without_tests(&code_of(&file.text));
    let mut faults = Vec::new();
    if code.contains("super::super::") {
        faults.push(format!("{}: say `crate::`, so that arrows can be read", file.path));
    }
    let depth_one = !inside.contains('/') || inside.ends_with("/mod.rs");
    let prefixes: &[&str] = if depth_one { &["crate::", "super::"] } else { &["crate::"] };
    for prefix in prefixes {
        for (at, _) in code.match_indices(prefix) {
            for path in paths(&code[at + prefix.len()..]) {
                let first = path.split("::").next().unwrap_or_default();
                let known = MODULES.iter().any(|(name, _)| *name == first);
                let leaf = allowed.iter().any(|name| path == *name || path.starts_with(&format!("{name}::")));
                if known && first != module && !leaf {
                    let line = line_of(&code, at);
                    faults.push(format!("{}:{line}: {module} may not use {path}", file.path));
                }
            }
        }
    }
    faults
}

/// The paths that follow `crate::`: one, or all of a group, each with as many parts as stand there.
fn paths(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else {
        let end = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | ':')).unwrap_or(rest.len());
        return vec![rest[..end].trim_end_matches(':').to_owned()];
    };
    let mut found = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                found.extend(paths(group[start..at].trim()));
                start = at + 1;
                if character == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found.retain(|path| !path.is_empty());
    found
}

fn unspeakable(file: &Source) -> Vec<String> {
    let Some((_, words)) = UNSPEAKABLE.iter().find(|(folder, _)| file.path.starts_with(folder)) else {
        return Vec::new();
    };
    if is_test_file(&file.path) {
        return Vec::new();
    }
    let code = without_tests(&code_of(&file.text));
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut faults = Vec::new();
    for (number, line) in code.lines().enumerate() {
        for word in line.split(|c| !is_part(c)).filter(|word| words.contains(word)) {
            faults.push(format!("{}:{}: `{word}` is not for this package", file.path, number + 1));
        }
        let item = line.trim_start().trim_start_matches("pub ");
        if item.starts_with("static ") {
            faults.push(format!("{}:{}: no statics", file.path, number + 1));
        }
    }
    faults
}

fn head_and_size(file: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    let head = file.text.lines().take_while(|line| line.starts_with("//!")).count();
    let lines = file.text.lines().count();
    if head == 0 {
        faults.push(format!("{}: begins without `//!`", file.path));
    }
    if lines > 400 && head < 3 {
        faults.push(format!("{}: {lines} lines, and a head of {head} does not explain that", file.path));
    }
    if lines > 600 && !LONG.iter().any(|(path, _)| *path == file.path) {
        faults.push(format!("{}: {lines} lines, over 600", file.path));
    }
    faults
}

/// Main holds no promises: what is not built is a row in ROOMS.md.
fn unfinished(file: &Source) -> Vec<String> {
    // Put together, so that this file may be checked like any other.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
    let macros = [concat!("to", "do!"), concat!("unimpl", "emented!"), concat!("#[ign", "ore")];
    let code = code_of(&file.text);
    let mut faults = Vec::new();
    for (number, (line, code)) in file.text.lines().zip(code.lines()).enumerate() {
        let said = line.split(|c: char| !c.is_alphanumeric()).find(|word| words.contains(word));
        let done = macros.into_iter().find(|word| code.contains(word));
        if let Some(word) = said.or(done) {
            faults.push(format!("{}:{}: `{word}`", file.path, number + 1));
        }
    }
    faults
}

/// Folders of somebody's machine have no place in the repository.
fn machine_paths(file: &Source) -> Vec<String> {
    const FOLDERS: [&str; 5] = ["work", "home", "root", "Users", "tmp"];
    let mut faults = Vec::new();
    for (number, line) in file.text.lines().enumerate() {
        let mut words = line.split(|c: char| c.is_whitespace() || "\"'`()<>=".contains(c));
        let found = words.find_map(|word| {
            let (folder, _) = word.strip_prefix('/')?.split_once('/')?;
            FOLDERS.contains(&folder).then_some(word)
        });
        if let Some(word) = found {
            faults.push(format!("{}:{}: {word} is a path of a machine", file.path, number + 1));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn module_arrows_table() {
        for (name, path, text, faults) in [
            ("rules know nouns", "rules/a.rs", "use crate::infrastructure::b;", 0),
            ("nouns know no rules", "infrastructure/a.rs", "use crate::rules::b;", 1),
            ("unless in tests", "infrastructure/a.rs", "#[cfg(test)]\nmod t { use crate::rules::b; }", 0),
            (
                "or in words",
                "infrastructure/a.rs",
                "// crate::rules::b\nconst A: &str = \"crate::rules\";",
                0,
            ),
            ("neighbours take the leaf", "hsts.rs", "use crate::rules::verdict::Verdict;", 0),
            ("and only the leaf", "hsts.rs", "use crate::rules::cors_check;", 1),
            ("and not each other", "cookies/jar.rs", "fn a() { crate::hsts::b() }", 1),
            ("trace knows no ports", "trace.rs", "use crate::ports::Protocol;", 1),
            ("nor by way of super", "trace.rs", "use super::ports::Protocol;", 1),
            ("ports know the trace", "ports.rs", "use crate::trace::Trace;", 0),
            ("groups are opened", "trace.rs", "use crate::{rulings::{A, B}, ports::C, infrastructure};", 1),
            ("super is the folder within one", "rules/a.rs", "use super::ports;", 0),
            ("but not twice", "rules/a.rs", "use super::super::ports;", 1),
            ("a new module needs a row", "new.rs", "", 1),
        ] {
            let found = module_arrows(&file(&format!("crates/core/src/{path}"), text));
            assert_eq!(found.len(), faults, "{name}: {found:?}");
        }
    }

    #[test]
    fn package_arrows_table() {
        let metadata = |name: &str, used: &str, kind: Value| serde_json::json!({"packages": [{"name": name, "dependencies": [{"name": used, "kind": kind}]}]});
        for (name, used, kind, faults) in [
            ("sofetch-net", "sofetch-core", Value::Null, 0),
            ("sofetch-net", "sofetch-store", Value::Null, 1),
            ("sofetch-net", "sofetch-store", "build".into(), 1),
            ("sofetch-net", "sofetch-testkit", "dev".into(), 0),
            ("sofetch-net", "tokio", Value::Null, 0),
            ("sofetch-new", "sofetch-core", Value::Null, 1),
        ] {
            assert_eq!(package_arrows(&metadata(name, used, kind)).len(), faults, "{name} -> {used}");
        }
    }

    #[test]
    fn words_heads_and_paths_table() {
        let core = |text: &str| file("crates/core/src/a.rs", text);
        assert_eq!(unspeakable(&core("use tokio::x;\nstatic A: u8 = 1;\nfn f(_: &'static str) {}")).len(), 2);
        assert_eq!(unspeakable(&core("// tokio\n#[cfg(test)]\nmod tests { use tokio::x; }")).len(), 0);
        assert_eq!(unspeakable(&file("crates/net/src/a.rs", "use tokio::x;")).len(), 0);
        assert_eq!(head_and_size(&core("fn a() {}")).len(), 1);
        assert_eq!(head_and_size(&core(&format!("//! a\n{}", "\n".repeat(401)))).len(), 1);
        assert_eq!(head_and_size(&core(&format!("//! a\n//!\n//! b\n{}", "\n".repeat(401)))).len(), 0);
        assert_eq!(head_and_size(&core(&format!("//! a\n//!\n//! b\n{}", "\n".repeat(601)))).len(), 1);
        assert_eq!(unfinished(&core(concat!("// TO", "DO: a\nto", "do!()\n// unfinished"))).len(), 2);
        assert_eq!(
            machine_paths(&core(concat!("\"/ho", "me/a/b\"\n\"https://a.test/home/b\"\n/usr/a"))).len(),
            1
        );
    }
}
