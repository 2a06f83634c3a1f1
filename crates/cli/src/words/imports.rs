//! Why a text cannot be imported.

use std::fmt;

use crate::import::{Fault, ImportError};

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
