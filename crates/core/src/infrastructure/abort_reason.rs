//! The reason with which a fetch controller was aborted ([serialized abort reason](https://fetch.spec.whatwg.org/#fetch-controller-serialized-abort-reason)).
//!
//! A value that travels through the engine unread; the face that made it reads it again.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// Why somebody called `abort`.
#[derive(Clone)]
pub enum AbortReason {
    /// No reason was given: an `AbortError`.
    AbortError,
    /// `AbortSignal.timeout()` fired: a `TimeoutError`.
    TimeoutError,
    /// The caller's own value; a script's is what it says, a `String`.
    Other(Arc<dyn Any + Send + Sync>),
}

impl AbortReason {
    /// What an own reason says, where it is a text. It is a stranger's word: escape it.
    pub fn said(&self) -> Option<&str> {
        let AbortReason::Other(reason) = self else { return None };
        let text = reason.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| reason.downcast_ref::<&'static str>().copied())
    }
}

impl fmt::Debug for AbortReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AbortReason::AbortError => "AbortError",
            AbortReason::TimeoutError => "TimeoutError",
            AbortReason::Other(_) => "Other(..)",
        })
    }
}
