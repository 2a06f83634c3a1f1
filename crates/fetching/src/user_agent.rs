//! The user agent: everything that the Standard says "the user agent has". Two agents in one process never meet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use sofetch_core::infrastructure::clients::NetworkPartitionKey;
use sofetch_core::infrastructure::origins::Origin;
use sofetch_core::infrastructure::requests::Request;
use sofetch_core::ports::{
    AuthenticationEntries, BlobUrls, Clock, CookieStore, Files, HstsStore, HttpCache, Network, OverrideFetch,
    PreflightCache, Prompt, Random, Reports, ServiceWorkers, Tasks, Timers,
};
use sofetch_core::rules::departures::Departures;
use sofetch_core::rules::unencoded_digest::Verified;

use crate::content_codings::Limits;
use crate::deferred_fetching::{DeferredFetchRecord, process_deferred_fetches};
use crate::fetch_groups::FetchGroup;

/// The id of no client: on the user's own behalf.
pub const NO_CLIENT: &str = "";

/// <https://infra.spec.whatwg.org/#user-agent>: the ports, and what no port holds. A port that is `None` answers "none".
pub struct UserAgent {
    /// Connections.
    pub network: Arc<dyn Network>,
    /// <https://fetch.spec.whatwg.org/#concept-cache>
    pub preflight_cache: Arc<dyn PreflightCache>,
    /// The two clocks.
    pub clock: Arc<dyn Clock>,
    /// "In parallel".
    pub tasks: Arc<dyn Tasks>,
    /// A CSPRNG.
    pub random: Arc<dyn Random>,
    /// Who waits until what was deferred is to be sent; without one, only the end of its page sends it.
    pub timers: Option<Arc<dyn Timers>>,
    /// The HTTP cache.
    pub http_cache: Option<Arc<dyn HttpCache>>,
    /// The cookie store.
    pub cookies: Option<Arc<dyn CookieStore>>,
    /// Known HSTS hosts.
    pub hsts: Option<Arc<dyn HstsStore>>,
    /// Authentication entries.
    pub authentication_entries: Option<Arc<dyn AuthenticationEntries>>,
    /// Service workers.
    pub service_workers: Option<Arc<dyn ServiceWorkers>>,
    /// The blob URL store.
    pub blob_urls: Option<Arc<dyn BlobUrls>>,
    /// `file:` URLs.
    pub files: Option<Arc<dyn Files>>,
    /// Mocks and inspectors.
    pub override_fetch: Option<Arc<dyn OverrideFetch>>,
    /// Violation reports.
    pub reports: Option<Arc<dyn Reports>>,
    /// The end user.
    pub prompt: Option<Arc<dyn Prompt>>,
    /// What is implementation-defined and settable.
    pub settings: Settings,
    /// The HTTP cache partition of fetches on the user's own behalf, which no page shares.
    pub(crate) own_partition: NetworkPartitionKey,
    fetch_groups: Mutex<HashMap<String, Arc<FetchGroup>>>,
}

/// What the Standard leaves to the user agent.
#[derive(Clone, Debug)]
pub struct Settings {
    /// [Default `User-Agent` value](https://fetch.spec.whatwg.org/#default-user-agent-value).
    pub user_agent: Option<Bytes>,
    /// `Accept-Language`, appended by fetch unless the request has one.
    pub accept_language: Option<Bytes>,
    /// `Accept-Encoding` towards potentially trustworthy URLs.
    pub accept_encoding: Bytes,
    /// `Accept-Encoding` towards the others.
    pub accept_encoding_insecure: Bytes,
    /// The imposed limit on a preflight's max-age, in seconds.
    pub preflight_max_age_limit: u64,
    /// Where to depart from the Standard as a browser does.
    pub departures: Departures,
    /// Guards of the content codings.
    pub codings: Limits,
    /// Limit on a response's decoded body, in bytes.
    pub max_body_size: Option<u64>,
    /// Whose responses are held against their `Unencoded-Digest`: by default those to pages alone.
    pub unencoded_digest: Verified,
    /// Header names beside the Standard's that a redirect to another origin removes, in lower case.
    pub sensitive_headers: Arc<[String]>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            user_agent: None,
            accept_language: None,
            accept_encoding: Bytes::from_static(b"gzip, deflate, br, zstd"),
            accept_encoding_insecure: Bytes::from_static(b"gzip, deflate"),
            // NB: Chromium's cap. Firefox has 24 hours, WebKit 10 minutes.
            preflight_max_age_limit: 7200,
            departures: Departures::default(),
            codings: Limits::default(),
            max_body_size: None,
            unencoded_digest: Verified::Pages,
            sensitive_headers: Arc::new([]),
        }
    }
}

impl UserAgent {
    /// A user agent with the ports that it cannot be without.
    pub fn new(
        network: Arc<dyn Network>,
        preflight_cache: Arc<dyn PreflightCache>,
        clock: Arc<dyn Clock>,
        tasks: Arc<dyn Tasks>,
        random: Arc<dyn Random>,
    ) -> UserAgent {
        UserAgent {
            network,
            preflight_cache,
            clock,
            tasks,
            random,
            timers: None,
            http_cache: None,
            cookies: None,
            hsts: None,
            authentication_entries: None,
            service_workers: None,
            blob_urls: None,
            files: None,
            override_fetch: None,
            reports: None,
            prompt: None,
            settings: Settings::default(),
            own_partition: NetworkPartitionKey { top_level_site: Origin::new_opaque().site() },
            fetch_groups: Mutex::default(),
        }
    }

    /// <https://fetch.spec.whatwg.org/#environment-settings-object-fetch-group> of the request's client.
    pub(crate) fn fetch_group(&self, request: &Request) -> Option<Arc<FetchGroup>> {
        Some(self.fetch_group_of(&request.client.as_ref()?.id))
    }

    /// The same of a client of this id; that of [`NO_CLIENT`] has only what the user's own page defers.
    pub(crate) fn fetch_group_of(&self, client_id: &str) -> Arc<FetchGroup> {
        let mut groups = self.lock_fetch_groups();
        if let Some(group) = groups.get(client_id) {
            return group.clone();
        }
        groups.entry(client_id.to_owned()).or_default().clone()
    }

    /// Forgets the fetch group of a client that is no more. What it fetches goes on; what it deferred is sent, and given back.
    pub fn forget_fetch_group(&self, client_id: &str) -> Vec<Arc<DeferredFetchRecord>> {
        // NB: not locked meanwhile.
        let group = self.lock_fetch_groups().remove(client_id);
        group.map(|group| process_deferred_fetches(&group)).unwrap_or_default()
    }

    /// Terminates the [fetch group](https://fetch.spec.whatwg.org/#concept-fetch-group-terminate) of the client with
    /// this id: the page is gone. What is kept alive goes on; what it deferred is sent, and given back.
    pub fn terminate_fetch_group(&self, client_id: &str) -> Vec<Arc<DeferredFetchRecord>> {
        let group = self.lock_fetch_groups().remove(client_id);
        group.map(|group| group.terminate()).unwrap_or_default()
    }

    fn lock_fetch_groups(&self) -> MutexGuard<'_, HashMap<String, Arc<FetchGroup>>> {
        self.fetch_groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
