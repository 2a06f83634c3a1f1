//! A name that a stranger proposed, as a name of a file here: in this folder, with nothing that a shell, a terminal or a file
//! system would take for something else.

use sofetch_inspect::safe_text::escaped;

/// In bytes: what is put behind a name (`-999`, `.part.json`) has room in the 255 that file systems give.
const LONGEST: usize = 200;

/// The name of no name.
const NAMELESS: &str = "download";

/// The endings that an unfinished download's files have.
pub(crate) const PART: &str = "part";
pub(crate) const NOTES: &str = "part.json";

/// The file name that is meant by this text. Its folders are left out.
pub(crate) fn safe_file_name(proposed: &str) -> String {
    let last = proposed.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut name: String = last.chars().map(harmless).collect();
    // Windows leaves these out at the end, and `..` is a folder everywhere.
    name.truncate(name.trim_end_matches(['.', ' ']).len());
    let name = name.trim_start();
    if name.is_empty() {
        return NAMELESS.to_owned();
    }
    let mut name = shortened(name);
    // A dot hides a file or makes it a setting, a dash makes it an option, a tilde a home.
    if name.starts_with(['.', '-', '~']) {
        name.replace_range(..1, "_");
    }
    if is_device(&name) {
        name.insert(0, '_');
    }
    // NB: or a download could pass for an unfinished one, and be gone on with.
    let small = name.to_ascii_lowercase();
    if [PART, NOTES].iter().any(|ending| small.ends_with(&format!(".{ending}"))) {
        name.push('_');
    }
    name
}

/// `_` for what file systems refuse, terminals obey or readers do not see.
fn harmless(character: char) -> char {
    let mut bytes = [0; 4];
    let text: &str = character.encode_utf8(&mut bytes);
    let shown = escaped(text) == text;
    if shown && !matches!(character, '<' | '>' | ':' | '"' | '|' | '?' | '*') { character } else { '_' }
}

/// At most [`LONGEST`], its last ending kept.
fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let ending = name.rfind('.').map_or("", |dot| &name[dot..]);
    let ending = if ending.len() <= 20 { ending } else { "" };
    let room = LONGEST - ending.len();
    let start = &name[..(0..=room).rev().find(|&at| name.is_char_boundary(at)).unwrap_or_default()];
    format!("{}{ending}", start.trim_end_matches(['.', ' ']))
}

/// Does Windows take it for a device, whatever its ending?
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    if matches!(&*stem, "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$") {
        return true;
    }
    let number = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    number.is_some_and(|number| {
        let mut digits = number.chars();
        matches!(digits.next(), Some('0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}')) && digits.next().is_none()
    })
}

/// `name.txt`, `name-1.txt`, `name-2.txt` ...
pub(crate) fn numbered(name: &str, number: u32) -> String {
    match (number, name.rfind('.').filter(|&dot| dot > 0)) {
        (0, _) => name.to_owned(),
        (_, Some(dot)) => format!("{}-{number}{}", &name[..dot], &name[dot..]),
        (_, None) => format!("{name}-{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn safe_file_name_table() {
        let table = [
            ("a name stays", "report 2026.pdf", "report 2026.pdf"),
            ("letters of others stay", "\u{e4}\u{20ac}\u{65e5}.txt", "\u{e4}\u{20ac}\u{65e5}.txt"),
            ("folders are left out", "../../etc/passwd", "passwd"),
            ("those of Windows too", "..\\..\\a.exe", "a.exe"),
            ("an absolute path", "/etc/passwd", "passwd"),
            ("a drive", "C:\\a.txt", "a.txt"),
            ("a stream of a file", "a.txt:evil", "a.txt_evil"),
            ("a dot file", ".bashrc", "_bashrc"),
            ("the folder itself", ".", NAMELESS),
            ("the one above", "..", NAMELESS),
            ("an option", "-rf", "_rf"),
            ("a home", "~root", "_root"),
            ("dots and blanks at the end", "a.txt. .", "a.txt"),
            ("blanks at the start", "  .a", "_a"),
            ("controls", "a\0b\nc\x1b[2J", "a_b_c_[2J"),
            ("letters that turn the text", "a\u{202e}txt.exe", "a_txt.exe"),
            ("letters that nobody sees", "a\u{200b}b", "a_b"),
            ("what Windows refuses", "a<b>c\"d|e?f*g", "a_b_c_d_e_f_g"),
            ("a device", "con", "_con"),
            ("with an ending", "NUL.tar.gz", "_NUL.tar.gz"),
            ("with a number", "lpt1.txt", "_lpt1.txt"),
            ("with a raised one", "COM\u{b9}", "_COM\u{b9}"),
            ("nearly one", "comma", "comma"),
            ("nearly one, with two digits", "com10", "com10"),
            ("an unfinished download", "a.part", "a.part_"),
            ("and its notes", "a.PART.json", "a.PART.json_"),
            ("nothing", "", NAMELESS),
            ("only a folder", "a/", NAMELESS),
            ("a fraction slash is a letter", "a\u{2044}b", "a\u{2044}b"),
        ];
        for (name, proposed, expected) in table {
            assert_eq!(safe_file_name(proposed), expected, "{name}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let name = safe_file_name(&format!("{}.tar", "\u{20ac}".repeat(500)));
        assert!(name.len() <= LONGEST && name.ends_with("\u{20ac}.tar"), "{}", name.len());
        assert_eq!(safe_file_name(&"a.".repeat(500)), format!("{}a.a", "a.".repeat(98)));
        assert!(safe_file_name(&format!("a.{}", "b".repeat(500))).len() <= LONGEST);
    }

    #[test]
    fn numbers_stand_before_the_ending() {
        assert_eq!(numbered("a.txt", 0), "a.txt");
        assert_eq!(numbered("a.tar.gz", 2), "a.tar-2.gz");
        assert_eq!(numbered("a", 1), "a-1");
    }
}
