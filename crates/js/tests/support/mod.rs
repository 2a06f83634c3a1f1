//! A page's scripts, and what they print.

#[path = "lines.rs"]
pub(crate) mod lines;

use std::rc::Rc;
use std::time::Duration;

use sofetch::{Url, UserAgent, UserAgentBuilder};
use sofetch_js::{Ending, Global, Runtime, THREAD_STACK_BYTES};

use self::lines::Lines;

/// Whose scripts.
pub(crate) struct Page {
    pub(crate) url: String,
    pub(crate) global: Global,
    pub(crate) agent: UserAgentBuilder,
    /// Is it a page's, under its origin's rules?
    pub(crate) page: bool,
}

impl Page {
    /// A window's at this URL.
    pub(crate) fn of(url: &str) -> Page {
        Page { url: url.to_owned(), global: Global::Window, agent: UserAgent::builder(), page: true }
    }
}

/// Runs a script to its end, with a limit that no good run reaches; what it printed, errors behind `! `.
pub(crate) fn run(page: Page, script: &str) -> Vec<String> {
    let script = script.to_owned();
    // A test's thread has less stack than scripts are given.
    let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
    let ran = thread.spawn(move || {
        let lines = Lines::default();
        let mut runtime = Runtime::builder()
            .agent(page.agent)
            .base_url(Url::parse(&page.url, None).expect("a URL"))
            .global(page.global)
            .page(page.page)
            .time_limit(Duration::from_secs(60))
            .printer(Rc::new(lines.clone()))
            .build()
            .expect("a runtime");
        runtime.run_script(&script, "test.js").expect("a script");
        let ending = runtime.run_until_idle();
        drop(runtime);
        let mut lines = lines.take();
        if ending != Ending::Idle {
            lines.push("! timed out".to_owned());
        }
        lines
    });
    ran.expect("a thread").join().expect("no panic")
}
