//! Conformance data of the Web Platform Tests for URLs and for the policies of a request, read where it is present.

mod data;
mod policies;
mod urls;
