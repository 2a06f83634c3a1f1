//! [`ServerPolicy`]: what a server must say at one URL from now on. Pure: from a set of edits and what was answered.
//!
//! It allows what was asked and what was allowed before, and no more: one origin from a list, never whichever asks.

use sofetch_core::fixes::{AnswerTo, Change, EditSet, OfferedEdit};
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::header_values::{get_decode_and_split_value, is_header_name};
use sofetch_core::infrastructure::statuses::Status;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::rules::verdict::said;
use sofetch_core::tape::{Tape, TapedAnswer};

use super::notes::Note;
use super::quoting::Unwritable;
use crate::safe_text::{REDACTED, Secrets, is_unsafe, redacted_urls};

const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";
const ALLOW_CREDENTIALS: &str = "Access-Control-Allow-Credentials";
const ALLOW_METHODS: &str = "Access-Control-Allow-Methods";
const ALLOW_HEADERS: &str = "Access-Control-Allow-Headers";

/// What a server must say at one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPolicy {
    /// The path as URLs write it: printable ASCII.
    pub path: String,
    /// Which pages of other origins may ask, and what; `None` where nothing of CORS changes.
    pub cors: Option<CorsPolicy>,
    /// Other headers that its answers must have.
    pub set: Vec<(String, String)>,
    /// Headers that they must not have.
    pub remove: Vec<String>,
    /// The status of the answer to the request itself, as it was; 200 where it was never seen.
    pub status: Status,
    /// What a person must know or decide.
    pub notes: Vec<Note>,
}

/// Which pages of other origins may ask, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsPolicy {
    /// Who.
    pub origins: Origins,
    /// With credentials?
    pub credentials: bool,
    /// Is a preflight asked here, that must be answered with 204 before anything else looks at it?
    pub preflight: bool,
    /// The methods allowed before, and the one that was asked for.
    pub methods: Vec<String>,
    /// The request headers allowed before, and those that were asked for.
    pub headers: Vec<String>,
    /// The response headers that pages may read, as before.
    pub expose: Vec<String>,
    /// How many seconds a preflight's answer holds, as before.
    pub max_age: Option<u32>,
}

/// Whose pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Anybody's: `*`.
    Any,
    /// This one's alone. Its answers say `Vary: Origin`.
    One(String),
}

impl ServerPolicy {
    /// The policies that make the edits true: one for each URL whose answers they change, its query left out.
    pub fn of(set: &EditSet, tape: &Tape, secrets: Secrets) -> Vec<(Url, Result<ServerPolicy, Unwritable>)> {
        let mut urls: Vec<Url> = Vec::new();
        for offered in &set.edits {
            let url = offered.url.without_credentials().with_query(None).with_fragment(None);
            if !urls.iter().any(|known| known.href() == url.href()) {
                urls.push(url);
            }
        }
        let of_url = |url: Url| {
            let here = |other: &Url| other.same_origin(&url) && other.path() == url.path();
            let edits: Vec<&OfferedEdit> = set.edits.iter().filter(|offered| here(&offered.url)).collect();
            let seen: Vec<&TapedAnswer> =
                tape.answers.iter().filter(|answer| answer.status.is_some() && here(&answer.url)).collect();
            let policy = ServerPolicy::at(&url, &edits, &seen, tape.credentials, secrets);
            (url, policy)
        };
        urls.into_iter().map(of_url).collect()
    }

    fn at(
        url: &Url,
        edits: &[&OfferedEdit],
        seen: &[&TapedAnswer],
        credentials: bool,
        secrets: Secrets,
    ) -> Result<ServerPolicy, Unwritable> {
        let path = url.path().to_owned();
        if let Some(character) = path.chars().find(|char| !matches!(char, '!'..='~')) {
            return Err(Unwritable::Character { character });
        }
        let preflight = seen.iter().rev().find(|answer| answer.id.to == AnswerTo::Preflight).copied();
        let request = seen.iter().rev().find(|answer| answer.id.to == AnswerTo::Request).copied();
        let mut policy = ServerPolicy {
            path,
            cors: None,
            set: Vec::new(),
            remove: Vec::new(),
            status: request.and_then(|answer| answer.status).unwrap_or(200),
            notes: Vec::new(),
        };
        let mut cors = false;
        for offered in edits {
            match (&offered.edit.change, offered.edit.answer.to) {
                (Change::Status { .. }, AnswerTo::Preflight) => cors = true,
                (Change::Status { status }, AnswerTo::Request) => {
                    policy.notes.push(Note::StatusWanted { status: *status });
                }
                (Change::Set { name, .. } | Change::Remove { name }, _) if is_cors_header(name) => {
                    cors = true
                }
                (Change::Set { name, value }, _) => {
                    let shown = redacted_urls(value, secrets);
                    if shown.contains(REDACTED) && shown != *value {
                        policy.notes.push(Note::Redacted { name: name.clone() });
                    }
                    if let Some(character) = shown.chars().find(|&char| is_unsafe(char) || !char.is_ascii()) {
                        return Err(Unwritable::Character { character });
                    }
                    policy.set.push((plain_name(name.clone())?, shown.into_owned()));
                }
                (Change::Remove { name }, _) => policy.remove.push(plain_name(name.clone())?),
            }
        }
        if cors {
            policy.cors = Some(CorsPolicy::of(edits, preflight, request, credentials, &mut policy.notes)?);
        }
        if policy.cors.is_none() && policy.set.is_empty() && policy.remove.is_empty() {
            return Err(Unwritable::NothingToSet);
        }
        if policy.status >= 400 {
            policy.notes.push(Note::ErrorStatus { status: policy.status });
        }
        policy.notes.push(Note::ThisPath { path: policy.path.clone() });
        Ok(policy)
    }

    /// The path as a server sees it that decodes.
    pub(super) fn decoded_path(&self) -> Result<String, Unwritable> {
        let hex = |byte: Option<&u8>| byte.and_then(|&byte| char::from(byte).to_digit(16));
        let (bytes, mut at, mut decoded) = (self.path.as_bytes(), 0, Vec::new());
        while let Some(&byte) = bytes.get(at) {
            match (byte, hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
                (b'%', Some(high), Some(low)) => {
                    decoded.push((high * 16 + low) as u8);
                    at += 3;
                }
                _ => {
                    decoded.push(byte);
                    at += 1;
                }
            }
        }
        let decoded = String::from_utf8(decoded).map_err(|_| Unwritable::PathNotText)?;
        match decoded.chars().find(|&char| is_unsafe(char)) {
            Some(character) => Err(Unwritable::Character { character }),
            None => Ok(decoded),
        }
    }

    /// The path, where nothing in it can be a pattern.
    pub(super) fn plain_path(&self) -> Result<&str, Unwritable> {
        match self.is_plain_path() {
            true => Ok(&self.path),
            false => Err(Unwritable::PathPattern { path: self.path.clone() }),
        }
    }

    /// Is nothing in the path a pattern to anybody?
    pub(super) fn is_plain_path(&self) -> bool {
        self.path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_.~-".contains(&byte))
    }

    /// The CORS policy, for a server that can set nothing else.
    pub(super) fn cors_alone(&self) -> Result<&CorsPolicy, Unwritable> {
        let other = self.set.iter().map(|(name, _)| name).chain(&self.remove).next();
        match (other, &self.cors) {
            (Some(name), _) => Err(Unwritable::NoSetting { name: name.clone() }),
            (None, Some(cors)) => Ok(cors),
            (None, None) => Err(Unwritable::NothingToSet),
        }
    }
}

impl CorsPolicy {
    fn of(
        edits: &[&OfferedEdit],
        preflight: Option<&TapedAnswer>,
        request: Option<&TapedAnswer>,
        asked_with_credentials: bool,
        notes: &mut Vec<Note>,
    ) -> Result<CorsPolicy, Unwritable> {
        let wanted = |header: &str| -> Vec<&str> {
            let set = edits.iter().filter_map(|offered| match &offered.edit.change {
                Change::Set { name, value } if name.eq_ignore_ascii_case(header) => Some(&**value),
                _ => None,
            });
            set.collect()
        };
        let answers: Vec<&TapedAnswer> = preflight.into_iter().chain(request).collect();
        let asked = |name: &str| answers.iter().find_map(|answer| text(&answer.sent, name));
        let said_before = |name: &str| -> Vec<String> {
            answers.iter().filter_map(|answer| text(&answer.header_list, name)).collect()
        };

        // Who: the origin that an edit names. Where none does, whoever asked was allowed already.
        let (new, old) = (wanted(ALLOW_ORIGIN), said_before(ALLOW_ORIGIN));
        let open = match new.is_empty() {
            true => !old.is_empty() && old.iter().all(|said| said == "*"),
            false => new.iter().all(|said| *said == "*"),
        };
        let named = new.iter().find(|said| **said != "*").map(|said| (*said).to_owned());
        let origins = match named.or_else(|| asked("Origin").filter(|_| !open)) {
            Some(origin) => Origins::One(plain_origin(origin)?),
            None => Origins::Any,
        };
        // NB: what another origin may do with credentials, this one may not unless it asked for that.
        let before = new.is_empty() && said_before(ALLOW_CREDENTIALS).iter().any(|said| said == "true");
        let credentials = origins != Origins::Any && (asked_with_credentials || before);

        for name in [ALLOW_ORIGIN, ALLOW_CREDENTIALS] {
            let lines = |answer: &&&TapedAnswer| answer.header_list.get_all(name).count();
            let said = answers.iter().max_by_key(lines).and_then(|answer| text(&answer.header_list, name));
            let twice = answers.iter().any(|answer| lines(&answer) > 1);
            notes.extend(said.map(|said| match twice {
                true => Note::Doubled { name, said },
                false if said.contains(',') => Note::SeveralOrigins { said },
                false => Note::AlreadySet { name },
            }));
        }
        let one = |said: &&String| plain_origin(said.to_string()).is_ok();
        if origins == Origins::Any
            && let Some(said) = old.iter().find(one)
        {
            notes.push(Note::OpensToAll { said: said.clone() });
        }
        if let Origins::One(origin) = &origins {
            let other = |said: &&String| one(said) && *said != origin;
            if let Some(said) = old.iter().find(other) {
                notes.push(Note::OtherOrigin { said: said.clone() });
            }
            if old.iter().any(|said| said == "*") {
                notes.push(Note::AnyOrigin);
            }
        }
        let refused = edits.iter().any(|offered| matches!(offered.edit.change, Change::Status { .. }));
        if let Some(status) = preflight.and_then(|answer| answer.status).filter(|_| refused) {
            notes.push(Note::PreflightStatus { status });
        }

        let is_preflighted =
            preflight.is_some() || edits.iter().any(|offered| offered.edit.answer.to == AnswerTo::Preflight);
        let method = edits.iter().find(|offered| offered.edit.answer.to == AnswerTo::Request);
        let method = method.map(|offered| offered.method.as_str().to_owned());
        let method = method
            .or_else(|| request.map(|answer| answer.method.as_str().to_owned()))
            .or_else(|| asked("Access-Control-Request-Method"));
        let listed = |header: &'static str,
                      asked: Vec<String>,
                      same: fn(&str, &str) -> bool,
                      notes: &mut Vec<Note>| {
            let said = match &wanted(header)[..] {
                [] => preflight.and_then(|answer| text(&answer.header_list, header)).unwrap_or_default(),
                [said, ..] => (*said).to_owned(),
            };
            let mut names: Vec<String> = Vec::new();
            let before = said.split(',').map(str::trim).filter(|name| is_header_name(name.as_bytes()));
            for name in before.map(str::to_owned).chain(asked) {
                match &*name {
                    "*" => notes.push(Note::Wildcard { name: header }),
                    _ if names.iter().any(|known| same(known, &name)) => {}
                    _ => names.push(name),
                }
            }
            names.into_iter().map(plain_name).collect::<Result<Vec<_>, _>>()
        };
        let methods = listed(ALLOW_METHODS, method.into_iter().collect(), str::eq, notes)?;
        let headers = asked("Access-Control-Request-Headers");
        let headers = headers.map(|names| get_decode_and_split_value(names.as_bytes())).unwrap_or_default();
        let headers = listed(ALLOW_HEADERS, headers, str::eq_ignore_ascii_case, notes)?;
        let expose = request.and_then(|answer| text(&answer.header_list, "Access-Control-Expose-Headers"));
        let expose = expose.unwrap_or_default();
        let expose = expose.split(',').map(str::trim).filter(|name| *name != "*" && plain(name));
        let max_age = preflight.and_then(|answer| text(&answer.header_list, "Access-Control-Max-Age"));
        Ok(CorsPolicy {
            origins,
            credentials,
            preflight: is_preflighted,
            methods,
            headers,
            expose: expose.map(str::to_owned).collect(),
            max_age: max_age.and_then(|seconds| seconds.parse().ok()),
        })
    }

    /// The origin as its header says it.
    pub(super) fn allow_origin(&self) -> &str {
        match &self.origins {
            Origins::Any => "*",
            Origins::One(origin) => origin,
        }
    }

    /// A comment for the line that lists who may read; there is no list where anybody may.
    pub(super) fn each_origin(&self, comment: &str) -> String {
        match self.origins {
            Origins::Any => String::new(),
            Origins::One(_) => format!("{comment} each origin that may read"),
        }
    }

    /// The methods, where the server writes them in upper case whatever was said.
    pub(super) fn upper_case_methods(&self) -> Result<&[String], Unwritable> {
        let known = |method: &String| method.to_ascii_uppercase() == *method;
        self.methods_among(known)
    }

    /// The methods, where the server knows only these.
    pub(super) fn methods_among(&self, known: impl Fn(&String) -> bool) -> Result<&[String], Unwritable> {
        match self.methods.iter().find(|&method| !known(method)) {
            Some(method) => Err(Unwritable::Method { method: method.clone() }),
            None => Ok(&self.methods),
        }
    }

    /// The headers of an answer for this origin, the preflight's own left out.
    pub(super) fn answer_headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![(ALLOW_ORIGIN, self.allow_origin().to_owned())];
        if self.credentials {
            headers.push((ALLOW_CREDENTIALS, "true".to_owned()));
        }
        if !self.expose.is_empty() {
            headers.push(("Access-Control-Expose-Headers", self.expose.join(", ")));
        }
        headers
    }

    /// The headers of a preflight's answer.
    pub(super) fn preflight_headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = self.answer_headers();
        headers.retain(|(name, _)| *name != "Access-Control-Expose-Headers");
        headers.push((ALLOW_METHODS, self.methods.join(", ")));
        if !self.headers.is_empty() {
            headers.push((ALLOW_HEADERS, self.headers.join(", ")));
        }
        if let Some(seconds) = self.max_age {
            headers.push(("Access-Control-Max-Age", seconds.to_string()));
        }
        headers
    }
}

fn is_cors_header(name: &str) -> bool {
    [ALLOW_ORIGIN, ALLOW_CREDENTIALS, ALLOW_METHODS, ALLOW_HEADERS]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

fn text(list: &HeaderList, name: &str) -> Option<String> {
    list.get(name).map(|value| said(&value))
}

/// No host name in use has other characters, and these are nothing but text to every server.
fn plain_origin(origin: String) -> Result<String, Unwritable> {
    let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    if host.is_empty() || !host.bytes().all(plain) { Err(Unwritable::Origin { origin }) } else { Ok(origin) }
}

fn plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn plain_name(name: String) -> Result<String, Unwritable> {
    if plain(&name) { Ok(name) } else { Err(Unwritable::Name { name }) }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
