//! [`Ledger`]: the native bytes that script's objects hold, of which the engine's collector knows nothing.
//!
//! Whoever copies bytes out of script, or gives it some to hold, enters them; they are crossed out with the last who
//! shares them, on whatever thread that is. Many new ones are a reason to collect, more than the limit an error: but nobody is refused
//! for what is garbage, so that the scripts' thread collects once before that.
//!
//! Longer than most by its tests: a table of all that may be left behind.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use rquickjs::{Ctx, Exception, Result, qjs};
use tokio::sync::oneshot;

use crate::event_loop::TaskQueue;
use crate::host::Host;

/// So many bytes more than the last collection left are a reason for another, at least, where the limit leaves room for more.
const COLLECT_AFTER: u64 = 64 << 20;

/// What is held.
pub(crate) struct Ledger {
    held: AtomicU64,
    /// With how many bytes it is time to collect.
    collect_at: AtomicU64,
    /// The most that may be held.
    limit: AtomicU64,
    /// So many bytes of other ledgers script was given since the last collection.
    of_others: AtomicU64,
    /// What other threads may still enter before the thread of the scripts has looked again.
    free: AtomicU64,
    /// With how many bytes it was last said that they are short, or fewer since.
    short_at: AtomicU64,
    /// Does another thread wait for a collection?
    is_asked: AtomicBool,
    /// Where that is asked for.
    scripts: OnceLock<TaskQueue>,
}

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger {
            held: AtomicU64::new(0),
            collect_at: AtomicU64::new(COLLECT_AFTER),
            limit: AtomicU64::new(u64::MAX),
            of_others: AtomicU64::new(0),
            free: AtomicU64::new(u64::MAX),
            short_at: AtomicU64::new(0),
            is_asked: AtomicBool::new(false),
            scripts: OnceLock::new(),
        }
    }
}

impl Ledger {
    pub(crate) fn set_limit(&self, bytes: usize) {
        self.limit.store(bytes as u64, Ordering::Relaxed);
        self.free.store(bytes as u64, Ordering::Relaxed);
        self.has_collected();
    }

    /// Says whose tasks collect.
    pub(crate) fn set_scripts(&self, queue: TaskQueue) {
        // A realm has one ledger, and says so once.
        let _ = self.scripts.set(queue);
    }

    /// Script was given bytes that stand in another realm's ledger.
    pub(crate) fn note_of_others(&self, bytes: u64) {
        self.of_others.fetch_add(bytes, Ordering::Relaxed);
    }

    fn enter(self: &Arc<Ledger>, bytes: Bytes) -> Bytes {
        self.add(bytes.len());
        Bytes::from_owner(Entry { ledger: self.clone(), bytes })
    }

    /// On any thread: the same bytes, entered, unless the limit leaves no room for them.
    pub(crate) fn try_enter(self: &Arc<Ledger>, bytes: Bytes) -> Option<Bytes> {
        self.try_add(bytes.len()).then(|| Bytes::from_owner(Entry { ledger: self.clone(), bytes }))
    }

    /// Bytes whose owner crosses them out with [`Ledger::remove`].
    pub(crate) fn add(&self, bytes: usize) {
        self.held.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn remove(&self, bytes: usize) {
        self.held.fetch_sub(bytes as u64, Ordering::Relaxed);
    }

    fn try_add(&self, bytes: usize) -> bool {
        let less = |free: u64| if free == u64::MAX { Some(free) } else { free.checked_sub(bytes as u64) };
        let fits = self.free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok();
        if fits {
            self.add(bytes);
        }
        fits
    }

    /// As [`Ledger::try_enter`]; what is garbage is collected before it is `None`.
    ///
    /// NB: that waits for the scripts, which must not wait for this.
    pub(crate) async fn enter_later(self: &Arc<Ledger>, bytes: Bytes) -> Option<Bytes> {
        if !self.try_add(bytes.len()) {
            self.collected(bytes.len()).await?;
            self.try_add(bytes.len()).then_some(())?;
        }
        Some(Bytes::from_owner(Entry { ledger: self.clone(), bytes }))
    }

    /// Has the scripts collect before their next task. `None` where so many bytes would not fit all the same, or no task is run any more.
    async fn collected(&self, bytes: usize) -> Option<()> {
        let queue = self.scripts.get().filter(|_| bytes as u64 <= self.limit.load(Ordering::Relaxed))?;
        let (done, collected) = oneshot::channel();
        self.is_asked.store(true, Ordering::Release);
        queue.queue(move |_| {
            // Who asked may have gone.
            let _ = done.send(());
            Ok(())
        });
        collected.await.ok()
    }

    /// What the limit leaves to the engine's own heap; nothing where there is none.
    fn left(&self) -> Option<usize> {
        let limit = self.limit.load(Ordering::Relaxed);
        let left = || usize::try_from(limit.saturating_sub(self.with(0))).unwrap_or(usize::MAX);
        // NB: to the engine, 0 is no limit.
        (limit != u64::MAX).then(|| left().max(1))
    }

    /// How much would be held with so many more bytes?
    fn with(&self, bytes: usize) -> u64 {
        self.held.load(Ordering::Relaxed).saturating_add(bytes as u64)
    }

    #[cfg(test)]
    pub(crate) fn held(&self) -> u64 {
        self.with(0)
    }

    /// Is it time that others who have some of these bytes collect? More than half of the limit is held, and an eighth of it more than
    /// when that was last so. NB: on the thread of the scripts.
    pub(crate) fn is_short(&self) -> bool {
        let (held, limit) = (self.with(0), self.limit.load(Ordering::Relaxed));
        let short_at = self.short_at.load(Ordering::Relaxed).min(held);
        let is_short = limit != u64::MAX && held > limit / 2 && held - short_at >= limit / 8;
        self.short_at.store(if is_short { held } else { short_at }, Ordering::Relaxed);
        is_short
    }

    fn is_due(&self, bytes: usize) -> bool {
        let held = self.with(bytes);
        held >= self.collect_at.load(Ordering::Relaxed)
            || held > self.limit.load(Ordering::Relaxed)
            || self.of_others.load(Ordering::Relaxed) >= self.step(0) / 2
    }

    /// After a collection: the next is due when there is as much again, and before half of what room the limit leaves is taken.
    ///
    /// NB: who fills all of it with what is no garbage has few collections, as each leaves half of the room that the last one left.
    fn has_collected(&self) {
        let held = self.held.load(Ordering::Relaxed);
        self.collect_at.store(held.saturating_add(self.step(held)), Ordering::Relaxed);
        self.of_others.store(0, Ordering::Relaxed);
        self.is_asked.store(false, Ordering::Relaxed);
    }

    /// How many bytes more than these are a reason to collect?
    fn step(&self, held: u64) -> u64 {
        let room = self.limit.load(Ordering::Relaxed).saturating_sub(held);
        held.max(COLLECT_AFTER).min((room / 2).max(LARGE as u64))
    }
}

/// The same bytes, entered for as long as anyone shares them.
///
/// # Errors
/// See [`room_for`].
pub(crate) fn hold(ctx: &Ctx<'_>, bytes: Bytes) -> Result<Bytes> {
    room_for(ctx, bytes.len())?;
    Ok(Host::of(ctx).ledger.enter(bytes))
}

/// Is there room for so many bytes more? Collects where it is time to.
///
/// # Errors
/// A `RangeError` where they are more than the limit leaves room for.
pub(crate) fn room_for(ctx: &Ctx<'_>, bytes: usize) -> Result<()> {
    let host = Host::of(ctx);
    let ledger = &host.ledger;
    // NB: to ask the engine leaves it no more than what is left, which for many that are small is nothing: then whoever is told that there
    // is no room for one more could not go on.
    let has_no_room = || bytes >= LARGE && !engine_has(ctx, ledger, bytes);
    if ledger.is_due(bytes) || has_no_room() {
        collect(ctx);
        if ledger.with(bytes) > ledger.limit.load(Ordering::Relaxed) || has_no_room() {
            return Err(Exception::throw_range(ctx, "out of memory"));
        }
    }
    Ok(())
}

/// Frees what no script has a way to any more.
pub(crate) fn collect(ctx: &Ctx<'_>) {
    ctx.run_gc();
    Host::of(ctx).ledger.has_collected();
}

/// So many bytes at least are worth a look at the engine.
const LARGE: usize = 64 << 10;

/// Has the engine's heap so much left of what the ledger leaves to it?
///
/// They have one limit: what is entered here is not left to the engine's heap.
#[allow(unsafe_code)]
fn engine_has(ctx: &Ctx<'_>, ledger: &Ledger, bytes: usize) -> bool {
    let Some(left) = ledger.left() else { return true };
    // SAFETY: the runtime is the context's; what it gave is given back, and nobody looked at it.
    unsafe {
        let engine = qjs::JS_GetRuntime(ctx.as_raw().as_ptr());
        qjs::JS_SetMemoryLimit(engine, left as _);
        let room = qjs::js_malloc_rt(engine, bytes.max(1) as _);
        let found = !room.is_null();
        if found {
            qjs::js_free_rt(engine, room);
        }
        found
    }
}

/// Has the engine no room for what is worth a look?
#[allow(unsafe_code)]
pub(crate) fn is_memory_short(ctx: &Ctx<'_>) -> bool {
    // SAFETY: the runtime is the context's; what it gave is given back, and nobody looked at it.
    unsafe {
        let engine = qjs::JS_GetRuntime(ctx.as_raw().as_ptr());
        let room = qjs::js_malloc_rt(engine, LARGE as _);
        if !room.is_null() {
            qjs::js_free_rt(engine, room);
        }
        room.is_null()
    }
}

/// After a collection the engine waits for half as much again before the next. Where the limit leaves less it would have no other: then it is
/// to collect with half of what is left.
#[allow(unsafe_code)]
fn collect_in_time(ctx: &Ctx<'_>, left: usize) {
    // SAFETY: the runtime is the context's.
    unsafe {
        let engine = qjs::JS_GetRuntime(ctx.as_raw().as_ptr());
        let threshold = qjs::JS_GetGCThreshold(engine) as usize;
        if threshold > left {
            let live = left.min(threshold / 3 * 2);
            qjs::JS_SetGCThreshold(engine, (live + (left - live) / 2) as _);
        }
    }
}

/// Before a task: lets the engine have what the ledger leaves to it, and other threads what the engine has not taken.
pub(crate) fn share(ctx: &Ctx<'_>) {
    let host = Host::of(ctx);
    let ledger = &host.ledger;
    // What came from other threads asked nobody whether it is time to.
    let is_asked = ledger.is_asked.load(Ordering::Acquire);
    if ledger.is_due(0) || is_asked {
        collect(ctx);
    }
    let look = || {
        let mut found = ledger.left()?;
        let mut too_much = found;
        while found >= LARGE && !engine_has(ctx, ledger, found) {
            too_much = found;
            found /= 2;
        }
        // Who was refused wants to know it better.
        for _ in 0..if is_asked { 5 } else { 0 } {
            let between = found + (too_much - found) / 2;
            let part = if engine_has(ctx, ledger, between) { &mut found } else { &mut too_much };
            *part = between;
        }
        Some(found)
    };
    let Some(mut found) = look() else { return };
    collect_in_time(ctx, ledger.left().unwrap_or(usize::MAX));
    // What is garbage is no reason for the task to fail.
    if found < LARGE {
        collect(ctx);
        found = look().unwrap_or(found);
    }
    // NB: not all of it: scripts that are told of what did not fit need some, too.
    let kept = (ledger.limit.load(Ordering::Relaxed) / 16) as usize;
    ledger.free.store(found.saturating_sub(kept) as u64, Ordering::Relaxed);
}

/// So many bytes, entered as long as this lives.
pub(crate) struct Charge {
    ledger: Arc<Ledger>,
    bytes: usize,
}

impl Charge {
    /// # Errors
    /// See [`room_for`].
    pub(crate) fn new(ctx: &Ctx<'_>, bytes: usize) -> Result<Charge> {
        room_for(ctx, bytes)?;
        let ledger = Host::of(ctx).ledger.clone();
        ledger.add(bytes);
        Ok(Charge { ledger, bytes })
    }

    /// Of nothing yet, on any thread.
    pub(crate) fn empty(ledger: Arc<Ledger>) -> Charge {
        Charge { ledger, bytes: 0 }
    }

    /// So many more, on the thread of the scripts.
    ///
    /// # Errors
    /// See [`room_for`].
    pub(crate) fn add(&mut self, ctx: &Ctx<'_>, bytes: usize) -> Result<()> {
        room_for(ctx, bytes)?;
        self.ledger.add(bytes);
        self.bytes += bytes;
        Ok(())
    }

    /// So many more, unless the limit leaves no room for them.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let grown = self.ledger.try_add(bytes);
        self.bytes += if grown { bytes } else { 0 };
        grown
    }

    /// The same; what is garbage is collected before it is `false`, as in [`Ledger::enter_later`].
    pub(crate) async fn grow_later(&mut self, bytes: usize) -> bool {
        self.grow(bytes) || (self.ledger.clone().collected(bytes).await.is_some() && self.grow(bytes))
    }

    /// So many of them, to be crossed out on their own.
    pub(crate) fn split(&mut self, bytes: usize) -> Charge {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        Charge { ledger: self.ledger.clone(), bytes }
    }

    /// These bytes, entered until the last who shares them is gone.
    pub(crate) fn into_bytes(self, bytes: Bytes) -> Bytes {
        self.ledger.enter(bytes)
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.ledger.remove(self.bytes);
    }
}

/// Bytes that were entered.
struct Entry {
    ledger: Arc<Ledger>,
    bytes: Bytes,
}

impl AsRef<[u8]> for Entry {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.ledger.remove(self.bytes.len());
    }
}

#[cfg(test)]
mod tests {
    use sofetch_testkit::loopback::{Reply, Server, serve};

    use super::*;

    #[test]
    fn bytes_are_held_until_the_last_who_shares_them_is_gone() {
        let ledger = Arc::new(Ledger::default());
        let whole = ledger.enter(Bytes::from_static(b"abcdef"));
        let part = whole.slice(2..3);
        drop(whole);
        assert_eq!(ledger.with(0), 6);
        drop(part);
        assert_eq!(ledger.with(0), 0);
    }

    /// Runs a page's script to its end, and says what is held then.
    fn held_after(server: &Server, script: &str) -> (u64, usize) {
        let url = server.url("/page");
        let script = format!(
            "const bytes = new Uint8Array(100_000), text = 'x'.repeat(100_000);
             (async () => {{ for (let i = 0; i < 30; i++) {{ {script} }} }})();"
        );
        let thread = std::thread::Builder::new().stack_size(crate::THREAD_STACK_BYTES);
        let ran = thread.spawn(move || {
            let url = sofetch::Url::parse(&url, None).expect("a URL");
            let mut runtime = crate::Runtime::builder().base_url(url).build().expect("a runtime");
            runtime.run_script(&script, "test.js").expect("no limit");
            assert_eq!(runtime.run_until_idle(), crate::Ending::Idle);
            assert!(!runtime.has_failed(), "{script}");
            // What was let go of ends on the io thread, as soon as that comes round to it.
            for _ in 0..5_000 {
                if runtime.held() == (0, 0) {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            runtime.held()
        });
        ran.expect("a thread").join().expect("no panic")
    }

    #[test]
    fn what_nobody_has_any_more_is_in_no_ledger() {
        let server = serve(|request| match request.path() {
            "/hang" => Reply::hang(),
            "/module.js" => {
                Reply::ok(format!("/*{}*/", "x".repeat(200_000))).header("Content-Type", "text/javascript")
            }
            _ => Reply::ok(vec![b'x'; 200_000]),
        });
        for (name, script) in [
            ("bodies that nobody reads", "await fetch('/');"),
            ("bodies of which the streams are not read", "(await fetch('/')).body;"),
            ("bodies that are read", "await (await fetch('/')).arrayBuffer(); await (await fetch('/')).text();"),
            ("bodies that are read in part", "await (await fetch('/')).body.getReader().read();"),
            ("bodies that are canceled", "await (await fetch('/')).body.cancel();"),
            ("clones of which one is read", "const r = await fetch('/'); r.clone(); await r.text();"),
            ("clones of which none is", "const r = await fetch('/'); r.clone().clone();"),
            (
                "fetches that are aborted",
                "const c = new AbortController(); const f = fetch('/hang', { signal: c.signal, method: 'POST', body: bytes });
                 setTimeout(() => c.abort()); await f.catch(() => {});",
            ),
            (
                "bodies that are aborted",
                "const c = new AbortController(); const r = await fetch('/', { signal: c.signal }); c.abort(); await r.text().catch(() => {});",
            ),
            ("uploads", "await fetch('/', { method: 'POST', body: text }); await fetch('/', { method: 'POST', body: new Blob([bytes]) });"),
            (
                "uploads of streams",
                "const body = new ReadableStream({ start(c) { c.enqueue(bytes); c.close(); } });
                 await fetch('/', { method: 'POST', body, duplex: 'half' }).catch(() => {});",
            ),
            ("forms", "const f = new FormData(); f.append('a', new Blob([bytes])); await (await new Response(f)).formData();"),
            ("headers", "new Headers({ a: text }).append('a', text);"),
            ("objects in a cycle", "const r = new Response(bytes); r.self = r; const h = new Headers({ a: text }); h.self = { h };"),
            ("blob URLs", "const u = URL.createObjectURL(new Blob([bytes])); await (await fetch(u)).text(); URL.revokeObjectURL(u);"),
            (
                "event sources",
                "const e = new EventSource('data:text/event-stream,data:a%0A%0Adata:' + text);
                 await new Promise(resolve => { e.onmessage = resolve; }); await new Promise(resolve => { e.onerror = resolve; }); e.close();",
            ),
            ("modules", "await import('/module.js?' + i);"),
            ("modules of no fitting type", "await import('/?' + i).catch(() => {});"),
            ("texts", "await import('/?' + i, { with: { type: 'text' } });"),
            ("data: URLs", "await fetch('data:,' + text); await (await fetch('data:,' + text)).blob();"),
        ] {
            assert_eq!(held_after(&server, script), (0, 0), "{name}");
        }
    }

    #[test]
    fn what_the_limit_leaves_no_room_for_is_not_entered() {
        let ledger = Arc::new(Ledger::default());
        assert_eq!(ledger.left(), None);
        ledger.set_limit(10);
        let mut charge = Charge::empty(ledger.clone());
        assert!(charge.grow(6) && !charge.grow(5) && charge.grow(1));
        assert_eq!((ledger.with(0), ledger.left()), (7, Some(3)));
        let read = charge.into_bytes(Bytes::from_static(b"abcdefg"));
        assert!(ledger.try_enter(Bytes::from_static(b"abcd")).is_none());
        assert_eq!(ledger.with(0), 7);
        let full = ledger.try_enter(Bytes::from_static(b"abc"));
        assert_eq!(ledger.left(), Some(1), "the engine takes 0 for no limit");
        drop((read, full));
        assert_eq!(ledger.with(0), 0);
    }

    #[test]
    fn bytes_are_short_once_for_each_eighth_of_the_limit_above_half_of_it() {
        let ledger = Ledger::default();
        ledger.add(1 << 40);
        assert!(!ledger.is_short(), "without a limit");
        ledger.remove(1 << 40);
        ledger.set_limit(80);
        for (added, removed, is_short) in [
            (40, 0, false),
            (1, 0, true),
            (9, 0, false),
            (1, 0, true),
            (0, 31, false),
            (21, 0, true),
            (9, 0, false),
        ] {
            ledger.add(added);
            ledger.remove(removed);
            assert_eq!(ledger.is_short(), is_short, "with {}", ledger.held());
        }
    }

    #[test]
    fn a_part_of_a_charge_is_crossed_out_on_its_own() {
        let ledger = Arc::new(Ledger::default());
        let mut charge = Charge::empty(ledger.clone());
        assert!(charge.grow(7));
        let (part, rest) = (charge.split(3), charge.split(5));
        assert_eq!((part.bytes, rest.bytes, ledger.with(0)), (3, 4, 7), "no more than there is");
        drop(part);
        assert_eq!(ledger.with(0), 4);
        drop(rest);
        assert_eq!(ledger.with(0), 0);
    }

    #[test]
    fn a_collection_is_due_when_there_is_as_much_again() {
        let ledger = Arc::new(Ledger::default());
        let most = COLLECT_AFTER as usize;
        assert!(!ledger.is_due(most - 1) && ledger.is_due(most));
        let held = ledger.enter(vec![0; 3 * most].into());
        ledger.has_collected();
        assert!(!ledger.is_due(3 * most - 1) && ledger.is_due(3 * most));
        drop(held);
        ledger.set_limit(10);
        assert!(!ledger.is_due(10) && ledger.is_due(11));
    }

    /// Who fills all of the room that there is, and lets nothing go, has few collections.
    #[test]
    fn a_collection_is_due_before_half_of_the_room_is_taken() {
        let ledger = Arc::new(Ledger::default());
        let limit = 32 << 20;
        ledger.set_limit(limit);
        assert!(!ledger.is_due(limit / 2 - 1) && ledger.is_due(limit / 2));
        let mut charge = Charge::empty(ledger.clone());
        let mut collections = 0;
        while charge.grow(1 << 10) {
            if ledger.is_due(0) {
                ledger.has_collected();
                collections += 1;
            }
        }
        assert_eq!(ledger.held(), limit as u64);
        assert!((5..12).contains(&collections), "{collections}");
    }

    #[test]
    fn what_others_count_is_a_reason_to_collect() {
        for (limit, due) in [(None, COLLECT_AFTER / 2), (Some(32 << 20), 8 << 20)] {
            let ledger = Ledger::default();
            limit.into_iter().for_each(|limit| ledger.set_limit(limit));
            ledger.note_of_others(due - 1);
            assert!(!ledger.is_due(0), "{limit:?}");
            ledger.note_of_others(1);
            assert!(ledger.is_due(0), "{limit:?}");
            ledger.has_collected();
            assert!(!ledger.is_due(0), "{limit:?}");
        }
    }
}
