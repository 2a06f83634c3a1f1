//! How a command ends: [`Ending`] is an exit code, [`Failure`] what leads to one and has words for standard error.

use std::io;
use std::process::ExitCode;

use sofetch::{Error, ErrorKind, Reason, WireFault};
use sofetch_inspect::Secrets;
use sofetch_inspect::safe_text::{escaped, redacted_urls};

use crate::batch::LineError;
use crate::options::UsageError;
use crate::words::{error_words, incomplete, line_words};

/// The exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    /// Answered, or readable.
    Answered = 0,
    /// Refused by the rules, or unreadable.
    Refused = 1,
    /// The command line, or a request that cannot be made.
    Usage = 2,
    /// The network, or what came over it.
    Network = 3,
    /// 400 or above under `--fail`.
    Status = 4,
    /// Not refused so far, and not sent.
    Undecided = 5,
}

impl Ending {
    /// For the process.
    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(self as u8)
    }

    /// Where a failed fetch leads.
    pub(crate) fn of_error(error: &Error) -> Ending {
        Ending::of(error.kind(), error.reason())
    }

    fn of(kind: ErrorKind, reason: Option<&Reason>) -> Ending {
        match kind {
            // NB: with a reason too: a request that is made, but that no version of HTTP carries, is the user's all the same.
            ErrorKind::Misuse(_) => Ending::Usage,
            ErrorKind::Refused => Ending::Refused,
            ErrorKind::Withheld => Ending::Undecided,
            // NB: the network did nothing wrong here; the owner's own guard refused.
            _ if matches!(reason, Some(Reason::Wire(WireFault::AddressRefused { .. }))) => Ending::Refused,
            _ => Ending::Network,
        }
    }
}

/// Was there no fetch at all? A misuse that has a reason came back from one, and its recording tells of it.
pub(crate) fn never_began(error: &Error) -> bool {
    error.is_misuse() && error.reason().is_none()
}

/// Why a command ends before its time.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line.
    Usage(UsageError),
    /// A line of a batch.
    Line(LineError),
    /// The fetch, or the reading of its body.
    Fetch(Error),
    /// The status, under `--fail`.
    Status(u16),
    /// The body or a report could not be written.
    Output {
        /// Where to.
        to: String,
        /// What the system said.
        error: io::Error,
    },
    /// A download that the server ended before its end.
    Incomplete {
        /// What is there, in bytes.
        length: u64,
        /// What there should be.
        whole: u64,
    },
    /// The script engine, or a script that it cannot read.
    Script(sofetch_js::Error),
    /// The process or the tour's servers could not start.
    Start(io::Error),
}

impl Failure {
    /// That standard output could not be written.
    pub(crate) fn stdout(error: io::Error) -> Failure {
        Failure::Output { to: "standard output".to_owned(), error }
    }

    /// Is it only that whoever read our output has read enough?
    fn is_broken_pipe(&self) -> bool {
        matches!(self, Failure::Output { error, .. } if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The exit code.
    pub(crate) fn ending(&self) -> Ending {
        match self {
            _ if self.is_broken_pipe() => Ending::Answered,
            Failure::Usage(_) | Failure::Script(_) => Ending::Usage,
            Failure::Line(LineError::File(_)) => Ending::Network,
            Failure::Line(_) => Ending::Usage,
            Failure::Fetch(error) => Ending::of_error(error),
            Failure::Status(_) => Ending::Status,
            Failure::Output { .. } | Failure::Incomplete { .. } | Failure::Start(_) => Ending::Network,
        }
    }

    /// One line for standard error; `None` where nothing is left to say.
    pub(crate) fn words(&self, secrets: Secrets) -> Option<String> {
        match self {
            _ if self.is_broken_pipe() => None,
            Failure::Usage(error) => Some(escaped(&*redacted_urls(&error.to_string(), secrets)).into_owned()),
            Failure::Line(error) => Some(escaped(&*redacted_urls(&line_words(error), secrets)).into_owned()),
            Failure::Fetch(error) => Some(error_words(error, secrets)),
            Failure::Status(status) => Some(format!("the server answered with status {status}")),
            Failure::Output { to, error } => Some(format!("{to}: {}", escaped(&error.to_string()))),
            Failure::Incomplete { length, whole } => Some(incomplete(*length, *whole)),
            Failure::Script(error) => Some(escaped(&error.to_string()).into_owned()),
            Failure::Start(error) => Some(format!("could not start: {}", escaped(&error.to_string()))),
        }
    }
}

impl From<UsageError> for Failure {
    fn from(error: UsageError) -> Failure {
        Failure::Usage(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Fetch(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sofetch::Misuse;

    #[test]
    fn ending_table() {
        let carried =
            || Some(Reason::Wire(WireFault::CannotCarry { what: "header-value", said: "\u{1}".to_owned() }));
        let table = [
            (
                "a request that cannot be made",
                ErrorKind::Misuse(Misuse::InvalidHeaderValue),
                None,
                Ending::Usage,
            ),
            (
                "one that cannot be carried",
                ErrorKind::Misuse(Misuse::InvalidHeaderValue),
                carried(),
                Ending::Usage,
            ),
            ("a refusal", ErrorKind::Refused, Some(Reason::Answered), Ending::Refused),
            ("a request kept back", ErrorKind::Withheld, None, Ending::Undecided),
            ("a time-out", ErrorKind::TimedOut, None, Ending::Network),
            ("the network", ErrorKind::Network, carried(), Ending::Network),
        ];
        for (name, kind, reason, expected) in table {
            assert_eq!(Ending::of(kind, reason.as_ref()), expected, "{name}");
        }
    }
}
