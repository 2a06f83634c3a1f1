//! What the [WebSockets Standard](https://websockets.spec.whatwg.org/) and [its protocol](https://www.rfc-editor.org/rfc/rfc6455) judge: the server's answer to the
//! opening handshake, the names of subprotocols, and what a connection may be closed with.
//!
//! Frames are no matter of judgement here: who carries them knows what is none.

use sha1::{Digest, Sha1};

use crate::infrastructure::base64::forgiving_base64_encode;
use crate::infrastructure::header_list::HeaderList;
use crate::infrastructure::header_values::get_decode_and_split;
use crate::infrastructure::methods::is_token;
use crate::infrastructure::responses::InternalResponse;
use crate::infrastructure::statuses::{Status, is_ok_status};
use crate::infrastructure::web_sockets::{Opening, PermessageDeflate, Upgraded, WebSocketTerms};
use crate::rules::verdict::{Verdict, said};

/// The extension that is offered: compression of what the server sends. Nothing that we send is compressed.
pub const OFFERED_EXTENSIONS: &str = "permessage-deflate";

/// What a server adds to the key (<https://www.rfc-editor.org/rfc/rfc6455#section-1.3>).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Is the connection [established](https://www.rfc-editor.org/rfc/rfc6455#section-4.1), or what keeps it from being so?
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebSocketHandshake {
    /// It is.
    Established {
        /// The subprotocol in use.
        protocol: Option<String>,
        /// The extensions in use; empty for none.
        extensions: String,
    },
    /// The status is not 101, nor a 2xx over HTTP/2.
    NotSwitched {
        /// It is this.
        status: Status,
    },
    /// Subprotocols were asked for, and the server takes none.
    ProtocolNotTaken,
    /// `Upgrade` is not `websocket`.
    Upgrade {
        /// What it is.
        said: Option<String>,
    },
    /// `Connection` does not say `Upgrade`.
    Connection {
        /// What it says.
        said: Option<String>,
    },
    /// `Sec-WebSocket-Accept` does not follow from the key.
    Accept {
        /// What it is.
        said: Option<String>,
        /// What it should be.
        expected: String,
    },
    /// An extension that was not offered, or not so.
    Extension {
        /// The extensions.
        said: String,
    },
    /// A subprotocol that was not asked for.
    ProtocolNotAsked {
        /// It is this.
        said: String,
    },
    /// The server's answer was not that of a connection that could be switched (a mock's, or a recording's).
    NoConnection,
}

impl Verdict for WebSocketHandshake {
    const ANCHOR: &'static str = "https://websockets.spec.whatwg.org/#websocket-opening-handshake";
    fn blocks(&self) -> bool {
        !matches!(self, WebSocketHandshake::Established { .. })
    }
}

/// Steps 11.1 to 11.3 of <https://websockets.spec.whatwg.org/#concept-websocket-establish>: what becomes of a response that is no network error.
///
/// `key` is the request's `Sec-WebSocket-Key`, `protocols` are those of its `Sec-WebSocket-Protocol`.
pub fn web_socket_handshake(
    key: &str,
    protocols: &[String],
    response: &InternalResponse,
) -> (WebSocketHandshake, WebSocketTerms) {
    match terms(key, protocols, response) {
        Err(verdict) => (verdict, WebSocketTerms::default()),
        Ok(terms) => {
            let (protocol, extensions) = (terms.protocol.clone(), terms.extensions.clone());
            (WebSocketHandshake::Established { protocol, extensions }, terms)
        }
    }
}

fn terms(
    key: &str,
    protocols: &[String],
    response: &InternalResponse,
) -> Result<WebSocketTerms, WebSocketHandshake> {
    let list = &response.header_list;
    let by_connect = response.upgraded.as_ref().map(Upgraded::opening) == Some(Opening::ExtendedConnect);
    // 11.1. NB: a network error came nowhere near this.
    // DEPARTS: the Standard knows 101 alone; over HTTP/2 a 2xx stands in its place (https://www.rfc-editor.org/rfc/rfc8441#section-5).
    if !(if by_connect { is_ok_status(response.status) } else { response.status == 101 }) {
        return Err(WebSocketHandshake::NotSwitched { status: response.status });
    }
    // 11.2. Who asks for subprotocols must be given one.
    let protocol = list.get("Sec-WebSocket-Protocol").map(|value| said(&value));
    if !protocols.is_empty() && protocol.as_deref().is_none_or(str::is_empty) {
        return Err(WebSocketHandshake::ProtocolNotTaken);
    }
    // 11.3: section 4.1 of RFC 6455, steps 2 to 6 of its last list; over HTTP/2 there is neither `Upgrade` nor a key.
    if !by_connect {
        proves_the_switch(key, list)?;
    }
    let extensions = get_decode_and_split("Sec-WebSocket-Extensions", list).unwrap_or_default();
    let said_extensions =
        || list.get("Sec-WebSocket-Extensions").map(|value| said(&value)).unwrap_or_default();
    let deflate =
        negotiated(&extensions).ok_or_else(|| WebSocketHandshake::Extension { said: said_extensions() })?;
    if let Some(taken) = &protocol
        && !protocols.contains(taken)
    {
        return Err(WebSocketHandshake::ProtocolNotAsked { said: taken.clone() });
    }
    Ok(WebSocketTerms { protocol, extensions: said_extensions(), deflate })
}

/// Steps 2 to 4.
fn proves_the_switch(key: &str, list: &HeaderList) -> Result<(), WebSocketHandshake> {
    let upgrade = list.get("Upgrade");
    if !upgrade.as_ref().is_some_and(|value| value.trim_ascii().eq_ignore_ascii_case(b"websocket")) {
        return Err(WebSocketHandshake::Upgrade { said: upgrade.map(|value| said(&value)) });
    }
    if !says_upgrade(list) {
        let connection = list.get("Connection").map(|value| said(&value));
        return Err(WebSocketHandshake::Connection { said: connection });
    }
    let accept = list.get("Sec-WebSocket-Accept");
    let expected = accept_of(key);
    if accept.as_ref().is_none_or(|value| value.trim_ascii() != expected.as_bytes()) {
        return Err(WebSocketHandshake::Accept { said: accept.map(|value| said(&value)), expected });
    }
    Ok(())
}

fn says_upgrade(list: &HeaderList) -> bool {
    let tokens = get_decode_and_split("Connection", list).unwrap_or_default();
    tokens.iter().any(|token| token.eq_ignore_ascii_case("upgrade"))
}

/// The `Sec-WebSocket-Accept` that proves that a server read this `Sec-WebSocket-Key`.
pub fn accept_of(key: &str) -> String {
    forgiving_base64_encode(&Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

/// What the server's extensions amount to, where each of them is one that was offered, and as it was offered.
fn negotiated(extensions: &[String]) -> Option<Option<PermessageDeflate>> {
    match extensions {
        [] => Some(None),
        [one] => permessage_deflate(one).map(Some),
        _ => None,
    }
}

/// <https://www.rfc-editor.org/rfc/rfc7692#section-7.1>: each parameter once, with the value that it may have, and none that was not
/// offered to be there. `client_no_context_takeover` changes nothing for who does not compress.
fn permessage_deflate(extension: &str) -> Option<PermessageDeflate> {
    let mut parts = extension.split(';').map(str::trim);
    if parts.next()? != OFFERED_EXTENSIONS {
        return None;
    }
    let mut deflate = PermessageDeflate::default();
    let mut seen = Vec::new();
    for parameter in parts {
        let (name, value) = match parameter.split_once('=') {
            None => (parameter, None),
            Some((name, value)) => (name.trim_end(), Some(unquoted(value.trim_start()))),
        };
        if seen.contains(&name) {
            return None;
        }
        seen.push(name);
        match (name, value) {
            ("server_no_context_takeover", None) => deflate.server_no_context_takeover = true,
            ("client_no_context_takeover", None) => {}
            ("server_max_window_bits", Some("8" | "9" | "10" | "11" | "12" | "13" | "14" | "15")) => {}
            _ => return None,
        }
    }
    Some(deflate)
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

/// May they be asked for? Each is a token, and none is there twice: the [requirements](https://www.rfc-editor.org/rfc/rfc6455#section-4.1) on
/// the elements of `Sec-WebSocket-Protocol`. Gives the first that may not.
pub fn invalid_protocol(protocols: &[String]) -> Option<&String> {
    let twice = |index: usize, protocol: &String| protocols.iter().take(index).any(|other| other == protocol);
    protocols
        .iter()
        .enumerate()
        .find(|&(index, protocol)| !is_token(protocol.as_bytes()) || twice(index, protocol))
        .map(|(_, protocol)| protocol)
}

/// May the user close a connection [with this code](https://websockets.spec.whatwg.org/#dom-websocket-close)?
pub fn may_close_with(code: u16) -> bool {
    code == 1000 || (3000..=4999).contains(&code)
}

/// The longest reason, in bytes.
pub const MAX_REASON: usize = 123;

/// May a Close frame [bear this code](https://www.rfc-editor.org/rfc/rfc6455#section-7.4.2)? Those that stand for what was not said may not, nor may
/// those that nobody gave a meaning.
pub fn may_be_received(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::web_sockets::{UpgradedConnection, WebSocketConnection};

    /// The example of RFC 6455, section 1.3.
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    fn answer(status: Status, headers: &[(&'static str, &'static str)]) -> InternalResponse {
        let mut response = InternalResponse { status, ..InternalResponse::default() };
        for (name, value) in headers {
            response.header_list.append(*name, *value);
        }
        response
    }

    #[test]
    fn handshake_table() {
        use WebSocketHandshake::*;
        let upgrade = ("Upgrade", "websocket");
        let connection = ("Connection", "Upgrade");
        let accept = ("Sec-WebSocket-Accept", ACCEPT);
        let established = |protocol: Option<&str>, extensions: &str| Established {
            protocol: protocol.map(str::to_owned),
            extensions: extensions.to_owned(),
        };
        let text = |text: &str| Some(text.to_owned());
        let protocol = |value| ("Sec-WebSocket-Protocol", value);
        let extension = |value| ("Sec-WebSocket-Extensions", value);
        for (row, protocols, status, headers, expected) in [
            ("a plain one", &[][..], 101, vec![upgrade, connection, accept], established(None, "")),
            (
                "in another case, among others, with spaces",
                &[],
                101,
                vec![
                    ("upgrade", " WebSocket"),
                    ("connection", "keep-alive, upgrade"),
                    ("sec-websocket-accept", ACCEPT),
                ],
                established(None, ""),
            ),
            ("200", &[], 200, vec![upgrade, connection, accept], NotSwitched { status: 200 }),
            ("no Upgrade", &[], 101, vec![connection, accept], Upgrade { said: None }),
            (
                "another",
                &[],
                101,
                vec![("Upgrade", "h2c"), connection, accept],
                Upgrade { said: text("h2c") },
            ),
            (
                "two",
                &[],
                101,
                vec![upgrade, upgrade, connection, accept],
                Upgrade { said: text("websocket, websocket") },
            ),
            ("no Connection", &[], 101, vec![upgrade, accept], Connection { said: None }),
            (
                "one that closes",
                &[],
                101,
                vec![upgrade, ("Connection", "close"), accept],
                Connection { said: text("close") },
            ),
            (
                "no Accept",
                &[],
                101,
                vec![upgrade, connection],
                Accept { said: None, expected: ACCEPT.to_owned() },
            ),
            (
                "an Accept of another key",
                &[],
                101,
                vec![upgrade, connection, ("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOO=")],
                Accept { said: text("s3pPLMBiTxaQ9kYGzzhZRbK+xOO="), expected: ACCEPT.to_owned() },
            ),
            (
                "one that was asked for",
                &["a", "b"],
                101,
                vec![upgrade, connection, accept, protocol("b")],
                established(Some("b"), ""),
            ),
            ("none of those", &["a"], 101, vec![upgrade, connection, accept], ProtocolNotTaken),
            ("an empty one", &["a"], 101, vec![upgrade, connection, accept, protocol("")], ProtocolNotTaken),
            (
                "one that was not asked for",
                &["a"],
                101,
                vec![upgrade, connection, accept, protocol("c")],
                ProtocolNotAsked { said: "c".to_owned() },
            ),
            (
                "in another case",
                &["a"],
                101,
                vec![upgrade, connection, accept, protocol("A")],
                ProtocolNotAsked { said: "A".to_owned() },
            ),
            (
                "two of them",
                &["a", "b"],
                101,
                vec![upgrade, connection, accept, protocol("a, b")],
                ProtocolNotAsked { said: "a, b".to_owned() },
            ),
            (
                "where none was",
                &[],
                101,
                vec![upgrade, connection, accept, protocol("a")],
                ProtocolNotAsked { said: "a".to_owned() },
            ),
            (
                "compression",
                &[],
                101,
                vec![upgrade, connection, accept, extension("permessage-deflate")],
                established(None, "permessage-deflate"),
            ),
            (
                "another extension",
                &[],
                101,
                vec![upgrade, connection, accept, extension("permessage-bzip2")],
                Extension { said: "permessage-bzip2".to_owned() },
            ),
        ] {
            let protocols: Vec<String> = protocols.iter().map(|&name: &&str| name.to_owned()).collect();
            let (verdict, _) = web_socket_handshake(KEY, &protocols, &answer(status, &headers));
            assert_eq!(verdict, expected, "{row}");
            assert_eq!(verdict.blocks(), !matches!(verdict, Established { .. }), "{row}");
        }
    }

    /// What a stream of an HTTP/2 connection would carry: nothing is judged of it.
    struct Tunnel;

    impl UpgradedConnection for Tunnel {
        fn speak_web_socket(
            self: Box<Self>,
            _: &WebSocketTerms,
            _: Box<dyn FnMut() -> [u8; 4] + Send>,
        ) -> Box<dyn WebSocketConnection> {
            unreachable!("nobody speaks")
        }
    }

    #[test]
    fn handshake_over_http2_table() {
        use WebSocketHandshake::*;
        let asked = &["a", "b"][..];
        let established = |protocol: Option<&str>| Established {
            protocol: protocol.map(str::to_owned),
            extensions: String::new(),
        };
        let not_asked = ProtocolNotAsked { said: "c".to_owned() };
        let extension = Extension { said: "x".to_owned() };
        for (row, protocols, status, header, expected) in [
            ("success", &[][..], 200, None, established(None)),
            ("another success", &[], 204, None, established(None)),
            ("neither key nor accept", &[], 200, Some(("Sec-WebSocket-Accept", "x")), established(None)),
            ("101 is none", &[], 101, None, NotSwitched { status: 101 }),
            ("nor is 300", &[], 300, None, NotSwitched { status: 300 }),
            ("a protocol", asked, 200, Some(("Sec-WebSocket-Protocol", "b")), established(Some("b"))),
            ("none taken", asked, 200, None, ProtocolNotTaken),
            ("another", asked, 200, Some(("Sec-WebSocket-Protocol", "c")), not_asked),
            ("an extension", &[], 200, Some(("Sec-WebSocket-Extensions", "x")), extension),
        ] {
            let protocols: Vec<String> =
                protocols.iter().map(|&protocol: &&str| protocol.to_owned()).collect();
            let headers: Vec<_> = header.into_iter().collect();
            let mut response = answer(status, &headers);
            response.upgraded = Some(Upgraded::by_extended_connect(Tunnel));
            assert_eq!(web_socket_handshake(KEY, &protocols, &response).0, expected, "{row}");
        }
        let response = answer(200, &[]);
        assert_eq!(web_socket_handshake(KEY, &[], &response).0, NotSwitched { status: 200 }, "no HTTP/2");
    }

    #[test]
    fn extensions_table() {
        let plain = Some(Some(PermessageDeflate::default()));
        let anew = Some(Some(PermessageDeflate { server_no_context_takeover: true }));
        for (row, extensions, expected) in [
            ("none", &[][..], Some(None)),
            ("as offered", &["permessage-deflate"], plain),
            ("each message for itself", &["permessage-deflate; server_no_context_takeover"], anew),
            ("ours for itself", &["permessage-deflate;client_no_context_takeover"], plain),
            ("a smaller window", &["permessage-deflate; server_max_window_bits=8"], plain),
            ("in quotes", &["permessage-deflate; server_max_window_bits=\"15\""], plain),
            ("a window too small", &["permessage-deflate; server_max_window_bits=7"], None),
            ("a window too large", &["permessage-deflate; server_max_window_bits=16"], None),
            ("a window huge", &["permessage-deflate; server_max_window_bits=4294967304"], None),
            ("a zero before", &["permessage-deflate; server_max_window_bits=08"], None),
            ("a window without a size", &["permessage-deflate; server_max_window_bits"], None),
            ("our window, not offered", &["permessage-deflate; client_max_window_bits=15"], None),
            ("a value where none is", &["permessage-deflate; server_no_context_takeover=1"], None),
            (
                "twice the same",
                &["permessage-deflate; server_no_context_takeover; server_no_context_takeover"],
                None,
            ),
            ("unknown", &["permessage-deflate; x"], None),
            ("an empty one", &["permessage-deflate;"], None),
            ("twice", &["permessage-deflate", "permessage-deflate"], None),
            ("another", &["x-webkit-deflate-frame"], None),
            ("in another case", &["Permessage-Deflate"], None),
        ] {
            let extensions: Vec<String> = extensions.iter().map(|&one: &&str| one.to_owned()).collect();
            assert_eq!(negotiated(&extensions), expected, "{row}");
        }
    }

    #[test]
    fn protocols_table() {
        for (row, protocols, expected) in [
            ("none", &[][..], None),
            ("a token", &["chat.v2"], None),
            ("in two cases", &["a", "A"], None),
            ("the same twice", &["a", "b", "a"], Some("a")),
            ("an empty one", &["a", ""], Some("")),
            ("a space", &["a b"], Some("a b")),
            ("a separator", &["a/b"], Some("a/b")),
            ("a header", &["a\r\nX-Evil: 1"], Some("a\r\nX-Evil: 1")),
            ("a comma", &["a,b"], Some("a,b")),
            ("no ASCII", &["\u{e9}"], Some("\u{e9}")),
        ] {
            let protocols: Vec<String> = protocols.iter().map(|&one: &&str| one.to_owned()).collect();
            assert_eq!(invalid_protocol(&protocols).map(String::as_str), expected, "{row}");
        }
    }

    #[test]
    fn close_codes_table() {
        for (code, by_user, received) in [
            (0, false, false),
            (999, false, false),
            (1000, true, true),
            (1001, false, true),
            (1003, false, true),
            (1004, false, false),
            (1005, false, false),
            (1006, false, false),
            (1007, false, true),
            (1014, false, true),
            (1015, false, false),
            (2999, false, false),
            (3000, true, true),
            (4999, true, true),
            (5000, false, false),
            (65535, false, false),
        ] {
            assert_eq!((may_close_with(code), may_be_received(code)), (by_user, received), "{code}");
        }
    }
}
