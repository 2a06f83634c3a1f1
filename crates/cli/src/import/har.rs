//! Entries of [HAR 1.2](http://www.softwareishard.com/blog/har-12-spec/) files: browsers', and those that `--har` writes.

use serde::Deserialize;
use sofetch::core::infrastructure::urlencoded::urlencoded_serializer;

use super::faults::Fault;
use super::headers::is_redacted;
use super::{Faulty, Ignored, Imported};

#[derive(Deserialize)]
struct File {
    log: Option<Log>,
}

#[derive(Deserialize)]
struct Log {
    #[serde(default)]
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(default)]
    method: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    headers: Vec<Pair>,
    #[serde(default)]
    cookies: Vec<Pair>,
    post_data: Option<PostData>,
    body_size: Option<f64>,
}

#[derive(Deserialize)]
struct Pair {
    #[serde(default)]
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostData {
    #[serde(default)]
    mime_type: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    params: Vec<Param>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Param {
    #[serde(default)]
    name: String,
    #[serde(default)]
    value: String,
    file_name: Option<String>,
}

/// All requests of a file.
pub(super) fn requests(text: &str) -> Faulty<Vec<Imported>> {
    let file: File = serde_json::from_str(text).map_err(|error| {
        let fault = if error.is_data() { Fault::Har("a member is of another type") } else { Fault::Json };
        (fault, place(text, error.line(), error.column()))
    })?;
    let log = file.log.ok_or((Fault::Har("there is no log"), 0))?;
    if log.entries.is_empty() {
        return Err((Fault::Har("it has no entries"), 0));
    }
    Ok(log.entries.into_iter().map(|entry| imported(entry.request)).collect())
}

/// serde's line (from 1) and column (in bytes, 0 for the break before) as a byte of the text.
fn place(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(text.len())
}

fn imported(request: Request) -> Imported {
    let mut imported = Imported { url: request.url, ..Imported::default() };
    imported.method = Some(request.method).filter(|method| !method.is_empty());
    for Pair { name, value } in &request.headers {
        imported.header(name, value.as_bytes());
    }
    // Some write cookies apart from the headers.
    let apart = !request.headers.iter().any(|header| header.name.eq_ignore_ascii_case("cookie"));
    if apart && !request.cookies.is_empty() {
        let pairs: Vec<String> =
            request.cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        imported.header("Cookie", pairs.join("; ").as_bytes());
    }
    if let Some(post_data) = request.post_data {
        body(&mut imported, post_data, request.body_size);
    } else {
        imported.body_is_lost = request.body_size.is_some_and(|size| size > 0.0);
    }
    imported
}

fn body(imported: &mut Imported, post_data: PostData, size: Option<f64>) {
    let PostData { mime_type, text, params } = post_data;
    let form = mime_type.starts_with("application/x-www-form-urlencoded");
    if !text.is_empty() {
        // A redacted text is not the one that was sent.
        imported.body_is_lost = is_redacted(text.as_bytes());
        imported.body = Some(text.into()).filter(|_| !imported.body_is_lost);
    } else if form && !params.is_empty() && params.iter().all(|param| param.file_name.is_none()) {
        let pairs = params.iter().map(|param| (&*param.name, &*param.value));
        imported.body = Some(urlencoded_serializer(pairs, None).into());
    } else {
        imported.body_is_lost = !params.is_empty() || size.is_some_and(|size| size > 0.0);
        if !imported.body_is_lost {
            imported.body = Some("".into());
        }
    }
    if imported.body.is_some() && !mime_type.is_empty() && !imported.has("content-type") {
        if is_redacted(mime_type.as_bytes()) {
            imported.ignore("content-type", Ignored::Redacted);
        } else {
            imported.header("Content-Type", mime_type.as_bytes());
        }
    }
}
