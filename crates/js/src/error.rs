//! [`Error`]: why there is no runtime, no script, or no value.

use std::fmt;

/// What is wrong with a runtime's settings, with the machine, or with an expression.
#[derive(Debug)]
pub struct Error(Kind);

#[derive(Debug)]
enum Kind {
    Start(std::io::Error),
    Agent(sofetch::Error),
    ReportingEndpoints,
    Engine(rquickjs::Error),
    Prelude(String),
    Nul(String),
    ImportMap(String),
    Thrown(String),
    Unsettled,
    Over,
    NotJson(String),
}

impl Error {
    /// What the expression threw, as a console shows it: the headline, and the stack if it has one.
    pub fn thrown(&self) -> Option<&str> {
        match &self.0 {
            Kind::Thrown(said) => Some(said),
            _ => None,
        }
    }

    /// Did the time limit or an interrupt come first?
    pub fn is_over(&self) -> bool {
        matches!(self.0, Kind::Over)
    }

    pub(crate) fn start(error: std::io::Error) -> Error {
        Error(Kind::Start(error))
    }

    pub(crate) fn agent(error: sofetch::Error) -> Error {
        Error(Kind::Agent(error))
    }

    pub(crate) fn reporting_endpoints() -> Error {
        Error(Kind::ReportingEndpoints)
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

    pub(crate) fn import_map(said: String) -> Error {
        Error(Kind::ImportMap(said))
    }

    pub(crate) fn of_thrown(said: String) -> Error {
        Error(Kind::Thrown(said))
    }

    pub(crate) fn unsettled() -> Error {
        Error(Kind::Unsettled)
    }

    pub(crate) fn over() -> Error {
        Error(Kind::Over)
    }

    pub(crate) fn not_json(said: String) -> Error {
        Error(Kind::NotJson(said))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Start(_) => f.write_str("no thread for the network could be started"),
            Kind::Agent(_) => f.write_str("the user agent's settings cannot be used"),
            Kind::ReportingEndpoints => f.write_str("the value of Reporting-Endpoints is no dictionary"),
            Kind::Engine(_) => f.write_str("the script engine could not be started"),
            Kind::Prelude(said) => write!(f, "the prelude failed: {said}"),
            Kind::Nul(name) => {
                write!(f, "{name}: a module with a NUL character, which the engine cannot read")
            }
            Kind::ImportMap(said) => write!(f, "the import map cannot be used: {said}"),
            Kind::Thrown(said) => f.write_str(said),
            Kind::Unsettled => {
                f.write_str("the promise is still pending, and nothing is under way that could settle it")
            }
            Kind::Over => f.write_str("the time limit or an interrupt came first"),
            Kind::NotJson(said) => write!(f, "the value is none that JSON has: {said}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::Start(error) => Some(error),
            Kind::Agent(error) => Some(error),
            Kind::Engine(error) => Some(error),
            _ => None,
        }
    }
}
