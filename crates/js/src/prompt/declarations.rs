//! `let`, `const` and `class` of an entry, made into what the next entry sees and may declare anew.
//!
//! The engine refuses a second declaration of a name. So an entry's become `var`, of a property that `prelude/prompt.js` makes
//! before: a constant is one all the same, and what `let` declares is no enumerable property of the global.

use std::ops::Range;

use super::parsing::{Goal, Parser, is_part_of_a_name};
use super::scanning::{DECLARING, Scanner};
use super::statements;

/// A longer statement is run as it is: each name that it declares is a few readings of the whole.
const MOST_BYTES: usize = 64 << 10;

/// An entry's text with `var`, and what it declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Declarations {
    pub(super) source: String,
    pub(super) variables: Vec<String>,
    pub(super) constants: Vec<String>,
}

/// A keyword that declares, and where it stands.
struct Keyword {
    word: &'static str,
    at: usize,
}

/// `None` where there is nothing to be made into anything else.
pub(super) fn declarations(parser: &Parser, source: &str, goal: Goal) -> Option<Declarations> {
    let scanner = Scanner::of(source);
    if !scanner.is_sure() {
        let closings = source.match_indices('}').map(|(at, _)| at + 1).collect();
        return of_statements(parser, source, goal, candidates(source), closings);
    }
    if scanner.keywords.is_empty() {
        return None;
    }
    // Statement by statement: each is read a few times, and the whole but once.
    let mut made = Declarations::default();
    for range in statements::ranges(source, &scanner.lines, |text| parser.is_script(text, goal)) {
        let statement = &source[range.clone()];
        let within = |at: &usize| range.contains(at);
        let keywords = scanner.keywords.iter().filter(|(at, _)| within(at));
        let keywords = keywords.map(|(at, word)| Keyword { word, at: at - range.start }).collect();
        // NB: these are behind the brackets.
        let closings = scanner.closings.iter().filter(|at| within(&(**at - 1))).map(|at| at - range.start);
        match of_statements(parser, statement, goal, keywords, closings.collect()) {
            Some(declarations) => {
                made.source.push_str(&declarations.source);
                made.variables.extend(declarations.variables);
                made.constants.extend(declarations.constants);
            }
            None => made.source.push_str(statement),
        }
    }
    let declares = !made.variables.is_empty() || !made.constants.is_empty();
    if declares && parser.is_script(&made.source, goal) { Some(made) } else { None }
}

/// The same of a few statements, given where keywords and closing brackets stand.
fn of_statements(
    parser: &Parser,
    source: &str,
    goal: Goal,
    mut keywords: Vec<Keyword>,
    closings: Vec<usize>,
) -> Option<Declarations> {
    if source.len() > MOST_BYTES || keywords.is_empty() {
        return None;
    }
    keywords.retain(|keyword| parser.is_between_statements(source, keyword.at, goal));
    if keywords.is_empty() {
        return None;
    }
    let plain = Scanner::of(source).names(source);
    let is_plain = plain.is_some();
    let all = plain.unwrap_or_else(|| parser.lexical_names(source, &parser.words(source), goal));
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for keyword in keywords.iter().filter(|keyword| keyword.word == "const") {
        edits.push((keyword.at..keyword.at + keyword.word.len(), "var".to_owned()));
    }
    let left = match is_plain {
        true if edits.is_empty() => all.clone(),
        true => Vec::new(),
        false => parser.lexical_names(&edited(source, &mut edits), &all, goal),
    };
    for keyword in &keywords {
        match keyword.word {
            "let" => edits.push((keyword.at..keyword.at + keyword.word.len(), "var".to_owned())),
            "class" => {
                let name = first_word(&source[keyword.at + keyword.word.len()..]);
                all.contains(&name).then_some(())?;
                let mut ends = closings.iter().copied().filter(|end| *end > keyword.at);
                let end = ends.find(|end| parser.is_between_statements(source, *end, goal))?;
                edits.push((keyword.at..keyword.at, format!("var {name} = ")));
                edits.push((end..end, ";".to_owned()));
            }
            _ => {}
        }
    }
    let source = edited(source, &mut edits);
    // NB: the parser has the last word, also where `let` was a name.
    if !parser.is_script(&source, goal) {
        return None;
    }
    let owned = |name: &&str| (*name).to_owned();
    let constants = all.iter().filter(|name| !left.contains(*name)).map(owned).collect();
    Some(Declarations { source, variables: left.iter().map(owned).collect(), constants })
}

/// The word at the beginning of a text.
fn first_word(text: &str) -> &str {
    let text = text.trim_start();
    text.split(|c| !is_part_of_a_name(c)).next().unwrap_or_default()
}

/// Where the keywords stand as words, also in texts and comments.
fn candidates(source: &str) -> Vec<Keyword> {
    let mut found = Vec::new();
    for word in DECLARING {
        for (at, _) in source.match_indices(word) {
            let before = source[..at].chars().next_back();
            let before = before.is_some_and(|c| is_part_of_a_name(c) || c == '.');
            let after = source[at + word.len()..].chars().next().is_some_and(is_part_of_a_name);
            if !before && !after {
                found.push(Keyword { word, at });
            }
        }
    }
    found.sort_by_key(|keyword| keyword.at);
    found
}

/// The text with each range replaced.
fn edited(source: &str, edits: &mut [(Range<usize>, String)]) -> String {
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let (mut text, mut from) = (String::with_capacity(source.len() + 16), 0);
    for (range, new) in edits.iter() {
        text.push_str(&source[from..range.start]);
        text.push_str(new);
        from = range.end;
    }
    text.push_str(&source[from..]);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_table() {
        type Row = (
            &'static str,
            &'static str,
            Option<(&'static str, &'static [&'static str], &'static [&'static str])>,
        );
        let table: &[Row] = &[
            ("nothing is declared", "a = 1; var b = 2", None),
            ("let", "let a = 1, b", Some(("var a = 1, b", &["a", "b"], &[]))),
            ("const", "const a = 1", Some(("var a = 1", &[], &["a"]))),
            ("both", "let a; const b = a", Some(("var a; var b = a", &["a"], &["b"]))),
            ("await", "const r = await f()", Some(("var r = await f()", &[], &["r"]))),
            ("no semicolons", "f()\nlet a = 1\nf()", Some(("f()\nvar a = 1\nf()", &["a"], &[]))),
            (
                "a class",
                "class A extends B { m() { if (x) {} } } f(new A)",
                Some(("var A = class A extends B { m() { if (x) {} } }; f(new A)", &["A"], &[])),
            ),
            ("a class before brackets", "class A {}\n(1)", Some(("var A = class A {};\n(1)", &["A"], &[]))),
            ("a class that is a value", "a = class A {}", None),
            ("blocks keep theirs", "{ let a = 1 } for (const b of c) { class D {} }", None),
            ("texts and comments", "f('let a', `const b`) // let c", None),
            ("text and code", "let a = 'let b'", Some(("var a = 'let b'", &["a"], &[]))),
            ("members", "a.let; a.const = { class: 1 }", None),
            ("a name", "let = 1", None),
        ];
        let parser = Parser::new().expect("memory");
        for (name, source, expected) in table {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let expected = expected.map(|(source, variables, constants)| Declarations {
                source: source.to_owned(),
                variables: owned(variables),
                constants: owned(constants),
            });
            assert_eq!(declarations(&parser, source, Goal::Awaiting), expected, "{name}");
        }
    }
}
