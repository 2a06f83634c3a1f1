//! Workers that mean harm, or are made without measure.

#[path = "support/interrupting.rs"]
mod interrupting;
#[path = "support/lines.rs"]
mod lines;
#[path = "support/workers.rs"]
mod support;

use std::rc::Rc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use interrupting::define_interrupt;
use lines::Lines;
use sofetch::Url;
use sofetch_js::{Ending, ModuleLoader, ModuleType, Runtime, RuntimeBuilder, THREAD_STACK_BYTES};
use sofetch_testkit::loopback::{on_tokio, serve};
use sofetch_testkit::web_socket::echo;
use support::{page, wrapped};

/// What a page's script prints within these settings, a line each.
fn run(script: &str, settings: fn(RuntimeBuilder) -> RuntimeBuilder) -> Vec<String> {
    let script = wrapped(script);
    let lines = page("https://a.test/", settings, move |runtime| {
        runtime.run_script(&script, "test.js").expect("a script");
    });
    lines.iter().filter_map(|line| line.lines().next().or(Some(""))).map(str::to_owned).collect()
}

/// Runs a script to an end, within the first of these limits, in milliseconds, that does not come before it has begun.
fn ends(script: &str, ending: Ending, limits: &'static [u64], interrupted: bool) {
    let script = wrapped(script);
    let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
    let ran = thread.spawn(move || {
        let url = Url::parse("https://a.test/", None).expect("a URL");
        let builder = || Runtime::builder().base_url(url.clone()).printer(Rc::new(Lines::default()));
        let within = |limit: &u64| builder().time_limit(Duration::from_millis(*limit)).build().ok();
        let mut runtimes =
            limits.iter().filter_map(within).chain(builder().build().ok().filter(|_| limits.is_empty()));
        let mut runtime = runtimes.next().expect("a runtime");
        if interrupted {
            define_interrupt(&mut runtime);
        }
        while runtime.run_script(&script, "test.js").is_err() {
            runtime = runtimes.next().expect("a limit after it has begun");
        }
        assert_eq!(runtime.run_until_idle(), ending);
        assert_eq!(runtime.run_until_idle(), ending);
    });
    ran.expect("a thread").join().expect("no panic");
}

const BUSY: &str = "const w = [1, 2, 3].map(() => worker('postMessage(0); for (;;) try { for (;;); } catch {}')); await Promise.all(w.map(heard));";

#[test]
fn the_time_limit_ends_all_workers() {
    for script in [BUSY, "worker('new Worker(\"data:text/javascript,for(;;);\")'); for (;;);"] {
        ends(script, Ending::TimedOut, &[500, 5_000, 60_000], false);
    }
}

#[test]
fn an_interrupt_ends_all_workers() {
    ends(&format!("{BUSY} interrupt();"), Ending::Interrupted, &[], true);
}

#[test]
fn a_runtime_that_is_dropped_ends_its_workers() {
    let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
    let ran = thread.spawn(|| {
        let mut runtime = Runtime::builder().build().expect("a runtime");
        let script = "new Worker('data:text/javascript,for (;;);'); const u = new Worker('data:text/javascript,postMessage(0); for (;;);'); new Promise(r => { u.onmessage = () => r(1); })";
        let script = format!("eval({script:?})");
        assert_eq!(runtime.evaluate(&script).expect("a value"), 1);
    });
    ran.expect("a thread").join().expect("no panic");
}

/// NB: the engine looks at nothing else before it has compared all, which is hours after this test has ended.
#[test]
fn a_worker_that_native_code_keeps_is_left_to_itself() {
    ends(
        "const search = 'const text = \"a\".repeat(2e7), sought = \"a\".repeat(1e7) + \"b\"; postMessage(0); text.indexOf(sought); postMessage(1)'; const w = worker(search), v = worker(search);
         await Promise.all([heard(w), heard(v)]); w.terminate(); setTimeout(() => v.terminate());",
        Ending::Idle,
        // NB: with a limit of time the engine's own function is not what script calls.
        &[],
        false,
    );
}

/// What `importScripts("file:///gate")` waits for as native code does, which nothing interrupts; `file:///panic` panics.
#[derive(Clone, Default)]
struct Natives(Arc<(Mutex<bool>, Condvar)>);

impl Natives {
    fn open(&self) {
        *self.0.0.lock().expect("no panic") = true;
        self.0.1.notify_all();
    }
}

impl ModuleLoader for Natives {
    fn takes(&self, url: &Url) -> bool {
        url.scheme() == "file"
    }

    fn load(&self, url: &Url, _: ModuleType) -> Result<String, String> {
        assert_ne!(url.path(), "/panic", "the program panics");
        let is_open = self.0.0.lock().expect("no panic");
        drop(self.0.1.wait_while(is_open, |is_open| !*is_open).expect("no panic"));
        Ok(String::new())
    }

    fn for_worker(&self) -> Option<Box<dyn ModuleLoader + Send>> {
        Some(Box::new(self.clone()))
    }
}

/// How a page's run ends while the gate is shut. NB: one that does not end is interrupted.
fn ends_at_the_gate(url: &str, script: &str) -> Ending {
    let (url, script, natives) = (url.to_owned(), wrapped(script), Natives::default());
    let loader = natives.clone();
    let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
    let ran = thread.spawn(move || {
        let builder = Runtime::builder().base_url(Url::parse(&url, None).expect("a URL"));
        let builder = builder.module_loader(loader).printer(Rc::new(Lines::default()));
        let mut runtime = builder.build().expect("a runtime");
        let (ended, end) = channel::<()>();
        let interrupt = runtime.interrupt_handle();
        std::thread::spawn(move || {
            if end.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
                interrupt.interrupt();
            }
        });
        runtime.run_script(&script, "test.js").expect("a script");
        let ending = runtime.run_until_idle();
        drop(ended);
        ending
    });
    let ending = ran.expect("a thread").join().expect("no panic");
    natives.open();
    ending
}

#[test]
fn what_a_worker_made_ends_though_native_code_keeps_the_worker() {
    let nested = "const n = new Worker('data:text/javascript,new Worker(`data:text/javascript,setInterval(() => {}, 1e9); postMessage(0)`).onmessage = () => postMessage(0)'); n.onmessage = () => { postMessage(0); importScripts('file:///gate'); };";
    let script = format!("const w = worker({nested:?}); await heard(w); w.terminate();");
    assert_eq!(ends_at_the_gate("https://a.test/", &script), Ending::Idle);
}

#[test]
fn sockets_of_workers_that_native_code_keeps_say_goodbye() {
    let own = "new WebSocket('SOCKET').onopen = () => { postMessage(0); importScripts('file:///gate'); };";
    let nested = "const n = new Worker(URL.createObjectURL(new Blob([\"new WebSocket('SOCKET').onopen = () => postMessage(0)\"]))); n.onmessage = () => { postMessage(0); importScripts('file:///gate'); };";
    for (name, source) in [("its own", own), ("its worker's", nested)] {
        let server = serve(echo);
        let source = source.replace("SOCKET", &server.url("/").replace("http", "ws"));
        let script = format!("const w = worker({source:?}); await heard(w); w.terminate();");
        assert_eq!(ends_at_the_gate(&server.url("/"), &script), Ending::Idle, "{name}");
        on_tokio(server.until_open_connections(0));
        let seen: Vec<_> =
            server.frames().into_iter().map(|frame| (frame.first, frame.payload.to_vec())).collect();
        assert_eq!(seen, [(0x88, 1001_u16.to_be_bytes().to_vec())], "{name}");
    }
}

#[test]
fn a_worker_that_panics_has_failed_and_ended() {
    let natives: fn(RuntimeBuilder) -> RuntimeBuilder =
        |builder| builder.max_workers(2).module_loader(Natives::default());
    assert_eq!(
        run(
            "for (let i = 0; i < 4; i++) { const w = worker('onmessage = () => { try { importScripts(\"file:///panic\"); } catch {} }'); w.postMessage(0); log((await fired(w, 'error')).constructor.name); w.postMessage(0); }",
            natives,
        ),
        ["Event"; 4],
    );
    assert_eq!(
        run(
            "const w = worker('const n = new Worker(URL.createObjectURL(new Blob([\"import(`file:///panic`).catch(() => {})\"]))); n.onerror = ({ message }) => postMessage(typeof message);'); log(await heard(w));",
            natives,
        ),
        ["undefined"],
        "its owner is a worker",
    );
    let lines = run("worker('try { importScripts(\"file:///panic\"); } catch {}'); log('end');", natives);
    assert!(lines[1].starts_with("! Uncaught Error: blob:https://a.test/"), "{lines:?}");
    assert!(lines[1].ends_with(" has ended: its thread panicked"), "{lines:?}");
}

#[test]
fn no_more_workers_than_may_be() {
    let few: fn(RuntimeBuilder) -> RuntimeBuilder = |builder| builder.max_workers(3);
    assert_eq!(
        run(
            "const ws = [1, 2, 3].map(() => worker('onmessage = () => {}')), over = worker(''); const e = await fired(over, 'error'); log(e.constructor.name);
             over.postMessage(1); over.terminate(); ws[0].terminate(); log(await heard(worker('postMessage(1)')));",
            few,
        ),
        ["Event", "1"],
    );
    assert_eq!(
        run("for (let i = 0; i < 4; i++) worker('onmessage = () => {}').onmessage = () => {};", few)[0]
            .split(" cannot")
            .nth(1),
        Some(" be run: there are 3 workers already"),
    );
    assert_eq!(
        run(
            "const one = () => { const w = worker('postMessage(1); for (;;);'); w.terminate(); }; for (let i = 0; i < 40; i++) one(); log('end');",
            few
        ),
        ["end"],
        "who makes and ends them waits for those that end",
    );
    assert_eq!(
        run(
            "const bomb = 'onmessage = ({ data }) => { onerror = (e) => true; for (let i = 0; i < 3; i++) { const w = new Worker(URL.createObjectURL(new Blob([data]))); w.onerror = (e) => { if (e.preventDefault) e.preventDefault(); }; w.postMessage(data); } };';
             const w = worker(bomb); w.postMessage(bomb); log('end');",
            |builder| builder.max_workers(20),
        ),
        ["end"],
        "a bomb",
    );
    assert_eq!(
        run(
            "const kept = worker('onmessage = ({ data }) => postMessage(data)'); let made = 0; while (made < 50) { const w = worker('onmessage = ({ data }) => postMessage(data + 1)'); w.postMessage(1); made += await Promise.race([heard(w), fired(w, 'error')]) === 2 ? 1 : 0; }
             kept.postMessage('kept'); log(await heard(kept));",
            few,
        ),
        ["kept"],
        "those that nobody has any more make room",
    );
    assert_eq!(
        run("const w = worker(''); await fired(w, 'error'); log('none')", |builder| builder.max_workers(0)),
        ["none"],
    );
}

#[test]
fn a_flood_is_bounded_by_memory() {
    let little: fn(RuntimeBuilder) -> RuntimeBuilder = |builder| builder.max_memory(24 << 20);
    assert_eq!(
        run(
            "const w = worker('postMessage(0); for (;;);'), text = 'x'.repeat(1 << 20); await heard(w); let n = 0;
             try { for (;;) { w.postMessage(text); n++; } } catch (e) { log(e.name, n > 5, n < 30); }
             w.terminate(); const v = worker('onmessage = ({ data }) => postMessage(data.length)'); v.postMessage(text); log(await heard(v));",
            little,
        ),
        ["DataCloneError true true", "1048576"],
    );
    assert_eq!(
        run(
            "const w = worker('postMessage(0); for (;;);'); await heard(w); let n = 0; try { for (;;) { w.postMessage(n); n++; } } catch (e) { log(e.name, n > 100); } w.terminate();
             const { port1 } = new MessageChannel(); port1.postMessage('nobody hears'); log('end');",
            little,
        ),
        ["DataCloneError true", "end"],
        "small ones",
    );
    assert_eq!(
        run(
            "const w = worker('onmessage = ({ ports: [p] }) => { const text = \"x\".repeat(1 << 20); try { for (;;) p.postMessage(text); } catch (e) { console.log(e.name); } };');
             const { port1, port2 } = new MessageChannel(); globalThis.kept = port1; w.postMessage(0, [port2]);",
            little,
        )
        .last()
        .map(String::as_str),
        Some("DataCloneError"),
        "of a worker's",
    );
    assert_eq!(
        run(
            "const w = worker('onmessage = ({ data, ports: [p] }) => { if (p !== undefined) p.unread = p; postMessage(data); };'), { port1, port2 } = new MessageChannel(), text = 'x'.repeat(1 << 20);
             w.postMessage(0, [port2]); await heard(w); for (let i = 0; i < 60; i++) { port1.postMessage(text); w.postMessage(i); await heard(w); } log('end');",
            little,
        ),
        ["end"],
        "whoever has it, and will not read it, collects in time",
    );
    assert_eq!(
        run(
            "const w = worker('onmessage = ({ data, ports: [p] }) => { if (p !== undefined) p.unread = p; postMessage(data); };'), { port1, port2 } = new MessageChannel(), text = 'x'.repeat(1 << 20);
             const kept = Array.from({ length: 14 }, (_, i) => i.toString(36).repeat(1 << 20));
             w.postMessage(0, [port2]); await heard(w); try { for (;;) port1.postMessage(text); } catch (e) { log(e.name); } w.postMessage(kept.length); await heard(w); port1.postMessage(text); log('end');",
            little,
        ),
        ["DataCloneError", "end"],
        "and is told where there was no time",
    );
    assert_eq!(
        run(
            "const all = Array.from({ length: 500 }, () => new BroadcastChannel('x')); let n = 0;
             try { for (; n < 2000; n++) all[0].postMessage(0); } catch (e) { log(e.name, n > 20, n < 1000); }
             for (const c of all) c.close();
             const c = new BroadcastChannel('x'), d = new BroadcastChannel('x'); d.onmessage = ({ data }) => { log(data); d.close(); };
             await new Promise((resolve) => setTimeout(resolve)); c.postMessage('there is room again');",
            little,
        ),
        ["DataCloneError true true", "there is room again"],
        "to many at once",
    );
    assert_eq!(
        run(
            "const name = 'x'.repeat(1 << 20), all = []; let failed = false;
             try { while (all.length < 13) all.push(new BroadcastChannel(name + all.length)); } catch { failed = true; }
             const n = all.length; for (const c of all) c.close(); all.length = 0; log(failed, n > 3);",
            little,
        ),
        ["true true"],
        "names of channels",
    );
}

#[test]
fn a_worker_without_memory_is_its_own_affair() {
    let little: fn(RuntimeBuilder) -> RuntimeBuilder = |builder| builder.max_memory(24 << 20);
    assert_eq!(
        run(
            "const w = worker('const kept = []; try { for (;;) kept.push(new Uint8Array(1 << 20)); } catch (e) { kept.length = 0; postMessage(e.constructor === InternalError || e.constructor === RangeError); }'); log(await heard(w));
             const v = worker('const kept = []; for (;;) kept.push(new Uint8Array(1 << 20));'); v.onerror = (e) => { e.preventDefault(); log('error'); };",
            little,
        ),
        ["true", "error"],
    );
    assert_eq!(
        run("const w = worker('/*' + 'x'.repeat(40 << 20) + '*/ postMessage(1)').onerror = () => log('error');", |builder| builder)
            .first()
            .map(String::as_str),
        None,
        "a large script is no error",
    );
}

#[test]
fn lines_without_number_wait_for_who_prints_them() {
    let lines = run(
        "const w = worker('for (let i = 0; i < 20000; i++) console.log(\"line \" + i + \"x\".repeat(100)); postMessage(0)'); for (let i = 0; i < 1e6; i++); log(await heard(w));",
        |builder| builder,
    );
    assert_eq!(lines.len(), 20_001);
    assert!(lines[19_999].starts_with("line 19999x") && lines[20_000] == "0");
    let lines = run(
        "const w = worker('postMessage(0); for (;;) console.log(\"x\".repeat(1000))'); await heard(w); w.terminate(); log('end');",
        |builder| builder,
    );
    assert!(lines.iter().any(|line| line == "end"));
}

#[test]
fn messages_without_end_are_no_recursion() {
    assert_eq!(
        run(
            "let { port1: top } = new MessageChannel(); for (let i = 0; i < 20000; i++) { const c = new MessageChannel(); c.port1.postMessage(i, [top]); top = c.port2; }
             const w = worker('postMessage(0)'); await heard(w); w.postMessage(0, [top]); w.terminate();
             let deep = null; for (let i = 0; i < 100000; i++) deep = { deep }; try { worker('').postMessage(deep); } catch (e) { log(e.constructor === RangeError); }",
            |builder| builder,
        ),
        ["true"],
    );
}
