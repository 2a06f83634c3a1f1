//! [`Error`]: why there is no runtime, or no script.

use std::fmt;

/// What is wrong with a runtime's settings, or with the machine.
#[derive(Debug)]
pub struct Error(Kind);

#[derive(Debug)]
enum Kind {
    Start(std::io::Error),
    Agent(sofetch::Error),
    Engine(rquickjs::Error),
    Prelude(String),
    Nul(String),
}

impl Error {
    pub(crate) fn start(error: std::io::Error) -> Error {
        Error(Kind::Start(error))
    }

    pub(crate) fn agent(error: sofetch::Error) -> Error {
        Error(Kind::Agent(error))
    }

    pub(crate) fn engine(error: rquickjs::Error) -> Error {
        Error(Kind::Engine(error))
    }

    pub(crate) fn prelude(said: String) -> Error {
        Error(Kind::Prelude(said))
    }

    pub(crate) fn nul(name: &str) -> Error {
        Error(Kind::Nul(name.to_owned()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Start(_) => f.write_str("no thread for the network could be started"),
            Kind::Agent(_) => f.write_str("the user agent's settings cannot be used"),
            Kind::Engine(_) => f.write_str("the script engine could not be started"),
            Kind::Prelude(said) => write!(f, "the prelude failed: {said}"),
            Kind::Nul(name) => write!(f, "{name}: a script with a NUL character"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::Start(error) => Some(error),
            Kind::Agent(error) => Some(error),
            Kind::Engine(error) => Some(error),
            Kind::Prelude(_) | Kind::Nul(_) => None,
        }
    }
}
