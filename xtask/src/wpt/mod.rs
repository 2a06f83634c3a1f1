//! `cargo xtask wpt`: the suite web-platform-tests, as far as one global and no document can run it.
//!
//! The tests that count are `wpt/applicable.txt`, what is expected of them `wpt/expectations`, what they need not pass
//! `wpt/outdated.tsv`, how they came out last `wpt/result.txt`. The suite itself is a tree of files elsewhere, with a server
//! of its own: nothing of it is kept here. Only this module starts that server and runs tests; the others decide and read.

mod beside;
mod expectations;
mod listing;
mod page;
mod policies;
mod report;
mod result;
mod running;
mod server;
mod setup;

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::hash::BuildHasher;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::{Outcome, check, sources};
use expectations::{Difference, Expectations, Expected, Outdated};
use listing::Run;
use report::Report;
use result::Results;
use running::Runner;
use server::Server;

const USAGE: &str = "\
cargo xtask wpt [--wpt DIR] [OPTIONS] [FILTER..]

  FILTER           what a test's path or name begins with; tests that are not listed run if nothing listed matches
  --wpt DIR        a tree of web-platform-tests (default: $WPT_DIR, else sofetch-wpt in the cache folder)
  --setup DIR      makes such a tree
  --update         writes down what came out: expectations, and without a FILTER the result
  -j N             tests at a time (default: as many as processors)
  --json FILE      writes a wptreport
  --beside FILE    a wptreport of another: tells what passes there and not here
  --command PATH   what runs the tests instead of target/release/sofetch; takes the same arguments
  --patience N     times the suite's limits of ten seconds and sixty
  --list           only tells which tests would run
  -v               tells every subtest that does not pass";

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked {
    tree: Option<PathBuf>,
    setup: Option<PathBuf>,
    filters: Vec<String>,
    update: bool,
    jobs: Option<usize>,
    json: Option<PathBuf>,
    beside: Option<PathBuf>,
    command: Option<PathBuf>,
    patience: Option<u32>,
    list: bool,
    verbose: bool,
}

impl Asked {
    fn from(arguments: &[&str]) -> Result<Asked, String> {
        let mut asked = Asked::default();
        let mut words = arguments.iter().copied();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word}: of what?\n\n{USAGE}"));
            let number = |said: &str| said.parse().map_err(|_| format!("{word} {said}: no number"));
            match word {
                "--wpt" => asked.tree = Some(value()?.into()),
                "--setup" => asked.setup = Some(value()?.into()),
                "--update" => asked.update = true,
                "-j" => asked.jobs = Some(number(value()?)? as usize),
                "--json" => asked.json = Some(value()?.into()),
                "--beside" => asked.beside = Some(value()?.into()),
                "--command" => asked.command = Some(value()?.into()),
                "--patience" => asked.patience = Some(number(value()?)?),
                "--list" => asked.list = true,
                "-v" => asked.verbose = true,
                _ if word.starts_with('-') => return Err(USAGE.to_owned()),
                filter => asked.filters.push(filter.to_owned()),
            }
        }
        Ok(asked)
    }
}

/// Runs the tests that are asked for.
pub(crate) fn wpt(arguments: &[&str]) -> Outcome {
    let asked = Asked::from(arguments).map_err(|fault| vec![fault])?;
    if asked.update && asked.command.is_some() {
        return Err(vec!["--update writes down what our own command does".to_owned()]);
    }
    if let Some(folder) = &asked.setup {
        return setup::setup(folder);
    }
    let tree = asked.tree.clone().or_else(default_tree);
    let tree = tree.ok_or_else(|| vec!["no tree: `cargo xtask wpt --setup DIR` makes one".to_owned()])?;
    let tree = fs::canonicalize(&tree).map_err(|error| vec![format!("{}: {error}", tree.display())])?;
    let Found { runs, absent, listed } = runs(&tree, &asked.filters)?;
    if asked.update && !listed {
        return Err(vec!["only tests of wpt/applicable.txt are written down".to_owned()]);
    }
    if asked.list {
        let rows = runs.iter().map(|run| format!("{} {}", run.scope.word(), run.id));
        return Ok(rows.chain(absent).collect::<Vec<_>>().join("\n"));
    }
    for fault in &absent {
        println!("{fault}");
    }
    let command = match &asked.command {
        Some(command) => command.clone(),
        None => check::build_command()?,
    };
    let reports = run(&asked, &tree, &command, &runs).map_err(|fault| vec![fault])?;
    judge(&asked, &tree, &runs, &reports)
}

/// A step of `cargo xtask check`: the suite where a tree is; elsewhere the result that is written down has to be of this code.
pub(crate) fn step() -> Outcome {
    match default_tree() {
        Some(_) => wpt(&[]),
        None => Results::read()?.is_of_this_code(),
    }
}

/// `WPT_DIR`, else a folder of the user's cache; only if a tree is there.
fn default_tree() -> Option<PathBuf> {
    let cache = || {
        let home = std::env::home_dir().map(|home| home.join(".cache"));
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or(home)?;
        Some(cache.join("sofetch-wpt"))
    };
    let tree = std::env::var_os("WPT_DIR").map(PathBuf::from).or_else(cache)?;
    tree.join("resources/testharness.js").is_file().then_some(tree)
}

/// What filters name.
struct Found {
    runs: Vec<Run>,
    /// Listed, and not in the tree.
    absent: Vec<String>,
    /// Are these of the list?
    listed: bool,
}

/// The runs of listed tests, or of the tree's if the filters name none of these.
fn runs(tree: &Path, filters: &[String]) -> Result<Found, Vec<String>> {
    let mut rows = listing::read_list(&read("wpt/applicable.txt")?)?;
    // A filter may name a run, a file or a folder.
    let of_file = |path: &str| {
        let stem = path.split('.').next().unwrap_or_default();
        filters.iter().any(|filter| filter.trim_start_matches('/').starts_with(stem.trim_start_matches('/')))
    };
    rows.retain(|row| listing::matches(filters, &row.path) || of_file(&row.path));
    let listed = !rows.is_empty();
    if !listed {
        rows = filters.iter().flat_map(|filter| listing::in_tree(tree, filter)).collect();
    }
    let (mut runs, mut absent) = (Vec::new(), Vec::new());
    for row in &rows {
        match listing::runs(tree, row) {
            Ok(of_row) => runs.extend(
                of_row
                    .into_iter()
                    .filter(|run| listing::matches(filters, &run.path) || listing::matches(filters, &run.id)),
            ),
            Err(fault) => absent.push(fault),
        }
    }
    if runs.is_empty() {
        absent.push(format!("no test begins with {}", filters.join(" or ")));
        return Err(absent);
    }
    Ok(Found { runs, absent, listed })
}

/// Runs everything once, and again alone what lost a pass: a machine under load is no fault of the code.
fn run(asked: &Asked, tree: &Path, command: &Path, runs: &[Run]) -> Result<BTreeMap<String, Report>, String> {
    let state = sources::root().join("target/wpt");
    let folder = state.join(format!("run-{}", std::process::id()));
    let server = Server::start(tree, &state, &folder)?;
    let mark = RandomState::new().hash_one(std::process::id());
    let runner = Runner {
        server: &server,
        command,
        folder: &folder,
        patience: asked.patience.unwrap_or(1),
        mark: format!("wpt{mark:016x}"),
        shared: Mutex::new(HashMap::new()),
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = asked.jobs.unwrap_or(processors);
    let told = |run: &Run, report: &Report| {
        if report.status != "OK" {
            let message = report.message.lines().next().unwrap_or_default();
            eprintln!("{}: {}: {message}", run.id, report.status);
        }
    };
    let first = runner.all(runs, jobs, told);
    let mut reports: BTreeMap<String, Report> = runs.iter().map(|run| run.id.clone()).zip(first).collect();
    let (expected, outdated) = known().map_err(|faults| faults.join("\n"))?;
    let loses = |run: &&Run| !difference(&expected, &outdated, &run.id, &reports[&run.id]).lost.is_empty();
    let again: Vec<Run> = runs.iter().filter(loses).cloned().collect();
    for (run, report) in again.iter().zip(runner.all(&again, 1, |_, _| {})) {
        if difference(&expected, &outdated, &run.id, &report).lost.is_empty() {
            println!("{}: unsteady: lost passes only beside other tests", run.id);
        }
        reports.insert(run.id.clone(), report);
    }
    let _ = fs::remove_dir_all(&folder);
    Ok(reports)
}

/// Tells how it came out, compares, and writes down what is asked.
fn judge(asked: &Asked, tree: &Path, runs: &[Run], reports: &BTreeMap<String, Report>) -> Outcome {
    let (mut expected, outdated) = known()?;
    let results = Results::of(reports, &expected, &outdated, tree);
    println!("{results}");
    let told = |heading: &str, rows: Vec<String>| {
        if !rows.is_empty() {
            println!("{heading} ({}):\n  {}", rows.len(), rows.join("\n  "));
        }
    };
    if asked.verbose {
        told("not passed", not_passed(reports, &outdated));
    }
    told("overtaken, and still failing", overtaken(reports, &outdated));
    let whole = asked.filters.is_empty();
    let (mut lost, mut gained) = (Vec::new(), Vec::new());
    for (id, report) in reports {
        let difference = difference(&expected, &outdated, id, report);
        lost.extend(difference.lost.into_iter().map(|name| format!("{id}: {name}")));
        gained.extend(difference.gained.into_iter().map(|name| format!("{id}: {name}")));
    }
    if whole {
        lost.extend(
            expected
                .keys()
                .filter(|id| !reports.contains_key(*id))
                .map(|id| format!("{id}: (run) not there")),
        );
        told("in outdated.tsv, and no failure", idle(reports, &outdated));
    }
    let (unknown, gained): (Vec<String>, Vec<String>) =
        gained.into_iter().partition(|row| row.contains("(not written down"));
    told("lost", lost.clone());
    told("new", gained);
    if asked.verbose {
        told("not written down", unknown);
    } else if !unknown.is_empty() {
        println!("not written down: {} tests; `--update` does", unknown.len());
    }
    if let Some(path) = &asked.json {
        let document = report::wptreport(reports.iter(), env!("CARGO_PKG_VERSION"));
        fs::write(path, format!("{document}\n"))
            .map_err(|error| vec![format!("{}: {error}", path.display())])?;
    }
    if let Some(path) = &asked.beside {
        let theirs =
            fs::read_to_string(path).map_err(|error| vec![format!("{}: {error}", path.display())])?;
        let beside = beside::beside(&theirs, reports).map_err(|fault| vec![fault])?;
        told("passes there and not here", beside.only_there);
        for (folder, (there, here)) in beside.folders {
            println!("{folder:<24} there {there:>6}, here {here:>6}");
        }
    }
    if asked.update {
        if whole {
            expected.clear();
        }
        expected.extend(reports.iter().map(|(id, report)| (id.clone(), Expected::from(report))));
        write_expectations(&expected)?;
        if whole {
            results.write()?;
        }
        return Ok(format!("wpt: {} tests, written down", runs.len()));
    }
    if lost.is_empty() {
        return Ok(format!("wpt: {} tests, nothing lost", runs.len()));
    }
    let verdict = format!("wpt: {} lost in {} tests", lost.len(), runs.len());
    Err([verdict].into_iter().chain(results.of_another_tree()).collect())
}

fn difference(expected: &Expectations, outdated: &[Outdated], id: &str, report: &Report) -> Difference {
    Difference::of(expected.get(id), report, |name| outdated.iter().any(|row| row.is(id, name)))
}

fn not_passed(reports: &BTreeMap<String, Report>, outdated: &[Outdated]) -> Vec<String> {
    let mut rows = Vec::new();
    for (id, report) in reports {
        for subtest in report.subtests.iter().filter(|subtest| subtest.status != "PASS") {
            if !outdated.iter().any(|row| row.is(id, &subtest.name)) {
                rows.push(format!("{id}: {} ({}: {})", subtest.name, subtest.status, subtest.message));
            }
        }
    }
    rows
}

fn overtaken(reports: &BTreeMap<String, Report>, outdated: &[Outdated]) -> Vec<String> {
    let mut rows = Vec::new();
    for (id, report) in reports {
        for subtest in report.subtests.iter().filter(|subtest| subtest.status != "PASS") {
            if let Some(row) = outdated.iter().find(|row| row.is(id, &subtest.name)) {
                rows.push(format!("{id}: {}: {} ({})", subtest.name, row.reason, row.anchor));
            }
        }
    }
    rows
}

/// Rows that nothing needs.
fn idle(reports: &BTreeMap<String, Report>, outdated: &[Outdated]) -> Vec<String> {
    let fails = |row: &Outdated| {
        let subtests = reports.get(&row.id).map(|report| &report.subtests).into_iter().flatten();
        subtests.filter(|subtest| subtest.status != "PASS").any(|subtest| row.is(&row.id, &subtest.name))
    };
    outdated.iter().filter(|row| !fails(row)).map(|row| format!("{}: {}", row.id, row.subtest)).collect()
}

/// What is written down of all tests.
fn known() -> Result<(Expectations, Vec<Outdated>), Vec<String>> {
    let mut expected = Expectations::new();
    for file in sources::sources("wpt/expectations", &["tsv"]) {
        let named = |faults: Vec<String>| {
            faults.into_iter().map(|fault| format!("{}: {fault}", file.path)).collect::<Vec<_>>()
        };
        expectations::read(&file.text, &mut expected).map_err(named)?;
    }
    let outdated = expectations::read_outdated(&read("wpt/outdated.tsv").unwrap_or_default())?;
    Ok((expected, outdated))
}

/// Writes each folder's file, and removes those that nothing is expected of.
fn write_expectations(expected: &Expectations) -> Result<(), Vec<String>> {
    let folder = sources::root().join("wpt/expectations");
    let said = |error: std::io::Error| vec![format!("wpt/expectations: {error}")];
    fs::create_dir_all(&folder).map_err(said)?;
    let mut files: BTreeMap<String, Vec<(&String, &Expected)>> = BTreeMap::new();
    for (id, of_run) in expected {
        files
            .entry(format!("{}.tsv", listing::folder_of(id).replace('/', "-")))
            .or_default()
            .push((id, of_run));
    }
    for entry in fs::read_dir(&folder).map_err(said)?.flatten() {
        if !files.contains_key(&*entry.file_name().to_string_lossy()) {
            fs::remove_file(entry.path()).map_err(said)?;
        }
    }
    for (name, runs) in files {
        fs::write(folder.join(name), expectations::written(runs.into_iter())).map_err(said)?;
    }
    Ok(())
}

fn read(path: &str) -> Result<String, Vec<String>> {
    fs::read_to_string(sources::root().join(path)).map_err(|error| vec![format!("{path}: {error}")])
}

/// FNV-1a, 64 bits: tells whether something changed, and no more.
fn fnv(bytes: impl IntoIterator<Item = u8>, hash: u64) -> u64 {
    bytes.into_iter().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
}

const FNV_BEGIN: u64 = 0xCBF2_9CE4_8422_2325;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        let asked = Asked::from(&["--wpt", "a", "url/", "-j", "3", "--update", "--json", "b", "dom"])
            .expect("arguments");
        assert_eq!(asked.filters, ["url/", "dom"]);
        assert_eq!((asked.tree, asked.jobs, asked.update), (Some("a".into()), Some(3), true));
        for wrong in [&["--wpt"][..], &["-j", "x"], &["--what"]] {
            assert!(Asked::from(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_list_is_whole() {
        let listed = listing::read_list(&read("wpt/applicable.txt").expect("a file")).expect("a list");
        let mut seen = std::collections::HashSet::new();
        for row in &listed {
            assert!(listing::kind_of(&row.path).is_some() && seen.insert(&row.path), "{}", row.path);
        }
        known().expect("expectations that can be read");
    }
}
