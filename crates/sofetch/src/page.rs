//! [`Page`]: an origin with a base URL and policies, on whose behalf an agent fetches under a browser's rules.
//!
//! Over 400 lines for what its builder takes: each policy that a page is delivered with is a method with its errors.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sofetch_core::infrastructure::clients::{Client, EmbedderPolicy, Global, PolicyContainer};
use sofetch_core::infrastructure::content_security_policies::Disposition;
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::integrity_policies::IntegrityPolicy;
use sofetch_core::infrastructure::origins::Origin;
use sofetch_core::infrastructure::permissions_policies::PermissionsPolicy;
use sofetch_core::infrastructure::requests::ReferrerPolicy;
use sofetch_core::infrastructure::url::Url;
use sofetch_core::rules::referrer::parse_a_referrer_policy;

use crate::agent::UserAgent;
use crate::error::{Error, Misuse};
use crate::fetch::fetch_for;
use crate::fetch_later::{FetchLaterResult, UnderWay, fetch_later_for};
use crate::replay::{Replay, ReplayNetwork};
use crate::request::Request;
use crate::response::Response;
use crate::web_socket::WebSocket;

/// A page: what the Standard calls an [environment settings object](https://html.spec.whatwg.org/#environment-settings-object), with its agent.
///
/// Clones are the same page. [`Page::close`] ends what it still fetches, except what is kept alive; dropping the last
/// clone ends nothing. Either sends what [`Page::fetch_later`] keeps.
#[derive(Clone)]
pub struct Page(Arc<Shared>);

struct Shared {
    agent: UserAgent,
    client: Arc<Client>,
    /// Is its document not [fully active](https://html.spec.whatwg.org/#fully-active) any more?
    left: AtomicBool,
}

impl Shared {
    fn new(agent: UserAgent, client: Client) -> Shared {
        Shared { agent, client: Arc::new(client), left: AtomicBool::new(false) }
    }
}

impl Drop for Shared {
    /// Nobody can close the page any more: its fetch group need not be remembered.
    fn drop(&mut self) {
        drop(self.agent.forget(&self.client.id));
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

    /// Opens a WebSocket as this page: its policies and its origin count, and a relative URL is resolved with its base URL. Of a
    /// [`Request`] it is the URL that counts, with its time-out and signal: a page sets no headers of a handshake.
    ///
    /// # Errors
    /// As [`Page::fetch`].
    pub async fn web_socket(
        &self,
        input: impl Into<Request>,
        protocols: &[&str],
    ) -> Result<WebSocket, Error> {
        let client = Some(self.0.client.clone());
        WebSocket::open(self.0.agent.clone(), client, input.into(), protocols).await
    }

    /// Fetches later: when the page is left ([`Page::close`], or its last clone is dropped), or after `activate_after`, if that comes first.
    /// The request is sent as one with `keepalive`, by the page's rules as they are then, and nobody is told what it came to but
    /// observers. Until then the page's own copy of it waits; its signal aborts that. [`Retry`](crate::Retry) does not count.
    ///
    /// ```no_run
    /// # async fn example(page: sofetch::Page) -> Result<(), sofetch::Error> {
    /// use std::time::Duration;
    /// let seen = sofetch::Request::new("https://api.test/seen").method("POST").body("1");
    /// let result = page.fetch_later(seen, Some(Duration::from_secs(60)))?;
    /// assert!(!result.activated());
    /// page.close_and_wait().await;
    /// assert!(result.activated());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// What `new Request()` would throw ([`ErrorKind::Misuse`](crate::ErrorKind::Misuse)); a signal that is aborted already; and what may not wait
    /// ([`ErrorKind::Refused`](crate::ErrorKind::Refused)): of that [`Error::reason`] is a [`DeferredFetch`](sofetch_core::rules::deferred_fetching::DeferredFetch), which says
    /// whether it was the URL, a body without a length, the quota of 64 KiB for an origin and 512 KiB for all, or that
    /// the page was left or is a worker's.
    pub fn fetch_later(
        &self,
        input: impl Into<Request>,
        activate_after: Option<Duration>,
    ) -> Result<FetchLaterResult, Error> {
        fetch_later_for(&self.0.agent, &self.0.client, input.into(), activate_after, self.is_fully_active())
    }

    /// Was it not left yet?
    pub(crate) fn is_fully_active(&self) -> bool {
        !self.0.left.load(Ordering::Acquire)
    }

    /// The page is left: its fetches, and bodies still being read, end; those with `keepalive` go on, and what was to be fetched later
    /// is sent, as long as the runtime lives. Its WebSockets say goodbye.
    pub fn close(&self) {
        drop(self.leave());
    }

    /// The same, and waits until what is sent then is answered, or has failed. Who drops the future waits no longer, and nothing
    /// else.
    pub async fn close_and_wait(&self) {
        self.leave().done().await;
    }

    pub(crate) fn leave(&self) -> UnderWay {
        self.0.left.store(true, Ordering::Release);
        self.0.agent.terminate(&self.0.client.id)
    }

    /// The same page over a recorded exchange: nothing is sent, and nothing that was remembered counts.
    ///
    /// # Errors
    /// No randomness is to be had.
    pub fn over(&self, replay: Arc<Replay>) -> Result<Page, Error> {
        let agent = self.0.agent.over(Arc::new(ReplayNetwork(replay)))?;
        let client = Client { id: agent.next_client_id(), ..Client::clone(&self.0.client) };
        Ok(Page(Arc::new(Shared::new(agent, client))))
    }

    /// The agent that it belongs to.
    pub fn user_agent(&self) -> &UserAgent {
        &self.0.agent
    }

    /// The page's origin.
    pub fn origin(&self) -> &Origin {
        &self.0.client.origin
    }

    /// The page's base URL.
    pub fn base_url(&self) -> &Url {
        &self.0.client.api_base_url
    }

    /// The [settings of a dedicated worker](https://html.spec.whatwg.org/#set-up-a-worker-environment-settings-object) that this page
    /// makes, whose script's response has this URL. Its policies are those of the response's headers; without any they are the page's,
    /// as of `blob:` and `data:` URLs.
    pub fn dedicated_worker(&self, url: &Url, headers: Option<&HeaderList>) -> Page {
        let owner = &self.0.client;
        let origin = if url.scheme() == "data" { Origin::new_opaque() } else { owner.origin.clone() };
        let policy_container = match headers {
            Some(headers) => Arc::new(policies_of_a_response(headers, url, owner.is_secure_context())),
            // NB: a `blob:` URL's are those of who made the URL, which is of this origin.
            None => owner.policy_container.clone(),
        };
        let restricts_mixed_content =
            owner.restricts_mixed_content || origin.is_potentially_trustworthy() && url.scheme() == "https";
        let client = Client {
            id: self.0.agent.next_client_id(),
            creation_url: url.clone(),
            // NB: null in the text. It is a secure context if its owner is, which this says for it.
            top_level_creation_url: owner.top_level_creation_url.clone(),
            top_level_origin: owner.top_level_origin.clone(),
            origin,
            api_base_url: url.clone(),
            policy_container,
            cross_origin_isolated_capability: owner.cross_origin_isolated_capability
                && url.scheme() != "data",
            global: Global::Worker { service_worker: false },
            has_cross_site_ancestor: owner.has_cross_site_ancestor,
            restricts_mixed_content,
            offline: owner.offline,
            emulated_user_agent: owner.emulated_user_agent.clone(),
            emulated_language: owner.emulated_language.clone(),
            permissions_policy: PermissionsPolicy::default(),
        };
        Page(Arc::new(Shared::new(self.0.agent.clone(), client)))
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
    permissions_policy: PermissionsPolicy,
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
            permissions_policy: PermissionsPolicy::default(),
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

    /// A [Content Security Policy](https://w3c.github.io/webappsec-csp/) of the page: the value of a `Content-Security-Policy`
    /// header, which may be several with commas between. Each further one restricts further.
    ///
    /// It judges fetches (`connect-src` and its kin), and `upgrade-insecure-requests` counts too. What it says of anything
    /// else, or in vain, is passed over as in browsers: [`misread`](sofetch_core::rules::content_security_policy::misread) tells.
    ///
    /// [`PageBuilder::build`] fails with [`Misuse::InvalidPolicy`] where text has no directive at all.
    pub fn csp(self, serialized_csp_list: &str) -> PageBuilder {
        self.deliver(serialized_csp_list, Disposition::Enforce)
    }

    /// The same for a policy that refuses nothing: what violates it is told to observers, and to
    /// [`UserAgentBuilder::reports`](crate::UserAgentBuilder::reports). `upgrade-insecure-requests` has no effect in it.
    pub fn csp_report_only(self, serialized_csp_list: &str) -> PageBuilder {
        self.deliver(serialized_csp_list, Disposition::Report)
    }

    fn deliver(mut self, serialized_csp_list: &str, disposition: Disposition) -> PageBuilder {
        let list = &mut self.policies.csp_list;
        let before = list.policies.len();
        list.deliver(serialized_csp_list, disposition);
        if list.policies.len() == before && !serialized_csp_list.trim().is_empty() {
            self.error = Some(Error::misuse(Misuse::InvalidPolicy));
        }
        self
    }

    /// The page's [integrity policy](https://w3c.github.io/webappsec-subresource-integrity/#integrity-policy-section): the value
    /// of an `Integrity-Policy` header, such as `blocked-destinations=(script)`. The last one counts.
    ///
    /// [`PageBuilder::build`] fails with [`Misuse::InvalidPolicy`] where it is no dictionary, which browsers take for an
    /// empty one.
    pub fn integrity_policy(mut self, value: &str) -> PageBuilder {
        self.policies.integrity_policy = self.parse_integrity_policy(value);
        self
    }

    /// The same for a policy that refuses nothing, as `Integrity-Policy-Report-Only` has it.
    pub fn integrity_policy_report_only(mut self, value: &str) -> PageBuilder {
        self.policies.report_only_integrity_policy = self.parse_integrity_policy(value);
        self
    }

    /// The page's [permissions policy](https://w3c.github.io/webappsec-permissions-policy/#permissions-policy-http-header-field): the value
    /// of a `Permissions-Policy` header, such as `deferred-fetch=()`. Two features count here, `deferred-fetch` and
    /// `deferred-fetch-minimal`: they say how much [`Page::fetch_later`] may keep. The last one counts.
    ///
    /// [`PageBuilder::build`] fails with [`Misuse::InvalidPolicy`] where it is no dictionary, which browsers take for an
    /// empty one.
    pub fn permissions_policy(mut self, value: &str) -> PageBuilder {
        match PermissionsPolicy::parse(value.as_bytes()) {
            Ok(policy) => self.permissions_policy = policy,
            Err(_) => self.error = Some(Error::misuse(Misuse::InvalidPolicy)),
        }
        self
    }

    fn parse_integrity_policy(&mut self, value: &str) -> IntegrityPolicy {
        IntegrityPolicy::parse(value.as_bytes()).unwrap_or_else(|_| {
            self.error = Some(Error::misuse(Misuse::InvalidPolicy));
            IntegrityPolicy::default()
        })
    }

    /// Does the page say `upgrade-insecure-requests`? (A [`PageBuilder::csp`] may say so, too.)
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
    /// A URL or a policy that does not parse.
    pub fn build(self) -> Result<Page, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let mut policies = self.policies;
        // What delivered the policies is the page's URL, whatever origin a sandbox gives it.
        policies.csp_list.self_origin = Some(self.url.origin());
        policies.upgrade_insecure_requests |= policies.csp_list.upgrades_insecure_requests();
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
            policy_container: Arc::new(policies),
            cross_origin_isolated_capability: self.cross_origin_isolated,
            global,
            has_cross_site_ancestor: self.has_cross_site_ancestor,
            restricts_mixed_content,
            offline: false,
            emulated_user_agent: None,
            emulated_language: None,
            permissions_policy: self.permissions_policy,
        };
        Ok(Page(Arc::new(Shared::new(self.agent, client))))
    }
}

/// [Creates a policy container from a fetch response](https://html.spec.whatwg.org/#creating-a-policy-container-from-a-fetch-response).
fn policies_of_a_response(headers: &HeaderList, url: &Url, is_secure_context: bool) -> PolicyContainer {
    let embedder_policy = EmbedderPolicy::obtain(headers, is_secure_context);
    let mut policies = PolicyContainer { embedder_policy, ..PolicyContainer::default() };
    for (name, disposition) in [
        ("Content-Security-Policy", Disposition::Enforce),
        ("Content-Security-Policy-Report-Only", Disposition::Report),
    ] {
        for value in headers.get_all(name) {
            policies.csp_list.deliver(&String::from_utf8_lossy(value), disposition);
        }
    }
    policies.csp_list.self_origin = Some(url.origin());
    policies.upgrade_insecure_requests = policies.csp_list.upgrades_insecure_requests();
    policies.referrer_policy = parse_a_referrer_policy(headers);
    let integrity_policy = |name: &str| {
        headers.get(name).and_then(|value| IntegrityPolicy::parse(&value).ok()).unwrap_or_default()
    };
    policies.integrity_policy = integrity_policy("Integrity-Policy");
    policies.report_only_integrity_policy = integrity_policy("Integrity-Policy-Report-Only");
    policies
}

fn blank() -> Url {
    Url::parse("about:blank", None).expect("about:blank is a valid URL")
}

impl fmt::Debug for PageBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageBuilder").field("url", &self.url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dedicated_worker_has_of_its_owner() {
        let agent = UserAgent::builder().build().expect("the defaults");
        let owner =
            agent.page_builder("https://a.test/").csp("connect-src 'none'").cross_origin_isolated(true);
        let owner = owner.build().expect("a page");
        let mut headers = HeaderList::new();
        headers.append("Content-Security-Policy", "img-src 'self', font-src 'none'");
        headers.append("Referrer-Policy", "origin");
        headers.append("Cross-Origin-Embedder-Policy", "require-corp");
        for (name, url, headers, opaque, policies, referrer_policy) in [
            ("of the network", "https://a.test/w.js", Some(&headers), false, 2, ReferrerPolicy::Origin),
            ("a blob: URL's", "blob:https://a.test/0", None, false, 1, ReferrerPolicy::Empty),
            ("a data: URL's", "data:,", None, true, 1, ReferrerPolicy::Empty),
        ] {
            let url = Url::parse(url, None).expect("a URL");
            let worker = owner.dedicated_worker(&url, headers);
            let client = worker.client();
            assert_eq!(client.origin.is_opaque(), opaque, "{name}");
            assert_eq!(opaque, !client.origin.same_origin(owner.origin()), "{name}");
            assert_eq!(client.policy_container.csp_list.policies.len(), policies, "{name}");
            assert_eq!(client.policy_container.referrer_policy, referrer_policy, "{name}");
            let embeds = client.policy_container.embedder_policy.value;
            assert_eq!(embeds.is_compatible_with_cross_origin_isolation(), headers.is_some(), "{name}");
            assert_eq!(client.cross_origin_isolated_capability, !opaque, "{name}");
            assert_eq!(client.network_partition_key(), owner.client().network_partition_key(), "{name}");
            assert!(client.is_secure_context() && client.restricts_mixed_content, "{name}");
            assert!(client.id != owner.client().id && client.api_base_url == url, "{name}");
        }
    }
}
