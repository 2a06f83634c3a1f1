//! A worker's thread: a runtime with the settings of its owner's page, a script, and a loop.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use sofetch::core::infrastructure::clients::Client;
use sofetch::core::infrastructure::reports::{Endpoint, process_reporting_endpoints};
use sofetch::core::infrastructure::requests::CredentialsMode;
use sofetch::{Page, Url, UserAgent};
use tokio::sync::watch;

use super::Cluster;
use super::census::Census;
use super::cluster::Seat;
use super::dedicated::{Live, Thread};
use super::fetching::{WorkerScript, WorkerType};
use super::lines::WorkerPrinter;
use super::ports::{PortEnd, PortHandle};
use super::stop::Stop;
use crate::blob_urls::BlobUrlStore;
use crate::event_loop::{TaskQueue, Tasks};
use crate::handles::Handle;
use crate::host::{Host, Settings, Worker};
use crate::ledger::Ledger;
use crate::modules::{ModuleLoader, NoFiles, WorkerRoot};
use crate::runtime::{Global, Runtime};
use crate::runtime_builder::Limits;
use crate::scripts;

/// What a worker has of its owner, and the owner of it.
pub(crate) struct Tether {
    pub(crate) stop: Arc<Stop>,
    /// Is there no `Worker` any more?
    is_orphaned: AtomicBool,
    /// Ports and broadcast channels by which others reach it.
    pub(crate) ports: AtomicUsize,
    /// The workers that it made.
    pub(super) children: Arc<Live>,
}

impl Tether {
    pub(crate) fn new(stop: Arc<Stop>) -> Tether {
        Tether {
            stop,
            is_orphaned: AtomicBool::new(false),
            ports: AtomicUsize::new(0),
            children: Arc::default(),
        }
    }

    pub(super) fn orphan(&self) {
        self.is_orphaned.store(true, Ordering::SeqCst);
    }

    /// Is there nobody who could give it something to do?
    pub(crate) fn is_unreachable(&self) -> bool {
        self.is_orphaned.load(Ordering::SeqCst) && self.ports.load(Ordering::SeqCst) == 0
    }
}

/// Whom a worker tells what becomes of it.
#[derive(Clone)]
pub(crate) struct Owner {
    pub(super) queue: TaskQueue,
    /// The owner's number for the worker.
    pub(super) id: u32,
}

impl Owner {
    pub(crate) fn queue(&self) -> &TaskQueue {
        &self.queue
    }

    /// There is no script to run; the line says why.
    pub(crate) fn failed(&self, line: String) {
        let id = self.id;
        self.queue.queue(move |ctx| Host::of(ctx).hook(ctx, "workerFailed")?.call((id, line)));
    }

    /// The thread is through.
    pub(super) fn ended(&self) {
        let id = self.id;
        self.queue.queue(move |ctx| {
            let host = Host::of(ctx);
            host.children.reap(id);
            // NB: what it posted may stand in the queue behind this task, where it ended before there was a port to hear it.
            host.queue.queue(move |ctx| Host::of(ctx).hook(ctx, "workerEnded")?.call((id,)));
            Ok(())
        });
    }

    /// An exception that nobody handled there.
    pub(crate) fn report_error(
        &self,
        message: String,
        filename: String,
        (lineno, colno): (f64, f64),
        line: String,
    ) {
        let id = self.id;
        self.queue.queue(move |ctx| {
            let hook = Host::of(ctx).hook(ctx, "reportWorkerError")?;
            hook.call((id, message, filename, lineno, colno, line))
        });
    }
}

/// All that a worker is made of.
///
/// NB: the order of the last two: the loop is counted until the owner was told that it ended, and has its seat until the very end.
pub(super) struct Start {
    pub(super) kind: WorkerType,
    pub(super) name: String,
    /// That of its request.
    pub(super) url: Url,
    pub(super) credentials: CredentialsMode,
    /// Its end of the implicit port.
    pub(super) inside: PortEnd,
    pub(super) tether: Arc<Tether>,
    pub(super) owner: Owner,
    pub(super) thread: Arc<Thread>,
    pub(super) agent: UserAgent,
    pub(super) io: tokio::runtime::Handle,
    pub(super) last_words: Arc<watch::Sender<bool>>,
    pub(super) blob_urls: Arc<BlobUrlStore>,
    pub(super) cluster: Arc<Cluster>,
    pub(super) limits: Limits,
    pub(super) ledger: Arc<Ledger>,
    pub(super) loader: Option<Box<dyn ModuleLoader + Send>>,
    /// The owner's.
    pub(super) page: Option<Page>,
    pub(super) queue: TaskQueue,
    pub(super) tasks: Tasks,
    pub(super) _seat: Seat,
}

/// Tells the owner that the thread is through, also where it panicked.
///
/// NB: the loop is counted until the owner was told that it ended, and has its seat until the very end.
struct Ending {
    owner: Owner,
    url: Url,
    stop: Arc<Stop>,
    /// Why there was nothing to run.
    failed: Option<String>,
    counted: Rc<Cell<Option<Counted>>>,
    seat: Option<Seat>,
    thread: Arc<Thread>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let panicked = thread::panicking()
            .then(|| format!("Uncaught Error: {} has ended: its thread panicked", self.url.href()));
        // One that was ended on its way has not failed.
        if let Some(line) = panicked.or_else(|| self.failed.take()).filter(|_| !self.stop.is_over()) {
            self.owner.failed(line);
        }
        self.owner.ended();
        self.counted.take();
        self.seat.take();
        self.thread.end();
    }
}

/// The thread.
pub(super) fn run(start: Start, script: WorkerScript) {
    let Start {
        kind,
        name,
        url,
        credentials,
        inside,
        tether,
        owner,
        thread,
        agent,
        io,
        last_words,
        blob_urls,
        cluster,
        limits,
        ledger,
        loader,
        page: owners_page,
        queue,
        tasks,
        _seat: seat,
    } = start;
    let stop = tether.stop.clone();
    // NB: until the owner was told that it has ended, this counts, loop or none.
    let census = cluster.census.clone();
    let counted = Rc::new(Cell::new(Some(Counted::new(census.clone()))));
    let mut ending = Ending {
        owner: owner.clone(),
        url: url.clone(),
        stop: stop.clone(),
        failed: None,
        counted: counted.clone(),
        seat: Some(seat),
        thread,
    };
    let page = owners_page.as_ref().map(|page| page.dedicated_worker(&script.url, script.headers.as_ref()));
    let _environment = page.clone().map(|page| Environment::new(page, cluster.clone(), queue.clone()));
    let endpoints = endpoints_of(&script);
    let printer = Rc::new(WorkerPrinter { cluster: cluster.clone(), stop: stop.clone() });
    let host = Host::new(Settings {
        queue,
        io,
        last_words,
        agent,
        page,
        endpoints,
        url: script.url.clone(),
        blob_urls,
        ledger,
        printer,
        stop,
        cluster,
        limits,
        worker: Some(Worker { tether, owner, is_module: kind == WorkerType::Module }),
    });
    let loader: Rc<dyn ModuleLoader> = match loader {
        Some(loader) => Rc::from(loader as Box<dyn ModuleLoader>),
        None => Rc::new(NoFiles),
    };
    match limits.runtime(host, tasks, None, Global::Worker, loader) {
        Err(error) => ending.failed = Some(format!("Uncaught Error: a worker cannot be run: {error}")),
        Ok(mut runtime) => {
            let _loop = Looping::new(counted, census);
            let outside = owners_page.as_ref().map(|page| page.client().clone());
            let fetched = Fetched { url, outside, credentials, script };
            ending.failed = live(&mut runtime, kind, (name, inside), fetched).err();
        }
    }
}

/// <https://w3c.github.io/reporting/#windoworworkerglobalscope-endpoints>, as the script's response names them.
fn endpoints_of(script: &WorkerScript) -> Vec<Endpoint> {
    let said = script.headers.as_ref().and_then(|headers| headers.get("Reporting-Endpoints"));
    said.and_then(|said| process_reporting_endpoints(&said, &script.url).ok()).unwrap_or_default()
}

/// The [settings object](https://html.spec.whatwg.org/#environment-settings-object) of a worker that is a page's, as the agent knows it.
struct Environment {
    page: Page,
    cluster: Arc<Cluster>,
}

impl Environment {
    fn new(page: Page, cluster: Arc<Cluster>, queue: TaskQueue) -> Environment {
        cluster.report_to(&page.client().id, Some(queue));
        Environment { page, cluster }
    }
}

impl Drop for Environment {
    /// What it still fetches ends.
    fn drop(&mut self) {
        self.cluster.report_to(&self.page.client().id, None);
        self.page.close();
    }
}

/// A script, and how what it imports is fetched.
struct Fetched {
    /// That of its request.
    url: Url,
    /// Who asks for it, and for what it imports.
    outside: Option<Arc<Client>>,
    credentials: CredentialsMode,
    script: WorkerScript,
}

/// From step 12.8 of [run a worker](https://html.spec.whatwg.org/#run-a-worker) on: becomes a worker of this name, runs the script, and the
/// loop until it ends.
///
/// # Errors
/// Where there is no script to run: why, as a line.
fn live(
    runtime: &mut Runtime,
    kind: WorkerType,
    (name, inside): (String, PortEnd),
    fetched: Fetched,
) -> Result<(), String> {
    let begun = runtime.begin(|runtime, ctx| {
        let hook = Host::of(ctx).hook(ctx, "becomeDedicatedWorker");
        let handle = Handle::new(PortHandle::new(Some(inside)));
        runtime.report(ctx, hook.and_then(|hook| hook.call((name, handle))));
    });
    let ran = match (begun, kind) {
        (Err(_), _) => return Ok(()),
        (Ok(()), WorkerType::Classic) => classic(runtime, fetched.script),
        (Ok(()), WorkerType::Module) => module(runtime, fetched),
    };
    ran?;
    // Where it is over already, no loop runs either.
    let enabled = runtime.begin(|runtime, ctx| {
        let hook = Host::of(ctx).hook(ctx, "enableImplicitPort");
        runtime.report(ctx, hook.and_then(|hook| hook.call(())));
    });
    if enabled.is_ok() {
        runtime.run_loop();
    }
    Ok(())
}

/// # Errors
/// Where it does not parse: why.
fn classic(runtime: &mut Runtime, script: WorkerScript) -> Result<(), String> {
    let mut parsed = Ok(());
    let begun = runtime.begin(|runtime, ctx| match scripts::compile(ctx, &script.text, script.url.href()) {
        Ok(compiled) => runtime.report(ctx, scripts::run(ctx, compiled).map(|_| ())),
        Err(error) => parsed = Err(format!("Uncaught {}", runtime.thrown(ctx, error))),
    });
    begun.ok();
    parsed
}

/// # Errors
/// Where something of its graph is not there, or does not parse or fit: why.
fn module(runtime: &mut Runtime, fetched: Fetched) -> Result<(), String> {
    let outcome = Rc::new(RefCell::new(Ok(())));
    let then = outcome.clone();
    let Fetched { url, outside, credentials, script } = fetched;
    let ran = runtime.run_loaded(|modules, ctx| {
        let root = WorkerRoot { url, text: script.text, base: script.url, headers: script.headers };
        modules.run_worker(ctx, root, outside, credentials, then)
    });
    ran.ok();
    outcome.replace(Ok(()))
}

/// Counts as a loop that has something to do.
struct Counted(Arc<Census>);

impl Counted {
    fn new(census: Arc<Census>) -> Counted {
        census.add();
        Counted(census)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.remove();
    }
}

/// The loop counts itself, as long as its runtime is there: this goes before that, however it goes.
struct Looping {
    counted: Rc<Cell<Option<Counted>>>,
    census: Arc<Census>,
}

impl Looping {
    fn new(counted: Rc<Cell<Option<Counted>>>, census: Arc<Census>) -> Looping {
        counted.take();
        Looping { counted, census }
    }
}

impl Drop for Looping {
    fn drop(&mut self) {
        self.counted.set(Some(Counted::new(self.census.clone())));
    }
}
