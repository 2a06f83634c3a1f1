//! Texts of several entries: a file that is loaded, a session that is saved.

use std::ops::Range;

use super::scanning::Scanner;
use super::{EntryReader, Examined};

/// Between the entries of a saved file, where lines alone do not tell them apart.
const SEPARATOR: &str = "; // next entry";

/// A failed reading is tried again when there is so much more of the text, so that readings do not add up.
const LONG: usize = 2048;

/// Is there so much more of a text that it is read again?
pub(super) fn is_due(length: usize, read_at: usize) -> bool {
    length < LONG || length >= read_at + read_at / 4
}

/// The statements of a text, or several together where the lines at which they may begin do not tell: each is whole by itself.
pub(super) fn ranges(text: &str, lines: &[usize], is_whole: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let (mut from, mut read_at) = (0, 0);
    for line in lines {
        let length = line - from;
        if !is_due(length, read_at) {
            continue;
        }
        if is_whole(&text[from..*line]) {
            ranges.push(from..*line);
            (from, read_at) = (*line, 0);
        } else {
            read_at = length;
        }
    }
    if !text[from..].is_empty() {
        ranges.push(from..text.len());
    }
    ranges
}

impl EntryReader {
    /// The entries of a file, each with the number of its line: those of [`EntryReader::join`], or else its statements.
    pub fn split<'a>(&mut self, text: &'a str) -> Vec<(usize, &'a str)> {
        let is_separator = |line: &str| line.trim_end() == SEPARATOR;
        let mut starts = vec![0];
        let mut ends = Vec::new();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            if is_separator(line) {
                ends.push(at);
                starts.push(at + line.len());
            }
            at += line.len();
        }
        ends.push(at);
        let ranges = if starts.len() > 1 {
            starts.into_iter().zip(ends).map(|(start, end)| start..end).collect()
        } else {
            let scanner = Scanner::of(text);
            let lines = if scanner.is_sure() { &*scanner.lines } else { &[] };
            ranges(text, lines, |text| !matches!(self.examined(text), Examined::More))
        };
        let mut entries = Vec::new();
        let (mut line, mut counted) = (1, 0);
        for mut range in ranges {
            if range.start == 0 && text.starts_with("#!") {
                // What runs a file is none of its statements.
                range.start = text[range.clone()].find('\n').unwrap_or(range.end);
            }
            let entry = &text[range.clone()];
            if entry.trim().is_empty() {
                continue;
            }
            let start = range.start + (entry.len() - entry.trim_start().len());
            line += text[counted..start].matches('\n').count();
            counted = start;
            entries.push((line, entry.trim()));
        }
        entries
    }

    /// A file of entries, which [`EntryReader::split`] gives back; without need nothing else stands in it.
    pub fn join<'a>(&mut self, entries: impl Iterator<Item = &'a str> + Clone) -> String {
        let lines: String = entries.clone().map(|entry| format!("{entry}\n")).collect();
        let read = self.split(&lines).into_iter().map(|(_, entry)| entry);
        if read.eq(entries.clone().map(str::trim)) {
            return lines;
        }
        entries.map(|entry| format!("{entry}\n{SEPARATOR}\n")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::Read;

    fn reader() -> EntryReader {
        EntryReader::new().expect("memory")
    }

    #[test]
    fn split_table() {
        type Row = (&'static str, &'static str, &'static [(usize, &'static str)]);
        let table: [Row; 14] = [
            ("nothing", "\n\n", &[]),
            ("lines", "a\n\nb", &[(1, "a"), (3, "b")]),
            ("await", "const a = await b\nawait c", &[(1, "const a = await b"), (2, "await c")]),
            ("a chain", "fetch(a)\n  .then(b)\nc", &[(1, "fetch(a)\n  .then(b)"), (3, "c")]),
            ("branches", "if (a) {\n}\nelse {\n}\nb", &[(1, "if (a) {\n}\nelse {\n}"), (5, "b")]),
            (
                "a loop",
                "do {\n} while (a)\nwhile (b) {\n}",
                &[(1, "do {\n} while (a)"), (3, "while (b) {\n}")],
            ),
            (
                "a body on its own line",
                "function f()\n{\n}\nclass A\n{\n}",
                &[(1, "function f()\n{\n}"), (4, "class A\n{\n}")],
            ),
            ("comments", "// a\n\n// b\nc\n// d", &[(1, "// a\n\n// b\nc\n// d")]),
            (
                "imports",
                "import a from 'b'\nimport {\nc } from 'd'\ne",
                &[(1, "import a from 'b'"), (2, "import {\nc } from 'd'"), (4, "e")],
            ),
            ("what runs a file", "#!/bin/x\n// a\nimport 'b'\nc", &[(2, "// a\nimport 'b'"), (4, "c")]),
            ("several in a line", "a; b\nc", &[(1, "a; b"), (2, "c")]),
            ("a mistake", "a\nb c\nd", &[(1, "a"), (2, "b c"), (3, "d")]),
            ("what is not known", "a\n{} / b\nc", &[(1, "a\n{} / b\nc")]),
            ("what never ends", "a\nb(\nc", &[(1, "a"), (2, "b(\nc")]),
        ];
        for (name, text, expected) in table {
            assert_eq!(reader().split(text), expected, "{name}");
        }
    }

    /// Texts of so many lines, each entry of which is one text.
    fn long(lines: usize) -> [String; 6] {
        let all = |line: &dyn Fn(usize) -> String| (0..lines).map(line).collect::<String>();
        [
            format!("function f() {{\n{}}}", all(&|i| format!("  const a{i} = `${{g({i})}}` / 2;\n"))),
            format!("class A {{\n{}}}", all(&|i| format!("  m{i}(a) {{ let b = a; return b }}\n"))),
            format!("const o = {{\n{}}}", all(&|i| format!("  key{i}: {{ value: [{i}, 'text'] }},\n"))),
            format!("const s =\n{}  0", all(&|i| format!("  value({i}) +\n"))),
            format!("{{ const a = 1;\n{}}}", all(&|i| format!("  if (a) {{ let b{i} = await c{i}; }}\n"))),
            format!("const t = `\n{}`", all(&|i| format!("line {i} of (a text\n"))),
        ]
    }

    #[test]
    fn a_long_entry_is_not_read_anew_for_each_line() {
        for (at, text) in long(1000).iter().enumerate() {
            // As it is typed, or comes through a pipe.
            let mut typed = reader();
            let mut so_far = String::new();
            for line in text.split_inclusive('\n') {
                so_far.push_str(line);
                let read = typed.read(&so_far);
                assert_eq!(matches!(read, Read::Entry(_)), so_far == *text, "{at}: {so_far}");
            }
            let bytes = typed.parser.bytes_read();
            assert!(bytes < 120 * text.len(), "{at}: {bytes} of {}", text.len());
        }
    }

    #[test]
    fn many_statements_are_read_one_by_one() {
        let many =
            |lines: usize| (0..lines).map(|i| format!("const a{i} = {{ b: [{i}] }};\nlet c{i} = a{i};\n"));
        let text: String = many(500).collect();
        // Together, as they are pasted.
        let mut pasted = reader();
        let Read::Entry(entry) = pasted.read(&text) else { panic!("it is one") };
        assert_eq!((entry.constants.len(), entry.variables.len()), (500, 500));
        let bytes = pasted.parser.bytes_read();
        assert!(bytes < 120 * text.len(), "{bytes} of {}", text.len());
        // One after the other, as they are loaded.
        let mut loaded = reader();
        assert_eq!(loaded.split(&text).len(), 1000);
        let bytes = loaded.parser.bytes_read();
        assert!(bytes < 20 * text.len(), "{bytes} of {}", text.len());
        // A mistake at the beginning has the rest read no oftener.
        let broken = format!("f(\n{text}");
        let mut loaded = reader();
        assert_eq!(loaded.split(&broken).len(), 1);
        let bytes = loaded.parser.bytes_read();
        assert!(bytes < 120 * broken.len(), "{bytes} of {}", broken.len());
    }

    #[test]
    fn what_is_joined_is_split_again() {
        let table: [(&str, &[&str], bool); 6] = [
            ("nothing", &[], false),
            ("entries", &["const a = 1", "a", "function f() {\n}"], false),
            ("what would go on", &["a = 1", "(b)"], true),
            ("several statements", &["a\nb", "c"], true),
            ("an object", &["{ a: 1 }", "[b]"], true),
            ("a comment", &["a // b", "`c`"], true),
        ];
        for (name, entries, separated) in table {
            let mut reader = reader();
            let file = reader.join(entries.iter().copied());
            assert_eq!(file.contains(SEPARATOR), separated, "{name}");
            let read: Vec<&str> = reader.split(&file).into_iter().map(|(_, entry)| entry).collect();
            assert_eq!(read, entries, "{name}");
            // Elsewhere it is a script, too.
            assert!(!separated || matches!(reader.read_whole(&file), Read::Entry(_)), "{name}");
        }
    }
}
