//! What CORS made of a fetch: what was asked, why a preflight, each check, the lines as sent and received, the verdict, and
//! what a script would see.
//!
//! It reads a recording of the real engine and judges nothing again, but for which headers a filter shows: those it asks
//! of the rule itself. `cors_story/text.rs` prints it, `cors_story/brief.rs` on a few lines, `cors_story/json.rs` writes it (`sofetch-cors/1`).

mod advice;
mod brief;
mod fixes;
mod json;
mod text;

use sofetch_core::fixes::SmallestChanges;
use sofetch_core::infrastructure::abort_reason::AbortReason;
use sofetch_core::infrastructure::header_list::{Header, HeaderList};
use sofetch_core::infrastructure::requests::CredentialsMode;
use sofetch_core::infrastructure::responses::{Filter, InternalResponse, Response};
use sofetch_core::rules::cors_preflight::PreflightNeed;
use sofetch_core::rules::cors_preflight_cache::CacheLookUp;
use sofetch_core::rules::response_filtering::{Shown, set_cors_exposed_header_name_list, why_hidden};
use sofetch_core::rules::response_tainting::ResponseTaintingFork;
use sofetch_core::rulings::{NetworkError, Reason, Ruling};
use sofetch_core::tape::Tape;
use sofetch_core::trace::{Event, Outcome, Purpose, RequestSnapshot, WireEvent};
use sofetch_core::wire_faults::WireFault;

pub use self::brief::{BriefOptions, folded};
pub use self::fixes::{FixEdit, FixSet, FixedAnswer, Fixes};
use crate::browsers::{Browser, Departure, Effect, departures};
use crate::fix_texts::Server;
use crate::lines::{header_lines, request_line, shown_text, shown_url, status_line};
use crate::probes::Probes;
use crate::recording::{Entry, RecordedFetch};
use crate::safe_text::{Secrets, escaped};
use crate::words::preflight_reasons;

/// The story of one fetch. Its lines are escaped, and redacted unless secrets were asked for.
#[derive(Clone, Debug)]
pub struct CorsStory {
    /// What was asked.
    pub question: Question,
    /// Does a page ask? CORS binds nobody else.
    pub page: bool,
    /// The request at each URL that it was at.
    pub hops: Vec<HopStory>,
    /// How it ended.
    pub verdict: StoryVerdict,
    /// How far the last hop's own request came; the preflight's does not count.
    pub reached: Reached,
    /// What a script would see.
    pub script: ScriptView,
    /// Why the body broke off, where it was read and did.
    pub body_error: Option<NetworkError>,
    /// What the answer allows beyond this page, as far as one exchange shows it.
    pub remarks: Vec<Remark>,
    /// What else is to be known, a sentence each.
    pub advice: Vec<String>,
    /// Where browsers are measured to do otherwise.
    pub departures: Vec<Departure>,
    /// What a few more requests showed, where they were sent.
    pub probes: Option<Probes>,
    /// What would have let it pass, where that was looked for.
    pub fixes: Option<Fixes>,
    secrets: Secrets,
}

/// What the answer allows beyond this page. (That an origin is merely reflected, only further questions would show.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// One origin is allowed, and no `Vary` tells caches that the answer is that origin's.
    NoVary,
    /// `null` is allowed.
    NullAllowed,
}

impl Remark {
    fn of(outcome: Option<&Outcome>) -> Vec<Remark> {
        let Some(Outcome::Response { response_type: "cors", header_list, .. }) = outcome else {
            return Vec::new();
        };
        let Some(allowed) = header_list.get("Access-Control-Allow-Origin") else { return Vec::new() };
        let vary = header_list.get("Vary").unwrap_or_default().to_ascii_lowercase();
        let varies =
            vary.split(|&byte| byte == b',').any(|name| matches!(name.trim_ascii(), b"origin" | b"*"));
        let mut remarks = Vec::new();
        if *allowed == *b"null" {
            remarks.push(Remark::NullAllowed);
        }
        if *allowed != *b"*" && !varies {
            remarks.push(Remark::NoVary);
        }
        remarks
    }
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// The page's origin, serialized.
    pub origin: String,
    /// The mode's word.
    pub mode: &'static str,
    /// The credentials mode's word.
    pub credentials_mode: &'static str,
    /// The headers that the caller set, a line each.
    pub headers: Vec<String>,
}

/// The request at one URL.
#[derive(Clone, Debug)]
pub struct HopStory {
    /// Method and URL.
    pub request: String,
    /// The URL's origin, serialized.
    pub url_origin: String,
    /// Is the URL of the page's own origin?
    pub same_origin: bool,
    /// The preflight, where one is needed.
    pub preflight: Option<PreflightStory>,
    /// The request itself: more than once where it was sent again.
    pub exchanges: Vec<Exchange>,
    /// Each ruling before it was sent, in order; the preflight's own stand with the preflight.
    pub before: Vec<Ruling>,
    /// Each ruling on its answer, in order.
    pub after: Vec<Ruling>,
}

/// Why permission was asked, and what was answered.
#[derive(Clone, Debug, Default)]
pub struct PreflightStory {
    /// Why a preflight is needed, a clause each.
    pub reasons: Vec<String>,
    /// Did an earlier one grant all that is asked?
    pub remembered: bool,
    /// The question and its answer, as sent and received.
    pub exchanges: Vec<Exchange>,
    /// Each ruling before it was sent, in order.
    pub before: Vec<Ruling>,
    /// Each ruling on its answer, in order.
    pub checks: Vec<Ruling>,
}

/// A request and its answer, as lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// The request's head.
    pub sent: Vec<String>,
    /// The response's head; empty where none came.
    pub received: Vec<String>,
    /// The status, if an answer came.
    pub status: Option<u16>,
}

/// How a fetch ended.
#[derive(Clone, Debug)]
pub enum StoryVerdict {
    /// The script may read the response.
    Readable,
    /// There is a response, and it hides all.
    Unreadable {
        /// `opaque` or `opaqueredirect`.
        response_type: &'static str,
    },
    /// A rule refused.
    Refused {
        /// Which, on what evidence.
        ruling: Ruling,
    },
    /// The network failed, or somebody gave up: no rule's doing.
    NetworkFailure {
        /// Why.
        error: NetworkError,
    },
    /// Nothing refused it so far, and the request itself was kept back.
    Undecided,
    /// This browser refuses, whatever the Standard says.
    RefusedByBrowser {
        /// Which.
        browser: Browser,
    },
    /// The person at this browser decides.
    UpToThePerson {
        /// At which.
        browser: Browser,
    },
    /// The recording ends before the fetch does.
    Unfinished,
}

/// How far the request itself came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// It was not sent.
    NotSent,
    /// It was sent, and no answer came.
    Unanswered,
    /// The server answered, and may have acted.
    Answered {
        /// With this status.
        status: u16,
    },
}

/// What a script would see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptView {
    /// A response.
    Response {
        /// Its type.
        response_type: &'static str,
        /// Its status.
        status: u16,
        /// Its URL; `None` where that is hidden.
        url: Option<String>,
        /// The headers that it can read, by name, each with why.
        readable: Vec<(String, Shown)>,
        /// Those that it cannot.
        hidden: Vec<(String, Shown)>,
    },
    /// The promise is rejected.
    Rejected {
        /// `TypeError`, `AbortError`, `TimeoutError`, or the caller's own reason.
        with: &'static str,
    },
    /// Nothing yet.
    Nothing,
}

impl CorsStory {
    /// The story of a recorded fetch; `None` where it never came to main fetch.
    pub fn of(fetch: &RecordedFetch, secrets: Secrets) -> Option<CorsStory> {
        let first = fetch.request()?;
        let page = !fetch.is_owners();
        let mut reader = Reader { secrets, hops: Vec::new() };
        reader.read(fetch);
        let (verdict, script) = match fetch.outcome() {
            None => (StoryVerdict::Unfinished, ScriptView::Nothing),
            Some(Outcome::NetworkError(error)) if is_withheld(error) => {
                (StoryVerdict::Undecided, ScriptView::Nothing)
            }
            Some(Outcome::NetworkError(error)) => (verdict_of(error), rejected(error)),
            Some(Outcome::Response { response_type, status, header_list, url, .. }) => {
                let filter = match *response_type {
                    "cors" => Some(Filter::Cors),
                    "opaque" => Some(Filter::Opaque),
                    "opaqueredirect" => Some(Filter::OpaqueRedirect),
                    "basic" if page => Some(Filter::Basic),
                    _ => None,
                };
                let hides = matches!(filter, Some(Filter::Opaque | Filter::OpaqueRedirect));
                let (readable, hidden) = headers_seen(header_list, filter, first.credentials_mode);
                let script = ScriptView::Response {
                    response_type,
                    status: *status,
                    // NB: Response.url leaves the fragment out.
                    url: url
                        .as_ref()
                        .filter(|_| !hides)
                        .map(|url| shown_text(url.href_without_fragment(), secrets)),
                    readable,
                    hidden,
                };
                let verdict =
                    if hides { StoryVerdict::Unreadable { response_type } } else { StoryVerdict::Readable };
                (verdict, script)
            }
        };
        let last = reader.hops.last().and_then(|hop| hop.exchanges.last());
        let reached = match last {
            None => Reached::NotSent,
            Some(Exchange { status: None, .. }) => Reached::Unanswered,
            Some(Exchange { status: Some(status), .. }) => Reached::Answered { status: *status },
        };
        let body_error = fetch.events().find_map(|timed| match &timed.event {
            Event::BodyEnded { error, .. } => error.clone(),
            _ => None,
        });
        let question = Question::of(first, secrets);
        let remarks = Remark::of(fetch.outcome());
        let hops = reader.hops;
        let departures = if page { departures(fetch) } else { Vec::new() };
        let advice = if page { advice::advice(fetch, &verdict) } else { Vec::new() };
        Some(CorsStory {
            question,
            page,
            hops,
            verdict,
            reached,
            script,
            body_error,
            remarks,
            advice,
            departures,
            probes: None,
            fixes: None,
            secrets,
        })
    }

    /// As this browser decides, where it departs from the Standard by more than the engine's own
    /// [departures](Browser::departures): what comes before anything is sent.
    pub fn decided_as(mut self, browser: Browser) -> CorsStory {
        let effects = self.departures.iter().filter(|departure| departure.browsers.contains(&browser));
        for departure in effects {
            match departure.effect {
                Effect::Refuses => self.verdict = StoryVerdict::RefusedByBrowser { browser },
                Effect::AsksThePerson => self.verdict = StoryVerdict::UpToThePerson { browser },
                Effect::Passes | Effect::Preflights | Effect::NoPreflight | Effect::RemembersLess => continue,
            }
            self.script = ScriptView::Nothing;
            break;
        }
        self
    }

    /// With what a few more requests showed.
    pub fn with_probes(self, probes: Probes) -> CorsStory {
        CorsStory { probes: Some(probes), ..self }
    }

    /// With the smallest change that would have let it pass, as configuration of this server; without one, of the server
    /// that the answers on the tape look like.
    pub fn with_fixes(
        self,
        changes: &SmallestChanges,
        tape: &Tape,
        server: Option<&'static Server>,
    ) -> CorsStory {
        let mut fixes = Fixes::of(changes, self.secrets);
        // Where nothing was refused, nobody needs a configuration, unless it is asked for.
        if server.is_some() || !matches!(self.verdict, StoryVerdict::Undecided) {
            fixes = fixes.with_texts(changes, tape, server, self.secrets);
        }
        CorsStory { fixes: Some(fixes), ..self }
    }

    /// May the script read the response?
    pub fn is_readable(&self) -> bool {
        matches!(self.verdict, StoryVerdict::Readable)
    }
}

impl Question {
    fn of(request: &RequestSnapshot, secrets: Secrets) -> Question {
        Question {
            method: escaped(request.method.as_str()).into_owned(),
            url: shown_url(&request.url, secrets),
            origin: shown_text(&request.origin, secrets),
            mode: request.mode,
            credentials_mode: request.credentials_mode,
            headers: header_lines(&request.header_list, secrets).collect(),
        }
    }
}

fn is_withheld(error: &NetworkError) -> bool {
    matches!(error.reason(), Reason::Wire(WireFault::Withheld))
}

fn verdict_of(error: &NetworkError) -> StoryVerdict {
    match error.ruling() {
        Some(ruling) => StoryVerdict::Refused { ruling: ruling.clone() },
        None => StoryVerdict::NetworkFailure { error: error.clone() },
    }
}

fn rejected(error: &NetworkError) -> ScriptView {
    let with = match error.reason() {
        Reason::Aborted(AbortReason::AbortError) => "AbortError",
        Reason::Aborted(AbortReason::TimeoutError) => "TimeoutError",
        Reason::Aborted(AbortReason::Other(_)) => "the reason given to abort()",
        _ => "TypeError",
    };
    ScriptView::Rejected { with }
}

type Seen = Vec<(String, Shown)>;

/// Which headers the filter shows, as the rule says.
fn headers_seen(list: &HeaderList, filter: Option<Filter>, credentials_mode: &str) -> (Seen, Seen) {
    let mut internal = InternalResponse { header_list: list.clone(), ..InternalResponse::default() };
    if filter == Some(Filter::Cors) {
        // NB: an unknown word cannot be, and the stricter mode would be the honest guess.
        let mode = CredentialsMode::from_word(credentials_mode).unwrap_or(CredentialsMode::Include);
        set_cors_exposed_header_name_list(mode, &mut internal);
    }
    let response = Response::new(internal);
    let response = match filter {
        Some(filter) => response.filtered(filter),
        None => response,
    };
    HeaderList::sorted_lowercase_set(list.iter().map(Header::name))
        .into_iter()
        .map(|name| match std::str::from_utf8(&name) {
            Ok(text) => (escaped(text).into_owned(), why_hidden(&response, text)),
            // No token has such bytes; a transport that lets them through shows nobody this header.
            Err(_) => (escaped(&name).into_owned(), Shown::Absent),
        })
        .partition(|(_, shown)| shown.is_shown())
}

/// Reads a fetch from its first event to its last.
struct Reader {
    secrets: Secrets,
    hops: Vec<HopStory>,
}

impl Reader {
    fn read(&mut self, fetch: &RecordedFetch) {
        for entry in &fetch.entries {
            match entry {
                Entry::Child(child) => match child.purpose {
                    Some(Purpose::Preflight) => self.read_preflight(child),
                    // The same request once more.
                    Some(Purpose::Retry) | None => self.read(child),
                    // Nobody waits for it.
                    Some(Purpose::Revalidation) => {}
                },
                Entry::Event(timed) => self.hear(&timed.event),
            }
        }
    }

    fn hear(&mut self, event: &Event) {
        let secrets = self.secrets;
        match event {
            Event::Request(request) => self.hops.push(hop_of(request, secrets)),
            Event::Ruled(ruling) => {
                if let Some(hop) = self.hops.last_mut() {
                    note_preflight(hop, ruling);
                    let rulings = if hop.exchanges.is_empty() { &mut hop.before } else { &mut hop.after };
                    rulings.push((**ruling).clone());
                }
            }
            Event::Wire(wire) => {
                if let Some(hop) = self.hops.last_mut() {
                    exchange(&mut hop.exchanges, wire, secrets);
                }
            }
            _ => {}
        }
    }

    fn read_preflight(&mut self, child: &RecordedFetch) {
        let secrets = self.secrets;
        let Some(hop) = self.hops.last_mut() else { return };
        let preflight = hop.preflight.get_or_insert_default();
        let mut all = vec![child];
        // NB: a preflight may be sent again too; its children are read after it.
        while let Some(fetch) = all.pop() {
            for timed in fetch.events() {
                match &timed.event {
                    Event::Ruled(ruling) if preflight.exchanges.is_empty() => {
                        preflight.before.push((**ruling).clone());
                    }
                    Event::Ruled(ruling) => preflight.checks.push((**ruling).clone()),
                    Event::Wire(wire) => exchange(&mut preflight.exchanges, wire, secrets),
                    _ => {}
                }
            }
            all.extend(fetch.children());
        }
    }
}

fn hop_of(request: &RequestSnapshot, secrets: Secrets) -> HopStory {
    let origin = request.url.origin();
    let url_origin = origin.serialize();
    HopStory {
        request: request_line(&request.method, &request.url, secrets),
        same_origin: !origin.is_opaque() && url_origin == request.origin,
        url_origin: shown_text(&url_origin, secrets),
        preflight: None,
        exchanges: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
    }
}

/// What the rulings before a preflight say of it.
fn note_preflight(hop: &mut HopStory, ruling: &Ruling) {
    match ruling {
        Ruling::ResponseTaintingFork(ResponseTaintingFork::CorsWithPreflight(need))
        | Ruling::PreflightNeed(need) => {
            if let PreflightNeed::Needed { flag_set, unsafe_method, unsafe_names } = need {
                hop.preflight.get_or_insert_default().reasons =
                    preflight_reasons(*flag_set, unsafe_method.as_deref(), unsafe_names);
            }
        }
        Ruling::CacheLookUp(CacheLookUp::Remembered) => {
            hop.preflight.get_or_insert_default().remembered = true;
        }
        _ => {}
    }
}

/// Adds what went over the wire to the last exchange, or begins one.
fn exchange(exchanges: &mut Vec<Exchange>, wire: &WireEvent, secrets: Secrets) {
    match wire {
        WireEvent::Sent { method, url, header_list, protocol } => {
            let line = format!("{} {}", request_line(method, url, secrets), protocol.as_str());
            let sent = std::iter::once(line).chain(header_lines(header_list, secrets)).collect();
            exchanges.push(Exchange { sent, ..Exchange::default() });
        }
        WireEvent::Head { status, status_message, header_list, protocol, .. } => {
            let line = status_line(*status, status_message, *protocol, secrets);
            let received = std::iter::once(line).chain(header_lines(header_list, secrets)).collect();
            if exchanges.last().is_none_or(|exchange| exchange.status.is_some()) {
                exchanges.push(Exchange::default());
            }
            if let Some(exchange) = exchanges.last_mut() {
                exchange.received = received;
                exchange.status = Some(*status);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
