//! One request item: a name, the operator after it, and a value.
//!
//! The operator that stands first counts, and of those that begin at one place the longest. A backslash makes the next
//! character plain if operators have it; before all others it is a backslash.

/// What stands between the name and the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Header,
    HeaderEmpty,
    HeaderFile,
    Query,
    QueryFile,
    Text,
    TextFile,
    Json,
    JsonFile,
    Upload,
}

/// The longer ones first.
const OPERATORS: [(&str, Operator); 10] = [
    (":=@", Operator::JsonFile),
    ("==@", Operator::QueryFile),
    (":=", Operator::Json),
    ("==", Operator::Query),
    ("=@", Operator::TextFile),
    (":@", Operator::HeaderFile),
    ("=", Operator::Text),
    (":", Operator::Header),
    (";", Operator::HeaderEmpty),
    ("@", Operator::Upload),
];

impl Operator {
    /// As it is typed.
    pub(super) fn as_str(self) -> &'static str {
        OPERATORS.iter().find(|(_, operator)| *operator == self).map_or("", |(text, _)| text)
    }
}

/// An item. Name and value are without the backslashes that made operators plain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) operator: Operator,
    pub(super) value: String,
}

/// There is no operator in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoOperator;

/// Takes an item apart.
pub(super) fn item(word: &str) -> Result<Item, NoOperator> {
    let mut name = String::new();
    let mut rest = word;
    loop {
        if let Some((plain, after)) = escape(rest) {
            name.push(plain);
            rest = after;
            continue;
        }
        if let Some((text, operator)) = OPERATORS.iter().find(|(text, _)| rest.starts_with(text)) {
            return Ok(Item { name, operator: *operator, value: unescaped(&rest[text.len()..]) });
        }
        let mut characters = rest.chars();
        name.push(characters.next().ok_or(NoOperator)?);
        rest = characters.as_str();
        // NB: a backslash that is itself takes the next character with it: `\\=` is a backslash and an operator no more.
        if name.ends_with('\\') && word.len() > rest.len() {
            let mut characters = rest.chars();
            name.extend(characters.next());
            rest = characters.as_str();
        }
    }
}

/// The character after a backslash, if operators have it.
fn escape(text: &str) -> Option<(char, &str)> {
    let after = text.strip_prefix('\\')?;
    let plain = after.chars().next().filter(|next| matches!(next, ':' | ';' | '=' | '@'))?;
    Some((plain, &after[plain.len_utf8()..]))
}

fn unescaped(mut text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    loop {
        if let Some((character, after)) = escape(text) {
            plain.push(character);
            text = after;
            continue;
        }
        let mut characters = text.chars();
        let Some(first) = characters.next() else { return plain };
        plain.push(first);
        if first == '\\' {
            plain.extend(characters.next());
        }
        text = characters.as_str();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_table() {
        use Operator::*;
        let table = [
            ("a text", "a=b", Some(("a", Text, "b"))),
            ("an empty text", "a=", Some(("a", Text, ""))),
            ("JSON", "a:=1", Some(("a", Json, "1"))),
            ("a header", "A:b", Some(("A", Header, "b"))),
            ("a header to be taken away", "A:", Some(("A", Header, ""))),
            ("an empty header", "A;", Some(("A", HeaderEmpty, ""))),
            ("a header from a file", "A:@b", Some(("A", HeaderFile, "b"))),
            ("a query", "a==b", Some(("a", Query, "b"))),
            ("a query from a file", "a==@b", Some(("a", QueryFile, "b"))),
            ("an upload", "a@b", Some(("a", Upload, "b"))),
            ("a text from a file", "a=@b", Some(("a", TextFile, "b"))),
            ("JSON from a file", "a:=@b", Some(("a", JsonFile, "b"))),
            ("the first operator counts", "a=b:c", Some(("a", Text, "b:c"))),
            ("another first", "a:b=c", Some(("a", Header, "b=c"))),
            ("an address is a text", "to=a@b.test", Some(("to", Text, "a@b.test"))),
            ("an escaped operator", r"a\=b=c", Some(("a=b", Text, "c"))),
            ("an escaped colon", r"a\:=b", Some(("a:", Text, "b"))),
            ("an escape cuts a long operator", r"a=\=b", Some(("a", Text, "=b"))),
            ("an escape in the value", r"a=b\@c", Some(("a", Text, "b@c"))),
            ("a text that begins with @", r"a=\@b", Some(("a", Text, "@b"))),
            ("a backslash before a letter", r"a\b=c\d", Some((r"a\b", Text, r"c\d"))),
            ("two backslashes stay two", r"a\\=b=c", Some((r"a\\", Text, "b=c"))),
            ("a path", "a[b][]=c", Some(("a[b][]", Text, "c"))),
            ("no name", "=b", Some(("", Text, "b"))),
            ("a lone upload", "@b", Some(("", Upload, "b"))),
            ("more than ASCII", "\u{e9}=\u{1f600}", Some(("\u{e9}", Text, "\u{1f600}"))),
            ("no operator", "ab", None),
            ("all escaped", r"a\=b", None),
            ("a backslash at the end", r"a\", None),
            ("nothing", "", None),
        ];
        for (name, word, expected) in table {
            let expected = expected.map(|(name, operator, value)| Item {
                name: name.to_owned(),
                operator,
                value: value.to_owned(),
            });
            assert_eq!(item(word).ok(), expected, "{name}");
        }
    }
}
