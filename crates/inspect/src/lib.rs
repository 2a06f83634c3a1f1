//! Words, trees, JSON and spans for every event of a fetch. It reads what the engine tells its observers, and decides nothing.
//!
//! - [`recording`]: a [`Recorder`] listens, a [`Recording`] is the tree of what it heard; [`json`] is its JSON form, [`har`] that
//!   of other tools, [`har_bodies`] what was sent with it; [`each_fetch`] hears one fetch at a time.
//! - [`mod@words`]: one plain sentence for each ruling, and a hint for each that blocks. The house's only sentences.
//! - [`mod@tree`]: a recording as an indented tree; [`mod@timeline`]: its exchanges as bars, [`mod@waterfall`]: with their
//!   phases; [`cors_story`]: what CORS made of it; [`audit`]: what a server's CORS allows, and what it should not.
//! - [`codes`]: a stable code for each refusal. [`browsers`]: where Chromium and Firefox depart from the Standard, as data.
//! - [`tracing`]: events as `tracing` spans and events; [`Both`] lets two observers listen.
//! - [`safe_text`]: what strangers sent, escaped; credentials redacted.

pub mod audit;
pub mod browsers;
pub mod codes;
pub mod cors_story;
pub mod each_fetch;
pub mod har;
pub mod har_bodies;
pub mod json;
mod lines;
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
pub use recording::{Entry, RecordedFetch, Recorder, Recording, Timed};
pub use safe_text::Secrets;
pub use timeline::{bars, timeline};
pub use tree::{Options, tree};
pub use waterfall::{timeline_json, waterfall};
pub use words::{hint, words};
