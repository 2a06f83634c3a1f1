//! The tour for people: each stop's script, what went over the wire, what the console shows, and the lesson.

use sofetch_inspect::Secrets;
use sofetch_inspect::cors_story::{BriefOptions, folded};
use sofetch_inspect::safe_text::escaped;

use super::stage::{ActRan, ConsoleLine, StopRan};
use super::{STOPS, Stop};
use crate::output::{Paint, Tone};
use crate::telling::options;

/// Lines are folded to so many columns.
const WIDTH: usize = 80;

/// Puts what came of stops into words.
pub(crate) struct Teller {
    /// Colours.
    pub(crate) paint: Paint,
    /// May credentials be shown?
    pub(crate) secrets: Secrets,
}

impl Teller {
    /// What stands before the first stop.
    pub(crate) fn welcome(&self) -> String {
        let said = "A page of https://javascript.info fetches from its own origin and from https://site.com. Both are served by \
                    this command, on loopback; nothing leaves this machine. Each script really runs, and its console shows as \
                    little as a browser's. Below stands what happened: what was sent (>) and received (<), which of the \
                    Standard's checks passed (\u{2713}) or refused (\u{2717}), and what the script sees of it. Lines that every \
                    request has (Accept, Referer, User-Agent ...) are left out here; `sofetch cors` shows them all.";
        self.paragraph(said) + "\n"
    }

    /// What stands after the last.
    pub(crate) fn farewell(&self, told: &[StopRan]) -> String {
        let right = told.iter().filter(|ran| ran.is_right()).count();
        let said = match (told.len(), right) {
            (1, 1) => "The stop came out as the Standard has it.".to_owned(),
            (all, right) if all == right => format!("All {all} stops came out as the Standard has it."),
            (all, right) => format!("{right} of {all} stops came out as the Standard has it."),
        };
        format!(
            "{}\n{}\nYour own server:  sofetch cors URL --origin ORIGIN [--server nginx]\nYour own page:    sofetch run -v --base-url URL page.js\n",
            self.paint.tone(Tone::Faint, &"\u{2500}".repeat(WIDTH)),
            self.paint.tone(Tone::Strong, &said)
        )
    }

    /// All stops, a line each.
    pub(crate) fn list(&self) -> String {
        let widest = STOPS.iter().map(|stop| stop.name.len()).max().unwrap_or_default();
        let line = |(index, stop): (usize, &Stop)| {
            let name = format!("{:widest$}", stop.name);
            format!("{:>2}  {}  {}\n", index + 1, self.paint.tone(Tone::Strong, &name), stop.title)
        };
        STOPS.iter().enumerate().map(line).collect()
    }

    /// A stop's title.
    pub(crate) fn title(&self, place: usize, stop: &Stop) -> String {
        let title = format!("{place}/{}  {}", STOPS.len(), stop.title);
        let width = WIDTH.saturating_sub(title.chars().count()).max(1);
        let name = format!("{:>width$}", stop.name);
        let rule = "\u{2500}".repeat(WIDTH);
        format!(
            "{}\n{}{}\n",
            self.paint.tone(Tone::Faint, &rule),
            self.paint.tone(Tone::Strong, &title),
            self.paint.tone(Tone::Faint, &name)
        )
    }

    /// What stands before one waits.
    pub(crate) fn pause(&self) -> String {
        self.paint.tone(Tone::Faint, "Enter: the next stop ").into_owned()
    }

    /// What came of it.
    pub(crate) fn stop(&self, ran: &StopRan) -> String {
        let mut text = String::new();
        for act in &ran.acts {
            self.act(&mut text, act, ran.stop);
        }
        // The arrow stands for the two blanks by which later lines stand in.
        let lesson = folded(&format!("\u{2192} {}", ran.stop.lesson), 0, WIDTH);
        text.push_str(&format!("\n{lesson}\n  {}\n", self.paint.tone(Tone::Faint, ran.stop.link)));
        text
    }

    fn act(&self, text: &mut String, ran: &ActRan, stop: &Stop) {
        text.push('\n');
        if !ran.act.note.is_empty() {
            text.push_str(&self.paragraph(ran.act.note));
        }
        if let Some(script) = ran.act.script {
            for line in script.lines() {
                text.push_str(&format!("    {}\n", self.paint.tone(Tone::Key, line)));
            }
        }
        for ConsoleLine { text: line, uncaught } in &ran.console {
            // NB: a stack is of no use to who reads this.
            let line = escaped(line.lines().next().unwrap_or_default()).into_owned();
            let tone = if *uncaught { Tone::Bad } else { Tone::Strong };
            text.push_str(&format!("  console: {}\n", self.paint.tone(tone, &line)));
        }
        let brief =
            BriefOptions { print: options(self.secrets, self.paint), width: WIDTH - 2, also: stop.matters };
        for story in &ran.stories {
            text.push('\n');
            for line in story.brief(brief).lines() {
                text.push_str(&format!("  {line}\n"));
            }
        }
        for wrong in &ran.wrong {
            let said = format!("\u{2717} This is not what must come of it: {}", escaped(wrong));
            text.push_str(&format!("  {}\n", self.paint.tone(Tone::Bad, &said)));
        }
    }

    fn paragraph(&self, text: &str) -> String {
        folded(text, 0, WIDTH).lines().map(|line| format!("{}\n", line.trim_start())).collect()
    }
}
