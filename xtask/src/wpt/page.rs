//! A page that is nothing but scripts, read for them: which are run, in which order, and what `<meta>` says of the test.
//!
//! No HTML parser: markup that is not about scripts is passed over, and nobody sees it.

/// What a page holds for us.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) title: Option<String>,
    pub(super) variants: Vec<String>,
    pub(super) long: bool,
    /// Of `<meta name=referrer>`.
    pub(super) referrer_policy: Option<String>,
    /// Of `<meta http-equiv=Content-Security-Policy>`.
    pub(super) csp: Vec<String>,
    /// Classic scripts.
    pub(super) scripts: Vec<Script>,
    /// Module scripts, which all run behind them.
    pub(super) modules: Vec<Script>,
    pub(super) import_maps: Vec<String>,
}

/// A script.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Script {
    /// As `src` says it.
    Src(String),
    Inline(String),
}

const CSP: &str = "Content-Security-Policy";

/// Reads a page from its beginning to its end.
pub(super) fn read(text: &str) -> Page {
    let mut page = Page::default();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let length = rest[1..].find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len() - 1);
        let name = rest[1..1 + length].to_ascii_lowercase();
        let (attributes, after) = attributes(&rest[1 + length..]);
        rest = after;
        let attribute =
            |name: &str| attributes.iter().find(|(is, _)| is == name).map(|(_, value)| value.clone());
        match &*name {
            "script" => {
                let (inside, after) = until_end(rest, "script");
                rest = after;
                let script = attribute("src").map_or_else(|| Script::Inline(inside.to_owned()), Script::Src);
                match (kind_of(attribute("type")), script) {
                    (Some(Kind::Classic), _) if attribute("nomodule").is_some() => {}
                    (Some(Kind::Classic), script) => page.scripts.push(script),
                    (Some(Kind::Module), script) => page.modules.push(script),
                    (Some(Kind::ImportMap), Script::Inline(map)) => page.import_maps.push(map),
                    (Some(Kind::ImportMap), Script::Src(_)) | (None, _) => {}
                }
            }
            "title" => {
                let (inside, after) = until_end(rest, "title");
                rest = after;
                page.title.get_or_insert_with(|| decoded(inside));
            }
            "style" | "textarea" | "xmp" => rest = until_end(rest, &name).1,
            "meta" if attribute("http-equiv").is_some_and(|word| word.eq_ignore_ascii_case(CSP)) => {
                page.csp.extend(attribute("content"));
            }
            "meta" => match (attribute("name").as_deref(), attribute("content")) {
                (Some("variant"), Some(content)) => page.variants.push(content),
                (Some("timeout"), Some(content)) => page.long = content == "long",
                (Some("referrer"), Some(content)) => page.referrer_policy = Some(content),
                _ => {}
            },
            _ => {}
        }
    }
    page
}

enum Kind {
    Classic,
    Module,
    ImportMap,
}

/// What `type` says of a script; nothing where it is none that runs.
fn kind_of(kind: Option<String>) -> Option<Kind> {
    let Some(kind) = kind else { return Some(Kind::Classic) };
    match &*kind.trim().to_ascii_lowercase() {
        "" | "text/javascript" | "application/javascript" | "text/ecmascript" | "application/ecmascript" => {
            Some(Kind::Classic)
        }
        "module" => Some(Kind::Module),
        "importmap" => Some(Kind::ImportMap),
        _ => None,
    }
}

/// What stands before an element's end tag, and what follows the tag.
fn until_end<'a>(rest: &'a str, name: &str) -> (&'a str, &'a str) {
    // ASCII letters alone change, so that places are the same.
    let lower = rest.to_ascii_lowercase();
    match lower.find(&format!("</{name}")) {
        Some(end) => (&rest[..end], rest[end..].split_once('>').map_or("", |(_, after)| after)),
        None => (rest, ""),
    }
}

/// A tag's attributes, and what follows the tag.
fn attributes(mut rest: &str) -> (Vec<(String, String)>, &str) {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return (found, after);
        }
        if rest.is_empty() {
            return (found, rest);
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/'));
        // NB: a `=` where a name should begin is a name's first letter, or nothing would move.
        let (name, after) = rest.split_at(end.unwrap_or(rest.len()).max(1).min(rest.len()));
        let (value, after) = match after.trim_start().strip_prefix('=').map(str::trim_start) {
            Some(value) => match value.chars().next() {
                Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
                _ => {
                    let end = value.find(|c: char| c.is_ascii_whitespace() || c == '>');
                    value.split_at(end.unwrap_or(value.len()))
                }
            },
            None => ("", after),
        };
        found.push((name.to_ascii_lowercase(), decoded(value)));
        rest = after;
    }
}

fn decoded(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_in_their_order() {
        let page = read(
            "<!doctype html><TITLE>a &amp; b</TITLE>\n<script src=/h.js></script><!-- <script src=no.js></script> -->\
             <script src='a.js?x&amp;y' async></script><script type='text/plain'>no()</script>\
             <div id=log></div><script type=importmap>{}</script><script type=Module src=m.js></script>\
             <SCRIPT>\nif (a</b/.c) {}\n</SCRIPT >\n<script type=module>yes()</script><script type=importmap src=no></script>\
             <script nomodule>no()</script>",
        );
        assert_eq!(page.title.as_deref(), Some("a & b"));
        let src = |said: &str| Script::Src(said.to_owned());
        let inline = Script::Inline("\nif (a</b/.c) {}\n".to_owned());
        assert_eq!(page.scripts, [src("/h.js"), src("a.js?x&y"), inline]);
        assert_eq!(page.modules, [src("m.js"), Script::Inline("yes()".to_owned())]);
        assert_eq!(page.import_maps, ["{}"]);
    }

    #[test]
    fn meta_table() {
        let page = read(
            "<meta charset=utf-8><meta name=\"timeout\" content=\"long\"/><meta name=variant content='?a'>\
             <meta name=variant content=\"?b c\"><meta name='referrer' content='strict-origin'>\
             <meta http-equiv=content-security-policy content=\"img-src 'none'\"><meta http-equiv=refresh content=1>",
        );
        assert_eq!(page.csp, ["img-src 'none'"]);
        assert!(page.long);
        assert_eq!(page.variants, ["?a", "?b c"]);
        assert_eq!(page.referrer_policy.as_deref(), Some("strict-origin"));
    }

    #[test]
    fn what_does_not_end_is_read_to_the_end() {
        for text in ["<", "<script", "<script src=a", "<script>a", "<!-- a", "<a =", "<a b='", "<title>"] {
            read(text);
        }
        assert_eq!(read("<script>a").scripts, [Script::Inline("a".to_owned())]);
    }
}
