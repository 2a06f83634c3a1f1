//! [Fetch directives](https://w3c.github.io/webappsec-csp/#directives-fetch): which directive of a policy is for a request, and what it says of it.

use crate::infrastructure::content_security_policies::{CspList, Directive, Policy};
use crate::infrastructure::requests::{Destination, Initiator, ParserMetadata, Request};
use crate::infrastructure::url::Url;

use super::matching::{expression_for, integrity_metadata_matches, matching_nonce, matching_url};
use super::source_expressions::{Keyword, SourceExpression};

/// What one policy says.
pub(super) enum Judgement<'p> {
    /// It has no directive for this.
    NotGoverned,
    /// Its directive allows it.
    Allowed { directive: &'p Directive, by: AllowedBy },
    /// Its directive does not.
    Violates { effective: &'static str, directive: &'p Directive, remedy: Remedy },
}

/// What of a source list allows a request.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AllowedBy {
    /// An expression that the URL matches, as it was written.
    SourceExpression(String),
    /// The request's nonce, as the list has it.
    Nonce(String),
    /// Each digest of the request's integrity metadata is in the list.
    IntegrityMetadata,
    /// `'strict-dynamic'`: a script that is allowed asks.
    StrictDynamic,
}

/// What would allow a request that was refused.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Remedy {
    /// This expression in the source list: the narrowest that names the URL's origin.
    SourceExpression(String),
    /// A nonce or a hash: under `'strict-dynamic'` no URL counts.
    NonceOrHash,
}

/// <https://w3c.github.io/webappsec-csp/#effective-directive-for-a-request>; `None` is null.
pub fn effective_directive_for_a_request(request: &Request) -> Option<&'static str> {
    use Destination::*;
    // 1.
    if matches!(request.initiator, Initiator::Prefetch | Initiator::Prerender) {
        return Some("default-src");
    }
    // 2, 3.
    Some(match request.destination {
        Manifest => "manifest-src",
        Object | Embed => "object-src",
        Frame | Iframe => "frame-src",
        Audio | Track | Video => "media-src",
        Font => "font-src",
        Image => "img-src",
        Style => "style-src-elem",
        Script | Xslt | AudioWorklet | PaintWorklet => "script-src-elem",
        ServiceWorker | SharedWorker | Worker => "worker-src",
        Report => return None,
        Empty | Json | Text | WebIdentity | Document => "connect-src",
    })
}

/// <https://w3c.github.io/webappsec-csp/#directive-fallback-list>
// NB: without those of inline script and style, which are no request's.
fn fallback_list(effective: &str) -> &'static [&'static str] {
    match effective {
        "script-src-elem" => &["script-src-elem", "script-src", "default-src"],
        "style-src-elem" => &["style-src-elem", "style-src", "default-src"],
        "worker-src" => &["worker-src", "child-src", "script-src", "default-src"],
        "connect-src" => &["connect-src", "default-src"],
        "manifest-src" => &["manifest-src", "default-src"],
        "object-src" => &["object-src", "default-src"],
        "frame-src" => &["frame-src", "child-src", "default-src"],
        "media-src" => &["media-src", "default-src"],
        "font-src" => &["font-src", "default-src"],
        "img-src" => &["img-src", "default-src"],
        // NB: `default-src`, as a prefetch and a prerendering have it, falls back on nothing, not even on itself.
        _ => &[],
    }
}

/// <https://w3c.github.io/webappsec-csp/#does-request-violate-policy>
pub(super) fn pre_request_checks<'p>(request: &Request, policy: &'p Policy, list: &CspList) -> Judgement<'p> {
    // 1.
    if request.initiator == Initiator::Prefetch {
        return resource_hint(request, policy, list);
    }
    // 2 to 4.
    checks(request, request.current_url(), policy, list)
}

/// The [post-request checks](https://w3c.github.io/webappsec-csp/#directive-post-request-check) of a policy's directives:
/// the same, of the URL that the response came from.
// SKIPS script-post-request 1.1: a report of each script's hash needs the whole body first; who collects them would need it.
pub(super) fn post_request_checks<'p>(
    request: &Request,
    url: &Url,
    policy: &'p Policy,
    list: &CspList,
) -> Judgement<'p> {
    checks(request, url, policy, list)
}

/// Of all directives the one speaks that [should execute](https://w3c.github.io/webappsec-csp/#should-directive-execute):
/// the first of the fallback list that the policy has.
fn checks<'p>(request: &Request, url: &Url, policy: &'p Policy, list: &CspList) -> Judgement<'p> {
    let Some(effective) = effective_directive_for_a_request(request) else { return Judgement::NotGoverned };
    let Some(directive) = fallback_list(effective).iter().find_map(|name| policy.directive(name)) else {
        return Judgement::NotGoverned;
    };
    // Those that stand for all lend their value to the directive that is missing.
    let asked = match &*directive.name {
        "default-src" | "child-src" => effective,
        own => own,
    };
    let source_list = &directive.value;
    let said = match asked {
        "script-src" | "script-src-elem" => script_check(request, url, source_list, list),
        // Style-src pre-request check, 3, 4.
        "style-src" | "style-src-elem" => match nonce_match(request, source_list) {
            Some(by) => Ok(by),
            None => url_check(request, url, source_list, list),
        },
        // SKIPS connect-src 4: no request here has WebTransport hashes; a transport that takes them would.
        _ => url_check(request, url, source_list, list),
    };
    match said {
        Ok(by) => Judgement::Allowed { directive, by },
        Err(remedy) => Judgement::Violates { effective, directive, remedy },
    }
}

/// <https://w3c.github.io/webappsec-csp/#script-pre-request>, and the
/// [post-request](https://w3c.github.io/webappsec-csp/#script-post-request) one.
// NB: step 1 asks for a script-like destination. All that come here are, but "xslt", which Fetch bids to consider too.
fn script_check(
    request: &Request,
    url: &Url,
    source_list: &[String],
    list: &CspList,
) -> Result<AllowedBy, Remedy> {
    // 1.1
    if let Some(by) = nonce_match(request, source_list) {
        return Ok(by);
    }
    // 1.2
    if integrity_metadata_matches(&request.integrity_metadata, source_list) {
        return Ok(AllowedBy::IntegrityMetadata);
    }
    // 1.3 What scripts bring in is trusted as they are, and what the parser finds is not. No URL counts.
    let is_strict = |word: &String| {
        SourceExpression::parse(word) == Some(SourceExpression::Keyword(Keyword::StrictDynamic))
    };
    if source_list.iter().any(is_strict) {
        return match request.parser_metadata {
            ParserMetadata::ParserInserted => Err(Remedy::NonceOrHash),
            ParserMetadata::Empty | ParserMetadata::NotParserInserted => Ok(AllowedBy::StrictDynamic),
        };
    }
    // 1.4
    url_check(request, url, source_list, list)
}

fn nonce_match(request: &Request, source_list: &[String]) -> Option<AllowedBy> {
    let word = matching_nonce(&request.cryptographic_nonce_metadata, source_list)?;
    Some(AllowedBy::Nonce(word.to_owned()))
}

fn url_check(
    request: &Request,
    url: &Url,
    source_list: &[String],
    list: &CspList,
) -> Result<AllowedBy, Remedy> {
    let own = list.self_origin.as_ref();
    match matching_url(url, source_list, own, request.redirect_count) {
        Some(word) => Ok(AllowedBy::SourceExpression(word.to_owned())),
        None => Err(Remedy::SourceExpression(expression_for(url, own))),
    }
}

/// <https://w3c.github.io/webappsec-csp/#does-resource-hint-violate-policy>: what any directive allows may be fetched before.
fn resource_hint<'p>(request: &Request, policy: &'p Policy, list: &CspList) -> Judgement<'p> {
    // DEPARTS: the text's list has no `default-src`, which then could allow nothing; tests have it
    // (content-security-policy/resource-hints/prefetch-allowed-by-default.html).
    const LISTED: [&str; 14] = [
        "default-src",
        "child-src",
        "connect-src",
        "font-src",
        "frame-src",
        "img-src",
        "manifest-src",
        "media-src",
        "object-src",
        "script-src",
        "script-src-elem",
        "style-src",
        "style-src-elem",
        "worker-src",
    ];
    // 1, 2.
    let Some(default) = policy.directive("default-src") else { return Judgement::NotGoverned };
    // 3. NB: the text waits for the answer "Allowed", where a match says "Matches".
    let mut refusal = None;
    for directive in policy.directives.iter().filter(|directive| LISTED.contains(&&*directive.name)) {
        match url_check(request, request.current_url(), &directive.value, list) {
            Ok(by) => return Judgement::Allowed { directive, by },
            Err(remedy) => refusal = Some(remedy),
        }
    }
    // 4. NB: it is listed itself, so that somebody refused.
    match refusal {
        Some(remedy) => Judgement::Violates { effective: "default-src", directive: default, remedy },
        None => Judgement::NotGoverned,
    }
}
