//! The line editor, and what it knows of scripts: completion. The editing itself is rustyline's.

use std::cell::Cell;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, ExternalPrinter, Helper};

use super::commands;
use super::history;
use super::lines::Lines;
use super::scripts::Scripts;
use crate::args::ReplArgs;
use crate::ending::Failure;
use crate::output::Streams;
use crate::words::repl as words;

/// So many entries are kept.
const MOST_ENTRIES: usize = 1000;

/// What came of a line.
pub(crate) enum Typed {
    /// It was entered.
    Line(String),
    /// Ctrl-C: was anything typed?
    Interrupted { something: bool },
    /// Ctrl-D.
    End,
}

/// A person's keyboard.
pub(crate) struct Editor {
    editor: rustyline::Editor<Knowing, FileHistory>,
    history: Option<PathBuf>,
    lines: Arc<Lines>,
}

impl Editor {
    pub(crate) fn new(
        args: &ReplArgs,
        scripts: Scripts,
        lines: Arc<Lines>,
        streams: &Streams,
    ) -> Result<Editor, Failure> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .history_ignore_space(true)
            .max_history_size(MOST_ENTRIES)
            .and_then(|builder| builder.history_ignore_dups(true))
            .map_err(failure)?;
        let mut editor = rustyline::Editor::with_config(config.build()).map_err(failure)?;
        editor.set_helper(Some(Knowing { scripts, something: Cell::default() }));
        let mut path = if args.no_history { None } else { history::of_process() };
        if let Some(file) = &path {
            let loaded = history::prepare(file).map_err(ReadlineError::from);
            if let Err(error) = loaded.and_then(|()| editor.load_history(file)) {
                streams.note(&words::no_history(file, &error.to_string()));
                path = None;
            }
        }
        // NB: where the line editor cannot show a line above another, it stands where the cursor is.
        let mut printer = editor.create_external_printer().ok();
        let show = move |text: String| match &mut printer {
            Some(printer) => drop(printer.print(text)),
            None => drop(io::stdout().write_all(text.as_bytes())),
        };
        let queue = lines.clone();
        let thread = std::thread::Builder::new().name("lines".to_owned());
        thread.spawn(move || queue.hand_over(show)).map_err(Failure::Start)?;
        Ok(Editor { editor, history: path, lines })
    }

    /// A line that a person types; several where they are pasted.
    pub(crate) fn line(&mut self, prompt: &str) -> Result<Typed, Failure> {
        self.say_something(false);
        self.lines.typing_begins();
        let read = self.editor.readline(prompt);
        self.lines.typing_ends();
        match read {
            // Windows and old terminals paste with carriage returns.
            Ok(line) => Ok(Typed::Line(line.replace("\r\n", "\n").replace('\r', "\n"))),
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(ReadlineError::Interrupted) => {
                let something = self.editor.helper().is_some_and(|helper| helper.something.get());
                Ok(Typed::Interrupted { something })
            }
            Err(error) => Err(failure(error)),
        }
    }

    /// Keeps an entry, unless it begins with a space.
    pub(crate) fn remember(&mut self, text: &str) {
        let added = self.editor.add_history_entry(text).unwrap_or(false);
        if let Some(path) = &self.history
            && added
        {
            // Nobody wants to hear at each entry that the disk is full.
            let _ = self.editor.append_history(path);
        }
    }

    fn say_something(&self, something: bool) {
        if let Some(helper) = self.editor.helper() {
            helper.something.set(something);
        }
    }
}

fn failure(error: ReadlineError) -> Failure {
    Failure::stdout(match error {
        ReadlineError::Io(error) => error,
        error => io::Error::other(error.to_string()),
    })
}

/// What the line editor asks.
struct Knowing {
    scripts: Scripts,
    /// Is anything typed?
    something: Cell<bool>,
}

impl Completer for Knowing {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let text = &line[..position];
        if let Some(names) = commands::complete(text) {
            return Ok((0, names));
        }
        let found = self.scripts.complete(text);
        Ok((found.start, found.names))
    }
}

impl Hinter for Knowing {
    type Hint = String;

    // NB: there is no hint; but whoever is asked for one learns what is typed.
    fn hint(&self, line: &str, _: usize, _: &Context<'_>) -> Option<String> {
        self.something.set(!line.is_empty());
        None
    }
}

impl Highlighter for Knowing {}

impl Validator for Knowing {
    // NB: every line is good; but whoever is asked learns that it was entered while Ctrl-C is a key still, and no signal.
    fn validate(&self, _: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        self.scripts.interrupts.typed();
        Ok(ValidationResult::Valid(None))
    }
}

impl Helper for Knowing {}
