//! [The WebSocket Protocol](https://www.rfc-editor.org/rfc/rfc6455) over a socket on which a server switched to it, or over an HTTP/2 stream: messages out as
//! frames, frames in as messages, and the closing handshake.
//!
//! Frames are tungstenite's to read and write; what they mean (`receiving`), what is compressed (`inflating`), and in which order what
//! goes out is ours. There is no task: whoever polls drives. Nothing is unbounded but what the user queues, which is counted:
//! a message has a limit, one pong waits at most, and a server that does not close in time is left.

mod inflating;
mod receiving;

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::error::{Error as FrameError, ProtocolError};
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameHeader, FrameSocket};

use sofetch_core::infrastructure::web_sockets::{
    ABNORMAL_CLOSURE, NO_STATUS_RECEIVED, UpgradedConnection, WebSocketClosure, WebSocketConnection,
    WebSocketEvent, WebSocketMessage, WebSocketTerms,
};
use sofetch_core::wire_faults::{NetworkFault, PeerMisbehaved, Phase, WebSocketBreach, WireFault};

use crate::config::NetworkConfig;
use crate::runtime::{IdleAlarm, IoRuntime};
use receiving::{Assembly, Received};

/// The longest frame that is sent: longer messages go in several, so that what is masked and waits for the socket is never much.
const FRAME: usize = 64 * 1024;

/// What carries frames: a socket, or what stands in its place.
pub(crate) trait Carrier: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Carrier for T {}

/// A socket on which the server switched protocols, and what it said of the new one already.
pub(crate) struct UpgradedSocket {
    pub(crate) socket: Box<dyn Carrier>,
    pub(crate) said: Bytes,
    pub(crate) limit: usize,
    pub(crate) alarm: Option<IdleAlarm>,
    pub(crate) tcp_alarm: Option<IdleAlarm>,
    pub(crate) runtime: Arc<IoRuntime>,
}

impl UpgradedSocket {
    pub(crate) fn new(
        socket: impl Carrier + 'static,
        said: Bytes,
        config: &NetworkConfig,
        runtime: Arc<IoRuntime>,
    ) -> UpgradedSocket {
        let alarm = |after: Option<Duration>| after.map(|after| IdleAlarm::new(Phase::Close, after));
        let (alarm, tcp_alarm) = (alarm(config.time_outs.close), alarm(config.time_outs.tcp_close));
        UpgradedSocket {
            socket: Box::new(socket),
            said,
            limit: config.limits.web_socket_message_bytes,
            alarm,
            tcp_alarm,
            runtime,
        }
    }
}

impl UpgradedConnection for UpgradedSocket {
    fn speak_web_socket(
        self: Box<Self>,
        terms: &WebSocketTerms,
        masks: Box<dyn FnMut() -> [u8; 4] + Send>,
    ) -> Box<dyn WebSocketConnection> {
        let polled = Polled { socket: self.socket, waker: Waker::noop().clone() };
        Box::new(WebSocket {
            frames: FrameSocket::from_partially_read(polled, self.said.to_vec()),
            assembly: Assembly::new(self.limit, terms.deflate),
            masks,
            queue: VecDeque::new(),
            buffered: 0,
            written: 0,
            is_unflushed: false,
            has_sent: false,
            pong: None,
            close: Close::NotStarted,
            received_close: None,
            breach: None,
            has_read_all: false,
            alarm: self.alarm,
            tcp_alarm: self.tcp_alarm,
            runtime: self.runtime,
        })
    }
}

/// A socket as the frames' codec knows it: what cannot be done at once would block.
struct Polled {
    socket: Box<dyn Carrier>,
    waker: Waker,
}

fn at_once<T>(poll: Poll<io::Result<T>>) -> io::Result<T> {
    match poll {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl Read for Polled {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        let mut context = Context::from_waker(&self.waker);
        at_once(Pin::new(&mut self.socket).poll_read(&mut context, &mut buffer))?;
        Ok(buffer.filled().len())
    }
}

impl Write for Polled {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        at_once(Pin::new(&mut self.socket).poll_write(&mut Context::from_waker(&self.waker), bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        at_once(Pin::new(&mut self.socket).poll_flush(&mut Context::from_waker(&self.waker)))
    }
}

/// A message on its way out.
struct Outgoing {
    opcode: Data,
    left: Bytes,
}

/// Our half of the closing handshake.
enum Close {
    NotStarted,
    /// A Close frame with this payload goes once all that was queued before has gone.
    Queued(Bytes),
    /// It was handed over, and may wait for the socket still.
    Sent,
}

struct WebSocket {
    frames: FrameSocket<Polled>,
    assembly: Assembly,
    masks: Box<dyn FnMut() -> [u8; 4] + Send>,
    queue: VecDeque<Outgoing>,
    /// Bytes of application data that were not handed to the socket yet.
    buffered: u64,
    /// So many of those are in the codec's hands.
    written: usize,
    is_unflushed: bool,
    /// Was application data handed to the socket since that was told?
    has_sent: bool,
    /// What the last ping said, if no pong answered it yet.
    pong: Option<Bytes>,
    close: Close,
    /// The other half of the closing handshake: code and reason.
    received_close: Option<(Option<u16>, String)>,
    /// What the server did that it must not.
    breach: Option<WebSocketBreach>,
    has_read_all: bool,
    /// Rings when the server takes too long to say goodbye.
    alarm: Option<IdleAlarm>,
    /// Rings when it takes too long to let go then.
    tcp_alarm: Option<IdleAlarm>,
    runtime: Arc<IoRuntime>,
}

impl WebSocket {
    fn is_closing(&self) -> bool {
        !matches!(self.close, Close::NotStarted)
    }

    /// Was our half of the closing handshake handed to the network?
    fn has_said_goodbye(&self) -> bool {
        matches!(self.close, Close::Sent) && !self.is_unflushed
    }

    /// Is the server to be left, which took too long?
    fn poll_alarm(&mut self, context: &mut Context<'_>) -> Poll<WireFault> {
        if !self.is_closing() {
            return Poll::Pending;
        }
        let is_shaken = self.received_close.is_some() && self.has_said_goodbye();
        let alarm = if is_shaken { &mut self.tcp_alarm } else { &mut self.alarm };
        alarm.as_mut().map_or(Poll::Pending, |alarm| alarm.poll(&self.runtime, context))
    }

    /// Hands frames to the socket until it takes no more, or there are none.
    fn write(&mut self) -> Result<(), FrameError> {
        loop {
            if self.is_unflushed {
                match self.frames.flush() {
                    Err(FrameError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                    flushed => flushed?,
                }
                self.is_unflushed = false;
                self.has_sent |= self.written > 0;
                self.buffered -= self.written as u64;
                self.written = 0;
                if let Some(alarm) = &mut self.alarm {
                    alarm.progressed();
                }
            }
            let Some(mut frame) = self.next_frame() else { return Ok(()) };
            frame.header_mut().mask = Some((self.masks)());
            self.is_unflushed = true;
            match self.frames.write(frame) {
                // NB: it is in the codec's hands all the same.
                Err(FrameError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                written => written?,
            }
        }
    }

    /// What goes out next: a pong may go between the fragments of a message, a Close frame goes last.
    fn next_frame(&mut self) -> Option<Frame> {
        if matches!(self.close, Close::Sent) {
            return None;
        }
        if let Some(payload) = self.pong.take() {
            return Some(control(Control::Pong, payload));
        }
        if let Some(message) = self.queue.front_mut() {
            let payload = message.left.split_to(message.left.len().min(FRAME));
            self.written = payload.len();
            let is_final = message.left.is_empty();
            let opcode = std::mem::replace(&mut message.opcode, Data::Continue);
            if is_final {
                self.queue.pop_front();
            }
            return Some(Frame::message(payload, OpCode::Data(opcode), is_final));
        }
        match std::mem::replace(&mut self.close, Close::Sent) {
            Close::Queued(payload) => Some(control(Control::Close, payload)),
            other => {
                self.close = other;
                None
            }
        }
    }

    /// The next frame's meaning; `None` is the end, or nothing that matters.
    fn read(&mut self) -> Poll<Result<Option<Received>, NetworkFault>> {
        let breach = match self.frames.read(Some(self.assembly.room())) {
            Ok(None) => {
                self.has_read_all = true;
                return Poll::Ready(Ok(None));
            }
            Ok(Some(frame)) => match self.assembly.take(frame) {
                Ok(received) => return Poll::Ready(Ok(received)),
                Err(breach) => breach,
            },
            Err(FrameError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
            Err(FrameError::Io(error)) => return Poll::Ready(Err(self.broken(error))),
            Err(FrameError::Capacity(_)) => WebSocketBreach::TooLarge { limit: self.assembly.limit() },
            Err(FrameError::Protocol(ProtocolError::InvalidOpcode(_))) => WebSocketBreach::Opcode,
            Err(other) => return Poll::Ready(Err(WireFault::Other { cause: Arc::new(other) }.into())),
        };
        // <https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7>: the server is told why, and nothing of what it says is read any more.
        self.breach = Some(breach);
        self.drop_the_queue();
        if !self.is_closing() {
            self.close = Close::Queued(close_payload(Some(breach.close_code()), ""));
        }
        Poll::Ready(Ok(None))
    }

    fn broken(&self, error: io::Error) -> NetworkFault {
        if self.runtime.is_gone() {
            return WireFault::RuntimeGone.into();
        }
        WireFault::Closed { reused: true, cause: Some(Arc::new(error)) }.into()
    }

    /// What was queued is not sent any more, and stays counted.
    fn drop_the_queue(&mut self) {
        self.queue.clear();
        self.pong = None;
    }

    fn receive(&mut self, received: Received) -> Option<WebSocketEvent> {
        match received {
            // <https://www.rfc-editor.org/rfc/rfc6455#section-5.5.2>: only the last ping needs an answer.
            Received::Ping(payload) => {
                if !self.is_closing() {
                    self.pong = Some(payload);
                }
                None
            }
            // Who said goodbye listens no more.
            Received::Message(_) if self.is_closing() => None,
            Received::Message(message) => Some(WebSocketEvent::Message(message)),
            Received::Close(code, reason) => {
                let begun_by_us = self.is_closing();
                self.drop_the_queue();
                if !begun_by_us {
                    self.close = Close::Queued(close_payload(code, ""));
                }
                self.received_close = Some((code, reason));
                (!begun_by_us).then_some(WebSocketEvent::Closing)
            }
        }
    }

    fn closed(&mut self, fault: Option<NetworkFault>) -> WebSocketEvent {
        // Nobody can do anything about a socket that does not even end.
        let socket = self.frames.get_mut();
        let _ = Pin::new(&mut socket.socket).poll_shutdown(&mut Context::from_waker(Waker::noop()));
        let has_said_goodbye = self.has_said_goodbye();
        let failed = self.breach.is_some();
        let breach = self.breach.map(|breach| PeerMisbehaved::WebSocket { breach }.into());
        let (code, reason) = match self.received_close.take() {
            Some((code, reason)) if !failed => (Some(code.unwrap_or(NO_STATUS_RECEIVED)), reason),
            _ => (None, String::new()),
        };
        let was_clean = code.is_some() && has_said_goodbye;
        WebSocketEvent::Closed(WebSocketClosure {
            code: code.unwrap_or(ABNORMAL_CLOSURE),
            reason,
            was_clean,
            failed,
            fault: breach.or(if was_clean { None } else { fault }),
        })
    }
}

impl WebSocketConnection for WebSocket {
    fn poll_event(&mut self, wants_messages: bool, context: &mut Context<'_>) -> Poll<WebSocketEvent> {
        self.frames.get_mut().waker.clone_from(context.waker());
        // NB: before anything is read. A server that goes on talking must not keep us from hearing the alarm.
        if let Poll::Ready(fault) = self.poll_alarm(context) {
            return Poll::Ready(self.closed(Some(fault.into())));
        }
        loop {
            if let Err(error) = self.write() {
                let fault = match error {
                    FrameError::Io(error) => self.broken(error),
                    other => WireFault::Other { cause: Arc::new(other) }.into(),
                };
                return Poll::Ready(self.closed(Some(fault)));
            }
            if std::mem::take(&mut self.has_sent) {
                return Poll::Ready(WebSocketEvent::Sent);
            }
            let has_said_goodbye = self.has_said_goodbye();
            // What failed waits for nothing more, and what was read to its end for nothing at all.
            if self.breach.is_some() && has_said_goodbye {
                return Poll::Ready(self.closed(None));
            }
            if self.has_read_all && (self.received_close.is_none() || has_said_goodbye) {
                let fault = if self.runtime.is_gone() {
                    WireFault::RuntimeGone
                } else {
                    WireFault::Closed { reused: true, cause: None }
                };
                return Poll::Ready(self.closed(Some(fault.into())));
            }
            let is_listening = self.breach.is_none() && !self.has_read_all;
            let read = if is_listening && (wants_messages || self.is_closing()) {
                self.read()
            } else {
                Poll::Pending
            };
            match read {
                Poll::Ready(Err(fault)) => return Poll::Ready(self.closed(Some(fault))),
                // NB: the server closes the socket first (section 7.1.1), so that after its Close frame there is an end to be read. What
                // comes in between is nothing.
                Poll::Ready(Ok(Some(received))) if self.received_close.is_none() => {
                    if let Some(event) = self.receive(received) {
                        return Poll::Ready(event);
                    }
                }
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => {
                    return self.poll_alarm(context).map(|fault| self.closed(Some(fault.into())));
                }
            }
        }
    }

    fn send(&mut self, message: WebSocketMessage) {
        if self.is_closing() {
            return;
        }
        self.buffered += message.len() as u64;
        let (opcode, left) = match message {
            WebSocketMessage::Text(text) => (Data::Text, Bytes::from(text)),
            WebSocketMessage::Binary(bytes) => (Data::Binary, bytes),
        };
        self.queue.push_back(Outgoing { opcode, left });
    }

    fn start_the_closing_handshake(&mut self, code: Option<u16>, reason: &str) {
        if !self.is_closing() {
            self.close = Close::Queued(close_payload(code, reason));
        }
    }

    fn buffered_amount(&self) -> u64 {
        self.buffered
    }

    fn is_flushed(&self) -> bool {
        let has_more =
            !self.queue.is_empty() || self.pong.is_some() || matches!(self.close, Close::Queued(_));
        !self.is_unflushed && !has_more
    }
}

fn control(opcode: Control, payload: Bytes) -> Frame {
    let header = FrameHeader { opcode: OpCode::Control(opcode), ..FrameHeader::default() };
    Frame::from_payload(header, payload)
}

/// <https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1>
fn close_payload(code: Option<u16>, reason: &str) -> Bytes {
    let mut payload = BytesMut::new();
    if let Some(code) = code {
        payload.extend_from_slice(&code.to_be_bytes());
        payload.extend_from_slice(reason.as_bytes());
    }
    payload.freeze()
}
