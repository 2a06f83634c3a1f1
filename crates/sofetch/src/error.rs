//! [`Error`]: why a fetch, or the reading of a body, failed. Opaque; its kind, its reason and its chain can be asked for.

use std::fmt;

use sofetch_core::infrastructure::abort_reason::AbortReason;
use sofetch_core::infrastructure::bodies::BodyError;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::rulings::{NetworkError, Reason};
use sofetch_core::wire_faults::{PeerMisbehaved, Phase, WireFault};

/// A failed fetch.
///
/// `{}` says what happened in a few words; `{:#}` adds the chain of causes; [`Error::reason`] gives the ruling or the
/// fault as data. A page's script sees a bare `TypeError` for most of these: the reason is for the owner's eyes.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    network_error: Option<NetworkError>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    url: Option<Url>,
}

/// What kind of failure it was, by whose fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller's: an invalid URL, method, header name or value, a body where none may be.
    Misuse(Misuse),
    /// A rule of the Standard refused.
    Refused,
    /// The owner's own [`SendPolicy`](crate::SendPolicy) kept a request back.
    Withheld,
    /// The network failed.
    Network,
    /// The server broke HTTP, or went over a limit.
    Peer,
    /// A time-out.
    TimedOut,
    /// The caller aborted.
    Aborted,
    /// The body was read already, or is being read.
    BodyUsed,
    /// The body is larger than its reader, or the agent, allows.
    TooLarge,
    /// The body is not what the method asked for (JSON, form data).
    Decode,
}

/// What the caller did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Misuse {
    /// Not a URL (or a relative one without a base).
    InvalidUrl,
    /// A page's URL may not have credentials in it.
    UrlWithCredentials,
    /// Not a token.
    InvalidMethod,
    /// CONNECT, TRACE or TRACK.
    ForbiddenMethod,
    /// "no-cors" allows GET, HEAD and POST.
    MethodNotSafelisted,
    /// Not a header name.
    InvalidHeaderName,
    /// Not a header value.
    InvalidHeaderValue,
    /// A header that follows from the body, or belongs to the connection.
    FramingHeader,
    /// The headers are immutable.
    Immutable,
    /// GET and HEAD have no body for a page.
    BodyNotAllowed,
    /// "navigate" is not for callers.
    NavigateMode,
    /// "only-if-cached" needs "same-origin".
    OnlyIfCachedMode,
    /// A streamed body needs "same-origin" or "cors".
    StreamMode,
    /// A streamed body cannot be kept alive.
    KeepaliveStream,
    /// A status outside 200 to 599, or a redirect's that is none.
    InvalidStatus,
    /// A response with a null body status has no body.
    NullBodyStatus,
    /// A reason phrase with bytes that it cannot have.
    InvalidStatusText,
    /// A value that does not serialize.
    Serialize,
    /// A destination of navigations or workers.
    Destination,
    /// A page's policy that says nothing, or is no such thing.
    InvalidPolicy,
    /// A setting of the agent's that cannot be used.
    Settings,
    /// The Standard allows it, and HTTP as this build speaks it does not carry it: a control byte in a header's value, a
    /// path and query beyond 64 KiB, tens of thousands of headers. [`Error::reason`] says which.
    CannotCarry,
    /// There is no tokio runtime to open sockets on.
    NoRuntime,
    /// A WebSocket's subprotocol that is no token, or is asked for twice.
    InvalidProtocol,
    /// A WebSocket cannot be closed so: the code is neither 1000 nor one of 3000 to 4999, or the reason is over 123 bytes.
    InvalidClose,
    /// The WebSocket is closed, or closing.
    Closed,
}

impl Error {
    pub(crate) fn misuse(misuse: Misuse) -> Error {
        Error::of(ErrorKind::Misuse(misuse))
    }

    pub(crate) fn of(kind: ErrorKind) -> Error {
        Error(Box::new(Inner { kind, network_error: None, source: None, url: None }))
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Error {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_url(mut self, url: Option<&Url>) -> Error {
        if self.0.url.is_none() {
            self.0.url = url.cloned();
        }
        self
    }

    pub(crate) fn network(error: NetworkError) -> Error {
        let kind = match error.reason() {
            Reason::Ruling(_) | Reason::Answered => ErrorKind::Refused,
            Reason::Wire(WireFault::TimedOut { .. }) => ErrorKind::TimedOut,
            Reason::Wire(WireFault::CannotCarry { .. }) => ErrorKind::Misuse(Misuse::CannotCarry),
            Reason::Wire(WireFault::Withheld) => ErrorKind::Withheld,
            Reason::Wire(_) => ErrorKind::Network,
            Reason::Peer(PeerMisbehaved::BodyTooLarge { .. }) => ErrorKind::TooLarge,
            Reason::Peer(_) => ErrorKind::Peer,
            Reason::Aborted(AbortReason::TimeoutError) => ErrorKind::TimedOut,
            Reason::Aborted(_) | Reason::Terminated => ErrorKind::Aborted,
            _ => ErrorKind::Network,
        };
        Error(Box::new(Inner { kind, network_error: Some(error), source: None, url: None }))
    }

    pub(crate) fn body(error: BodyError) -> Error {
        Error::network(sofetch_fetching::body_reading::network_error_of(error))
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The ruling or the wire's fault, as data; `None` where the fetch did not begin or the body was misread.
    pub fn reason(&self) -> Option<&Reason> {
        self.0.network_error.as_ref().map(NetworkError::reason)
    }

    /// The network error of the Standard that this is, if it is one.
    pub fn network_error(&self) -> Option<&NetworkError> {
        self.0.network_error.as_ref()
    }

    /// The URL that was being fetched, credentials included: not for a log.
    pub fn url(&self) -> Option<&Url> {
        self.0.url.as_ref()
    }

    /// A rule of the Standard refused.
    pub fn is_refused(&self) -> bool {
        self.0.kind == ErrorKind::Refused
    }

    /// The caller's own mistake: nothing was sent.
    pub fn is_misuse(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Misuse(_))
    }

    /// Any time-out, the whole's and the phases'.
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::TimedOut
    }

    /// The phase whose time was over.
    pub fn timed_out_phase(&self) -> Option<Phase> {
        match self.reason()? {
            Reason::Wire(WireFault::TimedOut { phase, .. }) => Some(*phase),
            Reason::Aborted(AbortReason::TimeoutError) => Some(Phase::Whole),
            _ => None,
        }
    }

    /// Aborted by a signal, or ended with its page.
    pub fn is_aborted(&self) -> bool {
        self.0.kind == ErrorKind::Aborted
    }

    /// The name did not resolve, or no address could be connected to.
    pub fn is_connect(&self) -> bool {
        matches!(
            self.reason(),
            Some(Reason::Wire(
                WireFault::Resolve { .. }
                    | WireFault::Connect { .. }
                    | WireFault::UnixSocket { .. }
                    | WireFault::Proxy { .. }
                    | WireFault::Tls { .. }
                    | WireFault::AddressRefused { .. }
            ))
        )
    }

    /// The name did not resolve.
    pub fn is_resolve(&self) -> bool {
        matches!(self.reason(), Some(Reason::Wire(WireFault::Resolve { .. })))
    }

    /// The TLS handshake failed.
    pub fn is_tls(&self) -> bool {
        matches!(self.reason(), Some(Reason::Wire(WireFault::Tls { .. })))
    }

    /// The network failed, or the server broke HTTP.
    pub fn is_network(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Network | ErrorKind::Peer | ErrorKind::TimedOut)
    }

    /// The body does not decode as what was asked for.
    pub fn is_decode(&self) -> bool {
        self.0.kind == ErrorKind::Decode
    }

    /// The body was read before.
    pub fn is_body_used(&self) -> bool {
        self.0.kind == ErrorKind::BodyUsed
    }

    fn words(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.kind {
            ErrorKind::Misuse(misuse) => write!(f, "misuse: {misuse:?}"),
            ErrorKind::BodyUsed => f.write_str("body used already"),
            ErrorKind::TooLarge => f.write_str("body too large"),
            ErrorKind::Decode => f.write_str("body does not decode"),
            kind => {
                let word = match kind {
                    ErrorKind::Refused => "refused",
                    ErrorKind::Peer => "peer misbehaved",
                    ErrorKind::TimedOut => "timed out",
                    ErrorKind::Aborted => "aborted",
                    _ => "network failure",
                };
                match &self.0.network_error {
                    Some(error) => write!(f, "{word}: {}", error.code()),
                    None => f.write_str(word),
                }
            }
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.words(f)?;
        if let Some(url) = &self.0.url {
            write!(f, " ({})", url.with_credentials("", "").with_query(None).with_fragment(None))?;
        }
        if !f.alternate() {
            return Ok(());
        }
        if let Some(Reason::Ruling(ruling)) = self.reason() {
            // The rule's name is said already: its verdict alone.
            let debug = format!("{ruling:?}");
            let verdict = debug.strip_prefix(ruling.rule()).unwrap_or(&debug);
            let verdict =
                verdict.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(verdict);
            write!(f, ": {verdict}, by {}", ruling.anchor())?;
        }
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("network_error", &self.0.network_error)
            .field("source", &self.0.source)
            .field("url", &self.0.url)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Some(source) = &self.0.source {
            return Some(&**source);
        }
        // NB: the fault's own word is said by `{}` already, and `reason` gives it: the chain goes on behind it.
        match self.0.network_error.as_ref()?.reason() {
            Reason::Wire(fault) => std::error::Error::source(fault),
            _ => None,
        }
    }
}

impl From<sofetch_core::infrastructure::url::InvalidUrl> for Error {
    fn from(error: sofetch_core::infrastructure::url::InvalidUrl) -> Error {
        Error::misuse(Misuse::InvalidUrl).with_source(error)
    }
}
