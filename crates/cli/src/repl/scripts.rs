//! The thread that runs the scripts of a prompt, and what is asked of it.

use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sofetch::Url;
use sofetch_inspect::LastFetches;
use sofetch_js::{Completions, Entered, Entry, ModuleFolders, Runtime, Waker};

use crate::args::ReplArgs;
use crate::ending::Failure;
use crate::making::agent_builder;
use crate::options::{NetworkOptions, UsageError, targets};
use crate::output::{Quiet, Streams};
use crate::realm::{Realm, base_url};
use crate::repl::lines::{Lines, PromptLines};
use crate::script_lines::ScriptLines;
use crate::words::repl as words;

/// How long a person who completes a name waits for scripts that run.
const PATIENCE: Duration = Duration::from_secs(5);

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
        // What is said in vain is told once.
        Realm::of(&args.realm, streams)?;
        if args.realm.no_page {
            return Ok(Place::Owner);
        }
        match (&args.origin, &args.realm.base_url) {
            (Some(origin), _) => Place::of_origin(origin),
            (None, Some(url)) => Ok(Place::of_url(base_url(url)?)),
            (None, None) => Ok(Place::File(None)),
        }
    }

    /// `--origin`, and `.origin`, which takes a page's URL as well.
    pub(crate) fn of_origin(said: &str) -> Result<Place, UsageError> {
        let option = targets::origin(said)?;
        Ok(if option.opaque { Place::File(None) } else { Place::Page(option.url) })
    }

    pub(crate) fn of_url(url: Url) -> Place {
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
    /// Does somebody wait for an entry?
    is_entering: Arc<AtomicBool>,
}

/// The thread that answers.
pub(crate) struct Serving {
    asks: Receiver<Ask>,
    controls: Controls,
}

/// Both sides.
pub(crate) fn pair() -> (Scripts, Serving) {
    let (asks, asked) = channel();
    let controls = Controls::default();
    let scripts = Scripts { asks, controls: controls.clone(), is_entering: Arc::default() };
    (scripts, Serving { asks: asked, controls })
}

impl Scripts {
    /// Runs an entry.
    pub(crate) fn enter(&self, entry: Entry) -> Result<Entered, Failure> {
        self.is_entering.store(true, Ordering::SeqCst);
        let answer = self.ask(|answer| Ask::Enter(entry, answer));
        self.is_entering.store(false, Ordering::SeqCst);
        match answer? {
            (_, Some(failure)) => Err(failure),
            (entered, None) => Ok(entered),
        }
    }

    /// The names that may stand at the end of a text; none where scripts run on and on.
    pub(crate) fn complete(&self, text: &str) -> Completions {
        let (answer, answered) = channel();
        self.send(Ask::Complete(text.to_owned(), answer));
        answered.recv_timeout(PATIENCE).unwrap_or_default()
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

    /// Ends the entry that is waited for, if there is one.
    pub(crate) fn interrupt_entry(&self) {
        if self.is_entering.load(Ordering::SeqCst)
            && let Some(waker) = &*self.controls.lock().unwrap_or_else(PoisonError::into_inner)
        {
            waker.interrupt();
        }
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

/// A global, and where its scripts print.
struct Running {
    runtime: Runtime,
    waker: Waker,
    lines: Rc<PromptLines>,
    is_files: bool,
}

impl Serving {
    /// Answers until nobody asks.
    pub(crate) fn serve(
        self,
        args: &ReplArgs,
        fetches: &Arc<LastFetches>,
        above: Option<Arc<Lines>>,
        streams: &Streams,
    ) {
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
                    let made = make(args, &place, fetches, above.clone(), streams).map(|made| {
                        let waker = made.waker.clone();
                        *self.controls.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker);
                        *running = Some(made);
                    });
                    let _ = answer.send(made);
                }
                (Ask::Enter(entry, answer), Some(running)) => {
                    let entered = running.enter(&entry);
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
    fn enter(&mut self, entry: &Entry) -> Entered {
        // What an entry imports is relative to the folder that it is typed in.
        if self.is_files
            && let Ok(url) = ModuleFolders::url_of(Path::new(entry.name()))
        {
            self.runtime.locate(entry.name(), url);
        }
        self.runtime.enter(entry)
    }
}

fn make(
    args: &ReplArgs,
    place: &Place,
    fetches: &Arc<LastFetches>,
    above: Option<Arc<Lines>>,
    streams: &Streams,
) -> Result<Running, Failure> {
    let quiet = Streams { quiet: Quiet::Notes, ..*streams };
    let mut realm = Realm::of(&args.realm, &quiet)?;
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
