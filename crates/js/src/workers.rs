//! [Web workers](https://html.spec.whatwg.org/#workers), each on a thread of its own, and what goes from realm to realm.
//!
//! A page and its workers are a [`Cluster`]: one agent, one thread that serves its sockets, one store of blob URLs, one printer. Each
//! has an engine of its own, and values of an engine never leave its thread: what goes to another is a [`Message`].
//!
//! - `dedicated.rs` makes and ends workers for their owner, `fetching.rs` fetches their scripts, `running.rs` is their thread.
//! - `messages.rs` is what structured serialization made, on its way; `ports.rs` and `broadcasting.rs` say whose it is.
//! - `census.rs` knows when nothing will ever happen again, `stop.rs` who is to end.

pub(crate) mod broadcasting;
pub(crate) mod census;
mod cluster;
pub(crate) mod dedicated;
mod fetching;
mod lines;
pub(crate) mod messages;
pub(crate) mod ports;
mod running;
pub(crate) mod stop;

pub(crate) use cluster::Cluster;
pub(crate) use dedicated::Children;
pub(crate) use running::{Owner, Tether};
