//! Pages that make workers, and what those print.

use std::rc::Rc;
use std::time::Duration;

use sofetch::Url;
use sofetch_js::{Ending, Runtime, RuntimeBuilder, THREAD_STACK_BYTES};

use super::lines::Lines;

/// `worker(source)` is a worker of this source; `heard` and `fired` are promises of a target's next message and event.
const PROLOGUE: &str = "const log = console.log;
    const worker = (source, options) => new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), options);
    const heard = (target) => new Promise((resolve) => target.addEventListener('message', ({ data }) => resolve(data), { once: true }));
    const fired = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));\n";

/// The body of an async function, with these.
pub(crate) fn wrapped(script: &str) -> String {
    format!("{PROLOGUE}(async () => {{ {script} }})();")
}

/// Steps with a runtime of this page's on a thread that has the stack for it, and the loop to its end; what was printed.
pub(crate) fn page(
    url: &str,
    settings: impl FnOnce(RuntimeBuilder) -> RuntimeBuilder + Send + 'static,
    steps: impl FnOnce(&mut Runtime) + Send + 'static,
) -> Vec<String> {
    let url = Url::parse(url, None).expect("a URL");
    let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
    let ran = thread.spawn(move || {
        let lines = Lines::default();
        let builder = settings(Runtime::builder().base_url(url).time_limit(Duration::from_secs(120)));
        let mut runtime = builder.printer(Rc::new(lines.clone())).build().expect("a runtime");
        steps(&mut runtime);
        let ending = runtime.run_until_idle();
        assert_eq!(ending, Ending::Idle, "{:?}", lines.clone().take());
        drop(runtime);
        lines.take()
    });
    ran.expect("a thread").join().expect("no panic")
}
