//! `sofetch URL`: fetches, and hands over the body.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use sofetch::{Observer, Response};
use sofetch_inspect::safe_text::escaped;
use sofetch_inspect::{Recorder, Recording};

use crate::args::Parts;
use crate::ending::{Ending, Failure, never_began};
use crate::making::{Fetcher, left_out, request, settled, without_meaning};
use crate::offline_command::{print, with_body};
use crate::options::{Options, Show};
use crate::output::{PlainBody, Quiet, Sink, Streams, TerminalBody, head_bytes, is_json};
use crate::progress::Progress;
use crate::telling::{decisions, http_version, last_sent, measured};

/// Runs the command.
pub(crate) async fn run(options: Options, streams: &Streams) -> Result<Ending, Failure> {
    let Options { request: request_options, page, network, show, notes } = options;
    notes.iter().for_each(|note| streams.note(note));
    let notes = if page.is_some() { left_out(&request_options) } else { without_meaning(&request_options) };
    notes.iter().for_each(|note| streams.note(note));
    let parts = show.print.unwrap_or(Parts { response_body: true, ..Parts::default() });
    let recorded = show.decisions || show.head || show.report.is_some() || show.print.is_some();
    let recorder = recorded.then(Recorder::new);
    let observer = recorder.clone().map(|recorder| recorder as Arc<dyn Observer>);
    let fetcher = Fetcher::new(network, page.as_ref())?;
    let request_options = if parts.request_body { settled(request_options)? } else { request_options };
    let fetched = fetcher.fetch(request(request_options.clone(), observer)).await;
    let recording = || recorder.as_ref().map(|recorder| recorder.recording()).unwrap_or_default();
    if show.decisions {
        streams.err_text(&decisions(&recording(), show.secrets, streams.paint_err));
    }
    if let Some(head) = last_sent(&recording()) {
        let sent = with_body(head, &request_options);
        print(&sent, parts, show.secrets, streams).map_err(Failure::stdout)?;
        // What follows a body begins on a line of its own.
        let apart = parts.request_body && sent.body.is_some() && (parts.response_head || parts.response_body);
        if apart {
            streams.out_text("\r\n\r\n").map_err(Failure::stdout)?;
        }
    }
    match fetched {
        Ok(response) if show.report.is_some() => {
            let status = response.status();
            let read = save(response, &show, streams).await;
            streams.out_json(&recording().to_json_text(show.secrets)).map_err(Failure::stdout)?;
            read.and(of_status(status, &show))
        }
        Ok(response) => match of_status(response.status(), &show) {
            Ok(ending) => {
                deliver(response, &recording(), parts.response_body, &show, streams).await?;
                if parts.meta {
                    streams.out_text(&measured(&recording())).map_err(Failure::stdout)?;
                }
                Ok(ending)
            }
            Err(failure) => {
                print_head(&response, &recording(), &show, streams)?;
                Err(failure)
            }
        },
        Err(error) => {
            if show.report.is_some() && !never_began(&error) {
                streams.out_json(&recording().to_json_text(show.secrets)).map_err(Failure::stdout)?;
            }
            Err(Failure::Fetch(error))
        }
    }
}

/// Any status is an answer, unless `--fail` says otherwise.
pub(crate) fn of_status(status: u16, show: &Show) -> Result<Ending, Failure> {
    if show.fail && status >= 400 { Err(Failure::Status(status)) } else { Ok(Ending::Answered) }
}

/// Prints the head if it is wanted, and the body to where it is wanted.
async fn deliver(
    response: Response,
    recording: &Recording,
    with_body: bool,
    show: &Show,
    streams: &Streams,
) -> Result<(), Failure> {
    print_head(&response, recording, show, streams)?;
    // NB: without an output it is read all the same: whether it ends well decides how the command does.
    if show.output.is_some() || !with_body {
        return save(response, show, streams).await;
    }
    let out = io::stdout().lock();
    if !streams.out_is_terminal {
        return copy(response, &mut PlainBody(out), |_| {}).await?.map_err(Failure::stdout);
    }
    let json = response.mime_type().is_some_and(|mime_type| is_json(mime_type.essence()));
    let mut body = TerminalBody::new(out, streams.paint_out, json);
    let copied = copy(response, &mut body, |_| {}).await?;
    if body.binary {
        streams.note("the body is binary and is not shown on a terminal; --output FILE saves it");
    }
    copied.map_err(Failure::stdout)
}

/// Reads the body to its end, into the file of `--output` if there is one. NB: no server ever names the file.
pub(crate) async fn save(response: Response, show: &Show, streams: &Streams) -> Result<(), Failure> {
    let Some(path) = &show.output else {
        return copy(response, &mut PlainBody(io::sink()), |_| {}).await?.map_err(Failure::stdout);
    };
    let failed = |error| Failure::Output { to: shown(path), error };
    let file = File::create(path).map_err(failed)?;
    let total = announced_length(&response);
    let mut progress = (streams.err_is_terminal && streams.quiet == Quiet::Nothing)
        .then(|| Progress::new(io::stderr(), total));
    let told = |bytes| {
        if let Some(progress) = &mut progress {
            progress.add(bytes);
        }
    };
    copy(response, &mut PlainBody(file), told).await?.map_err(failed)
}

/// A path as one may print it.
fn shown(path: &Path) -> String {
    escaped(path.as_os_str().as_encoded_bytes()).into_owned()
}

/// How many decoded bytes there will be, where that can be known.
fn announced_length(response: &Response) -> Option<u64> {
    let headers = response.headers();
    if headers.has("Content-Encoding") {
        return None;
    }
    headers.get("Content-Length")?.parse().ok()
}

/// Copies the body. The outer error is the fetch's, the inner one is the output's.
async fn copy(
    mut response: Response,
    to: &mut impl Sink,
    mut told: impl FnMut(u64),
) -> Result<io::Result<()>, sofetch::Error> {
    let mut body = response.body()?;
    loop {
        match body.chunk().await {
            Ok(Some(chunk)) => match to.chunk(&chunk) {
                Ok(true) => told(chunk.len() as u64),
                Ok(false) => return Ok(Ok(())),
                Err(error) => return Ok(Err(error)),
            },
            Ok(None) => return Ok(to.end()),
            Err(error) => {
                // What came before the failure is shown all the same.
                let _ = to.end();
                return Err(error);
            }
        }
    }
}

fn print_head(
    response: &Response,
    recording: &Recording,
    show: &Show,
    streams: &Streams,
) -> Result<(), Failure> {
    if !show.head {
        return Ok(());
    }
    let reason: Vec<u8> =
        response.status_text().chars().map(|character| u32::from(character) as u8).collect();
    let version = http_version(recording);
    let space: &[u8] = if reason.is_empty() { b"" } else { b" " };
    let status_line = [format!("{version} {}", response.status()).as_bytes(), space, &reason].concat();
    let terminal = streams.out_is_terminal.then_some(streams.paint_out);
    let head = head_bytes(&status_line, response.headers().iter(), show.secrets, terminal);
    let mut out = io::stdout().lock();
    out.write_all(&head).and_then(|()| out.flush()).map_err(Failure::stdout)
}
