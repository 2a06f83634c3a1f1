//! `-H` in curl's syntax: `Name: value`, `Name;` for an empty value, `Name:` to take a default away.

use super::usage::UsageError;

/// What `-H` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HeaderOption {
    /// One more header.
    Append {
        /// As typed.
        name: String,
        /// White space at both ends left out.
        value: Vec<u8>,
    },
    /// No such header, if it is one that we would add.
    Remove {
        /// As typed.
        name: String,
    },
}

impl HeaderOption {
    pub(super) fn name(&self) -> &str {
        match self {
            HeaderOption::Append { name, .. } | HeaderOption::Remove { name } => name,
        }
    }
}

/// Reads one `-H`. A value may have any bytes, as HTTP's have; a name is a text.
pub(crate) fn header_option(said: &[u8]) -> Result<HeaderOption, UsageError> {
    let wrong = || UsageError::Header(String::from_utf8_lossy(said).into_owned());
    let name_of = |bytes| {
        let name = std::str::from_utf8(bytes).map(str::trim).unwrap_or_default();
        if name.is_empty() { Err(wrong()) } else { Ok(name.to_owned()) }
    };
    if let Some(colon) = said.iter().position(|&byte| byte == b':') {
        let name = name_of(&said[..colon])?;
        return Ok(match trimmed(&said[colon + 1..]) {
            b"" => HeaderOption::Remove { name },
            value => HeaderOption::Append { name, value: value.to_vec() },
        });
    }
    let name = name_of(said.strip_suffix(b";").ok_or_else(wrong)?)?;
    Ok(HeaderOption::Append { name, value: Vec::new() })
}

fn trimmed(value: &[u8]) -> &[u8] {
    let inside = |&byte: &u8| !matches!(byte, b' ' | b'\t');
    let start = value.iter().position(inside).unwrap_or(value.len());
    let end = value.iter().rposition(inside).map_or(start, |last| last + 1);
    &value[start..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_table() {
        let append = |name: &str, value: &str| {
            Some(HeaderOption::Append { name: name.to_owned(), value: value.as_bytes().to_vec() })
        };
        let remove = |name: &str| Some(HeaderOption::Remove { name: name.to_owned() });
        let table = [
            ("a name and a value", "Accept: text/html", append("Accept", "text/html")),
            ("no space is needed", "A:b", append("A", "b")),
            ("colons of the value stay", "A: b:c", append("A", "b:c")),
            ("the case stays", "x-LOW: 1", append("x-LOW", "1")),
            ("a semicolon makes it empty", "X-Empty;", append("X-Empty", "")),
            ("a semicolon of the value is its own", "Prefer: a;", append("Prefer", "a;")),
            ("a colon alone takes it away", "User-Agent:", remove("User-Agent")),
            ("white space is no value", "User-Agent:  ", remove("User-Agent")),
            ("a line break is left for the request to refuse", "A: b\r\nC: d", append("A", "b\r\nC: d")),
            ("a bare word is nothing", "Accept", None),
            ("a value without a name is nothing", ": b", None),
            ("a semicolon without a name is nothing", ";", None),
            ("nothing is nothing", "", None),
        ];
        for (name, said, expected) in table {
            assert_eq!(header_option(said.as_bytes()).ok(), expected, "{name}");
        }
    }

    #[test]
    fn a_value_has_any_bytes_and_a_name_has_not() {
        let value = HeaderOption::Append { name: "A".to_owned(), value: b"b\xFF".to_vec() };
        assert_eq!(header_option(b"A: b\xFF\t").ok(), Some(value));
        assert!(header_option(b"\xFF: b").is_err());
    }
}
