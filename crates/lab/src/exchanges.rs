//! A fetch as it was made, and made again over what was answered, with other answers: the same engine each time, and the same
//! story of what it told.

use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Value, json};
use sofetch::core::fixes::{AnswerId, Edit};
use sofetch::core::tape::Tape;
use sofetch::replay::Replay;
use sofetch::{Error, Observer, Response, ResponseType};
use sofetch_inspect::cors_story::StoryVerdict;
use sofetch_inspect::fix_texts::Server;
use sofetch_inspect::har::{har, har_entries};
use sofetch_inspect::{CorsStory, Recorder, Recording, Secrets, timeline, timeline_json};

use crate::answers::answers_json;
use crate::ports::Made;

/// A body is read to see whether it ends well, but no further than this.
const BODY_LIMIT: u64 = 1 << 20;

/// A fetch, what was answered, and what it came to.
pub(crate) struct Exchange {
    made: Made,
    tape: Arc<Tape>,
    /// Of the fetch itself; `None` where it was made elsewhere.
    recorded: Option<(Recording, SystemTime)>,
}

/// How it is told.
#[derive(Clone, Copy)]
pub(crate) struct Showing {
    pub(crate) secrets: Secrets,
    /// As whose configuration the smallest change is written; `None` is the server that answered, if it is recognized.
    pub(crate) server: Option<&'static Server>,
}

/// What is told of a fetch or of a replay.
pub(crate) struct Told {
    pub(crate) story: Value,
    pub(crate) answers: Value,
}

impl Exchange {
    /// Makes the fetch.
    ///
    /// # Errors
    /// It could not be made at all.
    pub(crate) async fn run(made: Made, showing: Showing) -> Result<(Exchange, Told), Error> {
        let recorder = Recorder::new();
        let began = SystemTime::now();
        let observer: Arc<dyn Observer> = recorder.clone();
        match made.page.fetch((made.request)().observer(observer)).await {
            Ok(response) => read(response).await,
            Err(error) if error.is_misuse() && error.reason().is_none() => return Err(error),
            // The story says why.
            Err(_) => {}
        }
        let recording = recorder.recording();
        let tape = recording.first().map(|fetch| Tape::of(fetch.events_of_exchange())).unwrap_or_default();
        let exchange = Exchange { made, tape: Arc::new(tape), recorded: Some((recording, began)) };
        let told = exchange.told(showing).await?;
        Ok((exchange, told))
    }

    /// A fetch that was made elsewhere, of which the answers are known.
    pub(crate) fn of_tape(made: Made, tape: Tape) -> Exchange {
        Exchange { made, tape: Arc::new(tape), recorded: None }
    }

    /// What was left out of what was asked.
    pub(crate) fn notes(&self) -> &[String] {
        &self.made.notes
    }

    /// What is fetched, as it was typed but whole.
    pub(crate) fn url(&self) -> &str {
        self.made.url.href()
    }

    /// Is its server one of the program's own?
    pub(crate) fn embedded(&self) -> bool {
        self.made.embedded
    }

    /// The recorded exchange as HAR; `None` where it was made elsewhere.
    pub(crate) fn to_har(&self, secrets: Secrets) -> Option<Value> {
        let (recording, began) = self.recorded.as_ref()?;
        Some(har(har_entries(recording, *began, secrets)))
    }

    async fn told(&self, showing: Showing) -> Result<Told, Error> {
        let secrets = showing.secrets;
        let recorded = self.recorded.as_ref().map(|(recording, _)| recording);
        let Some((recording, story)) = recorded
            .and_then(|recording| CorsStory::of(recording.first()?, secrets).map(|story| (recording, story)))
        else {
            return Ok(Told { story: Value::Null, answers: json!([]) });
        };
        // What was kept back was never answered: a replay tells what is assumed then.
        let (tape, assumed) = match story.verdict {
            StoryVerdict::Undecided => {
                let (replayed, assumed) = self.replayed(Vec::new()).await?;
                let tape = replayed.first().map(|fetch| Tape::of(fetch.events_of_exchange()));
                (tape.map_or_else(|| self.tape.clone(), Arc::new), assumed)
            }
            _ => (self.tape.clone(), Vec::new()),
        };
        let mut story = self.finished(story, &self.tape, showing).await?.to_json();
        if let Some(story) = story.as_object_mut() {
            let bars = timeline_json(&timeline(recording), secrets);
            story.insert("timeline".to_owned(), bars);
        }
        Ok(Told { story, answers: answers_json(&tape, &assumed, secrets) })
    }

    /// What becomes of it with these edits of the answers; without any, what came of the fetch itself. Nothing is sent.
    ///
    /// # Errors
    /// It could not be made at all.
    pub(crate) async fn replay(&self, edits: Vec<Edit>, showing: Showing) -> Result<Told, Error> {
        if edits.is_empty() && self.recorded.is_some() {
            return self.told(showing).await;
        }
        let secrets = showing.secrets;
        let (recording, assumed) = self.replayed(edits).await?;
        let Some((fetch, story)) =
            recording.first().and_then(|fetch| CorsStory::of(fetch, secrets).map(|story| (fetch, story)))
        else {
            return Ok(Told { story: Value::Null, answers: json!([]) });
        };
        let tape = Arc::new(Tape::of(fetch.events_of_exchange()));
        let story = self.finished(story, &tape, showing).await?.to_json();
        Ok(Told { story, answers: answers_json(&tape, &assumed, secrets) })
    }

    /// The engine's events over the edited tape, and which answers were assumed.
    async fn replayed(&self, edits: Vec<Edit>) -> Result<(Recording, Vec<AnswerId>), Error> {
        let replay = Arc::new(Replay::new(self.tape.clone(), edits));
        let recorder = Recorder::new();
        let observer: Arc<dyn Observer> = recorder.clone();
        let page = self.made.page.over(replay.clone())?;
        match page.fetch(self.again().observer(observer)).await {
            // NB: a tape has no bodies, so that there is nothing to read.
            Ok(_) => {}
            Err(error) if error.is_misuse() && error.reason().is_none() => return Err(error),
            Err(_) => {}
        }
        let assumed = replay.served().into_iter().filter(|served| served.assumed).map(|served| served.id);
        Ok((recorder.recording(), assumed.collect()))
    }

    /// The story with the smallest change that would let it pass, decided as the browser that was asked for.
    async fn finished(
        &self,
        story: CorsStory,
        tape: &Arc<Tape>,
        showing: Showing,
    ) -> Result<CorsStory, Error> {
        let wanting = matches!(story.verdict, StoryVerdict::Refused { .. } | StoryVerdict::Undecided);
        let story = match wanting {
            true => {
                let changes = self.made.page.smallest_changes(tape, || self.again()).await?;
                story.with_fixes(&changes, tape, showing.server)
            }
            false => story,
        };
        Ok(match self.made.browser {
            Some(browser) => story.decided_as(browser),
            None => story,
        })
    }

    fn again(&self) -> sofetch::Request {
        (self.made.request)()
    }
}

/// Reads a body to its end, or far enough. How it ended is among the events.
async fn read(mut response: Response) {
    if matches!(response.response_type(), ResponseType::Opaque | ResponseType::OpaqueRedirect) {
        return;
    }
    // A stream of events may never end.
    if response.mime_type().is_some_and(|mime_type| mime_type.essence() == "text/event-stream") {
        return;
    }
    let Ok(mut body) = response.body() else { return };
    let mut length = 0;
    while let Ok(Some(chunk)) = body.chunk().await {
        length += chunk.len() as u64;
        if length > BODY_LIMIT {
            return;
        }
    }
}
