//! [`ImportError`]: what is wrong with a text that was to be imported, and where. Values are never kept: they may be secrets.
//! The sentences stand in `words/imports.rs`.

/// Why a text is no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is nothing in it.
    Empty,
    /// It is none of the forms that are read.
    Unknown,
    /// Not UTF-8.
    NotUtf8,
    /// Not JSON, and so no HAR.
    Json,
    /// JSON, but no HAR, or not all that an entry needs.
    Har(&'static str),
    /// A quote, bracket or comment that never ends.
    Unclosed(&'static str),
    /// What a shell would compute: nothing is computed here.
    Expansion,
    /// What a shell would do besides: redirections, pipes, groups.
    ShellSyntax(char),
    /// An escape that means nothing.
    Escape,
    /// Here something else must stand.
    Expected(&'static str),
    /// The command is not one that is read.
    Command,
    /// An option that nobody knows what to do with.
    Option(String),
    /// An option without its value.
    NoValue(String),
    /// The value of an option or a member is none.
    Value(String),
    /// It would read a file: an import reads none.
    File(String),
    /// Two bodies that exclude each other.
    TwoBodies,
    /// There is no URL.
    NoUrl,
    /// A second URL.
    TwoUrls,
    /// A header line or name that is none.
    Header,
}

/// A fault and its place, or a choice that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ImportError {
    /// Something in the text.
    Text {
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// What.
        fault: Fault,
    },
    /// Several requests, and none was chosen: method and URL of each.
    Several(Vec<String>),
    /// No request has this number, or this in its URL.
    NoSuchEntry {
        /// What was asked for.
        said: String,
        /// How many there are.
        count: usize,
    },
    /// More than one has this in its URL: their numbers.
    Ambiguous {
        /// What was asked for.
        said: String,
        /// From 1.
        numbers: Vec<usize>,
    },
}

impl ImportError {
    pub(super) fn at(text: &str, at: usize, fault: Fault) -> ImportError {
        let end = (0..=at.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        let before = &text[..end];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.matches('\n').count() + 1;
        ImportError::Text { line, column: before[line_start..].chars().count() + 1, fault }
    }
}
