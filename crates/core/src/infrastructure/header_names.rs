//! [Classes of header names](https://fetch.spec.whatwg.org/#forbidden-request-header): forbidden, request-body, non-wildcard, privileged.
//!
//! Each name that the Standards know has a one-byte id, so that a comparison is one byte and a class is a table
//! look-up. Classes of names only: where the value matters too, the judgement stands in `rules`. The table of names
//! makes the file long.

/// The id of a known header name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KnownName(u8);

impl KnownName {
    /// A name outside the table.
    pub const UNKNOWN: KnownName = KnownName(0);

    /// The name in lower case; `None` for [`KnownName::UNKNOWN`].
    pub fn as_str(self) -> Option<&'static str> {
        KNOWN.get(usize::from(self.0).wrapping_sub(1)).map(|known| known.name)
    }

    /// Its place among [`KnownName::all`], for tables of one's own; `None` for [`KnownName::UNKNOWN`].
    #[inline]
    pub fn index(self) -> Option<usize> {
        usize::from(self.0).checked_sub(1)
    }

    /// Every name of the table.
    pub fn all() -> impl ExactSizeIterator<Item = KnownName> {
        (1..=NAMES.len() as u8).map(KnownName)
    }

    /// One of the 21 names of [forbidden request-header](https://fetch.spec.whatwg.org/#forbidden-request-header), or a
    /// known name with its prefixes. See [`is_forbidden_request_header_name`] for names outside the table.
    pub fn is_forbidden_request_header_name(self) -> bool {
        self.has(FORBIDDEN_REQUEST)
    }

    /// A header whose value may smuggle a method: the last step of [forbidden request-header](https://fetch.spec.whatwg.org/#forbidden-request-header).
    pub fn is_method_override(self) -> bool {
        self.has(METHOD_OVERRIDE)
    }

    /// <https://fetch.spec.whatwg.org/#forbidden-response-header-name>
    pub fn is_forbidden_response_header_name(self) -> bool {
        self.has(FORBIDDEN_RESPONSE)
    }

    /// <https://fetch.spec.whatwg.org/#request-body-header-name>
    pub fn is_request_body_header_name(self) -> bool {
        self.has(REQUEST_BODY)
    }

    /// <https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name>
    pub fn is_cors_non_wildcard_request_header_name(self) -> bool {
        self.has(NON_WILDCARD)
    }

    /// <https://fetch.spec.whatwg.org/#privileged-no-cors-request-header-name>
    pub fn is_privileged_no_cors_request_header_name(self) -> bool {
        self.has(PRIVILEGED)
    }

    /// <https://fetch.spec.whatwg.org/#no-cors-safelisted-request-header-name>
    pub fn is_no_cors_safelisted_request_header_name(self) -> bool {
        self.has(NO_CORS)
    }

    /// One of the seven names that need no listing to be [CORS-safelisted response-header names](https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name).
    pub fn is_cors_safelisted_response_header_name(self) -> bool {
        self.has(SAFELISTED_RESPONSE)
    }

    /// Do values of this name carry credentials?
    pub fn is_secret(self) -> bool {
        self.has(SECRET)
    }

    fn has(self, class: u16) -> bool {
        self.0 != 0 && KNOWN[self.0 as usize - 1].classes & class != 0
    }
}

/// The id of `name`, matched byte-case-insensitively.
#[inline]
pub fn known_name(name: &[u8]) -> KnownName {
    let (first, last) = ends(name);
    let id = SLOTS[slot(first, last, name.len())];
    if id == 0 {
        return KnownName::UNKNOWN;
    }
    let known = &KNOWN[id as usize - 1];
    let is_same = name.len() == known.name.len()
        && folds_to(first, known.first)
        && folds_to(last, known.last)
        && middle_folds_to(name, known.name.as_bytes());
    if is_same { KnownName(id) } else { KnownName::UNKNOWN }
}

/// A mark of a name outside the table, the same in any case of its letters.
#[inline]
pub(crate) fn unknown_name_mark(name: &[u8]) -> u32 {
    let (first, last) = ends(name);
    (mixed(first, last, name.len()) >> 32) as u32
}

/// Is `name` forbidden in requests whatever its value: one of 21 names of
/// [forbidden request-header](https://fetch.spec.whatwg.org/#forbidden-request-header), or one of its two prefixes?
pub fn is_forbidden_request_header_name(name: &[u8]) -> bool {
    has_forbidden_prefix(name) || known_name(name).is_forbidden_request_header_name()
}

/// Does `name` start with `proxy-` or `sec-`, in any case?
pub fn has_forbidden_prefix(name: &[u8]) -> bool {
    let starts_with =
        |prefix: &[u8]| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    // The first letter settles it for nearly every name.
    match name.first() {
        Some(b's' | b'S') => starts_with(b"sec-"),
        Some(b'p' | b'P') => starts_with(b"proxy-"),
        _ => false,
    }
}

/// Does a header of this name look like it carries credentials? For logs, and for owners who ask.
///
/// Known names by class, others by the words that such names are made of.
pub fn is_secret_name(name: &[u8]) -> bool {
    match known_name(name) {
        KnownName::UNKNOWN => SECRET_WORDS
            .iter()
            .any(|word| name.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))),
        // NB: `Access-Control-Allow-Credentials` carries none.
        known => known.is_secret(),
    }
}

const SECRET_WORDS: [&[u8]; 9] = [
    b"api-key",
    b"apikey",
    b"api_key",
    b"token",
    b"secret",
    b"password",
    b"credential",
    b"session-id",
    b"access-key",
];

const PLAIN: u16 = 0;
const FORBIDDEN_REQUEST: u16 = 1;
const METHOD_OVERRIDE: u16 = 1 << 1;
const FORBIDDEN_RESPONSE: u16 = 1 << 2;
const REQUEST_BODY: u16 = 1 << 3;
const NON_WILDCARD: u16 = 1 << 4;
const PRIVILEGED: u16 = 1 << 5;
const NO_CORS: u16 = 1 << 6;
const SAFELISTED_RESPONSE: u16 = 1 << 7;
const SECRET: u16 = 1 << 8;

struct Known {
    name: &'static str,
    first: u64,
    last: u64,
    classes: u16,
}

macro_rules! known_names {
    ($($id:ident = $name:literal, $classes:expr;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(u8)]
        enum Index { $($id),* }

        impl KnownName {
            $(
                #[doc = concat!("`", $name, "`")]
                pub const $id: KnownName = KnownName(Index::$id as u8 + 1);
            )*
        }

        const KNOWN: &[Known] = &[$(Known {
            name: $name,
            first: ends($name.as_bytes()).0,
            last: ends($name.as_bytes()).1,
            classes: $classes,
        }),*];

        const NAMES: &[&str] = &[$($name),*];
    };
}

known_names! {
    ACCEPT = "accept", NO_CORS;
    ACCEPT_CHARSET = "accept-charset", FORBIDDEN_REQUEST;
    ACCEPT_ENCODING = "accept-encoding", FORBIDDEN_REQUEST;
    ACCEPT_LANGUAGE = "accept-language", NO_CORS;
    ACCEPT_PATCH = "accept-patch", PLAIN;
    ACCEPT_POST = "accept-post", PLAIN;
    ACCEPT_RANGES = "accept-ranges", PLAIN;
    ACCESS_CONTROL_ALLOW_CREDENTIALS = "access-control-allow-credentials", PLAIN;
    ACCESS_CONTROL_ALLOW_HEADERS = "access-control-allow-headers", PLAIN;
    ACCESS_CONTROL_ALLOW_METHODS = "access-control-allow-methods", PLAIN;
    ACCESS_CONTROL_ALLOW_ORIGIN = "access-control-allow-origin", PLAIN;
    ACCESS_CONTROL_EXPOSE_HEADERS = "access-control-expose-headers", PLAIN;
    ACCESS_CONTROL_MAX_AGE = "access-control-max-age", PLAIN;
    ACCESS_CONTROL_REQUEST_HEADERS = "access-control-request-headers", FORBIDDEN_REQUEST;
    ACCESS_CONTROL_REQUEST_METHOD = "access-control-request-method", FORBIDDEN_REQUEST;
    AGE = "age", PLAIN;
    ALLOW = "allow", PLAIN;
    ALT_SVC = "alt-svc", PLAIN;
    AUTHORIZATION = "authorization", NON_WILDCARD | SECRET;
    CACHE_CONTROL = "cache-control", SAFELISTED_RESPONSE;
    CLEAR_SITE_DATA = "clear-site-data", PLAIN;
    CONNECTION = "connection", FORBIDDEN_REQUEST;
    CONTENT_DISPOSITION = "content-disposition", PLAIN;
    CONTENT_ENCODING = "content-encoding", REQUEST_BODY;
    CONTENT_LANGUAGE = "content-language", NO_CORS | REQUEST_BODY | SAFELISTED_RESPONSE;
    CONTENT_LENGTH = "content-length", FORBIDDEN_REQUEST | SAFELISTED_RESPONSE;
    CONTENT_LOCATION = "content-location", REQUEST_BODY;
    CONTENT_RANGE = "content-range", PLAIN;
    CONTENT_SECURITY_POLICY = "content-security-policy", PLAIN;
    CONTENT_SECURITY_POLICY_REPORT_ONLY = "content-security-policy-report-only", PLAIN;
    CONTENT_TYPE = "content-type", NO_CORS | REQUEST_BODY | SAFELISTED_RESPONSE;
    COOKIE = "cookie", FORBIDDEN_REQUEST | SECRET;
    COOKIE2 = "cookie2", FORBIDDEN_REQUEST | SECRET;
    CROSS_ORIGIN_EMBEDDER_POLICY = "cross-origin-embedder-policy", PLAIN;
    CROSS_ORIGIN_EMBEDDER_POLICY_REPORT_ONLY = "cross-origin-embedder-policy-report-only", PLAIN;
    CROSS_ORIGIN_OPENER_POLICY = "cross-origin-opener-policy", PLAIN;
    CROSS_ORIGIN_OPENER_POLICY_REPORT_ONLY = "cross-origin-opener-policy-report-only", PLAIN;
    CROSS_ORIGIN_RESOURCE_POLICY = "cross-origin-resource-policy", PLAIN;
    DATE = "date", FORBIDDEN_REQUEST;
    DNT = "dnt", FORBIDDEN_REQUEST;
    ETAG = "etag", PLAIN;
    EXPECT = "expect", FORBIDDEN_REQUEST;
    EXPIRES = "expires", SAFELISTED_RESPONSE;
    FORWARDED = "forwarded", PLAIN;
    FROM = "from", PLAIN;
    HOST = "host", FORBIDDEN_REQUEST;
    IDEMPOTENCY_KEY = "idempotency-key", PLAIN;
    IF_MATCH = "if-match", PLAIN;
    IF_MODIFIED_SINCE = "if-modified-since", PLAIN;
    IF_NONE_MATCH = "if-none-match", PLAIN;
    IF_RANGE = "if-range", PLAIN;
    IF_UNMODIFIED_SINCE = "if-unmodified-since", PLAIN;
    INTEGRITY_POLICY = "integrity-policy", PLAIN;
    INTEGRITY_POLICY_REPORT_ONLY = "integrity-policy-report-only", PLAIN;
    KEEP_ALIVE = "keep-alive", FORBIDDEN_REQUEST;
    LAST_EVENT_ID = "last-event-id", PLAIN;
    LAST_MODIFIED = "last-modified", SAFELISTED_RESPONSE;
    LINK = "link", PLAIN;
    LOCATION = "location", PLAIN;
    MAX_FORWARDS = "max-forwards", PLAIN;
    NEL = "nel", PLAIN;
    NO_VARY_SEARCH = "no-vary-search", PLAIN;
    ORIGIN = "origin", FORBIDDEN_REQUEST;
    ORIGIN_AGENT_CLUSTER = "origin-agent-cluster", PLAIN;
    PERMISSIONS_POLICY = "permissions-policy", PLAIN;
    PING_FROM = "ping-from", PLAIN;
    PING_TO = "ping-to", PLAIN;
    PRAGMA = "pragma", SAFELISTED_RESPONSE;
    PRIORITY = "priority", PLAIN;
    PROXY_AUTHENTICATE = "proxy-authenticate", FORBIDDEN_REQUEST;
    PROXY_AUTHENTICATION_INFO = "proxy-authentication-info", FORBIDDEN_REQUEST;
    PROXY_AUTHORIZATION = "proxy-authorization", FORBIDDEN_REQUEST | SECRET;
    PROXY_CONNECTION = "proxy-connection", FORBIDDEN_REQUEST;
    RANGE = "range", PRIVILEGED;
    REFERER = "referer", FORBIDDEN_REQUEST;
    REFERRER_POLICY = "referrer-policy", PLAIN;
    REFRESH = "refresh", PLAIN;
    REPORT_TO = "report-to", PLAIN;
    REPORTING_ENDPOINTS = "reporting-endpoints", PLAIN;
    RETRY_AFTER = "retry-after", PLAIN;
    SEC_FETCH_DEST = "sec-fetch-dest", FORBIDDEN_REQUEST;
    SEC_FETCH_MODE = "sec-fetch-mode", FORBIDDEN_REQUEST;
    SEC_FETCH_SITE = "sec-fetch-site", FORBIDDEN_REQUEST;
    SEC_FETCH_STORAGE_ACCESS = "sec-fetch-storage-access", FORBIDDEN_REQUEST;
    SEC_FETCH_USER = "sec-fetch-user", FORBIDDEN_REQUEST;
    SEC_GPC = "sec-gpc", FORBIDDEN_REQUEST;
    SEC_PURPOSE = "sec-purpose", FORBIDDEN_REQUEST;
    SEC_WEBSOCKET_ACCEPT = "sec-websocket-accept", FORBIDDEN_REQUEST;
    SEC_WEBSOCKET_EXTENSIONS = "sec-websocket-extensions", FORBIDDEN_REQUEST;
    SEC_WEBSOCKET_KEY = "sec-websocket-key", FORBIDDEN_REQUEST;
    SEC_WEBSOCKET_PROTOCOL = "sec-websocket-protocol", FORBIDDEN_REQUEST;
    SEC_WEBSOCKET_VERSION = "sec-websocket-version", FORBIDDEN_REQUEST;
    SERVER = "server", PLAIN;
    SERVER_TIMING = "server-timing", PLAIN;
    SERVICE_WORKER = "service-worker", PLAIN;
    SERVICE_WORKER_ALLOWED = "service-worker-allowed", PLAIN;
    SERVICE_WORKER_NAVIGATION_PRELOAD = "service-worker-navigation-preload", PLAIN;
    SET_COOKIE = "set-cookie", FORBIDDEN_REQUEST | FORBIDDEN_RESPONSE | SECRET;
    SET_COOKIE2 = "set-cookie2", FORBIDDEN_RESPONSE | SECRET;
    SOURCEMAP = "sourcemap", PLAIN;
    STRICT_TRANSPORT_SECURITY = "strict-transport-security", PLAIN;
    TE = "te", FORBIDDEN_REQUEST;
    TIMING_ALLOW_ORIGIN = "timing-allow-origin", PLAIN;
    TRAILER = "trailer", FORBIDDEN_REQUEST;
    TRANSFER_ENCODING = "transfer-encoding", FORBIDDEN_REQUEST;
    UNENCODED_DIGEST = "unencoded-digest", PLAIN;
    UPGRADE = "upgrade", FORBIDDEN_REQUEST;
    UPGRADE_INSECURE_REQUESTS = "upgrade-insecure-requests", PLAIN;
    USER_AGENT = "user-agent", PLAIN;
    VARY = "vary", PLAIN;
    VIA = "via", FORBIDDEN_REQUEST;
    WARNING = "warning", PLAIN;
    WWW_AUTHENTICATE = "www-authenticate", PLAIN;
    X_CONTENT_TYPE_OPTIONS = "x-content-type-options", PLAIN;
    X_FRAME_OPTIONS = "x-frame-options", PLAIN;
    X_HTTP_METHOD = "x-http-method", METHOD_OVERRIDE;
    X_HTTP_METHOD_OVERRIDE = "x-http-method-override", METHOD_OVERRIDE;
    X_METHOD_OVERRIDE = "x-method-override", METHOD_OVERRIDE;
    X_REQUESTED_WITH = "x-requested-with", PLAIN;
    X_XSS_PROTECTION = "x-xss-protection", PLAIN;
}

/// Ids by [`slot`], 0 where no known name falls.
const SLOTS: &[u8; 1 << SLOT_BITS] = &{
    let mut slots = [0; 1 << SLOT_BITS];
    let mut index = 0;
    while index < NAMES.len() {
        let name = NAMES[index].as_bytes();
        let (first, last) = ends(name);
        let slot = slot(first, last, name.len());
        // NB: a new name may collide; then look for another odd MULTIPLIER (one in some hundreds does).
        assert!(slots[slot] == 0, "two known names fall into one slot");
        slots[slot] = index as u8 + 1;
        index += 1;
    }
    slots
};

const SLOT_BITS: u32 = 10;
const MULTIPLIER: u64 = 0x48f2_8db7_45d6_ba73;

/// Where a name of this length and these ends falls, in any case of its letters.
const fn slot(first: u64, last: u64, length: usize) -> usize {
    (mixed(first, last, length) >> (u64::BITS - SLOT_BITS)) as usize
}

/// Length and ends in one word, the same in any case of their letters.
const fn mixed(first: u64, last: u64, length: usize) -> u64 {
    const LOWER: u64 = 0x2020_2020_2020_2020;
    let key = ((first | LOWER).rotate_left(23) ^ (last | LOWER)).wrapping_add(length as u64);
    key.wrapping_mul(MULTIPLIER)
}

/// The first and the last bytes, as wide as the name allows. Together they cover it up to 16 bytes.
const fn ends(name: &[u8]) -> (u64, u64) {
    if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
    } else if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        (u32::from_le_bytes(*first) as u64, u32::from_le_bytes(*last) as u64)
    } else if let (Some(first), Some(last)) = (name.first_chunk(), name.last_chunk()) {
        (u16::from_le_bytes(*first) as u64, u16::from_le_bytes(*last) as u64)
    } else {
        (0, 0)
    }
}

/// Is `known`, which is in lower case, `word` byte-lowercased?
///
/// NB: only bytes that are letters in `known` (those with bit 6) may differ, and only in bit 5: a CR is no hyphen.
#[inline]
fn folds_to(word: u64, known: u64) -> bool {
    word | ((known & 0x4040_4040_4040_4040) >> 1) == known
}

/// Compares what [`ends`] leaves out of names of one length.
#[inline]
fn middle_folds_to(name: &[u8], known: &[u8]) -> bool {
    let mut at = 8;
    while at + 8 < name.len() {
        let (Some(word), Some(known)) = (name[at..].first_chunk(), known[at..].first_chunk()) else {
            return false;
        };
        if !folds_to(u64::from_le_bytes(*word), u64::from_le_bytes(*known)) {
            return false;
        }
        at += 8;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_name_is_found_in_any_case_and_nothing_near_it_is() {
        for (index, name) in NAMES.iter().enumerate() {
            let id = KnownName(index as u8 + 1);
            assert_eq!(known_name(name.as_bytes()), id, "{name}");
            assert_eq!(known_name(name.to_ascii_uppercase().as_bytes()), id, "{name}");
            assert_eq!((id.as_str(), id.index()), (Some(*name), Some(index)));
            assert_eq!(KnownName::all().nth(index), Some(id));
            for at in 0..name.len() {
                for byte in 0..=u8::MAX {
                    let mut near = name.as_bytes().to_vec();
                    near[at] = byte;
                    let expected = NAMES.iter().position(|known| near.eq_ignore_ascii_case(known.as_bytes()));
                    let expected = expected.map_or(KnownName::UNKNOWN, |index| KnownName(index as u8 + 1));
                    assert_eq!(known_name(&near), expected, "{near:?}");
                }
                let cut = &name.as_bytes()[..at];
                assert_eq!(
                    known_name(cut).as_str().is_some(),
                    NAMES.iter().any(|known| known.as_bytes() == cut)
                );
            }
            assert_eq!(known_name(format!("{name}_").as_bytes()), KnownName::UNKNOWN);
        }
        assert_eq!((KnownName::UNKNOWN.as_str(), KnownName::UNKNOWN.index()), (None, None));
        assert_eq!(known_name(b""), KnownName::UNKNOWN);
        assert_eq!(KnownName::SET_COOKIE.as_str(), Some("set-cookie"));
    }

    #[test]
    fn each_class_has_its_members_and_no_other() {
        let members = |is: fn(KnownName) -> bool| -> Vec<&str> {
            NAMES.iter().copied().filter(|name| is(known_name(name.as_bytes()))).collect()
        };
        let forbidden = members(KnownName::is_forbidden_request_header_name);
        let (prefixed, listed): (Vec<&str>, Vec<&str>) =
            forbidden.into_iter().partition(|name| name.starts_with("sec-") || name.starts_with("proxy-"));
        assert_eq!(
            listed.join(" "),
            "accept-charset accept-encoding access-control-request-headers access-control-request-method connection \
             content-length cookie cookie2 date dnt expect host keep-alive origin referer set-cookie te trailer \
             transfer-encoding upgrade via"
        );
        assert_eq!(listed.len(), 21);
        let with_prefix = NAMES.iter().filter(|name| has_forbidden_prefix(name.as_bytes()));
        assert_eq!(prefixed, with_prefix.copied().collect::<Vec<_>>());
        for (is, expected) in [
            (
                KnownName::is_method_override as fn(KnownName) -> bool,
                "x-http-method x-http-method-override x-method-override",
            ),
            (KnownName::is_forbidden_response_header_name, "set-cookie set-cookie2"),
            (
                KnownName::is_request_body_header_name,
                "content-encoding content-language content-location content-type",
            ),
            (KnownName::is_cors_non_wildcard_request_header_name, "authorization"),
            (KnownName::is_privileged_no_cors_request_header_name, "range"),
            (
                KnownName::is_no_cors_safelisted_request_header_name,
                "accept accept-language content-language content-type",
            ),
            (
                KnownName::is_cors_safelisted_response_header_name,
                "cache-control content-language content-length content-type expires last-modified pragma",
            ),
            (KnownName::is_secret, "authorization cookie cookie2 proxy-authorization set-cookie set-cookie2"),
        ] {
            assert_eq!(members(is).join(" "), expected);
            assert!(!is(KnownName::UNKNOWN));
        }
    }

    #[test]
    fn forbidden_prefixes_hold_for_unknown_names_too() {
        for (name, forbidden) in [
            ("Sec-Anything", true),
            ("sec-", true),
            ("SEC-CH-UA", true),
            ("sec", false),
            ("section", false),
            ("Proxy-Anything", true),
            ("proxy-", true),
            ("proxy", false),
            ("x-sec-fetch-mode", false),
            ("Host", true),
            ("hosts", false),
            ("", false),
        ] {
            assert_eq!(is_forbidden_request_header_name(name.as_bytes()), forbidden, "{name}");
        }
    }

    #[test]
    fn names_that_look_like_credentials() {
        for name in
            ["X-API-Key", "api-key", "apikey", "X-Auth-Token", "x-csrf-token", "Client-Secret", "Cookie"]
        {
            assert!(is_secret_name(name.as_bytes()), "{name}");
        }
        for name in [
            "accept",
            "x-request-id",
            "api",
            "etag",
            "",
            "Access-Control-Allow-Credentials",
            "access-control-allow-credentials",
        ] {
            assert!(!is_secret_name(name.as_bytes()), "{name}");
        }
    }
}
