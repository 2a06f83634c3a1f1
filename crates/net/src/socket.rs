//! A socket: TCP, a Unix domain socket, or TLS over one (over one, where a proxy speaks TLS too), and what is noticed of its
//! traffic.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use sofetch_core::infrastructure::timing::Timestamp;
use sofetch_core::ports::Clock;

/// A transport, plain or encrypted.
pub(crate) enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
    Tls(Box<TlsStream<Socket>>),
}

macro_rules! each {
    ($self:ident, $socket:ident => $call:expr) => {
        match $self.get_mut() {
            Socket::Tcp(tcp) => {
                let $socket = Pin::new(tcp);
                $call
            }
            #[cfg(unix)]
            Socket::Unix(unix) => {
                let $socket = Pin::new(unix);
                $call
            }
            Socket::Tls(tls) => {
                let $socket = Pin::new(&mut **tls);
                $call
            }
        }
    };
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(self, socket => socket.poll_read(context, buffer))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(self, socket => socket.poll_write(context, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, socket => socket.poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(self, socket => socket.poll_shutdown(context))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(self, socket => socket.poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Socket::Tcp(tcp) => tcp.is_write_vectored(),
            #[cfg(unix)]
            Socket::Unix(unix) => unix.is_write_vectored(),
            Socket::Tls(tls) => tls.is_write_vectored(),
        }
    }
}

/// What is noticed of an exchange's traffic.
#[derive(Default)]
pub(crate) struct Traffic {
    read: AtomicU64,
    written: AtomicU64,
    first_read_at: AtomicU64,
}

impl Traffic {
    /// An exchange begins.
    pub(crate) fn begin(&self) {
        self.read.store(0, Ordering::Relaxed);
        self.written.store(0, Ordering::Relaxed);
        self.first_read_at.store(0, Ordering::Relaxed);
    }

    /// An interim response ended: the next byte is the first of another one.
    pub(crate) fn next_response(&self) {
        self.first_read_at.store(0, Ordering::Relaxed);
    }

    /// Has the peer said anything since the exchange began?
    pub(crate) fn has_read(&self) -> bool {
        self.read.load(Ordering::Relaxed) > 0
    }

    /// Was anything handed to the socket since the exchange began?
    pub(crate) fn has_written(&self) -> bool {
        self.written() > 0
    }

    /// How many bytes were handed to the socket since the exchange began, framing included.
    pub(crate) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// When the response's first byte came; `None` where it came along with the end of the one before.
    pub(crate) fn first_read_at(&self) -> Option<Timestamp> {
        Some(Timestamp(self.first_read_at.load(Ordering::Relaxed))).filter(|at| at.0 != 0)
    }
}

/// A socket whose traffic is noticed.
pub(crate) struct WatchedSocket {
    pub(crate) socket: Socket,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl WatchedSocket {
    fn wrote(&self, poll: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(count)) = poll {
            self.traffic.written.fetch_add(*count as u64, Ordering::Relaxed);
        }
    }
}

impl AsyncRead for WatchedSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.socket).poll_read(context, buffer);
        let count = buffer.filled().len() - before;
        if count > 0 {
            let traffic = &self.traffic;
            traffic.read.fetch_add(count as u64, Ordering::Relaxed);
            if traffic.first_read_at.load(Ordering::Relaxed) == 0 {
                traffic.first_read_at.store(self.clock.now().0, Ordering::Relaxed);
            }
        }
        poll
    }
}

impl AsyncWrite for WatchedSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.wrote(&poll);
        poll
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        self.wrote(&poll);
        poll
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}
