//! A response's body that script may never read: some of it is read all the same, as browsers do, so that a short one gives its connection
//! back, and script that looks at statuses alone is not kept from fetching by the connections that it would hold.
//!
//! NB: a longer body that nobody reads does not end, so its fetch has no entry among the resource timings. The Standard's has none for a
//! short one either, where browsers, which read on by themselves, have one: <https://github.com/whatwg/fetch/issues/1813>.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use sofetch::core::infrastructure::bodies::{Body, BodyError, ByteStream};
use tokio::task::AbortHandle;

use crate::ledger::Ledger;

/// How much is read before script asks, in bytes; a chunk more than that at most.
const LIMIT: usize = 64 * 1024;

/// Reads ahead: what is there already at once, and what comes later beside the script, in a task of this runtime.
pub(super) fn read_ahead(body: &mut Body, ledger: Arc<Ledger>) {
    // What came along with the head is script's without another trip.
    if body.read_ahead(LIMIT) {
        return;
    }
    let length = body.length;
    let unread = std::mem::replace(body, Body::from_bytes(Bytes::new()));
    let shared = Shared { body: unread, ahead: BytesMut::new(), ledger };
    let shared = Arc::new(Mutex::new(shared));
    let for_reader = shared.clone();
    let reader = tokio::spawn(async move { poll_fn(|context| lock(&for_reader).poll_ahead(context)).await });
    *body = Body::from_stream(ReadAhead { shared, reader: Some(reader.abort_handle()) });
    body.length = length;
}

/// Reads what no script can: as much as would be read ahead, whatever becomes of the response. NB: many fetch so and let go of it at
/// once; a short body gives its connection back all the same. An abort ends it.
pub(super) fn read_unseen(mut body: Body) {
    tokio::spawn(async move {
        let mut read = 0;
        while let Some(Ok(chunk)) = body.chunk().await {
            read += chunk.len();
            if read > LIMIT {
                return;
            }
        }
    });
}

struct Shared {
    body: Body,
    /// What was read of it, which the ledger knows.
    ahead: BytesMut,
    ledger: Arc<Ledger>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.ledger.remove(self.ahead.len());
    }
}

// NB: it is held for a look, and never while anybody waits.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn poll_ahead(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.ahead.len() < LIMIT {
            match self.body.poll_chunk(context) {
                Poll::Ready(Some(Ok(chunk))) => {
                    self.ledger.add(chunk.len());
                    self.ahead.extend_from_slice(&chunk);
                }
                // It says so again when it is asked again.
                Poll::Ready(Some(Err(_)) | None) => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }
}

/// The body for whoever reads it; until then the task does. Dropped, it lets go of the network.
struct ReadAhead {
    shared: Arc<Mutex<Shared>>,
    reader: Option<AbortHandle>,
}

impl ByteStream for ReadAhead {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        self.end_reader();
        let mut shared = lock(&self.shared);
        if !shared.ahead.is_empty() {
            let chunk = std::mem::take(&mut shared.ahead).freeze();
            shared.ledger.remove(chunk.len());
            return Poll::Ready(Some(Ok(chunk)));
        }
        shared.body.poll_chunk(context)
    }
}

impl ReadAhead {
    fn end_reader(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.abort();
        }
    }
}

impl Drop for ReadAhead {
    fn drop(&mut self) {
        self.end_reader();
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::*;

    /// As many bytes as are sent; `usize::MAX` breaks off.
    struct Sent(UnboundedReceiver<usize>);

    impl ByteStream for Sent {
        fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
            self.0.poll_recv(context).map(|sent| match sent? {
                usize::MAX => Some(Err(BodyError::new(std::io::Error::other("cut")))),
                length => Some(Ok(Bytes::from(vec![b'x'; length]))),
            })
        }
    }

    fn on_tokio<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
    }

    #[test]
    fn what_comes_later_is_read_and_nothing_is_lost() {
        for (row, early, late, expected) in [
            ("all at once", &[10, 20][..], &[][..], Some(30)),
            ("bit by bit", &[], &[10, 20, 30], Some(60)),
            ("more than is read ahead", &[10], &[60_000, 60_000, 60_000], Some(180_010)),
            ("one that breaks off", &[10], &[20, usize::MAX], None),
        ] {
            let read = on_tokio(async {
                let (sender, receiver) = unbounded_channel();
                early.iter().for_each(|&length| sender.send(length).expect("a reader"));
                let mut body = Body::from_stream(Sent(receiver));
                read_ahead(&mut body, Arc::default());
                for &length in late {
                    sender.send(length).expect("a reader");
                    tokio::task::yield_now().await;
                }
                drop(sender);
                body.read_all(None).await
            });
            assert_eq!(read.ok().map(|bytes| bytes.len()), expected, "{row}");
        }
    }

    #[test]
    fn what_nobody_can_read_ends_and_is_let_go_of() {
        on_tokio(async {
            for lengths in [[60_000, 60_000], [10, usize::MAX]] {
                let (sender, receiver) = unbounded_channel();
                read_unseen(Body::from_stream(Sent(receiver)));
                lengths.iter().for_each(|&length| sender.send(length).expect("a reader"));
                sender.closed().await;
            }
        });
    }

    #[test]
    fn whom_nobody_reads_lets_go_of_the_network() {
        on_tokio(async {
            // At its end, by itself.
            let (sender, receiver) = unbounded_channel();
            let mut body = Body::from_stream(Sent(receiver));
            read_ahead(&mut body, Arc::default());
            sender.send(10).expect("a reader");
            sender.send(usize::MAX).expect("a reader");
            sender.closed().await;
            // With whoever held it.
            let (sender, receiver) = unbounded_channel();
            let mut endless = Body::from_stream(Sent(receiver));
            read_ahead(&mut endless, Arc::default());
            sender.send(10).expect("a reader");
            drop(endless);
            sender.closed().await;
            drop(body);
        });
    }
}
