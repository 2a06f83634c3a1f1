//! What was sent and what came back, as lines that are safe to print: escaped, secrets redacted, and none longer than a
//! person would read.

use sofetch_core::infrastructure::header_list::Header;

use super::answers::AuditExchange;
use crate::lines::shown_url;
use crate::safe_text::{Secrets, escaped, redacted};

/// A request and its answer, as far as they bear on a finding.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Evidence {
    /// The request line, and the headers that matter.
    pub request: Vec<String>,
    /// The headers of the answer that matter; empty where there are none.
    pub response: Vec<String>,
    /// The answer's status, if one came.
    pub status: Option<u16>,
}

/// A server may send any number of headers, of any length.
const LINES: usize = 24;
const LENGTH: usize = 300;

/// The answer's headers that bear on CORS and on who may store what.
const TELLING: [&str; 7] =
    ["vary", "cache-control", "set-cookie", "location", "www-authenticate", "allow", "content-type"];

impl Evidence {
    pub(crate) fn of(exchange: &AuditExchange, secrets: Secrets) -> Evidence {
        let probe = &exchange.probe;
        let mut request = vec![cut(&format!("{} {}", probe.method.as_str(), shown_url(&probe.url, secrets)))];
        // Fetch Metadata is for servers that look at it; it explains nothing here.
        let telling = probe.headers.iter().filter(|header| !header.name().starts_with(b"Sec-"));
        request.extend(telling.map(|header| line(header, secrets)));
        let Ok(answer) = &exchange.answer else {
            return Evidence { request, response: Vec::new(), status: None };
        };
        let telling = |header: &&Header| {
            let name = header.name().to_ascii_lowercase();
            name.starts_with(b"access-control-") || TELLING.iter().any(|known| known.as_bytes() == name)
        };
        let mut response: Vec<String> = answer
            .header_list
            .iter()
            .filter(telling)
            .take(LINES + 1)
            .map(|header| line(header, secrets))
            .collect();
        if response.len() > LINES {
            response.truncate(LINES);
            response.push("(and more)".to_owned());
        }
        Evidence { request, response, status: Some(answer.status) }
    }
}

fn line(header: &Header, secrets: Secrets) -> String {
    let value = redacted(header.name(), header.value(), secrets);
    cut(&format!("{}: {value}", escaped(header.name())))
}

/// A text's beginning, and how much there was of it.
pub(crate) fn cut(text: &str) -> String {
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}... ({} characters)", &text[..end], text.chars().count()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use sofetch_core::infrastructure::header_list::HeaderList;
    use sofetch_core::infrastructure::url::Url;

    use super::*;
    use crate::audit::answers::Answer;
    use crate::audit::plan::{AuditQuestion, plan};

    fn exchange(headers: &[(&'static str, &str)]) -> AuditExchange {
        let url = Url::parse("https://u:hush@a.test/?token=hush", None).expect("a URL");
        let mut question = AuditQuestion::new(url);
        question.headers.append("Authorization", "Bearer hush");
        let mut header_list = HeaderList::new();
        headers.iter().for_each(|(name, value)| header_list.append(*name, value.as_bytes().to_vec()));
        let probe = plan(&question).swap_remove(1);
        AuditExchange { probe, answer: Ok(Answer { status: 200, header_list }) }
    }

    #[test]
    fn lines_are_safe_and_short() {
        let long = "a".repeat(65536);
        let found = Evidence::of(
            &exchange(&[
                ("Access-Control-Allow-Origin", "\u{1b}[31m"),
                ("Set-Cookie", "a=hush"),
                ("Vary", &long),
                ("X-Other", "left out"),
            ]),
            Secrets::Redacted,
        );
        assert_eq!(found.response.len(), 3, "{found:?}");
        assert_eq!(found.response[0], "Access-Control-Allow-Origin: \\x1B[31m");
        assert!(
            found.response[2].len() < 400 && found.response[2].ends_with("(65542 characters)"),
            "{found:?}"
        );
        assert!(!format!("{found:?}").contains("hush"), "{found:?}");
        assert!(found.request.iter().any(|line| line == "Authorization: Bearer [redacted]"), "{found:?}");
    }

    #[test]
    fn there_are_not_many_lines() {
        let found = Evidence::of(&exchange(&[("Vary", "a"); 1000]), Secrets::Redacted);
        assert_eq!(found.response.len(), LINES + 1);
    }
}
