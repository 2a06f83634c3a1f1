//! [`Lines`]: what workers print, on its way to the thread that has the printer.
//!
//! Lines of all workers in the order in which they were printed. A worker that prints faster than they are taken waits for room.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Cluster;
use super::stop::Stop;
use crate::event_loop::TaskQueue;
use crate::host::{Host, call_program};
use crate::printing::Printer;

/// So many bytes may wait.
const ROOM: usize = 1 << 20;

/// A line takes so many more, about.
const BYTES_A_LINE: usize = 64;

/// How long whoever waits for room goes without a look at whether it is to end.
const PATIENCE: Duration = Duration::from_millis(10);

/// Those that nobody has printed yet.
pub(crate) struct Lines {
    waiting: Mutex<Waiting>,
    room: Condvar,
    /// Who prints them.
    outermost: TaskQueue,
}

#[derive(Default)]
struct Waiting {
    lines: VecDeque<(bool, String)>,
    bytes: usize,
}

impl Lines {
    pub(crate) fn new(outermost: TaskQueue) -> Lines {
        Lines { waiting: Mutex::default(), room: Condvar::new(), outermost }
    }

    fn add(&self, is_error: bool, line: &str, stop: &Stop) {
        let bytes = line.len() + BYTES_A_LINE;
        let mut waiting = self.lock();
        while waiting.bytes > 0 && waiting.bytes + bytes > ROOM {
            if stop.is_over() {
                return;
            }
            waiting = self.room.wait_timeout(waiting, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
        waiting.bytes += bytes;
        waiting.lines.push_back((is_error, line.to_owned()));
        drop(waiting);
        self.outermost.queue(|ctx| call_program(ctx, || Host::of(ctx).print_lines()));
    }

    /// Prints what waits.
    pub(crate) fn print(&self, printer: &dyn Printer) {
        loop {
            let mut waiting = self.lock();
            let Some((is_error, line)) = waiting.lines.pop_front() else { return };
            waiting.bytes -= line.len() + BYTES_A_LINE;
            drop(waiting);
            self.room.notify_all();
            match is_error {
                true => printer.error(&line),
                false => printer.out(&line),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A worker's printer.
pub(crate) struct WorkerPrinter {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) stop: Arc<Stop>,
}

impl Printer for WorkerPrinter {
    fn out(&self, line: &str) {
        self.cluster.lines.add(false, line, &self.stop);
    }

    fn error(&self, line: &str) {
        self.cluster.lines.add(true, line, &self.stop);
    }
}
