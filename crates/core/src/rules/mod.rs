//! The judgements: pure functions from values to a verdict that names its reason and evidence. Time and randomness are arguments.

pub mod authentication;
pub mod cors_check;
pub mod cors_preflight;
pub mod cors_preflight_cache;
pub mod cors_safelists;
pub mod cross_origin_resource_policy;
pub mod departures;
pub mod fetch_metadata;
pub mod header_guards;
pub mod mime_blocking;
pub mod mixed_content;
pub mod network_gate;
pub mod origin_header;
pub mod port_blocking;
pub mod range_requested;
pub mod redirect;
pub mod redirect_mode;
pub mod referrer;
pub mod request_headers;
pub mod response_filtering;
pub mod response_tainting;
pub mod schemes;
pub mod subresource_integrity;
pub mod tao_check;
pub mod unencoded_digest;
pub mod verdict;
