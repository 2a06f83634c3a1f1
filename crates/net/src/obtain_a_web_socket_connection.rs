//! [Obtain a WebSocket connection](https://websockets.spec.whatwg.org/#concept-websocket-connection-obtain): a stream of an HTTP/2 connection whose server takes WebSockets
//! ([RFC 8441](https://www.rfc-editor.org/rfc/rfc8441)), else an HTTP/1.1 connection of its own.

use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use sofetch_core::infrastructure::clients::NetworkPartitionKey;
use sofetch_core::ports::{Connection, ConnectionRequest, Protocol};
use sofetch_core::trace::{Event, WireEvent};
use sofetch_core::wire_faults::{Phase, WireFault};

use crate::exchange_http2::Http2Connection;
use crate::http2_connection::Http2;
use crate::obtain_a_connection::{Obtained, Waiting, depart, lend_http1, obtain_a_connection};
use crate::pool::{Granted, Group, Session};
use crate::runtime::Alarm;

/// So many hosts are remembered before all are forgotten.
const HOSTS: usize = 256;

/// The hosts that speak HTTP/2 and take no WebSockets over it, as seen from each partition: they need not be asked again.
#[derive(Default)]
pub(crate) struct WithoutWebSockets(Mutex<HashSet<(Option<NetworkPartitionKey>, Box<str>)>>);

impl WithoutWebSockets {
    fn knows(&self, ask: &ConnectionRequest) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&host(ask))
    }

    fn note(&self, ask: &ConnectionRequest, takes_them: bool) {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if takes_them {
            hosts.remove(&host(ask));
            return;
        }
        if hosts.len() >= HOSTS {
            hosts.clear();
        }
        hosts.insert(host(ask));
    }

    /// Under another configuration another server may answer.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn host(ask: &ConnectionRequest) -> (Option<NetworkPartitionKey>, Box<str>) {
    (ask.key.clone(), ask.url.host_and_port().into())
}

/// <https://websockets.spec.whatwg.org/#concept-websocket-connection-obtain>
///
/// `shared` are the connections that fetches use, where they may turn out to speak HTTP/2; `own` makes one of HTTP/1.1, for nobody else.
// DEPARTS: the Standard wants a connection that nobody shares; over HTTP/2 it is a stream of one, as in browsers. Those ask a server that
// is new to them in HTTP/1.1, as their page's own HTTP/2 connection is there in most cases; a script of ours has no such page, so that a new
// server is asked for either.
pub(crate) async fn obtain_a_web_socket_connection(
    shared: Option<Arc<Group>>,
    own: Arc<Group>,
    without: &WithoutWebSockets,
    ask: &ConnectionRequest,
) -> Obtained {
    let Some(shared) = shared else { return obtain_a_connection(own, ask).await };
    loop {
        let granted = match shared.session(ask.new) {
            Session::Http2(http2) => Granted::Http2(http2),
            Session::Http1 => break,
            Session::Wait(receiver) => Waiting::new(shared.clone(), receiver).granted(None).await?,
            Session::Unknown(_) if without.knows(ask) => break,
            // NB: what is free first is a used connection, which is not wanted: so it is to be a new one.
            Session::Unknown(place) => depart(&shared, place, true, &ask.trace).granted(None).await?,
        };
        match granted {
            Granted::Http2(http2) => {
                let takes_them = takes_web_sockets(&http2, &shared).await?;
                without.note(ask, takes_them);
                if takes_them {
                    return Ok(lend(http2, shared, ask));
                }
                break;
            }
            // The server chose HTTP/1.1, and nobody has used the connection.
            Granted::Http1(http1) => return Ok(lend_http1(http1, &ask.trace)),
            Granted::Failed(fault) => return Err(fault),
            Granted::Again if shared.runtime.is_gone() => return Err(WireFault::RuntimeGone.into()),
            Granted::Again | Granted::Place(_) => {}
        }
    }
    obtain_a_connection(own, ask).await
}

async fn takes_web_sockets(http2: &Http2, group: &Group) -> Result<bool, WireFault> {
    // What a server says first comes with the connection, or it is none.
    let after = group.destination.settings.config.time_outs.connect;
    let mut alarm = after.map(|after| Alarm::new(&group.runtime, Phase::Connect, after));
    poll_fn(|context| {
        if let Poll::Ready(takes_them) = http2.poll_takes_web_sockets(context) {
            return Poll::Ready(Ok(takes_them));
        }
        match &mut alarm {
            Some(alarm) => alarm.poll(context).map(Err),
            None => Poll::Pending,
        }
    })
    .await
}

fn lend(http2: Http2, group: Arc<Group>, ask: &ConnectionRequest) -> Box<dyn Connection> {
    let connection = Http2Connection::for_web_socket(http2, group);
    if connection.reused() {
        ask.trace.emit(|| Event::Wire(WireEvent::Reused { protocol: Protocol::Http2 }));
    }
    Box::new(connection)
}

#[cfg(test)]
mod tests {
    use sofetch_core::infrastructure::url::Url;
    use sofetch_core::trace::Trace;

    use super::*;

    fn ask(host: &str) -> ConnectionRequest {
        ConnectionRequest {
            key: None,
            url: Url::parse(&format!("https://{host}/"), None).expect("a URL"),
            credentials: true,
            new: false,
            web_socket: true,
            page: false,
            trace: Trace::off(),
        }
    }

    #[test]
    fn what_is_remembered_is_bounded_and_can_change() {
        let without = WithoutWebSockets::default();
        without.note(&ask("a.test"), false);
        assert!(without.knows(&ask("a.test")) && !without.knows(&ask("b.test")));
        assert!(!without.knows(&ask("a.test:444")), "another port");
        without.note(&ask("a.test"), true);
        assert!(!without.knows(&ask("a.test")));
        for index in 0..10 * HOSTS {
            without.note(&ask(&format!("h{index}.test")), false);
            assert!(without.knows(&ask(&format!("h{index}.test"))));
        }
        assert!(without.0.lock().expect("no panic").len() <= HOSTS);
        without.forget();
        assert!(without.0.lock().expect("no panic").is_empty());
    }
}
