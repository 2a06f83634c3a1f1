//! `sofetch URL`: fetches, and hands over the body.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use sofetch::Response;
use sofetch_inspect::Recording;
use sofetch_inspect::json::printed;
use sofetch_inspect::safe_text::escaped;

use crate::args::Parts;
use crate::download::Download;
use crate::ending::{Ending, Failure, never_began};
use crate::listening::Listening;
use crate::making::{Fetcher, left_out, request, settled, without_meaning};
use crate::offline_command::{print, with_body};
use crate::options::{Options, RequestOptions, Show};
use crate::output::{PlainBody, Quiet, Sink, Streams, head_bytes};
use crate::progress::Progress;
use crate::telling::{http_version, last_sent, measured, reported};
use crate::terminal_body::{Layout, TerminalBody};
use crate::words;

/// Runs the command.
pub(crate) async fn run(options: Options, streams: &Streams) -> Result<Ending, Failure> {
    let Options { request: request_options, page, network, browser, show, notes: said, .. } = options;
    let notes = match &page {
        Some(page) => left_out(&request_options, page),
        None => without_meaning(&request_options),
    };
    said.iter().chain(&notes).for_each(|note| streams.note(note));
    let watched = page.as_ref().is_some_and(|page| page.policies.are_reported());
    let mut listening = if watched { Listening::with_recorder(&show)? } else { Listening::new(&show)? };
    let fetcher = Fetcher::new(network, browser, page.as_ref())?;
    let mut download = show.download.as_ref().map(|options| Download::new(options, &request_options.url));
    let parts = parts(&show);
    let whole = parts.request_body || show.har.is_some();
    let request_options = if whole { settled(request_options)? } else { request_options };
    listening.sends(&request_options);
    let asked = request_options.clone();
    let fetched = fetch(&fetcher, request_options, page.is_none(), download.as_mut(), &listening).await;
    listening.tell_decisions(&show, streams);
    print_sent(&listening.recording(), &asked, parts, &show, streams)?;
    if watched && !show.decisions {
        reported(&listening.recording()).iter().for_each(|violation| streams.note(violation));
    }
    let ending = match fetched {
        Ok(fetched) => answered(fetched, download, &listening, &show, streams).await,
        Err(failure) => Err(failure),
    };
    let told = listening.end(&show, streams);
    ending.and_then(|ending| told.map(|()| ending))
}

/// What is shown of the exchange.
fn parts(show: &Show) -> Parts {
    show.print.unwrap_or(Parts { response_body: true, ..Parts::default() })
}

/// The request that was sent last, as far as it is to be shown.
fn print_sent(
    recording: &Recording,
    asked: &RequestOptions,
    parts: Parts,
    show: &Show,
    streams: &Streams,
) -> Result<(), Failure> {
    let Some(head) = last_sent(recording).filter(|_| parts.request_head || parts.request_body) else {
        return Ok(());
    };
    let sent = with_body(head, asked);
    print(&sent, parts, show.secrets, streams).map_err(Failure::stdout)?;
    // What follows a body begins on a line of its own.
    let apart = parts.request_body && sent.body.is_some() && (parts.response_head || parts.response_body);
    if apart {
        let gap = if streams.for_person { "\n\n" } else { "\r\n\r\n" };
        streams.out_text(gap).map_err(Failure::stdout)?;
    }
    Ok(())
}

/// Fetches; a download that has to begin anew a second time. The outer error is of its files.
pub(crate) async fn fetch(
    fetcher: &Fetcher,
    options: RequestOptions,
    on_own_behalf: bool,
    mut download: Option<&mut Download>,
    listening: &Listening,
) -> Result<Result<Response, sofetch::Error>, Failure> {
    loop {
        let options = match &download {
            Some(download) => download.request(options.clone(), on_own_behalf),
            None => options.clone(),
        };
        let fetched = fetcher.fetch(request(options, listening.observer())).await;
        if let (Some(download), Ok(response)) = (&mut download, &fetched)
            && download.begins_anew(response)?
        {
            continue;
        }
        return Ok(fetched);
    }
}

async fn answered(
    fetched: Result<Response, sofetch::Error>,
    download: Option<Download>,
    listening: &Listening,
    show: &Show,
    streams: &Streams,
) -> Result<Ending, Failure> {
    let report = || {
        let report = listening.with_timeline(listening.recording().to_json(show.secrets), show);
        streams.out_json(&printed(&report)).map_err(Failure::stdout)
    };
    match fetched {
        Ok(response) if show.report.is_some() => {
            let status = response.status();
            let ending = of_status(status, show);
            let read = match download {
                Some(download) if ending.is_ok() => keep(download, response, streams).await,
                // What is no file is read all the same, for the report tells of the whole of it.
                Some(_) => drain(response).await,
                None => save(response, show, streams).await,
            };
            report()?;
            read.and(ending)
        }
        Ok(response) => match of_status(response.status(), show) {
            Ok(ending) => {
                print_head(&response, &listening.recording(), show, streams)?;
                let delivered = match download {
                    Some(download) => keep(download, response, streams).await,
                    None => deliver(response, show, streams).await,
                };
                delivered?;
                if parts(show).meta {
                    streams.out_text(&measured(&listening.recording())).map_err(Failure::stdout)?;
                }
                Ok(ending)
            }
            Err(failure) => {
                print_head(&response, &listening.recording(), show, streams)?;
                Err(failure)
            }
        },
        Err(error) => {
            if show.report.is_some() && !never_began(&error) {
                report()?;
            }
            Err(Failure::Fetch(error))
        }
    }
}

/// Any status is an answer, unless `--fail` says otherwise.
pub(crate) fn of_status(status: u16, show: &Show) -> Result<Ending, Failure> {
    if show.fail && status >= 400 { Err(Failure::Status(status)) } else { Ok(Ending::Answered) }
}

/// Saves a download, and says where.
async fn keep(download: Download, response: Response, streams: &Streams) -> Result<(), Failure> {
    let saved = download.save(response, streams).await?;
    streams.note(&words::saved_to(&shown(&saved.path), saved.length));
    Ok(())
}

/// Prints the body to where it is wanted.
async fn deliver(response: Response, show: &Show, streams: &Streams) -> Result<(), Failure> {
    // NB: without an output it is read all the same: whether it ends well decides how the command does.
    if show.output.is_some() || !parts(show).response_body {
        return save(response, show, streams).await;
    }
    let out = io::stdout().lock();
    if !streams.for_person {
        return copy(response, &mut PlainBody(out), |_| {}).await?.map_err(Failure::stdout);
    }
    let mime_type = response.mime_type();
    let essence = mime_type.as_ref().map_or("", |mime_type| mime_type.essence());
    let mut body = TerminalBody::new(out, streams.paint_out, Layout::of(essence, show.raw, show.stream));
    let copied = copy(response, &mut body, |_| {}).await?;
    if body.binary {
        streams.note("the body is binary and is not shown on a terminal; --output FILE saves it");
    }
    copied.map_err(Failure::stdout)
}

/// Reads the body to its end, into the file of `--output` if there is one.
pub(crate) async fn save(response: Response, show: &Show, streams: &Streams) -> Result<(), Failure> {
    let Some(path) = &show.output else { return drain(response).await };
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
    let copied = copy(response, &mut PlainBody(file), told).await;
    if copied.as_ref().map_or(true, Result::is_err) {
        streams.note(&words::some_is_in(&shown(path)));
    }
    copied?.map_err(failed)
}

/// Reads the body to its end, for nobody.
async fn drain(response: Response) -> Result<(), Failure> {
    copy(response, &mut PlainBody(io::sink()), |_| {}).await?.map_err(Failure::stdout)
}

/// A path as one may print it.
pub(crate) fn shown(path: &Path) -> String {
    escaped(path.as_os_str().as_encoded_bytes()).into_owned()
}

/// How many decoded bytes there will be, where that can be known.
pub(crate) fn announced_length(response: &Response) -> Option<u64> {
    let headers = response.headers();
    if headers.has("Content-Encoding") {
        return None;
    }
    headers.get("Content-Length")?.parse().ok()
}

/// Copies the body. The outer error is the fetch's, the inner one is the output's.
pub(crate) async fn copy(
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
    let terminal = streams.for_person.then_some(streams.paint_out);
    let head = head_bytes(&status_line, response.headers().iter(), show.secrets, terminal);
    let mut out = io::stdout().lock();
    out.write_all(&head).and_then(|()| out.flush()).map_err(Failure::stdout)
}
