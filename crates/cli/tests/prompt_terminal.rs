//! `sofetch repl` at a terminal: prompt, editing, history, completion, paste, Ctrl-C. Each step waits for what it expects to see.
#![cfg(unix)]

mod support;

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Child;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use support::Folder;

/// Who sees nothing new for so long waits for what never comes.
const HANG: Duration = Duration::from_secs(300);

/// A person at a terminal.
struct Terminal {
    pty: Arc<Pty>,
    /// What it shows, piece by piece.
    pieces: Receiver<Vec<u8>>,
    child: Child,
    /// What was shown and not yet looked at.
    shown: String,
}

impl Terminal {
    fn start(folder: &Folder, args: &[&str]) -> Terminal {
        let (pty, pts) = open().expect("a terminal");
        pty.resize(Size::new(24, 100)).expect("it has a size");
        let command = Command::new(env!("CARGO_BIN_EXE_sofetch"))
            .arg("repl")
            .args(args.iter().copied())
            .env("TERM", "xterm")
            .env("NO_COLOR", "")
            .env("SOFETCH_CONFIG", "")
            .env("SOFETCH_HISTORY", folder.file("states/history"));
        let child = command.spawn(pts).expect("the command was built");
        let pty = Arc::new(pty);
        let (piece, pieces) = channel();
        let terminal = pty.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // NB: Linux says of a terminal that nobody has any more that it is broken.
            while let Some(length) = (&*terminal).read(&mut bytes).ok().filter(|length| *length > 0) {
                if piece.send(bytes[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        let mut terminal = Terminal { pty, pieces, child, shown: String::new() };
        terminal.sees("Ctrl-D ends.");
        terminal.sees("> ");
        terminal
    }

    fn types(&mut self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).expect("it reads");
    }

    /// Waits until this is shown; what came before it.
    #[track_caller]
    fn sees(&mut self, expected: &str) -> String {
        loop {
            if let Some(at) = self.shown.find(expected) {
                let before = self.shown[..at].to_owned();
                self.shown.drain(..at + expected.len());
                return before;
            }
            match self.pieces.recv_timeout(HANG) {
                Ok(piece) => self.shown.push_str(&String::from_utf8_lossy(&piece)),
                Err(error) => panic!("{expected:?} is not in {:?}: {error}", self.shown),
            }
        }
    }

    /// An entry, what it shows, and the next prompt.
    #[track_caller]
    fn enters(&mut self, entry: &str, expected: &str) {
        self.types(&format!("{entry}\r"));
        self.sees(expected);
        self.sees("> ");
    }

    /// An entry with its value, and what a task of its shows: whichever comes first.
    #[track_caller]
    fn enters_beside(&mut self, entry: &str, expected: &str, beside: &str) {
        self.types(&format!("{entry}\r"));
        let line = format!("{beside}\r\n");
        let before = self.sees(expected) + &self.sees("> ");
        if !before.contains(&line) {
            self.sees(&line);
            self.sees("> ");
        }
    }

    /// Ctrl-C at the prompt, and the next one. What is typed before that goes with the line that is cleared.
    #[track_caller]
    fn clears(&mut self) {
        self.types("\u{3}");
        self.sees("\u{1b}[?2004l");
        self.sees("> ");
    }

    /// Ctrl-D at the prompt, which is there already: to a terminal that is not the prompt's, the key means something else.
    fn leaves(mut self) {
        self.types("\u{4}");
        assert_eq!(self.ends(), Some(0));
    }

    /// Its exit code, when it shows no more.
    fn ends(&mut self) -> Option<i32> {
        let ended = std::iter::repeat_with(|| self.pieces.recv_timeout(HANG)).find_map(Result::err);
        assert_eq!(ended, Some(RecvTimeoutError::Disconnected));
        self.child.wait().expect("it ends").code()
    }
}

#[test]
fn entries_commands_and_continuation() {
    let folder = Folder::new();
    let mut terminal = Terminal::start(&folder, &["--origin", "https://app.example"]);
    terminal.enters("1 + 1", "\u{1b}[36m2\u{1b}[0m");
    terminal.enters("const a = 'x'", "\u{1b}[2mundefined\u{1b}[0m");
    terminal.enters("const a = ['y']; a", "[\u{1b}[32m\"y\"\u{1b}[0m]");
    terminal.types("function f() {\r");
    terminal.sees("... ");
    terminal.types("return `\r");
    terminal.sees("... ");
    terminal.enters("`}; f()", "\u{1b}[32m\"\\n\"\u{1b}[0m");
    terminal.enters("throw new Error('no\\u001b[31m')", "\u{1b}[31mUncaught Error: no\\x1B[31m\u{1b}[0m");
    terminal.enters("origin", "https://app.example");
    // A bad port is refused without any server.
    terminal.types("await fetch('http://127.0.0.1:1/')\r");
    let reason = terminal.sees(" (.cors tells more)");
    assert!(reason.contains("bad port"), "{reason}");
    terminal.sees("> ");
    // Whoever aborts knows.
    terminal.types("await fetch('http://127.0.0.1/', { signal: AbortSignal.abort() })\r");
    let aborted = terminal.sees("> ");
    assert!(aborted.contains("AbortError") && !aborted.contains(".cors"), "{aborted}");
    terminal.enters(".cors", "bad port");
    terminal.enters(".help", ".timeline");
    terminal.types(".exit\r");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn names_are_completed() {
    let folder = Folder::new();
    let mut terminal = Terminal::start(&folder, &["--no-history"]);
    terminal.enters("const settings = { colour: 'blue', get hidden() { throw 1 } }", "undefined");
    terminal.types("setti\t");
    terminal.sees("settings");
    terminal.types(".col\t\r");
    terminal.sees("\"blue\"");
    terminal.sees("> ");
    terminal.types("AbortC\t.name\r");
    terminal.sees("\"AbortController\"");
    terminal.sees("> ");
    // Behind a task that keeps the scripts there are none, and the keys go on.
    terminal.enters_beside(
        "setTimeout(() => { console.log('bu' + 'sy'); for (;;) {} }); 'set'",
        "\"set\"",
        "busy",
    );
    terminal.types("setti\t");
    terminal.types("n");
    terminal.sees("n");
    terminal.clears();
    terminal.types("\u{3}");
    terminal.sees("> ");
    terminal.types("setti\t.colour\r");
    terminal.sees("\"blue\"");
    terminal.sees("> ");
    terminal.types(".hel\t\r");
    terminal.sees("in the history.");
    terminal.sees("> ");
    assert!(!folder.path().join("states").exists());
    terminal.leaves();
}

#[test]
fn a_history_goes_from_one_session_to_the_next() {
    let folder = Folder::new();
    let mut terminal = Terminal::start(&folder, &[]);
    terminal.enters("'kept' + 1", "\"kept1\"");
    terminal.enters(" 'hush' + 2", "\"hush2\"");
    terminal.leaves();
    let path = folder.file("states/history");
    let kept = std::fs::read_to_string(&path).expect("it is kept");
    assert!(kept.contains("'kept' + 1") && !kept.contains("hush"), "{kept}");
    let mode = |path: &str| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&folder.file("states"))), (0o600, 0o700));
    let mut terminal = Terminal::start(&folder, &[]);
    terminal.types("\u{1b}[A");
    terminal.sees("'kept' + 1");
    terminal.types("1\r");
    terminal.sees("\"kept11\"");
    terminal.sees("> ");
    terminal.leaves();
}

#[test]
fn ctrl_c_clears_interrupts_and_leaves() {
    let folder = Folder::new();
    let mut terminal = Terminal::start(&folder, &[]);
    terminal.types("throw 1");
    terminal.sees("throw 1");
    terminal.clears();
    terminal.enters("console.log('beg' + 'un'); 5", "begun");
    terminal.types("f(\r");
    terminal.sees("... ");
    terminal.clears();
    terminal.enters("'wh' + 'ole'", "\"whole\"");
    // What runs, what awaits, and what runs between entries.
    for entry in [
        "console.log('beg' + 'un'); for (;;) {}",
        "console.log('beg' + 'un'); await new Promise((go) => setTimeout(go, 1e8))",
    ] {
        terminal.types(&format!("{entry}\r"));
        terminal.sees("begun");
        terminal.types("\u{3}");
        terminal.sees("Interrupted");
        terminal.sees("> ");
        terminal.enters("'st' + 'ill'", "\"still\"");
    }
    let entry = "setTimeout(() => { console.log('bu' + 'sy'); for (;;) {} }); 'set'";
    terminal.enters_beside(entry, "\"set\"", "busy");
    terminal.clears();
    terminal.enters("'he' + 're'", "\"here\"");
    // What an entry waits for goes with it, and neither what comes after.
    terminal.enters_beside(entry, "\"set\"", "busy");
    terminal.types("'beh' + 'ind'\r");
    terminal.sees("\u{1b}[?2004l");
    terminal.types("\u{3}");
    let said = terminal.sees("Interrupted");
    assert!(!said.contains("\"behind\""), "{said}");
    terminal.sees("> ");
    terminal.enters("'he' + 're'", "\"here\"");
    terminal.types("\u{3}");
    terminal.sees("Ctrl-C again");
    terminal.sees("> ");
    terminal.types("\u{3}");
    assert_eq!(terminal.ends(), Some(0));
}

#[test]
fn lines_stand_above_what_is_typed_and_pastes_are_whole() {
    let folder = Folder::new();
    let mut terminal = Terminal::start(&folder, &[]);
    terminal.enters(
        "addEventListener('x', () => {}); const tick = () => console.log('ti' + 'ck'); 'de' + 'fined'",
        "\"defined\"",
    );
    terminal.enters_beside("setTimeout(tick, 1); 'begun'", "\"begun\"", "tick");
    terminal.types("'typ");
    terminal.sees("'typ");
    terminal.types("ed'\r");
    terminal.sees("\"typed\"");
    terminal.sees("> ");
    // As terminals paste: nothing runs before it is entered.
    terminal.types("\u{1b}[200~const p = 3\nconst q = 4\np * q\u{1b}[201~");
    terminal.sees("p * q");
    terminal.types("\r");
    terminal.sees("12");
    terminal.sees("> ");
    // As others do.
    terminal.types("const s = {\r  t: 5\r}\rs.t * 5\r");
    terminal.sees("25");
    terminal.sees("> ");
    terminal.leaves();
}
