//! `sofetch cors URL`: fetches as a script of an origin, and tells every decision and what the script would see.

use std::sync::Arc;

use sofetch::{Observer, Response, ResponseType};
use sofetch_inspect::{CorsStory, Recorder};

use crate::ending::{Ending, Failure, never_began};
use crate::fetch_command::{of_status, save};
use crate::making::{Fetcher, left_out, request};
use crate::options::{Options, Show};
use crate::output::Streams;
use crate::telling::{decisions, options};

/// A body is read to see whether it ends well, but no further than this.
const BODY_LIMIT: u64 = 1 << 20;

/// Runs the command.
pub(crate) async fn run(given: Options, streams: &Streams) -> Result<Ending, Failure> {
    let as_json = given.show.report.is_some();
    let (story, ending) = story_of(given, streams).await?;
    match story {
        Some(story) if as_json => streams.out_json(&story.to_json_text()).map_err(Failure::stdout)?,
        Some(story) => print(&story, streams)?,
        None => {}
    }
    ending
}

/// Prints a story.
pub(crate) fn print(story: &CorsStory, streams: &Streams) -> Result<(), Failure> {
    // NB: the lines' secrets were settled when the story was made.
    let text = story.text(options(Default::default(), streams.paint_out));
    streams.out_text(&text).map_err(Failure::stdout)
}

/// Fetches and tells: the story, and how the command ends. The outer error is of a request that never was.
pub(crate) async fn story_of(
    given: Options,
    streams: &Streams,
) -> Result<(Option<CorsStory>, Result<Ending, Failure>), Failure> {
    let Options { request: request_options, page, network, show, notes } = given;
    notes.iter().for_each(|note| streams.note(note));
    if show.print.is_some() {
        streams.note("`--print` has no meaning for cors without --offline");
    }
    left_out(&request_options).iter().for_each(|note| streams.note(note));
    let recorder = Recorder::new();
    let observer: Arc<dyn Observer> = recorder.clone();
    let fetcher = Fetcher::new(network, page.as_ref())?;
    let ending = match fetcher.fetch(request(request_options, Some(observer))).await {
        Ok(response) => read(response, &show, streams).await,
        Err(error) if never_began(&error) => return Err(Failure::Fetch(error)),
        // The story says why.
        Err(error) => Ok(Ending::of_error(&error)),
    };
    let recording = recorder.recording();
    if show.decisions {
        streams.err_text(&decisions(&recording, show.secrets, streams.paint_err));
    }
    let story = recording.first().and_then(|fetch| CorsStory::of(fetch, show.secrets));
    Ok((story, ending))
}

/// Can the script read it, and to its end?
async fn read(mut response: Response, show: &Show, streams: &Streams) -> Result<Ending, Failure> {
    if matches!(response.response_type(), ResponseType::Opaque | ResponseType::OpaqueRedirect) {
        return Ok(Ending::Refused);
    }
    let ending = of_status(response.status(), show);
    if show.output.is_some() {
        save(response, show, streams).await?;
        return ending;
    }
    // A stream of events may never end.
    if response.mime_type().is_some_and(|mime_type| mime_type.essence() == "text/event-stream") {
        return ending;
    }
    let (mut body, mut length) = (response.body()?, 0);
    while let Some(chunk) = body.chunk().await? {
        length += chunk.len() as u64;
        if length > BODY_LIMIT {
            break;
        }
    }
    ending
}
