//! The HTML side of the global: its shape, timers, reporting of errors and rejections, location, navigator, clock and randomness.

mod support;

use sofetch::UserAgent;
use sofetch_js::Global;
use support::{Page, run};

/// What each script of a window prints.
fn check(cases: &[(&str, &str, &[&str])]) {
    for (name, script, expected) in cases {
        assert_eq!(run(Page::of("https://a.test:8443/dir/page?q=1#top"), script), *expected, "{name}");
    }
}

fn in_worker(script: &str) -> Vec<String> {
    run(Page { global: Global::Worker, ..Page::of("https://a.test:8443/dir/worker.js") }, script)
}

#[test]
fn globals_table() {
    check(&[
        (
            "a window",
            "console.log(String(globalThis), self === window, window === top, parent === frames, globalThis instanceof Window, globalThis instanceof EventTarget, 'importScripts' in self)",
            &["[object Window] true true true true true false"],
        ),
        (
            "its place",
            "console.log(location.href, location.host, location.hash, origin, isSecureContext, crossOriginIsolated, String(location) === location.href)",
            &["https://a.test:8443/dir/page?q=1#top a.test:8443 #top https://a.test:8443 true false true"],
        ),
        (
            "it stays where it is, and says so",
            "for (const steps of [() => { location = '/x'; }, () => location.assign('http://['), () => location.reload(), () => { location.hash = 'x'; }])
               try { steps(); } catch (error) { console.log(error.name); }
             console.log(location.hash);",
            &["NotSupportedError", "SyntaxError", "NotSupportedError", "NotSupportedError", "#top"],
        ),
        (
            "what can be replaced is",
            "self.origin = 1; self.performance = 2; console.log(origin, performance); location.foo = 1; name = 5; console.log(name === '5')",
            &["1 2", "true"],
        ),
        (
            "the event whose listener runs",
            "console.log(event, Object.hasOwn(window, 'event')); const inner = new EventTarget, outer = new EventTarget;
             inner.addEventListener('b', e => { console.log(event === e, event.type); throw new Error('thrown'); });
             onerror = (message, file, line, column, error) => { console.log(event.type, error.message); return true; };
             outer.addEventListener('a', { get handleEvent() { console.log(event.type); return () => {
               inner.dispatchEvent(new Event('b')); console.log(event.type); }; } });
             outer.dispatchEvent(new Event('a')); console.log(event); event = 5; console.log(event);",
            &["undefined true", "a", "true b", "error thrown", "a", "undefined", "5"],
        ),
        ("alert prints", "alert(); alert('a\\nb'); alert(null)", &["", "a\nb", "null"]),
    ]);
    assert_eq!(
        in_worker(
            "console.log(String(self), self instanceof DedicatedWorkerGlobalScope, typeof window, typeof event, location.pathname, navigator.constructor.name, name === '')"
        ),
        ["[object DedicatedWorkerGlobalScope] true undefined undefined /dir/worker.js WorkerNavigator true"]
    );
    assert_eq!(in_worker("console.log(Object.keys(performance.toJSON()))"), [r#"["timeOrigin"]"#]);
}

#[test]
fn navigator_tells_what_the_agent_sends() {
    let agent = UserAgent::builder()
        .user_agent(Some("Mozilla/5.0 (X; Y) Chrome/1"))
        .accept_language(Some("de-CH, de;q=0.9,*;q=0.1"));
    let page = Page { agent, ..Page::of("https://a.test/") };
    assert_eq!(
        run(
            page,
            "console.log(navigator.userAgent, '|', navigator.appVersion, '|', navigator.vendor, '|', navigator.productSub);
             console.log(navigator.language, navigator.languages, Object.isFrozen(navigator.languages), navigator.languages === navigator.languages);
             console.log(navigator.onLine, navigator.hardwareConcurrency > 0, navigator.appCodeName, navigator.product);"
        ),
        [
            "Mozilla/5.0 (X; Y) Chrome/1 | 5.0 (X; Y) Chrome/1 | Google Inc. | 20030107",
            r#"de-CH ["de-CH", "de"] true true"#,
            "true true Mozilla Gecko",
        ]
    );
    check(&[(
        "defaults, and handlers of protocols that are declined",
        "console.log(navigator.userAgent.startsWith('sofetch/'), navigator.languages, navigator.vendor === '');
         navigator.registerProtocolHandler('web+x', '?%s');
         for (const [scheme, url] of [['https', '?%s'], ['web+', '?%s'], ['web+\u{212a}elvin', '?%s'], ['WEB+K', '?%s'], ['mailto', '?'], ['mailto', 'https://b.test/%s']])
           try { navigator.registerProtocolHandler(scheme, url); } catch (error) { console.log(error.name); }",
        &[r#"true ["en-US"] true"#, "SecurityError", "SecurityError", "SecurityError", "SyntaxError", "SecurityError"],
    )]);
}

#[test]
fn timers_table() {
    check(&[
        (
            "in the order of their times, with their arguments",
            "setTimeout(function (...args) { console.log(this === window, args); }, 20, 1, 'a'); setTimeout(() => console.log('first'), -5); setTimeout(() => console.log('second'))",
            &["first", "second", r#"true [1, "a"]"#],
        ),
        (
            "an interval, until it is cleared by either name",
            "let n = 0; const id = setInterval(() => { console.log(++n); if (n === 3) clearTimeout(id); }, 1)",
            &["1", "2", "3"],
        ),
        (
            "cleared before it comes, or by what is no timer",
            "clearTimeout(setTimeout(() => console.log('never'))); clearInterval(); clearTimeout(-1); clearTimeout(1e10); setTimeout(() => console.log('this one'), 2 ** 32)",
            &["this one"],
        ),
        (
            "strings are scripts of the global",
            "setTimeout('var declared = 1; let lexical = 2;'); setTimeout('console.log(declared, lexical, typeof globalThis.declared)', 5); setTimeout('syntax error', 6); setTimeout({ toString: () => 'console.log(7)' }, 7)",
            &["1 2 number", "! Uncaught SyntaxError: expecting ';'\n    at https://a.test:8443/dir/page?q=1#top:1:8", "7"],
        ),
        (
            "the sixth of a chain and those after it wait at least 4 ms, whatever microtasks stand between",
            "const times = []; const next = () => Promise.resolve().then(async () => { await null; times.push(performance.now()); if (times.length < 12) setTimeout(next, 0);
               else console.log(times[11] - times[7] >= 15.8); }); setTimeout(next, 0)",
            &["true"],
        ),
        (
            "microtasks come after each timer; what they throw is reported",
            "setTimeout(() => { console.log(1); queueMicrotask(() => { console.log(2); throw 3; }); }); setTimeout(() => console.log(4))",
            &["1", "2", "! Uncaught 3", "4"],
        ),
    ]);
    assert_eq!(
        in_worker(
            "setInterval(() => console.log('tick'), 500); setTimeout(() => { close(); setTimeout(() => console.log('no')); }, 0); setTimeout(() => console.log('no'), 1000)"
        ),
        Vec::<String>::new()
    );
}

#[test]
fn reporting_table() {
    check(&[
        (
            "an uncaught exception, in the words of a browser",
            "function f() { throw new TypeError('no'); }\nf();",
            &["! Uncaught TypeError: no\n    at f (test.js:1:26)\n    at <eval> (test.js:2:1)"],
        ),
        (
            "onerror has five arguments, and may handle it",
            "onerror = (...args) => { console.log(args.length, args[0], args[1], args[2], args[3] > 0, args[4].message); return true; };\nnull.x;",
            &["5 Uncaught TypeError: cannot read property 'x' of null test.js 2 true cannot read property 'x' of null"],
        ),
        (
            "an error event that is not canceled is not handled; one within it is not reported as an event",
            "addEventListener('error', (event) => { console.log(event.constructor.name, event.isTrusted, event.cancelable, event.error); throw 2; }); reportError(1)",
            &["ErrorEvent true true 1", "! Uncaught 2", "! Uncaught 1"],
        ),
        (
            "what is thrown is not asked for anything",
            "reportError({ get name() { throw 1; }, get message() { throw 2; } }); reportError(new Proxy({}, { get() { throw 3; } }))",
            &["! Uncaught { name: [Getter], message: [Getter] }", "! Uncaught [Proxy]"],
        ),
        (
            "a rejection that nobody handles",
            "Promise.reject(new RangeError('r'))",
            &["! Uncaught (in promise) RangeError: r\n    at <eval> (test.js:1:20)"],
        ),
        (
            "one that is handled before the checkpoint is no such thing",
            "const p = Promise.reject(1); p.catch(() => console.log('caught')); queueMicrotask(() => q.catch(() => {})); const q = Promise.reject(2)",
            &["caught"],
        ),
        (
            "its event may be canceled; one handled later is told",
            "onunhandledrejection = (event) => { console.log(event.type, event.reason, event.promise === p); event.preventDefault(); };
             onrejectionhandled = (event) => console.log(event.type, event.reason, event.promise === p, event.cancelable);
             const p = Promise.reject(1); setTimeout(() => { p.catch(() => {}); console.log('handled'); }, 5)",
            &["unhandledrejection 1 true", "handled", "rejectionhandled 1 true false"],
        ),
        (
            "one where there is no stack left to tell of it",
            "onunhandledrejection = (event) => { console.log(event.reason.name); return false; }; let rejected = false;
             function f() { try { f(); } catch (e) { if (!rejected) Promise.reject(e); rejected = true; } } f();",
            &["RangeError"],
        ),
        (
            "what a finalization registry's callback throws is an exception like any other",
            "const registry = new FinalizationRegistry((said) => { throw said; }); registry.register({}, 'gone'); setTimeout(() => console.log('on'))",
            &["! Uncaught \"gone\"", "on"],
        ),
        (
            "one handled within its own event has no second one",
            "onunhandledrejection = (event) => { event.promise.catch(() => {}); return false; }; onrejectionhandled = () => console.log('never'); Promise.reject(1)",
            &[],
        ),
    ]);
}

#[test]
fn clock_and_randomness_table() {
    check(&[
        (
            "the clock",
            "const t = performance.now(); console.log(t >= 0, Math.abs(t * 10 - Math.round(t * 10)) < 1e-6, Math.abs(performance.timeOrigin + t - Date.now()) < 1000, Object.keys(performance.toJSON()))",
            &[r#"true true true ["timeOrigin", "timing", "navigation"]"#],
        ),
        (
            "what toJSON() tells is the object's, whatever script made of its attributes",
            "const origin = performance.timeOrigin; Object.defineProperty(performance, 'timeOrigin', { value: 5 }); delete Performance.prototype.timing;
             const { timeOrigin, timing } = performance.toJSON(); console.log(timeOrigin === origin, timing instanceof PerformanceTiming)",
            &["true true"],
        ),
        (
            "random bytes of integer arrays, at most so many",
            "const a = new Uint32Array(16384); console.log(crypto.getRandomValues(a) === a, a.some((n) => n !== 0), crypto.getRandomValues(new BigInt64Array(0)).length);
             for (const array of [new Float32Array(1), new DataView(new ArrayBuffer(1)), new Uint8Array(65537), [1]])
               try { crypto.getRandomValues(array); } catch (error) { console.log(error.constructor.name, error.name, error.quota, error.requested); }",
            &[
                "true true 0",
                "DOMException TypeMismatchError undefined undefined",
                "DOMException TypeMismatchError undefined undefined",
                "QuotaExceededError QuotaExceededError 65536 65537",
                "TypeError TypeError undefined undefined",
            ],
        ),
        (
            "only the part that a view shows",
            "const b = new Uint8Array(64); crypto.getRandomValues(b.subarray(16, 48)); console.log(b.slice(0, 16).every((n) => n === 0), b.slice(16, 48).some((n) => n !== 0), b.slice(48).every((n) => n === 0))",
            &["true true true"],
        ),
        (
            "identifiers",
            "console.log(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()), crypto.randomUUID() !== crypto.randomUUID())",
            &["true true"],
        ),
        (
            "QuotaExceededError has the shape of an interface",
            "const e = new QuotaExceededError('m', { quota: 1 }); console.log(QuotaExceededError.length, String(e), e instanceof DOMException, e.quota, e.requested, Object.prototype.toString.call(e), Error.isError(e));
             console.log(Object.keys(QuotaExceededError.prototype), Object.getOwnPropertyDescriptor(globalThis, 'QuotaExceededError').enumerable);
             for (const options of [{ quota: -1 }, { requested: -1 }, { quota: 2, requested: 1 }, { quota: NaN }, 5])
               try { new QuotaExceededError('', options); } catch (error) { console.log(error.name); }
             try { QuotaExceededError.prototype.quota; } catch (error) { console.log(error.name); }",
            &[
                "0 QuotaExceededError: m true 1 null [object QuotaExceededError] true",
                r#"["quota", "requested"] false"#,
                "RangeError",
                "RangeError",
                "RangeError",
                "TypeError",
                "TypeError",
                "TypeError",
            ],
        ),
    ]);
    let insecure = run(
        Page::of("http://a.test/"),
        "console.log(isSecureContext, 'randomUUID' in crypto, 'getRandomValues' in crypto, 'registerProtocolHandler' in navigator)",
    );
    assert_eq!(insecure, ["false false true false"]);
}
