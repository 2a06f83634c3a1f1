//! `import` declarations at the beginning of an entry, as what a script can have: `const { a: b } = await import("c")`.
//!
//! What is read here is no more than the clauses; where anything else stands, the entry is left as it is, for the engine to refuse.

use super::parsing::is_part_of_a_name;

/// What became of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Imports {
    /// It begins with none, or with what is none.
    None,
    /// It ends within one.
    EndsTooEarly,
    /// The text with others in their place.
    Dynamic(String),
}

/// Why reading stops: the text is over, or something else stands there.
enum Stop {
    End,
    Other,
}

struct Reader<'a> {
    rest: &'a str,
}

pub(super) fn dynamic(source: &str) -> Imports {
    let mut reader = Reader { rest: source };
    let mut text = String::new();
    loop {
        let before = reader.rest;
        match reader.declaration() {
            Ok(declaration) => text.push_str(&declaration),
            Err(Stop::End) if reader.is_import(before) => return Imports::EndsTooEarly,
            Err(_) if text.is_empty() => return Imports::None,
            Err(_) => return Imports::Dynamic(text + before),
        }
    }
}

impl<'a> Reader<'a> {
    /// Does an import declaration begin the text, behind blanks and comments?
    fn is_import(&self, text: &'a str) -> bool {
        let mut reader = Reader { rest: text };
        reader.skip().is_ok() && reader.word() == Some("import")
    }

    fn declaration(&mut self) -> Result<String, Stop> {
        self.skip()?;
        if self.word() != Some("import") {
            return Err(Stop::Other);
        }
        self.skip()?;
        if let Some(specifier) = self.string()? {
            return Ok(format!("await import({specifier}{});", self.attributes()?));
        }
        let (mut namespace, mut members) = (None, Vec::new());
        if let Some(name) = self.word() {
            members.push(format!("default: {name}"));
            self.skip()?;
        }
        if members.is_empty() || self.takes(',') {
            self.skip()?;
            if self.takes('*') {
                self.keyword("as")?;
                self.skip()?;
                namespace = Some(self.word().ok_or(Stop::Other)?);
            } else {
                self.named(&mut members)?;
            }
        }
        self.keyword("from")?;
        self.skip()?;
        let specifier = self.string()?.ok_or(Stop::Other)?;
        let import = format!("await import({specifier}{})", self.attributes()?);
        Ok(match namespace {
            Some(name) if members.is_empty() => format!("const {name} = {import};"),
            Some(name) => format!("const {name} = {import}, {{ {} }} = {name};", members.join(", ")),
            None => format!("const {{ {} }} = {import};", members.join(", ")),
        })
    }

    /// `{ a, b as c, "d" as e }`
    fn named(&mut self, members: &mut Vec<String>) -> Result<(), Stop> {
        if !self.takes('{') {
            return Err(Stop::Other);
        }
        loop {
            self.skip()?;
            if self.takes('}') {
                return Ok(());
            }
            let name = match self.string()? {
                Some(name) => name,
                None => self.word().ok_or(Stop::Other)?,
            };
            self.skip()?;
            let mut behind = Reader { rest: self.rest };
            if behind.word() == Some("as") {
                self.rest = behind.rest;
                self.skip()?;
                members.push(format!("{name}: {}", self.word().ok_or(Stop::Other)?));
                self.skip()?;
            } else {
                members.push(name.to_owned());
            }
            if !self.takes(',') && !self.rest.starts_with('}') {
                return Err(Stop::Other);
            }
        }
    }

    /// `with { type: "json" }` as a second argument; and the semicolon, if there is one.
    fn attributes(&mut self) -> Result<String, Stop> {
        let mut behind = Reader { rest: self.rest };
        let mut argument = String::new();
        if behind.skip().is_ok() && behind.word() == Some("with") {
            behind.skip()?;
            let start = behind.rest;
            if !behind.takes('{') {
                return Err(Stop::Other);
            }
            while !behind.takes('}') {
                behind.skip()?;
                if behind.string()?.is_none()
                    && behind.word().is_none()
                    && !behind.takes(':')
                    && !behind.takes(',')
                {
                    return if behind.rest.starts_with('}') { continue } else { Err(Stop::Other) };
                }
            }
            argument = format!(", {{ with: {} }}", &start[..start.len() - behind.rest.len()]);
            self.rest = behind.rest;
        }
        let mut behind = Reader { rest: self.rest };
        if behind.skip().is_ok() && behind.takes(';') {
            self.rest = behind.rest;
        }
        Ok(argument)
    }

    /// Blanks and comments; there must be something behind them.
    fn skip(&mut self) -> Result<(), Stop> {
        loop {
            self.rest = self.rest.trim_start();
            let (end, length) = match self.rest {
                "" => return Err(Stop::End),
                rest if rest.starts_with("//") => ("\n", 1),
                rest if rest.starts_with("/*") => ("*/", 2),
                _ => return Ok(()),
            };
            let at = self.rest[length..].find(end).ok_or(Stop::End)?;
            self.rest = &self.rest[length + at + end.len()..];
        }
    }

    fn takes(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn keyword(&mut self, word: &str) -> Result<(), Stop> {
        self.skip()?;
        if self.word() == Some(word) { Ok(()) } else { Err(Stop::Other) }
    }

    fn word(&mut self) -> Option<&'a str> {
        let end = self.rest.find(|c| !is_part_of_a_name(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    /// With its quotes.
    fn string(&mut self) -> Result<Option<&'a str>, Stop> {
        let Some(quote) = self.rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return Ok(None);
        };
        let mut escaped = false;
        for (at, c) in self.rest.char_indices().skip(1) {
            match c {
                '\n' => return Err(Stop::Other),
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                c if c == quote => {
                    let (string, rest) = self.rest.split_at(at + 1);
                    self.rest = rest;
                    return Ok(Some(string));
                }
                _ => {}
            }
        }
        Err(Stop::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_table() {
        let to = |text: &str| Imports::Dynamic(text.to_owned());
        let table = [
            ("for its effects", "import 'a'", to("await import('a');")),
            ("the default", "import a from \"b\";", to("const { default: a } = await import(\"b\");")),
            (
                "named ones",
                "import { a, b as c, 'd-e' as f, default as g, } from 'h'",
                to("const { a, b: c, 'd-e': f, default: g } = await import('h');"),
            ),
            ("all", "import * as a from 'b'", to("const a = await import('b');")),
            (
                "all and the default",
                "import a, * as b from 'c'",
                to("const b = await import('c'), { default: a } = b;"),
            ),
            (
                "named ones and the default",
                "import a, { b } from 'c'",
                to("const { default: a, b } = await import('c');"),
            ),
            (
                "attributes",
                "import a from './b.json' with { type: 'json' };",
                to("const { default: a } = await import('./b.json', { with: { type: 'json' } });"),
            ),
            (
                "several, comments, and what comes behind",
                "// one\nimport 'a'; /* two */ import 'b'\nf() // import 'c'",
                to("await import('a');await import('b');\nf() // import 'c'"),
            ),
            ("within the names", "import { a,", Imports::EndsTooEarly),
            ("before the name of the module", "import a from", Imports::EndsTooEarly),
            ("the second ends early", "import 'a'\nimport {", Imports::EndsTooEarly),
            ("a call", "import('a')", Imports::None),
            ("a member", "import.meta", Imports::None),
            ("nothing", "", Imports::None),
            ("something else", "important()", Imports::None),
            ("no clause", "import a b", Imports::None),
            ("an open text", "import 'a", Imports::None),
        ];
        for (name, source, expected) in table {
            assert_eq!(dynamic(source), expected, "{name}");
        }
    }
}
