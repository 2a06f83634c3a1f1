//! A thousand workers, one after the other: what is left of them. NB: a test of its own process, whose threads it counts.

use std::time::Duration;

#[path = "support/lines.rs"]
mod lines;
#[path = "support/workers.rs"]
mod support;

use support::{page, wrapped};

/// How many threads the process has.
#[cfg(target_os = "linux")]
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").expect("it is there").count()
}

#[cfg(target_os = "linux")]
#[test]
fn a_thousand_workers_leave_no_thread() {
    let before = threads();
    let lines = page(
        "https://a.test/",
        // NB: the limit is but for what hangs.
        |builder| builder.max_workers(8).time_limit(Duration::from_secs(3600)),
        move |runtime| {
            // This thread, and the one that serves sockets.
            let with_a_page = threads();
            let source = wrapped(
                "const url = URL.createObjectURL(new Blob(['const kept = new Blob([\"x\".repeat(5000)]), u = URL.createObjectURL(kept); const c = new BroadcastChannel(\"x\"); c.onmessage = () => {}; onmessage = ({ data, ports: [p] }) => { p.postMessage(data); if (data % 2) close(); };']));
                 globalThis.many = async (count) => {
                   let sum = 0;
                   for (let i = 0; i < count; i++) {
                     const w = new Worker(url), { port1, port2 } = new MessageChannel(); w.postMessage(i, [port2]); port1.start();
                     sum += await heard(port1); if (i % 2 === 0) w.terminate(); w.postMessage(i);
                   }
                   return sum;
                 };",
            );
            runtime.run_script(&source, "test.js").expect("a script");
            assert_eq!(runtime.evaluate("many(1000)").expect("a number"), 499_500);
            assert!(threads() <= with_a_page + 8, "{} threads, {with_a_page} before", threads());
            // A turn of the loop each joins those that have ended meanwhile.
            runtime.run_script("console.log('end')", "end.js").expect("a script");
            runtime.run_until_idle();
            // NB: the system may show one that was joined a moment longer.
            (0..1_000_000).take_while(|_| threads() > with_a_page).for_each(|_| std::thread::yield_now());
            assert_eq!(threads(), with_a_page, "all were joined");
        },
    );
    assert_eq!(lines, ["end"]);
    (0..1_000_000).take_while(|_| threads() > before).for_each(|_| std::thread::yield_now());
    assert!(threads() <= before);
}
