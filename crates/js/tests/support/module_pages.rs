//! Pages with module scripts, and what servers answer them.

use std::rc::Rc;
use std::time::Duration;

use sofetch::{Url, UserAgent};
use sofetch_js::{Ending, Runtime, RuntimeBuilder, THREAD_STACK_BYTES};
use sofetch_testkit::loopback::Reply;

use super::lines::Lines;

/// A script, and said to be one.
pub(crate) fn script(text: impl Into<String>) -> Reply {
    Reply::ok(text.into()).header("Content-Type", "text/javascript")
}

/// JSON, and said to be that.
pub(crate) fn json(text: &'static str) -> Reply {
    Reply::ok(text).header("Content-Type", "application/json")
}

/// Steps with a runtime of this page's on a thread that has the stack for it; what was printed.
pub(crate) fn page(
    url: &str,
    settings: impl FnOnce(RuntimeBuilder) -> RuntimeBuilder + Send + 'static,
    steps: impl FnOnce(&mut Runtime) + Send + 'static,
) -> Vec<String> {
    let url = url.to_owned();
    let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
    let ran = thread.spawn(move || {
        let lines = Lines::default();
        let builder =
            Runtime::builder().agent(UserAgent::builder()).base_url(Url::parse(&url, None).expect("a URL"));
        let builder = settings(builder.time_limit(Duration::from_secs(120)));
        let mut runtime = builder.printer(Rc::new(lines.clone())).build().expect("a runtime");
        steps(&mut runtime);
        assert_eq!(runtime.run_until_idle(), Ending::Idle);
        drop(runtime);
        lines.take()
    });
    ran.expect("a thread").join().expect("no panic")
}
