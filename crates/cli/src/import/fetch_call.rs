//! Calls of `fetch()` with literals, as DevTools copies them for browsers and for Node.

use super::faults::Fault;
use super::headers::bytes_of;
use super::javascript::{Kind, Value, expect, skip, value, word};
use super::words::Cursor;
use super::{Faulty, Ignored, Imported};

use sofetch::{CacheMode, CredentialsMode, Mode, RedirectMode, ReferrerPolicy};

/// The calls of a text.
pub(super) fn requests(text: &str) -> Faulty<Vec<Imported>> {
    let mut cursor = Cursor::new(text);
    let mut requests = Vec::new();
    loop {
        skip(&mut cursor)?;
        if cursor.take(";") {
            continue;
        }
        if cursor.peek().is_none() && !requests.is_empty() {
            return Ok(requests);
        }
        let at = cursor.at;
        let mut name = word(&mut cursor);
        if name == "await" {
            skip(&mut cursor)?;
            name = word(&mut cursor);
        }
        if name == "window" && cursor.take(".") {
            name = word(&mut cursor);
        }
        if name != "fetch" {
            return Err((Fault::Expected("a call of fetch"), at));
        }
        requests.push(call(&mut cursor)?);
    }
}

fn call(cursor: &mut Cursor<'_>) -> Faulty<Imported> {
    expect(cursor, "(")?;
    let url = value(cursor)?;
    let mut imported = Imported { url: text(&url, "the URL")?, ..Imported::default() };
    skip(cursor)?;
    if cursor.take(",") {
        skip(cursor)?;
        if cursor.peek() != Some(')') {
            let init = value(cursor)?;
            let Kind::Object(members) = init.kind else {
                return Err((Fault::Expected("an object"), init.at));
            };
            for (name, value) in &members {
                member(&mut imported, name, value)?;
            }
            skip(cursor)?;
            cursor.take(",");
        }
    }
    expect(cursor, ")")?;
    // What fetch says of a text.
    if imported.body.is_some() && !imported.has("content-type") {
        imported.header("Content-Type", b"text/plain;charset=UTF-8");
    }
    Ok(imported)
}

fn member(imported: &mut Imported, name: &str, value: &Value) -> Faulty<()> {
    match name {
        "headers" => return headers(imported, value),
        "window" => return Ok(()),
        _ => {}
    }
    // A member that is null or undefined is as good as absent, but for the body it is the same.
    if value.kind == Kind::Null {
        return Ok(());
    }
    match name {
        "method" => imported.method = Some(text(value, name)?),
        "body" => imported.body = Some(text(value, name)?.into()),
        "mode" => {
            imported.mode =
                Some(listed(&[Mode::Cors, Mode::NoCors, Mode::SameOrigin], Mode::as_str, name, value)?)
        }
        "credentials" => {
            imported.credentials = Some(listed(CredentialsMode::ALL, CredentialsMode::as_str, name, value)?);
        }
        "cache" => imported.cache = Some(listed(CacheMode::ALL, CacheMode::as_str, name, value)?),
        "redirect" => imported.redirect = Some(listed(RedirectMode::ALL, RedirectMode::as_str, name, value)?),
        "referrer" => imported.referrer = Some(text(value, name)?),
        "referrerPolicy" => {
            imported.referrer_policy =
                Some(listed(ReferrerPolicy::ALL, ReferrerPolicy::as_str, name, value)?);
        }
        "integrity" => imported.integrity = Some(text(value, name)?).filter(|metadata| !metadata.is_empty()),
        other => imported.ignore(other, Ignored::Unknown),
    }
    Ok(())
}

/// An object, or pairs.
fn headers(imported: &mut Imported, value: &Value) -> Faulty<()> {
    match &value.kind {
        Kind::Null => {}
        Kind::Object(members) => {
            for (name, value) in members {
                imported.header(name, &bytes_of(&text(value, "headers")?));
            }
        }
        Kind::Array(pairs) => {
            for pair in pairs {
                let Kind::Array(pair_of) = &pair.kind else { return Err((Fault::Header, pair.at)) };
                let [name, value] = &pair_of[..] else { return Err((Fault::Header, pair.at)) };
                let name = text(name, "headers")?;
                imported.header(&name, &bytes_of(&text(value, "headers")?));
            }
        }
        _ => return Err((Fault::Expected("an object"), value.at)),
    }
    Ok(())
}

fn text(value: &Value, name: &str) -> Faulty<String> {
    match &value.kind {
        Kind::Text(text) => Ok(text.clone()),
        Kind::Number(number) => Ok(number.clone()),
        _ => Err((Fault::Value(name.to_owned()), value.at)),
    }
}

fn listed<T: Copy>(list: &[T], word_of: fn(T) -> &'static str, name: &str, value: &Value) -> Faulty<T> {
    let said = text(value, name)?;
    let found = list.iter().copied().find(|&known| word_of(known) == said);
    found.ok_or((Fault::Value(name.to_owned()), value.at))
}
