//! Module scripts: [resolving a specifier](https://html.spec.whatwg.org/#resolve-a-module-specifier), `import.meta`, and
//! [`ModuleLoader`], which says where their texts come from. Nothing else of this crate reads a file.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, Exception, Function, Module, Promise, Result};
use sofetch::Url;

use crate::host::{Host, call_program};
use crate::values::Text;

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

/// Loads modules from folders, and from what is below them: files that end in `.js` or `.mjs`. A link that leads out of
/// its folder is refused, and no answer tells what is outside.
#[derive(Clone, Debug)]
pub struct ModuleFolders(Vec<PathBuf>);

impl ModuleFolders {
    /// These folders.
    ///
    /// # Errors
    /// Where one is not there.
    pub fn new<P: AsRef<Path>>(folders: impl IntoIterator<Item = P>) -> io::Result<ModuleFolders> {
        folders
            .into_iter()
            .map(|folder| folder.as_ref().canonicalize())
            .collect::<io::Result<_>>()
            .map(ModuleFolders)
    }

    /// The folder of a script.
    ///
    /// # Errors
    /// Where it is not there.
    pub fn folder_of(script: &Path) -> io::Result<PathBuf> {
        match script.parent() {
            Some(folder) if folder != Path::new("") => folder.canonicalize(),
            _ => Path::new(".").canonicalize(),
        }
    }

    /// The URL of a script: that of its folder as it really is, with its own name.
    ///
    /// # Errors
    /// Where its folder is not there, or its name is none that a URL can have.
    pub fn url_of(script: &Path) -> io::Result<Url> {
        let name = script.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let path = Self::folder_of(script)?.join(name);
        let mut text = String::from("file://");
        for &byte in path.as_os_str().as_encoded_bytes() {
            match byte {
                b'/' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
                byte if byte.is_ascii_alphanumeric() => text.push(char::from(byte)),
                // Drives and separators of Windows.
                b':' if cfg!(windows) => text.push(':'),
                b'\\' if cfg!(windows) => text.push('/'),
                byte => text.push_str(&format!("%{byte:02X}")),
            }
        }
        Url::parse(&text, None).map_err(|_| io::ErrorKind::InvalidInput.into())
    }

    fn is_within(&self, path: &Path) -> bool {
        self.0.iter().any(|folder| path.starts_with(folder))
    }

    /// Is there a link on the way from a folder to this?
    fn has_link(&self, path: &Path) -> bool {
        path.ancestors().take_while(|part| self.is_within(part)).any(Path::is_symlink)
    }
}

impl ModuleLoader for ModuleFolders {
    fn load(&self, url: &Url) -> std::result::Result<String, String> {
        if url.scheme() != "file" {
            return Err(refusal(url));
        }
        let outside = || "it is outside of the folder that modules are loaded from".to_owned();
        let path = path_of(url).ok_or_else(outside)?;
        // NB: before the file system is asked: what is outside is not looked for.
        if !self.is_within(&path) {
            return Err(outside());
        }
        if !path.extension().is_some_and(|extension| extension == "js" || extension == "mjs") {
            return Err("a module's file ends in .js or .mjs".to_owned());
        }
        let real = path.canonicalize().map_err(|error| {
            // NB: a link may lead out, to what is not there.
            if self.has_link(&path) { outside() } else { error.to_string() }
        })?;
        if !self.is_within(&real) {
            return Err(outside());
        }
        if !real.is_file() {
            return Err("it is no file".to_owned());
        }
        std::fs::read(real).map(|bytes| decode(&bytes)).map_err(|error| error.to_string())
    }
}

/// The path that a file's URL says.
fn path_of(url: &Url) -> Option<PathBuf> {
    if !url.hostname().is_empty() {
        return None;
    }
    let said = url.path().as_bytes();
    let digit = |byte: Option<&u8>| byte.and_then(|&byte| char::from(byte).to_digit(16));
    let (mut bytes, mut at) = (Vec::with_capacity(said.len()), 0);
    while at < said.len() {
        match (said[at], digit(said.get(at + 1)), digit(said.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    let text = String::from_utf8(bytes);
    // An encoded step upwards would be taken after the look at where the path leads.
    let text =
        text.ok().filter(|text| !text.contains('\0') && !text.split(['/', '\\']).any(|part| part == ".."))?;
    Some(PathBuf::from(if cfg!(windows) { text.trim_start_matches('/') } else { &text }))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text, None).expect("a valid URL")
    }

    #[test]
    fn paths_of_urls() {
        let table = [
            ("a plain one", "file:///a/b.js", Some("/a/b.js")),
            ("percent-encoded", "file:///a%20b/%C3%A9.js", Some("/a b/\u{e9}.js")),
            ("a query and a fragment are none of it", "file:///a.js?v=1#x", Some("/a.js")),
            ("another machine's", "file://host/a.js", None),
            ("an encoded step upwards", "file:///a/..%2Fb.js", None),
            ("a NUL", "file:///a%00.js", None),
            ("no UTF-8", "file:///%FF.js", None),
        ];
        for (name, said, expected) in table {
            assert_eq!(path_of(&url(said)), expected.map(PathBuf::from), "{name}");
        }
    }

    #[test]
    fn urls_of_paths() {
        let folder = std::env::temp_dir().canonicalize().expect("it is there");
        let said = ModuleFolders::url_of(&folder.join("a b%#?\u{e9}.mjs")).expect("a URL");
        assert!(said.href().ends_with("/a%20b%25%23%3F%C3%A9.mjs"), "{}", said.href());
        assert_eq!(path_of(&said), Some(folder.join("a b%#?\u{e9}.mjs")));
    }
}
