//! The Network port from a script: rows of [`Scripted`], taken in order, and a record of all that was sent.
//!
//! Connections are kept as the Standard keys them (partition, origin, credentials), so that a story shows whether one
//! was used again. What departs from the script is a panic with both sides' words. A row is taken when its connection
//! is asked for, and is gone even if the caller then drops it.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use sofetch_core::infrastructure::clients::NetworkPartitionKey;
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::timing::ConnectionTimingInfo;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::ports::{Answer, Clock, Connection, ConnectionRequest, Network, Protocol, Timers};
use sofetch_core::trace::{Event, WireEvent};
use sofetch_core::wire_faults::NetworkFault;

use crate::clock::VirtualClock;
use crate::lock;
use crate::script::{Scripted, Wait};
use crate::scripted_exchange::ScriptedConnection;

/// A network that does what its script says. Its clones are the same network.
#[derive(Clone)]
pub struct ScriptedNetwork(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) clock: VirtualClock,
    pub(crate) any_order: bool,
    pub(crate) state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) script: VecDeque<Scripted>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) idle: HashMap<PoolKey, Vec<(u64, ConnectionTimingInfo)>>,
    connections: u64,
}

/// Partition, origin, credentials.
pub(crate) type PoolKey = (Option<NetworkPartitionKey>, String, bool);

/// A request that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its method.
    pub method: Method,
    /// Its URL.
    pub url: Url,
    /// Its headers, in the order in which they were handed over.
    pub header_list: HeaderList,
    /// Its body as far as it was read; `None` where there was none.
    pub body: Option<Bytes>,
    /// The length that the body announced.
    pub body_length: Option<u64>,
    /// Was a connection with credentials asked for?
    pub credentials: bool,
    /// The network partition key of the connection.
    pub key: Option<NetworkPartitionKey>,
    /// Was a new connection asked for?
    pub new_connection: bool,
    /// Had the connection carried a request before?
    pub reused: bool,
    /// Was it a page's fetch?
    pub page: bool,
    /// Which connection, from 1.
    pub connection: u64,
    /// What became of the exchange.
    pub fate: Fate,
}

impl Sent {
    /// The values of that request header joined by `, `, as text.
    pub fn header(&self, name: &str) -> Option<String> {
        self.header_list.get(name).map(|value| value.iter().map(|&byte| byte as char).collect())
    }

    /// Method and URL.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.url)
    }
}

/// What became of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on.
    Open,
    /// The response was read to its end.
    Finished,
    /// It failed, as the script wanted.
    Failed,
    /// The caller dropped it.
    Dropped,
}

impl ScriptedNetwork {
    /// A network of these rows, to be met in this order, by a clock of its own.
    pub fn new(script: impl IntoIterator<Item = Scripted>) -> ScriptedNetwork {
        ScriptedNetwork::by(&VirtualClock::new(), script)
    }

    /// The same by the test's clock, which its delays need.
    pub fn by(clock: &VirtualClock, script: impl IntoIterator<Item = Scripted>) -> ScriptedNetwork {
        ScriptedNetwork::with(clock, false, script)
    }

    /// Rows that may be met in any order: for fetches side by side.
    pub fn in_any_order(clock: &VirtualClock, script: impl IntoIterator<Item = Scripted>) -> ScriptedNetwork {
        ScriptedNetwork::with(clock, true, script)
    }

    fn with(
        clock: &VirtualClock,
        any_order: bool,
        script: impl IntoIterator<Item = Scripted>,
    ) -> ScriptedNetwork {
        let state = State { script: script.into_iter().collect(), ..State::default() };
        ScriptedNetwork(Arc::new(Shared { clock: clock.clone(), any_order, state: Mutex::new(state) }))
    }

    /// Adds a row at the script's end.
    pub fn push(&self, row: Scripted) {
        lock(&self.0.state).script.push_back(row);
    }

    /// All that was sent, in order.
    pub fn sent(&self) -> Vec<Sent> {
        lock(&self.0.state).sent.clone()
    }

    /// The same as methods and URLs.
    pub fn lines(&self) -> Vec<String> {
        self.sent().iter().map(Sent::line).collect()
    }

    /// # Panics
    /// When a row of the script was not met.
    pub fn assert_done(&self) {
        let left: Vec<String> = lock(&self.0.state).script.iter().map(Scripted::line).collect();
        assert!(left.is_empty(), "the script has rows left: {left:?}; sent: {:?}", self.lines());
    }
}

impl fmt::Debug for ScriptedNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScriptedNetwork(sent {:?})", self.lines())
    }
}

impl Network for ScriptedNetwork {
    fn obtain_a_connection(
        &self,
        ask: ConnectionRequest,
    ) -> Answer<'_, Result<Box<dyn Connection>, NetworkFault>> {
        let row = self.0.take_row(&ask.url);
        if row.before_connection.is_empty() {
            return Answer::ready(self.0.connect(ask, row));
        }
        Answer::later(async move {
            self.0.wait(&row.before_connection).await;
            self.0.connect(ask, row)
        })
    }
}

impl Shared {
    fn take_row(&self, url: &Url) -> Scripted {
        let mut state = lock(&self.state);
        let is_for = |row: &Scripted| row.url.href_without_fragment() == url.href_without_fragment();
        let at = if self.any_order {
            state.script.iter().position(is_for)
        } else {
            state.script.front().filter(|row| is_for(row)).map(|_| 0)
        };
        match at {
            Some(at) => state.take(at),
            None => panic!("a connection for {url} is not in the script. {}", state.summary()),
        }
    }

    fn connect(
        self: &Arc<Self>,
        ask: ConnectionRequest,
        row: Scripted,
    ) -> Result<Box<dyn Connection>, NetworkFault> {
        if let Some(fault) = row.connect_fault {
            return Err(fault);
        }
        let origin = format!("{}://{}", ask.url.scheme(), ask.url.host_and_port());
        let pool_key = (ask.key.clone(), origin, ask.credentials);
        let address = remote_address(&ask.url);
        let mut state = lock(&self.state);
        let idle = if ask.new {
            None
        } else {
            state.idle.get_mut(&pool_key).and_then(|connections| connections.pop())
        };
        let pooled = idle.is_some();
        let (number, timing_info) = idle.unwrap_or_else(|| {
            state.connections += 1;
            (state.connections, self.timing_info(&ask.url, row.protocol))
        });
        if row.protocol == Protocol::Http2 {
            // Many requests share it: it is never taken out.
            state.idle.entry(pool_key.clone()).or_default().push((number, timing_info.clone()));
        }
        drop(state);
        let reused = row.reused.unwrap_or(pooled);
        ask.trace.emit(|| {
            Event::Wire(match reused {
                true => WireEvent::Reused { protocol: row.protocol },
                false => WireEvent::Connected { address },
            })
        });
        Ok(Box::new(ScriptedConnection {
            network: self.clone(),
            ask,
            row,
            pool_key,
            number,
            reused,
            timing_info,
        }))
    }

    fn timing_info(&self, url: &Url, protocol: Protocol) -> ConnectionTimingInfo {
        let now = self.clock.now();
        let alpn: &'static [u8] = match protocol {
            Protocol::Http1 => b"http/1.1",
            Protocol::Http2 => b"h2",
        };
        ConnectionTimingInfo {
            domain_lookup_start_time: now,
            domain_lookup_end_time: now,
            connection_start_time: now,
            connection_end_time: now,
            secure_connection_start_time: if url.scheme() == "https" { now } else { Default::default() },
            alpn_negotiated_protocol: Bytes::from_static(alpn),
        }
    }

    pub(crate) async fn wait(&self, waits: &[Wait]) {
        for wait in waits {
            match wait {
                Wait::For(duration) => self.clock.sleep(*duration).await,
                Wait::Gate(gate) => gate.passed().await,
                Wait::Ever => std::future::pending().await,
            }
        }
    }
}

impl State {
    /// A row, once the less.
    pub(crate) fn take(&mut self, at: usize) -> Scripted {
        let row = &mut self.script[at];
        if row.times > 1 {
            row.times -= 1;
            return row.clone();
        }
        self.script.remove(at).expect("`at` is a position of the script")
    }

    /// Where script and network stand.
    pub(crate) fn summary(&self) -> String {
        let next: Vec<String> = self.script.iter().take(3).map(Scripted::line).collect();
        let sent: Vec<String> = self.sent.iter().map(Sent::line).collect();
        format!("Next in the script: {next:?}; sent so far: {sent:?}")
    }
}

/// A documentation address ([RFC 5737](https://www.rfc-editor.org/rfc/rfc5737)) at the URL's port.
pub(crate) fn remote_address(url: &Url) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), url.port_or_default().unwrap_or(0)))
}
