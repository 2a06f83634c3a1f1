//! The thread that runs the scripts of a prompt, and what is asked of it.

use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sofetch::Url;
use sofetch_inspect::LastFetches;
use sofetch_js::{Completions, Entered, Entry, ModuleFolders, Runtime, Waker};

use crate::args::ReplArgs;
use crate::ending::Failure;
use crate::making::agent_builder;
use crate::options::{NetworkOptions, UsageError, targets};
use crate::output::Streams;
use crate::realm::{Realm, base_url};
use crate::repl::interrupts::Interrupts;
use crate::repl::lines::{Lines, PromptLines};
use crate::script_lines::ScriptLines;
use crate::words::repl as words;

/// Who completes a name looks for the answer so often, at most.
const LOOK: Duration = Duration::from_millis(20);
/// So many looks that find a task running, and there are no names: whoever presses a key wants something to happen.
const BUSY_LOOKS: u32 = 6;
/// So many looks altogether: a slow machine is not a busy script.
const MOST_LOOKS: u32 = 250;

/// How long a person who leaves waits at most for what scripts fetch then.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Whose scripts they are.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// Nobody's but the user's.
    Owner,
    /// A file's page, whose origin is opaque.
    File(Option<Url>),
    /// The page's with this URL.
    Page(Url),
}

impl Place {
    /// What the options say.
    pub(crate) fn of(args: &ReplArgs, streams: &Streams) -> Result<Place, UsageError> {
        let realm = Realm::of(&args.realm)?;
        let place = match (&args.origin, &realm.base_url) {
            _ if args.realm.no_page => Place::Owner,
            (Some(origin), _) => Place::of_origin(origin)?,
            (None, Some(url)) => Place::of_url(url.clone()),
            (None, None) => Place::File(None),
        };
        // What is said in vain is told once.
        realm.tell(place.url(), streams);
        Ok(place)
    }

    /// What `.origin` says: an origin as `--origin` takes it, or a page's URL as `--base-url` does.
    pub(crate) fn said(said: &str) -> Result<Place, UsageError> {
        Place::of_origin(said).or_else(|_| base_url(said).map(Place::of_url))
    }

    fn of_origin(said: &str) -> Result<Place, UsageError> {
        let option = targets::origin(said)?;
        Ok(if option.opaque { Place::File(None) } else { Place::Page(option.url) })
    }

    fn of_url(url: Url) -> Place {
        if url.scheme() == "file" { Place::File(Some(url)) } else { Place::Page(url) }
    }

    /// The page's URL.
    pub(crate) fn url(&self) -> Option<&Url> {
        match self {
            Place::Owner => None,
            Place::File(url) => url.as_ref(),
            Place::Page(url) => Some(url),
        }
    }

    /// Who fetches.
    pub(crate) fn words(&self) -> String {
        match self {
            Place::Owner => words::OWNER.to_owned(),
            Place::File(_) => words::FILE.to_owned(),
            Place::Page(url) => words::page(url),
        }
    }
}

/// What is asked, and where the answer goes.
enum Ask {
    Enter(Entry, Sender<(Entered, Option<Failure>)>),
    Complete(String, Sender<Completions>),
    /// A new global, of this place.
    Renew(Place, Sender<Result<(), Failure>>),
    /// Whatever is under way is to come to its end: did anything throw that nobody caught?
    Finish(Sender<(bool, Option<Failure>)>),
    /// Nobody asks any more.
    End,
}

/// What ends what runs; `None` while there is no global.
type Controls = Arc<Mutex<Option<Waker>>>;

/// Who asks the thread.
#[derive(Clone)]
pub(crate) struct Scripts {
    asks: Sender<Ask>,
    controls: Controls,
    pub(crate) interrupts: Interrupts,
}

/// The thread that answers.
pub(crate) struct Serving {
    asks: Receiver<Ask>,
    controls: Controls,
    interrupts: Interrupts,
}

/// Both sides.
pub(crate) fn pair() -> (Scripts, Serving) {
    let (asks, asked) = channel();
    let (controls, interrupts) = (Controls::default(), Interrupts::default());
    let scripts = Scripts { asks, controls: controls.clone(), interrupts: interrupts.clone() };
    (scripts, Serving { asks: asked, controls, interrupts })
}

impl Scripts {
    /// Runs an entry.
    pub(crate) fn enter(&self, entry: Entry) -> Result<Entered, Failure> {
        match self.ask(|answer| Ask::Enter(entry, answer))? {
            (_, Some(failure)) => Err(failure),
            (entered, None) => Ok(entered),
        }
    }

    /// The names that may stand at the end of a text; none where scripts run on and on.
    pub(crate) fn complete(&self, text: &str) -> Completions {
        let (answer, answered) = channel();
        self.send(Ask::Complete(text.to_owned(), answer));
        let is_busy = || {
            let controls = self.controls.lock().unwrap_or_else(PoisonError::into_inner);
            controls.as_ref().is_some_and(Waker::is_busy)
        };
        unless_busy(|| answered.recv_timeout(LOOK), is_busy).unwrap_or_default()
    }

    /// Makes a new global; the one before is gone with all that it had under way.
    pub(crate) fn renew(&self, place: Place) -> Result<(), Failure> {
        self.interrupt_what_runs();
        self.ask(|answer| Ask::Renew(place, answer))?
    }

    /// Waits for what is under way: did anything throw that nobody caught?
    pub(crate) fn finish(&self) -> Result<bool, Failure> {
        match self.ask(Ask::Finish)? {
            (_, Some(failure)) => Err(failure),
            (failed, None) => Ok(failed),
        }
    }

    /// Lets the thread end, whatever runs.
    pub(crate) fn end(&self) {
        self.send(Ask::End);
        self.interrupt_what_runs();
    }

    /// Ends what runs between entries: was there anything?
    pub(crate) fn interrupt_what_runs(&self) -> bool {
        let controls = self.controls.lock().unwrap_or_else(PoisonError::into_inner);
        controls.as_ref().is_some_and(Waker::interrupt_what_runs)
    }

    fn ask<T>(&self, ask: impl FnOnce(Sender<T>) -> Ask) -> Result<T, Failure> {
        let (answer, answered) = channel();
        self.send(ask(answer));
        // Its panic is told where the thread is joined.
        answered.recv().map_err(|_| Failure::Start(io::ErrorKind::BrokenPipe.into()))
    }

    fn send(&self, ask: Ask) {
        // Who waits for the answer learns that nobody is there.
        let _ = self.asks.send(ask);
        if let Some(waker) = &*self.controls.lock().unwrap_or_else(PoisonError::into_inner) {
            waker.wake();
        }
    }
}

/// An answer of the scripts' thread, if nothing keeps that from answering.
fn unless_busy<T>(
    mut look: impl FnMut() -> Result<T, RecvTimeoutError>,
    is_busy: impl Fn() -> bool,
) -> Option<T> {
    let mut busy = 0;
    for _ in 0..MOST_LOOKS {
        match look() {
            Ok(answer) => return Some(answer),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => busy += u32::from(is_busy()),
        }
        if busy == BUSY_LOOKS {
            return None;
        }
    }
    None
}

/// A global, and where its scripts print.
struct Running {
    runtime: Runtime,
    waker: Waker,
    lines: Rc<PromptLines>,
    is_files: bool,
}

impl Serving {
    /// Answers until nobody asks.
    pub(crate) fn serve(self, args: &ReplArgs, fetches: &Arc<LastFetches>, above: Option<Arc<Lines>>) {
        let mut running: Option<Running> = None;
        loop {
            let ask = match &mut running {
                None => self.asks.recv().unwrap_or(Ask::End),
                Some(Running { runtime, waker, .. }) => match self.asks.try_recv() {
                    Ok(ask) => ask,
                    Err(TryRecvError::Empty) => {
                        runtime.run_until_woken(waker);
                        continue;
                    }
                    Err(TryRecvError::Disconnected) => Ask::End,
                },
            };
            match (ask, &mut running) {
                (Ask::End, _) => break,
                (Ask::Renew(place, answer), running) => {
                    *running = None;
                    let made = make(args, &place, fetches, above.clone()).map(|made| {
                        let waker = made.waker.clone();
                        *self.controls.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker);
                        *running = Some(made);
                    });
                    let _ = answer.send(made);
                }
                (Ask::Enter(entry, answer), Some(running)) => {
                    let entered = running.enter(&entry, &self.interrupts);
                    let _ = answer.send((entered, running.lines.failure()));
                }
                (Ask::Complete(text, answer), Some(running)) => {
                    let _ = answer.send(running.runtime.complete(&text));
                }
                (Ask::Finish(answer), Some(running)) => {
                    running.runtime.run_until_idle();
                    running.runtime.close(None);
                    let _ = answer.send((running.runtime.has_failed(), running.lines.failure()));
                }
                // There is nobody to ask: who asked learns it by the answer that never comes.
                (_, None) => {}
            }
        }
        if let Some(Running { runtime, .. }) = &mut running {
            runtime.close(Some(LAST_WORDS));
        }
        // All memory goes with the process.
        std::mem::forget(running);
    }
}

impl Running {
    fn enter(&mut self, entry: &Entry, interrupts: &Interrupts) -> Entered {
        // What an entry imports is relative to the folder that it is typed in.
        if self.is_files
            && let Ok(url) = ModuleFolders::url_of(Path::new(entry.name()))
        {
            self.runtime.locate(entry.name(), url);
        }
        interrupts.enter(&mut self.runtime, entry)
    }
}

fn make(
    args: &ReplArgs,
    place: &Place,
    fetches: &Arc<LastFetches>,
    above: Option<Arc<Lines>>,
) -> Result<Running, Failure> {
    let mut realm = Realm::of(&args.realm)?;
    realm.base_url = match place {
        // On the user's own behalf, too, a URL is what relative ones are relative to.
        Place::Owner => realm.base_url,
        _ => place.url().cloned(),
    };
    let agent = agent_builder(NetworkOptions::of(&args.network)?).observer(fetches.clone());
    let mut builder = realm.builder(&args.realm, agent);
    let is_files = realm.is_files();
    if is_files {
        let here =
            ModuleFolders::folder_of(Path::new("entry")).and_then(|folder| ModuleFolders::new([folder]));
        builder = builder.module_loader(here.map_err(Failure::Start)?);
    }
    let lines = Rc::new(match above {
        Some(lines) => PromptLines::Above(lines),
        None => PromptLines::Streams(ScriptLines::default()),
    });
    let mut runtime = builder.printer(lines.clone()).build().map_err(Failure::Script)?;
    lines.ends(runtime.interrupt_handle());
    realm.add_import_maps(&mut runtime)?;
    let waker = runtime.waker();
    Ok(Running { runtime, waker, lines, is_files })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn nobody_waits_for_names_behind_a_busy_task() {
        let looks = Cell::new(0);
        let answer_at = |when: u32| {
            looks.set(0);
            let looks = &looks;
            move || {
                looks.set(looks.get() + 1);
                if looks.get() == when { Ok(when) } else { Err(RecvTimeoutError::Timeout) }
            }
        };
        assert_eq!(unless_busy(answer_at(100), || true), None);
        assert_eq!(looks.get(), BUSY_LOOKS);
        assert_eq!(unless_busy(answer_at(2), || true), Some(2));
        assert_eq!(unless_busy(answer_at(100), || false), Some(100));
        assert_eq!(unless_busy(answer_at(u32::MAX), || false), None);
        assert_eq!(unless_busy(|| Err::<u8, _>(RecvTimeoutError::Disconnected), || false), None);
    }
}
