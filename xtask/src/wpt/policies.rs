//! The policies that a test's page or worker was delivered with, as options of the command.
//!
//! What the server really sends decides, so that `.headers`, `.sub.headers` and handlers all count.

/// What of them the command knows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Policies {
    referrer_policy: Option<String>,
    /// Pairs of an option and its value.
    others: Vec<(&'static str, String)>,
}

/// Headers that may be there several times, and their options.
const OPTIONS: [(&str, &str); 5] = [
    ("content-security-policy", "--csp"),
    ("content-security-policy-report-only", "--csp-report-only"),
    ("reporting-endpoints", "--reporting-endpoints"),
    ("integrity-policy", "--integrity-policy"),
    ("integrity-policy-report-only", "--integrity-policy-report-only"),
];

/// Directives that a `<meta>` cannot have: <https://html.spec.whatwg.org/#attr-meta-http-equiv-content-security-policy>
const NOT_IN_META: [&str; 3] = ["report-uri", "frame-ancestors", "sandbox"];

/// The words that are a policy: <https://w3c.github.io/webappsec-referrer-policy/#enumdef-referrerpolicy>
const REFERRER_POLICIES: [&str; 8] = [
    "no-referrer",
    "no-referrer-when-downgrade",
    "same-origin",
    "origin",
    "strict-origin",
    "origin-when-cross-origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
];

impl Policies {
    /// Those of an answer's headers.
    pub(super) fn of(headers: &[(String, String)]) -> Policies {
        let mut policies = Policies::default();
        for (name, value) in headers {
            if name == "referrer-policy" {
                // The last word that is understood counts.
                let mut words = value.split(',').map(|word| word.trim().to_ascii_lowercase());
                let known = words.rfind(|word| REFERRER_POLICIES.contains(&&**word));
                policies.referrer_policy = known.or(policies.referrer_policy.take());
            }
            if let Some((_, option)) = OPTIONS.iter().find(|(known, _)| known == name)
                && !is_void(value)
            {
                policies.others.push((option, value.clone()));
            }
        }
        policies
    }

    /// What the page itself says of them.
    pub(super) fn meta(&mut self, referrer_policy: Option<String>, csp: &[String]) {
        self.referrer_policy = referrer_policy.or(self.referrer_policy.take());
        for policy in csp {
            let directives = policy.split(';').filter(|directive| {
                let name = directive.split_ascii_whitespace().next().unwrap_or_default();
                !NOT_IN_META.contains(&&*name.to_ascii_lowercase())
            });
            let policy = directives.collect::<Vec<_>>().join(";");
            if !is_void(&policy) {
                self.others.push(("--csp", policy));
            }
        }
    }

    /// As the command takes them.
    pub(super) fn arguments(&self) -> Vec<String> {
        let referrer_policy = self.referrer_policy.iter().map(|policy| ("--referrer-policy", policy));
        let others = self.others.iter().map(|(option, value)| (*option, value));
        referrer_policy.chain(others).map(|(option, value)| format!("{option}={value}")).collect()
    }
}

/// Is there nothing that a policy could be read of?
fn is_void(value: &str) -> bool {
    value.chars().all(|c| c.is_ascii_whitespace() || matches!(c, ';' | ','))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_meta() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut policies = Policies::of(&[
            pair("content-type", "text/html"),
            pair("content-security-policy", "img-src 'none', connect-src a.test"),
            pair("content-security-policy", " ;,"),
            pair("content-security-policy-report-only", "default-src 'self'; report-uri /r"),
            pair("reporting-endpoints", "a=\"/b\""),
            pair("referrer-policy", "origin, Unsafe-URL, whatever"),
            pair("referrer-policy", "whatever"),
        ]);
        let headers = [
            "--referrer-policy=unsafe-url",
            "--csp=img-src 'none', connect-src a.test",
            "--csp-report-only=default-src 'self'; report-uri /r",
            "--reporting-endpoints=a=\"/b\"",
        ];
        assert_eq!(policies.arguments(), headers);
        let csp = ["connect-src 'none'; Report-URI /r;sandbox", "report-uri /only"].map(str::to_owned);
        policies.meta(Some("origin".to_owned()), &csp);
        let mut expected = headers.to_vec();
        expected[0] = "--referrer-policy=origin";
        expected.push("--csp=connect-src 'none'");
        assert_eq!(policies.arguments(), expected);
    }
}
