//! [Obtain a connection](https://fetch.spec.whatwg.org/#concept-connection-obtain): one of the pool's, or a new one.
//!
//! Who needs a new one waits for it as for any other: should another connection be free first, that one is taken. Where
//! HTTP/2 may come of it only one is made at a time, so that a hundred fetches at once share one connection.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use sofetch_core::ports::{Answer, Connection, ConnectionRequest, Protocol};
use sofetch_core::trace::{Event, Trace, WireEvent};
use sofetch_core::wire_faults::{NetworkFault, Phase, WireFault};

use crate::create_a_connection::create_a_connection;
use crate::exchange_http1::Http1Connection;
use crate::exchange_http2::Http2Connection;
use crate::http2_connection::Http2;
use crate::pool::{CheckOut, Granted, Group, Http1, Place, QueuedFor};
use crate::runtime::Alarm;

pub(crate) type Obtained = Result<Box<dyn Connection>, NetworkFault>;

/// <https://fetch.spec.whatwg.org/#concept-connection-obtain>, once the group is found: its key, origin and credentials
/// are the connection's, and so are its proxy and its TLS configuration.
pub(crate) fn obtain_a_connection<'a>(group: Arc<Group>, ask: &ConnectionRequest) -> Answer<'a, Obtained> {
    let limits = &group.destination.settings.config.pool;
    let limit = if ask.page { Some(limits.page_connections_per_host) } else { limits.connections_per_host };
    // NB: no limit of ours is zero; a fetch would wait for ever.
    let limit = limit.map(|limit| limit.max(1));
    // 1. One of the pool's, unless a new one is asked for.
    match group.check_out(ask.new, limit) {
        CheckOut::Http1(http1) => Answer::ready(Ok(lend_http1(http1, &ask.trace))),
        CheckOut::Http2(http2) => Answer::ready(Ok(lend_http2(http2, &group, &ask.trace))),
        // 2-6. A new one, or whichever is free first.
        other => Answer::later(wait(group, other, ask.new, limit, ask.trace.clone())),
    }
}

async fn wait(
    group: Arc<Group>,
    mut next: CheckOut,
    new: bool,
    limit: Option<usize>,
    trace: Trace,
) -> Obtained {
    loop {
        let granted = match next {
            CheckOut::Http1(http1) => return Ok(lend_http1(http1, &trace)),
            CheckOut::Http2(http2) => return Ok(lend_http2(http2, &group, &trace)),
            CheckOut::Connect(place) => depart(&group, place, new, &trace).granted(None).await,
            CheckOut::Wait(receiver, queued_for) => {
                if let (QueuedFor::Place, Some(limit)) = (&queued_for, limit) {
                    trace.emit(|| Event::Wire(WireEvent::Waiting { limit }));
                }
                let after = group.destination.settings.config.time_outs.queue;
                // Only the wait for a place has no other bound.
                let after = after.filter(|_| queued_for == QueuedFor::Place);
                let alarm = after.map(|after| Alarm::new(&group.runtime, Phase::Queue, after));
                Waiting::new(group.clone(), receiver).granted(alarm).await
            }
        };
        next = match granted {
            Ok(Granted::Http1(http1)) => return Ok(lend_http1(http1, &trace)),
            Ok(Granted::Http2(http2)) => return Ok(lend_http2(http2, &group, &trace)),
            Ok(Granted::Place(place)) => CheckOut::Connect(place),
            Ok(Granted::Again) if group.runtime.is_gone() => return Err(WireFault::RuntimeGone.into()),
            Ok(Granted::Again) => group.check_out(new, limit),
            Ok(Granted::Failed(fault)) | Err(fault) => return Err(fault),
        };
    }
}

/// Sets out to make a connection, in a task of the IO runtime.
pub(crate) fn depart(group: &Arc<Group>, place: Place, new: bool, trace: &Trace) -> Waiting {
    let (flight, receiver) = group.take_off(place, new);
    let (going, trace) = (group.clone(), trace.clone());
    let task = group.runtime.spawn(async move {
        let made = create_a_connection(&going.destination, &going.runtime, &going.clock, &trace).await;
        flight.land(made);
    });
    Waiting { group: group.clone(), receiver, flight: Some(task.abort_handle()) }
}

/// Waits to be served. Leaving in between loses no connection, and ends a flight that nobody else counts on.
pub(crate) struct Waiting {
    group: Arc<Group>,
    receiver: oneshot::Receiver<Granted>,
    flight: Option<AbortHandle>,
}

impl Waiting {
    /// For what another set out for.
    pub(crate) fn new(group: Arc<Group>, receiver: oneshot::Receiver<Granted>) -> Waiting {
        Waiting { group, receiver, flight: None }
    }

    pub(crate) async fn granted(mut self, mut alarm: Option<Alarm>) -> Result<Granted, NetworkFault> {
        let granted = std::future::poll_fn(|context| {
            use std::task::Poll;
            if let Poll::Ready(granted) = std::pin::Pin::new(&mut self.receiver).poll(context) {
                // A sender that is gone unused went with the runtime.
                return Poll::Ready(granted.map_err(|_| WireFault::RuntimeGone));
            }
            match &mut alarm {
                Some(alarm) => alarm.poll(context).map(Err),
                None => Poll::Pending,
            }
        })
        .await;
        if matches!(granted, Ok(Granted::Failed(_))) {
            self.flight = None;
        }
        Ok(granted?)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.receiver.close();
        // What was granted in the same moment goes back where it came from.
        if let Ok(Granted::Http1(http1)) = self.receiver.try_recv() {
            http1.park_as_it_was();
        }
        if let Some(flight) = &self.flight
            && !flight.is_finished()
            && !self.group.others_count_on_flights()
        {
            flight.abort();
        }
    }
}

pub(crate) fn lend_http1(http1: Http1, trace: &Trace) -> Box<dyn Connection> {
    if http1.used {
        trace.emit(|| Event::Wire(WireEvent::Reused { protocol: Protocol::Http1 }));
    }
    Box::new(Http1Connection::new(http1))
}

fn lend_http2(http2: Http2, group: &Arc<Group>, trace: &Trace) -> Box<dyn Connection> {
    let connection = Http2Connection::new(http2, group.clone());
    if connection.reused() {
        trace.emit(|| Event::Wire(WireEvent::Reused { protocol: Protocol::Http2 }));
    }
    Box::new(connection)
}
