//! The story for people.

use sofetch_core::rules::cors_preflight::PreflightAnswer;
use sofetch_core::rules::response_filtering::Shown;
use sofetch_core::rules::response_tainting::ResponseTaintingFork;
use sofetch_core::rulings::{Reason, Ruling};

use super::{
    CorsStory, Exchange, Fixes, HopStory, PreflightStory, Reached, Remark, ScriptView, StoryVerdict,
};
use crate::fix_texts::which_servers;
use crate::probes::Probes;
use crate::tree::{Options, Paint, mark, painted};
use crate::words::{Weight, Words, hint, hint_for_network_error, weight, words, words_for_network_error};

impl CorsStory {
    /// The story as plain text. The lines' secrets were settled when the story was made.
    pub fn text(&self, options: Options) -> String {
        let mut page = Page { text: String::new(), options };
        let question = &self.question;
        page.line(0, Paint::Room, &format!("{} {}", question.method, question.url));
        let asked = match self.page {
            true => format!(
                "asked by a page of {}, mode \"{}\", credentials \"{}\"",
                question.origin, question.mode, question.credentials_mode
            ),
            false => "asked by no page: CORS does not apply".to_owned(),
        };
        page.line(0, Paint::Plain, &asked);
        // What every fetch says by itself is no part of the question.
        for header in question.headers.iter().filter(|header| *header != "Accept: */*") {
            page.line(0, Paint::Plain, &format!("with {header}"));
        }
        for (index, hop) in self.hops.iter().enumerate() {
            page.gap();
            if index > 0 {
                page.line(0, Paint::Room, &format!("Redirected to {}", hop.request));
            }
            page.hop(hop, self.page);
        }
        page.gap();
        page.verdict(self);
        if let Some(probes) = &self.probes {
            page.probes(probes);
        }
        if let Some(fixes) = &self.fixes {
            page.fixes(fixes, matches!(self.verdict, StoryVerdict::Undecided));
        }
        page.script(&self.script, if self.page { "The script" } else { "The caller" });
        page.text
    }

    /// How it ended, in one or two sentences.
    pub fn verdict_words(&self) -> String {
        let why = match &self.verdict {
            StoryVerdict::Readable if self.body_error.is_some() => {
                let why = self.body_error.as_ref().map(words_for_network_error).unwrap_or_default();
                return format!("The response may be read, and its body breaks off. {why}");
            }
            StoryVerdict::Readable if self.page => return "The script may read the response.".to_owned(),
            StoryVerdict::Readable => return "No page asks: the response may be read.".to_owned(),
            StoryVerdict::RefusedByBrowser { browser } => {
                return format!("{} refuses what the Standard allows.", browser.name());
            }
            StoryVerdict::UpToThePerson { browser } => {
                return format!("{} asks the person at it first.", browser.name());
            }
            StoryVerdict::Unreadable { response_type } => {
                return format!(
                    "There is a response, and the script can read nothing of it: its type is \"{response_type}\"."
                );
            }
            StoryVerdict::Unfinished => return "The recording ends before the fetch does.".to_owned(),
            StoryVerdict::Undecided if self.is_granted() => {
                return "The preflight grants the request, which was not sent. Unproved is whether the script may read its answer: that must allow the origin again.".to_owned();
            }
            StoryVerdict::Undecided => {
                return "The request was not sent: nothing is proved of its answer.".to_owned();
            }
            StoryVerdict::Refused { ruling } => words(ruling),
            StoryVerdict::NetworkFailure { error } => words_for_network_error(error),
        };
        format!("{why} {}", self.reached_words())
    }

    /// How far the request itself came, in a sentence.
    pub fn reached_words(&self) -> String {
        match self.reached {
            Reached::Answered { status } => {
                format!("The request reached the server and it answered {status}.")
            }
            Reached::Unanswered => "The request was sent, and no answer came.".to_owned(),
            Reached::NotSent if self.hops.len() > 1 => "The request was not sent to the last URL.".to_owned(),
            Reached::NotSent => "The request was not sent.".to_owned(),
        }
    }

    /// Did the last hop's preflight grant what was asked?
    fn is_granted(&self) -> bool {
        let preflight = self.hops.last().and_then(|hop| hop.preflight.as_ref());
        preflight.is_some_and(|preflight| !preflight.exchanges.is_empty())
    }

    /// What the last preflight was answered with.
    fn preflight_status(&self) -> Option<u16> {
        self.hops.last()?.preflight.as_ref()?.exchanges.last()?.status
    }

    /// The hint, and where the preflight was redirected to.
    fn with_location(&self, hint: String) -> String {
        let exchange = self.hops.last().and_then(|hop| hop.preflight.as_ref()?.exchanges.last());
        let redirected = exchange.filter(|exchange| matches!(exchange.status, Some(300..=399)));
        let location = redirected.and_then(|exchange| {
            exchange.received.iter().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("Location").then_some(value)
            })
        });
        match location {
            Some(location) => format!("The preflight is sent on to `{location}`. {hint}"),
            None => hint,
        }
    }

    /// What to change, where that is known.
    pub fn verdict_hint(&self) -> Option<String> {
        match &self.verdict {
            StoryVerdict::Refused { ruling } => {
                let hint = hint(ruling)?;
                Some(match (ruling, self.reached) {
                    (
                        Ruling::PreflightAnswer(PreflightAnswer::NotOkStatus { status: 300..=399 }),
                        _,
                    ) => self.with_location(hint),
                    (Ruling::PreflightAnswer(PreflightAnswer::CorsCheckFailed(check)), _) => {
                        match self.preflight_status() {
                            Some(200..=299) | None => hint,
                            // No headers are often but the sign of another fault.
                            Some(status) => {
                                let first =
                                    PreflightAnswer::NotOkStatus { status }.hint().unwrap_or_default();
                                let then = check.hint().unwrap_or_default();
                                self.with_location(format!("Look at the {status} first. {first} {then}"))
                            }
                        }
                    }
                    // A redirect's answer is read by nobody, and checked all the same.
                    (Ruling::CorsCheck(_), Reached::Answered { status: 301 | 302 | 303 | 307 | 308 }) => {
                        format!("It is the redirect's own answer that is refused: each hop is checked. {hint}")
                    }
                    // Who asks for credentials stands before what sets the headers.
                    (Ruling::CorsCheck(_), Reached::Answered { status: status @ (401 | 403) }) => {
                        format!(
                            "Look at the {status} first: who refuses access often answers before CORS headers are set. CORS belongs outside authentication, so that a refusal can be read. {hint}"
                        )
                    }
                    // An error page rarely goes through what sets the headers.
                    (Ruling::CorsCheck(_), Reached::Answered { status: status @ 400.. }) => {
                        format!(
                            "Look at the {status} first: error pages often miss their CORS headers (nginx adds them with `always` alone; a middleware must stand outermost). {hint}"
                        )
                    }
                    _ => hint,
                })
            }
            StoryVerdict::NetworkFailure { error } => hint_for_network_error(error),
            StoryVerdict::Unreadable { .. } => Some(
                "Mode \"no-cors\" and redirect mode \"manual\" mend nothing, they hide the answer: status 0, no body. Use mode \"cors\" and redirect mode \"follow\" to read it; the server must allow it."
                    .to_owned(),
            ),
            StoryVerdict::Readable
            | StoryVerdict::Undecided
            | StoryVerdict::RefusedByBrowser { .. }
            | StoryVerdict::UpToThePerson { .. }
            | StoryVerdict::Unfinished => None,
        }
    }
}

impl Remark {
    /// The remark, in a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Remark::NoVary => {
                "The answer is for one origin and does not say `Vary: Origin`: a cache may give it to a page of another."
            }
            Remark::NullAllowed => {
                "`null` is the origin of every sandboxed page: whoever can make one is allowed."
            }
        }
    }
}

struct Page {
    text: String,
    options: Options,
}

impl Page {
    fn hop(&mut self, hop: &HopStory, by_page: bool) {
        if by_page {
            let same = if hop.same_origin { "yes" } else { "no" };
            self.line(0, Paint::Plain, &format!("Same origin?  {same}: the URL is of {}", hop.url_origin));
            self.preflight_need(hop.preflight.as_ref());
        }
        self.checks(&hop.before);
        if let Some(preflight) = &hop.preflight {
            // NB: what holds for every preflight, as that it has no credentials, is told on demand alone.
            if self.options.verbose {
                self.checks(&preflight.before);
            }
            self.exchanges(&preflight.exchanges);
            self.checks(&preflight.checks);
        }
        self.exchanges(&hop.exchanges);
        self.checks(&hop.after);
    }

    fn preflight_need(&mut self, preflight: Option<&PreflightStory>) {
        let answer = match preflight {
            None => "no",
            Some(PreflightStory { remembered: true, .. }) => "yes, and an earlier one is remembered",
            Some(_) => "yes",
        };
        self.line(0, Paint::Plain, &format!("Preflight?    {answer}"));
        for reason in preflight.into_iter().flat_map(|preflight| &preflight.reasons) {
            self.line(1, Paint::Plain, &format!("- {reason}"));
        }
    }

    fn exchanges(&mut self, exchanges: &[Exchange]) {
        for exchange in exchanges {
            self.gap();
            self.exchange(exchange);
        }
    }

    fn exchange(&mut self, exchange: &Exchange) {
        for line in &exchange.sent {
            self.line(1, Paint::Out, &format!("> {line}"));
        }
        for line in &exchange.received {
            self.line(1, Paint::In, &format!("< {line}"));
        }
        if exchange.status.is_none() {
            self.line(1, Paint::Bad, "(no answer)");
        }
    }

    fn checks(&mut self, checks: &[Ruling]) {
        for ruling in checks {
            let weight = weight(ruling);
            // The reasons for a preflight were told as such, and the referrer is another story.
            let aside = matches!(
                ruling,
                Ruling::ResponseTaintingFork(ResponseTaintingFork::CorsWithPreflight(_))
                    | Ruling::ReferrerDecision(_)
            );
            if !aside && weight != Weight::Idle || self.options.verbose {
                let (sign, paint) = mark(weight);
                self.line(1, paint, &format!("{sign} {}", words(ruling)));
            }
        }
    }

    fn verdict(&mut self, story: &CorsStory) {
        let (head, paint) = verdict_head(&story.verdict);
        self.line(0, paint, head);
        self.line(1, Paint::Plain, &story.verdict_words());
        if let Some(hint) = story.verdict_hint() {
            self.line(1, Paint::Plain, &hint);
        }
        if let StoryVerdict::Refused { ruling } = &story.verdict {
            self.line(1, Paint::Dim, ruling.anchor());
        }
        for advice in &story.advice {
            self.line(1, Paint::Plain, advice);
        }
        for departure in &story.departures {
            self.line(1, Paint::Warn, &departure.words);
        }
        for remark in &story.remarks {
            self.line(1, Paint::Warn, &format!("Note: {}", remark.words()));
        }
    }

    fn probes(&mut self, probes: &Probes) {
        self.line(0, Paint::Plain, &format!("{} more requests show:", probes.requests.len()));
        for diagnosis in &probes.diagnoses {
            self.line(1, Paint::Room, &diagnosis.words);
        }
        if probes.diagnoses.is_empty() {
            self.line(1, Paint::Plain, "Nothing that tells more of the cause.");
        }
        for probe in &probes.requests {
            self.line(2, Paint::Dim, &probe.line());
        }
    }

    fn fixes(&mut self, fixes: &Fixes, undecided: bool) {
        if fixes.sets.is_empty() && !undecided {
            self.line(0, Paint::Plain, "No change of the server's answers alone would let it pass.");
        }
        let head = match undecided {
            true => "What an answer that says nothing yet would need",
            false => "The smallest change that would let it pass",
        };
        for (level, line) in fixes.lines(head) {
            let paint = match line.get(..2) {
                Some("+ ") => Paint::Good,
                Some("- ") => Paint::Bad,
                _ => Paint::Plain,
            };
            match line.is_empty() {
                true => self.gap(),
                false => self.line(level, paint, &line),
            }
        }
        if !undecided && fixes.lacks_texts() {
            self.line(0, Paint::Plain, &which_servers());
        }
    }

    fn script(&mut self, script: &ScriptView, who: &str) {
        match script {
            ScriptView::Nothing => {}
            ScriptView::Rejected { with } => {
                self.line(0, Paint::Plain, &format!("{who} sees: {with}, and no reason."));
            }
            ScriptView::Response { response_type, status, url, readable, hidden } => {
                let url = url.as_deref().map(|url| format!(", {url}")).unwrap_or_default();
                let head =
                    format!("{who} sees: a response of type \"{response_type}\", status {status}{url}");
                self.line(0, Paint::Plain, &head);
                for (name, shown) in readable {
                    self.line(1, Paint::Good, &format!("{name}: {}", clause(*shown)));
                }
                for (name, shown) in hidden {
                    self.line(1, Paint::Warn, &format!("{name}: {}", clause(*shown)));
                }
            }
        }
    }

    fn line(&mut self, level: usize, paint: Paint, line: &str) {
        self.text.push_str(&"  ".repeat(level));
        self.text.push_str(&painted(line, paint, self.options));
        self.text.push('\n');
    }

    fn gap(&mut self) {
        self.text.push('\n');
    }
}

/// The verdict in a word or two, and its colour.
pub(super) fn verdict_head(verdict: &StoryVerdict) -> (&'static str, Paint) {
    match verdict {
        StoryVerdict::Readable => ("Readable.", Paint::Good),
        StoryVerdict::Unreadable { .. } => ("Unreadable.", Paint::Warn),
        StoryVerdict::Refused { .. } => ("Refused.", Paint::Bad),
        StoryVerdict::NetworkFailure { error } if matches!(error.reason(), Reason::Aborted(_)) => {
            ("Given up.", Paint::Warn)
        }
        StoryVerdict::NetworkFailure { .. } => ("Not CORS: the network failed.", Paint::Bad),
        StoryVerdict::Undecided => ("Undecided.", Paint::Warn),
        StoryVerdict::RefusedByBrowser { .. } => ("Refused by the browser.", Paint::Bad),
        StoryVerdict::UpToThePerson { .. } => ("Up to the person at the browser.", Paint::Warn),
        StoryVerdict::Unfinished => ("Unfinished.", Paint::Warn),
    }
}

/// A sentence on a header, to stand after its name.
fn clause(shown: Shown) -> String {
    shown.words().trim_start_matches("It ").trim_end_matches('.').to_owned()
}
