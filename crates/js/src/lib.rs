//! The [Fetch Standard](https://fetch.spec.whatwg.org/)'s objects for scripts: `fetch`, `Headers`, `Request`, `Response`, streams,
//! events and abort, on QuickJS-ng, over the same engine as the Rust face.
//!
//! # Scripts of a page
//!
//! A [`Runtime`] is a global with its event loop. Its scripts are those of a page of an origin, under a browser's rules. A program gives
//! them functions of its own, and takes values from them:
//!
//! ```
//! use sofetch_js::{Ending, Runtime, Value};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut runtime = Runtime::builder().base_url(sofetch::Url::parse("https://app.test/", None)?).build()?;
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
//! # Scripts of strangers
//!
//! They get so much memory, stack and time. What is too much of the first two is an error that a script can catch; the end of its time,
//! and that of an [`Interrupt`] from another thread, it cannot:
//!
//! ```
//! use std::time::Duration;
//!
//! use sofetch_js::{Ending, Runtime, THREAD_STACK_BYTES};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A thread of their own, with all the stack that a runtime may use.
//! let strangers = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES).spawn(|| {
//!     let mut runtime = Runtime::builder()
//!         .max_memory(16 << 20)
//!         .max_stack(256 << 10)
//!         .time_limit(Duration::from_secs(60))
//!         .build()?;
//!     let caught = runtime.evaluate("(() => { try { return 'x'.repeat(1e9); } catch (error) { return error.message; } })()")?;
//!     assert_eq!(caught, "out of memory");
//!
//!     let interrupt = runtime.interrupt_handle();
//!     std::thread::spawn(move || interrupt.interrupt());
//!     let ended = runtime.run_script("try { for (;;); } finally { console.log('never'); }", "greedy.js");
//!     // It came while the script ran, or before it began.
//!     assert!(ended.is_ok() || ended.is_err_and(|error| error.is_over()));
//!     assert_eq!(runtime.run_until_idle(), Ending::Interrupted);
//!     Ok::<(), sofetch_js::Error>(())
//! })?;
//! strangers.join().expect("no panic")?;
//! # Ok(())
//! # }
//! ```
//!
//! # What they may fetch
//!
//! The agent's settings bind every fetch of a script, its redirects and preflights too. [`sofetch::UserAgentBuilder::public_only`] keeps it out
//! of this machine and its networks, a [`sofetch::SendPolicy`] decides on each request, and an [`Observer`](sofetch::Observer) hears
//! why one failed, of which a script is told nothing:
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use sofetch::core::ports::BoxFuture;
//! use sofetch::{Outgoing, SendPolicy, Url, UserAgent};
//! use sofetch_js::Runtime;
//!
//! /// Reads from one host, and no more.
//! struct ReadsFrom(&'static str);
//!
//! impl SendPolicy for ReadsFrom {
//!     fn may_connect(&self, url: &Url) -> bool {
//!         url.hostname() == self.0
//!     }
//!
//!     fn may_send(&self, request: Outgoing) -> BoxFuture<'_, bool> {
//!         let reads = ["GET", "HEAD"].contains(&&*request.method.to_string());
//!         Box::pin(async move { reads })
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let agent = UserAgent::builder()
//!     .send_policy(Arc::new(ReadsFrom("localhost")))
//!     .public_only(true)
//!     .max_body_size(1 << 20)
//!     .timeout(Duration::from_secs(10));
//! let mut runtime = Runtime::builder().agent(agent).base_url(Url::parse("http://localhost/", None)?).build()?;
//! // One is not on the list, the other is no public address: neither hears of it.
//! for url in ["http://api.test/", "http://localhost/"] {
//!     let said = runtime.evaluate(&format!("fetch('{url}').catch(error => `${{error}}`)"))?;
//!     assert_eq!(said, "TypeError: Failed to fetch");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # In short
//!
//! - Who fetches: [`RuntimeBuilder::agent`] takes the settings of a [`sofetch::UserAgent`], [`RuntimeBuilder::page`] says whether as a page.
//! - Limits: memory, time and stack are the builder's; [`Interrupt`] ends what runs from another thread. Whatever ended a
//!   runtime, script cannot catch it, and nothing runs after it.
//! - The end of a page is the program's to say: [`Runtime::close`] sends what `fetchLater()` keeps, and waits for it.
//! - A prompt for a person: [`EntryReader`] makes entries of what is typed, [`Runtime::enter`] runs them.
//! - Modules are fetched, under the page's rules, or come from a [`ModuleLoader`]; [`ModuleFolders`] is one, for files. Without one no
//!   file can be imported.
//! - Lines go to a [`Printer`]. What nobody caught is printed, and [`Runtime::has_failed`] remembers it.
//! - A runtime stays on its thread; a thread of its own serves its sockets, and each worker of its scripts has one, too, as many as
//!   [`RuntimeBuilder::max_workers`] says. Workers have no functions of the program's. Two runtimes share nothing.

mod blob_urls;
mod error;
mod event_loop;
mod event_stream;
mod handles;
mod host;
mod interrupt;
mod io_thread;
mod leaving;
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
mod structured_data;
mod throwing;
mod values;
mod when_done;
mod workers;

pub use error::Error;
pub use interrupt::Interrupt;
pub use modules::{ModuleFolders, ModuleLoader, ModuleType};
pub use native_functions::Value;
pub use printing::{Printer, StandardStreams};
pub use prompt::{Completions, Entered, Entry, EntryReader, Read, Waker};
pub use runtime::{Ending, Global, Runtime};
pub use runtime_builder::{RuntimeBuilder, THREAD_STACK_BYTES};
