//! The same face without `async`: each call waits on this thread. Never call it from a runtime's own thread.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::Thread;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use sofetch_core::infrastructure::blobs::Blob;
use sofetch_core::infrastructure::form_data::FormData;

use crate::agent::UserAgent;
use crate::body::BodyStream;
use crate::error::Error;
use crate::request::Request;
use crate::response::Response;

/// As [`sofetch::fetch`](crate::fetch()).
///
/// # Errors
/// See [`ErrorKind`](crate::ErrorKind).
pub fn fetch(input: impl Into<Request>) -> Result<Blocking, Error> {
    wait(UserAgent::shared().fetch(input)).map(Blocking)
}

/// Waits for any future of this crate. Its sockets belong to a runtime on another thread: [`UserAgent::shared`]'s, or that
/// of an agent built with [`own_runtime`](crate::UserAgentBuilder::own_runtime).
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// A [`Response`] whose body is read by waiting.
#[derive(Debug)]
pub struct Blocking(pub Response);

impl Blocking {
    /// See [`Response::bytes`].
    ///
    /// # Errors
    /// As there.
    pub fn bytes(&mut self) -> Result<Bytes, Error> {
        wait(self.0.bytes())
    }

    /// See [`Response::text`].
    ///
    /// # Errors
    /// As there.
    pub fn text(&mut self) -> Result<String, Error> {
        wait(self.0.text())
    }

    /// See [`Response::json`].
    ///
    /// # Errors
    /// As there.
    pub fn json<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
        wait(self.0.json())
    }
}

impl Blocking {
    /// See [`Response::blob`].
    ///
    /// # Errors
    /// As there.
    pub fn blob(&mut self) -> Result<Blob, Error> {
        wait(self.0.blob())
    }

    /// See [`Response::form_data`].
    ///
    /// # Errors
    /// As there.
    pub fn form_data(&mut self) -> Result<FormData, Error> {
        wait(self.0.form_data())
    }

    /// See [`Response::body`]: the body, to be read as it comes.
    ///
    /// # Errors
    /// The body was used.
    pub fn reader(&mut self) -> Result<Reader, Error> {
        Ok(Reader { stream: self.0.body()?, chunk: Bytes::new() })
    }
}

/// A body that is read by waiting. A failure comes as an [`std::io::Error`] whose source is the [`Error`].
#[derive(Debug)]
pub struct Reader {
    stream: BodyStream,
    chunk: Bytes,
}

impl std::io::Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.chunk.is_empty() {
            let next = wait(self.stream.chunk()).map_err(std::io::Error::other)?;
            self.chunk = next.unwrap_or_default();
        }
        let length = self.chunk.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.chunk.split_to(length));
        Ok(length)
    }
}

impl std::ops::Deref for Blocking {
    type Target = Response;
    fn deref(&self) -> &Response {
        &self.0
    }
}
