//! The smallest change of the server's answers that would let the fetch pass, as lines per answer.

use serde::Serialize;
use sofetch_core::fixes::{AnswerTo, Change, EditSet, OfferedEdit, OpensMore, SmallestChanges};

use sofetch_core::tape::Tape;

use crate::fix_texts::{FixText, Server, fix_texts};
use crate::lines::request_line;
use crate::safe_text::{Secrets, as_written, escaped, redacted};

/// What would have let a refused fetch pass. Escaped, and redacted unless secrets were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fixes {
    /// All smallest sets of edits; each is enough. None where no answer could have helped.
    pub sets: Vec<FixSet>,
    /// Sets that would do too, and open more than was asked for.
    pub refused: Vec<FixSet>,
}

/// Some edits that together are enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FixSet {
    /// The answers that change, in the order in which they come.
    pub answers: Vec<FixedAnswer>,
    /// What it opens beyond what was asked for; `null` where it is offered.
    pub opens: Option<OpensMore>,
    /// What to know of the set, a sentence each.
    pub notes: Vec<&'static str>,
    /// The set as configuration: a text for each URL whose answers change and whose server is named or recognized.
    pub texts: Vec<FixText>,
}

/// An answer and its edits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FixedAnswer {
    /// How many redirects came before.
    pub hop: u32,
    /// To the preflight, or to the request itself?
    pub to: AnswerTo,
    /// Method and URL of the request that is answered.
    pub request: String,
    /// Was the answer never seen, so that it is assumed to be a 200 without headers?
    pub assumed: bool,
    /// What changes in it.
    pub edits: Vec<FixEdit>,
}

/// What changes in an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FixEdit {
    /// The change.
    #[serde(flatten)]
    pub change: Change,
    /// What the header said; `null` where it was not there, and for a status.
    pub was: Option<String>,
}

impl Fixes {
    /// What the search found, as one may print it.
    pub fn of(changes: &SmallestChanges, secrets: Secrets) -> Fixes {
        let sets = |sets: &[EditSet]| sets.iter().map(|set| FixSet::of(set, secrets)).collect();
        Fixes { sets: sets(&changes.sets), refused: sets(&changes.refused) }
    }

    /// With each offered set as configuration of this server; without one, of the server that the answers look like.
    pub fn with_texts(
        mut self,
        changes: &SmallestChanges,
        tape: &Tape,
        server: Option<&'static Server>,
        secrets: Secrets,
    ) -> Fixes {
        for (set, edits) in self.sets.iter_mut().zip(&changes.sets) {
            set.texts = fix_texts(edits, tape, server, secrets);
        }
        self
    }

    /// The same without configurations.
    pub(super) fn without_texts(&self) -> Fixes {
        let mut fixes = self.clone();
        fixes.sets.iter_mut().for_each(|set| set.texts.clear());
        fixes
    }

    /// Is there a set, and configuration for none?
    pub(super) fn lacks_texts(&self) -> bool {
        !self.sets.is_empty() && self.sets.iter().all(|set| set.texts.is_empty())
    }

    /// Each line, and how far it stands in. The first set stands under this head.
    pub(super) fn lines(&self, head: &str) -> Vec<(usize, String)> {
        let mut lines = Vec::new();
        for (index, set) in self.sets.iter().enumerate() {
            let count = set.edits();
            let edits = if count == 1 { "1 edit".to_owned() } else { format!("{count} edits") };
            lines.push((
                0,
                match index {
                    0 => format!("{head}, {edits}:"),
                    _ => format!("Or, {edits} as well:"),
                },
            ));
            set.push_lines(&mut lines);
            lines.extend(set.texts.iter().flat_map(FixText::lines));
        }
        for set in &self.refused {
            lines.push((0, "Not advised, though it would pass:".to_owned()));
            set.push_lines(&mut lines);
        }
        lines
    }
}

impl FixSet {
    fn of(set: &EditSet, secrets: Secrets) -> FixSet {
        let mut answers: Vec<FixedAnswer> = Vec::new();
        for offered in &set.edits {
            let (hop, to) = (offered.edit.answer.hop, offered.edit.answer.to);
            let edit = FixEdit::of(offered, secrets);
            match answers.last_mut().filter(|answer| (answer.hop, answer.to) == (hop, to)) {
                Some(answer) => answer.edits.push(edit),
                None => answers.push(FixedAnswer {
                    hop,
                    to,
                    request: request_line(&offered.method, &offered.url, secrets),
                    assumed: offered.assumed,
                    edits: vec![edit],
                }),
            }
        }
        for answer in &mut answers {
            answer.edits.sort_by_key(FixEdit::place);
        }
        FixSet { answers, opens: set.opens(), notes: notes(set), texts: Vec::new() }
    }

    /// How many edits.
    pub fn edits(&self) -> usize {
        self.answers.iter().map(|answer| answer.edits.len()).sum()
    }

    fn push_lines(&self, lines: &mut Vec<(usize, String)>) {
        for answer in &self.answers {
            let assumed = match answer.assumed {
                true => " (assumed: a bare 200; nothing was asked there yet)",
                false => "",
            };
            lines.push((1, format!("the answer to {}{assumed}", answer.request)));
            lines.extend(answer.edits.iter().map(|edit| (2, edit.line())));
        }
        lines.extend(self.notes.iter().map(|note| (1, (*note).to_owned())));
    }
}

impl FixEdit {
    fn of(offered: &OfferedEdit, secrets: Secrets) -> FixEdit {
        let shown = |name: &str, value: &str| redacted(name.as_bytes(), value.as_bytes(), secrets);
        let change = match &offered.edit.change {
            Change::Set { name, value } => {
                Change::Set { name: escaped(name).into_owned(), value: shown(name, value) }
            }
            Change::Remove { name } => Change::Remove { name: escaped(name).into_owned() },
            Change::Status { status } => Change::Status { status: *status },
        };
        let was = offered.was.as_deref();
        let was =
            was.map(|was| shown(offered.edit.change.header_name().unwrap_or_default(), &as_written(was)));
        FixEdit { change, was }
    }

    /// In which order people look at an answer.
    fn place(&self) -> usize {
        let Some(name) = self.change.header_name() else { return 0 };
        let order = ["Origin", "Credentials", "Methods", "Headers"];
        let about = name.strip_prefix("Access-Control-Allow-");
        1 + order.iter().position(|thing| about == Some(thing)).unwrap_or(order.len())
    }

    fn line(&self) -> String {
        let was = self.was.as_deref().map(|was| format!("    (was: {was})")).unwrap_or_default();
        match &self.change {
            Change::Set { name, value } => format!("+ {name}: {value}{was}"),
            Change::Remove { name } => format!("- {name}{was}"),
            Change::Status { status } => format!("+ status {status}"),
        }
    }
}

/// What to know of a set.
fn notes(set: &EditSet) -> Vec<&'static str> {
    let mut notes = Vec::new();
    let names_an_origin = set.edits.iter().any(|offered| match &offered.edit.change {
        Change::Set { name, value } => {
            name.eq_ignore_ascii_case("Access-Control-Allow-Origin") && value != "*" && value != "null"
        }
        Change::Remove { .. } | Change::Status { .. } => false,
    });
    if names_an_origin {
        notes.push(
            "An answer that names an origin says `Vary: Origin` too, or a cache gives it to a page of another. Take the \
             origin from a list of those that may; to return whatever origin asks lets everybody in. What every page may \
             read can say `*` instead, which no credentials go with.",
        );
    }
    match set.opens() {
        Some(OpensMore::NullWithCredentials) => notes.push(
            "`null` is the origin of every sandboxed page: with credentials any of them reads what is the user's. Serve \
             the page from an origin that can be named instead.",
        ),
        Some(OpensMore::Null) => notes.push(
            "`null` is the origin of every sandboxed page, whoever made it: `*` says as much, and says it plainly.",
        ),
        None => {}
    }
    notes
}

#[cfg(test)]
#[path = "fixes_tests.rs"]
mod tests;
