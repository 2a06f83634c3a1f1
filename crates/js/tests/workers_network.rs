//! Workers whose scripts are fetched, over loopback; and those of files.

#[path = "support/lines.rs"]
mod lines;
#[path = "support/workers.rs"]
mod support;

use sofetch_js::{ModuleFolders, RuntimeBuilder};
use sofetch_testkit::loopback::{Reply, Server, serve};

use support::{page, wrapped};

/// A script, and said to be one.
fn script(text: impl Into<String>) -> Reply {
    Reply::ok(text.into()).header("Content-Type", "text/javascript")
}

fn run(
    server: &Server,
    source: &str,
    settings: impl FnOnce(RuntimeBuilder) -> RuntimeBuilder + Send + 'static,
) -> Vec<String> {
    let source = wrapped(source);
    page(&server.url("/page/"), settings, move |runtime| {
        runtime.run_script(&source, "test.js").expect("a script");
    })
}

fn served() -> Server {
    serve(|request| {
        match request.path() {
        "/page/w.js" => script("importScripts('sub/i.js'); onmessage = ({ data }) => postMessage([data, imported, location.pathname + location.search, self.origin === location.origin]);"),
        "/page/sub/i.js" => script("const imported = 'i';"),
        "/page/m.js" => script("import { a } from './sub/a.js'; import data from './sub/d.json' with { type: 'json' }; postMessage([a, data.n, import.meta.url.endsWith('/page/m.js'), (await import('./sub/late.js')).late]);"),
        "/page/sub/a.js" => script("export { a } from './b.js';"),
        "/page/sub/b.js" => script("export const a = 'a';"),
        "/page/sub/d.json" => Reply::ok("{\"n\":7}").header("Content-Type", "application/json"),
        "/page/sub/late.js" => script("export const late = 'late';"),
        "/page/there.js" => Reply::new(302).header("Location", "/page/sub/here.js?x"),
        "/page/sub/here.js" => script("importScripts('i.js'); postMessage(location.pathname + location.search + imported);"),
        "/page/fetches.js" => script("onmessage = async ({ data }) => { let e; addEventListener('securitypolicyviolation', (event) => { e = event; }); const r = await fetch(data).then((r) => r.text(), (e) => e.name); setTimeout(() => postMessage([r, e && e.effectiveDirective])); };"),
        "/page/strict.js" => script("onmessage = async ({ data }) => { addEventListener('securitypolicyviolation', (event) => postMessage(event.effectiveDirective)); fetch(data).catch(() => {}); };")
            .header("Content-Security-Policy", "connect-src 'none'"),
        "/page/private.js" => script("fetch('/page/echo').then(r => r.text()).then(postMessage);").header("Referrer-Policy", "no-referrer"),
        "/page/echo" => Reply::ok(request.header("referer").unwrap_or_else(|| "none".to_owned())),
        "/page/html.js" => Reply::ok("postMessage(1)").header("Content-Type", "text/html"),
        "/page/text" => Reply::ok("text"),
        _ => Reply::new(404),
    }
    })
}

#[test]
fn scripts_table() {
    let server = served();
    for (name, source, expected) in [
        (
            "a classic one",
            "const w = new Worker('w.js?q#f'); w.postMessage(1); log(await heard(w));",
            "[1, \"i\", \"/page/w.js?q\", true]",
        ),
        (
            "a module, with all that it imports",
            "const w = new Worker('./m.js', { type: 'module' }); log(await heard(w));",
            "[\"a\", 7, true, \"late\"]",
        ),
        (
            "redirected: its place is where it came from",
            "const w = new Worker('there.js'); log(await heard(w));",
            "/page/sub/here.js?xi",
        ),
        (
            "not there",
            "const w = new Worker('none.js'); log((await fired(w, 'error')).constructor.name);",
            "Event",
        ),
        (
            "of no fitting type",
            "const w = new Worker('html.js'); log((await fired(w, 'error')).constructor.name);",
            "Event",
        ),
        (
            "a module that is not there",
            "const w = new Worker('none.js', { type: 'module' }); log((await fired(w, 'error')).constructor.name);",
            "Event",
        ),
        (
            "it fetches",
            "const w = new Worker('fetches.js'); w.postMessage('/page/text'); log(await heard(w));",
            "[\"text\", undefined]",
        ),
        (
            "under the policies of its response",
            "const w = new Worker('strict.js'); onsecuritypolicyviolation = () => log('never'); w.postMessage('/page/text'); log(await heard(w));",
            "connect-src",
        ),
        (
            "with the referrer policy of its response",
            "const w = new Worker('private.js'); log(await heard(w));",
            "none",
        ),
        (
            "an entry of Resource Timing, its owner's",
            "const w = new Worker('w.js?timed'); w.postMessage(1); await heard(w); const [e] = performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('timed')); log(e.initiatorType, e.responseStatus);",
            "other 200",
        ),
    ] {
        assert_eq!(run(&server, source, |builder| builder), [expected], "{name}");
    }
    let request = &server.requests_to("/page/there.js")[0];
    assert_eq!(request.header("sec-fetch-dest").as_deref(), Some("worker"));
    assert_eq!(request.header("sec-fetch-mode").as_deref(), Some("same-origin"));
    let import = &server.requests_to("/page/sub/b.js")[0];
    assert_eq!(import.header("sec-fetch-dest").as_deref(), Some("worker"));
    assert_eq!(import.header("sec-fetch-mode").as_deref(), Some("cors"));
    assert!(import.header("referer").is_some_and(|referrer| referrer.ends_with("/page/sub/a.js")));
    let late = &server.requests_to("/page/sub/late.js")[0];
    assert_eq!(late.header("sec-fetch-dest").as_deref(), Some("script"));
}

#[test]
fn policies_of_the_owner_table() {
    let server = served();
    let blocked = "const violated = fired(self, 'securitypolicyviolation'); const w = new Worker('w.js'); log((await fired(w, 'error')).constructor.name, (await violated).effectiveDirective);";
    let inherited = "const w = new Worker(URL.createObjectURL(new Blob([\"addEventListener('securitypolicyviolation', (e) => postMessage(e.effectiveDirective)); fetch('http://localhost:4444/x').catch(() => {});\"]))); log(await heard(w));";
    for (name, csp, source, expected) in [
        ("worker-src", "worker-src 'none'", blocked, "Event worker-src"),
        ("script-src in its place", "script-src 'none'", blocked, "Event worker-src"),
        (
            "its own",
            "worker-src 'self'",
            "const w = new Worker('w.js'); w.postMessage(1); log((await heard(w))[0]);",
            "1",
        ),
        ("a blob: URL's are its owner's", "connect-src 'none'; worker-src blob:", inherited, "connect-src"),
        (
            "a module's static imports",
            "worker-src 'self'; script-src 'none'",
            "const w = new Worker('m.js', { type: 'module' }); log((await heard(w))[0]);",
            "a",
        ),
    ] {
        assert_eq!(run(&server, source, move |builder| builder.csp(csp)), [expected], "{name}");
    }
    let other = serve(|_| script("export default 1;").header("Access-Control-Allow-Origin", "*"));
    let source = format!(
        "const w = new Worker('data:text/javascript,import \"{}\"; postMessage(1)', {{ type: 'module' }}); log((await fired(w, 'error')).constructor.name);",
        other.url("/x.js")
    );
    assert_eq!(
        run(&server, &source, |builder| builder.csp("worker-src data:")),
        ["Event"],
        "static imports are the owner's fetches"
    );
}

#[test]
fn embedder_policies_table() {
    let server = serve(|request| {
        let isolated =
            |reply: Reply| reply.header("Cross-Origin-Embedder-Policy", "require-corp; report-to=\"none\"");
        let owner = "new ReportingObserver((reports) => { for (const { type, body } of reports) postMessage([type, body.type, body.disposition, new URL(body.blockedURL).pathname]); }).observe();
            const w = new Worker('/w.js' + location.search); w.onmessage = ({ data }) => postMessage(data); w.onerror = ({ constructor }) => postMessage(constructor.name);
            if (location.search === '?embeds') fetch('http://localhost:PORT/', { mode: 'no-cors' }).then(() => postMessage('embedded'), () => postMessage('blocked'));";
        let port = request.header("host").and_then(|host| Some(host.rsplit_once(':')?.1.to_owned()));
        let owner = || script(owner.replace("PORT", &port.clone().unwrap_or_default()));
        let is_isolated = request.target.contains("isolated") || request.target.contains("embeds");
        match request.path() {
            "/owner.js" => isolated(owner()),
            "/watched.js" => owner().header("Cross-Origin-Embedder-Policy-Report-Only", "credentialless"),
            "/w.js" if is_isolated => isolated(script("postMessage('runs')")),
            "/w.js" => script("postMessage('runs')"),
            _ => Reply::ok("text"),
        }
    });
    for (name, url, heard) in [
        ("a policy of its own", "/owner.js?isolated", &["runs"][..]),
        (
            "none, where its owner has one",
            "/owner.js",
            &["Event", "coep worker initialization enforce /w.js"],
        ),
        (
            "none, where its owner's is only watched",
            "/watched.js",
            &["coep worker initialization reporting /w.js", "runs"],
        ),
        ("what it embeds must let it", "/owner.js?embeds", &["blocked", "coep corp enforce /", "runs"]),
    ] {
        let source = format!(
            "const w = new Worker({url:?}), all = []; await new Promise((resolve) => {{ w.onmessage = ({{ data }}) => {{ if (all.push([data].flat().join(' ')) === {}) resolve(); }}; }}); all.sort().forEach((line) => log(line)); w.terminate();",
            heard.len()
        );
        assert_eq!(run(&server, &source, |builder| builder), heard, "{name}");
    }
}

#[test]
fn one_agent_serves_all() {
    let server = served();
    let source = "const w = new Worker('fetches.js'); for (let i = 0; i < 3; i++) { w.postMessage('/page/text'); log((await heard(w))[0]); log(await (await fetch('/page/text')).text()); }";
    assert_eq!(run(&server, source, |builder| builder), ["text"; 6]);
    // On a connection each of one pool, not a worker's own.
    assert!(server.connections() <= 2, "{}", server.connections());
}

#[test]
fn on_the_users_own_behalf() {
    let server = served();
    assert_eq!(
        run(&server, "const w = new Worker('w.js'); w.postMessage(1); log(await heard(w));", |builder| {
            builder.page(false)
        }),
        ["[1, \"i\", \"/page/w.js\", true]"]
    );
}

#[test]
fn files_of_the_folders_that_are_held() {
    let folder = std::env::temp_dir().join(format!("sofetch-workers-{}", std::process::id()));
    let inside = folder.join("inside");
    std::fs::create_dir_all(&inside).expect("a folder");
    for (name, text) in [
        (
            "inside/w.js",
            "importScripts('i.js'); postMessage(i); try { importScripts('../outside.js'); } catch (e) { postMessage(e.name); }",
        ),
        ("inside/i.js", "const i = 'imported';"),
        (
            "inside/m.mjs",
            "import { b } from './b.mjs'; postMessage(b); import('../outside.js').catch((e) => postMessage(e.name)); new Worker('w.js').onmessage = (e) => postMessage(e.data);",
        ),
        ("inside/b.mjs", "export const b = 'b';"),
        ("outside.js", "postMessage('outside')"),
    ] {
        std::fs::write(folder.join(name), text).expect("a file");
    }
    let folders = ModuleFolders::new([&inside]).expect("it is there");
    let place = ModuleFolders::url_of(&inside.join("main.js")).expect("a URL");
    let source = wrapped(
        "const all = (w, n) => new Promise((resolve) => { const got = []; w.onmessage = (e) => { if (got.push(e.data) === n) resolve(got.sort().join()); }; });
         log(await all(new Worker('w.js'), 2)); log(await all(new Worker('m.mjs', { type: 'module' }), 4));
         log((await fired(new Worker('../outside.js'), 'error')).type);",
    );
    let lines = page(
        "file:///",
        move |builder| builder.module_loader(folders),
        move |runtime| {
            runtime.locate("main.js", place);
            runtime.run_script(&source, "main.js").expect("a script");
        },
    );
    assert_eq!(lines, ["NetworkError,imported", "NetworkError,TypeError,b,imported", "error"]);
    std::fs::remove_dir_all(folder).expect("it is there");
}
