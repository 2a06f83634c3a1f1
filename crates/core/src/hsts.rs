//! [HTTP Strict Transport Security](https://www.rfc-editor.org/rfc/rfc6797): parsing the header, matching known hosts.

/// [Known HSTS host domain name matching](https://www.rfc-editor.org/rfc/rfc6797#section-8.2).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HstsMatch {
    /// Not a known host.
    Unknown,
    /// The host itself is known.
    Congruent,
    /// A superdomain is known, with includeSubDomains.
    Superdomain {
        /// Which.
        domain: String,
    },
}
