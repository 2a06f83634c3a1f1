//! Reporting observers, and the delivery of what violates a page's policies, over loopback.
//!
//! Longer than most by its tables, and by what collectors may do: hang, move, be of another origin.

#[path = "support/lines.rs"]
mod lines;
#[path = "support/reasons.rs"]
mod reasons;
#[path = "support/settings.rs"]
mod settings;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sofetch::Url;
use sofetch_js::{Ending, Global, Printer, Runtime, RuntimeBuilder, THREAD_STACK_BYTES};
use sofetch_testkit::loopback::{Reply, Server, ServerConfig, answering_later, serve, start};
use tokio::sync::Notify;

use reasons::Reasons;
use settings::run_with;

/// What a module of a page at `url` prints.
fn run(
    url: String,
    script: String,
    settings: impl FnOnce(RuntimeBuilder) -> RuntimeBuilder + Send + 'static,
) -> Vec<String> {
    run_with(url, settings, move |runtime| runtime.run_module(&script, "test.js"))
}

/// Its own policy refuses everything, and says who is told.
const REFUSED: &str = "connect-src 'none'; report-to main";

fn refuse(builder: RuntimeBuilder) -> RuntimeBuilder {
    builder.csp(REFUSED)
}

#[test]
fn an_observer_is_given_dictionaries() {
    for global in [Global::Window, Global::Worker] {
        let script = r#"
            const observer = new ReportingObserver(function (reports, given) {
              console.log(this === observer, given === observer, Array.isArray(reports), reports.length);
              const [report] = reports;
              console.log(Object.getPrototypeOf(report) === Object.prototype, Object.keys(report).join());
              console.log(Object.getPrototypeOf(report.body) === Object.prototype);
              console.log(JSON.stringify(report));
            });
            observer.observe();
            observer.observe();
            addEventListener("securitypolicyviolation", () => console.log("event"));
            fetch("https://page.test/a?b#c").catch(() => {});
        "#;
        let page = "https://u:p@page.test/p#f";
        let lines = run(page.to_owned(), script.to_owned(), move |builder| refuse(builder.global(global)));
        let report = r#"{"body":{"blockedURL":"https://page.test/a?b","columnNumber":null,"disposition":"enforce","documentURL":"https://page.test/p","effectiveDirective":"connect-src","lineNumber":null,"originalPolicy":"connect-src 'none'; report-to main","referrer":"","sample":"","sourceFile":null,"statusCode":0},"type":"csp-violation","url":"https://page.test/p"}"#;
        assert_eq!(lines, ["event", "true true true 1", "true body,type,url", "true", report], "{global:?}");
    }
}

#[test]
fn whom_observers_hear_of() {
    for (row, policy, script, expected) in [
        (
            "a policy without report-to makes no report",
            "connect-src 'none'; report-uri https://[",
            "new ReportingObserver(() => console.log('told')).observe(); await fetch('/a').catch(() => {});",
            &[][..],
        ),
        (
            "types",
            REFUSED,
            "for (const types of [['x'], ['x', 'csp-violation'], []]) new ReportingObserver(() => console.log(types.length), { types }).observe();
             await fetch('/a').catch(() => {});",
            &["2", "0"],
        ),
        (
            "buffered reports, once, each in its task",
            REFUSED,
            "await fetch('/a').catch(() => {}); await fetch('/b').catch(() => {});
             const observer = new ReportingObserver(reports => console.log(reports.map(report => report.body.blockedURL)), { buffered: true });
             observer.observe(); observer.observe();",
            &["[\"https://page.test/a\", \"https://page.test/b\"]"],
        ),
        (
            "none of those without that",
            REFUSED,
            "await fetch('/a').catch(() => {}); new ReportingObserver(() => console.log('told')).observe();",
            &[],
        ),
        (
            "takeRecords() takes what is there",
            REFUSED,
            "const observer = new ReportingObserver(() => console.log('told')); observer.observe();
             addEventListener('securitypolicyviolation', () => queueMicrotask(() => {}));
             console.log(observer.takeRecords().length);
             await fetch('/a').catch(() => {});
             await new Promise(resolve => new ReportingObserver(resolve).observe() ?? fetch('/b').catch(() => {}));
             console.log(observer.takeRecords().length);",
            &["0", "told", "told", "0"],
        ),
        (
            "after disconnect() nobody is",
            REFUSED,
            "const observer = new ReportingObserver(() => console.log('told')); observer.disconnect(); observer.observe(); observer.disconnect();
             await fetch('/a').catch(() => {}); console.log(observer.takeRecords().length);",
            &["0"],
        ),
        (
            "a callback that throws keeps no other from its reports",
            REFUSED,
            "onerror = event => { console.log('caught'); return true; };
             new ReportingObserver(() => { throw new Error('x'); }).observe(); new ReportingObserver(() => console.log('told')).observe();
             fetch('/a').catch(() => {});",
            &["caught", "told"],
        ),
        (
            "the buffer holds the last hundred",
            REFUSED,
            "for (let i = 0; i < 103; i++) await fetch('/' + i).catch(() => {});
             new ReportingObserver(reports => console.log(reports.length, reports[0].body.blockedURL), { buffered: true }).observe();",
            &["100 https://page.test/3"],
        ),
        (
            "arguments",
            REFUSED,
            "for (const make of [() => new ReportingObserver(), () => new ReportingObserver({}), () => ReportingObserver(() => {})]) {
               try { make(); } catch (e) { console.log(e.name); }
             }",
            &["TypeError", "TypeError", "TypeError"],
        ),
    ] {
        let lines =
            run("https://page.test/".to_owned(), script.to_owned(), move |builder| builder.csp(policy));
        assert_eq!(lines, expected, "{row}");
    }
}

#[test]
fn integrity_policies_are_reported() {
    let server = serve(|request| {
        Reply::ok(format!("console.log('{}');", request.target)).header("Content-Type", "text/javascript")
    });
    let script = r#"
        new ReportingObserver(reports => {
          for (const { type, body } of reports) console.log(type, body.destination, body.reportOnly, new URL(body.blockedURL).pathname);
        }).observe();
        await import("/module.js").catch(error => console.log(error.name));
    "#;
    for (enforced, expected) in [
        (true, ["integrity-violation script false /module.js", "TypeError"]),
        (false, ["integrity-violation script true /module.js", "/module.js"]),
    ] {
        let lines = run(server.url("/page"), script.to_owned(), move |builder| {
            let value = "blocked-destinations=(script), endpoints=(main)";
            if enforced {
                builder.integrity_policy(value)
            } else {
                builder.integrity_policy_report_only(value)
            }
        });
        let mut lines = lines;
        lines.sort();
        let mut expected = expected.map(str::to_owned);
        expected.sort();
        assert_eq!(lines, expected);
    }
}

/// The reports that a server was told: method, path, media type and mode, and the body.
fn told(server: &Server) -> Vec<(String, String)> {
    let requests = server.requests();
    let of_reports =
        requests.iter().filter(|request| request.header("Sec-Fetch-Dest").as_deref() == Some("report"));
    of_reports
        .map(|request| {
            let said = |name| request.header(name).unwrap_or_default();
            let head = [&request.method, &request.target, &said("Content-Type"), &said("Sec-Fetch-Mode")];
            (head.map(String::as_str).join(" "), String::from_utf8_lossy(&request.body).into_owned())
        })
        .collect()
}

#[test]
fn report_uri_is_told_of_each_violation() {
    let server = serve(|_| Reply::new(204));
    let page = server.url("/page");
    let script = "await fetch('/a').catch(() => {}); await fetch('/b').catch(() => {});".to_owned();
    run(page.clone(), script, |builder| {
        builder
            .csp("connect-src 'none'; report-uri /one /two")
            .csp_report_only("img-src 'none'; report-uri /three")
    });
    let mut told = told(&server);
    told.sort();
    let heads: Vec<_> = told.iter().map(|(head, _)| head.as_str()).collect();
    let (one, two) = ("POST /one application/csp-report no-cors", "POST /two application/csp-report no-cors");
    assert_eq!(heads, [one, one, two, two]);
    let policy = "connect-src 'none'; report-uri /one /two";
    let body = format!(
        r#"{{"csp-report":{{"blocked-uri":"{}","disposition":"enforce","document-uri":"{page}","effective-directive":"connect-src","original-policy":"{policy}","referrer":"","script-sample":"","status-code":0,"violated-directive":"connect-src"}}}}"#,
        server.url("/a")
    );
    assert_eq!(told[0].1, body);
}

/// Collectors stand elsewhere, as a rule.
#[test]
fn report_uri_is_told_at_another_origin() {
    let (server, collector) = (serve(|_| Reply::new(204)), serve(|_| Reply::new(204)));
    let policy = format!("connect-src 'none'; report-uri {}", collector.url("/told"));
    run(server.url("/page"), "await fetch('/a').catch(() => {});".to_owned(), move |builder| {
        builder.csp(&policy)
    });
    let heads: Vec<_> = told(&collector).into_iter().map(|(head, _)| head).collect();
    assert_eq!(heads, ["POST /told application/csp-report no-cors"]);
}

/// What it has still to tell is told after its end.
#[test]
fn a_worker_that_closes_has_told() {
    let server = serve(|request| match request.path() {
        "/worker.js" => Reply::ok(
            "addEventListener('securitypolicyviolation', () => close()); fetch('/a').catch(() => {});",
        )
        .header("Content-Type", "text/javascript")
        .header("Content-Security-Policy", "connect-src 'none'; report-to main")
        .header("Reporting-Endpoints", "main=\"/main\""),
        _ => Reply::new(204),
    });
    run(server.url("/page"), "new Worker('/worker.js');".to_owned(), |builder| builder);
    let heads: Vec<_> = told(&server).into_iter().map(|(head, _)| head).collect();
    assert_eq!(heads, ["POST /main application/reports+json cors"]);
}

#[test]
fn report_to_is_told_of_all_together() {
    let server = serve(|_| Reply::new(204));
    let endpoints = format!("main=\"{}\", other=\"/other\"", server.url("/main"));
    let script = "fetch('/a').catch(() => {}); fetch('/b').catch(() => {});".to_owned();
    run(server.url("/page"), script, move |builder| {
        let agent =
            sofetch::UserAgent::builder().settings(|settings| settings.user_agent = Some("a/1".into()));
        let builder = builder.agent(agent).reporting_endpoints(&endpoints);
        refuse(builder).csp_report_only("connect-src *; report-to other")
    });
    let told = told(&server);
    let bodies: Vec<serde_json::Value> = told
        .iter()
        .flat_map(|(head, body)| {
            assert_eq!(head, "POST /main application/reports+json cors");
            serde_json::from_str::<Vec<serde_json::Value>>(body).expect("a list")
        })
        .collect();
    let blocked: Vec<_> = bodies.iter().map(|report| report["body"]["blockedURL"].as_str()).collect();
    assert_eq!(blocked, [Some(&*server.url("/a")), Some(&*server.url("/b"))]);
    for report in &bodies {
        assert_eq!(report["type"], "csp-violation");
        assert_eq!(report["url"], server.url("/page"));
        assert_eq!(report["user_agent"], "a/1");
        assert!(report["age"].is_u64());
    }
}

#[test]
fn another_origin_s_endpoint_is_asked_first() {
    for (row, allows, expected) in [
        ("who allows it is told", true, &["OPTIONS /r", "POST /r"][..]),
        ("who does not is not", false, &["OPTIONS /r"]),
    ] {
        let other = serve(move |_| {
            let reply = Reply::new(204);
            if !allows {
                return reply;
            }
            reply
                .header("Access-Control-Allow-Origin", "*")
                .header("Access-Control-Allow-Headers", "content-type")
        });
        let server = serve(|_| Reply::new(204));
        let endpoints = format!("main=\"{}\"", other.url("/r").replace("127.0.0.1", "localhost"));
        run(server.url("/page"), "fetch('/a').catch(() => {});".to_owned(), move |builder| {
            refuse(builder.reporting_endpoints(&endpoints))
        });
        let requests = other.requests();
        let asked: Vec<_> =
            requests.iter().map(|request| format!("{} {}", request.method, request.target)).collect();
        assert_eq!(asked, expected, "{row}");
        assert!(requests.iter().all(|request| request.header("Cookie").is_none()), "{row}");
        assert_eq!(requests[0].header("Origin"), Some(server.url("")), "{row}");
        assert!(requests.iter().all(|request| request.header("Referer").is_none()), "{row}");
    }
}

/// Whoever says nothing does not keep the run: that is aborted as timed out, as the trace tells.
#[test]
fn collectors_that_hang_are_given_up() {
    let refused = "fetch('/a').catch(() => {});";
    for (policy, script, expected) in [
        ("connect-src 'none'; report-to main", refused, &["CspBlocking", "timed-out"][..]),
        ("connect-src 'none'; report-uri /uri", refused, &["CspBlocking", "timed-out"]),
        ("img-src 'none'", "navigator.sendBeacon('/beacon', 'x');", &["timed-out"]),
    ] {
        let server = serve(|_| Reply::hang());
        let reasons = Arc::new(Reasons::default());
        let observer = reasons.clone();
        let endpoints = format!("main=\"{}\"", server.url("/main"));
        run(server.url("/page"), script.to_owned(), move |builder| {
            let agent = sofetch::UserAgent::builder().observer(observer);
            let builder = builder.agent(agent).reporting_endpoints(&endpoints).csp(policy);
            builder.report_time_limit(Duration::from_millis(1))
        });
        assert_eq!(*reasons.0.lock().expect("nobody panicked"), expected, "{policy}");
    }
}

/// Tells when the scripts of a runtime are gone, and all that is left of it are its connections.
struct Last(Arc<Notify>);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Printer for Last {
    fn out(&self, _: &str) {}
    fn error(&self, _: &str) {}
}

/// So far a server sends who asks.
const HOPS: usize = 3;

/// What is under way when the time is over is not cut short at once: the way that a server sends it goes on.
#[test]
fn what_is_kept_alive_goes_on_when_the_time_is_over() {
    for (row, script) in [
        ("a fetch that is kept alive", "fetch('/0', { method: 'POST', body: 'x', keepalive: true });"),
        ("a beacon", "navigator.sendBeacon('/0', 'x');"),
    ] {
        let is_over = Arc::new(Notify::new());
        let asked = Arc::new(Notify::new());
        let (waits, tells) = (is_over.clone(), asked.clone());
        let server = start(ServerConfig::http(answering_later(move |request| {
            let (path, waits, tells) = (request.path().to_owned(), waits.clone(), tells.clone());
            async move {
                let number: usize = path[1..].parse().expect("a number");
                if number == 0 {
                    tells.notify_one();
                    waits.notified().await;
                }
                match number {
                    HOPS => Reply::new(204),
                    _ => Reply::new(307).header("Location", format!("/{}", number + 1)),
                }
            }
        })));
        let script = format!("{script} asked();");
        let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
        let url = Url::parse(&server.url("/page"), None).expect("a URL");
        let ran = thread.spawn(move || {
            let builder = Runtime::builder().base_url(url).printer(Rc::new(Last(is_over)));
            let mut runtime = builder.build().expect("a runtime");
            let interrupt = runtime.interrupt_handle();
            let define = runtime.define_async("asked", move |_| {
                let (asked, interrupt) = (asked.clone(), interrupt.clone());
                async move {
                    asked.notified().await;
                    interrupt.interrupt();
                    Ok(sofetch_js::Value::Null)
                }
            });
            define.expect("a function");
            runtime.run_script(&script, "test.js").expect("no limit");
            assert_eq!(runtime.run_until_idle(), Ending::Interrupted);
        });
        ran.expect("a thread").join().expect("no panic");
        let seen: Vec<_> = server
            .requests()
            .iter()
            .map(|request| format!("{} {}", request.method, request.path()))
            .collect();
        let expected: Vec<_> = (0..=HOPS).map(|number| format!("POST /{number}")).collect();
        assert_eq!(seen, expected, "{row}");
    }
}

#[test]
fn endpoints_that_are_no_dictionary_are_a_mistake() {
    assert!(Runtime::builder().reporting_endpoints("a=\"").build().is_err());
    assert!(Runtime::builder().integrity_policy("a=(").build().is_err());
}
