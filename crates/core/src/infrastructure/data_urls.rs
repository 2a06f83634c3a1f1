//! [`data:` URLs](https://fetch.spec.whatwg.org/#data-urls): the processor that takes one apart into its type and bytes.
//!
//! Works on the URL as parsed, so on ASCII; base64 is decoded in `base64.rs`.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

use crate::infrastructure::base64::forgiving_base64_decode;
use crate::infrastructure::mime_types::MimeType;
use crate::infrastructure::percent_encoding::percent_decode;
use crate::infrastructure::url::Url;

/// <https://fetch.spec.whatwg.org/#data-url-struct>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataUrl {
    /// <https://fetch.spec.whatwg.org/#data-url-struct-mime-type>
    pub mime_type: MimeType,
    /// <https://fetch.spec.whatwg.org/#data-url-struct-body>
    pub body: Bytes,
}

/// Why the processor returned failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataUrlFailure {
    /// Step 1: the scheme is another.
    NotADataUrl,
    /// Step 7: no comma divides type and body.
    NoComma,
    /// Step 11.3: the body says that it is base64, and is not.
    InvalidBase64,
}

impl fmt::Display for DataUrlFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DataUrlFailure::NotADataUrl => "not a data: URL",
            DataUrlFailure::NoComma => "the data: URL has no comma",
            DataUrlFailure::InvalidBase64 => "the data: URL's body is not base64",
        })
    }
}
impl std::error::Error for DataUrlFailure {}

/// <https://fetch.spec.whatwg.org/#data-url-processor>
pub fn data_url_processor(data_url: &Url) -> Result<DataUrl, DataUrlFailure> {
    // 1 to 3.
    let input = data_url.href_without_fragment().strip_prefix("data:").ok_or(DataUrlFailure::NotADataUrl)?;
    // 4, 5, 7 to 9.
    let (mime_type, encoded_body) = input.split_once(',').ok_or(DataUrlFailure::NoComma)?;
    // 6. Only spaces are left of whitespace after URL parsing.
    let mut mime_type = mime_type.trim_matches(' ');
    // 10.
    let mut body = percent_decode(encoded_body.as_bytes());
    // 11.
    if let Some(before) = strip_base64(mime_type) {
        // NB: bytes above ASCII, decoded or not, are no base64 either way.
        let decoded = forgiving_base64_decode(&body);
        body = Cow::Owned(decoded.map_err(|_| DataUrlFailure::InvalidBase64)?);
        mime_type = before;
    }
    // 12 to 14.
    let parsed = if mime_type.starts_with(';') {
        MimeType::parse(&format!("text/plain{mime_type}"))
    } else {
        MimeType::parse(mime_type)
    };
    // 15.
    Ok(DataUrl {
        mime_type: parsed.unwrap_or_else(|_| MimeType::text_plain_us_ascii()),
        body: body.into_owned().into(),
    })
}

/// What stands before a semicolon, any spaces and "base64" at the end.
fn strip_base64(mime_type: &str) -> Option<&str> {
    let before = mime_type.len().checked_sub("base64".len())?;
    let (rest, word) = mime_type.split_at_checked(before)?;
    if !word.eq_ignore_ascii_case("base64") {
        return None;
    }
    rest.trim_end_matches(' ').strip_suffix(';')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::mime_types::wpt_data::{bytes, cases, text};

    fn process(url: &str) -> Result<(String, Vec<u8>), DataUrlFailure> {
        data_url_processor(&Url::parse(url, None).expect("a URL of the table"))
            .map(|data_url| (data_url.mime_type.to_string(), data_url.body.to_vec()))
    }

    #[test]
    fn data_url_table() {
        for (name, url, mime_type, body) in [
            ("no type is plain text in ASCII", "data:,x", "text/plain;charset=US-ASCII", &b"x"[..]),
            ("only parameters are plain text", "data:;charset=utf-8,x", "text/plain;charset=utf-8", b"x"),
            ("the fragment is no part of the body", "data:,a#b", "text/plain;charset=US-ASCII", b"a"),
            ("nor of the type", "data:a/b,#c,d", "a/b", b""),
            ("a query is part of the body", "data:,a?b=c", "text/plain;charset=US-ASCII", b"a?b=c"),
            ("only the first comma divides", "data:a/b,c,d", "a/b", b"c,d"),
            ("base64 without its padding", "data:a/b;base64,YQ", "a/b", b"a"),
            ("percent-decoded before base64", "data:a/b;base64,Y%51%3D%3D", "a/b", b"a"),
            ("base64 needs its semicolon", "data:a/base64,YQ", "a/base64", b"YQ"),
            ("the word alone is no type", "data:base64,YQ", "text/plain;charset=US-ASCII", b"YQ"),
            ("a bad type is plain text in ASCII", "data:x/,y", "text/plain;charset=US-ASCII", b"y"),
        ] {
            assert_eq!(process(url), Ok((mime_type.to_owned(), body.to_vec())), "{name}");
        }
    }

    #[test]
    fn data_url_failures() {
        for (url, failure) in [
            ("https://a.test/,", DataUrlFailure::NotADataUrl),
            ("data:text/plain", DataUrlFailure::NoComma),
            ("data:#,", DataUrlFailure::NoComma),
            ("data:;base64,a", DataUrlFailure::InvalidBase64),
            ("data:;base64,%FF%FF", DataUrlFailure::InvalidBase64),
            ("data:;base64,a===", DataUrlFailure::InvalidBase64),
        ] {
            assert_eq!(process(url), Err(failure), "{url}");
        }
    }

    #[test]
    fn a_type_with_parameters_twice_keeps_the_first() {
        assert_eq!(process("data:a/b;X=1;x=2,").map(|(mime_type, _)| mime_type), Ok("a/b;x=1".to_owned()));
    }

    #[test]
    fn wpt_data_urls() {
        for case in cases("fetch/data-urls/resources/data-urls.json", 72) {
            let input = text(&case[0]);
            let processed = Url::parse(input, None).ok().and_then(|url| data_url_processor(&url).ok());
            let Some(data_url) = processed else {
                assert!(case[1].is_null(), "{input:?}");
                continue;
            };
            assert_eq!(Some(&*data_url.mime_type.to_string()), case[1].as_str(), "{input:?}");
            assert_eq!(data_url.body, bytes(&case[2]), "{input:?}");
        }
    }

    #[test]
    fn wpt_base64() {
        for case in cases("fetch/data-urls/resources/base64.json", 80) {
            let input = text(&case[0]);
            // As the test suite asks it: the input as it stands in a data: URL.
            let url = Url::parse(&format!("data:;base64,{input}"), None).expect("a URL");
            let decoded = data_url_processor(&url).ok().map(|data_url| data_url.body.to_vec());
            assert_eq!(decoded, (!case[1].is_null()).then(|| bytes(&case[1])), "{input:?}");
        }
    }
}
