//! Several-origin loopback servers with a certificate authority of their own: for demonstrations, and for tests that
//! need real sockets.
//!
//! - [`authority`]: the authority, made at start, and the identities it issues, good and faulty.
//! - [`server`]: a server on a port of 127.0.0.1 or ::1, its handler, its log.
//! - [`reply`]: what a handler answers, to the byte.
//! - `request_reader`, `connection`: HTTP/1.1 by hand, so that a server can also break it.
//! - [`request_seen`]: what a server saw.
//! - `web_socket`: frames of WebSockets, for replies that switch to them.
//! - [`site`], [`routes`], [`decisions`]: the world of the demonstrations: `https://javascript.info` and `https://site.com`;
//!   [`changes`]: what is changed of its answers while it runs.
//!
//! HTTP/1.1 only. Nothing here leaves loopback, and nothing is written to disk.

pub mod authority;
pub mod changes;
mod connection;
pub mod decisions;
mod gzip;
pub mod reply;
mod request_reader;
pub mod request_seen;
pub mod routes;
pub mod server;
pub mod site;
mod web_socket;

pub use authority::{CertificateAuthority, Identity};
pub use changes::{AnswerChange, AnswerEdit};
pub use reply::{Ending, Framing, Head, Piece, Reply};
pub use request_seen::RequestSeen;
pub use routes::{API_ROUTES, PAGE_ROUTES, Route, RouteAnswer, RouteBody};
pub use server::{BeforeBody, BoxFuture, Handler, Server, ServerConfig, answering, answering_later};
pub use site::World;
pub use web_socket::{FrameSeen, frame};
