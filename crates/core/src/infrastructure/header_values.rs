//! Reading header values.

use crate::infrastructure::header_list::HeaderList;

/// What [`extract_header_list_values`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderListValues {
    /// Null: no such header.
    Null,
    /// Failure: the value does not fit the header's ABNF, or a single-valued header came twice.
    Failure {
        /// The combined value, isomorphic decoded.
        said: String,
    },
    /// The values, in order.
    Values(Vec<Vec<u8>>),
}

/// <https://fetch.spec.whatwg.org/#extract-header-list-values>
pub fn extract_header_list_values(name: &str, list: &HeaderList) -> HeaderListValues {
    let _ = (name, list);
    HeaderListValues::Null
}
