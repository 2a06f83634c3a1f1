//! [Reports](https://w3c.github.io/reporting/#concept-reports): what a violated policy has somebody told.

use crate::infrastructure::structured_fields::{Dictionary, Malformed, Member, StructuredField};
use crate::infrastructure::url::Url;

/// A violation report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// `coep`, `csp-violation`, `csp-report` (for the deprecated `report-uri`), `integrity-violation`.
    pub kind: &'static str,
    /// The endpoint's name; a URL for a `csp-report`; empty for nowhere.
    pub endpoint: String,
    /// Key and value pairs of its body.
    pub body: Vec<(&'static str, ReportValue)>,
}

/// A value in a report's body, as JSON knows it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum ReportValue {
    /// What is not known.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A number.
    Number(u32),
    /// A string.
    Text(String),
}

impl From<&str> for ReportValue {
    fn from(text: &str) -> ReportValue {
        ReportValue::Text(text.to_owned())
    }
}

impl From<String> for ReportValue {
    fn from(text: String) -> ReportValue {
        ReportValue::Text(text)
    }
}

/// <https://w3c.github.io/reporting/#endpoint>: who is told of reports that name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The name that policies use.
    pub name: String,
    /// Where reports go.
    pub url: Url,
}

/// <https://w3c.github.io/reporting/#process-header>, given the value of `Reporting-Endpoints` and the response's URL.
///
/// # Errors
/// A value that is no dictionary, where the text has no endpoint.
pub fn process_reporting_endpoints(value: &[u8], response_url: &Url) -> Result<Vec<Endpoint>, Malformed> {
    // 2, 3.
    let dictionary = Dictionary::parse(value)?;
    // 1. NB: asked second, so that who typed the value hears what is wrong with it.
    if !response_url.origin().is_potentially_trustworthy() {
        return Ok(Vec::new());
    }
    // 5. NB: a dictionary has each key once.
    let endpoint = |(name, member): &(String, Member)| {
        // 5.1, 5.2.
        let Member::Item(item) = member else { return None };
        let url = Url::parse(item.value.as_string()?, Some(response_url)).ok()?;
        // 5.3 to 5.5.
        let is_trustworthy = url.origin().is_potentially_trustworthy();
        is_trustworthy.then(|| Endpoint { name: name.clone(), url })
    };
    Ok(dictionary.0.iter().filter_map(endpoint).collect())
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
    fn reporting_endpoints_table() {
        for (row, value, page, endpoints) in [
            ("one", "a=\"/r?x\"", "https://a.test/p/q", &[("a", "https://a.test/r?x")][..]),
            (
                "parameters are passed over",
                "a=\"r\";b=c, d=\"https://d.test/\"",
                "https://a.test/p/q",
                &[("a", "https://a.test/p/r"), ("d", "https://d.test/")],
            ),
            (
                "the last of a name counts",
                "a=\"/1\", a=\"/2\"",
                "https://a.test/",
                &[("a", "https://a.test/2")],
            ),
            (
                "neither token, list, nor what is no URL",
                "a=b, c=(\"/r\"), d, e=\"https://[\"",
                "https://a.test/",
                &[],
            ),
            ("not in the clear", "a=\"http://a.test/\"", "https://a.test/", &[]),
            ("not of a page in the clear", "a=\"https://a.test/\"", "http://a.test/", &[]),
            (
                "but on the machine itself",
                "a=\"/r\"",
                "http://localhost:1/",
                &[("a", "http://localhost:1/r")],
            ),
        ] {
            let page = Url::parse(page, None).expect("a URL of the table");
            let found = process_reporting_endpoints(value.as_bytes(), &page).expect("a dictionary");
            let found: Vec<_> = found.iter().map(|found| (&*found.name, found.url.href())).collect();
            assert_eq!(found, endpoints, "{row}");
        }
        let page = Url::parse("https://a.test/", None).expect("a URL");
        assert!(process_reporting_endpoints(b"a=\"", &page).is_err());
    }

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
