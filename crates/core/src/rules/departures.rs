//! Where browsers are measured to depart from the Standard: switches, so that a fetch can be decided as one of them does.
//!
//! The default is the Standard. Which browser departs where, by which measurement, is data of `inspect/browsers.rs`.

/// Departures from the Standard; none by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Departures {
    /// `Access-Control-Allow-Headers: *` covers `Authorization`, against step 7.6 of CORS-preflight fetch. With
    /// credentials it covers nothing all the same.
    pub wildcard_covers_authorization: bool,
    /// No redirect of a page's fetch may bring a username or password, within one origin neither, nor under mode "no-cors":
    /// wider than steps 9 and 10 of HTTP-redirect fetch.
    pub no_credentials_in_redirects: bool,
}
