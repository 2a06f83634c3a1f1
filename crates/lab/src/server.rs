//! The server: where it listens, what it answers, and what a request may cost it.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;
use sofetch::{Error, UserAgent};
use sofetch_inspect::Secrets;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::exchanges::Exchange;
use crate::gate::{self, Gate, TOKEN_BYTES, Token};
use crate::limited::Limited;
use crate::ports::Ports;
use crate::{api, page};

/// What a call may bring, in bytes.
const CALL_LIMIT: usize = 1 << 20;
/// What a text to import may be long, in bytes: HAR files have bodies.
const IMPORT_LIMIT: usize = 32 << 20;
/// So many connections are served at once.
const CONNECTIONS: usize = 64;
/// So many calls that fetch or replay are under way at once; one more is refused.
const CALLS: usize = 8;
/// So many exchanges are kept.
const EXCHANGES: usize = 32;

/// Where the lab listens, and what it shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// 0 is any free one.
    pub port: u16,
    /// On `::1` too?
    pub ipv6: bool,
    /// May credentials be shown?
    pub secrets: Secrets,
}

/// A lab that listens.
pub struct Lab {
    listeners: Vec<TcpListener>,
    shared: Arc<Shared>,
}

/// What the calls share.
pub(crate) struct Shared {
    pub(crate) ports: Box<dyn Ports>,
    pub(crate) secrets: Secrets,
    /// The addresses that are listened on, as `Host` says them.
    pub(crate) authorities: Vec<String>,
    pub(crate) token: Token,
    /// Opens the door once: a link that other users of the machine could see.
    pub(crate) once: Mutex<Option<Token>>,
    pub(crate) calls: Semaphore,
    exchanges: Mutex<Exchanges>,
}

#[derive(Default)]
struct Exchanges {
    last: u64,
    kept: VecDeque<(u64, Arc<Exchange>)>,
}

impl Shared {
    /// Keeps an exchange, and says under which number.
    pub(crate) fn keep(&self, exchange: Arc<Exchange>) -> u64 {
        let mut exchanges = self.exchanges.lock().unwrap_or_else(PoisonError::into_inner);
        exchanges.last += 1;
        let number = exchanges.last;
        if exchanges.kept.len() == EXCHANGES {
            exchanges.kept.pop_front();
        }
        exchanges.kept.push_back((number, exchange));
        number
    }

    /// The exchange of this number, if it is still kept.
    pub(crate) fn exchange(&self, number: u64) -> Option<Arc<Exchange>> {
        let exchanges = self.exchanges.lock().unwrap_or_else(PoisonError::into_inner);
        exchanges.kept.iter().find(|(kept, _)| *kept == number).map(|(_, exchange)| exchange.clone())
    }
}

impl Lab {
    /// Begins to listen, on loopback alone.
    ///
    /// # Errors
    /// The port is taken, or there is no randomness.
    pub async fn listen(settings: Settings, ports: Box<dyn Ports>) -> io::Result<Lab> {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
        let port = first.local_addr()?.port();
        let mut listeners = vec![first];
        if settings.ipv6 {
            listeners.push(TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await?);
        }
        let addresses: Vec<SocketAddr> =
            listeners.iter().map(TcpListener::local_addr).collect::<io::Result<_>>()?;
        let (token, once) = (random_token()?, random_token()?);
        let shared = Arc::new(Shared {
            ports,
            secrets: settings.secrets,
            authorities: addresses.iter().map(authority).collect(),
            token,
            once: Mutex::new(Some(once)),
            calls: Semaphore::new(CALLS),
            exchanges: Mutex::default(),
        });
        Ok(Lab { listeners, shared })
    }

    /// The page's address at each address that is listened on, with the token: for its owner alone.
    pub fn links(&self) -> Vec<String> {
        let token = self.shared.token.text();
        self.shared.authorities.iter().map(|authority| format!("http://{authority}/#token={token}")).collect()
    }

    /// The same, to be used once: what starts a browser is seen by all users of a machine, and whoever comes second is
    /// refused. `None` after it was used.
    pub fn link_to_open(&self) -> Option<String> {
        let once = self.shared.once.lock().unwrap_or_else(PoisonError::into_inner);
        once.as_ref().map(|once| format!("http://{}/#once={}", self.shared.authorities[0], once.text()))
    }

    /// Serves until it is dropped.
    ///
    /// # Errors
    /// A listener failed.
    pub async fn serve(self) -> io::Result<()> {
        let routes = routes(self.shared);
        let permits = Arc::new(Semaphore::new(CONNECTIONS));
        let mut servers = tokio::task::JoinSet::new();
        for listener in self.listeners {
            let limited = Limited { listener, permits: permits.clone() };
            let routes = routes.clone();
            servers.spawn(async move { axum::serve(limited, routes).await });
        }
        match servers.join_next().await {
            Some(ended) => ended.map_err(io::Error::other)?,
            None => Ok(()),
        }
    }
}

/// An address as `Host` says it: without the port that `http` has by itself.
fn authority(address: &SocketAddr) -> String {
    match (address.port(), address) {
        (80, SocketAddr::V4(address)) => address.ip().to_string(),
        (80, SocketAddr::V6(address)) => format!("[{}]", address.ip()),
        _ => address.to_string(),
    }
}

fn random_token() -> io::Result<Token> {
    let mut random = [0; TOKEN_BYTES];
    let filled = UserAgent::builder().build().and_then(|agent: UserAgent| agent.fill_random(&mut random));
    filled.map_err(|error: Error| io::Error::other(error.to_string()))?;
    Ok(Token::new(random))
}

fn routes(shared: Arc<Shared>) -> Router {
    let calls = Router::new()
        .route("/api/about", post(api::about))
        .route("/api/run", post(api::run))
        .route("/api/replay", post(api::replay))
        .route("/api/har", post(api::export))
        .layer(DefaultBodyLimit::max(CALL_LIMIT))
        .route("/api/import", post(api::import).layer(DefaultBodyLimit::max(IMPORT_LIMIT)))
        .layer(middleware::from_fn_with_state(shared.clone(), only_calls));
    // Whoever comes with the link that opens once has no token yet: its call is judged by itself.
    let enter = Router::new().route("/api/enter", post(api::enter));
    let mut files = Router::new();
    for file in page::FILES {
        files = files.route(file.path, get(move || async move { file }));
    }
    files
        .merge(calls)
        .merge(enter)
        .fallback(async || refused(StatusCode::NOT_FOUND, "not-found"))
        .layer(middleware::from_fn_with_state(shared.clone(), guarded))
        .with_state(shared)
}

/// Every request: for this host, and answered under the page's policy.
async fn guarded(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let mut response = match gate::for_page(request.headers(), &shared.authorities) {
        Gate::Open => next.run(request).await,
        other => refused(StatusCode::MISDIRECTED_REQUEST, other.code()).into_response(),
    };
    page::guarded(response.headers_mut());
    response
}

/// Every call: from the page, with the token, as JSON, which no form can send.
async fn only_calls(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    match gate::for_call(request.headers(), &shared.authorities, &shared.token) {
        Gate::Open if is_json(request.headers()) => next.run(request).await,
        Gate::Open => refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json").into_response(),
        other => refused(StatusCode::FORBIDDEN, other.code()).into_response(),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|said| said.as_bytes() == b"application/json")
}

/// Why a request is not answered: a code for the page, and a sentence where one is known here.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    words: Option<String>,
}

pub(crate) fn refused(status: StatusCode, code: &'static str) -> Refusal {
    Refusal { status, code, words: None }
}

/// What was asked cannot be, for this reason.
pub(crate) fn impossible(words: String) -> Refusal {
    Refusal { status: StatusCode::UNPROCESSABLE_ENTITY, code: "impossible", words: Some(words) }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({ "error": self.code });
        if let (Some(body), Some(words)) = (body.as_object_mut(), self.words) {
            body.insert("words".to_owned(), words.into());
        }
        (self.status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_as_browsers_say_them() {
        for (address, expected) in [
            ("127.0.0.1:4000", "127.0.0.1:4000"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::1]:4000", "[::1]:4000"),
            ("[::1]:80", "[::1]"),
        ] {
            assert_eq!(authority(&address.parse().expect("an address")), expected);
        }
    }
}
