//! An HTTP/2 connection, which many exchanges share, and the way of a request's body into a stream of it.
//!
//! Its driver is a task of the IO runtime, one a connection. Push is refused; what a stream may send unread is bounded
//! by its window.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use h2::SendStream;
use h2::client::{Builder, SendRequest};

use sofetch_core::infrastructure::timing::Timestamp;
use sofetch_core::ports::Clock;
use sofetch_core::wire_faults::NetworkFault;

use crate::config::Limits;
use crate::create_a_connection::About;
use crate::errors::{self, Scene};
use crate::http2_driver::{Noticed, Progress};
use crate::response_heads::InspectedSocket;
use crate::runtime::IoRuntime;
use crate::socket::Socket;
use crate::upload::Upload;

/// How many streams are opened before the server said how many it takes: more might be refused. It says so at once.
const STREAMS_BEFORE_SETTINGS: usize = 10;

/// A share of an HTTP/2 connection.
pub(crate) struct Http2 {
    pub(crate) sender: SendRequest<Bytes>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) reused: bool,
}

pub(crate) struct Shared {
    pub(crate) about: Arc<About>,
    pub(crate) progress: Progress,
    clock: Arc<dyn Clock>,
    streams: AtomicUsize,
    /// Those of them that are WebSockets.
    web_sockets: AtomicUsize,
    idle_since: AtomicU64,
}

impl Shared {
    /// Where a fault of one of its streams happened.
    pub(crate) fn scene(&self, reused: bool, head_bytes: usize) -> Scene<'_> {
        Scene {
            reused,
            tls_host: self.about.tls_host.as_deref(),
            head_bytes,
            read: 0,
            request_pseudo_headers: self.progress.had_request_pseudo_headers(),
        }
    }
}

impl Http2 {
    pub(crate) async fn handshake(
        socket: Socket,
        limits: &Limits,
        about: Arc<About>,
        runtime: &Arc<IoRuntime>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Http2, NetworkFault> {
        let head_bytes = u32::try_from(limits.head_bytes).unwrap_or(u32::MAX);
        let scene = Scene {
            reused: false,
            tls_host: about.tls_host.as_deref(),
            head_bytes: limits.head_bytes,
            read: 0,
            request_pseudo_headers: false,
        };
        let noticed = Arc::<Noticed>::default();
        let socket = InspectedSocket::new(socket, noticed.clone());
        let (sender, connection) = Builder::new()
            .enable_push(false)
            .initial_max_send_streams(STREAMS_BEFORE_SETTINGS)
            .max_header_list_size(head_bytes)
            .initial_window_size(limits.http2_stream_window)
            .initial_connection_window_size(limits.http2_connection_window)
            .handshake::<_, Bytes>(socket)
            .await
            .map_err(|error| errors::of_http2(error, &scene))?;
        let shared = Arc::new(Shared {
            about: about.clone(),
            clock: clock.clone(),
            progress: Progress::new(noticed),
            streams: AtomicUsize::new(0),
            web_sockets: AtomicUsize::new(0),
            idle_since: AtomicU64::new(clock.now().0),
        });
        let driven = shared.clone();
        runtime.spawn(async move { driven.progress.drive(connection).await });
        Ok(Http2 { sender, shared, reused: false })
    }

    /// Another share, for one who finds it made.
    pub(crate) fn share(&self) -> Http2 {
        Http2 { sender: self.sender.clone(), shared: self.shared.clone(), reused: true }
    }

    /// Another share, for the one it was made for.
    pub(crate) fn share_as_new(&self) -> Http2 {
        Http2 { reused: false, ..self.share() }
    }

    /// Does it take new streams, as far as one look tells?
    pub(crate) fn is_usable(&self) -> bool {
        !self.shared.progress.has_ended()
            && !self.is_full_of_web_sockets()
            && !matches!(
                self.sender.clone().poll_ready(&mut Context::from_waker(Waker::noop())),
                Poll::Ready(Err(_))
            )
    }

    /// Would a stream more have to wait for a WebSocket to end? That may take for ever.
    fn is_full_of_web_sockets(&self) -> bool {
        let web_sockets = self.shared.web_sockets.load(Ordering::Acquire);
        web_sockets > 0 && web_sockets >= self.sender.current_max_send_streams()
    }

    /// Does its server take [WebSockets](https://www.rfc-editor.org/rfc/rfc8441#section-3)? Its first word says so, or does not.
    pub(crate) fn poll_takes_web_sockets(&self, context: &Context<'_>) -> Poll<bool> {
        // NB: a connection that ended without a word takes anything: what became of it, the exchange tells.
        self.shared
            .progress
            .poll_settings(context)
            .map(|came| !came || self.sender.is_extended_connect_protocol_enabled())
    }

    /// For how long it has had no stream.
    pub(crate) fn idled_for(&self, now: Timestamp) -> Duration {
        match self.shared.streams.load(Ordering::Acquire) {
            0 => now.since(Timestamp(self.shared.idle_since.load(Ordering::Relaxed))),
            _ => Duration::ZERO,
        }
    }
}

/// A stream counts as long as this lives.
pub(crate) struct Counted {
    shared: Arc<Shared>,
    web_socket: bool,
}

impl Counted {
    pub(crate) fn new(shared: &Arc<Shared>, web_socket: bool) -> Counted {
        shared.streams.fetch_add(1, Ordering::AcqRel);
        if web_socket {
            shared.web_sockets.fetch_add(1, Ordering::AcqRel);
        }
        Counted { shared: shared.clone(), web_socket }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let shared = &self.shared;
        shared.idle_since.store(shared.clock.now().0, Ordering::Relaxed);
        shared.streams.fetch_sub(1, Ordering::AcqRel);
        if self.web_socket {
            shared.web_sockets.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// Moves a request's body into its stream, as far as the peer lets it.
pub(crate) struct Pump {
    pub(crate) stream: SendStream<Bytes>,
    pub(crate) upload: Upload,
    waiting: Option<Bytes>,
    pub(crate) done: bool,
}

impl Pump {
    pub(crate) fn new(stream: SendStream<Bytes>, upload: Upload) -> Pump {
        Pump { stream, upload, waiting: None, done: false }
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while !self.done {
            let Some(mut chunk) = self.waiting.take() else {
                match self.upload.poll_chunk(context) {
                    Poll::Pending => {
                        // Should the peer reset the stream meanwhile, nobody need wait for the body.
                        if self.stream.poll_reset(context).is_ready() {
                            self.done = true;
                        }
                        return if self.done { Poll::Ready(()) } else { Poll::Pending };
                    }
                    Poll::Ready(Some(Ok(chunk))) if chunk.is_empty() => continue,
                    Poll::Ready(Some(Ok(chunk))) => {
                        self.stream.reserve_capacity(chunk.len());
                        self.waiting = Some(chunk);
                        continue;
                    }
                    // A failed body resets the stream, so that its part is not taken for the whole.
                    Poll::Ready(Some(Err(_))) => {
                        self.stream.send_reset(h2::Reason::CANCEL);
                        self.done = true;
                    }
                    Poll::Ready(None) => {
                        let _ = self.stream.send_data(Bytes::new(), true);
                        self.done = true;
                    }
                }
                continue;
            };
            let room = match self.stream.capacity() {
                0 => match self.stream.poll_capacity(context) {
                    Poll::Pending => {
                        self.waiting = Some(chunk);
                        return Poll::Pending;
                    }
                    Poll::Ready(Some(Ok(room))) => room,
                    Poll::Ready(_) => {
                        self.done = true;
                        break;
                    }
                },
                room => room,
            };
            let part = chunk.split_to(room.min(chunk.len()));
            if self.stream.send_data(part, false).is_err() {
                self.done = true;
            } else if !chunk.is_empty() {
                self.stream.reserve_capacity(chunk.len());
                self.waiting = Some(chunk);
            }
        }
        Poll::Ready(())
    }
}
