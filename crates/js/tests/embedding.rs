//! What an embedding program calls: functions of its own, values, interrupts, limits.

#[path = "support/lines.rs"]
mod lines;

use std::cell::RefCell;
use std::future::Ready;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;

use serde_json::json;
use sofetch::Url;
use sofetch_js::{Ending, Error, ModuleLoader, ModuleType, Printer, Runtime, Value};

use lines::Lines;

fn runtime() -> (Runtime, Lines) {
    let lines = Lines::default();
    let runtime = Runtime::builder().printer(Rc::new(lines.clone())).build().expect("a runtime");
    (runtime, lines)
}

/// A runtime whose `echo(...)` tells what it was given, and answers its first argument.
fn echoing() -> (Runtime, Rc<RefCell<Vec<Value>>>) {
    let (mut runtime, _) = runtime();
    let heard = Rc::new(RefCell::new(Vec::new()));
    let told = heard.clone();
    let echo = move |arguments: &[Value]| {
        told.borrow_mut().extend_from_slice(arguments);
        Ok(arguments.first().cloned().unwrap_or_default())
    };
    runtime.define("echo", echo).expect("memory");
    (runtime, heard)
}

#[test]
fn values_come_and_go() {
    let table = [
        ("undefined", Value::Undefined, "x === undefined"),
        ("null", Value::Null, "x === null"),
        ("true", Value::Bool(true), "x === true"),
        ("-0.5", Value::Number(-0.5), "x === -0.5"),
        ("7", Value::Number(7.0), "x === 7"),
        ("'\u{e9}\\0'", Value::from("\u{e9}\0"), "x === '\u{e9}\\0'"),
        ("'\\ud800'", Value::from("\u{fffd}"), "x === '\\ufffd'"),
        (
            "new Uint8Array([1, 2]).buffer",
            Value::from(vec![1, 2]),
            "x instanceof ArrayBuffer && x.byteLength === 2",
        ),
        ("new Uint16Array([1, 2]).subarray(1)", Value::from(vec![2, 0]), "new Uint8Array(x)[0] === 2"),
        ("[1, { a: '\\0' }]", Value::from(json!([1, { "a": "\0" }])), "Array.isArray(x) && x[1].a === '\\0'"),
        ("new URL('https://a.test')", Value::Json(json!("https://a.test/")), "x === 'https://a.test/'"),
    ];
    for (given, expected, holds) in table {
        let (mut runtime, heard) = echoing();
        let answer = runtime.evaluate(&format!("(x => {holds})(echo({given}))"));
        assert_eq!(answer.expect(given), json!(true), "{given}");
        assert_eq!(*heard.borrow(), [expected], "{given}");
    }
}

#[test]
fn what_no_value_can_be_made_of_is_a_type_error() {
    for given in ["Symbol()", "() => 1", "1n", "(() => { const a = []; a.push(a); return a; })()"] {
        let (mut runtime, heard) = echoing();
        let error = runtime.evaluate(&format!("echo({given})")).expect_err(given);
        assert!(error.thrown().is_some_and(|said| said.starts_with("TypeError")), "{given}: {error}");
        assert!(heard.borrow().is_empty(), "{given}");
    }
}

#[test]
fn a_function_may_fail_or_take_its_time() {
    let (mut runtime, _) = runtime();
    runtime.define("fail", |_| Err("no such record".to_owned())).expect("memory");
    let later = |arguments: &[Value]| {
        let number = arguments.first().and_then(Value::as_f64);
        async move { number.map(|number| Value::from(number * 2.0)).ok_or("no number".to_owned()) }
    };
    runtime.define_async("twice", later).expect("memory");
    let table = [
        ("fail.name + String(fail).includes('[native code]')", Ok(json!("failtrue"))),
        (
            "(() => { try { fail() } catch (e) { return [e.name, e.message] } })()",
            Ok(json!(["Error", "no such record"])),
        ),
        ("twice(21)", Ok(json!(42))),
        ("Promise.all([twice(1), twice(2)])", Ok(json!([2, 4]))),
        ("twice('x')", Err("Error: no number")),
    ];
    for (expression, expected) in table {
        match (runtime.evaluate(expression), expected) {
            (Ok(value), Ok(expected)) => assert_eq!(value, expected, "{expression}"),
            (Err(error), Err(said)) => assert_eq!(error.to_string(), said, "{expression}"),
            (answer, _) => panic!("{expression}: {answer:?}"),
        }
    }
    assert!(!runtime.has_failed(), "who asked knows of it");
}

#[test]
fn a_function_takes_the_place_of_what_can_be_replaced() {
    let (mut runtime, _) = runtime();
    runtime.define("fetch", |_| Ok(Value::from("mine"))).expect("it is writable");
    assert_eq!(runtime.evaluate("fetch()").expect("a string"), json!("mine"));
    let error = runtime.define("window", |_| Ok(Value::Undefined)).expect_err("it is not");
    assert!(error.thrown().is_some_and(|said| said.starts_with("TypeError")), "{error}");
    assert_eq!(runtime.evaluate("1").expect("nothing is left of it"), json!(1));
}

#[test]
fn expressions_table() {
    let (mut runtime, lines) = runtime();
    let mut said = |expression: &str| runtime.evaluate(expression).map_err(|error| error.to_string());
    assert_eq!(said("{ a: [1, null, undefined, 'x'] }"), Ok(json!({ "a": [1, null, null, "x"] })));
    assert_eq!(said("undefined"), Ok(json!(null)));
    assert_eq!(said("1 // one"), Ok(json!(1)));
    assert_eq!(said("new Promise(resolve => setTimeout(resolve, 0, [1]))"), Ok(json!([1])));
    assert_eq!(said("'a\0b'.length"), Ok(json!(3)), "a NUL is a character");
    let thrown = said("(() => { throw new RangeError('too far') })()").expect_err("thrown");
    assert!(thrown.starts_with("RangeError: too far\n") && thrown.contains("evaluate:1:"), "{thrown}");
    assert_eq!(said("Promise.reject(5)"), Err("5".to_owned()));
    assert!(said("1 2").is_err_and(|error| error.starts_with("SyntaxError")));
    assert!(said("() => 1").is_err_and(|error| error.contains("JSON")));
    assert!(said("new Promise(() => {})").is_err_and(|error| error.contains("pending")));
    let mut pending =
        said("(JSON.stringify = JSON.parse = () => { throw 1 }, Promise.prototype.then = null, [1])");
    assert_eq!(pending, Ok(json!([1])), "what a script made of the global changes nothing");
    pending = said("Promise.resolve(2)");
    assert_eq!(pending, Ok(json!(2)));
    assert!(!runtime.has_failed() && lines.take().is_empty());
}

#[test]
fn an_interrupt_ends_what_runs() {
    // Each begins by telling that it runs.
    let scripts = [
        "begun(); for (;;);",
        "begun(); try { for (;;); } catch {} finally { console.log('caught'); }",
        "begun(); (async () => { for (;;) await 0; })();",
        "begun(); setInterval(() => {}, 1);",
        "begun(); setTimeout(() => console.log('later'), 1e9);",
        "begun(); function f() { Promise.resolve().then(f); } f();",
        "begun(); while (true) { try { [].reduce(1); } catch {} }",
    ];
    for script in scripts {
        let (mut runtime, lines) = runtime();
        let (begun, has_begun) = mpsc::channel();
        let begin =
            move |_: &[Value]| begun.send(()).map(|()| Value::Undefined).map_err(|error| error.to_string());
        runtime.define("begun", begin).expect("memory");
        let interrupt = runtime.interrupt_handle();
        let other = thread::spawn(move || {
            has_begun.recv().expect("it begins");
            interrupt.clone().interrupt();
            assert!(interrupt.is_interrupted());
        });
        runtime.run_script(script, "endless.js").expect("it began in time");
        assert_eq!(runtime.run_until_idle(), Ending::Interrupted, "{script}");
        other.join().expect("no panic");
        assert_eq!(lines.take(), [""; 0], "{script}");
        // Nothing runs after it.
        assert!(runtime.run_script("console.log(1)", "after.js").is_err_and(|error| error.is_over()));
        assert!(runtime.run_module("console.log(1)", "after.mjs").is_err_and(|error| error.is_over()));
        assert!(runtime.evaluate("1").is_err_and(|error| error.is_over()));
        assert!(!runtime.has_failed(), "{script}");
    }
}

#[test]
fn an_interrupt_ends_an_expression_and_outlives_its_runtime() {
    let (mut runtime, _) = runtime();
    let interrupt = runtime.interrupt_handle();
    let from_within = interrupt.clone();
    let end = move |_: &[Value]| {
        from_within.interrupt();
        Ok(Value::Undefined)
    };
    runtime.define("end", end).expect("memory");
    let error = runtime.evaluate("(() => { end(); for (;;); })()").expect_err("it is ended");
    assert!(error.is_over() && error.thrown().is_none(), "{error}");
    drop(runtime);
    interrupt.interrupt();
}

#[test]
fn the_stack_has_a_limit_of_its_own() {
    let depth = |bytes| {
        let mut runtime = Runtime::builder().max_stack(bytes).build().expect("a runtime");
        let counted = runtime.evaluate(
            "(() => { let n = 0; const f = () => { n++; f(); }; try { f(); } catch (e) { return e instanceof RangeError ? n : e.name; } })()",
        );
        counted.expect("a number").as_u64().expect("a RangeError")
    };
    let (little, much) = (depth(256 << 10), depth(1 << 20));
    assert!(little > 20 && much > 2 * little, "{little} {much}");
}

#[test]
fn memory_has_a_limit() {
    let mut runtime = Runtime::builder().max_memory(16 << 20).build().expect("a runtime");
    let said = "(() => { const all = []; try { for (;;) all.push(new Array(1e5).fill(1)); } catch (e) { return e.constructor.name; } })()";
    assert_eq!(runtime.evaluate(said).expect("it is caught"), json!("InternalError"));
}

#[test]
fn a_panic_goes_to_who_runs_the_script() {
    let panicked = thread::spawn(|| {
        let (mut runtime, _) = runtime();
        runtime.define("broken", |_| panic!("a fault of the program's")).expect("memory");
        let _ = runtime.run_script("broken()", "page.js");
    });
    assert!(panicked.join().is_err());
}

#[test]
fn a_panic_goes_through_no_engine() {
    struct Broken;
    impl ModuleLoader for Broken {
        fn load(&self, _: &Url, _: ModuleType) -> Result<String, String> {
            panic!("a fault of the program's")
        }
    }
    struct Torn;
    impl Printer for Torn {
        fn out(&self, _: &str) {
            panic!("a fault of the program's")
        }
        fn error(&self, _: &str) {}
    }
    for script in [
        "import('/x.js')",
        "setTimeout(() => broken())",
        "setTimeout(() => later())",
        "Promise.resolve().then(broken)",
        "try { broken(); } catch {}",
        "(async () => broken())().catch(() => {})",
        "setTimeout(() => console.log('x'))",
    ] {
        let panicked = thread::spawn(move || {
            let url = Url::parse("https://a.test/", None).expect("a URL");
            let builder = Runtime::builder().base_url(url).module_loader(Broken);
            let mut runtime = builder.printer(Rc::new(Torn)).build().expect("a runtime");
            runtime.define("broken", |_| panic!("a fault of the program's")).expect("memory");
            let later = |_: &[Value]| -> Ready<Result<Value, String>> { panic!("a fault of the program's") };
            runtime.define_async("later", later).expect("memory");
            let _ = runtime.run_script(script, "page.js");
            runtime.run_until_idle();
        });
        assert!(panicked.join().is_err(), "{script}");
    }
}

#[test]
fn no_memory_is_a_limit_too() {
    assert!(Runtime::builder().max_memory(0).build().is_err());
}

#[test]
fn errors_say_what_they_are() {
    let (mut runtime, _) = runtime();
    let error: Error = runtime.run_module("'\0'", "page.mjs").expect_err("no such module");
    assert!(error.to_string().contains("page.mjs") && error.thrown().is_none(), "{error}");
}
