//! A server of HTTP/2 over TLS on loopback, which takes WebSockets by extended CONNECT or does not, and speaks HTTP/1.1 through another.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use bytes::{BufMut, Bytes, BytesMut};
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response};
use sofetch_demo::{FrameSeen, Identity, frame};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::lock;

type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;
type Handler = Arc<dyn Fn(Http2Stream) -> BoxFuture + Send + Sync>;

/// What a server is started with.
pub struct Http2Config {
    /// What it shows in the TLS handshake.
    pub identity: Identity,
    /// Where connections go whose client and which chose HTTP/1.1, without their TLS; `None` offers HTTP/2 alone.
    pub http1: Option<SocketAddr>,
    /// Does it say that it takes extended CONNECT?
    pub connect_protocol: bool,
    /// How many streams it takes at once.
    pub streams: u32,
    /// How much of a stream's data it takes unread.
    pub window: u32,
}

impl Http2Config {
    /// One that takes WebSockets, and HTTP/2 alone.
    pub fn new(identity: Identity) -> Http2Config {
        Http2Config { identity, http1: None, connect_protocol: true, streams: 100, window: 65_535 }
    }
}

/// What was asked for by a stream.
#[derive(Clone, Debug)]
pub struct Http2Asked {
    /// Over which connection, counted from 0.
    pub connection: usize,
    /// `:method`
    pub method: String,
    /// `:protocol`
    pub protocol: Option<String>,
    /// `:scheme`
    pub scheme: Option<String>,
    /// `:authority`
    pub authority: Option<String>,
    /// `:path`
    pub path: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
}

impl Http2Asked {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| &**value)
    }
}

/// A running server. Dropped, it ends with its connections.
pub struct Http2Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    config: Http2Config,
    handler: Handler,
    asked: Mutex<Vec<Http2Asked>>,
    connections: AtomicUsize,
    http1_connections: AtomicUsize,
    going_away: watch::Sender<u32>,
}

impl Http2Server {
    /// Starts one. Each stream is given to `handler`, in a task.
    pub fn start<F>(
        config: Http2Config,
        handler: impl Fn(Http2Stream) -> F + Send + Sync + 'static,
    ) -> Http2Server
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let alpn: &[&[u8]] = if config.http1.is_some() { &[b"h2", b"http/1.1"] } else { &[b"h2"] };
        let acceptor = TlsAcceptor::from(config.identity.server_config(alpn).expect("an identity"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            config,
            handler: Arc::new(move |stream| Box::pin(handler(stream))),
            asked: Mutex::default(),
            connections: AtomicUsize::new(0),
            http1_connections: AtomicUsize::new(0),
            going_away: watch::Sender::new(0),
        });
        let (stop, stopped) = oneshot::channel();
        let on_thread = shared.clone();
        let thread = std::thread::spawn(move || {
            crate::loopback::on_tokio(async {
                tokio::select! {
                    _ = stopped => {}
                    () = accept(on_thread, listener, acceptor) => {}
                }
            });
        });
        Http2Server { address, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was asked for so far.
    pub fn asked(&self) -> Vec<Http2Asked> {
        lock(&self.shared.asked).clone()
    }

    /// How many connections of HTTP/2 there were.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many connections of HTTP/1.1 there were.
    pub fn http1_connections(&self) -> usize {
        self.shared.http1_connections.load(Ordering::SeqCst)
    }

    /// Takes no new streams on any connection that is open (GOAWAY); those that it took go on.
    pub fn go_away(&self) {
        self.shared.going_away.send_modify(|times| *times += 1);
    }
}

impl Drop for Http2Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A handler's panic was told when it happened.
            let _ = thread.join();
        }
    }
}

async fn accept(shared: Arc<Shared>, listener: TcpListener, acceptor: TlsAcceptor) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (shared, acceptor) = (shared.clone(), acceptor.clone());
        connections.spawn(async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                return serve(shared, stream).await;
            }
            shared.http1_connections.fetch_add(1, Ordering::SeqCst);
            let Some(address) = shared.config.http1 else { return };
            let Ok(mut behind) = TcpStream::connect(address).await else { return };
            let _ = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
        });
    }
}

async fn serve(shared: Arc<Shared>, stream: tokio_rustls::server::TlsStream<TcpStream>) {
    let number = shared.connections.fetch_add(1, Ordering::SeqCst);
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(shared.config.streams).initial_window_size(shared.config.window);
    if shared.config.connect_protocol {
        builder.enable_connect_protocol();
    }
    let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else { return };
    let mut going_away = shared.going_away.subscribe();
    let mut streams = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            Ok(()) = going_away.changed() => {
                connection.graceful_shutdown();
                continue;
            }
        };
        let Some(Ok((request, respond))) = accepted else { break };
        let asked = asked(number, &request);
        lock(&shared.asked).push(asked.clone());
        let stream = Http2Stream { asked, body: request.into_body(), respond };
        streams.spawn((shared.handler)(stream));
    }
    // What a handler has to tell of the end is told.
    while streams.join_next().await.is_some() {}
}

fn asked(connection: usize, request: &Request<RecvStream>) -> Http2Asked {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Http2Asked {
        connection,
        method: request.method().to_string(),
        protocol: request.extensions().get::<h2::ext::Protocol>().map(|said| said.as_str().to_owned()),
        scheme: request.uri().scheme_str().map(str::to_owned),
        authority: request.uri().authority().map(ToString::to_string),
        path: request.uri().path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
    }
}

/// A stream that was opened, and not answered yet.
pub struct Http2Stream {
    /// What was asked for.
    pub asked: Http2Asked,
    body: RecvStream,
    respond: SendResponse<Bytes>,
}

impl Http2Stream {
    fn head(&mut self, status: u16, headers: &[(&str, &str)], is_all: bool) -> SendStream<Bytes> {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let response = response.body(()).expect("the test's head is one");
        self.respond.send_response(response, is_all).expect("the stream is open")
    }

    /// Answers, and ends.
    pub fn answer(mut self, status: u16, headers: &[(&str, &str)], body: &'static str) {
        let mut sender = self.head(status, headers, false);
        sender.send_data(Bytes::from_static(body.as_bytes()), true).expect("the stream is open");
    }

    /// Takes the handshake of a WebSocket.
    pub fn accept(mut self, headers: &[(&str, &str)]) -> Http2Socket {
        let sender = self.head(200, headers, false);
        Http2Socket { sender, receiver: self.body, buffer: BytesMut::new() }
    }

    /// Takes it, the first subprotocol that was asked for, and sends back what comes, a goodbye for a goodbye.
    pub async fn echo(self) {
        let asked = self.asked.header("sec-websocket-protocol").map(str::to_owned);
        let first = asked.as_deref().and_then(|asked| asked.split(',').next()).map(str::trim);
        let headers: Vec<_> = first.iter().map(|first| ("sec-websocket-protocol", *first)).collect();
        let mut socket = self.accept(&headers);
        while let Some(seen) = socket.read_frame().await {
            match seen.first & 0x0f {
                0x9 => socket.say(frame(0x8a, &seen.payload)).await,
                0xa => {}
                _ => socket.say(frame(seen.first, &seen.payload)).await,
            }
            if seen.first & 0x0f == 0x8 {
                socket.end();
                // The other end, so that there is nothing to be reset.
                while socket.read_frame().await.is_some() {}
                return;
            }
        }
    }

    /// Resets it, unanswered.
    pub fn reset(mut self, reason: Reason) {
        self.respond.send_reset(reason);
    }

    /// Waits until the client resets it.
    pub async fn until_reset(&mut self) -> Option<Reason> {
        std::future::poll_fn(|context| self.respond.poll_reset(context)).await.ok()
    }
}

/// A server's side of a WebSocket over HTTP/2.
pub struct Http2Socket {
    sender: SendStream<Bytes>,
    receiver: RecvStream,
    buffer: BytesMut,
}

impl Http2Socket {
    /// The next frame; `None` where the client's direction ended.
    pub async fn read_frame(&mut self) -> Option<FrameSeen> {
        let head = self.exactly(2).await?;
        let length = match head[1] & 0x7f {
            126 => self.exactly(2).await?.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)),
            127 => self.exactly(8).await?.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)),
            length => usize::from(length),
        };
        let mask = match head[1] & 0x80 {
            0 => None,
            _ => self.exactly(4).await.map(|bytes| [bytes[0], bytes[1], bytes[2], bytes[3]]),
        };
        let mut payload = self.exactly(length).await?;
        if let Some(mask) = mask {
            payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        }
        Some(FrameSeen { first: head[0], mask, payload: payload.freeze() })
    }

    /// The bytes of the next message, all its fragments together.
    pub async fn read_message(&mut self) -> BytesMut {
        let mut message = BytesMut::new();
        while let Some(seen) = self.read_frame().await {
            message.put_slice(&seen.payload);
            if seen.first & 0x80 != 0 {
                break;
            }
        }
        message
    }

    async fn exactly(&mut self, count: usize) -> Option<BytesMut> {
        while self.buffer.len() < count {
            let chunk = self.receiver.data().await?.ok()?;
            let _ = self.receiver.flow_control().release_capacity(chunk.len());
            self.buffer.put_slice(&chunk);
        }
        Some(self.buffer.split_to(count))
    }

    /// Waits until the client resets the stream.
    pub async fn until_reset(&mut self) -> Option<Reason> {
        std::future::poll_fn(|context| self.sender.poll_reset(context)).await.ok()
    }

    /// Sends these bytes, as the client's window allows.
    pub async fn say(&mut self, mut bytes: Bytes) {
        while !bytes.is_empty() {
            self.sender.reserve_capacity(bytes.len());
            let room = match self.sender.capacity() {
                0 => match std::future::poll_fn(|context| self.sender.poll_capacity(context)).await {
                    Some(Ok(room)) => room,
                    _ => return,
                },
                room => room,
            };
            if self.sender.send_data(bytes.split_to(room.min(bytes.len())), false).is_err() {
                return;
            }
        }
    }

    /// Ends its direction.
    pub fn end(&mut self) {
        let _ = self.sender.send_data(Bytes::new(), true);
    }

    /// Resets the stream.
    pub fn reset(mut self, reason: Reason) {
        self.sender.send_reset(reason);
    }
}
