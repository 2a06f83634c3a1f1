//! [CORS-safelisted request-headers](https://fetch.spec.whatwg.org/#cors-safelisted-request-header): what goes without a preflight, and what may be read.
//!
//! Whether a preflight follows is the preflight's own question; these only say which limit a header breaks.
//! Half of the file is tables of tests.

use crate::infrastructure::header_list::HeaderList;
use crate::infrastructure::header_names::{KnownName, known_name};
use crate::infrastructure::header_values::normalize;
use crate::infrastructure::methods::is_token;
use crate::infrastructure::ranges::parse_a_single_range_header_value;
use crate::rules::verdict::{Verdict, said};

/// The verdict of [`cors_safelisted_request_header`] and [`no_cors_safelisted_request_header`]. Offsets count bytes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CorsSafelist {
    /// Step 3: within every limit.
    Safelisted,
    /// Step 1: a value of more than 128 bytes.
    TooLong {
        /// How many.
        length: usize,
    },
    /// Step 2: a byte that values of this name may not have.
    UnsafeByte {
        /// Which.
        byte: u8,
        /// Where the first one stands.
        at: usize,
    },
    /// Step 2, `content-type`: no MIME type.
    NoMimeType {
        /// The value.
        said: String,
    },
    /// Step 2, `content-type`: a MIME type that no form sends.
    UnsafeMimeType {
        /// Its essence.
        essence: String,
    },
    /// Step 2, `range`: no single range.
    NoSingleRange {
        /// The value.
        said: String,
    },
    /// Step 2, `range`: a range that has no start.
    NoRangeStart {
        /// The value.
        said: String,
    },
    /// Step 2: a name outside the list.
    NotListed,
    /// [CORS-unsafe request-header names](https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names) step 5: safelisted
    /// alone, but more than 1024 bytes together with the others.
    TooLongTogether {
        /// The length of all safelisted values.
        total: usize,
    },
}

impl CorsSafelist {
    /// Is the header safelisted?
    pub fn is_safelisted(&self) -> bool {
        matches!(self, CorsSafelist::Safelisted)
    }
}

impl Verdict for CorsSafelist {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#cors-safelisted-request-header";
    fn blocks(&self) -> bool {
        false
    }
}

/// <https://fetch.spec.whatwg.org/#cors-safelisted-request-header>
pub fn cors_safelisted_request_header(name: &[u8], value: &[u8]) -> CorsSafelist {
    judge(known_name(name), value)
}

fn judge(name: KnownName, value: &[u8]) -> CorsSafelist {
    // 1. 128 bytes at most.
    if value.len() > 128 {
        return CorsSafelist::TooLong { length: value.len() };
    }
    // 2. By name.
    match name {
        KnownName::ACCEPT => bytes_outside(value, UNSAFE),
        KnownName::ACCEPT_LANGUAGE | KnownName::CONTENT_LANGUAGE => bytes_outside(value, NOT_OF_LANGUAGES),
        KnownName::CONTENT_TYPE => match bytes_outside(value, UNSAFE) {
            CorsSafelist::Safelisted => mime_type_of_a_form(value),
            unsafe_byte => unsafe_byte,
        },
        KnownName::RANGE => match parse_a_single_range_header_value(value, false) {
            Err(_) => CorsSafelist::NoSingleRange { said: said(value) },
            Ok(range) if range.start.is_none() => CorsSafelist::NoRangeStart { said: said(value) },
            Ok(_) => CorsSafelist::Safelisted,
        },
        _ => CorsSafelist::NotListed,
        // 3. What is left is safelisted.
    }
}

fn bytes_outside(value: &[u8], class: u8) -> CorsSafelist {
    match value.iter().position(|&byte| BYTES[byte as usize] & class != 0) {
        Some(at) => CorsSafelist::UnsafeByte { byte: value[at], at },
        None => CorsSafelist::Safelisted,
    }
}

/// The essence of a [MIME type](https://mimesniff.spec.whatwg.org/#parse-a-mime-type) is all that counts, and no parameter makes
/// parsing fail: so neither is kept.
fn mime_type_of_a_form(value: &[u8]) -> CorsSafelist {
    let essence = value.split(|&byte| byte == b';').next().unwrap_or_default();
    let essence = normalize(essence);
    let is = |form: &str| essence.eq_ignore_ascii_case(form.as_bytes());
    if is("application/x-www-form-urlencoded") || is("multipart/form-data") || is("text/plain") {
        return CorsSafelist::Safelisted;
    }
    // NB: blanks may follow the subtype, but not surround the slash; no token has one.
    match essence.iter().position(|&byte| byte == b'/') {
        Some(slash) if is_token(&essence[..slash]) && is_token(&essence[slash + 1..]) => {
            CorsSafelist::UnsafeMimeType { essence: said(&essence.to_ascii_lowercase()) }
        }
        _ => CorsSafelist::NoMimeType { said: said(value) },
    }
}

/// <https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte>
pub fn is_cors_unsafe_request_header_byte(byte: u8) -> bool {
    BYTES[byte as usize] & UNSAFE != 0
}

const UNSAFE: u8 = 1;
const NOT_OF_LANGUAGES: u8 = 2;

const BYTES: &[u8; 256] = &{
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let byte = index as u8;
        let is_unsafe = match byte {
            b'\t' => false,
            0..=0x1F | 0x7F => true,
            b'"' | b'(' | b')' | b':' | b'<' | b'>' | b'?' | b'@' | b'[' | b'\\' | b']' | b'{' | b'}' => true,
            _ => false,
        };
        let is_of_languages =
            byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'*' | b',' | b'-' | b'.' | b';' | b'=');
        table[index] =
            if is_unsafe { UNSAFE } else { 0 } | if is_of_languages { 0 } else { NOT_OF_LANGUAGES };
        index += 1;
    }
    table
};

/// A name of the [CORS-unsafe request-header names](https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct UnsafeName {
    /// In lower case.
    pub name: String,
    /// What makes the first such header of that name unsafe.
    pub because: CorsSafelist,
}

/// <https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names>: lower-cased and sorted, each name once.
pub fn cors_unsafe_request_header_names(headers: &HeaderList) -> Vec<UnsafeName> {
    let lower_cased = |name: &[u8]| said(&name.to_ascii_lowercase());
    // 1, 3.
    let mut unsafe_names = Vec::new();
    let mut safelist_value_size = 0_usize;
    // 4. Unsafe alone.
    for header in headers {
        match judge(header.known(), header.value()) {
            CorsSafelist::Safelisted => {
                safelist_value_size = safelist_value_size.saturating_add(header.value().len());
            }
            because => unsafe_names.push(UnsafeName { name: lower_cased(header.name()), because }),
        }
    }
    // 2, 5. Unsafe together: then every safelisted one is. NB: they are judged again rather than remembered.
    if safelist_value_size > 1024 {
        for header in headers {
            if judge(header.known(), header.value()).is_safelisted() {
                let because = CorsSafelist::TooLongTogether { total: safelist_value_size };
                unsafe_names.push(UnsafeName { name: lower_cased(header.name()), because });
            }
        }
    }
    // 6. The sort is stable, so each name keeps its first reason.
    unsafe_names.sort_by(|a, b| a.name.cmp(&b.name));
    unsafe_names.dedup_by(|later, first| later.name == first.name);
    unsafe_names
}

/// <https://fetch.spec.whatwg.org/#no-cors-safelisted-request-header>
pub fn no_cors_safelisted_request_header(name: &[u8], value: &[u8]) -> CorsSafelist {
    let known = known_name(name);
    // 1. By name: fewer than with CORS.
    if !known.is_no_cors_safelisted_request_header_name() {
        return CorsSafelist::NotListed;
    }
    // 2. By value.
    judge(known, value)
}

/// The verdict of [`cors_safelisted_response_header_name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CorsExposure {
    /// One of the seven names that every CORS response shows.
    Safelisted,
    /// Listed by the response.
    Listed,
    /// A forbidden response-header name: listing it does not help.
    Forbidden,
    /// Not listed.
    NotListed,
}

impl CorsExposure {
    /// May a caller of another origin read the header?
    pub fn is_safelisted(self) -> bool {
        matches!(self, CorsExposure::Safelisted | CorsExposure::Listed)
    }
}

impl Verdict for CorsExposure {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name";
    fn blocks(&self) -> bool {
        false
    }
}

/// <https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name>
pub fn cors_safelisted_response_header_name<Name: AsRef<[u8]>>(name: &[u8], list: &[Name]) -> CorsExposure {
    let known = known_name(name);
    if known.is_cors_safelisted_response_header_name() {
        CorsExposure::Safelisted
    } else if known.is_forbidden_response_header_name() {
        CorsExposure::Forbidden
    } else if list.iter().any(|item| item.as_ref().eq_ignore_ascii_case(name)) {
        CorsExposure::Listed
    } else {
        CorsExposure::NotListed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::header_values::{
        HeaderListValues, extract_header_list_values, isomorphic_decode,
    };
    use crate::infrastructure::mime_types::wpt_data::cases;
    use CorsSafelist::*;
    use bytes::Bytes;

    #[test]
    fn cors_safelisted_request_header_table() {
        let a_128 = "a".repeat(128);
        let a_129 = "a".repeat(129);
        let mime = |essence: &str| UnsafeMimeType { essence: essence.to_owned() };
        let no_mime = |said: &str| NoMimeType { said: said.to_owned() };
        let no_range = |said: &str| NoSingleRange { said: said.to_owned() };
        for (row, name, value, expected) in [
            ("accept takes most bytes", "ACCEPT", "text/html, */*;q=0.8,\t~\u{e9}", Safelisted),
            ("empty values are safe", "accept", "", Safelisted),
            ("128 bytes are not too many", "accept", &a_128, Safelisted),
            ("129 bytes are", "accept", &a_129, TooLong { length: 129 }),
            ("length comes before the name", "x", &a_129, TooLong { length: 129 }),
            ("a quote is unsafe in accept", "Accept", "a\"", UnsafeByte { byte: b'"', at: 1 }),
            ("DEL is unsafe", "accept", "\x7F", UnsafeByte { byte: 0x7F, at: 0 }),
            ("languages", "Accept-Language", "en-GB, de;q=0.5, *", Safelisted),
            ("no slash in languages", "accept-language", "en/US", UnsafeByte { byte: b'/', at: 2 }),
            ("no tab in languages", "content-language", "a\tb", UnsafeByte { byte: b'\t', at: 1 }),
            ("no underscore in languages", "Content-Language", "en_US", UnsafeByte { byte: b'_', at: 2 }),
            ("a form", "Content-Type", "application/x-www-form-urlencoded", Safelisted),
            ("another", "content-type", "Multipart/Form-Data; boundary=x", Safelisted),
            ("plain text with blanks", "content-type", " \ttext/plain \t;charset=utf-8", Safelisted),
            ("parameters may be broken", "content-type", "text/plain;;=;a", Safelisted),
            ("JSON", "content-type", "Application/JSON;x", mime("application/json")),
            (
                "two types are none",
                "content-type",
                "application/json, text/plain",
                no_mime("application/json, text/plain"),
            ),
            (
                "the plain one first does not help",
                "content-type",
                "text/plain, a/b",
                no_mime("text/plain, a/b"),
            ),
            ("no type", "content-type", "", no_mime("")),
            ("no slash", "content-type", "text", no_mime("text")),
            ("no subtype", "content-type", "text/", no_mime("text/")),
            ("a blank before the slash", "content-type", "text /plain", no_mime("text /plain")),
            ("a colon comes before the type", "content-type", "x:/", UnsafeByte { byte: b':', at: 1 }),
            ("a range", "Range", "bytes=0-9", Safelisted),
            ("an open range", "range", "bytes=5-", Safelisted),
            ("a range without start", "range", "bytes=-5", NoRangeStart { said: "bytes=-5".into() }),
            ("two ranges", "range", "bytes=0-1,3-4", no_range("bytes=0-1,3-4")),
            ("blanks in a range", "range", "bytes= 0-1", no_range("bytes= 0-1")),
            ("any other name", "X-Test", "hi", NotListed),
            ("authorization", "Authorization", "Basic x", NotListed),
            ("a name near one", "acceptx", "", NotListed),
            ("dpr is not in the list", "DPR", "1", NotListed),
        ] {
            let value: Vec<u8> = value.chars().map(|char| char as u8).collect();
            assert_eq!(cors_safelisted_request_header(name.as_bytes(), &value), expected, "{row}");
        }
    }

    #[test]
    fn each_byte_is_in_its_class() {
        for byte in 0..=u8::MAX {
            let is_unsafe = (byte < 0x20 && byte != 9) || b"\"():<>?@[\\]{}\x7F".contains(&byte);
            assert_eq!(is_cors_unsafe_request_header_byte(byte), is_unsafe, "{byte}");
            assert_eq!(
                cors_safelisted_request_header(b"accept", &[byte]).is_safelisted(),
                !is_unsafe,
                "{byte}"
            );
            let is_of_languages = byte.is_ascii_alphanumeric() || b" *,-.;=".contains(&byte);
            let verdict = cors_safelisted_request_header(b"accept-language", &[byte]);
            assert_eq!(verdict.is_safelisted(), is_of_languages, "{byte}");
        }
    }

    #[test]
    fn no_cors_safelisted_request_header_table() {
        for (name, value, expected) in [
            ("Accept", "a", Safelisted),
            ("accept-language", "a", Safelisted),
            ("content-language", "a", Safelisted),
            ("content-type", "text/plain", Safelisted),
            ("content-type", "a/b", UnsafeMimeType { essence: "a/b".into() }),
            ("range", "bytes=0-", NotListed),
            ("x", "a", NotListed),
        ] {
            assert_eq!(
                no_cors_safelisted_request_header(name.as_bytes(), value.as_bytes()),
                expected,
                "{name}"
            );
        }
    }

    fn list(headers: &[(&str, &str)]) -> HeaderList {
        let mut list = HeaderList::new();
        for (name, value) in headers {
            list.append(Bytes::copy_from_slice(name.as_bytes()), Bytes::copy_from_slice(value.as_bytes()));
        }
        list
    }

    #[test]
    fn unsafe_names_are_lower_cased_sorted_and_single() {
        let unsafe_name = |name: &str, because| UnsafeName { name: name.to_owned(), because };
        let byte = UnsafeByte { byte: b':', at: 0 };
        assert_eq!(
            cors_unsafe_request_header_names(&list(&[
                ("X-B", "1"),
                ("Accept", "*/*"),
                ("Authorization", "x"),
                ("accept", ":"),
                ("accept", "\""),
                ("x-a", "2"),
                ("x-b", "3"),
            ])),
            [
                unsafe_name("accept", byte),
                unsafe_name("authorization", NotListed),
                unsafe_name("x-a", NotListed),
                unsafe_name("x-b", NotListed),
            ]
        );
        assert_eq!(cors_unsafe_request_header_names(&list(&[("accept", "*/*")])), []);
    }

    #[test]
    fn safelisted_values_may_be_1024_bytes_together() {
        let a_128 = "a".repeat(128);
        let mut headers = vec![("Accept", a_128.as_str()); 8];
        assert_eq!(cors_unsafe_request_header_names(&list(&headers)), []);
        headers.push(("X", "unsafe, so it does not count"));
        assert_eq!(cors_unsafe_request_header_names(&list(&headers)).len(), 1);
        headers.push(("content-language", "b"));
        let names = cors_unsafe_request_header_names(&list(&headers));
        assert_eq!(
            names.iter().map(|name| name.name.as_str()).collect::<Vec<_>>(),
            ["accept", "content-language", "x"]
        );
        assert_eq!(names[0].because, TooLongTogether { total: 1025 });
        assert_eq!(names[2].because, NotListed);
    }

    #[test]
    fn cors_safelisted_response_header_name_table() {
        let listed: [&[u8]; 3] = [b"X-Listed", b"set-cookie", b"*"];
        for (name, expected) in [
            ("Cache-Control", CorsExposure::Safelisted),
            ("content-LANGUAGE", CorsExposure::Safelisted),
            ("content-length", CorsExposure::Safelisted),
            ("content-type", CorsExposure::Safelisted),
            ("expires", CorsExposure::Safelisted),
            ("last-modified", CorsExposure::Safelisted),
            ("pragma", CorsExposure::Safelisted),
            ("x-listed", CorsExposure::Listed),
            ("*", CorsExposure::Listed),
            ("Set-Cookie", CorsExposure::Forbidden),
            ("Set-Cookie2", CorsExposure::Forbidden),
            ("x-other", CorsExposure::NotListed),
            ("etag", CorsExposure::NotListed),
        ] {
            let verdict = cors_safelisted_response_header_name(name.as_bytes(), &listed);
            assert_eq!(verdict, expected, "{name}");
            assert_eq!(
                verdict.is_safelisted(),
                matches!(expected, CorsExposure::Safelisted | CorsExposure::Listed)
            );
        }
    }

    #[test]
    fn wpt_not_cors_safelisted() {
        const CASES: usize = 11;
        for case in cases("fetch/api/cors/resources/not-cors-safelisted.json", CASES) {
            let (name, value) = (case[0].as_str().expect("a name"), case[1].as_str().expect("a value"));
            let verdict = cors_safelisted_request_header(name.as_bytes(), value.as_bytes());
            assert!(!verdict.is_safelisted(), "{name}: {value}");
        }
    }

    #[test]
    fn wpt_access_control_expose_headers() {
        const CASES: usize = 15;
        for case in cases("cors/resources/access-control-expose-headers.json", CASES) {
            let lines = case["input"].as_str().expect("an input");
            let headers: Vec<(&str, &str)> =
                lines.split("\r\n").map(|line| line.split_once(':').expect("a colon")).collect();
            let headers: Vec<(&str, String)> = headers
                .into_iter()
                .map(|(name, value)| (name, isomorphic_decode(normalize(value.as_bytes()))))
                .collect();
            let headers: Vec<(&str, &str)> =
                headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let names = match extract_header_list_values("Access-Control-Expose-Headers", &list(&headers)) {
                HeaderListValues::Values(names) => names,
                HeaderListValues::Null | HeaderListValues::Failure { .. } => Vec::new(),
            };
            let exposed = cors_safelisted_response_header_name(b"BB-8", &names).is_safelisted();
            assert_eq!(Some(exposed), case["exposed"].as_bool(), "{lines:?}");
        }
    }
}
