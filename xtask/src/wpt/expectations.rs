//! What is expected of each run: how many subtests it has, and those that do not pass. What passes is not written down.
//!
//! A file a folder, `wpt/expectations/FOLDER.tsv`, a fact a line, sorted, so that files merge by lines:
//! `RUN <tab> COUNT <tab> STATUS` for a run and its harness, `RUN <tab> STATUS <tab> SUBTEST` for what does not pass.
//! `wpt/outdated.tsv` names subtests that count as no failures: `RUN <tab> SUBTEST <tab> ANCHOR <tab> REASON`.

use std::collections::BTreeMap;

use super::report::Report;

/// What is expected of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) count: usize,
    /// The harness's.
    pub(super) status: String,
    /// Status by name.
    pub(super) not_passed: BTreeMap<String, String>,
}

/// By the run's id.
pub(super) type Expectations = BTreeMap<String, Expected>;

/// How a run differs from what is expected. A name is a subtest's, or `(harness)`, or `(count)`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Passed and does not, or was there and is not.
    pub(super) lost: Vec<String>,
    /// Passes now, or is new.
    pub(super) gained: Vec<String>,
}

impl Difference {
    /// What the run changed. A run that nothing is written of loses nothing.
    pub(super) fn of(
        expected: Option<&Expected>,
        report: &Report,
        is_outdated: impl Fn(&str) -> bool,
    ) -> Difference {
        let mut difference = Difference::default();
        let Some(expected) = expected else {
            let passed = report.subtests.iter().filter(|subtest| subtest.status == "PASS").count();
            difference.gained.push(format!("(not written down: {passed} of {} pass)", report.subtests.len()));
            return difference;
        };
        let Difference { lost, gained } = &mut difference;
        match (expected.status == report.status, &*expected.status, &*report.status) {
            (true, ..) => {}
            (false, was, "CRASH") => lost.push(format!("(harness) {was}, now CRASH: {}", report.message)),
            (false, "OK", now) => lost.push(format!("(harness) OK, now {now}: {}", report.message)),
            (false, was, now) => gained.push(format!("(harness) {was}, now {now}")),
        }
        let count = report.subtests.len();
        if count < expected.count {
            lost.push(format!("(count) {} subtests, now {count}", expected.count));
        } else if count > expected.count {
            gained.push(format!("(count) {} subtests, now {count}", expected.count));
        }
        for subtest in &report.subtests {
            match (expected.not_passed.contains_key(&subtest.name), subtest.status == "PASS") {
                (false, false) if !is_outdated(&subtest.name) => {
                    lost.push(format!("{} ({}: {})", subtest.name, subtest.status, subtest.message));
                }
                (true, true) => gained.push(subtest.name.clone()),
                _ => {}
            }
        }
        difference
    }
}

impl From<&Report> for Expected {
    fn from(report: &Report) -> Expected {
        let not_passed = report.subtests.iter().filter(|subtest| subtest.status != "PASS");
        Expected {
            count: report.subtests.len(),
            status: report.status.clone(),
            not_passed: not_passed.map(|subtest| (subtest.name.clone(), subtest.status.clone())).collect(),
        }
    }
}

/// Adds a file's lines to what is known.
pub(super) fn read(text: &str, into: &mut Expectations) -> Result<(), Vec<String>> {
    let mut faults = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let parts: Vec<&str> = line.split('\t').collect();
        let [id, word, rest] = parts[..] else {
            faults.push(format!("line {}: three fields", number + 1));
            continue;
        };
        let expected = into.entry(id.to_owned()).or_default();
        match word.parse() {
            Ok(count) => (expected.count, expected.status) = (count, rest.to_owned()),
            Err(_) => drop(expected.not_passed.insert(unescaped(rest), word.to_owned())),
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// The lines of a folder's file.
pub(super) fn written<'a>(runs: impl Iterator<Item = (&'a String, &'a Expected)>) -> String {
    let mut text = String::new();
    for (id, expected) in runs {
        text.push_str(&format!("{id}\t{}\t{}\n", expected.count, expected.status));
        for (name, status) in &expected.not_passed {
            text.push_str(&format!("{id}\t{status}\t{}\n", escaped(name)));
        }
    }
    text
}

/// A name on one line: what controls or cannot be seen is written as JSON writes it.
fn escaped(name: &str) -> String {
    let mut text = String::new();
    for character in name.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\t' => text.push_str("\\t"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            _ if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}' | '\u{FEFF}') => {
                text.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => text.push(character),
        }
    }
    text
}

fn unescaped(text: &str) -> String {
    // `"` alone is not escaped here, and has to be in JSON.
    let quoted = format!("\"{}\"", text.replace('"', "\\\""));
    serde_json::from_str(&quoted).unwrap_or_else(|_| text.to_owned())
}

/// A subtest that the Standard has overtaken, or that needs what we are not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outdated {
    pub(super) id: String,
    /// `*` is every one of the run, `*end` every one that ends so.
    pub(super) subtest: String,
    pub(super) anchor: String,
    pub(super) reason: String,
}

impl Outdated {
    pub(super) fn is(&self, id: &str, subtest: &str) -> bool {
        let is_named = match self.subtest.strip_prefix('*') {
            Some(end) => subtest.ends_with(end),
            None => self.subtest == subtest,
        };
        self.id == id && is_named
    }
}

/// The rows of `wpt/outdated.tsv`. Lines that begin with `#` are remarks.
pub(super) fn read_outdated(text: &str) -> Result<Vec<Outdated>, Vec<String>> {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for (number, line) in
        text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
    {
        match line.split('\t').collect::<Vec<_>>()[..] {
            [id, subtest, anchor, reason]
                if [id, subtest, anchor, reason].iter().all(|part| !part.is_empty()) =>
            {
                rows.push(Outdated {
                    id: id.to_owned(),
                    subtest: unescaped(subtest),
                    anchor: anchor.to_owned(),
                    reason: reason.to_owned(),
                });
            }
            _ => faults.push(format!("wpt/outdated.tsv:{}: run, subtest, anchor and reason", number + 1)),
        }
    }
    if faults.is_empty() { Ok(rows) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wpt::report::Subtest;

    fn report(status: &str, subtests: &[(&str, &str)]) -> Report {
        let subtest = |&(name, status): &(&str, &str)| Subtest {
            name: name.to_owned(),
            status: status.to_owned(),
            message: String::new(),
        };
        Report {
            status: status.to_owned(),
            subtests: subtests.iter().map(subtest).collect(),
            ..Report::default()
        }
    }

    #[test]
    fn only_what_does_not_pass_is_written() {
        let one = Expected::from(&report(
            "OK",
            &[("a", "PASS"), ("b", "FAIL"), ("c\t\"d\"\n\\e\u{0}", "TIMEOUT"), ("7", "NOTRUN")],
        ));
        let two = Expected::from(&report("ERROR", &[]));
        let runs = Expectations::from([("/x".to_owned(), one), ("/y".to_owned(), two)]);
        let text = written(runs.iter());
        assert_eq!(
            text,
            "/x\t4\tOK\n/x\tNOTRUN\t7\n/x\tFAIL\tb\n/x\tTIMEOUT\tc\\t\"d\"\\n\\\\e\\u0000\n/y\t0\tERROR\n"
        );
        let mut again = Expectations::new();
        read(&text, &mut again).expect("what we wrote");
        assert_eq!(again, runs);
        assert!(read("/x\tFAIL", &mut again).is_err());
    }

    #[test]
    fn difference_table() {
        let expected = Expected::from(&report("OK", &[("a", "PASS"), ("b", "FAIL")]));
        for (name, status, subtests, lost, gained) in [
            ("as it was", "OK", &[("a", "PASS"), ("b", "FAIL")][..], 0, 0),
            ("fails otherwise", "OK", &[("a", "PASS"), ("b", "TIMEOUT")], 0, 0),
            ("a lost pass", "OK", &[("a", "FAIL"), ("b", "FAIL")], 1, 0),
            ("a new pass", "OK", &[("a", "PASS"), ("b", "PASS")], 0, 1),
            ("one vanished", "OK", &[("a", "PASS")], 1, 0),
            ("one came, and passes", "OK", &[("a", "PASS"), ("b", "FAIL"), ("c", "PASS")], 0, 1),
            ("one came, and fails", "OK", &[("a", "PASS"), ("b", "FAIL"), ("c", "FAIL")], 1, 1),
            ("one may fail", "OK", &[("outdated", "FAIL"), ("b", "FAIL")], 0, 0),
            ("the harness fails", "ERROR", &[("a", "PASS"), ("b", "FAIL")], 1, 0),
            ("the process crashes", "CRASH", &[("a", "PASS"), ("b", "FAIL")], 1, 0),
        ] {
            let difference =
                Difference::of(Some(&expected), &report(status, subtests), |name| name == "outdated");
            assert_eq!(
                (difference.lost.len(), difference.gained.len()),
                (lost, gained),
                "{name}: {difference:?}"
            );
        }
        for (was, now, lost) in [
            ("TIMEOUT", "CRASH", 1),
            ("ERROR", "CRASH", 1),
            ("CRASH", "CRASH", 0),
            ("CRASH", "TIMEOUT", 0),
            ("TIMEOUT", "OK", 0),
        ] {
            let expected = Expected::from(&report(was, &[]));
            let difference = Difference::of(Some(&expected), &report(now, &[]), |_| false);
            assert_eq!(difference.lost.len(), lost, "{was}, now {now}");
        }
        let unknown = Difference::of(None, &report("OK", &[("a", "FAIL")]), |_| false);
        assert_eq!((unknown.lost.len(), unknown.gained.len()), (0, 1));
    }

    #[test]
    fn outdated_rows() {
        let rows = read_outdated("# remark\n/a.html\tb\\nc\t#anchor\twhy\n/b.html\t*\t#anchor\twhy\n/c.html\t* (x)\t#anchor\twhy\n")
            .expect("rows");
        assert!(rows[0].is("/a.html", "b\nc") && !rows[0].is("/a.html", "b"));
        assert!(rows[1].is("/b.html", "whatever") && !rows[1].is("/a.html", "whatever"));
        assert!(rows[2].is("/c.html", "whatever (x)") && !rows[2].is("/c.html", "whatever (y)"));
        assert!(read_outdated("/a.html\tb\t\twhy").is_err());
    }
}
