//! [Fetch timing info](https://fetch.spec.whatwg.org/#fetch-timing-info), [connection timing info](https://fetch.spec.whatwg.org/#connection-timing-info) and [response body info](https://fetch.spec.whatwg.org/#response-body-info).
//!
//! Times are values handed in: nothing here reads a clock.

use bytes::Bytes;

/// A moment of the [unsafe shared monotonic clock](https://w3c.github.io/hr-time/#dfn-unsafe-shared-current-time): nanoseconds since the agent's time origin. 0 is "not yet".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// As a `DOMHighResTimeStamp`, in milliseconds.
    pub fn as_millis(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Nanoseconds from `earlier` to `self`, 0 if it is the later one.
    pub fn since(self, earlier: Timestamp) -> std::time::Duration {
        std::time::Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// <https://w3c.github.io/hr-time/#dfn-coarsen-time>: to 5 microseconds with the capability, to 100 without.
    #[must_use]
    pub fn coarsen(self, cross_origin_isolated_capability: bool) -> Timestamp {
        let resolution = if cross_origin_isolated_capability { 5_000 } else { 100_000 };
        Timestamp(self.0 / resolution * resolution)
    }
}

/// Seconds since the Unix epoch, by the wall clock: what stores and dates in headers count in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(pub i64);

/// <https://fetch.spec.whatwg.org/#fetch-timing-info>
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FetchTimingInfo {
    /// <https://fetch.spec.whatwg.org/#fetch-timing-info-start-time>
    pub start_time: Timestamp,
    /// <https://fetch.spec.whatwg.org/#fetch-timing-info-redirect-start-time>
    pub redirect_start_time: Timestamp,
    /// <https://fetch.spec.whatwg.org/#fetch-timing-info-redirect-end-time>
    pub redirect_end_time: Timestamp,
    /// <https://fetch.spec.whatwg.org/#fetch-timing-info-post-redirect-start-time>
    pub post_redirect_start_time: Timestamp,
    /// <https://fetch.spec.whatwg.org/#fetch-timing-info-final-service-worker-start-time>
    pub final_service_worker_start_time: Timestamp,
    /// <https://fetch.spec.whatwg.org/#fetch-timing-info-final-network-request-start-time>
    pub final_network_request_start_time: Timestamp,
    /// <https://fetch.spec.whatwg.org/#fetch-timing-info-first-interim-network-response-start-time>
    pub first_interim_network_response_start_time: Timestamp,
    /// <https://fetch.spec.whatwg.org/#fetch-timing-info-final-network-response-start-time>
    pub final_network_response_start_time: Timestamp,
    /// <https://fetch.spec.whatwg.org/#fetch-timing-info-end-time>
    pub end_time: Timestamp,
    /// <https://fetch.spec.whatwg.org/#fetch-timing-info-final-connection-timing-info>
    pub final_connection_timing_info: Option<ConnectionTimingInfo>,
    /// <https://fetch.spec.whatwg.org/#fetch-timing-info-service-worker-timing-info>
    pub service_worker_timing_info: Option<ServiceWorkerTimingInfo>,
    /// <https://fetch.spec.whatwg.org/#fetch-timing-info-server-timing-headers>
    pub server_timing_headers: Vec<String>,
    /// <https://fetch.spec.whatwg.org/#fetch-timing-info-render-blocking>
    pub render_blocking: bool,
}

impl FetchTimingInfo {
    /// <https://fetch.spec.whatwg.org/#create-an-opaque-timing-info>
    #[must_use]
    pub fn opaque(&self) -> FetchTimingInfo {
        FetchTimingInfo {
            start_time: self.start_time,
            post_redirect_start_time: self.start_time,
            ..FetchTimingInfo::default()
        }
    }
}

/// <https://w3c.github.io/ServiceWorker/#service-worker-timing>
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceWorkerTimingInfo {
    /// When the worker's start was asked for.
    pub start_time: Timestamp,
    /// When the fetch event was dispatched.
    pub fetch_event_dispatch_time: Timestamp,
    /// When a static router was consulted.
    pub worker_router_evaluation_start: Timestamp,
    /// When the cache was looked up for a router's source.
    pub worker_cache_lookup_start: Timestamp,
    /// The router's matched source, empty if none.
    pub worker_matched_router_source: String,
    /// The router's final source, empty if none.
    pub worker_final_router_source: String,
}

/// <https://fetch.spec.whatwg.org/#connection-timing-info>
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConnectionTimingInfo {
    /// <https://fetch.spec.whatwg.org/#connection-timing-info-domain-lookup-start-time>
    pub domain_lookup_start_time: Timestamp,
    /// <https://fetch.spec.whatwg.org/#connection-timing-info-domain-lookup-end-time>
    pub domain_lookup_end_time: Timestamp,
    /// <https://fetch.spec.whatwg.org/#connection-timing-info-connection-start-time>
    pub connection_start_time: Timestamp,
    /// <https://fetch.spec.whatwg.org/#connection-timing-info-connection-end-time>
    pub connection_end_time: Timestamp,
    /// <https://fetch.spec.whatwg.org/#connection-timing-info-secure-connection-start-time>
    pub secure_connection_start_time: Timestamp,
    /// <https://fetch.spec.whatwg.org/#connection-timing-info-alpn-negotiated-protocol>
    pub alpn_negotiated_protocol: Bytes,
}

impl ConnectionTimingInfo {
    /// <https://fetch.spec.whatwg.org/#clamp-and-coarsen-connection-timing-info>
    #[must_use]
    pub fn clamp_and_coarsen(
        &self,
        default_start_time: Timestamp,
        cross_origin_isolated_capability: bool,
    ) -> ConnectionTimingInfo {
        // 1. A reused connection was made before this fetch: none of its times may show.
        if self.connection_start_time < default_start_time {
            return ConnectionTimingInfo {
                domain_lookup_start_time: default_start_time,
                domain_lookup_end_time: default_start_time,
                connection_start_time: default_start_time,
                connection_end_time: default_start_time,
                // DEPARTS: what was never made secure has no such time, whoever uses it, as in browsers; the text has the
                // default start time for every connection that is used again.
                secure_connection_start_time: match self.secure_connection_start_time {
                    Timestamp(0) => Timestamp(0),
                    _ => default_start_time,
                },
                alpn_negotiated_protocol: self.alpn_negotiated_protocol.clone(),
            };
        }
        // 2. Otherwise each time, coarsened.
        let coarsen = |time: Timestamp| time.coarsen(cross_origin_isolated_capability);
        ConnectionTimingInfo {
            domain_lookup_start_time: coarsen(self.domain_lookup_start_time),
            domain_lookup_end_time: coarsen(self.domain_lookup_end_time),
            connection_start_time: coarsen(self.connection_start_time),
            connection_end_time: coarsen(self.connection_end_time),
            // DEPARTS: the text coarsens the connection end time here, an evident slip; browsers report the handshake's start.
            secure_connection_start_time: coarsen(self.secure_connection_start_time),
            alpn_negotiated_protocol: self.alpn_negotiated_protocol.clone(),
        }
    }
}

/// <https://fetch.spec.whatwg.org/#response-body-info>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseBodyInfo {
    /// Bytes on the wire, before content codings.
    pub encoded_size: u64,
    /// Bytes after content codings.
    pub decoded_size: u64,
    /// The minimized MIME type, set when timing is reported.
    pub content_type: String,
    /// The one known coding, `multiple`, `@unknown`, or the empty string.
    pub content_encoding: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_clamped_and_coarsened() {
        let connection = |times: [u64; 5]| {
            let [dns, found, connecting, connected, secure] = times.map(Timestamp);
            ConnectionTimingInfo {
                domain_lookup_start_time: dns,
                domain_lookup_end_time: found,
                connection_start_time: connecting,
                connection_end_time: connected,
                secure_connection_start_time: secure,
                alpn_negotiated_protocol: Bytes::from_static(b"h2"),
            }
        };
        for (row, times, start, isolated, expected) in [
            (
                "of its own",
                [200_001, 300_002, 300_003, 500_004, 400_005],
                200_000,
                false,
                [200_000, 300_000, 300_000, 500_000, 400_000],
            ),
            (
                "finer",
                [200_001, 300_002, 307_503, 500_004, 400_005],
                200_000,
                true,
                [200_000, 300_000, 305_000, 500_000, 400_000],
            ),
            ("of another fetch", [1, 2, 3, 5, 4], 200_000, false, [200_000; 5]),
            (
                "of another fetch, and not secure",
                [1, 2, 3, 5, 0],
                200_000,
                false,
                [200_000, 200_000, 200_000, 200_000, 0],
            ),
        ] {
            let clamped = connection(times).clamp_and_coarsen(Timestamp(start), isolated);
            assert_eq!(clamped, connection(expected), "{row}");
        }
    }
}
