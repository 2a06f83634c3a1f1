//! What goes over a WebSocket, and how one ends: [the WebSocket Protocol](https://www.rfc-editor.org/rfc/rfc6455).

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;

use crate::wire_faults::NetworkFault;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebSocketMessage {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

impl From<String> for WebSocketMessage {
    fn from(text: String) -> Self {
        WebSocketMessage::Text(text)
    }
}

impl From<&str> for WebSocketMessage {
    fn from(text: &str) -> Self {
        WebSocketMessage::Text(text.to_owned())
    }
}

impl From<Bytes> for WebSocketMessage {
    fn from(bytes: Bytes) -> Self {
        WebSocketMessage::Binary(bytes)
    }
}

impl From<Vec<u8>> for WebSocketMessage {
    fn from(bytes: Vec<u8>) -> Self {
        WebSocketMessage::Binary(bytes.into())
    }
}

impl WebSocketMessage {
    /// The length of its application data, in bytes.
    pub fn len(&self) -> usize {
        match self {
            WebSocketMessage::Text(text) => text.len(),
            WebSocketMessage::Binary(bytes) => bytes.len(),
        }
    }

    /// Has it no application data?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What both sides agreed on in the opening handshake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebSocketTerms {
    /// [Subprotocol In Use](https://www.rfc-editor.org/rfc/rfc6455#page-19).
    pub protocol: Option<String>,
    /// [Extensions In Use](https://www.rfc-editor.org/rfc/rfc6455#page-19), as the server said them; empty for none.
    pub extensions: String,
    /// May messages of the server come [compressed](https://www.rfc-editor.org/rfc/rfc7692#section-7)?
    pub deflate: Option<PermessageDeflate>,
}

/// The [parameters](https://www.rfc-editor.org/rfc/rfc7692#section-7.1) that concern who only decompresses. How large the
/// server's window is does not: a larger one reads what a smaller one wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PermessageDeflate {
    /// Does each message stand for itself?
    pub server_no_context_takeover: bool,
}

/// How a WebSocket connection ended.
#[derive(Clone, Debug)]
pub struct WebSocketClosure {
    /// [The WebSocket Connection Close Code](https://www.rfc-editor.org/rfc/rfc6455#section-7.1.5): what the other side said, 1005
    /// where it said none, 1006 where it did not close at all.
    pub code: u16,
    /// [The WebSocket Connection Close Reason](https://www.rfc-editor.org/rfc/rfc6455#section-7.1.6).
    pub reason: String,
    /// Was the closing handshake completed?
    pub was_clean: bool,
    /// Were we required to [fail the connection](https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7)?
    pub failed: bool,
    /// What went wrong, if anything did; no script is told.
    pub fault: Option<NetworkFault>,
}

/// The code where a Close frame bears none.
pub const NO_STATUS_RECEIVED: u16 = 1005;

/// The code where no Close frame came.
pub const ABNORMAL_CLOSURE: u16 = 1006;

/// A connection that speaks HTTP no more, or a stream of one: the server switched protocols on it.
pub trait UpgradedConnection: Send {
    /// Speaks the WebSocket Protocol from here on. Every frame is masked by four new bytes of `masks`, which nobody can foresee.
    fn speak_web_socket(
        self: Box<Self>,
        terms: &WebSocketTerms,
        masks: Box<dyn FnMut() -> [u8; 4] + Send>,
    ) -> Box<dyn WebSocketConnection>;
}

/// An [`UpgradedConnection`], as part of a response.
// NB: responses are shared among threads, and connections are not: so there is a lock, which nobody ever takes.
pub struct Upgraded {
    opening: Opening,
    connection: Mutex<Box<dyn UpgradedConnection>>,
}

/// How a server takes the opening handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// By a 101 to an `Upgrade`, over HTTP/1.1.
    Upgrade,
    /// By a 2xx to an [extended CONNECT](https://www.rfc-editor.org/rfc/rfc8441#section-5), over HTTP/2.
    ExtendedConnect,
}

impl Upgraded {
    /// The connection, as part of a 101.
    pub fn new(connection: impl UpgradedConnection + 'static) -> Upgraded {
        Upgraded { opening: Opening::Upgrade, connection: Mutex::new(Box::new(connection)) }
    }

    /// A stream of an HTTP/2 connection, as part of a 2xx.
    pub fn by_extended_connect(connection: impl UpgradedConnection + 'static) -> Upgraded {
        Upgraded { opening: Opening::ExtendedConnect, ..Upgraded::new(connection) }
    }

    /// How the server took it.
    pub fn opening(&self) -> Opening {
        self.opening
    }

    /// The connection.
    pub fn into_connection(self) -> Box<dyn UpgradedConnection> {
        self.connection.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgraded")
    }
}

/// An established WebSocket connection, driven by whoever polls it. Dropped, it ends without a word.
pub trait WebSocketConnection: Send {
    /// Drives it in both directions to the next event. Reads only where messages are wanted, or where none will be given any
    /// more: who does not want them slows the server down. Nothing comes after [`WebSocketEvent::Closed`].
    fn poll_event(&mut self, wants_messages: bool, context: &mut Context<'_>) -> Poll<WebSocketEvent>;

    /// Queues a message, to be sent by [`poll_event`](Self::poll_event). Without effect once the closing handshake is started.
    fn send(&mut self, message: WebSocketMessage);

    /// [Starts the closing handshake](https://www.rfc-editor.org/rfc/rfc6455#section-7.1.2), once what is queued has been sent. The reason, at
    /// most 123 bytes, goes with a code only. Without effect where it is started.
    fn start_the_closing_handshake(&mut self, code: Option<u16>, reason: &str);

    /// How many bytes of application data are queued and were not handed to the network yet.
    fn buffered_amount(&self) -> u64;

    /// Is there nothing left to be written, framing included?
    fn is_flushed(&self) -> bool;
}

/// What comes of driving a [`WebSocketConnection`].
#[derive(Debug)]
pub enum WebSocketEvent {
    /// [A WebSocket Message Has Been Received](https://www.rfc-editor.org/rfc/rfc6455#section-6.2).
    Message(WebSocketMessage),
    /// Application data was handed to the network: the buffered amount is less now.
    Sent,
    /// The server began the closing handshake.
    Closing,
    /// [The WebSocket Connection is Closed](https://www.rfc-editor.org/rfc/rfc6455#section-7.1.4).
    Closed(WebSocketClosure),
}
