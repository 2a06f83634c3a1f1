//! Origins by methods by headers: what each that asked may read, and what it may send. A method and a header that are both
//! granted are granted together, since a preflight's answer is judged for each by itself.

use sofetch_core::infrastructure::requests::CredentialsMode;
use sofetch_core::rules::cors_preflight::PreflightAnswer;

use super::answers::{Access, granted, preflight_access};
use super::askers::{Asker, Role};
use super::case::Case;
use super::evidence::cut;
use super::plan::{About, Ask, unsafe_names};
use crate::safe_text::escaped;

/// What one origin may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// It; safe to print.
    pub origin: String,
    /// Why it asked.
    pub role: Role,
    /// May it read the answer to a GET? `None` where none came.
    pub read: Option<Access>,
    /// Each method that was asked about.
    pub methods: Vec<(String, Cell)>,
    /// Each header name that was asked about.
    pub header_names: Vec<(String, Cell)>,
}

/// May it be sent?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// It needs no preflight.
    Safelisted,
    /// No script can send it.
    Forbidden,
    /// Granted, to this extent.
    Granted(Access),
    /// Refused.
    Refused,
    /// Nobody answered.
    Unknown,
}

impl Cell {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Cell::Safelisted => "safelisted",
            Cell::Forbidden => "forbidden",
            Cell::Granted(access) => access.as_str(),
            Cell::Refused => "refused",
            Cell::Unknown => "unknown",
        }
    }
}

/// A row for each origin in whose name preflights were sent.
pub(crate) fn matrix(case: &Case<'_>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for exchange in case.exchanges {
        let Some(asker) = &exchange.probe.asker else { continue };
        let whole = matches!(asker.role, Role::Trusted | Role::Own | Role::Stranger | Role::Null);
        let origin = escaped(asker.origin.as_str()).into_owned();
        if whole && !rows.iter().any(|row| row.origin == origin) {
            rows.push(row(case, asker, origin));
        }
    }
    rows
}

fn row(case: &Case<'_>, asker: &Asker, origin: String) -> Row {
    let question = case.question;
    let answered = case.reads().find(|(_, other, _)| other.origin.as_str() == asker.origin.as_str());
    let methods = question.methods_asked().into_iter().map(|method| {
        let cell = match (method.is_cors_safelisted(), method.is_forbidden()) {
            (true, _) => Cell::Safelisted,
            (_, true) => Cell::Forbidden,
            _ => cell(case, asker, |ask| ask.about == About::Method && ask.method == method),
        };
        (escaped(method.as_str()).into_owned(), cell)
    });
    let header_names = question.header_names_asked().into_iter().map(|name| {
        let cell = match unsafe_names(std::slice::from_ref(&name)).is_empty() {
            true => Cell::Safelisted,
            false => {
                cell(case, asker, |ask| ask.about == About::Header && ask.header_names == [name.as_str()])
            }
        };
        (escaped(&name).into_owned(), cell)
    });
    let (methods, header_names) = (methods.collect(), header_names.collect());
    let read = answered.map(|(exchange, ..)| exchange.access());
    Row { origin, role: asker.role, read, methods, header_names }
}

fn cell(case: &Case<'_>, asker: &Asker, is: impl Fn(&Ask) -> bool) -> Cell {
    let answered = case.exchanges.iter().filter_map(|exchange| exchange.preflight());
    let own = answered.filter(|(other, ..)| other.origin.as_str() == asker.origin.as_str());
    match own.into_iter().find(|(_, ask, _)| is(ask)) {
        None => Cell::Unknown,
        Some((_, ask, answer)) => match preflight_access(&case.question.url, &asker.origin, ask, answer) {
            Access::No => Cell::Refused,
            access => Cell::Granted(access),
        },
    }
}

/// A preflight of whoever may read that was granted, if there is one: what it says of its age holds for all.
pub(crate) fn granted_max_age(case: &Case<'_>) -> Option<(u64, Option<String>)> {
    let mut preflights = case.exchanges.iter().filter_map(|exchange| exchange.preflight());
    preflights.find_map(|(asker, ask, answer)| {
        match granted(&case.question.url, &asker.origin, ask, answer, CredentialsMode::Omit) {
            PreflightAnswer::Granted { max_age, max_age_said, .. } => {
                Some((max_age, max_age_said.map(|said| cut(&escaped(&said)))))
            }
            _ => None,
        }
    })
}
