//! What was answered to an audit's requests, and what the rules of CORS make of it: `core` judges, for the origin that
//! asked and for both ways to ask, with credentials and without.

use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::header_values::{HeaderListValues, extract_header_list_values};
use sofetch_core::infrastructure::origins::Origin;
use sofetch_core::infrastructure::requests::{CredentialsMode, Mode, Request};
use sofetch_core::infrastructure::responses::InternalResponse;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::rules::cors_check::{CorsCheck, cors_check};
use sofetch_core::rules::cors_preflight::{PreflightAnswer, preflight_answer};
use sofetch_core::rules::cors_safelists::cors_unsafe_request_header_names;
use sofetch_core::rules::departures::Departures;
use sofetch_core::rules::verdict::Verdict as _;

use super::askers::Asker;
use super::plan::{Ask, Probe, Purpose, headers_named};

/// A request that was sent, and its answer.
#[derive(Clone, Debug)]
pub struct AuditExchange {
    /// The request.
    pub probe: Probe,
    /// The answer's head, or why there was none: a sentence that is safe to print.
    pub answer: Result<Answer, String>,
}

/// The head of a response, as it came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub header_list: HeaderList,
}

impl Answer {
    /// A header's value, its lines combined, as text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.header_list.get(name).map(|value| String::from_utf8_lossy(&value).into_owned())
    }

    /// How often a header is there.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.header_list.get_all(name).count()
    }

    /// A list of tokens; none where it is absent or cannot be read.
    pub(crate) fn tokens(&self, name: &str) -> Vec<String> {
        match extract_header_list_values(name, &self.header_list) {
            HeaderListValues::Values(values) => {
                values.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect()
            }
            HeaderListValues::Null | HeaderListValues::Failure { .. } => Vec::new(),
        }
    }

    /// Does it allow credentials, for whomever?
    pub(crate) fn allows_credentials(&self) -> bool {
        self.header_list.get("Access-Control-Allow-Credentials").is_some_and(|value| *value == *b"true")
    }

    /// Do caches know that it depends on `Origin`?
    pub(crate) fn varies_by_origin(&self) -> bool {
        self.list("Vary").iter().any(|name| matches!(&**name, "origin" | "*"))
    }

    /// The directives or names of a list, in lower case, arguments left out.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let said = self.text(name).unwrap_or_default().to_ascii_lowercase();
        said.split(',')
            .map(|item| item.split('=').next().unwrap_or_default().trim().to_owned())
            .filter(|item| !item.is_empty())
            .collect()
    }
}

/// Who may read an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Not this origin.
    No,
    /// Everybody, without credentials: `*`.
    Anybody,
    /// This origin, without credentials.
    Origin,
    /// This origin, with credentials.
    Credentials,
}

impl Access {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Access::No => "refused",
            Access::Anybody => "anybody",
            Access::Origin => "allowed",
            Access::Credentials => "with-credentials",
        }
    }

    /// Is it this very origin that is allowed, and not everybody?
    pub(crate) fn is_of_origin(self) -> bool {
        matches!(self, Access::Origin | Access::Credentials)
    }
}

impl AuditExchange {
    /// Who asked and was answered, unless it was nobody or nothing came.
    pub(crate) fn asked(&self) -> Option<(&Asker, &Answer)> {
        Some((self.probe.asker.as_ref()?, self.answer.as_ref().ok()?))
    }

    /// The same, if it is a preflight.
    pub(crate) fn preflight(&self) -> Option<(&Asker, &Ask, &Answer)> {
        let Purpose::Preflight(ask) = &self.probe.purpose else { return None };
        let (asker, answer) = self.asked()?;
        Some((asker, ask, answer))
    }

    /// May the origin that asked read the answer? For a preflight: does its answer pass the CORS check?
    pub(crate) fn access(&self) -> Access {
        match self.asked() {
            Some((asker, answer)) => access(&self.probe.url, &asker.origin, answer),
            None => Access::No,
        }
    }
}

/// May this origin read this answer, in this credentials mode?
pub(crate) fn may_read(url: &Url, origin: &Origin, answer: &Answer, mode: CredentialsMode) -> bool {
    !cors_check(&request(url, origin, mode), &internal_response(answer)).blocks()
}

/// May this origin read this answer, as the CORS check has it?
fn access(url: &Url, origin: &Origin, answer: &Answer) -> Access {
    let response = internal_response(answer);
    let check = |mode| cors_check(&request(url, origin, mode), &response);
    match (check(CredentialsMode::Include), check(CredentialsMode::Omit)) {
        (CorsCheck::OriginMatchesWithCredentials, _) => Access::Credentials,
        (_, CorsCheck::AnyOrigin) => Access::Anybody,
        (_, CorsCheck::OriginMatches) => Access::Origin,
        _ => Access::No,
    }
}

/// What a preflight's answer grants to this origin, in this credentials mode.
pub(crate) fn granted(
    url: &Url,
    origin: &Origin,
    ask: &Ask,
    answer: &Answer,
    mode: CredentialsMode,
) -> PreflightAnswer {
    let mut request = request(url, origin, mode);
    request.method = ask.method.clone();
    request.header_list = headers_named(&ask.header_names);
    let unsafe_names = cors_unsafe_request_header_names(&request.header_list);
    preflight_answer(&request, &unsafe_names, &internal_response(answer), u64::MAX, Departures::default())
}

/// How much a preflight's answer grants to this origin.
pub(crate) fn preflight_access(url: &Url, origin: &Origin, ask: &Ask, answer: &Answer) -> Access {
    let passes = |mode| !granted(url, origin, ask, answer, mode).blocks();
    if passes(CredentialsMode::Include) {
        Access::Credentials
    } else if passes(CredentialsMode::Omit) {
        access(url, origin, answer).min(Access::Origin)
    } else {
        Access::No
    }
}

fn request(url: &Url, origin: &Origin, mode: CredentialsMode) -> Request {
    let mut request = Request::new(url.clone());
    request.origin = Some(origin.clone());
    request.mode = Mode::Cors;
    request.credentials_mode = mode;
    request.unsafe_request = true;
    request
}

fn internal_response(answer: &Answer) -> InternalResponse {
    InternalResponse {
        status: answer.status,
        header_list: answer.header_list.clone(),
        ..InternalResponse::default()
    }
}

#[cfg(test)]
mod tests {
    use sofetch_core::infrastructure::methods::Method;

    use super::*;
    use crate::audit::plan::About;

    fn answer(status: u16, headers: &[(&'static str, &'static str)]) -> Answer {
        let mut header_list = HeaderList::new();
        headers.iter().for_each(|&(name, value)| header_list.append(name, value));
        Answer { status, header_list }
    }

    fn url(text: &str) -> Url {
        Url::parse(text, None).expect("a URL of the tests")
    }

    const ALLOW: &str = "Access-Control-Allow-Origin";
    const CREDENTIALS: (&str, &str) = ("Access-Control-Allow-Credentials", "true");

    #[test]
    fn access_table() {
        let app = "https://app.test";
        for (name, headers, expected) in [
            ("nothing said", &[][..], Access::No),
            ("star", &[(ALLOW, "*")], Access::Anybody),
            ("star and credentials", &[(ALLOW, "*"), CREDENTIALS], Access::Anybody),
            ("the origin", &[(ALLOW, app)], Access::Origin),
            ("the origin and credentials", &[(ALLOW, app), CREDENTIALS], Access::Credentials),
            ("another", &[(ALLOW, "https://b.test"), CREDENTIALS], Access::No),
            ("twice", &[(ALLOW, app), (ALLOW, app)], Access::No),
        ] {
            let origin = url(app).origin();
            assert_eq!(access(&url("https://api.test/"), &origin, &answer(200, headers)), expected, "{name}");
        }
        let null = answer(200, &[(ALLOW, "null")]);
        assert_eq!(access(&url("https://api.test/"), &Origin::new_opaque(), &null), Access::Origin);
    }

    #[test]
    fn preflight_access_table() {
        const METHODS: &str = "Access-Control-Allow-Methods";
        let app = "https://app.test";
        for (name, status, headers, expected) in [
            ("nothing said", 204, &[][..], Access::No),
            ("no method", 204, &[(ALLOW, app)], Access::No),
            ("the method", 204, &[(ALLOW, app), (METHODS, "PUT")], Access::Origin),
            ("star for all", 204, &[(ALLOW, "*"), (METHODS, "*")], Access::Anybody),
            ("with credentials", 204, &[(ALLOW, app), CREDENTIALS, (METHODS, "PUT")], Access::Credentials),
            (
                "a star is literal with them",
                204,
                &[(ALLOW, app), CREDENTIALS, (METHODS, "*")],
                Access::Origin,
            ),
            ("a status", 401, &[(ALLOW, app), (METHODS, "PUT")], Access::No),
        ] {
            let ask = Ask { method: Method::PUT, header_names: Vec::new(), about: About::Method };
            let origin = url(app).origin();
            let found = preflight_access(&url("https://api.test/"), &origin, &ask, &answer(status, headers));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn lists() {
        let vary = |value: &'static str| answer(200, &[("Vary", value)]).varies_by_origin();
        assert!(vary("Accept, ORIGIN") && vary("*") && !vary("X-Origin") && !vary(""));
        assert_eq!(
            answer(200, &[("Cache-Control", "Public, max-age=5,")]).list("Cache-Control"),
            ["public", "max-age"]
        );
    }
}
