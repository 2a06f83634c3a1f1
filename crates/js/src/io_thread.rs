//! [`IoThread`]: a tokio runtime on a thread that runs no script, so that sockets are served while a script computes.

use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Ends with what it serves.
pub(crate) struct IoThread {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl IoThread {
    pub(crate) fn start() -> io::Result<IoThread> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name("sofetch-io".to_owned()).spawn(move || {
            // Either way the time has come.
            let _ = runtime.block_on(stopped);
            // A look-up that was given up goes on in the system: nobody waits for it.
            runtime.shutdown_background();
        })?;
        Ok(IoThread { handle, stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
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
