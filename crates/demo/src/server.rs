//! A server on a loopback port: HTTP/1.1 over TCP or TLS, a handler, and a log of all that it saw.
//!
//! It lives on a thread of its own, so that any test or command can have one, whatever runtime it runs on, or none.
//! Dropping it stops it: the port is closed, open connections end, the thread is joined.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::authority::Identity;
use crate::connection::serve;
use crate::reply::Reply;
use crate::request_seen::RequestSeen;
use crate::web_socket::FrameSeen;

/// A future that a handler returns.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Answers a request. It runs on the server's thread: it must not block.
pub type Handler = Arc<dyn Fn(RequestSeen) -> BoxFuture<Reply> + Send + Sync>;

/// A handler that answers at once.
pub fn answering(answer: impl Fn(&RequestSeen) -> Reply + Send + Sync + 'static) -> Handler {
    Arc::new(move |request| {
        let reply = answer(&request);
        Box::pin(async move { reply })
    })
}

/// A handler that may wait. It is dropped when its client leaves.
pub fn answering_later<F>(answer: impl Fn(RequestSeen) -> F + Send + Sync + 'static) -> Handler
where
    F: Future<Output = Reply> + Send + 'static,
{
    Arc::new(move |request| Box::pin(answer(request)))
}

/// May answer on the head alone, before any of the body is read and without a 100.
pub type BeforeBody = Arc<dyn Fn(&RequestSeen) -> Option<Reply> + Send + Sync>;

/// What a server is started with.
#[derive(Clone)]
pub struct ServerConfig {
    /// A loopback address; the port is the system's choice.
    pub address: IpAddr,
    /// What it shows in the TLS handshake; `None` speaks plain HTTP.
    pub tls: Option<Identity>,
    /// The protocols offered by ALPN.
    pub alpn: Vec<Vec<u8>>,
    /// Answers each request.
    pub handler: Handler,
    /// May answer earlier.
    pub before_body: Option<BeforeBody>,
}

impl ServerConfig {
    /// Plain HTTP on 127.0.0.1.
    pub fn http(handler: Handler) -> ServerConfig {
        ServerConfig {
            address: Ipv4Addr::LOCALHOST.into(),
            tls: None,
            alpn: vec![b"http/1.1".to_vec()],
            handler,
            before_body: None,
        }
    }

    /// HTTPS on 127.0.0.1.
    pub fn https(identity: Identity, handler: Handler) -> ServerConfig {
        ServerConfig { tls: Some(identity), ..ServerConfig::http(handler) }
    }

    /// The same on ::1.
    #[must_use]
    pub fn on_ipv6(mut self) -> ServerConfig {
        self.address = Ipv6Addr::LOCALHOST.into();
        self
    }

    /// The same with a word before the body.
    #[must_use]
    pub fn before_body(
        mut self,
        answer: impl Fn(&RequestSeen) -> Option<Reply> + Send + Sync + 'static,
    ) -> ServerConfig {
        self.before_body = Some(Arc::new(answer));
        self
    }
}

/// A running server.
pub struct Server {
    address: SocketAddr,
    tls: bool,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What the server's thread and its owner both see.
pub(crate) struct Shared {
    pub(crate) config: ServerConfig,
    log: Mutex<Log>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Log {
    requests: Vec<RequestSeen>,
    frames: Vec<FrameSeen>,
    complaints: Vec<String>,
    accepted: u64,
    open: usize,
}

impl Server {
    /// Starts one. The port is open when this returns.
    pub fn start(config: ServerConfig) -> io::Result<Server> {
        if !config.address.is_loopback() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a loopback address"));
        }
        let alpn: Vec<&[u8]> = config.alpn.iter().map(Vec::as_slice).collect();
        let tls = config.tls.as_ref().map(|identity| identity.server_config(&alpn)).transpose()?;
        let listener = TcpListener::bind((config.address, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = Arc::new(Shared { config, log: Mutex::default(), changed: watch::Sender::new(()) });
        let (stop, stopped) = oneshot::channel();
        let acceptor = tls.map(TlsAcceptor::from);
        let has_tls = acceptor.is_some();
        let on_thread = shared.clone();
        let thread = std::thread::Builder::new().name(format!("demo {address}")).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = accept(on_thread, listener, acceptor) => {}
                }
            });
        })?;
        Ok(Server { address, tls: has_tls, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL by address, with this path: `http://127.0.0.1:4711/path`.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", if self.tls { "https" } else { "http" }, self.address)
    }

    /// Its URL under a host name, with its port.
    pub fn url_for(&self, host: &str, path: &str) -> String {
        format!("{}://{host}:{}{path}", if self.tls { "https" } else { "http" }, self.address.port())
    }

    /// Every request seen, in the order in which they were complete.
    pub fn requests(&self) -> Vec<RequestSeen> {
        self.shared.log().requests.clone()
    }

    /// The requests to this path.
    pub fn requests_to(&self, path: &str) -> Vec<RequestSeen> {
        self.requests().into_iter().filter(|request| request.path() == path).collect()
    }

    /// The frames of WebSockets that replies waited for or sent back, in the order in which they came.
    pub fn frames(&self) -> Vec<FrameSeen> {
        self.shared.log().frames.clone()
    }

    /// What clients did that HTTP or TLS does not allow, a line each.
    pub fn complaints(&self) -> Vec<String> {
        self.shared.log().complaints.clone()
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> u64 {
        self.shared.log().accepted
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        self.shared.log().open
    }

    /// Resolves once that many requests were seen.
    pub async fn until_requests(&self, count: usize) {
        self.until(|log| log.requests.len() >= count).await;
    }

    /// Resolves once that many frames were seen.
    pub async fn until_frames(&self, count: usize) {
        self.until(|log| log.frames.len() >= count).await;
    }

    /// Resolves once no more than that many connections are open.
    pub async fn until_open_connections(&self, at_most: usize) {
        self.until(|log| log.open <= at_most).await;
    }

    async fn until(&self, holds: impl Fn(&Log) -> bool) {
        let mut changed = self.shared.changed.subscribe();
        while !holds(&self.shared.log()) {
            // The sender lives as long as `self`.
            let _ = changed.changed().await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            // A handler's panic was told when it happened.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.url(""))
    }
}

async fn accept(shared: Arc<Shared>, listener: TcpListener, tls: Option<TlsAcceptor>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return shared.complain(format!("listening: {error}")),
    };
    // Connections end with the set, and the set with the server.
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = stream else { continue };
        let number = shared.change(|log| {
            log.accepted += 1;
            log.open += 1;
            log.accepted
        });
        let open = Open(shared.clone());
        let tls = tls.clone();
        connections.spawn(async move { serve(&open.0, number, stream, tls).await });
    }
}

/// Counts a connection as open while it lives, even if its handler panics.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.change(|log| log.open -= 1);
    }
}

impl Shared {
    pub(crate) fn saw(&self, request: &RequestSeen) {
        self.change(|log| log.requests.push(request.clone()));
    }

    pub(crate) fn saw_frame(&self, frame: FrameSeen) {
        self.change(|log| log.frames.push(frame));
    }

    pub(crate) fn complain(&self, what: String) {
        self.change(|log| log.complaints.push(what));
    }

    fn change<T>(&self, change: impl FnOnce(&mut Log) -> T) -> T {
        let changed = change(&mut self.log());
        self.changed.send_replace(());
        changed
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
