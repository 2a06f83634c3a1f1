//! [HTTP-network-or-cache fetch](https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch) steps 8.3 to 8.20: the dressing of a request.
//!
//! Each function answers one step: what is to be appended, or nothing. The procedure calls them in this order and
//! appends; `Origin`, `Sec-Fetch-*` and `Sec-Purpose` stand between them and have files of their own.

use bytes::Bytes;

use crate::infrastructure::base64::forgiving_base64_encode;
use crate::infrastructure::clients::Client;
use crate::infrastructure::methods::Method;
use crate::infrastructure::requests::{CacheMode, CredentialsMode, Referrer, Request, ResponseTainting};
use crate::infrastructure::url::Url;
use crate::rules::verdict::Verdict;

/// The verdict of [`include_credentials`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IncludeCredentials {
    /// Step 8.3: the credentials mode is "include".
    Include,
    /// Step 8.3: the mode is "same-origin", and so is the request, as its response tainting "basic" shows.
    SameOrigin,
    /// Step 8.3: the credentials mode is "omit".
    Omitted,
    /// Step 8.3: the credentials mode is "same-origin", and another origin is involved.
    CrossOrigin {
        /// The response tainting that shows it.
        tainting: ResponseTainting,
    },
    /// Step 8.4: the client's embedder policy is "credentialless".
    EmbedderPolicy,
}

impl IncludeCredentials {
    /// Is *includeCredentials* true?
    pub fn includes(self) -> bool {
        matches!(self, IncludeCredentials::Include | IncludeCredentials::SameOrigin)
    }
}

impl Verdict for IncludeCredentials {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch";
    fn blocks(&self) -> bool {
        false
    }
}

/// Steps 8.3 and 8.4: does the request carry credentials?
pub fn include_credentials(request: &Request) -> IncludeCredentials {
    let verdict = match (request.credentials_mode, request.response_tainting) {
        (CredentialsMode::Include, _) => IncludeCredentials::Include,
        (CredentialsMode::SameOrigin, ResponseTainting::Basic) => IncludeCredentials::SameOrigin,
        (CredentialsMode::SameOrigin, tainting) => return IncludeCredentials::CrossOrigin { tainting },
        (CredentialsMode::Omit, _) => return IncludeCredentials::Omitted,
    };
    match request.embedder_policy_allows_credentials() {
        true => verdict,
        false => IncludeCredentials::EmbedderPolicy,
    }
}

/// Steps 8.5 to 8.9: the value of `Content-Length`, `None` to append none.
pub fn content_length(request: &Request) -> Option<Bytes> {
    match &request.body {
        // A body of unknown length is sent in chunks, and the transport says so.
        Some(body) => body.length.map(|length| Bytes::from(length.to_string())),
        None if request.method == Method::POST || request.method == Method::PUT => {
            Some(Bytes::from_static(b"0"))
        }
        None => None,
    }
}

/// How many bytes of bodies may be in flight for one fetch group's requests that outlive it: 64 kibibytes.
pub const KEEPALIVE_LIMIT: u64 = 64 * 1024;

/// The verdict of [`keepalive_quota`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeepaliveQuota {
    /// The request ends with its client.
    NotKeepalive,
    /// No body, or one of unknown length: nothing is counted.
    NoContentLength,
    /// Within the limit.
    Within {
        /// Bytes in flight with this request's.
        bytes: u64,
    },
    /// Over the limit.
    Exceeded {
        /// The length of this request's body.
        content_length: u64,
        /// Bytes in flight without it.
        inflight: u64,
    },
}

impl Verdict for KeepaliveQuota {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch";
    fn blocks(&self) -> bool {
        matches!(self, KeepaliveQuota::Exceeded { .. })
    }
}

/// Step 8.10: may the request outlive its client? `inflight` are the bytes of the bodies of the group's other such requests.
pub fn keepalive_quota(request: &Request, inflight: u64) -> KeepaliveQuota {
    if !request.keepalive {
        return KeepaliveQuota::NotKeepalive;
    }
    let Some(content_length) = request.body.as_ref().and_then(|body| body.length) else {
        return KeepaliveQuota::NoContentLength;
    };
    match content_length.saturating_add(inflight) {
        bytes if bytes > KEEPALIVE_LIMIT => KeepaliveQuota::Exceeded { content_length, inflight },
        bytes => KeepaliveQuota::Within { bytes },
    }
}

/// Step 8.11: the value of `Referer`, `None` to append none.
pub fn referer(request: &Request) -> Option<Bytes> {
    // The referrer was determined, and stripped of what must not leak, by main fetch.
    match &request.referrer {
        Referrer::Url(url) => Some(Bytes::copy_from_slice(url.href().as_bytes())),
        Referrer::NoReferrer | Referrer::Client => None,
    }
}

/// Step 8.15: the value of `User-Agent`, `None` to append none. `default` is the user agent's own, empty for none.
pub fn user_agent(request: &Request, default: &Bytes) -> Option<Bytes> {
    if request.header_list.contains("User-Agent") {
        return None;
    }
    let value = environment_default_user_agent_value(request.client.as_deref(), default);
    (!value.is_empty()).then_some(value)
}

/// <https://fetch.spec.whatwg.org/#environment-default-user-agent-value>
fn environment_default_user_agent_value(environment: Option<&Client>, default: &Bytes) -> Bytes {
    match environment.and_then(|client| client.emulated_user_agent.as_ref()) {
        Some(emulated) => Bytes::copy_from_slice(emulated.as_bytes()),
        None => default.clone(),
    }
}

/// The verdict of [`conditional_headers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConditionalHeaders {
    /// The cache mode stays.
    Unchanged,
    /// The caller validates by himself: the cache mode is to be "no-store".
    NoStore {
        /// The header by which he does.
        header: &'static str,
    },
}

impl Verdict for ConditionalHeaders {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch";
    fn blocks(&self) -> bool {
        false
    }
}

/// Step 8.16: does the request bring a condition of its own?
pub fn conditional_headers(request: &Request) -> ConditionalHeaders {
    const NAMES: [&str; 5] =
        ["If-Modified-Since", "If-None-Match", "If-Unmodified-Since", "If-Match", "If-Range"];
    if request.cache_mode != CacheMode::Default {
        return ConditionalHeaders::Unchanged;
    }
    // One pass over the headers: nearly none begins with `if-`.
    let conditional = request.header_list.iter().find_map(|header| {
        let name = header.name();
        let begins = name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case(b"if-"));
        NAMES.into_iter().find(|known| begins && name.eq_ignore_ascii_case(known.as_bytes()))
    });
    match conditional {
        Some(header) => ConditionalHeaders::NoStore { header },
        None => ConditionalHeaders::Unchanged,
    }
}

/// The cache mode after step 8.16.
pub fn cache_mode(request: &Request) -> CacheMode {
    match conditional_headers(request) {
        ConditionalHeaders::Unchanged => request.cache_mode,
        ConditionalHeaders::NoStore { .. } => CacheMode::NoStore,
    }
}

/// Steps 8.17 and 8.18: the headers to append, in order, by the cache mode as it is now.
pub fn cache_headers(request: &Request) -> impl Iterator<Item = (&'static str, &'static str)> {
    let lacks = |name| !request.header_list.contains(name);
    let (pragma, cache_control) = match request.cache_mode {
        CacheMode::NoCache if request.prevent_no_cache_cache_control_header_modification => (None, None),
        CacheMode::NoCache => (None, Some("max-age=0")),
        CacheMode::NoStore | CacheMode::Reload => (Some("no-cache"), Some("no-cache")),
        CacheMode::Default | CacheMode::ForceCache | CacheMode::OnlyIfCached => (None, None),
    };
    let pragma = pragma.filter(|_| lacks("Pragma")).map(|value| ("Pragma", value));
    let cache_control =
        cache_control.filter(|_| lacks("Cache-Control")).map(|value| ("Cache-Control", value));
    pragma.into_iter().chain(cache_control)
}

/// Steps 8.19 and 8.20: the value of `Accept-Encoding`, `None` to append none.
///
/// `secure` is offered where nobody on the way can meddle, `insecure` over plain HTTP, where middle boxes have been seen
/// to break newer codings; an empty one offers nothing.
pub fn accept_encoding(request: &Request, secure: &Bytes, insecure: &Bytes) -> Option<Bytes> {
    // 8.19. A part of an encoded whole could not be decoded.
    // DEPARTS: an owner who names codings means them; no page can.
    let named = request.owner && request.header_list.contains("Accept-Encoding");
    if request.header_list.contains("Range") && !named {
        return Some(Bytes::from_static(b"identity"));
    }
    // 8.20. The rest of that step (`Connection`, `Host`) is the transport's.
    if request.header_list.contains("Accept-Encoding") {
        return None;
    }
    let offered = if request.current_url().is_potentially_trustworthy() { secure } else { insecure };
    (!offered.is_empty()).then(|| offered.clone())
}

/// A URL's credentials as an [`Authorization` value](https://www.rfc-editor.org/rfc/rfc7617#section-2) (step 8.21.2.3).
pub fn basic_authorization(url: &Url) -> Bytes {
    // They stand in the URL percent-encoded; the bytes that were meant are sent, as UTF-8 where they are text.
    let mut pair = percent_decode(url.username());
    pair.push(b':');
    pair.extend(percent_decode(url.password()));
    Bytes::from(format!("Basic {}", forgiving_base64_encode(&pair)))
}

/// <https://url.spec.whatwg.org/#string-percent-decode>
fn percent_decode(encoded: &str) -> Vec<u8> {
    let bytes = encoded.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|&byte| (byte as char).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut position = 0;
    while let Some(&byte) = bytes.get(position) {
        match (byte, digit(position + 1), digit(position + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                position += 3;
            }
            _ => {
                decoded.push(byte);
                position += 1;
            }
        }
    }
    decoded
}

#[cfg(test)]
#[path = "request_headers_tests.rs"]
mod tests;
