//! Words for a shell. Single quotes hold all that a person may look at, for every POSIX shell; what could steer a terminal, and
//! what is no UTF-8, stands by number in `$'...'` (POSIX.1-2024; bash, zsh and ksh have had it for long).

use sofetch_inspect::safe_text::escaped;

/// One word of a command line. `None`: no argument has a NUL.
pub(super) fn word(bytes: &[u8]) -> Option<String> {
    if bytes.contains(&0) {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.chars().all(is_plain));
    let Some(text) = text else { return Some(by_number(bytes)) };
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:,+@%".contains(&byte);
    if !text.is_empty() && text.bytes().all(bare) {
        return Some(text.to_owned());
    }
    Some(format!("'{}'", text.replace('\'', "'\\''")))
}

/// Whatever no terminal takes for more than a character, and line breaks.
fn is_plain(character: char) -> bool {
    let mut buffer = [0; 4];
    let text: &str = character.encode_utf8(&mut buffer);
    matches!(character, '\n' | '\t' | '\\') || escaped(text) == text
}

fn by_number(bytes: &[u8]) -> String {
    let mut quoted = String::from("$'");
    let mut rest = bytes;
    while !rest.is_empty() {
        let (text, wrong) = match std::str::from_utf8(rest) {
            Ok(text) => (text, 0),
            Err(error) => {
                let valid = std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default();
                (valid, error.error_len().unwrap_or(rest.len() - valid.len()))
            }
        };
        for character in text.chars() {
            match character {
                '\\' | '\'' => quoted.extend(['\\', character]),
                '\n' => quoted.push_str("\\n"),
                '\t' => quoted.push_str("\\t"),
                plain if is_plain(plain) => quoted.push(plain),
                other => push_octal(&mut quoted, other.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        push_octal(&mut quoted, &rest[text.len()..text.len() + wrong]);
        rest = &rest[text.len() + wrong..];
    }
    quoted.push('\'');
    quoted
}

/// NB: three octal digits always end where they end; hexadecimal ones do not in every shell.
fn push_octal(quoted: &mut String, bytes: &[u8]) {
    for byte in bytes {
        quoted.push_str(&format!("\\{byte:03o}"));
    }
}

/// A `printf` that writes these bytes, for a pipe: NULs too.
pub(super) fn printf(bytes: &[u8]) -> String {
    let mut format = String::from("printf '");
    for &byte in bytes {
        match byte {
            b'\\' => format.push_str("\\\\"),
            b'%' => format.push_str("%%"),
            b' ' | b'!'..=b'~' if byte != b'\'' => format.push(byte as char),
            _ => push_octal(&mut format, &[byte]),
        }
    }
    format.push('\'');
    format
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_as_far_as_they_must_be() {
        let table: &[(&str, &[u8], &str)] = &[
            ("a plain word", b"https://a.test/x", "https://a.test/x"),
            ("nothing", b"", "''"),
            ("a blank", b"a b", "'a b'"),
            ("a quote", b"it's", r"'it'\''s'"),
            ("what shells compute", b"$(id) `id` $HOME !x", "'$(id) `id` $HOME !x'"),
            ("a line break", b"a\nb", "'a\nb'"),
            ("a backslash", b"a\\b", "'a\\b'"),
            ("more than ASCII", "\u{e9}\u{1f600}".as_bytes(), "'\u{e9}\u{1f600}'"),
            ("what steers a terminal", b"\x1b[31m'\\", r"$'\033[31m\'\\'"),
            ("a character that turns the text", "a\u{202e}b".as_bytes(), r"$'a\342\200\256b'"),
            ("no UTF-8", b"a\xFF1", r"$'a\3771'"),
            ("half a character", b"a\xE2\x82", r"$'a\342\202'"),
        ];
        for (name, bytes, expected) in table {
            assert_eq!(word(bytes).as_deref(), Some(*expected), "{name}");
        }
        assert_eq!(word(b"a\0b"), None);
        assert_eq!(printf(b"a%\\'\0\xFF\n"), r"printf 'a%%\\\047\000\377\012'");
    }
}
