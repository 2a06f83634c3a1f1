//! The Standard's nouns: [Infrastructure](https://fetch.spec.whatwg.org/#infrastructure) and what it borrows from its neighbours.

pub mod abort_reason;
pub mod blobs;
pub mod bodies;
pub mod clients;
pub mod form_data;
pub mod header_list;
pub mod header_names;
pub mod header_values;
pub mod methods;
pub mod origins;
pub mod requests;
pub mod responses;
pub mod statuses;
pub mod timing;
pub mod url;
