//! [`RuntimeBuilder`]: who fetches, from where, and within which limits.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sofetch::core::infrastructure::reports::process_reporting_endpoints;
use sofetch::{Origin, Page, ReferrerPolicy, Url, UserAgent, UserAgentBuilder};

use crate::blob_urls::BlobUrlStore;
use crate::error::Error;
use crate::event_loop::{Tasks, task_queue};
use crate::host::{Host, Settings};
use crate::io_thread::IoThread;
use crate::ledger::Ledger;
use crate::modules::{MakeEngine, ModuleLoader, NoFiles, Parser};
use crate::ops::PageReports;
use crate::printing::{Printer, StandardStreams};
use crate::runtime::{Global, Runtime};
use crate::workers::Cluster;
use crate::workers::census::Census;
use crate::workers::stop::Stop;

/// What a page's requests accept where the agent says nothing of it, and what `navigator.languages` shows then.
const LANGUAGE: &str = "en-US";

/// Settings of a [`Runtime`].
pub struct RuntimeBuilder {
    agent: UserAgentBuilder,
    base_url: Option<Url>,
    global: Global,
    page: bool,
    referrer_policy: Option<ReferrerPolicy>,
    policies: Vec<(Policy, String)>,
    reporting_endpoints: Vec<String>,
    limits: Limits,
    max_workers: usize,
    time_limit: Option<Duration>,
    module_loader: Rc<dyn ModuleLoader>,
    printer: Rc<dyn Printer>,
}

/// Policies that a page is delivered with, by their headers.
enum Policy {
    Csp,
    CspReportOnly,
    Integrity,
    IntegrityReportOnly,
    Permissions,
}

/// The stack that scripts may use, where nobody says otherwise: half of what Rust gives a thread.
const STACK_BYTES: usize = 1 << 20;

/// The least: less would not do for the prelude. The most: the engine checks no more than twice that.
const STACK_BOUNDS: (usize, usize) = (128 << 10, 8 << 20);

/// What the engine takes of it for each module on the way from one that is linked to one that it imports, of which it takes no care itself.
const STACK_A_MODULE: usize = 512;

/// How many workers there may be at a time, where nobody says otherwise.
const WORKERS: usize = 64;

/// How long a report or a beacon may wait for its answer, where nobody says otherwise: as Chromium has it for requests whose page is gone.
const REPORTS: Duration = Duration::from_secs(30);

/// How large the engine's heap is when it first collects. The prelude, which is no garbage, is a quarter of that.
const COLLECT_AFTER: usize = 8 << 20;

/// The stack of a thread that runs scripts, for who makes one: whatever [`RuntimeBuilder::max_stack`] says is within it.
pub const THREAD_STACK_BYTES: usize = 16 << 20;

impl RuntimeBuilder {
    pub(crate) fn new() -> RuntimeBuilder {
        RuntimeBuilder {
            agent: UserAgent::builder(),
            base_url: None,
            global: Global::Window,
            page: true,
            referrer_policy: None,
            policies: Vec::new(),
            reporting_endpoints: Vec::new(),
            limits: Limits { max_memory: None, max_stack: STACK_BYTES, reports: REPORTS },
            max_workers: WORKERS,
            time_limit: None,
            module_loader: Rc::new(NoFiles),
            printer: Rc::new(StandardStreams),
        }
    }

    /// The agent that scripts fetch with. Where it says no `Accept-Language`, a page's requests have the one that
    /// `navigator.languages` shows.
    pub fn agent(mut self, agent: UserAgentBuilder) -> RuntimeBuilder {
        self.agent = agent;
        self
    }

    /// The global's URL: its location, base URL, origin and referrer. Without one it is a file's, of an opaque origin.
    pub fn base_url(mut self, url: Url) -> RuntimeBuilder {
        self.base_url = Some(url);
        self
    }

    /// Which global.
    pub fn global(mut self, global: Global) -> RuntimeBuilder {
        self.global = global;
        self
    }

    /// Do scripts fetch as a page, under its origin's rules (the default), or on the user's own behalf?
    pub fn page(mut self, page: bool) -> RuntimeBuilder {
        self.page = page;
        self
    }

    /// The page's [referrer policy](https://w3c.github.io/webappsec-referrer-policy/#referrer-policy).
    pub fn referrer_policy(mut self, policy: ReferrerPolicy) -> RuntimeBuilder {
        self.referrer_policy = Some(policy);
        self
    }

    /// A Content Security Policy of the page ([`PageBuilder::csp`](sofetch::PageBuilder::csp)), as far as it judges fetches: what it
    /// refuses is a network error to script, and the event `securitypolicyviolation` at the global. Several all bind the page; who
    /// fetches on the user's own behalf has none.
    ///
    /// [`RuntimeBuilder::build`] fails where text has no directive at all.
    pub fn csp(self, serialized_csp_list: &str) -> RuntimeBuilder {
        self.deliver(Policy::Csp, serialized_csp_list)
    }

    /// The same for one that refuses nothing: what violates it is the event.
    pub fn csp_report_only(self, serialized_csp_list: &str) -> RuntimeBuilder {
        self.deliver(Policy::CspReportOnly, serialized_csp_list)
    }

    /// The page's integrity policy ([`PageBuilder::integrity_policy`](sofetch::PageBuilder::integrity_policy)), which judges the modules
    /// that it imports. The last one counts; [`RuntimeBuilder::build`] fails where it is no dictionary.
    pub fn integrity_policy(self, value: &str) -> RuntimeBuilder {
        self.deliver(Policy::Integrity, value)
    }

    /// The same for one that refuses nothing: what violates it is reported.
    pub fn integrity_policy_report_only(self, value: &str) -> RuntimeBuilder {
        self.deliver(Policy::IntegrityReportOnly, value)
    }

    /// The page's permissions policy ([`PageBuilder::permissions_policy`](sofetch::PageBuilder::permissions_policy)), which says how much
    /// `fetchLater()` may keep. The last one counts; [`RuntimeBuilder::build`] fails where it is no dictionary.
    pub fn permissions_policy(self, value: &str) -> RuntimeBuilder {
        self.deliver(Policy::Permissions, value)
    }

    /// Whom the page's policies may name to be told of violations, as the header `Reporting-Endpoints` has it:
    /// `name="https://..."`. Reports are sent as soon as script has done what it is about; who fetches on the user's own behalf has
    /// none to send, nor has a page that is not potentially trustworthy.
    ///
    /// [`RuntimeBuilder::build`] fails where the value is no dictionary.
    pub fn reporting_endpoints(mut self, value: &str) -> RuntimeBuilder {
        self.reporting_endpoints.push(value.to_owned());
        self
    }

    fn deliver(mut self, policy: Policy, value: &str) -> RuntimeBuilder {
        self.policies.push((policy, value.to_owned()));
        self
    }

    /// The most bytes that the engine's heap and the native bytes of its objects may take together; one more is an error that script
    /// can catch. Each worker has as much for itself.
    pub fn max_memory(mut self, bytes: usize) -> RuntimeBuilder {
        self.limits.max_memory = Some(bytes);
        self
    }

    /// How many bytes of the thread's stack scripts may use, within bounds: 128 KiB to 8 MiB, and 1 MiB if nothing is said.
    /// What goes deeper gets a `RangeError`.
    ///
    /// NB: the thread must have them, counted from where the runtime is built, and some more for what the engine calls;
    /// one that has [`THREAD_STACK_BYTES`] always does.
    pub fn max_stack(mut self, bytes: usize) -> RuntimeBuilder {
        self.limits.max_stack = bytes.clamp(STACK_BOUNDS.0, STACK_BOUNDS.1);
        self
    }

    /// How many workers there may be at a time, theirs counted, too: 64 if nothing is said. One more is the event `error` at its `Worker`.
    /// A worker is a thread of [`THREAD_STACK_BYTES`] and an engine: about two megabytes before its script begins.
    pub fn max_workers(mut self, workers: usize) -> RuntimeBuilder {
        self.max_workers = workers;
        self
    }

    /// Who gives the modules that scripts import and that are not fetched; without one, no file is a module.
    pub fn module_loader(mut self, loader: impl ModuleLoader + 'static) -> RuntimeBuilder {
        self.module_loader = Rc::new(loader);
        self
    }

    /// How long the runtime may live. Then whatever runs is ended, and script cannot catch it.
    ///
    /// With a limit, the methods of arrays, typed arrays and strings that go through as many elements as a `length` says look at
    /// the clock on their way. NB: what else the engine does in one go ends first: compiling a script or a pattern, sorting a
    /// typed array, `JSON` of one large value, the digits of a large `BigInt`, the keys that a proxy tells, `Array.from` and
    /// `TypedArray.from` with functions of the engine's. Memory bounds most of that, which is why
    /// [`max_memory`](RuntimeBuilder::max_memory) belongs to a limit; a program that must go on has another thread end it, as
    /// the command does.
    pub fn time_limit(mut self, limit: Duration) -> RuntimeBuilder {
        self.time_limit = Some(limit);
        self
    }

    /// How long a report or a beacon may wait for its answer, of which no script hears: then it is aborted as timed out, and counts
    /// as a failure of its endpoint. The loop does not end before, and not for it later. 30 seconds if nothing is said.
    ///
    /// Where the runtime ends earlier, by its time limit or because it is dropped, these and what script fetches with `keepalive` have one
    /// second more.
    pub fn report_time_limit(mut self, limit: Duration) -> RuntimeBuilder {
        self.limits.reports = limit;
        self
    }

    /// Where lines go; without one the standard streams of the process.
    pub fn printer(mut self, printer: Rc<dyn Printer>) -> RuntimeBuilder {
        self.printer = printer;
        self
    }

    /// The runtime, with an empty global of its own.
    ///
    /// # Errors
    /// Where the agent's settings cannot be used, or there is no memory or thread for it.
    pub fn build(self) -> Result<Runtime, Error> {
        let io = IoThread::start().map_err(Error::start)?;
        let blob_urls = Arc::new(BlobUrlStore::default());
        let mut agent = self.agent.handle(io.handle()).blob_urls(blob_urls.clone());
        if self.page {
            agent = agent.settings(|settings| {
                settings.accept_language.get_or_insert(LANGUAGE.into());
            });
        }
        let census = Arc::<Census>::default();
        let (queue, tasks) = task_queue(census.clone());
        census.set_outermost(Some(queue.clone()));
        let cluster = Arc::new(Cluster::new(census, queue.clone(), self.max_workers));
        let reports = PageReports::new(cluster.clone(), queue.clone());
        let agent = agent.also_reports(Arc::new(reports)).build().map_err(Error::agent)?;
        let url = match self.base_url {
            Some(url) => url,
            None => Url::parse("file:///", None).expect("a valid URL"),
        };
        // Values of one header are joined.
        let endpoints = self.reporting_endpoints.join(", ");
        let endpoints = process_reporting_endpoints(endpoints.as_bytes(), &url)
            .map_err(|_| Error::reporting_endpoints())?;
        let page = match self.page {
            true => Some(make_page(&agent, &url, self.global, self.referrer_policy, &self.policies)?),
            false => None,
        };
        let deadline = self.time_limit.and_then(|limit| Instant::now().checked_add(limit));
        let ledger = Arc::<Ledger>::default();
        self.limits.bound(&ledger);
        let host = Host::new(Settings {
            queue,
            io: io.handle(),
            last_words: io.last_words(),
            agent,
            page,
            endpoints,
            url,
            blob_urls,
            ledger,
            printer: self.printer,
            stop: Arc::new(Stop::at(deadline)),
            cluster,
            limits: self.limits,
            worker: None,
        });
        self.limits.runtime(host, tasks, Some(io), self.global, self.module_loader)
    }
}

/// What a runtime may take, and each of its workers.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    max_memory: Option<usize>,
    max_stack: usize,
    reports: Duration,
}

impl Limits {
    pub(crate) fn bound(self, ledger: &Ledger) {
        if let Some(limit) = self.max_memory {
            ledger.set_limit(limit);
        }
    }

    /// How deep scripts may go, in bytes of the stack.
    pub(crate) fn max_stack(self) -> usize {
        self.max_stack
    }

    /// How long a report or a beacon may wait for its answer.
    pub(crate) fn reports(self) -> Duration {
        self.reports
    }

    /// A runtime within these limits, on this thread.
    pub(crate) fn runtime(
        self,
        host: Host,
        tasks: Tasks,
        io: Option<IoThread>,
        global: Global,
        loader: Rc<dyn ModuleLoader>,
    ) -> Result<Runtime, Error> {
        let Limits { max_memory, max_stack, .. } = self;
        widen_heap();
        let engine = rquickjs::Runtime::new().map_err(Error::engine)?;
        engine.set_max_stack_size(max_stack);
        engine.set_gc_threshold(COLLECT_AFTER.min(max_memory.unwrap_or(usize::MAX) / 2));
        // NB: to the engine, 0 is no limit.
        let heap = max_memory.map_or(0, |limit| limit.max(1));
        engine.set_memory_limit(heap);
        let stop = host.stop.clone();
        let is_over = move || stop.is_over();
        let beside: MakeEngine = Box::new(move || {
            let engine = rquickjs::Runtime::new()?;
            engine.set_max_stack_size(max_stack);
            engine.set_memory_limit(heap);
            engine.set_interrupt_handler(Some(Box::new(is_over.clone())));
            Ok(engine)
        });
        let modules = (loader, Parser::new(beside), max_stack / STACK_A_MODULE);
        Runtime::new(engine, host, tasks, io, global, modules)
    }
}

/// Takes what memory the prelude will need, and gives it back.
///
/// glibc's heap of a thread that is not the first grows page by page, a system call each, but never becomes smaller.
fn widen_heap() {
    const BLOCK: usize = 96 << 10; // what is larger may be no part of the heap
    const BLOCKS: usize = 20;
    std::hint::black_box([const { Vec::<u8>::new() }; BLOCKS].map(|_| Vec::<u8>::with_capacity(BLOCK)));
}

/// Who fetches.
fn make_page(
    agent: &UserAgent,
    url: &Url,
    global: Global,
    referrer_policy: Option<ReferrerPolicy>,
    policies: &[(Policy, String)],
) -> Result<Page, Error> {
    let mut builder = agent.page_builder(url.href()).worker(global == Global::Worker);
    if url.scheme() == "file" {
        builder = builder.origin(Origin::new_opaque());
    }
    if let Some(policy) = referrer_policy {
        builder = builder.referrer_policy(policy);
    }
    for (policy, value) in policies {
        builder = match policy {
            Policy::Csp => builder.csp(value),
            Policy::CspReportOnly => builder.csp_report_only(value),
            Policy::Integrity => builder.integrity_policy(value),
            Policy::IntegrityReportOnly => builder.integrity_policy_report_only(value),
            Policy::Permissions => builder.permissions_policy(value),
        };
    }
    builder.build().map_err(Error::agent)
}
