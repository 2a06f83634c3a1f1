//! Probes: a few more requests, after a refusal, that tell its causes apart.
//!
//! Middleware hides why it refuses: many answer a refused header, a refused method and a refused origin alike, with no
//! CORS header at all. What is planned here asks less, or for somebody else; `probes/diagnosis.rs` compares. Only safe
//! methods are sent, nothing is followed, and there are at most [`MOST`].

mod diagnosis;

use serde::Serialize;
use sofetch_core::fixes::AnswerTo;
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::header_values::get_decode_and_split_value;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::origins::Origin;
use sofetch_core::infrastructure::requests::CredentialsMode;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::rules::verdict::{Verdict, said};
use sofetch_core::rulings::Ruling;
use sofetch_core::tape::{Tape, TapedAnswer};

use crate::audit::{About, Answer, Ask, SafeMethod, granted, may_read, origin_headers};
use crate::lines::{shown_text, shown_url};
use crate::safe_text::{Secrets, redacted};
pub use diagnosis::{Cause, Diagnosis, diagnose};

/// So many requests are sent at most.
pub const MOST: usize = 8;

/// An origin that has nothing to do with any server.
const STRANGER: &str = "https://sofetch-probe.example";

/// A refusal, as far as probes ask about it.
#[derive(Clone, Debug)]
pub struct ProbeQuestion {
    pub(crate) url: Url,
    /// As it was sent, so that redirects have had their say.
    pub(crate) origin: Origin,
    pub(crate) method: Method,
    /// The names that a preflight asked for, in lower case.
    pub(crate) header_names: Vec<String>,
    pub(crate) credentials: bool,
    /// Which answer was refused.
    pub(crate) at: AnswerTo,
    pub(crate) answer: Answer,
    /// Was a preflight granted before?
    pub(crate) granted: bool,
}

impl ProbeQuestion {
    /// What there is to ask about a fetch that ended so; `None` where CORS was not what refused it.
    pub fn of(tape: &Tape, ruling: &Ruling) -> Option<ProbeQuestion> {
        let at = match ruling {
            Ruling::PreflightAnswer(_) => AnswerTo::Preflight,
            Ruling::CorsCheck(_) => AnswerTo::Request,
            _ => return None,
        };
        let refused = tape.answers.iter().rev().find(|answer| answer.id.to == at)?;
        let preflight = tape
            .answers
            .iter()
            .rev()
            .find(|answer| answer.id.to == AnswerTo::Preflight && answer.id.hop == refused.id.hop);
        let asked = |name: &str| preflight.and_then(|preflight| preflight.sent.get(name));
        let method = match (at, asked("Access-Control-Request-Method")) {
            (AnswerTo::Preflight, Some(method)) => Method::new(&method).ok()?,
            _ => refused.method.clone(),
        };
        Some(ProbeQuestion {
            url: refused.url.without_credentials(),
            origin: sent_origin(refused)?,
            method,
            header_names: asked("Access-Control-Request-Headers")
                .map(|names| get_decode_and_split_value(&names))
                .unwrap_or_default(),
            credentials: tape.credentials,
            at,
            answer: Answer { status: refused.status?, header_list: refused.header_list.clone() },
            granted: at == AnswerTo::Request && preflight.is_some(),
        })
    }

    pub(crate) fn mode(&self) -> CredentialsMode {
        if self.credentials { CredentialsMode::Include } else { CredentialsMode::SameOrigin }
    }
}

/// The origin that a request named.
fn sent_origin(answer: &TapedAnswer) -> Option<Origin> {
    let named = answer.sent.get("Origin")?;
    match &*named {
        b"null" => Some(Origin::new_opaque()),
        named => Some(Url::parse(&said(named), None).ok()?.origin()),
    }
}

/// What a probe asks, beside the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeKind {
    /// A GET that no script makes.
    NoScript,
    /// A GET that needs no preflight.
    SimpleGet,
    /// An OPTIONS that is no preflight.
    BareOptions,
    /// The preflight without its headers.
    FewerHeaders,
    /// The preflight for GET.
    SafeMethod,
    /// The preflight for GET, without headers.
    OriginAlone,
    /// The same question of an origin that nobody knows.
    Stranger,
    /// The same question of the server's own origin.
    OwnOrigin,
}

impl ProbeKind {
    /// Its words.
    pub fn words(self) -> &'static str {
        match self {
            ProbeKind::NoScript => "a GET that no script makes",
            ProbeKind::SimpleGet => "a GET that needs no preflight",
            ProbeKind::BareOptions => "an OPTIONS that is no preflight",
            ProbeKind::FewerHeaders => "the preflight without its headers",
            ProbeKind::SafeMethod => "the preflight for GET in place of the method",
            ProbeKind::OriginAlone => "the preflight for GET, without headers",
            ProbeKind::Stranger => "the same of an origin that nobody knows",
            ProbeKind::OwnOrigin => "the same of the server's own origin",
        }
    }
}

/// A request to send: on the user's own behalf, as it is, without following where it leads.
#[derive(Clone, Debug)]
pub struct ProbeRequest {
    /// What for.
    pub kind: ProbeKind,
    /// How.
    pub method: SafeMethod,
    /// Where.
    pub url: Url,
    /// Every header that is to be set, in order.
    pub headers: HeaderList,
    origin: Option<Origin>,
    ask: Option<Ask>,
}

/// All that is to be sent, in order.
pub fn plan(question: &ProbeQuestion) -> Vec<ProbeRequest> {
    let own = question.url.origin();
    let stranger =
        Url::parse(STRANGER, None).map(|url| url.origin()).unwrap_or_else(|_| Origin::new_opaque());
    let mut plan = vec![read(question, ProbeKind::NoScript, None)];
    let ours = || Some(question.origin.clone());
    match question.at {
        AnswerTo::Preflight => {
            plan.push(read(question, ProbeKind::SimpleGet, ours()));
            plan.push(bare_options(question));
            let (names, safe) = (&question.header_names[..], question.method.is_cors_safelisted());
            if !names.is_empty() && !safe {
                plan.push(preflight(
                    question,
                    ProbeKind::FewerHeaders,
                    &question.origin,
                    &question.method,
                    &[],
                ));
                plan.push(preflight(question, ProbeKind::SafeMethod, &question.origin, &Method::GET, names));
            }
            plan.push(preflight(question, ProbeKind::OriginAlone, &question.origin, &Method::GET, &[]));
            plan.push(preflight(question, ProbeKind::Stranger, &stranger, &question.method, names));
            plan.push(preflight(question, ProbeKind::OwnOrigin, &own, &question.method, names));
        }
        AnswerTo::Request => {
            plan.push(read(question, ProbeKind::SimpleGet, ours()));
            plan.push(preflight(question, ProbeKind::OriginAlone, &question.origin, &Method::GET, &[]));
            plan.push(read(question, ProbeKind::Stranger, Some(stranger)));
            plan.push(read(question, ProbeKind::OwnOrigin, Some(own)));
        }
    }
    debug_assert!(plan.len() <= MOST);
    plan
}

fn read(question: &ProbeQuestion, kind: ProbeKind, origin: Option<Origin>) -> ProbeRequest {
    let headers = origin_headers(&question.url, origin.as_ref());
    ProbeRequest { kind, method: SafeMethod::Get, url: question.url.clone(), headers, origin, ask: None }
}

fn bare_options(question: &ProbeQuestion) -> ProbeRequest {
    let kind = ProbeKind::BareOptions;
    ProbeRequest { method: SafeMethod::Options, ..read(question, kind, None) }
}

fn preflight(
    question: &ProbeQuestion,
    kind: ProbeKind,
    origin: &Origin,
    method: &Method,
    header_names: &[String],
) -> ProbeRequest {
    let mut headers = HeaderList::new();
    headers.append("Access-Control-Request-Method", method.as_str().as_bytes().to_vec());
    if !header_names.is_empty() {
        headers.append("Access-Control-Request-Headers", header_names.join(","));
    }
    for header in &origin_headers(&question.url, Some(origin)) {
        headers.append(header.name().to_vec(), header.value().clone());
    }
    let ask = Ask { method: method.clone(), header_names: header_names.to_vec(), about: About::Together };
    let (url, origin) = (question.url.clone(), Some(origin.clone()));
    ProbeRequest { kind, method: SafeMethod::Options, url, headers, origin, ask: Some(ask) }
}

/// A probe, and its answer's head, or why there was none: a sentence that is safe to print.
#[derive(Clone, Debug)]
pub struct Probed {
    /// The request.
    pub request: ProbeRequest,
    /// The answer.
    pub answer: Result<Answer, String>,
}

impl Probed {
    /// Would the rules let it pass, in this credentials mode? `None` where no script asks, or nothing came.
    pub(crate) fn passes(&self, mode: CredentialsMode) -> Option<bool> {
        let (origin, answer) = (self.request.origin.as_ref()?, self.answer.as_ref().ok()?);
        Some(match &self.request.ask {
            Some(ask) => !granted(&self.request.url, origin, ask, answer, mode).blocks(),
            None => may_read(&self.request.url, origin, answer, mode),
        })
    }
}

/// What was asked besides, and what it showed; escaped, and redacted unless secrets were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Probes {
    /// The requests, in order.
    pub requests: Vec<ProbeStory>,
    /// What they showed; none where they tell nothing.
    pub diagnoses: Vec<Diagnosis>,
}

/// A probe as one may print it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProbeStory {
    /// What it asked.
    pub kind: ProbeKind,
    /// Method and URL.
    pub request: String,
    /// In whose name; `null` for nobody's.
    pub origin: Option<String>,
    /// The answer's status, if one came.
    pub status: Option<u16>,
    /// What its `Access-Control-Allow-Origin` said.
    pub allow_origin: Option<String>,
    /// Would the rules let it pass? `null` where no script asks, or nothing came.
    pub passes: Option<bool>,
    /// Why no answer came.
    pub error: Option<String>,
}

impl Probes {
    /// The probes of a question, and what they showed.
    pub fn of(question: &ProbeQuestion, probed: &[Probed], secrets: Secrets) -> Probes {
        let requests = probed.iter().map(|probe| ProbeStory::of(probe, question.mode(), secrets)).collect();
        Probes { requests, diagnoses: diagnose(question, probed, secrets) }
    }
}

impl ProbeStory {
    fn of(probed: &Probed, mode: CredentialsMode, secrets: Secrets) -> ProbeStory {
        let (request, answer) = (&probed.request, probed.answer.as_ref());
        let allowed = answer.ok().and_then(|answer| answer.header_list.get("Access-Control-Allow-Origin"));
        ProbeStory {
            kind: request.kind,
            request: format!("{} {}", request.method.as_str(), shown_url(&request.url, secrets)),
            origin: request.origin.as_ref().map(|origin| shown_text(&origin.serialize(), secrets)),
            status: answer.ok().map(|answer| answer.status),
            allow_origin: allowed.map(|value| redacted(b"", &value, secrets)),
            passes: probed.passes(mode),
            error: answer.err().cloned(),
        }
    }

    /// One line.
    pub fn line(&self) -> String {
        let came = match (&self.error, self.status) {
            (Some(error), _) => error.clone(),
            (None, status) => {
                let status = status.unwrap_or_default();
                let allowed = match &self.allow_origin {
                    Some(allowed) => format!(", Access-Control-Allow-Origin: {allowed}"),
                    None if self.origin.is_some() => ", no Access-Control-Allow-Origin".to_owned(),
                    None => String::new(),
                };
                format!("{status}{allowed}")
            }
        };
        format!("{}: {came}", self.kind.words())
    }
}

#[cfg(test)]
#[path = "probes_tests.rs"]
mod tests;
