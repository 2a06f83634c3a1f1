//! Chapter 4 of the Fetch Standard, one algorithm a file.

pub mod content_codings;
