//! The Standard's nouns: [Infrastructure](https://fetch.spec.whatwg.org/#infrastructure) and what it borrows from its neighbours.

pub mod abort_reason;
pub mod blobs;
pub mod bodies;
pub mod body_extraction;
pub mod clients;
pub mod connections;
pub mod content_length;
pub mod data_urls;
pub mod form_data;
pub mod header_list;
pub mod header_names;
pub mod header_values;
pub mod methods;
pub mod mime_types;
pub mod multipart;
pub mod origins;
pub mod package_data;
pub mod percent_encoding;
pub mod ranges;
pub mod requests;
pub mod responses;
pub mod statuses;
pub mod structured_fields;
pub mod timing;
pub mod url;
pub mod urlencoded;
