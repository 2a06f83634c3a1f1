//! The ports that no network is: each in memory, a few lines, and each able to wait for a gate.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use sofetch_core::hsts::{HstsHosts, HstsMatch};
use sofetch_core::infrastructure::blobs::BlobUrlEntry;
use sofetch_core::infrastructure::clients::NetworkPartitionKey;
use sofetch_core::infrastructure::header_list::HeaderList;
use sofetch_core::infrastructure::requests::Request;
use sofetch_core::infrastructure::responses::Response;
use sofetch_core::infrastructure::timing::{Timestamp, WallTime};
use sofetch_core::infrastructure::url::Url;
use sofetch_core::ports::{
    Answer, AuthenticationEntries, BlobUrls, CookieStore, CredentialsPrompt, Files, Freshness, HandledFetch,
    HstsStore, HttpCache, OverrideFetch, PreflightCache, Prompt, Report, Reports, ServiceWorkers,
    StoredResponse,
};
use sofetch_core::rules::cors_preflight_cache::{
    CacheLookUp, CorsPreflightCache, EntryScope, Grant, Question,
};
use sofetch_core::rules::request_headers::basic_authorization;
use sofetch_core::rulings::Fetched;
use sofetch_testkit::Gate;

/// Which port waits, and for what; the others answer at once.
#[derive(Clone, Default)]
pub(crate) struct Slow(Option<(&'static str, Gate)>);

impl Slow {
    pub(crate) fn at(name: &'static str, gate: &Gate) -> Slow {
        Slow(Some((name, gate.clone())))
    }

    fn answer<'a, T: Send + Unpin + 'a>(
        &self,
        name: &'static str,
        value: impl FnOnce() -> T + Send + 'a,
    ) -> Answer<'a, T> {
        match &self.0 {
            Some((slow, gate)) if *slow == name => {
                let gate = gate.clone();
                Answer::later(async move {
                    gate.passed().await;
                    value()
                })
            }
            _ => Answer::ready(value()),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no test goes on after a panic")
}

pub(crate) struct Preflights(Mutex<CorsPreflightCache>, Slow);

impl Preflights {
    pub(crate) fn new(slow: &Slow) -> Preflights {
        Preflights(Mutex::new(CorsPreflightCache::new(100)), slow.clone())
    }
}

impl PreflightCache for Preflights {
    fn look_up<'a>(&'a self, question: &'a Question, now: Timestamp) -> Answer<'a, CacheLookUp> {
        self.1.answer("preflight-look-up", move || lock(&self.0).look_up(question, now))
    }
    fn remember<'a>(&'a self, grant: &'a Grant, now: Timestamp) -> Answer<'a, ()> {
        self.1.answer("preflight-remember", move || lock(&self.0).remember(grant, now))
    }
    fn clear<'a>(&'a self, scope: &'a EntryScope) -> Answer<'a, ()> {
        lock(&self.0).clear(scope);
        Answer::ready(())
    }
}

/// Cookies by host: `name=value`, no attributes.
#[derive(Default)]
pub(crate) struct Cookies(Mutex<HashMap<String, Vec<String>>>, Slow);

impl Cookies {
    pub(crate) fn new(slow: &Slow) -> Cookies {
        Cookies(Mutex::default(), slow.clone())
    }
    pub(crate) fn with(self, host: &str, cookie: &str) -> Cookies {
        lock(&self.0).entry(host.to_owned()).or_default().push(cookie.to_owned());
        self
    }
}

impl CookieStore for Cookies {
    fn cookie_header<'a>(&'a self, request: &'a Request, _: WallTime) -> Answer<'a, Option<Bytes>> {
        self.1.answer("cookie-header", move || {
            let cookies = lock(&self.0);
            cookies.get(request.current_url().hostname()).map(|cookies| cookies.join("; ").into())
        })
    }
    fn store_set_cookie<'a>(
        &'a self,
        request: &'a Request,
        response: &'a HeaderList,
        _: WallTime,
    ) -> Answer<'a, ()> {
        self.1.answer("set-cookie", move || {
            for value in response.get_all("Set-Cookie") {
                let text = String::from_utf8_lossy(value);
                let cookie = text.split(';').next().unwrap_or_default().to_owned();
                let host = request.current_url().hostname().to_owned();
                lock(&self.0).entry(host).or_default().push(cookie);
            }
        })
    }
}

pub(crate) struct Hsts(Mutex<HstsHosts>, Slow);

impl Hsts {
    pub(crate) fn new(slow: &Slow) -> Hsts {
        Hsts(Mutex::new(HstsHosts::new(100)), slow.clone())
    }
    pub(crate) fn knows(self, host: &str, header: &str) -> Hsts {
        lock(&self.0).note(host, header.as_bytes(), sofetch_testkit::clock::WALL_START);
        self
    }
}

impl HstsStore for Hsts {
    fn is_known_host(&self, host: &str, now: WallTime) -> Answer<'_, HstsMatch> {
        let host = host.to_owned();
        self.1.answer("hsts-look-up", move || lock(&self.0).matches(&host, now))
    }
    fn note<'a>(&'a self, host: &'a str, header: &'a [u8], now: WallTime) -> Answer<'a, ()> {
        self.1.answer("hsts-note", move || drop(lock(&self.0).note(host, header, now)))
    }
}

/// Authentication entries by origin.
#[derive(Default)]
pub(crate) struct Entries(pub(crate) Mutex<HashMap<String, Bytes>>, Slow);

impl Entries {
    pub(crate) fn new(slow: &Slow) -> Entries {
        Entries(Mutex::default(), slow.clone())
    }
    pub(crate) fn with(self, origin: &str, value: &'static str) -> Entries {
        lock(&self.0).insert(origin.to_owned(), value.into());
        self
    }
}

impl AuthenticationEntries for Entries {
    fn entry<'a>(&'a self, request: &'a Request) -> Answer<'a, Option<Bytes>> {
        self.1
            .answer("entry", move || lock(&self.0).get(&request.current_url().origin().serialize()).cloned())
    }
    fn create<'a>(&'a self, request: &'a Request, response: &'a Response) -> Answer<'a, ()> {
        self.1.answer("entry-create", move || {
            let url = request.current_url();
            if response.internal().status != 401 && url.includes_credentials() {
                lock(&self.0).insert(url.origin().serialize(), basic_authorization(url));
            }
        })
    }
}

/// A cache that stores every 200 to a GET unless it says `no-store`; how fresh it is the test says.
#[derive(Default)]
pub(crate) struct Cache {
    stored: Mutex<HashMap<(NetworkPartitionKey, String), Response>>,
    freshness: Mutex<HashMap<String, Freshness>>,
    /// What was asked of it.
    pub(crate) calls: Mutex<Vec<String>>,
    slow: Slow,
}

impl Cache {
    pub(crate) fn new(slow: &Slow) -> Cache {
        Cache { slow: slow.clone(), ..Cache::default() }
    }
    /// What is stored of this URL is as fresh as that.
    pub(crate) fn is(&self, url: &str, freshness: Freshness) {
        lock(&self.freshness).insert(url.to_owned(), freshness);
    }
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.calls))
    }
    fn call(&self, what: &str, request: &Request) {
        lock(&self.calls).push(format!("{what} {}", request.current_url()));
    }
}

fn key(partition: &NetworkPartitionKey, request: &Request) -> (NetworkPartitionKey, String) {
    (partition.clone(), request.current_url().href_without_fragment().to_owned())
}

impl HttpCache for Cache {
    fn select<'a>(
        &'a self,
        partition: &'a NetworkPartitionKey,
        request: &'a Request,
        _: WallTime,
    ) -> Answer<'a, Option<StoredResponse>> {
        self.call("select", request);
        self.slow.answer("cache-select", move || {
            if request.method.as_str() != "GET" {
                return None;
            }
            let response = lock(&self.stored).get_mut(&key(partition, request))?.clone_response();
            let known = lock(&self.freshness).get(request.current_url().href()).copied();
            Some(StoredResponse { response, freshness: known.unwrap_or(Freshness::Fresh) })
        })
    }
    fn store<'a>(
        &'a self,
        partition: &'a NetworkPartitionKey,
        request: &'a Request,
        response: &'a mut Response,
        _: WallTime,
    ) -> Answer<'a, ()> {
        let internal = response.internal();
        let no_store = internal.header_list.get("Cache-Control").is_some_and(|value| *value == *b"no-store");
        if internal.status == 200 && request.method.as_str() == "GET" && !no_store {
            self.call("store", request);
            let copy = response.clone_response();
            return self.slow.answer("cache-store", move || {
                lock(&self.stored).insert(key(partition, request), copy);
            });
        }
        self.call("pass over", request);
        Answer::ready(())
    }
    fn freshen<'a>(
        &'a self,
        _: &'a NetworkPartitionKey,
        request: &'a Request,
        mut stored: Response,
        validated_by: &'a Response,
        _: WallTime,
    ) -> Answer<'a, Response> {
        self.call("freshen", request);
        self.slow.answer("cache-freshen", move || {
            for header in validated_by.internal().header_list.iter() {
                let name = String::from_utf8_lossy(header.name()).into_owned();
                let value = header.value().clone();
                stored.internal_mut().header_list.set(name.into_bytes(), value);
            }
            lock(&self.freshness).insert(request.current_url().href().to_owned(), Freshness::Fresh);
            stored
        })
    }
    fn invalidate<'a>(
        &'a self,
        partition: &'a NetworkPartitionKey,
        request: &'a Request,
        _: &'a Response,
    ) -> Answer<'a, ()> {
        self.call("invalidate", request);
        self.slow.answer("cache-invalidate", move || {
            lock(&self.stored).remove(&key(partition, request));
        })
    }
}

/// Answers in turn; asked once more, it gives nothing.
#[derive(Default)]
pub(crate) struct Asked {
    answers: Mutex<Vec<(String, String)>>,
    /// URL and challenge of each question.
    pub(crate) questions: Mutex<Vec<String>>,
    slow: Slow,
}

impl Asked {
    pub(crate) fn new(slow: &Slow, answers: &[(&str, &str)]) -> Asked {
        let answers = answers.iter().rev().map(|(user, word)| (user.to_string(), word.to_string())).collect();
        Asked { answers: Mutex::new(answers), questions: Mutex::default(), slow: slow.clone() }
    }
}

impl Prompt for Asked {
    fn credentials<'a>(&'a self, ask: CredentialsPrompt<'a>) -> Answer<'a, Option<(String, String)>> {
        let challenge = String::from_utf8_lossy(ask.challenge);
        lock(&self.questions).push(format!("{}: {challenge}", ask.url));
        self.slow.answer("prompt", move || lock(&self.answers).pop())
    }
}

type Handler = Box<dyn Fn(Request) -> HandledFetch + Send + Sync>;

/// One worker that handles everything.
pub(crate) struct Worker(Handler, Slow);

impl Worker {
    pub(crate) fn new(
        slow: &Slow,
        handler: impl Fn(Request) -> HandledFetch + Send + Sync + 'static,
    ) -> Worker {
        Worker(Box::new(handler), slow.clone())
    }
}

impl ServiceWorkers for Worker {
    fn may_handle(&self, _: &Request) -> bool {
        true
    }
    fn handle_fetch(&self, request: Request) -> Answer<'_, HandledFetch> {
        self.1.answer("handle-fetch", move || (self.0)(request))
    }
}

type Door = Box<dyn Fn(&Request) -> Option<Fetched> + Send + Sync>;

/// Answers instead of everybody, where it wants.
pub(crate) struct Override(Door, Slow);

impl Override {
    pub(crate) fn new(
        slow: &Slow,
        door: impl Fn(&Request) -> Option<Fetched> + Send + Sync + 'static,
    ) -> Override {
        Override(Box::new(door), slow.clone())
    }
}

impl OverrideFetch for Override {
    fn potentially_override_response<'a>(&'a self, request: &'a Request) -> Answer<'a, Option<Fetched>> {
        self.1.answer("override", move || (self.0)(request))
    }
}

/// Files by path.
pub(crate) struct Folder(pub(crate) HashMap<&'static str, &'static str>, pub(crate) Slow);

impl Files for Folder {
    fn read<'a>(&'a self, request: &'a Request) -> Answer<'a, Option<Response>> {
        self.1.answer("file", move || {
            let text = self.0.get(request.current_url().path())?;
            Some(super::common::answered(200, &[("Content-Type", "text/plain")], text))
        })
    }
}

/// Blob URLs.
#[derive(Default)]
pub(crate) struct Blobs(pub(crate) HashMap<String, Arc<BlobUrlEntry>>);

impl BlobUrls for Blobs {
    fn resolve(&self, url: &Url) -> Option<Arc<BlobUrlEntry>> {
        self.0.get(url.href_without_fragment()).cloned()
    }
}

/// Keeps what is reported.
#[derive(Default)]
pub(crate) struct Kept(pub(crate) Mutex<Vec<String>>);

impl Reports for Kept {
    fn queue(&self, report: Report) {
        lock(&self.0).push(format!("{} to {:?}: {:?}", report.kind, report.endpoint, report.body));
    }
}
