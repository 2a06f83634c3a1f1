//! The nouns and the judgements of the [Fetch Standard](https://fetch.spec.whatwg.org/). No IO, no clock, no tasks, no statics: time is an argument.
//!
//! - [`infrastructure`]: chapter 2's nouns: requests, responses, headers, bodies, URLs, origins ...
//! - [`rules`]: the judgements, each a pure function to a verdict that names its reason.
//! - [`hsts`], [`service_workers`]: the neighbours.
//! - [`rulings`]: the sum of all verdicts, and the network error that bears one.
//! - [`fixes`]: edits of answers, and which one answers a refusal.
//! - [`wire_faults`]: what goes wrong below the rules.
//! - [`trace`]: the events of a fetch.
//! - [`tape`]: the requests and answers that the events of a fetch tell of.
//! - [`ports`]: the page of traits: all that the engine needs of the world.

pub mod fixes;
pub mod hsts;
pub mod infrastructure;
pub mod ports;
pub mod rules;
pub mod rulings;
pub mod service_workers;
pub mod tape;
pub mod trace;
pub mod wire_faults;
