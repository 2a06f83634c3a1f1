//! The Network port of sofetch over tokio, hyper and rustls: [connections](https://fetch.spec.whatwg.org/#connections).
//!
//! - `resolve_an_origin`: names to addresses; `address_guard`: which of them may be connected to
//! - `obtain_a_connection`, `pool`: one of the pool's, or a new one; who waits, and who is served
//! - `create_a_connection`, `happy_eyeballs`, `proxy`, `no_proxy`, `tunnel`, `tls`, `socket`: how a new one is made
//! - `transport`: the seam in front of HTTP/1.1, and what the codec behind it (`hyper_transport`) cannot carry
//! - `exchange_http1`, `http2_connection`, `http2_driver`, `exchange_http2`, `upload`: one request over one connection
//! - `web_socket_turns`, `obtain_a_web_socket_connection`: who opens one next, and over which HTTP; `web_socket`, `http2_tunnel`: what is
//!   spoken on a connection whose server switched to it, or on a stream of one
//! - `runtime`: the one IO runtime that all sockets of a network belong to, and its time-outs
//! - `errors`: what the libraries say, as the faults of the house; `config`: what an owner may set; `clocks`: ports
//!
//! Decides nothing of Fetch: it is told what to send, and tells what came.

mod address_guard;
mod clocks;
mod config;
mod create_a_connection;
mod errors;
mod exchange_http1;
mod exchange_http2;
mod happy_eyeballs;
mod http2_connection;
mod http2_driver;
mod http2_tunnel;
mod hyper_transport;
mod no_proxy;
mod obtain_a_connection;
mod obtain_a_web_socket_connection;
mod pool;
mod proxy;
mod resolve_an_origin;
mod response_heads;
mod runtime;
mod socket;
mod tls;
mod transport;
mod tunnel;
mod unix_socket;
mod upload;
mod web_socket;
mod web_socket_turns;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, Weak};
use std::time::Duration;

use tokio::runtime::Handle;

use sofetch_core::ports::{Answer, Clock, Connection, ConnectionRequest, Network};
use sofetch_core::wire_faults::{NetworkFault, WireFault};

pub use crate::address_guard::special_purpose_block;
pub use crate::clocks::{RandomUnavailable, SystemClock, SystemRandom};
pub use crate::config::{
    AddressPolicy, ClientIdentity, ConfigError, ConnectTo, HttpVersions, Limits, NetworkConfig, PoolConfig,
    ResolveOverride, Roots, TimeOuts, TlsConfig,
};
pub use crate::no_proxy::NoProxy;
pub use crate::proxy::{Proxy, ProxyRules};
pub use crate::resolve_an_origin::{Resolve, SystemResolver};
pub use crate::runtime::{TokioTasks, TokioTimers};

use crate::create_a_connection::{Destination, Settings};
use crate::obtain_a_web_socket_connection::WithoutWebSockets;
use crate::pool::{Group, Keeper};
use crate::runtime::IoRuntime;
use crate::tls::Tls;
use crate::web_socket_turns::Turns;

/// The [`Network`] port over tokio. All its sockets belong to one runtime: the handle it is given, else that in which
/// its first connection is asked for. Once that runtime is gone it answers [`WireFault::RuntimeGone`].
///
/// The fetches themselves may be polled anywhere; but a runtime that nobody drives connects to nobody.
pub struct TokioNetwork {
    inner: Arc<Inner>,
}

struct Inner {
    settings: RwLock<Arc<Settings>>,
    clock: Arc<dyn Clock>,
    runtime: OnceLock<Arc<IoRuntime>>,
    /// By host and port as the URL has them; the rest of the key is compared.
    groups: Mutex<HashMap<Box<str>, Vec<Arc<Group>>>>,
    letting_go: AtomicBool,
    turns: Turns,
    without_web_sockets: WithoutWebSockets,
}

impl TokioNetwork {
    /// A network so configured. Opens nothing and reads nothing yet, but what is malformed is told.
    pub fn new(config: NetworkConfig, clock: Arc<dyn Clock>) -> Result<TokioNetwork, ConfigError> {
        let inner = Inner {
            settings: RwLock::new(settings(config)?),
            clock,
            runtime: OnceLock::new(),
            groups: Mutex::default(),
            letting_go: AtomicBool::new(false),
            turns: Turns::default(),
            without_web_sockets: WithoutWebSockets::default(),
        };
        Ok(TokioNetwork { inner: Arc::new(inner) })
    }

    /// Gives all sockets to this runtime, whose IO and time drivers must be enabled. Without effect once it has one.
    #[must_use]
    pub fn with_handle(self, handle: Handle) -> TokioNetwork {
        self.inner.runtime.get_or_init(|| IoRuntime::new(handle));
        self
    }

    /// Changes the configuration. Connections made under another are never used again; exchanges under way end in peace.
    pub fn reconfigure(&self, config: NetworkConfig) -> Result<(), ConfigError> {
        let settings = settings(config)?;
        *self.inner.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
        self.inner.without_web_sockets.forget();
        self.close_idle_connections();
        Ok(())
    }

    /// Lets go of every connection that nobody uses.
    pub fn close_idle_connections(&self) {
        let groups = std::mem::take(&mut *self.inner.groups());
        groups.values().flatten().for_each(|group| group.close());
    }
}

impl fmt::Debug for TokioNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioNetwork").field("config", &self.inner.settings().config).finish_non_exhaustive()
    }
}

impl Drop for TokioNetwork {
    fn drop(&mut self) {
        self.close_idle_connections();
    }
}

impl Network for TokioNetwork {
    fn obtain_a_connection(
        &self,
        ask: ConnectionRequest,
    ) -> Answer<'_, Result<Box<dyn Connection>, NetworkFault>> {
        match self.inner.group(&ask) {
            Ok(own) if ask.web_socket => {
                let inner = &self.inner;
                match inner.shared_group(&ask) {
                    Ok(shared) => {
                        Answer::later(inner.turns.obtain(shared, own, &inner.without_web_sockets, ask))
                    }
                    Err(fault) => Answer::ready(Err(fault.into())),
                }
            }
            Ok(group) => obtain_a_connection::obtain_a_connection(group, &ask),
            Err(fault) => Answer::ready(Err(fault.into())),
        }
    }
}

fn settings(config: NetworkConfig) -> Result<Arc<Settings>, ConfigError> {
    config.check()?;
    let tls = Tls::new(&config.tls, config.versions)?;
    Ok(Arc::new(Settings { config, tls }))
}

impl Inner {
    fn runtime(&self) -> Result<&Arc<IoRuntime>, WireFault> {
        if self.runtime.get().is_none() {
            let handle = Handle::try_current().map_err(|_| WireFault::RuntimeGone)?;
            self.runtime.get_or_init(|| IoRuntime::new(handle));
        }
        self.runtime.get().filter(|runtime| !runtime.is_gone()).ok_or(WireFault::RuntimeGone)
    }

    fn settings(&self) -> Arc<Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn groups(&self) -> std::sync::MutexGuard<'_, HashMap<Box<str>, Vec<Arc<Group>>>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The group of connections that a request may use.
    fn group(self: &Arc<Self>, ask: &ConnectionRequest) -> Result<Arc<Group>, WireFault> {
        let runtime = self.runtime()?;
        let settings = self.settings();
        let direct = settings.config.unix_socket.is_some();
        let proxy = settings.config.proxy.for_url(&ask.url).filter(|_| !direct);
        let secure = ask.url.scheme() == "https";
        let destination = || Destination {
            key: ask.key.clone(),
            secure,
            host: ask.url.hostname().to_owned(),
            port: ask.url.port_or_default().unwrap_or(if secure { 443 } else { 80 }),
            credentials: ask.credentials,
            web_socket: ask.web_socket,
            proxy: proxy.cloned(),
            settings: settings.clone(),
        };
        let new_group = || {
            let keeper: Weak<dyn Keeper> = Arc::downgrade(&(self.clone() as Arc<dyn Keeper>));
            Arc::new(Group::new(destination(), runtime.clone(), self.clock.clone(), keeper))
        };
        // Nobody shares a connection that is a WebSocket's own, and it takes no place among those that are shared.
        if ask.web_socket {
            return Ok(new_group());
        }
        let mut groups = self.groups();
        let of_host = groups.get(ask.url.host_and_port()).and_then(|groups| {
            groups.iter().find(|group| {
                let to = &group.destination;
                to.secure == secure
                    && to.credentials == ask.credentials
                    && to.key == ask.key
                    && to.proxy.as_ref() == proxy
                    && Arc::ptr_eq(&to.settings, &settings)
            })
        });
        if let Some(group) = of_host {
            return Ok(group.clone());
        }
        let group = new_group();
        groups.entry(ask.url.host_and_port().into()).or_default().push(group.clone());
        Ok(group)
    }

    /// The group of connections that fetches would use, for a WebSocket which may have a stream of one.
    fn shared_group(self: &Arc<Self>, ask: &ConnectionRequest) -> Result<Option<Arc<Group>>, WireFault> {
        // NB: without TLS HTTP/2 is spoken on the owner's word alone, and to a proxy where there is one.
        if ask.url.scheme() != "https" {
            return Ok(None);
        }
        let group = self.group(&ConnectionRequest { web_socket: false, ..ask.clone() })?;
        Ok(Some(group).filter(|group| group.destination.may_speak_http2()))
    }

    /// Lets go of what idled for too long, and of groups that have nothing. Is there anything left?
    fn let_go(&self) -> bool {
        let mut groups = self.groups();
        groups.retain(|_, of_host| {
            // NB: a group that somebody else holds is about to be used.
            of_host.retain(|group| !(group.let_go() && Arc::strong_count(group) == 1));
            !of_host.is_empty()
        });
        !groups.is_empty()
    }
}

impl Keeper for Inner {
    /// A task that looks again once in a while, as long as there is anything to look at.
    fn something_idles(self: Arc<Self>) {
        let Some(runtime) = self.runtime.get() else { return };
        if self.letting_go.swap(true, Ordering::AcqRel) {
            return;
        }
        let weak = Arc::downgrade(&self);
        runtime.spawn(async move {
            loop {
                let Some(inner) = weak.upgrade() else { return };
                let pause = inner.settings().config.pool.idle_time_out.max(Duration::from_secs(1));
                drop(inner);
                tokio::time::sleep(pause).await;
                let Some(inner) = weak.upgrade() else { return };
                if !inner.let_go() {
                    inner.letting_go.store(false, Ordering::Release);
                    return;
                }
            }
        });
    }
}
