//! `importScripts()` of workers, over loopback.

#[path = "support/lines.rs"]
mod lines;
#[path = "support/module_pages.rs"]
mod module_pages;

use sofetch_js::Global;
use sofetch_testkit::loopback::{Reply, serve};

use module_pages::{json, page, script};

#[test]
fn import_scripts_table() {
    let other = serve(|request| match request.path() {
        "/fine.js" => script(
            "globalThis.other = import('./never.js').catch(e => new URL(e.message.split(' ')[0]).pathname);",
        ),
        "/throws.js" => script("throw new Error('nobody sees this');"),
        "/broken.js" => script("let 1;"),
        _ => Reply::new(404),
    });
    let at = other.url("");
    let server = serve(move |request| match request.path() {
        "/w/a.js" => script("var a = 1; const late = () => a + b;").header("X-Asked", "1"),
        "/w/b.js" => script("var b = late.name.length; console.log('b');"),
        "/w/throws.js" => script("throw new Error('thrown');"),
        "/w/broken.js" => script("let 1;"),
        "/w/html.js" => Reply::ok("1").header("Content-Type", "text/html"),
        "/w/there.js" => Reply::new(302).header("Location", "/w/deep/there.js"),
        "/w/deep/there.js" => {
            script("import('./data.json', { with: { type: 'json' } }).then(m => console.log(m.default.n));")
        }
        "/w/deep/data.json" => json("{\"n\":7}"),
        "/w/nul.js" => script("console.log('\0'.length);"),
        _ => Reply::new(404),
    });
    let url = server.url("/w/worker.js");
    let table: [(&str, &str, &[&str]); 9] = [
        ("classic scripts, one after the other, in the global", "importScripts('a.js', './b.js'); console.log(late(), importScripts());", &["b", "5 undefined"]),
        ("no URL: nothing is fetched", "try { importScripts('b.js', 'http://['); } catch (e) { console.log(e.name, e.code, e instanceof DOMException); }", &["SyntaxError 12 true"]),
        ("not there", "try { importScripts('none.js'); } catch (e) { console.log(e.name, e.code, e instanceof DOMException); }", &["NetworkError 19 true"]),
        ("of no fitting type", "try { importScripts('html.js'); } catch (e) { console.log(e.name); }", &["NetworkError"]),
        ("what it throws", "try { importScripts('throws.js', 'b.js'); } catch (e) { console.log(e.message); }", &["thrown"]),
        ("what does not parse", "try { importScripts('broken.js'); } catch (e) { console.log(e.constructor === SyntaxError); }", &["true"]),
        ("its own place, by where it came from", "importScripts('there.js');", &["7"]),
        ("a NUL character", "importScripts('nul.js');", &["1"]),
        (
            "another origin's script runs, and says nothing of its errors",
            "importScripts(OTHER + '/fine.js'); console.log(await other);
             for (const name of ['throws', 'broken']) try { importScripts(`${OTHER}/${name}.js`); } catch (e) { console.log(e.name, e.message.includes('nobody')); }",
            &["/never.js", "NetworkError false", "NetworkError false"],
        ),
    ];
    for (name, source, expected) in table {
        let source = format!("const OTHER = '{at}'; (async () => {{ {source} }})();");
        let lines = page(
            &url,
            |builder| builder.global(Global::Worker),
            move |runtime| {
                runtime.run_script(&source, "worker.js").expect("a script");
            },
        );
        assert_eq!(lines, expected, "{name}");
    }
    assert!(server.requests_to("/w/a.js")[0].header("sec-fetch-mode").is_some_and(|mode| mode == "no-cors"));
    assert!(server.requests_to("/w/b.js").len() == 1, "nothing is fetched behind a failure");
}

#[test]
fn the_console_is_told_why_a_script_is_not_there() {
    let server = serve(|request| match request.path() {
        "/w/html.js" => Reply::ok("1").header("Content-Type", "text/html"),
        _ => Reply::new(404),
    });
    for (name, why) in [("none", "the server answered 404"), ("html", "the server says that it is text/html")]
    {
        let source = format!("importScripts('{name}.js');");
        let lines = page(
            &server.url("/w/worker.js"),
            |builder| builder.global(Global::Worker),
            move |runtime| {
                runtime.run_script(&source, "worker.js").unwrap();
                runtime.run_until_idle();
            },
        );
        let ending = format!("/w/{name}.js could not be loaded ({why})");
        assert!(
            lines.iter().any(|line| line.contains("Uncaught NetworkError") && line.contains(&ending)),
            "{lines:?}"
        );
    }
}
