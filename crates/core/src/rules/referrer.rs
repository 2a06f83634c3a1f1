//! [Referrer Policy](https://w3c.github.io/webappsec-referrer-policy/): what a request says of where it came from, and how a
//! header changes that.
//!
//! Username, password and fragment never leave, under any policy.

use crate::infrastructure::clients::{Client, Global};
use crate::infrastructure::header_list::HeaderList;
use crate::infrastructure::requests::{Referrer, ReferrerPolicy, Request};
use crate::infrastructure::url::Url;
use crate::rules::verdict::Verdict;

/// The verdict of [`determine_requests_referrer`]: how much of the source is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferrerDecision {
    /// No referrer.
    None {
        /// The policy that was followed.
        policy: ReferrerPolicy,
        /// Why nothing.
        why: ReferrerReason,
    },
    /// The origin alone.
    Origin {
        /// The policy that was followed.
        policy: ReferrerPolicy,
        /// Why no more.
        why: ReferrerReason,
    },
    /// The URL, but for username, password and fragment.
    Full {
        /// The policy that was followed.
        policy: ReferrerPolicy,
        /// Why all of it.
        why: ReferrerReason,
    },
}

/// What of a request's circumstances decided its referrer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReferrerReason {
    /// The policy says the same of every request.
    Always,
    /// The request stays within the source's origin.
    SameOrigin,
    /// It does not.
    CrossOrigin,
    /// From a potentially trustworthy URL to one that is not.
    Downgrade,
    /// No such fall.
    NoDowngrade,
    /// The URL is longer than 4096, so that its origin stands for it.
    TooLong,
    /// The source is an `about:`, `blob:` or `data:` URL.
    LocalScheme,
    /// The source is a document of an opaque origin.
    OpaqueOrigin,
    /// The referrer is "client", and there is none.
    NoClient,
    /// The request asks for no referrer.
    NotWanted,
}

impl Verdict for ReferrerDecision {
    const ANCHOR: &'static str =
        "https://w3c.github.io/webappsec-referrer-policy/#determine-requests-referrer";
    fn blocks(&self) -> bool {
        false
    }
}

/// Beyond this many code units the origin stands for the URL.
const LONGEST: usize = 4096;

/// <https://w3c.github.io/webappsec-referrer-policy/#determine-requests-referrer>; `None` is no referrer.
pub fn determine_requests_referrer(request: &Request) -> (ReferrerDecision, Option<Url>) {
    // 1. The empty string stands for the default.
    let policy = match request.referrer_policy {
        ReferrerPolicy::Empty => ReferrerPolicy::StrictOriginWhenCrossOrigin,
        policy => policy,
    };
    let none = |why| (ReferrerDecision::None { policy, why }, None);
    // 2, 3. The source.
    let source = match &request.referrer {
        Referrer::NoReferrer => return none(ReferrerReason::NotWanted),
        Referrer::Url(url) => url,
        Referrer::Client => match request.client.as_deref() {
            None => return none(ReferrerReason::NoClient),
            Some(client) => match client_source(client) {
                None => return none(ReferrerReason::OpaqueOrigin),
                Some(url) => url,
            },
        },
    };
    // 7, for the policy that needs no URL at all.
    if policy == ReferrerPolicy::NoReferrer {
        return none(ReferrerReason::Always);
    }
    // 4. A local URL strips to nothing.
    if source.is_local() {
        return none(ReferrerReason::LocalScheme);
    }
    // SKIPS 6: we do not alter what a policy allows; an agent for private browsing would.
    let to = request.current_url();
    let same_origin = || source.same_origin(to);
    let downgrade = || source.is_potentially_trustworthy() && !to.is_potentially_trustworthy();
    // 5. The length decides what "the URL" is.
    let full = |why| {
        let url = strip_url_for_use_as_a_referrer(source);
        if url.href().len() > LONGEST {
            let why = ReferrerReason::TooLong;
            return (ReferrerDecision::Origin { policy, why }, Some(origin_only(source)));
        }
        (ReferrerDecision::Full { policy, why }, Some(url))
    };
    let origin = |why| (ReferrerDecision::Origin { policy, why }, Some(origin_only(source)));
    // 7.
    match policy {
        ReferrerPolicy::NoReferrer => none(ReferrerReason::Always),
        ReferrerPolicy::Origin => origin(ReferrerReason::Always),
        ReferrerPolicy::UnsafeUrl => full(ReferrerReason::Always),
        ReferrerPolicy::StrictOrigin if downgrade() => none(ReferrerReason::Downgrade),
        ReferrerPolicy::StrictOrigin => origin(ReferrerReason::NoDowngrade),
        ReferrerPolicy::SameOrigin if same_origin() => full(ReferrerReason::SameOrigin),
        ReferrerPolicy::SameOrigin => none(ReferrerReason::CrossOrigin),
        ReferrerPolicy::OriginWhenCrossOrigin if same_origin() => full(ReferrerReason::SameOrigin),
        ReferrerPolicy::OriginWhenCrossOrigin => origin(ReferrerReason::CrossOrigin),
        ReferrerPolicy::NoReferrerWhenDowngrade if downgrade() => none(ReferrerReason::Downgrade),
        ReferrerPolicy::NoReferrerWhenDowngrade => full(ReferrerReason::NoDowngrade),
        ReferrerPolicy::StrictOriginWhenCrossOrigin | ReferrerPolicy::Empty => {
            if same_origin() {
                full(ReferrerReason::SameOrigin)
            } else if downgrade() {
                none(ReferrerReason::Downgrade)
            } else {
                origin(ReferrerReason::CrossOrigin)
            }
        }
    }
}

/// Step 3's "client": the document's URL or the worker's; `None` for a document of an opaque origin.
fn client_source(client: &Client) -> Option<&Url> {
    match &client.global {
        Global::Window { .. } if client.origin.is_opaque() => None,
        Global::Window { document_url, .. } => Some(document_url),
        Global::Worker { .. } => Some(&client.creation_url),
    }
}

/// <https://w3c.github.io/webappsec-referrer-policy/#strip-url>, for a URL that is not local. Mostly nothing is there to strip.
fn strip_url_for_use_as_a_referrer(url: &Url) -> Url {
    let url = url.without_credentials();
    if url.fragment().is_some() { url.with_fragment(None) } else { url }
}

/// The same with its origin-only flag: scheme, host, port and an empty path.
fn origin_only(url: &Url) -> Url {
    let href = match url.host() {
        Some(_) => format!("{}://{}/", url.scheme(), url.host_and_port()),
        None => format!("{}:/", url.scheme()),
    };
    // A scheme, host and port that were serialized parse as they are.
    Url::parse(&href, None).unwrap_or_else(|_| strip_url_for_use_as_a_referrer(url).with_path_only("/"))
}

/// <https://w3c.github.io/webappsec-referrer-policy/#parse-referrer-policy-from-header>: the last token that we know;
/// the empty string where there is none.
///
/// Later tokens win so that a new policy can be sent with an old one before it for those who do not know the new one.
// NB: a piece that is no token is passed over as an unknown token is, and letters match in any case: so do browsers,
// where the ABNF alone would make one stray byte throw all headers away.
pub fn parse_a_referrer_policy(headers: &HeaderList) -> ReferrerPolicy {
    let mut policy = ReferrerPolicy::Empty;
    for value in headers.get_all("Referrer-Policy") {
        for token in value.split(|&byte| byte == b',') {
            let token = token.trim_ascii();
            let known = ReferrerPolicy::ALL.iter().find(|known| {
                **known != ReferrerPolicy::Empty && token.eq_ignore_ascii_case(known.as_str().as_bytes())
            });
            policy = known.copied().unwrap_or(policy);
        }
    }
    policy
}

/// <https://w3c.github.io/webappsec-referrer-policy/#set-requests-referrer-policy-on-redirect>: the policy that a redirect's
/// headers put in the request's place, `None` where they say nothing.
pub fn referrer_policy_on_redirect(headers: &HeaderList) -> Option<ReferrerPolicy> {
    Some(parse_a_referrer_policy(headers)).filter(|policy| *policy != ReferrerPolicy::Empty)
}

#[cfg(test)]
mod tests;
