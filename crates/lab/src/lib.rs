//! The lab: a page on loopback where one asks as a script of an origin would, sees each decision with its reason, changes the
//! server's answers, and sees what becomes of the verdict.
//!
//! It decides nothing. What it tells are the stories of `inspect` over the events of the real engine; what becomes of a
//! changed answer says the engine, run again over the recorded exchange. The page shows what it is handed.
//!
//! - [`server`]: the listeners, the routes, what a request may cost; `limited`: how many connections there are.
//! - `gate`: who may call: host, origin, token. `page`: the page's files, and under which policy they are served.
//! - `api`: the calls of the page; `exchanges`: a fetch and its replays; `answers`: the answers as one edits them.
//! - [`ports`]: what the lab asks of the program that starts it; `examples`: the fetches to begin with.

mod answers;
mod api;
mod examples;
mod exchanges;
mod gate;
mod limited;
mod page;
pub mod ports;
pub mod server;

pub use ports::{Ask, Imported, Made, NotImported, Ports};
pub use server::{Lab, Settings};
