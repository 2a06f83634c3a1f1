//! What probes show: which part of a question the server refuses, or what answers in its place.

use serde::Serialize;
use sofetch_core::fixes::AnswerTo;
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::requests::CredentialsMode;
use sofetch_core::infrastructure::statuses::is_redirect_status;
use sofetch_core::rules::verdict::Verdict;

use super::{ProbeKind, ProbeQuestion, Probed};
use crate::audit::{About, Ask, granted, may_read};
use crate::lines::shown_text;
use crate::safe_text::{Secrets, escaped};

/// A cause that probes showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// Which.
    pub cause: Cause,
    /// On what evidence, and what to do, in a sentence or two.
    pub words: String,
}

/// Why a server's answer does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// It sends elsewhere.
    Redirected,
    /// It wants to know who asks before it asks CORS.
    AuthenticationBeforeCors,
    /// OPTIONS leads to nothing, or to something that knows nothing of CORS.
    OptionsNotRouted,
    /// It refuses the headers.
    HeaderRefused,
    /// It refuses the method.
    MethodRefused,
    /// It refuses the origin.
    OriginRefused,
    /// It refuses credentials.
    CredentialsRefused,
    /// An error's page has no CORS headers.
    ErrorPageWithoutHeaders,
    /// GET's answers have CORS headers, this method's have none.
    MethodWithoutHeaders,
    /// No answer has any.
    NoCors,
}

/// What the probes show, the likeliest cause first.
pub fn diagnose(question: &ProbeQuestion, probed: &[Probed], secrets: Secrets) -> Vec<Diagnosis> {
    let mut case = Case { question, probed, secrets, found: Vec::new() };
    match question.at {
        AnswerTo::Preflight => case.preflight(),
        AnswerTo::Request => case.request(),
    }
    if case.found.is_empty() && case.no_answer_has_cors() {
        case.find(
            Cause::NoCors,
            "No answer has a CORS header, whoever asks and for whatever: CORS is not set up here.".to_owned(),
        );
    }
    case.found
}

struct Case<'a> {
    question: &'a ProbeQuestion,
    probed: &'a [Probed],
    secrets: Secrets,
    found: Vec<Diagnosis>,
}

impl Case<'_> {
    fn find(&mut self, cause: Cause, words: String) {
        self.found.push(Diagnosis { cause, words });
    }

    fn of(&self, kind: ProbeKind) -> Option<&Probed> {
        self.probed.iter().find(|probed| probed.request.kind == kind)
    }

    /// Does it pass in the question's credentials mode? What was not asked or answered does not.
    fn passes(&self, kind: ProbeKind) -> bool {
        self.of(kind).and_then(|probed| probed.passes(self.question.mode())).unwrap_or(false)
    }

    fn status(&self, kind: ProbeKind) -> Option<u16> {
        Some(self.of(kind)?.answer.as_ref().ok()?.status)
    }

    fn location(&self, kind: ProbeKind) -> Option<String> {
        let answer = self.of(kind)?.answer.as_ref().ok()?;
        is_redirect_status(answer.status).then(|| answer.text("Location")).flatten()
    }

    fn preflight(&mut self) {
        let (question, status) = (self.question, self.question.answer.status);
        if is_redirect_status(status) {
            return self.redirected();
        }
        self.origin();
        if matches!(status, 401 | 403 | 407) && self.found.is_empty() {
            let bare = self.status(ProbeKind::BareOptions);
            if status == 401 || status == 407 || bare == Some(status) {
                self.find(
                    Cause::AuthenticationBeforeCors,
                    format!(
                        "Authentication comes before CORS: OPTIONS is answered {status}, and no browser sends credentials \
                         with a preflight. Let OPTIONS pass to CORS first."
                    ),
                );
            }
        }
        if !self.found.is_empty() {
            return;
        }
        let (fewer, safe, alone) = (
            self.passes(ProbeKind::FewerHeaders),
            self.passes(ProbeKind::SafeMethod),
            self.passes(ProbeKind::OriginAlone),
        );
        let (has_names, safe_method) =
            (!question.header_names.is_empty(), question.method.is_cors_safelisted());
        let headers_matter = has_names && (fewer || (safe_method && alone));
        let method_matters = !safe_method && (safe || (!has_names && alone));
        let both_matter = has_names && !safe_method && alone && !fewer && !safe;
        if headers_matter || both_matter {
            let names: Vec<String> =
                question.header_names.iter().map(|name| format!("`{}`", escaped(name))).collect();
            let without = if both_matter { "Without them and for GET" } else { "Without them" };
            self.find(
                Cause::HeaderRefused,
                format!(
                    "The headers are what is refused: {}. {without} the preflight is granted. List them in \
                     Access-Control-Allow-Headers.",
                    names.join(", ")
                ),
            );
        }
        if method_matters || both_matter {
            self.find(
                Cause::MethodRefused,
                format!(
                    "The method is what is refused: for GET the preflight is granted. List {} in \
                     Access-Control-Allow-Methods.",
                    escaped(question.method.as_str())
                ),
            );
        }
        if self.found.is_empty() {
            self.options_not_routed();
        }
        self.credentials();
    }

    fn request(&mut self) {
        let status = self.question.answer.status;
        if is_redirect_status(status) {
            return self.redirected();
        }
        self.origin();
        let elsewhere =
            self.question.granted || self.passes(ProbeKind::OriginAlone) || self.passes(ProbeKind::SimpleGet);
        if self.found.is_empty()
            && status >= 400
            && !self.question.answer.header_list.contains("Access-Control-Allow-Origin")
        {
            let known = match elsewhere {
                true => "other answers of this URL allow the origin",
                false => "nothing else that was asked here has CORS headers either",
            };
            let (cause, what) = match status {
                401 | 403 | 407 => (
                    Cause::AuthenticationBeforeCors,
                    format!(
                        "The {status} was answered before CORS had its say: {known}. Put CORS outside of authentication."
                    ),
                ),
                _ => (
                    Cause::ErrorPageWithoutHeaders,
                    format!(
                        "The {status} is an error's page without CORS headers: {known}. Mend the error first, and set the headers on errors too."
                    ),
                ),
            };
            let same = match self.status(ProbeKind::NoScript) == Some(status) {
                true => format!(" A GET that no script makes is answered {status} as well."),
                false => String::new(),
            };
            self.find(cause, format!("{what}{same}"));
        }
        let other_method = self.question.method.as_str() != "GET";
        if self.found.is_empty() && other_method && self.passes(ProbeKind::SimpleGet) {
            self.find(
                Cause::MethodWithoutHeaders,
                format!(
                    "Answers to GET allow the origin, those to {} do not: CORS is set up for some methods only.",
                    escaped(self.question.method.as_str())
                ),
            );
        }
        self.credentials();
    }

    /// Every answer is elsewhere, or this one alone.
    fn redirected(&mut self) {
        let Some(location) = self.question.answer.text("Location") else { return };
        let always = self.location(ProbeKind::NoScript).as_deref() == Some(&*location);
        let whom = match (always, self.question.at) {
            (true, _) => "Whoever asks is redirected",
            (false, AnswerTo::Preflight) => "The preflight is redirected, a GET that no script makes is not",
            (false, AnswerTo::Request) => "The request is redirected, a GET that no script makes is not",
        };
        let advice = match (always, self.question.at) {
            (true, _) => "Ask that URL in the first place: mind http and https, a slash at the end, a login.",
            (false, _) => "It may lead to a login: let CORS answer first.",
        };
        let location = shown_text(&location, self.secrets);
        self.find(Cause::Redirected, format!("{whom} to {location}. {advice}"));
    }

    /// The same question, of others.
    fn origin(&mut self) {
        for kind in [ProbeKind::OwnOrigin, ProbeKind::Stranger] {
            if !self.passes(kind) {
                continue;
            }
            let other = self.of(kind).and_then(|probed| probed.request.origin.as_ref());
            let Some(other) = other.map(|origin| shown_text(&origin.serialize(), self.secrets)) else {
                continue;
            };
            let ours = shown_text(&self.question.origin.serialize(), self.secrets);
            return self.find(
                Cause::OriginRefused,
                format!(
                    "The origin is what is refused: the same is allowed to {other}. Add {ours} to the server's list of \
                     origins."
                ),
            );
        }
    }

    fn options_not_routed(&mut self) {
        let status = self.question.answer.status;
        let get = self.status(ProbeKind::NoScript);
        let knows_get = self.passes(ProbeKind::SimpleGet);
        let unrouted = matches!(status, 404 | 405 | 501) && get.is_some_and(|get| get != status);
        if !unrouted && !knows_get {
            return;
        }
        let seen = match (unrouted, get) {
            (true, Some(get)) => format!("OPTIONS is answered {status}, GET {get}"),
            _ => format!("what answers OPTIONS with {status} knows nothing of CORS, what answers GET does"),
        };
        self.find(
            Cause::OptionsNotRouted,
            format!("OPTIONS does not come to what handles CORS: {seen}. Route it there, before anything else looks at the method."),
        );
    }

    /// Would the refused answer do without credentials?
    fn credentials(&mut self) {
        let question = self.question;
        if !question.credentials || !self.found.is_empty() {
            return;
        }
        let passes = match question.at {
            AnswerTo::Preflight => {
                let ask = Ask {
                    method: question.method.clone(),
                    header_names: question.header_names.clone(),
                    about: About::Together,
                };
                !granted(&question.url, &question.origin, &ask, &question.answer, CredentialsMode::Omit)
                    .blocks()
            }
            AnswerTo::Request => {
                may_read(&question.url, &question.origin, &question.answer, CredentialsMode::Omit)
            }
        };
        if passes {
            self.find(
                Cause::CredentialsRefused,
                "Credentials are what is refused: without them this very answer would do. Allow them by name, or do \
                 without."
                    .to_owned(),
            );
        }
    }

    fn no_answer_has_cors(&self) -> bool {
        let none = |list: &HeaderList| {
            !list.iter().any(|header| header.name().to_ascii_lowercase().starts_with(b"access-control-"))
        };
        none(&self.question.answer.header_list)
            && self
                .probed
                .iter()
                .all(|probed| probed.answer.as_ref().is_ok_and(|answer| none(&answer.header_list)))
    }
}
