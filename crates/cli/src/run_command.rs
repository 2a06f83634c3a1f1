//! `sofetch run`: scripts in one global, then its event loop until nothing is under way.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use sofetch::{Observer, Url};
use sofetch_inspect::Recorder;
use sofetch_js::{Ending, Global, Runtime, THREAD_STACK_BYTES};

use crate::args::{GlobalKind, RunArgs};
use crate::ending::Failure;
use crate::making::agent_builder;
use crate::options::{NetworkOptions, UsageError, secrets};
use crate::output::Streams;
use crate::telling::decisions;

/// An exception or a rejection that nobody caught.
const UNCAUGHT: u8 = 1;
/// The time limit came first, as timeout(1) says it.
const TIMED_OUT: u8 = 124;

/// How long the engine may go on after the limit, in what it does not interrupt, before the process ends.
const GRACE: Duration = Duration::from_secs(1);

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
    let scripts = read_scripts(&args.scripts)?;
    let base_url = args.base_url.map(|said| Url::parse(&said, None).map_err(|_| UsageError::Url(said)));
    let recorder = args.verbose.then(Recorder::new);
    let mut agent = agent_builder(NetworkOptions::of(&args.network)?);
    if let Some(recorder) = &recorder {
        agent = agent.observer(recorder.clone() as Arc<dyn Observer>);
    }
    let mut builder = Runtime::builder().agent(agent).page(!args.no_page).global(match args.global {
        GlobalKind::Window => Global::Window,
        GlobalKind::Worker => Global::Worker,
    });
    if let Some(url) = base_url.transpose()? {
        builder = builder.base_url(url);
    }
    if let Some(bytes) = args.max_memory {
        builder = builder.max_memory(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    if let Some(limit) = args.script_timeout {
        builder = builder.time_limit(limit);
    }
    let mut runtime = builder.build().map_err(Failure::Script)?;
    let code = args.eval.iter().map(|code| ("--eval".to_owned(), code.clone()));
    for (name, source) in scripts.into_iter().chain(code) {
        runtime.run_script(&source, &name).map_err(Failure::Script)?;
    }
    let ending = runtime.run_until_idle();
    if let Some(recorder) = recorder {
        streams.err_text(&decisions(&recorder.take(), secrets(args.show_secrets), streams.paint_err));
    }
    Ok(match ending {
        Ending::TimedOut => ExitCode::from(TIMED_OUT),
        Ending::Idle if runtime.has_failed() => ExitCode::from(UNCAUGHT),
        Ending::Idle => ExitCode::SUCCESS,
    })
}

/// Each script's name and text.
fn read_scripts(paths: &[PathBuf]) -> Result<Vec<(String, String)>, UsageError> {
    let read = |path: &PathBuf| {
        let failed = |error| UsageError::File { path: path.clone(), error };
        let bytes = if path == Path::new("-") {
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
        } else {
            std::fs::read(path)
        };
        let bytes = bytes.map_err(failed)?;
        // UTF-8 decode: a byte order mark is none of the script's, and what is no UTF-8 becomes U+FFFD.
        let text =
            String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)).into_owned();
        Ok((path.to_string_lossy().into_owned(), text))
    };
    paths.iter().map(read).collect()
}
