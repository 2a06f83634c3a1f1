//! The smallest change of a server's answers that lets a refused fetch pass: a search that runs the procedure itself.
//!
//! Breadth first over sets of edits: a refusal names the rule, the rule names the edits of the refused answer that may
//! make it pass (`core/fixes.rs`), and the procedure says whether they do.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use sofetch_core::fixes::{
    AnswerId, Candidate, Edit, EditSet, OfferedEdit, OpensMore, RefusedExchange, SmallestChanges, candidates,
};
use sofetch_core::rules::verdict::said;
use sofetch_core::rulings::Reason;
use sofetch_core::tape::Tape;

use crate::error::Error;
use crate::page::Page;
use crate::replay::{Replay, Served};
use crate::request::Request;

/// So many edits of answers that were seen are looked for. Those of assumed answers come on top.
const MOST_EDITS: usize = 6;
/// The search gives up after so many runs: answers that grant one thing by refusing another could keep it busy.
const MOST_RUNS: usize = 4096;

impl Page {
    /// The smallest sets of edits with which the fetch on the tape is not refused: see [`SmallestChanges`].
    ///
    /// `request` makes the request again, as often as it is asked. A tape has no bodies, unless they were given to it:
    /// then the request must be without integrity metadata.
    ///
    /// # Errors
    /// A request that cannot be made.
    pub async fn smallest_changes(
        &self,
        tape: &Arc<Tape>,
        request: impl Fn() -> Request,
    ) -> Result<SmallestChanges, Error> {
        Search { page: self, tape, request, runs: 0 }.smallest_changes().await
    }
}

struct Search<'a, F> {
    page: &'a Page,
    tape: &'a Arc<Tape>,
    request: F,
    runs: usize,
}

/// What a run with a set of edits came to.
enum Run {
    Passed,
    Refused {
        served: Box<Served>,
        candidates: Vec<Candidate>,
    },
    /// No answer can help.
    Hopeless,
}

/// Edits in the order of their answers, each with why it is not offered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Trial(Vec<(Edit, Option<OpensMore>)>);

/// A trial with one edit more.
enum Next {
    /// It has it already: no progress is to be had.
    Same,
    /// Its edit of the same thing says more now.
    Replaced(Trial),
    Added(Trial),
}

impl Trial {
    fn with(&self, answer: AnswerId, candidate: Candidate) -> Next {
        let edit = Edit { answer, change: candidate.change };
        let mut trial = self.clone();
        let known = trial
            .0
            .iter_mut()
            .find(|(known, _)| known.answer == answer && known.change.is_of_same_thing(&edit.change));
        match known {
            Some((known, _)) if *known == edit => Next::Same,
            Some(known) => {
                *known = (edit, candidate.opens);
                trial.0.sort();
                Next::Replaced(trial)
            }
            None => {
                trial.0.push((edit, candidate.opens));
                trial.0.sort();
                Next::Added(trial)
            }
        }
    }

    fn edits(&self) -> Vec<Edit> {
        self.0.iter().map(|(edit, _)| edit.clone()).collect()
    }

    fn is_offered(&self) -> bool {
        self.0.iter().all(|(_, opens)| opens.is_none())
    }

    /// Every set of some of its edits, but not of all.
    fn proper_subsets(&self) -> impl Iterator<Item = Trial> + '_ {
        let all = (1_u32 << self.0.len()) - 1;
        (0..all).map(|mask| {
            let kept = self.0.iter().enumerate().filter(move |(bit, _)| mask & (1 << bit) != 0);
            Trial(kept.map(|(_, edit)| edit.clone()).collect())
        })
    }
}

impl<F: Fn() -> Request> Search<'_, F> {
    async fn smallest_changes(mut self) -> Result<SmallestChanges, Error> {
        let mut passing: Vec<Trial> = Vec::new();
        let mut known: HashSet<Trial> = HashSet::new();
        let mut level = vec![Trial::default()];
        while !level.is_empty() && !passing.iter().any(Trial::is_offered) {
            let mut queue = VecDeque::from(std::mem::take(&mut level));
            while let Some(trial) = queue.pop_front() {
                if !known.insert(trial.clone()) || self.runs >= MOST_RUNS {
                    continue;
                }
                match self.run(&trial).await? {
                    Run::Passed => passing.push(trial),
                    Run::Hopeless => {}
                    Run::Refused { served, candidates } => {
                        for candidate in candidates {
                            match trial.with(served.id, candidate) {
                                Next::Same => {}
                                Next::Replaced(trial) => queue.push_back(trial),
                                Next::Added(trial) if self.seen(&trial) <= MOST_EDITS => level.push(trial),
                                Next::Added(_) => {}
                            }
                        }
                    }
                }
            }
        }
        let mut found: Vec<Trial> = Vec::new();
        for trial in passing.into_iter().filter(|trial| !trial.0.is_empty()) {
            // NB: an edit that the way there wanted may be needless at its end.
            let mut smallest = trial.clone();
            for subset in trial.proper_subsets() {
                if subset.0.len() < smallest.0.len() && matches!(self.run(&subset).await?, Run::Passed) {
                    smallest = subset;
                }
            }
            if !smallest.0.is_empty() && !found.contains(&smallest) {
                found.push(smallest);
            }
        }
        let least = found.iter().filter(|trial| trial.is_offered()).map(|trial| trial.0.len()).min();
        let (offered, refused): (Vec<_>, Vec<_>) = found.into_iter().partition(Trial::is_offered);
        let mut sets = Vec::new();
        for trial in offered.into_iter().filter(|trial| Some(trial.0.len()) == least) {
            sets.push(self.edit_set(&trial).await?);
        }
        let mut not_offered = Vec::new();
        for trial in refused {
            not_offered.push(self.edit_set(&trial).await?);
        }
        sets.sort_by(EditSet::order);
        not_offered.sort_by(EditSet::order);
        Ok(SmallestChanges { sets, refused: not_offered })
    }

    /// How many of the edits change an answer that was seen.
    fn seen(&self, trial: &Trial) -> usize {
        trial.0.iter().filter(|(edit, _)| self.tape.answer(edit.answer).is_some()).count()
    }

    async fn run(&mut self, trial: &Trial) -> Result<Run, Error> {
        let (ruling, served) = self.replayed(trial).await?;
        let Some(ruling) = ruling else { return Ok(Run::Passed) };
        let (Reason::Ruling(ruling), Some(served)) = (ruling, served.into_iter().next_back()) else {
            return Ok(Run::Hopeless);
        };
        let exchange = RefusedExchange { sent: &served.sent, credentials: self.tape.credentials };
        let candidates = candidates(&ruling, &exchange);
        Ok(Run::Refused { served: Box::new(served), candidates })
    }

    /// Why it was refused, if it was, and all that was answered.
    async fn replayed(&mut self, trial: &Trial) -> Result<(Option<Reason>, Vec<Served>), Error> {
        self.runs += 1;
        let replay = Arc::new(Replay::new(self.tape.clone(), trial.edits()));
        let page = self.page.over(replay.clone())?;
        match page.fetch((self.request)()).await {
            Ok(_) => Ok((None, replay.served())),
            Err(error) => match error.reason() {
                Some(reason) => Ok((Some(reason.clone()), replay.served())),
                None => Err(error),
            },
        }
    }

    /// The set with what is known of the answers that it changes.
    async fn edit_set(&mut self, trial: &Trial) -> Result<EditSet, Error> {
        let (_, served) = self.replayed(trial).await?;
        let edits = trial.0.iter().filter_map(|(edit, opens)| {
            let answer = served.iter().find(|served| served.id == edit.answer)?;
            let was = edit.change.header_name().and_then(|name| answer.header_list.get(name));
            Some(OfferedEdit {
                edit: edit.clone(),
                method: answer.method.clone(),
                url: answer.url.clone(),
                was: was.map(|value| said(&value)),
                assumed: answer.assumed,
                opens: *opens,
            })
        });
        Ok(EditSet { edits: edits.collect() })
    }
}

#[cfg(test)]
#[path = "smallest_changes_tests.rs"]
pub(crate) mod tests;
