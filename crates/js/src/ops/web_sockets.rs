//! [`WebSocket`](https://websockets.spec.whatwg.org/#the-websocket-interface): its URL, its connection, and what passes between that and the prelude, which has the
//! states and events.
//!
//! A task of the io thread drives the connection. It reads no more while script has not taken what was read; what script sends is
//! entered in the ledger until it is on its way, and so is what waits for script.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use rquickjs::{Array, ArrayBuffer, Class, Ctx, Exception, FromJs, Function, IntoJs, Object, Result, Value};
use sofetch::UserAgent;
use sofetch::core::infrastructure::blobs::Blob;
use sofetch::core::infrastructure::requests::Request as CoreRequest;
use sofetch::core::infrastructure::web_sockets::{
    ABNORMAL_CLOSURE, WebSocketClosure, WebSocketConnection, WebSocketEvent, WebSocketMessage,
};
use sofetch::core::rules::web_sockets::{MAX_REASON, invalid_protocol, may_close_with};
use sofetch::engine::{ClientsLife, Established, FetchController};
use tokio::sync::{Notify, mpsc, watch};

use crate::handles::Handle;
use crate::host::{Host, Plain, call_back_on_the_side};
use crate::ledger::{Charge, Ledger, hold};
use crate::ops::{set, with_bytes};
use crate::values::{Data, Text, new_list};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, web_socket_open, web_socket_next, web_socket_take, web_socket_has_more, web_socket_keep);
    set!(ctx, ops, web_socket_send, web_socket_close, web_socket_fail, web_socket_transmitted);
    set!(ctx, ops, web_socket_is_sending, web_socket_may_close_with, web_socket_is_long);
    Ok(())
}

/// So many bytes may wait for script, and one message more.
const WAITING: usize = 1 << 20;

/// So many messages.
const WAITING_MESSAGES: usize = 256;

/// What a socket weighs in the ledger: the buffer that it reads into.
const WEIGHT: usize = 128 << 10;

/// What a message in a queue weighs besides its bytes.
const MESSAGE_WEIGHT: usize = 128;

/// <https://websockets.spec.whatwg.org/#garbage-collection>: what a socket says whose page goes away.
const GOING_AWAY: u16 = 1001;

/// What script holds. Dropped with the object, it leaves its task without orders, which then says goodbye.
struct Socket {
    orders: mpsc::UnboundedSender<Order>,
    shared: Arc<Shared>,
    /// Does the event loop live for it?
    is_kept: Cell<bool>,
    /// How much was transmitted when a task of the event loop first asked, and which task it was.
    transmitted: Cell<(u32, u64)>,
    _weight: Charge,
}

/// What script wants.
enum Order {
    Send(WebSocketMessage, Charge),
    Close(Option<u16>, String),
    /// <https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7>, before there is a connection; and what is
    /// [full](https://websockets.spec.whatwg.org/#flagged-as-full).
    Fail,
}

/// What the task and script both see.
#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// Something waits for script.
    came: Notify,
    /// Bytes that were given to the connection, and those that are on their way.
    given: AtomicU64,
    transmitted: AtomicU64,
    /// Is script to be told once all that was given is on its way?
    tells_when_sent: AtomicBool,
}

/// What waits for script.
#[derive(Default)]
struct Waiting {
    events: VecDeque<Event>,
    bytes: usize,
    /// The task, where it waits for room.
    task: Option<Waker>,
}

/// What script is told, each in a task of its own.
enum Event {
    Open {
        protocol: String,
        extensions: String,
    },
    Text(String, Charge),
    Binary(Bytes),
    Closing,
    /// Everything is on its way.
    Sent,
    Closed(WebSocketClosure),
}

impl Event {
    fn weight(&self) -> usize {
        match self {
            Event::Text(text, _) => text.len(),
            Event::Binary(bytes) => bytes.len(),
            _ => 0,
        }
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: Event) {
        let mut waiting = self.waiting();
        waiting.bytes += event.weight();
        waiting.events.push_back(event);
        drop(waiting);
        self.came.notify_one();
    }

    /// Is there room for another message? Where not, the waker is woken once there is.
    fn has_room(&self, context: &Context<'_>) -> bool {
        let mut waiting = self.waiting();
        let has_room = waiting.bytes <= WAITING && waiting.events.len() < WAITING_MESSAGES;
        waiting.task = (!has_room).then(|| context.waker().clone());
        has_room
    }

    fn take(&self) -> Option<Event> {
        let mut waiting = self.waiting();
        let event = waiting.events.pop_front()?;
        waiting.bytes -= event.weight();
        let has_room = waiting.bytes <= WAITING && waiting.events.len() < WAITING_MESSAGES;
        let task = if has_room { waiting.task.take() } else { None };
        drop(waiting);
        if let Some(task) = task {
            task.wake();
        }
        Some(event)
    }

    fn is_all_sent(&self) -> bool {
        self.transmitted.load(Ordering::Acquire) == self.given.load(Ordering::Acquire)
    }
}

/// Steps 1 to 11 of the [constructor](https://websockets.spec.whatwg.org/#dom-websocket-websocket): the socket, its URL, and that one's origin.
fn web_socket_open<'js>(ctx: Ctx<'js>, url: Text, protocols: Array<'js>) -> Result<Array<'js>> {
    let host = Host::of(&ctx);
    let syntax_error = |message: &str| Exception::throw_dom(&ctx, "SyntaxError", message);
    // 1 to 6.
    let Some(url) = host.parse_url(&url.0) else {
        return Err(syntax_error("that is not a valid URL"));
    };
    let (url, fetched) = match url.scheme() {
        "http" | "ws" => (url.with_scheme("ws"), url.with_scheme("http")),
        "https" | "wss" => (url.with_scheme("wss"), url.with_scheme("https")),
        _ => return Err(syntax_error("the scheme of a WebSocket's URL is ws or wss")),
    };
    // 7.
    if url.fragment().is_some() {
        return Err(syntax_error("the URL of a WebSocket has no fragment"));
    }
    // 8, 9.
    let protocols = protocols.iter::<Text>().map(|text| text.map(|Text(text)| text));
    let protocols: Vec<String> = protocols.collect::<Result<_>>()?;
    if invalid_protocol(&protocols).is_some() {
        return Err(syntax_error("a subprotocol is a token, and asked for once"));
    }
    // 11, 12.
    let weight = Charge::new(&ctx, WEIGHT)?;
    let client = host.page.as_ref().map(|page| page.client().clone());
    let mut request = CoreRequest::new(fetched);
    request.owner = client.is_none();
    request.client = client;
    let shared = Arc::<Shared>::default();
    let (orders, ordered) = mpsc::unbounded_channel();
    let task = Task {
        shared: shared.clone(),
        orders: ordered,
        going: host.going.subscribe(),
        ledger: host.ledger.clone(),
        charges: VecDeque::new(),
    };
    host.io.spawn(task.run(host.agent.clone(), request, protocols));
    let opened = new_list(&ctx)?;
    opened.set(1, url.href())?;
    opened.set(2, url.origin().serialize())?;
    let socket = Socket {
        orders,
        shared,
        is_kept: Cell::new(false),
        transmitted: Cell::new((host.task_number.get(), 0)),
        _weight: weight,
    };
    opened.set(0, Handle::new(socket).into_js(&ctx)?)?;
    Ok(opened)
}

/// Later the function is called, once something waits to be taken. The event loop does not live for that.
fn web_socket_next<'js>(ctx: Ctx<'js>, socket: Handle, came: Function<'js>) -> Result<()> {
    let shared = socket.get::<Socket>(&ctx)?.shared.clone();
    call_back_on_the_side(&ctx, came, async move {
        while shared.waiting().events.is_empty() {
            shared.came.notified().await;
        }
        Ok(Plain::Undefined)
    });
    Ok(())
}

fn web_socket_has_more(ctx: Ctx<'_>, socket: Handle) -> Result<bool> {
    Ok(!socket.get::<Socket>(&ctx)?.shared.waiting().events.is_empty())
}

/// What came next: its name, and what there is to say of it. Of bytes a blob where one is wanted, else an ArrayBuffer.
fn web_socket_take<'js>(ctx: Ctx<'js>, socket: Handle, as_blob: bool) -> Result<Option<Array<'js>>> {
    let Some(event) = socket.get::<Socket>(&ctx)?.shared.take() else { return Ok(None) };
    let said = new_list(&ctx)?;
    match event {
        Event::Open { protocol, extensions } => {
            said.set(0, "open")?;
            said.set(1, protocol)?;
            said.set(2, extensions)?;
        }
        Event::Text(text, _charge) => {
            said.set(0, "message")?;
            said.set(1, text)?;
            said.set(2, false)?;
        }
        Event::Binary(bytes) => {
            said.set(0, "message")?;
            said.set(
                1,
                match as_blob {
                    true => Handle::new(Blob::new(vec![bytes], "")).into_js(&ctx)?,
                    false => ArrayBuffer::new_copy(ctx.clone(), &bytes)?.into_js(&ctx)?,
                },
            )?;
            said.set(2, as_blob)?;
        }
        Event::Closing => said.set(0, "closing")?,
        Event::Sent => said.set(0, "sent")?,
        Event::Closed(closure) => {
            said.set(0, "close")?;
            said.set(1, closure.code)?;
            said.set(2, closure.reason)?;
            said.set(3, closure.was_clean)?;
            said.set(4, closure.failed)?;
        }
    }
    Ok(Some(said))
}

/// Lets the event loop live for the socket, or no longer.
fn web_socket_keep(ctx: Ctx<'_>, socket: Handle, keeps: bool) -> Result<()> {
    let socket = socket.get::<Socket>(&ctx)?;
    if socket.is_kept.replace(keeps) != keeps {
        let under_way = &Host::of(&ctx).under_way;
        under_way.set(if keeps { under_way.get() + 1 } else { under_way.get() - 1 });
    }
    Ok(())
}

/// Is anything that was sent not on its way yet? Then script is told once it is.
fn web_socket_is_sending(ctx: Ctx<'_>, socket: Handle) -> Result<bool> {
    let socket = socket.get::<Socket>(&ctx)?;
    // NB: in this order, so that one of the two sees what the other did.
    socket.shared.tells_when_sent.store(true, Ordering::SeqCst);
    let is_sending = !socket.shared.is_all_sent();
    if !is_sending {
        socket.shared.tells_when_sent.store(false, Ordering::SeqCst);
    }
    Ok(is_sending)
}

/// How many bytes were on their way when the event loop began with this task, or a little later.
fn web_socket_transmitted(ctx: Ctx<'_>, socket: Handle) -> Result<f64> {
    Ok(socket.get::<Socket>(&ctx)?.transmitted_before(&Host::of(&ctx)) as f64)
}

impl Socket {
    fn transmitted_before(&self, host: &Host) -> u64 {
        let task = host.task_number.get();
        let (asked_in, mut transmitted) = self.transmitted.get();
        if asked_in != task {
            transmitted = self.shared.transmitted.load(Ordering::Acquire);
            self.transmitted.set((task, transmitted));
        }
        transmitted
    }
}

/// Sends text, bytes or a blob, if the socket is open: how many bytes that is. Where there is no room for them the socket is
/// [flagged as full](https://websockets.spec.whatwg.org/#flagged-as-full), and closed.
fn web_socket_send<'js>(ctx: Ctx<'js>, socket: Handle, data: Value<'js>, is_open: bool) -> Result<f64> {
    let socket = socket.get::<Socket>(&ctx)?;
    // NB: what is sent now counts as not transmitted to the end of this task.
    socket.transmitted_before(&Host::of(&ctx));
    let (length, message) = message_of(&ctx, data, is_open)?;
    if is_open {
        let order = match message {
            Some((message, charge)) => {
                socket.shared.given.fetch_add(length as u64, Ordering::AcqRel);
                Order::Send(message, charge)
            }
            None => Order::Fail,
        };
        // A task that ended has nothing to send on.
        let _ = socket.orders.send(order);
    }
    Ok(length as f64)
}

/// The length of what is to be sent, and the message if one is wanted and there is room for it.
fn message_of<'js>(
    ctx: &Ctx<'js>,
    data: Value<'js>,
    is_wanted: bool,
) -> Result<(usize, Option<(WebSocketMessage, Charge)>)> {
    let charged = |message: WebSocketMessage, bytes: usize| -> Result<Option<_>> {
        Ok(if_there_is_room(ctx, Charge::new(ctx, bytes))?.map(|charge| (message, charge)))
    };
    if data.is_string() {
        // NB: a text so long that there is no room to look at it is counted as nothing.
        let Some(Text(text)) = if_there_is_room(ctx, Text::from_js(ctx, data))? else { return Ok((0, None)) };
        let length = text.len();
        let message = if is_wanted { charged(text.into(), length + MESSAGE_WEIGHT)? } else { None };
        return Ok((length, message));
    }
    let (length, bytes) = if let Ok(handle) = Class::<Handle>::from_value(&data) {
        let blob = handle.borrow().get::<Blob>(ctx)?;
        let bytes = if is_wanted { if_there_is_room(ctx, bytes_of_blob(ctx, &blob))? } else { None };
        (blob.size() as usize, bytes)
    } else {
        let length = with_bytes(ctx, &data, <[u8]>::len);
        let bytes = if is_wanted { if_there_is_room(ctx, Data::from_js(ctx, data))? } else { None };
        (length, bytes.map(|Data(bytes)| bytes))
    };
    match bytes {
        Some(bytes) => Ok((length, charged(bytes.into(), MESSAGE_WEIGHT)?)),
        None => Ok((length, None)),
    }
}

/// Its bytes in one piece, which are shared where they are in one already.
fn bytes_of_blob(ctx: &Ctx<'_>, blob: &Blob) -> Result<Bytes> {
    match blob.segments() {
        [] => Ok(Bytes::new()),
        [one] => Ok(one.clone()),
        segments => hold(ctx, Bytes::from(segments.concat())),
    }
}

/// `None` where there is no room: to a socket that is no exception.
fn if_there_is_room<T>(ctx: &Ctx<'_>, held: Result<T>) -> Result<Option<T>> {
    match held {
        Ok(held) => Ok(Some(held)),
        Err(error) if error.is_exception() => {
            drop(ctx.catch());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// [Starts the closing handshake](https://www.rfc-editor.org/rfc/rfc6455#section-7.1.2), behind what was sent.
fn web_socket_close(ctx: Ctx<'_>, socket: Handle, code: Option<u16>, reason: Text) -> Result<()> {
    let _ = socket.get::<Socket>(&ctx)?.orders.send(Order::Close(code, reason.0));
    Ok(())
}

/// [Fails the connection](https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7), which nobody knows to be established.
fn web_socket_fail(ctx: Ctx<'_>, socket: Handle) -> Result<()> {
    let _ = socket.get::<Socket>(&ctx)?.orders.send(Order::Fail);
    Ok(())
}

fn web_socket_may_close_with(code: u16) -> bool {
    may_close_with(code)
}

fn web_socket_is_long(reason: Text) -> bool {
    reason.0.len() > MAX_REASON
}

/// What drives a connection, on the io thread.
struct Task {
    shared: Arc<Shared>,
    orders: mpsc::UnboundedReceiver<Order>,
    going: watch::Receiver<bool>,
    ledger: Arc<Ledger>,
    /// Of what is not on its way yet: up to which byte of all, and its charge.
    charges: VecDeque<(u64, Charge)>,
}

impl Task {
    async fn run(mut self, agent: UserAgent, request: CoreRequest, protocols: Vec<String>) {
        let closure = match self.established(&agent, request, &protocols).await {
            Some(established) => self.speak(established).await,
            // <https://websockets.spec.whatwg.org/#feedback-from-the-protocol>: whatever went wrong, script learns no more than that.
            None => Some(failed()),
        };
        if let Some(closure) = closure {
            self.shared.tell(Event::Closed(closure));
        }
    }

    /// `None` where it was not established, or is not wanted any more.
    async fn established(
        &mut self,
        agent: &UserAgent,
        request: CoreRequest,
        protocols: &[String],
    ) -> Option<Established> {
        let controller = FetchController::new();
        let establishing = agent.web_socket_core(Box::new(request), protocols, controller);
        // NB: the first order that can come is to fail, and without anybody to give orders it is all the same.
        let established = tokio::select! {
            _ = self.orders.recv() => return None,
            _ = self.going.wait_for(|going| *going) => return None,
            established = establishing => established,
        };
        established.ok()?.ok()
    }

    /// Drives the connection to its end; `None` where nobody is there to be told.
    async fn speak(&mut self, established: Established) -> Option<WebSocketClosure> {
        let Established { terms, mut connection, client } = established;
        let mut client = Some(client);
        let protocol = terms.protocol.unwrap_or_default();
        self.shared.tell(Event::Open { protocol, extensions: terms.extensions });
        let mut given = 0;
        loop {
            let step = {
                let ends = self.going.wait_for(|going| *going);
                let mut ends = std::pin::pin!(ends);
                let (orders, shared) = (&mut self.orders, &self.shared);
                poll_fn(|context| {
                    if ends.as_mut().poll(context).is_ready() {
                        return Poll::Ready(Step::Ends);
                    }
                    poll_step(orders, shared, &mut client, &mut *connection, context)
                })
                .await
            };
            match step {
                Step::Ordered(Order::Send(message, charge)) => {
                    given += message.len() as u64;
                    self.charges.push_back((given, charge));
                    connection.send(message);
                }
                Step::Ordered(Order::Close(code, reason)) => {
                    connection.start_the_closing_handshake(code, &reason);
                }
                Step::Ordered(Order::Fail) => return Some(failed()),
                Step::ClientIsGone => {
                    client = None;
                    connection.start_the_closing_handshake(Some(GOING_AWAY), "");
                }
                Step::Happened(event) => {
                    if let Some(closure) = self.happened(event, given - connection.buffered_amount()) {
                        return Some(closure);
                    }
                }
                Step::Ends => {
                    connection.start_the_closing_handshake(Some(GOING_AWAY), "");
                    return last_words(&mut *connection).await;
                }
                // NB: the runtime ends, which is what the next step says.
                Step::NobodyIsThere if *self.going.borrow() => {}
                Step::NobodyIsThere => {
                    connection.start_the_closing_handshake(None, "");
                    return self.to_the_end(&mut *connection).await;
                }
            }
        }
    }

    /// Tells script what it is to know; gives the closure, if that is what happened.
    fn happened(&mut self, event: WebSocketEvent, transmitted: u64) -> Option<WebSocketClosure> {
        match event {
            WebSocketEvent::Message(message) => {
                let event = match message {
                    WebSocketMessage::Text(text) => {
                        let mut charge = Charge::empty(self.ledger.clone());
                        charge.grow(text.len()).then_some(Event::Text(text, charge))
                    }
                    WebSocketMessage::Binary(bytes) => self.ledger.try_enter(bytes).map(Event::Binary),
                };
                match event {
                    Some(event) => self.shared.tell(event),
                    // There is no memory for it: it cannot be processed.
                    None => return Some(failed()),
                }
            }
            WebSocketEvent::Sent => {
                self.charges.retain(|(up_to, _)| *up_to > transmitted);
                self.shared.transmitted.store(transmitted, Ordering::SeqCst);
                if self.shared.is_all_sent() && self.shared.tells_when_sent.swap(false, Ordering::SeqCst) {
                    self.shared.tell(Event::Sent);
                }
            }
            WebSocketEvent::Closing => self.shared.tell(Event::Closing),
            WebSocketEvent::Closed(closure) => return Some(closure),
        }
        None
    }

    /// Says goodbye for an object that was garbage collected, and waits for the answer as long as the runtime is there.
    async fn to_the_end(&mut self, connection: &mut dyn WebSocketConnection) -> Option<WebSocketClosure> {
        let closing = async {
            while !matches!(
                poll_fn(|context| connection.poll_event(false, context)).await,
                WebSocketEvent::Closed(_)
            ) {}
        };
        tokio::select! {
            () = closing => return None,
            _ = self.going.wait_for(|going| *going) => {}
        }
        last_words(connection).await
    }
}

/// What is next to be dealt with.
enum Step {
    Ordered(Order),
    /// The object is gone.
    NobodyIsThere,
    ClientIsGone,
    /// The runtime ends.
    Ends,
    Happened(WebSocketEvent),
}

fn poll_step(
    orders: &mut mpsc::UnboundedReceiver<Order>,
    shared: &Shared,
    client: &mut Option<ClientsLife>,
    connection: &mut dyn WebSocketConnection,
    context: &mut Context<'_>,
) -> Poll<Step> {
    match orders.poll_recv(context) {
        Poll::Ready(Some(order)) => return Poll::Ready(Step::Ordered(order)),
        Poll::Ready(None) => return Poll::Ready(Step::NobodyIsThere),
        Poll::Pending => {}
    }
    if client.as_mut().is_some_and(|client| client.poll_gone(context).is_ready()) {
        return Poll::Ready(Step::ClientIsGone);
    }
    let wants_messages = shared.has_room(context);
    connection.poll_event(wants_messages, context).map(Step::Happened)
}

/// What is queued goes out, as far as the socket takes it at once or soon: nobody is there any more to hear an answer.
async fn last_words(connection: &mut dyn WebSocketConnection) -> Option<WebSocketClosure> {
    poll_fn(|context| {
        loop {
            match connection.poll_event(false, context) {
                _ if connection.is_flushed() => return Poll::Ready(()),
                Poll::Ready(WebSocketEvent::Closed(_)) => return Poll::Ready(()),
                Poll::Ready(_) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await;
    None
}

/// The end of a connection that had to be failed.
fn failed() -> WebSocketClosure {
    WebSocketClosure {
        code: ABNORMAL_CLOSURE,
        reason: String::new(),
        was_clean: false,
        failed: true,
        fault: None,
    }
}
