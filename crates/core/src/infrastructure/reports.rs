//! [Reports](https://w3c.github.io/reporting/#concept-reports): what a violated policy has somebody told.

use crate::infrastructure::url::Url;

/// A violation report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// `coep`, `csp-violation`, `csp-report` (for the deprecated `report-uri`), `integrity-violation`.
    pub kind: &'static str,
    /// The endpoint's name; a URL for a `csp-report`; empty for nowhere.
    pub endpoint: String,
    /// Key and value pairs of its body.
    pub body: Vec<(&'static str, String)>,
}

/// <https://w3c.github.io/webappsec-csp/#strip-url-for-use-in-reports>
pub fn strip_url_for_use_in_reports(url: &Url) -> String {
    // 1.
    if !url.has_http_scheme() {
        return url.scheme().to_owned();
    }
    // 2 to 5.
    url.without_credentials().href_without_fragment().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_stripped() {
        for (url, stripped) in [
            ("https://u:p@a.test:8443/p?q#f", "https://a.test:8443/p?q"),
            ("http://a.test", "http://a.test/"),
            ("data:text/plain,secret", "data"),
            ("blob:https://a.test/1", "blob"),
            ("wss://a.test/", "wss"),
        ] {
            let url = Url::parse(url, None).expect("a URL of the table");
            assert_eq!(strip_url_for_use_in_reports(&url), stripped);
        }
    }
}
