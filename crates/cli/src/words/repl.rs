//! What the prompt says by itself.

use std::path::Path;
use std::time::Duration;

use sofetch::Url;
use sofetch_inspect::Secrets;
use sofetch_inspect::safe_text::escaped;

use super::lab::safe;

pub(crate) const HELP: &str = "\
.help            this
.exit            end, as Ctrl-D does
.cors [N] [NAME] what CORS made of the last fetch, or of the N-th; what would
                 have let it pass, also as configuration of nginx, express ...
.timeline [N]    its exchanges, each with its phases
.fetches         the last fetches, with their numbers
.har [FILE]      all of them as HAR 1.2, into a file or here
.load FILE       run a file, entry by entry, up to one that throws
.save FILE       write the entries that came to a value into a file
.clear           begin anew, with an empty global
.origin [URL]    begin anew as the page of another origin (null: an opaque one)

_ is the last value, _error what was thrown last. An entry may have await and
import; what it declares may be declared again. Tab completes; an entry that
begins with a space is not kept in the history.";

pub(crate) const HOW_TO_LEAVE: &str = "(Ctrl-C again, Ctrl-D or .exit ends)";
pub(crate) const INTERRUPTED: &str = "Interrupted";
pub(crate) const UNSETTLED: &str = "It awaits a promise that nothing under way can settle.";
pub(crate) const NO_FETCH: &str = "there is no such fetch";
pub(crate) const CLEARED: &str = "A new global: what was declared is gone, and what was under way.";
pub(crate) const OWNER: &str = "on your own behalf: no origin, no CORS";
pub(crate) const FILE: &str = "as a page of a file, whose origin is opaque (null)";

pub(crate) fn welcome(who: &str) -> String {
    format!("sofetch {}, {who}. .help lists commands, Ctrl-D ends.", env!("CARGO_PKG_VERSION"))
}

pub(crate) fn page(url: &Url) -> String {
    format!("as the page {}", safe(url.href(), Secrets::Redacted))
}

pub(crate) fn moved(who: &str) -> String {
    format!("{CLEARED} From here on {who}.")
}

/// Of a fetch without an exchange, given how long it took until the end of what is known of it.
pub(crate) fn no_exchange(has_answered: bool, spent: Option<Duration>) -> String {
    let spent =
        spent.map(|spent| format!(" It took {:.1} ms.", spent.as_secs_f64() * 1e3)).unwrap_or_default();
    match has_answered {
        true => format!("Nothing was sent: it came to its end without a network.{spent}"),
        false => "Nothing was sent so far.".to_owned(),
    }
}

pub(crate) fn no_number(said: &str) -> String {
    format!("{} is no number of a fetch: .fetches lists them", escaped(said))
}

pub(crate) fn no_server(name: &str) -> String {
    format!("{} is no server that is known: `sofetch cors --server list` lists them", escaped(name))
}

pub(crate) fn no_command(name: &str) -> String {
    format!("there is no command {}: .help lists those that are", escaped(name))
}

pub(crate) fn no_file(name: &str) -> String {
    format!("{name} wants the name of a file")
}

pub(crate) fn written(path: &Path) -> String {
    format!("written: {}", shown(path))
}

/// Given why a fetch has failed, which no script learns.
pub(crate) fn cors_tells(why: &str) -> String {
    format!("{why} (.cors tells more)")
}

pub(crate) fn loaded_until(path: &Path, line: usize) -> String {
    format!("{}: no further than the entry of line {line}", shown(path))
}

pub(crate) fn not_written(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {}", shown(path), escaped(&error.to_string()))
}

pub(crate) fn no_history(path: &Path, why: &str) -> String {
    format!("no history is kept: {}: {}", shown(path), escaped(why))
}

pub(crate) fn more_characters(count: usize) -> String {
    format!("... {count} more characters")
}

fn shown(path: &Path) -> String {
    escaped(path.as_os_str().as_encoded_bytes()).into_owned()
}
