//! What strangers sent, made safe to print: escaped for terminals and logs, credentials redacted.
//!
//! Everything that came over the wire or out of a URL passes here before a person sees it. Nothing is decided here; a
//! text that is safe comes back borrowed.

use std::borrow::Cow;
use std::fmt::Write as _;

use sofetch_core::infrastructure::header_names::is_secret_name;

/// What stands in a secret's place.
pub const REDACTED: &str = "[redacted]";

/// May credentials be shown?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Secrets {
    /// No: `[redacted]` stands in their place.
    #[default]
    Redacted,
    /// Yes, because the owner asked for it.
    Shown,
}

/// Text or bytes as one may print them: what could steer a terminal, hide text or turn its direction is shown by number.
///
/// C0 and C1 controls and DEL are `\x1B`; bytes that are no UTF-8 as well; bidi controls, line separators and characters
/// that nobody sees are `\u{202E}`. Escaping twice is escaping once.
pub fn escaped<T: AsRef<[u8]> + ?Sized>(said: &T) -> Cow<'_, str> {
    let bytes = said.as_ref();
    if let Ok(text) = std::str::from_utf8(bytes) {
        // Nearly all that is ever printed is this.
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.chars().any(is_unsafe) {
            return Cow::Borrowed(text);
        }
    }
    let mut safe = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            push_escaped(&mut safe, character);
        }
        for byte in chunk.invalid() {
            push_byte(&mut safe, *byte);
        }
    }
    Cow::Owned(safe)
}

fn push_escaped(safe: &mut String, character: char) {
    match u32::from(character) {
        _ if !is_unsafe(character) => safe.push(character),
        code @ 0..=0xFF => push_byte(safe, code as u8),
        code => {
            let _infallible = write!(safe, "\\u{{{code:04X}}}");
        }
    }
}

fn push_byte(safe: &mut String, byte: u8) {
    let _infallible = write!(safe, "\\x{byte:02X}");
}

/// Would a terminal or a reader be led astray by it?
pub fn is_unsafe(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x1F' | '\x7F'..='\u{9F}'
            | '\u{AD}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// How bytes stand in JSON: as text where they are UTF-8, else isomorphic decoded.
pub fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => sofetch_core::rules::verdict::said(bytes),
    }
}

/// Evidence as its sender wrote it: an isomorphic-decoded string whose bytes are UTF-8 becomes that text again.
pub(crate) fn as_written(said: &str) -> Cow<'_, str> {
    if said.is_ascii() || said.chars().any(|character| u32::from(character) > 0xFF) {
        return Cow::Borrowed(said);
    }
    let bytes: Vec<u8> = said.chars().map(|character| u32::from(character) as u8).collect();
    String::from_utf8(bytes).map_or(Cow::Borrowed(said), Cow::Owned)
}

/// A header's value as one may print it: credentials redacted (unless shown), URLs in it cleaned, the rest escaped.
pub fn redacted(name: &[u8], value: &[u8], secrets: Secrets) -> String {
    if secrets == Secrets::Redacted && is_secret_name(name) {
        return secret_of(name, value);
    }
    escaped(&*redacted_urls(&text_of_lossless(value), secrets)).into_owned()
}

/// As [`redacted`], for JSON: not escaped, for JSON has escapes of its own.
pub(crate) fn redacted_value(name: &[u8], value: &[u8], secrets: Secrets) -> String {
    if secrets == Secrets::Redacted && is_secret_name(name) {
        return secret_of(name, value);
    }
    redacted_urls(&text_of(value), secrets).into_owned()
}

/// Invalid UTF-8 is escaped here already, so that what follows is text.
fn text_of_lossless(value: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(value) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => escaped(value),
    }
}

/// `Bearer [redacted]`: the scheme of credentials is no secret, and tells much to who looks for a mistake.
fn secret_of(name: &[u8], value: &[u8]) -> String {
    let has_scheme =
        name.eq_ignore_ascii_case(b"authorization") || name.eq_ignore_ascii_case(b"proxy-authorization");
    const SCHEMES: [&str; 6] = ["Basic", "Bearer", "Digest", "Negotiate", "NTLM", "DPoP"];
    let scheme = SCHEMES.into_iter().find(|scheme| {
        let rest = value.get(scheme.len()..);
        has_scheme
            && rest.and_then(<[u8]>::first) == Some(&b' ')
            && value[..scheme.len()].eq_ignore_ascii_case(scheme.as_bytes())
    });
    match scheme {
        Some(scheme) => format!("{scheme} {REDACTED}"),
        None => REDACTED.to_owned(),
    }
}

/// A text with the credentials of the URLs in it redacted: usernames and passwords, and the values of query and fragment
/// parameters that are known to carry tokens.
///
/// It reads text, not URLs: it must work on what no parser takes. It redacts too much rather than too little.
pub fn redacted_urls(text: &str, secrets: Secrets) -> Cow<'_, str> {
    if secrets == Secrets::Shown || !text.bytes().any(|byte| matches!(byte, b'@' | b'=')) {
        return Cow::Borrowed(text);
    }
    match redact_parameters(&redact_user_info(text)) {
        clean if clean == text => Cow::Borrowed(text),
        clean => Cow::Owned(clean),
    }
}

/// `https://user:password@host` to `https://[redacted]@host`.
fn redact_user_info(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut clean = String::with_capacity(text.len());
    let leading = text.len() - text.trim_start().len();
    let (mut copied, mut at, mut without) = (0, 0, 0);
    while let Some(found) = bytes[at..].iter().position(|&byte| matches!(byte, b'/' | b'\\' | b':')) {
        let start = at + found;
        let slashes = |from: usize| bytes[from..].iter().take_while(|&&byte| is_slash(byte)).count();
        // An authority begins after `//`, or after the colon of a special scheme with any number of slashes.
        let authority = match bytes[start] {
            b':' if ends_with_special_scheme(&bytes[..start]) => start + 1 + slashes(start + 1),
            b':' if slashes(start + 1) >= 2 => start + 1 + slashes(start + 1),
            b'/' | b'\\' if start == leading && slashes(start) >= 2 => start + slashes(start),
            _ => {
                at = start + 1;
                continue;
            }
        };
        // NB: nothing to be found there, and looking again for each colon would take the square of the time.
        if authority < without {
            at = start + 1;
            continue;
        }
        let end = bytes[authority..]
            .iter()
            .position(|&byte| is_slash(byte) || matches!(byte, b'?' | b'#'))
            .map_or(bytes.len(), |length| authority + length);
        if let Some(sign) = bytes[authority..end].iter().rposition(|&byte| byte == b'@') {
            clean.push_str(&text[copied..authority]);
            clean.push_str(REDACTED);
            copied = authority + sign;
            at = end.max(start + 1);
        } else {
            // What looked like an authority may hold the beginning of another.
            (without, at) = (end, start + 1);
        }
    }
    clean.push_str(&text[copied..]);
    clean
}

fn is_slash(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\')
}

fn ends_with_special_scheme(before: &[u8]) -> bool {
    ["http", "https", "ws", "wss", "ftp"].into_iter().any(|scheme| {
        let Some(start) = before.len().checked_sub(scheme.len()) else { return false };
        let preceded = start.checked_sub(1).map(|index| before[index]);
        before[start..].eq_ignore_ascii_case(scheme.as_bytes())
            && !preceded
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    })
}

/// `?token=x` to `?token=[redacted]`.
fn redact_parameters(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['?', '&', ';', '#']) {
        let (before, after) = rest.split_at(at + 1);
        clean.push_str(before);
        rest = after;
        let end_of_name = after.find(['=', '&', ';', '#', '?', ' ']).unwrap_or(after.len());
        if after[end_of_name..].starts_with('=') && is_secret_parameter(&after[..end_of_name]) {
            let value = &after[end_of_name + 1..];
            let end = value.find(['&', '#', ' ', '"', '\'', '`', '<', '>']).unwrap_or(value.len());
            clean.push_str(&after[..=end_of_name]);
            if end > 0 {
                clean.push_str(REDACTED);
            }
            rest = &value[end..];
        }
    }
    clean.push_str(rest);
    clean
}

/// The parameters that tokens are known to travel in, besides those that a secret header's words tell.
const SECRET_PARAMETERS: [&str; 22] = [
    "auth",
    "authorization",
    "bearer",
    "code",
    "jwt",
    "key",
    "pass",
    "passwd",
    "pwd",
    "sid",
    "session",
    "sessionid",
    "session_id",
    "sig",
    "signature",
    "ticket",
    "assertion",
    "samlresponse",
    "x-amz-signature",
    "x-amz-credential",
    "x-goog-signature",
    "x-goog-credential",
];

/// Do tokens travel under this name of a parameter, a form's field or a JSON member?
pub(crate) fn is_secret_parameter(name: &str) -> bool {
    // No such name is longer, even percent-encoded.
    if name.len() > 200 {
        return false;
    }
    let decoded = percent_decoded(name);
    is_secret_name(&decoded)
        || SECRET_PARAMETERS.iter().any(|secret| decoded.eq_ignore_ascii_case(secret.as_bytes()))
}

fn percent_decoded(name: &str) -> Vec<u8> {
    let digit = |byte: Option<u8>| byte.and_then(|byte| (byte as char).to_digit(16));
    let mut bytes = name.bytes();
    let mut decoded = Vec::with_capacity(name.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                bytes = ahead;
            }
            _ => decoded.push(byte),
        }
    }
    decoded
}

#[cfg(test)]
#[path = "safe_text_tests.rs"]
mod tests;
