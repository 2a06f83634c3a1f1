//! The whole path through real loopback sockets.

mod addresses;
mod bad_http2;
mod bad_input;
mod bodies;
mod bombs;
mod ends;
mod faces;
mod h2;
mod messages;
mod pages;
mod proxies;
mod redirects;
mod resources;
mod support;
