//! [Referrer policies](https://w3c.github.io/webappsec-referrer-policy/#referrer-policies): the words; what each sends is judged in `rules/referrer.rs`.

use crate::infrastructure::words::words;

words! {
    /// <https://w3c.github.io/webappsec-referrer-policy/#referrer-policies>, the empty string among them.
    ReferrerPolicy {
        Empty = "",
        NoReferrer = "no-referrer",
        NoReferrerWhenDowngrade = "no-referrer-when-downgrade",
        SameOrigin = "same-origin",
        Origin = "origin",
        StrictOrigin = "strict-origin",
        OriginWhenCrossOrigin = "origin-when-cross-origin",
        StrictOriginWhenCrossOrigin = "strict-origin-when-cross-origin",
        UnsafeUrl = "unsafe-url",
    }
}

impl Default for ReferrerPolicy {
    /// The empty string: the next in line decides.
    fn default() -> Self {
        ReferrerPolicy::Empty
    }
}
