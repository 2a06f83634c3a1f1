// Calls every constructor, method, getter and setter of every interface with odd values, in an order that a seed decides. Whatever
// is thrown is an exception like any other: what this looks for is a process that is no more.

let seed = SEED;
// https://en.wikipedia.org/wiki/Xorshift, of 32 bits.
function random(below) {
  seed ^= seed << 13;
  seed ^= seed >>> 17;
  seed ^= seed << 5;
  return (seed >>> 0) % below;
}

const detached = new ArrayBuffer(8);
const ofDetached = new Uint8Array(detached);
structuredClone(detached, { transfer: [detached] });
const resizable = new ArrayBuffer(8, { maxByteLength: 16 });
const outOfBounds = new Uint8Array(resizable, 4, 4);
resizable.resize(2);
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const revokedFunction = Proxy.revocable(() => {}, {});
revokedFunction.revoke();
let depth = 0;
function again() {
  if (depth > 3) return "deep";
  depth++;
  try {
    step();
  } catch {
  } finally {
    depth--;
  }
  return "again";
}
const thrower = () => {
  throw new RangeError("thrown");
};
let cyclic = [];
cyclic[0] = cyclic;
const nasty = [
  undefined, null, true, false, 0, -0, 1, -1, 0.5, 255, 256, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 64, -(2 ** 31), -(2 ** 63),
  NaN, Infinity, -Infinity, 1e300, 5e-324, 10n, -(2n ** 70n), "", "a", "0", "\ud800", "\udc00x", "\0", "a\r\nb", "\u{1F600}", "x".repeat(70000),
  "http://127.0.0.1:1/", "data:,x", "blob:null/x", "//", "file:///etc/passwd", "text/plain;charset=utf-16", "__proto__", "constructor",
  "then", "bytes", "byob", "gzip", "utf-8", "POST", "close", "abort", "default", "multipart/form-data; boundary=x",
  Symbol(), Symbol.iterator, Symbol.asyncIterator,
  {}, [], [[]], [["a", "b"]], [["a"]], { a: "b" }, { length: 2 ** 53 - 1 }, { length: -1 }, [, 1], new Array(5000), cyclic,
  Object.create(null), Object.freeze({ type: "bytes" }), { __proto__: Headers.prototype }, { __proto__: null, then: thrower },
  { toString: thrower }, { valueOf: thrower, toString: again }, { toString: () => ({}) , valueOf: () => ({}) }, { [Symbol.toPrimitive]: again },
  { [Symbol.iterator]: thrower }, { [Symbol.iterator]: () => ({ next: again }) }, { [Symbol.iterator]: () => ({ next: thrower, return: thrower }) },
  { *[Symbol.iterator]() { yield again(); yield ["a", "b"]; } }, { async *[Symbol.asyncIterator]() { yield 1; again(); } },
  { get type() { again(); return "bytes"; }, get highWaterMark() { again(); return 0; } },
  { get body() { return again(); }, get method() { again(); return "PUT"; }, get headers() { again(); return [["a", "b"]]; }, get signal() { return thrower(); } },
  { start: again, pull: again, cancel: again, type: "bytes", autoAllocateChunkSize: 8 }, { start: thrower }, { start: again, write: again, close: again, abort: again },
  { transform: again, flush: again }, { size: again, highWaterMark: 3 }, { size: () => NaN, highWaterMark: 1 }, { handleEvent: again }, { get handleEvent() { return thrower(); } },
  { once: true, capture: true, passive: true }, { signal: AbortSignal.abort() }, { min: 3 }, { mode: "byob" }, { transfer: [detached] }, { transfer: [resizable] },
  { method: "POST", body: new ReadableStream({ pull: again }), duplex: "half" }, { status: 204 }, { status: 299, statusText: "\u00ff", headers: { a: "b" } },
  new Proxy({}, {}), new Proxy([], {}), new Proxy({}, { get: again }), new Proxy({}, { ownKeys: () => ["a", "b"], getOwnPropertyDescriptor: thrower }),
  new Proxy({}, { get: thrower, has: thrower, ownKeys: thrower, getPrototypeOf: thrower }), new Proxy(function () {}, { apply: again, construct: thrower }),
  new Proxy(new Headers({ a: "b" }), {}), revoked.proxy, revokedFunction.proxy,
  () => {}, again, thrower, async () => again(), function* () { yield 1; }, class {}, class A extends Headers {}, Object, Proxy, Headers, ReadableStream,
  new ArrayBuffer(0), new ArrayBuffer(8), detached, resizable, new SharedArrayBuffer(8),
  new Uint8Array(0), new Uint8Array(8), ofDetached, outOfBounds, new Uint8Array(resizable), new Uint8Array(new SharedArrayBuffer(4)),
  new DataView(new ArrayBuffer(8), 2, 4), new DataView(resizable), new Float64Array(2), new BigInt64Array(2), new Uint16Array(new ArrayBuffer(9), 2, 3),
  new Date(NaN), /a/g, new Map([[1, 2]]), new Set([{}]), new WeakMap(), new Error("x", { cause: cyclic }), new AggregateError([1]), new DOMException("x", "AbortError"),
  Promise.resolve(1), Promise.reject(2), { then: (resolve) => resolve(again()) }, Object(Symbol()), Object(1n), new String("x"), globalThis,
];
function isPromise(value) {
  try {
    return value instanceof Promise;
  } catch {
    return false;
  }
}
for (const value of nasty) if (isPromise(value)) value.catch(() => {});

// What stands on the global or is made, to be called upon.
const targets = [globalThis, console, navigator, location, performance, crypto];
const classes = [];
const left = new Set(["alert", "close", "log", "info", "debug", "error", "warn", "trace", "dir", "dirxml", "table", "assert", "group", "groupCollapsed", "count", "countReset", "timeLog", "timeEnd"]);
for (const name of Object.getOwnPropertyNames(globalThis)) {
  const value = Object.getOwnPropertyDescriptor(globalThis, name).value;
  if (typeof value === "function" && value.prototype !== undefined && /^[A-Z]/.test(name) && !/^(Int|Uint|Float|BigInt|Shared|Array|Function|Atomics|Proxy|Iterator|Promise|Object|Symbol|RegExp|String)/.test(name)) classes.push(value);
}
// Of an iterator that has no end they have none either.
const draining = new Set(["every", "find", "forEach", "reduce", "some", "toArray"]);
const pick = (list) => list[random(list.length)];
const values = () => {
  const list = [];
  for (let i = random(4); i > 0; i--) list.push(random(3) === 0 && targets.length > 6 ? pick(targets) : pick(nasty));
  return list;
};
// What is open would be waited for.
const sources = [];
const { readyState, close } = Object.getOwnPropertyDescriptors(EventSource.prototype);
function keep(value) {
  try {
    readyState.get.call(value);
    sources.push(value);
  } catch {}
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return;
  if (isPromise(value)) {
    value.then(keep, () => {});
    return;
  }
  if (targets.length < 400) targets.push(value);
  else targets[6 + random(394)] = value;
}
function step() {
  const kind = random(10);
  if (kind < 3) {
    const made = pick(classes);
    keep(Reflect.construct(made, values(), random(5) === 0 ? pick(classes) : made));
    return;
  }
  if (kind < 4) {
    const made = pick(classes);
    keep(new made(...values()));
    return;
  }
  const of = pick(targets);
  let holder = of;
  const members = [];
  for (let level = 0; holder !== null && level < 5; level++, holder = Object.getPrototypeOf(holder)) {
    if (holder === Object.prototype || holder === Function.prototype || holder === Array.prototype) break;
    for (const key of Reflect.ownKeys(holder)) {
      if (left.has(key) || (holder === Iterator.prototype && draining.has(key)) || (of === globalThis && typeof key === "string" && (/^[A-Z]/.test(key) || !(key in globalThis) || /^(eval|globalThis|seed|nasty|targets|classes|escape)$/.test(key)))) continue;
      members.push([holder, key]);
    }
  }
  if (members.length === 0) return;
  const [owner, key] = pick(members);
  const property = Object.getOwnPropertyDescriptor(owner, key);
  if (property === undefined) return;
  const self = random(12) === 0 ? pick(nasty) : of;
  if (property.set !== undefined && random(2) === 0) Reflect.apply(property.set, self, [pick(nasty)]);
  else if (property.get !== undefined) keep(Reflect.apply(property.get, self, []));
  else if (typeof property.value === "function") keep(Reflect.apply(property.value, self, values()));
}

addEventListener("error", (event) => event.preventDefault());
addEventListener("unhandledrejection", (event) => event.preventDefault());
let turns = TURNS;
(function turn() {
  for (let i = 0; i < 50; i++) {
    try {
      step();
    } catch {}
  }
  if (--turns > 0) {
    setTimeout(turn, 0);
    return;
  }
  // Nothing that was set is waited for.
  for (let i = setTimeout(() => {}, 0); i >= 0; i--) clearTimeout(i);
  for (const source of sources) close.value.call(source);
  console.log("end");
})();
