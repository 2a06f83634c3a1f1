//! [`Host`]: what the ops of one realm share: the loop's queue, promises still to be settled, the agent and its page.
//!
//! Longer than most, because each of its parts is a field with a line on what it is, and what settles a promise belongs to it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rquickjs::{
    ArrayBuffer, Ctx, Exception, Function, IntoJs, JsLifetime, Object, Persistent, Promise, Result, Value,
};
use sofetch::core::infrastructure::reports::Endpoint;
use sofetch::{Origin, Page, Url, UserAgent};
use tokio::sync::watch;

use crate::blob_urls::{BlobUrlStore, Imported};
use crate::event_loop::{TaskQueue, Timers};
use crate::handles::Handle;
use crate::ledger::{Ledger, is_memory_short};
use crate::ops::{Outbox, Unseen};
use crate::printing::Printer;
use crate::runtime_builder::Limits;
use crate::throwing::{throw_range, throw_type};
use crate::workers::stop::Stop;
use crate::workers::{Children, Cluster, Owner, Tether};

/// What a realm's ops know. Each op takes it from the context.
#[derive(Clone)]
pub(crate) struct Host(Rc<Shared>);

pub(crate) struct Shared {
    pub(crate) queue: TaskQueue,
    pub(crate) io: tokio::runtime::Handle,
    /// Does the realm end?
    pub(crate) going: watch::Sender<bool>,
    /// What has still something to say then holds a receiver of it: the io thread waits for that.
    pub(crate) last_words: Arc<watch::Sender<bool>>,
    /// Reports on their way to the page's endpoints.
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) agent: UserAgent,
    /// The page that the scripts are of; `None` fetches on the user's own behalf.
    pub(crate) page: Option<Page>,
    /// The global's URL.
    pub(crate) url: Url,
    /// The agent's, too.
    pub(crate) blob_urls: Arc<BlobUrlStore>,
    pub(crate) imported: Imported,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) printer: Rc<dyn Printer>,
    /// What ends the runtime.
    pub(crate) stop: Arc<Stop>,
    /// What it shares with the workers of its page.
    pub(crate) cluster: Arc<Cluster>,
    /// The number of the realm among them.
    pub(crate) realm: u64,
    pub(crate) limits: Limits,
    /// The workers that it made.
    pub(crate) children: Children,
    /// What a worker's realm has beside.
    pub(crate) worker: Option<Worker>,
    /// The moment that the realm's times count from.
    pub(crate) time_origin: Cell<Instant>,
    /// So many nanoseconds the agent's clock is ahead of the realm's; known from the first fetch on.
    clock_lead: Cell<Option<i128>>,
    pub(crate) timers: RefCell<Timers>,
    /// Does a task run? Other threads may ask.
    pub(crate) in_task: Arc<AtomicBool>,
    /// What fetches reported and no script has looked at.
    pub(crate) unseen_timings: RefCell<Unseen>,
    /// How many bytes of bodies are under way in requests that outlive the page.
    pub(crate) keepalive_bytes: Arc<AtomicU64>,
    /// Bodies of responses that script still holds, and how many there ever were.
    pub(crate) held_bodies: Cell<usize>,
    pub(crate) bodies_made: Cell<u64>,
    /// How many ports somebody waits for the `close` of.
    pub(crate) close_awaited: Cell<usize>,
    /// Is the page's document not fully active any more?
    pub(crate) left: Cell<bool>,
    /// <https://html.spec.whatwg.org/#dom-workerglobalscope-closing>: no further task is run.
    pub(crate) closing: Cell<bool>,
    /// How many tasks were begun: which one runs.
    pub(crate) task_number: Cell<u32>,
    /// Promises that were rejected (or handled, after all) where there was no stack or memory left to tell the prelude.
    untold: RefCell<Vec<(Persistent<Value<'static>>, Rejection)>>,
    /// What the embedding program panicked with while script ran.
    pub(crate) panic: Cell<Option<Box<dyn Any + Send>>>,
    /// The prelude's own functions, by the names that the loop calls them by.
    hooks: RefCell<HashMap<String, Persistent<Function<'static>>>>,
    settlers: RefCell<HashMap<u64, Settler>>,
    next: Cell<u64>,
    /// How many things under way keep the loop alive.
    pub(crate) under_way: Cell<usize>,
}

/// What the engine tells of a promise.
#[derive(Clone, Copy)]
enum Rejection {
    Handled,
    Unhandled,
    /// For want of memory: the engine throws null where there is none for an error.
    OutOfMemory,
}

/// What the realm of a worker knows of itself.
pub(crate) struct Worker {
    pub(crate) tether: Arc<Tether>,
    pub(crate) owner: Owner,
    pub(crate) is_module: bool,
}

/// What a host is made of.
pub(crate) struct Settings {
    pub(crate) queue: TaskQueue,
    pub(crate) io: tokio::runtime::Handle,
    pub(crate) last_words: Arc<watch::Sender<bool>>,
    pub(crate) agent: UserAgent,
    pub(crate) page: Option<Page>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) url: Url,
    pub(crate) blob_urls: Arc<BlobUrlStore>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) printer: Rc<dyn Printer>,
    pub(crate) stop: Arc<Stop>,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) limits: Limits,
    pub(crate) worker: Option<Worker>,
}

/// How a promise is settled.
struct Settler {
    resolve: Persistent<Function<'static>>,
    reject: Persistent<Function<'static>>,
    keeps_alive: bool,
}

// SAFETY: what is within outlives every context: values of JavaScript are persistent, and cleared before the runtime goes.
#[allow(unsafe_code)]
unsafe impl<'js> JsLifetime<'js> for Host {
    type Changed<'to> = Host;
}

impl std::ops::Deref for Host {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Host {
    pub(crate) fn new(settings: Settings) -> Host {
        let Settings {
            queue, io, last_words, agent, page, endpoints, url, blob_urls, ledger, printer, ..
        } = settings;
        let Settings { stop, cluster, limits, worker, .. } = settings;
        ledger.set_scripts(queue.clone());
        Host(Rc::new(Shared {
            queue,
            io,
            going: watch::Sender::new(false),
            last_words,
            outbox: Arc::new(Outbox::new(endpoints)),
            agent,
            page,
            url,
            blob_urls,
            imported: Imported::default(),
            ledger,
            printer,
            stop,
            realm: cluster.next_realm(),
            cluster,
            limits,
            children: worker.as_ref().map(|worker| Children::of(&worker.tether)).unwrap_or_default(),
            worker,
            time_origin: Cell::new(Instant::now()),
            clock_lead: Cell::new(None),
            timers: RefCell::default(),
            in_task: Arc::default(),
            unseen_timings: RefCell::default(),
            keepalive_bytes: Arc::default(),
            held_bodies: Cell::new(0),
            bodies_made: Cell::new(0),
            close_awaited: Cell::new(0),
            left: Cell::new(false),
            closing: Cell::new(false),
            task_number: Cell::new(0),
            untold: RefCell::default(),
            panic: Cell::default(),
            hooks: RefCell::default(),
            settlers: RefCell::default(),
            next: Cell::new(0),
            under_way: Cell::new(0),
        }))
    }

    /// The host of the realm that runs.
    pub(crate) fn of(ctx: &Ctx<'_>) -> Host {
        ctx.userdata::<Host>().expect("a realm is made with its host").clone()
    }

    /// Is the runtime's time over, or was it interrupted?
    pub(crate) fn is_over(&self) -> bool {
        self.stop.is_over()
    }

    /// <https://html.spec.whatwg.org/#concept-settings-object-origin>
    pub(crate) fn origin(&self) -> Origin {
        self.blob_urls.origin(self.page.as_ref(), &self.url)
    }

    /// Prints what workers printed.
    pub(crate) fn print_lines(&self) {
        self.cluster.lines.print(&*self.printer);
    }

    /// So many nanoseconds the agent's clock is ahead of the realm's.
    ///
    /// NB: both are coarsened, to 100 microseconds. That what is before stays before, they have to be so by the same steps: at the
    /// first look the realm's clock goes on by less than one.
    pub(crate) fn clock_lead(&self) -> i128 {
        const STEP: i128 = 100_000;
        if let Some(lead) = self.clock_lead.get() {
            return lead;
        }
        let Ok(agent_origin) = self.agent.time_origin() else { return 0 };
        let origin = self.time_origin.get();
        let nanoseconds = |duration: Duration| duration.as_nanos() as i128;
        let ahead = nanoseconds(origin.saturating_duration_since(agent_origin))
            - nanoseconds(agent_origin.saturating_duration_since(origin));
        let part = ahead.rem_euclid(STEP);
        if let Some(origin) = origin.checked_sub(Duration::from_nanos(part as u64)) {
            self.time_origin.set(origin);
        }
        self.clock_lead.set(Some(ahead - part));
        ahead - part
    }

    /// How many functions wait to be called.
    #[cfg(test)]
    pub(crate) fn waits(&self) -> usize {
        self.settlers.borrow().len()
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.under_way.get() > 0 || self.timers.borrow().keep_alive()
    }

    /// <https://html.spec.whatwg.org/#api-base-url>
    pub(crate) fn base_url(&self) -> Url {
        self.page.as_ref().map_or(&self.url, Page::base_url).clone()
    }

    /// <https://html.spec.whatwg.org/#encoding-parsing-a-url>, relative to the settings object.
    pub(crate) fn parse_url(&self, said: &str) -> Option<Url> {
        let base = self.page.as_ref().map_or(&self.url, Page::base_url);
        Url::parse(said, Some(base)).ok().map(|url| self.blob_urls.with_entry(url))
    }

    /// Values of JavaScript must not outlive the runtime.
    pub(crate) fn clear(&self) {
        self.hooks.take();
        self.settlers.take();
        self.untold.take();
    }

    pub(crate) fn set_hooks<'js>(&self, ctx: &Ctx<'js>, hooks: &Object<'js>) -> Result<()> {
        for property in hooks.props::<String, Function<'js>>() {
            let (name, function) = property?;
            self.hooks.borrow_mut().insert(name, Persistent::save(ctx, function));
        }
        Ok(())
    }

    /// One of the prelude's own functions.
    pub(crate) fn hook<'js>(&self, ctx: &Ctx<'js>, name: &str) -> Result<Function<'js>> {
        let hook = self.hooks.borrow().get(name).cloned();
        match hook {
            Some(hook) => hook.restore(ctx),
            None => Err(Exception::throw_internal(ctx, "the prelude has no such hook")),
        }
    }

    /// <https://html.spec.whatwg.org/#the-hostpromiserejectiontracker-implementation>, which the engine calls wherever it is.
    pub(crate) fn track_rejection<'js>(&self, ctx: &Ctx<'js>, promise: Value<'js>, handled: bool) {
        let rejection = match handled {
            true => Rejection::Handled,
            // NB: script may reject with null, too.
            false if is_rejected_with_null(&promise) && is_memory_short(ctx) => Rejection::OutOfMemory,
            false => Rejection::Unhandled,
        };
        // NB: one after the other: who was rejected first and handled then is not told so the other way round.
        if self.untold.borrow().is_empty() {
            match self.tell_rejection(ctx, promise.clone(), rejection) {
                Ok(()) => return,
                Err(_) => drop(ctx.catch()),
            }
        }
        self.untold.borrow_mut().push((Persistent::save(ctx, promise), rejection));
    }

    /// Tells the prelude what it could not be told where it happened.
    pub(crate) fn tell_rejections(&self, ctx: &Ctx<'_>) -> Result<()> {
        for (promise, rejection) in self.untold.take() {
            self.tell_rejection(ctx, promise.restore(ctx)?, rejection)?;
        }
        Ok(())
    }

    /// Those are nobody's business.
    pub(crate) fn forget_rejections(&self) {
        self.untold.take();
    }

    fn tell_rejection<'js>(&self, ctx: &Ctx<'js>, promise: Value<'js>, rejection: Rejection) -> Result<()> {
        let handled = matches!(rejection, Rejection::Handled);
        let out_of_memory = matches!(rejection, Rejection::OutOfMemory);
        self.hook(ctx, "trackRejection")?.call((promise, handled, out_of_memory))
    }
}

fn is_rejected_with_null(promise: &Value<'_>) -> bool {
    let result = promise.as_promise().and_then(|promise| promise.result::<Value<'_>>());
    matches!(result, Some(Err(_))) && promise.ctx().catch().is_null()
}

/// Calls the embedding program while script runs. NB: no panic of its may go through the engine; it goes on where the program called
/// the runtime, whatever script made of the error in its place.
pub(crate) fn call_program<T>(ctx: &Ctx<'_>, steps: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(steps)).map_err(|panic| {
        Host::of(ctx).panic.set(Some(panic));
        Exception::throw_internal(ctx, "the program panicked")
    })
}

/// What came of something that took time: a plain value, or what is thrown.
pub(crate) type Outcome = std::result::Result<Plain, Thrown>;

/// A value on its way from another thread into a realm.
pub(crate) enum Plain {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    /// An ArrayBuffer.
    /// In the engine's own memory, which its limit counts.
    Bytes(Bytes),
    /// What this text of JSON says.
    Json(String),
    /// Made on the thread that runs script, as handles never leave it.
    Handle(Box<dyn FnOnce() -> Handle + Send>),
}

impl<'js> IntoJs<'js> for Plain {
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        match self {
            Plain::Undefined => Ok(Value::new_undefined(ctx.clone())),
            Plain::Null => Ok(Value::new_null(ctx.clone())),
            Plain::Bool(value) => value.into_js(ctx),
            Plain::Number(value) => value.into_js(ctx),
            Plain::Text(text) => text.into_js(ctx),
            Plain::Bytes(bytes) => ArrayBuffer::new_copy(ctx.clone(), &bytes)?.into_js(ctx),
            Plain::Json(text) => ctx.json_parse(text),
            Plain::Handle(make) => make().into_js(ctx),
        }
    }
}

/// What an op throws, or its promise is rejected with.
#[derive(Clone, Debug)]
pub(crate) enum Thrown {
    Error(String),
    Type(String),
    Range(String),
    /// A `DOMException` of this name.
    Dom(&'static str, String),
}

impl Thrown {
    /// Throws it.
    pub(crate) fn throw(&self, ctx: &Ctx<'_>) -> rquickjs::Error {
        match self {
            Thrown::Error(message) => Exception::throw_message(ctx, message),
            Thrown::Type(message) => throw_type(ctx, message),
            Thrown::Range(message) => throw_range(ctx, message),
            Thrown::Dom(name, message) => Exception::throw_dom(ctx, name, message),
        }
    }
}

/// A promise of what `future` comes to, which runs beside the scripts. The loop lives until then.
pub(crate) fn promise<'js>(
    ctx: &Ctx<'js>,
    future: impl Future<Output = Outcome> + Send + 'static,
) -> Result<Promise<'js>> {
    settled_by(ctx, future, true)
}

/// As [`promise`], for who needs no promise: one of two functions is called, in the task itself.
pub(crate) fn call_back<'js>(
    ctx: &Ctx<'js>,
    fulfilled: Function<'js>,
    rejected: Function<'js>,
    future: impl Future<Output = Outcome> + Send + 'static,
) {
    settle_with(ctx, fulfilled, rejected, future, true);
}

/// As [`call_back`], of what the loop does not live for.
pub(crate) fn call_back_on_the_side<'js>(
    ctx: &Ctx<'js>,
    called: Function<'js>,
    future: impl Future<Output = Outcome> + Send + 'static,
) {
    settle_with(ctx, called.clone(), called, future, false);
}

/// As [`promise`], of what the loop does not live for.
pub(crate) fn promise_on_the_side<'js>(
    ctx: &Ctx<'js>,
    future: impl Future<Output = Outcome> + Send + 'static,
) -> Result<Promise<'js>> {
    settled_by(ctx, future, false)
}

fn settled_by<'js>(
    ctx: &Ctx<'js>,
    future: impl Future<Output = Outcome> + Send + 'static,
    keeps_alive: bool,
) -> Result<Promise<'js>> {
    let (promise, resolve, reject) = ctx.promise()?;
    settle_with(ctx, resolve, reject, future, keeps_alive);
    Ok(promise)
}

fn settle_with<'js>(
    ctx: &Ctx<'js>,
    resolve: Function<'js>,
    reject: Function<'js>,
    future: impl Future<Output = Outcome> + Send + 'static,
    keeps_alive: bool,
) {
    let host = Host::of(ctx);
    let id = host.next.get();
    host.next.set(id + 1);
    let settler = Settler {
        resolve: Persistent::save(ctx, resolve),
        reject: Persistent::save(ctx, reject),
        keeps_alive,
    };
    host.settlers.borrow_mut().insert(id, settler);
    host.under_way.set(host.under_way.get() + usize::from(keeps_alive));
    let mut settling = Settling { queue: host.queue.clone(), id, outcome: None };
    host.io.spawn(async move {
        settling.has(future.await);
    });
}

/// Queues the task that settles a promise, also where its future was dropped with its runtime.
struct Settling {
    queue: TaskQueue,
    id: u64,
    outcome: Option<Outcome>,
}

impl Settling {
    fn has(&mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }
}

impl Drop for Settling {
    fn drop(&mut self) {
        let id = self.id;
        let outcome = self.outcome.take();
        self.queue.queue(move |ctx| settle(ctx, id, outcome));
    }
}

fn settle(ctx: &Ctx<'_>, id: u64, outcome: Option<Outcome>) -> Result<()> {
    let host = Host::of(ctx);
    let Some(Settler { resolve, reject, keeps_alive }) = host.settlers.borrow_mut().remove(&id) else {
        return Ok(());
    };
    host.under_way.set(host.under_way.get() - usize::from(keeps_alive));
    // Scripts of a page that was left do nothing more.
    if host.left.get() {
        return Ok(());
    }
    let outcome =
        outcome.unwrap_or_else(|| Err(Thrown::Dom("AbortError", "The operation was given up.".into())));
    match outcome.map(|plain| plain.into_js(ctx)) {
        Ok(Ok(value)) => resolve.restore(ctx)?.call((value,)),
        Ok(Err(error)) if error.is_exception() => reject.restore(ctx)?.call((ctx.catch(),)),
        Ok(Err(error)) => Err(error),
        Err(thrown) => {
            thrown.throw(ctx);
            reject.restore(ctx)?.call((ctx.catch(),))
        }
    }
}
