//! [Import maps](https://html.spec.whatwg.org/#import-maps), and [resolving a specifier](https://html.spec.whatwg.org/#resolve-a-module-specifier)
//! by one. Pure: values in, a URL or a reason out.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde_json::{Map, Value};
use sofetch::Url;

/// <https://html.spec.whatwg.org/#import-map>
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ImportMap {
    imports: SpecifierMap,
    scopes: Vec<(String, SpecifierMap)>,
    integrity: HashMap<String, String>,
}

/// <https://html.spec.whatwg.org/#module-specifier-map>: what comes first as code units comes last, so that the longest prefix is found first.
type SpecifierMap = Vec<(String, Option<Url>)>;

/// Why a text is no import map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoImportMap {
    /// It is no JSON: a `SyntaxError` in a page.
    Syntax(String),
    /// This part of it is no object: a `TypeError` in a page.
    NoObject(&'static str),
}

/// Why a specifier has no URL: a `TypeError` in a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unresolved {
    /// It is bare, and no map has it.
    Bare,
    /// It is like a URL, and none.
    NoUrl,
    /// The map's entry under this key is null.
    Blocked(String),
    /// What follows the prefix leads out of where the prefix leads, or makes no URL.
    Backtracks(String),
}

impl ImportMap {
    /// <https://html.spec.whatwg.org/#parse-an-import-map-string>
    ///
    /// Whatever HTML would warn of on the console is passed over: the map says what it does, by what it resolves.
    pub(crate) fn parse(text: &str, base: &Url) -> Result<ImportMap, NoImportMap> {
        let parsed: Value =
            serde_json::from_str(text).map_err(|error| NoImportMap::Syntax(error.to_string()))?;
        let Value::Object(top) = parsed else { return Err(NoImportMap::NoObject("an import map")) };
        let part = |name: &str, what| match top.get(name) {
            None => Ok(None),
            Some(Value::Object(part)) => Ok(Some(part)),
            Some(_) => Err(NoImportMap::NoObject(what)),
        };
        let imports = part("imports", "\"imports\"")?;
        let scopes = part("scopes", "\"scopes\"")?;
        let integrity = part("integrity", "\"integrity\"")?;
        let mut map = ImportMap {
            imports: imports.map(|part| specifier_map(part, base)).unwrap_or_default(),
            ..ImportMap::default()
        };
        for (prefix, scope) in scopes.into_iter().flatten() {
            let Value::Object(scope) = scope else {
                return Err(NoImportMap::NoObject("a scope of \"scopes\""));
            };
            if let Ok(prefix) = Url::parse(prefix, Some(base)) {
                let scope = specifier_map(scope, base);
                map.scopes.retain(|(other, _)| other != prefix.href());
                map.scopes.push((prefix.href().to_owned(), scope));
            }
        }
        map.scopes.sort_by(|a, b| descending(&a.0, &b.0));
        for (url, metadata) in integrity.into_iter().flatten() {
            if let (Some(url), Value::String(metadata)) = (url_like(url, base), metadata) {
                map.integrity.insert(url.href().to_owned(), metadata.clone());
            }
        }
        Ok(map)
    }

    /// <https://html.spec.whatwg.org/#merge-existing-and-new-import-maps>: what this map has already stays.
    ///
    // SKIPS 4.1, 6: nothing was resolved yet, which who adds a map sees to.
    pub(crate) fn merge(&mut self, new: ImportMap) {
        for (prefix, scope) in new.scopes {
            match self.scopes.iter_mut().find(|(known, _)| *known == prefix) {
                Some((_, known)) => merge_specifiers(known, scope),
                None => self.scopes.push((prefix, scope)),
            }
        }
        self.scopes.sort_by(|a, b| descending(&a.0, &b.0));
        for (url, metadata) in new.integrity {
            self.integrity.entry(url).or_insert(metadata);
        }
        merge_specifiers(&mut self.imports, new.imports);
    }

    /// <https://html.spec.whatwg.org/#resolve-a-module-specifier>
    pub(crate) fn resolve(&self, specifier: &str, base: &Url) -> Result<Url, Unresolved> {
        let as_url = url_like(specifier, base);
        let normalized = as_url.as_ref().map_or(specifier, Url::href);
        for (prefix, scope) in &self.scopes {
            let is_within =
                prefix == base.href() || (prefix.ends_with('/') && base.href().starts_with(&**prefix));
            if is_within && let Some(url) = imports_match(normalized, as_url.as_ref(), scope)? {
                return Ok(url);
            }
        }
        if let Some(url) = imports_match(normalized, as_url.as_ref(), &self.imports)? {
            return Ok(url);
        }
        as_url.ok_or_else(|| if is_relative(specifier) { Unresolved::NoUrl } else { Unresolved::Bare })
    }

    /// <https://html.spec.whatwg.org/#resolving-a-module-integrity-metadata>; empty where there is none.
    pub(crate) fn integrity(&self, url: &Url) -> &str {
        self.integrity.get(url.href()).map_or("", String::as_str)
    }
}

fn is_relative(specifier: &str) -> bool {
    ["/", "./", "../"].iter().any(|start| specifier.starts_with(start))
}

/// <https://html.spec.whatwg.org/#resolving-a-url-like-module-specifier>
fn url_like(specifier: &str, base: &Url) -> Option<Url> {
    Url::parse(specifier, is_relative(specifier).then_some(base)).ok()
}

/// <https://html.spec.whatwg.org/#resolving-an-imports-match>
fn imports_match(
    normalized: &str,
    as_url: Option<&Url>,
    specifiers: &SpecifierMap,
) -> Result<Option<Url>, Unresolved> {
    for (key, address) in specifiers {
        let blocked = || Unresolved::Blocked(key.clone());
        if key == normalized {
            return address.clone().ok_or_else(blocked).map(Some);
        }
        let Some(after) = normalized.strip_prefix(&**key).filter(|_| key.ends_with('/')) else { continue };
        if as_url.is_none_or(Url::is_special) {
            let address = address.as_ref().ok_or_else(blocked)?;
            let url = Url::parse(after, Some(address)).ok();
            let url = url.filter(|url| url.href().starts_with(address.href()));
            return url.ok_or_else(|| Unresolved::Backtracks(key.clone())).map(Some);
        }
    }
    Ok(None)
}

/// <https://html.spec.whatwg.org/#sorting-and-normalizing-a-module-specifier-map>
fn specifier_map(said: &Map<String, Value>, base: &Url) -> SpecifierMap {
    let mut map = SpecifierMap::new();
    for (key, value) in said {
        if key.is_empty() {
            continue;
        }
        let normalized = url_like(key, base).map_or_else(|| key.clone(), |url| url.href().to_owned());
        let address = value.as_str().and_then(|address| url_like(address, base));
        let address = address.filter(|address| !key.ends_with('/') || address.href().ends_with('/'));
        map.retain(|(other, _)| *other != normalized);
        map.push((normalized, address));
    }
    map.sort_by(|a, b| descending(&a.0, &b.0));
    map
}

/// <https://html.spec.whatwg.org/#merge-module-specifier-maps>
fn merge_specifiers(known: &mut SpecifierMap, new: SpecifierMap) {
    for (key, address) in new {
        if !known.iter().any(|(other, _)| *other == key) {
            known.push((key, address));
        }
    }
    known.sort_by(|a, b| descending(&a.0, &b.0));
}

/// The other way round than [code unit less than](https://infra.spec.whatwg.org/#code-unit-less-than).
fn descending(a: &str, b: &str) -> Ordering {
    b.encode_utf16().cmp(a.encode_utf16())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text, None).expect("a valid URL")
    }

    const MAP: &str = r#"{
        "imports": {
            "a": "/lib/a.js", "a/": "./a/", "a/b/": "https://b.test/x/", "blocked": null, "folder/": "/no-slash",
            "number": 1, "none": "bare", "/app/x.js": "./y.js", "https://c.test/": "/c/", "data:text/": "/d/", "": "/e.js"
        },
        "scopes": {
            "/app/": { "a": "/app/own-a.js" },
            "/app/deep/": { "a": "/deep/a.js", "gone": null },
            "/app/one.js": { "only": "/only.js" },
            "http://[": { "a": "/never.js" }
        },
        "integrity": { "/lib/a.js": "sha256-x", "bare": "sha256-y", "/n.js": 1 },
        "unknown": 1
    }"#;

    #[test]
    fn resolve_table() {
        let map = ImportMap::parse(MAP, &url("https://a.test/")).expect("a map");
        let blocked = |key: &str| Err(Unresolved::Blocked(key.to_owned()));
        let table: [(&str, &str, &str, Result<&str, Unresolved>); 21] = [
            ("a name", "a", "/m.js", Ok("https://a.test/lib/a.js")),
            ("a prefix", "a/c.js", "/m.js", Ok("https://a.test/a/c.js")),
            ("the longest prefix", "a/b/c.js", "/m.js", Ok("https://b.test/x/c.js")),
            ("out of a prefix", "a/../../c.js", "/m.js", Err(Unresolved::Backtracks("a/".to_owned()))),
            ("null", "blocked", "/m.js", blocked("blocked")),
            ("an address without the key's slash", "folder/x", "/m.js", blocked("folder/")),
            ("an address that is no text", "number", "/m.js", blocked("number")),
            ("an address that is bare", "none", "/m.js", blocked("none")),
            ("what no map has", "b", "/m.js", Err(Unresolved::Bare)),
            ("the empty text", "", "/m.js", Err(Unresolved::Bare)),
            ("a URL that the map has", "/app/x.js", "/m.js", Ok("https://a.test/y.js")),
            ("the same, said otherwise", "../app/./x.js", "/m/m.js", Ok("https://a.test/y.js")),
            ("a URL's prefix", "https://c.test/y", "/m.js", Ok("https://a.test/c/y")),
            ("a prefix of what is not special", "data:text/x", "/m.js", Ok("data:text/x")),
            ("a URL that the map has not", "./z.js", "/m/m.js", Ok("https://a.test/m/z.js")),
            ("no URL", "http://[", "/m.js", Err(Unresolved::Bare)),
            ("within a scope", "a", "/app/m.js", Ok("https://a.test/app/own-a.js")),
            ("the longest scope", "a", "/app/deep/m.js", Ok("https://a.test/deep/a.js")),
            ("what a scope blocks", "gone", "/app/deep/m.js", blocked("gone")),
            ("what a scope has not", "a/c.js", "/app/m.js", Ok("https://a.test/a/c.js")),
            ("the scope of one script", "only", "/app/one.js", Ok("https://a.test/only.js")),
        ];
        for (name, specifier, base, expected) in table {
            let resolved = map.resolve(specifier, &url(&format!("https://a.test{base}")));
            assert_eq!(resolved.as_ref().map(Url::href), expected.as_ref().copied(), "{name}");
        }
        assert_eq!(map.resolve("/x", &url("data:,")), Err(Unresolved::NoUrl));
        assert_eq!(map.integrity(&url("https://a.test/lib/a.js")), "sha256-x");
        assert_eq!(map.integrity(&url("https://a.test/n.js")), "");
    }

    #[test]
    fn parse_table() {
        let no_object = |part| Err(NoImportMap::NoObject(part));
        let table = [
            ("nothing in it", "{}", Ok(ImportMap::default())),
            ("a list", "[]", no_object("an import map")),
            ("imports", r#"{"imports": []}"#, no_object("\"imports\"")),
            ("scopes", r#"{"scopes": null}"#, no_object("\"scopes\"")),
            ("a scope", r#"{"scopes": {"http://[": 1}}"#, no_object("a scope of \"scopes\"")),
            ("integrity", r#"{"integrity": 1}"#, no_object("\"integrity\"")),
        ];
        for (name, text, expected) in table {
            assert_eq!(ImportMap::parse(text, &url("https://a.test/")), expected, "{name}");
        }
        let syntax = ImportMap::parse("{", &url("https://a.test/"));
        assert!(matches!(syntax, Err(NoImportMap::Syntax(_))));
    }

    #[test]
    fn what_was_said_first_stays() {
        let parse = |text| ImportMap::parse(text, &url("https://a.test/")).expect("a map");
        let mut map =
            parse(r#"{"imports": {"a": "/1"}, "scopes": {"/s/": {"a": "/2"}}, "integrity": {"/1": "x"}}"#);
        map.merge(parse(
            r#"{"imports": {"a": "/3", "a/": "/4/"}, "scopes": {"/s/": {"a": "/5", "b": "/6"}, "/s/t/": {"b": "/7"}},
                "integrity": {"/1": "y", "/3": "z"}}"#,
        ));
        for (specifier, base, expected) in [
            ("a", "/", "/1"),
            ("a/b", "/", "/4/b"),
            ("a", "/s/", "/2"),
            ("b", "/s/", "/6"),
            ("b", "/s/t/", "/7"),
        ] {
            let resolved = map.resolve(specifier, &url(&format!("https://a.test{base}")));
            assert_eq!(resolved, Ok(url(&format!("https://a.test{expected}"))), "{specifier} from {base}");
        }
        assert_eq!(map.integrity(&url("https://a.test/1")), "x");
        assert_eq!(map.integrity(&url("https://a.test/3")), "z");
    }
}
