//! The whole path: the face, the engine and the network, through real loopback sockets.
//!
//! The rows of the field's security history (what went wrong with peers) and the test, here or elsewhere, that shows
//! whether this house has the fault. A row stands in its file as `row_NN_...`.
//!
//! | row | fault | where |
//! |---|---|---|
//! | 1-18 | credentials and other secrets on redirects, by every call, name, status and kind of origin | `redirects` |
//! | 19, 20, 23, 24 | proxies: whose credentials, whose tunnel, whose hosts | `proxies` |
//! | 21 | what was typed for one origin sent to another | `redirects` |
//! | 22 | a cookie option of the command line | the command has none before there are cookies; its header, in `core` |
//! | 25, 26 | what is added across origins; absolute URLs against a base | `redirects` |
//! | 27, 28 | Referer with credentials, or again | `redirects` |
//! | 29-39, 45 | cookies, HTTP/3 | they do not exist yet |
//! | 40-43 | HSTS of several hosts and spellings | `core`; whole, in `pages` |
//! | 44, 46, 48 | TLS sessions and settings apart; partial wildcards | `proxies`; whose sessions are resumed with whom, in `net` |
//! | 47 | rustls-webpki | `cargo xtask licences` (deny.toml) |
//! | 49 | leaks with bad certificates | `tests/memory.rs` |
//! | 50-59, 64, 65 | HTTP cache, XMLHttpRequest, Cache API | they do not exist yet |
//! | 60, 61 | preflight entries, parts of opaque wholes | `core` and `fetching` |
//! | 62, 63 | opaque responses by every route; timing without leave | `messages` |
//! | 66 | servers that match origins loosely | `messages`; each verdict in `core`, its words in `inspect` |
//! | 67 | integrity | `messages` |
//! | 68, 69 | line breaks from the caller | `messages`; blobs, forms and boundaries also in `core` |
//! | 70, 71 | framing by the caller | `messages`; by the engine, in `net` |
//! | 72-75 | framing by the server | `messages` |
//! | 76, 77, 79-83 | which host is connected to, and which may be | `addresses`; sixty spellings in `net` |
//! | 78 | IDNA | `core`, over WPT's data; ada-url does it |
//! | 84, 85, 87-90, 94, 99 | codings, bombs, heads, spaces, boundaries, push, limits at every hop | `resources` |
//! | 85-88 | the same, and unread bodies, in bytes of memory | `tests/memory.rs` |
//! | 86 | unread bodies and slow clones | `resources` |
//! | 91 | event streams without an end | `js/src/event_stream.rs`; whole, in `js/tests/event_source.rs` |
//! | 92 | WebSocket: frames, lengths, compression, windows | `web_sockets`; windows in `core`, each frame in `net` |
//! | 95 | HTTP/3 | it does not exist yet |
//! | 93 | floods over HTTP/2 | `bad_http2`; the version in `cargo xtask licences` |
//! | 96, 97 | bytes, hickory | `cargo xtask licences`; names are resolved by the system |
//! | 98 | bodies beside their Content-Length | `messages` |
//! | 100 | TLS behind a proxy | `proxies` |
//!
//! Besides: `fixes` (what would have let a refused fetch pass), `sending` (what the owner
//! keeps back), `bad_input` and `bad_http2` (whatever a server or caller gives is a typed error), `faces`, `bodies`, `ends`, `later`
//! and `pages` (the face's own promises).

mod addresses;
mod bad_http2;
mod bad_input;
mod bodies;
mod bombs;
mod ends;
mod faces;
mod fixes;
mod h2;
mod later;
mod messages;
mod pages;
mod proxies;
mod redirects;
mod resources;
mod sending;
mod support;
mod web_socket_time_outs;
mod web_sockets;
mod web_sockets_http2;
