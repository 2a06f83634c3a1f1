//! [`ImportError`]: what is wrong with a text that was to be imported, and where. Values are never repeated: they may be
//! secrets.

use std::fmt;

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

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Empty => f.write_str("there is nothing in it"),
            Fault::Unknown => f.write_str(
                "it begins neither like a curl command, nor like a call of fetch, nor like a HAR file, nor like PowerShell's Invoke-WebRequest",
            ),
            Fault::NotUtf8 => f.write_str("it is not UTF-8"),
            Fault::Json => f.write_str("this is not JSON"),
            Fault::Har(what) => write!(f, "this is no HAR: {what}"),
            Fault::Unclosed(what) => write!(f, "{what} begins here and never ends"),
            Fault::Expansion => f.write_str("a shell would compute this; nothing is computed here"),
            Fault::ShellSyntax(character) => write!(f, "`{character}` means something to a shell that is not done here"),
            Fault::Escape => f.write_str("this escape means nothing"),
            Fault::Expected(what) => write!(f, "{what} is expected"),
            Fault::Command => f.write_str("this is another command than the one before"),
            Fault::Option(name) => write!(f, "nobody knows what {name:?} asks for"),
            Fault::NoValue(name) => write!(f, "{name:?} has no value"),
            Fault::Value(name) => write!(f, "the value of {name:?} is none that it has"),
            Fault::File(name) => write!(f, "{name:?} would read a file; an import reads none"),
            Fault::TwoBodies => f.write_str("this is a second body of another kind"),
            Fault::NoUrl => f.write_str("the request has no URL"),
            Fault::TwoUrls => f.write_str("this is a second URL"),
            Fault::Header => f.write_str("this is no header: `Name: value`"),
        }
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImportError::Text { line, column, fault } => write!(f, "line {line}, column {column}: {fault}"),
            ImportError::Several(requests) => {
                write!(
                    f,
                    "it has {} requests; --entry chooses one by its number or its URL:",
                    requests.len()
                )?;
                const SHOWN: usize = 10;
                for (at, request) in requests.iter().take(SHOWN).enumerate() {
                    write!(f, "{} {}. {request}", if at > 0 { "," } else { "" }, at + 1)?;
                }
                if requests.len() > SHOWN { f.write_str(", ...") } else { Ok(()) }
            }
            ImportError::NoSuchEntry { said, count } => {
                write!(f, "--entry {said:?}: of {count}, no request has this number, or this in its URL")
            }
            ImportError::Ambiguous { said, numbers } => {
                let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
                write!(f, "--entry {said:?}: the requests {} have it in their URLs", numbers.join(", "))
            }
        }
    }
}
