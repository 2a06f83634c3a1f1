//! Where the engine comes to modules: it is given those of a graph that is loaded, and looks nothing else up.
//!
//! **`import()`** asks for a module at once, which may be long in coming. So it is given a stand-in that exports `then`: the
//! promise of the import is resolved with the stand-in's namespace, finds a thenable, and waits for what that says.
//!
//! **What the engine leaves undone.** Where declaring or linking runs out of memory or stack, the engine has modules that point to others
//! that it has freed. They are harmless until they are linked, and so nothing is linked that has such in its graph ([`Standing::Broken`]).

use std::collections::HashSet;
use std::rc::Rc;

use rquickjs::function::Rest;
use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::{Declarations, Declared, Exports, ModuleDef};
use rquickjs::{
    Coerced, Ctx, Error, Exception, FromJs, Function, Module, Object, Promise, Result, String as JsString,
    Value,
};

use super::map::{Modules, caught};
use super::parsing::listed;
use super::records::{Content, Kept, Key, ModuleType, Record, Standing};
use crate::host::Host;
use crate::throwing::throw_type;
use crate::values::Text;

/// The name of a stand-in begins so, and no URL does.
const STAND_IN: &str = "import ";

/// Lets a realm's scripts import.
pub(crate) fn set_loader(engine: &rquickjs::Runtime) {
    engine.set_loader(Names, LookUp);
}

impl Modules {
    /// [Links](https://tc39.es/ecma262/#sec-moduledeclarationlinking) a graph of which everything is loaded, and begins to evaluate it.
    pub(super) fn link_and_evaluate<'js>(
        &self,
        ctx: &Ctx<'js>,
        root: &Rc<Record>,
    ) -> Result<(Module<'js>, Promise<'js>)> {
        let graph = self.in_order(ctx, root)?;
        let broken = |graph: &[Rc<Record>]| {
            graph.iter().for_each(|record| record.standing.set(Standing::Broken));
        };
        for record in &graph {
            // A value is declared where it is imported, with the attributes that say so.
            let is_script = matches!(record.content, Content::Script { .. });
            if (is_script || Rc::ptr_eq(record, root))
                && let Err(error) = self.linking(|| self.declare(ctx, record))
            {
                broken(&graph);
                return Err(error);
            }
        }
        let module = self.declare(ctx, root)?;
        match module.clone().eval() {
            Ok((_, evaluation)) => {
                graph.iter().for_each(|record| record.standing.set(Standing::Linked));
                Ok((module, evaluation))
            }
            Err(error) => {
                // A name that no module exports is a script's error, and leaves everything as it was.
                let thrown = caught(ctx, &error);
                if self.is_the_engines(ctx, &thrown) {
                    broken(&graph);
                }
                Err(ctx.throw(thrown))
            }
        }
    }

    /// Is this the engine's own complaint of memory? NB: of which no script has heard: none has changed it.
    fn is_the_engines<'js>(&self, ctx: &Ctx<'js>, thrown: &Value<'js>) -> bool {
        let prototype = self.internal_error_prototype.borrow().clone();
        let prototype = prototype.and_then(|prototype| prototype.restore(ctx).ok());
        match (thrown.as_object().and_then(Object::get_prototype), prototype) {
            (Some(of), Some(prototype)) => of == prototype,
            // Where there is no room for an error, the engine throws null.
            _ => true,
        }
    }

    /// What is to be linked of a graph, a module behind all that it imports, cycles aside.
    ///
    /// # Errors
    /// A `RangeError` where it is deeper than the engine, which follows it by calls of its own, has stack for.
    fn in_order(&self, ctx: &Ctx<'_>, root: &Rc<Record>) -> Result<Vec<Rc<Record>>> {
        let records = self.records.borrow();
        let mut order = Vec::new();
        let mut seen = HashSet::from([root.name.clone()]);
        let mut path = vec![(root.clone(), 0)];
        while let Some((record, next)) = path.last_mut() {
            let Some(key) = record.imports().get(*next) else {
                order.extend(path.pop().map(|(record, _)| record));
                continue;
            };
            *next += 1;
            let name = key.name();
            let Some(imported) = records.get(&name) else { continue };
            // NB: another graph, which was loaded meanwhile, may have left it so.
            if imported.standing.get() == Standing::Broken {
                return Err(self.half_done(ctx, imported));
            }
            if imported.standing.get() == Standing::New && seen.insert(name) {
                let imported = imported.clone();
                if path.len() >= self.deepest {
                    let said = format!("more than {} modules import each other in a row", self.deepest);
                    return Err(Exception::throw_range(ctx, &said));
                }
                path.push((imported, 0));
            }
        }
        Ok(order)
    }

    /// What is thrown in place of a module that is [`Standing::Broken`].
    pub(super) fn half_done(&self, ctx: &Ctx<'_>, record: &Record) -> Error {
        let said = format!("{}: memory or stack ran out while it was linked", record.name);
        Exception::throw_internal(ctx, &said)
    }

    fn linking<T>(&self, steps: impl FnOnce() -> T) -> T {
        let before = self.is_linking.replace(true);
        let done = steps();
        self.is_linking.set(before);
        done
    }

    /// The engine's module for a module script. While it is declared, the engine asks for what it imports.
    fn declare<'js>(&self, ctx: &Ctx<'js>, record: &Record) -> Result<Module<'js>> {
        if let Some(module) = &*record.module.borrow() {
            return Ok(module.restore(ctx));
        }
        let name = &*record.name;
        let module = match &record.content {
            Content::Script { source, .. } => {
                let source = source.borrow_mut().take();
                let source =
                    source.ok_or_else(|| Exception::throw_internal(ctx, "a module without a text"))?;
                let module = Module::declare(ctx.clone(), name, source.text)?;
                self.describe(ctx, &module, record)?;
                module
            }
            Content::Value(_) => Module::declare_def::<DefaultExport, _>(ctx.clone(), name)?,
            Content::Error(error) => return Err(ctx.throw(error.clone().restore(ctx)?)),
        };
        *record.module.borrow_mut() = Some(Kept::new(module.clone()));
        Ok(module)
    }

    /// <https://html.spec.whatwg.org/#hostgetimportmetaproperties>
    fn describe<'js>(&self, ctx: &Ctx<'js>, module: &Module<'js>, record: &Record) -> Result<()> {
        let base = record.referring.base.clone();
        let meta = module.meta()?;
        meta.set("url", base.href())?;
        let resolve = move |ctx: Ctx<'js>, arguments: Rest<Value<'js>>| {
            let said = arguments.0.into_iter().next().unwrap_or_else(|| Value::new_undefined(ctx.clone()));
            let specifier = Coerced::<JsString<'js>>::from_js(&ctx, said)?.0;
            let specifier = Text::from_js(&ctx, specifier.into_value())?.0;
            Modules::of(&ctx).resolve(&ctx, &specifier, &base).map(|url| url.href().to_owned())
        };
        let resolve = Function::new(ctx.clone(), resolve)?.with_name("resolve")?.with_length(1)?;
        meta.set("resolve", resolve)
    }

    /// The `SyntaxError` of a text that is no module, as this realm's.
    pub(super) fn parse_error(&self, ctx: &Ctx<'_>, name: &str, source: &str) -> Error {
        match Module::declare(ctx.clone(), name, source) {
            // It was no module a moment ago, for want of memory say.
            Ok(_) => Exception::throw_internal(ctx, &format!("{name} could not be read")),
            Err(error) => error,
        }
    }
}

/// What the engine calls a module.
struct Names;

impl Resolver for Names {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        specifier: &str,
        attributes: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        let modules = Modules::of(ctx);
        let attributes = listed(attributes)?;
        if modules.is_linking.get() {
            let kind = attributes.iter().find(|(key, _)| key == "type");
            let kind = kind.map_or(Some(ModuleType::JavaScript), |(_, word)| ModuleType::from_word(word));
            let importer = modules.records.borrow().get(base).cloned();
            let requested =
                importer.as_ref().zip(kind).and_then(|(importer, kind)| importer.requested(specifier, kind));
            let unknown = || Exception::throw_internal(ctx, "a module that was not requested");
            return requested.map(Key::name).ok_or_else(unknown);
        }
        // https://html.spec.whatwg.org/#hostgetsupportedimportattributes
        if let Some((key, _)) = attributes.iter().find(|(key, _)| key != "type") {
            return Err(throw_type(ctx, &format!("no import has an attribute \"{key}\"")));
        }
        let referring = modules.referring(ctx, base);
        let key = modules.key_of(ctx, specifier, &attributes, &referring.base)?;
        if modules.note_importer(&key, referring) {
            Host::of(ctx).imported.take(&key.url);
        }
        Ok(format!("{STAND_IN}{}", key.name()))
    }
}

struct LookUp;

impl Loader for LookUp {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        let modules = Modules::of(ctx);
        if !modules.is_linking.get() {
            return Module::declare_def::<StandIn, _>(ctx.clone(), name);
        }
        let record = modules.records.borrow().get(name).cloned();
        match record {
            Some(record) => modules.declare(ctx, &record),
            None => Err(Exception::throw_internal(ctx, "a module that was not loaded")),
        }
    }
}

/// A module of a value.
struct DefaultExport;

impl ModuleDef for DefaultExport {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        declarations.declare("default").map(|_| ())
    }

    fn evaluate<'js>(ctx: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        let name: String = exports.module().name()?;
        let record = Modules::of(ctx).records.borrow().get(&name).cloned();
        match record.as_deref().map(|record| &record.content) {
            Some(Content::Value(value)) => exports.export("default", value.clone().restore(ctx)?).map(|_| ()),
            _ => Err(Exception::throw_internal(ctx, "a module without a value")),
        }
    }
}

/// What `import()` is given.
struct StandIn;

impl ModuleDef for StandIn {
    fn declare(declarations: &Declarations<'_>) -> Result<()> {
        declarations.declare("then").map(|_| ())
    }

    fn evaluate<'js>(ctx: &Ctx<'js>, exports: &Exports<'js>) -> Result<()> {
        let name: String = exports.module().name()?;
        let key = Key::of_name(name.strip_prefix(STAND_IN).unwrap_or(&name));
        let then = move |ctx: Ctx<'js>, resolve: Function<'js>, reject: Function<'js>| {
            Modules::of(&ctx).import(&ctx, key.clone(), resolve, reject);
        };
        exports.export("then", Function::new(ctx.clone(), then)?).map(|_| ())
    }
}
