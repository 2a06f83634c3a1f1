//! Tables of the dressing, step by step.

use std::sync::Arc;

use super::*;
use crate::infrastructure::bodies::{Body, ByteStream};
use crate::infrastructure::clients::{Client, EmbedderPolicy, EmbedderPolicyValue, Global, PolicyContainer};
use crate::infrastructure::requests::Mode;

fn url(url: &str) -> Url {
    Url::parse(url, None).expect("a URL of the tests")
}

fn request() -> Request {
    let mut request = Request::new(url("https://api.test/items"));
    request.origin = Some(url("https://app.test").origin());
    request
}

fn with_headers(headers: &[(&'static str, &'static str)]) -> Request {
    let mut request = request();
    for &(name, value) in headers {
        request.header_list.append(name, value);
    }
    request
}

fn client(value: EmbedderPolicyValue, emulated_user_agent: Option<&str>) -> Option<Arc<Client>> {
    let url = url("https://app.test/");
    Some(Arc::new(Client {
        id: "1".into(),
        creation_url: url.clone(),
        top_level_creation_url: None,
        top_level_origin: None,
        origin: url.origin(),
        api_base_url: url,
        policy_container: Arc::new(PolicyContainer {
            embedder_policy: EmbedderPolicy { value, ..EmbedderPolicy::default() },
            ..PolicyContainer::default()
        }),
        cross_origin_isolated_capability: false,
        global: Global::Worker { service_worker: false },
        has_cross_site_ancestor: false,
        restricts_mixed_content: false,
        offline: false,
        emulated_user_agent: emulated_user_agent.map(str::to_owned),
        emulated_language: None,
        permissions_policy: Default::default(),
    }))
}

struct Nothing;

impl ByteStream for Nothing {
    fn poll_next(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Bytes, crate::infrastructure::bodies::BodyError>>> {
        std::task::Poll::Ready(None)
    }
}

#[test]
fn include_credentials_table() {
    use IncludeCredentials::*;
    use ResponseTainting::{Basic, Cors, Opaque};
    for (mode, tainting, verdict) in [
        (CredentialsMode::Include, Basic, Include),
        (CredentialsMode::Include, Cors, Include),
        (CredentialsMode::Include, Opaque, Include),
        (CredentialsMode::SameOrigin, Basic, SameOrigin),
        (CredentialsMode::SameOrigin, Cors, CrossOrigin { tainting: Cors }),
        (CredentialsMode::SameOrigin, Opaque, CrossOrigin { tainting: Opaque }),
        (CredentialsMode::Omit, Basic, Omitted),
        (CredentialsMode::Omit, Cors, Omitted),
    ] {
        let mut request = request();
        request.credentials_mode = mode;
        request.response_tainting = tainting;
        let found = include_credentials(&request);
        assert_eq!(found, verdict, "{mode:?} {tainting:?}");
        assert_eq!(found.includes(), matches!(found, Include | SameOrigin));
    }
}

#[test]
fn a_credentialless_page_sends_none_to_others() {
    let mut request = request();
    request.credentials_mode = CredentialsMode::Include;
    request.response_tainting = ResponseTainting::Opaque;
    request.client = client(EmbedderPolicyValue::Credentialless, None);
    assert_eq!(request.mode, Mode::NoCors);
    assert_eq!(include_credentials(&request), IncludeCredentials::EmbedderPolicy);
    request.client = client(EmbedderPolicyValue::RequireCorp, None);
    assert_eq!(include_credentials(&request), IncludeCredentials::Include);
}

#[test]
fn content_length_table() {
    let bytes = |count: usize| Some(Body::from_bytes(vec![0; count]));
    for (name, method, body, value) in [
        ("GET without a body", Method::GET, None, None),
        ("POST without a body", Method::POST, None, Some("0")),
        ("PUT without a body", Method::PUT, None, Some("0")),
        ("PATCH without a body", Method::PATCH, None, None),
        ("DELETE without a body", Method::DELETE, None, None),
        ("an empty body", Method::PATCH, bytes(0), Some("0")),
        ("a body", Method::POST, bytes(1234), Some("1234")),
        ("a body of unknown length", Method::POST, Some(Body::from_stream(Nothing)), None),
    ] {
        let mut request = request();
        (request.method, request.body) = (method, body);
        assert_eq!(content_length(&request).as_deref(), value.map(str::as_bytes), "{name}");
    }
}

#[test]
fn keepalive_table() {
    use KeepaliveQuota::*;
    let body = |length: u64| {
        let mut body = Body::from_stream(Nothing);
        body.length = Some(length);
        Some(body)
    };
    let exceeded = |content_length, inflight| Exceeded { content_length, inflight };
    for (name, keepalive, body, inflight, verdict) in [
        ("not keepalive", false, body(u64::MAX), u64::MAX, NotKeepalive),
        ("no body", true, None, u64::MAX, NoContentLength),
        ("unknown length", true, Some(Body::from_stream(Nothing)), 0, NoContentLength),
        ("to the byte", true, body(65536), 0, Within { bytes: 65536 }),
        ("with others to the byte", true, body(1), 65535, Within { bytes: 65536 }),
        ("a byte over", true, body(65537), 0, exceeded(65537, 0)),
        ("a byte over with others", true, body(1), 65536, exceeded(1, 65536)),
        ("an empty body beside a full group", true, body(0), 65536, Within { bytes: 65536 }),
        ("no overflow", true, body(u64::MAX), u64::MAX, exceeded(u64::MAX, u64::MAX)),
    ] {
        let mut request = request();
        (request.keepalive, request.body) = (keepalive, body);
        let found = keepalive_quota(&request, inflight);
        assert_eq!(found, verdict, "{name}");
        assert_eq!(found.blocks(), matches!(found, Exceeded { .. }), "{name}");
    }
}

#[test]
fn referer_table() {
    for (referrer, value) in [
        (Referrer::NoReferrer, None),
        (Referrer::Client, None),
        (Referrer::Url(url("https://app.test/page?q")), Some("https://app.test/page?q")),
    ] {
        let mut request = request();
        request.referrer = referrer;
        assert_eq!(referer(&request).as_deref(), value.map(str::as_bytes));
    }
}

#[test]
fn user_agent_table() {
    let default = Bytes::from_static(b"sofetch");
    assert_eq!(user_agent(&request(), &default).as_deref(), Some(&b"sofetch"[..]));
    assert_eq!(user_agent(&request(), &Bytes::new()), None);
    assert_eq!(user_agent(&with_headers(&[("user-agent", "mine")]), &default), None);
    // An empty value is a value.
    assert_eq!(user_agent(&with_headers(&[("user-agent", "")]), &default), None);
    let mut emulated = request();
    emulated.client = client(EmbedderPolicyValue::UnsafeNone, Some("another"));
    assert_eq!(user_agent(&emulated, &default).as_deref(), Some(&b"another"[..]));
}

#[test]
fn conditional_headers_table() {
    let no_store = |header| ConditionalHeaders::NoStore { header };
    for (name, mode, header, verdict) in [
        ("if-none-match", CacheMode::Default, "if-none-match", no_store("If-None-Match")),
        ("If-Modified-Since", CacheMode::Default, "If-Modified-Since", no_store("If-Modified-Since")),
        ("If-Unmodified-Since", CacheMode::Default, "If-Unmodified-Since", no_store("If-Unmodified-Since")),
        ("If-Match", CacheMode::Default, "If-Match", no_store("If-Match")),
        ("IF-RANGE", CacheMode::Default, "IF-RANGE", no_store("If-Range")),
        ("another name", CacheMode::Default, "if-else", ConditionalHeaders::Unchanged),
        ("a short name", CacheMode::Default, "if", ConditionalHeaders::Unchanged),
        ("another mode", CacheMode::NoCache, "if-none-match", ConditionalHeaders::Unchanged),
    ] {
        let mut request = with_headers(&[(header, "x")]);
        request.cache_mode = mode;
        assert_eq!(conditional_headers(&request), verdict, "{name}");
        let is_no_store = cache_mode(&request) == CacheMode::NoStore;
        assert_eq!(is_no_store, verdict != ConditionalHeaders::Unchanged, "{name}");
    }
    assert_eq!(conditional_headers(&request()), ConditionalHeaders::Unchanged);
}

#[test]
fn cache_headers_table() {
    type Headers<'a> = &'a [(&'static str, &'static str)];
    let both: Headers<'_> = &[("Pragma", "no-cache"), ("Cache-Control", "no-cache")];
    for (name, mode, prevented, own, appended) in [
        ("default", CacheMode::Default, false, &[] as Headers<'_>, &[] as Headers<'_>),
        ("force-cache", CacheMode::ForceCache, false, &[], &[]),
        ("only-if-cached", CacheMode::OnlyIfCached, false, &[], &[]),
        ("no-cache", CacheMode::NoCache, false, &[], &[("Cache-Control", "max-age=0")]),
        ("no-cache, prevented", CacheMode::NoCache, true, &[], &[]),
        ("no-cache, said already", CacheMode::NoCache, false, &[("cache-control", "x")], &[]),
        ("no-store", CacheMode::NoStore, false, &[], both),
        ("reload", CacheMode::Reload, false, &[], both),
        ("the flag is for no-cache alone", CacheMode::Reload, true, &[], both),
        ("reload, half said", CacheMode::Reload, false, &[("pragma", "x")], &[("Cache-Control", "no-cache")]),
        ("the other half", CacheMode::Reload, false, &[("cache-control", "x")], &[("Pragma", "no-cache")]),
    ] {
        let mut request = with_headers(own);
        request.cache_mode = mode;
        request.prevent_no_cache_cache_control_header_modification = prevented;
        assert_eq!(cache_headers(&request).collect::<Vec<_>>(), appended, "{name}");
    }
}

#[test]
fn accept_encoding_table() {
    let (secure, insecure) = (Bytes::from_static(b"gzip, br"), Bytes::from_static(b"gzip"));
    let (full, plain) = (Some("gzip, br"), Some("gzip"));
    for (name, to, own, value) in [
        ("https", "https://api.test/", None, full),
        ("http", "http://api.test/", None, plain),
        ("http to this machine", "http://localhost:8080/", None, full),
        ("and its names", "http://a.localhost/", None, full),
        ("and its addresses", "http://127.0.0.1/", None, full),
        ("of both families", "http://[::1]/", None, full),
        ("a name that only looks so", "http://notlocalhost/", None, plain),
        ("and another", "http://127.0.0.1.test/", None, plain),
        ("another address", "http://[2001:db8::1]/", None, plain),
        ("said already", "https://api.test/", Some(("accept-encoding", "gzip")), None),
        ("a range", "https://api.test/", Some(("range", "bytes=0-")), Some("identity")),
    ] {
        let mut request = Request::new(url(to));
        if let Some((name, value)) = own {
            request.header_list.append(name, value);
        }
        let found = accept_encoding(&request, &secure, &insecure);
        assert_eq!(found.as_deref(), value.map(str::as_bytes), "{name}");
    }
    assert_eq!(accept_encoding(&request(), &Bytes::new(), &Bytes::new()), None);
}

#[test]
fn basic_authorization_table() {
    for (to, value) in [
        ("https://user:pass@api.test/", "Basic dXNlcjpwYXNz"),
        ("https://user@api.test/", "Basic dXNlcjo="),
        ("https://:pass@api.test/", "Basic OnBhc3M="),
        ("https://a%3Ab:%25@api.test/", "Basic YTpiOiU="),
        ("https://%zz%4:%@api.test/", "Basic JXp6JTQ6JQ=="),
        ("https://\u{e9}:%ff@api.test/", "Basic w6k6/w=="),
    ] {
        assert_eq!(&basic_authorization(&url(to))[..], value.as_bytes(), "{to}");
    }
}
