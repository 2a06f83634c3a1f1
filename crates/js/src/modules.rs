//! Module scripts: [resolving a specifier](https://html.spec.whatwg.org/#resolve-a-module-specifier), `import.meta`, and
//! [`ModuleLoader`], which says where their texts come from.

mod folders;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, Exception, Function, Module, Promise, Result};
use sofetch::Url;

use crate::host::{Host, call_program};
use crate::values::Text;

pub use folders::ModuleFolders;

/// Gives the texts of modules that scripts import.
pub trait ModuleLoader {
    /// The text of the module with this URL. It is asked for once a URL.
    ///
    /// # Errors
    /// Why there is none: the script gets a `TypeError` with these words.
    fn load(&self, url: &Url) -> std::result::Result<String, String>;
}

/// No modules at all: what a runtime has that is given no loader.
pub(crate) struct NoModules;

impl ModuleLoader for NoModules {
    fn load(&self, url: &Url) -> std::result::Result<String, String> {
        Err(refusal(url))
    }
}

/// Why a URL that is no file's is refused.
fn refusal(url: &Url) -> String {
    match url.scheme() {
        "http" | "https" => "modules from the network are not built yet".to_owned(),
        "file" => "there is no folder that modules are loaded from".to_owned(),
        scheme => format!("modules are not loaded from {scheme}: URLs"),
    }
}

/// [UTF-8 decode](https://encoding.spec.whatwg.org/#utf-8-decode): a byte order mark is none of a script's.
pub(crate) fn decode(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).into_owned()
}

/// Where scripts and modules were loaded from.
#[derive(Clone, Default)]
pub(crate) struct Places(Rc<Known>);

#[derive(Default)]
struct Known {
    /// Of scripts whose name is no URL.
    urls: RefCell<HashMap<String, Url>>,
    /// The [module map](https://html.spec.whatwg.org/#module-map)'s keys; the engine has the modules.
    modules: RefCell<HashSet<String>>,
}

impl Places {
    pub(crate) fn add(&self, name: &str, url: Url) {
        self.0.urls.borrow_mut().insert(name.to_owned(), url);
    }

    fn has_module(&self, name: &str) -> bool {
        self.0.modules.borrow().contains(name)
    }

    fn add_module(&self, name: &str) {
        // NB: what has no URL is in no map, as a page's inline modules are not.
        if Url::parse(name, None).is_ok_and(|url| url.href() == name) {
            self.0.modules.borrow_mut().insert(name.to_owned());
        }
    }

    /// A script's [base URL](https://html.spec.whatwg.org/#concept-script-base-url), by its name.
    fn base(&self, ctx: &Ctx<'_>, name: &str) -> Url {
        let place = self.0.urls.borrow().get(name).cloned();
        place.or_else(|| Url::parse(name, None).ok()).unwrap_or_else(|| Host::of(ctx).base_url())
    }
}

/// Lets scripts import what `loader` gives.
pub(crate) fn set_loader(engine: &rquickjs::Runtime, places: Places, loader: Rc<dyn ModuleLoader>) {
    engine.set_loader(ByUrl { places: places.clone() }, Texts { places, loader });
}

/// Declares a module script, unless its URL has a module, and begins to evaluate it: a promise of its end.
pub(crate) fn evaluate<'js>(
    ctx: &Ctx<'js>,
    places: &Places,
    source: &str,
    name: &str,
) -> Result<Promise<'js>> {
    if places.has_module(name) {
        return Module::import(ctx, name);
    }
    let (_, evaluated) = declare(ctx, places, source, name)?.eval()?;
    Ok(evaluated)
}

fn declare<'js>(ctx: &Ctx<'js>, places: &Places, source: &str, name: &str) -> Result<Module<'js, Declared>> {
    let module = Module::declare(ctx.clone(), name, source)?;
    places.add_module(name);
    // https://html.spec.whatwg.org/#hostgetimportmetaproperties
    let base = places.base(ctx, name);
    let meta = module.meta()?;
    meta.set("url", base.href())?;
    let resolve = move |ctx: Ctx<'_>, specifier: Text| resolve(&ctx, &specifier.0, &base);
    meta.set("resolve", Function::new(ctx.clone(), resolve)?.with_name("resolve")?)?;
    Ok(module)
}

/// <https://html.spec.whatwg.org/#resolve-a-module-specifier>, without an import map.
fn resolve(ctx: &Ctx<'_>, specifier: &str, base: &Url) -> Result<String> {
    let relative = ["/", "./", "../"].iter().any(|start| specifier.starts_with(start));
    let url = Url::parse(specifier, relative.then_some(base));
    match url {
        // NB: the prelude's own modules have names of this scheme, and are nobody's to import.
        Ok(url) if url.scheme() != "sofetch" => Ok(url.href().to_owned()),
        Err(_) if !relative => {
            let said = format!("\"{specifier}\" is no URL, and does not begin with /, ./ or ../");
            Err(Exception::throw_type(ctx, &said))
        }
        _ => Err(Exception::throw_type(ctx, &format!("\"{specifier}\" is no URL of a module"))),
    }
}

struct ByUrl {
    places: Places,
}

impl Resolver for ByUrl {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        attributes: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        if let Some(attributes) = attributes
            && attributes.keys().next().is_some()
        {
            let said =
                format!("\"{name}\": import attributes, and with them JSON modules, are not built yet");
            return Err(Exception::throw_type(ctx, &said));
        }
        resolve(ctx, name, &self.places.base(ctx, base))
    }
}

struct Texts {
    places: Places,
    loader: Rc<dyn ModuleLoader>,
}

impl Loader for Texts {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        let loaded = match Url::parse(name, None) {
            Ok(url) => call_program(ctx, || self.loader.load(&url))?,
            Err(_) => Err("it is no URL".to_owned()),
        };
        let failed = |why: &str| Exception::throw_type(ctx, &format!("{name} cannot be imported: {why}"));
        match loaded {
            Ok(source) if source.contains('\0') => {
                Err(failed("the engine reads no module with a NUL character"))
            }
            Ok(source) => declare(ctx, &self.places, &source, name),
            Err(why) => Err(failed(&why)),
        }
    }
}
