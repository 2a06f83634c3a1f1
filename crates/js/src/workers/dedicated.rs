//! Making [dedicated workers](https://html.spec.whatwg.org/#run-a-worker) and ending them, on the thread of their owner.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rquickjs::Ctx;
use sofetch::Url;
use sofetch::core::infrastructure::requests::CredentialsMode;
use tokio::task::AbortHandle;

use super::cluster::Notice;
pub(crate) use super::fetching::WorkerType;
use super::fetching::{WorkerScript, fetch_worker_script, worker_request};
use super::ports::{PortEnd, entangled};
use super::running::{Owner, Start, Tether, run};
use super::stop::Stop;
use crate::event_loop::{TaskQueue, task_queue};
use crate::host::{Host, call_program};
use crate::ledger::{Charge, Ledger};
use crate::modules::{ModuleType, Modules};
use crate::ops::resource_timing;
use crate::runtime_builder::THREAD_STACK_BYTES;

/// How long the end of a runtime waits for its workers. One that native code keeps longer, such as the sorting of a long typed array,
/// is left to itself: it ends behind that, and no script of it runs again.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// The workers of a realm that have not ended, by the prelude's numbers.
#[derive(Default)]
pub(crate) struct Children(RefCell<HashMap<u32, Child>>);

struct Child {
    tether: Arc<Tether>,
    queue: TaskQueue,
    notice: Option<Notice>,
    thread: Arc<Thread>,
    /// Of the fetch of its script.
    fetching: Option<AbortHandle>,
}

impl Child {
    /// <https://html.spec.whatwg.org/#terminate-a-worker>
    fn terminate(&self) {
        self.tether.stop.interrupt();
        if let Some(notice) = &self.notice {
            notice.give();
        }
        self.thread.cancel();
        if let Some(fetching) = &self.fetching {
            fetching.abort();
        }
        self.queue.wake();
    }
}

impl Children {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    pub(crate) fn terminate(&self, id: u32) {
        if let Some(child) = self.0.borrow_mut().remove(&id) {
            child.terminate();
        }
    }

    /// Its thread is through, or there never was one.
    pub(super) fn reap(&self, id: u32) {
        let child = self.0.borrow_mut().remove(&id);
        if let Some(child) = child {
            child.thread.join();
        }
    }

    /// Ends all, and waits for them as long as [`GRACE`].
    pub(crate) fn end(&self) {
        let children = self.0.take();
        children.values().for_each(Child::terminate);
        let patience = Instant::now() + GRACE;
        for child in children.into_values() {
            if child.thread.has_ended_by(patience) {
                child.thread.join();
            }
        }
    }
}

/// A worker's thread, from before there is one.
#[derive(Default)]
pub(super) struct Thread {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Default)]
struct State {
    has_begun: bool,
    has_ended: bool,
    handle: Option<JoinHandle<()>>,
}

impl Thread {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Is there still to be one?
    fn begin(&self) -> bool {
        let mut state = self.lock();
        state.has_begun = !state.has_ended;
        state.has_begun
    }

    /// Unless it has begun, there is to be none.
    fn cancel(&self) {
        let mut state = self.lock();
        state.has_ended |= !state.has_begun;
    }

    pub(super) fn end(&self) {
        self.lock().has_ended = true;
        self.ended.notify_all();
    }

    fn has_ended_by(&self, moment: Instant) -> bool {
        let mut state = self.lock();
        while !state.has_ended {
            let left = moment.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Of one that has ended: what is left of it takes no time.
    fn join(&self) {
        let handle = self.lock().handle.take();
        if let Some(handle) = handle {
            // What it panicked with was printed.
            let _ = handle.join();
        }
    }
}

/// What a `Worker` is made with.
pub(crate) struct Options {
    /// The prelude's number for it.
    pub(crate) id: u32,
    pub(crate) url: Url,
    pub(crate) kind: WorkerType,
    pub(crate) credentials: CredentialsMode,
    pub(crate) name: String,
}

/// [Runs a worker](https://html.spec.whatwg.org/#run-a-worker), in parallel: the owner's end of its implicit port, and what holds it.
/// What comes of it is the owner's to hear in tasks.
pub(crate) fn start(ctx: &Ctx<'_>, options: Options) -> (WorkerHandle, PortEnd) {
    let Options { id, url, kind, credentials, name } = options;
    let host = Host::of(ctx);
    let (outside, inside) = entangled();
    let stop = Arc::new(Stop::within(host.stop.clone()));
    let tether = Arc::new(Tether::new(stop));
    let (queue, tasks) = task_queue(host.cluster.census.clone());
    let handle = WorkerHandle { id, tether: tether.clone(), queue: queue.clone() };
    let owner = Owner { queue: host.queue.clone(), id };
    let Some(seat) = host.cluster.take_seat() else {
        owner.failed(format!(
            "Uncaught Error: {} cannot be run: there are {} workers already",
            url.href(),
            host.cluster.max_workers()
        ));
        return (handle, outside);
    };
    let thread = Arc::<Thread>::default();
    let ledger = Arc::<Ledger>::default();
    host.limits.bound(&ledger);
    let mut child = Child {
        tether: tether.clone(),
        queue: queue.clone(),
        notice: Some(seat.notice()),
        thread: thread.clone(),
        fetching: None,
    };
    let modules = Modules::of(ctx);
    let start = Start {
        kind,
        name,
        url: url.clone(),
        credentials,
        inside,
        tether,
        owner,
        thread,
        agent: host.agent.clone(),
        io: host.io.clone(),
        blob_urls: host.blob_urls.clone(),
        cluster: host.cluster.clone(),
        limits: host.limits,
        ledger: ledger.clone(),
        loader: modules.loader.for_worker(),
        page: host.page.clone(),
        queue,
        tasks,
        _seat: seat,
    };
    if modules.loader.takes(&url) {
        let loaded = call_program(ctx, || modules.loader.load(&url, ModuleType::JavaScript));
        let script = match loaded {
            Ok(Ok(text)) => Ok(WorkerScript { text, url, headers: None, _charge: Charge::empty(ledger) }),
            Ok(Err(why)) => Err(why),
            Err(_) => {
                ctx.catch();
                Err("the program panicked".to_owned())
            }
        };
        begin(start, script);
    } else {
        let request = worker_request(&host, url, kind, credentials);
        let callbacks = resource_timing::callbacks(&host, &request);
        let agent = host.agent.clone();
        let fetching = host.io.spawn(async move {
            let script = fetch_worker_script(agent, request, callbacks, ledger, kind).await;
            begin(start, script.map_err(|why| why.to_string()));
        });
        child.fetching = Some(fetching.abort_handle());
    }
    host.children.0.borrow_mut().insert(id, child);
    (handle, outside)
}

/// Gives a worker its thread.
fn begin(start: Start, script: Result<WorkerScript, String>) {
    let script = match script {
        Ok(script) => script,
        Err(why) => {
            start.owner.failed(format!("Uncaught Error: {} cannot be run: {why}", start.url.href()));
            start.owner.ended();
            return;
        }
    };
    let (thread, owner) = (start.thread.clone(), start.owner.clone());
    if !thread.begin() {
        return;
    }
    let builder = thread::Builder::new().name("sofetch-worker".to_owned()).stack_size(THREAD_STACK_BYTES);
    match builder.spawn(move || run(start, script)) {
        Ok(handle) => thread.lock().handle = Some(handle),
        Err(error) => {
            owner.failed(format!("Uncaught Error: a worker has no thread: {error}"));
            owner.ended();
        }
    }
}

/// What the prelude has of a worker, as long as the `Worker` is there.
pub(crate) struct WorkerHandle {
    pub(crate) id: u32,
    tether: Arc<Tether>,
    queue: TaskQueue,
}

impl Drop for WorkerHandle {
    /// Nobody can post to it any more, but by ports of its own.
    fn drop(&mut self) {
        self.tether.orphan();
        self.queue.wake();
    }
}
