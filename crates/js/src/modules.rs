//! Module scripts, by [HTML's module map](https://html.spec.whatwg.org/#integration-with-the-javascript-module-system): `map.rs` loads
//! graphs, `linking.rs` hands them to the engine, `parsing.rs` finds what a text imports, `resolving.rs` and `import_map.rs` say which URL
//! that is.
//!
//! What a [`ModuleLoader`] takes comes from that; everything else is fetched, under the page's rules.

mod creating;
pub(crate) mod fetching;
mod folders;
mod import_map;
mod linking;
mod map;
mod parsing;
mod records;
mod resolving;

use sofetch::Url;

pub use folders::ModuleFolders;
pub(crate) use linking::set_loader;
pub(crate) use map::{Modules, WorkerRoot};
pub(crate) use parsing::{MakeEngine, Parser};
pub use records::ModuleType;

/// Gives the texts of modules that are not fetched.
pub trait ModuleLoader {
    /// Is it for this loader to say what a module with this URL is? What it does not take is fetched as a page's script, with CORS.
    /// Without a word of its own a loader takes every URL, and nothing is fetched.
    fn takes(&self, url: &Url) -> bool {
        let _ = url;
        true
    }

    /// The text of the module with this URL and of this type, which is asked for once.
    ///
    /// # Errors
    /// Why there is none: the script gets a `TypeError` with these words.
    fn load(&self, url: &Url, kind: ModuleType) -> Result<String, String>;

    /// A loader for a worker, on whose thread it is asked: for what its modules import, and what it names in `importScripts()`.
    /// Where there is none, a worker has no modules but those that are fetched. The script of the worker itself is its owner's to
    /// ask for, as a module.
    fn for_worker(&self) -> Option<Box<dyn ModuleLoader + Send>> {
        None
    }
}

/// No files: what a runtime has that is given no loader.
pub(crate) struct NoFiles;

impl ModuleLoader for NoFiles {
    fn takes(&self, url: &Url) -> bool {
        url.scheme() == "file"
    }

    fn load(&self, _: &Url, _: ModuleType) -> Result<String, String> {
        Err("there is no folder that modules are loaded from".to_owned())
    }
}

/// [UTF-8 decode](https://encoding.spec.whatwg.org/#utf-8-decode): a byte order mark is none of a script's.
pub(crate) fn decode(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).into_owned()
}
