//! `sofetch cors URL`: fetches as a script of an origin, and tells every decision and what the script would see.

use std::sync::Arc;

use sofetch::core::tape::Tape;
use sofetch::{Response, ResponseType};
use sofetch_inspect::CorsStory;
use sofetch_inspect::cors_story::StoryVerdict;
use sofetch_inspect::fix_texts::SERVERS;
use sofetch_inspect::json::printed;

use crate::ending::{Ending, Failure, never_began};
use crate::fetch_command::{of_status, save};
use crate::listening::Listening;
use crate::making::{Fetcher, left_out, request, settled};
use crate::options::{Options, RequestOptions, Show};
use crate::output::Streams;
use crate::probing::probes;
use crate::telling::options;

/// A body is read to see whether it ends well, but no further than this.
const BODY_LIMIT: u64 = 1 << 20;

/// Runs the command.
pub(crate) async fn run(mut given: Options, streams: &Streams) -> Result<Ending, Failure> {
    let show = given.show.clone();
    let mut listening = Listening::with_recorder(&show)?;
    if show.har.is_some() {
        given.request = settled(given.request)?;
        listening.sends(&given.request);
    }
    let told = story_of(given, &listening, streams).await.and_then(|(story, ending)| {
        match story {
            Some(story) if show.report.is_some() => {
                let report = listening.with_timeline(story.to_json(), &show);
                streams.out_json(&printed(&report)).map_err(Failure::stdout)?;
            }
            Some(story) => print(&story, streams)?,
            None => {}
        }
        ending
    });
    let ended = listening.end(&show, streams);
    told.and_then(|ending| ended.map(|()| ending))
}

/// `--server list`: each name, and what it stands for.
pub(crate) fn list_servers(streams: &Streams) -> Result<Ending, Failure> {
    let lines = SERVERS.iter().map(|server| format!("{:<12} {}\n", server.name, server.title));
    streams.out_text(&lines.collect::<String>()).map_err(Failure::stdout)?;
    Ok(Ending::Answered)
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
    listening: &Listening,
    streams: &Streams,
) -> Result<(Option<CorsStory>, Result<Ending, Failure>), Failure> {
    let Options { request: request_options, page, network, browser, probe, show, notes: said, .. } = given;
    let notes = page.as_ref().map(|page| left_out(&request_options, page)).unwrap_or_default();
    said.iter().chain(&notes).for_each(|note| streams.note(note));
    if show.print.is_some() {
        streams.note("`--print` has no meaning for cors without --offline");
    }
    let fetcher = Fetcher::new(network, browser, page.as_ref())?;
    // A recording keeps no bodies, so that their digests cannot be looked at again.
    let again = RequestOptions { integrity: None, ..request_options.clone() };
    let ending = match fetcher.fetch(request(request_options, listening.observer())).await {
        Ok(response) => read(response, &show, streams).await,
        Err(error) if never_began(&error) => return Err(Failure::Fetch(error)),
        // The story says why.
        Err(error) => Ok(Ending::of_error(&error)),
    };
    listening.tell_decisions(&show, streams);
    let recording = listening.recording();
    let Some(fetch) = recording.first() else { return Ok((None, ending)) };
    let mut story = CorsStory::of(fetch, show.secrets);
    if let (Some(told), Fetcher::Page(page)) = (&story, &fetcher)
        && matches!(told.verdict, StoryVerdict::Refused { .. } | StoryVerdict::Undecided)
    {
        let tape = Arc::new(Tape::of(fetch.events_of_exchange()));
        let changes = page.smallest_changes(&tape, || request(again.clone(), None)).await?;
        if matches!(told.verdict, StoryVerdict::Undecided) {
            streams.note("the request was not sent; --send always sends it");
        }
        let probes = match &told.verdict {
            StoryVerdict::Refused { ruling } if probe => {
                probes(page.user_agent(), &tape, ruling, show.secrets).await
            }
            _ => None,
        };
        story = story.map(|story| story.with_fixes(&changes, &tape, show.server));
        if let Some(probes) = probes {
            story = story.map(|story| story.with_probes(probes));
        }
    }
    let Some(browser) = browser else { return Ok((story, ending)) };
    let story = story.map(|story| story.decided_as(browser));
    let ending = match story.as_ref().map(|story| &story.verdict) {
        Some(StoryVerdict::RefusedByBrowser { .. }) => Ok(Ending::Refused),
        Some(StoryVerdict::UpToThePerson { .. }) => Ok(Ending::Undecided),
        _ => ending,
    };
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
