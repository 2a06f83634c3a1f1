//! What scripts print, on the streams of the process. Where standard output takes no more, the scripts end.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::io::{self, Write};

use sofetch_inspect::safe_text::escaped;
use sofetch_js::{Interrupt, Printer};

use crate::ending::Failure;

/// Lines go out at once: whoever reads the pipe may wait for them.
#[derive(Default)]
pub(crate) struct ScriptLines {
    interrupt: OnceCell<Interrupt>,
    failed: Cell<Option<io::Error>>,
}

impl ScriptLines {
    /// Says what ends the scripts.
    pub(crate) fn ends(&self, interrupt: Interrupt) {
        // There is one runtime to a run, and it says so once.
        let _ = self.interrupt.set(interrupt);
    }

    /// Why nothing more could be written, if so.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.failed.take().map(Failure::stdout)
    }
}

impl Printer for ScriptLines {
    fn out(&self, line: &str) {
        let mut out = io::stdout().lock();
        // In one piece, so that a line is whole or not there.
        let written = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
        if let (Err(error), Some(interrupt)) = (written, self.interrupt.get())
            && !interrupt.is_interrupted()
        {
            self.failed.set(Some(error));
            interrupt.interrupt();
        }
    }

    fn error(&self, line: &str) {
        // Nobody is left to tell that standard error is gone.
        let _ = io::stderr().write_all(format!("{}\n", without_steering(line)).as_bytes());
    }
}

/// A line of errors. What nobody caught may be a stranger's words, which no script chose to print.
pub(crate) fn without_steering(line: &str) -> Cow<'_, str> {
    match line.starts_with("Uncaught ") {
        true => Cow::Owned(line.split('\n').map(escaped).collect::<Vec<_>>().join("\n")),
        false => Cow::Borrowed(line),
    }
}
