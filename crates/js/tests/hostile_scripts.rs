//! Scripts that go deep, or look for what is not theirs: a `RangeError`, a refusal, and a process that goes on.

mod support;

use support::{Page, run};

/// Prints what each of these functions throws, or `ok`.
fn outcomes(script: &str) -> Vec<String> {
    let script = format!(
        "const outcome = (name, steps) => {{ let said = 'ok'; try {{ steps(); }} catch (error) {{ said = error.name; }} console.log(name, said); }};
         const nest = (n, step, value) => {{ for (let i = 0; i < n; i++) value = step(value); return value; }};
         {script}"
    );
    run(Page::of("https://page.test/"), &script)
}

#[test]
fn recursion_without_an_end() {
    let script = r#"
outcome("functions", function f() { f(); });
// The last one may find room to be rejected and none to be caught.
addEventListener("unhandledrejection", (event) => event.preventDefault());
outcome("rejections on the way", function f() { Promise.reject(1).catch(() => {}); f(); });
outcome("getters", () => { const o = { get x() { return o.x; } }; o.x; });
outcome("conversions", () => { const o = { toString() { return new URL(o); } }; new URL(o); });
outcome("sequences", () => { const o = { toString() { return new Headers([[o, "b"]]); } }; new Headers([[o, "b"]]); });
outcome("dictionaries", () => { const o = { get method() { new Request("/", o); } }; new Request("/", o); });
outcome("proxies", () => { const p = new Proxy({}, { get: () => p.x }); p.x; });
outcome("comparators", function f() { [2, 1].sort(f); });
outcome("replacers", function f() { "a".replace("a", f); });
outcome("patterns", () => { const r = /a/; r.exec = () => r.test("a"); r.test("a"); });
outcome("eval", function f() { self.f = f; eval("f()"); });
outcome("constructors", () => { class A { constructor() { new A(); } } new A(); });
outcome("generators", () => { function* g() { yield* g(); } [...g()]; });
outcome("strategies", () => { let c; new ReadableStream({ start(controller) { c = controller; } }, { size() { c.enqueue(1); return 1; } }); c.enqueue(1); });
outcome("toJSON", () => { const o = { toJSON() { return JSON.stringify(o); } }; JSON.stringify(o); });
outcome("hasInstance", () => { const o = { [Symbol.hasInstance]: (x) => x instanceof o }; 1 instanceof o; });
"#;
    let printed = outcomes(script);
    assert_eq!(printed.len(), 16, "{printed:?}");
    for line in &printed {
        assert!(line.ends_with(" RangeError"), "{line}");
    }
}

#[test]
fn events_within_events() {
    let script = r#"
const target = new EventTarget();
let deepest = 0, depth = 0;
target.addEventListener("a", () => { deepest = Math.max(deepest, ++depth); try { target.dispatchEvent(new Event("a")); } finally { depth--; } });
target.dispatchEvent(new Event("a"));
console.log(deepest > 10, depth);
const controllers = Array.from({ length: 5000 }, () => new AbortController());
controllers.forEach((c, i) => { c.signal.onabort = () => controllers[i + 1]?.abort(); });
controllers[0].abort();
let n = 0;
onerror = () => { n++; reportError(1); };
reportError(2);
onerror = null;
console.log(n);
"#;
    let printed = run(Page::of("https://page.test/"), script);
    let said: Vec<_> = printed.iter().filter(|line| !line.starts_with("! Uncaught")).collect();
    assert_eq!(said, ["true 0", "1"]);
    assert!(printed.iter().any(|line| line.contains("RangeError")), "{printed:?}");
}

#[test]
fn values_nested_deep() {
    let script = r#"
const list = nest(30_000, (value) => [value], 0);
const object = nest(30_000, (value) => ({ value }), 0);
outcome("JSON.parse", () => JSON.parse("[".repeat(100_000) + "]".repeat(100_000)));
outcome("JSON.stringify", () => JSON.stringify(list));
outcome("String", () => String(list));
outcome("flat", () => list.flat(Infinity));
outcome("structuredClone of arrays", () => structuredClone(list));
outcome("structuredClone of objects", () => structuredClone(object));
outcome("structuredClone of maps", () => structuredClone(nest(20_000, (value) => new Map([[1, value]]), 0)));
outcome("structuredClone of errors", () => structuredClone(nest(20_000, (cause) => new Error("x", { cause }), 0)));
outcome("proxies of functions", () => nest(100_000, (f) => new Proxy(f, {}), () => {})());
outcome("proxies", () => nest(100_000, (p) => new Proxy(p, {}), {}).x);
outcome("proxies of arrays", () => Array.isArray(nest(100_000, (p) => new Proxy(p, {}), [])));
outcome("patterns", () => { try { new RegExp("(?:".repeat(100_000) + ")".repeat(100_000)); } catch (error) { if (error.name !== "SyntaxError") throw error; throw new RangeError(); } });
for (const [open, close] of [["[", "]"], ["{", "}"], ["(", ")"], ["!", ""], ["()=>", ""], ["new ", ""], ["`${", "}`"], ["if(1)", ""], ["a?b:", ""], ["a=", ""]]) {
  outcome(`source ${open}`, () => {
    try { (0, eval)(open.repeat(20_000) + (close === "" ? "1" : close.repeat(20_000))); }
    catch (error) { if (error.name !== "SyntaxError" && error.name !== "RangeError") throw error; throw new RangeError(); }
  });
}
"#;
    for line in outcomes(script) {
        assert!(line.ends_with(" RangeError"), "{line}");
    }
}

#[test]
fn long_chains() {
    // What comes of each is the Standard's business; that something does, and that the process lives, is ours.
    let script = r#"
const n = 10_000;
const first = async (stream) => (await stream.getReader().read()).value;
const source = () => new ReadableStream({ start(c) { c.enqueue(1); c.close(); } });
(async () => {
  for (const [name, steps] of Object.entries({
    tee: () => first(nest(n, (s) => s.tee()[0], source())),
    "tee, canceled": () => { const others = []; const s = nest(50, (s) => { const [a, b] = s.tee(); others.push(b.cancel()); return a; }, source()); return Promise.all([s.cancel(), ...others]).then(() => 1); },
    "bytes' tee": () => first(nest(30, (s) => s.tee()[0], new ReadableStream({ type: "bytes", start(c) { c.enqueue(new Uint8Array(1)); } }))).then((x) => x.length),
    pipeThrough: () => first(nest(100, (s) => s.pipeThrough(new TransformStream()), source())),
    from: () => first(nest(5, (s) => ReadableStream.from(s), source())),
    "responses of bodies": () => nest(n, (r) => new Response(r.body), new Response("x")).text(),
    clones: () => nest(n, (r) => r.clone(), new Response("x")).text(),
    requests: () => nest(n, (r) => new Request(r), new Request("/", { method: "POST", body: "x" })).text(),
    signals: () => { const c = new AbortController(); const s = nest(n, (s) => AbortSignal.any([s]), c.signal); c.abort(5); return s.reason; },
    blobs: () => nest(n, (b) => new Blob([b]), new Blob(["x"])).text(),
    promises: () => nest(n, (p) => new Promise((resolve) => resolve(p)), Promise.resolve(1)),
    thenables: () => { let i = 0; const t = { then(resolve) { resolve(i++ < n ? t : 1); } }; return Promise.resolve(t); },
    "a long string": () => nest(n, (s) => "b" + s + "b", "a").length,
  })) {
    let said;
    try { said = await steps(); } catch (error) { said = error.name; }
    console.log(name, said);
  }
})();
"#;
    assert_eq!(
        outcomes(script),
        [
            "tee 1",
            "tee, canceled 1",
            "bytes' tee 1",
            "pipeThrough 1",
            "from 1",
            "responses of bodies x",
            "clones x",
            "requests x",
            "signals 5",
            "blobs x",
            "promises 1",
            "thenables 1",
            "a long string 20001",
        ]
    );
}

#[test]
fn a_console_is_not_lost_in_what_it_prints() {
    let script = r#"
console.log(nest(100_000, (value) => [value], 0));
console.log({ length: 2 ** 53 - 1 });
console.log(new Array(2 ** 32 - 1));
console.log(nest(100_000, (p) => new Proxy(p, {}), {}));
console.table({ length: 2 ** 53 - 1 });
"#;
    let printed = outcomes(script);
    assert_eq!(printed[..3], ["[[[[Array]]]]", "{ length: 9007199254740991 }", "[<4294967295 empty items>]"]);
    assert_eq!(printed[3], "[Proxy]");
}

#[test]
fn the_host_is_not_to_be_read() {
    let script = r#"
(async () => {
  for (const url of ["file:///etc/passwd", "file:/etc/hosts", "/etc/passwd", "ftp://127.0.0.1/", "about:blank", "javascript:1", "http://127.0.0.1:25/", "https://other.test:6667/"]) {
    try { const response = await fetch(url); console.log("LEAK", url, response.status); } catch (error) { console.log(error.name); }
  }
  for (const name of ["/etc/passwd", "file:///etc/passwd", "std", "os", "qjs:os", "fs", "node:fs"]) {
    try { await import(name); console.log("LEAK", name); } catch (error) { console.log(error.name); }
  }
})();
console.log([typeof require, typeof process, typeof std, typeof os, typeof Deno, typeof scriptArgs, typeof print, typeof gc].join());
try { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); } catch (error) { console.log(error.name); }
"#;
    // A page of a file: nothing of its folder is fetched either.
    let printed = run(Page::of("file:///etc/page.html"), script);
    let undefined = ["undefined"; 8].join(",");
    let mut expected = vec![undefined, "TypeError".to_owned()];
    expected.extend(std::iter::repeat_n("TypeError".to_owned(), 15));
    assert_eq!(printed, expected);
}
