//! [MIME types](https://mimesniff.spec.whatwg.org/#mime-type) and what Fetch reads of `Content-Type`: parse, serialize, extract, the groups.
//!
//! Parsed here and not by data-url's `mime`, which on hostile input departs from the algorithm (it keeps a second
//! `charset` in another case, lets control characters into quoted values and drops values before trailing rubbish)
//! and takes quadratic time over many parameters. Longer than most files by its groups: each is a name of the Standard
//! with a list of its own. Nothing here decides what a type is good for: see `rules/mime_blocking.rs`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use encoding_rs::Encoding;

use crate::infrastructure::header_list::HeaderList;
use crate::infrastructure::header_values::get_decode_and_split_value;

/// <https://mimesniff.spec.whatwg.org/#mime-type>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MimeType {
    essence: String,
    slash: usize,
    parameters: Vec<(String, String)>,
}

/// The algorithms' "failure": there is no MIME type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMimeType;

impl fmt::Display for NoMimeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no MIME type")
    }
}
impl std::error::Error for NoMimeType {}

impl MimeType {
    /// <https://mimesniff.spec.whatwg.org/#parse-a-mime-type>
    pub fn parse(input: &str) -> Result<MimeType, NoMimeType> {
        // 1, 2.
        let input = input.trim_matches(HTTP_WHITESPACE);
        // 3 to 6.
        let (kind, rest) = input.split_once('/').ok_or(NoMimeType)?;
        if !is_token(kind.as_bytes()) {
            return Err(NoMimeType);
        }
        // 7 to 9.
        let (subtype, rest) = match rest.find(';') {
            Some(semicolon) => rest.split_at(semicolon),
            None => (rest, ""),
        };
        let subtype = subtype.trim_end_matches(HTTP_WHITESPACE);
        if !is_token(subtype.as_bytes()) {
            return Err(NoMimeType);
        }
        // 10.
        let mut essence = input[..kind.len() + 1 + subtype.len()].to_owned();
        essence.make_ascii_lowercase();
        // 11, 12.
        Ok(MimeType { essence, slash: kind.len(), parameters: parse_parameters(rest) })
    }

    /// <https://mimesniff.spec.whatwg.org/#parse-a-mime-type-from-bytes>
    pub fn parse_bytes(input: &[u8]) -> Result<MimeType, NoMimeType> {
        MimeType::parse(&isomorphic_decode(input))
    }

    /// `text/plain;charset=US-ASCII`: what a `data:` URL without a type is.
    pub(crate) fn text_plain_us_ascii() -> MimeType {
        MimeType {
            essence: "text/plain".to_owned(),
            slash: 4,
            parameters: vec![("charset".to_owned(), "US-ASCII".to_owned())],
        }
    }

    /// <https://mimesniff.spec.whatwg.org/#mime-type-essence>
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// <https://mimesniff.spec.whatwg.org/#type>
    pub fn type_(&self) -> &str {
        &self.essence[..self.slash]
    }

    /// <https://mimesniff.spec.whatwg.org/#subtype>
    pub fn subtype(&self) -> &str {
        &self.essence[self.slash + 1..]
    }

    /// <https://mimesniff.spec.whatwg.org/#parameters>, in order; names are lower case and come once.
    pub fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }

    /// The value of the parameter of that name, given in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// Sets the parameter of that name, given in lower case: in its place, or as the last.
    pub fn set_parameter(&mut self, name: &str, value: &str) {
        match self.parameters.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => value.clone_into(known),
            None => self.parameters.push((name.to_owned(), value.to_owned())),
        }
    }

    /// <https://mimesniff.spec.whatwg.org/#serialize-a-mime-type-to-bytes>. As a string: [`ToString`].
    pub fn to_bytes(&self) -> Vec<u8> {
        // NB: no code point is above U+00FF: the type and names are tokens, values quoted-string tokens.
        self.to_string().chars().map(|code_point| code_point as u8).collect()
    }

    /// <https://mimesniff.spec.whatwg.org/#image-mime-type>
    pub fn is_image(&self) -> bool {
        self.type_() == "image"
    }

    /// <https://mimesniff.spec.whatwg.org/#audio-or-video-mime-type>
    pub fn is_audio_or_video(&self) -> bool {
        matches!(self.type_(), "audio" | "video") || self.essence == "application/ogg"
    }

    /// <https://mimesniff.spec.whatwg.org/#font-mime-type>
    pub fn is_font(&self) -> bool {
        self.type_() == "font"
            || matches!(
                self.essence(),
                "application/font-cff"
                    | "application/font-otf"
                    | "application/font-sfnt"
                    | "application/font-ttf"
                    | "application/font-woff"
                    | "application/vnd.ms-fontobject"
                    | "application/vnd.ms-opentype"
            )
    }

    /// <https://mimesniff.spec.whatwg.org/#zip-based-mime-type>
    pub fn is_zip_based(&self) -> bool {
        self.subtype().ends_with("+zip") || self.essence == "application/zip"
    }

    /// <https://mimesniff.spec.whatwg.org/#archive-mime-type>
    pub fn is_archive(&self) -> bool {
        matches!(self.essence(), "application/x-rar-compressed" | "application/zip" | "application/x-gzip")
    }

    /// <https://mimesniff.spec.whatwg.org/#xml-mime-type>
    pub fn is_xml(&self) -> bool {
        self.subtype().ends_with("+xml") || matches!(self.essence(), "text/xml" | "application/xml")
    }

    /// <https://mimesniff.spec.whatwg.org/#html-mime-type>
    pub fn is_html(&self) -> bool {
        self.essence == "text/html"
    }

    /// <https://mimesniff.spec.whatwg.org/#scriptable-mime-type>
    pub fn is_scriptable(&self) -> bool {
        self.is_xml() || self.is_html() || self.essence == "application/pdf"
    }

    /// <https://mimesniff.spec.whatwg.org/#javascript-mime-type>
    pub fn is_javascript(&self) -> bool {
        JAVASCRIPT_ESSENCES.contains(&self.essence())
    }

    /// <https://mimesniff.spec.whatwg.org/#json-mime-type>
    pub fn is_json(&self) -> bool {
        self.subtype().ends_with("+json") || matches!(self.essence(), "application/json" | "text/json")
    }

    /// <https://mimesniff.spec.whatwg.org/#minimize-a-supported-mime-type>; what is supported the user agent knows.
    pub fn minimize(&self, supported_by_the_user_agent: impl FnOnce(&MimeType) -> bool) -> &str {
        match self.essence() {
            // 1, 2.
            _ if self.is_javascript() => "text/javascript",
            _ if self.is_json() => "application/json",
            // 3, 4. SVG is told apart from other XML.
            "image/svg+xml" => "image/svg+xml",
            _ if self.is_xml() => "application/xml",
            // 5, 6.
            essence if supported_by_the_user_agent(self) => essence,
            _ => "",
        }
    }
}

impl fmt::Display for MimeType {
    /// <https://mimesniff.spec.whatwg.org/#serialize-a-mime-type>
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 1.
        f.write_str(&self.essence)?;
        // 2.
        for (name, value) in &self.parameters {
            write!(f, ";{name}=")?;
            if is_token(value.as_bytes()) {
                f.write_str(value)?;
                continue;
            }
            f.write_str("\"")?;
            for piece in value.split_inclusive(['"', '\\']) {
                match piece.strip_suffix(['"', '\\']) {
                    Some(before) => write!(f, "{before}\\{}", &piece[before.len()..])?,
                    None => f.write_str(piece)?,
                }
            }
            f.write_str("\"")?;
        }
        Ok(())
    }
}

/// <https://fetch.spec.whatwg.org/#concept-header-extract-mime-type>
pub fn extract_a_mime_type(headers: &HeaderList) -> Result<MimeType, NoMimeType> {
    // 1 to 5. A value without a comma is one value, needing neither a list nor its copy.
    let value = headers.get("Content-Type").ok_or(NoMimeType)?;
    if !value.contains(&b',') {
        return MimeType::parse_bytes(&value).and_then(|mime_type| match mime_type.essence() {
            "*/*" => Err(NoMimeType),
            _ => Ok(mime_type),
        });
    }
    let mut charset: Option<String> = None;
    let mut essence: Option<String> = None;
    let mut mime_type: Option<MimeType> = None;
    // 6.
    for value in get_decode_and_split_value(&value) {
        // 6.1, 6.2.
        let Ok(mut temporary) = MimeType::parse(&value) else { continue };
        if temporary.essence == "*/*" {
            continue;
        }
        // 6.4, 6.5. A charset lives on while the essence stays the same.
        if essence.as_ref() != Some(&temporary.essence) {
            charset = temporary.parameter("charset").map(str::to_owned);
            essence = Some(temporary.essence.clone());
        } else if let Some(charset) = &charset
            && temporary.parameter("charset").is_none()
        {
            temporary.parameters.push(("charset".to_owned(), charset.clone()));
        }
        // 6.3.
        mime_type = Some(temporary);
    }
    // 7, 8.
    mime_type.ok_or(NoMimeType)
}

/// <https://fetch.spec.whatwg.org/#legacy-extract-an-encoding>
pub fn legacy_extract_an_encoding(
    mime_type: Result<&MimeType, NoMimeType>,
    fallback_encoding: &'static Encoding,
) -> &'static Encoding {
    // 1 to 5.
    mime_type
        .ok()
        .and_then(|mime_type| mime_type.parameter("charset"))
        .and_then(|charset| Encoding::for_label(charset.as_bytes()))
        .unwrap_or(fallback_encoding)
}

/// <https://mimesniff.spec.whatwg.org/#javascript-mime-type-essence-match>
pub fn is_javascript_mime_type_essence_match(string: &str) -> bool {
    JAVASCRIPT_ESSENCES.iter().any(|essence| essence.eq_ignore_ascii_case(string))
}

const JAVASCRIPT_ESSENCES: [&str; 16] = [
    "application/ecmascript",
    "application/javascript",
    "application/x-ecmascript",
    "application/x-javascript",
    "text/ecmascript",
    "text/javascript",
    "text/javascript1.0",
    "text/javascript1.1",
    "text/javascript1.2",
    "text/javascript1.3",
    "text/javascript1.4",
    "text/javascript1.5",
    "text/jscript",
    "text/livescript",
    "text/x-ecmascript",
    "text/x-javascript",
];

const HTTP_WHITESPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// Step 11 of parsing, from the semicolon after the subtype on.
fn parse_parameters(input: &str) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    // NB: a look-up in the list is the faster one until a stranger sends very many.
    let mut many = BTreeSet::new();
    let mut rest = input;
    while let Some(after_semicolon) = rest.strip_prefix(';') {
        // 11.1 to 11.3.
        let piece = after_semicolon.trim_start_matches(HTTP_WHITESPACE);
        let name_end = piece.find([';', '=']).unwrap_or(piece.len());
        let name = &piece[..name_end];
        rest = &piece[name_end..];
        // 11.5, 11.6. No equals sign, no parameter.
        let Some(after_equals) = rest.strip_prefix('=') else { continue };
        let value: Cow<'_, str> = if let Some(quoted) = after_equals.strip_prefix('"') {
            // 11.8. What stands between the closing quote and the next semicolon is rubbish.
            let (value, after_quote) = collect_an_http_quoted_string(quoted);
            rest = &after_quote[after_quote.find(';').unwrap_or(after_quote.len())..];
            value
        } else {
            // 11.9.
            let (value, after_value) =
                after_equals.split_at(after_equals.find(';').unwrap_or(after_equals.len()));
            rest = after_value;
            let value = value.trim_end_matches(HTTP_WHITESPACE);
            if value.is_empty() {
                continue;
            }
            value.into()
        };
        // 11.10. The first of a name is kept.
        if !is_token(name.as_bytes()) || !value.chars().all(is_quoted_string_token) {
            continue;
        }
        // 11.4.
        let name = name.to_ascii_lowercase();
        let is_new = if parameters.len() < 16 {
            !parameters.iter().any(|(known, _): &(String, String)| *known == name)
        } else {
            if many.is_empty() {
                many.extend(parameters.iter().map(|(known, _)| known.clone()));
            }
            many.insert(name.clone())
        };
        if is_new {
            parameters.push((name, value.into_owned()));
        }
    }
    parameters
}

/// Fetch's "collect an HTTP quoted string" with *extract-value* true, from after the opening quote on: the value, and
/// what follows the closing quote.
fn collect_an_http_quoted_string(input: &str) -> (Cow<'_, str>, &str) {
    let mut value = Cow::Borrowed("");
    let mut rest = input;
    loop {
        let end = rest.find(['"', '\\']).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        if value.is_empty() {
            value = Cow::Borrowed(run);
        } else {
            value.to_mut().push_str(run);
        }
        let mut tail = tail.chars();
        match tail.next() {
            Some('\\') => {
                // A backslash at the very end stands for itself.
                value.to_mut().push(tail.next().unwrap_or('\\'));
                rest = tail.as_str();
            }
            _ => return (value, tail.as_str()),
        }
    }
}

/// Is this not empty, and made of [HTTP token code points](https://mimesniff.spec.whatwg.org/#http-token-code-point)?
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| TOKEN[byte as usize])
}

const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let marks = b"!#$%&'*+-.^_`|~";
    let mut index = 0;
    while index < marks.len() {
        table[marks[index] as usize] = true;
        index += 1;
    }
    table
};

/// <https://mimesniff.spec.whatwg.org/#http-quoted-string-token-code-point>
fn is_quoted_string_token(code_point: char) -> bool {
    matches!(code_point, '\t' | ' '..='~' | '\u{80}'..='\u{FF}')
}

/// <https://infra.spec.whatwg.org/#isomorphic-decode>; borrows what is ASCII.
pub(crate) fn isomorphic_decode(input: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(input) {
        Ok(ascii) if ascii.is_ascii() => Cow::Borrowed(ascii),
        _ => Cow::Owned(input.iter().map(|&byte| byte as char).collect()),
    }
}

#[cfg(test)]
#[path = "wpt_data_tests.rs"]
pub(crate) mod wpt_data;

#[cfg(test)]
#[path = "mime_types_tests.rs"]
mod tests;
