//! Dedicated workers: messages, errors, lifetimes.

mod support;

use support::{Page, run};

/// `worker(source)` is a worker of this source.
const PROLOGUE: &str = "const log = console.log;
    const worker = (source, options) => new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), options);
    const heard = (target) => new Promise((resolve) => target.addEventListener('message', ({ data }) => resolve(data), { once: true }));
    const fails = (steps) => { try { steps(); return 'nothing'; } catch (error) { return error.name; } };\n";

fn check(cases: &[(&str, &str, &[&str])]) {
    for (name, script, expected) in cases {
        let script = format!("{PROLOGUE}(async () => {{ {script} }})();");
        assert_eq!(run(Page::of("https://a.test/"), &script), *expected, "{name}");
    }
}

#[test]
fn messages_table() {
    check(&[
        (
            "there and back",
            "const w = worker('onmessage = ({ data }) => postMessage([data, self.name]);', { name: 'n' });
             w.postMessage({ a: 1 }); log(await heard(w));",
            &["[{ a: 1 }, \"n\"]"],
        ),
        (
            "a module",
            "const w = worker('postMessage(typeof import.meta.url); onmessage = ({ data }) => postMessage(data); await 0;', { type: 'module' });
             log(await heard(w)); w.postMessage(5); log(await heard(w));",
            &["string", "5"],
        ),
        (
            "what a worker prints",
            "const w = worker('console.log(1); console.error(2); console.log(3)');",
            &["1", "! 2", "3"],
        ),
        (
            "an exception",
            "const w = worker('throw new Error(5)'); w.onerror = (e) => { log(e.message, e.error, e.lineno); e.preventDefault(); };",
            &["Uncaught Error: 5 null 1"],
        ),
    ]);
}
