//! Request items, in HTTPie's syntax: `syntax` takes a word apart, `nested` builds JSON from paths such as `a[b][]`,
//! `bodies` makes the body; here the words beside the URL are told apart.

mod bodies;
mod json_tree;
mod nested;
mod syntax;

use std::ffi::OsString;

use crate::options::{BodyOption, UsageError, typed};

pub(crate) use bodies::Encoding;
use syntax::{Item, Operator};

/// The words beside the options: perhaps a method, the URL, items.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) method: Option<String>,
    pub(crate) url: Option<OsString>,
    pub(crate) items: Vec<OsString>,
}

/// What the items say of a request.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// In `-H`'s syntax.
    pub(crate) headers: Vec<String>,
    /// Parameters to be added to the query.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Option<BodyOption>,
}

/// Which word is which? HTTPie takes any word of letters for a method; here it is one that HTTP knows, or is written in
/// capitals, so that `sofetch localhost a=b` has a URL. `url_may_lack` is so beside --import.
pub(crate) fn words(
    first: Option<OsString>,
    mut more: Vec<OsString>,
    url_may_lack: bool,
) -> Result<Words, UsageError> {
    let Some(first) = first else { return Ok(Words { items: more, ..Words::default() }) };
    let text = first.to_str().unwrap_or_default();
    if is_method(text) && (!more.is_empty() || url_may_lack) {
        let method = text.to_ascii_uppercase();
        if more.is_empty() || url_may_lack && !is_url_beside_import(&more[0]) {
            return Ok(Words { method: Some(method), url: None, items: more });
        }
        let url = more.remove(0);
        if !is_url(&url) {
            return Err(UsageError::ItemForUrl { item: name_of(&url), before: Some(text.to_owned()) });
        }
        return Ok(Words { method: Some(method), url: Some(url), items: more });
    }
    // NB: a word in small letters is a host: `sofetch post` has one.
    if KNOWN_METHODS.contains(&text) {
        return Err(UsageError::MethodAlone(text.to_owned()));
    }
    let is_a_url = if url_may_lack { is_url_beside_import } else { is_url };
    if is_a_url(&first) {
        return Ok(Words { method: None, url: Some(first), items: more });
    }
    if url_may_lack {
        more.insert(0, first);
        return Ok(Words { items: more, ..Words::default() });
    }
    Err(UsageError::ItemForUrl { item: name_of(&first), before: None })
}

const KNOWN_METHODS: [&str; 10] =
    ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"];

fn is_method(word: &str) -> bool {
    let capitals = word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    capitals || KNOWN_METHODS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Could the word be a URL? One with a scheme is; else its host must be free of what marks items.
fn is_url(word: &OsString) -> bool {
    let Some(text) = word.to_str() else { return true };
    let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
    if text.contains("://") || authority.starts_with("data:") {
        return true;
    }
    let host = authority.rsplit('@').next().unwrap_or_default();
    !(host.contains('=') || authority.contains("=@") || authority.ends_with(';') || text.starts_with('@'))
}

/// Where an imported request has a URL already, `x-a:1` is a header; a host of one label is a URL if it is this machine.
fn is_url_beside_import(word: &OsString) -> bool {
    let text = word.to_str().unwrap_or_default();
    let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    let whole = text.contains("://") || text.starts_with([':', '/', '.', '[']);
    let plain =
        whole || host.contains('.') || host.eq_ignore_ascii_case("localhost") || syntax::item(text).is_err();
    is_url(word) && plain
}

/// An item without its value, which may be a secret.
fn name_of(word: &OsString) -> String {
    let word = word.to_string_lossy();
    match syntax::item(&word) {
        Ok(item) => format!("{}{}...", item.name, item.operator.as_str()),
        Err(_) => "this".to_owned(),
    }
}

/// Reads all items, and the files that they name.
pub(crate) fn said(words: &[OsString], encoding: Encoding) -> Result<Said, UsageError> {
    let mut said = Said::default();
    let mut data = Vec::new();
    for word in words {
        let word = typed::text_of("a request item", word)?;
        let item = syntax::item(word).map_err(|_| not_an_item(word))?;
        let Item { name, operator, value } = &item;
        match operator {
            Operator::Header | Operator::HeaderFile | Operator::HeaderEmpty => {
                said.headers.push(header(&item)?);
            }
            Operator::Query => said.query.push((name.clone(), value.clone())),
            Operator::QueryFile => said.query.push((name.clone(), bodies::line_of_file(value)?)),
            _ => data.push(item),
        }
    }
    said.body = bodies::body(data, encoding)?;
    Ok(said)
}

/// As `-H` has it.
fn header(item: &Item) -> Result<String, UsageError> {
    let Item { name, operator, value } = item;
    if name.trim().is_empty() {
        return Err(UsageError::Item { item: ":...".to_owned(), why: "a header has a name".into() });
    }
    if name.contains([':', ';']) {
        return Err(UsageError::Item {
            item: format!("{name}:..."),
            why: "a header's name is a token".into(),
        });
    }
    if *operator == Operator::HeaderEmpty {
        return match value.is_empty() {
            true => Ok(format!("{name};")),
            false => Err(UsageError::Item {
                item: format!("{name};..."),
                why: "an empty header is `Name;`".into(),
            }),
        };
    }
    if *operator == Operator::HeaderFile {
        return Ok(match bodies::line_of_file(value)? {
            value if value.trim().is_empty() => format!("{name};"),
            value => format!("{name}:{value}"),
        });
    }
    // NB: `https://a.test` and `a.test:80` have the shape of headers; who types them means URLs, or must say otherwise.
    let place = value.split('/').next().unwrap_or_default();
    let port = !place.is_empty() && place.bytes().all(|byte| byte.is_ascii_digit());
    if value.starts_with("//") || (port && (name.contains('.') || name.eq_ignore_ascii_case("localhost"))) {
        return Err(UsageError::MoreUrls(format!("{name}:{value}")));
    }
    Ok(format!("{name}:{value}"))
}

fn not_an_item(word: &str) -> UsageError {
    match word {
        "cors" | "tour" | "repl" | "run" | "generate" => UsageError::CommandLate(word.to_owned()),
        // NB: what follows may be a secret whose separator was forgotten; a URL is what it is most often.
        _ => UsageError::MoreUrls(word.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(line: &str, import: bool) -> Result<(Option<String>, Option<String>, usize), String> {
        let mut typed: Vec<OsString> =
            line.split(' ').filter(|word| !word.is_empty()).map(OsString::from).collect();
        let first = (!typed.is_empty()).then(|| typed.remove(0));
        words(first, typed, import)
            .map(|words| (words.method, words.url.and_then(|url| url.into_string().ok()), words.items.len()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn words_are_told_apart() {
        type Row = (&'static str, &'static str, Option<&'static str>, Option<&'static str>, usize);
        let table: [Row; 13] = [
            ("a URL", "a.test", None, Some("a.test"), 0),
            ("a URL and items", "a.test b=c D:e", None, Some("a.test"), 2),
            ("a method and a URL", "POST :3000/x", Some("POST"), Some(":3000/x"), 0),
            ("and items", "PUT a.test b=c", Some("PUT"), Some("a.test"), 1),
            ("a method in small letters", "patch a.test", Some("PATCH"), Some("a.test"), 0),
            ("a method that nobody knows", "PURGE a.test", Some("PURGE"), Some("a.test"), 0),
            ("a host of letters is a URL", "localhost b=c", None, Some("localhost"), 1),
            ("so it is in small letters", "purge b=c", None, Some("purge"), 1),
            ("a host that is called like a method", "post", None, Some("post"), 0),
            ("a query has equals signs", "GET a.test/?b=c", Some("GET"), Some("a.test/?b=c"), 0),
            ("so has a password", "u:p=w@a.test b=c", None, Some("u:p=w@a.test"), 1),
            ("and data:", "data:text/plain;base64,YQ==", None, Some("data:text/plain;base64,YQ=="), 0),
            ("a path", "./x b=c", None, Some("./x"), 1),
        ];
        for (name, line, method, url, items) in table {
            let expected = Ok((method.map(str::to_owned), url.map(str::to_owned), items));
            assert_eq!(sorted(line, false), expected, "{name}");
        }
        let table: [Row; 9] = [
            ("a header is no host", "a:1 b:", None, None, 2),
            ("nor behind a method", "PUT a:1", Some("PUT"), None, 1),
            ("a host with a port is one", "a.test:1 b:2", None, Some("a.test:1"), 1),
            ("so is this machine", "PUT localhost:1", Some("PUT"), Some("localhost:1"), 0),
            ("an import needs no URL", "", None, None, 0),
            ("items change it", "b=c D:=1", None, None, 2),
            ("so does a method", "PUT", Some("PUT"), None, 0),
            ("or both", "PUT b=c", Some("PUT"), None, 1),
            ("another URL is taken", "a.test b=c", None, Some("a.test"), 1),
        ];
        for (name, line, method, url, items) in table {
            let expected = Ok((method.map(str::to_owned), url.map(str::to_owned), items));
            assert_eq!(sorted(line, true), expected, "{name}");
        }
    }

    #[test]
    fn words_that_could_be_either_are_refused() {
        let table = [
            ("a method without a URL", "POST", "a method without a URL"),
            ("items without a URL", "b=c", "the URL stands before"),
            ("items after a method", "POST b=c", "the URL stands before"),
            ("a file without a URL", "b=@c", "the URL stands before"),
            ("JSON without a URL", "b:=1", "the URL stands before"),
            ("an upload as the first word", "@c", "the URL stands before"),
            ("a host called like a method", "post b=c", "https://post"),
        ];
        for (name, line, expected) in table {
            let error = sorted(line, false).expect_err(name);
            assert!(error.contains(expected), "{name}: {error}");
        }
    }

    #[test]
    fn headers_and_query() {
        let words: Vec<OsString> =
            ["A:b", "C:", "D;", "e==f g", "h==", "I: j:k"].iter().map(OsString::from).collect();
        let said = said(&words, Encoding::Json).expect("items");
        assert_eq!(said.headers, ["A:b", "C:", "D;", "I: j:k"]);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(said.query, [pair("e", "f g"), pair("h", "")]);
        assert!(said.body.is_none());
    }

    #[test]
    fn what_is_no_item_is_a_usage_error() {
        let table = [
            ("a bare word", "b.test", "one URL at a time: \"b.test\""),
            ("another URL", "https://b.test/x", "one URL at a time"),
            ("a host and a port", "b.test:80/x", "one URL at a time"),
            ("a command", "cors", "the command comes first"),
            ("a header without a name", ":x", "a header has a name"),
            ("a colon in a header's name", r"a\:b:c", "a header's name is a token"),
            ("a semicolon in the middle", "a;b", "an empty header is `Name;`"),
            ("a file that is not there", "a=@/nowhere/to/be/found", "/nowhere/to/be/found"),
            ("no JSON", "a:=nope", "not JSON"),
        ];
        for (name, word, expected) in table {
            let error = said(&[word.into()], Encoding::Json).expect_err(name).to_string();
            assert!(error.contains(expected), "{name}: {error}");
        }
    }
}
