//! The calls of the page. Each takes a JSON document and answers with one; what is refused has a code in `error`, and a sentence
//! in `words` where one is known here. docs/lab.md lists them.

use std::sync::{Arc, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sofetch::core::fixes::Edit;
use sofetch_inspect::fix_texts::{SERVERS, server_named};
use sofetch_inspect::har_tape;
use tokio::sync::SemaphorePermit;

use crate::answers;
use crate::examples::examples;
use crate::exchanges::{Exchange, Showing, Told};
use crate::gate::{self, Gate};
use crate::ports::{Ask, NotImported};
use crate::server::{Refusal, Shared, impossible, refused};

type Lab = State<Arc<Shared>>;
type Answer = Result<Response, Refusal>;

/// `enter`: the token, for the link that opens once. It comes where the token does.
pub(crate) async fn enter(State(lab): Lab, headers: HeaderMap) -> Answer {
    let mut once = lab.once.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(link) = once.as_ref() else {
        return Err(refused(StatusCode::FORBIDDEN, "link-used"));
    };
    match gate::for_call(&headers, &lab.authorities, link) {
        Gate::Open => {
            *once = None;
            Ok(json(json!({ "token": lab.token.text() })))
        }
        other => Err(refused(StatusCode::FORBIDDEN, other.code())),
    }
}

/// `about`: what there is to begin with.
pub(crate) async fn about(State(lab): Lab, body: Bytes) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    let Nothing {} = document(&body)?;
    let embedded = lab.ports.embedded();
    let servers: Vec<Value> = embedded
        .iter()
        .map(|(host, port, address)| json!({ "host": host, "port": port, "address": address.to_string() }))
        .collect();
    Ok(json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "servers": servers,
        "configurations": SERVERS.iter().map(|server| json!([server.name, server.title])).collect::<Vec<_>>(),
        "examples": examples(!embedded.is_empty()),
    })))
}

/// `run`: the fetch, for real.
pub(crate) async fn run(State(lab): Lab, body: Bytes) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Run {
        ask: Ask,
        /// Is it sent although it may change something?
        #[serde(default)]
        send: bool,
        #[serde(default)]
        server: String,
    }
    let Run { ask, send, server } = document(&body)?;
    let showing = showing(&lab, &server)?;
    let _turn = turn(&lab)?;
    let made = lab.ports.make(&ask, send).map_err(impossible)?;
    let (exchange, told) =
        Exchange::run(made, showing).await.map_err(|error| impossible(lab.ports.words(&error)))?;
    Ok(kept(&lab, exchange, told, None))
}

/// `replay`: the same fetch with these edits of what was answered. Nothing is sent.
pub(crate) async fn replay(State(lab): Lab, body: Bytes) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Replay {
        exchange: u64,
        edits: Vec<Edit>,
        #[serde(default)]
        server: String,
    }
    let Replay { exchange, edits, server } = document(&body)?;
    let showing = showing(&lab, &server)?;
    answers::check(&edits).map_err(|why| refused(StatusCode::UNPROCESSABLE_ENTITY, why.code()))?;
    let kept = lab.exchange(exchange).ok_or_else(|| refused(StatusCode::GONE, "no-such-exchange"))?;
    let _turn = turn(&lab)?;
    let told = kept.replay(edits, showing).await.map_err(|error| impossible(lab.ports.words(&error)))?;
    Ok(json(json!({ "story": told.story, "answers": told.answers })))
}

/// `import`: the request of a text. Where that has answers too, they are replayed: nothing is sent.
pub(crate) async fn import(State(lab): Lab, body: Bytes) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Import {
        text: String,
        /// From 1.
        #[serde(default)]
        entry: Option<usize>,
        /// Who asks, where the text does not tell.
        #[serde(default)]
        origin: String,
        #[serde(default)]
        server: String,
    }
    let Import { text, entry, origin, server } = document(&body)?;
    let showing = showing(&lab, &server)?;
    let _turn = turn(&lab)?;
    let imported = match lab.ports.import(&text, entry) {
        Ok(imported) => imported,
        Err(NotImported::Fault(words)) => return Err(impossible(words)),
        Err(NotImported::Several(requests)) => return Ok(json(json!({ "several": requests }))),
    };
    let mut ask = imported.ask;
    if ask.origin.is_empty() {
        ask.origin = origin;
    }
    let mut notes = imported.notes;
    let tape = serde_json::from_str(&text).ok().and_then(|document: Value| {
        // NB: an entry that is not chosen is the only one.
        har_tape(&document, entry.unwrap_or(1).checked_sub(1)?)
    });
    let Some(tape) = tape else { return Ok(json(json!({ "ask": ask, "notes": notes }))) };
    let made = match lab.ports.make(&ask, false) {
        Ok(made) => made,
        Err(words) => {
            notes.push(words);
            return Ok(json(json!({ "ask": ask, "notes": notes })));
        }
    };
    let exchange = Exchange::of_tape(made, tape);
    let told = exchange.replay(Vec::new(), showing).await;
    let told = told.map_err(|error| impossible(lab.ports.words(&error)))?;
    Ok(kept(&lab, exchange, told, Some((ask, notes))))
}

/// `har`: a recorded exchange, as other tools read it.
pub(crate) async fn export(State(lab): Lab, body: Bytes) -> Answer {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Export {
        exchange: u64,
    }
    let Export { exchange } = document(&body)?;
    let kept = lab.exchange(exchange).ok_or_else(|| refused(StatusCode::GONE, "no-such-exchange"))?;
    let har = kept.to_har(lab.secrets).ok_or_else(|| refused(StatusCode::CONFLICT, "not-recorded"))?;
    Ok(json(har))
}

/// An exchange as the page takes it; with what was imported, if it was.
fn kept(lab: &Shared, exchange: Exchange, told: Told, imported: Option<(Ask, Vec<String>)>) -> Response {
    let exchange = Arc::new(exchange);
    let mut notes = exchange.notes().to_vec();
    let mut document = json!({
        "exchange": lab.keep(exchange.clone()),
        "url": exchange.url(),
        "story": told.story,
        "answers": told.answers,
        "embedded": exchange.embedded(),
    });
    if let Some((ask, said)) = imported {
        notes.splice(0..0, said);
        document["ask"] = json!(ask);
    }
    document["notes"] = json!(notes);
    json(document)
}

/// As whose configuration changes are written; an empty name is for the server that answered.
fn showing(lab: &Shared, server: &str) -> Result<Showing, Refusal> {
    let named = server_named(server);
    if named.is_none() && !server.is_empty() {
        return Err(refused(StatusCode::BAD_REQUEST, "not-understood"));
    }
    Ok(Showing { secrets: lab.secrets, server: named })
}

/// A place among those that fetch or replay.
fn turn(lab: &Shared) -> Result<SemaphorePermit<'_>, Refusal> {
    lab.calls.try_acquire().map_err(|_| refused(StatusCode::TOO_MANY_REQUESTS, "busy"))
}

fn document<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    // NB: what is wrong with it is told to nobody: the page writes no other documents than these.
    serde_json::from_slice(body).map_err(|_| refused(StatusCode::BAD_REQUEST, "not-understood"))
}

fn json(value: Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}
