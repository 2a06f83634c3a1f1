//! What is wrong with what was typed into the lab, and what an import lost.

use sofetch_inspect::Secrets;
use sofetch_inspect::safe_text::{escaped, redacted_urls};

pub(crate) const NO_BROWSER: &str = "no browser could be started: open the address yourself";
pub(crate) const NO_ORIGIN: &str = "Who asks? An origin such as https://app.example, a page's URL, or null.";
pub(crate) const REDACTED_URL: &str = "The URL was redacted when it was written down: type the whole of it.";
pub(crate) const BODY_IS_LOST: &str = "the request had a body, which the text does not hold";
pub(crate) const BODY_IS_NO_TEXT: &str = "the body is left out: it is no text";

pub(crate) fn no_origin(said: &str) -> String {
    format!("{} is neither an origin, nor a page's URL, nor null.", quoted(said))
}

pub(crate) fn no_url(said: &str) -> String {
    format!("{} is not a URL.", quoted(said))
}

pub(crate) fn no_method(said: &str) -> String {
    format!("{} is no method: a method is a token, such as PATCH.", quoted(said))
}

pub(crate) fn no_word(said: &str) -> String {
    format!("{} is none of the words that may stand here.", quoted(said))
}

fn quoted(said: &str) -> String {
    format!("\u{201c}{}\u{201d}", safe(said, Secrets::Redacted))
}

/// A text as it may be shown.
pub(crate) fn safe(said: &str, secrets: Secrets) -> String {
    escaped(&*redacted_urls(said, secrets)).into_owned()
}
