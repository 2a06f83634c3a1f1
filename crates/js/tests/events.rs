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

/// Many are known by their callbacks: nothing else is to be different.
#[test]
fn few_listeners_and_many_table() {
    for (name, script, expected) in [
        (
            "are called in their order",
            "let order = ''; for (let i = 0; i < count; i++) target.addEventListener('x', () => order += `${i},`);
             target.dispatchEvent(new Event('x')); log(order === Array.from({ length: count }, (_, i) => `${i},`).join(''));",
            &["true"][..],
        ),
        (
            "are there once for each type and phase",
            "let heard = 0; const same = () => heard++; const send = (type) => { heard = 0; target.dispatchEvent(new Event(type)); log(type, heard); };
             for (let i = 0; i < count; i++) { target.addEventListener('x', () => {}); target.addEventListener('x', same); target.addEventListener('y', same);
               target.addEventListener('x', same, true); target.addEventListener('x', same, { once: true }); }
             send('x'); send('y'); target.removeEventListener('x', same); send('x'); send('y');
             target.removeEventListener('x', same, true); send('x'); target.removeEventListener('y', same); send('y');
             target.addEventListener('x', same); send('x');",
            &["x 2", "y 1", "x 1", "y 1", "x 0", "y 0", "x 1"],
        ),
        (
            "who comes or goes meanwhile",
            "const others = []; const other = (name) => { const f = () => heard.push(name); others.push(f); target.addEventListener('x', f); }; let heard = [];
             target.addEventListener('x', () => { heard.push('first'); others.forEach((f, i) => { if (i % 2) target.removeEventListener('x', f); }); other('late'); }, { once: true });
             for (let i = 0; i < count; i++) other('other'); const send = () => { heard = []; target.dispatchEvent(new Event('x'));
               log(heard[0], heard.filter((name) => name === 'other').length === Math.ceil(count / 2), heard.filter((name) => name === 'late').length); };
             send(); send(); others.forEach((f) => target.removeEventListener('x', f)); send();",
            &["first true 0", "other true 1", "undefined false 0"],
        ),
        (
            "once each, and a signal for them all",
            "let heard = 0; const controller = new AbortController(); const { signal } = controller;
             for (let i = 0; i < count; i++) target.addEventListener('x', () => heard++, i % 2 ? { once: true } : { signal });
             const send = () => { heard = 0; target.dispatchEvent(new Event('x')); return heard; };
             log(send() === count, send() === Math.ceil(count / 2), (controller.abort(), send()));",
            &["true true 0"],
        ),
        (
            "handlers among them keep their places",
            "let heard = []; const signal = new AbortController().signal; signal.onabort = () => heard.push('handler');
             for (let i = 0; i < count; i++) signal.addEventListener('abort', () => heard.push(i)); signal.onabort = () => heard.push('another');
             signal.dispatchEvent(new Event('abort')); log(heard[0], heard.length === count + 1); signal.onabort = null; heard = [];
             signal.dispatchEvent(new Event('abort')); log(heard[0], heard.length === count);
             signal.onabort = () => heard.push('last'); heard = []; signal.dispatchEvent(new Event('abort')); log(heard.at(-1), heard.length === count + 1);",
            &["another true", "0 true", "last true"],
        ),
    ] {
        for count in [3, 15, 16, 17, 18, 500] {
            let script = format!(
                "(() => {{ const log = console.log, target = new EventTarget(), count = {count};\n{script} }})();"
            );
            assert_eq!(run(Page::of("https://a.test/"), &script), expected, "{name}, {count}");
        }
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
