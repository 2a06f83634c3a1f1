//! [Port blocking](https://fetch.spec.whatwg.org/#port-blocking): ports that no fetch may speak HTTP to.

use crate::infrastructure::requests::Request;
use crate::rules::verdict::Verdict;

/// The verdict of [`should_request_be_blocked_due_to_a_bad_port`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PortBlocking {
    /// Step 2: only HTTP(S) URLs have ports that matter.
    NotHttp,
    /// Step 3: no bad port.
    Allowed,
    /// On the user's own behalf: every port is theirs to ask.
    Owner,
    /// Step 2: a bad port.
    BadPort {
        /// Which.
        port: u16,
    },
}

impl Verdict for PortBlocking {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#block-bad-port";
    fn blocks(&self) -> bool {
        matches!(self, PortBlocking::BadPort { .. })
    }
}

/// <https://fetch.spec.whatwg.org/#block-bad-port>
pub fn should_request_be_blocked_due_to_a_bad_port(request: &Request) -> PortBlocking {
    // 1, 2. Only an HTTP(S) URL with a bad port is blocked; the default port is never bad.
    let url = request.current_url();
    if !url.has_http_scheme() {
        return PortBlocking::NotHttp;
    }
    // DEPARTS: bad ports keep pages from speaking HTTP to what is no HTTP server; the user needs no such guard.
    if request.owner {
        return PortBlocking::Owner;
    }
    match url.port() {
        Some(port) if is_bad_port(port) => PortBlocking::BadPort { port },
        _ => PortBlocking::Allowed,
    }
}

/// <https://fetch.spec.whatwg.org/#bad-port>
pub fn is_bad_port(port: u16) -> bool {
    BAD_PORTS.binary_search(&port).is_ok()
}

const BAD_PORTS: [u16; 83] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
    104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514,
    515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723,
    2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infrastructure::url::Url;

    #[test]
    fn bad_ports_are_sorted_so_that_the_search_finds_each() {
        assert!(BAD_PORTS.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(BAD_PORTS.iter().all(|&port| is_bad_port(port)));
        assert_eq!((0..=u16::MAX).filter(|&port| is_bad_port(port)).count(), 83);
    }

    #[test]
    fn port_blocking_table() {
        for (url, verdict) in [
            ("http://a.test/", PortBlocking::Allowed),
            ("http://a.test:80/", PortBlocking::Allowed),
            ("http://a.test:8080/", PortBlocking::Allowed),
            ("http://a.test:0/", PortBlocking::BadPort { port: 0 }),
            ("https://a.test:25/", PortBlocking::BadPort { port: 25 }),
            ("https://a.test:80/", PortBlocking::Allowed),
            ("http://a.test:10080/", PortBlocking::BadPort { port: 10080 }),
            ("ws://a.test:25/", PortBlocking::NotHttp),
            ("data:,x", PortBlocking::NotHttp),
        ] {
            let request = Request::new(Url::parse(url, None).expect("a URL of the table"));
            assert_eq!(should_request_be_blocked_due_to_a_bad_port(&request), verdict, "{url}");
        }
    }

    #[test]
    fn no_port_is_bad_on_the_users_own_behalf() {
        for (url, verdict) in [
            ("http://a.test:25/", PortBlocking::Owner),
            ("http://a.test/", PortBlocking::Owner),
            ("data:,x", PortBlocking::NotHttp),
        ] {
            let mut request = Request::new(Url::parse(url, None).expect("a URL of the table"));
            request.owner = true;
            assert_eq!(should_request_be_blocked_due_to_a_bad_port(&request), verdict, "{url}");
            assert!(!verdict.blocks(), "{url}");
        }
    }
}
