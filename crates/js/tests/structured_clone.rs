//! structuredClone: what is cloned, what is refused, and what is taken away.

mod support;

use support::{Page, run};

/// What each script prints. `fails` gives the name of what its steps throw.
fn check(cases: &[(&str, &str, &[&str])]) {
    const PROLOGUE: &str = "const fails = (steps) => { try { steps(); return 'nothing'; } catch (error) { return error.name; } };";
    for (name, script, expected) in cases {
        assert_eq!(run(Page::of("https://a.test/"), &format!("{PROLOGUE}\n{script}")), *expected, "{name}");
    }
}

#[test]
fn clones_table() {
    check(&[
        (
            "plain data",
            "console.log(structuredClone({ a: [1, , 'x'], b: new Map([[{}, new Set([1])]]), c: new Date(5), d: /x/gy, e: 1n, f: Object(2n) }))",
            &["{\n  a: [1, <1 empty item>, \"x\"],\n  b: Map(1) { {} => Set(1) { 1 } },\n  c: 1970-01-01T00:00:00.005Z,\n  d: /x/gy,\n  e: 1n,\n  f: [BigInt: 2n]\n}"],
        ),
        (
            "the same object stays the same, and cycles are cycles",
            "const a = {}; a.b = [a, a]; const c = structuredClone(a); console.log(c !== a, c.b[0] === c, c.b[1] === c)",
            &["true true true"],
        ),
        (
            "prototypes, accessors and what cannot be enumerated are left behind",
            "class A { x = 1; get y() { return 2; } }; const o = Object.defineProperty(new A(), 'z', { value: 3 });
             const c = structuredClone({ o, get g() { return 4; } }); console.log(c, c.o.constructor === Object);",
            &["{ o: { x: 1 }, g: 4 } true"],
        ),
        (
            "errors keep name, message, stack and cause",
            "const e = new RangeError('m', { cause: { deep: 1 } }); e.extra = 1; const c = structuredClone(e);
             console.log(c instanceof RangeError, c.message, c.stack === e.stack, c.cause.deep, 'extra' in c);
             class Own extends TypeError { name = 'Own'; }; const o = structuredClone(new Own('x'));
             console.log(o.name, Object.getPrototypeOf(o) === Error.prototype, Object.hasOwn(structuredClone(new Error()), 'message'));",
            &["true m true 1 false", "Error true false"],
        ),
        (
            "DOMException and the class derived from it",
            "const d = structuredClone(new DOMException('m', 'AbortError')); console.log(d.name, d.message, d.code);
             const q = structuredClone(new QuotaExceededError('m', { quota: 1, requested: 2 }));
             console.log(q instanceof QuotaExceededError, q.quota, q.requested, q.code);",
            &["AbortError m 20", "true 1 2 22"],
        ),
        (
            "buffers are copied, once for all of their views",
            "const bytes = new Uint8Array([1, 2, 3, 4]); const { a, b, c } = structuredClone({ a: bytes, b: bytes.subarray(1, 3), c: new DataView(bytes.buffer, 2) });
             bytes[1] = 9; console.log(a, b, c.byteOffset, a.buffer === b.buffer, b.buffer === c.buffer)",
            &["Uint8Array(4) [1, 2, 3, 4] Uint8Array(2) [2, 3] 2 true true"],
        ),
        (
            "views keep whether they track their buffer, and the look at that changes nothing",
            "for (const [length, max] of [[8, 64], [8, 8], [8, 12]]) {
               const buffer = new ArrayBuffer(length, { maxByteLength: max });
               new Uint8Array(buffer).set([1, 2, 3, 4, 5, 6, 7, 8]);
               const c = structuredClone([new Uint8Array(buffer), new Uint8Array(buffer, 0, 8), new Uint16Array(buffer, 2), new DataView(buffer, 4), new DataView(buffer, 4, 4)]);
               console.log(new Uint8Array(buffer).join(), c[0].buffer.maxByteLength);
               c[0].buffer.resize(4);
               console.log(c[0].length, c[1].length, c[2].length, c[3].byteLength, fails(() => c[4].byteLength));
             }",
            &["1,2,3,4,5,6,7,8 64", "4 0 1 0 TypeError", "1,2,3,4,5,6,7,8 8", "4 0 1 0 TypeError", "1,2,3,4,5,6,7,8 12", "4 0 1 0 TypeError"],
        ),
        (
            "a pattern is cloned by its slots",
            "const r = /a/gi; Object.defineProperty(r, 'global', { value: false }); Object.defineProperty(r, 'flags', { value: 'x' }); console.log(structuredClone(r).flags)",
            &["gi"],
        ),
        (
            "arrays keep their length, their holes, and what else they have; keys their order",
            "const a = [1, , 3]; a.length = 5; a.x = 'y'; const { c, o } = structuredClone({ c: a, o: { b: 1, 2: 2, a: 3, 1: 4 } });
             console.log(c.length, 1 in c, Object.keys(c).join(), c.x, Object.keys(o).join());",
            &["5 false 0,2,x y 1,2,b,a"],
        ),
        (
            "nothing of a prototype has a say",
            "Object.defineProperty(Object.prototype, 'a', { set() { console.log('never'); }, configurable: true });
             Object.defineProperty(Array.prototype, 0, { set() { console.log('never'); }, configurable: true });
             const o = { ['__proto__']: 1, get b() { return [1]; } }, p = JSON.parse('{\"__proto__\":{\"a\":2},\"l\":[3]}');
             const c = structuredClone(p); console.log(Object.keys(c).join(), Object.getPrototypeOf(c) === Object.prototype, Object.hasOwn(c, '__proto__'), c.l[0], structuredClone(o).b[0]);
             delete Object.prototype.a; delete Array.prototype[0];",
            &["__proto__,l true true 3 1"],
        ),
        (
            "many objects, each once, and some of them deep",
            "const many = Array.from({ length: 50 }, (_, n) => ({ n })); const c = structuredClone({ many, again: many.slice().reverse() });
             console.log(c.many.every((o, i) => o === c.again[49 - i] && o.n === i && o !== many[i]));
             let deep = many; for (let i = 0; i < 120; i++) deep = { deep }; let d = structuredClone(deep); while (d.deep) d = d.deep; console.log(d.length, d[49].n);",
            &["true", "50 49"],
        ),
        (
            "a copied buffer is one like any other",
            "const c = structuredClone(new Uint8Array([1, 2, 3]).buffer); const d = c.transfer(5); console.log(new Uint8Array(d).join(), c.detached, structuredClone(new ArrayBuffer(0)).byteLength, d.resizable);
             const e = structuredClone(new Float64Array([1.5]).subarray(0)); console.log(e[0], e.buffer.transferToFixedLength(16).byteLength);",
            &["1,2,3,0,0 true 0 false", "1.5 16"],
        ),
        (
            "what a getter does meanwhile is seen",
            "const bytes = new Uint8Array([1]), o = { bytes, get later() { bytes[0] = 2; delete o.gone; return 3; }, gone: 4, again: bytes }; const c = structuredClone(o);
             console.log(c.bytes[0], c.later, 'gone' in c, c.again === c.bytes);",
            &["1 3 false true"],
        ),
        (
            "lists have their length, whatever they have beside",
            "const named = [1, 2, ,]; named.x = 1; const empty = []; empty.length = 2; empty.x = 1; empty.y = 2;
             const hidden = [1, 2, 3]; Object.defineProperty(hidden, 2, { enumerable: false }); hidden.x = 1;
             for (const list of [named, empty, hidden]) { const c = structuredClone(list); console.log(c.length, Object.keys(c).join()); }",
            &["3 0,1,x", "2 x,y", "3 0,1,x"],
        ),
        ("lone surrogates are kept", r#"console.log(structuredClone("\uD800") === "\uD800")"#, &["true"]),
    ]);
}

#[test]
fn refusals_table() {
    check(&[
        (
            "what cannot be cloned",
            "for (const value of [() => {}, Symbol(), new WeakMap(), new Proxy({}, {}), Promise.resolve(), globalThis, new Response(), new AbortController(), new SharedArrayBuffer(1), (function () { return arguments; })(), [].values(), { deep: [() => {}] }])
               console.log(fails(() => structuredClone(value)));",
            &["DataCloneError"; 12],
        ),
        (
            "what has internal slots of other kinds, alone and within",
            "async function* later() {} function* now() {}
             const refused = { list: [].values(), map: new Map().entries(), set: new Set().values(), string: ''[Symbol.iterator](),
               match: 'a'.matchAll(/a/g), helper: [].values().map((x) => x), wrapped: Iterator.from({ next() {} }), now: now(), later: later(),
               headers: new Headers().entries(), query: new URLSearchParams().keys(), form: new FormData().values(),
               stream: new ReadableStream().values(), weakMap: new WeakMap(), weakSet: new WeakSet(), weakRef: new WeakRef({}),
               registry: new FinalizationRegistry(() => {}), promise: Promise.resolve(), symbol: Object(Symbol()),
               proxy: new Proxy({}, {}), ofList: new Proxy([], {}), ofMap: new Proxy(new Map(), {}), global: globalThis, self,
               performance, crypto, location, navigator, signal: AbortSignal.abort(), url: new URL('a:b'), event: new Event('a') };
             for (const [name, value] of Object.entries(refused)) {
               if (fails(() => structuredClone(value)) !== 'DataCloneError') console.log(name);
               if (fails(() => structuredClone(new Map([[1, { deep: [value] }]]))) !== 'DataCloneError') console.log(name, 'within');
               Object.setPrototypeOf(value, null);
               if (!['global', 'self', 'location'].includes(name) && fails(() => structuredClone(value)) !== 'DataCloneError') console.log(name, 'without its prototype');
             }
             import('data:text/javascript,export const a = 1').then((namespace) => console.log(fails(() => structuredClone(namespace))));
             console.log(Object.keys(refused).length, typeof structuredClone(Iterator.prototype));",
            &["31 object", "DataCloneError"],
        ),
        (
            "what script throws comes out as it is",
            "try { structuredClone({ get a() { throw 5; } }); } catch (error) { console.log(error); }",
            &["5"],
        ),
        ("no arguments", "console.log(fails(() => structuredClone()))", &["TypeError"]),
        ("depth without end is a RangeError", "let d = {}; for (let i = 0; i < 100000; i++) d = { d }; console.log(fails(() => structuredClone(d)))", &["RangeError"]),
    ]);
}

#[test]
fn transfer_table() {
    check(&[
        (
            "views of what is taken away are views of what is received, and the list may have more",
            "const b = new ArrayBuffer(4), other = new ArrayBuffer(2), v = new Uint8Array(b, 1, 2); v[0] = 7;
             const c = structuredClone({ v, w: v, b, kept: new Uint8Array([5]) }, { transfer: [b, other] });
             console.log(c.v[0], c.v === c.w, c.v.buffer === c.b, c.v.byteOffset, c.v.length, c.kept[0], b.detached, other.detached);",
            &["7 true true 1 2 5 true true"],
        ),
        (
            "nothing is taken away where something cannot be cloned",
            "const b = new ArrayBuffer(4), gone = new ArrayBuffer(1); gone.transfer();
             console.log(fails(() => structuredClone({ b, f() {} }, { transfer: [b] })), fails(() => structuredClone(b, { transfer: [b, b] })), fails(() => structuredClone({ gone }, { transfer: [b] })), b.detached);
             console.log(fails(() => structuredClone(1, { transfer: [gone] })));",
            &["DataCloneError DataCloneError DataCloneError false", "DataCloneError"],
        ),
        (
            "a buffer is taken away",
            "const buffer = new ArrayBuffer(4, { maxByteLength: 8 }); const view = new Uint8Array(buffer);
             const c = structuredClone({ view, buffer }, { transfer: [buffer] });
             console.log(buffer.detached, view.length, c.view.buffer === c.buffer, c.buffer.maxByteLength, c.view.length);",
            &["true 0 true 8 4"],
        ),
        (
            "what is not in the value is taken away too",
            "const buffer = new ArrayBuffer(1); structuredClone(null, { transfer: [buffer] }); console.log(buffer.detached)",
            &["true"],
        ),
        (
            "twice, detached, or of another kind",
            "const buffer = new ArrayBuffer(1); const other = new ArrayBuffer(1);
             console.log(fails(() => structuredClone(1, { transfer: [buffer, buffer] })), buffer.detached);
             structuredClone(1, { transfer: [buffer] });
             console.log(fails(() => structuredClone(1, { transfer: [buffer] })), fails(() => structuredClone(1, { transfer: [{}] })), fails(() => structuredClone(1, { transfer: [1] })));
             console.log(fails(() => structuredClone(buffer)), fails(() => structuredClone(() => {}, { transfer: [other] })), other.detached);",
            &["DataCloneError false", "DataCloneError DataCloneError TypeError", "DataCloneError DataCloneError false"],
        ),
    ]);
}
