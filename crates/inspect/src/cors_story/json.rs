//! The story as JSON, schema `sofetch-cors/1`; `docs/schema.md` describes it.

use serde::Serialize;
use serde_json::Value;
use sofetch_core::rules::response_filtering::Shown;
use sofetch_core::rulings::Ruling;

use super::{CorsStory, Exchange, Fixes, HopStory, PreflightStory, Reached, ScriptView, StoryVerdict};
use crate::browsers::{Browser, Departure};
use crate::json::{NetworkErrorJson, RulingJson, printed, to_value};
use crate::probes::Probes;
use crate::safe_text::Secrets;
use crate::words::Words;

/// The schema's name and version.
const SCHEMA: &str = "sofetch-cors/1";

impl CorsStory {
    /// The story as a JSON value of schema `sofetch-cors/1`.
    pub fn to_json(&self) -> Value {
        let secrets = self.secrets;
        let question = &self.question;
        to_value(&StoryJson {
            schema: SCHEMA,
            question: QuestionJson {
                method: &question.method,
                url: &question.url,
                origin: &question.origin,
                mode: question.mode,
                credentials_mode: question.credentials_mode,
                headers: &question.headers,
            },
            page: self.page,
            hops: self.hops.iter().map(|hop| HopJson::of(hop, secrets)).collect(),
            verdict: match &self.verdict {
                StoryVerdict::Readable => VerdictJson::Readable,
                StoryVerdict::Unreadable { response_type } => VerdictJson::Unreadable { response_type },
                StoryVerdict::Refused { ruling } => {
                    VerdictJson::Refused { ruling: RulingJson::of(ruling, secrets) }
                }
                StoryVerdict::NetworkFailure { error } => {
                    VerdictJson::NetworkFailure { error: NetworkErrorJson::of(error, secrets) }
                }
                StoryVerdict::Undecided => VerdictJson::Undecided,
                StoryVerdict::RefusedByBrowser { browser } => {
                    VerdictJson::RefusedByBrowser { browser: *browser }
                }
                StoryVerdict::UpToThePerson { browser } => VerdictJson::UpToThePerson { browser: *browser },
                StoryVerdict::Unfinished => VerdictJson::Unfinished,
            },
            words: self.verdict_words(),
            hint: self.verdict_hint(),
            reached: match self.reached {
                Reached::NotSent => ReachedJson { sent: false, status: None },
                Reached::Unanswered => ReachedJson { sent: true, status: None },
                Reached::Answered { status } => ReachedJson { sent: true, status: Some(status) },
            },
            script: match &self.script {
                ScriptView::Response { response_type, status, url, readable, hidden } => {
                    ScriptJson::Response {
                        response_type,
                        status: *status,
                        url: url.as_deref(),
                        readable: readable.iter().map(HeaderJson::of).collect(),
                        hidden: hidden.iter().map(HeaderJson::of).collect(),
                    }
                }
                ScriptView::Rejected { with } => ScriptJson::Rejected { with },
                ScriptView::Nothing => ScriptJson::Nothing,
            },
            body_error: self.body_error.as_ref().map(|error| NetworkErrorJson::of(error, secrets)),
            remarks: self.remarks.iter().map(|remark| remark.words()).collect(),
            advice: &self.advice,
            departures: &self.departures,
            probes: self.probes.as_ref(),
            fixes: self.fixes.as_ref(),
        })
    }

    /// The same, printed for people and terminals: see [`printed`].
    pub fn to_json_text(&self) -> String {
        printed(&self.to_json())
    }
}

#[derive(Serialize)]
struct StoryJson<'a> {
    schema: &'static str,
    question: QuestionJson<'a>,
    page: bool,
    hops: Vec<HopJson<'a>>,
    verdict: VerdictJson,
    words: String,
    hint: Option<String>,
    reached: ReachedJson,
    script: ScriptJson<'a>,
    body_error: Option<NetworkErrorJson>,
    remarks: Vec<&'static str>,
    advice: &'a [String],
    departures: &'a [Departure],
    probes: Option<&'a Probes>,
    fixes: Option<&'a Fixes>,
}

#[derive(Serialize)]
struct QuestionJson<'a> {
    method: &'a str,
    url: &'a str,
    origin: &'a str,
    mode: &'a str,
    credentials_mode: &'a str,
    headers: &'a [String],
}

#[derive(Serialize)]
struct HopJson<'a> {
    request: &'a str,
    url_origin: &'a str,
    same_origin: bool,
    preflight: Option<PreflightJson<'a>>,
    exchanges: Vec<ExchangeJson<'a>>,
    before: Vec<RulingJson>,
    after: Vec<RulingJson>,
}

impl<'a> HopJson<'a> {
    fn of(hop: &'a HopStory, secrets: Secrets) -> Self {
        HopJson {
            request: &hop.request,
            url_origin: &hop.url_origin,
            same_origin: hop.same_origin,
            preflight: hop.preflight.as_ref().map(|preflight| PreflightJson::of(preflight, secrets)),
            exchanges: hop.exchanges.iter().map(ExchangeJson::of).collect(),
            before: rulings(&hop.before, secrets),
            after: rulings(&hop.after, secrets),
        }
    }
}

#[derive(Serialize)]
struct PreflightJson<'a> {
    reasons: &'a [String],
    remembered: bool,
    exchanges: Vec<ExchangeJson<'a>>,
    before: Vec<RulingJson>,
    checks: Vec<RulingJson>,
}

impl<'a> PreflightJson<'a> {
    fn of(preflight: &'a PreflightStory, secrets: Secrets) -> Self {
        PreflightJson {
            reasons: &preflight.reasons,
            remembered: preflight.remembered,
            exchanges: preflight.exchanges.iter().map(ExchangeJson::of).collect(),
            before: rulings(&preflight.before, secrets),
            checks: rulings(&preflight.checks, secrets),
        }
    }
}

fn rulings(checks: &[Ruling], secrets: Secrets) -> Vec<RulingJson> {
    checks.iter().map(|ruling| RulingJson::of(ruling, secrets)).collect()
}

#[derive(Serialize)]
struct ExchangeJson<'a> {
    sent: &'a [String],
    received: &'a [String],
    status: Option<u16>,
}

impl<'a> ExchangeJson<'a> {
    fn of(exchange: &'a Exchange) -> Self {
        ExchangeJson { sent: &exchange.sent, received: &exchange.received, status: exchange.status }
    }
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "snake_case")]
enum VerdictJson {
    Readable,
    Unreadable { response_type: &'static str },
    Refused { ruling: RulingJson },
    NetworkFailure { error: NetworkErrorJson },
    Undecided,
    RefusedByBrowser { browser: Browser },
    UpToThePerson { browser: Browser },
    Unfinished,
}

#[derive(Serialize)]
struct ReachedJson {
    sent: bool,
    status: Option<u16>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "snake_case")]
enum ScriptJson<'a> {
    Response {
        response_type: &'a str,
        status: u16,
        url: Option<&'a str>,
        readable: Vec<HeaderJson<'a>>,
        hidden: Vec<HeaderJson<'a>>,
    },
    Rejected {
        with: &'a str,
    },
    Nothing,
}

#[derive(Serialize)]
struct HeaderJson<'a> {
    name: &'a str,
    rule: Shown,
    words: String,
}

impl<'a> HeaderJson<'a> {
    fn of((name, shown): &'a (String, Shown)) -> Self {
        HeaderJson { name, rule: *shown, words: shown.words() }
    }
}
