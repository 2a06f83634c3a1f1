//! [Module scripts](https://html.spec.whatwg.org/#module-script): what the module map holds, and by which keys.

use std::cell::{Cell, RefCell};

use rquickjs::{Ctx, Module, Persistent, Result, Value};
use sofetch::core::infrastructure::requests::Destination;
use sofetch::{ReferrerPolicy, Url};

use crate::host::Host;
use crate::ledger::Charge;

/// What a module is made of, by the attribute `type` of what imports it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ModuleType {
    /// No attribute: a script.
    #[default]
    JavaScript,
    /// `with { type: "json" }`: a value.
    Json,
    /// `with { type: "text" }`: a string.
    Text,
}

impl ModuleType {
    /// <https://html.spec.whatwg.org/#module-type-from-module-request>, where it is allowed.
    pub(super) fn from_word(word: &str) -> Option<ModuleType> {
        match word {
            "json" => Some(ModuleType::Json),
            "text" => Some(ModuleType::Text),
            _ => None,
        }
    }

    /// <https://html.spec.whatwg.org/#fetch-destination-from-module-type>
    pub(super) fn destination(self) -> Destination {
        match self {
            ModuleType::JavaScript => Destination::Script,
            ModuleType::Json => Destination::Json,
            ModuleType::Text => Destination::Text,
        }
    }
}

/// A key of the [module map](https://html.spec.whatwg.org/#module-map): a URL, serialized, and a type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) url: String,
    pub(super) kind: ModuleType,
}

impl Key {
    pub(super) fn of(url: &Url, kind: ModuleType) -> Key {
        Key { url: url.href().to_owned(), kind }
    }

    /// The engine's name for the module. NB: a URL is the engine's name of a script; no URL has a space before its scheme ends.
    pub(super) fn name(&self) -> String {
        match self.kind {
            ModuleType::JavaScript => self.url.clone(),
            ModuleType::Json => format!("json {}", self.url),
            ModuleType::Text => format!("text {}", self.url),
        }
    }

    pub(super) fn of_name(name: &str) -> Key {
        let of = |kind, url: &str| Key { url: url.to_owned(), kind };
        match name.split_once(' ') {
            Some(("json", url)) => of(ModuleType::Json, url),
            Some(("text", url)) => of(ModuleType::Text, url),
            _ => of(ModuleType::JavaScript, name),
        }
    }
}

/// What those that a script imports inherit of its [fetch options](https://html.spec.whatwg.org/#script-fetch-options), and who
/// refers to them. The credentials mode is "same-origin" for all, since no element here says otherwise.
#[derive(Clone, Debug)]
pub(super) struct Referring {
    /// The script's base URL.
    pub(super) base: Url,
    pub(super) referrer_policy: ReferrerPolicy,
}

/// A module script.
pub(super) struct Record {
    /// The engine's name for it.
    pub(super) name: String,
    pub(super) referring: Referring,
    pub(super) content: Content,
    /// The engine's module, once it is declared.
    pub(super) module: RefCell<Option<Kept>>,
    pub(super) standing: Cell<Standing>,
}

/// What a module script is made of.
pub(super) enum Content {
    /// A source text, until it is compiled, and what it requests.
    Script { source: RefCell<Option<Source>>, requests: Requests },
    /// The default export.
    Value(Persistent<Value<'static>>),
    /// The [error to rethrow](https://html.spec.whatwg.org/#concept-script-error-to-rethrow): what does not parse, and specifiers
    /// that do not resolve.
    Error(Persistent<Value<'static>>),
}

/// What a script requests, resolved. Counted, as it is held for ever: few letters may stand for long URLs, and many of them.
pub(super) struct Requests {
    in_order: Vec<Key>,
    /// Each specifier and the place of its key, by the specifier.
    by_specifier: Vec<(String, usize)>,
    charge: Charge,
}

/// What a request takes besides its texts, about.
const BYTES_A_REQUEST: usize = 128;

impl Requests {
    pub(super) fn new(ctx: &Ctx<'_>) -> Requests {
        let charge = Charge::empty(Host::of(ctx).ledger.clone());
        Requests { in_order: Vec::new(), by_specifier: Vec::new(), charge }
    }

    /// One more.
    ///
    /// # Errors
    /// A `RangeError` where there is no room for it.
    pub(super) fn push(&mut self, ctx: &Ctx<'_>, specifier: String, key: Key) -> Result<()> {
        self.charge.add(ctx, specifier.len() + key.url.len() + BYTES_A_REQUEST)?;
        self.by_specifier.push((specifier, self.in_order.len()));
        self.in_order.push(key);
        Ok(())
    }

    /// Makes them ready to be looked up.
    pub(super) fn sorted(mut self) -> Requests {
        self.by_specifier.sort();
        self
    }

    fn find(&self, specifier: &str, kind: ModuleType) -> Option<&Key> {
        let from = self.by_specifier.partition_point(|(said, _)| &**said < specifier);
        let same = self.by_specifier[from..].iter().take_while(|(said, _)| said == specifier);
        same.filter_map(|(_, place)| self.in_order.get(*place)).find(|key| key.kind == kind)
    }
}

/// A text, counted as long as it is held.
pub(super) struct Source {
    pub(super) text: String,
    pub(super) _charge: Option<Charge>,
}

/// How far the engine is with a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is not known to the engine, or no more than declared.
    New,
    /// It is linked, and so is all that it imports.
    Linked,
    /// Memory or stack ran out while it or what it imports was declared or linked. NB: the engine is not asked for it again,
    /// which left it half done.
    Broken,
}

impl Record {
    /// What it imports, in the order of its text.
    pub(super) fn imports(&self) -> &[Key] {
        match &self.content {
            Content::Script { requests, .. } => &requests.in_order,
            Content::Value(_) | Content::Error(_) => &[],
        }
    }

    /// What it means by a specifier and a type.
    pub(super) fn requested(&self, specifier: &str, kind: ModuleType) -> Option<&Key> {
        match &self.content {
            Content::Script { requests, .. } => requests.find(specifier, kind),
            Content::Value(_) | Content::Error(_) => None,
        }
    }
}

/// A module of the engine's, which lives as long as its context.
///
/// NB: it holds the context, and must be dropped before the runtime is.
pub(super) struct Kept(Module<'static>);

#[allow(unsafe_code)]
impl Kept {
    pub(super) fn new(module: Module<'_>) -> Kept {
        // SAFETY: the lifetime is a mark of the context that it belongs to, which it keeps alive; it comes out again only for that.
        Kept(unsafe { std::mem::transmute::<Module<'_>, Module<'static>>(module) })
    }

    /// For the context that it was made in, of which a runtime of ours has one.
    pub(super) fn restore<'js>(&self, ctx: &Ctx<'js>) -> Module<'js> {
        debug_assert_eq!(self.0.ctx().as_raw(), ctx.as_raw());
        // SAFETY: as above.
        unsafe { std::mem::transmute::<Module<'static>, Module<'js>>(self.0.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys() {
        let url = Url::parse("data:text/javascript,json x", None).expect("a URL");
        for (kind, name) in [
            (ModuleType::JavaScript, "data:text/javascript,json x"),
            (ModuleType::Json, "json data:text/javascript,json x"),
            (ModuleType::Text, "text data:text/javascript,json x"),
        ] {
            let key = Key::of(&url, kind);
            assert_eq!(key.name(), name);
            assert_eq!(Key::of_name(name), key);
        }
    }
}
