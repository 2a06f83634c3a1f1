//! Ctrl-C while scripts run. While a person types it is a key like any other, and the line editor's.
//!
//! An interrupt is of the entry that was typed last, whether it is being read, about to begin or running: [`Interrupts`] knows which. So
//! none is lost on the way, and none is left to the next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sofetch_js::{Entered, Entry, Runtime, Waker};

use crate::ending::Failure;
use crate::repl::scripts::Scripts;

/// What is to become of an interrupt. Clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Interrupts(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Is what was typed neither read nor run to its end?
    is_pending: bool,
    /// Was that interrupted?
    is_interrupted: bool,
    /// What ends the entry that runs.
    running: Option<Waker>,
}

impl Interrupts {
    /// Something was typed: from here on interrupts are its own, until it is done.
    pub(crate) fn typed(&self) {
        let mut state = self.lock();
        state.is_interrupted &= state.is_pending;
        state.is_pending = true;
    }

    /// Nothing of it is left to do. Was it interrupted?
    pub(crate) fn done(&self) -> bool {
        let mut state = self.lock();
        state.is_pending = false;
        std::mem::take(&mut state.is_interrupted)
    }

    /// Ends what was typed, if there is anything. Does that not run yet? Then what it waits for is to end, too.
    #[must_use]
    pub(crate) fn interrupt(&self) -> bool {
        let mut state = self.lock();
        state.is_interrupted |= state.is_pending;
        match &state.running {
            Some(waker) => {
                waker.interrupt();
                false
            }
            None => state.is_pending,
        }
    }

    /// Runs an entry, if nobody has interrupted it already.
    pub(crate) fn enter(&self, runtime: &mut Runtime, entry: &Entry) -> Entered {
        {
            let mut state = self.lock();
            if state.is_interrupted {
                return Entered::Interrupted;
            }
            // NB: under the lock, so that what is forgotten is of those before.
            runtime.resume();
            state.running = Some(runtime.waker());
        }
        let entered = runtime.enter(entry);
        self.lock().running = None;
        entered
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(unix)]
fn signals() -> std::io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
}

#[cfg(windows)]
fn signals() -> std::io::Result<tokio::signal::windows::CtrlC> {
    tokio::signal::windows::ctrl_c()
}

/// Listens, from now on: what came before ends the process.
pub(crate) fn listen(scripts: &Scripts) -> Result<(), Failure> {
    let scripts = scripts.clone();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Start)?;
    let mut signals = {
        let _entered = runtime.enter();
        signals().map_err(Failure::Start)?
    };
    let listening = move || {
        runtime.block_on(async {
            while signals.recv().await.is_some() {
                if scripts.interrupts.interrupt() {
                    scripts.interrupt_what_runs();
                }
            }
        });
    };
    std::thread::Builder::new().name("interrupts".to_owned()).spawn(listening).map_err(Failure::Start)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sofetch_js::{EntryReader, Read};

    use super::*;

    fn entry(reader: &mut EntryReader, text: &str) -> Entry {
        match reader.read(text) {
            Read::Entry(entry) => entry,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn an_interrupt_is_of_what_was_typed_last() {
        let interrupts = Interrupts::default();
        let mut runtime = Runtime::builder().build().expect("a runtime");
        let mut reader = EntryReader::new().expect("memory");
        let two = entry(&mut reader, "1 + 1");
        let value = || Entered::Value("2".to_owned());
        // Before anything is typed it is nobody's.
        assert!(!interrupts.interrupt());
        interrupts.typed();
        assert_eq!(interrupts.enter(&mut runtime, &two), value());
        interrupts.done();
        // Between the typing and the running, however many entries that becomes.
        interrupts.typed();
        assert!(interrupts.interrupt());
        interrupts.typed();
        assert_eq!(interrupts.enter(&mut runtime, &two), Entered::Interrupted);
        assert_eq!(interrupts.enter(&mut runtime, &two), Entered::Interrupted);
        assert!(interrupts.done() && !interrupts.done());
        // Behind it.
        assert!(!interrupts.interrupt());
        interrupts.typed();
        assert_eq!(interrupts.enter(&mut runtime, &two), value());
        assert!(interrupts.interrupt() && interrupts.done());
        interrupts.typed();
        assert_eq!(interrupts.enter(&mut runtime, &two), value());
        // While it runs: what is late for it does not end the next.
        let late = runtime.waker();
        interrupts.typed();
        assert_eq!(interrupts.enter(&mut runtime, &two), value());
        late.interrupt();
        assert_eq!(interrupts.enter(&mut runtime, &two), value());
        assert!(!interrupts.done());
    }

    #[test]
    fn what_runs_ends() {
        let interrupts = Interrupts::default();
        let mut runtime = Runtime::builder().build().expect("a runtime");
        let mut reader = EntryReader::new().expect("memory");
        let endless = entry(&mut reader, "for (;;) {}");
        interrupts.typed();
        let other = interrupts.clone();
        // Whenever it comes: it ends the entry, begun or not.
        let interrupting = std::thread::spawn(move || {
            let _ = other.interrupt();
        });
        assert_eq!(interrupts.enter(&mut runtime, &endless), Entered::Interrupted);
        interrupting.join().expect("a thread");
        assert!(interrupts.done());
    }
}
