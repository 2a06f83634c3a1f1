//! The performance timeline: marks and measures, the timing of fetches over loopback, observers. Nothing is measured here: moments are
//! compared with each other.
//!
//! Over 400 lines: a table for each part of the timeline.

mod support;

use sofetch_js::Global;
use sofetch_testkit::loopback::{Ending, Reply, RequestSeen, serve};
use support::{Page, run};

fn answer(request: &RequestSeen) -> Reply {
    let allow = |reply: Reply| reply.header("Access-Control-Allow-Origin", "*");
    match request.path() {
        "/json" => Reply::ok("{}")
            .header("Content-Type", "text/json;a=b")
            .header("Server-Timing", "db;dur=53;desc=\"a, b\", miss")
            .header("Server-Timing", "app"),
        "/module.js" => Reply::ok("export {};").header("Content-Type", "application/javascript"),
        "/missing" => Reply::new(404).body("no such thing"),
        "/large" => Reply::ok(vec![b'x'; 1 << 20]),
        "/empty" => Reply::new(204),
        "/empty.js" => Reply::ok("").header("Content-Type", "text/javascript"),
        "/redirect" => Reply::new(302).header("Location", "/json"),
        "/early" => Reply::ok("x").interim(103, &[("Link", "</a>; rel=preload")]),
        "/tao" => allow(Reply::ok("four")).header("Timing-Allow-Origin", "*"),
        "/cors" => allow(Reply::ok("four")).header("Server-Timing", "secret"),
        "/break" => Reply::ok("x").header("Content-Length", "9").as_given().ending(Ending::Close),
        _ => Reply::ok("x"),
    }
}

/// Scripts on a page of one server; `OTHER` is another.
fn check(cases: &[(&str, &str, &[&str])]) {
    let (own, other) = (serve(answer), serve(answer));
    for (name, script, expected) in cases {
        let script = script.replace("OTHER", other.url("").trim_end_matches('/'));
        let script = format!(
            r#"const last = () => performance.getEntriesByType("resource").at(-1);
               const ordered = (entry, ...names) => names.every((name, i) => i === 0 || entry[names[i - 1]] <= entry[name]);
               const thrown = steps => {{ try {{ steps(); return "nothing"; }} catch (e) {{ return e.name; }} }};
               (async () => {{ {script} }})();"#
        );
        for global in [Global::Window, Global::Worker] {
            let page = Page { global, ..Page::of(&own.url("/page/")) };
            assert_eq!(run(page, &script), *expected, "{name}, {global:?}");
        }
    }
}

#[test]
fn marks_and_measures_table() {
    check(&[
        (
            "marks",
            r#"const before = performance.now(); const mark = performance.mark("a"); const after = performance.now();
               console.log(mark instanceof PerformanceMark, mark.name, mark.entryType, mark.duration, mark.detail, before <= mark.startTime && mark.startTime <= after);
               console.log(performance.mark("b", { startTime: 5, detail: { x: [1] } }).startTime, performance.getEntriesByName("b")[0].detail.x[0]);"#,
            &["true a mark 0 null true", "5 1"],
        ),
        (
            "details are clones, each time the same one",
            r#"const detail = { x: 1 }; const mark = performance.mark("a", { detail }); detail.x = 2;
               console.log(mark.detail.x, mark.detail === mark.detail, thrown(() => performance.mark("b", { detail: () => {} })), performance.getEntries().length);"#,
            &["1 true DataCloneError 1"],
        ),
        (
            "measures",
            r#"performance.mark("a", { startTime: 10 }); performance.mark("b", { startTime: 30 }); performance.mark("b", { startTime: 25 });
               const say = measure => console.log(measure.startTime, measure.duration);
               say(performance.measure("m", "a", "b")); say(performance.measure("m", "b", "a")); say(performance.measure("m", { start: "a", end: 12 }));
               say(performance.measure("m", { start: 1, duration: 2 })); say(performance.measure("m", { end: 5, duration: 2 }));
               const toNow = performance.measure("m", "a", undefined);
               console.log(performance.measure("m").startTime, toNow.startTime === 10 && toNow.duration <= performance.now() - 10, performance.getEntriesByType("measure").length);"#,
            &["10 15", "25 -15", "10 2", "1 2", "3 2", "0 true 7"],
        ),
        (
            "what is no mark and no measure",
            r#"console.log([
                 () => performance.mark(), () => performance.mark("a", { startTime: -1 }), () => performance.measure("m", "none"),
                 () => performance.measure("m", { start: 1, end: 2, duration: 1 }), () => performance.measure("m", { detail: 1 }),
                 () => performance.measure("m", { start: 1 }, "a"), () => performance.measure("m", { start: -1 }), () => new PerformanceMark(),
                 () => new PerformanceMeasure(), () => new PerformanceEntry(),
               ].map(thrown).join());"#,
            &[
                "TypeError,TypeError,SyntaxError,TypeError,TypeError,TypeError,TypeError,TypeError,TypeError,TypeError",
            ],
        ),
        (
            "a mark that is made and not set",
            r#"const mark = new PerformanceMark("a"); console.log(mark.name, performance.getEntries().length);"#,
            &["a 0"],
        ),
        (
            "clearing, by name or all",
            r#"for (const name of ["a", "b", "a"]) { performance.mark(name); performance.measure(name); }
               performance.clearMarks("a"); performance.clearMeasures("none"); console.log(performance.getEntriesByType("mark").length, performance.getEntriesByType("measure").length);
               performance.clearMarks(); performance.clearMeasures(); console.log(performance.getEntries().length);"#,
            &["1 3", "0"],
        ),
        (
            "the order is that of the starts",
            r#"for (const startTime of [3, 1, 2]) performance.mark(`m${startTime}`, { startTime });
               performance.measure("x", { start: 2, end: 3 });
               console.log(performance.getEntries().map(entry => entry.name).join(), performance.getEntriesByName("m1", "measure").length, performance.getEntriesByType("Mark").length);"#,
            &["m1,m2,x,m3 0 0"],
        ),
    ]);
}

#[test]
fn names_of_performance_timing() {
    let in_global = |global| {
        let script = r#"const thrown = steps => { try { return steps().duration > 0; } catch (e) { return e.name; } };
            console.log([() => performance.mark("fetchStart"), () => performance.measure("m", "navigationStart"), () => performance.measure("m", "domComplete")].map(thrown).join());"#;
        run(Page { global, ..Page::of("https://page.test/") }, script)
    };
    assert_eq!(in_global(Global::Window), ["SyntaxError,true,InvalidAccessError"]);
    assert_eq!(in_global(Global::Worker), ["false,TypeError,TypeError"]);
}

#[test]
fn fetches_table() {
    check(&[
        (
            "a fetch",
            r#"const before = performance.now(); await (await fetch("/json")).text(); const entry = last();
               console.log(entry instanceof PerformanceResourceTiming, entry.name === location.origin + "/json", entry.initiatorType, entry.nextHopProtocol, entry.responseStatus);
               console.log(ordered(entry, "startTime", "fetchStart", "domainLookupStart", "domainLookupEnd", "connectStart", "connectEnd", "requestStart", "responseStart", "responseEnd"));
               console.log(before <= entry.startTime && entry.responseEnd <= performance.now(), entry.duration === entry.responseEnd - entry.startTime);
               console.log(entry.redirectStart, entry.redirectEnd, entry.workerStart, entry.secureConnectionStart, entry.firstInterimResponseStart, entry.responseStart === entry.finalResponseHeadersStart);
               console.log(entry.transferSize, entry.encodedBodySize, entry.decodedBodySize, entry.contentType, entry.deliveryType, entry.renderBlockingStatus);"#,
            &[
                "true true fetch http/1.1 200",
                "true",
                "true true",
                "0 0 0 0 0 true",
                "302 2 2 application/json  non-blocking",
            ],
        ),
        (
            "it is there when the answer is",
            r#"await fetch("/empty"); console.log(last().responseStatus); await (await fetch("/missing")).text(); console.log(last().responseStatus, last().encodedBodySize);"#,
            &["204", "404 13"],
        ),
        (
            "a body that nobody reads ends where it is short",
            r#"const seen = () => performance.getEntriesByType("resource").map(entry => new URL(entry.name).pathname).sort().join();
               fetch("/missing"); while (seen() === "") await new Promise(resolve => setTimeout(resolve)); console.log(seen());
               const large = await fetch("/large"); await (await fetch("/json")).text(); console.log(seen());
               await large.text(); console.log(seen());"#,
            &["/missing", "/json,/missing", "/json,/large,/missing"],
        ),
        (
            "a redirect",
            r#"await (await fetch("/redirect")).text(); const entry = last();
               console.log(entry.name.endsWith("/redirect"), entry.startTime === entry.redirectStart, ordered(entry, "redirectStart", "redirectEnd", "fetchStart"), entry.fetchStart === entry.redirectEnd);"#,
            &["true true true true"],
        ),
        (
            "a connection that is used again",
            r#"await (await fetch("/a")).text(); await (await fetch("/b")).text(); const entry = last();
               console.log(["domainLookupStart", "domainLookupEnd", "connectStart", "connectEnd"].every(name => entry[name] === entry.fetchStart), entry.secureConnectionStart);"#,
            &["true 0"],
        ),
        (
            "an interim response",
            r#"await (await fetch("/early")).text(); const entry = last();
               console.log(entry.firstInterimResponseStart > 0, entry.responseStart === entry.firstInterimResponseStart, ordered(entry, "requestStart", "firstInterimResponseStart", "finalResponseHeadersStart"));"#,
            &["true true true"],
        ),
        (
            "what the server says of itself, to a secure context",
            r#"await (await fetch("/json")).text(); const { serverTiming } = last();
               console.log(isSecureContext, Object.isFrozen(serverTiming), serverTiming === last().serverTiming, serverTiming[0] instanceof PerformanceServerTiming, JSON.stringify(serverTiming));"#,
            &[
                r#"true true true true [{"name":"db","duration":53,"description":"a, b"},{"name":"miss","duration":0,"description":""},{"name":"app","duration":0,"description":""}]"#,
            ],
        ),
        (
            "another origin that allows it",
            r#"await (await fetch("OTHER/tao")).text(); const entry = last(); console.log(entry.requestStart > 0, entry.transferSize, entry.nextHopProtocol);"#,
            &["true 304 http/1.1"],
        ),
        (
            "another origin that does not",
            r#"await (await fetch("OTHER/cors")).text(); const entry = last();
               console.log(entry.requestStart, entry.responseStart, entry.connectEnd, entry.transferSize, entry.encodedBodySize, entry.nextHopProtocol, entry.serverTiming.length, entry.startTime === entry.fetchStart, entry.responseEnd >= entry.startTime && entry.responseEnd > 0);"#,
            &["0 0 0 0 4  0 true true"],
        ),
        (
            "another origin's secrets",
            r#"await fetch("OTHER/a", { mode: "no-cors" }); const keeps = setInterval(() => {}, 1000);
               await new Promise(resolve => new PerformanceObserver(resolve).observe({ type: "resource", buffered: true })); clearInterval(keeps);
               const entry = last(); console.log(entry.responseStatus, entry.encodedBodySize, entry.decodedBodySize, entry.contentType, entry.transferSize);"#,
            &["0 0 0  0"],
        ),
        (
            "a network error",
            r#"await fetch("OTHER/a").catch(() => {}); const entry = last(); console.log(entry.name === "OTHER/a", entry.responseStatus, entry.transferSize, entry.requestStart);"#,
            &["true 0 0 0"],
        ),
        (
            "XMLHttpRequest, also while script waits",
            r#"const xhr = new XMLHttpRequest(); xhr.open("GET", "/json"); await new Promise(resolve => { xhr.onload = resolve; xhr.send(); });
               console.log(last().initiatorType, last().encodedBodySize); performance.clearResourceTimings();
               xhr.open("GET", "/missing", false); xhr.send(); console.log(last().initiatorType, last().responseStatus);"#,
            &["xmlhttprequest 2", "xmlhttprequest 404"],
        ),
        (
            "modules",
            r#"await import("/module.js"); console.log(last().initiatorType, last().name.endsWith("/module.js"), last().contentType);"#,
            &["script true text/javascript"],
        ),
        (
            "what is no HTTP has no entry",
            r#"await (await fetch("data:,x")).text(); await (await fetch("/empty")).text(); console.log(performance.getEntriesByType("resource").length);"#,
            &["1"],
        ),
        (
            "nor has a body that breaks off",
            r#"await fetch("/break").then(r => r.text()).catch(() => {}); await fetch("/empty"); console.log(performance.getEntriesByType("resource").length);"#,
            &["1"],
        ),
        (
            "toJSON()",
            r#"await fetch("/empty"); const json = last().toJSON(); console.log(Object.keys(json).length, Object.keys(json).every(key => json[key] === last()[key]), json.entryType);"#,
            &["35 true resource"],
        ),
    ]);
}

#[test]
fn scripts_that_a_worker_imports() {
    let server = serve(answer);
    let page = Page { global: Global::Worker, ..Page::of(&server.url("/page/")) };
    let script = r#"importScripts("/empty.js"); const [entry] = performance.getEntriesByType("resource"); console.log(entry.initiatorType, entry.name.endsWith("/empty.js"));"#;
    assert_eq!(run(page, script), ["other true"]);
}

#[test]
fn the_buffer_table() {
    check(&[
        (
            "a limit, and the event that says so",
            r#"performance.setResourceTimingBufferSize(1); let events = 0; performance.onresourcetimingbufferfull = event => { events++; console.log(event.target === performance, event.bubbles); };
               for (const path of ["/a", "/b", "/c"]) { await (await fetch(path)).text(); await new Promise(resolve => setTimeout(resolve, 0)); }
               console.log(events, performance.getEntriesByType("resource").length);"#,
            &["true false", "true false", "2 1"],
        ),
        (
            "room made in the event",
            r#"performance.setResourceTimingBufferSize(1); performance.onresourcetimingbufferfull = () => performance.setResourceTimingBufferSize(5);
               for (const path of ["/a", "/b", "/c"]) { await (await fetch(path)).text(); await new Promise(resolve => setTimeout(resolve, 0)); }
               console.log(performance.getEntriesByType("resource").map(entry => entry.name.at(-1)).join());"#,
            &["a,b,c"],
        ),
        (
            "cleared in the event",
            r#"performance.setResourceTimingBufferSize(1); performance.addEventListener("resourcetimingbufferfull", () => performance.clearResourceTimings());
               for (const path of ["/a", "/b", "/c"]) { await (await fetch(path)).text(); await new Promise(resolve => setTimeout(resolve, 0)); }
               console.log(performance.getEntriesByType("resource").map(entry => entry.name.at(-1)).join());"#,
            &["c"],
        ),
    ]);
}

#[test]
fn the_buffer_that_nobody_has_looked_at_table() {
    // Each ends within the task that sends it, so that none but the last have been dropped yet.
    const SEND: &str = "const send = (count, name) => { for (let i = 0; i < count; i++) { const xhr = new XMLHttpRequest(); xhr.open('GET', name + i, false); xhr.send(); } };
        const names = () => performance.getEntriesByType('resource').map(entry => entry.name.split('/').at(-1));
        const task = () => new Promise(resolve => setTimeout(resolve, 0));";
    let with_sending = |script: &str| format!("{SEND}{script}");
    check(&[
        (
            "what finds no room is dropped, and counted",
            &with_sending(
                r#"send(252, "a"); await task(); send(1, "b"); await task(); console.log(names().length, names().at(-1));
                   performance.setResourceTimingBufferSize(251); send(1, "c"); await task(); console.log(names().length, names().at(-1));
                   const observer = new PerformanceObserver((list, observer, options) => console.log(JSON.stringify(options), list.getEntries().length));
                   observer.observe({ type: "resource" }); send(1, "d");"#,
            ),
            &["250 a249", "251 c0", r#"{"droppedEntriesCount":4} 1"#],
        ),
        (
            "more than may wait",
            &with_sending(
                r#"performance.setResourceTimingBufferSize(1200); send(1199, "a"); console.log(names().length, names().at(-1)); performance.clearResourceTimings();
                   performance.setResourceTimingBufferSize(1); send(600, "b"); await task(); console.log(names().join()); send(1, "c"); await task(); console.log(names().join());
                   const observer = new PerformanceObserver((list, observer, options) => console.log(JSON.stringify(options), list.getEntries().length));
                   observer.observe({ type: "resource" }); send(1, "d");"#,
            ),
            &["1199 a1198", "b0", "b0", r#"{"droppedEntriesCount":601} 1"#],
        ),
        (
            "room that is made before",
            &with_sending(
                r#"send(252, "a"); console.log(names().length); performance.setResourceTimingBufferSize(251); send(1, "b"); console.log(names().length); await task();
                   console.log(names().slice(249).join());"#,
            ),
            &["250", "250", "a249,a250"],
        ),
        (
            "cleared before",
            &with_sending(
                r#"send(252, "a"); performance.clearResourceTimings(); await task(); console.log(names().join()); send(1, "b"); console.log(names().join());"#,
            ),
            &["a250,a251", "a250,a251,b0"],
        ),
        (
            "listened to before",
            &with_sending(
                r#"send(251, "a"); performance.onresourcetimingbufferfull = () => { console.log("full"); performance.setResourceTimingBufferSize(300); }; await task();
                   console.log(names().length); performance.onresourcetimingbufferfull = null; send(1, "b"); console.log(names().at(-1));"#,
            ),
            &["full", "251", "b0"],
        ),
        (
            "observed, and no more",
            &with_sending(
                r#"send(2, "a"); const observer = new PerformanceObserver(list => console.log(list.getEntries().map(entry => entry.name.split("/").at(-1)).join()));
                   observer.observe({ type: "resource" }); send(2, "b"); await task(); observer.disconnect(); send(1, "c"); await task();
                   observer.observe({ type: "resource", buffered: true }); console.log(names().join());"#,
            ),
            &["b0,b1", "a0,a1,b0,b1,c0", "a0,a1,b0,b1,c0"],
        ),
        (
            "marks come after",
            &with_sending(
                r#"send(1, "a"); performance.mark("m"); send(1, "b"); const ids = performance.getEntries().map(entry => entry.id); console.log(ids[0] < ids[1], ids[1] < ids[2]);"#,
            ),
            &["true true"],
        ),
    ]);
}

#[test]
fn observers_table() {
    check(&[
        (
            "how many found no room, at once, and no more once they did",
            r#"const told = (name, options) => new Promise(resolve => {
                 new PerformanceObserver((list, observer, { droppedEntriesCount }) => { console.log(name, droppedEntriesCount); observer.disconnect(); resolve(); }).observe(options);
                 if (name === "mark") performance.mark("a"); else fetch("/a").then(response => response.text());
               });
               performance.setResourceTimingBufferSize(0);
               await told("none has room", { type: "resource" });
               await told("mark", { type: "mark" });
               await told("two of both types", { entryTypes: ["mark", "resource"] });
               await new Promise(resolve => setTimeout(resolve, 0));
               performance.onresourcetimingbufferfull = () => performance.setResourceTimingBufferSize(1);
               await told("room to come", { type: "resource" });
               await new Promise(resolve => setTimeout(resolve, 0));
               performance.setResourceTimingBufferSize(5);
               await told("room that came", { type: "resource" });"#,
            &["none has room 1", "mark 0", "two of both types 2", "room to come 3", "room that came 2"],
        ),
        (
            "several types",
            r#"const observer = new PerformanceObserver(function (list, itself, options) {
                 console.log(this === observer, itself === observer, JSON.stringify(options), list.getEntries().map(entry => entry.entryType).sort().join());
                 console.log(list.getEntriesByType("mark").length, list.getEntriesByName("a").length, list.getEntriesByName("a", "measure").length);
                 observer.disconnect();
               });
               observer.observe({ entryTypes: ["mark", "measure", "nonsense"] });
               performance.mark("a"); performance.measure("m"); performance.mark("b");"#,
            &[r#"true true {"droppedEntriesCount":0} mark,mark,measure"#, "2 1 0"],
        ),
        (
            "what was before, and one type after the other",
            r#"performance.mark("before"); performance.measure("before");
               const observer = new PerformanceObserver(list => console.log(list.getEntries().map(entry => entry.entryType + " " + entry.name).join()));
               observer.observe({ type: "mark", buffered: true }); observer.observe({ type: "measure" }); performance.measure("after");"#,
            &["measure after,mark before"],
        ),
        (
            "fetches",
            r#"new PerformanceObserver(list => { for (const entry of list.getEntries()) console.log(entry.name.at(-1), entry.initiatorType); }).observe({ type: "resource" });
               await (await fetch("/a")).text(); await new Promise(resolve => setTimeout(resolve, 0)); await (await fetch("/b")).text();"#,
            &["a fetch", "b fetch"],
        ),
        (
            "takeRecords() and disconnect()",
            r#"const observer = new PerformanceObserver(() => console.log("never")); observer.observe({ entryTypes: ["mark"] });
               performance.mark("a"); console.log(observer.takeRecords().length, observer.takeRecords().length); performance.mark("b"); observer.disconnect();
               console.log(observer.takeRecords().length);"#,
            &["1 0", "0"],
        ),
        (
            "what is refused",
            r#"const observer = new PerformanceObserver(() => {});
               console.log([
                 () => new PerformanceObserver(), () => new PerformanceObserver({}), () => observer.observe(), () => observer.observe({ entryTypes: ["mark"], type: "mark" }),
                 () => observer.observe({ entryTypes: ["mark"], buffered: true }), () => observer.observe({ type: "nonsense" }), () => observer.observe({ entryTypes: ["mark"] }),
               ].map(thrown).join());"#,
            &["TypeError,TypeError,TypeError,TypeError,TypeError,nothing,InvalidModificationError"],
        ),
        (
            "what an observer throws is reported, and others are told",
            r#"addEventListener("error", event => { console.log(event.error); event.preventDefault(); });
               new PerformanceObserver(() => { throw 1; }).observe({ type: "mark" }); new PerformanceObserver(() => console.log(2)).observe({ type: "mark" });
               performance.mark("a");"#,
            &["1", "2"],
        ),
        (
            "which types there are",
            r#"const types = PerformanceObserver.supportedEntryTypes; console.log(types.join(), Object.isFrozen(types), types === PerformanceObserver.supportedEntryTypes);"#,
            &["mark,measure,resource true true"],
        ),
    ]);
}
