//! Sentences for a request's headers: the referrer, the origin, credentials, what a page may set.

use sofetch_core::infrastructure::requests::{Destination, ReferrerPolicy};
use sofetch_core::rules::fetch_metadata::FetchMetadata;
use sofetch_core::rules::header_guards::{ForbiddenRequestHeader, HeaderGuard};
use sofetch_core::rules::origin_header::OriginHeader;
use sofetch_core::rules::referrer::{ReferrerDecision, ReferrerReason};
use sofetch_core::rules::request_headers::{ConditionalHeaders, IncludeCredentials};

use super::quoting::{byte, quoted};
use super::{Words, weighed};

impl Words for ReferrerDecision {
    fn words(&self) -> String {
        let (policy, why, what) = match self {
            ReferrerDecision::None { policy, why } => (policy, why, "no referrer is sent"),
            ReferrerDecision::Origin { policy, why } => {
                (policy, why, "the referrer is the page's origin alone")
            }
            ReferrerDecision::Full { policy, why } => {
                (policy, why, "the referrer is the page's URL without its fragment")
            }
        };
        let because = match why {
            ReferrerReason::Always => "always",
            ReferrerReason::SameOrigin => "within one origin",
            ReferrerReason::CrossOrigin => "to another origin",
            ReferrerReason::Downgrade => "from a trustworthy URL to one that is not",
            ReferrerReason::NoDowngrade => "where nothing is downgraded",
            ReferrerReason::TooLong => "because the URL is too long",
            ReferrerReason::LocalScheme => "because the page has a local URL",
            ReferrerReason::OpaqueOrigin => "because the page's origin is opaque",
            ReferrerReason::NoClient => "because no page asks",
            ReferrerReason::NotWanted => "because the request wants none",
        };
        match policy {
            ReferrerPolicy::Empty => format!("By the default referrer policy {what}, {because}."),
            policy => format!("By the referrer policy `{}` {what}, {because}.", policy.as_str()),
        }
    }

    weighed!(
        Idle: ReferrerDecision::None { why: ReferrerReason::NoClient | ReferrerReason::NotWanted, .. }
    );
}

impl Words for OriginHeader {
    fn words(&self) -> String {
        match self {
            OriginHeader::NotSent => "No Origin is sent: the method is GET or HEAD, without CORS.".to_owned(),
            OriginHeader::Asked { origin } => {
                format!("Origin: {} is sent, for another origin is asked.", quoted(origin))
            }
            OriginHeader::UnsafeMethod { origin } => {
                format!("Origin: {} is sent, for the method is neither GET nor HEAD.", quoted(origin))
            }
            OriginHeader::Hidden { policy } => format!(
                "Origin: `null` is sent: the referrer policy {} hides the origin.",
                match policy {
                    ReferrerPolicy::Empty => "(the default)".to_owned(),
                    policy => format!("`{}`", policy.as_str()),
                }
            ),
        }
    }

    // The header itself is told when it is set.
    weighed!(Idle: OriginHeader::NotSent | OriginHeader::Asked { .. } | OriginHeader::UnsafeMethod { .. });
}

impl Words for FetchMetadata {
    fn words(&self) -> String {
        match self {
            FetchMetadata::NotTrustworthy => {
                "The URL is not potentially trustworthy: no Sec-Fetch headers are sent.".to_owned()
            }
            FetchMetadata::Sent { destination, mode, site, user } => format!(
                "The server is told by Sec-Fetch headers: destination `{}`, mode `{}`, site `{}`{}.",
                if *destination == Destination::Empty { "empty" } else { destination.as_str() },
                mode.as_str(),
                site.as_str(),
                if *user { ", by a person's doing" } else { "" }
            ),
        }
    }

    weighed!(Idle: FetchMetadata::NotTrustworthy | FetchMetadata::Sent { .. });
}

impl Words for IncludeCredentials {
    fn words(&self) -> String {
        match self {
            IncludeCredentials::Include => {
                "The credentials mode is \"include\": credentials go along.".to_owned()
            }
            IncludeCredentials::SameOrigin => {
                "The credentials mode is \"same-origin\", and so is the request: credentials go along."
                    .to_owned()
            }
            IncludeCredentials::Omitted => {
                "The credentials mode is \"omit\": no credentials go along.".to_owned()
            }
            IncludeCredentials::CrossOrigin { tainting } => format!(
                "The credentials mode is \"same-origin\", and the response tainting is \"{}\": no credentials go along.",
                tainting.as_str()
            ),
            IncludeCredentials::EmbedderPolicy => {
                "The page's embedder policy is `credentialless`: no credentials go along.".to_owned()
            }
        }
    }

    weighed!();
}

impl Words for ConditionalHeaders {
    fn words(&self) -> String {
        match self {
            ConditionalHeaders::Unchanged => "The caller sets no conditional header.".to_owned(),
            ConditionalHeaders::NoStore { header } => {
                format!("The caller sets {header}: the cache is left out.")
            }
        }
    }

    weighed!(Idle: ConditionalHeaders::Unchanged);
}

impl Words for HeaderGuard {
    fn words(&self) -> String {
        match self {
            HeaderGuard::Allowed => "The header may be changed.".to_owned(),
            HeaderGuard::Absent { name } => format!("There is no header {} to delete.", quoted(name)),
            HeaderGuard::InvalidName { said } => format!("{} is not a header name.", quoted(said)),
            HeaderGuard::InvalidValue { name, byte: bad, at } => format!(
                "The value for the header {} has {} at offset {at}, which no header value has.",
                quoted(name),
                byte(*bad)
            ),
            HeaderGuard::Immutable { name } => {
                format!("The headers are immutable: {} cannot be changed.", quoted(name))
            }
            HeaderGuard::ForbiddenRequestHeader { name, because } => {
                let because = match because {
                    ForbiddenRequestHeader::Name => "it is the user agent's own".to_owned(),
                    ForbiddenRequestHeader::Prefix => {
                        "names that begin with `proxy-` or `sec-` are the user agent's own".to_owned()
                    }
                    ForbiddenRequestHeader::MethodOverride { method } => {
                        format!("it would override the method with the forbidden {}", quoted(method))
                    }
                };
                format!("The header {} is left out: {because}.", quoted(name))
            }
            HeaderGuard::ForbiddenResponseHeader { name } => {
                format!("The header {} is left out: no script may set it on a response.", quoted(name))
            }
            HeaderGuard::NotNoCorsSafelisted { name, because } => {
                format!("The header {} is left out in mode \"no-cors\". {}", quoted(name), because.words())
            }
        }
    }

    weighed!(Idle: HeaderGuard::Allowed | HeaderGuard::Absent { .. });
}
