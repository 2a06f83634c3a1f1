//! Scripts that put setters, getters and functions of their own on the prototypes that every object inherits: what the
//! interfaces do stays as it was, and nothing of the prelude's comes to light.

mod support;

use support::{Page, run};

/// Uses every interface, each use in a line of its own.
const USES: &str = r#"
const uses = {
  headers: () => [...new Headers({ a: "b", "set-cookie": "c" })].length + new Headers([["set-cookie", "d"]]).getSetCookie()[0],
  each: () => { let s = ""; new Headers([["a", "b"]]).forEach((value, name) => { s += name + value; }); return s; },
  response: () => { const r = new Response("x", { status: 201, headers: { a: "b" } }); return `${r.status} ${r.ok} ${r.url} ${r.clone().type}`; },
  request: () => { const r = new Request("http://a.test/", { method: "POST", body: "x" }); return `${r.method} ${r.url} ${r.mode} ${r.clone().redirect}`; },
  parameters: () => { const p = new URLSearchParams({ a: "b" }); p.append("c", "d"); p.set("e", "f"); p.delete("c"); p.sort(); return p + p.getAll("a")[0]; },
  url: () => { const u = new URL("http://a.test/?a=b"); u.searchParams.append("c", "d"); return u.href; },
  form: () => { const f = new FormData(); f.append("a", "b"); f.set("c", new Blob(["x"]), "n"); return [...f].length + f.getAll("a")[0]; },
  blob: () => new Blob(["a", new Blob(["bc"]), new Uint8Array(2)]).slice(1).size,
  events: () => {
    const target = new EventTarget(); let s = "";
    target.addEventListener("a", (event) => { s += event.type + event.composedPath().length; });
    target.addEventListener("a", { handleEvent(event) { s += event.bubbles; } }, { once: true });
    target.dispatchEvent(new CustomEvent("a", { detail: 1 }));
    return s;
  },
  abort: () => { const c = new AbortController(); const any = AbortSignal.any([c.signal]); c.abort(5); return any.reason; },
  clone: () => { const c = structuredClone([1, [2], { a: new Date(3), b: new Error("x") }]); return c[1][0] + c.length + c[2].a.getTime() + c[2].b.message; },
  text: () => new TextDecoder("utf-8").decode(new TextEncoder().encode("\u00e9")) + new TextEncoder().encodeInto("ab", new Uint8Array(1)).read,
  base64: () => atob(btoa("x")),
  languages: () => navigator.languages.length + typeof performance.toJSON(),
  timing: () => {
    performance.clearMarks(); performance.clearMeasures();
    performance.mark("a", { startTime: 1, detail: { x: 1 } }); performance.measure("m", { start: "a", end: 3, detail: [2] });
    const list = performance.getEntries(); const json = list[0].toJSON();
    return list.length + json.name + list[1].duration + list[0].detail.x + list[1].detail[0] + performance.getEntriesByName("a", "mark").length;
  },
  violation: () => { const e = new SecurityPolicyViolationEvent("a", { disposition: "report" }); return e.disposition + e.lineNumber; },
  errors: () => { try { new URL("::"); } catch (e) { return e.name; } },
};
const later = {
  text: () => new Response("x").text(),
  form: async () => { const f = new FormData(); f.append("a", new File(["x"], "n")); return (await new Response(f).formData()).get("a").name; },
  pairs: async () => (await new Response(new URLSearchParams("a=b")).formData()).get("a"),
  tee: async () => { const [a] = new ReadableStream({ start(c) { c.enqueue(1); c.close(); } }).tee(); return (await a.getReader().read()).value; },
  bytes: async () => {
    const reader = new ReadableStream({ type: "bytes", pull(c) { c.byobRequest.respond(1); } }).getReader({ mode: "byob" });
    return (await reader.read(new Uint8Array(1))).value.length;
  },
  pipe: async () => {
    let s = "";
    await ReadableStream.from([1, 2]).pipeThrough(new TransformStream({ transform(x, c) { c.enqueue(x + 1); } }))
      .pipeTo(new WritableStream({ write(x) { s += x; } }));
    return s;
  },
  coded: async () => (await new Response(new Blob(["x".repeat(9)]).stream().pipeThrough(new CompressionStream("gzip"))
    .pipeThrough(new DecompressionStream("gzip"))).text()).length,
  ports: () => new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel(); const other = new MessageChannel().port1;
    port2.onmessage = (event) => resolve(event.data.a + event.ports.length + event.origin + event.source);
    port1.postMessage({ a: 1 }, [other]);
  }),
  posted: () => new Promise((resolve) => { onmessage = (event) => resolve(event.data + event.origin); postMessage("x", "*"); }),
  transferred: async () => {
    const t = new TransformStream(); const { readable, writable } = structuredClone(t, { transfer: [t] });
    writable.getWriter().write(1); return (await readable.getReader().read()).value;
  },
  observed: () => new Promise((resolve) => {
    const observer = new PerformanceObserver((list, itself, options) => {
      observer.disconnect(); resolve(list.getEntriesByName("b").length + options.droppedEntriesCount + observer.takeRecords().length);
    });
    observer.observe({ type: "mark" }); performance.mark("b");
  }),
  source: () => new Promise((resolve) => {
    const source = new EventSource("data:text/event-stream,id:1%0Adata:a%0A%0Aevent:x%0Adata:b%0A%0A");
    source.onmessage = (event) => { source.first = event.data + event.lastEventId + event.ports.length; };
    source.addEventListener("x", (event) => { source.close(); resolve(source.first + event.data + source.readyState); });
  }),
  socket: () => new Promise((resolve) => {
    const socket = new WebSocket("ws://127.0.0.1:1/", ["a", "b"]);
    socket.onclose = (event) => resolve(socket.url + event.code + event.wasClean + socket.bufferedAmount);
  }),
  fetched: async () => { const r = await fetch("data:,x"); return r.status + await r.text(); },
};
"#;

/// Runs all of `USES` with nothing changed and then after `pollute`, and compares; `seen(what)` is a leak.
fn check(name: &str, pollute: &str) {
    let script = format!(
        r#"
const log = console.log, define = Object.defineProperty, apply = Reflect.apply, tag = Object.prototype.toString;
const names = Object.getOwnPropertyNames, prototypeOf = Object.getPrototypeOf;
{USES}
const results = {{ __proto__: null }}, leaks = {{ __proto__: null }};
let watching = false;
// Whatever is no plain value may be the prelude's: nothing of script's own goes where this is called.
function seen(where, value) {{
  if (!watching || (typeof value !== "object" && typeof value !== "function") || value === null) return;
  watching = false;
  leaks[`${{current}}: ${{where}}: ${{typeof value}} ${{apply(tag, value, [])}}`] = true;
  watching = true;
}}
let current = "", round = 0;
const all = [];
for (const name in uses) all[all.length] = [name, uses[name]];
for (const name in later) all[all.length] = ["later " + name, later[name]];
function next(at) {{
  if (at === all.length) {{
    if (round++ > 0) {{ for (const leak in leaks) log("LEAK", leak); log("end"); return; }}
    {pollute}
    at = 0;
  }}
  current = all[at][0];
  const done = (result) => {{
    watching = false;
    if (round === 0) results[current] = String(result);
    else if (results[current] !== String(result)) log(current, "gave", String(result), "for", results[current]);
    setTimeout(next, 0, at + 1);
  }};
  let result;
  watching = round > 0;
  try {{ result = all[at][1](); }} catch (error) {{ result = `${{error}}`; }}
  if (current[5] === " ") finish(result, done);
  else done(result);
}}
const then = Promise.prototype.then;
function finish(promise, done) {{ apply(then, promise, [done, (error) => done(`${{error}} ${{error.stack}}`)]); }}
next(0);
"#
    );
    assert_eq!(run(Page::of("http://page.test/"), &script), ["end"], "{name}");
}

#[test]
fn setters_for_indices() {
    for prototype in ["Array.prototype", "Object.prototype"] {
        check(
            prototype,
            &format!(
                r#"for (let i = 0; i < 20; i++) define({prototype}, i, {{ __proto__: null, configurable: true, get() {{}},
                     set(value) {{ seen(i, value); define(this, i, {{ __proto__: null, value, writable: true, enumerable: true, configurable: true }}); }} }});"#
            ),
        );
    }
}

#[test]
fn a_prototype_of_arrays_that_swallows_what_is_set() {
    check(
        "Array.prototype's own prototype",
        r#"Object.setPrototypeOf(Array.prototype, new Proxy(Object.prototype, { set(_, key, value) { seen(key, value); return true; } }));"#,
    );
}

#[test]
fn setters_for_names() {
    // NB: `then` and `toJSON` are asked for by the engine itself.
    check(
        "Object.prototype",
        r#"for (const name of ["wrapper", "get", "set", "value", "done", "signal", "type", "method", "body", "headers", "name",
             "message", "key", "promise", "resolve", "reject", "handle", "stream", "reader", "controller", "queue", "size", "state",
             "start", "pull", "cancel", "write", "close", "abort", "transform", "flush", "highWaterMark", "capture", "once",
             "passive", "bubbles", "cancelable", "detail", "endings", "lastModified", "cause", "next", "return", "callback",
             "listener", "removed", "status", "statusText", "url", "referrer", "referrerPolicy", "mode", "credentials", "cache",
             "redirect", "integrity", "keepalive", "duplex", "priority", "init", "pairs", "list", "entries", "filename", "error",
             "reason", "preventClose", "preventAbort", "preventCancel", "min", "fatal", "ignoreBOM", "transfer", "view", "buffer",
             "byteOffset", "byteLength", "chunk", "impl", "object", "data", "record", "kind", "properties", "serialized",
             "transferred", "ports", "source", "origin", "lastEventId", "remote", "weakRemote", "enabled", "onMessage", "detached", "tail", "head", "read", "written", "destination", "isReloadNavigation", "code", "stack"]) {
             define(Object.prototype, name, { __proto__: null, configurable: true, get() {},
               set(value) { seen(name, value); define(this, name, { __proto__: null, value, writable: true, enumerable: true, configurable: true }); } });
           }"#,
    );
}

#[test]
fn methods_of_built_in_prototypes() {
    check(
        "methods that throw",
        r#"const fail = function () { seen("this", this); throw new EvalError("patched"); };
           for (const [prototype, methods] of [
             [Array.prototype, ["push", "indexOf", "join", "slice", "splice", "map", "sort", "concat", "includes", "shift", "forEach"]],
             [Map.prototype, ["get", "set", "has", "delete", "forEach"]], [Set.prototype, ["add", "delete", "has", "forEach"]],
             [WeakMap.prototype, ["get", "set"]], [Function.prototype, ["call", "apply", "bind"]],
             [String.prototype, ["split", "replace", "indexOf", "slice", "includes", "toLowerCase", "trim", "toWellFormed"]],
             [RegExp.prototype, ["exec", "test"]], [Promise.prototype, ["catch", "finally"]],
             [Uint8Array.prototype, ["set", "subarray", "slice", "fill"]], [ArrayBuffer.prototype, ["slice", "transfer"]],
           ]) for (const method of methods) prototype[method] = fail;
           RegExp.prototype[Symbol.replace] = RegExp.prototype[Symbol.split] = fail;
           Promise.resolve = Promise.reject = Promise.withResolvers = Reflect.apply = Object.defineProperty = fail;"#,
    );
}

#[test]
fn what_the_engine_tells_of_functions() {
    let script = r#"
const frames = [];
Error.prepareStackTrace = (error, list) => { frames.push(...list); return "prepared"; };
const look = () => { new Error().stack; Error.captureStackTrace({}); return "a"; };
new Headers([[{ toString: look }, "b"]]);
try { new URL("::"); } catch (error) { console.log(typeof error.stack); }
console.log(frames.length);
function called() { console.log(called.caller, called.arguments); return "a"; }
new Headers([[{ toString: called }, "b"]]);
for (const get of [() => Headers, () => Headers.prototype.get, () => fetch, () => Object.getOwnPropertyDescriptor(self, "origin").get]) {
  const text = Function.prototype.toString.call(get());
  console.log(text.replaceAll(/\s+/g, " "));
}
const own = Object.getOwnPropertyNames(globalThis).concat(Object.getOwnPropertySymbols(globalThis).map(String));
console.log(own.filter((name) => /ops|handle$|prelude|^_|gc|std|os$/i.test(name)).join());
(async () => {
  for (const name of ["sofetch:/primordials.js", "sofetch:primordials.js", "./primordials.js", "/primordials.js", "shells.js", "std", "os", "/etc/passwd"]) {
    try { await import(name); console.log("LEAK", name); } catch (error) { console.log(error.name); }
  }
})();
"#;
    let printed = run(Page::of("http://page.test/"), script);
    assert_eq!(
        printed,
        [
            "string",
            "0",
            "undefined undefined",
            "function Headers() { [native code] }",
            "function get() { [native code] }",
            "function fetch() { [native code] }",
            "function get origin() { [native code] }",
            "",
            "TypeError",
            "TypeError",
            "TypeError",
            "TypeError",
            "TypeError",
            "TypeError",
            "TypeError",
            "TypeError",
        ]
    );
}
