//! Another's results beside ours: a wptreport of a browser or another runtime, and what passes there and not here.

use std::collections::BTreeMap;

use serde_json::Value;

use super::expectations::Expected;
use super::listing::folder_of;
use super::report::Report;

/// What passes there and not here, `RUN: SUBTEST` each, and passes by folder: theirs and ours, of the same runs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Beside {
    pub(super) only_there: Vec<String>,
    pub(super) folders: BTreeMap<String, (usize, usize)>,
}

/// Compares the runs that both have.
pub(super) fn beside(theirs: &str, ours: &BTreeMap<String, Report>) -> Result<Beside, String> {
    let theirs: Value = serde_json::from_str(theirs).map_err(|error| format!("no wptreport: {error}"))?;
    let mut beside = Beside::default();
    for result in theirs["results"].as_array().into_iter().flatten() {
        let id = result["test"].as_str().unwrap_or_default();
        let Some(report) = ours.get(id) else { continue };
        let here = Expected::from(report);
        let (there, passed) = beside.folders.entry(folder_of(id)).or_default();
        *passed += here.count - here.not_passed.len();
        for subtest in result["subtests"].as_array().into_iter().flatten() {
            let name = subtest["name"].as_str().unwrap_or_default();
            if subtest["status"] != "PASS" {
                continue;
            }
            *there += 1;
            let passes_here =
                report.subtests.iter().any(|subtest| subtest.name == name && subtest.status == "PASS");
            if !passes_here {
                beside.only_there.push(format!("{id}: {name}"));
            }
        }
    }
    Ok(beside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wpt::report::{Subtest, wptreport};

    fn report(subtests: &[(&str, &str)]) -> Report {
        let subtest = |&(name, status): &(&str, &str)| Subtest {
            name: name.to_owned(),
            status: status.to_owned(),
            message: String::new(),
        };
        Report {
            status: "OK".to_owned(),
            subtests: subtests.iter().map(subtest).collect(),
            ..Report::default()
        }
    }

    #[test]
    fn what_passes_only_there() {
        let theirs =
            [("/a/b.html".to_owned(), report(&[("one", "PASS"), ("two", "PASS"), ("three", "FAIL")]))];
        let theirs = wptreport(theirs.iter().map(|(id, report)| (id, report)), "1").to_string();
        let ours = BTreeMap::from([
            (
                "/a/b.html".to_owned(),
                report(&[("one", "PASS"), ("two", "FAIL"), ("three", "PASS"), ("four", "PASS")]),
            ),
            ("/c.html".to_owned(), report(&[("one", "PASS")])),
        ]);
        let found = beside(&theirs, &ours).expect("a report");
        assert_eq!(found.only_there, ["/a/b.html: two"]);
        assert_eq!(found.folders, BTreeMap::from([("a".to_owned(), (2, 3))]));
        assert!(beside("", &ours).is_err());
    }
}
