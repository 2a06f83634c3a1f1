//! Sentences for the opening handshake of a WebSocket, and for what a server said over one that it must not.

use sofetch_core::rules::web_sockets::WebSocketHandshake;
use sofetch_core::wire_faults::WebSocketBreach;

use super::quoting::{count, quoted};
use super::{Words, weighed};

impl Words for WebSocketHandshake {
    fn words(&self) -> String {
        let header = |name: &str, said: &Option<String>| match said {
            Some(said) => format!("`{name}` is {}", quoted(said)),
            None => format!("there is no `{name}`"),
        };
        match self {
            WebSocketHandshake::Established { protocol, extensions } => {
                let protocol = match protocol {
                    Some(protocol) => format!("the subprotocol {}", quoted(protocol)),
                    None => "no subprotocol".to_owned(),
                };
                let extensions = match &**extensions {
                    "" => "no extension".to_owned(),
                    said => format!("the extensions {}", quoted(said)),
                };
                format!("The WebSocket is open, with {protocol} and {extensions}.")
            }
            WebSocketHandshake::NotSwitched { status } => {
                format!(
                    "The status is {status}: the server did not switch to WebSocket, which 101 would say, or 200 over HTTP/2."
                )
            }
            WebSocketHandshake::ProtocolNotTaken => {
                "The server takes none of the subprotocols that were asked for.".to_owned()
            }
            WebSocketHandshake::Upgrade { said } => {
                format!("The server does not switch to `websocket`: {}.", header("Upgrade", said))
            }
            WebSocketHandshake::Connection { said } => {
                format!("The server does not say that it switches: {}.", header("Connection", said))
            }
            WebSocketHandshake::Accept { said, expected } => format!(
                "The server does not prove that it read the handshake: {}, where {} follows from the key.",
                header("Sec-WebSocket-Accept", said),
                quoted(expected)
            ),
            WebSocketHandshake::Extension { said } => {
                format!("The server wants an extension that was not offered so: {}.", quoted(said))
            }
            WebSocketHandshake::ProtocolNotAsked { said } => {
                format!("The server takes the subprotocol {}, which was not asked for.", quoted(said))
            }
            WebSocketHandshake::NoConnection => {
                "The answer is none of a connection: nothing can be said over it.".to_owned()
            }
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            WebSocketHandshake::Established { .. } => return None,
            WebSocketHandshake::NotSwitched { status: 401 | 403 } => {
                "Check what the server wants: credentials, or another `Origin`."
            }
            WebSocketHandshake::NotSwitched { .. } => {
                "Check that there is a WebSocket server at this path, and that what stands in front of it passes `Upgrade` on, or CONNECT over HTTP/2."
            }
            WebSocketHandshake::ProtocolNotTaken | WebSocketHandshake::ProtocolNotAsked { .. } => {
                "Answer with one of the subprotocols of `Sec-WebSocket-Protocol`, or ask for none."
            }
            WebSocketHandshake::Upgrade { .. } => "Answer with `Upgrade: websocket`.",
            WebSocketHandshake::Connection { .. } => "Answer with `Connection: Upgrade`.",
            WebSocketHandshake::Accept { .. } => {
                "Answer with the `Sec-WebSocket-Accept` that RFC 6455 makes of `Sec-WebSocket-Key`."
            }
            WebSocketHandshake::Extension { .. } => {
                "Answer with the extensions of `Sec-WebSocket-Extensions` alone, or with none."
            }
            WebSocketHandshake::NoConnection => "Ask the server itself.",
        };
        Some(hint.to_owned())
    }

    weighed!(Passed: WebSocketHandshake::Established { .. });
}

/// What the server did, in one sentence.
pub(super) fn words_for_breach(breach: WebSocketBreach) -> String {
    let what = match breach {
        WebSocketBreach::Masked => "a frame with a mask",
        WebSocketBreach::ReservedBit => "a reserved bit that means nothing",
        WebSocketBreach::Opcode => "an opcode that means nothing",
        WebSocketBreach::FragmentedControl => "a control frame in fragments",
        WebSocketBreach::LongControl => "a control frame of more than 125 bytes",
        WebSocketBreach::Fragments => "fragments out of order",
        WebSocketBreach::Utf8 => "text that is no UTF-8",
        WebSocketBreach::CloseCode => "a code for its goodbye that nobody may send",
        WebSocketBreach::Compression => "a message that does not decompress",
        WebSocketBreach::TooLarge { limit } => {
            return format!(
                "The server sent a message larger than the {} that are allowed.",
                count(limit as u64, "byte")
            );
        }
    };
    format!("The server broke the WebSocket Protocol: it sent {what}.")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{check, check_sentence, hostile};
    use super::*;

    #[test]
    fn handshakes_have_words() {
        let text = hostile;
        check([
            WebSocketHandshake::Established { protocol: None, extensions: String::new() },
            WebSocketHandshake::Established { protocol: Some(text()), extensions: text() },
            WebSocketHandshake::NotSwitched { status: 200 },
            WebSocketHandshake::NotSwitched { status: 401 },
            WebSocketHandshake::ProtocolNotTaken,
            WebSocketHandshake::Upgrade { said: None },
            WebSocketHandshake::Upgrade { said: Some(text()) },
            WebSocketHandshake::Connection { said: Some(text()) },
            WebSocketHandshake::Accept { said: None, expected: text() },
            WebSocketHandshake::Extension { said: text() },
            WebSocketHandshake::ProtocolNotAsked { said: text() },
            WebSocketHandshake::NoConnection,
        ]);
    }

    #[test]
    fn breaches_have_words() {
        use WebSocketBreach::*;
        for breach in [
            Masked,
            ReservedBit,
            Opcode,
            FragmentedControl,
            LongControl,
            Fragments,
            Utf8,
            CloseCode,
            Compression,
            TooLarge { limit: 1 },
        ] {
            check_sentence("a breach", &words_for_breach(breach));
        }
    }
}
