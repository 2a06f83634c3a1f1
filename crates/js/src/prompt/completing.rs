//! What the name that is to be completed is a member of.

use super::parsing::is_part_of_a_name;

/// The path of names that a text ends with, the last of them unfinished, and where that begins: `a.b.c` is `["a", "b", "c"]`.
pub(super) fn path_at_end(text: &str) -> (usize, Vec<&str>) {
    let mut path = Vec::new();
    let name_start = |end: usize| {
        let name = text[..end].char_indices().rev().take_while(|(_, c)| is_part_of_a_name(*c));
        name.last().map_or(end, |(at, _)| at)
    };
    let start = name_start(text.len());
    let mut at = start;
    path.push(&text[start..]);
    while let Some(before) = text[..at].strip_suffix('.') {
        let before = before.strip_suffix('?').unwrap_or(before);
        at = name_start(before.len());
        let name = &before[at..];
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return (start, Vec::new());
        }
        path.push(name);
    }
    path.reverse();
    (start, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_table() {
        let table: [(&str, usize, &[&str]); 9] = [
            ("", 0, &[""]),
            ("fe", 0, &["fe"]),
            ("a.b.c", 4, &["a", "b", "c"]),
            ("f(r.headers.", 12, &["r", "headers", ""]),
            ("x = a?.b", 7, &["a", "b"]),
            ("1.", 2, &[]),
            ("f().x", 4, &[]),
            ("'text'.", 7, &[]),
            ("ä.ö", 3, &["ä", "ö"]),
        ];
        for (text, start, path) in table {
            assert_eq!(path_at_end(text), (start, path.to_vec()), "{text}");
        }
    }
}
