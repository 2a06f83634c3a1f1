//! What the engine is told of the reason for which a script aborts, and so the trace of whoever listens.

mod support;

use std::sync::{Arc, Mutex};

use sofetch::core::trace::Outcome;
use sofetch::{AbortReason, Event, Observer, Reason, TraceId, UserAgent};
use sofetch_testkit::loopback::{Reply, serve};
use support::{Page, run};

/// The reason of each fetch that was aborted.
#[derive(Default)]
struct Reasons(Mutex<Vec<String>>);

impl Observer for Reasons {
    fn event(&self, _: TraceId, event: &Event) {
        let Event::Ended(Outcome::NetworkError(error)) = event else { return };
        let said = match error.reason() {
            Reason::Aborted(AbortReason::AbortError) => "AbortError".to_owned(),
            Reason::Aborted(AbortReason::TimeoutError) => "TimeoutError".to_owned(),
            Reason::Aborted(reason) => format!("says {}", reason.said().expect("a text")),
            other => format!("{other:?}"),
        };
        self.0.lock().expect("no panic").push(said);
    }
}

#[test]
fn reasons_table() {
    let server = serve(|_| Reply::hang());
    for (name, script, expected) in [
        ("none", "c.abort();", "AbortError"),
        ("undefined", "c.abort(undefined);", "AbortError"),
        ("an AbortError of its own", "c.abort(new DOMException('no', 'AbortError'));", "AbortError"),
        ("a TimeoutError", "c.abort(new DOMException('late', 'TimeoutError'));", "TimeoutError"),
        ("a time-out's", "signal = AbortSignal.timeout(0);", "TimeoutError"),
        ("of one of several", "signal = AbortSignal.any([signal, AbortSignal.timeout(0)]);", "TimeoutError"),
        ("another exception", "c.abort(new DOMException('no', 'DataError'));", "says DataError: no"),
        ("an error", "c.abort(new RangeError('far'));", "says RangeError: far"),
        ("an error without a message", "c.abort(new Error());", "says Error"),
        ("a text", "c.abort('enough');", "says enough"),
        ("null", "c.abort(null);", "says null"),
        ("a bigint", "c.abort(5n);", "says 5"),
        ("an object", "c.abort({ a: 1 });", "says Object"),
        ("what cannot be serialized", "c.abort(() => {});", "AbortError"),
        ("what throws when it is", "c.abort({ get a() { throw 1; } });", "AbortError"),
        (
            "whatever script made of texts",
            "String.prototype.slice = () => 'wrong'; c.abort('right');",
            "says right",
        ),
    ] {
        let reasons = Arc::new(Reasons::default());
        let mut page = Page::of(&server.url("/"));
        page.agent = UserAgent::builder().observer(reasons.clone());
        let late = script.starts_with("signal");
        let (before, after) = if late { (script, "") } else { ("", script) };
        let script = format!(
            "const c = new AbortController(); let {{ signal }} = c; {before}
             const fetched = fetch('/', {{ signal }}); {after}
             fetched.catch((error) => console.log(error === signal.reason));"
        );
        assert_eq!(run(page, &script), ["true"], "{name}");
        assert_eq!(*reasons.0.lock().expect("no panic"), [expected], "{name}");
    }
    let reasons = Arc::new(Reasons::default());
    let mut page = Page::of(&server.url("/"));
    page.agent = UserAgent::builder().observer(reasons.clone());
    run(page, "const c = new AbortController(); fetch('/', c).catch(() => {}); c.abort('x'.repeat(1e6));");
    assert_eq!(reasons.0.lock().expect("no panic")[0].len(), "says ".len() + 4096);
}
