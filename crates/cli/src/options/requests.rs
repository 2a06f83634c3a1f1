//! The request that a command line asks for: its words, its items, its options, one upon the other.

use sofetch::core::infrastructure::methods::Method;

use super::RequestOptions;
use super::bodies::{self, BodyOption};
use super::headers::{HeaderOption, header_option};
use super::targets::{self, PageOption};
use super::typed;
use super::usage::UsageError;
use crate::args::FetchArgs;
use crate::items::{self, Encoding};

/// What the words and the options ask for, and what they say of the agent's own name: `Some(None)` sends none.
pub(super) struct Asked {
    pub(super) request: RequestOptions,
    pub(super) user_agent: Option<Option<String>>,
}

/// Reads the command line, and the files that it names. `page` is what relative URLs are relative to.
pub(super) fn request(args: &FetchArgs, page: Option<&PageOption>) -> Result<Asked, UsageError> {
    let words = items::words(args.url.clone(), args.beside.items.clone(), false)?;
    let url = typed::text_of("the URL", words.url.as_deref().unwrap_or_default())?;
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
    let mut asked = Asked {
        request: RequestOptions {
            url: targets::with_parameters(url, &said.query),
            method: method(args, words.method, body.is_some())?,
            headers: Vec::new(),
            body,
            untyped: false,
            mode: args.mode,
            credentials: args.credentials,
            cache: args.cache,
            redirect: args.redirect,
            referrer: args.referrer.clone(),
            referrer_policy: args.referrer_policy,
            integrity: args.integrity.clone(),
        },
        user_agent: None,
    };
    for header in &args.headers {
        asked.header(header_option(typed::bytes_of("-H", header)?)?)?;
    }
    for header in &said.headers {
        asked.header(header_option(header.as_bytes())?)?;
    }
    Ok(asked)
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
