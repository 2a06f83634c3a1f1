//! Stories of chapter 4, one a behaviour: what a fetch does on a scripted network, compared with its printed tree under `tests/stories`.
//!
//! `UPDATE_STORIES=1` writes the trees; whoever does so reads them.

#![allow(clippy::unwrap_used)]

mod caching;
mod common;
mod credentials;
mod deferred;
mod ends;
mod isolation;
mod owner;
mod policies;
mod ports;
mod preflights;
mod redirects;
mod schemes;
mod security;
mod shape;
mod simple;
mod timing;
mod web_sockets;
mod wire;
mod workers;
