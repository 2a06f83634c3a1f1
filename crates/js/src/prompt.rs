//! A prompt: entries of a person, one after the other, in the global of a [`Runtime`].
//!
//! An [`EntryReader`] says whether a text is whole and makes an [`Entry`] of it, on whichever thread the person types;
//! [`Runtime::enter`] runs it and gives its value as text. Between entries [`Runtime::run_until_woken`] does what is under way, until
//! a [`Waker`] says that there is another. Unlike a script, an entry
//!
//! - may have `await` outside of functions, and `import` declarations at its beginning;
//! - may declare again what an earlier one declared with `let`, `const` or `class`;
//! - is an object, not a block, where it could be either;
//! - leaves its value in `_`, and what it threw in `_error`.

mod completing;
mod declarations;
mod imports;
mod parsing;
mod scanning;
mod statements;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rquickjs::promise::PromiseState;
use rquickjs::{Ctx, Object, Persistent, Promise, Value, qjs};

use crate::error::Error;
use crate::event_loop::TaskQueue;
use crate::interrupt::drop_microtasks;
use crate::runtime::Runtime;
use crate::scripts;
use crate::values::Text;
use crate::workers::stop::Stop;
use parsing::{Goal, Parser};
use scanning::Scanner;

/// What an [`EntryReader`] makes of a text.
#[derive(Clone, Debug)]
pub enum Read {
    /// There is nothing in it but blanks.
    Nothing,
    /// It ends too early: more makes an entry of it.
    More,
    /// It is an entry, if only one that throws a `SyntaxError`.
    Entry(Entry),
}

/// A text that can be run.
#[derive(Clone, Debug)]
pub struct Entry {
    name: String,
    /// As it was typed.
    text: String,
    /// As it is run, once what it declares has its place.
    source: String,
    goal: Goal,
    variables: Vec<String>,
    constants: Vec<String>,
}

impl Entry {
    /// What stacks call it by, and [`Runtime::locate`] takes: `entry-1` and so on.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Reads what is typed, by the engine's own parser.
pub struct EntryReader {
    parser: Parser,
    count: u64,
    /// What was read last and wants more.
    unfinished: Option<Unfinished>,
}

/// A text that ends too early.
struct Unfinished {
    text: String,
    scanner: Scanner,
    /// How long it was when the parser read it.
    read_at: usize,
}

/// What a text is.
enum Examined {
    More,
    /// With what it is run as.
    Whole {
        source: String,
        goal: Goal,
    },
    Wrong(Goal),
}

impl EntryReader {
    /// An engine for it, which stays on this thread.
    ///
    /// # Errors
    /// Where there is no memory.
    pub fn new() -> Result<EntryReader, Error> {
        Ok(EntryReader { parser: Parser::new()?, count: 0, unfinished: None })
    }

    /// What is typed so far. Where that is what was read last and further lines, no more than these are looked at as long as it
    /// surely wants more; of a long text, a mistake before its end may then be told later.
    pub fn read(&mut self, text: &str) -> Read {
        if text.trim().is_empty() {
            return Read::Nothing;
        }
        let mut unfinished = match self.unfinished.take() {
            Some(unfinished) if goes_on(&unfinished.text, text) => unfinished,
            _ => Unfinished { text: String::new(), scanner: Scanner::new(), read_at: 0 },
        };
        unfinished.scanner.go_on(text);
        let length = unfinished.text.len();
        unfinished.text.push_str(&text[length..]);
        if !unfinished.scanner.is_open() || statements::is_due(text.len(), unfinished.read_at) {
            match self.examined(text) {
                Examined::More => unfinished.read_at = text.len(),
                Examined::Whole { source, goal } => return self.entry(text, source, goal),
                // The engine says what is wrong with it.
                Examined::Wrong(goal) => return self.entry(text, text.to_owned(), goal),
            }
        }
        self.unfinished = Some(unfinished);
        Read::More
    }

    fn examined(&self, text: &str) -> Examined {
        let source = match imports::dynamic(text) {
            imports::Imports::EndsTooEarly => return Examined::More,
            imports::Imports::Dynamic(source) => source,
            imports::Imports::None => text.to_owned(),
        };
        let is_object = source.trim_start().starts_with('{') && !source.trim_end().ends_with(';');
        let object = is_object.then(|| format!("({source}\n)"));
        if let Some((object, goal)) = object.and_then(|object| self.goal(&object).map(|goal| (object, goal)))
        {
            return Examined::Whole { source: object, goal };
        }
        if let Some(goal) = self.goal(&source) {
            return Examined::Whole { source, goal };
        }
        let goals = goals(&source);
        let is_early = |source: &str| goals.iter().any(|goal| self.parser.ends_too_early(source, *goal));
        if is_early(&source) || is_object && is_early(&format!("({source}")) {
            return Examined::More;
        }
        Examined::Wrong(goals[0])
    }

    /// The same of what gets no more: it is an entry even where it ends too early.
    pub fn read_whole(&mut self, text: &str) -> Read {
        match self.read(text) {
            Read::More => self.entry(text, text.to_owned(), goals(text)[0]),
            read => read,
        }
    }

    fn goal(&self, source: &str) -> Option<Goal> {
        goals(source).iter().copied().find(|goal| self.parser.is_script(source, *goal))
    }

    fn entry(&mut self, text: &str, source: String, goal: Goal) -> Read {
        self.count += 1;
        let made = declarations::declarations(&self.parser, &source, goal);
        let made = made.unwrap_or_else(|| declarations::Declarations { source, ..Default::default() });
        Read::Entry(Entry {
            name: format!("entry-{}", self.count),
            text: text.to_owned(),
            source: made.source,
            goal,
            variables: made.variables,
            constants: made.constants,
        })
    }
}

/// Is one text the beginning of the other, which has more lines?
fn goes_on(text: &str, more: &str) -> bool {
    let rest = more.strip_prefix(text);
    rest.is_some_and(|rest| text.ends_with('\n') || rest.starts_with(['\n', '\r']))
}

/// How a text may be read, the likelier first. NB: in a script, `await (x)` is a call.
fn goals(source: &str) -> &'static [Goal] {
    match source.contains("await") {
        true => &[Goal::Awaiting, Goal::Script],
        false => &[Goal::Script],
    }
}

impl std::fmt::Debug for EntryReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EntryReader({} read)", self.count)
    }
}

/// What came of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered {
    /// Its value, as a console shows it: what strangers said in it is quoted, but not escaped throughout.
    Value(String),
    /// It has none: `undefined`.
    Undefined,
    /// What it threw, or was rejected with: `Uncaught ...`, with the stack if there is one.
    Thrown(String),
    /// An [`Interrupt`](crate::Interrupt), or the time limit, came first.
    Interrupted,
    /// It awaits what nothing under way can settle.
    Unsettled,
}

/// Names that could stand at the end of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// Where the name begins that they are to replace: bytes from the beginning of the text.
    pub start: usize,
    /// The names, in order.
    pub names: Vec<String>,
}

/// Ends [`Runtime::run_until_woken`] from another thread.
#[derive(Clone)]
pub struct Waker {
    woken: Arc<AtomicBool>,
    queue: TaskQueue,
    in_task: Arc<AtomicBool>,
    stop: Arc<Stop>,
}

impl Waker {
    /// Ends it, now or as soon as it begins.
    pub fn wake(&self) {
        self.woken.store(true, Ordering::Release);
        self.queue.queue(|_| Ok(()));
    }

    /// Does a task run?
    pub fn is_busy(&self) -> bool {
        self.in_task.load(Ordering::Relaxed)
    }

    /// Interrupts the task that runs, and says whether one did.
    pub fn interrupt_what_runs(&self) -> bool {
        let runs = self.is_busy();
        if runs {
            self.interrupt();
        }
        runs
    }

    /// Ends what runs, and what an entry awaits, until [`Runtime::resume`]. Workers go on.
    pub fn interrupt(&self) {
        self.stop.hold_up();
        // A loop that waits looks again when there is a task.
        self.queue.queue(|_| Ok(()));
    }
}

impl std::fmt::Debug for Waker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waker").field("woken", &self.woken).finish_non_exhaustive()
    }
}

impl Runtime {
    /// Runs an entry, and the loop as long as the entry awaits something. An interrupt that came before it is the entry's, too, which
    /// then is not begun; who means an earlier one forgets it first ([`Runtime::resume`]).
    pub fn enter(&mut self, entry: &Entry) -> Entered {
        if self.host.is_over() {
            return Entered::Interrupted;
        }
        let begun = self.with(|ctx| {
            let value = self.evaluate_entry(ctx, entry);
            self.checkpoint(ctx);
            let entered = match value {
                Ok(value) if entry.goal == Goal::Script => Ok(self.shown(ctx, "promptResult", value)),
                // Its rejection is ours to tell.
                Ok(value) => match Promise::from_value(value)
                    .map(|promise| (promise.clone(), self.mark_handled(ctx, promise)))
                {
                    Ok((promise, Ok(()))) => Err(Persistent::save(ctx, promise)),
                    Ok((_, Err(error))) | Err(error) => Ok(self.shown_error(ctx, error)),
                },
                Err(error) => Ok(self.shown_error(ctx, error)),
            };
            Ok(entered)
        });
        match begun {
            Ok(Ok(entered)) => entered,
            Ok(Err(promise)) => self.awaited(promise),
            Err(error) => Entered::Thrown(error.to_string()),
        }
    }

    fn evaluate_entry<'js>(&self, ctx: &Ctx<'js>, entry: &Entry) -> rquickjs::Result<Value<'js>> {
        let mut source = &entry.source;
        if !entry.variables.is_empty() || !entry.constants.is_empty() {
            let declare = self.host.hook(ctx, "promptDeclare")?;
            if !declare.call::<_, bool>((entry.variables.clone(), entry.constants.clone()))? {
                // Then the engine refuses it, too.
                source = &entry.text;
            }
        }
        let awaiting = match entry.goal {
            Goal::Script => 0,
            Goal::Awaiting => qjs::JS_EVAL_FLAG_ASYNC,
        };
        scripts::evaluate_as(ctx, source, &entry.name, qjs::JS_EVAL_TYPE_GLOBAL | awaiting)
    }

    fn mark_handled<'js>(&self, ctx: &Ctx<'js>, promise: Promise<'js>) -> rquickjs::Result<()> {
        self.host.hook(ctx, "markHandled")?.call((promise,))
    }

    /// Runs the loop until the entry's promise is settled.
    fn awaited(&mut self, promise: Persistent<Promise<'static>>) -> Entered {
        loop {
            let settled = self.with(|ctx| {
                let promise = promise.clone().restore(ctx).map_err(Error::engine)?;
                if promise.state() == PromiseState::Pending {
                    return Ok(None);
                }
                // The engine fulfils it with an object that has the value.
                let value = promise.result::<Object<'_>>().unwrap_or(Err(rquickjs::Error::Unknown));
                Ok(Some(match value.and_then(|object| object.get::<_, Value<'_>>("value")) {
                    Ok(value) => self.shown(ctx, "promptResult", value),
                    Err(error) => self.shown_error(ctx, error),
                }))
            });
            match settled {
                Ok(Some(entered)) => return entered,
                Err(error) => return Entered::Thrown(error.to_string()),
                Ok(None) if self.host.is_over() => return Entered::Interrupted,
                Ok(None) if self.turn() => {}
                Ok(None) if self.host.is_over() => return Entered::Interrupted,
                Ok(None) => return Entered::Unsettled,
            }
        }
    }

    /// A value as text, by this function of the prelude.
    fn shown<'js>(&self, ctx: &Ctx<'js>, hook: &str, value: Value<'js>) -> Entered {
        let is_undefined = value.is_undefined();
        let shown = self.host.hook(ctx, hook).and_then(|hook| hook.call::<_, Text>((value,)));
        match shown {
            _ if self.host.is_over() => {
                ctx.catch();
                Entered::Interrupted
            }
            Ok(Text(text)) if hook == "promptThrown" => Entered::Thrown(text),
            Ok(_) if is_undefined => Entered::Undefined,
            Ok(Text(text)) => Entered::Value(text),
            // There is no room for the text.
            Err(error) => Entered::Thrown(format!("Uncaught {}", self.thrown(ctx, error))),
        }
    }

    fn shown_error(&self, ctx: &Ctx<'_>, error: rquickjs::Error) -> Entered {
        if self.host.is_over() {
            ctx.catch();
            return Entered::Interrupted;
        }
        match error.is_exception() {
            true => self.shown(ctx, "promptThrown", ctx.catch()),
            false => Entered::Thrown(format!("Uncaught {}", Error::engine(error))),
        }
    }

    /// The names that could stand at the end of a text: globals, and members of what a path of names leads to. Nothing that script
    /// wrote is run for it: no accessor but those of platform objects, no proxy.
    pub fn complete(&mut self, text: &str) -> Completions {
        let (start, path) = completing::path_at_end(text);
        let Some((prefix, path)) = path.split_last() else { return Completions::default() };
        // What stands in quotes is no name.
        if Parser::new()
            .is_ok_and(|parser| goals(text).iter().any(|goal| parser.ends_within_a_token(text, *goal)))
        {
            return Completions::default();
        }
        let names = self.with(|ctx| {
            let hook = self.host.hook(ctx, "promptComplete").map_err(Error::engine)?;
            let found = hook.call::<_, Vec<Text>>((path.to_vec(), *prefix));
            found.map_err(|error| self.thrown(ctx, error))
        });
        let mut names: Vec<String> = names.unwrap_or_default().into_iter().map(|Text(name)| name).collect();
        // What is no name cannot stand there; and what begins with two underscores is asked for by them.
        names.retain(|name| {
            let is_hidden = name.starts_with("__") && !prefix.starts_with("__");
            let is_name = name.chars().all(parsing::is_part_of_a_name);
            !is_hidden && is_name && !name.starts_with(|c: char| c.is_ascii_digit())
        });
        names.sort();
        names.dedup();
        Completions { start, names }
    }

    /// What ends [`Runtime::run_until_woken`].
    pub fn waker(&self) -> Waker {
        Waker {
            woken: Arc::default(),
            queue: self.host.queue.clone(),
            in_task: self.host.in_task.clone(),
            stop: self.host.stop.clone(),
        }
    }

    /// Runs the loop, and waits where nothing is under way, until this waker is told to wake it. What is interrupted meanwhile ends,
    /// and the loop goes on.
    pub fn run_until_woken(&mut self, waker: &Waker) {
        while !waker.woken.swap(false, Ordering::AcqRel) {
            self.resume();
            if self.turn() {
                continue;
            }
            if let Some(task) = self.tasks.next(self.host.stop.deadline()) {
                self.run_task(task);
            } else if self.host.is_over() {
                // The time limit: nothing runs any more.
                return;
            }
        }
        // What ended the last task is not meant for who comes next.
        self.resume();
    }

    /// Forgets an [`Interrupt`](crate::Interrupt), by which the workers have ended, or a [`Waker`]'s, of which they know nothing: scripts run again. What
    /// it came to has no microtasks any more.
    pub fn resume(&mut self) {
        // NB: as long as it is over, so that what goes on without end is ended, too.
        if self.host.stop.is_stopped() {
            let dropped = self.with(|ctx| {
                drop_microtasks(ctx);
                Ok(())
            });
            dropped.unwrap_or_default();
            self.host.forget_rejections();
        }
        let (was_over, were_workers) = self.host.stop.resume();
        if !was_over {
            return;
        }
        // Whom it ended could call nothing any more.
        self.engine.set_max_stack_size(self.host.limits.max_stack());
        // NB: one that did not look meanwhile would go on.
        if were_workers {
            self.host.children.terminate_all();
        }
        let _ = self.with(|ctx| {
            let repaired = self.host.hook(ctx, "afterInterrupt").and_then(|hook| hook.call::<_, ()>(()));
            self.report(ctx, repaired);
            Ok(())
        });
    }
}
