//! Reads the source of the Fetch Standard (Bikeshed's HTML): which anchors it has, and a hash of each algorithm.
//!
//! Ids that the source does not write are derived as Bikeshed derives them: the term, after what it is for, in lower
//! case, with dashes for spaces and without other signs. Nothing of the text is kept but terms and headings.

use std::collections::HashSet;

/// Something that a URL's fragment can point at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Anchor {
    pub(crate) id: String,
    /// `algorithm`, `dfn`, `heading`, `idl`, `old` or `id`.
    pub(crate) kind: String,
    pub(crate) title: String,
    /// Of an algorithm's text without markup; empty for others.
    pub(crate) hash: String,
}

/// All anchors in the order of the source, each once. An algorithm that defines no term is an error.
pub(crate) fn anchors(source: &str) -> Result<Vec<Anchor>, Vec<String>> {
    let source = without_comments(source);
    let tags = tags(&source);
    let mut found = Vec::new();
    for tag in tags.iter().filter(|tag| !tag.closing) {
        found.extend(tag_anchors(&source, tag, &tags));
        if tag.name == "pre" && tag.attribute("class").is_some_and(|class| class == "idl") {
            found.extend(idl_anchors(&text_of(inside(&source, tag, &tags)), &source));
        }
    }
    let mut faults = Vec::new();
    for (at, block) in tags.iter().enumerate().filter(|(_, tag)| tag.is("div") && tag.has("algorithm")) {
        let text = inside(&source, block, &tags);
        let end = block.end + text.len();
        let Some(dfn) = tags[at..].iter().take_while(|tag| tag.end <= end).find(|tag| tag.is_dfn()) else {
            faults.push(format!("an algorithm defines nothing: {}", one_line(&text_of(text), 60)));
            continue;
        };
        let id = id_of(&source, dfn, &tags);
        if let Some(anchor) = found.iter_mut().find(|anchor| anchor.id == id) {
            anchor.kind = "algorithm".to_owned();
            anchor.hash = format!("{:016x}", fnv(&text_of(text)));
        }
    }
    let mut seen = HashSet::new();
    found.retain(|anchor| seen.insert(anchor.id.clone()));
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

/// The anchors that one tag makes: its id, the id it derives, the ids it once had.
fn tag_anchors(source: &str, tag: &Tag<'_>, tags: &[Tag<'_>]) -> Vec<Anchor> {
    let is_heading = matches!(tag.name.as_bytes(), [b'h', b'1'..=b'6']);
    let kind = match () {
        () if tag.is_dfn() => "dfn",
        () if is_heading => "heading",
        () if tag.has("id") => "id",
        () => return Vec::new(),
    };
    let title = if kind == "id" { String::new() } else { one_line(&text_of(inside(source, tag, tags)), 120) };
    let mut ids = vec![(id_of(source, tag, tags), kind)];
    ids.extend(
        tag.attribute("oldids")
            .into_iter()
            .flat_map(|old| old.split(','))
            .map(|old| (old.trim().to_owned(), "old")),
    );
    let anchor = |(id, kind): (String, &str)| Anchor {
        id,
        kind: kind.to_owned(),
        title: title.clone(),
        hash: String::new(),
    };
    ids.into_iter().filter(|(id, _)| !id.is_empty()).map(anchor).collect()
}

/// The id that stands there, or that Bikeshed makes.
fn id_of(source: &str, tag: &Tag<'_>, tags: &[Tag<'_>]) -> String {
    if let Some(id) = tag.attribute("id") {
        return id.to_owned();
    }
    let text = text_of(inside(source, tag, tags));
    let term = tag.attribute("lt").unwrap_or(&text).split('|').next().unwrap_or_default();
    let owner = tag.attribute("for").unwrap_or_default().split(',').next().unwrap_or_default().trim();
    let of_idl = ["method", "constructor", "attribute", "dict-member", "enum-value", "const"];
    let (prefix, term) = match of_idl.iter().any(|kind| tag.has(kind)) {
        true => ("dom", term.split('(').next().unwrap_or_default()),
        false => ("", term),
    };
    let parts: Vec<&str> = [prefix, owner, term].into_iter().filter(|part| !part.is_empty()).collect();
    simplify(&parts.join("-"))
}

/// A term as an id.
fn simplify(text: &str) -> String {
    let text = text.trim().to_lowercase().replace("()", "");
    let mut id = String::new();
    for character in text.chars() {
        match character {
            'a'..='z' | '0'..='9' | '_' | '-' => id.push(character),
            ' ' | '\t' | '\n' | '/' | '(' | ',' if !id.ends_with('-') => id.push('-'),
            _ => {}
        }
    }
    id.trim_end_matches('-').to_owned()
}

/// The names that a block of IDL defines by itself: types, values of enums, members of dictionaries.
fn idl_anchors(idl: &str, source: &str) -> Vec<Anchor> {
    let mut found = Vec::new();
    let mut add = |id: String, title: &str| {
        let id = translated(&id, source).unwrap_or(id);
        found.push(Anchor { id, kind: "idl".to_owned(), title: title.to_owned(), hash: String::new() });
    };
    // What follows `//` is a remark, and no name.
    let lines: Vec<&str> = idl.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let idl = lines.join("\n");
    let mut rest = &*idl;
    while let Some(end) = rest.find([';', '{']) {
        let (statement, after) = (rest[..end].trim(), &rest[end + 1..]);
        let statement = statement.rsplit(']').next().unwrap_or_default();
        let mut words = statement.split([' ', '\n', ':']).filter(|word| !word.is_empty());
        let (first, name) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        rest = after;
        if first == "typedef" {
            let name = words.next_back().unwrap_or(name);
            add(format!("typedefdef-{}", simplify(name)), name);
        }
        if !idl_block(first) || !idl[..idl.len() - after.len()].ends_with('{') {
            continue;
        }
        // A block: no block of the Standard's IDL has one inside, but for default values `{}`.
        let close = after.find("\n}").or_else(|| after.find('}')).unwrap_or(after.len());
        let body = &after[..close];
        rest = after[close..].find(';').map_or("", |end| &after[close + end + 1..]);
        match first {
            "enum" => {
                add(format!("enumdef-{}", simplify(name)), name);
                for value in body.split('"').skip(1).step_by(2) {
                    add(simplify(&format!("dom-{name}-{value}")), value);
                }
            }
            "dictionary" => {
                add(format!("dictdef-{}", simplify(name)), name);
                for member in body.split(';').filter_map(|member| member.split('=').next()) {
                    if let Some(member) = member.split_whitespace().next_back() {
                        add(simplify(&format!("dom-{name}-{member}")), member);
                    }
                }
            }
            _ if name == "mixin" => {
                let name = words.next().unwrap_or_default();
                add(simplify(name), name);
            }
            _ => add(simplify(name), name),
        }
    }
    found
}

fn idl_block(word: &str) -> bool {
    matches!(word, "interface" | "dictionary" | "enum")
}

/// `Translate IDs: a b,c d` in the metadata gives some ids another name.
fn translated(id: &str, source: &str) -> Option<String> {
    let line = source.lines().find_map(|line| line.strip_prefix("Translate IDs:"))?;
    let mut pairs = line.split(',').filter_map(|pair| pair.trim().split_once(' '));
    pairs.find(|(from, _)| *from == id).map(|(_, to)| to.to_owned())
}

struct Tag<'a> {
    name: &'a str,
    closing: bool,
    attributes: Vec<(&'a str, &'a str)>,
    start: usize,
    end: usize,
}

impl<'a> Tag<'a> {
    fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find(|(is, _)| *is == name).map(|(_, value)| *value)
    }

    fn has(&self, name: &str) -> bool {
        self.attribute(name).is_some()
    }

    fn is(&self, name: &str) -> bool {
        !self.closing && self.name == name
    }

    fn is_dfn(&self) -> bool {
        self.is("dfn") || (!self.closing && self.has("dfn"))
    }
}

/// Blanks comments, so that what they hold is neither text nor tag.
fn without_comments(source: &str) -> String {
    let mut kept = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("<!--") {
        kept.push_str(before);
        rest = after.split_once("-->").map_or("", |(_, after)| after);
    }
    kept + rest
}

fn tags(source: &str) -> Vec<Tag<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = source[at..].find('<').map(|offset| at + offset) {
        let after = &source[start + 1..];
        let closing = after.starts_with('/');
        let body = &after[usize::from(closing)..];
        let length = body.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(body.len());
        at = start + 1;
        if length == 0 || !body.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let (attributes, rest) = attributes(&body[length..]);
        let end = source.len() - rest.len();
        found.push(Tag { name: &body[..length], closing, attributes, start, end });
        at = end;
    }
    found
}

/// A tag's attributes, and what follows the tag.
fn attributes(mut rest: &str) -> (Vec<(&str, &str)>, &str) {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if let Some(after) = rest.strip_prefix('>') {
            return (found, after);
        }
        let name = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>')).unwrap_or(rest.len());
        if rest.is_empty() {
            return (found, rest);
        }
        let after = rest[name..].strip_prefix('=');
        let (value, after) = match after.and_then(|after| after.chars().next().map(|first| (first, after))) {
            Some((quote @ ('"' | '\''), after)) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
            Some((_, after)) => {
                after.split_at(after.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(after.len()))
            }
            None => ("", &rest[name..]),
        };
        found.push((&rest[..name], value));
        rest = after;
    }
}

/// What stands between a tag and the one that closes it.
fn inside<'a>(source: &'a str, tag: &Tag<'_>, tags: &[Tag<'_>]) -> &'a str {
    let from = tags.partition_point(|other| other.start <= tag.start);
    let mut depth = 0;
    for other in tags[from..].iter().filter(|other| other.name == tag.name) {
        match other.closing {
            true if depth == 0 => return &source[tag.end..other.start],
            true => depth -= 1,
            false => depth += 1,
        }
    }
    ""
}

/// Text without markup, runs of spaces as one.
fn text_of(markup: &str) -> String {
    let mut text = String::new();
    let mut at = 0;
    for tag in tags(markup) {
        text.push_str(&markup[at..tag.start]);
        at = tag.end;
    }
    text.push_str(&markup[at..]);
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    // A line's beginning is kept for IDL, where a block ends with one.
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn one_line(text: &str, most: usize) -> String {
    text.replace('\n', " ").chars().take(most).collect()
}

/// FNV-1a, 64 bits, of the text with its lines joined: where lines break does not count.
fn fnv(text: &str) -> u64 {
    text.replace('\n', " ")
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(source: &str) -> Vec<String> {
        let found = anchors(source).expect("every block of the table defines something");
        found.iter().map(|anchor| format!("{} {}", anchor.kind, anchor.id)).collect()
    }

    #[test]
    fn ids_are_derived_as_bikeshed_derives_them() {
        for (source, id) in [
            ("<dfn export>fetch params</dfn>", "dfn fetch-params"),
            ("<dfn for=\"fetch controller\">abort</dfn>", "dfn fetch-controller-abort"),
            ("<dfn id=concept-fetch>fetch</dfn>", "dfn concept-fetch"),
            ("<dfn lt=\"block bad port\">should be\nblocked</dfn>", "dfn block-bad-port"),
            ("<dfn lt=\"create|creating\" for=Request>create</dfn>", "dfn request-create"),
            (
                "<dfn for=\"header value\">get, decode, and split</dfn>",
                "dfn header-value-get-decode-and-split",
            ),
            ("<dfn>a request's `<code>Cookie</code>` header</dfn>", "dfn a-requests-cookie-header"),
            ("<dfn><code>data:</code> URL processor</dfn>", "dfn data-url-processor"),
            (
                "<dfn method for=Headers><code>append(<var>name</var>, b)</code></dfn>",
                "dfn dom-headers-append",
            ),
            ("<dfn attribute for=Body><code>bodyUsed</code></dfn>", "dfn dom-body-bodyused"),
            ("<h3 id=a dfn class=no-num>A</h3>", "dfn a"),
            ("<h3 id=a>A</h3>", "heading a"),
            ("<p id='b c'>A</p>", "id b c"),
        ] {
            assert_eq!(ids(source), [id], "{source}");
        }
        assert_eq!(ids("<dfn id=a oldids=b,c>x</dfn>"), ["dfn a", "old b", "old c"]);
        assert_eq!(ids("<!-- <dfn>a</dfn> --><p>b</p>"), Vec::<String>::new());
    }

    #[test]
    fn idl_defines_types_values_and_members() {
        let source = "Translate IDs: dictdef-init init,enumdef-mode mode\n<pre class=idl>\n\
            typedef (Request or USVString) RequestInfo;\n[Exposed=(Window,Worker)]\ninterface A {\n\
            \x20 constructor(optional Init init = {});\n};\ninterface mixin B {\n};\n\
            dictionary Init {\n  ByteString method;\n  short status = 200; // or null\n};\n\
            enum Mode { \"\", \"same-origin\" };</pre>";
        assert_eq!(
            ids(source),
            [
                "idl typedefdef-requestinfo",
                "idl a",
                "idl b",
                "idl init",
                "idl dom-init-method",
                "idl dom-init-status",
                "idl mode",
                "idl dom-mode",
                "idl dom-mode-same-origin"
            ]
        );
    }

    #[test]
    fn algorithms_are_hashed_by_their_words() {
        let one = "<div algorithm>\n<p>To <dfn>do</dfn>: <div>a</div> b\n</div><p>after";
        let same = "<div algorithm=x><p>To <dfn>do</dfn>:\n <div class=note>a</div>\n <b>b</b></div>";
        let other = "<div algorithm><p>To <dfn>do</dfn>: <div>a</div> c</div>";
        let hash = |source| anchors(source).expect("a term")[0].clone();
        assert_eq!(hash(one), hash(same));
        assert_ne!(hash(one).hash, hash(other).hash);
        assert_eq!((&*hash(one).kind, &*hash(one).title), ("algorithm", "do"));
        assert!(anchors("<div algorithm><p>none</div><dfn>later</dfn>").is_err());
    }
}
