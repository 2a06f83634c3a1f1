//! The bodies of requests in HAR files: which may stand there, and what of them.
//!
//! A recording has no bodies; whoever sent one gives it here. Without leave to show secrets only what can be read is written,
//! a form and JSON, with the values redacted whose names are known to be secret: what else a text holds cannot be told.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::safe_text::{REDACTED, Secrets, is_secret_parameter, redacted_urls};

/// Longer bodies are left out.
const LIMIT: usize = 1 << 20;

const TOO_LONG: &str = "the body is left out: it is longer than 1 MiB";
const NO_TEXT: &str = "the body is left out: it is no text";
const UNTOLD: &str = "the body is left out: what of it is secret cannot be told, --show-secrets writes it";
const CLEANED: &str = "secrets of the body are redacted";

/// Writes the body into each entry that sent it, whole; one that a redirect or a preflight did without has none.
pub fn tell_body(entries: &mut [Value], body: &[u8], secrets: Secrets) {
    for entry in entries {
        let Some(request) = entry.get_mut("request") else { continue };
        if request["bodySize"].as_u64() != u64::try_from(body.len()).ok() {
            continue;
        }
        let Some(post_data) = request.get_mut("postData").and_then(Value::as_object_mut) else { continue };
        let mime_type = post_data.get("mimeType").and_then(Value::as_str).unwrap_or_default();
        let (text, comment) = told(mime_type, body, secrets);
        post_data.insert("text".to_owned(), json!(text));
        match comment {
            Some(comment) => post_data.insert("comment".to_owned(), json!(comment)),
            None => post_data.remove("comment"),
        };
    }
}

/// The text, and what is to be said of it.
fn told<'a>(mime_type: &str, body: &'a [u8], secrets: Secrets) -> (Cow<'a, str>, Option<&'static str>) {
    let left_out = |why| (Cow::Borrowed(""), Some(why));
    if body.len() > LIMIT {
        return left_out(TOO_LONG);
    }
    let Ok(text) = std::str::from_utf8(body) else { return left_out(NO_TEXT) };
    if secrets == Secrets::Shown {
        return (Cow::Borrowed(text), None);
    }
    let essence = mime_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let clean = match &*essence {
        "application/x-www-form-urlencoded" => form(text),
        json if json == "application/json" || json.ends_with("+json") => match cleaned_json(text) {
            Some(clean) => clean,
            None => return left_out(UNTOLD),
        },
        _ => return left_out(UNTOLD),
    };
    let comment = matches!(clean, Cow::Owned(_)).then_some(CLEANED);
    (clean, comment)
}

/// A form is what a query is.
fn form(text: &str) -> Cow<'_, str> {
    match redacted_urls(&format!("?{text}"), Secrets::Redacted) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(clean) => Cow::Owned(clean[1..].to_owned()),
    }
}

/// JSON as it was written where nothing of it is secret; `None` where it is none.
fn cleaned_json(text: &str) -> Option<Cow<'_, str>> {
    let mut value: Value = serde_json::from_str(text).ok()?;
    Some(if clean(&mut value) { Cow::Owned(value.to_string()) } else { Cow::Borrowed(text) })
}

/// Redacts; was there anything?
fn clean(value: &mut Value) -> bool {
    match value {
        Value::String(text) => {
            let Cow::Owned(clean) = redacted_urls(text, Secrets::Redacted) else { return false };
            *text = clean;
            true
        }
        // NB: every item is looked at, whatever came before it.
        Value::Array(items) => items.iter_mut().fold(false, |any, item| clean(item) | any),
        Value::Object(members) => members.iter_mut().fold(false, |any, (name, member)| {
            if is_secret_parameter(name) && !member.is_null() {
                *member = json!(REDACTED);
                return true;
            }
            clean(member) | any
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post_data(mime_type: &str, body: &[u8], size: usize, secrets: Secrets) -> Value {
        let post_data = json!({ "mimeType": mime_type, "text": "", "comment": "the body is not recorded" });
        let mut entries = [json!({ "request": { "bodySize": size, "postData": post_data } })];
        tell_body(&mut entries, body, secrets);
        entries[0]["request"]["postData"].clone()
    }

    #[test]
    fn bodies_that_may_be_told() {
        let (form, json) = ("application/x-www-form-urlencoded", "application/json");
        for (row, mime_type, body, text, comment) in [
            ("a form", form, "a=1&b=2", "a=1&b=2", None),
            (
                "with a password",
                form,
                "user=u&password=hush&b=2",
                "user=u&password=[redacted]&b=2",
                Some(CLEANED),
            ),
            ("which comes first", form, "token=hush", "token=[redacted]", Some(CLEANED)),
            (
                "JSON, letter for letter",
                json,
                "{ \"b\": 1,\n \"a\": 1.0 }",
                "{ \"b\": 1,\n \"a\": 1.0 }",
                None,
            ),
            (
                "with secrets, deep and many",
                "application/problem+json;charset=utf-8",
                "{\"a\":[{\"api_key\":\"hush\"},{\"Password\":{\"old\":\"hush\"}}],\"u\":\"https://u:hush@a.test/\",\"n\":null}",
                "{\"a\":[{\"api_key\":\"[redacted]\"},{\"Password\":\"[redacted]\"}],\"n\":null,\"u\":\"https://[redacted]@a.test/\"}",
                Some(CLEANED),
            ),
            ("no JSON", json, "password: hush", "", Some(UNTOLD)),
            ("any other text", "text/plain", "hush", "", Some(UNTOLD)),
            ("a multipart form", "multipart/form-data; boundary=x", "--x\r\nhush", "", Some(UNTOLD)),
            ("no type", "", "hush", "", Some(UNTOLD)),
        ] {
            let told = post_data(mime_type, body.as_bytes(), body.len(), Secrets::Redacted);
            assert_eq!(told["text"], text, "{row}");
            assert_eq!(told.get("comment").and_then(Value::as_str), comment, "{row}");
            let told = post_data(mime_type, body.as_bytes(), body.len(), Secrets::Shown);
            assert_eq!((&told["text"], told.get("comment")), (&json!(body), None), "{row}, shown");
        }
    }

    #[test]
    fn bodies_that_are_left_out() {
        let long = vec![b'a'; LIMIT + 1];
        for (row, body, size, comment) in [
            ("no text", &b"\xFF"[..], 1, NO_TEXT),
            ("too long", &long, LIMIT + 1, TOO_LONG),
            ("not sent to its end", b"abc", 2, "the body is not recorded"),
        ] {
            let told = post_data("text/plain", body, size, Secrets::Shown);
            assert_eq!((&told["text"], &told["comment"]), (&json!(""), &json!(comment)), "{row}");
        }
        // What sent nothing has nothing, and what is no entry is let be.
        let mut entries = [json!({ "request": { "bodySize": 3 } }), json!(null)];
        let before = entries.clone();
        tell_body(&mut entries, b"abc", Secrets::Shown);
        assert_eq!(entries, before);
    }
}
