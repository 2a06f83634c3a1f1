//! Words, trees, JSON and spans for every event of a fetch. It reads what the engine tells its observers, and decides nothing.
//!
//! - [`recording`]: a [`Recorder`] listens, a [`Recording`] is the tree of what it heard; [`json`] is its JSON form, [`har`] that
//!   of other tools, [`har_bodies`] what was sent with it, and [`har_tape()`] reads answers out of theirs; [`each_fetch`] hears one
//!   fetch at a time, [`last_fetches`] keeps the last of them.
//! - [`mod@words`]: one plain sentence for each ruling, and a hint for each that blocks. The house's only sentences.
//! - [`mod@tree`]: a recording as an indented tree; [`mod@timeline`]: its exchanges as bars, [`mod@waterfall`]: with their
//!   phases; [`cors_story`]: what CORS made of it; [`audit`]: what a server's CORS allows, and what it should not.
//! - [`probes`]: a few more requests, after a refusal, that tell its causes apart.
//! - [`codes`]: a stable code for each refusal. [`browsers`]: where Chromium and Firefox depart from the Standard, as data.
//! - [`fix_texts`]: what to write into a server's configuration so that a refused fetch passes.
//! - [`tracing`]: events as `tracing` spans and events; [`Both`] lets two observers listen.
//! - [`safe_text`]: what strangers sent, escaped; credentials redacted.

pub mod audit;
pub mod browsers;
pub mod codes;
pub mod cors_story;
pub mod each_fetch;
pub mod fix_texts;
pub mod har;
pub mod har_bodies;
mod har_tape;
pub mod json;
pub mod last_fetches;
mod lines;
pub mod probes;
pub mod recording;
pub mod safe_text;
pub mod timeline;
pub mod tracing;
pub mod tree;
pub mod waterfall;
pub mod words;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod test_recordings;

pub use self::tracing::{Both, Spans};
pub use audit::Audit;
pub use browsers::Browser;
pub use codes::code;
pub use cors_story::CorsStory;
pub use each_fetch::{EachFetch, Until};
pub use har_tape::har_tape;
pub use last_fetches::{LastFetch, LastFetches};
pub use recording::{Entry, RecordedFetch, Recorder, Recording, Timed};
pub use safe_text::Secrets;
pub use timeline::{bars, timeline};
pub use tree::{Options, tree};
pub use waterfall::{timeline_json, waterfall};
pub use words::{hint, words};
