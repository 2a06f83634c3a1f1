//! What the tests share: servers that speak raw bytes on loopback, a network to ask them through, an observer.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod tls;

use std::future::Future;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use sofetch_core::infrastructure::bodies::{Body, BodyError, ByteStream};
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::ports::{
    Answer, Connection, ConnectionRequest, ExchangeFault, Interim, Network, WireRequest, WireResponse,
};
use sofetch_core::trace::{Event, Observer, Trace, TraceId, WireEvent};
use sofetch_core::wire_faults::{NetworkFault, PeerMisbehaved, WireFault};
use sofetch_net::{NetworkConfig, SystemClock, TokioNetwork};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub fn network(config: NetworkConfig) -> TokioNetwork {
    TokioNetwork::new(config, Arc::new(SystemClock::new())).expect("the test's configuration is in order")
}

/// A listener on 127.0.0.1, and its URL.
pub async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    (listener, url)
}

/// A server that answers each connection with `serve`, in order of arrival (the index).
pub async fn serve<F, Fut>(serve: F) -> String
where
    F: Fn(usize, Peer<TcpStream>) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let (listener, url) = listen().await;
    tokio::spawn(async move {
        for index in 0.. {
            let Ok((stream, _)) = listener.accept().await else { return };
            tokio::spawn(serve(index, Peer::new(stream)));
        }
    });
    url
}

/// A server that answers every request with the same bytes; the body of a request is not read.
pub async fn always(answer: impl Into<Vec<u8>>) -> String {
    let answer = Arc::new(answer.into());
    serve(move |_, mut peer| {
        let answer = answer.clone();
        async move {
            while peer.head().await.is_some() {
                peer.write(&answer[..]).await;
            }
        }
    })
    .await
}

/// The same, for who needs but one connection.
pub async fn always_on_one_connection(answer: &'static str) -> String {
    serve(move |index, mut peer| async move {
        assert_eq!(index, 0, "one connection is enough");
        while peer.head().await.is_some() {
            peer.write(answer).await;
        }
    })
    .await
}

/// A server that answers one request a connection and then closes.
pub async fn once(answer: impl Into<Vec<u8>>) -> String {
    let answer = Arc::new(answer.into());
    serve(move |_, mut peer| {
        let answer = answer.clone();
        async move {
            peer.head().await;
            peer.write(&answer[..]).await;
        }
    })
    .await
}

/// The server's side of a connection.
pub struct Peer<S> {
    pub stream: S,
    buffer: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub fn new(stream: S) -> Peer<S> {
        Peer { stream, buffer: Vec::new() }
    }

    /// A request's head, `None` when the client is gone.
    pub async fn head(&mut self) -> Option<String> {
        let end = self.until(|buffer| buffer.windows(4).position(|window| window == b"\r\n\r\n")).await? + 4;
        Some(String::from_utf8_lossy(&self.buffer.drain(..end).collect::<Vec<_>>()).into_owned())
    }

    /// So many bytes.
    pub async fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        self.until(|buffer| (buffer.len() >= count).then_some(count)).await?;
        Some(self.buffer.drain(..count).collect())
    }

    async fn until<T>(&mut self, found: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        loop {
            if let Some(found) = found(&self.buffer) {
                return Some(found);
            }
            if !matches!(self.stream.read_buf(&mut self.buffer).await, Ok(1..)) {
                return None;
            }
        }
    }

    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).await.is_ok() && self.stream.flush().await.is_ok()
    }

    /// Waits until the client has closed; what it still says is read away.
    pub async fn closed(&mut self) {
        let mut rest = [0; 4096];
        while matches!(self.stream.read(&mut rest).await, Ok(1..)) {}
    }
}

/// What to ask, and how.
pub struct Ask {
    pub request: ConnectionRequest,
    pub method: Method,
    pub header_list: HeaderList,
    pub body: Option<Body>,
    pub on_interim: Option<Box<dyn FnMut(Interim) + Send>>,
}

pub fn ask(url: &str) -> Ask {
    Ask {
        request: ConnectionRequest {
            key: None,
            url: Url::parse(url, None).expect("the test's URL parses"),
            credentials: true,
            new: false,
            web_socket: false,
            page: false,
            trace: Trace::off(),
        },
        method: Method::GET,
        header_list: HeaderList::new(),
        body: None,
        on_interim: None,
    }
}

impl Ask {
    pub fn method(mut self, method: Method) -> Ask {
        self.method = method;
        self
    }

    pub fn header(mut self, name: &'static str, value: &'static str) -> Ask {
        self.header_list.append(name, value);
        self
    }

    pub fn body(mut self, body: Body) -> Ask {
        self.body = Some(body);
        self
    }

    pub fn credentials(mut self, credentials: bool) -> Ask {
        self.request.credentials = credentials;
        self
    }

    pub fn page(mut self) -> Ask {
        self.request.page = true;
        self
    }

    pub fn trace(mut self, observer: &Arc<Recorder>) -> Ask {
        self.request.trace = Trace::new(observer.clone());
        self
    }

    pub fn obtain<'a>(
        &self,
        network: &'a TokioNetwork,
    ) -> Answer<'a, Result<Box<dyn Connection>, NetworkFault>> {
        network.obtain_a_connection(self.request.clone())
    }

    pub async fn over(self, connection: Box<dyn Connection>) -> Result<WireResponse, ExchangeFault> {
        connection
            .exchange(WireRequest {
                method: self.method,
                url: self.request.url,
                header_list: Arc::new(self.header_list),
                body: self.body,
                on_interim: self.on_interim,
                trace: self.request.trace,
            })
            .await
    }

    pub async fn send(self, network: &TokioNetwork) -> Result<WireResponse, NetworkFault> {
        let connection = self.obtain(network).await?;
        self.over(connection).await.map_err(|fault| fault.fault)
    }

    /// The status and the whole body.
    pub async fn read(self, network: &TokioNetwork) -> Result<(u16, String), NetworkFault> {
        let response = self.send(network).await?;
        let status = response.status;
        let bytes = read(response).await?;
        Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
    }
}

pub async fn read(response: WireResponse) -> Result<Bytes, NetworkFault> {
    let Some(body) = response.body else { return Ok(Bytes::new()) };
    let mut body = Body::from_stream(Boxed(body));
    body.read_all(None).await.map_err(fault_of)
}

pub fn body_of(response: WireResponse) -> Body {
    Body::from_stream(Boxed(response.body.expect("a body")))
}

pub fn fault_of(error: BodyError) -> NetworkFault {
    error.cause.downcast_ref::<NetworkFault>().expect("the network's own fault").clone()
}

struct Boxed(Box<dyn ByteStream>);

impl ByteStream for Boxed {
    fn poll_next(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Bytes, BodyError>>> {
        self.0.poll_next(context)
    }
}

/// A body stream fed by the test.
pub struct Fed(pub tokio::sync::mpsc::UnboundedReceiver<Result<Bytes, BodyError>>);

impl ByteStream for Fed {
    fn poll_next(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Bytes, BodyError>>> {
        self.0.poll_recv(context)
    }
}

/// A body of these chunks, without a length.
pub fn streamed(chunks: &[&'static str]) -> Body {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    for chunk in chunks {
        sender.send(Ok(Bytes::from_static(chunk.as_bytes()))).unwrap();
    }
    Body::from_stream(Fed(receiver))
}

/// Keeps the wire's events, each as a word and a few of its values.
#[derive(Default)]
pub struct Recorder(Mutex<Vec<String>>);

impl Recorder {
    pub fn new() -> Arc<Recorder> {
        Arc::default()
    }

    pub fn said(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Observer for Recorder {
    fn event(&self, _: TraceId, event: &Event) {
        let Event::Wire(event) = event else { return };
        let said = match event {
            WireEvent::Resolving { host } => format!("resolving {host}"),
            WireEvent::Resolved { addresses } => format!("resolved {}", addresses.len()),
            WireEvent::Connecting { .. } => "connecting".to_owned(),
            WireEvent::ConnectFailed { .. } => "connect failed".to_owned(),
            WireEvent::Connected { .. } => "connected".to_owned(),
            WireEvent::ConnectingToUnixSocket { .. } => "connecting to a socket".to_owned(),
            WireEvent::ConnectedToUnixSocket { .. } => "connected to a socket".to_owned(),
            WireEvent::ThroughProxy { .. } => "through proxy".to_owned(),
            WireEvent::TlsStarted { host } => format!("tls {host}"),
            WireEvent::TlsDone { alpn, .. } => format!("tls done {alpn}"),
            WireEvent::Reused { .. } => "reused".to_owned(),
            WireEvent::Sent { method, header_list, .. } => format!("sent {method} {}", header_list.len()),
            WireEvent::BodySent { bytes } => format!("body {bytes}"),
            WireEvent::Interim { status, .. } => format!("interim {status}"),
            WireEvent::Head { status, .. } => format!("head {status}"),
            _ => "other".to_owned(),
        };
        self.0.lock().unwrap().push(said);
    }
}

/// A short word for a fault, with what matters of it.
pub fn word(fault: &NetworkFault) -> String {
    match fault {
        NetworkFault::Wire(WireFault::Closed { reused, .. }) => format!("closed reused={reused}"),
        NetworkFault::Wire(WireFault::TimedOut { phase, .. }) => format!("timed-out {phase:?}"),
        NetworkFault::Wire(WireFault::AddressRefused { block, .. }) => format!("address-refused {block}"),
        NetworkFault::Wire(WireFault::CannotCarry { what, said }) => format!("cannot-carry {what} {said:?}"),
        NetworkFault::Wire(WireFault::Proxy { detail, .. }) => format!("proxy {detail:?}"),
        NetworkFault::Wire(fault) => fault.code().to_owned(),
        NetworkFault::Peer(PeerMisbehaved::Http2 { detail }) => format!("http2 {detail}"),
        NetworkFault::Peer(fault) => fault.code().to_owned(),
    }
}
