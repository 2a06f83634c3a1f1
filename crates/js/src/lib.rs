//! The [Fetch Standard](https://fetch.spec.whatwg.org/)'s objects for scripts: `fetch`, `Headers`, `Request`, `Response`, streams,
//! events and abort, on QuickJS-ng, over the same engine as the Rust face.
//!
//! A [`Runtime`] is a global with its event loop. Its scripts are those of a page of an origin, under a browser's rules:
//!
//! ```
//! use std::time::Duration;
//!
//! use sofetch_js::{Ending, Runtime, Value};
//!
//! # fn main() -> Result<(), sofetch_js::Error> {
//! let mut runtime = Runtime::builder()
//!     .base_url(sofetch::Url::parse("https://app.test/", None).expect("a URL"))
//!     .max_memory(64 << 20)
//!     .time_limit(Duration::from_secs(10))
//!     .build()?;
//!
//! // A function of this program's own, and one that takes its time.
//! runtime.define("greet", |arguments| {
//!     let name = arguments.first().and_then(Value::as_str).ok_or("a name is wanted")?;
//!     Ok(Value::from(format!("hello, {name}")))
//! })?;
//! runtime.define_async("stored", |_| async { Ok(Value::from(serde_json::json!({ "lamps": 3 }))) })?;
//!
//! // Scripts run, then the event loop does what they left under way.
//! runtime.run_script("stored().then(({ lamps }) => console.log(greet('world'), lamps))", "page.js")?;
//! assert_eq!(runtime.run_until_idle(), Ending::Idle);
//! assert!(!runtime.has_failed());
//!
//! // An expression's value; a promise's is waited for.
//! let text = runtime.evaluate("new Response('[1, 2]').json()")?;
//! assert_eq!(text, serde_json::json!([1, 2]));
//! # Ok(())
//! # }
//! ```
//!
//! - Who fetches: [`RuntimeBuilder::agent`] takes the settings of a [`sofetch::UserAgent`], [`RuntimeBuilder::page`] says whether as a page.
//! - Limits: memory, time and stack are the builder's; [`Interrupt`] ends what runs from another thread. Whatever ended a
//!   runtime, script cannot catch it, and nothing runs after it.
//! - A prompt for a person: [`EntryReader`] makes entries of what is typed, [`Runtime::enter`] runs them.
//! - Modules are fetched, under the page's rules, or come from a [`ModuleLoader`]; [`ModuleFolders`] is one, for files. Without one no
//!   file can be imported.
//! - Lines go to a [`Printer`]. What nobody caught is printed, and [`Runtime::has_failed`] remembers it.
//! - A runtime stays on its thread; a thread of its own serves its sockets. Two runtimes share nothing.

mod blob_urls;
mod error;
mod event_loop;
mod event_stream;
mod handles;
mod host;
mod interrupt;
mod io_thread;
mod ledger;
mod microtasks;
mod modules;
mod native_functions;
mod ops;
mod printing;
mod prompt;
mod realm;
mod runtime;
mod runtime_builder;
mod scripts;
mod values;
mod when_done;

pub use error::Error;
pub use interrupt::Interrupt;
pub use modules::{ModuleFolders, ModuleLoader, ModuleType};
pub use native_functions::Value;
pub use printing::{Printer, StandardStreams};
pub use prompt::{Completions, Entered, Entry, EntryReader, Read, Waker};
pub use runtime::{Ending, Global, Runtime};
pub use runtime_builder::{RuntimeBuilder, THREAD_STACK_BYTES};
