//! One request over one stream of an HTTP/2 connection, which many share.
//!
//! Dropping the exchange, or a body before its end, resets the
//! stream. The handshake of a WebSocket is an [extended CONNECT](https://www.rfc-editor.org/rfc/rfc8441#section-5), after which its stream is a tunnel.
//!
//! Over 400 lines: one exchange has one order, which a WebSocket's shares.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::ext::Protocol as TunnelledProtocol;
use h2::{RecvStream, SendStream};
use http::{Request, Response, Uri};
use tokio::task::AbortHandle;

use sofetch_core::infrastructure::bodies::{BodyError, ByteStream};
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::timing::ConnectionTimingInfo;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::infrastructure::web_sockets::Upgraded;
use sofetch_core::ports::{BoxFuture, Connection, ExchangeFault, Protocol, WireRequest, WireResponse};
use sofetch_core::trace::{Event, WireEvent};
use sofetch_core::wire_faults::{NetworkFault, PeerMisbehaved, Phase, WireFault};

use crate::errors;
use crate::exchange_http1::{Ended, Waits, has_no_body, is_harmless_again};
use crate::http2_connection::{Counted, Http2, Pump, Shared};
use crate::http2_tunnel::Http2Tunnel;
use crate::pool::Group;
use crate::runtime::IdleAlarm;
use crate::transport::{Interims, framing, header_list, header_map, too_many_headers};
use crate::upload::Upload;
use crate::web_socket::UpgradedSocket;

/// A share of an HTTP/2 connection, for one exchange.
pub(crate) struct Http2Connection {
    http2: Http2,
    group: Arc<Group>,
    web_socket: bool,
}

impl Http2Connection {
    pub(crate) fn new(http2: Http2, group: Arc<Group>) -> Http2Connection {
        Http2Connection { http2, group, web_socket: false }
    }

    /// For the handshake of a WebSocket, which its server takes over HTTP/2.
    pub(crate) fn for_web_socket(http2: Http2, group: Arc<Group>) -> Http2Connection {
        Http2Connection { http2, group, web_socket: true }
    }
}

impl Connection for Http2Connection {
    fn timing_info(&self) -> &ConnectionTimingInfo {
        &self.http2.shared.about.timing
    }

    fn protocol(&self) -> Protocol {
        Protocol::Http2
    }

    fn reused(&self) -> bool {
        self.http2.reused
    }

    fn exchange(
        self: Box<Self>,
        request: WireRequest,
    ) -> BoxFuture<'static, Result<WireResponse, ExchangeFault>> {
        Box::pin(exchange(*self, request))
    }
}

/// The headers of an HTTP/1.1 handshake that one over HTTP/2 has not (RFC 8441, section 5).
const OF_UPGRADES: [&str; 3] = ["upgrade", "connection", "sec-websocket-key"];

async fn exchange(connection: Http2Connection, request: WireRequest) -> Result<WireResponse, ExchangeFault> {
    let Http2Connection { http2, group, web_socket } = connection;
    let WireRequest { method, url, mut header_list, body, on_interim, trace } = request;
    let Http2 { mut sender, shared, reused } = http2;
    let config = &group.destination.settings.config;
    // A proxy's credentials are for a proxy's ears.
    if header_list.contains("proxy-authorization") {
        Arc::make_mut(&mut header_list).delete("proxy-authorization");
    }
    if web_socket {
        let list = Arc::make_mut(&mut header_list);
        OF_UPGRADES.iter().for_each(|name| list.delete(name));
    }
    let prepared = framing(&header_list, body.as_ref().map(|body| body.length)).and_then(|announced| {
        Ok((announced, request_head(&method, &url, &header_list, announced.filter(|_| body.is_some()))?))
    });
    let (announced, mut head) = match prepared {
        Ok(prepared) => prepared,
        Err(fault) => {
            return Err(ExchangeFault { fault: fault.into(), resend_is_safe: false, unread_body: body });
        }
    };
    let sent_method = if web_socket { Method::CONNECT } else { method.clone() };
    if web_socket {
        *head.method_mut() = http::Method::CONNECT;
        head.extensions_mut().insert(TunnelledProtocol::from_static("websocket"));
    }
    let upload = body.map(|body| Upload::new(body, announced));
    let interims = Interims::new(config.limits.interims, group.clock.clone(), None);
    interims.begin(on_interim, trace.clone());
    let counted = Counted::new(&shared, web_socket);
    let mut waits = Waits::new(&config.time_outs);
    let mut stage = Stage::Opening(Some(head));
    let answered = poll_fn(|context| {
        loop {
            match &mut stage {
                Stage::Opening(head) => {
                    match sender.poll_ready(context) {
                        Poll::Ready(Ok(())) => {}
                        Poll::Ready(Err(error)) => return Poll::Ready(Err(Failure::unsent(error))),
                        Poll::Pending => break,
                    }
                    let Some(head) = head.take() else { break };
                    let (response, stream) = match sender.send_request(head, upload.is_none() && !web_socket)
                    {
                        Ok(opened) => opened,
                        Err(error) => return Poll::Ready(Err(Failure::unsent(error))),
                    };
                    trace.emit(|| {
                        Event::Wire(WireEvent::Sent {
                            method: sent_method.clone(),
                            url: url.clone(),
                            header_list: HeaderList::clone(&header_list),
                            protocol: Protocol::Http2,
                        })
                    });
                    stage = Stage::Open(
                        response,
                        match upload.clone() {
                            Some(upload) => Sending::Body(Pump::new(stream, upload)),
                            None if web_socket => Sending::Tunnel(stream),
                            None => Sending::Nothing,
                        },
                    );
                }
                Stage::Open(response, sending) => {
                    if let Sending::Body(pump) = sending {
                        // What the stream has against the body, the response tells better.
                        let _ = pump.poll(context);
                        if let Some(fault) = pump.upload.fault() {
                            pump.stream.send_reset(h2::Reason::CANCEL);
                            return Poll::Ready(Err(Failure::Other(fault.into())));
                        }
                    }
                    match poll_response(response, &interims, context) {
                        Poll::Ready(Ok(response)) => return Poll::Ready(Ok(response)),
                        Poll::Ready(Err(failure)) => return Poll::Ready(Err(failure)),
                        Poll::Pending => break,
                    }
                }
            }
        }
        let sent = match &stage {
            Stage::Opening(_) => false,
            Stage::Open(_, Sending::Body(pump)) => pump.done,
            Stage::Open(..) => true,
        };
        waits.poll(sent, &group.runtime, context).map(|fault| Err(Failure::Other(fault.into())))
    })
    .await;
    let response = match answered {
        Ok(response) => response,
        Err(failure) => {
            drop(stage);
            let scene = shared.scene(reused, config.limits.head_bytes);
            let unread_body = upload.as_ref().and_then(Upload::take_unread);
            let harmless = is_harmless_again(&method, upload.as_ref(), unread_body.is_some());
            let (fault, resend_is_safe) = match failure {
                _ if group.runtime.is_gone() => (WireFault::RuntimeGone.into(), false),
                Failure::Other(fault) => (fault, false),
                Failure::Unsent(error) => (errors::of_http2(error, &scene), reused),
                Failure::Stream(error) => {
                    let left = reused && error.is_io() && !scene.request_pseudo_headers;
                    let safe = errors::was_never_processed(&error) || (left && harmless);
                    (errors::of_http2(error, &scene), safe)
                }
            };
            return Err(ExchangeFault { fault, resend_is_safe, unread_body });
        }
    };
    let started_at = interims.started_at();
    let remote_address = shared.about.remote_address;
    let status = response.status().as_u16();
    let header_list = header_list_of(&response);
    trace.emit(|| {
        Event::Wire(WireEvent::Head {
            status,
            status_message: Bytes::new(),
            header_list: header_list.clone(),
            protocol: Protocol::Http2,
            remote_address,
        })
    });
    let receiver = response.into_body();
    let sending = match stage {
        Stage::Open(_, sending) => sending,
        Stage::Opening(_) => Sending::Nothing,
    };
    let sending = match sending {
        Sending::Tunnel(sender) if (200..300).contains(&status) => {
            let tunnel = Http2Tunnel::new(sender, receiver, shared, counted, config.limits.empty_frames);
            let upgraded = UpgradedSocket::new(tunnel, Bytes::new(), config, group.runtime.clone());
            return Ok(WireResponse {
                status,
                status_message: Bytes::new(),
                header_list,
                body: None,
                started_at,
                remote_address,
                protocol: Protocol::Http2,
                upgraded: Some(Upgraded::by_extended_connect(upgraded)),
            });
        }
        Sending::Tunnel(mut sender) => {
            // There is no tunnel: nothing more is said. Should the stream be over already, so much the better.
            let _ = sender.send_data(Bytes::new(), true);
            Sending::Nothing
        }
        sending => sending,
    };
    let body: Option<Box<dyn ByteStream>> = if has_no_body(&method, status) {
        None
    } else if receiver.is_end_stream() {
        Some(Box::new(Ended))
    } else {
        // The rest of the request goes on its way while the response is read, or not.
        let rest = match sending {
            Sending::Body(mut pump) if !pump.done => {
                let rest = poll_fn(move |context| pump.poll(context));
                Some(Aborted(group.runtime.spawn(rest).abort_handle()))
            }
            _ => None,
        };
        let alarm = config.time_outs.body.map(|after| IdleAlarm::new(Phase::Body, after));
        Some(Box::new(Http2Body {
            reading: Some(Reading { receiver, _counted: counted, _rest: rest }),
            group: group.clone(),
            shared: shared.clone(),
            upload,
            empty_frames: 0,
            alarm,
        }))
    };
    Ok(WireResponse {
        status,
        status_message: Bytes::new(),
        header_list,
        body,
        started_at,
        remote_address,
        protocol: Protocol::Http2,
        upgraded: None,
    })
}

enum Stage {
    Opening(Option<Request<()>>),
    Open(ResponseFuture, Sending),
}

/// What there is to be sent behind the head.
enum Sending {
    Nothing,
    Body(Pump),
    /// Whatever is said once the server takes it.
    Tunnel(SendStream<Bytes>),
}

enum Failure {
    /// The stream was never opened.
    Unsent(h2::Error),
    Stream(h2::Error),
    Other(NetworkFault),
}

impl Failure {
    fn unsent(error: h2::Error) -> Failure {
        Failure::Unsent(error)
    }
}

fn header_list_of(response: &Response<RecvStream>) -> HeaderList {
    header_list(response.headers())
}

/// The request without its body. `announced` is the body's length, where there is a body whose length is known.
fn request_head(
    method: &Method,
    url: &Url,
    header_list: &HeaderList,
    announced: Option<u64>,
) -> Result<Request<()>, WireFault> {
    let said_host = header_list.first("host").map(|header| String::from_utf8_lossy(header.value()));
    let authority = said_host.as_deref().unwrap_or(url.host_and_port());
    let target = format!("{}://{authority}{}", url.scheme(), url.path_and_query());
    let mut headers = header_map(header_list, None, 1)?;
    // <https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2>
    for name in ["connection", "keep-alive", "proxy-connection", "upgrade", "te"] {
        headers.remove(name);
    }
    if let Some(announced) = announced {
        let entry =
            headers.try_entry(http::header::CONTENT_LENGTH).map_err(|_| too_many_headers(header_list))?;
        if let http::header::Entry::Vacant(vacant) = entry {
            vacant.try_insert(announced.into()).map_err(|_| too_many_headers(header_list))?;
        }
    }
    let mut request = Request::new(());
    *request.method_mut() = http::Method::from_bytes(method.as_str().as_bytes())
        .map_err(|_| WireFault::CannotCarry { what: "method", said: method.as_str().to_owned() })?;
    *request.uri_mut() = Uri::try_from(target).map_err(|_| WireFault::CannotCarry {
        what: "request-target",
        said: format!("{} bytes", url.path_and_query().len()),
    })?;
    *request.version_mut() = http::Version::HTTP_2;
    *request.headers_mut() = headers;
    Ok(request)
}

/// Interim responses first: `poll` on the final one would throw them away.
fn poll_response(
    response: &mut ResponseFuture,
    interims: &Interims,
    context: &mut Context<'_>,
) -> Poll<Result<Response<RecvStream>, Failure>> {
    loop {
        match response.poll_informational(context) {
            Poll::Ready(Some(Ok(interim))) => {
                interims.tell(interim.status().as_u16(), interim.headers());
                if interims.are_too_many() {
                    let fault = PeerMisbehaved::TooManyInterims { limit: interims.limit() };
                    return Poll::Ready(Err(Failure::Other(fault.into())));
                }
            }
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(Failure::Stream(error))),
            Poll::Ready(None) => return Pin::new(response).poll(context).map_err(Failure::Stream),
            Poll::Pending => return Poll::Pending,
        }
    }
}

/// A task that ends with its owner.
struct Aborted(AbortHandle);

impl Drop for Aborted {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A response's body, taken off its stream when asked for.
struct Http2Body {
    /// `None` at its end.
    reading: Option<Reading>,
    group: Arc<Group>,
    shared: Arc<Shared>,
    upload: Option<Upload>,
    empty_frames: usize,
    alarm: Option<IdleAlarm>,
}

struct Reading {
    receiver: RecvStream,
    _counted: Counted,
    _rest: Option<Aborted>,
}

impl Http2Body {
    fn fail(&mut self, fault: NetworkFault) -> Poll<Option<Result<Bytes, BodyError>>> {
        self.reading = None;
        let fault = match self.upload.take().and_then(|upload| upload.fault()) {
            Some(fault) => fault.into(),
            None if self.group.runtime.is_gone() => WireFault::RuntimeGone.into(),
            None => fault,
        };
        Poll::Ready(Some(Err(BodyError::new(fault))))
    }
}

impl ByteStream for Http2Body {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            let Some(reading) = &mut self.reading else { return Poll::Ready(None) };
            match reading.receiver.poll_data(context) {
                Poll::Ready(Some(Ok(chunk))) => {
                    if let Some(alarm) = &mut self.alarm {
                        alarm.progressed();
                    }
                    // NB: the window opens as the chunk is handed over, which is when somebody asked for it.
                    let _ = reading.receiver.flow_control().release_capacity(chunk.len());
                    if !chunk.is_empty() {
                        self.empty_frames = 0;
                        return Poll::Ready(Some(Ok(chunk)));
                    }
                    self.empty_frames += 1;
                    if self.empty_frames > self.group.destination.settings.config.limits.empty_frames {
                        return self.fail(PeerMisbehaved::Http2 { detail: "empty-frames".to_owned() }.into());
                    }
                }
                Poll::Ready(None) => {
                    self.reading = None;
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Err(error))) => {
                    let head_bytes = self.group.destination.settings.config.limits.head_bytes;
                    let scene = self.shared.scene(true, head_bytes);
                    let fault = errors::within_the_body_of_http2(error, &scene);
                    return self.fail(fault);
                }
                Poll::Pending => {
                    let Some(alarm) = &mut self.alarm else { return Poll::Pending };
                    return match alarm.poll(&self.group.runtime, context) {
                        Poll::Pending => Poll::Pending,
                        Poll::Ready(fault) => self.fail(fault.into()),
                    };
                }
            }
        }
    }
}
