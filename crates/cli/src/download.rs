//! `--download` and `--continue`: a body becomes a file that the server may name but not place, and a part of one is gone on with.
//!
//! - `content_disposition`, `file_name`: the name that is proposed, and what becomes of it.
//! - `unfinished`: the part and its notes.

mod content_disposition;
mod file_name;
mod unfinished;

use std::io;
use std::path::{Path, PathBuf};

use sofetch::{Response, Url};

use crate::ending::Failure;
use crate::fetch_command::{announced_length, copy, shown};
use crate::options::RequestOptions;
use crate::output::{PlainBody, Quiet, Streams};
use crate::progress::Progress;
use crate::words;

use content_disposition::proposed_file_name;
use file_name::safe_file_name;
use unfinished::{Notes, Part, Unfinished};

/// What the options say of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DownloadOptions {
    /// The file that the user named.
    pub(crate) to: Option<PathBuf>,
    /// `--continue`
    pub(crate) resume: bool,
    /// `--overwrite`
    pub(crate) overwrite: bool,
}

/// One download, before and after its request.
pub(crate) struct Download {
    options: DownloadOptions,
    /// The URL that was typed: redirects do not name files.
    url: Url,
    unfinished: Option<Unfinished>,
}

/// A file, and how long it is.
#[derive(Debug)]
pub(crate) struct Saved {
    pub(crate) path: PathBuf,
    /// In bytes, what was there before included.
    pub(crate) length: u64,
}

/// What a response is to a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// The whole body.
    Whole,
    /// What was left of it.
    Rest,
    /// Nothing was left.
    Done,
    /// Not what was asked for: ask again, for the whole.
    Anew,
    /// No file.
    Refused,
}

impl Download {
    /// Of this URL. An unfinished one is looked for, if it is to be gone on with.
    pub(crate) fn new(options: &DownloadOptions, url: &Url) -> Download {
        let unfinished = options.resume.then(|| Unfinished::find(options.to.as_deref(), url)).flatten();
        Download { options: options.clone(), url: url.clone(), unfinished }
    }

    /// The request for it: for what is left, if a part is there. NB: an encoded body could not be gone on with.
    pub(crate) fn request(&self, mut request: RequestOptions, on_own_behalf: bool) -> RequestOptions {
        let has = |request: &RequestOptions, name: &str| {
            request.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name))
        };
        // NB: no page can set it.
        if on_own_behalf && !has(&request, "Accept-Encoding") {
            request.headers.push(("Accept-Encoding".to_owned(), b"identity".to_vec()));
        }
        if let Some(unfinished) = &self.unfinished {
            let range = format!("bytes={}-", unfinished.length);
            request.headers.push(("Range".to_owned(), range.into_bytes()));
            request.headers.push(("If-Range".to_owned(), unfinished.notes.validator.clone().into_bytes()));
        }
        request
    }

    /// Must it be asked for anew? Then the part is gone, and the next request is for the whole.
    pub(crate) fn begins_anew(&mut self, response: &Response) -> Result<bool, Failure> {
        if self.answer(response) != Answer::Anew {
            return Ok(false);
        }
        if let Some(unfinished) = self.unfinished.take() {
            unfinished.discard().map_err(|error| self.failed(error))?;
        }
        Ok(true)
    }

    /// Saves the body. What came before a failure stays, and is told of.
    pub(crate) async fn save(mut self, response: Response, streams: &Streams) -> Result<Saved, Failure> {
        let answer = self.answer(&response);
        let (mut part, before) = match (answer, self.unfinished.take()) {
            (Answer::Refused | Answer::Anew, _) => return Err(Failure::Status(response.status())),
            (Answer::Rest | Answer::Done, Some(unfinished)) => {
                let part = unfinished.open(self.may_overwrite()).map_err(|error| self.failed(error))?;
                (part, unfinished.length)
            }
            (_, unfinished) => {
                // A whole body in the place of a rest: the file is another by now.
                if let Some(unfinished) = unfinished {
                    unfinished.discard().map_err(|error| self.failed(error))?;
                }
                let name = self.name(&response);
                let mut part =
                    Part::create(&name, self.may_overwrite()).map_err(|error| self.failed(error))?;
                if response.status() == 200
                    && let Some(notes) = Notes::of(&self.url, response.headers())
                {
                    part.remember(&notes).map_err(|error| self.failed(error))?;
                }
                (part, 0)
            }
        };
        if answer == Answer::Done {
            let path = part.finish().map_err(|error| self.failed(error))?;
            return Ok(Saved { path, length: before });
        }
        let total = announced_length(&response).map(|length| length.saturating_add(before));
        let whole = if answer == Answer::Rest {
            content_range(&response).and_then(|range| range.total)
        } else {
            None
        };
        let length = match write(response, &mut part, before, total, streams).await {
            Ok(length) => length,
            Err(failure) => {
                streams.note(&words::part_is_kept(&shown(&part.path), part.resumable));
                return Err(failure);
            }
        };
        if let Some(whole) = whole.filter(|&whole| whole != length) {
            streams.note(&words::part_is_kept(&shown(&part.path), part.resumable));
            return Err(Failure::Incomplete { length, whole });
        }
        let path = part.finish().map_err(|error| self.failed(error))?;
        Ok(Saved { path, length })
    }

    fn answer(&self, response: &Response) -> Answer {
        match (response.status(), &self.unfinished) {
            (206, Some(unfinished)) => match content_range(response) {
                Some(range)
                    if range.first == unfinished.length
                        && agree(range.total, unfinished.notes.length)
                        && is_same(response, &unfinished.notes) =>
                {
                    Answer::Rest
                }
                _ => Answer::Anew,
            },
            (416, Some(unfinished)) => {
                let total = unsatisfied_length(response);
                let done = total == Some(unfinished.length) && agree(total, unfinished.notes.length);
                if done && is_same(response, &unfinished.notes) { Answer::Done } else { Answer::Anew }
            }
            (200..=299, _) => Answer::Whole,
            _ => Answer::Refused,
        }
    }

    /// The user's name for it, or the server's, or that of the URL.
    fn name(&self, response: &Response) -> PathBuf {
        if let Some(to) = &self.options.to {
            return to.clone();
        }
        let said: Option<Vec<u8>> = response
            .headers()
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(b"content-disposition"))
            .map(|(_, value)| value.to_vec());
        let proposed = said.and_then(|value| proposed_file_name(&value)).filter(|name| !name.is_empty());
        safe_file_name(&proposed.unwrap_or_else(|| last_segment(&self.url))).into()
    }

    /// The file that the user named is meant; one that a server named is not.
    fn may_overwrite(&self) -> bool {
        self.options.overwrite || self.options.to.is_some()
    }

    fn failed(&self, error: io::Error) -> Failure {
        let to = self.options.to.as_deref().unwrap_or(Path::new("the download"));
        Failure::Output { to: shown(to), error }
    }
}

/// Writes the body at the part's end; how long the part is then.
async fn write(
    response: Response,
    part: &mut Part,
    before: u64,
    total: Option<u64>,
    streams: &Streams,
) -> Result<u64, Failure> {
    let mut progress = (streams.err_is_terminal && streams.quiet == Quiet::Nothing)
        .then(|| Progress::going_on(io::stderr(), before, total));
    let mut length = before;
    let told = |bytes| {
        length += bytes;
        if let Some(progress) = &mut progress {
            progress.add(bytes);
        }
    };
    let copied = copy(response, &mut PlainBody(&mut part.file), told).await?;
    copied.map_err(|error| Failure::Output { to: shown(&part.path), error })?;
    Ok(length)
}

/// `Content-Range: bytes 5-9/10`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ContentRange {
    first: u64,
    total: Option<u64>,
}

fn content_range(response: &Response) -> Option<ContentRange> {
    parse_content_range(&response.headers().get("Content-Range")?)
}

fn parse_content_range(value: &str) -> Option<ContentRange> {
    let (range, total) = in_bytes(value)?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (number(first)?, number(last)?);
    let total = if total.trim() == "*" { None } else { Some(number(total)?) };
    (first <= last && total.is_none_or(|total| last < total)).then_some(ContentRange { first, total })
}

/// `Content-Range: bytes */10`
fn unsatisfied_length(response: &Response) -> Option<u64> {
    let value = response.headers().get("Content-Range")?;
    number(in_bytes(&value)?.trim_start().strip_prefix("*/")?)
}

fn in_bytes(value: &str) -> Option<&str> {
    let (unit, rest) = value.trim().split_once(' ')?;
    unit.eq_ignore_ascii_case("bytes").then_some(rest)
}

fn number(digits: &str) -> Option<u64> {
    let digits = digits.trim();
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// Two lengths, as far as both are known.
fn agree(one: Option<u64>, other: Option<u64>) -> bool {
    one.is_none() || other.is_none() || one == other
}

/// Does the response say nothing else than that it is of the same? NB: a server that knows no `If-Range` may well say so.
fn is_same(response: &Response, notes: &Notes) -> bool {
    let said = |name| response.headers().get(name);
    let name = if notes.validator.starts_with('"') { "ETag" } else { "Last-Modified" };
    !response.headers().has("Content-Encoding") && said(name).is_none_or(|value| value == notes.validator)
}

/// The last segment of the path, its escapes decoded.
fn last_segment(url: &Url) -> String {
    let segment = url.path().rsplit('/').next().unwrap_or_default().as_bytes();
    let mut bytes = Vec::with_capacity(segment.len());
    let mut at = 0;
    while let Some(&byte) = segment.get(at) {
        let digit = |at: usize| segment.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_range_table() {
        let range = |first, total| Some(ContentRange { first, total });
        for (value, expected) in [
            ("bytes 5-9/10", range(5, Some(10))),
            ("BYTES 0-0/1", range(0, Some(1))),
            ("bytes 5-9/*", range(5, None)),
            ("bytes 9-5/10", None),
            ("bytes 5-10/10", None),
            ("bytes */10", None),
            ("items 5-9/10", None),
            ("bytes 5-9", None),
            ("bytes +5-9/10", None),
            ("bytes 99999999999999999999-9/10", None),
            ("", None),
        ] {
            assert_eq!(parse_content_range(value), expected, "{value}");
        }
    }

    #[test]
    fn last_segments() {
        for (url, expected) in [
            ("https://a.test/b/c%20d.txt?e#f", "c d.txt"),
            ("https://a.test/", ""),
            ("https://a.test/%2e%2e%2Fx", "../x"),
            ("https://a.test/%ff%", "\u{fffd}%"),
        ] {
            assert_eq!(last_segment(&Url::parse(url, None).expect("a URL")), expected, "{url}");
        }
    }
}
