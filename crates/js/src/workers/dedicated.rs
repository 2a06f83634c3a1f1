//! Making [dedicated workers](https://html.spec.whatwg.org/#run-a-worker) and ending them, on the thread of their owner.
//!
//! Over 400 lines with the table of what may stay behind in no ledger: whoever changes an end here reads it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
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
use crate::values::List;

/// How long the end of a runtime waits for its workers. One that native code keeps longer, such as the sorting of a long typed array,
/// is left to itself: it ends behind that, and no script of it runs again.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// The workers of a realm that have not ended, by the prelude's numbers.
#[derive(Default)]
pub(crate) struct Children {
    live: Arc<Live>,
    /// Those that were told to end, and are on their way.
    ending: RefCell<HashMap<u32, Arc<Child>>>,
}

/// Of those the ones that nobody told to end. A worker's have to end with it, though its own thread may be kept from telling them.
#[derive(Default)]
pub(super) struct Live(Mutex<Brood>);

#[derive(Default)]
struct Brood {
    by_id: HashMap<u32, Arc<Child>>,
    /// Was who made them told to end?
    is_over: bool,
}

impl Live {
    fn lock(&self) -> MutexGuard<'_, Brood> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> Vec<(u32, Arc<Child>)> {
        self.lock().by_id.iter().map(|(id, child)| (*id, child.clone())).collect()
    }

    /// Who made them ends, and makes no more.
    fn end(&self) -> Vec<Arc<Child>> {
        self.lock().is_over = true;
        self.all().into_iter().map(|(_, child)| child).collect()
    }
}

struct Child {
    tether: Arc<Tether>,
    queue: TaskQueue,
    notice: Notice,
    thread: Arc<Thread>,
    /// Of the fetch of its script.
    fetching: Mutex<Option<AbortHandle>>,
}

impl Child {
    /// <https://html.spec.whatwg.org/#terminate-a-worker>, and those that it made, and so on.
    fn terminate(&self) {
        self.end();
        let mut left = self.tether.children.end();
        while let Some(child) = left.pop() {
            child.end();
            left.extend(child.tether.children.end());
        }
    }

    fn end(&self) {
        self.tether.stop.interrupt();
        self.notice.give();
        self.thread.cancel();
        if let Some(fetching) = self.fetching().take() {
            fetching.abort();
        }
        // NB: nobody waits for it any more, even if native code keeps its thread.
        self.queue.end();
    }

    /// NB: who is ended meanwhile needs no script.
    fn fetches(&self, fetching: AbortHandle) {
        let mut kept = self.fetching();
        if self.tether.stop.is_interrupted() {
            fetching.abort();
        }
        *kept = Some(fetching);
    }

    fn fetching(&self) -> MutexGuard<'_, Option<AbortHandle>> {
        self.fetching.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Children {
    /// Those of a worker.
    pub(crate) fn of(tether: &Tether) -> Children {
        Children { live: tether.children.clone(), ..Children::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.live.lock().by_id.is_empty()
    }

    /// Is who makes it still to go on?
    fn add(&self, id: u32, child: Arc<Child>) -> bool {
        let mut live = self.live.lock();
        live.by_id.insert(id, child);
        !live.is_over
    }

    pub(crate) fn terminate(&self, id: u32) {
        let child = self.live.lock().by_id.remove(&id);
        if let Some(child) = child {
            child.terminate();
            if !child.thread.has_ended() {
                self.ending.borrow_mut().insert(id, child);
            }
        }
    }

    pub(crate) fn terminate_all(&self) {
        self.live.all().into_iter().for_each(|(id, _)| self.terminate(id));
    }

    /// Collects the `Worker`s that script has no way to, of workers that have nothing to do. Is it worth another look at the seats?
    ///
    /// NB: what listens to a worker holds it, since a message may come. From a worker at rest none comes before it is posted to.
    fn forget_unreachable(&self, ctx: &Ctx<'_>) -> bool {
        let host = Host::of(ctx);
        let resting = |child: &Child| is_resting(&child.tether, &child.queue);
        let ids: Vec<u32> =
            self.live.all().iter().filter(|(_, child)| resting(child)).map(|(id, _)| *id).collect();
        // What they have told may still be on its way.
        if ids.is_empty() || !host.queue.is_empty() {
            return false;
        }
        let call = |name: &str, ids: Vec<u32>| {
            host.hook(ctx, name).and_then(|hook| hook.call::<_, ()>((List(ids),)))
        };
        let loosened = call("loosenWorkers", ids.clone());
        ctx.run_gc();
        let held = call("holdWorkers", ids);
        if loosened.and(held).is_err() {
            ctx.catch();
        }
        true
    }

    /// Those that were told to end, and have: a script that makes many in one task leaves no time for their own tasks.
    fn reap_ended(&self) {
        let ended: Vec<_> = self
            .ending
            .borrow_mut()
            .extract_if(|_, child| child.thread.has_ended())
            .map(|(_, child)| child)
            .collect();
        ended.iter().for_each(|child| child.thread.join());
    }

    /// Its thread is through, or there never was one.
    pub(super) fn reap(&self, id: u32) {
        let child = self.live.lock().by_id.remove(&id);
        if let Some(child) = child.or_else(|| self.ending.borrow_mut().remove(&id)) {
            child.thread.join();
        }
    }

    /// Ends all, and waits for them as long as [`GRACE`].
    pub(crate) fn end(&self) {
        let (live, ending) = (std::mem::take(&mut self.live.lock().by_id), self.ending.take());
        live.values().for_each(|child| child.terminate());
        let patience = Instant::now() + GRACE;
        for child in live.into_values().chain(ending.into_values()) {
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

    fn has_ended(&self) -> bool {
        self.lock().has_ended
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
    host.children.reap_ended();
    let (outside, inside) = entangled(&host.cluster.transit);
    let stop = Arc::new(Stop::within(host.stop.clone()));
    let tether = Arc::new(Tether::new(stop));
    let (queue, tasks) = task_queue(host.cluster.census.clone());
    let mut handle = WorkerHandle { id, tether: tether.clone(), queue: queue.clone(), notice: None };
    let owner = Owner { queue: host.queue.clone(), id };
    let seat = host.cluster.take_seat(&host.stop).or_else(|| {
        let found = host.children.forget_unreachable(ctx);
        found.then(|| host.cluster.take_seat(&host.stop)).flatten()
    });
    let Some(seat) = seat else {
        owner.failed(format!(
            "Uncaught Error: {} cannot be run: there are {} workers already",
            url.href(),
            host.cluster.max_workers()
        ));
        owner.ended();
        return (handle, outside);
    };
    handle.notice = Some(seat.notice());
    let thread = Arc::<Thread>::default();
    let ledger = Arc::<Ledger>::default();
    host.limits.bound(&ledger);
    let child = Arc::new(Child {
        tether: tether.clone(),
        queue: queue.clone(),
        notice: seat.notice(),
        thread: thread.clone(),
        fetching: Mutex::default(),
    });
    let modules = Modules::of(ctx);
    let loader = call_program(ctx, || modules.loader.for_worker()).unwrap_or_else(|_| {
        ctx.catch();
        None
    });
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
        last_words: host.last_words.clone(),
        blob_urls: host.blob_urls.clone(),
        cluster: host.cluster.clone(),
        limits: host.limits,
        ledger: ledger.clone(),
        loader,
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
        let owner = host.queue.clone();
        let fetching = host.io.spawn(async move {
            let script = fetch_worker_script(agent, request, callbacks, ledger, kind, owner).await;
            begin(start, script.map_err(|why| why.told()));
        });
        child.fetches(fetching.abort_handle());
    }
    // Whoever ended this realm meanwhile knew nothing of it.
    if !host.children.add(id, child.clone()) {
        child.terminate();
    }
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
            thread.end();
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
    notice: Option<Notice>,
}

impl Drop for WorkerHandle {
    /// Nobody can post to it any more, but by ports of its own.
    fn drop(&mut self) {
        self.tether.orphan();
        if let Some(notice) = self.notice.as_ref().filter(|_| is_resting(&self.tether, &self.queue)) {
            notice.give();
        }
        self.queue.wake();
    }
}

/// Has it nothing to do, and can nobody but its owner give it something?
fn is_resting(tether: &Tether, queue: &TaskQueue) -> bool {
    tether.ports.load(Ordering::SeqCst) == 0 && queue.is_idle()
}

#[cfg(test)]
mod tests {
    use crate::{Ending, Runtime};

    /// Runs a page's script to its end; bytes of the ledger, bodies and workers that are left.
    fn left_after(script: &str) -> ((u64, usize), usize, bool) {
        let script = format!(
            "const worker = (source) => {{ const u = URL.createObjectURL(new Blob([source])), w = new Worker(u); w.onerror = () => {{}}; return w; }};
             const heard = (target) => new Promise((resolve) => {{ target.onmessage = ({{ data }}) => resolve(data); }});
             const text = 'x'.repeat(100_000);
             (async () => {{ for (let i = 0; i < 20; i++) {{ {script} }} }})();"
        );
        let thread = std::thread::Builder::new().stack_size(crate::THREAD_STACK_BYTES);
        let ran = thread.spawn(move || {
            let mut runtime = Runtime::builder().max_workers(4).build().expect("a runtime");
            runtime.run_script(&script, "test.js").expect("no limit");
            assert_eq!(runtime.run_until_idle(), Ending::Idle);
            // What the ends of workers were to tell.
            assert_eq!(runtime.run_until_idle(), Ending::Idle);
            (runtime.held(), runtime.workers(), runtime.has_failed())
        });
        ran.expect("a thread").join().expect("no panic")
    }

    #[test]
    fn what_went_to_workers_is_in_no_ledger() {
        for (name, script) in [
            (
                "messages that are heard",
                "const w = worker('onmessage = ({ data }) => { postMessage(data); }'); w.postMessage(text); await heard(w); w.terminate();",
            ),
            (
                "messages to the dead",
                "const w = worker(''); w.terminate(); w.postMessage(text); w.postMessage(new Uint8Array(1e5));",
            ),
            (
                "messages that nobody hears",
                "const w = worker('postMessage(0); for (;;);'); await heard(w); w.postMessage(text); w.terminate();",
            ),
            (
                "messages in the queues of ports",
                "const w = worker('onmessage = () => postMessage(0)'), c = new MessageChannel(); c.port1.postMessage(text); w.postMessage(0, [c.port2]); await heard(w); c.port1.postMessage(text); w.terminate();",
            ),
            (
                "ports that are never read",
                "const w = worker('for (;;);'), c = new MessageChannel(); c.port1.postMessage(text); w.postMessage(0, [c.port2]); w.terminate();",
            ),
            (
                "ports, each in the queue of the other",
                "const w = worker('onmessage = ({ ports }) => postMessage(0, ports)'), a = new MessageChannel(), b = new MessageChannel(); w.postMessage(0, [a.port2, b.port2]);
                 const [p, q] = await new Promise((resolve) => { w.onmessage = ({ ports }) => resolve(ports); }); w.terminate(); a.port1.postMessage(text, [q]); b.port1.postMessage(text, [p]);",
            ),
            (
                "blobs",
                "const w = worker('onmessage = ({ data }) => { postMessage(data); }'); w.postMessage(new Blob([text])); await heard(w); w.terminate();",
            ),
            (
                "broadcasts",
                "const a = new BroadcastChannel('x'), b = new BroadcastChannel('x'); a.postMessage(text); await heard(b); a.close(); b.close();",
            ),
            (
                "workers that nobody has any more",
                "const w = worker('onmessage = ({ data }) => { postMessage(data); }'); w.postMessage(text); await heard(w);",
            ),
        ] {
            // Blobs of scripts stand in the store of blob URLs.
            let ((bytes, bodies), workers, has_failed) = left_after(script);
            assert!(bytes < 20 * 1000 && bodies == 0, "{name}: {bytes}");
            assert_eq!((workers, has_failed), (0, false), "{name}");
        }
    }
}
