//! Entries of a prompt: what they are, what is left of them, and what ends them.
//!
//! Over 400 lines: a table for each kind of entry, and one of all that an interrupt may come to.

#[path = "support/interrupting.rs"]
mod interrupting;
#[path = "support/lines.rs"]
mod lines;

use std::rc::Rc;
use std::sync::{Mutex, mpsc};
use std::thread;

use interrupting::define_interrupt;
use lines::Lines;
use sofetch_js::{Ending, Entered, EntryReader, Global, Read, Runtime, THREAD_STACK_BYTES, Waker};

/// A prompt without a person.
struct Prompt {
    reader: EntryReader,
    runtime: Runtime,
    lines: Lines,
}

impl Prompt {
    fn new() -> Prompt {
        let lines = Lines::default();
        let runtime = Runtime::builder().printer(Rc::new(lines.clone())).build().expect("a runtime");
        Prompt { reader: EntryReader::new().expect("memory"), runtime, lines }
    }

    fn enter(&mut self, text: &str) -> Entered {
        match self.reader.read(text) {
            Read::Entry(entry) => self.runtime.enter(&entry),
            other => panic!("{text}: {other:?}"),
        }
    }

    /// In a line: the value, or what was thrown without its stack.
    fn says(&mut self, text: &str) -> String {
        match self.enter(text) {
            Entered::Value(text) => text,
            Entered::Undefined => "undefined".to_owned(),
            Entered::Thrown(text) => text.lines().next().unwrap_or_default().to_owned(),
            other => format!("{other:?}"),
        }
    }
}

#[track_caller]
fn check(entries: &[(&str, &str)]) {
    let mut prompt = Prompt::new();
    for (entry, expected) in entries {
        assert_eq!(prompt.says(entry), *expected, "{entry}");
    }
}

#[test]
fn entries_have_values() {
    check(&[
        ("1 + 1", "2"),
        ("undefined", "undefined"),
        ("'a\\u001b[31m'", r#""a\u001b[31m""#),
        ("let x = 5", "undefined"),
        ("x; let y = 6", "5"),
        ("if (x) { y }", "6"),
        ("{ a: 1 }", "{ a: 1 }"),
        ("{ a: 1 };", "1"),
        ("{}", "{}"),
        ("{ x, y }", "{ x: 5, y: 6 }"),
        ("{ let z = 1; z + x }", "6"),
        ("// nothing", "undefined"),
        ("function f() { return this === globalThis }", "undefined"),
        ("f()", "true"),
        ("Promise.resolve(1)", "Promise { 1 }"),
        ("new Headers({ a: 'b' })", r#"Headers { "a" => "b" }"#),
    ]);
}

#[test]
fn declarations_are_there_for_the_next_entry_and_can_be_made_again() {
    check(&[
        ("const a = 1, f = () => a", "undefined"),
        ("[a, f(), f.name]", r#"[1, 1, "f"]"#),
        ("a = 2", "Uncaught TypeError: 'a' is read-only"),
        ("const a = 3", "undefined"),
        ("f()", "3"),
        ("let a = 4; a++; a", "5"),
        ("let a", "undefined"),
        ("a", "undefined"),
        ("const { b, c: [d = 7] } = { b: 6, c: [] }; b + d", "13"),
        ("class A { m() { return 1 } } new A().m()", "1"),
        ("class A { m() { return 2 } }\nnew A().m()", "2"),
        ("class B extends A {}; new B().m() + B.name", r#""2B""#),
        ("Object.keys(globalThis).filter((name) => ['a', 'b', 'A', '_'].includes(name))", "[]"),
        ("var v = 1", "undefined"),
        ("let v = 2; v", "2"),
        ("function g() { return 1 }", "undefined"),
        ("const g = 2; g", "2"),
        // What fails on the way is declared anew.
        ("const r = (() => { throw new Error('no') })()", "Uncaught Error: no"),
        ("r", "Uncaught ReferenceError: r is not initialized"),
        ("const r = 1; r", "1"),
        // Attributes of the global give way, what it has for good does not.
        ("const name = 42, origin = 43; name + origin", "85"),
        ("let location = 1", "Uncaught SyntaxError: redeclaration of 'location'"),
        ("let undefined = 1", "Uncaught SyntaxError: 'undefined' already declared"),
        ("`let a = 9` + 'const a = 9' // let a = 9", r#""let a = 9const a = 9""#),
        ("a", "undefined"),
        ("{ let a = 9 } a", "undefined"),
        ("let m = 1, n = 2; m + n", "3"),
        ("let m\n[0], n", "2"),
        ("const p = (q, r) => [q, r], t = 's', // u, w = 1\n  x = 5; [t, x]", r#"["s", 5]"#),
        ("'use strict'; const s = 1; undeclared = 1", "Uncaught ReferenceError: undeclared is not defined"),
    ]);
}

#[test]
fn await_may_stand_outside_of_functions() {
    check(&[
        ("await 1", "1"),
        ("const r = await Promise.resolve({ a: 1 }), s = await r.a", "undefined"),
        ("[r, s]", "[{ a: 1 }, 1]"),
        ("for (let i = 0; i < 2; i++) await new Promise((go) => setTimeout(go)); s", "1"),
        ("for await (const x of [Promise.resolve(5)]) x", "5"),
        ("await (1)", "1"),
        ("const r = await Promise.reject(new TypeError('no'))", "Uncaught TypeError: no"),
        ("const r = await 2; r", "2"),
        ("{ a: await 3 }", "{ a: 3 }"),
        ("await new Promise(() => {})", "Unsettled"),
        ("async function f() { return await 4 }", "undefined"),
        ("await f()", "4"),
        ("var await_ = 1; await_", "1"),
        ("throw 1", "Uncaught 1"),
        ("await 1; throw null", "Uncaught null"),
    ]);
    // A rejection is the entry's; nobody else is told.
    let mut prompt = Prompt::new();
    prompt
        .enter("addEventListener('unhandledrejection', () => console.log('told')); await Promise.reject(1)");
    prompt.runtime.run_until_idle();
    assert!(!prompt.runtime.has_failed());
    assert_eq!(prompt.lines.take(), Vec::<String>::new());
}

#[test]
fn imports_are_made_dynamic() {
    check(&[
        (
            "import { a, b as c } from 'data:text/javascript,export const a = 1, b = 2; export default 3'",
            "undefined",
        ),
        ("a + c", "3"),
        ("import d, * as all from 'data:text/javascript,export default 4'\nd + all.default", "8"),
        ("a = 1", "Uncaught TypeError: 'a' is read-only"),
        ("import 'data:text/javascript,throw 5'", "Uncaught 5"),
        ("(await import('data:text/javascript,export default 6')).default", "6"),
        (
            "import x from 'bare'",
            "Uncaught TypeError: \"bare\" is no URL, does not begin with /, ./ or ../, and no import map has it",
        ),
    ]);
}

#[test]
fn the_last_result_has_a_name() {
    check(&[
        ("40", "40"),
        ("_ + 2", "42"),
        ("_", "42"),
        ("throw new RangeError('no')", "Uncaught RangeError: no"),
        ("_error.message", r#""no""#),
        ("_", r#""no""#),
        ("let _ = 'mine'", "undefined"),
        ("1", "1"),
        ("_", r#""mine""#),
    ]);
}

#[test]
fn what_is_wrong_is_the_engines_to_say() {
    check(&[
        ("1 2", "Uncaught SyntaxError: expecting ';'"),
        ("let a; let a", "Uncaught SyntaxError: invalid redefinition of lexical identifier"),
        ("await )", "Uncaught SyntaxError: unexpected token in expression: ')'"),
        ("const x", "Uncaught SyntaxError: missing initializer for variable"),
        ("'a\0b'.length", "3"),
    ]);
    let mut reader = EntryReader::new().expect("memory");
    assert!(matches!(reader.read("f("), Read::More));
    assert!(matches!(reader.read("{ a: 1, b:"), Read::More));
    assert!(matches!(reader.read("import { a"), Read::More));
    assert!(matches!(reader.read("const r = await fetch("), Read::More));
    assert!(matches!(reader.read_whole("f("), Read::Entry(_)));
    assert!(matches!(reader.read(" \n\t"), Read::Nothing));
    let Entered::Thrown(said) = Prompt::new().enter("\n\nfoo()") else { panic!("it is thrown") };
    assert!(said.contains("entry-1:3:"), "{said}");
}

#[test]
fn hostile_values_are_shown_and_not_run() {
    let mut prompt = Prompt::new();
    for entry in [
        "({ get a() { throw 1 }, [Symbol.toStringTag]: 'x' })",
        "new Proxy({}, new Proxy({}, { get() { ran = true } }))",
        "const e = new Error('a'); Object.defineProperty(e, 'message', { get() { ran = true } }); e",
        "Promise.reject(new Proxy({}, {})).catch(() => {}), Symbol('\\u001b')",
        "Array.prototype.push = String.prototype.slice = () => { ran = true }; [1]",
        "Object.prototype.get = 1; const k = 5; k",
    ] {
        assert!(matches!(prompt.enter(entry), Entered::Value(_)), "{entry}");
    }
    assert_eq!(prompt.says("typeof ran"), r#""undefined""#);
    for entry in ["'x'.repeat(10e6)", "new Uint8Array(10e6)", "new Array(1e6).fill('y'.repeat(100))"] {
        let Entered::Value(text) = prompt.enter(entry) else { panic!("{entry}") };
        assert!(text.len() < 20_000 && text.contains("more"), "{entry}: {}", text.len());
    }
    assert!(prompt.says("(function f() { return f() })()").starts_with("Uncaught RangeError"));
    assert_eq!(prompt.says("1"), "1");
}

#[test]
fn completion_table() {
    let mut prompt = Prompt::new();
    for entry in [
        "const response = new Response('x', { headers: { a: 'b' } }); let other = { inner: { apple: 1, apply: 2 } }",
        "class Thing { static make() {} }",
        "const hostile = { get getter() { ran = true; return { x: 1 } } }",
        "const proxy = new Proxy({ secret: 1 }, { ownKeys() { ran = true; return [] }, get() { ran = true } })",
        "other.proxy = proxy; other.text = 'abc'; var big = new Uint8Array(1e6); 5",
    ] {
        prompt.enter(entry);
    }
    let table: [(&str, usize, &[&str]); 17] = [
        ("fetch(\"respon", 0, &[]),
        ("await fetch('respon", 0, &[]),
        ("`respon", 0, &[]),
        ("`${respon", 3, &["response"]),
        ("respon", 0, &["response"]),
        ("x = Thi", 4, &["Thing"]),
        ("Thing.ma", 6, &["make"]),
        ("response.head", 9, &["headers"]),
        ("response.headers.getS", 17, &["getSetCookie"]),
        ("other.inner.app", 12, &["apple", "apply"]),
        ("f(other?.inner?.appl", 16, &["apple", "apply"]),
        ("other.text.toUpper", 11, &["toUpperCase"]),
        ("hostile.getter.", 15, &[]),
        ("proxy.se", 6, &[]),
        ("other.proxy.se", 12, &[]),
        ("nothing.at", 8, &[]),
        ("big.subar", 4, &["subarray"]),
    ];
    for (text, start, names) in table {
        let found = prompt.runtime.complete(text);
        assert_eq!(found.names, names, "{text}");
        assert_eq!(found.start, start, "{text}");
    }
    let globals = prompt.runtime.complete("");
    assert!(
        globals.names.iter().any(|name| name == "fetch")
            && !globals.names.iter().any(|name| name.contains("__"))
    );
    assert!(prompt.runtime.complete("_.to").names.contains(&"toFixed".to_owned()));
    assert_eq!(prompt.says("typeof ran"), r#""undefined""#);
}

#[test]
fn an_interrupt_ends_an_entry_and_no_more() {
    let lines = Lines::default();
    let (heard, told) = mpsc::channel();
    let told = Mutex::new(told);
    let printer = Told(lines.clone(), heard);
    let mut runtime = Runtime::builder().printer(Rc::new(printer)).build().expect("a runtime");
    let mut reader = EntryReader::new().expect("memory");
    let mut enter = |runtime: &mut Runtime, text: &str| match reader.read(text) {
        Read::Entry(entry) => runtime.enter(&entry),
        other => panic!("{text}: {other:?}"),
    };
    let table = [
        "console.log('begun'); for (;;) {}",
        "console.log('begun'); await new Promise((go) => setTimeout(go, 1e8))",
        "console.log('begun'); try { for (;;) {} } finally { console.log('caught') }",
        // Within events, and within the report of an error.
        "const t = new EventTarget(); t.onx = t.addEventListener('x', () => { console.log('begun'); for (;;) {} }); t.dispatchEvent(new Event('x'))",
        "addEventListener('error', () => { console.log('begun'); for (;;) {} }, { once: true }); reportError(1)",
    ];
    let worker = "const w = new Worker(URL.createObjectURL(new Blob(['onmessage = ({ data }) => postMessage(data * 2)'])))";
    enter(&mut runtime, worker);
    for text in table {
        let interrupt = runtime.waker();
        let came = thread::scope(|scope| {
            scope.spawn(|| {
                assert_eq!(told.lock().expect("one thread").recv().expect("it begins"), "begun");
                interrupt.interrupt();
            });
            enter(&mut runtime, text)
        });
        assert_eq!(came, Entered::Interrupted, "{text}");
        // It is the next one's, too, unless it is forgotten.
        assert_eq!(enter(&mut runtime, "var begun = true"), Entered::Interrupted, "{text}");
        runtime.resume();
        assert_eq!(enter(&mut runtime, "typeof begun"), Entered::Value("\"undefined\"".to_owned()), "{text}");
    }
    // Its worker goes on; an interrupt of the runtime ends that, too.
    let ask =
        "w.postMessage(4); await new Promise((resolve) => { w.onmessage = ({ data }) => resolve(data); })";
    assert_eq!(enter(&mut runtime, ask), Entered::Value("8".to_owned()));
    runtime.interrupt_handle().interrupt();
    runtime.resume();
    let ask = "w.postMessage(4); await new Promise((resolve) => { w.onmessage = ({ data }) => resolve(data); setTimeout(resolve, 0, 'nothing'); })";
    assert_eq!(enter(&mut runtime, ask), Entered::Value("\"nothing\"".to_owned()));
    assert_eq!(enter(&mut runtime, "event === undefined"), Entered::Value("true".to_owned()));
    let reported = "addEventListener('error', () => console.log('reported')); reportError(1)";
    enter(&mut runtime, reported);
    assert!(lines.take().contains(&"reported".to_owned()));
}

/// Lines, also told to another thread.
struct Told(Lines, mpsc::Sender<String>);

impl sofetch_js::Printer for Told {
    fn out(&self, line: &str) {
        let _ = self.1.send(line.to_owned());
        self.0.out(line);
    }

    fn error(&self, line: &str) {
        self.0.error(line);
    }
}

#[test]
fn between_entries_the_loop_goes_on_until_it_is_woken() {
    let (heard, told) = mpsc::channel();
    let mut runtime = Runtime::builder()
        .global(Global::Worker)
        .printer(Rc::new(Told(Lines::default(), heard)))
        .build()
        .expect("a runtime");
    let mut reader = EntryReader::new().expect("memory");
    let waker = runtime.waker();
    let Read::Entry(entry) = reader.read("setTimeout(() => console.log('late'))") else {
        panic!("it is an entry")
    };
    runtime.enter(&entry);
    let wait = |runtime: &mut Runtime, steps: &(dyn Fn(&Waker) + Sync)| {
        thread::scope(|scope| {
            scope.spawn(|| steps(&waker));
            runtime.run_until_woken(&waker);
        });
    };
    let told = Mutex::new(told);
    let next = || told.lock().expect("one thread").recv().expect("a line");
    wait(&mut runtime, &|waker| {
        assert_eq!(next(), "late");
        waker.wake();
    });
    // What runs meanwhile without an end is interrupted, and the loop goes on.
    let hostile =
        "setTimeout(() => { console.log('busy'); for (;;) {} }); setTimeout(() => console.log('after'), 1)";
    let Read::Entry(entry) = reader.read(hostile) else { panic!("it is an entry") };
    runtime.enter(&entry);
    wait(&mut runtime, &|waker| {
        assert_eq!(next(), "busy");
        waker.interrupt_what_runs();
        assert_eq!(next(), "after");
        waker.wake();
    });
}

#[test]
fn an_interrupted_entry_leaves_nothing_that_goes_on() {
    for entry in [
        "for (;;) { interrupt(); await null; }",
        "(async () => { interrupt(); for (;;) await null; })()",
        "queueMicrotask(function again() { interrupt(); queueMicrotask(again); })",
        "await (async function* () { interrupt(); for (;;) yield await null; })().next()",
        "for await (const _ of (async function* () { interrupt(); for (;;) yield 1; })());",
        "await new Promise(() => { interrupt(); for (;;); })",
        "await { then() { interrupt(); for (;;); } }",
        "new Promise(() => { interrupt(); for (;;); })",
    ] {
        let (told, ended) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
        let ran = thread.spawn(move || {
            let lines = Lines::default();
            let mut runtime = Runtime::builder().printer(Rc::new(lines.clone())).build().expect("a runtime");
            define_interrupt(&mut runtime);
            let mut reader = EntryReader::new().expect("a reader");
            let mut enter = |runtime: &mut Runtime, text: &str| match reader.read(text) {
                Read::Entry(entry) => format!("{:?}", runtime.enter(&entry)),
                _ => panic!("{text}: no entry"),
            };
            let interrupted = enter(&mut runtime, entry);
            runtime.resume();
            let after = enter(&mut runtime, "await Promise.resolve([1, 2].map(String))");
            let ending = runtime.run_until_idle();
            let _ = told.send((interrupted, after, ending, lines.take()));
        });
        // NB: what never ends keeps its thread, and this one says so.
        let ended = ended.recv_timeout(std::time::Duration::from_secs(120)).expect(entry);
        ran.expect("a thread").join().expect("no panic");
        let (interrupted, after, ending, lines) = ended;
        assert_eq!(
            (&*interrupted, ending, lines.len()),
            ("Interrupted", Ending::Idle, 0),
            "{entry}: {lines:?}"
        );
        assert!(after.contains("[\\\"1\\\", \\\"2\\\"]"), "{entry}: {after}");
    }
}
