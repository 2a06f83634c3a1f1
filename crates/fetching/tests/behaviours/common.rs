//! What every story begins with: a world of scripted network, virtual clock and one agent; pages, and their requests.

use std::sync::Arc;

use bytes::Bytes;
use sofetch_core::infrastructure::bodies::{Body, BodyError, ByteStream};
use sofetch_core::infrastructure::clients::{Client, Global, PolicyContainer};
use sofetch_core::infrastructure::methods::Method;
use sofetch_core::infrastructure::requests::{
    CacheMode, CredentialsMode, Destination, InitiatorType, Mode, RedirectMode, Request,
};
use sofetch_core::infrastructure::responses::{InternalResponse, Response};
use sofetch_core::infrastructure::url::Url;
use sofetch_core::rulings::{Fetched, NetworkError};
use sofetch_fetching::fetch::fetch;
use sofetch_fetching::fetch_params::{Callbacks, FetchController};
use sofetch_fetching::user_agent::UserAgent;
use sofetch_testkit::{
    Executor, Scripted, ScriptedNetwork, SeededRandom, Started, Story, VirtualClock, check_story,
};

use crate::ports::{Preflights, Slow};

/// The page that asks, unless a story says otherwise.
pub(crate) const A: &str = "https://a.test/page?q=1#top";
/// Its own origin.
pub(crate) const OWN: &str = "https://a.test/x";
/// Another origin.
pub(crate) const B: &str = "https://b.test/x";
/// A third.
pub(crate) const C: &str = "https://c.test/y";
/// The header that lets A read.
pub(crate) const ALLOW_A: (&str, &str) = ("Access-Control-Allow-Origin", "https://a.test");

/// An agent on a scripted network, and what is told of its fetches.
pub(crate) struct World {
    pub(crate) executor: Executor,
    pub(crate) clock: VirtualClock,
    pub(crate) network: ScriptedNetwork,
    pub(crate) agent: Arc<UserAgent>,
    pub(crate) story: Story,
}

impl World {
    pub(crate) fn new(script: impl IntoIterator<Item = Scripted>) -> World {
        World::with(script, |_| {})
    }

    /// With ports or settings of the story's.
    pub(crate) fn with(
        script: impl IntoIterator<Item = Scripted>,
        change: impl FnOnce(&mut UserAgent),
    ) -> World {
        let clock = VirtualClock::new();
        World::on(ScriptedNetwork::by(&clock, script), &clock, &Slow::default(), change)
    }

    pub(crate) fn on(
        network: ScriptedNetwork,
        clock: &VirtualClock,
        slow: &Slow,
        change: impl FnOnce(&mut UserAgent),
    ) -> World {
        let executor = Executor::new(clock);
        let mut agent = UserAgent::new(
            Arc::new(network.clone()),
            Arc::new(Preflights::new(slow)),
            Arc::new(clock.clone()),
            Arc::new(executor.clone()),
            Arc::new(SeededRandom::new(1)),
        );
        agent.timers = Some(Arc::new(clock.clone()));
        // What each request would say in each story is left to one story.
        agent.settings.accept_encoding = Bytes::new();
        agent.settings.accept_encoding_insecure = Bytes::new();
        change(&mut agent);
        World { executor, clock: clock.clone(), network, agent: Arc::new(agent), story: Story::brief() }
    }

    /// The story leaves nothing out.
    pub(crate) fn in_full(mut self) -> World {
        self.story = Story::new();
        self
    }

    /// The fetch, told in the story, up to its response.
    pub(crate) fn fetch(&self, request: Request) -> Fetched {
        self.fetch_with(request, Callbacks::default())
    }

    pub(crate) fn fetch_with(&self, request: Request, callbacks: Callbacks) -> Fetched {
        self.executor.run_letting_time_pass(self.fetching(request, callbacks, FetchController::new()))
    }

    /// The fetch and its whole body.
    pub(crate) fn ok(&self, request: Request) -> (Response, String) {
        let mut response = self.fetch(request).expect("a response");
        let text = self.text(&mut response).expect("a body");
        (response, text)
    }

    /// The fetch that ends in a network error.
    pub(crate) fn err(&self, request: Request) -> NetworkError {
        match self.fetch(request) {
            Err(error) => error,
            Ok(response) => panic!("a response: {response:?}"),
        }
    }

    /// The fetch as a task, with its controller.
    pub(crate) fn start(&self, request: Request) -> (Started<Fetched>, Arc<FetchController>) {
        let controller = FetchController::new();
        let fetching = self.fetching(request, Callbacks::default(), controller.clone());
        let started = self.executor.start(fetching);
        self.executor.run_until_stalled();
        (started, controller)
    }

    fn fetching(
        &self,
        request: Request,
        callbacks: Callbacks,
        controller: Arc<FetchController>,
    ) -> impl Future<Output = Fetched> + Send + 'static {
        fetch(self.agent.clone(), Box::new(request), callbacks, controller, self.story.trace())
    }

    /// Reads the internal response's body to its end, whoever may see it.
    pub(crate) fn read(&self, response: &mut Response) -> Result<Bytes, BodyError> {
        match &mut response.internal_mut().body {
            None => Ok(Bytes::new()),
            Some(body) => self.executor.run_letting_time_pass(body.read_all(None)),
        }
    }

    pub(crate) fn text(&self, response: &mut Response) -> Result<String, BodyError> {
        self.read(response).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The script is at its end, and the story is the one that is written.
    pub(crate) fn tells(&self, name: &str) {
        self.network.assert_done();
        check_story!(self.story, name);
    }
}

/// A top-level document at `url`, its user before it.
pub(crate) fn page(url: &str) -> Client {
    let url = self::url(url);
    let origin = url.origin();
    Client {
        id: url.href().to_owned(),
        creation_url: url.clone(),
        top_level_creation_url: Some(url.clone()),
        top_level_origin: Some(origin.clone()),
        api_base_url: url.clone(),
        policy_container: Arc::default(),
        cross_origin_isolated_capability: false,
        restricts_mixed_content: origin.scheme() == Some("https"),
        origin,
        global: Global::Window { traversable: true, top_level: true, document_url: url },
        has_cross_site_ancestor: false,
        offline: false,
        emulated_user_agent: None,
        emulated_language: None,
        permissions_policy: Default::default(),
    }
}

/// The same with other policies.
pub(crate) fn page_with(url: &str, change: impl FnOnce(&mut PolicyContainer)) -> Client {
    let mut policies = PolicyContainer::default();
    change(&mut policies);
    Client { policy_container: Arc::new(policies), ..page(url) }
}

pub(crate) fn url(text: &str) -> Url {
    Url::parse(text, None).expect("a URL of the story")
}

/// What `fetch(to)` makes of it in a page at `from`.
pub(crate) fn from(from: &str, to: &str) -> Request {
    from_client(page(from), to)
}

pub(crate) fn from_client(client: Client, to: &str) -> Request {
    let mut request = Request::new(url(to));
    request.client = Some(Arc::new(client));
    request.mode = Mode::Cors;
    request.unsafe_request = true;
    request.initiator_type = Some(InitiatorType::Fetch);
    request
}

/// What `fetch(to)` makes of it on the user's own behalf.
pub(crate) fn own(to: &str) -> Request {
    let mut request = Request::new(url(to));
    request.owner = true;
    request.mode = Mode::Cors;
    request.unsafe_request = true;
    request.initiator_type = Some(InitiatorType::Fetch);
    request
}

/// Changes of a request, in a chain.
pub(crate) trait With: Sized {
    fn with(self, change: impl FnOnce(&mut Request)) -> Self;
    fn method(self, method: &str) -> Self {
        self.with(|request| request.method = Method::new(method.as_bytes()).expect("a method"))
    }
    fn header(self, name: &'static str, value: &'static str) -> Self {
        self.with(|request| request.header_list.append(name, value))
    }
    fn body(self, body: &'static str) -> Self {
        self.with(|request| request.body = Some(Body::from_bytes(body)))
    }
    /// A stream of these chunks.
    fn stream(self, chunks: &[&'static str]) -> Self {
        self.with(|request| request.body = Some(Body::from_stream(Chunks::of(chunks))))
    }
    fn mode(self, mode: Mode) -> Self {
        self.with(|request| request.mode = mode)
    }
    fn credentials(self, mode: CredentialsMode) -> Self {
        self.with(|request| request.credentials_mode = mode)
    }
    fn redirect(self, mode: RedirectMode) -> Self {
        self.with(|request| request.redirect_mode = mode)
    }
    fn cache(self, mode: CacheMode) -> Self {
        self.with(|request| request.cache_mode = mode)
    }
    fn destination(self, destination: Destination) -> Self {
        self.with(|request| request.destination = destination)
    }
}

impl With for Request {
    fn with(mut self, change: impl FnOnce(&mut Request)) -> Request {
        change(&mut self);
        self
    }
}

/// A stream of chunks, and perhaps an error after them.
pub(crate) struct Chunks(std::collections::VecDeque<Result<Bytes, BodyError>>);

impl Chunks {
    pub(crate) fn of(chunks: &[&'static str]) -> Chunks {
        Chunks(chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).collect())
    }
    pub(crate) fn then(mut self, error: BodyError) -> Chunks {
        self.0.push_back(Err(error));
        self
    }
}

impl ByteStream for Chunks {
    fn poll_next(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Bytes, BodyError>>> {
        std::task::Poll::Ready(self.0.pop_front())
    }
}

/// A response that somebody made.
pub(crate) fn answered(
    status: u16,
    headers: &[(&'static str, &'static str)],
    body: &'static str,
) -> Response {
    let mut internal = InternalResponse { status, ..InternalResponse::default() };
    for &(name, value) in headers {
        internal.header_list.append(name, value);
    }
    internal.body = Some(Body::from_bytes(body));
    Response::new(internal)
}

/// Why, as text for assertions.
pub(crate) fn why(error: &NetworkError) -> String {
    format!("{:?}", error.reason())
}
