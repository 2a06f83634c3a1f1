//! What frames mean: messages are put together, and what a server must not send is found
//! ([section 5 of RFC 6455](https://www.rfc-editor.org/rfc/rfc6455#section-5)).

use bytes::Bytes;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use sofetch_core::infrastructure::web_sockets::{PermessageDeflate, WebSocketMessage};
use sofetch_core::rules::web_sockets::may_be_received;
use sofetch_core::wire_faults::WebSocketBreach;

use super::inflating::Inflating;

/// The longest control frame.
const CONTROL: usize = 125;

/// A message so short is copied, rather than kept in the buffer that it was read into, which is larger.
const SHORT: usize = 16 * 1024;

/// What came.
#[derive(Debug, PartialEq)]
pub(super) enum Received {
    Message(WebSocketMessage),
    Ping(Bytes),
    Close(Option<u16>, String),
}

/// The message whose fragments are coming.
pub(super) struct Assembly {
    limit: usize,
    inflating: Option<Inflating>,
    message: Option<Fragments>,
}

struct Fragments {
    is_text: bool,
    is_compressed: bool,
    bytes: Vec<u8>,
    /// So many of them are UTF-8, where it is text.
    checked: usize,
}

impl Assembly {
    /// Of messages up to `limit` bytes.
    pub(super) fn new(limit: usize, deflate: Option<PermessageDeflate>) -> Assembly {
        Assembly { limit, inflating: deflate.map(Inflating::new), message: None }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// The longest frame that may come now.
    pub(super) fn room(&self) -> usize {
        let held = self.message.as_ref().map_or(0, |message| message.bytes.len());
        self.limit.saturating_sub(held).max(CONTROL)
    }

    /// What a frame brings, if it brings anything yet.
    pub(super) fn take(&mut self, frame: Frame) -> Result<Option<Received>, WebSocketBreach> {
        let header = frame.header();
        if header.mask.is_some() {
            return Err(WebSocketBreach::Masked);
        }
        if header.rsv2 || header.rsv3 {
            return Err(WebSocketBreach::ReservedBit);
        }
        let (is_final, rsv1) = (header.is_final, header.rsv1);
        match header.opcode {
            OpCode::Control(_) if rsv1 => Err(WebSocketBreach::ReservedBit),
            OpCode::Control(_) if !is_final => Err(WebSocketBreach::FragmentedControl),
            OpCode::Control(_) if frame.payload().len() > CONTROL => Err(WebSocketBreach::LongControl),
            OpCode::Control(Control::Ping) => {
                Ok(Some(Received::Ping(Bytes::copy_from_slice(frame.payload()))))
            }
            OpCode::Control(Control::Pong) => Ok(None),
            OpCode::Control(Control::Close) => close(frame.payload()).map(Some),
            OpCode::Control(Control::Reserved(_)) => Err(WebSocketBreach::Opcode),
            OpCode::Data(opcode) => self.take_data(opcode, is_final, rsv1, frame.into_payload()),
        }
    }

    fn take_data(
        &mut self,
        opcode: Data,
        is_final: bool,
        rsv1: bool,
        payload: Bytes,
    ) -> Result<Option<Received>, WebSocketBreach> {
        let is_text = match (opcode, &self.message) {
            (Data::Reserved(_), _) => return Err(WebSocketBreach::Opcode),
            (Data::Continue, Some(message)) => message.is_text,
            (Data::Text, None) => true,
            (Data::Binary, None) => false,
            (Data::Continue, None) | (Data::Text | Data::Binary, Some(_)) => {
                return Err(WebSocketBreach::Fragments);
            }
        };
        // The bit says of a whole message that it is compressed, on its first frame.
        if rsv1 && (self.inflating.is_none() || self.message.is_some()) {
            return Err(WebSocketBreach::ReservedBit);
        }
        if self.message.is_none() && is_final && !rsv1 {
            return whole(is_text, payload, self.limit).map(|message| Some(Received::Message(message)));
        }
        let message = self.message.get_or_insert_with(|| Fragments {
            is_text,
            is_compressed: rsv1,
            bytes: Vec::new(),
            checked: 0,
        });
        match &mut self.inflating {
            Some(inflating) if message.is_compressed => {
                inflating.inflate(&payload, is_final, &mut message.bytes, self.limit)?;
            }
            _ if payload.len() > self.limit.saturating_sub(message.bytes.len()) => {
                return Err(WebSocketBreach::TooLarge { limit: self.limit });
            }
            _ => message.bytes.extend_from_slice(&payload),
        }
        if message.is_text {
            message.check_utf8()?;
        }
        if !is_final {
            return Ok(None);
        }
        let Some(Fragments { is_text, bytes, .. }) = self.message.take() else { return Ok(None) };
        let message = if is_text {
            WebSocketMessage::Text(String::from_utf8(bytes).map_err(|_| WebSocketBreach::Utf8)?)
        } else {
            WebSocketMessage::Binary(bytes.into())
        };
        Ok(Some(Received::Message(message)))
    }
}

impl Fragments {
    /// Text that can become no UTF-8 any more is found at once. A character may be in two fragments.
    fn check_utf8(&mut self) -> Result<(), WebSocketBreach> {
        match std::str::from_utf8(&self.bytes[self.checked..]) {
            Ok(_) => self.checked = self.bytes.len(),
            Err(error) if error.error_len().is_none() => self.checked += error.valid_up_to(),
            Err(_) => return Err(WebSocketBreach::Utf8),
        }
        Ok(())
    }
}

fn whole(is_text: bool, payload: Bytes, limit: usize) -> Result<WebSocketMessage, WebSocketBreach> {
    if payload.len() > limit {
        return Err(WebSocketBreach::TooLarge { limit });
    }
    if is_text {
        let text = std::str::from_utf8(&payload).map_err(|_| WebSocketBreach::Utf8)?;
        return Ok(WebSocketMessage::Text(text.to_owned()));
    }
    let is_short = payload.len() <= SHORT;
    Ok(WebSocketMessage::Binary(if is_short { Bytes::copy_from_slice(&payload) } else { payload }))
}

/// <https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1>
fn close(payload: &[u8]) -> Result<Received, WebSocketBreach> {
    match payload {
        [] => Ok(Received::Close(None, String::new())),
        [_] => Err(WebSocketBreach::CloseCode),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !may_be_received(code) {
                return Err(WebSocketBreach::CloseCode);
            }
            let reason = std::str::from_utf8(reason).map_err(|_| WebSocketBreach::Utf8)?;
            Ok(Received::Close(Some(code), reason.to_owned()))
        }
    }
}

#[cfg(test)]
#[path = "receiving_tests.rs"]
mod tests;
