//! [`WebSocket`]: messages in both directions, as a page or on your own behalf.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use sofetch_core::infrastructure::clients::Client;
use sofetch_core::infrastructure::requests::Request as CoreRequest;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::infrastructure::web_sockets::{
    WebSocketClosure, WebSocketConnection, WebSocketEvent, WebSocketMessage, WebSocketTerms,
};
use sofetch_core::rules::web_sockets::{MAX_REASON, invalid_protocol, may_close_with};
use sofetch_core::rulings::{NetworkError, Reason};
use sofetch_core::trace::Trace;
use sofetch_fetching::establish_a_web_socket_connection::{ClientsLife, establish_a_web_socket_connection};
use sofetch_fetching::fetch_params::FetchController;

use crate::agent::UserAgent;
use crate::error::{Error, ErrorKind, Misuse};
use crate::fetch::Ends;
use crate::request::Request;

/// So many bytes may wait for [`WebSocket::next`] while something is sent, and one message more.
const WAITING: usize = 1024 * 1024;

/// So many messages.
const WAITING_MESSAGES: usize = 1024;

/// [A page that goes away](https://websockets.spec.whatwg.org/#garbage-collection) says so.
const GOING_AWAY: u16 = 1001;

/// A WebSocket connection that is open.
///
/// It is driven by whoever awaits one of its methods; a ping is answered by the next of them. What the server sends is read
/// as [`next`](Self::next) is called, so that who does not call it slows the server down. Every method may be dropped
/// half way (`select!`) and loses nothing.
///
/// Dropped, it says goodbye to the server in a task of the agent's; [`close`](Self::close) waits for the answer.
pub struct WebSocket {
    inner: Option<Inner>,
}

struct Inner {
    agent: UserAgent,
    url: Url,
    terms: WebSocketTerms,
    connection: Box<dyn WebSocketConnection>,
    client: ClientsLife,
    is_client_gone: bool,
    is_closing: bool,
    waiting: VecDeque<WebSocketMessage>,
    waiting_bytes: usize,
    closure: Option<WebSocketClosure>,
}

impl WebSocket {
    /// Opens one on your own behalf with the [shared agent](UserAgent::shared); see [`UserAgent::web_socket`].
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub async fn connect(input: impl Into<Request>) -> Result<WebSocket, Error> {
        UserAgent::shared().web_socket(input, &[]).await
    }

    /// For a page's client, or on the user's own behalf.
    pub(crate) async fn open(
        agent: UserAgent,
        client: Option<Arc<Client>>,
        mut request: Request,
        protocols: &[&str],
    ) -> Result<WebSocket, Error> {
        let engine = agent.engine()?;
        let mut ends = Ends::of(&mut request, engine);
        let observer = request.observer.take().or_else(|| agent.observer());
        let url = request.url(client.as_ref())?;
        let mut core = handshake(&url, client, request).map_err(|error| error.with_url(Some(&url)))?;
        let protocols: Vec<String> = protocols.iter().map(|&protocol| protocol.to_owned()).collect();
        if invalid_protocol(&protocols).is_some() {
            return Err(Error::misuse(Misuse::InvalidProtocol).with_url(Some(&url)));
        }
        core.keepalive = false;
        let controller = FetchController::new();
        ends.watch(&controller, engine);
        let trace = observer.map_or_else(Trace::off, Trace::new);
        let user_agent = engine.user_agent.clone();
        let established =
            establish_a_web_socket_connection(user_agent, Box::new(core), &protocols, controller, trace)
                .await
                .map_err(|error| Error::network(error).with_url(Some(&url)))?;
        Ok(WebSocket {
            inner: Some(Inner {
                agent,
                url,
                terms: established.terms,
                connection: established.connection,
                client: established.client,
                is_client_gone: false,
                is_closing: false,
                waiting: VecDeque::new(),
                waiting_bytes: 0,
                closure: None,
            }),
        })
    }

    fn inner(&self) -> &Inner {
        self.inner.as_ref().expect("it is taken by drop only")
    }

    fn inner_mut(&mut self) -> &mut Inner {
        self.inner.as_mut().expect("it is taken by drop only")
    }

    /// The URL that it was opened with.
    pub fn url(&self) -> &Url {
        &self.inner().url
    }

    /// The subprotocol that the server took.
    pub fn protocol(&self) -> Option<&str> {
        self.inner().terms.protocol.as_deref()
    }

    /// The extensions in use, as the server said them; empty for none.
    pub fn extensions(&self) -> &str {
        &self.inner().terms.extensions
    }

    /// How it was closed, once it is.
    pub fn closure(&self) -> Option<&WebSocketClosure> {
        self.inner().closure.as_ref()
    }

    /// Sends a message: text of a string, bytes of anything else. Ready once it was handed to the network.
    ///
    /// Messages that come meanwhile wait for [`next`](Self::next), up to a mebibyte; beyond that a server which reads nothing
    /// before it is read itself is waited for in vain. Dropped half way, it has queued the message all the same.
    ///
    /// # Errors
    /// [`Misuse::Closed`] once it is closed or closing, and whatever ends the connection meanwhile.
    pub async fn send(&mut self, message: impl Into<WebSocketMessage>) -> Result<(), Error> {
        let inner = self.inner_mut();
        if inner.is_closing || inner.closure.is_some() {
            return Err(Error::misuse(Misuse::Closed).with_url(Some(&inner.url)));
        }
        inner.connection.send(message.into());
        poll_fn(|context| {
            loop {
                if let Some(result) = inner.ended() {
                    return Poll::Ready(result.and_then(|()| Err(Error::misuse(Misuse::Closed))));
                }
                if inner.connection.buffered_amount() == 0 {
                    return Poll::Ready(Ok(()));
                }
                let has_room = inner.waiting_bytes <= WAITING && inner.waiting.len() < WAITING_MESSAGES;
                std::task::ready!(inner.poll(has_room, context));
            }
        })
        .await
        .map_err(|error| error.with_url(Some(&self.inner().url)))
    }

    /// The next message; `None` once both sides have said goodbye.
    ///
    /// # Errors
    /// The connection ended without that: [`Error::reason`] says how.
    pub async fn next(&mut self) -> Result<Option<WebSocketMessage>, Error> {
        let inner = self.inner_mut();
        poll_fn(|context| {
            loop {
                if let Some(message) = inner.waiting.pop_front() {
                    inner.waiting_bytes -= message.len();
                    return Poll::Ready(Ok(Some(message)));
                }
                if let Some(result) = inner.ended() {
                    return Poll::Ready(result.map(|()| None));
                }
                std::task::ready!(inner.poll(true, context));
            }
        })
        .await
        .map_err(|error| error.with_url(Some(&self.inner().url)))
    }

    /// Closes it, once what was sent before is on its way, and waits for the server to do so, too. Without a code none is sent,
    /// nor is the reason.
    ///
    /// # Errors
    /// [`Misuse::InvalidClose`] for a code that is neither 1000 nor one of 3000 to 4999, or a reason over 123 bytes.
    pub async fn close(
        mut self,
        code: impl Into<Option<u16>>,
        reason: &str,
    ) -> Result<WebSocketClosure, Error> {
        let code = code.into();
        let inner = self.inner_mut();
        if code.is_some_and(|code| !may_close_with(code)) || reason.len() > MAX_REASON {
            return Err(Error::misuse(Misuse::InvalidClose).with_url(Some(&inner.url)));
        }
        inner.is_closing = true;
        inner.connection.start_the_closing_handshake(code, reason);
        Ok(poll_fn(|context| inner.poll_closed(context)).await)
    }
}

impl Inner {
    /// Drives the connection by one event.
    fn poll(&mut self, wants_messages: bool, context: &mut Context<'_>) -> Poll<()> {
        if !self.is_client_gone && self.client.poll_gone(context).is_ready() {
            self.is_client_gone = true;
            self.is_closing = true;
            self.connection.start_the_closing_handshake(Some(GOING_AWAY), "");
        }
        match std::task::ready!(self.connection.poll_event(wants_messages, context)) {
            WebSocketEvent::Message(message) => {
                self.waiting_bytes += message.len();
                self.waiting.push_back(message);
            }
            WebSocketEvent::Sent => {}
            WebSocketEvent::Closing => self.is_closing = true,
            WebSocketEvent::Closed(closure) => self.closure = Some(closure),
        }
        Poll::Ready(())
    }

    fn poll_closed(&mut self, context: &mut Context<'_>) -> Poll<WebSocketClosure> {
        loop {
            if let Some(closure) = &self.closure {
                return Poll::Ready(closure.clone());
            }
            std::task::ready!(self.poll(false, context));
        }
    }

    /// What its end is to who still has something to say or to hear.
    fn ended(&self) -> Option<Result<(), Error>> {
        let closure = self.closure.as_ref()?;
        if self.is_client_gone {
            return Some(Err(Error::network(NetworkError::new(Reason::Terminated))));
        }
        Some(match &closure.fault {
            Some(fault) => Err(Error::network(NetworkError::new(fault.clone()))),
            None => Ok(()),
        })
    }
}

/// The URL of scheme "ws" or "wss" as that of a fetch, and the request for it.
fn handshake(url: &Url, client: Option<Arc<Client>>, request: Request) -> Result<CoreRequest, Error> {
    let fetched = match url.scheme() {
        "http" | "https" => url.clone(),
        "ws" => url.with_scheme("http"),
        "wss" => url.with_scheme("https"),
        _ => return Err(Error::misuse(Misuse::InvalidUrl)),
    };
    if url.fragment().is_some() {
        return Err(Error::misuse(Misuse::InvalidUrl));
    }
    if client.is_some() {
        let mut core = CoreRequest::new(fetched);
        core.client = client;
        return Ok(core);
    }
    // NB: no body is sent, so there is nothing to be bounded.
    let mut core = request.into_core(fetched, None, String::new)?;
    let is_ours = |name: &[u8]| name.len() > 13 && name[..13].eq_ignore_ascii_case(b"sec-websocket");
    let is_plain = core.method.as_str() == "GET" && core.body.is_none();
    if core.header_list.iter().any(|header| is_ours(header.name())) || !is_plain {
        return Err(Error::of(ErrorKind::Misuse(Misuse::FramingHeader)));
    }
    core.initiator_type = None;
    Ok(core)
}

impl Drop for WebSocket {
    /// [Start the closing handshake](https://websockets.spec.whatwg.org/#garbage-collection), with no status code.
    fn drop(&mut self) {
        let Some(mut inner) = self.inner.take() else { return };
        let Ok(engine) = inner.agent.engine() else { return };
        if inner.closure.is_some() {
            return;
        }
        let tasks = engine.user_agent.tasks.clone();
        inner.connection.start_the_closing_handshake(None, "");
        tasks.spawn(Box::pin(async move {
            poll_fn(|context| inner.poll_closed(context)).await;
        }));
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner();
        f.debug_struct("WebSocket")
            .field("url", &inner.url.with_credentials("", "").with_query(None).href())
            .field("protocol", &inner.terms.protocol)
            .field("closure", &inner.closure)
            .finish_non_exhaustive()
    }
}
