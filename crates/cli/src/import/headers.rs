//! Headers as other tools write them down: which are the request's, and which only its transport's.

use sofetch::engine::is_framing_name;

use super::{Ignored, Imported};

/// What stands in a file where a secret was.
const REDACTED: &[u8] = b"[redacted]";

impl Imported {
    /// One header, if it is the request's own.
    pub(super) fn header(&mut self, name: &str, value: &[u8]) {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let why = if name.starts_with(':') || is("host") || is_framing_name(name.as_bytes()) {
            Ignored::Framing
        } else if is("accept-encoding") {
            Ignored::Encoding
        } else if is_redacted(value) {
            Ignored::Redacted
        } else {
            self.headers.push((name.to_owned(), value.to_vec()));
            return;
        };
        self.ignore(name.to_ascii_lowercase(), why);
    }

    /// DevTools writes HTTP/2's own headers without their colons: where there is an `authority`, its kin are no headers either.
    pub(super) fn without_http2s_own(&mut self) {
        if !self.has("authority") {
            return;
        }
        const OWN: [&str; 4] = ["authority", "method", "path", "scheme"];
        let is_own = |name: &str| OWN.iter().any(|own| name.eq_ignore_ascii_case(own));
        for name in OWN.iter().filter(|own| self.has(own)).copied().collect::<Vec<_>>() {
            self.ignore(name, Ignored::Framing);
        }
        self.headers.retain(|(name, _)| !is_own(name));
    }

    /// Is there a header of this name?
    pub(super) fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }
}

/// Was a secret taken out of it?
pub(crate) fn is_redacted(value: &[u8]) -> bool {
    value.windows(REDACTED.len()).any(|window| window == REDACTED)
}

/// A script's text as a header's bytes: a byte a character, as browsers have it, or UTF-8 where that cannot be.
pub(crate) fn bytes_of(text: &str) -> Vec<u8> {
    let narrow: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(character).ok()).collect();
    narrow.unwrap_or_else(|| text.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transports_headers_are_not_the_requests() {
        let mut imported = Imported::default();
        for (name, value) in [
            ("Accept", "text/html"),
            (":authority", "a.test"),
            ("Host", "a.test"),
            ("content-length", "3"),
            ("Accept-Encoding", "gzip, zstd"),
            ("Authorization", "Bearer [redacted]"),
            ("host", "a.test"),
        ] {
            imported.header(name, value.as_bytes());
        }
        assert_eq!(imported.headers, [("Accept".to_owned(), b"text/html".to_vec())]);
        let ignored = |name: &str, why| (name.to_owned(), why);
        assert_eq!(
            imported.ignored,
            [
                ignored(":authority", Ignored::Framing),
                ignored("host", Ignored::Framing),
                ignored("content-length", Ignored::Framing),
                ignored("accept-encoding", Ignored::Encoding),
                ignored("authorization", Ignored::Redacted),
            ]
        );
    }

    #[test]
    fn http2s_own_headers_may_have_lost_their_colons() {
        let names = |headers: &[&str]| {
            let mut imported = Imported::default();
            headers.iter().for_each(|name| imported.header(name, b"x"));
            imported.without_http2s_own();
            imported.headers.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(&["authority", "method", "path", "scheme", "accept"]), ["accept"]);
        assert_eq!(names(&["method", "path"]), ["method", "path"]);
    }

    #[test]
    fn a_scripts_header_has_bytes() {
        assert_eq!(bytes_of("a\u{e9}"), b"a\xE9");
        assert_eq!(bytes_of("\u{20ac}"), "\u{20ac}".as_bytes());
    }
}
