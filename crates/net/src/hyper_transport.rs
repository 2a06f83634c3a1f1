//! hyper as the codec of HTTP/1.1, without a task: the connection is polled by whoever waits for it.
//!
//! Order matters for speed: the connection is polled before what it feeds, and what was fed is asked before the
//! connection is polled again.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Response, Uri};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper::ext::ReasonPhrase;
use hyper_util::rt::TokioIo;

use sofetch_core::infrastructure::url::Url;
use sofetch_core::wire_faults::{NetworkFault, WireFault};

use crate::config::Limits;
use crate::errors::{self, Scene};
use crate::socket::{Socket, Traffic, WatchedSocket};
use crate::transport::{
    HeadFailure, Interims, RequestHead, ResponseHead, Transport, header_list, header_map, too_many_headers,
};
use crate::upload::{OutgoingBody, Upload};

/// How many headers hyper takes where it is told nothing.
pub(crate) const HYPERS_HEAD_COUNT: usize = 100;

type Answer = Result<Response<Incoming>, TrySendError<Request<OutgoingBody>>>;

pub(crate) struct HyperTransport {
    sender: SendRequest<OutgoingBody>,
    /// `None` once it ended.
    connection: Option<Connection<TokioIo<WatchedSocket>, OutgoingBody>>,
    answer: Option<Pin<Box<dyn Future<Output = Answer> + Send>>>,
    incoming: Option<Incoming>,
    /// How the connection ended, where nobody was told.
    ended_with: Option<hyper::Error>,
    /// Did the request ask for another protocol?
    upgrades: bool,
    /// What is left of a connection that ended then: its socket, and what was read of it.
    left: Option<(Socket, Bytes)>,
    fed: Arc<Fed>,
    driver: Arc<Driver>,
    /// The driver's waker, made once.
    driven_by: Waker,
    traffic: Arc<Traffic>,
    tls_host: Option<String>,
    head_bytes: usize,
    last_host: Option<HeaderValue>,
    interims: Interims,
    /// What each request bears so that its interim responses are told.
    extensions: http::Extensions,
    used: bool,
}

/// The waker of the connection. What it feeds wakes it when more is wanted: that is us, who are polling already, and to
/// be polled again for it would be in vain. So while we deal with what it feeds, that is only noted.
///
/// An idle connection that was not woken has nothing to say: it lives, as far as anybody knows.
struct Driver {
    feeding: AtomicBool,
    /// Woken since it was last polled: by what it feeds, and by anything else.
    wanted: AtomicBool,
    woken: AtomicBool,
    task: Mutex<Waker>,
}

impl Driver {
    fn new() -> Arc<Driver> {
        Arc::new(Driver {
            feeding: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
            woken: AtomicBool::new(true),
            task: Mutex::new(Waker::noop().clone()),
        })
    }

    /// Whoever is to be polled when there is something to do.
    fn drive_for(&self, task: &Waker) {
        self.task.lock().unwrap_or_else(PoisonError::into_inner).clone_from(task);
    }

    fn feed<T>(&self, deal: impl FnOnce() -> T) -> T {
        self.feeding.store(true, Ordering::SeqCst);
        let dealt = deal();
        self.feeding.store(false, Ordering::SeqCst);
        dealt
    }
}

impl Wake for Driver {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // NB: in this order; who ends the feeding looks after that, so a wake from elsewhere meanwhile is not lost.
        self.wanted.store(true, Ordering::SeqCst);
        if !self.feeding.load(Ordering::SeqCst) {
            self.woken.store(true, Ordering::SeqCst);
            let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
            task.wake();
        }
    }
}

/// The waker of what the connection feeds. Only we poll the connection, so its feeding needs to wake nobody; but tokio
/// may refuse a poll for fairness' sake, and that wish to be polled again must not be lost.
struct Fed(AtomicBool);

impl Wake for Fed {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl HyperTransport {
    pub(crate) async fn handshake(
        socket: WatchedSocket,
        limits: &Limits,
        tls_host: Option<String>,
    ) -> Result<HyperTransport, NetworkFault> {
        let (traffic, clock) = (socket.traffic.clone(), socket.clock.clone());
        let mut builder = Builder::new();
        builder
            .title_case_headers(true)
            .allow_obsolete_multiline_headers_in_responses(true)
            .allow_spaces_after_header_name_in_responses(true)
            // NB: a line that is left out may be the very one that refuses (a second Access-Control-Allow-Origin with a
            // control byte), so a head with a line that cannot be read is no head.
            .ignore_invalid_headers_in_responses(false)
            .max_header_size(limits.head_bytes)
            // NB: the buffer must hold the whole head, and hyper panics below 8 KiB.
            .max_buf_size(limits.head_bytes.max(64 * 1024));
        // NB: any number but hyper's own costs two buffers of it on the heap for each response.
        if limits.head_count != HYPERS_HEAD_COUNT {
            builder.max_headers(limits.head_count);
        }
        let (sender, connection) = builder
            .handshake(TokioIo::new(socket))
            .await
            .map_err(|error| WireFault::Other { cause: Arc::new(error) })?;
        let driver = Driver::new();
        let interims = Interims::new(limits.interims, clock, Some(traffic.clone()));
        let mut template = Request::new(());
        let told = interims.clone();
        hyper::ext::on_informational(&mut template, move |interim| {
            told.tell(interim.status().as_u16(), interim.headers());
        });
        Ok(HyperTransport {
            sender,
            connection: Some(connection),
            answer: None,
            incoming: None,
            ended_with: None,
            upgrades: false,
            left: None,
            fed: Arc::new(Fed(AtomicBool::new(false))),
            driven_by: Waker::from(driver.clone()),
            driver,
            traffic,
            tls_host,
            head_bytes: limits.head_bytes,
            last_host: None,
            interims,
            extensions: std::mem::take(template.extensions_mut()),
            used: false,
        })
    }

    fn poll_connection(&mut self, context: &mut Context<'_>) {
        let Some(connection) = &mut self.connection else { return };
        self.driver.drive_for(context.waker());
        self.driver.wanted.store(false, Ordering::SeqCst);
        self.driver.woken.store(false, Ordering::SeqCst);
        if let Poll::Ready(result) = Pin::new(connection).poll(&mut Context::from_waker(&self.driven_by)) {
            // NB: hyper lets go of a connection that speaks another protocol now, as of one that ended.
            if let (Ok(()), true, Some(connection)) = (&result, self.upgrades, self.connection.take()) {
                let parts = connection.into_parts();
                self.left = Some((parts.io.into_inner().socket, parts.read_buf));
            }
            self.connection = None;
            self.ended_with = result.err();
        }
    }

    /// Polls what the connection feeds.
    fn poll_fed<T>(
        fed: &Arc<Fed>,
        driver: &Driver,
        context: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        fed.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(fed.clone());
        let result = driver.feed(|| poll(&mut Context::from_waker(&waker)));
        if result.is_pending() && fed.0.load(Ordering::Relaxed) {
            context.waker().wake_by_ref();
        }
        result
    }

    /// Nobody is going to poll the connection now: a wish for it that was only noted is passed on.
    fn pass_on_wakes(&self, context: &Context<'_>) {
        if self.driver.wanted.swap(false, Ordering::SeqCst) {
            context.waker().wake_by_ref();
        }
    }

    /// The `Host` of a request for `url`: most often that of the request before.
    fn host(&mut self, url: &Url) -> Result<HeaderValue, WireFault> {
        let host = url.host_and_port();
        if let Some(last) = self.last_host.as_ref().filter(|last| *last == host) {
            return Ok(last.clone());
        }
        let value = HeaderValue::from_maybe_shared(Bytes::copy_from_slice(host.as_bytes()))
            .map_err(|_| WireFault::CannotCarry { what: "header-value", said: host.to_owned() })?;
        self.last_host = Some(value.clone());
        Ok(value)
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            reused: self.used,
            tls_host: self.tls_host.as_deref(),
            head_bytes: self.head_bytes,
            read: self.traffic.read(),
            request_pseudo_headers: false,
        }
    }

    fn failure(&mut self, mut error: TrySendError<Request<OutgoingBody>>) -> HeadFailure {
        let unwritten = error.take_message().is_some() && !self.traffic.has_written();
        // What ended the connection says more than that it ended.
        let error = match self.ended_with.take() {
            Some(ended) if error.error().is_canceled() => ended,
            _ => error.into_error(),
        };
        HeadFailure { fault: errors::before_the_head(error, &self.scene()), unwritten }
    }
}

impl Transport for HyperTransport {
    fn is_alive(&mut self) -> bool {
        // NB: a wake that was only noted counts: it may have come from the socket meanwhile.
        let woken = self.driver.woken.load(Ordering::SeqCst) || self.driver.wanted.load(Ordering::SeqCst);
        if woken || !self.sender.is_ready() {
            self.poll_connection(&mut Context::from_waker(Waker::noop()));
        }
        self.connection.is_some() && self.sender.is_ready()
    }

    fn start(&mut self, head: RequestHead<'_>, body: Option<Upload>) -> Result<(), WireFault> {
        let host = self.host(head.url)?;
        let mut headers = header_map(head.header_list, Some(&host), usize::from(head.chunked))?;
        if head.chunked {
            // NB: without it hyper leaves out the body of a GET.
            headers
                .try_insert(http::header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"))
                .map_err(|_| too_many_headers(head.header_list))?;
        }
        let mut request = Request::new(OutgoingBody(body));
        *request.extensions_mut() = self.extensions.clone();
        *request.method_mut() = http::Method::from_bytes(head.method.as_str().as_bytes())
            .map_err(|_| WireFault::CannotCarry { what: "method", said: head.method.as_str().to_owned() })?;
        *request.uri_mut() = target(&head)?;
        *request.headers_mut() = headers;
        self.traffic.begin();
        self.upgrades = head.header_list.contains("upgrade");
        self.incoming = None;
        let sender = &mut self.sender;
        self.answer = Some(Box::pin(self.driver.feed(|| sender.try_send_request(request))));
        Ok(())
    }

    fn interims(&self) -> &Interims {
        &self.interims
    }

    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<Result<ResponseHead, HeadFailure>> {
        self.poll_connection(context);
        let Some(answer) = &mut self.answer else { return Poll::Pending };
        let polled =
            Self::poll_fed(&self.fed, &self.driver, context, |context| answer.as_mut().poll(context));
        let Poll::Ready(answer) = polled else {
            self.pass_on_wakes(context);
            return Poll::Pending;
        };
        self.answer = None;
        let response = match answer {
            Ok(response) => response,
            Err(error) => return Poll::Ready(Err(self.failure(error))),
        };
        self.used = true;
        let (parts, incoming) = response.into_parts();
        self.incoming = Some(incoming).filter(|incoming| !incoming.is_end_stream());
        let status_message = match parts.extensions.get::<ReasonPhrase>() {
            Some(reason) => Bytes::copy_from_slice(reason.as_bytes()),
            None => Bytes::from_static(parts.status.canonical_reason().unwrap_or_default().as_bytes()),
        };
        Poll::Ready(Ok(ResponseHead {
            status: parts.status.as_u16(),
            status_message,
            header_list: header_list(&parts.headers),
        }))
    }

    fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, NetworkFault>>> {
        let mut polled = false;
        loop {
            let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
            let next = Self::poll_fed(&self.fed, &self.driver, context, |context| {
                Pin::new(&mut *incoming).poll_frame(context)
            });
            match next {
                Poll::Pending if polled => {
                    self.pass_on_wakes(context);
                    return Poll::Pending;
                }
                Poll::Pending => {
                    self.poll_connection(context);
                    polled = true;
                }
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers are read and left.
                    let Ok(chunk) = frame.into_data() else { continue };
                    if incoming.is_end_stream() {
                        self.incoming = None;
                    }
                    return Poll::Ready(Some(Ok(chunk)));
                }
                Poll::Ready(Some(Err(error))) => {
                    self.incoming = None;
                    let error = self.ended_with.take().filter(|_| error.is_closed()).unwrap_or(error);
                    return Poll::Ready(Some(Err(errors::within_the_body(error, &self.scene()))));
                }
                Poll::Ready(None) => {
                    self.incoming = None;
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn body_has_ended(&self) -> bool {
        self.incoming.is_none()
    }

    fn may_be_reused(&mut self) -> bool {
        if self.incoming.is_some() || self.answer.is_some() {
            return false;
        }
        // Nobody waits for an idle connection, and no task is to be held by one.
        self.driver.drive_for(Waker::noop());
        if !self.sender.is_ready() {
            self.poll_connection(&mut Context::from_waker(Waker::noop()));
        }
        self.connection.is_some() && self.sender.is_ready()
    }

    fn poll_upgraded(&mut self, context: &mut Context<'_>) -> Poll<Option<(Socket, Bytes)>> {
        self.poll_connection(context);
        if self.connection.is_some() {
            self.pass_on_wakes(context);
            return Poll::Pending;
        }
        Poll::Ready(self.left.take())
    }

    fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }
}

fn target(head: &RequestHead<'_>) -> Result<Uri, WireFault> {
    let target = head.url.path_and_query();
    let parsed = if head.absolute {
        Uri::try_from(format!("{}://{}{target}", head.url.scheme(), head.url.host_and_port())).ok()
    } else {
        PathAndQuery::from_maybe_shared(Bytes::copy_from_slice(target.as_bytes())).ok().map(Uri::from)
    };
    parsed.ok_or_else(|| WireFault::CannotCarry {
        what: "request-target",
        said: format!("{} bytes", target.len()),
    })
}
