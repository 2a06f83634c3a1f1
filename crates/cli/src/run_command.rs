//! `sofetch run`: scripts in one global, then its event loop until nothing is under way, and the page's end.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use sofetch::Url;
use sofetch_js::{Ending, ModuleFolders, THREAD_STACK_BYTES};

use crate::args::RunArgs;
use crate::ending::Failure;
use crate::making::agent_builder;
use crate::options::{NetworkOptions, UsageError};
use crate::output::Streams;
use crate::realm::{Realm, decode};
use crate::script_lines::ScriptLines;
use crate::watchers::Watchers;

/// An exception or a rejection that nobody caught.
const UNCAUGHT: u8 = 1;
/// The time limit came first, as timeout(1) says it.
const TIMED_OUT: u8 = 124;

/// How long the engine may go on after the limit, in what it does not interrupt, before the process ends. NB: what is under way has a second
/// for its last words, and what is told of it is written after that.
const GRACE: Duration = Duration::from_secs(3);

/// Runs them.
pub(crate) fn run(args: RunArgs, streams: &Streams) -> Result<ExitCode, Failure> {
    if let Some(limit) = args.script_timeout {
        watch(limit.saturating_add(GRACE)).map_err(Failure::Start)?;
    }
    std::thread::scope(|scope| {
        // The thread of a process has the stack that its user gave it; scripts have theirs whatever that is.
        let thread = std::thread::Builder::new().name("script".to_owned()).stack_size(THREAD_STACK_BYTES);
        let ran = thread.spawn_scoped(scope, || run_here(args, streams)).map_err(Failure::Start)?.join();
        ran.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Ends the process after so long, whatever it is doing then.
fn watch(after: Duration) -> io::Result<()> {
    std::thread::Builder::new().name("watchdog".to_owned()).spawn(move || {
        std::thread::sleep(after);
        std::process::exit(i32::from(TIMED_OUT));
    })?;
    Ok(())
}

fn run_here(args: RunArgs, streams: &Streams) -> Result<ExitCode, Failure> {
    let realm = Realm::of(&args.realm)?;
    realm.tell(realm.base_url.as_ref(), streams);
    let scripts = scripts(&args)?;
    let watchers = Watchers::new(&args, streams)?;
    let mut agent = agent_builder(NetworkOptions::of(&args.network)?);
    if let Some(observer) = watchers.observer() {
        agent = agent.observer(observer);
    }
    let mut builder = realm.builder(&args.realm, agent);
    let is_files = realm.is_files();
    if is_files {
        let folders =
            scripts.iter().filter_map(|script| script.path.as_deref()).map(ModuleFolders::folder_of);
        let folders = folders.collect::<io::Result<Vec<_>>>().and_then(ModuleFolders::new);
        builder = builder.module_loader(folders.map_err(Failure::Start)?);
    }
    if let Some(limit) = args.script_timeout {
        builder = builder.time_limit(limit);
    }
    let lines = Rc::new(ScriptLines::default());
    let mut runtime = match builder.printer(lines.clone()).build() {
        // The limit came before the first script.
        Err(error) if error.is_over() => return watchers.end().map(|()| ExitCode::from(TIMED_OUT)),
        built => built.map_err(Failure::Script)?,
    };
    lines.ends(runtime.interrupt_handle());
    realm.add_import_maps(&mut runtime)?;
    for script in &scripts {
        let place = script.path.as_deref().filter(|_| is_files);
        let place = place.map(ModuleFolders::url_of).transpose().map_err(Failure::Start)?;
        let ran = match (&script.source, place) {
            (Source::Url(url), _) => runtime.run_module_url(url),
            (Source::Module(text), Some(url)) => runtime.run_module(text, url.href()),
            (Source::Module(text), None) => runtime.run_module(text, &script.name),
            (Source::Classic(text), place) => {
                place.into_iter().for_each(|url| runtime.locate(&script.name, url));
                runtime.run_script(text, &script.name)
            }
        };
        match ran {
            Err(error) if error.is_over() => break,
            ran => ran.map_err(Failure::Script)?,
        }
    }
    let ran = runtime.run_until_idle();
    // The page is left: what its scripts fetch later goes now.
    let left = runtime.close(None);
    let ending = if ran == Ending::Idle { left } else { ran };
    let failed = runtime.has_failed();
    if watchers.observer().is_some() || ending != Ending::Idle || runtime.has_last_words() {
        // What is still under way tells them how it ends, or has last words; so has what goes with the page's end.
        drop(runtime);
    } else {
        // All memory goes with the process: to free each object first is a sixth of a short run.
        std::mem::forget(runtime);
    }
    watchers.end()?;
    if let Some(failure) = lines.failure() {
        return Err(failure);
    }
    Ok(match ending {
        Ending::TimedOut | Ending::Interrupted => ExitCode::from(TIMED_OUT),
        Ending::Idle if failed => ExitCode::from(UNCAUGHT),
        Ending::Idle => ExitCode::SUCCESS,
    })
}

/// What is run.
struct Script {
    /// As stacks call it.
    name: String,
    source: Source,
    /// Its file's, if it has one.
    path: Option<PathBuf>,
}

enum Source {
    Classic(String),
    Module(String),
    /// A module that the page fetches.
    Url(Url),
}

/// The files' in their order, then the codes'.
fn scripts(args: &RunArgs) -> Result<Vec<Script>, UsageError> {
    let mut scripts = Vec::new();
    let source = |text, is_module| if is_module { Source::Module(text) } else { Source::Classic(text) };
    for path in &args.scripts {
        let is_module = args.module || path.extension().is_some_and(|extension| extension == "mjs");
        let is_input = path == Path::new("-");
        let name = if is_input { "stdin".to_owned() } else { path.to_string_lossy().into_owned() };
        if let Some(url) = url_of(path) {
            if !is_module {
                return Err(UsageError::ClassicScript(name));
            }
            scripts.push(Script { name, source: Source::Url(url), path: None });
            continue;
        }
        let bytes = if is_input {
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
        } else {
            std::fs::read(path)
        };
        let bytes = bytes.map_err(|error| UsageError::File { path: path.clone(), error })?;
        let path = (!is_input).then(|| path.clone());
        scripts.push(Script { name, source: source(decode(&bytes), is_module), path });
    }
    scripts.extend(args.eval.iter().map(|code| Script {
        name: "--eval".to_owned(),
        source: source(code.clone(), args.module),
        path: None,
    }));
    Ok(scripts)
}

/// A script of the network. NB: a file may have almost any name, but none of these.
fn url_of(path: &Path) -> Option<Url> {
    let said = path.to_str()?;
    let is_url = ["http://", "https://"]
        .iter()
        .any(|start| said.get(..start.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(start)));
    if is_url { Url::parse(said, None).ok() } else { None }
}
