//! The answers of an exchange as one edits them: status and headers, each name once. And the edits that come back, checked.

use serde_json::{Value, json};
use sofetch::core::fixes::{AnswerId, Change, Edit};
use sofetch::core::infrastructure::header_list::Header;
use sofetch::core::infrastructure::header_list::HeaderList;
use sofetch::core::infrastructure::header_values::{is_header_name, is_header_value};
use sofetch::core::tape::Tape;
use sofetch_inspect::Secrets;
use sofetch_inspect::safe_text::{escaped, redacted, redacted_urls, text_of};

/// So many edits are taken at once.
const MOST_EDITS: usize = 200;

/// The last answer of each kind, in the order in which they came.
pub(crate) fn answers_json(tape: &Tape, assumed: &[AnswerId], secrets: Secrets) -> Value {
    let mut ids: Vec<AnswerId> = Vec::new();
    for answer in tape.answers.iter().filter(|answer| answer.status.is_some()) {
        if !ids.contains(&answer.id) {
            ids.push(answer.id);
        }
    }
    let answers = ids.into_iter().filter_map(|id| tape.answer(id)).map(|answer| {
        let url = escaped(&*redacted_urls(answer.url.href(), secrets)).into_owned();
        json!({
            "answer": answer.id,
            "method": escaped(answer.method.as_str()),
            "url": url,
            "assumed": assumed.contains(&answer.id),
            "status": answer.status,
            "headers": headers(&answer.header_list, secrets),
        })
    });
    answers.collect()
}

/// Each name as it came first, with its values joined.
fn headers(list: &HeaderList, secrets: Secrets) -> Vec<(String, String)> {
    let mut names: Vec<&[u8]> = Vec::new();
    for name in list.iter().map(Header::name) {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name);
        }
    }
    let pair = |name: &[u8]| {
        let text = text_of(name);
        let value = list.get(&text).unwrap_or_default();
        (escaped(name).into_owned(), redacted(name, &value, secrets))
    };
    names.into_iter().map(pair).collect()
}

/// What is wrong with an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoEdit {
    /// There are too many.
    TooMany,
    /// A name that no header has.
    Name,
    /// A value that no header has.
    Value,
    /// A status that no final response has.
    Status,
}

impl NoEdit {
    /// For the page.
    pub(crate) fn code(self) -> &'static str {
        match self {
            NoEdit::TooMany => "too-many-edits",
            NoEdit::Name => "header-name",
            NoEdit::Value => "header-value",
            NoEdit::Status => "status",
        }
    }
}

/// Could a server answer so?
pub(crate) fn check(edits: &[Edit]) -> Result<(), NoEdit> {
    if edits.len() > MOST_EDITS {
        return Err(NoEdit::TooMany);
    }
    for edit in edits {
        if edit.change.header_name().is_some_and(|name| !is_header_name(name.as_bytes())) {
            return Err(NoEdit::Name);
        }
        match &edit.change {
            Change::Set { value, .. } if !is_header_value(value.as_bytes()) => return Err(NoEdit::Value),
            Change::Status { status } if !(200..=599).contains(status) => return Err(NoEdit::Status),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sofetch::core::fixes::AnswerTo;

    #[test]
    fn edits_table() {
        let edit = |change| Edit { answer: AnswerId { hop: 0, to: AnswerTo::Request }, change };
        let set = |name: &str, value: &str| edit(Change::Set { name: name.into(), value: value.into() });
        let status = |status| edit(Change::Status { status });
        let table = [
            ("a header", vec![set("Vary", "Origin")], Ok(())),
            ("an empty value", vec![set("Vary", "")], Ok(())),
            ("a value beyond ASCII", vec![set("Vary", "\u{e9}")], Ok(())),
            ("a name with a space", vec![set("Va ry", "x")], Err(NoEdit::Name)),
            ("no name", vec![set("", "x")], Err(NoEdit::Name)),
            ("a name that goes", vec![edit(Change::Remove { name: "a\nb".into() })], Err(NoEdit::Name)),
            ("a line break", vec![set("Vary", "a\r\nX: b")], Err(NoEdit::Value)),
            ("blanks around", vec![set("Vary", " x ")], Err(NoEdit::Value)),
            ("a NUL", vec![set("Vary", "\0")], Err(NoEdit::Value)),
            ("a status", vec![status(404)], Ok(())),
            ("one that is no answer's", vec![status(101)], Err(NoEdit::Status)),
            ("one that is none", vec![status(600)], Err(NoEdit::Status)),
            ("too many", vec![status(204); 201], Err(NoEdit::TooMany)),
        ];
        for (name, edits, expected) in table {
            assert_eq!(check(&edits), expected, "{name}");
        }
    }
}
