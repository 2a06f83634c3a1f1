//! `--as`: what a browser does to a request, and where it departs from the Standard.

use sofetch_inspect::Browser;

use super::Options;
use crate::args::BrowserName;
use crate::output::Streams;

/// The browser of this name.
pub(super) fn of(name: BrowserName) -> Browser {
    match name {
        BrowserName::Chromium => Browser::Chromium,
        BrowserName::Firefox => Browser::Firefox,
    }
}

impl Options {
    /// Decides as this browser.
    pub(super) fn decide_as(&mut self, browser: Browser, streams: &Streams) {
        self.browser = Some(browser);
        if let Some(note) = headers_as(browser, &mut self.request.headers) {
            streams.note(&note);
        }
    }
}

/// The headers as this browser sends them, and what is to be said of that.
pub(crate) fn headers_as(browser: Browser, headers: &mut Vec<(String, Vec<u8>)>) -> Option<String> {
    let before = headers.len();
    if browser.drops_user_agent() {
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("user-agent"));
    }
    let note =
        (headers.len() < before).then(|| format!("user-agent is left out: {} sends its own", browser.name()));
    if browser.combines_request_headers() {
        *headers = combined(std::mem::take(headers));
    }
    note
}

/// One header for each name, its values joined.
fn combined(headers: Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    let mut combined: Vec<(String, Vec<u8>)> = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        match combined.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            Some((_, values)) => {
                values.extend_from_slice(b", ");
                values.extend(value);
            }
            None => combined.push((name, value)),
        }
    }
    combined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_one_name_become_one() {
        let headers = |list: &[(&str, &str)]| {
            list.iter()
                .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
                .collect::<Vec<_>>()
        };
        let given = headers(&[("Accept", "a"), ("X", "1"), ("accept", "b"), ("ACCEPT", "")]);
        assert_eq!(combined(given), headers(&[("Accept", "a, b, "), ("X", "1")]));
        assert!(combined(Vec::new()).is_empty());
    }
}
