//! Chapter 4 of the Fetch Standard, [Fetching](https://fetch.spec.whatwg.org/#fetching): one algorithm a file, `async`, no runtime.
//!
//! Read from the top: [`fetch`] makes the fetch params and runs [`main_fetch`], which forks by
//! response tainting into [`override_fetch`] and then [`scheme_fetch`] or [`http_fetch`]; that one asks a service worker
//! ([`handle_fetch`]), a preflight ([`cors_preflight_fetch`]) and the network by way of the cache
//! ([`http_network_or_cache_fetch`], [`http_network_fetch`]); a redirect goes through [`http_redirect_fetch`] back to main
//! fetch. [`response_handover`] ends it. The opening handshake of a WebSocket is a fetch, too:
//! [`establish_a_web_socket_connection`]. What [`fetch_later`] lets in [`deferred_fetching`] keeps, and sends when its time has come.
//!
//! Beside them: [`user_agent`] (all that the Standard says a user agent has), [`fetch_params`] (`judge`, abort,
//! terminate), [`fetch_groups`], [`body_reading`] and [`content_codings`].
//!
//! Every step stands in the Standard's order; every decision is a verdict of `sofetch_core::rules` passed through
//! [`fetch_params::FetchParams::judge`].

pub mod body_reading;
pub mod content_codings;
pub mod cors_preflight_fetch;
pub mod deferred_fetching;
pub mod establish_a_web_socket_connection;
pub mod fetch;
pub mod fetch_groups;
pub mod fetch_later;
pub mod fetch_params;
pub mod handle_fetch;
pub mod http_fetch;
pub mod http_network_fetch;
pub mod http_network_or_cache_fetch;
pub mod http_redirect_fetch;
pub mod main_fetch;
pub mod override_fetch;
pub mod response_handover;
pub mod scheme_fetch;
pub mod user_agent;
