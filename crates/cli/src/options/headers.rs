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
        value: String,
    },
    /// No such header, if it is one that we would add.
    Remove {
        /// As typed.
        name: String,
    },
}

/// Reads one `-H`.
pub(crate) fn header_option(said: &str) -> Result<HeaderOption, UsageError> {
    let wrong = || UsageError::Header(said.to_owned());
    if let Some((name, value)) = said.split_once(':') {
        let (name, value) = (name.trim(), value.trim_matches([' ', '\t']));
        return match (name, value) {
            ("", _) => Err(wrong()),
            (name, "") => Ok(HeaderOption::Remove { name: name.to_owned() }),
            (name, value) => Ok(HeaderOption::Append { name: name.to_owned(), value: value.to_owned() }),
        };
    }
    match said.strip_suffix(';').map(str::trim) {
        Some(name) if !name.is_empty() => {
            Ok(HeaderOption::Append { name: name.to_owned(), value: String::new() })
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_table() {
        let append = |name: &str, value: &str| {
            Some(HeaderOption::Append { name: name.to_owned(), value: value.to_owned() })
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
            assert_eq!(header_option(said).ok(), expected, "{name}");
        }
    }
}
