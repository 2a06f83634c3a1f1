//! The IO runtime of a network: sockets live in it, timers ring in it, and its end is noticed.
//!
//! A fetch may be polled anywhere, by another runtime or by none; the socket it waits for belongs here. A guard task
//! tells when the runtime is gone, so that nobody waits for a socket which nobody polls.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::Instant;

use sofetch_core::ports::{BoxFuture, Tasks, Timers};
use sofetch_core::wire_faults::{Phase, WireFault};

/// A runtime, and whether it still is.
pub(crate) struct IoRuntime {
    handle: Handle,
    gone: Arc<AtomicBool>,
    guard: AbortHandle,
}

struct Guard(Arc<AtomicBool>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl IoRuntime {
    pub(crate) fn new(handle: Handle) -> Arc<IoRuntime> {
        let gone = Arc::new(AtomicBool::new(false));
        let guard = Guard(gone.clone());
        // A runtime drops its tasks before its drivers: the guard falls before the first socket or timer fails.
        let task = handle.spawn(async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        });
        Arc::new(IoRuntime { handle, gone, guard: task.abort_handle() })
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.handle.spawn(task)
    }
}

impl Drop for IoRuntime {
    fn drop(&mut self) {
        self.guard.abort();
    }
}

/// A time-out that rings once. A task of the runtime sleeps for it: a `Sleep` that outlives its runtime panics.
pub(crate) struct Alarm {
    task: JoinHandle<()>,
    phase: Phase,
    after: Duration,
}

impl Alarm {
    pub(crate) fn new(runtime: &IoRuntime, phase: Phase, after: Duration) -> Alarm {
        Alarm { task: runtime.spawn(async move { tokio::time::sleep(after).await }), phase, after }
    }

    /// Ready with the fault when the time is over, or the runtime is.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<WireFault> {
        match Pin::new(&mut self.task).poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) => Poll::Ready(WireFault::TimedOut { phase: self.phase, after: self.after }),
            Poll::Ready(Err(_)) => Poll::Ready(WireFault::RuntimeGone),
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A time-out between two events. It is armed only while somebody waits, and re-armed only when it rings.
pub(crate) struct IdleAlarm {
    after: Duration,
    phase: Phase,
    waiting_since: Option<Instant>,
    alarm: Option<Alarm>,
}

impl IdleAlarm {
    pub(crate) fn new(phase: Phase, after: Duration) -> IdleAlarm {
        IdleAlarm { after, phase, waiting_since: None, alarm: None }
    }

    /// Something happened: the wait begins anew.
    pub(crate) fn progressed(&mut self) {
        self.waiting_since = None;
    }

    /// Nothing happened: ready once that lasted too long.
    pub(crate) fn poll(&mut self, runtime: &IoRuntime, context: &mut Context<'_>) -> Poll<WireFault> {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        loop {
            let left = self.after.saturating_sub(since.elapsed());
            let alarm = self.alarm.get_or_insert_with(|| Alarm::new(runtime, self.phase, left));
            match alarm.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(WireFault::TimedOut { phase, .. }) if since.elapsed() >= self.after => {
                    return Poll::Ready(WireFault::TimedOut { phase, after: self.after });
                }
                // It was armed for an earlier wait.
                Poll::Ready(WireFault::TimedOut { .. }) => self.alarm = None,
                Poll::Ready(fault) => return Poll::Ready(fault),
            }
        }
    }
}

/// [`Timers`] on a tokio runtime. Should the runtime go, what waits is woken at once rather than never.
#[derive(Clone, Debug)]
pub struct TokioTimers(Handle);

impl TokioTimers {
    /// On this runtime; its time driver must be enabled.
    pub fn new(handle: Handle) -> TokioTimers {
        TokioTimers(handle)
    }
}

impl Timers for TokioTimers {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut sleep = Abandoned(self.0.spawn(async move { tokio::time::sleep(duration).await }));
        Box::pin(async move {
            // An error is the runtime's end: it says no more than that nobody will ring.
            let _ = (&mut sleep.0).await;
        })
    }
}

struct Abandoned(JoinHandle<()>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// [`Tasks`] on a tokio runtime.
#[derive(Clone, Debug)]
pub struct TokioTasks(Handle);

impl TokioTasks {
    /// On this runtime.
    pub fn new(handle: Handle) -> TokioTasks {
        TokioTasks(handle)
    }
}

impl Tasks for TokioTasks {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        drop(self.0.spawn(task));
    }
}
