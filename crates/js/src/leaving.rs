//! The end of a page: what its scripts deferred is sent, and they do nothing more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use sofetch::engine::UnderWay;

use crate::runtime::{Ending, Runtime};

impl Runtime {
    /// Leaves the page, as who closes a tab: fetches end, but those that are kept alive, timers and workers end, and what `fetchLater()` keeps is sent. It
    /// waits until that has its answers, for so long at most, and for reports of what the page's policies refused of it; a time limit and an
    /// [`Interrupt`](crate::Interrupt) end the waiting, too. What is under way then has up to a second more when the runtime is dropped.
    ///
    /// Scripts whose loop had come to its end hear nothing of all this, and no loop runs after it. Who drops a runtime that was not closed
    /// has what waits sent within that second. What ended the waiting, if not all had its answer or the patience was over, is said.
    pub fn close(&mut self, patience: Option<Duration>) -> Ending {
        if self.host.left.replace(true) {
            return self.ending();
        }
        self.host.timers.take();
        self.end_workers();
        self.begin_all();
        let under_way = self.host.agent.leave(self.host.page.as_ref());
        if !under_way.is_empty() {
            self.wait_for(under_way, patience);
        }
        // No further task is run.
        self.host.closing.set(true);
        self.ending()
    }

    /// Is anything under way that has something to say at the end, such as an open WebSocket its goodbye? It does so, within a second, when the
    /// runtime is dropped; who ends the process instead leaves it unsaid.
    pub fn has_last_words(&self) -> bool {
        self.host.last_words.receiver_count() > 0
    }

    /// What scripts began has joined its fetch group when this returns: the other thread takes its turns in their order.
    fn begin_all(&self) {
        let (begun, all) = channel();
        self.host.io.spawn(async move { begun.send(()) });
        // A thread that has ended begins nothing.
        let _ = all.recv();
    }

    fn wait_for(&mut self, under_way: UnderWay, patience: Option<Duration>) {
        let before = self.host.under_way.get();
        self.host.under_way.set(before + 1);
        let (answered, given_up) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        // NB: what it has to report is queued before that.
        let (queue, told, word) =
            (self.host.queue.clone(), answered.clone(), self.host.last_words.subscribe());
        self.host.io.spawn(async move {
            under_way.done().await;
            drop(word);
            queue.queue(move |_| {
                told.store(true, Ordering::Relaxed);
                Ok(())
            });
        });
        if let Some(patience) = patience {
            let (queue, told) = (self.host.queue.clone(), given_up.clone());
            self.host.io.spawn(async move {
                tokio::time::sleep(patience).await;
                told.store(true, Ordering::Relaxed);
                // A loop that waits looks again when there is a task.
                queue.queue(|_| Ok(()));
            });
        }
        let host = self.host.clone();
        let is_done = || {
            answered.load(Ordering::Relaxed) && host.queue.is_empty() && host.under_way.get() <= before + 1
        };
        while !is_done() && !given_up.load(Ordering::Relaxed) && !self.host.is_over() && self.turn() {}
        self.host.under_way.set(self.host.under_way.get() - 1);
    }

    /// Sends what waits where the page was not left before.
    pub(crate) fn send_deferred(&self) {
        if self.host.left.replace(true) || self.host.worker.is_some() {
            return;
        }
        let under_way = self.host.agent.send_deferred(self.host.page.as_ref());
        if !under_way.is_empty() {
            let word = self.host.last_words.subscribe();
            self.host.io.spawn(async move {
                under_way.done().await;
                drop(word);
            });
        }
    }
}
