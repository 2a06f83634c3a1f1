//! A [Unix domain socket](https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/sys_un.h.html) in the place of addresses: another transport below the same TLS and HTTP.
//!
//! Only the owner of the agent names it; no URL can.

use std::path::Path;
use std::sync::Arc;

use sofetch_core::trace::{Event, Trace, WireEvent};
use sofetch_core::wire_faults::WireFault;

use crate::socket::Socket;

/// A transport to who listens at this path. Only for tasks of the IO runtime.
pub(crate) async fn connect(path: &Path, trace: &Trace) -> Result<Socket, WireFault> {
    let shown = || path.to_string_lossy().into_owned();
    trace.emit(|| Event::Wire(WireEvent::ConnectingToUnixSocket { path: shown() }));
    match open(path).await {
        Ok(socket) => {
            trace.emit(|| Event::Wire(WireEvent::ConnectedToUnixSocket { path: shown() }));
            Ok(socket)
        }
        Err(error) => Err(WireFault::UnixSocket { path: shown(), cause: Arc::new(error) }),
    }
}

#[cfg(unix)]
async fn open(path: &Path) -> std::io::Result<Socket> {
    tokio::net::UnixStream::connect(path).await.map(Socket::Unix)
}

/// NB: a configuration with such a socket is refused there; nobody comes here.
#[cfg(not(unix))]
async fn open(_: &Path) -> std::io::Result<Socket> {
    Err(std::io::ErrorKind::Unsupported.into())
}
