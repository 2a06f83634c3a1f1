//! What to write into a server's configuration so that a set of edits becomes true: a policy first, then its text.
//!
//! - `policy`: what the server must say from now on, by the edits and the tape of what was asked and answered; `notes` on it.
//! - `servers`: every server that has a writer; `guess`: which of them answered; `quoting`: strangers' words in a
//!   configuration's own quotes.
//! - One file a family of servers: a function from policy to text each.

mod aws;
mod dotnet;
mod fronts;
mod go;
mod guess;
mod java;
mod javascript;
mod nginx;
mod notes;
mod php;
mod policy;
mod python;
mod quoting;
mod ruby;
mod rust;
mod servers;

use serde::Serialize;
use sofetch_core::fixes::EditSet;
use sofetch_core::tape::Tape;

pub use self::notes::Note;
pub use self::policy::{CorsPolicy, Origins, ServerPolicy};
pub use self::quoting::Unwritable;
pub use self::servers::{SERVERS, Server, server_named};
use crate::lines::shown_url;
use crate::safe_text::{Secrets, escaped};

/// The text for one server, at one URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FixText {
    /// The server's name, as `--server` takes it.
    pub server: &'static str,
    /// The language of the text.
    pub language: &'static str,
    /// Whose answers change: a URL without its query.
    pub url: String,
    /// Was the server guessed from its answers?
    pub guessed: bool,
    /// The text; `None` where none can be written.
    pub text: Option<String>,
    /// Why none can; `None` where one is.
    pub refused: Option<Unwritable>,
    /// What to know of it, a sentence each.
    pub notes: Vec<String>,
}

/// The texts of a set: one for each URL whose answers change. None for a URL whose server is neither named nor known.
pub fn fix_texts(
    set: &EditSet,
    tape: &Tape,
    named: Option<&'static Server>,
    secrets: Secrets,
) -> Vec<FixText> {
    if set.opens().is_some() {
        return Vec::new();
    }
    let policies = ServerPolicy::of(set, tape, secrets);
    let texts = policies.into_iter().filter_map(|(url, policy)| {
        let server = named.or_else(|| guess::guess(&url, tape))?;
        let written = policy.and_then(|policy| {
            let text = (server.write)(&policy)?;
            let notes = policy.notes.iter().map(|note| escaped(&note.words()).into_owned());
            Ok((text, notes.chain(server.notes.iter().map(|&note| note.to_owned())).collect()))
        });
        let (text, refused, notes) = match written {
            Ok((text, notes)) => (Some(text), None, notes),
            Err(refused) => (None, Some(refused), Vec::new()),
        };
        let url = shown_url(&url, secrets);
        let (server, language, guessed) = (server.name, server.language, named.is_none());
        Some(FixText { server, language, url, guessed, text, refused, notes })
    });
    texts.collect()
}

impl FixText {
    /// Each line, and how far it stands in.
    pub(crate) fn lines(&self) -> Vec<(usize, String)> {
        let title = servers::title(self.server);
        let head = match self.guessed {
            true => format!(
                "For {title}, which its answers look like (--server NAME says another), at {}:",
                self.url
            ),
            false => format!("For {title}, at {}:", self.url),
        };
        let mut lines = vec![(1, head)];
        lines.extend(self.notes.iter().map(|note| (2, note.clone())));
        match (&self.text, &self.refused) {
            (Some(text), _) => {
                lines.push((0, String::new()));
                // NB: a tab is no character that one prints.
                let line = |line: &str| (2, escaped(&line.replace('\t', "    ")).into_owned());
                lines.extend(text.lines().map(line));
                lines.push((0, String::new()));
            }
            (None, Some(refused)) => lines.push((2, escaped(&refused.words()).into_owned())),
            (None, None) => {}
        }
        lines
    }
}

/// What to say where no server is named and none was recognized.
pub(crate) fn which_servers() -> String {
    let names: Vec<&str> = SERVERS.iter().map(|server| server.name).collect();
    format!("As configuration: --server NAME, one of {}.", names.join(", "))
}

#[cfg(test)]
#[path = "fix_texts/tests.rs"]
mod tests;
