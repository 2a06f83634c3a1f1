//! `--har`: all exchanges of a command, written when it ends. Of a fetch that is over nothing is kept but its entries.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use sofetch::{Bytes, Observer};
use sofetch_inspect::har::{har, har_entries};
use sofetch_inspect::har_bodies::tell_body;
use sofetch_inspect::json::printed;
use sofetch_inspect::safe_text::escaped;
use sofetch_inspect::{EachFetch, Secrets, Until};

use crate::ending::Failure;
use crate::options::UsageError;

/// The file, and who listens for it. It is made before anything is fetched, so that nothing is fetched for nothing.
pub(crate) struct HarFile {
    path: PathBuf,
    file: File,
    each: Arc<EachFetch>,
    entries: Arc<Mutex<Vec<Value>>>,
    secrets: Secrets,
    /// What the request sends; `None` for nothing, or for what is not known.
    body: Option<Bytes>,
}

impl HarFile {
    pub(crate) fn new(path: &Path, secrets: Secrets) -> Result<HarFile, UsageError> {
        let file = File::create(path).map_err(|error| UsageError::File { path: path.to_owned(), error })?;
        let entries = Arc::new(Mutex::new(Vec::new()));
        let over = entries.clone();
        let each = EachFetch::new(Until::BodyEnded, move |recording, began| {
            let entries = har_entries(&recording, began, secrets);
            over.lock().unwrap_or_else(PoisonError::into_inner).extend(entries);
        });
        Ok(HarFile { path: path.to_owned(), file, each, entries, secrets, body: None })
    }

    /// With the body that is sent: events have none.
    pub(crate) fn sends(&mut self, body: Bytes) {
        self.body = Some(body);
    }

    pub(crate) fn observer(&self) -> Arc<dyn Observer> {
        self.each.clone()
    }

    /// Writes all that was heard.
    pub(crate) fn write(self) -> Result<(), Failure> {
        let mut entries = std::mem::take(&mut *self.entries.lock().unwrap_or_else(PoisonError::into_inner));
        for recording in self.each.rest() {
            entries.extend(har_entries(&recording, self.each.began(), self.secrets));
        }
        if let Some(body) = &self.body {
            tell_body(&mut entries, body, self.secrets);
        }
        let to = || escaped(self.path.as_os_str().as_encoded_bytes()).into_owned();
        // NB: who reads the file may do so at a terminal.
        let text = printed(&har(entries)) + "\n";
        (&self.file).write_all(text.as_bytes()).map_err(|error| Failure::Output { to: to(), error })
    }
}
