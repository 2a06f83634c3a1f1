//! [`Runtime`]: one global with its scripts, its event loop and its limits, on the thread that made it.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rquickjs::context::EvalOptions;
use rquickjs::{CatchResultExt, Context, Ctx, Function};
use sofetch::{Origin, Page, Url, UserAgent, UserAgentBuilder};

use crate::blob_urls::BlobUrlStore;
use crate::error::Error;
use crate::event_loop::{Task, Tasks, task_queue};
use crate::host::Host;
use crate::io_thread::IoThread;
use crate::printing::{Printer, StandardStreams};
use crate::realm;

/// Which global scripts find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Global {
    /// A window's, without a document.
    #[default]
    Window,
    /// A dedicated worker's.
    Worker,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nothing is left to do.
    Idle,
    /// The time limit came first.
    TimedOut,
}

/// Settings of a [`Runtime`].
pub struct RuntimeBuilder {
    agent: UserAgentBuilder,
    base_url: Option<Url>,
    global: Global,
    page: bool,
    max_memory: Option<usize>,
    time_limit: Option<Duration>,
    printer: Rc<dyn Printer>,
}

/// The stack that scripts may use. The thread needs some more than that.
const STACK_BYTES: usize = 4 << 20;

/// How long a loop waits before it looks for responses that nobody reads any more.
const PATIENCE: Duration = Duration::from_millis(20);

/// The stack of a thread that runs scripts, for who makes one.
pub const THREAD_STACK_BYTES: usize = 16 << 20;

impl RuntimeBuilder {
    /// The agent that scripts fetch with.
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

    /// The most bytes that the engine's heap may take; one more is an error that script can catch.
    pub fn max_memory(mut self, bytes: usize) -> RuntimeBuilder {
        self.max_memory = Some(bytes);
        self
    }

    /// How long the runtime may live. Then whatever runs is ended, and script cannot catch it.
    ///
    /// NB: what the engine does in one go, such as sorting a long array, is not interrupted.
    pub fn time_limit(mut self, limit: Duration) -> RuntimeBuilder {
        self.time_limit = Some(limit);
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
        let agent = self.agent.handle(io.handle()).blob_urls(blob_urls.clone());
        let agent = agent.build().map_err(Error::agent)?;
        let url = match self.base_url {
            Some(url) => url,
            None => Url::parse("file:///", None).expect("a valid URL"),
        };
        let page = make_page(&agent, &url, self.global, self.page)?;
        let (queue, tasks) = task_queue();
        let host = Host::new(queue, io.handle(), agent, page, url, blob_urls, self.printer);

        let engine = rquickjs::Runtime::new().map_err(Error::engine)?;
        engine.set_max_stack_size(STACK_BYTES);
        if let Some(limit) = self.max_memory {
            engine.set_memory_limit(limit);
            host.ledger.set_limit(limit);
        }
        let deadline = self.time_limit.and_then(|limit| Instant::now().checked_add(limit));
        host.deadline.set(deadline);
        if let Some(deadline) = deadline {
            engine.set_interrupt_handler(Some(Box::new(move || Instant::now() >= deadline)));
        }
        let context = Context::full(&engine).map_err(Error::engine)?;
        let rejected = Rc::new(Cell::new(false));
        let runtime =
            Runtime { context, engine, host, tasks, deadline, rejected, timers_are_next: true, collected_at: 0, _io: io };
        runtime.with(|ctx| realm::prepare(ctx, runtime.host.clone(), self.global))?;
        // NB: after the prelude, whose own promises are nobody's business.
        let noted = runtime.rejected.clone();
        runtime.engine.set_host_promise_rejection_tracker(Some(Box::new(
            move |ctx, promise, reason, handled| {
                noted.set(true);
                let told = Host::of(&ctx)
                    .hook(&ctx, "trackRejection")
                    .and_then(|hook| hook.call::<_, ()>((promise, reason, handled)));
                if told.is_err() {
                    ctx.catch();
                }
            },
        )));
        Ok(runtime)
    }
}

/// Who fetches.
fn make_page(agent: &UserAgent, url: &Url, global: Global, page: bool) -> Result<Option<Page>, Error> {
    if !page {
        return Ok(None);
    }
    let mut builder = agent.page_builder(url.href()).worker(global == Global::Worker);
    if url.scheme() == "file" {
        builder = builder.origin(Origin::new_opaque());
    }
    builder.build().map(Some).map_err(Error::agent)
}

/// A global with its scripts. It stays on the thread that made it; what it fetches goes on beside it.
pub struct Runtime {
    context: Context,
    engine: rquickjs::Runtime,
    host: Host,
    tasks: Tasks,
    deadline: Option<Instant>,
    /// Was a promise rejected, or a rejected one handled, since the last checkpoint?
    rejected: Rc<Cell<bool>>,
    timers_are_next: bool,
    /// How many bodies there had been when they were last collected.
    collected_at: u64,
    // Last, so that what is under way ends after all that waits for it.
    _io: IoThread,
}

impl Runtime {
    /// Settings: a window's global of a file page, an agent with the defaults, no limits.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder {
            agent: UserAgent::builder(),
            base_url: None,
            global: Global::Window,
            page: true,
            max_memory: None,
            time_limit: None,
            printer: Rc::new(StandardStreams),
        }
    }

    /// Runs a [classic script](https://html.spec.whatwg.org/#run-a-classic-script), and the microtasks after it. What it
    /// throws is reported to the global, as any page's script has it.
    ///
    /// # Errors
    /// Where the source has a NUL character, which the engine cannot read.
    pub fn run_script(&mut self, source: &str, name: &str) -> Result<(), Error> {
        if source.contains('\0') {
            return Err(Error::nul(name));
        }
        self.with(|ctx| {
            let mut options = EvalOptions::default();
            options.strict = false;
            options.filename = Some(name.to_owned());
            let result = ctx.eval_with_options::<rquickjs::Value<'_>, _>(source, options).map(|_| ());
            self.report(ctx, result);
            self.checkpoint(ctx);
            Ok(())
        })
    }

    /// Runs the [event loop](https://html.spec.whatwg.org/#event-loop-processing-model) until nothing is under way.
    pub fn run_until_idle(&mut self) -> Ending {
        self.with(|ctx| {
            self.checkpoint(ctx);
            Ok(())
        })
        .unwrap_or_default();
        loop {
            if self.is_over() {
                return Ending::TimedOut;
            }
            if !self.turn() {
                return if self.is_over() { Ending::TimedOut } else { Ending::Idle };
            }
        }
    }

    /// Did an exception or a rejection find no handler?
    pub fn has_failed(&self) -> bool {
        self.host.uncaught.get()
    }

    /// One task or timer, and the microtasks after it; waits for one. `false` where nothing will come.
    fn turn(&mut self) -> bool {
        if self.host.closing.get() {
            return false;
        }
        self.timers_are_next = !self.timers_are_next;
        let task = if self.timers_are_next { None } else { self.tasks.ready() };
        let task = match task {
            Some(task) => Some(task),
            None => {
                let due = self.host.timers.borrow_mut().take_due(Instant::now());
                if let Some(id) = due {
                    self.run_task(move |ctx| Host::of(ctx).hook(ctx, "fireTimer")?.call((id,)));
                    return true;
                }
                match self.tasks.ready() {
                    Some(task) => Some(task),
                    None if !self.host.is_alive() => return false,
                    None => self.wait(),
                }
            }
        };
        if let Some(task) = task {
            self.run_task(task);
        }
        true
    }

    /// Waits for a task, until the next timer is due.
    ///
    /// Whoever waits long may wait for a connection that a forgotten response holds: then it is time to collect.
    fn wait(&mut self) -> Option<Task> {
        let next = self.host.timers.borrow().next_at();
        let until = [next, self.deadline].into_iter().flatten().min();
        if self.host.held_bodies.get() > 0 && self.host.bodies_made.get() > self.collected_at {
            let patience = Instant::now() + PATIENCE;
            let task = self.tasks.next(Some(until.map_or(patience, |until| until.min(patience))));
            if task.is_some() || until.is_some_and(|until| until <= patience) {
                return task;
            }
            self.collected_at = self.host.bodies_made.get();
            self.engine.run_gc();
        }
        self.tasks.next(until)
    }

    fn run_task(&self, task: impl for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<()>) {
        self.host.task_number.set(self.host.task_number.get().wrapping_add(1));
        let _ = self.with(|ctx| {
            let result = task(ctx);
            self.report(ctx, result);
            self.checkpoint(ctx);
            Ok(())
        });
    }

    /// <https://html.spec.whatwg.org/#perform-a-microtask-checkpoint>, and the rejections that it leaves.
    fn checkpoint(&self, ctx: &Ctx<'_>) {
        while !self.is_over() && ctx.execute_pending_job() {}
        if self.rejected.take() {
            let result = self.host.hook(ctx, "notifyRejected").and_then(|hook| hook.call::<_, ()>(()));
            self.report(ctx, result);
        }
    }

    /// <https://html.spec.whatwg.org/#report-an-exception>
    fn report(&self, ctx: &Ctx<'_>, result: rquickjs::Result<()>) {
        let Err(error) = result else { return };
        if self.is_over() {
            ctx.catch();
            return;
        }
        let reported = if error.is_exception() {
            let thrown = ctx.catch();
            self.host
                .hook(ctx, "reportException")
                .and_then(|hook: Function<'_>| hook.call::<_, ()>((thrown,)))
        } else {
            Err(error)
        };
        if let Err(error) = reported {
            // The prelude itself failed, for want of memory say.
            self.host.uncaught.set(true);
            let caught = Err::<(), _>(error).catch(ctx);
            if let Err(error) = caught {
                self.host.printer.error(&format!("Uncaught {error}"));
            }
        }
    }

    fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    fn with<T>(&self, steps: impl FnOnce(&Ctx<'_>) -> Result<T, Error>) -> Result<T, Error> {
        self.context.with(|ctx| steps(&ctx))
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.engine.set_host_promise_rejection_tracker(None);
        self.context.with(|ctx| {
            self.host.clear();
            // Whoever comes back now finds no realm.
            let _ = ctx.remove_userdata::<Host>();
        });
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}
