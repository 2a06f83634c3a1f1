//! The whole path through real loopback sockets.

mod addresses;
mod bad_http2;
mod bad_input;
mod bombs;
mod h2;
mod messages;
mod proxies;
mod redirects;
mod resources;
mod support;
