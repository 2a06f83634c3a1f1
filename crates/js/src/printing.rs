//! [`Printer`]: where a console's lines and uncaught errors go.

use std::io::Write;

/// Hears what scripts print.
pub trait Printer {
    /// A line of `console.log` and its kin.
    fn out(&self, line: &str);

    /// A line of `console.error`, `console.warn`, or an error that nobody caught.
    fn error(&self, line: &str);
}

/// The standard streams of the process, unbuffered.
#[derive(Clone, Copy, Debug, Default)]
pub struct StandardStreams;

impl Printer for StandardStreams {
    fn out(&self, line: &str) {
        let mut out = std::io::stdout().lock();
        // A reader that went away is no reason to end a script.
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }

    fn error(&self, line: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}
