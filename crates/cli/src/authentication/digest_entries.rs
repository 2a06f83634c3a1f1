//! [`DigestEntries`]: answers the challenges of servers with Digest, and remembers for each origin what it said last.
//!
//! A password goes nowhere but into hashes, and answers go only to the origin that was typed: neither to another that it
//! redirects to, nor back to it from there.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sofetch::core::infrastructure::bodies::BodySource;
use sofetch::core::infrastructure::requests::Request;
use sofetch::core::infrastructure::responses::Response;
use sofetch::core::ports::{Answer, AuthenticationEntries, Random};
use sofetch::net::SystemRandom;
use sofetch::{Bytes, Url};

use super::Secret;
use super::challenges::{challenges, parameters};
use super::digest::{Asked, DigestSession, hexadecimal, is_stale};

/// A batch may meet very many servers: beyond this the older ones are asked anew.
const ORIGINS: usize = 1_000;

/// How often in a row a server may say that its nonce is stale already.
const STALE: u32 = 5;

/// The sessions of a run.
pub(crate) struct DigestEntries {
    secret: Secret,
    random: SystemRandom,
    sessions: Mutex<HashMap<String, Known>>,
}

struct Known {
    session: DigestSession,
    stale: u32,
}

impl DigestEntries {
    pub(crate) fn new(secret: Secret, random: SystemRandom) -> DigestEntries {
        DigestEntries { secret, random, sessions: Mutex::default() }
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, request: &Request, response: &Response, is_authentication_fetch: bool) -> Option<()> {
        let origin = origin_of(request)?;
        let header = response.internal().header_list.get("WWW-Authenticate")?;
        let challenges = challenges(&header);
        let mut sessions = self.sessions();
        let stale = match sessions.get(&origin) {
            // The password was refused; or the server never has enough.
            Some(known) if is_authentication_fetch => {
                (known.stale < STALE && is_stale(&challenges)).then_some(known.stale + 1)
            }
            _ => (!is_authentication_fetch).then_some(0),
        }?;
        let (username, password) = self.secret.of(request.current_url())?;
        let mut seed = [0; 16];
        self.random.fill(&mut seed);
        let session = DigestSession::new(&challenges, &username, &password, &hexadecimal(&seed))?;
        if sessions.len() >= ORIGINS && !sessions.contains_key(&origin) {
            sessions.clear();
        }
        sessions.insert(origin, Known { session, stale });
        Some(())
    }

    fn answer(&self, request: &Request) -> Option<Bytes> {
        let origin = origin_of(request)?;
        let mut sessions = self.sessions();
        let known = sessions.get_mut(&origin)?;
        let body = match request.body.as_ref().map(|body| &body.source) {
            None => Some(&b""[..]),
            Some(BodySource::Bytes(bytes)) => Some(&bytes[..]),
            Some(_) => None,
        };
        let target = target_of(request.current_url());
        let asked = Asked { method: request.method.as_str(), target: &target, body };
        known.session.authorization(&asked).map(Bytes::from)
    }
}

impl AuthenticationEntries for DigestEntries {
    fn entry<'a>(&'a self, request: &'a Request) -> Answer<'a, Option<Bytes>> {
        Answer::ready(self.answer(request))
    }

    fn create<'a>(&'a self, request: &'a Request, response: &'a Response) -> Answer<'a, ()> {
        let internal = response.internal();
        if internal.status != 401
            && let Some(origin) = origin_of(request)
            && let Some(known) = self.sessions().get_mut(&origin)
        {
            known.stale = 0;
            let told = internal.header_list.get("Authentication-Info").map(|value| parameters(&value));
            if let Some(nonce) = told.as_ref().and_then(|told| told.named("nextnonce")) {
                known.session.take_nonce(nonce);
            }
        }
        Answer::ready(())
    }

    fn answers_challenge<'a>(
        &'a self,
        request: &'a Request,
        response: &'a Response,
        is_authentication_fetch: bool,
    ) -> Answer<'a, bool> {
        Answer::ready(self.learn(request, response, is_authentication_fetch).is_some())
    }
}

/// The origin that was typed; `None` once a redirect led elsewhere, also where another led back.
fn origin_of(request: &Request) -> Option<String> {
    let origin = request.current_url().origin();
    request.url_list().iter().all(|url| url.origin().same_origin(&origin)).then(|| origin.serialize())
}

/// The request target in origin-form.
fn target_of(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}
