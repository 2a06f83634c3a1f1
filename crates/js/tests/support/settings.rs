//! A page with settings of its own, run to its end.

use std::rc::Rc;

use sofetch::Url;
use sofetch_js::{Ending, Error, Runtime, RuntimeBuilder, THREAD_STACK_BYTES};

use super::lines::Lines;

/// What scripts of a page at `url` print under these settings; `begin` runs the first.
pub(crate) fn run_with(
    url: String,
    settings: impl FnOnce(RuntimeBuilder) -> RuntimeBuilder + Send + 'static,
    begin: impl FnOnce(&mut Runtime) -> Result<(), Error> + Send + 'static,
) -> Vec<String> {
    let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
    let ran = thread.spawn(move || {
        let lines = Lines::default();
        let url = Url::parse(&url, None).expect("a URL");
        let builder = Runtime::builder().base_url(url).printer(Rc::new(lines.clone()));
        let mut runtime = settings(builder).build().expect("a runtime");
        begin(&mut runtime).expect("no limit");
        assert_eq!(runtime.run_until_idle(), Ending::Idle);
        lines.take()
    });
    ran.expect("a thread").join().expect("no panic")
}
