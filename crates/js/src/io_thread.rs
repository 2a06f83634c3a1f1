//! [`IoThread`]: a tokio runtime on a thread that runs no script, so that sockets are served while a script computes.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::{oneshot, watch};

/// So long the last words may take that connections say when the runtime ends.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Ends with what it serves.
pub(crate) struct IoThread {
    handle: Handle,
    last_words: Arc<watch::Sender<bool>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl IoThread {
    pub(crate) fn start() -> io::Result<IoThread> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let last_words = Arc::new(watch::Sender::new(false));
        let watched = last_words.clone();
        let thread = thread::Builder::new().name("sofetch-io".to_owned()).spawn(move || {
            runtime.block_on(async {
                // Either way the time has come.
                let _ = stopped.await;
                watched.send_replace(true);
                // Who watches has something to say yet. Whoever does not get it said in time is cut short.
                let _ = tokio::time::timeout(LAST_WORDS, watched.closed()).await;
            });
            // A look-up that was given up goes on in the system: nobody waits for it.
            runtime.shutdown_background();
        })?;
        Ok(IoThread { handle, last_words, stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// When the runtime ends, it waits a little for who has a receiver of this then.
    pub(crate) fn last_words(&self) -> Arc<watch::Sender<bool>> {
        self.last_words.clone()
    }
}

impl Drop for IoThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It has nothing to tell.
            let _ = thread.join();
        }
    }
}
