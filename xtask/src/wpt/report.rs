//! What a run reported, read from its output; and the report of all runs in the form that wpt.fyi and the suite's tools read.

use serde_json::{Value, json};

/// A subtest's outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subtest {
    /// Unlike that of any other of its run.
    pub(super) name: String,
    /// `PASS`, `FAIL`, `TIMEOUT`, `NOTRUN` or `PRECONDITION_FAILED`.
    pub(super) status: String,
    pub(super) message: String,
}

/// A run's outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    /// The harness's: `OK`, `ERROR`, `TIMEOUT`, `PRECONDITION_FAILED`; ours: `CRASH`.
    pub(super) status: String,
    pub(super) message: String,
    pub(super) subtests: Vec<Subtest>,
    pub(super) milliseconds: u64,
}

const HARNESS: [&str; 4] = ["OK", "ERROR", "TIMEOUT", "PRECONDITION_FAILED"];
const SUBTEST: [&str; 5] = ["PASS", "FAIL", "TIMEOUT", "NOTRUN", "PRECONDITION_FAILED"];

/// Reads the lines of one process as they come.
#[derive(Debug)]
pub(super) struct Reader {
    mark: String,
    report: Report,
}

impl Reader {
    pub(super) fn new(mark: &str) -> Reader {
        Reader { mark: mark.to_owned(), report: Report::default() }
    }

    /// Takes a line; what bears no mark is the test's own.
    pub(super) fn line(&mut self, line: &str) {
        // A test may have printed something without a line's end before.
        let Some((_, said)) = line.split_once(&*self.mark) else { return };
        let Ok(said) = serde_json::from_str::<Value>(said) else { return };
        if let Some(subtest) = subtest(&said["one"]) {
            self.report.subtests.push(subtest);
        }
        if let Some(all) = said["all"].as_array() {
            self.report.subtests = all.iter().filter_map(subtest).collect();
            self.report.status = word(&said["status"], &HARNESS);
            self.report.message = said["message"].as_str().unwrap_or_default().to_owned();
        }
    }

    /// Has everything been said?
    pub(super) fn is_complete(&self) -> bool {
        !self.report.status.is_empty()
    }

    /// What was reported; if that has no end, `status` and `message` say why.
    pub(super) fn report(self, status: &str, message: String) -> Report {
        let mut report = self.report;
        if report.status.is_empty() {
            (report.status, report.message) = (status.to_owned(), message);
        }
        // The same name again is told from the first by a number.
        let mut seen = std::collections::HashMap::new();
        for subtest in &mut report.subtests {
            let times: &mut usize = seen.entry(subtest.name.clone()).or_default();
            *times += 1;
            if *times > 1 {
                subtest.name = format!("{} [{times}]", subtest.name);
            }
        }
        report
    }
}

fn subtest(row: &Value) -> Option<Subtest> {
    let name = row[1].as_str()?.to_owned();
    Some(Subtest { name, status: word(&row[0], &SUBTEST), message: row[2].as_str()?.to_owned() })
}

fn word(number: &Value, words: &[&str]) -> String {
    let at = number.as_u64().and_then(|number| usize::try_from(number).ok());
    at.and_then(|at| words.get(at)).map_or("ERROR", |word| word).to_owned()
}

/// All runs as one document, in wptreport's form.
pub(super) fn wptreport<'a>(reports: impl Iterator<Item = (&'a String, &'a Report)>, version: &str) -> Value {
    let message = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
    let results = reports.map(|(id, report)| {
        let subtests = report.subtests.iter().map(|subtest| {
            json!({ "name": subtest.name, "status": subtest.status, "message": message(&subtest.message) })
        });
        json!({
            "test": id,
            "status": report.status,
            "message": message(&report.message),
            "duration": report.milliseconds,
            "subtests": subtests.collect::<Vec<_>>(),
        })
    });
    json!({
        "run_info": {
            "product": "sofetch",
            "browser_version": version,
            "os": std::env::consts::OS,
            "processor": std::env::consts::ARCH,
        },
        "results": results.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Report {
        let mut reader = Reader::new("m1:");
        for line in lines {
            reader.line(line);
        }
        reader.report("TIMEOUT", "killed".to_owned())
    }

    #[test]
    fn an_end_replaces_what_was_said_before() {
        let report = read(&[
            "of the test",
            "m1:{\"one\":[0,\"a\",\"\"]}",
            "more m1:{\"status\":0,\"message\":\"\",\"all\":[[0,\"a\",\"\"],[3,\"b\",\"\"],[1,\"a\",\"no\"],[9,\"c\",\"\"]]}",
        ]);
        assert_eq!(report.status, "OK");
        let said: Vec<_> = report.subtests.iter().map(|subtest| (&*subtest.name, &*subtest.status)).collect();
        assert_eq!(said, [("a", "PASS"), ("b", "NOTRUN"), ("a [2]", "FAIL"), ("c", "ERROR")]);
    }

    #[test]
    fn without_an_end_the_parts_stand() {
        let report =
            read(&["m1:{\"one\":[0,\"a\",\"\"]}", "m2:{\"one\":[0,\"b\",\"\"]}", "m1:{\"one\":[0,\"c\""]);
        assert_eq!((&*report.status, &*report.message, report.subtests.len()), ("TIMEOUT", "killed", 1));
    }

    #[test]
    fn wptreport_has_the_suites_words() {
        let report = read(&["m1:{\"status\":1,\"message\":\"why\",\"all\":[[0,\"a\",\"\"]]}"]);
        let id = "/a.html".to_owned();
        let document = wptreport([(&id, &report)].into_iter(), "1");
        let result = &document["results"][0];
        assert_eq!(
            (&result["test"], &result["status"], &result["message"]),
            (&json!("/a.html"), &json!("ERROR"), &json!("why"))
        );
        assert_eq!(result["subtests"][0], json!({ "name": "a", "status": "PASS", "message": null }));
    }
}
