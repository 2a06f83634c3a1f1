//! What a redirect status means under each redirect mode ([HTTP fetch](https://fetch.spec.whatwg.org/#concept-http-fetch), step 6).

use crate::infrastructure::requests::{Mode, RedirectMode, Request};
use crate::infrastructure::statuses::Status;
use crate::rules::verdict::Verdict;

/// What to do with a redirect status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RedirectModeVerdict {
    /// "error": a network error.
    ErrorMode {
        /// The redirect status.
        status: Status,
    },
    /// "manual" of a navigation: the response itself; the navigation follows it step by step.
    ManualNavigation,
    /// "manual": an opaque-redirect filtered response.
    OpaqueRedirect,
    /// "manual" on the user's own behalf: the response itself.
    RealRedirect,
    /// "follow": HTTP-redirect fetch.
    Follow,
}

impl Verdict for RedirectModeVerdict {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-http-fetch";
    fn blocks(&self) -> bool {
        matches!(self, RedirectModeVerdict::ErrorMode { .. })
    }
}

/// HTTP fetch, step 6.3: the switch on the redirect mode.
pub fn redirect_mode(request: &Request, status: Status) -> RedirectModeVerdict {
    match request.redirect_mode {
        RedirectMode::Error => RedirectModeVerdict::ErrorMode { status },
        // DEPARTS: whoever fetches on the user's own behalf may see what the server said.
        RedirectMode::Manual if request.owner => RedirectModeVerdict::RealRedirect,
        RedirectMode::Manual if request.mode == Mode::Navigate => RedirectModeVerdict::ManualNavigation,
        RedirectMode::Manual => RedirectModeVerdict::OpaqueRedirect,
        RedirectMode::Follow => RedirectModeVerdict::Follow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::url::Url;

    #[test]
    fn redirect_mode_table() {
        use RedirectModeVerdict::*;
        for (row, redirect, mode, owner, verdict) in [
            ("error is refused", RedirectMode::Error, Mode::Cors, false, ErrorMode { status: 302 }),
            ("manual is opaque", RedirectMode::Manual, Mode::Cors, false, OpaqueRedirect),
            ("a navigation follows by hand", RedirectMode::Manual, Mode::Navigate, false, ManualNavigation),
            ("the owner sees the redirect", RedirectMode::Manual, Mode::Cors, true, RealRedirect),
            ("follow follows", RedirectMode::Follow, Mode::Cors, false, Follow),
            (
                "error is refused to the owner too",
                RedirectMode::Error,
                Mode::Cors,
                true,
                ErrorMode { status: 302 },
            ),
        ] {
            let mut request = Request::new(Url::parse("https://a.test/", None).expect("a valid URL"));
            request.redirect_mode = redirect;
            request.mode = mode;
            request.owner = owner;
            assert_eq!(redirect_mode(&request, 302), verdict, "{row}");
        }
    }
}
