//! The judgements: pure functions from values to a verdict that names its reason and evidence. Time and randomness are arguments.

pub mod cors_preflight_cache;
pub mod port_blocking;
pub mod verdict;
