//! [`EventSource`](https://html.spec.whatwg.org/#the-eventsource-interface): its request, and what its stream says. States, events and
//! the wait before another try are the prelude's.
//!
//! The stream is read as script keeps up: no more is read while what was read waits for its events to be fired.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rquickjs::{Array, Ctx, Exception, Function, IntoJs, Object, Result, Value};
use sofetch::core::infrastructure::bodies::Body;
use sofetch::core::infrastructure::mime_types::extract_a_mime_type;
use sofetch::core::infrastructure::requests::{
    CacheMode, CredentialsMode, InitiatorType, Mode, Request as CoreRequest,
};
use sofetch::core::infrastructure::responses::Response as CoreResponse;
use sofetch::core::rulings::{Fetched, Reason};
use sofetch::engine::FetchController;
use sofetch::{AbortReason, Url};

use crate::event_stream::{EventStream, Message};
use crate::handles::Handle;
use crate::host::{Host, Plain, call_back};
use crate::ledger::{Charge, Ledger};
use crate::ops::bodies::next_chunk;
use crate::ops::{resource_timing, set};
use crate::values::{Text, new_list};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, event_source_new, event_source_connect, event_source_close);
    set!(ctx, ops, event_source_next, event_source_messages, event_source_stream);
    Ok(())
}

/// What stays the same from one connection to the next.
struct EventSource {
    url: Url,
    with_credentials: bool,
}

/// Steps 3 to 5 of the [constructor](https://html.spec.whatwg.org/#dom-eventsource): the source, and its URL.
fn event_source_new<'js>(ctx: Ctx<'js>, url: Text, with_credentials: bool) -> Result<Array<'js>> {
    let Some(url) = Host::of(&ctx).parse_url(&url.0) else {
        return Err(Exception::throw_dom(&ctx, "SyntaxError", "that is not a valid URL"));
    };
    let pair = new_list(&ctx)?;
    pair.set(1, url.href())?;
    pair.set(0, Handle::new(EventSource { url, with_credentials }).into_js(&ctx)?)?;
    Ok(pair)
}

/// A fetch of the stream, and where it is.
struct Connection {
    controller: Arc<FetchController>,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    stream: EventStream,
    /// What waits for its line or event to be whole is entered here.
    charge: Charge,
    entered: usize,
    /// `None` before the response, while somebody reads, and at the end.
    body: Option<Body>,
    /// Read, and not taken by script yet.
    messages: Vec<Message>,
}

impl Shared {
    /// Enters what waits now. NB: what grew is entered, and no more than that: what another thread crosses out is room again only once
    /// the thread of the scripts has looked.
    fn enter(&mut self, ledger: &Arc<Ledger>) -> bool {
        let held = self.stream.held();
        if held < self.entered {
            self.charge = Charge::empty(ledger.clone());
            self.entered = 0;
        }
        let grown = self.charge.grow(held - self.entered);
        self.entered = held;
        grown
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// <https://html.spec.whatwg.org/#create-a-potential-cors-request> with the header and cache mode of an event source.
fn request_of(host: &Host, source: &EventSource, last_event_id: &str) -> CoreRequest {
    let client = host.page.as_ref().map(|page| page.client().clone());
    let mut request = CoreRequest::new(source.url.clone());
    request.owner = client.is_none();
    request.client = client;
    request.mode = Mode::Cors;
    request.credentials_mode =
        if source.with_credentials { CredentialsMode::Include } else { CredentialsMode::SameOrigin };
    request.use_url_credentials = true;
    request.cache_mode = CacheMode::NoStore;
    request.initiator_type = Some(InitiatorType::Other);
    request.header_list.set("Accept", "text/event-stream");
    if !last_event_id.is_empty() {
        request.header_list.set("Last-Event-ID", last_event_id.to_owned());
    }
    request
}

/// How an attempt to connect ends.
enum Connected {
    /// [Announce the connection](https://html.spec.whatwg.org/#announce-the-connection): its final URL's origin, and what is to be read.
    Announce(String, Body),
    /// [Reestablish the connection](https://html.spec.whatwg.org/#reestablish-the-connection): the next attempt may have more luck.
    Reestablish,
    /// [Fail the connection](https://html.spec.whatwg.org/#fail-the-connection).
    Fail,
}

/// What becomes of a response, or of a network error.
fn judge(fetched: Fetched) -> Connected {
    let mut response = match fetched {
        Ok(response) => response,
        // What the rules refuse they will refuse again; an abort is meant, but for a limit of time.
        Err(error) => {
            return match error.reason() {
                Reason::Aborted(AbortReason::TimeoutError) => Connected::Reestablish,
                Reason::Ruling(_) | Reason::Aborted(_) | Reason::Terminated => Connected::Fail,
                _ => Connected::Reestablish,
            };
        }
    };
    if response.status() != 200 || !is_event_stream(&response) {
        return Connected::Fail;
    }
    let origin = response.internal().url().map(|url| url.origin().serialize()).unwrap_or_default();
    let body = response.internal_mut().body.take();
    Connected::Announce(origin, body.unwrap_or_else(|| Body::from_bytes(bytes::Bytes::new())))
}

/// Whatever its parameters say.
fn is_event_stream(response: &CoreResponse) -> bool {
    extract_a_mime_type(&response.internal().header_list)
        .is_ok_and(|mime_type| mime_type.essence() == "text/event-stream")
}

/// Fetches the stream: its connection. Later the function is called, with the origin of the final URL where the connection is to be
/// announced, else with whether it is to be reestablished.
fn event_source_connect<'js>(
    ctx: Ctx<'js>,
    source: Handle,
    last_event_id: Text,
    connected: Function<'js>,
) -> Result<Handle> {
    let host = Host::of(&ctx);
    let request = request_of(&host, &*source.get::<EventSource>(&ctx)?, &last_event_id.0);
    let callbacks = resource_timing::callbacks(&host, &request);
    let controller = FetchController::new();
    let shared = Shared {
        stream: EventStream::new(last_event_id.0.into()),
        charge: Charge::empty(host.ledger.clone()),
        entered: 0,
        body: None,
        messages: Vec::new(),
    };
    let shared = Arc::new(Mutex::new(shared));
    let (agent, its_controller, its_shared) = (host.agent.clone(), controller.clone(), shared.clone());
    call_back(&ctx, connected.clone(), connected, async move {
        let fetched = agent.fetch_core(Box::new(request), callbacks, its_controller.clone()).await;
        Ok(match fetched.map_or(Connected::Fail, judge) {
            Connected::Announce(origin, body) => {
                lock(&its_shared).body = Some(body);
                Plain::Text(origin)
            }
            Connected::Reestablish => Plain::Bool(true),
            Connected::Fail => Plain::Bool(false),
        })
    });
    Ok(Handle::new(Connection { controller, shared }))
}

/// Ends the fetch, whatever it was doing.
fn event_source_close(ctx: Ctx<'_>, connection: Handle) -> Result<()> {
    let connection = connection.get::<Connection>(&ctx)?;
    connection.controller.terminate();
    lock(&connection.shared).body = None;
    Ok(())
}

/// Reads on. Later the function is called: with `"messages"` once there are some; with `"end"` where the stream has ended or broken
/// off, and `"tooMuch"` where more has no end than is kept.
fn event_source_next<'js>(ctx: Ctx<'js>, connection: Handle, came: Function<'js>) -> Result<()> {
    let ledger = Host::of(&ctx).ledger.clone();
    let shared = connection.get::<Connection>(&ctx)?.shared.clone();
    call_back(
        &ctx,
        came.clone(),
        came,
        async move { Ok(Plain::Text(read(&shared, &ledger).await.to_owned())) },
    );
    Ok(())
}

async fn read(shared: &Mutex<Shared>, ledger: &Arc<Ledger>) -> &'static str {
    let Some(mut body) = lock(shared).body.take() else { return "end" };
    loop {
        let Some(Ok(chunk)) = next_chunk(&mut body).await else { return "end" };
        let mut shared = lock(shared);
        let Ok(messages) = shared.stream.push(&chunk) else { return "tooMuch" };
        if !shared.enter(ledger) {
            return "tooMuch";
        }
        if !messages.is_empty() {
            shared.messages = messages;
            shared.body = Some(body);
            return "messages";
        }
    }
}

/// What was read: of each message its type (which may be empty), its data and its last event ID, one after the other.
fn event_source_messages<'js>(ctx: Ctx<'js>, connection: Handle) -> Result<Array<'js>> {
    let messages = std::mem::take(&mut lock(&connection.get::<Connection>(&ctx)?.shared).messages);
    let list = new_list(&ctx)?;
    let mut last: Option<(Arc<str>, Value<'js>)> = None;
    for message in messages {
        // One string for all events that share it.
        let id = match last.take() {
            Some((id, string)) if Arc::ptr_eq(&id, &message.last_event_id) => string,
            _ => (&*message.last_event_id).into_js(&ctx)?,
        };
        let at = list.len();
        list.set(at, message.event_type)?;
        list.set(at + 1, message.data)?;
        list.set(at + 2, id.clone())?;
        last = Some((message.last_event_id, id));
    }
    Ok(list)
}

/// What the stream says of the next connection: its last event ID string, and the reconnection time if it asked for one.
fn event_source_stream<'js>(ctx: Ctx<'js>, connection: Handle) -> Result<Array<'js>> {
    let connection = connection.get::<Connection>(&ctx)?;
    let shared = lock(&connection.shared);
    let pair = new_list(&ctx)?;
    pair.set(0, shared.stream.last_event_id())?;
    pair.set(1, shared.stream.reconnection_time().map(|milliseconds| milliseconds as f64))?;
    Ok(pair)
}
