//! The console: what each value and each method prints, and that no object can spoil it.

mod support;

use support::{Page, run};

/// What each script prints; errors stand behind `! `.
fn check(cases: &[(&str, &str, &[&str])]) {
    for (name, script, expected) in cases {
        assert_eq!(run(Page::of("https://a.test/"), script), *expected, "{name}");
    }
}

#[test]
fn values_table() {
    check(&[
        (
            "primitive values",
            r#"console.log("text", 1, -0, NaN, 10n, true, null, undefined, Symbol("s"))"#,
            &["text 1 -0 NaN 10n true null undefined Symbol(s)"],
        ),
        ("nothing prints nothing, not even a line", "console.log(); console.error(); console.log('')", &[""]),
        (
            "objects, nested to a depth",
            r#"console.log({ a: 1, "b-c": "x\n", [Symbol("k")]: { d: [1, { e: { f: 1 } }] } })"#,
            &[r#"{ a: 1, "b-c": "x\n", [Symbol(k)]: { d: [1, [Object]] } }"#],
        ),
        (
            "what a terminal obeys, in quotes",
            r#"console.log(["\x1b[1m", "\x7f\x80\x9b1m\x9f\xa0"], { "\x9b": 1 })"#,
            &["[\"\\u001b[1m\", \"\\u007f\\u0080\\u009b1m\\u009f\u{a0}\"] { \"\\u009b\": 1 }"],
        ),
        (
            "arrays with holes, properties and many elements",
            "console.log([, 1, , , 2], Object.assign([1], { x: 2 }), [], new Array(4294967295))",
            &["[<1 empty item>, 1, <2 empty items>, 2] [1, x: 2] [] [<4294967295 empty items>]"],
        ),
        (
            "maps, sets, buffers and views",
            r#"console.log(new Map([["a", { b: 1 }]]), new Set(["x"]), new Uint8Array([1, 2]), new ArrayBuffer(2))"#,
            &[
                r#"Map(1) { "a" => { b: 1 } } Set(1) { "x" } Uint8Array(2) [1, 2] ArrayBuffer { [Uint8Contents]: <00 00>, byteLength: 2 }"#,
            ],
        ),
        (
            "functions and classes",
            "console.log(() => {}, function f() {}, class A {}, class B extends Array {}, async () => {})",
            &[
                "[Function (anonymous)] [Function: f] [class A] [class B extends Array] [AsyncFunction (anonymous)]",
            ],
        ),
        (
            "objects of a class, and of none",
            "console.log(new (class Point { x = 1; #y = 2; get z() { return 3; } })(), Object.create(null), new Number(1), new String('s'))",
            &[r#"Point { x: 1 } [Object: null prototype] {} [Number: 1] [String: "s"]"#],
        ),
        (
            "dates, patterns and promises",
            "console.log(new Date(0), new Date(NaN), /a/g, Promise.resolve(1), new Promise(() => {}), new WeakMap())",
            &[
                "1970-01-01T00:00:00.000Z Invalid Date /a/g Promise { 1 } Promise { <pending> } WeakMap { <items unknown> }",
            ],
        ),
        (
            "cycles",
            "const a = { b: {} }; a.b.c = a; a.d = a.b; console.log(a)",
            &["<ref *1> { b: { c: [Circular *1] }, d: { c: [Circular *1] } }"],
        ),
        (
            "accessors are named, not called",
            "console.log({ get a() { throw 1; }, set b(_) {}, get c() { throw 1; }, set c(_) {} })",
            &["{ a: [Getter], b: [Setter], c: [Getter/Setter] }"],
        ),
        (
            "an error with its stack, its cause and its own properties",
            r#"console.log(Object.assign(new TypeError("t", { cause: 5 }), { code: 7 }))"#,
            &["TypeError: t\n    at <eval> (test.js:1:31)\n  cause: 5 { code: 7 }"],
        ),
        (
            "platform objects with their attributes, lists with their pairs",
            r#"console.log(new Headers({ a: "b" }), new Blob(["abc"], { type: "text/plain" }))"#,
            &[r#"Headers { "a" => "b" } Blob { size: 3, type: "text/plain" }"#],
        ),
        (
            "a large object has lines of its own",
            "console.log({ first: 'a'.repeat(40), second: 'b'.repeat(40) })",
            &[
                "{\n  first: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\n  second: \"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"\n}",
            ],
        ),
    ]);
}

#[test]
fn hostile_values_table() {
    check(&[
        (
            "proxies are not asked",
            "const traps = new Proxy({}, { get() { throw 1; } });
             console.log(new Proxy({}, traps), new Proxy(() => {}, traps), Object.create(new Proxy({}, traps)));",
            &["[Proxy] [Proxy] {}"],
        ),
        (
            "an error whose properties throw",
            "class E extends Error { get name() { throw 1; } get message() { throw 2; } get stack() { throw 3; } }
             const e = new E(); console.log(String(console.log(e)));",
            &["Error\n    at E (test.js:1:1)\n    at <eval> (test.js:2:28)", "undefined"],
        ),
        (
            "tampered prototypes",
            r#"String.prototype.split = Map.prototype.get = Function.prototype.call = Array.prototype.join = () => { throw 1; };
               Array.prototype[Symbol.iterator] = () => { throw 2; };
               Object.defineProperty(Object.prototype, "value", { get() { throw 3; } });
               Object.prototype.get = () => { throw 4; };
               console.log({ a: [1, 2] }, "%s", { get b() { return 1; } });"#,
            &["{ a: [1, 2] } %s { b: [Getter] }"],
        ),
        (
            "getters of script's, whatever they look like",
            "const add = (name, get) => Object.defineProperty(TextEncoder.prototype, name, { get, enumerable: true });
             const ran = () => console.log('ran'); add('a', ran.bind()); add('b', new Proxy(ran, {}));
             add('c', function () { ran(); /* [native code] */ }); add('d', function () { ran(); `) {\n    [native code]\n}`;});
             console.info(new TextEncoder());",
            &[r#"TextEncoder { encoding: "utf-8" }"#],
        ),
        (
            "depth has no end",
            "let deep = {}; for (let i = 0; i < 100000; i++) deep = { deep }; console.log(deep); console.log('%o', deep);",
            &[
                "{ deep: { deep: { deep: [Object] } } }",
                "{ deep: { deep: { deep: { deep: { deep: [Object] } } } } }",
            ],
        ),
        (
            "ten million elements",
            "console.log(new Array(10000000).fill(1).length, String(console.log(new Uint8Array(10000000))))",
            &[
                &format!(
                    "Uint8Array(10000000) [\n{}  {}\n  ... 9999900 more items\n]",
                    format!("  {}\n", "0, ".repeat(26).trim_end()).repeat(3),
                    "0, ".repeat(22).trim_end()
                ),
                "10000000 undefined",
            ],
        ),
    ]);
}

#[test]
fn formatter_table() {
    check(&[
        (
            "every specifier",
            r#"console.log("%s %d %i %f %o %O%c %%", "a", "42.5", 7.9, "1.5x", { b: 1 }, [2], "color: red")"#,
            &["a 42 7 1.5 { b: 1 } [2] %"],
        ),
        (
            "symbols are no numbers",
            r#"console.log("%d %f %s", Symbol(), Symbol(), Symbol("s"))"#,
            &["NaN NaN Symbol(s)"],
        ),
        (
            "too few arguments leave specifiers, too many follow",
            r#"console.log("%s %s", 1); console.log("%s", 1, 2, {})"#,
            &["1 %s", "1 2 {}"],
        ),
        ("one argument is not formatted", r#"console.log("100%s %%")"#, &["100%s %%"]),
        (
            "as parseInt and parseFloat have it, each in its own way",
            r#"console.log("%d %i %f %d %d %f", "0x1f", "1e3", "1e3", 10n, {}, []); console.log("%5 %x %", 1)"#,
            &["0 1 1000 10 NaN NaN", "%5 %x % 1"],
        ),
        (
            "labels are strings, and what cannot be one is thrown",
            r#"console.count({ toString: () => "label" }); console.count(null); console.count(undefined);
               for (const name of ["count", "countReset", "time", "timeLog", "timeEnd"]) {
                 try { console[name]({ toString() { throw name; } }); } catch (error) { console.log(error); }
               }"#,
            &["label: 1", "null: 1", "default: 1", "count", "countReset", "time", "timeLog", "timeEnd"],
        ),
        (
            "groups are left at once, and their labels are formatted",
            r#"console.group("%s!", "a"); console.group({ b: 1 }); console.log("in"); console.clear(); console.log("out"); console.groupEnd();"#,
            &["a!", "  { b: 1 }", "    in", "out"],
        ),
        ("only a string is a format", r#"console.log(1, "%s", 2)"#, &["1 %s 2"]),
        ("what was put in is not looked at again", r#"console.log("%s %s", "%s", "x")"#, &["%s x"]),
        (
            "a value that cannot be a string",
            r#"console.log("%s", { toString() { throw 1; } })"#,
            &["{ toString: [Function: toString] }"],
        ),
    ]);
}

#[test]
fn methods_table() {
    check(&[
        (
            "severity chooses the stream",
            "for (const name of ['log', 'info', 'debug', 'dir', 'dirxml', 'count', 'group', 'warn', 'error']) console[name](name)",
            &["log", "info", "debug", "\"dir\"", "dirxml", "count: 1", "group", "!   warn", "!   error"],
        ),
        (
            "assert",
            r#"console.assert(true, "no"); console.assert(); console.assert(false, "a %s", 1); console.assert(false, { b: 1 })"#,
            &["! Assertion failed", "! Assertion failed: a 1", "! Assertion failed { b: 1 }"],
        ),
        (
            "groups indent every line",
            r#"console.group("a %d", 1); console.log("b\nc"); console.groupCollapsed(); console.warn("d");
               console.groupEnd(); console.groupEnd(); console.groupEnd(); console.log("e")"#,
            &["a 1", "  b\n  c", "  console.group", "!     d", "e"],
        ),
        (
            "counts",
            r#"console.count(); console.count("x"); console.count(); console.countReset(); console.count(); console.countReset("y")"#,
            &["default: 1", "x: 1", "default: 2", "default: 1", "! Count for 'y' does not exist"],
        ),
        (
            "timers that are not there",
            r#"console.timeEnd("a"); console.timeLog(); console.time("b"); console.time("b")"#,
            &["! Timer 'a' does not exist", "! Timer 'default' does not exist", "! Timer 'b' already exists"],
        ),
        (
            "tables",
            r#"console.table([{ a: 1 }, { b: "x" }]); console.table(5); console.table([["p"]], ["0"])"#,
            &[
                "┌─────────┬───┬─────┐\n│ (index) │ a │ b   │\n├─────────┼───┼─────┤\n│ 0       │ 1 │     │\n│ 1       │   │ \"x\" │\n└─────────┴───┴─────┘",
                "5",
                "┌─────────┬─────┐\n│ (index) │ 0   │\n├─────────┼─────┤\n│ 0       │ \"p\" │\n└─────────┴─────┘",
            ],
        ),
        (
            "dir takes no format",
            r#"console.dir("%s"); console.dirxml({ a: 1 }, "b")"#,
            &["\"%s\"", "{ a: 1 } b"],
        ),
        (
            "trace",
            "function f() { console.trace('t%d', 1); }\nf();",
            &["Trace: t1\n    at f (test.js:1:23)\n    at <eval> (test.js:2:1)"],
        ),
    ]);
}
