//! How evidence stands in a sentence: in backticks, escaped, cut to a length that a person reads, without credentials.

use crate::safe_text::{Secrets, as_written, escaped, redacted_urls};

/// Longer evidence is cut.
const LONGEST: usize = 160;
/// More items are counted, not listed.
pub(super) const MOST: usize = 8;

/// Evidence in backticks.
pub(super) fn quoted(said: &str) -> String {
    format!("`{}`", plain(said))
}

/// Evidence without backticks: what a library or the system said of a fault.
pub(super) fn plain(said: &str) -> String {
    let written = as_written(said);
    let clean = redacted_urls(&written, Secrets::Redacted);
    match clean.char_indices().nth(LONGEST) {
        None => escaped(&*clean).into_owned(),
        Some((end, _)) => format!("{}... ({} characters)", escaped(&clean[..end]), clean.chars().count()),
    }
}

/// `a`, `b` and `c`.
pub(super) fn listed<S: AsRef<str>>(items: &[S]) -> String {
    let shown: Vec<String> = items.iter().take(MOST).map(|item| quoted(item.as_ref())).collect();
    match (shown.as_slice(), items.len().saturating_sub(MOST)) {
        ([], _) => "nothing".to_owned(),
        ([one], 0) => one.clone(),
        ([first @ .., last], 0) => format!("{} and {last}", first.join(", ")),
        (all, more) => format!("{} and {more} more", all.join(", ")),
    }
}

/// A byte of a header's value, as a person knows it.
pub(super) fn byte(byte: u8) -> String {
    match byte {
        b'!'..=b'~' => format!("`{}`", byte as char),
        b' ' => "a space".to_owned(),
        _ => format!("the byte 0x{byte:02X}"),
    }
}

/// `1 byte`, `2 bytes`.
pub(super) fn count(number: impl Into<u64>, noun: &str) -> String {
    match number.into() {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}
