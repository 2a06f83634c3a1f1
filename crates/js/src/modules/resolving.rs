//! [Resolving a module specifier](https://html.spec.whatwg.org/#resolve-a-module-specifier) in a realm: by its import map.

use rquickjs::{Ctx, Result};
use sofetch::Url;

use super::import_map::{ImportMap, NoImportMap, Unresolved};
use super::map::Modules;
use super::records::{Key, ModuleType};
use crate::error::Error;
use crate::throwing::throw_type;

impl Modules {
    /// <https://html.spec.whatwg.org/#register-an-import-map>
    ///
    /// # Errors
    /// See [`Error::import_map`].
    pub(crate) fn add_import_map(&self, text: &str, base: &Url) -> std::result::Result<(), Error> {
        // DEPARTS: a map that comes late is refused as a whole, where HTML takes of it what concerns no specifier that was resolved
        // already: the list of those would grow with every import. https://html.spec.whatwg.org/#resolved-module-set
        if self.has_resolved.get() {
            return Err(Error::import_map("it comes after the first import".to_owned()));
        }
        let map = ImportMap::parse(text, base).map_err(|error| {
            Error::import_map(match error {
                NoImportMap::Syntax(said) => format!("it is no JSON: {said}"),
                NoImportMap::NoObject(part) => format!("{part} is no object"),
            })
        })?;
        self.import_map.borrow_mut().merge(map);
        Ok(())
    }

    /// <https://html.spec.whatwg.org/#resolve-a-module-specifier>
    ///
    /// # Errors
    /// A `TypeError`.
    pub(super) fn resolve(&self, ctx: &Ctx<'_>, specifier: &str, base: &Url) -> Result<Url> {
        self.has_resolved.set(true);
        let resolved = self.import_map.borrow().resolve(specifier, base);
        let why = match resolved {
            // NB: the prelude's own modules have names of this scheme, and are nobody's to import.
            Ok(url) if url.scheme() != "sofetch" => return Ok(url),
            Ok(_) | Err(Unresolved::NoUrl) => "is no URL of a module".to_owned(),
            Err(Unresolved::Bare) => {
                "is no URL, does not begin with /, ./ or ../, and no import map has it".to_owned()
            }
            Err(Unresolved::Blocked(key)) => format!("is blocked by the import map's \"{key}\""),
            Err(Unresolved::Backtracks(key)) => {
                format!("leads out of where the import map's \"{key}\" leads")
            }
        };
        Err(throw_type(ctx, &format!("\"{specifier}\" {why}")))
    }

    /// What a request names: its type and key.
    ///
    /// # Errors
    /// A `TypeError`.
    pub(super) fn key_of(
        &self,
        ctx: &Ctx<'_>,
        specifier: &str,
        attributes: &[(String, String)],
        base: &Url,
    ) -> Result<Key> {
        let url = self.resolve(ctx, specifier, base)?;
        let said = attributes.iter().find(|(key, _)| key == "type").map(|(_, value)| &**value);
        let kind = match said.map(ModuleType::from_word) {
            None => ModuleType::JavaScript,
            Some(Some(kind)) => kind,
            Some(None) => {
                let said = said.unwrap_or_default();
                let said = format!("\"{specifier}\" cannot be imported with the type \"{said}\"");
                return Err(throw_type(ctx, &said));
            }
        };
        Ok(Key::of(&url, kind))
    }
}
