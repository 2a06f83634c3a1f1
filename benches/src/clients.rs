//! The clients: one process does one row with one of them, and prints what it cost.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::Failure;
use crate::measure::{Mark, Target, peak_memory, pin_to_cpu};
use crate::rows::{Row, Wire, Work, row};

static POSTED: [u8; 64 * 1024] = [b'p'; 64 * 1024];

/// Does `requests` of a row with one client, and prints its marks.
pub(crate) fn run(row_name: &str, client: &str, requests: &str) -> Result<bool, Failure> {
    pin_to_cpu(true);
    let row = row(row_name).ok_or("no such row")?;
    let requests: usize = requests.parse()?;
    let target = Target::from_environment()?;
    rustls::crypto::ring::default_provider()
        .install_default()
        .map_err(|_| "a provider was installed before")?;
    let runtime = match row.multi_thread {
        true => tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?,
        false => tokio::runtime::Builder::new_current_thread().enable_all().build()?,
    };
    let (begin, end) = runtime.block_on(async {
        match client {
            "sofetch" => drive(row, requests, sofetch_agent(row, &target)?).await,
            "sofetch-page" => drive(row, requests, sofetch_page(row, &target)?).await,
            "reqwest" => drive(row, requests, reqwest_client(row, &target)?).await,
            "hyper" if row.wire == Wire::TlsHttp2 => {
                drive(row, requests, hyper_http2(row, &target).await?).await
            }
            "hyper" => drive(row, requests, hyper_http1(row, &target)?).await,
            _ => Err("no such client".into()),
        }
    })?;
    let printed = serde_json::json!({
        "cpu": end.cpu_nanoseconds - begin.cpu_nanoseconds,
        "wall": end.at.duration_since(begin.at).as_nanos() as u64,
        "peak": peak_memory()?,
    });
    println!("{printed}");
    Ok(true)
}

/// One of several loops that fetch one thing after the other.
trait Worker: Clone + Send + 'static {
    /// Fetches once: how many bytes came.
    fn fetch(&mut self) -> impl Future<Output = Result<u64, Failure>> + Send;
}

/// Warms up and works with as many workers as the row says; the marks are taken around the work.
async fn drive<W: Worker>(row: &Row, requests: usize, worker: W) -> Result<(Mark, Mark), Failure> {
    let begun = Arc::new(AtomicUsize::new(0));
    let (warm_up, total) = (row.warm_up, row.warm_up + requests);
    let expected = if row.work == Work::Stream { crate::rows::STREAM_BYTES } else { 12 };
    let workers: Vec<_> = (0..row.at_once)
        .map(|_| {
            let (begun, mut worker) = (begun.clone(), worker.clone());
            tokio::spawn(async move {
                let mut mark = None;
                loop {
                    let number = begun.fetch_add(1, Ordering::Relaxed);
                    if number >= total {
                        return Ok::<_, Failure>(mark);
                    }
                    if number == warm_up {
                        mark = Some(Mark::now());
                    }
                    if worker.fetch().await? != expected {
                        return Err("a response of another length".into());
                    }
                }
            })
        })
        .collect();
    let mut begin = None;
    for worker in workers {
        begin = worker.await??.or(begin);
    }
    Ok((begin.ok_or("no mark was taken")?, Mark::now()))
}

#[derive(Clone)]
struct Sofetch {
    agent: sofetch::UserAgent,
    page: Option<sofetch::Page>,
    url: Arc<str>,
    work: Work,
}

fn sofetch_agent(row: &Row, target: &Target) -> Result<Sofetch, Failure> {
    let agent = sofetch::UserAgent::builder()
        .network_config(|config| {
            config.tls.roots = sofetch::net::Roots::Only;
            config.tls.extra_ca_pem = target.authority.clone().into_bytes();
            if row.wire == Wire::TlsHttp1 {
                config.versions = sofetch::net::HttpVersions::Http1Only;
            }
        })
        .build()?;
    Ok(Sofetch { agent, page: None, url: target.url(row).into(), work: row.work })
}

fn sofetch_page(row: &Row, target: &Target) -> Result<Sofetch, Failure> {
    let mut made = sofetch_agent(row, target)?;
    made.page = Some(made.agent.page(&target.url(row))?);
    Ok(made)
}

impl Worker for Sofetch {
    async fn fetch(&mut self) -> Result<u64, Failure> {
        let mut request = sofetch::Request::new(&*self.url);
        if self.work == Work::Post {
            request = request.method("POST").body(Bytes::from_static(&POSTED));
        }
        let mut response = match &self.page {
            Some(page) => page.fetch(request).await?,
            None => self.agent.fetch(request).await?,
        };
        if self.work != Work::Stream {
            return Ok(response.bytes().await?.len() as u64);
        }
        let mut body = response.body()?;
        let mut count = 0;
        while let Some(chunk) = body.chunk().await? {
            count += chunk.len() as u64;
        }
        Ok(count)
    }
}

#[derive(Clone)]
struct Reqwest {
    client: reqwest::Client,
    url: Arc<str>,
    work: Work,
}

fn reqwest_client(row: &Row, target: &Target) -> Result<Reqwest, Failure> {
    let authority = reqwest::Certificate::from_pem(target.authority.as_bytes())?;
    let mut builder = reqwest::Client::builder().no_proxy().tls_certs_only([authority]);
    if row.wire == Wire::TlsHttp1 {
        builder = builder.http1_only();
    }
    Ok(Reqwest { client: builder.build()?, url: target.url(row).into(), work: row.work })
}

impl Worker for Reqwest {
    async fn fetch(&mut self) -> Result<u64, Failure> {
        let request = match self.work {
            Work::Post => self.client.post(&*self.url).body(Bytes::from_static(&POSTED)),
            _ => self.client.get(&*self.url),
        };
        let mut response = request.send().await?;
        if self.work != Work::Stream {
            return Ok(response.bytes().await?.len() as u64);
        }
        let mut count = 0;
        while let Some(chunk) = response.chunk().await? {
            count += chunk.len() as u64;
        }
        Ok(count)
    }
}

trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Socket for S {}

fn request(
    authority: &str,
    row_path: &'static str,
    work: Work,
    http2: bool,
) -> Result<hyper::Request<Full<Bytes>>, Failure> {
    let builder = match http2 {
        true => hyper::Request::builder().uri(format!("https://{authority}{row_path}")),
        false => hyper::Request::builder().uri(row_path).header("host", authority),
    };
    let builder = builder.header("accept", "*/*");
    Ok(match work {
        Work::Post => builder.method("POST").body(Full::new(Bytes::from_static(&POSTED)))?,
        _ => builder.body(Full::default())?,
    })
}

async fn connect(target: &Target, row_wire: Wire) -> Result<TcpOrTls, Failure> {
    let socket = TcpStream::connect(("127.0.0.1", target.port(row_wire))).await?;
    socket.set_nodelay(true)?;
    if row_wire == Wire::Http1 {
        return Ok(TcpOrTls::Tcp(socket));
    }
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(target.authority.as_bytes())?)?;
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let protocol: &[u8] = if row_wire == Wire::TlsHttp2 { b"h2" } else { b"http/1.1" };
    config.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::try_from("127.0.0.1")?;
    Ok(TcpOrTls::Tls(Box::new(TlsConnector::from(Arc::new(config)).connect(name, socket).await?)))
}

enum TcpOrTls {
    Tcp(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

/// A connection of each worker's own, polled where the response is awaited.
struct HyperHttp1 {
    target: Target,
    authority: String,
    path: &'static str,
    work: Work,
    wire: Wire,
    open: Option<Open>,
}

struct Open {
    sender: http1::SendRequest<Full<Bytes>>,
    connection: Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>,
}

impl Clone for HyperHttp1 {
    fn clone(&self) -> Self {
        let (target, authority) = (self.target.clone(), self.authority.clone());
        HyperHttp1 { target, authority, path: self.path, work: self.work, wire: self.wire, open: None }
    }
}

fn hyper_http1(row: &Row, target: &Target) -> Result<HyperHttp1, Failure> {
    let authority = format!("127.0.0.1:{}", target.port(row.wire));
    Ok(HyperHttp1 {
        target: target.clone(),
        authority,
        path: row.path(),
        work: row.work,
        wire: row.wire,
        open: None,
    })
}

async fn open<S: Socket + 'static>(socket: S) -> Result<Open, Failure> {
    let (sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
    Ok(Open { sender, connection: Box::pin(connection) })
}

impl Worker for HyperHttp1 {
    async fn fetch(&mut self) -> Result<u64, Failure> {
        if self.open.is_none() {
            self.open = Some(match connect(&self.target, self.wire).await? {
                TcpOrTls::Tcp(tcp) => open(tcp).await?,
                TcpOrTls::Tls(tls) => open(tls).await?,
            });
        }
        let open = self.open.as_mut().ok_or("the connection was just opened")?;
        if !open.sender.is_ready() {
            // The end of the exchange before is still to be noticed.
            let Open { sender, connection } = open;
            let mut ready = pin!(sender.ready());
            poll_fn(|context| {
                let ended = connection.as_mut().poll(context).is_ready();
                match ready.as_mut().poll(context) {
                    Poll::Pending if ended => Poll::Ready(Err("the connection ended".into())),
                    other => other.map_err(Failure::from),
                }
            })
            .await?;
        }
        let request = request(&self.authority, self.path, self.work, false)?;
        let mut response = pin!(open.sender.send_request(request));
        let connection = &mut open.connection;
        let response = poll_fn(|context| {
            let ended = connection.as_mut().poll(context).is_ready();
            match response.as_mut().poll(context) {
                Poll::Pending if ended => Poll::Ready(Err(Failure::from("the connection ended"))),
                other => other.map_err(Failure::from),
            }
        })
        .await?;
        count(response.into_body(), Some(connection)).await
    }
}

/// Reads a body to its end. The body is asked before the connection, which need not be polled while chunks are there.
async fn count(
    mut body: Incoming,
    mut connection: Option<&mut Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>,
) -> Result<u64, Failure> {
    let mut count = 0;
    loop {
        let frame = poll_fn(|context| {
            let mut frame = Pin::new(&mut body).poll_frame(context);
            if let (Poll::Pending, Some(connection)) = (&frame, &mut connection) {
                // How it ended is told by the body.
                let _ = connection.as_mut().poll(context);
                frame = Pin::new(&mut body).poll_frame(context);
            }
            frame
        })
        .await;
        match frame {
            None => return Ok(count),
            Some(frame) => count += frame?.data_ref().map_or(0, Bytes::len) as u64,
        }
        if body.is_end_stream() {
            return Ok(count);
        }
    }
}

/// One connection for all workers, driven by one task.
#[derive(Clone)]
struct HyperHttp2 {
    authority: String,
    path: &'static str,
    work: Work,
    sender: http2::SendRequest<Full<Bytes>>,
}

async fn hyper_http2(row: &Row, target: &Target) -> Result<HyperHttp2, Failure> {
    let TcpOrTls::Tls(tls) = connect(target, row.wire).await? else {
        return Err("HTTP/2 is measured over TLS".into());
    };
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(tls)).await?;
    tokio::spawn(connection);
    let authority = format!("127.0.0.1:{}", target.port(row.wire));
    Ok(HyperHttp2 { authority, path: row.path(), work: row.work, sender })
}

impl Worker for HyperHttp2 {
    async fn fetch(&mut self) -> Result<u64, Failure> {
        self.sender.ready().await?;
        let response =
            self.sender.send_request(request(&self.authority, self.path, self.work, true)?).await?;
        let mut body = response.into_body();
        let mut count = 0;
        while let Some(frame) = body.frame().await {
            count += frame?.data_ref().map_or(0, Bytes::len) as u64;
        }
        Ok(count)
    }
}
