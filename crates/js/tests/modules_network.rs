//! Modules from the network, over loopback: which requests a graph makes, what its servers may say, and what becomes of failures.
//!
//! Longer than most by its tables: a row a case, of the servers' answers and of what scripts see of them.

#[path = "support/lines.rs"]
mod lines;
#[path = "support/module_pages.rs"]
mod module_pages;

use std::sync::Arc;

use sofetch::{Url, UserAgent};
use sofetch_js::Runtime;
use sofetch_testkit::loopback::{
    Origins, Reply, RequestSeen, Server, ServerConfig, answering_later, serve, start,
};
use tokio::sync::Notify;

use module_pages::{json, page, script};

/// A module script of a page of this server.
fn run(server: &Server, source: &str) -> Vec<String> {
    let source = source.to_owned();
    page(
        &server.url("/page/"),
        |builder| builder,
        move |runtime| {
            runtime.run_module(&source, "inline").expect("a module");
        },
    )
}

/// What was asked, path and some headers.
fn asked(server: &Server, header: &str) -> Vec<(String, String)> {
    let seen = server.requests().into_iter();
    let mut seen: Vec<_> =
        seen.map(|request| (request.path().to_owned(), request.header(header).unwrap_or_default())).collect();
    seen.sort();
    seen
}

fn tree(request: &RequestSeen) -> Reply {
    match request.path() {
        "/lib/one.js" => script(
            "import { two } from './two.js'; export const one = () => 'one'; export default one() + two();",
        ),
        "/lib/two.js" => script(
            "import { one } from './one.js'; import three from '/lib/deep/three.js'; export const two = () => one() + three;",
        ),
        "/lib/deep/three.js" => script(
            "import data from '../data.json' with { type: 'json' }; import text from '../text.html' with { type: 'text' }; export default data.name + text;",
        ),
        "/lib/data.json" => json("{ \"name\": \"data\" }"),
        "/lib/text.html" => Reply::ok("<text>").header("Content-Type", "text/html"),
        "/lib/late.js" => script(
            "export default await new Promise(resolve => setTimeout(resolve, 0, 'late')); console.log('late is there');",
        ),
        "/lib/after.js" => script("import late from './late.js'; console.log('after', late);"),
        "/lib/beside.js" => script("console.log('beside');"),
        "/lib/order.js" => script("import './after.js'; import './beside.js'; console.log('order');"),
        "/lib/where.js" => script("export default [import.meta.url, import.meta.resolve('./x')];"),
        "/lib/moved.js" => Reply::new(302).header("Location", "/elsewhere/where.js"),
        "/elsewhere/where.js" => {
            script("import './neighbour.js'; export default [import.meta.url, import.meta.resolve('./x')];")
        }
        "/elsewhere/neighbour.js" => script(""),
        "/lib/html.js" => Reply::ok("1").header("Content-Type", "text/html"),
        "/lib/untyped.js" => Reply::ok("1"),
        "/lib/json.js" => json("1"),
        "/lib/broken.json" => json("{"),
        "/lib/broken.js" => script("export default ;"),
        "/lib/imports-broken.js" => script("import './broken.js'; console.log('never');"),
        "/lib/imports-none.js" => script("import './none.js'; console.log('never');"),
        "/lib/imports-name.js" => script("import { none } from './where.js'; console.log('never');"),
        "/lib/imports-bare.js" => script("import 'bare'; import './never-asked-for.js';"),
        "/lib/imports-throws.js" => script("import './throws.js'; console.log('never');"),
        "/lib/throws.js" => script("throw new Error('thrown');"),
        "/lib/bom.js" => script("\u{feff}export default '\u{e9}';"),
        "/lib/shared-a.js" => script("import './imports-name.js'; import './where.js';"),
        _ => Reply::new(404).header("Content-Type", "text/javascript").body("console.log('never')"),
    }
}

#[test]
fn a_graph_is_fetched_once_and_for_what_it_is() {
    let server = serve(tree);
    let lines = run(
        &server,
        "import one from '/lib/one.js'; import { two } from '../lib/two.js'; console.log(one, two());",
    );
    assert_eq!(lines, ["oneonedata<text> onedata<text>"]);
    let base = server.url("");
    let expected = |rows: [(&str, &str); 5]| rows.map(|(path, said)| (path.to_owned(), said.to_owned()));
    assert_eq!(
        asked(&server, "sec-fetch-dest"),
        expected([
            ("/lib/data.json", "json"),
            ("/lib/deep/three.js", "script"),
            ("/lib/one.js", "script"),
            ("/lib/text.html", "text"),
            ("/lib/two.js", "script")
        ])
    );
    assert_eq!(
        asked(&server, "referer"),
        expected([
            ("/lib/data.json", &format!("{base}/lib/deep/three.js")),
            ("/lib/deep/three.js", &format!("{base}/lib/two.js")),
            ("/lib/one.js", &format!("{base}/page/")),
            ("/lib/text.html", &format!("{base}/lib/deep/three.js")),
            ("/lib/two.js", &format!("{base}/page/")),
        ])
    );
    assert!(asked(&server, "sec-fetch-mode").iter().all(|(_, mode)| mode == "cors"));
}

#[test]
fn what_scripts_see_table() {
    let table: [(&str, &str, &[&str]); 14] = [
        ("await at the top keeps those waiting who import it, and nobody else", "import '/lib/order.js';", &["beside", "late is there", "after late", "order"]),
        (
            "import() gives the same module",
            "import * as all from '/lib/where.js'; const [a, b] = await Promise.all([import('/lib/where.js'), import('../lib/./where.js')]);
             console.log(a === all, b === all);",
            &["true true"],
        ),
        (
            "a redirect leads where relative names are from then on",
            "const { default: [url, x] } = await import('/lib/moved.js'); console.log(new URL(url).pathname, new URL(x).pathname);",
            &["/elsewhere/where.js /elsewhere/x"],
        ),
        (
            "what is of no fitting type is none",
            "for (const [name, type] of [['html.js'], ['untyped.js'], ['json.js'], ['where.js', 'json'], ['none.js']])
               await import('/lib/' + name, type && { with: { type } }).catch(e => console.log(e.constructor === TypeError, e.message.split(': ').slice(1).join(': ')));",
            &[
                "true the server says that it is text/html",
                "true the server says no MIME type",
                "true the server says that it is application/json",
                "true the server says that it is text/javascript",
                "true the server answered 404",
            ],
        ),
        (
            "what is no JSON is a SyntaxError, the same each time",
            "const errors = []; for (const _ of [1, 2]) await import('/lib/broken.json', { with: { type: 'json' } }).catch(e => errors.push(e));
             console.log(errors[0].constructor === SyntaxError, errors[0] === errors[1]);",
            &["true true"],
        ),
        (
            "so is what does not parse, wherever it stands",
            "const errors = []; for (const name of ['broken', 'imports-broken', 'imports-broken']) await import(`/lib/${name}.js`).catch(e => errors.push(e));
             console.log(errors[0].constructor === SyntaxError, errors[0] === errors[1], errors[1] === errors[2]);",
            &["true true true"],
        ),
        (
            "what is not there fails again, and is not asked for again",
            "const errors = []; for (const _ of [1, 2]) await import('/lib/imports-none.js').catch(e => errors.push(e));
             console.log(errors[0].constructor === TypeError, errors[0] === errors[1], errors[1].message.includes('/lib/none.js'));",
            &["true false true"],
        ),
        (
            "a name that nobody exports",
            "for (const name of ['imports-name', 'shared-a', 'imports-name']) await import(`/lib/${name}.js`).catch(e => console.log(e.constructor === SyntaxError));
             console.log((await import('/lib/where.js')).default.length);",
            &["true", "true", "true", "2"],
        ),
        ("a bare specifier is found before anything is fetched", "await import('/lib/imports-bare.js').catch(e => console.log(e.constructor === TypeError));", &["true"]),
        (
            "what one throws is everybody's",
            "const errors = []; for (const name of ['imports-throws', 'throws', 'imports-throws']) await import(`/lib/${name}.js`).catch(e => errors.push(e));
             console.log(errors[0].message, errors[0] === errors[1], errors[1] === errors[2]);",
            &["thrown true true"],
        ),
        ("UTF-8 it is", "console.log((await import('/lib/bom.js')).default);", &["\u{e9}"]),
        (
            "data: and blob: URLs",
            "console.log((await import('data:text/javascript,export default import.meta.url.length')).default);
             const url = URL.createObjectURL(new Blob(['export default 2'], { type: 'text/javascript' }));
             console.log((await import(url)).default);
             await import('data:text/plain,1').catch(e => console.log(e.constructor === TypeError));
             console.log((await import('data:application/json,[3]', { with: { type: 'json' } })).default[0]);",
            &["58", "2", "true", "3"],
        ),
        (
            "scripts change nothing of it",
            "Promise.prototype.then = Promise.prototype.catch = function () { console.log('asked'); };
             Object.prototype.type = Object.prototype.with = 'json'; Array.prototype[Symbol.iterator] = undefined; JSON.parse = () => 'mine';
             Object.defineProperty(Object.prototype, 'then', { get() { console.log('read'); } });
             const data = await import('/lib/data.json', { with: { __proto__: null, type: 'json' } });
             console.log(data.default.name);",
            &["data"],
        ),
        (
            "files are no page's of the network",
            "await import('file:///etc/hosts').catch(e => console.log(e.constructor === TypeError));",
            &["true"],
        ),
    ];
    for (name, source, expected) in table {
        let server = serve(tree);
        assert_eq!(run(&server, source), expected, "{name}");
        let mut paths: Vec<_> =
            server.requests().into_iter().map(|request| request.path().to_owned()).collect();
        let all = paths.len();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), all, "{name}: nothing is fetched twice");
        assert!(!paths.contains(&"/lib/never-asked-for.js".to_owned()), "{name}");
    }
}

#[test]
fn uncaught_failures_of_a_pages_module_are_reported() {
    for (source, said) in [
        ("import '/lib/none.js';", "! Uncaught TypeError: http"),
        ("import '/lib/broken.js';", "! Uncaught SyntaxError: "),
        ("import { none } from '/lib/where.js';", "! Uncaught SyntaxError: "),
        ("import '/lib/throws.js';", "! Uncaught Error: thrown"),
        ("import('/lib/none.js');", "! Uncaught (in promise) TypeError: http"),
    ] {
        let lines = run(&serve(tree), source);
        assert!(lines.len() == 1 && lines[0].starts_with(said), "{source}: {lines:?}");
    }
}

#[test]
fn import_blocks_nothing() {
    let (go, waiting) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (ticked, slow) = (go.clone(), waiting.clone());
    let server = start(ServerConfig::http(answering_later(move |request: RequestSeen| {
        let (ticked, slow) = (ticked.clone(), slow.clone());
        async move {
            match request.path() {
                "/slow.js" => {
                    // It comes when a timer has ticked, and never if that waits for it.
                    slow.notify_one();
                    ticked.notified().await;
                    script("export default 'slow';")
                }
                "/tick" => {
                    slow.notified().await;
                    ticked.notify_one();
                    Reply::ok("")
                }
                _ => Reply::new(404),
            }
        }
    })));
    let source = "import('/slow.js').then(slow => console.log(slow.default));
                  setTimeout(() => { console.log('tick'); fetch('/tick').then(r => r.text()).then(() => console.log('told')); }, 1);";
    let mut lines = run(&server, source);
    assert_eq!(lines.remove(0), "tick");
    lines.sort();
    assert_eq!(lines, ["slow", "told"]);
}

#[test]
fn scripts_of_the_page_run_in_their_order() {
    let server = serve(tree);
    let order = server.url("/lib/order.js");
    let lines = page(
        &server.url("/page/"),
        |builder| builder,
        move |runtime| {
            runtime.run_script("setTimeout(() => console.log('timer'))", "first.js").expect("a script");
            runtime.run_module("import '/lib/beside.js'; console.log('first');", "a").expect("a module");
            runtime.run_script("console.log('second');", "b.js").expect("a script");
            runtime.run_module_url(&Url::parse(&order, None).expect("a URL")).expect("a module");
        },
    );
    let mut expected =
        vec!["timer", "beside", "first", "second", "beside", "late is there", "after late", "order"];
    expected.remove(4);
    assert_eq!(lines, expected);
}

#[test]
fn a_module_of_another_origin_needs_its_leave() {
    let open = |reply: Reply| reply.header("Access-Control-Allow-Origin", "https://a.test");
    let origins = Origins::new()
        .with("a.test", |request| match request.path() {
            "/there.js" => Reply::new(302).header("Location", "https://b.test/open.js"),
            _ => script("export default 'a';"),
        })
        .with("b.test", move |request| match request.path() {
            "/open.js" => open(script("import './below.js'; export default import.meta.url;"))
                .header("Referrer-Policy", "no-referrer"),
            "/below.js" => open(script("")),
            "/cookie.js" => open(script("export default 1;")).header("Set-Cookie", "a=b"),
            _ => script("export default 'closed';"),
        });
    let addresses = origins.addresses();
    let (roots, at) = (origins.authority.pem().to_owned(), addresses);
    let agent = move || {
        let mut agent = UserAgent::builder().add_root_certificates_pem(roots);
        for (host, port, address) in at {
            agent = agent.connect_to(&host, port, address);
        }
        agent
    };
    let lines = page(
        "https://a.test/page/",
        |builder| builder.agent(agent()),
        |runtime| {
            let source = "import a from '/a.js';
            for (const url of ['https://b.test/open.js', '/there.js', 'https://b.test/closed.js'])
              await import(url).then(m => console.log(m.default), e => console.log(e.constructor === TypeError, e.message));";
            runtime.run_module(source, "inline").expect("a module");
        },
    );
    assert_eq!(
        lines,
        [
            "https://b.test/open.js",
            "https://b.test/open.js",
            "true https://b.test/closed.js cannot be imported: failed to fetch"
        ]
    );
    let below = origins.server("b.test").requests_to("/below.js");
    assert!(below[0].header("referer").is_none(), "the importer's Referrer-Policy is what it imports with");
    assert_eq!(below[0].header("origin").as_deref(), Some("https://a.test"));
}

#[test]
fn import_maps_lead_and_vouch() {
    // printf 'export default 1;' | openssl dgst -sha256 -binary | base64
    let server = serve(|request| match request.path() {
        "/vendor/lib.js" | "/vendor/changed.js" => script("export default 1;"),
        "/scoped/lib.js" => script("export default 'scoped';"),
        "/app/main.js" => script("import lib from 'lib'; export default [lib, import.meta.resolve('lib')];"),
        _ => Reply::new(404),
    });
    let map = r#"{
        "imports": { "lib": "/vendor/lib.js", "vendor/": "/vendor/" },
        "scopes": { "/app/": { "lib": "/scoped/lib.js" } },
        "integrity": { "/vendor/lib.js": "sha256-HASH", "/vendor/changed.js": "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" }
    }"#
    .replace("HASH", "VjMuClVzS8K3PfVqLfhjXtXFskttekVrQd58q5ovOBQ=");
    let lines = page(
        &server.url("/page/"),
        |builder| builder,
        move |runtime| {
            runtime.add_import_map(&map, None).expect("a map");
            let source = "import lib from 'lib'; import main from '/app/main.js'; console.log(lib, main[0], new URL(main[1]).pathname);
            await import('vendor/changed.js').catch(e => console.log(e.constructor === TypeError, e.message.endsWith('failed to fetch')));
            import('./relative.js').catch(e => console.log(new URL(e.message.split(' ')[0]).pathname));";
            runtime.run_module(source, "inline").expect("a module");
            let late = runtime.add_import_map("{}", None).expect_err("it is late");
            assert!(late.to_string().contains("after the first import"), "{late}");
        },
    );
    assert_eq!(lines, ["1 scoped /scoped/lib.js", "true true", "/page/relative.js"]);
    let mut runtime = Runtime::builder().build().expect("a runtime");
    for (text, said) in [
        ("{", "it is no JSON"),
        ("[]", "an import map is no object"),
        (r#"{"imports": 1}"#, "\"imports\" is no object"),
    ] {
        let error = runtime.add_import_map(text, None).expect_err("it is none");
        assert!(error.to_string().contains(said), "{error}");
    }
}

/// A URL takes its blob along when it is parsed, which is when `import()` is called: what becomes of it then is all the same.
#[test]
fn an_import_has_the_blob_of_its_url_from_the_call_on() {
    let server = serve(tree);
    let lines = run(
        &server,
        "const make = (text, type = 'text/javascript') => URL.createObjectURL(new Blob([text], { type }));
         const tell = async (row, promise) => console.log(row, await promise.then(m => m.default, e => e.name));
         const revoked = (url, promise = import(url)) => { URL.revokeObjectURL(url); return promise; };
         const one = make('export default 1');
         await tell('revoked at once', revoked(one));
         await tell('again, of the map', import(one));
         const two = make('export default 2');
         const both = [revoked(two), import(two)];
         await tell('before', both[0]); await tell('and behind', both[1]);
         const three = make('export default import.meta.url.slice(-1)');
         const fragments = [import(three + '#a'), import(three + '#b')];
         URL.revokeObjectURL(` ${three} `);
         for (const promise of fragments) await tell('a fragment', promise);
         const four = make('export default 4');
         URL.revokeObjectURL(four);
         await tell('revoked before', import(four));
         const five = make('export default 5');
         const later = revoked(five, Promise.resolve());
         await tell('called in a job behind', later.then(() => import(five)));
         const six = make('6', 'application/json');
         await tell('a value', revoked(six, import(six, { with: { type: 'json' } })));
         const worker = new Worker(make(`const u = URL.createObjectURL(new Blob(['export default 7'], { type: 'text/javascript' }));
           import(u).then(m => postMessage(m.default), e => postMessage(e.name)); URL.revokeObjectURL(u);`));
         await tell('in a worker', new Promise(resolve => { worker.onmessage = ({ data }) => resolve({ default: data }); }));
         worker.terminate();",
    );
    assert_eq!(
        lines,
        [
            "revoked at once 1",
            "again, of the map 1",
            "before 2",
            "and behind 2",
            "a fragment a",
            "a fragment b",
            "revoked before TypeError",
            "called in a job behind TypeError",
            "a value 6",
            "in a worker 7",
        ]
    );
}
