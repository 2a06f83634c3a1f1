//! Graphs of modules that are large, deep or long in a circle, and what they may hold.

#[path = "support/lines.rs"]
mod lines;
#[path = "support/module_pages.rs"]
mod module_pages;

use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use sofetch::Url;
use sofetch_js::{Ending, Global, Interrupt, ModuleLoader, ModuleType, Runtime};
use sofetch_testkit::loopback::{Reply, serve};

use lines::Lines;
use module_pages::{json, page, script};

#[test]
fn large_graphs() {
    const MANY: usize = 4_000;
    let server = serve(|request| match request.path() {
        // A tree of which every node imports ten more, its parent, and the root.
        path if path.starts_with("/tree/") => {
            let number: usize = path[6..].trim_end_matches(".js").parse().expect("a number");
            let children = (number * 10 + 1..=number * 10 + 10).filter(|child| *child < MANY);
            let imports: String = children.map(|child| format!("import './{child}.js';")).collect();
            let parent = number.saturating_sub(1) / 10;
            script(format!(
                "{imports} import './{parent}.js'; globalThis.count = (globalThis.count ?? 0) + 1;"
            ))
        }
        _ => Reply::new(404),
    });
    let lines = page(
        &server.url("/"),
        |builder| builder,
        |runtime| {
            runtime.run_module("await import('/tree/0.js'); console.log(count);", "main").expect("a module");
        },
    );
    assert_eq!(lines, [MANY.to_string()]);
    assert_eq!(server.requests().len(), MANY);
    assert!(server.connections() <= 64, "{}", server.connections());
}

/// Modules in rows, circles and rows of stars, one after the other.
struct Rows;

impl ModuleLoader for Rows {
    fn load(&self, url: &Url, _: ModuleType) -> Result<String, String> {
        let (kind, number) = url.path()[1..].split_once('/').ok_or("no such module")?;
        let number: usize = number.trim_end_matches(".js").parse().map_err(|_| "no number")?;
        Ok(match (kind, number) {
            ("row", 1000) => "globalThis.row = true;".to_owned(),
            ("circle", 60) => "import './0.js'; globalThis.circle = true;".to_owned(),
            ("round", 1500) => "import './0.js';".to_owned(),
            ("deep", 2100) => String::new(),
            ("star", 1000) => "export const star = 'seen';".to_owned(),
            ("star", 0) => "import { star } from './1.js'; globalThis.star = star;".to_owned(),
            ("star", _) => format!("export * from './{}.js';", number + 1),
            _ => format!("import './{}.js';", number + 1),
        })
    }
}

#[test]
fn deep_graphs_and_long_circles_end_in_errors_at_worst() {
    let source = "for (const kind of ['row', 'circle', 'round', 'round', 'deep', 'deep', 'star'])
          await import(`/${kind}/0.js`).then(() => console.log(kind, globalThis[kind]), e => console.log(kind, e.name));";
    let lines = page(
        "https://a.test/",
        |builder| builder.module_loader(Rows),
        move |runtime| {
            runtime.run_module(source, "main").expect("a module");
        },
    );
    let expected = [
        "row true",
        "circle true",
        "round RangeError",
        "round InternalError",
        "deep RangeError",
        "deep RangeError",
        "star seen",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn memory_is_a_modules_limit_too() {
    let server = serve(|request| match request.path() {
        "/large.js" => script(format!("/*{}*/", "x".repeat(20 << 20))),
        // Short names of long URLs.
        "/many.js" => {
            let imports: String = (0..4_000).map(|number| format!("import 'p/{number}';")).collect();
            script(imports)
        }
        "/small.json" => json("[1]"),
        _ => Reply::new(404),
    });
    let map = format!(r#"{{ "imports": {{ "p/": "/{}/" }} }}"#, "y".repeat(10_000));
    let lines = page(
        &server.url("/"),
        |builder| builder.max_memory(16 << 20),
        move |runtime| {
            runtime.add_import_map(&map, None).expect("a map");
            let source = "(async () => {
            console.log((await import('/small.json', { with: { type: 'json' } })).default[0]);
            for (const name of ['large', 'many']) await import(`/${name}.js`).catch(e => console.log(e.name, e.message.endsWith('out of memory')));
            let long = 0; const x = 'x'.repeat(1 << 18);
            for (let i = 0; i < 40; i++) await import(`data:text/javascript,/*${x}${i}*/`).then(() => long++, () => {});
            console.log(long < 20);
        })()";
            runtime.run_script(source, "main.js").expect("no limit");
        },
    );
    assert_eq!(lines, ["1", "TypeError true", "RangeError true", "true"]);
}

#[test]
fn an_interrupt_ends_who_waits_for_a_module() {
    for (global, source, is_module) in [
        (Global::Window, "import '/hang.js'; console.log('never');", true),
        (Global::Window, "import('/hang.js').finally(() => console.log('never'));", false),
        (Global::Worker, "try { importScripts('/hang.js'); } finally { console.log('never'); }", false),
    ] {
        let interrupt = Arc::new(OnceLock::<Interrupt>::new());
        let asked = interrupt.clone();
        let server = serve(move |_| {
            asked.get().expect("it is set before a script runs").interrupt();
            Reply::hang()
        });
        let lines = Lines::default();
        let url = Url::parse(&server.url("/"), None).expect("a URL");
        let builder = Runtime::builder().base_url(url).global(global).printer(Rc::new(lines.clone()));
        let mut runtime = builder.build().expect("a runtime");
        assert!(interrupt.set(runtime.interrupt_handle()).is_ok());
        let ran =
            if is_module { runtime.run_module(source, "main") } else { runtime.run_script(source, "main") };
        ran.expect("it begins");
        assert_eq!(runtime.run_until_idle(), Ending::Interrupted, "{source}");
        drop(runtime);
        assert!(lines.take().is_empty(), "{source}");
    }
}
