//! Code: a call of fetch, and Rust for reqwest.

use std::fmt::Write;

use sofetch::core::rules::header_guards::forbidden_request_header;
use sofetch_inspect::safe_text::escaped;

use super::{Plain, Source};

/// A call of fetch with the members of its init that are not what they are anyway. Headers that no script can set are left out.
pub(super) fn fetch(source: &Source<'_>, plain: &Plain, notes: &mut Vec<String>) -> String {
    let asked = source.asked;
    let mut members: Vec<(&str, String)> = Vec::new();
    if plain.method != "GET" {
        members.push(("method", js(&plain.method)));
    }
    let (mut headers, mut left_out) = (Vec::new(), Vec::new());
    for (name, value) in &plain.headers {
        let default = name.eq_ignore_ascii_case("accept") && value == b"*/*";
        let ours = name.eq_ignore_ascii_case("user-agent") && source.user_agent.is_none();
        let was_asked = asked.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if forbidden_request_header(name.as_bytes(), value).is_some() {
            left_out.extend(was_asked.then_some(&**name));
        } else if was_asked || !(default || ours) {
            headers.push(format!("    {}: {}", js(name), js(&isomorphic(value))));
        }
    }
    if !headers.is_empty() {
        members.push(("headers", format!("{{\n{}\n  }}", headers.join(",\n"))));
    }
    if let Some(body) = &plain.body {
        members.push((
            "body",
            match std::str::from_utf8(body) {
                Ok(text) => js(text),
                Err(_) => format!("new Uint8Array({:?})", &body[..]),
            },
        ));
    }
    let words = [
        ("mode", asked.mode.map(sofetch::Mode::as_str)),
        ("credentials", asked.credentials.map(sofetch::CredentialsMode::as_str)),
        ("cache", asked.cache.map(sofetch::CacheMode::as_str)),
        ("redirect", asked.redirect.map(sofetch::RedirectMode::as_str)),
        ("referrer", asked.referrer.as_deref()),
        ("referrerPolicy", asked.referrer_policy.map(sofetch::ReferrerPolicy::as_str)),
        ("integrity", asked.integrity.as_deref()),
    ];
    members.extend(words.into_iter().filter_map(|(name, value)| value.map(|value| (name, js(value)))));
    if !left_out.is_empty() {
        notes.push(format!("no script can set {}: left out", escaped(&left_out.join(", "))));
    }
    if let Some(page) = source.page {
        notes.push(format!("it is the same request on the page {}", escaped(page.url.href())));
    }
    let mut text = format!("await fetch({}", js(&plain.url));
    if !members.is_empty() {
        let lines: Vec<String> = members.iter().map(|(name, value)| format!("  {name}: {value}")).collect();
        let _ = write!(text, ", {{\n{}\n}}", lines.join(",\n"));
    }
    text.push_str(");\n");
    text
}

/// A script's text of a header's bytes: a character each.
fn isomorphic(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

/// A text as JavaScript writes it; what could steer a terminal is escaped.
fn js(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            plain
                if escaped(plain.encode_utf8(&mut [0; 4]) as &str)
                    == plain.encode_utf8(&mut [0; 4]) as &str =>
            {
                quoted.push(plain);
            }
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    let _ = write!(quoted, "\\u{unit:04x}");
                }
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Rust for reqwest's async client.
pub(super) fn reqwest(plain: &Plain) -> String {
    let mut text = String::from("let response = reqwest::Client::new()\n");
    let _ = match &*plain.method {
        "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" => {
            writeln!(text, "    .{}({})", plain.method.to_ascii_lowercase(), rust(plain.url.as_bytes()))
        }
        method => writeln!(
            text,
            "    .request(reqwest::Method::from_bytes(b{})?, {})",
            rust(method.as_bytes()),
            rust(plain.url.as_bytes())
        ),
    };
    for (name, value) in &plain.headers {
        let _ = writeln!(text, "    .header({}, {})", rust(name.as_bytes()), rust(value));
    }
    if let Some(body) = &plain.body {
        let literal = rust(body);
        // A byte text is a reference to an array, which is no body.
        let slice = if literal.starts_with('b') { "[..]" } else { "" };
        let reference = if slice.is_empty() { "" } else { "&" };
        let _ = writeln!(text, "    .body({reference}{literal}{slice})");
    }
    text.push_str("    .send()\n    .await?;\n");
    text
}

/// A literal: of text where it is UTF-8, else of bytes.
fn rust(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => format!("{text:?}"),
        Err(_) => format!("b\"{}\"", bytes.escape_ascii()),
    }
}
