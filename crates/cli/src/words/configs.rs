//! Why a config file cannot be used.

use std::fmt;

use crate::config::{ConfigFileError, What};

impl fmt::Display for ConfigFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.path)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        f.write_str(": ")?;
        match &self.what {
            What::Unreadable(error) => write!(f, "{error}"),
            What::NotUtf8 => f.write_str("it is not UTF-8"),
            What::Quote => f.write_str("a quoted value ends with its quote, and the line with it"),
            What::Name => {
                f.write_str("a line is `option`, or `option = value`, the long name without its dashes")
            }
            What::Unknown(name) => write!(f, "there is no option {name:?}"),
            What::NotForEveryRun(name) => {
                write!(f, "{name:?} is of a single request; it has no place in this file")
            }
            What::Value { name, takes_one: true } => write!(f, "{name:?} takes a value: `{name} = value`"),
            What::Value { name, takes_one: false } => write!(f, "{name:?} takes no value"),
            What::Wrong(words) => f.write_str(words),
        }
    }
}
