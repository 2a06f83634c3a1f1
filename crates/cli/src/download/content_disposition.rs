//! [`Content-Disposition`](https://www.rfc-editor.org/rfc/rfc6266): the file name that a server proposes, as it wrote it. What of it is a safe name is `file_name`'s to say.

/// The name: `filename*` if it can be read, else `filename`.
pub(crate) fn proposed_file_name(value: &[u8]) -> Option<String> {
    let (mut plain, mut extended) = (None, None);
    let (_type, mut rest) = split_at(value, b';');
    while !rest.is_empty() {
        let Some((name, after)) = name_of(rest) else {
            // NB: a parameter without `=` is none; the next may be one all the same.
            rest = split_at(rest, b';').1;
            continue;
        };
        let (text, after) = value_of(after)?;
        // The first of a name counts: whoever wrote a second one did so later on the way.
        match &*name {
            "filename*" => extended = extended.or_else(|| extended_value(&text)),
            "filename" => plain = plain.or(Some(text)),
            _ => {}
        }
        rest = split_at(after, b';').1;
    }
    extended.or_else(|| plain.map(|bytes| text_of(&bytes)))
}

/// Before and after the first of this byte.
fn split_at(bytes: &[u8], byte: u8) -> (&[u8], &[u8]) {
    match bytes.iter().position(|&own| own == byte) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, b""),
    }
}

/// A parameter's name in small letters, and what follows its `=`.
fn name_of(bytes: &[u8]) -> Option<(String, &[u8])> {
    let end = bytes.iter().position(|byte| matches!(byte, b'=' | b';'))?;
    if bytes[end] == b';' {
        return None;
    }
    let name = std::str::from_utf8(bytes[..end].trim_ascii()).ok()?;
    Some((name.to_ascii_lowercase(), bytes[end + 1..].trim_ascii_start()))
}

/// A value, and what follows it. `None` where a quote does not end.
fn value_of(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let Some(quoted) = bytes.strip_prefix(b"\"") else {
        let end = bytes.iter().position(|&byte| byte == b';').unwrap_or(bytes.len());
        return Some((bytes[..end].trim_ascii().to_vec(), &bytes[end..]));
    };
    let mut text = Vec::new();
    let mut at = 0;
    loop {
        match quoted.get(at)? {
            b'"' => return Some((text, &quoted[at + 1..])),
            // NB: browsers and servers disagree about a backslash that escapes nothing; what it hides is taken, not the
            // backslash, so that `..\name` has no folder for anybody.
            b'\\' => {
                text.push(*quoted.get(at + 1)?);
                at += 2;
            }
            &other => {
                text.push(other);
                at += 1;
            }
        }
    }
}

/// <https://www.rfc-editor.org/rfc/rfc8187#section-3.2.1>: `UTF-8''%e2%82%ac`. `None` for another charset, or what is none of it.
fn extended_value(value: &[u8]) -> Option<String> {
    let (charset, rest) = split_at(value, b'\'');
    let (_language, encoded) = split_at(rest, b'\'');
    if !rest.contains(&b'\'') {
        return None;
    }
    let bytes = percent_decoded(encoded)?;
    match charset {
        charset if charset.eq_ignore_ascii_case(b"utf-8") => String::from_utf8(bytes).ok(),
        charset if charset.eq_ignore_ascii_case(b"iso-8859-1") => {
            Some(bytes.into_iter().map(char::from).collect())
        }
        _ => None,
    }
}

fn percent_decoded(encoded: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((&first, after)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = after;
            continue;
        }
        let digit = |at: usize| after.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        bytes.push((digit(0)? * 16 + digit(1)?) as u8);
        rest = &after[2..];
    }
    Some(bytes)
}

/// Servers write UTF-8 where the RFC has ISO-8859-1; either can be told from the other.
fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proposed_file_name_table() {
        let table: [(&str, &[u8], Option<&str>); 22] = [
            ("a quoted name", b"attachment; filename=\"a b.txt\"", Some("a b.txt")),
            ("a token", b"attachment; filename=a.txt", Some("a.txt")),
            ("no case", b"ATTACHMENT; FileName=a", Some("a")),
            ("white space around", b"attachment ; filename = \"a\" ; x=y", Some("a")),
            ("inline too", b"inline; filename=a", Some("a")),
            (
                "the extended one wins",
                b"attachment; filename=a; filename*=UTF-8''%e2%82%ac.txt",
                Some("\u{20ac}.txt"),
            ),
            ("in either order", b"attachment; filename*=utf-8'en'b; filename=a", Some("b")),
            ("ISO-8859-1", b"attachment; filename*=iso-8859-1''%e4", Some("\u{e4}")),
            ("a charset nobody has", b"attachment; filename*=x''a; filename=b", Some("b")),
            ("bytes that are none of it", b"attachment; filename*=UTF-8''%ff; filename=b", Some("b")),
            ("half an escape", b"attachment; filename*=UTF-8''%e; filename=b", Some("b")),
            ("no charset", b"attachment; filename*=a; filename=b", Some("b")),
            ("a percent sign of the plain one stays", b"attachment; filename=\"a%20b\"", Some("a%20b")),
            ("escapes", br#"attachment; filename="a\"b\\c""#, Some("a\"b\\c")),
            ("a semicolon in quotes", b"attachment; filename=\"a;b\"", Some("a;b")),
            ("raw UTF-8", b"attachment; filename=\"\xc3\xa4\"", Some("\u{e4}")),
            ("raw ISO-8859-1", b"attachment; filename=\"\xe4\"", Some("\u{e4}")),
            ("the first counts", b"attachment; filename=a; filename=b", Some("a")),
            ("a word between", b"attachment; x; filename=a", Some("a")),
            ("a quote that does not end", b"attachment; filename=\"a", None),
            ("another parameter", b"attachment; name=a", None),
            ("nothing", b"", None),
        ];
        for (name, value, expected) in table {
            assert_eq!(proposed_file_name(value).as_deref(), expected, "{name}");
        }
    }
}
