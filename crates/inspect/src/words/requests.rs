//! Sentences for what may stop a request before it goes, or make it https: schemes, ports, mixed content, the network.

use sofetch_core::hsts::{HstsMatch, HstsUpgrade};
use sofetch_core::infrastructure::requests::Destination;
use sofetch_core::rules::mixed_content::{LocalUrlsOnly, MixedContentRequest, MixedContentResponse, Upgrade};
use sofetch_core::rules::network_gate::NetworkGate;
use sofetch_core::rules::port_blocking::PortBlocking;
use sofetch_core::rules::request_headers::KeepaliveQuota;
use sofetch_core::rules::schemes::SchemeFetch;

use super::quoting::{count, quoted};
use super::{Words, weighed};

impl Words for PortBlocking {
    fn words(&self) -> String {
        match self {
            PortBlocking::NotHttp => "The URL is not an HTTP(S) one: no port is blocked.".to_owned(),
            PortBlocking::Allowed => "The port is not a bad port.".to_owned(),
            PortBlocking::Owner => "On your own behalf every port may be asked.".to_owned(),
            PortBlocking::BadPort { port } => {
                format!("Port {port} is a bad port: another protocol is spoken there.")
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            PortBlocking::NotHttp | PortBlocking::Allowed | PortBlocking::Owner => None,
            PortBlocking::BadPort { .. } => Some("Serve on another port.".to_owned()),
        }
    }

    weighed!(Idle: PortBlocking::NotHttp | PortBlocking::Allowed | PortBlocking::Owner);
}

impl Words for LocalUrlsOnly {
    fn words(&self) -> String {
        match self {
            LocalUrlsOnly::NotAsked => "The request is not bound to local URLs.".to_owned(),
            LocalUrlsOnly::Local => "The request is bound to local URLs, and this is one.".to_owned(),
            LocalUrlsOnly::NotLocal { scheme } => {
                format!("The request is bound to local URLs, and the scheme is {}.", quoted(scheme))
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            LocalUrlsOnly::NotAsked | LocalUrlsOnly::Local => None,
            LocalUrlsOnly::NotLocal { .. } => Some("Ask an about:, blob: or data: URL.".to_owned()),
        }
    }

    weighed!(Idle: LocalUrlsOnly::NotAsked);
}

impl Words for Upgrade {
    fn words(&self) -> String {
        match self {
            Upgrade::NotNeeded => "The URL is potentially trustworthy: no upgrade is needed.".to_owned(),
            Upgrade::NotHttp { scheme } => {
                format!("The scheme {} cannot be upgraded to https.", quoted(scheme))
            }
            Upgrade::NoPolicy => "No policy asks for an upgrade to https.".to_owned(),
            Upgrade::TopLevelNavigation => "A top-level navigation is not upgraded.".to_owned(),
            Upgrade::NotRestricted => {
                "The page does not restrict mixed content: nothing is upgraded.".to_owned()
            }
            Upgrade::IpAddress => {
                "The host is an IP address: mixed content there is not upgraded.".to_owned()
            }
            Upgrade::NotUpgradeable { destination } => {
                format!("Mixed content for {} is not upgraded.", wanted(*destination))
            }
            Upgrade::UpgradeInsecureRequests => {
                "The page's `upgrade-insecure-requests` makes the URL https.".to_owned()
            }
            Upgrade::MixedContent => "The page is secure: the URL is made https.".to_owned(),
        }
    }

    weighed!(Idle: Upgrade::NotNeeded | Upgrade::NoPolicy | Upgrade::TopLevelNavigation | Upgrade::NotRestricted);
}

impl Words for MixedContentRequest {
    fn words(&self) -> String {
        match self {
            MixedContentRequest::Trustworthy => {
                "The URL is potentially trustworthy: no mixed content.".to_owned()
            }
            MixedContentRequest::NotRestricted => "The page does not restrict mixed content.".to_owned(),
            MixedContentRequest::TopLevelNavigation => {
                "A top-level navigation is no mixed content.".to_owned()
            }
            MixedContentRequest::Blocked { scheme, destination } => format!(
                "The page is secure, and asks over {} for {}: mixed content.",
                quoted(scheme),
                wanted(*destination)
            ),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            MixedContentRequest::Trustworthy
            | MixedContentRequest::NotRestricted
            | MixedContentRequest::TopLevelNavigation => None,
            MixedContentRequest::Blocked { .. } => Some("Ask over https.".to_owned()),
        }
    }

    weighed!(
        Idle: MixedContentRequest::Trustworthy
            | MixedContentRequest::NotRestricted
            | MixedContentRequest::TopLevelNavigation
    );
}

impl Words for MixedContentResponse {
    fn words(&self) -> String {
        match self {
            MixedContentResponse::Trustworthy => {
                "The response's URL is potentially trustworthy: no mixed content.".to_owned()
            }
            MixedContentResponse::NotRestricted => "The page does not restrict mixed content.".to_owned(),
            MixedContentResponse::TopLevelNavigation => {
                "A top-level navigation is no mixed content.".to_owned()
            }
            MixedContentResponse::Blocked { scheme, destination } => {
                let came = match scheme {
                    Some(scheme) => format!("came over {}", quoted(scheme)),
                    None => "came from no URL".to_owned(),
                };
                format!(
                    "The page is secure, and the response for {} {came}: mixed content.",
                    wanted(*destination)
                )
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            MixedContentResponse::Trustworthy
            | MixedContentResponse::NotRestricted
            | MixedContentResponse::TopLevelNavigation => None,
            MixedContentResponse::Blocked { .. } => {
                Some("Let the service worker answer with what came over https.".to_owned())
            }
        }
    }

    weighed!(
        Idle: MixedContentResponse::Trustworthy
            | MixedContentResponse::NotRestricted
            | MixedContentResponse::TopLevelNavigation
    );
}

/// What a request is for, as one says it.
pub(super) fn wanted(destination: Destination) -> String {
    match destination {
        Destination::Empty => "a fetch by script".to_owned(),
        named => format!("the destination \"{}\"", named.as_str()),
    }
}

impl Words for HstsUpgrade {
    fn words(&self) -> String {
        match self {
            HstsUpgrade::NotHttp => "The scheme is not http: HSTS has nothing to upgrade.".to_owned(),
            HstsUpgrade::NotDomain => "The host is not a domain: HSTS knows domains only.".to_owned(),
            HstsUpgrade::Localhost => "The host is localhost: HSTS does not apply.".to_owned(),
            HstsUpgrade::Unknown => "The host is not a known HSTS host.".to_owned(),
            HstsUpgrade::Upgraded { by: HstsMatch::Superdomain { domain } } => format!(
                "{} is a known HSTS host and includes its subdomains: the URL becomes https.",
                quoted(domain)
            ),
            HstsUpgrade::Upgraded { by: HstsMatch::Congruent | HstsMatch::Unknown } => {
                "The host is a known HSTS host: the URL becomes https.".to_owned()
            }
        }
    }

    weighed!(
        Idle: HstsUpgrade::NotHttp | HstsUpgrade::NotDomain | HstsUpgrade::Localhost | HstsUpgrade::Unknown
    );
}

impl Words for KeepaliveQuota {
    fn words(&self) -> String {
        match self {
            KeepaliveQuota::NotKeepalive => "The request ends with its page.".to_owned(),
            KeepaliveQuota::NoContentLength => {
                "The request may outlive its page; its body is of no known length, and nothing is counted."
                    .to_owned()
            }
            KeepaliveQuota::Within { bytes } => {
                format!("The request may outlive its page: {} are on their way.", count(*bytes, "byte"))
            }
            KeepaliveQuota::Exceeded { content_length, inflight } => format!(
                "The request may not outlive its page: its {} and the {inflight} already on their way are more than 65536.",
                count(*content_length, "byte")
            ),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            KeepaliveQuota::NotKeepalive
            | KeepaliveQuota::NoContentLength
            | KeepaliveQuota::Within { .. } => None,
            KeepaliveQuota::Exceeded { .. } => Some("Send less, or without keepalive.".to_owned()),
        }
    }

    weighed!(Idle: KeepaliveQuota::NotKeepalive | KeepaliveQuota::NoContentLength);
}

impl Words for NetworkGate {
    fn words(&self) -> String {
        match self {
            NetworkGate::Open => "The request may go to the network.".to_owned(),
            NetworkGate::OnlyIfCached => {
                "The cache mode is \"only-if-cached\", and nothing is cached.".to_owned()
            }
            NetworkGate::Offline => "The page is offline.".to_owned(),
            NetworkGate::StreamOverHttp1 => {
                "The body is a stream, and the connection speaks HTTP/1.1: it could not be sent again."
                    .to_owned()
            }
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            NetworkGate::Open => None,
            NetworkGate::OnlyIfCached => Some("Use another cache mode.".to_owned()),
            NetworkGate::Offline => Some("Go online.".to_owned()),
            NetworkGate::StreamOverHttp1 => {
                Some("Serve over HTTP/2, or send bytes instead of a stream.".to_owned())
            }
        }
    }

    weighed!(Idle: NetworkGate::Open);
}

impl Words for SchemeFetch {
    fn words(&self) -> String {
        match self {
            SchemeFetch::AboutBlank => "about:blank is an empty document.".to_owned(),
            SchemeFetch::Blob => "The blob answers, whole.".to_owned(),
            SchemeFetch::BlobRange { first, last, full_length } => {
                format!("The blob answers with its bytes {first} to {last} of {full_length}.")
            }
            SchemeFetch::Data => "The data: URL answers.".to_owned(),
            SchemeFetch::File => "The file answers.".to_owned(),
            SchemeFetch::Http => "The scheme is fetched by HTTP.".to_owned(),
            SchemeFetch::AboutOther { path } => {
                format!("about: knows `blank` only, not {}.", quoted(path))
            }
            SchemeFetch::BlobMethod { method } => {
                format!("A blob: URL can be got only; the method is {}.", quoted(method))
            }
            SchemeFetch::BlobUnknown => "No such blob: URL is known; it may have been revoked.".to_owned(),
            SchemeFetch::BlobOtherPartition => "The blob: URL belongs to another partition.".to_owned(),
            SchemeFetch::BlobRangeInvalid { said } => {
                format!("The Range header {} is not one range within the blob.", quoted(said))
            }
            SchemeFetch::DataInvalid => "The data: URL has no comma, or its base64 is none.".to_owned(),
            SchemeFetch::FileRefused => "file: URLs are not read here.".to_owned(),
            SchemeFetch::Unsupported { scheme } => {
                format!("The scheme {} is not one that can be fetched.", quoted(scheme))
            }
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            SchemeFetch::AboutBlank
            | SchemeFetch::Blob
            | SchemeFetch::BlobRange { .. }
            | SchemeFetch::Data
            | SchemeFetch::File
            | SchemeFetch::Http => return None,
            SchemeFetch::AboutOther { .. } => "Ask about:blank.",
            SchemeFetch::BlobMethod { .. } => "Use GET.",
            SchemeFetch::BlobUnknown => "Make the URL anew, and revoke it after the fetch.",
            SchemeFetch::BlobOtherPartition => "Use the blob where its URL was made.",
            SchemeFetch::BlobRangeInvalid { .. } => "Ask for one range, such as `bytes=0-9`.",
            SchemeFetch::DataInvalid => "Write a comma before the data, and mend the base64.",
            SchemeFetch::FileRefused => {
                "Serve the file over http; an agent reads files only where it is allowed to."
            }
            SchemeFetch::Unsupported { .. } => "Ask an http, https, data, blob or about URL.",
        };
        Some(hint.to_owned())
    }

    weighed!(Idle: SchemeFetch::Http);
}
