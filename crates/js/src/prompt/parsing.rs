//! The engine's parser, asked about the text of an entry: is it a script, does it end too early, which names does it declare, and
//! where. No second reading of the language can then differ from the engine's.
//!
//! The engine tells none of that by itself. So a question is a text: the entry with something put into it, which is a script or
//! none according to the answer.

use std::collections::HashSet;

use rquickjs::context::intrinsic::{Eval, RegExp, RegExpCompiler};
use rquickjs::{Context, Ctx, Runtime, qjs};

use crate::error::Error;
use crate::runtime_builder::THREAD_STACK_BYTES;
use crate::scripts;

/// How a script is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// A classic script.
    Script,
    /// One in which `await` may stand outside of functions.
    Awaiting,
}

/// Why a text is no script.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    message: String,
    place: String,
}

/// An engine that only reads.
pub(super) struct Parser {
    context: Context,
    #[cfg(test)]
    bytes_read: std::cell::Cell<usize>,
}

/// What may stand behind a text that ends too early, so that the parser stumbles over something else or over nothing.
const TOKENS: [&str; 7] = ["\n)", "\n]", "\n}", "\nx", "\nx(){}", "\nx{}", "\ncatch{}"];

/// The same where it ends within a token, a template or a comment or a text over several lines, of which the engine says this.
const ENDS: [&str; 4] = ["\n`", "\n*/", "\n'", "\n\""];
const WITHIN_A_TOKEN: &str = "unexpected end of";

impl Parser {
    pub(super) fn new() -> Result<Parser, Error> {
        let engine = Runtime::new().map_err(Error::engine)?;
        engine.set_max_stack_size(THREAD_STACK_BYTES / 16);
        let context = Context::custom::<(Eval, RegExpCompiler, RegExp)>(&engine).map_err(Error::engine)?;
        Ok(Parser {
            context,
            #[cfg(test)]
            bytes_read: std::cell::Cell::default(),
        })
    }

    /// Reads a text, and runs nothing of it.
    pub(super) fn read(&self, source: &str, goal: Goal) -> Result<(), Fault> {
        #[cfg(test)]
        self.bytes_read.set(self.bytes_read.get() + source.len());
        let awaiting = match goal {
            Goal::Script => 0,
            Goal::Awaiting => qjs::JS_EVAL_FLAG_ASYNC,
        };
        let flags = qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_COMPILE_ONLY | awaiting;
        self.context.with(|ctx| match scripts::evaluate_as(&ctx, source, "entry", flags) {
            Ok(_) => Ok(()),
            Err(_) => Err(fault(&ctx)),
        })
    }

    /// How long all texts were together that were read.
    #[cfg(test)]
    pub(super) fn bytes_read(&self) -> usize {
        self.bytes_read.get()
    }

    pub(super) fn is_script(&self, source: &str, goal: Goal) -> bool {
        self.read(source, goal).is_ok()
    }

    /// Does it end within a text, a template or a comment?
    pub(super) fn ends_within_a_token(&self, source: &str, goal: Goal) -> bool {
        self.read(source, goal).is_err_and(|fault| fault.message.starts_with(WITHIN_A_TOKEN))
    }

    /// Would more make a script of it? So it is where the parser stumbles over what comes behind, whatever that is.
    pub(super) fn ends_too_early(&self, source: &str, goal: Goal) -> bool {
        let Err(fault) = self.read(source, goal) else { return false };
        let more: &[&str] = if fault.message.starts_with(WITHIN_A_TOKEN) { &ENDS } else { &TOKENS };
        more.iter().any(|more| match self.read(&format!("{source}{more}"), goal) {
            Ok(()) => true,
            Err(other) => other.message != fault.message && other.place != fault.place,
        })
    }

    /// Does a statement of the script itself, not of a block or a function in it, begin or end here?
    pub(super) fn is_between_statements(&self, source: &str, at: usize, goal: Goal) -> bool {
        let probe = unused(source);
        let (before, after) = source.split_at(at);
        let once = format!("{before}let {probe};{after}");
        // Declared twice in a scope it is an error; in a text or a comment it is nothing at all.
        self.is_script(&once, goal) && !self.is_script(&format!("{once}\n;let {probe}"), goal)
    }

    /// Which of these names the script declares with `let`, `const` or `class`, outside of blocks and functions.
    pub(super) fn lexical_names<'a>(&self, source: &str, names: &[&'a str], goal: Goal) -> Vec<&'a str> {
        let conflicts = |names: &[&str]| {
            !names.is_empty() && !self.is_script(&format!("{source}\n;var {}", names.join(",")), goal)
        };
        let mut found = Vec::new();
        let mut left = vec![names];
        while let Some(names) = left.pop() {
            if !conflicts(names) {
                continue;
            }
            match names {
                [name] => found.push(*name),
                _ => {
                    let (first, second) = names.split_at(names.len() / 2);
                    left.extend([second, first]);
                }
            }
        }
        found
    }

    /// The words of a text that could be names: each once.
    pub(super) fn words<'a>(&self, source: &'a str) -> Vec<&'a str> {
        let mut seen = HashSet::new();
        let words =
            source.split(|c| !is_part_of_a_name(c)).filter(|word| !word.is_empty() && seen.insert(*word));
        words.filter(|word| self.is_script(&format!("var {word}"), Goal::Awaiting)).collect()
    }
}

/// May the character be part of a name?
pub(super) fn is_part_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '\u{200C}' | '\u{200D}')
}

/// A name that the text does not have.
fn unused(source: &str) -> String {
    let mut name = "probe".to_owned();
    while source.contains(&name) {
        name.push('_');
    }
    name
}

/// The engine's exception.
fn fault(ctx: &Ctx<'_>) -> Fault {
    let thrown = ctx.catch();
    let said = |key| thrown.as_object().and_then(|object| object.get::<_, String>(key).ok());
    Fault { message: said("message").unwrap_or_default(), place: said("stack").unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_table() {
        let table = [
            ("nothing", "", false),
            ("a value", "1 + 1", false),
            ("a comment", "// (", false),
            ("an open comment", "/* (", true),
            ("an operator", "1 +", true),
            ("a parenthesis", "f(1,", true),
            ("brackets", "[1, 2", true),
            ("a block", "if (x) {", true),
            ("a condition alone", "if (x)", true),
            ("a function's body", "function f() {\n  return 1;", true),
            ("a function without a body", "async function f", true),
            ("an arrow", "x =>", true),
            ("a member", "x.", true),
            ("a class", "class A {", true),
            ("a class's method", "class A { m() {", true),
            ("a try without its catch", "try { f() }", true),
            ("a choice", "x ? 1", true),
            ("a template", "`a", true),
            ("a template's expression", "`a${1 +", true),
            ("within a template's expression", "`a${f(`b", true),
            ("a switch", "switch (x) { case 1:", true),
            ("a do", "do { f() }", true),
            ("a text that goes on", "'a\\", true),
            ("an open text", "'a", false),
            ("an open pattern", "/a", false),
            ("a bracket too many", "f())", false),
            ("two values", "1 2", false),
            ("declared twice", "let a; let a", false),
            ("a constant without a value", "const a", false),
            ("a break of nothing", "break", false),
            ("a return of nothing", "return", false),
            ("brackets in a text", "'('", false),
            ("brackets in a pattern", "/[(]/", false),
            ("a wrong pattern", "/(/", false),
            ("a mistake before the end", "f(1 2", false),
        ];
        let parser = Parser::new().expect("memory");
        for (name, source, expected) in table {
            assert_eq!(parser.ends_too_early(source, Goal::Script), expected, "{name}");
        }
        assert!(parser.ends_too_early("await f(", Goal::Awaiting));
        assert!(!parser.ends_too_early("await f(", Goal::Script));
    }

    #[test]
    fn names_table() {
        let table: [(&str, &str, &[&str]); 7] = [
            ("none", "a = 1; var b; function c() {}", &[]),
            ("each kind", "let a = 1; const b = 2; class C {}", &["a", "b", "C"]),
            ("patterns", "const { a, b: [c, ...d], e: { f = g } } = h", &["a", "c", "d", "f"]),
            ("of blocks and functions", "{ let a } function f() { const b = 1 } for (let c of []);", &[]),
            ("in texts and comments", "`let a`; 'let b'; /* let c */ // let d", &[]),
            ("after await", "let a = await b", &["a"]),
            ("other letters", "let ä = 1, $ = 2, _ = 3", &["ä", "$", "_"]),
        ];
        let parser = Parser::new().expect("memory");
        for (name, source, expected) in table {
            let words = parser.words(source);
            assert_eq!(parser.lexical_names(source, &words, Goal::Awaiting), expected, "{name}");
        }
    }
}
