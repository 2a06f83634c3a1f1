//! `sofetch --batch FILE`: many URLs, some at a time, a row each as they end. What is held does not grow with the file.
//!
//! - `lines`: what a line asks for.

mod lines;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use sofetch::Bytes;
use sofetch_inspect::json::printed_line;
use sofetch_inspect::safe_text::{escaped, redacted_urls};
use tokio::task::JoinSet;

use crate::authentication::Authentication;
use crate::download::Download;
use crate::ending::{Ending, Failure};
use crate::fetch_command::{copy, fetch, of_status, shown};
use crate::listening::Listening;
use crate::making::{Fetcher, left_out, without_meaning};
use crate::options::{BodyOption, Options, PageOption, RequestOptions, Show, targets};
use crate::output::{PlainBody, Streams, Tone};
use crate::words;

pub(crate) use lines::LineError;
use lines::{Line, LineBody};

/// What the options say of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct BatchOptions {
    pub(crate) path: PathBuf,
    pub(crate) parallel: usize,
}

/// What all of its requests share.
struct Batch {
    template: RequestOptions,
    page: Option<PageOption>,
    authentication: Authentication,
    fetcher: Fetcher,
    show: Show,
    streams: Streams,
}

/// How one ended.
struct Ended {
    number: u64,
    method: String,
    /// As typed, if it could be read.
    url: String,
    status: Option<u16>,
    bytes: u64,
    time: Duration,
    file: Option<PathBuf>,
    failure: Option<Failure>,
}

/// Runs the batch. It ends with the highest exit code of its requests.
pub(crate) async fn run(batch: BatchOptions, options: Options, streams: &Streams) -> Result<Ending, Failure> {
    let Options { request, page, network, show, notes, .. } = options;
    let more = match &page {
        Some(page) => left_out(&request, page),
        None => without_meaning(&request),
    };
    notes.iter().chain(&more).for_each(|note| streams.note(note));
    let mut lines = lines::read(&batch.path)?;
    let authentication = network.authentication.clone();
    let fetcher = Fetcher::new(network, None, page.as_ref())?;
    // Several bars on one line would be none.
    let streams = Streams { err_is_terminal: false, ..*streams };
    let all = Arc::new(Batch { template: request, page, authentication, fetcher, show, streams });
    let (mut under_way, mut open) = (JoinSet::new(), true);
    let (mut count, mut failed, mut worst) = (0_u64, 0_u64, Ending::Answered);
    loop {
        tokio::select! {
            line = lines.recv(), if open && under_way.len() < batch.parallel => match line {
                Some((number, line)) => {
                    let all = all.clone();
                    under_way.spawn(async move { all.one(number, line).await });
                }
                None => open = false,
            },
            Some(ended) = under_way.join_next() => {
                // NB: nobody cancels one, so that only a panic is an error.
                let ended: Ended = ended.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
                count += 1;
                if let Some(failure) = &ended.failure {
                    failed += 1;
                    worst = worst.max(failure.ending());
                }
                all.tell(&ended)?;
            }
            else => break,
        }
    }
    streams.note(&words::batch_is_over(count, failed));
    Ok(worst)
}

impl Batch {
    async fn one(&self, number: u64, line: Result<Line, LineError>) -> Ended {
        let began = Instant::now();
        let mut ended = Ended {
            number,
            method: String::new(),
            url: String::new(),
            status: None,
            bytes: 0,
            time: Duration::ZERO,
            file: None,
            failure: None,
        };
        let done = match line {
            Ok(line) => self.fetch(line, &mut ended).await,
            Err(error) => Err(Failure::Line(error)),
        };
        ended.failure = done.err();
        ended.time = began.elapsed();
        ended
    }

    async fn fetch(&self, line: Line, ended: &mut Ended) -> Result<(), Failure> {
        ended.url = line.url.clone();
        let request = self.request(line)?;
        ended.url = request.url.href().to_owned();
        ended.method = request.method.clone().unwrap_or_else(|| "GET".to_owned());
        let listening = Listening::to_decisions(&self.show);
        let mut download = self.show.download.as_ref().map(|options| Download::new(options, &request.url));
        let fetched =
            fetch(&self.fetcher, request, self.page.is_none(), download.as_mut(), &listening).await?;
        listening.tell_decisions(&self.show, &self.streams);
        let response = fetched?;
        ended.status = Some(response.status());
        of_status(response.status(), &self.show)?;
        match download {
            Some(download) => {
                let saved = download.save(response, &self.streams).await?;
                (ended.bytes, ended.file) = (saved.length, Some(saved.path));
            }
            None => {
                let told = |bytes| ended.bytes += bytes;
                copy(response, &mut PlainBody(io::sink()), told).await?.map_err(Failure::stdout)?;
            }
        }
        Ok(())
    }

    /// The command's own request, with what the line says in place of it or besides.
    fn request(&self, line: Line) -> Result<RequestOptions, Failure> {
        let mut request = self.template.clone();
        request.url = targets::url(&line.url, self.page.as_ref())
            .map_err(|error| Failure::Line(LineError::Url(error)))?;
        request.headers.extend(line.headers.into_iter().map(|(name, value)| (name, value.into_bytes())));
        let body = line.body.map(|body| match body {
            LineBody::Text(text) => (Bytes::from(text), "text/plain;charset=UTF-8"),
            LineBody::Json(value) => (Bytes::from(value.to_string()), "application/json"),
        });
        if let Some((bytes, content_type)) = body {
            request.body = Some(BodyOption::Bytes { bytes, content_type: content_type.into() });
            request.method = request.method.or_else(|| Some("POST".to_owned()));
        }
        request.method = line.method.or(request.method);
        request.authorize(&self.authentication).map_err(|error| Failure::Line(LineError::Url(error)))?;
        Ok(request)
    }

    /// One row, or one line of JSON.
    fn tell(&self, ended: &Ended) -> Result<(), Failure> {
        let secrets = self.show.secrets;
        let url = redacted_urls(&ended.url, secrets);
        let error = ended.failure.as_ref().and_then(|failure| failure.words(secrets));
        let file = ended.file.as_ref().map(|path| shown(path));
        if self.show.report.is_some() {
            let row = RowJson {
                schema: "sofetch-batch/1",
                line: ended.number,
                method: &ended.method,
                url: &url,
                status: ended.status,
                bytes: ended.bytes,
                milliseconds: ended.time.as_secs_f64() * 1e3,
                file: file.as_deref(),
                exit_code: ended.failure.as_ref().map_or(Ending::Answered, Failure::ending) as u8,
                error: error.as_deref(),
            };
            let json = serde_json::to_value(&row).unwrap_or_default();
            return self.streams.out_text(&format!("{}\n", printed_line(&json))).map_err(Failure::stdout);
        }
        let paint = self.streams.paint_out;
        let status = ended.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
        let bad = ended.failure.is_some() || ended.status.is_some_and(|status| status >= 400);
        let status = paint.tone(if bad { Tone::Bad } else { Tone::Text }, &status).into_owned();
        let mut row = format!(
            "{:>5}  {status}  {:>10} B  {:>8} ms  {} {}",
            ended.number,
            ended.bytes,
            ended.time.as_millis(),
            if ended.method.is_empty() { "-".into() } else { escaped(&ended.method) },
            escaped(&*url),
        );
        if let Some(file) = file {
            row.push_str(&format!("  -> {file}"));
        }
        if let Some(error) = error {
            row.push_str(&format!("  {}", paint.tone(Tone::Bad, &error)));
        }
        self.streams.out_text(&format!("{row}\n")).map_err(Failure::stdout)
    }
}

#[derive(Serialize)]
struct RowJson<'a> {
    schema: &'static str,
    line: u64,
    method: &'a str,
    url: &'a str,
    status: Option<u16>,
    bytes: u64,
    milliseconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}
