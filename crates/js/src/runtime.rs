//! [`Runtime`]: one global with its scripts, its event loop and its limits, on the thread that made it.
//!
//! The file is longer than most because all that an embedding program calls is here.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rquickjs::promise::PromiseState;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Persistent, Promise};
use sofetch::Url;

use crate::error::Error;
use crate::event_loop::{Idled, Task, Tasks};
use crate::host::{Host, Shared};
use crate::interrupt::{Interrupt, interrupted};
use crate::io_thread::IoThread;
use crate::ledger;
use crate::microtasks;
use crate::modules::{self, ModuleLoader, Modules, Parser};
use crate::native_functions::{self, Value};
use crate::realm;
use crate::runtime_builder::RuntimeBuilder;
use crate::scripts;

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
    /// An [`Interrupt`] came first.
    Interrupted,
}

/// How long a loop waits before it looks for responses that nobody reads any more.
const PATIENCE: Duration = Duration::from_millis(20);

/// And before it looks again for ports that nobody has any more.
const PATIENCE_WITH_PORTS: Duration = Duration::from_millis(500);

/// A global with its scripts. It stays on the thread that made it; what it fetches goes on beside it.
pub struct Runtime {
    context: Context,
    pub(crate) engine: rquickjs::Runtime,
    pub(crate) host: Host,
    pub(crate) tasks: Tasks,
    modules: Modules,
    /// Was a promise rejected, or a rejected one handled, since the last checkpoint?
    rejected: Rc<Cell<bool>>,
    /// How many bodies there had been when they were last collected.
    collected_at: u64,
    /// The same for ports: the last task before, and when the next collection may be.
    collected_after: (u32, Instant),
    // Last, so that what is under way ends after all that waits for it.
    _io: Option<IoThread>,
}

impl Runtime {
    /// A realm on this engine.
    pub(crate) fn new(
        engine: rquickjs::Runtime,
        host: Host,
        tasks: Tasks,
        io: Option<IoThread>,
        global: Global,
        (loader, parser, deepest): (Rc<dyn ModuleLoader>, Parser, usize),
    ) -> Result<Runtime, Error> {
        let context = Context::full(&engine).map_err(Error::engine)?;
        let interrupted = context.with(|ctx| interrupted(&ctx, host.stop.clone()));
        engine.set_interrupt_handler(Some(interrupted));
        let modules = context.with(|ctx| {
            let modules =
                Modules::new(&ctx, host.ledger.clone(), loader, parser, deepest).map_err(Error::engine)?;
            let stored = ctx.store_userdata(modules.clone());
            stored.map_err(|_| Error::prelude("the realm has modules already".to_owned()))?;
            Ok(modules)
        })?;
        let runtime = Runtime {
            context,
            engine,
            host,
            tasks,
            modules,
            rejected: Rc::new(Cell::new(false)),
            collected_at: 0,
            collected_after: (u32::MAX, Instant::now()),
            _io: io,
        };
        let prepared = runtime.with(|ctx| realm::prepare(ctx, runtime.host.clone(), global));
        prepared.map_err(|error| if runtime.host.is_over() { Error::over() } else { error })?;
        // NB: after the prelude, whose modules no script can name.
        modules::set_loader(&runtime.engine);
        // NB: after the prelude, whose own promises are nobody's business.
        let noted = runtime.rejected.clone();
        runtime.engine.set_host_promise_rejection_tracker(Some(Box::new(move |ctx, promise, _, handled| {
            noted.set(true);
            Host::of(&ctx).track_rejection(&ctx, promise, handled);
        })));
        Ok(runtime)
    }

    /// Settings: a window's global of a file page, an agent with the defaults, no limits.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder::new()
    }

    /// Runs a [classic script](https://html.spec.whatwg.org/#run-a-classic-script), and the microtasks after it. What it
    /// throws is reported to the global, as any page's script has it. Stacks call it by this name.
    ///
    /// # Errors
    /// Where the limit or an [`Interrupt`] came before it began.
    pub fn run_script(&mut self, source: &str, name: &str) -> Result<(), Error> {
        self.begin(|runtime, ctx| {
            let result = scripts::evaluate(ctx, source, name).map(|_| ());
            runtime.report(ctx, result);
        })
    }

    /// Runs a [module script](https://html.spec.whatwg.org/#run-a-module-script) up to its first `await` outside of
    /// functions, and the microtasks after it; the rest of it is the event loop's. What it imports is loaded first: where that is
    /// fetched, the loop runs until it is there. What it throws is reported as a classic script's is. Where the name is a URL it is
    /// the module's (`import.meta.url`); else the page's is. A URL has one module: one that was imported or run before is not run
    /// again, whatever its source is now.
    ///
    /// # Errors
    /// As for a classic script; and where the source has a NUL character, with which the engine reads no module.
    pub fn run_module(&mut self, source: &str, name: &str) -> Result<(), Error> {
        if source.contains('\0') {
            return Err(Error::nul(name));
        }
        self.run_loaded(|modules, ctx| modules.run(ctx, source, name))
    }

    /// Fetches a [module script](https://html.spec.whatwg.org/#fetch-a-module-script-tree) as the page's own, and runs it as
    /// [`Runtime::run_module`] does. That there is none is reported as what it throws is.
    ///
    /// # Errors
    /// Where the limit or an [`Interrupt`] came before it began.
    pub fn run_module_url(&mut self, url: &Url) -> Result<(), Error> {
        self.run_loaded(|modules, ctx| modules.run_url(ctx, url))
    }

    /// Runs the loop until a module and all that it imports is there.
    pub(crate) fn run_loaded(&mut self, begin: impl FnOnce(&Modules, &Ctx<'_>) -> u64) -> Result<(), Error> {
        let mut load = None;
        self.begin(|runtime, ctx| load = Some(begin(&runtime.modules, ctx)))?;
        while load.is_some_and(|load| self.modules.is_loading(load)) && !self.host.is_over() && self.turn() {}
        Ok(())
    }

    /// Registers an [import map](https://html.spec.whatwg.org/#import-maps), of which relative URLs are relative to `base`, or to the
    /// page. What an earlier one says stays.
    ///
    /// # Errors
    /// Where the text is no import map, or a module was imported already.
    pub fn add_import_map(&mut self, text: &str, base: Option<&Url>) -> Result<(), Error> {
        let page = self.host.base_url();
        self.modules.add_import_map(text, base.unwrap_or(&page))
    }

    /// Says where the script of this name was loaded from: what it imports is relative to that.
    pub fn locate(&mut self, name: &str, url: Url) {
        self.modules.locate(name, url);
    }

    /// The value of an expression as `JSON.stringify()` has it; of a promise what it is fulfilled with, for which the event
    /// loop runs. Undefined is null.
    ///
    /// # Errors
    /// What it throws or is rejected with ([`Error::thrown`]); a value that JSON does not have; a promise that nothing
    /// under way can settle; the limit or an [`Interrupt`] that came first ([`Error::is_over`]).
    pub fn evaluate(&mut self, expression: &str) -> Result<serde_json::Value, Error> {
        if self.host.is_over() {
            return Err(Error::over());
        }
        // In parentheses `{}` is an object, and there is one expression.
        let source = format!("({expression}\n)");
        let promise = self.with(|ctx| {
            let value =
                scripts::evaluate(ctx, &source, "evaluate").map_err(|error| self.thrown(ctx, error))?;
            let promise = value.as_promise().cloned();
            let answer = match &promise {
                Some(promise) => {
                    // Its rejection is the caller's to know.
                    let handled = self
                        .host
                        .hook(ctx, "markHandled")
                        .and_then(|hook| hook.call::<_, ()>((promise.clone(),)));
                    handled.map_err(|error| self.thrown(ctx, error))?;
                    None
                }
                None => Some(self.json(ctx, value)),
            };
            self.checkpoint(ctx);
            match answer {
                Some(answer) => answer.map(Err),
                None => Ok(Ok(promise.map(|promise| Persistent::save(ctx, promise)))),
            }
        })?;
        match promise {
            Err(value) => Ok(value),
            Ok(promise) => self.settled(promise.expect("there is one where there is no value")),
        }
    }

    /// Runs the loop until the promise is settled.
    fn settled(&mut self, promise: Persistent<Promise<'static>>) -> Result<serde_json::Value, Error> {
        loop {
            let answer = self.with(|ctx| {
                let promise = promise.clone().restore(ctx).map_err(Error::engine)?;
                match promise.state() {
                    PromiseState::Pending => Ok(None),
                    _ => match promise.result::<rquickjs::Value<'_>>() {
                        Some(Ok(value)) => self.json(ctx, value).map(Some),
                        _ => Err(self.thrown(ctx, rquickjs::Error::Exception)),
                    },
                }
            })?;
            match answer {
                Some(value) => return Ok(value),
                None if self.host.is_over() => return Err(Error::over()),
                None if self.turn() => {}
                None if self.host.is_over() => return Err(Error::over()),
                None => return Err(Error::unsettled()),
            }
        }
    }

    fn json<'js>(&self, ctx: &Ctx<'js>, value: rquickjs::Value<'js>) -> Result<serde_json::Value, Error> {
        if value.is_undefined() {
            return Ok(serde_json::Value::Null);
        }
        let said = native_functions::to_json(ctx, value);
        said.map_err(|error| match self.thrown(ctx, error) {
            error if error.is_over() => error,
            error => Error::not_json(error.to_string()),
        })
    }

    /// What was thrown, in words.
    pub(crate) fn thrown(&self, ctx: &Ctx<'_>, error: rquickjs::Error) -> Error {
        if !error.is_exception() {
            return Error::engine(error);
        }
        let thrown = ctx.catch();
        if self.host.is_over() {
            return Error::over();
        }
        let described = self.host.hook(ctx, "describeException").and_then(|hook| hook.call((thrown,)));
        match described {
            Ok(words) => Error::of_thrown(words),
            Err(error) => {
                ctx.catch();
                Error::engine(error)
            }
        }
    }

    /// Gives the global a function of the program's own; workers have none. Arguments that no [`Value`] can be made of (a symbol, a function,
    /// a cycle) are a `TypeError`; an answer of `Err` is an `Error` with these words.
    ///
    /// # Errors
    /// Where the global has a property of this name that cannot be set, or there is no memory.
    pub fn define(
        &mut self,
        name: &str,
        function: impl Fn(&[Value]) -> Result<Value, String> + 'static,
    ) -> Result<(), Error> {
        self.with(|ctx| {
            let function = native_functions::function(ctx, name, function);
            let set = function.and_then(|function| ctx.globals().set(name, function));
            set.map_err(|error| self.thrown(ctx, error))
        })
    }

    /// The same for what takes time: scripts get a promise of what the future answers, and the loop lives until then. The
    /// future runs beside the scripts, where the agent's sockets are served: it must not block.
    ///
    /// # Errors
    /// As [`Runtime::define`].
    pub fn define_async<F>(
        &mut self,
        name: &str,
        function: impl Fn(&[Value]) -> F + 'static,
    ) -> Result<(), Error>
    where
        F: Future<Output = Result<Value, String>> + Send + 'static,
    {
        self.with(|ctx| {
            let function = native_functions::function_later(ctx, name, function);
            let set = function.and_then(|function| ctx.globals().set(name, function));
            set.map_err(|error| self.thrown(ctx, error))
        })
    }

    /// What ends this runtime's scripts from another thread.
    pub fn interrupt_handle(&self) -> Interrupt {
        Interrupt::new(self.host.stop.clone(), self.host.queue.clone())
    }

    /// Runs the [event loop](https://html.spec.whatwg.org/#event-loop-processing-model) until nothing is under way, here or in a worker.
    /// Then the workers are ended: the most that waits for is two seconds, where native code keeps one.
    pub fn run_until_idle(&mut self) -> Ending {
        self.with(|ctx| {
            self.checkpoint(ctx);
            Ok(())
        })
        .unwrap_or_default();
        self.run_loop();
        let ending = self.ending();
        self.end_workers();
        ending
    }

    /// Runs the loop until it ends.
    pub(crate) fn run_loop(&mut self) {
        while !self.host.is_over() && self.turn() {}
    }

    pub(crate) fn end_workers(&self) {
        self.host.children.end();
        if self.host.worker.is_none() {
            self.host.print_lines();
        }
    }

    pub(crate) fn ending(&self) -> Ending {
        match self.host.is_over() {
            false => Ending::Idle,
            true if self.host.stop.is_stopped() => Ending::Interrupted,
            true => Ending::TimedOut,
        }
    }

    /// Begins a script, if there is time left for one, and runs the microtasks after it.
    pub(crate) fn begin(&self, steps: impl FnOnce(&Runtime, &Ctx<'_>)) -> Result<(), Error> {
        if self.host.is_over() {
            return Err(Error::over());
        }
        self.with(|ctx| {
            steps(self, ctx);
            self.checkpoint(ctx);
            Ok(())
        })
    }

    /// Did an exception or a rejection find no handler, here or in a worker?
    pub fn has_failed(&self) -> bool {
        self.host.cluster.is_uncaught()
    }

    /// One task or timer, and the microtasks after it; waits for one. `false` where nothing will come.
    pub(crate) fn turn(&mut self) -> bool {
        if self.host.closing.get() {
            return false;
        }
        let now = Instant::now();
        let due = self.host.timers.borrow().next_at().filter(|due| *due <= now);
        let older = due.filter(|due| self.tasks.ready_since().is_none_or(|since| *due < since));
        if let Some(id) = older.and_then(|_| self.host.timers.borrow_mut().take_due(now)) {
            self.run_task(move |ctx| Host::of(ctx).hook(ctx, "fireTimer")?.call((id,)));
            return true;
        }
        let task = match self.tasks.ready() {
            Some(task) => Some(task),
            None if !self.host.is_alive() => match self.idle() {
                Idled::Task(task) => Some(task),
                Idled::Time => None,
                Idled::Over => return false,
            },
            None => self.wait(),
        };
        if let Some(task) = task {
            self.run_task(task);
        }
        true
    }

    /// Waits for a task, until the next timer is due.
    ///
    /// Whoever waits long may wait for a connection that a forgotten response holds, or for the end of a port that nobody has any more:
    /// then it is time to collect.
    fn wait(&mut self) -> Option<Task> {
        let next = self.host.timers.borrow().next_at();
        let until = [next, self.host.stop.deadline()].into_iter().flatten().min();
        if let Some(patience) = self.patience() {
            let task = self.tasks.next(Some(until.map_or(patience, |until| until.min(patience))));
            if task.is_some() || until.is_some_and(|until| until <= patience) {
                return task;
            }
            self.collect();
            // What was collected may have something to say.
            if let Some(task) = self.tasks.ready() {
                return Some(task);
            }
        }
        self.tasks.next(until)
    }

    /// When it is time to collect, if it will be.
    fn patience(&self) -> Option<Instant> {
        let host = &self.host;
        let now = Instant::now();
        if host.held_bodies.get() > 0 && host.bodies_made.get() > self.collected_at {
            return Some(now + PATIENCE);
        }
        let (task, again_at) = self.collected_after;
        let may_be_gone = host.close_awaited.get() > 0 && host.task_number.get() != task;
        may_be_gone.then(|| again_at.max(now + PATIENCE))
    }

    fn collect(&mut self) {
        self.collected_at = self.host.bodies_made.get();
        self.engine.run_gc();
        if self.host.close_awaited.get() > 0 {
            // The prelude is told in microtasks.
            self.run_task(|_| Ok(()));
            self.collected_after = (self.host.task_number.get(), Instant::now() + PATIENCE_WITH_PORTS);
        }
    }

    /// Waits where nothing is under way here: for others, who may have something for this loop yet.
    fn idle(&mut self) -> Idled {
        let next = self.host.timers.borrow().next_at();
        let until = [next, self.host.stop.deadline()].into_iter().flatten().min();
        // As in `wait()`: another realm may wait for the connection.
        let patience = self.patience();
        let host = &self.host;
        let idled = self.tasks.idle([until, patience].into_iter().flatten().min(), || match &host.worker {
            _ if host.is_over() => true,
            Some(worker) => worker.tether.is_unreachable() && host.children.is_empty(),
            None => host.cluster.census.is_idle(),
        });
        if matches!(idled, Idled::Over) && host.worker.is_none() && !host.is_over() {
            // NB: who has ended meanwhile may have given others something to do, too: then all are asked again.
            let has_waited = host.cluster.wait_for_ending(&host.stop);
            return if host.queue.is_empty() && !has_waited { Idled::Over } else { Idled::Time };
        }
        if matches!(idled, Idled::Time) && patience.is_some_and(|patience| patience <= Instant::now()) {
            self.collect();
        }
        idled
    }

    pub(crate) fn run_task(&self, task: impl for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<()>) {
        self.host.task_number.set(self.host.task_number.get().wrapping_add(1));
        self.host.in_task.store(true, Ordering::Relaxed);
        let _ = self.with(|ctx| {
            ledger::share(ctx);
            let result = task(ctx);
            self.report(ctx, result);
            self.checkpoint(ctx);
            Ok(())
        });
        self.host.in_task.store(false, Ordering::Relaxed);
    }

    /// <https://html.spec.whatwg.org/#perform-a-microtask-checkpoint>, and the rejections that it leaves.
    pub(crate) fn checkpoint(&self, ctx: &Ctx<'_>) {
        while !self.host.is_over() {
            match microtasks::perform(ctx) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => self.report(ctx, Err(error)),
            }
        }
        if self.rejected.take() {
            let told = self.host.tell_rejections(ctx);
            let result = told.and_then(|()| self.host.hook(ctx, "notifyRejected")?.call::<_, ()>(()));
            self.report(ctx, result);
        }
    }

    /// <https://html.spec.whatwg.org/#report-an-exception>
    pub(crate) fn report(&self, ctx: &Ctx<'_>, result: rquickjs::Result<()>) {
        let Err(error) = result else { return };
        if self.host.is_over() {
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
            self.host.cluster.set_uncaught();
            match Err::<(), _>(error).catch(ctx) {
                // What the engine throws where there is no room for an error either.
                Err(CaughtError::Value(value)) if value.is_null() => {
                    self.host.printer.error("Uncaught InternalError: out of memory");
                }
                Err(error) => self.host.printer.error(&format!("Uncaught {error}")),
                Ok(()) => {}
            }
        }
    }

    /// What is held after a collection: bytes of the ledger, and bodies of the network.
    #[cfg(test)]
    pub(crate) fn held(&self) -> (u64, usize) {
        // What a cycle holds may be freed with the next.
        self.engine.run_gc();
        self.engine.run_gc();
        (self.host.ledger.held(), self.host.held_bodies.get())
    }

    /// How many workers there are.
    #[cfg(test)]
    pub(crate) fn workers(&self) -> usize {
        self.host.cluster.workers()
    }

    pub(crate) fn with<T>(&self, steps: impl FnOnce(&Ctx<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let done = self.context.with(|ctx| steps(&ctx));
        if let Some(panic) = self.host.panic.take() {
            std::panic::resume_unwind(panic);
        }
        done
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // NB: first, so that who holds a connection and learns that its object is gone knows why.
        self.host.going.send_replace(true);
        self.send_deferred();
        self.end_workers();
        let Shared { cluster, blob_urls, realm, worker, outbox, .. } = &*self.host;
        cluster.channels.close_all(*realm);
        match worker {
            None => {
                cluster.census.set_outermost(None);
                outbox.send_the_rest(&self.host);
            }
            Some(worker) => {
                outbox.leave_to(worker.owner.queue());
                blob_urls.remove_realm(*realm);
            }
        }
        self.engine.set_host_promise_rejection_tracker(None);
        self.context.with(|ctx| {
            self.host.clear();
            self.modules.clear();
            // Whoever comes back now finds no realm.
            let _ = (ctx.remove_userdata::<Host>(), ctx.remove_userdata::<Modules>());
        });
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}
