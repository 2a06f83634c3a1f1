//! [Establish a WebSocket connection](https://websockets.spec.whatwg.org/#concept-websocket-establish): the opening handshake as a fetch, and the judgement on its answer.

use std::sync::Arc;
use std::task::{Context, Poll};

use sofetch_core::infrastructure::base64::forgiving_base64_encode;
use sofetch_core::infrastructure::requests::{
    CacheMode, CredentialsMode, Mode, RedirectMode, Referrer, Request, ServiceWorkersMode,
};
use sofetch_core::infrastructure::responses::Response;
use sofetch_core::infrastructure::web_sockets::{WebSocketConnection, WebSocketTerms};
use sofetch_core::rules::verdict::Verdict;
use sofetch_core::rules::web_sockets::{OFFERED_EXTENSIONS, WebSocketHandshake, web_socket_handshake};
use sofetch_core::rulings::{NetworkError, Ruling};
use sofetch_core::trace::{Algorithm, Event, Trace};

use crate::fetch::fetch;
use crate::fetch_groups::Membership;
use crate::fetch_params::{Callbacks, Cancellation, FetchController};
use crate::user_agent::UserAgent;

/// An established WebSocket connection.
pub struct Established {
    /// What both sides agreed on.
    pub terms: WebSocketTerms,
    /// The connection.
    pub connection: Box<dyn WebSocketConnection>,
    /// Its client, as long as that is there.
    pub client: ClientsLife,
}

/// Tells when the client of a connection goes away, or whoever holds the controller has enough of it.
pub struct ClientsLife {
    cancellation: Cancellation,
    _membership: Option<Membership>,
}

impl ClientsLife {
    /// Ready once it has gone away.
    pub fn poll_gone(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.cancellation.poll(context).map(|_| ())
    }
}

/// <https://websockets.spec.whatwg.org/#concept-websocket-establish>
///
/// The request has a URL of scheme "http" or "https" (step 1), its client or owner, and headers of the owner's own; the
/// rest is set here. `protocols` are tokens, each there once.
pub async fn establish_a_web_socket_connection(
    user_agent: Arc<UserAgent>,
    mut request: Box<Request>,
    protocols: &[String],
    controller: Arc<FetchController>,
    trace: Trace,
) -> Result<Established, NetworkError> {
    let _room = trace.enter(Algorithm::EstablishAWebSocketConnection);
    // 2. The request.
    request.service_workers_mode = ServiceWorkersMode::None;
    request.referrer = Referrer::NoReferrer;
    request.mode = Mode::WebSocket;
    request.credentials_mode = CredentialsMode::Include;
    request.cache_mode = CacheMode::NoStore;
    request.redirect_mode = RedirectMode::Error;
    // 3, 4.
    request.header_list.append("Upgrade", "websocket");
    request.header_list.append("Connection", "Upgrade");
    // 5, 6.
    let mut nonce = [0; 16];
    user_agent.random.fill(&mut nonce);
    let key = forgiving_base64_encode(&nonce);
    request.header_list.append("Sec-WebSocket-Key", key.clone());
    // 7.
    request.header_list.append("Sec-WebSocket-Version", "13");
    // 8.
    if !protocols.is_empty() {
        request.header_list.append("Sec-WebSocket-Protocol", protocols.join(", "));
    }
    // 9, 10.
    request.header_list.append("Sec-WebSocket-Extensions", OFFERED_EXTENSIONS);
    // NB: a fetch leaves its client's group with its answer. This one stays, for its connection does.
    let group = user_agent.fetch_group(&request);
    let membership = group.map(|group| group.append(controller.clone(), false, 0));
    // 11.
    let fetched =
        fetch(user_agent.clone(), request, Callbacks::default(), controller.clone(), trace.clone()).await;
    let mut response = fetched?;
    let (verdict, terms) = judged(&key, protocols, &mut response);
    let ruling: Ruling = verdict.clone().into();
    trace.emit(|| Event::Ruled(Box::new(ruling.clone())));
    let upgraded = response.internal_mut().upgraded.take().filter(|_| !verdict.blocks());
    let Some(upgraded) = upgraded else { return Err(NetworkError::new(ruling)) };
    let random = user_agent.random.clone();
    let masks = Box::new(move || {
        let mut mask = [0; 4];
        random.fill(&mut mask);
        mask
    });
    let connection = upgraded.into_connection().speak_web_socket(&terms, masks);
    let client = ClientsLife { cancellation: Cancellation::new(controller), _membership: membership };
    Ok(Established { terms, connection, client })
}

/// Steps 11.1 to 11.3.
fn judged(key: &str, protocols: &[String], response: &mut Response) -> (WebSocketHandshake, WebSocketTerms) {
    let (verdict, terms) = web_socket_handshake(key, protocols, response.internal());
    if !verdict.blocks() && response.internal().upgraded.is_none() {
        return (WebSocketHandshake::NoConnection, WebSocketTerms::default());
    }
    (verdict, terms)
}
