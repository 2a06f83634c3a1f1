//! Dedicated workers: messages, errors, lifetimes.

mod support;

use sofetch_js::Global;
use support::{Page, run};

/// `worker(source)` is a worker of this source.
const PROLOGUE: &str = "const log = console.log;
    const worker = (source, options) => new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), options);
    const heard = (target) => new Promise((resolve) => target.addEventListener('message', ({ data }) => resolve(data), { once: true }));
    const fired = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
    const fails = (steps) => { try { steps(); return 'nothing'; } catch (error) { return error.name; } };\n";

/// What each script prints, in a window and in a worker that is nobody's.
fn check(cases: &[(&str, &str, &[&str])]) {
    for (name, script, expected) in cases {
        for global in [Global::Window, Global::Worker] {
            let script = format!("{PROLOGUE}(async () => {{ {script} }})();");
            // The first line of each: stacks are others' to tell.
            let lines = run(Page { global, ..Page::of("https://a.test/") }, &script);
            let lines: Vec<_> = lines.iter().filter_map(|line| line.lines().next().or(Some(""))).collect();
            assert_eq!(lines, *expected, "{name}, {global:?}");
        }
    }
}

#[test]
fn messages_table() {
    check(&[
        (
            "there and back, in order, as clones",
            "const w = worker('onmessage = ({ data, origin, source, ports, isTrusted }) => postMessage([data, self.name, origin, source, ports.length, isTrusted]);', { name: 'n' });
             w.postMessage({ a: 1 }); w.postMessage(2, []); log(await heard(w)); log(await heard(w));",
            &[
                "[{ a: 1 }, \"n\", \"\", null, 0, true]",
                "[2, \"n\", \"\", null, 0, true]",
            ],
        ),
        (
            "the last words of workers that end before anybody may hear them",
            "const sources = Array.from({ length: 40 }, () => worker('postMessage(1); close();'));
             const all = sources.map((w) => heard(w)); for (const until = performance.now() + 20; performance.now() < until;);
             log((await Promise.all(all)).length);",
            &["40"],
        ),
        (
            "a module, whose messages wait until it was run",
            "const w = worker('postMessage(typeof import.meta.url); onmessage = ({ data }) => postMessage(data); await 0;', { type: 'module' });
             w.postMessage(5); log(await heard(w)); log(await heard(w));",
            &["string", "5"],
        ),
        (
            "many messages, either way, stay in order",
            "const w = worker('onmessage = ({ data }) => { for (let i = 0; i < 10; i++) postMessage(data * 10 + i); };'); let next = 0, fault = 0;
             await new Promise((resolve) => { w.onmessage = ({ data }) => { if (data !== next++) fault++; if (next === 5000) resolve(); };
               for (let i = 0; i < 500; i++) w.postMessage(i); });
             log(next, fault);",
            &["5000 0"],
        ),
        (
            "all that structured serialization knows",
            "const w = worker('onmessage = ({ data }) => postMessage(data);');
             const cycle = { list: [1, , 'x'] }; cycle.self = cycle; cycle.again = cycle.list;
             const error = new TypeError('no', { cause: cycle });
             const buffer = new ArrayBuffer(4, { maxByteLength: 8 });
             for (const value of [undefined, null, true, -0, 1.5, NaN, 'text', 'a\\u0000b', '\\ud800x', 'h\\u00e9', '\\u{1f600}', 10n ** 40n, -1n, new Date(5), /a+/giu, new Map([[{}, new Set([1])]]),
               new Boolean(false), new String('s'), Object(3n), new Uint16Array([1, 2]), new Float64Array(buffer, 0, 0), buffer, new DataView(new ArrayBuffer(3), 1, 2), error,
               new DOMException('m', 'DataCloneError'), new QuotaExceededError('q', { quota: 1, requested: 2 }), ['__proto__', 1], JSON.parse('{\"__proto__\": 1}')]) {
               w.postMessage(value); const back = await heard(w);
               const same = Object.is(back, value) || (typeof value === 'object' && value !== back && Object.getPrototypeOf(back) === Object.getPrototypeOf(value) && String(back) === String(value));
               if (!same) log('differs', value, back);
             }
             w.postMessage(cycle); const back = await heard(w); log(back.self === back, back.again === back.list, 1 in back.list, back.list.length);
             w.postMessage(error); const e = await heard(w); log(e.cause.self === e.cause, e.stack === error.stack);
             w.postMessage(buffer); const b = await heard(w); log(b.resizable, b.byteLength, b.maxByteLength);
             w.postMessage(new QuotaExceededError('q', { quota: 1, requested: 2 })); const q = await heard(w); log(q.quota, q.requested);
             let deep = {}; for (let i = 0; i < 60; i++) deep = [deep]; w.postMessage(deep); let d = await heard(w), n = 0; while (Array.isArray(d)) { d = d[0]; n++; } log(n);",
            &["true true false 3", "true true", "true 4 8", "1 2", "60"],
        ),
        (
            "blobs and files",
            "const w = worker('onmessage = async ({ data }) => postMessage([await data.text(), data, data.name, data.lastModified]);');
             w.postMessage(new Blob(['ab', 'c'.repeat(5)], { type: 'x/y' })); let [text, back] = await heard(w); log(text, back instanceof Blob, back.type, back.size, await back.text());
             w.postMessage(new File(['f'], 'name', { lastModified: 7 })); [text, back] = await heard(w); log(text, back instanceof File, back.name, back.lastModified);",
            &["abccccc true x/y 7 abccccc", "f true name 7"],
        ),
        (
            "what cannot be cloned",
            "const w = worker('onmessage = () => { try { postMessage(() => {}); } catch (e) { postMessage(e.name); } };');
             log(fails(() => w.postMessage(Symbol())), fails(() => w.postMessage(1, [{}])), fails(() => w.postMessage(new SharedArrayBuffer(1)))); w.postMessage(1); log(await heard(w));",
            &["DataCloneError DataCloneError DataCloneError", "DataCloneError"],
        ),
        (
            "buffers are transferred",
            "const w = worker('onmessage = ({ data }) => postMessage(data, [data.buffer]);'); const bytes = new Uint8Array([1, 2, 3]), { buffer } = bytes;
             w.postMessage(bytes, [buffer]); log(buffer.detached, bytes.length); const back = await heard(w); log(back.join(), back.buffer.detached);
             const grows = new ArrayBuffer(2, { maxByteLength: 4 }); w.postMessage({ buffer: grows }, { transfer: [grows] }); const { buffer: b } = await heard(w); b.resize(4); log(b.byteLength, grows.detached);",
            &["true 0", "1,2,3 false", "4 true"],
        ),
        (
            "what a worker prints comes in its order, before what it posts then",
            "const w = worker('console.log(1); console.error(2); console.log(3); postMessage(4)'); log(await heard(w));",
            &["1", "! 2", "3", "4"],
        ),
        (
            "a URL that is none, and options that are none",
            "log(fails(() => new Worker('http://[')), fails(() => new Worker()), fails(() => new Worker('data:,', { type: 'x' })), fails(() => Worker('data:,')));
             const w = new Worker('data:,postMessage(location.protocol + self.origin)'); log(await heard(w), String(w), w.onerror);",
            &["SyntaxError TypeError TypeError TypeError", "data:null [object Worker] null"],
        ),
        (
            "the global",
            "const w = worker(`postMessage([self instanceof DedicatedWorkerGlobalScope, typeof window, self === globalThis, typeof importScripts, location.protocol, isSecureContext,
               navigator instanceof WorkerNavigator, performance.timeOrigin > 0, performance.now() >= 0, origin, typeof Worker, typeof BroadcastChannel, typeof MessageChannel, onmessage, name]);`);
             log(...await heard(w));",
            &["true undefined true function blob: true true true true https://a.test function function function null "],
        ),
        (
            "a module worker imports no scripts, and imports",
            "const w = worker(`try { importScripts(); } catch (e) { postMessage(e.constructor === TypeError); } postMessage((await import('data:text/javascript,export default 8')).default);`, { type: 'module' });
             log(await heard(w)); log(await heard(w));",
            &["true", "8"],
        ),
    ]);
}

#[test]
fn ports_table() {
    check(&[
        (
            "a port into a worker, with what waits in it, and what comes later",
            "const w = worker('onmessage = ({ data, ports }) => { ports[0].onmessage = ({ data }) => ports[0].postMessage(data + 1); };'); const { port1, port2 } = new MessageChannel();
             port1.postMessage(1); port1.postMessage(2); w.postMessage(null, [port2]); port1.postMessage(3);
             const got = []; await new Promise((resolve) => { port1.onmessage = ({ data }) => { if (got.push(data) === 3) resolve(); }; }); log(got.join());
             log(fails(() => w.postMessage(1, [port2])));",
            &["2,3,4", "DataCloneError"],
        ),
        (
            "both ends into two workers",
            "const a = worker('onmessage = ({ ports: [p] }) => { p.postMessage(5); p.onmessage = ({ data }) => postMessage(data); };'), b = worker('onmessage = ({ ports: [p] }) => { p.onmessage = ({ data }) => p.postMessage(data * 2); };');
             const { port1, port2 } = new MessageChannel(); a.postMessage(0, [port1]); b.postMessage(0, [port2]); log(await heard(a));",
            &["10"],
        ),
        (
            "round three realms and home again, with all that waits",
            "const pass = 'onmessage = ({ ports: [p] }) => { postMessage(0, [p]); };'; const a = worker(pass), b = worker(pass);
             const { port1, port2 } = new MessageChannel(); port1.postMessage('one');
             const handed = (w, p) => new Promise((resolve) => { w.onmessage = ({ ports }) => resolve(ports[0]); w.postMessage(0, [p]); });
             let p = await handed(a, port2); port1.postMessage('two'); p = await handed(b, p); port1.postMessage('three'); p = await handed(a, p); port1.postMessage('four');
             const got = []; await new Promise((resolve) => { p.onmessage = ({ data }) => { if (got.push(data) === 4) resolve(); }; }); log(got.join()); p.postMessage('back'); port1.start(); log(await heard(port1));",
            &["one,two,three,four", "back"],
        ),
        (
            "ports of ports",
            "const w = worker('onmessage = ({ ports: [p] }) => { p.onmessage = ({ ports: [q] }) => { q.onmessage = ({ data }) => postMessage(data); }; };');
             const outer = new MessageChannel(), inner = new MessageChannel(); inner.port1.postMessage('deep'); outer.port1.postMessage(0, [inner.port2]); w.postMessage(0, [outer.port2]); log(await heard(w));",
            &["deep"],
        ),
        (
            "ports in ports, ten thousand deep",
            "const w = worker('onmessage = ({ ports: [p] }) => { p.onmessage = ({ data }) => postMessage(data); };'); let { port1, port2 } = new MessageChannel(); port1.postMessage('bottom');
             let top = port2; for (let i = 0; i < 10000; i++) { const c = new MessageChannel(); c.port1.postMessage(i, [top]); top = c.port2; }
             w.postMessage(0, [top]); log(await heard(w)); w.terminate();",
            &["9999"],
        ),
        (
            "closing is told to the other end, behind the messages",
            "const w = worker('onmessage = ({ ports: [p] }) => { p.onmessage = ({ data }) => postMessage(data); p.onclose = () => postMessage(\"closed\"); postMessage(0); };'); const { port1, port2 } = new MessageChannel();
             w.postMessage(0, [port2]); await heard(w); port1.postMessage(1); port1.close(); log(await heard(w)); log(await heard(w));",
            &["1", "closed"],
        ),
        (
            "of a port that has moved, too, though its other end was closed before",
            "const w = worker('onmessage = ({ ports: [p] }) => { p.onclose = () => postMessage(\"closed\"); setTimeout(() => { p.onmessage = ({ data }) => postMessage(data); }, 5); };'); const { port1, port2 } = new MessageChannel();
             port1.postMessage(1); w.postMessage(0, [port2]); port1.postMessage(2); port1.close(); log(await heard(w)); log(await heard(w)); log(await heard(w));",
            &["1", "2", "closed"],
        ),
        (
            "ports, each in the queue of the other: nobody will ever have them",
            "const w = worker('onmessage = ({ ports }) => postMessage(0, ports)'), all = [1, 2, 3].map(() => new MessageChannel()); w.postMessage(0, all.map(({ port2 }) => port2));
             const [p, q, r] = await new Promise((resolve) => { w.onmessage = ({ ports }) => resolve(ports); }), [a, b, c] = all.map(({ port1 }) => port1);
             const closed = Promise.all([a, b, c].map((port) => fired(port, 'close'))); a.postMessage(1, [q]); b.postMessage(2, [r]); c.postMessage(3, [p]); await closed; log('closed');",
            &["closed"],
        ),
        (
            "a worker that ends closes its ports",
            "const w = worker('onmessage = ({ ports: [p] }) => { p.postMessage(1); };'); const { port1, port2 } = new MessageChannel(); w.postMessage(0, [port2]); port1.start(); log(await heard(port1)); w.terminate(); await fired(port1, 'close'); log('closed');
             const c = new MessageChannel(); w.postMessage(0, [c.port2]); await fired(c.port1, 'close'); log('closed');",
            &["1", "closed", "closed"],
        ),
        (
            "through itself",
            "const w = worker('onmessage = ({ ports: [p] }) => postMessage(0, [p])'); const { port1, port2 } = new MessageChannel(); w.postMessage(0, [port2]);
             const p = await new Promise((resolve) => { w.onmessage = ({ ports }) => resolve(ports[0]); });
             log(fails(() => p.postMessage(0, [p]))); p.onmessage = () => log('never'); port1.postMessage(0, [p]); log(fails(() => port1.postMessage(1)));",
            &["DataCloneError", "nothing"],
        ),
        (
            "streams into a worker, and what comes of them",
            "const w = worker(`onmessage = async ({ data: { readable, writable, transform } }) => {
               await readable.pipeThrough(new TransformStream({ transform(chunk, c) { c.enqueue(chunk.toUpperCase()); } })).pipeTo(writable);
               const writer = transform.writable.getWriter(); writer.write('through'); writer.close(); postMessage((await transform.readable.getReader().read()).value); };`);
             const { readable, writable } = new TransformStream(), source = new ReadableStream({ start(c) { for (const x of 'abc') c.enqueue(x); c.close(); } }), transform = new TransformStream();
             w.postMessage({ readable: source, writable, transform }, [source, writable, transform]); log(source.locked, fails(() => source.getReader()));
             let text = ''; for await (const chunk of readable) text += chunk; log(text); log(await heard(w));",
            &["true TypeError", "ABC", "through"],
        ),
        (
            "a response's body",
            "const w = worker('onmessage = async ({ data }) => { let n = 0; for await (const chunk of data) n += chunk.length; postMessage(n); };'); const { body } = new Response('x'.repeat(300000)); w.postMessage(body, [body]); log(await heard(w));",
            &["300000"],
        ),
    ]);
}

#[test]
fn lifetimes_table() {
    check(&[
        ("nothing to do", "const w = worker(''); w.onmessage = () => {}; worker('onmessage = () => {}'); log('end')", &["end"]),
        ("timers of a worker are waited for", "worker('setTimeout(() => console.log(1), 5)')", &["1"]),
        (
            "close(): the task that runs is the last",
            "const w = worker(`postMessage(1); close(); postMessage(2); Promise.resolve().then(() => postMessage(3)); setTimeout(() => postMessage(4)); onmessage = () => postMessage(5);`); w.postMessage(0);
             w.onmessage = ({ data }) => log(data);",
            &["1", "2", "3"],
        ),
        (
            "terminate(): a busy loop ends, and what it cannot catch",
            "const w = worker('postMessage(0); for (;;) try { for (;;); } catch {} finally { continue; }'); await heard(w); w.terminate(); w.terminate(); w.postMessage(1); log('end');",
            &["end"],
        ),
        (
            "terminate(): what it has posted is not heard any more",
            "const w = worker('postMessage(1); postMessage(2); postMessage(3)'); w.onmessage = ({ data }) => { log(data); w.terminate(); };",
            &["1"],
        ),
        (
            "terminate(): what it waits for is given up",
            "const w = worker('setTimeout(() => {}, 1e9); addEventListener(\"x\", () => {}); postMessage(0)'); log(await heard(w)); w.terminate();
             const n = worker('new Worker(\"data:text/javascript,setTimeout(() => {}, 1e9)\").onerror = postMessage(0); setInterval(() => {}, 1e9)'); log(await heard(n)); n.terminate();",
            &["0", "0"],
        ),
        ("terminate() at once", "const w = worker('console.log(1)'); w.onmessage = w.onerror = () => log('never'); w.terminate(); log('end');", &["end"]),
        (
            "nested workers, which end with their owner",
            "const w = worker(`const n = new Worker('data:text/javascript,' + encodeURIComponent('postMessage(1); for (;;);')); n.onmessage = ({ data }) => postMessage(data + 1);`); log(await heard(w)); w.terminate(); log('end');",
            &["2", "end"],
        ),
        (
            "nested workers that go on keep their owner",
            "worker(`const n = new Worker('data:text/javascript,' + encodeURIComponent('setTimeout(() => postMessage(1), 5)')); n.onmessage = ({ data }) => console.log(data);`);",
            &["1"],
        ),
        (
            "ten deep",
            "const source = 'onmessage = ({ data }) => { if (data.left === 0) { postMessage(0); return; } const n = new Worker(URL.createObjectURL(new Blob([data.source]))); n.onmessage = (e) => postMessage(e.data + 1); n.postMessage({ source: data.source, left: data.left - 1 }); };';
             const w = worker(source); w.postMessage({ source, left: 10 }); log(await heard(w));",
            &["10"],
        ),
        (
            "messages to and fro keep both",
            "const w = worker('onmessage = ({ data }) => postMessage(data + 1)'); await new Promise((resolve) => { w.onmessage = ({ data }) => data < 500 ? w.postMessage(data) : resolve(log(data)); w.postMessage(0); });",
            &["500"],
        ),
    ]);
}

#[test]
fn errors_table() {
    check(&[
        (
            "an exception: the worker's global, the Worker, its owner's global, the console",
            "const w = worker(`onerror = (...a) => { console.log('in', a.length, a[0]); }; \\n throw new RangeError('thrown');`);
             w.addEventListener('error', (e) => log('at', e instanceof ErrorEvent, e.message, e.error, e.lineno > 0, e.colno > 0, e.filename.startsWith('blob:'), e.cancelable));
             self.addEventListener('error', (e) => { log('out', e.message, e.error); });",
            &[
                "in 5 Uncaught RangeError: thrown",
                "at true Uncaught RangeError: thrown null true true true true",
                "out Uncaught RangeError: thrown null",
                "! Uncaught RangeError: thrown",
            ],
        ),
        ("handled in the worker", "const w = worker('onerror = () => true; throw 1'); w.onerror = () => log('never');", &[]),
        ("handled at the Worker", "const w = worker('throw 1'); w.onerror = (e) => { log(e.message); e.preventDefault(); }; onerror = () => log('never');", &["Uncaught 1"]),
        ("handled at the owner's global", "worker('throw 1'); onerror = (message) => { log(message); return true; };", &["Uncaught 1"]),
        (
            "of a nested worker's, up to the top",
            "worker(`new Worker('data:text/javascript,' + encodeURIComponent('throw 5')); onerror = (message) => { console.log('middle', message); };`); onerror = (message) => { log('top', message); return true; };",
            &["middle Uncaught 5", "top Uncaught 5"],
        ),
        ("what goes on after an exception", "const w = worker('onmessage = ({ data }) => postMessage(data); throw 1'); w.onerror = (e) => e.preventDefault(); w.postMessage(2); log(await heard(w));", &["2"]),
        ("a rejection that nobody takes is the worker's own", "const w = worker('onunhandledrejection = (e) => { console.log(e.reason); }; Promise.reject(4)'); w.onerror = () => log('never');", &["4", "! Uncaught (in promise) 4"]),
        ("what does not parse", "const w = worker('let 1'); const e = await fired(w, 'error'); log(e.constructor.name, e.type, e.message, e.cancelable);", &["Event error undefined false"]),
        ("a module that does not", "for (const source of ['let 1', \"import 'data:text/javascript,let 1'\", \"import 'data:text/plain,1'\", \"import { x } from 'data:text/javascript,'\", \"import 'bare'\"]) { const e = await fired(worker(source, { type: 'module' }), 'error'); log(e.constructor.name); }", &["Event", "Event", "Event", "Event", "Event"]),
        ("a blob that is not there", "const w = new Worker('blob:https://a.test/0'); log((await fired(w, 'error')).constructor.name);", &["Event"]),
        ("a file's", "const w = new Worker('file:///etc/passwd'); log((await fired(w, 'error')).constructor.name);", &["Event"]),
        ("another origin's", "const w = new Worker('https://b.test/w.js'); log((await fired(w, 'error')).constructor.name);", &["Event"]),
        ("no memory within its stack", "const w = worker('(function f() { f(); })()'); w.onerror = (e) => { log(e.message); e.preventDefault(); };", &["Uncaught RangeError: Maximum call stack size exceeded"]),
        ("what nobody hears goes to the console", "new Worker('blob:https://a.test/0');", &["! Uncaught Error: blob:https://a.test/0 cannot be run: failed to fetch (SchemeFetch)"]),
    ]);
}

#[test]
fn broadcasts_table() {
    check(&[
        (
            "to all others of the name, in order, of all realms",
            "const c = new BroadcastChannel('x'), d = new BroadcastChannel('x'), e = new BroadcastChannel('y'); e.onmessage = () => log('never');
             c.onmessage = ({ data }) => log('c', data); d.onmessage = ({ data, origin, source, ports }) => log('d', data, origin, source, ports.length); c.postMessage({ a: 1 }); d.postMessage(2);",
            &["d { a: 1 } https://a.test null 0", "c 2"],
        ),
        (
            "across workers",
            "const c = new BroadcastChannel('x'), got = []; const w = worker('const c = new BroadcastChannel(\"x\"); c.onmessage = ({ data }) => c.postMessage(data + 1); postMessage(0)'); await heard(w);
             c.postMessage(1); log(await heard(c)); c.postMessage(new Blob(['b'])); log(await heard(c));",
            &["2", "[object Blob]1"],
        ),
        (
            "close(), names, and what cannot be cloned",
            "const c = new BroadcastChannel('x'); log(c.name, new BroadcastChannel().name === undefined);",
            &["! Uncaught (in promise) TypeError: Failed to construct 'BroadcastChannel': 1 argument required, but only 0 present"],
        ),
        (
            "what is closed",
            "const c = new BroadcastChannel(null), d = new BroadcastChannel('null'); d.onmessage = () => log('never'); log(c.name, fails(() => c.postMessage(Symbol())), fails(() => c.postMessage())); c.postMessage(1); d.close(); d.close(); log(fails(() => d.postMessage(1)));",
            &["null DataCloneError TypeError", "InvalidStateError"],
        ),
        ("keeps nothing waiting", "new BroadcastChannel('x').onmessage = () => {}; worker('new BroadcastChannel(\"x\").onmessage = () => {}'); log('end')", &["end"]),
        (
            "an opaque origin is alone",
            "const c = new BroadcastChannel('x'); c.onmessage = () => log('never'); const w = new Worker('data:text/javascript,' + encodeURIComponent('const c = new BroadcastChannel(\"x\"), d = new BroadcastChannel(\"x\"); d.onmessage = ({ data, origin }) => postMessage([data, origin]); c.postMessage(1)')); log(await heard(w));",
            &["[1, \"null\"]"],
        ),
    ]);
}

#[test]
fn polluted_prototypes_have_no_say() {
    let pollute = "for (const [object, names] of [[Object.prototype, ['type', 'data', 'kind', 'serialized', 'transferred', 'written', 'properties', 'length', 'bytes', 'maxByteLength', 'handle', 'value', '0', '1', 'id', 'message', 'worker', 'end', 'remote']], [Array.prototype, ['0', '1', '2']], [Map.prototype, ['get', 'set']], [Set.prototype, ['add']]]) for (const name of names) Object.defineProperty(object, name, { __proto__: null, configurable: true, get() { throw new Error('got ' + name); }, set(v) { throw new Error('set ' + name); } });";
    let echo = "const { defineProperty } = Object; onmessage = ({ data, ports }) => postMessage(data, ports.length ? ports : []);";
    for (name, here, there) in [("here", pollute, ""), ("there", "", pollute), ("in both", pollute, pollute)]
    {
        let script = format!(
            "{PROLOGUE} const w = worker({echo:?} + {there:?}); {here}
             const {{ port1, port2 }} = new MessageChannel(); const bytes = new Uint8Array(3);
             const sent = JSON.parse('{{\"a\":[1,{{\"b\":\"x\"}}]}}');
             w.onmessage = ({{ data, ports }}) => {{ log(data.a[0], data.a[1].b, data.a.length, ports.length); ports[0].onmessage = (e) => log(e.data); port1.postMessage('through'); }};
             w.postMessage(sent, [port2]); new BroadcastChannel('x').postMessage(1);"
        );
        let lines = run(Page::of("https://a.test/"), &script);
        assert_eq!(lines, ["1 x 2 1", "through"], "{name}");
    }
}
