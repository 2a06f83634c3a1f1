//! Stores in memory: preflight cache, known HSTS hosts, authentication entries, blob URLs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use sofetch_core::hsts::{HstsHosts, HstsMatch};
use sofetch_core::infrastructure::blobs::BlobUrlEntry;
use sofetch_core::infrastructure::clients::NetworkPartitionKey;
use sofetch_core::infrastructure::requests::Request;
use sofetch_core::infrastructure::responses::Response;
use sofetch_core::infrastructure::timing::{Timestamp, WallTime};
use sofetch_core::infrastructure::url::Url;
use sofetch_core::ports::{Answer, AuthenticationEntries, BlobUrls, HstsStore, PreflightCache};
use sofetch_core::rules::cors_preflight_cache::{
    CacheLookUp, CorsPreflightCache, EntryScope, Grant, Question,
};
use sofetch_core::rules::request_headers::basic_authorization;

/// How many cache entries the preflight cache holds.
const PREFLIGHT_ENTRIES: usize = 10_000;
/// How many hosts are remembered.
const HSTS_HOSTS: usize = 50_000;
/// How many authentication entries are remembered.
const AUTHENTICATION_ENTRIES: usize = 1_000;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The CORS-preflight cache.
pub struct MemoryPreflightCache(Mutex<CorsPreflightCache>);

impl Default for MemoryPreflightCache {
    fn default() -> Self {
        MemoryPreflightCache(Mutex::new(CorsPreflightCache::new(PREFLIGHT_ENTRIES)))
    }
}

impl MemoryPreflightCache {
    /// Forgets what servers at this host granted, in every partition.
    pub fn clear_host(&self, hostname: &str) {
        lock(&self.0).clear_host(hostname);
    }
}

impl PreflightCache for MemoryPreflightCache {
    fn look_up<'a>(&'a self, question: &'a Question, now: Timestamp) -> Answer<'a, CacheLookUp> {
        Answer::ready(lock(&self.0).look_up(question, now))
    }

    fn remember<'a>(&'a self, grant: &'a Grant, now: Timestamp) -> Answer<'a, ()> {
        lock(&self.0).remember(grant, now);
        Answer::ready(())
    }

    fn clear<'a>(&'a self, scope: &'a EntryScope) -> Answer<'a, ()> {
        lock(&self.0).clear(scope);
        Answer::ready(())
    }
}

/// Known HSTS hosts.
pub struct MemoryHsts(Mutex<HstsHosts>);

impl Default for MemoryHsts {
    fn default() -> Self {
        MemoryHsts(Mutex::new(HstsHosts::new(HSTS_HOSTS)))
    }
}

impl HstsStore for MemoryHsts {
    fn is_known_host(&self, host: &str, now: WallTime) -> Answer<'_, HstsMatch> {
        Answer::ready(lock(&self.0).matches(host, now))
    }

    fn note<'a>(&'a self, host: &'a str, header: &'a [u8], now: WallTime) -> Answer<'a, ()> {
        // A header that is none is left alone (RFC 6797, 8.1): the verdict is for those who test their servers.
        let _ = lock(&self.0).note(host, header, now);
        Answer::ready(())
    }
}

/// Authentication entries for Basic, by partition, origin and realm.
///
/// An entry answers for its whole origin: RFC 7617's path scopes would only leave credentials out more often.
#[derive(Default)]
pub struct MemoryAuthenticationEntries(Mutex<HashMap<(Option<NetworkPartitionKey>, String), Entry>>);

struct Entry {
    realm: Vec<u8>,
    authorization: Bytes,
}

impl AuthenticationEntries for MemoryAuthenticationEntries {
    fn entry<'a>(&'a self, request: &'a Request) -> Answer<'a, Option<Bytes>> {
        let entries = lock(&self.0);
        if entries.is_empty() {
            return Answer::ready(None);
        }
        let key = (request.network_partition_key(), request.current_url().origin().serialize());
        Answer::ready(entries.get(&key).map(|entry| entry.authorization.clone()))
    }

    fn create<'a>(&'a self, request: &'a Request, response: &'a Response) -> Answer<'a, ()> {
        // NB: the user's answer stands in the URL by now; what the server refused again is not worth remembering.
        let url = request.current_url();
        if response.internal().status == 401 || !url.includes_credentials() {
            return Answer::ready(());
        }
        let realm = response.internal().header_list.get("WWW-Authenticate").unwrap_or_default().into_owned();
        let key = (request.network_partition_key(), url.origin().serialize());
        let mut entries = lock(&self.0);
        if entries.len() < AUTHENTICATION_ENTRIES || entries.contains_key(&key) {
            entries.insert(key, Entry { realm, authorization: basic_authorization(url) });
        }
        Answer::ready(())
    }
}

impl MemoryAuthenticationEntries {
    /// Forgets every entry whose challenge named this realm; all of them for `None`.
    pub fn clear(&self, challenge: Option<&[u8]>) {
        lock(&self.0).retain(|_, entry| challenge.is_some_and(|challenge| entry.realm != challenge));
    }
}

/// The [blob URL store](https://w3c.github.io/FileAPI/#BlobURLStore).
#[derive(Default)]
pub struct MemoryBlobUrls(Mutex<HashMap<String, Arc<BlobUrlEntry>>>);

impl MemoryBlobUrls {
    /// [Adds an entry](https://w3c.github.io/FileAPI/#add-an-entry) under this URL, as
    /// [generated](https://w3c.github.io/FileAPI/#unicodeBlobURL) by the caller; the URL that carries its entry.
    pub fn add(&self, url: &Url, entry: BlobUrlEntry) -> Url {
        let entry = Arc::new(entry);
        lock(&self.0).insert(url.href_without_fragment().to_owned(), entry.clone());
        url.clone().with_blob_url_entry(entry)
    }

    /// [Removes an entry](https://w3c.github.io/FileAPI/#removeTheEntry).
    pub fn revoke(&self, url: &Url) {
        lock(&self.0).remove(url.href_without_fragment());
    }
}

impl BlobUrls for MemoryBlobUrls {
    fn resolve(&self, url: &Url) -> Option<Arc<BlobUrlEntry>> {
        lock(&self.0).get(url.href_without_fragment()).cloned()
    }
}
