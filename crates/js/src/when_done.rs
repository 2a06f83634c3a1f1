//! [`when_done`]: steps of ours, in a task, once something beside the scripts is done. What scripts wait for themselves is a promise's.

use std::future::Future;

use rquickjs::{Ctx, Result};

use crate::event_loop::TaskQueue;
use crate::host::Host;

/// Runs `future` beside the scripts; in a task, `then` is given what it came to, and nothing where it was dropped with its runtime.
/// The loop lives until then.
pub(crate) fn when_done<T: Send + 'static>(
    ctx: &Ctx<'_>,
    future: impl Future<Output = T> + Send + 'static,
    then: impl for<'js> FnOnce(&Ctx<'js>, Option<T>) -> Result<()> + Send + 'static,
) {
    let host = Host::of(ctx);
    host.under_way.set(host.under_way.get() + 1);
    let task = move |ctx: &Ctx<'_>, done| {
        let host = Host::of(ctx);
        host.under_way.set(host.under_way.get() - 1);
        then(ctx, done)
    };
    let mut ending = Ending { queue: host.queue.clone(), task: Some(task), done: None };
    host.io.spawn(async move {
        ending.has(future.await);
    });
}

/// Queues the task of [`when_done`].
struct Ending<T: Send + 'static, F: for<'js> FnOnce(&Ctx<'js>, Option<T>) -> Result<()> + Send + 'static> {
    queue: TaskQueue,
    task: Option<F>,
    done: Option<T>,
}

impl<T: Send + 'static, F: for<'js> FnOnce(&Ctx<'js>, Option<T>) -> Result<()> + Send + 'static>
    Ending<T, F>
{
    fn has(&mut self, done: T) {
        self.done = Some(done);
    }
}

impl<T: Send + 'static, F: for<'js> FnOnce(&Ctx<'js>, Option<T>) -> Result<()> + Send + 'static> Drop
    for Ending<T, F>
{
    fn drop(&mut self) {
        let done = self.done.take();
        if let Some(task) = self.task.take() {
            self.queue.queue(move |ctx| task(ctx, done));
        }
    }
}
