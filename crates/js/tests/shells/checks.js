const failures = [];
function same(name, found, expected) {
  if (!Object.is(found, expected)) failures.push(`${name}: ${String(found)}, not ${String(expected)}`);
}
function json(name, found, expected) {
  same(name, JSON.stringify(found), JSON.stringify(expected));
}
function throws(name, f, Type = TypeError, text = "") {
  try {
    f();
  } catch (error) {
    if (!(error instanceof Type)) failures.push(`${name}: threw ${error}`);
    if (!error.message.includes(text)) failures.push(`${name}: "${error.message}" lacks "${text}"`);
    return;
  }
  failures.push(`${name}: nothing was thrown`);
}
const flags = (object, key) => {
  const p = Object.getOwnPropertyDescriptor(object, key);
  return p && (p.writable ? "w" : "-") + (p.enumerable ? "e" : "-") + (p.configurable ? "c" : "-") + (p.get ? "g" : "") + (p.set ? "s" : "");
};
const own = (object) => Reflect.ownKeys(object).map(String).join();

// Interface objects and prototypes.
same("interface object", flags(globalThis, "Headers"), "w-c");
same("prototype", flags(Headers, "prototype"), "---");
same("length", Headers.length, 0);
same("length with a required argument", Thing.length, 1);
same("name", Thing.name, "Thing");
same("parent", Object.getPrototypeOf(Thing), EventTarget);
same("constructor", flags(Thing.prototype, "constructor"), "w-c");
same("tag", Object.prototype.toString.call(new Headers()), "[object Headers]");
same("tag flags", flags(Headers.prototype, Symbol.toStringTag), "--c");
same("operation", flags(Headers.prototype, "append"), "wec");
same("attribute", flags(Thing.prototype, "count"), "-ecgs");
same("readonly attribute", flags(Thing.prototype, "name"), "-ecg");
same("getter name", Object.getOwnPropertyDescriptor(Thing.prototype, "count").get.name, "get count");
same("setter name", Object.getOwnPropertyDescriptor(Thing.prototype, "count").set.name, "set count");
same("setter length", Object.getOwnPropertyDescriptor(Thing.prototype, "count").set.length, 1);
same("constant", flags(Thing, "ONE"), "-e-");
same("constant on the prototype", flags(Thing.prototype, "ONE"), "-e-");
same("constant's value", Thing.NO, false);
same("static", flags(Thing, "of"), "wec");
same("static length", Thing.of.length, 1);
same("order", own(Headers.prototype), "constructor,append,get,entries,keys,values,forEach,Symbol(Symbol.toStringTag),Symbol(Symbol.iterator)");
same("iterator", Headers.prototype[Symbol.iterator], Headers.prototype.entries);
same("iterator flags", flags(Headers.prototype, Symbol.iterator), "w-c");
same("no prototype of an operation", Headers.prototype.append.prototype, undefined);
throws("an operation is no constructor", () => new Headers.prototype.append());
throws("new", () => Headers());
throws("illegal constructor", () => new Place(), TypeError, "Illegal constructor");
throws("illegal constructor of a child", () => new SubThing());
same("native code", /native code/.test(String(Headers)) || sourceKept, true);

// Brands, arity.
throws("brand of an operation", () => Headers.prototype.append.call({}, "a", "b"));
throws("brand of a primitive", () => Headers.prototype.append.call(1, "a", "b"));
throws("brand of a getter", () => Thing.prototype.name);
throws("brand of the wrong interface", () => Object.getOwnPropertyDescriptor(Thing.prototype, "name").get.call(new EventTarget()));
throws("brand of a setter", () => (Thing.prototype.count = 1));
throws("arity", () => new Headers().append("a"), TypeError, "2 arguments required, but only 1 present");
throws("arity of a constructor", () => new Thing(), TypeError, "1 argument required, but only 0 present");
same("inherited", (new Thing("a").ping("b"), lastPing.join()), "ThingImpl,b");

// Construction.
class Mine extends Thing {
  constructor() {
    super("mine", "7.9");
  }
  get twice() {
    return this.count * 2;
  }
}
const mine = new Mine();
same("subclass", mine.twice, 14);
same("subclass's prototype", Object.getPrototypeOf(mine), Mine.prototype);
same("default", new Thing("x").count, 5);
same("undefined is default", new Thing("x", undefined).count, 5);
function NoPrototype() {}
NoPrototype.prototype = null;
same("new.target without a prototype", Object.getPrototypeOf(Reflect.construct(Headers, [], NoPrototype)), Headers.prototype);
same("new.target without a prototype, child", Object.getPrototypeOf(Reflect.construct(Thing, ["a"], NoPrototype)), Thing.prototype);
Object.setPrototypeOf(Thing, function Evil() { stolen = arguments; });
var stolen;
same("the parent is asked by nobody", new Thing("safe").name + stolen, "safeundefined");
Object.setPrototypeOf(Thing, EventTarget);
const sub = makeSubThing();
same("wrap", sub instanceof SubThing && sub instanceof Thing, true);
same("wrap is stable", sub.later2, sub);
same("unwrap", isThing(sub) && isThing(mine) && !isThing(new EventTarget()) && !isThing(1) && !isThing(undefined), true);
same("static operation", Thing.of("s").name, "s");
same("static attribute", Thing.made > 3 && flags(Thing, "made"), "-ecg");
same("unforgeable", flags(mine, "isTrusted"), "-e-g");
same("unforgeable is no property of the prototype", "isTrusted" in Thing.prototype, false);
same("unforgeable value", mine.isTrusted && sub.isTrusted, true);
same("one unforgeable getter", Object.getOwnPropertyDescriptor(mine, "isTrusted").get, Object.getOwnPropertyDescriptor(sub, "isTrusted").get);

// Attributes.
mine.mode = "nonsense";
same("an enumeration's setter ignores", mine.mode, "cors");
mine.mode = "same-origin";
same("an enumeration's setter", mine.mode, "same-origin");
mine.other = sub;
same("nullable interface", mine.other, sub);
mine.other = undefined;
same("nullable interface, null", mine.other, null);
throws("interface type", () => (mine.other = {}), TypeError, "'other' on 'Thing'");
mine.onabort = 3;
same("handler of no object", mine.onabort, null);
const handler = () => {};
mine.onabort = handler;
same("handler", mine.onabort, handler);
same("stringifier", String(new Thing("a")), "thing a");
same("stringifier flags", flags(Thing.prototype, "toString"), "wec");

// Conversions.
const t = new Thing("t");
throws("ByteString", () => new Headers().append("\u0100", "b"), TypeError, "Failed to execute 'append' on 'Headers': parameter 1");
throws("a symbol is no string", () => new Headers().append("a", Symbol()));
same("USVString", t.scalar("\ud800x", null), "\ufffdx|");
json("integers", t.integers(257, 200.5, "7", -1), [1, 127, 7, 18446744073709551615]);
json("clamped to even", [0.5, 1.5, 2.5, -0.5, -1.5, NaN].map((x) => t.integers(0, x, 0, 0)[1]), [0, 2, 2, 0, -2, 0]);
same("no negative zero", t.integers(-0, -0, -0, -0).every((x) => Object.is(x, 0)), true);
throws("enforced range", () => t.integers(0, 0, 65536, 0));
throws("enforced range, NaN", () => t.integers(0, 0, NaN, 0));
same("-0.5 is in range", Object.is(t.integers(0, 0, -0.5, 0)[2], 0), true);
throws("bigint is no number", () => t.integers(1n, 0, 0, 0));
json("numbers", t.numbers(1.1, NaN, -1), [1.100000023841858, null, -1]);
same("long long", t.numbers(0, 0, 2 ** 63)[2], -(2 ** 63));
throws("restricted float", () => t.numbers(Infinity, 0, 0));
throws("float that overflows", () => t.numbers(1e39, 0, 0));
same("fine buffers", t.buffers(new ArrayBuffer(1), new Uint8Array(1), new DataView(new ArrayBuffer(1))), "fine");
throws("not an ArrayBuffer", () => t.buffers(new Uint8Array(1), new Uint8Array(1), new Uint8Array(1)));
throws("not a Uint8Array", () => t.buffers(new ArrayBuffer(1), new Int8Array(1), new Uint8Array(1)));
throws("resizable", () => t.buffers(new ArrayBuffer(1, { maxByteLength: 2 }), new Uint8Array(1), new Uint8Array(1)));
same("resizable allowed", t.buffers(new ArrayBuffer(1), new Uint8Array(1), new Uint8Array(new ArrayBuffer(1, { maxByteLength: 2 }))), "fine");
same("shared allowed", t.buffers(new ArrayBuffer(1), new Uint8Array(new SharedArrayBuffer(1)), new Uint8Array(1)), "fine");
throws("shared", () => t.buffers(new ArrayBuffer(1), new Uint8Array(1), new Uint8Array(new SharedArrayBuffer(1))));
throws("callback", () => t.visit({}), TypeError, "is not a function");
throws("callback interface", () => t.listen(1));
t.listen(null);
t.listen({});

// Dictionaries.
const reads = [];
const spied = new Proxy({ apple: "a" }, { get: (o, key) => (reads.push(key), o[key]) });
t.init(spied);
same("members in order", reads.join(), "apple,zebra,aardvark,bytes,headers,lazy,mode");
same("converted", t.init({ apple: 1, headers: new Headers(), mode: "cors", bytes: [257], lazy: "2", aardvark: "" }),
  '{"apple":"1","zebra":1,"aardvark":false,"bytes":[1],"headers":"a Headers","lazy":2,"mode":"cors"}');
throws("required member", () => t.init({}), TypeError, "member 'apple' is required");
throws("required member of nothing", () => t.init(null), TypeError, "apple");
throws("not a dictionary", () => t.init(1));
throws("enumeration", () => t.init({ apple: "", mode: "x" }), TypeError, "'x' is not a value of the enumeration Mode");
json("a dictionary is given as an object", Object.getPrototypeOf(t.give()) === Object.prototype && t.give(), { a: 1 });

// Sequences, records, unions, overloads.
json("sequences", [...new Headers([["a", "b"], new Set(["c", "d"])])], [["a", "b"], ["c", "d"]]);
json("record", [...new Headers({ b: 1, a: 2 })], [["b", "1"], ["a", "2"]]);
throws("neither", () => new Headers(1));
throws("null", () => new Headers(null));
throws("a sequence's element", () => new Headers([1]));
same("record with collisions and hidden keys", t.rows(Object.defineProperty({ x: 1, y: 2 }, "z", { value: 3 })), '[["x",1],["y",2]]');
throws("record with a symbol", () => t.rows({ [Symbol("s")]: 1 }));
const traps = [];
t.rows(new Proxy({ x: 1 }, {
  ownKeys: (o) => (traps.push("ownKeys"), Reflect.ownKeys(o)),
  getOwnPropertyDescriptor: (o, key) => (traps.push(`property ${key}`), Reflect.getOwnPropertyDescriptor(o, key)),
  get: (o, key) => (traps.push(`get ${String(key)}`), o[key]),
}));
same("record through a proxy", traps.join(), "ownKeys,property x,get x");
let asked = 0;
new Headers(Object.create({ get [Symbol.iterator]() { asked++; return undefined; } }));
same("the iterator is asked for once", asked, 1);
json("unions", [t.union(new Headers()), t.union(new Uint8Array(1)), t.union(["1"]), t.union("s"), t.union(false), t.union(1.5), t.union(null), t.union(undefined), t.union({})],
  ["Headers", "view", "sequence 1", "s", false, 1.5, null, null, "[object Object]"]);
same("overload by count", t.overloaded("7.2"), "number:7");
same("overload by type", t.overloaded("a", new Headers()), "string:a,Headers");
same("overload by type, string", t.overloaded("a", {}), "string:a,string:[object Object]");
same("overload with three", t.overloaded("a", 1, 0), "string:a,string:1,boolean:false,boolean:true");
same("overload with more", t.overloaded("a", 1, 1, 0, 9), "string:a,string:1,boolean:true,boolean:false");
throws("no overload", () => t.overloaded());
same("overload's length", t.overloaded.length, 1);
same("variadic", t.kinds("a", undefined, 1, 2), '["a",false,1,2]');
same("variadic length", t.kinds.length, 1);
same("any", t.echo(sub), sub);
throws("any is required", () => t.echo());

// Iterators.
const headers = new Headers([["a", "1"], ["b", "2"]]);
const iterator = headers.entries();
same("iterator's prototype", Object.getPrototypeOf(Object.getPrototypeOf(iterator)), Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())));
same("iterator's tag", String(iterator), "[object Headers Iterator]");
same("iterator's members", own(Object.getPrototypeOf(iterator)), "next,Symbol(Symbol.toStringTag)");
same("next", flags(Object.getPrototypeOf(iterator), "next"), "wec");
json("keys", [...headers.keys()], ["a", "b"]);
json("values", [...headers.values()], ["1", "2"]);
throws("iterator's brand", () => Object.getPrototypeOf(iterator).next.call({}));
const visited = [];
headers.forEach(function (value, key, object) { visited.push(value, key, object === headers, this.x); }, { x: 1 });
json("forEach", visited, ["1", "a", true, 1, "2", "b", true, 1]);
same("forEach's length", headers.forEach.length, 1);
throws("forEach without a function", () => headers.forEach({}));
throws("forEach without anything", () => headers.forEach(), TypeError, "1 argument required");

// Namespaces.
same("namespace", flags(globalThis, "console"), "w-c");
same("namespace tag", String(console), "[object console]");
same("console's prototype", own(Object.getPrototypeOf(console)), "");
(0, console.log)(1, 2);
json("namespace operation", logged, [1, 2]);
same("namespace operation's flags", flags(console, "log") + console.log.length + console.log.name, "wec0log");
same("namespace constant", console.LEVEL, 3);

// The global.
const window_ = kind === "window";
same("kind", "Window" in globalThis, window_);
same("the other kind", "WorkerGlobalScope" in globalThis, !window_);
same("members by their exposure", "onlyInWorkers" in Thing.prototype, !window_);
same("members of the global by their exposure", "onlyInWindows" in globalThis, window_);
ping("from the global");
same("undefined this", lastPing.join(), "GlobalImpl,from the global");
globalThis.ping("x");
EventTarget.prototype.ping.call(null, "null");
same("null this", lastPing[1], "null");
throws("wrong this", () => EventTarget.prototype.ping.call({}, "x"));
same("prototype of the global", Object.getPrototypeOf(globalThis), window_ ? Window.prototype : DedicatedWorkerGlobalScope.prototype);
same("global tag", Object.prototype.toString.call(globalThis), window_ ? "[object Window]" : "[object DedicatedWorkerGlobalScope]");
close();
same("own operation", flags(globalThis, "close") + closedBy, "wecscript");
same("self", self, globalThis);
if (window_) {
  same("fetch is the global's own", flags(globalThis, "fetch"), "wec");
  same("unforgeable of the global", flags(globalThis, "window"), "-e-g");
  same("put forwards", flags(globalThis, "location"), "-e-gs");
  location = "https://a.test/";
  same("forwarded", location.href, "https://a.test/");
  json("toJSON", location, { href: "https://a.test/", port: 80 });
  self = 5;
  same("replaced", flags(globalThis, "self") + self, "wec5");
  onload = handler;
  same("handler of the global", globalThis.onload, handler);
  same("secure contexts", "Secure" in globalThis, true);
} else {
  same("fetch is inherited", flags(WorkerGlobalScope.prototype, "fetch"), "wec");
}

// Promises.
const results = [];
const settle = (name, promise) => promise.then((v) => results.push(`${name} ${JSON.stringify(v)}`), (e) => results.push(`${name} ${e.name}`));
settle("later", t.later("3"));
settle("rejected", t.later(-1));
settle("brand", Thing.prototype.later.call({}, 1));
settle("arity", t.later());
settle("conversion", t.later(Symbol()));
settle("attribute", Object.getOwnPropertyDescriptor(Thing.prototype, "ready").get.call({}));
settle("fetch", fetch("u", { apple: "a" }));
settle("fetch without a member", fetch("u"));
const lines = new Lines();
same("async iterator", Lines.prototype[Symbol.asyncIterator], Lines.prototype.values);
same("async iterator's members", own(Object.getPrototypeOf(lines.values())), "next,return,Symbol(Symbol.toStringTag)");
same("async iterator's tag", String(lines.values()), "[object Lines AsyncIterator]");
same("async entries", Pages.prototype[Symbol.asyncIterator], Pages.prototype.entries);
same("no return", own(Object.getPrototypeOf(new Pages().values())), "next,Symbol(Symbol.toStringTag)");
settle("async brand", Object.getPrototypeOf(lines.values()).next.call({}));
(async () => {
  const all = [];
  for await (const line of lines.values("1")) all.push(line);
  settle("lines", Promise.resolve(all));
  for await (const line of lines) break;
  const three = lines.values();
  settle("in order", Promise.all([three.next(), three.next(), three.return("r"), three.next()]));
  const pages = new Pages().entries();
  settle("page", pages.next());
  settle("torn", pages.next());
  settle("after", pages.next());
})();
globalThis.finish = () => {
  results.sort();
  json("promises", results, [
    'after {"done":true}', "arity TypeError", "async brand TypeError", "attribute TypeError", "brand TypeError", "conversion TypeError", 'fetch "ua"',
    "fetch without a member TypeError", 'in order [{"value":"line 0","done":false},{"value":"line 1","done":false},{"value":"r","done":true},{"done":true}]',
    "later 3", 'lines ["line 1","line 2"]', 'page {"value":["page",0],"done":false}', "rejected RangeError", "torn RangeError",
  ]);
  return failures.join("\n");
};
