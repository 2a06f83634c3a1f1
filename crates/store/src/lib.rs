//! What an agent remembers: the stores behind the ports of `sofetch_core::ports`.
//!
//! The rules stand in `sofetch_core`, as pure state with time as an argument; here is only who holds that state. The
//! contract of every store: bounded, shared by any number of fetches, gone with its agent. Cookies, the HTTP cache and
//! stores on disk are not built yet.

pub mod memory;
