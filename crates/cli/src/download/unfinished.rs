//! A download that is not whole yet: `NAME.part`, and in `NAME.part.json` what is needed to go on with it.
//!
//! Both are this command's own files: no server can name a file so (`file_name`).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sofetch::{Headers, Url};
use sofetch_inspect::Secrets;
use sofetch_inspect::safe_text::redacted_urls;

use super::file_name::{NOTES, PART, numbered};

const SCHEMA: &str = "sofetch-part/1";

/// Larger notes are none of ours.
const NOTES_LIMIT: u64 = 64 * 1024;

/// More files of one name than this are too many.
const NUMBERS: u32 = 1_000;

/// What is remembered of the response that a part is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notes {
    schema: String,
    /// Its secrets redacted: enough to tell one download from another.
    pub(crate) url: String,
    /// For `If-Range`: a strong ETag, or a date.
    pub(crate) validator: String,
    /// Of the whole, in bytes.
    pub(crate) length: Option<u64>,
}

impl Notes {
    /// Of a whole response; `None` where a part of it could not be gone on with safely.
    pub(crate) fn of(url: &Url, headers: &Headers) -> Option<Notes> {
        let encoded = headers.has("Content-Encoding");
        let refused = headers.get("Accept-Ranges").is_some_and(|value| value.eq_ignore_ascii_case("none"));
        if encoded || refused {
            return None;
        }
        Some(Notes {
            schema: SCHEMA.to_owned(),
            url: key_of(url),
            validator: validator(headers)?,
            length: headers.get("Content-Length").and_then(|value| value.parse().ok()),
        })
    }
}

/// The part, open to be written at its end.
pub(crate) struct Part {
    /// The file that it becomes.
    pub(crate) to: PathBuf,
    /// May that be one that is there already?
    pub(crate) overwrite: bool,
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    /// Can it be gone on with?
    pub(crate) resumable: bool,
}

impl Part {
    /// A new part. Without `overwrite` the name gets a number until neither the file nor a part of it is there.
    pub(crate) fn create(to: &Path, overwrite: bool) -> io::Result<Part> {
        let name = to.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        // NB: a device that was typed would be replaced by a file.
        let there = fs::symlink_metadata(to).map(|metadata| metadata.file_type());
        if overwrite && there.is_ok_and(|there| !there.is_file() && !there.is_symlink()) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        for number in 0..NUMBERS {
            let to = match &name {
                Some(name) => to.with_file_name(numbered(name, number)),
                // NB: only who typed a name types one that is no text.
                None => to.to_owned(),
            };
            let path = with_ending(&to, PART);
            if overwrite {
                // NB: a link in its place goes; what it leads to stays.
                remove(&path)?;
                remove(&with_ending(&to, NOTES))?;
            } else if fs::symlink_metadata(&to).is_ok() {
                continue;
            }
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Part { to, overwrite, path, file, resumable: false }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !overwrite => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Writes beside it what it is a part of.
    pub(crate) fn remember(&mut self, notes: &Notes) -> io::Result<()> {
        let path = with_ending(&self.to, NOTES);
        remove(&path)?;
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        serde_json::to_writer(file, notes)?;
        self.resumable = true;
        Ok(())
    }

    /// It is whole: it gets its name, and the notes go. The name, which has a number more if another came in between.
    pub(crate) fn finish(self) -> io::Result<PathBuf> {
        drop(self.file);
        let notes = with_ending(&self.to, NOTES);
        let name = self.to.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        for number in 0..NUMBERS {
            let to = match &name {
                Some(name) => self.to.with_file_name(numbered(name, number)),
                None => self.to.clone(),
            };
            if !self.overwrite {
                // The name is taken before the part comes to it, so that nobody's file goes.
                match OpenOptions::new().write(true).create_new(true).open(&to) {
                    Ok(_) => {}
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists && name.is_some() => continue,
                    Err(error) => return Err(error),
                }
            }
            fs::rename(&self.path, &to)?;
            remove(&notes)?;
            return Ok(to);
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

/// A part of an earlier run, and what it is a part of.
#[derive(Debug)]
pub(crate) struct Unfinished {
    /// The file that it becomes.
    to: PathBuf,
    pub(crate) notes: Notes,
    /// How much is there, in bytes.
    pub(crate) length: u64,
}

impl Unfinished {
    /// The part of this file, or in this folder any part of this URL.
    pub(crate) fn find(to: Option<&Path>, url: &Url) -> Option<Unfinished> {
        if let Some(to) = to {
            return Unfinished::of(to).filter(|found| found.notes.url == key_of(url));
        }
        let mut names: Vec<_> = fs::read_dir(".")
            .ok()?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter_map(|name| name.strip_suffix(&format!(".{NOTES}")).map(str::to_owned))
            .collect();
        names.sort_unstable();
        let mut found = names.iter().filter_map(|name| Unfinished::of(Path::new(name)));
        found.find(|found| found.notes.url == key_of(url))
    }

    fn of(to: &Path) -> Option<Unfinished> {
        let is_file = |path: &Path| fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file);
        let notes = with_ending(to, NOTES);
        is_file(&notes).filter(|metadata| metadata.len() <= NOTES_LIMIT)?;
        let notes: Notes = serde_json::from_slice(&fs::read(notes).ok()?).ok()?;
        let length = is_file(&with_ending(to, PART))?.len();
        (notes.schema == SCHEMA && length > 0).then(|| Unfinished { to: to.to_owned(), notes, length })
    }

    /// Opened, to be gone on with.
    pub(crate) fn open(&self, overwrite: bool) -> io::Result<Part> {
        let path = with_ending(&self.to, PART);
        let file = OpenOptions::new().append(true).open(&path)?;
        Ok(Part { to: self.to.clone(), overwrite, path, file, resumable: true })
    }

    /// It is of no use: both files go.
    pub(crate) fn discard(&self) -> io::Result<()> {
        remove(&with_ending(&self.to, PART))?;
        remove(&with_ending(&self.to, NOTES))
    }
}

/// How a URL stands in the notes.
fn key_of(url: &Url) -> String {
    redacted_urls(url.href_without_fragment(), Secrets::Redacted).into_owned()
}

/// A strong validator (RFC 9110, 8.8): an ETag that says so, or a date that was past by a second when it was sent.
fn validator(headers: &Headers) -> Option<String> {
    if let Some(tag) =
        headers.get("ETag").filter(|tag| tag.starts_with('"') && tag.len() > 1 && tag.ends_with('"'))
    {
        return Some(tag);
    }
    let date = |name| headers.get(name).and_then(|value| httpdate::parse_http_date(&value).ok());
    let (modified, sent) = (date("Last-Modified")?, date("Date")?);
    let past = sent.duration_since(modified).is_ok_and(|past| past >= Duration::from_secs(1));
    headers.get("Last-Modified").filter(|_| past)
}

/// `a.txt` and `part` to `a.txt.part`.
fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(pairs: &[(&str, &str)]) -> Option<(String, Option<u64>)> {
        let headers = Headers::from_pairs(pairs.iter().copied()).expect("headers");
        let url = Url::parse("https://a.test/x", None).expect("a URL");
        Notes::of(&url, &headers).map(|notes| (notes.validator, notes.length))
    }

    #[test]
    fn what_can_be_gone_on_with() {
        let (date, later) = ("Thu, 01 Jan 1970 00:00:10 GMT", "Thu, 01 Jan 1970 00:00:11 GMT");
        let found = |validator: &str| Some((validator.to_owned(), None));
        type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], Option<(String, Option<u64>)>);
        let table: [Row<'_>; 10] = [
            ("a strong tag", &[("ETag", "\"a\"")], found("\"a\"")),
            (
                "with a length",
                &[("ETag", "\"a\""), ("Content-Length", "5")],
                Some(("\"a\"".to_owned(), Some(5))),
            ),
            ("a weak one is none", &[("ETag", "W/\"a\"")], None),
            ("a date that was past", &[("Last-Modified", date), ("Date", later)], found(date)),
            ("a date that was now", &[("Last-Modified", date), ("Date", date)], None),
            ("a date alone", &[("Last-Modified", date)], None),
            (
                "a weak tag and a date",
                &[("ETag", "W/\"a\""), ("Last-Modified", date), ("Date", later)],
                found(date),
            ),
            ("an encoded body", &[("ETag", "\"a\""), ("Content-Encoding", "gzip")], None),
            ("a server that does not", &[("ETag", "\"a\""), ("Accept-Ranges", "none")], None),
            ("nothing", &[], None),
        ];
        for (name, pairs, expected) in table {
            assert_eq!(notes(pairs), expected, "{name}");
        }
    }

    #[test]
    fn no_secret_is_written() {
        let url = Url::parse("https://u:hush@a.test/x?token=hush#y", None).expect("a URL");
        assert_eq!(key_of(&url), "https://[redacted]@a.test/x?token=[redacted]");
    }
}
