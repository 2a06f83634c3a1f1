//! multipart/form-data both ways: [HTML's encoding algorithm](https://html.spec.whatwg.org/#multipart-form-data) and the parser that Body's `formData()` needs ([RFC 7578](https://www.rfc-editor.org/rfc/rfc7578)).
//!
//! Files are never copied: the encoder shares their segments, the parser slices its input. The boundary is an
//! argument, its randomness the caller's.

use std::borrow::Cow;
use std::fmt;

use bytes::{Bytes, BytesMut};

use crate::infrastructure::blobs::{Blob, File};
use crate::infrastructure::form_data::{FormData, FormDataEntry, FormDataValue};
use crate::infrastructure::mime_types::{is_token, isomorphic_decode};

/// A boundary that says all 128 bits of `random`, so that no content holds it but by a chance of nothing. `random`
/// must come from a source that nobody predicts: who knows the boundary can end a part from within.
pub fn boundary_from(random: [u8; 16]) -> String {
    let mut boundary = String::with_capacity(56);
    boundary.push_str("----sofetchFormBoundary-");
    for byte in random {
        for digit in [byte >> 4, byte & 0xF] {
            boundary.push(char::from(b"0123456789abcdef"[digit as usize]));
        }
    }
    boundary
}

/// `boundary` without what a boundary may not hold, so that it can neither end a line nor a quoted string: only ASCII
/// letters, digits, `-`, `_` and `'` stay, and no more than 70 of them.
pub fn safe_boundary(boundary: &str) -> Cow<'_, str> {
    let is_safe =
        |code_point: char| code_point.is_ascii_alphanumeric() || matches!(code_point, '-' | '_' | '\'');
    if boundary.len() <= 70 && boundary.chars().all(is_safe) {
        return Cow::Borrowed(boundary);
    }
    boundary.chars().filter(|&code_point| is_safe(code_point)).take(70).collect()
}

/// <https://html.spec.whatwg.org/#multipart/form-data-encoding-algorithm>, in UTF-8: the chunks, in order, files among
/// them as they are. What [`safe_boundary`] drops of the boundary is dropped.
pub fn multipart_form_data_encode(form_data: &FormData, boundary: &str) -> Vec<Bytes> {
    let boundary = safe_boundary(boundary);
    let mut chunks = Vec::new();
    let mut text = BytesMut::new();
    for FormDataEntry { name, value } in &form_data.entries {
        append(&mut text, &["--", &boundary, "\r\nContent-Disposition: form-data; name=\""]);
        // 1. The name's newlines are normalized before it is escaped, a file's name is only escaped.
        append(&mut text, &[&escape(&normalize_newlines(name)), "\""]);
        match value {
            // Parts of strings have no type.
            FormDataValue::String(string) => {
                append(&mut text, &["\r\n\r\n", &normalize_newlines(string)]);
            }
            FormDataValue::File(File { blob, name, .. }) => {
                let content_type = match blob.content_type() {
                    "" => "application/octet-stream",
                    content_type => content_type,
                };
                append(&mut text, &["; filename=\"", &escape(name), "\""]);
                append(&mut text, &["\r\nContent-Type: ", content_type, "\r\n\r\n"]);
                if blob.size() > 0 {
                    chunks.push(text.split().freeze());
                    chunks.extend(blob.segments().iter().cloned());
                }
            }
        }
        append(&mut text, &["\r\n"]);
    }
    append(&mut text, &["--", &boundary, "--\r\n"]);
    chunks.push(text.freeze());
    chunks
}

fn append(text: &mut BytesMut, pieces: &[&str]) {
    pieces.iter().for_each(|piece| text.extend_from_slice(piece.as_bytes()));
}

/// Every CR, LF and CR LF becomes CR LF.
fn normalize_newlines(string: &str) -> Cow<'_, str> {
    if !string.contains(['\r', '\n']) {
        return Cow::Borrowed(string);
    }
    let mut normalized = String::with_capacity(string.len() + 16);
    let mut rest = string;
    while let Some(end) = rest.find(['\r', '\n']) {
        normalized.push_str(&rest[..end]);
        normalized.push_str("\r\n");
        rest = &rest[end..];
        rest = rest.strip_prefix("\r\n").unwrap_or(&rest[1..]);
    }
    normalized.push_str(rest);
    Cow::Owned(normalized)
}

/// What would end the line or the quoted string is escaped, and HTML allows no other escape: NUL and backslash stay.
fn escape(name: &str) -> Cow<'_, str> {
    if !name.contains(['\r', '\n', '"']) {
        return Cow::Borrowed(name);
    }
    let mut escaped = String::with_capacity(name.len() + 16);
    for code_point in name.chars() {
        match code_point {
            '\r' => escaped.push_str("%0D"),
            '\n' => escaped.push_str("%0A"),
            '"' => escaped.push_str("%22"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// Why bytes are no multipart/form-data.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MultipartFailure {
    /// The type names no boundary.
    NoBoundary,
    /// The boundary holds what none may: a control, or a code point above U+00FF.
    InvalidBoundary,
    /// No line begins with the boundary.
    NoDelimiter,
    /// A line begins with the boundary and goes on otherwise than one may.
    BrokenDelimiter {
        /// Where it goes on.
        at: usize,
    },
    /// The last part has no end.
    Unterminated,
    /// A part's header line is none.
    BrokenHeader {
        /// Where it begins.
        at: usize,
    },
    /// A part has no `Content-Disposition`.
    NoContentDisposition {
        /// Where its content begins.
        at: usize,
    },
    /// A part's `Content-Disposition` is not form-data with well-formed parameters, a name among them.
    BrokenContentDisposition {
        /// Its value.
        said: String,
    },
}

impl fmt::Display for MultipartFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes are not multipart/form-data of that boundary")
    }
}
impl std::error::Error for MultipartFailure {}

/// The parser that Body's `formData()` asks for: RFC 7578, with Fetch's own rules for files, types and text. `boundary` is the type's parameter; `now`, in milliseconds since the epoch, is when its files are made.
///
/// Linear: a delimiter holds a CR only where it begins, so looking for one never reads a byte twice.
pub fn multipart_form_data_parse(
    input: &Bytes,
    boundary: Option<&str>,
    now: i64,
) -> Result<FormData, MultipartFailure> {
    let delimiter = delimiter_of(boundary.ok_or(MultipartFailure::NoBoundary)?)?;
    let mut form_data = FormData::default();
    // A delimiter is a line of its own; before the first there may be a preamble.
    let mut position = match input.starts_with(&delimiter[2..]) {
        true => delimiter.len() - 2,
        false => find(input, &delimiter, 0).ok_or(MultipartFailure::NoDelimiter)? + delimiter.len(),
    };
    // What follows the closing delimiter is an epilogue: unread.
    while !input[position..].starts_with(b"--") {
        let padding = input[position..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if !input[position + padding..].starts_with(b"\r\n") {
            return Err(MultipartFailure::BrokenDelimiter { at: position + padding });
        }
        let (headers, start) = parse_headers(input, position + padding + 2)?;
        // NB: a part may end with its headers: then their empty line is already the delimiter's.
        let end = find(input, &delimiter, start - 2).ok_or(MultipartFailure::Unterminated)?;
        let content = start..end.max(start);
        position = end + delimiter.len();
        let value = match headers.filename {
            // Whatever type or charset the part names, text is UTF-8, and `_charset_` a name like any other.
            None => FormDataValue::String(String::from_utf8_lossy(&input[content]).into_owned()),
            Some(name) => {
                let content_type = headers.content_type.as_deref().unwrap_or("text/plain");
                FormDataValue::File(File {
                    blob: Blob::new([input.slice(content)], content_type),
                    name,
                    last_modified: now,
                })
            }
        };
        form_data.append(FormDataEntry { name: headers.name, value });
    }
    Ok(form_data)
}

struct PartHeaders {
    name: String,
    filename: Option<String>,
    content_type: Option<String>,
}

/// CR LF, two hyphens and the boundary, isomorphic encoded.
fn delimiter_of(boundary: &str) -> Result<Vec<u8>, MultipartFailure> {
    if boundary.is_empty() {
        return Err(MultipartFailure::NoBoundary);
    }
    let mut delimiter = b"\r\n--".to_vec();
    for code_point in boundary.chars() {
        match u8::try_from(code_point) {
            Ok(byte) if byte >= 0x20 && byte != 0x7F => delimiter.push(byte),
            _ => return Err(MultipartFailure::InvalidBoundary),
        }
    }
    Ok(delimiter)
}

fn find(input: &[u8], delimiter: &[u8], from: usize) -> Option<usize> {
    let mut position = from;
    loop {
        position += input[position..].iter().position(|&byte| byte == b'\r')?;
        if input[position..].starts_with(delimiter) {
            return Some(position);
        }
        position += 1;
    }
}

/// The header lines from `at` on, and where the part's content begins: after the empty line.
fn parse_headers(input: &[u8], mut at: usize) -> Result<(PartHeaders, usize), MultipartFailure> {
    let mut disposition = None;
    let mut content_type = None;
    loop {
        let broken = MultipartFailure::BrokenHeader { at };
        let length = input[at..].iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let line = &input[at..at + length.ok_or(MultipartFailure::Unterminated)?];
        let after = at + line.len() + 2;
        if !input[at + line.len()..].starts_with(b"\r\n") {
            return Err(broken);
        }
        if line.is_empty() {
            let (name, filename) = disposition.ok_or(MultipartFailure::NoContentDisposition { at: after })?;
            return Ok((PartHeaders { name, filename, content_type }, after));
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (name, value) = line.split_at(colon.ok_or(broken.clone())?);
        let (name, value) = (trim_tab_or_space(name), trim_tab_or_space(&value[1..]));
        // NB: a folded line begins with a space or tab, and RFC 7578's writers fold none.
        if !is_token(name) || line.starts_with(b" ") || line.starts_with(b"\t") {
            return Err(broken);
        }
        if name.eq_ignore_ascii_case(b"content-disposition") {
            let broken =
                || MultipartFailure::BrokenContentDisposition { said: isomorphic_decode(value).into_owned() };
            disposition = Some(parse_content_disposition(value).ok_or_else(broken)?);
        } else if name.eq_ignore_ascii_case(b"content-type") {
            content_type = Some(isomorphic_decode(value).into_owned());
        }
        at = after;
    }
}

/// `form-data` with its name and, where there is one, its filename. Other parameters, `filename*` among them, mean
/// nothing (RFC 7578, 4.2); of several with one name the first counts.
///
/// NB: percent-encoded bytes are not decoded, and a backslash escapes nothing: those who write as HTML says escape no
/// percent sign and no backslash, so either would change what they meant.
fn parse_content_disposition(value: &[u8]) -> Option<(String, Option<String>)> {
    let (kind, mut rest) = split_token(value);
    if !kind.eq_ignore_ascii_case(b"form-data") {
        return None;
    }
    let mut name = None;
    let mut filename = None;
    loop {
        rest = match trim_tab_or_space(rest) {
            [] => return Some((name?, filename)),
            [b';', rest @ ..] => trim_tab_or_space(rest),
            _ => return None,
        };
        if matches!(rest, [] | [b';', ..]) {
            continue;
        }
        let (parameter, content) = rest.split_at(rest.iter().position(|&byte| byte == b'=')?);
        let content = match &content[1..] {
            [b'"', quoted @ ..] => {
                let quote = quoted.iter().position(|&byte| byte == b'"')?;
                rest = &quoted[quote + 1..];
                &quoted[..quote]
            }
            unquoted => {
                let (content, after) = split_token(unquoted);
                rest = after;
                content
            }
        };
        let found = if parameter.eq_ignore_ascii_case(b"name") {
            &mut name
        } else if parameter.eq_ignore_ascii_case(b"filename") {
            &mut filename
        } else {
            continue;
        };
        found.get_or_insert_with(|| String::from_utf8_lossy(content).into_owned());
    }
}

/// What stands before the first semicolon, space or tab, and the rest.
fn split_token(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| matches!(byte, b';' | b' ' | b'\t'));
    bytes.split_at(end.unwrap_or(bytes.len()))
}

fn trim_tab_or_space(mut bytes: &[u8]) -> &[u8] {
    while let [b'\t' | b' ', rest @ ..] | [rest @ .., b'\t' | b' '] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
#[path = "multipart_tests.rs"]
mod tests;
