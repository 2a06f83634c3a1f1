//! `--auth`, `--bearer`, `--digest` and `--netrc`: who the user is, and for which hosts.
//!
//! - `challenges`, `digest`: what servers ask, and RFC 7616's answer; `digest_entries`: the agent's memory of both.
//! - `netrc`: names and passwords from a file.
//!
//! Basic and Bearer are a header of the request, which leaves it at the first redirect to another origin, as the Standard
//! says of `Authorization`.

mod challenges;
mod digest;
mod digest_entries;
mod netrc;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sofetch::Url;
use sofetch::core::infrastructure::base64::forgiving_base64_encode;

use crate::args::AuthenticationArgs;
use crate::options::{RequestOptions, UsageError};
use crate::words;

pub(crate) use digest_entries::DigestEntries;
use netrc::Netrc;

/// A name and a password that were typed, or a file of them. Never printed.
#[derive(Clone)]
pub(crate) enum Secret {
    /// For every URL that is typed.
    Typed { username: String, password: String },
    /// By host.
    Netrc(Arc<Netrc>),
}

/// What the options ask for.
#[derive(Clone, Default)]
pub(crate) enum Authentication {
    /// Nothing.
    #[default]
    None,
    /// At once, with every request.
    Basic(Secret),
    /// A token.
    Bearer(String),
    /// Once the server challenges.
    Digest(Secret),
}

impl Authentication {
    /// What was typed. Files are read here, and a password that was left out is asked for; notes are added for the user.
    pub(crate) fn of(
        args: &AuthenticationArgs,
        notes: &mut Vec<String>,
    ) -> Result<Authentication, UsageError> {
        if let Some(token) = &args.bearer {
            return Ok(Authentication::Bearer(token.clone()));
        }
        let secret = match (&args.auth, args.netrc || args.netrc_file.is_some()) {
            (Some(said), _) => typed(said)?,
            (None, true) => Secret::Netrc(Arc::new(read_netrc(args.netrc_file.as_deref(), notes)?)),
            (None, false) if args.digest => return Err(UsageError::DigestOfWhom),
            (None, false) => return Ok(Authentication::None),
        };
        Ok(if args.digest { Authentication::Digest(secret) } else { Authentication::Basic(secret) })
    }

    /// The `Authorization` that a request to this URL begins with.
    pub(crate) fn header(&self, url: &Url) -> Option<String> {
        match self {
            Authentication::None | Authentication::Digest(_) => None,
            Authentication::Bearer(token) => Some(format!("Bearer {token}")),
            Authentication::Basic(secret) => {
                let (username, password) = secret.of(url)?;
                Some(format!(
                    "Basic {}",
                    forgiving_base64_encode(format!("{username}:{password}").as_bytes())
                ))
            }
        }
    }
}

impl RequestOptions {
    /// Says who the user is, unless a header says so already.
    pub(crate) fn authorize(&mut self, authentication: &Authentication) -> Result<(), UsageError> {
        if matches!(authentication, Authentication::Digest(_)) && self.url.includes_credentials() {
            return Err(UsageError::DigestOfWhom);
        }
        let said = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        if !said && let Some(value) = authentication.header(&self.url) {
            self.headers.push(("Authorization".to_owned(), value.into_bytes()));
        }
        Ok(())
    }
}

impl std::fmt::Debug for Authentication {
    /// Never a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Authentication::None => "None",
            Authentication::Basic(_) => "Basic",
            Authentication::Bearer(_) => "Bearer",
            Authentication::Digest(_) => "Digest",
        })
    }
}

impl Secret {
    /// The name and password for this URL.
    fn of(&self, url: &Url) -> Option<(String, String)> {
        match self {
            Secret::Typed { username, password } => Some((username.clone(), password.clone())),
            // A password that was typed into the URL is the one that is meant.
            Secret::Netrc(_) if !url.password().is_empty() => None,
            Secret::Netrc(netrc) => {
                let login = Some(url.username()).filter(|login| !login.is_empty());
                netrc.credentials(url.hostname(), login)
            }
        }
    }
}

/// `USER:PASSWORD`, or `USER`, whose password is asked for.
fn typed(said: &str) -> Result<Secret, UsageError> {
    let (username, password) = match said.split_once(':') {
        Some((username, password)) => (username, password.to_owned()),
        None => {
            let ask = words::password_prompt(said);
            (said, rpassword::prompt_password(ask).map_err(UsageError::Password)?)
        }
    };
    Ok(Secret::Typed { username: username.to_owned(), password })
}

fn read_netrc(path: Option<&Path>, notes: &mut Vec<String>) -> Result<Netrc, UsageError> {
    let failed = |path: PathBuf| move |error| UsageError::File { path, error };
    let path = match path {
        Some(path) => path.to_owned(),
        None => {
            let nowhere = || failed(".netrc".into())(io::ErrorKind::NotFound.into());
            netrc::default_path().ok_or_else(nowhere)?
        }
    };
    let netrc = Netrc::parse(&std::fs::read_to_string(&path).map_err(failed(path.clone()))?);
    if netrc.has_passwords() && others_may_read(&path).map_err(failed(path.clone()))? {
        notes.push(words::netrc_is_open(&path));
    }
    Ok(netrc)
}

#[cfg(unix)]
fn others_may_read(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path)?;
    Ok(metadata.is_file() && metadata.permissions().mode() & 0o077 != 0)
}

/// Elsewhere files have lists of who may, which nobody reads in a line.
#[cfg(not(unix))]
fn others_may_read(_: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(authentication: &Authentication, url: &str) -> Option<String> {
        authentication.header(&Url::parse(url, None).expect("a URL"))
    }

    #[test]
    fn who_is_said_to_whom() {
        let args = |change: fn(&mut AuthenticationArgs)| {
            let mut args = AuthenticationArgs::default();
            change(&mut args);
            Authentication::of(&args, &mut Vec::new()).expect("nothing is read and nobody asked")
        };
        let none = args(|_| {});
        assert_eq!(header(&none, "https://a.test"), None);
        let basic = args(|args| args.auth = Some("user:pass:word".to_owned()));
        assert_eq!(header(&basic, "https://a.test").as_deref(), Some("Basic dXNlcjpwYXNzOndvcmQ="));
        let empty = args(|args| args.auth = Some("user:".to_owned()));
        assert_eq!(header(&empty, "https://a.test").as_deref(), Some("Basic dXNlcjo="));
        let utf8 = args(|args| args.auth = Some("\u{e4}:\u{e4}".to_owned()));
        assert_eq!(header(&utf8, "https://a.test").as_deref(), Some("Basic w6Q6w6Q="));
        let bearer = args(|args| args.bearer = Some("t".to_owned()));
        assert_eq!(header(&bearer, "https://a.test").as_deref(), Some("Bearer t"));
        let digest = args(|args| (args.auth, args.digest) = (Some("u:p".to_owned()), true));
        assert_eq!(header(&digest, "https://a.test"), None, "nothing is said before the server asks");
        assert_eq!(format!("{digest:?}"), "Digest");
    }

    #[test]
    fn netrc_and_the_url() {
        let netrc = Netrc::parse("machine a.test login ann password p");
        let basic = Authentication::Basic(Secret::Netrc(Arc::new(netrc)));
        let ann = Some("Basic YW5uOnA=");
        assert_eq!(header(&basic, "https://a.test/x").as_deref(), ann);
        assert_eq!(header(&basic, "https://ann@a.test/x").as_deref(), ann);
        assert_eq!(header(&basic, "https://eve@a.test/x"), None);
        assert_eq!(header(&basic, "https://ann:typed@a.test/x"), None);
        assert_eq!(header(&basic, "https://b.test/x"), None);
    }
}
