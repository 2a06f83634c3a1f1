//! The request that a command line asks for: its words, its items, its options, one upon the other.

use sofetch::core::infrastructure::methods::Method;
use sofetch::{FormData, FormDataEntry, FormDataValue};

use super::RequestOptions;
use super::bodies::{self, BodyOption};
use super::headers::{HeaderOption, header_option};
use super::targets::{self, PageOption};
use super::typed;
use super::usage::UsageError;
use crate::args::{FetchArgs, ImportArgs};
use crate::import::{self, Ignored, Imported, is_redacted};
use crate::items::{self, Encoding};

/// What the words and the options ask for, and what they say of the agent's own name: `Some(None)` sends none.
pub(super) struct Asked {
    pub(super) request: RequestOptions,
    pub(super) user_agent: Option<Option<String>>,
    /// What was left out of what was imported.
    pub(super) ignored: Vec<(String, Ignored)>,
}

/// What `--import` says, and what else stands where the URL does.
pub(super) fn import(args: &ImportArgs) -> Result<Option<Imported>, UsageError> {
    let Some(path) = &args.import else { return Ok(None) };
    let bytes = bodies::read(path)?;
    let imported = import::import(&bytes, args.entry.as_deref());
    imported.map(Some).map_err(|error| UsageError::Import { path: path.clone(), error })
}

/// Reads the command line, and the files that it names. `page` is what relative URLs are relative to. What the command line
/// says comes before what was imported.
pub(super) fn request(
    args: &FetchArgs,
    imported: Option<Imported>,
    page: Option<&PageOption>,
) -> Result<Asked, UsageError> {
    let is_elsewhere = imported.is_some() || args.batch.batch.is_some();
    let words = items::words(args.url.clone(), args.beside.items.clone(), is_elsewhere)?;
    let mut base = imported.unwrap_or_default();
    if args.batch.batch.is_some() {
        // Each line brings its own.
        base.url = "about:blank".to_owned();
    }
    let url = match &words.url {
        Some(url) => typed::text_of("the URL", url)?,
        None if is_redacted(base.url.as_bytes()) => return Err(UsageError::RedactedUrl),
        None => &base.url,
    };
    let url = targets::url(url, page)?;
    let encoding = match (args.beside.form, args.beside.multipart) {
        (true, _) => Encoding::Form,
        (false, true) => Encoding::Multipart,
        (false, false) => Encoding::Json,
    };
    let said = items::said(&words.items, encoding)?;
    if encoding != Encoding::Json && said.body.is_none() {
        return Err(UsageError::NothingToEncode);
    }
    let body = match (said.body, body_option(args)?) {
        (Some(_), Some(_)) => return Err(UsageError::TwoBodies),
        (Some(_), None) if args.head => return Err(UsageError::TwoBodies),
        (body, other) => body.or(other),
    };
    let method = method(args, words.method, body.is_some())?.or(base.method.take());
    // Whoever gives another body says its type, too; whoever asks for the head sends none.
    let (body, other_body) = match body {
        Some(body) => (Some(body), true),
        None if args.head => (None, true),
        None if base.body_is_lost => return Err(UsageError::BodyIsLost),
        None => (imported_body(&mut base), false),
    };
    if other_body {
        base.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    }
    let mut asked = Asked {
        request: RequestOptions {
            url: targets::with_parameters(url, &said.query),
            method,
            headers: Vec::new(),
            body,
            untyped: false,
            mode: args.mode.or(base.mode),
            credentials: args.credentials.or(base.credentials),
            cache: args.cache.or(base.cache),
            redirect: args.redirect.or(base.redirect),
            referrer: args.referrer.clone().or(base.referrer),
            referrer_policy: args.referrer_policy.or(base.referrer_policy),
            integrity: args.integrity.clone().or(base.integrity),
            destination: args.destination,
        },
        user_agent: None,
        ignored: base.ignored,
    };
    let mut headers = Vec::new();
    for header in &args.headers {
        headers.push(header_option(typed::bytes_of("-H", header)?)?);
    }
    for header in &said.headers {
        headers.push(header_option(header.as_bytes())?);
    }
    for (name, value) in base.headers {
        let said = headers.iter().any(|header| header.name().eq_ignore_ascii_case(&name));
        match page.and_then(|_| import::no_script_says(&name, &value)) {
            Some(why) => asked.ignored.push((name.to_ascii_lowercase(), why)),
            None if !said => asked.request.headers.push((name, value)),
            None => {}
        }
    }
    for header in headers {
        asked.header(header)?;
    }
    Ok(asked)
}

fn imported_body(imported: &mut Imported) -> Option<BodyOption> {
    if !imported.fields.is_empty() {
        let entry = |(name, text)| FormDataEntry { name, value: FormDataValue::String(text) };
        let entries = std::mem::take(&mut imported.fields).into_iter().map(entry).collect();
        return Some(BodyOption::Form(FormData { entries }));
    }
    imported.body.take().map(|bytes| BodyOption::bytes(bytes, ""))
}

impl Asked {
    fn header(&mut self, header: HeaderOption) -> Result<(), UsageError> {
        match header {
            HeaderOption::Append { name, value } => self.request.headers.push((name, value)),
            HeaderOption::Remove { name } => match &*name.to_ascii_lowercase() {
                "user-agent" => self.user_agent = Some(None),
                "content-type" if !matches!(self.request.body, Some(BodyOption::Form(_))) => {
                    self.request.untyped = true;
                }
                "accept" | "accept-encoding" | "content-length" | "content-type" | "host" => {
                    return Err(UsageError::HeaderStays(name));
                }
                // Any other is none of ours: it is not sent as it is.
                _ => {}
            },
        }
        Ok(())
    }
}

/// The body of curl's options, which exclude each other.
fn body_option(args: &FetchArgs) -> Result<Option<BodyOption>, UsageError> {
    if let Some(data) = &args.data_raw {
        let bytes = typed::bytes_of("--data-raw", data)?;
        return Ok(Some(BodyOption::bytes(bytes.to_vec(), bodies::URLENCODED)));
    }
    match (&args.data_binary, &args.json) {
        (Some(data), _) => bodies::data_binary(data).map(Some),
        (None, Some(json)) => bodies::json(json).map(Some),
        (None, None) if !args.data.is_empty() => bodies::data(&args.data).map(Some),
        (None, None) if !args.fields.is_empty() => bodies::form(&args.fields).map(Some),
        (None, None) => Ok(None),
    }
}

/// `-X`, `-I`, the word before the URL, or POST where there is a body.
fn method(args: &FetchArgs, word: Option<String>, has_body: bool) -> Result<Option<String>, UsageError> {
    if let Some(said) = args.method.as_ref().filter(|said| Method::new(said.as_bytes()).is_err()) {
        return Err(UsageError::Method(said.clone()));
    }
    if word.is_some() && (args.method.is_some() || args.head) {
        return Err(UsageError::TwoMethods);
    }
    Ok(args.method.clone().or(word).or_else(|| match (args.head, has_body) {
        (true, _) => Some("HEAD".to_owned()),
        (false, true) => Some("POST".to_owned()),
        (false, false) => None,
    }))
}
