//! The server: hyper on one thread, one port without TLS and one with it (HTTP/2 or HTTP/1.1, as the client offers).
//!
//! It says its ports and its authority on one line of its output, and ends when its input does.

use std::convert::Infallible;
use std::io::Read;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::Failure;
use crate::js::MODULE;
use crate::measure::pin_to_cpu;
use crate::rows::STREAM_BYTES;

const TINY: &[u8] = b"hello, world";

/// 2 KB of JSON: a list of twenty.
const LIST: &[u8] = include_bytes!("../js/list.json");

/// Serves until its standard input ends.
pub(crate) fn serve() -> Result<bool, Failure> {
    pin_to_cpu(false);
    let (tls, authority) = identity()?;
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        // Whatever ends the input, an error too, ends us.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        drop(end);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let plain = TcpListener::bind("127.0.0.1:0").await?;
        let secure = TcpListener::bind("127.0.0.1:0").await?;
        let ready = serde_json::json!({
            "plain": plain.local_addr()?.port(), "tls": secure.local_addr()?.port(), "authority": authority,
        });
        println!("{ready}");
        tokio::spawn(accept(plain, None));
        tokio::spawn(accept(secure, Some(tls)));
        // The sender's drop is the end, as meant.
        let _ = ended.await;
        Ok(true)
    })
}

/// A certificate for 127.0.0.1, and its authority as PEM.
fn identity() -> Result<(TlsAcceptor, String), Failure> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    let authority = params.self_signed(&key)?;
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()])?
        .signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), authority.pem()))
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>) {
    while let Ok((socket, _)) = listener.accept().await {
        tokio::spawn(connection(socket, tls.clone()));
    }
}

/// One connection. How it ends is the client's business.
async fn connection(socket: TcpStream, tls: Option<TlsAcceptor>) {
    let _ = socket.set_nodelay(true);
    let Some(tls) = tls else {
        let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service_fn(answer)).await;
        return;
    };
    let Ok(socket) = tls.accept(socket).await else { return };
    if socket.get_ref().1.alpn_protocol() == Some(b"h2") {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.max_concurrent_streams(256);
        let _ = builder.serve_connection(TokioIo::new(socket), service_fn(answer)).await;
    } else {
        let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service_fn(answer)).await;
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Reply>, Infallible> {
    let streamed = request.uri().path() == "/stream";
    let json = request.uri().path() == "/json";
    let many_headers = request.uri().path() == "/headers";
    let module = request.uri().path().starts_with("/module/");
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    let reply =
        if streamed { Reply::Stream(STREAM_BYTES) } else { Reply::Tiny(Some(Bytes::from_static(TINY))) };
    let reply = if json { Reply::Tiny(Some(Bytes::from_static(LIST))) } else { reply };
    let reply = if module { Reply::Tiny(Some(Bytes::from_static(MODULE.as_bytes()))) } else { reply };
    let mut response = Response::new(reply);
    let content_type = if module { "text/javascript" } else { "text/plain" };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if many_headers {
        for number in 0..40 {
            let name = HeaderName::try_from(format!("x-header-{number}")).expect("a token is a name");
            let value = HeaderValue::from_static("a value of a usual length");
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

/// A response's body: known bytes, or so many in chunks that are never copied.
enum Reply {
    Tiny(Option<Bytes>),
    Stream(u64),
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static CHUNK: [u8; 64 * 1024] = [b'x'; 64 * 1024];
        Poll::Ready(match self.get_mut() {
            Reply::Tiny(bytes) => bytes.take().map(|bytes| Ok(Frame::data(bytes))),
            Reply::Stream(0) => None,
            Reply::Stream(left) => {
                *left -= CHUNK.len() as u64;
                Some(Ok(Frame::data(Bytes::from_static(&CHUNK))))
            }
        })
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Reply::Tiny(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Reply::Stream(left) => SizeHint::with_exact(*left),
        }
    }
}
