//! Fetching scripts: [a single module script](https://html.spec.whatwg.org/#fetch-a-single-module-script), and
//! [a classic one for `importScripts()`](https://html.spec.whatwg.org/#fetch-a-classic-worker-imported-script).

use std::sync::Arc;

use bytes::Bytes;
use rquickjs::{Ctx, Error};
use sofetch::core::infrastructure::content_security_policies::Disposition;
use sofetch::core::infrastructure::mime_types::{MimeType, extract_a_mime_type};
use sofetch::core::infrastructure::package_data::text_of;
use sofetch::core::infrastructure::requests::{
    CredentialsMode, Destination, InitiatorType, Mode, ParserMetadata, Referrer, Request,
};
use sofetch::core::infrastructure::responses::Response;
use sofetch::core::infrastructure::statuses::is_ok_status;
use sofetch::core::rules::content_security_policy::CspBlocking;
use sofetch::core::rules::referrer::parse_a_referrer_policy;
use sofetch::core::rulings::{NetworkError, Ruling};
use sofetch::engine::{Callbacks, FetchController};
use sofetch::{ReferrerPolicy, Url, UserAgent};

use super::records::{Key, ModuleType, Referring};
use crate::host::Host;
use crate::ledger::{Charge, Ledger};

/// A script's text, and what its response says of it.
pub(crate) struct Fetched {
    pub(crate) text: String,
    /// The response's URL.
    pub(crate) url: Url,
    pub(crate) referrer_policy: ReferrerPolicy,
    /// Of another origin, which did not agree: what it throws is nobody's to see.
    pub(crate) muted_errors: bool,
    pub(crate) charge: Charge,
}

/// What a page's script is told of a fetch that failed. NB: a network error keeps its reason from script, as `fetch()` does; whoever reads the
/// console is told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotFetched {
    NetworkError(String),
    Status(u16),
    MimeType(String),
    EmbedderPolicy,
    Memory,
    /// There was nothing to fetch.
    Other(String),
}

impl std::fmt::Display for NotFetched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotFetched::NetworkError(_) => f.write_str("failed to fetch"),
            NotFetched::Status(status) => write!(f, "the server answered {status}"),
            NotFetched::MimeType(said) if said.is_empty() => f.write_str("the server says no MIME type"),
            NotFetched::MimeType(said) => write!(f, "the server says that it is {said}"),
            NotFetched::EmbedderPolicy => {
                f.write_str("its Cross-Origin-Embedder-Policy is not compatible with that of its owner")
            }
            NotFetched::Memory => f.write_str("out of memory"),
            NotFetched::Other(why) => f.write_str(why),
        }
    }
}

impl NotFetched {
    /// A network error of which nobody knows more.
    pub(crate) const NETWORK_ERROR: NotFetched = NotFetched::NetworkError(String::new());

    /// Why it is a network error, for the console alone: the code of a rule or a fault, and which directives refused.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            NotFetched::NetworkError(reason) if !reason.is_empty() => Some(reason),
            _ => None,
        }
    }

    /// All of it, for the console alone.
    pub(crate) fn told(&self) -> String {
        match self.reason() {
            Some(reason) => format!("{self} ({reason})"),
            None => self.to_string(),
        }
    }

    /// Throws an error of script's, whose reason the console is told, too.
    pub(crate) fn throw(&self, ctx: &Ctx<'_>, thrown: Error) -> Error {
        match self.reason() {
            Some(reason) => NotFetched::note(ctx, thrown, reason),
            None => thrown,
        }
    }

    /// The same of an error that says itself nothing of why.
    pub(crate) fn throw_unsaid(&self, ctx: &Ctx<'_>, thrown: Error) -> Error {
        match self.reason() {
            Some(reason) => NotFetched::note(ctx, thrown, reason),
            None => NotFetched::note(ctx, thrown, &self.to_string()),
        }
    }

    /// NB: only an exception is an object that anything can be noted of.
    fn note(ctx: &Ctx<'_>, thrown: Error, reason: &str) -> Error {
        if !thrown.is_exception() {
            return thrown;
        }
        let error = ctx.catch();
        let hook = Host::of(ctx).hook(ctx, "noteReason");
        if hook.and_then(|hook| hook.call::<_, ()>((error.clone(), reason))).is_err() {
            ctx.catch();
        }
        ctx.throw(error)
    }
}

impl From<NetworkError> for NotFetched {
    fn from(error: NetworkError) -> NotFetched {
        let mut reason = error.code().to_owned();
        if let Some(Ruling::CspBlocking(CspBlocking::Blocked { violations, .. })) = error.ruling() {
            let enforced =
                violations.iter().filter(|violation| violation.disposition == Disposition::Enforce);
            for (at, violation) in enforced.enumerate() {
                reason.push_str(if at == 0 { ": " } else { ", " });
                reason.push_str(&violation.violated_directive);
                violation.source_list.iter().for_each(|source| reason.extend([" ", source]));
            }
        }
        NotFetched::NetworkError(reason)
    }
}

/// The response of a fetch, if there is one.
pub(crate) fn answered(
    fetched: Result<std::result::Result<Response, NetworkError>, sofetch::Error>,
) -> Result<Response, NotFetched> {
    fetched.map_err(|_| NotFetched::NETWORK_ERROR)?.map_err(NotFetched::from)
}

/// Steps 7 to 11 of [fetch a single module script](https://html.spec.whatwg.org/#fetch-a-single-module-script).
pub(super) fn module_request(
    host: &Host,
    key: &Key,
    referring: &Referring,
    integrity: &str,
    credentials: CredentialsMode,
) -> Option<Request> {
    let mut request = script_request(host, host.imported.with_entry(host.parse_url(&key.url)?));
    request.destination = key.kind.destination();
    request.mode = Mode::Cors;
    request.credentials_mode = credentials;
    request.initiator_type = Some(InitiatorType::Script);
    // Who fetches on their own behalf refers to nobody.
    request.referrer =
        if request.owner { Referrer::NoReferrer } else { Referrer::Url(referring.base.clone()) };
    request.referrer_policy = referring.referrer_policy;
    request.integrity_metadata = integrity.to_owned();
    Some(request)
}

/// Step 1 of [fetch a classic worker-imported script](https://html.spec.whatwg.org/#fetch-a-classic-worker-imported-script).
pub(crate) fn classic_request(host: &Host, url: Url) -> Request {
    let mut request = script_request(host, url);
    request.destination = Destination::Script;
    request.initiator_type = Some(InitiatorType::Other);
    request.use_url_credentials = true;
    request
}

pub(crate) fn script_request(host: &Host, url: Url) -> Request {
    let client = host.page.as_ref().map(|page| page.client().clone());
    let mut request = Request::new(url);
    request.owner = client.is_none();
    request.client = client;
    request.parser_metadata = ParserMetadata::NotParserInserted;
    request
}

/// Fetches and reads to the end what is said to be of this type.
pub(crate) async fn fetch_script(
    agent: UserAgent,
    request: Request,
    callbacks: Callbacks,
    controller: Arc<FetchController>,
    ledger: Arc<Ledger>,
    kind: ModuleType,
) -> Result<Fetched, NotFetched> {
    let fetched = agent.fetch_core(Box::new(request), callbacks, controller.clone()).await;
    let mut response = answered(fetched)?;
    let muted_errors = response.is_opaque();
    let (bytes, charge) = body_of(&mut response, ledger, &controller).await?;
    let response = response.internal();
    if !is_ok_status(response.status) {
        return Err(NotFetched::Status(response.status));
    }
    is_of(extract_a_mime_type(&response.header_list).ok().as_ref(), kind)?;
    Ok(Fetched {
        text: text_of(&bytes),
        url: response.url().ok_or(NotFetched::NETWORK_ERROR)?.clone(),
        referrer_policy: parse_a_referrer_policy(&response.header_list),
        muted_errors,
        charge,
    })
}

/// Step 13.6 of [fetch a single module script](https://html.spec.whatwg.org/#fetch-a-single-module-script): a text may be of any type.
fn is_of(mime_type: Option<&MimeType>, kind: ModuleType) -> Result<(), NotFetched> {
    let is = match kind {
        ModuleType::JavaScript => mime_type.is_some_and(MimeType::is_javascript),
        ModuleType::Json => mime_type.is_some_and(MimeType::is_json),
        ModuleType::Text => true,
    };
    if is {
        Ok(())
    } else {
        Err(NotFetched::MimeType(mime_type.map(ToString::to_string).unwrap_or_default()))
    }
}

pub(crate) async fn body_of(
    response: &mut Response,
    ledger: Arc<Ledger>,
    controller: &FetchController,
) -> Result<(Bytes, Charge), NotFetched> {
    let mut charge = Charge::empty(ledger);
    let Some(mut body) = response.internal_mut().body.take() else { return Ok((Bytes::new(), charge)) };
    let mut bytes = Vec::new();
    while let Some(chunk) = body.chunk().await {
        let chunk = chunk.map_err(|_| NotFetched::NETWORK_ERROR)?;
        if !charge.grow(chunk.len()) {
            controller.terminate();
            return Err(NotFetched::Memory);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((bytes.into(), charge))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_table() {
        let said = |said: &str| Err(NotFetched::MimeType(said.to_owned()));
        for (mime_type, kind, expected) in [
            ("text/javascript", ModuleType::JavaScript, Ok(())),
            ("application/x-ecmascript;charset=x", ModuleType::JavaScript, Ok(())),
            ("application/json", ModuleType::JavaScript, said("application/json")),
            ("", ModuleType::JavaScript, said("")),
            ("application/json", ModuleType::Json, Ok(())),
            ("image/svg+json", ModuleType::Json, Ok(())),
            ("text/javascript", ModuleType::Json, said("text/javascript")),
            ("text/html", ModuleType::Text, Ok(())),
            ("", ModuleType::Text, Ok(())),
        ] {
            assert_eq!(
                is_of(MimeType::parse(mime_type).ok().as_ref(), kind),
                expected,
                "{mime_type} {kind:?}"
            );
        }
    }
}
