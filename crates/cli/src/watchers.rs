//! Who listens to the fetches of a run: `-v`, which tells of each that answered, and `--har`. Of a fetch that is over nothing
//! is kept but its entry.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use sofetch::Observer;
use sofetch_inspect::har::{har, har_entries};
use sofetch_inspect::safe_text::escaped;
use sofetch_inspect::{Both, EachFetch, Recording, Secrets, Until};

use crate::args::RunArgs;
use crate::ending::Failure;
use crate::options::{UsageError, secrets};
use crate::output::{Paint, Streams};
use crate::telling::decisions;

/// The observers that the options ask for.
pub(crate) struct Watchers {
    telling: Option<Telling>,
    har: Option<HarFile>,
}

impl Watchers {
    pub(crate) fn new(args: &RunArgs, streams: &Streams) -> Result<Watchers, UsageError> {
        let secrets = secrets(args.show_secrets);
        Ok(Watchers {
            telling: args.verbose.then(|| Telling::new(secrets, streams.paint_err)),
            har: args.har.as_deref().map(|path| HarFile::new(path, secrets)).transpose()?,
        })
    }

    /// All of them as one.
    pub(crate) fn observer(&self) -> Option<Arc<dyn Observer>> {
        let telling = self.telling.as_ref().map(|telling| telling.each.clone() as Arc<dyn Observer>);
        let har = self.har.as_ref().map(|har| har.each.clone() as Arc<dyn Observer>);
        match (telling, har) {
            (Some(telling), Some(har)) => Some(Arc::new(Both(telling, har))),
            (one, other) => one.or(other),
        }
    }

    /// What is left to tell, now that the scripts have ended.
    pub(crate) fn end(self) -> Result<(), Failure> {
        if let Some(telling) = self.telling {
            telling.each.rest().iter().for_each(|recording| tell(recording, telling.secrets, telling.paint));
        }
        self.har.map_or(Ok(()), HarFile::write)
    }
}

/// `-v`.
struct Telling {
    each: Arc<EachFetch>,
    secrets: Secrets,
    paint: Paint,
}

impl Telling {
    fn new(secrets: Secrets, paint: Paint) -> Telling {
        let each = EachFetch::new(Until::Answered, move |recording, _| tell(&recording, secrets, paint));
        Telling { each, secrets, paint }
    }
}

/// The decisions in one piece, so that nobody's lines come between.
fn tell(recording: &Recording, secrets: Secrets, paint: Paint) {
    // Nobody is left to tell that standard error is gone.
    let _ = io::stderr().write_all(decisions(recording, secrets, paint).as_bytes());
}

/// `--har`. The file is made before the scripts run, so that they do not run for nothing.
struct HarFile {
    path: PathBuf,
    file: File,
    each: Arc<EachFetch>,
    entries: Arc<Mutex<Vec<Value>>>,
    secrets: Secrets,
}

impl HarFile {
    fn new(path: &Path, secrets: Secrets) -> Result<HarFile, UsageError> {
        let file = File::create(path).map_err(|error| UsageError::File { path: path.to_owned(), error })?;
        let entries = Arc::new(Mutex::new(Vec::new()));
        let over = entries.clone();
        let each = EachFetch::new(Until::BodyEnded, move |recording, began| {
            let entries = har_entries(&recording, began, secrets);
            over.lock().unwrap_or_else(PoisonError::into_inner).extend(entries);
        });
        Ok(HarFile { path: path.to_owned(), file, each, entries, secrets })
    }

    fn write(self) -> Result<(), Failure> {
        let mut entries = std::mem::take(&mut *self.entries.lock().unwrap_or_else(PoisonError::into_inner));
        for recording in self.each.rest() {
            entries.extend(har_entries(&recording, self.each.began(), self.secrets));
        }
        let to = || escaped(self.path.as_os_str().as_encoded_bytes()).into_owned();
        let mut out = io::BufWriter::new(&self.file);
        let written = serde_json::to_writer_pretty(&mut out, &har(entries)).map_err(io::Error::from);
        let written = written.and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
        written.map_err(|error| Failure::Output { to: to(), error })
    }
}
