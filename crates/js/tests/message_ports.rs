//! Message channels, what a window posts to itself, and streams that go through either.

mod support;

use sofetch_js::Global;
use support::{Page, run};

const PROLOGUE: &str = "const fails = (steps) => { try { steps(); return 'nothing'; } catch (error) { return error.name; } };
    const log = console.log; const later = (steps) => setTimeout(steps, 20);
    const moved = (value) => structuredClone(value, { transfer: [value] });
    const source = (...chunks) => new ReadableStream({ start(c) { for (const chunk of chunks) c.enqueue(chunk); c.close(); } });";

/// What each script prints, in a window and in a worker.
fn check(cases: &[(&str, &str, &[&str])]) {
    for global in [Global::Window, Global::Worker] {
        for (name, script, expected) in cases {
            let page = Page { global, ..Page::of("https://a.test/") };
            assert_eq!(run(page, &format!("{PROLOGUE}\n{script}")), *expected, "{name}, {global:?}");
        }
    }
}

#[test]
fn messages_table() {
    check(&[
        (
            "messages come in order, as clones, in tasks",
            "const { port1, port2 } = new MessageChannel(); const sent = { a: [1] };
             port2.onmessage = ({ data, type, origin, source, ports, isTrusted, target, lastEventId }) =>
               log(data, data !== sent, type, origin === '', source, ports.length, Object.isFrozen(ports), isTrusted, target === port2, lastEventId === '');
             port1.postMessage(sent); port1.postMessage(2, []); log('sent'); queueMicrotask(() => log('microtask'));",
            &[
                "sent",
                "microtask",
                "{ a: [1] } true message true null 0 true true true true",
                "2 true message true null 0 true true true true",
            ],
        ),
        (
            "an event is its object, also when it is dispatched again",
            "const { port1, port2 } = new MessageChannel(); const seen = []; const b = new Uint8Array([1, 2]);
             port2.onmessage = (event) => {
               seen.push(event); if (seen.length === 2) { log(seen[0] === seen[1], seen[0].isTrusted, event.target === port2, event.data.join()); return; }
               later(() => { log(event.data.join(), event.target === port2, event.currentTarget, event.eventPhase); port2.dispatchEvent(event); });
             };
             port1.postMessage(b); b[0] = 9;",
            &["1,2 true null 0", "true false true 1,2"],
        ),
        (
            "the method that says what a list is makes it",
            "const { port1, port2 } = new MessageChannel(), buffer = new ArrayBuffer(1); let asked = 0;
             const list = { get [Symbol.iterator]() { asked++; return asked === 1 ? function* () { yield buffer; } : undefined; } };
             port1.postMessage(0, list); log(asked, buffer.detached);
             const options = { get [Symbol.iterator]() { asked++; return null; }, get transfer() { asked += 10; return []; } };
             port1.postMessage(0, options); log(asked); log(fails(() => port1.postMessage(0, { [Symbol.iterator]: 1 })));",
            &["1 true", "12", "TypeError"],
        ),
        (
            "messages that wait leave the realm with their port",
            "const { port1, port2 } = new MessageChannel(), buffer = new Uint8Array([4, 5]).buffer;
             port1.postMessage({ a: [1, 'x'], bytes: new Uint8Array([1, 2, 3]) }); port1.postMessage('plain'); port1.postMessage(buffer, [buffer]); port1.postMessage(new Date(5));
             const w = new Worker('data:text/javascript,onmessage = ({ ports: [p] }) => { p.onmessage = ({ data }) => postMessage(data); };');
             let n = 0; w.onmessage = ({ data }) => { log(data instanceof ArrayBuffer ? new Uint8Array(data).join() : data); if (++n === 4) w.terminate(); };
             w.postMessage(0, [port2]); log(buffer.detached);",
            &["true", "{ a: [1, \"x\"], bytes: Uint8Array(3) [1, 2, 3] }", "plain", "4,5", "1970-01-01T00:00:00.005Z"],
        ),
        (
            "a queue waits for start(), which onmessage implies",
            "const { port1, port2 } = new MessageChannel(); port2.addEventListener('message', ({ data }) => log(data)); port1.postMessage('waits');
             const other = new MessageChannel(); other.port1.postMessage('implied'); other.port2.onmessage = ({ data }) => log(data);
             later(() => { log('starts'); port2.start(); });",
            &["implied", "starts", "waits"],
        ),
        (
            "an open port with a listener keeps nothing waiting",
            "const { port1, port2 } = new MessageChannel(); port1.onmessage = port2.onmessage = () => {}; log('end')",
            &["end"],
        ),
        (
            "messages on their way are done",
            "const { port1, port2 } = new MessageChannel(); port2.onmessage = ({ data }) => { log(data); if (data < 3) port1.postMessage(data + 1); }; port1.postMessage(1)",
            &["1", "2", "3"],
        ),
        (
            "messages and timers go by their age",
            "const { port1, port2 } = new MessageChannel(); port2.onmessage = ({ data }) => { log(data); setTimeout(() => log('timer of', data), 0); port1.postMessage('again'); port2.onmessage = ({ data }) => log(data); };
             port1.postMessage(1); setTimeout(() => log('first'), 0); port1.postMessage(2); setTimeout(() => log('second'), 0);",
            &["1", "first", "2", "second", "timer of 1", "again"],
        ),
        (
            "microtasks run after each listener",
            "const { port1, port2 } = new MessageChannel();
             for (const type of ['message', 'close']) for (const name of ['first', 'second']) {
               port2.addEventListener(type, () => { log(type, name); Promise.resolve().then(() => log('microtask of the', name)); });
             }
             port2.start(); port1.postMessage(1); port1.close();",
            &[
                "message first",
                "microtask of the first",
                "message second",
                "microtask of the second",
                "close first",
                "microtask of the first",
                "close second",
                "microtask of the second",
            ],
        ),
        (
            "what a listener throws does not stop the next message",
            "const { port1, port2 } = new MessageChannel(); onerror = (message) => { log(message); return true; };
             port2.onmessage = ({ data }) => { if (data === 1) throw new RangeError('x'); log(data); }; port1.postMessage(1); port1.postMessage(2);",
            &["Uncaught RangeError: x", "2"],
        ),
        (
            "buffers go along, and errors are thrown at once",
            "const { port1, port2 } = new MessageChannel(); const buffer = new ArrayBuffer(3);
             port2.onmessage = ({ data, ports }) => log(data.byteLength, ports.length);
             port1.postMessage(buffer, { transfer: [buffer] });
             log(buffer.detached, fails(() => port1.postMessage(() => {})), fails(() => port1.postMessage(1, [{}])), fails(() => port1.postMessage(port2)), fails(() => port1.postMessage()));",
            &["true DataCloneError DataCloneError DataCloneError TypeError", "3 0"],
        ),
    ]);
}

#[test]
fn closing_table() {
    check(&[
        (
            "the other end is told, behind what was sent before",
            "const { port1, port2 } = new MessageChannel(); port2.onmessage = ({ data }) => log(data);
             port1.onclose = () => log('wrong'); port2.onclose = (event) => { log(event.type, event.isTrusted); port2.postMessage(1); };
             port1.postMessage('last'); port1.close(); port1.postMessage('lost'); port2.postMessage('lost'); port1.close();",
            &["last", "close true"],
        ),
        (
            "what a closed port has got already it still hears",
            "const { port1, port2 } = new MessageChannel(); port2.onmessage = ({ data }) => { log(data); port2.close(); };
             port1.postMessage(1); port1.postMessage(2);",
            &["1", "2"],
        ),
        (
            "a closed port cannot be transferred, the one at its other end can",
            "const { port1, port2 } = new MessageChannel(); port1.close(); log(fails(() => moved(port1)), fails(() => moved(port2)))",
            &["DataCloneError nothing"],
        ),
        (
            "a port that is under way is told when it has come",
            "const a = new MessageChannel(), b = new MessageChannel();
             b.port2.onmessage = ({ ports: [port] }) => { port.onclose = () => log('close'); port.onmessage = ({ data }) => log(data); };
             a.port1.postMessage('before'); b.port1.postMessage(null, [a.port2]); a.port1.postMessage('after'); a.port1.close();",
            &["before", "after", "close"],
        ),
        (
            "and where nothing waits in it, though nobody starts it",
            "const a = new MessageChannel(), b = new MessageChannel(); b.port2.onmessage = ({ ports: [port] }) => { port.onclose = () => log('close'); };
             b.port1.postMessage(null, [a.port2]); a.port1.close();",
            &["close"],
        ),
        (
            "what waits in one that has moved is heard first, whenever it is started, and however often it moves",
            "const { port1, port2 } = new MessageChannel(); port1.postMessage(1); port1.postMessage(2); port1.close();
             let port = moved(moved(port2)); port.onclose = () => log('close');
             later(() => { log('starts'); port.onmessage = ({ data }) => { log(data); port = moved(port); port.onclose = () => log('close at last'); port.onmessage = ({ data }) => log(data); }; });",
            &["starts", "1", "2", "close at last"],
        ),
    ]);
}

#[test]
fn transferred_ports_table() {
    check(&[
        (
            "a port comes as another, and the old one is dead",
            "const a = new MessageChannel(), b = new MessageChannel();
             b.port2.onmessage = ({ data, ports }) => {
               log(data.port === ports[0], ports[0] !== a.port2, ports[0] instanceof MessagePort);
               ports[0].onmessage = ({ data }) => { log(data); ports[0].postMessage('back'); };
             };
             a.port1.onmessage = ({ data }) => log(data);
             b.port1.postMessage({ port: a.port2 }, [a.port2]); a.port2.postMessage('nowhere'); a.port2.start(); a.port1.postMessage('there');
             log(fails(() => moved(a.port2)));",
            &["DataCloneError", "true true true", "there", "back"],
        ),
        (
            "messages go along, those of an enabled queue too, and wait to be asked for",
            "const { port1, port2 } = new MessageChannel(); port2.onmessage = () => log('wrong'); port1.postMessage(1); port1.postMessage(2);
             const next = moved(port2); port1.postMessage(3); const last = moved(next); port1.postMessage(4);
             next.onmessage = () => log('wrong'); later(() => { log('asks'); last.onmessage = ({ data }) => log(data); });",
            &["asks", "1", "2", "3", "4"],
        ),
        (
            "both ends may move",
            "const { port1, port2 } = new MessageChannel(); const one = moved(port1), two = moved(port2);
             two.onmessage = ({ data }) => log(data); one.postMessage('moved'); port1.postMessage('dead');",
            &["moved"],
        ),
        (
            "a port not through itself; through its own channel it is lost",
            "const { port1, port2 } = new MessageChannel(); log(fails(() => port1.postMessage(1, [port1])));
             log(fails(() => port1.postMessage(1, [port2])), fails(() => moved(port2)));",
            &["DataCloneError", "nothing DataCloneError"],
        ),
        (
            "ports are told apart from what else is transferred, in their order",
            "const a = new MessageChannel(), b = new MessageChannel(); const buffer = new ArrayBuffer(1);
             b.port2.onmessage = ({ data, ports }) => log(ports.length, ports[0] === data.second, ports[1] === data.first);
             const c = new MessageChannel(); b.port1.postMessage({ first: a.port1, second: c.port1 }, [c.port1, buffer, a.port1]);",
            &["2 true true"],
        ),
    ]);
}

#[test]
fn who_waits_for_the_close_of_a_port_has_garbage_collected() {
    check(&[
        (
            "the other is garbage",
            "const guard = setTimeout(() => log('nothing came'), 60000);
             const other = (() => { const { port1, port2 } = new MessageChannel(); globalThis.kept = port1; return new WeakRef(port2); })();
             kept.onclose = () => { log('closed', other.deref()); clearTimeout(guard); };",
            &["closed undefined"],
        ),
        (
            "the other is not",
            "const { port1, port2 } = new MessageChannel(); globalThis.kept = port2;
             port1.onclose = () => log('never'); setTimeout(() => { log('end'); port1.onclose = null; }, 100);",
            &["end"],
        ),
    ]);
}

#[test]
fn ports_are_collected() {
    check(&[(
        "a pair that nobody holds; one end, of which the other is told; not one that listens",
        "let lost = 0, closed = false; const registry = new FinalizationRegistry(() => { lost += 1; }); const kept = [];
         (() => {
           for (let i = 0; i < 50; i++) {
             const pair = new MessageChannel(); pair.port1.onmessage = pair.port2.onmessage = () => {};
             registry.register(pair.port1); registry.register(pair.port2);
           }
           const told = new MessageChannel(); kept.push(told.port1); told.port1.onclose = () => { log('close'); closed = true; }; registry.register(told.port2);
           const moving = new MessageChannel(); kept.push(moving.port1, moved(moving.port2)); moving.port1.onclose = () => log('wrong');
           const heard = new MessageChannel(); kept.push(heard.port1); heard.port2.onmessage = ({ data }) => log(data);
           const stream = source(1); registry.register(moved(stream)); registry.register(stream);
         })();
         let rounds = 0;
         (function again() {
           for (let i = 0; i < 50000; i++) { const a = {}; a.a = a; }
           if ((lost < 103 || !closed) && rounds++ < 200) setTimeout(again, 1);
           else { log(lost); kept.at(-1).postMessage('heard'); }
         })();",
        &["close", "103", "heard"],
    )]);
}

#[test]
fn events_table() {
    check(&[
        (
            "an event of script's own",
            "const { port1 } = new MessageChannel(); const ports = [port1];
             const e = new MessageEvent('x', { data: 1, origin: 'o', lastEventId: 'l', source: port1, ports });
             log(e.data, e.origin, e.lastEventId, e.source === port1, e.ports[0] === port1, e.ports !== ports, e.ports === e.ports, Object.isFrozen(e.ports), e.isTrusted);
             const f = new MessageEvent('y'); log(f.data, f.origin === '', f.source, f.ports.length);
             f.initMessageEvent('z', true, true, 5, 'p', 'i', port1, ports); log(f.type, f.bubbles, f.data, f.origin, f.source === port1, f.ports.length);
             log(fails(() => new MessageEvent('x', { source: {} })), fails(() => new MessageEvent('x', { ports: [1] })), fails(() => new MessagePort()));",
            &["1 o l true true true true true false", "null true null 0", "z true 5 p true 1", "TypeError TypeError TypeError"],
        ),
        (
            "a port dispatches what it is given",
            "const { port1 } = new MessageChannel(); port1.onmessage = ({ data, isTrusted }) => log(data, isTrusted); port1.dispatchEvent(new MessageEvent('message', { data: 7 }))",
            &["7 false"],
        ),
    ]);
}

#[test]
fn windows_table() {
    for (name, url, script, expected) in [
        (
            "a window hears itself",
            "https://a.test/x",
            "onmessage = ({ data, origin, source, isTrusted }) => log(data, origin, source === window, isTrusted);
             postMessage(1); postMessage(2, '*'); postMessage(3, '/'); postMessage(4, 'https://a.test:443/elsewhere'); postMessage(5, { targetOrigin: 'https://a.test' }); log('sent');",
            &[
                "sent",
                "1 https://a.test true true",
                "2 https://a.test true true",
                "3 https://a.test true true",
                "4 https://a.test true true",
                "5 https://a.test true true",
            ] as &[&str],
        ),
        (
            "microtasks run after each listener",
            "https://a.test/x",
            "for (const name of ['first', 'second']) addEventListener('message', () => { log(name); Promise.resolve().then(() => log('microtask of the', name)); }); postMessage(1);",
            &["first", "microtask of the first", "second", "microtask of the second"],
        ),
        (
            "what is for another origin is taken away and not delivered",
            "https://a.test/x",
            "onmessage = () => log('wrong'); const buffer = new ArrayBuffer(1);
             postMessage(buffer, 'http://a.test', [buffer]); postMessage(1, { targetOrigin: 'data:,x' }); log(buffer.detached, fails(() => postMessage(1, 'a.test')), fails(() => postMessage(1, '')));",
            &["true SyntaxError SyntaxError"],
        ),
        (
            "an opaque origin is that of no URL",
            "file:///x",
            "onmessage = ({ data, origin }) => log(data, origin); postMessage(1, 'file:///x'); postMessage(2, '*'); postMessage(3, '/'); postMessage(4);",
            &["2 null", "3 null", "4 null"],
        ),
        (
            "ports and streams go along",
            "https://a.test/",
            "const { port1, port2 } = new MessageChannel(); const stream = source('chunk'); port1.postMessage('port');
             onmessage = async ({ data, ports }) => { log(ports.length, data.stream !== stream, stream.locked); ports[0].onmessage = ({ data }) => log(data); for await (const chunk of data.stream) log(chunk); };
             postMessage({ stream }, '*', [port2, stream]);",
            &["1 true true", "port", "chunk"],
        ),
    ] {
        assert_eq!(run(Page::of(url), &format!("{PROLOGUE}\n{script}")), expected, "{name}");
    }
}

#[test]
fn streams_table() {
    check(&[
        (
            "a readable stream comes out elsewhere, its chunks cloned",
            "const chunk = { a: 1 }; const stream = source(chunk, new Uint8Array(2)); const other = moved(stream);
             log(stream.locked, other instanceof ReadableStream, fails(() => moved(stream)));
             (async () => { for await (const got of other) log(got, got === chunk); log(stream.locked, fails(() => moved(stream))); })();",
            &["true true DataCloneError", "{ a: 1 } false", "Uint8Array(2) [0, 0] false", "false DataCloneError"],
        ),
        (
            "errors and reasons cross over",
            "const failing = moved(new ReadableStream({ start(c) { c.error(new RangeError('x')); } }));
             failing.getReader().read().catch((error) => log(error.name, error.message));
             moved(new ReadableStream({ cancel(reason) { log('cancel', reason); } })).cancel({ why: 1 });
             const sink = new WritableStream({ abort(reason) { log('abort', reason); } }); moved(sink).abort('enough');",
            &["cancel { why: 1 }", "RangeError x", "abort enough"],
        ),
        (
            "a chunk that cannot be cloned ends both sides",
            "const stream = new ReadableStream({ start(c) { c.enqueue(() => {}); }, cancel(reason) { log('cancel', reason.name); } });
             moved(stream).getReader().read().catch((error) => log('read', error.name));",
            &["cancel DataCloneError", "read DataCloneError"],
        ),
        (
            "a writable stream is written from elsewhere, as fast as its sink",
            "const sink = new WritableStream({ write(chunk) { log('write', chunk); return new Promise((resolve) => setTimeout(() => { log('release'); resolve(); })); }, close() { log('close'); } });
             const writer = moved(sink).getWriter(); log(sink.locked, writer.desiredSize);
             for (const chunk of [1, 2, 3]) writer.write(chunk).then(() => log('written', chunk));
             writer.close().then(() => log('closed'));",
            &["true 1", "written 1", "write 1", "release", "written 2", "write 2", "release", "written 3", "closed", "write 3", "release", "close"],
        ),
        (
            "a transform stream of which both sides are elsewhere",
            "const upper = new TransformStream({ transform(chunk, c) { c.enqueue(chunk.toUpperCase()); } }); const other = moved(upper);
             log(upper.readable.locked, upper.writable.locked, other instanceof TransformStream, other.readable === other.readable);
             (async () => { for await (const chunk of source('a', 'b').pipeThrough(other)) log(chunk); })();",
            &["true true true true", "A", "B"],
        ),
        (
            "what is locked stays where it is",
            "const stream = source(); stream.getReader(); const sink = new WritableStream(); sink.getWriter(); const half = new TransformStream(); half.writable.getWriter();
             log(fails(() => moved(stream)), fails(() => moved(sink)), fails(() => moved(half)), half.readable.locked);
             log(fails(() => structuredClone(source())), fails(() => structuredClone(new TransformStream())), fails(() => moved(new CompressionStream('gzip'))));",
            &["DataCloneError DataCloneError DataCloneError false", "DataCloneError DataCloneError DataCloneError"],
        ),
        (
            "a stream can move on, and through a port",
            "const { port1, port2 } = new MessageChannel(); const first = moved(moved(source(1, 2)));
             port2.onmessage = async ({ data, ports }) => { log(ports.length); for await (const chunk of data) log(chunk); };
             port1.postMessage(first, [first]);",
            &["0", "1", "2"],
        ),
        (
            "the body of a response",
            "const { body } = new Response('text'); (async () => log(await new Response(moved(body)).text()))()",
            &["text"],
        ),
    ]);
}
