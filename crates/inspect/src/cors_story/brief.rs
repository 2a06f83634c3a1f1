//! The story on a few lines, folded to a width: what every fetch says by itself is left out, and what was told is not told again.

use sofetch_core::rules::response_filtering::Shown;
use sofetch_core::rules::response_tainting::ResponseTaintingFork;
use sofetch_core::rulings::Ruling;

use super::text::verdict_head;
use super::{CorsStory, Exchange, Fixes, HopStory, PreflightStory, ScriptView, StoryVerdict};
use crate::tree::{Options, Paint, mark, painted};
use crate::words::{Weight, weight, words, words_for_network_error};

/// How a story is told briefly.
#[derive(Clone, Copy, Debug)]
pub struct BriefOptions<'a> {
    /// Colours. (The lines' secrets were settled when the story was made.)
    pub print: Options,
    /// In how many columns.
    pub width: usize,
    /// Headers that matter all the same, though every fetch has them: lower-case names.
    pub also: &'a [&'a str],
}

/// What every request of a page says by itself.
const USUAL_OF_REQUESTS: [&str; 10] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "content-length",
    "referer",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "transfer-encoding",
    "user-agent",
];

/// What every response says by itself.
const USUAL_OF_ANSWERS: [&str; 4] = ["connection", "content-length", "content-type", "transfer-encoding"];

impl CorsStory {
    /// The story on a few lines: what was sent and received, the checks that passed or refused, the verdict, what the script
    /// sees, and the smallest change where that was looked for. Hints, departures, remarks and
    /// configurations are the whole story's.
    pub fn brief(&self, options: BriefOptions<'_>) -> String {
        let mut page = Brief { text: String::new(), options, asked: &self.question.headers };
        for hop in &self.hops {
            page.hop(hop);
        }
        page.verdict(self);
        if let Some(fixes) = &self.fixes {
            page.fixes(&fixes.without_texts());
        }
        page.text
    }
}

/// What the script (or whoever fetched) sees, in a sentence; `None` where it sees nothing yet. What every answer says is left out, and of what is
/// hidden what is for the browser alone.
fn script_words(story: &CorsStory, also: &[&str]) -> Option<String> {
    let who = if story.page { "The script" } else { "The caller" };
    let matters = |name: &str| !USUAL_OF_ANSWERS.contains(&name) || also.contains(&name);
    Some(match &story.script {
        ScriptView::Nothing => return None,
        ScriptView::Rejected { with: with @ "TypeError" } => {
            format!("{who} sees: {with}, and no reason.")
        }
        ScriptView::Rejected { with } => format!("{who} sees: {with}."),
        ScriptView::Response { response_type, status, url: _, readable, hidden } => {
            let mut said = format!("{who} sees: type \"{response_type}\", status {status}");
            let readable = names(readable, matters);
            if !readable.is_empty() {
                said.push_str(&format!("; the headers {readable}"));
            }
            let hidden =
                names(hidden, |name| matters(name) && !name.starts_with("access-control-") && name != "vary");
            if !hidden.is_empty() {
                said.push_str(&format!("; hidden from it: {hidden}"));
            }
            said + "."
        }
    })
}

fn names(headers: &[(String, Shown)], takes: impl Fn(&str) -> bool) -> String {
    headers.iter().map(|(name, _)| &**name).filter(|name| takes(name)).collect::<Vec<_>>().join(", ")
}

struct Brief<'a> {
    text: String,
    options: BriefOptions<'a>,
    /// The headers that the caller set, and those that fetch sets itself.
    asked: &'a [String],
}

impl Brief<'_> {
    fn hop(&mut self, hop: &HopStory) {
        match &hop.preflight {
            None => {}
            Some(PreflightStory { remembered: true, .. }) => {
                self.line(0, Paint::Plain, "A preflight is needed, and an earlier one is remembered.");
            }
            Some(preflight) => {
                let why = preflight.reasons.join("; ");
                self.line(0, Paint::Plain, &format!("A preflight is needed: {why}."));
            }
        }
        self.checks(&hop.before);
        if let Some(preflight) = &hop.preflight {
            self.exchanges(&preflight.exchanges);
            self.checks(&preflight.checks);
        }
        self.exchanges(&hop.exchanges);
        self.checks(&hop.after);
    }

    fn exchanges(&mut self, exchanges: &[Exchange]) {
        let also = self.options.also;
        for exchange in exchanges {
            let asked = self.asked;
            let matters = |line: &str| {
                let name = name_of(line);
                let usual = USUAL_OF_REQUESTS.contains(&&*name);
                // NB: fetch sets these two itself where the caller does not.
                let default = line == "Accept: */*" || name == "accept-language";
                let own = !default && asked.iter().any(|header| header == line);
                !usual || own || also.contains(&&*name)
            };
            for line in lines_that(&exchange.sent, matters) {
                self.line(0, Paint::Out, &format!("> {line}"));
            }
            let matters = |line: &str| {
                let name = name_of(line);
                !USUAL_OF_ANSWERS.contains(&&*name) || also.contains(&&*name)
            };
            for line in lines_that(&exchange.received, matters) {
                self.line(0, Paint::In, &format!("< {line}"));
            }
            if exchange.status.is_none() {
                self.line(0, Paint::Bad, "(no answer)");
            }
        }
    }

    fn checks(&mut self, checks: &[Ruling]) {
        for ruling in checks {
            let weight = weight(ruling);
            let told = matches!(
                ruling,
                Ruling::ResponseTaintingFork(ResponseTaintingFork::CorsWithPreflight(_))
                    | Ruling::ReferrerDecision(_)
            );
            if !told && matches!(weight, Weight::Passed | Weight::Failed | Weight::Refused) {
                let (sign, paint) = mark(weight);
                self.line(0, paint, &format!("{sign} {}", words(ruling)));
            }
        }
    }

    /// NB: the ruling that refused stands among the checks.
    fn verdict(&mut self, story: &CorsStory) {
        let (head, paint) = verdict_head(&story.verdict);
        let mut said = Vec::new();
        match &story.verdict {
            StoryVerdict::Readable => {
                let broken = story.body_error.as_ref().map(words_for_network_error);
                said.extend(broken.map(|why| format!("Its body breaks off. {why}")));
            }
            // Whoever reads of a refusal may think that nothing happened.
            StoryVerdict::Refused { .. } | StoryVerdict::Unreadable { .. } => {
                said.push(story.reached_words())
            }
            _ => said.push(story.verdict_words()),
        }
        let script = script_words(story, self.options.also);
        if said.is_empty() {
            return self.line_after(head, paint, script.as_deref().unwrap_or_default());
        }
        self.line_after(head, paint, &said.join(" "));
        if let Some(script) = script {
            self.line(0, Paint::Plain, &script);
        }
    }

    fn fixes(&mut self, fixes: &Fixes) {
        for (level, line) in fixes.lines("The smallest change that would let it pass") {
            let paint = match line.get(..2) {
                Some("+ ") => Paint::Good,
                Some("- ") => Paint::Bad,
                _ => Paint::Plain,
            };
            // What was before stands below: a line of both is often longer than the width.
            let (edit, was) = line.split_once("    (was: ").unwrap_or((&line, ""));
            self.line(level, paint, edit);
            if !was.is_empty() {
                self.line(level + 1, Paint::Dim, &format!("(was: {was}"));
            }
        }
    }

    /// A line that begins in this colour and goes on without.
    fn line_after(&mut self, head: &str, paint: Paint, rest: &str) {
        let folded = folded(&format!("{head} {rest}"), 0, self.options.width);
        match folded.strip_prefix(head) {
            Some(rest) => {
                self.text.push_str(&painted(head, paint, self.options.print));
                self.text.push_str(rest);
            }
            // So narrow that the head itself is folded.
            None => self.text.push_str(&folded),
        }
        self.text.push('\n');
    }

    fn line(&mut self, level: usize, paint: Paint, line: &str) {
        for line in folded(line, level * 2, self.options.width).lines() {
            let inner = line.trim_start_matches(' ');
            self.text.push_str(&line[..line.len() - inner.len()]);
            self.text.push_str(&painted(inner, paint, self.options.print));
            self.text.push('\n');
        }
    }
}

/// The first line, and those headers that this takes.
fn lines_that<'a>(lines: &'a [String], takes: impl Fn(&str) -> bool + 'a) -> impl Iterator<Item = &'a str> {
    let (first, headers) = lines.split_at(lines.len().min(1));
    first.iter().chain(headers.iter().filter(move |line| takes(line))).map(|line| &**line)
}

/// The lower-case name of a header's line.
fn name_of(line: &str) -> String {
    line.split(':').next().unwrap_or_default().to_ascii_lowercase()
}

/// The text in lines of no more columns than that, as far as its words allow. Those after the first stand in by two more.
pub fn folded(text: &str, indent: usize, width: usize) -> String {
    let mut out = " ".repeat(indent);
    let mut column = indent;
    for (index, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length > width {
            out.push('\n');
            out.push_str(&" ".repeat(indent + 2));
            column = indent + 2;
        } else if index > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

#[cfg(test)]
#[path = "brief_tests.rs"]
mod tests;
