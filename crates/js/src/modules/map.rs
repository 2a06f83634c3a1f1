//! [`Modules`]: the [module map](https://html.spec.whatwg.org/#module-map), and
//! [loading what a module requests](https://tc39.es/ecma262/#sec-LoadRequestedModules): the whole graph first, then the engine links it.
//!
//! Nothing here waits: a text comes in a task, and whoever wants it goes on there. So many fetches as [`AT_ONCE`] are under way at
//! a time, the others in a line. The first failure ends a load; what it had begun to fetch is in the map all the same.
//!
//! Longer than most, because a load goes from one step to the next and back: each is short, and none means much alone.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use rquickjs::{
    Ctx, Error, Exception, Function, JsLifetime, Module, Object, Persistent, Promise, Result, Value,
};
use sofetch::core::infrastructure::clients::Client;
use sofetch::core::infrastructure::header_list::HeaderList;
use sofetch::core::infrastructure::requests::{CredentialsMode, Destination, Request};
use sofetch::core::rules::referrer::parse_a_referrer_policy;
use sofetch::engine::FetchController;
use sofetch::{ReferrerPolicy, Url};

use super::fetching::{Fetched, NotFetched, fetch_script, module_request};
use super::import_map::ImportMap;
use super::parsing::Parser;
use super::records::{Content, Key, ModuleType, Record, Referring, Source, Standing};
use super::{ModuleLoader, decode};
use crate::host::{Host, call_program};
use crate::ledger::{Charge, Ledger};
use crate::ops::resource_timing;
use crate::throwing::throw_type;
use crate::values::ENTERED_FROM;
use crate::when_done::when_done;

/// How many modules are fetched at a time.
const AT_ONCE: usize = 64;

/// How often a module's URL is held: as a key and as a name, here and there.
const COPIES: usize = 5;

/// What a key in a set takes besides its URL, about.
const BYTES_A_KEY: usize = 64;

/// All modules of a realm.
#[derive(Clone)]
pub(crate) struct Modules(Rc<Shared>);

pub(crate) struct Shared {
    pub(crate) loader: Rc<dyn ModuleLoader>,
    pub(super) parser: RefCell<Parser>,
    /// How many modules may import each other in a row.
    pub(super) deepest: usize,
    /// Of scripts whose name is no URL.
    places: RefCell<HashMap<String, Url>>,
    pub(super) import_map: RefCell<ImportMap>,
    /// Was a specifier resolved already?
    pub(super) has_resolved: Cell<bool>,
    map: RefCell<HashMap<Key, Entry>>,
    /// Module scripts by the engine's names for them.
    pub(super) records: RefCell<HashMap<String, Rc<Record>>>,
    /// Who imported first what nobody has asked for yet.
    importers: RefCell<HashMap<Key, Referring>>,
    /// Counts the keys that are long.
    long_keys: RefCell<Charge>,
    loads: RefCell<HashMap<u64, Load>>,
    last_load: Cell<u64>,
    in_line: RefCell<VecDeque<(Key, Request)>>,
    under_way: Cell<usize>,
    /// The credentials mode of every [script's fetch options](https://html.spec.whatwg.org/#script-fetch-options).
    credentials: Cell<CredentialsMode>,
    /// Does the engine ask for what a graph that is loaded imports? Else for what `import()` names.
    pub(super) is_linking: Cell<bool>,
    /// The realm's own, by which the engine's failures are told from a script's errors.
    pub(super) internal_error_prototype: RefCell<Option<Persistent<Object<'static>>>>,
}

// SAFETY: values of JavaScript within are persistent, and cleared before the runtime goes.
#[allow(unsafe_code)]
unsafe impl<'js> JsLifetime<'js> for Modules {
    type Changed<'to> = Modules;
}

impl std::ops::Deref for Modules {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

enum Entry {
    /// "fetching", and the loads that wait for it.
    Fetching(Vec<u64>),
    /// Null: why there is none.
    Failed(NotFetched),
    Script(Rc<Record>),
}

/// The load of a graph.
struct Load {
    root: Root,
    visited: HashSet<Key>,
    /// Counts those: many loads may be under way of one graph.
    charge: Charge,
    /// How many modules it waits for.
    pending: usize,
    /// Of a worker's own script: who made the worker, as whom all of it is fetched.
    outside: Option<Outside>,
    then: Then,
}

/// The [fetch client](https://html.spec.whatwg.org/#fetch-a-module-worker-script-tree) of a worker's script, where it is a page.
type Outside = Option<Arc<Client>>;

/// A worker's own module script, as it was fetched.
pub(crate) struct WorkerRoot {
    /// That of its request.
    pub(crate) url: Url,
    pub(crate) text: String,
    /// The response's.
    pub(crate) base: Url,
    pub(crate) headers: Option<HeaderList>,
}

enum Root {
    Key(Key),
    Record(Rc<Record>),
}

/// What a loaded graph is for.
pub(crate) enum Then {
    /// It is a script of the page's: what is thrown is reported.
    Run,
    /// It is a worker's: why it cannot be run, if so, is put here. What is thrown is reported.
    Worker(Rc<RefCell<std::result::Result<(), String>>>),
    /// `import()`: one of these functions is called.
    Import { resolve: Persistent<Function<'static>>, reject: Persistent<Function<'static>> },
}

/// Why a graph cannot be loaded.
enum Failure {
    /// There is no such module.
    NotLoaded { url: String, why: NotFetched },
    /// What is wrong with one of them.
    Error(Persistent<Value<'static>>),
    /// The engine left it half done.
    Broken(Rc<Record>),
}

/// What a load goes on with.
enum Found {
    Script(Rc<Record>),
    Later,
}

impl Load {
    /// Is this the first that it comes to this module?
    ///
    /// # Errors
    /// A `RangeError` where there is no room to remember it.
    fn is_new(&mut self, ctx: &Ctx<'_>, key: &Key) -> Result<bool> {
        if self.visited.contains(key) {
            return Ok(false);
        }
        self.charge.add(ctx, key.url.len() + BYTES_A_KEY)?;
        Ok(self.visited.insert(key.clone()))
    }
}

impl Modules {
    pub(crate) fn new(
        ctx: &Ctx<'_>,
        ledger: Arc<Ledger>,
        loader: Rc<dyn ModuleLoader>,
        parser: Parser,
        deepest: usize,
    ) -> Result<Modules> {
        let internal_error: Object<'_> = ctx.globals().get("InternalError")?;
        let prototype: Object<'_> = internal_error.get("prototype")?;
        Ok(Modules(Rc::new(Shared {
            loader,
            parser: RefCell::new(parser),
            deepest,
            places: RefCell::default(),
            import_map: RefCell::default(),
            has_resolved: Cell::new(false),
            map: RefCell::default(),
            records: RefCell::default(),
            importers: RefCell::default(),
            long_keys: RefCell::new(Charge::empty(ledger)),
            loads: RefCell::default(),
            last_load: Cell::new(0),
            in_line: RefCell::default(),
            under_way: Cell::new(0),
            credentials: Cell::new(CredentialsMode::SameOrigin),
            is_linking: Cell::new(false),
            internal_error_prototype: RefCell::new(Some(Persistent::save(ctx, prototype))),
        })))
    }

    /// Those of the realm that runs.
    pub(crate) fn of(ctx: &Ctx<'_>) -> Modules {
        ctx.userdata::<Modules>().expect("a realm is made with its modules").clone()
    }

    /// Values of JavaScript must not outlive the runtime.
    pub(crate) fn clear(&self) {
        let loads = self.loads.take();
        let map = self.map.take();
        let records = self.records.take();
        drop((loads, map, records, self.internal_error_prototype.take()));
    }

    /// Says where the script of this name was loaded from.
    pub(crate) fn locate(&self, name: &str, url: Url) {
        self.places.borrow_mut().insert(name.to_owned(), url);
    }

    /// A script's [base URL](https://html.spec.whatwg.org/#concept-script-base-url) and what it imports with, by its name.
    pub(super) fn referring(&self, ctx: &Ctx<'_>, name: &str) -> Referring {
        if let Some(record) = self.records.borrow().get(name) {
            return record.referring.clone();
        }
        let place = self.places.borrow().get(name).cloned();
        let base = place.or_else(|| Url::parse(name, None).ok()).unwrap_or_else(|| Host::of(ctx).base_url());
        Referring { base, referrer_policy: ReferrerPolicy::Empty }
    }

    /// The base URL of the script of this name.
    pub(crate) fn base_of(&self, ctx: &Ctx<'_>, name: &str) -> Url {
        self.referring(ctx, name).base
    }

    /// `import()` names this module: who did is remembered until somebody asks for it. Is it new?
    pub(super) fn note_importer(&self, key: &Key, referring: Referring) -> bool {
        let is_new = !self.map.borrow().contains_key(key);
        if is_new {
            self.importers.borrow_mut().entry(key.clone()).or_insert(referring);
        }
        is_new
    }

    /// Loads and runs a module script of the page's: which load that is.
    pub(crate) fn run(&self, ctx: &Ctx<'_>, source: &str, name: &str) -> u64 {
        // To the engine it would end there.
        let name = &*name.replace('\0', "\u{FFFD}");
        // NB: what has no URL is in no map, as a page's inline modules are not.
        let key = Url::parse(name, None).ok().map(|url| Key::of(&url, ModuleType::JavaScript));
        let key = key.filter(|key| key.url == name);
        if let Some(key) = key.clone()
            && self.map.borrow().contains_key(&key)
        {
            return self.load(ctx, Root::Key(key), Then::Run);
        }
        let referring = self.referring(ctx, name);
        let source = Source { text: source.to_owned(), _charge: None };
        let record = Rc::new(self.create_script(ctx, name, referring, source));
        self.records.borrow_mut().insert(name.to_owned(), record.clone());
        if let Some(key) = key {
            self.map.borrow_mut().insert(key, Entry::Script(record.clone()));
        }
        self.load(ctx, Root::Record(record), Then::Run)
    }

    /// <https://html.spec.whatwg.org/#fetch-a-module-script-tree>, and run it: which load that is.
    pub(crate) fn run_url(&self, ctx: &Ctx<'_>, url: &Url) -> u64 {
        self.load(ctx, Root::Key(Key::of(url, ModuleType::JavaScript)), Then::Run)
    }

    /// The rest of [fetching a module worker script tree](https://html.spec.whatwg.org/#fetch-a-module-worker-script-tree) when its root
    /// is there, and run it: which load that is.
    pub(crate) fn run_worker(
        &self,
        ctx: &Ctx<'_>,
        root: WorkerRoot,
        outside: Outside,
        credentials: CredentialsMode,
        outcome: Rc<RefCell<std::result::Result<(), String>>>,
    ) -> u64 {
        self.credentials.set(credentials);
        let WorkerRoot { url, text, base, headers } = root;
        let key = Key::of(&url, ModuleType::JavaScript);
        let referrer_policy =
            headers.map_or(ReferrerPolicy::Empty, |headers| parse_a_referrer_policy(&headers));
        let referring = Referring { base, referrer_policy };
        let record = self.create(ctx, &key, referring, Source { text, _charge: None });
        self.map.borrow_mut().insert(key, Entry::Script(record.clone()));
        self.load_for(ctx, Root::Record(record), Some(outside), Then::Worker(outcome))
    }

    /// `import()` of a module.
    pub(super) fn import<'js>(
        &self,
        ctx: &Ctx<'js>,
        key: Key,
        resolve: Function<'js>,
        reject: Function<'js>,
    ) {
        let then =
            Then::Import { resolve: Persistent::save(ctx, resolve), reject: Persistent::save(ctx, reject) };
        self.load(ctx, Root::Key(key), then);
    }

    /// Is this load under way?
    pub(crate) fn is_loading(&self, id: u64) -> bool {
        self.loads.borrow().contains_key(&id)
    }

    fn load(&self, ctx: &Ctx<'_>, root: Root, then: Then) -> u64 {
        self.load_for(ctx, root, None, then)
    }

    fn load_for(&self, ctx: &Ctx<'_>, root: Root, outside: Option<Outside>, then: Then) -> u64 {
        let id = self.last_load.get() + 1;
        self.last_load.set(id);
        let first = match &root {
            Root::Record(record) => Ok(record.clone()),
            Root::Key(key) => Err(key.clone()),
        };
        let charge = Charge::empty(Host::of(ctx).ledger.clone());
        let load = Load { root, visited: HashSet::new(), charge, pending: 0, outside, then };
        self.loads.borrow_mut().insert(id, load);
        match first {
            Ok(record) => self.visit(ctx, id, vec![record]),
            Err(key) => {
                let importer = self.importers.borrow_mut().remove(&key);
                let host = Host::of(ctx);
                let referring = importer.unwrap_or_else(|| Referring {
                    base: host.base_url(),
                    referrer_policy: ReferrerPolicy::Empty,
                });
                match self.find(ctx, id, &key, &referring) {
                    Ok(Found::Script(record)) => self.visit(ctx, id, vec![record]),
                    Ok(Found::Later) => {}
                    Err(failure) => self.fail(ctx, id, failure),
                }
            }
        }
        id
    }

    /// [InnerModuleLoading](https://tc39.es/ecma262/#sec-InnerModuleLoading) of these; then, if nothing more is to come, the end of the load.
    fn visit(&self, ctx: &Ctx<'_>, id: u64, mut stack: Vec<Rc<Record>>) {
        while let Some(record) = stack.pop() {
            let failure = match (&record.content, record.standing.get()) {
                (Content::Error(error), _) => Failure::Error(error.clone()),
                (_, Standing::Broken) => Failure::Broken(record.clone()),
                (_, Standing::Linked) => continue,
                (_, Standing::New) => {
                    let before = stack.len();
                    let mut failed = None;
                    for key in record.imports() {
                        let is_new = match self.loads.borrow_mut().get_mut(&id) {
                            Some(load) => load.is_new(ctx, key),
                            None => return,
                        };
                        let found = match is_new {
                            Ok(is_new) => is_new.then(|| self.find(ctx, id, key, &record.referring)),
                            Err(error) => {
                                Some(Err(Failure::Error(Persistent::save(ctx, caught(ctx, &error)))))
                            }
                        };
                        match found {
                            None | Some(Ok(Found::Later)) => {}
                            Some(Ok(Found::Script(record))) => stack.push(record),
                            Some(Err(failure)) => {
                                failed = Some(failure);
                                break;
                            }
                        }
                    }
                    match failed {
                        Some(failure) => failure,
                        None => {
                            // In the order of the requests.
                            stack[before..].reverse();
                            continue;
                        }
                    }
                }
            };
            return self.fail(ctx, id, failure);
        }
        if self.loads.borrow().get(&id).is_some_and(|load| load.pending == 0) {
            self.finish(ctx, id);
        }
    }

    /// What the map has under a key, which begins to be fetched where it has nothing.
    fn find(
        &self,
        ctx: &Ctx<'_>,
        id: u64,
        key: &Key,
        referring: &Referring,
    ) -> std::result::Result<Found, Failure> {
        let not_loaded = |why| Failure::NotLoaded { url: key.url.clone(), why };
        if !self.map.borrow().contains_key(key) {
            let outside = self.loads.borrow().get(&id).and_then(|load| load.outside.clone());
            self.fetch(ctx, key, referring, outside);
        }
        match self.map.borrow_mut().get_mut(key) {
            Some(Entry::Script(record)) => Ok(Found::Script(record.clone())),
            Some(Entry::Failed(why)) => Err(not_loaded(why.clone())),
            Some(Entry::Fetching(waiting)) => {
                waiting.push(id);
                if let Some(load) = self.loads.borrow_mut().get_mut(&id) {
                    load.pending += 1;
                }
                Ok(Found::Later)
            }
            None => Err(not_loaded(NotFetched::Other("it was given up".to_owned()))),
        }
    }

    /// Puts a key into the map: asks the loader, or begins to fetch.
    fn fetch(&self, ctx: &Ctx<'_>, key: &Key, referring: &Referring, outside: Option<Outside>) {
        // What is small is worth no entry of its own: what the engine holds for it is more.
        let room = if key.url.len() < ENTERED_FROM {
            Ok(())
        } else {
            self.long_keys.borrow_mut().add(ctx, COPIES * key.url.len())
        };
        let no_url = || Entry::Failed(NotFetched::Other("it is no URL".to_owned()));
        let entry = match Url::parse(&key.url, None) {
            _ if room.is_err() => {
                ctx.catch();
                Entry::Failed(NotFetched::Memory)
            }
            Err(_) => no_url(),
            Ok(url) if self.loader.takes(&url) => {
                let loaded = call_program(ctx, || self.loader.load(&url, key.kind));
                match loaded {
                    Ok(Ok(text)) => {
                        let referring = Referring { base: url, referrer_policy: ReferrerPolicy::Empty };
                        let source = Source { text: decode(text.as_bytes()), _charge: None };
                        Entry::Script(self.create(ctx, key, referring, source))
                    }
                    Ok(Err(why)) => Entry::Failed(NotFetched::Other(why)),
                    Err(_) => {
                        ctx.catch();
                        Entry::Failed(NotFetched::Other("the program panicked".to_owned()))
                    }
                }
            }
            Ok(url) => {
                let host = Host::of(ctx);
                let integrity = self.import_map.borrow().integrity(&url).to_owned();
                match module_request(&host, key, referring, &integrity, self.credentials.get()) {
                    None => no_url(),
                    Some(mut request) => {
                        if let Some(client) = outside {
                            request.client = client;
                            if key.kind == ModuleType::JavaScript {
                                request.destination = Destination::Worker;
                            }
                        }
                        self.in_line.borrow_mut().push_back((key.clone(), request));
                        Entry::Fetching(Vec::new())
                    }
                }
            }
        };
        self.map.borrow_mut().insert(key.clone(), entry);
        self.fetch_in_line(ctx);
    }

    fn fetch_in_line(&self, ctx: &Ctx<'_>) {
        while self.under_way.get() < AT_ONCE {
            let Some((key, request)) = self.in_line.borrow_mut().pop_front() else { return };
            self.under_way.set(self.under_way.get() + 1);
            let host = Host::of(ctx);
            let callbacks = resource_timing::callbacks(&host, &request);
            let fetching = fetch_script(
                host.agent.clone(),
                request,
                callbacks,
                FetchController::new(),
                host.ledger.clone(),
                key.kind,
            );
            when_done(ctx, fetching, move |ctx, fetched| {
                Modules::of(ctx).arrived(ctx, &key, fetched.unwrap_or(Err(NotFetched::NETWORK_ERROR)));
                Ok(())
            });
        }
    }

    /// What was fetched takes its place in the map, and whoever waited goes on.
    fn arrived(&self, ctx: &Ctx<'_>, key: &Key, fetched: std::result::Result<Fetched, NotFetched>) {
        self.under_way.set(self.under_way.get() - 1);
        self.fetch_in_line(ctx);
        let loaded = match fetched {
            Ok(Fetched { text, url, referrer_policy, charge, .. }) => {
                let referring = Referring { base: url, referrer_policy };
                Ok(self.create(ctx, key, referring, Source { text, _charge: Some(charge) }))
            }
            Err(why) => Err(why),
        };
        let entry = match &loaded {
            Ok(record) => Entry::Script(record.clone()),
            Err(why) => Entry::Failed(why.clone()),
        };
        let Some(Entry::Fetching(waiting)) = self.map.borrow_mut().insert(key.clone(), entry) else { return };
        for id in waiting {
            match self.loads.borrow_mut().get_mut(&id) {
                Some(load) => load.pending -= 1,
                None => continue,
            }
            match &loaded {
                Ok(record) => self.visit(ctx, id, vec![record.clone()]),
                Err(why) => self.fail(ctx, id, Failure::NotLoaded { url: key.url.clone(), why: why.clone() }),
            }
        }
    }

    fn fail(&self, ctx: &Ctx<'_>, id: u64, failure: Failure) {
        let Some(load) = self.loads.borrow_mut().remove(&id) else { return };
        let error = match failure {
            Failure::Error(error) => error.restore(ctx).map_or_else(|error| error, |error| ctx.throw(error)),
            Failure::NotLoaded { url, why } => {
                why.throw(ctx, throw_type(ctx, &format!("{url} cannot be imported: {why}")))
            }
            Failure::Broken(record) => self.half_done(ctx, &record),
        };
        self.settle(ctx, load.then, Err(error));
    }

    fn finish(&self, ctx: &Ctx<'_>, id: u64) {
        let Some(load) = self.loads.borrow_mut().remove(&id) else { return };
        let root = match load.root {
            Root::Record(record) => Some(record),
            Root::Key(key) => match self.map.borrow().get(&key) {
                Some(Entry::Script(record)) => Some(record.clone()),
                _ => None,
            },
        };
        let Some(root) = root else { return };
        let started = self.link_and_evaluate(ctx, &root);
        self.settle(ctx, load.then, started);
    }

    /// What waited for a graph is told: a module and the promise of its evaluation, or what is thrown.
    fn settle<'js>(&self, ctx: &Ctx<'js>, then: Then, started: Result<(Module<'js>, Promise<'js>)>) {
        let host = Host::of(ctx);
        let told = match (then, started) {
            (Then::Run, Ok((_, evaluation))) => {
                host.hook(ctx, "reportModule").and_then(|hook| hook.call::<_, ()>((evaluation,)))
            }
            (Then::Run, Err(error)) => Err(error),
            (Then::Worker(_), Ok((_, evaluation))) => {
                host.hook(ctx, "reportModule").and_then(|hook| hook.call::<_, ()>((evaluation,)))
            }
            (Then::Worker(outcome), Err(error)) => {
                let thrown = caught(ctx, &error);
                let described = host.hook(ctx, "describeException").and_then(|hook| hook.call((thrown,)));
                let described: String = described.unwrap_or_else(|error| {
                    caught(ctx, &error);
                    "out of memory".to_owned()
                });
                *outcome.borrow_mut() = Err(format!("Uncaught {described}"));
                return;
            }
            (Then::Import { resolve, reject }, Ok((module, evaluation))) => (|| {
                let namespace = module.namespace()?;
                let (resolve, reject) = (resolve.restore(ctx)?, reject.restore(ctx)?);
                host.hook(ctx, "finishImport")?.call::<_, ()>((evaluation, namespace, resolve, reject))
            })(),
            (Then::Import { reject, .. }, Err(error)) => {
                let thrown = caught(ctx, &error);
                reject.restore(ctx).and_then(|reject| reject.call::<_, ()>((thrown,)))
            }
        };
        // NB: more than one load may end in a task: each failure is reported here, not by the loop.
        if let Err(error) = told {
            let thrown = caught(ctx, &error);
            if host.is_over() {
                return;
            }
            let reported = host.hook(ctx, "reportException").and_then(|hook| hook.call::<_, ()>((thrown,)));
            if reported.is_err() {
                ctx.catch();
                host.cluster.set_uncaught();
            }
        }
    }
}

/// What was thrown. NB: the binding has errors that are no exceptions yet.
pub(super) fn caught<'js>(ctx: &Ctx<'js>, error: &Error) -> Value<'js> {
    if !error.is_exception() {
        Exception::throw_internal(ctx, &error.to_string());
    }
    ctx.catch()
}
