//! What a time limit puts in place of the engine's own methods: what they give and ask is the same, and they end with the limit.

mod support;

use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::Duration;

use sofetch_js::{Ending, Runtime, THREAD_STACK_BYTES};
use support::lines::Lines;
use support::{Page, run};

/// What each expression gives; the runtime of these tests has a limit.
#[test]
fn they_give_what_the_engine_gives() {
    // Long enough to be taken for long, short enough not to be.
    let script = r#"
const many = 150_000;
const log = [];
// Tells what is asked of it, but for indices beyond the first few.
const told = (object) => new Proxy(object, {
  get(target, key, receiver) { if (typeof key === "symbol" || !(key > 2 && key < many - 3)) log.push(`get ${String(key)}`); return Reflect.get(target, key, receiver); },
  set(target, key, value, receiver) { if (typeof key === "symbol" || !(key > 2 && key < many - 3)) log.push(`set ${String(key)}`); return Reflect.set(target, key, value, receiver); },
  has(target, key) { if (typeof key === "symbol" || !(key > 2 && key < many - 3)) log.push(`has ${String(key)}`); return Reflect.has(target, key); },
  deleteProperty(target, key) { if (typeof key === "symbol" || !(key > 2 && key < many - 3)) log.push(`delete ${String(key)}`); return Reflect.deleteProperty(target, key); },
});
const show = console.log;
const { fill, join, slice, reverse, copyWithin, concat, flat, flatMap, splice, shift, unshift, sort, toSorted } = Array.prototype;
const apply = (method, self, ...args) => Reflect.apply(method, self, args);

const filled = apply(fill, { length: many }, 1, many - 2);
show("fill", Object.keys(filled).join());
const like = { length: 3, 0: "a", 1: "b", 2: "c" };
show("returns its this", apply(reverse, like) === like && apply(sort, like) === like && apply(fill, told(like), 1) !== like);
log.length = 0;
apply(join, told(["a", "b"]), "-");
show("join asks", log.join());
log.length = 0;
apply(slice, told({ length: many, 0: 1 }), 0, 2);
show("slice asks", log.join());
log.length = 0;
apply(reverse, told({ length: 2, 0: 1 }));
show("reverse asks", log.join());
log.length = 0;
apply(concat, [], told(["x"]));
show("concat asks", log.join());
log.length = 0;
apply(flat, told([["x"]]));
show("flat asks", log.join());
log.length = 0;
apply(join, new Proxy(["a"], { getOwnPropertyDescriptor(target, key) { log.push(key); return Reflect.getOwnPropertyDescriptor(target, key); } }));
show("join asks for descriptors", log.length);

const seen = [];
const setter = { length: 3, set 0(value) { seen.push(this === setter, value); } };
apply(fill, new Proxy(setter, {}), 7, 0, 1);
show("a setter's this is the proxy, not what stands before it", seen.join());

const sparse = []; sparse.length = many; sparse[many - 1] = "z"; sparse[2] = undefined; sparse[5] = "b";
show("sort", [...Object.entries(sparse.slice().sort())].join("|"));
show("toSorted", [3, 1, 10, undefined].toSorted().join());
const numbers = Array.from({ length: many }, (_, i) => many - i);
show("sort as strings", numbers.slice().sort().slice(0, 4).join());
show("sort by a function", numbers.sort((a, b) => a - b).slice(0, 3).join());
show("concat", [1].concat(sparse, 2, [[3]]).length);
show("a spreadable", [].concat({ length: 2, 0: "a", [Symbol.isConcatSpreadable]: true }).length);
show("flat", JSON.stringify([1, [2, [3, [4]]]].flat(2)), [[1], , [2]].flat().length);
show("flatMap", [1, 2].flatMap(function (x, i, a) { return [x, i, a.length, this.t]; }, { t: 9 }).join());
class Mine extends Array {}
show("species", Mine.from([1]).concat([2]) instanceof Mine, Mine.from([[1]]).flat() instanceof Mine, Mine.from([1]).slice() instanceof Mine);
show("splice", numbers.splice(0, 2, "x").join(), numbers.length, numbers[0]);
show("shift", numbers.shift(), numbers.unshift("y", "z"), numbers[1]);
for (const method of [fill, join, flat, concat, sort, slice]) try { apply(method, undefined); } catch (error) { show(error.name); }
show("raw", String.raw`a${1}\n${2}`, String.raw({ raw: "xyz" }, 0, 1, 2));
for (const template of [undefined, null, 1, {}, { raw: null }]) try { show(String.raw(template)); } catch (error) { show(error.name); }

const text = "ab,".repeat(many / 3);
show("split", text.split(",").length, text.split(",", 2).join(), text.split("").length, text.split("q").length, text.split(",", 0).length, text.split(/,/).length);
show("replaceAll", text.replaceAll(",", "$$$&$`x".slice(0, 4)).slice(0, 8), text.replaceAll("b", (m, at) => at).slice(0, 6), text.replaceAll("q", "x") === text);
show("of nothing", (text.replaceAll("", "-")).length === text.length * 2 + 1);
show("dollars", "x".repeat(many).concat("ab").replaceAll("a", "[$'$$$1$<n>]").slice(many));
show("search", text.indexOf("b,a"), text.includes("zz"), text.indexOf("b", 2), text.indexOf("", 9e9) === text.length);
show("pad", "x".padStart(4, "ab"), "x".padEnd(many).length, "x".repeat(3));
show("typed", new Uint8Array(many).fill(7).indexOf(7, 5), new Uint8Array([3, 1]).sort().join(), new Uint16Array(many).map((_, i) => i).reverse()[0]);
const bytes = new Uint8Array(4); bytes.set([1, 2], 1); bytes.set({ length: 1, 0: 9 }); bytes.set(new Uint8Array([8]), 3);
show("set", bytes.join());
"#;
    let expected = "\
fill 149998,149999,length
returns its this true
join asks get length,get 0,get 1
slice asks get length,has 0,get 0,has 1
reverse asks get length,has 0,get 0,has 1,delete 0,set 1
concat asks get Symbol(Symbol.isConcatSpreadable),get length,has 0,get 0
flat asks get length,get constructor,has 0,get 0
join asks for descriptors 0
a setter's this is the proxy, not what stands before it false,7
sort 0,b|1,z|2,
toSorted 1,10,3,
sort as strings 1,10,100,1000
sort by a function 1,2,3
concat 150003
a spreadable 2
flat [1,2,3,[4]] 2
flatMap 1,0,2,9,2,1,2,9
species true true true
splice 1,2 149999 x
shift x 150000 z
TypeError
TypeError
TypeError
TypeError
TypeError
TypeError
raw a1\\n2 x0y1z
TypeError
TypeError
TypeError
TypeError
TypeError
split 50001 ab,ab 150000 1 0 50001
replaceAll ab$,ab$, a1,a4, true
of nothing true
dollars [b$$1$<n>]b
search 1 false 4 true
pad abax 150000 xxx
typed 5 1,3 18927
set 9,1,2,8";
    let printed = run(Page::of("https://page.test/"), script);
    let expected: Vec<&str> = expected.split('\n').collect();
    assert_eq!(printed, expected);
}

#[test]
fn they_look_like_the_engines_own() {
    let script = r#"
for (const [holder, names] of [[Array.prototype, ["fill", "join", "sort", "concat", "flat", "flatMap", "slice", "toSpliced", "with"]],
  [String.prototype, ["split", "replaceAll", "indexOf", "includes", "padEnd", "repeat", "normalize"]], [String, ["raw"]],
  [Object.getPrototypeOf(Uint8Array.prototype), ["fill", "set", "indexOf", "toSorted"]]]) {
  const said = [];
  for (const name of names) {
    const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(holder, name);
    let constructs = true;
    try { Reflect.construct(Object, [], value); } catch { constructs = false; }
    const native = /^function \w+\(\) \{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(value));
    const right = value.name === name && writable && !enumerable && configurable && !constructs && native && !("prototype" in value);
    said.push(`${name} ${value.length}${right ? "" : " WRONG"}`);
  }
  console.log(said.join());
}
"#;
    assert_eq!(
        run(Page::of("https://page.test/"), script),
        [
            "fill 1,join 1,sort 1,concat 1,flat 0,flatMap 1,slice 2,toSpliced 2,with 2",
            "split 2,replaceAll 2,indexOf 1,includes 1,padEnd 1,repeat 1,normalize 0",
            "raw 1",
            "fill 1,set 1,indexOf 1,toSorted 1",
        ]
    );
}

/// Scripts that never end, or not before the hardware does: each ends with the limit, and nothing of it runs after that.
#[test]
fn nothing_outlasts_the_limit() {
    let scripts = [
        "for (;;);",
        "for (;;) { try { for (;;); } finally { continue; } }",
        "for (;;) { try { for (;;); } catch { continue; } }",
        "(function* () { try { for (;;) yield 1; } finally { for (;;); } })().next(); for (const x of (function* () { for (;;) yield 1; })());",
        "const o = { get x() { return o.x2; }, get x2() { for (;;); } }; o.x;",
        "(function f() { Promise.resolve().then(f); })();",
        "(function f() { queueMicrotask(f); })();",
        "(async () => { for (;;) await null; })();",
        "(async () => { for await (const x of { [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1 }) }) }); })();",
        "(async () => { const s = new ReadableStream({ pull(c) { c.enqueue(1); } }); for await (const x of s); })();",
        "new ReadableStream({ pull(c) { c.enqueue(1); } }).pipeTo(new WritableStream());",
        "new Proxy({}, { get() { for (;;); } }).x;",
        "const p = new Proxy({}, { ownKeys() { for (;;); } }); Object.keys(p);",
        "[2, 1].sort(() => { for (;;); });",
        "JSON.parse('[1]', () => { for (;;); });",
        "JSON.stringify({ toJSON() { for (;;); } });",
        "new Headers([[{ toString() { for (;;); } }, 'a']]);",
        "structuredClone({ get a() { for (;;); } });",
        "new EventTarget().dispatchEvent(new Event('a')); const t = new EventTarget(); t.addEventListener('a', () => { for (;;); }); t.dispatchEvent(new Event('a'));",
        "addEventListener('error', () => { for (;;); }); setTimeout(() => { throw 1; });",
        "addEventListener('unhandledrejection', () => { for (;;); }); Promise.reject(1);",
        "setInterval(() => {}, 0);",
        "setTimeout(() => { for (;;); });",
        "new AbortController().signal.onabort = 1; const c = new AbortController(); c.signal.onabort = () => { for (;;); }; c.abort();",
        "class A { static #x = (() => { for (;;); })(); }",
        "/(a+)+b/.exec('a'.repeat(40));",
        "/(?:a|a)*b/.test('a'.repeat(50));",
        "Array.prototype.fill.call({ length: 2 ** 53 - 1, set 0(x) {} }, 1);",
        "Array.prototype.copyWithin.call({ length: 2 ** 53 - 1 }, 1, 0);",
        "Array.prototype.join.call({ length: 2 ** 53 - 1 }, '');",
        "Array.prototype.toLocaleString.call({ length: 2 ** 53 - 1 });",
        "Array.prototype.sort.call({ length: 2 ** 53 - 1 });",
        "Array.prototype.reverse.call({ length: 2 ** 53 - 1 });",
        "Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1);",
        "Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1);",
        "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);",
        "Array.prototype.find.call({ length: 2 ** 53 - 1 }, Boolean);",
        "Array.prototype.flat.call({ length: 2 ** 53 - 1 });",
        "[[], Object.assign([], { length: 2 ** 32 - 1 })].flat();",
        "Array.prototype.flatMap.call({ length: 2 ** 53 - 1 }, Boolean);",
        "Array.prototype.slice.call({ length: 2 ** 53 - 1 }, 0, 2 ** 32 - 2);",
        "Array.prototype.splice.call({ length: 2 ** 53 - 1 }, 0, 1);",
        "Array.prototype.shift.call({ length: 2 ** 53 - 1 });",
        "Array.prototype.unshift.call({ length: 2 ** 53 - 2 }, 1);",
        "[].concat({ length: 2 ** 53 - 1, [Symbol.isConcatSpreadable]: true });",
        "[].concat(Object.assign([], { length: 2 ** 32 - 2 }));",
        "String(Object.assign([], { length: 2 ** 32 - 1 }));",
        "Object.assign([], { length: 2 ** 32 - 1 }).sort();",
        "Object.assign([], { length: 2 ** 32 - 1 }).reverse();",
        "String.raw({ raw: { length: 2 ** 53 - 1 } });",
        "const a = new Uint8Array(50_000_000); for (;;) a.fill(1);",
        "const a = new Uint8Array(50_000_000); for (;;) a.indexOf(5);",
        "const a = new Uint8Array(50_000_000); for (;;) a.reverse();",
        "for (;;) 'x'.padEnd(50_000_000, 'abc');",
        "const s = 'a'.repeat(2 ** 22); s.indexOf('a'.repeat(2 ** 21) + 'b');",
        "const s = 'a'.repeat(2 ** 22); s.includes('a'.repeat(2 ** 21) + 'b');",
        "const s = 'a'.repeat(2 ** 22); s.split('a'.repeat(2 ** 21) + 'b');",
        "const s = 'a'.repeat(2 ** 24); s.replaceAll('', 'y'.repeat(2 ** 20));",
        "for (;;) Array.prototype.push.apply([], { length: 60000 });",
        "new Uint8Array(1e8).set({ length: 1e8 });",
        "new Headers(new Proxy({}, { ownKeys: () => Array.from({ length: 1000 }, (_, i) => `a${i}`), getOwnPropertyDescriptor() { for (;;); } }));",
        "new Blob({ [Symbol.iterator]: () => ({ next: () => ({ value: '' }) }) });",
        "new Set([1]).isSubsetOf({ size: 9, has() { for (;;); }, keys() {} });",
        "Iterator.from({ next: () => ({}) }).drop(Infinity).next();",
        "Promise.all({ [Symbol.iterator]: () => ({ next: () => ({ value: 1 }) }) });",
    ];
    let threads: Vec<_> =
        scripts.chunks(scripts.len().div_ceil(4)).map(|some| on_a_thread(some.to_vec())).collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
}

fn on_a_thread(scripts: Vec<&'static str>) -> JoinHandle<()> {
    let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
    let ran = thread.spawn(move || {
        for script in scripts {
            let script = format!(
                "try {{ {script} }} catch (error) {{ if (`${{error}}`.includes('interrupted')) console.log('caught'); }}"
            );
            let lines = Lines::default();
            // On a busy machine the limit may come before the runtime has begun.
            let limits = [100, 1000, 10_000].map(Duration::from_millis);
            let mut runtimes = limits.into_iter().filter_map(|limit| {
                let builder = Runtime::builder().time_limit(limit).max_memory(512 << 20);
                builder.printer(Rc::new(lines.clone())).build().ok()
            });
            let mut runtime = runtimes.next().expect("a runtime");
            // The limit may come while it runs, or while the loop does.
            let _ = runtime.run_script(&script, "test.js");
            assert_eq!(runtime.run_until_idle(), Ending::TimedOut, "{script}");
            drop(runtime);
            assert_eq!(lines.take(), Vec::<String>::new(), "{script}");
        }
    });
    ran.expect("a thread")
}
