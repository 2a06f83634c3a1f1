//! What can go wrong on the wire: `WireFault` (the network failed) and `PeerMisbehaved` (the server broke HTTP).
//!
//! Typed, with the io error as source. The rules' refusals are in `rulings.rs`.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A source error that clones.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// The phases that have a time-out of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Waiting for a place under the per-host limit.
    Queue,
    /// Resolving a name.
    Resolve,
    /// Connecting a transport.
    Connect,
    /// Talking to a proxy (CONNECT, SOCKS).
    Proxy,
    /// The TLS handshake.
    Tls,
    /// Sending the request.
    Send,
    /// Waiting for the response's head.
    Head,
    /// Waiting for more of a body.
    Body,
    /// Waiting for the answer to the opening handshake of a WebSocket.
    Open,
    /// The closing handshake of a WebSocket.
    Close,
    /// The fetch as a whole.
    Whole,
}

/// The network failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum WireFault {
    /// A name did not resolve.
    Resolve {
        /// The name asked for.
        host: String,
        /// What the resolver said.
        cause: Option<Cause>,
    },
    /// No address could be connected to.
    Connect {
        /// Each address tried with what it said.
        tried: Vec<(SocketAddr, Cause)>,
    },
    /// The Unix domain socket in the addresses' place could not be connected to.
    UnixSocket {
        /// Its path.
        path: String,
        /// What the system said.
        cause: Cause,
    },
    /// The address guard refused an address, after resolution and before connecting.
    AddressRefused {
        /// The address.
        address: std::net::IpAddr,
        /// The block it belongs to, by its registered name.
        block: &'static str,
    },
    /// The proxy could not be used.
    Proxy {
        /// The proxy, credentials left out.
        proxy: String,
        /// What it said or did.
        detail: ProxyFault,
    },
    /// The TLS handshake failed.
    Tls {
        /// The name that the certificate had to bear.
        host: String,
        /// The library's error.
        cause: Cause,
    },
    /// A time-out.
    TimedOut {
        /// In which phase.
        phase: Phase,
        /// After how long.
        after: Duration,
    },
    /// The connection ended before the response's head.
    Closed {
        /// Had it carried a request before?
        reused: bool,
        /// What the transport said, if it said anything.
        cause: Option<Cause>,
    },
    /// The connection ended within the response's body, or broke in another way while it was read.
    BodyCut {
        /// What the transport said, if it said anything.
        cause: Option<Cause>,
    },
    /// The request's body failed.
    RequestBody {
        /// What the body's stream said.
        cause: Cause,
    },
    /// The runtime that the connection belongs to is gone.
    RuntimeGone,
    /// The owner's own policy kept the request back; nothing of it was sent.
    Withheld,
    /// HTTP as this transport speaks it cannot carry the request (a header value with a control byte over hyper).
    CannotCarry {
        /// What it cannot carry.
        what: &'static str,
        /// The offending text, isomorphic decoded.
        said: String,
    },
    /// Anything else of the transport's.
    Other {
        /// What it said.
        cause: Cause,
    },
}

/// How a proxy failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ProxyFault {
    /// CONNECT was answered with this status.
    Refused {
        /// The status.
        status: u16,
    },
    /// It spoke neither HTTP nor SOCKS.
    NotAProxy,
    /// SOCKS answered with this reply code.
    Socks {
        /// RFC 1928, section 6.
        reply: u8,
    },
    /// It asked for credentials that nobody gave.
    AuthenticationRequired,
    /// The proxy's URL is not one we can use.
    Unsupported {
        /// Its scheme.
        scheme: String,
    },
}

/// The server broke HTTP, or went over a limit of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerMisbehaved {
    /// The head is not HTTP.
    InvalidHead {
        /// The parser's word for it.
        detail: String,
    },
    /// The head is larger than the limit.
    HeadTooLarge {
        /// In bytes.
        limit: usize,
    },
    /// More interim (1xx) responses than the limit.
    TooManyInterims {
        /// How many are allowed.
        limit: usize,
    },
    /// `Content-Length` values that do not agree, or are no number.
    ContentLength {
        /// The combined value.
        said: String,
    },
    /// The body ended before its announced end.
    Truncated,
    /// A chunk that is no chunk, or trailers over the limit.
    InvalidChunk {
        /// The parser's word for it.
        detail: String,
    },
    /// More content codings than the limit.
    TooManyCodings {
        /// How many there were.
        count: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// A body does not decode under a coding it claims.
    InvalidCoding {
        /// The coding.
        coding: &'static str,
        /// The decoder's word for it.
        detail: String,
    },
    /// A decoded body grows beyond the ratio or size that is allowed.
    DecompressionLimit {
        /// The coding.
        coding: &'static str,
        /// Decoded bytes so far.
        decoded: u64,
        /// Encoded bytes so far.
        encoded: u64,
    },
    /// A body larger than the caller allows.
    BodyTooLarge {
        /// In bytes.
        limit: u64,
    },
    /// A breach of HTTP/2.
    Http2 {
        /// What happened.
        detail: String,
    },
    /// A breach of the WebSocket Protocol.
    WebSocket {
        /// What happened.
        breach: WebSocketBreach,
    },
}

/// What a server must not send over a WebSocket (<https://www.rfc-editor.org/rfc/rfc6455>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebSocketBreach {
    /// A frame with a mask (section 5.1).
    Masked,
    /// A reserved bit that no extension gave a meaning, or not there (section 5.2).
    ReservedBit,
    /// An opcode that means nothing (section 5.2).
    Opcode,
    /// A control frame in fragments (section 5.5).
    FragmentedControl,
    /// A control frame of more than 125 bytes (section 5.5).
    LongControl,
    /// A fragment of no message, or a message within another (section 5.4).
    Fragments,
    /// Text that is no UTF-8 (section 8.1).
    Utf8,
    /// A Close frame with half a code, or with one that nobody may send (sections 5.5.1 and 7.4).
    CloseCode,
    /// What does not decompress (RFC 7692, section 7.2.2).
    Compression,
    /// A message larger than the limit.
    TooLarge {
        /// In bytes.
        limit: usize,
    },
}

impl WebSocketBreach {
    /// The [code](https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1) that the server is told.
    pub fn close_code(self) -> u16 {
        match self {
            WebSocketBreach::Utf8 | WebSocketBreach::Compression => 1007,
            WebSocketBreach::TooLarge { .. } => 1009,
            _ => 1002,
        }
    }
}

impl fmt::Display for WireFault {
    /// A short machine word; sentences are `inspect`'s.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl WireFault {
    /// A stable code for reports.
    pub fn code(&self) -> &'static str {
        match self {
            WireFault::Resolve { .. } => "resolve",
            WireFault::Connect { .. } => "connect",
            WireFault::UnixSocket { .. } => "unix-socket",
            WireFault::AddressRefused { .. } => "address-refused",
            WireFault::Proxy { .. } => "proxy",
            WireFault::Tls { .. } => "tls",
            WireFault::TimedOut { .. } => "timed-out",
            WireFault::Closed { .. } => "closed",
            WireFault::BodyCut { .. } => "body-cut",
            WireFault::RequestBody { .. } => "request-body",
            WireFault::RuntimeGone => "runtime-gone",
            WireFault::Withheld => "withheld",
            WireFault::CannotCarry { .. } => "cannot-carry",
            WireFault::Other { .. } => "transport",
        }
    }
}

impl Error for WireFault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            WireFault::Connect { tried } => {
                tried.first().map(|(_, cause)| &**cause as &(dyn Error + 'static))
            }
            WireFault::Resolve { cause, .. }
            | WireFault::Closed { cause, .. }
            | WireFault::BodyCut { cause } => cause.as_ref().map(|cause| &**cause as &(dyn Error + 'static)),
            WireFault::UnixSocket { cause, .. }
            | WireFault::Tls { cause, .. }
            | WireFault::RequestBody { cause }
            | WireFault::Other { cause } => Some(&**cause),
            _ => None,
        }
    }
}

impl fmt::Display for PeerMisbehaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl PeerMisbehaved {
    /// A stable code for reports.
    pub fn code(&self) -> &'static str {
        match self {
            PeerMisbehaved::InvalidHead { .. } => "invalid-head",
            PeerMisbehaved::HeadTooLarge { .. } => "head-too-large",
            PeerMisbehaved::TooManyInterims { .. } => "too-many-interims",
            PeerMisbehaved::ContentLength { .. } => "content-length",
            PeerMisbehaved::Truncated => "truncated",
            PeerMisbehaved::InvalidChunk { .. } => "invalid-chunk",
            PeerMisbehaved::TooManyCodings { .. } => "too-many-codings",
            PeerMisbehaved::InvalidCoding { .. } => "invalid-coding",
            PeerMisbehaved::DecompressionLimit { .. } => "decompression-limit",
            PeerMisbehaved::BodyTooLarge { .. } => "body-too-large",
            PeerMisbehaved::Http2 { .. } => "http2",
            PeerMisbehaved::WebSocket { .. } => "websocket",
        }
    }
}

impl Error for PeerMisbehaved {}

/// Either kind: what the Network port answers when it has no response.
#[derive(Clone, Debug)]
pub enum NetworkFault {
    /// The network failed.
    Wire(WireFault),
    /// The server broke HTTP.
    Peer(PeerMisbehaved),
}

impl From<WireFault> for NetworkFault {
    fn from(fault: WireFault) -> Self {
        NetworkFault::Wire(fault)
    }
}

impl From<PeerMisbehaved> for NetworkFault {
    fn from(fault: PeerMisbehaved) -> Self {
        NetworkFault::Peer(fault)
    }
}

impl fmt::Display for NetworkFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NetworkFault::Wire(fault) => fault.fmt(f),
            NetworkFault::Peer(fault) => fault.fmt(f),
        }
    }
}

impl Error for NetworkFault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            NetworkFault::Wire(fault) => fault.source(),
            NetworkFault::Peer(_) => None,
        }
    }
}
