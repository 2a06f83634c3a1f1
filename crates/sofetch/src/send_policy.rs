//! [`SendPolicy`]: the owner's word on each request before it goes on the wire.
//!
//! A network around the agent's own, for what no rule of the Standard decides: a program that only wants to know whether a
//! preflight grants, one that asks a person first, one whose plugins may reach some hosts and not others.

use std::sync::Arc;

use sofetch_core::fixes::AnswerTo;
use sofetch_core::infrastructure::connections::Protocol;
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::timing::ConnectionTimingInfo;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::ports::{
    Answer, BoxFuture, Connection, ConnectionRequest, ExchangeFault, Network, WireRequest, WireResponse,
};
use sofetch_core::tape::answer_to;
use sofetch_core::wire_faults::{NetworkFault, WireFault};

/// Decides on each request, redirects and preflights among them, when all of it is known and nothing of it was sent.
pub trait SendPolicy: Send + Sync {
    /// May there be a connection for a request to this URL? Asked first, before its host's name is resolved: names tell
    /// something, too. If not, the fetch ends as where nothing may be sent.
    fn may_connect(&self, url: &Url) -> bool {
        let _ = url;
        true
    }

    /// May it be sent? If not, the fetch is a network error whose reason is [`WireFault::Withheld`].
    fn may_send(&self, request: Outgoing) -> BoxFuture<'_, bool>;
}

/// A request that is about to be sent.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// The URL.
    pub url: Url,
    /// The headers, without those that are the transport's.
    pub header_list: Arc<HeaderList>,
    /// Is it a CORS-preflight request?
    pub preflight: bool,
    /// How many bytes its body has; `None` where nobody knows yet.
    pub body_length: Option<u64>,
}

/// A network that asks first.
pub(crate) struct Guarded {
    pub(crate) network: Arc<dyn Network>,
    pub(crate) policy: Arc<dyn SendPolicy>,
}

impl Network for Guarded {
    fn obtain_a_connection(
        &self,
        ask: ConnectionRequest,
    ) -> Answer<'_, Result<Box<dyn Connection>, NetworkFault>> {
        if !self.policy.may_connect(&ask.url) {
            return Answer::ready(Err(WireFault::Withheld.into()));
        }
        let obtained = self.network.obtain_a_connection(ask);
        Answer::Later(Box::pin(async move {
            let guarded = GuardedConnection { connection: obtained.await?, policy: self.policy.clone() };
            Ok(Box::new(guarded) as Box<dyn Connection>)
        }))
    }
}

struct GuardedConnection {
    connection: Box<dyn Connection>,
    policy: Arc<dyn SendPolicy>,
}

impl Connection for GuardedConnection {
    fn timing_info(&self) -> &ConnectionTimingInfo {
        self.connection.timing_info()
    }

    fn protocol(&self) -> Protocol {
        self.connection.protocol()
    }

    fn reused(&self) -> bool {
        self.connection.reused()
    }

    fn exchange(
        self: Box<Self>,
        request: WireRequest,
    ) -> BoxFuture<'static, Result<WireResponse, ExchangeFault>> {
        Box::pin(async move {
            let outgoing = Outgoing {
                method: request.method.clone(),
                url: request.url.clone(),
                header_list: request.header_list.clone(),
                preflight: answer_to(&request.method, &request.header_list) == AnswerTo::Preflight,
                body_length: request.body.as_ref().map_or(Some(0), |body| body.length),
            };
            if !self.policy.may_send(outgoing).await {
                return Err(ExchangeFault {
                    fault: WireFault::Withheld.into(),
                    resend_is_safe: false,
                    unread_body: request.body,
                });
            }
            self.connection.exchange(request).await
        })
    }
}
