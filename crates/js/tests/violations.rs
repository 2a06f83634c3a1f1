//! The page's Content Security Policies and what scripts hear of them, over loopback.

#[path = "support/lines.rs"]
mod lines;
#[path = "support/settings.rs"]
mod settings;

use std::sync::{Arc, Mutex};

use sofetch::UserAgent;
use sofetch::core::ports::{Report, Reports};
use sofetch_js::{Global, Runtime, RuntimeBuilder};
use sofetch_testkit::loopback::{Reply, serve};

use settings::run_with;

/// What a script of a page at `url` prints under these policies.
fn run(
    url: String,
    script: String,
    policies: impl FnOnce(RuntimeBuilder) -> RuntimeBuilder + Send + 'static,
) -> Vec<String> {
    run_with(url, policies, move |runtime| runtime.run_script(&script, "test.js"))
}

const TELL: &str = r#"
    addEventListener("securitypolicyviolation", event => {
      console.log(event.effectiveDirective, event.violatedDirective, event.disposition, event.blockedURI, event.originalPolicy);
      console.log(event instanceof SecurityPolicyViolationEvent, event.isTrusted, event.target === self, event.bubbles, event.composed, event.cancelable);
      console.log(event.documentURI === location.href, event.referrer === "", event.sourceFile === "", event.sample === "", event.statusCode, event.lineNumber, event.columnNumber);
    });
"#;
const REST: [&str; 2] = ["true true true true true false", "true true true true 0 0 0"];

#[test]
fn what_is_refused_is_told_before_it_fails() {
    for global in [Global::Window, Global::Worker] {
        let server = serve(|_| Reply::ok("x"));
        let other = server.url("/a?b#c").replace("127.0.0.1", "localhost");
        let script = format!("{TELL} fetch('{other}').catch(e => console.log(e.name));");
        let lines = run(server.url("/page"), script, move |builder| {
            builder.global(global).csp("img-src *; default-src 'self'")
        });
        let refused = other.split('#').next().expect("a first part");
        let told = format!("connect-src connect-src enforce {refused} img-src *; default-src 'self'");
        assert_eq!(lines, [&told, REST[0], REST[1], "TypeError"], "{global:?}");
        assert!(server.requests().is_empty());
    }
}

/// Script learns that there is no script, and of the violation; whoever reads the console learns why, whoever else listens.
#[test]
fn the_console_is_told_why_there_is_no_script() {
    let told = "(CspBlocking: script-src https://a.test https://b.test)";
    for (row, script, expected) in [
        (
            "a module",
            "import('/a.js');",
            format!("! Uncaught (in promise) TypeError: URL/a.js cannot be imported: failed to fetch {told}"),
        ),
        (
            "a module, as script has it",
            "import('/a.js').catch(e => console.log(e.message, Object.getOwnPropertyNames(e).includes('reason')));",
            "URL/a.js cannot be imported: failed to fetch false".to_owned(),
        ),
        (
            "a worker",
            "new Worker('/a.js');",
            format!("! Uncaught Error: URL/a.js cannot be run: failed to fetch {told}"),
        ),
        (
            "a worker that is listened to",
            "new Worker('/a.js').onerror = e => console.log(e.type, e.message);",
            "error undefined".to_owned(),
        ),
        (
            "a worker's script",
            "new Worker('data:text/javascript,importScripts(%22URL/a.js%22)');",
            format!("! Uncaught NetworkError: the script at URL/a.js could not be loaded {told}"),
        ),
        (
            "what a listener of errors is told",
            "onunhandledrejection = e => { console.log(e.reason.message); e.preventDefault(); }; import('/a.js');",
            "URL/a.js cannot be imported: failed to fetch".to_owned(),
        ),
    ] {
        let server = serve(|_| Reply::ok("").header("Content-Type", "text/javascript"));
        let url = server.url("");
        let url = url.trim_end_matches('/');
        let listener = "addEventListener('securitypolicyviolation', () => console.log('heard'));";
        let script = format!("{listener} {}", script.replace("URL", url));
        let policy = "script-src https://a.test https://b.test; worker-src WORKERS".replace(
            "WORKERS",
            if row == "a worker's script" { "data:" } else { "https://a.test https://b.test" },
        );
        let lines = run(server.url("/page"), script, move |builder| builder.csp(&policy));
        let expected = expected.replace("URL", url);
        let expected = if row.starts_with("a worker") && row != "a worker's script" {
            expected.replace("script-src", "worker-src")
        } else {
            expected
        };
        let first = |line: &String| line.lines().next().unwrap_or_default().to_owned();
        let said: Vec<String> = lines.iter().map(first).filter(|line| line != "heard").collect();
        assert_eq!(said, [expected], "{row}");
        assert!(server.requests().is_empty(), "{row}");
    }
}

#[test]
fn what_is_only_reported_is_told_and_sent() {
    let server = serve(|_| Reply::ok("x"));
    let script = format!("{TELL} fetch('/a').then(r => r.text()).then(text => console.log(text));");
    let lines = run(server.url("/page"), script, |builder| builder.csp_report_only("connect-src 'none'"));
    let told = format!("connect-src connect-src report {} connect-src 'none'", server.url("/a"));
    assert_eq!(lines, [&told, REST[0], REST[1], "x"]);
}

#[test]
fn whoever_fetches_is_judged() {
    for (row, script, expected) in [
        ("nothing is violated", "fetch('/own').then(r => console.log(r.status))", &["200"][..]),
        (
            "each policy has an event",
            "fetch('OTHER').catch(() => {})",
            &["connect-src 'self'", "connect-src 'none'"],
        ),
        (
            "XMLHttpRequest",
            "const x = new XMLHttpRequest(); x.open('GET', 'OTHER'); x.onerror = () => console.log('error'); x.send();",
            &["connect-src 'self'", "connect-src 'none'", "error"],
        ),
        (
            "EventSource",
            "const e = new EventSource('OTHER'); e.onerror = () => console.log(e.readyState);",
            &["connect-src 'self'", "connect-src 'none'", "2"],
        ),
        (
            "beacons",
            "console.log(navigator.sendBeacon('OTHER', 'x'));",
            &["true", "connect-src 'self'", "connect-src 'none'"],
        ),
        (
            "a handler of the window",
            "onsecuritypolicyviolation = e => console.log('handled'); fetch('OTHER').catch(() => {})",
            &["connect-src 'self'", "handled", "connect-src 'none'", "handled"],
        ),
    ] {
        let server = serve(|_| Reply::ok("x"));
        let script = script.replace("OTHER", &server.url("/a").replace("127.0.0.1", "localhost"));
        let script = format!(
            "addEventListener('securitypolicyviolation', event => console.log(event.originalPolicy)); {script}"
        );
        let both = row != "nothing is violated";
        let lines = run(server.url("/page"), script, move |builder| {
            let builder = builder.csp("connect-src 'self'");
            if both { builder.csp("connect-src 'none'") } else { builder }
        });
        assert_eq!(lines, expected, "{row}");
    }
}

#[test]
fn a_program_s_own_reports_are_its_own_still() {
    #[derive(Default)]
    struct Heard(Mutex<Vec<&'static str>>);
    impl Reports for Heard {
        fn queue(&self, report: Report) {
            self.0.lock().expect("nobody panicked").push(report.kind);
        }
    }
    let server = serve(|_| Reply::ok("x"));
    let heard = Arc::new(Heard::default());
    let reports = heard.clone();
    let script = format!("{TELL} fetch('/a').catch(() => {{}});");
    let lines = run(server.url("/page"), script, |builder| {
        builder.agent(UserAgent::builder().reports(reports)).csp("connect-src 'none'; report-uri /r")
    });
    assert_eq!(lines.len(), 3);
    assert_eq!(*heard.0.lock().expect("nobody panicked"), ["csp-report", "csp-violation"]);
}

#[test]
fn a_policy_that_says_nothing_is_a_mistake() {
    let built = Runtime::builder().csp(";").build();
    assert!(built.is_err());
}

#[test]
fn events_of_script_s_own() {
    let script = r#"const event = new SecurityPolicyViolationEvent("x", { blockedURI: "a", disposition: "report", lineNumber: 5 });
        console.log(event.blockedURI, event.disposition, event.lineNumber, event.statusCode, event.bubbles, event.isTrusted);
        for (const make of [() => new SecurityPolicyViolationEvent(), () => new SecurityPolicyViolationEvent("x", { disposition: "y" })]) {
          try { make(); } catch (e) { console.log(e.name); }
        }"#;
    let lines = run("https://page.test/".to_owned(), script.to_owned(), |builder| builder);
    assert_eq!(lines, ["a report 5 0 false false", "TypeError", "TypeError"]);
}
