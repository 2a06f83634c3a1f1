//! `--copy-as`: a command, or code, that sends the same request.
//!
//! What tools write by themselves (Host, Content-Length) is left to them; what they would add is taken away. Secrets are
//! redacted, unless they are to be shown.

mod commands;
mod programs;
mod shell_quotes;

use sofetch::{Bytes, Url};
use sofetch_inspect::Secrets;
use sofetch_inspect::safe_text::{redacted, redacted_urls};

use crate::args::CopyAs;
use crate::offline::Outgoing;
use crate::options::{PageOption, RequestOptions};

/// All that is known of a request.
pub(crate) struct Source<'a> {
    /// As it would be sent.
    pub(crate) sent: &'a Outgoing,
    /// As it was asked for; a form's body is whole already.
    pub(crate) asked: &'a RequestOptions,
    pub(crate) page: Option<&'a PageOption>,
    /// `--user-agent`; `Some(None)` sends none.
    pub(crate) user_agent: Option<&'a Option<String>>,
}

/// The text, and what is to be said of it.
pub(crate) struct Copied {
    pub(crate) text: String,
    pub(crate) notes: Vec<String>,
}

/// The request as this tool takes it.
pub(crate) fn copy_as(form: CopyAs, source: &Source<'_>, secrets: Secrets) -> Copied {
    let mut cleaner = Cleaner { secrets, redacted: false };
    let mut notes = Vec::new();
    let text = match form {
        CopyAs::Curl => commands::curl(&Plain::of_sent(source, &mut cleaner)),
        CopyAs::Httpie => commands::httpie(&Plain::of_sent(source, &mut cleaner), &mut notes),
        CopyAs::Reqwest => programs::reqwest(&Plain::of_sent(source, &mut cleaner)),
        CopyAs::Fetch => programs::fetch(source, &Plain::of_sent(source, &mut cleaner), &mut notes),
        CopyAs::Sofetch => commands::sofetch(source, &Plain::of_asked(source, &mut cleaner)),
    };
    if cleaner.redacted {
        notes.push("secrets are redacted: --show-secrets writes them".to_owned());
    }
    Copied { text, notes }
}

/// Redacts, and knows whether it did.
struct Cleaner {
    secrets: Secrets,
    redacted: bool,
}

impl Cleaner {
    fn url(&mut self, url: &Url) -> String {
        let clean = redacted_urls(url.href(), self.secrets).into_owned();
        self.redacted |= clean != url.href();
        clean
    }

    fn value(&mut self, name: &[u8], value: &[u8]) -> Vec<u8> {
        let clean = redacted(name, value, self.secrets);
        if clean == redacted(name, value, Secrets::Shown) {
            return value.to_vec();
        }
        self.redacted = true;
        clean.into_bytes()
    }
}

/// A request without what transports write, clean.
struct Plain {
    method: String,
    url: String,
    /// Names as they were typed; values may have any bytes.
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Bytes>,
}

impl Plain {
    /// With all headers that are sent, but Accept-Encoding, which follows from what a tool decodes.
    fn of_sent(source: &Source<'_>, cleaner: &mut Cleaner) -> Plain {
        let own = |name: &[u8]| {
            name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"accept-encoding")
        };
        let headers = source.sent.headers.iter().filter(|header| !own(header.name())).map(|header| {
            let name = String::from_utf8_lossy(header.name()).into_owned();
            (name, cleaner.value(header.name(), header.value()))
        });
        let headers = headers.collect();
        Plain {
            method: source.sent.method.clone(),
            url: cleaner.url(&source.sent.url),
            headers,
            body: source.sent.body.clone(),
        }
    }

    /// With the headers that were asked for; the rules add the others again.
    fn of_asked(source: &Source<'_>, cleaner: &mut Cleaner) -> Plain {
        let headers = source
            .asked
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), cleaner.value(name.as_bytes(), value)));
        let headers = headers.collect();
        Plain {
            method: source.sent.method.clone(),
            url: cleaner.url(&source.asked.url),
            headers,
            body: source.asked.body.as_ref().and_then(|body| body.whole()),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests;
