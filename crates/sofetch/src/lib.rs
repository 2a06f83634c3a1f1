//! The [Fetch Standard](https://fetch.spec.whatwg.org/) as a Rust library: fetch as a page of an origin, under a
//! browser's rules, or on your own behalf, as curl does.
//!
//! ```no_run
//! # async fn example() -> Result<(), sofetch::Error> {
//! let mut response = sofetch::fetch("https://api.test/items").await?;
//! let items: serde_json::Value = response.json().await?;
//! # let _ = items; Ok(()) }
//! ```
//!
//! That was on your own behalf: no origin asks, so nothing is refused or hidden. A **page** is an origin with a base URL
//! and policies; what it fetches goes through CORS, preflights, credentials modes, referrer policies and filters, and every
//! refusal says which rule refused, on what evidence:
//!
//! ```no_run
//! # async fn example() -> Result<(), sofetch::Error> {
//! use sofetch::{Request, UserAgent};
//! let agent = UserAgent::builder().build()?;
//! let page = agent.page("https://app.test/")?;
//! let request = Request::new("https://api.test/items/1").method("PATCH").json(&serde_json::json!({"name": "lamp"}));
//! match page.fetch(request).await {
//!     Ok(response) => println!("{} {}", response.status(), response.url()),
//!     Err(error) => println!("{error:#}"),
//! }
//! # Ok(()) }
//! ```
//!
//! # Defaults
#![doc = include_str!("../docs/defaults.md")]
//! # WebSockets
//!
//! [`UserAgent::web_socket`] and [`Page::web_socket`] open one: the handshake is a fetch, and what refuses a fetch refuses it.
//!
//! ```no_run
//! # async fn example() -> Result<(), sofetch::Error> {
//! let mut socket = sofetch::WebSocket::connect("wss://api.test/chat").await?;
//! socket.send("hello").await?;
//! while let Some(message) = socket.next().await? {
//!     println!("{message:?}");
//! }
//! # Ok(()) }
//! ```
//!
//! # Later
//!
//! [`Page::fetch_later`] keeps a request until its page is left, or for a time: what a page has to tell a server when it goes. It is
//! refused at once where it may not wait, and [`Page::close_and_wait`] ends the page with all that it still has to send.
//!
//! # Cancellation
//!
//! A fetch is a future: dropping it ends it, and what it held on the network is closed or given back. An
//! [`AbortSignal`] does the same from elsewhere, and reaches the response's body as well. Reading a body is cancel-safe
//! chunk by chunk ([`BodyStream::chunk`]); [`Response::text`] and its kin use the body up when they begin.
//!
//! # Runtimes
//!
//! All sockets of a [`UserAgent`] belong to one tokio runtime: the handle given to its builder, else that in which it
//! first fetches, else a small one on a thread of its own. The futures themselves may be polled anywhere.
//!
//! # Features
//!
//! `ring` (default) or `aws-lc-rs`: the cryptography. `blocking`: the same face without `async`. `tower`:
//! `tower_service::Service` for agents and pages.

mod abort;
mod agent;
#[cfg(feature = "blocking")]
pub mod blocking;
mod body;
pub mod engine;
mod error;
mod fetch;
mod fetch_later;
mod headers;
mod http_types;
mod page;
pub mod replay;
mod request;
mod response;
mod retry;
mod send_policy;
#[cfg(feature = "tower")]
mod service;
mod smallest_changes;
mod web_socket;

pub use abort::{AbortController, AbortSignal, Registration};
pub use agent::{UserAgent, UserAgentBuilder};
pub use body::BodyStream;
pub use error::{Error, ErrorKind, Misuse};
pub use fetch::fetch;
pub use fetch_later::FetchLaterResult;
pub use headers::{Guard, Headers};
pub use http_types::HttpBody;
pub use page::{Page, PageBuilder};
pub use request::Request;
pub use response::{CLONE_LIMIT, Response, ResponseType};
pub use retry::{Retry, RetryMethods};
pub use send_policy::{Outgoing, SendPolicy};
pub use web_socket::WebSocket;

pub use bytes::Bytes;
pub use sofetch_core as core;
pub use sofetch_core::infrastructure::abort_reason::AbortReason;
pub use sofetch_core::infrastructure::blobs::{Blob, File};
pub use sofetch_core::infrastructure::bodies::{BodyError, ByteStream};
pub use sofetch_core::infrastructure::clients::{EmbedderPolicy, EmbedderPolicyValue, PolicyContainer};
pub use sofetch_core::infrastructure::form_data::{FormData, FormDataEntry, FormDataValue};
pub use sofetch_core::infrastructure::origins::Origin;
pub use sofetch_core::infrastructure::requests::{
    CacheMode, CredentialsMode, Destination, Mode, Priority, RedirectMode, ReferrerPolicy,
};
pub use sofetch_core::infrastructure::url::{InvalidUrl, Url};
pub use sofetch_core::infrastructure::web_sockets::{WebSocketClosure, WebSocketMessage};
pub use sofetch_core::rulings::{NetworkError, Reason, Ruling};
pub use sofetch_core::trace::{Event, Observer, TraceId};
pub use sofetch_core::wire_faults::{NetworkFault, PeerMisbehaved, Phase, WebSocketBreach, WireFault};
pub use sofetch_fetching::fetch_params::ReportedTiming;
pub use sofetch_net as net;
