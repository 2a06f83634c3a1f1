//! The page of traits: all that the engine needs of the world.
//!
//! `fetching` awaits these and nothing else. A method answers [`Answer::Ready`] when it need not wait, so that a port
//! in memory costs no allocation. `None`, "no" and "nothing stored" are right answers of a port that is not built.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use crate::infrastructure::blobs::BlobUrlEntry;
use crate::infrastructure::bodies::{Body, ByteStream};
use crate::infrastructure::clients::{Client, NetworkPartitionKey};
pub use crate::infrastructure::connections::Protocol;
use crate::infrastructure::header_list::HeaderList;
use crate::infrastructure::methods::Method;
pub use crate::infrastructure::reports::Report;
use crate::infrastructure::requests::Request;
use crate::infrastructure::responses::Response;
use crate::infrastructure::statuses::Status;
use crate::infrastructure::timing::{ConnectionTimingInfo, ServiceWorkerTimingInfo, Timestamp, WallTime};
use crate::infrastructure::url::Url;
use crate::infrastructure::web_sockets::Upgraded;
use crate::rules::cors_preflight_cache::{CacheLookUp, EntryScope, Grant, Question};
use crate::rulings::Fetched;
use crate::trace::Trace;
use crate::wire_faults::NetworkFault;

/// A future of one of the ports.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A port's answer: here at once, or later.
pub enum Answer<'a, T> {
    /// Here; `None` once it was taken.
    Ready(Option<T>),
    /// To be awaited.
    Later(BoxFuture<'a, T>),
}

impl<'a, T> Answer<'a, T> {
    /// An answer that is here.
    pub fn ready(value: T) -> Self {
        Answer::Ready(Some(value))
    }

    /// An answer that must be awaited.
    pub fn later(future: impl Future<Output = T> + Send + 'a) -> Self {
        Answer::Later(Box::pin(future))
    }
}

impl<T: Unpin> Future for Answer<'_, T> {
    type Output = T;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match &mut *self {
            Answer::Ready(value) => {
                Poll::Ready(value.take().expect("an answer is awaited once: `Future`'s contract"))
            }
            Answer::Later(future) => future.as_mut().poll(context),
        }
    }
}

/// Connections: <https://fetch.spec.whatwg.org/#connections>.
pub trait Network: Send + Sync {
    /// <https://fetch.spec.whatwg.org/#concept-connection-obtain>
    fn obtain_a_connection(
        &self,
        ask: ConnectionRequest,
    ) -> Answer<'_, Result<Box<dyn Connection>, NetworkFault>>;
}

/// What [`Network::obtain_a_connection`] is given.
#[derive(Clone, Debug)]
pub struct ConnectionRequest {
    /// The network partition key, `None` for null.
    pub key: Option<NetworkPartitionKey>,
    /// The URL; its origin keys the pool.
    pub url: Url,
    /// May the connection carry credentials?
    pub credentials: bool,
    /// Must it be a new one ("yes")?
    pub new: bool,
    /// Is it for a WebSocket? Then it is nobody else's, before and after, or a stream of an HTTP/2 connection whose server takes WebSockets.
    pub web_socket: bool,
    /// Is this fetch under browser rules (a page)? It decides the per-host limit.
    pub page: bool,
    /// Where the wire's events go.
    pub trace: Trace,
}

/// One connection, ours for one exchange. It goes back to its pool by itself.
pub trait Connection: Send {
    /// <https://fetch.spec.whatwg.org/#connection-timing-info>
    fn timing_info(&self) -> &ConnectionTimingInfo;

    /// Which HTTP it speaks.
    fn protocol(&self) -> Protocol;

    /// Has it carried a request before?
    fn reused(&self) -> bool;

    /// Sends the request, hears interim responses and the head of the final one.
    fn exchange(
        self: Box<Self>,
        request: WireRequest,
    ) -> BoxFuture<'static, Result<WireResponse, ExchangeFault>>;
}

/// An exchange that brought no response.
#[derive(Debug)]
pub struct ExchangeFault {
    /// What happened.
    pub fault: NetworkFault,
    /// A pooled connection had died before this request could have reached the server, or the server said it did
    /// nothing with it: sending it again is safe.
    pub resend_is_safe: bool,
    /// The request's body, where nothing was read from it yet.
    pub unread_body: Option<Body>,
}

/// A request as it goes on the wire.
pub struct WireRequest {
    /// The method.
    pub method: Method,
    /// Its path, query and host are sent.
    pub url: Url,
    /// Without `Host`, `Connection` and `Transfer-Encoding`, which are the transport's; but `Connection: Upgrade` goes with an
    /// `Upgrade`. A WebSocket's handshake over HTTP/2 leaves out what only HTTP/1.1 has. Shared with whoever may send the request again.
    pub header_list: Arc<HeaderList>,
    /// The body; its length frames it, and chunks where it has none.
    pub body: Option<Body>,
    /// Told of each interim response.
    pub on_interim: Option<Box<dyn FnMut(Interim) + Send>>,
    /// Where the wire's events go.
    pub trace: Trace,
}

/// An interim (1xx) response.
#[derive(Clone, Debug)]
pub struct Interim {
    /// 100 to 199.
    pub status: Status,
    /// Its headers.
    pub header_list: HeaderList,
    /// When its first byte came.
    pub started_at: Timestamp,
}

/// A response's head, and its body to be pulled from the socket.
pub struct WireResponse {
    /// 0 to 999.
    pub status: Status,
    /// The reason phrase's bytes; empty over HTTP/2.
    pub status_message: Bytes,
    /// As received: order and (over HTTP/1) case kept as far as the transport can.
    pub header_list: HeaderList,
    /// `None` where HTTP says there is none (HEAD, 204, 304 ...).
    pub body: Option<Box<dyn ByteStream>>,
    /// When the first byte of the final response came.
    pub started_at: Timestamp,
    /// The address that the socket is connected to.
    pub remote_address: Option<SocketAddr>,
    /// Which HTTP.
    pub protocol: Protocol,
    /// The connection, where the request asked for another protocol and the server switched to it (101; over HTTP/2 a 2xx).
    pub upgraded: Option<Upgraded>,
}

/// The HTTP cache: <https://fetch.spec.whatwg.org/#http-cache-partitions>.
pub trait HttpCache: Send + Sync {
    /// Selects a response, possibly needing validation ([constructing responses from caches](https://www.rfc-editor.org/rfc/rfc9111#section-4)).
    fn select<'a>(
        &'a self,
        partition: &'a NetworkPartitionKey,
        request: &'a Request,
        now: WallTime,
    ) -> Answer<'a, Option<StoredResponse>>;

    /// [Storing responses in caches](https://www.rfc-editor.org/rfc/rfc9111#section-3); may pipe the body through.
    fn store<'a>(
        &'a self,
        partition: &'a NetworkPartitionKey,
        request: &'a Request,
        response: &'a mut Response,
        now: WallTime,
    ) -> Answer<'a, ()>;

    /// [Freshening stored responses upon validation](https://www.rfc-editor.org/rfc/rfc9111#section-4.3.4).
    fn freshen<'a>(
        &'a self,
        partition: &'a NetworkPartitionKey,
        request: &'a Request,
        stored: Response,
        validated_by: &'a Response,
        now: WallTime,
    ) -> Answer<'a, Response>;

    /// [Invalidating stored responses](https://www.rfc-editor.org/rfc/rfc9111#section-4.4).
    fn invalidate<'a>(
        &'a self,
        partition: &'a NetworkPartitionKey,
        request: &'a Request,
        response: &'a Response,
    ) -> Answer<'a, ()>;
}

/// What the cache had, and how old it is.
pub struct StoredResponse {
    /// The response, its body to be read once.
    pub response: Response,
    /// How it may be used.
    pub freshness: Freshness,
}

/// <https://fetch.spec.whatwg.org/#concept-fresh-response> and its two neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Freshness {
    /// <https://fetch.spec.whatwg.org/#concept-fresh-response>
    Fresh,
    /// <https://fetch.spec.whatwg.org/#concept-stale-while-revalidate-response>
    StaleWhileRevalidate,
    /// <https://fetch.spec.whatwg.org/#concept-stale-response>
    Stale,
}

/// The CORS-preflight cache: <https://fetch.spec.whatwg.org/#concept-cache>; its rules are in `rules/cors_preflight_cache.rs`.
pub trait PreflightCache: Send + Sync {
    /// Does it remember permission for all that the question asks?
    fn look_up<'a>(&'a self, question: &'a Question, now: Timestamp) -> Answer<'a, CacheLookUp>;

    /// Writes what a preflight granted.
    fn remember<'a>(&'a self, grant: &'a Grant, now: Timestamp) -> Answer<'a, ()>;

    /// <https://fetch.spec.whatwg.org/#concept-cache-clear>
    fn clear<'a>(&'a self, scope: &'a EntryScope) -> Answer<'a, ()>;
}

/// The cookie store: <https://fetch.spec.whatwg.org/#cookies>.
pub trait CookieStore: Send + Sync {
    /// <https://fetch.spec.whatwg.org/#append-a-request-cookie-header>: the header's value, `None` to send none.
    fn cookie_header<'a>(&'a self, request: &'a Request, now: WallTime) -> Answer<'a, Option<Bytes>>;

    /// <https://fetch.spec.whatwg.org/#parse-and-store-response-set-cookie-headers>
    fn store_set_cookie<'a>(
        &'a self,
        request: &'a Request,
        response: &'a HeaderList,
        now: WallTime,
    ) -> Answer<'a, ()>;
}

/// The known HSTS hosts: <https://www.rfc-editor.org/rfc/rfc6797#section-8>.
pub trait HstsStore: Send + Sync {
    /// Known HSTS host domain name matching (section 8.2).
    fn is_known_host(&self, host: &str, now: WallTime) -> Answer<'_, crate::hsts::HstsMatch>;

    /// Notes a `Strict-Transport-Security` header received over secure transport (section 8.1).
    fn note<'a>(&'a self, host: &'a str, header: &'a [u8], now: WallTime) -> Answer<'a, ()>;
}

/// <https://fetch.spec.whatwg.org/#authentication-entry> and proxy-authentication entries.
pub trait AuthenticationEntries: Send + Sync {
    /// The `Authorization` value of the entry for the request, if there is one.
    fn entry<'a>(&'a self, request: &'a Request) -> Answer<'a, Option<Bytes>>;

    /// Creates an entry for the request and the realm that the response gave.
    fn create<'a>(&'a self, request: &'a Request, response: &'a Response) -> Answer<'a, ()>;

    /// Can the entry answer this 401, in a scheme whose value follows from the challenge (Digest)? Then
    /// [`AuthenticationEntries::entry`] has the value, and the request is sent again with it. In an authentication fetch
    /// the server has seen one such value already; to go on saying yes is to go on without end.
    fn answers_challenge<'a>(
        &'a self,
        _request: &'a Request,
        _response: &'a Response,
        _is_authentication_fetch: bool,
    ) -> Answer<'a, bool> {
        Answer::ready(false)
    }
}

/// Service workers: <https://w3c.github.io/ServiceWorker/#handle-fetch>.
pub trait ServiceWorkers: Send + Sync {
    /// Is there any registration at all that could match? `false` spares the clone of the request.
    fn may_handle(&self, request: &Request) -> bool;

    /// Handle fetch.
    fn handle_fetch(&self, request: Request) -> Answer<'_, HandledFetch>;
}

/// What handle fetch answers.
pub enum HandledFetch {
    /// Null: the network is next.
    None,
    /// A service worker timing info: the network is next, and the worker's times count.
    TimingInfo(ServiceWorkerTimingInfo),
    /// A response, or a network error.
    Response(Fetched),
}

/// The blob URL store: <https://w3c.github.io/FileAPI/#BlobURLStore>.
pub trait BlobUrls: Send + Sync {
    /// The entry of a `blob:` URL, its fragment left out.
    fn resolve(&self, url: &Url) -> Option<std::sync::Arc<BlobUrlEntry>>;
}

/// `file:` URLs, "an exercise for the reader": only where the user agent is told to.
pub trait Files: Send + Sync {
    /// The response of a `file:` URL; `None` is a network error.
    fn read<'a>(&'a self, request: &'a Request) -> Answer<'a, Option<Response>>;
}

/// [Potentially override response for a request](https://fetch.spec.whatwg.org/#potentially-override-response-for-a-request): a door for mocks and inspectors.
pub trait OverrideFetch: Send + Sync {
    /// `None` lets the request proceed.
    fn potentially_override_response<'a>(&'a self, request: &'a Request) -> Answer<'a, Option<Fetched>>;
}

/// The two clocks.
pub trait Clock: Send + Sync {
    /// The unsafe shared current time.
    fn now(&self) -> Timestamp;

    /// The wall clock, in seconds.
    fn wall(&self) -> WallTime;
}

/// Waiting.
pub trait Timers: Send + Sync {
    /// Resolves after the duration.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Randomness from a CSPRNG.
pub trait Random: Send + Sync {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// "In parallel" and "queue a fetch task".
pub trait Tasks: Send + Sync {
    /// Runs the future to its end, apart from the caller's.
    fn spawn(&self, task: BoxFuture<'static, ()>);
}

/// Violation reports, queued for whoever wants them (COEP, CSP, Integrity-Policy).
pub trait Reports: Send + Sync {
    /// <https://html.spec.whatwg.org/#queue-a-violation-report> and its kin.
    fn queue(&self, report: Report);

    /// The same, by who asks whose fetch it was: an agent may have many clients.
    fn queue_of(&self, client: &Client, report: Report) {
        let _ = client;
        self.queue(report);
    }
}

/// The end user, behind a traversable for user prompts.
pub trait Prompt: Send + Sync {
    /// Asks for username and password; `None` when the user gives none.
    fn credentials<'a>(&'a self, ask: CredentialsPrompt<'a>) -> Answer<'a, Option<(String, String)>>;
}

/// What the user is told when asked for credentials.
#[derive(Debug)]
pub struct CredentialsPrompt<'a> {
    /// Who asks.
    pub url: &'a Url,
    /// `WWW-Authenticate` or `Proxy-Authenticate`, combined.
    pub challenge: &'a [u8],
    /// Is it the proxy that asks?
    pub proxy: bool,
}
