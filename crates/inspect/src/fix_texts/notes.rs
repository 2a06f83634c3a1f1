//! What to know of a text: what the answers said until now, and what a person must decide.

use sofetch_core::infrastructure::statuses::Status;

/// What a person must know or decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The header stood there more than once.
    Doubled {
        /// Its name.
        name: &'static str,
        /// What was said, joined.
        said: String,
    },
    /// Several origins stood in one header.
    SeveralOrigins {
        /// What was said.
        said: String,
    },
    /// Another origin was allowed.
    OtherOrigin {
        /// What was said.
        said: String,
    },
    /// One origin was allowed, and now any is.
    OpensToAll {
        /// What was said.
        said: String,
    },
    /// Any origin was allowed.
    AnyOrigin,
    /// Something sets the header already.
    AlreadySet {
        /// Its name.
        name: &'static str,
    },
    /// `*` stood for all names.
    Wildcard {
        /// The header that said so.
        name: &'static str,
    },
    /// The answer is an error.
    ErrorStatus {
        /// Its status.
        status: Status,
    },
    /// The preflight got as far as something that refuses it.
    PreflightStatus {
        /// Its status.
        status: Status,
    },
    /// The application must answer with another status.
    StatusWanted {
        /// Which.
        status: Status,
    },
    /// A value has a secret that is not shown.
    Redacted {
        /// The header's name.
        name: String,
    },
    /// The text is for one path.
    ThisPath {
        /// The path.
        path: String,
    },
}

impl Note {
    /// The note in a sentence.
    pub fn words(&self) -> String {
        match self {
            Note::Doubled { name, said } => format!(
                "{name} is set twice ({said}): by the application and by what stands before it, as a rule. Keep what \
                 follows, and take it out of the other layer."
            ),
            Note::SeveralOrigins { said } => format!(
                "Access-Control-Allow-Origin names several at once ({said}), and may name one alone: take that out, and list \
                 all that may read in what follows, which answers each with itself."
            ),
            Note::OtherOrigin { said } => format!(
                "Until now {said} was allowed. If pages of another origin need that still, add it to the list."
            ),
            Note::OpensToAll { said } => format!(
                "Until now {said} alone was allowed: `*` lets everybody read. To have the page ask this URL directly is better."
            ),
            Note::AnyOrigin => {
                "Until now any origin was allowed, which credentials forbid: list all that need it."
                    .to_owned()
            }
            Note::AlreadySet { name } => format!(
                "Something sets {name} already: take that out, or it may stand beside what follows, or over it."
            ),
            Note::Wildcard { name } => {
                format!("{name} was `*`. The text names what was asked for: add what other pages send.")
            }
            Note::ErrorStatus { status } => format!(
                "The answer is a {status}: look for that fault first. With this a page can read what it says."
            ),
            Note::PreflightStatus { status } => format!(
                "OPTIONS was answered with {status}: it must be answered before authentication, redirects and routing."
            ),
            Note::StatusWanted { status } => format!(
                "The application must answer this request with {status}: that is no matter of configuration."
            ),
            Note::Redacted { name } => {
                format!(
                    "{name} holds a secret, for which [redacted] stands: put the real value in its place."
                )
            }
            Note::ThisPath { path } => format!("It is for {path} alone: widen it as your routes need."),
        }
    }
}
