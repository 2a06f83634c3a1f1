//! What scripts print while a person may be typing: then it stands above the line that is typed, which stays whole.
//!
//! The line editor takes one text at a time and makes whoever has another wait until it has shown the first, which it does only while
//! it reads. So scripts, which must not wait for a person, put their lines into a queue, and a thread hands them over.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use sofetch_js::{Interrupt, Printer};

use crate::script_lines::{ScriptLines, without_steering};

/// More lines than these make scripts wait after all: for the terminal, or for the end of the typing.
const MOST: usize = 1000;

/// Lines on their way to the person.
#[derive(Default)]
pub(crate) struct Lines {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Is a person typing? Else lines go out at once.
    typing: bool,
    queue: VecDeque<String>,
}

impl Lines {
    /// A person begins to type.
    pub(crate) fn typing_begins(&self) {
        self.lock().typing = true;
        self.changed.notify_all();
    }

    /// They have ended. NB: what the line editor was just handed, and has not shown, it shows when it reads again.
    pub(crate) fn typing_ends(&self) {
        let mut state = self.lock();
        state.typing = false;
        let left: String = state.queue.drain(..).collect();
        write(&left);
        self.changed.notify_all();
    }

    /// Hands over what comes while a person types, for ever.
    pub(crate) fn hand_over(&self, mut show: impl FnMut(String)) {
        let mut state = self.lock();
        loop {
            if state.typing && !state.queue.is_empty() {
                let text = state.queue.drain(..).collect();
                drop(state);
                self.changed.notify_all();
                show(text);
                state = self.lock();
            } else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn print(&self, line: &str) {
        let mut state = self.lock();
        while state.typing && state.queue.len() >= MOST {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        match state.typing {
            true => {
                state.queue.push_back(format!("{line}\n"));
                self.changed.notify_all();
            }
            false => write(&format!("{line}\n")),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// To the terminal. Where that is gone, the line editor says so.
fn write(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Where the scripts of a prompt print.
pub(crate) enum PromptLines {
    /// To a person.
    Above(Arc<Lines>),
    /// To the streams.
    Streams(ScriptLines),
}

impl PromptLines {
    /// Says what ends the scripts.
    pub(crate) fn ends(&self, interrupt: Interrupt) {
        if let PromptLines::Streams(lines) = self {
            lines.ends(interrupt);
        }
    }

    /// Why nothing more could be written, if so.
    pub(crate) fn failure(&self) -> Option<crate::ending::Failure> {
        match self {
            PromptLines::Above(_) => None,
            PromptLines::Streams(lines) => lines.failure(),
        }
    }
}

impl Printer for PromptLines {
    fn out(&self, line: &str) {
        match self {
            PromptLines::Above(lines) => lines.print(line),
            PromptLines::Streams(lines) => lines.out(line),
        }
    }

    fn error(&self, line: &str) {
        match self {
            PromptLines::Above(lines) => lines.print(&without_steering(line)),
            PromptLines::Streams(lines) => lines.error(line),
        }
    }
}
