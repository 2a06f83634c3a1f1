//! How the suite came out: totals by folder, and of which code and which tree they are, as `wpt/result.txt` keeps them.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use super::expectations::{Expectations, Outdated};
use super::listing::{self, folder_of};
use super::report::Report;
use super::{FNV_BEGIN, fnv};
use crate::{Outcome, sources};

const PATH: &str = "wpt/result.txt";

/// A folder's subtests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: usize,
    /// Those that were expected and did not come count.
    pub(super) total: usize,
    /// Not passed, and overtaken.
    pub(super) overtaken: usize,
}

/// All folders, with the code and the tree.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Results {
    folders: BTreeMap<String, Tally>,
    /// Over the sources of crates/js.
    code: String,
    /// Over the listed tests.
    tree: String,
}

impl Results {
    pub(super) fn of(
        reports: &BTreeMap<String, Report>,
        expected: &Expectations,
        outdated: &[Outdated],
        tree: &Path,
    ) -> Results {
        let mut folders: BTreeMap<String, Tally> = BTreeMap::new();
        for (id, report) in reports {
            let tally = folders.entry(folder_of(id)).or_default();
            let before = expected.get(id).map_or(0, |expected| expected.count);
            tally.total += report.subtests.len().max(before);
            for subtest in &report.subtests {
                match subtest.status == "PASS" {
                    true => tally.passed += 1,
                    false if outdated.iter().any(|row| row.is(id, &subtest.name)) => tally.overtaken += 1,
                    false => {}
                }
            }
        }
        Results { folders, code: code(), tree: of_tree(tree) }
    }

    /// What is written down.
    pub(super) fn read() -> Result<Results, Vec<String>> {
        let text = super::read(PATH)?;
        Results::parse(&text)
            .ok_or_else(|| vec![format!("{PATH}: cannot be read; `cargo xtask wpt --update` writes it")])
    }

    fn parse(text: &str) -> Option<Results> {
        let mut results = Results { folders: BTreeMap::new(), code: String::new(), tree: String::new() };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["code", hash] => results.code = hash.to_owned(),
                ["tree", hash] => results.tree = hash.to_owned(),
                ["all", ..] | [] => {}
                [folder, passed, "/", total, ref rest @ ..] => {
                    let overtaken =
                        rest.first().map_or(Ok(0), |said| said.trim_start_matches('(').parse()).ok()?;
                    let tally = Tally { passed: passed.parse().ok()?, total: total.parse().ok()?, overtaken };
                    results.folders.insert(folder.to_owned(), tally);
                }
                _ => return None,
            }
        }
        (!results.code.is_empty()).then_some(results)
    }

    pub(super) fn write(&self) -> Result<(), Vec<String>> {
        let text = format!(
            "# Written by `cargo xtask wpt --update`: subtests passed of all, by folder; hashes of crates/js and of the tests.\n\
             {self}\ncode {}\ntree {}\n",
            self.code, self.tree
        );
        fs::write(sources::root().join(PATH), text).map_err(|error| vec![format!("{PATH}: {error}")])
    }

    /// Was the code changed since?
    pub(super) fn is_of_this_code(&self) -> Outcome {
        if self.code == code() {
            return Ok(format!("wpt: no tree here; the result that is written down is of this code\n{self}"));
        }
        Err(vec![format!(
            "{PATH}: crates/js changed since: get a tree (`cargo xtask wpt --setup DIR`) and run `cargo xtask wpt --update`"
        )])
    }

    /// A remark if what is written down was of other tests.
    pub(super) fn of_another_tree(&self) -> Option<String> {
        let written = Results::read().ok()?;
        (written.tree != self.tree)
            .then(|| "the tree is not that of the last result: its tests may differ".to_owned())
    }
}

impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = Tally::default();
        for (folder, tally) in &self.folders {
            writeln!(f, "{}", row(folder, tally))?;
            all.passed += tally.passed;
            all.total += tally.total;
            all.overtaken += tally.overtaken;
        }
        write!(f, "{}", row("all", &all))
    }
}

fn row(name: &str, tally: &Tally) -> String {
    let overtaken =
        if tally.overtaken > 0 { format!("  ({} overtaken)", tally.overtaken) } else { String::new() };
    format!("{name:<24} {:>6} / {:>6}{overtaken}", tally.passed, tally.total)
}

/// A hash over everything that makes the JavaScript face; its tests make nothing of it.
fn code() -> String {
    let files = sources::sources("crates/js", &["rs", "toml", "js", "mjs", "webidl", "json", "tsv", "txt"]);
    let files = files.iter().filter(|file| !file.path.starts_with("crates/js/tests/"));
    let hash = files.fold(FNV_BEGIN, |hash, file| {
        let text = file.text.replace("\r\n", "\n");
        fnv(file.path.bytes().chain([0]).chain(text.bytes()).chain([0]), hash)
    });
    format!("{hash:016x}")
}

/// A hash over the listed tests as they are in a tree.
fn of_tree(tree: &Path) -> String {
    let listed =
        super::read("wpt/applicable.txt").and_then(|text| listing::read_list(&text)).unwrap_or_default();
    let hash = listed.iter().fold(FNV_BEGIN, |hash, row| {
        let text = fs::read(tree.join(row.path.trim_start_matches('/'))).unwrap_or_default();
        fnv(text.into_iter().chain([0]), hash)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let folders = BTreeMap::from([
            ("dom/abort".to_owned(), Tally { passed: 35, total: 35, overtaken: 0 }),
            ("fetch".to_owned(), Tally { passed: 2580, total: 2853, overtaken: 12 }),
        ]);
        let results = Results { folders, code: "0a".to_owned(), tree: "0b".to_owned() };
        let text = format!("# remark\n{results}\ncode 0a\ntree 0b\n");
        assert!(text.contains("all                        2615 /   2888  (12 overtaken)\n"), "{text}");
        assert_eq!(Results::parse(&text), Some(results));
        assert_eq!(Results::parse("fetch 1 of 2"), None);
        assert_eq!(Results::parse(""), None);
    }

    #[test]
    fn code_that_changed_is_a_fault() {
        let results = |code: String| Results { folders: BTreeMap::new(), code, tree: String::new() };
        assert!(results(code()).is_of_this_code().is_ok());
        assert!(results("0".to_owned()).is_of_this_code().is_err());
    }
}
