//! What would be sent, without sending it: a network that writes requests down and reaches nobody.
//!
//! A preflight is granted, so that the request after it is seen too. No name is looked up, no socket opened.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};

use sofetch::Bytes;
use sofetch::core::infrastructure::header_list::HeaderList;
use sofetch::core::infrastructure::timing::{ConnectionTimingInfo, Timestamp};
use sofetch::core::ports::{
    Answer, BoxFuture, Connection, ConnectionRequest, ExchangeFault, Network, Protocol, WireRequest,
    WireResponse,
};
use sofetch::core::wire_faults::NetworkFault;

/// A request that would have been sent.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) method: String,
    pub(crate) url: sofetch::Url,
    /// Without Host, which the URL says.
    pub(crate) headers: HeaderList,
    pub(crate) body: Option<Bytes>,
    /// On which HTTP.
    pub(crate) protocol: Protocol,
}

impl Outgoing {
    /// Is it the rules' question before the request?
    pub(crate) fn is_preflight(&self) -> bool {
        self.method == "OPTIONS" && self.headers.contains("access-control-request-method")
    }
}

/// A network that reaches nobody. Its clones write to one list.
#[derive(Clone, Default)]
pub(crate) struct NoNetwork(Arc<Mutex<Vec<Outgoing>>>);

impl NoNetwork {
    /// All that would have been sent, in order.
    pub(crate) fn requests(&self) -> Vec<Outgoing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Network for NoNetwork {
    fn obtain_a_connection(
        &self,
        _: ConnectionRequest,
    ) -> Answer<'_, Result<Box<dyn Connection>, NetworkFault>> {
        let connection =
            NoConnection { requests: self.clone(), timing_info: ConnectionTimingInfo::default() };
        Answer::ready(Ok(Box::new(connection)))
    }
}

struct NoConnection {
    requests: NoNetwork,
    timing_info: ConnectionTimingInfo,
}

impl Connection for NoConnection {
    fn timing_info(&self) -> &ConnectionTimingInfo {
        &self.timing_info
    }

    fn protocol(&self) -> Protocol {
        Protocol::Http1
    }

    fn reused(&self) -> bool {
        false
    }

    fn exchange(
        self: Box<Self>,
        request: WireRequest,
    ) -> BoxFuture<'static, Result<WireResponse, ExchangeFault>> {
        Box::pin(async move {
            let WireRequest { method, url, header_list, body, .. } = request;
            let body = match body {
                None => None,
                Some(mut body) => {
                    let mut bytes = Vec::new();
                    // NB: bodies of this command are whole; one that fails is as long as it came.
                    while let Some(Ok(chunk)) = poll_fn(|context| body.poll_chunk(context)).await {
                        bytes.extend_from_slice(&chunk);
                    }
                    Some(bytes.into())
                }
            };
            let headers = HeaderList::clone(&header_list);
            let (method, protocol) = (method.as_str().to_owned(), Protocol::Http1);
            let outgoing = Outgoing { method, url, headers, body, protocol };
            let answer = if outgoing.is_preflight() { grant(&outgoing.headers) } else { HeaderList::new() };
            self.requests.0.lock().unwrap_or_else(PoisonError::into_inner).push(outgoing);
            Ok(WireResponse {
                status: 204,
                status_message: Bytes::new(),
                header_list: answer,
                body: None,
                started_at: Timestamp(0),
                remote_address: None,
                protocol: Protocol::Http1,
                upgraded: None,
            })
        })
    }
}

/// All that the preflight asks for.
fn grant(asked: &HeaderList) -> HeaderList {
    let mut granted = HeaderList::new();
    let mut answer = |name: &'static str, of: &str| {
        if let Some(value) = asked.get(of) {
            granted.append(name, Bytes::copy_from_slice(&value));
        }
    };
    answer("Access-Control-Allow-Origin", "origin");
    answer("Access-Control-Allow-Methods", "access-control-request-method");
    answer("Access-Control-Allow-Headers", "access-control-request-headers");
    granted.append("Access-Control-Allow-Credentials", Bytes::from_static(b"true"));
    granted
}
