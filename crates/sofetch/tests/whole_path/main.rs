//! The whole path through real loopback sockets.

mod addresses;
mod bombs;
mod h2;
mod messages;
mod proxies;
mod redirects;
mod resources;
mod support;
