//! What hyper, h2, io and rustls say, as [`WireFault`] and [`PeerMisbehaved`].

use std::error::Error;
use std::io;
use std::sync::Arc;

use sofetch_core::wire_faults::{Cause, NetworkFault, PeerMisbehaved, WireFault};

use crate::response_heads::REQUEST_PSEUDO_HEADERS;

/// Where a fault happened, as far as its name depends on it.
pub(crate) struct Scene<'a> {
    /// Had the connection carried a request before?
    pub(crate) reused: bool,
    /// The name that the server's certificate bears, if it has one.
    pub(crate) tls_host: Option<&'a str>,
    /// The limit of heads, in bytes.
    pub(crate) head_bytes: usize,
    /// Bytes read of this answer so far.
    pub(crate) read: u64,
    /// Did a response on this HTTP/2 connection bear a request's pseudo-header?
    pub(crate) request_pseudo_headers: bool,
}

/// A failure before the response's head.
pub(crate) fn before_the_head(error: hyper::Error, scene: &Scene<'_>) -> NetworkFault {
    if error.is_parse() {
        return unparsable(&error, scene).into();
    }
    if let Some(fault) = of_tls(&error, scene) {
        return fault.into();
    }
    let ended = error.is_incomplete_message() || error.is_canceled() || error.is_closed();
    let broke = io_cause(&error).is_some_and(|cause| {
        matches!(
            cause.kind(),
            io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::NotConnected
        )
    });
    if ended || broke {
        WireFault::Closed { reused: scene.reused, cause: broke.then(|| Arc::new(error) as Cause) }.into()
    } else {
        WireFault::Other { cause: Arc::new(error) }.into()
    }
}

/// NB: hyper keeps these kinds to itself and gives words only; `tests/http1.rs` notices a change of them.
fn unparsable(error: &hyper::Error, scene: &Scene<'_>) -> PeerMisbehaved {
    let words = error.to_string();
    if words.contains("too large") && scene.read >= scene.head_bytes as u64 {
        PeerMisbehaved::HeadTooLarge { limit: scene.head_bytes }
    } else if words.contains("too large") {
        // NB: hyper has one word for both.
        let detail = "more headers than the limit, or a length beyond 64 bits".to_owned();
        PeerMisbehaved::InvalidHead { detail }
    } else if words.contains("content-length") {
        // NB: what it said is within hyper, which does not give it away.
        PeerMisbehaved::ContentLength { said: String::new() }
    } else {
        PeerMisbehaved::InvalidHead { detail: words }
    }
}

/// A failure within the response's body over HTTP/1.
pub(crate) fn within_the_body(error: hyper::Error, scene: &Scene<'_>) -> NetworkFault {
    if error.is_incomplete_message() {
        return PeerMisbehaved::Truncated.into();
    }
    if let Some(fault) = of_tls(&error, scene) {
        return fault.into();
    }
    match io_cause(&error).map(|cause| (cause.kind(), cause.to_string())) {
        Some((io::ErrorKind::UnexpectedEof, _)) => PeerMisbehaved::Truncated.into(),
        Some((io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData, detail)) => {
            PeerMisbehaved::InvalidChunk { detail }.into()
        }
        _ => WireFault::BodyCut { cause: Some(Arc::new(error)) }.into(),
    }
}

/// A failure of an HTTP/2 stream or connection before the response's head.
pub(crate) fn of_http2(error: h2::Error, scene: &Scene<'_>) -> NetworkFault {
    if let Some(fault) = of_tls(&error, scene) {
        return fault.into();
    }
    if error.is_io() && scene.request_pseudo_headers {
        return PeerMisbehaved::Http2 { detail: REQUEST_PSEUDO_HEADERS.to_owned() }.into();
    }
    if error.is_io() {
        return WireFault::Closed { reused: scene.reused, cause: Some(Arc::new(error)) }.into();
    }
    PeerMisbehaved::Http2 { detail: error.to_string() }.into()
}

/// A failure of an HTTP/2 stream or connection within the response's body.
pub(crate) fn within_the_body_of_http2(error: h2::Error, scene: &Scene<'_>) -> NetworkFault {
    if let Some(fault) = of_tls(&error, scene) {
        return fault.into();
    }
    if error.is_io() && scene.request_pseudo_headers {
        return PeerMisbehaved::Http2 { detail: REQUEST_PSEUDO_HEADERS.to_owned() }.into();
    }
    if error.is_io() {
        return WireFault::BodyCut { cause: Some(Arc::new(error)) }.into();
    }
    // A reset without an error, before the end, is an end before the end.
    if error.is_reset() && error.is_remote() && error.reason() == Some(h2::Reason::NO_ERROR) {
        return PeerMisbehaved::Truncated.into();
    }
    PeerMisbehaved::Http2 { detail: error.to_string() }.into()
}

/// Did the server say that it did nothing with the request?
/// <https://www.rfc-editor.org/rfc/rfc9113#section-8.7>
pub(crate) fn was_never_processed(error: &h2::Error) -> bool {
    error.is_remote()
        && ((error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM)) || error.is_go_away())
}

/// A TLS failure as its library has it.
pub(crate) fn tls_fault(host: &str, error: io::Error) -> WireFault {
    let cause: Cause = match rustls_cause(&error) {
        Some(cause) => Arc::new(cause),
        None => Arc::new(error),
    };
    WireFault::Tls { host: host.to_owned(), cause }
}

/// An alert after the handshake: TLS 1.3 tells so that the client's certificate is refused.
fn of_tls(error: &(dyn Error + 'static), scene: &Scene<'_>) -> Option<WireFault> {
    let host = scene.tls_host?.to_owned();
    let cause = rustls_cause(io_cause(error)?)?;
    Some(WireFault::Tls { host, cause: Arc::new(cause) })
}

fn rustls_cause(error: &io::Error) -> Option<rustls::Error> {
    error.get_ref()?.downcast_ref::<rustls::Error>().cloned()
}

fn io_cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io);
        }
        if let Some(io) = error.downcast_ref::<h2::Error>().and_then(h2::Error::get_io) {
            return Some(io);
        }
        next = error.source();
    }
    None
}
