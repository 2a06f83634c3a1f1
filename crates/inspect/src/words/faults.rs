//! Sentences for what is no rule's doing: the network failed, the server broke HTTP, somebody gave up.
//!
//! These enums may grow without notice; what is new is said by its code until it has a sentence.

use sofetch_core::infrastructure::abort_reason::AbortReason;
use sofetch_core::rulings::{NetworkError, Reason};
use sofetch_core::wire_faults::{PeerMisbehaved, Phase, ProxyFault, WireFault};

use super::quoting::{count, listed, plain, quoted};
use super::web_sockets::words_for_breach;
use super::{hint, words};

/// Why a fetch ended in a network error, in one sentence.
pub fn words_for_network_error(error: &NetworkError) -> String {
    match error.reason() {
        Reason::Ruling(ruling) => words(ruling),
        Reason::Wire(fault) => words_for_wire_fault(fault),
        Reason::Peer(fault) => words_for_peer_misbehaved(fault),
        Reason::Aborted(AbortReason::TimeoutError) => "The caller's time-out ended the fetch.".to_owned(),
        Reason::Aborted(reason) => match reason.said() {
            Some(said) => format!("The caller aborted the fetch: {}.", quoted(said)),
            None => "The caller aborted the fetch.".to_owned(),
        },
        Reason::Terminated => "The fetch was terminated.".to_owned(),
        Reason::Answered => {
            "Whoever answered in the network's stead answered with a network error.".to_owned()
        }
        _ => format!("The fetch failed ({}).", error.code()),
    }
}

/// What to change, where that is known.
pub fn hint_for_network_error(error: &NetworkError) -> Option<String> {
    match error.reason() {
        Reason::Ruling(ruling) => hint(ruling),
        Reason::Wire(fault) => hint_for_wire_fault(fault),
        Reason::Peer(PeerMisbehaved::Http2 { .. }) => Some("Check that HTTP/2 is spoken there.".to_owned()),
        _ => None,
    }
}

/// How the network failed, in one sentence.
pub fn words_for_wire_fault(fault: &WireFault) -> String {
    match fault {
        WireFault::Resolve { host, cause } => {
            format!("The name {} did not resolve{}.", quoted(host), because(cause.as_ref()))
        }
        WireFault::Connect { tried } => match &**tried {
            [] => "There was no address to connect to.".to_owned(),
            [(address, cause)] => format!("Could not connect to {address}{}.", because(Some(cause))),
            [(address, cause), others @ ..] => format!(
                "Could not connect to {address}{}; nor to {}.",
                because(Some(cause)),
                listed(&others.iter().map(|(address, _)| address.to_string()).collect::<Vec<_>>())
            ),
        },
        WireFault::UnixSocket { path, cause } => {
            format!("Could not connect to the socket {}{}.", quoted(path), because(Some(cause)))
        }
        WireFault::AddressRefused { address, block } => {
            format!("The address {address} is refused: it belongs to {}.", plain(block))
        }
        WireFault::Proxy { proxy, detail } => format!("The proxy {} {}.", quoted(proxy), proxy_fault(detail)),
        WireFault::Tls { host, cause } => {
            format!("The TLS handshake with {} failed{}.", quoted(host), because(Some(cause)))
        }
        WireFault::TimedOut { phase, after } => {
            format!("{} took longer than {}.", during(*phase), seconds(after))
        }
        WireFault::Closed { reused, cause } => format!(
            "The {}connection was closed before a response came{}.",
            if *reused { "reused " } else { "" },
            because(cause.as_ref())
        ),
        WireFault::BodyCut { cause } => {
            format!("The connection broke within the response's body{}.", because(cause.as_ref()))
        }
        WireFault::RequestBody { cause } => {
            format!("The request's body could not be read{}.", because(Some(cause)))
        }
        WireFault::RuntimeGone => "The runtime that the connection belongs to is gone.".to_owned(),
        WireFault::Withheld => "The request was kept back: whoever asked does not want it sent.".to_owned(),
        WireFault::CannotCarry { what, said } => {
            format!("HTTP cannot carry {}: {}.", plain(what), quoted(said))
        }
        WireFault::Other { cause } => format!("The transport failed{}.", because(Some(cause))),
        other => format!("The network failed ({}).", other.code()),
    }
}

/// What to change, where that is known.
pub fn hint_for_wire_fault(fault: &WireFault) -> Option<String> {
    let hint = match fault {
        WireFault::Resolve { .. } => "Check the name.",
        WireFault::Connect { .. } => "Check that the server runs and listens on this port.",
        WireFault::UnixSocket { .. } => "Check the path, and that the server listens there.",
        WireFault::AddressRefused { .. } => "Allow the address, if it is meant to be reached.",
        // rustls says so of bytes that are no TLS at all.
        WireFault::Tls { cause, .. } if cause.to_string().contains("InvalidContentType") => {
            "Check that TLS is spoken there: the port may be for http URLs."
        }
        WireFault::Tls { .. } => "Check the certificate: its names, its dates, who signed it.",
        WireFault::TimedOut { .. } => "Check that the server answers, or allow more time.",
        _ => return None,
    };
    Some(hint.to_owned())
}

/// How the server broke HTTP, in one sentence.
pub fn words_for_peer_misbehaved(fault: &PeerMisbehaved) -> String {
    match fault {
        PeerMisbehaved::InvalidHead { detail } => {
            format!("The response's head is not HTTP: {}.", plain(detail))
        }
        PeerMisbehaved::HeadTooLarge { limit } => {
            format!("The response's head is larger than {limit} bytes.")
        }
        PeerMisbehaved::TooManyInterims { limit } => {
            format!("The server sent more than {limit} interim responses.")
        }
        PeerMisbehaved::ContentLength { said } if said.is_empty() => {
            "Content-Length is not one length.".to_owned()
        }
        PeerMisbehaved::ContentLength { said } => {
            format!("Content-Length is {}, which is not one length.", quoted(said))
        }
        PeerMisbehaved::Truncated => "The body ended before its announced end.".to_owned(),
        PeerMisbehaved::InvalidChunk { detail } => format!("A chunk of the body is none: {}.", plain(detail)),
        PeerMisbehaved::TooManyCodings { count, limit } => {
            format!("The body has {count} content codings; {limit} are allowed.")
        }
        PeerMisbehaved::InvalidCoding { coding, detail } => {
            format!("The body does not decode as `{}`: {}.", plain(coding), plain(detail))
        }
        PeerMisbehaved::DecompressionLimit { coding, decoded, encoded } => format!(
            "The body grows too much under `{}`: {} became {decoded}.",
            plain(coding),
            count(*encoded, "byte")
        ),
        PeerMisbehaved::BodyTooLarge { limit } => {
            format!("The body is larger than the {} that are allowed.", count(*limit, "byte"))
        }
        PeerMisbehaved::Http2 { detail } => format!("The server broke HTTP/2: {}.", plain(detail)),
        PeerMisbehaved::WebSocket { breach } => words_for_breach(*breach),
        other => format!("The server broke HTTP ({}).", other.code()),
    }
}

fn because<E: std::fmt::Display>(cause: Option<&E>) -> String {
    match cause.map(|cause| plain(&cause.to_string())) {
        Some(cause) if !cause.is_empty() => format!(": {}", cause.trim_end_matches('.')),
        _ => String::new(),
    }
}

fn proxy_fault(fault: &ProxyFault) -> String {
    match fault {
        ProxyFault::Refused { status } => format!("answered CONNECT with status {status}"),
        ProxyFault::NotAProxy => "spoke no proxy protocol".to_owned(),
        ProxyFault::Socks { reply } => {
            let meaning = match reply {
                1 => " (general failure)",
                2 => " (not allowed by its rules)",
                3 => " (network unreachable)",
                4 => " (host unreachable)",
                5 => " (connection refused)",
                6 => " (time to live expired)",
                7 => " (command not supported)",
                8 => " (address type not supported)",
                _ => "",
            };
            format!("answered with SOCKS reply {reply}{meaning}")
        }
        ProxyFault::AuthenticationRequired => "asked for credentials that nobody gave".to_owned(),
        ProxyFault::Unsupported { scheme } => {
            format!("has the scheme {}, which is not supported", quoted(scheme))
        }
        _ => "failed".to_owned(),
    }
}

fn during(phase: Phase) -> &'static str {
    match phase {
        Phase::Queue => "Waiting for a connection to be free",
        Phase::Resolve => "Resolving the name",
        Phase::Connect => "Connecting",
        Phase::Proxy => "Talking to the proxy",
        Phase::Tls => "The TLS handshake",
        Phase::Send => "Sending the request",
        Phase::Head => "Waiting for the response",
        Phase::Body => "Waiting for more of the body",
        Phase::Open => "Waiting for the answer to the opening handshake of the WebSocket",
        Phase::Close => "The goodbye of the WebSocket",
        Phase::Whole => "The fetch",
    }
}

fn seconds(duration: &std::time::Duration) -> String {
    match duration.as_millis() {
        millis if millis % 1000 == 0 => count(duration.as_secs(), "second"),
        millis => format!("{millis} ms"),
    }
}
