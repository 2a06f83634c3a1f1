//! One test in one fresh process: its scripts come from the suite's server into a folder, the command runs them, what it
//! prints is read until the test's last word or the end of its time.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::listing::{Kind, Run, Scope};
use super::page::{self, Script};
use super::policies::Policies;
use super::report::{Reader, Report};
use super::server::Server;

const REPORTER: &str = include_str!("reporter.js");
const HARNESS: &str = "/resources/testharness.js";

/// How long a process may take to end by itself after its last word: one that crashes then is seen.
const GRACE: Duration = Duration::from_millis(500);

/// What runs the tests.
pub(super) struct Runner<'a> {
    pub(super) server: &'a Server,
    /// Takes what `sofetch` takes.
    pub(super) command: &'a Path,
    /// Scripts are written here.
    pub(super) folder: &'a Path,
    /// Times the suite's own limits.
    pub(super) patience: u32,
    /// No test can guess it.
    pub(super) mark: String,
    /// Scripts that are the same for every test, and where they are.
    pub(super) shared: Mutex<HashMap<String, PathBuf>>,
}

/// A script as it is put together.
enum Piece {
    /// From the server.
    Path(String),
    /// The same, imported by the test's worker itself.
    Import(String),
    Text(String),
    /// A module script of the page.
    Module(String),
}

/// What a page is, besides its URL.
struct Settings {
    policies: Policies,
    import_maps: Vec<String>,
}

impl Runner<'_> {
    /// All runs, `jobs` at a time, in the order of the list.
    pub(super) fn all(&self, runs: &[Run], jobs: usize, told: impl Fn(&Run, &Report) + Sync) -> Vec<Report> {
        let next = AtomicUsize::new(0);
        let reports: Mutex<Vec<Option<Report>>> = Mutex::new(vec![None; runs.len()]);
        thread::scope(|scope| {
            for _ in 0..jobs.clamp(1, runs.len().max(1)) {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let Some(run) = runs.get(at) else { break };
                        let report = self.one(run, at);
                        told(run, &report);
                        if let Ok(mut reports) = reports.lock() {
                            reports[at] = Some(report);
                        }
                    }
                });
            }
        });
        let reports = reports.into_inner().unwrap_or_default();
        reports.into_iter().map(Option::unwrap_or_default).collect()
    }

    fn one(&self, run: &Run, number: usize) -> Report {
        let start = Instant::now();
        let folder = self.folder.join(number.to_string());
        let outcome = self.scripts(run, &folder).and_then(|(scripts, settings)| {
            let child = self.start(run, &folder, &scripts, &settings)?;
            Ok(self.watch(child, self.limit(run)))
        });
        let _ = fs::remove_dir_all(&folder);
        let failed = |message| Report { status: "ERROR".to_owned(), message, ..Report::default() };
        let mut report = outcome.unwrap_or_else(failed);
        for subtest in &mut report.subtests {
            subtest.name = self.server.ports.settled(std::mem::take(&mut subtest.name));
        }
        report.milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        report
    }

    fn limit(&self, run: &Run) -> Duration {
        Duration::from_secs(if run.long { 60 } else { 10 }) * self.patience
    }

    /// The files of a run, in their order, and its page.
    fn scripts(&self, run: &Run, folder: &Path) -> Result<(Vec<PathBuf>, Settings), String> {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let (pieces, settings) = self.pieces(run)?;
        let mut files = Vec::new();
        for piece in pieces {
            let is_module = matches!(piece, Piece::Module(_));
            let (name, text) = match piece {
                Piece::Text(text) | Piece::Module(text) => ("script".to_owned(), text.into_bytes()),
                Piece::Import(path) => {
                    // NB: asked for twice, since what wants shared memory has to be shown to it, and a fault is to be told here.
                    let text = self.server.get(&path, run.place().www)?;
                    let text = match wants_shared_memory(&text) {
                        true => with_shared_memory(text),
                        false => format!("importScripts({});", json!(path)).into_bytes(),
                    };
                    (path, text)
                }
                Piece::Path(path) => {
                    if let Some(file) = self.shared.lock().ok().and_then(|shared| shared.get(&path).cloned())
                    {
                        files.push(file);
                        continue;
                    }
                    let text = with_shared_memory(self.server.get(&path, run.place().www)?);
                    // What is under /resources/ is the same for all.
                    if path.starts_with("/resources/") && !path.contains('?') && !path.contains(".sub.") {
                        self.share(&path, &text);
                    }
                    (path, text)
                }
            };
            let name = name.split('?').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
            let ending = if is_module { "mjs" } else { "js" };
            let file = folder.join(format!("{:02}-{}.{ending}", files.len(), name.trim_end_matches(".js")));
            fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
            files.push(file);
        }
        Ok((files, settings))
    }

    fn share(&self, path: &str, text: &[u8]) {
        let file = self.folder.join(path.trim_start_matches('/').replace('/', "-"));
        // Written aside first: another test may be reading it.
        let aside = file.with_extension(format!("{:?}", thread::current().id()));
        if fs::write(&aside, text).is_ok()
            && fs::rename(&aside, &file).is_ok()
            && let Ok(mut shared) = self.shared.lock()
        {
            shared.insert(path.to_owned(), file);
        }
    }

    /// What the suite's own wrapper would load, with our reporter after the harness.
    fn pieces(&self, run: &Run) -> Result<(Vec<Piece>, Settings), String> {
        let path = format!("{}{}", run.path, run.variant);
        let mut pieces = Vec::new();
        if let Some(title) = &run.title {
            pieces.push(Piece::Text(format!("self.META_TITLE = {};", json!(title))));
        }
        let headers = self.server.headers(&run.location(), run.place().www)?;
        let mut settings = Settings { policies: Policies::of(&headers), import_maps: Vec::new() };
        let mut tail = "load";
        match run.kind {
            Kind::Any | Kind::WindowScript => {
                if run.kind == Kind::Any {
                    let is_worker = run.scope == Scope::Worker;
                    pieces.push(Piece::Text(format!(
                        "self.GLOBAL = {{ isWindow() {{ return {}; }}, isWorker() {{ return {is_worker}; }}, \
                         isShadowRealm() {{ return false; }} }};",
                        !is_worker
                    )));
                    tail = if is_worker { "done" } else { "load" };
                }
                let is_worker = run.kind == Kind::Any && run.scope == Scope::Worker;
                // A worker's wrapper imports: what it loads is on the timeline, and its policy judges it.
                let piece = |path: String| if is_worker { Piece::Import(path) } else { Piece::Path(path) };
                // The harness is there once.
                pieces.extend([piece(HARNESS.to_owned()), self.reporter(run, &[HARNESS.to_owned()])]);
                pieces.extend(run.scripts.iter().map(|script| piece(run.resolve(script))));
                pieces.push(piece(path));
            }
            Kind::WorkerScript => {
                let text = self.server.get(&path, run.place().www)?;
                let text = String::from_utf8_lossy(&text);
                let imported = imported(&text);
                pieces.extend([Piece::Path(HARNESS.to_owned()), self.reporter(run, &imported)]);
                pieces.extend(
                    imported
                        .iter()
                        .map(|script| run.resolve(script))
                        .filter(|path| path != HARNESS)
                        .map(Piece::Path),
                );
                pieces.push(Piece::Text(text.into_owned()));
                tail = "nothing";
            }
            Kind::Page => {
                let page = page::read(&String::from_utf8_lossy(&self.server.get(&path, run.place().www)?));
                settings.policies.meta(page.referrer_policy, &page.csp);
                settings.import_maps = page.import_maps;
                for script in page.scripts {
                    match script {
                        Script::Inline(text) => pieces.push(Piece::Text(text)),
                        Script::Src(src) => match run.resolve(&src) {
                            path if path == "/resources/testharnessreport.js" => {}
                            path if path == HARNESS => {
                                pieces.extend([Piece::Path(path), self.reporter(run, &[])])
                            }
                            path => pieces.push(Piece::Path(path)),
                        },
                    }
                }
                pieces.extend(page.modules.into_iter().map(|script| match script {
                    Script::Inline(text) => Piece::Module(text),
                    // The command fetches it.
                    Script::Src(src) => Piece::Module(format!("import {};", json!(run.resolve(&src)))),
                }));
            }
        }
        pieces.push(Piece::Text(format!("globalThis[{}](\"{tail}\");", json!(self.mark))));
        Ok((pieces, settings))
    }

    fn reporter(&self, run: &Run, imported: &[String]) -> Piece {
        let limit = self.limit(run).as_millis();
        let constants =
            format!("const MARK = {}, LIMIT = {limit}, IMPORTED = {};", json!(self.mark), json!(imported));
        Piece::Text(REPORTER.replace("/* constants */", &constants))
    }

    fn start(
        &self,
        run: &Run,
        folder: &Path,
        scripts: &[PathBuf],
        settings: &Settings,
    ) -> Result<Child, String> {
        let mut command = Command::new(self.command);
        command
            .args(["run", "--base-url", &self.server.ports.url(run.place(), &run.location())])
            .args(["--global", run.scope.word()])
            .args(["--script-timeout", &(self.limit(run).as_secs() + 2).to_string()])
            .arg("--cacert")
            .arg(&self.server.cacert);
        for row in self.server.ports.resolve() {
            command.args(["--resolve", &row]);
        }
        command.args(settings.policies.arguments());
        for (number, map) in settings.import_maps.iter().enumerate() {
            let file = folder.join(format!("{number}.importmap"));
            fs::write(&file, map).map_err(|error| format!("{}: {error}", file.display()))?;
            command.arg("--import-map").arg(file);
        }
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().to_ascii_lowercase().ends_with("_proxy") {
                command.env_remove(name);
            }
        }
        command.arg("--").args(scripts).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map_err(|error| format!("{}: {error}", self.command.display()))
    }

    /// Reads what a process prints until its last word, its end, or the end of its time.
    fn watch(&self, mut child: Child, limit: Duration) -> Report {
        let (sender, lines) = mpsc::channel();
        if let Some(out) = child.stdout.take() {
            thread::spawn(move || {
                let mut out = BufReader::new(out);
                let mut line = Vec::new();
                while matches!(out.read_until(b'\n', &mut line), Ok(1..)) {
                    if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                        return;
                    }
                    line.clear();
                }
            });
        }
        let complaints = child.stderr.take().map(|err| thread::spawn(move || last_of(err)));
        let mut reader = Reader::new(&self.mark);
        // The process has its own limit first: what is killed here is out of its own hands.
        let end = Instant::now() + limit + Duration::from_secs(4);
        let mut killed = false;
        while !reader.is_complete() {
            match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => reader.line(&line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    killed = true;
                    break;
                }
            }
        }
        let grace = Instant::now() + if killed { Duration::ZERO } else { GRACE };
        let mut status = child.try_wait().ok().flatten();
        while status.is_none() && Instant::now() < grace {
            thread::sleep(Duration::from_millis(2));
            status = child.try_wait().ok().flatten();
        }
        if status.is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let complaints = complaints.and_then(|thread| thread.join().ok()).unwrap_or_default();
        let is_crash = status.is_some_and(|status| status.code().is_none_or(|code| code == 101));
        let ending = match status {
            _ if killed => "killed at the end of its time".to_owned(),
            Some(status) => format!("ended with {status} before the test did: {complaints}"),
            None => format!("closed its output: {complaints}"),
        };
        let word = match status.and_then(|status| status.code()) {
            _ if is_crash => "CRASH",
            Some(124) => "TIMEOUT",
            _ if killed => "TIMEOUT",
            _ => "ERROR",
        };
        let mut report = reader.report(word, ending);
        if is_crash {
            "CRASH".clone_into(&mut report.status);
            report.message = format!("{} {complaints}", report.message);
        }
        report
    }
}

/// The end of what a process complained of.
fn last_of(mut err: impl Read) -> String {
    let mut last = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = err.read(&mut buffer) {
        last.extend_from_slice(&buffer[..length]);
        last.drain(..last.len().saturating_sub(1000));
    }
    String::from_utf8_lossy(&last).trim().to_owned()
}

/// What a worker's script imports by plain strings. These are run before it, since a command need not have imports.
fn imported(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, call) in text.match_indices("importScripts(") {
        let arguments = text[at + call.len()..].split(')').next().unwrap_or_default();
        for argument in arguments.split(',').map(str::trim) {
            let inside = |quote| argument.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
            found.extend(inside('"').or_else(|| inside('\'')).map(str::to_owned));
        }
    }
    found
}

/// The suite knows one way to shared memory, which leads through WebAssembly: a command without that is shown to its
/// `SharedArrayBuffer` by scripts that want nothing else of it.
fn with_shared_memory(text: Vec<u8>) -> Vec<u8> {
    const BEFORE: &str = "if (typeof WebAssembly === 'undefined' && typeof SharedArrayBuffer === 'function') globalThis.WebAssembly = {
  Memory: class { constructor({ initial }) { this.buffer = new SharedArrayBuffer(initial * 65536); } },
};
";
    if wants_shared_memory(&text) { [BEFORE.as_bytes(), &text].concat() } else { text }
}

fn wants_shared_memory(text: &[u8]) -> bool {
    const WANTED: &[u8] = b"new WebAssembly.Memory({ shared:true";
    text.windows(WANTED.len()).any(|some| some == WANTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_by_plain_strings() {
        let text = "importScripts('/a.js');\n importScripts(\"b.js\", 'c.js'); importScripts(['d.js']); importScripts(e);";
        assert_eq!(imported(text), ["/a.js", "b.js", "c.js"]);
    }

    #[test]
    fn the_end_of_complaints_is_kept() {
        let text = format!("{}end", "a".repeat(5000));
        assert_eq!(last_of(text.as_bytes()).len(), 1000);
        assert!(last_of(text.as_bytes()).ends_with("end"));
    }
}
