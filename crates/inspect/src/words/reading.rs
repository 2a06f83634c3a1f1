//! Sentences for what a page may see of a response: exposed headers, timing, embedding, integrity.

use sofetch_core::rules::cors_safelists::CorsExposure;
use sofetch_core::rules::cross_origin_resource_policy::{CrossOriginResourcePolicy, ImposedBy};
use sofetch_core::rules::response_filtering::{CorsExposedHeaderNames, Shown};
use sofetch_core::rules::subresource_integrity::{HashAlgorithm, Integrity};
use sofetch_core::rules::tao_check::{NavigationTaoCheck, TaoCheck};
use sofetch_core::rules::unencoded_digest::UnencodedDigest;

use super::quoting::{listed, quoted};
use super::{Words, weighed};

impl Words for CorsExposedHeaderNames {
    fn words(&self) -> String {
        match self {
            CorsExposedHeaderNames::Unsaid => {
                "There is no Access-Control-Expose-Headers: only safelisted response headers can be read."
                    .to_owned()
            }
            CorsExposedHeaderNames::Unparsable { said } => format!(
                "Access-Control-Expose-Headers is {}, which is not a list of names: only safelisted response headers can be read.",
                quoted(said)
            ),
            CorsExposedHeaderNames::Everything => {
                "Access-Control-Expose-Headers is `*`: every response header can be read.".to_owned()
            }
            CorsExposedHeaderNames::Listed { names, wildcard_refused } => format!(
                "Access-Control-Expose-Headers lets {} be read{}.",
                listed(names),
                if *wildcard_refused { "; `*` is no wildcard for a request with credentials" } else { "" }
            ),
        }
    }

    weighed!(Idle: CorsExposedHeaderNames::Unsaid);
}

impl Words for Shown {
    fn words(&self) -> String {
        match self {
            Shown::Absent => "The response has no such header.",
            Shown::Unfiltered => "It can be read: nothing is hidden.",
            Shown::Basic => "It can be read: the response is of the page's own origin.",
            Shown::Safelisted => "It can be read: its name is safelisted.",
            Shown::Exposed => "It can be read: Access-Control-Expose-Headers says so.",
            Shown::ForbiddenResponseHeader => {
                "It cannot be read: no script may read it, whatever the server exposes."
            }
            Shown::NotExposed => "It cannot be read: Access-Control-Expose-Headers does not list it.",
            Shown::Opaque => "It cannot be read: the response is opaque.",
            Shown::OpaqueRedirect => "It cannot be read: the response is an opaque redirect.",
        }
        .to_owned()
    }

    weighed!();
}

impl Words for CorsExposure {
    fn words(&self) -> String {
        match self {
            CorsExposure::Safelisted => "It can be read: its name is safelisted.",
            CorsExposure::Listed => "It can be read: Access-Control-Expose-Headers lists it.",
            CorsExposure::Forbidden => {
                "It cannot be read: no script may read it, whatever the server exposes."
            }
            CorsExposure::NotListed => "It cannot be read: Access-Control-Expose-Headers does not list it.",
        }
        .to_owned()
    }

    weighed!();
}

impl Words for TaoCheck {
    fn words(&self) -> String {
        match self {
            TaoCheck::AnyOrigin => "Timing-Allow-Origin is `*`: any origin may see the times.".to_owned(),
            TaoCheck::OriginListed => {
                "Timing-Allow-Origin lists this page's origin: it may see the times.".to_owned()
            }
            TaoCheck::Basic => "The response is of the page's own origin: it may see the times.".to_owned(),
            TaoCheck::FailedBefore => "An earlier response hid its times; so they stay hidden.".to_owned(),
            TaoCheck::CrossOriginNavigation => {
                "This is a navigation to another origin: its times are hidden.".to_owned()
            }
            TaoCheck::NotListed { said: None } => {
                "There is no Timing-Allow-Origin: the times are hidden from the page.".to_owned()
            }
            TaoCheck::NotListed { said: Some(said) } => format!(
                "Timing-Allow-Origin lists {}, not this page's origin: the times are hidden from it.",
                listed(said)
            ),
        }
    }

    weighed!(
        Idle: TaoCheck::Basic | TaoCheck::FailedBefore | TaoCheck::NotListed { said: None },
        Passed: TaoCheck::AnyOrigin | TaoCheck::OriginListed,
        Failed: TaoCheck::CrossOriginNavigation | TaoCheck::NotListed { said: Some(_) }
    );
}

impl Words for NavigationTaoCheck {
    fn words(&self) -> String {
        match self {
            NavigationTaoCheck::Allowed => "Every redirect lets the destination see the times.".to_owned(),
            NavigationTaoCheck::NotListed { redirect, said } => format!(
                "Timing-Allow-Origin of redirect {} lists {}, not the destination's origin: its times are hidden.",
                redirect.saturating_add(1),
                listed(said)
            ),
        }
    }

    weighed!(
        Passed: NavigationTaoCheck::Allowed,
        Failed: NavigationTaoCheck::NotListed { .. }
    );
}

impl Words for CrossOriginResourcePolicy {
    fn words(&self) -> String {
        match self {
            CrossOriginResourcePolicy::NavigationWithoutEmbedderPolicy => {
                "The embedder has no embedder policy: it may frame anything.".to_owned()
            }
            CrossOriginResourcePolicy::NoPolicy { said: None } => {
                "There is no Cross-Origin-Resource-Policy: any page may embed this.".to_owned()
            }
            CrossOriginResourcePolicy::NoPolicy { said: Some(said) } => format!(
                "Cross-Origin-Resource-Policy is {}, which is no policy: any page may embed this.",
                quoted(said)
            ),
            CrossOriginResourcePolicy::CrossOrigin => {
                "Cross-Origin-Resource-Policy is `cross-origin`: any page may embed this.".to_owned()
            }
            CrossOriginResourcePolicy::SameOrigin { imposed_by } => {
                format!("{} \"same-origin\", and the page's origin is the resource's.", imposed(*imposed_by))
            }
            CrossOriginResourcePolicy::SameSite => {
                "Cross-Origin-Resource-Policy is `same-site`, and the page's site is the resource's."
                    .to_owned()
            }
            CrossOriginResourcePolicy::NotSameOrigin { imposed_by, said, origin, resource_origin } => {
                let said = match (imposed_by, said) {
                    (ImposedBy::Header, _) => String::new(),
                    (_, None) => "; there is no Cross-Origin-Resource-Policy".to_owned(),
                    (_, Some(said)) => {
                        format!("; Cross-Origin-Resource-Policy is {}, which is no policy", quoted(said))
                    }
                };
                format!(
                    "{} \"same-origin\", and this page's origin {} is not the resource's origin {}{said}.",
                    imposed(*imposed_by),
                    quoted(origin),
                    quoted(resource_origin)
                )
            }
            CrossOriginResourcePolicy::NotSameSite { origin, resource_origin } => format!(
                "Cross-Origin-Resource-Policy is `same-site`, and this page's origin {} is not of the same site as {}.",
                quoted(origin),
                quoted(resource_origin)
            ),
            CrossOriginResourcePolicy::InsecureEmbedder { origin, resource_origin } => format!(
                "Cross-Origin-Resource-Policy is `same-site`, and this page's origin {} is not secure while {} is.",
                quoted(origin),
                quoted(resource_origin)
            ),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            CrossOriginResourcePolicy::NavigationWithoutEmbedderPolicy
            | CrossOriginResourcePolicy::NoPolicy { .. }
            | CrossOriginResourcePolicy::CrossOrigin
            | CrossOriginResourcePolicy::SameOrigin { .. }
            | CrossOriginResourcePolicy::SameSite => None,
            CrossOriginResourcePolicy::NotSameOrigin { .. }
            | CrossOriginResourcePolicy::NotSameSite { .. } => Some(
                "Send Cross-Origin-Resource-Policy: cross-origin with the resource, or ask for it with CORS."
                    .to_owned(),
            ),
            CrossOriginResourcePolicy::InsecureEmbedder { .. } => {
                Some("Serve the page over https.".to_owned())
            }
        }
    }

    weighed!(
        Idle: CrossOriginResourcePolicy::NavigationWithoutEmbedderPolicy
            | CrossOriginResourcePolicy::NoPolicy { said: None },
        Passed: CrossOriginResourcePolicy::CrossOrigin
            | CrossOriginResourcePolicy::SameOrigin { .. }
            | CrossOriginResourcePolicy::SameSite
    );
}

fn imposed(by: ImposedBy) -> &'static str {
    match by {
        ImposedBy::Header => "Cross-Origin-Resource-Policy is",
        ImposedBy::RequireCorp => "Cross-Origin-Embedder-Policy is `require-corp`, which means",
        ImposedBy::Credentialless => {
            "Cross-Origin-Embedder-Policy is `credentialless`, which for a request with credentials means"
        }
    }
}

impl Words for Integrity {
    fn words(&self) -> String {
        match self {
            Integrity::NoMetadata => "No digest was expected.".to_owned(),
            Integrity::Matches { algorithm } => {
                format!("The body's {} digest is one that was expected.", hash(*algorithm))
            }
            Integrity::Mismatch { expected, actual } => {
                format!("The body's digest is {}; expected was {}.", digests(actual), digests(expected))
            }
            Integrity::NoBody => "A digest was expected, and the response has no body.".to_owned(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Integrity::NoMetadata | Integrity::Matches { .. } => None,
            Integrity::Mismatch { .. } => {
                Some("Correct the integrity value, or find out who changed the resource.".to_owned())
            }
            Integrity::NoBody => Some("Ask with mode \"cors\": an opaque response shows no body to hash. Else ask for a response that has one.".to_owned()),
        }
    }

    weighed!(
        Idle: Integrity::NoMetadata,
        Passed: Integrity::Matches { .. }
    );
}

impl Words for UnencodedDigest {
    fn words(&self) -> String {
        match self {
            UnencodedDigest::Opaque => {
                "There is an Unencoded-Digest, and the response is opaque: its body is not verified."
                    .to_owned()
            }
            UnencodedDigest::OwnBehalf => {
                "There is an Unencoded-Digest; on the user's own behalf it is not verified unless asked for."
                    .to_owned()
            }
            UnencodedDigest::Partial => {
                "There is an Unencoded-Digest of the whole, and the response is a part of it.".to_owned()
            }
            UnencodedDigest::Unparsable { said } => {
                format!("Unencoded-Digest is {}, which is no dictionary: it is ignored.", quoted(said))
            }
            UnencodedDigest::NoneKnown => {
                "Unencoded-Digest has no digest by sha-256 or sha-512: it is ignored.".to_owned()
            }
            UnencodedDigest::NoBody => "There is an Unencoded-Digest, and no body.".to_owned(),
            UnencodedDigest::Matches { algorithms } => {
                let names: Vec<_> = algorithms.iter().map(|algorithm| hash(*algorithm)).collect();
                format!("The body's digest is the one of Unencoded-Digest, by {}.", names.join(" and "))
            }
            UnencodedDigest::Mismatch { algorithm, expected, actual } => format!(
                "The body's {} digest is {}; Unencoded-Digest says {}.",
                hash(*algorithm),
                quoted(actual),
                quoted(expected)
            ),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            UnencodedDigest::Mismatch { .. } => Some(
                "Let the server make the digest of the very body that it sends, before any content coding."
                    .to_owned(),
            ),
            _ => None,
        }
    }

    weighed!(
        Idle: UnencodedDigest::Opaque
            | UnencodedDigest::OwnBehalf
            | UnencodedDigest::Partial
            | UnencodedDigest::NoBody,
        Passed: UnencodedDigest::Matches { .. }
    );
}

fn hash(algorithm: HashAlgorithm) -> &'static str {
    match algorithm {
        HashAlgorithm::Sha256 => "sha256",
        HashAlgorithm::Sha384 => "sha384",
        HashAlgorithm::Sha512 => "sha512",
    }
}

fn digests(digests: &[(HashAlgorithm, String)]) -> String {
    let written: Vec<String> =
        digests.iter().map(|(algorithm, digest)| format!("{}-{digest}", hash(*algorithm))).collect();
    listed(&written)
}
