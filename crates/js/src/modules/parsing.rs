//! What a source text imports. The engine's own parser says so, in an engine beside the one that runs script: whatever it would
//! load is noted, and an empty module put in its place. No second reading of the language can then differ from the first.

use std::cell::RefCell;
use std::rc::Rc;

use rquickjs::context::intrinsic::{Eval, RegExp, RegExpCompiler};
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Context, Ctx, Module, Result, Runtime};

/// A [ModuleRequest](https://tc39.es/ecma262/#modulerequest-record), with the values of its attributes as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ModuleRequest {
    pub(super) specifier: String,
    pub(super) attributes: Vec<(String, String)>,
}

/// How an engine of its own is made, with the limits of the one that runs script.
pub(crate) type MakeEngine = Box<dyn Fn() -> Result<Runtime>>;

/// Reads source texts. NB: an engine keeps what it has read, so now and then there is a new one.
pub(crate) struct Parser {
    make: MakeEngine,
    current: Option<Reading>,
}

struct Reading {
    context: Context,
    noted: Noted,
    bytes: usize,
}

/// So many bytes of source are read by one engine, or a little more.
const BYTES_AN_ENGINE: usize = 1 << 20;

/// What a text counts for, however short it is.
const LEAST_BYTES: usize = 4 << 10;

impl Parser {
    pub(crate) fn new(make: MakeEngine) -> Parser {
        Parser { make, current: None }
    }

    /// The requests of a module's text, in their order, each once; `None` where it is no module.
    ///
    /// # Errors
    /// Where there is no memory for an engine.
    pub(super) fn requests(&mut self, name: &str, source: &str) -> Result<Option<Vec<ModuleRequest>>> {
        if self.current.as_ref().is_some_and(|reading| reading.bytes >= BYTES_AN_ENGINE) {
            self.current = None;
        }
        let reading = match &mut self.current {
            Some(reading) => reading,
            none => none.insert(Reading::new((self.make)()?)?),
        };
        reading.bytes += source.len().max(LEAST_BYTES);
        reading.noted.0.take();
        let parsed = reading.context.with(|ctx| match Module::declare(ctx.clone(), name, source) {
            Ok(_) => true,
            Err(_) => {
                ctx.catch();
                false
            }
        });
        Ok(parsed.then(|| reading.noted.0.take()))
    }
}

impl Reading {
    fn new(engine: Runtime) -> Result<Reading> {
        let noted = Noted::default();
        engine.set_loader(noted.clone(), Empty);
        let context = Context::custom::<(Eval, RegExpCompiler, RegExp)>(&engine)?;
        Ok(Reading { context, noted, bytes: 0 })
    }
}

#[derive(Clone, Default)]
struct Noted(Rc<RefCell<Vec<ModuleRequest>>>);

impl Resolver for Noted {
    fn resolve<'js>(
        &mut self,
        _: &Ctx<'js>,
        _: &str,
        specifier: &str,
        attributes: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        let request = ModuleRequest { specifier: specifier.to_owned(), attributes: listed(attributes)? };
        self.0.borrow_mut().push(request);
        // No URL begins so, and no module of a script's is named so.
        Ok(" empty".to_owned())
    }
}

/// Attributes as they are written.
pub(super) fn listed(attributes: Option<ImportAttributes<'_>>) -> Result<Vec<(String, String)>> {
    let Some(attributes) = attributes else { return Ok(Vec::new()) };
    let mut list = Vec::new();
    for key in attributes.keys() {
        let key = key?;
        let value = attributes.get(&key)?.unwrap_or_default();
        list.push((key, value));
    }
    Ok(list)
}

struct Empty;

impl Loader for Empty {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        Module::declare(ctx.clone(), name, "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_table() {
        let plain =
            |specifier: &str| ModuleRequest { specifier: specifier.to_owned(), attributes: Vec::new() };
        let with = |specifier: &str, attributes: &[(&str, &str)]| ModuleRequest {
            specifier: specifier.to_owned(),
            attributes: attributes
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        };
        let table: [(&str, &str, Option<Vec<ModuleRequest>>); 13] = [
            ("nothing", "1 + 1", Some(vec![])),
            (
                "imports",
                "import a from 'a'; import * as b from \"b\"; import {c} from './c'; import 'd'",
                Some(vec![plain("a"), plain("b"), plain("./c"), plain("d")]),
            ),
            (
                "exports",
                "export * from 'a'; export { b } from 'b'; export * as c from 'c'; export const d = 1",
                Some(vec![plain("a"), plain("b"), plain("c")]),
            ),
            ("the same twice", "import a from 'x'; export { b } from 'x'", Some(vec![plain("x")])),
            ("escapes", r"import '\x61\u{62}\u0063'", Some(vec![plain("abc")])),
            (
                "comments and texts",
                "// import 'a'\n/* import 'b' */ 'import \"c\"'; `import 'd' ${`${'import'}`}`",
                Some(vec![]),
            ),
            (
                "what looks like a pattern",
                "let x = 4, g = 2; x /g; import 'a'; x / g; /import 'b'/g.test('')",
                Some(vec![plain("a")]),
            ),
            ("import() and import.meta", "import('a'); import.meta; ({ import: 1 }).import", Some(vec![])),
            (
                "attributes",
                "import a from 'x' with { type: 'json' }; import b from 'x' with { 'other': 'y', type: 'text' }",
                Some(vec![with("x", &[("type", "json")]), with("x", &[("other", "y"), ("type", "text")])]),
            ),
            ("no attributes in braces", "import a from 'x' with {}", Some(vec![plain("x")])),
            (
                "a class, a pattern, a large number, await",
                "class A { #x = /a/v; static { 10n ** 2n } } await 0; import 'a'",
                Some(vec![plain("a")]),
            ),
            ("no module", "import a from", None),
            ("declared twice", "import 'x'; let a; let a", None),
        ];
        let mut parser = Parser::new(Box::new(Runtime::new));
        for (name, source, expected) in table {
            assert_eq!(parser.requests("https://a.test/m.js", source).expect("memory"), expected, "{name}");
        }
    }

    #[test]
    fn many_texts_are_read_by_more_than_one_engine() {
        let made = Rc::new(std::cell::Cell::new(0));
        let count = made.clone();
        let mut parser = Parser::new(Box::new(move || {
            count.set(count.get() + 1);
            Runtime::new()
        }));
        for number in 0..600 {
            let requests = parser.requests("m", &format!("import './{number}.js'")).expect("memory");
            assert_eq!(requests.map(|requests| requests.len()), Some(1));
        }
        assert_eq!(made.get(), 3);
    }
}
