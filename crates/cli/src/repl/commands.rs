//! The entries that begin with a dot, and what a session knows for them.

use std::path::Path;
use std::sync::Arc;

use sofetch::core::fixes::SmallestChanges;
use sofetch::core::tape::Tape;
use sofetch::core::trace::Outcome;
use sofetch::{CredentialsMode, Mode, Reason, Request, Url};
use sofetch_inspect::cors_story::StoryVerdict;
use sofetch_inspect::fix_texts::{SERVERS, Server};
use sofetch_inspect::safe_text::{escaped, redacted_urls};
use sofetch_inspect::words::words_for_network_error;
use sofetch_inspect::{CorsStory, LastFetch, LastFetches, RecordedFetch, Secrets, timeline, waterfall};
use sofetch_js::{Entered, Entry, EntryReader};

use super::colours::painted;
use super::scripts::{Place, Scripts};
use crate::args::ReplArgs;
use crate::ending::Failure;
use crate::making::{agent_builder, page_of};
use crate::options::{NetworkOptions, PageOption, PolicyOptions, secrets};
use crate::output::{Streams, Tone};
use crate::telling::options;
use crate::words::repl as words;

/// The commands' names, in the order in which `.help` tells of them.
const NAMES: [&str; 10] =
    [".help", ".exit", ".cors", ".timeline", ".fetches", ".har", ".load", ".save", ".clear", ".origin"];

/// More of a value's text than this is not printed, in characters.
const MOST_CHARACTERS: usize = 200_000;

/// Is the entry a command? NB: `.5` is a number.
pub(crate) fn is_command(text: &str) -> bool {
    let text = text.trim();
    !text.contains('\n')
        && text.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic()))
}

/// The commands that a text may become; `None` where it will be none.
pub(crate) fn complete(text: &str) -> Option<Vec<String>> {
    let is_start = text.starts_with('.') && !text.contains(char::is_whitespace);
    is_start
        .then(|| NAMES.iter().filter(|name| name.starts_with(text)).map(|name| (*name).to_owned()).collect())
}

/// One run of the command.
pub(crate) struct Session<'a> {
    args: &'a ReplArgs,
    pub(crate) place: Place,
    pub(super) fetches: Arc<LastFetches>,
    pub(crate) scripts: Scripts,
    pub(crate) streams: &'a Streams,
    pub(super) secrets: Secrets,
    /// What came to a value, for `.save`.
    entries: Vec<String>,
    /// Up to this number it is known that `.cors` tells of fetches.
    told_of: u32,
    /// Did an entry throw, or a command fail?
    pub(crate) has_failed: bool,
    /// Is there a person?
    pub(crate) is_terminal: bool,
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.scripts.end();
    }
}

impl<'a> Session<'a> {
    pub(crate) fn new(
        args: &'a ReplArgs,
        place: Place,
        fetches: Arc<LastFetches>,
        scripts: Scripts,
        streams: &'a Streams,
    ) -> Session<'a> {
        let secrets = secrets(args.show_secrets);
        let entries = Vec::new();
        Session {
            args,
            place,
            fetches,
            scripts,
            streams,
            secrets,
            entries,
            told_of: 0,
            has_failed: false,
            is_terminal: false,
        }
    }

    /// A line of ours.
    pub(crate) fn tell(&self, words: &str) -> Result<(), Failure> {
        self.streams.out_text(&format!("{words}\n")).map_err(Failure::stdout)
    }

    /// A line of ours about what went wrong.
    pub(super) fn complain(&mut self, words: &str) {
        self.has_failed = true;
        self.streams.error(words);
    }

    /// Runs an entry, and prints what came of it.
    pub(crate) fn enter(&mut self, text: &str, entry: Entry) -> Result<(), Failure> {
        let entered = self.entered(text, entry)?;
        self.tell_entered(entered)
    }

    /// Runs an entry.
    pub(super) fn entered(&mut self, text: &str, entry: Entry) -> Result<Entered, Failure> {
        let entered = self.scripts.enter(entry)?;
        let has_value = matches!(entered, Entered::Value(_) | Entered::Undefined);
        if has_value {
            self.entries.push(text.to_owned());
        }
        self.has_failed |= !has_value;
        Ok(entered)
    }

    pub(super) fn tell_entered(&mut self, entered: Entered) -> Result<(), Failure> {
        match entered {
            Entered::Value(text) => self.tell(&painted(&safe(&text), self.streams.paint_out)),
            Entered::Undefined if self.is_terminal => {
                self.tell(&self.streams.paint_out.tone(Tone::Faint, "undefined"))
            }
            Entered::Undefined => Ok(()),
            Entered::Thrown(text) => {
                let text = safe(&text);
                let (first, rest) =
                    text.split_once('\n').map_or((&*text, None), |(first, rest)| (first, Some(rest)));
                let mut said = self.streams.paint_err.tone(Tone::Bad, first).into_owned() + "\n";
                rest.into_iter().for_each(|rest| said.push_str(&format!("{rest}\n")));
                self.streams.err_text(&said);
                self.point_to_cors()
            }
            Entered::Interrupted => {
                // NB: over the ^C that a terminal shows for the key.
                let start = if self.is_terminal && self.streams.err_is_terminal { "\r" } else { "" };
                self.streams.err_text(&format!("{start}{}\n", words::INTERRUPTED));
                Ok(())
            }
            Entered::Unsettled => {
                self.streams.err_text(&format!("{}\n", words::UNSETTLED));
                Ok(())
            }
        }
    }

    /// A script learns no reason; the person at it may.
    fn point_to_cors(&mut self) -> Result<(), Failure> {
        let last = self.fetches.one(None).filter(|fetch| self.is_terminal && fetch.number > self.told_of);
        let Some((fetch, why)) = last.and_then(|fetch| why(&fetch).map(|why| (fetch, why))) else {
            return Ok(());
        };
        self.told_of = fetch.number;
        let why = words::cors_tells(&escaped(&*redacted_urls(&why, self.secrets)));
        self.tell(&self.streams.paint_out.tone(Tone::Faint, &why))
    }

    /// Does what a command says: is that the end?
    pub(crate) fn command(&mut self, text: &str, reader: &mut EntryReader) -> Result<bool, Failure> {
        let text = text.trim();
        let (name, argument) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let argument = argument.trim();
        match name {
            ".exit" => return Ok(true),
            ".help" => self.tell(words::HELP)?,
            ".cors" => {
                let (server, number): (Vec<&str>, Vec<&str>) = argument
                    .split_whitespace()
                    .partition(|word| word.starts_with(|c: char| c.is_alphabetic()));
                let known = server.last().map(|name| SERVERS.iter().find(|server| server.name == *name));
                match known {
                    Some(None) => self.complain(&words::no_server(&server.join(" "))),
                    known => self.with_fetch(&number.join(" "), |session, fetch| {
                        session.tell_cors(fetch, known.flatten())
                    })?,
                }
            }
            ".timeline" => self.with_fetch(argument, Session::tell_timeline)?,
            ".fetches" => {
                let lines: Vec<String> =
                    self.fetches.all().iter().map(|fetch| fetch.line(self.secrets)).collect();
                self.tell(&if lines.is_empty() { words::NO_FETCH.to_owned() } else { lines.join("\n") })?;
            }
            ".har" => self.har(argument)?,
            ".load" if !argument.is_empty() => self.load(Path::new(argument), reader)?,
            ".save" if !argument.is_empty() => {
                let text = reader.join(self.entries.iter().map(String::as_str));
                self.write(Path::new(argument), &text)?;
            }
            ".load" | ".save" => self.complain(&words::no_file(name)),
            ".clear" => {
                self.scripts.renew(self.place.clone())?;
                self.tell(words::CLEARED)?;
            }
            ".origin" if argument.is_empty() => self.tell(&self.place.words())?,
            ".origin" => match Place::said(argument) {
                Ok(place) => {
                    self.scripts.renew(place.clone())?;
                    self.place = place;
                    self.tell(&words::moved(&self.place.words()))?;
                    let policies = PolicyOptions::of_realm(&self.args.realm)?;
                    policies.unheard(self.place.url()).iter().for_each(|note| self.streams.note(note));
                }
                Err(error) => self.complain(&escaped(&error.to_string())),
            },
            _ => self.complain(&words::no_command(name)),
        }
        Ok(false)
    }

    /// The fetch of this number, or the last that has answered.
    fn with_fetch(
        &mut self,
        number: &str,
        steps: impl FnOnce(&mut Self, LastFetch) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let wanted = if number.is_empty() { Ok(None) } else { number.parse().map(Some) };
        let Ok(wanted) = wanted else {
            self.complain(&words::no_number(number));
            return Ok(());
        };
        match self.fetches.one(wanted) {
            Some(fetch) => steps(self, fetch),
            None => {
                self.complain(words::NO_FETCH);
                Ok(())
            }
        }
    }

    fn tell_timeline(&mut self, fetch: LastFetch) -> Result<(), Failure> {
        let hops = timeline(&fetch.recording);
        if hops.is_empty() {
            // A data URL, a blob, what was refused before anything was sent.
            self.tell(&fetch.line(self.secrets))?;
            return self.tell(&words::no_exchange(fetch.has_answered(), fetch.spent()));
        }
        let text = waterfall(&hops, options(self.secrets, self.streams.paint_out));
        self.streams.out_text(&text).map_err(Failure::stdout)
    }

    fn tell_cors(&mut self, fetch: LastFetch, server: Option<&'static Server>) -> Result<(), Failure> {
        let Some(fetch) = fetch.recording.first() else { return Ok(()) };
        let Some(mut story) = CorsStory::of(fetch, self.secrets) else {
            self.complain(words::NO_FETCH);
            return Ok(());
        };
        if story.page && matches!(story.verdict, StoryVerdict::Refused { .. }) {
            let tape = Arc::new(Tape::of(fetch.events_of_exchange()));
            match self.smallest_changes(fetch, &tape) {
                Ok(Some(changes)) => story = story.with_fixes(&changes, &tape, server),
                Ok(None) => {}
                // The story is told all the same.
                Err(failure) => self.complain(&failure.words(self.secrets).unwrap_or_default()),
            }
        }
        let text = story.text(options(Default::default(), self.streams.paint_out));
        self.streams.out_text(&text).map_err(Failure::stdout)
    }

    /// What would have let a fetch pass. NB: nothing is sent, the answers are those that were heard; and of the request what the
    /// recording has, which is all that they depend on.
    fn smallest_changes(
        &self,
        fetch: &RecordedFetch,
        tape: &Arc<Tape>,
    ) -> Result<Option<SmallestChanges>, Failure> {
        let Some(snapshot) = fetch.request() else { return Ok(None) };
        let request = || {
            let mut request = Request::from_url(snapshot.url.clone()).method(snapshot.method.as_str());
            for header in snapshot.header_list.iter() {
                request = request.header(header.name(), header.value());
            }
            let modes = [Mode::Cors, Mode::NoCors, Mode::SameOrigin];
            if let Some(mode) = modes.into_iter().find(|mode| mode.as_str() == snapshot.mode) {
                request = request.mode(mode);
            }
            let credentials =
                CredentialsMode::ALL.iter().find(|mode| mode.as_str() == snapshot.credentials_mode);
            match credentials {
                Some(mode) => request.credentials(*mode),
                None => request,
            }
        };
        // NB: what was fetched before `.origin` was another page's.
        let here = self.place.url().filter(|url| url.origin().serialize() == snapshot.origin).cloned();
        let url = here.or_else(|| Url::parse(&snapshot.origin, None).ok());
        let opaque = url.is_none();
        let url = url.unwrap_or_else(|| Url::parse("about:blank", None).expect("about:blank is a valid URL"));
        let page = PageOption { url, opaque, policies: PolicyOptions::of_realm(&self.args.realm)? };
        let agent = agent_builder(NetworkOptions::of(&self.args.network)?).build()?;
        let page = page_of(&agent, &page)?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Start)?;
        Ok(Some(runtime.block_on(page.smallest_changes(tape, request))?))
    }
}

/// Why a fetch has failed. NB: that it was aborted, its script knows.
fn why(fetch: &LastFetch) -> Option<String> {
    match fetch.recording.first()?.outcome()? {
        Outcome::NetworkError(error) if !matches!(error.reason(), Reason::Aborted(_)) => {
            Some(words_for_network_error(error))
        }
        _ => None,
    }
}

/// Text of scripts as it may be printed: its lines stay.
fn safe(text: &str) -> String {
    let (text, more) = match text.char_indices().nth(MOST_CHARACTERS) {
        Some((at, _)) => (&text[..at], Some(words::more_characters(text[at..].chars().count()))),
        None => (text, None),
    };
    let mut safe: Vec<String> = text.split('\n').map(|line| escaped(line).into_owned()).collect();
    safe.extend(more);
    safe.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_table() {
        let table = [
            (".help", true),
            ("  .cors 2 ", true),
            (".5 + 1", false),
            ("...x", false),
            ("x.help", false),
            ("", false),
            (".a\n.b", false),
        ];
        for (text, expected) in table {
            assert_eq!(is_command(text), expected, "{text}");
        }
        assert_eq!(complete(".c"), Some(vec![".cors".to_owned(), ".clear".to_owned()]));
        assert_eq!(complete("x.c"), None);
        assert_eq!(complete(".load x"), None);
        for name in NAMES {
            assert!(words::HELP.contains(name), "{name}");
        }
    }
}
