//! A change of what a route answers, made while the world runs: what one would edit at a server of one's own.

use crate::reply::Reply;

/// A change of the answers to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerChange {
    /// The host that answers.
    pub host: String,
    /// The method of the request that is answered; `OPTIONS` for a preflight.
    pub method: String,
    /// Its path, without a query.
    pub path: String,
    /// What becomes different.
    pub edit: AnswerEdit,
}

/// What becomes different in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerEdit {
    /// A header gets this value, in place of all that it had.
    Set {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// A header goes.
    Remove {
        /// Its name.
        name: String,
    },
    /// The status becomes another.
    Status(u16),
}

impl AnswerEdit {
    /// The reply with this edit.
    pub(crate) fn apply(&self, reply: Reply) -> Reply {
        match self {
            AnswerEdit::Set { name, value } => reply.without(name).header(name.clone(), value.clone()),
            AnswerEdit::Remove { name } => reply.without(name),
            AnswerEdit::Status(status) => reply.status_of(*status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_table() {
        let set = |value: &str| AnswerEdit::Set { name: "a".to_owned(), value: value.to_owned() };
        let rows = [
            ("a header in place of all that it had", set("3"), 200, vec![("B", "x"), ("a", "3")]),
            ("a header goes", AnswerEdit::Remove { name: "A".to_owned() }, 200, vec![("B", "x")]),
            ("another status", AnswerEdit::Status(403), 403, vec![("A", "1"), ("B", "x"), ("a", "2")]),
        ];
        for (name, edit, status, headers) in rows {
            let reply = Reply::ok("body").headers(&[("A", "1"), ("B", "x"), ("a", "2")]);
            let reply = edit.apply(reply);
            assert_eq!(reply.status(), Some(status), "{name}");
            let head = reply.head.expect("it has one");
            let headers: Vec<_> =
                headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
            assert_eq!(head.headers, headers, "{name}");
        }
    }
}
