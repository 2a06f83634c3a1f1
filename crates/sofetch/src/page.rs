//! [`Page`]: an origin with a base URL and policies, on whose behalf an agent fetches under a browser's rules.

use std::fmt;
use std::sync::Arc;

use sofetch_core::infrastructure::clients::{Client, EmbedderPolicy, Global, PolicyContainer};
use sofetch_core::infrastructure::origins::Origin;
use sofetch_core::infrastructure::requests::ReferrerPolicy;
use sofetch_core::infrastructure::url::Url;

use crate::agent::UserAgent;
use crate::error::Error;
use crate::fetch::fetch_for;
use crate::replay::{Replay, ReplayNetwork};
use crate::request::Request;
use crate::response::Response;

/// A page: what the Standard calls an [environment settings object](https://html.spec.whatwg.org/#environment-settings-object), with its agent.
///
/// Clones are the same page. [`Page::close`] ends what it still fetches, except what is kept alive; dropping the last
/// clone ends nothing.
#[derive(Clone)]
pub struct Page(Arc<Shared>);

struct Shared {
    agent: UserAgent,
    client: Arc<Client>,
}

impl Drop for Shared {
    /// Nobody can close the page any more: its fetch group need not be remembered.
    fn drop(&mut self) {
        self.agent.forget(&self.client.id);
    }
}

impl Page {
    /// Fetches as this page: relative URLs are resolved with its base URL, and every rule for its origin applies.
    ///
    /// # Errors
    /// See [`ErrorKind`](crate::ErrorKind); [`Error::reason`] says which rule refused.
    pub async fn fetch(&self, input: impl Into<Request>) -> Result<Response, Error> {
        fetch_for(self.0.agent.clone(), Some(self.0.client.clone()), input.into()).await
    }

    /// The page is left: its fetches, and bodies still being read, end; those with `keepalive` go on.
    pub fn close(&self) {
        self.0.agent.terminate(&self.0.client.id);
    }

    /// The same page over a recorded exchange: nothing is sent, and nothing that was remembered counts.
    ///
    /// # Errors
    /// No randomness is to be had.
    pub fn over(&self, replay: Arc<Replay>) -> Result<Page, Error> {
        let agent = self.0.agent.over(Arc::new(ReplayNetwork(replay)))?;
        let client = Client { id: agent.next_client_id(), ..Client::clone(&self.0.client) };
        Ok(Page(Arc::new(Shared { agent, client: Arc::new(client) })))
    }

    /// The page's origin.
    pub fn origin(&self) -> &Origin {
        &self.0.client.origin
    }

    /// The page's base URL.
    pub fn base_url(&self) -> &Url {
        &self.0.client.api_base_url
    }

    /// The agent it belongs to.
    pub fn agent(&self) -> &UserAgent {
        &self.0.agent
    }

    /// The client as the engine sees it.
    pub fn client(&self) -> &Arc<Client> {
        &self.0.client
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("base_url", self.base_url()).field("origin", self.origin()).finish()
    }
}

/// Makes a [`Page`]; see [`UserAgent::page_builder`].
#[must_use = "a builder does nothing until it builds"]
pub struct PageBuilder {
    agent: UserAgent,
    url: Url,
    origin: Option<Origin>,
    base_url: Option<Url>,
    top_level: Option<Url>,
    policies: PolicyContainer,
    cross_origin_isolated: bool,
    has_cross_site_ancestor: bool,
    worker: bool,
    error: Option<Error>,
}

impl PageBuilder {
    pub(crate) fn new(agent: UserAgent, url: &str) -> PageBuilder {
        let (url, error) = match Url::parse(url, None) {
            Ok(url) => (url, None),
            Err(error) => (blank(), Some(error.into())),
        };
        PageBuilder {
            agent,
            url,
            origin: None,
            base_url: None,
            top_level: None,
            policies: PolicyContainer::default(),
            cross_origin_isolated: false,
            has_cross_site_ancestor: false,
            worker: false,
            error,
        }
    }

    /// Another origin than the URL's: an opaque one, as a sandboxed document has it.
    pub fn origin(mut self, origin: Origin) -> PageBuilder {
        self.origin = Some(origin);
        self
    }

    /// Another base URL than the page's own, as `<base href>` gives it.
    pub fn base_url(mut self, url: &str) -> PageBuilder {
        match Url::parse(url, Some(&self.url)) {
            Ok(url) => self.base_url = Some(url),
            Err(error) => self.error = Some(error.into()),
        }
        self
    }

    /// The URL of the page at the top, for a page in a frame: it partitions what is remembered, and decides what is mixed content.
    pub fn top_level(mut self, url: &str) -> PageBuilder {
        match Url::parse(url, None) {
            Ok(url) => {
                self.has_cross_site_ancestor = !url.origin().same_site(&self.url.origin());
                self.top_level = Some(url);
            }
            Err(error) => self.error = Some(error.into()),
        }
        self
    }

    /// The page's referrer policy.
    pub fn referrer_policy(mut self, policy: ReferrerPolicy) -> PageBuilder {
        self.policies.referrer_policy = policy;
        self
    }

    /// The page's [embedder policy](https://html.spec.whatwg.org/#embedder-policy) (COEP).
    pub fn embedder_policy(mut self, policy: EmbedderPolicy) -> PageBuilder {
        self.policies.embedder_policy = policy;
        self
    }

    /// Does the page say `upgrade-insecure-requests`?
    pub fn upgrade_insecure_requests(mut self, upgrade: bool) -> PageBuilder {
        self.policies.upgrade_insecure_requests = upgrade;
        self
    }

    /// Has the page the cross-origin isolated capability (finer clocks)?
    pub fn cross_origin_isolated(mut self, isolated: bool) -> PageBuilder {
        self.cross_origin_isolated = isolated;
        self
    }

    /// Is it a worker rather than a window?
    pub fn worker(mut self, worker: bool) -> PageBuilder {
        self.worker = worker;
        self
    }

    /// The page.
    ///
    /// # Errors
    /// A URL that does not parse.
    pub fn build(self) -> Result<Page, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let top_level_url = self.top_level.clone().unwrap_or_else(|| self.url.clone());
        let origin = self.origin.unwrap_or_else(|| self.url.origin());
        let top_level_origin = match &self.top_level {
            Some(url) => url.origin(),
            None => origin.clone(),
        };
        // Mixed content is judged by the page's origin and those above it.
        // DEPARTS: a page of http://localhost may have mixed content, as in browsers; the Standard restricts every
        // potentially trustworthy origin. https://w3c.github.io/webappsec-mixed-content/#categorize-settings-object
        let restricts_mixed_content = origin.is_potentially_trustworthy() && origin.scheme() == Some("https")
            || top_level_origin.scheme() == Some("https");
        let global = if self.worker {
            Global::Worker { service_worker: false }
        } else {
            Global::Window {
                traversable: self.agent.has_prompt(),
                top_level: self.top_level.is_none(),
                document_url: self.url.clone(),
            }
        };
        let client = Client {
            id: self.agent.next_client_id(),
            creation_url: self.url.clone(),
            top_level_creation_url: Some(top_level_url),
            top_level_origin: Some(top_level_origin),
            origin,
            api_base_url: self.base_url.unwrap_or_else(|| self.url.clone()),
            policy_container: Arc::new(self.policies),
            cross_origin_isolated_capability: self.cross_origin_isolated,
            global,
            has_cross_site_ancestor: self.has_cross_site_ancestor,
            restricts_mixed_content,
            offline: false,
            emulated_user_agent: None,
            emulated_language: None,
        };
        Ok(Page(Arc::new(Shared { agent: self.agent, client: Arc::new(client) })))
    }
}

fn blank() -> Url {
    Url::parse("about:blank", None).expect("about:blank is a valid URL")
}

impl fmt::Debug for PageBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageBuilder").field("url", &self.url).finish_non_exhaustive()
    }
}
