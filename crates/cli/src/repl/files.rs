//! The commands that read and write files: `.load`, `.save` and `.har`.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use sofetch_inspect::har::{har, har_entries};
use sofetch_inspect::json::printed;
use sofetch_inspect::safe_text::escaped;
use sofetch_js::{Entered, EntryReader, Read};

use super::commands::Session;
use crate::ending::Failure;
use crate::realm::read;
use crate::words::repl as words;

impl Session<'_> {
    /// All fetches that are kept, to a file, or to be read at once.
    pub(super) fn har(&mut self, file: &str) -> Result<(), Failure> {
        let began = self.fetches.began();
        let fetches = self.fetches.all();
        let entries = fetches.iter().flat_map(|fetch| har_entries(&fetch.recording, began, self.secrets));
        // NB: who reads the file may do so at a terminal.
        let text = printed(&har(entries.collect())) + "\n";
        match file {
            "" => self.streams.out_text(&text).map_err(Failure::stdout),
            file => self.write(Path::new(file), &text),
        }
    }

    pub(super) fn write(&mut self, path: &Path, text: &str) -> Result<(), Failure> {
        match create(path).and_then(|mut file| file.write_all(text.as_bytes())) {
            Ok(()) => self.tell(&words::written(path)),
            Err(error) => {
                self.complain(&words::not_written(path, &error));
                Ok(())
            }
        }
    }

    /// Runs a file's entries, one after the other.
    pub(super) fn load(&mut self, path: &Path, reader: &mut EntryReader) -> Result<(), Failure> {
        let text = match read(path) {
            Ok(text) => text,
            Err(error) => {
                self.complain(&escaped(&error.to_string()));
                return Ok(());
            }
        };
        for (line, text) in reader.split(&text) {
            let Read::Entry(entry) = reader.read_whole(text) else { continue };
            match self.entered(text, entry)? {
                // Nobody waits for the value of each line of a file.
                Entered::Undefined => {}
                entered @ Entered::Value(_) => self.tell_entered(entered)?,
                // What follows counts on it.
                failed => {
                    self.tell_entered(failed)?;
                    self.complain(&words::loaded_until(path, line));
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Secrets may be in it.
fn create(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).write(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
