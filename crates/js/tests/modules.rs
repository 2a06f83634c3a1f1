//! Module scripts: specifiers, `import.meta`, what loads and what does not, top-level await, errors.

#[path = "support/lines.rs"]
mod lines;

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

use sofetch::Url;
use sofetch_js::{Ending, ModuleFolders, ModuleLoader, ModuleType, Runtime};

use lines::Lines;

/// `https://a.test/lib/...` in a table.
struct Table;

impl ModuleLoader for Table {
    fn load(&self, url: &Url, _: ModuleType) -> Result<String, String> {
        let text = match url.path() {
            "/lib/one.js" => "export const one = 1; export { two } from './two.js';",
            "/lib/two.js" => "import { one } from './one.js'; export const two = () => one + 1;",
            "/lib/where.js" => "export default [import.meta.url, import.meta.resolve('../x')];",
            "/lib/once.js" => "console.log('once'); export default {};",
            "/lib/late.js" => "export default await new Promise(resolve => setTimeout(resolve, 0, 'late'));",
            "/lib/throws.js" => "\n  throw new Error('at its top');",
            "/lib/broken.js" => "export default ;",
            "/lib/kind.js" => "import '/lib/one.js' with { type: 'json', kind: 'x' };",
            "/lib/css.js" => "import '/lib/one.js' with { type: 'css' };",
            "/lib/data.json" => "{\"a\":[1,2]}",
            "/lib/then.js" => "export function then(resolve) { resolve('from then'); }",
            "/lib/whole.js" => "import * as inner from './then.js'; export { inner };",
            "/lib/nul.js" => "export default '\0';",
            _ => return Err("no such file".to_owned()),
        };
        Ok(text.to_owned())
    }
}

fn run_with(loader: impl ModuleLoader + 'static, steps: impl FnOnce(&mut Runtime)) -> (Vec<String>, bool) {
    let lines = Lines::default();
    let url = Url::parse("https://a.test/page/", None).expect("a URL");
    let builder = Runtime::builder().base_url(url).module_loader(loader).printer(Rc::new(lines.clone()));
    let mut runtime = builder.build().expect("a runtime");
    steps(&mut runtime);
    assert_eq!(runtime.run_until_idle(), Ending::Idle);
    let failed = runtime.has_failed();
    drop(runtime);
    (lines.take(), failed)
}

fn run(source: &str) -> (Vec<String>, bool) {
    run_with(Table, |runtime| runtime.run_module(source, "https://a.test/page/main.js").expect("a module"))
}

#[test]
fn modules_table() {
    let table: [(&str, &str, &[&str]); 12] = [
        ("exports, in a circle", "import { one, two } from '../lib/one.js'; console.log(one, two());", &["1 2"]),
        ("all of one", "import * as all from '/lib/one.js'; console.log(Object.keys(all).join());", &["one,two"]),
        (
            "their places",
            "import where from 'https://a.test/lib/where.js'; console.log(import.meta.url, ...where);",
            &["https://a.test/page/main.js https://a.test/lib/where.js https://a.test/x"],
        ),
        (
            "one that is imported twice runs once",
            "import a from '../lib/once.js'; const b = await import('/lib/./once.js'); console.log(a === b.default);",
            &["once", "true"],
        ),
        ("await at the top", "import late from '../lib/late.js'; console.log(late); console.log(await 2);", &["late", "2"]),
        ("strict, with no this", "console.log(this, (() => { try { x = 1 } catch (e) { return e.name } })());", &["undefined ReferenceError"]),
        (
            "an import that fails can be caught",
            "for (const name of ['/lib/none.js', 'bare', 'http://[', '/lib/nul.js', 'sofetch:/primordials.js'])
               try { await import(name); } catch (e) { console.log(e.constructor === TypeError, e.message); }",
            &[
                "true https://a.test/lib/none.js cannot be imported: no such file",
                "true \"bare\" is no URL, does not begin with /, ./ or ../, and no import map has it",
                "true \"http://[\" is no URL, does not begin with /, ./ or ../, and no import map has it",
                "true https://a.test/lib/nul.js cannot be imported: the engine reads no module with a NUL character",
                "true \"sofetch:/primordials.js\" is no URL of a module",
            ],
        ),
        (
            "attributes are refused, not ignored",
            "for (const type of ['css', 'javascript', '', 'JSON'])
               await import('/lib/one.js', { with: { type } }).catch(e => console.log(e.constructor === TypeError));
             await import('/lib/one.js', { with: { kind: 'x' } }).catch(e => console.log(e.constructor === TypeError));
             await import('/lib/kind.js').catch(e => console.log(e.constructor === SyntaxError));
             await import('/lib/css.js').catch(e => console.log(e.constructor === TypeError));",
            &["true", "true", "true", "true", "true", "true", "true"],
        ),
        (
            "values, each once a URL and type",
            "import json, * as all from '/lib/data.json' with { type: 'json' }; import text from '/lib/data.json' with { 'type': 'text' };
             const again = await import('/lib/data.json', { with: { type: 'json' } });
             console.log(json.a[1], text, again === all, again.default === json, Object.keys(again).join());
             await import('/lib/data.json').catch(e => console.log(e.constructor === SyntaxError));
             const errors = []; for (const _ of [1, 2]) await import('/lib/one.js', { with: { type: 'json' } }).catch(e => errors.push(e));
             console.log(errors[0].constructor === SyntaxError, errors[0] === errors[1]);",
            &["2 {\"a\":[1,2]} true true default", "true", "true true"],
        ),
        (
            "a module that exports then is a thenable",
            "console.log(await import('/lib/then.js')); const all = await import('/lib/whole.js'); console.log(all.inner.then.length);",
            &["from then", "1"],
        ),
        (
            "an exception can be caught, and is the same each time",
            "const errors = []; for (const _ of [1, 2]) await import('/lib/throws.js').catch(e => errors.push(e));
             console.log(errors[0].message, errors[0] === errors[1]);",
            &["at its top true"],
        ),
        ("resolve", "try { import.meta.resolve('bare'); } catch (e) { console.log(e.name, import.meta.resolve('./a b'), import.meta.resolve({ toString: () => '/x' }), import.meta.resolve.length); }
             try { import.meta.resolve(); } catch (e) { console.log(e.name); }", &["TypeError https://a.test/page/a%20b https://a.test/x 1", "TypeError"]),
    ];
    for (name, source, expected) in table {
        let (lines, failed) = run(source);
        assert_eq!(lines, expected, "{name}");
        assert!(!failed, "{name}");
    }
}

#[test]
fn what_nobody_caught_is_reported_like_a_scripts() {
    let table = [
        ("an exception", "console.log(1);\nthrow new Error('x');", "! Uncaught Error: x", "main.js:2:"),
        ("one after an await", "await 0;\nnull.x;", "! Uncaught TypeError: ", "main.js:2:"),
        ("a syntax error", "\nlet 1;", "! Uncaught SyntaxError: ", "main.js:2:"),
        (
            "an import that is not there",
            "import '/lib/none.js';",
            "! Uncaught TypeError: https://a.test/lib/none.js cannot",
            "",
        ),
        ("an export that is not there", "import { x } from '/lib/one.js';", "! Uncaught SyntaxError: ", ""),
        (
            "an imported module's",
            "import '/lib/throws.js';",
            "! Uncaught Error: at its top",
            "lib/throws.js:2:",
        ),
        (
            "an imported module that is none",
            "import '/lib/broken.js';",
            "! Uncaught SyntaxError: ",
            "lib/broken.js:1:",
        ),
        ("a rejection", "Promise.reject(new Error('y'));", "! Uncaught (in promise) Error: y", "main.js:1:"),
    ];
    for (name, source, headline, place) in table {
        let (lines, failed) = run(source);
        let last = lines.last().expect(name);
        assert!(last.starts_with(headline) && last.contains(place), "{name}: {last}");
        assert_eq!(lines.iter().filter(|line| line.starts_with('!')).count(), 1, "{name}: {lines:?}");
        assert!(failed, "{name}");
    }
}

#[test]
fn a_modules_exception_is_an_error_event() {
    let listen = "addEventListener('error', e => { console.log(e.message, e.lineno); e.preventDefault(); });
                  addEventListener('unhandledrejection', () => console.log('no'));";
    let steps = |runtime: &mut Runtime| {
        runtime.run_script(listen, "listen.js").expect("a script");
        // What a script made of promises changes nothing.
        runtime
            .run_script("Promise.prototype.then = () => console.log('asked')", "hostile.js")
            .expect("a script");
        runtime.run_module("\n\nthrow new Error('z')", "main.js").expect("a module");
    };
    assert_eq!(run_with(Table, steps), (vec!["Uncaught Error: z 3".to_owned()], false));
}

#[test]
fn a_url_has_one_module() {
    let steps = |runtime: &mut Runtime| {
        let once = "https://a.test/lib/once.js";
        runtime.run_module("import '/lib/once.js';", "https://a.test/main.js").expect("a module");
        runtime.run_module("console.log('again');", once).expect("a module");
        runtime.run_module("console.log('first');", "https://a.test/first.js").expect("a module");
        runtime.run_module("console.log('again');", "https://a.test/first.js").expect("a module");
        // What has no URL is no other's.
        runtime.run_module("console.log('inline');", "inline").expect("a module");
        runtime.run_module("console.log('inline, too');", "inline").expect("a module");
        // One that failed fails again.
        runtime.run_module("throw 1;", "https://a.test/fails.js").expect("a module");
        runtime.run_module("throw 1;", "https://a.test/fails.js").expect("a module");
    };
    let (lines, failed) = run_with(Table, steps);
    assert_eq!(lines, ["once", "first", "inline", "inline, too", "! Uncaught 1", "! Uncaught 1"]);
    assert!(failed);
}

#[test]
fn classic_scripts_import_relative_to_their_place() {
    let steps = |runtime: &mut Runtime| {
        let place = Url::parse("https://a.test/lib/", None).expect("a URL");
        runtime.locate("typed.js", place);
        let import = "import('./two.js').then(m => console.log(m.two()), e => console.log(e.message));";
        runtime.run_script(import, "typed.js").expect("a script");
        runtime.run_script(import, "elsewhere.js").expect("a script");
    };
    let (lines, _) = run_with(Table, steps);
    assert_eq!(lines, ["2", "https://a.test/page/two.js cannot be imported: no such file"]);
}

#[test]
fn without_a_loader_there_are_no_files() {
    let lines = Lines::default();
    let mut runtime = Runtime::builder().printer(Rc::new(lines.clone())).build().expect("a runtime");
    let source = "for (const url of ['file:///etc/hosts', 'about:blank', 'sofetch:/primordials.js', 'import x', 'json file:///etc/hosts', '__ops'])
                    await import(url).catch(e => console.log(e.message));";
    runtime.run_module(source, "main.js").expect("a module");
    runtime.run_until_idle();
    assert_eq!(
        lines.take(),
        [
            "file:///etc/hosts cannot be imported: there is no folder that modules are loaded from",
            "about:blank cannot be imported: failed to fetch",
            "\"sofetch:/primordials.js\" is no URL of a module",
            "\"import x\" is no URL, does not begin with /, ./ or ../, and no import map has it",
            "\"json file:///etc/hosts\" is no URL, does not begin with /, ./ or ../, and no import map has it",
            "\"__ops\" is no URL, does not begin with /, ./ or ../, and no import map has it",
        ]
    );
}

/// Some modules in a ring and a star, each of which takes some memory to declare.
struct Ring;

impl ModuleLoader for Ring {
    fn load(&self, url: &Url, _: ModuleType) -> Result<String, String> {
        let number: usize = url.path()[1..].trim_end_matches(".js").parse().map_err(|_| "no number")?;
        let (next, far) = ((number + 1) % 40, (number * 7) % 40);
        let functions: String = (0..60)
            .map(|f| format!("export function f{number}_{f}(a, b) {{ return [a, b, {f}]; }}"))
            .collect();
        Ok(format!(
            "import {{ f{next}_0 }} from './{next}.js'; import * as far from './{far}.js'; {functions}"
        ))
    }
}

#[test]
fn memory_that_runs_out_leaves_nothing_half_done() {
    let (mut failed, mut succeeded) = (0, 0);
    for eighth in (16..64).step_by(2) {
        let lines = Lines::default();
        let url = Url::parse("https://a.test/", None).expect("a URL");
        let builder = Runtime::builder().base_url(url).module_loader(Ring).max_memory(eighth << 17);
        let Ok(mut runtime) = builder.printer(Rc::new(lines.clone())).build() else { continue };
        let source = "(async () => { let failed = 0; for (let i = 0; i < 40; i += 3) for (const _ of [1, 2])
                        await import(`/${i}.js`).then(m => m[`f${i}_0`](1), () => failed++);
                      console.log(failed); })()";
        runtime.run_script(source, "main.js").expect("no limit");
        runtime.run_until_idle();
        match lines.take().first().map(String::as_str) {
            Some("0") => succeeded += 1,
            _ => failed += 1,
        }
    }
    assert!(failed > 2 && succeeded > 2, "{failed} {succeeded}");
}

/// A folder that goes with its owner.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("sofetch-js-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(path.join("in/below")).expect("a folder of one's own");
        Folder(path.canonicalize().expect("it is there"))
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).expect("a file of one's own");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn folders_keep_to_themselves() {
    let folder = Folder::new();
    for (name, text) in [
        ("in/a.js", "export default 'a';"),
        ("in/below/b b.mjs", "\u{feff}export default 'b';"),
        ("in/secret.txt", "export default 'text';"),
        ("in/data.json", "{}"),
        ("in/.hidden.json", "{}"),
        ("in/.hidden.js", "export default 'hidden';"),
        ("out.js", "export default 'out';"),
    ] {
        folder.write(name, text);
    }
    fs::create_dir(folder.0.join("in/folder.js")).expect("a folder of one's own");
    #[cfg(unix)]
    for (target, link) in [
        ("../out.js", "in/leads-out.js"),
        ("..", "in/up"),
        (".hidden.json", "in/shown.json"),
        ("secret.txt", "in/secret.json"),
        ("a.js", "in/stays.js"),
        ("../none.js", "in/leads-nowhere.js"),
    ] {
        std::os::unix::fs::symlink(target, folder.0.join(link)).expect("a link of one's own");
    }
    let script = folder.0.join("in/main.mjs");
    let loader =
        ModuleFolders::new([ModuleFolders::folder_of(&script).expect("it is there")]).expect("it is there");
    let url = |name: &str| {
        let place = ModuleFolders::url_of(&script).expect("a URL");
        Url::parse(name, Some(&place)).expect("a URL")
    };
    let outside = Err("it is outside of the folder that modules are loaded from".to_owned());
    let kind = Err("a module's file ends in .js or .mjs".to_owned());
    let table = [
        ("./a.js", Ok("export default 'a';".to_owned())),
        ("./a.js?v=2#x", Ok("export default 'a';".to_owned())),
        ("./below/b%20b.mjs", Ok("export default 'b';".to_owned())),
        ("./below/../a.js", Ok("export default 'a';".to_owned())),
        ("../out.js", outside.clone()),
        ("..%2Fout.js", outside.clone()),
        ("below%2F..%2F..%2Fout.js", outside.clone()),
        ("../none.js", outside.clone()),
        ("file:///etc/passwd", outside.clone()),
        ("file://host/a.js", outside.clone()),
        ("./secret.txt", kind.clone()),
        ("./", kind),
        ("./folder.js", Err("it is no file".to_owned())),
        ("https://a.test/a.js", Err("it is no file's URL".to_owned())),
        #[cfg(unix)]
        ("./leads-out.js", outside.clone()),
        #[cfg(unix)]
        ("./up/out.js", outside.clone()),
        #[cfg(unix)]
        ("./leads-nowhere.js", outside.clone()),
        #[cfg(unix)]
        ("./up/none.js", outside),
        #[cfg(unix)]
        ("./stays.js", Ok("export default 'a';".to_owned())),
    ];
    for (name, expected) in table {
        assert_eq!(loader.load(&url(name), ModuleType::JavaScript), expected, "{name}");
    }
    let hidden = Err("its path has a hidden part".to_owned());
    let table = [
        ("./data.json", ModuleType::Json, Ok("{}".to_owned())),
        ("./secret.txt", ModuleType::Text, Ok("export default 'text';".to_owned())),
        ("./data.json", ModuleType::JavaScript, Err("a module's file ends in .js or .mjs".to_owned())),
        ("./a.js", ModuleType::Json, Err("a JSON module's file ends in .json".to_owned())),
        ("./a.js", ModuleType::Text, Err("a text module's file ends in .txt".to_owned())),
        ("./.hidden.js", ModuleType::JavaScript, Ok("export default 'hidden';".to_owned())),
        ("./.hidden.json", ModuleType::Json, hidden.clone()),
        #[cfg(unix)]
        ("./shown.json", ModuleType::Json, hidden),
        #[cfg(unix)]
        ("./secret.json", ModuleType::Json, Err("a JSON module's file ends in .json".to_owned())),
    ];
    for (name, kind, expected) in table {
        assert_eq!(loader.load(&url(name), kind), expected, "{name} {kind:?}");
    }
    let none = loader.load(&url("./none.js"), ModuleType::JavaScript);
    assert!(none.is_err_and(|said| !said.contains("outside")));
    assert!(ModuleFolders::new([Path::new("/no/such/folder")]).is_err());
}
