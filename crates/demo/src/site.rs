//! The world of the demonstrations: a page's origin and an API's origin, with a route for each thing that can happen.
//!
//! A script of `https://javascript.info` fetches from `https://site.com`. Both names are others' outside this world:
//! a client must map them to the ports that [`World::addresses`] says, and trust [`World::ca_pem`].

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::authority::CertificateAuthority;
use crate::changes::AnswerChange;
use crate::decisions::Decision;
use crate::gzip::gzip;
use crate::reply::Reply;
use crate::request_seen::RequestSeen;
use crate::routes::{API_ROUTES, PAGE_ROUTES, Route, RouteAnswer, RouteBody};
use crate::server::{Server, ServerConfig, answering};

/// The host whose pages fetch.
pub const PAGE_HOST: &str = "javascript.info";
/// The origin of those pages.
pub const PAGE_ORIGIN: &str = "https://javascript.info";
/// The host that they fetch from.
pub const API_HOST: &str = "site.com";
/// Its origin.
pub const API_ORIGIN: &str = "https://site.com";

/// Both origins, running.
#[derive(Debug)]
pub struct World {
    /// The authority that both certificates are signed by.
    pub authority: CertificateAuthority,
    /// `https://javascript.info`
    pub page: Server,
    /// `https://site.com`
    pub api: Server,
    shared: Arc<Shared>,
}

/// What both servers and their owner see.
#[derive(Debug, Default)]
struct Shared {
    gate: Arc<Notify>,
    changes: Mutex<Vec<AnswerChange>>,
}

impl World {
    /// Makes an authority, two identities, and starts both servers.
    pub fn start() -> io::Result<World> {
        let authority = CertificateAuthority::new()?;
        let shared = Arc::new(Shared::default());
        let serve = |host: &'static str, routes: &'static [Route]| {
            let shared = shared.clone();
            let handler = answering(move |request| {
                shared.changed(host, request, answer(routes, request, &shared.gate))
            });
            Server::start(ServerConfig::https(authority.issue(&[host])?, handler))
        };
        let (page, api) = (serve(PAGE_HOST, PAGE_ROUTES)?, serve(API_HOST, API_ROUTES)?);
        Ok(World { authority, page, api, shared })
    }

    /// The authority's certificate, for `--cacert`.
    pub fn ca_pem(&self) -> &str {
        self.authority.pem()
    }

    /// Each host name and port of this world, and where it listens in truth.
    pub fn addresses(&self) -> [(&'static str, u16, SocketAddr); 2] {
        [(PAGE_HOST, 443, self.page.address()), (API_HOST, 443, self.api.address())]
    }

    /// Lets a gated body go on: the one that waits, else the next.
    pub fn open_gate(&self) {
        self.shared.gate.notify_one();
    }

    /// Changes what a route answers from now on.
    pub fn change(&self, change: AnswerChange) {
        self.shared.changes.lock().unwrap_or_else(PoisonError::into_inner).push(change);
    }
}

impl Shared {
    /// The reply with all changes that are for this request.
    fn changed(&self, host: &str, request: &RequestSeen, reply: Reply) -> Reply {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let are_for = |change: &&AnswerChange| {
            change.host == host && change.method == request.method && change.path == request.path()
        };
        changes.iter().filter(are_for).fold(reply, |reply, change| change.edit.apply(reply))
    }
}

fn answer(routes: &[Route], request: &RequestSeen, gate: &Arc<Notify>) -> Reply {
    let Some(route) = routes.iter().find(|route| route.path == request.path()) else {
        return Reply::new(404).header("Content-Type", "text/plain").body("There is nothing here.\n");
    };
    let takes =
        |answer: &&RouteAnswer| answer.methods.is_empty() || answer.methods.contains(&&*request.method);
    match route.answers.iter().find(takes) {
        Some(answer) => answer.reply(request, gate),
        None => Reply::new(405).header("Allow", allowed(route)),
    }
}

fn allowed(route: &Route) -> String {
    let methods: Vec<&str> = route.answers.iter().flat_map(|answer| answer.methods).copied().collect();
    methods.join(", ")
}

impl RouteAnswer {
    fn reply(&self, request: &RequestSeen, gate: &Arc<Notify>) -> Reply {
        let reply = Reply::new(self.status).headers(self.headers);
        match self.body {
            RouteBody::Empty => reply,
            RouteBody::Text(text) => reply.body(text),
            RouteBody::Gzip(text) => {
                reply.body(gzip(text.as_bytes()).expect("the texts of this file are short"))
            }
            RouteBody::Slow(pieces) => pieces.iter().fold(reply.chunked(), |reply, &piece| {
                let reply =
                    if reply.body.is_empty() { reply } else { reply.pause(Duration::from_millis(300)) };
                reply.piece(piece)
            }),
            RouteBody::Decided(decide) => match decide(request) {
                Decision::Done(body) => reply.body(body),
                Decision::Not(status, body) => reply.status_of(status).body(body),
            },
            RouteBody::Never => Reply::hang(),
            RouteBody::Gated(before, after) => reply.chunked().piece(before).wait(gate).piece(after),
        }
    }
}
