//! [`UsageError`]: what is wrong with a command line that clap could not know. Exit code 2.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::PathBuf;

use sofetch::net::ConfigError;

use crate::import::ImportError;
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
    /// Where the URL should stand, there is an item.
    ItemForUrl {
        /// Its name and operator.
        item: String,
        /// The method that stands before it.
        before: Option<String>,
    },
    /// A method, and nothing after it.
    MethodAlone(String),
    /// A method before the URL, and `-X` or `-I`.
    TwoMethods,
    /// Data items, and another body or `-I`.
    TwoBodies,
    /// `--form` or `--multipart` without data items.
    NothingToEncode,
    /// A word that is no item; most often another URL.
    MoreUrls(String),
    /// An item that means nothing.
    Item {
        /// Its name and operator: the value may be a secret.
        item: String,
        /// What is wrong.
        why: Cow<'static, str>,
    },
    /// A file whose text is wanted is not UTF-8.
    FileNotUtf8(PathBuf),
    /// `--import` names a text that is no request.
    Import {
        /// Which; `-` is standard input.
        path: PathBuf,
        /// What is wrong, and where.
        error: ImportError,
    },
    /// The imported URL had a secret that is not in the file.
    RedactedUrl,
    /// The imported request had a body that is not in the file.
    BodyIsLost,
    /// `--page` is no URL that pages have.
    Page(String),
    /// A page's URL that no page has: `--base-url`, or a prompt's `.origin`.
    NoPage(String),
    /// `--origin` is more or less than an origin.
    Origin(String),
    /// A policy without a directive.
    Csp {
        /// `--csp` or `--csp-report-only`.
        option: &'static str,
        /// What was said.
        said: String,
    },
    /// `--integrity-policy` is no dictionary.
    IntegrityPolicy(String),
    /// What `Reporting-Endpoints` cannot say.
    ReportingEndpoints(String),
    /// `--permissions-policy` is no dictionary.
    PermissionsPolicy(String),
    /// `cors` without a page's origin.
    NoOrigin,
    /// `-X` is no token.
    Method(String),
    /// `-H` has neither a colon nor a semicolon, or no name.
    Header(String),
    /// `--header-name` is no token.
    HeaderName(String),
    /// `-H` of a header that an audit sets itself.
    AuditHeader(String),
    /// `--origin null` as one that is to be allowed.
    NullTrusted,
    /// `-H 'Name:'` of a header that cannot be left out.
    HeaderStays(String),
    /// `-F` is not NAME=CONTENT, or has a parameter that we do not know.
    Form(String),
    /// `--resolve` is not HOST:PORT:ADDR[,ADDR].
    Resolve(String),
    /// `--connect-to` is not H1:P1:H2:P2.
    ConnectTo(String),
    /// `--proxy`, `--noproxy` or a variable of the environment cannot be used.
    Proxy(ConfigError),
    /// `--continue` without a file.
    NothingToContinue,
    /// `--parallel` without a batch. NB: clap does not say so, as a URL and a batch exclude each other.
    NothingInParallel,
    /// Options of `sofetch URL` alone.
    NotForCors(&'static str),
    /// A script's URL, which is not said to be a module.
    ClassicScript(String),
    /// A password that was to be typed could not be read.
    Password(io::Error),
    /// `--digest` without a name, or with one in the URL, which would be sent as Basic's.
    DigestOfWhom,
    /// `-H Authorization` beside an option that makes one.
    AuthorizationTwice,
    /// `--stop` names none of the tour.
    Stop(String),
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
            UsageError::ItemForUrl { item, before } => {
                write!(f, "\"{item}\" is a request item: the URL stands before the items")?;
                match before.as_deref().filter(|before| before.bytes().any(|byte| byte.is_ascii_lowercase())) {
                    Some(host) => write!(f, "; for a host called {host:?} write https://{host}"),
                    None => Ok(()),
                }
            }
            UsageError::MethodAlone(word) => {
                write!(f, "{word} is a method without a URL; for a host of that name write https://{word}")
            }
            UsageError::TwoMethods => f.write_str("one method: it stands before the URL, or after -X, or it is -I"),
            UsageError::TwoBodies => {
                f.write_str("one body: data items (a=b, a:=1, a@file), or -d, --data-binary, --json or -F; and none with -I")
            }
            UsageError::NothingToEncode => {
                f.write_str("--form and --multipart say what becomes of data items (a=b, a:=1, a@file), and there are none")
            }
            UsageError::MoreUrls(said) => {
                write!(f, "one URL at a time: {said:?} is one too many, and no request item (a=b, a:=1, a==b, A:b, a@file)")
            }
            UsageError::Item { item, why } => write!(f, "request item \"{item}\": {why}"),
            UsageError::FileNotUtf8(path) => write!(f, "{path:?} is not UTF-8, and its text is asked for"),
            UsageError::Import { path, error } => write!(f, "--import {path:?}: {error}"),
            UsageError::RedactedUrl => f.write_str(
                "the imported URL was redacted when it was written (--show-secrets keeps it); another stands before the items",
            ),
            UsageError::BodyIsLost => f.write_str(
                "the imported request had a body, which the file does not hold; give one (data items, -d, --json ...)",
            ),
            UsageError::Page(said) => write!(f, "--page {said:?}: it is not the URL of a page"),
            UsageError::NoPage(said) => {
                write!(f, "{said:?} is no page's URL: it is of http, https, file, data, blob or about")
            }
            UsageError::Origin(said) => {
                write!(
                    f,
                    "--origin {said:?}: an origin is a scheme, a host and perhaps a port (or `null`); --page takes a URL"
                )
            }
            UsageError::Csp { option, said } => {
                write!(f, "{option} {said:?}: a policy has a directive, such as connect-src 'self'")
            }
            UsageError::ReportingEndpoints(said) => {
                write!(f, "--reporting-endpoints {said:?}: it is name=\"URL\", and further ones behind a comma")
            }
            UsageError::IntegrityPolicy(said) => {
                write!(
                    f,
                    "--integrity-policy {said:?}: it is a dictionary, such as blocked-destinations=(script)"
                )
            }
            UsageError::PermissionsPolicy(said) => {
                write!(f, "--permissions-policy {said:?}: it is a dictionary, such as deferred-fetch=(self)")
            }
            UsageError::NoOrigin => f.write_str("cors needs --origin ORIGIN or --page URL: on whose behalf?"),
            // NB: with its quotes, but in the letters that were typed; who prints it escapes what is not for terminals.
            UsageError::Method(said) => write!(f, "-X \"{said}\": a method is a token, such as PATCH"),
            UsageError::Header(said) => {
                // NB: what follows may be a secret whose colon was forgotten.
                let word = said.split_whitespace().next().unwrap_or_default();
                write!(f, "-H {word:?}: it is `Name: value`, `Name;` or `Name:`")
            }
            UsageError::HeaderName(said) => {
                write!(f, "--header-name {said:?}: a header's name is a token, such as API-Key")
            }
            UsageError::AuditHeader(name) => write!(f, "-H {name:?}: the audit itself sets this header"),
            UsageError::NullTrusted => {
                f.write_str("--origin null: every page can ask as `null`; it is never to be allowed")
            }
            UsageError::HeaderStays(name) => write!(f, "-H {name:?}: this header cannot be taken away"),
            UsageError::Form(said) => {
                write!(
                    f,
                    "-F {said:?}: it is NAME=TEXT, NAME=@FILE or NAME=<FILE, a file with ;type= and ;filename="
                )
            }
            UsageError::Resolve(said) => write!(f, "--resolve {said:?}: it is HOST:PORT:ADDR[,ADDR]"),
            UsageError::ConnectTo(said) => write!(f, "--connect-to {said:?}: it is H1:P1:H2:P2"),
            UsageError::Proxy(error) => f.write_str(&config_words(error)),
            UsageError::Stop(said) => {
                write!(f, "--stop {said:?}: there is no such stop; sofetch tour --list names them")
            }
            UsageError::NothingToContinue => {
                f.write_str("--continue needs --download or --output FILE: with what?")
            }
            UsageError::NothingInParallel => f.write_str("--parallel needs --batch FILE: what else?"),
            UsageError::NotForCors(options) => write!(f, "{options} are not for cors"),
            UsageError::ClassicScript(url) => {
                write!(f, "{url:?}: a script that is fetched is a module: say --module")
            }
            UsageError::Password(error) => {
                write!(f, "--auth USER: there is nobody to ask for the password: {error}")
            }
            UsageError::DigestOfWhom => f.write_str(
                "--digest needs --auth or --netrc, and no user in the URL: those of a URL are sent as Basic",
            ),
            UsageError::AuthorizationTwice => {
                f.write_str("-H Authorization and --auth, --bearer or --digest say two things: leave one out")
            }
            UsageError::File { path, error } => write!(f, "{path:?}: {error}"),
        }
    }
}

impl std::error::Error for UsageError {}
