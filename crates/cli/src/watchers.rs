//! Who listens to the fetches of a run: `-v`, which tells of each that answered, and `--har`. Of a fetch that is over nothing
//! is kept but its entry.

use std::io::{self, Write};
use std::sync::Arc;

use sofetch::Observer;
use sofetch_inspect::{Both, EachFetch, Recording, Secrets, Until};

use crate::args::RunArgs;
use crate::ending::Failure;
use crate::har_file::HarFile;
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
        let har = self.har.as_ref().map(HarFile::observer);
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
