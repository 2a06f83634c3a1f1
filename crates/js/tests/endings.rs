//! Runtimes that end in any state: no value outlives its runtime, and nothing aborts.

#[path = "support/interrupting.rs"]
mod interrupting;
#[path = "support/lines.rs"]
mod lines;

use std::rc::Rc;
use std::time::Duration;

use interrupting::define_interrupt;
use lines::Lines;
use sofetch::Url;
use sofetch_js::{Ending, Runtime, THREAD_STACK_BYTES};
use sofetch_testkit::loopback::{Reply, serve};

/// What is under way when the runtime goes.
const STATES: &[&str] = &[
    "fetch('/hang');",
    "fetch('/hang').then(console.log, console.log); fetch('/hang', { method: 'POST', body: new Uint8Array(100_000) });",
    "fetch('/').then((response) => { self.kept = response; });",
    "fetch('/').then((response) => { self.kept = response.body.getReader(); kept.read(); kept.read(); kept.read(); });",
    "fetch('/').then((response) => { const c = response.clone(); self.kept = [response.text(), c]; });",
    "fetch('/hang', { method: 'POST', duplex: 'half', body: new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(9)); } }) });",
    "const c = new AbortController(); fetch('/hang', { signal: c.signal }); self.kept = AbortSignal.any([c.signal]); setTimeout(() => c.abort(), 5);",
    "setTimeout(() => {}, 1e9); setInterval(() => {}, 1);",
    "Promise.reject(new Error('x')); self.kept = Promise.reject({});",
    "throw new Error('x');",
    "setTimeout(() => { throw { toString() { throw 1; } }; });",
    "self.registry = new FinalizationRegistry(() => { fetch('/'); setTimeout(() => {}, 1e9); }); registry.register({}, 1); self.target = {}; registry.register(target, 2);",
    "new FinalizationRegistry((r) => { new FinalizationRegistry(() => {}).register({}, r); }).register({}, {});",
    "self.weak = [new WeakRef({}), new WeakMap([[{}, {}]]), new WeakSet([{}])];",
    "self.streams = [new ReadableStream({ type: 'bytes', pull() { return new Promise(() => {}); } }).tee(), new TransformStream(), new WritableStream({ write() { return new Promise(() => {}); } })]; streams[2].getWriter().write(1);",
    "new ReadableStream({ pull(c) { c.enqueue(1); } }).pipeTo(new WritableStream());",
    "self.z = new CompressionStream('gzip'); z.writable.getWriter().write(new Uint8Array(100_000)); z.readable.getReader().read();",
    "self.reader = new FileReader(); reader.readAsText(new Blob(['x'])); reader.onload = () => { throw 1; };",
    "(async () => { for (;;) await null; })();",
    "self.generator = (function* () { try { yield 1; } finally { self.done = true; } })(); generator.next();",
    "self.a = async () => { await new Promise(() => {}); }; a(); (async () => { for await (const x of new ReadableStream()); })();",
    "self.proxy = new Proxy({}, { get() { throw 1; } }); Object.setPrototypeOf(self.proxy, self);",
    "addEventListener('error', () => { throw 1; }); addEventListener('unhandledrejection', () => { throw 1; }); Promise.reject(1); throw 2;",
    "const kept = []; try { for (;;) kept.push(new Uint8Array(1 << 16)); } catch {} self.kept = kept; Promise.reject(1);",
    "self.kept = []; for (;;) kept.push({ a: 1 });",
    "(function f() { f(); })();",
    "let s = new ReadableStream(); for (let i = 0; i < 300; i++) s = s.pipeThrough(new TransformStream()); self.s = s;",
    "let list = null; for (let i = 0; i < 100_000; i++) list = { list }; self.list = list;",
    "const url = URL.createObjectURL(new Blob(['x'])); fetch(url); const c = new MessageChannel(); c.port1.onmessage = () => {}; c.port2.postMessage({});",
    "import('data:text/javascript,1'); import('./x.js'); eval('import(\"x\")');",
    "structuredClone(new ArrayBuffer(8)); self.e = structuredClone(new Error('x', { cause: [new Map([[1, {}]])] }));",
    "for (;;);",
    "queueMicrotask(() => { for (;;); });",
    "setTimeout(() => { for (;;); });",
];

#[test]
fn a_runtime_goes_in_any_state() {
    let server = serve(|request| match request.path() {
        "/hang" => Reply::hang(),
        _ => Reply::ok(vec![b'x'; 300_000]),
    });
    let url = server.url("/page");
    let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
    let ran = thread.spawn(move || {
        for state in STATES {
            for limit in [None, Some(Duration::from_millis(150))] {
                let lines = Lines::default();
                let mut builder = Runtime::builder()
                    .base_url(Url::parse(&url, None).expect("a URL"))
                    .max_memory(16 << 20)
                    .printer(Rc::new(lines.clone()));
                let is_endless = state.contains("for (;;)") || state.contains("pipeTo(");
                if let Some(limit) = limit {
                    builder = builder.time_limit(limit);
                } else if is_endless {
                    continue;
                }
                // The limit may come before anything runs, while the script does, or while the loop does.
                let Ok(mut runtime) = builder.build() else { continue };
                let _ = runtime.run_script(state, "test.js");
                if limit.is_some() {
                    runtime.run_until_idle();
                }
                drop(runtime);
                // Nobody but us is left to print.
                lines.take();
            }
        }
    });
    ran.expect("a thread").join().expect("no panic");
}

/// Functions of the engine that make a rejection of what is thrown in them, or put another exception in its place.
const SWALLOWERS: &[&str] = &[
    "new Promise(() => { interrupt(); for (;;); })",
    "new Promise(() => { for (;;) interrupt(); })",
    "try { new Promise(() => { interrupt(); for (;;); }) } catch {} finally { said('finally') }",
    "Promise.try(() => { interrupt(); for (;;); })",
    "Promise.resolve({ get then() { interrupt(); for (;;); } })",
    "Promise.all({ [Symbol.iterator]() { interrupt(); for (;;); } })",
    "Promise.race([{ get then() { interrupt(); for (;;); } }])",
    "new (class extends Promise { constructor(steps) { super(steps); } })(() => { interrupt(); for (;;); })",
    "(async function* () { interrupt(); for (;;); })().next()",
    "(async () => { for await (const _ of (function* () { interrupt(); for (;;); })()); })()",
    "import({ toString() { interrupt(); for (;;); } })",
    "try { for (const _ of { [Symbol.iterator]() { return this; }, next() { return this; }, return() { interrupt(); for (;;); } }) throw 1; } catch {}",
    "try { new Headers(new Proxy([], { get() { interrupt(); for (;;); } })) } catch {}",
    "new ReadableStream({ start() { interrupt(); for (;;); } })",
    "new Promise(() => new Promise(() => new Promise(() => { interrupt(); for (;;); })))",
];

#[test]
fn no_function_of_the_engine_keeps_an_end_from_coming() {
    for swallower in SWALLOWERS {
        for script in [
            format!("{swallower}; said('ran on');"),
            format!("for (;;) {swallower};"),
            format!("(async () => {{ for (;;) {{ try {{ {swallower} }} catch {{}} }} }})(); said('ran on');"),
            format!("setTimeout(() => {{ for (;;) {swallower}; }}); setTimeout(() => said('another task'));"),
        ] {
            let (told, ended) = std::sync::mpsc::channel();
            let source = script.clone();
            let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
            let ran = thread.spawn(move || {
                let lines = Lines::default();
                let mut runtime =
                    Runtime::builder().printer(Rc::new(lines.clone())).build().expect("a runtime");
                define_interrupt(&mut runtime);
                runtime.run_script("const said = (what) => console.log(what);", "said.js").expect("it began");
                runtime.run_script(&source, "test.js").expect("it began");
                let ending = runtime.run_until_idle();
                let _ = told.send((ending, lines.take()));
            });
            // NB: what never ends keeps its thread, and this one says so.
            match ended.recv_timeout(Duration::from_secs(120)) {
                Ok((ending, lines)) => {
                    assert_eq!((ending, lines.len()), (Ending::Interrupted, 0), "{script}: {lines:?}")
                }
                Err(error) => panic!("{script}: {error}"),
            }
            ran.expect("a thread").join().expect("no panic");
        }
    }
}

/// Who was interrupted where nothing could be called any more calls again.
#[test]
fn what_is_resumed_calls_again() {
    let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
    let ran = thread.spawn(|| {
        let mut runtime = Runtime::builder().build().expect("a runtime");
        define_interrupt(&mut runtime);
        for _ in 0..2 {
            runtime.run_script("new Promise(() => { interrupt(); for (;;); })", "test.js").expect("it began");
            assert!(runtime.evaluate("1").expect_err("it is over").is_over());
            runtime.resume();
            let deep = "(function deep(n) { return n === 0 ? 0 : 1 + deep(n - 1); })(50)";
            assert_eq!(runtime.evaluate(deep).expect("a number"), 50);
        }
    });
    ran.expect("a thread").join().expect("no panic");
}
