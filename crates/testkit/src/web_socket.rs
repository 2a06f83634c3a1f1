//! Servers of WebSockets, for tests: the answer to a handshake, and frames.

use sofetch_core::rules::web_sockets::accept_of;
use sofetch_demo::{Ending, Reply, RequestSeen};

pub use sofetch_demo::{FrameSeen, frame};

/// The answer that a server gives which takes the handshake; what is said then are the pieces of its body, and the connection
/// ends behind them.
pub fn accept(request: &RequestSeen) -> Reply {
    let key = request.header("sec-websocket-key").unwrap_or_default();
    Reply::new(101)
        .header("Upgrade", "websocket")
        .header("Connection", "Upgrade")
        .header("Sec-WebSocket-Accept", accept_of(&key))
        .as_given()
        .ending(Ending::Close)
}

/// Takes the handshake, the first subprotocol that was asked for, and sends back all that comes.
pub fn echo(request: &RequestSeen) -> Reply {
    let reply = accept(request).echo();
    match request.header("sec-websocket-protocol") {
        None => reply,
        Some(asked) => {
            let first = asked.split(',').next().unwrap_or_default().trim().to_owned();
            reply.header("Sec-WebSocket-Protocol", first)
        }
    }
}

/// A Close frame.
pub fn goodbye(code: u16, reason: &str) -> bytes::Bytes {
    frame(0x88, &[&code.to_be_bytes()[..], reason.as_bytes()].concat())
}
