//! [`Scanner`]: which brackets, templates and comments of a text are open, and where statements of its own may begin. It goes on where
//! it was when more lines come, so that a long entry is not read anew for each of them.
//!
//! It never has the last word: it spares the parser texts that cannot be whole, and tells where to ask it. Where a slash may be a
//! division or a pattern, or anything is not as it should be, it says that it does not know.

use std::ops::Range;

use super::parsing::is_part_of_a_name;

/// After these words a slash begins a pattern.
const BEFORE_OPERANDS: [&str; 11] =
    ["return", "typeof", "case", "in", "instanceof", "do", "else", "void", "delete", "throw", "new"];
/// After these it does where they are keywords.
const UNCLEAR: [&str; 3] = ["await", "yield", "of"];
/// The bracket behind them holds a condition, and behind that there is a statement.
const BEFORE_CONDITIONS: [&str; 4] = ["if", "while", "for", "with"];
/// What these begin declares.
pub(super) const DECLARING: [&str; 3] = ["let", "const", "class"];
/// Words that go on with the statement of the line before.
const GOING_ON: [&str; 5] = ["in", "instanceof", "else", "catch", "finally"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Code,
    LineComment,
    BlockComment,
    Text(char),
    Template,
    Pattern { class: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bracket {
    Round { condition: bool },
    Square,
    Curly,
    Substitution,
}

/// The last token, as far as it matters to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    /// The beginning, a semicolon or an opening bracket.
    Beginning,
    /// A value, or what closes one.
    Operand,
    /// A keyword before an operand.
    Keyword,
    /// What may be one.
    Unclear,
    /// `if` and so on.
    BeforeCondition,
    /// The bracket that closes a condition.
    Condition,
    /// A curly bracket that closes a block or a value.
    Curly,
    /// What no statement ends with.
    Operator,
    /// The same, before the name of a member.
    Dot,
}

/// What is known of a text.
#[derive(Clone, Debug)]
pub(super) struct Scanner {
    /// So many bytes were read.
    at: usize,
    within: Within,
    brackets: Vec<Bracket>,
    escaped: bool,
    last: Last,
    /// Behind the first line end after the last token.
    line: Option<usize>,
    is_sure: bool,
    /// Where the first token is.
    first: Option<usize>,
    /// Was there a semicolon with something behind it, outside of all brackets?
    has_more: bool,
    /// Is the next token what a declaration binds, if there is one?
    binds: bool,
    /// Where lines begin that may begin a statement of the text's own.
    pub(super) lines: Vec<usize>,
    /// Words that declare, outside of all brackets.
    pub(super) keywords: Vec<(usize, &'static str)>,
    /// Behind the curly brackets that close the outermost ones.
    pub(super) closings: Vec<usize>,
    /// Behind words that declare and commas outside of all brackets: the word, or something else.
    bound: Vec<Option<Range<usize>>>,
}

impl Scanner {
    pub(super) fn new() -> Scanner {
        Scanner {
            at: 0,
            within: Within::Code,
            brackets: Vec::new(),
            escaped: false,
            last: Last::Beginning,
            line: None,
            is_sure: true,
            first: None,
            has_more: false,
            binds: false,
            lines: Vec::new(),
            keywords: Vec::new(),
            closings: Vec::new(),
            bound: Vec::new(),
        }
    }

    /// Of a whole text.
    pub(super) fn of(text: &str) -> Scanner {
        let mut scanner = Scanner::new();
        scanner.go_on(text);
        scanner
    }

    /// Is what it says of statements to be believed?
    pub(super) fn is_sure(&self) -> bool {
        self.is_sure
    }

    /// What the text declares with `let` and `const`, or as a class, if it surely is one declaration, of names alone.
    pub(super) fn names<'a>(&self, text: &'a str) -> Option<Vec<&'a str>> {
        let [(at, word)] = self.keywords[..] else { return None };
        let is_one = self.is_sure && self.first == Some(at) && !self.has_more && self.lines.is_empty();
        // NB: what stands behind a class may be anything.
        let is_one = is_one && (word != "class" || self.closings[..] == [text.trim_end().len()]);
        let bound = if word == "class" { &self.bound[..1] } else { &self.bound };
        // NB: what begins with a bracket on the next line is no part of the declaration.
        let goes_on = |rest: &str| rest.is_empty() || rest.starts_with(['=', ',', ';']);
        let names = bound.iter().map(|range| {
            let range =
                range.clone().filter(|range| word == "class" || goes_on(text[range.end..].trim_start()));
            range.map(|range| &text[range])
        });
        if is_one { names.collect() } else { None }
    }

    /// Is the text surely not whole?
    pub(super) fn is_open(&self) -> bool {
        let within = match self.within {
            Within::Template | Within::BlockComment => true,
            Within::Text(_) => self.escaped,
            _ => false,
        };
        self.is_sure
            && (within || !self.brackets.is_empty() || matches!(self.last, Last::Operator | Last::Dot))
    }

    /// Reads what is new of a text, of which it knows the beginning: a line's end is between both.
    pub(super) fn go_on(&mut self, text: &str) {
        while self.is_sure
            && let Some(c) = text[self.at..].chars().next()
        {
            let at = self.at;
            self.at += c.len_utf8();
            match self.within {
                Within::Code => self.code(text, at, c),
                Within::LineComment if is_line_end(c) => {
                    self.within = Within::Code;
                    self.line_ends();
                }
                Within::LineComment => {}
                Within::BlockComment => {
                    if text[at..].starts_with("*/") {
                        self.at = at + 2;
                        self.within = Within::Code;
                    }
                }
                _ if std::mem::take(&mut self.escaped) => {
                    // A pattern's line ends, whatever stands before that.
                    self.is_sure &= !(is_line_end(c) && matches!(self.within, Within::Pattern { .. }));
                    if c == '\r' && text[self.at..].starts_with('\n') {
                        self.at += 1;
                    }
                }
                _ if c == '\\' => self.escaped = true,
                Within::Text(quote) if c == quote => self.operand_ends(),
                Within::Text(_) => self.is_sure &= !matches!(c, '\n' | '\r'),
                Within::Template if c == '`' => self.operand_ends(),
                Within::Template => {
                    if text[at..].starts_with("${") {
                        self.at = at + 2;
                        self.within = Within::Code;
                        self.open(Bracket::Substitution);
                    }
                }
                Within::Pattern { class: false } if c == '/' => self.operand_ends(),
                Within::Pattern { class } => {
                    self.is_sure &= !is_line_end(c);
                    self.within = Within::Pattern { class: c == '[' || class && c != ']' };
                }
            }
        }
    }

    fn code(&mut self, text: &str, at: usize, c: char) {
        let rest = &text[at..];
        let next = rest[c.len_utf8()..].chars().next();
        match c {
            _ if is_line_end(c) => self.line_ends(),
            _ if c.is_whitespace() || c == '\u{FEFF}' => {}
            '/' if next == Some('/') => self.within = Within::LineComment,
            '/' if next == Some('*') => {
                self.at += 1;
                self.within = Within::BlockComment;
            }
            '#' if at == 0 && next == Some('!') => self.within = Within::LineComment,
            '/' => self.slash(at),
            // What once hid scripts from browsers that had none.
            '<' if rest.starts_with("<!--") => self.is_sure = false,
            '-' if rest.starts_with("-->") => self.is_sure = false,
            '\'' | '"' => {
                self.token_begins(at, true);
                self.within = Within::Text(c);
            }
            '`' => {
                self.token_begins(at, false);
                self.within = Within::Template;
            }
            '(' => {
                self.token_begins(at, false);
                let condition = self.last == Last::BeforeCondition;
                self.open(Bracket::Round { condition });
            }
            '[' => {
                self.token_begins(at, false);
                self.open(Bracket::Square);
            }
            '{' => {
                self.token_begins(at, true);
                self.open(Bracket::Curly);
            }
            ')' | ']' | '}' => self.close(c),
            ';' => {
                self.token_begins(at, false);
                self.last = Last::Beginning;
            }
            '+' | '-' if next == Some(c) => {
                self.at += 1;
                self.token_begins(at, true);
                self.last = Last::Operand;
            }
            '!' | '~' | '@' => {
                self.token_begins(at, next != Some('='));
                self.last = Last::Operator;
            }
            '.' if next.is_some_and(|next| next.is_ascii_digit()) => self.word(text, at),
            '.' => {
                self.token_begins(at, false);
                self.last = if rest.starts_with("...") { Last::Operator } else { Last::Dot };
                self.at = at + if rest.starts_with("...") { 3 } else { 1 };
            }
            '+' | '-' | '*' | '%' | '&' | '|' | '^' | '<' | '>' | '=' | '?' | ':' | ',' => {
                self.token_begins(at, false);
                self.last = Last::Operator;
                self.binds = c == ',' && self.brackets.is_empty();
            }
            '#' => self.token_begins(at, true),
            _ if is_part_of_a_name(c) || c == '\\' => self.word(text, at),
            _ => self.is_sure = false,
        }
    }

    fn slash(&mut self, at: usize) {
        self.token_begins(at, false);
        match self.last {
            Last::Operand => self.last = Last::Operator,
            Last::Curly | Last::Unclear => self.is_sure = false,
            _ => self.within = Within::Pattern { class: false },
        }
    }

    fn word(&mut self, text: &str, at: usize) {
        let rest = &text[at..];
        let is_number = rest.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        let end = rest.find(|c| !(is_part_of_a_name(c) || c == '\\' || is_number && c == '.'));
        let word = &rest[..end.unwrap_or(rest.len())];
        // NB: an escape with a bracket in it.
        self.is_sure &= !word.contains('\\');
        self.at = at + word.len();
        if std::mem::take(&mut self.binds) {
            self.bound.push(Some(at..self.at));
        }
        self.token_begins(at, !GOING_ON.contains(&word));
        if self.last == Last::Dot {
            self.last = Last::Operand;
            return;
        }
        if self.brackets.is_empty()
            && let Some(keyword) = DECLARING.iter().find(|keyword| **keyword == word)
        {
            self.keywords.push((at, keyword));
            self.binds = true;
        }
        self.last = match word {
            "await" if self.last == Last::BeforeCondition => Last::BeforeCondition,
            "let" => Last::Keyword,
            _ if BEFORE_OPERANDS.contains(&word) => Last::Keyword,
            _ if UNCLEAR.contains(&word) => Last::Unclear,
            _ if BEFORE_CONDITIONS.contains(&word) => Last::BeforeCondition,
            _ => Last::Operand,
        };
    }

    fn open(&mut self, bracket: Bracket) {
        self.brackets.push(bracket);
        self.last = Last::Beginning;
    }

    fn close(&mut self, c: char) {
        self.line = None;
        let closed = self.brackets.pop();
        self.last = match (c, closed) {
            (')', Some(Bracket::Round { condition: true })) => Last::Condition,
            (')', Some(Bracket::Round { condition: false })) | (']', Some(Bracket::Square)) => Last::Operand,
            ('}', Some(Bracket::Curly)) => Last::Curly,
            ('}', Some(Bracket::Substitution)) => {
                self.within = Within::Template;
                Last::Operand
            }
            _ => {
                self.is_sure = false;
                Last::Operand
            }
        };
        if c == '}' && self.brackets.is_empty() && self.within == Within::Code {
            self.closings.push(self.at);
        }
    }

    fn operand_ends(&mut self) {
        self.within = Within::Code;
        self.last = Last::Operand;
    }

    fn line_ends(&mut self) {
        if self.first.is_some() {
            self.line.get_or_insert(self.at);
        }
    }

    /// A token begins, with which a statement may begin or not.
    fn token_begins(&mut self, at: usize, may_begin_a_statement: bool) {
        let is_outermost = self.brackets.is_empty();
        self.has_more |= is_outermost && self.first.is_some() && self.last == Last::Beginning;
        self.first.get_or_insert(at);
        if std::mem::take(&mut self.binds) {
            self.bound.push(None);
        }
        let line = self.line.take();
        let may_end = !matches!(self.last, Last::Operator | Last::Dot | Last::Keyword);
        if let Some(line) = line
            && may_begin_a_statement
            && may_end
            && is_outermost
        {
            self.lines.push(line);
        }
    }
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_table() {
        let table = [
            ("nothing", "", false),
            ("a value", "1 + 1", false),
            ("a bracket", "f(1,", true),
            ("closed", "f({ a: [1] })", false),
            ("brackets in a text", "'({[' + \"`\"", false),
            ("brackets in comments", "1 // ({[\n/* ({[ */", false),
            ("an open comment", "1 /* ", true),
            ("a template", "`a", true),
            ("a template's expression", "`a${f({ b: `c` }", true),
            ("closed ones", "`a${f({ b: `c${'}'}` })}`", false),
            ("a text that goes on", "'a\\", true),
            ("and ends", "'a\\\nb'", false),
            ("an operator", "a +", true),
            ("a division", "a /", true),
            ("behind brackets", "(a) / b / (", true),
            ("a pattern with a bracket", "a = /(/", false),
            ("one with a slash in a class", "a = /[/(]/", false),
            ("one behind a condition", "if (a) /(/.test(b)", false),
            ("one behind a keyword", "return /(/", false),
            ("a member of that name", "a.return / (", true),
            ("an increment", "a++", false),
            ("a member", "a.", true),
            ("a number", "1.", false),
            ("a spread", "f(...", true),
            ("a comma", "a,", true),
        ];
        for (name, text, expected) in table {
            assert_eq!(Scanner::of(text).is_open(), expected, "{name}");
        }
    }

    #[test]
    fn what_it_does_not_know_it_says() {
        for text in
            ["} / 1", "{} / 1", "await /a/", "'a\n'", "/a\n/", "f())", "[)", "a <!-- (", "\\u{61}", "\u{1}"]
        {
            let scanner = Scanner::of(text);
            assert!(!scanner.is_sure() && !scanner.is_open(), "{text}");
        }
    }

    #[test]
    fn lines_table() {
        // Each with the first line of what begins there.
        let table: [(&str, &str, &[&str]); 12] = [
            ("statements", "a\nb;\n\nc", &["b;", ""]),
            ("within brackets", "f(\n1\n)\nb", &["b"]),
            ("chains", "a\n  .b()\n  ?.c\nd", &["d"]),
            ("operators", "a =\n1\n+ 2\n, b\n++c\n--d\n!e", &["++c", "--d", "!e"]),
            ("what is unequal", "a\n!= b", &[]),
            ("calls and templates", "a\n(b)\n[c]\n`d`", &[]),
            ("what goes on", "if (a) {}\nelse {}\ntry {}\ncatch {}\nfinally {}\nb", &["try {}", "b"]),
            ("comments go with what follows", "a // b\n// c\n/* d\n */\ne", &["// c"]),
            ("within templates", "`\na\n${\nb\n}\n`\nc", &["c"]),
            ("texts", "'a'\n'b'", &["'b'"]),
            ("blocks", "{ a }\n{ b }", &["{ b }"]),
            ("a semicolon", "a\n;b", &[]),
        ];
        for (name, text, expected) in table {
            let lines: Vec<&str> =
                Scanner::of(text).lines.iter().map(|at| first_line(&text[*at..])).collect();
            assert_eq!(lines, expected, "{name}");
        }
    }

    fn first_line(text: &str) -> &str {
        text.lines().next().unwrap_or_default()
    }

    #[test]
    fn names_table() {
        let table: [(&str, &str, Option<&[&str]>); 15] = [
            ("one", "let a", Some(&["a"])),
            ("values", "// b\nconst a = f(1, c),\n  b = [2, { d }];\n", Some(&["a", "b"])),
            ("functions", "const a = (b, c) => {\n  let d = 1, e;\n}, f = 1", Some(&["a", "f"])),
            ("a class", "class A extends f(b, c) { m() { return 1, d } }\n", Some(&["A"])),
            ("a pattern", "const { a } = b", None),
            ("a pattern behind a name", "const a = 1, [b] = c", None),
            ("two", "let a; let b", None),
            ("something else behind it", "let a; b, c", None),
            ("behind a class", "class A {} (b, c)", None),
            ("on the next line", "let a = 1\nb, c", None),
            ("something else before it", "a; let b", None),
            ("a bracket on the next line", "let a\n[b], c", None),
            ("none", "a, b", None),
            ("a name", "let = 1", None),
            ("within brackets", "{ let a }", None),
        ];
        for (name, text, expected) in table {
            assert_eq!(Scanner::of(text).names(text).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn it_goes_on_where_it_was() {
        let text = "const a = `\n${[\n1]}`; class B {\n}\n/* c\n*/ let d = 'e\\\nf'\ng()";
        let whole = Scanner::of(text);
        let mut scanner = Scanner::new();
        for (at, _) in text.match_indices('\n').chain([(text.len(), "")]) {
            scanner.go_on(&text[..at]);
        }
        assert_eq!(format!("{scanner:?}"), format!("{whole:?}"));
        let words: Vec<&str> = whole.keywords.iter().map(|(_, word)| *word).collect();
        assert_eq!((words, whole.closings.len()), (vec!["const", "class", "let"], 1));
    }
}
