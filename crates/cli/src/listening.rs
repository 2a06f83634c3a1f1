//! Who listens to the fetches of `sofetch URL` and `sofetch cors URL`: for `-v`, the reports and `--timeline` a recorder, for
//! `--har` its file.

use std::sync::Arc;

use serde_json::Value;
use sofetch::Observer;
use sofetch_inspect::{Both, Recorder, Recording, timeline, timeline_json, waterfall};

use crate::ending::Failure;
use crate::har_file::HarFile;
use crate::options::{RequestOptions, Show, UsageError};
use crate::output::Streams;
use crate::telling::{decisions, options};

/// What is asked to be heard.
pub(crate) struct Listening {
    recorder: Option<Arc<Recorder>>,
    har: Option<HarFile>,
}

impl Listening {
    /// What the options ask for.
    pub(crate) fn new(show: &Show) -> Result<Listening, UsageError> {
        let wanted =
            show.decisions || show.head || show.report.is_some() || show.timeline || show.print.is_some();
        Ok(Listening { recorder: wanted.then(Recorder::new), ..Listening::to_file(show)? })
    }

    /// The same, and a recorder in any case.
    pub(crate) fn with_recorder(show: &Show) -> Result<Listening, UsageError> {
        Ok(Listening { recorder: Some(Recorder::new()), ..Listening::to_file(show)? })
    }

    /// For one of many: only what `-v` tells.
    pub(crate) fn to_decisions(show: &Show) -> Listening {
        Listening { recorder: show.decisions.then(Recorder::new), har: None }
    }

    fn to_file(show: &Show) -> Result<Listening, UsageError> {
        let har = show.har.as_deref().map(|path| HarFile::new(path, show.secrets)).transpose()?;
        Ok(Listening { recorder: None, har })
    }

    /// What is sent, where it is to be written down.
    pub(crate) fn sends(&mut self, options: &RequestOptions) {
        if let (Some(har), Some(body)) = (&mut self.har, &options.body) {
            body.whole().into_iter().for_each(|body| har.sends(body));
        }
    }

    /// For the request.
    pub(crate) fn observer(&self) -> Option<Arc<dyn Observer>> {
        let recorder = self.recorder.clone().map(|recorder| recorder as Arc<dyn Observer>);
        match (recorder, self.har.as_ref().map(HarFile::observer)) {
            (Some(recorder), Some(har)) => Some(Arc::new(Both(recorder, har))),
            (one, other) => one.or(other),
        }
    }

    /// What was heard so far.
    pub(crate) fn recording(&self) -> Recording {
        self.recorder.as_ref().map(|recorder| recorder.recording()).unwrap_or_default()
    }

    /// The decisions on standard error, under `-v`.
    pub(crate) fn tell_decisions(&self, show: &Show, streams: &Streams) {
        if show.decisions {
            streams.err_text(&decisions(&self.recording(), show.secrets, streams.paint_err));
        }
    }

    /// The report with its timeline, if that is asked for.
    pub(crate) fn with_timeline(&self, mut report: Value, show: &Show) -> Value {
        if show.timeline
            && let Some(report) = report.as_object_mut()
        {
            let hops = timeline(&self.recording());
            report.insert("timeline".to_owned(), timeline_json(&hops, show.secrets));
        }
        report
    }

    /// Nothing more is fetched: the waterfall is shown, the file is written.
    pub(crate) fn end(self, show: &Show, streams: &Streams) -> Result<(), Failure> {
        if show.timeline && show.report.is_none() {
            let hops = timeline(&self.recording());
            streams.err_text(&waterfall(&hops, options(show.secrets, streams.paint_err)));
        }
        self.har.map_or(Ok(()), HarFile::write)
    }
}
