//! [`UserAgent`]: joins the engine, the network and the stores; everything that the Standard calls the user agent's lives here.
//!
//! Long by its builder, which has a method for each thing that people set; what an agent *does* is the first half:
//! it makes the engine at its first fetch, when it is known on which runtime.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use sofetch_core::infrastructure::clients::Client;
use sofetch_core::ports::{
    AuthenticationEntries, BlobUrls, CookieStore, Files, HstsStore, HttpCache, Network, OverrideFetch,
    PreflightCache, Prompt, Report, Reports, ServiceWorkers, Timers,
};
use sofetch_core::trace::Observer;
use sofetch_fetching::user_agent::{Settings, UserAgent as EngineAgent};
use sofetch_net::{
    AddressPolicy, ClientIdentity, ConnectTo, NetworkConfig, ResolveOverride, SystemClock, SystemRandom,
    TokioNetwork, TokioTasks, TokioTimers,
};
use sofetch_store::memory::{MemoryAuthenticationEntries, MemoryHsts, MemoryPreflightCache};
use tokio::runtime::Handle;

use crate::error::{Error, Misuse};
use crate::fetch::fetch_for;
use crate::fetch_later::UnderWay;
use crate::page::{Page, PageBuilder};
use crate::request::Request;
use crate::response::Response;
use crate::retry::{Budget, Retry};
use crate::send_policy::{Guarded, SendPolicy};
use crate::web_socket::WebSocket;

/// A user agent: its connections, its caches, its settings. Clones are the same agent; two agents never meet.
#[derive(Clone)]
pub struct UserAgent(Arc<Shared>);

struct Shared {
    builder: UserAgentBuilder,
    retry_budget: Budget,
    next_client: AtomicU64,
    engine: OnceLock<Engine>,
    random: SystemRandom,
}

static SHARED: OnceLock<UserAgent> = OnceLock::new();

/// What is made at the first fetch, when it is known on which runtime.
pub(crate) struct Engine {
    pub(crate) user_agent: Arc<EngineAgent>,
    pub(crate) timers: Arc<dyn Timers>,
    pub(crate) timeout: Option<Duration>,
    /// Of its clock.
    pub(crate) time_origin: Instant,
    runtime: Option<OwnRuntime>,
}

impl UserAgent {
    /// A builder with the defaults.
    pub fn builder() -> UserAgentBuilder {
        UserAgentBuilder::default()
    }

    /// The agent behind [`sofetch::fetch`](crate::fetch()): made at its first use, with a small runtime on a thread of
    /// its own, for the life of the process.
    pub fn shared() -> &'static UserAgent {
        SHARED.get_or_init(|| {
            let builder = UserAgentBuilder { own_runtime: true, ..UserAgentBuilder::default() };
            builder.build().expect("the defaults are settings that every build can use")
        })
    }

    /// Fetches on your own behalf: no origin asks, nothing is hidden.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind).
    pub async fn fetch(&self, input: impl Into<Request>) -> Result<Response, Error> {
        fetch_for(self.clone(), None, input.into()).await
    }

    /// Opens a WebSocket on your own behalf: a `ws:` or `wss:` URL, or a [`Request`] for one with headers of its own; and the
    /// subprotocols of which the server is to take one, if any.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind); [`Error::reason`] says what was refused, and why.
    pub async fn web_socket(
        &self,
        input: impl Into<Request>,
        protocols: &[&str],
    ) -> Result<WebSocket, Error> {
        WebSocket::open(self.clone(), None, input.into(), protocols).await
    }

    /// A page of this URL: its origin, its base URL, no policies.
    ///
    /// # Errors
    /// A URL that does not parse.
    pub fn page(&self, url: &str) -> Result<Page, Error> {
        self.page_builder(url).build()
    }

    /// A builder of a page with policies.
    pub fn page_builder(&self, url: &str) -> PageBuilder {
        PageBuilder::new(self.clone(), url)
    }

    /// An agent of the same settings over another network, that remembers nothing of this one's.
    pub(crate) fn over(&self, network: Arc<dyn Network>) -> Result<UserAgent, Error> {
        let builder = &self.0.builder;
        UserAgentBuilder {
            network: Some(network),
            settings: builder.settings.clone(),
            handle: builder.handle.clone(),
            own_runtime: builder.own_runtime,
            ..UserAgentBuilder::default()
        }
        .build()
    }

    /// What it was told at its making.
    pub fn settings(&self) -> &Settings {
        &self.0.builder.settings
    }

    pub(crate) fn engine(&self) -> Result<&Engine, Error> {
        if let Some(engine) = self.0.engine.get() {
            return Ok(engine);
        }
        let engine = self.make_engine()?;
        Ok(self.0.engine.get_or_init(|| engine))
    }

    fn make_engine(&self) -> Result<Engine, Error> {
        let builder = &self.0.builder;
        let current = builder.handle.clone().or_else(|| Handle::try_current().ok());
        let (handle, runtime) = match current {
            Some(handle) if !builder.own_runtime => (handle, None),
            _ => {
                let runtime = OwnRuntime::start()
                    .map_err(|error| Error::misuse(Misuse::NoRuntime).with_source(error))?;
                (runtime.handle.clone(), Some(runtime))
            }
        };
        let clock = Arc::new(SystemClock::new());
        let time_origin = clock.origin();
        let network: Arc<dyn Network> = match &builder.network {
            Some(network) => network.clone(),
            None => {
                let network = TokioNetwork::new(builder.network_config.clone(), clock.clone())
                    .map_err(|error| Error::misuse(Misuse::Settings).with_source(error))?;
                Arc::new(network.with_handle(handle.clone()))
            }
        };
        let network = match &builder.send_policy {
            Some(policy) => Arc::new(Guarded { network, policy: policy.clone() }),
            None => network,
        };
        let preflight_cache = match &builder.preflight_cache {
            Some(cache) => cache.clone(),
            None => Arc::new(MemoryPreflightCache::default()),
        };
        let tasks = Arc::new(TokioTasks::new(handle.clone()));
        let random = Arc::new(self.0.random.clone());
        let mut user_agent = EngineAgent::new(network, preflight_cache, clock, tasks, random);
        user_agent.http_cache = builder.http_cache.clone();
        user_agent.cookies = builder.cookies.clone();
        // RFC 6797, 8.1: a host is noted over connections without errors; where every certificate is believed, none is.
        let believed = builder.network_config.tls.danger_accept_invalid_certs;
        user_agent.hsts = if believed { None } else { builder.hsts.clone() };
        user_agent.authentication_entries = builder.authentication_entries.clone();
        user_agent.service_workers = builder.service_workers.clone();
        user_agent.blob_urls = builder.blob_urls.clone();
        user_agent.files = builder.files.clone();
        user_agent.override_fetch = builder.override_fetch.clone();
        user_agent.reports = builder.reports.clone();
        user_agent.prompt = builder.prompt.clone();
        user_agent.settings = builder.settings.clone();
        let timers = Arc::new(TokioTimers::new(handle));
        user_agent.timers = Some(timers.clone());
        Ok(Engine {
            user_agent: Arc::new(user_agent),
            timers,
            timeout: builder.timeout,
            time_origin,
            runtime,
        })
    }

    /// Would a body that is still read die with the agent, along with the agent's own runtime?
    pub(crate) fn must_outlive_its_bodies(&self) -> bool {
        let own_runtime = self.0.engine.get().is_some_and(|engine| engine.runtime.is_some());
        own_runtime && !SHARED.get().is_some_and(|shared| Arc::ptr_eq(&shared.0, &self.0))
    }

    pub(crate) fn observer(&self) -> Option<Arc<dyn Observer>> {
        self.0.builder.observer.clone()
    }

    pub(crate) fn retry(&self) -> Option<&Retry> {
        self.0.builder.retry.as_ref()
    }

    pub(crate) fn retry_budget(&self) -> &Budget {
        &self.0.retry_budget
    }

    pub(crate) fn has_prompt(&self) -> bool {
        self.0.builder.prompt.is_some()
    }

    pub(crate) fn next_client_id(&self) -> String {
        format!("client-{}", self.0.next_client.fetch_add(1, Ordering::Relaxed))
    }

    /// The client is no more. What it fetches goes on; what it deferred is sent.
    pub(crate) fn forget(&self, client_id: &str) -> UnderWay {
        let Some(engine) = self.0.engine.get() else { return UnderWay::default() };
        UnderWay::of(self, engine, engine.user_agent.forget_fetch_group(client_id))
    }

    pub(crate) fn terminate(&self, client_id: &str) -> UnderWay {
        let Some(engine) = self.0.engine.get() else { return UnderWay::default() };
        UnderWay::of(self, engine, engine.user_agent.terminate_fetch_group(client_id))
    }
}

impl fmt::Debug for UserAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UserAgent").field(&self.0.builder).finish()
    }
}

/// Settings of a [`UserAgent`]. The table of defaults stands on the crate's front page.
#[derive(Clone)]
#[must_use = "a builder does nothing until it builds"]
pub struct UserAgentBuilder {
    handle: Option<Handle>,
    own_runtime: bool,
    network: Option<Arc<dyn Network>>,
    send_policy: Option<Arc<dyn SendPolicy>>,
    network_config: NetworkConfig,
    preflight_cache: Option<Arc<dyn PreflightCache>>,
    http_cache: Option<Arc<dyn HttpCache>>,
    cookies: Option<Arc<dyn CookieStore>>,
    hsts: Option<Arc<dyn HstsStore>>,
    authentication_entries: Option<Arc<dyn AuthenticationEntries>>,
    service_workers: Option<Arc<dyn ServiceWorkers>>,
    blob_urls: Option<Arc<dyn BlobUrls>>,
    files: Option<Arc<dyn Files>>,
    override_fetch: Option<Arc<dyn OverrideFetch>>,
    reports: Option<Arc<dyn Reports>>,
    prompt: Option<Arc<dyn Prompt>>,
    observer: Option<Arc<dyn Observer>>,
    settings: Settings,
    timeout: Option<Duration>,
    retry: Option<Retry>,
}

impl Default for UserAgentBuilder {
    fn default() -> Self {
        let settings = Settings {
            user_agent: Some(Bytes::from_static(concat!("sofetch/", env!("CARGO_PKG_VERSION")).as_bytes())),
            ..Settings::default()
        };
        UserAgentBuilder {
            handle: None,
            own_runtime: false,
            network: None,
            send_policy: None,
            network_config: NetworkConfig::default(),
            preflight_cache: None,
            http_cache: None,
            cookies: None,
            hsts: Some(Arc::new(MemoryHsts::default())),
            authentication_entries: Some(Arc::new(MemoryAuthenticationEntries::default())),
            service_workers: None,
            blob_urls: None,
            files: None,
            override_fetch: None,
            reports: None,
            prompt: None,
            observer: None,
            settings,
            timeout: None,
            retry: None,
        }
    }
}

impl UserAgentBuilder {
    /// The agent.
    ///
    /// # Errors
    /// A setting that cannot be used: broken PEM, no cryptography, a proxy's URL.
    pub fn build(self) -> Result<UserAgent, Error> {
        let unusable = |error| Error::misuse(Misuse::Settings).with_source(error);
        let random = SystemRandom::new().map_err(unusable)?;
        if self.network.is_none() {
            // What is wrong with the settings is said now, not at the first fetch.
            TokioNetwork::new(self.network_config.clone(), Arc::new(SystemClock::new())).map_err(unusable)?;
        }
        Ok(UserAgent(Arc::new(Shared {
            builder: self,
            retry_budget: Budget::new(),
            next_client: AtomicU64::new(1),
            engine: OnceLock::new(),
            random,
        })))
    }

    /// The tokio runtime that every socket belongs to; it needs its IO and time drivers.
    pub fn handle(mut self, handle: Handle) -> Self {
        self.handle = Some(handle);
        self
    }

    /// A small runtime on a thread of the agent's own, wherever it fetches from.
    pub fn own_runtime(mut self) -> Self {
        self.own_runtime = true;
        self
    }

    /// Another network altogether: a scripted or recorded one, a tunnel of one's own.
    pub fn network(mut self, network: Arc<dyn Network>) -> Self {
        self.network = Some(network);
        self
    }

    /// Asked before each request goes on the wire.
    pub fn send_policy(mut self, policy: Arc<dyn SendPolicy>) -> Self {
        self.send_policy = Some(policy);
        self
    }

    /// Changes anything about the network.
    pub fn network_config(mut self, change: impl FnOnce(&mut NetworkConfig)) -> Self {
        change(&mut self.network_config);
        self
    }

    /// An address that stands for a host and port, asked before any resolver.
    pub fn resolve(mut self, host: &str, port: u16, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        let addresses = addresses.into_iter().collect();
        let entry = ResolveOverride { host: host.to_owned(), port: Some(port), addresses };
        self.network_config.resolve_overrides.push(entry);
        self
    }

    /// A place that is connected to in place of a host and port; the URL, `Host` and the certificate's name stay.
    pub fn connect_to(mut self, host: &str, port: u16, place: SocketAddr) -> Self {
        self.network_config.connect_to.push(ConnectTo {
            host: Some(host.to_owned()),
            port: Some(port),
            to_host: Some(place.ip().to_string()),
            to_port: Some(place.port()),
        });
        self
    }

    /// A Unix domain socket that is connected to in place of every host and port; the URL, `Host` and the certificate's
    /// name stay. It contradicts [`UserAgentBuilder::public_only`]: such an agent is not built.
    #[cfg(unix)]
    pub fn unix_socket(mut self, path: impl Into<std::path::PathBuf>) -> Self {
        self.network_config.unix_socket = Some(path.into());
        self
    }

    /// PEM certificates that are believed besides the platform's.
    pub fn add_root_certificates_pem(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.network_config.tls.extra_ca_pem.extend_from_slice(pem.as_ref());
        self.network_config.tls.extra_ca_pem.push(b'\n');
        self
    }

    /// A client certificate (with its chain) and its key, PEM. Shown only where credentials are included.
    pub fn client_identity_pem(mut self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        let identity = ClientIdentity { certificate_pem: certificate.into(), key_pem: key.into() };
        self.network_config.tls.client_identity = Some(identity);
        self
    }

    /// Believes every certificate: what is read may then come from anybody.
    pub fn danger_accept_invalid_certs(mut self, accept: bool) -> Self {
        self.network_config.tls.danger_accept_invalid_certs = accept;
        self
    }

    /// Connects to global unicast addresses only: the guard against requests forged towards one's own network. Judged on
    /// the address connected, at every hop, proxies too; `data:` and `blob:` never leave the process and stay allowed.
    pub fn public_only(mut self, public_only: bool) -> Self {
        self.network_config.addresses =
            if public_only { AddressPolicy::PublicOnly } else { AddressPolicy::Any };
        self
    }

    /// A limit on each fetch as a whole, its body included.
    pub fn timeout(mut self, after: Duration) -> Self {
        self.timeout = Some(after);
        self
    }

    /// A limit on connecting (name, transport, proxy and TLS, each).
    pub fn connect_timeout(mut self, after: Duration) -> Self {
        let time_outs = &mut self.network_config.time_outs;
        (time_outs.resolve, time_outs.connect) = (Some(after), Some(after));
        (time_outs.proxy, time_outs.tls) = (Some(after), Some(after));
        self
    }

    /// A limit on waiting for a response's head.
    pub fn head_timeout(mut self, after: Duration) -> Self {
        self.network_config.time_outs.head = Some(after);
        self
    }

    /// A limit on waiting for more of a body that is being read.
    pub fn body_idle_timeout(mut self, after: Duration) -> Self {
        self.network_config.time_outs.body = Some(after);
        self
    }

    /// The `User-Agent` of requests that have none; `None` sends none.
    pub fn user_agent(mut self, value: Option<&str>) -> Self {
        self.settings.user_agent = value.map(|value| Bytes::copy_from_slice(value.as_bytes()));
        self
    }

    /// The `Accept-Language` of requests that have none; `None` sends none.
    pub fn accept_language(mut self, value: Option<&str>) -> Self {
        self.settings.accept_language = value.map(|value| Bytes::copy_from_slice(value.as_bytes()));
        self
    }

    /// A limit on every response's decoded body, in bytes: one byte more is an error.
    pub fn max_body_size(mut self, limit: u64) -> Self {
        self.settings.max_body_size = Some(limit);
        self
    }

    /// Header names (an API key's) that no redirect carries to another origin.
    pub fn sensitive_headers<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.settings.sensitive_headers =
            names.into_iter().map(|name| name.into().to_ascii_lowercase()).collect::<Vec<_>>().into();
        self
    }

    /// Changes what the Standard leaves to the user agent.
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Tries again after failures that may pass.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Told of every event of every fetch.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// A preflight cache in place of the one in memory.
    pub fn preflight_cache(mut self, cache: Arc<dyn PreflightCache>) -> Self {
        self.preflight_cache = Some(cache);
        self
    }

    /// An HTTP cache.
    pub fn http_cache(mut self, cache: Arc<dyn HttpCache>) -> Self {
        self.http_cache = Some(cache);
        self
    }

    /// A cookie store.
    pub fn cookies(mut self, store: Arc<dyn CookieStore>) -> Self {
        self.cookies = Some(store);
        self
    }

    /// Another store of known HSTS hosts; `None` upgrades nothing.
    pub fn hsts(mut self, store: Option<Arc<dyn HstsStore>>) -> Self {
        self.hsts = store;
        self
    }

    /// Another store of authentication entries; `None` remembers none.
    pub fn authentication_entries(mut self, entries: Option<Arc<dyn AuthenticationEntries>>) -> Self {
        self.authentication_entries = entries;
        self
    }

    /// Service workers.
    pub fn service_workers(mut self, workers: Arc<dyn ServiceWorkers>) -> Self {
        self.service_workers = Some(workers);
        self
    }

    /// A blob URL store.
    pub fn blob_urls(mut self, store: Arc<dyn BlobUrls>) -> Self {
        self.blob_urls = Some(store);
        self
    }

    /// Who reads `file:` URLs; without it they are refused.
    pub fn files(mut self, files: Arc<dyn Files>) -> Self {
        self.files = Some(files);
        self
    }

    /// Answers in the network's stead: mocks, shims, blocks.
    pub fn override_fetch(mut self, door: Arc<dyn OverrideFetch>) -> Self {
        self.override_fetch = Some(door);
        self
    }

    /// Where violation reports go.
    pub fn reports(mut self, reports: Arc<dyn Reports>) -> Self {
        self.reports = Some(reports);
        self
    }

    /// One more who is told of them, beside whom [`UserAgentBuilder::reports`] named.
    pub fn also_reports(mut self, reports: Arc<dyn Reports>) -> Self {
        self.reports = Some(match self.reports.take() {
            Some(others) => Arc::new(Both(others, reports)),
            None => reports,
        });
        self
    }

    /// The person before the pages, who may be asked for a password.
    pub fn prompt(mut self, prompt: Arc<dyn Prompt>) -> Self {
        self.prompt = Some(prompt);
        self
    }
}

impl fmt::Debug for UserAgentBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserAgentBuilder")
            .field("network_config", &self.network_config)
            .field("settings", &self.settings)
            .field("timeout", &self.timeout)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

/// A current-thread runtime on a thread of its own; it ends with its owner.
struct OwnRuntime {
    handle: Handle,
    // Dropping the sender wakes the thread, which drops the runtime.
    _alive: tokio::sync::oneshot::Sender<()>,
}

impl OwnRuntime {
    fn start() -> std::io::Result<OwnRuntime> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (alive, ended) = tokio::sync::oneshot::channel();
        std::thread::Builder::new().name("sofetch-io".to_owned()).spawn(move || {
            // An error is the sender's drop: the end, as meant.
            let _ = runtime.block_on(ended);
        })?;
        Ok(OwnRuntime { handle, _alive: alive })
    }
}

/// Two who are told.
struct Both(Arc<dyn Reports>, Arc<dyn Reports>);

impl Reports for Both {
    fn queue(&self, report: Report) {
        self.0.queue(report.clone());
        self.1.queue(report);
    }

    fn queue_of(&self, client: &Client, report: Report) {
        self.0.queue_of(client, report.clone());
        self.1.queue_of(client, report);
    }
}
