//! Lines of HTTP as a person reads them: `PATCH https://b.test/x`, `Accept: */*`. Escaped, and credentials redacted.

use sofetch_core::infrastructure::connections::Protocol;
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::url::Url;

use crate::safe_text::{Secrets, escaped, redacted, redacted_urls};

/// The request line.
pub(crate) fn request_line(method: &Method, url: &Url, secrets: Secrets) -> String {
    format!("{} {}", escaped(method.as_str()), shown_url(url, secrets))
}

/// The status line.
pub(crate) fn status_line(
    status: u16,
    status_message: &[u8],
    protocol: Protocol,
    secrets: Secrets,
) -> String {
    match redacted(b"", status_message, secrets) {
        message if message.is_empty() => format!("{} {status}", protocol.as_str()),
        message => format!("{} {status} {message}", protocol.as_str()),
    }
}

/// A line for each header, in order.
pub(crate) fn header_lines(list: &HeaderList, secrets: Secrets) -> impl Iterator<Item = String> {
    list.iter().map(move |header| {
        let value = redacted(header.name(), header.value(), secrets);
        format!("{}: {value}", escaped(header.name()))
    })
}

/// A URL as one may print it.
pub(crate) fn shown_url(url: &Url, secrets: Secrets) -> String {
    shown_text(url.href(), secrets)
}

/// Any text as one may print it.
pub(crate) fn shown_text(text: &str, secrets: Secrets) -> String {
    escaped(&*redacted_urls(text, secrets)).into_owned()
}
