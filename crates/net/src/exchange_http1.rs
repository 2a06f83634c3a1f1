//! One request over one HTTP/1.1 connection. Whoever waits for the response polls the connection; there is no task.
//!
//! Dropping the exchange, or a body that is not nearly at its end, closes the connection. At the response's end it goes
//! back to the pool, unless the two sides may disagree on where that end was.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;

use sofetch_core::infrastructure::bodies::{BodyError, ByteStream};
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::statuses::Status;
use sofetch_core::infrastructure::timing::ConnectionTimingInfo;
use sofetch_core::infrastructure::web_sockets::Upgraded;
use sofetch_core::ports::{BoxFuture, Connection, ExchangeFault, Protocol, WireRequest, WireResponse};
use sofetch_core::trace::{Event, WireEvent};
use sofetch_core::wire_faults::{NetworkFault, PeerMisbehaved, Phase, WireFault};

use crate::config::TimeOuts;
use crate::pool::Http1;
use crate::runtime::{Alarm, IdleAlarm, IoRuntime};
use crate::transport::{HeadFailure, RequestHead, ResponseHead, framing};
use crate::upload::Upload;
use crate::web_socket::UpgradedSocket;

/// An HTTP/1.1 connection of the pool, for one exchange. Unused, it goes back.
pub(crate) struct Http1Connection {
    http1: Option<Http1>,
}

impl Http1Connection {
    pub(crate) fn new(http1: Http1) -> Http1Connection {
        Http1Connection { http1: Some(http1) }
    }

    fn http1(&self) -> &Http1 {
        self.http1.as_ref().expect("it is taken by exchange and drop only, which take self")
    }
}

impl Connection for Http1Connection {
    fn timing_info(&self) -> &ConnectionTimingInfo {
        &self.http1().about.timing
    }

    fn protocol(&self) -> Protocol {
        Protocol::Http1
    }

    fn reused(&self) -> bool {
        self.http1().used
    }

    fn exchange(
        mut self: Box<Self>,
        request: WireRequest,
    ) -> BoxFuture<'static, Result<WireResponse, ExchangeFault>> {
        let http1 = self.http1.take().expect("it is taken by exchange and drop only, which take self");
        Box::pin(exchange(http1, request))
    }
}

impl Drop for Http1Connection {
    fn drop(&mut self) {
        if let Some(http1) = self.http1.take() {
            http1.park_as_it_was();
        }
    }
}

async fn exchange(mut http1: Http1, request: WireRequest) -> Result<WireResponse, ExchangeFault> {
    let WireRequest { method, url, mut header_list, body, on_interim, trace } = request;
    let reused = http1.used;
    // A proxy's credentials are for a proxy's ears: never within a tunnel, never at an origin.
    header_list_for(&http1, &mut header_list);
    let announced = match framing(&header_list, body.as_ref().map(|body| body.length)) {
        Ok(announced) => announced,
        Err(fault) => {
            http1.park_as_it_was();
            return Err(ExchangeFault { fault: fault.into(), resend_is_safe: false, unread_body: body });
        }
    };
    let upgrades = header_list.contains("upgrade");
    let upload = body.map(|body| Upload::new(body, announced));
    let group = http1.place.group.clone();
    let runtime = &group.runtime;
    let config = &group.destination.settings.config;
    let head = RequestHead {
        method: &method,
        url: &url,
        header_list: &header_list,
        absolute: http1.about.absolute_form.is_some(),
        chunked: upload.is_some() && announced.is_none(),
    };
    if let Err(fault) = http1.transport.start(head, upload.clone()) {
        http1.park_as_it_was();
        let unread_body = upload.and_then(|upload| upload.take_unread());
        return Err(ExchangeFault { fault: fault.into(), resend_is_safe: false, unread_body });
    }
    http1.transport.interims().begin(on_interim, trace.clone());
    trace.emit(|| {
        Event::Wire(WireEvent::Sent {
            method: method.clone(),
            url: url.clone(),
            header_list: HeaderList::clone(&header_list),
            protocol: Protocol::Http1,
        })
    });
    let opens = header_list.contains("sec-websocket-key");
    let mut waits = if opens { Waits::opening(&config.time_outs) } else { Waits::new(&config.time_outs) };
    let headed = poll_fn(|context| {
        let polled = http1.transport.poll_head(context);
        let interims = http1.transport.interims();
        if interims.are_too_many() {
            let fault = PeerMisbehaved::TooManyInterims { limit: interims.limit() };
            return Poll::Ready(Err(HeadFailure { fault: fault.into(), unwritten: false }));
        }
        if polled.is_ready() {
            return polled;
        }
        let sent = match &upload {
            // NB: what was handed over may still wait for room in the socket.
            Some(upload) => upload.has_ended() && http1.transport.traffic().written() >= upload.handed_over(),
            None => http1.transport.traffic().has_written(),
        };
        waits
            .poll(sent, runtime, context)
            .map(|fault| Err(HeadFailure { fault: fault.into(), unwritten: false }))
    })
    .await;
    let head = match headed {
        Ok(head) => head,
        Err(HeadFailure { fault, unwritten }) => {
            let answered = http1.transport.traffic().has_read();
            // What the runtime took down must not look like the server's doing.
            drop(http1);
            let unread_body = upload.as_ref().and_then(Upload::take_unread);
            let harmless = unwritten || is_harmless_again(&method, upload.as_ref(), unread_body.is_some());
            let fault = match upload.and_then(|upload| upload.fault()) {
                Some(fault) => fault.into(),
                None if runtime.is_gone() => WireFault::RuntimeGone.into(),
                None => fault,
            };
            let died = matches!(fault, NetworkFault::Wire(WireFault::Closed { .. }));
            let resend_is_safe = reused && died && !answered && harmless;
            return Err(ExchangeFault { fault, resend_is_safe, unread_body });
        }
    };
    let started_at = http1.transport.interims().started_at();
    http1.transport.interims().end();
    let remote_address = http1.about.remote_address;
    trace.emit(|| {
        Event::Wire(WireEvent::Head {
            status: head.status,
            status_message: head.status_message.clone(),
            header_list: head.header_list.clone(),
            protocol: Protocol::Http1,
            remote_address,
        })
    });
    http1.used = true;
    let ResponseHead { status, status_message, header_list } = head;
    if let Some(misbehaved) = unknown_transfer_coding(&header_list) {
        return Err(ExchangeFault { fault: misbehaved.into(), resend_is_safe: false, unread_body: None });
    }
    if status == 101 && upgrades {
        let left = poll_fn(|context| http1.transport.poll_upgraded(context)).await;
        let upgraded = left
            .map(|(socket, said)| Upgraded::new(UpgradedSocket::new(socket, said, config, runtime.clone())));
        return Ok(WireResponse {
            status,
            status_message,
            header_list,
            body: None,
            started_at,
            remote_address,
            protocol: Protocol::Http1,
            upgraded,
        });
    }
    let may_live = !ends_in_doubt(status, &header_list);
    let body = if has_no_body(&method, status) {
        release(http1, may_live);
        None
    } else if http1.transport.body_has_ended() {
        release(http1, may_live);
        Some(Box::new(Ended) as Box<dyn ByteStream>)
    } else {
        let alarm = config.time_outs.body.map(|after| IdleAlarm::new(Phase::Body, after));
        let body = Http1Body { http1: Some(http1), may_live, alarm, upload };
        Some(Box::new(body) as Box<dyn ByteStream>)
    };
    Ok(WireResponse {
        status,
        status_message,
        header_list,
        body,
        started_at,
        remote_address,
        protocol: Protocol::Http1,
        upgraded: None,
    })
}

/// May a request that got no answer be sent again, where it is not known how much of it arrived?
pub(crate) fn is_harmless_again(method: &Method, upload: Option<&Upload>, unread: bool) -> bool {
    match upload {
        // Its end was never sent: no server acts upon it.
        Some(upload) if unread && upload.announced() != Some(0) => true,
        Some(_) if !unread => false,
        // It is whole once its head is sent, and may have been acted upon.
        _ => method.is_idempotent(),
    }
}

/// `Proxy-Authorization` for the proxy that takes absolute forms, and for nobody else.
fn header_list_for(http1: &Http1, header_list: &mut Arc<HeaderList>) {
    match &http1.about.absolute_form {
        None => {
            if header_list.contains("proxy-authorization") {
                Arc::make_mut(header_list).delete("proxy-authorization");
            }
        }
        Some(proxy) => {
            if let Some(authorization) = proxy.authorization()
                && !header_list.contains("proxy-authorization")
            {
                Arc::make_mut(header_list).append("Proxy-Authorization", authorization.into_bytes());
            }
        }
    }
}

/// <https://www.rfc-editor.org/rfc/rfc9112#section-6.3>; a 205 has none either (RFC 9110, section 15.3.6).
pub(crate) fn has_no_body(method: &Method, status: Status) -> bool {
    *method == Method::HEAD || matches!(status, 204 | 205 | 304)
}

/// Chunks are the only transfer coding there is: under another the body would be taken for what it is not
/// (<https://www.rfc-editor.org/rfc/rfc9112#section-6.1>).
fn unknown_transfer_coding(header_list: &HeaderList) -> Option<PeerMisbehaved> {
    let said = header_list.get("transfer-encoding")?;
    let known = said.trim_ascii().eq_ignore_ascii_case(b"chunked");
    (!known).then(|| PeerMisbehaved::InvalidHead { detail: "transfer-coding".to_owned() })
}

/// Could the server mean another end of this response than we do? Then what follows on the connection is not to be
/// taken for the next response: a payload announced where none can be, or framed in two ways.
fn ends_in_doubt(status: Status, header_list: &HeaderList) -> bool {
    let length = header_list.get("content-length");
    let chunks = header_list.contains("transfer-encoding");
    let announced = chunks || length.as_ref().is_some_and(|length| length.iter().any(|&byte| byte != b'0'));
    (announced && matches!(status, 204 | 205 | 304)) || (chunks && length.is_some())
}

fn release(mut http1: Http1, may_live: bool) {
    if may_live && http1.transport.may_be_reused() {
        http1.park();
    }
}

/// The time-outs before the head: one while the request is sent, another from then on.
pub(crate) struct Waits {
    send: Option<(Phase, Duration)>,
    head: Option<(Phase, Duration)>,
    alarm: Option<(Phase, Alarm)>,
}

impl Waits {
    pub(crate) fn new(time_outs: &TimeOuts) -> Waits {
        let of = |phase, after: Option<Duration>| after.map(|after| (phase, after));
        Waits { send: of(Phase::Send, time_outs.send), head: of(Phase::Head, time_outs.head), alarm: None }
    }

    /// The same for the opening handshake of a WebSocket: the shorter of two.
    fn opening(time_outs: &TimeOuts) -> Waits {
        let waits = Waits::new(time_outs);
        let open = time_outs.open.map(|after| (Phase::Open, after));
        Waits { head: waits.head.into_iter().chain(open).min_by_key(|(_, after)| *after), ..waits }
    }

    pub(crate) fn poll(
        &mut self,
        sent: bool,
        runtime: &IoRuntime,
        context: &mut Context<'_>,
    ) -> Poll<WireFault> {
        let Some((phase, after)) = (if sent { self.head } else { self.send }) else {
            self.alarm = None;
            return Poll::Pending;
        };
        if self.alarm.as_ref().is_none_or(|(armed, _)| *armed != phase) {
            self.alarm = Some((phase, Alarm::new(runtime, phase, after)));
        }
        match &mut self.alarm {
            Some((_, alarm)) => alarm.poll(context),
            None => Poll::Pending,
        }
    }
}

/// A body that has ended.
pub(crate) struct Ended;

impl ByteStream for Ended {
    fn poll_next(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        Poll::Ready(None)
    }
}

/// A response's body, read off the connection when asked for.
struct Http1Body {
    /// `None` at its end.
    http1: Option<Http1>,
    may_live: bool,
    alarm: Option<IdleAlarm>,
    /// What may still be on its way out.
    upload: Option<Upload>,
}

impl Http1Body {
    fn end(&mut self) {
        if let Some(http1) = self.http1.take() {
            release(http1, self.may_live);
        }
    }

    fn fail(&mut self, fault: NetworkFault) -> Poll<Option<Result<Bytes, BodyError>>> {
        let gone = self.http1.take().is_some_and(|http1| http1.place.group.runtime.is_gone());
        let fault = match self.upload.take().and_then(|upload| upload.fault()) {
            Some(fault) => fault.into(),
            None if gone => WireFault::RuntimeGone.into(),
            None => fault,
        };
        Poll::Ready(Some(Err(BodyError::new(fault))))
    }
}

impl ByteStream for Http1Body {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let Some(http1) = &mut self.http1 else { return Poll::Ready(None) };
        match http1.transport.poll_body(context) {
            Poll::Ready(Some(Ok(chunk))) => {
                if let Some(alarm) = &mut self.alarm {
                    alarm.progressed();
                }
                if http1.transport.body_has_ended() {
                    self.end();
                }
                Poll::Ready(Some(Ok(chunk)))
            }
            Poll::Ready(None) => {
                self.end();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(fault))) => self.fail(fault),
            Poll::Pending => match &mut self.alarm {
                None => Poll::Pending,
                Some(alarm) => match alarm.poll(&http1.place.group.runtime, context) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(fault) => self.fail(fault.into()),
                },
            },
        }
    }
}

impl Drop for Http1Body {
    /// What has arrived already is read away, up to a limit; a longer rest is not worth the connection.
    fn drop(&mut self) {
        let Some(mut http1) = self.http1.take() else { return };
        if !self.may_live {
            return;
        }
        let limit = http1.place.group.destination.settings.config.limits.drain_bytes;
        let mut drained = 0;
        while drained <= limit {
            match http1.transport.poll_body(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(Some(Ok(chunk))) => drained += chunk.len(),
                Poll::Ready(None) => return release(http1, true),
                Poll::Ready(Some(Err(_))) | Poll::Pending => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_that_end_in_doubt() {
        for (row, status, headers, expected) in [
            ("a length", 200, vec![("content-length", "5")], false),
            ("chunks", 200, vec![("transfer-encoding", "chunked")], false),
            ("both", 200, vec![("content-length", "5"), ("transfer-encoding", "chunked")], true),
            ("nothing where nothing can be", 204, vec![], false),
            ("zero where nothing can be", 204, vec![("content-length", "0")], false),
            ("a payload in a 204", 204, vec![("content-length", "5")], true),
            ("a payload in a 304", 304, vec![("transfer-encoding", "chunked")], true),
            ("a payload in a 205", 205, vec![("content-length", "5")], true),
        ] {
            let mut list = HeaderList::new();
            for (name, value) in headers {
                list.push_received(name, value);
            }
            assert_eq!(ends_in_doubt(status, &list), expected, "{row}");
        }
    }
}
