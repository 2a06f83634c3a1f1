//! Event listeners, and the signals that remove them.

mod support;

use support::{Page, run};

#[test]
fn a_signal_holds_no_listener_that_is_gone() {
    let script = "let lost = 0; const registry = new FinalizationRegistry(() => { lost += 1; }), target = new EventTarget(), { signal } = new AbortController();
        for (const kept of [signal, AbortSignal.any([signal])]) {
          const listener = (steps) => { const callback = () => {}; registry.register(callback); steps(callback); };
          listener((f) => { target.addEventListener('x', f, { signal: kept }); target.removeEventListener('x', f); });
          listener((f) => { target.addEventListener('x', f, { signal: kept, once: true }); target.dispatchEvent(new Event('x')); });
          listener((f) => { for (let i = 0; i < 2; i++) target.addEventListener('x', f, { signal: kept }); target.removeEventListener('x', f); });
        }
        let rounds = 0;
        (function again() { if (lost < 6 && rounds++ < 200) setTimeout(again, 1); else console.log(lost, signal.aborted); })();";
    assert_eq!(run(Page::of("https://a.test/"), script), ["6 false"]);
}

#[test]
fn a_signal_removes_what_listens_table() {
    for (name, script, expected) in [
        (
            "each of its listeners, whatever others have gone",
            "const { signal } = controller; const gone = () => log('wrong');
             target.addEventListener('x', gone, { signal }); target.addEventListener('x', () => log('first'), { signal });
             target.addEventListener('x', () => log('stays')); target.removeEventListener('x', gone);
             target.dispatchEvent(new Event('x')); controller.abort(); target.dispatchEvent(new Event('x'));",
            &["first", "stays", "stays"][..],
        ),
        (
            "not one that was there without it",
            "const { signal } = controller; const listener = () => log('heard'); target.addEventListener('x', listener);
             target.addEventListener('x', listener, { signal }); controller.abort(); target.dispatchEvent(new Event('x'));",
            &["heard"],
        ),
        (
            "one that has come again without it stays",
            "const { signal } = controller; const listener = () => log('heard'); target.addEventListener('x', listener, { signal });
             target.removeEventListener('x', listener); target.addEventListener('x', listener); controller.abort(); target.dispatchEvent(new Event('x'));",
            &["heard"],
        ),
        (
            "its own too, before it dispatches",
            "const { signal } = controller; signal.addEventListener('abort', () => log('wrong'), { signal });
             signal.addEventListener('abort', () => log('heard')); controller.abort();",
            &["heard"],
        ),
    ] {
        let script = format!(
            "const log = console.log, target = new EventTarget(), controller = new AbortController();\n{script}"
        );
        assert_eq!(run(Page::of("https://a.test/"), &script), expected, "{name}");
    }
}

#[test]
fn what_a_listener_throws_is_reported_before_its_microtasks() {
    let script = "const { port1, port2 } = new MessageChannel(); onerror = () => { console.log('error'); return true; };
        port2.onmessage = () => { Promise.resolve().then(() => console.log('microtask')); throw 1; }; port1.postMessage(1);";
    assert_eq!(run(Page::of("https://a.test/"), script), ["error", "microtask"]);
}

#[test]
fn a_global_is_no_object_that_says_so() {
    let script = "let asked = 0; Object.defineProperty(Object.prototype, 'isGlobal', { configurable: true, get() { asked++; return true; } });
        const xhr = new XMLHttpRequest(); xhr.onerror = (...given) => console.log(given.length, given[0] instanceof ErrorEvent, asked);
        xhr.dispatchEvent(new ErrorEvent('error', { message: 'm' }));";
    assert_eq!(run(Page::of("https://a.test/"), script), ["1 true 0"]);
}
