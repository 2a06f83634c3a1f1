//! [Source expressions](https://w3c.github.io/webappsec-csp/#framework-directive-source-list): the words of a fetch directive, by their grammar.

use crate::infrastructure::words::words;
use crate::rules::subresource_integrity::HashAlgorithm;

/// <https://w3c.github.io/webappsec-csp/#source-expression>, borrowed from its directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceExpression<'a> {
    /// `*`: every URL of HTTP(S), and of the page's own scheme.
    Star,
    /// `https:`, without the colon.
    Scheme(&'a str),
    /// `https://*.example.com:12/path/`
    Host(HostSource<'a>),
    /// `'self'` and its kin.
    Keyword(Keyword),
    /// `'nonce-...'`: the part that must be identical.
    Nonce(&'a str),
    /// `'sha256-...'`
    Hash {
        /// By which algorithm.
        algorithm: HashAlgorithm,
        /// The digest as it was written, in base64 or base64url.
        value: &'a str,
    },
}

/// <https://w3c.github.io/webappsec-csp/#grammardef-host-source>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostSource<'a> {
    /// Without `://`.
    pub scheme: Option<&'a str>,
    /// `*`, or a name, perhaps with `*.` before it.
    pub host: &'a str,
    /// `*`, or digits.
    pub port: Option<&'a str>,
    /// Empty, or from its slash on.
    pub path: &'a str,
}

words! {
    /// <https://w3c.github.io/webappsec-csp/#grammardef-keyword-source>, and `'none'`.
    Keyword {
        None = "'none'",
        Own = "'self'",
        UnsafeInline = "'unsafe-inline'",
        UnsafeEval = "'unsafe-eval'",
        StrictDynamic = "'strict-dynamic'",
        UnsafeHashes = "'unsafe-hashes'",
        ReportSample = "'report-sample'",
        UnsafeAllowRedirects = "'unsafe-allow-redirects'",
        WasmUnsafeEval = "'wasm-unsafe-eval'",
        TrustedTypesEval = "'trusted-types-eval'",
        ReportSha256 = "'report-sha256'",
        ReportSha384 = "'report-sha384'",
        ReportSha512 = "'report-sha512'",
        UnsafeWebtransportHashes = "'unsafe-webtransport-hashes'",
    }
}

impl SourceExpression<'_> {
    /// The expression that this word is; `None` for what no grammar knows, which matches nothing.
    pub fn parse(word: &str) -> Option<SourceExpression<'_>> {
        if word == "*" {
            return Some(SourceExpression::Star);
        }
        if let Some(quoted) = word.strip_prefix('\'') {
            return quoted_expression(word, quoted.strip_suffix('\'')?);
        }
        match word.strip_suffix(':') {
            Some(scheme) if is_scheme(scheme) => Some(SourceExpression::Scheme(scheme)),
            _ => host_source(word).map(SourceExpression::Host),
        }
    }
}

/// A keyword, a nonce or a hash. Only what is base64 has a case.
fn quoted_expression<'a>(word: &'a str, inner: &'a str) -> Option<SourceExpression<'a>> {
    let keyword = Keyword::ALL.iter().find(|keyword| word.eq_ignore_ascii_case(keyword.as_str()));
    if let Some(&keyword) = keyword {
        return Some(SourceExpression::Keyword(keyword));
    }
    let (kind, value) = inner.split_once('-')?;
    if !is_base64_value(value) {
        return None;
    }
    if kind.eq_ignore_ascii_case("nonce") {
        return Some(SourceExpression::Nonce(value));
    }
    HashAlgorithm::from_token(kind).map(|algorithm| SourceExpression::Hash { algorithm, value })
}

fn host_source(word: &str) -> Option<HostSource<'_>> {
    let (scheme, rest) = match word.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, word),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let valid = scheme.is_none_or(is_scheme) && is_host(host) && port.is_none_or(is_port) && is_path(path);
    valid.then_some(HostSource { scheme, host, port, path })
}

/// <https://www.rfc-editor.org/rfc/rfc3986#section-3.1>
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// `*`, or labels of letters, digits and hyphens, perhaps with `*.` before and a dot behind them.
fn is_host(text: &str) -> bool {
    let labels = text.strip_prefix("*.").unwrap_or(text);
    let labels = labels.strip_suffix('.').unwrap_or(labels);
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text == "*" || labels.split('.').all(is_label)
}

fn is_port(text: &str) -> bool {
    text == "*" || !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Nothing, or [path-absolute](https://www.rfc-editor.org/rfc/rfc3986#section-3.3) without semicolon and comma.
fn is_path(text: &str) -> bool {
    let mut bytes = text.bytes();
    let mut all = true;
    while let Some(byte) = bytes.next() {
        all &= match byte {
            b'%' => (0..2).all(|_| bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())),
            byte => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+=:@/".contains(&byte),
        };
    }
    all && !text.starts_with("//")
}

/// <https://w3c.github.io/webappsec-csp/#grammardef-base64-value>
fn is_base64_value(text: &str) -> bool {
    let bare = text.trim_end_matches('=');
    !bare.is_empty()
        && text.len() - bare.len() <= 2
        && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_told_by_their_grammar() {
        use SourceExpression::{Hash, Keyword as Word, Nonce, Scheme, Star};
        let host =
            |scheme, host, port, path| Some(SourceExpression::Host(HostSource { scheme, host, port, path }));
        for (word, expression) in [
            ("*", Some(Star)),
            ("https:", Some(Scheme("https"))),
            ("a.custom-scheme+1:", Some(Scheme("a.custom-scheme+1"))),
            ("1s:", None),
            ("a.test", host(None, "a.test", None, "")),
            ("A.Test.", host(None, "A.Test.", None, "")),
            ("*.a.test", host(None, "*.a.test", None, "")),
            ("localhost:8080", host(None, "localhost", Some("8080"), "")),
            ("a.test:*", host(None, "a.test", Some("*"), "")),
            ("*:443", host(None, "*", Some("443"), "")),
            ("https://*", host(Some("https"), "*", None, "")),
            ("https://a.test:12/p/q.js", host(Some("https"), "a.test", Some("12"), "/p/q.js")),
            ("a.test/", host(None, "a.test", None, "/")),
            ("a.test/%41/", host(None, "a.test", None, "/%41/")),
            ("127.0.0.1", host(None, "127.0.0.1", None, "")),
            ("a.test/p?q", None),
            ("a.test/p#f", None),
            ("a.test/%4", None),
            ("a.test//p", None),
            ("a.test:", Some(Scheme("a.test"))),
            ("a_b:", None),
            ("a.test:x", None),
            ("a*.test", None),
            ("*a.test", None),
            ("a..test", None),
            ("[::1]", None),
            ("/p", None),
            ("://a.test", None),
            ("'self'", Some(Word(Keyword::Own))),
            ("'SELF'", Some(Word(Keyword::Own))),
            ("'Strict-Dynamic'", Some(Word(Keyword::StrictDynamic))),
            ("self", host(None, "self", None, "")),
            ("'self", None),
            ("'", None),
            ("'unknown'", None),
            ("'nonce-aB_/-+1='", Some(Nonce("aB_/-+1="))),
            ("'NONCE-a'", Some(Nonce("a"))),
            ("'nonce-'", None),
            ("'nonce-a==='", None),
            ("'nonce-a b'", None),
            ("'sha256-a-b='", Some(Hash { algorithm: HashAlgorithm::Sha256, value: "a-b=" })),
            ("'SHA512-ab'", Some(Hash { algorithm: HashAlgorithm::Sha512, value: "ab" })),
            ("'md5-ab'", None),
        ] {
            assert_eq!(SourceExpression::parse(word), expression, "{word}");
        }
    }
}
