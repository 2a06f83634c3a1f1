//! One exchange of the scripted network: the request held against its row, and the row's answer given.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use sofetch_core::infrastructure::bodies::{Body, BodyError, ByteStream};
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::timing::ConnectionTimingInfo;
use sofetch_core::ports::{
    BoxFuture, Clock, Connection, ConnectionRequest, ExchangeFault, Interim, Protocol, WireRequest,
    WireResponse,
};
use sofetch_core::trace::{Event, WireEvent};
use sofetch_core::wire_faults::{NetworkFault, WireFault};

use crate::lock;
use crate::script::{Expectation, Part, Scripted};
use crate::scripted_network::{Fate, PoolKey, Sent, Shared, remote_address};

pub(crate) struct ScriptedConnection {
    pub(crate) network: Arc<Shared>,
    pub(crate) ask: ConnectionRequest,
    pub(crate) row: Scripted,
    pub(crate) pool_key: PoolKey,
    pub(crate) number: u64,
    pub(crate) reused: bool,
    pub(crate) timing_info: ConnectionTimingInfo,
}

impl Connection for ScriptedConnection {
    fn timing_info(&self) -> &ConnectionTimingInfo {
        &self.timing_info
    }

    fn protocol(&self) -> Protocol {
        self.row.protocol
    }

    fn reused(&self) -> bool {
        self.reused
    }

    fn exchange(
        mut self: Box<Self>,
        request: WireRequest,
    ) -> BoxFuture<'static, Result<WireResponse, ExchangeFault>> {
        self.meet(&request);
        let exchange = self.record(&request);
        Box::pin(exchange_by_script(*self, exchange, request))
    }
}

impl ScriptedConnection {
    /// Holds the request against its row.
    fn meet(&mut self, request: &WireRequest) {
        let state = &mut *lock(&self.network.state);
        if self.network.any_order && self.row.method != request.method {
            let fits = |row: &Scripted| row.method == request.method && row.url == self.row.url;
            if let Some(at) = state.script.iter().position(fits) {
                let other = state.take(at);
                state.script.push_front(std::mem::replace(&mut self.row, other));
                state.script[0].times = 1;
            }
        }
        let line = format!("{} {}", request.method, request.url);
        let same_url = self.row.url.href_without_fragment() == request.url.href_without_fragment();
        if self.row.method != request.method || !same_url {
            panic!("expected {}, got {line}. {}", self.row.line(), state.summary());
        }
        for expectation in &self.row.expects {
            if let Some(breach) = self.breach(expectation, request) {
                panic!("{line}: {breach}; headers: {:?}", request.header_list);
            }
        }
    }

    fn breach(&self, expectation: &Expectation, request: &WireRequest) -> Option<String> {
        let said = |name: &str| request.header_list.get(name).map(|value| value.escape_ascii().to_string());
        match expectation {
            Expectation::Header(name, value) => {
                let (expected, got) = (value.escape_ascii().to_string(), said(name));
                (got.as_ref() != Some(&expected)).then(|| format!("expected {name}: {expected}, got {got:?}"))
            }
            Expectation::NoHeader(name) => {
                said(name).map(|got| format!("expected no header {name}, got {got}"))
            }
            Expectation::Credentials(expected) => (self.ask.credentials != *expected)
                .then(|| format!("expected a connection with credentials: {expected}")),
            Expectation::NewConnection(expected) => (self.ask.new != *expected)
                .then(|| format!("expected a new connection asked for: {expected}")),
            // Held against the body once it was read.
            Expectation::Body(_) => None,
        }
    }

    fn record(&self, request: &WireRequest) -> Exchange {
        let mut state = lock(&self.network.state);
        state.sent.push(Sent {
            method: request.method.clone(),
            url: request.url.clone(),
            header_list: HeaderList::clone(&request.header_list),
            body: None,
            body_length: request.body.as_ref().and_then(|body| body.length),
            credentials: self.ask.credentials,
            key: self.ask.key.clone(),
            new_connection: self.ask.new,
            reused: self.reused,
            page: self.ask.page,
            connection: self.number,
            fate: Fate::Open,
        });
        Exchange { network: self.network.clone(), index: state.sent.len() - 1 }
    }
}

/// Writes down what becomes of an exchange, even if it is dropped.
struct Exchange {
    network: Arc<Shared>,
    index: usize,
}

impl Exchange {
    fn note(&self, note: impl FnOnce(&mut Sent)) {
        note(&mut lock(&self.network.state).sent[self.index]);
    }

    fn ends(&self, fate: Fate) {
        self.note(|sent| {
            if sent.fate == Fate::Open {
                sent.fate = fate;
            }
        });
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.ends(Fate::Dropped);
    }
}

async fn exchange_by_script(
    connection: ScriptedConnection,
    exchange: Exchange,
    mut request: WireRequest,
) -> Result<WireResponse, ExchangeFault> {
    let ScriptedConnection { network, row, pool_key, number, timing_info, .. } = connection;
    let protocol = row.protocol;
    request.trace.emit(|| {
        Event::Wire(WireEvent::Sent {
            method: request.method.clone(),
            url: request.url.clone(),
            header_list: HeaderList::clone(&request.header_list),
            protocol,
        })
    });
    if let Some(failed) = row.fault.clone().filter(|failed| failed.resend_is_safe) {
        exchange.ends(Fate::Failed);
        let (fault, unread_body) = (failed.fault, request.body.take());
        return Err(ExchangeFault { fault, resend_is_safe: true, unread_body });
    }
    // Kept to the end of the exchange where it is not read: its owner must not take it for canceled.
    let mut body = request.body.take();
    if let Some(body) = body.as_mut().filter(|_| row.reads_body)
        && let Err(fault) = read(body, &exchange).await
    {
        exchange.ends(Fate::Failed);
        return Err(ExchangeFault { fault, resend_is_safe: false, unread_body: None });
    }
    for expectation in &row.expects {
        if let Expectation::Body(expected) = expectation {
            let got = lock(&network.state).sent[exchange.index].body.clone().unwrap_or_default();
            assert!(got == *expected, "{}: expected the body {expected:?}, got {got:?}", row.line());
        }
    }
    network.wait(&row.before_head).await;
    for (status, header_list) in row.interims {
        request.trace.emit(|| Event::Wire(WireEvent::Interim { status, header_list: header_list.clone() }));
        if let Some(on_interim) = &mut request.on_interim {
            on_interim(Interim { status, header_list, started_at: network.clock.now() });
        }
    }
    if let Some(failed) = row.fault {
        exchange.ends(Fate::Failed);
        return Err(ExchangeFault { fault: failed.fault, resend_is_safe: false, unread_body: None });
    }
    let remote_address = Some(remote_address(&request.url));
    request.trace.emit(|| {
        Event::Wire(WireEvent::Head {
            status: row.status,
            status_message: row.status_message.clone(),
            header_list: row.header_list.clone(),
            protocol,
            remote_address,
        })
    });
    let started_at = network.clock.now();
    let back = (protocol == Protocol::Http1 && !row.closes).then_some((pool_key, number, timing_info));
    let has_body = request.method != Method::HEAD && !matches!(row.status, 100..=199 | 204 | 304);
    let mut stream = ScriptedBody { exchange, parts: row.body, waiting: None, back };
    if !has_body {
        stream.end(Fate::Finished);
    }
    Ok(WireResponse {
        status: row.status,
        status_message: row.status_message,
        header_list: row.header_list,
        body: has_body.then(|| Box::new(stream) as Box<dyn ByteStream>),
        started_at,
        remote_address,
        protocol,
        upgraded: None,
    })
}

async fn read(body: &mut Body, exchange: &Exchange) -> Result<(), NetworkFault> {
    let mut joined = Vec::new();
    while let Some(chunk) = body.chunk().await {
        let chunk = chunk.map_err(|error| WireFault::RequestBody { cause: error.cause })?;
        joined.extend_from_slice(&chunk);
        exchange.note(|sent| sent.body = Some(Bytes::copy_from_slice(&joined)));
    }
    exchange.note(|sent| sent.body = Some(joined.into()));
    Ok(())
}

struct ScriptedBody {
    exchange: Exchange,
    parts: VecDeque<Part>,
    waiting: Option<BoxFuture<'static, ()>>,
    /// Where the connection goes at the body's end.
    back: Option<(PoolKey, u64, ConnectionTimingInfo)>,
}

impl ScriptedBody {
    fn end(&mut self, fate: Fate) {
        self.exchange.ends(fate);
        if let (Fate::Finished, Some((pool_key, number, timing_info))) = (fate, self.back.take()) {
            let mut state = lock(&self.exchange.network.state);
            state.idle.entry(pool_key).or_default().push((number, timing_info));
        }
    }
}

impl ByteStream for ScriptedBody {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            if let Some(waiting) = &mut self.waiting {
                match waiting.as_mut().poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(()) => self.waiting = None,
                }
            }
            match self.parts.pop_front() {
                Some(Part::Chunk(chunk)) => return Poll::Ready(Some(Ok(chunk))),
                Some(Part::Wait(wait)) => {
                    let network = self.exchange.network.clone();
                    self.waiting = Some(Box::pin(async move { network.wait(&[wait]).await }));
                }
                Some(Part::Fault(fault)) => {
                    self.end(Fate::Failed);
                    return Poll::Ready(Some(Err(match fault {
                        NetworkFault::Wire(fault) => BodyError::new(fault),
                        NetworkFault::Peer(fault) => BodyError::new(fault),
                    })));
                }
                None => {
                    self.end(Fate::Finished);
                    return Poll::Ready(None);
                }
            }
        }
    }
}
