//! [Classes of header names](https://fetch.spec.whatwg.org/#forbidden-request-header): forbidden, request-body, non-wildcard, privileged.
//!
//! The known names have one-byte ids, so that a class is a table look-up.

/// The id of a known header name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KnownName(u8);

impl KnownName {
    /// A name outside the table.
    pub const UNKNOWN: KnownName = KnownName(0);

    /// Do values of this name carry credentials?
    pub fn is_secret(self) -> bool {
        self.0 != 0
            && matches!(
                NAMES[self.0 as usize - 1],
                "authorization" | "proxy-authorization" | "cookie" | "set-cookie"
            )
    }

    /// The name in lower case; `None` for [`KnownName::UNKNOWN`].
    pub fn as_str(self) -> Option<&'static str> {
        (self.0 != 0).then(|| NAMES[self.0 as usize - 1])
    }
}

/// The id of `name`, matched byte-case-insensitively.
pub fn known_name(name: &[u8]) -> KnownName {
    match NAMES.iter().position(|known| name.eq_ignore_ascii_case(known.as_bytes())) {
        Some(index) => KnownName(index as u8 + 1),
        None => KnownName::UNKNOWN,
    }
}

const NAMES: &[&str] = &["accept", "authorization", "proxy-authorization", "cookie", "set-cookie"];
