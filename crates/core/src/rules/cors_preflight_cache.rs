//! [CORS-preflight cache](https://fetch.spec.whatwg.org/#cors-preflight-cache): what preflights granted, for as long as they said.
//!
//! Pure state: the time is handed in. Found by scope, kept under a cap, each entry with a place in the order of expiry.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::infrastructure::clients::NetworkPartitionKey;
use crate::infrastructure::header_names::known_name;
use crate::infrastructure::methods::Method;
use crate::infrastructure::requests::{CredentialsMode, Request};
use crate::infrastructure::timing::Timestamp;
use crate::infrastructure::url::Url;
use crate::rules::cors_safelists::UnsafeName;
use crate::rules::verdict::Verdict;

/// Which entries a request may touch: partition key, byte-serialized origin, URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntryScope {
    /// The network partition key.
    pub key: Option<NetworkPartitionKey>,
    /// The byte-serialized request origin.
    pub origin: String,
    /// The request's current URL.
    pub url: Url,
}

/// What a request needs remembered to go without a preflight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Whose entries.
    pub scope: EntryScope,
    /// Is the credentials mode "include"?
    pub credentials: bool,
    /// The method, `None` where it needs no permission.
    pub method: Option<Method>,
    /// The CORS-unsafe request-header names.
    pub unsafe_names: Vec<String>,
}

/// What a preflight granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whose entries.
    pub scope: EntryScope,
    /// Is the credentials mode "include"?
    pub credentials: bool,
    /// Seconds.
    pub max_age: u64,
    /// Methods, `*` among them.
    pub methods: Vec<String>,
    /// Header names, `*` among them.
    pub header_names: Vec<String>,
}

/// What the cache remembers.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheLookUp {
    /// All that was asked.
    Remembered,
    /// Not the method.
    MethodMiss {
        /// Which.
        method: String,
    },
    /// Not a header name.
    HeaderNameMiss {
        /// The first.
        name: String,
    },
}

impl Verdict for CacheLookUp {
    const ANCHOR: &'static str = "https://fetch.spec.whatwg.org/#concept-cache-match-method";
    fn blocks(&self) -> bool {
        false
    }
}

impl EntryScope {
    /// The scope of a request's entries.
    pub fn of(request: &Request) -> EntryScope {
        EntryScope {
            key: request.network_partition_key(),
            origin: request.serialize_origin(),
            url: request.current_url().clone(),
        }
    }
}

impl Question {
    /// What HTTP fetch step 4.1 asks of the cache for a request with these CORS-unsafe request-header names.
    pub fn of(request: &Request, unsafe_names: &[UnsafeName]) -> Question {
        let needs_permission = !request.method.is_cors_safelisted() || request.use_cors_preflight;
        Question {
            scope: EntryScope::of(request),
            credentials: request.credentials_mode == CredentialsMode::Include,
            method: needs_permission.then(|| request.method.clone()),
            unsafe_names: unsafe_names.iter().map(|unsafe_name| unsafe_name.name.clone()).collect(),
        }
    }
}

/// The cache: <https://fetch.spec.whatwg.org/#concept-cache>.
#[derive(Debug)]
pub struct CorsPreflightCache {
    scopes: HashMap<Arc<EntryScope>, Scope>,
    by_expiry: BTreeMap<Place, Address>,
    next: u64,
    cap: usize,
}

/// When an entry expires, and a number that makes the place its own.
type Place = (Timestamp, u64);

/// Where an entry stands.
#[derive(Debug)]
struct Address {
    scope: Arc<EntryScope>,
    kind: Kind,
    name: Arc<str>,
    credentials: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Method,
    HeaderName,
}

/// The entries of one scope: under each method or lower-case header name, one without and one with credentials.
#[derive(Debug, Default)]
struct Scope {
    methods: HashMap<Arc<str>, [Option<Place>; 2]>,
    header_names: HashMap<Arc<str>, [Option<Place>; 2]>,
}

impl Scope {
    fn entries(&self, kind: Kind) -> &HashMap<Arc<str>, [Option<Place>; 2]> {
        match kind {
            Kind::Method => &self.methods,
            Kind::HeaderName => &self.header_names,
        }
    }

    fn entries_mut(&mut self, kind: Kind) -> &mut HashMap<Arc<str>, [Option<Place>; 2]> {
        match kind {
            Kind::Method => &mut self.methods,
            Kind::HeaderName => &mut self.header_names,
        }
    }

    /// Name and credentials of each entry that matches and has not expired.
    fn matches<'a>(
        &'a self,
        kind: Kind,
        name: &'a str,
        credentials: bool,
        now: Timestamp,
    ) -> impl Iterator<Item = (&'a Arc<str>, bool)> + 'a {
        // DEPARTS: in the text `*` matches whoever matches the entry, so that a `*` said to a request with credentials,
        // which grants nothing, would let the next such request go without a preflight. Here `*` matches only
        // requests without credentials, as the answer's own steps have it.
        let wildcard =
            if credentials || (kind == Kind::HeaderName && is_non_wildcard(name)) { None } else { Some("*") };
        let wildcard = wildcard.filter(|&wildcard| wildcard != name);
        let entries = self.entries(kind);
        [Some(name), wildcard].into_iter().flatten().filter_map(|name| entries.get_key_value(name)).flat_map(
            move |(name, slots)| {
                // An entry with credentials is for everybody, one without for those who bring none.
                [true, false].into_iter().filter_map(move |with| match slots[usize::from(with)] {
                    Some((expiry, _)) if (with || !credentials) && expiry > now => Some((name, with)),
                    _ => None,
                })
            },
        )
    }
}

impl CorsPreflightCache {
    /// An empty cache that keeps at most `cap` entries.
    pub fn new(cap: usize) -> CorsPreflightCache {
        CorsPreflightCache { scopes: HashMap::new(), by_expiry: BTreeMap::new(), next: 0, cap }
    }

    /// How many entries there are, expired ones that nobody has met since among them.
    pub fn len(&self) -> usize {
        self.by_expiry.len()
    }

    /// Is there no entry?
    pub fn is_empty(&self) -> bool {
        self.by_expiry.is_empty()
    }

    /// <https://fetch.spec.whatwg.org/#concept-cache-match-method> and
    /// <https://fetch.spec.whatwg.org/#concept-cache-match-header>, for all that the question asks.
    pub fn look_up(&self, question: &Question, now: Timestamp) -> CacheLookUp {
        let scope = self.scopes.get(&question.scope);
        let remembered = |kind, name: &str| {
            scope.is_some_and(|scope| scope.matches(kind, name, question.credentials, now).next().is_some())
        };
        if let Some(method) = &question.method
            && !remembered(Kind::Method, method.as_str())
        {
            return CacheLookUp::MethodMiss { method: method.as_str().to_owned() };
        }
        match question.unsafe_names.iter().find(|name| !remembered(Kind::HeaderName, &lowercase(name))) {
            Some(name) => CacheLookUp::HeaderNameMiss { name: name.clone() },
            None => CacheLookUp::Remembered,
        }
    }

    /// Steps 7.12 to 7.15 of <https://fetch.spec.whatwg.org/#cors-preflight-fetch-0>: renews what matches, creates the rest.
    pub fn remember(&mut self, grant: &Grant, now: Timestamp) {
        self.expire(now);
        let expiry = Timestamp(now.0.saturating_add(grant.max_age.saturating_mul(1_000_000_000)));
        let scope = Arc::new(grant.scope.clone());
        for method in &grant.methods {
            self.renew_or_create(&scope, Kind::Method, method, grant.credentials, now, expiry);
        }
        for name in &grant.header_names {
            self.renew_or_create(&scope, Kind::HeaderName, &lowercase(name), grant.credentials, now, expiry);
        }
        // More than the cap: those that would expire first go first.
        while self.by_expiry.len() > self.cap {
            self.forget_first();
        }
    }

    /// <https://fetch.spec.whatwg.org/#concept-cache-clear>
    pub fn clear(&mut self, scope: &EntryScope) {
        if let Some(entries) = self.scopes.remove(scope) {
            for place in
                [entries.methods, entries.header_names].iter().flat_map(HashMap::values).flatten().flatten()
            {
                self.by_expiry.remove(place);
            }
        }
    }

    /// Forgets every entry for URLs of this host: it resolves elsewhere now, and who answers there has granted nothing.
    pub fn clear_host(&mut self, hostname: &str) {
        let scopes: Vec<Arc<EntryScope>> =
            self.scopes.keys().filter(|scope| scope.url.hostname() == hostname).cloned().collect();
        scopes.iter().for_each(|scope| self.clear(scope));
    }

    /// <https://fetch.spec.whatwg.org/#concept-cache-create-entry>
    ///
    /// Unless entries match: then they are renewed.
    fn renew_or_create(
        &mut self,
        scope: &Arc<EntryScope>,
        kind: Kind,
        name: &str,
        credentials: bool,
        now: Timestamp,
        expiry: Timestamp,
    ) {
        let entries = self.scopes.entry(scope.clone()).or_default();
        let mut renewed: Vec<(Arc<str>, bool)> =
            entries.matches(kind, name, credentials, now).map(|(name, with)| (name.clone(), with)).collect();
        if renewed.is_empty() {
            renewed.push((name.into(), credentials));
        }
        for (name, with) in renewed {
            // NB: renewing sets max-age, and the seconds are counted from now: an answer speaks of its own moment.
            self.next += 1;
            let place = (expiry, self.next);
            let slots = entries.entries_mut(kind).entry(name.clone()).or_default();
            if let Some(old) = slots[usize::from(with)].replace(place) {
                self.by_expiry.remove(&old);
            }
            self.by_expiry.insert(place, Address { scope: scope.clone(), kind, name, credentials: with });
        }
    }

    fn expire(&mut self, now: Timestamp) {
        while self.by_expiry.first_key_value().is_some_and(|(place, _)| place.0 <= now) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        let Some((_, Address { scope, kind, name, credentials })) = self.by_expiry.pop_first() else {
            return;
        };
        let Some(entries) = self.scopes.get_mut(&scope) else { return };
        if let Some(slots) = entries.entries_mut(kind).get_mut(&name) {
            slots[usize::from(credentials)] = None;
            if slots.iter().all(Option::is_none) {
                entries.entries_mut(kind).remove(&name);
            }
        }
        if entries.methods.is_empty() && entries.header_names.is_empty() {
            self.scopes.remove(&scope);
        }
    }
}

fn is_non_wildcard(name: &str) -> bool {
    known_name(name.as_bytes()).is_cors_non_wildcard_request_header_name()
}

fn lowercase(name: &str) -> std::borrow::Cow<'_, str> {
    match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => name.to_ascii_lowercase().into(),
        false => name.into(),
    }
}

#[cfg(test)]
#[path = "cors_preflight_cache_tests.rs"]
mod tests;
