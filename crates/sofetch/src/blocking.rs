//! The same face without `async`: each call waits on this thread. Never call it from a runtime's own thread.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::Thread;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::agent::UserAgent;
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

impl std::ops::Deref for Blocking {
    type Target = Response;
    fn deref(&self) -> &Response {
        &self.0
    }
}
