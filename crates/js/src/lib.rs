//! The [Fetch Standard](https://fetch.spec.whatwg.org/)'s objects for scripts: `fetch`, `Headers`, `Request`, `Response`, streams,
//! events and abort, on QuickJS-ng, over the same engine as the Rust face.
//!
//! A [`Runtime`] is a global with its event loop. Its scripts are those of a page of an origin, under a browser's rules.

mod blob_urls;
mod error;
mod event_loop;
mod handles;
mod host;
mod io_thread;
mod ledger;
mod ops;
mod printing;
mod realm;
mod runtime;
mod values;

pub use error::Error;
pub use printing::{Printer, StandardStreams};
pub use runtime::{Ending, Global, Runtime, RuntimeBuilder, THREAD_STACK_BYTES};
