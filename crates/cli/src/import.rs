//! `--import`: a request that another tool wrote down. DevTools' "Copy as cURL" (for bash, cmd and PowerShell), "Copy as
//! PowerShell" and "Copy as fetch" (for browsers and Node), and HAR files.
//!
//! Whoever wrote the text decides nothing but the request: no file is read, no option of the network or of the output is
//! taken, and whatever is left out is said.

mod cmd;
mod curl;
mod entry;
mod faults;
mod fetch_call;
mod har;
mod headers;
mod javascript;
mod posix_shell;
mod powershell;
mod powershell_web;
mod words;

use sofetch::core::rules::header_guards;
use sofetch::{Bytes, CacheMode, CredentialsMode, Mode, RedirectMode, ReferrerPolicy};

pub(crate) use faults::{Fault, ImportError};
pub(crate) use headers::{bytes_of, is_redacted};

/// What a text says of a request. What it does not say is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Imported {
    /// As it was written.
    pub(crate) url: String,
    pub(crate) method: Option<String>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Option<Bytes>,
    /// In place of a body: the texts of a multipart/form-data one.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) mode: Option<Mode>,
    pub(crate) credentials: Option<CredentialsMode>,
    pub(crate) cache: Option<CacheMode>,
    pub(crate) redirect: Option<RedirectMode>,
    pub(crate) referrer: Option<String>,
    pub(crate) referrer_policy: Option<ReferrerPolicy>,
    pub(crate) integrity: Option<String>,
    /// Does the text say that there was a body which it does not hold?
    pub(crate) body_is_lost: bool,
    /// What was left out, and why.
    pub(crate) ignored: Vec<(String, Ignored)>,
}

/// Why something of the text was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ignored {
    /// The transport writes it.
    Framing,
    /// Accept-Encoding: what is asked for is what can be decoded.
    Encoding,
    /// Its value is not in the file any more.
    Redacted,
    /// An option for the network or the output: to be said on the command line.
    NotTheRequest,
    /// A member that is none of a request's here.
    Unknown,
    /// A page's headers are its rules'.
    PageRules,
    /// The browser adds it to what scripts say.
    BrowsersOwn,
}

/// What a browser adds to the requests of scripts, and writes down with what they said. Taken for theirs, it would ask for
/// preflights that no browser sends.
const BROWSERS_OWN: [&str; 3] = ["user-agent", "priority", "upgrade-insecure-requests"];

/// Why no script of a page says this header, if none does.
pub(crate) fn no_script_says(name: &str, value: &[u8]) -> Option<Ignored> {
    if BROWSERS_OWN.iter().any(|own| name.eq_ignore_ascii_case(own)) {
        return Some(Ignored::BrowsersOwn);
    }
    header_guards::forbidden_request_header(name.as_bytes(), value).map(|_| Ignored::PageRules)
}

impl Imported {
    /// The page that sent it, as far as the text tells: its URL, or its origin.
    pub(crate) fn page(&self) -> Option<String> {
        let header = |wanted: &str| {
            let found = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.and_then(|(_, value)| String::from_utf8(value.clone()).ok())
        };
        let is_page = |url: &String| url.starts_with("https://") || url.starts_with("http://");
        let referrer = self.referrer.clone().filter(is_page);
        referrer.or_else(|| header("referer").filter(is_page)).or_else(|| header("origin").filter(is_page))
    }

    fn ignore(&mut self, what: impl Into<String>, why: Ignored) {
        let ignored = (what.into(), why);
        if !self.ignored.contains(&ignored) {
            self.ignored.push(ignored);
        }
    }
}

/// Reads a text. `entry` chooses one request of several: its number, from 1, or (a part of) its URL.
pub(crate) fn import(bytes: &[u8], entry: Option<&str>) -> Result<Imported, ImportError> {
    let text = text_of(bytes)?;
    let requests = requests(text).map_err(|(fault, at)| ImportError::at(text, at, fault))?;
    let mut chosen = entry::chosen(requests, entry)?;
    chosen.without_http2s_own();
    Ok(chosen)
}

/// PowerShell and Windows' editors write UTF-8 with a mark.
fn text_of(bytes: &[u8]) -> Result<&str, ImportError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text)),
        Err(error) => {
            let before = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
            Err(ImportError::at(before, before.len(), Fault::NotUtf8))
        }
    }
}

/// A fault, and the byte at which it is.
type Faulty<T> = Result<T, (Fault, usize)>;

fn requests(text: &str) -> Faulty<Vec<Imported>> {
    let start = text.trim_start();
    let at = text.len() - start.len();
    let first: String = start.chars().take_while(|character| !character.is_whitespace()).collect();
    let first = first.trim_matches(['\'', '"', '^']).to_ascii_lowercase();
    if start.is_empty() {
        return Err((Fault::Empty, at));
    }
    if start.starts_with('{') {
        return har::requests(text);
    }
    if matches!(&*first, "curl" | "curl.exe") {
        return match dialect(start) {
            Dialect::Posix => posix_shell::commands(text).and_then(curl::requests),
            Dialect::Cmd => cmd::commands(text).and_then(curl::requests),
            Dialect::PowerShell => powershell::commands(text).and_then(curl::requests),
        };
    }
    if ["fetch(", "await", "window.fetch(", "//", "/*"].iter().any(|word| first.starts_with(word)) {
        return fetch_call::requests(text);
    }
    let is_web = |word: &str| matches!(word, "invoke-webrequest" | "invoke-restmethod" | "iwr" | "irm");
    if first.starts_with('$') || is_web(&first) {
        return powershell_web::requests(text);
    }
    Err((Fault::Unknown, at))
}

/// Whose quotes a command line has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Posix,
    Cmd,
    PowerShell,
}

/// Told by what continues a line, or by what only one of them writes: carets before quotes, or doubled quotes where nothing
/// stands in single ones.
fn dialect(text: &str) -> Dialect {
    let ends = |mark: char| {
        text.lines().any(|line| line.trim_end().strip_suffix(mark).is_some_and(|line| line.ends_with(' ')))
    };
    let singles = [" '", "$'", "\t'", "\n'"].iter().any(|begin| text.contains(begin));
    let empty_words = text.split_whitespace().filter(|word| *word == "\"\"").count();
    let doubled = !singles && text.matches("\"\"").count() > empty_words;
    if text.contains("^\"") || ends('^') {
        Dialect::Cmd
    } else if ends('`') || text.get(..8).is_some_and(|word| word.eq_ignore_ascii_case("curl.exe")) {
        Dialect::PowerShell
    } else if doubled {
        Dialect::Cmd
    } else {
        Dialect::Posix
    }
}

#[cfg(test)]
mod tests;
