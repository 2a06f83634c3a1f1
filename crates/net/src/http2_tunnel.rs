//! A stream of an HTTP/2 connection in a socket's place, once its server took an [extended CONNECT](https://www.rfc-editor.org/rfc/rfc8441#section-5): bytes in DATA
//! frames, END_STREAM for the end of either direction, RST_STREAM for a reset.
//!
//! What is not read is not given back to the stream's window, so that who does not read slows the server down. Dropped before both
//! directions ended, the stream is reset (CANCEL).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http2_connection::{Counted, Shared};

pub(crate) struct Http2Tunnel {
    sender: SendStream<Bytes>,
    receiver: RecvStream,
    shared: Arc<Shared>,
    _counted: Counted,
    /// Of a DATA frame.
    unread: Bytes,
    /// Which of all that the connection was given is the last of ours.
    given: u64,
    has_ended: bool,
    empty_frames: usize,
    empty_frames_limit: usize,
}

impl Http2Tunnel {
    pub(crate) fn new(
        sender: SendStream<Bytes>,
        receiver: RecvStream,
        shared: Arc<Shared>,
        counted: Counted,
        empty_frames_limit: usize,
    ) -> Http2Tunnel {
        Http2Tunnel {
            sender,
            receiver,
            shared,
            _counted: counted,
            unread: Bytes::new(),
            given: 0,
            has_ended: false,
            empty_frames: 0,
            empty_frames_limit,
        }
    }

    /// What becomes of bytes that the stream does not take any more.
    fn poll_untaken(&mut self, count: usize, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        Poll::Ready(match self.sender.poll_reset(context) {
            // Who ended in peace and listens no more (RFC 9113, section 8.1) misses nothing.
            Poll::Ready(Ok(Reason::NO_ERROR)) => Ok(count),
            Poll::Ready(Ok(reason)) => Err(broken(reason.into())),
            Poll::Ready(Err(error)) => Err(broken(error)),
            Poll::Pending => Err(io::ErrorKind::BrokenPipe.into()),
        })
    }
}

impl AsyncRead for Http2Tunnel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.unread.is_empty() {
            match ready!(self.receiver.poll_data(context)) {
                Some(Ok(chunk)) if chunk.is_empty() => {
                    self.empty_frames += 1;
                    if self.empty_frames > self.empty_frames_limit {
                        return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "empty-frames")));
                    }
                }
                Some(Ok(chunk)) => {
                    self.empty_frames = 0;
                    self.unread = chunk;
                }
                Some(Err(error)) if error.is_reset() && error.reason() == Some(Reason::NO_ERROR) => {
                    return Poll::Ready(Ok(()));
                }
                Some(Err(error)) => return Poll::Ready(Err(broken(error))),
                None => return Poll::Ready(Ok(())),
            }
        }
        let count = self.unread.len().min(buffer.remaining());
        buffer.put_slice(&self.unread.split_to(count));
        // NB: it was given to us, so it can be given back.
        let _ = self.receiver.flow_control().release_capacity(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Http2Tunnel {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.sender.reserve_capacity(bytes.len());
        let room = match self.sender.capacity() {
            0 => match ready!(self.sender.poll_capacity(context)) {
                Some(Ok(room)) => room,
                _ => return self.poll_untaken(bytes.len(), context),
            },
            room => room,
        };
        let part = &bytes[..room.min(bytes.len())];
        if self.sender.send_data(Bytes::copy_from_slice(part), false).is_err() {
            return self.poll_untaken(bytes.len(), context);
        }
        self.given = self.shared.progress.given();
        Poll::Ready(Ok(part.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(self.shared.progress.poll_left(self.given, context)) {
            true => Poll::Ready(Ok(())),
            false => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !std::mem::replace(&mut self.has_ended, true) {
            // A stream that was reset has ended anyhow.
            let _ = self.sender.send_data(Bytes::new(), true);
        }
        Poll::Ready(Ok(()))
    }
}

fn broken(error: h2::Error) -> io::Error {
    match error.is_io() {
        true => error.into_io().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into()),
        false => io::Error::new(io::ErrorKind::ConnectionReset, error),
    }
}
