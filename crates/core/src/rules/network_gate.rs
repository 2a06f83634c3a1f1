//! What [HTTP-network-or-cache fetch](https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch) and
//! [HTTP-network fetch](https://fetch.spec.whatwg.org/#concept-http-network-fetch) refuse before anything is sent.

use crate::infrastructure::connections::Protocol;
use crate::infrastructure::requests::{CacheMode, Request};
use crate::rules::verdict::Verdict;

/// May the request go to the network?
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkGate {
    /// It may.
    Open,
    /// Cache mode "only-if-cached", and nothing is cached.
    OnlyIfCached,
    /// The client is offline.
    Offline,
    /// A body made from a stream cannot be sent over HTTP/1.x.
    StreamOverHttp1,
}

impl Verdict for NetworkGate {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-http-network-fetch";
    fn blocks(&self) -> bool {
        *self != NetworkGate::Open
    }
}

/// HTTP-network-or-cache fetch, step 11.1: the cache answered nothing; may the network be asked?
pub fn network_after_cache(request: &Request) -> NetworkGate {
    if request.cache_mode == CacheMode::OnlyIfCached { NetworkGate::OnlyIfCached } else { NetworkGate::Open }
}

/// <https://fetch.spec.whatwg.org/#is-offline>, at HTTP-network fetch, step 2.
pub fn is_offline(request: &Request) -> NetworkGate {
    match &request.client {
        Some(client) if client.offline => NetworkGate::Offline,
        _ => NetworkGate::Open,
    }
}

/// HTTP-network fetch, step 8.3: a body without a source needs HTTP/2, for it cannot be sent again.
pub fn may_send_body(request: &Request, protocol: Protocol) -> NetworkGate {
    match &request.body {
        // DEPARTS: on the user's own behalf a stream goes in chunks, as every client sends it.
        Some(body) if body.source.is_null() && protocol == Protocol::Http1 && !request.owner => {
            NetworkGate::StreamOverHttp1
        }
        _ => NetworkGate::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::bodies::{Body, BodySource};
    use crate::infrastructure::url::Url;

    fn request() -> Request {
        Request::new(Url::parse("https://a.test/", None).expect("a valid URL"))
    }

    #[test]
    fn only_if_cached_never_reaches_the_network() {
        for mode in CacheMode::ALL {
            let mut request = request();
            request.cache_mode = *mode;
            assert_eq!(network_after_cache(&request).blocks(), *mode == CacheMode::OnlyIfCached, "{mode:?}");
        }
    }

    #[test]
    fn streams_need_http2() {
        let stream = || Some(Body::from_chunks([], BodySource::Null));
        let bytes = || Some(Body::from_bytes("x"));
        for (row, body, protocol, owner, verdict) in [
            ("no body", None, Protocol::Http1, false, NetworkGate::Open),
            ("bytes over HTTP/1", bytes(), Protocol::Http1, false, NetworkGate::Open),
            ("a stream over HTTP/1", stream(), Protocol::Http1, false, NetworkGate::StreamOverHttp1),
            ("a stream over HTTP/2", stream(), Protocol::Http2, false, NetworkGate::Open),
            ("the user's own stream over HTTP/1", stream(), Protocol::Http1, true, NetworkGate::Open),
        ] {
            let mut request = request();
            request.body = body;
            request.owner = owner;
            assert_eq!(may_send_body(&request, protocol), verdict, "{row}");
        }
    }
}
