//! [`UsageError`]: what is wrong with a command line that clap could not know. Exit code 2.

use std::fmt;
use std::io;
use std::path::PathBuf;

use sofetch::net::ConfigError;

use crate::words::config_words;

/// Why a command line means nothing.
#[derive(Debug)]
pub(crate) enum UsageError {
    /// An argument that must be UTF-8 is not.
    NotUtf8(&'static str),
    /// Not a URL, even with a scheme put before it.
    Url(String),
    /// `cors` without a URL.
    NoUrl,
    /// A command's word after options.
    CommandLate(String),
    /// `--page` is no URL that pages have.
    Page(String),
    /// `--origin` is more or less than an origin.
    Origin(String),
    /// `cors` without a page's origin.
    NoOrigin,
    /// `-X` is no token.
    Method(String),
    /// `-H` has neither a colon nor a semicolon, or no name.
    Header(String),
    /// `-H 'Name:'` of a header that cannot be left out.
    HeaderStays(String),
    /// `--form` is not NAME=CONTENT, or has a parameter that we do not know.
    Form(String),
    /// `--resolve` is not HOST:PORT:ADDR[,ADDR].
    Resolve(String),
    /// `--connect-to` is not H1:P1:H2:P2.
    ConnectTo(String),
    /// `--proxy`, `--noproxy` or a variable of the environment cannot be used.
    Proxy(ConfigError),
    /// A file could not be read, or not be made.
    File {
        /// Which; `-` is standard input.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UsageError::NotUtf8(which) => write!(f, "{which} is not UTF-8"),
            UsageError::Url(said) => write!(f, "{said:?} is not a URL"),
            UsageError::NoUrl => f.write_str("cors needs a URL"),
            UsageError::CommandLate(word) => {
                write!(
                    f,
                    "the command comes first: sofetch {word} ...; for a host of that name write https://{word}"
                )
            }
            UsageError::Page(said) => write!(f, "--page {said:?}: it is not the URL of a page"),
            UsageError::Origin(said) => {
                write!(
                    f,
                    "--origin {said:?}: an origin is a scheme, a host and perhaps a port (or `null`); --page takes a URL"
                )
            }
            UsageError::NoOrigin => f.write_str("cors needs --origin ORIGIN or --page URL: on whose behalf?"),
            // NB: with its quotes, but in the letters that were typed; who prints it escapes what is not for terminals.
            UsageError::Method(said) => write!(f, "-X \"{said}\": a method is a token, such as PATCH"),
            UsageError::Header(said) => {
                // NB: what follows may be a secret whose colon was forgotten.
                let word = said.split_whitespace().next().unwrap_or_default();
                write!(f, "-H {word:?}: it is `Name: value`, `Name;` or `Name:`")
            }
            UsageError::HeaderStays(name) => write!(f, "-H {name:?}: this header cannot be taken away"),
            UsageError::Form(said) => {
                write!(
                    f,
                    "--form {said:?}: it is NAME=TEXT, NAME=@FILE or NAME=<FILE, a file with ;type= and ;filename="
                )
            }
            UsageError::Resolve(said) => write!(f, "--resolve {said:?}: it is HOST:PORT:ADDR[,ADDR]"),
            UsageError::ConnectTo(said) => write!(f, "--connect-to {said:?}: it is H1:P1:H2:P2"),
            UsageError::Proxy(error) => f.write_str(&config_words(error)),
            UsageError::File { path, error } => write!(f, "{path:?}: {error}"),
        }
    }
}

impl std::error::Error for UsageError {}
