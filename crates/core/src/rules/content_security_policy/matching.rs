//! [Matching](https://w3c.github.io/webappsec-csp/#matching-urls): does a URL, a nonce or integrity metadata match a source list?
//!
//! Each answers with the word of the list that matches, as evidence.

use crate::infrastructure::origins::{Host, Origin};
use crate::infrastructure::percent_encoding::percent_decode;
use crate::infrastructure::url::Url;
use crate::rules::subresource_integrity::parse_metadata;

use super::source_expressions::{HostSource, Keyword, SourceExpression};

/// <https://w3c.github.io/webappsec-csp/#match-nonce-to-source-list>
pub(super) fn matching_nonce<'a>(nonce: &str, source_list: &'a [String]) -> Option<&'a str> {
    // 2. An empty nonce is none. NB: no expression has one either.
    // 3. NB: identical, not equal in what it stands for.
    first(source_list, |expression| expression == SourceExpression::Nonce(nonce))
}

/// <https://w3c.github.io/webappsec-csp/#match-integrity-metadata-to-source-list>
pub(super) fn integrity_metadata_matches(integrity_metadata: &str, source_list: &[String]) -> bool {
    let mut sources = parse_metadata(integrity_metadata).peekable();
    // 5. Nothing that is understood matches nothing.
    // 2, 3, 6. Each of the sources is in the list.
    sources.peek().is_some()
        && sources.all(|source| {
            first(source_list, |expression| match expression {
                SourceExpression::Hash { algorithm, value } => {
                    // NB: the algorithm says "identical", and the grammar's own note that both alphabets are equivalent.
                    algorithm == source.algorithm && standard(value).eq(standard(source.value))
                }
                _ => false,
            })
            .is_some()
        })
}

fn standard(value: &str) -> impl Iterator<Item = u8> {
    value.bytes().map(|byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => byte,
    })
}

/// <https://w3c.github.io/webappsec-csp/#match-url-to-source-list>
pub(super) fn matching_url<'a>(
    url: &Url,
    source_list: &'a [String],
    self_origin: Option<&Origin>,
    redirect_count: u32,
) -> Option<&'a str> {
    // 2, 3. NB: an empty list has no expression, and `'none'` is one that matches nothing, alone or not.
    first(source_list, |expression| matches(url, expression, self_origin, redirect_count))
}

/// The narrowest source expression that this URL's origin matches, after redirects or not.
pub(super) fn expression_for(url: &Url, self_origin: Option<&Origin>) -> String {
    let scheme = format!("{}:", url.scheme());
    let candidates = ["'self'".to_owned(), format!("{scheme}//{}", url.host_and_port())];
    // NB: most addresses have no expression, and some names neither.
    let is_match = |word: &String| {
        SourceExpression::parse(word).is_some_and(|expression| matches(url, expression, self_origin, 0))
    };
    candidates.into_iter().find(is_match).unwrap_or(scheme)
}

/// The first word that is such an expression.
fn first(source_list: &[String], is: impl Fn(SourceExpression<'_>) -> bool) -> Option<&str> {
    source_list.iter().map(String::as_str).find(|word| SourceExpression::parse(word).is_some_and(&is))
}

/// <https://w3c.github.io/webappsec-csp/#match-url-to-source-expression>
fn matches(
    url: &Url,
    expression: SourceExpression<'_>,
    origin: Option<&Origin>,
    redirect_count: u32,
) -> bool {
    let own_scheme = || origin.and_then(Origin::scheme);
    match expression {
        // 1.
        SourceExpression::Star => url.has_http_scheme() || own_scheme() == Some(url.scheme()),
        // 2.
        SourceExpression::Scheme(scheme) => scheme_part_matches(scheme, url.scheme()),
        // 2.1, 3. Without a scheme the page's own counts.
        SourceExpression::Host(source) => {
            let scheme = source.scheme.or_else(own_scheme);
            scheme.is_some_and(|scheme| scheme_part_matches(scheme, url.scheme()))
                && host_part_matches(source.host, url)
                && port_part_matches(source.port, url)
                && (redirect_count > 0 || path_part_matches(&source, url.path()))
        }
        // 4.
        SourceExpression::Keyword(Keyword::Own) => origin.is_some_and(|origin| is_self(url, origin)),
        // 5.
        SourceExpression::Keyword(_) | SourceExpression::Nonce(_) | SourceExpression::Hash { .. } => false,
    }
}

/// Step 4: the origin itself, or an upgrade of it.
fn is_self(url: &Url, origin: &Origin) -> bool {
    // NB: opaque origins are no URL's.
    let Origin::Tuple(own) = origin else { return false };
    // 4.1.
    // DEPARTS: a `blob:` URL has its maker's origin, and no engine takes it for `'self'`; `blob:` is the word for it
    // (web-platform-tests, content-security-policy/blob/blob-urls-do-not-match-self.sub.html).
    if url.scheme() == "blob" {
        return false;
    }
    if url.same_origin_with(origin) {
        return true;
    }
    // 4.2. NB: a port is null where it is its scheme's default, so that equal means "the same, or both the default".
    own.host.serializes_as(url.hostname())
        && own.port == url.port()
        && match url.scheme() {
            "https" | "wss" => true,
            "http" | "ws" => *own.scheme == *"http",
            _ => false,
        }
}

/// <https://w3c.github.io/webappsec-csp/#match-schemes>: the same scheme, or a safer one.
fn scheme_part_matches(a: &str, b: &str) -> bool {
    let upgrades: &[&str] = match &*a.to_ascii_lowercase() {
        "http" => &["https"],
        "ws" => &["wss", "http", "https"],
        "wss" => &["https"],
        _ => &[],
    };
    // NB: a URL's scheme is in lower case.
    a.eq_ignore_ascii_case(b) || upgrades.contains(&b)
}

/// <https://w3c.github.io/webappsec-csp/#match-hosts>
fn host_part_matches(pattern: &str, url: &Url) -> bool {
    let Some(Host::Domain(host)) = url.host() else {
        // 1. No address matches, but the one that the grammar's note names.
        // DEPARTS: the algorithm has no such exception any more; the note and engines have.
        return pattern == "127.0.0.1" && url.hostname() == pattern;
    };
    match pattern.strip_prefix('*') {
        // 2.
        Some("") => true,
        // 3. NB: the dot stays, so that `*.a.test` is not `a.test` itself.
        Some(remaining) => host.ends_with(&remaining.to_ascii_lowercase()),
        // 4, 5.
        None => pattern.eq_ignore_ascii_case(&host),
    }
}

/// <https://w3c.github.io/webappsec-csp/#match-ports>
fn port_part_matches(input: Option<&str>, url: &Url) -> bool {
    match input {
        // 4. Nothing means the default.
        None => url.port().is_none(),
        // 2.
        Some("*") => true,
        // 3 to 5. NB: a number that is no port equals none.
        Some(digits) => match digits.parse::<u64>() {
            Ok(number) => url.port_or_default().map(u64::from) == Some(number),
            Err(_) => false,
        },
    }
}

/// <https://w3c.github.io/webappsec-csp/#match-paths>
fn path_part_matches(source: &HostSource<'_>, path_b: &str) -> bool {
    let path_a = source.path;
    // 1, 2.
    if path_a.is_empty() || (path_a == "/" && path_b.is_empty()) {
        return true;
    }
    // 3, 7. What ends with a slash is all below it.
    let (path_a, exact_match) = match path_a.strip_suffix('/') {
        Some(folder) => (folder, false),
        None => (path_a, true),
    };
    // 4 to 6, 8. Piece by piece, decoded.
    let (pieces_a, mut pieces_b) = (path_a.split('/'), path_b.split('/'));
    let decoded = |piece: &'_ str| percent_decode(piece.as_bytes()).into_owned();
    for piece in pieces_a {
        if pieces_b.next().map(decoded) != Some(decoded(piece)) {
            return false;
        }
    }
    // 5. A folder has one piece more at least, and be it empty.
    exact_match == pieces_b.next().is_none()
}

#[cfg(test)]
#[path = "matching_tests.rs"]
mod tests;
